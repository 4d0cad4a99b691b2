// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/reading.h"
#include "server/views/views.h"
#include "shared/wire.h"
#include "tests/ledger/house.h"
#include "tests/unit/unit.h"

// The reading commands over a small book: two customers, one of them the owner's own, a few
// documents and what settles them.

#define TODAY 20500
#define DAY_1 20400
#define VAULT 77

struct office {
    struct house house;
    struct views *views;
    struct txn *txn; // of the running read
    struct filter filter;
    uint64_t owner_id;
    uint64_t mine, theirs; // customers
    uint64_t invoice_id, payment_id;
};

static char NAME[] = "恒通贸易";
static char PHONE[] = "13812342046";
static char REFERENCE[] = "K-7";
static char BILL[] = "Bill 1";
static char REGION[] = "South";

// ---- writing ----

static ProtobufCBinaryData box(struct house *house, uint32_t field, const char *text)
{
    struct key key = {.bytes = {9}};
    ProtobufCBinaryData sealed = {0};
    assert_int_equal(vault_seal(&key, VAULT, field, 0, text, house->arena, &sealed), STATUS_OK);
    return sealed;
}

static void put_vault(struct house *house)
{
    struct key key = {.bytes = {9}};
    VaultRecord vault;
    vault_record__init(&vault);
    vault.key = (ProtobufCBinaryData){.data = key.bytes, .len = KEY_BYTES};
    assert_int_equal(table_put(house->txn, TABLE_vault, key_u64(VAULT), &vault.base), STATUS_OK);
}

// The journal record of a call, as the machine would write it.
static void end_journalled(struct house *house, enum status status, uint32_t command,
                           uint64_t object_id)
{
    JournalRecord record;
    journal_record__init(&record);
    record.number = house->number;
    record.instant_us = house->call.instant_us;
    record.command = command;
    record.object_id = object_id;
    record.change = house->call.change;
    record.n_change = house->call.change_count;
    if (status == STATUS_OK) {
        assert_int_equal(table_put(house->txn, TABLE_journal, key_u64(house->number), &record.base),
                         STATUS_OK);
    }
    house_end(house, status);
}

static uint64_t first_user(struct house *house)
{
    struct txn *txn = NULL;
    struct scan *scan = NULL;
    struct row_key key = {0};
    ProtobufCMessage *record = NULL;
    assert_int_equal(txn_begin(house->store, TXN_READ, house->arena, &txn), STATUS_OK);
    assert_int_equal(scan_open(txn, TABLE_user, key_u64(0), 0, false, &scan), STATUS_OK);
    assert_int_equal(scan_next(scan, &key, &record), STATUS_OK);
    scan_close(scan);
    txn_abort(txn);
    return row_key_first(&key);
}

static uint64_t add_mine(struct office *office)
{
    struct house *house = &office->house;
    CustomerAdd add;
    customer_add__init(&add);
    CustomerAddReply reply;
    customer_add_reply__init(&reply);
    Sealed texts[3];
    Sealed *sealed[3] = {&texts[0], &texts[1], &texts[2]};
    house_begin(house);
    put_vault(house);
    txn_call_begin(house->txn, house->arena, NULL);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        sealed__init(&texts[i]);
    }
    texts[0].field = 2;
    texts[0].box = box(house, 2, NAME);
    texts[1].field = 4;
    texts[1].box = box(house, 4, PHONE);
    texts[2].field = 20;
    texts[2].box = box(house, 20, REFERENCE);
    add.kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add.owner_id = office->owner_id;
    add.vault_id = VAULT;
    add.sealed = sealed;
    add.n_sealed = 3;
    add.region = REGION;
    house_command(house, "customer_add");
    enum status status = customer_add(house->txn, &house->call, &add, &reply);
    uint64_t id = reply.id;
    end_journalled(house, status, command_by_name("customer_add")->number, id);
    return id;
}

static uint64_t issue(struct house *house, uint64_t customer_id, int64_t amount_minor, int32_t day,
                      int32_t due, char *reference)
{
    InvoiceIssue request;
    invoice_issue__init(&request);
    InvoiceIssueReply reply;
    invoice_issue_reply__init(&reply);
    house_begin(house);
    request.customer_id = customer_id;
    request.amount_minor = amount_minor;
    request.date_day = day;
    request.due_day = due;
    if (reference != NULL) {
        request.reference = reference;
    }
    house_command(house, "invoice_issue");
    enum status status = invoice_issue(house->txn, &house->call, &request, &reply);
    assert_int_equal(status, STATUS_OK);
    uint64_t id = reply.id;
    house_end(house, status);
    return id;
}

