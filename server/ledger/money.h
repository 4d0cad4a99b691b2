// SPDX-License-Identifier: Apache-2.0
#pragma once

// Money that a customer paid earlier: the payment with its credit items, and the shares of it that
// settle something or are taken back.

#include "server/ledger/receipt.h"

// A payment and its credit items; either may be absent.
struct money {
    PaymentRecord *payment;
    struct item *credit[2];
    size_t count;
};

// Missing, out of scope or reversed: refused.
MUST_CHECK enum status money_load(struct books *books, uint64_t id, struct money *out);
int64_t money_unspent(const struct money *money);
// What allocating and taking back post to, while the call can still be refused.
MUST_CHECK enum status money_controls(struct books *books, uint64_t customer_id,
                                      struct balance **balance);

// A settlement line and the credit item that pays it.
struct share {
    struct settlement_line line;
    struct item *credit;
};

struct shares {
    struct share *share;
    size_t count;
};

// The shares as rows of a reply.
MUST_CHECK enum status money_reply(struct books *books, const struct shares *shares,
                                   bool taken_back, AllocationLine ***line, size_t *count);
