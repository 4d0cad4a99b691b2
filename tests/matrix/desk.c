// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/desk.h"

#include "server/net/gate.h"
#include "server/net/outline.h"
#include "shared/text.h"
#include "shared/wire.h"

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define MAP_BYTES   ((uint64_t)512 * 1024 * 1024)
#define YEARS_US    ((int64_t)86400 * 1000 * 1000 * 366 * 200)
#define OWNER       "principal"

static void demand(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "desk: %s\n", what);
        abort();
    }
}

// ---- memory ----

char *desk_text(struct desk *desk, const char *text)
{
    char *copy = arena_copy(desk->arena, text, strlen(text));
    demand(copy != NULL, "arena");
    return copy;
}

ProtobufCMessage *desk_make(struct desk *desk, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = wire_make(desk->arena, descriptor);
    demand(message != NULL, "arena");
    return message;
}

void desk_reset(struct desk *desk)
{
    arena_reset(desk->arena);
}

static ProtobufCBinaryData bytes_copy(struct desk *desk, const void *data, size_t size)
{
    ProtobufCBinaryData bytes = {.len = size, .data = arena_copy(desk->arena, data, size)};
    demand(bytes.data != NULL, "arena");
    return bytes;
}

// What admission would draw at random: different each time, the same in every run.
static ProtobufCBinaryData draw(struct desk *desk, size_t size)
{
    uint8_t bytes[64];
    desk->drawn++;
    for (size_t i = 0; i < sizeof bytes; i += 4) {
        put_u32(bytes + i, desk->drawn);
    }
    demand(size <= sizeof bytes, "draw");
    return bytes_copy(desk, bytes, size);
}

static ProtobufCBinaryData hash_of(struct desk *desk, const char *domain, const void *data,
                                   size_t size)
{
    uint8_t hash[16];
    store_hash(desk->store, domain, bytes_of(data, size), hash);
    return bytes_copy(desk, hash, sizeof hash);
}

// ---- bytes in, bytes out ----

static void on_done(struct job *job)
{
    struct asking *asking = job->owner;
    asking->reply.size = job->packed.size;
    asking->reply.data = arena_copy(asking->desk->arena, job->packed.data, job->packed.size);
    demand(asking->reply.data != NULL, "arena");
    asking->is_done = true;
    job_free(asking->desk->admit, job);
}

static struct bytes refusal(struct desk *desk, enum status status)
{
    Reply reply;
    reply__init(&reply);
    reply.status = (uint32_t)status;
    struct bytes packed;
    demand(wire_pack(desk->arena, &reply.base, &packed) == STATUS_OK, "arena");
    return packed;
}

void desk_send(struct desk *desk, const struct peer *peer, struct bytes packed,
               struct asking *asking)
{
    struct outline outline;
    struct job *job = NULL;
    *asking = (struct asking){.desk = desk};
    desk->asked++;
    if (outline_of(packed, false, &outline) != STATUS_OK || outline.number == 0) {
        asking->reply = refusal(desk, STATUS_MALFORMED);
        asking->is_done = true;
        return;
    }
    const struct command *command = command_by_number(outline.number);
    enum status status = gate_check(command, peer->session_id != 0, packed);
    if (status == STATUS_OK) {
        status = gate_job(desk->admit, packed, &job);
    }
    if (status != STATUS_OK) {
        asking->reply = refusal(desk, status);
        asking->is_done = true;
        return;
    }
    job->command = command;
    job->peer = *peer;
    job->done = on_done;
    job->owner = asking;
    admit_submit(desk->admit, job);
}

void desk_wait(struct desk *desk, const struct asking *asking)
{
    while (!asking->is_done) {
        (void)uv_run(&desk->loop, UV_RUN_ONCE);
    }
}

struct bytes desk_ask(struct desk *desk, const struct peer *peer, struct bytes packed)
{
    struct asking asking;
    desk_send(desk, peer, packed, &asking);
    desk_wait(desk, &asking);
    return asking.reply;
}

struct bytes desk_pack(struct desk *desk, const struct command *command, ProtobufCMessage *inner,
                       bool dry_run)
{
    Request *request = (Request *)(void *)desk_make(desk, &request__descriptor);
    struct bytes packed;
    wire_set_inner(&request->base, command->number, inner);
    request->dry_run = dry_run && command->mode == COMMAND_WRITE;
    if (command->mode == COMMAND_WRITE && !dry_run) {
        uint8_t key[REQUEST_KEY_BYTES] = {0};
        desk->keys++;
        put_u32(key, desk->keys);
        request->key = bytes_copy(desk, key, sizeof key);
    }
    demand(wire_pack(desk->arena, &request->base, &packed) == STATUS_OK, "arena");
    return packed;
}

Reply *desk_reply(struct desk *desk, struct bytes packed)
{
    ProtobufCMessage *reply = NULL;
    demand(wire_unpack(desk->arena, &reply__descriptor, packed, &reply) == STATUS_OK, "a reply");
    return (Reply *)(void *)reply;
}

