// SPDX-License-Identifier: Apache-2.0
// The catalogue of ways of paying: what is said of one, from which day on.
#include "server/ledger/method.h"
#include "server/ledger/reading.h"
#include "shared/fields.h"
#include "shared/text.h"

// ---- what is said ----

static enum status check_terms(struct books *books, PaymentMethod kind, const char *account,
                               uint64_t bank_id, struct method_terms *terms)
{
    BankRecord *bank = NULL;
    enum status status = receipt_account(books, kind, account, &kind, &terms->account);

    const struct {
        const char *field;
        int64_t minor;
    } amounts[] = {{"fixed", terms->fixed_minor}, {"cap", terms->cap_minor}};

    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(amounts); i++) {
        if (amounts[i].minor < 0) {
            status = books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, amounts[i].field, NULL, NULL);
        } else if (amounts[i].minor > AMOUNT_MAX) {
            status = books_refuse(books, STATUS_AMOUNT_OVERFLOW, amounts[i].field, NULL, NULL);
        }
    }
    if (status == STATUS_OK && bank_id != 0) {
        status = bank_get(books->txn, key_u64(bank_id), &bank);
        status =
            status == STATUS_NOT_FOUND ? books_refuse(books, status, "bank", NULL, NULL) : status;
    }
    // What is on the bank account at once does not arrive there later.
    if (status == STATUS_OK && terms->settle_days > 0 && bank != NULL &&
        bank->account == terms->account) {
        status = books_refuse(books, STATUS_FIELD_CONFLICT, "bank", NULL, NULL);
    }
    terms->bank = bank != NULL ? bank->account : 0;
    terms->changed_us = books->call->instant_us;
    terms->changed_by = books->call->user_id;
    return status;
}

static void tell_change(struct books *books, uint64_t key, const struct method_terms *before,
                        const struct method_terms *after)
{
    const struct {
        const char *field;
        int64_t old, new;
    } FIELDS[] = {
        {"account", before->account, after->account},
        {"fee", before->fee_bp, after->fee_bp},
        {"fixed", before->fixed_minor, after->fixed_minor},
        {"settle_days", before->settle_days, after->settle_days},
        {"bank", before->bank, after->bank},
        {"cap", before->cap_minor, after->cap_minor},
        {"auto_after", before->auto_after, after->auto_after},
    };

    for (size_t i = 0; i < COUNT_OF(FIELDS); i++) {
        call_note_change(books->call, key, FIELDS[i].field,
                         arena_print(books->arena, "%lld", (long long)FIELDS[i].old),
                         arena_print(books->arena, "%lld", (long long)FIELDS[i].new));
    }
}

// What holds ever since, unless something later does.
static void say_always(const struct method_terms *terms, MethodRecord *method)
{
    method->account = terms->account;
    method->fee_bp = terms->fee_bp;
    method->fixed_minor = terms->fixed_minor;
    method->cap_minor = terms->cap_minor;
    method->settle_days = terms->settle_days;
    method->bank = terms->bank;
    method->auto_after = terms->auto_after;
    method->changed_us = terms->changed_us;
    method->changed_by = terms->changed_by;
}

static void say_later(const struct method_terms *terms, MethodTermsRecord *later)
{
    later->from_day = terms->from_day;
    later->account = terms->account;
    later->fee_bp = terms->fee_bp;
    later->fixed_minor = terms->fixed_minor;
    later->cap_minor = terms->cap_minor;
    later->settle_days = terms->settle_days;
    later->bank = terms->bank;
    later->auto_after = terms->auto_after;
    later->changed_us = terms->changed_us;
    later->changed_by = terms->changed_by;
}

// Where terms of that day stand among those of the method, or would.
static size_t place_of(const MethodRecord *method, int32_t from_day, bool *is_there)
{
    size_t at = 0;
    while (at < method->n_terms && method->terms[at]->from_day < from_day) {
        at++;
    }
    *is_there = at < method->n_terms && method->terms[at]->from_day == from_day;
    return at;
}

