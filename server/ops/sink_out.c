// SPDX-License-Identifier: Apache-2.0
#include "server/ops/sink_out.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PRIORITY       "<110>" // facility 13 (log audit), severity informational
#define TAG            "kontord: "
#define FRONT          (sizeof PRIORITY - 1 + sizeof TAG - 1)
#define LINE_MAX_BYTES 4096

static int file_open(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
}

static int syslog_open(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);
    if (length >= sizeof to.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(to.sun_path, path, length);
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

enum status sink_out_open(struct sink_out *out)
{
    if (out->fd >= 0) {
        return STATUS_OK;
    }
    const int fd = out->kind == SINK_FILE ? file_open(out->path) : syslog_open(out->path);
    struct stat facts;
    if (fd < 0) {
        return STATUS_FILE_ERROR;
    }
    if (fstat(fd, &facts) != 0) {
        (void)close(fd);
        return STATUS_FILE_ERROR;
    }
    out->fd = fd;
    out->device = facts.st_dev;
    out->inode = facts.st_ino;
    return STATUS_OK;
}

void sink_out_close(struct sink_out *out)
{
    if (out->fd >= 0) {
        (void)close(out->fd);
    }
    out->fd = -1;
}

// A line is a datagram, without its line feed.
static ssize_t syslog_write(const struct sink_out *out, struct bytes lines)
{
    const uint8_t *end = memchr(lines.data, '\n', lines.size);
    char text[LINE_MAX_BYTES];
    assert(end != NULL);
    const size_t size = (size_t)(end - lines.data);
    assert(FRONT + size <= sizeof text);
    memcpy(text, PRIORITY TAG, FRONT);
    memcpy(text + FRONT, lines.data, size);
    const ssize_t sent = send(out->fd, text, FRONT + size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? sent : (ssize_t)size + 1;
}

enum status sink_out_write(struct sink_out *out, struct bytes lines, size_t *done)
{
    assert(out->fd >= 0);
    *done = 0;
    while (*done < lines.size) {
        const struct bytes rest = bytes_of(lines.data + *done, lines.size - *done);
        const ssize_t wrote =
            out->kind == SINK_FILE ? write(out->fd, rest.data, rest.size) : syslog_write(out, rest);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
            return STATUS_OK; // full for now
        }
        if (wrote <= 0) {
            sink_out_close(out);
            return STATUS_FILE_ERROR;
        }
        *done += (size_t)wrote;
    }
    return STATUS_OK;
}

bool sink_out_is_there(const struct sink_out *out)
{
    struct stat facts;
    if (out->fd < 0 || out->kind != SINK_FILE) {
        return true;
    }
    return stat(out->path, &facts) == 0 && facts.st_dev == out->device &&
           facts.st_ino == out->inode;
}
