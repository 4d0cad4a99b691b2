// SPDX-License-Identifier: Apache-2.0
#include "server/serve.h"

#include "server/machine/clock.h"
#include "server/net/listener.h"
#include "server/net/local.h"
#include "server/ops/init.h"
#include "server/ops/signer.h"
#include "server/ops/sink.h"
#include "server/reports.h"
#include "server/store/file.h"
#include "shared/statement.h"

#include <unistd.h>

#define ADDRESS_BYTES  128
#define TIMELINE       1
#define SECOND_MS      1000
#define NOTES_BACK_MAX 20000 // records that are looked at

struct server {
    const struct serve_options *options;
    uv_loop_t loop;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    struct store *store;
    struct views *views;
    struct queue *queue;
    struct admit *admit;
    struct listener *listener;
    struct local *local;
    struct server_keys keys;
    struct signer *signer;
    bool serves_next; // the house key has said that the next key is valid too
    struct sinks *sinks;
    struct upkeep *upkeep;
    struct reports *reports;
    uv_timer_t second; // upkeep looks at the clock
    char *time_zone;
    char address[ADDRESS_BYTES]; // that invitations name
    bool is_stopping;
    bool was_cut_off;      // the run before
    int64_t clock_back_us; // how far the clock stood before the last commit, at the start
    enum status failure;
};

static void say(const struct server *server, enum log_level level, const char *event)
{
    logger_say(server->options->logger, level, event, "%s", "");
}

// ---- letting down: listener, admission, queue ----

static void queue_stopped(void *context)
{
    struct server *server = context;
    uv_close((uv_handle_t *)&server->terminate, NULL);
    uv_close((uv_handle_t *)&server->interrupt, NULL);
    uv_close((uv_handle_t *)&server->second, NULL);
}

static void admit_stopped(void *context)
{
    struct server *server = context;
    queue_stop(server->queue, queue_stopped, server);
}

// Nobody asks for anything any more: the last record says so.
static void listener_stopped(void *context)
{
    struct server *server = context;
    admit_note(server->admit, NOTE_KIND__NOTE_KIND_STOP, 0);
    admit_stop(server->admit, admit_stopped, server);
}

static void local_stopped(void *context)
{
    struct server *server = context;
    listener_stop(server->listener, listener_stopped, server);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;
    (void)number;
    if (!server->is_stopping) {
        server->is_stopping = true;
        say(server, LOG_LEVEL_INFO, "stopping");
        local_stop(server->local, local_stopped, server);
    }
}

static void on_failure(void *context, enum status status)
{
    struct server *server = context;
    server->failure = status;
    logger_say(server->options->logger, LOG_LEVEL_ERROR, "the machine failed, the process ends",
               "code=%s", status_code(status));
    uv_stop(&server->loop);
}

// ---- what the listener asks ----

static void note(void *context, const char *line)
{
    const struct server *server = context;
    say(server, LOG_LEVEL_INFO, line);
}

static void greet(void *context, struct greeting *greeting)
{
    struct server *server = context;
    struct arena *arena CLEANUP(arena_free_at) = arena_make(CALL_ARENA_MAX);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    greeting->timeline = TIMELINE;
    greeting->server_us = clock_now_us();
    greeting->degraded = queue_is_degraded(server->queue);
    if (arena == NULL || txn_begin(server->store, TXN_READ, arena, &txn) != STATUS_OK) {
        return;
    }
    const struct head *head = txn_head(txn);
    memcpy(greeting->book_id, head->book_id, sizeof head->book_id);
    greeting->tree_size = head->number;
    memcpy(greeting->tree_root, head->tree_root, sizeof greeting->tree_root);
    if (server->serves_next) {
        server_key_id(server->keys.next.public_bytes, greeting->next_key_id);
    }
}

// ---- second places of the journal ----

static uint64_t newest(void *context)
{
    const struct server *server = context;
    return queue_number(server->queue);
}

static enum status start_sinks(struct server *server)
{
    const struct serve_options *options = server->options;
    const struct sinks_options sinks = {
        .store = server->store,
        .dir = options->store.dir,
        .file = options->sink_file,
        .syslog = options->sink_syslog,
        .form = options->sink_form,
        .logger = options->logger,
        .number = newest,
        .number_context = server,
    };
    return sinks_start(&sinks, &server->sinks);
}

