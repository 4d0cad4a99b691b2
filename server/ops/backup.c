// SPDX-License-Identifier: Apache-2.0
#include "server/ops/backup.h"

#include "server/ops/walk.h"
#include "server/store/file.h"
#include "server/store/keyring.h"
#include "server/store/pages.h"
#include "shared/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS_ARENA_BYTES ((size_t)64 * 1024 * 1024)

// The files of the store's directory that a restored store needs beside its rows. Only the keyring
// must be there.
static const char *const FILES[] = {"keyring", "server.key", "audit.key"};

struct copy {
    struct txn *txn;
    struct arena *row_arena;
    struct stream_writer *writer;
    const struct key *digest_key;
    struct frame_counts counts;
    struct digest digest;
    struct tree tree;
};

static enum status copy_row(void *context, const struct walk_row *row)
{
    struct copy *copy = context;
    if (table_is_state(row->table)) {
        digest_add(&copy->digest, copy->digest_key, row->table,
                   bytes_of(row->key.bytes, row->key.size), row->version, row->packed);
    }
    if (row->table == TABLE_journal) {
        uint8_t leaf[LEAF_BYTES];
        tree_leaf(row->packed, leaf);
        tree_append(&copy->tree, leaf);
    }
    copy->counts.table[row->table]++;
    copy->counts.total++;
    const struct frame_row frame = {
        .table = row->table, .key = row->key, .version = row->version, .packed = row->packed};
    return frame_write_row(copy->writer, &frame);
}

static enum status copy_tables(struct copy *copy, bool of_keys)
{
    copy->counts = (struct frame_counts){.total = 0};
    enum status status = STATUS_OK;
    struct walk_row row;
    for (enum table table = TABLE_NONE + 1; table < TABLE_LIMIT && status == STATUS_OK; table++) {
        if (table != TABLE_head && table_name(table) != NULL &&
            table_is_of_keys(table) == of_keys) {
            status = walk_table(copy->txn, table, copy->row_arena, copy_row, copy, &row);
        }
    }
    return status;
}

static enum status copy_files(struct copy *copy, const char *dir)
{
    uint8_t *content = arena_alloc(copy->row_arena, FRAME_FILE_MAX);
    if (content == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(FILES) && status == STATUS_OK; i++) {
        char path[PATH_BYTES_MAX];
        size_t size = 0;
        if (!file_path(dir, FILES[i], path)) {
            return STATUS_FILE_ERROR;
        }
        status = file_read(path, content, FRAME_FILE_MAX, &size);
        if (status == STATUS_OK) {
            status = frame_write_file(copy->writer, FILES[i], bytes_of(content, size));
        } else if (status == STATUS_NOT_FOUND && i > 0) {
            status = STATUS_OK;
        }
    }
    return status;
}

struct written {
    const char *dir;
    int fd;
    struct key key;
    uint8_t backup_id[BACKUP_ID_BYTES];
    int64_t instant_us;
};

static void written_wipe(struct written *written)
{
    key_wipe(&written->key);
    file_close_at(&written->fd);
}

static enum status write_keys(struct copy *copy, const struct written *to)
{
    enum status status = stream_writer_open(to->fd, &to->key, STREAM_KEYS, &copy->writer);
    if (status == STATUS_OK) {
        status = frame_write_begin(copy->writer, to->backup_id, to->instant_us);
    }
    if (status == STATUS_OK) {
        status = copy_files(copy, to->dir);
    }
    if (status == STATUS_OK) {
        status = copy_tables(copy, true);
    }
    if (status == STATUS_OK) {
        status = frame_write_end(copy->writer, &copy->counts);
    }
    if (status == STATUS_OK) {
        status = stream_finish(copy->writer);
    }
    stream_writer_free_at(&copy->writer);
    return status;
}

static enum status write_rows(struct copy *copy, const struct written *to)
{
    enum status status = stream_writer_open(to->fd, &to->key, STREAM_ROWS, &copy->writer);
    if (status == STATUS_OK) {
        status = frame_write_begin(copy->writer, to->backup_id, to->instant_us);
    }
    if (status == STATUS_OK) {
        status = copy_tables(copy, false);
    }
    struct bytes head = bytes_of(NULL, 0);
    if (status == STATUS_OK) {
        status = table_get_bytes(copy->txn, TABLE_head, key_u64(0), &head, NULL);
    }
    if (status == STATUS_OK) {
        status = frame_write_head(copy->writer, head);
    }
    if (status == STATUS_OK) {
        status = frame_write_end(copy->writer, &copy->counts);
    }
    if (status == STATUS_OK) {
        status = stream_finish(copy->writer);
    }
    stream_writer_free_at(&copy->writer);
    return status;
}

// Damage that came before the backup would make a backup that agrees with itself: so the rows must
// be what the head says.
static enum status copy_agrees(const struct copy *copy)
{
    const struct head *head = txn_head(copy->txn);
    uint8_t root[LEAF_BYTES];
    tree_root(&copy->tree, root);
    if (copy->tree.size != head->number || copy->tree.size != head->tree.size) {
        return STATUS_INCOMPLETE;
    }
    const bool same = head->number == 0 || memcmp(root, head->tree_root, LEAF_BYTES) == 0;
    return same && memcmp(&copy->digest, &head->digest, sizeof copy->digest) == 0 ? STATUS_OK
                                                                                  : STATUS_TAMPERED;
}

