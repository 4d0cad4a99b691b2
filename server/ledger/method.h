// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ways of paying (requirements R46, R47): where their money arrives first, what is kept of it, and
// when the rest is on the bank account. The five kinds are methods by themselves; others are added
// beside them. What is said of one holds from a day on, and a payment goes by its own day. A
// receipt whose money arrives later is uncleared, and on its way, until a bank line shows it.

#include "server/ledger/receipt.h"

// What holds of a method on a day.
struct method_terms {
    int32_t from_day; // 0: ever since
    uint32_t account; // 0: the chart's own
    uint32_t fee_bp;
    int64_t fixed_minor;
    int64_t cap_minor; // 0: none
    uint32_t settle_days;
    uint32_t bank;       // 0: not said
    uint32_t auto_after; // 0: never
    int64_t changed_us;
    uint64_t changed_by;
};

// An added one by its id, else the kind. NULL when nothing is said of it.
MUST_CHECK enum status method_find(struct txn *txn, PaymentMethod kind, uint64_t id,
                                   MethodRecord **out);
// The same for who names it: one that is missing or out of use is refused. NULL: a kind of which
// nothing is said.
MUST_CHECK enum status method_load(struct books *books, PaymentMethod kind, uint64_t id,
                                   MethodRecord **out);
// Its key: a kind, or the id of one that was added.
uint64_t method_key(const MethodRecord *method);
struct method_terms method_terms_on(const MethodRecord *method, int32_t day);

// What is kept of an amount; never more than it. False when it cannot be computed.
MUST_CHECK bool method_fee(const struct method_terms *terms, int64_t amount_minor, int64_t *out);
// The amounts of which just `net_minor` arrives, at most two. Their number.
size_t method_gross(const struct method_terms *terms, int64_t net_minor, int64_t out[static 2]);

// Fills kind, fee and day of arrival of a payment by its method; `account` is the code that it is
// asked for with, and comes back as the one to take ("": the chart's).
MUST_CHECK enum status method_take(struct books *books, PaymentRecord *payment, bool no_fee,
                                   const char **account);

// The receipt joins or leaves what has not cleared of its customer, and what is on its way.
MUST_CHECK enum status method_keep_uncleared(struct books *books, const PaymentRecord *payment,
                                             bool is_uncleared);
// The key of a day of arrival in table on_way.
struct row_key method_way_key(int32_t day, uint64_t payment_id);