static uint64_t pay(struct house *house, uint64_t customer_id, int64_t amount_minor, int32_t day)
{
    PaymentAdd request;
    payment_add__init(&request);
    PaymentAddReply reply;
    payment_add_reply__init(&reply);
    house_begin(house);
    request.customer_id = customer_id;
    request.amount_minor = amount_minor;
    request.date_day = day;
    request.method = PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
    house_command(house, "payment_add");
    enum status status = payment_add(house->txn, &house->call, &request, &reply);
    assert_int_equal(status, STATUS_OK);
    uint64_t id = reply.id;
    house_end(house, status);
    return id;
}

static void credit(struct house *house, uint64_t invoice_id, int64_t amount_minor, int32_t day)
{
    static char reason[] = "wrong price";
    InvoiceCredit request;
    invoice_credit__init(&request);
    InvoiceIssueReply reply;
    invoice_issue_reply__init(&reply);
    house_begin(house);
    request.invoice_id = invoice_id;
    request.amount_minor = amount_minor;
    request.date_day = day;
    request.reason = reason;
    house_command(house, "invoice_credit");
    enum status status = invoice_credit(house->txn, &house->call, &request, &reply);
    assert_int_equal(status, STATUS_OK);
    house_end(house, status);
}

static int set_up(void **state)
{
    struct office *office = calloc(1, sizeof *office);
    assert_non_null(office);
    house_make(&office->house, "cn-small", TODAY);
    office->owner_id = first_user(&office->house);
    office->mine = add_mine(office);
    office->theirs = house_customer(&office->house);
    // Mine: 1000.00 of which 400.00 is paid and 100.00 credited; 300.00 not due yet. Theirs: 50.00
    // paid with 80.00.
    office->invoice_id = issue(&office->house, office->mine, 100000, DAY_1, DAY_1 + 30, BILL);
    office->payment_id = pay(&office->house, office->mine, 40000, DAY_1 + 40);
    credit(&office->house, office->invoice_id, 10000, DAY_1 + 50);
    (void)issue(&office->house, office->mine, 30000, TODAY - 5, TODAY + 25, NULL);
    (void)issue(&office->house, office->theirs, 5000, DAY_1 + 10, DAY_1 + 10, NULL);
    (void)pay(&office->house, office->theirs, 8000, DAY_1 + 20);
    assert_int_equal(views_make(office->house.store, &office->views), STATUS_OK);
    *state = office;
    return 0;
}

static int tear_down(void **state)
{
    struct office *office = *state;
    txn_abort(office->txn);
    views_free(office->views);
    house_free(&office->house);
    free(office);
    return 0;
}

// ---- reading ----

// Before anything is written: the transaction lies in the arena of the house.
static void end_reading(struct office *office)
{
    txn_abort(office->txn);
    office->txn = NULL;
}

// A reading call as somebody: SCOPE_ALL and everything shown, unless told otherwise before.
static struct call *read_as(struct office *office, enum scope scope, enum view contact)
{
    struct house *house = &office->house;
    end_reading(office);
    arena_reset(house->arena);
    assert_int_equal(txn_begin(house->store, TXN_READ, house->arena, &office->txn), STATUS_OK);
    assert_int_equal(views_build(office->views, office->txn), STATUS_OK);
    office->filter = (struct filter){
        .user_id = office->owner_id,
        .scope = scope,
        .team = "",
        .views =
            {[CLASS_PUBLIC] = VIEW_FULL, [CLASS_CONTACT] = contact, [CLASS_FINANCE] = VIEW_FULL},
    };
    house->call = (struct call){
        .arena = house->arena,
        .filter = &office->filter,
        .views = office->views,
        .user_id = office->owner_id,
        .book_day = TODAY,
    };
    problems_init(&house->call.problems, house->arena);
    txn_call_begin(office->txn, house->arena, &office->filter);
    return &house->call;
}

static struct call *read_all(struct office *office)
{
    return read_as(office, SCOPE_ALL, VIEW_FULL);
}

