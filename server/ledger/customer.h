// SPDX-License-Identifier: Apache-2.0
#pragma once

// Customers as their commands and the import make them. Personal fields are boxes here: admission
// sealed them, the ledger moves them about and never opens one.

#include "server/ledger/books.h"

// The personal fields: their numbers in CustomerAdd and CustomerEdit, which agree.
struct personal_field {
    uint32_t number;
    const char *name;
    bool may_clear;
};

const struct personal_field *personal_field_at(size_t index);    // NULL behind the last
const struct personal_field *personal_field_of(uint32_t number); // NULL: not personal

// "C-0001". NULL when the arena is exhausted.
char *customer_number(struct books *books, const CustomerRecord *customer);

// The owner, when one is named, must be somebody who can act.
MUST_CHECK enum status customer_check_owner(struct books *books, uint64_t owner_id);
// Each unique value is free, or `own_id`'s own. All that are taken are reported.
MUST_CHECK enum status customer_check_unique(struct books *books, UniqueHash *const *unique,
                                             size_t count, uint64_t own_id);
// Cash only has no limit above it, unlimited none at all.
MUST_CHECK enum status customer_check_credit(struct books *books, CreditMode mode,
                                             int64_t limit_minor);
// What `after` may owe, itself or by its class, when that is more than `before`; else 0.
MUST_CHECK enum status customer_credit_raise(struct books *books, const CustomerRecord *before,
                                             const CustomerRecord *after, int64_t *out);
// Asks for a second person when `after` grants more credit than `before`, else says that there is
// no need.
MUST_CHECK enum status customer_control_credit(struct books *books, const CustomerRecord *before,
                                               const CustomerRecord *after);
// What a policy lets anybody owe before it stops a document: INT64_MAX where it stops none.
int64_t customer_credit_of_policy(const PolicyRecord *policy);
// The credit of a customer as an amount, INT64_MAX without limit; what was not granted is nothing.
int64_t customer_credit_granted(const CustomerRecord *customer);
// A limit alone means the mode "limit".
CreditMode customer_credit_mode(CreditMode asked, int64_t limit_minor);

// The record of a new customer and its id, with everything that can speak against it checked; then
// number, row and hashes.
MUST_CHECK enum status customer_make(struct books *books, const CustomerAdd *request,
                                     CustomerRecord **out);
MUST_CHECK enum status customer_enter(struct books *books, CustomerRecord *customer);

// The whole of a change of one mark of the customer: noted with its reason, kept, and replied.
struct customer_mark {
    const char *field;
    const char *before;
    const char *after;
    const char *reason;
};

MUST_CHECK enum status customer_mark(struct books *books, CustomerRecord *customer,
                                     const struct customer_mark *mark, CustomerStateReply *reply);
// Nothing is open, neither what is owed nor money on account: else E-OPEN-ITEMS.
MUST_CHECK enum status customer_check_settled(struct books *books, uint64_t customer_id);
const char *customer_state_word(CustomerState state);
// Puts the row, links the changes that the call noted about it to the journal record that changed
// it before, and makes this call the newest link: the history of a customer is read along this
// chain.
MUST_CHECK enum status customer_keep(struct books *books, CustomerRecord *customer);
