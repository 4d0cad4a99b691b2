// SPDX-License-Identifier: Apache-2.0
#include "shared/day.h"
#include "shared/money.h"
#include "shared/terms.h"
#include "tests/unit/unit.h"

struct terms_case {
    const char *text;
    enum status status;
    uint32_t part_count;
};

static void terms_are_read_or_refused(void **state)
{
    (void)state;
    static const struct terms_case CASES[] = {
        {"30", STATUS_OK, 1},
        {"net 30", STATUS_OK, 1},
        {"NET 30", STATUS_OK, 1},
        {"30 days", STATUS_OK, 1},
        {"30天", STATUS_OK, 1},
        {"2m", STATUS_OK, 1},
        {"2个月", STATUS_OK, 1},
        {"receipt", STATUS_OK, 1},
        {"0", STATUS_OK, 1},
        {"eom", STATUS_OK, 1},
        {"eom+45", STATUS_OK, 1},
        {"eom + 45 days", STATUS_OK, 1},
        {"月结+30天", STATUS_OK, 1},
        {"first", STATUS_OK, 1},
        {"day 15", STATUS_OK, 1},
        {"31 day 15", STATUS_OK, 1},
        {"2m day 15 + 30", STATUS_OK, 1},
        {"30%@15,70%@45", STATUS_OK, 2},
        {" 30% @ 15 , 70% @ 45 ", STATUS_OK, 2},
        {"33.33%@30,33.33%@60,33.34%@90", STATUS_OK, 3},
        {"25% of rest@30,25%@1m,396.84@1m+30,rest@2m day 15+30", STATUS_OK, 4},
        {"70%@10,200@20,30%@30", STATUS_OK, 3},
        {"50%@eom,rest@first", STATUS_OK, 2},
        {"30%@receipt,余款@30天", STATUS_OK, 2},
        {"30; discount 2%@10", STATUS_OK, 1},
        {"2/10 net 30", STATUS_OK, 1},
        {"30；宽限 3天；顺延", STATUS_OK, 1},
        {"30%@15,70%@45; grace 3; shift previous", STATUS_OK, 2},
        {"", STATUS_FIELD_NOT_TERMS, 0},
        {"net", STATUS_FIELD_NOT_TERMS, 0},
        {"thirty", STATUS_FIELD_NOT_TERMS, 0},
        {"-5", STATUS_FIELD_NOT_TERMS, 0},
        {"4000", STATUS_FIELD_NOT_TERMS, 0},
        {"121m", STATUS_FIELD_NOT_TERMS, 0},
        {"30 15", STATUS_FIELD_NOT_TERMS, 0},
        {"+30", STATUS_FIELD_NOT_TERMS, 0},
        {"eom+", STATUS_FIELD_NOT_TERMS, 0},
        {"day", STATUS_FIELD_NOT_TERMS, 0},
        {"day 0", STATUS_FIELD_NOT_TERMS, 0},
        {"day 32", STATUS_FIELD_NOT_TERMS, 0},
        {"1+1+1+1+1", STATUS_FIELD_NOT_TERMS, 0},
        {"1+1+1+first", STATUS_FIELD_NOT_TERMS, 0},
        {"receipt 30", STATUS_FIELD_NOT_TERMS, 0},
        {"30%@15", STATUS_FIELD_NOT_TERMS, 0},
        {"50%@15,60%@45", STATUS_FIELD_NOT_TERMS, 0},
        {"70%@45,30%@15", STATUS_FIELD_NOT_TERMS, 0},
        {"0%@15,100%@45", STATUS_FIELD_NOT_TERMS, 0},
        {"30%@15,70%@45,", STATUS_FIELD_NOT_TERMS, 0},
        {"30%@receipt x,70%@45", STATUS_FIELD_NOT_TERMS, 0},
        {"30@15,70@45", STATUS_FIELD_NOT_TERMS, 0}, // an amount leaves no rest
        {"-30@15,rest@45", STATUS_FIELD_NOT_TERMS, 0},
        {"rest@15,50%@45", STATUS_FIELD_NOT_TERMS, 0},
        {"50% of rest@15,50%@45", STATUS_FIELD_NOT_TERMS, 0},
        {"30%@,70%@45", STATUS_FIELD_NOT_TERMS, 0},
        {"@", STATUS_FIELD_NOT_TERMS, 0},
        {"30;", STATUS_FIELD_NOT_TERMS, 0},
        {"30; grace", STATUS_FIELD_NOT_TERMS, 0},
        {"30; grace 366", STATUS_FIELD_NOT_TERMS, 0},
        {"30; discount 10%@10", STATUS_OK, 1},
        {"30; discount 10.01%@10", STATUS_DISCOUNT_OVER, 0},
        {"99/10 net 30", STATUS_DISCOUNT_OVER, 0},
        {"30; discount 100%@10", STATUS_DISCOUNT_OVER, 0},
        {"2/10 net 30; discount 1%@20", STATUS_FIELD_NOT_TERMS, 0},
        {"2/ net 30", STATUS_FIELD_NOT_TERMS, 0},
        {"30; shift", STATUS_FIELD_NOT_TERMS, 0},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct terms terms = {0};
        if (terms_parse(CASES[i].text, &terms) != CASES[i].status ||
            terms.part_count != CASES[i].part_count) {
            fail_msg("%s", CASES[i].text);
        }
    }
}

