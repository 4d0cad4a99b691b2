// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/customer.h"

#include "server/ledger/control.h"
#include "server/ledger/exposure.h"
#include "server/ledger/numbering.h"
#include "server/ledger/permit.h"
#include "server/ledger/rate.h"

static const struct personal_field PERSONAL[] = {
    {2, "name", false},          {3, "company", true},       {4, "phone", true},
    {5, "email", true},          {6, "address", true},       {7, "tax_id", true},
    {16, "notes", true},         {17, "contact_name", true}, {18, "contact_position", true},
    {19, "contact_phone", true}, {20, "reference", true},
};

const struct personal_field *personal_field_at(size_t index)
{
    return index < COUNT_OF(PERSONAL) ? &PERSONAL[index] : NULL;
}

const struct personal_field *personal_field_of(uint32_t number)
{
    for (size_t i = 0; i < COUNT_OF(PERSONAL); i++) {
        if (PERSONAL[i].number == number) {
            return &PERSONAL[i];
        }
    }
    return NULL;
}

char *customer_number(struct books *books, const CustomerRecord *customer)
{
    return ident_print(books->arena, SERIES_CUSTOMER, 0, customer->sequence);
}

// The owner of a customer must be somebody who can act.
enum status customer_check_owner(struct books *books, uint64_t owner_id)
{
    if (owner_id == 0) {
        return STATUS_OK;
    }
    UserRecord *owner;
    enum status status = user_get(books->txn, key_u64(owner_id), &owner);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, "owner", NULL, NULL);
    }
    if (status == STATUS_OK && owner->state == USER_STATE__USER_STATE_DISABLED) {
        return books_refuse(books, STATUS_USER_DISABLED, "owner", NULL, NULL);
    }
    return status;
}

// Each unique value of the request is free, or `own_id`'s own. All that are taken are reported.
enum status customer_check_unique(struct books *books, UniqueHash *const *unique, size_t count,
                                  uint64_t own_id)
{
    enum status refused = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        const struct personal_field *field = personal_field_of(unique[i]->field);
        if (field == NULL || unique[i]->hash.len != 16) {
            return books_refuse(books, STATUS_MALFORMED, "unique", NULL, NULL);
        }
        uint64_t taken = 0;
        enum status status = books_unique(books, unique[i]->hash, &taken);
        if (status != STATUS_OK) {
            return status;
        }
        if (taken != 0 && taken != own_id) {
            status = books_refuse_taken(books, taken, STATUS_FIELD_NOT_UNIQUE, field->name, NULL);
            if (books->refused == STATUS_OK) {
                return status;
            }
            refused = status;
        }
    }
    return refused;
}

// Cash only has no limit above it, unlimited none at all.
enum status customer_check_credit(struct books *books, CreditMode mode, int64_t limit_minor)
{
    bool limited = mode == CREDIT_MODE__CREDIT_MODE_LIMIT || mode == CREDIT_MODE__CREDIT_MODE_UNSET;
    if (limit_minor != 0 && !limited) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "credit_limit", NULL, NULL);
    }
    if (limit_minor > AMOUNT_MAX) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "credit_limit", NULL, NULL);
    }
    return STATUS_OK;
}

// Credit as an amount, for comparing. What the class of the customer grants is not known here: it
// counts as nothing where it was, and as more than any limit where it comes.
static int64_t credit_measure(CreditMode mode, int64_t limit_minor, int64_t unset_minor)
{
    switch ((int)mode) {
    case CREDIT_MODE__CREDIT_MODE_CASH:
        return 0;
    case CREDIT_MODE__CREDIT_MODE_LIMIT:
        return limit_minor;
    case CREDIT_MODE__CREDIT_MODE_UNLIMITED:
        return INT64_MAX;
    case CREDIT_MODE__CREDIT_MODE_UNSET:
    case _CREDIT_MODE_IS_INT_SIZE:
    default:
        return unset_minor;
    }
}

int64_t customer_credit_granted(const CustomerRecord *customer)
{
    return credit_measure(customer->credit, customer->credit_limit_minor, 0);
}

