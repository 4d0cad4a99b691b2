// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/issued.h"
#include "server/ledger/report.h"
#include "shared/money.h"

// The statement of account (domain.md d.10). Balance forward: it opens where the day before closed,
// and every document that moved what the customer owes stands in order of day. Open items: what is
// left at the end of the period. One that was issued is worked out from the rows that the books had
// then, so that it says the same for ever; its content has a hash, and a difference is told.

// What a statement rests on.
struct basis {
    uint64_t customer_id;
    StatementForm form;
    int32_t from_day, to_day;
    char *currency; // of what stands on it alone; "": everything, in the book's
    uint32_t view_currency;
    uint64_t before_id;         // of rows that count; 0: all
    const IssuedRecord *issued; // NULL: the books as they stand
    bool is_hashed;
};

static struct open_query open_query_of(const struct basis *basis)
{
    return (struct open_query){.customer_id = basis->customer_id,
                               .day = basis->to_day,
                               .before_id = basis->before_id,
                               .currency = basis->view_currency};
}

// The number of a bank line means nothing to the customer.
static enum status add_reference(struct call *call, const char *text, size_t size, char **out)
{
    enum series series = SERIES_CUSTOMER;
    uint32_t year = 0;
    uint32_t sequence = 0;
    char *copy = size > 0 ? arena_copy(call->arena, text, size) : reading_constant("");
    if (copy == NULL) {
        return STATUS_TOO_LARGE;
    }
    const bool is_ours = ident_parse(copy, &series, &year, &sequence) && series == SERIES_BANK_LINE;
    *out = is_ours ? reading_constant("") : copy;
    return STATUS_OK;
}

static enum status fill_row(struct call *call, const struct movement *movement,
                            int64_t balance_minor, StatementRow *row)
{
    statement_row__init(row);
    row->date_day = movement->day;
    row->balance_minor = balance_minor;
    if (movement->amount_minor < 0) {
        row->credit_minor = -movement->amount_minor;
    } else {
        row->debit_minor = movement->amount_minor;
    }
    if (movement->sequence != 0) {
        row->document =
            ident_print(call->arena, movement->series, movement->year, movement->sequence);
    }
    row->reversal = movement->takes_back;
    return row->document == NULL ? STATUS_TOO_LARGE
                                 : add_reference(call, movement->reference,
                                                 movement->reference_size, &row->reference);
}

