// SPDX-License-Identifier: Apache-2.0
// A person asks what is held about him (requirements R117). The answer is complete or refused: who
// sees less than everything cannot give it.
#include "server/ledger/consent.h"
#include "server/ledger/customer.h"
#include "server/ledger/customer_card.h"
#include "server/ledger/permit.h"
#include "server/ledger/quota.h"

static enum status check_sight(struct books *books, const CustomerRecord *customer)
{
    const struct call *call = books->call;
    enum status refused = STATUS_OK;
    if (!permit_shows(call, CLASS_CONTACT)) {
        refused = books_refuse(books, STATUS_FIELD_DENIED, "phone", NULL, NULL);
    }
    if (!permit_shows(call, CLASS_FINANCE)) {
        refused = books_refuse(books, STATUS_FIELD_DENIED, "bank_account", NULL, NULL);
    }
    const bool guards = call->filter == NULL || call->filter->guards;
    if (customer->restricted_us != 0 && !guards) {
        refused = books_refuse(books, STATUS_CUSTOMER_IS_RESTRICTED, "customer", NULL, NULL);
    }
    return refused;
}

enum status customer_subject(struct txn *txn, struct call *call, const CustomerSubject *request,
                             CustomerSubjectReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_known_customer(&books, request->customer_id, "customer", &customer);
    }

    if (status == STATUS_OK) {
        status = check_sight(&books, customer);
    }
    if (status == STATUS_OK) {
        status = quota_check(txn, call, QUOTA_KIND_EXPORTS);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, customer->id, "exported", "", "everything");
    call_note_change(call, customer->id, "reason", "", request->reason);
    status = quota_take(txn, call, QUOTA_KIND_EXPORTS);

    struct consents consents = {0};
    CustomerCard *card = arena_alloc(call->arena, sizeof *card);
    if (card == NULL) {
        return STATUS_TOO_LARGE;
    }
    customer_card__init(card);
    if (status == STATUS_OK) {
        status = customer_card_fill(txn, call, customer, card);
    }
    if (status == STATUS_OK) {
        status = consents_read(txn, call, customer, &consents);
    }
    reply->id = customer->id;
    reply->number = customer_number(&books, customer);
    reply->card = card;
    reply->consent = consents.row;
    reply->n_consent = consents.count;
    call_about(call, customer->id, reply->number);
    return reply->number != NULL ? status : STATUS_TOO_LARGE;
}
