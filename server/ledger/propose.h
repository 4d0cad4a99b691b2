// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a bank line could be: everything that its text, its payer and its amount lead to, each
// looked at by the rules of match.h, the best first. Only for readers: proposals come from the
// views.

#include "server/ledger/arrival.h"
#include "server/ledger/reconcile.h"
#include "server/views/views.h"

#define PROPOSALS_MAX 6

struct proposal {
    struct match match;
    uint64_t customer_id;
    uint64_t invoice_id[BANK_OLDEST_MAX]; // that it pays
    size_t invoice_count;
    uint64_t payment_id;  // that it shows
    uint64_t *receipt_id; // that arrive with it
    size_t receipt_count;
    const MethodRecord *method; // of a receipt of which something was kept, or of what arrives
    int64_t fee_minor;
    uint32_t account; // that a rule books it against
    int64_t amount_minor;
};

struct proposals {
    struct proposal row[PROPOSALS_MAX];
    size_t count;
    bool certain; // the first one, and there is no other of its tier
    bool hinted;  // only certain ones were asked for, and something else has that amount
};

// What all lines of one reader share.
struct proposing {
    struct books *books;
    const struct filter *customers; // whose filter counts for what is proposed
    struct amounts *amounts;
    bool only_certain; // an amount alone is never: what it leads to is not looked at
    struct ways ways;  // to the account
};

// For lines of the bank account with that code.
MUST_CHECK enum status propose_begin(struct books *books, uint32_t account, struct proposing *out);
// `payer` is the name of the other side as the reader sees it.
MUST_CHECK enum status propose(struct proposing *proposing, BankLineRecord *line, const char *payer,
                               struct proposals *out);
