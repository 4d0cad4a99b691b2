// SPDX-License-Identifier: Apache-2.0
#include "shared/terms.h"

#include "shared/day.h"
#include "shared/money.h"

#define WHOLE_BP 10000
#define DAYS_MAX 3650

static const char *skip_spaces(const char *text)
{
    return text + strspn(text, " ");
}

// 1 to 4 digits.
static bool parse_days(const char **text, int32_t *days)
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
    *days = value;
    return value <= DAYS_MAX;
}

// "net 30", "30 days", "receipt"
static bool parse_net(const char *text, struct terms *terms)
{
    *terms = (struct terms){.part_count = 1, .part = {{.share_bp = WHOLE_BP}}};
    if (strcmp(text, "receipt") == 0) {
        return true;
    }
    if (strncmp(text, "net", 3) == 0) {
        text = skip_spaces(text + 3);
    }
    if (!parse_days(&text, &terms->part[0].days)) {
        return false;
    }
    return text[0] == '\0' || strcmp(text, "d") == 0 || strcmp(text, "days") == 0 ||
           strcmp(text, "天") == 0;
}

// "30%@15"
static bool parse_part(const char **text, struct terms_part *part)
{
    char share[16];
    const char *at = skip_spaces(*text);
    const size_t size = strcspn(at, "@,");
    if (at[size] != '@' || size >= sizeof share) {
        return false;
    }
    memcpy(share, at, size);
    share[size] = '\0';
    if (strchr(share, '%') == NULL || money_parse_bp(share, &part->share_bp) != STATUS_OK ||
        part->share_bp == 0) {
        return false;
    }
    at = skip_spaces(at + size + 1);
    const bool is_read = parse_days(&at, &part->days);
    *text = at;
    return is_read;
}

static bool parse_parts(const char *text, struct terms *terms)
{
    *terms = (struct terms){0};
    uint32_t share_sum = 0;
    while (terms->part_count < INVOICE_PARTS_MAX) {
        struct terms_part *part = &terms->part[terms->part_count];
        if (!parse_part(&text, part)) {
            return false;
        }
        const bool is_ordered = terms->part_count == 0 || part->days >= (part - 1)->days;
        share_sum += part->share_bp;
        terms->part_count++;
        if (!is_ordered || share_sum > WHOLE_BP) {
            return false;
        }
        if (text[0] == '\0') {
            return share_sum == WHOLE_BP;
        }
        if (text[0] != ',') {
            return false;
        }
        text++;
    }
    return false;
}

enum status terms_parse(const char *text, struct terms *out)
{
    assert(text != NULL && out != NULL);
    struct terms terms;
    const char *start = skip_spaces(text);
    const bool is_read =
        strchr(start, '@') != NULL ? parse_parts(start, &terms) : parse_net(start, &terms);
    if (!is_read) {
        return STATUS_FIELD_NOT_TERMS;
    }
    *out = terms;
    return STATUS_OK;
}

enum status terms_apply(const struct terms *terms, int64_t total_minor, int32_t date_day,
                        struct terms_due *due)
{
    assert(terms->part_count >= 1 && terms->part_count <= INVOICE_PARTS_MAX);
    assert(due != NULL);
    int64_t left_minor = total_minor;
    for (uint32_t i = 0; i < terms->part_count; i++) {
        const struct terms_part *part = &terms->part[i];
        if (date_day > DAY_MAX - part->days) {
            return STATUS_FIELD_OUT_OF_RANGE;
        }
        int64_t amount_minor = left_minor;
        if (i + 1 < terms->part_count &&
            !money_scale(total_minor, part->share_bp, WHOLE_BP, &amount_minor)) {
            return STATUS_AMOUNT_OVERFLOW;
        }
        if (!money_sub(left_minor, amount_minor, &left_minor)) {
            return STATUS_AMOUNT_OVERFLOW;
        }
        due[i] = (struct terms_due){.due_day = date_day + part->days, .amount_minor = amount_minor};
    }
    assert(left_minor == 0);
    return STATUS_OK;
}