// For whoami: how far each sink is.
static void tell_sinks(void *context, struct arena *arena, SessionWhoamiReply *reply)
{
    static const char *const STATES[] = {"ok", "behind", "failed"};
    const struct server *server = context;
    struct sink_report report[SINKS_MAX];
    const size_t count = sinks_report(server->sinks, report);
    reply->sink = arena_alloc(arena, (count + 1) * sizeof *reply->sink);
    for (size_t i = 0; reply->sink != NULL && i < count; i++) {
        SinkState *state = arena_alloc(arena, sizeof *state);
        if (state == NULL) {
            return;
        }
        const int64_t lag_seconds = report[i].lag_us / 1000000;
        sink_state__init(state);
        state->name = (char *)(uintptr_t)report[i].name;
        state->state = (char *)(uintptr_t)STATES[report[i].state];
        state->lag_seconds = lag_seconds < UINT32_MAX ? (uint32_t)lag_seconds : UINT32_MAX;
        reply->sink[reply->n_sink++] = state;
    }
}

// ---- building up ----

// The last note of the server in the journal: was it of a start? END when there is none.
static enum status last_note(struct txn *txn, struct arena *rows, bool *is_start)
{
    const uint32_t note = command_by_name("server_note")->number;
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    enum status status = scan_open(txn, TABLE_journal, (struct row_key){.size = 0}, 0, true, &scan);
    txn_call_begin(txn, rows, NULL);
    for (size_t passed = 0; status == STATUS_OK && passed < NOTES_BACK_MAX; passed++) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        arena_reset(rows);
        status = scan_next(scan, &key, &row);
        const JournalRecord *record = (const JournalRecord *)row;
        if (status == STATUS_OK && record->command == note) {
            *is_start = strcmp(record->object, "start") == 0;
            if (*is_start || strcmp(record->object, "stop") == 0) {
                return STATUS_OK;
            }
        }
    }
    *is_start = status == STATUS_OK; // so many records without a stop
    return status;
}

