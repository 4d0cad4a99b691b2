// SPDX-License-Identifier: Apache-2.0
#include "shared/money.h"
#include "tests/unit/unit.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

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

// A small generator with a fixed seed: the same numbers in every run.
WRAPS static uint64_t draw(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

struct typed {
    const char *text;
    int64_t minor;
    const char *currency;
};

static void typed_amounts_are_read(void **state)
{
    static const struct typed TYPED[] = {
        // experience.md c.6
        {"1234.5", 123450, ""},
        {"1,234.50", 123450, ""},
        {"¥1,234.50", 123450, "¥"},
        {"￥1,234.50", 123450, "¥"},
        {"１，２３４．５０", 123450, ""},
        {"12万", 12000000, ""},
        {"12w", 12000000, ""},
        {"1.25亿", 12500000000, ""},
        {"3千5百", 350000, ""},
        {"三千五百", 350000, ""},
        {"壹仟肆佰零玖元伍角", 140950, ""},
        {"5k", 500000, ""},
        {"3000+120.5*2", 324100, ""},
        {"USD 800", 80000, "USD"},
        {"800 usd", 80000, "USD"},
        {"-200", -20000, ""},
        {"6万", 6000000, ""},
        // the published examples of bank bills, both ways of writing where the rules allow two
        {"陆仟零柒元壹角肆分", 600714, ""},
        {"壹万陆仟肆佰零玖元零贰分", 1640902, ""},
        {"叁佰贰拾伍元零肆分", 32504, ""},
        {"陆万元整", 6000000, ""},
        {"人民币陆万元整", 6000000, "CNY"},
        {"壹拾万柒仟元零伍角叁分", 10700053, ""},
        {"壹拾万零柒仟元伍角叁分", 10700053, ""},
        {"壹仟陆佰捌拾元零叁角贰分", 168032, ""},
        {"壹仟陆佰捌拾元叁角贰分", 168032, ""},
        {"伍角", 50, ""},
        {"零元整", 0, ""},
        // further shapes
        {"0", 0, ""},
        {"0.01", 1, ""},
        {"1,234,567.89", 123456789, ""},
        {"十五", 1500, ""},
        {"一百零五", 10500, ""},
        {"二〇二六", 202600, ""},
        {"一万零五十", 1005000, ""},
        {"两万", 2000000, ""},
        {"一亿二千三百万", 12300000000, ""},
        {"1亿2千万", 12000000000, ""},
        {"12万3456.78", 12345678, ""},
        {"三块五毛", 350, ""},
        {"3元5角", 350, ""},
        {"800元", 80000, ""},
        {"800 元", 80000, ""},
        {"1.5K", 150000, ""},
        {"1.23456789亿", 12345678900, ""},
        {"-¥200", -20000, "¥"},
        {"¥-200", -20000, "¥"},
        {"-1万", -1000000, ""},
        {"$12.30", 1230, "$"},
        {"€5", 500, "EUR"},
        {"RMB 5", 500, "CNY"},
        {" 5 ", 500, ""},
        {"+5", 500, ""},
        {"3000 + 120.5 * 2", 324100, ""},
        {"100-30-20", 5000, ""},
        {"-200+300", 10000, ""},
        {"1,000+0.5*0.5*4", 100100, ""},
        {"２×３", 600, ""},
        {"一万亿", 100000000000000, ""},
        {"壹拾圆整", 1000, ""},
        {"92233720368547758.07", INT64_MAX, ""},
    };
    for (size_t i = 0; i < COUNT_OF(TYPED); i++) {
        int64_t minor = -1;
        const char *currency = NULL;
        if (money_parse(*state, TYPED[i].text, 2, &minor, &currency, NULL) != STATUS_OK) {
            fail_msg("%s is not read", TYPED[i].text);
        }
        if (minor != TYPED[i].minor || strcmp(currency, TYPED[i].currency) != 0) {
            fail_msg("%s: %lld %s", TYPED[i].text, (long long)minor, currency);
        }
    }
}

struct refused {
    const char *text;
    const char *hint;
};

static void what_is_not_an_amount_is_refused_with_what_was_meant(void **state)
{
    static const struct refused REFUSED[] = {
        {"1.005", NULL},
        {"1.500", NULL},
        {"1.234,50", "1,234.50"},
        {"1.234.567", "1,234,567.00"},
        {"12,34.5", "1,234.50"},
        {"1,5", "1.50"},
        {"1234,56", "1,234.56"},
        {"1234,567", "1,234,567.00"},
        {"三千五", "3,500.00"},
        {"1万5", "15,000.00"},
        {"一百五", "150.00"},
        {"", NULL},
        {" ", NULL},
        {"-", NULL},
        {"all", NULL},
        {"全部", NULL},
        {"50%", NULL},
        {"1e5", NULL},
        {"0x10", NULL},
        {"abc", NULL},
        {"1,2O8.00", NULL},
        {"2026-11-21", NULL},
        {"5.", NULL},
        {".5", NULL},
        {"1..5", NULL},
        {"--5", NULL},
        {"5-", NULL},
        {"5+", NULL},
        {"*5", NULL},
        {"5+万", NULL},
        {"三千+1", NULL},
        {"百", NULL},
        {"万", NULL},
        {"元", NULL},
        {"整", NULL},
        {"三元五", NULL},
        {"三十三百", NULL},
        {"三百零", NULL},
        {"一二三四五六七八九零一二三四五六七八九零", NULL},
        {"一百二百", NULL},
        {"1万2万", NULL},
        {"1 234", NULL},
        {"0.1分", NULL},
        {"5角5角", NULL},
        {"0.333*3", NULL},
        {"92233720368547758.08", NULL},
        {"99999999999999999999", NULL},
        {"9999999999999999999千", NULL},
        {"9999999999999999亿", NULL},
        {"9999999999*9999999999", NULL},
        {"USD", NULL},
        {"USD 5 EUR", NULL},
        {"¥¥5", NULL},
        {"5 \xff", NULL},
        {"5\n", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        int64_t minor = 77;
        const char *hint = "unset";
        const enum status status = money_parse(*state, REFUSED[i].text, 2, &minor, NULL, &hint);
        if (status != STATUS_FIELD_NOT_AMOUNT || minor != 77) {
            fail_msg("%s is taken for %lld", REFUSED[i].text, (long long)minor);
        }
        const bool is_same = hint == NULL || REFUSED[i].hint == NULL
                                 ? hint == REFUSED[i].hint
                                 : strcmp(hint, REFUSED[i].hint) == 0;
        if (!is_same) {
            fail_msg("%s: hint %s", REFUSED[i].text, hint != NULL ? hint : "none");
        }
    }
}

static void decimals_are_those_of_the_currency(void **state)
{
    int64_t minor = 0;
    assert_int_equal(money_parse(*state, "1234", 0, &minor, NULL, NULL), STATUS_OK);
    assert_int_equal(minor, 1234);
    assert_int_equal(money_parse(*state, "1234.5", 0, &minor, NULL, NULL), STATUS_FIELD_NOT_AMOUNT);
    assert_int_equal(money_parse(*state, "1.005", 3, &minor, NULL, NULL), STATUS_OK);
    assert_int_equal(minor, 1005);
    assert_int_equal(money_parse(*state, "5角", 0, &minor, NULL, NULL), STATUS_FIELD_NOT_AMOUNT);
    uint32_t decimals = 9;
    assert_true(money_currency("CNY", &decimals) && decimals == 2);
    assert_true(money_currency("JPY", &decimals) && decimals == 0);
    assert_true(money_currency("KWD", &decimals) && decimals == 3);
    assert_true(money_currency("ZMW", &decimals) && decimals == 2);
    assert_false(money_currency("QQQ", &decimals));
    assert_false(money_currency("cny", &decimals));
    assert_false(money_currency("NYD", &decimals));
    assert_false(money_currency("", &decimals));
}

static void signs_fit_the_currencies_that_share_them(void **state)
{
    (void)state;
    assert_true(money_currency_is("", "USD"));
    assert_true(money_currency_is("USD", "USD"));
    assert_true(money_currency_is("$", "HKD"));
    assert_true(money_currency_is("¥", "CNY"));
    assert_true(money_currency_is("¥", "JPY"));
    assert_false(money_currency_is("¥", "USD"));
    assert_false(money_currency_is("$", "CNY"));
    assert_false(money_currency_is("EUR", "USD"));
}

static void printed_amounts_are_read_back(void **state)
{
    uint64_t seed = 20261121;
    for (size_t i = 0; i < 20000; i++) {
        const int64_t minor =
            (int64_t)(draw(&seed) >> (draw(&seed) % 63 + 1)) * (i % 2 == 0 ? 1 : -1);
        const uint32_t decimals = (uint32_t)(i % 5);
        char *plain = money_print(*state, minor, decimals);
        char *grouped = money_print_grouped(*state, minor, decimals);
        int64_t back = 0;
        assert_int_equal(money_parse(*state, plain, decimals, &back, NULL, NULL), STATUS_OK);
        assert_int_equal(back, minor);
        assert_int_equal(money_parse(*state, grouped, decimals, &back, NULL, NULL), STATUS_OK);
        assert_int_equal(back, minor);
        assert_int_equal(money_parse_micro(money_print_micro(*state, minor), &back), STATUS_OK);
        assert_int_equal(back, minor);
        if (minor / 100 < 10000000000000000 && minor / 100 > -10000000000000000) {
            char *formal = money_formal(*state, minor);
            if (money_parse(*state, formal, 2, &back, NULL, NULL) != STATUS_OK || back != minor) {
                fail_msg("%s: %s is read as %lld", plain, formal, (long long)back);
            }
        }
        if (i % 1000 == 0) {
            arena_reset(*state);
        }
    }
}

static void formal_words_follow_the_bill_rules(void **state)
{
    static const struct typed FORMAL[] = {
        {"壹仟肆佰零玖元伍角", 140950, ""},
        {"陆仟零柒元壹角肆分", 600714, ""},
        {"壹万陆仟肆佰零玖元零贰分", 1640902, ""},
        {"叁佰贰拾伍元零肆分", 32504, ""},
        {"陆万元整", 6000000, ""},
        {"壹拾万零柒仟元伍角叁分", 10700053, ""},
        {"零元整", 0, ""},
        {"伍分", 5, ""},
        {"壹角", 10, ""},
        {"壹亿零伍仟元整", 10000500000, ""},
        {"壹亿零伍元整", 10000000500, ""},
        {"壹万亿元整", 100000000000000, ""},
        {"负壹元整", -100, ""},
        {"壹拾元零壹分", 1001, ""},
    };
    for (size_t i = 0; i < COUNT_OF(FORMAL); i++) {
        assert_string_equal(money_formal(*state, FORMAL[i].minor), FORMAL[i].text);
    }
    assert_string_equal(money_formal(*state, INT64_MIN), "-92,233,720,368,547,758.08");
}

static void amounts_are_printed_exactly(void **state)
{
    assert_string_equal(money_print(*state, 123450, 2), "1234.50");
    assert_string_equal(money_print(*state, -5, 2), "-0.05");
    assert_string_equal(money_print(*state, 0, 0), "0");
    assert_string_equal(money_print(*state, INT64_MIN, 2), "-92233720368547758.08");
    assert_string_equal(money_print_grouped(*state, 123456789, 2), "1,234,567.89");
    assert_string_equal(money_print_grouped(*state, -100000, 2), "-1,000.00");
    assert_string_equal(money_print_grouped(*state, 99999, 2), "999.99");
    assert_string_equal(money_print_micro(*state, 2550000), "2.55");
    assert_string_equal(money_print_micro(*state, -1000000), "-1");
    assert_string_equal(money_print_micro(*state, 1), "0.000001");
}

static void quantities_and_rates_are_plain_decimals(void **state)
{
    (void)state;
    int64_t micro = 0;
    uint32_t bp = 0;
    assert_int_equal(money_parse_micro("2.55", &micro), STATUS_OK);
    assert_int_equal(micro, 2550000);
    assert_int_equal(money_parse_micro("-1", &micro), STATUS_OK);
    assert_int_equal(micro, -1000000);
    assert_int_equal(money_parse_micro("0.0000001", &micro), STATUS_FIELD_NOT_AMOUNT);
    assert_int_equal(money_parse_micro("", &micro), STATUS_FIELD_NOT_AMOUNT);
    assert_int_equal(money_parse_micro("-", &micro), STATUS_FIELD_NOT_AMOUNT);
    assert_int_equal(money_parse_micro("1.", &micro), STATUS_FIELD_NOT_AMOUNT);
    assert_int_equal(money_parse_micro("9223372036854775807", &micro), STATUS_FIELD_NOT_AMOUNT);
    assert_int_equal(money_parse_bp("13%", &bp), STATUS_OK);
    assert_int_equal(bp, 1300);
    assert_int_equal(money_parse_bp("0.5 %", &bp), STATUS_OK);
    assert_int_equal(bp, 50);
    assert_int_equal(money_parse_bp("13", &bp), STATUS_OK);
    assert_int_equal(bp, 1300);
    assert_int_equal(money_parse_bp("0.005%", &bp), STATUS_FIELD_NOT_AMOUNT);
    assert_int_equal(money_parse_bp("-1", &bp), STATUS_FIELD_OUT_OF_RANGE);
    assert_int_equal(money_parse_bp("%", &bp), STATUS_FIELD_NOT_AMOUNT);
}

struct inclusive {
    int64_t gross;
    uint32_t tax_bp;
    int64_t net;
};

// domain.md d.11
static void price_inclusive_tax_is_taken_out_of_the_gross(void **state)
{
    (void)state;
    static const struct inclusive CASES[] = {
        {5250, 1200, 4688}, {10000, 1300, 8850},        {10000, 900, 9174},
        {10000, 600, 9434}, {10000, 300, 9709},         {10000, 100, 9901},
        {5, 1300, 4},       {99999999, 1300, 88495574}, {-5250, 1200, -4688},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        int64_t net = 0;
        assert_true(money_net_of_gross(CASES[i].gross, CASES[i].tax_bp, &net));
        assert_int_equal(net, CASES[i].net);
    }
}

static int64_t tax_by_line(const int64_t *net, size_t count, uint32_t tax_bp, int64_t *on_total)
{
    int64_t by_line = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t tax = 0;
        assert_true(money_tax(net[i], tax_bp, &tax));
        by_line += tax;
        sum += net[i];
    }
    assert_true(money_tax(sum, tax_bp, on_total));
    return by_line;
}

// domain.md d.11 and the truth case "Tax per line or per document"
static void tax_is_rounded_once_a_line(void **state)
{
    (void)state;
    int64_t on_total = 0;
    assert_int_equal(tax_by_line((const int64_t[]){29933, 17933, 9934}, 3, 2000, &on_total), 11561);
    assert_int_equal(on_total, 11560);
    assert_int_equal(tax_by_line((const int64_t[]){3333, 3333, 3333}, 3, 1300, &on_total), 1299);
    assert_int_equal(on_total, 1300);
    assert_int_equal(tax_by_line((const int64_t[]){670, 670}, 2, 1500, &on_total), 202);
    assert_int_equal(on_total, 201);
}

static void a_line_is_rounded_once_half_away_from_zero(void **state)
{
    (void)state;
    int64_t net = 0;
    assert_true(money_line_net(1000000, 2550000, 0, 2, &net) && net == 255);
    assert_true(money_line_net(3000000, 333300, 0, 2, &net) && net == 100);
    assert_true(money_line_net(1000000, 5000, 0, 2, &net) && net == 1); // 0.005
    assert_true(money_line_net(-1000000, 5000, 0, 2, &net) && net == -1);
    assert_true(money_line_net(1000000, 4999, 0, 2, &net) && net == 0);
    assert_true(money_line_net(6000000, 2550000, 1500, 2, &net) && net == 1301); // 13.005
    assert_true(money_line_net(2000000, 1500000, 10000, 2, &net) && net == 0);
    assert_true(money_line_net(1000000, 1500000, 0, 0, &net) && net == 2);
    assert_false(money_line_net(INT64_MAX, INT64_MAX, 0, 2, &net));
    assert_false(money_line_net(INT64_MAX, 1000000000000, 0, 2, &net));
    assert_true(money_scale(-5, 1, 2, &net) && net == -3);
    assert_true(money_scale(INT64_MIN, 1, 1, &net) && net == INT64_MIN);
    assert_false(money_scale(INT64_MAX, 2, 1, &net));
}

static void near_is_a_part_of_the_second_or_a_unit(void **state)
{
    (void)state;
    assert_true(money_is_near(630, 1, 700, 1, 1000));
    assert_true(money_is_near(770, 1, 700, 1, 1000));
    assert_true(money_is_near(629, 1, 700, 1, 1000)); // a unit is what rounding leaves
    assert_false(money_is_near(628, 1, 700, 1, 1000));
    assert_false(money_is_near(772, 1, 700, 1, 1000));
    assert_true(money_is_near(-630, 1, -700, 1, 1000));
    assert_false(money_is_near(700, 1, -700, 1, 1000));
    assert_true(money_is_near(700000000, 100, 7000000, 1, 0));
    assert_false(money_is_near(6200000, 1, 700000000, 100, 1000));
    assert_true(money_is_near(1, 1, 0, 1, 1000));
    assert_false(money_is_near(INT64_MAX, 1, INT64_MIN, UINT32_MAX, 1000));
}

static void sums_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    int64_t sum = 5;
    assert_false(money_add(INT64_MAX, 1, &sum));
    assert_false(money_sub(INT64_MIN, 1, &sum));
    assert_int_equal(sum, 5);
    assert_true(money_add(INT64_MAX, -1, &sum) && sum == INT64_MAX - 1);
    assert_true(money_sub(-1, INT64_MAX, &sum) && sum == INT64_MIN);
}

