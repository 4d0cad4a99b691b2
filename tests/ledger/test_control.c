// SPDX-License-Identifier: Apache-2.0
// The second person, from the command table: what names a control is stopped and can be approved,
// and whoever asked for something approves it on no path.
#include "server/ledger/control.h"
#include "server/ledger/reading.h"
#include "shared/fields.h"
#include "shared/wire.h"
#include "tests/ledger/path.h"
#include "tests/ledger/scene.h"
#include "tests/unit/unit.h"

#define TODAY 20778 // 2026-11-21

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene_open(scene, "CNY", "cn-enterprise", TODAY); // one that keeps an allowance
    *state = scene;
    return 0;
}

// Every book of this suite must come out the same when its journal runs again.
static int tear_down(void **state)
{
    struct scene *scene = *state;
    const char *finding = scene_replay(scene);
    if (finding != NULL) {
        print_error("%s\n", finding);
    }
    scene_close(scene);
    free(scene);
    return finding == NULL ? 0 : -1;
}

// ---- asking ----

static void act_as(struct scene *scene, const char *name)
{
    assert_true(scene_act_as(scene, name, false));
}

static uint64_t user_of(const struct scene *scene, const char *name)
{
    for (size_t i = 0; i < SCENE_PEOPLE; i++) {
        if (strcmp(scene_person(i), name) == 0) {
            return scene->user_id[i];
        }
    }
    fail();
    return 0;
}

// "path=value path=value" (path.h).
static ProtobufCMessage *message_of(struct scene *scene, const struct command *command,
                                    const char *fields)
{
    const struct path_context context = {
        .arena = scene->arena, .decimals = scene->decimals, .today = scene->today};
    ProtobufCMessage *message = wire_make(scene->arena, command->request);
    char *rest = arena_copy(scene->arena, fields, strlen(fields));
    for (char *pair = strsep(&rest, " "); pair != NULL; pair = strsep(&rest, " ")) {
        char *value = strchr(pair, '=');
        assert_non_null(value);
        *value = '\0';
        const bool is_set = path_write(&context, message, pair, value + 1);
        if (!is_set) {
            print_error("%s: %s\n", command->name, pair);
        }
        assert_true(is_set);
    }
    return message;
}

static const Reply *ask_around(struct scene *scene, const struct scene_envelope *around,
                               const char *name, const char *fields)
{
    const struct command *command = command_by_name(name);
    Reply *reply = NULL;
    assert_non_null(command);
    scene_send(scene, command, message_of(scene, command, fields), around, &reply);
    return reply;
}

static const Reply *ask(struct scene *scene, const char *name, const char *fields)
{
    const struct scene_envelope around = {0};
    return ask_around(scene, &around, name, fields);
}

static void ask_ok(struct scene *scene, const char *name, const char *fields)
{
    const Reply *reply = ask(scene, name, fields);
    if (reply->status != STATUS_OK) {
        print_error("%s %s: %s\n", name, fields, status_code((enum status)reply->status));
    }
    assert_int_equal(reply->status, STATUS_OK);
}

static const char *with_id(struct scene *scene, const char *format, uint64_t id)
{
    const char *text = arena_print(scene->arena, "%s%llu", format, (unsigned long long)id);
    assert_non_null(text);
    return text;
}

// The number of what waits is its place among the rows: the newest is asked for.
static uint64_t newest_approval(struct scene *scene)
{
    act_as(scene, "owner");
    const Reply *reply = ask(scene, "approval_list", "decided=true");
    assert_int_equal(reply->status, STATUS_OK);
    assert_true(reply->approval_list->n_row > 0);
    return reply->approval_list->row[0]->id;
}

static enum status decide(struct scene *scene, const char *who, const char *verb, uint64_t id)
{
    act_as(scene, who);
    const char *reason = strcmp(verb, "approval_approve") == 0 ? "" : " reason=x";
    const char *fields =
        arena_print(scene->arena, "approval_id=%llu%s", (unsigned long long)id, reason);
    return (enum status)ask(scene, verb, fields)->status;
}

// ---- what is stopped ----

// A request of each command that names a control, for which its rule must stop it. A command that
// is not here fails the suite: it comes with a line.
struct sample {
    const char *command;
    const char *fields;
};

