// SPDX-License-Identifier: Apache-2.0
#include "server/ops/backup.h"
#include "server/store/file.h"
#include "server/store/keyring.h"
#include "server/store/pages.h"
#include "shared/wire.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAMES_ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define FRAMES_PER_RESET   500
#define ROWS_PER_COMMIT    20000

// ---- reading a backup ----

struct reading {
    const struct backup_sink *sink;
    struct stream_reader *reader;
    struct arena *arena;
    struct backup_report *report;
    uint8_t backup_id[BACKUP_ID_BYTES];
    struct frame_counts counts;
    struct tree tree;
    bool head_seen;
};

static enum status read_begin(struct reading *reading, bool is_first)
{
    enum frame_type type;
    struct bytes payload;
    enum status status = frame_read(reading->reader, reading->arena, &type, &payload);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t id[BACKUP_ID_BYTES];
    int64_t instant_us;
    status = type == FRAME_BEGIN ? frame_parse_begin(payload, id, &instant_us) : STATUS_TAMPERED;
    if (status != STATUS_OK) {
        return status;
    }
    if (!is_first && memcmp(id, reading->backup_id, sizeof id) != 0) {
        return STATUS_TAMPERED;
    }
    memcpy(reading->backup_id, id, sizeof id);
    return STATUS_OK;
}

static enum status take_file(struct reading *reading, struct bytes payload)
{
    const char *name = NULL;
    struct bytes content;
    const enum status status = frame_parse_file(reading->arena, payload, &name, &content);
    if (status != STATUS_OK || reading->sink->file == NULL) {
        return status;
    }
    return reading->sink->file(reading->sink->context, name, content);
}

static enum status take_row(struct reading *reading, struct bytes payload)
{
    struct frame_row row;
    const enum status status = frame_parse_row(payload, &row);
    if (status != STATUS_OK) {
        return status;
    }
    const bool of_keys = stream_reader_kind(reading->reader) == STREAM_KEYS;
    if (table_is_of_keys(row.table) != of_keys) {
        return STATUS_TAMPERED;
    }
    if (row.table == TABLE_journal) {
        if (row.key.size != 8 || row_key_first(&row.key) != reading->tree.size + 1) {
            return STATUS_INCOMPLETE;
        }
        uint8_t leaf[LEAF_BYTES];
        tree_leaf(row.packed, leaf);
        tree_append(&reading->tree, leaf);
    }
    reading->counts.table[row.table]++;
    reading->counts.total++;
    return reading->sink->row == NULL ? STATUS_OK
                                      : reading->sink->row(reading->sink->context, &row);
}

static enum status take_head(struct reading *reading, struct bytes payload)
{
    ProtobufCMessage *message = NULL;
    if (reading->head_seen ||
        wire_unpack(reading->arena, &head_record__descriptor, payload, &message) != STATUS_OK) {
        return STATUS_TAMPERED;
    }
    const HeadRecord *head = (const HeadRecord *)message;
    uint8_t root[LEAF_BYTES];
    tree_root(&reading->tree, root);
    if (head->digest.len != DIGEST_BYTES || head->tree_root.len != LEAF_BYTES) {
        return STATUS_TAMPERED;
    }
    if (head->number != reading->tree.size || head->tree_size != reading->tree.size) {
        return STATUS_INCOMPLETE;
    }
    if (head->number > 0 && memcmp(root, head->tree_root.data, LEAF_BYTES) != 0) {
        return STATUS_TAMPERED;
    }
    reading->head_seen = true;
    reading->report->number = head->number;
    reading->report->instant_us = head->instant_us;
    memcpy(reading->report->digest.sum, head->digest.data, DIGEST_BYTES);
    memcpy(reading->report->tree_root, head->tree_root.data, LEAF_BYTES);
    return reading->sink->head == NULL ? STATUS_OK
                                       : reading->sink->head(reading->sink->context, head);
}

// Frames up to the end frame, which must say what was counted, and then the end of the stream.
static enum status read_frames(struct reading *reading)
{
    const bool of_keys = stream_reader_kind(reading->reader) == STREAM_KEYS;
    enum frame_type type = FRAME_BEGIN;
    enum status status = STATUS_OK;
    struct bytes payload = bytes_of(NULL, 0);
    for (uint64_t count = 1; status == STATUS_OK && type != FRAME_END; count++) {
        status = frame_read(reading->reader, reading->arena, &type, &payload);
        if (status == STATUS_OK && type == FRAME_ROW) {
            status = take_row(reading, payload);
        } else if (status == STATUS_OK && type == FRAME_FILE && of_keys) {
            status = take_file(reading, payload);
        } else if (status == STATUS_OK && type == FRAME_HEAD && !of_keys) {
            status = take_head(reading, payload);
        } else if (status == STATUS_OK && type != FRAME_END) {
            status = STATUS_TAMPERED;
        }
        if (count % FRAMES_PER_RESET == 0 && type != FRAME_END) {
            arena_reset(reading->arena);
        }
    }
    struct frame_counts counts;
    if (status == STATUS_OK) {
        status = frame_parse_end(payload, &counts);
    }
    if (status == STATUS_OK && memcmp(&counts, &reading->counts, sizeof counts) != 0) {
        status = STATUS_INCOMPLETE;
    }
    uint8_t beyond;
    if (status == STATUS_OK) {
        status = stream_read(reading->reader, &beyond, 1);
        status = status == STATUS_END ? STATUS_OK : status == STATUS_OK ? STATUS_TAMPERED : status;
    }
    return status;
}

