// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/find_walk.h"
#include "server/ledger/reading.h"
#include "shared/text.h"

// Turns what a person typed into objects that this person may see: by number, then by whole
// reference or name, then by words.

#define FOUND_MAX 10

struct found {
    const struct filter *filter; // of the noun
    uint64_t id[FOUND_MAX];
    size_t count;
    bool exact;
};

static enum table table_of(FindNoun noun)
{
    switch (noun) {
    case FIND_NOUN__FIND_NOUN_CUSTOMER:
        return TABLE_customer;
    case FIND_NOUN__FIND_NOUN_INVOICE:
        return TABLE_invoice;
    case FIND_NOUN__FIND_NOUN_PAYMENT:
        return TABLE_payment;
    case FIND_NOUN__FIND_NOUN_REFUND:
    case FIND_NOUN__FIND_NOUN_WRITEOFF:
        return TABLE_clearing;
    case FIND_NOUN__FIND_NOUN_ENTRY:
        return TABLE_entry;
    case FIND_NOUN__FIND_NOUN_USER:
        return TABLE_user;
    case FIND_NOUN__FIND_NOUN_DEVICE:
        return TABLE_device;
    case FIND_NOUN__FIND_NOUN_ROLE:
        return TABLE_role;
    case FIND_NOUN__FIND_NOUN_APPROVAL:
        return TABLE_approval;
    case FIND_NOUN__FIND_NOUN_FINDING:
        return TABLE_finding;
    case FIND_NOUN__FIND_NOUN_STATEMENT:
        return TABLE_issued;
    case FIND_NOUN__FIND_NOUN_BANK:
        return TABLE_bank;
    case FIND_NOUN__FIND_NOUN_BANK_STATEMENT:
        return TABLE_bank_statement;
    case FIND_NOUN__FIND_NOUN_BANK_LINE:
        return TABLE_bank_line;
    case FIND_NOUN__FIND_NOUN_METHOD:
        return TABLE_method;
    case FIND_NOUN__FIND_NOUN_CHECKLIST:
        return TABLE_checklist;
    case FIND_NOUN__FIND_NOUN_ITEM:
        return TABLE_catalogue;
    case FIND_NOUN__FIND_NOUN_COST:
        return TABLE_cost;
    case FIND_NOUN__FIND_NOUN_CAMPAIGN:
        return TABLE_campaign;
    case FIND_NOUN__FIND_NOUN_DUNNING:
        return TABLE_dunning;
    case FIND_NOUN__FIND_NOUN_PROMISE:
        return TABLE_promise;
    case FIND_NOUN__FIND_NOUN_SCHEDULE:
        return TABLE_schedule;
    case FIND_NOUN__FIND_NOUN_ORDER:
        return TABLE_order;
    case FIND_NOUN__FIND_NOUN_RECURRING:
        return TABLE_recurring;
    case FIND_NOUN__FIND_NOUN_TEMPLATE:
        return TABLE_template;
    case FIND_NOUN__FIND_NOUN_UNSET:
    case _FIND_NOUN_IS_INT_SIZE:
    default:
        return TABLE_NONE;
    }
}

// Who may name an object of this noun: who may list them; of users also who names the owner of a
// customer.
static enum permission permission_of(const struct call *call, enum table table, bool is_refund)
{
    switch ((int)table) {
    case TABLE_invoice:
        return PERMISSION_INVOICE_SHOW;
    case TABLE_payment:
        return PERMISSION_PAYMENT_SHOW;
    case TABLE_clearing:
        return is_refund ? PERMISSION_REFUND_LIST : PERMISSION_WRITEOFF_LIST;
    case TABLE_entry:
        return PERMISSION_ENTRY_LIST;
    case TABLE_user:
        return reading_may(call, PERMISSION_CUSTOMER_ADD)    ? PERMISSION_CUSTOMER_ADD
               : reading_may(call, PERMISSION_CUSTOMER_EDIT) ? PERMISSION_CUSTOMER_EDIT
                                                             : PERMISSION_USER_LIST;
    case TABLE_device:
        return PERMISSION_DEVICE_LIST;
    default:
        return PERMISSION_CUSTOMER_LIST;
    }
}

static bool series_is_of(enum series series, enum table table)
{
    switch (series) {
    case SERIES_CUSTOMER:
        return table == TABLE_customer;
    case SERIES_INVOICE:
    case SERIES_CREDIT_NOTE:
    case SERIES_DEBIT_NOTE:
        return table == TABLE_invoice;
    case SERIES_PAYMENT:
        return table == TABLE_payment;
    case SERIES_ENTRY:
        return table == TABLE_entry;
    case SERIES_WRITE_OFF:
    case SERIES_REFUND:
    case SERIES_DIFFERENCE:
    case SERIES_RECOVERY:
        return table == TABLE_clearing;
    case SERIES_IMPORT:
    case SERIES_APPROVAL:
    case SERIES_FINDING:
    case SERIES_STATEMENT:
    case SERIES_BANK_STATEMENT:
    case SERIES_BANK_LINE:
    case SERIES_COST:
    case SERIES_DUNNING:
    case SERIES_PROMISE:
    case SERIES_CHECKLIST:
    case SERIES_ORDER:
    case SERIES_RECURRING:
        break;
    }
    return false;
}

