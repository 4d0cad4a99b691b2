// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/import_row.h"
#include "server/ledger/numbering.h"
#include "server/ledger/row_page.h"
#include "shared/money.h"
#include "shared/wire.h"

#define FINGERPRINT_BYTES 32
#define FNV_OFFSET        0xcbf29ce484222325u
#define FNV_PRIME         0x100000001b3u

static enum status load_import(struct books *books, uint64_t id, ImportRecord **out)
{
    enum status status = import_get(books->txn, key_u64(id), out);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, "import", NULL, NULL);
    }
    return status;
}

static char *import_number(struct books *books, const ImportRecord *import)
{
    return ident_print(books->arena, SERIES_IMPORT, 0, import->sequence);
}

WRAPS static uint64_t mix(uint64_t hash, uint8_t byte)
{
    return (hash ^ byte) * FNV_PRIME;
}

// Where the import of a file is remembered: the fingerprint is a hash already; kind and source are
// folded into it, since the same file may be read as something else or for another source.
static void place(ImportKind kind, ProtobufCBinaryData fingerprint, const char *source,
                  uint8_t out[static 16])
{
    uint64_t hash = mix(FNV_OFFSET, (uint8_t)kind);
    for (const char *at = source; *at != '\0'; at++) {
        hash = mix(hash, (uint8_t)*at);
    }
    memcpy(out, fingerprint.data, 16);
    for (size_t i = 0; i < 8; i++) {
        out[8 + i] ^= (uint8_t)(hash >> (8 * i));
    }
}

static const char *source_of(const char *named)
{
    return named[0] != '\0' ? named : "import";
}

enum status import_find(struct books *books, ImportKind kind, ProtobufCBinaryData fingerprint,
                        const char *source, uint64_t *id)
{
    uint8_t bytes[16];
    if (fingerprint.len != FINGERPRINT_BYTES) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "fingerprint", NULL, NULL);
    }
    place(kind, fingerprint, source_of(source), bytes);
    return books_unique(books, (ProtobufCBinaryData){.len = sizeof bytes, .data = bytes}, id);
}

static enum status check_begin(struct books *books, const ImportBegin *request)
{
    enum status status = STATUS_OK;
    if (request->kind == IMPORT_KIND__IMPORT_KIND_UNSET) {
        status = books_refuse(books, STATUS_FIELD_MISSING, "kind", NULL, NULL);
    }
    return status == STATUS_OK ? books_currency(books, request->currency) : status;
}

static enum status make_import(struct books *books, const ImportBegin *request, ImportRecord **out)
{
    const char *named = source_of(request->source);
    char *source = arena_copy(books->arena, named, strlen(named));
    ImportRecord *import = arena_alloc(books->arena, sizeof *import);
    if (import == NULL || source == NULL) {
        return STATUS_TOO_LARGE;
    }
    uint8_t bytes[16];
    place(request->kind, request->fingerprint, source, bytes);
    const ProtobufCBinaryData hash = {.len = sizeof bytes, .data = bytes};
    import_record__init(import);
    import->id = call_new_id(books->call);
    import->kind = request->kind;
    import->fingerprint = request->fingerprint;
    import->file_name = request->file_name;
    import->row_count = request->row_count;
    import->source = source;
    enum status status = numbering_next(books, SERIES_IMPORT, 0, &import->sequence);
    if (status == STATUS_OK) {
        status = import_put(books->txn, key_u64(import->id), import);
    }
    if (status == STATUS_OK) {
        status = books_keep_unique(books, hash, import->id);
    }
    *out = import;
    return status == STATUS_OK ? books_close(books) : status;
}

enum status import_begin(struct txn *txn, struct call *call, const ImportBegin *request,
                         ImportBeginReply *reply)
{
    struct books books;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = check_begin(&books, request);
    }
    uint64_t known = 0;
    if (status == STATUS_OK) {
        status = import_find(&books, request->kind, request->fingerprint, request->source, &known);
    }

    ImportRecord *import = NULL;
    if (status == STATUS_OK) {
        status = known != 0 ? load_import(&books, known, &import)
                            : make_import(&books, request, &import);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = import->id;
    reply->number = import_number(&books, import);
    reply->rows_done = import->rows_done;
    reply->finished = import->finished;
    call_about(call, import->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static const char *count_text(struct books *books, uint32_t count)
{
    return arena_print(books->arena, "%u", count);
}

static enum status check_group(struct books *books, const ImportRows *request,
                               const ImportRecord *import)
{
    if (import->finished) {
        return books_refuse(books, STATUS_IMPORT_FINISHED, "import", NULL, NULL);
    }
    if (request->first != import->rows_done) {
        return books_refuse(books, STATUS_IMPORT_OUT_OF_STEP, "first",
                            count_text(books, request->first),
                            count_text(books, import->rows_done));
    }
    if (request->n_row == 0 || request->n_row > IMPORT_ROWS_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "row",
                            count_text(books, (uint32_t)request->n_row),
                            count_text(books, IMPORT_ROWS_MAX));
    }
    if (import->rows_done + request->n_row > import->row_count) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "row",
                            count_text(books, import->rows_done + (uint32_t)request->n_row),
                            count_text(books, import->row_count));
    }
    return STATUS_OK;
}

