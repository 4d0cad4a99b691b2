// SPDX-License-Identifier: Apache-2.0
#pragma once

// Templates of documents (requirements R39): named defaults. What a request says goes before what
// its template says.

#include "server/ledger/books.h"

// A copy of the request with what its template fills in; the request itself when it names none.
MUST_CHECK enum status template_fill_payment(struct txn *txn, struct call *call,
                                             const PaymentAdd *request, const PaymentAdd **out);
