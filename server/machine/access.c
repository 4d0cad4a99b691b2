// SPDX-License-Identifier: Apache-2.0
#include "server/machine/access.h"

#include "server/ledger/notice.h"
#include "server/store/rights.h"

// A row by its id; *out is NULL when there is none.
static enum status load(struct txn *txn, enum table table, uint64_t id, ProtobufCMessage **out)
{
    ProtobufCMessage *record = NULL;
    const enum status status =
        id != 0 ? table_get(txn, table, key_u64(id), &record, NULL) : STATUS_NOT_FOUND;
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    *out = status == STATUS_OK ? record : NULL;
    return STATUS_OK;
}

struct standing {
    const DeviceRecord *device; // each NULL when there is none that counts
    const SessionRecord *session;
    const UserRecord *user;
    uint32_t notice;    // version of the confidentiality notice that holds; 0: none
    enum status denial; // why the session does not count
};

// A pending one is known too; what it may do is another matter.
static bool device_is_known(const DeviceRecord *device)
{
    return device != NULL && (device->state == DEVICE_STATE__DEVICE_STATE_ACTIVE ||
                              device->state == DEVICE_STATE__DEVICE_STATE_PENDING);
}

static bool session_is_live(const SessionRecord *session, const DeviceRecord *device,
                            int64_t instant_us)
{
    return session != NULL && !session->ended && session->device_id == device->id &&
           session->user_id == device->user_id && instant_us < session->expires_us;
}

