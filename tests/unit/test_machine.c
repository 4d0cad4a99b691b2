// SPDX-License-Identifier: Apache-2.0
// The machine over a real store, with commands of our own in place of the ledger's: ledger_run
// below is what links.
#include "server/machine/access.h"
#include "server/machine/journal.h"
#include "server/machine/machine.h"
#include "shared/fields.h"
#include "shared/wire.h"
#include "tests/unit/people.h"
#include "tests/unit/unit.h"

#define COUNTER_KEY 7

struct house {
    struct temporary temporary;
    struct store *store;
    struct arena *arena;
    struct arena *call_arena;
    struct call call;
    Reply reply;
};

// ---- the commands of this test ----

static enum status add_one(struct txn *txn, struct call *call, const CustomerAdd *request,
                           CustomerAddReply *reply)
{
    ProtobufCMessage *row = NULL;
    const enum status known = table_get(txn, TABLE_counter, key_u64(COUNTER_KEY), &row, NULL);
    if (known != STATUS_OK && known != STATUS_NOT_FOUND) {
        return known;
    }
    if (strcmp(request->industry, "refused") == 0) {
        return refuse(txn, call, STATUS_FIELD_NOT_UNIQUE, "reference", "industry %s", "refused");
    }
    CounterRecord counter;
    counter_record__init(&counter);
    counter.next = row != NULL ? ((const CounterRecord *)row)->next + 1 : 1;
    enum status status =
        table_put(txn, TABLE_counter, key_u64(COUNTER_KEY), (ProtobufCMessage *)&counter);
    if (strcmp(request->industry, "breaks") == 0) {
        return STATUS_SCOPE_DENIED;
    }
    if (strcmp(request->industry, "no") == 0) {
        call->status = STATUS_LOGIN_WRONG;
        return status;
    }
    CustomerRecord *customer =
        (CustomerRecord *)wire_make(call->arena, &customer_record__descriptor);
    customer->id = call_new_id(call);
    customer->vault_id = request->vault_id;
    if (status == STATUS_OK) {
        status = table_put(txn, TABLE_customer, key_u64(customer->id), &customer->base);
    }
    call_about(call, customer->id, "C-0001");
    reply->id = customer->id;
    reply->version = (uint32_t)counter.next;
    if (strcmp(request->industry, "long") == 0) {
        char *number = arena_alloc(call->arena, 6001);
        memset(number, 'x', 6000);
        reply->number = number;
    }
    return status;
}

enum status ledger_run(struct txn *txn, struct call *call, const ProtobufCMessage *request,
                       ProtobufCMessage *reply)
{
    if (request->descriptor == &customer_add__descriptor) {
        return add_one(txn, call, (const CustomerAdd *)request, (CustomerAddReply *)reply);
    }
    return STATUS_OK;
}

// ---- setting up ----

static void put(struct txn *txn, enum table table, uint64_t id, ProtobufCMessage *record)
{
    assert_int_equal(table_put(txn, table, key_u64(id), record), STATUS_OK);
}

static struct txn *begin(struct house *house, enum txn_mode mode)
{
    struct txn *txn = NULL;
    assert_int_equal(txn_begin(house->store, mode, house->arena, &txn), STATUS_OK);
    return txn;
}

static int set_up(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    assert_int_equal(keys_start(), STATUS_OK);
    temporary_make(&house->temporary);
    house->store = people_store(&house->temporary, "book");
    house->arena = arena_make((size_t)64 * 1024 * 1024);
    house->call_arena = arena_make((size_t)64 * 1024 * 1024);
    people_put(house->store);
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    store_close(house->store);
    arena_free(house->arena);
    arena_free(house->call_arena);
    temporary_remove(&house->temporary);
    free(house);
    return 0;
}

struct
try {
    const struct peer *peer;
    const char *industry; // what the command is to do
    const char *plan;
    int64_t instant_us; // 0: NOON_US
    uint8_t key;        // of the request id; 0: none
    uint8_t hash;
    bool preview;
    const struct admitted *admitted;
};

