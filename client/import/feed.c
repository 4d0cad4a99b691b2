// SPDX-License-Identifier: Apache-2.0
#include "client/import/feed.h"

#include "client/import/progress.h"
#include "client/letters.h"
#include "shared/wire.h"
#include "shared/words.h"

#define REPLY_ARENA_MAX ((size_t)16 * 1024 * 1024)
#define ATTEMPTS_MAX    30

struct group {
    uint64_t id; // of the request
    size_t first;
    size_t count;
};

// The groups under way, oldest first.
struct flight {
    struct feed *feed;
    struct arena *arena;
    struct progress progress;
    struct group group[IN_FLIGHT_MAX];
    size_t count;
    size_t next; // first row that was not sent
    size_t done; // rows that were answered
    uint32_t attempt;
    size_t reached; // rows that the server has taken, as its last answer said
};

// First six bytes ascend with imports, so that the server's table of request ids grows at its end.
static void group_key(const struct feed *feed, size_t first, uint32_t attempt,
                      uint8_t key[static REQUEST_KEY_BYTES])
{
    uint8_t facts[8 + 4 + 4 + KEY_BYTES];
    put_u64(facts, feed->import_id);
    put_u32(facts + 8, (uint32_t)first);
    put_u32(facts + 12, attempt);
    memcpy(facts + 16, feed->file->fingerprint, KEY_BYTES);
    key_hash(NULL, bytes_of(facts, sizeof(facts)), key, REQUEST_KEY_BYTES);
    uint8_t id[8];
    put_u64(id, feed->import_id);
    memcpy(key, id + 2, 6);
}

static enum status group_send(struct flight *flight)
{
    const struct feed *feed = flight->feed;
    const struct rows *rows = &feed->file->rows;
    struct group *group = &flight->group[flight->count];
    *group = (struct group){.first = flight->next, .count = rows_group(rows, flight->next)};
    ImportRows message;
    import_rows__init(&message);
    message.import_id = feed->import_id;
    message.first = (uint32_t)group->first;
    message.n_row = group->count;
    message.row = rows->row + group->first;
    uint8_t key[REQUEST_KEY_BYTES];
    group_key(feed, group->first, flight->attempt, key);
    Request request;
    request__init(&request);
    request.key = (ProtobufCBinaryData){.len = sizeof(key), .data = key};
    request.command_case = REQUEST__COMMAND_IMPORT_ROWS;
    request.import_rows = &message;
    enum status status = link_send(feed->client->link, &request, &group->id);
    if (status == STATUS_OK) {
        flight->next += group->count;
        flight->count++;
    }
    return status;
}

static void problems_keep(struct feed *feed, const ImportRowsReply *reply)
{
    for (size_t i = 0; i < reply->n_problem; i++) {
        if (feed->problem_count < FEED_PROBLEMS_SHOWN) {
            Problem *kept = arena_alloc(feed->client->arena, sizeof(*kept));
            if (kept == NULL) {
                return;
            }
            problem__init(kept);
            kept->row = reply->problem[i]->row;
            kept->code = reply->problem[i]->code;
            kept->field = arena_print(feed->client->arena, "%s", reply->problem[i]->field);
            kept->asked = arena_print(feed->client->arena, "%s", reply->problem[i]->asked);
            feed->problem[feed->problem_count] = kept;
        }
        feed->problem_count++;
    }
}

// Takes the answer that comes next and its group out of the flight.
static enum status group_receive(struct flight *flight)
{
    struct client *client = flight->feed->client;
    struct link_answer answer = {0};
    arena_reset(flight->arena);
    enum status status = link_receive(client->link, flight->arena, &answer);
    if (status != STATUS_OK || answer.reply == NULL) {
        return status != STATUS_OK ? status : STATUS_MALFORMED;
    }
    size_t at = 0;
    while (at < flight->count && flight->group[at].id != answer.id) {
        at++;
    }
    if (at == flight->count) {
        return STATUS_MALFORMED;
    }
    const size_t rows = flight->group[at].count;
    flight->count--;
    memmove(&flight->group[at], &flight->group[at + 1],
            (flight->count - at) * sizeof(flight->group[0]));
    if (answer.reply->status != STATUS_OK) {
        return status_is_known(answer.reply->status) ? (enum status)answer.reply->status
                                                     : STATUS_VERSION;
    }
    if (answer.reply->import_rows != NULL) {
        problems_keep(flight->feed, answer.reply->import_rows);
        flight->reached = answer.reply->import_rows->rows_done;
    }
    flight->done += rows;
    progress_show(&flight->progress, flight->done);
    return STATUS_OK;
}

