// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/issued.h"

#include "server/ledger/finding.h"
#include "server/ledger/numbering.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/digest.h"
#include "shared/wire.h"

// Statements of account under a number (domain.md d.10): issued, answered by the customer, listed.
// What is kept is what the figures rest on, and what the books do not keep: the customer's name and
// the firm's bank as they were, and the hash of the content that was looked at.

#define DAY_US ((int64_t)86400 * 1000000)

char *issued_number(struct arena *arena, const IssuedRecord *issued)
{
    return ident_print(arena, SERIES_STATEMENT, issued->year, issued->sequence);
}

uint64_t issued_before_id(uint64_t records)
{
    return (records + 1) << 8;
}

static enum status load_issued(struct books *books, uint64_t id, IssuedRecord **out)
{
    enum status status = issued_get(books->txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? books_refuse(books, status, "statement", NULL, NULL)
                                      : status;
}

static enum status issued_reply(struct call *call, const IssuedRecord *issued,
                                StatementIssueReply *reply)
{
    reply->id = issued->id;
    reply->number = issued_number(call->arena, issued);
    reply->state = issued->state;
    call_about(call, issued->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- issue ----

static int digit_of(char c)
{
    static const char DIGITS[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(DIGITS, c);
    return at == NULL ? -1 : (int)(at - DIGITS);
}

// 64 digits, or nothing.
static enum status parse_hash(struct books *books, const char *text, ProtobufCBinaryData *out)
{
    if (text[0] == '\0') {
        return STATUS_OK;
    }
    uint8_t *hash = arena_alloc(books->arena, KEY_BYTES);
    if (hash == NULL) {
        return STATUS_TOO_LARGE;
    }
    bool is_hash = strlen(text) == 2 * KEY_BYTES;
    for (size_t i = 0; is_hash && i < KEY_BYTES; i++) {
        int high = digit_of(text[2 * i]);
        int low = digit_of(text[2 * i + 1]);
        is_hash = high >= 0 && low >= 0;
        hash[i] = is_hash ? (uint8_t)(high << 4 | low) : 0;
    }
    if (!is_hash) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "hash", NULL, NULL);
    }
    *out = (ProtobufCBinaryData){.len = KEY_BYTES, .data = hash};
    return STATUS_OK;
}

// A statement that was looked at is of that state of the books; the name that is kept must be of it
// too.
static enum status check_basis(struct books *books, const StatementIssue *request,
                               const CustomerRecord *customer, const IssuedRecord *issued)
{
    if (issued->to_day > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "to", NULL, NULL);
    }
    if (issued->from_day > issued->to_day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "from", NULL, NULL);
    }
    if (request->hash[0] != '\0' && request->sequence == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "sequence", NULL, NULL);
    }
    if (request->sequence > txn_head(books->txn)->tree.size) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "sequence", NULL, NULL);
    }
    if (request->sequence != 0 && customer->changed_in > request->sequence) {
        return books_refuse(books, STATUS_STATEMENT_CHANGED, "sequence", NULL, NULL);
    }
    return STATUS_OK;
}

// The name alone: nothing else personal stands on a statement.
static enum status keep_name(struct arena *arena, const CustomerRecord *customer,
                             IssuedRecord *issued)
{
    uint32_t field = rows_sealed_field("name");
    issued->vault_id = customer->vault_id;
    issued->sealed = arena_alloc(arena, (customer->n_sealed + 1) * sizeof *issued->sealed);
    if (issued->sealed == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < customer->n_sealed; i++) {
        if (customer->sealed[i]->field == field) {
            issued->sealed[issued->n_sealed++] = customer->sealed[i];
        }
    }
    return STATUS_OK;
}