Reply *desk_call(struct desk *desk, const struct peer *peer, const char *command,
                 ProtobufCMessage *inner)
{
    const struct command *row = command_by_name(command);
    demand(row != NULL, command);
    return desk_reply(desk, desk_ask(desk, peer, desk_pack(desk, row, inner, false)));
}

ProtobufCMessage *desk_do(struct desk *desk, const struct peer *peer, const char *command,
                          ProtobufCMessage *inner)
{
    const Reply *reply = desk_call(desk, peer, command, inner);
    if (reply->status != STATUS_OK) {
        (void)fprintf(stderr, "desk: %s: %s %s\n", command, status_code((enum status)reply->status),
                      reply->n_problem > 0 ? reply->problem[0]->field : reply->detail);
        abort();
    }
    return wire_inner(&reply->base, command_by_name(command)->number);
}

// ---- people ----

// A call of the machine alone, kept; what admission adds stands in `inner` already.
static Reply *machine_do(struct desk *desk, const struct peer *peer, const char *name,
                         ProtobufCMessage *inner)
{
    const struct command *command = command_by_name(name);
    Request *request = (Request *)(void *)desk_make(desk, &request__descriptor);
    Reply *reply = (Reply *)(void *)desk_make(desk, &reply__descriptor);
    struct call *call = arena_alloc(desk->arena, sizeof *call);
    struct arena *arena CLEANUP(arena_free_at) = arena_make(ARENA_BYTES);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct txn *after CLEANUP(txn_abort_at) = NULL;
    const uint8_t hash[32] = {0};
    size_t count = 0;
    demand(call != NULL && arena != NULL, "arena");
    *call = (struct call){.arena = desk->arena};
    wire_set_inner(&request->base, command->number, inner);
    demand(txn_begin(desk->store, TXN_WRITE, arena, &txn) == STATUS_OK, "begin");
    const struct stamp stamp = {.number = txn_head(txn)->number + 1,
                                .instant_us = desk->now_us,
                                .book_day = (int32_t)(desk->now_us / (86400ll * 1000 * 1000))};
    enum status status = machine_write(txn, peer, &stamp, request, hash, NULL, call, reply);
    demand(status == STATUS_OK, name);
    if (reply->status != STATUS_OK) {
        (void)fprintf(stderr, "desk: %s: %s\n", name, status_code((enum status)reply->status));
        abort();
    }
    demand(txn_commit(txn) == STATUS_OK, "commit");
    const struct change *change = txn_changes(txn, &count);
    demand(txn_begin(desk->store, TXN_READ, arena, &after) == STATUS_OK, "begin");
    demand(views_apply(desk->views, after, change, count) == STATUS_OK, "views");
    return reply;
}

static void join(struct desk *desk, ProtobufCBinaryData invitation, struct member *member)
{
    SessionJoin *join = (SessionJoin *)(void *)desk_make(desk, &session_join__descriptor);
    join->device_name = desk_text(desk, member->login);
    join->device_key = draw(desk, KEY_BYTES);
    join->device_hash = hash_of(desk, "device", join->device_key.data, KEY_BYTES);
    join->invitation_id = invitation;
    join->password_hash = draw(desk, 49);
    join->token_hash = draw(desk, 32);
    struct peer peer = {.invited = true};
    memcpy(peer.invitation_id, invitation.data, 16);
    const Reply *reply = machine_do(desk, &peer, "session_join", &join->base);
    uint64_t device_id = 0;
    demand(views_device_of_key(desk->views, join->device_key.data, &device_id), "device");
    member->peer =
        (struct peer){.device_id = device_id, .session_id = reply->session_join->session_id};
    memcpy(member->peer.device_key, join->device_key.data, KEY_BYTES);

    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *device = NULL;
    demand(txn_begin(desk->store, TXN_READ, desk->arena, &txn) == STATUS_OK, "begin");
    demand(table_get(txn, TABLE_device, key_u64(device_id), &device, NULL) == STATUS_OK, "device");
    member->user_id = ((const DeviceRecord *)(void *)device)->user_id;
}

uint64_t desk_invite(struct desk *desk, const struct peer *owner, const char *login,
                     UserInvite *invite)
{
    const char *folded = text_fold(desk->arena, login);
    demand(folded != NULL, "arena");
    invite->login = desk_text(desk, login);
    invite->login_hash = hash_of(desk, "login", folded, strlen(folded));
    invite->invitation_id = draw(desk, 16);
    invite->expires_us = YEARS_US;
    return machine_do(desk, owner, "user_invite", &invite->base)->user_invite->id;
}

void desk_join(struct desk *desk, const struct peer *owner, UserInvite *invite,
               struct member *member)
{
    member->user_id = desk_invite(desk, owner, member->login, invite);
    join(desk, invite->invitation_id, member);
}

