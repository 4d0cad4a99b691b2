// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/propose.h"

#include "server/ledger/document.h"
#include "server/ledger/method.h"
#include "server/ledger/reading.h"
#include "shared/payer.h"
#include "shared/text.h"

#define SAME_AMOUNT_MAX (PROPOSALS_MAX + 1)
#define PAYMENT_DAYS    10 // a payment entered so long before the bank shows it
#define PAYER_WORDS_MAX 1
#define ARRIVAL_DAYS    3    // that money is late or early
#define ON_THE_WAY_MAX  1000 // receipts that are looked at

// ---- candidates ----

static bool is_same_ids(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count)
{
    return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof *a) == 0);
}

static bool is_same(const struct proposal *a, const struct proposal *b)
{
    return a->customer_id == b->customer_id && a->payment_id == b->payment_id &&
           a->account == b->account && a->fee_minor == b->fee_minor &&
           is_same_ids(a->invoice_id, a->invoice_count, b->invoice_id, b->invoice_count) &&
           is_same_ids(a->receipt_id, a->receipt_count, b->receipt_id, b->receipt_count);
}

// Keeps the best ones, best first; what is known already gains what speaks for it anew.
static void keep(struct proposals *proposals, const struct proposal *new)
{
    for (size_t i = 0; i < proposals->count; i++) {
        if (is_same(&proposals->row[i], new)) {
            for (size_t k = 0; k < new->match.evidence_count; k++) {
                match_say(&proposals->row[i].match, new->match.evidence[k]);
            }
            return;
        }
    }
    size_t at = proposals->count;
    while (at > 0 && proposals->row[at - 1].match.tier > new->match.tier) {
        at--;
    }
    if (at == PROPOSALS_MAX) {
        return;
    }
    const size_t last = proposals->count < PROPOSALS_MAX ? proposals->count : PROPOSALS_MAX - 1;
    memmove(&proposals->row[at + 1], &proposals->row[at], (last - at) * sizeof proposals->row[0]);
    proposals->row[at] = *new;
    proposals->count = last + 1;
}

// A receipt of the customer that pays these invoices, judged like one that is asked for.
static enum status add_receipt(struct proposing *proposing, BankLineRecord *line,
                               struct proposal *proposal, MatchEvidence also, struct proposals *out)
{
    struct books *books = proposing->books;
    Allocate *named[BANK_OLDEST_MAX];
    Allocate list[BANK_OLDEST_MAX];
    struct settlement settlement;
    for (size_t i = 0; i < proposal->invoice_count; i++) {
        allocate__init(&list[i]);
        list[i].invoice_id = proposal->invoice_id[i];
        named[i] = &list[i];
    }
    enum status status =
        settlement_begin(books, proposal->customer_id, line->amount_minor + proposal->fee_minor,
                         line->value_day, false, &settlement);
    if (status == STATUS_OK && proposal->invoice_count > 0) {
        status = settlement_named(books, &settlement, named, proposal->invoice_count);
    }
    if (status == STATUS_OK) {
        status = match_judge(books, line, proposal->fee_minor, &settlement, &proposal->match);
    }
    if (books->refused != STATUS_OK) {
        books->refused = STATUS_OK;
        return STATUS_OK; // what cannot be done is not proposed
    }
    if (status == STATUS_OK) {
        proposal->amount_minor = line->amount_minor + proposal->fee_minor - settlement.left_minor;
        if (also != MATCH_EVIDENCE__MATCH_EVIDENCE_UNSET) {
            match_say(&proposal->match, also);
        }
        keep(out, proposal);
    }
    return status;
}

// `named`: the text speaks of it. An amount alone speaks for nothing that came after the money.
static enum status add_invoice(struct proposing *proposing, BankLineRecord *line,
                               uint64_t invoice_id, bool named, struct proposals *out)
{
    InvoiceRecord *invoice = NULL;
    const enum status status = invoice_get(proposing->books->txn, key_u64(invoice_id), &invoice);
    if (status != STATUS_OK || invoice->gross_minor <= 0 ||
        (!named && invoice->date_day > line->value_day)) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    struct proposal proposal = {.customer_id = invoice->customer_id, .invoice_count = 1};
    proposal.invoice_id[0] = invoice_id;
    return add_receipt(proposing, line, &proposal, MATCH_EVIDENCE__MATCH_EVIDENCE_UNSET, out);
}

