// SPDX-License-Identifier: Apache-2.0
#include "server/machine/machine.h"
#include "server/ops/audit.h"
#include "server/ops/init.h"
#include "server/ops/server_keys.h"
#include "server/ops/signer.h"
#include "server/store/file.h"
#include "shared/checkpoint.h"
#include "shared/wire.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#define MOMENT   ((int64_t)1795000000 * 1000000)
#define DAY      20775
#define HOURS_25 ((int64_t)25 * 3600 * 1000 * 1000)

struct house {
    struct temporary temporary;
    char dir[160];
    char key_file[160];
    char house_file[160];
    char audit_key[200];
    struct store_options options;
    struct store *store;
    struct signer *signer;
    struct arena *arena;
    int64_t now_us;
};

static void open_all(struct house *house)
{
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
    assert_int_equal(signer_open(house->store, house->dir, &house->signer), STATUS_OK);
}

static void close_all(struct house *house)
{
    signer_free(house->signer);
    store_close(house->store);
    house->signer = NULL;
    house->store = NULL;
}

static int set_up(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    char invitation[160];
    temporary_make(&house->temporary);
    temporary_path(&house->temporary, "book", house->dir, sizeof house->dir);
    temporary_path(&house->temporary, "book.key", house->key_file, sizeof house->key_file);
    temporary_path(&house->temporary, "book.house", house->house_file, sizeof house->house_file);
    temporary_path(&house->temporary, "book/audit.key", house->audit_key, sizeof house->audit_key);
    temporary_path(&house->temporary, "owner", invitation, sizeof invitation);
    house->options = (struct store_options){.dir = house->dir, .key_file = house->key_file};
    house->arena = arena_make((size_t)64 * 1024 * 1024);
    assert_non_null(house->arena);
    house->now_us = MOMENT;
    const struct init_options options = {.dir = house->dir,
                                         .company = "示例商贸",
                                         .currency = "CNY",
                                         .chart = "cn-small",
                                         .time_zone = "Asia/Shanghai",
                                         .owner = "zhang",
                                         .invitation = invitation,
                                         .instant_us = MOMENT - 1000};
    struct init_report report;
    assert_int_equal(init_run(&options, &report), STATUS_OK);
    open_all(house);
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    close_all(house);
    arena_free(house->arena);
    temporary_remove(&house->temporary);
    free(house);
    return 0;
}

static struct txn *begin(struct house *house, enum txn_mode mode)
{
    struct txn *txn = NULL;
    arena_reset(house->arena);
    assert_int_equal(txn_begin(house->store, mode, house->arena, &txn), STATUS_OK);
    return txn;
}

static void note_in(struct house *house, struct txn *txn)
{
    ServerNote note;
    server_note__init(&note);
    note.kind = NOTE_KIND__NOTE_KIND_CLOCK;
    Request request;
    request__init(&request);
    wire_set_inner(&request.base, command_by_name("server_note")->number, &note.base);
    const uint8_t hash[32] = {9};
    const struct peer peer = {.system = true};
    Reply reply;
    reply__init(&reply);
    struct call call = {.arena = house->arena};
    house->now_us += 1000;
    const struct stamp stamp = {
        .number = txn_head(txn)->number + 1, .instant_us = house->now_us, .book_day = DAY};
    assert_int_equal(machine_write(txn, &peer, &stamp, &request, hash, NULL, &call, &reply),
                     STATUS_OK);
    assert_int_equal(reply.status, STATUS_OK);
}

// A batch with so many records. Is it committed?
static void batch(struct house *house, size_t count, bool demanded, bool commits)
{
    struct txn *txn CLEANUP(txn_abort_at) = begin(house, TXN_WRITE);
    for (size_t i = 0; i < count; i++) {
        note_in(house, txn);
    }
    txn_call_begin(txn, house->arena, NULL);
    assert_int_equal(signer_seal(house->signer, txn, house->now_us, demanded), STATUS_OK);
    if (commits) {
        assert_int_equal(txn_commit(txn), STATUS_OK);
    }
}