// Did the run before stop by itself? Its last note says so; before the first run there is none.
static enum status look_back(struct server *server)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(CALL_ARENA_MAX);
    CLEANUP(arena_free_at) struct arena *rows = arena_make(CALL_ARENA_MAX);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    if (arena == NULL || rows == NULL) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = txn_begin(server->store, TXN_READ, arena, &txn);
    if (status == STATUS_OK) {
        status = last_note(txn, rows, &server->was_cut_off);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// Is there a next key that the newest statement calls valid?
static enum status look_at_statement(struct server *server, struct txn *txn)
{
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    struct row_key key;
    ProtobufCMessage *row = NULL;
    struct statement statement;
    enum status status =
        scan_open(txn, TABLE_statement, (struct row_key){.size = 0}, 0, true, &scan);
    if (status == STATUS_OK) {
        status = scan_next(scan, &key, &row);
    }
    if (status == STATUS_OK) {
        const char *text = ((const StatementRecord *)row)->statement;
        status = statement_check(text, server->keys.house_key, &statement);
        server->serves_next = status == STATUS_OK && server->keys.has_next &&
                              statement_has(&statement, server->keys.next.public_bytes);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// A clock that stands far before the last commit is wrong, or the commit is: times in the book
// would stand still until it has caught up. Somebody has to look, and say that it may be so.
static enum status look_at_clock(struct server *server, struct txn *txn)
{
    const int64_t behind_us = txn_head(txn)->instant_us - clock_now_us();
    if (behind_us <= CLOCK_BACK_US) {
        return STATUS_OK;
    }
    logger_say(server->options->logger, LOG_LEVEL_WARN,
               "the wall clock stands before the last commit", "hours=%lld",
               (long long)(behind_us / 3600 / 1000000));
    server->clock_back_us = behind_us;
    return server->options->accepts_clock ? STATUS_OK : STATUS_CLOCK_BACK;
}

static enum status open_book(struct server *server)
{
    struct arena *arena CLEANUP(arena_free_at) = arena_make(CALL_ARENA_MAX);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *row = NULL;
    enum status status = store_open(&server->options->store, &server->store);
    if (status == STATUS_OK) {
        status = server_keys_load(server->store, server->options->store.dir, &server->keys);
    }
    if (status == STATUS_OK) {
        status = signer_open(server->store, server->options->store.dir, &server->signer);
    }
    if (status == STATUS_OK) {
        status =
            arena != NULL ? txn_begin(server->store, TXN_READ, arena, &txn) : STATUS_ENVIRONMENT;
    }
    if (status == STATUS_OK) {
        status = table_get(txn, TABLE_book, key_u64(1), &row, NULL);
        status = status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    if (status == STATUS_OK) {
        status = look_at_clock(server, txn);
    }
    if (status == STATUS_OK) {
        status = look_at_statement(server, txn);
    }
    if (status != STATUS_OK) {
        return status;
    }
    server->time_zone = strdup(((const BookRecord *)row)->time_zone);
    status =
        server->time_zone != NULL ? views_make(server->store, &server->views) : STATUS_ENVIRONMENT;
    return status != STATUS_OK ? status : views_build(server->views, txn);
}

static enum status sign(void *context, struct txn *txn, int64_t instant_us, bool demanded)
{
    const struct server *server = context;
    return signer_seal(server->signer, txn, instant_us, demanded);
}

static void befell(void *context, NoteKind kind, int64_t step_us)
{
    const struct server *server = context;
    if (kind == NOTE_KIND__NOTE_KIND_CLOCK) {
        logger_say(server->options->logger, LOG_LEVEL_WARN, "the wall clock has stepped",
                   "step_us=%lld", (long long)step_us);
    }
    admit_note(server->admit, kind, step_us);
}

static enum status make_rooms(struct server *server)
{
    const struct queue_options queue = {
        .loop = &server->loop,
        .store = server->store,
        .views = server->views,
        .time_zone = server->time_zone,
        .logger = server->options->logger,
        .seal = sign,
        .seal_context = server,
        .befell = befell,
        .befell_context = server,
    };
    const enum status status = queue_make(&queue, &server->queue);
    if (status != STATUS_OK) {
        return status;
    }
    queue_on_failure(server->queue, on_failure, server);
    struct admit_options admit = {
        .loop = &server->loop,
        .store = server->store,
        .views = server->views,
        .queue = server->queue,
        .address = server->address,
        .logger = server->options->logger,
        .totp = server->options->totp,
        .new_device_needs_approval = server->options->new_device_needs_approval,
        .tell_sinks = tell_sinks,
        .sinks_context = server,
        .tell_check = upkeep_tell_check,
        .check_context = server->upkeep,
    };
    memcpy(admit.server_key, server->keys.server.public_bytes, KEY_BYTES);
    memcpy(admit.house_key, server->keys.house_key, KEY_BYTES);
    return admit_make(&admit, &server->admit);
}

static bool is_for_all(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::]") == 0 || host[0] == '\0';
}

// The address that people use: as configured, or the one listened on, with the port that was taken.
static enum status name_address(struct server *server)
{
    const struct serve_options *options = server->options;
    if (options->address[0] != '\0') {
        const int length =
            snprintf(server->address, sizeof server->address, "%s", options->address);
        return length > 0 && (size_t)length < sizeof server->address ? STATUS_OK
                                                                     : STATUS_CONFIGURATION;
    }
    char host[ADDRESS_BYTES];
    const char *colon = strrchr(options->listen, ':');
    const size_t size = colon != NULL ? (size_t)(colon - options->listen) : 0;
    if (size >= sizeof host) {
        return STATUS_CONFIGURATION;
    }
    memcpy(host, options->listen, size);
    host[size] = '\0';
    if (is_for_all(host) && gethostname(host, sizeof host - 1) != 0) {
        return STATUS_ENVIRONMENT;
    }
    const int length = snprintf(server->address, sizeof server->address, "%s:%u", host,
                                (unsigned)listener_port(server->listener));
    return length > 0 && (size_t)length < sizeof server->address ? STATUS_OK : STATUS_CONFIGURATION;
}

static enum status tell_address(struct server *server)
{
    const struct serve_options *options = server->options;
    enum status status = name_address(server);
    if (status == STATUS_OK) {
        status = init_tell_address(options->store.dir, &server->keys, server->address);
    }
    if (status == STATUS_OK && options->address_file != NULL) {
        status = file_replace(options->address_file, 0600,
                              bytes_of(server->address, strlen(server->address)));
    }
    return status;
}

static enum status open_door(struct server *server)
{
    const struct serve_options *options = server->options;
    const struct listener_options listener = {
        .loop = &server->loop,
        .admit = server->admit,
        .queue = server->queue,
        .address = options->listen,
        .socket_path = options->socket_path[0] != '\0' ? options->socket_path : NULL,
        .server_key = &server->keys.server,
        .next_key = server->serves_next ? &server->keys.next : NULL,
        .greet = greet,
        .greet_context = server,
        .note = note,
        .note_context = server,
    };
    const enum status status = listener_start(&listener, &server->listener);
    return status != STATUS_OK ? status : tell_address(server);
}

// Without it the operator has to stop the server first.
static enum status open_back_door(struct server *server)
{
    char path[PATH_BYTES_MAX];
    if (!file_path(server->options->store.dir, LOCAL_NAME, path)) {
        return STATUS_CONFIGURATION;
    }
    const enum status status = local_start(&server->loop, server->admit, path, &server->local);
    if (status == STATUS_FILE_ERROR) {
        say(server, LOG_LEVEL_WARN, "the local socket cannot be opened");
        return STATUS_OK;
    }
    return status;
}

static void on_second(uv_timer_t *timer)
{
    struct server *server = timer->data;
    if (!server->is_stopping) {
        upkeep_tick(server->upkeep, server->admit, clock_now_us());
        reports_tick(server->reports, server->admit, clock_now_us());
    }
}

static enum status watch_signals(struct server *server)
{
    server->terminate.data = server;
    server->interrupt.data = server;
    server->second.data = server;
    const bool is_watching =
        uv_timer_init(&server->loop, &server->second) == 0 &&
        uv_timer_start(&server->second, on_second, SECOND_MS, SECOND_MS) == 0 &&
        uv_signal_init(&server->loop, &server->terminate) == 0 &&
        uv_signal_init(&server->loop, &server->interrupt) == 0 &&
        uv_signal_start(&server->terminate, on_signal, SIGTERM) == 0 &&
        uv_signal_start(&server->interrupt, on_signal, SIGINT) == 0;
    return is_watching ? STATUS_OK : STATUS_ENVIRONMENT;
}

static enum status start_upkeep(struct server *server)
{
    const struct upkeep_options upkeep = {
        .store = server->store,
        .logger = server->options->logger,
        .check_minute = server->options->check_minute,
    };
    const struct reports_options reports = {
        .store = server->store,
        .logger = server->options->logger,
        .signer = server->signer,
        .dir = server->options->reports_dir,
    };
    const enum status status = upkeep_make(&upkeep, &server->upkeep);
    return status == STATUS_OK ? reports_make(&reports, &server->reports) : status;
}

static enum status build_up(struct server *server)
{
    enum status status = open_book(server);
    if (status == STATUS_OK) {
        status = start_upkeep(server);
    }
    if (status == STATUS_OK) {
        status = look_back(server);
    }
    if (status == STATUS_OK && uv_loop_init(&server->loop) != 0) {
        status = STATUS_ENVIRONMENT;
    }
    if (status == STATUS_OK) {
        status = make_rooms(server);
    }
    if (status == STATUS_OK) {
        status = watch_signals(server);
    }
    if (status == STATUS_OK) {
        status = start_sinks(server);
    }
    if (status == STATUS_OK) {
        status = open_back_door(server);
    }
    return status != STATUS_OK ? status : open_door(server);
}

static void free_book(struct server *server)
{
    upkeep_free(server->upkeep);
    reports_free(server->reports);
    views_free(server->views);
    signer_free(server->signer);
    store_close(server->store);
    server_keys_wipe(&server->keys);
    free(server->time_zone);
}

static void free_all(struct server *server)
{
    local_free(server->local);
    listener_free(server->listener);
    sinks_stop(server->sinks);
    admit_free(server->admit);
    queue_free(server->queue);
    const int busy = uv_loop_close(&server->loop);
    assert(busy == 0);
    free_book(server);
}

enum status serve(const struct serve_options *options)
{
    struct server server = {.options = options};
    const enum status status = build_up(&server);
    if (status != STATUS_OK) {
        // Rooms that have threads are left as they are: the program ends.
        if (server.queue == NULL) {
            free_book(&server);
        }
        return status;
    }
    if (store_medium(server.store) != STORE_MEDIUM_DISK) {
        say(&server, LOG_LEVEL_WARN,
            "the book does not lie on a disk: it will not outlive this machine");
    }
    if (server.was_cut_off) {
        say(&server, LOG_LEVEL_WARN, "the run before was cut off");
        admit_note(server.admit, NOTE_KIND__NOTE_KIND_CRASH, 0);
    }
    if (server.clock_back_us != 0) {
        admit_note(server.admit, NOTE_KIND__NOTE_KIND_CLOCK, -server.clock_back_us);
    }
    admit_note(server.admit, NOTE_KIND__NOTE_KIND_START, 0);
    logger_say(options->logger, LOG_LEVEL_INFO, "serving", "address=%s journal=%llu",
               server.address, (unsigned long long)queue_number(server.queue));
    (void)uv_run(&server.loop, UV_RUN_DEFAULT);
    if (server.failure != STATUS_OK) {
        return STATUS_ENVIRONMENT;
    }
    free_all(&server);
    logger_say(options->logger, LOG_LEVEL_INFO, "stopped", "%s", "");
    return STATUS_OK;
}
