// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/customer.h"
#include "server/ledger/reading.h"

// What is asked about customers. Personal texts are opened by rows_text only, which masks them as
// the reader's roles say.

// ---- show ----

static enum status open_phones(struct txn *txn, struct call *call, const CustomerRecord *customer,
                               CustomerCard *card)
{
    const uint32_t number = rows_sealed_field("phone");
    card->phone = arena_alloc(call->arena, PHONES_MAX * sizeof *card->phone);
    if (card->phone == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < customer->n_sealed && card->n_phone < PHONES_MAX; i++) {
        if (customer->sealed[i]->field != number) {
            continue;
        }
        char *text = NULL;
        enum status status = rows_text(txn, customer, "phone", customer->sealed[i]->ordinal, &text);
        if (status != STATUS_OK) {
            return status;
        }
        if (text[0] != '\0') {
            card->phone[card->n_phone++] = text;
        }
    }
    return STATUS_OK;
}

static enum status open_texts(struct txn *txn, struct call *call, const CustomerRecord *customer,
                              CustomerCard *card)
{
    const struct {
        const char *field;
        char **text;
    } texts[] = {
        {"name", &card->name},
        {"company", &card->company},
        {"email", &card->email},
        {"address", &card->address},
        {"tax_id", &card->tax_id},
        {"notes", &card->notes},
        {"contact_name", &card->contact_name},
        {"contact_position", &card->contact_position},
        {"contact_phone", &card->contact_phone},
        {"reference", &card->reference},
    };
    enum status status = open_phones(txn, call, customer, card);
    for (size_t i = 0; i < COUNT_OF(texts) && status == STATUS_OK; i++) {
        status = rows_text(txn, customer, texts[i].field, 0, texts[i].text);
    }
    return status;
}

static bool shows_finance(const struct call *call)
{
    return call->filter == NULL || call->filter->views[CLASS_FINANCE] == VIEW_FULL;
}

static int64_t overdue_of(const struct aging_row *row)
{
    return aging_open(row) - row->bucket_minor[0];
}