static void a_split_gives_the_units_left_to_the_largest_remainders(void **state)
{
    (void)state;
    int64_t parts[4] = {0};
    assert_true(money_split(1000, (const int64_t[]){3333, 3333, 3334}, 3, parts));
    assert_int_equal(parts[0], 333);
    assert_int_equal(parts[1], 333);
    assert_int_equal(parts[2], 334);
    assert_true(money_split(3, (const int64_t[]){1, 1}, 2, parts));
    assert_true(parts[0] == 2 && parts[1] == 1);
    assert_true(money_split(-3, (const int64_t[]){1, 1}, 2, parts));
    assert_true(parts[0] == -2 && parts[1] == -1);
    assert_true(money_split(115000, (const int64_t[]){1, 1}, 2, parts));
    assert_true(parts[0] == 57500 && parts[1] == 57500);
    assert_true(money_split(10, (const int64_t[]){0, 5, 0}, 3, parts));
    assert_true(parts[0] == 0 && parts[1] == 10 && parts[2] == 0);
    assert_false(money_split(10, (const int64_t[]){0, 0}, 2, parts));
    assert_false(money_split(10, (const int64_t[]){2, -1}, 2, parts));
    assert_false(money_split(10, (const int64_t[]){INT64_MAX, 1}, 2, parts));
    assert_true(money_split(INT64_MIN, (const int64_t[]){INT64_MAX}, 1, parts) &&
                parts[0] == INT64_MIN);
}

