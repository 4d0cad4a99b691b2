// SPDX-License-Identifier: Apache-2.0
#include "server/ops/audit.h"
#include "server/ops/server_keys.h"
#include "server/store/tiles.h"
#include "shared/wire.h"

#include <inttypes.h>
#include <pthread.h>
#include <unistd.h>

#define KEPT_BYTES  ((size_t)8 * 1024 * 1024 * 1024)
#define ROWS_BYTES  ((size_t)256 * 1024 * 1024)
#define WORKERS_MAX 4u

// A share of the commits, gone through by a thread of its own in a transaction of its own: nobody
// writes meanwhile.
struct share {
    struct store *store;
    uint64_t first; // commit
    uint64_t end;   // the first one that is not ours; the last share goes on to the end of the rows
    bool is_last;
    uint64_t leaf_count; // room in `leaf`
    uint8_t (*leaf)[LEAF_BYTES];
    struct verify_report *report;
    struct chain chain;
    struct arena *kept;
    struct arena *rows;
    struct txn *txn;
    struct scan *journal;
    struct scan *headers;
    enum status status;
};

static void share_close(struct share *share)
{
    scan_close(share->journal);
    scan_close(share->headers);
    txn_abort(share->txn);
    arena_free(share->rows);
    arena_free(share->kept);
}

static void seal_is_bad(const struct share *share, enum table table, const struct row_key *key)
{
    verify_find(share->report, STATUS_TAMPERED, "table %s, key %" PRIu64 ": the seal does not fit",
                table_name(table), key->size >= 8 ? row_key_first(key) : 0);
}

// The next row; END also when its seal does not fit, which is noted.
static enum status take_row(struct share *share, enum table table, struct scan *scan,
                            struct row_key *key, struct bytes *packed)
{
    *key = (struct row_key){.size = 0};
    const enum status status = scan_next_bytes(scan, key, packed, NULL);
    if (status != STATUS_TAMPERED) {
        return status;
    }
    seal_is_bad(share, table, key);
    share->chain.is_broken = true;
    return STATUS_END;
}

