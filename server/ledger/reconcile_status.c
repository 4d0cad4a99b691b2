// SPDX-License-Identifier: Apache-2.0
// The outcome statement (domain.md d.13): what the books say, less what the bank does not show yet,
// plus what the books do not have, is what the bank must say on the last day of a statement.
#include "server/ledger/reading.h"
#include "server/ledger/reconcile.h"
#include "shared/day.h"
#include "shared/wire.h"

#define LINES_AT_ONCE 20000 // of the books, 24 bytes each

// Something on one side only.
struct remainder {
    uint64_t id; // of an entry, or of a line of the bank
    int64_t amount_minor;
    bool is_entry;
};

// All rows are looked at, and each is given back at once: of a hundred thousand nothing but the
// sums and the page is kept.
struct outcome {
    struct txn *txn;
    struct call *call;
    const BankRecord *bank;
    int32_t day;
    ReconcileStatusReply *reply;
    struct remainder *page;
    size_t count;
    size_t limit;
    uint64_t skip; // rows of the list before the page
    uint64_t seen;
};

static void add_remainder(struct outcome *outcome, uint64_t id, int64_t amount_minor, bool is_entry)
{
    const uint64_t at = outcome->seen++;
    if (at >= outcome->skip && outcome->count < outcome->limit) {
        outcome->page[outcome->count++] =
            (struct remainder){.id = id, .amount_minor = amount_minor, .is_entry = is_entry};
    }
}

// Does the bank's balance of the day have the line? It has it from the day on which the bank booked
// it, inside the days of the statement that it stands on: interest of January that the bank enters
// in February is no part of January's balance, whatever its value day is.
static enum status has_line(const struct outcome *outcome, const BankLineRecord *line, bool *out)
{
    BankStatementRecord *statement = NULL;
    const enum status status =
        bank_statement_get(outcome->txn, key_u64(line->statement_id), &statement);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    int32_t day = line->booked_day != 0 ? line->booked_day : line->value_day;
    day = day > statement->to_day ? statement->to_day : day;
    day = day < statement->from_day ? statement->from_day : day;
    *out = day <= outcome->day;
    return STATUS_OK;
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
    if (status == STATUS_OK) {
        status = has_line(outcome, line, out);
    }
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

// Does the entry stand beside what the bank shows?
static enum status is_outstanding(const struct outcome *outcome, uint64_t id, bool *out)
{
    EntryRecord *entry = NULL;
    bool is_left_out = false;
    enum status status = is_shown(outcome, id, &is_left_out);
    if (status == STATUS_OK && !is_left_out) {
        status = entry_get(outcome->txn, key_u64(id), &entry);
    }
    if (status == STATUS_OK && entry != NULL) {
        status = is_void(outcome, entry, &is_left_out);
    }
    *out = !is_left_out;
    return status;
}

static enum status take_entry(struct outcome *outcome, uint64_t id, int64_t moved)
{
    const struct arena_mark mark = arena_mark(outcome->call->arena);
    bool outstanding = false;
    const enum status status = moved != 0 ? is_outstanding(outcome, id, &outstanding) : STATUS_OK;
    arena_rewind(outcome->call->arena, mark);
    if (status == STATUS_OK && outstanding) {
        outcome->reply->outstanding_in_minor += moved > 0 ? moved : 0;
        outcome->reply->outstanding_out_minor += moved < 0 ? -moved : 0;
        add_remainder(outcome, id, moved, true);
    }
    return status;
}

// The lines of the account stand together by entry, with the balance behind each.
struct ledger_walk {
    uint64_t entry_id; // 0: none yet
    int64_t moved_minor;
    int64_t balance_minor;
};

static enum status take_page(struct outcome *outcome, const struct ledger_page *page,
                             struct ledger_walk *walk)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < page->count; i++) {
        const struct ledger_line *line = &page->row[i];
        if (line->entry_id != walk->entry_id && walk->entry_id != 0) {
            status = take_entry(outcome, walk->entry_id, walk->moved_minor);
        }
        walk->moved_minor = line->entry_id != walk->entry_id ? 0 : walk->moved_minor;
        walk->moved_minor += line->balance_minor - walk->balance_minor;
        walk->balance_minor = line->balance_minor;
        walk->entry_id = line->entry_id;
    }
    return status;
}

