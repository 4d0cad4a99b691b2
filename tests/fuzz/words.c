// SPDX-License-Identifier: Apache-2.0
#include "shared/day.h"
#include "shared/ident.h"
#include "shared/money.h"
#include "shared/terms.h"
#include "shared/text.h"
#include "tests/fuzz/fuzz.h"

// What people type: amounts, days, terms, numbers and text. Whatever parses prints to words that
// parse to the same.

#define TODAY      20778 // 2026-11-21
#define TEXT_LIMIT 2000

static void check_money(struct arena *arena, const char *text, uint32_t decimals)
{
    int64_t value = 0;
    int64_t again = 0;
    const char *hint = NULL;
    if (money_parse(arena, text, decimals, &value, NULL, &hint) == STATUS_OK) {
        const char *printed = money_print(arena, value, decimals);
        const enum status status = money_parse(arena, printed, decimals, &again, NULL, NULL);
        assert(status == STATUS_OK && again == value);
        assert(money_formal(arena, value) != NULL);
    }
    if (money_parse_micro(text, &value) == STATUS_OK) {
        const char *printed = money_print_micro(arena, value);
        const enum status status = money_parse_micro(printed, &again);
        assert(status == STATUS_OK && again == value);
    }
    uint32_t rate = 0;
    (void)!money_parse_bp(text, &rate);
}

static void check_day(struct arena *arena, const char *text, enum day_sense sense)
{
    int32_t day = 0;
    int32_t again = 0;
    int32_t to = 0;
    const char *hint = NULL;
    if (day_parse(arena, text, TODAY, sense, &day, &hint) == STATUS_OK) {
        assert(day >= DAY_MIN && day <= DAY_MAX);
        const enum status status =
            day_parse(arena, day_print(arena, day), TODAY, sense, &again, NULL);
        assert(status == STATUS_OK && again == day);
    }
    if (day_parse_range(arena, text, TODAY, &day, &to, &hint) == STATUS_OK) {
        assert(day == 0 || to == 0 || day <= to);
    }
    static const char *const FORMATS[] = {"DD/MM/YYYY", "YYYYMMDD", "YYYY-MM-DD"};
    for (size_t i = 0; i < COUNT_OF(FORMATS); i++) {
        (void)!day_parse_format(text, FORMATS[i], &day);
    }
}

static void check_terms(const char *text)
{
    struct terms terms;
    if (terms_parse(text, &terms) == STATUS_OK) {
        assert(terms.part_count > 0 && terms.part_count <= INVOICE_PARTS_MAX);
        struct terms_due due[INVOICE_PARTS_MAX];
        if (terms_apply(&terms, 10001, 2, TODAY, due) == STATUS_OK) {
            int64_t sum = 0;
            for (uint32_t i = 0; i < terms.part_count; i++) {
                sum += due[i].amount_minor;
                assert(due[i].due_day >= TODAY && (i == 0 || due[i].due_day >= due[i - 1].due_day));
            }
            assert(sum == 10001);
        }
    }
}

static void check_ident(struct arena *arena, const char *text)
{
    enum series series;
    enum series series_again;
    uint32_t year = 0, year_again = 0, sequence = 0, sequence_again = 0;
    if (ident_parse(text, &series, &year, &sequence)) {
        const char *printed = ident_print(arena, series, year, sequence);
        const bool parses = ident_parse(printed, &series_again, &year_again, &sequence_again);
        assert(parses && series == series_again && year == year_again);
        assert(sequence == sequence_again);
    }
}

static void check_text(struct arena *arena, const char *text)
{
    const char *safe = text_safe(arena, text);
    assert(safe != NULL && text_is_clean(safe, strlen(safe), false));
    const char *folded = text_fold(arena, text);
    assert(folded != NULL);
    const size_t fitting = text_fit(text, 10);
    assert(fitting <= strlen(text));
    (void)text_cells(text);
    assert(text_mask_phone(arena, text) != NULL && text_mask_email(arena, text) != NULL);
    assert(text_mask(arena, text) != NULL);
    (void)text_is_phone(text);
    (void)text_is_email(text);
    (void)text_is_tax_id(text);
    (void)text_distance(text, "customer");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    const uint8_t choice = input_byte(&input);
    const size_t length = input.size < TEXT_LIMIT ? input.size : TEXT_LIMIT;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)1024 * 1024);
    assert(arena != NULL);
    const char *text = arena_copy(arena, input.data, length);
    assert(text != NULL);
    check_money(arena, text, choice % 4);
    check_day(arena, text, choice % 2 == 0 ? DAY_PAST : DAY_DUE);
    check_terms(text);
    check_ident(arena, text);
    check_text(arena, text);
    return 0;
}