// What a known customer pays with this sum: the items that match_items finds, else nothing certain.
static enum status add_customer(struct proposing *proposing, BankLineRecord *line,
                                uint64_t customer_id, MatchEvidence evidence, struct proposals *out)
{
    struct proposal proposal = {.customer_id = customer_id};
    struct item_list items;
    const enum status status =
        match_items(proposing->books, customer_id, line->amount_minor, line->value_day, &items);
    for (size_t i = 0; status == STATUS_OK && i < items.count; i++) {
        const uint64_t id = items.item[i]->record->document_id;
        const size_t last = proposal.invoice_count;
        if (last == 0 || proposal.invoice_id[last - 1] != id) {
            proposal.invoice_id[proposal.invoice_count++] = id;
        }
    }
    return status == STATUS_OK ? add_receipt(proposing, line, &proposal, evidence, out) : status;
}

// A payment that is in the books and that no line shows yet.
static enum status add_payment(struct proposing *proposing, BankLineRecord *line,
                               uint64_t payment_id, MatchEvidence evidence, struct proposals *out)
{
    struct books *books = proposing->books;
    struct reconcile at = {.line = line};
    PaymentRecord *payment = NULL;
    enum status status = payment_get(books->txn, key_u64(payment_id), &payment);
    if (status == STATUS_OK && payment->state == PAYMENT_STATE__PAYMENT_STATE_POSTED) {
        status = reconcile_plan_entry(books, &at, payment->entry_id, "payment");
    }
    const bool refused = books->refused != STATUS_OK;
    books->refused = STATUS_OK;
    if (refused || status == STATUS_NOT_FOUND || at.entry_count == 0) {
        return refused || status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    struct proposal proposal = {.customer_id = payment->customer_id,
                                .payment_id = payment_id,
                                .amount_minor = line->amount_minor};
    const int32_t days = line->value_day - payment->date_day;
    proposal.match.tier = evidence == MATCH_EVIDENCE__MATCH_EVIDENCE_NUMBER ? 1 : 5;
    match_say(&proposal.match, evidence);
    match_say(&proposal.match, MATCH_EVIDENCE__MATCH_EVIDENCE_AMOUNT);
    if (days >= 0 && days <= PAYMENT_DAYS) {
        match_say(&proposal.match, MATCH_EVIDENCE__MATCH_EVIDENCE_DAY);
    }
    keep(out, &proposal);
    return STATUS_OK;
}

// ---- where they come from ----

static enum status by_text(struct proposing *proposing, BankLineRecord *line, struct proposals *out)
{
    struct match_named named;
    enum status status = match_named(proposing->books->txn, line, &named);
    if (status == STATUS_OK && named.id != 0) {
        status = add_invoice(proposing, line, named.id, true, out);
    }
    for (size_t i = 0; status == STATUS_OK && i < line->n_mention; i++) {
        const BankMention *mention = line->mention[i];
        const uint64_t id =
            views_by_number(proposing->books->call->views, proposing->customers,
                            (enum series)mention->series, mention->year, mention->sequence);
        if (id != 0) {
            status =
                mention->series == SERIES_PAYMENT
                    ? add_payment(proposing, line, id, MATCH_EVIDENCE__MATCH_EVIDENCE_NUMBER, out)
                    : add_invoice(proposing, line, id, true, out);
        }
    }
    return status;
}

static enum status by_payer(struct proposing *proposing, BankLineRecord *line, const char *name,
                            struct proposals *out)
{
    struct books *books = proposing->books;
    struct match_payer payer;
    enum status status = match_payer(books->txn, line, &payer);
    if (status == STATUS_OK && payer.customer_id != 0) {
        return add_customer(proposing, line, payer.customer_id, payer.evidence, out);
    }
    if (status != STATUS_OK || name[0] == '\0') {
        return status;
    }
    // Nobody has paid like this before: does somebody have that name?
    char *whole = text_fold(books->arena, name);
    char *core = payer_fold_name(books->arena, name);
    uint64_t ids[2];
    if (whole == NULL || core == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t count = views_by_text(books->call->views, proposing->customers, TABLE_customer, whole,
                                 books->arena, ids, COUNT_OF(ids));
    if (count == 0 && core[0] != '\0') {
        const struct customer_query query = {.words = {core}, .word_count = PAYER_WORDS_MAX};
        struct customer_matches matches = {0};
        status = views_customers(books->call->views, proposing->customers, &query, 0, COUNT_OF(ids),
                                 books->arena, &matches);
        for (size_t i = 0; status == STATUS_OK && i < matches.count; i++) {
            ids[count++] = matches.row[i].id;
        }
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status =
            add_customer(proposing, line, ids[i], MATCH_EVIDENCE__MATCH_EVIDENCE_NAME_WORDS, out);
    }
    return status;
}

static enum status by_amount(struct proposing *proposing, BankLineRecord *line,
                             struct proposals *out)
{
    struct view_amount found[SAME_AMOUNT_MAX];
    const size_t count =
        views_of_amount(proposing->amounts, line->amount_minor, found, COUNT_OF(found));
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = found[i].table == TABLE_payment
                     ? add_payment(proposing, line, found[i].document_id,
                                   MATCH_EVIDENCE__MATCH_EVIDENCE_AMOUNT, out)
                     : add_invoice(proposing, line, found[i].document_id, false, out);
    }
    return status;
}

static enum status by_rule(struct proposing *proposing, BankLineRecord *line, struct proposals *out)
{
    struct match_payer payer;
    const enum status status = match_payer(proposing->books->txn, line, &payer);
    if (status == STATUS_OK && payer.rule != NULL && payer.rule->account != 0) {
        struct proposal proposal = {.account = payer.rule->account,
                                    .amount_minor = line->amount_minor};
        proposal.match.tier = 3;
        match_say(&proposal.match, MATCH_EVIDENCE__MATCH_EVIDENCE_RULE);
        keep(out, &proposal);
    }
    return status;
}

// ---- what the way of paying keeps, and brings later ----

// The sums of which that much arrives, each as the receipt of one document.
static enum status by_fee(struct proposing *proposing, BankLineRecord *line, MethodRecord *method,
                          struct proposals *out)
{
    int64_t gross[2];
    enum status status = STATUS_OK;
    const size_t count = method_gross(method, line->amount_minor, gross);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct view_amount found[SAME_AMOUNT_MAX];
        const size_t hits = views_of_amount(proposing->amounts, gross[i], found, COUNT_OF(found));
        for (size_t k = 0; status == STATUS_OK && k < hits; k++) {
            struct proposal proposal = {.customer_id = found[k].customer_id,
                                        .invoice_count = 1,
                                        .method = method->method,
                                        .fee_minor = gross[i] - line->amount_minor};
            proposal.invoice_id[0] = found[k].document_id;
            if (found[k].table != TABLE_payment) {
                status = add_receipt(proposing, line, &proposal,
                                     MATCH_EVIDENCE__MATCH_EVIDENCE_UNSET, out);
            }
        }
    }
    return status;
}

