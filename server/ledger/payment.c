// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/receipt.h"

#define FIELD_PAYMENT_REFERENCE 7 // of PaymentAdd

static enum status make_payment(struct books *books, const PaymentAdd *request, PaymentRecord **out)
{
    PaymentRecord *payment = arena_alloc(books->arena, sizeof *payment);
    if (payment == NULL) {
        return STATUS_TOO_LARGE;
    }
    payment_record__init(payment);
    payment->customer_id = request->customer_id;
    payment->amount_minor = request->amount_minor;
    payment->fee_minor = request->fee_minor;
    payment->date_day = request->date_day != 0 ? request->date_day : books->call->book_day;
    payment->method = request->method != PAYMENT_METHOD__PAYMENT_METHOD_UNSET
                          ? request->method
                          : PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
    payment->reference = request->reference;
    payment->notes = request->notes;
    *out = payment;
    return STATUS_OK;
}

// What the payment settles: as named, else by the machine, else nothing; the rest as the request
// wants it.
static enum status plan(struct books *books, const PaymentAdd *request,
                        const PaymentRecord *payment, struct settlement *out)
{
    if (request->no_allocate && request->n_allocate > 0) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "no_allocate", NULL, NULL);
    }
    enum status status = settlement_begin(books, payment->customer_id, payment->amount_minor,
                                          payment->date_day, false, out);
    if (status == STATUS_OK && request->n_allocate > 0) {
        status = settlement_named(books, out, request->allocate, request->n_allocate);
    } else if (status == STATUS_OK && !request->no_allocate) {
        status = settlement_automatic(books, out);
    }
    bool refuses = request->rest == REST_MODE__REST_MODE_REFUSE;
    if (status == STATUS_OK && refuses && out->left_minor > 0) {
        status = books_refuse(books, STATUS_REST_REFUSED, "amount",
                              books_money(books, payment->amount_minor),
                              books_money(books, payment->amount_minor - out->left_minor));
    }
    return status;
}

