// SPDX-License-Identifier: Apache-2.0
#include "server/ops/replay.h"

#include "server/machine/machine.h"
#include "server/ops/walk.h"
#include "server/store/file.h"
#include "shared/wire.h"

#include <inttypes.h>

#define SCRATCH_SUFFIX     ".replay"
#define KEYRING_BYTES_MAX  4096
#define BATCH_ARENA_BYTES  ((size_t)256 * 1024 * 1024)
#define RECORDS_PER_COMMIT 500

struct replay {
    struct store *scratch;
    struct txn *txn; // into the scratch store
    struct arena *batch_arena;
    struct arena *call_arena;
    struct scan *headers; // of the store, one commit ahead
    uint64_t commit;      // whose header lies ready; 0: none
    uint64_t size;
    uint8_t root[LEAF_BYTES];
    uint8_t digest[DIGEST_BYTES];
    uint64_t pending; // records since the last commit
    struct verify_report *report;
    bool differs;
};

static void replay_close(struct replay *replay)
{
    txn_abort(replay->txn);
    store_close(replay->scratch);
    arena_free(replay->batch_arena);
    arena_free(replay->call_arena);
}

static enum status replay_commit(struct replay *replay)
{
    if (replay->txn == NULL) {
        return STATUS_OK;
    }
    const enum status status = txn_commit(replay->txn);
    replay->txn = NULL;
    replay->pending = 0;
    arena_reset(replay->batch_arena);
    return status;
}

// What the machine cannot run again is a difference; only the environment's failures end the
// replay.
static enum status run_again(struct replay *replay, const JournalRecord *record)
{
    enum status reply_status = STATUS_OK;
    const enum status status =
        machine_replay(replay->txn, record, replay->call_arena, &reply_status);
    if (status == STATUS_TAMPERED || status == STATUS_INCOMPLETE || status == STATUS_TOO_LARGE) {
        verify_find(replay->report, STATUS_TAMPERED, "record %" PRIu64 " cannot be run again",
                    record->number);
        replay->differs = true;
        return STATUS_OK;
    }
    if (status == STATUS_OK && (uint32_t)reply_status != record->status) {
        verify_find(replay->report, STATUS_TAMPERED,
                    "record %" PRIu64 " was answered %s, and now %s", record->number,
                    status_is_known(record->status) ? status_code((enum status)record->status)
                                                    : "?",
                    status_code(reply_status));
        replay->differs = true;
    }
    return status;
}

static enum status compare_record(struct replay *replay, const struct walk_row *row)
{
    txn_call_begin(replay->txn, replay->call_arena, NULL);
    struct bytes again;
    const enum status status = table_get_bytes(replay->txn, TABLE_journal, row->key, &again, NULL);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    if (status == STATUS_NOT_FOUND || !bytes_equal(again, row->packed)) {
        verify_find(replay->report, STATUS_TAMPERED, "record %" PRIu64 " comes out otherwise",
                    row_key_first(&row->key));
        replay->differs = true;
    }
    return STATUS_OK;
}

// The header of the next commit, by which the state is compared behind its last record.
static enum status next_header(struct replay *replay, struct arena *arena)
{
    struct row_key key;
    struct bytes packed;
    ProtobufCMessage *message = NULL;
    replay->commit = 0;
    enum status status = scan_next_bytes(replay->headers, &key, &packed, NULL);
    if (status == STATUS_OK) {
        status = wire_unpack(arena, &header_record__descriptor, packed, &message);
    }
    if (status != STATUS_OK) {
        return status == STATUS_END ? STATUS_OK : status;
    }
    const HeaderRecord *header = (const HeaderRecord *)message;
    if (header->root.len != LEAF_BYTES || header->digest.len != DIGEST_BYTES) {
        return STATUS_TAMPERED;
    }
    replay->commit = header->commit;
    replay->size = header->size;
    memcpy(replay->root, header->root.data, LEAF_BYTES);
    memcpy(replay->digest, header->digest.data, DIGEST_BYTES);
    return STATUS_OK;
}

// Behind the last record of a commit the state must be what its header says.
static enum status compare_commit(struct replay *replay, struct arena *arena)
{
    const struct head *head = txn_head(replay->txn);
    if (replay->commit == 0 || replay->size != head->number) {
        return STATUS_OK;
    }
    const enum status settled = txn_settle(replay->txn);
    if (settled != STATUS_OK) {
        return settled;
    }
    uint8_t root[LEAF_BYTES];
    tree_root(&head->tree, root);
    if (memcmp(root, replay->root, sizeof root) != 0 ||
        memcmp(head->digest.sum, replay->digest, sizeof replay->digest) != 0) {
        verify_find(replay->report, STATUS_TAMPERED,
                    "commit %" PRIu64 ": behind record %" PRIu64
                    " the replay has another state than was written down",
                    replay->commit, replay->size);
        replay->differs = true;
        return STATUS_OK;
    }
    return next_header(replay, arena);
}

