// SPDX-License-Identifier: Apache-2.0
// Overrides: somebody who may answers for one document that the customer's credit would stop. The
// posting of that document uses it up (exposure.c).
#include "server/ledger/control.h"
#include "server/ledger/credit_card.h"
#include "server/ledger/permit.h"
#include "shared/money.h"
#include "shared/wire.h"

static size_t count_open(const struct call *call, const CreditRecord *credit)
{
    size_t count = 0;
    for (size_t i = 0; i < credit->n_override; i++) {
        count += override_is_open(credit->override[i], call->book_day);
    }
    return count;
}

// One more behind the others; when the list is full, the oldest that is done with makes room: the
// journal has it for ever.
static enum status add(struct books *books, CreditRecord *credit, OverrideRecord **out)
{
    const int32_t today = books->call->book_day;
    OverrideRecord **list = arena_alloc(books->arena, (credit->n_override + 1) * sizeof *list);
    OverrideRecord *made = (OverrideRecord *)wire_make(books->arena, &override_record__descriptor);
    if (list == NULL || made == NULL) {
        return STATUS_TOO_LARGE;
    }
    bool is_full = credit->n_override >= CREDIT_OVERRIDES_MAX;
    size_t count = 0;
    for (size_t i = 0; i < credit->n_override; i++) {
        if (is_full && !override_is_open(credit->override[i], today)) {
            is_full = false;
            continue;
        }
        list[count++] = credit->override[i];
    }
    list[count++] = made;
    credit->override = list;
    credit->n_override = count;
    credit->last_number++;
    made->number = credit->last_number;
    *out = made;
    return STATUS_OK;
}

static enum status check_asked(struct books *books, const CreditOverride *request,
                               const CreditRecord *credit)
{
    const int32_t today = books->call->book_day;
    if (request->expires_day != 0 && request->expires_day < today) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "expires",
                            books_day(books, request->expires_day), books_day(books, today));
    }
    if (count_open(books->call, credit) >= CREDIT_OVERRIDES_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "customer", NULL, NULL);
    }
    return permit_amount(books, request->customer_id, request->amount_minor, "amount");
}

// With those that are open: each lets a document through, and several small ones as much as a large
// one.
static int64_t overridden_with(const struct call *call, const CreditRecord *credit,
                               int64_t amount_minor)
{
    int64_t sum_minor = amount_minor;
    for (size_t i = 0; i < credit->n_override; i++) {
        const OverrideRecord *each = credit->override[i];
        const bool holds = override_is_open(each, call->book_day);
        // Beyond what can be added it is above every rule.
        if (holds && !money_add(sum_minor, each->amount_minor, &sum_minor)) {
            return INT64_MAX;
        }
    }
    return sum_minor;
}

enum status credit_override(struct txn *txn, struct call *call, const CreditOverride *request,
                            CreditReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    CreditRecord *credit = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = credit_begin(&books, request->customer_id, &customer, &credit);
    }

    if (status == STATUS_OK) {
        status = check_asked(&books, request, credit);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_OVERRIDE,
                               overridden_with(call, credit, request->amount_minor));
    }
    if (status != STATUS_OK) {
        return status;
    }

    OverrideRecord *made = NULL;
    status = add(&books, credit, &made);
    if (status != STATUS_OK) {
        return status;
    }
    made->amount_minor = request->amount_minor;
    made->expires_day = request->expires_day != 0 ? request->expires_day : call->book_day + 1;
    made->reason = request->reason;
    made->created_by = call->user_id;
    made->approved_by = call->approved_by;
    call_note_change(
        call, customer->id, "override", "",
        arena_print(call->arena, "%u: %s", made->number, books_money(&books, made->amount_minor)));
    status = credit_put(txn, key_u64(customer->id), credit);

    return status == STATUS_OK ? credit_reply(&books, customer, made->number, reply) : status;
}

static OverrideRecord *find_override(const CreditRecord *credit, uint32_t number)
{
    for (size_t i = 0; i < credit->n_override; i++) {
        if (credit->override[i]->number == number) {
            return credit->override[i];
        }
    }
    return NULL;
}

enum status credit_revoke(struct txn *txn, struct call *call, const CreditRevoke *request,
                          CreditReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    CreditRecord *credit = NULL;
    OverrideRecord *override = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = credit_begin(&books, request->customer_id, &customer, &credit);
    }

    if (status == STATUS_OK) {
        override = find_override(credit, request->number);
        if (override == NULL) {
            status = books_refuse(&books, STATUS_NOT_FOUND, "number", NULL, NULL);
        } else if (!override_is_open(override, call->book_day)) {
            status = books_refuse(&books, STATUS_OVERRIDE_SPENT, "number", NULL, NULL);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }

    assert(override != NULL);
    override->revoked = true;
    call_note_change(call, customer->id, "override",
                     arena_print(call->arena, "%u: %s", override->number,
                                 books_money(&books, override->amount_minor)),
                     request->reason);
    status = credit_put(txn, key_u64(customer->id), credit);

    return status == STATUS_OK ? credit_reply(&books, customer, override->number, reply) : status;
}
