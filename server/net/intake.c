// SPDX-License-Identifier: Apache-2.0
#include "server/net/state.h"

// Bytes become records. A half-open connection reads into its own 258 bytes, never further than the
// message that is awaited; an open one reads into the listener's one buffer and keeps only a record
// that has not come whole.

static void take_close(struct session *session, const struct record *record)
{
    struct close_notice notice;
    if (close_parse(record->data, &notice) != STATUS_OK ||
        notice.records != session->receive.records - 1) {
        session->listener->counts.cut_off++;
        session_fault(session, "ended: its CLOSE counts other records", 0);
        return;
    }
    session_close(session, STATUS_OK);
}

// One ciphertext of an open session.
static void take_record(struct session *session, uint8_t *cipher, size_t size)
{
    struct record record;
    if (record_open(&session->receive, cipher, size, &record) != STATUS_OK) {
        session->listener->counts.malformed++;
        session_fault(session, "ended: a record that was not understood", PENALTY_GARBAGE_MS);
        return;
    }
    session->received_ms = session_now(session);
    session->ping_sent = false;
    switch (record.type) {
    case RECORD_REQ:
        request_take_fragment(session, &record);
        return;
    case RECORD_CREDIT:
        follow_credit(session, &record);
        return;
    case RECORD_PING:
        output_control(session, RECORD_PONG, record.request, bytes_of(NULL, 0));
        return;
    case RECORD_PONG:
        return;
    case RECORD_CLOSE:
        take_close(session, &record);
        return;
    case RECORD_RES:
    case RECORD_ERR:
    case RECORD_EVENT:
        break;
    }
    session->listener->counts.malformed++;
    session_fault(session, "ended: a record that only servers send", PENALTY_GARBAGE_MS);
}

// Takes the whole records at the start of `data`; gives how many bytes they were.
static size_t take_records(struct session *session, uint8_t *data, size_t size)
{
    size_t taken = 0;
    while (session_is_open(session) && size - taken >= 2) {
        const uint16_t length = get_u16(data + taken);
        if (!record_length_is_valid(length)) {
            session->listener->counts.malformed++;
            session_fault(session, "ended: a length that no record has", PENALTY_GARBAGE_MS);
            break;
        }
        if (size - taken < (size_t)length + 2) {
            break;
        }
        take_record(session, data + taken + 2, length);
        taken += (size_t)length + 2;
    }
    return taken;
}

// Keeps what has come of a record that is not whole.
static void keep_tail(struct session *session, const uint8_t *data, size_t size)
{
    session->tail = malloc(RECORD_WIRE_MAX);
    if (session->tail == NULL) {
        session_drop(session);
        return;
    }
    session->tail_size = size;
    memcpy(session->tail, data, size);
}

static void note_begun(struct session *session)
{
    const bool begun = session->tail != NULL || session->assembly_arena != NULL;
    if (!begun) {
        session->begun_ms = 0;
    } else if (session->begun_ms == 0) {
        session->begun_ms = session_now(session);
    }
}

// The tail has grown: at most to one whole record. It is taken off first, since taking it may end
// the session.
static void take_tail(struct session *session)
{
    uint8_t *tail = session->tail;
    const size_t size = session->tail_size;
    session->tail = NULL;
    session->tail_size = 0;
    const size_t taken = take_records(session, tail, size);
    if (session_is_open(session) && taken == 0) {
        session->tail = tail;
        session->tail_size = size;
        return;
    }
    assert(taken == 0 || taken == size);
    explicit_bzero(tail, size);
    free(tail);
}

// What was opened in the shared buffer is wiped there.
static void take_shared(struct session *session, uint8_t *data, size_t size)
{
    const size_t taken = take_records(session, data, size);
    explicit_bzero(data, taken);
    if (session_is_open(session) && taken < size) {
        keep_tail(session, data + taken, size - taken);
    }
}

static void take_bytes(struct session *session, uint8_t *data, size_t size)
{
    if (session->tail != NULL) {
        session->tail_size += size;
        take_tail(session);
    } else {
        take_shared(session, data, size);
    }
    if (session_is_open(session)) {
        note_begun(session);
        session_throttle(session);
    }
}

// Never more than the message that is awaited, so that nothing has to be kept beside it.
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct session *session = handle->data;
    uint8_t *base = session->listener->shared;
    size_t size = SHARED_BYTES;
    if (session->state == SESSION_PREAMBLE || session->state == SESSION_IDENTITY) {
        const size_t want = session->state == SESSION_PREAMBLE
                                ? PREAMBLE_BYTES + 2 + HANDSHAKE_1_BYTES
                                : 2 + HANDSHAKE_3_BYTES;
        assert(session->small_size < want);
        base = session->small + session->small_size;
        size = want - session->small_size;
    } else if (session_is_open(session) && session->tail != NULL) {
        const size_t want = session->tail_size < 2 ? 2 : 2 + (size_t)get_u16(session->tail);
        assert(session->tail_size < want && want <= RECORD_WIRE_MAX);
        base = session->tail + session->tail_size;
        size = want - session->tail_size;
    }
    *out = uv_buf_init((char *)base, (unsigned)size);
}

static void on_silence(struct session *session)
{
    if (session_is_leaving(session)) {
        session_drop(session);
        return;
    }
    if (!session_is_open(session)) {
        session_drop(session);
        return;
    }
    session->listener->counts.cut_off++;
    session_fault(session, "ended: cut off", 0);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct session *session = stream->data;
    if (count == 0) {
        return;
    }
    if (count < 0) {
        on_silence(session);
        return;
    }
    uint8_t *data = (uint8_t *)buffer->base;
    const size_t size = (size_t)count;
    switch (session->state) {
    case SESSION_PREAMBLE:
        session->small_size += size;
        handshake_opening(session);
        break;
    case SESSION_IDENTITY:
        session->small_size += size;
        handshake_identity(session);
        break;
    case SESSION_LOGGED_OUT:
    case SESSION_LOGGED_IN:
        take_bytes(session, data, size);
        break;
    case SESSION_REFUSED:
    case SESSION_HINTED:
    case SESSION_CLOSING:
    case SESSION_ENDED:
    case SESSION_STATES:
        break;
    }
    session_arm(session);
}

void session_throttle(struct session *session)
{
    if (session->state == SESSION_ENDED) {
        return;
    }
    const size_t high = session->listener->limits.output_high_water;
    const bool full =
        session_is_open(session) && session->output_bytes > (session->reading ? high : high / 2);
    if (full && session->reading) {
        session->reading = false;
        const int failure = uv_read_stop(&session->io.stream);
        assert(failure == 0);
    } else if (!full && !session->reading) {
        session->reading = true;
        session->received_ms = session_now(session);
        session->begun_ms = session->begun_ms != 0 ? session->received_ms : 0;
        if (uv_read_start(&session->io.stream, on_room, on_read) != 0) {
            session_drop(session);
        }
    }
}
