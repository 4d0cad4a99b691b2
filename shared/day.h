// SPDX-License-Identifier: Apache-2.0
#pragma once

// Calendar days as counts since 1970-01-01 in the book's time zone, instants as microseconds since
// then in UTC. Pure: today is handed in. 0 is "absent" on the wire, so 1970-01-01 cannot be
// written; no book is that old.

#include "shared/arena.h"
#include "shared/status.h"

#define DAY_MIN (-36524) // 1870-01-01
#define DAY_MAX 84005    // 2199-12-31

struct date {
    int32_t year;
    uint32_t month; // 1 to 12
    uint32_t day;   // 1 to 31
};

struct date day_date(int32_t day);
MUST_CHECK bool day_of_date(struct date date, int32_t *day);
int32_t day_weekday(int32_t day); // 1 Monday to 7 Sunday
int32_t day_month_end(int32_t day);
int32_t day_add_months(int32_t day, int32_t months); // clipped to the month's last day

// "2026-11-21"; "2026-11-21 Saturday" / "2026-11-21 周六" are the renderer's business.
char *day_print(struct arena *arena, int32_t day);
// RFC 3339, with a fraction only where there is one. NULL beyond the calendar.
char *instant_print(struct arena *arena, int64_t instant_us, int32_t offset_minutes);

// Which of two nearest readings a short date means: the last such day, or the next one.
enum day_sense { DAY_PAST, DAY_DUE };

// What a person types (experience.md c.5). A range is refused with STATUS_FIELD_NOT_DAY here and
// read by day_parse_range. `hint` (may be NULL) gets both readings of an ambiguous date ("03/04"),
// or NULL. An open end of a range is 0.
MUST_CHECK enum status day_parse(struct arena *arena, const char *text, int32_t today,
                                 enum day_sense sense, int32_t *day, const char **hint);
MUST_CHECK enum status day_parse_range(struct arena *arena, const char *text, int32_t today,
                                       int32_t *from, int32_t *to, const char **hint);

// By a format made of YYYY, MM, DD and literal characters ("DD/MM/YYYY"); text behind the date (a
// time) is left out.
MUST_CHECK enum status day_parse_format(const char *text, const char *format, int32_t *day);
