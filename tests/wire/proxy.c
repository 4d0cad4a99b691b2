// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/proxy.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

bool proxy_read(int descriptor, void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        const ssize_t count = recv(descriptor, at, size, 0);
        if (count <= 0) {
            return false;
        }
        at += count;
        size -= (size_t)count;
    }
    return true;
}

void proxy_write(int descriptor, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        const ssize_t count = send(descriptor, at, size, MSG_NOSIGNAL);
        if (count <= 0) {
            return;
        }
        at += count;
        size -= (size_t)count;
    }
}

static void run(void *context)
{
    struct proxy *proxy = context;
    for (size_t i = 0; i < proxy->connections; i++) {
        const int client = accept(proxy->descriptor, NULL, NULL);
        if (client >= 0) {
            proxy->serve(proxy, client, i);
            (void)close(client);
        }
    }
}

void proxy_start(struct proxy *proxy)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    proxy->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(proxy->descriptor >= 0);
    assert_int_equal(bind(proxy->descriptor, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(proxy->descriptor, 16), 0);
    assert_int_equal(getsockname(proxy->descriptor, (struct sockaddr *)&address, &size), 0);
    proxy->port = ntohs(address.sin_port);
    (void)snprintf(proxy->address, sizeof proxy->address, "127.0.0.1:%u", proxy->port);
    assert_int_equal(uv_thread_create(&proxy->thread, run, proxy), 0);
}

void proxy_join(struct proxy *proxy)
{
    assert_int_equal(uv_thread_join(&proxy->thread), 0);
    (void)close(proxy->descriptor);
}

struct link_options proxy_link_options(struct proxy *proxy)
{
    struct link_options options = server_link_options(proxy->server);
    options.address[0] = proxy->address;
    return options;
}
