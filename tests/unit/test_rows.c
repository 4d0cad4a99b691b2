// SPDX-License-Identifier: Apache-2.0
#include "server/store/rows.h"
#include "tests/unit/shelf.h"
#include "tests/unit/unit.h"

#define ANN   1u
#define BOB   2u
#define CEM   3u
#define HERS  101u // customer of Ann
#define HIS   102u // of Bob, who is in Ann's team
#define ALIEN 103u // of Cem

static int set_up(void **state)
{
    struct shelf *shelf = malloc(sizeof *shelf);
    assert_non_null(shelf);
    shelf_make(shelf);
    struct txn *txn = shelf_begin(shelf, TXN_WRITE);
    shelf_user(txn, ANN, "ann", "north");
    shelf_user(txn, BOB, "bob", "north");
    shelf_user(txn, CEM, "cem", "");
    const struct shelf_customer customers[] = {
        {.id = HERS,
         .sequence = 1,
         .owner_id = ANN,
         .kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION,
         .name = "恒通公司",
         .phone = "13812342046",
         .region = "华南",
         .email = "buy@example.com",
         .tax_id = "91350100M000100Y43"},
        {.id = HIS,
         .sequence = 2,
         .owner_id = BOB,
         .kind = CUSTOMER_KIND__CUSTOMER_KIND_PERSON,
         .name = "张三丰"},
        {.id = ALIEN,
         .sequence = 3,
         .owner_id = CEM,
         .kind = CUSTOMER_KIND__CUSTOMER_KIND_PERSON,
         .name = "Eve"},
    };
    for (size_t i = 0; i < COUNT_OF(customers); i++) {
        shelf_customer(txn, &customers[i]);
    }
    assert_int_equal(txn_commit(txn), STATUS_OK);
    *state = shelf;
    return 0;
}

static int tear_down(void **state)
{
    shelf_free(*state);
    free(*state);
    return 0;
}

static struct filter filter_of(uint64_t user_id, enum scope scope, enum view contact)
{
    return (struct filter){
        .user_id = user_id,
        .scope = scope,
        .team = user_id == CEM ? "" : "north",
        .views =
            {[CLASS_PUBLIC] = VIEW_FULL, [CLASS_CONTACT] = contact, [CLASS_FINANCE] = VIEW_FULL},
    };
}

static struct txn *begin_as(struct shelf *shelf, enum txn_mode mode, const struct filter *filter)
{
    struct txn *txn = shelf_begin(shelf, mode);
    txn_call_begin(txn, shelf->arena, filter);
    return txn;
}

static bool sees(struct shelf *shelf, uint64_t user_id, enum scope scope, uint64_t customer_id)
{
    struct filter filter = filter_of(user_id, scope, VIEW_FULL);
    struct txn *txn = begin_as(shelf, TXN_READ, &filter);
    CustomerRecord *record = NULL;
    enum status got = customer_get(txn, key_u64(customer_id), &record);
    enum status may = rows_may_see(txn, customer_id);
    txn_abort(txn);
    assert_true(got == STATUS_OK || got == STATUS_NOT_FOUND);
    // With all in scope the check alone does not look whether the customer exists.
    assert_true(got == may || scope == SCOPE_ALL);
    return got == STATUS_OK;
}

static void a_scope_shows_own_team_or_all(void **state)
{
    assert_false(sees(*state, ANN, SCOPE_NONE, HERS));
    assert_true(sees(*state, ANN, SCOPE_OWN, HERS));
    assert_false(sees(*state, ANN, SCOPE_OWN, HIS));
    assert_true(sees(*state, ANN, SCOPE_TEAM, HIS));
    assert_false(sees(*state, ANN, SCOPE_TEAM, ALIEN));
    assert_true(sees(*state, ANN, SCOPE_ALL, ALIEN));
    assert_false(sees(*state, ANN, SCOPE_ALL, 999));
    assert_false(sees(*state, ANN, SCOPE_OWN, 999));
    // Nobody's team is not a team.
    assert_false(sees(*state, CEM, SCOPE_TEAM, HERS));
}

static enum status put_invoice_as(struct shelf *shelf, const struct filter *filter, uint64_t id,
                                  uint64_t customer_id, bool commit)
{
    InvoiceRecord record;
    invoice_record__init(&record);
    record.id = id;
    record.customer_id = customer_id;
    struct txn *txn = begin_as(shelf, TXN_WRITE, filter);
    enum status status = invoice_put(txn, key_u64(id), &record);
    if (commit && status == STATUS_OK) {
        assert_int_equal(txn_commit(txn), STATUS_OK);
    } else {
        txn_abort(txn);
    }
    return status;
}

