// SPDX-License-Identifier: Apache-2.0
#include "tests/ledger/scene.h"

#include "server/admit/seal.h"
#include "server/ledger/account.h"
#include "server/ops/replay.h"
#include "shared/money.h"
#include "shared/wire.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define MAP_BYTES   ((uint64_t)128 * 1024 * 1024)
#define DAY_US      (86400ll * 1000 * 1000)
#define MINUTE_US   (60ll * 1000 * 1000)
#define MORNING_US  (2ll * 3600 * 1000 * 1000)
#define YEARS_US    (DAY_US * 366 * 200)

static const char *const NAMES[SCENE_PEOPLE] = {"owner", "clerk",   "sales",   "peter",  "auditor",
                                                "admin", "cashier", "manager", "service"};
static const char *const ROLES[SCENE_PEOPLE] = {"owner", "finance", "sales",   "sales",  "auditor",
                                                "admin", "cashier", "manager", "service"};

static void demand(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "scene: %s\n", what);
        abort();
    }
}

const char *scene_person(size_t index)
{
    assert(index < SCENE_PEOPLE);
    return NAMES[index];
}

static ProtobufCBinaryData bytes_copy(struct scene *scene, const void *data, size_t size)
{
    ProtobufCBinaryData bytes = {.len = size, .data = arena_copy(scene->arena, data, size)};
    demand(bytes.data != NULL, "arena");
    return bytes;
}

// What admission would draw at random: different each time, the same in every run.
static ProtobufCBinaryData draw(struct scene *scene, size_t size)
{
    uint8_t bytes[64];
    scene->drawn++;
    for (size_t i = 0; i < sizeof bytes; i += 4) {
        put_u32(bytes + i, scene->drawn);
    }
    return bytes_copy(scene, bytes, size);
}

static ProtobufCBinaryData hash_of(struct scene *scene, const char *domain, const void *data,
                                   size_t size)
{
    uint8_t hash[16];
    store_hash(scene->store, domain, bytes_of(data, size), hash);
    return bytes_copy(scene, hash, sizeof hash);
}

// The part of admission that needs neither clock nor randomness of its own.
static enum status admit(struct scene *scene, const struct command *command, Request *request,
                         struct admitted *admitted)
{
    ProtobufCMessage *inner = wire_inner(&request->base, command->number);
    if (command->request == &user_invite__descriptor) {
        UserInvite *invite = (UserInvite *)(void *)inner;
        invite->login_hash = hash_of(scene, "login", invite->login, strlen(invite->login));
        if (invite->invitation_id.len == 0) {
            invite->invitation_id = draw(scene, 16);
        }
        invite->expires_us = YEARS_US;
    }
    if (command->request == &user_reset__descriptor) {
        UserReset *reset = (UserReset *)(void *)inner;
        if (reset->invitation_id.len == 0) {
            reset->invitation_id = draw(scene, 16);
        }
        reset->expires_us = YEARS_US;
    }
    if (command->request == &user_recover__descriptor) {
        UserRecover *recover = (UserRecover *)(void *)inner;
        recover->login_hash = hash_of(scene, "login", recover->login, strlen(recover->login));
    }
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(scene->store, TXN_READ, scene->arena, &txn);
    return status == STATUS_OK ? seal_request(txn, command, request, scene->arena, admitted)
                               : status;
}

static struct stamp stamp_of(const struct scene *scene, uint64_t number)
{
    return (struct stamp){.number = number,
                          .instant_us = scene->today * DAY_US + MORNING_US + scene->later_us,
                          .book_day = scene->today};
}

static void apply(struct scene *scene, struct txn *ended)
{
    size_t count = 0;
    const struct change *change = txn_changes(ended, &count);
    struct txn *after CLEANUP(txn_abort_at) = NULL;
    demand(txn_begin(scene->store, TXN_READ, scene->arena, &after) == STATUS_OK, "snapshot");
    demand(views_apply(scene->views, after, change, count) == STATUS_OK, "views");
}

// The reply's problems stand in the call: it lives as long as the reply.
static struct call *new_call(struct scene *scene)
{
    struct call *call = arena_alloc(scene->arena, sizeof *call);
    demand(call != NULL, "arena");
    call->arena = scene->arena;
    return call;
}

