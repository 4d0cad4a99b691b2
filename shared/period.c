// SPDX-License-Identifier: Apache-2.0
#include "shared/period.h"

#define YEAR_DIGITS  4
#define MONTH_DIGITS 2

static uint32_t period_of(uint32_t year, uint32_t month)
{
    assert(month >= 1 && month <= 12);

    return year << 8 | month;
}

static bool is_period(uint32_t period)
{
    return (period & 0xFF) >= 1 && (period & 0xFF) <= 12;
}

uint32_t period_of_day(int32_t day)
{
    const struct date date = day_date(day);
    assert(date.year > 0);

    return period_of((uint32_t)date.year, date.month);
}

int32_t period_first_day(uint32_t period)
{
    assert(is_period(period));

    int32_t day = 0;
    const bool is_day = day_of_date(
        (struct date){.year = (int32_t)(period >> 8), .month = period & 0xFF, .day = 1}, &day);
    assert(is_day);
    return day;
}

int32_t period_last_day(uint32_t period)
{
    return day_month_end(period_first_day(period));
}

uint32_t period_after(uint32_t period)
{
    assert(is_period(period));

    return (period & 0xFF) == 12 ? period_of((period >> 8) + 1, 1) : period + 1;
}

uint32_t period_before(uint32_t period)
{
    assert(is_period(period));

    return (period & 0xFF) == 1 ? period_of((period >> 8) - 1, 12) : period - 1;
}

uint32_t period_year(uint32_t period)
{
    return period >> 8;
}

uint32_t period_begin(uint32_t year)
{
    return period_of(year, 1);
}

uint32_t period_end(uint32_t year)
{
    return period_of(year, 12);
}

// So many digits at `text`; false when there are fewer.
static bool parse_digits(const char *text, size_t count, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *out = *out * 10 + (uint32_t)(text[i] - '0');
    }
    return true;
}

bool period_parse(const char *text, uint32_t *first, uint32_t *last)
{
    const int32_t year_min = day_date(DAY_MIN).year;
    const int32_t year_max = day_date(DAY_MAX).year;
    uint32_t year = 0;
    uint32_t month = 0;
    if (!parse_digits(text, YEAR_DIGITS, &year) || (int32_t)year < year_min ||
        (int32_t)year > year_max) {
        return false;
    }
    const char *rest = text + YEAR_DIGITS;
    if (*rest == '\0') {
        *first = period_begin(year);
        *last = period_end(year);
        return true;
    }
    if (*rest != '-' || !parse_digits(rest + 1, MONTH_DIGITS, &month) ||
        rest[1 + MONTH_DIGITS] != '\0' || month < 1 || month > 12) {
        return false;
    }
    *first = period_of(year, month);
    *last = *first;
    return true;
}

char *period_print(struct arena *arena, uint32_t period)
{
    assert(is_period(period));

    return arena_print(arena, "%04u-%02u", period >> 8, period & 0xFF);
}
