// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/reconcile.h"

#include "server/ledger/control.h"
#include "server/ledger/done.h"
#include "server/ledger/method.h"
#include "server/ledger/permit.h"
#include "server/ledger/posting.h"

enum status reconcile_load(struct books *books, uint64_t line_id, bool waits, struct reconcile *out)
{
    *out = (struct reconcile){0};
    enum status status = bank_load_line(books, line_id, &out->line);
    if (status == STATUS_OK) {
        status = bank_load(books, out->line->account, &out->bank);
    }
    if (status == STATUS_OK) {
        status = bank_load_statement(books, out->line->statement_id, &out->statement);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (out->statement->state == BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_SIGNED) {
        return books_refuse(books, STATUS_BANK_SIGNED, "bank-line",
                            bank_line_number(books->arena, out->line),
                            bank_statement_number(books->arena, out->statement));
    }
    out->day = out->line->post_day != 0 ? out->line->post_day : out->line->value_day;
    const bool does = out->line->state == BANK_LINE_STATE__BANK_LINE_STATE_WAITING;
    if (does != waits) {
        return books_refuse(books, waits ? STATUS_BANK_LINE_DONE : STATUS_BANK_LINE_WAITS,
                            "bank-line", bank_line_number(books->arena, out->line), NULL);
    }
    return STATUS_OK;
}

enum status reconcile_choose_day(struct books *books, struct reconcile *at, int32_t asked)
{
    const int32_t today = books->call->book_day;
    if (asked == 0) {
        return STATUS_OK;
    }
    if (asked > today) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, asked),
                            books_day(books, today));
    }
    if (asked < at->line->value_day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "date", books_day(books, asked),
                            books_day(books, at->line->value_day));
    }
    at->day = asked;
    return STATUS_OK;
}

void reconcile_tell_day(struct books *books)
{
    struct problems *problems = &books->call->problems;
    const bool is_closed =
        books->refused == STATUS_PERIOD_IS_CLOSED || books->refused == STATUS_PERIOD_IS_SEALED;
    if (!is_closed || books->rows != NULL || problems->count == 0) {
        return;
    }
    Problem *problem = problems->list[problems->count - 1];
    char *hint = arena_print(books->arena, "--date %s", problem->allowed);
    // Days as text are in their order: one that has not come is no way.
    if (hint != NULL && strcmp(problem->allowed, books_day(books, books->call->book_day)) <= 0) {
        problem->hint = hint;
    }
}

static enum status make_receipt(struct books *books, const struct reconcile *at,
                                uint64_t customer_id, PaymentRecord **out)
{
    PaymentRecord *payment = arena_alloc(books->arena, sizeof *payment);
    char *reference = bank_line_number(books->arena, at->line);
    if (payment == NULL || reference == NULL) {
        return STATUS_TOO_LARGE;
    }
    payment_record__init(payment);
    payment->customer_id = customer_id;
    payment->amount_minor = at->line->amount_minor + at->fee_minor;
    payment->fee_minor = at->fee_minor;
    payment->date_day = at->day;
    payment->origin_day = at->day != at->line->value_day ? at->line->value_day : 0;
    payment->method = at->method != PAYMENT_METHOD__PAYMENT_METHOD_UNSET
                          ? at->method
                          : PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
    payment->method_id = at->method_id;
    payment->reference = reference;
    *out = payment;
    return STATUS_OK;
}

enum status reconcile_plan_receipt(struct books *books, struct reconcile *at, uint64_t customer_id,
                                   Allocate *const *named, size_t count)
{
    const int64_t amount = at->line->amount_minor + at->fee_minor;
    CustomerRecord *customer = NULL;
    struct balance *balance = NULL;
    const char *account = bank_account(books->arena, at->line->account);
    if (at->line->amount_minor <= 0) {
        return books_refuse(books, STATUS_BANK_SIDE, "customer",
                            books_money(books, at->line->amount_minor), NULL);
    }
    if (at->fee_minor < 0 || at->fee_minor > AMOUNT_MAX) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "fee", NULL, NULL);
    }
    enum status status = books_active_customer(books, customer_id, "customer", &customer);
    if (status == STATUS_OK) {
        status =
            account != NULL ? make_receipt(books, at, customer_id, &at->payment) : STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        status = permit_import(books, PERMISSION_PAYMENT_ADD, customer, amount, "bank-line");
    }
    if (status == STATUS_OK) {
        status = receipt_check(books, at->payment, account, NULL);
    }
    if (status == STATUS_OK) {
        status = settlement_begin(books, customer_id, amount, at->payment->date_day, false,
                                  &at->settlement);
    }
    if (status == STATUS_OK) {
        status = count > 0 ? settlement_named(books, &at->settlement, named, count)
                           : settlement_automatic(books, &at->settlement);
    }
    if (status == STATUS_OK) {
        status = posting_balance(books, customer_id, &balance);
    }
    return status == STATUS_OK
               ? match_judge(books, at->line, at->fee_minor, &at->settlement, &at->match)
               : status;
}

