// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/control.h"
#include "server/ledger/duty.h"
#include "server/ledger/finding.h"
#include "server/ledger/quota.h"
#include "server/ledger/reading.h"
#include "server/ledger/role.h"
#include "shared/digest.h"
#include "shared/statement.h"
#include "shared/wire.h"

#include "proto/security.pb-c.h"

// The regular review of who may do what (requirements R116): what stands out in people, devices,
// rights and rules, from rows alone, so that the sign-off, which is a write, can make the same list
// again and compare it with what the reviewer saw.

#define DAY_US        ((int64_t)86400 * 1000000)
#define STALE_DAYS    90 // without a login, or without use of a right
#define DEVICE_DAYS   365
#define KEY_DAYS      365
#define POINTS_MAX    LIST_ROWS_MAX
#define DIGEST_DIGITS 32

struct review {
    struct txn *txn;
    struct call *call;
    ReviewRow **row;
    size_t count;
    struct role_set roles;
};

static uint32_t days_since(const struct review *review, int64_t then_us)
{
    const int64_t now_us = review->call->instant_us;
    return then_us != 0 && then_us < now_us ? (uint32_t)((now_us - then_us) / DAY_US) : 0;
}

static enum status point(struct review *review, ReviewTopic topic, const char *subject,
                         const char *object, uint32_t days, ReviewRow **out)
{
    ReviewRow *row = (ReviewRow *)wire_make(review->call->arena, &review_row__descriptor);
    if (row == NULL || review->count == POINTS_MAX) {
        return STATUS_TOO_LARGE;
    }
    row->topic = topic;
    row->subject = reading_constant(subject);
    row->object = reading_constant(object);
    row->days = days;
    review->row[review->count++] = row;
    *out = row;
    return STATUS_OK;
}