static void the_aging_ties_to_the_control_accounts(void **state)
{
    struct office *office = *state;
    for (int32_t day = DAY_1 - 1; day <= TODAY; day += 7) {
        struct call *call = read_all(office);
        ReportAging request;
        report_aging__init(&request);
        ReportAgingReply reply;
        report_aging_reply__init(&reply);
        request.as_of_day = day;
        assert_int_equal(report_aging(office->txn, call, &request, &reply), STATUS_OK);
        assert_int_equal(call->status, STATUS_OK);
        assert_non_null(reply.control);
        assert_int_equal(reply.control->difference_minor, 0);
        assert_int_equal(reply.control->items_minor, reply.total->balance_minor);
    }
}

static void the_aging_of_today_is_what_is_owed(void **state)
{
    struct office *office = *state;
    struct call *call = read_all(office);
    ReportAging request;
    report_aging__init(&request);
    ReportAgingReply reply;
    report_aging_reply__init(&reply);
    assert_int_equal(report_aging(office->txn, call, &request, &reply), STATUS_OK);
    assert_int_equal(reply.total->open_minor, 80000);
    assert_int_equal(reply.total->not_due_minor, 30000);
    assert_int_equal(reply.total->d61_90_minor, 50000);
    assert_int_equal(reply.total->on_account_minor, 3000);
    assert_int_equal(reply.total->customers, 1);
    assert_int_equal(reply.n_row, 2);
    assert_string_equal(reply.row[0]->name, NAME);
    assert_string_equal(reply.row[0]->customer, "C-0001");
    assert_string_equal(reply.currency, "CNY");
    assert_int_equal(reply.page->count, 2);
    assert_string_equal(reply.page->next, "");
}

static void a_difference_is_answered_beside_the_figures(void **state)
{
    struct office *office = *state;
    struct house *house = &office->house;
    // An item that no entry knows of: damage that the tie-out must find.
    house_begin(house);
    ItemRecord item;
    item_record__init(&item);
    item.id = call_new_id(&house->call);
    item.side = ITEM_SIDE__ITEM_SIDE_DEBIT;
    item.customer_id = office->mine;
    item.date_day = DAY_1;
    item.due_day = DAY_1;
    item.amount_minor = 1;
    item.open_minor = 1;
    assert_int_equal(table_put(house->txn, TABLE_item, key_u64(item.id), &item.base), STATUS_OK);
    house_end(house, STATUS_OK);
    struct call *call = read_all(office);
    ReportAging request;
    report_aging__init(&request);
    ReportAgingReply reply;
    report_aging_reply__init(&reply);
    assert_int_equal(report_aging(office->txn, call, &request, &reply), STATUS_OK);
    assert_int_equal(call->status, STATUS_DIFFERENCE);
    assert_int_equal(reply.control->difference_minor, -1);
    assert_int_equal(reply.total->open_minor, 80001);
}

static void who_sees_own_customers_gets_their_figures_and_no_control(void **state)
{
    struct office *office = *state;
    struct call *call = read_as(office, SCOPE_OWN, VIEW_FULL);
    ReportAging request;
    report_aging__init(&request);
    ReportAgingReply reply;
    report_aging_reply__init(&reply);
    assert_int_equal(report_aging(office->txn, call, &request, &reply), STATUS_OK);
    assert_null(reply.control);
    assert_int_equal(reply.n_row, 1);
    assert_int_equal(reply.total->on_account_minor, 0);

    CustomerShow foreign;
    customer_show__init(&foreign);
    CustomerShow missing;
    customer_show__init(&missing);
    CustomerCard card;
    customer_card__init(&card);
    foreign.customer_id = office->theirs;
    missing.customer_id = 4711;
    call = read_as(office, SCOPE_OWN, VIEW_FULL);
    enum status a = customer_show(office->txn, call, &foreign, &card);
    size_t problems = call->problems.count;
    call = read_as(office, SCOPE_OWN, VIEW_FULL);
    enum status b = customer_show(office->txn, call, &missing, &card);
    assert_int_equal(a, STATUS_NOT_FOUND);
    assert_int_equal(b, a);
    assert_int_equal(call->problems.count, problems);
}

