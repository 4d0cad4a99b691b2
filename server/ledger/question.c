// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/control.h"
#include "server/ledger/reading.h"
#include "server/ledger/role.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

#include "proto/security.pb-c.h"

// Questions about what people may do. They are answered by the same functions that decide
// (store/rights.h, rows_reaches), never by a second reading of the roles.

// The person asked about.
struct person {
    UserRecord *user;
    struct rights rights;
};

static enum status person_load(struct txn *txn, struct call *call, uint64_t user_id,
                               struct person *out)
{
    enum status status = user_get(txn, key_u64(user_id), &out->user);
    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, status, "user_id", NULL);
    }
    return status == STATUS_OK ? rights_load(txn, out->user, &out->rights) : status;
}

static bool is_active(const UserRecord *user)
{
    return user->state == USER_STATE__USER_STATE_ACTIVE;
}

static enum status permission_parse(struct txn *txn, struct call *call, const char *text,
                                    enum permission *out)
{
    *out = permission_by_text(text);
    if (*out == PERMISSION_SELF) {
        problems_add(&call->problems, STATUS_FIELD_NOT_CHOICE, "permission", text, NULL, NULL);
        return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, NULL, "permission");
    }
    return STATUS_OK;
}

// Does this permission of the person reach the customer?
static enum status reaches(struct txn *txn, struct call *call, const struct person *person,
                           enum permission permission, const CustomerRecord *customer, bool *out)
{
    const struct filter *filter =
        rights_filter(&person->rights, person->user, permission, call->arena);
    *out = false;
    if (filter == NULL) {
        return STATUS_TOO_LARGE;
    }
    return filter->scope == SCOPE_NONE ? STATUS_OK : rows_reaches(txn, filter, customer, out);
}

// A customer whom the one who asks may list himself: nobody learns by a question whom there is.
static enum status customer_load(struct txn *txn, struct call *call, uint64_t customer_id,
                                 CustomerRecord **out)
{
    *out = NULL;
    if (customer_id == 0) {
        return STATUS_OK;
    }
    struct person asker;
    bool sees = false;
    enum status status = person_load(txn, call, call->user_id, &asker);
    CustomerRecord *customer = NULL;
    if (status == STATUS_OK) {
        status = customer_get(txn, key_u64(customer_id), &customer);
    }
    if (status == STATUS_OK) {
        status = reaches(txn, call, &asker, PERMISSION_CUSTOMER_LIST, customer, &sees);
    }
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && !sees)) {
        return refuse(txn, call, STATUS_NOT_FOUND, "customer_id", NULL);
    }
    *out = customer;
    return status;
}

// ---- role why ----

struct why {
    struct call *call;
    RoleWhyReply *reply;
    bool can;
};

static WhyRow *why_row(struct why *why, WhyStep step, bool passed)
{
    WhyRow *row = (WhyRow *)wire_make(why->call->arena, &why_row__descriptor);
    if (row != NULL) {
        row->step = step;
        row->passed = passed;
        why->reply->row[why->reply->n_row++] = row;
        why->can = why->can && passed;
    }
    return row;
}

// One row for each role that denies it, or a passed one.
static enum status why_denials(struct why *why, const struct role_set *set,
                               const struct person *person, enum permission permission)
{
    bool is_denied = false;
    for (size_t i = 0; i < person->user->n_role; i++) {
        const RoleRecord *role = role_set_by_id(set, person->user->role[i]);
        if (role == NULL || !role_denies(role, permission)) {
            continue;
        }
        WhyRow *row = why_row(why, WHY_STEP__WHY_STEP_DENIAL, false);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->role = role->word;
        is_denied = true;
    }
    return is_denied || why_row(why, WHY_STEP__WHY_STEP_DENIAL, true) != NULL ? STATUS_OK
                                                                              : STATUS_TOO_LARGE;
}

static enum status why_grants(struct why *why, const struct role_set *set,
                              const struct person *person, enum permission permission)
{
    bool is_granted = false;
    for (size_t i = 0; i < person->user->n_role; i++) {
        const RoleRecord *role = role_set_by_id(set, person->user->role[i]);
        enum scope scope = SCOPE_NONE;
        int64_t limit_minor = 0;
        if (role == NULL || !role_grant_of(role, permission, &scope, &limit_minor)) {
            continue;
        }
        WhyRow *row = why_row(why, WHY_STEP__WHY_STEP_GRANT, true);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->role = role->word;
        row->scope = (Scope)(scope + 1);
        row->limit_minor = limit_minor;
        is_granted = true;
    }
    return is_granted || why_row(why, WHY_STEP__WHY_STEP_GRANT, false) != NULL ? STATUS_OK
                                                                               : STATUS_TOO_LARGE;
}

