// SPDX-License-Identifier: Apache-2.0
#pragma once

// The books as text for another program (issue of the complete ledger). Each program has a dialect;
// all of them say the same: the commodity, the accounts with their types, and every entry with its
// number, its document and the customer of each line. A red entry keeps its negative amounts.

#include "server/ledger/call.h"
#include "server/store/rows.h"

struct dialect;

// NULL: no program that we know.
const struct dialect *export_dialect(ExportFormat format);

// Text that grows in the arena of a call.
struct export_text {
    struct txn *txn;
    struct arena *arena;
    const struct dialect *dialect;
    const BookRecord *book;
    AccountRecord **account;
    size_t account_count;
    char *text; // NULL: nothing yet
    size_t size;
    size_t room;
};

MUST_CHECK enum status export_text_begin(struct txn *txn, struct arena *arena,
                                         const BookRecord *book, const struct dialect *dialect,
                                         struct export_text *out);
// What stands before the first entry.
MUST_CHECK enum status export_text_header(struct export_text *text);
MUST_CHECK enum status export_text_entry(struct export_text *text, const EntryRecord *entry);
