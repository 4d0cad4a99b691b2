// SPDX-License-Identifier: Apache-2.0
// The lines that wait, with what they could be; and which of them are certain.
#include "server/ledger/propose.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

#define PLAN_LINES 250 // of one page
#define NEXT_LINES 5   // when nobody says how many

// ---- a line ----

static ProtobufCBinaryData box_of(const BankLineRecord *line, uint32_t number)
{
    for (size_t i = 0; i < line->n_sealed; i++) {
        if (line->sealed[i]->field == number) {
            return line->sealed[i]->box;
        }
    }
    return (ProtobufCBinaryData){0};
}

// A personal text of the line, as the reader may see it.
static enum status line_text(struct txn *txn, const BankLineRecord *line, const char *field,
                             char **out)
{
    const ProtobufCBinaryData box = box_of(line, rows_sealed_field(field));
    *out = (char *)(uintptr_t)protobuf_c_empty_string;
    return box.len > 0 ? rows_box_text(txn, line->customer_id, line->vault_id, field, box, out)
                       : STATUS_OK;
}

enum status reconcile_row(struct txn *txn, struct call *call, const BankLineRecord *line,
                          ReconcileRow *row)
{
    BankStatementRecord *statement = NULL;
    enum status status = bank_statement_get(txn, key_u64(line->statement_id), &statement);
    if (status == STATUS_OK) {
        status = line_text(txn, line, "name", &row->payer_name);
    }
    if (status == STATUS_OK) {
        status = line_text(txn, line, "bank_account", &row->payer_account);
    }
    if (status == STATUS_OK) {
        status = line_text(txn, line, "notes", &row->text);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    row->id = line->id;
    row->number = bank_line_number(call->arena, line);
    row->date_day = line->value_day;
    row->amount_minor = line->amount_minor;
    row->type = line->type;
    row->reference = line->reference;
    row->statement = bank_statement_number(call->arena, statement);
    return row->number != NULL && row->statement != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- a proposal ----

static enum status add_allocate(struct arena *arena, const struct proposal *from, Allocate ***list,
                                size_t *count)
{
    Allocate **made = arena_alloc(arena, (from->invoice_count + 1) * sizeof *made);
    for (size_t i = 0; made != NULL && i < from->invoice_count; i++) {
        made[i] = (Allocate *)wire_make(arena, &allocate__descriptor);
        if (made[i] == NULL) {
            return STATUS_TOO_LARGE;
        }
        made[i]->invoice_id = from->invoice_id[i];
    }
    *list = made;
    *count = from->invoice_count;
    return made != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status add_receipts(struct arena *arena, const struct proposal *from,
                                ReconcileReceipt ***list, size_t *count)
{
    ReconcileReceipt **made = arena_alloc(arena, (from->receipt_count + 1) * sizeof *made);
    for (size_t i = 0; made != NULL && i < from->receipt_count; i++) {
        made[i] = (ReconcileReceipt *)wire_make(arena, &reconcile_receipt__descriptor);
        if (made[i] == NULL) {
            return STATUS_TOO_LARGE;
        }
        made[i]->payment_id = from->receipt_id[i];
    }
    *list = made;
    *count = from->receipt_count;
    return made != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status name_documents(struct call *call, const struct proposal *from, char **out)
{
    char *names = (char *)(uintptr_t)protobuf_c_empty_string;
    const uint64_t *ids = from->payment_id != 0     ? &from->payment_id
                          : from->receipt_count > 0 ? from->receipt_id
                                                    : from->invoice_id;
    const size_t count = from->payment_id != 0     ? 1
                         : from->receipt_count > 0 ? from->receipt_count
                                                   : from->invoice_count;
    for (size_t i = 0; i < count; i++) {
        const uint64_t id = ids[i];
        char *number = NULL;
        const enum status status = reading_document(call, id, &number);
        if (status != STATUS_OK) {
            return status;
        }
        names = arena_print(call->arena, "%s%s%s", names, i > 0 ? " " : "", number);
        if (names == NULL) {
            return STATUS_TOO_LARGE;
        }
    }
    *out = names;
    return STATUS_OK;
}

static enum status fill_proposal(struct txn *txn, struct call *call, const struct proposal *from,
                                 ReconcileProposal *to)
{
    struct customer_label customer;
    MatchEvidence *evidence = arena_alloc(call->arena, sizeof from->match.evidence);
    enum status status = reading_customer(txn, call, from->customer_id, &customer);
    if (status == STATUS_OK) {
        status = name_documents(call, from, &to->documents);
    }
    if (status == STATUS_OK) {
        status = add_allocate(call->arena, from, &to->allocate, &to->n_allocate);
    }
    if (status == STATUS_OK) {
        status = add_receipts(call->arena, from, &to->receipt, &to->n_receipt);
    }
    if (status != STATUS_OK || evidence == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    memcpy(evidence, from->match.evidence, sizeof from->match.evidence);
    to->tier = from->match.tier;
    to->evidence = evidence;
    to->n_evidence = from->match.evidence_count;
    to->customer = customer.number;
    to->customer_name = customer.name;
    to->customer_id = from->customer_id;
    to->payment_id = from->payment_id;
    to->amount_minor = from->amount_minor;
    to->fee_minor = from->fee_minor;
    if (from->method != NULL) {
        to->method = from->method->method;
        to->method_name = from->method->name;
        to->method_id = from->method->id;
    }
    to->account = from->account != 0 ? bank_account(call->arena, from->account)
                                     : (char *)(uintptr_t)protobuf_c_empty_string;
    return to->account != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status fill_next(struct proposing *proposing, BankLineRecord *line, ReconcileRow *row)
{
    struct call *call = proposing->books->call;
    struct txn *txn = proposing->books->txn;
    struct proposals proposals = {0};
    enum status status = reconcile_row(txn, call, line, row);
    if (status == STATUS_OK) {
        status = propose(proposing, line, row->payer_name, &proposals);
    }
    row->proposal = arena_alloc(call->arena, (proposals.count + 1) * sizeof *row->proposal);
    if (row->proposal == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < proposals.count; i++) {
        ReconcileProposal *to =
            (ReconcileProposal *)wire_make(call->arena, &reconcile_proposal__descriptor);
        status = to != NULL ? fill_proposal(txn, call, &proposals.row[i], to) : STATUS_TOO_LARGE;
        if (status == STATUS_OK) {
            to->certain = i == 0 && proposals.certain;
            row->proposal[row->n_proposal++] = to;
        }
    }
    return status;
}

// ---- the lines that wait ----

// Walks what waits of an account, from the cursor on; `visit` takes one.
struct waiting {
    struct proposing proposing;
    uint64_t account;
    uint64_t from;
    size_t limit;
    size_t taken;
    uint64_t next; // 0: all were taken
    void *reply;
    enum status (*visit)(struct waiting *waiting, BankLineRecord *line);
};

static enum status walk(struct txn *txn, struct waiting *waiting)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    const struct row_key from = key_u64_u64(waiting->account, waiting->from);
    enum status status = rows_open(txn, TABLE_bank_wait, from, 8, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *index = NULL;
        BankLineRecord *line = NULL;
        status = rows_next(rows, &key, &index);
        if (status != STATUS_OK) {
            break;
        }
        if (waiting->taken == waiting->limit) {
            waiting->next = row_key_second(&key);
            return STATUS_OK;
        }
        status = bank_line_get(txn, key_u64(row_key_second(&key)), &line);
        if (status == STATUS_OK) {
            status = waiting->visit(waiting, line);
            waiting->taken++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status visit_next(struct waiting *waiting, BankLineRecord *line)
{
    ReconcileNextReply *reply = waiting->reply;
    ReconcileRow *row =
        (ReconcileRow *)wire_make(waiting->proposing.books->arena, &reconcile_row__descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->row[reply->n_row++] = row;
    return fill_next(&waiting->proposing, line, row);
}

// One that was asked for by its number; it must wait.
static enum status load_waiting(struct books *books, uint64_t id, BankLineRecord **out)
{
    const enum status status = bank_load_line(books, id, out);
    return status == STATUS_OK && (*out)->state != BANK_LINE_STATE__BANK_LINE_STATE_WAITING
               ? books_refuse(books, STATUS_BANK_LINE_DONE, "bank-line",
                              bank_line_number(books->arena, *out), NULL)
               : status;
}

enum status reconcile_next(struct txn *txn, struct call *call, const ReconcileNext *request,
                           ReconcileNextReply *reply)
{
    struct books books;
    struct waiting waiting = {.account = request->bank_id, .reply = reply, .visit = visit_next};
    BankLineRecord *line = NULL;
    BankRecord *bank = NULL;
    enum status status = books_open(txn, call, &books);
    waiting.limit = request->limit != 0 ? cursor_limit(request->limit) : NEXT_LINES;
    reply->row = arena_alloc(call->arena, (waiting.limit + 1) * sizeof *reply->row);
    if (status == STATUS_OK && reply->row == NULL) {
        status = STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK && !cursor_parse(request->cursor, &waiting.from)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    if (status == STATUS_OK && request->bank_line_id != 0) {
        status = load_waiting(&books, request->bank_line_id, &line);
    }
    if (status == STATUS_OK) {
        status = bank_load(&books, line != NULL ? line->account : request->bank_id, &bank);
    }
    if (status == STATUS_OK) {
        status = propose_begin(&books, bank->account, &waiting.proposing);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = line != NULL ? visit_next(&waiting, line) : walk(txn, &waiting);
    if (status != STATUS_OK) {
        return status;
    }
    reply->page = cursor_page(call->arena, bank->waiting, waiting.next);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- what is certain ----

static enum status visit_plan(struct waiting *waiting, BankLineRecord *line)
{
    struct call *call = waiting->proposing.books->call;
    ReconcilePlanReply *reply = waiting->reply;
    struct proposals proposals;
    char *payer = NULL;
    enum status status = line_text(waiting->proposing.books->txn, line, "name", &payer);
    if (status == STATUS_OK) {
        status = propose(&waiting->proposing, line, payer, &proposals);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const bool is_proposed = proposals.count > 0 || proposals.hinted;
    reply->proposed += is_proposed && !proposals.certain ? 1 : 0;
    if (!proposals.certain) {
        return STATUS_OK;
    }
    ReconcilePair *pair = (ReconcilePair *)wire_make(call->arena, &reconcile_pair__descriptor);
    if (pair == NULL) {
        return STATUS_TOO_LARGE;
    }
    pair->bank_line_id = line->id;
    pair->customer_id = proposals.row[0].customer_id;
    reply->row[reply->n_row++] = pair;
    status = add_receipts(call->arena, &proposals.row[0], &pair->receipt, &pair->n_receipt);
    if (status != STATUS_OK) {
        return status;
    }
    return add_allocate(call->arena, &proposals.row[0], &pair->allocate, &pair->n_allocate);
}

enum status reconcile_plan(struct txn *txn, struct call *call, const ReconcilePlan *request,
                           ReconcilePlanReply *reply)
{
    struct books books;
    struct waiting waiting = {
        .account = request->bank_id, .limit = PLAN_LINES, .reply = reply, .visit = visit_plan};
    BankRecord *bank = NULL;
    enum status status = books_open(txn, call, &books);
    reply->row = arena_alloc(call->arena, PLAN_LINES * sizeof *reply->row);
    if (status == STATUS_OK && reply->row == NULL) {
        status = STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK && !cursor_parse(request->cursor, &waiting.from)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    if (status == STATUS_OK) {
        status = bank_load(&books, request->bank_id, &bank);
    }
    if (status == STATUS_OK) {
        status = propose_begin(&books, bank->account, &waiting.proposing);
        waiting.proposing.only_certain = true;
    }
    if (status == STATUS_OK) {
        status = walk(txn, &waiting);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->page = cursor_page(call->arena, bank->waiting, waiting.next);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
