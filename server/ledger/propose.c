// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/propose.h"

#include "server/ledger/document.h"
#include "server/ledger/reading.h"
#include "shared/payer.h"
#include "shared/text.h"

#define SAME_AMOUNT_MAX (PROPOSALS_MAX + 1)
#define PAYMENT_DAYS    10 // a payment entered so long before the bank shows it
#define PAYER_WORDS_MAX 1

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
static enum status by_fee(struct proposing *proposing, BankLineRecord *line,
                          const MethodRecord *method, struct proposals *out)
{
    const struct method_terms terms = method_terms_on(method, line->value_day);
    int64_t gross[2];
    enum status status = STATUS_OK;
    const size_t count = terms.bank == line->account && method->retired_us == 0
                             ? method_gross(&terms, line->amount_minor, gross)
                             : 0;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct view_amount found[SAME_AMOUNT_MAX];
        const size_t hits = views_of_amount(proposing->amounts, gross[i], found, COUNT_OF(found));
        for (size_t k = 0; status == STATUS_OK && k < hits; k++) {
            struct proposal proposal = {.customer_id = found[k].customer_id,
                                        .invoice_count = 1,
                                        .method = method,
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

static enum status by_arrival(struct proposing *proposing, const BankLineRecord *line,
                              struct proposals *out)
{
    struct arrivals arrivals = {0};
    bool certain = false;
    enum status status = arrival_find(&proposing->ways, line, &arrivals);
    if (status == STATUS_OK) {
        status = arrival_certain(&proposing->ways, line, &arrivals, &certain);
    }
    for (size_t i = 0; status == STATUS_OK && i < arrivals.count; i++) {
        const struct arrival *arrival = &arrivals.row[i];
        struct proposal proposal = {.customer_id = arrival->customer_id,
                                    .receipt_id = arrivals.row[i].receipt_id,
                                    .receipt_count = arrival->count,
                                    .method = arrival->method,
                                    .amount_minor = line->amount_minor};
        proposal.match.tier = 4;
        match_say(&proposal.match, MATCH_EVIDENCE__MATCH_EVIDENCE_BATCH);
        if (certain) {
            match_say(&proposal.match, MATCH_EVIDENCE__MATCH_EVIDENCE_CONFIRMED);
        }
        keep(out, &proposal);
    }
    return status;
}

static enum status by_method(struct proposing *proposing, BankLineRecord *line,
                             struct proposals *out)
{
    enum status status = by_arrival(proposing, line, out);
    // What no fee can make certain is not looked at where only that is asked for.
    const bool asks_fee = !proposing->only_certain || out->count > 0;
    for (size_t i = 0; status == STATUS_OK && asks_fee && i < proposing->ways.method_count; i++) {
        status = by_fee(proposing, line, proposing->ways.method[i], out);
    }
    return status;
}

enum status propose_begin(struct books *books, uint32_t account, struct proposing *out)
{
    *out = (struct proposing){.books = books};
    enum status status = arrival_begin(books, account, &out->ways);
    if (status == STATUS_OK) {
        status = call_filter(books->call, PERMISSION_RECONCILE_LIST, &out->customers);
    }
    return status == STATUS_OK
               ? views_amounts(books->call->views, out->customers, books->arena, &out->amounts)
               : status;
}

// Of the best tier there is no other; and what arrives is certain only while there is nothing else
// of that amount at all.
static bool is_certain(const struct proposals *proposals)
{
    const struct proposal *best = &proposals->row[0];
    if (proposals->count == 0 || best->payment_id != 0) {
        return false;
    }
    if (best->match.tier == 1 || best->match.tier == 2) {
        return proposals->count == 1 || proposals->row[1].match.tier > best->match.tier;
    }
    return match_says(&best->match, MATCH_EVIDENCE__MATCH_EVIDENCE_CONFIRMED) &&
           proposals->count == 1 && !proposals->hinted;
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
    }
    if (status == STATUS_OK && line->amount_minor > 0) {
        status = by_method(proposing, line, out);
    }
    proposing->books->rows = NULL;
    proposing->books->items = NULL;
    out->certain = is_certain(out);
    return status;
}
