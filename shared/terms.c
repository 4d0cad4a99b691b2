// SPDX-License-Identifier: Apache-2.0
#include "shared/terms.h"

#include "shared/day.h"
#include "shared/money.h"

#define WHOLE_BP 10000
#define MICRO    1000000

// The next day of the month `count`, this one included; the last one where the month is shorter.
static int32_t next_day_of_month(int32_t day, int32_t count)
{
    int32_t month_end = day_month_end(day);
    for (size_t months = 0; months < 2; months++) {
        const int32_t first = month_end - (int32_t)day_date(month_end).day + 1;
        const int32_t last = first + count - 1 < month_end ? first + count - 1 : month_end;
        if (last >= day) {
            return last;
        }
        month_end = day_month_end(month_end + 1);
    }
    assert(false); // the next month has one that is not before today
    return day;
}

static enum status due_day_of(const struct terms_part *part, int32_t date_day, int32_t *out)
{
    int32_t day = date_day;
    for (uint32_t i = 0; i < part->step_count; i++) {
        const struct terms_step *step = &part->step[i];
        switch (step->move) {
        case TERMS_DAYS:
            day += step->count;
            break;
        case TERMS_MONTHS:
            day = day_add_months(day, step->count);
            break;
        case TERMS_MONTH_END:
            day = day_month_end(day);
            break;
        case TERMS_DAY_OF_MONTH:
            day = next_day_of_month(day, step->count);
            break;
        }
        if (day > DAY_MAX) {
            return STATUS_FIELD_OUT_OF_RANGE;
        }
    }
    *out = day;
    return STATUS_OK;
}

// Percentages alone never take more than is left, so that rounding makes no part negative; an
// amount that was agreed stands, whatever remains.
static bool has_amounts(const struct terms *terms)
{
    for (uint32_t i = 0; i < terms->part_count; i++) {
        if (terms->part[i].share == TERMS_AMOUNT) {
            return true;
        }
    }
    return false;
}

static enum status amount_of(const struct terms_part *part, int64_t total_minor, int64_t left_minor,
                             uint32_t decimals, int64_t *out)
{
    if (part->share != TERMS_AMOUNT) {
        const int64_t of = part->share == TERMS_OF_REST ? left_minor : total_minor;
        return money_scale(of, part->share_bp, WHOLE_BP, out) ? STATUS_OK : STATUS_AMOUNT_OVERFLOW;
    }
    int64_t unit = MICRO;
    for (uint32_t i = 0; i < decimals; i++) {
        unit /= 10;
    }
    *out = part->amount_micro / unit;
    return part->amount_micro % unit == 0 ? STATUS_OK : STATUS_FIELD_NOT_TERMS;
}

// In order of days; those of one day stay as they were written.
static void sort_by_day(struct terms_due *due, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        const struct terms_due moved = due[i];
        uint32_t at = i;
        for (; at > 0 && due[at - 1].due_day > moved.due_day; at--) {
            due[at] = due[at - 1];
        }
        due[at] = moved;
    }
}

enum status terms_apply(const struct terms *terms, int64_t total_minor, uint32_t decimals,
                        int32_t date_day, struct terms_due *due)
{
    assert(terms->part_count >= 1 && terms->part_count <= INVOICE_PARTS_MAX);
    assert(due != NULL && decimals <= DECIMALS_MAX);
    const bool is_clipped = !has_amounts(terms);
    int64_t left_minor = total_minor;
    for (uint32_t i = 0; i < terms->part_count; i++) {
        int64_t amount_minor = left_minor;
        enum status status = due_day_of(&terms->part[i], date_day, &due[i].due_day);
        if (status == STATUS_OK && i + 1 < terms->part_count) {
            status = amount_of(&terms->part[i], total_minor, left_minor, decimals, &amount_minor);
        }
        if (status != STATUS_OK) {
            return status;
        }
        const bool is_over =
            total_minor < 0 ? amount_minor < left_minor : amount_minor > left_minor;
        amount_minor = is_clipped && is_over ? left_minor : amount_minor;
        if (!money_sub(left_minor, amount_minor, &left_minor)) {
            return STATUS_AMOUNT_OVERFLOW;
        }
        due[i].amount_minor = amount_minor;
    }
    assert(left_minor == 0);
    sort_by_day(due, terms->part_count);
    return STATUS_OK;
}
