// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/alert.h"

#include "server/ledger/credit_card.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

enum status alert_raise(struct books *books, CreditRecord *credit, CreditReason reason,
                        const char *cause, const struct exposure *exposure)
{
    if (credit->n_alert_id >= CREDIT_ALERTS_MAX) {
        return STATUS_OK;
    }
    AlertRecord *alert = (AlertRecord *)wire_make(books->arena, &alert_record__descriptor);
    uint64_t *list = arena_alloc(books->arena, (credit->n_alert_id + 1) * sizeof *credit->alert_id);
    if (alert == NULL || list == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (credit->n_alert_id > 0) {
        memcpy(list, credit->alert_id, credit->n_alert_id * sizeof *list);
    }
    alert->id = call_new_id(books->call);
    alert->customer_id = credit->customer_id;
    alert->at_us = books->call->instant_us;
    alert->reason = reason;
    alert->cause = arena_copy(books->arena, cause, strlen(cause));
    alert->exposure_minor = exposure->total_minor;
    alert->limit_minor = exposure->limit_minor;
    if (alert->cause == NULL) {
        return STATUS_TOO_LARGE;
    }
    list[credit->n_alert_id] = alert->id;
    credit->alert_id = list;
    credit->n_alert_id++;
    return alert_put(books->txn, key_u64(alert->id), alert);
}

enum status alert_if_over(struct books *books, uint64_t customer_id, const char *cause)
{
    CustomerRecord *customer = NULL;
    struct exposure exposure = {0};
    enum status status = customer_get(books->txn, key_u64(customer_id), &customer);
    if (status == STATUS_OK) {
        status = exposure_of(books, customer, 0, &exposure);
    }
    const bool is_over = status == STATUS_OK && exposure_is_looked_at(&exposure) &&
                         exposure.is_limited && exposure.total_minor > exposure.limit_minor;
    if (!is_over) {
        return status;
    }
    status =
        alert_raise(books, exposure.credit, CREDIT_REASON__CREDIT_REASON_LIMIT, cause, &exposure);
    return status == STATUS_OK ? credit_put(books->txn, key_u64(customer_id), exposure.credit)
                               : status;
}

// ---- commands ----

static enum status mark_seen(struct books *books, uint64_t id, const char *notes)
{
    AlertRecord *alert = NULL;
    const enum status status = alert_get(books->txn, key_u64(id), &alert);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    alert->seen_by = books->call->user_id;
    alert->seen_us = books->call->instant_us;
    alert->notes = arena_copy(books->arena, notes, strlen(notes));
    return alert->notes != NULL ? alert_put(books->txn, key_u64(id), alert) : STATUS_TOO_LARGE;
}

enum status credit_seen(struct txn *txn, struct call *call, const CreditSeen *request,
                        CreditReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    CreditRecord *credit = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = credit_begin(&books, request->customer_id, &customer, &credit);
    }

    if (status == STATUS_OK && credit->n_alert_id == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "customer", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    for (size_t i = 0; status == STATUS_OK && i < credit->n_alert_id; i++) {
        status = mark_seen(&books, credit->alert_id[i], request->notes);
    }
    call_note_change(call, customer->id, "alerts",
                     arena_print(call->arena, "%zu", credit->n_alert_id), "0");
    credit->n_alert_id = 0;
    if (status == STATUS_OK) {
        status = credit_put(txn, key_u64(customer->id), credit);
    }

    return status == STATUS_OK ? credit_reply(&books, customer, 0, reply) : status;
}

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    return ((const CreditAlerts *)asked)->closed || ((const AlertRecord *)record)->seen_us == 0;
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *out)
{
    const AlertRecord *alert = (const AlertRecord *)record;
    CreditAlertRow *row = (CreditAlertRow *)out;
    struct customer_label label;
    enum status status = reading_customer(txn, call, alert->customer_id, &label);
    if (status != STATUS_OK) {
        return status;
    }
    row->id = alert->id;
    row->customer = label.number;
    row->name = label.name;
    row->at_us = alert->at_us;
    row->reason = alert->reason;
    row->cause = alert->cause;
    row->exposure_minor = alert->exposure_minor;
    row->limit_minor = alert->limit_minor;
    row->notes = alert->notes;
    return reading_login(txn, alert->seen_by, &row->seen_by);
}

enum status credit_alerts(struct txn *txn, struct call *call, const CreditAlerts *request,
                          CreditAlertsReply *reply)
{
    struct row_page page = {
        .table = TABLE_alert,
        .backwards = true,
        .descriptor = &credit_alert_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (CreditAlertRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
