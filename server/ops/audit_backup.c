// SPDX-License-Identifier: Apache-2.0
#include "server/ops/audit.h"
#include "server/ops/backup.h"
#include "server/store/keyring.h"
#include "server/store/tiles.h"
#include "shared/wire.h"

#include <inttypes.h>

#define KEPT_BYTES    ((size_t)16 * 1024 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)64 * 1024 * 1024)
#define ROOM_FIRST    256u

// A backup has its tables one behind the other: headers and notes wait until all have come.
struct rows {
    struct bytes *row;
    size_t count, room;
};

struct backup_check {
    struct verify_report *report;
    struct chain chain;
    struct anchors anchors;
    struct arena *kept;
    struct arena *scratch;
    struct rows header, checkpoint, epoch;
    struct rows level[64 / TILE_BITS];
    size_t tile_count;
    uint64_t head_commit, head_checkpoint, head_epochs;
    uint8_t head_header[LEAF_BYTES];
    uint8_t head_digest[DIGEST_BYTES];
    struct chain_commit *commit; // each, for the notes
};

static enum status keep(struct backup_check *check, struct rows *rows, struct bytes packed)
{
    if (rows->count == rows->room) {
        const size_t room = rows->room == 0 ? ROOM_FIRST : 2 * rows->room;
        struct bytes *grown = arena_alloc(check->kept, room * sizeof *grown);
        if (grown == NULL) {
            return STATUS_ENVIRONMENT;
        }
        if (rows->count > 0) {
            memcpy(grown, rows->row, rows->count * sizeof *grown);
        }
        rows->row = grown;
        rows->room = room;
    }
    const uint8_t *copy = arena_copy(check->kept, packed.data, packed.size);
    if (copy == NULL) {
        return STATUS_ENVIRONMENT;
    }
    rows->row[rows->count++] = bytes_of(copy, packed.size);
    return STATUS_OK;
}

// Tiles come in order of level and index, without gaps.
static enum status keep_tile(struct backup_check *check, const struct frame_row *row)
{
    const uint64_t level = row->key.size == 16 ? row_key_first(&row->key) : UINT64_MAX;
    check->tile_count++;
    if (level >= COUNT_OF(check->level) || row_key_second(&row->key) != check->level[level].count) {
        verify_find(check->report, STATUS_INCOMPLETE, "tiles are missing");
        return STATUS_OK;
    }
    return keep(check, &check->level[level], row->packed);
}

static enum status take_row(void *context, const struct frame_row *row)
{
    struct backup_check *check = context;
    switch ((int)row->table) {
    case TABLE_journal:
        arena_reset(check->scratch);
        chain_record(&check->chain, check->scratch, row->packed, NULL);
        return check->chain.is_exhausted ? STATUS_ENVIRONMENT : STATUS_OK;
    case TABLE_header:
        return keep(check, &check->header, row->packed);
    case TABLE_tile:
        return keep_tile(check, row);
    case TABLE_checkpoint:
        return keep(check, &check->checkpoint, row->packed);
    case TABLE_epoch:
        return keep(check, &check->epoch, row->packed);
    default:
        return STATUS_OK;
    }
}

static enum status take_head(void *context, const HeadRecord *head)
{
    struct backup_check *check = context;
    check->head_commit = head->commit;
    check->head_checkpoint = head->checkpoint;
    check->head_epochs = head->epochs;
    if (head->header.len == LEAF_BYTES && head->digest.len == DIGEST_BYTES) {
        memcpy(check->head_header, head->header.data, LEAF_BYTES);
        memcpy(check->head_digest, head->digest.data, DIGEST_BYTES);
    }
    memcpy(check->anchors.book_id, head->book_id.data,
           head->book_id.len == BOOK_ID_BYTES ? BOOK_ID_BYTES : 0);
    check->anchors.has_book = head->book_id.len == BOOK_ID_BYTES;
    return STATUS_OK;
}

// ---- all is there ----

static enum status tile_of(void *context, unsigned level, uint64_t index, struct bytes *hashes)
{
    struct backup_check *check = context;
    ProtobufCMessage *message = NULL;
    const struct rows *rows = &check->level[level];
    *hashes = bytes_of(NULL, 0);
    if (index >= rows->count) {
        return STATUS_OK;
    }
    arena_reset(check->scratch);
    *hashes = bytes_of("", 0);
    if (wire_unpack(check->scratch, &tile_record__descriptor, rows->row[index], &message) ==
        STATUS_OK) {
        const TileRecord *record = (const TileRecord *)message;
        *hashes = bytes_of(record->hash.data, record->hash.len);
    }
    return STATUS_OK;
}

static enum status check_tiles(struct backup_check *check)
{
    const struct chain *chain = &check->chain;
    const struct tile_source source = {check, tile_of};
    if (chain->waiting_count == 0) {
        return STATUS_OK;
    }
    const enum status status =
        tiles_check(&source, chain->waiting[0].hash, sizeof chain->waiting[0], chain->waiting_count,
                    check->report);
    if (check->tile_count > tiles_count(chain->waiting_count)) {
        verify_find(check->report, STATUS_TAMPERED, "there are tiles that no record belongs to");
    }
    return status;
}

