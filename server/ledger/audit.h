// SPDX-License-Identifier: Apache-2.0
#pragma once

// A record of the journal as somebody may read it: what audit list, show, tail and leaves share.
// Everything lies in the call's arena, or is a constant.

#include "server/ledger/call.h"
#include "shared/digest.h"

#define AUDIT_SCANNED_MAX 20000                // records that one answer looks at
#define AUDIT_ARENA_SHARE (CALL_ARENA_MAX / 2) // of the call, for the records of one answer

// Words and actor:, action:, noun:, object:, device:, status: terms, folded. An actor is either
// person of a record.
struct audit_query {
    const char *actor;
    const char *action;
    const char *noun;
    const char *object;
    const char *device;
    const char *status;
    const char *word[QUERY_TERMS_MAX];
    size_t word_count;
};

// False when there are too many words.
MUST_CHECK bool audit_query_parse(struct arena *arena, const char *text, struct audit_query *out);
bool audit_query_takes_all(const struct audit_query *query);
bool audit_query_takes(struct arena *arena, const AuditRow *row, const struct audit_query *query);

// The object is left empty when the caller may not see it.
MUST_CHECK enum status audit_row_fill(struct txn *txn, struct call *call,
                                      const JournalRecord *record, AuditRow *row);
MUST_CHECK enum status audit_leaf(struct arena *arena, const JournalRecord *record,
                                  uint8_t out[static LEAF_BYTES]);
// What an export is of, for its record in the journal: how many records stand before this one, and
// the root of their tree.
MUST_CHECK enum status audit_note_extent(struct txn *txn, struct call *call, uint64_t export_id,
                                         uint8_t root[static LEAF_BYTES]);
// "invoice_issue" as people say it: "invoice issue"; NULL when the arena is exhausted.
char *audit_action(struct arena *arena, const char *name);
