// SPDX-License-Identifier: Apache-2.0
#include "server/net/local.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define VISITS_MAX   4
#define ANSWER_BYTES 1024
#define BACKLOG      4

struct visit {
    struct local *local;
    uv_pipe_t pipe;
    uv_write_t write;
    bool used;
    bool asked;  // its line was handed on
    bool closed; // its handle is
    bool busy;   // an answer is awaited
    size_t size;
    char line[LOCAL_LINE_MAX + 1];
    char answer[ANSWER_BYTES];
};

struct local {
    struct admit *admit;
    uv_pipe_t pipe;
    bool pipe_open;
    bool stopping;
    struct visit visit[VISITS_MAX];
    void (*stopped)(void *context);
    void *stopped_context;
};

static void tell_when_over(struct local *local)
{
    bool is_over = local->stopping && !local->pipe_open;
    for (size_t i = 0; i < VISITS_MAX; i++) {
        is_over = is_over && !local->visit[i].used;
    }
    if (is_over) {
        local->stopped(local->stopped_context);
    }
}

// A visit is over when its handle is closed and nobody answers it any more.
static void visit_end(struct visit *visit)
{
    if (visit->closed && !visit->busy) {
        struct local *local = visit->local;
        explicit_bzero(visit, sizeof *visit);
        tell_when_over(local);
    }
}

static void on_visit_closed(uv_handle_t *handle)
{
    struct visit *visit = handle->data;
    visit->closed = true;
    visit_end(visit);
}

static void visit_close(struct visit *visit)
{
    if (!uv_is_closing((uv_handle_t *)&visit->pipe)) {
        uv_close((uv_handle_t *)&visit->pipe, on_visit_closed);
    }
}

static void on_written(uv_write_t *write, int failure)
{
    (void)failure; // who went away asks again
    visit_close(write->data);
}

static void answer(struct visit *visit, enum status status, const char *text)
{
    if (uv_is_closing((uv_handle_t *)&visit->pipe)) {
        return;
    }
    const int length =
        status == STATUS_OK
            ? snprintf(visit->answer, sizeof visit->answer, "ok %s\n", text)
            : snprintf(visit->answer, sizeof visit->answer, "no %s\n", status_code(status));
    assert(length > 0 && (size_t)length < sizeof visit->answer);
    uv_buf_t buffer = uv_buf_init(visit->answer, (unsigned)length);
    visit->write.data = visit;
    if (uv_write(&visit->write, (uv_stream_t *)&visit->pipe, &buffer, 1, on_written) != 0) {
        visit_close(visit);
    }
}

static void on_recovered(void *context, enum status status, const char *invitation)
{
    struct visit *visit = context;
    visit->busy = false;
    answer(visit, status, invitation);
    visit_end(visit);
}

static void take_line(struct visit *visit)
{
    const size_t asking = strlen(LOCAL_ASK);
    visit->asked = true;
    if (strncmp(visit->line, LOCAL_ASK, asking) != 0) {
        answer(visit, STATUS_UNKNOWN_COMMAND, NULL);
        return;
    }
    visit->busy = true;
    const enum status status =
        admit_recover(visit->local->admit, visit->line + asking, on_recovered, visit);
    if (status != STATUS_OK) {
        visit->busy = false;
        answer(visit, status, NULL);
    }
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct visit *visit = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(visit->line + visit->size, (unsigned)(LOCAL_LINE_MAX - visit->size));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct visit *visit = stream->data;
    (void)buffer;
    if (size < 0 || visit->asked) {
        visit_close(visit);
        return;
    }
    visit->size += (size_t)size;
    visit->line[visit->size] = '\0';
    char *end = strchr(visit->line, '\n');
    if (end != NULL) {
        *end = '\0';
        take_line(visit);
    } else if (visit->size == LOCAL_LINE_MAX) {
        visit_close(visit);
    }
}

// Root or the user that this process runs as; the kernel says who it is.
static bool is_trusted(const struct visit *visit)
{
    uv_os_fd_t descriptor = -1;
    struct ucred who = {0};
    socklen_t size = sizeof who;
    return uv_fileno((const uv_handle_t *)&visit->pipe, &descriptor) == 0 &&
           getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
           (who.uid == 0 || who.uid == geteuid());
}

static struct visit *free_visit(struct local *local)
{
    for (size_t i = 0; i < VISITS_MAX; i++) {
        if (!local->visit[i].used) {
            return &local->visit[i];
        }
    }
    return NULL;
}

static void on_turned_away(uv_handle_t *handle)
{
    free(handle);
}

// A visit that is not taken is never told of again: too many of them are taken and hung up on.
static void turn_away(uv_stream_t *server)
{
    uv_pipe_t *pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL || uv_pipe_init(server->loop, pipe, 0) != 0) {
        free(pipe);
        return;
    }
    (void)uv_accept(server, (uv_stream_t *)pipe);
    uv_close((uv_handle_t *)pipe, on_turned_away);
}

static void on_visit(uv_stream_t *server, int failure)
{
    struct local *local = server->data;
    struct visit *visit = failure == 0 ? free_visit(local) : NULL;
    if (visit == NULL) {
        turn_away(server);
        return;
    }
    if (uv_pipe_init(server->loop, &visit->pipe, 0) != 0) {
        return;
    }
    visit->used = true;
    visit->local = local;
    visit->pipe.data = visit;
    if (uv_accept(server, (uv_stream_t *)&visit->pipe) != 0 || !is_trusted(visit) ||
        uv_read_start((uv_stream_t *)&visit->pipe, on_room, on_read) != 0) {
        visit_close(visit);
    }
}

static void on_pipe_closed(uv_handle_t *handle)
{
    struct local *local = handle->data;
    local->pipe_open = false;
    if (local->stopping) {
        tell_when_over(local);
    }
}

enum status local_start(uv_loop_t *loop, struct admit *admit, const char *path, struct local **out)
{
    struct local *local = calloc(1, sizeof *local);
    if (local == NULL || uv_pipe_init(loop, &local->pipe, 0) != 0) {
        return STATUS_ENVIRONMENT; // the program ends
    }
    local->admit = admit;
    local->pipe.data = local;
    local->pipe_open = true;
    *out = local;
    (void)unlink(path); // of a run that was killed; the store's lock says that it is not at work
    const bool is_open = uv_pipe_bind(&local->pipe, path) == 0 &&
                         chmod(path, S_IRUSR | S_IWUSR) == 0 &&
                         uv_listen((uv_stream_t *)&local->pipe, BACKLOG, on_visit) == 0;
    if (!is_open) {
        uv_close((uv_handle_t *)&local->pipe, on_pipe_closed);
    }
    return is_open ? STATUS_OK : STATUS_FILE_ERROR;
}

void local_stop(struct local *local, void (*stopped)(void *context), void *context)
{
    local->stopping = true;
    local->stopped = stopped;
    local->stopped_context = context;
    for (size_t i = 0; i < VISITS_MAX; i++) {
        if (local->visit[i].used) {
            visit_close(&local->visit[i]);
        }
    }
    if (!local->pipe_open) {
        tell_when_over(local);
    } else if (!uv_is_closing((uv_handle_t *)&local->pipe)) {
        uv_close((uv_handle_t *)&local->pipe, on_pipe_closed);
    }
}

void local_free(struct local *local)
{
    free(local);
}