static void a_statement_closes_with_what_the_aging_says(void **state)
{
    struct office *office = *state;
    struct call *call = read_all(office);
    StatementShow request;
    statement_show__init(&request);
    StatementShowReply reply;
    statement_show_reply__init(&reply);
    request.customer_id = office->mine;
    request.from_day = DAY_1 + 1;
    assert_int_equal(statement_show(office->txn, call, &request, &reply), STATUS_OK);
    assert_int_equal(call->status, STATUS_OK);
    assert_int_equal(reply.opening_minor, 100000);
    assert_int_equal(reply.n_row, 3);
    assert_int_equal(reply.row[0]->credit_minor, 40000);
    assert_int_equal(reply.row[0]->balance_minor, 60000);
    assert_int_equal(reply.row[1]->credit_minor, 10000);
    assert_int_equal(reply.row[2]->debit_minor, 30000);
    assert_int_equal(reply.closing_minor, 80000);
    assert_int_equal(reply.aging->balance_minor, reply.closing_minor);
    assert_int_equal(reply.debit_minor, 30000);
    assert_int_equal(reply.credit_minor, 50000);
    assert_string_equal(reply.closing_words, "捌佰元整");
    assert_string_equal(reply.name, NAME);
}

static void a_statement_in_pages_is_the_whole_statement(void **state)
{
    struct office *office = *state;
    int64_t balances[4] = {100000, 60000, 50000, 80000};
    char cursor[20] = "";
    for (size_t i = 0; i < COUNT_OF(balances); i++) {
        struct call *call = read_all(office);
        StatementShow request;
        statement_show__init(&request);
        StatementShowReply reply;
        statement_show_reply__init(&reply);
        request.customer_id = office->mine;
        request.limit = 1;
        request.cursor = cursor;
        assert_int_equal(statement_show(office->txn, call, &request, &reply), STATUS_OK);
        assert_int_equal(reply.n_row, 1);
        assert_int_equal(reply.row[0]->balance_minor, balances[i]);
        assert_int_equal(reply.closing_minor, 80000);
        assert_true(i > 0 || strcmp(reply.row[0]->reference, BILL) == 0);
        assert_int_equal(reply.page->next[0] == '\0', i == 3);
        (void)snprintf(cursor, sizeof cursor, "%s", reply.page->next);
    }
}

static void the_rows_of_a_reply_stay_below_its_maximum(void **state)
{
    struct office *office = *state;
    struct reply_room room = reading_room(read_all(office), 0);
    char text[1001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    StatementRow row;
    statement_row__init(&row);
    row.reference = text;
    size_t rows = 0;
    while (reading_fits(&room, &row.base)) {
        rows++;
    }
    assert_true(rows * sizeof text < MESSAGE_REPLY_MAX && rows > 900);
    // Nor do they fill the arena that the reply is packed in.
    room = reading_room(&office->house.call, 0);
    struct arena *small = arena_make(CALL_ARENA_MAX);
    room.arena = small;
    assert_true(reading_fits(&room, &row.base));
    assert_non_null(arena_alloc(small, CALL_ARENA_MAX / 5 * 4));
    assert_false(reading_fits(&room, &row.base));
    arena_free(small);
}

static void the_trial_balance_balances(void **state)
{
    struct office *office = *state;
    struct call *call = read_all(office);
    ReportTrialBalance request;
    report_trial_balance__init(&request);
    ReportTrialBalanceReply reply;
    report_trial_balance_reply__init(&reply);
    request.from_day = DAY_1 + 30;
    assert_int_equal(report_trial_balance(office->txn, call, &request, &reply), STATUS_OK);
    assert_int_equal(call->status, STATUS_OK);
    assert_int_equal(reply.total->opening_minor, 0);
    assert_int_equal(reply.total->closing_minor, 0);
    assert_int_equal(reply.total->debit_minor, reply.total->credit_minor);
    assert_true(reply.n_row >= 3);
    for (size_t i = 0; i < reply.n_row; i++) {
        const TrialRow *row = reply.row[i];
        assert_int_equal(row->opening_minor + row->debit_minor - row->credit_minor,
                         row->closing_minor);
        if (row->account == 1122) {
            assert_int_equal(row->opening_minor, 100000);
            assert_int_equal(row->closing_minor, 80000);
        }
    }
}

static void revenue_counts_a_credit_note_negative(void **state)
{
    struct office *office = *state;
    for (int by = REVENUE_BY__REVENUE_BY_MONTH; by <= REVENUE_BY__REVENUE_BY_CUSTOMER; by++) {
        struct call *call = read_all(office);
        ReportRevenue request;
        report_revenue__init(&request);
        ReportRevenueReply reply;
        report_revenue_reply__init(&reply);
        request.by = (RevenueBy)by;
        assert_int_equal(report_revenue(office->txn, call, &request, &reply), STATUS_OK);
        assert_int_equal(reply.total->net_minor, 125000);
        assert_int_equal(reply.total->documents, 4);
        int64_t sum = 0;
        for (size_t i = 0; i < reply.n_row; i++) {
            sum += reply.row[i]->net_minor;
        }
        assert_int_equal(sum, 125000);
        bool by_month = by == REVENUE_BY__REVENUE_BY_MONTH;
        assert_string_equal(reply.row[0]->key, by_month ? "2025-11" : "C-0001");
    }
}

static enum status list_customers(struct office *office, struct call *call, const char *query,
                                  CustomerListReply *reply)
{
    CustomerList request;
    customer_list__init(&request);
    char text[80];
    (void)snprintf(text, sizeof text, "%s", query);
    customer_list_reply__init(reply);
    request.query = text;
    return customer_list(office->txn, call, &request, reply);
}

static void a_list_takes_words_and_terms(void **state)
{
    static const struct {
        const char *query;
        size_t count;
    } CASES[] = {
        {"", 2},
        {"恒通", 1},
        {"恒 易", 1},
        {"恒 zz", 0},
        {"region:south", 1},
        {"region:sou", 0},
        {"owner:owner", 1},
        {"owner:me", 1},
        {"open:>0", 1},
        {"overdue:>0", 1},
        {"customer:k-7", 1},
        {"customer:C-0002", 1},
        {"state:archived", 0},
        {"\"恒通贸易\"", 1},
        {"2046", 1},
    };
    struct office *office = *state;
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        CustomerListReply reply;
        struct call *call = read_all(office);
        assert_int_equal(list_customers(office, call, CASES[i].query, &reply), STATUS_OK);
        if (reply.n_row != CASES[i].count || reply.page->count != CASES[i].count) {
            fail_msg("%s: %zu", CASES[i].query, reply.n_row);
        }
    }
}

