// SPDX-License-Identifier: Apache-2.0
// Lists of customers, their orders, and what the search finds for whom.
#include "shared/text.h"
#include "tests/unit/views_model.h"

// ---- lists of customers ----

static bool holds(const struct customer_matches *matches, uint64_t id)
{
    for (size_t i = 0; i < matches->count; i++) {
        if (matches->row[i].id == id) {
            return true;
        }
    }
    return false;
}

static void list(struct model *model, const struct filter *filter,
                 const struct customer_query *query, struct customer_matches *out)
{
    assert_int_equal(views_customers(model->views, filter, query, 0, 1000, model->shelf.arena, out),
                     STATUS_OK);
}

static void a_list_holds_what_the_scope_shows_and_no_more(void **state)
{
    struct model *model = *state;
    model_fill(model);
    for (uint64_t user = 1; user < USERS; user++) {
        for (enum scope scope = SCOPE_NONE; scope <= SCOPE_ALL; scope++) {
            const struct filter filter =
                model_filter(user, scope, user <= 2 ? "north" : "", VIEW_FULL);
            struct customer_query query = {.today = LAST_DAY};
            struct customer_matches matches;
            arena_reset(model->shelf.arena);
            list(model, &filter, &query, &matches);
            size_t expected = 0;
            int64_t open = 0;
            for (size_t i = 0; i < model->customers; i++) {
                bool seen = model_sees(&filter, model->customer[i].owner_id);
                bool listed = seen && !model->customer[i].archived;
                expected += listed;
                assert_int_equal(holds(&matches, model->customer[i].id), listed);
                struct view_customer one;
                assert_int_equal(views_customer(model->views, &filter, model->customer[i].id, &one),
                                 seen);
                for (size_t k = 0; k < model->items && listed; k++) {
                    bool owed =
                        model->item[k].debit && model->item[k].customer_id == model->customer[i].id;
                    open += owed ? model->item[k].open : 0;
                }
            }
            assert_int_equal(matches.total_count, expected);
            assert_int_equal(matches.open_minor, open);
        }
    }
}

static void overdue_follows_the_day_that_is_asked(void **state)
{
    struct model *model = *state;
    model_fill(model);
    for (int32_t today = FIRST_DAY; today < LAST_DAY + 100; today += 30) {
        struct customer_query query = {.today = today};
        struct customer_matches matches;
        arena_reset(model->shelf.arena);
        list(model, NULL, &query, &matches);
        for (size_t i = 0; i < matches.count; i++) {
            int64_t overdue = 0;
            for (size_t k = 0; k < model->items; k++) {
                const struct model_item *item = &model->item[k];
                bool late =
                    item->debit && item->customer_id == matches.row[i].id && item->due_day < today;
                overdue += late ? item->open : 0;
            }
            assert_int_equal(matches.row[i].overdue_minor, overdue);
        }
    }
}

static int64_t order_key(enum customer_order order, const struct customer_match *match)
{
    switch (order) {
    case CUSTOMER_BY_OPEN:
        return match->open_minor;
    case CUSTOMER_BY_OVERDUE:
        return match->overdue_minor;
    case CUSTOMER_BY_ACTIVITY:
        return match->last_activity_day;
    case CUSTOMER_BY_NUMBER:
    case CUSTOMER_BY_NAME:
        break;
    }
    return (int64_t)match->id;
}

static void every_order_is_sorted_and_its_pages_make_the_whole(void **state)
{
    struct model *model = *state;
    model_fill(model);
    for (enum customer_order order = CUSTOMER_BY_NUMBER; order <= CUSTOMER_BY_ACTIVITY; order++) {
        for (int descending = 0; descending < 2; descending++) {
            struct customer_query query = {
                .today = LAST_DAY, .order = order, .descending = descending == 1};
            struct customer_matches whole;
            struct customer_matches page;
            arena_reset(model->shelf.arena);
            list(model, NULL, &query, &whole);
            for (size_t i = 1; i < whole.count && order != CUSTOMER_BY_NAME; i++) {
                int64_t a = order_key(order, &whole.row[i - 1]);
                int64_t b = order_key(order, &whole.row[i]);
                assert_true(descending == 1 ? a >= b : a <= b);
            }
            for (size_t skip = 0; skip < whole.count; skip += 9) {
                assert_int_equal(
                    views_customers(model->views, NULL, &query, skip, 9, model->shelf.arena, &page),
                    STATUS_OK);
                for (size_t i = 0; i < page.count; i++) {
                    assert_int_equal(page.row[i].id, whole.row[skip + i].id);
                }
            }
        }
    }
}

