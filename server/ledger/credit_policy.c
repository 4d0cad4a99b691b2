// SPDX-License-Identifier: Apache-2.0
// Policies: what stops a document, for the whole book or for the customers of a class.
#include "server/ledger/control.h"
#include "server/ledger/customer.h"
#include "server/ledger/exposure.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

// The row of that class itself; NULL when it has none.
static enum status find_own(struct txn *txn, const char *class, uint64_t *id, PolicyRecord **out,
                            size_t *count)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    *id = 0;
    *out = NULL;
    *count = 0;
    enum status status = rows_open(txn, TABLE_credit_policy, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        *count += status == STATUS_OK;
        if (status == STATUS_OK && strcmp(((PolicyRecord *)row)->class_, class) == 0) {
            *id = row_key_first(&key);
            *out = (PolicyRecord *)row;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static bool looks(CreditCheck check)
{
    return check == CREDIT_CHECK__CREDIT_CHECK_WARN || check == CREDIT_CHECK__CREDIT_CHECK_BLOCK;
}

// The answer to "how much, when nobody said" must be given by who lets limits stop documents.
static enum status check_asked(struct books *books, const CreditPolicy *request)
{
    if (request->credit_limit_minor != 0 && request->credit != CREDIT_MODE__CREDIT_MODE_UNSET &&
        request->credit != CREDIT_MODE__CREDIT_MODE_LIMIT) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "credit_limit", NULL, NULL);
    }
    if (request->credit_limit_minor > AMOUNT_MAX) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "credit_limit", NULL, NULL);
    }
    if (!request->remove && request->check == CREDIT_CHECK__CREDIT_CHECK_UNSET) {
        return books_refuse(books, STATUS_FIELD_MISSING, "check", NULL, NULL);
    }
    if (looks(request->check) && request->credit == CREDIT_MODE__CREDIT_MODE_UNSET &&
        request->credit_limit_minor == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "credit", NULL, NULL);
    }
    return STATUS_OK;
}

static const char *check_word(CreditCheck check)
{
    switch ((int)check) {
    case CREDIT_CHECK__CREDIT_CHECK_WARN:
        return "warn";
    case CREDIT_CHECK__CREDIT_CHECK_BLOCK:
        return "block";
    case CREDIT_CHECK__CREDIT_CHECK_UNSET:
    case CREDIT_CHECK__CREDIT_CHECK_OFF:
    case _CREDIT_CHECK_IS_INT_SIZE:
    default:
        return "off";
    }
}

static void fill(struct call *call, const CreditPolicy *request, PolicyRecord *policy)
{
    policy_record__init(policy);
    policy->class_ = request->class_;
    policy->check = request->check;
    policy->credit =
        request->credit == CREDIT_MODE__CREDIT_MODE_UNSET && request->credit_limit_minor != 0
            ? CREDIT_MODE__CREDIT_MODE_LIMIT
            : request->credit;
    policy->credit_limit_minor = request->credit_limit_minor;
    policy->orders = request->orders;
    policy->uncleared = request->uncleared;
    policy->gross = request->gross;
    policy->guarantees = request->guarantees;
    policy->overdue = request->overdue;
    policy->overdue_days = request->overdue_days;
    policy->overdue_over_minor = request->overdue_over_minor;
    policy->dunning_level = request->dunning_level;
    policy->floor = request->floor;
    policy->suggest_max_minor = request->suggest_max_minor;
    policy->changed_by = call->user_id;
    policy->changed_us = call->instant_us;
}

// What all customers of a class may owe, before and after; the book's policy stands in for a class
// without one.
static enum status check_control(struct books *books, const CreditPolicy *request,
                                 const PolicyRecord *after)
{
    PolicyRecord *before = NULL;
    PolicyRecord *book = NULL;
    enum status status = exposure_policy(books->txn, books->arena, request->class_, &before, NULL);
    if (status == STATUS_OK) {
        status = exposure_policy(books->txn, books->arena, "", &book, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const int64_t grants = !request->remove             ? customer_credit_of_policy(after)
                           : request->class_[0] == '\0' ? INT64_MAX
                                                        : customer_credit_of_policy(book);
    if (grants <= customer_credit_of_policy(before)) {
        control_pass(books->call);
        return STATUS_OK;
    }
    return control_check(books->txn, books->call, CONTROL_CREDIT_LIMIT, grants);
}

enum status credit_policy(struct txn *txn, struct call *call, const CreditPolicy *request,
                          CreditPolicyReply *reply)
{
    struct books books;
    uint64_t id = 0;
    size_t count = 0;
    PolicyRecord *before = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = find_own(txn, request->class_, &id, &before, &count);
    }

    if (status == STATUS_OK) {
        status = check_asked(&books, request);
    }
    if (status == STATUS_OK && request->remove && before == NULL) {
        status = books_refuse(&books, STATUS_NOT_FOUND, "class", request->class_, NULL);
    }
    if (status == STATUS_OK && before == NULL && count >= CREDIT_POLICIES_MAX) {
        status = books_refuse(&books, STATUS_TOO_LARGE, "class", NULL, NULL);
    }
    PolicyRecord after;
    fill(call, request, &after);
    if (status == STATUS_OK) {
        status = check_control(&books, request, &after);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (id == 0) {
        id = request->class_[0] == '\0' ? POLICY_BOOK_KEY : call_new_id(call);
    }
    call_note_change(call, id, request->class_[0] == '\0' ? "policy" : request->class_,
                     before != NULL ? check_word(before->check) : "",
                     request->remove ? "" : check_word(after.check));
    status = request->remove ? rows_del(txn, TABLE_credit_policy, key_u64(id))
                             : credit_policy_put(txn, key_u64(id), &after);

    reply->class_ = request->class_;
    reply->check = after.check;
    call_about(call, id, request->class_[0] == '\0' ? "book" : request->class_);
    return status;
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *out)
{
    (void)call;
    const PolicyRecord *policy = (const PolicyRecord *)record;
    CreditPolicyRow *row = (CreditPolicyRow *)out;
    row->class_ = policy->class_;
    row->check = policy->check;
    row->credit = policy->credit;
    row->credit_limit_minor = policy->credit_limit_minor;
    row->orders = policy->orders;
    row->uncleared = policy->uncleared;
    row->gross = policy->gross;
    row->guarantees = policy->guarantees;
    row->overdue = policy->overdue;
    row->overdue_days = policy->overdue_days;
    row->overdue_over_minor = policy->overdue_over_minor;
    row->dunning_level = policy->dunning_level;
    row->floor = policy->floor;
    row->suggest_max_minor = policy->suggest_max_minor;
    row->changed_us = policy->changed_us;
    return reading_login(txn, policy->changed_by, &row->changed_by);
}

enum status credit_policies(struct txn *txn, struct call *call, const CreditPolicies *request,
                            CreditPoliciesReply *reply)
{
    (void)request;
    struct row_page page = {
        .table = TABLE_credit_policy,
        .descriptor = &credit_policy_row__descriptor,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, "", CREDIT_POLICIES_MAX, &page);
    reply->row = (CreditPolicyRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
