// SPDX-License-Identifier: Apache-2.0
// The end of a reconciliation, and the lines that are booked without a person on the way to it.
#include "server/ledger/control.h"
#include "server/ledger/done.h"
#include "server/ledger/numbering.h"
#include "server/ledger/reconcile.h"

// ---- what is certain ----

// Ids that the match of one line may take: payment, entry, two items, and for each of the items
// that it settles an allocation with its transfer.
#define IDS_OF_PAIR (4 + 2 * BANK_OLDEST_MAX)

// Counted on the day on which somebody has it booked, as by hand.
static struct doing doing_of(const struct books *books, const struct reconcile *at)
{
    return (struct doing){at->payment->customer_id, CONTROL_PAYMENT, books->call->book_day,
                          receipt_book(at->payment)};
}

// What arrives with the line was received before: nothing is settled by it.
static enum status plan_arrival(struct books *books, const ReconcilePair *pair,
                                struct reconcile *at, bool *certain)
{
    enum status status = reconcile_load(books, pair->bank_line_id, true, at);
    if (status == STATUS_OK) {
        status = reconcile_plan_receipts(books, at, pair->receipt, pair->n_receipt);
    }
    if (status == STATUS_OK) {
        status = reconcile_confirms(books, at);
    }
    *certain = status == STATUS_OK && at->arrives_for_certain;
    at->match.tier = 4;
    match_say(&at->match, MATCH_EVIDENCE__MATCH_EVIDENCE_BATCH);
    match_say(&at->match, MATCH_EVIDENCE__MATCH_EVIDENCE_CONFIRMED);
    return books->refused != STATUS_OK ? STATUS_OK : status;
}

// Plans the receipt of a pair and finds out again whether it is certain. A refusal leaves the line
// for a person, and so does a rule that demands a second one: nobody waits here.
static enum status plan_pair(struct books *books, const ReconcilePair *pair, struct reconcile *at,
                             bool *certain)
{
    bool demands = false;
    struct doing doing = {0};
    enum status status = reconcile_load(books, pair->bank_line_id, true, at);
    if (status == STATUS_OK) {
        status =
            reconcile_plan_receipt(books, at, pair->customer_id, pair->allocate, pair->n_allocate);
    }
    if (status == STATUS_OK) {
        doing = doing_of(books, at);
        status = control_demands(books->txn, books->call, &doing, &demands);
    }
    *certain = status == STATUS_OK && !demands && (at->match.tier == 1 || at->match.tier == 2) &&
               at->settlement.count <= BANK_OLDEST_MAX;
    return books->refused != STATUS_OK ? STATUS_OK : status;
}

static enum status take_pair(struct books *books, const ReconcilePair *pair,
                             ReconcileTakeReply *reply)
{
    struct reconcile at = {0};
    bool certain = false;
    enum status status = pair->n_receipt > 0 ? plan_arrival(books, pair, &at, &certain)
                                             : plan_pair(books, pair, &at, &certain);
    books->refused = STATUS_OK;
    if (status == STATUS_OK && certain && at.payment != NULL) {
        const struct doing doing = doing_of(books, &at);
        status = control_count(books->txn, books->call, &doing);
    }
    if (status == STATUS_OK && certain) {
        status = reconcile_do(books, &at);
        reply->matched++;
        reply->amount_minor += at.line->amount_minor;
    }
    // Items are looked for among the rows by the next pair, which must see what this one settled.
    if (status == STATUS_OK) {
        status = item_write(books);
    }
    books->items = NULL;
    return status;
}

enum status reconcile_take(struct txn *txn, struct call *call, const ReconcileTake *request,
                           ReconcileTakeReply *reply)
{
    struct books books;
    struct row_problems left_out = {0};
    enum status status = books_open(txn, call, &books);
    if (status != STATUS_OK) {
        return status;
    }

    books.rows = &left_out;
    for (size_t i = 0; status == STATUS_OK && i < request->n_pair; i++) {
        if (call->next_ordinal + IDS_OF_PAIR > ID_ORDINAL_MAX) {
            break;
        }
        status = take_pair(&books, request->pair[i], reply);
        reply->done++;
    }

    return status == STATUS_OK ? books_close(&books) : status;
}

// ---- signing off ----

// What the lines of a statement came to.
struct outcome {
    uint32_t matched;
    uint32_t ignored;
    uint32_t waiting;
    int64_t ignored_minor;
};

static void count_line(const BankLineRecord *line, struct outcome *out)
{
    switch (line->state) {
    case BANK_LINE_STATE__BANK_LINE_STATE_WAITING:
        out->waiting++;
        break;
    case BANK_LINE_STATE__BANK_LINE_STATE_MATCHED:
        out->matched++;
        break;
    case BANK_LINE_STATE__BANK_LINE_STATE_IGNORED:
        out->ignored++;
        out->ignored_minor += line->amount_minor;
        break;
    case BANK_LINE_STATE__BANK_LINE_STATE_SPLIT:
    case BANK_LINE_STATE__BANK_LINE_STATE_JOINED:
    case BANK_LINE_STATE__BANK_LINE_STATE_UNSET:
    case _BANK_LINE_STATE_IS_INT_SIZE:
    default:
        break;
    }
}

// A line that is split is what its parts are.
static enum status count_parts(struct books *books, const BankLineRecord *line, struct outcome *out)
{
    count_line(line, out);
    for (size_t i = 0; i < line->n_part_id; i++) {
        BankLineRecord *part = NULL;
        const enum status status = bank_line_get(books->txn, key_u64(line->part_id[i]), &part);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        count_line(part, out);
    }
    return STATUS_OK;
}

