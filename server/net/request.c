// SPDX-License-Identifier: Apache-2.0
#include "server/net/gate.h"
#include "server/net/outline.h"
#include "server/net/state.h"
#include "shared/wire.h"

// A message becomes a call and its reply a message: in through the gate (gate.h), out as records.

// ---- bounds ----

static size_t message_max(const struct session *session, uint32_t number)
{
    if (session->state == SESSION_LOGGED_OUT) {
        return MESSAGE_LOGGED_OUT_MAX;
    }
    return gate_is_import(command_by_number(number)) ? MESSAGE_IMPORT_MAX : MESSAGE_REQUEST_MAX;
}

static size_t flight_max(const struct session *session)
{
    return session->state == SESSION_LOGGED_OUT ? IN_FLIGHT_LOGGED_OUT_MAX : IN_FLIGHT_MAX;
}

static void malformed(struct session *session, const char *what)
{
    session->listener->counts.malformed++;
    session_fault(session, what, PENALTY_GARBAGE_MS);
}

// ---- refusals that the session speaks itself ----

// A reply that says nothing but its status.
static void answer_status(struct session *session, uint64_t request, enum record_type type,
                          enum status status)
{
    struct arena *scratch = session->listener->scratch;
    arena_reset(scratch);
    Reply reply;
    reply__init(&reply);
    reply.status = (uint32_t)status;
    struct bytes packed;
    const enum status packing = wire_pack(scratch, &reply.base, &packed);
    assert(packing == STATUS_OK);
    const struct record message = {.type = type, .request = request, .data = packed};
    output_message(session, &message);
}

void request_refuse(struct session *session, uint64_t request, enum status status)
{
    answer_status(session, request, RECORD_ERR, status);
}

void request_answer_too_large(struct session *session, uint64_t request)
{
    answer_status(session, request, RECORD_RES, STATUS_TOO_LARGE);
}

// ---- requests under way ----

struct flight *flight_find(struct session *session, uint64_t request)
{
    for (size_t i = 0; i < COUNT_OF(session->flight); i++) {
        if (session->flight[i].used && session->flight[i].request == request) {
            return &session->flight[i];
        }
    }
    return NULL;
}

static struct flight *flight_begin(struct session *session, uint64_t request,
                                   const struct command *command)
{
    for (size_t i = 0; i < COUNT_OF(session->flight); i++) {
        struct flight *flight = &session->flight[i];
        if (!flight->used) {
            *flight = (struct flight){
                .session = session, .command = command, .request = request, .used = true};
            session->flight_count++;
            return flight;
        }
    }
    assert(false);
    return NULL;
}

void flight_end(struct session *session, struct flight *flight)
{
    assert(flight->used && session->flight_count > 0);
    follow_free(flight->follow);
    *flight = (struct flight){.session = session};
    session->flight_count--;
}

// ---- answers ----

// A login or logout of this channel changes what the channel is.
static void take_login(struct session *session, const Reply *reply)
{
    struct admit *admit = session->listener->options.admit;
    const SessionReply *login = NULL;
    if (reply->status != STATUS_OK) {
        return;
    }
    if (reply->result_case == REPLY__RESULT_SESSION_LOGIN) {
        login = reply->session_login;
    } else if (reply->result_case == REPLY__RESULT_SESSION_JOIN) {
        login = reply->session_join;
    } else if (reply->result_case == REPLY__RESULT_SESSION_LOGOUT) {
        session->peer.session_id = 0;
        session->token_presented = false;
        if (session->state == SESSION_LOGGED_IN) {
            session_enter(session, SESSION_LOGGED_OUT);
        }
        return;
    }
    if (login == NULL || login->token.len != TOKEN_BYTES) {
        return;
    }
    struct peer known = {0};
    admit_peer(admit, session->peer.device_key, login->token.data, &known);
    session->peer.device_id = known.device_id;
    session->peer.session_id = known.session_id;
    session->peer.invited = false;
    if (known.session_id != 0 && session->state == SESSION_LOGGED_OUT) {
        session_enter(session, SESSION_LOGGED_IN);
    }
}

// Commands that end what others have open: checked at once, before their answer goes out. What ends
// a session otherwise is noticed after its commit.
static bool ends_others(const struct command *command)
{
    switch ((int)command->permission) {
    case PERMISSION_SELF:
    case PERMISSION_USER_EDIT:
    case PERMISSION_USER_DISABLE:
    case PERMISSION_DEVICE_REVOKE:
        return command->mode == COMMAND_WRITE;
    default:
        return false;
    }
}

static void answer(struct session *session, struct flight *flight, struct job *job)
{
    if (session->doomed && job->command->mode == COMMAND_READ) {
        return;
    }
    if (flight->follow != NULL) {
        follow_answer(session, flight, job);
        return;
    }
    const uint64_t request = flight->request;
    flight_end(session, flight);
    if (job->packed.size > MESSAGE_REPLY_MAX) {
        request_answer_too_large(session, request);
        return;
    }
    const struct record message = {.type = RECORD_RES, .request = request, .data = job->packed};
    output_message(session, &message);
}

