// SPDX-License-Identifier: Apache-2.0
#pragma once

// The credit score (domain.md d.8, version 1): six parts, each an exact fraction, added up and
// rounded once. Pure: it knows what was counted, and no row.

#include "server/store/store.h"

#define SCORE_VERSION      1
#define SCORE_SETTLED_MIN  3 // documents; fewer are not rated
#define SCORE_OUTSIDE_HALF 50

// Amounts times days, and products of two amounts.
__extension__ typedef unsigned __int128 uint128;

struct score_input {
    uint128 late;           // sum of amount times days late, of what was settled
    uint64_t settled_minor; // in the last twelve months
    uint64_t overdue_minor; // today
    uint64_t open_minor;    // today
    bool is_limited;        // otherwise utilisation is full marks
    int64_t exposure_minor;
    uint64_t limit_minor;
    uint32_t months;  // since the first sale
    uint32_t broken;  // promises and bounced payments in the last twelve months
    uint32_t outside; // judgement, 0 to 100
    uint32_t settled; // documents in the last twelve months
};

enum score_part {
    SCORE_PUNCTUALITY,
    SCORE_OVERDUE,
    SCORE_UTILISATION,
    SCORE_TENURE,
    SCORE_BROKEN,
    SCORE_OUTSIDE,
    SCORE_PARTS
};

const char *score_part_word(enum score_part part);
uint32_t score_weight(enum score_part part);
// What the part makes of 100 %, in basis points, for showing; the score is not made of these.
uint32_t score_points_bp(const struct score_input *input, enum score_part part);

// 0 to 1000.
uint32_t score_of(const struct score_input *input);
CreditGrade score_grade(const struct score_input *input, uint32_t score);
