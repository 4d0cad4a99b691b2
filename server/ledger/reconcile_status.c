// SPDX-License-Identifier: Apache-2.0
// The outcome statement (domain.md d.13): what the books say, less what the bank does not show yet,
// plus what the books do not have, is what the bank must say on the last day of a statement.
#include "server/ledger/reading.h"
#include "server/ledger/reconcile.h"
#include "shared/wire.h"

#define ENTRIES_AT_ONCE 1000

struct outcome {
    struct txn *txn;
    struct call *call;
    const BankRecord *bank;
    int32_t day;
    ReconcileStatusReply *reply;
    uint64_t skip; // rows of the list before the page
    uint64_t seen;
    size_t limit;
};

static enum status add_item(struct outcome *outcome, ReconcileItem **out)
{
    ReconcileStatusReply *reply = outcome->reply;
    const uint64_t at = outcome->seen++;
    *out = NULL;
    if (at < outcome->skip || reply->n_row == outcome->limit) {
        return STATUS_OK;
    }
    *out = (ReconcileItem *)wire_make(outcome->call->arena, &reconcile_item__descriptor);
    reply->row[reply->n_row] = *out;
    reply->n_row += *out != NULL ? 1 : 0;
    return *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- the books' side ----

// Does a line of the bank show the entry, on the day or before?
static enum status is_shown(const struct outcome *outcome, uint64_t entry_id, bool *out)
{
    IdRecord *shown = NULL;
    BankLineRecord *line = NULL;
    *out = false;
    enum status status =
        cleared_get(outcome->txn, key_u64_u64(outcome->bank->account, entry_id), &shown);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = bank_line_get(outcome->txn, key_u64(shown->id), &line);
    }
    *out = status == STATUS_OK && line->value_day <= outcome->day;
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

// A reversed entry and its reversal of the same time cancel out: neither is waited for.
static enum status is_void(const struct outcome *outcome, const EntryRecord *entry, bool *out)
{
    EntryRecord *other = NULL;
    const uint64_t id = entry->reverses_id != 0 ? entry->reverses_id : entry->reversed_by_id;
    *out = false;
    if (id == 0) {
        return STATUS_OK;
    }
    const enum status status = entry_get(outcome->txn, key_u64(id), &other);
    if (status != STATUS_OK || other->date_day > outcome->day) {
        return status;
    }
    bool shown = false;
    const enum status seen = is_shown(outcome, id, &shown);
    *out = !shown;
    return seen;
}

static enum status take_entry(struct outcome *outcome, uint64_t id)
{
    EntryRecord *entry = NULL;
    ReconcileItem *item = NULL;
    bool left_out = false;
    enum status status = is_shown(outcome, id, &left_out);
    if (status != STATUS_OK || left_out) {
        return status;
    }
    status = entry_get(outcome->txn, key_u64(id), &entry);
    if (status == STATUS_OK) {
        status = is_void(outcome, entry, &left_out);
    }
    const int64_t moved = status == STATUS_OK ? reconcile_moved(entry, outcome->bank->account) : 0;
    if (status != STATUS_OK || left_out || moved == 0) {
        return status;
    }
    outcome->reply->outstanding_in_minor += moved > 0 ? moved : 0;
    outcome->reply->outstanding_out_minor += moved < 0 ? -moved : 0;
    status = add_item(outcome, &item);
    if (status != STATUS_OK || item == NULL) {
        return status;
    }
    item->side = reading_constant("books");
    item->date_day = entry->date_day;
    item->amount_minor = moved;
    return reading_document(outcome->call, id, &item->number);
}

static enum status take_entries(struct outcome *outcome)
{
    struct document_query query = {.table = TABLE_entry,
                                   .to_day = outcome->day,
                                   .account = outcome->bank->account,
                                   .ascending = true};
    struct document_matches matches = {.more = true};
    enum status status = STATUS_OK;
    for (uint64_t skip = 0; status == STATUS_OK && matches.more; skip += ENTRIES_AT_ONCE) {
        status = views_documents(outcome->call->views, outcome->call->filter, &query, skip,
                                 ENTRIES_AT_ONCE, outcome->call->arena, &matches);
        for (size_t i = 0; status == STATUS_OK && i < matches.count; i++) {
            status = take_entry(outcome, matches.id[i]);
        }
    }
    return status;
}

// ---- the bank's side ----

// Is what the line shows in the books, on the day or before?
static enum status is_booked(const struct outcome *outcome, const BankLineRecord *line, bool *out)
{
    *out = line->state == BANK_LINE_STATE__BANK_LINE_STATE_MATCHED;
    for (size_t i = 0; i < line->n_entry_id; i++) {
        EntryRecord *entry = NULL;
        const enum status status = entry_get(outcome->txn, key_u64(line->entry_id[i]), &entry);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        *out = *out && entry->date_day <= outcome->day;
    }
    return STATUS_OK;
}

static enum status take_line(struct outcome *outcome, const BankLineRecord *line)
{
    ReconcileStatusReply *reply = outcome->reply;
    ReconcileItem *item = NULL;
    bool booked = false;
    reply->waiting += line->state == BANK_LINE_STATE__BANK_LINE_STATE_WAITING ? 1 : 0;
    reply->ignored += line->state == BANK_LINE_STATE__BANK_LINE_STATE_IGNORED ? 1 : 0;
    reply->matched += line->state == BANK_LINE_STATE__BANK_LINE_STATE_MATCHED ? 1 : 0;
    enum status status = is_booked(outcome, line, &booked);
    // The parts of a split line are lines of their own; those of a joined one are none.
    if (status != STATUS_OK || booked || line->state == BANK_LINE_STATE__BANK_LINE_STATE_SPLIT ||
        line->state == BANK_LINE_STATE__BANK_LINE_STATE_JOINED) {
        return status;
    }
    reply->unbooked_in_minor += line->amount_minor > 0 ? line->amount_minor : 0;
    reply->unbooked_out_minor += line->amount_minor < 0 ? -line->amount_minor : 0;
    status = add_item(outcome, &item);
    if (status != STATUS_OK || item == NULL) {
        return status;
    }
    item->side = reading_constant("bank");
    item->number = bank_line_number(outcome->call->arena, line);
    item->date_day = line->value_day;
    item->amount_minor = line->amount_minor;
    item->state = line->state;
    item->reason = line->reason;
    return item->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status take_lines(struct outcome *outcome)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status =
        rows_open(outcome->txn, TABLE_bank_line, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const BankLineRecord *line = (const BankLineRecord *)row;
        if (status == STATUS_OK && line->account == outcome->bank->account &&
            line->value_day <= outcome->day) {
            status = take_line(outcome, line);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// ---- together ----

// The statement that is asked about: the newest, or the newest that ended by a day.
static enum status find_statement(struct txn *txn, struct call *call, const BankRecord *bank,
                                  int32_t as_of_day, BankStatementRecord **out)
{
    uint64_t id = bank->statement_id;
    while (id != 0) {
        const enum status status = bank_statement_get(txn, key_u64(id), out);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        if (as_of_day == 0 || (*out)->to_day <= as_of_day) {
            return STATUS_OK;
        }
        id = (*out)->earlier_id;
    }
    return refuse(txn, call, STATUS_NOT_FOUND, "as-of", NULL);
}

static void sum_up(const struct outcome *outcome, const BankStatementRecord *statement)
{
    ReconcileStatusReply *reply = outcome->reply;
    const struct account_sum book =
        views_account(outcome->call->views, outcome->bank->account, DAY_MIN, outcome->day);
    reply->book_minor = book.debit_minor - book.credit_minor;
    reply->expected_minor = reply->book_minor - reply->outstanding_in_minor +
                            reply->outstanding_out_minor + reply->unbooked_in_minor -
                            reply->unbooked_out_minor;
    reply->closing_minor = statement->closing_minor;
    reply->has_closing = statement->has_closing;
    reply->difference_minor =
        statement->has_closing ? statement->closing_minor - reply->expected_minor : 0;
    reply->as_of_day = statement->to_day;
    reply->signed_day = outcome->bank->signed_day;
}

enum status reconcile_status(struct txn *txn, struct call *call, const ReconcileStatus *request,
                             ReconcileStatusReply *reply)
{
    ProtobufCMessage *bank = NULL;
    BankStatementRecord *statement = NULL;
    struct outcome outcome = {.txn = txn, .call = call, .reply = reply};
    enum status status = reading_load(txn, call, TABLE_bank, request->bank_id, "bank", &bank);
    if (status == STATUS_OK && !cursor_parse(request->cursor, &outcome.skip)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    if (status == STATUS_OK) {
        outcome.bank = (const BankRecord *)bank;
        status = find_statement(txn, call, outcome.bank, request->as_of_day, &statement);
    }
    outcome.limit = cursor_limit(request->limit);
    reply->row = arena_alloc(call->arena, outcome.limit * sizeof *reply->row);
    if (status == STATUS_OK && reply->row == NULL) {
        status = STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        assert(statement != NULL);
        outcome.day = statement->to_day;
        status = take_entries(&outcome);
    }
    if (status == STATUS_OK) {
        status = take_lines(&outcome);
    }
    if (status != STATUS_OK) {
        return status;
    }
    sum_up(&outcome, statement);
    reply->account = bank_account(call->arena, outcome.bank->account);
    reply->statement = bank_statement_number(call->arena, statement);
    const uint64_t shown = outcome.skip + reply->n_row;
    reply->page = cursor_page(call->arena, outcome.seen, shown < outcome.seen ? shown : 0);
    return reply->account != NULL && reply->statement != NULL && reply->page != NULL
               ? STATUS_OK
               : STATUS_TOO_LARGE;
}