static const struct sample SAMPLES[] = {
    {"user_invite", "login=new role=sales"},
    {"user_reset", "user_id=@peter"},
    {"user_edit", "user_id=@peter team=north"},
    {"customer_add", "kind=organisation name=Green_Hill credit_limit=10"},
    {"customer_edit", "customer_id=@customer version=1 credit_limit=10"},
    {"customer_bank", "customer_id=@customer bank_account=622588"},
    {"customer_erase", "customer_id=@lead reason=asked"},
    {"quota_set", "rows=60000"},
    {"invoice_credit", "invoice_id=@invoice reason=scratch"},
    {"invoice_reverse", "invoice_id=@invoice reason=wrong"},
    {"payment_add", "customer_id=@customer amount=1"},
    {"payment_reverse", "payment_id=@payment reason=wrong"},
    {"opening_add", "customer_id=@customer amount=10 opening=2026-10-31"},
    {"opening_account", "opening=2026-10-31 line[0].account=1001 line[0].debit=7"},
    {"entry_add", "text=Stamps line[0].account=6602 line[0].debit=7 line[1].account=1001 "
                  "line[1].credit=7"},
    {"entry_reverse", "entry_id=@entry reason=twice"},
    {"tax_exempt", "from=2026-10-01 to=2026-10-31"},
    {"credit_confirm", "customer_id=@rated"},
    {"credit_override", "customer_id=@customer amount=1 reason=trusted"},
    {"refund_add", "customer_id=@customer amount=1 reason=back"},
    {"refund_reverse", "refund_id=@refund reason=returned"},
    {"writeoff_add", "invoice_id=@invoice reason=bankrupt"},
    {"writeoff_recover", "writeoff_id=@writeoff amount=1"},
    {"writeoff_reverse", "writeoff_id=@writeoff reason=wrong"},
    {"rate_set", "currency=USD rate=9"},
    {"revaluation_run", "date=2026-10-31"},
    {"payment_allocate", "payment_id=@abroad"},
    {"invoice_apply", "invoice_id=@note"},
    {"customer_net", "customer_id=@overseas currency=USD"},
    {"credit_guarantee", "customer_id=@customer amount=1"},
    {"credit_policy", "class=vip check=warn credit=cash"},
    {"dunning_waive", "invoice_id=@charge reason=trusted"},
    {"provision_set", "amount=7"},
    {"cost_add", "kind=marketing amount=7"},
    {"cost_reverse", "cost_id=@cost reason=twice"},
    {"reconcile_match", "bank_line_id=@line customer_id=@customer"},
    {"reconcile_ignore", "bank_line_id=@line reason=scratch"},
    {"reconcile_unmatch", "bank_line_id=@matched reason=wrong"},
    {"period_reopen", "period=2026-09 reason=late"},
    {"invoice_issue", "customer_id=@customer amount=1"},
    {"order_invoice", "order_id=@order"},
    {"rule_set", "kind=payment off=true"},
    {"role_add", "word=temp name=Temp"},
    {"role_rename", "role_id=4 name=Reader"},
    {"role_remove", "role_id=@role"},
    {"role_grant", "role_id=6 permission=entry.list scope=all"},
    {"role_revoke", "role_id=6 permission=invoice.list"},
    {"role_deny", "role_id=6 permission=invoice.list"},
    {"role_allow", "role_id=@role permission=invoice.list"},
    {"role_mask", "role_id=6 class=contact view=full"},
    {"role_apply", "change[0].role_id=6 change[0].permission=entry.list change[0].scope=all"},
};

struct ground {
    uint64_t customer_id;
    uint64_t lead_id;  // a customer without documents
    uint64_t rated_id; // one whose payments make a good score
    uint64_t invoice_id;
    uint64_t payment_id;
    uint64_t entry_id;
    uint64_t cost_id;
    uint64_t role_id;
    uint64_t line_id;
    uint64_t matched_id; // a line that made a payment
    uint64_t charge_id;  // a debit note
    uint64_t order_id;   // a confirmed one
    uint64_t refund_id;
    uint64_t writeoff_id;
    uint64_t overseas_id;
    uint64_t abroad_id; // money in another currency, worth less than what it would settle
    uint64_t note_id;   // a credit note like it
};

// A customer who was reminded, and charged for it.
static uint64_t charge(struct scene *scene)
{
    const Reply *reply = ask(scene, "customer_add", "kind=organisation name=Late_Payer");
    assert_int_equal(reply->status, STATUS_OK);
    ask_ok(scene, "invoice_issue",
           with_id(scene, "amount=100 date=2026-10-01 due=2026-10-01 customer_id=",
                   reply->customer_add->id));
    ask_ok(scene, "dunning_procedure",
           "from=2026-10-01 level[0].overdue_days=1 level[0].fee=10 level[0].charge=true");
    ask_ok(scene, "dunning_run", with_id(scene, "customer_id=", reply->customer_add->id));
    ask_ok(scene, "dunning_issue", "every=true");
    reply = ask(scene, "find", "noun=invoice text=DB-2026-0001");
    assert_true(reply->status == STATUS_OK && reply->find->n_row == 1);
    return reply->find->row[0]->id;
}

