// SPDX-License-Identifier: Apache-2.0
// One period of a document that comes back. What speaks against issuing it does not refuse the
// call: the period is run, and leaves a draft and a finding, so that somebody looks at it and
// nothing is tried again every minute.
#include "server/ledger/content.h"
#include "server/ledger/control.h"
#include "server/ledger/document.h"
#include "server/ledger/exposure.h"
#include "server/ledger/finding.h"
#include "server/ledger/period.h"
#include "server/ledger/permit.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"
#include "server/ledger/recurring.h"
#include "shared/wire.h"

struct run {
    RecurringRecord *recurring;
    InvoiceRecord *document;
    struct exposure exposure;
    bool is_priced;
    enum status stop; // what stands in the way; STATUS_OK: nothing
    RecurringRunRecord record;
    FindingRecord *finding;
};

// An invoice over the amount of its rule takes a second person, whom the server cannot ask.
static enum status refuse_alone(struct books *books, const InvoiceRecord *document)
{
    const struct doing doing = {document->customer_id, CONTROL_INVOICE, books->call->book_day,
                                rate_gross(document)};
    bool demands = false;
    const enum status status = control_demands(books->txn, books->call, &doing, &demands);
    return status == STATUS_OK && demands
               ? books_refuse(books, STATUS_APPROVAL_NEEDED, "amount", NULL, NULL)
               : status;
}

