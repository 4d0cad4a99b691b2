// SPDX-License-Identifier: Apache-2.0
#include "server/machine/machine.h"
#include "server/ops/audit.h"
#include "server/ops/backup.h"
#include "server/ops/init.h"
#include "server/ops/signer.h"
#include "server/store/file.h"
#include "server/store/keyring.h"
#include "server/store/seal.h"
#include "server/store/tables.h"
#include "shared/wire.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <lmdb.h>
#include <sys/wait.h>
#include <unistd.h>

// Whatever is changed in a journal of 300 records is found: every bit, every deletion, swap and
// truncation, lost epochs, entries signed anew with a later key. `test_flip all` turns over all
// bits of the export; without it a seeded sample.

#define RECORDS      300
#define SAMPLE       20000
#define FRAMES_MAX   1200
#define FILE_MAX     ((size_t)1024 * 1024)
#define MOMENT       ((int64_t)1795000000 * 1000000)
#define DAY          20775
#define HOURS_25     ((int64_t)25 * 3600 * 1000 * 1000)
#define EPOCH_EVERY  80 // records
#define SIGNED_EVERY 20

struct frame {
    size_t at; // in the file
    enum trail_frame type;
    struct bytes content;
};

struct journal {
    struct temporary temporary;
    char dir[160];
    char key_file[160];
    char backup[160];
    char trail_file[160];
    struct store_options options;
    struct store *store;
    struct signer *signer;
    struct arena *arena;
    int64_t now_us;
    uint8_t trail[FILE_MAX];
    size_t size;
    struct frame frame[FRAMES_MAX];
    size_t frame_count;
};

static struct journal journal;
static bool all_bits;

WRAPS static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 24;
}

// ---- a journal as a server writes it ----

static Reply *run_in(struct txn *txn, struct arena *arena, const char *name,
                     ProtobufCMessage *inner, bool *anchors)
{
    const struct command *command = command_by_name(name);
    uint8_t key[REQUEST_KEY_BYTES];
    random_fill(key, sizeof key);
    Request request;
    request__init(&request);
    request.key = (ProtobufCBinaryData){.len = sizeof key, .data = key};
    wire_set_inner((ProtobufCMessage *)&request, command->number, inner);
    const uint8_t hash[32] = {9};
    const struct peer peer = {.system = true};
    Reply *reply = arena_alloc(arena, sizeof *reply);
    assert_non_null(reply);
    reply__init(reply);
    struct call call = {.arena = arena};
    journal.now_us += 1000;
    const struct stamp stamp = {
        .number = txn_head(txn)->number + 1, .instant_us = journal.now_us, .book_day = DAY};
    assert_int_equal(machine_write(txn, &peer, &stamp, &request, hash, NULL, &call, reply),
                     STATUS_OK);
    assert_int_equal(reply->status, STATUS_OK);
    *anchors = *anchors || call.anchors;
    return reply;
}

static void note_in(struct txn *txn, bool *anchors)
{
    ServerNote note;
    server_note__init(&note);
    note.kind = NOTE_KIND__NOTE_KIND_CLOCK;
    note.step_us = journal.now_us % 1000000007;
    (void)run_in(txn, txn_arena(txn), "server_note", &note.base, anchors);
}

static void commit(struct txn *txn, bool anchors)
{
    const uint64_t number = txn_head(txn)->number;
    const bool ends_epoch = number / EPOCH_EVERY >= txn_head(txn)->epochs;
    journal.now_us += ends_epoch ? HOURS_25 : 0;
    const bool wanted =
        ends_epoch || anchors || number - txn_head(txn)->checkpoint_size >= SIGNED_EVERY;
    const struct moment moment = {.boot = {7}, .forward_us = journal.now_us};
    txn_set_moment(txn, &moment);
    txn_call_begin(txn, journal.arena, NULL);
    assert_int_equal(signer_seal(journal.signer, txn, journal.now_us, wanted), STATUS_OK);
    assert_int_equal(txn_commit(txn), STATUS_OK);
}

static struct txn *begin(enum txn_mode mode)
{
    struct txn *txn = NULL;
    arena_reset(journal.arena);
    assert_int_equal(txn_begin(journal.store, mode, journal.arena, &txn), STATUS_OK);
    return txn;
}

