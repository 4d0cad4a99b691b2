// SPDX-License-Identifier: Apache-2.0
// The last admin (tests/README.md): whatever is done, somebody who is active, may change every role
// and has an active device is left.
//
//   last_admin.tsv  every command that writes, and how it could take the last one away
//
// Each way is tried by another and by the last one; then each two ways by two admins upon each
// other, in one batch; then random writes by all of them in many houses. After each of those the
// rows are looked at, by code that shares nothing with the ledger's.
//
//   last_admin DIRECTORY [HOUSES [SEED]]
#include "shared/wire.h"
#include "tests/ledger/path.h"
#include "tests/matrix/desk.h"
#include "tests/matrix/random.h"
#include "tests/matrix/sheet.h"
#include "tests/matrix/undo.h"

#define NOON_US ((int64_t)1795233600 * 1000 * 1000) // 2026-11-21 12:00 in the book's zone
#define TODAY   20778
#define WRITES  250 // of a house

struct house {
    struct desk desk;
    struct member principal, anna, bert, helper;
    uint64_t chief, deputy, clerk; // roles of Anna, of Bert, of who helps
    struct sheet ways;
    struct random random;
    size_t tried, failures;
};

// Upon whom a way is tried.
struct target {
    const struct member *member;
    uint64_t role_id;
};

static void demand(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "last_admin: %s\n", what);
        abort();
    }
}

static void fail(struct house *house, const char *what, const char *detail)
{
    house->failures++;
    (void)fprintf(stderr, "last_admin: %s: %s\n", what, detail);
}

#define MAKE(house, Type, name) ((Type *)(void *)desk_make(&(house)->desk, &name##__descriptor))
#define DO(house, who, Type, name, inner) \
    ((Type *)(void *)desk_do(&(house)->desk, &(who)->peer, name, &(inner)->base))

// ---- is somebody left? ----

static bool role_gives(const RoleRecord *role, bool *is_denied)
{
    const uint32_t number = permission_number(PERMISSION_ROLE_GRANT);
    bool gives = false;
    for (size_t i = 0; i < role->n_permission; i++) {
        gives |= role->permission[i] == number && role->scope[i] == SCOPE_ALL;
    }
    for (size_t i = 0; i < role->n_denied; i++) {
        *is_denied |= role->denied[i] == number;
    }
    return gives;
}

static bool user_may(struct txn *txn, const UserRecord *user)
{
    bool gives = false;
    bool is_denied = false;
    for (size_t i = 0; i < user->n_role; i++) {
        ProtobufCMessage *role = NULL;
        if (table_get(txn, TABLE_role, key_u64(user->role[i]), &role, NULL) == STATUS_OK) {
            gives |= role_gives((const RoleRecord *)(void *)role, &is_denied);
        }
    }
    return gives && !is_denied && user->state == USER_STATE__USER_STATE_ACTIVE;
}

// Of every active device its user.
static bool is_anybody_left(struct house *house)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    struct row_key key;
    ProtobufCMessage *row = NULL;
    demand(txn_begin(house->desk.store, TXN_READ, house->desk.arena, &txn) == STATUS_OK, "begin");
    demand(scan_open(txn, TABLE_device, (struct row_key){0}, 0, false, &scan) == STATUS_OK, "scan");
    while (scan_next(scan, &key, &row) == STATUS_OK) {
        const DeviceRecord *device = (const DeviceRecord *)(void *)row;
        ProtobufCMessage *user = NULL;
        demand(table_get(txn, TABLE_user, key_u64(device->user_id), &user, NULL) == STATUS_OK,
               "user");
        if (device->state == DEVICE_STATE__DEVICE_STATE_ACTIVE &&
            user_may(txn, (const UserRecord *)(void *)user)) {
            return true;
        }
    }
    return false;
}

// ---- ways ----

static const char *value_of(struct house *house, const struct target *target, const char *word)
{
    unsigned long long number = 0;
    if (strcmp(word, "@user") == 0) {
        number = target->member->user_id;
    } else if (strcmp(word, "@device") == 0) {
        number = target->member->peer.device_id;
    } else if (strcmp(word, "@role") == 0) {
        number = target->role_id;
    } else {
        return word;
    }
    return arena_print(house->desk.arena, "%llu", number);
}