// Records up to the size that the header says; what is missing is found by chain_commit.
static enum status take_records(struct share *share, uint64_t size)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !share->chain.is_broken && share->chain.records < size) {
        struct row_key key;
        struct bytes packed;
        status = take_row(share, TABLE_journal, share->journal, &key, &packed);
        if (status != STATUS_OK) {
            break;
        }
        const uint64_t index = share->chain.records;
        chain_record(&share->chain, share->rows, packed,
                     index < share->leaf_count ? share->leaf[index] : NULL);
        if (arena_used(share->rows) > ROWS_BYTES / 2) {
            return STATUS_TOO_LARGE; // a commit holds less than that
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status take_commits(struct share *share)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !share->chain.is_broken &&
           (share->is_last || share->chain.commit.number + 1 < share->end)) {
        struct row_key key;
        struct bytes packed;
        struct chain_commit commit = {.size = 0};
        status = take_row(share, TABLE_header, share->headers, &key, &packed);
        if (status != STATUS_OK) {
            break;
        }
        if (chain_parse_commit(share->rows, packed, &commit)) {
            status = take_records(share, commit.size);
        }
        if (status == STATUS_OK) {
            chain_commit(&share->chain, share->rows, packed);
        }
        arena_reset(share->rows);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// Each share must come to its end, or say why not.
static void look_at_end(struct share *share)
{
    if (!share->chain.is_broken && share->chain.commit.number + 1 < share->end) {
        verify_find(share->report, STATUS_INCOMPLETE, "commit %" PRIu64 " is missing",
                    share->chain.commit.number + 1);
        share->chain.is_broken = true;
    }
}

// What stands in the journal behind the last commit was never committed by us.
static enum status look_behind(struct share *share)
{
    struct row_key key;
    struct bytes packed;
    if (share->chain.is_broken) {
        return STATUS_OK;
    }
    const enum status status = take_row(share, TABLE_journal, share->journal, &key, &packed);
    if (status == STATUS_OK) {
        verify_find(share->report, STATUS_TAMPERED,
                    "record %" PRIu64 " stands behind the last commit", row_key_first(&key));
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// The share before finds out if its last header is bad; then ours says nothing.
static enum status resume(struct share *share)
{
    struct bytes packed;
    ProtobufCMessage *message = NULL;
    struct tree tree;
    if (share->first == 1) {
        return STATUS_OK;
    }
    enum status status =
        table_get_bytes(share->txn, TABLE_header, key_u64(share->first - 1), &packed, NULL);
    if (status == STATUS_OK) {
        status = wire_unpack(share->kept, &header_record__descriptor, packed, &message);
    }
    if (status == STATUS_OK) {
        status = tree_at(share->txn, ((const HeaderRecord *)message)->size, &tree);
    }
    if (status == STATUS_OK) {
        chain_resume(&share->chain, (const HeaderRecord *)message, packed, &tree);
        return STATUS_OK;
    }
    share->chain.is_broken = true;
    return status == STATUS_ENVIRONMENT || status == STATUS_TOO_LARGE ? status : STATUS_OK;
}

static enum status share_open(struct share *share)
{
    share->kept = arena_make(KEPT_BYTES);
    share->rows = arena_make(ROWS_BYTES);
    if (share->kept == NULL || share->rows == NULL) {
        return STATUS_ENVIRONMENT;
    }
    chain_init(&share->chain, share->report, share->kept);
    enum status status = txn_begin(share->store, TXN_READ, share->kept, &share->txn);
    if (status == STATUS_OK) {
        status = resume(share);
    }
    if (status == STATUS_OK) {
        status = scan_open(share->txn, TABLE_journal, key_u64(share->chain.records + 1), 0, false,
                           &share->journal);
    }
    if (status == STATUS_OK) {
        status =
            scan_open(share->txn, TABLE_header, key_u64(share->first), 0, false, &share->headers);
    }
    if (status == STATUS_OK) {
        txn_call_begin(share->txn, share->rows, NULL);
    }
    return status;
}

static void *share_run(void *context)
{
    struct share *share = context;
    share->status = share_open(share);
    if (share->status == STATUS_OK) {
        share->status = take_commits(share);
    }
    if (share->status == STATUS_OK) {
        look_at_end(share);
    }
    if (share->status == STATUS_OK && share->is_last) {
        share->status = look_behind(share);
    }
    if (share->status == STATUS_OK && share->chain.is_exhausted) {
        share->status = STATUS_ENVIRONMENT;
    }
    return NULL;
}

// ---- all shares ----

static void merge_findings(struct verify_report *into, const struct verify_report *from)
{
    for (size_t i = 0; i < from->finding_count && i < FINDINGS_MAX; i++) {
        verify_find(into, from->finding[i].status, "%s", from->finding[i].text);
    }
}

static size_t worker_count(uint64_t commits)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t most = processors < 1 ? 1 : (size_t)processors;
    const size_t wanted = most < WORKERS_MAX ? most : WORKERS_MAX;
    return commits < 1000 ? 1 : wanted;
}

struct whole {
    struct store *store;
    struct verify_report *report;
    const struct head *head;
    uint8_t (*leaf)[LEAF_BYTES];
    uint64_t leaf_count;
    struct chain chain; // as the last share left it, for comparison with the head
    bool is_sound;      // records and commits: the rest is worth a look
};

static enum status take_shares(struct whole *whole)
{
    const uint64_t commits = whole->head->commit;
    const size_t count = worker_count(commits);
    struct share *share = calloc(count, sizeof *share);
    struct verify_report *reports = calloc(count, sizeof *reports);
    pthread_t thread[WORKERS_MAX];
    size_t begun = 0;
    enum status status = share != NULL && reports != NULL ? STATUS_OK : STATUS_ENVIRONMENT;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        share[i] = (struct share){.store = whole->store,
                                  .first = 1 + commits * i / count,
                                  .end = 1 + commits * (i + 1) / count,
                                  .is_last = i + 1 == count,
                                  .leaf_count = whole->leaf_count,
                                  .leaf = whole->leaf,
                                  .report = &reports[i]};
        if (pthread_create(&thread[i], NULL, share_run, &share[i]) != 0) {
            status = STATUS_ENVIRONMENT;
        } else {
            begun++;
        }
    }
    whole->is_sound = true;
    for (size_t i = 0; i < begun; i++) {
        (void)pthread_join(thread[i], NULL);
        status = status == STATUS_OK ? share[i].status : status;
        merge_findings(whole->report, &reports[i]);
        whole->is_sound = whole->is_sound && !share[i].chain.is_broken;
        whole->chain = share[i].chain;
        share_close(&share[i]);
    }
    free(share);
    free(reports);
    return status;
}

static void check_head(struct whole *whole)
{
    const struct head *head = whole->head;
    const struct chain *chain = &whole->chain;
    struct verify_report *report = whole->report;
    if (chain->commit.number != head->commit || chain->tree.size != head->number ||
        head->tree.size != head->number) {
        verify_find(report, STATUS_INCOMPLETE,
                    "the head is at record %" PRIu64 " and commit %" PRIu64
                    ", the journal at %" PRIu64 " and %" PRIu64,
                    head->number, head->commit, chain->tree.size, chain->commit.number);
        return;
    }
    uint8_t root[LEAF_BYTES];
    tree_root(&chain->tree, root);
    if (head->number > 0 && (memcmp(root, head->tree_root, LEAF_BYTES) != 0 ||
                             memcmp(chain->commit.hash, head->header, LEAF_BYTES) != 0 ||
                             memcmp(chain->digest, head->digest.sum, DIGEST_BYTES) != 0 ||
                             chain->last_us != head->instant_us)) {
        verify_find(report, STATUS_TAMPERED, "the head is another than the last commit says");
    }
}

// ---- tiles ----

static enum status stored_tile(void *context, unsigned level, uint64_t index, struct bytes *hashes)
{
    struct txn *txn = context;
    ProtobufCMessage *message = NULL;
    arena_reset(txn_arena(txn));
    const enum status status =
        table_get(txn, TABLE_tile, key_u64_u64(level, index), &message, NULL);
    *hashes = bytes_of(NULL, 0);
    if (status == STATUS_OK) {
        const TileRecord *record = (const TileRecord *)message;
        *hashes = bytes_of(record->hash.data, record->hash.len);
    }
    // A tile whose seal does not fit is other than that of the records.
    if (status == STATUS_TAMPERED) {
        *hashes = bytes_of("", 0);
    }
    return status == STATUS_NOT_FOUND || status == STATUS_TAMPERED ? STATUS_OK : status;
}

static enum status check_tiles(struct whole *whole, struct txn *txn)
{
    uint64_t count = 0;
    const uint64_t size = whole->chain.tree.size;
    const struct tile_source source = {txn, stored_tile};
    enum status status =
        tiles_check(&source, (const uint8_t *)whole->leaf, LEAF_BYTES, size, whole->report);
    if (status == STATUS_OK) {
        status = table_count(txn, TABLE_tile, &count);
    }
    if (status == STATUS_OK && count > tiles_count(size)) {
        verify_find(whole->report, STATUS_TAMPERED, "there are tiles that no record belongs to");
    }
    return status;
}

// ---- what was signed ----

// The commit that a note names, from its header, which was checked before.
static enum status commit_at(struct txn *txn, struct bytes note, struct chain_commit *out,
                             bool *is_there)
{
    uint64_t number = 0;
    struct bytes packed;
    *is_there = false;
    if (!note_commit(note, &number)) {
        return STATUS_OK;
    }
    const enum status status = table_get_bytes(txn, TABLE_header, key_u64(number), &packed, NULL);
    if (status == STATUS_OK) {
        *is_there = chain_parse_commit(txn_arena(txn), packed, out);
    }
    return status == STATUS_NOT_FOUND || status == STATUS_TAMPERED ? STATUS_OK : status;
}

// The two tables of notes; each shows its next one.
struct notes {
    struct txn *txn;
    struct verify_report *report;
    struct anchors anchors;
    uint64_t checkpoint, epoch; // keys
};

// The note of a row; empty when there is none. Its house key likewise.
static enum status note_get(struct notes *notes, enum table table, uint64_t number,
                            struct bytes *note, struct bytes *house)
{
    ProtobufCMessage *message = NULL;
    *note = bytes_of(NULL, 0);
    *house = bytes_of(NULL, 0);
    const enum status status = table_get(notes->txn, table, key_u64(number), &message, NULL);
    if (status == STATUS_TAMPERED) {
        verify_find(notes->report, STATUS_TAMPERED,
                    "table %s, key %" PRIu64 ": the seal does not fit", table_name(table), number);
        notes->anchors.is_broken = true;
        return STATUS_OK;
    }
    if (status == STATUS_OK && table == TABLE_epoch) {
        const EpochRecord *record = (const EpochRecord *)message;
        *note = bytes_of(record->note.data, record->note.len);
        *house = bytes_of(record->house.data, record->house.len);
    } else if (status == STATUS_OK) {
        const CheckpointRecord *record = (const CheckpointRecord *)message;
        *note = bytes_of(record->note.data, record->note.len);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// One note; END when there are no more.
static enum status take_note(struct notes *notes)
{
    struct bytes checkpoint = {0};
    struct bytes epoch = {0};
    struct bytes house;
    enum status status = note_get(notes, TABLE_checkpoint, notes->checkpoint, &checkpoint, &house);
    if (status == STATUS_OK) {
        status = note_get(notes, TABLE_epoch, notes->epoch, &epoch, &house);
    }
    if (status != STATUS_OK || notes->anchors.is_broken ||
        (checkpoint.size == 0 && epoch.size == 0)) {
        return status != STATUS_OK ? status : STATUS_END;
    }
    const bool is_checkpoint = anchors_checkpoint_is_next(&notes->anchors, checkpoint, epoch);
    struct chain_commit at;
    bool is_there = false;
    status = commit_at(notes->txn, is_checkpoint ? checkpoint : epoch, &at, &is_there);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_checkpoint) {
        anchors_checkpoint(&notes->anchors, checkpoint, is_there ? &at : NULL);
        notes->checkpoint++;
    } else {
        anchors_epoch(&notes->anchors, house, epoch, is_there ? &at : NULL);
        notes->epoch++;
    }
    return STATUS_OK;
}

// As many rows as the head says, and none beside them: gaps and what stands behind them show here.
static enum status check_counts(struct notes *notes, const struct head *head)
{
    uint64_t checkpoints = 0;
    uint64_t epochs = 0;
    enum status status = table_count(notes->txn, TABLE_checkpoint, &checkpoints);
    if (status == STATUS_OK) {
        status = table_count(notes->txn, TABLE_epoch, &epochs);
    }
    if (status == STATUS_OK && !notes->anchors.is_broken &&
        (checkpoints != head->checkpoint || epochs != head->epochs ||
         notes->anchors.checkpoint != head->checkpoint ||
         notes->anchors.epoch_count != head->epochs)) {
        verify_find(notes->report, STATUS_INCOMPLETE,
                    "the head knows %" PRIu64 " checkpoints and %" PRIu64
                    " epochs, the tables hold %" PRIu64 " and %" PRIu64,
                    head->checkpoint, head->epochs, checkpoints, epochs);
    }
    return status;
}

static void expect_house(struct notes *notes, struct store *store, const uint8_t *house)
{
    struct server_keys keys CLEANUP(server_keys_wipe) = {.house_key = {0}};
    if (house != NULL) {
        memcpy(notes->anchors.house, house, KEY_BYTES);
        notes->anchors.has_house = true;
    } else if (server_keys_load(store, store_dir(store), &keys) == STATUS_OK) {
        memcpy(notes->anchors.house, keys.house_key, KEY_BYTES);
        notes->anchors.has_house = true;
    }
}

static enum status check_notes(struct whole *whole, struct txn *txn, struct arena *kept,
                               const struct audit_outside *outside)
{
    struct notes notes = {.txn = txn, .report = whole->report, .checkpoint = 1};
    anchors_init(&notes.anchors, whole->report, kept);
    memcpy(notes.anchors.book_id, whole->head->book_id, BOOK_ID_BYTES);
    notes.anchors.has_book = true;
    expect_house(&notes, whole->store, outside->house);
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        arena_reset(txn_arena(txn));
        status = take_note(&notes);
    }
    status = status == STATUS_END ? check_counts(&notes, whole->head) : status;
    struct bytes note = bytes_of(NULL, 0);
    if (status == STATUS_OK) {
        status = outside_read(outside, kept, &note);
    }
    if (status == STATUS_OK && note.size > 0) {
        struct chain_commit at;
        bool is_there = false;
        status = commit_at(txn, note, &at, &is_there);
        anchors_outside(&notes.anchors, note, is_there ? &at : NULL);
    }
    anchors_end(&notes.anchors, whole->chain.tree.size);
    return status == STATUS_OK && notes.anchors.is_exhausted ? STATUS_ENVIRONMENT : status;
}

enum status audit_store(struct store *store, const struct audit_outside *outside,
                        struct verify_report *report)
{
    CLEANUP(arena_free_at) struct arena *kept = arena_make(KEPT_BYTES);
    CLEANUP(arena_free_at) struct arena *rows = arena_make(ROWS_BYTES);
    if (kept == NULL || rows == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(store, TXN_READ, kept, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    struct whole whole = {.store = store, .report = report, .head = txn_head(txn)};
    status = table_count(txn, TABLE_journal, &whole.leaf_count);
    if (status != STATUS_OK) {
        return status;
    }
    whole.leaf = arena_alloc(kept, (whole.leaf_count + 1) * (size_t)LEAF_BYTES);
    if (whole.leaf == NULL) {
        return STATUS_ENVIRONMENT;
    }
    txn_call_begin(txn, rows, NULL);
    status = take_shares(&whole);
    report->commit_count = whole.chain.commit.number;
    report->number = whole.chain.tree.size;
    memcpy(report->tree_root, whole.chain.commit.root, LEAF_BYTES);
    if (!whole.is_sound && report->finding_count == 0) {
        verify_find(report, STATUS_TAMPERED, "a part of the journal cannot be followed");
    }
    if (status == STATUS_OK && whole.is_sound) {
        check_head(&whole);
        status =
            whole.chain.tree.size == whole.head->tree.size ? check_tiles(&whole, txn) : STATUS_OK;
    }
    return status == STATUS_OK && whole.is_sound ? check_notes(&whole, txn, kept, outside) : status;
}
