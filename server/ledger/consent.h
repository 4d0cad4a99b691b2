// SPDX-License-Identifier: Apache-2.0
#pragma once

// What customers agreed to, purpose by purpose (requirements R117): dated words that are never
// changed, the latest of which counts. Asked before somebody is written to for a purpose that needs
// it; the words themselves are personal only in where they stand, which is a box.

#include "server/ledger/reading.h"

struct consents {
    ConsentRow **row; // the latest day first, of one day the latest word
    size_t count;
};

MUST_CHECK enum status consents_read(struct txn *txn, struct call *call,
                                     const CustomerRecord *customer, struct consents *out);
// Keeps the word that counts of each purpose.
void consents_keep_latest(struct consents *consents);