// The line of what was there before belongs to the first statement, whichever that is now.
static enum status count_opening(struct books *books, const BankRecord *bank,
                                 const BankStatementRecord *statement, struct outcome *out)
{
    BankLineRecord *line = NULL;
    if (bank->opening_line_id == 0) {
        return STATUS_OK;
    }
    const enum status status = bank_line_get(books->txn, key_u64(bank->opening_line_id), &line);
    if (status == STATUS_OK && line->statement_id == statement->id) {
        count_line(line, out);
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

static enum status count_lines(struct books *books, const BankRecord *bank,
                               const BankStatementRecord *statement, struct outcome *out)
{
    *out = (struct outcome){0};
    enum status status = count_opening(books, bank, statement, out);
    if (status != STATUS_OK || statement->first_line_id == 0) {
        return status;
    }
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    status =
        rows_open(books->txn, TABLE_bank_line, key_u64(statement->first_line_id), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status != STATUS_OK || row_key_first(&key) > statement->last_line_id) {
            break;
        }
        const BankLineRecord *line = (const BankLineRecord *)row;
        if (line->statement_id == statement->id && line->parent_id == 0) {
            status = count_parts(books, line, out);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// What the bank says now, less what it said before and what came since: 0, or something is missing
// between the statements or inside of this one.
static int64_t difference_of(const BankStatementRecord *statement,
                             const BankStatementRecord *earlier)
{
    const int64_t before = earlier != NULL ? earlier->closing_minor : statement->opening_minor;
    const int64_t moved =
        earlier != NULL ? statement->added_minor : statement->credit_minor - statement->debit_minor;
    return statement->closing_minor - before - moved;
}

static enum status refuse_open(struct books *books, const BankStatementRecord *statement,
                               const BankStatementRecord *earlier, const struct outcome *outcome)
{
    if (statement->state != BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_OPEN) {
        return books_refuse(books,
                            statement->state == BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_SIGNED
                                ? STATUS_BANK_SIGNED
                                : STATUS_IMPORT_OUT_OF_STEP,
                            "bank-statement", bank_statement_number(books->arena, statement), NULL);
    }
    if (!statement->has_closing) {
        return books_refuse(books, STATUS_BANK_BALANCE, "closing", NULL, NULL);
    }
    if (earlier != NULL && earlier->state != BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_SIGNED) {
        return books_refuse(books, STATUS_BANK_EARLIER, "bank-statement",
                            bank_statement_number(books->arena, statement),
                            bank_statement_number(books->arena, earlier));
    }
    enum status status = STATUS_OK;
    if (outcome->waiting > 0) {
        status = books_refuse(books, STATUS_BANK_LINES_WAIT, "bank-statement",
                              arena_print(books->arena, "%u", outcome->waiting), "0");
    }
    const int64_t difference = difference_of(statement, earlier);
    if (difference != 0) {
        status = books_refuse(books, STATUS_BANK_DIFFERENCE, "bank-statement",
                              books_money(books, difference), books_money(books, 0));
    }
    return status;
}

// A file without balances ends with what somebody read elsewhere; its opening follows when it is
// the first one.
static void take_closing(const ReconcileFinish *request, const BankStatementRecord *earlier,
                         BankStatementRecord *statement)
{
    if (!statement->has_closing && request->has_closing) {
        statement->has_closing = true;
        statement->closing_minor = request->closing_minor;
    }
    if (!statement->has_opening && statement->has_closing && earlier == NULL) {
        statement->has_opening = true;
        statement->opening_minor =
            statement->closing_minor - statement->credit_minor + statement->debit_minor;
    }
}

enum status reconcile_finish(struct txn *txn, struct call *call, const ReconcileFinish *request,
                             ReconcileFinishReply *reply)
{
    struct books books;
    struct outcome outcome = {0};
    BankStatementRecord *statement = NULL;
    BankStatementRecord *earlier = NULL;
    BankRecord *bank = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = bank_load_statement(&books, request->bank_statement_id, &statement);
    }
    if (status == STATUS_OK) {
        status = bank_load(&books, statement->account, &bank);
    }
    if (status == STATUS_OK) {
        status = bank_earlier(txn, statement, &earlier);
    }
    if (status == STATUS_OK) {
        status = count_lines(&books, bank, statement, &outcome);
    }

    if (status == STATUS_OK) {
        take_closing(request, earlier, statement);
        status = refuse_open(&books, statement, earlier, &outcome);
    }
    if (status != STATUS_OK) {
        return status;
    }

    statement->state = BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_SIGNED;
    statement->signed_us = call->instant_us;
    statement->signed_by = call->user_id;
    statement->notes = request->notes;
    bank->signed_day = statement->to_day;
    call->anchors = true; // the sign-off is signed with the journal up to it
    status = bank_statement_put(txn, key_u64(statement->id), statement);
    if (status == STATUS_OK) {
        status = bank_put(txn, key_u64(bank->account), bank);
    }

    reply->id = statement->id;
    reply->number = bank_statement_number(call->arena, statement);
    reply->to_day = statement->to_day;
    reply->closing_minor = statement->closing_minor;
    reply->difference_minor = 0;
    reply->matched = outcome.matched;
    reply->ignored = outcome.ignored;
    reply->left_out_minor = outcome.ignored_minor;
    call_about(call, statement->id, reply->number);
    return reply->number != NULL ? status : STATUS_TOO_LARGE;
}
