// SPDX-License-Identifier: Apache-2.0
#include "client/connect.h"
#include "client/letters.h"
#include "client/tui/exchange_own.h"
#include "shared/wire.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX ((size_t)32 * 1024 * 1024)
#define ANSWER_MS_MAX    30000

void exchange_seen_save(struct exchange *exchange)
{
    struct client *client = exchange->client;
    arena_reset(exchange->scratch);
    // What another run kept meanwhile stays: it was kept when this one connected, and the next one
    // compares.
    struct anchor kept = {0};
    const enum seen_saved saved = client_seen_save(client, exchange->scratch, &kept);
    (void)saved;
}

enum status exchange_open(struct client *client, event_function *event, void *context,
                          struct exchange **out)
{
    assert(client->has_context);
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) {
        return STATUS_ENVIRONMENT;
    }
    *exchange = (struct exchange){
        .client = client,
        .state = EXCHANGE_OFF,
        .lost_ms = client_clock_ms(),
        .pause_ms = PAUSE_MS_FIRST,
        .wake = eventfd(0, EFD_CLOEXEC),
        .arena = arena_make(ANSWER_BYTES_MAX),
        .scratch = arena_make(ASKED_BYTES_MAX),
        .event = event,
        .context = context,
    };
    bool is_made = exchange->wake >= 0 && exchange->arena != NULL && exchange->scratch != NULL;
    for (size_t i = 0; i < ASKED_MAX; i++) {
        exchange->asked[i].arena = arena_make(ASKED_BYTES_MAX);
        is_made = is_made && exchange->asked[i].arena != NULL;
    }
    if (!is_made) {
        exchange_close(exchange);
        return STATUS_ENVIRONMENT;
    }
    exchange_dial(exchange);
    *out = exchange;
    return STATUS_OK;
}

void exchange_close(struct exchange *exchange)
{
    if (exchange == NULL) {
        return;
    }
    if (exchange->state == EXCHANGE_DIALING) {
        (void)pthread_join(exchange->thread, NULL);
    }
    if (exchange->count > 0) {
        exchange_seen_save(exchange);
    }
    for (size_t i = 0; i < ASKED_MAX; i++) {
        arena_free(exchange->asked[i].arena);
    }
    arena_free(exchange->arena);
    arena_free(exchange->scratch);
    if (exchange->wake >= 0) {
        (void)close(exchange->wake);
    }
    free(exchange);
}

enum exchange_state exchange_state(const struct exchange *exchange)
{
    return exchange->state;
}

enum status exchange_status(const struct exchange *exchange)
{
    return exchange->state == EXCHANGE_DIALING ? STATUS_UNREACHABLE : exchange->status;
}

int64_t exchange_lost_ms(const struct exchange *exchange)
{
    return exchange->lost_ms;
}

unsigned exchange_count(const struct exchange *exchange)
{
    return exchange->count;
}

bool exchange_is_waiting(const struct exchange *exchange)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        if (exchange->asked[i].used) {
            return true;
        }
    }
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        if (exchange->followed[i].id != 0 && !exchange->followed[i].is_heard) {
            return true;
        }
    }
    return false;
}

void asked_end(struct asked *asked)
{
    arena_reset(asked->arena);
    *asked = (struct asked){.arena = asked->arena};
}

void asked_tell(struct exchange *exchange, struct asked *asked, enum status status,
                const Reply *reply)
{
    const struct answer answer = {
        .status = status,
        .reply = reply,
        .dry_run = asked->dry_run,
        .arena = &exchange->arena,
    };
    answer_function *tell = asked->answer;
    void *context = asked->context;
    asked_end(asked);
    tell(context, &answer);
}

enum status asked_send(struct exchange *exchange, struct asked *asked)
{
    const enum status status = link_send_packed(exchange->client->link, asked->packed, &asked->id);
    asked->sent = status == STATUS_OK;
    asked->sent_ms = client_clock_ms();
    return status;
}

// ---- asking ----

static struct asked *asked_free(struct exchange *exchange)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        if (!exchange->asked[i].used) {
            return &exchange->asked[i];
        }
    }
    return NULL;
}

static enum status asked_pack(struct exchange *exchange, const struct question *question,
                              struct asked *asked)
{
    struct client *client = exchange->client;
    Request request;
    request__init(&request);
    wire_set_inner(&request.base, question->command->number, question->inner);
    request.position.data = client->seen.position;
    request.position.len = client->seen.position_size;
    if (question->command->mode == COMMAND_WRITE) {
        outbox_draw(client_now_ms(), asked->key);
        request.key.data = asked->key;
        request.key.len = sizeof asked->key;
        request.dry_run = question->dry_run;
        if (question->plan != NULL) {
            request.plan = letters_lend(question->plan);
        }
    }
    return wire_pack(asked->arena, &request.base, &asked->packed);
}

