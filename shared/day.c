// SPDX-License-Identifier: Apache-2.0
#include "shared/day.h"

#include "shared/limits.h"

// The proleptic Gregorian calendar, counted in eras of 400 years that begin on a first of March:
// leap days come last.

#define YEAR_MIN        1870
#define YEAR_MAX        2199
#define ERA_DAYS        146097
#define EPOCH_SHIFT     719468 // days from 0000-03-01 to 1970-01-01
#define MICROS_A_SECOND 1000000
#define SECONDS_A_DAY   86400

static bool is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t month_days(int32_t year, uint32_t month)
{
    static const uint8_t DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    return month == 2 && is_leap(year) ? 29 : DAYS[month - 1];
}

static int32_t count_days(struct date date)
{
    const int32_t year = date.year - (date.month <= 2 ? 1 : 0);
    const int32_t era = (year >= 0 ? year : year - 399) / 400;
    const int32_t year_of_era = year - era * 400;
    const int32_t month = (int32_t)date.month + (date.month > 2 ? -3 : 9); // March is 0
    const int32_t day_of_year = (153 * month + 2) / 5 + (int32_t)date.day - 1;
    const int32_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_SHIFT;
}

struct date day_date(int32_t day)
{
    assert(day > INT32_MIN / 2 && day < INT32_MAX / 2);
    const int32_t shifted = day + EPOCH_SHIFT;
    const int32_t era = (shifted >= 0 ? shifted : shifted - ERA_DAYS + 1) / ERA_DAYS;
    const int32_t day_of_era = shifted - era * ERA_DAYS;
    const int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int32_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int32_t month = (5 * day_of_year + 2) / 153;
    struct date date = {
        .year = year_of_era + era * 400,
        .month = (uint32_t)(month < 10 ? month + 3 : month - 9),
        .day = (uint32_t)(day_of_year - (153 * month + 2) / 5 + 1),
    };
    date.year += date.month <= 2 ? 1 : 0;
    return date;
}

bool day_of_date(struct date date, int32_t *day)
{
    assert(day != NULL);
    if (date.year < YEAR_MIN || date.year > YEAR_MAX || date.month < 1 || date.month > 12 ||
        date.day < 1 || date.day > month_days(date.year, date.month)) {
        return false;
    }
    const int32_t count = count_days(date);
    if (count == 0) {
        return false;
    }
    *day = count;
    return true;
}

int32_t day_weekday(int32_t day)
{
    const int32_t rest = (day + 3) % 7; // 1970-01-01 was a Thursday
    return (rest < 0 ? rest + 7 : rest) + 1;
}

int32_t day_month_end(int32_t day)
{
    const struct date date = day_date(day);
    return day + (int32_t)(month_days(date.year, date.month) - date.day);
}

int32_t day_add_months(int32_t day, int32_t months)
{
    assert(months > -12 * 400 && months < 12 * 400);
    struct date date = day_date(day);
    const int32_t count = date.year * 12 + (int32_t)date.month - 1 + months;
    date.year = count / 12;
    date.month = (uint32_t)(count % 12) + 1;
    const uint32_t last = month_days(date.year, date.month);
    date.day = date.day > last ? last : date.day;
    return count_days(date);
}

char *day_print(struct arena *arena, int32_t day)
{
    assert(arena != NULL);
    const struct date date = day_date(day);
    return arena_print(arena, "%04d-%02u-%02u", date.year, date.month, date.day);
}

// The quotient rounded down and the rest, which is never negative.
static int64_t floor_divide(int64_t value, int64_t divisor, int64_t *rest)
{
    int64_t quotient = value / divisor;
    *rest = value % divisor;
    if (*rest < 0) {
        *rest += divisor;
        quotient--;
    }
    return quotient;
}

char *instant_print(struct arena *arena, int64_t instant_us, int32_t offset_minutes)
{
    assert(arena != NULL && offset_minutes > -24 * 60 && offset_minutes < 24 * 60);
    int64_t micros = 0;
    int64_t second = 0;
    const int64_t seconds =
        floor_divide(instant_us, MICROS_A_SECOND, &micros) + (int64_t)offset_minutes * 60;
    const int64_t day = floor_divide(seconds, SECONDS_A_DAY, &second);
    if (day < DAY_MIN || day > DAY_MAX) {
        return NULL;
    }
    const struct date date = day_date((int32_t)day);
    char fraction[16] = "";
    if (micros > 0) {
        (void)snprintf(fraction, sizeof fraction, ".%06d", (int)micros);
    }
    const int32_t offset = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    return arena_print(arena, "%04d-%02u-%02uT%02d:%02d:%02d%s%c%02d:%02d", date.year, date.month,
                       date.day, (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60),
                       fraction, offset_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
}

// 1 to `most` digits.
static bool read_digits(const char **text, size_t most, uint32_t *value)
{
    uint32_t number = 0;
    size_t size = 0;
    while (size < most && (*text)[size] >= '0' && (*text)[size] <= '9') {
        number = number * 10 + (uint32_t)((*text)[size] - '0');
        size++;
    }
    *text += size;
    *value = number;
    return size > 0;
}

enum status day_parse_format(const char *text, const char *format, int32_t *day)
{
    assert(text != NULL && format != NULL && day != NULL);
    uint32_t year = 0;
    struct date date = {0};
    text += strspn(text, " ");
    while (*format != '\0') {
        bool is_read = true;
        if (strncmp(format, "YYYY", 4) == 0) {
            const char *start = text;
            is_read = read_digits(&text, 4, &year) && text - start == 4;
            format += 4;
        } else if (strncmp(format, "MM", 2) == 0) {
            is_read = read_digits(&text, 2, &date.month);
            format += 2;
        } else if (strncmp(format, "DD", 2) == 0) {
            is_read = read_digits(&text, 2, &date.day);
            format += 2;
        } else {
            is_read = *text++ == *format++;
        }
        if (!is_read) {
            return STATUS_FIELD_NOT_DAY;
        }
    }
    date.year = (int32_t)year;
    const bool is_ended = *text == '\0' || *text == ' ' || *text == 'T';
    return is_ended && day_of_date(date, day) ? STATUS_OK : STATUS_FIELD_NOT_DAY;
}
