// SPDX-License-Identifier: Apache-2.0
#include "client/client.h"
#include "client/hex.h"
#include "client/letters.h"
#include "client/pins.h"
#include "client/trust.h"
#include "shared/wire.h"
#include "shared/words.h"

#include <unistd.h>

#define CONNECT_MS     5000
#define RETRY_PAUSE_MS 200

static uint32_t time_left(const struct client *client)
{
    int64_t left = client->deadline_ms - client_clock_ms();
    return left < 1 ? 1 : left > TIMEOUT_MS_MAX ? TIMEOUT_MS_MAX : (uint32_t)left;
}

// Nothing more is said to a server that was found out.
static enum status link_doubt(struct client *client, enum status status)
{
    if (status != STATUS_OK) {
        link_close(client->link);
        client->link = NULL;
    }
    return status;
}

// A link to this context's server. What it says is not to be believed while a proof is due.
static enum status link_begin(struct client *client)
{
    if (client->link != NULL && link_status(client->link) == STATUS_OK) {
        return STATUS_OK;
    }
    link_close(client->link);
    client->link = NULL;
    client->proof_is_due = false;
    enum status status = client_begin(client);
    if (status != STATUS_OK) {
        return status;
    }
    if (!client->context.has_token) {
        client_hint(client, "kontor login");
        return STATUS_LOGIN_NEEDED;
    }
    uint32_t left = time_left(client);
    struct link_options options = {
        .address_count = client->context.server_count,
        .device = &client->device,
        .token = client->context.token,
        .checkpoint_size = client->seen.anchor.size,
        .timeline = client->seen.anchor.timeline,
        .connect_ms = left < CONNECT_MS ? left : CONNECT_MS,
        .answer_ms = left,
        .retry_ms = left < LINK_RETRY_MS ? left : LINK_RETRY_MS,
    };
    for (size_t i = 0; i < client->context.server_count; i++) {
        options.address[i] = client->context.server[i];
    }
    memcpy(options.server_key, client->context.server_key, KEY_BYTES);
    memcpy(options.checkpoint_root, client->seen.anchor.root, sizeof(options.checkpoint_root));
    status = pins_open(client, &options, &client->link);
    if (status == STATUS_UNREACHABLE) {
        client->fault =
            arena_print(client->arena, _("no answer from %s"), client->context.server[0]);
        client_hint(client, _("is the server running?"));
    }
    if (status == STATUS_OK) {
        status = trust_greet(client, client->link, &client->proof_is_due);
    }
    return status == STATUS_OK ? link_doubt(client, pins_learn(client)) : status;
}

enum status client_connect(struct client *client)
{
    enum status status = link_begin(client);
    if (status == STATUS_OK && client->proof_is_due) {
        status = trust_prove(client, client->link);
        client->proof_is_due = status != STATUS_OK;
        if (status == STATUS_OK) {
            status = trust_keep(client, client->link);
        }
    }
    return link_doubt(client, status);
}

enum status client_note(struct client *client, const Reply *reply)
{
    if (!client->has_context) {
        return STATUS_OK;
    }
    if (reply->position.len > 0 && reply->position.len <= POSITION_BYTES_MAX) {
        memcpy(client->seen.position, reply->position.data, reply->position.len);
        client->seen.position_size = reply->position.len;
    }
    return trust_keep(client, client->link);
}

// Puts the command's message into an envelope; an import's groups do not come this way.
static enum status request_make(struct client *client, const struct command *command,
                                ProtobufCMessage *inner, Request **out)
{
    Request *request = (Request *)(void *)wire_make(client->arena, &request__descriptor);
    if (request == NULL) {
        return STATUS_TOO_LARGE;
    }
    wire_set_inner(&request->base, command->number, inner);
    request->position.data = client->seen.position;
    request->position.len = client->seen.position_size;
    if (command->mode == COMMAND_WRITE) {
        const char *key = client->options.key;
        if (key != NULL && !hex_parse(key, client->key, sizeof(client->key))) {
            return client_fail(client, STATUS_USAGE, "key", key, _("32 hexadecimal digits"));
        }
        if (key == NULL) {
            outbox_draw(client_now_ms(), client->key);
        }
        client->has_key = true;
        request->key.data = client->key;
        request->key.len = sizeof(client->key);
        request->dry_run = client->options.dry_run;
        if (client->options.plan != NULL) {
            request->plan = letters_lend(client->options.plan);
        }
    }
    *out = request;
    return STATUS_OK;
}

