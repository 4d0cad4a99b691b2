// SPDX-License-Identifier: Apache-2.0
// What a person says of all lines like one: whose they are, or which account they are booked
// against. Lines are alike by the account or the name of the other side, or by the bank's word for
// their kind. Only hashes are compared, so the list names the line that a rule was made from.
#include "server/ledger/customer.h"
#include "server/ledger/reading.h"
#include "server/ledger/reconcile.h"
#include "shared/wire.h"

static const struct {
    PayerField by;
    enum bank_hash field;
} MARKS[] = {
    {PAYER_FIELD__PAYER_FIELD_ACCOUNT, BANK_HASH_ACCOUNT},
    {PAYER_FIELD__PAYER_FIELD_NAME, BANK_HASH_NAME},
    {PAYER_FIELD__PAYER_FIELD_TYPE, BANK_HASH_TYPE},
};

static uint32_t mark_of(PayerField by)
{
    for (size_t i = 0; i < COUNT_OF(MARKS); i++) {
        if (MARKS[i].by == by) {
            return MARKS[i].field;
        }
    }
    return 0;
}

static PayerField word_of(uint32_t field)
{
    for (size_t i = 0; i < COUNT_OF(MARKS); i++) {
        if (MARKS[i].field == field) {
            return MARKS[i].by;
        }
    }
    return PAYER_FIELD__PAYER_FIELD_UNSET;
}

// The key under which lines like this one are known, and what is known of them: `payer` is NULL for
// nothing. Refused when the line has no such mark.
static enum status load_payer(struct books *books, uint64_t line_id, PayerField by,
                              BankLineRecord **line, struct row_key *key, PayerRecord **payer)
{
    enum status status = bank_load_line(books, line_id, line);
    if (status != STATUS_OK) {
        return status;
    }
    const UniqueHash *hash = books_hash_of((*line)->unique, (*line)->n_unique, mark_of(by));
    if (hash == NULL) {
        return books_refuse(books, STATUS_BANK_NO_MARK, "by", bank_line_number(books->arena, *line),
                            NULL);
    }
    *key = key_hash16(hash->hash.data);
    *payer = NULL;
    status = payer_get(books->txn, *key, payer);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status check_account(struct books *books, const char *text, uint32_t own,
                                 uint32_t *code)
{
    struct account *account = NULL;
    *code = receipt_code(text);
    const enum status status =
        *code != 0 ? posting_account(books, *code, &account) : STATUS_NOT_FOUND;
    if (status == STATUS_NOT_FOUND || *code == own) {
        return books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "account", text, NULL);
    }
    return status == STATUS_OK && account->record->control
               ? books_refuse(books, STATUS_ACCOUNT_NEEDS_CUSTOMER, "account", text, NULL)
               : status;
}

static enum status name_rule(struct books *books, const BankLineRecord *line, PayerField by,
                             ReconcileRuleReply *reply)
{
    reply->id = line->id;
    reply->by = by;
    reply->number = bank_line_number(books->arena, line);
    call_about(books->call, line->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status reconcile_rule(struct txn *txn, struct call *call, const ReconcileRule *request,
                           ReconcileRuleReply *reply)
{
    struct books books;
    BankLineRecord *line = NULL;
    PayerRecord *known = NULL;
    CustomerRecord *customer = NULL;
    struct row_key key = {0};
    PayerRecord payer;
    payer_record__init(&payer);
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_payer(&books, request->bank_line_id, request->by, &line, &key, &known);
    }

    if (status == STATUS_OK && request->customer_id != 0) {
        status = books_active_customer(&books, request->customer_id, "customer", &customer);
    } else if (status == STATUS_OK) {
        status = check_account(&books, request->account, line->account, &payer.account);
    }
    if (status != STATUS_OK) {
        return status;
    }

    uint64_t ids[] = {request->customer_id};
    payer.field = mark_of(request->by);
    payer.customer_id = ids;
    payer.n_customer_id = customer != NULL ? 1 : 0;
    payer.confirmations = known != NULL ? known->confirmations : 0;
    payer.line_id = line->id;
    payer.is_rule = true;
    payer.made_by = call->user_id;
    payer.made_us = call->instant_us;
    status = payer_put(txn, key, &payer);

    reply->account =
        customer == NULL ? bank_account(call->arena, payer.account) : reading_constant("");
    reply->customer = customer != NULL ? customer_number(&books, customer) : reading_constant("");
    if (status != STATUS_OK || reply->account == NULL || reply->customer == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    return name_rule(&books, line, request->by, reply);
}

enum status reconcile_forget(struct txn *txn, struct call *call, const ReconcileForget *request,
                             ReconcileRuleReply *reply)
{
    struct books books;
    BankLineRecord *line = NULL;
    PayerRecord *known = NULL;
    struct row_key key = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_payer(&books, request->bank_line_id, request->by, &line, &key, &known);
    }

    if (status == STATUS_OK && known == NULL) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "by", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = rows_del(txn, TABLE_payer, key);

    return status == STATUS_OK ? name_rule(&books, line, request->by, reply) : status;
}

// ---- the list ----

static enum status name_customers(struct txn *txn, struct call *call, const PayerRecord *payer,
                                  char **out)
{
    *out = reading_constant("");
    for (size_t i = 0; i < payer->n_customer_id; i++) {
        struct customer_label customer;
        const enum status status = reading_customer(txn, call, payer->customer_id[i], &customer);
        if (status != STATUS_OK) {
            return status;
        }
        *out = arena_print(call->arena, "%s%s%s", *out, i > 0 ? " " : "", customer.number);
        if (*out == NULL) {
            return STATUS_TOO_LARGE;
        }
    }
    return STATUS_OK;
}

static enum status add_rule(struct txn *txn, struct call *call, const PayerRecord *payer,
                            ReconcileRulesReply *reply)
{
    ReconcileRuleRow *row =
        (ReconcileRuleRow *)wire_make(call->arena, &reconcile_rule_row__descriptor);
    BankLineRecord *line = NULL;
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->row[reply->n_row++] = row;
    enum status status = bank_line_get(txn, key_u64(payer->line_id), &line);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    row->number = bank_line_number(call->arena, line);
    row->by = word_of(payer->field);
    row->account =
        payer->account != 0 ? bank_account(call->arena, payer->account) : reading_constant("");
    row->learned = !payer->is_rule;
    row->confirmations = payer->confirmations;
    row->made_us = payer->made_us;
    status = name_customers(txn, call, payer, &row->customer);
    if (status != STATUS_OK || row->number == NULL || row->account == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    return reading_login(txn, payer->made_by, &row->made_by);
}

// The key of a payer is a hash: pages count rows.
enum status reconcile_rules(struct txn *txn, struct call *call, const ReconcileRules *request,
                            ReconcileRulesReply *reply)
{
    uint64_t skip = 0;
    const size_t limit = cursor_limit(request->limit);
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    if (!cursor_parse(request->cursor, &skip)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    reply->row = arena_alloc(call->arena, limit * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    uint64_t count = 0;
    enum status status = rows_open(txn, TABLE_payer, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status == STATUS_OK && count >= skip && reply->n_row < limit) {
            status = add_rule(txn, call, (const PayerRecord *)row, reply);
        }
        count += status == STATUS_OK ? 1 : 0;
    }
    if (status != STATUS_END) {
        return status;
    }
    const uint64_t shown = skip + reply->n_row;
    reply->page = cursor_page(call->arena, count, shown < count ? shown : 0);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