enum status exchange_ask(struct exchange *exchange, const struct question *question)
{
    assert(question->command != NULL && question->inner != NULL && question->answer != NULL);
    if (exchange->state != EXCHANGE_ON) {
        return STATUS_UNREACHABLE;
    }
    struct asked *asked = asked_free(exchange);
    if (asked == NULL) {
        return STATUS_BUSY;
    }
    struct client *client = exchange->client;
    enum status status = asked_pack(exchange, question, asked);
    const bool is_write = question->command->mode == COMMAND_WRITE;
    const bool kept = is_write && !question->dry_run && !question->is_secret;
    if (status == STATUS_OK && kept) {
        arena_reset(exchange->scratch);
        status = outbox_add(exchange->scratch, &client->outbox, asked->key, asked->packed);
    }
    if (status != STATUS_OK) {
        asked_end(asked);
        return status;
    }
    asked->used = true;
    asked->kept = kept;
    asked->is_write = is_write;
    asked->dry_run = question->dry_run;
    asked->answer = question->answer;
    asked->context = question->context;
    // A connection that breaks here is noticed by the next turn, which knows what to do.
    const enum status sent = asked_send(exchange, asked);
    (void)sent;
    return STATUS_OK;
}

enum status exchange_follow(struct exchange *exchange, const struct question *question,
                            event_function *event, uint64_t *id)
{
    if (exchange->state != EXCHANGE_ON) {
        return STATUS_UNREACHABLE;
    }
    Request request;
    request__init(&request);
    wire_set_inner(&request.base, question->command->number, question->inner);
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        struct followed *followed = &exchange->followed[i];
        if (followed->id == 0) {
            const enum status status = link_follow(exchange->client->link, &request, &followed->id);
            *followed = (struct followed){
                .id = status == STATUS_OK ? followed->id : 0,
                .event = event,
                .context = question->context,
            };
            *id = followed->id;
            return status;
        }
    }
    return STATUS_BUSY;
}

void exchange_unfollow(struct exchange *exchange, uint64_t id)
{
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        if (id != 0 && exchange->followed[i].id == id) {
            exchange->followed[i] = (struct followed){0};
            if (exchange->state == EXCHANGE_ON) {
                const enum status status = link_cancel(exchange->client->link, id);
                (void)status; // a connection that broke is noticed by the next turn
            }
        }
    }
}

bool exchange_follows(const struct exchange *exchange, uint64_t id)
{
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        if (id != 0 && exchange->followed[i].id == id) {
            return true;
        }
    }
    return false;
}

struct followed *followed_of(struct exchange *exchange, uint64_t id)
{
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        if (id != 0 && exchange->followed[i].id == id) {
            return &exchange->followed[i];
        }
    }
    return NULL;
}

// ---- turning ----

// Questions that are not to be repeated get their answer: none.
static void asked_fail(struct exchange *exchange, enum status status)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        struct asked *asked = &exchange->asked[i];
        asked->sent = false;
        if (asked->used && !asked->kept) {
            asked_tell(exchange, asked, status, NULL);
        }
    }
}

static bool is_overdue(const struct exchange *exchange)
{
    const int64_t now_ms = client_clock_ms();
    for (size_t i = 0; i < ASKED_MAX; i++) {
        const struct asked *asked = &exchange->asked[i];
        if (asked->used && asked->sent && now_ms - asked->sent_ms > ANSWER_MS_MAX) {
            return true;
        }
    }
    return false;
}

int exchange_descriptor(const struct exchange *exchange)
{
    switch (exchange->state) {
    case EXCHANGE_DIALING:
        return exchange->wake;
    case EXCHANGE_ON:
        return link_descriptor(exchange->client->link);
    case EXCHANGE_OFF:
    case EXCHANGE_SHUT:
        break;
    }
    return -1;
}

void exchange_wait(const struct exchange *exchange, int *wait_ms)
{
    if (exchange->state == EXCHANGE_OFF) {
        const int64_t left_ms = exchange->dial_ms - client_clock_ms();
        if (left_ms < *wait_ms) {
            *wait_ms = left_ms < 0 ? 0 : (int)left_ms;
        }
    }
}

static bool wake_is_up(const struct exchange *exchange)
{
    short seen = 0;
    return connect_wait(exchange->wake, POLLIN, 0, &seen);
}

bool exchange_turn(struct exchange *exchange)
{
    if (exchange->state == EXCHANGE_OFF && client_clock_ms() >= exchange->dial_ms) {
        exchange_dial(exchange);
        return true;
    }
    if (exchange->state == EXCHANGE_DIALING) {
        if (!wake_is_up(exchange)) {
            return false;
        }
        exchange_dialed(exchange);
        return true;
    }
    bool changed = false;
    while (exchange->state == EXCHANGE_ON) {
        bool more = false;
        enum status status = exchange_hear(exchange, &more);
        status = status == STATUS_OK && is_overdue(exchange) ? STATUS_CUT_OFF : status;
        if (status != STATUS_OK) {
            exchange_lose(exchange, status);
            asked_fail(exchange, status);
            return true;
        }
        if (!more) {
            break;
        }
        changed = true;
    }
    return changed;
}
