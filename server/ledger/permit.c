// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/permit.h"

#include "server/ledger/customer.h"
#include "shared/fields.h"
#include "shared/money.h"

bool permit_shows(const struct call *call, enum field_class field_class)
{
    return call->filter == NULL || call->filter->views[field_class] == VIEW_FULL;
}

// ---- fields ----

// Whose fields are asked about: the scopes that reach the customer decide together with the class.
struct demanding {
    struct books *books;
    uint32_t scopes;
    enum status refused;
};

static enum status demanding_of(struct books *books, const CustomerRecord *customer,
                                struct demanding *out)
{
    *out = (struct demanding){.books = books};
    return rows_cover(books->txn, customer, &out->scopes);
}

static bool may_change(const struct demanding *demanding, enum field_class field_class)
{
    const struct call *call = demanding->books->call;
    return call->rights == NULL || rights_may_change(call->rights, call->command->permission,
                                                     demanding->scopes, field_class);
}

static void demand(struct demanding *demanding, const char *name, bool changes)
{
    if (!changes) {
        return;
    }
    const ProtobufCMessageDescriptor *message = &customer_add__descriptor;
    const ProtobufCFieldDescriptor *descriptor =
        protobuf_c_message_descriptor_get_field_by_name(message, name);
    assert(descriptor != NULL);
    const struct field field = field_of(message, (unsigned)(descriptor - message->fields));
    if (!may_change(demanding, field.field_class)) {
        char option[64];
        field_option(descriptor, option);
        demanding->refused =
            books_refuse(demanding->books, STATUS_FIELD_DENIED, option, NULL, NULL);
    }
}

static void demand_sealed(struct demanding *demanding, Sealed *const *sealed, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct personal_field *field = personal_field_of(sealed[i]->field);
        if (field != NULL && sealed[i]->ordinal == 0) {
            demand(demanding, field->name, true);
        }
    }
}

enum status permit_add(struct books *books, const CustomerAdd *request,
                       const CustomerRecord *customer)
{
    struct demanding asked;
    const struct call *call = books->call;
    const enum status status = demanding_of(books, customer, &asked);
    // A customer out of reach is refused as such.
    const bool is_reached = call->rights == NULL ||
                            rights_most(call->rights, call->command->permission, asked.scopes) > 0;
    if (status != STATUS_OK || !is_reached) {
        return status;
    }
    demand_sealed(&asked, request->sealed, request->n_sealed);
    demand(&asked, "industry", request->industry[0] != '\0');
    demand(&asked, "region", request->region[0] != '\0');
    demand(&asked, "class", request->class_[0] != '\0');
    demand(&asked, "terms", request->terms[0] != '\0');
    demand(&asked, "tag", request->n_tag > 0);
    demand(&asked, "owner_id", request->owner_id != 0);
    demand(&asked, "credit", request->credit != CREDIT_MODE__CREDIT_MODE_UNSET);
    demand(&asked, "credit_limit_minor", request->credit_limit_minor != 0);
    return asked.refused;
}

static bool text_changes(const char *asked, const char *kept)
{
    return asked[0] != '\0' && strcmp(asked, kept) != 0;
}

static bool tags_change(const CustomerEdit *request, const CustomerRecord *before)
{
    bool differs = request->n_tag != before->n_tag;
    for (size_t i = 0; !differs && i < request->n_tag; i++) {
        differs = strcmp(request->tag[i], before->tag[i]) != 0;
    }
    return request->n_tag > 0 && differs;
}

// What is emptied changes, unless it was empty. A name that is no field is refused later.
static void demand_cleared(struct demanding *demanding, const CustomerEdit *request)
{
    for (size_t i = 0; i < request->n_clear; i++) {
        char name[64];
        size_t size = strlen(request->clear[i]);
        if (size >= sizeof name) {
            continue;
        }
        for (size_t c = 0; c <= size; c++) {
            name[c] = request->clear[i][c] == '-' ? '_' : request->clear[i][c];
        }
        const char *field = strcmp(name, "owner") == 0 ? "owner_id" : name;
        if (protobuf_c_message_descriptor_get_field_by_name(&customer_add__descriptor, field) !=
            NULL) {
            demand(demanding, field, true);
        }
    }
}

enum status permit_edit(struct books *books, const CustomerEdit *request,
                        const CustomerRecord *before)
{
    struct demanding asked;
    const enum status status = demanding_of(books, before, &asked);
    if (status != STATUS_OK) {
        return status;
    }
    const bool mode_changes =
        request->credit != CREDIT_MODE__CREDIT_MODE_UNSET && request->credit != before->credit;
    const bool limit_changes = request->credit_limit_minor != 0 &&
                               request->credit_limit_minor != before->credit_limit_minor;
    demand_sealed(&asked, request->sealed, request->n_sealed);
    demand(&asked, "industry", text_changes(request->industry, before->industry));
    demand(&asked, "region", text_changes(request->region, before->region));
    demand(&asked, "class", text_changes(request->class_, before->class_));
    demand(&asked, "terms", text_changes(request->terms, before->terms));
    demand(&asked, "tag", tags_change(request, before));
    demand(&asked, "owner_id", request->owner_id != 0 && request->owner_id != before->owner_id);
    demand(&asked, "credit", mode_changes);
    demand(&asked, "credit_limit_minor", limit_changes);
    demand_cleared(&asked, request);
    return asked.refused;
}

