// SPDX-License-Identifier: Apache-2.0

// Sends a seeded list of random commands to a real server: customers, drafts, invoices, credit
// notes, payments, allocations, reversals, entries; many are refused, as they should be. What they
// leave is a journal for replay (tests/sim/run).
//   random BUILD-DIRECTORY PLACE COMMANDS SEED

#include "shared/wire.h"
#include "tests/load/load.h"

#include <unistd.h>

#define KEEP 256

struct ids {
    uint64_t id[KEEP];
    size_t count;
};

struct world {
    struct load *load;
    struct link *link;
    struct arena *arena;
    uint64_t state;
    struct ids customers, invoices, drafts, payments, entries;
    uint32_t versions[KEEP];
    size_t done, refused;
};

// xorshift64*: the same seed gives the same commands on every machine.
WRAPS static uint32_t draw(struct world *world, uint32_t below)
{
    world->state ^= world->state >> 12;
    world->state ^= world->state << 25;
    world->state ^= world->state >> 27;
    return (uint32_t)((world->state * 2685821657736338717ull) >> 33) % below;
}

static void keep(struct ids *ids, uint64_t id)
{
    ids->id[ids->count++ % KEEP] = id;
}

static uint64_t any(struct world *world, const struct ids *ids)
{
    const size_t there = ids->count < KEEP ? ids->count : KEEP;
    return there == 0 ? 1 : ids->id[draw(world, (uint32_t)there)];
}

static const Reply *call(struct world *world, const Request *request)
{
    Reply *reply = NULL;
    if (link_call(world->link, request, world->arena, &reply) != STATUS_OK) {
        (void)fprintf(stderr, "random: the link failed: %s\n",
                      status_sentence(link_status(world->link)));
        abort();
    }
    return reply;
}

// NULL when it was refused.
static ProtobufCMessage *send(struct world *world, const char *name, ProtobufCMessage *inner)
{
    const Request *request = load_request(world->arena, name, inner);
    const Reply *reply = call(world, request);
    if (reply->status == STATUS_BUSY) {
        // A session is refused only so often a minute: go on in a new one.
        link_close(world->link);
        (void)load_login_us(world->load);
        world->link = load_link(world->load);
        reply = call(world, request);
    }
    if (reply->status != STATUS_OK) {
        world->refused++;
        return NULL;
    }
    world->done++;
    return wire_inner(&reply->base, wire_inner_number(&request->base));
}

static int32_t some_day(struct world *world)
{
    return 20089 + (int32_t)draw(world, 300); // 2025
}

static void add_customer(struct world *world)
{
    CustomerAdd add;
    customer_add__init(&add);
    add.kind = draw(world, 2) == 0 ? CUSTOMER_KIND__CUSTOMER_KIND_PERSON
                                   : CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add.name = arena_print(world->arena, "随机%u号", draw(world, 100000));
    add.reference = arena_print(world->arena, "R%u", draw(world, 5000));
    const CustomerAddReply *reply =
        (const CustomerAddReply *)send(world, "customer_add", &add.base);
    if (reply != NULL) {
        world->versions[world->customers.count % KEEP] = reply->version;
        keep(&world->customers, reply->id);
    }
}

static void edit_customer(struct world *world)
{
    const size_t there = world->customers.count < KEEP ? world->customers.count : KEEP;
    if (there == 0) {
        return;
    }
    const size_t at = draw(world, (uint32_t)there);
    CustomerEdit edit;
    customer_edit__init(&edit);
    edit.customer_id = world->customers.id[at];
    edit.version = world->versions[at] + (draw(world, 10) == 0);
    edit.region = arena_print(world->arena, "区%u", draw(world, 30));
    edit.email = arena_print(world->arena, "a%u@b.example", draw(world, 1000));
    const CustomerEditReply *reply =
        (const CustomerEditReply *)send(world, "customer_edit", &edit.base);
    if (reply != NULL) {
        world->versions[at] = reply->version;
    }
}

static void issue_invoice(struct world *world)
{
    InvoiceIssue issue;
    invoice_issue__init(&issue);
    static char terms[] = "30%@10,70%@40";
    InvoiceLine line;
    invoice_line__init(&line);
    InvoiceLine *lines[] = {&line};
    line.description = arena_print(world->arena, "货 %u", draw(world, 50));
    line.quantity_micro = (int64_t)(1 + draw(world, 20)) * 1000000;
    line.price_micro = (int64_t)(1 + draw(world, 900000)) * 1000;
    line.tax_bp = draw(world, 2) * 1300;
    issue.customer_id = any(world, &world->customers);
    issue.date_day = some_day(world);
    issue.line = lines;
    issue.n_line = 1;
    if (draw(world, 3) == 0) {
        issue.terms = terms;
    }
    if (draw(world, 4) == 0) {
        issue.invoice_id = any(world, &world->drafts);
        issue.customer_id = 0;
        issue.n_line = 0;
    }
    const InvoiceIssueReply *reply =
        (const InvoiceIssueReply *)send(world, "invoice_issue", &issue.base);
    if (reply != NULL) {
        keep(&world->invoices, reply->id);
    }
}