static enum status keep_terms(struct books *books, MethodRecord *method,
                              const struct method_terms *terms)
{
    bool is_there = false;
    if (terms->from_day == 0) {
        say_always(terms, method);
        return STATUS_OK;
    }
    const size_t at = place_of(method, terms->from_day, &is_there);
    if (!is_there) {
        MethodTermsRecord **grown =
            arena_alloc(books->arena, (method->n_terms + 1) * sizeof(MethodTermsRecord *));
        MethodTermsRecord *later = arena_alloc(books->arena, sizeof *later);
        if (grown == NULL || later == NULL) {
            return STATUS_TOO_LARGE;
        }
        method_terms_record__init(later);
        for (size_t i = 0; i < method->n_terms; i++) {
            grown[i < at ? i : i + 1] = method->terms[i];
        }
        grown[at] = later;
        method->terms = grown;
        method->n_terms++;
    }
    say_later(terms, method->terms[at]);
    return STATUS_OK;
}

static void drop_terms(MethodRecord *method, size_t at)
{
    method->n_terms--;
    for (size_t i = at; i < method->n_terms; i++) {
        method->terms[i] = method->terms[i + 1];
    }
}

static enum status put(struct books *books, const MethodRecord *method)
{
    return method_put(books->txn, key_u64(method_key(method)), method);
}

static enum status set_reply(struct books *books, const MethodRecord *method, uint32_t account,
                             int32_t from_day, MethodSetReply *reply)
{
    reply->id = method->id;
    reply->name = method->name;
    reply->method = method->method;
    reply->from_day = from_day;
    reply->account = account != 0 ? arena_print(books->arena, "%u", account) : reading_constant("");
    call_about(books->call, method_key(method), method->name);
    return reply->account != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- commands ----

// The words of the kinds are no names.
static enum status refuse_name(struct books *books, const char *name)
{
    ProtobufCMessage *known = NULL;
    int kind = 0;
    enum status status =
        books_same_name(books, TABLE_method, offsetof(MethodRecord, name), name, &known);
    const char *folded = text_fold(books->arena, name);
    if (folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    const bool is_kind = field_choice_value(&payment_method__descriptor, folded, &kind);
    return status == STATUS_OK && (known != NULL || is_kind)
               ? books_refuse(books, STATUS_METHOD_EXISTS, "name", name, NULL)
               : status;
}

static enum status refuse_too_many(struct books *books)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    size_t count = 0;
    enum status status = rows_open(books->txn, TABLE_method, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        count += status == STATUS_OK ? 1 : 0;
    }
    if (status != STATUS_END) {
        return status;
    }
    return count < METHODS_MAX ? STATUS_OK
                               : books_refuse(books, STATUS_TOO_LARGE, "name", NULL, NULL);
}

enum status method_add(struct txn *txn, struct call *call, const MethodAdd *request,
                       MethodSetReply *reply)
{
    struct books books;
    struct method_terms terms = {.from_day = request->from_day,
                                 .fee_bp = request->fee_bp,
                                 .fixed_minor = request->fixed_minor,
                                 .cap_minor = request->cap_minor,
                                 .settle_days = request->settle_days,
                                 .auto_after = request->auto_after};
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = refuse_name(&books, request->name);
    }
    if (status == STATUS_OK) {
        status = refuse_too_many(&books);
    }
    if (status == STATUS_OK) {
        status = check_terms(&books, request->kind, request->account, request->bank_id, &terms);
    }
    if (status != STATUS_OK) {
        return status;
    }

    MethodRecord method;
    method_record__init(&method);
    method.id = call_new_id(call);
    method.name = request->name;
    method.method = request->kind;
    status = keep_terms(&books, &method, &terms);
    if (status == STATUS_OK) {
        status = put(&books, &method);
    }

    return status == STATUS_OK ? set_reply(&books, &method, terms.account, terms.from_day, reply)
                               : status;
}