// A line of a bank statement that waits, and one that made a payment of the customer.
static void prepare_lines(struct scene *scene, struct ground *ground)
{
    ask_ok(scene, "bank_add", "account=1002 name=Bank");
    const Reply *reply = ask(scene, "bank_begin",
                             "bank_id=1002 fingerprint=05*32 format=csv from_day=2026-11-01 "
                             "to_day=2026-11-02 line_count=2");
    assert_int_equal(reply->status, STATUS_OK);
    ask_ok(scene, "bank_lines",
           with_id(scene,
                   "line[0].value_day=2026-11-01 line[0].amount=5 line[0].occurrence=1 "
                   "line[1].value_day=2026-11-02 line[1].amount=6 line[1].occurrence=1 "
                   "bank_statement_id=",
                   reply->bank_begin->id));
    reply = ask(scene, "reconcile_next", "bank_id=1002");
    assert_int_equal(reply->status, STATUS_OK);
    assert_int_equal(reply->reconcile_next->n_row, 2);
    ground->line_id = reply->reconcile_next->row[0]->id;
    ground->matched_id = reply->reconcile_next->row[1]->id;
    reply = ask(scene, "customer_add", "kind=organisation name=Payer");
    assert_int_equal(reply->status, STATUS_OK);
    ask_ok(scene, "reconcile_match",
           arena_print(scene->arena, "bank_line_id=%llu customer_id=%llu",
                       (unsigned long long)ground->matched_id,
                       (unsigned long long)reply->customer_add->id));
}

static uint64_t issue(struct scene *scene, uint64_t customer_id, const char *fields)
{
    const char *all =
        arena_print(scene->arena, "%s customer_id=%llu", fields, (unsigned long long)customer_id);
    const Reply *reply = ask(scene, "invoice_issue", all);
    assert_int_equal(reply->status, STATUS_OK);
    return reply->invoice_issue->id;
}

// A debt at 7 for 100, a payment on account and an open credit note at less than nine tenths of
// that: each step of the rate is near what somebody else said.
static void prepare_abroad(struct scene *scene, struct ground *ground)
{
    const Reply *reply = ask(scene, "customer_add", "kind=organisation name=Overseas");
    assert_int_equal(reply->status, STATUS_OK);
    const uint64_t id = reply->customer_add->id;
    ground->overseas_id = id;
    ask_ok(scene, "rate_set", "currency=USD rate=7 date=2026-10-01");
    ask_ok(scene, "rate_set", "currency=USD rate=7.5 date=2026-10-31");
    ask_ok(scene, "rate_set", "currency=USD rate=6.4 date=2026-11-01");
    act_as(scene, "clerk");
    ask_ok(scene, "rate_set", "currency=USD rate=5.9 date=2026-11-02");
    act_as(scene, "owner");
    const uint64_t paid_id = issue(scene, id, "currency=USD amount=100 date=2026-11-02");
    ask_ok(scene, "payment_add",
           with_id(scene, "currency=USD amount=100 date=2026-11-02 customer_id=", id));
    (void)issue(scene, id, "currency=USD amount=100 date=2026-10-01");
    reply = ask(scene, "invoice_credit",
                with_id(scene, "amount=100 date=2026-11-02 reason=returned invoice_id=", paid_id));
    assert_int_equal(reply->status, STATUS_OK);
    ground->note_id = reply->invoice_credit->id;
    reply =
        ask(scene, "payment_add",
            with_id(scene,
                    "currency=USD amount=100 date=2026-11-02 no_allocate=true customer_id=", id));
    assert_int_equal(reply->status, STATUS_OK);
    ground->abroad_id = reply->payment_add->id;
}

// A claim that was given up in part, and money that was paid back.
static void prepare_given(struct scene *scene, struct ground *ground)
{
    const Reply *reply = ask(scene, "customer_add", "kind=organisation name=Given_Up");
    assert_int_equal(reply->status, STATUS_OK);
    const uint64_t id = reply->customer_add->id;
    const uint64_t invoice_id = issue(scene, id, "amount=10");
    reply = ask(scene, "writeoff_add", with_id(scene, "amount=5 reason=x invoice_id=", invoice_id));
    assert_int_equal(reply->status, STATUS_OK);
    ground->writeoff_id = reply->writeoff_add->id;
    ask_ok(scene, "payment_add", with_id(scene, "amount=5 no_allocate=true customer_id=", id));
    reply = ask(scene, "refund_add", with_id(scene, "amount=5 reason=x customer_id=", id));
    assert_int_equal(reply->status, STATUS_OK);
    ground->refund_id = reply->refund_add->id;
    ask_ok(scene, "credit_policy", "class=vip check=block credit=cash");
}

