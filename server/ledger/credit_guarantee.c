// SPDX-License-Identifier: Apache-2.0
// Guarantees: what secures a customer's debt, up to a cap and until it expires (domain.md d.3).
#include "server/ledger/alert.h"
#include "server/ledger/control.h"
#include "server/ledger/credit_card.h"
#include "server/ledger/permit.h"
#include "shared/money.h"
#include "shared/wire.h"

enum status credit_begin(struct books *books, uint64_t customer_id, CustomerRecord **customer,
                         CreditRecord **credit)
{
    enum status status = books_active_customer(books, customer_id, "customer", customer);
    return status == STATUS_OK ? exposure_credit(books->txn, books->arena, customer_id, credit)
                               : status;
}

enum status credit_reply(struct books *books, const CustomerRecord *customer, uint32_t number,
                         CreditReply *reply)
{
    reply->id = customer->id;
    reply->customer = customer_number(books, customer);
    reply->number = number;
    if (reply->customer == NULL) {
        return STATUS_TOO_LARGE;
    }
    call_about(books->call, customer->id, reply->customer);
    return STATUS_OK;
}

// One more in the list, with the customer's next number.
static enum status add(struct books *books, CreditRecord *credit, GuaranteeRecord **out)
{
    const size_t count = credit->n_guarantee;
    GuaranteeRecord **list = arena_alloc(books->arena, (count + 1) * sizeof *list);
    GuaranteeRecord *made =
        (GuaranteeRecord *)wire_make(books->arena, &guarantee_record__descriptor);
    if (list == NULL || made == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (count > 0) {
        memcpy(list, credit->guarantee, count * sizeof *list);
    }
    list[count] = made;
    credit->guarantee = list;
    credit->n_guarantee = count + 1;
    credit->last_number++;
    made->number = credit->last_number;
    *out = made;
    return STATUS_OK;
}

static enum status check_asked(struct books *books, const CreditGuarantee *request,
                               const CreditRecord *credit)
{
    const int32_t today = books->call->book_day;
    if (request->expires_day != 0 && request->expires_day < today) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "expires",
                            books_day(books, request->expires_day), books_day(books, today));
    }
    if (request->amount_minor > AMOUNT_MAX) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    if (credit->n_guarantee >= CREDIT_GUARANTEES_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "customer", NULL, NULL);
    }
    return permit_amount(books, request->customer_id, request->amount_minor, "amount");
}

// With those that are there: several small ones let the customer owe as much as a large one.
static int64_t secured_with(const CreditRecord *credit, int32_t day, int64_t amount_minor)
{
    int64_t sum_minor = amount_minor;
    for (size_t i = 0; i < credit->n_guarantee; i++) {
        const GuaranteeRecord *each = credit->guarantee[i];
        const bool holds = !each->discharged && !guarantee_has_lapsed(each, day);
        const bool fits = !holds || money_add(sum_minor, each->amount_minor, &sum_minor);
        assert(fits); // CREDIT_GUARANTEES_MAX times AMOUNT_MAX
    }
    return sum_minor;
}

enum status credit_guarantee(struct txn *txn, struct call *call, const CreditGuarantee *request,
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
    // What secures a debt lets the customer owe more.
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_CREDIT_LIMIT,
                               secured_with(credit, call->book_day, request->amount_minor));
    }
    if (status != STATUS_OK) {
        return status;
    }

    GuaranteeRecord *made = NULL;
    status = add(&books, credit, &made);
    if (status != STATUS_OK) {
        return status;
    }
    made->kind = request->kind != GUARANTEE_KIND__GUARANTEE_KIND_UNSET
                     ? request->kind
                     : GUARANTEE_KIND__GUARANTEE_KIND_DEPOSIT;
    made->amount_minor = request->amount_minor;
    made->cap_minor = request->cap_minor;
    made->from_day = request->from_day != 0 ? request->from_day : call->book_day;
    made->expires_day = request->expires_day;
    made->notes = request->notes;
    call_note_change(
        call, customer->id, "guarantee", "",
        arena_print(call->arena, "%u: %s", made->number, books_money(&books, made->amount_minor)));
    status = credit_put(txn, key_u64(customer->id), credit);

    return status == STATUS_OK ? credit_reply(&books, customer, made->number, reply) : status;
}

static GuaranteeRecord *find_guarantee(const CreditRecord *credit, uint32_t number)
{
    for (size_t i = 0; i < credit->n_guarantee; i++) {
        if (credit->guarantee[i]->number == number) {
            return credit->guarantee[i];
        }
    }
    return NULL;
}

enum status credit_discharge(struct txn *txn, struct call *call, const CreditDischarge *request,
                             CreditReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    CreditRecord *credit = NULL;
    GuaranteeRecord *guarantee = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = credit_begin(&books, request->customer_id, &customer, &credit);
    }

    if (status == STATUS_OK) {
        guarantee = find_guarantee(credit, request->number);
        if (guarantee == NULL) {
            status = books_refuse(&books, STATUS_NOT_FOUND, "number", NULL, NULL);
        } else if (guarantee->discharged) {
            status = books_refuse(&books, STATUS_NOTHING_TO_DO, "number", NULL, NULL);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }

    assert(guarantee != NULL);
    guarantee->discharged = true;
    call_note_change(call, customer->id, "guarantee",
                     arena_print(call->arena, "%u: %s", guarantee->number,
                                 books_money(&books, guarantee->amount_minor)),
                     request->reason);
    status = credit_put(txn, key_u64(customer->id), credit);
    if (status == STATUS_OK) {
        status = alert_if_over(&books, customer->id,
                               arena_print(call->arena, "guarantee %u", guarantee->number));
    }

    return status == STATUS_OK ? credit_reply(&books, customer, guarantee->number, reply) : status;
}