static enum status read_stream(struct reading *reading, int fd, const struct key *key,
                               enum stream_kind kind)
{
    reading->counts = (struct frame_counts){.total = 0};
    arena_reset(reading->arena);
    enum status status = stream_reader_open(fd, key, &reading->reader);
    if (status == STATUS_END) {
        status = STATUS_INCOMPLETE;
    }
    if (status == STATUS_OK && stream_reader_kind(reading->reader) != kind) {
        status = STATUS_TAMPERED;
    }
    if (status == STATUS_OK) {
        status = read_begin(reading, kind == STREAM_KEYS);
    }
    if (status == STATUS_OK) {
        status = read_frames(reading);
    }
    stream_reader_free_at(&reading->reader);
    return status;
}

enum status backup_read(const char *path, const struct key *key_file,
                        const struct backup_sink *sink, struct backup_report *report)
{
    *report = (struct backup_report){.number = 0};
    CLEANUP(file_close_at) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    CLEANUP(arena_free_at) struct arena *arena = arena_make(FRAMES_ARENA_BYTES);
    CLEANUP(key_wipe) struct key key = stream_key(key_file);
    if (fd < 0 || arena == NULL) {
        return fd < 0 ? STATUS_UNREADABLE : STATUS_ENVIRONMENT;
    }
    struct reading reading = {.sink = sink, .arena = arena, .report = report};
    enum status status = read_stream(&reading, fd, &key, STREAM_KEYS);
    report->key_count = reading.counts.total;
    if (status == STATUS_OK) {
        status = read_stream(&reading, fd, &key, STREAM_ROWS);
    }
    report->row_count = reading.counts.total;
    if (status == STATUS_OK && !reading.head_seen) {
        status = STATUS_INCOMPLETE;
    }
    uint8_t beyond;
    if (status == STATUS_OK && read(fd, &beyond, 1) != 0) {
        status = STATUS_TAMPERED;
    }
    const off_t end = lseek(fd, 0, SEEK_CUR);
    report->file_bytes = end > 0 ? (uint64_t)end : 0;
    return status;
}

// ---- restoring ----

struct restoring {
    struct store_options options; // of the directory in the making
    struct store *store;
    struct arena *arena;
    struct txn *txn;
    uint64_t pending;     // rows since the last commit
    struct digest digest; // of the head, to be met by the rows
};

static void restoring_close(struct restoring *restoring)
{
    txn_abort(restoring->txn);
    store_close(restoring->store);
    arena_free(restoring->arena);
}

static enum status restore_file(void *context, const char *name, struct bytes content)
{
    struct restoring *restoring = context;
    if (strcmp(name, "keyring") == 0) {
        if (restoring->store != NULL) {
            return STATUS_TAMPERED;
        }
        restoring->options.keyring = content;
        enum status status = store_create(&restoring->options);
        restoring->options.keyring = bytes_of(NULL, 0);
        return status == STATUS_OK ? store_open(&restoring->options, &restoring->store) : status;
    }
    char path[PATH_BYTES_MAX];
    const bool changes = strcmp(name, "audit.key") == 0;
    if (restoring->store == NULL || (strcmp(name, "server.key") != 0 && !changes)) {
        return STATUS_TAMPERED;
    }
    return file_path(restoring->options.dir, name, path)
               ? file_write_new(path, changes ? 0600 : 0400, content)
               : STATUS_FILE_ERROR;
}

static enum status restore_commit(struct restoring *restoring)
{
    if (restoring->txn == NULL) {
        return STATUS_OK;
    }
    const enum status status = txn_commit(restoring->txn);
    restoring->txn = NULL;
    restoring->pending = 0;
    arena_reset(restoring->arena);
    return status;
}

static enum status restore_row(void *context, const struct frame_row *row)
{
    struct restoring *restoring = context;
    enum status status = restoring->store == NULL ? STATUS_TAMPERED : STATUS_OK;
    if (status == STATUS_OK && restoring->txn == NULL) {
        status = txn_begin(restoring->store, TXN_WRITE, restoring->arena, &restoring->txn);
    }
    if (status == STATUS_OK) {
        status = table_put_bytes(restoring->txn, row->table, row->key, row->packed, row->version);
    }
    // Long values fill the arena before the count does.
    const bool full = ++restoring->pending == ROWS_PER_COMMIT ||
                      arena_used(restoring->arena) > FRAMES_ARENA_BYTES / 2;
    return status == STATUS_OK && full ? restore_commit(restoring) : status;
}