int64_t reconcile_moved(const EntryRecord *entry, uint32_t account)
{
    int64_t moved = 0;
    for (size_t i = 0; i < entry->n_line; i++) {
        if (entry->line[i]->account == account) {
            moved += entry->line[i]->debit_minor - entry->line[i]->credit_minor;
        }
    }
    return moved;
}

// One more entry that the line clears.
static enum status add_entry(struct books *books, struct reconcile *at, uint64_t entry_id)
{
    uint64_t *list = arena_alloc(books->arena, (at->entry_count + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (at->entry_count > 0) {
        memcpy(list, at->entry, at->entry_count * sizeof *list);
    }
    list[at->entry_count] = entry_id;
    at->entry = list;
    at->entry_count++;
    return STATUS_OK;
}

enum status reconcile_plan_entry(struct books *books, struct reconcile *at, uint64_t entry_id,
                                 const char *field)
{
    EntryRecord *entry = NULL;
    IdRecord *shown = NULL;
    enum status status = entry_get(books->txn, key_u64(entry_id), &entry);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, status, field, NULL, NULL);
    }
    if (status == STATUS_OK && entry->reversed_by_id != 0) {
        return books_refuse(books, STATUS_ALREADY_REVERSED, field, NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const int64_t moved = reconcile_moved(entry, at->line->account);
    if (moved != at->line->amount_minor) {
        return books_refuse(books, STATUS_BANK_AMOUNT, field, books_money(books, moved),
                            books_money(books, at->line->amount_minor));
    }
    status = cleared_get(books->txn, key_u64_u64(at->line->account, entry_id), &shown);
    if (status == STATUS_OK) {
        return books_refuse(books, STATUS_BANK_CLEARED, field, NULL, NULL);
    }
    return status == STATUS_NOT_FOUND ? add_entry(books, at, entry_id) : status;
}

// One that has not arrived, each once; what is left of it is added to `sum_minor`.
static enum status load_receipt(struct books *books, struct reconcile *at, uint64_t payment_id,
                                int64_t *sum_minor)
{
    PaymentRecord *payment = NULL;
    const enum status status = payment_get(books->txn, key_u64(payment_id), &payment);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? books_refuse(books, status, "receipt", NULL, NULL)
                                          : status;
    }
    bool is_here = payment->settles_day == 0 || payment->settled_line_id != 0 ||
                   payment->state != PAYMENT_STATE__PAYMENT_STATE_POSTED ||
                   payment->account == at->line->account;
    for (size_t i = 0; i < at->receipt_count; i++) {
        is_here = is_here || at->receipt[i]->id == payment_id;
    }
    if (is_here) {
        return books_refuse(books, STATUS_RECEIPT_ARRIVED, "receipt",
                            receipt_number(books, payment), NULL);
    }
    at->receipt[at->receipt_count++] = payment;
    *sum_minor += payment->amount_minor - payment->fee_minor;
    return STATUS_OK;
}

EntryRecord *reconcile_entry(struct books *books, const struct reconcile *at, size_t line_max)
{
    EntryRecord *entry = posting_begin(books, ENTRY_KIND__ENTRY_KIND_SETTLEMENT, at->day, line_max);
    char *reference = bank_line_number(books->arena, at->line);
    if (entry == NULL || reference == NULL) {
        return NULL;
    }
    entry->origin_day = at->line->value_day;
    entry->document_id = at->line->id;
    entry->reference = reference;
    return entry;
}

// From where they were received to the bank account (domain.md d.17, "on settlement").
static enum status book_receipts(struct books *books, struct reconcile *at)
{
    EntryRecord *entry = reconcile_entry(books, at, at->receipt_count + 1);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status =
        posting_line(books, entry, at->line->account, SIDE_DEBIT, at->line->amount_minor, 0);
    for (size_t i = 0; status == STATUS_OK && i < at->receipt_count; i++) {
        const PaymentRecord *payment = at->receipt[i];
        status = posting_line(books, entry, payment->account, SIDE_CREDIT,
                              payment->amount_minor - payment->fee_minor, payment->customer_id);
    }
    at->booking = entry;
    return status;
}

enum status reconcile_plan_receipts(struct books *books, struct reconcile *at,
                                    ReconcileReceipt *const *receipt, size_t count)
{
    assert(count > 0 && count <= BANK_RECEIPTS_MAX);
    int64_t sum_minor = 0;
    struct account *own = NULL;
    at->receipt = arena_alloc(books->arena, count * sizeof(PaymentRecord *));
    enum status status = at->receipt != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = load_receipt(books, at, receipt[i]->payment_id, &sum_minor);
    }
    if (status == STATUS_OK && sum_minor != at->line->amount_minor) {
        status = books_refuse(books, STATUS_BANK_AMOUNT, "receipt", books_money(books, sum_minor),
                              books_money(books, at->line->amount_minor));
    }
    if (status == STATUS_OK) {
        status = posting_account(books, at->line->account, &own);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct account *from = NULL;
        struct balance *balance = NULL;
        status = posting_account(books, at->receipt[i]->account, &from);
        if (status == STATUS_OK) {
            status = posting_balance(books, at->receipt[i]->customer_id, &balance);
        }
    }
    if (status == STATUS_OK) {
        status = posting_guard(books, at->day, POSTING_CASH, "bank-line");
    }
    return status == STATUS_OK ? book_receipts(books, at) : status;
}