static void a_put_is_checked_as_the_row_is_and_as_it_would_be(void **state)
{
    const struct filter own = filter_of(ANN, SCOPE_OWN, VIEW_FULL);
    assert_int_equal(put_invoice_as(*state, NULL, 501, ALIEN, true), STATUS_OK);
    assert_int_equal(put_invoice_as(*state, &own, 502, HERS, true), STATUS_OK);
    assert_int_equal(put_invoice_as(*state, &own, 503, HIS, false), STATUS_SCOPE_DENIED);
    // Neither pulled into sight nor pushed out of it.
    assert_int_equal(put_invoice_as(*state, &own, 501, HERS, false), STATUS_NOT_FOUND);
    assert_int_equal(put_invoice_as(*state, &own, 502, HIS, false), STATUS_SCOPE_DENIED);
}

static void a_row_out_of_scope_is_not_deleted(void **state)
{
    const struct filter own = filter_of(ANN, SCOPE_OWN, VIEW_FULL);
    assert_int_equal(put_invoice_as(*state, NULL, 501, ALIEN, true), STATUS_OK);
    struct txn *txn = begin_as(*state, TXN_WRITE, &own);
    assert_int_equal(rows_del(txn, TABLE_invoice, key_u64(501)), STATUS_NOT_FOUND);
    txn_abort(txn);
}

static void a_scan_passes_over_what_is_out_of_scope(void **state)
{
    for (uint64_t i = 0; i < 9; i++) {
        assert_int_equal(put_invoice_as(*state, NULL, 600 + i, HERS + i % 3, true), STATUS_OK);
    }
    const struct filter team = filter_of(ANN, SCOPE_TEAM, VIEW_FULL);
    struct txn *txn = begin_as(*state, TXN_READ, &team);
    struct rows *rows = NULL;
    assert_int_equal(rows_open(txn, TABLE_invoice, key_u64(0), 0, false, &rows), STATUS_OK);
    size_t count = 0;
    struct row_key key;
    ProtobufCMessage *record = NULL;
    while (rows_next(rows, &key, &record) == STATUS_OK) {
        assert_int_not_equal(((const InvoiceRecord *)record)->customer_id, ALIEN);
        count++;
    }
    assert_int_equal(count, 6);
    rows_close(rows);
    txn_abort(txn);
}

static enum status get_entry(struct shelf *shelf, const struct filter *filter, uint64_t id)
{
    struct txn *txn = begin_as(shelf, TXN_READ, filter);
    EntryRecord *entry = NULL;
    enum status status = entry_get(txn, key_u64(id), &entry);
    txn_abort(txn);
    return status;
}

static void put_entry(struct shelf *shelf, uint64_t id, uint64_t a, uint64_t b)
{
    EntryRecord record;
    PostingLine lines[2];
    PostingLine *line[2] = {&lines[0], &lines[1]};
    entry_record__init(&record);
    posting_line__init(&lines[0]);
    posting_line__init(&lines[1]);
    record.id = id;
    record.line = line;
    record.n_line = 2;
    lines[0].customer_id = a;
    lines[1].customer_id = b;
    struct txn *txn = shelf_begin(shelf, TXN_WRITE);
    shelf_put(txn, TABLE_entry, id, &record.base);
    assert_int_equal(txn_commit(txn), STATUS_OK);
}

static void an_entry_is_seen_by_who_sees_all_its_customers(void **state)
{
    const struct filter own = filter_of(ANN, SCOPE_OWN, VIEW_FULL);
    const struct filter team = filter_of(ANN, SCOPE_TEAM, VIEW_FULL);
    const struct filter all = filter_of(ANN, SCOPE_ALL, VIEW_FULL);
    put_entry(*state, 701, HERS, 0);
    put_entry(*state, 702, HERS, HIS);
    put_entry(*state, 703, 0, 0);
    assert_int_equal(get_entry(*state, &own, 701), STATUS_OK);
    assert_int_equal(get_entry(*state, &own, 702), STATUS_NOT_FOUND);
    assert_int_equal(get_entry(*state, &team, 702), STATUS_OK);
    assert_int_equal(get_entry(*state, &team, 703), STATUS_NOT_FOUND);
    assert_int_equal(get_entry(*state, &all, 703), STATUS_OK);
}

