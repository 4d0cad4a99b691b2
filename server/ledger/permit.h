// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the caller's roles allow beyond the command and the rows in scope: which fields may change
// and how much one document may be (security.md e, steps 10 and 12). Asked by the commands among
// their refusals; the system itself is allowed everything.

#include "server/ledger/books.h"

// What a request changes of a customer. Refuses every changed field that the caller may not change.
MUST_CHECK enum status permit_add(struct books *books, const CustomerAdd *request,
                                  const CustomerRecord *customer);
MUST_CHECK enum status permit_edit(struct books *books, const CustomerEdit *request,
                                   const CustomerRecord *before);

// May the caller change fields of this class of this customer? Refuses with `field`.
MUST_CHECK enum status permit_class(struct books *books, const CustomerRecord *customer,
                                    enum field_class field_class, const char *field);

// May the running command be about this amount, in a document of this customer (0: of none)?
// Refuses E-LIMIT with what was asked and what is allowed.
MUST_CHECK enum status permit_amount(struct books *books, uint64_t customer_id,
                                     int64_t amount_minor, const char *field);
// A fee settles what the customer did not pay: above what such a payment costs it is a write-off,
// and takes payment.fee. Refuses E-FEE, or E-LIMIT where the permission has a limit.
MUST_CHECK enum status permit_fee(struct books *books, const PaymentRecord *payment);
// The same for what the command does by the way under another permission, which the caller must
// hold for this customer: PERMISSION_DENIED.
MUST_CHECK enum status permit_also(struct books *books, enum permission permission,
                                   uint64_t customer_id, int64_t amount_minor, const char *field);
// A row of an import about this amount: what the caller may not do by hand, because it is denied or
// too much, he may not import either. Without a grant by hand the one of the import alone counts.
MUST_CHECK enum status permit_import(struct books *books, enum permission by_hand,
                                     const CustomerRecord *customer, int64_t amount_minor,
                                     const char *field);
// permit_amount for a credit limit; `mode` UNLIMITED is more than any amount. `before` is NULL for
// a new customer, whose owner then is the caller or somebody he names.
MUST_CHECK enum status permit_credit(struct books *books, const CustomerRecord *after,
                                     const CustomerRecord *before);

// Is a field class shown in full to the caller, wherever the command reaches?
bool permit_shows(const struct call *call, enum field_class field_class);
