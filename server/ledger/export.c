// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/audit.h"
#include "server/ledger/books.h"
#include "server/ledger/cursor.h"
#include "server/ledger/export_text.h"
#include "server/ledger/quota.h"

// Whole entries of a page: as many as fit below the size of a reply, and no more rows than a short
// read may walk.
#define PAGE_BYTES_MAX (256 * 1024)
#define PAGE_ROWS_MAX  4000

// Are there more entries than may leave without a fresh proof of who takes them?
static enum status book_is_large(struct txn *txn, bool *is_large)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_entry, (struct row_key){0}, 0, false, &rows);
    size_t count = 0;
    while (status == STATUS_OK && count <= EXPORT_ROWS_FREE) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        count += status == STATUS_OK;
    }
    *is_large = count > EXPORT_ROWS_FREE;
    return status == STATUS_END ? STATUS_OK : status;
}

enum status export_journal(struct txn *txn, struct call *call, const ExportJournal *request,
                           ExportJournalReply *reply)
{
    bool backwards = request->to_day != 0 && request->to_day < request->from_day;
    if (export_dialect(request->format) == NULL) {
        return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, "format", "hledger, beancount, ledger");
    }
    if (backwards) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "to", "it lies before the first day");
    }

    bool is_large = false;
    enum status status = book_is_large(txn, &is_large);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_large && !call->is_fresh && txn_mode(txn) != TXN_PREVIEW) {
        return refuse(txn, call, STATUS_STEP_UP, NULL, NULL);
    }
    status = quota_check(txn, call, QUOTA_KIND_EXPORTS);
    if (status != STATUS_OK) {
        return status;
    }

    ExportRecord record;
    export_record__init(&record);
    record.id = call_new_id(call);
    record.user_id = call->user_id;
    record.format = request->format;
    record.from_day = request->from_day;
    record.to_day = request->to_day;
    record.number = call->number;
    status = export_put(txn, key_u64(record.id), &record);
    if (status == STATUS_OK) {
        status = quota_take(txn, call, QUOTA_KIND_EXPORTS);
    }
    uint8_t root[LEAF_BYTES];
    if (status == STATUS_OK) {
        status = audit_note_extent(txn, call, record.id, root);
    }

    reply->export_id = record.id;
    call_about(call, record.id, NULL);
    return status;
}

static bool is_wanted(const ExportRecord *export, const EntryRecord *entry)
{
    return entry->date_day >= export->from_day &&
           (export->to_day == 0 || entry->date_day <= export->to_day);
}

// Entries from `from` on until the page is full; *next is the first one that is not on it, 0 at the
// end.
static enum status append_entries(struct export_text *text, const ExportRecord *export,
                                  uint64_t from, uint64_t *count, uint64_t *next)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(text->txn, TABLE_entry, key_u64(from), 0, false, &rows);
    *next = 0;
    for (size_t walked = 0; status == STATUS_OK; walked++) {
        struct row_key key;
        ProtobufCMessage *row;
        status = rows_next(rows, &key, &row);
        if (status != STATUS_OK) {
            break;
        }
        const EntryRecord *entry = (const EntryRecord *)(void *)row;
        if (entry->id >> 8 >= export->number) {
            return STATUS_OK;
        }
        if (text->size >= PAGE_BYTES_MAX || walked == PAGE_ROWS_MAX) {
            *next = entry->id;
            return STATUS_OK;
        }
        if (is_wanted(export, entry)) {
            status = export_text_entry(text, entry);
            (*count)++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status export_page(struct txn *txn, struct call *call, const ExportPage *request,
                        ExportPageReply *reply)
{
    ExportRecord *export = NULL;
    uint64_t from = 0;
    BookRecord *book = NULL;
    enum status status = export_get(txn, key_u64(request->export_id), &export);

    if (status == STATUS_NOT_FOUND ||
        (status == STATUS_OK && (export->user_id != call->user_id || export->is_audit))) {
        return refuse(txn, call, STATUS_NOT_FOUND, "export", "no export of yours");
    }
    if (status == STATUS_OK && !cursor_parse(request->cursor, &from)) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "cursor", "not a cursor");
    }
    if (status == STATUS_OK) {
        status = book_get(txn, key_u64(BOOK_KEY), &book);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct export_text text;
    uint64_t count = 0;
    uint64_t next = 0;
    status = export_text_begin(txn, call->arena, book, export_dialect(export->format), &text);
    if (status == STATUS_OK && from == 0) {
        status = export_text_header(&text);
    }
    if (status == STATUS_OK) {
        status = append_entries(&text, export, from, &count, &next);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->text = text.text != NULL ? text.text : reply->text;
    reply->page = cursor_page(call->arena, count, next);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
