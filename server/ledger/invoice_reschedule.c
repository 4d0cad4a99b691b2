// SPDX-License-Identifier: Apache-2.0
// Other due days for what is open of an invoice (domain.md d.4). An item never changes its amount
// or its days, or yesterday's aging would not be what it was: on the day of the agreement a credit
// item closes what was open, and debit items of the same sum open with the new days. Nothing is
// posted, since nothing moves between accounts.
#include "server/ledger/document.h"
#include "server/ledger/due.h"
#include "server/ledger/exposure.h"
#include "server/ledger/permit.h"
#include "server/ledger/promise.h"
#include "server/ledger/rate.h"
#include "shared/money.h"

__extension__ typedef __int128 wide;

struct plan {
    InvoiceRecord *invoice;
    struct item_list open; // debits with something open
    struct item_rest left; // of them together
    int32_t day;
    InvoicePart **part;  // the new ones
    int64_t *book_minor; // what each of them is worth
    size_t part_count;
    struct exposure exposure;
    struct promise_list promises; // about what is open
};

static enum status load(struct books *books, uint64_t id, struct plan *out)
{
    enum status status = document_load(books, id, &out->invoice);
    if (status != STATUS_OK) {
        return status;
    }
    if (out->invoice->state != INVOICE_STATE__INVOICE_STATE_ISSUED ||
        out->invoice->gross_minor <= 0) {
        return books_refuse(books, STATUS_INVOICE_NOT_OPEN, "invoice", NULL, NULL);
    }
    if (out->invoice->kind == INVOICE_KIND__INVOICE_KIND_DEBIT_NOTE) {
        return books_refuse(books, STATUS_INVOICE_IS_CHARGE, "invoice", NULL, NULL);
    }
    status = document_items(books, out->invoice, &out->open);
    size_t count = 0;
    for (size_t i = 0; status == STATUS_OK && i < out->open.count; i++) {
        struct item *item = out->open.item[i];
        out->left.own_minor += item_left(item->record);
        out->left.book_minor += item->record->open_minor;
        out->open.item[count] = item;
        count += item->record->open_minor > 0 ? 1 : 0;
    }
    out->open.count = count;
    if (status == STATUS_OK && count == 0) {
        return books_refuse(books, STATUS_INVOICE_NOT_OPEN, "invoice", NULL, NULL);
    }
    return status;
}

// The day from which the new days hold: all that is open is free to be closed then, and stays so.
static enum status choose_day(struct books *books, int32_t asked, struct plan *plan)
{
    plan->day = asked != 0 ? asked : books->call->book_day;
    if (plan->day > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, plan->day),
                            books_day(books, books->call->book_day));
    }
    int32_t first = plan->day;
    enum status status = posting_guard(books, plan->day, POSTING_SALES, "date");
    for (size_t i = 0; status == STATUS_OK && i < plan->open.count; i++) {
        struct item *item = plan->open.item[i];
        int32_t free_day = 0;
        status = item_free_day(books, item, item_left(item->record), plan->day, &free_day);
        first = free_day > first ? free_day : first;
    }
    if (status == STATUS_OK && first > plan->day) {
        return books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, plan->day),
                            books_day(books, first));
    }
    return status;
}

static enum status named_parts(struct books *books, const InvoiceReschedule *request,
                               struct plan *plan)
{
    InvoicePart *parts = arena_alloc(books->arena, request->n_part * sizeof *parts);
    plan->part = arena_alloc(books->arena, request->n_part * sizeof(InvoicePart *));
    if (parts == NULL || plan->part == NULL) {
        return STATUS_TOO_LARGE;
    }
    int64_t sum = 0;
    for (size_t i = 0; i < request->n_part; i++) {
        const ReschedulePart *asked = request->part[i];
        const char *path = arena_print(books->arena, "part[%zu].due", i + 1);
        if (asked->due_day < plan->invoice->date_day ||
            (i > 0 && asked->due_day < request->part[i - 1]->due_day)) {
            return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, path,
                                books_day(books, asked->due_day), NULL);
        }
        if (!money_add(sum, asked->amount_minor, &sum)) {
            return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "part", NULL, NULL);
        }
        invoice_part__init(&parts[i]);
        parts[i].due_day = asked->due_day;
        parts[i].amount_minor = asked->amount_minor;
        parts[i].grace_days = plan->open.item[0]->record->grace_days;
        plan->part[i] = &parts[i];
    }
    plan->part_count = request->n_part;
    const char *currency = plan->invoice->currency;
    return sum == plan->left.own_minor
               ? STATUS_OK
               : books_refuse(books, STATUS_PARTS_DIFFER, "part", rate_print(books, currency, sum),
                              rate_print(books, currency, plan->left.own_minor));
}