static void on_done(struct job *job)
{
    struct flight *flight = job->owner;
    struct session *session = flight->session;
    struct listener *listener = session->listener;
    assert(session->jobs > 0 && flight->busy);
    session->jobs--;
    listener->counts.in_flight--;
    if (session_is_open(session)) {
        take_login(session, job->reply);
    }
    if (ends_others(job->command) && job->reply->status == STATUS_OK) {
        listener_check_all(listener);
    }
    flight->busy = false;
    if (session_is_open(session)) {
        answer(session, flight, job);
    }
    job_free(listener->options.admit, job);
    if (session->state == SESSION_ENDED) {
        session_free_when_over(session);
        return;
    }
    if (session->doomed) {
        session_check(session);
    }
    if (session->retiring && session->jobs == 0 && session_is_open(session)) {
        session_close(session, session->retiring_status);
    }
    session_arm(session);
}

void flight_submit(struct session *session, struct flight *flight, struct job *job)
{
    assert(!flight->busy && session_is_open(session));
    job->command = flight->command;
    job->peer = session->peer;
    job->done = on_done;
    job->owner = flight;
    flight->busy = true;
    session->jobs++;
    session->listener->counts.in_flight++;
    admit_submit(session->listener->options.admit, job);
}

// ---- requests ----

// Stateless bounds of one command. STATUS_MALFORMED ends the connection, the others are answered.
static enum status check(const struct session *session, const struct command *command,
                         struct bytes packed)
{
    if (session->retiring || session->doomed) {
        return STATUS_BUSY;
    }
    const enum status status = gate_check(command, session->state != SESSION_LOGGED_OUT, packed);
    return status == STATUS_LOGIN_NEEDED ? session_bound_status(session, status) : status;
}

static void take_request(struct session *session, const struct record *message)
{
    struct outline outline;
    if (outline_of(message->data, false, &outline) != STATUS_OK || outline.number == 0) {
        malformed(session, "ended: a request that was not understood");
        return;
    }
    if (message->data.size > message_max(session, outline.number)) {
        session_close(session, session_bound_status(session, STATUS_TOO_LARGE));
        return;
    }
    if (session->flight_count >= flight_max(session)) {
        session_close(session, session_bound_status(session, STATUS_BUSY));
        return;
    }
    const struct command *command = command_by_number(outline.number);
    enum status status = check(session, command, message->data);
    struct job *job = NULL;
    if (status == STATUS_OK) {
        status = gate_job(session->listener->options.admit, message->data, &job);
    }
    if (status == STATUS_MALFORMED) {
        malformed(session, "ended: a request that was not understood");
        return;
    }
    if (status != STATUS_OK) {
        request_refuse(session, message->request, status);
        return;
    }
    struct flight *flight = flight_begin(session, message->request, command);
    if ((message->flags & RECORD_MORE) != 0) {
        status = follow_begin(session, flight, message->data);
        if (status != STATUS_OK) {
            job_free(session->listener->options.admit, job);
            flight_end(session, flight);
            request_refuse(session, message->request, status);
            return;
        }
    }
    flight_submit(session, flight, job);
}

// ---- messages of several records ----

void assembly_release(struct session *session)
{
    session->listener->counts.assembly_bytes -= session->assembly_bytes;
    session->assembly_bytes = 0;
    memset(&session->assembly, 0, sizeof session->assembly);
    arena_free(session->assembly_arena);
    session->assembly_arena = NULL;
}

static void assembly_begin(struct session *session, const struct record *first)
{
    struct outline outline;
    if (outline_of(first->data, true, &outline) != STATUS_OK) {
        malformed(session, "ended: a request that was not understood");
        return;
    }
    session->message_max = message_max(session, outline.number);
    // Twice: growing leaves the smaller copies behind.
    session->assembly_arena = arena_make(2 * session->message_max + (size_t)4 * RECORD_PLAIN_MAX);
    if (session->assembly_arena == NULL) {
        session_close(session, STATUS_BUSY);
    }
}

// Counts what the assembly takes; false: the process holds too much already and the session is
// told.
static bool assembly_count(struct session *session)
{
    struct net_counts *counts = &session->listener->counts;
    const size_t used = arena_used(session->assembly_arena);
    counts->assembly_bytes = counts->assembly_bytes + used - session->assembly_bytes;
    session->assembly_bytes = used;
    if (counts->assembly_bytes <= session->listener->limits.assembly_total) {
        return true;
    }
    session_close(session, STATUS_BUSY);
    return false;
}

void request_take_fragment(struct session *session, const struct record *record)
{
    const bool first = session->assembly_arena == NULL;
    const bool only = first && (record->flags & RECORD_FIN) != 0;
    if (record->request == 0 || (first && flight_find(session, record->request) != NULL)) {
        malformed(session, "ended: a request id that is in use");
        return;
    }
    if (first && !only) {
        assembly_begin(session, record);
        if (!session_is_open(session)) {
            return;
        }
    }
    bool complete = only;
    struct record message = *record;
    if (!only) {
        const enum status status = assembly_add(&session->assembly, session->assembly_arena,
                                                session->message_max, record, &complete, &message);
        if (status == STATUS_TOO_LARGE) {
            session_close(session, session_bound_status(session, STATUS_TOO_LARGE));
            return;
        }
        if (status != STATUS_OK) {
            malformed(session, "ended: fragments that do not belong together");
            return;
        }
    }
    if (!only && !assembly_count(session)) {
        return;
    }
    if (complete) {
        // Out of the session's hands while it is taken, since that may end the session.
        struct arena *arena = session->assembly_arena;
        session->assembly_arena = NULL;
        assembly_release(session);
        take_request(session, &message);
        arena_free(arena);
    }
}
