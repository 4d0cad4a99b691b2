// SPDX-License-Identifier: Apache-2.0
#pragma once

// Somebody in the middle, on a thread of its own: takes one connection after the other and either
// passes it on with a fault in what the server says, or plays the server itself.

#include "tests/wire/server.h"

struct proxy {
    struct server *server;
    uv_thread_t thread;
    int descriptor;
    uint16_t port;
    char address[32];
    size_t connections; // to be served
    // Serves one connection.
    void (*serve)(struct proxy *proxy, int client, size_t index);
    void *context;
};

void proxy_start(struct proxy *proxy);
void proxy_join(struct proxy *proxy);
// Options of the enrolled device by way of the proxy.
struct link_options proxy_link_options(struct proxy *proxy);

// Reads exactly `size` bytes; false at the end of the stream.
bool proxy_read(int descriptor, void *data, size_t size);
void proxy_write(int descriptor, const void *data, size_t size);