static enum status attempt(struct house *house, const struct try *try)
{
    arena_reset(house->call_arena);
    uint8_t key[REQUEST_KEY_BYTES];
    uint8_t hash[32];
    memset(key, try->key, sizeof key);
    memset(hash, try->hash, sizeof hash);
    CustomerAdd add;
    customer_add__init(&add);
    add.industry = (char *)(uintptr_t)(try->industry != NULL ? try->industry : "");
    add.vault_id = 77;
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_CUSTOMER_ADD;
    request.customer_add = &add;
    request.dry_run = try->preview;
    if (try->key != 0) {
        request.key = (ProtobufCBinaryData){.len = sizeof key, .data = key};
    }
    if (try->plan != NULL) {
        request.plan = (char *)(uintptr_t)try->plan;
    }
    house->call = (struct call){.arena = house->call_arena};
    reply__init(&house->reply);
    struct txn *txn = begin(house, try->preview ? TXN_PREVIEW : TXN_WRITE);
    struct stamp stamp = {.instant_us = try->instant_us != 0 ? try->instant_us : NOON_US};
    enum status status = STATUS_OK;
    if (try->preview) {
        status = machine_read(txn, NULL, try->peer, &stamp, &request, &house->call, &house->reply);
    } else {
        stamp.number = txn_head(txn)->number + 1;
        status = machine_write(txn, try->peer, &stamp, &request, hash, try->admitted, &house->call,
                               &house->reply);
    }
    if (status == STATUS_OK && !try->preview) {
        status = txn_commit(txn);
    }
    txn_abort(txn);
    return status;
}

static enum status answer(struct house *house, const struct try *try)
{
    assert_int_equal(attempt(house, try), STATUS_OK);
    return (enum status)house->reply.status;
}

static uint64_t head_number(struct house *house)
{
    struct txn *txn = begin(house, TXN_READ);
    const uint64_t number = txn_head(txn)->number;
    txn_abort(txn);
    return number;
}

static uint64_t counter(struct house *house)
{
    struct txn *txn = begin(house, TXN_READ);
    ProtobufCMessage *row = NULL;
    const enum status status = table_get(txn, TABLE_counter, key_u64(COUNTER_KEY), &row, NULL);
    txn_abort(txn);
    return status == STATUS_OK ? ((const CounterRecord *)row)->next : 0;
}

static const JournalRecord *record(struct house *house, uint64_t number)
{
    struct txn *txn = begin(house, TXN_READ);
    ProtobufCMessage *row = NULL;
    assert_int_equal(table_get(txn, TABLE_journal, key_u64(number), &row, NULL), STATUS_OK);
    txn_abort(txn);
    return (const JournalRecord *)row;
}

// ---- what is written down ----

static void a_write_is_done_and_written_down_in_one_commit(void **state)
{
    struct house *house = *state;
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 1}), STATUS_OK);
    assert_true(house->reply.committed);
    assert_int_equal(house->reply.customer_add->id, 1 << 8 | 1);
    assert_int_equal(counter(house), 1);
    const JournalRecord *journal = record(house, 1);
    assert_int_equal(journal->user_id, USER_OWNER);
    assert_int_equal(journal->device_id, DEVICE_OWNER);
    assert_int_equal(journal->status, STATUS_OK);
    assert_string_equal(journal->object, "C-0001");
    assert_int_equal(journal->object_id, 1 << 8 | 1);
}

static void the_root_is_the_tree_over_the_stored_records(void **state)
{
    struct house *house = *state;
    for (uint8_t i = 1; i <= 5; i++) {
        assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = i}), STATUS_OK);
    }
    struct txn *txn = begin(house, TXN_READ);
    struct tree tree = {0};
    for (uint64_t i = 1; i <= 5; i++) {
        struct bytes bytes;
        assert_int_equal(table_get_bytes(txn, TABLE_journal, key_u64(i), &bytes, NULL), STATUS_OK);
        uint8_t leaf[LEAF_BYTES];
        tree_leaf(bytes, leaf);
        tree_append(&tree, leaf);
    }
    uint8_t root[LEAF_BYTES];
    tree_root(&tree, root);
    assert_memory_equal(root, txn_head(txn)->tree_root, LEAF_BYTES);
    assert_int_equal(txn_head(txn)->number, 5);
    txn_abort(txn);
}

