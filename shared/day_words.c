// SPDX-License-Identifier: Apache-2.0
#include "shared/day.h"
#include "shared/text.h"

// Days as people type them, English and Chinese. The text is folded first, so width and case do not
// matter. Each reader below takes the whole text or leaves it; the first that takes it wins.

#define COUNT_MAX 4000 // days, weeks, months or years that are counted from today

struct reading {
    struct arena *arena;
    int32_t today;
    enum day_sense sense;
    const char *hint;
};

struct word_row {
    const char *word;
    int32_t value;
};

static const struct word_row DAYS[] = {
    {"today", 0},      {"t", 0},     {"今天", 0},  {"今日", 0},  {"今", 0},
    {"yesterday", -1}, {"昨天", -1}, {"昨日", -1}, {"前天", -2}, {"大前天", -3},
    {"tomorrow", 1},   {"明天", 1},  {"明日", 1},  {"后天", 2},  {"大后天", 3},
};

static const struct word_row WEEKDAYS[] = {
    {"mon", 1}, {"monday", 1},    {"一", 1}, {"tue", 2}, {"tuesday", 2},  {"二", 2},
    {"wed", 3}, {"wednesday", 3}, {"三", 3}, {"thu", 4}, {"thursday", 4}, {"四", 4},
    {"fri", 5}, {"friday", 5},    {"五", 5}, {"sat", 6}, {"saturday", 6}, {"六", 6},
    {"sun", 7}, {"sunday", 7},    {"日", 7}, {"天", 7},
};

// Which one: the last, this, the next.
static const struct word_row WHICH[] = {{"上个", -1}, {"上", -1},  {"本", 0}, {"这个", 0},
                                        {"这", 0},    {"下个", 1}, {"下", 1}};

static const struct word_row WEEKS[] = {{"周", 0}, {"星期", 0}, {"礼拜", 0}};

// Takes the longest word of the table that the text begins with.
static bool take(const char **text, const struct word_row *rows, size_t count, int32_t *value)
{
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t size = strlen(rows[i].word);
        if (size > longest && strncmp(*text, rows[i].word, size) == 0) {
            longest = size;
            *value = rows[i].value;
        }
    }
    *text += longest;
    return longest > 0;
}

static bool is_word(const char *text, const struct word_row *rows, size_t count, int32_t *value)
{
    int32_t found = 0;
    if (!take(&text, rows, count, &found) || *text != '\0') {
        return false;
    }
    *value = found;
    return true;
}

static bool take_text(const char **text, const char *word)
{
    const size_t size = strlen(word);
    if (strncmp(*text, word, size) != 0) {
        return false;
    }
    *text += size;
    return true;
}

// Up to four digits, or a Chinese number under a hundred.
static bool take_number(const char **text, int32_t *number)
{
    static const struct word_row NUMERALS[] = {{"零", 0}, {"一", 1}, {"二", 2}, {"两", 2},
                                               {"三", 3}, {"四", 4}, {"五", 5}, {"六", 6},
                                               {"七", 7}, {"八", 8}, {"九", 9}};
    const size_t size = strspn(*text, "0123456789");
    int32_t value = 0;
    if (size > 0) {
        for (size_t i = 0; i < size && i < 8; i++) {
            value = value * 10 + ((*text)[i] - '0');
        }
        *text += size;
        *number = value;
        return size <= 8;
    }
    int32_t tens = 0;
    int32_t ones = 0;
    const bool has_first = take(text, NUMERALS, COUNT_OF(NUMERALS), &tens);
    if (!take_text(text, "十")) {
        *number = tens;
        return has_first;
    }
    (void)take(text, NUMERALS, COUNT_OF(NUMERALS), &ones);
    *number = (has_first ? tens : 1) * 10 + ones;
    return true;
}

static int32_t first_of_month(int32_t day)
{
    return day - (int32_t)day_date(day).day + 1;
}

static int32_t first_of_week(int32_t day)
{
    return day - day_weekday(day) + 1;
}

static bool in_range(int64_t value, int32_t *day)
{
    if (value < DAY_MIN || value > DAY_MAX || value == 0) {
        return false;
    }
    *day = (int32_t)value;
    return true;
}

// "w" to "r": the first or last day of this week, month, year.
static bool read_edge(const struct reading *reading, const char *text, int32_t *day)
{
    if (text[0] == '\0' || text[1] != '\0') {
        return false;
    }
    const int32_t year_start =
        day_add_months(first_of_month(reading->today), 1 - (int32_t)day_date(reading->today).month);
    switch (text[0]) {
    case 'w':
        return in_range(first_of_week(reading->today), day);
    case 'k':
        return in_range(first_of_week(reading->today) + 6, day);
    case 'm':
        return in_range(first_of_month(reading->today), day);
    case 'h':
        return in_range(day_month_end(reading->today), day);
    case 'y':
        return in_range(year_start, day);
    case 'r':
        return in_range(day_add_months(year_start, 12) - 1, day);
    default:
        return false;
    }
}

