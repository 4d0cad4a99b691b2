// SPDX-License-Identifier: Apache-2.0
#include "server/machine/clock.h"
#include "server/machine/machine.h"
#include "server/ops/init.h"
#include "server/ops/sink.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_US ((int64_t)10 * 1000000)
#define TEXT_BYTES  ((size_t)256 * 1024)
#define NOTES       5
#define ALARM_US    ((int64_t)50000) // instead of an hour

struct house {
    struct temporary temporary;
    char dir[160], invitation[160], key_file[1024];
    char file[160], socket[100], position[200];
    struct store *store;
    struct arena *arena;
    struct logger logger;
    struct sinks *sinks;
    _Atomic uint64_t number;
    char text[TEXT_BYTES];
};

static uint64_t newest(void *context)
{
    struct house *house = context;
    return atomic_load(&house->number);
}

// The server's own note: a record of a journal that needs no people.
static void note(struct house *house)
{
    arena_reset(house->arena);
    ServerNote inner;
    server_note__init(&inner);
    inner.kind = NOTE_KIND__NOTE_KIND_START;
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_SERVER_NOTE;
    request.server_note = &inner;
    const uint8_t hash[32] = {9};
    const struct peer peer = {.system = true};
    Reply reply;
    reply__init(&reply);
    struct call call = {.arena = house->arena};
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    assert_int_equal(txn_begin(house->store, TXN_WRITE, house->arena, &txn), STATUS_OK);
    const struct stamp stamp = {.number = txn_head(txn)->number + 1, .instant_us = clock_now_us()};
    assert_int_equal(machine_write(txn, &peer, &stamp, &request, hash, NULL, &call, &reply),
                     STATUS_OK);
    assert_int_equal(reply.status, STATUS_OK);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    atomic_store(&house->number, stamp.number);
}

static int set_up(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    assert_int_equal(keys_start(), STATUS_OK);
    temporary_make(&house->temporary);
    temporary_path(&house->temporary, "book", house->dir, sizeof house->dir);
    temporary_path(&house->temporary, "invitation", house->invitation, sizeof house->invitation);
    temporary_path(&house->temporary, "journal.log", house->file, sizeof house->file);
    temporary_path(&house->temporary, "log.sock", house->socket, sizeof house->socket);
    (void)snprintf(house->position, sizeof house->position, "%s/sink.file", house->dir);
    const struct init_options init = {.dir = house->dir,
                                      .company = "示例",
                                      .currency = "CNY",
                                      .chart = "cn-small",
                                      .time_zone = "Asia/Shanghai",
                                      .owner = "zhang",
                                      .invitation = house->invitation,
                                      .instant_us = clock_now_us()};
    struct init_report report;
    assert_int_equal(init_run(&init, &report), STATUS_OK);
    (void)snprintf(house->key_file, sizeof house->key_file, "%s", report.key_file);
    const struct store_options store = {.dir = house->dir, .key_file = house->key_file};
    assert_int_equal(store_open(&store, &house->store), STATUS_OK);
    house->arena = arena_make((size_t)64 * 1024 * 1024);
    house->number = 1;
    for (unsigned i = 0; i < NOTES; i++) {
        note(house);
    }
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    sinks_stop(house->sinks);
    store_close(house->store);
    arena_free(house->arena);
    temporary_remove(&house->temporary);
    free(house);
    return 0;
}

// The sinks with everything from the first record on.
static void begin(struct house *house, const char *file, const char *syslog, enum sink_form form)
{
    static const char *const NAMES[] = {"file", "syslog"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        char path[220];
        (void)snprintf(path, sizeof path, "%s/sink.%s", house->dir, NAMES[i]);
        FILE *out = access(path, F_OK) == 0 ? NULL : fopen(path, "w");
        if (out != NULL) {
            assert_true(fputs("0\n", out) != EOF);
            assert_int_equal(fclose(out), 0);
        }
    }
    const struct sinks_options options = {.store = house->store,
                                          .dir = house->dir,
                                          .file = file,
                                          .syslog = syslog,
                                          .form = form,
                                          .number = newest,
                                          .number_context = house,
                                          .look_ms = 5,
                                          .check_ms = 10,
                                          .alarm_us = ALARM_US};
    assert_int_equal(sinks_start(&options, &house->sinks), STATUS_OK);
}

