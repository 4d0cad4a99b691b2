// SPDX-License-Identifier: Apache-2.0
#include "server/ops/walk.h"

#define ROWS_PER_RESET 500

enum status walk_table(struct txn *txn, enum table table, struct arena *row_arena,
                       walk_visit *visit, void *context, struct walk_row *row)
{
    // The scan lies in the arena of the transaction, the rows in one that is emptied meanwhile.
    struct arena *outer = txn_arena(txn);
    assert(outer != row_arena);
    *row = (struct walk_row){.table = table, .arena = row_arena};
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    enum status status = scan_open(txn, table, (struct row_key){.size = 0}, 0, false, &scan);
    txn_call_begin(txn, row_arena, NULL);
    for (uint64_t count = 1; status == STATUS_OK; count++) {
        status = scan_next_bytes(scan, &row->key, &row->packed, &row->version);
        if (status == STATUS_OK) {
            status = visit(context, row);
        }
        if (count % ROWS_PER_RESET == 0) {
            arena_reset(row_arena);
        }
    }
    txn_call_begin(txn, outer, NULL);
    arena_reset(row_arena);
    return status == STATUS_END ? STATUS_OK : status;
}