static struct bytes request_of(struct house *house, size_t row, const struct target *target)
{
    const char *name = sheet_cell(&house->ways, row, "command");
    const char *with = sheet_cell(&house->ways, row, "with");
    char base[64];
    (void)snprintf(base, sizeof base, "%.*s", (int)strcspn(name, "/"), name);
    const struct command *command = command_by_name(base);
    demand(command != NULL, name);
    ProtobufCMessage *message = desk_make(&house->desk, command->request);
    const struct path_context context = {.arena = house->desk.arena, .decimals = 2, .today = TODAY};
    char *rest = desk_text(&house->desk, with);
    for (char *pair = strsep(&rest, " "); pair != NULL; pair = strsep(&rest, " ")) {
        char *value = strchr(pair, '=');
        demand(value != NULL, pair);
        *value = '\0';
        demand(path_write(&context, message, pair, value_of(house, target, value + 1)), pair);
    }
    return desk_pack(&house->desk, command, message, false);
}

static bool is_way(const struct house *house, size_t row)
{
    return strcmp(sheet_cell(&house->ways, row, "with"), "-") != 0;
}

static void try_way(struct house *house, size_t row, const struct member *who,
                    const struct target *target, const char *column)
{
    const Reply *reply = desk_reply(
        &house->desk, desk_ask(&house->desk, &who->peer, request_of(house, row, target)));
    const char *answered = status_code((enum status)reply->status);
    const char *wanted = sheet_cell(&house->ways, row, column);
    house->tried++;
    if (strcmp(answered, wanted) != 0) {
        char what[128];
        (void)snprintf(what, sizeof what, "%s by %s, %s expected",
                       sheet_cell(&house->ways, row, "command"), column, wanted);
        fail(house, what, answered);
    }
    desk_reset(&house->desk);
}

// A write that keeps the log busy while the next ones come together to a batch.
static struct bytes harmless(struct house *house)
{
    UserEdit *edit = MAKE(house, UserEdit, user_edit);
    edit->user_id = house->helper.user_id;
    edit->name = desk_text(&house->desk, "Helper");
    return desk_pack(&house->desk, command_by_name("user_edit"), &edit->base, false);
}

// Both at once: one of them at most is done.
static void try_pair(struct house *house, size_t first, size_t second)
{
    const struct target at_bert = {&house->bert, house->deputy};
    const struct target at_anna = {&house->anna, house->chief};
    struct asking asking[3];
    desk_send(&house->desk, &house->anna.peer, harmless(house), &asking[0]);
    desk_send(&house->desk, &house->anna.peer, request_of(house, first, &at_bert), &asking[1]);
    desk_send(&house->desk, &house->bert.peer, request_of(house, second, &at_anna), &asking[2]);
    for (size_t i = 0; i < COUNT_OF(asking); i++) {
        desk_wait(&house->desk, &asking[i]);
    }
    const uint32_t one = desk_reply(&house->desk, asking[1].reply)->status;
    const uint32_t other = desk_reply(&house->desk, asking[2].reply)->status;
    house->tried++;
    if (one != STATUS_OK || other == STATUS_OK) {
        char what[160];
        (void)snprintf(what, sizeof what, "at once %s and %s",
                       sheet_cell(&house->ways, first, "command"),
                       sheet_cell(&house->ways, second, "command"));
        fail(house, what, other == STATUS_OK ? "both were done" : "the first one was not done");
    }
    desk_reset(&house->desk);
}

// ---- random writes ----

static uint64_t random_other(struct house *house)
{
    const struct member *const MEMBERS[] = {&house->principal, &house->anna, &house->bert,
                                            &house->helper};
    return random_below(&house->random, COUNT_OF(MEMBERS));
}

static size_t storm(struct house *house, size_t writes)
{
    struct member *const MEMBERS[] = {&house->principal, &house->anna, &house->bert,
                                      &house->helper};
    size_t done = 0;
    for (size_t i = 0; i < writes; i++) {
        const struct command *command = NULL;
        while (command == NULL || command->mode != COMMAND_WRITE ||
               (strncmp(command->name, "user_", 5) != 0 &&
                strncmp(command->name, "role_", 5) != 0 &&
                strncmp(command->name, "device_", 7) != 0 &&
                strncmp(command->name, "session_end", 11) != 0 &&
                random_below(&house->random, 40) != 0) ||
               command->permission < PERMISSION_FIRST) {
            command = command_at(random_below(&house->random, (uint32_t)command_count()));
        }
        ProtobufCMessage *message = random_message(&house->random, command->request);
        const struct member *member = MEMBERS[random_other(house)];
        const Reply *reply = desk_call(&house->desk, &member->peer, command->name, message);
        done += reply->status == STATUS_OK;
        if (reply->status == STATUS_OK && !is_anybody_left(house)) {
            fail(house, "nobody is left after", command->name);
            return done;
        }
        house->desk.now_us += 1000000;
        desk_reset(&house->desk);
    }
    return done;
}

// ---- the house ----

static uint64_t add_role(struct house *house, const char *word)
{
    RoleAdd *add = MAKE(house, RoleAdd, role_add);
    add->word = desk_text(&house->desk, word);
    add->like_id = ROLE_ADMIN;
    return DO(house, &house->principal, RoleReply, "role_add", add)->id;
}