static void write_request(struct scene *scene, const Request *request,
                          const struct admitted *admitted, Reply *reply)
{
    struct call *call = new_call(scene);
    uint8_t hash[32] = {0};
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    demand(txn_begin(scene->store, TXN_WRITE, scene->arena, &txn) == STATUS_OK, "begin");
    struct stamp stamp = stamp_of(scene, txn_head(txn)->number + 1);
    enum status status =
        machine_write(txn, &scene->peer, &stamp, request, hash, admitted, call, reply);
    demand(status == STATUS_OK, status_code(status));
    demand(txn_commit(txn) == STATUS_OK, "commit");
    apply(scene, txn);
}

static void read_request(struct scene *scene, const Request *request, enum txn_mode mode,
                         Reply *reply)
{
    struct call *call = new_call(scene);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    views_lock_read(scene->views);
    demand(txn_begin(scene->store, mode, scene->arena, &txn) == STATUS_OK, "begin");
    struct stamp stamp = stamp_of(scene, 0);
    enum status status =
        machine_read(txn, scene->views, &scene->peer, &stamp, request, call, reply);
    views_unlock_read(scene->views);
    demand(status == STATUS_OK, status_code(status));
}

static Request *envelope(struct scene *scene, const struct command *command,
                         ProtobufCMessage *inner)
{
    Request *request = (Request *)(void *)wire_make(scene->arena, &request__descriptor);
    demand(request != NULL, "arena");
    wire_set_inner(&request->base, command->number, inner);
    return request;
}

// Who joined in a scenario can act: "as newcomer".
static void keep_newcomer(struct scene *scene, const ProtobufCMessage *inner, const Reply *reply)
{
    if (inner->descriptor != &session_join__descriptor || reply->status != STATUS_OK) {
        return;
    }
    const SessionJoin *join = (const SessionJoin *)(const void *)inner;
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *row = NULL;
    demand(txn_begin(scene->store, TXN_READ, scene->arena, &txn) == STATUS_OK, "begin");
    demand(table_get(txn, TABLE_device_key, key_hash16(join->device_hash.data), &row, NULL) ==
               STATUS_OK,
           "device");
    scene->newcomer = (struct peer){.device_id = ((const IdRecord *)(void *)row)->id,
                                    .session_id = reply->session_join->session_id};
}

void scene_run(struct scene *scene, const struct command *command, ProtobufCMessage *inner,
               bool dry_run, Reply **out)
{
    const struct scene_envelope around = {.dry_run = dry_run};
    scene_send(scene, command, inner, &around, out);
}

void scene_send(struct scene *scene, const struct command *command, ProtobufCMessage *inner,
                const struct scene_envelope *around, Reply **out)
{
    Reply *reply = (Reply *)(void *)wire_make(scene->arena, &reply__descriptor);
    demand(reply != NULL, "arena");
    *out = reply;
    struct admitted admitted = {0};
    Request *request = envelope(scene, command, inner);
    const bool dry_run = around->dry_run;
    request->dry_run = dry_run;
    if (around->plan != NULL) {
        request->plan = arena_copy(scene->arena, around->plan, strlen(around->plan));
    }
    if (around->key != 0) {
        uint8_t key[REQUEST_KEY_BYTES];
        memset(key, around->key, sizeof key);
        request->key = bytes_copy(scene, key, sizeof key);
    }
    enum status status = admit(scene, command, request, &admitted);
    if (status != STATUS_OK) {
        reply->status = status;
        return;
    }
    if (command->mode == COMMAND_WRITE && !dry_run) {
        write_request(scene, request, &admitted, reply);
        keep_newcomer(scene, inner, reply);
    } else {
        read_request(scene, request, command->mode == COMMAND_WRITE ? TXN_PREVIEW : TXN_READ,
                     reply);
    }
}

static char *text_of(struct scene *scene, const char *text)
{
    char *copy = arena_copy(scene->arena, text, strlen(text));
    demand(copy != NULL, "arena");
    return copy;
}