// Three documents of the month before, paid on their day: enough for a grade and a suggested limit.
static uint64_t rated_customer(struct scene *scene)
{
    const Reply *reply = ask(scene, "customer_add", "kind=organisation name=Good_Payer");
    assert_int_equal(reply->status, STATUS_OK);
    const uint64_t id = reply->customer_add->id;
    for (int i = 0; i < 3; i++) {
        ask_ok(scene, "invoice_issue",
               with_id(scene, "amount=10 date=2026-10-01 customer_id=", id));
    }
    ask_ok(scene, "payment_add", with_id(scene, "amount=30 date=2026-10-01 customer_id=", id));
    return id;
}

// A small-scale taxpayer with tax of October on an account of its own, within the limit.
static void exempt_tax(struct scene *scene, uint64_t customer_id)
{
    ask_ok(scene, "tax_use", "taxpayer=small from=2026-10-01");
    ask_ok(scene, "tax_separate", "from=2026-10-01");
    ask_ok(scene, "invoice_issue",
           with_id(scene, "amount=10 tax_bp=3% date=2026-10-05 customer_id=", customer_id));
}

static uint64_t confirmed_order(struct scene *scene, uint64_t customer_id)
{
    act_as(scene, "clerk"); // who wrote it does not approve its invoice
    const Reply *reply =
        ask(scene, "order_add", with_id(scene, "amount=5 customer_id=", customer_id));
    assert_int_equal(reply->status, STATUS_OK);
    const uint64_t id = reply->order_add->id;
    ask_ok(scene, "order_confirm", with_id(scene, "order_id=", id));
    act_as(scene, "owner");
    return id;
}

// A customer with an invoice, a role that nobody holds, and a second owner to ask and to approve.
static struct ground prepare(struct scene *scene)
{
    struct ground ground;
    act_as(scene, "owner");
    const Reply *reply = ask(scene, "customer_add", "kind=organisation name=Far_Mountain");
    assert_int_equal(reply->status, STATUS_OK);
    ground.customer_id = reply->customer_add->id;
    reply = ask(scene, "customer_add", "kind=person name=Passer_by");
    assert_int_equal(reply->status, STATUS_OK);
    ground.lead_id = reply->customer_add->id;
    ground.rated_id = rated_customer(scene);
    reply = ask(scene, "invoice_issue",
                arena_print(scene->arena, "customer_id=%llu amount=500",
                            (unsigned long long)ground.customer_id));
    assert_int_equal(reply->status, STATUS_OK);
    ground.invoice_id = reply->invoice_issue->id;
    reply = ask(scene, "payment_add",
                with_id(scene, "amount=50 no_allocate=true customer_id=", ground.customer_id));
    assert_int_equal(reply->status, STATUS_OK);
    ground.payment_id = reply->payment_add->id;
    reply = ask(scene, "entry_add",
                "text=Tea line[0].account=6602 line[0].debit=5 line[1].account=1001 "
                "line[1].credit=5");
    assert_int_equal(reply->status, STATUS_OK);
    ground.entry_id = reply->entry_add->id;
    reply = ask(scene, "cost_add", "kind=other amount=5");
    assert_int_equal(reply->status, STATUS_OK);
    ground.cost_id = reply->cost_add->id;
    assert_int_equal(ask(scene, "period_seal", "period=2026-09")->status, STATUS_OK);
    reply = ask(scene, "role_add", "word=empty name=Empty");
    assert_int_equal(reply->status, STATUS_OK);
    ground.role_id = reply->role_add->id;
    ask_ok(scene, "role_deny",
           arena_print(scene->arena, "role_id=%llu permission=invoice.list",
                       (unsigned long long)ground.role_id));
    prepare_lines(scene, &ground);
    ground.charge_id = charge(scene);
    exempt_tax(scene, ground.rated_id);
    prepare_abroad(scene, &ground);
    prepare_given(scene, &ground);
    ground.order_id = confirmed_order(scene, ground.customer_id);
    ask_ok(scene, "user_edit", with_id(scene, "role=owner user_id=", user_of(scene, "clerk")));
    return ground;
}

static const char *filled(struct scene *scene, const struct ground *ground, const char *fields)
{
    const struct {
        const char *mark;
        uint64_t id;
    } MARKS[] = {
        {"@customer", ground->customer_id},  {"@lead", ground->lead_id},
        {"@invoice", ground->invoice_id},    {"@payment", ground->payment_id},
        {"@entry", ground->entry_id},        {"@role", ground->role_id},
        {"@line", ground->line_id},          {"@matched", ground->matched_id},
        {"@peter", user_of(scene, "peter")}, {"@rated", ground->rated_id},
        {"@cost", ground->cost_id},          {"@charge", ground->charge_id},
        {"@order", ground->order_id},        {"@refund", ground->refund_id},
        {"@writeoff", ground->writeoff_id},  {"@abroad", ground->abroad_id},
        {"@note", ground->note_id},          {"@overseas", ground->overseas_id},
    };

    for (size_t i = 0; i < COUNT_OF(MARKS); i++) {
        const char *at = strstr(fields, MARKS[i].mark);
        if (at != NULL) {
            fields = arena_print(scene->arena, "%.*s%llu%s", (int)(at - fields), fields,
                                 (unsigned long long)MARKS[i].id, at + strlen(MARKS[i].mark));
            assert_non_null(fields);
        }
    }
    return fields;
}

