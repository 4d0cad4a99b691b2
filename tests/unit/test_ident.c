// SPDX-License-Identifier: Apache-2.0
#include "shared/ident.h"
#include "tests/unit/unit.h"

static void numbers_are_printed_with_at_least_four_digits(void **state)
{
    (void)state;
    struct arena *arena = arena_make(4096);
    assert_string_equal(ident_print(arena, SERIES_CUSTOMER, 0, 1), "C-0001");
    assert_string_equal(ident_print(arena, SERIES_INVOICE, 2026, 412), "INV-2026-0412");
    assert_string_equal(ident_print(arena, SERIES_CREDIT_NOTE, 2026, 7), "CN-2026-0007");
    assert_string_equal(ident_print(arena, SERIES_PAYMENT, 2026, 12345), "PAY-2026-12345");
    assert_string_equal(ident_print(arena, SERIES_ENTRY, 1970, 1), "JE-1970-0001");
    assert_string_equal(ident_print(arena, SERIES_IMPORT, 0, 42), "IMP-0042");
    arena_free(arena);
}

static void what_is_printed_is_read_back(void **state)
{
    (void)state;
    struct arena *arena = arena_make((size_t)1024 * 1024);

    static const enum series ALL[] = {SERIES_CUSTOMER, SERIES_INVOICE, SERIES_CREDIT_NOTE,
                                      SERIES_PAYMENT,  SERIES_ENTRY,   SERIES_IMPORT,
                                      SERIES_APPROVAL};

    for (size_t i = 0; i < COUNT_OF(ALL); i++) {
        const bool by_year =
            ALL[i] != SERIES_CUSTOMER && ALL[i] != SERIES_IMPORT && ALL[i] != SERIES_APPROVAL;
        for (uint32_t sequence = 1; sequence < 200000000; sequence = sequence * 7 + 1) {
            enum series series = SERIES_CUSTOMER;
            uint32_t year = 1;
            uint32_t found = 0;
            char *text = ident_print(arena, ALL[i], by_year ? 2026 : 0, sequence);
            assert_true(ident_parse(text, &series, &year, &found));
            assert_true(series == ALL[i] && found == sequence && year == (by_year ? 2026u : 0u));
        }
    }
    arena_free(arena);
}

static void case_and_leading_zeros_do_not_matter(void **state)
{
    (void)state;
    enum series series = SERIES_CUSTOMER;
    uint32_t year = 0;
    uint32_t sequence = 0;
    assert_true(ident_parse("inv-2026-412", &series, &year, &sequence));
    assert_true(series == SERIES_INVOICE && year == 2026 && sequence == 412);
    assert_true(ident_parse("c-000001", &series, &year, &sequence));
    assert_true(series == SERIES_CUSTOMER && year == 0 && sequence == 1);
}

static void other_texts_are_no_numbers(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {"",
                                         "C",
                                         "C-",
                                         "C-0",
                                         "C-1-2",
                                         "INV-2026",
                                         "INV-2026-",
                                         "INV-2026-0",
                                         "INV-0-1",
                                         "INV2026-1",
                                         "X-1",
                                         "C-1x",
                                         "C-0000000000000001",
                                         "INV-20260-1",
                                         "恒通",
                                         "CUSTOMER-1",
                                         "C--1",
                                         "C- 1",
                                         "-1"};
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++) {
        enum series series = SERIES_CUSTOMER;
        uint32_t year = 5;
        uint32_t sequence = 5;
        if (ident_parse(OTHERS[i], &series, &year, &sequence)) {
            fail_msg("%s is taken for a number", OTHERS[i]);
        }
        assert_true(year == 5 && sequence == 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_printed_with_at_least_four_digits),
        cmocka_unit_test(what_is_printed_is_read_back),
        cmocka_unit_test(case_and_leading_zeros_do_not_matter),
        cmocka_unit_test(other_texts_are_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