static void settled_by_and_open_item_follow_their_customer(void **state)
{
    struct shelf *shelf = *state;
    AllocationRecord allocation;
    allocation_record__init(&allocation);
    allocation.id = 901;
    allocation.debit_id = 801;
    allocation.customer_id = HIS;
    IdRecord link;
    id_record__init(&link);
    link.id = 1;
    struct txn *txn = shelf_begin(shelf, TXN_WRITE);
    shelf_put(txn, TABLE_allocation, 901, &allocation.base);
    assert_int_equal(table_put(txn, TABLE_open_item, key_u64_u64(HIS, 801), &link.base), STATUS_OK);
    assert_int_equal(table_put(txn, TABLE_settled_by, key_u64_u64(801, 901), &link.base),
                     STATUS_OK);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    for (enum scope scope = SCOPE_OWN; scope <= SCOPE_TEAM; scope++) {
        enum status expected = scope == SCOPE_TEAM ? STATUS_OK : STATUS_NOT_FOUND;
        const struct filter filter = filter_of(ANN, scope, VIEW_FULL);
        txn = begin_as(shelf, TXN_READ, &filter);
        IdRecord *record = NULL;
        assert_int_equal(open_item_get(txn, key_u64_u64(HIS, 801), &record), expected);
        assert_int_equal(settled_by_get(txn, key_u64_u64(801, 901), &record), expected);
        txn_abort(txn);
    }
}

static void expect_text(struct shelf *shelf, enum view contact, uint64_t customer_id,
                        const char *field, const char *expected)
{
    const struct filter filter = filter_of(ANN, SCOPE_ALL, contact);
    struct txn *txn = begin_as(shelf, TXN_READ, &filter);
    CustomerRecord *record = NULL;
    char *text = NULL;
    assert_int_equal(customer_get(txn, key_u64(customer_id), &record), STATUS_OK);
    assert_int_equal(rows_text(txn, record, field, 0, &text), STATUS_OK);
    assert_string_equal(text, expected);
    txn_abort(txn);
}

static void personal_texts_open_as_the_class_is_shown(void **state)
{
    expect_text(*state, VIEW_FULL, HERS, "phone", "138****2046"); // veiled
    expect_text(*state, VIEW_MASKED, HERS, "phone", "138****2046");
    expect_text(*state, VIEW_HIDDEN, HERS, "phone", "");
    expect_text(*state, VIEW_MASKED, HERS, "email", "b***@example.com");
    expect_text(*state, VIEW_MASKED, HERS, "tax_id", "91350100M000100Y43");
    expect_text(*state, VIEW_MASKED, HERS, "name", "恒通公司");
    expect_text(*state, VIEW_FULL, HIS, "name", "张三丰");
    expect_text(*state, VIEW_MASKED, HIS, "name", "张**");
    expect_text(*state, VIEW_HIDDEN, HIS, "name", "");
    expect_text(*state, VIEW_FULL, HIS, "phone", "");
}

static void reveal(struct shelf *shelf, enum txn_mode mode, enum view contact, const char *expected)
{
    const struct filter filter = filter_of(ANN, SCOPE_ALL, contact);
    struct txn *txn = begin_as(shelf, mode, &filter);
    CustomerRecord *record = NULL;
    char *text = NULL;
    const struct rows_asked asked = {"phone", 0, &text};
    assert_int_equal(customer_get(txn, key_u64(HERS), &record), STATUS_OK);
    assert_int_equal(rows_reveal(txn, record, &asked, 1), STATUS_OK);
    assert_string_equal(text, expected);
    txn_abort(txn);
}

static void a_veil_is_lifted_only_where_a_trace_is_left(void **state)
{
    reveal(*state, TXN_WRITE, VIEW_FULL, "13812342046");
    reveal(*state, TXN_WRITE, VIEW_MASKED, "138****2046");
    reveal(*state, TXN_WRITE, VIEW_HIDDEN, "");
    reveal(*state, TXN_PREVIEW, VIEW_FULL, "138****2046");
}

static bool sees_with(struct shelf *shelf, const struct filter *filter, uint64_t customer_id)
{
    struct txn *txn = begin_as(shelf, TXN_READ, filter);
    CustomerRecord *record = NULL;
    const enum status status = customer_get(txn, key_u64(customer_id), &record);
    txn_abort(txn);
    return status == STATUS_OK;
}

static void a_region_reaches_its_customers_and_the_own_ones(void **state)
{
    struct filter filter = filter_of(CEM, SCOPE_REGION, VIEW_FULL);
    assert_false(sees_with(*state, &filter, HERS)); // nobody's region is not a region
    assert_true(sees_with(*state, &filter, ALIEN)); // his own
    filter.region = "华南";
    assert_true(sees_with(*state, &filter, HERS));
    assert_false(sees_with(*state, &filter, HIS));
    filter.region = "华";
    assert_false(sees_with(*state, &filter, HERS));
    // The team only where another role reaches it.
    filter.team = "north";
    assert_false(sees_with(*state, &filter, HIS));
    filter.also_team = true;
    assert_true(sees_with(*state, &filter, HIS));
    assert_true(sees_with(*state, &filter, HERS));
}