static void an_unknown_term_is_refused_and_never_a_word(void **state)
{
    static const char *const QUERIES[] = {"colour:red", "open:5",       "state:sleeping",
                                          "owner:",     "owner:nobody", "customer:C-0099"};
    struct office *office = *state;
    for (size_t i = 0; i < COUNT_OF(QUERIES); i++) {
        CustomerListReply reply;
        struct call *call = read_all(office);
        assert_int_equal(list_customers(office, call, QUERIES[i], &reply),
                         STATUS_QUERY_NOT_UNDERSTOOD);
        assert_int_equal(call->problems.count, 1);
        assert_string_equal(call->problems.list[0]->field, "query");
    }
}

static void masked_contacts_are_neither_shown_nor_found(void **state)
{
    struct office *office = *state;
    CustomerListReply reply;
    struct call *call = read_as(office, SCOPE_ALL, VIEW_MASKED);
    assert_int_equal(list_customers(office, call, "恒通", &reply), STATUS_OK);
    assert_int_equal(reply.n_row, 1);
    assert_string_equal(reply.row[0]->phone, "138****2046");
    call = read_as(office, SCOPE_ALL, VIEW_MASKED);
    assert_int_equal(list_customers(office, call, "2046", &reply), STATUS_OK);
    assert_int_equal(reply.n_row, 0);
}

static void a_card_says_what_the_customer_owes(void **state)
{
    struct office *office = *state;
    struct call *call = read_all(office);
    CustomerShow request;
    customer_show__init(&request);
    CustomerCard card;
    customer_card__init(&card);
    request.customer_id = office->mine;
    assert_int_equal(customer_show(office->txn, call, &request, &card), STATUS_OK);
    assert_string_equal(card.number, "C-0001");
    assert_string_equal(card.owner, "owner");
    assert_int_equal(card.n_phone, 1);
    assert_string_equal(card.phone[0], "138****2046"); // veiled
    assert_int_equal(card.open_minor, 80000);
    assert_int_equal(card.overdue_minor, 50000);
    assert_int_equal(card.oldest_due_day, DAY_1 + 30);
    assert_int_equal(card.last_payment_day, DAY_1 + 40);

    CustomerBalance ask;
    customer_balance__init(&ask);
    CustomerBalanceReply balance;
    customer_balance_reply__init(&balance);
    ask.customer_id = office->mine;
    ask.as_of_day = DAY_1 + 45;
    call = read_all(office);
    assert_int_equal(customer_balance(office->txn, call, &ask, &balance), STATUS_OK);
    assert_int_equal(balance.balance_minor, 60000);
    assert_int_equal(balance.overdue_minor, 60000);
    assert_int_equal(balance.open_count, 1);
}