static enum status take_entries(struct outcome *outcome)
{
    const struct ledger_query query = {
        .account = outcome->bank->account, .from_day = DAY_MIN, .to_day = outcome->day};
    struct arena *arena = outcome->call->arena;
    const struct arena_mark mark = arena_mark(arena);
    struct ledger_walk walk = {0};
    uint64_t total = 0;
    enum status status = STATUS_OK;
    for (uint64_t skip = 0; status == STATUS_OK && skip <= total; skip += LINES_AT_ONCE) {
        struct ledger_page page = {0};
        status = views_ledger(outcome->call->views, outcome->call->filter, &query, skip,
                              LINES_AT_ONCE, arena, &page);
        total = page.total_count;
        if (status == STATUS_OK) {
            status = take_page(outcome, &page, &walk);
        }
        arena_rewind(arena, mark);
    }
    return status == STATUS_OK && walk.entry_id != 0
               ? take_entry(outcome, walk.entry_id, walk.moved_minor)
               : status;
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
    bool booked = false;
    reply->waiting += line->state == BANK_LINE_STATE__BANK_LINE_STATE_WAITING ? 1 : 0;
    reply->ignored += line->state == BANK_LINE_STATE__BANK_LINE_STATE_IGNORED ? 1 : 0;
    reply->matched += line->state == BANK_LINE_STATE__BANK_LINE_STATE_MATCHED ? 1 : 0;
    const enum status status = is_booked(outcome, line, &booked);
    // The parts of a split line are lines of their own; those of a joined one are none.
    if (status != STATUS_OK || booked || line->state == BANK_LINE_STATE__BANK_LINE_STATE_SPLIT ||
        line->state == BANK_LINE_STATE__BANK_LINE_STATE_JOINED) {
        return status;
    }
    reply->unbooked_in_minor += line->amount_minor > 0 ? line->amount_minor : 0;
    reply->unbooked_out_minor += line->amount_minor < 0 ? -line->amount_minor : 0;
    add_remainder(outcome, line->id, line->amount_minor, false);
    return STATUS_OK;
}

static enum status take_lines(struct outcome *outcome)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status =
        rows_open(outcome->txn, TABLE_bank_line, (struct row_key){0}, 0, false, &rows);
    const struct arena_mark mark = arena_mark(outcome->call->arena);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const BankLineRecord *line = (const BankLineRecord *)row;
        bool is_there = false;
        if (status == STATUS_OK && line->account == outcome->bank->account) {
            status = has_line(outcome, line, &is_there);
        }
        if (status == STATUS_OK && is_there) {
            status = take_line(outcome, line);
        }
        arena_rewind(outcome->call->arena, mark);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// ---- the page ----

static enum status fill_entry(const struct outcome *outcome, uint64_t id, ReconcileItem *item)
{
    EntryRecord *entry = NULL;
    const enum status status = entry_get(outcome->txn, key_u64(id), &entry);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    item->side = reading_constant("books");
    item->date_day = entry->date_day;
    return reading_document(outcome->call, id, &item->number);
}

static enum status fill_line(const struct outcome *outcome, uint64_t id, ReconcileItem *item)
{
    BankLineRecord *line = NULL;
    const enum status status = bank_line_get(outcome->txn, key_u64(id), &line);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    item->side = reading_constant("bank");
    item->number = bank_line_number(outcome->call->arena, line);
    item->date_day = line->value_day;
    item->state = line->state;
    item->reason = line->reason;
    return item->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status fill_page(struct outcome *outcome)
{
    ReconcileStatusReply *reply = outcome->reply;
    enum status status = STATUS_OK;
    reply->row = arena_alloc(outcome->call->arena, (outcome->count + 1) * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < outcome->count; i++) {
        const struct remainder *at = &outcome->page[i];
        ReconcileItem *item =
            (ReconcileItem *)wire_make(outcome->call->arena, &reconcile_item__descriptor);
        if (item == NULL) {
            return STATUS_TOO_LARGE;
        }
        reply->row[reply->n_row++] = item;
        item->amount_minor = at->amount_minor;
        status =
            at->is_entry ? fill_entry(outcome, at->id, item) : fill_line(outcome, at->id, item);
    }
    return status;
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
    outcome.page = arena_alloc(call->arena, outcome.limit * sizeof *outcome.page);
    if (status == STATUS_OK && outcome.page == NULL) {
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
    if (status == STATUS_OK) {
        status = fill_page(&outcome);
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
