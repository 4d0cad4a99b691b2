// SPDX-License-Identifier: Apache-2.0
// What is asked about bank accounts and their statements.
#include "server/ledger/bank.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

static enum status fill_bank(struct txn *txn, struct call *call, const BankRecord *bank,
                             BankRow *row)
{
    const struct account_sum sum = views_account(call->views, bank->account, DAY_MIN, DAY_MAX);
    BankStatementRecord *newest = NULL;
    row->id = bank->account;
    row->account = bank_account(call->arena, bank->account);
    row->name = bank->name;
    row->number = bank->number;
    row->balance_minor = sum.debit_minor - sum.credit_minor;
    row->waiting = bank->waiting;
    row->signed_day = bank->signed_day;
    if (row->account == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (bank->statement_id == 0) {
        return STATUS_OK;
    }
    const enum status status = bank_statement_get(txn, key_u64(bank->statement_id), &newest);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    row->statement = bank_statement_number(call->arena, newest);
    row->to_day = newest->to_day;
    row->closing_minor = newest->closing_minor;
    return row->statement != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status list_bank(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                             ProtobufCMessage *row)
{
    return fill_bank(txn, call, (const BankRecord *)record, (BankRow *)row);
}

enum status bank_list(struct txn *txn, struct call *call, const BankList *request,
                      BankListReply *reply)
{
    struct row_page page = {
        .table = TABLE_bank, .descriptor = &bank_row__descriptor, .fill = list_bank};
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (BankRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}

static enum status fill_statement(struct txn *txn, struct call *call,
                                  const BankStatementRecord *statement, BankStatementRow *row)
{
    BankStatementRecord *earlier = NULL;
    const enum status status = bank_earlier(txn, statement, &earlier);
    const struct bank_doubt doubt =
        status == STATUS_OK ? bank_doubt(statement, earlier) : (struct bank_doubt){0};
    row->id = statement->id;
    row->number = bank_statement_number(call->arena, statement);
    row->state = statement->state;
    row->format = statement->format;
    row->file_name = statement->file_name;
    row->reference = statement->reference;
    row->from_day = statement->from_day;
    row->to_day = statement->to_day;
    row->opening_minor = statement->opening_minor;
    row->credit_minor = statement->credit_minor;
    row->debit_minor = statement->debit_minor;
    row->closing_minor = statement->closing_minor;
    row->lines = statement->lines_done;
    row->known = statement->known;
    row->difference_minor = doubt.difference_minor;
    row->gap_minor = doubt.gap_minor;
    row->overlap = doubt.overlap;
    row->has_balances = statement->has_opening && statement->has_closing;
    return row->number != NULL ? status : STATUS_TOO_LARGE;
}

static enum status list_statement(struct txn *txn, struct call *call,
                                  const ProtobufCMessage *record, ProtobufCMessage *row)
{
    return fill_statement(txn, call, (const BankStatementRecord *)record, (BankStatementRow *)row);
}

static bool is_of_bank(const void *asked, const ProtobufCMessage *record)
{
    const BankShow *request = asked;
    return ((const BankStatementRecord *)record)->account == request->bank_id;
}

enum status bank_show(struct txn *txn, struct call *call, const BankShow *request, BankCard *reply)
{
    ProtobufCMessage *bank = NULL;
    enum status status = reading_load(txn, call, TABLE_bank, request->bank_id, "bank", &bank);
    reply->bank = (BankRow *)wire_make(call->arena, &bank_row__descriptor);
    if (status == STATUS_OK && reply->bank == NULL) {
        status = STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        status = fill_bank(txn, call, (const BankRecord *)bank, reply->bank);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct row_page page = {
        .table = TABLE_bank_statement,
        .backwards = true,
        .descriptor = &bank_statement_row__descriptor,
        .asked = request,
        .is_asked = is_of_bank,
        .fill = list_statement,
    };
    status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (BankStatementRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
