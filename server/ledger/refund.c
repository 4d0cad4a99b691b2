// SPDX-License-Identifier: Apache-2.0
// Money of the customer's that goes back: of one payment, of one credit note, or of all that stands
// to the customer's credit, the oldest first; in one sum or in several (domain.md d.17).
#include "server/ledger/alert.h"
#include "server/ledger/clearing.h"
#include "server/ledger/deduction.h"
#include "server/ledger/disparity.h"
#include "server/ledger/document.h"
#include "server/ledger/money.h"
#include "server/ledger/permit.h"
#include "server/ledger/rate.h"
#include "server/ledger/receipt.h"
#include "shared/money.h"

struct refund {
    ClearingRecord *clearing;
    char *currency; // of the credits; "": the book's
    struct item_list credits;
    struct settlement taken;  // of the credit items: `debit` of a line is one of them
    struct item_rest part[2]; // by control account, as in ROLES
    int64_t owed_before_minor;
    struct deduction deduction; // the fee
};

static const enum account_role ROLES[] = {ACCOUNT_ADVANCES, ACCOUNT_RECEIVABLES};

static enum status note_credits(struct books *books, const RefundAdd *request,
                                struct item_list *out)
{
    InvoiceRecord *note;
    enum status status = document_load(books, request->invoice_id, &note);
    if (status == STATUS_OK && note->customer_id != request->customer_id) {
        return books_refuse(books, STATUS_ALLOCATION_OTHER, "invoice", NULL, NULL);
    }
    if (status == STATUS_OK &&
        (note->state != INVOICE_STATE__INVOICE_STATE_ISSUED || note->gross_minor >= 0)) {
        return books_refuse(books, STATUS_NOT_A_CREDIT, "invoice", NULL, NULL);
    }
    return status == STATUS_OK ? document_items(books, note, out) : status;
}

static enum status find_credits(struct books *books, const RefundAdd *request,
                                struct item_list *out)
{
    struct money money;
    if (request->invoice_id != 0) {
        return note_credits(books, request, out);
    }
    if (request->payment_id == 0) {
        return item_open(books, request->customer_id, ITEM_SIDE__ITEM_SIDE_CREDIT, out);
    }
    const enum status status = money_load(books, request->payment_id, &money);
    if (status == STATUS_OK && money.payment->customer_id != request->customer_id) {
        return books_refuse(books, STATUS_ALLOCATION_OTHER, "payment", NULL, NULL);
    }
    *out = status == STATUS_OK ? money.credits : *out;
    return status;
}

// Of a named payment or credit note its currency; else as asked, or the customer's own: credits in
// others stay where they are.
static enum status choose_currency(struct books *books, const RefundAdd *request,
                                   const CustomerRecord *customer, struct refund *refund)
{
    const bool is_named = request->invoice_id != 0 || request->payment_id != 0;
    const bool has_amounts = request->amount_minor != 0 || request->fee_minor != 0;
    if (is_named && refund->credits.count > 0) {
        refund->currency = refund->credits.item[0]->record->currency;
        return has_amounts || request->currency[0] != '\0'
                   ? rate_same(books, request->currency, refund->currency)
                   : STATUS_OK;
    }
    const enum status status =
        rate_choose(books, request->currency, customer->currency, &refund->currency);
    item_keep_currency(&refund->credits, refund->currency);
    return status;
}

static enum status take(struct books *books, struct refund *refund, struct item *credit,
                        int64_t amount_minor)
{
    const size_t most =
        refund->currency[0] != '\0' ? ALLOCATIONS_MAX * 2 / (2 + DISPARITY_IDS) : ALLOCATIONS_MAX;
    const int32_t asked = refund->clearing->date_day;
    int32_t day = 0;
    const enum status status = item_free_day(books, credit, amount_minor, asked, &day);
    if (status != STATUS_OK) {
        return status;
    }
    if (day != asked) {
        return books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, asked),
                            books_day(books, day));
    }
    if (refund->taken.count == most) {
        return books_refuse(books, STATUS_TOO_LARGE, "amount", NULL, NULL);
    }
    refund->taken.line[refund->taken.count] =
        (struct settlement_line){.debit = credit,
                                 .open_minor = item_left(credit->record),
                                 .amount_minor = amount_minor,
                                 .day = day,
                                 .rule = "refund"};
    refund->taken.count++;
    for (size_t i = 0; i < COUNT_OF(ROLES); i++) {
        if (credit->record->account == chart_code(books->chart, ROLES[i])) {
            refund->part[i].own_minor += amount_minor;
        }
    }
    return STATUS_OK;
}