static enum status make_issued(struct books *books, const StatementIssue *request,
                               const CustomerRecord *customer, IssuedRecord **out)
{
    struct call *call = books->call;
    IssuedRecord *issued = (IssuedRecord *)wire_make(books->arena, &issued_record__descriptor);
    uint8_t *root = arena_alloc(books->arena, LEAF_BYTES);
    if (issued == NULL || root == NULL) {
        return STATUS_TOO_LARGE;
    }
    const struct tree *tree = &txn_head(books->txn)->tree;
    tree_root(tree, root);
    issued->state = STATEMENT_STATE__STATEMENT_STATE_ISSUED;
    issued->customer_id = request->customer_id;
    issued->form = request->form != STATEMENT_FORM__STATEMENT_FORM_UNSET
                       ? request->form
                       : STATEMENT_FORM__STATEMENT_FORM_BALANCE;
    issued->from_day = request->from_day;
    issued->to_day = request->to_day != 0 ? request->to_day : call->book_day;
    issued->records = request->sequence != 0 ? request->sequence : tree->size;
    issued->root = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = root};
    issued->root_records = tree->size;
    issued->bank_name = books->record->bank_name;
    issued->bank_holder = books->record->bank_holder;
    issued->bank_account = books->record->bank_account;
    issued->footer = books->record->footer;
    issued->issued_us = call->instant_us;
    issued->issued_by = call->user_id;
    issued->year = books_year(call->book_day);
    issued->currency = request->currency[0] != '\0' ? request->currency : customer->currency;
    *out = issued;
    return STATUS_OK;
}

enum status statement_issue(struct txn *txn, struct call *call, const StatementIssue *request,
                            StatementIssueReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    IssuedRecord *issued = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = make_issued(&books, request, customer, &issued);
    }

    if (status == STATUS_OK) {
        status = check_basis(&books, request, customer, issued);
    }
    if (status == STATUS_OK) {
        status = parse_hash(&books, request->hash, &issued->hash);
    }
    if (status == STATUS_OK) {
        status = keep_name(call->arena, customer, issued);
    }
    if (status != STATUS_OK) {
        return status;
    }

    issued->id = call_new_id(call);
    status = numbering_next(&books, SERIES_STATEMENT, issued->year, &issued->sequence);
    if (status == STATUS_OK) {
        status = issued_put(txn, key_u64(issued->id), issued);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? issued_reply(call, issued, reply) : status;
}

// ---- what the customer answered ----

// A balance that is disputed is a finding: somebody has to find out who is right.
static enum status raise_finding(struct books *books, const IssuedRecord *issued,
                                 const StatementReply *request, FindingRecord **out)
{
    FindingRecord *finding = (FindingRecord *)wire_make(books->arena, &finding_record__descriptor);
    char *number = issued_number(books->arena, issued);
    char *title = number == NULL
                      ? NULL
                      : arena_print(books->arena, "%s: the customer disputes the balance", number);
    char *notes = request->theirs_minor == 0
                      ? request->reason
                      : arena_print(books->arena, "%s (%s)", request->reason,
                                    rate_print(books, issued->currency, request->theirs_minor));
    if (finding == NULL || title == NULL || notes == NULL) {
        return STATUS_TOO_LARGE;
    }
    finding->title = title;
    finding->notes = notes;
    finding->object = number;
    finding->user_id = issued->issued_by;
    finding->weight = FINDING_WEIGHT__FINDING_WEIGHT_MEDIUM;
    *out = finding;
    return finding_open(books, finding);
}

static enum status check_reply(struct books *books, const IssuedRecord *issued, int32_t day)
{
    if (issued->state == STATEMENT_STATE__STATEMENT_STATE_AGREED) {
        return books_refuse(books, STATUS_STATEMENT_AGREED, "statement", NULL, NULL);
    }
    if (day > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", NULL, NULL);
    }
    if (day < issued->to_day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "date", books_day(books, day),
                            books_day(books, issued->to_day));
    }
    return STATUS_OK;
}

enum status statement_reply(struct txn *txn, struct call *call, const StatementReply *request,
                            StatementIssueReply *reply)
{
    struct books books;
    IssuedRecord *issued = NULL;
    FindingRecord *finding = NULL;
    int32_t day = request->date_day != 0 ? request->date_day : call->book_day;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_issued(&books, request->statement_id, &issued);
    }

    if (status == STATUS_OK && (request->theirs_minor != 0 || request->currency[0] != '\0')) {
        status = rate_same(&books, request->currency, issued->currency);
    }
    if (status == STATUS_OK) {
        status = check_reply(&books, issued, day);
    }
    if (status != STATUS_OK) {
        return status;
    }

    issued->state = request->agreed ? STATEMENT_STATE__STATEMENT_STATE_AGREED
                                    : STATEMENT_STATE__STATEMENT_STATE_DISPUTED;
    issued->replied_day = day;
    issued->reason = request->reason;
    issued->theirs_minor = request->theirs_minor;
    if (!request->agreed) {
        status = raise_finding(&books, issued, request, &finding);
    }
    if (status == STATUS_OK && finding != NULL) {
        issued->finding_id = finding->id;
        status = finding_put(txn, key_u64(finding->id), finding);
    }
    if (status == STATUS_OK) {
        status = issued_put(txn, key_u64(issued->id), issued);
    }

    if (status == STATUS_OK && finding != NULL) {
        reply->finding = finding_number(call->arena, finding);
        status = reply->finding != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    return status == STATUS_OK ? issued_reply(call, issued, reply) : status;
}