static enum status remedy(struct review *review, ReviewRow *row, const char *format,
                          const char *value)
{
    row->remedy = arena_print(review->call->arena, "kontor %s %s", format, value);
    return row->remedy != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- people ----

static enum status look_at_login(struct review *review, const UserRecord *user)
{
    ReviewRow *row = NULL;
    if (user->state == USER_STATE__USER_STATE_INVITED) {
        const enum status status =
            point(review, REVIEW_TOPIC__REVIEW_TOPIC_NEVER_JOINED, user->login, "", 0, &row);
        return status == STATUS_OK ? remedy(review, row, "user disable", user->login) : status;
    }
    const uint32_t days = days_since(review, user->last_login_us);
    if (days < STALE_DAYS) {
        return STATUS_OK;
    }
    const enum status status =
        point(review, REVIEW_TOPIC__REVIEW_TOPIC_STALE_ACCOUNT, user->login, "", days, &row);
    return status == STATUS_OK ? remedy(review, row, "user disable", user->login) : status;
}

// Does any command that writes need it? Reads leave no trace, so of them nothing can be said.
static bool is_used_by_writes(enum permission permission)
{
    for (size_t i = 0; i < command_count(); i++) {
        if (command_at(i)->mode == COMMAND_WRITE && command_at(i)->permission == permission) {
            return true;
        }
    }
    return false;
}

// The last day of use; 0: never.
static enum status used_day(struct review *review, uint64_t user_id, enum permission permission,
                            int32_t *out)
{
    RightUseRecord *use = NULL;
    const uint64_t number = permission_number(permission);
    const enum status status = right_use_get(review->txn, key_u64_u64(user_id, number), &use);
    *out = status == STATUS_OK ? use->day : 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// The day on which a person was invited first: his id holds the journal's number.
static enum status known_since(struct review *review, uint64_t user_id, int64_t *out)
{
    JournalRecord *record = NULL;
    const enum status status = journal_get(review->txn, key_u64(user_id >> 8), &record);
    *out = status == STATUS_OK ? record->instant_us : 0;
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

// Signing is left out: it would change what is signed.
static bool is_in_question(const struct rights *rights, enum permission permission)
{
    return rights_scope(rights, permission) != SCOPE_NONE &&
           permission != PERMISSION_SECURITY_SIGN && is_used_by_writes(permission);
}

// One point for a person who has been here for long: the rights to change something that he did
// not use meanwhile.
static enum status look_at_rights(struct review *review, const UserRecord *user,
                                  const struct rights *rights)
{
    char *names = reading_constant("");
    uint32_t count = 0;
    int64_t since_us = 0;
    enum status status = known_since(review, user->id, &since_us);
    if (status != STATUS_OK || days_since(review, since_us) < STALE_DAYS) {
        return status;
    }
    for (int p = PERMISSION_FIRST; status == STATUS_OK && p < PERMISSION_COUNT; p++) {
        const enum permission permission = (enum permission)p;
        int32_t day = 0;
        if (!is_in_question(rights, permission)) {
            continue;
        }
        status = used_day(review, user->id, permission, &day);
        if (status == STATUS_OK && day <= review->call->book_day - STALE_DAYS) {
            names = arena_print(review->call->arena, "%s%s%s", names, count > 0 ? ", " : "",
                                permission_text(permission));
            count++;
            status = names != NULL ? STATUS_OK : STATUS_TOO_LARGE;
        }
    }
    ReviewRow *row = NULL;
    if (status == STATUS_OK && count > 0) {
        status =
            point(review, REVIEW_TOPIC__REVIEW_TOPIC_UNUSED_RIGHT, user->login, names, 0, &row);
    }
    if (row != NULL) {
        row->count = count;
    }
    return status;
}

static enum status look_at_conflicts(struct review *review, const UserRecord *user,
                                     const struct rights *rights)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < duty_rule_count(); i++) {
        ReviewRow *row = NULL;
        if (duty_collides(rights, i)) {
            status = point(review, REVIEW_TOPIC__REVIEW_TOPIC_CONFLICT, user->login,
                           duty_rule_word(i), 0, &row);
        }
    }
    return status;
}

static enum status look_at_user(struct review *review, const UserRecord *user)
{
    if (user->state == USER_STATE__USER_STATE_DISABLED) {
        return STATUS_OK;
    }
    struct rights rights;
    role_set_rights(&review->roles, user, &rights);
    enum status status = look_at_login(review, user);
    if (status == STATUS_OK) {
        status = look_at_conflicts(review, user, &rights);
    }
    return status == STATUS_OK && user->state == USER_STATE__USER_STATE_ACTIVE
               ? look_at_rights(review, user, &rights)
               : status;
}

static enum status look_at_failures(struct review *review, const UserRecord *user)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status =
        rows_open(review->txn, TABLE_throttle, key_u64(user->id), sizeof(uint64_t), false, &rows);
    uint32_t count = 0;
    int64_t last_us = 0;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK) {
            const ThrottleRecord *throttle = (const ThrottleRecord *)record;
            count += throttle->failures;
            last_us = throttle->last_us > last_us ? throttle->last_us : last_us;
        }
    }
    if (status != STATUS_END || count == 0) {
        return status == STATUS_END ? STATUS_OK : status;
    }
    ReviewRow *row = NULL;
    status = point(review, REVIEW_TOPIC__REVIEW_TOPIC_FAILED_LOGINS, user->login, "",
                   days_since(review, last_us), &row);
    if (status == STATUS_OK) {
        row->count = count;
    }
    return status;
}

static enum status look_at_person(struct review *review, const ProtobufCMessage *record)
{
    const UserRecord *user = (const UserRecord *)record;
    const enum status status = look_at_user(review, user);
    return status == STATUS_OK ? look_at_failures(review, user) : status;
}

// ---- devices, findings, rules, keys ----

static enum status look_at_device(struct review *review, const ProtobufCMessage *record)
{
    const DeviceRecord *device = (const DeviceRecord *)record;
    const int64_t seen_us = device->seen_us != 0 ? device->seen_us : device->enrolled_us;
    const uint32_t unseen = days_since(review, seen_us);
    const uint32_t age = days_since(review, device->enrolled_us);
    if (device->state == DEVICE_STATE__DEVICE_STATE_REVOKED ||
        (unseen < STALE_DAYS && age < DEVICE_DAYS)) {
        return STATUS_OK;
    }
    UserRecord *user = NULL;
    ReviewRow *row = NULL;
    enum status status = user_get(review->txn, key_u64(device->user_id), &user);
    if (status == STATUS_OK) {
        status = point(review, REVIEW_TOPIC__REVIEW_TOPIC_OLD_DEVICE, user->login, device->name,
                       unseen >= STALE_DAYS ? unseen : age, &row);
    }
    return status == STATUS_OK ? remedy(review, row, "device revoke", device->name) : status;
}

