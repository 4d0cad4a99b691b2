// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/permit.h"

#include "server/ledger/customer.h"
#include "shared/fields.h"

bool permit_shows(const struct call *call, enum field_class field_class)
{
    return call->filter == NULL || call->filter->views[field_class] == VIEW_FULL;
}

// ---- fields ----

static void demand(struct books *books, const char *name, bool changes, enum status *refused)
{
    const struct call *call = books->call;
    if (!changes || call->rights == NULL) {
        return;
    }
    const ProtobufCMessageDescriptor *message = &customer_add__descriptor;
    const ProtobufCFieldDescriptor *descriptor =
        protobuf_c_message_descriptor_get_field_by_name(message, name);
    assert(descriptor != NULL);
    const struct field field = field_of(message, (unsigned)(descriptor - message->fields));
    if (!call->rights->writable[call->command->permission][field.field_class]) {
        char option[64];
        field_option(descriptor, option);
        *refused = books_refuse(books, STATUS_FIELD_DENIED, option, NULL, NULL);
    }
}

static void demand_sealed(struct books *books, Sealed *const *sealed, size_t count,
                          enum status *refused)
{
    for (size_t i = 0; i < count; i++) {
        const struct personal_field *field = personal_field_of(sealed[i]->field);
        if (field != NULL && sealed[i]->ordinal == 0) {
            demand(books, field->name, true, refused);
        }
    }
}

enum status permit_add(struct books *books, const CustomerAdd *request)
{
    enum status refused = STATUS_OK;
    demand_sealed(books, request->sealed, request->n_sealed, &refused);
    demand(books, "industry", request->industry[0] != '\0', &refused);
    demand(books, "region", request->region[0] != '\0', &refused);
    demand(books, "class", request->class_[0] != '\0', &refused);
    demand(books, "terms", request->terms[0] != '\0', &refused);
    demand(books, "tag", request->n_tag > 0, &refused);
    demand(books, "owner_id", request->owner_id != 0, &refused);
    demand(books, "credit", request->credit != CREDIT_MODE__CREDIT_MODE_UNSET, &refused);
    demand(books, "credit_limit_minor", request->credit_limit_minor != 0, &refused);
    return refused;
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
static void demand_cleared(struct books *books, const CustomerEdit *request, enum status *refused)
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
            demand(books, field, true, refused);
        }
    }
}

enum status permit_edit(struct books *books, const CustomerEdit *request,
                        const CustomerRecord *before)
{
    enum status refused = STATUS_OK;
    const bool mode_changes =
        request->credit != CREDIT_MODE__CREDIT_MODE_UNSET && request->credit != before->credit;
    const bool limit_changes = request->credit_limit_minor != 0 &&
                               request->credit_limit_minor != before->credit_limit_minor;
    demand_sealed(books, request->sealed, request->n_sealed, &refused);
    demand(books, "industry", text_changes(request->industry, before->industry), &refused);
    demand(books, "region", text_changes(request->region, before->region), &refused);
    demand(books, "class", text_changes(request->class_, before->class_), &refused);
    demand(books, "terms", text_changes(request->terms, before->terms), &refused);
    demand(books, "tag", tags_change(request, before), &refused);
    demand(books, "owner_id", request->owner_id != 0 && request->owner_id != before->owner_id,
           &refused);
    demand(books, "credit", mode_changes, &refused);
    demand(books, "credit_limit_minor", limit_changes, &refused);
    demand_cleared(books, request, &refused);
    return refused;
}

enum status permit_class(struct books *books, enum field_class field_class, const char *field)
{
    const struct call *call = books->call;
    return call->rights == NULL || call->rights->writable[call->command->permission][field_class]
               ? STATUS_OK
               : books_refuse(books, STATUS_FIELD_DENIED, field, NULL, NULL);
}

// ---- amounts ----

static bool is_unlimited(const struct call *call, enum permission permission)
{
    bool is_limited = false;
    for (int s = SCOPE_OWN; call->rights != NULL && s < SCOPE_COUNT; s++) {
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
    const enum permission permission = books->call->command->permission;
    CustomerRecord *customer = NULL;
    if (is_unlimited(books->call, permission)) {
        return STATUS_OK;
    }
    const enum status status =
        customer_id != 0 ? customer_get(books->txn, key_u64(customer_id), &customer) : STATUS_OK;
    const int64_t size_minor = amount_minor < 0 ? -amount_minor : amount_minor;
    return status == STATUS_OK ? refuse_above(books, permission, customer, size_minor, field)
                               : status;
}

enum status permit_import(struct books *books, enum permission by_hand,
                          const CustomerRecord *customer, int64_t amount_minor, const char *field)
{
    const struct call *call = books->call;
    const enum permission asked[] = {call->command->permission, by_hand};
    const int64_t size_minor = amount_minor < 0 ? -amount_minor : amount_minor;
    if (call->rights != NULL && call->rights->denied[by_hand]) {
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
    const enum permission permission = books->call->command->permission;
    return is_unlimited(books->call, permission) || wanted <= had
               ? STATUS_OK
               : refuse_above(books, permission, before != NULL ? before : after, wanted,
                              "credit_limit");
}