// What the command table and the book's rules ask beyond the grant.
static enum status why_demands(struct txn *txn, struct why *why, enum permission permission)
{
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        if (command->permission != permission) {
            continue;
        }
        if (command->step == STEP_FRESH && why_row(why, WHY_STEP__WHY_STEP_FRESH, true) == NULL) {
            return STATUS_TOO_LARGE;
        }
        RuleRecord rule;
        rule_record__init(&rule);
        const enum status status = command->control != CONTROL_NONE
                                       ? control_rule(txn, command->control, &rule)
                                       : STATUS_OK;
        if (status != STATUS_OK || rule.mode == RULE_MODE__RULE_MODE_UNSET ||
            rule.mode == RULE_MODE__RULE_MODE_OFF) {
            return status;
        }
        WhyRow *row = why_row(why, WHY_STEP__WHY_STEP_CONTROL, true);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->rule = reading_constant(control_word(command->control));
        return STATUS_OK;
    }
    return STATUS_OK;
}

static enum status why_scope(struct txn *txn, struct why *why, const struct person *person,
                             enum permission permission, const CustomerRecord *customer)
{
    bool does = false;
    if (customer == NULL) {
        return STATUS_OK;
    }
    const enum status status = reaches(txn, why->call, person, permission, customer, &does);
    if (status != STATUS_OK) {
        return status;
    }
    return why_row(why, WHY_STEP__WHY_STEP_SCOPE, does) != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status role_why(struct txn *txn, struct call *call, const RoleWhy *request,
                     RoleWhyReply *reply)
{
    struct person person;
    struct role_set set;
    CustomerRecord *customer = NULL;
    enum permission permission = PERMISSION_SELF;
    enum status status = person_load(txn, call, request->user_id, &person);
    if (status == STATUS_OK) {
        status = permission_parse(txn, call, request->permission, &permission);
    }
    if (status == STATUS_OK) {
        status = customer_load(txn, call, request->customer_id, &customer);
    }
    if (status == STATUS_OK) {
        status = role_set_load(txn, &set);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct why why = {.call = call, .reply = reply, .can = true};
    const size_t rows_max = 2 * ROLES_PER_USER + 8;
    reply->row = arena_alloc(call->arena, rows_max * sizeof *reply->row);
    if (reply->row == NULL ||
        why_row(&why, WHY_STEP__WHY_STEP_USER, is_active(person.user)) == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = why_denials(&why, &set, &person, permission);
    if (status == STATUS_OK) {
        status = why_grants(&why, &set, &person, permission);
    }
    if (status == STATUS_OK) {
        status = why_scope(txn, &why, &person, permission, customer);
    }
    if (status == STATUS_OK && why.can) {
        status = why_demands(txn, &why, permission);
    }
    reply->can = why.can;
    reply->login = person.user->login;
    reply->permission = reading_constant(permission_text(permission));
    reply->page = cursor_page(call->arena, reply->n_row, 0);
    return status != STATUS_OK || reply->page != NULL ? status : STATUS_TOO_LARGE;
}

// ---- role can ----

enum status role_can(struct txn *txn, struct call *call, const RoleCan *request,
                     RoleCanReply *reply)
{
    struct person person;
    CustomerRecord *customer = NULL;
    enum permission permission = PERMISSION_SELF;
    enum status status = person_load(txn, call, request->user_id, &person);
    if (status == STATUS_OK) {
        status = permission_parse(txn, call, request->permission, &permission);
    }
    if (status == STATUS_OK) {
        status = customer_load(txn, call, request->customer_id, &customer);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const enum scope scope = rights_scope(&person.rights, permission);
    bool does = scope != SCOPE_NONE;
    if (does && customer != NULL) {
        status = reaches(txn, call, &person, permission, customer, &does);
    }
    const int64_t most_minor = person.rights.most_minor[permission][scope];
    reply->can = does && is_active(person.user);
    reply->login = person.user->login;
    reply->permission = reading_constant(permission_text(permission));
    reply->scope = (Scope)(scope + 1);
    reply->limit_minor = most_minor != LIMIT_NONE ? most_minor : 0;
    return status;
}

// ---- user rights ----

// "finance, manager": the roles that grant it.
static enum status giving_roles(struct call *call, const struct role_set *set,
                                const UserRecord *user, enum permission permission, char **out)
{
    char *text = reading_constant("");
    for (size_t i = 0; text != NULL && i < user->n_role; i++) {
        const RoleRecord *role = role_set_by_id(set, user->role[i]);
        enum scope scope = SCOPE_NONE;
        int64_t limit_minor = 0;
        if (role != NULL && role_grant_of(role, permission, &scope, &limit_minor)) {
            text =
                arena_print(call->arena, "%s%s%s", text, text[0] != '\0' ? ", " : "", role->word);
        }
    }
    *out = text;
    return text != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status used_day(struct txn *txn, uint64_t user_id, enum permission permission,
                            int32_t *out)
{
    RightUseRecord *use = NULL;
    const enum status status =
        right_use_get(txn, key_u64_u64(user_id, permission_number(permission)), &use);
    *out = status == STATUS_OK ? use->day : 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status user_rights(struct txn *txn, struct call *call, const UserRights *request,
                        UserRightsReply *reply)
{
    struct person person;
    struct role_set set;
    enum status status = person_load(txn, call, request->user_id, &person);
    if (status == STATUS_OK) {
        status = role_set_load(txn, &set);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->row = arena_alloc(call->arena, PERMISSION_COUNT * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (int p = PERMISSION_FIRST; status == STATUS_OK && p < PERMISSION_COUNT; p++) {
        const enum scope scope = rights_scope(&person.rights, (enum permission)p);
        RightRow *row =
            scope != SCOPE_NONE ? (RightRow *)wire_make(call->arena, &right_row__descriptor) : NULL;
        if (row == NULL) {
            status = scope == SCOPE_NONE ? STATUS_OK : STATUS_TOO_LARGE;
            continue;
        }
        const int64_t most_minor = person.rights.most_minor[p][scope];
        row->permission = reading_constant(permission_text((enum permission)p));
        row->scope = (Scope)(scope + 1);
        row->limit_minor = most_minor != LIMIT_NONE ? most_minor : 0;
        reply->row[reply->n_row++] = row;
        status = giving_roles(call, &set, person.user, (enum permission)p, &row->role);
        if (status == STATUS_OK) {
            status = used_day(txn, person.user->id, (enum permission)p, &row->used_day);
        }
    }
    reply->login = person.user->login;
    reply->page = cursor_page(call->arena, reply->n_row, 0);
    return status != STATUS_OK || reply->page != NULL ? status : STATUS_TOO_LARGE;
}

// ---- who may see a customer ----

static enum status add_viewer(struct txn *txn, struct call *call, const struct role_set *set,
                              UserRecord *user, const CustomerRecord *customer,
                              CustomerViewersReply *reply)
{
    struct person person = {.user = user};
    bool sees = false;
    bool reveals = false;
    ViewerRow *row = (ViewerRow *)wire_make(call->arena, &viewer_row__descriptor);
    role_set_rights(set, user, &person.rights);
    enum status status = reaches(txn, call, &person, PERMISSION_CUSTOMER_SHOW, customer, &sees);
    if (status != STATUS_OK || !sees || row == NULL) {
        return row != NULL ? status : STATUS_TOO_LARGE;
    }
    status = reaches(txn, call, &person, PERMISSION_CUSTOMER_REVEAL, customer, &reveals);
    if (status == STATUS_OK && reveals) {
        const struct filter *filter =
            rights_filter(&person.rights, user, PERMISSION_CUSTOMER_REVEAL, call->arena);
        row->contact = filter != NULL && filter->views[CLASS_CONTACT] == VIEW_FULL;
    }
    bool edits = false;
    if (status == STATUS_OK) {
        status = reaches(txn, call, &person, PERMISSION_CUSTOMER_EDIT, customer, &edits);
    }
    row->edit = edits;
    row->login = user->login;
    row->name = user->name;
    row->scope = (Scope)(rights_scope(&person.rights, PERMISSION_CUSTOMER_SHOW) + 1);
    reply->row[reply->n_row++] = row;
    return status == STATUS_OK ? giving_roles(call, set, user, PERMISSION_CUSTOMER_SHOW, &row->role)
                               : status;
}

enum status customer_viewers(struct txn *txn, struct call *call, const CustomerViewers *request,
                             CustomerViewersReply *reply)
{
    struct role_set set;
    ProtobufCMessage *message = NULL;
    enum status status =
        reading_load(txn, call, TABLE_customer, request->customer_id, "customer_id", &message);
    if (status == STATUS_OK) {
        status = role_set_load(txn, &set);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const CustomerRecord *customer = (const CustomerRecord *)message;
    reply->number = ident_print(call->arena, SERIES_CUSTOMER, 0, customer->sequence);
    reply->row = arena_alloc(call->arena, LIST_ROWS_MAX * sizeof *reply->row);
    if (reply->number == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }

    struct rows *rows CLEANUP(rows_close_at) = NULL;
    status = rows_open(txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK && reply->n_row < LIST_ROWS_MAX) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK && is_active((const UserRecord *)record)) {
            status = add_viewer(txn, call, &set, (UserRecord *)record, customer, reply);
        }
    }
    reply->page = cursor_page(call->arena, reply->n_row, 0);
    if (reply->page == NULL) {
        return STATUS_TOO_LARGE;
    }
    return status == STATUS_END ? STATUS_OK : status;
}
