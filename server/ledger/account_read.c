// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/entry_words.h"
#include "server/ledger/financial.h"
#include "server/ledger/reading.h"
#include "shared/text.h"

// What is asked about accounts and journal entries.

// ---- accounts ----

static enum status account_matches(struct call *call, const AccountRecord *account,
                                   const struct query *query, bool *out)
{
    const char *text = arena_print(call->arena, "%u %s", account->code, account->name);
    text = text == NULL ? NULL : text_fold(call->arena, text);
    if (text == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = true;
    for (size_t i = 0; i < query->word_count; i++) {
        *out = *out && strstr(text, query->word[i]) != NULL;
    }
    return STATUS_OK;
}

static void fill_account(const AccountRecord *account, AccountRow *row)
{
    row->code = account->code;
    row->name = account->name;
    row->kind = account->kind;
    row->control = account->control;
    row->cash = account->cash;
    row->debit_minor = account->debit_minor;
    row->credit_minor = account->credit_minor;
    row->balance_minor = account->debit_minor - account->credit_minor;
    row->parent = account->parent;
    row->financial_line = financial_line(account);
    row->cash_in_line =
        account->cash ? CASH_LINE__CASH_LINE_UNSET : financial_cash_line(account, true);
    row->cash_out_line =
        account->cash ? CASH_LINE__CASH_LINE_UNSET : financial_cash_line(account, false);
    row->from_day = account->from_day;
    row->until_day = account->until_day;
    row->own = account->own;
}

static enum status add_account(struct call *call, const AccountRecord *account,
                               AccountListReply *reply)
{
    AccountRow *row = arena_alloc(call->arena, sizeof *row);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    account_row__init(row);
    fill_account(account, row);
    reply->row[reply->n_row++] = row;
    return STATUS_OK;
}

enum status account_show(struct txn *txn, struct call *call, const AccountShow *request,
                         AccountRow *reply)
{
    AccountRecord *account = NULL;
    const enum status status = account_get(txn, key_u64(request->code), &account);
    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, STATUS_ACCOUNT_UNKNOWN, "code", "%u", request->code);
    }
    if (status == STATUS_OK) {
        fill_account(account, reply);
    }
    return status;
}

// As the chart is read; the cursor counts the accounts that match.
enum status account_list(struct txn *txn, struct call *call, const AccountList *request,
                         AccountListReply *reply)
{
    struct query query;
    AccountRecord **account = NULL;
    size_t accounts = 0;
    uint64_t skip = 0;
    enum status status = query_parse(txn, call, request->query, "", &query);
    if (status == STATUS_OK) {
        status = skip_parse(txn, call, request->cursor, &skip);
    }
    if (status == STATUS_OK) {
        status = financial_accounts(txn, call, &account, &accounts);
    }
    size_t limit = cursor_limit(request->limit);
    reply->row = arena_alloc(call->arena, limit * sizeof *reply->row);
    if (status != STATUS_OK || reply->row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    financial_order(account, accounts);
    uint64_t count = 0;
    for (size_t i = 0; status == STATUS_OK && i < accounts; i++) {
        bool matches = false;
        status = account_matches(call, account[i], &query, &matches);
        if (status == STATUS_OK && matches) {
            count++;
        }
        if (status == STATUS_OK && matches && count > skip && reply->n_row < limit) {
            status = add_account(call, account[i], reply);
        }
    }
    return status == STATUS_OK ? reading_page(call, count, skip, reply->n_row, &reply->page)
                               : status;
}

// ---- entries ----

static enum status read_query(struct txn *txn, struct call *call, const EntryList *request,
                              struct document_query *out)
{
    struct query query;
    enum status status = query_parse(txn, call, request->query, "customer account", &query);
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct document_query){
        .table = TABLE_entry,
        .from_day = request->from_day,
        .to_day = request->to_day,
        .account = request->account,
        .word_count = query.word_count,
    };
    for (size_t i = 0; i < query.word_count; i++) {
        out->words[i] = query.word[i];
    }
    for (size_t i = 0; i < query.term_count; i++) {
        const struct query_term *term = &query.term[i];
        if (term_is(term, "customer")) {
            out->customer_id = reading_find_customer(call, term->value);
        } else {
            out->account = 0;
            for (const char *c = term->value; *c >= '0' && *c <= '9' && out->account < 100000000;
                 c++) {
                out->account = out->account * 10 + (uint32_t)(*c - '0');
            }
        }
        if (term_is(term, "customer") ? out->customer_id == 0 : out->account == 0) {
            return query_refuse(txn, call, term);
        }
    }
    return STATUS_OK;
}

