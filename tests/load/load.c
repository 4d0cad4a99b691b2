// SPDX-License-Identifier: Apache-2.0
#include "tests/load/load.h"

#include "shared/command.h"
#include "shared/wire.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES 512
#define PASSWORD   "correct horse battery staple"
#define OWNER      "owner"

struct load {
    char programs[PATH_BYTES];
    char place[PATH_BYTES];
    char address[128];
    pid_t server;
    int64_t start_us;
    struct key_pair device;
    uint8_t server_key[KEY_BYTES];
    uint8_t token[TOKEN_BYTES];
};

int64_t clock_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void broken(const char *what)
{
    (void)fprintf(stderr, "load: %s\n", what);
    abort();
}

static void path_of(const struct load *load, const char *name, char out[static PATH_BYTES * 2])
{
    (void)snprintf(out, (size_t)PATH_BYTES * 2, "%s/%s", load->place, name);
}

static pid_t spawn(const struct load *load, const char *const *words)
{
    char program[PATH_BYTES * 2], log[PATH_BYTES * 2];
    (void)snprintf(program, sizeof program, "%s/server/kontord", load->programs);
    path_of(load, "kontord.log", log);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        // A test that breaks off takes its server along.
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
            _exit(127);
        }
        const int fd = open(log, O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
            _exit(127);
        }
        execv(program, (char *const *)(uintptr_t)words);
        _exit(127);
    }
    return child;
}

static bool read_file(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    const size_t got = fread(out, 1, size - 1, file);
    (void)fclose(file);
    out[got] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return got > 0;
}

static void serve(struct load *load)
{
    char book[PATH_BYTES * 2], address[PATH_BYTES * 2];
    path_of(load, "book", book);
    path_of(load, "address", address);
    (void)unlink(address);
    const char *const words[] = {"kontord",     "serve",          "--dir", book, "--listen",
                                 "127.0.0.1:0", "--address-file", address, NULL};
    const int64_t begun = clock_us();
    load->server = spawn(load, words);
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    while (!read_file(address, load->address, sizeof load->address)) {
        if (waitpid(load->server, NULL, WNOHANG) != 0 || clock_us() - begun > 60ll * 1000 * 1000) {
            broken("the server does not start, see kontord.log");
        }
        (void)nanosleep(&pause, NULL);
    }
    load->start_us = clock_us() - begun;
}

// Joins with the invitation; the link is logged in.
static struct link *join_as(struct load *load, const char *text, const struct key_pair *device,
                            char *device_name, struct arena *arena,
                            uint8_t token[static TOKEN_BYTES])
{
    struct invitation invitation;
    if (invitation_parse(text, &invitation) != STATUS_OK) {
        broken("no invitation");
    }
    memcpy(load->server_key, invitation.server_key, KEY_BYTES);
    struct link_options options = {.address = {load->address},
                                   .address_count = 1,
                                   .device = device,
                                   .invitation = &invitation};
    memcpy(options.server_key, invitation.server_key, KEY_BYTES);
    struct link *link = NULL;
    if (link_open(&options, &link) != STATUS_OK) {
        broken("cannot connect to join");
    }
    SessionJoin inner;
    session_join__init(&inner);
    char password[] = PASSWORD;
    inner.password = password;
    inner.device_name = device_name;
    const SessionReply *reply = (const SessionReply *)load_call(
        link, arena, load_request(arena, "session_join", &inner.base), STATUS_OK);
    assert(reply->token.len == TOKEN_BYTES);
    memcpy(token, reply->token.data, TOKEN_BYTES);
    return link;
}

static void join(struct load *load)
{
    struct arena *arena = arena_make(CALL_ARENA_MAX);
    char path[PATH_BYTES * 2], text[1024], device_name[] = "load";
    path_of(load, "owner.invitation", path);
    if (!read_file(path, text, sizeof text)) {
        broken("no invitation");
    }
    load->device = key_pair_random();
    link_close(join_as(load, text, &load->device, device_name, arena, load->token));
    arena_free(arena);
}

static const char *invite(struct link *owner, struct arena *arena, char *login, char *role)
{
    UserInvite request;
    user_invite__init(&request);
    request.login = login;
    request.role = &role;
    request.n_role = 1;
    const UserInviteReply *reply = (const UserInviteReply *)load_call(
        owner, arena, load_request(arena, "user_invite", &request.base), STATUS_OK);
    return reply->invitation;
}

static struct link *invite_and_join(struct load *load, char *login, char *role,
                                    const struct key_pair *device)
{
    struct arena *arena = arena_make(CALL_ARENA_MAX);
    uint8_t token[TOKEN_BYTES];
    struct link *owner = load_link(load);
    struct link *link =
        join_as(load, invite(owner, arena, login, role), device, login, arena, token);
    link_close(owner);
    arena_free(arena);
    return link;
}

struct link *load_person(struct load *load, char *login, char *role)
{
    struct key_pair device CLEANUP(key_pair_wipe) = key_pair_random();
    return invite_and_join(load, login, role, &device);
}

void load_invite(struct load *load, struct link *owner, char *login, char *role, const char *name)
{
    struct arena *arena = arena_make(CALL_ARENA_MAX);
    char path[PATH_BYTES * 2];
    path_of(load, name, path);
    FILE *file = fopen(path, "we");
    if (file == NULL || fprintf(file, "%s\n", invite(owner, arena, login, role)) < 0 ||
        fclose(file) != 0) {
        broken("cannot write the invitation");
    }
    arena_free(arena);
}