static void documents_show_what_settles_them(void **state)
{
    struct office *office = *state;
    struct call *call = read_all(office);
    InvoiceShow ask;
    invoice_show__init(&ask);
    InvoiceCard invoice;
    invoice_card__init(&invoice);
    ask.invoice_id = office->invoice_id;
    assert_int_equal(invoice_show(office->txn, call, &ask, &invoice), STATUS_OK);
    assert_int_equal(invoice.open_minor, 50000);
    assert_string_equal(invoice.reference, BILL);
    assert_string_equal(invoice.customer_name, NAME);

    PaymentShow asked;
    payment_show__init(&asked);
    PaymentCard payment;
    payment_card__init(&payment);
    asked.payment_id = office->payment_id;
    call = read_all(office);
    assert_int_equal(payment_show(office->txn, call, &asked, &payment), STATUS_OK);
    assert_int_equal(payment.n_line, 1);
    assert_int_equal(payment.line[0]->apply_minor, 40000);
    assert_int_equal(payment.line[0]->left_minor, 50000);
    assert_int_equal(payment.line[0]->late_days, 10);
    assert_int_equal(payment.on_account_minor, 0);
}

static void lists_of_documents_follow_their_filters(void **state)
{
    struct office *office = *state;

    static const struct {
        const char *query;
        size_t count;
        int64_t open_minor;
    } CASES[] = {
        {"", 4, 80000},        {"bill", 1, 50000},       {"恒通", 3, 80000},
        {"open:>0", 2, 80000}, {"overdue:>0", 1, 50000}, {"state:draft", 0, 0},
    };

    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct call *call = read_all(office);
        InvoiceList request;
        invoice_list__init(&request);
        InvoiceListReply reply;
        invoice_list_reply__init(&reply);
        char text[40];
        (void)snprintf(text, sizeof text, "%s", CASES[i].query);
        request.query = text;
        assert_int_equal(invoice_list(office->txn, call, &request, &reply), STATUS_OK);
        assert_int_equal(reply.n_row, CASES[i].count);
        assert_int_equal(reply.open_minor, CASES[i].open_minor);
    }
    struct call *call = read_all(office);
    PaymentList request;
    payment_list__init(&request);
    PaymentListReply reply;
    payment_list_reply__init(&reply);
    request.unapplied = true;
    assert_int_equal(payment_list(office->txn, call, &request, &reply), STATUS_OK);
    assert_int_equal(reply.n_row, 1);
    assert_int_equal(reply.on_account_minor, 3000);
}

static void entries_and_accounts_are_listed_and_shown(void **state)
{
    struct office *office = *state;
    struct call *call = read_all(office);
    EntryList request;
    entry_list__init(&request);
    EntryListReply reply;
    entry_list_reply__init(&reply);
    request.account = 1122;
    request.limit = 2;
    assert_int_equal(entry_list(office->txn, call, &request, &reply), STATUS_OK);
    assert_int_equal(reply.n_row, 2);
    assert_true(reply.page->count >= 5);
    assert_true(reply.row[0]->date_day >= reply.row[1]->date_day);
    assert_true(strncmp(reply.row[0]->document, "INV-", 4) == 0);

    EntryShow ask;
    entry_show__init(&ask);
    EntryCard card;
    entry_card__init(&card);
    ask.entry_id = reply.row[0]->id;
    call = read_all(office);
    assert_int_equal(entry_show(office->txn, call, &ask, &card), STATUS_OK);
    assert_true(card.n_line >= 2);
    int64_t sum = 0;
    for (size_t i = 0; i < card.n_line; i++) {
        sum += card.line[i]->debit_minor - card.line[i]->credit_minor;
        assert_true(card.line[i]->name[0] != '\0');
    }
    assert_int_equal(sum, 0);

    call = read_all(office);
    AccountList accounts;
    account_list__init(&accounts);
    AccountListReply rows;
    account_list_reply__init(&rows);
    static char word[] = "1122";
    accounts.query = word;
    assert_int_equal(account_list(office->txn, call, &accounts, &rows), STATUS_OK);
    assert_int_equal(rows.n_row, 1);
    assert_int_equal(rows.row[0]->balance_minor, 80000);
}