// What leaves is worth the same on both accounts, and something on each.
static void share_book(struct refund *refund)
{
    const ClearingRecord *clearing = refund->clearing;
    const int64_t whole_minor = clearing->amount_minor;
    struct item_rest *first = &refund->part[0];
    int64_t book_minor = first->own_minor;
    if (clearing->currency[0] != '\0') {
        const bool fits =
            money_scale(whole_minor, first->own_minor, clearing->foreign_minor, &book_minor);
        assert(fits && whole_minor >= 2); // receipt_convert
        const bool is_split = first->own_minor > 0 && refund->part[1].own_minor > 0;
        book_minor = is_split && book_minor < 1 ? 1 : book_minor;
        book_minor = is_split && book_minor > whole_minor - 1 ? whole_minor - 1 : book_minor;
    }
    first->book_minor = book_minor;
    refund->part[1].book_minor = whole_minor - book_minor;
}

static enum status spread(struct books *books, struct refund *refund)
{
    int64_t rest = clearing_own(refund->clearing);
    refund->taken.line =
        arena_alloc(books->arena, (ALLOCATIONS_MAX + 1) * sizeof *refund->taken.line);
    enum status status = refund->taken.line != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && rest > 0 && i < refund->credits.count; i++) {
        struct item *credit = refund->credits.item[i];
        const int64_t open = item_left(credit->record);
        const int64_t amount_minor = open < rest ? open : rest;
        if (amount_minor > 0) {
            status = take(books, refund, credit, amount_minor);
            rest -= amount_minor;
        }
    }
    assert(status != STATUS_OK || rest == 0);
    share_book(refund);
    return status;
}

// Money in another currency leaves at the rate of its day, or for what the bank says, like a
// receipt.
static enum status convert(struct books *books, const RefundAdd *request, struct refund *refund)
{
    ClearingRecord *clearing = refund->clearing;
    const struct item_rest own = {clearing->amount_minor, clearing->amount_minor};
    PaymentRecord money;
    payment_record__init(&money);
    money.currency = refund->currency;
    money.amount_minor = own.own_minor;
    money.fee_minor = request->fee_minor;
    money.book_minor = request->book_minor;
    money.date_day = clearing->date_day;
    clearing->fee_minor = request->fee_minor;
    const enum status status = receipt_convert(books, &money);
    if (status != STATUS_OK || refund->currency[0] == '\0') {
        return status;
    }
    clearing_denominate(clearing, refund->currency,
                        (struct item_rest){own.own_minor, money.book_minor});
    clearing->fee_minor = money.book_fee_minor;
    clearing->foreign_fee_minor = money.fee_minor;
    clearing->rate_micro = money.rate_micro;
    clearing->rate_per = money.rate_per;
    return STATUS_OK;
}

// Its sum and its day.
static enum status begin(struct books *books, const RefundAdd *request, struct refund *refund)
{
    const int32_t today = books->call->book_day;
    const int32_t day = request->date_day != 0 ? request->date_day : today;
    const int64_t left = shares_open(&refund->credits);
    const int64_t amount_minor = request->amount_minor != 0 ? request->amount_minor : left;
    if (left == 0) {
        return books_refuse(books, STATUS_CREDIT_SPENT, "customer", NULL, NULL);
    }
    if (amount_minor > left) {
        return books_refuse(books, STATUS_ALLOCATION_OVER, "amount",
                            rate_print(books, refund->currency, amount_minor),
                            rate_print(books, refund->currency, left));
    }
    if (request->fee_minor > AMOUNT_MAX) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "fee", NULL, NULL);
    }
    if (day > today) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, day),
                            books_day(books, today));
    }
    ClearingRecord *clearing = clearing_make(books, CLEARING_KIND__CLEARING_KIND_REFUND,
                                             request->customer_id, amount_minor, day);
    if (clearing == NULL) {
        return STATUS_TOO_LARGE;
    }
    clearing->reference = request->reference;
    clearing->reason = request->reason;
    clearing->payment_id = request->payment_id;
    refund->clearing = clearing;
    const enum status status = posting_guard(books, day, POSTING_CASH, "date");
    return status == STATUS_OK ? convert(books, request, refund) : status;
}

// What leaves the account, which limits and rules count: the fee goes out as well.
static int64_t paid_out(const ClearingRecord *clearing)
{
    assert(clearing->amount_minor <= AMOUNT_MAX && clearing->fee_minor <= AMOUNT_MAX);
    return clearing->amount_minor + clearing->fee_minor;
}