enum status payment_add(struct txn *txn, struct call *call, const PaymentAdd *request,
                        PaymentAddReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    PaymentRecord *payment = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_active_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = make_payment(&books, request, &payment);
    }

    const UniqueHash *unique =
        books_hash_of(request->unique, request->n_unique, FIELD_PAYMENT_REFERENCE);
    struct settlement settlement = {0};
    struct balance *balance = NULL;
    if (status == STATUS_OK) {
        status = receipt_check(&books, payment, request->account, unique);
    }
    if (status == STATUS_OK) {
        status = plan(&books, request, payment, &settlement);
    }
    if (status == STATUS_OK) {
        status = posting_balance(&books, payment->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->balance_before_minor = posting_owed(balance);
    status = receipt_post(&books, payment, &settlement, unique);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = settlement_reply(&books, &settlement, false, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = payment->id;
    reply->number = receipt_number(&books, payment);
    reply->amount_minor = payment->amount_minor;
    reply->date_day = payment->date_day;
    reply->on_account_minor = settlement.left_minor;
    reply->balance_minor = posting_owed(balance);
    call_about(call, payment->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// A payment and its credit items; either may be absent.
struct money {
    PaymentRecord *payment;
    struct item *credit[2];
    size_t count;
};

static enum status load_money(struct books *books, uint64_t id, struct money *out)
{
    *out = (struct money){0};
    enum status status = payment_get(books->txn, key_u64(id), &out->payment);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, "payment", NULL, NULL);
    }
    if (status == STATUS_OK && out->payment->state == PAYMENT_STATE__PAYMENT_STATE_REVERSED) {
        return books_refuse(books, STATUS_ALREADY_REVERSED, "payment", NULL, NULL);
    }
    const uint64_t ids[] = {status == STATUS_OK ? out->payment->item_id : 0,
                            status == STATUS_OK ? out->payment->advance_item_id : 0};
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(ids); i++) {
        if (ids[i] != 0) {
            status = item_load(books, ids[i], &out->credit[out->count]);
            out->count++;
        }
    }
    return status;
}

static int64_t unspent(const struct money *money)
{
    int64_t total = 0;
    for (size_t i = 0; i < money->count; i++) {
        total += money->credit[i]->record->open_minor;
    }
    return total;
}

// A settlement line and the credit item that pays it.
struct share {
    struct settlement_line line;
    struct item *credit;
};

struct shares {
    struct share *share;
    size_t count;
};

// Spreads the plan over the payment's credit items and finds the day of each share.
static enum status spread(struct books *books, const struct money *money,
                          const struct settlement *settlement, struct shares *out)
{
    *out = (struct shares){0};
    out->share = arena_alloc(books->arena, (settlement->count + money->count) * sizeof *out->share);
    if (out->share == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t from = 0;
    int64_t taken = 0;
    for (size_t i = 0; i < settlement->count; i++) {
        struct settlement_line rest = settlement->line[i];
        int64_t debit_minor = rest.debit->record->open_minor - rest.open_minor;
        while (rest.amount_minor > 0) {
            assert(from < money->count);
            struct item *credit = money->credit[from];
            int64_t free_minor = credit->record->open_minor - taken;
            if (free_minor == 0) {
                from++;
                taken = 0;
                continue;
            }
            struct share *share = &out->share[out->count];
            *share = (struct share){.line = rest, .credit = credit};
            share->line.amount_minor =
                free_minor < rest.amount_minor ? free_minor : rest.amount_minor;
            taken += share->line.amount_minor;
            debit_minor += share->line.amount_minor;
            enum status status = settlement_day(books, rest.debit, debit_minor, credit, taken,
                                                rest.day, &share->line.day);
            if (status != STATUS_OK) {
                return status;
            }
            rest.amount_minor -= share->line.amount_minor;
            rest.open_minor -= share->line.amount_minor;
            out->count++;
        }
    }
    return STATUS_OK;
}

// A day that was asked for must be one on which everything is there, and not lie ahead.
static enum status fix_days(struct books *books, struct shares *shares, int32_t asked)
{
    if (asked > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, asked),
                            books_day(books, books->call->book_day));
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < shares->count; i++) {
        int32_t first = shares->share[i].line.day;
        if (asked != 0 && asked < first) {
            status = books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, asked),
                                  books_day(books, first));
        } else {
            status = posting_guard(books, first, "date");
        }
    }
    return status;
}

static enum status load_controls(struct books *books, uint64_t customer_id,
                                 struct balance **balance)
{
    enum status status = posting_load(books, ACCOUNT_RECEIVABLES);
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_ADVANCES);
    }
    return status == STATUS_OK ? posting_balance(books, customer_id, balance) : status;
}

// What is to be settled with the money that is left of a payment.
static enum status plan_rest(struct books *books, const struct money *money,
                             const PaymentAllocate *request, struct settlement *settlement)
{
    int64_t left = unspent(money);
    if (left == 0) {
        return books_refuse(books, STATUS_PAYMENT_SPENT, "payment", NULL, NULL);
    }
    int32_t day =
        request->date_day > money->payment->date_day ? request->date_day : money->payment->date_day;
    enum status status =
        settlement_begin(books, money->payment->customer_id, left, day, true, settlement);
    if (status == STATUS_OK) {
        status = request->n_allocate > 0
                     ? settlement_named(books, settlement, request->allocate, request->n_allocate)
                     : settlement_automatic(books, settlement);
    }
    if (status == STATUS_OK && settlement->count == 0) {
        status = books_refuse(books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    return status;
}

static enum status allocate(struct books *books, struct shares *shares)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < shares->count; i++) {
        struct share *share = &shares->share[i];
        AllocationRecord *allocation;
        status = item_allocate(books, share->line.debit, share->credit, share->line.amount_minor,
                               share->line.day, share->line.rule, &allocation);
        share->line.id = status == STATUS_OK ? allocation->id : 0;
    }
    return status;
}

