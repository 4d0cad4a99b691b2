// SPDX-License-Identifier: Apache-2.0
// What is not expected any more: a receivable is written off, in the style of the chart at the
// expense of the year or of the allowance, and recovered when money comes after all (domain.md
// d.17).
#include "server/ledger/clearing.h"
#include "server/ledger/deduction.h"
#include "server/ledger/document.h"
#include "server/ledger/permit.h"
#include "server/ledger/rate.h"
#include "server/ledger/receipt.h"

static enum status check_day(struct books *books, int32_t asked, int32_t first, uint32_t scopes,
                             int32_t *out)
{
    const int32_t today = books->call->book_day;
    *out = asked != 0 ? asked : today;
    if (*out > today) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, *out),
                            books_day(books, today));
    }
    if (*out < first) {
        return books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, *out),
                            books_day(books, first));
    }
    return posting_guard(books, *out, scopes, "date");
}

// ---- writing off ----

static enum status open_of(struct books *books, const InvoiceRecord *invoice, int64_t *out)
{
    struct item_list items = {0};
    const bool is_owed =
        invoice->state == INVOICE_STATE__INVOICE_STATE_ISSUED && invoice->gross_minor > 0;
    const enum status status = is_owed ? document_items(books, invoice, &items) : STATUS_OK;
    *out = 0;
    for (size_t i = 0; status == STATUS_OK && i < items.count; i++) {
        *out += item_left(items.item[i]->record);
    }
    return status == STATUS_OK && *out == 0
               ? books_refuse(books, STATUS_INVOICE_NOT_OPEN, "invoice", NULL, NULL)
               : status;
}

// In the book's currency each item gives something.
static enum status refuse_nothing(struct books *books, const struct settlement *settled)
{
    for (size_t i = 0; i < settled->count; i++) {
        struct settlement_line *line = &settled->line[i];
        const struct settlement one = {.line = line, .count = 1};
        if (clearing_worth(&one).book_minor == 0) {
            return books_refuse(books, STATUS_RATE_TOO_SMALL, "amount",
                                rate_print(books, settled->currency, line->amount_minor), NULL);
        }
    }
    return STATUS_OK;
}

// What of the invoice is given up, and from which day on it is open to be.
static enum status plan(struct books *books, const InvoiceRecord *invoice, int64_t amount_minor,
                        int32_t day, const char *rule, struct settlement *out)
{
    Allocate named;
    allocate__init(&named);
    named.invoice_id = invoice->id;
    Allocate *const list[] = {&named};
    enum status status =
        settlement_begin(books, invoice->customer_id, amount_minor, day, true, out);
    out->currency = invoice->currency;
    if (status == STATUS_OK) {
        status = settlement_named(books, out, list, COUNT_OF(list));
    }
    for (size_t i = 0; status == STATUS_OK && i < out->count; i++) {
        out->line[i].rule = rule;
        if (out->line[i].day != day) {
            status = books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, day),
                                  books_day(books, out->line[i].day));
        }
    }
    return status == STATUS_OK ? refuse_nothing(books, out) : status;
}

static enum status load_accounts(struct books *books, uint64_t customer_id, enum account_role role,
                                 struct balance **balance)
{
    enum status status = posting_load(books, ACCOUNT_RECEIVABLES);
    if (status == STATUS_OK) {
        status = posting_load(books, role);
    }
    return status == STATUS_OK ? posting_balance(books, customer_id, balance) : status;
}

// What is given up, and at whose expense.
struct giving {
    uint64_t invoice_id;
    int64_t amount_minor; // 0: all that is open
    const char *currency; // that it was said in
    int32_t date_day;     // 0: today
    char *reason;
    ClearingKind kind;
    enum account_role role;
    const char *rule;
};