struct load *load_start(const struct load_options *options)
{
    struct load *load = calloc(1, sizeof *load);
    if (load == NULL || keys_start() != STATUS_OK) {
        broken("no memory");
    }
    (void)snprintf(load->programs, sizeof load->programs, "%s", options->programs);
    (void)snprintf(load->place, sizeof load->place, "%s", options->place);
    char book[PATH_BYTES * 2], invitation[PATH_BYTES * 2];
    path_of(load, "book", book);
    path_of(load, "owner.invitation", invitation);
    const char *const words[] = {"kontord",   "init",         "--dir",        book,
                                 "--company", "负载有限公司", "--currency",   options->currency,
                                 "--chart",   options->chart, "--time-zone",  "Asia/Shanghai",
                                 "--owner",   OWNER,          "--invitation", invitation,
                                 NULL};
    int status = 0;
    if (waitpid(spawn(load, words), &status, 0) < 0 || status != 0) {
        broken("kontord init failed, see kontord.log");
    }
    serve(load);
    join(load);
    return load;
}

static bool stop(struct load *load)
{
    int status = 0;
    (void)kill(load->server, SIGTERM);
    return waitpid(load->server, &status, 0) == load->server && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

bool load_stop(struct load *load)
{
    const bool ended = stop(load);
    key_pair_wipe(&load->device);
    free(load);
    return ended;
}

void load_restart(struct load *load)
{
    if (!stop(load)) {
        broken("the server did not end with 0");
    }
    serve(load);
    const int64_t begun = clock_us();
    struct arena *arena = arena_make(CALL_ARENA_MAX);
    struct link *link = load_link(load);
    SessionWhoami inner;
    session_whoami__init(&inner);
    (void)load_call(link, arena, load_request(arena, "session_whoami", &inner.base), STATUS_OK);
    load->start_us += clock_us() - begun;
    link_close(link);
    arena_free(arena);
}

int64_t load_start_us(const struct load *load)
{
    return load->start_us;
}

int load_server_pid(const struct load *load)
{
    return load->server;
}

static struct link *open_link(struct load *load, const struct key_pair *device,
                              const uint8_t *token)
{
    struct link_options options = {.address = {load->address},
                                   .address_count = 1,
                                   .device = device,
                                   .token = token,
                                   .retry_ms = 10000,
                                   .answer_ms = 120000};
    memcpy(options.server_key, load->server_key, KEY_BYTES);
    struct link *link = NULL;
    if (link_open(&options, &link) != STATUS_OK) {
        broken("cannot connect");
    }
    return link;
}

struct link *load_link(struct load *load)
{
    return open_link(load, &load->device, load->token);
}

// A new session on a link that has none.
static void log_in(struct link *link, char *login, uint8_t token[static TOKEN_BYTES])
{
    struct arena *arena = arena_make(CALL_ARENA_MAX);
    SessionLogin inner;
    session_login__init(&inner);
    char password[] = PASSWORD;
    inner.login = login;
    inner.password = password;
    const SessionReply *reply = (const SessionReply *)load_call(
        link, arena, load_request(arena, "session_login", &inner.base), STATUS_OK);
    memcpy(token, reply->token.data, TOKEN_BYTES);
    arena_free(arena);
}

int64_t load_login_us(struct load *load)
{
    struct link *link = open_link(load, &load->device, NULL);
    char login[] = OWNER;
    const int64_t begun = clock_us();
    log_in(link, login, load->token);
    const int64_t took = clock_us() - begun;
    link_close(link);
    return took;
}

void load_sit_again(struct load *load, struct seat *seat)
{
    uint8_t token[TOKEN_BYTES];
    link_close(seat->link);
    seat->link = open_link(load, &seat->device, NULL);
    log_in(seat->link, seat->login, token);
}

void load_sit(struct load *load, struct seat *seat)
{
    *seat = (struct seat){.device = load->device, .login = OWNER};
    load_sit_again(load, seat);
}

void load_sit_person(struct load *load, char *login, char *role, struct seat *seat)
{
    *seat = (struct seat){.device = key_pair_random()};
    (void)snprintf(seat->login, sizeof seat->login, "%s", login);
    seat->link = invite_and_join(load, login, role, &seat->device);
}

void load_rise(struct seat *seat)
{
    link_close(seat->link);
    key_pair_wipe(&seat->device);
}

Request *load_request(struct arena *arena, const char *name, ProtobufCMessage *inner)
{
    const struct command *command = command_by_name(name);
    assert(command != NULL && command->request == inner->descriptor);
    Request *request = (Request *)wire_make(arena, &request__descriptor);
    assert(request != NULL);
    if (command->mode == COMMAND_WRITE) {
        request->key.len = REQUEST_KEY_BYTES;
        request->key.data = arena_alloc(arena, REQUEST_KEY_BYTES);
        assert(request->key.data != NULL);
        random_fill(request->key.data, REQUEST_KEY_BYTES);
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        uint8_t stamp[8];
        put_u64(stamp, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
        memcpy(request->key.data, stamp + 2, 6);
    }
    wire_set_inner(&request->base, command->number, inner);
    return request;
}

ProtobufCMessage *load_call(struct link *link, struct arena *arena, const Request *request,
                            enum status wanted)
{
    Reply *reply = NULL;
    const enum status status = link_call(link, request, arena, &reply);
    if (status != STATUS_OK) {
        broken(status_sentence(status));
    }
    if (reply->status != (uint32_t)wanted) {
        (void)fprintf(stderr, "load: %s, wanted %s: %s\n", status_code((enum status)reply->status),
                      status_code(wanted), reply->detail);
        abort();
    }
    return wire_inner(&reply->base, wire_inner_number(&request->base));
}