static void grow(void)
{
    uint64_t seed = 11;
    for (uint64_t number = 1; number < RECORDS - 1;) {
        struct txn *txn = begin(TXN_WRITE);
        bool anchors = false;
        const uint64_t wanted = 1 + next_random(&seed) % 8;
        for (uint64_t i = 0; i < wanted && txn_head(txn)->number < RECORDS - 1; i++) {
            note_in(txn, &anchors);
        }
        number = txn_head(txn)->number;
        commit(txn, anchors);
    }
}

// The export as a client fetches it, page by page.
static void fetch(uint64_t export_id)
{
    AuditPage page;
    audit_page__init(&page);
    page.export_id = export_id;
    char cursor[128] = "";
    do {
        struct txn *txn = begin(TXN_READ);
        Request request;
        request__init(&request);
        const struct command *command = command_by_name("audit_page");
        page.cursor = cursor;
        wire_set_inner((ProtobufCMessage *)&request, command->number, &page.base);
        const struct peer peer = {.system = true};
        const struct stamp stamp = {.instant_us = journal.now_us, .book_day = DAY};
        struct call call = {.arena = journal.arena};
        Reply reply;
        reply__init(&reply);
        assert_int_equal(machine_read(txn, NULL, &peer, &stamp, &request, &call, &reply),
                         STATUS_OK);
        assert_int_equal(reply.status, STATUS_OK);
        const AuditPageReply *answer = reply.audit_page;
        assert_true(journal.size + answer->frames.len <= FILE_MAX);
        memcpy(journal.trail + journal.size, answer->frames.data, answer->frames.len);
        journal.size += answer->frames.len;
        (void)snprintf(cursor, sizeof cursor, "%s", answer->page->next);
        txn_abort(txn);
    } while (cursor[0] != '\0');
}

static void export_all(void)
{
    struct txn *txn = begin(TXN_WRITE);
    bool anchors = false;
    AuditExport request;
    audit_export__init(&request);
    const Reply *reply = run_in(txn, journal.arena, "audit_export", &request.base, &anchors);
    const uint64_t export_id = reply->audit_export->export_id;
    assert_int_equal(reply->audit_export->records, RECORDS - 1);
    assert_true(anchors);
    commit(txn, anchors);
    fetch(export_id);
    assert_int_equal(
        file_write_new(journal.trail_file, 0600, bytes_of(journal.trail, journal.size)), STATUS_OK);
}

static void split(void)
{
    size_t at = TRAIL_MAGIC_BYTES;
    while (at < journal.size) {
        struct frame *frame = &journal.frame[journal.frame_count++];
        size_t size = 0;
        assert_true(journal.frame_count < FRAMES_MAX);
        assert_true(trail_parse_front(journal.trail + at, &frame->type, &size));
        frame->at = at;
        frame->content = bytes_of(journal.trail + at + TRAIL_FRONT_BYTES, size);
        at += TRAIL_FRONT_BYTES + size;
    }
    journal.frame[journal.frame_count].at = journal.size;
}

static int set_up(void **state)
{
    (void)state;
    temporary_make(&journal.temporary);
    char invitation[160];
    temporary_path(&journal.temporary, "book", journal.dir, sizeof journal.dir);
    temporary_path(&journal.temporary, "book.key", journal.key_file, sizeof journal.key_file);
    temporary_path(&journal.temporary, "backup", journal.backup, sizeof journal.backup);
    temporary_path(&journal.temporary, "trail", journal.trail_file, sizeof journal.trail_file);
    temporary_path(&journal.temporary, "owner", invitation, sizeof invitation);
    journal.options = (struct store_options){.dir = journal.dir, .key_file = journal.key_file};
    journal.arena = arena_make((size_t)64 * 1024 * 1024);
    const struct init_options options = {.dir = journal.dir,
                                         .company = "示例商贸",
                                         .currency = "CNY",
                                         .chart = "cn-small",
                                         .time_zone = "Asia/Shanghai",
                                         .owner = "zhang",
                                         .invitation = invitation,
                                         .instant_us = MOMENT - 1000};
    struct init_report report;
    journal.now_us = MOMENT;
    assert_non_null(journal.arena);
    assert_int_equal(init_run(&options, &report), STATUS_OK);
    assert_int_equal(store_open(&journal.options, &journal.store), STATUS_OK);
    assert_int_equal(signer_open(journal.store, journal.dir, &journal.signer), STATUS_OK);
    grow();
    export_all();
    split();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    signer_free(journal.signer);
    store_close(journal.store);
    arena_free(journal.arena);
    temporary_remove(&journal.temporary);
    return 0;
}

// ---- the whole ----

