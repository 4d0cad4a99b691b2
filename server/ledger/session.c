// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/session.h"

#include "server/ledger/books.h"
#include "server/ledger/factor.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "server/ledger/throttle.h"
#include "server/ledger/user.h"
#include "server/store/rows.h"
#include "server/views/views.h"
#include "shared/wire.h"

#define REMOVED_AT_ONCE 64

static enum status session_remove(struct txn *txn, uint64_t id)
{
    return rows_del(txn, TABLE_session, key_u64(id));
}

struct ending {
    uint64_t user_id;   // 0: of any
    uint64_t device_id; // 0: of any
    uint64_t kept_id;   // 0: none
};

// The ids first, since rows are not removed under an open scan.
static enum status sessions_of(struct txn *txn, const struct ending *ending,
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
        if ((ending->user_id == 0 || session->user_id == ending->user_id) &&
            (ending->device_id == 0 || session->device_id == ending->device_id) &&
            session->id != ending->kept_id) {
            ids[(*count)++] = session->id;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status end_sessions(struct txn *txn, const struct ending *ending)
{
    size_t count = REMOVED_AT_ONCE;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && count == REMOVED_AT_ONCE) {
        uint64_t ids[REMOVED_AT_ONCE];
        status = sessions_of(txn, ending, ids, &count);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            status = session_remove(txn, ids[i]);
        }
    }
    return status;
}

enum status session_end_all(struct txn *txn, uint64_t user_id, uint64_t device_id)
{
    assert(user_id != 0 || device_id != 0);
    const struct ending ending = {.user_id = user_id, .device_id = device_id};
    return end_sessions(txn, &ending);
}

enum status session_end_others(struct txn *txn, uint64_t user_id, uint64_t kept_id)
{
    assert(user_id != 0 && kept_id != 0);
    const struct ending ending = {.user_id = user_id, .kept_id = kept_id};
    return end_sessions(txn, &ending);
}

enum status session_book(struct txn *txn, const struct call *call, Book **out)
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

char *session_words(struct arena *arena, const DeviceRecord *device)
{
    char *words = device->key.len == KEY_BYTES ? key_words(arena, device->key.data) : NULL;
    return words != NULL ? words : arena_copy(arena, "", 0);
}

// ---- ending ----

enum status session_logout(struct txn *txn, struct call *call, const SessionLogout *request,
                           Empty *reply)
{
    (void)reply;
    return request->all ? session_end_all(txn, call->user_id, 0)
                        : session_remove(txn, call->session_id);
}

enum status session_expire(struct txn *txn, struct call *call, const SessionExpire *request,
                           Empty *reply)
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

// ---- looking at sessions ----

static enum status fill_row(struct txn *txn, const struct call *call, const SessionRecord *session,
                            SessionRow *row)
{
    UserRecord *user = NULL;
    DeviceRecord *device = NULL;
    enum status status = user_get(txn, key_u64(session->user_id), &user);
    if (status == STATUS_OK) {
        status = device_get(txn, key_u64(session->device_id), &device);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->id = session->id;
    row->login = user->login;
    row->device = device->name;
    row->begun_us = session->begun_us;
    row->expires_us = session->expires_us;
    row->here = session->id == call->session_id;
    return STATUS_OK;
}

static enum status end_others(struct txn *txn, const struct call *call, SessionEndReply *reply)
{
    const struct ending ending = {.user_id = call->user_id, .kept_id = call->session_id};
    uint64_t ids[REMOVED_AT_ONCE];
    size_t count = 0;
    enum status status = sessions_of(txn, &ending, ids, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = session_remove(txn, ids[i]);
    }
    reply->sessions = (uint32_t)count;
    return status;
}

enum status session_end(struct txn *txn, struct call *call, const SessionEnd *request,
                        SessionEndReply *reply)
{
    SessionRecord *session = NULL;
    UserRecord *user = NULL;
    enum status status = STATUS_NOT_FOUND;
    if (request->session_id != 0) {
        status = session_get(txn, key_u64(request->session_id), &session);
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    const uint64_t user_id = session != NULL ? session->user_id : call->user_id;
    const enum status found = user_get(txn, key_u64(user_id), &user);
    if (found != STATUS_OK) {
        return found;
    }

    // Another's session is as good as none for who may not end it.
    const bool is_hidden = user_id != call->user_id && !reading_may(call, PERMISSION_SESSION_END);
    if (!request->others && (session == NULL || is_hidden)) {
        return refuse(txn, call, STATUS_NOT_FOUND, "session_id", NULL);
    }

    call_about(call, user->id, user->login);
    if (request->others) {
        return end_others(txn, call, reply);
    }
    reply->sessions = 1;
    return session_remove(txn, session->id);
}

// Whose sessions: own ones, those of a user, everybody's.
struct asked {
    const SessionList *request;
    const struct call *call;
};

static bool is_asked(const void *context, const ProtobufCMessage *record)
{
    const struct asked *asked = context;
    const SessionRecord *session = (const SessionRecord *)record;
    if (asked->call->instant_us >= session->expires_us) {
        return false;
    }
    const uint64_t user_id =
        asked->request->user_id != 0 ? asked->request->user_id : asked->call->user_id;
    return asked->request->everybody || session->user_id == user_id;
}

static enum status list_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *row)
{
    return fill_row(txn, call, (const SessionRecord *)record, (SessionRow *)row);
}

enum status session_list(struct txn *txn, struct call *call, const SessionList *request,
                         SessionListReply *reply)
{
    const bool is_own =
        !request->everybody && (request->user_id == 0 || request->user_id == call->user_id);
    if (!is_own && !reading_may(call, PERMISSION_SESSION_LIST)) {
        return refuse(txn, call, STATUS_PERMISSION_DENIED, NULL, "session.list");
    }
    const struct asked asked = {request, call};
    struct row_page page = {
        .table = TABLE_session,
        .descriptor = &session_row__descriptor,
        .asked = &asked,
        .is_asked = is_asked,
        .fill = list_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (SessionRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
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
    FactorRecord *factor = NULL;
    enum status status = user_get(txn, key_u64(call->user_id), &user);
    if (status == STATUS_OK) {
        status = device_get(txn, key_u64(call->device_id), &device);
    }
    if (status == STATUS_OK) {
        status = session_get(txn, key_u64(call->session_id), &session);
    }
    if (status == STATUS_OK) {
        status = session_book(txn, call, &reply->book);
    }
    if (status == STATUS_OK) {
        status = user_role_words(txn, call->arena, user, &reply->role, &reply->n_role);
    }
    const bool is_pending =
        status == STATUS_OK && device->state == DEVICE_STATE__DEVICE_STATE_PENDING;
    if (status == STATUS_OK && !is_pending) {
        status = count_customers(call, &reply->customers);
    }
    if (status == STATUS_OK) {
        status = factor_load(txn, user->id, &factor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->login = user->login;
    reply->name = user->name;
    const char *scope = scope_word(call->filter->scope);
    reply->scope = (char *)(uintptr_t)scope;
    reply->device = device->name;
    reply->words = session_words(call->arena, device);
    reply->pending = is_pending;
    reply->totp = factor_is_active(factor);
    reply->recovery_left = factor != NULL ? (uint32_t)factor->n_recovery : 0;
    reply->expires_us = session->expires_us;
    reply->server_version = (char *)(uintptr_t)KONTOR_VERSION;
    reply->state = (char *)(uintptr_t) "ok";
    return STATUS_OK;
}
