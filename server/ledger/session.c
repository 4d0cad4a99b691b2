// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/session.h"

#include "server/ledger/books.h"
#include "server/ledger/user.h"
#include "server/store/rows.h"
#include "server/views/views.h"
#include "shared/wire.h"

#define SECOND_US           ((int64_t)1000000)
#define DEVICE_WINDOW_US    (3600 * SECOND_US)
#define DEVICE_SUSPENDED_US (900 * SECOND_US)
#define REMOVED_AT_ONCE     64

// ---- waiting after wrong passwords ----

static int64_t until(int64_t then_us, int64_t now_us)
{
    return then_us > now_us ? then_us - now_us : 0;
}

int64_t session_wait_us(const ThrottleRecord *pair, const ThrottleRecord *device,
                        int64_t instant_us)
{
    int64_t wait_us = 0;
    if (pair != NULL && pair->failures >= THROTTLE_FREE) {
        const uint32_t doublings = pair->failures - THROTTLE_FREE;
        const int64_t seconds = doublings < 10 ? (int64_t)1 << doublings : THROTTLE_SECONDS_MAX;
        const int64_t bounded = seconds < THROTTLE_SECONDS_MAX ? seconds : THROTTLE_SECONDS_MAX;
        wait_us = until(pair->last_us + bounded * SECOND_US, instant_us);
    }
    if (device != NULL && device->failures >= DEVICE_FAILURES_MAX) {
        const int64_t suspended_us = until(device->last_us + DEVICE_SUSPENDED_US, instant_us);
        wait_us = suspended_us > wait_us ? suspended_us : wait_us;
    }
    return wait_us;
}

struct throttle {
    ThrottleRecord *pair; // NULL when there is none
    ThrottleRecord *device;
};

static enum status throttle_load_one(struct txn *txn, struct row_key key, ThrottleRecord **out)
{
    const enum status status = throttle_get(txn, key, out);
    if (status == STATUS_NOT_FOUND) {
        *out = NULL;
        return STATUS_OK;
    }
    return status;
}

static enum status throttle_load(struct txn *txn, uint64_t user_id, uint64_t device_id,
                                 struct throttle *out)
{
    *out = (struct throttle){0};
    const enum status status = throttle_load_one(txn, key_u64_u64(user_id, device_id), &out->pair);
    return status != STATUS_OK ? status
                               : throttle_load_one(txn, key_u64_u64(0, device_id), &out->device);
}

static enum status throttle_count(struct txn *txn, const struct call *call, uint64_t user_id,
                                  uint64_t device_id, const ThrottleRecord *known,
                                  int64_t window_us)
{
    ThrottleRecord row;
    throttle_record__init(&row);
    row.failures = 1;
    row.last_us = call->instant_us;
    if (known != NULL && (window_us == 0 || call->instant_us - known->last_us < window_us)) {
        row.failures = known->failures < UINT32_MAX ? known->failures + 1 : known->failures;
    }
    return throttle_put(txn, key_u64_u64(user_id, device_id), &row);
}

// A wrong password is an answer with writes: the counters are the change.
static enum status count_failure(struct txn *txn, struct call *call, uint64_t user_id,
                                 uint64_t device_id, const struct throttle *throttle)
{
    enum status status =
        throttle_count(txn, call, 0, device_id, throttle->device, DEVICE_WINDOW_US);
    if (status == STATUS_OK && user_id != 0) {
        status = throttle_count(txn, call, user_id, device_id, throttle->pair, 0);
    }
    call->status = STATUS_LOGIN_WRONG;
    return status;
}

// ---- sessions of a user ----

struct sessions {
    SessionRecord *dead[SESSIONS_PER_USER_MAX]; // expired; the rest of them goes another time
    size_t dead_count;
    SessionRecord *oldest_here; // of the live ones of this device
    size_t live_count;
};