static const struct audit_outside NOTHING = {.house = NULL};

static enum status audit_now(struct verify_report *report)
{
    *report = (struct verify_report){.row_count = 0};
    assert_int_equal(audit_store(journal.store, &NOTHING, report), STATUS_OK);
    return verify_outcome(report);
}

static void the_journal_is_whole_wherever_it_lies(void **state)
{
    (void)state;
    struct verify_report report;
    const enum status status = audit_now(&report);
    assert_string_equal(report.finding[0].text, "");
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(report.number, RECORDS);
    assert_true(report.checkpoint_count >= 10);
    assert_int_equal(report.epoch_count, 4);
    assert_int_equal(report.unsigned_count, 0);

    const struct audit_options trail = {.trail = journal.trail_file};
    const enum status exported = audit_run(&trail, &report);
    assert_string_equal(report.finding[0].text, "");
    assert_int_equal(exported, STATUS_OK);
    assert_int_equal(report.number, RECORDS);
    assert_int_equal(report.epoch_count, 4);

    store_close(journal.store);
    struct backup_report written;
    assert_int_equal(backup_write(&journal.options, journal.backup, journal.now_us, &written),
                     STATUS_OK);
    struct audit_options backup = {.backup = journal.backup, .store = journal.options};
    const enum status saved = audit_run(&backup, &report);
    assert_string_equal(report.finding[0].text, "");
    assert_int_equal(saved, STATUS_OK);
    assert_int_equal(report.number, RECORDS);
    const struct audit_options offline = {.store = journal.options, .replay = true};
    const enum status replayed = audit_run(&offline, &report);
    assert_string_equal(report.finding[0].text, "");
    assert_int_equal(replayed, STATUS_OK);
    assert_int_equal(report.replayed_count, RECORDS);
    assert_int_equal(store_open(&journal.options, &journal.store), STATUS_OK);
}

// ---- sealed bytes: every bit of every key and value ----

