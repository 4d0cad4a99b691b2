// SPDX-License-Identifier: Apache-2.0
#include "shared/money.h"
#include "shared/terms.h"

#include <strings.h>

#define WHOLE_BP   10000
#define DAYS_MAX   3650
#define MONTHS_MAX 120
#define GRACE_MAX  365

static const char *skip_spaces(const char *text)
{
    return text + strspn(text, " ");
}

static bool is_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

// Takes the word from the front of the text, if it stands there as a whole.
static bool take(const char **text, const char *word)
{
    const size_t size = strlen(word);
    if (strncasecmp(*text, word, size) != 0 ||
        (is_letter(word[size - 1]) && is_letter((*text)[size]))) {
        return false;
    }
    *text = skip_spaces(*text + size);
    return true;
}

static bool take_any(const char **text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (take(text, words[i])) {
            return true;
        }
    }
    return false;
}

// 1 to 4 digits.
static bool take_number(const char **text, int32_t least, int32_t most, int32_t *out)
{
    const size_t size = strspn(*text, "0123456789");
    if (size == 0 || size > 4) {
        return false;
    }
    int32_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value * 10 + ((*text)[i] - '0');
    }
    *text = skip_spaces(*text + size);
    *out = value;
    return value >= least && value <= most;
}

// ---- when ----

static bool take_count(const char **text, struct terms_step *step)
{
    static const char *const MONTHS[] = {"m", "months", "month", "个月"};
    static const char *const DAYS[] = {"d", "days", "天"};
    if (!take_number(text, 0, DAYS_MAX, &step->count)) {
        return false;
    }
    if (take_any(text, MONTHS, COUNT_OF(MONTHS))) {
        step->move = TERMS_MONTHS;
        return step->count <= MONTHS_MAX;
    }
    step->move = TERMS_DAYS;
    (void)take_any(text, DAYS, COUNT_OF(DAYS));
    return true;
}

static bool take_step(const char **text, struct terms_part *part)
{
    static const char *const MONTH_END[] = {"eom", "月末", "月结"};
    static const char *const FIRST[] = {"first", "次月一日"};
    if (part->step_count == TERMS_STEPS_MAX) {
        return false;
    }
    struct terms_step *step = &part->step[part->step_count++];
    if (take_any(text, MONTH_END, COUNT_OF(MONTH_END))) {
        step->move = TERMS_MONTH_END;
        return true;
    }
    if (take_any(text, FIRST, COUNT_OF(FIRST)) && part->step_count < TERMS_STEPS_MAX) {
        step[0] = (struct terms_step){.move = TERMS_MONTH_END};
        step[1] = (struct terms_step){.move = TERMS_DAYS, .count = 1};
        part->step_count++;
        return true;
    }
    if (take(text, "day")) {
        step->move = TERMS_DAY_OF_MONTH;
        return take_number(text, 1, 31, &step->count);
    }
    return take_count(text, step);
}

// Up to the end of the part. Two numbers need a plus between them, or nobody knows what they are.
static bool take_when(const char **text, struct terms_part *part)
{
    static const char *const RECEIPT[] = {"receipt", "见票", "货到"};
    if (take_any(text, RECEIPT, COUNT_OF(RECEIPT))) {
        return true;
    }
    (void)take(text, "net");
    do {
        const bool is_joined = part->step_count == 0 || **text < '0' || **text > '9';
        if (**text == '+' && part->step_count > 0) {
            *text = skip_spaces(*text + 1);
        } else if (!is_joined) {
            return false;
        }
        if (!take_step(text, part)) {
            return false;
        }
    } while (**text != '\0' && **text != ',');
    return true;
}

// ---- how much ----

static bool read_share(const char *text, struct terms_part *part)
{
    static const char *const REST[] = {"rest", "余款", "其余"};
    const char *at = text;
    if (take_any(&at, REST, COUNT_OF(REST))) {
        part->share = TERMS_REST;
        return at[0] == '\0';
    }
    const char *percent = strchr(text, '%');
    if (percent == NULL) {
        part->share = TERMS_AMOUNT;
        return money_parse_micro(text, &part->amount_micro) == STATUS_OK && part->amount_micro > 0;
    }
    char rate[16];
    const size_t size = (size_t)(percent - text) + 1;
    if (size >= sizeof rate) {
        return false;
    }
    memcpy(rate, text, size);
    rate[size] = '\0';
    at = skip_spaces(percent + 1);
    (void)take(&at, "of");
    part->share = take_any(&at, REST, COUNT_OF(REST)) ? TERMS_OF_REST : TERMS_OF_TOTAL;
    return at[0] == '\0' && money_parse_bp(rate, &part->share_bp) == STATUS_OK &&
           part->share_bp > 0 && part->share_bp <= WHOLE_BP;
}

// "30%@15"
static bool take_part(const char **text, struct terms_part *part)
{
    char share[48];
    const char *at = skip_spaces(*text);
    size_t size = strcspn(at, "@,");
    if (at[size] != '@' || size >= sizeof share) {
        return false;
    }
    *text = skip_spaces(at + size + 1);
    while (size > 0 && at[size - 1] == ' ') {
        size--;
    }
    memcpy(share, at, size);
    share[size] = '\0';
    return read_share(share, part) && take_when(text, part) && (**text == '\0' || **text == ',');
}