static void sessions_sort_in(struct sessions *sessions, SessionRecord *session, uint64_t device_id,
                             int64_t instant_us)
{
    if (session->ended || instant_us >= session->expires_us) {
        if (sessions->dead_count < SESSIONS_PER_USER_MAX) {
            sessions->dead[sessions->dead_count++] = session;
        }
        return;
    }
    sessions->live_count++;
    if (session->device_id == device_id &&
        (sessions->oldest_here == NULL || session->begun_us < sessions->oldest_here->begun_us)) {
        sessions->oldest_here = session;
    }
}

static enum status sessions_load(struct txn *txn, uint64_t user_id, uint64_t device_id,
                                 int64_t instant_us, struct sessions *out)
{
    *out = (struct sessions){0};
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_session, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status == STATUS_OK && ((SessionRecord *)message)->user_id == user_id) {
            sessions_sort_in(out, (SessionRecord *)message, device_id, instant_us);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status session_remove(struct txn *txn, uint64_t id)
{
    return rows_del(txn, TABLE_session, key_u64(id));
}

// The ids first, since rows are not removed under an open scan.
static enum status sessions_of(struct txn *txn, uint64_t user_id, uint64_t device_id,
                               uint64_t ids[static REMOVED_AT_ONCE], size_t *count)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_session, (struct row_key){0}, 0, false, &rows);
    *count = 0;
    while (status == STATUS_OK && *count < REMOVED_AT_ONCE) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK) {
            break;
        }
        const SessionRecord *session = (const SessionRecord *)message;
        if ((user_id == 0 || session->user_id == user_id) &&
            (device_id == 0 || session->device_id == device_id)) {
            ids[(*count)++] = session->id;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status session_end_all(struct txn *txn, uint64_t user_id, uint64_t device_id)
{
    assert(user_id != 0 || device_id != 0);
    size_t count = REMOVED_AT_ONCE;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && count == REMOVED_AT_ONCE) {
        uint64_t ids[REMOVED_AT_ONCE];
        status = sessions_of(txn, user_id, device_id, ids, &count);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            status = session_remove(txn, ids[i]);
        }
    }
    return status;
}

// ---- beginning one ----

static enum status load_book(struct txn *txn, const struct call *call, Book **out)
{
    BookRecord *record = NULL;
    const enum status status = book_get(txn, key_u64(BOOK_KEY), &record);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    Book *book = (Book *)wire_make(call->arena, &book__descriptor);
    if (book == NULL) {
        return STATUS_TOO_LARGE;
    }
    book->company = record->company;
    book->currency = record->currency;
    book->decimals = record->decimals;
    book->time_zone = record->time_zone;
    book->chart = record->chart;
    book->today_day = call->book_day;
    *out = book;
    return STATUS_OK;
}

struct beginning {
    UserRecord *user;
    const DeviceRecord *device;
    const struct sessions *sessions;
    const struct throttle *throttle;
    ProtobufCBinaryData token_hash;
    Book *book;
};

static enum status make_room(struct txn *txn, const struct sessions *sessions)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sessions->dead_count; i++) {
        status = session_remove(txn, sessions->dead[i]->id);
    }
    if (status == STATUS_OK && sessions->live_count >= SESSIONS_PER_USER_MAX) {
        assert(sessions->oldest_here != NULL);
        status = session_remove(txn, sessions->oldest_here->id);
    }
    return status;
}