static size_t flip_row(const struct secrets *secrets, enum table table, MDB_val *name,
                       MDB_val *value, struct arena *arena)
{
    static uint8_t bytes[FILE_MAX];
    struct row_key key = {.size = (uint8_t)name->mv_size};
    memcpy(key.bytes, name->mv_data, name->mv_size);
    memcpy(bytes, value->mv_data, value->mv_size);
    const struct bytes sealed = bytes_of(bytes, value->mv_size);
    struct bytes plain;
    uint32_t version = 0;
    assert_int_equal(row_open(secrets, table, &key, sealed, arena, &plain, &version), STATUS_OK);
    for (size_t bit = 0; bit < 8 * name->mv_size; bit++) {
        key.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        arena_reset(arena);
        assert_int_not_equal(row_open(secrets, table, &key, sealed, arena, &plain, &version),
                             STATUS_OK);
        key.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * value->mv_size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        arena_reset(arena);
        assert_int_not_equal(row_open(secrets, table, &key, sealed, arena, &plain, &version),
                             STATUS_OK);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    return 8 * (name->mv_size + value->mv_size);
}

static const enum table TABLES[] = {TABLE_journal, TABLE_header, TABLE_tile, TABLE_checkpoint,
                                    TABLE_epoch};

static void every_bit_of_every_stored_row_breaks_its_seal(void **state)
{
    (void)state;
    store_close(journal.store);
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)1024 * 1024);
    CLEANUP(secrets_free_at) struct secrets *secrets = secrets_make();
    const struct unlock unlock = {.key_file = journal.key_file};
    assert_int_equal(keyring_open(journal.dir, &unlock, secrets), STATUS_OK);
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, TABLE_LIMIT), 0);
    assert_int_equal(mdb_env_open(env, journal.dir, MDB_RDONLY, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    size_t bits = 0;
    for (size_t i = 0; i < COUNT_OF(TABLES); i++) {
        MDB_dbi dbi;
        MDB_cursor *cursor = NULL;
        MDB_val name;
        MDB_val value;
        assert_int_equal(mdb_dbi_open(txn, table_name(TABLES[i]), 0, &dbi), 0);
        assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
        while (mdb_cursor_get(cursor, &name, &value, MDB_NEXT) == 0) {
            bits += flip_row(secrets, TABLES[i], &name, &value, arena);
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    mdb_env_close(env);
    print_message("%zu bits\n", bits);
    assert_true(bits > 500000);
    assert_int_equal(store_open(&journal.options, &journal.store), STATUS_OK);
}

// ---- opened bytes: who can seal what he likes, and the bytes of an export ----

struct saved {
    struct trail_check check;
    struct chain_leaf waiting[64];
    size_t waiting_count;
};

static void save(struct saved *saved, const struct trail_check *check)
{
    const struct chain *chain = &check->chain;
    saved->check = *check;
    saved->waiting_count = chain->waiting_count - chain->waiting_first;
    assert_true(saved->waiting_count <= COUNT_OF(saved->waiting));
    if (saved->waiting_count > 0) {
        memcpy(saved->waiting, chain->waiting + chain->waiting_first,
               saved->waiting_count * sizeof *saved->waiting);
    }
}

static void back(const struct saved *saved, struct trail_check *check)
{
    *check = saved->check;
    if (saved->waiting_count > 0) {
        memcpy(check->chain.waiting + check->chain.waiting_first, saved->waiting,
               saved->waiting_count * sizeof *saved->waiting);
    }
}

struct flipper {
    uint8_t *bytes; // a copy of the export
    FILE *file;
    struct arena *kept;
    struct arena *scratch;
    struct verify_report report;
    struct trail_check check;
    uint64_t seed;
    size_t tried;
    size_t missed;
};

static void flip(struct flipper *flipper, const struct saved *saved, size_t start, size_t bit)
{
    flipper->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    back(saved, &flipper->check);
    flipper->check.chain.report->finding_count = 0;
    assert_int_equal(fseek(flipper->file, (long)start, SEEK_SET), 0);
    assert_int_equal(trail_check_read(&flipper->check, flipper->file, flipper->scratch), STATUS_OK);
    if (flipper->report.finding_count == 0) {
        trail_check_end(&flipper->check);
    }
    flipper->tried++;
    flipper->missed += flipper->report.finding_count == 0;
    if (flipper->report.finding_count == 0) {
        print_message("bit %zu of byte %zu was not found: %c\n", bit % 8, bit / 8,
                      (char)(flipper->bytes[bit / 8] ^ (1u << bit % 8)));
    }
    flipper->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

// Frame by frame: what stands before a flipped bit is taken once.
static void flip_frames(struct flipper *flipper, size_t first, size_t step, uint64_t share)
{
    static struct saved saved;
    trail_check_init(&flipper->check, &flipper->report, flipper->kept, bytes_of(NULL, 0));
    flipper->check.stops_at_first = true;
    for (size_t i = 0; i < journal.frame_count; i++) {
        const size_t start = journal.frame[i].at;
        const size_t end = journal.frame[i + 1].at;
        save(&saved, &flipper->check);
        for (size_t bit = 8 * start; bit < 8 * end && i % step == first; bit++) {
            if (share == 1 || next_random(&flipper->seed) % share == 0) {
                flip(flipper, &saved, start, bit);
            }
        }
        back(&saved, &flipper->check);
        flipper->report.finding_count = 0;
        arena_reset(flipper->scratch);
        trail_check_frame(&flipper->check, flipper->scratch, journal.frame[i].type,
                          journal.frame[i].content);
        assert_int_equal(flipper->report.finding_count, 0);
    }
}

static void flipper_open(struct flipper *flipper)
{
    flipper->bytes = malloc(journal.size);
    flipper->kept = arena_make((size_t)512 * 1024 * 1024);
    flipper->scratch = arena_make((size_t)16 * 1024 * 1024);
    assert_true(flipper->bytes != NULL && flipper->kept != NULL && flipper->scratch != NULL);
    memcpy(flipper->bytes, journal.trail, journal.size);
    flipper->file = fmemopen(flipper->bytes, journal.size, "rb");
    assert_non_null(flipper->file);
}

static void flipper_close(struct flipper *flipper)
{
    (void)fclose(flipper->file);
    arena_free(flipper->kept);
    arena_free(flipper->scratch);
    free(flipper->bytes);
}

static size_t flip_share(size_t first, size_t step, uint64_t share)
{
    struct flipper flipper = {.seed = 4711 + first};
    flipper_open(&flipper);
    flip_frames(&flipper, first, step, share);
    print_message("%zu bits of the export, %zu missed\n", flipper.tried, flipper.missed);
    flipper_close(&flipper);
    return flipper.missed;
}

static void every_bit_of_an_export_is_found(void **state)
{
    (void)state;
    const uint64_t share = all_bits ? 1 : 8 * journal.size / SAMPLE;
    const size_t step = all_bits ? 2 : 1;
    const pid_t other = all_bits ? fork() : 1;
    assert_true(other >= 0);
    const size_t missed = flip_share(other == 0 ? 1 : 0, step, share);
    if (other == 0) {
        _exit(missed == 0 ? 0 : 1);
    }
    assert_int_equal(missed, 0);
    int result = 0;
    assert_true(!all_bits || (waitpid(other, &result, 0) == other && result == 0));
    // The magic is looked at before the first frame.
    for (size_t bit = 0; bit < 8 * (size_t)TRAIL_MAGIC_BYTES; bit++) {
        struct verify_report report;
        const struct audit_options options = {.trail = journal.trail_file};
        temporary_flip(journal.trail_file, (off_t)(bit / 8), (int)(bit % 8));
        assert_int_equal(audit_run(&options, &report), STATUS_UNREADABLE);
        temporary_flip(journal.trail_file, (off_t)(bit / 8), (int)(bit % 8));
    }
}

struct tile_rows {
    struct bytes row[2];
};

static enum status tile_of(void *context, unsigned level, uint64_t index, struct bytes *hashes)
{
    const struct tile_rows *rows = context;
    *hashes = level < 2 && index == 0 ? rows->row[level] : bytes_of(NULL, 0);
    return STATUS_OK;
}

static void every_bit_of_a_tile_is_found(void **state)
{
    (void)state;
    static uint8_t leaf[RECORDS][LEAF_BYTES];
    static uint8_t full[256 * LEAF_BYTES];
    static uint8_t above[LEAF_BYTES];
    struct txn *txn = begin(TXN_READ);
    for (uint64_t i = 0; i < RECORDS; i++) {
        struct bytes packed;
        assert_int_equal(table_get_bytes(txn, TABLE_journal, key_u64(i + 1), &packed, NULL),
                         STATUS_OK);
        tree_leaf(packed, leaf[i]);
    }
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_tile, key_u64_u64(0, 0), &message, NULL), STATUS_OK);
    memcpy(full, ((const TileRecord *)message)->hash.data, sizeof full);
    assert_int_equal(table_get(txn, TABLE_tile, key_u64_u64(1, 0), &message, NULL), STATUS_OK);
    memcpy(above, ((const TileRecord *)message)->hash.data, sizeof above);
    txn_abort(txn);
    struct tile_rows rows = {{bytes_of(full, sizeof full), bytes_of(above, sizeof above)}};
    const struct tile_source source = {&rows, tile_of};
    struct verify_report report = {.finding_count = 0};
    assert_int_equal(tiles_check(&source, leaf[0], LEAF_BYTES, RECORDS, &report), STATUS_OK);
    assert_int_equal(report.finding_count, 0);
    uint64_t seed = 5;
    for (size_t bit = 0; bit < 8 * (sizeof full + sizeof above); bit++) {
        if (!all_bits && next_random(&seed) % 8 != 0) {
            continue;
        }
        uint8_t *byte = bit / 8 < sizeof full ? &full[bit / 8] : &above[bit / 8 - sizeof full];
        *byte ^= (uint8_t)(1u << bit % 8);
        report.finding_count = 0;
        assert_int_equal(tiles_check(&source, leaf[0], LEAF_BYTES, RECORDS, &report), STATUS_OK);
        assert_int_equal(report.finding_count, 1);
        *byte ^= (uint8_t)(1u << bit % 8);
    }
}

// ---- frames deleted, swapped, cut ----

// The frames in another order; `order` of journal.frame indexes. How many findings?
static size_t findings_of(const size_t *order, size_t count)
{
    CLEANUP(arena_free_at) struct arena *kept = arena_make((size_t)16 * 1024 * 1024);
    CLEANUP(arena_free_at) struct arena *scratch = arena_make((size_t)16 * 1024 * 1024);
    struct verify_report report = {.finding_count = 0};
    static struct trail_check check;
    trail_check_init(&check, &report, kept, bytes_of(NULL, 0));
    for (size_t i = 0; i < count && report.finding_count == 0; i++) {
        const struct frame *frame = &journal.frame[order[i]];
        arena_reset(scratch);
        trail_check_frame(&check, scratch, frame->type, frame->content);
    }
    trail_check_end(&check);
    return report.finding_count;
}

static void in_order(size_t *order)
{
    for (size_t i = 0; i < journal.frame_count; i++) {
        order[i] = i;
    }
}

static void every_deletion_doubling_and_truncation_is_found(void **state)
{
    (void)state;
    static size_t order[FRAMES_MAX + 1];
    const size_t count = journal.frame_count;
    in_order(order);
    assert_int_equal(findings_of(order, count), 0);
    for (size_t gone = 0; gone < count; gone++) {
        in_order(order);
        memmove(order + gone, order + gone + 1, (count - gone - 1) * sizeof *order);
        assert_true(findings_of(order, count - 1) > 0);
        in_order(order);
        memmove(order + gone + 1, order + gone, (count - gone) * sizeof *order);
        assert_true(findings_of(order, count + 1) > 0);
        in_order(order);
        assert_true(findings_of(order, gone) > 0); // cut off here
    }
}

static void every_swap_is_found(void **state)
{
    (void)state;
    static size_t order[FRAMES_MAX];
    uint64_t seed = 3;
    const size_t count = journal.frame_count;
    for (size_t i = 0; i < 3 * count; i++) {
        const size_t a = i < count ? i : next_random(&seed) % count;
        const size_t b = i < count ? i + 1 : next_random(&seed) % count;
        if (a == b || b >= count) {
            continue;
        }
        in_order(order);
        order[a] = b;
        order[b] = a;
        if (findings_of(order, count) == 0) {
            fail_msg("frames %zu (%c) and %zu (%c)", a, (char)journal.frame[a].type, b,
                     (char)journal.frame[b].type);
        }
    }
}

static void a_file_cut_at_any_byte_is_found(void **state)
{
    (void)state;
    uint64_t seed = 17;
    struct verify_report report;
    const struct audit_options options = {.trail = journal.trail_file};
    for (size_t i = 0; i < 120; i++) {
        const size_t size = i < 60 ? journal.size - 1 - i : next_random(&seed) % journal.size;
        assert_int_equal(truncate(journal.trail_file, (off_t)size), 0);
        assert_int_not_equal(audit_run(&options, &report), STATUS_OK);
        assert_int_equal(
            file_replace(journal.trail_file, 0600, bytes_of(journal.trail, journal.size)),
            STATUS_OK);
    }
    FILE *file = fopen(journal.trail_file, "ab");
    assert_non_null(file);
    assert_int_equal(fputc(0, file), 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(audit_run(&options, &report), STATUS_TAMPERED);
    assert_int_equal(file_replace(journal.trail_file, 0600, bytes_of(journal.trail, journal.size)),
                     STATUS_OK);
}

// ---- rows of the store deleted and changed, with good seals ----

static void expect_found(enum table table, const struct row_key *key)
{
    struct verify_report report;
    if (audit_now(&report) == STATUS_OK) {
        fail_msg("table %s, key %llu", table_name(table), (unsigned long long)row_key_first(key));
    }
}

static void replace(enum table table, struct row_key key, struct bytes packed, uint32_t version)
{
    struct txn *txn = NULL;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)1024 * 1024);
    assert_int_equal(txn_begin(journal.store, TXN_WRITE, arena, &txn), STATUS_OK);
    const enum status gone = table_del(txn, table, key);
    assert_true(gone == STATUS_OK || gone == STATUS_NOT_FOUND);
    if (packed.size > 0) {
        assert_int_equal(table_put_bytes(txn, table, key, packed, version), STATUS_OK);
    }
    assert_int_equal(txn_commit(txn), STATUS_OK);
}

static void spoil_row(enum table table, struct row_key key, struct bytes packed, uint32_t version,
                      uint64_t *seed)
{
    static uint8_t copy[FILE_MAX];
    const size_t bit = next_random(seed) % (8 * packed.size);
    memcpy(copy, packed.data, packed.size);
    copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    replace(table, key, bytes_of(copy, packed.size), version);
    expect_found(table, &key);
    replace(table, key, bytes_of(NULL, 0), 0);
    expect_found(table, &key);
    replace(table, key, packed, version);
}

static void every_row_deleted_or_sealed_anew_is_found(void **state)
{
    (void)state;
    uint64_t seed = 23;
    for (size_t i = 0; i < COUNT_OF(TABLES); i++) {
        CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)16 * 1024 * 1024);
        static struct row_key keys[RECORDS + 1];
        size_t count = 0;
        struct txn *txn = begin(TXN_READ);
        struct scan *scan = NULL;
        struct bytes packed;
        uint32_t version = 0;
        assert_int_equal(scan_open(txn, TABLES[i], (struct row_key){.size = 0}, 0, false, &scan),
                         STATUS_OK);
        while (scan_next_bytes(scan, &keys[count], &packed, NULL) == STATUS_OK) {
            assert_true(++count <= RECORDS);
        }
        scan_close(scan);
        txn_abort(txn);
        // Of long tables each third row; the export's tests look at all of them.
        for (size_t k = 0; k<count; k += count> 100 ? 3 : 1) {
            txn = NULL;
            arena_reset(arena);
            assert_int_equal(txn_begin(journal.store, TXN_READ, arena, &txn), STATUS_OK);
            assert_int_equal(table_get_bytes(txn, TABLES[i], keys[k], &packed, &version),
                             STATUS_OK);
            txn_abort(txn);
            spoil_row(TABLES[i], keys[k], packed, version, &seed);
        }
    }
    struct verify_report report;
    assert_int_equal(audit_now(&report), STATUS_OK);
}