static void a_refusal_is_written_down_and_changes_nothing(void **state)
{
    struct house *house = *state;
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .industry = "refused", .key = 1}),
                     STATUS_FIELD_NOT_UNIQUE);
    assert_false(house->reply.committed);
    assert_int_equal(house->reply.n_problem, 1);
    assert_string_equal(house->reply.problem[0]->field, "reference");
    assert_string_equal(house->reply.detail, "industry refused");
    assert_null(house->reply.customer_add);
    assert_int_equal(counter(house), 0);
    assert_int_equal(record(house, 1)->status, STATUS_FIELD_NOT_UNIQUE);
    assert_int_equal(record(house, 1)->n_problem, 1);
}

static void an_answer_of_no_keeps_its_writes(void **state)
{
    struct house *house = *state;
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .industry = "no", .key = 1}),
                     STATUS_LOGIN_WRONG);
    assert_int_equal(counter(house), 1);
    assert_null(house->reply.customer_add);
}

static void a_failure_behind_the_first_write_gives_the_batch_up(void **state)
{
    struct house *house = *state;
    assert_int_equal(attempt(house, &(struct try){.peer = &OWNER, .industry = "breaks", .key = 1}),
                     STATUS_SCOPE_DENIED);
    assert_int_equal(head_number(house), 0);
    assert_int_equal(counter(house), 0);
}

static void time_rises_when_the_clock_goes_back(void **state)
{
    struct house *house = *state;
    const int64_t late_us = NOON_US + 500;
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 1, .instant_us = late_us}),
                     STATUS_OK);
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 2, .instant_us = 5}),
                     STATUS_OK);
    assert_int_equal(record(house, 1)->instant_us, late_us);
    assert_int_equal(record(house, 2)->instant_us, late_us + 1);
}

static void only_the_key_of_a_customer_that_was_made_is_kept(void **state)
{
    struct house *house = *state;
    struct admitted_key keys[2] = {{.vault_id = 77, .key = key_random()},
                                   {.vault_id = 78, .key = key_random()}};
    const struct admitted admitted = {.key = keys, .key_count = 2};
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 1, .admitted = &admitted}),
                     STATUS_OK);
    struct txn *txn = begin(house, TXN_READ);
    struct key key;
    assert_int_equal(vault_key(txn, 77, &key), STATUS_OK);
    assert_memory_equal(key.bytes, keys[0].key.bytes, KEY_BYTES);
    assert_int_not_equal(vault_key(txn, 78, &key), STATUS_OK);
    txn_abort(txn);
}

// ---- request ids ----

static void a_repeated_request_gets_the_stored_reply_and_writes_nothing(void **state)
{
    struct house *house = *state;
    const struct try first = {.peer = &OWNER, .key = 1, .hash = 9};
    assert_int_equal(answer(house, &first), STATUS_OK);
    const uint64_t id = house->reply.customer_add->id;
    assert_int_equal(answer(house, &first), STATUS_OK);
    assert_true(house->reply.replayed);
    assert_true(house->reply.committed);
    assert_int_equal(house->reply.customer_add->id, id);
    assert_int_equal(counter(house), 1);
    assert_int_equal(head_number(house), 1);
}

static void a_repeated_refusal_stays_refused(void **state)
{
    struct house *house = *state;
    const struct try first = {.peer = &OWNER, .industry = "refused", .key = 1};
    assert_int_equal(answer(house, &first), STATUS_FIELD_NOT_UNIQUE);
    assert_int_equal(answer(house, &first), STATUS_FIELD_NOT_UNIQUE);
    assert_true(house->reply.replayed);
    assert_string_equal(house->reply.problem[0]->field, "reference");
    assert_int_equal(head_number(house), 1);
}

