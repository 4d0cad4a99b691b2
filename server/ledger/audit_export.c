// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/audit.h"
#include "server/ledger/cursor.h"
#include "server/ledger/quota.h"
#include "server/ledger/reading.h"
#include "server/store/rows.h"
#include "shared/checkpoint.h"
#include "shared/trail.h"

// A page is a piece of the file of at most so many bytes: a frame may go on in the next one.
#define PAGE_BYTES_MAX ((size_t)512 * 1024)
#define PAGE_ROWS_MAX  8000

// The same in every replay: what stands before this record, not what was committed so far.
enum status audit_note_extent(struct txn *txn, struct call *call, uint64_t export_id,
                              uint8_t root[static LEAF_BYTES])
{
    const struct tree *tree = &txn_head(txn)->tree;
    tree_root(tree, root);
    const char *text = reading_hex(call->arena, root, LEAF_BYTES);
    const char *records = arena_print(call->arena, "%llu", (unsigned long long)tree->size);
    if (text == NULL || records == NULL) {
        return STATUS_TOO_LARGE;
    }
    call_note_change(call, export_id, "records", NULL, records);
    call_note_change(call, export_id, "root", NULL, text);
    return STATUS_OK;
}

enum status audit_export(struct txn *txn, struct call *call, const AuditExport *request,
                         AuditExportReply *reply)
{
    (void)request;
    uint8_t *root = arena_alloc(call->arena, LEAF_BYTES);
    if (root == NULL) {
        return STATUS_TOO_LARGE;
    }

    if (call->filter != NULL && call->filter->scope != SCOPE_ALL) {
        return refuse(txn, call, STATUS_SCOPE_DENIED, NULL, NULL);
    }
    enum status status = quota_check(txn, call, QUOTA_KIND_EXPORTS);
    if (status != STATUS_OK) {
        return status;
    }

    ExportRecord record;
    export_record__init(&record);
    record.id = call_new_id(call);
    record.user_id = call->user_id;
    record.is_audit = true;
    record.number = call->number;
    status = export_put(txn, key_u64(record.id), &record);
    if (status == STATUS_OK) {
        status = quota_take(txn, call, QUOTA_KIND_EXPORTS);
    }
    if (status == STATUS_OK) {
        status = audit_note_extent(txn, call, record.id, root);
    }
    call->anchors = true;

    call_about(call, record.id, NULL);
    reply->export_id = record.id;
    reply->records = txn_head(txn)->tree.size;
    reply->root = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = root};
    return status;
}

// ---- where a page begins: what is written next ----

struct place {
    uint64_t record;
    uint64_t commit;
    uint64_t checkpoint;
    uint64_t epoch;
    uint64_t offset; // inside of the frame
};

static char *place_print(struct arena *arena, const struct place *place)
{
    return arena_print(arena, "%llx.%llx.%llx.%llx.%llx", (unsigned long long)place->record,
                       (unsigned long long)place->commit, (unsigned long long)place->checkpoint,
                       (unsigned long long)place->epoch, (unsigned long long)place->offset);
}

static bool place_parse(struct arena *arena, const char *text, struct place *out)
{
    *out = (struct place){.record = 1, .commit = 1, .checkpoint = 1};
    uint64_t *const parts[] = {&out->record, &out->commit, &out->checkpoint, &out->epoch,
                               &out->offset};
    if (text[0] == '\0') {
        return true;
    }
    char *rest = arena_copy(arena, text, strlen(text));
    for (size_t i = 0; rest != NULL && i < COUNT_OF(parts); i++) {
        char *dot = strchr(rest, '.');
        const bool is_last = i + 1 == COUNT_OF(parts);
        if ((dot == NULL) != is_last) {
            return false;
        }
        if (dot != NULL) {
            *dot = '\0';
        }
        if (!cursor_parse(rest, parts[i])) {
            return false;
        }
        rest = dot != NULL ? dot + 1 : rest;
    }
    return rest != NULL && out->record > 0 && out->commit > 0 && out->checkpoint > 0;
}

// ---- the frames ----

struct page {
    struct txn *txn;
    uint64_t last; // number of the export's own record
    struct place place;
    uint8_t *bytes;
    size_t size;
    size_t rows;
    bool is_full;
    struct bytes header; // of the commit at hand
    uint64_t header_size;
    bool has_header;
};

// Writes what fits of front, a prefix and the content; a rest waits for the next page.
static bool frame_put(struct page *page, enum trail_frame type, struct bytes prefix,
                      struct bytes content)
{
    uint8_t front[TRAIL_FRONT_BYTES];
    trail_put_front(front, type, prefix.size + content.size);
    const struct bytes parts[] = {bytes_of(front, sizeof front), prefix, content};
    uint64_t passed = page->place.offset;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (passed >= parts[i].size) {
            passed -= parts[i].size;
            continue;
        }
        const size_t left = parts[i].size - (size_t)passed;
        const size_t room = PAGE_BYTES_MAX - page->size;
        const size_t taken = left < room ? left : room;
        memcpy(page->bytes + page->size, parts[i].data + passed, taken);
        page->size += taken;
        page->place.offset += taken;
        passed = 0;
        if (taken < left) {
            page->is_full = true;
            return false;
        }
    }
    page->place.offset = 0;
    page->rows++;
    page->is_full = page->rows == PAGE_ROWS_MAX;
    return true;
}