static void edit_region(struct office *office, uint32_t version, char *region)
{
    struct house *house = &office->house;
    CustomerEdit edit;
    customer_edit__init(&edit);
    CustomerEditReply reply;
    customer_edit_reply__init(&reply);
    house_begin(house);
    edit.customer_id = office->mine;
    edit.version = version;
    edit.region = region;
    house_command(house, "customer_edit");
    enum status status = customer_edit(house->txn, &house->call, &edit, &reply);
    assert_int_equal(status, STATUS_OK);
    end_journalled(house, status, command_by_name("customer_edit")->number, office->mine);
}

static void a_history_is_read_along_its_chain_newest_first(void **state)
{
    struct office *office = *state;
    txn_abort(office->txn);
    office->txn = NULL;
    static char north[] = "North";
    static char west[] = "West";
    edit_region(office, 1, north);
    (void)issue(&office->house, office->mine, 100, TODAY, TODAY, NULL);
    edit_region(office, 2, west);
    static const char *const AFTER[] = {"West", "North", ""};
    char cursor[20] = "";
    for (size_t i = 0; i < COUNT_OF(AFTER); i++) {
        struct call *call = read_all(office);
        CustomerHistory request;
        customer_history__init(&request);
        CustomerHistoryReply reply;
        customer_history_reply__init(&reply);
        request.customer_id = office->mine;
        request.limit = 1;
        request.cursor = cursor;
        assert_int_equal(customer_history(office->txn, call, &request, &reply), STATUS_OK);
        assert_int_equal(reply.n_row, 1);
        assert_string_equal(reply.row[0]->after, AFTER[i]);
        assert_string_equal(reply.row[0]->action, i < 2 ? "customer edit" : "customer add");
        assert_int_equal(reply.row[0]->version, 3 - i);
        assert_int_equal(reply.page->next[0] == '\0', i == 2);
        (void)snprintf(cursor, sizeof cursor, "%s", reply.page->next);
    }
}

static size_t find_all(struct office *office, struct call *call, FindNoun noun, const char *text,
                       FindReply *reply)
{
    Find request;
    find__init(&request);
    char typed[80];
    (void)snprintf(typed, sizeof typed, "%s", text);
    find_reply__init(reply);
    request.noun = noun;
    request.text = typed;
    assert_int_equal(find(office->txn, call, &request, reply), STATUS_OK);
    return reply->n_row;
}

static void find_goes_from_number_to_reference_to_words(void **state)
{
    struct office *office = *state;
    FindReply reply;
    assert_int_equal(
        find_all(office, read_all(office), FIND_NOUN__FIND_NOUN_CUSTOMER, "c-1", &reply), 1);
    assert_true(reply.exact);
    assert_int_equal(reply.row[0]->id, office->mine);
    assert_int_equal(
        find_all(office, read_all(office), FIND_NOUN__FIND_NOUN_CUSTOMER, "K-7", &reply), 1);
    assert_true(reply.exact);
    assert_int_equal(
        find_all(office, read_all(office), FIND_NOUN__FIND_NOUN_CUSTOMER, "贸易", &reply), 1);
    assert_false(reply.exact);
    assert_int_equal(
        find_all(office, read_all(office), FIND_NOUN__FIND_NOUN_INVOICE, "bill 1", &reply), 1);
    assert_true(reply.exact);
    assert_int_equal(reply.row[0]->id, office->invoice_id);
    char number[32];
    (void)snprintf(number, sizeof number, "%s", reply.row[0]->number);
    assert_int_equal(
        find_all(office, read_all(office), FIND_NOUN__FIND_NOUN_INVOICE, number, &reply), 1);
    assert_int_equal(find_all(office, read_all(office), FIND_NOUN__FIND_NOUN_USER, "OWNER", &reply),
                     1);
    assert_int_equal(reply.row[0]->id, office->owner_id);
    struct call *call = read_as(office, SCOPE_OWN, VIEW_FULL);
    assert_int_equal(find_all(office, call, FIND_NOUN__FIND_NOUN_CUSTOMER, "C-0002", &reply), 0);
}

static const DocumentFaultRow *fault_of(const CheckDocumentsReply *reply, const char *document)
{
    for (size_t i = 0; i < reply->n_row; i++) {
        if (strcmp(reply->row[i]->document, document) == 0) {
            return reply->row[i];
        }
    }
    fail_msg("no fault of %s", document);
    return reply->row[0];
}

