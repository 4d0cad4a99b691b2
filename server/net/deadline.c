// SPDX-License-Identifier: Apache-2.0
#include "server/net/state.h"

// One timer a session. It is started for the nearest deadline and left alone while deadlines move
// away, so that traffic costs no timer; when it fires too early it looks again.

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t message_due(const struct session *session)
{
    const size_t begun = session->assembly.size + session->tail_size;
    const uint64_t parts = 1 + begun / MESSAGE_REQUEST_MAX;
    return session->begun_ms + parts * session->listener->limits.message_ms;
}

static uint64_t open_due(const struct session *session)
{
    const struct net_limits *limits = &session->listener->limits;
    uint64_t due = session->accepted_ms + limits->connection_ms;
    if (session->state == SESSION_LOGGED_OUT) {
        due = sooner(due, session->phase_ms + limits->login_ms);
    }
    if (session->output_bytes > 0) {
        due = sooner(due, session->progress_ms + limits->slow_reader_ms);
    }
    if (session->reading) {
        const uint64_t silence = session->ping_sent ? limits->dead_ms : limits->ping_ms;
        due = sooner(due, session->received_ms + silence);
        due = session->begun_ms != 0 ? sooner(due, message_due(session)) : due;
    }
    return due;
}

static uint64_t next_due(const struct session *session)
{
    const struct net_limits *limits = &session->listener->limits;
    switch (session->state) {
    case SESSION_PREAMBLE:
    case SESSION_IDENTITY: {
        const uint64_t wait = session->small_size == 0 && session->state == SESSION_PREAMBLE
                                  ? sooner(limits->first_byte_ms, limits->handshake_ms)
                                  : limits->handshake_ms;
        return session->accepted_ms + wait;
    }
    case SESSION_REFUSED:
        return session->refuse_at_ms;
    case SESSION_LOGGED_OUT:
    case SESSION_LOGGED_IN:
        return open_due(session);
    case SESSION_HINTED:
    case SESSION_CLOSING:
        return session->phase_ms + limits->linger_ms;
    case SESSION_ENDED:
    case SESSION_STATES:
        break;
    }
    return NEVER;
}

// Of an open session, the deadlines in order of what they mean.
static void open_overdue(struct session *session)
{
    const struct net_limits *limits = &session->listener->limits;
    struct net_counts *counts = &session->listener->counts;
    const uint64_t now_ms = session_now(session);
    if (session->output_bytes > 0 && now_ms >= session->progress_ms + limits->slow_reader_ms) {
        counts->slow_readers++;
        session_close(session, STATUS_SLOW_READER);
    } else if (session->reading && session->begun_ms != 0 && now_ms >= message_due(session)) {
        counts->timeouts++;
        session_fault(session, "ended: a message did not come whole in time", PENALTY_TIMEOUT_MS);
    } else if (session->state == SESSION_LOGGED_OUT &&
               now_ms >= session->phase_ms + limits->login_ms) {
        counts->timeouts++;
        session_close(session, session_bound_status(session, STATUS_OK));
    } else if (session->reading && now_ms >= session->received_ms + limits->dead_ms) {
        counts->timeouts++;
        session_fault(session, "ended: silent for too long", 0);
    } else if (now_ms >= session->accepted_ms + limits->connection_ms) {
        session_retire(session, STATUS_OK);
    } else if (session->reading && !session->ping_sent &&
               now_ms >= session->received_ms + limits->ping_ms) {
        session->ping_sent = true;
        session_check(session);
        if (session_is_open(session)) {
            output_control(session, RECORD_PING, 0, bytes_of(NULL, 0));
        }
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct session *session = timer->data;
    session->timer_due_ms = NEVER;
    if (session_now(session) >= next_due(session)) {
        switch (session->state) {
        case SESSION_PREAMBLE:
        case SESSION_IDENTITY:
            session->listener->counts.timeouts++;
            session_fault(session, "ended: the handshake took too long", PENALTY_TIMEOUT_MS);
            break;
        case SESSION_REFUSED:
            session_close(session, STATUS_DEVICE_UNKNOWN);
            break;
        case SESSION_LOGGED_OUT:
        case SESSION_LOGGED_IN:
            open_overdue(session);
            break;
        case SESSION_HINTED:
        case SESSION_CLOSING:
            session_drop(session);
            break;
        case SESSION_ENDED:
        case SESSION_STATES:
            assert(false);
        }
    }
    session_arm(session);
}

void session_arm(struct session *session)
{
    if (session->state == SESSION_ENDED) {
        return;
    }
    const uint64_t due_ms = next_due(session);
    if (due_ms >= session->timer_due_ms) {
        return;
    }
    const uint64_t now_ms = session_now(session);
    session->timer_due_ms = due_ms;
    const int failure =
        uv_timer_start(&session->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 1, 0);
    assert(failure == 0);
}