static void names_are_ordered_by_their_folded_text(void **state)
{
    struct model *model = *state;
    model_fill(model);
    struct customer_query query = {.today = LAST_DAY, .order = CUSTOMER_BY_NAME};
    struct customer_matches matches;
    list(model, NULL, &query, &matches);
    assert_true(matches.count > 30);
    for (size_t i = 1; i < matches.count; i++) {
        uint64_t before_id = matches.row[i - 1].id;
        uint64_t id = matches.row[i].id;
        const char *before = text_fold(model->shelf.arena, model_customer(model, before_id)->name);
        const char *name = text_fold(model->shelf.arena, model_customer(model, id)->name);
        int order = strcmp(before, name);
        assert_true(order < 0 || (order == 0 && before_id < id));
    }
}

// ---- search ----

static void put_pair(struct model *model)
{
    struct txn *txn = model_begin(model);
    shelf_user(txn, 1, "Ann", "north");
    model->customers = 2;
    model->customer[0] = (struct shelf_customer){
        .id = model_new_id(model),
        .sequence = 1,
        .kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION,
        .owner_id = 1,
        .name = "深圳市恒通贸易有限公司",
        .phone = "138-1234-2046",
        .email = "Buy@Example.com",
        .tag = "VIP",
        .region = "South",
    };
    model->customer[1] = (struct shelf_customer){
        .id = model_new_id(model),
        .sequence = 2,
        .kind = CUSTOMER_KIND__CUSTOMER_KIND_PERSON,
        .name = "恒大明",
        .company = "Workshop",
        .reference = "K-77",
        .tag = "viper",
    };
    model_put_customer(model, txn, 0);
    model_put_customer(model, txn, 1);
    model_end(model, txn);
}

static uint64_t found(struct model *model, const struct filter *filter, const char *a,
                      const char *b)
{
    struct customer_query query = {
        .words = {a, b}, .word_count = b == NULL ? 1 : 2, .today = LAST_DAY};
    struct customer_matches matches;
    arena_reset(model->shelf.arena);
    list(model, filter, &query, &matches);
    uint64_t mask = 0;
    for (size_t i = 0; i < matches.count; i++) {
        mask |= matches.row[i].id == model->customer[0].id ? 1u : 2u;
    }
    return mask;
}

static void words_find_parts_of_names_and_what_masks_show(void **state)
{
    struct model *model = *state;
    put_pair(model);
    assert_int_equal(found(model, NULL, "恒", NULL), 3);
    assert_int_equal(found(model, NULL, "恒通", NULL), 1);
    assert_int_equal(found(model, NULL, "恒", "work"), 2);
    assert_int_equal(found(model, NULL, "2046", NULL), 1);
    assert_int_equal(found(model, NULL, "13812342046", NULL), 1);
    assert_int_equal(found(model, NULL, "example.com", NULL), 1);
    assert_int_equal(found(model, NULL, "c-0002", NULL), 2);
    assert_int_equal(found(model, NULL, "k-77", NULL), 2);
    assert_int_equal(found(model, NULL, "nothing", NULL), 0);
}

// Or a number could be found out digit by digit.
static void a_veiled_value_is_not_found_by_its_parts(void **state)
{
    struct model *model = *state;
    put_pair(model);
    assert_int_equal(found(model, NULL, "046", NULL), 0);
    assert_int_equal(found(model, NULL, "42046", NULL), 0);
    assert_int_equal(found(model, NULL, "138", NULL), 0);
    assert_int_equal(found(model, NULL, "1381234204", NULL), 0);
    assert_int_equal(found(model, NULL, "example", NULL), 0);
}

