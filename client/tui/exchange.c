// SPDX-License-Identifier: Apache-2.0
#include "client/tui/exchange.h"

#include "client/connect.h"
#include "client/letters.h"
#include "shared/wire.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

// With the follow of the events, fewer than IN_FLIGHT_MAX.
#define ASKED_MAX        12
#define FOLLOWED_MAX     2
#define ASKED_BYTES_MAX  ((size_t)4 * 1024 * 1024)
#define ANSWER_BYTES_MAX ((size_t)32 * 1024 * 1024)
#define ANSWER_MS_MAX    30000
#define DIAL_MS          4000
#define PAUSE_MS_FIRST   500
#define PAUSE_MS_MAX     10000

struct asked {
    bool used;
    bool sent;
    bool kept; // a write, in the outbox
    bool held; // until its asker has proved again who he is
    bool is_write;
    bool dry_run;
    uint64_t id;
    int64_t sent_ms;
    uint8_t key[REQUEST_KEY_BYTES];
    struct arena *arena; // of the packed bytes
    struct bytes packed;
    answer_function *answer;
    void *context;
};

struct followed {
    uint64_t id; // 0: free
    bool is_heard;
    event_function *event;
    void *context;
};

struct exchange {
    struct client *client;
    enum exchange_state state;
    enum status status;
    int64_t lost_ms;
    int64_t dial_ms; // when to try again
    int64_t pause_ms;
    unsigned count;
    pthread_t thread;
    int wake;
    struct asked asked[ASKED_MAX];
    struct followed followed[FOLLOWED_MAX];
    struct arena *arena; // of the next answer
    struct arena *scratch;
    uint64_t watch;
    uint8_t from[POSITION_BYTES_MAX];
    size_t from_size;
    event_function *event;
    void *context;
};

// ---- connecting ----

static enum status client_dial(struct client *client)
{
    client->deadline_ms = client_clock_ms() + DIAL_MS;
    client->hint_count = 0;
    client->fault = NULL;
    // Another run of the program may have logged in meanwhile.
    char name[CONTEXT_NAME_MAX + 1];
    (void)snprintf(name, sizeof name, "%s", client->context.name);
    context_wipe(&client->context);
    const enum status status = profile_load(&client->home, client->arena, name, &client->context);
    if (status != STATUS_OK) {
        (void)snprintf(client->context.name, sizeof client->context.name, "%s", name);
        return status;
    }
    return client_connect(client);
}

static void *dial_run(void *argument)
{
    struct exchange *exchange = argument;
    exchange->status = client_dial(exchange->client);
    const uint64_t one = 1;
    (void)!write(exchange->wake, &one, sizeof one);
    return NULL;
}

void exchange_dial(struct exchange *exchange)
{
    assert(exchange != NULL);
    if (exchange->state == EXCHANGE_DIALING || exchange->state == EXCHANGE_ON) {
        return;
    }
    exchange->state = EXCHANGE_DIALING;
    if (pthread_create(&exchange->thread, NULL, dial_run, exchange) != 0) {
        exchange->state = EXCHANGE_OFF;
        exchange->status = STATUS_ENVIRONMENT;
        exchange->dial_ms = client_clock_ms() + PAUSE_MS_MAX;
    }
}

// Is there a point in trying again without a person?
static bool is_passing(enum status status)
{
    return status == STATUS_UNREACHABLE || status == STATUS_CUT_OFF || status == STATUS_BUSY ||
           status == STATUS_BEHIND || status == STATUS_SLOW_READER || status == STATUS_ENVIRONMENT;
}

static void lose(struct exchange *exchange, enum status status)
{
    assert(status != STATUS_OK);
    const int64_t now_ms = client_clock_ms();
    if (exchange->state == EXCHANGE_ON) {
        exchange->lost_ms = now_ms;
        exchange->pause_ms = PAUSE_MS_FIRST;
    }
    exchange->status = status;
    exchange->state = is_passing(status) ? EXCHANGE_OFF : EXCHANGE_SHUT;
    exchange->dial_ms = now_ms + exchange->pause_ms;
    exchange->pause_ms *= 2;
    if (exchange->pause_ms > PAUSE_MS_MAX) {
        exchange->pause_ms = PAUSE_MS_MAX;
    }
    link_drop(exchange->client->link);
    exchange->client->link = NULL;
    exchange->watch = 0;
    memset(exchange->followed, 0, sizeof exchange->followed);
}