static bool shift(const struct reading *reading, int32_t count, char unit, int32_t *day)
{
    if (count > COUNT_MAX || count < -COUNT_MAX) {
        return false;
    }
    switch (unit) {
    case 'd':
        return in_range((int64_t)reading->today + count, day);
    case 'w':
        return in_range((int64_t)reading->today + 7 * (int64_t)count, day);
    case 'm':
        return in_range(day_add_months(reading->today, count), day);
    case 'y':
        return count < 300 && count > -300 &&
               in_range(day_add_months(reading->today, count * 12), day);
    default:
        return false;
    }
}

// "-3d", "+2w"
static bool read_offset(const struct reading *reading, const char *text, int32_t *day)
{
    const bool is_negative = text[0] == '-';
    int32_t count = 0;
    if (!is_negative && text[0] != '+') {
        return false;
    }
    text++;
    if (strspn(text, "0123456789") == 0 || !take_number(&text, &count) || text[0] == '\0' ||
        text[1] != '\0') {
        return false;
    }
    return shift(reading, is_negative ? -count : count, text[0], day);
}

// "3天前", "两周后", "一个月以前"
static bool read_chinese_offset(const struct reading *reading, const char *text, int32_t *day)
{
    static const struct word_row UNITS[] = {{"天", 'd'},     {"日", 'd'},   {"周", 'w'},
                                            {"个星期", 'w'}, {"星期", 'w'}, {"个月", 'm'},
                                            {"年", 'y'}};
    static const struct word_row SIDES[] = {{"前", -1}, {"以前", -1}, {"之前", -1},
                                            {"后", 1},  {"以后", 1},  {"之后", 1}};
    int32_t count = 0;
    int32_t unit = 0;
    int32_t side = 0;
    if (!take_number(&text, &count) || !take(&text, UNITS, COUNT_OF(UNITS), &unit) ||
        !is_word(text, SIDES, COUNT_OF(SIDES), &side)) {
        return false;
    }
    return shift(reading, side * count, (char)unit, day);
}

// "fri", "周五": the nearest in the sense of the field. "上周五": of that week.
static bool read_weekday(const struct reading *reading, const char *text, int32_t *day)
{
    int32_t which = 0;
    int32_t week = 0;
    int32_t weekday = 0;
    const bool has_which = take(&text, WHICH, COUNT_OF(WHICH), &which);
    const bool is_chinese = take(&text, WEEKS, COUNT_OF(WEEKS), &week);
    const bool is_letters = text[0] >= 'a' && text[0] <= 'z';
    if (is_chinese == is_letters || (has_which && !is_chinese) ||
        !is_word(text, WEEKDAYS, COUNT_OF(WEEKDAYS), &weekday)) {
        return false;
    }
    const int32_t of_this_week = first_of_week(reading->today) + weekday - 1;
    if (has_which) {
        return in_range(of_this_week + 7 * which, day);
    }
    const bool is_too_late = reading->sense == DAY_PAST && of_this_week > reading->today;
    const bool is_too_early = reading->sense == DAY_DUE && of_this_week < reading->today;
    return in_range(of_this_week + (is_too_late ? -7 : is_too_early ? 7 : 0), day);
}

// "eom", "eom-1", "月底", "上月底", "下个月初", "年底"
static bool read_month_edge(const struct reading *reading, const char *text, int32_t *day)
{
    int32_t months = 0;
    if (take_text(&text, "eom")) {
        const bool is_negative = text[0] == '-';
        if (text[0] != '\0') {
            const bool has_sign = is_negative || text[0] == '+';
            text += has_sign ? 1 : 0;
            if (!has_sign || !take_number(&text, &months) || *text != '\0' || months > COUNT_MAX) {
                return false;
            }
        }
        months = is_negative ? -months : months;
        return in_range(day_month_end(day_add_months(first_of_month(reading->today), months)), day);
    }
    int32_t edge = 0;
    static const struct word_row YEAR_EDGES[] = {{"年初", 'y'}, {"年底", 'r'}};
    if (is_word(text, YEAR_EDGES, COUNT_OF(YEAR_EDGES), &edge)) {
        return read_edge(reading, edge == 'y' ? "y" : "r", day);
    }
    static const struct word_row EDGES[] = {{"月初", 0}, {"月底", 1}, {"月末", 1}};
    (void)take(&text, WHICH, COUNT_OF(WHICH), &months);
    if (!is_word(text, EDGES, COUNT_OF(EDGES), &edge)) {
        return false;
    }
    const int32_t first = day_add_months(first_of_month(reading->today), months);
    return in_range(edge == 1 ? day_month_end(first) : first, day);
}