static void count_row(ImportRowsReply *reply, ImportRecord *import, const struct row_result *row)
{
    reply->added += row->outcome == ROW_ADDED ? 1 : 0;
    reply->known += row->outcome == ROW_KNOWN ? 1 : 0;
    reply->refused += row->outcome == ROW_REFUSED ? 1 : 0;
    reply->customers_added += row->customer_added ? 1 : 0;
    int64_t total = 0;
    if (money_add(import->total_minor, row->total_minor, &total)) {
        import->total_minor = total;
    }
    import->rows_done++;
}

// Takes the rows one after the other, until the group ends or its ids do.
static enum status take_rows(struct books *books, const ImportRows *request, ImportRecord *import,
                             ImportRowsReply *reply)
{
    for (size_t i = 0; i < request->n_row; i++) {
        struct row_result row;
        enum status status = import_row_take(books, import->kind, request->row[i], &row);
        if (status != STATUS_OK) {
            return status;
        }
        if (row.outcome == ROW_LATER) {
            return STATUS_OK;
        }
        count_row(reply, import, &row);
    }
    return STATUS_OK;
}

enum status import_rows(struct txn *txn, struct call *call, const ImportRows *request,
                        ImportRowsReply *reply)
{
    struct books books;
    ImportRecord *import = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_import(&books, request->import_id, &import);
    }

    if (status == STATUS_OK) {
        status = check_group(&books, request, import);
    }
    Problem **list = arena_alloc(call->arena, PROBLEMS_MAX * IMPORT_ROWS_MAX * sizeof *list);
    if (status != STATUS_OK || list == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }

    struct row_problems problems = {.list = list, .limit = PROBLEMS_MAX * IMPORT_ROWS_MAX};
    books.rows = &problems;
    status = take_rows(&books, request, import, reply);
    if (status == STATUS_OK) {
        import->added += reply->added;
        import->known += reply->known;
        import->refused += reply->refused;
        import->customers_added += reply->customers_added;
        status = import_put(txn, key_u64(import->id), import);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    reply->rows_done = import->rows_done;
    reply->n_problem = problems.count;
    reply->problem = problems.list;
    call_about(call, import->id, import_number(&books, import));
    return status;
}

static enum status fill_card(struct arena *arena, const ImportRecord *import, ImportCard *card)
{
    char *number = ident_print(arena, SERIES_IMPORT, 0, import->sequence);
    card->id = import->id;
    card->number = number;
    card->kind = import->kind;
    card->file_name = import->file_name;
    card->row_count = import->row_count;
    card->rows_done = import->rows_done;
    card->added = import->added;
    card->known = import->known;
    card->refused = import->refused;
    card->finished = import->finished;
    card->total_minor = import->total_minor;
    card->customers_added = import->customers_added;
    return number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status import_finish(struct txn *txn, struct call *call, const ImportFinish *request,
                          ImportCard *reply)
{
    struct books books;
    ImportRecord *import = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_import(&books, request->import_id, &import);
    }

    if (status == STATUS_OK && import->finished) {
        status = books_refuse(&books, STATUS_IMPORT_FINISHED, "import", NULL, NULL);
    }
    if (status == STATUS_OK && import->rows_done < import->row_count) {
        status = books_refuse(&books, STATUS_IMPORT_OUT_OF_STEP, "import",
                              count_text(&books, import->row_count),
                              count_text(&books, import->rows_done));
    }
    if (status != STATUS_OK) {
        return status;
    }

    import->finished = true;
    status = import_put(txn, key_u64(import->id), import);

    if (status == STATUS_OK) {
        status = fill_card(call->arena, import, reply);
    }
    call_about(call, import->id, import_number(&books, import));
    return status;
}

static enum status list_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *row)
{
    (void)txn;
    return fill_card(call->arena, (const ImportRecord *)record, (ImportCard *)row);
}

enum status import_list(struct txn *txn, struct call *call, const ImportList *request,
                        ImportListReply *reply)
{
    struct row_page page = {
        .table = TABLE_import,
        .backwards = true,
        .descriptor = &import_card__descriptor,
        .fill = list_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (ImportCard **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