// ---- list ----

struct issued_asked {
    const StatementList *request;
    int64_t latest_us; // of those that wait too long
};

static bool is_asked(const void *context, const ProtobufCMessage *record)
{
    const struct issued_asked *asked = context;
    const IssuedRecord *issued = (const IssuedRecord *)record;
    const StatementList *request = asked->request;
    bool waits = issued->state == STATEMENT_STATE__STATEMENT_STATE_ISSUED &&
                 issued->issued_us < asked->latest_us;
    return (request->customer_id == 0 || issued->customer_id == request->customer_id) &&
           (request->state == STATEMENT_STATE__STATEMENT_STATE_UNSET ||
            issued->state == request->state) &&
           (!request->unanswered || waits);
}

static enum status list_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *message)
{
    const IssuedRecord *issued = (const IssuedRecord *)record;
    StatementListRow *row = (StatementListRow *)message;
    struct customer_label customer;
    enum status status = reading_customer(txn, call, issued->customer_id, &customer);
    row->id = issued->id;
    row->number = issued_number(call->arena, issued);
    if (status != STATUS_OK || row->number == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->state = issued->state;
    row->form = issued->form;
    row->from_day = issued->from_day;
    row->to_day = issued->to_day;
    row->issued_us = issued->issued_us;
    row->theirs_minor = issued->theirs_minor;
    row->currency = issued->currency;
    bool waits = issued->state == STATEMENT_STATE__STATEMENT_STATE_ISSUED;
    row->waiting_days = waits ? (uint32_t)((call->instant_us - issued->issued_us) / DAY_US) : 0;
    return reading_login(txn, issued->issued_by, &row->issued_by);
}

enum status statement_list(struct txn *txn, struct call *call, const StatementList *request,
                           StatementListReply *reply)
{
    BookRecord *book = NULL;
    enum status status = reading_book(txn, &book);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t days = book->remind_days != 0 ? book->remind_days : REMIND_DAYS_DEFAULT;
    const struct issued_asked asked = {.request = request,
                                       .latest_us = call->instant_us - days * DAY_US};
    struct row_page page = {
        .table = TABLE_issued,
        .backwards = true,
        .descriptor = &statement_list_row__descriptor,
        .asked = &asked,
        .is_asked = is_asked,
        .fill = list_row,
    };
    status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (StatementListRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}

// ---- what stands on every statement ----

enum status statement_setup(struct txn *txn, struct call *call, const StatementSetup *request,
                            StatementSetupReply *reply)
{
    BookRecord *book = NULL;
    enum status status = reading_book(txn, &book);
    if (status != STATUS_OK) {
        return status;
    }

    const struct {
        const char *field;
        char *given;
        char **kept;
    } texts[] = {
        {"bank_name", request->bank_name, &book->bank_name},
        {"bank_holder", request->bank_holder, &book->bank_holder},
        {"bank_account", request->bank_account, &book->bank_account},
        {"footer", request->footer, &book->footer},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i].given[0] != '\0') {
            call_note_change(call, BOOK_KEY, texts[i].field, *texts[i].kept, texts[i].given);
            *texts[i].kept = texts[i].given;
        }
    }
    book->remind_days = request->remind_days != 0 ? request->remind_days : book->remind_days;
    status = book_put(txn, key_u64(BOOK_KEY), book);

    reply->bank_name = book->bank_name;
    reply->bank_holder = book->bank_holder;
    reply->bank_account = book->bank_account;
    reply->footer = book->footer;
    reply->remind_days = book->remind_days;
    call_about(call, BOOK_KEY, NULL);
    return status;
}
