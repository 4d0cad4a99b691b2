// SPDX-License-Identifier: Apache-2.0
#pragma once

// Payment terms: when a document falls due, in one part or several, and what early payment earns
// (domain.md d.4). One line of text, read the same everywhere:
//
//   terms    = schedule { ";" clause }
//   schedule = when | share "@" when { "," share "@" when }
//   share    = "30%" | "25% of rest" | "396.84" | "rest"     the last part takes what remains
//   when     = "receipt" | step { [ "+" ] step }
//   step     = "30" (days) | "2m" (months) | "eom" (to the last of the month) | "first" (of the
//   next
//              month) | "day 15" (to the next 15th, today included)
//   clause   = "discount 2%@10" | "grace 3" | "shift next" | "shift previous" | "shift off"
//
// So "eom+45", "31 day 15" (at least 31 days, then the 15th), "30%@15,70%@45". "2/10 net 30" is
// read too. Percentages of the total make 100 where no "rest" takes what they leave.

#include "shared/limits.h"
#include "shared/status.h"

#define TERMS_STEPS_MAX 4

enum terms_move { TERMS_DAYS, TERMS_MONTHS, TERMS_MONTH_END, TERMS_DAY_OF_MONTH };

struct terms_step {
    enum terms_move move;
    int32_t count; // days, months or the day of the month
};

enum terms_share { TERMS_OF_TOTAL, TERMS_OF_REST, TERMS_AMOUNT, TERMS_REST };

struct terms_part {
    enum terms_share share;
    uint32_t share_bp;
    int64_t amount_micro; // of TERMS_AMOUNT
    uint32_t step_count;
    struct terms_step step[TERMS_STEPS_MAX];
};

// What becomes of a due day that is no business day; the book's calendar knows which are.
enum terms_shift { TERMS_SHIFT_OFF, TERMS_SHIFT_NEXT, TERMS_SHIFT_PREVIOUS };

struct terms {
    uint32_t part_count;
    struct terms_part part[INVOICE_PARTS_MAX];
    enum terms_shift shift;
    uint32_t discount_bp; // 0: none
    int32_t discount_days;
    int32_t grace_days; // an instalment is overdue after due day and these
};

struct terms_due {
    int32_t due_day;
    int64_t amount_minor;
};

MUST_CHECK enum status terms_parse(const char *text, struct terms *out);

// Splits `total_minor`, dated `date_day`; `due` has room for part_count and is in order of days.
// Parts sum exactly; with fixed amounts what remains may be negative. FIELD_NOT_TERMS when an
// amount has more decimals than the currency.
MUST_CHECK enum status terms_apply(const struct terms *terms, int64_t total_minor,
                                   uint32_t decimals, int32_t date_day, struct terms_due *due);
