// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/customer.h"
#include "server/store/rows.h"

// Looking at what is veiled is an act: its journal record says who looked at whose which fields,
// never what stood there.

static enum status reveal_phones(struct txn *txn, struct arena *arena,
                                 const CustomerRecord *customer, CustomerRevealReply *reply)
{
    const uint32_t number = rows_sealed_field("phone");
    enum status status = STATUS_OK;
    reply->phone = arena_alloc(arena, PHONES_MAX * sizeof *reply->phone);
    if (reply->phone == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < customer->n_sealed; i++) {
        char *text = NULL;
        const struct rows_asked asked = {"phone", customer->sealed[i]->ordinal, &text};
        if (customer->sealed[i]->field != number || reply->n_phone == PHONES_MAX) {
            continue;
        }
        status = rows_reveal(txn, customer, &asked, 1);
        if (status == STATUS_OK && text[0] != '\0') {
            reply->phone[reply->n_phone++] = text;
        }
    }
    return status;
}

enum status customer_reveal(struct txn *txn, struct call *call, const CustomerReveal *request,
                            CustomerRevealReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_customer(&books, request->customer_id, "customer", &customer);
    }

    const bool shows = call->filter == NULL || call->filter->views[CLASS_CONTACT] == VIEW_FULL ||
                       call->filter->is_mixed;
    if (status == STATUS_OK && !shows) {
        status = books_refuse(&books, STATUS_FIELD_DENIED, "phone", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, customer->id, "revealed", "", "phone, contact_phone, email");

    const struct rows_asked asked[] = {
        {"contact_phone", 0, &reply->contact_phone},
        {"email", 0, &reply->email},
    };
    reply->id = customer->id;
    reply->number = customer_number(&books, customer);
    call_about(call, customer->id, reply->number);
    status = reveal_phones(txn, call->arena, customer, reply);
    if (status == STATUS_OK) {
        status = rows_reveal(txn, customer, asked, COUNT_OF(asked));
    }
    return status == STATUS_OK && reply->number == NULL ? STATUS_TOO_LARGE : status;
}