// What is open in the book's currency is shared by the parts: each is worth something.
static enum status share_book(struct books *books, struct plan *plan)
{
    int64_t *own = arena_alloc(books->arena, plan->part_count * sizeof *own);
    plan->book_minor = arena_alloc(books->arena, plan->part_count * sizeof *plan->book_minor);
    if (own == NULL || plan->book_minor == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < plan->part_count; i++) {
        own[i] = plan->part[i]->amount_minor;
    }
    const bool fits = money_split(plan->left.book_minor, own, plan->part_count, plan->book_minor);
    assert(fits);
    for (size_t i = 0; i < plan->part_count; i++) {
        if (plan->book_minor[i] == 0) {
            return books_refuse(books, STATUS_RATE_TOO_SMALL, "part",
                                rate_print(books, plan->invoice->currency, own[i]), NULL);
        }
    }
    return STATUS_OK;
}

static enum status plan_parts(struct books *books, const InvoiceReschedule *request,
                              struct plan *plan)
{
    const char *currency = plan->invoice->currency;
    const struct due_sum total = {plan->left.own_minor, rate_decimals(books, currency)};
    enum status status = request->n_part > 0 || request->currency[0] != '\0'
                             ? rate_same(books, request->currency, currency)
                             : STATUS_OK;
    if (status == STATUS_OK) {
        status = request->terms[0] == '\0' ? named_parts(books, request, plan)
                                           : due_parts(books, request->terms, total, plan->day,
                                                       &plan->part, &plan->part_count);
    }
    for (size_t i = 0; status == STATUS_OK && i < plan->part_count; i++) {
        // A discount is part of the price that was agreed, not of when the rest is paid.
        if (plan->part[i]->discount_minor != 0) {
            return books_refuse(books, STATUS_DISCOUNT_NEW, "terms", request->terms, NULL);
        }
        if (plan->part[i]->amount_minor <= 0) {
            return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE,
                                request->terms[0] != '\0' ? "terms" : "part",
                                rate_print(books, currency, plan->part[i]->amount_minor), NULL);
        }
    }
    // Parts with something settled stay beside the new ones.
    if (status == STATUS_OK && plan->part_count + plan->invoice->n_part > INVOICE_PARTS_MAX * 2) {
        return books_refuse(books, STATUS_TOO_LARGE, "part", NULL, NULL);
    }
    return status == STATUS_OK ? share_book(books, plan) : status;
}

// More time is more credit (domain.md d.3). Time is each amount times the days that are left to it:
// neither the first nor the last day alone would tell.
static enum status check_credit(struct books *books, struct plan *plan)
{
    CustomerRecord *customer = NULL;
    wide before = 0;
    wide after = 0;
    for (size_t i = 0; i < plan->open.count; i++) {
        const ItemRecord *item = plan->open.item[i]->record;
        before += (wide)item->open_minor * (item->due_day - plan->day);
    }
    for (size_t i = 0; i < plan->part_count; i++) {
        after += (wide)plan->book_minor[i] * (plan->part[i]->due_day - plan->day);
    }
    if (after <= before) {
        return STATUS_OK;
    }
    const enum status status =
        books_customer(books, plan->invoice->customer_id, "invoice", &customer);
    return status == STATUS_OK
               ? exposure_check_longer(books, customer, plan->left.book_minor, &plan->exposure)
               : status;
}

// A promise that was given for the old parts holds for the new ones.
static enum status find_promises(struct books *books, struct plan *plan)
{
    const enum status status =
        promises_about(books, plan->invoice->customer_id, &plan->open, &plan->promises);
    for (size_t i = 0; status == STATUS_OK && i < plan->promises.count; i++) {
        if (plan->promises.promise[i]->n_item_id + plan->part_count > PROMISE_ITEMS_MAX) {
            return books_refuse(books, STATUS_TOO_LARGE, "part", NULL, NULL);
        }
    }
    return status;
}

