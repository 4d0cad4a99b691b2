// SPDX-License-Identifier: Apache-2.0
#include "client/link.h"

#include "client/connect.h"
#include "client/link_record.h"
#include "shared/scan.h"
#include "shared/wire.h"

#include <poll.h>

void link_drop(struct link *link)
{
    if (link != NULL) {
        link_free(link);
    }
}

void link_close(struct link *link)
{
    if (link == NULL) {
        return;
    }
    if (link->status == STATUS_OK) {
        uint8_t data[CLOSE_BYTES];
        const struct close_notice notice = {.records = link->send.records, .status = STATUS_OK};
        close_print(&notice, data);
        const struct record record = {
            .type = RECORD_CLOSE, .flags = RECORD_FIN, .data = bytes_of(data, sizeof data)};
        if (send_record(link, &record) == STATUS_OK) {
            (void)!hear_close(link);
        }
    }
    link_free(link);
}

void link_close_at(struct link **link)
{
    link_close(*link);
    *link = NULL;
}

const struct greeting *link_greeting(const struct link *link)
{
    return &link->greeting;
}

const uint8_t *link_channel_id(const struct link *link)
{
    return link->channel_id;
}

enum status link_status(const struct link *link)
{
    return link->status;
}

int link_descriptor(const struct link *link)
{
    return link->descriptor;
}

size_t link_in_flight(const struct link *link)
{
    return link->flight_count;
}

// ---- sending ----

static void flight_add(struct link *link, uint64_t id)
{
    assert(link->flight_count < link->flight_max);
    for (size_t i = 0; i < COUNT_OF(link->flight); i++) {
        if (link->flight[i] == 0) {
            link->flight[i] = id;
            link->flight_count++;
            return;
        }
    }
    assert(false);
}

static bool flight_has(const struct link *link, uint64_t id)
{
    for (size_t i = 0; id != 0 && i < COUNT_OF(link->flight); i++) {
        if (link->flight[i] == id) {
            return true;
        }
    }
    return false;
}

static void flight_end(struct link *link, uint64_t id)
{
    for (size_t i = 0; i < COUNT_OF(link->flight); i++) {
        if (link->flight[i] == id) {
            link->flight[i] = 0;
            link->flight_count--;
            return;
        }
    }
    assert(false);
}

static enum status send_message(struct link *link, const struct record *message)
{
    for (size_t i = 0; i < record_count(message->data.size); i++) {
        const struct record record = record_fragment(message, i);
        const enum status status = send_record(link, &record);
        if (status != STATUS_OK) {
            return link->status != STATUS_OK ? link->status : hear_close(link);
        }
    }
    return STATUS_OK;
}

static enum status send_request(struct link *link, struct bytes packed, uint8_t flags, uint64_t *id)
{
    if (link->status != STATUS_OK) {
        return link->status;
    }
    if (packed.size > MESSAGE_IMPORT_MAX) {
        return STATUS_TOO_LARGE;
    }
    const uint64_t next = ++link->last_id;
    flight_add(link, next);
    const struct record message = {
        .type = RECORD_REQ, .flags = flags, .request = next, .data = packed};
    const enum status status = send_message(link, &message);
    if (status == STATUS_OK) {
        *id = next;
    }
    return status;
}

static enum status pack_and_send(struct link *link, const Request *request, uint8_t flags,
                                 uint64_t *id)
{
    arena_reset(link->scratch);
    struct bytes packed;
    const enum status status = wire_pack(link->scratch, &request->base, &packed);
    return status == STATUS_OK ? send_request(link, packed, flags, id) : status;
}

enum status link_send(struct link *link, const Request *request, uint64_t *id)
{
    return pack_and_send(link, request, 0, id);
}

enum status link_send_packed(struct link *link, struct bytes packed, uint64_t *id)
{
    return send_request(link, packed, 0, id);
}

enum status link_follow(struct link *link, const Request *request, uint64_t *id)
{
    return pack_and_send(link, request, RECORD_MORE, id);
}

enum status link_credit(struct link *link, uint64_t id, uint32_t answers)
{
    assert(flight_has(link, id));
    if (link->status != STATUS_OK) {
        return link->status;
    }
    uint8_t data[CREDIT_BYTES];
    put_u32(data, answers);
    const struct record record = {.type = RECORD_CREDIT,
                                  .flags = RECORD_FIN,
                                  .request = id,
                                  .data = bytes_of(data, sizeof data)};
    const enum status status = send_record(link, &record);
    return status == STATUS_OK || link->status != STATUS_OK ? status : hear_close(link);
}

enum status link_cancel(struct link *link, uint64_t id)
{
    return link_credit(link, id, 0);
}

// ---- receiving ----

static const ProtobufCMessageDescriptor *message_descriptor(enum record_type type)
{
    return type == RECORD_EVENT ? &event__descriptor : &reply__descriptor;
}

