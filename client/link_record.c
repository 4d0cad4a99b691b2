// SPDX-License-Identifier: Apache-2.0
#include "client/link_record.h"

#include "client/connect.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLOSE_WAIT_MS 500
// While a request is being written, what the server sends meanwhile is kept up to this size.
#define INPUT_BYTES_MAX   ((size_t)8 * 1024 * 1024)
#define INPUT_BYTES_FIRST ((size_t)64 * 1024)

// Room for `more` bytes behind what is there; false when there is no memory.
static bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->start > 0) {
        buffer->size -= buffer->start;
        memmove(buffer->data, buffer->data + buffer->start, buffer->size);
        buffer->start = 0;
    }
    if (buffer->room - buffer->size >= more) {
        return true;
    }
    size_t room = buffer->room == 0 ? INPUT_BYTES_FIRST : buffer->room;
    while (room - buffer->size < more) {
        room *= 2;
    }
    uint8_t *data = realloc(buffer->data, room);
    if (data == NULL) {
        return false;
    }
    buffer->data = data;
    buffer->room = room;
    return true;
}

static void buffer_free(struct buffer *buffer)
{
    if (buffer->data != NULL) {
        explicit_bzero(buffer->data, buffer->room);
        free(buffer->data);
    }
    *buffer = (struct buffer){0};
}

enum status link_fail(struct link *link, enum status status)
{
    assert(status != STATUS_OK);
    if (link->status == STATUS_OK) {
        link->status = status;
    }
    return link->status;
}

// Takes what is there without waiting. End of stream or an error is CUT_OFF.
enum status take_input(struct link *link)
{
    if (!buffer_reserve(&link->input, RECORD_BYTES_MAX)) {
        return link_fail(link, STATUS_ENVIRONMENT);
    }
    struct buffer *input = &link->input;
    const ssize_t count =
        recv(link->descriptor, input->data + input->size, input->room - input->size, MSG_DONTWAIT);
    if (count > 0) {
        input->size += (size_t)count;
        link->heard_ms = clock_ms();
        return STATUS_OK;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return STATUS_OK;
    }
    return link_fail(link, STATUS_CUT_OFF);
}

enum status await_input(struct link *link, size_t size, int64_t deadline_ms)
{
    while (link->input.size - link->input.start < size) {
        short seen = 0;
        if (!connect_wait(link->descriptor, POLLIN, deadline_ms, &seen)) {
            return link_fail(link, STATUS_CUT_OFF);
        }
        const enum status status = take_input(link);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status write_all(struct link *link, struct bytes bytes, int64_t deadline_ms)
{
    size_t sent = 0;
    while (sent < bytes.size) {
        const ssize_t count = send(link->descriptor, bytes.data + sent, bytes.size - sent,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) {
            sent += (size_t)count;
            continue;
        }
        if (count < 0 && errno != EAGAIN && errno != EINTR) {
            // The server's CLOSE may lie in the input: it says more than the error.
            return STATUS_CUT_OFF;
        }
        const bool may_read = link->input.size - link->input.start < INPUT_BYTES_MAX;
        short seen = 0;
        const short events = (short)(may_read ? POLLIN | POLLOUT : POLLOUT);
        if (!connect_wait(link->descriptor, events, deadline_ms, &seen)) {
            return link_fail(link, STATUS_CUT_OFF);
        }
        if ((seen & POLLIN) != 0) {
            const enum status status = take_input(link);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

enum status send_record(struct link *link, const struct record *record)
{
    size_t size = 0;
    const enum status status = record_seal(&link->send, record, link->output, &size);
    if (status != STATUS_OK) {
        return link_fail(link, status);
    }
    return write_all(link, bytes_of(link->output, size), clock_ms() + link->answer_ms);
}

enum status next_record(struct link *link, int64_t deadline_ms, struct record *out)
{
    enum status status = await_input(link, 2, deadline_ms);
    if (status != STATUS_OK) {
        return status;
    }
    const uint16_t length = get_u16(link->input.data + link->input.start);
    if (!record_length_is_valid(length)) {
        return link_fail(link, STATUS_MALFORMED);
    }
    status = await_input(link, (size_t)length + 2, deadline_ms);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t *cipher = link->input.data + link->input.start + 2;
    link->input.start += (size_t)length + 2;
    if (record_open(&link->receive, cipher, length, out) != STATUS_OK) {
        return link_fail(link, STATUS_MALFORMED);
    }
    return STATUS_OK;
}

bool has_record(const struct link *link)
{
    const size_t size = link->input.size - link->input.start;
    return size >= 2 && size >= 2 + (size_t)get_u16(link->input.data + link->input.start);
}

// The server's last word. Without the right count something was cut out.
static enum status take_close(struct link *link, const struct record *record)
{
    struct close_notice notice;
    if (close_parse(record->data, &notice) != STATUS_OK ||
        notice.records != link->receive.records - 1 || notice.status == STATUS_OK) {
        return link_fail(link, STATUS_CUT_OFF);
    }
    return link_fail(link, notice.status);
}

enum status take_record(struct link *link, const struct record *record)
{
    assert(!link->complete);
    if (record->type == RECORD_CLOSE) {
        return take_close(link, record);
    }
    struct record whole;
    bool complete = false;
    const enum status status = assembly_add(&link->assembly, link->assembly_arena,
                                            MESSAGE_REPLY_MAX, record, &complete, &whole);
    if (status != STATUS_OK) {
        return link_fail(link, STATUS_MALFORMED);
    }
    if (!complete) {
        return STATUS_OK;
    }
    switch (whole.type) {
    case RECORD_RES:
    case RECORD_ERR:
    case RECORD_EVENT:
        link->message = whole;
        link->complete = true;
        return STATUS_OK;
    case RECORD_PING: {
        const struct record pong = {
            .type = RECORD_PONG, .flags = RECORD_FIN, .request = whole.request};
        return send_record(link, &pong);
    }
    case RECORD_PONG:
        return STATUS_OK;
    case RECORD_CLOSE:
    case RECORD_REQ:
    case RECORD_CREDIT:
        break;
    }
    return link_fail(link, STATUS_MALFORMED);
}

enum status hear_close(struct link *link)
{
    const int64_t deadline_ms = clock_ms() + CLOSE_WAIT_MS;
    while (link->status == STATUS_OK) {
        struct record record;
        if (next_record(link, deadline_ms, &record) != STATUS_OK) {
            break;
        }
        if (record.type == RECORD_CLOSE) {
            return take_record(link, &record);
        }
    }
    return link_fail(link, STATUS_CUT_OFF);
}

void link_free(struct link *link)
{
    if (link->descriptor >= 0) {
        (void)close(link->descriptor);
    }
    arena_free(link->scratch);
    buffer_free(&link->input);
    arena_free(link->assembly_arena);
    explicit_bzero(link, sizeof *link);
    free(link);
}
