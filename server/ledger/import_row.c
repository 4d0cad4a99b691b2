// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/import_row.h"

#include "server/ledger/control.h"
#include "server/ledger/customer.h"
#include "server/ledger/document.h"
#include "server/ledger/exposure.h"
#include "server/ledger/permit.h"
#include "server/ledger/pricing.h"
#include "server/ledger/receipt.h"

// Field numbers of hashes: in ImportDocument and ImportPayment, and of CustomerAdd.reference.
#define HASH_REFERENCE          1
#define HASH_CUSTOMER_REFERENCE 2
#define HASH_INVOICE_REFERENCE  3
#define HASH_OF_CUSTOMER        20

static const UniqueHash *hash_of(const ImportRow *row, uint32_t number)
{
    return books_hash_of(row->unique, row->n_unique, number);
}

// The object of a hash; 0 when there is none.
static enum status lookup(struct books *books, const UniqueHash *unique, uint64_t *id)
{
    *id = 0;
    return unique != NULL ? books_unique(books, unique->hash, id) : STATUS_OK;
}

// A row cannot wait for a second person: what needs one is left to be entered by hand.
static enum status refuse_controlled(struct books *books, const struct doing *doing,
                                     const char *field)
{
    bool demands = false;
    const enum status status = control_demands(books->txn, books->call, doing, &demands);
    return status == STATUS_OK && demands
               ? books_refuse(books, STATUS_APPROVAL_NEEDED, field,
                              books_money(books, doing->amount_minor), NULL)
               : status;
}

// Sums are of the day on which somebody enters, as by hand: the days of the rows are what the file
// says, and whoever writes it could spread a large sum over them.
static struct doing credit_note_of(const struct books *books, const InvoiceRecord *document)
{
    return (struct doing){document->customer_id, CONTROL_CREDIT_NOTE, books->call->book_day,
                          -document->gross_minor};
}

static struct doing payment_of(const struct books *books, const PaymentRecord *payment)
{
    return (struct doing){payment->customer_id, CONTROL_PAYMENT, books->call->book_day,
                          receipt_book(payment)};
}

// What was owed before the book began is none.
static bool is_sale(const InvoiceRecord *document)
{
    return document->gross_minor > 0 && document->kind != INVOICE_KIND__INVOICE_KIND_OPENING;
}

// What goes in counts towards what the same person enters that day.
static enum status post_payment(struct books *books, PaymentRecord *payment,
                                struct settlement *settlement, const UniqueHash *unique)
{
    const struct doing paying = payment_of(books, payment);
    const enum status status = control_count(books->txn, books->call, &paying);
    return status == STATUS_OK ? receipt_post(books, payment, settlement, unique) : status;
}

// ---- customers ----

static enum status take_customer(struct books *books, const CustomerAdd *add,
                                 struct row_result *out)
{
    uint64_t known = 0;
    enum status status =
        lookup(books, books_hash_of(add->unique, add->n_unique, HASH_OF_CUSTOMER), &known);
    if (status == STATUS_OK && known != 0) {
        out->outcome = ROW_KNOWN;
        return STATUS_OK;
    }
    CustomerRecord *customer = NULL;
    if (status == STATUS_OK) {
        status = customer_make(books, add, &customer);
    }
    if (status == STATUS_OK) {
        status = permit_import(books, PERMISSION_CUSTOMER_ADD, customer,
                               customer_credit_granted(customer), "credit_limit");
    }
    CustomerRecord nobody;
    customer_record__init(&nobody);
    int64_t raise_minor = 0;
    if (status == STATUS_OK) {
        status = customer_credit_raise(books, &nobody, customer, &raise_minor);
    }
    if (status == STATUS_OK && raise_minor > 0) {
        const struct doing granting = {customer->id, CONTROL_CREDIT_LIMIT, books->call->book_day,
                                       raise_minor};
        status = refuse_controlled(books, &granting, "credit_limit");
    }
    if (status != STATUS_OK) {
        return status;
    }

    out->customer_added = true;
    return customer_enter(books, customer);
}

// ---- documents ----

// A document, its customer, and the payment that settled it, before anything is written.
struct incoming {
    const ImportDocument *from;
    const UniqueHash *unique;
    CustomerRecord *customer;
    bool is_new_customer;
    InvoiceRecord *document;
    PaymentRecord *payment; // NULL: not settled
    struct exposure exposure;
};