static BookOpen *make_book_open(struct scene *scene, const char *chart,
                                ProtobufCBinaryData invitation)
{
    BookOpen *open = (BookOpen *)(void *)wire_make(scene->arena, &book_open__descriptor);
    demand(open != NULL, "arena");
    open->company = text_of(scene, "Scene");
    open->currency = text_of(scene, scene->currency);
    open->decimals = scene->decimals;
    open->chart = text_of(scene, chart);
    open->chart_edition = CHART_EDITION;
    open->time_zone = text_of(scene, "Asia/Shanghai");
    open->owner_login = text_of(scene, NAMES[0]);
    open->login_hash = hash_of(scene, "login", NAMES[0], strlen(NAMES[0]));
    open->book_id = draw(scene, 16);
    open->invitation_id = invitation;
    open->expires_us = YEARS_US;
    return open;
}

void scene_open_again(struct scene *scene, const char *chart, Reply **reply)
{
    scene->peer = (struct peer){.system = true};
    BookOpen *open = make_book_open(scene, chart, draw(scene, 16));
    scene_run(scene, command_by_name("book_open"), &open->base, false, reply);
}

// Joins with the invitation; the person's channel then carries device and session.
static void join(struct scene *scene, size_t index, ProtobufCBinaryData invitation)
{
    SessionJoin *join = (SessionJoin *)(void *)wire_make(scene->arena, &session_join__descriptor);
    Reply *reply;
    demand(join != NULL, "arena");
    join->device_name = text_of(scene, NAMES[index]);
    join->device_key = draw(scene, KEY_BYTES);
    join->device_hash = hash_of(scene, "device", join->device_key.data, KEY_BYTES);
    join->invitation_id = invitation;
    join->password_hash = draw(scene, 49);
    join->token_hash = draw(scene, 32);
    scene->peer = (struct peer){.invited = true};
    memcpy(scene->peer.invitation_id, invitation.data, 16);
    scene_run(scene, command_by_name("session_join"), &join->base, false, &reply);
    demand(reply->status == STATUS_OK, "session_join");

    uint64_t device_id = 0;
    demand(views_device_of_key(scene->views, join->device_key.data, &device_id), "device");
    scene->person[index] =
        (struct peer){.device_id = device_id, .session_id = reply->session_join->session_id};
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *device = NULL;
    demand(txn_begin(scene->store, TXN_READ, scene->arena, &txn) == STATUS_OK, "begin");
    demand(table_get(txn, TABLE_device, key_u64(device_id), &device, NULL) == STATUS_OK, "device");
    scene->user_id[index] = ((const DeviceRecord *)(void *)device)->user_id;
    scene->login_day[index] = scene->today;
}

static void log_in(struct scene *scene, size_t index)
{
    SessionLogin *login =
        (SessionLogin *)(void *)wire_make(scene->arena, &session_login__descriptor);
    Reply *reply;
    demand(login != NULL, "arena");
    login->login = text_of(scene, NAMES[index]);
    login->password_right = true;
    login->token_hash = draw(scene, 32);
    login->user_id = scene->user_id[index];
    scene->peer = (struct peer){.device_id = scene->person[index].device_id};
    scene_run(scene, command_by_name("session_login"), &login->base, false, &reply);
    // Whoever was disabled or lost the device keeps the old session, which then says so.
    if (reply->status == STATUS_OK) {
        scene->person[index].session_id = reply->session_login->session_id;
        scene->login_day[index] = scene->today;
    }
}

static ProtobufCBinaryData invite(struct scene *scene, size_t index)
{
    UserInvite *invite = (UserInvite *)(void *)wire_make(scene->arena, &user_invite__descriptor);
    char **roles = arena_alloc(scene->arena, sizeof *roles);
    Reply *reply;
    demand(invite != NULL && roles != NULL, "arena");
    roles[0] = text_of(scene, ROLES[index]);
    invite->login = text_of(scene, NAMES[index]);
    invite->role = roles;
    invite->n_role = 1;
    scene->peer = scene->person[0];
    scene_run(scene, command_by_name("user_invite"), &invite->base, false, &reply);
    demand(reply->status == STATUS_OK, "user_invite");
    return invite->invitation_id;
}

void scene_leave(struct scene *scene)
{
    views_free(scene->views);
    store_close(scene->store);
    scene->views = NULL;
    scene->store = NULL;
}