static void asked_end(struct asked *asked)
{
    arena_reset(asked->arena);
    *asked = (struct asked){.arena = asked->arena};
}

static void asked_tell(struct exchange *exchange, struct asked *asked, enum status status,
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

static enum status asked_send(struct exchange *exchange, struct asked *asked)
{
    const enum status status = link_send_packed(exchange->client->link, asked->packed, &asked->id);
    asked->sent = status == STATUS_OK;
    asked->sent_ms = client_clock_ms();
    return status;
}

static enum status watch_begin(struct exchange *exchange)
{
    EventWatch watch;
    event_watch__init(&watch);
    watch.from.data = exchange->from;
    watch.from.len = exchange->from_size;
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_EVENT_WATCH;
    request.event_watch = &watch;
    return link_follow(exchange->client->link, &request, &exchange->watch);
}

static void dial_end(struct exchange *exchange)
{
    uint64_t count = 0;
    (void)!read(exchange->wake, &count, sizeof count);
    (void)pthread_join(exchange->thread, NULL);
    enum status status = exchange->status;
    if (status == STATUS_OK) {
        status = watch_begin(exchange);
    }
    for (size_t i = 0; i < ASKED_MAX && status == STATUS_OK; i++) {
        if (exchange->asked[i].used && !exchange->asked[i].held) {
            status = asked_send(exchange, &exchange->asked[i]);
        }
    }
    if (status != STATUS_OK) {
        lose(exchange, status);
        return;
    }
    exchange->state = EXCHANGE_ON;
    exchange->pause_ms = PAUSE_MS_FIRST;
    exchange->count++;
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

static void seen_save(struct exchange *exchange)
{
    struct client *client = exchange->client;
    arena_reset(exchange->scratch);
    // What another run kept meanwhile stays: it was kept when this one connected, and the next one
    // compares.
    struct anchor kept = {0};
    const enum seen_saved saved =
        profile_seen_save(&client->home, exchange->scratch, client->context.name, &client->seen,
                          &client->known, &kept);
    (void)saved;
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
        seen_save(exchange);
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

// ---- hearing ----

static void position_note(struct client *client, const Reply *reply)
{
    if (reply->position.len > 0 && reply->position.len <= POSITION_BYTES_MAX) {
        memcpy(client->seen.position, reply->position.data, reply->position.len);
        client->seen.position_size = reply->position.len;
    }
}

static struct asked *asked_of(struct exchange *exchange, uint64_t id)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        struct asked *asked = &exchange->asked[i];
        if (asked->used && asked->sent && asked->id == id) {
            return asked;
        }
    }
    return NULL;
}

// An answer has come: nothing of the write needs to be kept any more.
static void asked_unkeep(struct exchange *exchange, struct asked *asked)
{
    if (asked->kept) {
        arena_reset(exchange->scratch);
        const enum status removed =
            outbox_remove(exchange->scratch, &exchange->client->outbox, asked->key);
        (void)removed; // what stays is sent once more by `kontor retry`, and done once
        asked->kept = false;
    }
}

static void hear_reply(struct exchange *exchange, uint64_t id, const Reply *reply)
{
    struct asked *asked = asked_of(exchange, id);
    if (asked == NULL) {
        return;
    }
    const bool was_kept = asked->kept;
    position_note(exchange->client, reply);
    asked_unkeep(exchange, asked);
    if (was_kept) {
        seen_save(exchange);
    }
    if (reply->status == STATUS_STEP_UP && asked->is_write) {
        asked->held = true;
        asked->sent = false;
        return;
    }
    asked_tell(exchange, asked,
               status_is_known(reply->status) ? (enum status)reply->status : STATUS_VERSION, reply);
}

bool exchange_is_held(const struct exchange *exchange)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        if (exchange->asked[i].used && exchange->asked[i].held) {
            return true;
        }
    }
    return false;
}

