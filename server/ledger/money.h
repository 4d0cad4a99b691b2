// SPDX-License-Identifier: Apache-2.0
#pragma once

// Money that a customer paid earlier: the payment with its credit items.

#include "server/ledger/receipt.h"
#include "server/ledger/shares.h"

struct closing_undo;

// A payment and its credit items; either may be absent.
struct money {
    PaymentRecord *payment;
    struct item_list credits;
};

// Missing, out of scope or reversed: refused.
MUST_CHECK enum status money_load(struct books *books, uint64_t id, struct money *out);

// The reversal of a payment with all that it settled and closed: planned while the call can still
// be refused, then done. `asked` is its day, 0: the payment's own.
struct reversal {
    struct money money;
    struct allocation_list list;   // that stand and are taken back
    struct closing_undo *closings; // small differences that go with it
    EntryRecord *entry;
    struct balance *balance;
    int32_t day;
    struct shares shares; // what was taken back, once it is done
};

MUST_CHECK enum status money_plan_reversal(struct books *books, uint64_t payment_id, int32_t asked,
                                           struct reversal *out);
MUST_CHECK enum status money_reverse(struct books *books, struct reversal *reversal,
                                     const char *reason);
