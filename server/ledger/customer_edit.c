// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/customer.h"
#include "server/ledger/due.h"
#include "server/ledger/exposure.h"
#include "server/ledger/permit.h"
#include "server/ledger/rate.h"

// A name as people type it may have '-' where the field has '_'.
static bool same_name(const char *typed, const char *name)
{
    while (*typed != '\0' && (*typed == *name || (*typed == '-' && *name == '_'))) {
        typed++;
        name++;
    }
    return *typed == '\0' && *name == '\0';
}

// A clear text field of request and record; equal names, equal meaning.
struct text_field {
    const char *name;
    const char *asked;
    char **kept;
};

struct text_fields {
    struct text_field field[5];
};

static struct text_fields text_fields_of(const CustomerEdit *request, CustomerRecord *customer)
{
    return (struct text_fields){{
        {"industry", request->industry, &customer->industry},
        {"region", request->region, &customer->region},
        {"class", request->class_, &customer->class_},
        {"terms", request->terms, &customer->terms},
        {"currency", request->currency, &customer->currency},
    }};
}

static const char *join(struct books *books, char *const *list, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        text = arena_print(books->arena, "%s%s%s", text, i > 0 ? ", " : "", list[i]);
        if (text == NULL) {
            return "";
        }
    }
    return text;
}

static const char *credit_text(struct books *books, CreditMode mode, int64_t limit_minor)
{
    switch ((int)mode) {
    case CREDIT_MODE__CREDIT_MODE_CASH:
        return "cash";
    case CREDIT_MODE__CREDIT_MODE_LIMIT:
        return books_money(books, limit_minor);
    case CREDIT_MODE__CREDIT_MODE_UNLIMITED:
        return "unlimited";
    case CREDIT_MODE__CREDIT_MODE_UNSET:
    case _CREDIT_MODE_IS_INT_SIZE:
    default:
        return "";
    }
}

static bool wants_credit(const CustomerEdit *request)
{
    return request->credit != CREDIT_MODE__CREDIT_MODE_UNSET || request->credit_limit_minor != 0;
}

// What the editor did not know: each field of the request whose value differs from the one that is
// kept now. Of personal fields only the name is told.
static enum status refuse_stale(struct books *books, const CustomerEdit *request,
                                CustomerRecord *customer)
{
    enum status status = books_refuse(books, STATUS_STALE, "version",
                                      arena_print(books->arena, "%u", request->version),
                                      arena_print(books->arena, "%u", customer->version));
    struct text_fields fields = text_fields_of(request, customer);
    for (size_t i = 0; i < COUNT_OF(fields.field); i++) {
        const struct text_field *field = &fields.field[i];
        if (field->asked[0] != '\0' && strcmp(field->asked, *field->kept) != 0) {
            status = books_refuse(books, STATUS_STALE, field->name, field->asked, *field->kept);
        }
    }
    for (size_t i = 0; i < request->n_sealed; i++) {
        const struct personal_field *field = personal_field_of(request->sealed[i]->field);
        if (field != NULL && request->sealed[i]->ordinal == 0) {
            status = books_refuse(books, STATUS_STALE, field->name, NULL, NULL);
        }
    }
    if (request->n_tag > 0) {
        status = books_refuse(books, STATUS_STALE, "tag", join(books, request->tag, request->n_tag),
                              join(books, customer->tag, customer->n_tag));
    }
    if (wants_credit(request)) {
        status = books_refuse(
            books, STATUS_STALE, "credit",
            credit_text(books, customer_credit_mode(request->credit, request->credit_limit_minor),
                        request->credit_limit_minor),
            permit_shows(books->call, CLASS_FINANCE)
                ? credit_text(books, customer->credit, customer->credit_limit_minor)
                : NULL);
    }
    if (request->owner_id != 0 && request->owner_id != customer->owner_id) {
        status = books_refuse(books, STATUS_STALE, "owner", NULL, NULL);
    }
    return status;
}

static bool wants_clear(const CustomerEdit *request, const char *name)
{
    for (size_t i = 0; i < request->n_clear; i++) {
        if (same_name(request->clear[i], name)) {
            return true;
        }
    }
    return false;
}

static bool is_sealed_in(const CustomerEdit *request, uint32_t number)
{
    for (size_t i = 0; i < request->n_sealed; i++) {
        if (request->sealed[i]->field == number) {
            return true;
        }
    }
    return false;
}

