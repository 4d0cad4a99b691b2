// SPDX-License-Identifier: Apache-2.0

// Sixty-four clients at a credit limit: who issues the last invoice that it bears, who uses an
// override, and payments that make room meanwhile. Prints what happened and ends with 0 when every
// claim holds.

#include "shared/wire.h"
#include "tests/race/together.h"

#define LIMIT_MINOR 100000
#define PIECE_MINOR 10000

static void set_policy(struct client *client)
{
    CreditPolicy policy;
    credit_policy__init(&policy);
    policy.check = CREDIT_CHECK__CREDIT_CHECK_BLOCK;
    policy.credit = CREDIT_MODE__CREDIT_MODE_CASH;
    (void)load_call(client->link, client->arena,
                    load_request(client->arena, "credit_policy", &policy.base), STATUS_OK);
}

static uint64_t new_debtor(struct client *client)
{
    CustomerAdd add;
    customer_add__init(&add);
    char name[] = "额度有限公司";
    add.kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add.name = name;
    add.credit_limit_minor = LIMIT_MINOR;
    return ((const CustomerAddReply *)load_call(
                client->link, client->arena, load_request(client->arena, "customer_add", &add.base),
                STATUS_OK))
        ->id;
}

static Request *issue(struct arena *arena, uint64_t customer_id)
{
    InvoiceIssue *issue = (InvoiceIssue *)wire_make(arena, &invoice_issue__descriptor);
    assert(issue != NULL);
    issue->customer_id = customer_id;
    issue->amount_minor = PIECE_MINOR;
    return load_request(arena, "invoice_issue", &issue->base);
}

static Request *pay(struct arena *arena, uint64_t customer_id)
{
    PaymentAdd *pay = (PaymentAdd *)wire_make(arena, &payment_add__descriptor);
    assert(pay != NULL);
    pay->customer_id = customer_id;
    pay->amount_minor = PIECE_MINOR;
    return load_request(arena, "payment_add", &pay->base);
}

static Request *look_on(struct arena *arena)
{
    return load_request(arena, "session_whoami", wire_make(arena, &session_whoami__descriptor));
}

static CreditCard card(struct client *client, uint64_t customer_id)
{
    CreditShow ask;
    credit_show__init(&ask);
    ask.customer_id = customer_id;
    return *(const CreditCard *)load_call(client->link, client->arena,
                                          load_request(client->arena, "credit_show", &ask.base),
                                          STATUS_OK);
}

// Room for ten invoices, sixty-four are wanted.
static void fill(struct client clients[static CLIENTS], uint64_t customer_id)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].request = issue(clients[i].arena, customer_id);
    }
    together(clients);
    must(count_status(clients, STATUS_OK) == LIMIT_MINOR / PIECE_MINOR,
         "64 issue 100.00 at a limit of 1,000.00: exactly ten succeed");
    must(count_status(clients, STATUS_CREDIT_OVER_LIMIT) == CLIENTS - LIMIT_MINOR / PIECE_MINOR,
         "54 hear that the limit would be passed");
    must(card(&clients[0], customer_id).exposure_minor == LIMIT_MINOR, "exactly the limit is used");
}

// Half of them pay and half of them issue, at a limit that is used up: whatever the order, no more
// is issued than was paid.
static void pay_and_issue(struct client clients[static CLIENTS], uint64_t customer_id)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].request =
            i % 8 == 0   ? pay(clients[i].arena, customer_id)
            : i % 2 == 0 ? issue(clients[i].arena, customer_id)
                         : load_request(clients[i].arena, "session_whoami",
                                        wire_make(clients[i].arena, &session_whoami__descriptor));
    }
    together(clients);
    size_t paid = 0, issued = 0;
    for (size_t i = 0; i < CLIENTS; i += 2) {
        const bool done = clients[i].status == STATUS_OK;
        paid += i % 8 == 0 && done;
        issued += i % 8 != 0 && done;
    }
    must(paid == CLIENTS / 8, "eight pay 100.00, and all of them can");
    must(issued <= paid, "meanwhile 24 issue 100.00: no more succeed than were paid");
    const CreditCard after = card(&clients[0], customer_id);
    must(after.exposure_minor <= LIMIT_MINOR, "the exposure has not passed the limit");
    must(after.exposure_minor == LIMIT_MINOR + ((int64_t)issued - (int64_t)paid) * PIECE_MINOR,
         "what is owed is what was issued less what was paid");
}

// One override for many who are at the limit. The other half looks on: a session is told to be
// quiet after too many refusals.
static void use_override(struct client clients[static CLIENTS])
{
    char reason[] = "season";
    struct client *owner = &clients[0];
    const uint64_t customer_id = new_debtor(owner);
    for (size_t i = 0; i < LIMIT_MINOR / PIECE_MINOR; i++) {
        (void)load_call(owner->link, owner->arena, issue(owner->arena, customer_id), STATUS_OK);
    }
    CreditOverride override;
    credit_override__init(&override);
    override.customer_id = customer_id;
    override.amount_minor = PIECE_MINOR;
    override.reason = reason;
    (void)load_call(owner->link, owner->arena,
                    load_request(owner->arena, "credit_override", &override.base), STATUS_OK);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].request =
            i % 2 == 0 ? issue(clients[i].arena, customer_id) : look_on(clients[i].arena);
    }
    together(clients);
    size_t issued = 0;
    for (size_t i = 0; i < CLIENTS; i += 2) {
        issued += clients[i].status == STATUS_OK;
    }
    must(issued == 1, "32 are at the limit and one override is there: exactly one is let through");
    const CreditCard after = card(owner, customer_id);
    must(after.exposure_minor == LIMIT_MINOR + PIECE_MINOR, "the limit is passed by it alone");
    must(after.n_override == 1 && !after.override[0]->open && after.override[0]->used_by[0] != '\0',
         "the override says which document used it");
}

static void limit(struct load *load, struct client *clients)
{
    (void)load;
    set_policy(&clients[0]);
    const uint64_t customer_id = new_debtor(&clients[0]);
    fill(clients, customer_id);
    pay_and_issue(clients, customer_id);
    use_override(clients);
}

int main(int count, char **words)
{
    return together_run(count, words, limit);
}