// Everything that can speak against it but the second person.
static enum status check_add(struct books *books, const struct giving *giving,
                             const InvoiceRecord *invoice, struct settlement *settled,
                             ClearingRecord **out)
{
    int64_t open = 0;
    int32_t day = 0;
    const bool waives = giving->kind == CLEARING_KIND__CLEARING_KIND_WAIVER;
    if (waives && invoice->kind != INVOICE_KIND__INVOICE_KIND_DEBIT_NOTE) {
        return books_refuse(books, STATUS_INVOICE_IS_SALE, "invoice", NULL, NULL);
    }
    enum status status = open_of(books, invoice, &open);
    const int64_t amount_minor = giving->amount_minor != 0 ? giving->amount_minor : open;
    if (status == STATUS_OK && amount_minor > open) {
        status = books_refuse(books, STATUS_ALLOCATION_OVER, "amount",
                              rate_print(books, invoice->currency, amount_minor),
                              rate_print(books, invoice->currency, open));
    }
    if (status == STATUS_OK && (giving->amount_minor != 0 || giving->currency[0] != '\0')) {
        status = rate_same(books, giving->currency, invoice->currency);
    }
    if (status == STATUS_OK) {
        status = check_day(books, giving->date_day, invoice->date_day, POSTING_SALES, &day);
    }
    if (status == STATUS_OK) {
        status = plan(books, invoice, amount_minor, day, giving->rule, settled);
    }
    const int64_t book_minor = status == STATUS_OK ? clearing_worth(settled).book_minor : 0;
    if (status == STATUS_OK) {
        status = permit_amount(books, invoice->customer_id, book_minor, "amount");
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out = clearing_make(books, giving->kind, invoice->customer_id, book_minor, day);
    if (*out == NULL) {
        return STATUS_TOO_LARGE;
    }
    (*out)->reason = giving->reason;
    return STATUS_OK;
}

static enum status give_up(struct txn *txn, struct call *call, const struct giving *giving,
                           ClearingReply *reply)
{
    struct books books;
    InvoiceRecord *invoice = NULL;
    ClearingRecord *clearing = NULL;
    struct settlement settled = {0};
    struct balance *balance = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = document_load(&books, giving->invoice_id, &invoice);
    }

    if (status == STATUS_OK) {
        status = check_add(&books, giving, invoice, &settled, &clearing);
    }
    if (status == STATUS_OK) {
        status = load_accounts(&books, invoice->customer_id, giving->role, &balance);
    }
    if (status == STATUS_OK) {
        assert(clearing != NULL);
        struct deduction deduction = {.chosen_minor = clearing->amount_minor};
        status = deduction_check(&books, clearing->customer_id, 0, &deduction);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const int64_t owed_before_minor = posting_owed(balance);
    status = clearing_give(&books, clearing, giving->role, &settled);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK
               ? clearing_reply(&books, clearing, &settled, owed_before_minor, reply)
               : status;
}

enum status writeoff_add(struct txn *txn, struct call *call, const WriteoffAdd *request,
                         ClearingReply *reply)
{
    const struct giving giving = {
        .invoice_id = request->invoice_id,
        .amount_minor = request->amount_minor,
        .currency = request->currency,
        .date_day = request->date_day,
        .reason = request->reason,
        .kind = CLEARING_KIND__CLEARING_KIND_WRITE_OFF,
        .role = ACCOUNT_WRITE_OFF,
        .rule = RULE_WRITE_OFF,
    };
    return give_up(txn, call, &giving, reply);
}

// A charge that is waived never was income; a receivable that is given up was.
enum status dunning_waive(struct txn *txn, struct call *call, const DunningWaive *request,
                          ClearingReply *reply)
{
    const struct giving giving = {
        .invoice_id = request->invoice_id,
        .amount_minor = request->amount_minor,
        .currency = "",
        .date_day = request->date_day,
        .reason = request->reason,
        .kind = CLEARING_KIND__CLEARING_KIND_WAIVER,
        .role = ACCOUNT_CHARGES,
        .rule = "waiver",
    };
    return give_up(txn, call, &giving, reply);
}

// ---- recovery ----

static enum status check_recovery(struct books *books, const WriteoffRecover *request,
                                  const ClearingRecord *writeoff, ClearingRecord **out)
{
    const bool is_one = writeoff->kind == CLEARING_KIND__CLEARING_KIND_WRITE_OFF &&
                        writeoff->state == CLEARING_STATE__CLEARING_STATE_POSTED;
    const int64_t left = writeoff->amount_minor - writeoff->recovered_minor;
    const int64_t amount_minor = request->amount_minor != 0 ? request->amount_minor : left;
    int32_t day = 0;
    if (!is_one) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, "writeoff", NULL, NULL);
    }
    if (amount_minor > left || left == 0) {
        return books_refuse(books, STATUS_RECOVERY_OVER, "amount", books_money(books, amount_minor),
                            books_money(books, left));
    }
    enum status status = permit_amount(books, writeoff->customer_id, amount_minor, "amount");
    if (status == STATUS_OK) {
        status = check_day(books, request->date_day, writeoff->date_day, POSTING_CASH, &day);
    }
    if (status != STATUS_OK) {
        return status;
    }
    ClearingRecord *recovery = clearing_make(books, CLEARING_KIND__CLEARING_KIND_RECOVERY,
                                             writeoff->customer_id, amount_minor, day);
    if (recovery == NULL) {
        return STATUS_TOO_LARGE;
    }
    recovery->writeoff_id = writeoff->id;
    recovery->reference = request->reference;
    recovery->reason = request->reason;
    *out = recovery;
    return receipt_account(books, request->method, request->account, &recovery->method,
                           &recovery->account);
}