static void clauses_say_discount_grace_and_shift(void **state)
{
    (void)state;
    static const char *const SAME[] = {"2/10 net 30; grace 3; shift next",
                                       "30; shift next; grace 3 days; discount 2%@10",
                                       "30天；折扣 2%@10天；宽限 3；顺延"};
    for (size_t i = 0; i < COUNT_OF(SAME); i++) {
        struct terms terms = {0};
        assert_int_equal(terms_parse(SAME[i], &terms), STATUS_OK);
        assert_int_equal(terms.discount_bp, 200);
        assert_int_equal(terms.discount_days, 10);
        assert_int_equal(terms.grace_days, 3);
        assert_int_equal(terms.shift, TERMS_SHIFT_NEXT);
    }
}

// Truth case 11: 50 % and twenty times 1.66 % and 16.8 % make exactly 100 %.
static void many_parts_make_exactly_the_whole(void **state)
{
    (void)state;
    char line[400] = "50%@1";
    size_t size = strlen(line);
    for (size_t i = 0; i < 20; i++) {
        size += (size_t)snprintf(line + size, sizeof line - size, ",1.66%%@%zu", i + 2);
    }
    (void)snprintf(line + size, sizeof line - size, ",16.8%%@60");
    struct terms terms = {0};
    assert_int_equal(terms_parse(line, &terms), STATUS_OK);
    assert_int_equal(terms.part_count, 22);
}

struct due_case {
    const char *terms;
    int64_t total_minor;
    const char *date;

    struct {
        const char *due;
        int64_t amount_minor;
    } part[4];
};

static int32_t day_of(const char *text)
{
    int32_t day = 0;
    assert_int_equal(day_parse_format(text, "YYYY-MM-DD", &day), STATUS_OK);
    return day;
}

