// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/server.h"

#include "tests/unit/unit.h"

#include <unistd.h>

#define TICK_MS 1

// ---- on the loop ----

static void on_async(uv_async_t *async)
{
    (void)async; // what it is about is looked at after each turn
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static void on_turn(uv_check_t *check)
{
    struct server *server = check->data;
    uv_mutex_lock(&server->mutex);
    if (server->work != NULL) {
        server->work(server, server->work_context);
        server->work = NULL;
        uv_cond_signal(&server->changed);
    }
    if (server->until != NULL && server->until(server, server->until_context)) {
        server->until = NULL;
        uv_cond_signal(&server->changed);
    }
    uv_mutex_unlock(&server->mutex);
}

static void on_stopped(void *context)
{
    struct server *server = context;
    listener_free(server->listener);
    server->listener = NULL;
    double_stop(&server->admit);
    uv_close((uv_handle_t *)&server->async, NULL);
    uv_close((uv_handle_t *)&server->check, NULL);
    uv_close((uv_handle_t *)&server->tick, NULL);
}

static void greet(void *context, struct greeting *greeting)
{
    struct server *server = context;
    memset(greeting->book_id, 0xb0, sizeof greeting->book_id);
    greeting->tree_size = server->admit.number;
    greeting->timeline = 1;
    if (server->greet != NULL) {
        server->greet(server->greet_context, greeting);
    }
}

static void run(void *context)
{
    struct server *server = context;
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
}

// ---- life ----

void server_init(struct server *server)
{
    memset(server, 0, sizeof *server);
    assert_int_equal(keys_start(), STATUS_OK);
    server->limits = NET_LIMITS;
    server->limits.linger_ms = 200;
    server->limits.refusal_ms_min = 1;
    server->limits.refusal_ms_max = 3;
    server->limits.liveness_ms = 1;
    server->limits.penalty_free_ms = 1000 * 1000;
    server->key = key_pair_random();
    server->device = key_pair_random();
    struct admit *admit = &server->admit;
    memcpy(admit->device[0].key, server->device.public_bytes, KEY_BYTES);
    admit->device[0].session_live = true;
    random_fill(admit->device[0].token, TOKEN_BYTES);
    admit->device_count = 1;
}

static void init_handles(struct server *server)
{
    assert_int_equal(uv_loop_init(&server->loop), 0);
    assert_int_equal(uv_mutex_init(&server->mutex), 0);
    assert_int_equal(uv_cond_init(&server->changed), 0);
    assert_int_equal(uv_async_init(&server->loop, &server->async, on_async), 0);
    assert_int_equal(uv_check_init(&server->loop, &server->check), 0);
    assert_int_equal(uv_timer_init(&server->loop, &server->tick), 0);
    server->check.data = server;
    assert_int_equal(uv_check_start(&server->check, on_turn), 0);
    assert_int_equal(uv_timer_start(&server->tick, on_tick, TICK_MS, TICK_MS), 0);
}

void server_start(struct server *server)
{
    init_handles(server);
    double_start(&server->admit, &server->loop);
    if (server->with_socket) {
        (void)snprintf(server->socket_dir, sizeof server->socket_dir, "/tmp/kontor-wire-XXXXXX");
        assert_non_null(mkdtemp(server->socket_dir));
        (void)snprintf(server->socket_address, sizeof server->socket_address, "unix:%s/socket",
                       server->socket_dir);
    }
    const struct listener_options options = {
        .loop = &server->loop,
        .admit = &server->admit,
        .address = "127.0.0.1:0",
        .socket_path = server->with_socket ? server->socket_address + strlen("unix:") : NULL,
        .server_key = &server->key,
        .greet = greet,
        .greet_context = server,
        .limits = &server->limits,
    };
    assert_int_equal(listener_start(&options, &server->listener), STATUS_OK);
    server->admit.listener = server->listener;
    server->port = listener_port(server->listener);
    (void)snprintf(server->address, sizeof server->address, "127.0.0.1:%u", server->port);
    assert_int_equal(uv_thread_create(&server->thread, run, server), 0);
}

void server_do(struct server *server, void (*work)(struct server *server, void *context),
               void *context)
{
    uv_mutex_lock(&server->mutex);
    server->work = work;
    server->work_context = context;
    assert_int_equal(uv_async_send(&server->async), 0);
    while (server->work != NULL) {
        uv_cond_wait(&server->changed, &server->mutex);
    }
    uv_mutex_unlock(&server->mutex);
}

void server_await(struct server *server, bool (*is)(struct server *server, const void *context),
                  const void *context)
{
    uv_mutex_lock(&server->mutex);
    server->until = is;
    server->until_context = context;
    int failure = 0;
    while (server->until != NULL && failure == 0) {
        failure = uv_cond_timedwait(&server->changed, &server->mutex,
                                    (uint64_t)PATIENCE_MS * 1000 * 1000);
    }
    uv_mutex_unlock(&server->mutex);
    assert_int_equal(failure, 0);
}

static void stop(struct server *server, void *context)
{
    (void)context;
    server->admit.hold = false;
    double_release(&server->admit);
    listener_stop(server->listener, on_stopped, server);
}

void server_stop(struct server *server)
{
    server_do(server, stop, NULL);
    assert_int_equal(uv_thread_join(&server->thread), 0);
    assert_int_equal(uv_loop_close(&server->loop), 0);
    if (server->with_socket) {
        assert_int_equal(rmdir(server->socket_dir), 0); // the socket itself is gone
    }
    uv_mutex_destroy(&server->mutex);
    uv_cond_destroy(&server->changed);
}

static void copy_counts(struct server *server, void *context)
{
    *(struct net_counts *)context = *listener_counts(server->listener);
}

struct net_counts server_counts(struct server *server)
{
    struct net_counts counts;
    server_do(server, copy_counts, &counts);
    return counts;
}

static bool is_empty(struct server *server, const void *context)
{
    (void)context;
    return listener_counts(server->listener)->open == 0;
}

void server_await_empty(struct server *server)
{
    server_await(server, is_empty, NULL);
}

static void hold(struct server *server, void *context)
{
    (void)context;
    server->admit.hold = true;
}

static void release(struct server *server, void *context)
{
    (void)context;
    double_release(&server->admit);
}

void server_hold(struct server *server)
{
    server_do(server, hold, NULL);
}

void server_release(struct server *server)
{
    server_do(server, release, NULL);
}

// ---- the real client ----

struct link_options server_link_options(struct server *server)
{
    struct link_options options = {
        .address = {server->address},
        .address_count = 1,
        .device = &server->device,
        .connect_ms = PATIENCE_MS,
        .answer_ms = PATIENCE_MS,
    };
    memcpy(options.server_key, server->key.public_bytes, KEY_BYTES);
    return options;
}

struct link *server_login(struct server *server)
{
    struct link_options options = server_link_options(server);
    options.token = server->admit.device[0].token;
    struct link *link = NULL;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    return link;
}