static void end(struct house *house)
{
    sinks_stop(house->sinks);
    house->sinks = NULL;
}

static struct sink_report report_of(struct house *house, size_t index)
{
    struct sink_report report[SINKS_MAX];
    assert_true(sinks_report(house->sinks, report) > index);
    return report[index];
}

static void await_number(struct house *house, size_t index, uint64_t number)
{
    const int64_t until_us = clock_forward_us() + PATIENCE_US;
    while (report_of(house, index).number < number) {
        assert_true(clock_forward_us() < until_us);
        (void)usleep(1000);
    }
}

static void await_failure(struct house *house, size_t index)
{
    const int64_t until_us = clock_forward_us() + PATIENCE_US;
    while (report_of(house, index).state != SINK_FAILED) {
        assert_true(clock_forward_us() < until_us);
        (void)usleep(1000);
    }
}

static const char *read_text(struct house *house, const char *path)
{
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    const size_t size = fread(house->text, 1, TEXT_BYTES - 1, in);
    house->text[size] = '\0';
    assert_int_equal(fclose(in), 0);
    return house->text;
}

// Each line is of the next record.
static void lines_are_of(const char *text, uint64_t first, uint64_t last)
{
    for (uint64_t number = first; number <= last; number++) {
        char begins[40];
        const int size =
            snprintf(begins, sizeof begins, "number=%llu time=", (unsigned long long)number);
        assert_int_equal(strncmp(text, begins, (size_t)size), 0);
        text = strchr(text, '\n');
        assert_non_null(text);
        text++;
    }
    assert_string_equal(text, "");
}

// ---- claims ----

static void a_line_is_one_line_whatever_the_text(void **state)
{
    (void)state;
    const struct sink_record record = {
        .number = 12,
        .instant_us = 1770000000000001,
        .actor = "zhang \"the boss\"\n\\ \x1b[31m 恒通\u202e \u2066 \xc2\x9b",
        .approved_by = "li",
        .device_id = 513,
        .action = "customer add",
        .object = "",
        .status = "E-PERM-DENIED",
        .leaf = {0xab},
    };
    char line[SINK_LINE_MAX];
    size_t size = sink_line(SINK_LOGFMT, &record, line);
    line[size - 1] = '\0';
    assert_string_equal(
        line, "number=12 time=2026-02-02T02:40:00.000001Z "
              "actor=\"zhang \\\"the boss\\\"\\u000a\\\\ \\u001b[31m 恒通\\u202e \\u2066 \\u009b\" "
              "approved_by=li device=513 action=\"customer add\" object=\"\" status=E-PERM-DENIED "
              "leaf=ab00000000000000000000000000000000000000000000000000000000000000");
    size = sink_line(SINK_JSON, &record, line);
    json_t *json = json_loadb(line, size, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "actor")), record.actor);
    assert_int_equal(json_object_size(json), 9);
    assert_true(line[size - 1] == '\n' && memchr(line, '\n', size - 1) == NULL);
    json_decref(json);
}

static void a_line_of_endless_text_is_cut_between_characters(void **state)
{
    (void)state;
    static char endless[8000];
    for (size_t i = 0; i + 3 < sizeof endless; i += 3) {
        memcpy(endless + i, i % 2 == 0 ? "恒" : "\"\x1b\"", 3);
    }
    const struct sink_record record = {.actor = endless,
                                       .approved_by = "",
                                       .action = endless,
                                       .object = endless,
                                       .status = endless};
    char line[SINK_LINE_MAX];
    for (enum sink_form form = SINK_LOGFMT; form <= SINK_JSON; form++) {
        const size_t size = sink_line(form, &record, line);
        assert_true(size <= SINK_LINE_MAX && line[size - 1] == '\n');
        assert_true(text_is_clean(line, size - 1, false));
    }
    json_t *json = json_loadb(line, sink_line(SINK_JSON, &record, line), 0, NULL);
    assert_non_null(json);
    json_decref(json);
}

