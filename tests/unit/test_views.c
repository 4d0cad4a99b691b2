// SPDX-License-Identifier: Apache-2.0
// The views against a random book: rebuilt, aged, summed by day, and read while it changes.
#include "shared/day.h"
#include "tests/unit/views_model.h"

#include <pthread.h>

// ---- rebuild and compare ----

static void a_rebuilt_view_equals_the_one_kept_current(void **state)
{
    struct model *model = *state;
    for (size_t round = 0; round < 40; round++) {
        model_run(model, 1 + model_draw(model, 25));
        struct views *rebuilt = NULL;
        assert_int_equal(views_make(model->shelf.store, &rebuilt), STATUS_OK);
        struct txn *txn = shelf_begin(&model->shelf, TXN_READ);
        assert_int_equal(views_build(rebuilt, txn), STATUS_OK);
        uint8_t kept[32];
        uint8_t built[32];
        views_digest(model->views, kept);
        views_digest(rebuilt, built);
        assert_memory_equal(kept, built, sizeof kept);
        assert_int_equal(views_number(rebuilt), model->number);
        txn_abort(txn);
        views_free(rebuilt);
    }
}

// Enough customers, invoices and items for the build to share them out among threads.
static void a_build_by_several_threads_equals_the_one_kept_current(void **state)
{
    struct model *model = *state;
    for (size_t batch = 0; batch < 6; batch++) {
        struct txn *txn = model_begin(model);
        for (size_t i = 0; i < 900; i++) {
            char name[32];
            uint32_t sequence = (uint32_t)(batch * 900 + i + 1);
            (void)snprintf(name, sizeof name, "Firm %u", (unsigned)model_draw(model, 5000));
            const struct shelf_customer customer = {
                .id = (uint64_t)sequence << 8 | 1,
                .sequence = sequence,
                .kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION,
                .name = name,
            };
            shelf_customer(txn, &customer);
            const struct model_item item = {
                .id = customer.id + 1,
                .customer_id = (uint64_t)(model_draw(model, sequence) + 1) << 8 | 1,
                .document_id = customer.id + 2,
                .debit = true,
                .date_day = FIRST_DAY + (int32_t)model_draw(model, 400),
                .due_day = LAST_DAY,
                .amount = 1 + (int64_t)model_draw(model, 100000),
                .open = (int64_t)model_draw(model, 2),
                .sequence = sequence,
            };
            model_put_invoice(txn, &item);
            model_put_item(txn, &item);
        }
        model_end(model, txn);
    }
    struct views *rebuilt = NULL;
    assert_int_equal(views_make(model->shelf.store, &rebuilt), STATUS_OK);
    struct txn *txn = shelf_begin(&model->shelf, TXN_READ);
    assert_int_equal(views_build(rebuilt, txn), STATUS_OK);
    uint8_t kept[32];
    uint8_t built[32];
    views_digest(model->views, kept);
    views_digest(rebuilt, built);
    assert_memory_equal(kept, built, sizeof kept);
    txn_abort(txn);
    views_free(rebuilt);
}

static void the_digest_sees_a_change(void **state)
{
    struct model *model = *state;
    model_fill(model);
    uint8_t before[32];
    uint8_t after[32];
    views_digest(model->views, before);
    struct txn *txn = model_begin(model);
    model->customer[3].archived = !model->customer[3].archived;
    model_put_customer(model, txn, 3);
    model_end(model, txn);
    views_digest(model->views, after);
    assert_memory_not_equal(before, after, sizeof before);
}

// ---- aging ----

static int64_t model_residual(const struct model *model, size_t item, int32_t day)
{
    int64_t residual = model->item[item].date_day <= day ? model->item[item].amount : 0;
    for (size_t i = 0; i < model->allocations; i++) {
        const struct model_allocation *allocation = &model->allocation[i];
        if (allocation->day <= day && (allocation->debit == item || allocation->credit == item)) {
            residual -= allocation->amount;
        }
    }
    return residual;
}