// "2026-11-21" and the same with / or . or 年月日; "20261121".
static bool read_full(const char *text, int32_t *day)
{
    const size_t digits = strspn(text, "0123456789");
    int32_t number[3] = {0};
    if (digits == 8 && text[8] == '\0') {
        int32_t all = 0;
        (void)take_number(&text, &all);
        return day_of_date(
            (struct date){all / 10000, (uint32_t)(all / 100 % 100), (uint32_t)(all % 100)}, day);
    }
    if (digits != 4) {
        return false;
    }
    (void)take_number(&text, &number[0]);
    const bool is_chinese = take_text(&text, "年");
    const char separator = *text;
    if (!is_chinese && (separator == '\0' || strchr("-/.", separator) == NULL)) {
        return false;
    }
    text += is_chinese ? 0 : 1;
    if (!take_number(&text, &number[1])) {
        return false;
    }
    if (is_chinese ? !take_text(&text, "月") : *text++ != separator) {
        return false;
    }
    if (!take_number(&text, &number[2]) || number[1] > 12 || number[2] > 31) {
        return false;
    }
    if (is_chinese) {
        (void)(take_text(&text, "日") || take_text(&text, "号"));
    }
    return *text == '\0' &&
           day_of_date((struct date){number[0], (uint32_t)number[1], (uint32_t)number[2]}, day);
}

// The nearest such day that is not after today, or not before it. 29 February goes up to eight
// years away.
static bool nearest(const struct reading *reading, int32_t month, int32_t day_of_month,
                    int32_t *day)
{
    const int32_t year = day_date(reading->today).year;
    const int32_t step = reading->sense == DAY_PAST ? -1 : 1;
    for (int32_t i = 0; i <= 8; i++) {
        int32_t found = 0;
        const struct date date = {year + i * step, (uint32_t)month, (uint32_t)day_of_month};
        const bool is_day = day_of_date(date, &found);
        if (is_day && (step < 0 ? found <= reading->today : found >= reading->today)) {
            *day = found;
            return true;
        }
    }
    return false;
}

// "11-21", "11月21日"; "03/04" only when it can be read in one way.
static bool read_month_day(struct reading *reading, const char *text, int32_t *day)
{
    int32_t first = 0;
    int32_t second = 0;
    if (!take_number(&text, &first)) {
        return false;
    }
    const bool is_chinese = take_text(&text, "月");
    const bool is_slash = !is_chinese && *text == '/';
    if (!is_chinese && !is_slash && *text != '-') {
        return false;
    }
    text += is_chinese ? 0 : 1;
    if (!take_number(&text, &second)) {
        return false;
    }
    if (is_chinese) {
        (void)(take_text(&text, "日") || take_text(&text, "号"));
    }
    if (*text != '\0' || first < 1 || first > 31 || second < 1 || second > 31) {
        return false;
    }
    int32_t month_first = 0;
    int32_t day_first = 0;
    const bool is_month_first = nearest(reading, first, second, &month_first);
    const bool is_day_first = is_slash && nearest(reading, second, first, &day_first);
    if (is_month_first && is_day_first && month_first != day_first) {
        const char *one = day_print(reading->arena, month_first);
        const char *other = day_print(reading->arena, day_first);
        reading->hint = one != NULL && other != NULL
                            ? arena_print(reading->arena, "%s | %s", one, other)
                            : NULL;
        return false;
    }
    *day = is_month_first ? month_first : day_first;
    return is_month_first || is_day_first;
}

// "21", "21日", "二十一日": of this month.
static bool read_day_of_month(const struct reading *reading, const char *text, int32_t *day)
{
    int32_t number = 0;
    const size_t digits = strspn(text, "0123456789");
    if (digits > 2 || !take_number(&text, &number) || number < 1 || number > 31) {
        return false;
    }
    const bool has_word = take_text(&text, "日") || take_text(&text, "号");
    struct date date = day_date(reading->today);
    date.day = (uint32_t)number;
    return *text == '\0' && (has_word || digits > 0) && day_of_date(date, day);
}

static bool read_day(struct reading *reading, const char *text, int32_t *day)
{
    int32_t offset = 0;
    if (is_word(text, DAYS, COUNT_OF(DAYS), &offset)) {
        return in_range(reading->today + offset, day);
    }
    return read_edge(reading, text, day) || read_offset(reading, text, day) ||
           read_full(text, day) || read_weekday(reading, text, day) ||
           read_month_edge(reading, text, day) || read_chinese_offset(reading, text, day) ||
           read_month_day(reading, text, day) || read_day_of_month(reading, text, day);
}

// Folded and without spaces at either end; NULL when it is too long for a day.
static const char *fold(struct arena *arena, const char *text)
{
    if (strlen(text) > 64) {
        return NULL;
    }
    char *folded = text_fold(arena, text);
    if (folded == NULL) {
        return NULL;
    }
    folded += strspn(folded, " ");
    size_t size = strlen(folded);
    while (size > 0 && folded[size - 1] == ' ') {
        size--;
    }
    folded[size] = '\0';
    return folded;
}

enum status day_parse(struct arena *arena, const char *text, int32_t today, enum day_sense sense,
                      int32_t *day, const char **hint)
{
    assert(arena != NULL && text != NULL && day != NULL);
    assert(today >= DAY_MIN && today <= DAY_MAX);
    struct reading reading = {.arena = arena, .today = today, .sense = sense};
    const char *folded = fold(arena, text);
    const bool is_read = folded != NULL && read_day(&reading, folded, day);
    if (hint != NULL) {
        *hint = reading.hint;
    }
    return is_read ? STATUS_OK : STATUS_FIELD_NOT_DAY;
}