static const struct sample *sample_of(const struct command *command)
{
    for (size_t i = 0; i < COUNT_OF(SAMPLES); i++) {
        if (strcmp(SAMPLES[i].command, command->name) == 0) {
            return &SAMPLES[i];
        }
    }
    print_error("no sample of a %s that needs a second person\n", command->name);
    fail();
    return SAMPLES; // not reached
}

static void every_rule_on(struct scene *scene)
{
    for (int control = CONTROL_NONE + 1; control < CONTROL_COUNT; control++) {
        if (control_is_fixed((enum control)control) || control_is_held((enum control)control)) {
            continue;
        }
        ask_ok(
            scene, "rule_set",
            arena_print(scene->arena, "kind=%s always=true", control_word((enum control)control)));
    }
}

// Rows that a command could have changed: all but what waits, its number, the order that is locked
// for it, and the journal.
static uint64_t rows_beside(struct scene *scene)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    uint64_t sum = 0;
    assert_int_equal(txn_begin(scene->store, TXN_READ, scene->arena, &txn), STATUS_OK);
    for (int table = TABLE_NONE + 1; table < TABLE_LIMIT; table++) {
        const bool beside = table_record((enum table)table) != NULL &&
                            table_is_state((enum table)table) && table != TABLE_approval &&
                            table != TABLE_counter && table != TABLE_order &&
                            table != TABLE_outcome;
        struct scan *scan CLEANUP(scan_close_at) = NULL;
        enum status status =
            beside ? scan_open(txn, (enum table)table, (struct row_key){0}, 0, false, &scan)
                   : STATUS_END;
        while (status == STATUS_OK) {
            struct row_key key;
            struct bytes row;
            uint32_t version = 0;
            status = scan_next_bytes(scan, &key, &row, &version);
            sum += status == STATUS_OK ? (uint64_t)version * 1000003 + row.size : 0;
        }
        assert_int_equal(status, STATUS_END);
    }
    return sum;
}

static const JournalRecord *last_record(struct scene *scene)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *record = NULL;
    assert_int_equal(txn_begin(scene->store, TXN_READ, scene->arena, &txn), STATUS_OK);
    assert_int_equal(table_get(txn, TABLE_journal, key_u64(txn_head(txn)->number), &record, NULL),
                     STATUS_OK);
    return (const JournalRecord *)record;
}

static void stop_and_approve(struct scene *scene, const struct ground *ground,
                             const struct command *command)
{
    const struct scene_envelope dry = {.dry_run = true};
    const char *fields = filled(scene, ground, sample_of(command)->fields);
    act_as(scene, "clerk");
    const Reply *reply = ask_around(scene, &dry, command->name, fields);
    assert_int_equal(reply->status, STATUS_OK);
    assert_string_equal(reply->control, control_word(command->control));

    const uint64_t before = rows_beside(scene);
    reply = ask(scene, command->name, fields);
    if (reply->status != STATUS_APPROVAL_PENDING) {
        print_error("%s was not stopped\n", command->name);
    }
    assert_int_equal(reply->status, STATUS_APPROVAL_PENDING);
    assert_string_equal(reply->control, control_word(command->control));
    assert_true(reply->approval[0] != '\0' && !reply->committed);
    assert_true(rows_beside(scene) == before);
    assert_int_equal(last_record(scene)->n_change, 0);

    const uint64_t id = newest_approval(scene);
    assert_int_equal(decide(scene, "clerk", "approval_approve", id), STATUS_OWN_APPROVAL);
    assert_true(rows_beside(scene) == before);
    assert_int_equal(decide(scene, "owner", "approval_approve", id), STATUS_OK);
    assert_true(rows_beside(scene) != before);
    const JournalRecord *record = last_record(scene);
    assert_true(record->user_id == user_of(scene, "clerk"));
    assert_true(record->approved_by == user_of(scene, "owner"));
    assert_int_equal(record->ran, command->number);
}

static void every_command_that_names_a_control_is_stopped_and_can_be_approved(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        if (command->control == CONTROL_NONE) {
            continue;
        }
        void *book = NULL;
        assert_int_equal(set_up(&book), 0);
        struct scene *scene = book;
        const struct ground ground = prepare(scene);
        every_rule_on(scene);
        stop_and_approve(scene, &ground, command);
        assert_int_equal(tear_down(&book), 0);
        count++;
    }
    assert_int_equal(count, COUNT_OF(SAMPLES));
}

// ---- who may not approve ----

