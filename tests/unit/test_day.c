// SPDX-License-Identifier: Apache-2.0
#include "shared/day.h"
#include "tests/unit/unit.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define TODAY       20778 // Saturday 2026-11-21

static int arena_up(void **state)
{
    *state = arena_make(ARENA_BYTES);
    return *state == NULL ? -1 : 0;
}

static int arena_down(void **state)
{
    arena_free(*state);
    return 0;
}

struct typed {
    const char *text;
    const char *past; // NULL: refused
    const char *due;  // NULL: the same as past
};

static void typed_days_are_read(void **state)
{
    static const struct typed TYPED[] = {
        // experience.md c.5
        {"today", "2026-11-21", NULL},
        {"t", "2026-11-21", NULL},
        {"今天", "2026-11-21", NULL},
        {"今", "2026-11-21", NULL},
        {"-3d", "2026-11-18", NULL},
        {"3天前", "2026-11-18", NULL},
        {"+2w", "2026-12-05", NULL},
        {"两周后", "2026-12-05", NULL},
        {"yesterday", "2026-11-20", NULL},
        {"昨天", "2026-11-20", NULL},
        {"前天", "2026-11-19", NULL},
        {"fri", "2026-11-20", "2026-11-27"},
        {"周五", "2026-11-20", "2026-11-27"},
        {"上周五", "2026-11-13", NULL},
        {"2026-11-21", "2026-11-21", NULL},
        {"2026/11/21", "2026-11-21", NULL},
        {"20261121", "2026-11-21", NULL},
        {"2026.11.21", "2026-11-21", NULL},
        {"11-21", "2026-11-21", NULL},
        {"11月21日", "2026-11-21", NULL},
        {"11-22", "2025-11-22", "2026-11-22"},
        {"11-20", "2026-11-20", "2027-11-20"},
        {"21", "2026-11-21", NULL},
        {"eom", "2026-11-30", NULL},
        {"月底", "2026-11-30", NULL},
        {"eom-1", "2026-10-31", NULL},
        {"上月底", "2026-10-31", NULL},
        {"w", "2026-11-16", NULL},
        {"k", "2026-11-22", NULL},
        {"m", "2026-11-01", NULL},
        {"h", "2026-11-30", NULL},
        {"y", "2026-01-01", NULL},
        {"r", "2026-12-31", NULL},
        // further words
        {"TODAY", "2026-11-21", NULL},
        {" today ", "2026-11-21", NULL},
        {"２０２６－１１－２１", "2026-11-21", NULL},
        {"tomorrow", "2026-11-22", NULL},
        {"后天", "2026-11-23", NULL},
        {"大后天", "2026-11-24", NULL},
        {"大前天", "2026-11-18", NULL},
        {"sat", "2026-11-21", NULL},
        {"星期六", "2026-11-21", NULL},
        {"sunday", "2026-11-15", "2026-11-22"},
        {"周日", "2026-11-15", "2026-11-22"},
        {"礼拜天", "2026-11-15", "2026-11-22"},
        {"下周一", "2026-11-23", NULL},
        {"本周三", "2026-11-18", NULL},
        {"+1m", "2026-12-21", NULL},
        {"-1y", "2025-11-21", NULL},
        {"一个月前", "2026-10-21", NULL},
        {"十五天后", "2026-12-06", NULL},
        {"二十一天以前", "2026-10-31", NULL},
        {"2年后", "2028-11-21", NULL},
        {"eom+1", "2026-12-31", NULL},
        {"下个月初", "2026-12-01", NULL},
        {"年底", "2026-12-31", NULL},
        {"年初", "2026-01-01", NULL},
        {"2026年11月21日", "2026-11-21", NULL},
        {"2026年1月5号", "2026-01-05", NULL},
        {"2026-1-5", "2026-01-05", NULL},
        {"十一月二十一日", "2026-11-21", NULL},
        {"三月五号", "2026-03-05", "2027-03-05"},
        {"21日", "2026-11-21", NULL},
        {"3号", "2026-11-03", NULL},
        {"11/21", "2026-11-21", NULL},
        {"21/11", "2026-11-21", NULL},
        {"03/03", "2026-03-03", "2027-03-03"},
        {"02-29", "2024-02-29", "2028-02-29"},
        {"2024-02-29", "2024-02-29", NULL},
        {"1870-01-01", "1870-01-01", NULL},
        {"2199-12-31", "2199-12-31", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(TYPED); i++) {
        for (int sense = 0; sense < 2; sense++) {
            int32_t day = 1;
            const enum status status = day_parse(*state, TYPED[i].text, TODAY,
                                                 sense == 0 ? DAY_PAST : DAY_DUE, &day, NULL);
            const char *expected =
                sense == 0 || TYPED[i].due == NULL ? TYPED[i].past : TYPED[i].due;
            if (status != STATUS_OK || strcmp(day_print(*state, day), expected) != 0) {
                fail_msg("%s: %s instead of %s", TYPED[i].text,
                         status == STATUS_OK ? day_print(*state, day) : "refused", expected);
            }
        }
    }
}

static void what_is_not_a_day_is_refused(void **state)
{
    static const char *const REFUSED[] = {
        "",
        " ",
        "x",
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "2026-11-31",
        "26-11-21",
        "2026-11",
        "20261131",
        "2026-11/21",
        "2026-11-21x",
        "1970-01-01",
        "1869-12-31",
        "2200-01-01",
        "32",
        "0",
        "31",
        "31日",
        "13-01x",
        "02-30",
        "13月1日",
        "q3",
        "2026-w47",
        "..today",
        "eom5",
        "eom--1",
        "上周",
        "五",
        "周",
        "周八",
        "上fri",
        "-3",
        "+d",
        "-3q",
        "3天",
        "天前",
        "--3d",
        "-99999d",
        "99999999999d",
        "2026年11月",
        "todayy",
        "今天天",
        "yesterday ago",
        "\xff",
        "a\nb",
        "2026-11-21 2026-11-21",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        int32_t day = 77;
        if (day_parse(*state, REFUSED[i], TODAY, DAY_PAST, &day, NULL) != STATUS_FIELD_NOT_DAY) {
            fail_msg("%s is taken for %s", REFUSED[i], day_print(*state, day));
        }
    }
}

static void an_ambiguous_day_shows_both_readings(void **state)
{
    int32_t day = 0;
    const char *hint = NULL;
    assert_int_equal(day_parse(*state, "03/04", TODAY, DAY_PAST, &day, &hint),
                     STATUS_FIELD_NOT_DAY);
    assert_string_equal(hint, "2026-03-04 | 2026-04-03");
    assert_int_equal(day_parse(*state, "12/11", TODAY, DAY_DUE, &day, &hint), STATUS_FIELD_NOT_DAY);
    assert_string_equal(hint, "2026-12-11 | 2027-11-12");
    assert_int_equal(day_parse(*state, "nonsense", TODAY, DAY_DUE, &day, &hint),
                     STATUS_FIELD_NOT_DAY);
    assert_null(hint);
}

struct range {
    const char *text;
    const char *from; // "": open
    const char *to;
};

static void check_end(struct arena *arena, const char *text, int32_t day, const char *expected)
{
    const char *found = day == 0 ? "" : day_print(arena, day);
    if (strcmp(found, expected) != 0) {
        fail_msg("%s: %s instead of %s", text, found, expected);
    }
}

static void typed_ranges_are_read(void **state)
{
    static const struct range RANGES[] = {
        {"q3", "2026-07-01", "2026-09-30"},
        {"2026q3", "2026-07-01", "2026-09-30"},
        {"三季度", "2026-07-01", "2026-09-30"},
        {"2025年第一季度", "2025-01-01", "2025-03-31"},
        {"2026-W47", "2026-11-16", "2026-11-22"},
        {"2020-W53", "2020-12-28", "2021-01-03"},
        {"..-30d", "", "2026-10-22"},
        {"2026-10-01..今天", "2026-10-01", "2026-11-21"},
        {"2026-10-01..", "2026-10-01", ""},
        {"2026-10-01 .. 2026-10-31", "2026-10-01", "2026-10-31"},
        {"2026-10", "2026-10-01", "2026-10-31"},
        {"2026年2月", "2026-02-01", "2026-02-28"},
        {"2026-09..2026-10", "2026-09-01", "2026-10-31"},
        {"2025", "2025-01-01", "2025-12-31"},
        {"本月", "2026-11-01", "2026-11-30"},
        {"上月", "2026-10-01", "2026-10-31"},
        {"本周", "2026-11-16", "2026-11-22"},
        {"上周", "2026-11-09", "2026-11-15"},
        {"去年", "2025-01-01", "2025-12-31"},
        {"上季度", "2026-07-01", "2026-09-30"},
        {"12月", "2025-12-01", "2025-12-31"},
        {"10月", "2026-10-01", "2026-10-31"},
        {"yesterday", "2026-11-20", "2026-11-20"},
        {"1970", "1970-01-02", "1970-12-31"},
    };
    for (size_t i = 0; i < COUNT_OF(RANGES); i++) {
        int32_t from = 1;
        int32_t to = 1;
        if (day_parse_range(*state, RANGES[i].text, TODAY, &from, &to, NULL) != STATUS_OK) {
            fail_msg("%s is refused", RANGES[i].text);
        }
        check_end(*state, RANGES[i].text, from, RANGES[i].from);
        check_end(*state, RANGES[i].text, to, RANGES[i].to);
    }
    static const char *const REFUSED[] = {
        "",        "..",   "2026-11-21..2026-11-20", "q5",   "2026-W54",      "2021-W53",
        "2026-13", "a..b", "today..yesterday",       "1869", "2026-10-01...", "..03/04"};
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        int32_t from = 1;
        int32_t to = 1;
        if (day_parse_range(*state, REFUSED[i], TODAY, &from, &to, NULL) != STATUS_FIELD_NOT_DAY) {
            fail_msg("%s is taken", REFUSED[i]);
        }
    }
}