static void documents_that_the_ledger_does_not_have_are_told(void **state)
{
    struct office *office = *state;
    struct house *house = &office->house;
    CheckDocuments request;
    check_documents__init(&request);
    CheckDocumentsReply reply;
    check_documents_reply__init(&reply);
    struct call *call = read_all(office);
    assert_int_equal(check_documents(office->txn, call, &request, &reply), STATUS_OK);
    assert_int_equal(call->status, STATUS_OK);
    assert_int_equal(reply.n_row, 0);
    const uint32_t year = books_year(DAY_1);

    // Damage: a payment of another amount, an invoice whose parts do not make it and that has no
    // entry any more, a number that was given to nobody.
    end_reading(office);
    house_begin(house);
    PaymentRecord *payment = NULL;
    InvoiceRecord *invoice = NULL;
    CounterRecord *counter = NULL;
    const struct row_key numbers = key_u64((uint64_t)SERIES_CREDIT_NOTE << 32 | year);
    assert_int_equal(payment_get(house->txn, key_u64(office->payment_id), &payment), STATUS_OK);
    assert_int_equal(invoice_get(house->txn, key_u64(office->invoice_id), &invoice), STATUS_OK);
    assert_int_equal(counter_get(house->txn, numbers, &counter), STATUS_OK);
    payment->amount_minor += 1;
    invoice->part[0]->amount_minor += 1;
    invoice->entry_id = 0;
    counter->next++;
    assert_int_equal(payment_put(house->txn, key_u64(payment->id), payment), STATUS_OK);
    assert_int_equal(invoice_put(house->txn, key_u64(invoice->id), invoice), STATUS_OK);
    assert_int_equal(counter_put(house->txn, numbers, counter), STATUS_OK);
    char paid[32];
    char missing[32];
    (void)snprintf(paid, sizeof paid, "PAY-%u-%04u", payment->year, payment->sequence);
    (void)snprintf(missing, sizeof missing, "CN-%u-%04u", year, (unsigned)counter->next - 1);
    house_end(house, STATUS_OK);

    check_documents_reply__init(&reply);
    call = read_all(office);
    assert_int_equal(check_documents(office->txn, call, &request, &reply), STATUS_OK);
    assert_int_equal(call->status, STATUS_DIFFERENCE);
    assert_int_equal(reply.n_row, 4);
    const DocumentFaultRow *row = fault_of(&reply, paid);
    assert_non_null(row);
    assert_int_equal(row->fault, DOCUMENT_FAULT__DOCUMENT_FAULT_LEDGER);
    assert_int_equal(row->amount_minor, -40001);
    assert_int_equal(row->ledger_minor, -40000);
    row = fault_of(&reply, missing);
    assert_non_null(row);
    assert_int_equal(row->fault, DOCUMENT_FAULT__DOCUMENT_FAULT_MISSING);
    assert_int_equal(reply.row[1]->fault, DOCUMENT_FAULT__DOCUMENT_FAULT_SUMS);
    assert_int_equal(reply.row[2]->fault, DOCUMENT_FAULT__DOCUMENT_FAULT_UNPOSTED);
    assert_string_equal(reply.row[1]->document, reply.row[2]->document);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_aging_ties_to_the_control_accounts),
        CASE(the_aging_of_today_is_what_is_owed),
        CASE(a_difference_is_answered_beside_the_figures),
        CASE(who_sees_own_customers_gets_their_figures_and_no_control),
        CASE(a_statement_closes_with_what_the_aging_says),
        CASE(a_statement_in_pages_is_the_whole_statement),
        CASE(the_rows_of_a_reply_stay_below_its_maximum),
        CASE(the_trial_balance_balances),
        CASE(revenue_counts_a_credit_note_negative),
        CASE(a_list_takes_words_and_terms),
        CASE(an_unknown_term_is_refused_and_never_a_word),
        CASE(masked_contacts_are_neither_shown_nor_found),
        CASE(a_card_says_what_the_customer_owes),
        CASE(documents_show_what_settles_them),
        CASE(lists_of_documents_follow_their_filters),
        CASE(entries_and_accounts_are_listed_and_shown),
        CASE(a_history_is_read_along_its_chain_newest_first),
        CASE(find_goes_from_number_to_reference_to_words),
        CASE(documents_that_the_ledger_does_not_have_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