static enum status check_commits(struct backup_check *check)
{
    check->commit = arena_alloc(check->kept, (check->header.count + 1) * sizeof *check->commit);
    if (check->commit == NULL) {
        return STATUS_ENVIRONMENT;
    }
    for (size_t i = 0; i < check->header.count && !check->chain.is_broken; i++) {
        arena_reset(check->scratch);
        chain_commit(&check->chain, check->scratch, check->header.row[i]);
        check->commit[i] = check->chain.commit;
    }
    const struct chain *chain = &check->chain;
    if (!chain->is_broken &&
        (chain->commit.number != check->head_commit || chain->tree.size != chain->records ||
         memcmp(chain->commit.hash, check->head_header, LEAF_BYTES) != 0 ||
         memcmp(chain->digest, check->head_digest, DIGEST_BYTES) != 0)) {
        verify_find(check->report, STATUS_INCOMPLETE,
                    "the last commit is %" PRIu64 ", the head is another", chain->commit.number);
    }
    return STATUS_OK;
}

static const struct chain_commit *commit_of(const struct backup_check *check, struct bytes note)
{
    uint64_t number = 0;
    const bool is_there = note_commit(note, &number) && number > 0 &&
                          number <= check->header.count &&
                          check->commit[number - 1].number == number;
    return is_there ? &check->commit[number - 1] : NULL;
}

// The notes of a row; empty behind the last one.
static void note_of(struct backup_check *check, const struct rows *rows, size_t index,
                    struct bytes *note, struct bytes *house)
{
    ProtobufCMessage *message = NULL;
    *note = bytes_of(NULL, 0);
    if (index >= rows->count) {
        return;
    }
    const bool is_epoch = rows == &check->epoch;
    *note = bytes_of("", 1); // a row that does not decode is no note
    if (wire_unpack(check->kept,
                    is_epoch ? &epoch_record__descriptor : &checkpoint_record__descriptor,
                    rows->row[index], &message) != STATUS_OK) {
        return;
    }
    if (is_epoch) {
        const EpochRecord *record = (const EpochRecord *)message;
        *note = bytes_of(record->note.data, record->note.len);
        *house = bytes_of(record->house.data, record->house.len);
    } else {
        const CheckpointRecord *record = (const CheckpointRecord *)message;
        *note = bytes_of(record->note.data, record->note.len);
    }
}

static void check_notes(struct backup_check *check, struct bytes outside)
{
    size_t checkpoints = 0;
    size_t epochs = 0;
    while (!check->anchors.is_broken &&
           (checkpoints < check->checkpoint.count || epochs < check->epoch.count)) {
        struct bytes checkpoint;
        struct bytes epoch;
        struct bytes house = bytes_of(NULL, 0);
        note_of(check, &check->checkpoint, checkpoints, &checkpoint, &house);
        note_of(check, &check->epoch, epochs, &epoch, &house);
        if (anchors_checkpoint_is_next(&check->anchors, checkpoint, epoch)) {
            anchors_checkpoint(&check->anchors, checkpoint, commit_of(check, checkpoint));
            checkpoints++;
        } else {
            anchors_epoch(&check->anchors, house, epoch, commit_of(check, epoch));
            epochs++;
        }
    }
    if (!check->anchors.is_broken && (check->anchors.checkpoint != check->head_checkpoint ||
                                      check->anchors.epoch_count != check->head_epochs)) {
        verify_find(check->report, STATUS_INCOMPLETE,
                    "the head knows %" PRIu64 " checkpoints and %" PRIu64
                    " epochs, the backup holds %" PRIu64 " and %zu",
                    check->head_checkpoint, check->head_epochs, check->anchors.checkpoint,
                    check->anchors.epoch_count);
    }
    if (outside.size > 0 && !check->anchors.is_broken) {
        anchors_outside(&check->anchors, outside, commit_of(check, outside));
    }
}

static enum status check_all(struct backup_check *check, struct bytes outside)
{
    enum status status = check_tiles(check);
    if (status == STATUS_OK) {
        status = check_commits(check);
    }
    if (status == STATUS_OK && !check->chain.is_broken) {
        check_notes(check, outside);
        anchors_end(&check->anchors, check->chain.tree.size);
    }
    struct verify_report *report = check->report;
    report->number = check->chain.tree.size;
    report->commit_count = check->chain.commit.number;
    memcpy(report->tree_root, check->chain.commit.root, LEAF_BYTES);
    return status == STATUS_OK && check->anchors.is_exhausted ? STATUS_ENVIRONMENT : status;
}

enum status audit_backup(const char *path, const char *key_file,
                         const struct audit_outside *outside, struct verify_report *report)
{
    CLEANUP(arena_free_at) struct arena *kept = arena_make(KEPT_BYTES);
    CLEANUP(arena_free_at) struct arena *scratch = arena_make(SCRATCH_BYTES);
    struct backup_check *check = kept != NULL ? arena_alloc(kept, sizeof *check) : NULL;
    if (check == NULL || scratch == NULL) {
        return STATUS_ENVIRONMENT;
    }
    check->report = report;
    check->kept = kept;
    check->scratch = scratch;
    chain_init(&check->chain, report, kept);
    anchors_init(&check->anchors, report, kept);
    if (outside->house != NULL) {
        memcpy(check->anchors.house, outside->house, KEY_BYTES);
        check->anchors.has_house = true;
    }
    struct bytes note = bytes_of(NULL, 0);
    CLEANUP(key_wipe) struct key key;
    enum status status = outside_read(outside, kept, &note);
    if (status == STATUS_OK) {
        status = key_file_read(key_file, &key);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct backup_sink sink = {.context = check, .row = take_row, .head = take_head};
    struct backup_report found;
    status = backup_read(path, &key, &sink, &found);
    if (status == STATUS_TAMPERED || status == STATUS_INCOMPLETE || status == STATUS_UNREADABLE) {
        verify_find(report, status, "the backup itself: %s", status_sentence(status));
        return STATUS_OK;
    }
    return status == STATUS_OK ? check_all(check, note) : status;
}