uint64_t desk_login(struct desk *desk, struct member *member)
{
    SessionLogin *login = (SessionLogin *)(void *)desk_make(desk, &session_login__descriptor);
    login->login = desk_text(desk, member->login);
    login->password_right = true;
    login->token_hash = draw(desk, 32);
    login->user_id = member->user_id;
    struct peer peer = member->peer;
    peer.session_id = 0;
    const Reply *reply = machine_do(desk, &peer, "session_login", &login->base);
    member->peer.session_id = reply->session_login->session_id;
    return member->peer.session_id;
}

// ---- life ----

static ProtobufCBinaryData open_book(struct desk *desk)
{
    const struct peer system = {.system = true};
    BookOpen *open = (BookOpen *)(void *)desk_make(desk, &book_open__descriptor);
    open->company = desk_text(desk, "Matrix Trading");
    open->currency = desk_text(desk, "CNY");
    open->decimals = 2;
    open->chart = desk_text(desk, "cn-small");
    open->time_zone = desk_text(desk, "Asia/Shanghai");
    open->owner_login = desk_text(desk, OWNER);
    open->login_hash = hash_of(desk, "login", OWNER, strlen(OWNER));
    open->book_id = draw(desk, 16);
    open->invitation_id = draw(desk, 16);
    open->expires_us = YEARS_US;
    (void)machine_do(desk, &system, "book_open", &open->base);
    return open->invitation_id;
}

// The keyring of a book, as a backup has it.
static struct bytes keyring_of(struct desk *desk, const struct desk *book)
{
    uint8_t bytes[4096];
    char path[160];
    temporary_path(&book->temporary, "book/keyring", path, sizeof path);
    FILE *file = fopen(path, "re");
    demand(file != NULL, "keyring");
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    demand(size > 0 && size < sizeof bytes, "keyring");
    const ProtobufCBinaryData copy = bytes_copy(desk, bytes, size);
    return bytes_of(copy.data, copy.len);
}

static void open_store(struct desk *desk, const struct desk *like)
{
    char dir[160];
    char key_file[160];
    temporary_make(&desk->temporary);
    temporary_path(&desk->temporary, "book", dir, sizeof dir);
    temporary_path(like != NULL ? &like->temporary : &desk->temporary, "book.key", key_file,
                   sizeof key_file);
    struct store_options options = {.dir = dir, .key_file = key_file, .map_bytes = MAP_BYTES};
    if (like != NULL) {
        options.keyring = keyring_of(desk, like);
    }
    demand(store_create(&options) == STATUS_OK, "store_create");
    demand(store_open(&options, &desk->store) == STATUS_OK, "store_open");
    demand(views_make(desk->store, &desk->views) == STATUS_OK, "views_make");
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    demand(txn_begin(desk->store, TXN_READ, desk->arena, &txn) == STATUS_OK, "begin");
    demand(views_build(desk->views, txn) == STATUS_OK, "views_build");
}

static int64_t clock_of(void *context)
{
    return ((const struct desk *)context)->now_us;
}

static void open_rooms(struct desk *desk)
{
    demand(uv_loop_init(&desk->loop) == 0, "loop");
    const struct queue_options queue = {
        .loop = &desk->loop,
        .store = desk->store,
        .views = desk->views,
        .clock = clock_of,
        .clock_context = desk,
        .time_zone = "Asia/Shanghai",
    };
    demand(queue_make(&queue, &desk->queue) == STATUS_OK, "queue_make");
    const struct admit_options admit = {
        .loop = &desk->loop,
        .store = desk->store,
        .views = desk->views,
        .queue = desk->queue,
        .address = "localhost:7890",
    };
    demand(admit_make(&admit, &desk->admit) == STATUS_OK, "admit_make");
}

void desk_open(struct desk *desk, int64_t now_us, const struct desk *like, struct member *owner)
{
    *desk = (struct desk){.now_us = now_us};
    *owner = (struct member){.login = OWNER};
    demand(keys_start() == STATUS_OK, "keys");
    desk->arena = arena_make(ARENA_BYTES);
    demand(desk->arena != NULL, "arena");
    open_store(desk, like);
    const ProtobufCBinaryData invitation = open_book(desk);
    open_rooms(desk);
    join(desk, invitation, owner);
}

static void count_stopped(void *context)
{
    int *stopped = context;
    (*stopped)++;
}

void desk_close(struct desk *desk)
{
    int stopped = 0;
    admit_stop(desk->admit, count_stopped, &stopped);
    queue_stop(desk->queue, count_stopped, &stopped);
    while (stopped < 2) {
        (void)uv_run(&desk->loop, UV_RUN_ONCE);
    }
    (void)uv_run(&desk->loop, UV_RUN_DEFAULT);
    admit_free(desk->admit);
    queue_free(desk->queue);
    demand(uv_loop_close(&desk->loop) == 0, "loop");
    views_free(desk->views);
    store_close(desk->store);
    arena_free(desk->arena);
    temporary_remove(&desk->temporary);
}