static void a_file_gets_every_record_once_also_over_a_restart(void **state)
{
    struct house *house = *state;
    begin(house, house->file, "", SINK_LOGFMT);
    await_number(house, 0, 1 + NOTES);
    end(house);
    lines_are_of(read_text(house, house->file), 1, 1 + NOTES);
    note(house);
    note(house);
    begin(house, house->file, "", SINK_LOGFMT);
    await_number(house, 0, 3 + NOTES);
    note(house);
    await_number(house, 0, 4 + NOTES);
    assert_int_equal(report_of(house, 0).state, SINK_OK);
    assert_true(report_of(house, 0).lag_us == 0);
    lines_are_of(read_text(house, house->file), 1, 4 + NOTES);
}

static void a_sink_that_is_new_begins_with_what_happens_now(void **state)
{
    struct house *house = *state;
    const struct sinks_options options = {.store = house->store,
                                          .dir = house->dir,
                                          .file = house->file,
                                          .syslog = "",
                                          .number = newest,
                                          .number_context = house,
                                          .look_ms = 5};
    assert_int_equal(sinks_start(&options, &house->sinks), STATUS_OK);
    note(house);
    await_number(house, 0, 2 + NOTES);
    lines_are_of(read_text(house, house->file), 2 + NOTES, 2 + NOTES);
}

static void a_log_that_is_deleted_is_noticed_and_begun_anew(void **state)
{
    struct house *house = *state;
    begin(house, house->file, "", SINK_LOGFMT);
    await_number(house, 0, 1 + NOTES);
    assert_int_equal(unlink(house->file), 0);
    const int64_t until_us = clock_forward_us() + PATIENCE_US;
    while (access(house->file, F_OK) != 0) { // begun with the next record behind the check
        (void)usleep(20000);
        note(house);
        await_number(house, 0, atomic_load(&house->number));
        assert_true(clock_forward_us() < until_us);
    }
    char other[200];
    (void)snprintf(other, sizeof other, "%s.1", house->file);
    assert_int_equal(rename(house->file, other), 0); // as logrotate does
    while (access(house->file, F_OK) != 0) {
        (void)usleep(20000);
        note(house);
        await_number(house, 0, atomic_load(&house->number));
        assert_true(clock_forward_us() < until_us);
    }
    assert_true(strlen(read_text(house, house->file)) > 0);
}