static void find_number(const struct call *call, enum table table, const char *folded,
                        struct found *found)
{
    enum series series = SERIES_CUSTOMER;
    uint32_t year = 0;
    uint32_t sequence = 0;
    if (!ident_parse(folded, &series, &year, &sequence) || !series_is_of(series, table)) {
        return;
    }
    uint64_t id = views_by_number(call->views, found->filter, series, year, sequence);
    if (id != 0) {
        found->id[found->count++] = id;
        found->exact = true;
    }
}

// Blanks part words; a name of several words is found by all of them.
static size_t split(char *text, const char **words)
{
    size_t count = 0;
    char *at = text;
    while (count < QUERY_TERMS_MAX) {
        at += strspn(at, " ");
        if (*at == '\0') {
            break;
        }
        words[count++] = at;
        at += strcspn(at, " ");
        if (*at == '\0') {
            break;
        }
        *at++ = '\0';
    }
    return count;
}

static enum status find_customers(struct call *call, char *folded, struct found *found)
{
    struct customer_query query = {.any_state = true, .today = call->book_day};
    struct customer_matches matches;
    query.word_count = split(folded, query.words);
    if (query.word_count == 0) {
        return STATUS_OK;
    }
    enum status status =
        views_customers(call->views, found->filter, &query, 0, FOUND_MAX, call->arena, &matches);
    for (size_t i = 0; status == STATUS_OK && i < matches.count; i++) {
        found->id[found->count++] = matches.row[i].id;
    }
    return status;
}

static enum status find_documents(struct call *call, enum table table, char *folded,
                                  struct found *found)
{
    struct document_query query = {.table = table};
    struct document_matches matches;
    query.word_count = split(folded, query.words);
    if (query.word_count == 0) {
        return STATUS_OK;
    }
    enum status status =
        views_documents(call->views, found->filter, &query, 0, FOUND_MAX, call->arena, &matches);
    for (size_t i = 0; status == STATUS_OK && i < matches.count; i++) {
        found->id[found->count++] = matches.id[i];
    }
    return status;
}

static enum status look(struct call *call, enum table table, char *folded, struct found *found)
{
    find_number(call, table, folded, found);
    if (found->count == 0) {
        found->count = views_by_text(call->views, found->filter, table, folded, call->arena,
                                     found->id, COUNT_OF(found->id));
        found->exact = found->count == 1;
    }
    if (found->count > 0 || table == TABLE_user || table == TABLE_device) {
        return STATUS_OK;
    }
    return table == TABLE_customer ? find_customers(call, folded, found)
                                   : find_documents(call, table, folded, found);
}

static enum status name_person(struct txn *txn, enum table table, FindRow *row)
{
    ProtobufCMessage *record = NULL;
    enum status status = rows_get(txn, table, key_u64(row->id), &record);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    if (table == TABLE_user) {
        row->number = ((const UserRecord *)record)->login;
        row->name = ((const UserRecord *)record)->name;
    } else {
        row->name = ((const DeviceRecord *)record)->name;
    }
    return STATUS_OK;
}

static enum status fill_row(struct txn *txn, struct call *call, enum table table, uint64_t id,
                            FindRow *row)
{
    find_row__init(row);
    row->id = id;
    if (table == TABLE_user || table == TABLE_device) {
        return name_person(txn, table, row);
    }
    uint64_t customer_id = id;
    struct view_document document;
    if (table != TABLE_customer) {
        bool seen = views_document(call->views, call->filter, table, id, &document);
        customer_id = seen ? document.customer_id : 0;
    }
    struct customer_label customer;
    enum status status = reading_customer(txn, call, customer_id, &customer);
    if (status != STATUS_OK) {
        return status;
    }
    row->number = customer.number;
    row->name = customer.name;
    return table == TABLE_customer ? STATUS_OK : reading_document(call, id, &row->number);
}

enum status find(struct txn *txn, struct call *call, const Find *request, FindReply *reply)
{
    enum table table = table_of(request->noun);
    struct found found = {0};
    char *folded = text_fold(call->arena, request->text);
    if (folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (table == TABLE_NONE) {
        return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, "noun", NULL);
    }
    if (find_walks(table)) {
        return find_walk(txn, call, table, folded, reply);
    }
    const enum permission permission =
        permission_of(call, table, request->noun == FIND_NOUN__FIND_NOUN_REFUND);
    if (!reading_may(call, permission)) {
        return STATUS_OK; // nothing of that name that he may see
    }
    enum status status = call_filter(call, permission, &found.filter);
    if (status == STATUS_OK) {
        status = look(call, table, folded, &found);
    }
    FindRow *rows = arena_alloc(call->arena, (found.count + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (found.count + 1) * sizeof *reply->row);
    if (status != STATUS_OK || rows == NULL || reply->row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < found.count && status == STATUS_OK; i++) {
        status = fill_row(txn, call, table, found.id[i], &rows[i]);
        reply->row[reply->n_row++] = &rows[i];
    }
    reply->exact = found.exact;
    return status;
}
