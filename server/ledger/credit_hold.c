// SPDX-License-Identifier: Apache-2.0
// A hold: somebody decided that nothing more is sold to this customer, whatever the policy says.
#include "server/ledger/credit_card.h"

// Puts the hold on the card, where every document sees it, and its reason beside it.
static enum status keep_hold(struct books *books, CustomerRecord *customer, bool held,
                             const char *reason)
{
    CreditRecord *credit = NULL;
    enum status status = exposure_credit(books->txn, books->arena, customer->id, &credit);
    if (status != STATUS_OK) {
        return status;
    }
    call_note_change(books->call, customer->id, "hold", customer->credit_held ? "held" : "",
                     held ? "held" : "");
    customer->credit_held = held;
    credit->held_reason = arena_copy(books->arena, reason, strlen(reason));
    credit->held_by = books->call->user_id;
    credit->held_us = books->call->instant_us;
    if (credit->held_reason == NULL) {
        return STATUS_TOO_LARGE;
    }
    customer->version++;
    status = customer_keep(books, customer);
    return status == STATUS_OK ? credit_put(books->txn, key_u64(customer->id), credit) : status;
}

static enum status change_hold(struct txn *txn, struct call *call, uint64_t customer_id, bool held,
                               const char *reason, CreditReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_customer(&books, customer_id, "customer", &customer);
    }

    if (status == STATUS_OK && customer->credit_held == held) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "customer", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = keep_hold(&books, customer, held, held ? reason : "");

    return status == STATUS_OK ? credit_reply(&books, customer, 0, reply) : status;
}

enum status credit_hold(struct txn *txn, struct call *call, const CreditHold *request,
                        CreditReply *reply)
{
    return change_hold(txn, call, request->customer_id, true, request->reason, reply);
}

enum status credit_release(struct txn *txn, struct call *call, const CreditRelease *request,
                           CreditReply *reply)
{
    return change_hold(txn, call, request->customer_id, false, request->reason, reply);
}