static void an_id_serves_one_request_of_one_device(void **state)
{
    struct house *house = *state;
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 1, .hash = 9}), STATUS_OK);
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 1, .hash = 8}),
                     STATUS_KEY_REUSED);
    assert_int_equal(answer(house, &(struct try){.peer = &SALES, .key = 1, .hash = 9}),
                     STATUS_KEY_REUSED);
    assert_int_equal(counter(house), 1);
    assert_int_equal(record(house, 2)->status, STATUS_KEY_REUSED);
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 1, .hash = 9}), STATUS_OK);
    assert_true(house->reply.replayed);
}

static void a_long_reply_is_repeated_without_its_result(void **state)
{
    struct house *house = *state;
    const struct try first = {.peer = &OWNER, .industry = "long", .key = 1};
    assert_int_equal(answer(house, &first), STATUS_OK);
    assert_int_equal(strlen(house->reply.customer_add->number), 6000);
    assert_int_equal(answer(house, &first), STATUS_OK);
    assert_true(house->reply.replayed && house->reply.committed);
    assert_null(house->reply.customer_add);
}

// ---- who may ----

static enum status standing(struct house *house, const struct peer *peer, int64_t instant_us)
{
    static uint8_t key = 100;
    key++;
    return answer(house, &(struct try){.peer = peer, .key = key, .instant_us = instant_us});
}

static void a_session_ends_with_its_time(void **state)
{
    struct house *house = *state;
    assert_int_equal(standing(house, &OWNER, EXPIRY_US - 1), STATUS_OK);
    assert_int_equal(standing(house, &OWNER, EXPIRY_US), STATUS_SESSION_EXPIRED);
    assert_int_equal(record(house, 2)->status, STATUS_SESSION_EXPIRED);
}

static void a_session_belongs_to_its_device(void **state)
{
    struct house *house = *state;
    const struct peer borrowed = {.device_id = DEVICE_SALES, .session_id = SESSION_OWNER};
    assert_int_equal(standing(house, &borrowed, 0), STATUS_SESSION_EXPIRED);
    const struct peer logged_out = {.device_id = DEVICE_OWNER};
    assert_int_equal(standing(house, &logged_out, 0), STATUS_LOGIN_NEEDED);
    const struct peer nobody = {.session_id = SESSION_OWNER};
    assert_int_equal(standing(house, &nobody, 0), STATUS_DEVICE_UNKNOWN);
}

static void set_states(struct house *house, UserState user_state, DeviceState device_state)
{
    struct txn *txn = begin(house, TXN_WRITE);
    ProtobufCMessage *user = NULL;
    ProtobufCMessage *device = NULL;
    assert_int_equal(table_get(txn, TABLE_user, key_u64(USER_SALES), &user, NULL), STATUS_OK);
    assert_int_equal(table_get(txn, TABLE_device, key_u64(DEVICE_SALES), &device, NULL), STATUS_OK);
    ((UserRecord *)user)->state = user_state;
    ((DeviceRecord *)device)->state = device_state;
    put(txn, TABLE_user, USER_SALES, user);
    put(txn, TABLE_device, DEVICE_SALES, device);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    arena_reset(house->arena);
}

static void a_disabled_user_and_a_revoked_device_are_denied(void **state)
{
    struct house *house = *state;
    set_states(house, USER_STATE__USER_STATE_DISABLED, DEVICE_STATE__DEVICE_STATE_ACTIVE);
    assert_int_equal(standing(house, &SALES, 0), STATUS_USER_DISABLED);
    set_states(house, USER_STATE__USER_STATE_ACTIVE, DEVICE_STATE__DEVICE_STATE_REVOKED);
    assert_int_equal(standing(house, &SALES, 0), STATUS_DEVICE_UNKNOWN);
    set_states(house, USER_STATE__USER_STATE_ACTIVE, DEVICE_STATE__DEVICE_STATE_ACTIVE);
    assert_int_equal(standing(house, &SALES, 0), STATUS_OK);
}