static enum status fill_row(struct txn *txn, struct call *call, uint64_t id,
                            ProtobufCMessage *message)
{
    EntryRow *row = (EntryRow *)message;
    EntryRecord *entry = NULL;
    enum status status = entry_get(txn, key_u64(id), &entry);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    row->id = id;
    row->number = ident_print(call->arena, SERIES_ENTRY, entry->year, entry->sequence);
    row->kind = entry->kind;
    row->date_day = entry->date_day;
    row->text = entry_words(entry);
    row->entered_late_days = entry->entered_late_days;
    for (size_t i = 0; i < entry->n_line; i++) {
        row->total_minor += entry->line[i]->debit_minor;
    }
    return row->number == NULL ? STATUS_TOO_LARGE
                               : reading_document(call, entry->document_id, &row->document);
}

enum status entry_list(struct txn *txn, struct call *call, const EntryList *request,
                       EntryListReply *reply)
{
    struct document_query query;
    struct document_page page = {.descriptor = &entry_row__descriptor, .fill = fill_row};
    enum status status = read_query(txn, call, request, &query);
    if (status == STATUS_OK) {
        status = reading_documents(txn, call, &query, request->cursor, request->limit, &page);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->row = (EntryRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return STATUS_OK;
}

// Code of an item of the catalogue; "" for an id of 0.
static enum status read_item(struct txn *txn, uint64_t id, char **out)
{
    CatalogueRecord *item = NULL;
    *out = reading_constant("");
    const enum status status = id != 0 ? catalogue_get(txn, key_u64(id), &item) : STATUS_OK;
    if (status == STATUS_OK && item != NULL) {
        *out = item->code;
    }
    return status;
}

static enum status fill_lines(struct txn *txn, struct call *call, const EntryRecord *entry,
                              EntryCard *card)
{
    EntryCardLine *lines = arena_alloc(call->arena, (entry->n_line + 1) * sizeof *lines);
    card->line = arena_alloc(call->arena, (entry->n_line + 1) * sizeof *card->line);
    if (lines == NULL || card->line == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < entry->n_line && status == STATUS_OK; i++) {
        const PostingLine *posted = entry->line[i];
        AccountRecord *account = NULL;
        struct customer_label customer;
        entry_card_line__init(&lines[i]);
        lines[i].account = posted->account;
        lines[i].debit_minor = posted->debit_minor;
        lines[i].credit_minor = posted->credit_minor;
        lines[i].text = posted->text;
        lines[i].cash_line = posted->cash_line;
        card->line[card->n_line++] = &lines[i];
        status = account_get(txn, key_u64(posted->account), &account);
        if (status == STATUS_OK) {
            lines[i].name = account->name;
            status = reading_customer(txn, call, posted->customer_id, &customer);
        }
        if (status == STATUS_OK) {
            lines[i].customer = customer.number;
            status = read_item(txn, posted->item_id, &lines[i].item);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

enum status entry_show(struct txn *txn, struct call *call, const EntryShow *request,
                       EntryCard *reply)
{
    ProtobufCMessage *row = NULL;
    enum status status = reading_load(txn, call, TABLE_entry, request->entry_id, "entry", &row);
    if (status != STATUS_OK) {
        return status;
    }
    const EntryRecord *entry = (const EntryRecord *)row;
    reply->id = entry->id;
    reply->number = ident_print(call->arena, SERIES_ENTRY, entry->year, entry->sequence);
    reply->kind = entry->kind;
    reply->date_day = entry->date_day;
    reply->origin_day = entry->origin_day;
    reply->text = entry_words(entry);
    reply->entered_us = entry->entered_us;
    reply->reference = entry->reference;
    reply->entered_late_days = entry->entered_late_days;
    if (reply->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = fill_lines(txn, call, entry, reply);
    if (status == STATUS_OK) {
        status = reading_document(call, entry->document_id, &reply->document);
    }
    if (status == STATUS_OK) {
        status = reading_document(call, entry->reversed_by_id, &reply->reversed_by);
    }
    if (status == STATUS_OK) {
        status = reading_document(call, entry->reverses_id, &reply->reverses);
    }
    return status == STATUS_OK ? reading_login(txn, entry->entered_by, &reply->entered_by) : status;
}