static struct head head_of(struct house *house)
{
    struct txn *txn = begin(house, TXN_READ);
    const struct head head = *txn_head(txn);
    txn_abort(txn);
    return head;
}

static enum status audit(struct house *house, struct verify_report *report)
{
    const struct audit_outside nothing = {.house = NULL};
    *report = (struct verify_report){.row_count = 0};
    assert_int_equal(audit_store(house->store, &nothing, report), STATUS_OK);
    return verify_outcome(report);
}

static void expect_whole(struct house *house)
{
    struct verify_report report;
    const enum status status = audit(house, &report);
    assert_string_equal(report.finding[0].text, "");
    assert_int_equal(status, STATUS_OK);
}

static void a_new_book_is_signed_from_its_first_record(void **state)
{
    struct house *house = *state;
    const struct head head = head_of(house);
    assert_int_equal(head.number, 1);
    assert_int_equal(head.commit, 1);
    assert_int_equal(head.checkpoint, 1);
    assert_int_equal(head.checkpoint_size, 1);
    assert_int_equal(head.epochs, 1);
    expect_whole(house);
}

// The last checkpoint of the book and how much it covers.
static void expect_checkpoint(struct house *house, uint64_t number, uint64_t size)
{
    const struct head head = head_of(house);
    assert_int_equal(head.checkpoint, number);
    assert_int_equal(head.checkpoint_size, size);
}

static void a_checkpoint_comes_when_asked_for_or_by_the_thousand(void **state)
{
    struct house *house = *state;
    batch(house, 5, false, true);
    expect_checkpoint(house, 1, 1);
    batch(house, 0, true, true);
    expect_checkpoint(house, 2, 6);
    batch(house, 0, true, true); // nothing is new
    expect_checkpoint(house, 2, 6);
    batch(house, CHECKPOINT_RECORDS - 1, false, true);
    expect_checkpoint(house, 2, 6);
    batch(house, 1, false, true);
    expect_checkpoint(house, 3, 6 + CHECKPOINT_RECORDS);
    expect_whole(house);
}

static void too_many_records_without_a_checkpoint_are_a_finding(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    for (size_t i = 0; i < (size_t)CHECKPOINT_RECORDS + BATCH_CALLS_MAX + 1; i++) {
        note_in(house, txn);
    }
    assert_int_equal(txn_commit(txn), STATUS_OK);
    struct verify_report report;
    assert_int_equal(audit(house, &report), STATUS_INCOMPLETE);
    assert_int_equal(report.unsigned_count, CHECKPOINT_RECORDS + BATCH_CALLS_MAX + 1);
}

// Does the file hold these bytes after its seal is opened?
static bool holds_two_keys(struct house *house)
{
    uint8_t sealed[256];
    uint8_t plain[256];
    size_t size = 0;
    const struct key seal = store_key(house->store, STORE_KEY_AUDIT);
    assert_int_equal(file_read(house->audit_key, sealed, sizeof sealed, &size), STATUS_OK);
    assert_int_equal(
        key_open(&seal, bytes_of("kontor audit.key 1", 18), bytes_of(sealed, size), plain),
        STATUS_OK);
    return plain[0] == 2;
}

static void an_epoch_ends_after_a_day_and_its_key_goes(void **state)
{
    struct house *house = *state;
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        house->now_us += HOURS_25;
        batch(house, 1, true, true);
        assert_int_equal(head_of(house).epochs, epoch + 1);
        assert_true(holds_two_keys(house));
        batch(house, 0, true, true); // the transaction is known to be there
        assert_false(holds_two_keys(house));
        batch(house, 1, true, true);
        assert_int_equal(head_of(house).epochs, epoch + 1);
    }
    expect_whole(house);
}