// The customer that the document makes: its boxes were sealed at admission, its reference is its
// hash.
static enum status make_customer(struct books *books, const ImportRow *row,
                                 const UniqueHash *reference, CustomerRecord **out)
{
    CustomerAdd add;
    customer_add__init(&add);
    UniqueHash *own = arena_alloc(books->arena, sizeof *own);
    UniqueHash **list = arena_alloc(books->arena, sizeof *list);
    if (own == NULL || list == NULL) {
        return STATUS_TOO_LARGE;
    }
    add.kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add.n_sealed = row->n_sealed;
    add.sealed = row->sealed;
    add.vault_id = row->vault_id;
    if (reference != NULL) {
        *own = *reference;
        own->field = HASH_OF_CUSTOMER;
        list[0] = own;
        add.n_unique = 1;
        add.unique = list;
    }
    return customer_make(books, &add, out);
}

// Whom the reference means was said; it cannot mean somebody else who has it.
static enum status find_named(struct books *books, const UniqueHash *reference,
                              uint64_t customer_id, CustomerRecord **out)
{
    uint64_t known = 0;
    const enum status status = lookup(books, reference, &known);
    if (status == STATUS_OK && known != 0 && known != customer_id) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "customer", NULL, NULL);
    }
    return status == STATUS_OK ? books_served_customer(books, customer_id, "customer", out)
                               : status;
}

static enum status find_customer(struct books *books, const ImportRow *row, struct incoming *in)
{
    const UniqueHash *reference = in->from->walk_in ? NULL : hash_of(row, HASH_CUSTOMER_REFERENCE);
    if (in->from->customer_id != 0) {
        return find_named(books, reference, in->from->customer_id, &in->customer);
    }
    if (reference == NULL && !in->from->walk_in) {
        return books_refuse(books, STATUS_FIELD_MISSING, "customer", NULL, NULL);
    }
    uint64_t id = books->record->walk_in_id;
    enum status status = STATUS_OK;
    if (!in->from->walk_in) {
        status = lookup(books, reference, &id);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (id != 0) {
        return books_served_customer(books, id, "customer", &in->customer);
    }
    in->is_new_customer = true;
    return make_customer(books, row, reference, &in->customer);
}

// What was owed before the books is posted on the day on which they begin, and keeps its own days
// (opening.c); who may not enter that by hand does not import it.
static enum status bring_in(struct books *books, struct incoming *in)
{
    InvoiceRecord *document = in->document;
    const int32_t opening_day = books->record->opening_day;
    if (opening_day == 0 || in->from->settled_day != 0) {
        return opening_day == 0 ? books_refuse(books, STATUS_FIELD_MISSING, "opening", NULL, NULL)
                                : books_refuse(books, STATUS_FIELD_CONFLICT, "settled", NULL, NULL);
    }
    if (document->gross_minor <= 0) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "amount",
                            books_money(books, document->gross_minor), NULL);
    }
    if (document->date_day > opening_day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "date",
                            books_day(books, document->date_day), books_day(books, opening_day));
    }
    document->origin_day = document->date_day != opening_day ? document->date_day : 0;
    document->date_day = opening_day;
    const struct doing entering = {document->customer_id, CONTROL_ENTRY, opening_day,
                                   document->gross_minor};
    const enum status status =
        permit_import(books, PERMISSION_OPENING_ADD, in->customer, document->gross_minor, "amount");
    return status == STATUS_OK ? refuse_controlled(books, &entering, "amount") : status;
}

// May it be issued by hand, and alone?
static enum status may_issue(struct books *books, struct incoming *in)
{
    const InvoiceRecord *document = in->document;
    const bool is_note = document->kind == INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE;
    const enum permission by_hand =
        document->gross_minor < 0 ? PERMISSION_INVOICE_CREDIT : PERMISSION_INVOICE_ISSUE;
    const struct doing issuing = {document->customer_id, CONTROL_INVOICE, document->date_day,
                                  document->gross_minor};
    const struct doing crediting = credit_note_of(books, document);
    const enum status status =
        permit_import(books, by_hand, in->customer, document->gross_minor, "amount");
    if (status != STATUS_OK || (!is_note && !is_sale(document))) {
        return status;
    }
    return refuse_controlled(books, is_note ? &crediting : &issuing, "amount");
}

