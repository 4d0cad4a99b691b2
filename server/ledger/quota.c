// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/quota.h"

#include "server/ledger/books.h"
#include "server/ledger/control.h"
#include "server/ledger/reading.h"
#include "shared/page.h"
#include "shared/wire.h"

#define EVERYBODY 0 // key of the rule for all

static const char *const NAMES[QUOTA_KINDS] = {"rows", "exports", "reveals"};

static const uint32_t BUILT_IN[QUOTA_KINDS] = {QUOTA_ROWS, QUOTA_EXPORTS, QUOTA_REVEALS};

const char *quota_word(enum quota_kind kind)
{
    assert((int)kind < QUOTA_KINDS);
    return NAMES[kind];
}

// ---- rules ----

struct limits {
    uint32_t most[QUOTA_KINDS]; // 0: not said
};

static enum status rule_of(struct txn *txn, uint64_t subject_id, QuotaRuleRecord *out)
{
    QuotaRuleRecord *rule = NULL;
    const enum status status = quota_rule_get(txn, key_u64(subject_id), &rule);
    quota_rule_record__init(out);
    if (status == STATUS_OK) {
        *out = *rule;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static struct limits limits_of(const QuotaRuleRecord *rule)
{
    return (struct limits){{rule->rows, rule->exports, rule->reveals}};
}

// What is not said in `limits` is as in `others`.
static void fall_back(struct limits *limits, const uint32_t others[static QUOTA_KINDS])
{
    for (int kind = 0; kind < QUOTA_KINDS; kind++) {
        limits->most[kind] = limits->most[kind] != 0 ? limits->most[kind] : others[kind];
    }
}

static enum status limits_for_all(struct txn *txn, struct limits *out)
{
    QuotaRuleRecord rule;
    const enum status status = rule_of(txn, EVERYBODY, &rule);
    *out = limits_of(&rule);
    fall_back(out, BUILT_IN);
    return status;
}

// The widest of the rules about the user's roles.
static enum status limits_of_roles(struct txn *txn, const UserRecord *user, struct limits *out)
{
    enum status status = STATUS_OK;
    *out = (struct limits){0};
    for (size_t i = 0; status == STATUS_OK && i < user->n_role; i++) {
        QuotaRuleRecord rule;
        status = rule_of(txn, user->role[i], &rule);
        const struct limits limits = limits_of(&rule);
        for (int kind = 0; kind < QUOTA_KINDS; kind++) {
            const uint32_t most = limits.most[kind];
            out->most[kind] = most > out->most[kind] ? most : out->most[kind];
        }
    }
    return status;
}

static enum status limits_of_user(struct txn *txn, const UserRecord *user, struct limits *out)
{
    QuotaRuleRecord own;
    struct limits roles;
    struct limits all;
    enum status status = rule_of(txn, user->id, &own);
    if (status == STATUS_OK) {
        status = limits_of_roles(txn, user, &roles);
    }
    if (status == STATUS_OK) {
        status = limits_for_all(txn, &all);
    }
    if (status == STATUS_OK) {
        *out = limits_of(&own);
        fall_back(out, roles.most);
        fall_back(out, all.most);
    }
    return status;
}

// ---- use ----

static enum status use_of(struct txn *txn, uint64_t user_id, int32_t day, QuotaUseRecord *out)
{
    QuotaUseRecord *use = NULL;
    const enum status status = quota_use_get(txn, key_u64(user_id), &use);
    quota_use_record__init(out);
    out->day = day;
    if (status == STATUS_OK && use->day == day) {
        *out = *use;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status quota_of(struct txn *txn, const UserRecord *user, int32_t day, struct quota *out)
{
    QuotaUseRecord use;
    struct limits limits;
    enum status status = use_of(txn, user->id, day, &use);
    if (status == STATUS_OK) {
        status = limits_of_user(txn, user, &limits);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct quota){.used = {use.rows, use.exports, use.reveals}};
    memcpy(out->most, limits.most, sizeof out->most);
    return STATUS_OK;
}

enum status quota_check(struct txn *txn, struct call *call, enum quota_kind kind)
{
    assert((int)kind < QUOTA_KINDS);
    UserRecord *user = NULL;
    struct quota quota;
    if (call->user_id == 0) {
        return STATUS_OK;
    }
    enum status status = user_get(txn, key_u64(call->user_id), &user);
    if (status == STATUS_OK) {
        status = quota_of(txn, user, call->book_day, &quota);
    }
    if (status != STATUS_OK || quota.used[kind] < quota.most[kind]) {
        return status;
    }
    problems_add(&call->problems, STATUS_QUOTA, NAMES[kind],
                 arena_print(call->arena, "%u", quota.used[kind] + 1),
                 arena_print(call->arena, "%u", quota.most[kind]), NULL);
    return refuse(txn, call, STATUS_QUOTA, NULL, "%s", status_sentence(STATUS_QUOTA));
}

static void add(uint32_t *sum, uint32_t count)
{
    *sum = count < UINT32_MAX - *sum ? *sum + count : UINT32_MAX;
}

static enum status count(struct txn *txn, uint64_t user_id, int32_t day, enum quota_kind kind,
                         uint32_t more)
{
    QuotaUseRecord use;
    const enum status status = use_of(txn, user_id, day, &use);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t *const sums[QUOTA_KINDS] = {&use.rows, &use.exports, &use.reveals};
    add(sums[kind], more);
    return quota_use_put(txn, key_u64(user_id), &use);
}

enum status quota_take(struct txn *txn, const struct call *call, enum quota_kind kind)
{
    return call->user_id != 0 ? count(txn, call->user_id, call->book_day, kind, 1) : STATUS_OK;
}

bool quota_counts_rows(const struct command *command)
{
    return command->mode == COMMAND_READ && page_is_paged(command);
}

enum status quota_count(struct txn *txn, struct call *call, const QuotaCount *request, Empty *reply)
{
    (void)reply;
    UserRecord *user = NULL;
    const enum status status = user_get(txn, key_u64(request->user_id), &user);
    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, status, "user", NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_about(call, user->id, user->login);
    return count(txn, user->id, call->book_day, QUOTA_KIND_ROWS, request->rows);
}

// ---- changing ----

struct subject {
    uint64_t id;
    const char *name;
    const char *kind;
    struct limits otherwise; // what holds where its rule says nothing
};

// Nobody raises what he may take himself.
static enum status subject_of(struct txn *txn, struct call *call, const QuotaSet *request,
                              struct subject *out)
{
    UserRecord *user = NULL;
    RoleRecord *role = NULL;
    UserRecord *self = NULL;
    *out = (struct subject){.name = "", .kind = "everybody"};
    memcpy(out->otherwise.most, BUILT_IN, sizeof BUILT_IN);
    enum status status = user_get(txn, key_u64(call->user_id), &self);
    if (status == STATUS_OK && request->user_id != 0) {
        status = user_get(txn, key_u64(request->user_id), &user);
    }
    if (status == STATUS_OK && request->role_id != 0) {
        status = role_get(txn, key_u64(request->role_id), &role);
    }
    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, status, request->user_id != 0 ? "user" : "role", NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool is_own = request->user_id == call->user_id;
    for (size_t i = 0; i < self->n_role; i++) {
        is_own |= request->role_id != 0 && self->role[i] == request->role_id;
    }
    if (is_own) {
        return refuse(txn, call, STATUS_OWN_RIGHTS, role != NULL ? "role" : "user", NULL);
    }
    if (user == NULL && role == NULL) {
        return STATUS_OK;
    }
    out->id = user != NULL ? user->id : role->id;
    out->name = user != NULL ? user->login : role->word;
    out->kind = user != NULL ? "user" : "role";
    status = limits_for_all(txn, &out->otherwise);
    return status;
}

static const char *rule_text(struct call *call, const QuotaRuleRecord *rule)
{
    const struct limits limits = limits_of(rule);
    const char *text = "";
    for (int kind = 0; text != NULL && kind < QUOTA_KINDS; kind++) {
        if (limits.most[kind] != 0) {
            text = arena_print(call->arena, "%s%s%s %u", text, text[0] != '\0' ? ", " : "",
                               NAMES[kind], limits.most[kind]);
        }
    }
    return text != NULL ? text : "";
}

static bool is_looser(const QuotaRuleRecord *before, const QuotaRuleRecord *after,
                      const struct limits *otherwise)
{
    struct limits was = limits_of(before);
    struct limits will = limits_of(after);
    bool looser = false;
    fall_back(&was, otherwise->most);
    fall_back(&will, otherwise->most);
    for (int kind = 0; kind < QUOTA_KINDS; kind++) {
        looser |= will.most[kind] > was.most[kind];
    }
    return looser;
}

static QuotaRuleRecord changed(const QuotaRuleRecord *before, const QuotaSet *request,
                               const struct call *call)
{
    QuotaRuleRecord after = *before;
    after.rows = request->rows != 0 || request->remove ? request->rows : before->rows;
    after.exports = request->exports != 0 || request->remove ? request->exports : before->exports;
    after.reveals = request->reveals != 0 || request->remove ? request->reveals : before->reveals;
    after.changed_by = call->user_id;
    after.changed_us = call->instant_us;
    return after;
}

static void fill_limits(const QuotaRuleRecord *rule, QuotaRow *row)
{
    row->rows = rule->rows;
    row->exports = rule->exports;
    row->reveals = rule->reveals;
    row->changed_us = rule->changed_us;
}

enum status quota_set(struct txn *txn, struct call *call, const QuotaSet *request, QuotaRow *reply)
{
    struct subject subject;
    QuotaRuleRecord before;
    enum status status = subject_of(txn, call, request, &subject);
    if (status == STATUS_OK) {
        status = rule_of(txn, subject.id, &before);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const QuotaRuleRecord after = changed(&before, request, call);
    const char *was = rule_text(call, &before);
    const char *will = rule_text(call, &after);
    if (strcmp(was, will) == 0) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }
    if (is_looser(&before, &after, &subject.otherwise)) {
        status = control_check(txn, call, CONTROL_ROLES, 0);
    } else {
        control_pass(call);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, subject.id, "quota", was, will);
    status = quota_rule_put(txn, key_u64(subject.id), &after);

    fill_limits(&after, reply);
    reply->subject = reading_constant(subject.name);
    reply->subject_kind = reading_constant(subject.kind);
    call_about(call, subject.id, subject.name[0] != '\0' ? subject.name : subject.kind);
    return status == STATUS_OK ? reading_login(txn, after.changed_by, &reply->changed_by) : status;
}

// ---- listing ----

struct listing {
    struct txn *txn;
    struct call *call;
    QuotaListReply *reply;
};

static enum status add_row(struct listing *listing, uint64_t id, const char *kind, const char *name,
                           QuotaRow **out)
{
    QuotaRuleRecord rule;
    QuotaRow *row = (QuotaRow *)wire_make(listing->call->arena, &quota_row__descriptor);
    if (row == NULL || listing->reply->n_row == LIST_ROWS_MAX) {
        return STATUS_TOO_LARGE;
    }
    const enum status status = rule_of(listing->txn, id, &rule);
    if (status != STATUS_OK) {
        return status;
    }
    fill_limits(&rule, row);
    row->subject = reading_constant(name);
    row->subject_kind = reading_constant(kind);
    listing->reply->row[listing->reply->n_row++] = row;
    *out = row;
    return reading_login(listing->txn, rule.changed_by, &row->changed_by);
}

static enum status list_everybody(struct listing *listing)
{
    struct limits limits;
    QuotaRow *row = NULL;
    enum status status = add_row(listing, EVERYBODY, "everybody", "", &row);
    if (status == STATUS_OK) {
        status = limits_for_all(listing->txn, &limits);
    }
    if (status == STATUS_OK) {
        row->rows = limits.most[QUOTA_KIND_ROWS];
        row->exports = limits.most[QUOTA_KIND_EXPORTS];
        row->reveals = limits.most[QUOTA_KIND_REVEALS];
    }
    return status;
}

// Roles with a rule of their own.
static enum status list_role(struct listing *listing, const RoleRecord *role)
{
    QuotaRuleRecord rule;
    QuotaRow *row = NULL;
    const enum status status = rule_of(listing->txn, role->id, &rule);
    return status != STATUS_OK || rule.changed_us == 0
               ? status
               : add_row(listing, role->id, "role", role->word, &row);
}

// People with a rule of their own, and whoever took something out today.
static enum status list_user(struct listing *listing, const UserRecord *user)
{
    QuotaRuleRecord rule;
    QuotaUseRecord use;
    QuotaRow *row = NULL;
    enum status status = rule_of(listing->txn, user->id, &rule);
    if (status == STATUS_OK) {
        status = use_of(listing->txn, user->id, listing->call->book_day, &use);
    }
    if (status != STATUS_OK ||
        (rule.changed_us == 0 && use.rows == 0 && use.exports == 0 && use.reveals == 0)) {
        return status;
    }
    struct limits limits;
    status = add_row(listing, user->id, "user", user->login, &row);
    if (status == STATUS_OK) {
        status = limits_of_user(listing->txn, user, &limits);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->rows = limits.most[QUOTA_KIND_ROWS];
    row->exports = limits.most[QUOTA_KIND_EXPORTS];
    row->reveals = limits.most[QUOTA_KIND_REVEALS];
    row->rows_used = use.rows;
    row->exports_used = use.exports;
    row->reveals_used = use.reveals;
    return STATUS_OK;
}

static enum status list_table(struct listing *listing, enum table table)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(listing->txn, table, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK) {
            status = table == TABLE_role ? list_role(listing, (const RoleRecord *)record)
                                         : list_user(listing, (const UserRecord *)record);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status quota_list(struct txn *txn, struct call *call, const QuotaList *request,
                       QuotaListReply *reply)
{
    (void)request;
    struct listing listing = {.txn = txn, .call = call, .reply = reply};
    reply->row = arena_alloc(call->arena, LIST_ROWS_MAX * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = list_everybody(&listing);
    if (status == STATUS_OK) {
        status = list_table(&listing, TABLE_role);
    }
    if (status == STATUS_OK) {
        status = list_table(&listing, TABLE_user);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->page = cursor_page(call->arena, reply->n_row, 0);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