// A payment of the cashier that waits.
static uint64_t waiting_payment(struct scene *scene)
{
    const struct ground ground = prepare(scene);
    ask_ok(scene, "rule_set", "kind=payment always=true");
    act_as(scene, "cashier");
    const Reply *reply =
        ask(scene, "payment_add", with_id(scene, "amount=5 customer_id=", ground.customer_id));
    assert_int_equal(reply->status, STATUS_APPROVAL_PENDING);
    return newest_approval(scene);
}

static void put(struct txn *txn, enum table table, uint64_t id, const ProtobufCMessage *record)
{
    assert_int_equal(table_put(txn, table, key_u64(id), record), STATUS_OK);
}

// Another machine of the same person, as if it had joined.
static struct peer second_device(struct scene *scene, const char *name)
{
    const struct peer peer = {.device_id = 7001, .session_id = 7002};
    struct txn *txn = NULL;
    DeviceRecord device;
    SessionRecord session;
    device_record__init(&device);
    session_record__init(&session);
    device.id = peer.device_id;
    device.user_id = user_of(scene, name);
    device.state = DEVICE_STATE__DEVICE_STATE_ACTIVE;
    session.id = peer.session_id;
    session.device_id = peer.device_id;
    session.user_id = device.user_id;
    session.expires_us = INT64_MAX;
    session.confirmed_us = INT64_MAX / 2; // fresh
    assert_int_equal(txn_begin(scene->store, TXN_WRITE, scene->arena, &txn), STATUS_OK);
    txn_call_begin(txn, scene->arena, NULL);
    put(txn, TABLE_device, device.id, &device.base);
    put(txn, TABLE_session, session.id, &session.base);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    return peer;
}

static void give_role(struct scene *scene, const char *name, const char *role)
{
    act_as(scene, "owner");
    ask_ok(scene, "user_edit",
           arena_print(scene->arena, "user_id=%llu role=%s",
                       (unsigned long long)user_of(scene, name), role));
}

static void who_asked_does_not_approve_with_another_role(void **state)
{
    struct scene *scene = *state;
    const uint64_t id = waiting_payment(scene);
    assert_int_equal(decide(scene, "cashier", "approval_approve", id), STATUS_PERMISSION_DENIED);
    give_role(scene, "cashier", "owner");
    assert_int_equal(decide(scene, "cashier", "approval_approve", id), STATUS_OWN_APPROVAL);
    assert_int_equal(decide(scene, "cashier", "approval_decline", id), STATUS_OWN_APPROVAL);
    assert_int_equal(decide(scene, "owner", "approval_approve", id), STATUS_OK);
}

// Rows written behind the machine's back are in no journal: this book is not verified.
static int close_only(void **state)
{
    struct scene *scene = *state;
    scene_close(scene);
    free(scene);
    return 0;
}

static void who_asked_does_not_approve_from_another_device(void **state)
{
    struct scene *scene = *state;
    const uint64_t id = waiting_payment(scene);
    give_role(scene, "cashier", "owner");
    scene->peer = second_device(scene, "cashier");
    assert_int_equal(ask(scene, "approval_list", "limit=5")->approval_list->n_row, 1);
    assert_int_equal(ask(scene, "approval_approve", with_id(scene, "approval_id=", id))->status,
                     STATUS_OWN_APPROVAL);
}

// Disabled, invited anew and joined with a new device and password: the same person.
static void who_asked_does_not_approve_after_a_new_invitation(void **state)
{
    struct scene *scene = *state;
    const uint64_t id = waiting_payment(scene);
    act_as(scene, "owner");
    ask_ok(scene, "user_disable",
           with_id(scene, "reason=gone user_id=", user_of(scene, "cashier")));
    const struct command *command = command_by_name("user_invite");
    ProtobufCMessage *invite = message_of(scene, command, "login=cashier role=owner");
    Reply *reply = NULL;
    scene_run(scene, command, invite, false, &reply);
    assert_int_equal(reply->status, STATUS_OK);
    assert_true(reply->user_invite->id == user_of(scene, "cashier"));

    const ProtobufCBinaryData invitation = ((const UserInvite *)invite)->invitation_id;
    scene->peer = (struct peer){.invited = true};
    memcpy(scene->peer.invitation_id, invitation.data, sizeof scene->peer.invitation_id);
    command = command_by_name("session_join");
    ProtobufCMessage *join =
        message_of(scene, command,
                   "device_name=new device_key=77*32 device_hash=00*16 password_hash=79*49 "
                   "token_hash=7a*32");
    SessionJoin *joining = (SessionJoin *)join;
    joining->invitation_id = invitation;
    store_hash(scene->store, "device", bytes_of(joining->device_key.data, joining->device_key.len),
               joining->device_hash.data);
    scene_run(scene, command, join, false, &reply);
    assert_int_equal(reply->status, STATUS_OK);
    uint8_t device_key[KEY_BYTES];
    uint64_t device_id = 0;
    memset(device_key, 0x77, sizeof device_key);
    assert_true(views_device_of_key(scene->views, device_key, &device_id));
    scene->peer =
        (struct peer){.device_id = device_id, .session_id = reply->session_join->session_id};
    assert_int_equal(ask(scene, "approval_approve", with_id(scene, "approval_id=", id))->status,
                     STATUS_OWN_APPROVAL);
}