// The lines of the shares as one settlement, for the reply.
static enum status shares_reply(struct books *books, const struct shares *shares, bool taken_back,
                                AllocationLine ***line, size_t *count)
{
    struct settlement all = {.count = shares->count};
    all.line = arena_alloc(books->arena, (shares->count + 1) * sizeof *all.line);
    if (all.line == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < shares->count; i++) {
        all.line[i] = shares->share[i].line;
    }
    return settlement_reply(books, &all, taken_back, line, count);
}

enum status payment_allocate(struct txn *txn, struct call *call, const PaymentAllocate *request,
                             PaymentAllocateReply *reply)
{
    struct books books;
    struct money money;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_money(&books, request->payment_id, &money);
    }

    struct settlement settlement = {0};
    struct shares shares = {0};
    struct balance *balance;
    if (status == STATUS_OK) {
        status = plan_rest(&books, &money, request, &settlement);
    }
    if (status == STATUS_OK) {
        status = spread(&books, &money, &settlement, &shares);
    }
    if (status == STATUS_OK) {
        status = fix_days(&books, &shares, request->date_day);
    }
    if (status == STATUS_OK) {
        status = load_controls(&books, money.payment->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = allocate(&books, &shares);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = shares_reply(&books, &shares, false, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = money.payment->id;
    reply->number = receipt_number(&books, money.payment);
    reply->on_account_minor = unspent(&money);
    call_about(call, reply->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// The allocations of a payment that stand: all, or those to one invoice.
static enum status standing(struct books *books, const struct money *money, uint64_t invoice_id,
                            struct allocation_list *out)
{
    AllocationRecord **list = arena_alloc(books->arena, ALLOCATIONS_MAX * sizeof *list);
    size_t count = 0;
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < money->count; i++) {
        struct allocation_list each;
        enum status status = item_allocations(books, money->credit[i]->record->id, &each);
        for (size_t k = 0; status == STATUS_OK && k < each.count; k++) {
            struct item *debit;
            status = item_load(books, each.allocation[k]->debit_id, &debit);
            if (status != STATUS_OK ||
                (invoice_id != 0 && debit->record->document_id != invoice_id)) {
                continue;
            }
            if (count == ALLOCATIONS_MAX) {
                return books_refuse(books, STATUS_TOO_LARGE, "payment", NULL, NULL);
            }
            list[count] = each.allocation[k];
            count++;
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    *out = (struct allocation_list){.allocation = list, .count = count};
    return STATUS_OK;
}

// The day of taking back: as asked, else today; never before what is taken back.
static enum status back_day(struct books *books, const struct allocation_list *list, int32_t first,
                            int32_t asked, int32_t *out)
{
    int32_t today = books->call->book_day;
    for (size_t i = 0; i < list->count; i++) {
        int32_t day = list->allocation[i]->effective_day;
        first = day > first ? day : first;
    }
    *out = asked != 0 ? asked : today > first ? today : first;
    if (*out < first) {
        return books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, *out),
                            books_day(books, first));
    }
    if (asked > today && asked > first) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, asked),
                            books_day(books, today));
    }
    return posting_guard(books, *out, "date");
}

static enum status take_back(struct books *books, const struct allocation_list *list, int32_t day,
                             struct shares *out)
{
    *out = (struct shares){0};
    out->share = arena_alloc(books->arena, (list->count + 1) * sizeof *out->share);
    enum status status = out->share != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < list->count; i++) {
        struct share *share = &out->share[i];
        AllocationRecord *reversal;
        status = item_load(books, list->allocation[i]->debit_id, &share->line.debit);
        if (status != STATUS_OK) {
            break;
        }
        share->line.open_minor = share->line.debit->record->open_minor;
        share->line.amount_minor = list->allocation[i]->amount_minor;
        share->line.day = day;
        share->line.rule = list->allocation[i]->rule;
        status = item_unallocate(books, list->allocation[i], day, &reversal);
        share->line.id = status == STATUS_OK ? reversal->id : 0;
        out->count++;
    }
    return status;
}