static void a_masked_viewer_finds_nothing_by_what_is_masked(void **state)
{
    struct model *model = *state;
    put_pair(model);
    const struct filter masked = model_filter(9, SCOPE_ALL, "", VIEW_MASKED);
    assert_int_equal(found(model, &masked, "2046", NULL), 0);
    assert_int_equal(found(model, &masked, "example", NULL), 0);
    assert_int_equal(found(model, &masked, "恒", NULL), 1);
    assert_int_equal(found(model, &masked, "大明", NULL), 0);
    assert_int_equal(found(model, &masked, "work", NULL), 2);
}

static void another_owners_customer_is_not_found(void **state)
{
    struct model *model = *state;
    put_pair(model);
    const struct filter own = model_filter(1, SCOPE_OWN, "", VIEW_FULL);
    assert_int_equal(found(model, &own, "恒", NULL), 1);
    assert_int_equal(found(model, &own, "k-77", NULL), 0);
    uint64_t ids[4];
    assert_int_equal(
        views_by_text(model->views, &own, TABLE_customer, "k-77", model->shelf.arena, ids, 4), 0);
    assert_int_equal(
        views_by_text(model->views, NULL, TABLE_customer, "k-77", model->shelf.arena, ids, 4), 1);
    assert_int_equal(ids[0], model->customer[1].id);
    assert_int_equal(views_by_number(model->views, &own, SERIES_CUSTOMER, 0, 2), 0);
    assert_int_equal(views_by_number(model->views, NULL, SERIES_CUSTOMER, 0, 2),
                     model->customer[1].id);
}

static void a_tag_is_whole_and_a_changed_text_is_forgotten(void **state)
{
    struct model *model = *state;
    put_pair(model);
    struct customer_query query = {.tag = "vip", .today = LAST_DAY};
    struct customer_matches matches;
    list(model, NULL, &query, &matches);
    assert_int_equal(matches.total_count, 1);
    assert_int_equal(matches.row[0].id, model->customer[0].id);

    struct txn *txn = model_begin(model);
    model->customer[0].name = "Neue Firma";
    model->customer[0].phone = NULL;
    model_put_customer(model, txn, 0);
    model_end(model, txn);
    assert_int_equal(found(model, NULL, "恒通", NULL), 0);
    assert_int_equal(found(model, NULL, "2046", NULL), 0);
    assert_int_equal(found(model, NULL, "neue", NULL), 1);
}

static void names_that_a_viewer_does_not_see_do_not_order(void **state)
{
    struct model *model = *state;
    model_fill(model);
    const struct filter masked = model_filter(9, SCOPE_ALL, "", VIEW_MASKED);
    struct customer_query query = {.today = LAST_DAY, .order = CUSTOMER_BY_NAME};
    struct customer_matches matches;
    list(model, &masked, &query, &matches);
    uint64_t last_person = 0;
    for (size_t i = 0; i < matches.count; i++) {
        bool person =
            model_customer(model, matches.row[i].id)->kind == CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
        assert_true(person || last_person == 0);
        assert_true(!person || matches.row[i].id > last_person);
        last_person = person ? matches.row[i].id : last_person;
    }
    assert_true(last_person != 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, model_set_up, model_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_list_holds_what_the_scope_shows_and_no_more),
        CASE(overdue_follows_the_day_that_is_asked),
        CASE(every_order_is_sorted_and_its_pages_make_the_whole),
        CASE(names_are_ordered_by_their_folded_text),
        CASE(words_find_parts_of_names_and_what_masks_show),
        CASE(a_veiled_value_is_not_found_by_its_parts),
        CASE(a_masked_viewer_finds_nothing_by_what_is_masked),
        CASE(another_owners_customer_is_not_found),
        CASE(a_tag_is_whole_and_a_changed_text_is_forgotten),
        CASE(names_that_a_viewer_does_not_see_do_not_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