// Each name of `clear` is a field that can be empty, and is not given a value at the same time.
static enum status check_clear(struct books *books, const CustomerEdit *request)
{
    static const char *const OTHERS[] = {"industry", "region", "class",  "terms",
                                         "currency", "tag",    "credit", "owner"};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < request->n_clear; i++) {
        const char *name = request->clear[i];
        bool known = false;
        bool given = false;
        for (size_t k = 0; personal_field_at(k) != NULL; k++) {
            const struct personal_field *field = personal_field_at(k);
            if (field->may_clear && same_name(name, field->name)) {
                known = true;
                given = is_sealed_in(request, field->number);
            }
        }
        for (size_t k = 0; k < COUNT_OF(OTHERS); k++) {
            known = known || same_name(name, OTHERS[k]);
        }
        given = given || (same_name(name, "industry") && request->industry[0] != '\0') ||
                (same_name(name, "region") && request->region[0] != '\0') ||
                (same_name(name, "class") && request->class_[0] != '\0') ||
                (same_name(name, "terms") && request->terms[0] != '\0') ||
                (same_name(name, "currency") && request->currency[0] != '\0') ||
                (same_name(name, "tag") && request->n_tag > 0) ||
                (same_name(name, "owner") && request->owner_id != 0) ||
                (same_name(name, "credit") && wants_credit(request));
        if (!known || given) {
            status = books_refuse(books, known ? STATUS_FIELD_CONFLICT : STATUS_FIELD_NOT_CHOICE,
                                  "clear", name, NULL);
        }
    }
    return status;
}

static bool changes_something(const CustomerEdit *request)
{
    return request->n_sealed > 0 || request->n_clear > 0 || request->n_tag > 0 ||
           request->industry[0] != '\0' || request->region[0] != '\0' ||
           request->class_[0] != '\0' || request->terms[0] != '\0' ||
           request->currency[0] != '\0' || request->owner_id != 0 || wants_credit(request);
}

static ProtobufCBinaryData box_of(Sealed *const *list, size_t count, uint32_t number,
                                  uint32_t ordinal)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i]->field == number && list[i]->ordinal == ordinal) {
            return list[i]->box;
        }
    }
    return (ProtobufCBinaryData){0};
}

// Notes every box of a field that comes or goes.
static void note_personal(struct books *books, const CustomerEdit *request,
                          const CustomerRecord *customer, const struct personal_field *field)
{
    for (uint32_t ordinal = 0; ordinal < PHONES_MAX; ordinal++) {
        ProtobufCBinaryData before =
            box_of(customer->sealed, customer->n_sealed, field->number, ordinal);
        ProtobufCBinaryData after =
            box_of(request->sealed, request->n_sealed, field->number, ordinal);
        if (before.len == 0 && after.len == 0) {
            return;
        }
        const char *name =
            ordinal == 0 ? field->name : arena_print(books->arena, "%s[%u]", field->name, ordinal);
        if (name != NULL) {
            call_note_sealed(books->call, customer->id, customer->vault_id, name, before, after);
        }
    }
}