static void every_day_is_printed_and_read_back(void **state)
{
    struct date before = day_date(DAY_MIN - 1);
    for (int32_t day = DAY_MIN; day <= DAY_MAX; day++) {
        const struct date date = day_date(day);
        const bool is_next = date.day == before.day + 1 || (date.day == 1 && before.day >= 28);
        assert_true(is_next);
        before = date;
        int32_t back = 0;
        char *text = day_print(*state, day);
        if (day == 0) {
            assert_int_equal(day_parse(*state, text, TODAY, DAY_PAST, &back, NULL),
                             STATUS_FIELD_NOT_DAY);
        } else {
            assert_int_equal(day_parse(*state, text, TODAY, DAY_PAST, &back, NULL), STATUS_OK);
            assert_int_equal(back, day);
        }
        if (day % 1000 == 0) {
            arena_reset(*state);
        }
    }
    assert_string_equal(day_print(*state, DAY_MIN), "1870-01-01");
    assert_string_equal(day_print(*state, DAY_MAX), "2199-12-31");
}

static void weeks_begin_on_monday(void **state)
{
    (void)state;
    assert_int_equal(day_weekday(TODAY), 6);
    assert_int_equal(day_weekday(0), 4);
    assert_int_equal(day_weekday(-1), 3);
    assert_int_equal(day_weekday(-4), 7);
    assert_int_equal(day_weekday(-3), 1);
}