// With an allowance the receivable comes back first, and is paid then.
static enum status reinstate(struct books *books, ClearingRecord *recovery, EntryRecord *entry)
{
    const uint32_t account = chart_code(books->chart, ACCOUNT_RECEIVABLES);
    const int64_t amount_minor = recovery->amount_minor;
    const struct item_rest whole = {amount_minor, amount_minor};
    struct item *debit = NULL;
    struct item *credit = NULL;
    AllocationRecord *allocation;
    enum status status =
        clearing_item(books, recovery, ITEM_SIDE__ITEM_SIDE_DEBIT, account, whole, &debit);
    if (status == STATUS_OK) {
        status =
            clearing_item(books, recovery, ITEM_SIDE__ITEM_SIDE_CREDIT, account, whole, &credit);
    }
    if (status == STATUS_OK) {
        status = item_allocate(books, debit, credit, amount_minor, recovery->date_day, "recovery",
                               &allocation);
    }
    if (status == STATUS_OK) {
        status =
            posting_line(books, entry, account, SIDE_DEBIT, amount_minor, recovery->customer_id);
    }
    return status == STATUS_OK ? posting_line(books, entry, account, SIDE_CREDIT, amount_minor,
                                              recovery->customer_id)
                               : status;
}

static enum status post_recovery(struct books *books, ClearingRecord *recovery)
{
    const uint64_t customer_id = recovery->customer_id;
    enum status status = clearing_enter(books, recovery);
    EntryRecord *entry = clearing_entry(books, recovery, ENTRY_KIND__ENTRY_KIND_RECOVERY, 4);
    if (status != STATUS_OK || entry == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    status = posting_line(books, entry, recovery->account, SIDE_DEBIT, recovery->amount_minor,
                          customer_id);
    if (status == STATUS_OK && chart_code(books->chart, ACCOUNT_ALLOWANCE) != 0) {
        status = reinstate(books, recovery, entry);
    }
    if (status == STATUS_OK) {
        status = posting_role(books, entry, ACCOUNT_RECOVERY, SIDE_CREDIT, recovery->amount_minor,
                              customer_id);
    }
    return status == STATUS_OK ? clearing_keep(books, recovery, entry) : status;
}

enum status writeoff_recover(struct txn *txn, struct call *call, const WriteoffRecover *request,
                             ClearingReply *reply)
{
    struct books books;
    ClearingRecord *writeoff = NULL;
    ClearingRecord *recovery = NULL;
    struct balance *balance = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = clearing_load(&books, request->writeoff_id, false, "writeoff", &writeoff);
    }

    if (status == STATUS_OK) {
        status = check_recovery(&books, request, writeoff, &recovery);
    }
    if (status == STATUS_OK) {
        status = posting_load(&books, ACCOUNT_RECOVERY);
    }
    if (status == STATUS_OK) {
        status = load_accounts(&books, writeoff->customer_id, ACCOUNT_WRITE_OFF, &balance);
    }
    if (status == STATUS_OK) {
        assert(recovery != NULL);
        status = control_check(txn, call, CONTROL_PAYMENT, recovery->amount_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    assert(recovery != NULL && balance != NULL);
    const int64_t owed_before_minor = posting_owed(balance);
    writeoff->recovered_minor += recovery->amount_minor;
    status = clearing_put(txn, key_u64(writeoff->id), writeoff);
    if (status == STATUS_OK) {
        status = post_recovery(&books, recovery);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? clearing_reply(&books, recovery, NULL, owed_before_minor, reply)
                               : status;
}

// ---- the way back ----

// A recovery that is reversed gives its sum back to the write-off.
static enum status load_origin(struct books *books, const ClearingRecord *clearing,
                               ClearingRecord **out)
{
    if (clearing->writeoff_id == 0) {
        return STATUS_OK;
    }
    const enum status status = clearing_get(books->txn, key_u64(clearing->writeoff_id), out);
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

enum status writeoff_reverse(struct txn *txn, struct call *call, const WriteoffReverse *request,
                             ClearingReply *reply)
{
    struct books books;
    ClearingRecord *clearing = NULL;
    ClearingRecord *origin = NULL;
    struct clearing_undo undo;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = clearing_load(&books, request->writeoff_id, false, "writeoff", &clearing);
    }
    if (status == STATUS_OK) {
        status = load_origin(&books, clearing, &origin);
    }

    // What rates differed by goes back with what was settled, and never by itself.
    if (status == STATUS_OK && clearing->kind == CLEARING_KIND__CLEARING_KIND_EXCHANGE) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "writeoff", NULL, NULL);
    }
    if (status == STATUS_OK && clearing->recovered_minor != 0) {
        status = books_refuse(&books, STATUS_WRITE_OFF_RECOVERED, "writeoff",
                              books_money(&books, clearing->recovered_minor), NULL);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, clearing->customer_id, clearing->amount_minor, "writeoff");
    }
    if (status == STATUS_OK) {
        status = clearing_undo_plan(&books, clearing, request->date_day, &undo);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_WRITE_OFF, clearing->amount_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (origin != NULL) {
        origin->recovered_minor -= clearing->amount_minor;
        status = clearing_put(txn, key_u64(origin->id), origin);
    }

    return status == STATUS_OK ? clearing_undo_reply(&books, &undo, request->reason, reply)
                               : status;
}
