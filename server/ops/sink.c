// SPDX-License-Identifier: Apache-2.0
#include "server/ops/sink.h"

#include "server/machine/clock.h"
#include "server/ops/sink_out.h"
#include "server/store/file.h"
#include "shared/wire.h"

#include <inttypes.h>
#include <pthread.h>
#include <unistd.h>

#define LOOK_MS           200
#define CHECK_MS          60000
#define PAUSE_MS          1000 // after a failure
#define STOP_MS           1000
#define BATCH             ((size_t)128) // records in memory
#define BUFFER            (BATCH * SINK_LINE_MAX)
#define ARENA_BYTES       ((size_t)32 * 1024 * 1024)
#define ARENA_SHARE       (ARENA_BYTES / 2)
#define BEHIND_US         ((int64_t)60 * 1000000)
#define POSITION_NAME_MAX 16

struct sink {
    struct sinks *sinks;
    const char *name;
    pthread_t thread;
    bool has_ended; // under the lock, as all of these five
    uint64_t number;
    int64_t oldest_us; // of the records that are not written yet; 0: none
    bool is_failed;
    uint32_t alarms;

    // Of the thread alone.
    struct sink_out out;
    struct arena *arena;
    char position[PATH_BYTES_MAX];
    uint64_t read; // last number in the buffer
    int64_t read_us;
    size_t size; // of the buffer, and what of it is written
    size_t done;
    bool has_failed;
    int64_t check_us;
    int64_t alarm_us;
    char buffer[BUFFER];
};

struct sinks {
    struct sinks_options options;
    pthread_mutex_t lock;
    pthread_cond_t wake; // only to end
    pthread_cond_t ended;
    bool ends;
    struct sink *sink[SINKS_MAX];
    size_t count;
};

// ---- what was written ----

static void position_save(const struct sink *sink)
{
    char text[24];
    const int length = snprintf(text, sizeof text, "%" PRIu64 "\n", sink->read);
    // On a full disk it stays behind: then lines come twice after the next start.
    const enum status status = file_replace(sink->position, 0600, bytes_of(text, (size_t)length));
    (void)status;
}

static bool position_load(const struct sink *sink, uint64_t *number)
{
    uint8_t text[24];
    size_t size = 0;
    *number = 0;
    if (file_read(sink->position, text, sizeof text, &size) != STATUS_OK || size < 2 ||
        text[size - 1] != '\n') {
        return false;
    }
    for (size_t i = 0; i + 1 < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *number = *number * 10 + (uint64_t)(text[i] - '0');
    }
    return true;
}

// A new sink begins with what happens from now on. One that has more than the journal has seen what
// the journal forgot: said aloud, and begun anew.
static void position_begin(struct sink *sink)
{
    const struct sinks_options *options = &sink->sinks->options;
    const uint64_t newest = options->number(options->number_context);
    uint64_t number = 0;
    const bool is_known = position_load(sink, &number);
    if (is_known && number > newest) {
        logger_say(options->logger, LOG_LEVEL_ERROR,
                   "a sink has records that the journal does not have: was the book set back?",
                   "sink=%s written=%" PRIu64 " journal=%" PRIu64, sink->name, number, newest);
    }
    sink->read = is_known && number <= newest ? number : newest;
    sink->number = sink->read;
    if (!is_known || number > newest) {
        position_save(sink);
    }
}

// ---- reading the journal ----