static enum status look_at_finding(struct review *review, const ProtobufCMessage *record)
{
    const FindingRecord *finding = (const FindingRecord *)record;
    if (finding->state == FINDING_STATE__FINDING_STATE_CLOSED) {
        return STATUS_OK;
    }
    ReviewRow *row = NULL;
    char *number = finding_number(review->call->arena, finding);
    if (number == NULL) {
        return STATUS_TOO_LARGE;
    }
    const enum status status =
        point(review, REVIEW_TOPIC__REVIEW_TOPIC_OPEN_FINDING, number, finding->title,
              days_since(review, finding->step[0]->at_us), &row);
    return status == STATUS_OK ? remedy(review, row, "finding show", number) : status;
}

static enum status look_at_rules(struct review *review)
{
    enum status status = STATUS_OK;
    for (int c = CONTROL_NONE + 1; status == STATUS_OK && c < CONTROL_COUNT; c++) {
        RuleRecord rule;
        ReviewRow *row = NULL;
        status = control_rule(review->txn, (enum control)c, &rule);
        if (status == STATUS_OK && rule.mode == RULE_MODE__RULE_MODE_OFF) {
            const char *word = control_word((enum control)c);
            status = point(review, REVIEW_TOPIC__REVIEW_TOPIC_RULE_OFF, word, "", 0, &row);
            if (status == STATUS_OK) {
                status = remedy(review, row, "rule set", word);
            }
        }
    }
    return status;
}

// Since when the server's key has been the one that clients are told to expect: since the statement
// that names it first, or since the book is there when that is the first statement.
static enum status key_since(struct review *review, int64_t opened_us, int64_t *since_us)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    uint8_t current[KEY_BYTES] = {0};
    size_t seen = 0;
    enum status status =
        rows_open(review->txn, TABLE_statement, (struct row_key){0}, 0, false, &rows);
    *since_us = opened_us;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        struct statement statement;
        status = rows_next(rows, &key, &row);
        const StatementRecord *record = (const StatementRecord *)row;
        if (status != STATUS_OK || statement_parse(record->statement, &statement) != STATUS_OK) {
            continue;
        }
        if (seen > 0 && memcmp(current, statement.valid[0], KEY_BYTES) != 0) {
            *since_us = record->published_us;
        }
        memcpy(current, statement.valid[0], KEY_BYTES);
        seen++;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status look_at_key(struct review *review, const char *name, int64_t since_us)
{
    ReviewRow *row = NULL;
    const uint32_t days = days_since(review, since_us);
    return days < KEY_DAYS
               ? STATUS_OK
               : point(review, REVIEW_TOPIC__REVIEW_TOPIC_KEY_AGE, name, "", days, &row);
}

// The store's keys are as old as the book, the server's as the statement that named it.
static enum status look_at_keys(struct review *review)
{
    BookRecord *book = NULL;
    int64_t since_us = 0;
    enum status status = reading_book(review->txn, &book);
    if (status == STATUS_OK) {
        status = key_since(review, book->opened_us, &since_us);
    }
    if (status == STATUS_OK) {
        status = look_at_key(review, "server.key", since_us);
    }
    return status == STATUS_OK ? look_at_key(review, "keyring", book->opened_us) : status;
}

// Who came to the end of what may be taken out, on the last day on which he took something.
static enum status look_at_quota(struct review *review, const ProtobufCMessage *record)
{
    const UserRecord *user = (const UserRecord *)record;
    QuotaUseRecord *use = NULL;
    struct quota quota;
    enum status status = quota_use_get(review->txn, key_u64(user->id), &use);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    status = quota_of(review->txn, user, use->day, &quota);
    for (int kind = 0; status == STATUS_OK && kind < QUOTA_KINDS; kind++) {
        ReviewRow *row = NULL;
        if (quota.used[kind] < quota.most[kind]) {
            continue;
        }
        status = point(review, REVIEW_TOPIC__REVIEW_TOPIC_QUOTA, user->login,
                       quota_word((enum quota_kind)kind),
                       (uint32_t)(review->call->book_day - use->day), &row);
        if (status == STATUS_OK) {
            row->count = quota.used[kind];
            status = remedy(review, row, "quota list", "");
        }
    }
    return status;
}

