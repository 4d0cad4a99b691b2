// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/approval.h"
#include "server/ledger/customer.h"
#include "server/ledger/permit.h"
#include "server/ledger/quota.h"
#include "server/store/rows.h"
#include "shared/wire.h"

// Looking at what is veiled is an act: its journal record says who looked at whose which fields,
// never what stood there.

#define ASKED_MAX 16 // pending requests that one answer tells

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

static ProtobufCBinaryData account_of(Sealed *const *list, size_t count)
{
    const uint32_t number = rows_sealed_field("bank_account");
    for (size_t i = 0; i < count; i++) {
        if (list[i]->field == number) {
            return list[i]->box;
        }
    }
    return (ProtobufCBinaryData){0};
}

// Where money is sent to, and where it will be.
static enum status reveal_bank(struct txn *txn, const struct call *call,
                               const CustomerRecord *customer, CustomerRevealReply *reply)
{
    HoldRecord *hold = NULL;
    enum status status = hold_get(txn, key_u64(customer->id), &hold);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    const bool has_next = hold->n_next > 0;
    const bool counts = has_next && call->instant_us >= hold->counts_us;
    const ProtobufCBinaryData next = account_of(hold->next, hold->n_next);
    const ProtobufCBinaryData now = counts ? next : account_of(hold->sealed, hold->n_sealed);
    status = rows_reveal_box(txn, customer->id, customer->vault_id, "bank_account", now,
                             &reply->bank_account);
    if (status == STATUS_OK && has_next && !counts) {
        status = rows_reveal_box(txn, customer->id, customer->vault_id, "bank_account", next,
                                 &reply->new_bank_account);
    }
    return status;
}

static enum status reveal_asked(struct txn *txn, struct call *call, const CustomerRecord *customer,
                                const ApprovalRecord *approval, CustomerRevealReply *reply)
{
    ProtobufCMessage *request = NULL;
    const struct command *command = command_by_number(approval->command);
    if (approval->customer_id != customer->id ||
        approval_state(call, approval) != APPROVAL_STATE__APPROVAL_STATE_PENDING ||
        command->request != &customer_bank__descriptor ||
        reply->n_asked_bank_account == ASKED_MAX) {
        return STATUS_OK;
    }
    enum status status =
        wire_unpack(call->arena, command->request,
                    bytes_of(approval->request.data, approval->request.len), &request);
    if (status != STATUS_OK) {
        return status == STATUS_TOO_LARGE ? status : STATUS_TAMPERED;
    }
    const CustomerBank *bank = (const CustomerBank *)request;
    char **text = &reply->asked_bank_account[reply->n_asked_bank_account];
    status = rows_reveal_box(txn, customer->id, customer->vault_id, "bank_account",
                             account_of(bank->sealed, bank->n_sealed), text);
    reply->n_asked_bank_account += status == STATUS_OK && (*text)[0] != '\0';
    return status;
}

// What a second person is asked to approve, he must be able to compare.
static enum status reveal_pending(struct txn *txn, struct call *call,
                                  const CustomerRecord *customer, CustomerRevealReply *reply)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_approval, (struct row_key){0}, 0, true, &rows);
    reply->asked_bank_account = arena_alloc(call->arena, ASKED_MAX * sizeof(char *));
    if (reply->asked_bank_account == NULL) {
        return STATUS_TOO_LARGE;
    }
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const ApprovalRecord *approval = (const ApprovalRecord *)row;
        if (status == STATUS_OK) {
            status = reveal_asked(txn, call, customer, approval, reply);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status customer_reveal(struct txn *txn, struct call *call, const CustomerReveal *request,
                            CustomerRevealReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_known_customer(&books, request->customer_id, "customer", &customer);
    }

    const bool shows = permit_shows(call, CLASS_CONTACT) || permit_shows(call, CLASS_FINANCE) ||
                       call->filter->is_mixed;
    if (status == STATUS_OK && !shows) {
        status = books_refuse(&books, STATUS_FIELD_DENIED, "phone", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = quota_check(txn, call, QUOTA_KIND_REVEALS);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, customer->id, "revealed", "",
                     "phone, contact_phone, email, bank_account");
    status = quota_take(txn, call, QUOTA_KIND_REVEALS);

    const struct rows_asked asked[] = {
        {"contact_phone", 0, &reply->contact_phone},
        {"email", 0, &reply->email},
    };
    reply->id = customer->id;
    reply->number = customer_number(&books, customer);
    call_about(call, customer->id, reply->number);
    if (status == STATUS_OK) {
        status = reveal_phones(txn, call->arena, customer, reply);
    }
    if (status == STATUS_OK) {
        status = rows_reveal(txn, customer, asked, COUNT_OF(asked));
    }
    if (status == STATUS_OK) {
        status = reveal_bank(txn, call, customer, reply);
    }
    if (status == STATUS_OK) {
        status = reveal_pending(txn, call, customer, reply);
    }
    return status == STATUS_OK && reply->number == NULL ? STATUS_TOO_LARGE : status;
}