enum status permit_class(struct books *books, const CustomerRecord *customer,
                         enum field_class field_class, const char *field)
{
    struct demanding asked;
    const enum status status = demanding_of(books, customer, &asked);
    return status != STATUS_OK || may_change(&asked, field_class)
               ? status
               : books_refuse(books, STATUS_FIELD_DENIED, field, NULL, NULL);
}

// ---- amounts ----

static bool is_unlimited(const struct call *call, enum permission permission)
{
    bool is_limited = false;
    for (int s = SCOPE_OWN; s < SCOPE_COUNT; s++) {
        const int64_t most = call->rights->most_minor[permission][s];
        is_limited |= most != 0 && most != LIMIT_NONE;
    }
    return !is_limited;
}

static enum status refuse_above(struct books *books, enum permission permission,
                                const CustomerRecord *customer, int64_t amount_minor,
                                const char *field)
{
    uint32_t scopes = 1u << SCOPE_ALL;
    enum status status = customer != NULL ? rows_cover(books->txn, customer, &scopes) : STATUS_OK;
    const int64_t most = rights_most(books->call->rights, permission, scopes);
    if (status != STATUS_OK || amount_minor <= most) {
        return status;
    }
    return books_refuse(books, STATUS_LIMIT_EXCEEDED, field, books_money(books, amount_minor),
                        books_money(books, most));
}

enum status permit_amount(struct books *books, uint64_t customer_id, int64_t amount_minor,
                          const char *field)
{
    const struct call *call = books->call;
    CustomerRecord *customer = NULL;
    if (call->rights == NULL || is_unlimited(call, call->command->permission)) {
        return STATUS_OK;
    }
    const enum status status =
        customer_id != 0 ? customer_get(books->txn, key_u64(customer_id), &customer) : STATUS_OK;
    const int64_t size_minor = amount_minor < 0 ? -amount_minor : amount_minor;
    return status == STATUS_OK
               ? refuse_above(books, call->command->permission, customer, size_minor, field)
               : status;
}

enum status permit_fee(struct books *books, const PaymentRecord *payment)
{
    const struct call *call = books->call;
    CustomerRecord *customer = NULL;
    uint32_t scopes = 0;
    int64_t cap_minor = 0;
    const bool is_foreign = payment->currency[0] != '\0';
    const int64_t amount_minor = is_foreign ? payment->book_minor : payment->amount_minor;
    const int64_t fee_minor = is_foreign ? payment->book_fee_minor : payment->fee_minor;
    if (!money_tax(amount_minor, FEE_USUAL_BP, &cap_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    if (call->rights == NULL || fee_minor <= cap_minor) {
        return STATUS_OK;
    }
    enum status status = customer_get(books->txn, key_u64(payment->customer_id), &customer);
    if (status == STATUS_OK) {
        status = rows_cover(books->txn, customer, &scopes);
    }
    const int64_t most = rights_most(call->rights, PERMISSION_PAYMENT_FEE, scopes);
    if (status != STATUS_OK || fee_minor <= most) {
        return status;
    }
    return books_refuse(books, most > cap_minor ? STATUS_LIMIT_EXCEEDED : STATUS_FEE_OVER, "fee",
                        books_money(books, fee_minor),
                        books_money(books, most > cap_minor ? most : cap_minor));
}

enum status permit_also(struct books *books, enum permission permission, uint64_t customer_id,
                        int64_t amount_minor, const char *field)
{
    const struct call *call = books->call;
    CustomerRecord *customer = NULL;
    uint32_t scopes = 0;
    if (call->rights == NULL) {
        return STATUS_OK;
    }
    enum status status = customer_get(books->txn, key_u64(customer_id), &customer);
    if (status == STATUS_OK) {
        status = rows_cover(books->txn, customer, &scopes);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const int64_t most = rights_most(call->rights, permission, scopes);
    if (most == 0) {
        return books_refuse(books, STATUS_PERMISSION_DENIED, field, permission_text(permission),
                            NULL);
    }
    return amount_minor <= most
               ? STATUS_OK
               : books_refuse(books, STATUS_LIMIT_EXCEEDED, field, books_money(books, amount_minor),
                              books_money(books, most));
}

enum status permit_import(struct books *books, enum permission by_hand,
                          const CustomerRecord *customer, int64_t amount_minor, const char *field)
{
    const struct call *call = books->call;
    if (call->rights == NULL) {
        return STATUS_OK;
    }

    const enum permission asked[] = {call->command->permission, by_hand};

    const int64_t size_minor = amount_minor < 0 ? -amount_minor : amount_minor;
    if (call->rights->denied[by_hand]) {
        return books_refuse(books, STATUS_PERMISSION_DENIED, field, permission_text(by_hand), NULL);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(asked); i++) {
        if (!is_unlimited(call, asked[i])) {
            status = refuse_above(books, asked[i], customer, size_minor, field);
        }
    }
    return status;
}

// What a customer may owe, as an amount; what was not granted is nothing.
static int64_t credit_of(const CustomerRecord *customer)
{
    const bool is_endless = customer->credit == CREDIT_MODE__CREDIT_MODE_UNLIMITED;
    return is_endless ? LIMIT_NONE - 1 : customer->credit_limit_minor;
}

enum status permit_credit(struct books *books, const CustomerRecord *after,
                          const CustomerRecord *before)
{
    const int64_t wanted = credit_of(after);
    const int64_t had = before != NULL ? credit_of(before) : 0;
    const struct call *call = books->call;
    return call->rights == NULL || is_unlimited(call, call->command->permission) || wanted <= had
               ? STATUS_OK
               : refuse_above(books, call->command->permission, before != NULL ? before : after,
                              wanted, "credit_limit");
}
