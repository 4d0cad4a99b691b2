// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a bank line and something in the books belong together: the tiers of domain.md d.13, found
// out from rows alone. What a view proposes is looked at again here before it is believed; only
// tiers 1 and 2 are certain enough to be booked without a person, and only while they are the only
// way.

#include "server/ledger/bank.h"
#include "server/ledger/settlement.h"

#define EVIDENCE_MAX 8

struct match {
    uint32_t tier; // 1 to 5; 0: nothing speaks for it
    MatchEvidence evidence[EVIDENCE_MAX];
    size_t evidence_count;
};

void match_say(struct match *match, MatchEvidence evidence);
bool match_says(const struct match *match, MatchEvidence evidence);

// Who pays like this, as far as the book knows; a payer of several customers is none of theirs.
struct match_payer {
    uint64_t customer_id; // 0: not known
    MatchEvidence evidence;
    const PayerRecord *rule; // what somebody said of such lines; NULL: nothing
};

MUST_CHECK enum status match_payer(struct txn *txn, const BankLineRecord *line,
                                   struct match_payer *out);

// The one document that the text names: its number, or a reference that the book knows. `id` is 0
// when there is none or more than one; `is_number` when the line has numbers, which the caller
// resolves (the ledger knows documents by their ids).
struct match_named {
    uint64_t id;       // by reference
    size_t references; // how many different invoices the words lead to
    size_t numbers;    // of documents in the text
};

MUST_CHECK enum status match_named(struct txn *txn, const BankLineRecord *line,
                                   struct match_named *out);

// What speaks for the settlement of a receipt of this line, of which the bank kept the fee;
// `settlement` is planned.
MUST_CHECK enum status match_judge(struct books *books, const BankLineRecord *line,
                                   int64_t fee_minor, const struct settlement *settlement,
                                   struct match *out);

// The items of the customer that a payer known by his account pays for certain with money that came
// on `day`: the one of that amount, or the oldest due ones that add up to it, when there is exactly
// one way. None: count 0.
MUST_CHECK enum status match_items(struct books *books, uint64_t customer_id, int64_t amount_minor,
                                   int32_t day, struct item_list *out);

// Remembers that this customer pays like this.
MUST_CHECK enum status match_learn(struct books *books, const BankLineRecord *line,
                                   uint64_t customer_id);