static size_t model_bucket(int32_t age)
{
    if (age <= 0) {
        return 0;
    }
    if (age <= 90) {
        return (size_t)(1 + (age - 1) / 30);
    }
    return age <= 180 ? 4 : age <= 365 ? 5 : 6;
}

static struct aging_row model_aging(const struct model *model, const struct filter *filter,
                                    int32_t day, uint64_t customer_id)
{
    struct aging_row row = {0};
    for (size_t i = 0; i < model->items; i++) {
        const struct model_item *item = &model->item[i];
        int64_t residual = model_residual(model, i, day);
        bool seen = model_sees(filter, model_customer(model, item->customer_id)->owner_id);
        if (residual == 0 || !seen || (customer_id != 0 && item->customer_id != customer_id)) {
            continue;
        }
        if (!item->debit) {
            row.on_account_minor += residual;
            row.on_account_count++;
            continue;
        }
        size_t bucket = model_bucket(day - item->due_day);
        row.bucket_minor[bucket] += residual;
        row.bucket_count[bucket]++;
        const bool disputed = item->dispute_day != 0 && item->dispute_day <= day &&
                              (item->settled_day == 0 || item->settled_day > day);
        row.disputed_minor += disputed ? residual : 0;
        row.disputed_count += disputed;
    }
    return row;
}

static void same_aging(const struct aging_row *a, const struct aging_row *b)
{
    for (size_t i = 0; i < AGING_BUCKETS; i++) {
        assert_int_equal(a->bucket_minor[i], b->bucket_minor[i]);
        assert_int_equal(a->bucket_count[i], b->bucket_count[i]);
    }
    assert_int_equal(a->on_account_minor, b->on_account_minor);
    assert_int_equal(a->on_account_count, b->on_account_count);
    assert_int_equal(a->disputed_minor, b->disputed_minor);
    assert_int_equal(a->disputed_count, b->disputed_count);
}

static void aging_of_any_day_is_what_the_plain_rule_says(void **state)
{
    struct model *model = *state;
    model_fill(model);
    const struct filter filters[] = {
        model_filter(1, SCOPE_ALL, "", VIEW_FULL),
        model_filter(1, SCOPE_TEAM, "north", VIEW_FULL),
        model_filter(2, SCOPE_OWN, "north", VIEW_FULL),
        model_filter(3, SCOPE_NONE, "", VIEW_FULL),
    };
    for (int32_t day = FIRST_DAY - 10; day <= LAST_DAY + 110; day += 13) {
        const struct filter *filter = &filters[model_draw(model, COUNT_OF(filters))];
        struct aging_query query = {.day = day};
        struct aging_matches all;
        arena_reset(model->shelf.arena);
        assert_int_equal(
            views_aging(model->views, filter, &query, 0, 1000, model->shelf.arena, &all),
            STATUS_OK);
        struct aging_row expected = model_aging(model, filter, day, 0);
        same_aging(&all.total, &expected);
        assert_int_equal(all.total_count, all.count);
        for (size_t i = 0; i < all.count; i++) {
            expected = model_aging(model, filter, day, all.row[i].customer_id);
            same_aging(&all.row[i], &expected);
            assert_true(i == 0 || all.row[i - 1].sequence < all.row[i].sequence);
            struct aging_matches one;
            query.customer_id = all.row[i].customer_id;
            assert_int_equal(
                views_aging(model->views, filter, &query, 0, 1, model->shelf.arena, &one),
                STATUS_OK);
            same_aging(&one.total, &expected);
        }
    }
}

static void a_bucket_ends_on_its_upper_day(void **state)
{
    (void)state;

    static const struct {
        int32_t age;
        size_t bucket;
    } CASES[] = {{-5, 0}, {0, 0},  {1, 1},   {30, 1},  {31, 2},  {60, 2}, {61, 3},
                 {90, 3}, {91, 4}, {180, 4}, {181, 5}, {365, 5}, {366, 6}};

    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        assert_int_equal(aging_bucket(CASES[i].age), CASES[i].bucket);
    }
}