static bool is_on_the_way(const PaymentRecord *payment, const BankLineRecord *line,
                          PaymentMethod method)
{
    const int32_t late = line->value_day - payment->settles_day;
    return payment->settles_day != 0 && payment->settled_line_id == 0 &&
           payment->state == PAYMENT_STATE__PAYMENT_STATE_POSTED && payment->method == method &&
           payment->account != line->account && late >= -ARRIVAL_DAYS && late <= ARRIVAL_DAYS;
}

// Receipts of the method that are expected about that day, in the order of the books.
static enum status load_on_the_way(struct proposing *proposing, const BankLineRecord *line,
                                   const MethodRecord *method, PaymentRecord **list, size_t *count)
{
    struct call *call = proposing->books->call;
    const int32_t received = line->value_day - (int32_t)method->settle_days;
    const struct document_query query = {.table = TABLE_payment,
                                         .from_day = received - ARRIVAL_DAYS,
                                         .to_day = received + ARRIVAL_DAYS,
                                         .ascending = true};
    struct document_matches matches = {0};
    *count = 0;
    enum status status = views_documents(call->views, call->filter, &query, 0, ON_THE_WAY_MAX,
                                         call->arena, &matches);
    for (size_t i = 0; status == STATUS_OK && i < matches.count; i++) {
        PaymentRecord *payment = NULL;
        status = payment_get(proposing->books->txn, key_u64(matches.id[i]), &payment);
        if (status == STATUS_OK && is_on_the_way(payment, line, method->method)) {
            list[(*count)++] = payment;
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

// Those of one day of arrival (`day`), or the only one (`only`), when they make the line.
static enum status add_batch(struct arena *arena, const BankLineRecord *line,
                             PaymentRecord *const *list, size_t count, int32_t day,
                             const PaymentRecord *only, struct proposals *out)
{
    struct proposal proposal = {.amount_minor = line->amount_minor};
    int64_t sum = 0;
    proposal.receipt_id = arena_alloc(arena, BANK_RECEIPTS_MAX * sizeof *proposal.receipt_id);
    for (size_t i = 0; proposal.receipt_id != NULL && i < count; i++) {
        const bool is_of = only != NULL ? list[i] == only : list[i]->settles_day == day;
        if (is_of && proposal.receipt_count < BANK_RECEIPTS_MAX) {
            proposal.receipt_id[proposal.receipt_count++] = list[i]->id;
            proposal.method = list[i]->method;
        }
        sum += is_of ? list[i]->amount_minor - list[i]->fee_minor : 0;
    }
    if (proposal.receipt_count == 0 || sum != line->amount_minor) {
        return proposal.receipt_id != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    proposal.customer_id = only != NULL ? only->customer_id : 0;
    proposal.match.tier = 4;
    match_say(&proposal.match, MATCH_EVIDENCE__MATCH_EVIDENCE_BATCH);
    keep(out, &proposal);
    return STATUS_OK;
}

static enum status by_arrival(struct proposing *proposing, const BankLineRecord *line,
                              const MethodRecord *method, struct proposals *out)
{
    size_t count = 0;
    PaymentRecord **list =
        arena_alloc(proposing->books->arena, ON_THE_WAY_MAX * sizeof(PaymentRecord *));
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct arena *arena = proposing->books->arena;
    enum status status = load_on_the_way(proposing, line, method, list, &count);
    for (int32_t late = 0; status == STATUS_OK && late <= ARRIVAL_DAYS && count > 0; late++) {
        status = add_batch(arena, line, list, count, line->value_day - late, NULL, out);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const bool is_all = list[i]->amount_minor - list[i]->fee_minor == line->amount_minor;
        status = is_all ? add_batch(arena, line, list, count, 0, list[i], out) : STATUS_OK;
    }
    return status;
}

static enum status by_method(struct proposing *proposing, BankLineRecord *line,
                             struct proposals *out)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < proposing->method_count; i++) {
        MethodRecord *method = proposing->method[i];
        status = by_fee(proposing, line, method, out);
        if (status == STATUS_OK && method->settle_days > 0) {
            status = by_arrival(proposing, line, method, out);
        }
    }
    return status;
}

static enum status load_methods(struct proposing *proposing, uint32_t account)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status =
        rows_open(proposing->books->txn, TABLE_method, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK && proposing->method_count < METHODS_MAX) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status == STATUS_OK && ((const MethodRecord *)row)->bank == account) {
            proposing->method[proposing->method_count++] = (MethodRecord *)row;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status propose_begin(struct books *books, uint32_t account, struct proposing *out)
{
    *out = (struct proposing){.books = books};
    enum status status = load_methods(out, account);
    if (status == STATUS_OK) {
        status = call_filter(books->call, PERMISSION_RECONCILE_LIST, &out->customers);
    }
    return status == STATUS_OK
               ? views_amounts(books->call->views, out->customers, books->arena, &out->amounts)
               : status;
}

enum status propose(struct proposing *proposing, BankLineRecord *line, const char *payer,
                    struct proposals *out)
{
    struct row_problems left_out = {0};
    *out = (struct proposals){0};
    proposing->books->rows = &left_out; // what is refused is left out
    enum status status = by_rule(proposing, line, out);
    if (status == STATUS_OK && line->amount_minor > 0) {
        status = by_text(proposing, line, out);
    }
    if (status == STATUS_OK && line->amount_minor > 0) {
        status = by_payer(proposing, line, payer, out);
    }
    // Whatever is certain comes from the text or the payer (match.c, tier_of).
    if (status == STATUS_OK && line->amount_minor > 0 && proposing->only_certain) {
        struct view_amount found[1];
        out->hinted = views_of_amount(proposing->amounts, line->amount_minor, found, 1) > 0;
    } else if (status == STATUS_OK && line->amount_minor > 0) {
        status = by_amount(proposing, line, out);
        if (status == STATUS_OK) {
            status = by_method(proposing, line, out);
        }
    }
    proposing->books->rows = NULL;
    proposing->books->items = NULL;
    const uint32_t best = out->count > 0 ? out->row[0].match.tier : 0;
    out->certain = (best == 1 || best == 2) && out->row[0].payment_id == 0 &&
                   (out->count == 1 || out->row[1].match.tier > best);
    return status;
}
