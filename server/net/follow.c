// SPDX-License-Identifier: Apache-2.0
#include "server/net/gate.h"
#include "server/net/state.h"
#include "shared/page.h"
#include "shared/wire.h"

// Answers that go on by themselves. The session asks the same question again, each time from where
// the last answer ended: a list from its cursor, a watch from its position. It asks only while the
// client has given credit and the output is low, so a reader that stops costs nothing but its
// place.

static bool is_watch(const struct command *command)
{
    return command->reply == &event__descriptor;
}

static size_t follow_count(const struct session *session)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(session->flight); i++) {
        count += session->flight[i].follow != NULL;
    }
    return count;
}

// A command that cannot be continued is answered once, as if it had not been asked to go on.
enum status follow_begin(struct session *session, struct flight *flight, struct bytes packed)
{
    if (!is_watch(flight->command) && !page_is_paged(flight->command)) {
        return STATUS_OK;
    }
    if (follow_count(session) >= FOLLOWS_MAX) {
        return STATUS_BUSY;
    }
    struct follow *follow = malloc(sizeof *follow + packed.size);
    if (follow == NULL) {
        return STATUS_BUSY;
    }
    *follow = (struct follow){
        .command = flight->command,
        .watch = is_watch(flight->command),
        .credit = CREDIT_START,
        .packed_size = packed.size,
    };
    memcpy(follow->packed, packed.data, packed.size);
    flight->follow = follow;
    return STATUS_OK;
}

void follow_free(struct follow *follow)
{
    if (follow != NULL) {
        free(follow->cursor);
        explicit_bzero(follow->packed, follow->packed_size);
        free(follow);
    }
}

// The same request, from where the last answer ended.
static bool move_on(const struct follow *follow, struct job *job)
{
    ProtobufCMessage *inner = wire_inner(&job->request->base, follow->command->number);
    assert(inner != NULL);
    if (follow->watch && follow->position_size > 0) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "from");
        assert(field != NULL && field->type == PROTOBUF_C_TYPE_BYTES);
        const ProtobufCBinaryData from = {
            .len = follow->position_size,
            .data = arena_copy(job->arena, follow->position, follow->position_size),
        };
        memcpy((uint8_t *)inner + field->offset, &from, sizeof from);
        return from.data != NULL;
    }
    if (!follow->watch && follow->cursor != NULL) {
        char *cursor = arena_copy(job->arena, follow->cursor, strlen(follow->cursor));
        page_set_cursor(follow->command, inner, cursor);
        return cursor != NULL;
    }
    return true;
}

static void finish(struct session *session, struct flight *flight, enum status status)
{
    const uint64_t request = flight->request;
    flight_end(session, flight);
    request_refuse(session, request, status);
}

// Asks for the next answer if it may be sent.
static void ask(struct session *session, struct flight *flight)
{
    struct follow *follow = flight->follow;
    const bool high = session->output_bytes > session->listener->limits.output_high_water;
    if (flight->busy || session->retiring || session->doomed) {
        return;
    }
    if (follow->cancelled) {
        finish(session, flight, STATUS_CANCELLED);
        return;
    }
    if (follow->credit == 0 || high || (follow->watch && !follow->woken && follow->begun)) {
        return;
    }
    follow->woken = false;
    struct job *job = NULL;
    const struct bytes packed = bytes_of(follow->packed, follow->packed_size);
    enum status status = gate_job(session->listener->options.admit, packed, &job);
    if (status == STATUS_OK && !move_on(follow, job)) {
        job_free(session->listener->options.admit, job);
        status = STATUS_TOO_LARGE;
    }
    if (status != STATUS_OK) {
        finish(session, flight, status);
        return;
    }
    flight_submit(session, flight, job);
}

static void send_answer(struct session *session, const struct flight *flight, enum record_type type,
                        uint8_t flags, struct bytes packed)
{
    const struct record message = {
        .type = type, .flags = flags, .request = flight->request, .data = packed};
    output_message(session, &message);
}

// The last answer: the reply as it is.
static void answer_last(struct session *session, struct flight *flight, const struct job *job)
{
    const struct flight ended = *flight;
    flight_end(session, flight);
    if (job->packed.size > MESSAGE_REPLY_MAX) {
        request_answer_too_large(session, ended.request);
        return;
    }
    send_answer(session, &ended, RECORD_RES, 0, job->packed);
}

