// SPDX-License-Identifier: Apache-2.0
#include "server/net/listener.h"

#include "server/net/state.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG        511
#define HOST_BYTES_MAX 64
#define LINE_BYTES_MAX 160
// What is packed at once in the listener's own arena: refusals.
#define SCRATCH_BYTES_MAX ((size_t)64 * 1024)

const struct net_limits NET_LIMITS = {
    .first_byte_ms = FIRST_BYTE_MS_MAX,
    .handshake_ms = HANDSHAKE_MS_MAX,
    .login_ms = LOGIN_MS_MAX,
    .message_ms = MESSAGE_MS_PER_64K,
    .ping_ms = PING_MS,
    .dead_ms = DEAD_MS,
    .slow_reader_ms = SLOW_READER_MS,
    .connection_ms = CONNECTION_MS_MAX,
    .linger_ms = LINGER_MS,
    .refusal_ms_min = REFUSAL_MS_MIN,
    .refusal_ms_max = REFUSAL_MS_MAX,
    .liveness_ms = LIVENESS_MS,
    .connections = CONNECTIONS_MAX,
    .half_open = HALF_OPEN_MAX,
    .half_open_random_from = HALF_OPEN_RANDOM_FROM,
    .half_open_per_source = HALF_OPEN_PER_SOURCE,
    .logged_out_per_source = LOGGED_OUT_MAX,
    .handshakes_per_second = HANDSHAKES_PER_SECOND,
    .handshakes_burst = HANDSHAKES_BURST,
    .output_high_water = OUTPUT_HIGH_WATER,
    .output_max = OUTPUT_MAX,
    .output_total = OUTPUT_TOTAL_MAX,
    .assembly_total = ASSEMBLY_TOTAL_MAX,
    .penalty_free_ms = PENALTY_FREE_MS,
};

void listener_note(struct listener *listener, const struct session *session, const char *what)
{
    const uint64_t now_ms = uv_now(listener->options.loop);
    if (listener->options.note == NULL ||
        !bucket_take(&listener->notes, NOTES_PER_SECOND, NOTES_BURST, now_ms)) {
        return;
    }
    char host[HOST_BYTES_MAX] = "socket";
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    if (session != NULL && session->io.handle.type == UV_TCP &&
        uv_tcp_getpeername(&session->io.tcp, (struct sockaddr *)&address, &size) == 0) {
        (void)uv_ip_name((const struct sockaddr *)&address, host, sizeof host);
    }
    char line[LINE_BYTES_MAX];
    if (session != NULL) {
        (void)snprintf(line, sizeof line, "connection from %s %s", host, what);
    } else {
        (void)snprintf(line, sizeof line, "%s", what);
    }
    listener->options.note(listener->options.note_context, line);
}

// ---- on the loop ----

static void on_connection(uv_stream_t *server, int failure)
{
    struct listener *listener = server->data;
    if (failure != 0) {
        listener_note(listener, NULL, "a connection could not be accepted");
        return;
    }
    session_accept(listener, server);
}

static void on_flush(uv_prepare_t *prepare)
{
    struct listener *listener = prepare->data;
    while (listener->dirty != NULL) {
        struct session *session = listener->dirty;
        listener->dirty = session->dirty_next;
        session->dirty = false;
        output_flush(session);
    }
}

// Ending a session closes its handles and frees it later, so the list stays whole during the walk.
void listener_check_all(struct listener *listener)
{
    for (struct session *at = listener->sessions; at != NULL; at = at->next) {
        session_check(at);
    }
}

// A part of all connections at a time, since each check reads the store; goes on until all were
// checked after the commit.
static void on_liveness(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    struct session *at = listener->check_next;
    for (size_t i = 0; i < LIVENESS_SLICE && at != NULL; i++) {
        struct session *next = at->next;
        session_check(at);
        at = next;
    }
    listener->check_next = at;
    if (at == NULL && !listener->check_again) {
        const int failure = uv_timer_stop(timer);
        assert(failure == 0);
        return;
    }
    if (at == NULL) {
        listener->check_again = false;
        listener->check_next = listener->sessions;
    }
}

