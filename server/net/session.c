// SPDX-License-Identifier: Apache-2.0
#include "server/net/state.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define BIT(state) (1u << (state))

// Which states may follow which.
static const unsigned SUCCESSORS[SESSION_STATES] = {
    [SESSION_PREAMBLE] = BIT(SESSION_IDENTITY) | BIT(SESSION_HINTED) | BIT(SESSION_ENDED),
    [SESSION_HINTED] = BIT(SESSION_ENDED),
    [SESSION_IDENTITY] = BIT(SESSION_REFUSED) | BIT(SESSION_LOGGED_OUT) | BIT(SESSION_LOGGED_IN) |
                         BIT(SESSION_ENDED),
    [SESSION_REFUSED] = BIT(SESSION_CLOSING) | BIT(SESSION_ENDED),
    [SESSION_LOGGED_OUT] = BIT(SESSION_LOGGED_IN) | BIT(SESSION_CLOSING) | BIT(SESSION_ENDED),
    [SESSION_LOGGED_IN] = BIT(SESSION_LOGGED_OUT) | BIT(SESSION_CLOSING) | BIT(SESSION_ENDED),
    [SESSION_CLOSING] = BIT(SESSION_ENDED),
    [SESSION_ENDED] = 0,
};

uint64_t session_now(const struct session *session)
{
    return uv_now(session->listener->options.loop);
}

bool session_is_open(const struct session *session)
{
    return session->state == SESSION_LOGGED_OUT || session->state == SESSION_LOGGED_IN;
}

static bool is_half_open(enum session_state state)
{
    return state == SESSION_PREAMBLE || state == SESSION_IDENTITY || state == SESSION_HINTED;
}

bool session_is_leaving(const struct session *session)
{
    return session->state == SESSION_HINTED || session->state == SESSION_CLOSING;
}

// Counts a session into its state, or out of it.
static void tally(struct session *session, enum session_state state, bool into)
{
    struct net_counts *counts = &session->listener->counts;
    struct source unknown = {.half_open = 1, .logged_out = 1, .logged_in = 1};
    struct source *source = session->source != NULL ? session->source : &unknown;
    if (is_half_open(state)) {
        counts->half_open = into ? counts->half_open + 1 : counts->half_open - 1;
        source->half_open = into ? source->half_open + 1 : source->half_open - 1;
    } else if (state == SESSION_REFUSED || state == SESSION_LOGGED_OUT) {
        source->logged_out = into ? source->logged_out + 1 : source->logged_out - 1;
    } else if (state == SESSION_LOGGED_IN) {
        counts->logged_in = into ? counts->logged_in + 1 : counts->logged_in - 1;
        source->logged_in = into ? source->logged_in + 1 : source->logged_in - 1;
    }
}

void session_enter(struct session *session, enum session_state next)
{
    assert((SUCCESSORS[session->state] & BIT(next)) != 0);
    tally(session, session->state, false);
    session->state = next;
    session->phase_ms = session_now(session);
    tally(session, next, true);
}

enum status session_bound_status(const struct session *session, enum status status)
{
    if (session->state != SESSION_LOGGED_OUT) {
        return status;
    }
    return session->token_presented ? STATUS_SESSION_EXPIRED : STATUS_LOGIN_NEEDED;
}

// ---- ending ----

void session_free_when_over(struct session *session)
{
    assert(session->state == SESSION_ENDED);
    if (session->handles_open > 0 || session->jobs > 0 || session->writes > 0) {
        return;
    }
    struct listener *listener = session->listener;
    if (listener->check_next == session) {
        listener->check_next = session->next;
    }
    *session->at = session->next;
    if (session->next != NULL) {
        session->next->at = session->at;
    }
    explicit_bzero(session, sizeof *session);
    free(session);
    listener_session_over(listener);
}

static void on_closed(uv_handle_t *handle)
{
    struct session *session = handle->data;
    assert(session->handles_open > 0);
    session->handles_open--;
    session_free_when_over(session);
}

// What only an open connection needs.
static void release(struct session *session)
{
    noise_free(session->noise);
    session->noise = NULL;
    free(session->tail);
    session->tail = NULL;
    session->tail_size = 0;
    assembly_release(session);
    for (size_t i = 0; i < COUNT_OF(session->flight); i++) {
        follow_free(session->flight[i].follow);
        session->flight[i].follow = NULL;
    }
}

void session_drop(struct session *session)
{
    if (session->state == SESSION_ENDED) {
        return;
    }
    session_enter(session, SESSION_ENDED);
    release(session);
    output_forget(session);
    session->listener->counts.open--;
    uv_close(&session->io.handle, on_closed);
    uv_close((uv_handle_t *)&session->timer, on_closed);
}

void session_fault(struct session *session, const char *what, uint64_t penalty_ms)
{
    if (session->source != NULL && penalty_ms > 0) {
        source_penalise(session->source, penalty_ms, session_now(session));
    }
    listener_note(session->listener, session, what);
    session_drop(session);
}

static void on_shut_down(uv_shutdown_t *shutdown, int failure)
{
    struct session *session = shutdown->data;
    if (failure != 0 && session_is_leaving(session)) {
        session_drop(session);
    }
}

// Everything is said: writes it, then waits for the other side to go, throwing away what it still
// sends. Closing with unread bytes would make the kernel reset the connection and take our last
// words with it.
static void last_words(struct session *session)
{
    assert(session_is_leaving(session));
    output_flush(session);
    if (session->state == SESSION_ENDED) {
        return;
    }
    session->shutdown.data = session;
    if (uv_shutdown(&session->shutdown, &session->io.stream, on_shut_down) != 0) {
        session_drop(session);
        return;
    }
    session_throttle(session);
    session_arm(session);
}