typedef enum status look_function(struct review *review, const ProtobufCMessage *record);

static enum status look_at_rows(struct review *review, enum table table, look_function *look)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(review->txn, table, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK) {
            status = look(review, record);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// ---- the whole ----

static enum status review_make(struct txn *txn, struct call *call, struct review *out)
{
    *out = (struct review){.txn = txn, .call = call};
    out->row = arena_alloc(call->arena, POINTS_MAX * sizeof(ReviewRow *));
    enum status status = out->row != NULL ? role_set_load(txn, &out->roles) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = look_at_rows(out, TABLE_user, look_at_quota);
    }
    if (status == STATUS_OK) {
        status = look_at_rows(out, TABLE_user, look_at_person);
    }
    if (status == STATUS_OK) {
        status = look_at_rows(out, TABLE_device, look_at_device);
    }
    if (status == STATUS_OK) {
        status = look_at_rows(out, TABLE_finding, look_at_finding);
    }
    if (status == STATUS_OK) {
        status = look_at_rules(out);
    }
    return status == STATUS_OK ? look_at_keys(out) : status;
}

// Of what was looked at, without the days, which change over night.
static enum status review_digest(const struct review *review, char **out)
{
    struct arena *arena = review->call->arena;
    struct tree tree = {0};
    uint8_t hash[LEAF_BYTES];
    for (size_t i = 0; i < review->count; i++) {
        const ReviewRow *row = review->row[i];
        const char *text = arena_print(arena, "%d\t%s\t%s\t%u", (int)row->topic, row->subject,
                                       row->object, row->count);
        if (text == NULL) {
            return STATUS_TOO_LARGE;
        }
        tree_leaf(bytes_of(text, strlen(text)), hash);
        tree_append(&tree, hash);
    }
    tree_root(&tree, hash);
    *out = reading_hex(arena, hash, DIGEST_DIGITS / 2);
    return *out == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

static enum status last_signed(struct txn *txn, ReviewRecord **out)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    struct row_key key;
    *out = NULL;
    enum status status = rows_open(txn, TABLE_review, (struct row_key){0}, 0, true, &rows);
    if (status == STATUS_OK) {
        status = rows_next(rows, &key, (ProtobufCMessage **)out);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status security_review(struct txn *txn, struct call *call, const SecurityReview *request,
                            SecurityReviewReply *reply)
{
    (void)request;
    struct review review;
    ReviewRecord *last = NULL;
    enum status status = review_make(txn, call, &review);
    if (status == STATUS_OK) {
        status = review_digest(&review, &reply->digest);
    }
    if (status == STATUS_OK) {
        status = last_signed(txn, &last);
    }
    if (status == STATUS_OK && last != NULL) {
        reply->signed_us = last->at_us;
        reply->is_signed = strcmp(last->digest, reply->digest) == 0;
        status = reading_login(txn, last->user_id, &reply->signed_by);
    }
    reply->row = review.row;
    reply->n_row = review.count;
    reply->page = cursor_page(call->arena, review.count, 0);
    return status != STATUS_OK || reply->page != NULL ? status : STATUS_TOO_LARGE;
}

enum status security_sign(struct txn *txn, struct call *call, const SecuritySign *request,
                          SecuritySignReply *reply)
{
    struct review review;
    char *digest = NULL;
    ReviewRecord *record = (ReviewRecord *)wire_make(call->arena, &review_record__descriptor);
    enum status status = record != NULL ? review_make(txn, call, &review) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = review_digest(&review, &digest);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (strcmp(request->digest, digest) != 0) {
        return refuse(txn, call, STATUS_REVIEW_CHANGED, "digest", NULL);
    }

    record->id = call_new_id(call);
    record->at_us = call->instant_us;
    record->user_id = call->user_id;
    record->digest = digest;
    record->points = (uint32_t)review.count;
    record->notes = request->notes;
    status = review_put(txn, key_u64(record->id), record);

    call_about(call, record->id, digest);
    reply->id = record->id;
    reply->points = record->points;
    reply->at_us = record->at_us;
    return status;
}