// ---- who can seal, and has the signing key of today ----

// The journal as somebody would make it who changed record `number`: leaves, roots and headers
// follow; then the notes of the epochs that `pair` is given for are signed anew.
struct forgery {
    struct arena *arena;
    struct frame frame[FRAMES_MAX];
    struct tree tree;
    uint8_t header[LEAF_BYTES];
    uint64_t number;
};

static struct bytes changed(struct forgery *forgery, struct bytes packed)
{
    ProtobufCMessage *message = NULL;
    assert_int_equal(wire_unpack(forgery->arena, &journal_record__descriptor, packed, &message),
                     STATUS_OK);
    ((JournalRecord *)message)->user_id += 1;
    struct bytes out;
    assert_int_equal(wire_pack(forgery->arena, message, &out), STATUS_OK);
    return out;
}

static struct bytes reheaded(struct forgery *forgery, struct bytes packed)
{
    ProtobufCMessage *message = NULL;
    assert_int_equal(wire_unpack(forgery->arena, &header_record__descriptor, packed, &message),
                     STATUS_OK);
    HeaderRecord *header = (HeaderRecord *)message;
    tree_root(&forgery->tree, header->root.data);
    memcpy(header->previous.data, forgery->header, LEAF_BYTES);
    struct bytes out;
    assert_int_equal(wire_pack(forgery->arena, message, &out), STATUS_OK);
    header_hash(out, forgery->header);
    return out;
}