// The remainder that a part was rounded by, against the plain quotient, stays below one unit; all
// of them sum exactly.
static void every_split_sums_exactly_and_stays_within_a_unit(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (size_t round = 0; round < 5000; round++) {
        int64_t weights[32];
        int64_t parts[32];
        const size_t count = (size_t)(draw(&seed) % 32 + 1);
        int64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            weights[i] = (int64_t)(draw(&seed) >> (8 + draw(&seed) % 56)) + (i == 0 ? 1 : 0);
            sum += weights[i];
        }
        const int64_t total =
            (int64_t)(draw(&seed) >> (1 + draw(&seed) % 63)) * (round % 2 == 0 ? 1 : -1);
        assert_true(money_split(total, weights, count, parts));
        int64_t given = 0;
        for (size_t i = 0; i < count; i++) {
            int64_t plain = 0;
            assert_true(money_scale(total, weights[i], sum, &plain));
            assert_in_range(parts[i] - plain + 1, 0, 2);
            given += parts[i];
        }
        assert_int_equal(given, total);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_amounts_are_read),
        cmocka_unit_test(what_is_not_an_amount_is_refused_with_what_was_meant),
        cmocka_unit_test(decimals_are_those_of_the_currency),
        cmocka_unit_test(signs_fit_the_currencies_that_share_them),
        cmocka_unit_test(printed_amounts_are_read_back),
        cmocka_unit_test(formal_words_follow_the_bill_rules),
        cmocka_unit_test(amounts_are_printed_exactly),
        cmocka_unit_test(quantities_and_rates_are_plain_decimals),
        cmocka_unit_test(price_inclusive_tax_is_taken_out_of_the_gross),
        cmocka_unit_test(tax_is_rounded_once_a_line),
        cmocka_unit_test(a_line_is_rounded_once_half_away_from_zero),
        cmocka_unit_test(sums_that_do_not_fit_are_refused),
        cmocka_unit_test(a_split_gives_the_units_left_to_the_largest_remainders),
        cmocka_unit_test(near_is_a_part_of_the_second_or_a_unit),
        cmocka_unit_test(every_split_sums_exactly_and_stays_within_a_unit),
    };
    return cmocka_run_group_tests(tests, arena_up, arena_down);
}