static void draft_invoice(struct world *world)
{
    InvoiceDraft draft;
    invoice_draft__init(&draft);
    draft.customer_id = any(world, &world->customers);
    draft.date_day = some_day(world);
    draft.amount_minor = 1 + draw(world, 1000000);
    const InvoiceDraftReply *reply =
        (const InvoiceDraftReply *)send(world, "invoice_draft", &draft.base);
    if (reply != NULL) {
        keep(&world->drafts, reply->id);
    }
}

static void end_invoice(struct world *world)
{
    static char reason[] = "错误";
    if (draw(world, 2) == 0) {
        InvoiceCredit credit;
        invoice_credit__init(&credit);
        credit.invoice_id = any(world, &world->invoices);
        credit.reason = reason;
        credit.amount_minor = draw(world, 2) * (1 + draw(world, 50000));
        credit.keep_open = draw(world, 2) == 0;
        (void)send(world, "invoice_credit", &credit.base);
    } else {
        InvoiceReverse reverse;
        invoice_reverse__init(&reverse);
        reverse.invoice_id = any(world, &world->invoices);
        reverse.reason = reason;
        (void)send(world, "invoice_reverse", &reverse.base);
    }
}

static void add_payment(struct world *world)
{
    PaymentAdd pay;
    payment_add__init(&pay);
    pay.customer_id = any(world, &world->customers);
    pay.amount_minor = 1 + draw(world, 2000000);
    pay.date_day = some_day(world);
    pay.method = (PaymentMethod)(1 + draw(world, 4));
    pay.fee_minor = draw(world, 5) == 0 ? 1 + (int64_t)draw(world, 100) : 0;
    pay.no_allocate = draw(world, 4) == 0;
    pay.rest = draw(world, 6) == 0 ? REST_MODE__REST_MODE_REFUSE : REST_MODE__REST_MODE_UNSET;
    const PaymentAddReply *reply = (const PaymentAddReply *)send(world, "payment_add", &pay.base);
    if (reply != NULL) {
        keep(&world->payments, reply->id);
    }
}

static void move_payment(struct world *world)
{
    static char reason[] = "改";
    const uint64_t payment = any(world, &world->payments);
    switch (draw(world, 3)) {
    case 0: {
        PaymentAllocate allocate;
        payment_allocate__init(&allocate);
        allocate.payment_id = payment;
        (void)send(world, "payment_allocate", &allocate.base);
        break;
    }
    case 1: {
        PaymentUnallocate take;
        payment_unallocate__init(&take);
        take.payment_id = payment;
        take.reason = reason;
        (void)send(world, "payment_unallocate", &take.base);
        break;
    }
    default: {
        PaymentReverse reverse;
        payment_reverse__init(&reverse);
        reverse.payment_id = payment;
        reverse.reason = reason;
        (void)send(world, "payment_reverse", &reverse.base);
        break;
    }
    }
}

static void post_entry(struct world *world)
{
    EntryAdd add;
    entry_add__init(&add);
    EntryLine debit, credit;
    entry_line__init(&debit);
    entry_line__init(&credit);
    EntryLine *lines[] = {&debit, &credit};
    debit.account = 5601;
    credit.account = 1002;
    debit.debit_minor = 1 + draw(world, 90000);
    credit.credit_minor = debit.debit_minor + (draw(world, 8) == 0);
    add.text = arena_print(world->arena, "费用 %u", draw(world, 100));
    add.date_day = some_day(world);
    add.line = lines;
    add.n_line = 2;
    const EntryAddReply *reply = (const EntryAddReply *)send(world, "entry_add", &add.base);
    if (reply != NULL) {
        keep(&world->entries, reply->id);
    }
    if (draw(world, 4) == 0) {
        static char reason[] = "冲";
        EntryReverse reverse;
        entry_reverse__init(&reverse);
        reverse.entry_id = any(world, &world->entries);
        reverse.reason = reason;
        (void)send(world, "entry_reverse", &reverse.base);
    }
}

static void step(struct world *world)
{
    const uint32_t what = draw(world, 100);
    if (what < 12) {
        add_customer(world);
    } else if (what < 18) {
        edit_customer(world);
    } else if (what < 24) {
        draft_invoice(world);
    } else if (what < 52) {
        issue_invoice(world);
    } else if (what < 58) {
        end_invoice(world);
    } else if (what < 82) {
        add_payment(world);
    } else if (what < 94) {
        move_payment(world);
    } else {
        post_entry(world);
    }
    arena_reset(world->arena);
}

int main(int count, char **words)
{
    if (count != 5) {
        (void)fprintf(stderr, "usage: random BUILD-DIRECTORY PLACE COMMANDS SEED\n");
        return 2;
    }
    const struct load_options options = {
        .programs = words[1], .place = words[2], .currency = "CNY", .chart = "cn-small"};
    struct load *load = load_start(&options);
    struct world world = {.load = load,
                          .link = load_link(load),
                          .arena = arena_make(CALL_ARENA_MAX),
                          .state = strtoull(words[4], NULL, 10) | 1};
    const size_t commands = strtoul(words[3], NULL, 10);
    while (world.done + world.refused < commands) {
        step(&world);
    }
    link_close(world.link);
    arena_free(world.arena);
    (void)printf("%zu commands: %zu done, %zu refused\n", world.done + world.refused, world.done,
                 world.refused);
    return load_stop(load) && world.done > world.refused ? 0 : 1;
}
