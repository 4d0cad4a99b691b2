// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/consent.h"
#include "server/ledger/customer_card.h"
#include "server/ledger/permit.h"
#include "server/ledger/reading.h"

// What is asked about customers.

// ---- show ----

static enum status add_money(struct txn *txn, struct call *call, CustomerCard *card)
{
    BookRecord *book = NULL;
    struct view_customer view;
    struct aging_matches aging;
    const struct aging_query query = {.day = call->book_day, .customer_id = card->id};
    enum status status = views_aging(call->views, call->filter, &query, 0, 1, call->arena, &aging);
    if (status != STATUS_OK || !views_customer(call->views, call->filter, card->id, &view)) {
        return status;
    }
    card->open_minor = view.open_minor;
    card->overdue_minor = aging.total.overdue_minor;
    card->on_account_minor = view.on_account_minor;
    card->oldest_due_day = view.oldest_due_day;
    card->last_payment_day = view.last_payment_day;
    const struct open_query open = {.customer_id = card->id, .day = call->book_day};
    status = reading_book(txn, &book);
    return status == STATUS_OK ? reading_currencies(call, book, &open, &card->other, &card->n_other)
                               : status;
}

enum status customer_show(struct txn *txn, struct call *call, const CustomerShow *request,
                          CustomerCard *reply)
{
    ProtobufCMessage *row = NULL;
    enum status status =
        reading_load(txn, call, TABLE_customer, request->customer_id, "customer", &row);
    if (status != STATUS_OK) {
        return status;
    }

    struct consents consents = {0};
    const CustomerRecord *customer = (const CustomerRecord *)row;
    status = customer_card_fill(txn, call, customer, reply);
    if (status == STATUS_OK) {
        status = consents_read(txn, call, customer, &consents);
    }
    if (status != STATUS_OK) {
        return status;
    }
    consents_keep_latest(&consents);
    reply->consent = consents.row;
    reply->n_consent = consents.count;
    return add_money(txn, call, reply);
}

// ---- list ----

static const char *const SORTS[] = {"number", "name", "open", "overdue", "last_activity"};

static const enum customer_order ORDERS[] = {
    CUSTOMER_BY_NUMBER,  CUSTOMER_BY_NAME,     CUSTOMER_BY_OPEN,
    CUSTOMER_BY_OVERDUE, CUSTOMER_BY_ACTIVITY,
};

// Of what class each of them is; a number is everybody's, and a person's name has its own place in
// the order (views).
static const enum field_class SORTED[] = {
    CLASS_COUNT, CLASS_PUBLIC, CLASS_FINANCE, CLASS_FINANCE, CLASS_FINANCE,
};

static_assert(COUNT_OF(SORTS) == COUNT_OF(ORDERS), "an order for each name");
static_assert(COUNT_OF(SORTS) == COUNT_OF(SORTED), "and a class");

// Data that rest are listed for those who guard them alone.
static enum status take_shelf(struct txn *txn, struct call *call, const struct query_term *term,
                              struct customer_query *query)
{
    static const char *const WORDS[] = {"active", "archived", "restricted", "erased"};
    static_assert(COUNT_OF(WORDS) == SHELF_ERASED + 1, "a word for each shelf");

    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        if (strcmp(term->value, WORDS[i]) == 0) {
            query->shelf = (enum customer_shelf)i;
            const bool may =
                query->shelf != SHELF_RESTRICTED || call->filter == NULL || call->filter->guards;
            return may ? STATUS_OK : refuse(txn, call, STATUS_FIELD_DENIED, term->field, NULL);
        }
    }
    return query_refuse(txn, call, term);
}

static enum status take_term(struct txn *txn, struct call *call, const struct query_term *term,
                             struct customer_query *query)
{
    if (term_is(term, "owner")) {
        query->owner_id = reading_find_user(call, term->value);
        return query->owner_id != 0 ? STATUS_OK : query_refuse(txn, call, term);
    }
    if (term_is(term, "customer")) {
        query->customer_id = reading_find_customer(call, term->value);
        return query->customer_id != 0 ? STATUS_OK : query_refuse(txn, call, term);
    }
    if (term_is(term, "region")) {
        query->region = term->value;
        return STATUS_OK;
    }
    if (term_is(term, "class")) {
        query->class = term->value;
        return STATUS_OK;
    }
    if (term_is(term, "tag")) {
        query->tag = term->value;
        return STATUS_OK;
    }
    if (term_is(term, "state")) {
        return take_shelf(txn, call, term, query);
    }
    if (!permit_shows(call, CLASS_FINANCE)) {
        return refuse(txn, call, STATUS_FIELD_DENIED, term->field, NULL);
    }
    query->overdue_only = query->overdue_only || term_is(term, "overdue");
    query->open_only = query->open_only || !term_is(term, "overdue");
    return term_is_positive(term) ? STATUS_OK : query_refuse(txn, call, term);
}