static enum status begin_session(struct txn *txn, struct call *call, const struct beginning *begin,
                                 SessionReply *reply)
{
    SessionRecord *session = (SessionRecord *)wire_make(call->arena, &session_record__descriptor);
    if (session == NULL) {
        return STATUS_TOO_LARGE;
    }
    session->id = call_new_id(call);
    session->user_id = begin->user->id;
    session->device_id = begin->device->id;
    session->token_hash = begin->token_hash;
    session->begun_us = call->instant_us;
    session->expires_us = call->instant_us + SESSION_US;
    begin->user->last_login_us = call->instant_us;
    enum status status = make_room(txn, begin->sessions);
    if (status == STATUS_OK) {
        status = session_put(txn, key_u64(session->id), session);
    }
    if (status == STATUS_OK) {
        status = user_put(txn, key_u64(begin->user->id), begin->user);
    }
    if (status == STATUS_OK && begin->throttle->pair != NULL) {
        status = rows_del(txn, TABLE_throttle, key_u64_u64(begin->user->id, begin->device->id));
    }
    if (status != STATUS_OK) {
        return status;
    }
    call->session_id = session->id;
    call_about(call, begin->user->id, begin->user->login);
    reply->session_id = session->id;
    reply->login = begin->user->login;
    reply->book = begin->book;
    reply->idle_us = SESSION_IDLE_US;
    reply->expires_us = session->expires_us;
    reply->failures = begin->throttle->pair != NULL ? begin->throttle->pair->failures : 0;
    return user_role_words(txn, call->arena, begin->user, &reply->role, &reply->n_role);
}

// Too many live sessions and none of this device to end instead.
static bool is_full(const struct sessions *sessions)
{
    return sessions->live_count >= SESSIONS_PER_USER_MAX && sessions->oldest_here == NULL;
}

// ---- joining ----

struct joining {
    InvitationRecord *invitation;
    UserRecord *user;
    DeviceRecord *device; // NULL: a new one
    struct throttle throttle;
    struct sessions sessions;
    Book *book;
};

static enum status device_by_hash(struct txn *txn, ProtobufCBinaryData hash, DeviceRecord **out)
{
    *out = NULL;
    IdRecord *row = NULL;
    const enum status status =
        hash.len == 16 ? device_key_get(txn, key_hash16(hash.data), &row) : STATUS_NOT_FOUND;
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return device_get(txn, key_u64(row->id), out);
}

static enum status join_load(struct txn *txn, struct call *call, const SessionJoin *request,
                             struct joining *out)
{
    *out = (struct joining){0};
    enum status status =
        request->invitation_id.len == 16
            ? invitation_get(txn, key_hash16(request->invitation_id.data), &out->invitation)
            : STATUS_NOT_FOUND;
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? refuse(txn, call, STATUS_INVITATION_EXPIRED, NULL, NULL)
                                          : status;
    }
    status = user_get(txn, key_u64(out->invitation->user_id), &out->user);
    if (status == STATUS_OK) {
        status = device_by_hash(txn, request->device_hash, &out->device);
    }
    if (status == STATUS_OK) {
        const uint64_t device_id = out->device != NULL ? out->device->id : 0;
        call->user_id = out->user->id;
        call->device_id = device_id;
        status = throttle_load(txn, out->user->id, device_id, &out->throttle);
        if (status == STATUS_OK) {
            status = sessions_load(txn, out->user->id, device_id, call->instant_us, &out->sessions);
        }
    }
    return status != STATUS_OK ? status : load_book(txn, call, &out->book);
}

// The invitation as it stands: used by this device (a repeat), by another, expired, or fresh.
static enum status join_refusal(const struct call *call, const struct joining *joining)
{
    const DeviceRecord *device = joining->device;
    const UserState state = joining->user->state;
    if (joining->invitation->device_id != 0 &&
        (device == NULL || device->id != joining->invitation->device_id)) {
        return STATUS_INVITATION_USED;
    }
    if (joining->invitation->device_id == 0 &&
        call->instant_us >= joining->invitation->expires_us) {
        return STATUS_INVITATION_EXPIRED;
    }
    if (state == USER_STATE__USER_STATE_DISABLED) {
        return STATUS_USER_DISABLED;
    }
    if (joining->invitation->device_id == 0 && state != USER_STATE__USER_STATE_INVITED) {
        return STATUS_INVITATION_USED;
    }
    if (device != NULL && (device->state != DEVICE_STATE__DEVICE_STATE_ACTIVE ||
                           device->user_id != joining->user->id)) {
        return STATUS_DEVICE_UNKNOWN;
    }
    return is_full(&joining->sessions) ? STATUS_SESSIONS_FULL : STATUS_OK;
}

