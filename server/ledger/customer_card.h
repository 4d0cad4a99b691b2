// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is held about a customer, as a card: in a read as far as the reader's roles show it, in a
// write, which leaves its trace, with the veils lifted. Money and consents are the asker's to add.

#include "server/ledger/call.h"
#include "server/store/rows.h"

MUST_CHECK enum status customer_card_fill(struct txn *txn, struct call *call,
                                          const CustomerRecord *customer, CustomerCard *card);
// One box of the customer, under the same rules.
MUST_CHECK enum status customer_card_box(struct txn *txn, const CustomerRecord *customer,
                                         const char *field, ProtobufCBinaryData box, char **text);
