// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/bank.h"

#include "server/ledger/receipt.h"
#include "shared/money.h"

enum status bank_load(struct books *books, uint64_t id, BankRecord **out)
{
    const enum status status = bank_get(books->txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? books_refuse(books, status, "bank", NULL, NULL) : status;
}

enum status bank_load_statement(struct books *books, uint64_t id, BankStatementRecord **out)
{
    const enum status status = bank_statement_get(books->txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? books_refuse(books, status, "bank-statement", NULL, NULL)
                                      : status;
}

enum status bank_load_line(struct books *books, uint64_t id, BankLineRecord **out)
{
    const enum status status = bank_line_get(books->txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? books_refuse(books, status, "bank-line", NULL, NULL)
                                      : status;
}

char *bank_statement_number(struct arena *arena, const BankStatementRecord *statement)
{
    return ident_print(arena, SERIES_BANK_STATEMENT, statement->year, statement->sequence);
}

char *bank_line_number(struct arena *arena, const BankLineRecord *line)
{
    return ident_print(arena, SERIES_BANK_LINE, 0, line->sequence);
}

char *bank_account(struct arena *arena, uint32_t code)
{
    return arena_print(arena, "%u", code);
}

struct bank_doubt bank_doubt(const BankStatementRecord *statement,
                             const BankStatementRecord *earlier)
{
    struct bank_doubt doubt = {0};
    // Sums of a statement keep TURNOVER_MAX of room (bank_load.c), so that none of these overflows.
    const int64_t moved = statement->credit_minor - statement->debit_minor;
    if (statement->has_opening && statement->has_closing) {
        doubt.difference_minor = statement->closing_minor - statement->opening_minor - moved;
    }
    if (earlier != NULL) {
        doubt.overlap = statement->known > 0 || statement->from_day < earlier->to_day;
        if (!doubt.overlap && statement->has_opening && earlier->has_closing) {
            doubt.gap_minor = statement->opening_minor - earlier->closing_minor;
        }
    }
    return doubt;
}

enum status bank_earlier(struct txn *txn, const BankStatementRecord *statement,
                         BankStatementRecord **out)
{
    *out = NULL;
    if (statement->earlier_id == 0) {
        return STATUS_OK;
    }
    const enum status status = bank_statement_get(txn, key_u64(statement->earlier_id), out);
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

enum status bank_wait(struct books *books, BankRecord *bank, const BankLineRecord *line, bool waits)
{
    assert(bank->account == line->account);
    assert(waits || bank->waiting > 0);

    const struct row_key key = key_u64_u64(line->account, line->id);
    if (!waits) {
        bank->waiting--;
        return rows_del(books->txn, TABLE_bank_wait, key);
    }
    IdRecord index;
    id_record__init(&index);
    index.id = line->id;
    bank->waiting++;
    return bank_wait_put(books->txn, key, &index);
}

// ---- accounts ----

// A code below one of the chart's accounts that hold money ("100201" below 1002) may become one of
// its own.
static bool is_below(const struct books *books, const char *code)
{
    static const enum account_role ROLES[] = {ACCOUNT_CASH, ACCOUNT_BANK, ACCOUNT_TRANSIT};

    for (size_t i = 0; i < COUNT_OF(ROLES); i++) {
        char above[16];
        const int size = snprintf(above, sizeof above, "%u", chart_code(books->chart, ROLES[i]));
        if (size > 0 && strlen(code) > (size_t)size && strncmp(code, above, (size_t)size) == 0) {
            return true;
        }
    }
    return false;
}

// The ledger account: one that holds money, or NULL for one that is yet to be made.
static enum status find_account(struct books *books, const char *text, struct account **out)
{
    const uint32_t code = receipt_code(text);
    enum status status = code != 0 ? posting_account(books, code, out) : STATUS_NOT_FOUND;
    if (status == STATUS_NOT_FOUND) {
        *out = NULL;
        return code != 0 && is_below(books, text)
                   ? STATUS_OK
                   : books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "account", text, NULL);
    }
    if (status == STATUS_OK && !(*out)->record->cash) {
        return books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "account", text, NULL);
    }
    return status;
}

static enum status refuse_second(struct books *books, const char *text)
{
    BankRecord *known = NULL;
    const enum status status = bank_get(books->txn, key_u64(receipt_code(text)), &known);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    return status == STATUS_OK
               ? books_refuse(books, STATUS_BANK_EXISTS, "account", text, known->name)
               : status;
}

static enum status make_account(struct books *books, uint32_t code, char *name)
{
    AccountRecord account;
    account_record__init(&account);
    account.code = code;
    account.name = name;
    account.kind = ACCOUNT_KIND__ACCOUNT_KIND_ASSET;
    account.cash = true;
    return account_put(books->txn, key_u64(code), &account);
}

static enum status bank_reply(struct call *call, const BankRecord *bank, BankReply *reply)
{
    reply->id = bank->account;
    reply->account = bank_account(call->arena, bank->account);
    reply->name = bank->name;
    call_about(call, bank->account, reply->account);
    return reply->account != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status bank_add(struct txn *txn, struct call *call, const BankAdd *request, BankReply *reply)
{
    struct books books;
    struct account *account = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = find_account(&books, request->account, &account);
    }

    if (status == STATUS_OK) {
        status = refuse_second(&books, request->account);
    }
    if (status != STATUS_OK) {
        return status;
    }

    BankRecord bank;
    bank_record__init(&bank);
    bank.account = receipt_code(request->account);
    bank.name = request->name;
    bank.number = request->number;
    bank.version = 1;
    status = account != NULL ? STATUS_OK : make_account(&books, bank.account, request->name);
    if (status == STATUS_OK) {
        status = bank_put(txn, key_u64(bank.account), &bank);
    }

    return status == STATUS_OK ? bank_reply(call, &bank, reply) : status;
}

enum status bank_edit(struct txn *txn, struct call *call, const BankEdit *request, BankReply *reply)
{
    struct books books;
    BankRecord *bank = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = bank_load(&books, request->bank_id, &bank);
    }

    if (status != STATUS_OK) {
        return status;
    }

    char *name = request->name[0] != '\0' ? request->name : bank->name;
    char *number = request->number[0] != '\0' ? request->number : bank->number;
    call_note_change(call, bank->account, "name", bank->name, name);
    call_note_change(call, bank->account, "number", bank->number, number);
    bank->name = name;
    bank->number = number;
    bank->version++;
    status = bank_put(txn, key_u64(bank->account), bank);

    return status == STATUS_OK ? bank_reply(call, bank, reply) : status;
}
