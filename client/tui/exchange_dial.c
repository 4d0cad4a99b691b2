// SPDX-License-Identifier: Apache-2.0
#include "client/tui/exchange_own.h"

#include <unistd.h>

#define DIAL_MS      4000
#define PAUSE_MS_MAX 10000

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

void exchange_lose(struct exchange *exchange, enum status status)
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

void exchange_dialed(struct exchange *exchange)
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
        exchange_lose(exchange, status);
        return;
    }
    exchange->state = EXCHANGE_ON;
    exchange->pause_ms = PAUSE_MS_FIRST;
    exchange->count++;
}
