// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a customer's credit bears, and what speaks against a document (domain.md d.3). One function
// computes it for everybody: the posting of a sale, orders, the card, the report and the replay of
// a limit over old documents. A command asks exposure_check among its refusals and calls
// exposure_keep among its writes, which consumes the override that let it through: both in one
// transaction, so that two documents never take the same credit.
//
// Traps: a hold stops whatever the policy says. What only comes to light later (a payment that is
// reversed, a guarantee that lapses) is never refused: it raises an alert (alert.h).
// exposure_of refuses nothing, so that it may also be asked behind writes.

#include "server/ledger/posting.h"

#define POLICY_BOOK_KEY 1 // of the policy that holds where a class has none of its own

// The summands; what the policy does not count is 0. `owed` is negative with money on account.
struct exposure_parts {
    int64_t owed_minor;      // debit residuals less credits that are not applied
    int64_t withheld_minor;  // of those credits, what the policy does not let count
    int64_t uncleared_minor; // receipts
    int64_t ordered_minor;   // confirmed and not invoiced
    int64_t reserved_minor;  // by documents that wait for approval
    int64_t document_minor;  // at hand
    int64_t guaranteed_minor;
};

// false when it does not fit.
MUST_CHECK bool exposure_sum(const struct exposure_parts *parts, int64_t *out);

struct exposure_stop {
    CreditReason reason;
    enum status status;
    const char *asked;
    const char *allowed;
};

#define EXPOSURE_STOPS_MAX 8

struct exposure {
    const CustomerRecord *customer;
    PolicyRecord *policy;
    CreditRecord *credit; // of the customer; a fresh one when there is none
    struct exposure_parts parts;
    int64_t total_minor;
    bool is_limited;
    int64_t limit_minor;
    CreditMode mode;
    const char *limit_from; // "customer", "class", "book"; "" when nobody said
    int64_t overdue_minor;  // for more days than the policy bears, what is disputed left out
    uint32_t worst_days;
    uint32_t dunning_level;
    struct exposure_stop stop[EXPOSURE_STOPS_MAX];
    size_t stop_count;
    OverrideRecord *override; // that lets the document through
    bool counts;              // something was looked at: a policy or a hold
};

// Everything, for a document of `document_minor` (0: as it stands), whatever the policy's mode.
MUST_CHECK enum status exposure_of(struct books *books, const CustomerRecord *customer,
                                   int64_t document_minor, struct exposure *out);
// For a document that raises what is owed: refuses with all reasons when the policy blocks, or the
// customer is held, and no override covers the document.
MUST_CHECK enum status exposure_check(struct books *books, const CustomerRecord *customer,
                                      int64_t document_minor, struct exposure *out);
// The same for an order that is confirmed, opened again or raised by `raised_minor`: whether orders
// count is said by the policy, and a hold stops them all the same.
MUST_CHECK enum status exposure_check_order(struct books *books, const CustomerRecord *customer,
                                            int64_t raised_minor, struct exposure *out);
// For terms that give more time for `lengthened_minor` of what is owed already: it is counted once,
// and an override has to cover it.
MUST_CHECK enum status exposure_check_longer(struct books *books, const CustomerRecord *customer,
                                             int64_t lengthened_minor, struct exposure *out);
bool exposure_is_looked_at(const struct exposure *exposure); // the policy warns or blocks
// The document waits under this number for a second person, and holds its part of the limit until
// that is decided or has lapsed.
MUST_CHECK enum status exposure_reserve(struct books *books, struct exposure *exposure,
                                        uint64_t approval_id);
// It was declined or withdrawn.
MUST_CHECK enum status exposure_release(struct txn *txn, struct call *call, uint64_t customer_id,
                                        uint64_t approval_id);
// The document was issued: its override is used, its reservation given back.
MUST_CHECK enum status exposure_keep(struct books *books, struct exposure *exposure,
                                     uint64_t document_id);
// What the policy would have stopped, for the reply of a document that goes through.
MUST_CHECK enum status exposure_stops(struct books *books, const struct exposure *exposure,
                                      CreditStop ***list, size_t *count);

// ---- rows ----

// The policy of the customer's class, else of the book, else one that looks at nothing. `from` (may
// be NULL) gets "class", "book" or "".
MUST_CHECK enum status exposure_policy(struct txn *txn, struct arena *arena, const char *class,
                                       PolicyRecord **out, const char **from);
// A fresh record when the customer has none.
MUST_CHECK enum status exposure_credit(struct txn *txn, struct arena *arena, uint64_t customer_id,
                                       CreditRecord **out);

// It waits for a second person still.
bool reservation_is_held(const struct call *call, const ReservationRecord *reservation);
bool guarantee_is_valid(const GuaranteeRecord *guarantee, int32_t day);
bool guarantee_has_lapsed(const GuaranteeRecord *guarantee, int32_t day);
bool override_is_open(const OverrideRecord *override, int32_t day);