// What the rules say of a command for a peer, without running it.
static enum status verdict(struct house *house, const struct peer *peer, const char *name,
                           const struct filter **filter)
{
    struct txn *txn = begin(house, TXN_READ);
    house->call = (struct call){
        .arena = house->call_arena, .command = command_by_name(name), .instant_us = NOON_US};
    Request request;
    request__init(&request);
    assert_non_null(house->call.command);
    assert_int_equal(access_check(txn, peer, &request, &house->call, filter), STATUS_OK);
    txn_abort(txn);
    return house->call.status;
}

static void what_no_role_grants_is_denied(void **state)
{
    struct house *house = *state;
    const struct filter *filter = NULL;
    assert_int_equal(verdict(house, &SALES, "payment_add", &filter), STATUS_PERMISSION_DENIED);
    assert_int_equal(verdict(house, &OWNER, "payment_add", &filter), STATUS_OK);
    assert_int_equal(verdict(house, &OWNER, "session_expire", &filter), STATUS_PERMISSION_DENIED);
    assert_int_equal(verdict(house, &OWNER, "session_join", &filter), STATUS_PERMISSION_DENIED);
    const struct peer invited = {.invited = true};
    assert_int_equal(verdict(house, &invited, "customer_list", &filter), STATUS_LOGIN_NEEDED);
    assert_int_equal(verdict(house, &invited, "session_join", &filter), STATUS_OK);
}

static void the_filter_is_the_union_of_the_roles(void **state)
{
    struct house *house = *state;
    const struct filter *filter = NULL;
    assert_int_equal(verdict(house, &SALES, "customer_list", &filter), STATUS_OK);
    assert_int_equal(filter->scope, SCOPE_OWN);
    assert_int_equal(filter->user_id, USER_SALES);
    assert_int_equal(filter->views[CLASS_CONTACT], VIEW_FULL);
    assert_int_equal(verdict(house, &SALES, "find", &filter), STATUS_OK);
    assert_int_equal(filter->scope, SCOPE_OWN);
    assert_int_equal(verdict(house, &OWNER, "customer_list", &filter), STATUS_OK);
    assert_int_equal(filter->scope, SCOPE_ALL);
}

// ---- previews and plans ----

static void a_preview_writes_nothing_and_its_plan_holds_until_something_changes(void **state)
{
    struct house *house = *state;
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .preview = true}), STATUS_OK);
    assert_int_equal(house->reply.customer_add->version, 1);
    assert_false(house->reply.committed);
    assert_int_equal(strlen(house->reply.plan), 32);
    assert_int_equal(head_number(house), 0);
    assert_int_equal(counter(house), 0);

    char plan[33];
    memcpy(plan, house->reply.plan, sizeof plan);
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 1, .plan = plan}),
                     STATUS_OK);
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 2, .plan = plan}),
                     STATUS_PLAN_CHANGED);
    assert_int_equal(counter(house), 1);
    assert_int_equal(record(house, 2)->status, STATUS_PLAN_CHANGED);
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 3, .plan = "zz"}),
                     STATUS_PLAN_CHANGED);
}

// ---- replay ----

static void replay_all(struct house *house, struct store *into)
{
    struct arena *arena = arena_make((size_t)64 * 1024 * 1024);
    const uint64_t count = head_number(house);
    for (uint64_t i = 1; i <= count; i++) {
        const JournalRecord *journal = record(house, i);
        struct txn *txn = NULL;
        assert_int_equal(txn_begin(into, TXN_WRITE, arena, &txn), STATUS_OK);
        enum status status = STATUS_ENVIRONMENT;
        assert_int_equal(machine_replay(txn, journal, arena, &status), STATUS_OK);
        assert_int_equal(status, journal->status);
        assert_int_equal(txn_commit(txn), STATUS_OK);
        txn_abort(txn);
        arena_reset(arena);
    }
    arena_free(arena);
}