// Who loosens the rule meanwhile does not get the old request through alone.
static void a_rule_that_is_taken_away_leaves_what_waits(void **state)
{
    struct scene *scene = *state;
    const uint64_t id = waiting_payment(scene);
    give_role(scene, "cashier", "owner");
    act_as(scene, "cashier");
    ask_ok(scene, "rule_set", "kind=payment off=true");
    assert_int_equal(decide(scene, "cashier", "approval_approve", id), STATUS_OWN_APPROVAL);
}

// The creator is not the approver, but the one who drafted what it is about is no approver either.
static void who_wrote_or_edited_the_draft_counts_as_creator(void **state)
{
    struct scene *scene = *state;
    const struct ground ground = prepare(scene);
    act_as(scene, "owner");
    const Reply *reply =
        ask(scene, "invoice_draft", with_id(scene, "amount=5 customer_id=", ground.customer_id));
    assert_int_equal(reply->status, STATUS_OK);
    const uint64_t draft_id = reply->invoice_draft->id;
    act_as(scene, "clerk");
    ask_ok(scene, "invoice_edit", with_id(scene, "notes=x invoice_id=", draft_id));
    ask_ok(scene, "rule_set", "kind=credit-note always=true");

    // No command that needs a second person takes a draft yet; one that will gets this for nothing.
    InvoiceCredit credit;
    invoice_credit__init(&credit);
    credit.invoice_id = draft_id;
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    assert_int_equal(txn_begin(scene->store, TXN_PREVIEW, scene->arena, &txn), STATUS_OK);
    txn_call_begin(txn, scene->arena, NULL);
    struct call call = {.arena = scene->arena,
                        .command = command_by_name("invoice_credit"),
                        .request = &credit.base,
                        .user_id = user_of(scene, "manager")};
    problems_init(&call.problems, scene->arena);
    assert_int_equal(control_check(txn, &call, CONTROL_CREDIT_NOTE, 500), STATUS_OK);
    ApprovalRecord *approval = NULL;
    assert_int_equal(approval_get(txn, key_u64(call.object_id), &approval), STATUS_OK);
    assert_int_equal(approval->n_author, 2);
    assert_true(approval->author[0] == user_of(scene, "owner"));
    assert_true(approval->author[1] == user_of(scene, "clerk"));
    assert_true(approval->customer_id == ground.customer_id);
}

// ---- what it leaves behind ----

static void a_repeat_of_the_request_id_answers_the_same_number(void **state)
{
    struct scene *scene = *state;
    const struct ground ground = prepare(scene);
    ask_ok(scene, "rule_set", "kind=payment always=true");
    act_as(scene, "cashier");
    const struct scene_envelope around = {.key = 9};
    const char *fields = with_id(scene, "amount=5 customer_id=", ground.customer_id);
    const Reply *reply = ask_around(scene, &around, "payment_add", fields);
    assert_int_equal(reply->status, STATUS_APPROVAL_PENDING);
    assert_int_equal(decide(scene, "owner", "approval_approve", newest_approval(scene)), STATUS_OK);
    act_as(scene, "cashier");
    const Reply *again = ask_around(scene, &around, "payment_add", fields);
    assert_int_equal(again->status, STATUS_APPROVAL_PENDING);
    assert_true(again->replayed);
    assert_string_equal(again->approval, "AP-0001");
    assert_string_equal(again->control, "payment");
    assert_int_equal(ask(scene, "payment_list", "limit=9")->payment_list->n_row,
                     7); // prepare's too
}

static void a_plan_holds_for_what_waits_too(void **state)
{
    struct scene *scene = *state;
    const struct ground ground = prepare(scene);
    ask_ok(scene, "rule_set", "kind=payment over=100");
    const char *fields = with_id(scene, "amount=200 customer_id=", ground.customer_id);
    const struct scene_envelope dry = {.dry_run = true};
    act_as(scene, "cashier");
    const Reply *preview = ask_around(scene, &dry, "payment_add", fields);
    assert_int_equal(preview->status, STATUS_OK);
    const struct scene_envelope planned = {.plan = preview->plan};
    assert_int_equal(ask_around(scene, &planned, "payment_add", fields)->status,
                     STATUS_APPROVAL_PENDING);

    preview = ask_around(scene, &dry, "payment_add", fields);
    const struct scene_envelope stale = {.plan = preview->plan};
    ask_ok(scene, "payment_add", with_id(scene, "amount=7 customer_id=", ground.customer_id));
    assert_int_equal(ask_around(scene, &stale, "payment_add", fields)->status, STATUS_PLAN_CHANGED);
    assert_int_equal(ask(scene, "approval_list", "limit=9")->approval_list->n_row, 1);
}