static enum status actor_of(struct txn *txn, uint64_t user_id, const char **actor)
{
    ProtobufCMessage *row = NULL;
    *actor = "kontord";
    if (user_id == 0) {
        return STATUS_OK;
    }
    const enum status status = table_get(txn, TABLE_user, key_u64(user_id), &row, NULL);
    if (status == STATUS_OK) {
        *actor = ((const UserRecord *)row)->login;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// "invoice_issue" -> "invoice issue"
static void action_print(uint32_t number, char out[static 64])
{
    const struct command *command = command_by_number(number);
    (void)snprintf(out, 64, "%s", command != NULL ? command->name : "unknown");
    char *first = strchr(out, '_');
    for (char *at = first; at != NULL; at = strchr(at, '_')) {
        *at = at == first ? ' ' : '-';
    }
}

static enum status record_add(struct sink *sink, struct txn *txn, const JournalRecord *record)
{
    struct bytes packed;
    char action[64];
    struct sink_record line = {.number = record->number,
                               .instant_us = record->instant_us,
                               .device_id = record->device_id,
                               .approved_by = "",
                               .action = action,
                               .object = record->object};
    enum status status = wire_pack(sink->arena, (const ProtobufCMessage *)record, &packed);
    if (status == STATUS_OK) {
        tree_leaf(packed, line.leaf);
        status = actor_of(txn, record->user_id, &line.actor);
    }
    if (status == STATUS_OK && record->approved_by != 0) {
        status = actor_of(txn, record->approved_by, &line.approved_by);
    }
    if (status != STATUS_OK) {
        return status;
    }
    action_print(record->command, action);
    line.status = record->status == STATUS_OK       ? "done"
                  : status_is_known(record->status) ? status_code((enum status)record->status)
                                                    : "unknown";
    sink->size += sink_line(sink->sinks->options.form, &line, sink->buffer + sink->size);
    sink->read = record->number;
    sink->read_us = sink->read_us == 0 ? record->instant_us : sink->read_us;
    return STATUS_OK;
}

// Fills the empty buffer with the records behind the last one.
static enum status batch_read(struct sink *sink)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    sink->size = 0;
    sink->done = 0;
    sink->read_us = 0;
    arena_reset(sink->arena);
    enum status status = txn_begin(sink->sinks->options.store, TXN_READ, sink->arena, &txn);
    if (status == STATUS_OK) {
        status = scan_open(txn, TABLE_journal, key_u64(sink->read + 1), 0, false, &scan);
    }
    for (size_t i = 0; status == STATUS_OK && i < BATCH && arena_used(sink->arena) < ARENA_SHARE;
         i++) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = scan_next(scan, &key, &row);
        if (status == STATUS_OK) {
            status = record_add(sink, txn, (const JournalRecord *)row);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// ---- what others hear of it ----

static void tell(struct sink *sink, bool is_failed)
{
    struct sinks *sinks = sink->sinks;
    const bool has_rest = sink->done < sink->size;
    pthread_mutex_lock(&sinks->lock);
    sink->is_failed = is_failed;
    sink->oldest_us = has_rest ? sink->read_us : 0;
    sink->number = has_rest ? sink->number : sink->read;
    pthread_mutex_unlock(&sinks->lock);
    if (is_failed != sink->has_failed) {
        logger_say(sinks->options.logger, is_failed ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
                   is_failed ? "a sink of the journal cannot be written, it is tried again"
                             : "a sink of the journal is written again",
                   "sink=%s number=%" PRIu64, sink->name, sink->number);
        sink->has_failed = is_failed;
    }
}

static void alarm_if_late(struct sink *sink)
{
    const int64_t now_us = clock_now_us();
    const bool has_rest = sink->done < sink->size;
    const int64_t lag_us = has_rest && sink->read_us > 0 ? now_us - sink->read_us : 0;
    const int64_t most_us = sink->sinks->options.alarm_us;
    if (lag_us < most_us) {
        sink->alarm_us = 0;
    } else if (sink->alarm_us == 0 || now_us - sink->alarm_us >= most_us) {
        sink->alarm_us = now_us;
        pthread_mutex_lock(&sink->sinks->lock);
        sink->alarms++;
        pthread_mutex_unlock(&sink->sinks->lock);
        logger_say(sink->sinks->options.logger, LOG_LEVEL_ERROR,
                   "a sink of the journal is far behind",
                   "sink=%s lag_seconds=%lld number=%" PRIu64, sink->name,
                   (long long)(lag_us / 1000000), sink->number);
    }
}

// A log that somebody deleted or replaced is noticed, and begun anew under its name.
static void check_place(struct sink *sink)
{
    const int64_t now_us = clock_forward_us();
    if (now_us < sink->check_us) {
        return;
    }
    sink->check_us = now_us + (int64_t)sink->sinks->options.check_ms * 1000;
    if (!sink_out_is_there(&sink->out)) {
        logger_say(sink->sinks->options.logger, LOG_LEVEL_WARN,
                   "the file of a sink was deleted or replaced, it is begun anew",
                   "sink=%s number=%" PRIu64, sink->name, sink->number);
        sink_out_close(&sink->out);
    }
}

// ---- the thread ----

static bool ends(struct sinks *sinks)
{
    pthread_mutex_lock(&sinks->lock);
    const bool is_over = sinks->ends;
    pthread_mutex_unlock(&sinks->lock);
    return is_over;
}

static void nap(struct sinks *sinks, uint32_t wait_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    const int64_t ns = until.tv_nsec + (int64_t)wait_ms * 1000000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&sinks->lock);
    if (!sinks->ends) {
        (void)pthread_cond_timedwait(&sinks->wake, &sinks->lock, &until);
    }
    pthread_mutex_unlock(&sinks->lock);
}

// One turn; false when nothing more can be done now.
static bool turn(struct sink *sink)
{
    const struct sinks_options *options = &sink->sinks->options;
    check_place(sink);
    if (sink->done == sink->size) {
        if (options->number(options->number_context) <= sink->read) {
            return false;
        }
        if (batch_read(sink) != STATUS_OK || sink->size == 0) {
            tell(sink, true);
            return false;
        }
    }
    size_t done = 0;
    enum status status = sink_out_open(&sink->out);
    if (status == STATUS_OK) {
        status = sink_out_write(
            &sink->out, bytes_of(sink->buffer + sink->done, sink->size - sink->done), &done);
    }
    sink->done += done;
    const bool is_written = sink->done == sink->size;
    if (is_written) {
        position_save(sink);
    }
    tell(sink, status != STATUS_OK);
    alarm_if_late(sink);
    return is_written;
}

static void *run(void *context)
{
    struct sink *sink = context;
    struct sinks *sinks = sink->sinks;
    while (!ends(sinks)) {
        if (!turn(sink)) {
            nap(sinks, sink->has_failed ? PAUSE_MS : sinks->options.look_ms);
        }
    }
    if (!sink->has_failed) {
        (void)turn(sink); // the last words
    }
    sink_out_close(&sink->out);
    pthread_mutex_lock(&sinks->lock);
    sink->has_ended = true;
    pthread_cond_broadcast(&sinks->ended);
    pthread_mutex_unlock(&sinks->lock);
    return NULL;
}

// ---- life ----

static enum status sink_start(struct sinks *sinks, const char *name, enum sink_kind kind,
                              const char *path)
{
    char file[POSITION_NAME_MAX];
    struct sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL) {
        return STATUS_ENVIRONMENT;
    }
    sink->sinks = sinks;
    sink->name = name;
    sink->out = (struct sink_out){.kind = kind, .path = path, .fd = -1};
    sink->arena = arena_make(ARENA_BYTES);
    (void)snprintf(file, sizeof file, "sink.%s", name);
    if (sink->arena == NULL || !file_path(sinks->options.dir, file, sink->position)) {
        arena_free(sink->arena);
        free(sink);
        return STATUS_ENVIRONMENT;
    }
    position_begin(sink);
    if (pthread_create(&sink->thread, NULL, run, sink) != 0) {
        arena_free(sink->arena);
        free(sink);
        return STATUS_ENVIRONMENT;
    }
    sinks->sink[sinks->count++] = sink;
    return STATUS_OK;
}

enum status sinks_start(const struct sinks_options *options, struct sinks **out)
{
    struct sinks *sinks = calloc(1, sizeof *sinks);
    if (sinks == NULL) {
        return STATUS_ENVIRONMENT;
    }
    sinks->options = *options;
    sinks->options.look_ms = options->look_ms != 0 ? options->look_ms : LOOK_MS;
    sinks->options.check_ms = options->check_ms != 0 ? options->check_ms : CHECK_MS;
    sinks->options.alarm_us = options->alarm_us != 0 ? options->alarm_us : SINK_ALARM_US;
    pthread_mutex_init(&sinks->lock, NULL);
    pthread_cond_init(&sinks->wake, NULL);
    pthread_cond_init(&sinks->ended, NULL);
    enum status status = STATUS_OK;
    if (options->file[0] != '\0') {
        status = sink_start(sinks, "file", SINK_FILE, options->file);
    }
    if (status == STATUS_OK && options->syslog[0] != '\0') {
        status = sink_start(sinks, "syslog", SINK_SYSLOG, options->syslog);
    }
    if (status != STATUS_OK) {
        sinks_stop(sinks);
        return status;
    }
    *out = sinks;
    return STATUS_OK;
}

size_t sinks_report(struct sinks *sinks, struct sink_report out[static SINKS_MAX])
{
    const int64_t now_us = clock_now_us();
    pthread_mutex_lock(&sinks->lock);
    for (size_t i = 0; i < sinks->count; i++) {
        const struct sink *sink = sinks->sink[i];
        const int64_t lag_us =
            sink->oldest_us > 0 && now_us > sink->oldest_us ? now_us - sink->oldest_us : 0;
        out[i] = (struct sink_report){
            .name = sink->name,
            .state = sink->is_failed       ? SINK_FAILED
                     : lag_us >= BEHIND_US ? SINK_BEHIND
                                           : SINK_OK,
            .lag_us = lag_us,
            .number = sink->number,
            .alarms = sink->alarms,
        };
    }
    const size_t count = sinks->count;
    pthread_mutex_unlock(&sinks->lock);
    return count;
}

// Waits shortly for one thread; false when it hangs.
static bool sink_await(struct sinks *sinks, struct sink *sink)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_MS / 1000;
    pthread_mutex_lock(&sinks->lock);
    int failure = 0;
    while (!sink->has_ended && failure == 0) {
        failure = pthread_cond_timedwait(&sinks->ended, &sinks->lock, &until);
    }
    const bool has_ended = sink->has_ended;
    pthread_mutex_unlock(&sinks->lock);
    return has_ended;
}

void sinks_stop(struct sinks *sinks)
{
    if (sinks == NULL) {
        return;
    }
    pthread_mutex_lock(&sinks->lock);
    sinks->ends = true;
    pthread_cond_broadcast(&sinks->wake);
    pthread_mutex_unlock(&sinks->lock);
    bool has_left = false;
    for (size_t i = 0; i < sinks->count; i++) {
        struct sink *sink = sinks->sink[i];
        if (!sink_await(sinks, sink)) {
            logger_say(sinks->options.logger, LOG_LEVEL_WARN,
                       "a sink of the journal hangs and is left behind", "sink=%s", sink->name);
            (void)pthread_detach(sink->thread);
            has_left = true;
            continue;
        }
        (void)pthread_join(sink->thread, NULL);
        arena_free(sink->arena);
        free(sink);
    }
    if (!has_left) {
        pthread_cond_destroy(&sinks->wake);
        pthread_cond_destroy(&sinks->ended);
        pthread_mutex_destroy(&sinks->lock);
        free(sinks);
    }
}