static void the_same_journal_replayed_gives_the_same_root(void **state)
{
    struct house *house = *state;
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .key = 1}), STATUS_OK);
    assert_int_equal(answer(house, &(struct try){.peer = &OWNER, .industry = "refused", .key = 2}),
                     STATUS_FIELD_NOT_UNIQUE);
    assert_int_equal(answer(house, &(struct try){.peer = &SALES, .key = 1}), STATUS_KEY_REUSED);
    assert_int_equal(standing(house, &OWNER, EXPIRY_US), STATUS_SESSION_EXPIRED);

    struct house other = {.temporary = house->temporary, .arena = arena_make(1 << 24)};
    other.store = people_store(&house->temporary, "again");
    people_put(other.store);
    replay_all(house, other.store);
    struct txn *here = begin(house, TXN_READ);
    struct txn *there = begin(&other, TXN_READ);
    assert_int_equal(txn_head(here)->number, txn_head(there)->number);
    assert_memory_equal(txn_head(here)->tree_root, txn_head(there)->tree_root, LEAF_BYTES);
    assert_int_equal(txn_head(here)->instant_us, txn_head(there)->instant_us);
    txn_abort(here);
    txn_abort(there);
    store_close(other.store);
    arena_free(other.arena);
}

// ---- secrets ----

static void no_message_inside_a_request_holds_a_secret(const ProtobufCMessageDescriptor *message)
{
    for (unsigned i = 0; i < message->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->fields[i];
        assert_int_not_equal(field_of(message, i).field_class, CLASS_SECRET);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            no_message_inside_a_request_holds_a_secret(field->descriptor);
        }
    }
}

static void secrets_stand_in_top_messages_of_sessions_only(void **state)
{
    (void)state;
    for (size_t c = 0; c < command_count(); c++) {
        const ProtobufCMessageDescriptor *message = command_at(c)->request;
        for (unsigned i = 0; i < message->n_fields; i++) {
            const ProtobufCFieldDescriptor *field = &message->fields[i];
            if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
                no_message_inside_a_request_holds_a_secret(field->descriptor);
            }
            const bool is_secret = field_of(message, i).field_class == CLASS_SECRET;
            assert_true(!is_secret || strcmp(field->name, "password") == 0 ||
                        strcmp(field->name, "old_password") == 0 ||
                        strcmp(field->name, "code") == 0);
        }
    }
}

static void a_request_with_a_password_is_not_clean(void **state)
{
    (void)state;
    SessionLogin login;
    session_login__init(&login);
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_SESSION_LOGIN;
    request.session_login = &login;
    const struct command *command = command_by_name("session_login");
    assert_true(journal_is_clean(command, &request));
    login.password = (char *)(uintptr_t) "correct horse";
    assert_false(journal_is_clean(command, &request));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_write_is_done_and_written_down_in_one_commit),
        CASE(the_root_is_the_tree_over_the_stored_records),
        CASE(a_refusal_is_written_down_and_changes_nothing),
        CASE(an_answer_of_no_keeps_its_writes),
        CASE(a_failure_behind_the_first_write_gives_the_batch_up),
        CASE(time_rises_when_the_clock_goes_back),
        CASE(only_the_key_of_a_customer_that_was_made_is_kept),
        CASE(a_repeated_request_gets_the_stored_reply_and_writes_nothing),
        CASE(a_repeated_refusal_stays_refused),
        CASE(an_id_serves_one_request_of_one_device),
        CASE(a_long_reply_is_repeated_without_its_result),
        CASE(a_session_ends_with_its_time),
        CASE(a_session_belongs_to_its_device),
        CASE(a_disabled_user_and_a_revoked_device_are_denied),
        CASE(what_no_role_grants_is_denied),
        CASE(the_filter_is_the_union_of_the_roles),
        CASE(a_preview_writes_nothing_and_its_plan_holds_until_something_changes),
        CASE(the_same_journal_replayed_gives_the_same_root),
        cmocka_unit_test(secrets_stand_in_top_messages_of_sessions_only),
        cmocka_unit_test(a_request_with_a_password_is_not_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