static enum status join_device(struct txn *txn, struct call *call, const SessionJoin *request,
                               struct joining *joining)
{
    DeviceRecord *device = (DeviceRecord *)wire_make(call->arena, &device_record__descriptor);
    if (device == NULL) {
        return STATUS_TOO_LARGE;
    }
    device->id = call_new_id(call);
    device->user_id = joining->user->id;
    device->name = request->device_name;
    device->key = request->device_key;
    device->state = DEVICE_STATE__DEVICE_STATE_ACTIVE;
    device->enrolled_us = call->instant_us;
    IdRecord row;
    id_record__init(&row);
    row.id = device->id;
    joining->device = device;
    call->device_id = device->id;
    const enum status status = device_put(txn, key_u64(device->id), device);
    return status != STATUS_OK ? status
                               : device_key_put(txn, key_hash16(request->device_hash.data), &row);
}

static enum status join_first(struct txn *txn, struct call *call, const SessionJoin *request,
                              struct joining *joining)
{
    enum status status =
        joining->device == NULL ? join_device(txn, call, request, joining) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    joining->user->state = USER_STATE__USER_STATE_ACTIVE;
    joining->user->password_hash = request->password_hash;
    joining->user->version++;
    joining->invitation->device_id = joining->device->id;
    joining->invitation->used_us = call->instant_us;
    return invitation_put(txn, key_hash16(request->invitation_id.data), joining->invitation);
}

enum status session_join(struct txn *txn, struct call *call, const SessionJoin *request,
                         SessionReply *reply)
{
    struct joining joining;
    enum status status = join_load(txn, call, request, &joining);
    if (status != STATUS_OK) {
        return status;
    }

    assert(joining.invitation != NULL);
    const bool is_first = joining.invitation->device_id == 0;
    const enum status refusal = join_refusal(call, &joining);
    if (refusal != STATUS_OK) {
        return refuse(txn, call, refusal, NULL, NULL);
    }
    if (is_first != (request->password_hash.len > 0)) {
        // Admission saw the invitation before another join used it: its verdict is not the one
        // needed now.
        return refuse(txn, call, STATUS_BUSY, NULL, NULL);
    }
    if (session_wait_us(joining.throttle.pair, joining.throttle.device, call->instant_us) > 0) {
        return refuse(txn, call, STATUS_LOGIN_THROTTLED, NULL, NULL);
    }
    if (!is_first && !request->password_right) {
        return count_failure(txn, call, joining.user->id, joining.device->id, &joining.throttle);
    }

    status = is_first ? join_first(txn, call, request, &joining) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }

    const struct beginning begin = {joining.user,      joining.device,      &joining.sessions,
                                    &joining.throttle, request->token_hash, joining.book};
    return begin_session(txn, call, &begin, reply);
}

// ---- logging in ----

static enum status login_load(struct txn *txn, struct call *call, const SessionLogin *request,
                              UserRecord **user, DeviceRecord **device)
{
    const enum status status = device_get(txn, key_u64(call->device_id), device);
    if (status != STATUS_OK) {
        return status;
    }
    *user = NULL;
    // An enrolled device may only try its own user.
    if (request->user_id == 0 || request->user_id != (*device)->user_id) {
        return STATUS_OK;
    }
    const enum status found = user_get(txn, key_u64(request->user_id), user);
    return found == STATUS_NOT_FOUND ? STATUS_OK : found;
}