// `pair` NULL: nobody signs. `as_epoch`: what the checkpoints of `from_epoch` and later say;
// UINT64_MAX: their own.
static struct bytes resigned(struct forgery *forgery, struct bytes note,
                             const struct key_pair *pair, uint64_t from_epoch, uint64_t as_epoch)
{
    struct bytes text;
    struct checkpoint checkpoint;
    assert_true(note_text(note, &text) && checkpoint_parse(text, &checkpoint));
    if (pair == NULL || checkpoint.epoch < from_epoch) {
        return note;
    }
    tree_root(&forgery->tree, checkpoint.root);
    memcpy(checkpoint.header, forgery->header, LEAF_BYTES);
    checkpoint.epoch = as_epoch == UINT64_MAX ? checkpoint.epoch : as_epoch;
    char origin[NOTE_NAME_MAX];
    audit_origin(checkpoint.book_id, origin);
    struct bytes out;
    assert_int_equal(note_sign(forgery->arena, checkpoint_print(forgery->arena, &checkpoint),
                               origin, pair, &out),
                     STATUS_OK);
    return out;
}

static size_t forge(uint64_t number, const struct key_pair *pair, uint64_t from_epoch,
                    uint64_t as_epoch, struct bytes outside)
{
    static struct forgery forgery;
    static struct trail_check check;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024 * 1024);
    struct verify_report report = {.finding_count = 0};
    forgery = (struct forgery){.arena = arena, .number = number};
    trail_check_init(&check, &report, arena, outside);
    for (size_t i = 0; i < journal.frame_count; i++) {
        struct frame frame = journal.frame[i];
        uint8_t leaf[LEAF_BYTES];
        switch (frame.type) {
        case TRAIL_RECORD:
            frame.content =
                forgery.tree.size + 1 == number ? changed(&forgery, frame.content) : frame.content;
            tree_leaf(frame.content, leaf);
            tree_append(&forgery.tree, leaf);
            break;
        case TRAIL_COMMIT:
            frame.content = reheaded(&forgery, frame.content);
            break;
        case TRAIL_CHECKPOINT:
            frame.content = resigned(&forgery, frame.content, pair, from_epoch, as_epoch);
            break;
        case TRAIL_EPOCH:
        case TRAIL_END:
            break;
        }
        trail_check_frame(&check, arena, frame.type, frame.content);
    }
    trail_check_end(&check);
    return report.finding_count;
}