static void head_fill(struct head *head, const HeadRecord *record)
{
    head->number = record->number;
    head->instant_us = record->instant_us;
    head->book_day = record->book_day;
    head->feature_level = record->feature_level;
    head->commit = record->commit;
    head->checkpoint = record->checkpoint;
    head->checkpoint_size = record->checkpoint_size;
    head->epochs = record->epochs;
    if (record->header.len == sizeof head->header) {
        memcpy(head->header, record->header.data, sizeof head->header);
    }
    memcpy(head->tree_root, record->tree_root.data, LEAF_BYTES);
    if (record->book_id.len == sizeof head->book_id) {
        memcpy(head->book_id, record->book_id.data, sizeof head->book_id);
    }
    head->tree = (struct tree){.size = record->tree_size};
    for (size_t i = 0; i < record->n_frontier; i++) {
        memcpy(head->tree.edge[i], record->frontier[i].data, LEAF_BYTES);
    }
}

static bool frontier_is_sound(const HeadRecord *record)
{
    bool sound = record->n_frontier == (size_t)__builtin_popcountll(record->tree_size);
    for (size_t i = 0; i < record->n_frontier && sound; i++) {
        sound = record->frontier[i].len == LEAF_BYTES;
    }
    return sound;
}

static enum status restore_head(void *context, const HeadRecord *record)
{
    struct restoring *restoring = context;
    if (restoring->store == NULL || !frontier_is_sound(record)) {
        return STATUS_TAMPERED;
    }
    memcpy(restoring->digest.sum, record->digest.data, DIGEST_BYTES);
    enum status status = STATUS_OK;
    if (restoring->txn == NULL) {
        status = txn_begin(restoring->store, TXN_WRITE, restoring->arena, &restoring->txn);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct head *head = txn_head(restoring->txn);
    head_fill(head, record);
    if (memcmp(&head->digest, &restoring->digest, sizeof head->digest) != 0) {
        return STATUS_TAMPERED;
    }
    txn_head_changed(restoring->txn);
    return STATUS_OK;
}

static enum status restore_end(struct restoring *restoring, const struct backup_report *report)
{
    const enum status status = restore_commit(restoring);
    store_close(restoring->store);
    restoring->store = NULL;
    if (status != STATUS_OK) {
        return status;
    }
    struct page_report pages;
    const enum status sound = pages_check(restoring->options.dir, &pages);
    if (sound != STATUS_OK) {
        return sound;
    }
    const enum status opened = store_open(&restoring->options, &restoring->store);
    if (opened != STATUS_OK) {
        return opened;
    }
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    const enum status begun = txn_begin(restoring->store, TXN_READ, restoring->arena, &txn);
    if (begun != STATUS_OK) {
        return begun;
    }
    const struct head *head = txn_head(txn);
    const bool same = head->number == report->number &&
                      memcmp(&head->digest, &report->digest, sizeof head->digest) == 0 &&
                      memcmp(head->tree_root, report->tree_root, LEAF_BYTES) == 0;
    return same ? STATUS_OK : STATUS_DIFFERENCE;
}

static enum status restore_into(const char *path, const char *making,
                                const struct store_options *options, struct backup_report *report)
{
    CLEANUP(key_wipe) struct key key_file;
    CLEANUP(restoring_close)
    struct restoring restoring = {.options = *options, .arena = arena_make(FRAMES_ARENA_BYTES)};
    restoring.options.dir = making;
    if (restoring.arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = key_file_read(options->key_file, &key_file);
    const struct backup_sink sink = {
        .context = &restoring, .file = restore_file, .row = restore_row, .head = restore_head};
    if (status == STATUS_OK) {
        status = backup_read(path, &key_file, &sink, report);
    }
    return status == STATUS_OK ? restore_end(&restoring, report) : status;
}

enum status backup_restore(const char *path, const struct store_options *options,
                           struct backup_report *report)
{
    char making[PATH_BYTES_MAX];
    if (options->key_file == NULL) {
        return STATUS_KEY_MISSING;
    }
    if (!file_path_with(options->dir, ".restoring", making)) {
        return STATUS_FILE_ERROR;
    }
    if (file_exists(options->dir)) {
        return STATUS_STORE_EXISTS;
    }
    enum status status = store_discard(making);
    if (status == STATUS_OK) {
        status = restore_into(path, making, options, report);
    }
    if (status != STATUS_OK) {
        // What cannot be removed now is discarded by the next attempt.
        const enum status discarded = store_discard(making);
        (void)discarded;
        return status;
    }
    if (rename(making, options->dir) != 0) {
        return STATUS_FILE_ERROR;
    }
    return file_sync_parent(options->dir);
}
