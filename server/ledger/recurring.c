// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/recurring.h"

#include "server/ledger/document.h"
#include "server/ledger/numbering.h"
#include "server/ledger/permit.h"
#include "server/ledger/pricing.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"

#define WEEK_DAYS 7

enum status recurring_load(struct books *books, uint64_t id, RecurringRecord **out)
{
    const enum status status = recurring_get(books->txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? books_refuse(books, status, "recurring", NULL, NULL)
                                      : status;
}

char *recurring_number(struct arena *arena, const RecurringRecord *recurring)
{
    return ident_print(arena, SERIES_RECURRING, 0, recurring->sequence);
}

static int32_t months_of(RecurringEvery every)
{
    switch ((int)every) {
    case RECURRING_EVERY__RECURRING_EVERY_QUARTER:
        return 3;
    case RECURRING_EVERY__RECURRING_EVERY_YEAR:
        return 12;
    default:
        return 1;
    }
}

// Always counted from the first day, so that the 31st comes back behind a short month.
int32_t recurring_day(const RecurringRecord *recurring, uint32_t ordinal)
{
    assert(ordinal > 0 && ordinal <= RECURRING_PERIODS_MAX);
    const int32_t passed = (int32_t)ordinal - 1;
    return recurring->every == RECURRING_EVERY__RECURRING_EVERY_WEEK
               ? recurring->start_day + passed * WEEK_DAYS
               : day_add_months(recurring->start_day, passed * months_of(recurring->every));
}

int32_t recurring_next_day(const RecurringRecord *recurring)
{
    if (recurring->state == RECURRING_STATE__RECURRING_STATE_ENDED ||
        recurring->done >= RECURRING_PERIODS_MAX) {
        return 0;
    }
    const int32_t day = recurring_day(recurring, recurring->done + 1);
    const bool is_over = recurring->until_day != 0 && day > recurring->until_day;
    return is_over || day > DAY_MAX ? 0 : day;
}

enum status recurring_price(struct books *books, const RecurringRecord *recurring,
                            InvoiceRecord *document)
{
    const struct pricing pricing = pricing_of(&recurring->base, recurring->currency);
    document->currency = recurring->currency;
    const enum status status = pricing_apply(books, &pricing, document);
    if (status == STATUS_OK && document->gross_minor <= 0) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "amount",
                            rate_print(books, document->currency, document->gross_minor), NULL);
    }
    return status == STATUS_OK ? rate_document(books, document, document->date_day) : status;
}

enum status recurring_done(struct books *books, RecurringRecord *recurring, RecurringRunRecord *run)
{
    run->ordinal = recurring->done + 1;
    run->due_day = recurring_day(recurring, run->ordinal);
    run->customer_id = recurring->customer_id;
    run->run_us = books->call->instant_us;
    run->run_by = books->call->user_id;
    recurring->done++;
    if (run->outcome != RECURRING_OUTCOME__RECURRING_OUTCOME_ISSUED) {
        recurring->left_over++;
    }
    recurring->next_day = recurring_next_day(recurring);
    if (recurring->next_day == 0) {
        recurring->state = RECURRING_STATE__RECURRING_STATE_ENDED;
    }
    return recurring_run_put(books->txn, key_u64_u64(recurring->id, run->ordinal), run);
}

// ---- commands ----

static const char *state_word(RecurringState state)
{
    static const char *const WORDS[] = {"", "active", "paused", "ended"};

    return (size_t)state < COUNT_OF(WORDS) ? WORDS[state] : "";
}

static enum status save(struct books *books, RecurringRecord *recurring, RecurringReply *reply)
{
    recurring->next_day = recurring_next_day(recurring);
    recurring->changed_us = books->call->instant_us;
    recurring->changed_by = books->call->user_id;
    enum status status = recurring_put(books->txn, key_u64(recurring->id), recurring);
    if (status == STATUS_OK) {
        status = books_close(books);
    }
    reply->id = recurring->id;
    reply->number = recurring_number(books->arena, recurring);
    reply->state = recurring->state;
    reply->next_day = recurring->next_day;
    call_about(books->call, recurring->id, reply->number);
    return status == STATUS_OK && reply->number == NULL ? STATUS_TOO_LARGE : status;
}

static void fill(const RecurringAdd *request, const struct call *call, RecurringRecord *recurring)
{
    recurring_record__init(recurring);
    recurring->state = RECURRING_STATE__RECURRING_STATE_ACTIVE;
    recurring->customer_id = request->customer_id;
    recurring->every = request->every;
    recurring->start_day = request->start_day != 0 ? request->start_day : call->book_day;
    recurring->until_day = request->until_day;
    recurring->line = request->line;
    recurring->n_line = request->n_line;
    recurring->amount_minor = request->amount_minor;
    recurring->terms = request->terms;
    recurring->notes = request->notes;
    recurring->tax_bp = request->tax_bp;
    recurring->inclusive = request->inclusive;
    recurring->discount_minor = request->discount_minor;
    recurring->round_minor = request->round_minor;
    recurring->added_by = call->user_id;
}