static int32_t day_at(int32_t year, uint32_t month, uint32_t day)
{
    int32_t out = 0;
    assert_true(day_of_date((struct date){.year = year, .month = month, .day = day}, &out));
    return out;
}

static void a_year_ends_on_its_anniversary(void **state)
{
    (void)state;
    const int32_t document = day_at(2020, 2, 29);

    const struct {
        int32_t day;
        size_t year;
    } cases[] = {{document, 0},           {day_at(2021, 2, 28), 0},
                 {day_at(2021, 3, 1), 1}, {day_at(2022, 2, 28), 1},
                 {day_at(2022, 3, 1), 2}, {day_at(2024, 2, 29), 3},
                 {day_at(2024, 3, 1), 4}, {day_at(2025, 2, 28), 4},
                 {day_at(2025, 3, 1), 5}, {day_at(2060, 1, 1), 5}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(aging_year(document, cases[i].day), cases[i].year);
    }
}

static void pages_of_the_aging_make_the_whole(void **state)
{
    struct model *model = *state;
    model_fill(model);
    const struct filter filter = model_filter(1, SCOPE_ALL, "", VIEW_FULL);
    for (enum aging_order order = AGING_BY_NUMBER; order <= AGING_BY_BALANCE; order++) {
        struct aging_query query = {.day = LAST_DAY, .order = order, .descending = order % 2 == 1};
        struct aging_matches whole;
        struct aging_matches page;
        arena_reset(model->shelf.arena);
        assert_int_equal(
            views_aging(model->views, &filter, &query, 0, 1000, model->shelf.arena, &whole),
            STATUS_OK);
        for (size_t skip = 0; skip < whole.count; skip += 7) {
            assert_int_equal(
                views_aging(model->views, &filter, &query, skip, 7, model->shelf.arena, &page),
                STATUS_OK);
            assert_int_equal(page.more, skip + page.count < whole.count);
            for (size_t i = 0; i < page.count; i++) {
                assert_int_equal(page.row[i].customer_id, whole.row[skip + i].customer_id);
            }
        }
    }
}

// The control account of the model is 1122: what items say is what the day sums say.
static void items_tie_to_the_day_sums_on_every_day(void **state)
{
    struct model *model = *state;
    model_fill(model);
    for (int32_t day = FIRST_DAY; day <= LAST_DAY + 110; day += 17) {
        struct aging_query query = {.day = day};
        struct aging_matches all;
        arena_reset(model->shelf.arena);
        assert_int_equal(views_aging(model->views, NULL, &query, 0, 0, model->shelf.arena, &all),
                         STATUS_OK);
        struct account_sum sum = views_account(model->views, 1122, DAY_MIN, day);
        assert_int_equal(aging_open(&all.total) - all.total.on_account_minor,
                         sum.debit_minor - sum.credit_minor);
    }
}

// ---- documents ----