// The secret of the epoch that is on, as somebody finds it in audit.key who has the store's key.
static struct key_pair stolen_key(void)
{
    char path[PATH_BYTES_MAX];
    uint8_t sealed[256];
    uint8_t plain[256];
    size_t size = 0;
    assert_true(file_path(journal.dir, "audit.key", path));
    assert_int_equal(file_read(path, sealed, sizeof sealed, &size), STATUS_OK);
    const struct key seal = store_key(journal.store, STORE_KEY_AUDIT);
    assert_int_equal(
        key_open(&seal, bytes_of("kontor audit.key 1", 18), bytes_of(sealed, size), plain),
        STATUS_OK);
    // The last key of the file is the one that is on.
    const size_t slot = plain[0] == 2 ? 1 + 48 : 1;
    struct key_pair pair;
    key_sign_pair(&pair, plain + slot + 16);
    return pair;
}

static void records_sealed_anew_do_not_meet_what_was_signed(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= RECORDS; number += 7) {
        assert_true(forge(number, NULL, 0, 0, bytes_of(NULL, 0)) > 0);
    }
}

static void a_later_key_signs_nothing_that_was_before_it(void **state)
{
    (void)state;
    const struct key_pair stolen = stolen_key();
    const uint64_t present = 3;
    for (uint64_t number = 1; number < 3 * EPOCH_EVERY - EPOCH_EVERY; number += 13) {
        assert_true(forge(number, &stolen, present, UINT64_MAX, bytes_of(NULL, 0)) > 0);
        assert_true(forge(number, &stolen, 0, present, bytes_of(NULL, 0)) > 0);
        assert_true(forge(number, &stolen, 0, UINT64_MAX, bytes_of(NULL, 0)) > 0);
    }
}

