// SPDX-License-Identifier: Apache-2.0
#include "server/admit/seal.h"

#include "server/admit/boxes.h"
#include "shared/fields.h"
#include "shared/text.h"
#include "shared/wire.h"

#define WALK_IN_NAME "Walk-in"

// Numbers of fields that are named here; the same in CustomerAdd and CustomerEdit.
enum {
    CUSTOMER_NAME = 2,
    CUSTOMER_TAX_ID = 7,
    CUSTOMER_REFERENCE = 20,
    ISSUE_REFERENCE = 8,
    PAYMENT_REFERENCE = 7,
    OPENING_REFERENCE = 5,
    REGISTER_NUMBER = 2,
    REGISTER_RED = 8,
    DOCUMENT_REFERENCE = 1,
    DOCUMENT_CUSTOMER = 2,
    IMPORTED_PAYMENT_REFERENCE = 1,
    IMPORTED_PAYMENT_CUSTOMER = 2,
    IMPORTED_PAYMENT_INVOICE = 3,
};

static void empty(char **text)
{
    *text = (char *)(uintptr_t)protobuf_c_empty_string;
}

// ---- customers ----

static bool is_sealed_text(const ProtobufCMessageDescriptor *message, unsigned index)
{
    return message->fields[index].type == PROTOBUF_C_TYPE_STRING && field_of(message, index).sealed;
}

static size_t count_texts(const ProtobufCMessage *message)
{
    size_t count = 0;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        if (is_sealed_text(message->descriptor, i)) {
            count += field_count(message, &message->descriptor->fields[i]);
        }
    }
    return count;
}

static enum status seal_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                              struct boxes *boxes)
{
    enum status status = STATUS_OK;
    char **text = field_at(message, field);
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        if ((*text)[0] != '\0') {
            status = boxes_add(boxes, field->id, 0, *text);
        }
        empty(text);
        return status;
    }
    char **list = *(char ***)(void *)text;
    const size_t count = field_count(message, field);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = boxes_add(boxes, field->id, (uint32_t)i, list[i]);
        empty(&list[i]);
    }
    size_t *quantity = (size_t *)(void *)((uint8_t *)message + field->quantifier_offset);
    *quantity = 0;
    return status;
}

// Boxes for every personal field of the message, which is emptied.
static enum status seal_texts(ProtobufCMessage *message, struct boxes *boxes)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; status == STATUS_OK && i < message->descriptor->n_fields; i++) {
        if (is_sealed_text(message->descriptor, i)) {
            status = seal_field(message, &message->descriptor->fields[i], boxes);
        }
    }
    return status;
}