static enum status standing_load(struct txn *txn, const struct peer *peer, int64_t instant_us,
                                 struct standing *out)
{
    ProtobufCMessage *device = NULL;
    ProtobufCMessage *session = NULL;
    ProtobufCMessage *user = NULL;
    enum status status = load(txn, TABLE_device, peer->device_id, &device);
    if (status == STATUS_OK) {
        status = load(txn, TABLE_session, peer->session_id, &session);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct standing){.denial = STATUS_DEVICE_UNKNOWN};
    if (!device_is_known((const DeviceRecord *)device)) {
        return STATUS_OK;
    }
    out->device = (const DeviceRecord *)device;
    if (!session_is_live((const SessionRecord *)session, out->device, instant_us)) {
        out->denial = peer->session_id != 0 ? STATUS_SESSION_EXPIRED : STATUS_LOGIN_NEEDED;
        return STATUS_OK;
    }
    out->session = (const SessionRecord *)session;
    status = load(txn, TABLE_user, out->session->user_id, &user);
    if (status != STATUS_OK) {
        return status;
    }
    if (user == NULL || ((const UserRecord *)user)->state != USER_STATE__USER_STATE_ACTIVE) {
        out->denial = STATUS_USER_DISABLED;
        return STATUS_OK;
    }
    out->user = (const UserRecord *)user;
    out->denial = STATUS_OK;
    ProtobufCMessage *notice = NULL;
    status = table_get(txn, TABLE_notice, key_u64(NOTICE_NEWEST), &notice, NULL);
    if (status == STATUS_OK) {
        out->notice = ((const NoticeRecord *)notice)->version;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// What stands between a session and everything but a few commands: the first one that does.
struct barrier {
    enum status status;
    const ProtobufCMessageDescriptor *open[8]; // requests that pass
};

static const struct barrier PENDING = {STATUS_DEVICE_PENDING,
                                       {&session_whoami__descriptor, &session_logout__descriptor}};
static const struct barrier NOTICE = {
    STATUS_NOTICE_NEEDED,
    {&notice_show__descriptor, &notice_accept__descriptor, &session_logout__descriptor}};
static const struct barrier MUST_ENROL = {STATUS_TOTP_NEEDED,
                                          {&session_whoami__descriptor, &session_logout__descriptor,
                                           &session_confirm__descriptor, &user_totp__descriptor,
                                           &user_totp_confirm__descriptor, &notice_show__descriptor,
                                           &notice_accept__descriptor}};

static enum status stopped_by(const struct barrier *barrier, const struct command *command)
{
    for (size_t i = 0; i < COUNT_OF(barrier->open); i++) {
        if (barrier->open[i] == command->request) {
            return STATUS_OK;
        }
    }
    return barrier->status;
}

static enum status barrier_of(const struct standing *standing, const struct command *command)
{
    enum status status = STATUS_OK;
    if (standing->device->state == DEVICE_STATE__DEVICE_STATE_PENDING) {
        status = stopped_by(&PENDING, command);
    }
    if (status == STATUS_OK && standing->user->notice_version < standing->notice) {
        status = stopped_by(&NOTICE, command);
    }
    if (status == STATUS_OK && standing->session->must_enrol) {
        status = stopped_by(&MUST_ENROL, command);
    }
    return status;
}

static void deny(struct call *call, enum status status)
{
    assert(status != STATUS_OK);
    call->status = status;
}

// The list whose rows a search for this noun looks through.
static enum permission list_of(FindNoun noun)
{
    switch ((int)noun) {
    case FIND_NOUN__FIND_NOUN_INVOICE:
        return PERMISSION_INVOICE_LIST;
    case FIND_NOUN__FIND_NOUN_PAYMENT:
        return PERMISSION_PAYMENT_LIST;
    case FIND_NOUN__FIND_NOUN_ENTRY:
        return PERMISSION_ENTRY_LIST;
    default:
        return PERMISSION_CUSTOMER_LIST;
    }
}

// What any session may ask is about rows that the user may list: find and whoami see no further.
static enum permission scope_permission(const struct call *call, const Request *request)
{
    if (request->command_case == REQUEST__COMMAND_FIND) {
        return list_of(request->find->noun);
    }
    const enum permission permission = call->command->permission;
    return permission == PERMISSION_SELF ? PERMISSION_CUSTOMER_LIST : permission;
}

enum status access_stand_in(struct txn *txn, struct arena *arena, uint64_t user_id,
                            enum permission permission, struct stand_in *out)
{
    ProtobufCMessage *message = NULL;
    enum status status = load(txn, TABLE_user, user_id, &message);
    const UserRecord *user = (const UserRecord *)message;
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct stand_in){.user_id = user_id, .denial = STATUS_USER_DISABLED};
    if (user == NULL || user->state != USER_STATE__USER_STATE_ACTIVE) {
        return STATUS_OK;
    }
    struct rights *rights = arena_alloc(arena, sizeof *rights);
    if (rights == NULL) {
        return STATUS_ENVIRONMENT;
    }
    status = rights_load(txn, user, rights);
    if (status != STATUS_OK) {
        return status;
    }
    const struct filter *filter = rights_filter(rights, user, permission, arena);
    if (filter == NULL) {
        return STATUS_ENVIRONMENT;
    }
    out->filter = filter;
    out->rights = rights;
    out->denial = filter->scope == SCOPE_NONE ? STATUS_PERMISSION_DENIED : STATUS_OK;
    return STATUS_OK;
}

// With a session: the rights of the user's roles, as their rows stand now.
static enum status check_user(struct txn *txn, const Request *request, struct call *call,
                              const struct standing *standing, const struct filter **out)
{
    const enum permission permission = call->command->permission;
    struct rights *rights = arena_alloc(call->arena, sizeof *rights);
    if (rights == NULL) {
        return STATUS_ENVIRONMENT;
    }
    const enum status status = rights_load(txn, standing->user, rights);
    if (status != STATUS_OK) {
        return status;
    }
    call->session_id = standing->session->id;
    call->user_id = standing->user->id;
    call->rights = rights;
    struct filter *filter =
        rights_filter(rights, standing->user, scope_permission(call, request), call->arena);
    if (filter == NULL) {
        return STATUS_ENVIRONMENT;
    }
    if (filter->scope == SCOPE_NONE && permission != PERMISSION_SELF) {
        deny(call, STATUS_PERMISSION_DENIED);
        call->detail = permission_text(permission);
    }
    *out = filter;
    return STATUS_OK;
}

enum status access_check(struct txn *txn, const struct peer *peer, const Request *request,
                         struct call *call, const struct filter **out)
{
    const enum permission permission = call->command->permission;
    *out = NULL;
    if (peer->system) {
        call->is_fresh = true;
        return STATUS_OK;
    }
    if (permission == PERMISSION_SYSTEM || (permission == PERMISSION_INVITED) != peer->invited) {
        deny(call, peer->invited ? STATUS_LOGIN_NEEDED : STATUS_PERMISSION_DENIED);
        return STATUS_OK;
    }
    if (permission == PERMISSION_INVITED) {
        return STATUS_OK;
    }
    struct standing standing;
    const enum status status = standing_load(txn, peer, call->instant_us, &standing);
    if (status != STATUS_OK) {
        return status;
    }
    call->device_id = standing.device != NULL ? standing.device->id : 0;
    if (permission == PERMISSION_DEVICE) {
        if (standing.device == NULL) {
            deny(call, STATUS_DEVICE_UNKNOWN);
        }
        return STATUS_OK;
    }
    if (standing.denial == STATUS_OK) {
        standing.denial = barrier_of(&standing, call->command);
    }
    if (standing.denial != STATUS_OK) {
        deny(call, standing.denial);
        return STATUS_OK;
    }
    call->is_fresh = call->instant_us - standing.session->confirmed_us < STEP_UP_US;
    const enum status checked = check_user(txn, request, call, &standing, out);
    const bool is_stale = call->command->step == STEP_FRESH && !call->is_fresh;
    if (checked == STATUS_OK && call->status == STATUS_OK && is_stale &&
        txn_mode(txn) != TXN_PREVIEW) {
        deny(call, STATUS_STEP_UP);
    }
    return checked;
}

enum status access_note_use(struct txn *txn, const struct call *call)
{
    const uint32_t number = permission_number(call->command->permission);
    if (call->status != STATUS_OK || call->user_id == 0 || number == 0) {
        return STATUS_OK;
    }
    const struct row_key key = key_u64_u64(call->user_id, number);
    ProtobufCMessage *known = NULL;
    const enum status status = table_get(txn, TABLE_right_use, key, &known, NULL);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    if (status == STATUS_OK && ((const RightUseRecord *)known)->day == call->book_day) {
        return STATUS_OK;
    }
    RightUseRecord use;
    right_use_record__init(&use);
    use.day = call->book_day;
    return table_put(txn, TABLE_right_use, key, (const ProtobufCMessage *)&use);
}

enum status access_is_live(struct txn *txn, const struct peer *peer, int64_t instant_us,
                           struct arena *arena, bool *is_live)
{
    if (peer->system || peer->invited) {
        *is_live = true;
        return STATUS_OK;
    }
    txn_call_begin(txn, arena, NULL);
    struct standing standing;
    const enum status status = standing_load(txn, peer, instant_us, &standing);
    if (status == STATUS_OK) {
        *is_live = peer->session_id != 0 ? standing.denial == STATUS_OK : standing.device != NULL;
    }
    return status;
}