static enum status add_money(struct call *call, CustomerCard *card)
{
    struct view_customer view;
    struct aging_matches aging;
    const struct aging_query query = {.day = call->book_day, .customer_id = card->id};
    enum status status = views_aging(call->views, call->filter, &query, 0, 1, call->arena, &aging);
    if (status != STATUS_OK || !views_customer(call->views, call->filter, card->id, &view)) {
        return status;
    }
    card->open_minor = view.open_minor;
    card->overdue_minor = overdue_of(&aging.total);
    card->on_account_minor = view.on_account_minor;
    card->oldest_due_day = view.oldest_due_day;
    card->last_payment_day = view.last_payment_day;
    return STATUS_OK;
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
    const CustomerRecord *customer = (const CustomerRecord *)row;
    reply->id = customer->id;
    reply->number = ident_print(call->arena, SERIES_CUSTOMER, 0, customer->sequence);
    reply->kind = customer->kind;
    reply->industry = customer->industry;
    reply->region = customer->region;
    reply->class_ = customer->class_;
    reply->n_tag = customer->n_tag;
    reply->tag = customer->tag;
    reply->terms = customer->terms;
    reply->credit = shows_finance(call) ? customer->credit : CREDIT_MODE__CREDIT_MODE_UNSET;
    reply->credit_limit_minor = shows_finance(call) ? customer->credit_limit_minor : 0;
    reply->version = customer->version;
    reply->state = customer->state;
    reply->added_us = customer->added_us;
    if (reply->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = open_texts(txn, call, customer, reply);
    if (status == STATUS_OK) {
        status = reading_login(txn, customer->owner_id, &reply->owner);
    }
    return status == STATUS_OK ? add_money(call, reply) : status;
}

// ---- list ----

static const char *const SORTS[] = {"number", "name", "open", "overdue", "activity"};

static const enum customer_order ORDERS[] = {
    CUSTOMER_BY_NUMBER,  CUSTOMER_BY_NAME,     CUSTOMER_BY_OPEN,
    CUSTOMER_BY_OVERDUE, CUSTOMER_BY_ACTIVITY,
};

static_assert(COUNT_OF(SORTS) == COUNT_OF(ORDERS), "an order for each name");

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
        query->archived = strcmp(term->value, "archived") == 0;
        return query->archived || strcmp(term->value, "active") == 0
                   ? STATUS_OK
                   : query_refuse(txn, call, term);
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
    out->today = call->book_day;
    out->archived = request->archived;
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

static enum status fill_row(struct txn *txn, struct call *call, const struct customer_match *match,
                            CustomerRow *row)
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
    row->open_minor = match->open_minor;
    row->overdue_minor = match->overdue_minor;
    row->oldest_due_day = match->oldest_due_day;
    row->last_activity_day = match->last_activity_day;
    if (row->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = rows_text(txn, customer, "name", 0, &row->name);
    if (status == STATUS_OK) {
        status = rows_text(txn, customer, "phone", 0, &row->phone);
    }
    return status == STATUS_OK ? reading_login(txn, customer->owner_id, &row->owner) : status;
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
    struct reply_room room = reading_room(0);
    for (size_t i = 0; i < matches.count && status == STATUS_OK; i++) {
        customer_row__init(&rows[i]);
        status = fill_row(txn, call, &matches.row[i], &rows[i]);
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

// ---- history ----

// The journal keeps an owner as the user's id in digits.
static uint64_t id_of_digits(const char *text)
{
    uint64_t id = 0;
    for (; *text >= '0' && *text <= '9' && id < UINT64_MAX / 10; text++) {
        id = id * 10 + (uint64_t)(*text - '0');
    }
    return id;
}

static enum status change_text(struct txn *txn, const Change *change, ProtobufCBinaryData box,
                               char *plain, char **out)
{
    *out = plain;
    if (change->vault_id != 0) {
        enum status status = rows_box_text(txn, change->vault_id, change->field, box, out);
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (strcmp(change->field, "owner") == 0) {
        return reading_login(txn, id_of_digits(plain), out);
    }
    const struct filter *filter = txn_filter(txn);
    bool hides = filter != NULL && filter->views[CLASS_FINANCE] != VIEW_FULL &&
                 strcmp(change->field, "credit") == 0;
    if (hides && plain[0] != '\0') {
        *out = reading_constant("***");
    }
    return STATUS_OK;
}

struct history {
    CustomerHistoryReply *reply;
    size_t room;
    uint32_t version;
};

static enum status add_change(struct txn *txn, struct call *call, const JournalRecord *record,
                              const Change *change, struct history *history)
{
    CustomerChange *row = arena_alloc(call->arena, sizeof *row);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    assert(history->reply->n_row < history->room);
    customer_change__init(row);
    history->reply->row[history->reply->n_row++] = row;
    row->number = record->number;
    row->at_us = record->instant_us;
    row->version = history->version;
    const struct command *command = command_by_number(record->command);
    char *action = arena_copy(call->arena, command->name, strlen(command->name));
    if (action == NULL) {
        return STATUS_TOO_LARGE;
    }
    action[strcspn(action, "_")] = ' ';
    row->action = action;
    enum status status = reading_login(txn, record->user_id, &row->actor);
    if (status != STATUS_OK || change == NULL) {
        return status;
    }
    row->field = change->field;
    status = change_text(txn, change, change->before_box, change->before, &row->before);
    return status == STATUS_OK
               ? change_text(txn, change, change->after_box, change->after, &row->after)
               : status;
}

// All changes of one journal record, newest record first; *number becomes the record before it. A
// record without a change of this customer is the one that made it.
static enum status add_record(struct txn *txn, struct call *call, uint64_t customer_id,
                              struct history *history, uint64_t *number)
{
    JournalRecord *record = NULL;
    enum status status = journal_get(txn, key_u64(*number), &record);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    size_t found = 0;
    *number = 0;
    for (size_t i = 0; i < record->n_change && status == STATUS_OK; i++) {
        const Change *change = record->change[i];
        if (change->object_id != customer_id || history->reply->n_row == history->room) {
            continue;
        }
        found++;
        *number = change->earlier;
        status = add_change(txn, call, record, change, history);
    }
    if (status == STATUS_OK && found == 0) {
        status = add_change(txn, call, record, NULL, history);
    }
    history->version--;
    return status;
}

// The cursor is the journal number to go on with and the version it made.
static bool parse_place(const char *cursor, uint64_t *number, uint32_t *version)
{
    uint64_t place = 0;
    if (!cursor_parse(cursor, &place)) {
        return false;
    }
    *number = place >> 16;
    *version = (uint32_t)(place & 0xffff);
    return true;
}

enum status customer_history(struct txn *txn, struct call *call, const CustomerHistory *request,
                             CustomerHistoryReply *reply)
{
    ProtobufCMessage *row = NULL;
    enum status status =
        reading_load(txn, call, TABLE_customer, request->customer_id, "customer", &row);
    if (status != STATUS_OK) {
        return status;
    }
    const CustomerRecord *customer = (const CustomerRecord *)row;
    struct history history = {.reply = reply, .version = customer->version};
    uint64_t number = customer->changed_in;
    bool goes_on = request->cursor[0] != '\0';
    if (goes_on && !parse_place(request->cursor, &number, &history.version)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    size_t limit = cursor_limit(request->limit);
    const size_t most_of_one_record = 64;
    history.room = limit + most_of_one_record;
    reply->row = arena_alloc(call->arena, history.room * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    while (number != 0 && reply->n_row < limit && status == STATUS_OK) {
        status = add_record(txn, call, customer->id, &history, &number);
    }
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t place = number == 0 ? 0 : number << 16 | (history.version & 0xffff);
    reply->page = cursor_page(call->arena, customer->version, place);
    return reply->page == NULL ? STATUS_TOO_LARGE : STATUS_OK;
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
    reply->overdue_minor = overdue_of(&aging.total);
    reply->open_count = aging_count(&aging.total);
    return reply->number == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}