static void engage(struct house *house, struct member *member, const char *login, const char *role)
{
    UserInvite *invite = MAKE(house, UserInvite, user_invite);
    char *roles[1] = {desk_text(&house->desk, role)};
    (void)snprintf(member->login, sizeof member->login, "%s", login);
    invite->role = roles;
    invite->n_role = 1;
    desk_join(&house->desk, &house->principal.peer, invite, member);
    random_keep(&house->random.users, member->user_id);
    random_keep(&house->random.devices, member->peer.device_id);
    desk_reset(&house->desk);
}

static void disable(struct house *house, const struct member *who, const struct member *whom)
{
    UserDisable *disable = MAKE(house, UserDisable, user_disable);
    disable->user_id = whom->user_id;
    disable->reason = desk_text(&house->desk, "left");
    (void)DO(house, who, UserReply, "user_disable", disable);
    desk_reset(&house->desk);
}

static void open_house(struct house *house, uint64_t seed)
{
    undo_keep(true);
    desk_open(&house->desk, NOON_US, NULL, &house->principal);
    house->random = (struct random){.state = seed * 2 + 1, .arena = house->desk.arena};
    house->random.today = TODAY;
    house->random.text[house->random.text_count++] = "role.grant";
    house->random.text[house->random.text_count++] = "user.disable";
    house->random.text[house->random.text_count++] = "customer.list";
    house->random.text[house->random.text_count++] = "contact";
    random_keep(&house->random.users, house->principal.user_id);
    random_keep(&house->random.devices, house->principal.peer.device_id);
    house->chief = add_role(house, "chief");
    house->deputy = add_role(house, "deputy");
    house->clerk = add_role(house, "clerk");
    // The helper looks after people and changes no roles.
    RoleRevoke *revoke = MAKE(house, RoleRevoke, role_revoke);
    revoke->role_id = house->clerk;
    revoke->permission = desk_text(&house->desk, "role.grant");
    (void)DO(house, &house->principal, RoleReply, "role_revoke", revoke);
    desk_reset(&house->desk);
    for (uint64_t role = 1; role <= house->clerk; role++) {
        random_keep(&house->random.roles, role);
    }
    engage(house, &house->anna, "anna", "chief");
    engage(house, &house->bert, "bert", "deputy");
    engage(house, &house->helper, "helper", "clerk");
}

// Every command that writes has its row.
static void check_rows(struct house *house)
{
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        bool found = command->mode == COMMAND_READ;
        for (size_t row = 0; row < house->ways.count && !found; row++) {
            const char *name = sheet_cell(&house->ways, row, "command");
            const size_t size = strcspn(name, "/");
            found = strlen(command->name) == size && strncmp(name, command->name, size) == 0;
        }
        if (!found) {
            fail(house, "last_admin.tsv has no row for", command->name);
        }
    }
}

// Two admins upon each other, then the last one alone.
static void try_ways(struct house *house)
{
    disable(house, &house->anna, &house->principal);
    undo_keep(false);
    for (size_t i = 0; i < house->ways.count; i++) {
        for (size_t k = 0; k < house->ways.count; k++) {
            if (is_way(house, i) && is_way(house, k)) {
                try_pair(house, i, k);
            }
        }
    }
    undo_keep(true);
    disable(house, &house->anna, &house->bert);
    undo_keep(false);
    const struct target at_anna = {&house->anna, house->chief};
    for (size_t i = 0; i < house->ways.count; i++) {
        if (is_way(house, i)) {
            try_way(house, i, &house->helper, &at_anna, "other");
            try_way(house, i, &house->anna, &at_anna, "self");
        }
    }
}

int main(int count, char **words)
{
    static struct house house;
    char path[512];
    if (count < 2) {
        return EXIT_FAILURE;
    }
    (void)snprintf(path, sizeof path, "%s/last_admin.tsv", words[1]);
    sheet_read(&house.ways, path);
    const size_t houses = count > 2 ? strtoul(words[2], NULL, 10) : 60;
    const uint64_t seed = count > 3 ? strtoul(words[3], NULL, 10) : 20261121;
    check_rows(&house);
    open_house(&house, seed);
    try_ways(&house);
    desk_close(&house.desk);
    size_t done = 0;
    for (size_t i = 0; i < houses; i++) {
        open_house(&house, seed + i);
        done += storm(&house, WRITES);
        desk_close(&house.desk);
    }
    sheet_free(&house.ways);
    (void)printf("%zu attempts, %zu random writes of which %zu done, %zu failures\n", house.tried,
                 houses * WRITES, done, house.failures);
    return house.failures == 0 && house.tried > 0 && done > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