enum status payment_unallocate(struct txn *txn, struct call *call, const PaymentUnallocate *request,
                               PaymentAllocateReply *reply)
{
    struct books books;
    struct money money;
    struct allocation_list list = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_money(&books, request->payment_id, &money);
    }
    if (status == STATUS_OK) {
        status = standing(&books, &money, request->invoice_id, &list);
    }

    int32_t day = 0;
    struct balance *balance;
    if (status == STATUS_OK && list.count == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = back_day(&books, &list, money.payment->date_day, request->date_day, &day);
    }
    if (status == STATUS_OK) {
        status = load_controls(&books, money.payment->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct shares shares;
    status = take_back(&books, &list, day, &shares);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = shares_reply(&books, &shares, true, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = money.payment->id;
    reply->number = receipt_number(&books, money.payment);
    reply->on_account_minor = unspent(&money);
    call_about(call, reply->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// Closes a credit item of the payment with a debit item of the same account and amount.
static enum status counter(struct books *books, const PaymentRecord *payment, struct item *credit,
                           int32_t day)
{
    ItemRecord draft = *credit->record;
    draft.side = ITEM_SIDE__ITEM_SIDE_DEBIT;
    draft.date_day = day;
    draft.due_day = day;
    draft.freed_day = 0;
    draft.document_id = payment->id;
    struct item *debit = item_add(books, &draft);
    if (debit == NULL) {
        return STATUS_TOO_LARGE;
    }
    AllocationRecord *allocation;
    return item_allocate(books, debit, credit, draft.amount_minor, day, "reversal", &allocation);
}

static enum status reverse(struct books *books, const struct money *money, EntryRecord *entry,
                           int32_t day, const char *reason)
{
    PaymentRecord *payment = money->payment;
    EntryRecord *reversal = NULL;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < money->count; i++) {
        status = counter(books, payment, money->credit[i], day);
    }
    if (status == STATUS_OK) {
        status = posting_reverse(books, entry, day, reason, &reversal);
    }
    payment->reason = arena_copy(books->arena, reason, strlen(reason));
    if (status != STATUS_OK || payment->reason == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    payment->state = PAYMENT_STATE__PAYMENT_STATE_REVERSED;
    payment->reversed_day = day;
    payment->reversed_entry_id = reversal->id;
    payment->version++;
    return payment_put(books->txn, key_u64(payment->id), payment);
}

enum status payment_reverse(struct txn *txn, struct call *call, const PaymentReverse *request,
                            PaymentReverseReply *reply)
{
    struct books books;
    struct money money;
    struct allocation_list list = {0};
    EntryRecord *entry = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_money(&books, request->payment_id, &money);
    }
    if (status == STATUS_OK) {
        status = standing(&books, &money, 0, &list);
    }
    if (status == STATUS_OK) {
        status = entry_get(txn, key_u64(money.payment->entry_id), &entry);
    }

    int32_t day = 0;
    struct balance *balance = NULL;
    if (status == STATUS_OK) {
        int32_t first = money.payment->date_day;
        for (size_t i = 0; i < money.count; i++) {
            int32_t freed = money.credit[i]->record->freed_day;
            first = freed > first ? freed : first;
        }
        status = back_day(&books, &list, first, request->date_day, &day);
    }
    if (status == STATUS_OK) {
        status = load_controls(&books, money.payment->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        status = posting_load_entry(&books, entry);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct shares shares;
    status = take_back(&books, &list, day, &shares);
    if (status == STATUS_OK) {
        status = reverse(&books, &money, entry, day, request->reason);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = shares_reply(&books, &shares, true, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = money.payment->id;
    reply->number = receipt_number(&books, money.payment);
    reply->balance_minor = posting_owed(balance);
    call_about(call, reply->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
