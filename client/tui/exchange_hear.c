// SPDX-License-Identifier: Apache-2.0
#include "client/tui/exchange_own.h"
#include "shared/wire.h"

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
        exchange_seen_save(exchange);
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
enum status exchange_hear(struct exchange *exchange, bool *more)
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