static bool is_login(const Reply *reply)
{
    return reply->result_case == REPLY__RESULT_SESSION_LOGIN ||
           reply->result_case == REPLY__RESULT_SESSION_JOIN;
}

// The message in assembly as an answer. A login on this link widens what may be in flight.
static enum status take_message(struct link *link, struct arena *arena, struct link_answer *out)
{
    assert(link->complete);
    const struct record *message = &link->message;
    const ProtobufCMessageDescriptor *descriptor = message_descriptor(message->type);
    link->complete = false;
    if (!flight_has(link, message->request) ||
        scan_message(descriptor, message->data, &SCAN_REPLY, NULL) != STATUS_OK) {
        return link_fail(link, STATUS_MALFORMED);
    }
    ProtobufCMessage *unpacked = NULL;
    const enum status status = wire_unpack(arena, descriptor, message->data, &unpacked);
    arena_reset(link->assembly_arena);
    if (status != STATUS_OK) {
        return link_fail(link, status);
    }
    *out = (struct link_answer){
        .id = message->request,
        .more = message->type == RECORD_EVENT || (message->flags & RECORD_MORE) != 0,
        .early = message->type == RECORD_ERR,
    };
    if (message->type == RECORD_EVENT) {
        out->event = (Event *)unpacked;
    } else {
        out->reply = (Reply *)unpacked;
    }
    if (out->reply != NULL && out->reply->status == STATUS_OK && is_login(out->reply)) {
        link->flight_max = IN_FLIGHT_MAX;
    }
    if (!out->more) {
        flight_end(link, out->id);
    }
    return STATUS_OK;
}

// One record further.
static enum status pump(struct link *link, int64_t deadline_ms)
{
    struct record record;
    enum status status = next_record(link, deadline_ms, &record);
    if (status == STATUS_OK) {
        status = take_record(link, &record);
    }
    return status == STATUS_OK || link->status != STATUS_OK ? status : hear_close(link);
}

enum status link_receive(struct link *link, struct arena *arena, struct link_answer *out)
{
    const int64_t deadline_ms = clock_ms() + link->answer_ms;
    while (link->status == STATUS_OK && !link->complete) {
        const enum status status = pump(link, deadline_ms);
        assert(status == link->status);
    }
    return link->status == STATUS_OK ? take_message(link, arena, out) : link->status;
}

enum status link_call(struct link *link, const Request *request, struct arena *arena, Reply **out)
{
    assert(link->status != STATUS_OK || link->flight_count == 0);
    uint64_t id = 0;
    enum status status = link_send(link, request, &id);
    if (status != STATUS_OK) {
        return status;
    }
    struct link_answer answer;
    status = link_receive(link, arena, &answer);
    if (status != STATUS_OK) {
        return status;
    }
    if (answer.id != id || answer.reply == NULL || answer.more) {
        return link_fail(link, STATUS_MALFORMED);
    }
    *out = answer.reply;
    return STATUS_OK;
}

// Takes answers until the last one, without looking.
static enum status skip_rest(struct link *link, struct arena *arena)
{
    struct link_answer answer = {.more = true};
    while (answer.more) {
        arena_reset(arena);
        const enum status status = link_receive(link, arena, &answer);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_CANCELLED;
}

enum status link_stream(struct link *link, const Request *request, struct arena *arena,
                        bool (*page)(void *context, const Reply *reply), void *context)
{
    assert(link->status != STATUS_OK || link->flight_count == 0);
    uint64_t id = 0;
    enum status status = link_follow(link, request, &id);
    while (status == STATUS_OK) {
        arena_reset(arena);
        struct link_answer answer = {0};
        status = link_receive(link, arena, &answer);
        if (status != STATUS_OK) {
            break;
        }
        if (answer.id != id || answer.reply == NULL) {
            return link_fail(link, STATUS_MALFORMED);
        }
        const bool wanted = page(context, answer.reply);
        if (!answer.more) {
            return wanted ? STATUS_OK : STATUS_CANCELLED;
        }
        if (!wanted) {
            status = link_cancel(link, id);
            return status == STATUS_OK ? skip_rest(link, arena) : status;
        }
        status = link_credit(link, id, 1);
    }
    return status;
}

enum status link_wait(struct link *link, uint32_t wait_ms, bool *ready)
{
    const int64_t deadline_ms = clock_ms() + wait_ms;
    short seen = 0;
    while (link->status == STATUS_OK && !link->complete) {
        if (!has_record(link) && !connect_wait(link->descriptor, POLLIN, deadline_ms, &seen)) {
            break;
        }
        if (has_record(link) || take_input(link) == STATUS_OK) {
            const enum status status = has_record(link) ? pump(link, deadline_ms) : STATUS_OK;
            assert(status == link->status);
        }
    }
    if (link->status == STATUS_OK && !link->complete &&
        clock_ms() - link->heard_ms > link->dead_ms) {
        (void)link_fail(link, STATUS_CUT_OFF);
    }
    *ready = link->complete;
    return link->status;
}