enum status session_login(struct txn *txn, struct call *call, const SessionLogin *request,
                          SessionReply *reply)
{
    UserRecord *user = NULL;
    DeviceRecord *device = NULL;
    struct throttle throttle;
    struct sessions sessions;
    Book *book = NULL;
    enum status status = login_load(txn, call, request, &user, &device);
    const uint64_t user_id = user != NULL ? user->id : 0;
    if (status == STATUS_OK) {
        status = throttle_load(txn, user_id, call->device_id, &throttle);
    }
    if (status == STATUS_OK) {
        status = sessions_load(txn, user_id, call->device_id, call->instant_us, &sessions);
    }
    if (status == STATUS_OK) {
        status = load_book(txn, call, &book);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call->user_id = user_id;
    if (session_wait_us(throttle.pair, throttle.device, call->instant_us) > 0) {
        return refuse(txn, call, STATUS_LOGIN_THROTTLED, NULL, NULL);
    }
    if (user == NULL || !request->password_right) {
        return count_failure(txn, call, user_id, call->device_id, &throttle);
    }
    if (user->state != USER_STATE__USER_STATE_ACTIVE) {
        return refuse(txn, call, STATUS_USER_DISABLED, NULL, NULL);
    }
    if (is_full(&sessions)) {
        return refuse(txn, call, STATUS_SESSIONS_FULL, NULL, NULL);
    }

    const struct beginning begin = {user, device, &sessions, &throttle, request->token_hash, book};
    return begin_session(txn, call, &begin, reply);
}

// ---- ending ----

enum status session_logout(struct txn *txn, struct call *call, const SessionLogout *request,
                           Empty *reply)
{
    (void)reply;
    return request->all ? session_end_all(txn, call->user_id, 0)
                        : session_remove(txn, call->session_id);
}

enum status session_end(struct txn *txn, struct call *call, const SessionEnd *request, Empty *reply)
{
    (void)reply;
    SessionRecord *session = NULL;
    const enum status status = session_get(txn, key_u64(request->session_id), &session);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND
                   ? refuse(txn, call, STATUS_NOTHING_TO_DO, "session_id", NULL)
                   : status;
    }

    call_about(call, session->user_id, NULL);
    return session_remove(txn, session->id);
}

// ---- who am I ----

static const char *scope_word(enum scope scope)
{
    static const char *const WORDS[] = {"none", "own", "team", "region", "all"};
    assert(scope < SCOPE_COUNT && COUNT_OF(WORDS) == SCOPE_COUNT);
    return WORDS[scope];
}

static enum status count_customers(const struct call *call, uint32_t *count)
{
    const struct customer_query query = {.order = CUSTOMER_BY_NUMBER, .today = call->book_day};
    struct customer_matches matches;
    const enum status status =
        views_customers(call->views, call->filter, &query, 0, 1, call->arena, &matches);
    if (status == STATUS_OK) {
        *count = (uint32_t)matches.total_count;
    }
    return status;
}

enum status session_whoami(struct txn *txn, struct call *call, const SessionWhoami *request,
                           SessionWhoamiReply *reply)
{
    (void)request;
    UserRecord *user = NULL;
    DeviceRecord *device = NULL;
    SessionRecord *session = NULL;
    enum status status = user_get(txn, key_u64(call->user_id), &user);
    if (status == STATUS_OK) {
        status = device_get(txn, key_u64(call->device_id), &device);
    }
    if (status == STATUS_OK) {
        status = session_get(txn, key_u64(call->session_id), &session);
    }
    if (status == STATUS_OK) {
        status = load_book(txn, call, &reply->book);
    }
    if (status == STATUS_OK) {
        status = user_role_words(txn, call->arena, user, &reply->role, &reply->n_role);
    }
    if (status == STATUS_OK) {
        status = count_customers(call, &reply->customers);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->login = user->login;
    reply->name = user->name;
    const char *scope = scope_word(call->filter->scope);
    reply->scope = (char *)(uintptr_t)scope;
    reply->device = device->name;
    reply->expires_us = session->expires_us;
    reply->server_version = (char *)(uintptr_t)KONTOR_VERSION;
    reply->state = (char *)(uintptr_t) "ok";
    return STATUS_OK;
}