// Where the new file would be written stands something else.
static void an_epoch_goes_on_while_its_successor_cannot_be_written(void **state)
{
    struct house *house = *state;
    char beside[220];
    (void)snprintf(beside, sizeof beside, "%s.new", house->audit_key);
    assert_int_equal(mkdir(beside, 0700), 0);
    house->now_us += HOURS_25;
    batch(house, 1, true, true);
    assert_int_equal(head_of(house).epochs, 1);
    batch(house, 1, true, true);
    assert_int_equal(head_of(house).epochs, 1);
    assert_int_equal(rmdir(beside), 0);
    batch(house, 1, true, true);
    assert_int_equal(head_of(house).epochs, 2);
    assert_int_equal(mkdir(beside, 0700), 0);
    batch(house, 1, true, true); // the old key stays in the file for a while
    assert_true(holds_two_keys(house));
    assert_int_equal(rmdir(beside), 0);
    batch(house, 0, false, true);
    assert_false(holds_two_keys(house));
    expect_whole(house);
}

static void a_power_cut_while_an_epoch_begins_leaves_a_key_that_fits(void **state)
{
    struct house *house = *state;
    // Not committed: the old key goes on.
    house->now_us += HOURS_25;
    batch(house, 1, true, false);
    assert_true(holds_two_keys(house));
    close_all(house);
    open_all(house);
    assert_false(holds_two_keys(house));
    batch(house, 3, true, true);
    expect_whole(house);
    // The attempt in the same run: given up, then made again.
    house->now_us += HOURS_25;
    batch(house, 1, true, false);
    batch(house, 1, true, true);
    // Committed and cut: the new key goes on.
    close_all(house);
    open_all(house);
    assert_false(holds_two_keys(house));
    batch(house, 3, true, true);
    assert_int_equal(head_of(house).epochs, 3);
    expect_whole(house);
}

static void a_lost_or_foreign_key_is_not_taken(void **state)
{
    struct house *house = *state;
    struct signer *signer = NULL;
    batch(house, 3, true, true);
    uint8_t content[256];
    size_t size = 0;
    assert_int_equal(file_read(house->audit_key, content, sizeof content, &size), STATUS_OK);
    signer_free(house->signer);
    house->signer = NULL;
    temporary_flip(house->audit_key, 40, 3);
    assert_int_equal(signer_open(house->store, house->dir, &signer), STATUS_TAMPERED);
    assert_int_equal(unlink(house->audit_key), 0);
    assert_int_equal(signer_open(house->store, house->dir, &signer), STATUS_INCOMPLETE);

    // The house key certifies another one, and the journal is whole.
    struct key_pair owner;
    assert_int_equal(house_key_load(house->house_file, &owner), STATUS_OK);
    assert_int_equal(signer_renew(house->store, house->dir, &owner, house->now_us), STATUS_OK);
    assert_int_equal(signer_open(house->store, house->dir, &house->signer), STATUS_OK);
    batch(house, 3, true, true);
    assert_int_equal(head_of(house).epochs, 2);
    expect_whole(house);

    // The key of the epoch before signs nothing any more.
    assert_int_equal(file_replace(house->audit_key, 0600, bytes_of(content, size)), STATUS_OK);
    assert_int_equal(signer_open(house->store, house->dir, &signer), STATUS_INCOMPLETE);
}

static void somebody_elses_house_key_begins_no_epoch(void **state)
{
    struct house *house = *state;
    uint8_t seed[KEY_BYTES] = {42};
    struct key_pair stranger;
    key_sign_pair(&stranger, seed);
    assert_int_equal(signer_renew(house->store, house->dir, &stranger, house->now_us), STATUS_OK);
    struct verify_report report;
    assert_int_equal(audit(house, &report), STATUS_TAMPERED);
    assert_non_null(strstr(report.finding[0].text, "epoch 1 is not signed"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    if (keys_start() != STATUS_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        CASE(a_new_book_is_signed_from_its_first_record),
        CASE(a_checkpoint_comes_when_asked_for_or_by_the_thousand),
        CASE(too_many_records_without_a_checkpoint_are_a_finding),
        CASE(an_epoch_ends_after_a_day_and_its_key_goes),
        CASE(an_epoch_goes_on_while_its_successor_cannot_be_written),
        CASE(a_power_cut_while_an_epoch_begins_leaves_a_key_that_fits),
        CASE(a_lost_or_foreign_key_is_not_taken),
        CASE(somebody_elses_house_key_begins_no_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