static void parts_fall_due_and_sum_exactly(void **state)
{
    (void)state;
    static const struct due_case CASES[] = {
        // Truth case 10: due dates.
        {"30", 10000, "2022-01-01", {{"2022-01-31", 10000}}},
        {"30", 10000, "2022-01-15", {{"2022-02-14", 10000}}},
        {"30", 10000, "2022-01-31", {{"2022-03-02", 10000}}},
        {"30%@15,70%@45", 10000, "2022-01-01", {{"2022-01-16", 3000}, {"2022-02-15", 7000}}},
        {"30%@15,70%@45", 10000, "2022-01-15", {{"2022-01-30", 3000}, {"2022-03-01", 7000}}},
        {"30%@15,70%@45", 10000, "2022-01-31", {{"2022-02-15", 3000}, {"2022-03-17", 7000}}},
        {"eom+45", 10000, "2019-01-01", {{"2019-03-17", 10000}}},
        {"eom+45", 10000, "2019-01-15", {{"2019-03-17", 10000}}},
        {"eom+45", 10000, "2019-01-31", {{"2019-03-17", 10000}}},
        {"eom", 10000, "2019-01-01", {{"2019-01-31", 10000}}},
        {"eom", 10000, "2019-01-31", {{"2019-01-31", 10000}}},
        {"first", 10000, "2019-01-01", {{"2019-02-01", 10000}}},
        {"first", 10000, "2019-01-31", {{"2019-02-01", 10000}}},
        {"31 day 15", 10000, "2019-01-01", {{"2019-02-15", 10000}}},
        {"31 day 15", 10000, "2019-01-15", {{"2019-02-15", 10000}}},
        {"31 day 15", 10000, "2019-01-31", {{"2019-03-15", 10000}}},
        // Truth case 3: four parts of 1,587.35.
        {"25% of rest@30,25%@1m,396.84@1m+30,rest@2m day 15+30",
         158735,
         "2011-10-01",
         {{"2011-10-31", 39684},
          {"2011-11-01", 39684},
          {"2011-12-01", 39684},
          {"2012-01-14", 39683}}},
        // Truth case 11: splitting an amount.
        {"50%@0,50%@30", 3, "2022-01-01", {{"2022-01-01", 2}, {"2022-01-31", 1}}},
        {"50%@0,50%@30", -3, "2022-01-01", {{"2022-01-01", -2}, {"2022-01-31", -1}}},
        {"50%@0,50%@30", 115000, "2022-01-01", {{"2022-01-01", 57500}, {"2022-01-31", 57500}}},
        {"70%@0,200@30,30%@60",
         100000,
         "2022-01-01",
         {{"2022-01-01", 70000}, {"2022-01-31", 20000}, {"2022-03-02", 10000}}},
        {"70%@0,500@30,30%@60",
         100000,
         "2022-01-01",
         {{"2022-01-01", 70000}, {"2022-01-31", 50000}, {"2022-03-02", -20000}}},
        {"33.33%@30,33.33%@60,33.34%@90",
         100,
         "2022-01-01",
         {{"2022-01-31", 33}, {"2022-03-02", 33}, {"2022-04-01", 34}}},
        {"receipt", 5, "2022-01-01", {{"2022-01-01", 5}}},
        // Rounding makes no part negative.
        {"25%@1,25%@2,25%@3,25%@4",
         2,
         "2022-01-01",
         {{"2022-01-02", 1}, {"2022-01-03", 1}, {"2022-01-04", 0}, {"2022-01-05", 0}}},
        // The day itself counts, and a short month has its last day.
        {"day 15", 5, "2022-01-15", {{"2022-01-15", 5}}},
        {"day 15", 5, "2022-01-16", {{"2022-02-15", 5}}},
        {"day 31", 5, "2022-02-10", {{"2022-02-28", 5}}},
        {"day 30", 5, "2022-01-31", {{"2022-02-28", 5}}},
        {"1m", 5, "2022-01-31", {{"2022-02-28", 5}}},
        // What the calendar turns round stands in order of days.
        {"50%@eom+10,50%@day 5", 10, "2022-01-06", {{"2022-02-05", 5}, {"2022-02-10", 5}}},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct terms terms;
        struct terms_due due[INVOICE_PARTS_MAX];
        assert_int_equal(terms_parse(CASES[i].terms, &terms), STATUS_OK);
        assert_int_equal(terms_apply(&terms, CASES[i].total_minor, 2, day_of(CASES[i].date), due),
                         STATUS_OK);
        for (uint32_t part = 0; part < terms.part_count; part++) {
            assert_int_equal(due[part].due_day, day_of(CASES[i].part[part].due));
            assert_int_equal(due[part].amount_minor, CASES[i].part[part].amount_minor);
        }
    }
}

static void amounts_fit_the_currency_and_days_the_calendar(void **state)
{
    (void)state;
    struct terms terms;
    struct terms_due due[INVOICE_PARTS_MAX];
    assert_int_equal(terms_parse("10.5@0,rest@30", &terms), STATUS_OK);
    assert_int_equal(terms_apply(&terms, 2000, 2, 19000, due), STATUS_OK);
    assert_int_equal(due[0].amount_minor, 1050);
    assert_int_equal(terms_apply(&terms, 2000, 0, 19000, due), STATUS_FIELD_NOT_TERMS);
    assert_int_equal(terms_apply(&terms, 2000, 2, DAY_MAX, due), STATUS_FIELD_OUT_OF_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_read_or_refused),
        cmocka_unit_test(clauses_say_discount_grace_and_shift),
        cmocka_unit_test(many_parts_make_exactly_the_whole),
        cmocka_unit_test(parts_fall_due_and_sum_exactly),
        cmocka_unit_test(amounts_fit_the_currency_and_days_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