static void a_sink_that_cannot_be_written_stops_nobody_and_catches_up(void **state)
{
    struct house *house = *state;
    char fifo[200];
    (void)snprintf(fifo, sizeof fifo, "%s.fifo", house->file);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    begin(house, fifo, "", SINK_LOGFMT);
    await_failure(house, 0);
    note(house);
    assert_true(report_of(house, 0).number == 0);
    assert_true(report_of(house, 0).lag_us > 0);
    const int64_t until_us = clock_forward_us() + PATIENCE_US;
    while (report_of(house, 0).alarms == 0) { // it is late, and that is said
        assert_true(clock_forward_us() < until_us);
        (void)usleep(1000);
    }
    const int64_t since_us = clock_forward_us();
    end(house);
    assert_true(clock_forward_us() - since_us < PATIENCE_US / 4);
    // A reader comes: it gets what was waiting.
    begin(house, fifo, "", SINK_LOGFMT);
    const int reader = open(fifo, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    await_number(house, 0, 2 + NOTES);
    const ssize_t size = read(reader, house->text, TEXT_BYTES - 1);
    assert_true(size > 0);
    house->text[size] = '\0';
    lines_are_of(house->text, 1, 2 + NOTES);
    (void)close(reader);
}

static void a_reader_that_does_not_read_only_makes_it_late(void **state)
{
    struct house *house = *state;
    char fifo[200];
    (void)snprintf(fifo, sizeof fifo, "%s.fifo", house->file);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const int reader = open(fifo, O_RDONLY | O_NONBLOCK);
    const int filler = open(fifo, O_WRONLY | O_NONBLOCK);
    assert_true(reader >= 0 && filler >= 0);
    size_t filled = 0;
    for (ssize_t wrote = 1; wrote > 0; filled += wrote > 0 ? (size_t)wrote : 0) {
        wrote = write(filler, "x", 1);
    }
    begin(house, fifo, "", SINK_LOGFMT);
    const int64_t until_us = clock_forward_us() + PATIENCE_US;
    while (report_of(house, 0).lag_us == 0) {
        assert_true(clock_forward_us() < until_us);
        (void)usleep(1000);
    }
    assert_int_equal(report_of(house, 0).state, SINK_OK); // late by less than a minute
    assert_true(report_of(house, 0).number == 0);
    for (size_t left = filled; left > 0;) {
        const ssize_t got = read(reader, house->text, left < 4096 ? left : 4096);
        assert_true(got > 0);
        left -= (size_t)got;
    }
    await_number(house, 0, 1 + NOTES);
    const ssize_t size = read(reader, house->text, TEXT_BYTES - 1);
    assert_true(size > 0);
    house->text[size] = '\0';
    lines_are_of(house->text, 1, 1 + NOTES);
    (void)close(reader);
    (void)close(filler);
}

static void a_full_disk_under_one_sink_leaves_the_other_alone(void **state)
{
    struct house *house = *state;
    const int log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", house->socket);
    assert_true(log >= 0);
    assert_int_equal(bind(log, (const struct sockaddr *)&at, sizeof at), 0);
    begin(house, "/dev/full", house->socket, SINK_LOGFMT);
    for (uint64_t number = 1; number <= 1 + NOTES; number++) {
        const ssize_t size = recv(log, house->text, TEXT_BYTES - 1, 0);
        assert_true(size > 0);
        house->text[size] = '\0';
        char begins[60];
        const int length = snprintf(begins, sizeof begins, "<110>kontord: number=%llu ",
                                    (unsigned long long)number);
        assert_int_equal(strncmp(house->text, begins, (size_t)length), 0);
        assert_null(strchr(house->text, '\n'));
    }
    await_failure(house, 0);
    await_number(house, 1, 1 + NOTES);
    assert_int_equal(report_of(house, 1).state, SINK_OK);
    (void)close(log);
}

static void a_journal_that_was_set_back_does_not_confuse_a_sink(void **state)
{
    struct house *house = *state;
    FILE *out = fopen(house->position, "w");
    assert_non_null(out);
    assert_true(fputs("1000\n", out) != EOF);
    assert_int_equal(fclose(out), 0);
    begin(house, house->file, "", SINK_LOGFMT);
    note(house);
    await_number(house, 0, 2 + NOTES);
    lines_are_of(read_text(house, house->file), 2 + NOTES, 2 + NOTES);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_one_line_whatever_the_text),
        cmocka_unit_test(a_line_of_endless_text_is_cut_between_characters),
        CLAIM(a_file_gets_every_record_once_also_over_a_restart),
        CLAIM(a_sink_that_is_new_begins_with_what_happens_now),
        CLAIM(a_log_that_is_deleted_is_noticed_and_begun_anew),
        CLAIM(a_sink_that_cannot_be_written_stops_nobody_and_catches_up),
        CLAIM(a_reader_that_does_not_read_only_makes_it_late),
        CLAIM(a_full_disk_under_one_sink_leaves_the_other_alone),
        CLAIM(a_journal_that_was_set_back_does_not_confuse_a_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