static void months_are_added_to_the_last_day_at_most(void **state)
{
    assert_string_equal(day_print(*state, day_add_months(19023, 1)), "2022-02-28"); // 2022-01-31
    assert_string_equal(day_print(*state, day_add_months(19023, -2)), "2021-11-30");
    assert_string_equal(day_print(*state, day_add_months(19023, 25)), "2024-02-29");
    assert_string_equal(day_print(*state, day_add_months(19023, -12)), "2021-01-31");
    assert_string_equal(day_print(*state, day_month_end(19024)), "2022-02-28");
}

static void instants_have_their_offset(void **state)
{
    assert_string_equal(instant_print(*state, 0, 0), "1970-01-01T00:00:00+00:00");
    assert_string_equal(instant_print(*state, 1795258985000000, 480), "2026-11-21T19:03:05+08:00");
    assert_string_equal(instant_print(*state, 1795258985123456, -210),
                        "2026-11-21T07:33:05.123456-03:30");
    assert_string_equal(instant_print(*state, -1, 0), "1969-12-31T23:59:59.999999+00:00");
    assert_null(instant_print(*state, INT64_MAX, 0));
    assert_null(instant_print(*state, INT64_MIN, 0));
}

static void days_are_read_by_a_format(void **state)
{
    int32_t day = 0;
    assert_int_equal(day_parse_format("03/01/2012", "DD/MM/YYYY", &day), STATUS_OK);
    assert_string_equal(day_print(*state, day), "2012-01-03");
    assert_int_equal(day_parse_format("3/1/2012 08:26:00", "DD/MM/YYYY", &day), STATUS_OK);
    assert_string_equal(day_print(*state, day), "2012-01-03");
    assert_int_equal(day_parse_format("2009-12-01T08:26", "YYYY-MM-DD", &day), STATUS_OK);
    assert_int_equal(day_parse_format("20091201", "YYYYMMDD", &day), STATUS_OK);
    assert_string_equal(day_print(*state, day), "2009-12-01");
    assert_int_equal(day_parse_format("2009年12月1日", "YYYY年MM月DD日", &day), STATUS_OK);
    assert_int_equal(day_parse_format("31/02/2012", "DD/MM/YYYY", &day), STATUS_FIELD_NOT_DAY);
    assert_int_equal(day_parse_format("13/13/2012", "DD/MM/YYYY", &day), STATUS_FIELD_NOT_DAY);
    assert_int_equal(day_parse_format("03/01/12", "DD/MM/YYYY", &day), STATUS_FIELD_NOT_DAY);
    assert_int_equal(day_parse_format("03/01/20123", "DD/MM/YYYY", &day), STATUS_FIELD_NOT_DAY);
    assert_int_equal(day_parse_format("03-01-2012", "DD/MM/YYYY", &day), STATUS_FIELD_NOT_DAY);
    assert_int_equal(day_parse_format("03/01", "DD/MM/YYYY", &day), STATUS_FIELD_NOT_DAY);
    assert_int_equal(day_parse_format("", "DD/MM/YYYY", &day), STATUS_FIELD_NOT_DAY);
    assert_int_equal(day_parse_format("x", "x", &day), STATUS_FIELD_NOT_DAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_days_are_read),
        cmocka_unit_test(what_is_not_a_day_is_refused),
        cmocka_unit_test(an_ambiguous_day_shows_both_readings),
        cmocka_unit_test(typed_ranges_are_read),
        cmocka_unit_test(every_day_is_printed_and_read_back),
        cmocka_unit_test(weeks_begin_on_monday),
        cmocka_unit_test(months_are_added_to_the_last_day_at_most),
        cmocka_unit_test(instants_have_their_offset),
        cmocka_unit_test(days_are_read_by_a_format),
    };
    return cmocka_run_group_tests(tests, arena_up, arena_down);
}