static enum status build_document(struct books *books, struct incoming *in)
{
    assert(in->from != NULL && in->customer != NULL);
    const ImportDocument *from = in->from;
    in->document = document_make(books, INVOICE_KIND__INVOICE_KIND_INVOICE, in->customer->id);
    if (in->document == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (from->date_day == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "date", NULL, NULL);
    }
    in->document->date_day = from->date_day;
    in->document->disputed = from->disputed;
    in->document->reference = from->reference;

    // A document of nothing is a document all the same.
    InvoiceLine nothing;
    invoice_line__init(&nothing);
    InvoiceLine *const empty[] = {&nothing};
    bool is_empty = from->n_line == 0 && from->amount_minor == 0;
    const struct pricing pricing = {
        .line = is_empty ? empty : from->line,
        .count = is_empty ? COUNT_OF(empty) : from->n_line,
        .amount_minor = from->amount_minor,
        .inclusive = from->inclusive,
        .on_total = from->tax_on_total,
    };
    enum status status = pricing_apply(books, &pricing, in->document);
    if (status != STATUS_OK) {
        return status;
    }
    if (from->kind == INVOICE_KIND__INVOICE_KIND_OPENING) {
        in->document->kind = INVOICE_KIND__INVOICE_KIND_OPENING;
        in->document->brought_in = true;
    } else if (in->document->gross_minor < 0) {
        in->document->kind = INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE;
    }
    status = document_parts(books, in->document, in->customer, "", from->due_day);
    if (status == STATUS_OK) {
        const bool is_opening = in->document->kind == INVOICE_KIND__INVOICE_KIND_OPENING;
        status = is_opening ? bring_in(books, in) : may_issue(books, in);
    }
    return status == STATUS_OK ? document_check(books, in->document, in->unique) : status;
}

// What a file brings raises what is owed like what is typed; paid at once, it does not. What was
// owed before the book began is there already.
static enum status check_credit(struct books *books, struct incoming *in)
{
    return is_sale(in->document) && in->payment == NULL
               ? exposure_check(books, in->customer, in->document->gross_minor, &in->exposure)
               : STATUS_OK;
}

// Paid in full on the day that the file says.
static enum status build_payment(struct books *books, struct incoming *in)
{
    if (in->from->settled_day == 0 || in->document->gross_minor <= 0) {
        return STATUS_OK;
    }
    in->payment = arena_alloc(books->arena, sizeof *in->payment);
    if (in->payment == NULL) {
        return STATUS_TOO_LARGE;
    }
    payment_record__init(in->payment);
    in->payment->customer_id = in->customer->id;
    in->payment->amount_minor = in->document->gross_minor;
    in->payment->date_day = in->from->settled_day;
    in->payment->method = PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
    in->payment->reference = in->from->reference;
    enum status status = permit_import(books, PERMISSION_PAYMENT_ADD, in->customer,
                                       in->payment->amount_minor, "settled");
    if (status == STATUS_OK) {
        const struct doing paying = payment_of(books, in->payment);
        status = refuse_controlled(books, &paying, "settled");
    }
    return status == STATUS_OK ? receipt_check(books, in->payment, "", NULL) : status;
}

// Customer, invoice, items, entry; and payment, its items, its entry, allocations with their
// entries.
static size_t ids_of(const struct incoming *in)
{
    size_t parts = in->document->n_part;
    size_t own = 2 + parts;
    bool early = in->payment != NULL && in->payment->date_day < in->document->date_day;
    return in->payment == NULL ? own : own + 3 + (early ? 2 : 1) * parts;
}

static enum status settle(struct books *books, struct incoming *in)
{
    struct settlement settlement;
    struct item_list items = {0};
    enum status status =
        settlement_begin(books, in->payment->customer_id, in->payment->amount_minor,
                         in->payment->date_day, false, &settlement);
    if (status == STATUS_OK) {
        status = document_items(books, in->document, &items);
    }
    for (size_t i = 0; status == STATUS_OK && i < items.count; i++) {
        status = settlement_item(books, &settlement, items.item[i], "named");
    }
    return status == STATUS_OK ? post_payment(books, in->payment, &settlement, NULL) : status;
}

