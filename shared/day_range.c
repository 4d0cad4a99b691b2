// SPDX-License-Identifier: Apache-2.0
#include "shared/day.h"
#include "shared/text.h"

// Ranges of days as people type them: a period by name, a day as a range of one, or two of these
// with ".." between.

#define TEXT_MAX 64

struct span {
    int32_t from;
    int32_t to;
};

enum period { PERIOD_WEEK, PERIOD_MONTH, PERIOD_QUARTER, PERIOD_YEAR };

struct period_row {
    const char *word;
    enum period period;
    int32_t offset;
};

static const struct period_row PERIODS[] = {
    {"本周", PERIOD_WEEK, 0},         {"这周", PERIOD_WEEK, 0},      {"上周", PERIOD_WEEK, -1},
    {"下周", PERIOD_WEEK, 1},         {"本月", PERIOD_MONTH, 0},     {"这个月", PERIOD_MONTH, 0},
    {"上月", PERIOD_MONTH, -1},       {"上个月", PERIOD_MONTH, -1},  {"下月", PERIOD_MONTH, 1},
    {"下个月", PERIOD_MONTH, 1},      {"本季度", PERIOD_QUARTER, 0}, {"上季度", PERIOD_QUARTER, -1},
    {"上个季度", PERIOD_QUARTER, -1}, {"今年", PERIOD_YEAR, 0},      {"本年", PERIOD_YEAR, 0},
    {"去年", PERIOD_YEAR, -1},        {"明年", PERIOD_YEAR, 1},
};

static const char *const QUARTERS[4][4] = {
    {"q1", "一季度", "第一季度", "1季度"},
    {"q2", "二季度", "第二季度", "2季度"},
    {"q3", "三季度", "第三季度", "3季度"},
    {"q4", "四季度", "第四季度", "4季度"},
};

// `months` months from the first of a month on.
static bool months_from(int32_t year, uint32_t month, int32_t months, struct span *span)
{
    int32_t first = 0;
    // 1970-01-01 is no day, so the day behind it stands for it.
    const bool is_day = day_of_date((struct date){year, month, 1}, &first) ||
                        day_of_date((struct date){year, month, 2}, &first);
    if (!is_day) {
        return false;
    }
    *span = (struct span){first, day_month_end(day_add_months(first, months - 1))};
    return span->to <= DAY_MAX;
}

static bool read_period(const char *text, int32_t today, struct span *span)
{
    const struct date date = day_date(today);
    for (size_t i = 0; i < COUNT_OF(PERIODS); i++) {
        const struct period_row *row = &PERIODS[i];
        if (strcmp(row->word, text) != 0) {
            continue;
        }
        const int32_t monday = today - day_weekday(today) + 1 + 7 * row->offset;
        const int32_t quarter = ((int32_t)date.month - 1) / 3 + row->offset;
        const struct date month =
            day_date(day_add_months(today - (int32_t)date.day + 1, row->offset));
        switch (row->period) {
        case PERIOD_WEEK:
            *span = (struct span){monday, monday + 6};
            return true;
        case PERIOD_MONTH:
            return months_from(month.year, month.month, 1, span);
        case PERIOD_QUARTER:
            return months_from(date.year - (quarter < 0 ? 1 : 0),
                               (uint32_t)((quarter + 4) % 4 * 3 + 1), 3, span);
        case PERIOD_YEAR:
            return months_from(date.year + row->offset, 1, 12, span);
        }
    }
    return false;
}

// Four digits in front, if there are exactly four; 0 otherwise.
static int32_t take_year(const char **text)
{
    if (strspn(*text, "0123456789") != 4) {
        return 0;
    }
    int32_t year = 0;
    for (size_t i = 0; i < 4; i++) {
        year = year * 10 + ((*text)[i] - '0');
    }
    *text += 4;
    return year;
}

// "q3", "2026q3", "2026年三季度"
static bool read_quarter(const char *text, int32_t today, struct span *span)
{
    const int32_t typed = take_year(&text);
    const int32_t year = typed != 0 ? typed : day_date(today).year;
    if (typed != 0 && strncmp(text, "年", strlen("年")) == 0) {
        text += strlen("年");
    }
    text += typed != 0 && *text == '-' ? 1 : 0;
    for (uint32_t quarter = 0; quarter < 4; quarter++) {
        for (size_t i = 0; i < COUNT_OF(QUARTERS[quarter]); i++) {
            if (strcmp(QUARTERS[quarter][i], text) == 0) {
                return months_from(year, quarter * 3 + 1, 3, span);
            }
        }
    }
    return false;
}