static enum status read_query(struct txn *txn, struct call *call, const CustomerList *request,
                              struct customer_query *out)
{
    struct query query;
    size_t sort = 0;
    enum status status =
        query_parse(txn, call, request->query,
                    "owner customer region class tag state open overdue balance", &query);
    if (status == STATUS_OK) {
        status =
            sort_parse(txn, call, request->sort, SORTS, COUNT_OF(SORTS), &sort, &out->descending);
    }
    if (status != STATUS_OK) {
        return status;
    }
    // An order by what is not shown would tell it.
    const enum field_class class = SORTED[sort];
    if (class != CLASS_COUNT && !permit_shows(call, class)) {
        return refuse(txn, call, STATUS_FIELD_DENIED, SORTS[sort], NULL);
    }
    out->today = call->book_day;
    out->shelf = request->archived ? SHELF_ARCHIVED : SHELF_ACTIVE;
    out->order = ORDERS[sort];
    out->word_count = query.word_count;
    for (size_t i = 0; i < query.word_count; i++) {
        out->words[i] = query.word[i];
    }
    for (size_t i = 0; i < query.term_count && status == STATUS_OK; i++) {
        status = take_term(txn, call, &query.term[i], out);
    }
    return status;
}

// The owner of the row before: neighbours in a list often share one.
struct owner {
    uint64_t id;
    char *login;
};

static enum status owner_of(struct txn *txn, uint64_t owner_id, struct owner *last, char **login)
{
    if (last->login == NULL || last->id != owner_id) {
        enum status status = reading_login(txn, owner_id, &last->login);
        if (status != STATUS_OK) {
            return status;
        }
        last->id = owner_id;
    }
    *login = last->login;
    return STATUS_OK;
}

static enum status fill_row(struct txn *txn, struct call *call, const struct customer_match *match,
                            struct owner *last_owner, CustomerRow *row)
{
    CustomerRecord *customer = NULL;
    enum status status = customer_get(txn, key_u64(match->id), &customer);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    row->id = match->id;
    row->number = ident_print(call->arena, SERIES_CUSTOMER, 0, customer->sequence);
    row->region = customer->region;
    row->class_ = customer->class_;
    row->currency = customer->currency;
    row->open_minor = match->open_minor;
    row->overdue_minor = match->overdue_minor;
    row->oldest_due_day = match->oldest_due_day;
    row->last_activity_day = match->last_activity_day;
    if (row->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    const struct rows_asked asked[] = {{"name", 0, &row->name}, {"phone", 0, &row->phone}};
    status = rows_texts(txn, customer, asked, COUNT_OF(asked));
    return status == STATUS_OK ? owner_of(txn, customer->owner_id, last_owner, &row->owner)
                               : status;
}

enum status customer_list(struct txn *txn, struct call *call, const CustomerList *request,
                          CustomerListReply *reply)
{
    struct customer_query query = {0};
    struct customer_matches matches = {0};
    uint64_t skip = 0;
    enum status status = read_query(txn, call, request, &query);
    if (status == STATUS_OK) {
        status = skip_parse(txn, call, request->cursor, &skip);
    }
    if (status == STATUS_OK) {
        status = views_customers(call->views, call->filter, &query, skip,
                                 cursor_limit(request->limit), call->arena, &matches);
    }
    if (status != STATUS_OK) {
        return status;
    }
    CustomerRow *rows = arena_alloc(call->arena, (matches.count + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (matches.count + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct reply_room room = reading_room(call, 0);
    struct owner last_owner = {0};
    for (size_t i = 0; i < matches.count && status == STATUS_OK; i++) {
        customer_row__init(&rows[i]);
        status = fill_row(txn, call, &matches.row[i], &last_owner, &rows[i]);
        if (status == STATUS_OK && !reading_fits(&room, &rows[i].base)) {
            break;
        }
        reply->row[reply->n_row++] = &rows[i];
    }
    reply->open_minor = matches.open_minor;
    reply->overdue_minor = matches.overdue_minor;
    return status == STATUS_OK
               ? reading_page(call, matches.total_count, skip, reply->n_row, &reply->page)
               : status;
}

// ---- balance ----

enum status customer_balance(struct txn *txn, struct call *call, const CustomerBalance *request,
                             CustomerBalanceReply *reply)
{
    ProtobufCMessage *row = NULL;
    enum status status =
        reading_load(txn, call, TABLE_customer, request->customer_id, "customer", &row);
    if (status != STATUS_OK) {
        return status;
    }
    const struct aging_query query = {
        .day = request->as_of_day != 0 ? request->as_of_day : call->book_day,
        .customer_id = request->customer_id,
    };
    struct aging_matches aging;
    status = views_aging(call->views, call->filter, &query, 0, 1, call->arena, &aging);
    if (status != STATUS_OK) {
        return status;
    }
    reply->number =
        ident_print(call->arena, SERIES_CUSTOMER, 0, ((const CustomerRecord *)row)->sequence);
    reply->as_of_day = query.day;
    reply->receivable_minor = aging_open(&aging.total);
    reply->on_account_minor = aging.total.on_account_minor;
    reply->balance_minor = reply->receivable_minor - reply->on_account_minor;
    reply->overdue_minor = aging.total.overdue_minor;
    reply->open_count = aging_count(&aging.total);
    return reply->number == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}