static enum status write_document(struct books *books, struct incoming *in)
{
    enum status status = STATUS_OK;
    if (in->is_new_customer) {
        status = customer_enter(books, in->customer);
    }
    if (status == STATUS_OK && in->is_new_customer && in->from->walk_in) {
        books->record->walk_in_id = in->customer->id;
        status = book_put(books->txn, key_u64(BOOK_KEY), books->record);
    }
    if (status == STATUS_OK && in->document->gross_minor < 0) {
        const struct doing crediting = credit_note_of(books, in->document);
        status = control_count(books->txn, books->call, &crediting);
    }
    if (status == STATUS_OK) {
        status = document_issue(books, in->document, in->unique);
    }
    if (status == STATUS_OK) {
        status = exposure_keep(books, &in->exposure, in->document->id);
    }
    if (status == STATUS_OK && in->payment != NULL) {
        status = settle(books, in);
    }
    return status;
}

static enum status take_document(struct books *books, const ImportRow *row, struct row_result *out)
{
    struct incoming in = {.from = row->document, .unique = hash_of(row, HASH_REFERENCE)};
    uint64_t known = 0;
    enum status status = lookup(books, in.unique, &known);
    if (status == STATUS_OK && known != 0) {
        out->outcome = ROW_KNOWN;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = find_customer(books, row, &in);
    }
    if (status == STATUS_OK) {
        status = build_document(books, &in);
    }
    if (status == STATUS_OK) {
        status = build_payment(books, &in);
    }
    if (status == STATUS_OK) {
        status = check_credit(books, &in);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (books->call->next_ordinal + ids_of(&in) > ID_ORDINAL_MAX) {
        out->outcome = ROW_LATER;
        return STATUS_OK;
    }

    out->customer_added = in.is_new_customer;
    out->total_minor = in.document->gross_minor;
    return write_document(books, &in);
}

// ---- payments ----

static PaymentMethod method_of(const char *word)
{
    static const struct {
        const char *word;
        PaymentMethod method;
    } METHODS[] = {
        {"", PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER},
        {"cash", PAYMENT_METHOD__PAYMENT_METHOD_CASH},
        {"transfer", PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER},
        {"card", PAYMENT_METHOD__PAYMENT_METHOD_CARD},
        {"wallet", PAYMENT_METHOD__PAYMENT_METHOD_WALLET},
        {"bill", PAYMENT_METHOD__PAYMENT_METHOD_BILL},
    };

    for (size_t i = 0; i < COUNT_OF(METHODS); i++) {
        if (strcmp(METHODS[i].word, word) == 0) {
            return METHODS[i].method;
        }
    }
    return PAYMENT_METHOD__PAYMENT_METHOD_UNSET;
}

// Customer and invoice by their references; an invoice alone names its customer.
static enum status find_payer(struct books *books, const ImportRow *row, uint64_t *customer_id,
                              uint64_t *invoice_id)
{
    const UniqueHash *invoice_hash = hash_of(row, HASH_INVOICE_REFERENCE);
    enum status status = lookup(books, invoice_hash, invoice_id);
    if (status == STATUS_OK && invoice_hash != NULL && *invoice_id == 0) {
        return books_refuse(books, STATUS_NOT_FOUND, "invoice", row->payment->invoice_reference,
                            NULL);
    }
    if (status == STATUS_OK) {
        status = lookup(books, hash_of(row, HASH_CUSTOMER_REFERENCE), customer_id);
    }
    if (status == STATUS_OK && row->payment->customer_id != 0) {
        if (*customer_id != 0 && *customer_id != row->payment->customer_id) {
            return books_refuse(books, STATUS_FIELD_CONFLICT, "customer", NULL, NULL);
        }
        *customer_id = row->payment->customer_id;
    }
    InvoiceRecord *invoice;
    if (status == STATUS_OK && *customer_id == 0 && *invoice_id != 0) {
        status = invoice_get(books->txn, key_u64(*invoice_id), &invoice);
        *customer_id = status == STATUS_OK ? invoice->customer_id : 0;
    }
    if (status == STATUS_OK && *customer_id == 0) {
        return books_refuse(books, STATUS_NOT_FOUND, "customer", NULL, NULL);
    }
    return status;
}

static enum status plan_payment(struct books *books, const PaymentRecord *payment,
                                uint64_t invoice_id, struct settlement *out)
{
    assert(payment != NULL);
    enum status status = settlement_begin(books, payment->customer_id, payment->amount_minor,
                                          payment->date_day, false, out);
    if (status != STATUS_OK) {
        return status;
    }
    if (invoice_id == 0) {
        return settlement_automatic(books, out);
    }
    Allocate named;
    allocate__init(&named);
    Allocate *const list[] = {&named};
    named.invoice_id = invoice_id;
    return settlement_named(books, out, list, COUNT_OF(list));
}

static enum status check_payment(struct books *books, const ImportRow *row, uint64_t customer_id,
                                 PaymentRecord **out)
{
    const ImportPayment *from = row->payment;
    PaymentRecord *payment = arena_alloc(books->arena, sizeof *payment);
    if (payment == NULL) {
        return STATUS_TOO_LARGE;
    }
    payment_record__init(payment);
    payment->customer_id = customer_id;
    payment->amount_minor = from->amount_minor;
    payment->date_day = from->date_day;
    payment->method = method_of(from->method);
    payment->reference = from->reference;
    if (from->date_day == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "date", NULL, NULL);
    }
    if (payment->method == PAYMENT_METHOD__PAYMENT_METHOD_UNSET) {
        return books_refuse(books, STATUS_FIELD_NOT_CHOICE, "method", from->method, NULL);
    }
    CustomerRecord *customer = NULL;
    enum status status = books_active_customer(books, customer_id, "customer", &customer);
    if (status == STATUS_OK) {
        status =
            permit_import(books, PERMISSION_PAYMENT_ADD, customer, payment->amount_minor, "amount");
    }
    if (status == STATUS_OK) {
        const struct doing paying = payment_of(books, payment);
        status = refuse_controlled(books, &paying, "amount");
    }
    *out = payment;
    return status == STATUS_OK ? receipt_check(books, payment, "", NULL) : status;
}