static void documents_come_by_day_and_number_and_their_sums_tie(void **state)
{
    struct model *model = *state;
    model_fill(model);
    for (uint64_t user = 0; user < USERS; user++) {
        const struct filter filter =
            model_filter(user, user == 0 ? SCOPE_ALL : SCOPE_OWN, "", VIEW_FULL);
        const struct document_query query = {.table = TABLE_invoice,
                                             .from_day = user == 0 ? 0 : FIRST_DAY + 50,
                                             .to_day = user == 0 ? 0 : LAST_DAY - 50};
        struct document_matches matches;
        arena_reset(model->shelf.arena);
        assert_int_equal(
            views_documents(model->views, &filter, &query, 0, 1000, model->shelf.arena, &matches),
            STATUS_OK);
        uint64_t count = 0;
        int64_t amount = 0;
        int64_t open = 0;
        for (size_t i = 0; i < model->items; i++) {
            const struct model_item *item = &model->item[i];
            bool seen = item->debit &&
                        model_sees(&filter, model_customer(model, item->customer_id)->owner_id);
            bool inside =
                user == 0 || (item->date_day >= FIRST_DAY + 50 && item->date_day <= LAST_DAY - 50);
            if (seen && inside) {
                count++;
                amount += item->amount;
                open += item->open;
            }
            uint64_t id = item->debit ? views_by_number(model->views, &filter, SERIES_INVOICE, 2026,
                                                        item->sequence)
                                      : item->document_id;
            assert_int_equal(id, item->debit && !seen ? 0 : item->document_id);
        }
        assert_int_equal(matches.total_count, count);
        assert_int_equal(matches.count, count);
        assert_int_equal(matches.amount_minor, amount);
        assert_int_equal(matches.open_minor, open);
        int32_t day = LAST_DAY + 1;
        for (size_t i = 0; i < matches.count; i++) {
            struct view_document document;
            assert_true(
                views_document(model->views, &filter, TABLE_invoice, matches.id[i], &document));
            assert_true(document.date_day <= day);
            day = document.date_day;
        }
    }
}

static void a_statement_opens_where_the_day_before_closed(void **state)
{
    struct model *model = *state;
    struct arena *arena = model->shelf.arena;
    model_fill(model);
    for (size_t i = 0; i < model->customers; i++) {
        uint64_t id = model->customer[i].id;
        struct movement_page first;
        struct movement_page second;
        const struct movement_query before = {
            .customer_id = id, .from_day = DAY_MIN, .to_day = FIRST_DAY + 199};
        const struct movement_query behind = {
            .customer_id = id, .from_day = FIRST_DAY + 200, .to_day = LAST_DAY};
        arena_reset(arena);
        assert_int_equal(views_movements(model->views, NULL, &before, 0, 1000, arena, &first),
                         STATUS_OK);
        assert_int_equal(first.opening_minor, 0);
        assert_int_equal(views_movements(model->views, NULL, &behind, 0, 1000, arena, &second),
                         STATUS_OK);
        assert_int_equal(second.opening_minor, first.debit_minor - first.credit_minor);
        int64_t balance = second.opening_minor;
        for (size_t k = 0; k < second.count; k++) {
            const struct movement *row = &second.row[k];
            assert_true(row->day >= FIRST_DAY + 200 &&
                        (k == 0 || row->day >= second.row[k - 1].day));
            assert_true(row->table != TABLE_invoice || memcmp(row->reference, "Bill ", 5) == 0);
            struct movement_page page;
            assert_int_equal(views_movements(model->views, NULL, &behind, k, 1, arena, &page),
                             STATUS_OK);
            assert_int_equal(page.before_minor, balance);
            assert_int_equal(page.row[0].document_id, row->document_id);
            assert_int_equal(page.total_count, second.count);
            balance += row->amount_minor;
        }
        assert_int_equal(balance, second.opening_minor + second.debit_minor - second.credit_minor);
    }
}

static void revenue_by_month_and_by_customer_make_the_same_total(void **state)
{
    struct model *model = *state;
    const struct revenue_query by_month = {.by = REVENUE_MONTHS};
    const struct revenue_query by_customer = {.by = REVENUE_CUSTOMERS};
    model_fill(model);
    struct revenue_matches months;
    struct revenue_matches customers;
    assert_int_equal(
        views_revenue(model->views, NULL, &by_month, 1000, model->shelf.arena, &months), STATUS_OK);
    assert_int_equal(
        views_revenue(model->views, NULL, &by_customer, 1000, model->shelf.arena, &customers),
        STATUS_OK);
    int64_t expected = 0;
    int64_t month_sum = 0;
    int64_t customer_sum = 0;
    for (size_t i = 0; i < model->items; i++) {
        expected += model->item[i].debit ? model->item[i].amount : 0;
    }
    for (size_t i = 0; i < months.count; i++) {
        month_sum += months.row[i].net_minor;
    }
    for (size_t i = 0; i < customers.count; i++) {
        customer_sum += customers.row[i].net_minor;
        assert_true(i == 0 || customers.row[i - 1].net_minor >= customers.row[i].net_minor);
    }
    assert_int_equal(months.total.net_minor, expected);
    assert_int_equal(month_sum, expected);
    assert_int_equal(customer_sum, expected);
    assert_int_equal(months.row[0].key, 2024 * 12 + 9);
}

