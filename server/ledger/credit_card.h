// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the commands about a customer's credit share: how they begin and how they answer.

#include "server/ledger/customer.h"
#include "server/ledger/exposure.h"

// The customer and what is known of his credit; refused NOT_FOUND and ARCHIVED.
MUST_CHECK enum status credit_begin(struct books *books, uint64_t customer_id,
                                    CustomerRecord **customer, CreditRecord **credit);
// `number` of the guarantee or override that it is about; 0: none.
MUST_CHECK enum status credit_reply(struct books *books, const CustomerRecord *customer,
                                    uint32_t number, CreditReply *reply);
