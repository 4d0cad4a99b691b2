// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ways of paying (requirements R46, R47): where their money arrives first, what is kept of it, and
// when the rest is on the bank account. A receipt whose money arrives later is uncleared until a
// bank line shows it.

#include "server/ledger/receipt.h"

// NULL when nothing is said of the method.
MUST_CHECK enum status method_find(struct txn *txn, PaymentMethod method, MethodRecord **out);

// What is kept of an amount; never more than it. False when it cannot be computed.
MUST_CHECK bool method_fee(const MethodRecord *method, int64_t amount_minor, int64_t *out);
// The amounts of which just `net_minor` arrives, at most two. Their number.
size_t method_gross(const MethodRecord *method, int64_t net_minor, int64_t out[static 2]);

// Fills fee and day of arrival of a payment that names neither; `account` is the code that it is
// asked for with, and comes back as the one to take ("": the chart's).
MUST_CHECK enum status method_take(struct books *books, PaymentRecord *payment, bool no_fee,
                                   const char **account);

// The receipt joins or leaves what has not cleared of its customer.
MUST_CHECK enum status method_keep_uncleared(struct books *books, const PaymentRecord *payment,
                                             bool is_uncleared);