// Who sees all customers masked, and by another role his own in full, sees each as he may.
static void masks_go_by_the_roles_that_reach_the_row(void **state)
{
    struct filter filter = filter_of(ANN, SCOPE_ALL, VIEW_MASKED);
    filter.is_mixed = true;
    filter.near[SCOPE_OWN][CLASS_CONTACT] = VIEW_FULL;

    const struct {
        uint64_t customer_id;
        const char *field;
        const char *text;
    } CASES[] = {
        {HERS, "email", "b***@example.com"}, {HIS, "name", "张**"}, {ALIEN, "name", "E**"}};
    struct txn *txn = begin_as(*state, TXN_READ, &filter);
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        CustomerRecord *record = NULL;
        char *text = NULL;
        assert_int_equal(customer_get(txn, key_u64(CASES[i].customer_id), &record), STATUS_OK);
        assert_int_equal(rows_text(txn, record, CASES[i].field, 0, &text), STATUS_OK);
        assert_string_equal(text, CASES[i].text);
    }
    txn_abort(txn);
    filter.user_id = BOB;
    txn = begin_as(*state, TXN_READ, &filter);
    CustomerRecord *record = NULL;
    char *text = NULL;
    assert_int_equal(customer_get(txn, key_u64(HIS), &record), STATUS_OK);
    assert_int_equal(rows_text(txn, record, "name", 0, &text), STATUS_OK);
    assert_string_equal(text, "张三丰");
    txn_abort(txn);
}

// A row is seen within another filter only where both let it through.
static void a_second_filter_only_takes_away(void **state)
{
    const struct filter own = filter_of(ANN, SCOPE_OWN, VIEW_FULL);
    const struct filter all = filter_of(ANN, SCOPE_ALL, VIEW_FULL);
    const struct filter none = filter_of(ANN, SCOPE_NONE, VIEW_FULL);

    const struct {
        const struct filter *call;
        const struct filter *within;
        uint64_t customer_id;
        enum status status;
    } CASES[] = {
        {&all, &own, HERS, STATUS_OK},         {&all, &own, HIS, STATUS_NOT_FOUND},
        {&own, &all, HERS, STATUS_OK},         {&own, &all, HIS, STATUS_NOT_FOUND},
        {&all, &none, HERS, STATUS_NOT_FOUND}, {&all, &all, 999, STATUS_NOT_FOUND},
    };

    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct txn *txn = begin_as(*state, TXN_READ, CASES[i].call);
        ProtobufCMessage *row = NULL;
        assert_int_equal(rows_get_within(txn, CASES[i].within, TABLE_customer,
                                         key_u64(CASES[i].customer_id), &row),
                         CASES[i].status);
        txn_abort(txn);
    }
}

static void a_destroyed_key_leaves_empty_texts(void **state)
{
    struct shelf *shelf = *state;
    struct txn *txn = shelf_begin(shelf, TXN_WRITE);
    assert_int_equal(table_del(txn, TABLE_vault, key_u64(HERS)), STATUS_OK);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    expect_text(shelf, VIEW_FULL, HERS, "phone", "");
    expect_text(shelf, VIEW_MASKED, HERS, "name", "");
}

static void sealed_fields_are_known_by_name(void **state)
{
    (void)state;
    assert_int_equal(rows_sealed_field("name"), 2);
    assert_int_equal(rows_sealed_field("reference"), 20);
    assert_int_equal(rows_sealed_field("region"), 0);
    assert_int_equal(rows_sealed_field("nothing"), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_scope_shows_own_team_or_all),
        CASE(a_put_is_checked_as_the_row_is_and_as_it_would_be),
        CASE(a_row_out_of_scope_is_not_deleted),
        CASE(a_scan_passes_over_what_is_out_of_scope),
        CASE(an_entry_is_seen_by_who_sees_all_its_customers),
        CASE(settled_by_and_open_item_follow_their_customer),
        CASE(personal_texts_open_as_the_class_is_shown),
        CASE(a_veil_is_lifted_only_where_a_trace_is_left),
        CASE(a_region_reaches_its_customers_and_the_own_ones),
        CASE(masks_go_by_the_roles_that_reach_the_row),
        CASE(a_second_filter_only_takes_away),
        CASE(a_destroyed_key_leaves_empty_texts),
        CASE(sealed_fields_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