void scene_move(struct scene *scene)
{
    struct scene_place *place = &scene->place;
    char name[32];
    place->moves++;
    (void)snprintf(name, sizeof name, "book%u", place->moves);
    temporary_path(&scene->temporary, name, place->dir, sizeof place->dir);
    temporary_path(&scene->temporary, "book.key", place->key_file, sizeof place->key_file);
    place->options = (struct store_options){
        .dir = place->dir, .key_file = place->key_file, .map_bytes = MAP_BYTES};
}

void scene_enter(struct scene *scene)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    demand(store_open(&scene->place.options, &scene->store) == STATUS_OK, "store_open");
    demand(views_make(scene->store, &scene->views) == STATUS_OK, "views_make");
    demand(txn_begin(scene->store, TXN_READ, scene->arena, &txn) == STATUS_OK, "begin");
    demand(views_build(scene->views, txn) == STATUS_OK, "views_build");
}

void scene_open(struct scene *scene, const char *currency, const char *chart, int32_t today)
{
    *scene = (struct scene){.today = today};
    demand(keys_start() == STATUS_OK, "keys");
    demand(strlen(currency) == 3 && money_currency(currency, &scene->decimals), "currency");
    memcpy(scene->currency, currency, 4);
    scene->arena = arena_make(ARENA_BYTES);
    demand(scene->arena != NULL, "arena");
    temporary_make(&scene->temporary);
    scene_move(scene);
    demand(store_create(&scene->place.options) == STATUS_OK, "store_create");
    scene_enter(scene);

    Reply *reply;
    ProtobufCBinaryData invitation = draw(scene, 16);
    BookOpen *open = make_book_open(scene, chart, invitation);
    scene->peer = (struct peer){.system = true};
    scene_run(scene, command_by_name("book_open"), &open->base, false, &reply);
    demand(reply->status == STATUS_OK, "book_open");
    join(scene, 0, invitation);
    for (size_t i = 1; i < SCENE_PEOPLE; i++) {
        join(scene, i, invite(scene, i));
        arena_reset(scene->arena);
    }
    (void)scene_act_as(scene, NAMES[0], false);
}

const char *scene_replay(struct scene *scene)
{
    const struct verify_options options = {.store = scene->place.options, .replay = true};
    struct verify_report *report = arena_alloc(scene->arena, sizeof *report);
    demand(report != NULL, "arena");
    *report = (struct verify_report){0};
    const enum status status = replay_compare(scene->store, &options, report);
    if (status == STATUS_OK && report->finding_count == 0 && report->replayed_count > 0) {
        return NULL;
    }
    return report->finding_count > 0 ? report->finding[0].text : status_code(status);
}

void scene_close(struct scene *scene)
{
    scene_leave(scene);
    arena_free(scene->arena);
    temporary_remove(&scene->temporary);
}

void scene_wait(struct scene *scene, int64_t minutes)
{
    scene->later_us += minutes * MINUTE_US;
}

void scene_set_day(struct scene *scene, int32_t today)
{
    scene->today = today;
    scene->later_us = 0;
    if (scene->actor < SCENE_PEOPLE && scene->peer.session_id != 0) {
        (void)scene_act_as(scene, NAMES[scene->actor], false);
    }
}

bool scene_act_as(struct scene *scene, const char *name, bool device)
{
    scene->actor = SCENE_PEOPLE;
    for (size_t i = 0; i < SCENE_PEOPLE; i++) {
        if (strcmp(NAMES[i], name) == 0) {
            if (!device && scene->login_day[i] != scene->today) {
                log_in(scene, i);
            }
            scene->actor = i;
            scene->peer = scene->person[i];
            scene->peer.session_id = device ? 0 : scene->peer.session_id;
            return true;
        }
    }
    if (strcmp(name, "newcomer") == 0) {
        scene->peer = scene->newcomer;
        scene->peer.session_id = device ? 0 : scene->peer.session_id;
        return scene->newcomer.device_id != 0;
    }
    const bool system = strcmp(name, "system") == 0;
    const bool invited = strcmp(name, "invited") == 0;
    if (!system && !invited && strcmp(name, "nobody") != 0) {
        return false;
    }
    scene->peer = (struct peer){.system = system, .invited = invited};
    return true;
}