// Sends and receives until all rows are done or something stops it; then nothing is in flight any
// more.
static enum status groups_run(struct flight *flight)
{
    const struct rows *rows = &flight->feed->file->rows;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (flight->next < rows->count || flight->count > 0)) {
        if (flight->next < rows->count && flight->count < IN_FLIGHT_MAX) {
            status = group_send(flight);
        } else {
            status = group_receive(flight);
        }
    }
    // What is still under way after a refusal: its answers belong to nobody.
    while (flight->count > 0 && link_status(flight->feed->client->link) == STATUS_OK) {
        enum status left = group_receive(flight);
        if (left == STATUS_MALFORMED) {
            break;
        }
    }
    flight->count = 0;
    return status;
}

static enum status import_begin(struct feed *feed, size_t *done)
{
    struct client *client = feed->client;
    const char *name = strrchr(feed->order->path, '/');
    ImportBegin message;
    import_begin__init(&message);
    message.kind = feed->order->kind;
    message.fingerprint =
        (ProtobufCBinaryData){.len = KEY_BYTES, .data = bytes_lend(feed->file->fingerprint)};
    message.file_name = letters_lend(name == NULL ? feed->order->path : name + 1);
    message.row_count = (uint32_t)feed->file->rows.count;
    if (feed->order->source != NULL) {
        message.source = letters_lend(feed->order->source);
    }
    if (feed->order->currency != NULL) {
        message.currency = letters_lend(feed->order->currency);
    }
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    Reply *reply = NULL;
    enum status status =
        client_call(client, command_by_name("import_begin"), &message.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    feed->import_id = reply->import_begin->id;
    feed->number = reply->import_begin->number;
    feed->was_finished = reply->import_begin->finished;
    *done = reply->import_begin->rows_done;
    return STATUS_OK;
}

static enum status import_finish(struct feed *feed)
{
    ImportFinish message;
    import_finish__init(&message);
    message.import_id = feed->import_id;
    feed->client->deadline_ms = client_clock_ms() + feed->client->options.timeout_ms;
    Reply *reply = NULL;
    enum status status =
        client_call(feed->client, command_by_name("import_finish"), &message.base, &reply);
    if (status == STATUS_OK) {
        feed->card = reply->import_finish;
    }
    return status;
}

static bool is_worth_another(enum status status)
{
    return status == STATUS_CUT_OFF || status == STATUS_BUSY ||
           status == STATUS_IMPORT_OUT_OF_STEP || status == STATUS_SLOW_READER ||
           status == STATUS_UNREACHABLE;
}

// Groups again and again until all rows are done: each time from where the server says it is.
static enum status rows_send(struct flight *flight)
{
    struct feed *feed = flight->feed;
    size_t begun_at = flight->next;
    size_t stood = 0;
    for (flight->attempt = 0;; flight->attempt++) {
        enum status status = groups_run(flight);
        // A group of rows that need many ids ends early: the server then stands before its end.
        const bool is_short = status == STATUS_OK && flight->reached < feed->file->rows.count;
        if ((status == STATUS_OK && !is_short) || (!is_short && !is_worth_another(status)) ||
            stood == ATTEMPTS_MAX) {
            return is_short ? STATUS_IMPORT_OUT_OF_STEP : status;
        }
        if (!is_short && status != STATUS_IMPORT_OUT_OF_STEP) {
            const struct timespec pause = {.tv_nsec = 200000000L};
            (void)nanosleep(&pause, NULL);
        }
        size_t done = 0;
        enum status begun = import_begin(feed, &done);
        if (begun != STATUS_OK) {
            return begun;
        }
        if (done > feed->file->rows.count) {
            return STATUS_IMPORT_OUT_OF_STEP;
        }
        stood = done > begun_at ? 0 : stood + 1; // only standing still is a failure
        begun_at = done;
        flight->next = done;
        flight->done = done;
        flight->reached = done;
    }
}

enum status feed_run(struct feed *feed)
{
    assert(feed->file->rows.count > 0);
    size_t done = 0;
    enum status status = import_begin(feed, &done);
    if (status != STATUS_OK || feed->was_finished) {
        return status;
    }
    if (done > feed->file->rows.count) {
        return STATUS_IMPORT_OUT_OF_STEP;
    }
    feed->resumed_at = done;
    CLEANUP(arena_free_at) struct arena *arena = arena_make(REPLY_ARENA_MAX);
    if (arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct flight flight = {
        .feed = feed, .arena = arena, .next = done, .done = done, .reached = done};
    progress_begin(&flight.progress, feed->client, feed->file->rows.count);
    status = rows_send(&flight);
    progress_end(&flight.progress);
    return status == STATUS_OK ? import_finish(feed) : status;
}