// ---- people ----

static void an_ended_session_is_known_no_more(void **state)
{
    struct model *model = *state;
    uint8_t hash[32] = {7};
    SessionRecord record;
    session_record__init(&record);
    record.id = 77;
    record.token_hash = (ProtobufCBinaryData){.data = hash, .len = sizeof hash};
    struct txn *txn = model_begin(model);
    shelf_put(txn, TABLE_session, 77, &record.base);
    model_end(model, txn);
    uint64_t id = 0;
    assert_true(views_session_of_token(model->views, hash, &id));
    assert_int_equal(id, 77);
    txn = model_begin(model);
    record.ended = true;
    shelf_put(txn, TABLE_session, 77, &record.base);
    model_end(model, txn);
    assert_false(views_session_of_token(model->views, hash, &id));
}

// ---- many readers beside one writer ----

struct reader {
    struct model *model;
    pthread_t thread;
    size_t rounds;
};

static void *read_on(void *context)
{
    struct reader *reader = context;
    struct arena *arena = arena_make((size_t)16 * 1024 * 1024);
    for (size_t i = 0; i < reader->rounds && arena != NULL; i++) {
        struct aging_query query = {.day = FIRST_DAY + (int32_t)i};
        struct aging_matches aging;
        struct customer_query customers = {.words = {"恒通"}, .word_count = 1, .today = FIRST_DAY};
        struct customer_matches matches;
        views_lock_read(reader->model->views);
        enum status aged = views_aging(reader->model->views, NULL, &query, 0, 10, arena, &aging);
        enum status listed =
            views_customers(reader->model->views, NULL, &customers, 0, 10, arena, &matches);
        struct account_sum sum =
            views_account(reader->model->views, 1122, DAY_MIN, FIRST_DAY + (int32_t)i);
        int64_t owed = aging_open(&aging.total) - aging.total.on_account_minor;
        assert(aged == STATUS_OK && listed == STATUS_OK);
        assert(owed == sum.debit_minor - sum.credit_minor);
        views_unlock_read(reader->model->views);
        arena_reset(arena);
    }
    arena_free(arena);
    return NULL;
}

static void readers_see_whole_batches_while_one_writes(void **state)
{
    struct model *model = *state;
    model_run(model, 20);
    struct reader readers[3];
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        readers[i] = (struct reader){.model = model, .rounds = 300};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (size_t i = 0; i < 40; i++) {
        model_run(model, 10);
    }
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, model_set_up, model_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rebuilt_view_equals_the_one_kept_current),
        CASE(a_build_by_several_threads_equals_the_one_kept_current),
        CASE(the_digest_sees_a_change),
        CASE(aging_of_any_day_is_what_the_plain_rule_says),
        CASE(a_bucket_ends_on_its_upper_day),
        CASE(a_year_ends_on_its_anniversary),
        CASE(pages_of_the_aging_make_the_whole),
        CASE(items_tie_to_the_day_sums_on_every_day),
        CASE(documents_come_by_day_and_number_and_their_sums_tie),
        CASE(a_statement_opens_where_the_day_before_closed),
        CASE(revenue_by_month_and_by_customer_make_the_same_total),
        CASE(an_ended_session_is_known_no_more),
        CASE(readers_see_whole_batches_while_one_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
