// SPDX-License-Identifier: Apache-2.0
// The allowance for bad debts, in charts that keep one (domain.md d.17): brought to an amount by an
// entry of its own. Its way back is the entry's reversal.
#include "server/ledger/control.h"
#include "server/ledger/permit.h"
#include "server/ledger/receipt.h"

static enum status load_allowance(struct books *books, struct account **out)
{
    const uint32_t code = chart_code(books->chart, ACCOUNT_ALLOWANCE);
    if (code == 0) {
        return books_refuse(books, STATUS_NO_ALLOWANCE, NULL, NULL, NULL);
    }
    const enum status status = posting_account(books, code, out);
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

// What it holds: its credit balance.
static int64_t held(const struct account *allowance)
{
    assert(allowance != NULL);
    return allowance->record->credit_minor - allowance->record->debit_minor;
}

// The account of the loss: one of the expenses.
static enum status loss_account(struct books *books, const char *text, uint32_t *out)
{
    struct account *account = NULL;
    *out = text[0] != '\0' ? receipt_code(text) : chart_code(books->chart, ACCOUNT_CREDIT_LOSS);
    const enum status status = posting_account(books, *out, &account);
    const bool fits =
        status == STATUS_OK && account->record->kind == ACCOUNT_KIND__ACCOUNT_KIND_EXPENSE;
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && !fits)) {
        return books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "account", text, NULL);
    }
    return status;
}

static enum status check_day(struct books *books, int32_t asked, int32_t *out)
{
    const int32_t today = books->call->book_day;
    *out = asked != 0 ? asked : today;
    if (*out > today) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, *out),
                            books_day(books, today));
    }
    return posting_guard(books, *out, POSTING_GENERAL, "date");
}

static enum status post(struct books *books, const ProvisionSet *request, int32_t day,
                        uint32_t loss, int64_t change_minor, EntryRecord **out)
{
    EntryRecord *entry = posting_begin(books, ENTRY_KIND__ENTRY_KIND_PROVISION, day, 2);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->text = request->reason;
    enum status status = posting_line(books, entry, loss, SIDE_DEBIT, change_minor, 0);
    if (status == STATUS_OK) {
        status = posting_role(books, entry, ACCOUNT_ALLOWANCE, SIDE_CREDIT, change_minor, 0);
    }
    if (status == STATUS_OK) {
        status = posting_post(books, entry);
    }
    *out = entry;
    return status;
}

enum status provision_set(struct txn *txn, struct call *call, const ProvisionSet *request,
                          ProvisionReply *reply)
{
    struct books books;
    struct account *allowance = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_allowance(&books, &allowance);
    }

    int32_t day = 0;
    uint32_t loss = 0;
    if (status == STATUS_OK && request->amount_minor > AMOUNT_MAX) {
        status = books_refuse(&books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, 0, request->amount_minor, "amount");
    }
    if (status == STATUS_OK) {
        status = loss_account(&books, request->account, &loss);
    }
    if (status == STATUS_OK) {
        status = check_day(&books, request->date_day, &day);
    }
    const int64_t before_minor = status == STATUS_OK ? held(allowance) : 0;
    const int64_t change_minor = request->amount_minor - before_minor;
    if (status == STATUS_OK && change_minor == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "amount", NULL, NULL);
    }
    if (status == STATUS_OK && (change_minor > AMOUNT_MAX || change_minor < -AMOUNT_MAX)) {
        status = books_refuse(&books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ENTRY,
                               change_minor < 0 ? -change_minor : change_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    EntryRecord *entry = NULL;
    status = post(&books, request, day, loss, change_minor, &entry);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = entry->id;
    reply->number = ident_print(call->arena, SERIES_ENTRY, entry->year, entry->sequence);
    reply->before_minor = before_minor;
    reply->change_minor = change_minor;
    reply->amount_minor = request->amount_minor;
    call_about(call, entry->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status provision_show(struct txn *txn, struct call *call, const ProvisionShow *request,
                           ProvisionCard *reply)
{
    struct books books;
    struct account *allowance = NULL;
    struct account *receivables = NULL;
    (void)request;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_allowance(&books, &allowance);
    }
    if (status == STATUS_OK) {
        status =
            posting_account(&books, chart_code(books.chart, ACCOUNT_RECEIVABLES), &receivables);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND && books.refused == STATUS_OK ? STATUS_INCOMPLETE
                                                                        : status;
    }
    reply->receivable_minor = receivables->record->debit_minor - receivables->record->credit_minor;
    reply->allowance_minor = held(allowance);
    reply->net_minor = reply->receivable_minor - reply->allowance_minor;
    return STATUS_OK;
}
