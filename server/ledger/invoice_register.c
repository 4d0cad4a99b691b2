// SPDX-License-Identifier: Apache-2.0
// The register of tax invoices (发票) that were made out for documents: requirements R41. The
// number is unique for its issuer and code; a red one names the blue one that it takes back. The
// hashes that tell whether a number is taken are made at admission.
#include "server/ledger/document.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"

#define FIELD_NUMBER 2 // of InvoiceRegister and InvoiceUnregister
#define FIELD_RED    8 // of InvoiceRegister

static enum status find_by(struct books *books, const UniqueHash *hash, RegisteredRecord **out)
{
    uint64_t id = 0;
    *out = NULL;
    enum status status = hash != NULL ? books_unique(books, hash->hash, &id) : STATUS_OK;
    if (status != STATUS_OK || id == 0) {
        return status;
    }
    status = registered_get(books->txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static int64_t gross_of(const InvoiceRecord *invoice)
{
    return invoice->gross_minor < 0 ? -invoice->gross_minor : invoice->gross_minor;
}

// A number is taken whoever may see it.
static enum status check_number(struct books *books, const InvoiceRegister *request,
                                const UniqueHash **out)
{
    uint64_t taken = 0;
    *out = books_hash_of(request->unique, request->n_unique, FIELD_NUMBER);
    if (*out == NULL) {
        return books_refuse(books, STATUS_FIELD_MISSING, "number", NULL, NULL);
    }
    const enum status status = books_unique(books, (*out)->hash, &taken);
    return status == STATUS_OK && taken != 0
               ? books_refuse_taken(books, taken, STATUS_REGISTERED_ALREADY, "number",
                                    request->number)
               : status;
}

// The blue one of a red one: of the invoice that the credit note reduces.
static enum status check_blue(struct books *books, const InvoiceRegister *request,
                              const InvoiceRecord *invoice, RegisteredRecord **blue)
{
    const bool is_red = invoice->gross_minor < 0;
    *blue = NULL;
    if (!is_red) {
        return request->red_of[0] == '\0' && request->red_code[0] == '\0'
                   ? STATUS_OK
                   : books_refuse(books, STATUS_FIELD_CONFLICT, "red_of", request->red_of, NULL);
    }
    const enum status status =
        find_by(books, books_hash_of(request->unique, request->n_unique, FIELD_RED), blue);
    if (status != STATUS_OK) {
        return status;
    }
    // A credit note that was imported may name no invoice; then the customer has to be the same.
    const bool is_its = *blue != NULL && (*blue)->amount_minor > 0 &&
                        (invoice->credits_id != 0 ? (*blue)->invoice_id == invoice->credits_id
                                                  : (*blue)->customer_id == invoice->customer_id);
    return is_its ? STATUS_OK
                  : books_refuse(books, STATUS_RED_NEEDS_BLUE, "red_of", request->red_of, NULL);
}

static enum status check_amount(struct books *books, const InvoiceRegister *request,
                                const InvoiceRecord *invoice, int64_t *out)
{
    const int64_t left = gross_of(invoice) - invoice->registered_minor;
    *out = request->amount_minor != 0 ? request->amount_minor : left;
    if (*out <= 0 || *out > left) {
        return books_refuse(books, STATUS_REGISTERED_OVER, "amount", books_money(books, *out),
                            books_money(books, left));
    }
    if (invoice->n_registered_id >= REGISTERED_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "invoice", NULL, NULL);
    }
    return STATUS_OK;
}

static enum status check_issued(struct books *books, const InvoiceRecord *invoice)
{
    const bool is_issued = invoice->state == INVOICE_STATE__INVOICE_STATE_ISSUED ||
                           invoice->state == INVOICE_STATE__INVOICE_STATE_REVERSED;
    return is_issued ? STATUS_OK : books_refuse(books, STATUS_NOTHING_TO_DO, "invoice", NULL, NULL);
}

static enum status reply_of(struct books *books, const InvoiceRecord *invoice,
                            const RegisteredRecord *record, InvoiceRegisterReply *reply)
{
    reply->id = record->id;
    reply->number = record->number;
    reply->invoice = document_number(books, invoice);
    reply->amount_minor = record->amount_minor;
    reply->left_minor = gross_of(invoice) - invoice->registered_minor;
    call_about(books->call, invoice->id, reply->invoice);
    return reply->invoice != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status keep_id(struct books *books, InvoiceRecord *invoice, uint64_t id)
{
    const size_t count = invoice->n_registered_id;
    uint64_t *list = arena_alloc(books->arena, (count + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (count > 0) {
        memcpy(list, invoice->registered_id, count * sizeof *list);
    }
    list[count] = id;
    invoice->registered_id = list;
    invoice->n_registered_id = count + 1;
    return STATUS_OK;
}

static enum status put_both(struct books *books, const InvoiceRecord *invoice,
                            const RegisteredRecord *blue)
{
    enum status status = invoice_put(books->txn, key_u64(invoice->id), invoice);
    if (status == STATUS_OK && blue != NULL) {
        status = registered_put(books->txn, key_u64(blue->id), blue);
    }
    return status;
}

enum status invoice_register(struct txn *txn, struct call *call, const InvoiceRegister *request,
                             InvoiceRegisterReply *reply)
{
    struct books books;
    InvoiceRecord *invoice = NULL;
    RegisteredRecord *blue = NULL;
    const UniqueHash *unique = NULL;
    int64_t amount_minor = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = document_load(&books, request->invoice_id, &invoice);
    }

    if (status == STATUS_OK) {
        status = check_issued(&books, invoice);
    }
    if (status == STATUS_OK) {
        status = check_number(&books, request, &unique);
    }
    if (status == STATUS_OK) {
        status = check_blue(&books, request, invoice, &blue);
    }
    if (status == STATUS_OK) {
        status = check_amount(&books, request, invoice, &amount_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    RegisteredRecord record;
    registered_record__init(&record);
    record.id = call_new_id(call);
    record.invoice_id = invoice->id;
    record.customer_id = invoice->customer_id;
    record.number = request->number;
    record.code = request->code;
    record.kind = request->kind;
    record.issuer = request->issuer;
    record.date_day = request->date_day != 0 ? request->date_day : invoice->date_day;
    record.amount_minor = invoice->gross_minor < 0 ? -amount_minor : amount_minor;
    record.red_of = request->red_of;
    record.red_id = blue != NULL ? blue->id : 0;
    record.unique = unique->hash;
    record.entered_by = call->user_id;
    record.entered_us = call->instant_us;
    if (blue != NULL) {
        blue->reddened++;
    }
    invoice->registered_minor += amount_minor;
    call_note_change(call, invoice->id, "number", "", request->number);
    status = keep_id(&books, invoice, record.id);
    if (status == STATUS_OK) {
        status = registered_put(txn, key_u64(record.id), &record);
    }
    if (status == STATUS_OK) {
        status = books_keep_unique(&books, unique->hash, record.id);
    }
    if (status == STATUS_OK) {
        status = put_both(&books, invoice, blue);
    }

    return status == STATUS_OK ? reply_of(&books, invoice, &record, reply) : status;
}

// Nothing of that number stands for this document; a blue one that a red one names stays.
static enum status check_known(struct books *books, const InvoiceUnregister *request,
                               const InvoiceRecord *invoice, RegisteredRecord **out)
{
    const enum status status =
        find_by(books, books_hash_of(request->unique, request->n_unique, FIELD_NUMBER), out);
    if (status != STATUS_OK) {
        return status;
    }
    if (*out == NULL || (*out)->invoice_id != invoice->id) {
        return books_refuse(books, STATUS_NOT_FOUND, "number", request->number, NULL);
    }
    return (*out)->reddened == 0
               ? STATUS_OK
               : books_refuse(books, STATUS_RED_NEEDS_BLUE, "number", request->number, NULL);
}

enum status invoice_unregister(struct txn *txn, struct call *call, const InvoiceUnregister *request,
                               InvoiceRegisterReply *reply)
{
    struct books books;
    InvoiceRecord *invoice = NULL;
    RegisteredRecord *record = NULL;
    RegisteredRecord *blue = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = document_load(&books, request->invoice_id, &invoice);
    }

    if (status == STATUS_OK) {
        status = check_known(&books, request, invoice, &record);
    }
    assert(status != STATUS_OK || record != NULL);
    if (status == STATUS_OK && record->red_id != 0) {
        status = registered_get(txn, key_u64(record->red_id), &blue);
        status = status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    if (status != STATUS_OK) {
        return status;
    }

    const int64_t amount_minor =
        record->amount_minor < 0 ? -record->amount_minor : record->amount_minor;
    size_t count = 0;
    for (size_t i = 0; i < invoice->n_registered_id; i++) {
        invoice->registered_id[count] = invoice->registered_id[i];
        count += invoice->registered_id[i] != record->id ? 1 : 0;
    }
    invoice->n_registered_id = count;
    invoice->registered_minor -= amount_minor;
    if (blue != NULL) {
        blue->reddened--;
    }
    call_note_change(call, invoice->id, "number", record->number, "");
    status = rows_del(txn, TABLE_registered, key_u64(record->id));
    if (status == STATUS_OK) {
        status = rows_del(txn, TABLE_unique, key_hash16(record->unique.data));
    }
    if (status == STATUS_OK) {
        status = put_both(&books, invoice, blue);
    }

    return status == STATUS_OK ? reply_of(&books, invoice, record, reply) : status;
}

// ---- reading ----

static bool is_asked(const void *asked, const ProtobufCMessage *message)
{
    const InvoiceRegisters *request = asked;
    const RegisteredRecord *record = (const RegisteredRecord *)message;
    return (request->kind == REGISTER_KIND__REGISTER_KIND_UNSET || record->kind == request->kind) &&
           (request->from_day == 0 || record->date_day >= request->from_day) &&
           (request->to_day == 0 || record->date_day <= request->to_day);
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *message,
                            ProtobufCMessage *out)
{
    const RegisteredRecord *record = (const RegisteredRecord *)message;
    InvoiceRegistersRow *row = (InvoiceRegistersRow *)out;
    struct customer_label customer;
    enum status status = reading_customer(txn, call, record->customer_id, &customer);
    if (status == STATUS_OK) {
        status = reading_document(call, record->invoice_id, &row->invoice);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->number = record->number;
    row->code = record->code;
    row->kind = record->kind;
    row->issuer = record->issuer;
    row->date_day = record->date_day;
    row->amount_minor = record->amount_minor;
    row->red_of = record->red_of;
    return STATUS_OK;
}

enum status invoice_registers(struct txn *txn, struct call *call, const InvoiceRegisters *request,
                              InvoiceRegistersReply *reply)
{
    struct row_page page = {
        .table = TABLE_registered,
        .backwards = true,
        .is_long = true,
        .descriptor = &invoice_registers_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (InvoiceRegistersRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