// What is said from that day on is said no more; of a kind without a day, nothing is.
static enum status set_off(struct books *books, MethodRecord *method, const MethodSet *request,
                           MethodSetReply *reply)
{
    bool is_there = method != NULL && request->from_day == 0 && method->id == 0;
    const size_t at = method != NULL && request->from_day != 0
                          ? place_of(method, request->from_day, &is_there)
                          : 0;
    if (!is_there) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, "method", NULL, NULL);
    }

    struct method_terms before = method_terms_on(method, request->from_day);
    enum status status = STATUS_OK;
    if (request->from_day == 0) {
        status = rows_del(books->txn, TABLE_method, key_u64(method_key(method)));
        tell_change(books, method_key(method), &before, &(struct method_terms){0});
    } else {
        drop_terms(method, at);
        const struct method_terms after = method_terms_on(method, request->from_day);
        tell_change(books, method_key(method), &before, &after);
        status = put(books, method);
    }

    reply->off = true;
    return status == STATUS_OK ? set_reply(books, method, 0, request->from_day, reply) : status;
}

// Who says nothing of a day means ever since: what holds from later days on must not be passed
// over.
static enum status check_day(struct books *books, const MethodRecord *method,
                             const MethodSet *request)
{
    if (method == NULL || method->n_terms == 0) {
        return STATUS_OK;
    }
    if (request->from_day == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "from", NULL, NULL);
    }
    return method->n_terms < METHOD_TERMS_MAX
               ? STATUS_OK
               : books_refuse(books, STATUS_TOO_LARGE, "from", NULL, NULL);
}

static MethodRecord *make_kind(struct books *books, PaymentMethod kind)
{
    MethodRecord *method = arena_alloc(books->arena, sizeof *method);
    if (method != NULL) {
        method_record__init(method);
        method->method = kind;
    }
    return method;
}

enum status method_set(struct txn *txn, struct call *call, const MethodSet *request,
                       MethodSetReply *reply)
{
    struct books books;
    MethodRecord *method = NULL;
    struct method_terms terms = {.from_day = request->from_day,
                                 .fee_bp = request->fee_bp,
                                 .fixed_minor = request->fixed_minor,
                                 .cap_minor = request->cap_minor,
                                 .settle_days = request->settle_days,
                                 .auto_after = request->auto_after};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = method_load(&books, request->method, request->method_id, &method);
    }

    if (status == STATUS_OK && request->off) {
        return set_off(&books, method, request, reply);
    }
    if (status == STATUS_OK) {
        status = check_day(&books, method, request);
    }
    if (status == STATUS_OK) {
        status = check_terms(&books, method != NULL ? method->method : request->method,
                             request->account, request->bank_id, &terms);
    }
    method = method != NULL || status != STATUS_OK ? method : make_kind(&books, request->method);
    if (status != STATUS_OK || method == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }

    const struct method_terms before = method_terms_on(method, request->from_day);
    tell_change(&books, method_key(method), &before, &terms);
    status = keep_terms(&books, method, &terms);
    if (status == STATUS_OK) {
        status = put(&books, method);
    }

    return status == STATUS_OK ? set_reply(&books, method, terms.account, terms.from_day, reply)
                               : status;
}

// Out of use, or in use again.
static enum status use(struct txn *txn, struct call *call, PaymentMethod kind, uint64_t id,
                       bool retires, MethodReply *reply)
{
    struct books books;
    MethodRecord *method = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = method_find(txn, kind, id, &method);
    }

    if (status == STATUS_OK && id != 0 && (method == NULL || method->id != id)) {
        status = books_refuse(&books, STATUS_NOT_FOUND, "method", NULL, NULL);
    }
    const bool is_retired = method != NULL && method->retired_us != 0;
    if (status == STATUS_OK && is_retired == retires) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "method", NULL, NULL);
    }
    method = method != NULL || status != STATUS_OK ? method : make_kind(&books, kind);
    if (status != STATUS_OK || method == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }

    method->retired_us = retires ? call->instant_us : 0;
    call_note_change(call, method_key(method), "retired", retires ? "false" : "true",
                     retires ? "true" : "false");
    status = put(&books, method);

    reply->id = method->id;
    reply->name = method->name;
    reply->method = method->method;
    reply->retired = retires;
    call_about(call, method_key(method), method->name);
    return status;
}

enum status method_retire(struct txn *txn, struct call *call, const MethodRetire *request,
                          MethodReply *reply)
{
    return use(txn, call, request->method, request->method_id, true, reply);
}

enum status method_restore(struct txn *txn, struct call *call, const MethodRestore *request,
                           MethodReply *reply)
{
    return use(txn, call, request->method, request->method_id, false, reply);
}