// The statement of the epoch at hand, if it stands behind the commits that were written. END if
// not.
static enum status put_epoch(struct page *page)
{
    EpochRecord *record = NULL;
    const enum status status = epoch_get(page->txn, key_u64(page->place.epoch), &record);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_END : status;
    }
    const struct bytes note = bytes_of(record->note.data, record->note.len);
    struct bytes text;
    struct epoch epoch;
    if (!note_text(note, &text) || !epoch_parse(text, &epoch)) {
        return STATUS_TAMPERED;
    }
    if (epoch.commit + 1 != page->place.commit) {
        return STATUS_END;
    }
    uint8_t house[KEY_BYTES] = {0};
    if (record->house.len == sizeof house) {
        memcpy(house, record->house.data, sizeof house);
    }
    if (frame_put(page, TRAIL_EPOCH, bytes_of(house, sizeof house), note)) {
        page->place.epoch++;
    }
    return STATUS_OK;
}

// Likewise the checkpoint, once its epoch was written.
static enum status put_checkpoint(struct page *page)
{
    CheckpointRecord *record = NULL;
    const enum status status = checkpoint_get(page->txn, key_u64(page->place.checkpoint), &record);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_END : status;
    }
    const struct bytes note = bytes_of(record->note.data, record->note.len);
    struct bytes text;
    struct checkpoint checkpoint;
    if (!note_text(note, &text) || !checkpoint_parse(text, &checkpoint)) {
        return STATUS_TAMPERED;
    }
    if (checkpoint.commit + 1 != page->place.commit || checkpoint.epoch >= page->place.epoch) {
        return STATUS_END;
    }
    if (frame_put(page, TRAIL_CHECKPOINT, bytes_of(NULL, 0), note)) {
        page->place.checkpoint++;
    }
    return STATUS_OK;
}

// The header of the commit at hand; END when the export's own record stands before it.
static enum status load_header(struct page *page)
{
    if (page->has_header) {
        return STATUS_OK;
    }
    HeaderRecord *header = NULL;
    enum status status = header_get(page->txn, key_u64(page->place.commit), &header);
    if (status == STATUS_NOT_FOUND) {
        return page->place.record > page->last ? STATUS_END : STATUS_INCOMPLETE;
    }
    if (status == STATUS_OK && header->size - header->commands >= page->last) {
        return STATUS_END;
    }
    if (status == STATUS_OK) {
        status = rows_packed(page->txn, TABLE_header, key_u64(page->place.commit), &page->header);
    }
    if (status == STATUS_OK) {
        page->header_size = header->size;
        page->has_header = true;
    }
    return status;
}

// The next record of the commit at hand, or, behind the last one, its header.
static enum status put_commit(struct page *page)
{
    enum status status = load_header(page);
    if (status != STATUS_OK) {
        return status;
    }
    if (page->place.record > page->header_size) {
        if (frame_put(page, TRAIL_COMMIT, bytes_of(NULL, 0), page->header)) {
            page->place.commit++;
            page->has_header = false;
        }
        return STATUS_OK;
    }
    struct bytes packed;
    status = rows_packed(page->txn, TABLE_journal, key_u64(page->place.record), &packed);
    if (status == STATUS_OK && frame_put(page, TRAIL_RECORD, bytes_of(NULL, 0), packed)) {
        page->place.record++;
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

static enum status put_end(struct page *page)
{
    const struct trail_counts counts = {
        .records = page->place.record - 1,
        .commits = page->place.commit - 1,
        .checkpoints = page->place.checkpoint - 1,
        .epochs = page->place.epoch,
    };
    uint8_t content[TRAIL_END_BYTES];
    trail_put_end(content, &counts);
    return frame_put(page, TRAIL_END, bytes_of(NULL, 0), bytes_of(content, sizeof content))
               ? STATUS_END
               : STATUS_OK;
}

// The file begins with the magic, which is no frame: it goes where a page of the beginning begins.
static void put_magic(struct page *page)
{
    const struct place first = {.record = 1, .commit = 1, .checkpoint = 1};
    if (memcmp(&page->place, &first, sizeof first) == 0) {
        memcpy(page->bytes, TRAIL_MAGIC, TRAIL_MAGIC_BYTES);
        page->size = TRAIL_MAGIC_BYTES;
    }
}

// END when the file is whole, OK when the page is full.
static enum status fill_page(struct page *page)
{
    static enum status (*const STEPS[])(struct page *) = {put_checkpoint, put_epoch, put_commit,
                                                          put_end};
    enum status status = STATUS_OK;
    put_magic(page);
    while (status == STATUS_OK && !page->is_full) {
        status = STATUS_END;
        for (size_t i = 0; status == STATUS_END && i < COUNT_OF(STEPS); i++) {
            status = STEPS[i](page);
        }
    }
    return status;
}

enum status audit_page(struct txn *txn, struct call *call, const AuditPage *request,
                       AuditPageReply *reply)
{
    ExportRecord *export = NULL;
    struct page page = {.txn = txn, .bytes = arena_alloc(call->arena, PAGE_BYTES_MAX)};
    const enum status found = export_get(txn, key_u64(request->export_id), &export);
    if (found != STATUS_OK && found != STATUS_NOT_FOUND) {
        return found;
    }
    if (found == STATUS_NOT_FOUND || export->user_id != call->user_id || !export->is_audit) {
        return refuse(txn, call, STATUS_NOT_FOUND, "export", "no export of yours");
    }
    if (!place_parse(call->arena, request->cursor, &page.place)) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "cursor", "not a cursor");
    }
    if (page.bytes == NULL) {
        return STATUS_TOO_LARGE;
    }

    page.last = export->number;
    const enum status status = fill_page(&page);
    if (status != STATUS_OK && status != STATUS_END) {
        return status;
    }

    reply->frames = (ProtobufCBinaryData){.len = page.size, .data = page.bytes};
    reply->page = cursor_page(call->arena, export->number, 0);
    char *next = place_print(call->arena, &page.place);
    if (reply->page == NULL || next == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->page->next = status == STATUS_OK ? next : reply->page->next;
    return STATUS_OK;
}