// One or two digits to the end, but for `behind`.
static bool read_last_number(const char *text, const char *behind, uint32_t *number)
{
    const size_t digits = strspn(text, "0123456789");
    if (digits < 1 || digits > 2 || strcmp(text + digits, behind) != 0) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < digits; i++) {
        *number = *number * 10 + (uint32_t)(text[i] - '0');
    }
    return true;
}

// "2026", "2026-11", "2026年11月", "2026-w47"; "11月" is the last such month.
static bool read_dated(const char *text, int32_t today, struct span *span)
{
    const char *start = text;
    const int32_t year = take_year(&text);
    uint32_t number = 0;
    if (year == 0) {
        const struct date date = day_date(today);
        if (!read_last_number(start, "月", &number) || number < 1 || number > 12) {
            return false;
        }
        return months_from(date.year - (number > date.month ? 1 : 0), number, 1, span);
    }
    if (*text == '\0' || strcmp(text, "年") == 0) {
        return months_from(year, 1, 12, span);
    }
    const size_t chinese = strlen("年");
    if (strncmp(text, "年", chinese) == 0) {
        return read_last_number(text + chinese, "月", &number) && number >= 1 && number <= 12 &&
               months_from(year, number, 1, span);
    }
    if (*text != '-') {
        return false;
    }
    text++;
    if (*text != 'w') {
        return read_last_number(text, "", &number) && number >= 1 && number <= 12 &&
               months_from(year, number, 1, span);
    }
    // ISO 8601: week 1 holds the fourth of January.
    int32_t fourth = 0;
    if (!read_last_number(text + 1, "", &number) || number < 1 || number > 53 ||
        !day_of_date((struct date){year, 1, 4}, &fourth)) {
        return false;
    }
    const int32_t monday = fourth - day_weekday(fourth) + 1 + 7 * ((int32_t)number - 1);
    *span = (struct span){monday, monday + 6};
    return number < 53 || day_date(monday + 3).year == year;
}

static bool read_span(struct arena *arena, const char *text, int32_t today, struct span *span,
                      const char **hint)
{
    if (read_period(text, today, span) || read_quarter(text, today, span) ||
        read_dated(text, today, span)) {
        return true;
    }
    int32_t day = 0;
    if (day_parse(arena, text, today, DAY_PAST, &day, hint) != STATUS_OK) {
        return false;
    }
    *span = (struct span){day, day};
    return true;
}

// One end of a range; nothing is an open end.
static bool read_end(struct arena *arena, const char *text, size_t size, int32_t today,
                     struct span *span, const char **hint)
{
    char end[TEXT_MAX + 1] = {0};
    while (size > 0 && text[0] == ' ') {
        text++;
        size--;
    }
    while (size > 0 && text[size - 1] == ' ') {
        size--;
    }
    *span = (struct span){0, 0};
    memcpy(end, text, size);
    return size == 0 || read_span(arena, end, today, span, hint);
}

enum status day_parse_range(struct arena *arena, const char *text, int32_t today, int32_t *from,
                            int32_t *to, const char **hint)
{
    assert(arena != NULL && text != NULL && from != NULL && to != NULL);
    const char *unused = NULL;
    const char **found_hint = hint != NULL ? hint : &unused;
    *found_hint = NULL;
    const char *folded = strlen(text) <= TEXT_MAX ? text_fold(arena, text) : NULL;
    if (folded == NULL || strlen(folded) > TEXT_MAX) {
        return STATUS_FIELD_NOT_DAY;
    }
    const char *middle = strstr(folded, "..");
    const size_t size = middle != NULL ? (size_t)(middle - folded) : strlen(folded);
    const char *behind = middle != NULL ? middle + 2 : folded;
    struct span first;
    struct span last;
    if (!read_end(arena, folded, size, today, &first, found_hint) ||
        !read_end(arena, behind, strlen(behind), today, &last, found_hint)) {
        return STATUS_FIELD_NOT_DAY;
    }
    const bool is_open = first.from == 0 || last.to == 0;
    if ((first.from == 0 && last.to == 0) || (!is_open && first.from > last.to)) {
        return STATUS_FIELD_NOT_DAY;
    }
    *from = first.from;
    *to = last.to;
    return STATUS_OK;
}