enum status reconcile_refuse_controlled(struct books *books, const BankLineRecord *line,
                                        enum control control)
{
    int64_t size = line->amount_minor < 0 ? -line->amount_minor : line->amount_minor;
    BankLineRecord *whole = NULL;
    enum status status = line->parent_id != 0
                             ? bank_line_get(books->txn, key_u64(line->parent_id), &whole)
                             : STATUS_OK;
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const int64_t all_minor = whole != NULL ? whole->amount_minor : 0;
    size = all_minor > size ? all_minor : -all_minor > size ? -all_minor : size;
    const struct doing doing = {0, control, books->call->book_day, size};
    bool demands = false;
    status = control_demands(books->txn, books->call, &doing, &demands);
    return status == STATUS_OK && demands ? books_refuse(books, STATUS_APPROVAL_NEEDED, "bank-line",
                                                         books_money(books, size), NULL)
                                          : status;
}

// ---- doing ----

static enum status clear(struct books *books, const struct reconcile *at)
{
    IdRecord index;
    id_record__init(&index);
    index.id = at->line->id;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < at->entry_count; i++) {
        status = cleared_put(books->txn, key_u64_u64(at->line->account, at->entry[i]), &index);
    }
    return status;
}

// The evidence outlives this call's stack: the reply shows it too.
static enum status keep_match(const struct books *books, struct reconcile *at)
{
    BankLineRecord *line = at->line;
    MatchEvidence *evidence = arena_alloc(books->arena, sizeof at->match.evidence);
    if (evidence == NULL) {
        return STATUS_TOO_LARGE;
    }
    memcpy(evidence, at->match.evidence, sizeof at->match.evidence);
    line->state = BANK_LINE_STATE__BANK_LINE_STATE_MATCHED;
    line->tier = at->match.tier;
    line->evidence = evidence;
    line->n_evidence = at->match.evidence_count;
    line->entry_id = at->entry;
    line->n_entry_id = at->entry_count;
    line->settled_by = books->call->user_id;
    line->settled_us = books->call->instant_us;
    if (at->payment != NULL) {
        line->payment_id = at->payment->id;
        line->customer_id = at->payment->customer_id;
    }
    return STATUS_OK;
}

enum status reconcile_keep(struct books *books, const struct reconcile *at)
{
    const enum status status = bank_line_put(books->txn, key_u64(at->line->id), at->line);
    return status == STATUS_OK ? bank_put(books->txn, key_u64(at->bank->account), at->bank)
                               : status;
}

enum status reconcile_do(struct books *books, struct reconcile *at)
{
    enum status status = STATUS_OK;
    if (at->payment != NULL && at->payment->id == 0) {
        at->line->made = true;
        status = receipt_post(books, at->payment, &at->settlement, NULL);
        if (status == STATUS_OK) {
            status = add_entry(books, at, at->payment->entry_id);
        }
    }
    if (status == STATUS_OK && at->booking != NULL) {
        at->line->made = true;
        status = posting_post(books, at->booking);
        if (status == STATUS_OK) {
            status = add_entry(books, at, at->booking->id);
        }
    }
    if (status == STATUS_OK) {
        status = reconcile_arrive(books, at);
    }
    if (status == STATUS_OK) {
        status = clear(books, at);
    }
    if (status == STATUS_OK) {
        status = keep_match(books, at);
    }
    if (status == STATUS_OK) {
        status = bank_wait(books, at->bank, at->line, false);
    }
    return status == STATUS_OK ? reconcile_keep(books, at) : status;
}