void listener_committed(struct listener *listener, uint64_t number)
{
    assert(number > 0);
    for (struct session *at = listener->sessions; at != NULL; at = at->next) {
        follow_wake(at);
    }
    if (uv_is_active((const uv_handle_t *)&listener->liveness)) {
        listener->check_again = true;
    } else if (!listener->stopping) {
        const uint64_t wait_ms = listener->limits.liveness_ms;
        listener->check_next = listener->sessions;
        const int failure = uv_timer_start(&listener->liveness, on_liveness, wait_ms, wait_ms);
        assert(failure == 0);
    }
}

static void on_commit(void *context, uint64_t number)
{
    listener_committed(context, number);
}

// ---- starting ----

// Descriptors: raises the soft limit and lowers the connections to what fits.
static void fit_descriptors(struct listener *listener)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return;
    }
    const size_t room = limit.rlim_cur > 2 * DESCRIPTORS_SPARE ? limit.rlim_cur - DESCRIPTORS_SPARE
                                                               : DESCRIPTORS_SPARE;
    if (room < listener->limits.connections) {
        listener->limits.connections = room;
        listener_note(listener, NULL, "fewer connections than configured: descriptors are short");
    }
}

// "host:port" or "[v6]:port", numeric.
static enum status address_parse(const char *text, struct sockaddr_storage *out)
{
    const char *colon = strrchr(text, ':');
    char host[HOST_BYTES_MAX];
    if (colon == NULL || colon == text) {
        return STATUS_CONFIGURATION;
    }
    size_t length = (size_t)(colon - text);
    const bool is_v6 = text[0] == '[' && text[length - 1] == ']';
    const char *from = is_v6 ? text + 1 : text;
    length = is_v6 ? length - 2 : length;
    char *end = NULL;
    const unsigned long port = strtoul(colon + 1, &end, 10);
    if (length == 0 || length >= sizeof host || colon[1] < '0' || colon[1] > '9' || *end != '\0' ||
        port > UINT16_MAX) {
        return STATUS_CONFIGURATION;
    }
    memcpy(host, from, length);
    host[length] = '\0';
    const int failure = is_v6 ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out)
                              : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out);
    return failure == 0 ? STATUS_OK : STATUS_CONFIGURATION;
}

static enum status listen_tcp(struct listener *listener)
{
    struct sockaddr_storage address = {0};
    const enum status status = address_parse(listener->options.address, &address);
    if (status != STATUS_OK) {
        return status;
    }
    const int failure = uv_tcp_init(listener->options.loop, &listener->tcp);
    assert(failure == 0);
    listener->tcp.data = listener;
    listener->tcp_open = true;
    listener->handles_open++;
    if (uv_tcp_bind(&listener->tcp, (const struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection) != 0) {
        return STATUS_FILE_ERROR;
    }
    return STATUS_OK;
}

static enum status listen_pipe(struct listener *listener)
{
    const int failure = uv_pipe_init(listener->options.loop, &listener->pipe, 0);
    assert(failure == 0);
    listener->pipe.data = listener;
    listener->pipe_open = true;
    listener->handles_open++;
    // What a process that died left behind; the lock of the store says that it is dead.
    struct stat left;
    if (lstat(listener->options.socket_path, &left) == 0 && S_ISSOCK(left.st_mode)) {
        (void)unlink(listener->options.socket_path);
    }
    if (uv_pipe_bind(&listener->pipe, listener->options.socket_path) != 0 ||
        chmod(listener->options.socket_path, S_IRUSR | S_IWUSR) != 0 ||
        uv_listen((uv_stream_t *)&listener->pipe, BACKLOG, on_connection) != 0) {
        return STATUS_FILE_ERROR;
    }
    return STATUS_OK;
}

static void start_handles(struct listener *listener)
{
    int failure = uv_prepare_init(listener->options.loop, &listener->flush);
    assert(failure == 0);
    listener->flush.data = listener;
    failure = uv_prepare_start(&listener->flush, on_flush);
    assert(failure == 0);
    failure = uv_timer_init(listener->options.loop, &listener->liveness);
    assert(failure == 0);
    listener->liveness.data = listener;
    listener->handles_open += 2;
    uv_unref((uv_handle_t *)&listener->flush);
    uv_unref((uv_handle_t *)&listener->liveness);
}

static enum status listener_make(const struct listener_options *options, struct listener **out)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        return STATUS_ENVIRONMENT;
    }
    listener->options = *options;
    listener->limits = options->limits != NULL ? *options->limits : NET_LIMITS;
    listener->key[listener->key_count++] = *options->server_key;
    if (options->next_key != NULL) {
        listener->key[listener->key_count++] = *options->next_key;
    }
    for (size_t i = 0; i < listener->key_count; i++) {
        server_key_id(listener->key[i].public_bytes, listener->key_id[i]);
    }
    version_hint_print(listener->hint);
    listener->scratch = arena_make(SCRATCH_BYTES_MAX);
    if (listener->scratch == NULL || sources_make(&listener->sources) != STATUS_OK) {
        listener_free(listener);
        return STATUS_ENVIRONMENT;
    }
    *out = listener;
    return STATUS_OK;
}

