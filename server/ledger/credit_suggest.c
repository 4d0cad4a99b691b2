// SPDX-License-Identifier: Apache-2.0
// What a score suggests, and how somebody takes it over into the customer's card (requirements
// R62): both are journalled, and more credit may need a second person like by hand.
#include "server/ledger/assessment.h"
#include "server/ledger/control.h"
#include "server/ledger/credit_card.h"
#include "server/ledger/permit.h"
#include "server/ledger/reading.h"

static enum status look(struct books *books, uint64_t customer_id, struct assessment *assessment,
                        struct suggestion *out, CustomerRecord **customer)
{
    enum status status = books_active_customer(books, customer_id, "customer", customer);
    if (status == STATUS_OK) {
        status = assessment_of(books, *customer, assessment);
    }
    return status == STATUS_OK ? suggestion_of(books, assessment, out) : status;
}

enum status credit_suggest(struct txn *txn, struct call *call, const CreditSuggest *request,
                           CreditSuggestReply *reply)
{
    struct books books;
    struct assessment assessment;
    struct suggestion suggestion;
    struct customer_label label;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = look(&books, request->customer_id, &assessment, &suggestion, &customer);
    }
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, customer->id, &label);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->customer = label.number;
    reply->name = label.name;
    reply->grade = assessment.grade;
    reply->score = assessment.score;
    reply->billing_minor = suggestion.billing_minor;
    reply->terms_days = suggestion.terms_days;
    reply->credit = customer->credit;
    reply->limit_minor = customer->credit_limit_minor;
    reply->terms = customer->terms;
    reply->new_credit = suggestion.credit;
    reply->new_limit_minor = suggestion.limit_minor;
    reply->new_terms = reading_constant(suggestion.terms);
    reply->guarantee = suggestion.guarantee;
    return STATUS_OK;
}

static bool changes(const CustomerRecord *customer, const struct suggestion *suggestion)
{
    return customer->credit != suggestion->credit ||
           customer->credit_limit_minor != suggestion->limit_minor ||
           strcmp(customer->terms, suggestion->terms) != 0;
}

static enum status check(struct books *books, const CustomerRecord *customer,
                         const struct suggestion *suggestion)
{
    if (!changes(customer, suggestion)) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, "customer", NULL, NULL);
    }
    CustomerRecord after = *customer;
    after.credit = suggestion->credit;
    after.credit_limit_minor = suggestion->limit_minor;
    enum status status = permit_class(books, customer, CLASS_FINANCE, "credit");
    if (status == STATUS_OK) {
        status = permit_credit(books, &after, customer);
    }
    return status == STATUS_OK ? customer_control_credit(books, customer, &after) : status;
}

enum status credit_confirm(struct txn *txn, struct call *call, const CreditConfirm *request,
                           CreditConfirmReply *reply)
{
    struct books books;
    struct assessment assessment;
    struct suggestion suggestion;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = look(&books, request->customer_id, &assessment, &suggestion, &customer);
    }

    if (status == STATUS_OK) {
        status = check(&books, customer, &suggestion);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, customer->id, "credit",
                     books_money(&books, customer->credit_limit_minor),
                     books_money(&books, suggestion.limit_minor));
    call_note_change(call, customer->id, "terms", customer->terms, suggestion.terms);
    call_note_change(call, customer->id, "reason", "", request->reason);
    customer->credit = suggestion.credit;
    customer->credit_limit_minor = suggestion.limit_minor;
    customer->terms = reading_constant(suggestion.terms);
    customer->version++;
    status = customer_keep(&books, customer);

    reply->id = customer->id;
    reply->customer = customer_number(&books, customer);
    reply->credit = customer->credit;
    reply->limit_minor = customer->credit_limit_minor;
    reply->terms = customer->terms;
    reply->version = customer->version;
    call_about(call, customer->id, reply->customer);
    return reply->customer != NULL ? status : STATUS_TOO_LARGE;
}
