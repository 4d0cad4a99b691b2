// SPDX-License-Identifier: Apache-2.0
// What became of bank lines (domain.md d.13: every match stores its tier and its evidence): read by
// whoever signs a statement, and by the auditor afterwards.
#include "server/ledger/reading.h"
#include "server/ledger/reconcile.h"
#include "server/ledger/row_page.h"

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    const ReconcileLines *request = asked;
    const BankLineRecord *line = (const BankLineRecord *)record;
    return (request->bank_id == 0 || line->account == request->bank_id) &&
           (request->bank_statement_id == 0 || line->statement_id == request->bank_statement_id) &&
           (request->bank_line_id == 0 || line->id == request->bank_line_id ||
            line->parent_id == request->bank_line_id) &&
           (request->state == BANK_LINE_STATE__BANK_LINE_STATE_UNSET ||
            line->state == request->state);
}

static enum status add_numbers(struct call *call, const uint64_t *id, size_t count, char **names)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        char *number = NULL;
        status = reading_document(call, id[i], &number);
        if (status == STATUS_OK) {
            *names =
                arena_print(call->arena, "%s%s%s", *names, (*names)[0] != '\0' ? " " : "", number);
            status = *names != NULL ? STATUS_OK : STATUS_TOO_LARGE;
        }
    }
    return status;
}

// What it shows: its payment, else the receipts that arrived with it, else entries.
static enum status name_documents(struct call *call, const BankLineRecord *line, char **out)
{
    if (line->payment_id != 0) {
        return add_numbers(call, &line->payment_id, 1, out);
    }
    return line->n_receipt_id > 0 ? add_numbers(call, line->receipt_id, line->n_receipt_id, out)
                                  : add_numbers(call, line->entry_id, line->n_entry_id, out);
}

static enum status fill_decision(struct txn *txn, struct call *call, const BankLineRecord *line,
                                 ReconcileRow *row)
{
    struct customer_label customer;
    enum status status = reading_customer(txn, call, line->customer_id, &customer);
    if (status == STATUS_OK) {
        status = name_documents(call, line, &row->documents);
    }
    if (status == STATUS_OK) {
        status = reading_login(txn, line->settled_by, &row->settled_by);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->state = line->state;
    row->tier = line->tier;
    row->evidence = line->evidence;
    row->n_evidence = line->n_evidence;
    row->customer = customer.number;
    row->reason = line->reason;
    row->settled_us = line->settled_us;
    return STATUS_OK;
}

static enum status fill(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                        ProtobufCMessage *out)
{
    const BankLineRecord *line = (const BankLineRecord *)record;
    ReconcileRow *row = (ReconcileRow *)out;
    const enum status status = reconcile_row(txn, call, line, row);
    return status == STATUS_OK ? fill_decision(txn, call, line, row) : status;
}

// Lines are younger than their statement and older than their parts: the walk begins at what was
// named.
enum status reconcile_lines(struct txn *txn, struct call *call, const ReconcileLines *request,
                            ReconcileLinesReply *reply)
{
    const uint64_t first =
        request->bank_line_id != 0 ? request->bank_line_id : request->bank_statement_id;
    const char *cursor = request->cursor[0] != '\0' || first == 0
                             ? request->cursor
                             : cursor_print(call->arena, first);
    struct row_page page = {
        .table = TABLE_bank_line,
        .is_long = true,
        .descriptor = &reconcile_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill,
    };
    if (cursor == NULL) {
        return STATUS_TOO_LARGE;
    }
    const enum status status = row_page_read(txn, call, cursor, request->limit, &page);
    reply->row = (ReconcileRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