void session_close(struct session *session, enum status status)
{
    if (session_is_leaving(session) || session->state == SESSION_ENDED) {
        return;
    }
    session_enter(session, SESSION_CLOSING);
    release(session);
    uint8_t data[CLOSE_BYTES];
    const struct close_notice notice = {.records = session->send.records, .status = status};
    close_print(&notice, data);
    output_control(session, RECORD_CLOSE, 0, bytes_of(data, sizeof data));
    if (session->state == SESSION_CLOSING) {
        last_words(session);
    }
}

void session_hint(struct session *session)
{
    session_enter(session, SESSION_HINTED);
    output_raw(session, bytes_of(session->listener->hint, VERSION_HINT_BYTES));
    if (session->state == SESSION_HINTED) {
        last_words(session);
    }
}

void session_retire(struct session *session, enum status status)
{
    if (!session_is_open(session)) {
        return;
    }
    session->retiring = true;
    session->retiring_status = status;
    if (session->jobs == 0) {
        session_close(session, status);
    }
}

static bool writes_are_under_way(const struct session *session)
{
    for (size_t i = 0; i < COUNT_OF(session->flight); i++) {
        const struct flight *flight = &session->flight[i];
        if (flight->used && flight->busy && flight->command->mode == COMMAND_WRITE) {
            return true;
        }
    }
    return false;
}

void session_check(struct session *session)
{
    struct admit *admit = session->listener->options.admit;
    if (!session_is_open(session) || session->peer.device_id == 0) {
        return;
    }
    session->doomed = !admit_peer_is_live(admit, &session->peer);
    if (!session->doomed || writes_are_under_way(session)) {
        return;
    }
    struct peer now = {0};
    admit_peer(admit, session->peer.device_key, NULL, &now);
    listener_note(session->listener, session, "ended: no longer enrolled or logged in");
    session_close(session, now.device_id == 0 ? STATUS_DEVICE_UNKNOWN : STATUS_SESSION_EXPIRED);
}

// ---- beginning ----

// The random refusal of a filling table: from 30 of 100 on to all of them.
static bool is_crowded(const struct listener *listener)
{
    const struct net_limits *limits = &listener->limits;
    const size_t now = listener->counts.half_open;
    if (now <= limits->half_open_random_from) {
        return false;
    }
    if (now > limits->half_open) {
        return true;
    }
    const size_t over = now - limits->half_open_random_from;
    const size_t percent = 30 + 70 * over / (limits->half_open - limits->half_open_random_from);
    uint16_t draw = 0;
    random_fill(&draw, sizeof draw);
    return draw % 100 < percent;
}

// May this connection stay? Counted already, so that the limits are the numbers that may be.
static bool is_welcome(const struct session *session)
{
    const struct listener *listener = session->listener;
    const struct net_limits *limits = &listener->limits;
    if (listener->stopping || session->io.handle.type == UV_NAMED_PIPE) {
        return !listener->stopping;
    }
    const struct source *source = session->source;
    if (source == NULL || listener->counts.open > limits->connections) {
        return false;
    }
    return !is_crowded(listener) && source->half_open <= limits->half_open_per_source &&
           source->logged_out <= limits->logged_out_per_source &&
           !source_is_penalised(source, limits->penalty_free_ms, session_now(session));
}

static void find_source(struct session *session)
{
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    if (session->io.handle.type != UV_TCP ||
        uv_tcp_getpeername(&session->io.tcp, (struct sockaddr *)&address, &size) != 0) {
        return;
    }
    session->source = sources_find(session->listener->sources, (const struct sockaddr *)&address,
                                   session_now(session));
}

static void tune(struct session *session)
{
    uv_os_fd_t descriptor = -1;
    if (session->io.handle.type != UV_TCP || uv_fileno(&session->io.handle, &descriptor) != 0) {
        return;
    }
    (void)uv_tcp_nodelay(&session->io.tcp, 1);
    const unsigned timeout_ms = SLOW_READER_MS;
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

static struct session *session_make(struct listener *listener, bool is_tcp)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    session->listener = listener;
    session->state = SESSION_PREAMBLE;
    session->timer_due_ms = NEVER;
    session->accepted_ms = uv_now(listener->options.loop);
    session->phase_ms = session->accepted_ms;
    int failure = is_tcp ? uv_tcp_init(listener->options.loop, &session->io.tcp)
                         : uv_pipe_init(listener->options.loop, &session->io.pipe, 0);
    assert(failure == 0);
    failure = uv_timer_init(listener->options.loop, &session->timer);
    assert(failure == 0);
    session->io.handle.data = session;
    session->timer.data = session;
    session->handles_open = 2;
    for (size_t i = 0; i < COUNT_OF(session->flight); i++) {
        session->flight[i].session = session;
    }
    session->next = listener->sessions;
    session->at = &listener->sessions;
    if (session->next != NULL) {
        session->next->at = &session->next;
    }
    listener->sessions = session;
    return session;
}

void session_accept(struct listener *listener, uv_stream_t *server)
{
    struct session *session = session_make(listener, server->type == UV_TCP);
    if (session == NULL) {
        return;
    }
    const bool accepted = uv_accept(server, &session->io.stream) == 0;
    if (accepted) {
        find_source(session);
    }
    listener->counts.open++;
    tally(session, SESSION_PREAMBLE, true);
    listener->counts.accepted++;
    if (!accepted || !is_welcome(session)) {
        listener->counts.turned_away++;
        session_drop(session);
        return;
    }
    tune(session);
    session_throttle(session);
    session_arm(session);
}
