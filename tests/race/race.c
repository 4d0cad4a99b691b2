// SPDX-License-Identifier: Apache-2.0

// Sixty-four clients at once, over real connections to a real server: who pays the same invoice,
// what happens on account, one request id sent by all. Prints what happened and ends with 0 when
// every claim holds.

#include "shared/wire.h"
#include "tests/race/together.h"

#include <inttypes.h>

static uint64_t new_customer(struct client *client)
{
    CustomerAdd add;
    customer_add__init(&add);
    char name[] = "竞争有限公司";
    add.kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add.name = name;
    return ((const CustomerAddReply *)load_call(
                client->link, client->arena, load_request(client->arena, "customer_add", &add.base),
                STATUS_OK))
        ->id;
}

static uint64_t new_invoice(struct client *client, uint64_t customer_id)
{
    InvoiceIssue issue;
    invoice_issue__init(&issue);
    issue.customer_id = customer_id;
    issue.amount_minor = 50000;
    return ((const InvoiceIssueReply *)load_call(
                client->link, client->arena,
                load_request(client->arena, "invoice_issue", &issue.base), STATUS_OK))
        ->id;
}

static PaymentAdd *new_payment(struct arena *arena, uint64_t customer_id, uint64_t invoice_id,
                               RestMode rest)
{
    PaymentAdd *pay = (PaymentAdd *)wire_make(arena, &payment_add__descriptor);
    Allocate *allocate = (Allocate *)wire_make(arena, &allocate__descriptor);
    Allocate **list = arena_alloc(arena, sizeof *list);
    assert(pay != NULL && allocate != NULL && list != NULL);
    allocate->invoice_id = invoice_id;
    allocate->amount_minor = rest == REST_MODE__REST_MODE_REFUSE ? 50000 : 0;
    list[0] = allocate;
    pay->customer_id = customer_id;
    pay->amount_minor = 50000;
    pay->n_allocate = invoice_id != 0 ? 1 : 0;
    pay->allocate = list;
    pay->rest = rest;
    return pay;
}

static CustomerBalanceReply balance(struct client *client, uint64_t customer_id)
{
    CustomerBalance ask;
    customer_balance__init(&ask);
    ask.customer_id = customer_id;
    return *(const CustomerBalanceReply *)load_call(
        client->link, client->arena, load_request(client->arena, "customer_balance", &ask.base),
        STATUS_OK);
}

static void books_tie(struct client *client)
{
    ReportAging ask;
    report_aging__init(&ask);
    const ReportAgingReply *aging = (const ReportAgingReply *)load_call(
        client->link, client->arena, load_request(client->arena, "report_aging", &ask.base),
        STATUS_OK);
    must(aging->control != NULL && aging->control->difference_minor == 0,
         "the aging ties to the control accounts");
}

// One invoice of 500.00, everybody pays it and refuses a rest.
static void pay_once(struct client clients[static CLIENTS])
{
    const uint64_t customer = new_customer(&clients[0]);
    const uint64_t invoice = new_invoice(&clients[0], customer);
    for (size_t i = 0; i < CLIENTS; i++) {
        PaymentAdd *pay =
            new_payment(clients[i].arena, customer, invoice, REST_MODE__REST_MODE_REFUSE);
        clients[i].request = load_request(clients[i].arena, "payment_add", &pay->base);
    }
    together(clients);
    must(count_status(clients, STATUS_OK) == 1,
         "64 pay the same 500.00 invoice and refuse a rest: exactly one succeeds");
    size_t refused = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        refused += status_exit((enum status)clients[i].status) == 10;
    }
    must(refused == CLIENTS - 1, "63 get the refusal");
    must(balance(&clients[0], customer).balance_minor == 0, "the customer owes 0.00");
    books_tie(&clients[0]);
}

// The same without a refusal of the rest.
static void pay_on_account(struct client clients[static CLIENTS])
{
    const uint64_t customer = new_customer(&clients[0]);
    (void)new_invoice(&clients[0], customer);
    for (size_t i = 0; i < CLIENTS; i++) {
        PaymentAdd *pay = new_payment(clients[i].arena, customer, 0, REST_MODE__REST_MODE_UNSET);
        clients[i].request = load_request(clients[i].arena, "payment_add", &pay->base);
    }
    together(clients);
    must(count_status(clients, STATUS_OK) == CLIENTS,
         "64 pay without refusing a rest: all succeed");
    const CustomerBalanceReply after = balance(&clients[0], customer);
    must(after.receivable_minor == 0 && after.on_account_minor == 63ll * 50000,
         "exactly 63 x 500.00 stand on account");
    books_tie(&clients[0]);
}

// Everybody sends the same request id with the same body, then one sends it with another body.
static void same_id(struct client clients[static CLIENTS])
{
    const uint64_t customer = new_customer(&clients[0]);
    PaymentAdd *pay = new_payment(clients[0].arena, customer, 0, REST_MODE__REST_MODE_UNSET);
    Request *request = load_request(clients[0].arena, "payment_add", &pay->base);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].request = request;
    }
    together(clients);
    size_t equal = 0, first = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        equal += clients[i].status == STATUS_OK && clients[i].id == clients[0].id &&
                 strcmp(clients[i].number, clients[0].number) == 0;
        first += !clients[i].replayed;
    }
    must(equal == CLIENTS, "64 send the same request id: 64 equal answers");
    must(first == 1, "one of them is the first, the others are replays");
    must(balance(&clients[0], customer).on_account_minor == 50000, "one effect");
    pay->amount_minor = 50001;
    Reply *reply = NULL;
    must(link_call(clients[0].link, request, clients[0].arena, &reply) == STATUS_OK &&
             reply->status == STATUS_KEY_REUSED,
         "the same id with another body is an error");
}