// Parts that only count days are written in their order.
static bool is_ordered(const struct terms_part *before, const struct terms_part *part)
{
    const struct terms_part *both[] = {before, part};
    int32_t days[] = {0, 0};
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        if (both[i]->step_count > 1 ||
            (both[i]->step_count == 1 && both[i]->step[0].move != TERMS_DAYS)) {
            return true;
        }
        days[i] = both[i]->step_count == 1 ? both[i]->step[0].count : 0;
    }
    return days[0] <= days[1];
}

// The last part takes what remains: it says so, or the percentages make the whole.
static bool is_whole(const struct terms *terms)
{
    uint32_t share_sum = 0;
    bool has_rest_share = false;
    for (uint32_t i = 0; i < terms->part_count; i++) {
        const struct terms_part *part = &terms->part[i];
        const bool is_last = i + 1 == terms->part_count;
        share_sum += part->share == TERMS_OF_TOTAL ? part->share_bp : 0;
        has_rest_share = has_rest_share || part->share == TERMS_OF_REST;
        if ((part->share == TERMS_REST && !is_last) || share_sum > WHOLE_BP ||
            (i > 0 && !is_ordered(part - 1, part))) {
            return false;
        }
    }
    const enum terms_share last = terms->part[terms->part_count - 1].share;
    return last == TERMS_REST ||
           (last == TERMS_OF_TOTAL && share_sum == WHOLE_BP && !has_rest_share);
}

static bool parse_parts(const char *text, struct terms *terms)
{
    while (terms->part_count < INVOICE_PARTS_MAX) {
        if (!take_part(&text, &terms->part[terms->part_count])) {
            return false;
        }
        terms->part_count++;
        if (text[0] == '\0') {
            return is_whole(terms);
        }
        text++; // the comma
    }
    return false;
}

// ---- clauses ----

// "2%@10", and "2/10" in front of the schedule
static bool take_discount(const char **text, char between, struct terms *terms)
{
    char rate[16];
    const size_t size = strspn(*text, "0123456789.%");
    if (size == 0 || size >= sizeof rate || (*text)[size] != between || terms->discount_bp != 0) {
        return false;
    }
    memcpy(rate, *text, size);
    rate[size] = '\0';
    *text = skip_spaces(*text + size + 1);
    return money_parse_bp(rate, &terms->discount_bp) == STATUS_OK && terms->discount_bp > 0 &&
           take_number(text, 0, DAYS_MAX, &terms->discount_days);
}

static bool parse_clause(const char *text, struct terms *terms)
{
    static const char *const DISCOUNT[] = {"discount", "折扣"};
    static const char *const GRACE[] = {"grace", "宽限"};
    static const char *const NEXT[] = {"shift next", "顺延"};
    static const char *const PREVIOUS[] = {"shift previous", "提前"};
    static const char *const DAYS[] = {"d", "days", "天"};
    bool is_read = true;
    if (take_any(&text, DISCOUNT, COUNT_OF(DISCOUNT))) {
        is_read = take_discount(&text, '@', terms);
        (void)take_any(&text, DAYS, COUNT_OF(DAYS));
    } else if (take_any(&text, GRACE, COUNT_OF(GRACE))) {
        is_read = take_number(&text, 0, GRACE_MAX, &terms->grace_days);
        (void)take_any(&text, DAYS, COUNT_OF(DAYS));
    } else if (take_any(&text, NEXT, COUNT_OF(NEXT))) {
        terms->shift = TERMS_SHIFT_NEXT;
    } else if (take_any(&text, PREVIOUS, COUNT_OF(PREVIOUS))) {
        terms->shift = TERMS_SHIFT_PREVIOUS;
    } else {
        is_read = take(&text, "shift off");
        terms->shift = TERMS_SHIFT_OFF;
    }
    return is_read && text[0] == '\0';
}

// The text up to the next semicolon, half or full width, without the blanks around it; `*text` goes
// behind it, NULL at the end.
static bool cut_clause(const char **text, char *out, size_t room)
{
    const char *full = strstr(*text, "；");
    const char *half = strchr(*text, ';');
    const char *end = full != NULL && (half == NULL || full < half) ? full : half;
    const char *start = skip_spaces(*text);
    size_t size = end != NULL ? (size_t)(end - start) : strlen(start);
    *text = end == NULL ? NULL : end + (end == full ? strlen("；") : 1);
    while (size > 0 && start[size - 1] == ' ') {
        size--;
    }
    if (size >= room) {
        return false;
    }
    memcpy(out, start, size);
    out[size] = '\0';
    return true;
}

static bool parse_schedule(const char *text, struct terms *terms)
{
    if (strchr(text, '@') != NULL) {
        return parse_parts(text, terms);
    }
    const bool has_discount = text[strspn(text, "0123456789.%")] == '/';
    if (has_discount && !take_discount(&text, '/', terms)) {
        return false;
    }
    terms->part_count = 1;
    terms->part[0].share = TERMS_REST;
    return take_when(&text, &terms->part[0]) && text[0] == '\0';
}

enum status terms_parse(const char *text, struct terms *out)
{
    assert(text != NULL && out != NULL);
    struct terms terms = {0};
    char clause[TEXT_BYTES_MAX] = "";
    bool is_read = cut_clause(&text, clause, sizeof clause) && parse_schedule(clause, &terms);
    while (is_read && text != NULL) {
        is_read = cut_clause(&text, clause, sizeof clause) && parse_clause(clause, &terms);
    }
    if (!is_read || terms.discount_bp > DISCOUNT_BP_MAX) {
        return is_read ? STATUS_DISCOUNT_OVER : STATUS_FIELD_NOT_TERMS;
    }
    *out = terms;
    return STATUS_OK;
}
