// SPDX-License-Identifier: Apache-2.0
#include "client/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HOST_BYTES_MAX 256
#define UNIX_PREFIX    "unix:"

struct place {
    char host[HOST_BYTES_MAX];
    const char *port;
};

int64_t clock_ms(void)
{
    struct timespec now;
    const int failure = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(failure == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool connect_wait(int descriptor, short events, int64_t deadline_ms, short *seen)
{
    assert(descriptor >= 0);
    for (;;) {
        int64_t left_ms = deadline_ms - clock_ms();
        if (left_ms < 0) {
            left_ms = 0;
        }
        if (left_ms > INT32_MAX) {
            left_ms = INT32_MAX;
        }
        struct pollfd poll_on = {.fd = descriptor, .events = events};
        const int count = poll(&poll_on, 1, (int)left_ms);
        if (count > 0) {
            *seen = poll_on.revents;
            return true;
        }
        if (count == 0) {
            return false;
        }
        assert(errno == EINTR);
    }
}

// "host:port" or "[v6]:port"; the port is the part behind the last colon.
static enum status place_parse(const char *address, struct place *out)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address || colon[1] == '\0') {
        return STATUS_USAGE;
    }
    const char *host = address;
    size_t length = (size_t)(colon - address);
    if (host[0] == '[') {
        if (length < 3 || host[length - 1] != ']') {
            return STATUS_USAGE;
        }
        host++;
        length -= 2;
    } else if (memchr(host, ':', length) != NULL) {
        return STATUS_USAGE;
    }
    if (length >= sizeof out->host) {
        return STATUS_USAGE;
    }
    memcpy(out->host, host, length);
    out->host[length] = '\0';
    out->port = colon + 1;
    return STATUS_OK;
}

static bool bind_source(int descriptor, const char *source)
{
    struct sockaddr_in local = {.sin_family = AF_INET};
    return source == NULL || (inet_pton(AF_INET, source, &local.sin_addr) == 1 &&
                              bind(descriptor, (const struct sockaddr *)&local, sizeof local) == 0);
}

// A connected descriptor, or -1.
static int connect_one(int family, const struct sockaddr *to, socklen_t to_size, const char *source,
                       int64_t deadline_ms)
{
    const int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return -1;
    }
    bool connected = bind_source(descriptor, source);
    if (connected && connect(descriptor, to, to_size) != 0) {
        short seen = 0;
        int failure = errno;
        socklen_t failure_size = sizeof failure;
        if (failure == EINPROGRESS && connect_wait(descriptor, POLLOUT, deadline_ms, &seen) &&
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &failure_size) == 0 &&
            failure == 0) {
            connected = true;
        } else {
            connected = false;
        }
    }
    if (!connected) {
        (void)close(descriptor);
        return -1;
    }
    if (family != AF_UNIX) {
        const int on = 1;
        (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return descriptor;
}

static enum status connect_unix(const char *path, int64_t deadline_ms, int *descriptor)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);
    if (length == 0 || length >= sizeof to.sun_path) {
        return STATUS_USAGE;
    }
    memcpy(to.sun_path, path, length);
    const int connected =
        connect_one(AF_UNIX, (const struct sockaddr *)&to, sizeof to, NULL, deadline_ms);
    if (connected < 0) {
        return STATUS_UNREACHABLE;
    }
    *descriptor = connected;
    return STATUS_OK;
}

enum status connect_open(const char *address, const char *source, int64_t deadline_ms,
                         int *descriptor)
{
    if (strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
        return connect_unix(address + strlen(UNIX_PREFIX), deadline_ms, descriptor);
    }
    struct place place;
    const enum status status = place_parse(address, &place);
    if (status != STATUS_OK) {
        return status;
    }
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    if (getaddrinfo(place.host, place.port, &hints, &found) != 0) {
        return STATUS_UNREACHABLE;
    }
    int connected = -1;
    for (struct addrinfo *at = found; at != NULL && connected < 0; at = at->ai_next) {
        connected = connect_one(at->ai_family, at->ai_addr, at->ai_addrlen, source, deadline_ms);
    }
    freeaddrinfo(found);
    if (connected < 0) {
        return STATUS_UNREACHABLE;
    }
    *descriptor = connected;
    return STATUS_OK;
}