static const RuleReply *set_rule(struct client *client, bool always)
{
    RuleSet rule;
    rule_set__init(&rule);
    char kind[] = "payment";
    rule.kind = kind;
    rule.always = always;
    rule.off = !always;
    return (const RuleReply *)load_call(client->link, client->arena,
                                        load_request(client->arena, "rule_set", &rule.base),
                                        STATUS_OK);
}

// A payment of somebody else waits, and many approve it.
static void approve_once(struct load *load, struct client clients[static CLIENTS])
{
    char login[] = "anna", role[] = "finance";
    struct client creator = {.link = load_person(load, login, role),
                             .arena = arena_make(CALL_ARENA_MAX)};
    const uint64_t customer = new_customer(&clients[0]);
    (void)set_rule(&clients[0], true);
    PaymentAdd *pay = new_payment(creator.arena, customer, 0, REST_MODE__REST_MODE_UNSET);
    Reply *reply = NULL;
    must(link_call(creator.link, load_request(creator.arena, "payment_add", &pay->base),
                   creator.arena, &reply) == STATUS_OK &&
             reply->status == STATUS_APPROVAL_PENDING,
         "a payment waits for a second person");
    ApprovalList list;
    approval_list__init(&list);
    const ApprovalListReply *waiting = (const ApprovalListReply *)load_call(
        creator.link, creator.arena, load_request(creator.arena, "approval_list", &list.base),
        STATUS_OK);
    must(waiting->n_row == 1, "its creator sees it");

    for (size_t i = 0; i < CLIENTS; i++) {
        ApprovalApprove *approve =
            (ApprovalApprove *)wire_make(clients[i].arena, &approval_approve__descriptor);
        approve->approval_id = waiting->row[0]->id;
        // The other half looks on: a session is told to be quiet after too many refusals.
        clients[i].request =
            i % 2 == 0 ? load_request(clients[i].arena, "approval_approve", &approve->base)
                       : load_request(clients[i].arena, "approval_list", &list.base);
    }
    together(clients);
    must(count_status(clients, STATUS_OK) == 1 + CLIENTS / 2,
         "32 approve it at once while 32 look on: exactly one succeeds");
    must(count_status(clients, STATUS_APPROVAL_DECIDED) == CLIENTS / 2 - 1,
         "31 hear that it is decided already");
    must(balance(&clients[0], customer).on_account_minor == 50000, "it was entered once");
    (void)set_rule(&clients[0], false);
    books_tie(&clients[0]);
    link_close(creator.link);
    arena_free(creator.arena);
}

static enum status draft_as(struct client *client)
{
    InvoiceDraft draft;
    invoice_draft__init(&draft);
    draft.customer_id = client->id;
    draft.amount_minor = 100;
    Reply *reply = NULL;
    const enum status status =
        link_call(client->link, load_request(client->arena, "invoice_draft", &draft.base),
                  client->arena, &reply);
    return status == STATUS_OK ? (enum status)reply->status : status;
}

static uint64_t user_of(struct client *client, char *login)
{
    Find find;
    find__init(&find);
    find.noun = FIND_NOUN__FIND_NOUN_USER;
    find.text = login;
    const FindReply *found = (const FindReply *)load_call(
        client->link, client->arena, load_request(client->arena, "find", &find.base), STATUS_OK);
    must(found->n_row == 1, "the person is found");
    return found->row[0]->id;
}

// One link stays open while what its user may do is changed by another.
static void a_right_ends_at_once(struct load *load, struct client *owner)
{
    char login[] = "eve", finance[] = "finance", auditor[] = "auditor", reason[] = "left";
    char *roles[] = {auditor};
    struct client eve = {.link = load_person(load, login, finance),
                         .arena = arena_make(CALL_ARENA_MAX),
                         .id = new_customer(owner)};
    must(draft_as(&eve) == STATUS_OK, "a bookkeeper drafts an invoice");
    UserEdit edit;
    user_edit__init(&edit);
    edit.user_id = user_of(owner, login);
    edit.role = roles;
    edit.n_role = 1;
    (void)load_call(owner->link, owner->arena, load_request(owner->arena, "user_edit", &edit.base),
                    STATUS_OK);
    must(draft_as(&eve) == STATUS_PERMISSION_DENIED,
         "the very next request on the open link is denied when the role is gone");
    UserDisable disable;
    user_disable__init(&disable);
    disable.user_id = edit.user_id;
    disable.reason = reason;
    const int64_t began_us = clock_us();
    (void)load_call(owner->link, owner->arena,
                    load_request(owner->arena, "user_disable", &disable.base), STATUS_OK);
    bool ready = false;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && clock_us() - began_us < 2000000) {
        status = link_wait(eve.link, 10, &ready);
        if (status == STATUS_OK && ready) {
            status = draft_as(&eve);
        }
    }
    const int64_t took_us = clock_us() - began_us;
    (void)printf("        closed after %" PRId64 " ms\n", took_us / 1000);
    must(status != STATUS_OK && took_us < 1000000,
         "the open link of a disabled user is closed within a second");
    link_close(eve.link);
    arena_free(eve.arena);
}

static void race(struct load *load, struct client *clients)
{
    pay_once(clients);
    pay_on_account(clients);
    same_id(clients);
    approve_once(load, clients);
    a_right_ends_at_once(load, &clients[0]);
}

int main(int count, char **words)
{
    return together_run(count, words, race);
}