static enum status check(struct books *books, const RefundAdd *request, struct refund *refund)
{
    ClearingRecord *clearing = refund->clearing;
    struct balance *balance = NULL;
    assert(clearing != NULL);
    enum status status = permit_amount(books, clearing->customer_id, paid_out(clearing), "amount");
    if (status == STATUS_OK) {
        status = spread(books, refund);
    }
    if (status == STATUS_OK) {
        status = receipt_account(books, request->method, request->account, &clearing->method,
                                 &clearing->account);
    }
    if (status == STATUS_OK) {
        status = shares_controls(books, clearing->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_FEE);
    }
    if (status == STATUS_OK) {
        status =
            deduction_fee(books, clearing->fee_minor, clearing->amount_minor, &refund->deduction);
    }
    refund->owed_before_minor = status == STATUS_OK ? posting_owed(balance) : 0;
    return status;
}

// Opens an item on each control account that the credits stand on, and settles them with it.
static enum status settle(struct books *books, struct refund *refund)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(ROLES); i++) {
        const uint32_t account = chart_code(books->chart, ROLES[i]);
        struct item *debit = NULL;
        if (refund->part[i].own_minor == 0) {
            continue;
        }
        status = clearing_item(books, refund->clearing, ITEM_SIDE__ITEM_SIDE_DEBIT, account,
                               refund->part[i], &debit);
        for (size_t k = 0; status == STATUS_OK && k < refund->taken.count; k++) {
            struct settlement_line *line = &refund->taken.line[k];
            AllocationRecord *allocation;
            if (line->debit->record->account != account) {
                continue;
            }
            status = item_allocate(books, debit, line->debit, line->amount_minor, line->day,
                                   line->rule, &allocation);
            line->id = status == STATUS_OK ? allocation->id : 0;
        }
    }
    return status;
}

static enum status post(struct books *books, struct refund *refund)
{
    ClearingRecord *clearing = refund->clearing;
    const uint64_t customer_id = clearing->customer_id;
    enum status status = clearing_enter(books, clearing);
    if (status == STATUS_OK) {
        status = settle(books, refund);
    }
    EntryRecord *entry = clearing_entry(books, clearing, ENTRY_KIND__ENTRY_KIND_REFUND, 4);
    if (status != STATUS_OK || entry == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(ROLES); i++) {
        status = posting_role(books, entry, ROLES[i], SIDE_DEBIT, refund->part[i].book_minor,
                              customer_id);
    }
    if (status == STATUS_OK) {
        status =
            posting_role(books, entry, ACCOUNT_FEE, SIDE_DEBIT, clearing->fee_minor, customer_id);
    }
    if (status == STATUS_OK) {
        status = posting_line(books, entry, clearing->account, SIDE_CREDIT,
                              clearing->amount_minor + clearing->fee_minor, customer_id);
    }
    return status == STATUS_OK ? clearing_keep(books, clearing, entry) : status;
}

enum status refund_add(struct txn *txn, struct call *call, const RefundAdd *request,
                       ClearingReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    struct refund refund = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = find_credits(&books, request, &refund.credits);
    }
    if (status == STATUS_OK) {
        status = choose_currency(&books, request, customer, &refund);
    }

    if (status == STATUS_OK) {
        status = begin(&books, request, &refund);
    }
    if (status == STATUS_OK) {
        status = check(&books, request, &refund);
    }
    if (status == STATUS_OK) {
        status = deduction_check(&books, request->customer_id, paid_out(refund.clearing),
                                 &refund.deduction);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = post(&books, &refund);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    // The money is the customer's own: it goes back, and whoever looks after the credit hears of
    // it.
    if (status == STATUS_OK) {
        status = alert_if_over(&books, customer->id, clearing_number(&books, refund.clearing));
    }

    return status == STATUS_OK ? clearing_reply(&books, refund.clearing, &refund.taken,
                                                refund.owed_before_minor, reply)
                               : status;
}

enum status refund_reverse(struct txn *txn, struct call *call, const RefundReverse *request,
                           ClearingReply *reply)
{
    struct books books;
    ClearingRecord *clearing = NULL;
    struct clearing_undo undo;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = clearing_load(&books, request->refund_id, true, "refund", &clearing);
    }

    if (status == STATUS_OK) {
        status = permit_amount(&books, clearing->customer_id, clearing->amount_minor, "refund");
    }
    if (status == STATUS_OK) {
        status = clearing_undo_plan(&books, clearing, request->date_day, &undo);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_REFUND, clearing->amount_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return clearing_undo_reply(&books, &undo, request->reason, reply);
}