int64_t customer_credit_of_policy(const PolicyRecord *policy)
{
    return policy->check == CREDIT_CHECK__CREDIT_CHECK_BLOCK
               ? credit_measure(policy->credit, policy->credit_limit_minor, INT64_MAX)
               : INT64_MAX;
}

// What another class grants: more than the one before, or nothing.
static enum status class_raise(struct books *books, const CustomerRecord *before,
                               const CustomerRecord *after, int64_t *out)
{
    PolicyRecord *was = NULL;
    PolicyRecord *will = NULL;
    *out = 0;
    if (strcmp(before->class_, after->class_) == 0) {
        return STATUS_OK;
    }
    enum status status = exposure_policy(books->txn, books->arena, before->class_, &was, NULL);
    if (status == STATUS_OK) {
        status = exposure_policy(books->txn, books->arena, after->class_, &will, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const int64_t had = customer_credit_of_policy(was);
    const int64_t grants = customer_credit_of_policy(will);
    *out = grants > had ? grants : 0;
    return STATUS_OK;
}

enum status customer_credit_raise(struct books *books, const CustomerRecord *before,
                                  const CustomerRecord *after, int64_t *out)
{
    int64_t by_class = 0;
    const enum status status = class_raise(books, before, after, &by_class);
    const int64_t was = credit_measure(before->credit, before->credit_limit_minor, 0);
    const int64_t will = credit_measure(after->credit, after->credit_limit_minor, INT64_MAX - 1);
    const bool stays =
        after->credit == before->credit && after->credit_limit_minor == before->credit_limit_minor;
    *out = stays || will <= was ? 0 : will;
    *out = by_class > *out ? by_class : *out;
    return status;
}

enum status customer_control_credit(struct books *books, const CustomerRecord *before,
                                    const CustomerRecord *after)
{
    int64_t raise_minor = 0;
    const enum status status = customer_credit_raise(books, before, after, &raise_minor);
    if (status != STATUS_OK) {
        return status;
    }
    if (raise_minor == 0) {
        control_pass(books->call);
        return STATUS_OK;
    }
    return control_check(books->txn, books->call, CONTROL_CREDIT_LIMIT, raise_minor);
}

CreditMode customer_credit_mode(CreditMode asked, int64_t limit_minor)
{
    bool implied = asked == CREDIT_MODE__CREDIT_MODE_UNSET && limit_minor != 0;
    return implied ? CREDIT_MODE__CREDIT_MODE_LIMIT : asked;
}

enum status customer_make(struct books *books, const CustomerAdd *request, CustomerRecord **out)
{
    CustomerRecord *customer = arena_alloc(books->arena, sizeof *customer);
    if (customer == NULL) {
        return STATUS_TOO_LARGE;
    }
    customer_record__init(customer);
    customer->id = call_new_id(books->call);
    customer->kind = request->kind;
    customer->vault_id = request->vault_id;
    customer->n_sealed = request->n_sealed;
    customer->sealed = request->sealed;
    customer->n_unique = request->n_unique;
    customer->unique = request->unique;
    customer->industry = request->industry;
    customer->region = request->region;
    customer->class_ = request->class_;
    customer->n_tag = request->n_tag;
    customer->tag = request->tag;
    customer->owner_id = request->owner_id != 0 ? request->owner_id : books->call->user_id;
    customer->terms = request->terms;
    customer->currency = rate_currency(books, request->currency);
    customer->credit = customer_credit_mode(request->credit, request->credit_limit_minor);
    customer->credit_limit_minor = request->credit_limit_minor;
    customer->state = CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE;
    customer->version = 1;
    customer->added_us = books->call->instant_us;
    customer->added_by = books->call->user_id;

    enum status status = permit_add(books, request, customer);
    if (status == STATUS_OK) {
        status = customer_check_unique(books, request->unique, request->n_unique, 0);
    }
    if (status == STATUS_OK) {
        status = customer_check_owner(books, request->owner_id);
    }
    if (status == STATUS_OK) {
        status = customer_check_credit(books, request->credit, request->credit_limit_minor);
    }
    if (status == STATUS_OK) {
        status = permit_credit(books, customer, NULL);
    }
    *out = customer;
    return status;
}

enum status customer_keep(struct books *books, CustomerRecord *customer)
{
    struct call *call = books->call;
    const bool is_new = customer->changed_in == 0;
    const uint64_t newest = call_chain(call, customer->id, customer->changed_in);
    customer->changed_in = is_new ? call->number : newest;
    return customer_put(books->txn, key_u64(customer->id), customer);
}

enum status customer_enter(struct books *books, CustomerRecord *customer)
{
    enum status status = numbering_next(books, SERIES_CUSTOMER, 0, &customer->sequence);
    if (status == STATUS_OK) {
        status = customer_keep(books, customer);
    }
    for (size_t i = 0; status == STATUS_OK && i < customer->n_unique; i++) {
        status = books_keep_unique(books, customer->unique[i]->hash, customer->id);
    }
    return status;
}

enum status customer_add(struct txn *txn, struct call *call, const CustomerAdd *request,
                         CustomerAddReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = customer_make(&books, request, &customer);
    }

    if (status == STATUS_OK) {
        status = rows_may_put(txn, TABLE_customer, key_u64(0), &customer->base);
        if (status == STATUS_SCOPE_DENIED) {
            status = books_refuse(&books, status, "owner", NULL, NULL);
        }
    }
    if (status == STATUS_OK) {
        CustomerRecord nobody;
        customer_record__init(&nobody);
        status = customer_control_credit(&books, &nobody, customer);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = customer_enter(&books, customer);
    if (status == STATUS_OK) {
        status = books_close(&books);
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

const char *customer_state_word(CustomerState state)
{
    switch (state) {
    case CUSTOMER_STATE__CUSTOMER_STATE_ARCHIVED:
        return "archived";
    case CUSTOMER_STATE__CUSTOMER_STATE_ERASED:
        return "erased";
    case CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE:
    case CUSTOMER_STATE__CUSTOMER_STATE_UNSET:
    case _CUSTOMER_STATE_IS_INT_SIZE:
    default:
        return "active";
    }
}

enum status customer_mark(struct books *books, CustomerRecord *customer,
                          const struct customer_mark *mark, CustomerStateReply *reply)
{
    call_note_change(books->call, customer->id, mark->field, mark->before, mark->after);
    call_note_change(books->call, customer->id, "reason", "", mark->reason);
    customer->version++;
    const enum status status = customer_keep(books, customer);

    char *number = customer_number(books, customer);
    reply->id = customer->id;
    reply->number = number != NULL ? number : reply->number;
    reply->version = customer->version;
    reply->state = customer->state;
    call_about(books->call, customer->id, reply->number);
    return status;
}

static enum status change_state(struct books *books, CustomerRecord *customer, CustomerState state,
                                const char *reason, CustomerStateReply *reply)
{
    const struct customer_mark mark = {"state", customer_state_word(customer->state),
                                       customer_state_word(state), reason};
    customer->state = state;
    return customer_mark(books, customer, &mark, reply);
}

enum status customer_check_settled(struct books *books, uint64_t customer_id)
{
    struct row_key key;
    ProtobufCMessage *row;
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status =
        rows_open(books->txn, TABLE_open_item, key_u64_u64(customer_id, 0), 8, false, &rows);
    if (status == STATUS_OK) {
        status = rows_next(rows, &key, &row);
    }
    if (status == STATUS_OK) {
        return books_refuse(books, STATUS_CUSTOMER_HAS_OPEN, "customer", NULL, NULL);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status customer_archive(struct txn *txn, struct call *call, const CustomerArchive *request,
                             CustomerStateReply *reply)
{
    const CustomerState state = CUSTOMER_STATE__CUSTOMER_STATE_ARCHIVED;
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_known_customer(&books, request->customer_id, "customer", &customer);
    }

    if (status == STATUS_OK && customer->state == state) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "customer", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = customer_check_settled(&books, customer->id);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return change_state(&books, customer, state, request->reason, reply);
}

enum status customer_restore(struct txn *txn, struct call *call, const CustomerRestore *request,
                             CustomerStateReply *reply)
{
    const CustomerState state = CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE;
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_known_customer(&books, request->customer_id, "customer", &customer);
    }

    if (status == STATUS_OK && customer->state == state) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "customer", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return change_state(&books, customer, state, request->reason, reply);
}