// The record's boxes with those of the request put in and the cleared ones taken out; a field is
// replaced as a whole.
static enum status merge_personal(struct books *books, const CustomerEdit *request,
                                  CustomerRecord *customer)
{
    Sealed **merged =
        arena_alloc(books->arena, (customer->n_sealed + request->n_sealed + 1) * sizeof *merged);
    if (merged == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t count = 0;
    for (size_t i = 0; personal_field_at(i) != NULL; i++) {
        const struct personal_field *field = personal_field_at(i);
        bool given = is_sealed_in(request, field->number);
        bool cleared = wants_clear(request, field->name);
        if (given || cleared) {
            note_personal(books, request, customer, field);
        }
        Sealed **from = given ? request->sealed : customer->sealed;
        size_t from_count = given ? request->n_sealed : customer->n_sealed;
        for (size_t k = 0; k < from_count && !cleared; k++) {
            if (from[k]->field == field->number) {
                merged[count] = from[k];
                count++;
            }
        }
    }
    customer->sealed = merged;
    customer->n_sealed = count;
    return STATUS_OK;
}

// The unique values follow their fields: the old hash is let go, the new one is kept.
static enum status merge_unique(struct books *books, const CustomerEdit *request,
                                CustomerRecord *customer)
{
    UniqueHash **merged =
        arena_alloc(books->arena, (customer->n_unique + request->n_unique + 1) * sizeof *merged);
    if (merged == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t count = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < customer->n_unique; i++) {
        UniqueHash *old = customer->unique[i];
        const struct personal_field *field = personal_field_of(old->field);
        bool gone = (field != NULL && wants_clear(request, field->name)) ||
                    is_sealed_in(request, old->field);
        if (gone) {
            status = rows_del(books->txn, TABLE_unique, key_hash16(old->hash.data));
        } else {
            merged[count] = old;
            count++;
        }
    }
    for (size_t i = 0; status == STATUS_OK && i < request->n_unique; i++) {
        merged[count] = request->unique[i];
        count++;
        status = books_keep_unique(books, request->unique[i]->hash, customer->id);
    }
    customer->unique = merged;
    customer->n_unique = count;
    return status;
}

static void merge_clear_fields(struct books *books, const CustomerEdit *request,
                               CustomerRecord *customer)
{
    struct call *call = books->call;
    struct text_fields fields = text_fields_of(request, customer);
    for (size_t i = 0; i < COUNT_OF(fields.field); i++) {
        const struct text_field *field = &fields.field[i];
        bool cleared = wants_clear(request, field->name);
        if (field->asked[0] == '\0' && !cleared) {
            continue;
        }
        call_note_change(call, customer->id, field->name, *field->kept, field->asked);
        char *text = arena_copy(books->arena, field->asked, strlen(field->asked));
        *field->kept = text != NULL ? text : *field->kept;
    }
    customer->currency = rate_currency(books, customer->currency);
    if (request->n_tag > 0 || wants_clear(request, "tag")) {
        call_note_change(call, customer->id, "tag", join(books, customer->tag, customer->n_tag),
                         join(books, request->tag, request->n_tag));
        customer->tag = request->tag;
        customer->n_tag = request->n_tag;
    }
    if (wants_credit(request) || wants_clear(request, "credit")) {
        CreditMode mode = customer_credit_mode(request->credit, request->credit_limit_minor);
        call_note_change(call, customer->id, "credit",
                         credit_text(books, customer->credit, customer->credit_limit_minor),
                         credit_text(books, mode, request->credit_limit_minor));
        customer->credit = mode;
        customer->credit_limit_minor = request->credit_limit_minor;
    }
    const bool unowned = wants_clear(request, "owner");
    if (unowned || (request->owner_id != 0 && request->owner_id != customer->owner_id)) {
        call_note_change(call, customer->id, "owner",
                         arena_print(books->arena, "%llu", (unsigned long long)customer->owner_id),
                         arena_print(books->arena, "%llu", (unsigned long long)request->owner_id));
        customer->owner_id = request->owner_id;
    }
}

// What owner, region, class and credit will be.
static CustomerRecord after_of(const CustomerEdit *request, const CustomerRecord *customer)
{
    CustomerRecord after = *customer;
    if (request->owner_id != 0 || wants_clear(request, "owner")) {
        after.owner_id = request->owner_id;
    }
    if (request->region[0] != '\0' || wants_clear(request, "region")) {
        after.region = request->region;
    }
    if (request->class_[0] != '\0' || wants_clear(request, "class")) {
        after.class_ = request->class_;
    }
    if (wants_credit(request) || wants_clear(request, "credit")) {
        after.credit = customer_credit_mode(request->credit, request->credit_limit_minor);
        after.credit_limit_minor = request->credit_limit_minor;
    }
    return after;
}

static const char *terms_or_default(const char *terms)
{
    return terms[0] != '\0' ? terms : DUE_TERMS;
}

// Terms that give more time are credit (domain.md d.3): as the customer stands, may it be given?
static enum status check_terms(struct books *books, const CustomerEdit *request,
                               const CustomerRecord *customer, struct exposure *out)
{
    const bool changes = request->terms[0] != '\0' || wants_clear(request, "terms");
    const uint32_t before = due_days(books, terms_or_default(customer->terms));
    return changes && due_days(books, terms_or_default(request->terms)) > before
               ? exposure_check_longer(books, customer, 0, out)
               : STATUS_OK;
}

// Would the customer leave what the editor may see, or owe more than the editor may grant?
static enum status check_after(struct books *books, const CustomerRecord *after,
                               const CustomerRecord *customer)
{
    const enum status status =
        rows_may_put(books->txn, TABLE_customer, key_u64(customer->id), &after->base);
    if (status == STATUS_SCOPE_DENIED) {
        const bool moves_owner = after->owner_id != customer->owner_id;
        return books_refuse(books, status, moves_owner ? "owner" : "region", NULL, NULL);
    }
    return status == STATUS_OK ? permit_credit(books, after, customer) : status;
}

enum status customer_edit(struct txn *txn, struct call *call, const CustomerEdit *request,
                          CustomerEditReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    struct exposure exposure = {0};
    CustomerRecord after = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_active_customer(&books, request->customer_id, "customer", &customer);
    }

    if (status == STATUS_OK) {
        status = permit_edit(&books, request, customer);
    }
    if (status == STATUS_OK && request->version != customer->version) {
        status = refuse_stale(&books, request, customer);
    }
    if (status == STATUS_OK && !changes_something(request)) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = check_clear(&books, request);
    }
    if (status == STATUS_OK) {
        status = customer_check_unique(&books, request->unique, request->n_unique, customer->id);
    }
    if (status == STATUS_OK) {
        status = customer_check_owner(&books, request->owner_id);
    }
    if (status == STATUS_OK) {
        status = customer_check_credit(&books, request->credit, request->credit_limit_minor);
    }
    if (status == STATUS_OK) {
        after = after_of(request, customer);
        status = check_after(&books, &after, customer);
    }
    if (status == STATUS_OK) {
        status = check_terms(&books, request, customer, &exposure);
    }
    if (status == STATUS_OK) {
        status = customer_control_credit(&books, customer, &after);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = merge_personal(&books, request, customer);
    if (status == STATUS_OK) {
        status = merge_unique(&books, request, customer);
    }
    if (status == STATUS_OK) {
        merge_clear_fields(&books, request, customer);
        customer->version++;
        status = customer_keep(&books, customer);
    }
    if (status == STATUS_OK) {
        status = exposure_keep(&books, &exposure, customer->id);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = customer->id;
    reply->number = customer_number(&books, customer);
    reply->version = customer->version;
    call_about(call, customer->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