static enum status customer_hashes(struct hashes *hashes, const char *tax_id, const char *reference)
{
    const char *folded = text_fold(hashes->arena, tax_id);
    if (folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    const enum status status = hashes_add(hashes, CUSTOMER_TAX_ID, "tax_id", folded);
    return status != STATUS_OK ? status
                               : hashes_add(hashes, CUSTOMER_REFERENCE, "reference", reference);
}

static enum status seal_add(struct txn *txn, CustomerAdd *add, struct arena *arena,
                            const struct admitted_key *key)
{
    struct hashes hashes;
    struct boxes boxes;
    enum status status = hashes_make(txn, arena, 2, &hashes);
    if (status == STATUS_OK) {
        status = customer_hashes(&hashes, add->tax_id, add->reference);
    }
    if (status == STATUS_OK) {
        status = boxes_make(arena, &key->key, key->vault_id, count_texts(&add->base), &boxes);
    }
    if (status == STATUS_OK) {
        status = seal_texts(&add->base, &boxes);
    }
    if (status != STATUS_OK) {
        return status;
    }
    add->vault_id = key->vault_id;
    add->sealed = boxes.list;
    add->n_sealed = boxes.count;
    add->unique = hashes.list;
    add->n_unique = hashes.count;
    return STATUS_OK;
}

static enum status seal_customer_add(struct txn *txn, CustomerAdd *add, struct arena *arena,
                                     struct admitted *admitted)
{
    const enum status status = admitted_make_room(arena, admitted, 1);
    if (status != STATUS_OK) {
        return status;
    }
    return seal_add(txn, add, arena, admitted_draw(admitted, 1));
}

// The vault of the customer. When there is no such customer, or the key was destroyed, the boxes go
// under a key that nobody has: who may ask at all is not known yet, and the refusal is the
// machine's.
static enum status vault_of(struct txn *txn, uint64_t customer_id, uint64_t *vault_id,
                            struct key *key)
{
    ProtobufCMessage *row = NULL;
    const enum status status = table_get(txn, TABLE_customer, key_u64(customer_id), &row, NULL);
    if (status == STATUS_NOT_FOUND) {
        *vault_id = boxes_draw_vault();
        *key = key_random();
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    *vault_id = ((const CustomerRecord *)row)->vault_id;
    const enum status found = vault_key(txn, *vault_id, key);
    if (found != STATUS_KEY_DESTROYED) {
        return found;
    }
    *key = key_random();
    return STATUS_OK;
}

static enum status seal_customer_edit(struct txn *txn, CustomerEdit *edit, struct arena *arena)
{
    struct key key CLEANUP(key_wipe);
    uint64_t vault_id = 0;
    struct hashes hashes;
    struct boxes boxes;
    enum status status = vault_of(txn, edit->customer_id, &vault_id, &key);
    if (status == STATUS_OK) {
        status = hashes_make(txn, arena, 2, &hashes);
    }
    if (status == STATUS_OK) {
        status = customer_hashes(&hashes, edit->tax_id, edit->reference);
    }
    if (status == STATUS_OK) {
        status = boxes_make(arena, &key, vault_id, count_texts(&edit->base), &boxes);
    }
    if (status == STATUS_OK) {
        status = seal_texts(&edit->base, &boxes);
    }
    if (status != STATUS_OK) {
        return status;
    }
    edit->vault_id = vault_id;
    edit->sealed = boxes.list;
    edit->n_sealed = boxes.count;
    edit->unique = hashes.list;
    edit->n_unique = hashes.count;
    return STATUS_OK;
}

// The boxes of a message whose personal fields are nobody else's, under the customer's own key.
static enum status seal_for(struct txn *txn, uint64_t customer_id, ProtobufCMessage *message,
                            struct arena *arena, uint64_t *vault_id, struct boxes *boxes)
{
    struct key key CLEANUP(key_wipe);
    enum status status = vault_of(txn, customer_id, vault_id, &key);
    if (status == STATUS_OK) {
        status = boxes_make(arena, &key, *vault_id, count_texts(message), boxes);
    }
    if (status == STATUS_OK) {
        status = seal_texts(message, boxes);
    }
    boxes->key = NULL;
    return status;
}

static enum status seal_customer_bank(struct txn *txn, CustomerBank *bank, struct arena *arena)
{
    struct boxes boxes = {0};
    const enum status status =
        seal_for(txn, bank->customer_id, &bank->base, arena, &bank->vault_id, &boxes);
    bank->sealed = boxes.list;
    bank->n_sealed = boxes.count;
    return status;
}

static enum status seal_customer_consent(struct txn *txn, CustomerConsent *consent,
                                         struct arena *arena)
{
    struct boxes boxes = {0};
    const enum status status =
        seal_for(txn, consent->customer_id, &consent->base, arena, &consent->vault_id, &boxes);
    consent->sealed = boxes.list;
    consent->n_sealed = boxes.count;
    return status;
}

// ---- documents ----

static enum status seal_invoice_issue(struct txn *txn, InvoiceIssue *issue, struct arena *arena)
{
    const char *reference = issue->reference;
    if (reference[0] == '\0' && issue->invoice_id != 0) {
        ProtobufCMessage *row = NULL;
        const enum status status =
            table_get(txn, TABLE_invoice, key_u64(issue->invoice_id), &row, NULL);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
        reference = row != NULL ? ((const InvoiceRecord *)row)->reference : reference;
    }
    struct hashes hashes;
    enum status status = hashes_make(txn, arena, 1, &hashes);
    if (status == STATUS_OK) {
        status = hashes_add(&hashes, ISSUE_REFERENCE, "invoice:", reference);
    }
    if (status == STATUS_OK) {
        issue->unique = hashes.list;
        issue->n_unique = hashes.count;
    }
    return status;
}

static enum status seal_payment_add(struct txn *txn, PaymentAdd *add, struct arena *arena)
{
    struct hashes hashes;
    enum status status = hashes_make(txn, arena, 1, &hashes);
    if (status == STATUS_OK) {
        status = hashes_add(&hashes, PAYMENT_REFERENCE, "payment:", add->reference);
    }
    if (status == STATUS_OK) {
        add->unique = hashes.list;
        add->n_unique = hashes.count;
    }
    return status;
}

// What is owed to the customer becomes a payment, and its reference one of payments.
static enum status seal_opening_add(struct txn *txn, OpeningAdd *add, struct arena *arena)
{
    struct hashes hashes;
    enum status status = hashes_make(txn, arena, 1, &hashes);
    if (status == STATUS_OK) {
        status = hashes_add(&hashes, OPENING_REFERENCE,
                            add->amount_minor < 0 ? "payment:" : "invoice:", add->reference);
    }
    if (status == STATUS_OK) {
        add->unique = hashes.list;
        add->n_unique = hashes.count;
    }
    return status;
}

// The number of a tax invoice counts for its issuer and code.
static enum status number_hash(struct hashes *hashes, uint32_t field, const char *issuer,
                               const char *code, const char *number)
{
    if (number[0] == '\0') {
        return STATUS_OK;
    }
    const char *whole = arena_print(hashes->arena, "%s\n%s\n%s", issuer, code, number);
    return whole != NULL ? hashes_add(hashes, field, "registered", whole) : STATUS_TOO_LARGE;
}

static enum status seal_invoice_register(struct txn *txn, InvoiceRegister *request,
                                         struct arena *arena)
{
    struct hashes hashes;
    enum status status = hashes_make(txn, arena, 2, &hashes);
    if (status == STATUS_OK) {
        status =
            number_hash(&hashes, REGISTER_NUMBER, request->issuer, request->code, request->number);
    }
    if (status == STATUS_OK) {
        status =
            number_hash(&hashes, REGISTER_RED, request->issuer, request->red_code, request->red_of);
    }
    if (status == STATUS_OK) {
        request->unique = hashes.list;
        request->n_unique = hashes.count;
    }
    return status;
}

static enum status seal_invoice_unregister(struct txn *txn, InvoiceUnregister *request,
                                           struct arena *arena)
{
    struct hashes hashes;
    enum status status = hashes_make(txn, arena, 1, &hashes);
    if (status == STATUS_OK) {
        status =
            number_hash(&hashes, REGISTER_NUMBER, request->issuer, request->code, request->number);
    }
    if (status == STATUS_OK) {
        request->unique = hashes.list;
        request->n_unique = hashes.count;
    }
    return status;
}

// ---- imports ----

struct importing {
    struct txn *txn;
    struct arena *arena;
    struct admitted *admitted;
    size_t row_count;
    const char *invoices; // domain "invoice:SOURCE"
    const char *payments;
};

static enum status importing_start(struct importing *importing, uint64_t import_id)
{
    ProtobufCMessage *row = NULL;
    const enum status status =
        table_get(importing->txn, TABLE_import, key_u64(import_id), &row, NULL);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    const char *source = row != NULL ? ((const ImportRecord *)row)->source : "";
    source = source[0] != '\0' ? source : "import";
    importing->invoices = arena_print(importing->arena, "invoice:%s", source);
    importing->payments = arena_print(importing->arena, "payment:%s", source);
    return importing->invoices != NULL && importing->payments != NULL ? STATUS_OK
                                                                      : STATUS_TOO_LARGE;
}

// The customer that this document may have to make: a name and the source's key. The one customer
// for sales without a name has no key of the source.
static enum status seal_document(struct importing *importing, ImportRow *row, struct hashes *hashes)
{
    ImportDocument *document = row->document;
    enum status status =
        hashes_add(hashes, DOCUMENT_REFERENCE, importing->invoices, document->reference);
    if (document->walk_in) {
        empty(&document->customer_reference);
    }
    if (status != STATUS_OK || (document->customer_reference[0] == '\0' && !document->walk_in)) {
        empty(&document->customer_name);
        return status;
    }
    status = hashes_add(hashes, DOCUMENT_CUSTOMER, "reference", document->customer_reference);
    const struct admitted_key *key = admitted_draw(importing->admitted, importing->row_count);
    struct boxes boxes = {0};
    if (status == STATUS_OK) {
        status = boxes_make(importing->arena, &key->key, key->vault_id, 2, &boxes);
    }
    const bool has_name = document->customer_name[0] != '\0';
    if (status == STATUS_OK) {
        status = boxes_add(&boxes, CUSTOMER_NAME, 0,
                           has_name            ? document->customer_name
                           : document->walk_in ? WALK_IN_NAME
                                               : document->customer_reference);
    }
    if (status == STATUS_OK && document->customer_reference[0] != '\0') {
        status = boxes_add(&boxes, CUSTOMER_REFERENCE, 0, document->customer_reference);
    }
    empty(&document->customer_name);
    empty(&document->customer_reference);
    row->sealed = boxes.list;
    row->n_sealed = boxes.count;
    row->vault_id = key->vault_id;
    return status;
}

static enum status seal_payment_row(struct importing *importing, ImportPayment *payment,
                                    struct hashes *hashes)
{
    enum status status =
        hashes_add(hashes, IMPORTED_PAYMENT_REFERENCE, importing->payments, payment->reference);
    if (status == STATUS_OK) {
        status =
            hashes_add(hashes, IMPORTED_PAYMENT_CUSTOMER, "reference", payment->customer_reference);
    }
    if (status == STATUS_OK) {
        status = hashes_add(hashes, IMPORTED_PAYMENT_INVOICE, importing->invoices,
                            payment->invoice_reference);
    }
    empty(&payment->customer_reference);
    return status;
}

static enum status seal_row(struct importing *importing, ImportRow *row)
{
    if (row->customer != NULL) {
        return seal_add(importing->txn, row->customer, importing->arena,
                        admitted_draw(importing->admitted, importing->row_count));
    }
    struct hashes hashes;
    enum status status = hashes_make(importing->txn, importing->arena, 3, &hashes);
    if (status == STATUS_OK && row->document != NULL) {
        status = seal_document(importing, row, &hashes);
    } else if (status == STATUS_OK && row->payment != NULL) {
        status = seal_payment_row(importing, row->payment, &hashes);
    }
    row->unique = hashes.list;
    row->n_unique = hashes.count;
    return status;
}

static enum status seal_import_rows(struct txn *txn, ImportRows *rows, struct arena *arena,
                                    struct admitted *admitted)
{
    struct importing importing = {
        .txn = txn, .arena = arena, .admitted = admitted, .row_count = rows->n_row};
    enum status status = importing_start(&importing, rows->import_id);
    if (status == STATUS_OK) {
        status = admitted_make_room(arena, admitted, rows->n_row);
    }
    for (size_t i = 0; status == STATUS_OK && i < rows->n_row; i++) {
        status = seal_row(&importing, rows->row[i]);
    }
    return status;
}

// ---- which command ----

enum status seal_request(struct txn *txn, const struct command *command, Request *request,
                         struct arena *arena, struct admitted *admitted)
{
    ProtobufCMessage *inner = wire_inner((const ProtobufCMessage *)request, command->number);
    assert(inner != NULL);
    if (command->request == &customer_add__descriptor) {
        return seal_customer_add(txn, (CustomerAdd *)inner, arena, admitted);
    }
    if (command->request == &customer_edit__descriptor) {
        return seal_customer_edit(txn, (CustomerEdit *)inner, arena);
    }
    if (command->request == &customer_bank__descriptor) {
        return seal_customer_bank(txn, (CustomerBank *)inner, arena);
    }
    if (command->request == &customer_consent__descriptor) {
        return seal_customer_consent(txn, (CustomerConsent *)inner, arena);
    }
    if (command->request == &invoice_issue__descriptor) {
        return seal_invoice_issue(txn, (InvoiceIssue *)inner, arena);
    }
    if (command->request == &payment_add__descriptor) {
        return seal_payment_add(txn, (PaymentAdd *)inner, arena);
    }
    if (command->request == &opening_add__descriptor) {
        return seal_opening_add(txn, (OpeningAdd *)inner, arena);
    }
    if (command->request == &invoice_register__descriptor) {
        return seal_invoice_register(txn, (InvoiceRegister *)inner, arena);
    }
    if (command->request == &invoice_unregister__descriptor) {
        return seal_invoice_unregister(txn, (InvoiceUnregister *)inner, arena);
    }
    if (command->request == &bank_lines__descriptor) {
        return seal_bank_lines(txn, (BankLines *)inner, arena, admitted);
    }
    if (command->request == &import_rows__descriptor) {
        return seal_import_rows(txn, (ImportRows *)inner, arena, admitted);
    }
    return STATUS_OK;
}

void seal_forget_secrets(const struct command *command, Request *request)
{
    ProtobufCMessage *inner = wire_inner((const ProtobufCMessage *)request, command->number);
    assert(inner != NULL);
    for (unsigned i = 0; i < inner->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &inner->descriptor->fields[i];
        if (field->type == PROTOBUF_C_TYPE_STRING && field->label != PROTOBUF_C_LABEL_REPEATED &&
            field_of(inner->descriptor, i).field_class == CLASS_SECRET) {
            char **text = field_at(inner, field);
            explicit_bzero(*text, strlen(*text));
            empty(text);
        }
    }
}