// As many rows of the page as fit into the reply.
static enum status add_rows(struct call *call, const struct movement_page *page,
                            struct reply_room *room, StatementShowReply *reply)
{
    StatementRow *rows = arena_alloc(call->arena, (page->count + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (page->count + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    int64_t balance = page->before_minor;
    for (size_t i = 0; i < page->count; i++) {
        balance += page->row[i].amount_minor;
        enum status status = fill_row(call, &page->row[i], balance, &rows[i]);
        if (status != STATUS_OK) {
            return status;
        }
        if (!reading_fits(room, &rows[i].base)) {
            return STATUS_OK;
        }
        reply->row[reply->n_row++] = &rows[i];
    }
    return STATUS_OK;
}

static enum status add_aging(struct call *call, const struct basis *basis,
                             StatementShowReply *reply)
{
    struct aging_matches matches;
    const struct aging_query query = {.day = basis->to_day,
                                      .currency = basis->view_currency,
                                      .customer_id = basis->customer_id,
                                      .before_id = basis->before_id};
    AgingRow *row = arena_alloc(call->arena, sizeof *row);
    enum status status =
        views_aging(call->views, call->filter, &query, 0, 1, call->arena, &matches);
    if (status != STATUS_OK || row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    aging_row__init(row);
    report_aging_row(&matches.total, row);
    row->customer = reply->customer;
    row->name = reply->name;
    reply->aging = row;
    if (row->balance_minor != reply->closing_minor) {
        call->status = STATUS_DIFFERENCE;
    }
    return STATUS_OK;
}

// ---- open items ----

static enum status fill_item(struct call *call, const struct open_row *from, int32_t day,
                             StatementItem *item)
{
    int64_t sign = from->debit ? 1 : -1;
    statement_item__init(item);
    item->date_day = from->date_day;
    item->due_day = from->due_day;
    item->amount_minor = sign * from->amount_minor;
    item->residual_minor = sign * from->residual_minor;
    item->settled_minor = item->amount_minor - item->residual_minor;
    item->overdue_days = from->debit && from->due_day < day ? (uint32_t)(day - from->due_day) : 0;
    if (from->sequence != 0) {
        item->document = ident_print(call->arena, from->series, from->year, from->sequence);
    }
    return item->document == NULL
               ? STATUS_TOO_LARGE
               : add_reference(call, from->reference, from->reference_size, &item->reference);
}

// All of them: a statement with more than fit is refused, not cut.
static enum status add_items(struct call *call, const struct basis *basis, struct reply_room *room,
                             StatementShowReply *reply)
{
    struct open_row *open = NULL;
    size_t count = 0;
    const struct open_query query = open_query_of(basis);
    enum status status =
        views_open_items(call->views, call->filter, &query, call->arena, &open, &count);
    StatementItem *items = arena_alloc(call->arena, (count + 1) * sizeof *items);
    reply->item = arena_alloc(call->arena, (count + 1) * sizeof *reply->item);
    if (status == STATUS_OK && (items == NULL || reply->item == NULL)) {
        status = STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = fill_item(call, &open[i], basis->to_day, &items[i]);
        if (status == STATUS_OK && !reading_fits(room, &items[i].base)) {
            status = STATUS_TOO_LARGE;
        }
        reply->item[reply->n_item++] = &items[i];
    }
    return status;
}

// ---- what stands around the figures ----

// The customer as it was called when the statement was issued.
static enum status add_customer(struct txn *txn, struct call *call, const struct basis *basis,
                                StatementShowReply *reply)
{
    CustomerRecord *row = NULL;
    enum status status = customer_get(txn, key_u64(basis->customer_id), &row);
    if (status != STATUS_OK) {
        return status;
    }
    CustomerRecord customer = *row;
    if (basis->issued != NULL) {
        customer.vault_id = basis->issued->vault_id;
        customer.sealed = basis->issued->sealed;
        customer.n_sealed = basis->issued->n_sealed;
    }
    reply->customer = ident_print(call->arena, SERIES_CUSTOMER, 0, customer.sequence);
    return reply->customer == NULL ? STATUS_TOO_LARGE
                                   : rows_text(txn, &customer, "name", 0, &reply->name);
}

// How far the journal has come tells of others' work: only to who sees every customer.
static enum status add_journal(struct txn *txn, struct call *call, const struct basis *basis,
                               StatementShowReply *reply)
{
    uint8_t root[LEAF_BYTES];
    const struct tree *tree = &txn_head(txn)->tree;
    if (!basis->is_hashed || !reading_sees_all(call)) {
        return STATUS_OK;
    }
    tree_root(tree, root);
    reply->sequence = tree->size;
    reply->records = tree->size;
    if (basis->issued != NULL) {
        if (basis->issued->root.len != LEAF_BYTES) {
            return STATUS_INCOMPLETE;
        }
        memcpy(root, basis->issued->root.data, LEAF_BYTES);
        reply->sequence = basis->issued->records;
        reply->records = basis->issued->root_records;
    }
    reply->root = reading_hex(call->arena, root, LEAF_BYTES);
    return reply->root == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

static enum status add_issue(struct txn *txn, struct call *call, const IssuedRecord *issued,
                             StatementShowReply *reply)
{
    reply->number = issued_number(call->arena, issued);
    reply->state = issued->state;
    reply->issued_us = issued->issued_us;
    reply->replied_day = issued->replied_day;
    reply->theirs_minor = issued->theirs_minor;
    reply->reason = issued->reason;
    if (reply->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = reading_login(txn, issued->issued_by, &reply->issued_by);
    return status == STATUS_OK ? reading_finding(txn, call, issued->finding_id, &reply->finding)
                               : status;
}

static enum status add_heading(struct txn *txn, struct call *call, const struct basis *basis,
                               StatementShowReply *reply)
{
    BookRecord *book = NULL;
    const IssuedRecord *issued = basis->issued;
    assert(basis->currency != NULL); // load_currency
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = add_customer(txn, call, basis, reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->issuer = book->company;
    reply->currency = basis->currency[0] != '\0' ? basis->currency : book->currency;
    reply->form = basis->form;
    reply->from_day = basis->from_day;
    reply->to_day = basis->to_day;
    reply->bank_name = issued != NULL ? issued->bank_name : book->bank_name;
    reply->bank_holder = issued != NULL ? issued->bank_holder : book->bank_holder;
    reply->bank_account = issued != NULL ? issued->bank_account : book->bank_account;
    reply->footer = issued != NULL ? issued->footer : book->footer;
    const struct open_query query = open_query_of(basis);
    status = reading_currencies(call, book, &query, &reply->other, &reply->n_other);
    if (status == STATUS_OK) {
        status = add_journal(txn, call, basis, reply);
    }
    return status == STATUS_OK && issued != NULL ? add_issue(txn, call, issued, reply) : status;
}

// Formal numerals are for amounts in yuan.
static enum status add_words(struct call *call, StatementShowReply *reply)
{
    if (strcmp(reply->currency, "CNY") != 0) {
        return STATUS_OK;
    }
    reply->closing_words = money_formal(call->arena, reply->closing_minor);
    return reply->closing_words == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

// ---- the hash of the content ----

// Line by line, each with all before it. Personal text is left out: who sees it masked finds the
// same hash, and it stays when the customer's key is destroyed.
static enum status hash_line(uint8_t hash[static KEY_BYTES], struct arena *arena, const char *line)
{
    size_t size = line == NULL ? 0 : strlen(line);
    uint8_t *all = line == NULL ? NULL : arena_alloc(arena, KEY_BYTES + size);
    if (all == NULL) {
        return STATUS_TOO_LARGE;
    }
    memcpy(all, hash, KEY_BYTES);
    memcpy(all + KEY_BYTES, line, size);
    key_hash(NULL, bytes_of(all, KEY_BYTES + size), hash, KEY_BYTES);
    return STATUS_OK;
}

static enum status hash_heading(uint8_t hash[static KEY_BYTES], struct arena *arena,
                                const StatementShowReply *reply)
{
    const AgingRow *aging = reply->aging;
    const char *lines[] = {
        "kontor.account-statement/v1",
        arena_print(arena, "%s\t%s\t%s\t%d\t%d\t%d", reply->issuer, reply->customer,
                    reply->currency, (int)reply->form, reply->from_day, reply->to_day),
        arena_print(arena, "%s\t%s\t%s\t%s", reply->bank_name, reply->bank_holder,
                    reply->bank_account, reply->footer),
        arena_print(arena, "%lld\t%lld\t%lld\t%lld", (long long)reply->opening_minor,
                    (long long)reply->debit_minor, (long long)reply->credit_minor,
                    (long long)reply->closing_minor),
        arena_print(arena, "%lld\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld",
                    (long long)aging->not_due_minor, (long long)aging->d1_30_minor,
                    (long long)aging->d31_60_minor, (long long)aging->d61_90_minor,
                    (long long)aging->d91_180_minor, (long long)aging->d181_365_minor,
                    (long long)aging->d366_up_minor, (long long)aging->on_account_minor),
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(lines) && status == STATUS_OK; i++) {
        status = hash_line(hash, arena, lines[i]);
    }
    return status;
}

// What is of one currency alone says so, and what was beside it.
static enum status hash_currency(uint8_t hash[static KEY_BYTES], struct arena *arena,
                                 const struct basis *basis, const StatementShowReply *reply)
{
    if (basis->currency[0] == '\0') {
        return STATUS_OK;
    }
    enum status status = hash_line(hash, arena, arena_print(arena, "alone\t%s", basis->currency));
    for (size_t i = 0; i < reply->n_other && status == STATUS_OK; i++) {
        const CurrencyOpen *other = reply->other[i];
        status = hash_line(hash, arena,
                           arena_print(arena, "%s\t%lld\t%lld", other->currency,
                                       (long long)other->open_minor,
                                       (long long)other->on_account_minor));
    }
    return status;
}

static enum status hash_content(struct call *call, const struct basis *basis,
                                const StatementShowReply *rows, StatementShowReply *reply,
                                uint8_t hash[static KEY_BYTES])
{
    struct arena *arena = call->arena;
    memset(hash, 0, KEY_BYTES);
    enum status status = hash_heading(hash, arena, reply);
    if (status == STATUS_OK) {
        status = hash_currency(hash, arena, basis, reply);
    }
    for (size_t i = 0; i < rows->n_row && status == STATUS_OK; i++) {
        const StatementRow *row = rows->row[i];
        status =
            hash_line(hash, arena,
                      arena_print(arena, "%d\t%s\t%s\t%lld\t%lld\t%lld", row->date_day,
                                  row->document, row->reference, (long long)row->debit_minor,
                                  (long long)row->credit_minor, (long long)row->balance_minor));
    }
    for (size_t i = 0; i < reply->n_item && status == STATUS_OK; i++) {
        const StatementItem *item = reply->item[i];
        status =
            hash_line(hash, arena,
                      arena_print(arena, "%s\t%s\t%d\t%d\t%lld\t%lld", item->document,
                                  item->reference, item->date_day, item->due_day,
                                  (long long)item->amount_minor, (long long)item->residual_minor));
    }
    return status;
}

// Of all rows, whatever page is shown. An issued one is compared with what was looked at then.
static enum status add_hash(struct call *call, const struct basis *basis,
                            const struct movement_query *query, StatementShowReply *reply)
{
    StatementShowReply rows;
    struct movement_page page = {0};
    struct reply_room room = {.limit = REPLY_ROWS_MAX, .bytes = SIZE_MAX, .arena = call->arena};
    uint8_t hash[KEY_BYTES];
    statement_show_reply__init(&rows);
    enum status status = STATUS_OK;
    if (basis->form != STATEMENT_FORM__STATEMENT_FORM_OPEN) {
        status = views_movements(call->views, call->filter, query, 0, SIZE_MAX, call->arena, &page);
    }
    if (status == STATUS_OK) {
        status = add_rows(call, &page, &room, &rows);
    }
    if (status == STATUS_OK && rows.n_row < page.count) {
        status = STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        status = hash_content(call, basis, &rows, reply, hash);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const IssuedRecord *issued = basis->issued;
    if (issued != NULL && issued->hash.len > 0 &&
        (issued->hash.len != KEY_BYTES || memcmp(issued->hash.data, hash, KEY_BYTES) != 0)) {
        call->status = STATUS_DIFFERENCE;
    }
    reply->hash = reading_hex(call->arena, hash, KEY_BYTES);
    return reply->hash == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

// ---- the command ----

// As asked, as it was issued, or the customer's own.
static enum status load_currency(struct txn *txn, struct call *call, const StatementShow *request,
                                 const ProtobufCMessage *row, struct basis *out)
{
    BookRecord *book = NULL;
    const enum status status = reading_book(txn, &book);
    if (status != STATUS_OK) {
        return status;
    }
    if (out->issued != NULL && request->currency[0] != '\0') {
        return refuse(txn, call, STATUS_FIELD_CONFLICT, "currency", NULL);
    }
    out->currency = out->issued != NULL            ? out->issued->currency
                    : request->currency[0] != '\0' ? request->currency
                                                   : ((const CustomerRecord *)row)->currency;
    out->view_currency = reading_view_currency(book, out->currency);
    return STATUS_OK;
}

static enum status load_basis(struct txn *txn, struct call *call, const StatementShow *request,
                              struct basis *out)
{
    ProtobufCMessage *row = NULL;
    bool is_issued = request->statement_id != 0;
    *out = (struct basis){
        .customer_id = request->customer_id,
        .form = request->form != STATEMENT_FORM__STATEMENT_FORM_UNSET
                    ? request->form
                    : STATEMENT_FORM__STATEMENT_FORM_BALANCE,
        .from_day = request->from_day,
        .to_day = request->to_day != 0 ? request->to_day : call->book_day,
        .is_hashed = request->proof,
    };
    enum status status =
        is_issued ? reading_load(txn, call, TABLE_issued, request->statement_id, "statement", &row)
                  : reading_load(txn, call, TABLE_customer, request->customer_id, "customer", &row);
    if (status == STATUS_OK && is_issued) {
        const IssuedRecord *issued = (const IssuedRecord *)row;
        *out = (struct basis){
            .customer_id = issued->customer_id,
            .form = issued->form,
            .from_day = issued->from_day,
            .to_day = issued->to_day,
            .before_id = issued_before_id(issued->records),
            .issued = issued,
            .is_hashed = true,
        };
    }
    if (status == STATUS_OK) {
        status = load_currency(txn, call, request, row, out);
    }
    if (status == STATUS_OK && out->from_day > out->to_day) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "from", NULL);
    }
    return status;
}

static enum status add_figures(struct call *call, const struct basis *basis,
                               const struct movement_query *query, uint64_t skip,
                               struct reply_room *room, StatementShowReply *reply)
{
    struct movement_page page = {0};
    bool is_open = basis->form == STATEMENT_FORM__STATEMENT_FORM_OPEN;
    enum status status = views_movements(call->views, call->filter, query, skip,
                                         is_open ? 0 : room->limit, call->arena, &page);
    if (status == STATUS_OK) {
        status = is_open ? add_items(call, basis, room, reply) : add_rows(call, &page, room, reply);
    }
    reply->opening_minor = page.opening_minor;
    reply->debit_minor = page.debit_minor;
    reply->credit_minor = page.credit_minor;
    reply->closing_minor = page.opening_minor + page.debit_minor - page.credit_minor;
    if (status == STATUS_OK) {
        status = add_aging(call, basis, reply);
    }
    return status == STATUS_OK && !is_open
               ? reading_page(call, page.total_count, skip, reply->n_row, &reply->page)
               : status;
}

enum status statement_show(struct txn *txn, struct call *call, const StatementShow *request,
                           StatementShowReply *reply)
{
    struct basis basis;
    uint64_t skip = 0;
    enum status status = load_basis(txn, call, request, &basis);
    if (status == STATUS_OK) {
        status = skip_parse(txn, call, request->cursor, &skip);
    }
    if (status == STATUS_OK) {
        status = add_heading(txn, call, &basis, reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct reply_room room = reading_room(call, request->limit);
    const struct movement_query query = {
        .customer_id = basis.customer_id,
        .from_day = basis.from_day == 0 ? DAY_MIN : basis.from_day,
        .to_day = basis.to_day,
        .before_id = basis.before_id,
        .currency = basis.view_currency,
    };
    status = add_figures(call, &basis, &query, skip, &room, reply);
    if (status == STATUS_OK && basis.is_hashed) {
        status = add_hash(call, &basis, &query, reply);
    }
    return status == STATUS_OK ? add_words(call, reply) : status;
}