// What to do about a refusal that stands before everything else.
static const char *next_step(enum status status)
{
    static const struct {
        enum status status;
        const char *line;
    } STEPS[] = {
        {STATUS_SESSION_EXPIRED, "kontor login"},       {STATUS_LOGIN_NEEDED, "kontor login"},
        {STATUS_NOTICE_NEEDED, "kontor notice accept"}, {STATUS_TOTP_NEEDED, "kontor user totp"},
        {STATUS_DEVICE_PENDING, "kontor whoami"},
    };

    for (size_t i = 0; i < COUNT_OF(STEPS); i++) {
        if (STEPS[i].status == status) {
            return STEPS[i].line;
        }
    }
    return NULL;
}

enum status client_take(struct client *client, Reply *reply, Reply **out)
{
    *out = reply;
    if (reply->status == STATUS_OK) {
        return client_note(client, reply);
    }
    if (reply->status == STATUS_BEHIND) {
        return trust_report(client, ANCHOR_OWN_CHANGE, NULL, NULL);
    }
    client->refusal = reply;
    enum status status =
        status_is_known(reply->status) ? (enum status)reply->status : STATUS_VERSION;
    const char *next = next_step(status);
    if (next != NULL) {
        client_hint(client, next);
    }
    return status;
}

// These say what became of a write: answered, or surely not done, as it is never sent to a server
// that could not prove its journal. An unreachable server is another
// matter: the write was not done either, but waits for the server to come back.
static bool link_is_certain(enum status status)
{
    return status == STATUS_OK || status == STATUS_VERSION || status == STATUS_WRONG_SERVER ||
           status == STATUS_LOGIN_NEEDED || status == STATUS_SESSION_EXPIRED ||
           status == STATUS_DEVICE_UNKNOWN || status == STATUS_TOO_LARGE ||
           status == STATUS_TAMPERED || status == STATUS_INCOMPLETE;
}

static bool is_worth_a_retry(enum status status)
{
    return status == STATUS_CUT_OFF || status == STATUS_BUSY || status == STATUS_BEHIND ||
           status == STATUS_SLOW_READER;
}

