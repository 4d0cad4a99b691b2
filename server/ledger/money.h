// SPDX-License-Identifier: Apache-2.0
#pragma once

// Money that a customer paid earlier: the payment with its credit items.

#include "server/ledger/receipt.h"
#include "server/ledger/shares.h"

// A payment and its credit items; either may be absent.
struct money {
    PaymentRecord *payment;
    struct item_list credits;
};

// Missing, out of scope or reversed: refused.
MUST_CHECK enum status money_load(struct books *books, uint64_t id, struct money *out);
