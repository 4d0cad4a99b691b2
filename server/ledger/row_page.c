// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/row_page.h"

#include "shared/wire.h"

#define LOOKED_AT_MAX 10000 // rows of a long list in one call

// Where a page is: the id that the cursor named, and the first id that did not fit any more.
struct walk {
    uint64_t from; // 0: the first one
    uint64_t next; // 0: all fitted
    uint64_t taken;
    uint32_t limit;
};

static bool is_before(const struct row_page *page, const struct walk *walk, uint64_t id)
{
    return walk->from != 0 && (page->backwards ? id > walk->from : id < walk->from);
}

static enum status take(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                        uint64_t id, struct walk *walk, struct row_page *page)
{
    walk->taken++;
    if (is_before(page, walk, id) || walk->next != 0) {
        return STATUS_OK;
    }
    if (page->count == walk->limit) {
        walk->next = id;
        return STATUS_OK;
    }
    ProtobufCMessage *row = wire_make(call->arena, page->descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    page->row[page->count++] = row;
    return page->fill(txn, call, record, row);
}

enum status row_page_read(struct txn *txn, struct call *call, const char *cursor, uint32_t limit,
                          struct row_page *page)
{
    assert(page->descriptor != NULL && page->fill != NULL);
    struct walk walk = {.limit = cursor_limit(limit)};
    if (!cursor_parse(cursor, &walk.from)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    page->row = arena_alloc(call->arena, walk.limit * sizeof(ProtobufCMessage *));
    if (page->row == NULL) {
        return STATUS_TOO_LARGE;
    }

    const struct row_key from =
        page->is_long && walk.from != 0 ? key_u64(walk.from) : (struct row_key){0};
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, page->table, from, 0, page->backwards, &rows);
    size_t looked_at = 0;
    while (status == STATUS_OK && !(page->is_long && walk.next != 0)) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK && page->is_long && looked_at++ == LOOKED_AT_MAX) {
            walk.next = row_key_first(&key);
        } else if (status == STATUS_OK &&
                   (page->is_asked == NULL || page->is_asked(page->asked, record))) {
            status = take(txn, call, record, row_key_first(&key), &walk, page);
        }
    }
    if (status != STATUS_END && status != STATUS_OK) {
        return status;
    }

    page->page = cursor_page(call->arena, walk.taken, walk.next);
    return page->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