enum status recurring_add(struct txn *txn, struct call *call, const RecurringAdd *request,
                          RecurringReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    RecurringRecord recurring;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_served_customer(&books, request->customer_id, "customer", &customer);
    }
    fill(request, call, &recurring);
    InvoiceRecord *document =
        status == STATUS_OK
            ? document_make(&books, INVOICE_KIND__INVOICE_KIND_INVOICE, request->customer_id)
            : NULL;
    if (status != STATUS_OK || document == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }

    // What could never be issued is refused now, not once a month.
    status = rate_choose(&books, request->currency, customer->currency, &recurring.currency);
    if (status == STATUS_OK) {
        status = recurring_price(&books, &recurring, document);
    }
    if (status == STATUS_OK) {
        document->date_day = recurring.start_day;
        status = document_parts(&books, document, customer, recurring.terms, 0);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, recurring.customer_id, rate_gross(document), "amount");
    }
    if (status == STATUS_OK) {
        status = permit_also(&books, PERMISSION_INVOICE_ISSUE, recurring.customer_id,
                             rate_gross(document), "amount");
    }
    if (status == STATUS_OK && recurring_next_day(&recurring) == 0) {
        status = books_refuse(&books, STATUS_FIELD_OUT_OF_RANGE, "until",
                              books_day(&books, recurring.until_day),
                              books_day(&books, recurring.start_day));
    }
    if (status == STATUS_OK && recurring.start_day < call->book_day - RECURRING_BACK_DAYS_MAX) {
        status = books_refuse(&books, STATUS_FIELD_OUT_OF_RANGE, "start",
                              books_day(&books, recurring.start_day),
                              books_day(&books, call->book_day - RECURRING_BACK_DAYS_MAX));
    }
    if (status != STATUS_OK) {
        return status;
    }

    recurring.id = call_new_id(call);
    reply->gross_minor = document->gross_minor;
    reply->currency = recurring.currency;
    status = numbering_next(&books, SERIES_RECURRING, 0, &recurring.sequence);

    return status == STATUS_OK ? save(&books, &recurring, reply) : status;
}

// Loads what shall change its state; `from` says from which states it may (bits by their number).
static enum status load_for(struct books *books, uint64_t id, unsigned from, RecurringRecord **out)
{
    enum status status = recurring_load(books, id, out);
    if (status == STATUS_OK && (from & 1u << (*out)->state) == 0) {
        status = books_refuse(books, STATUS_RECURRING_STATE, "recurring", state_word((*out)->state),
                              NULL);
    }
    return status;
}

static void note_state(struct books *books, RecurringRecord *recurring, RecurringState state,
                       char *reason)
{
    call_note_change(books->call, recurring->id, "state", state_word(recurring->state),
                     state_word(state));
    recurring->state = state;
    recurring->reason = reason;
}

enum status recurring_pause(struct txn *txn, struct call *call, const RecurringPause *request,
                            RecurringReply *reply)
{
    struct books books;
    RecurringRecord *recurring = NULL;
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = load_for(&books, request->recurring_id,
                          1u << RECURRING_STATE__RECURRING_STATE_ACTIVE, &recurring);
    }
    if (status != STATUS_OK) {
        return status;
    }

    note_state(&books, recurring, RECURRING_STATE__RECURRING_STATE_PAUSED, request->reason);
    return save(&books, recurring, reply);
}

// Counts what fell due before today as left out, as far as one call reaches.
static enum status skip(struct books *books, RecurringRecord *recurring)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < RECURRING_SKIP_MAX; i++) {
        const int32_t day = recurring_next_day(recurring);
        RecurringRunRecord run;
        if (day == 0 || day >= books->call->book_day) {
            break;
        }
        recurring_run_record__init(&run);
        run.outcome = RECURRING_OUTCOME__RECURRING_OUTCOME_SKIPPED;
        status = recurring_done(books, recurring, &run);
    }
    return status;
}

// Who goes on with it answers for it from then on, and so must be allowed what it issues.
static enum status take_over(struct books *books, RecurringRecord *recurring)
{
    InvoiceRecord *document =
        document_make(books, INVOICE_KIND__INVOICE_KIND_INVOICE, recurring->customer_id);
    if (document == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = recurring_price(books, recurring, document);
    if (status == STATUS_OK) {
        status = permit_also(books, PERMISSION_INVOICE_ISSUE, recurring->customer_id,
                             rate_gross(document), "recurring");
    }
    recurring->added_by = books->call->user_id;
    return status;
}

enum status recurring_resume(struct txn *txn, struct call *call, const RecurringResume *request,
                             RecurringReply *reply)
{
    struct books books;
    RecurringRecord *recurring = NULL;
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = load_for(&books, request->recurring_id,
                          1u << RECURRING_STATE__RECURRING_STATE_PAUSED, &recurring);
    }
    if (status == STATUS_OK) {
        status = take_over(&books, recurring);
    }
    if (status != STATUS_OK) {
        return status;
    }

    note_state(&books, recurring, RECURRING_STATE__RECURRING_STATE_ACTIVE, reading_constant(""));
    status = request->skip ? skip(&books, recurring) : STATUS_OK;
    return status == STATUS_OK ? save(&books, recurring, reply) : status;
}

enum status recurring_end(struct txn *txn, struct call *call, const RecurringEnd *request,
                          RecurringReply *reply)
{
    struct books books;
    RecurringRecord *recurring = NULL;
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = load_for(&books, request->recurring_id,
                          1u << RECURRING_STATE__RECURRING_STATE_ACTIVE |
                              1u << RECURRING_STATE__RECURRING_STATE_PAUSED,
                          &recurring);
    }
    if (status != STATUS_OK) {
        return status;
    }

    note_state(&books, recurring, RECURRING_STATE__RECURRING_STATE_ENDED, request->reason);
    return save(&books, recurring, reply);
}