static enum status write_streams(struct store *store, const struct written *to,
                                 struct backup_report *report)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ROWS_ARENA_BYTES);
    CLEANUP(arena_free_at) struct arena *row_arena = arena_make(ROWS_ARENA_BYTES);
    if (arena == NULL || row_arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(store, TXN_READ, arena, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    CLEANUP(key_wipe) struct key digest_key = store_key(store, STORE_KEY_DIGEST);
    struct copy copy = {.txn = txn, .row_arena = row_arena, .digest_key = &digest_key};
    status = write_keys(&copy, to);
    report->key_count = copy.counts.total;
    if (status == STATUS_OK) {
        status = write_rows(&copy, to);
    }
    if (status == STATUS_OK) {
        status = copy_agrees(&copy);
    }
    report->row_count = copy.counts.total;
    report->number = txn_head(txn)->number;
    report->instant_us = txn_head(txn)->instant_us;
    report->digest = copy.digest;
    memcpy(report->tree_root, txn_head(txn)->tree_root, LEAF_BYTES);
    return status;
}

// ---- read back ----

struct recount {
    const struct key *digest_key;
    struct digest digest;
};

static enum status recount_row(void *context, const struct frame_row *row)
{
    struct recount *recount = context;
    if (table_is_state(row->table)) {
        digest_add(&recount->digest, recount->digest_key, row->table,
                   bytes_of(row->key.bytes, row->key.size), row->version, row->packed);
    }
    return STATUS_OK;
}

static enum status read_back(const char *path, const struct store_options *options,
                             struct store *store, const struct backup_report *written)
{
    CLEANUP(key_wipe) struct key key_file;
    CLEANUP(key_wipe) struct key digest_key = store_key(store, STORE_KEY_DIGEST);
    enum status status = key_file_read(options->key_file, &key_file);
    if (status != STATUS_OK) {
        return status;
    }
    struct recount recount = {.digest_key = &digest_key};
    const struct backup_sink sink = {.context = &recount, .row = recount_row};
    struct backup_report found;
    status = backup_read(path, &key_file, &sink, &found);
    if (status != STATUS_OK) {
        return status;
    }
    const bool same = found.row_count == written->row_count &&
                      found.key_count == written->key_count && found.number == written->number &&
                      memcmp(&recount.digest, &written->digest, sizeof recount.digest) == 0 &&
                      memcmp(&found.digest, &written->digest, sizeof found.digest) == 0 &&
                      memcmp(found.tree_root, written->tree_root, LEAF_BYTES) == 0;
    return same ? STATUS_OK : STATUS_DIFFERENCE;
}

static enum status write_beside(struct store *store, const struct store_options *options,
                                const char *beside, int64_t instant_us,
                                struct backup_report *report)
{
    CLEANUP(written_wipe)
    struct written to = {.dir = options->dir, .fd = -1, .instant_us = instant_us};
    CLEANUP(key_wipe) struct key key_file;
    enum status status = key_file_read(options->key_file, &key_file);
    if (status != STATUS_OK) {
        return status;
    }
    to.key = stream_key(&key_file);
    random_fill(to.backup_id, sizeof to.backup_id);
    (void)unlink(beside); // of a backup that was killed
    to.fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to.fd < 0) {
        return STATUS_FILE_ERROR;
    }
    status = write_streams(store, &to, report);
    struct stat file;
    if (status == STATUS_OK && (fsync(to.fd) != 0 || fstat(to.fd, &file) != 0)) {
        status = STATUS_FILE_ERROR;
    }
    if (status == STATUS_OK) {
        report->file_bytes = (uint64_t)file.st_size;
        status = read_back(beside, options, store, report);
    }
    return status;
}

enum status backup_write(const struct store_options *options, const char *to, int64_t instant_us,
                         struct backup_report *report)
{
    *report = (struct backup_report){.number = 0};
    char beside[PATH_BYTES_MAX];
    if (options->key_file == NULL) {
        return STATUS_KEY_MISSING;
    }
    if (!file_path_with(to, ".part", beside)) {
        return STATUS_FILE_ERROR;
    }
    if (file_exists(to)) {
        return STATUS_STORE_EXISTS;
    }
    struct page_report pages;
    enum status status = pages_check(options->dir, &pages);
    CLEANUP(store_close_at) struct store *store = NULL;
    if (status == STATUS_OK) {
        status = store_open(options, &store);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = write_beside(store, options, beside, instant_us, report);
    // Not every file system of a stick can rename without replacing; then the look above must do.
    if (status == STATUS_OK && renameat2(AT_FDCWD, beside, AT_FDCWD, to, RENAME_NOREPLACE) != 0 &&
        (errno != EINVAL || rename(beside, to) != 0)) {
        status = STATUS_FILE_ERROR;
    }
    if (status != STATUS_OK) {
        (void)unlink(beside);
        return status;
    }
    return file_sync_parent(to);
}
