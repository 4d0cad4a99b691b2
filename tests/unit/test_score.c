// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/score.h"
#include "tests/unit/unit.h"

// The vectors of domain.md d.8, as amounts that make those rates.

static struct score_input vector(uint32_t late_days, uint32_t overdue_percent, uint32_t use_percent,
                                 uint32_t months, uint32_t broken, uint32_t outside)
{
    return (struct score_input){
        .late = (uint128)late_days * 1000,
        .settled_minor = 1000,
        .overdue_minor = overdue_percent,
        .open_minor = 100,
        .is_limited = true,
        .exposure_minor = use_percent,
        .limit_minor = 100,
        .months = months,
        .broken = broken,
        .outside = outside,
        .settled = 3,
    };
}

static void the_vectors_hold(void **state)
{
    (void)state;

    static const struct {
        uint32_t late, overdue, use, months, broken, outside, score;
        CreditGrade grade;
    } VECTORS[] = {
        {8, 10, 70, 18, 1, 50, 719, CREDIT_GRADE__CREDIT_GRADE_B},
        {45, 60, 120, 6, 3, 50, 127, CREDIT_GRADE__CREDIT_GRADE_E},
        {0, 0, 20, 48, 0, 80, 980, CREDIT_GRADE__CREDIT_GRADE_A},
    };

    for (size_t i = 0; i < COUNT_OF(VECTORS); i++) {
        const struct score_input input =
            vector(VECTORS[i].late, VECTORS[i].overdue, VECTORS[i].use, VECTORS[i].months,
                   VECTORS[i].broken, VECTORS[i].outside);
        const uint32_t score = score_of(&input);
        assert_int_equal(score, VECTORS[i].score);
        assert_int_equal(score_grade(&input, score), VECTORS[i].grade);
    }
}

static void nothing_is_rounded_before_the_end(void **state)
{
    (void)state;
    // Tenure of 9 months is 25 of 100, so everything else is whole: 350 + 200 + 150 + 25 + 100 + x.
    struct score_input input = vector(0, 0, 0, 9, 0, 50);
    assert_int_equal(score_of(&input), 875);
    // One month is 2.777...: 827.777... is 828; two are 5.555...: 855.55... is 856 minus 25.
    input.months = 1;
    assert_int_equal(score_of(&input), 853);
    // 1/3 late days of weight 35 * 2 / 3 / 10 = 2.333... less.
    input.months = 0;
    input.settled_minor = 3;
    input.late = 1;
    assert_int_equal(score_of(&input), 848);
    // Utilisation of 50.333... % takes 15 * 0.666... / 10 = 1 exactly: 849 less nothing else.
    input = vector(0, 0, 0, 0, 0, 50);
    input.exposure_minor = 151;
    input.limit_minor = 300;
    assert_int_equal(score_of(&input), 849);
    // Half a point goes up: 1/2 a judgement does not exist, but 35 * 2 * (1 / 14) / 10 is 1/2.
    input = vector(0, 0, 0, 0, 0, 50);
    input.settled_minor = 14;
    input.late = 1;
    assert_int_equal(score_of(&input), 850);
}

static void amounts_at_their_limits_do_not_overflow(void **state)
{
    (void)state;
    struct score_input input = {
        .late = (uint128)INT64_MAX * 8,
        .settled_minor = INT64_MAX,
        .overdue_minor = INT64_MAX / 10,
        .open_minor = INT64_MAX,
        .is_limited = true,
        .exposure_minor = INT64_MAX / 10 * 7,
        .limit_minor = INT64_MAX,
        .months = 18,
        .broken = 1,
        .outside = 50,
        .settled = 3,
    };
    assert_int_equal(score_of(&input), 719);
    input.late = ~(uint128)0;
    assert_int_equal(score_of(&input), 719 - 294);
}

static void parts_end_at_nothing(void **state)
{
    (void)state;
    const struct score_input worst = vector(400, 100, 500, 0, 9, 0);
    assert_int_equal(score_of(&worst), 0);
    for (size_t part = 0; part < SCORE_PARTS; part++) {
        assert_int_equal(score_points_bp(&worst, (enum score_part)part), 0);
    }
    const struct score_input best = vector(0, 0, 50, 99, 0, 200);
    assert_int_equal(score_of(&best), 1000);
    assert_int_equal(score_points_bp(&best, SCORE_OUTSIDE), 10000);
}

static void cash_and_no_limit_are_no_division(void **state)
{
    (void)state;
    struct score_input input = vector(0, 0, 0, 36, 0, 100);
    input.limit_minor = 0;
    assert_int_equal(score_of(&input), 1000);
    input.exposure_minor = 1;
    assert_int_equal(score_of(&input), 850);
    input.is_limited = false;
    assert_int_equal(score_of(&input), 1000);
    input.open_minor = 0;
    input.settled_minor = 0;
    assert_int_equal(score_of(&input), 1000);
}

static void fewer_than_three_documents_are_not_rated(void **state)
{
    (void)state;
    struct score_input input = vector(0, 0, 0, 36, 0, 100);
    input.settled = 2;
    assert_int_equal(score_grade(&input, score_of(&input)), CREDIT_GRADE__CREDIT_GRADE_N);
    input.settled = 3;
    assert_int_equal(score_grade(&input, score_of(&input)), CREDIT_GRADE__CREDIT_GRADE_A);
    assert_int_equal(score_grade(&input, 849), CREDIT_GRADE__CREDIT_GRADE_B);
    assert_int_equal(score_grade(&input, 550), CREDIT_GRADE__CREDIT_GRADE_C);
    assert_int_equal(score_grade(&input, 549), CREDIT_GRADE__CREDIT_GRADE_D);
    assert_int_equal(score_grade(&input, 399), CREDIT_GRADE__CREDIT_GRADE_E);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_hold),
        cmocka_unit_test(nothing_is_rounded_before_the_end),
        cmocka_unit_test(amounts_at_their_limits_do_not_overflow),
        cmocka_unit_test(parts_end_at_nothing),
        cmocka_unit_test(cash_and_no_limit_are_no_division),
        cmocka_unit_test(fewer_than_three_documents_are_not_rated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