static void more_than_what_waits_is_not_approved(void **state)
{
    struct scene *scene = *state;
    const uint64_t id = waiting_payment(scene);
    struct txn *txn = NULL;
    ProtobufCMessage *row = NULL;
    assert_int_equal(txn_begin(scene->store, TXN_WRITE, scene->arena, &txn), STATUS_OK);
    txn_call_begin(txn, scene->arena, NULL);
    assert_int_equal(table_get(txn, TABLE_approval, key_u64(id), &row, NULL), STATUS_OK);
    ((ApprovalRecord *)row)->amount_minor = 499;
    put(txn, TABLE_approval, id, row);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    assert_int_equal(decide(scene, "owner", "approval_approve", id), STATUS_APPROVAL_GREW);
}

static bool holds(struct bytes bytes, const char *text)
{
    const size_t size = strlen(text);
    for (size_t i = 0; i + size <= bytes.size; i++) {
        if (memcmp(bytes.data + i, text, size) == 0) {
            return true;
        }
    }
    return false;
}

static void what_waits_holds_no_personal_text(void **state)
{
    struct scene *scene = *state;
    (void)prepare(scene);
    ask_ok(scene, "rule_set", "kind=credit-limit always=true");
    act_as(scene, "clerk");
    const Reply *reply =
        ask(scene, "customer_add",
            "kind=person name=ZhangSanfeng phone[0]=13812342046 email=z@example.com "
            "credit_limit=10");
    assert_int_equal(reply->status, STATUS_APPROVAL_PENDING);
    const uint64_t id = newest_approval(scene);
    struct txn *txn = NULL;
    assert_int_equal(txn_begin(scene->store, TXN_READ, scene->arena, &txn), STATUS_OK);
    struct bytes row;
    struct bytes record;
    uint32_t version = 0;
    assert_int_equal(table_get_bytes(txn, TABLE_approval, key_u64(id), &row, &version), STATUS_OK);
    assert_int_equal(table_get_bytes(txn, TABLE_journal, key_u64(id >> 8), &record, &version),
                     STATUS_OK);
    txn_abort(txn);
    const char *const TEXTS[] = {"Zhang", "Sanfeng", "1381234", "2046", "example"};
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        assert_false(holds(row, TEXTS[i]));
        assert_false(holds(record, TEXTS[i]));
    }
    // The key that was drawn for it is kept: once approved it can be read.
    assert_int_equal(decide(scene, "owner", "approval_approve", id), STATUS_OK);
    reply = ask(scene, "customer_list", "query=ZhangSanfeng");
    assert_int_equal(reply->customer_list->n_row, 1);
    assert_string_equal(reply->customer_list->row[0]->name, "ZhangSanfeng");
}

// What is answered with "come again" is no outcome: the very request may be sent once more.
static void a_request_that_shall_come_again_may(void **state)
{
    struct scene *scene = *state;
    const struct scene_envelope around = {.key = 9};
    act_as(scene, "clerk");
    ask_ok(scene, "user_totp", "seed=5e*60");
    const char *confirm = "version=2 step=59000000";
    assert_int_equal(ask_around(scene, &around, "user_totp_confirm", confirm)->status, STATUS_BUSY);
    ask_ok(scene, "user_totp", "seed=5f*60");
    const Reply *reply = ask_around(scene, &around, "user_totp_confirm", confirm);
    assert_int_equal(reply->status, STATUS_OK);
    assert_false(reply->replayed);
    assert_true(ask_around(scene, &around, "user_totp_confirm", confirm)->replayed);
}

int main(void)
{
#define BOOK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define RAW_TEST(name)  cmocka_unit_test_setup_teardown(name, set_up, close_only)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_that_names_a_control_is_stopped_and_can_be_approved),
        BOOK_TEST(who_asked_does_not_approve_with_another_role),
        RAW_TEST(who_asked_does_not_approve_from_another_device),
        BOOK_TEST(who_asked_does_not_approve_after_a_new_invitation),
        BOOK_TEST(a_rule_that_is_taken_away_leaves_what_waits),
        BOOK_TEST(who_wrote_or_edited_the_draft_counts_as_creator),
        BOOK_TEST(a_repeat_of_the_request_id_answers_the_same_number),
        BOOK_TEST(a_plan_holds_for_what_waits_too),
        RAW_TEST(more_than_what_waits_is_not_approved),
        BOOK_TEST(what_waits_holds_no_personal_text),
        BOOK_TEST(a_request_that_shall_come_again_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
