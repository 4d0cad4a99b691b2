// SPDX-License-Identifier: Apache-2.0
#include "server/net/state.h"

// Records are sealed into a chunk that is written once, at the end of this turn of the loop:
// sixteen answers cost one system call. A chunk is written at once when the socket takes it and
// waits in libuv when not.

#define CHUNK_BYTES ((size_t)4096)

static struct chunk *chunk_make(struct session *session, size_t room)
{
    struct chunk *chunk = malloc(sizeof *chunk + room);
    if (chunk != NULL) {
        *chunk = (struct chunk){.session = session, .room = room};
        chunk->write.data = chunk;
    }
    return chunk;
}

static void count_output(struct session *session, size_t more, size_t less)
{
    assert(session->output_bytes + more >= less);
    if (session->output_bytes == 0) {
        session->progress_ms = session_now(session);
    }
    session->output_bytes = session->output_bytes + more - less;
    session->listener->counts.output_bytes = session->listener->counts.output_bytes + more - less;
}

static void mark_dirty(struct session *session)
{
    if (!session->dirty) {
        session->dirty = true;
        session->dirty_next = session->listener->dirty;
        session->listener->dirty = session;
    }
}

static void on_written(uv_write_t *write, int failure)
{
    struct chunk *chunk = write->data;
    struct session *session = chunk->session;
    const size_t rest = chunk->size - chunk->sent;
    free(chunk);
    assert(session->writes > 0);
    session->writes--;
    count_output(session, 0, rest);
    if (session->state == SESSION_ENDED) {
        session_free_when_over(session);
        return;
    }
    if (failure != 0) {
        session->listener->counts.cut_off++;
        session_drop(session);
        return;
    }
    session->progress_ms = session_now(session);
    session_throttle(session);
    follow_pump(session);
}

// Hands the chunk to the socket, or to libuv as far as the socket does not take it.
static bool chunk_write(struct session *session, struct chunk *chunk)
{
    if (session->writes == 0) {
        const uv_buf_t buffer = uv_buf_init((char *)chunk->data, (unsigned)chunk->size);
        const int sent = uv_try_write(&session->io.stream, &buffer, 1);
        if (sent > 0) {
            chunk->sent = (size_t)sent;
            session->progress_ms = session_now(session);
            count_output(session, 0, chunk->sent);
        } else if (sent != UV_EAGAIN) {
            return false;
        }
    }
    if (chunk->sent == chunk->size) {
        free(chunk);
        return true;
    }
    const uv_buf_t rest =
        uv_buf_init((char *)chunk->data + chunk->sent, (unsigned)(chunk->size - chunk->sent));
    if (uv_write(&chunk->write, &session->io.stream, &rest, 1, on_written) != 0) {
        return false;
    }
    session->writes++;
    return true;
}

void output_flush(struct session *session)
{
    struct chunk *chunk = session->filling;
    if (chunk == NULL || session->state == SESSION_ENDED) {
        return;
    }
    session->filling = NULL;
    if (!chunk_write(session, chunk)) {
        count_output(session, 0, chunk->size - chunk->sent);
        free(chunk);
        session->listener->counts.cut_off++;
        session_drop(session);
        return;
    }
    session_throttle(session);
    session_arm(session);
}

void output_forget(struct session *session)
{
    if (session->filling != NULL) {
        count_output(session, 0, session->filling->size);
        explicit_bzero(session->filling->data, session->filling->size);
        free(session->filling);
        session->filling = NULL;
    }
    struct session **at = &session->listener->dirty;
    while (session->dirty && *at != NULL) {
        if (*at == session) {
            *at = session->dirty_next;
            session->dirty = false;
            break;
        }
        at = &(*at)->dirty_next;
    }
}

// Is the other side too slow for so much more? Then it is told, and nothing is added.
static bool is_too_much(struct session *session, size_t size)
{
    const struct net_limits *limits = &session->listener->limits;
    if (session->output_bytes + size <= limits->output_max &&
        session->listener->counts.output_bytes + size <= limits->output_total) {
        return false;
    }
    session->listener->counts.slow_readers++;
    session_close(session, STATUS_SLOW_READER);
    return true;
}

// Room for `size` bytes in the filling chunk; NULL: the session has ended.
static uint8_t *reserve(struct session *session, size_t size)
{
    struct chunk *chunk = session->filling;
    if (chunk != NULL && chunk->room - chunk->size < size) {
        output_flush(session);
        if (session->state == SESSION_ENDED) {
            return NULL;
        }
        chunk = NULL;
    }
    if (chunk == NULL) {
        chunk = chunk_make(session, size > CHUNK_BYTES ? size : CHUNK_BYTES);
        if (chunk == NULL) {
            session_drop(session);
            return NULL;
        }
        session->filling = chunk;
    }
    mark_dirty(session);
    return chunk->data + chunk->size;
}

static void commit(struct session *session, size_t size)
{
    assert(session->filling->room - session->filling->size >= size);
    session->filling->size += size;
    count_output(session, size, 0);
}

void output_raw(struct session *session, struct bytes bytes)
{
    uint8_t *out = reserve(session, bytes.size);
    if (out != NULL) {
        memcpy(out, bytes.data, bytes.size);
        commit(session, bytes.size);
    }
}

void output_message(struct session *session, const struct record *message)
{
    const size_t records = record_count(message->data.size);
    const bool last_words = session_is_leaving(session);
    if (!last_words && is_too_much(session, records * RECORD_HEADER_BYTES + message->data.size)) {
        return;
    }
    for (size_t i = 0; i < records; i++) {
        const struct record record = record_fragment(message, i);
        const size_t need =
            RECORD_LENGTH_BYTES + record_plain_size(record.data.size) + RECORD_TAG_BYTES;
        uint8_t *out = reserve(session, need);
        if (out == NULL) {
            return;
        }
        size_t written = 0;
        if (record_seal(&session->send, &record, out, &written) != STATUS_OK) {
            session_drop(session);
            return;
        }
        assert(written == need);
        commit(session, written);
    }
}

void output_control(struct session *session, enum record_type type, uint64_t request,
                    struct bytes data)
{
    const struct record record = {
        .type = type, .flags = RECORD_FIN, .request = request, .data = data};
    output_message(session, &record);
}