// STATUS_END: nothing more has happened up to the reply's position. That is sent once, as the
// watch's first word and as an event without an action, so that a client knows from where to resume
// although it has seen nothing. An answer without an action that is not the end only says how far
// was looked: asked again at once.
static void answer_watch(struct session *session, struct flight *flight, struct job *job)
{
    struct follow *follow = flight->follow;
    const bool ended = job->reply->status == STATUS_END;
    Event nothing;
    event__init(&nothing);
    Event *given = (Event *)wire_inner(&job->reply->base, follow->command->number);
    Event *event = !ended && given != NULL ? given : &nothing;
    if (event->position.len == 0) {
        event->position = job->reply->position;
    }
    if (event->position.len == 0 || event->position.len > POSITION_MAX) {
        finish(session, flight, STATUS_ENVIRONMENT);
        return;
    }
    follow->position_size = event->position.len;
    memcpy(follow->position, event->position.data, event->position.len);
    follow->woken = follow->woken || !ended;
    const bool happened = event->action != NULL && event->action[0] != '\0';
    if (happened || (ended && !follow->begun)) {
        struct bytes packed;
        if (wire_pack(job->arena, &event->base, &packed) != STATUS_OK) {
            finish(session, flight, STATUS_TOO_LARGE);
            return;
        }
        follow->begun = true;
        follow->credit--;
        send_answer(session, flight, RECORD_EVENT, 0, packed);
    }
}

static void answer_page(struct session *session, struct flight *flight, struct job *job)
{
    struct follow *follow = flight->follow;
    const struct command *command = follow->command;
    const ProtobufCMessage *reply = wire_inner(&job->reply->base, command->number);
    const char *next = page_next(command, reply);
    if (next == NULL || strlen(next) > CURSOR_BYTES_MAX || job->packed.size > MESSAGE_REPLY_MAX) {
        answer_last(session, flight, job);
        return;
    }
    free(follow->cursor);
    follow->cursor = strdup(next);
    if (follow->cursor == NULL) {
        finish(session, flight, STATUS_BUSY);
        return;
    }
    follow->credit--;
    send_answer(session, flight, RECORD_RES, RECORD_MORE, job->packed);
}

void follow_answer(struct session *session, struct flight *flight, struct job *job)
{
    struct follow *follow = flight->follow;
    assert(follow->credit > 0);
    const enum status status = (enum status)job->reply->status;
    if (follow->watch && (status == STATUS_OK || status == STATUS_END)) {
        answer_watch(session, flight, job);
    } else if (status == STATUS_OK) {
        answer_page(session, flight, job);
    } else {
        answer_last(session, flight, job);
    }
    if (session_is_open(session) && flight->follow != NULL) {
        ask(session, flight);
    }
}

// Credit for a request that is answered already came too late and means nothing.
void follow_credit(struct session *session, const struct record *record)
{
    struct flight *flight = flight_find(session, record->request);
    if (record->data.size != CREDIT_BYTES) {
        session->listener->counts.malformed++;
        session_fault(session, "ended: a credit that was not understood", PENALTY_GARBAGE_MS);
        return;
    }
    if (flight == NULL || flight->follow == NULL) {
        return;
    }
    struct follow *follow = flight->follow;
    const uint32_t more = get_u32(record->data.data);
    if (more > CREDIT_MAX - follow->credit) {
        session->listener->counts.malformed++;
        session_fault(session, "ended: more credit than there may be", PENALTY_GARBAGE_MS);
        return;
    }
    follow->cancelled = follow->cancelled || more == 0;
    follow->credit += more;
    ask(session, flight);
}

void follow_pump(struct session *session)
{
    for (size_t i = 0; i < COUNT_OF(session->flight) && session_is_open(session); i++) {
        struct flight *flight = &session->flight[i];
        if (flight->used && flight->follow != NULL) {
            ask(session, flight);
        }
    }
}

void follow_wake(struct session *session)
{
    for (size_t i = 0; i < COUNT_OF(session->flight) && session_is_open(session); i++) {
        struct flight *flight = &session->flight[i];
        if (flight->used && flight->follow != NULL && flight->follow->watch) {
            flight->follow->woken = true;
            ask(session, flight);
        }
    }
}