// Who answers for it must still be allowed this invoice, for this customer; a person who runs it by
// hand answers for it alone.
static enum status refuse_author(struct books *books, const CustomerRecord *customer,
                                 const InvoiceRecord *document)
{
    const struct stand_in *author = books->call->author;
    uint32_t scopes = 0;
    bool reaches = false;
    if (author == NULL) {
        return permit_amount(books, document->customer_id, rate_gross(document), "amount");
    }
    enum status status = author->denial == STATUS_OK
                             ? rows_reaches(books->txn, author->filter, customer, &reaches)
                             : STATUS_OK;
    if (status == STATUS_OK && !reaches) {
        return books_refuse(books, STATUS_RECURRING_AUTHOR, "recurring", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = rows_cover_of(books->txn, author->filter, customer, &scopes);
    }
    const int64_t most = rights_most(author->rights, PERMISSION_INVOICE_ISSUE, scopes);
    return status == STATUS_OK && rate_gross(document) > most
               ? books_refuse(books, STATUS_LIMIT_EXCEEDED, "amount",
                              books_money(books, rate_gross(document)), books_money(books, most))
               : status;
}

static enum status look(struct books *books, struct run *run)
{
    RecurringRecord *recurring = run->recurring;
    InvoiceRecord *document = run->document;
    CustomerRecord *customer = NULL;
    enum status status =
        books_served_customer(books, recurring->customer_id, "customer", &customer);
    if (status == STATUS_OK) {
        status = recurring_price(books, recurring, document);
    }
    if (status == STATUS_OK) {
        run->is_priced = true;
        status = document_parts(books, document, customer, recurring->terms, 0);
    }
    if (status == STATUS_OK) {
        status = refuse_author(books, customer, document);
    }
    const struct content content = {
        .kind = CONTENT_KIND__CONTENT_KIND_INVOICE,
        .date_day = document->date_day,
        .line = document->line,
        .line_count = document->n_line,
        .reference = document->reference,
    };
    if (status == STATUS_OK) {
        status = content_check(books, &content);
    }
    if (status == STATUS_OK) {
        status = document_check(books, document, NULL);
    }
    if (status == STATUS_OK) {
        status = exposure_check(books, customer, rate_gross(document), &run->exposure);
    }
    return status == STATUS_OK ? refuse_alone(books, document) : status;
}

// What the checks refuse is kept beside, as for a row of an import.
static enum status try(struct books *books, struct run *run)
{
    Problem *kept[1];
    struct row_problems problems = {.list = kept, .limit = COUNT_OF(kept)};
    books->rows = &problems;
    const enum status status = look(books, run);
    books->rows = NULL;
    run->stop = books->refused;
    books->refused = STATUS_OK;
    return run->stop != STATUS_OK ? STATUS_OK : status;
}

static enum status issue(struct books *books, struct run *run)
{
    const enum status status = document_issue(books, run->document, NULL);
    run->record.outcome = RECURRING_OUTCOME__RECURRING_OUTCOME_ISSUED;
    run->record.invoice_id = run->document->id;
    return status == STATUS_OK ? exposure_keep(books, &run->exposure, run->document->id) : status;
}

// Without a day: it is that of its issue, so that no closed month waits for it.
static enum status leave_draft(struct books *books, struct run *run)
{
    InvoiceRecord *draft = run->document;
    draft->id = call_new_id(books->call);
    draft->state = INVOICE_STATE__INVOICE_STATE_DRAFT;
    draft->version = 1;
    draft->date_day = 0;
    draft->due_day = 0;
    draft->n_part = 0;
    draft->n_cost_minor = 0;
    draft->terms = run->recurring->terms;
    draft->entered_us = books->call->instant_us;
    draft->entered_by = books->call->user_id;
    run->record.outcome = RECURRING_OUTCOME__RECURRING_OUTCOME_DRAFTED;
    run->record.invoice_id = draft->id;
    return invoice_put(books->txn, key_u64(draft->id), draft);
}

// Somebody has to look at it: who answers for it, unless that is somebody who may not any more.
static enum status raise(struct books *books, struct run *run)
{
    struct arena *arena = books->arena;
    char *number = recurring_number(arena, run->recurring);
    const int32_t day = recurring_day(run->recurring, run->recurring->done + 1);
    char *title = number == NULL ? NULL
                                 : arena_print(arena, "%s was not issued for %s: %s", number,
                                               books_day(books, day), status_code(run->stop));
    FindingRecord *finding = (FindingRecord *)wire_make(arena, &finding_record__descriptor);
    if (title == NULL || finding == NULL) {
        return STATUS_TOO_LARGE;
    }
    finding->title = title;
    finding->object = number;
    finding->user_id = run->stop == STATUS_RECURRING_AUTHOR ? 0 : run->recurring->added_by;
    finding->weight = FINDING_WEIGHT__FINDING_WEIGHT_MEDIUM;
    run->finding = finding;
    run->record.reason = arena_copy(arena, status_code(run->stop), strlen(status_code(run->stop)));
    return run->record.reason != NULL ? finding_open(books, finding) : STATUS_TOO_LARGE;
}

static enum status write_run(struct books *books, struct run *run)
{
    enum status status = STATUS_OK;
    run->record.outcome = RECURRING_OUTCOME__RECURRING_OUTCOME_LEFT_OUT;
    if (run->stop == STATUS_OK) {
        status = issue(books, run);
    } else if (run->is_priced) {
        status = leave_draft(books, run);
    }
    if (status == STATUS_OK) {
        status = run->stop == STATUS_OK ? books_close(books) : raise(books, run);
    }
    if (status == STATUS_OK && run->finding != NULL) {
        status = finding_put(books->txn, key_u64(run->finding->id), run->finding);
    }
    if (status == STATUS_OK) {
        status = recurring_done(books, run->recurring, &run->record);
    }
    return status == STATUS_OK
               ? recurring_put(books->txn, key_u64(run->recurring->id), run->recurring)
               : status;
}

static enum status tell(struct books *books, const struct run *run, RecurringRunReply *reply)
{
    struct arena *arena = books->arena;
    reply->id = run->recurring->id;
    reply->number = recurring_number(arena, run->recurring);
    reply->ordinal = run->record.ordinal;
    reply->due_day = run->record.due_day;
    reply->outcome = run->record.outcome;
    reply->invoice_id = run->record.invoice_id;
    reply->gross_minor = run->is_priced ? run->document->gross_minor : 0;
    reply->currency = run->recurring->currency;
    reply->reason = run->record.reason;
    reply->state = run->recurring->state;
    reply->next_day = recurring_next_day(run->recurring);
    reply->invoice =
        run->stop == STATUS_OK ? document_number(books, run->document) : reading_constant("");
    reply->finding =
        run->finding != NULL ? finding_number(arena, run->finding) : reading_constant("");
    call_about(books->call, run->recurring->id, reply->number);
    return reply->number != NULL && reply->invoice != NULL && reply->finding != NULL
               ? STATUS_OK
               : STATUS_TOO_LARGE;
}

// Which period is meant: one by its number, or the next one, also before its day.
struct meant {
    uint64_t recurring_id;
    uint32_t ordinal; // 0: the next one
    bool early;
};

static enum status run_next(struct txn *txn, struct call *call, const struct meant *meant,
                            RecurringRunReply *reply)
{
    struct books books;
    struct run run = {.recurring = NULL};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = recurring_load(&books, meant->recurring_id, &run.recurring);
    }

    const int32_t day = status == STATUS_OK ? recurring_next_day(run.recurring) : 0;
    const bool is_active =
        status == STATUS_OK && run.recurring->state == RECURRING_STATE__RECURRING_STATE_ACTIVE;
    if (status == STATUS_OK && !is_active) {
        status = books_refuse(&books, STATUS_RECURRING_STATE, "recurring", NULL, NULL);
    }
    if (status == STATUS_OK && meant->ordinal != 0 && meant->ordinal != run.recurring->done + 1) {
        status = books_refuse(&books, STATUS_RECURRING_DONE, "ordinal", NULL, NULL);
    }
    if (status == STATUS_OK && day > call->book_day && !meant->early) {
        status = books_refuse(&books, STATUS_RECURRING_EARLY, "recurring", books_day(&books, day),
                              books_day(&books, call->book_day));
    }
    if (status != STATUS_OK) {
        return status;
    }
    assert(day != 0); // an active one has a next day (recurring_done)
    run.document =
        document_make(&books, INVOICE_KIND__INVOICE_KIND_INVOICE, run.recurring->customer_id);
    char *number = recurring_number(call->arena, run.recurring);
    char *reference =
        number != NULL ? arena_print(call->arena, "%s %s", number, books_day(&books, day)) : NULL;
    if (run.document == NULL || reference == NULL) {
        return STATUS_TOO_LARGE;
    }
    run.document->date_day = day < call->book_day ? day : call->book_day;
    run.document->reference = reference;
    run.document->notes = run.recurring->notes;
    recurring_run_record__init(&run.record);
    status = try(&books, &run);
    if (status == STATUS_OK) {
        status = write_run(&books, &run);
    }

    return status == STATUS_OK ? tell(&books, &run, reply) : status;
}

enum status recurring_run(struct txn *txn, struct call *call, const RecurringRun *request,
                          RecurringRunReply *reply)
{
    const struct meant meant = {.recurring_id = request->recurring_id, .early = request->early};
    return run_next(txn, call, &meant, reply);
}

enum status recurring_due(struct txn *txn, struct call *call, const RecurringDue *request,
                          RecurringRunReply *reply)
{
    const struct meant meant = {.recurring_id = request->recurring_id, .ordinal = request->ordinal};
    return run_next(txn, call, &meant, reply);
}