// The honest limit: in the present epoch only a checkpoint that somebody else holds is against him.
static void a_checkpoint_kept_outside_finds_what_todays_key_signs(void **state)
{
    (void)state;
    const struct key_pair stolen = stolen_key();
    struct bytes outside = bytes_of(NULL, 0);
    uint64_t present = 0;
    for (size_t i = 0; i < journal.frame_count; i++) {
        struct bytes text;
        struct checkpoint checkpoint;
        if (journal.frame[i].type == TRAIL_CHECKPOINT) {
            outside = journal.frame[i].content;
            assert_true(note_text(outside, &text) && checkpoint_parse(text, &checkpoint));
            present = checkpoint.epoch;
        }
    }
    assert_int_equal(present, 3);
    assert_int_equal(forge(RECORDS, &stolen, present, UINT64_MAX, bytes_of(NULL, 0)), 0);
    assert_true(forge(RECORDS, &stolen, present, UINT64_MAX, outside) > 0);
    // A journal that is shorter than what somebody holds has lost its end.
    static size_t order[FRAMES_MAX];
    in_order(order);
    struct verify_report report = {.finding_count = 0};
    static struct trail_check check;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024 * 1024);
    trail_check_init(&check, &report, arena, outside);
    for (size_t i = 0; i < journal.frame_count / 2; i++) {
        trail_check_frame(&check, arena, journal.frame[i].type, journal.frame[i].content);
    }
    check.ended = true;
    trail_check_end(&check);
    assert_int_equal(verify_outcome(&report), STATUS_INCOMPLETE);
}

int main(int count, char **words)
{
    all_bits = count > 1 && strcmp(words[1], "all") == 0;
    if (keys_start() != STATUS_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_journal_is_whole_wherever_it_lies),
        cmocka_unit_test(every_bit_of_every_stored_row_breaks_its_seal),
        cmocka_unit_test(every_bit_of_an_export_is_found),
        cmocka_unit_test(every_bit_of_a_tile_is_found),
        cmocka_unit_test(every_deletion_doubling_and_truncation_is_found),
        cmocka_unit_test(every_swap_is_found),
        cmocka_unit_test(a_file_cut_at_any_byte_is_found),
        cmocka_unit_test(every_row_deleted_or_sealed_anew_is_found),
        cmocka_unit_test(records_sealed_anew_do_not_meet_what_was_signed),
        cmocka_unit_test(a_later_key_signs_nothing_that_was_before_it),
        cmocka_unit_test(a_checkpoint_kept_outside_finds_what_todays_key_signs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