static void free_context(void *context)
{
    listener_free(context);
}

enum status listener_start(const struct listener_options *options, struct listener **out)
{
    assert(options->loop != NULL && options->admit != NULL);
    struct listener *listener = NULL;
    enum status status = listener_make(options, &listener);
    if (status != STATUS_OK) {
        return status;
    }
    start_handles(listener);
    fit_descriptors(listener);
    if (options->address != NULL) {
        status = listen_tcp(listener);
    }
    if (status == STATUS_OK && options->socket_path != NULL) {
        status = listen_pipe(listener);
    }
    if (status != STATUS_OK) {
        // Freed on the loop, when its handles are closed.
        listener_stop(listener, free_context, listener);
        return status;
    }
    if (options->queue != NULL) {
        queue_on_commit(options->queue, on_commit, listener);
    }
    *out = listener;
    return STATUS_OK;
}

uint16_t listener_port(const struct listener *listener)
{
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    const int failure = uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&address, &size);
    assert(failure == 0);
    struct sockaddr_in v4;
    memcpy(&v4, &address, sizeof v4); // the port stands at the same place in both families
    return ntohs(v4.sin_port);
}

const struct net_counts *listener_counts(const struct listener *listener)
{
    return &listener->counts;
}

// ---- stopping ----

static void on_flush_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    listener->handles_open--;
    assert(listener->handles_open == 0 && listener->sessions == NULL);
    listener->stopped(listener->stopped_context);
}

// The flushing goes last, since sessions need it until their last word.
void listener_session_over(struct listener *listener)
{
    if (listener->stopping && listener->handles_open == 1 && listener->sessions == NULL) {
        uv_close((uv_handle_t *)&listener->flush, on_flush_closed);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    assert(listener->handles_open > 0);
    listener->handles_open--;
    listener_session_over(listener);
}

void listener_stop(struct listener *listener, void (*stopped)(void *context), void *context)
{
    assert(!listener->stopping);
    listener->stopping = true;
    listener->stopped = stopped;
    listener->stopped_context = context;
    if (listener->tcp_open) {
        uv_close((uv_handle_t *)&listener->tcp, on_closed);
    }
    if (listener->pipe_open) {
        uv_close((uv_handle_t *)&listener->pipe, on_closed);
    }
    uv_close((uv_handle_t *)&listener->liveness, on_closed);
    for (struct session *at = listener->sessions; at != NULL; at = at->next) {
        if (session_is_open(at)) {
            session_retire(at, STATUS_OK);
        } else {
            session_drop(at);
        }
    }
    listener_session_over(listener);
}

void listener_free(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    assert(listener->sessions == NULL && listener->handles_open == 0);
    sources_free(listener->sources);
    arena_free(listener->scratch);
    explicit_bzero(listener, sizeof *listener);
    free(listener);
}