static enum status take_record(void *context, const struct walk_row *row)
{
    struct replay *replay = context;
    ProtobufCMessage *message = NULL;
    if (wire_unpack(row->arena, &journal_record__descriptor, row->packed, &message) != STATUS_OK) {
        return STATUS_TAMPERED;
    }
    enum status status = STATUS_OK;
    if (replay->txn == NULL) {
        status = txn_begin(replay->scratch, TXN_WRITE, replay->batch_arena, &replay->txn);
    }
    if (status == STATUS_OK) {
        status = run_again(replay, (const JournalRecord *)message);
    }
    if (status == STATUS_OK && !replay->differs) {
        status = compare_record(replay, row);
    }
    if (status == STATUS_OK && !replay->differs) {
        status = compare_commit(replay, row->arena);
    }
    if (status != STATUS_OK || replay->differs) {
        return status != STATUS_OK ? status : STATUS_DIFFERENCE;
    }
    arena_reset(replay->call_arena);
    replay->report->replayed_count++;
    return ++replay->pending == RECORDS_PER_COMMIT ? replay_commit(replay) : STATUS_OK;
}

// The scratch store has the keyring of the store, since hashes and digest depend on its keys.
static enum status scratch_make(const struct verify_options *options, const char *dir,
                                struct replay *replay)
{
    uint8_t keyring[KEYRING_BYTES_MAX];
    char path[PATH_BYTES_MAX];
    size_t size = 0;
    if (!file_path(options->store.dir, "keyring", path)) {
        return STATUS_FILE_ERROR;
    }
    enum status status = file_read(path, keyring, sizeof keyring, &size);
    struct store_options made = options->store;
    made.dir = dir;
    made.read_only = false;
    made.keyring = bytes_of(keyring, size);
    if (status == STATUS_OK) {
        status = store_discard(dir);
    }
    if (status == STATUS_OK) {
        status = store_create(&made);
    }
    return status == STATUS_OK ? store_open(&made, &replay->scratch) : status;
}

static void compare_heads(struct replay *replay, const struct head *head, const struct head *again)
{
    if (head->number != again->number) {
        verify_find(replay->report, STATUS_INCOMPLETE, "the replay ends at record %" PRIu64,
                    again->number);
    } else if (memcmp(&head->digest, &again->digest, sizeof head->digest) != 0) {
        verify_find(replay->report, STATUS_TAMPERED,
                    "the replay gives another digest of the state");
    } else if (memcmp(head->tree_root, again->tree_root, LEAF_BYTES) != 0) {
        verify_find(replay->report, STATUS_TAMPERED,
                    "the replay gives another root of the journal");
    }
}

static enum status replay_into(struct replay *replay, struct txn *txn, struct arena *row_arena)
{
    struct walk_row row;
    enum status status =
        scan_open(txn, TABLE_header, (struct row_key){.size = 0}, 0, false, &replay->headers);
    if (status == STATUS_OK) {
        status = next_header(replay, row_arena);
    }
    if (status == STATUS_OK) {
        status = walk_table(txn, TABLE_journal, row_arena, take_record, replay, &row);
    }
    scan_close(replay->headers);
    if (status == STATUS_DIFFERENCE) {
        return STATUS_OK; // the first one was noted; what follows from it says nothing
    }
    if (status == STATUS_OK) {
        status = replay_commit(replay);
    }
    struct txn *again CLEANUP(txn_abort_at) = NULL;
    if (status == STATUS_OK) {
        status = txn_begin(replay->scratch, TXN_READ, replay->batch_arena, &again);
    }
    if (status == STATUS_OK) {
        compare_heads(replay, txn_head(txn), txn_head(again));
    }
    return status;
}

static enum status replay_in(struct store *store, const struct verify_options *options,
                             const char *dir, struct verify_report *report)
{
    struct replay replay CLEANUP(replay_close) = {.batch_arena = arena_make(BATCH_ARENA_BYTES),
                                                  .call_arena = arena_make(CALL_ARENA_MAX),
                                                  .report = report};
    CLEANUP(arena_free_at) struct arena *arena = arena_make(BATCH_ARENA_BYTES);
    CLEANUP(arena_free_at) struct arena *row_arena = arena_make(BATCH_ARENA_BYTES);
    if (replay.batch_arena == NULL || replay.call_arena == NULL || arena == NULL ||
        row_arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = scratch_make(options, dir, &replay);
    if (status == STATUS_OK) {
        status = txn_begin(store, TXN_READ, arena, &txn);
    }
    return status == STATUS_OK ? replay_into(&replay, txn, row_arena) : status;
}

enum status replay_compare(struct store *store, const struct verify_options *options,
                           struct verify_report *report)
{
    char beside[PATH_BYTES_MAX];
    const char *dir = options->scratch;
    if (dir == NULL) {
        if (!file_path_with(options->store.dir, SCRATCH_SUFFIX, beside)) {
            return STATUS_FILE_ERROR;
        }
        dir = beside;
    }
    const enum status status = replay_in(store, options, dir, report);
    const enum status discarded = store_discard(dir);
    return status == STATUS_OK ? discarded : status;
}