// Waits for the answer to request `id`, and before that for the proof that went with it.
static enum status answer_await(struct client *client, uint64_t id, uint64_t proof_id, Reply **out)
{
    Reply *reply = NULL;
    while (reply == NULL || client->proof_is_due) {
        struct link_answer answer = {0};
        enum status status = link_receive(client->link, client->arena, &answer);
        if (status == STATUS_OK && answer.reply == NULL) {
            status = STATUS_MALFORMED;
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (answer.id == id) {
            reply = answer.reply;
            continue;
        }
        bool is_due = false;
        status = answer.id == proof_id && client->proof_is_due
                     ? trust_hear(client, client->link, answer.reply, &is_due)
                     : STATUS_MALFORMED;
        if (status == STATUS_OK && is_due) {
            status = trust_ask(client, client->link, &proof_id);
        }
        if (status != STATUS_OK) {
            return link_doubt(client, status);
        }
        client->proof_is_due = is_due;
    }
    *out = reply;
    return STATUS_OK;
}

// One attempt. A question rides along with the proof that is due; a change is told only to a server
// that has proven itself. `maybe` becomes true when the bytes may have been done without an answer.
static enum status attempt(struct client *client, struct bytes packed, bool is_change, Reply **out,
                           bool *maybe)
{
    uint64_t id = 0;
    uint64_t proof_id = 0;
    enum status status = is_change ? client_connect(client) : link_begin(client);
    if (status == STATUS_OK && client->proof_is_due) {
        status = trust_ask(client, client->link, &proof_id);
    }
    if (status == STATUS_OK) {
        status = link_send_packed(client->link, packed, &id);
        *maybe = *maybe || !link_is_certain(status);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = answer_await(client, id, proof_id, out);
    *maybe = *maybe || (status != STATUS_OK && !link_is_certain(status));
    return status;
}

// Sends packed bytes until there is an answer or no time left. `maybe` says afterwards whether they
// may have been done all the same; it is handed in true for what was sent in an earlier run.
static enum status exchange(struct client *client, struct bytes packed, bool is_change, Reply **out,
                            bool *maybe)
{
    for (;;) {
        Reply *reply = NULL;
        enum status status = attempt(client, packed, is_change, &reply, maybe);
        bool is_answer = status == STATUS_OK && !is_worth_a_retry((enum status)reply->status);
        if (is_answer) {
            *maybe = false;
            *out = reply;
            return STATUS_OK;
        }
        // A busy server has surely not done it this time; only an earlier attempt may have been
        // done.
        bool again =
            reply != NULL || is_worth_a_retry(status) || (*maybe && status == STATUS_UNREACHABLE);
        if (again && client_clock_ms() + RETRY_PAUSE_MS < client->deadline_ms) {
            const struct timespec pause = {.tv_nsec = RETRY_PAUSE_MS * 1000000L};
            (void)nanosleep(&pause, NULL);
            continue;
        }
        *out = reply;
        return reply != NULL && *maybe ? STATUS_CUT_OFF : status;
    }
}

// A write that was kept and whose fate is known leaves the outbox; any other stays for `kontor
// retry`.
static enum status outbox_settle(struct client *client, enum status status, bool maybe)
{
    if (!maybe && link_is_certain(status)) {
        enum status removed = outbox_remove(client->arena, &client->outbox, client->key);
        return status == STATUS_OK ? removed : status;
    }
    client->is_pending = true;
    client_hint(client, "kontor retry");
    return status;
}

static enum status call_through(struct client *client, const struct command *command,
                                ProtobufCMessage *inner, Reply **out)
{
    Request *request = NULL;
    struct bytes packed = {0};
    enum status status = client_begin(client);
    if (status == STATUS_OK) {
        status = request_make(client, command, inner, &request);
    }
    if (status == STATUS_OK) {
        status = wire_pack(client->arena, &request->base, &packed);
    }
    bool kept = command->mode == COMMAND_WRITE && !client->options.dry_run;
    if (status == STATUS_OK && kept) {
        status = outbox_add(client->arena, &client->outbox, client->key, packed);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool maybe = false;
    Reply *reply = NULL;
    status = exchange(client, packed, kept, &reply, &maybe);
    if (kept) {
        status = outbox_settle(client, status, maybe);
    }
    return status == STATUS_OK ? client_take(client, reply, out) : status;
}

enum status client_call(struct client *client, const struct command *command,
                        ProtobufCMessage *inner, Reply **out)
{
    assert(command != NULL && inner != NULL);
    enum status status = call_through(client, command, inner, out);
    // A password may be asked for first, and then the code that it does not stand in for.
    for (int asked = 0; asked < 2 && (status == STATUS_STEP_UP || status == STATUS_CODE_NEEDED);
         asked++) {
        status = client_prove(client, status);
        if (status == STATUS_OK) {
            status = call_through(client, command, inner, out);
        }
    }
    return status;
}

enum status client_call_once(struct client *client, struct link *link,
                             const struct command *command, ProtobufCMessage *inner, Reply **out)
{
    Request *request = NULL;
    Reply *reply = NULL;
    enum status status = request_make(client, command, inner, &request);
    if (status == STATUS_OK) {
        status = link_call(link, request, client->arena, &reply);
    }
    return status == STATUS_OK ? client_take(client, reply, out) : status;
}

enum status client_resend(struct client *client, const struct pending *pending,
                          const Request **request, Reply **out)
{
    struct bytes packed = {0};
    ProtobufCMessage *message = NULL;
    enum status status = outbox_read(client->arena, &client->outbox, pending->key, &packed);
    if (status == STATUS_OK) {
        status = wire_unpack(client->arena, &request__descriptor, packed, &message);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *request = (const Request *)(const void *)message;
    bool maybe = true;
    status = exchange(client, packed, true, out, &maybe);
    if (status == STATUS_OK) {
        status = outbox_remove(client->arena, &client->outbox, pending->key);
    }
    if (status == STATUS_OK) {
        status = client_note(client, *out);
    }
    return status;
}
