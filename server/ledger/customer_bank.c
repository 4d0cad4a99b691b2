// SPDX-License-Identifier: Apache-2.0
// Where money for a customer is sent to. Whoever redirects it must not be able to do so unseen: a
// change counts a day after it was entered, and those who watch hear of it at once.
#include "server/ledger/control.h"
#include "server/ledger/customer.h"
#include "server/ledger/permit.h"

static enum status load_hold(struct txn *txn, uint64_t customer_id, HoldRecord **out)
{
    const enum status status = hold_get(txn, key_u64(customer_id), out);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    HoldRecord *hold = arena_alloc(txn_arena(txn), sizeof *hold);
    if (hold == NULL) {
        return STATUS_TOO_LARGE;
    }
    hold_record__init(hold);
    hold->customer_id = customer_id;
    *out = hold;
    return STATUS_OK;
}

// What has waited long enough is what counts.
static void settle(HoldRecord *hold, int64_t instant_us)
{
    if (hold->n_next > 0 && instant_us >= hold->counts_us) {
        hold->sealed = hold->next;
        hold->n_sealed = hold->n_next;
        hold->n_next = 0;
    }
}

static ProtobufCBinaryData box_of(Sealed *const *list, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i]->field == number) {
            return list[i]->box;
        }
    }
    return (ProtobufCBinaryData){0};
}

// Notes each detail that comes, beside the one that waits or counts now.
static void note(struct call *call, const CustomerRecord *customer, const HoldRecord *hold,
                 Sealed *const *after, size_t after_count)
{
    static const char *const NAMES[] = {"bank_name", "bank_holder", "bank_account"};
    Sealed *const *before = hold->n_next > 0 ? hold->next : hold->sealed;
    const size_t before_count = hold->n_next > 0 ? hold->n_next : hold->n_sealed;
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        const uint32_t number = rows_sealed_field(NAMES[i]);
        const ProtobufCBinaryData old = box_of(before, before_count, number);
        const ProtobufCBinaryData new = box_of(after, after_count, number);
        if (old.len > 0 || new.len > 0) {
            call_note_sealed(call, customer->id, customer->vault_id, NAMES[i], old, new);
        }
    }
}

static void change(struct call *call, const CustomerBank *request, const CustomerRecord *customer,
                   HoldRecord *hold)
{
    if (request->cancel) {
        note(call, customer, hold, hold->sealed, hold->n_sealed);
        hold->n_next = 0;
        hold->counts_us = 0;
        return;
    }
    note(call, customer, hold, request->sealed, request->n_sealed);
    hold->next = request->sealed;
    hold->n_next = request->n_sealed;
    hold->counts_us = call->instant_us + BANK_HOLD_US;
    hold->entered_by = call->user_id;
    hold->entered_us = call->instant_us;
}

enum status customer_bank(struct txn *txn, struct call *call, const CustomerBank *request,
                          CustomerBankReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    HoldRecord *hold = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_active_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = load_hold(txn, request->customer_id, &hold);
    }
    if (status != STATUS_OK) {
        return status;
    }

    settle(hold, call->instant_us);
    status =
        permit_class(&books, customer, CLASS_FINANCE, request->cancel ? "cancel" : "bank_account");
    if (status != STATUS_OK) {
        return status;
    }
    if (request->cancel && hold->n_next == 0) {
        return books_refuse(&books, STATUS_NOTHING_TO_DO, "cancel", NULL, NULL);
    }
    // To leave things as they are needs nobody else.
    if (request->cancel) {
        control_pass(call);
    } else {
        status = control_check(txn, call, CONTROL_BANK_DETAILS, 0);
    }
    if (status != STATUS_OK) {
        return status;
    }

    change(call, request, customer, hold);
    customer->version++;
    status = hold_put(txn, key_u64(customer->id), hold);
    if (status == STATUS_OK) {
        status = customer_keep(&books, customer);
    }

    reply->id = customer->id;
    reply->number = customer_number(&books, customer);
    reply->version = customer->version;
    reply->counts_us = hold->counts_us;
    call_about(call, customer->id, reply->number);
    return reply->number != NULL ? status : STATUS_TOO_LARGE;
}