// The same request under a new id: the refusal is bound to the old one.
static enum status asked_renew(struct exchange *exchange, struct asked *asked)
{
    ProtobufCMessage *message = NULL;
    arena_reset(exchange->scratch);
    enum status status =
        wire_unpack(exchange->scratch, &request__descriptor, asked->packed, &message);
    if (status != STATUS_OK) {
        return status;
    }
    Request *request = (Request *)(void *)message;
    outbox_draw(client_now_ms(), asked->key);
    request->key.data = asked->key;
    request->key.len = sizeof asked->key;
    status = wire_pack(asked->arena, &request->base, &asked->packed);
    asked->kept = !asked->dry_run;
    if (status == STATUS_OK && asked->kept) {
        status =
            outbox_add(exchange->scratch, &exchange->client->outbox, asked->key, asked->packed);
    }
    return status;
}

void exchange_release(struct exchange *exchange, bool proven)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        struct asked *asked = &exchange->asked[i];
        if (!asked->used || !asked->held) {
            continue;
        }
        asked->held = false;
        enum status status = STATUS_STEP_UP;
        if (proven && exchange->state == EXCHANGE_ON) {
            status = asked_renew(exchange, asked);
        }
        if (status == STATUS_OK) {
            const enum status sent = asked_send(exchange, asked);
            (void)sent; // a connection that breaks here is noticed by the next turn
        } else {
            asked_tell(exchange, asked, status, NULL);
        }
    }
}

static enum status hear_event(struct exchange *exchange, const Event *event)
{
    if (event->position.len > 0 && event->position.len <= sizeof exchange->from) {
        memcpy(exchange->from, event->position.data, event->position.len);
        exchange->from_size = event->position.len;
    }
    if (event->action[0] != '\0') {
        exchange->event(exchange->context, event);
    }
    return link_credit(exchange->client->link, exchange->watch, 1);
}

static struct followed *followed_of(struct exchange *exchange, uint64_t id)
{
    for (size_t i = 0; i < FOLLOWED_MAX; i++) {
        if (id != 0 && exchange->followed[i].id == id) {
            return &exchange->followed[i];
        }
    }
    return NULL;
}

static enum status hear_followed(struct exchange *exchange, uint64_t id, const Event *event)
{
    struct followed *followed = followed_of(exchange, id);
    if (followed == NULL) {
        return STATUS_OK; // cancelled meanwhile
    }
    followed->is_heard = true;
    followed->event(followed->context, event);
    // The event may have ended the following.
    return followed_of(exchange, id) == NULL ? STATUS_OK
                                             : link_credit(exchange->client->link, id, 1);
}

// One answer, if there is one. `more`: there was.
static enum status hear(struct exchange *exchange, bool *more)
{
    struct link *link = exchange->client->link;
    *more = false;
    enum status status = link_wait(link, 0, more);
    if (status != STATUS_OK || !*more) {
        return status;
    }
    struct link_answer answer = {0};
    arena_reset(exchange->arena);
    status = link_receive(link, exchange->arena, &answer);
    if (status != STATUS_OK) {
        return status;
    }
    if (answer.event != NULL) {
        return answer.id == exchange->watch ? hear_event(exchange, answer.event)
                                            : hear_followed(exchange, answer.id, answer.event);
    }
    if (answer.id == exchange->watch) {
        exchange->watch = 0; // refused: then nothing comes by itself
    } else if (followed_of(exchange, answer.id) != NULL) {
        *followed_of(exchange, answer.id) = (struct followed){0};
    } else if (answer.reply != NULL) {
        hear_reply(exchange, answer.id, answer.reply);
    }
    // A channel without a session answers nothing else: it is of no use before a login.
    const bool is_out = answer.reply != NULL && (answer.reply->status == STATUS_LOGIN_NEEDED ||
                                                 answer.reply->status == STATUS_SESSION_EXPIRED);
    return is_out ? (enum status)answer.reply->status : STATUS_OK;
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
        dial_end(exchange);
        return true;
    }
    bool changed = false;
    while (exchange->state == EXCHANGE_ON) {
        bool more = false;
        enum status status = hear(exchange, &more);
        status = status == STATUS_OK && is_overdue(exchange) ? STATUS_CUT_OFF : status;
        if (status != STATUS_OK) {
            lose(exchange, status);
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