static enum status take_payment(struct books *books, const ImportRow *row, struct row_result *out)
{
    const UniqueHash *unique = hash_of(row, HASH_REFERENCE);
    uint64_t known = 0;
    uint64_t customer_id = 0;
    uint64_t invoice_id = 0;
    PaymentRecord *payment = NULL;
    struct settlement settlement = {0};
    enum status status = lookup(books, unique, &known);
    if (status == STATUS_OK && known != 0) {
        out->outcome = ROW_KNOWN;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = find_payer(books, row, &customer_id, &invoice_id);
    }
    if (status == STATUS_OK) {
        status = check_payment(books, row, customer_id, &payment);
    }
    if (status == STATUS_OK) {
        status = plan_payment(books, payment, invoice_id, &settlement);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (books->call->next_ordinal + 4 + 2 * settlement.count > ID_ORDINAL_MAX) {
        out->outcome = ROW_LATER;
        return STATUS_OK;
    }

    out->total_minor = payment->amount_minor;
    return post_payment(books, payment, &settlement, unique);
}

// ---- a row ----

static bool is_of_kind(const ImportRow *row, ImportKind kind)
{
    bool customers = kind == IMPORT_KIND__IMPORT_KIND_CUSTOMERS;
    bool payments = kind == IMPORT_KIND__IMPORT_KIND_PAYMENTS;
    return (row->customer != NULL) == customers && (row->payment != NULL) == payments &&
           (row->document != NULL) == (!customers && !payments);
}

static enum status take(struct books *books, ImportKind kind, const ImportRow *row,
                        struct row_result *out)
{
    if (!is_of_kind(row, kind)) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "row", NULL, NULL);
    }
    return row->customer != NULL   ? take_customer(books, row->customer, out)
           : row->document != NULL ? take_document(books, row, out)
                                   : take_payment(books, row, out);
}

enum status import_row_take(struct books *books, ImportKind kind, const ImportRow *row,
                            struct row_result *out)
{
    assert(books->rows != NULL);
    assert(books->refused == STATUS_OK);

    *out = (struct row_result){.outcome = ROW_ADDED};
    if (books->call->next_ordinal == ID_ORDINAL_MAX) {
        out->outcome = ROW_LATER;
        return STATUS_OK;
    }
    books->rows->row = row->row;
    enum status status = take(books, kind, row, out);
    if (books->refused != STATUS_OK) {
        *out = (struct row_result){.outcome = ROW_REFUSED};
        books->refused = STATUS_OK;
        books->items = NULL;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = item_write(books);
        books->items = NULL;
    }
    return status;
}