// What was open of each part goes into its history; what was settled of it stays a part.
static enum status keep_history(struct books *books, char *reason, struct plan *plan)
{
    InvoiceRecord *invoice = plan->invoice;
    size_t room = invoice->n_part + plan->part_count;
    InvoicePart **part = arena_alloc(books->arena, room * sizeof *part);
    InvoiceEarlierPart **earlier =
        arena_alloc(books->arena, (invoice->n_earlier + plan->open.count) * sizeof *earlier);
    if (part == NULL || earlier == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (invoice->n_earlier > 0) {
        memcpy(earlier, invoice->earlier, invoice->n_earlier * sizeof *earlier);
    }
    invoice->earlier = earlier;
    size_t kept = 0;
    for (size_t i = 0; i < invoice->n_part; i++) {
        InvoicePart *known = invoice->part[i];
        struct item *item = NULL;
        for (size_t k = 0; item == NULL && k < plan->open.count; k++) {
            bool is_its = plan->open.item[k]->record->id == known->item_id;
            item = is_its ? plan->open.item[k] : NULL;
        }
        if (item != NULL) {
            InvoiceEarlierPart *past = arena_alloc(books->arena, sizeof *past);
            if (past == NULL) {
                return STATUS_TOO_LARGE;
            }
            invoice_earlier_part__init(past);
            past->due_day = known->due_day;
            past->amount_minor = item_left(item->record);
            past->until_day = plan->day;
            past->reason = reason;
            past->item_id = known->item_id;
            earlier[invoice->n_earlier++] = past;
            known->amount_minor -= item_left(item->record);
        }
        if (known->amount_minor != 0) {
            part[kept++] = known;
        }
    }
    memcpy(&part[kept], plan->part, plan->part_count * sizeof *part);
    invoice->part = part;
    invoice->n_part = kept + plan->part_count;
    for (size_t i = 0; i < invoice->n_part; i++) {
        part[i]->ordinal = (uint32_t)i + 1;
    }
    return STATUS_OK;
}

// An item like the ones that were open, dated on the day of the agreement.
static struct item *add_item(struct books *books, const struct plan *plan, ItemSide side,
                             int32_t due_day, struct item_rest amount, const InvoicePart *part)
{
    const ItemRecord *like = plan->open.item[0]->record;
    ItemRecord draft = *like;
    draft.side = side;
    draft.origin_day = like->origin_day != 0 ? like->origin_day : like->date_day;
    draft.date_day = plan->day;
    draft.due_day = due_day;
    draft.amount_minor = amount.book_minor;
    draft.foreign_minor = like->currency[0] != '\0' ? amount.own_minor : 0;
    draft.freed_day = 0;
    draft.rescheduled = true;
    draft.settled_day = 0;
    draft.grace_days = part != NULL ? part->grace_days : 0;
    draft.discount_until_day = part != NULL ? part->discount_until_day : 0;
    draft.discount_minor = part != NULL ? part->discount_minor : 0;
    return item_make(books, &draft);
}

static enum status move_items(struct books *books, struct plan *plan)
{
    struct item *credit =
        add_item(books, plan, ITEM_SIDE__ITEM_SIDE_CREDIT, plan->day, plan->left, NULL);
    enum status status = credit != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < plan->part_count; i++) {
        InvoicePart *part = plan->part[i];
        const struct item_rest amount = {part->amount_minor, plan->book_minor[i]};
        struct item *debit =
            add_item(books, plan, ITEM_SIDE__ITEM_SIDE_DEBIT, part->due_day, amount, part);
        part->item_id = debit != NULL ? debit->record->id : 0;
        status = debit != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < plan->open.count; i++) {
        struct item *debit = plan->open.item[i];
        AllocationRecord *allocation;
        const struct item_rest rest = {item_left(debit->record), debit->record->open_minor};
        status =
            item_allocate_even(books, debit, credit, rest, plan->day, RULE_RESCHEDULE, &allocation);
    }
    return status;
}

static enum status extend_promises(struct books *books, const struct plan *plan)
{
    uint64_t *item_id = arena_alloc(books->arena, plan->part_count * sizeof *item_id);
    enum status status = item_id != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < plan->part_count; i++) {
        item_id[i] = plan->part[i]->item_id;
    }
    for (size_t i = 0; status == STATUS_OK && i < plan->promises.count; i++) {
        status = promise_extend(books, plan->promises.promise[i], item_id, plan->part_count);
    }
    return status;
}

static enum status reply_parts(struct books *books, const struct plan *plan,
                               InvoiceRescheduleReply *reply)
{
    reply->id = plan->invoice->id;
    reply->number = document_number(books, plan->invoice);
    reply->open_minor = plan->left.own_minor;
    reply->currency = plan->invoice->currency;
    reply->part = plan->part;
    reply->n_part = plan->part_count;
    for (size_t i = 0; i < plan->part_count; i++) {
        plan->part[i]->open_minor = plan->part[i]->amount_minor;
    }
    call_about(books->call, plan->invoice->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status invoice_reschedule(struct txn *txn, struct call *call, const InvoiceReschedule *request,
                               InvoiceRescheduleReply *reply)
{
    struct books books;
    struct plan plan = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load(&books, request->invoice_id, &plan);
    }

    if (status == STATUS_OK) {
        status = permit_amount(&books, plan.invoice->customer_id, plan.left.book_minor, "invoice");
    }
    if (status == STATUS_OK) {
        status = choose_day(&books, request->date_day, &plan);
    }
    if (status == STATUS_OK) {
        status = plan_parts(&books, request, &plan);
    }
    if (status == STATUS_OK) {
        status = check_credit(&books, &plan);
    }
    if (status == STATUS_OK) {
        status = find_promises(&books, &plan);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, plan.invoice->id, "due",
                     books_day(&books, plan.open.item[0]->record->due_day),
                     books_day(&books, plan.part[0]->due_day));
    status = keep_history(&books, request->reason, &plan);
    if (status == STATUS_OK) {
        status = move_items(&books, &plan);
    }
    if (status == STATUS_OK) {
        status = extend_promises(&books, &plan);
    }
    if (status == STATUS_OK) {
        status = exposure_keep(&books, &plan.exposure, plan.invoice->id);
    }
    if (status != STATUS_OK) {
        return status;
    }
    plan.invoice->terms = request->terms;
    plan.invoice->due_day = plan.part[plan.part_count - 1]->due_day;
    plan.invoice->version++;
    status = invoice_put(txn, key_u64(plan.invoice->id), plan.invoice);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? reply_parts(&books, &plan, reply) : status;
}
