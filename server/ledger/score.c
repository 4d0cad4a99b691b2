// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/score.h"

// A part is a fraction between 0 and 100. The six have denominators of up to 64 bits, so that their
// sum is computed over the product of all, in as many bits as that takes: no rounding before the
// last.

#define LIMBS  6
#define POINTS 100

struct fraction {
    uint128 numerator;
    uint64_t denominator; // greater than zero
};

struct wide {
    uint64_t limb[LIMBS]; // the lowest first
};

static const struct {
    const char *word;
    uint32_t weight;
} PARTS[SCORE_PARTS] = {
    [SCORE_PUNCTUALITY] = {"punctuality", 35}, [SCORE_OVERDUE] = {"overdue", 20},
    [SCORE_UTILISATION] = {"utilisation", 15}, [SCORE_TENURE] = {"tenure", 10},
    [SCORE_BROKEN] = {"broken", 10},           [SCORE_OUTSIDE] = {"outside", 10},
};

static const struct fraction FULL = {.numerator = POINTS, .denominator = 1};
static const struct fraction NONE_OF_IT = {.numerator = 0, .denominator = 1};

const char *score_part_word(enum score_part part)
{
    assert(part < SCORE_PARTS);
    return PARTS[part].word;
}

uint32_t score_weight(enum score_part part)
{
    assert(part < SCORE_PARTS);
    return PARTS[part].weight;
}

// ---- the parts ----

// max(0, 100 - factor * numerator / denominator)
static struct fraction less(uint128 numerator, uint64_t denominator, uint32_t factor)
{
    if (denominator == 0) {
        return FULL;
    }
    const uint128 whole = (uint128)denominator * POINTS;
    const bool is_nothing = numerator > whole / factor;
    return is_nothing ? NONE_OF_IT : (struct fraction){whole - numerator * factor, denominator};
}

// 100 up to half of the limit, then two points less for each percentage point.
static struct fraction utilisation(const struct score_input *input)
{
    if (!input->is_limited || input->exposure_minor <= 0) {
        return FULL;
    }
    const uint64_t used = (uint64_t)input->exposure_minor;
    if (used <= input->limit_minor / 2) {
        return FULL;
    }
    if (used >= input->limit_minor) {
        return NONE_OF_IT;
    }
    // 100 - 2 * (100 * used / limit - 50)
    const uint128 left = (uint128)(input->limit_minor - used) * 2 * POINTS;
    return (struct fraction){left, input->limit_minor};
}

static struct fraction part_of(const struct score_input *input, enum score_part part)
{
    const uint32_t months = input->months < 36 ? input->months : 36;
    const uint32_t broken = input->broken < 4 ? input->broken : 4;
    const uint32_t outside = input->outside < POINTS ? input->outside : POINTS;
    switch (part) {
    case SCORE_PUNCTUALITY:
        return less(input->late, input->settled_minor, 2);
    case SCORE_OVERDUE:
        return less(input->overdue_minor, input->open_minor, 200);
    case SCORE_UTILISATION:
        return utilisation(input);
    case SCORE_TENURE:
        return (struct fraction){(uint128)months * POINTS, 36};
    case SCORE_BROKEN:
        return (struct fraction){POINTS - 25 * broken, 1};
    case SCORE_OUTSIDE:
        return (struct fraction){outside, 1};
    case SCORE_PARTS:
        break;
    }
    assert(false);
    return NONE_OF_IT;
}

uint32_t score_points_bp(const struct score_input *input, enum score_part part)
{
    const struct fraction fraction = part_of(input, part);
    const uint128 doubled = fraction.numerator * 200 + fraction.denominator;
    return (uint32_t)(doubled / ((uint128)fraction.denominator * 2));
}

// ---- adding them up ----

static void times(struct wide *wide, uint64_t factor)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        const uint128 product = (uint128)wide->limb[i] * factor + carry;
        wide->limb[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    assert(carry == 0);
}

static void plus(struct wide *wide, const struct wide *other)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        const uint128 sum = (uint128)wide->limb[i] + other->limb[i] + carry;
        wide->limb[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    assert(carry == 0);
}

static bool at_least(const struct wide *a, const struct wide *b)
{
    for (size_t i = LIMBS; i > 0; i--) {
        if (a->limb[i - 1] != b->limb[i - 1]) {
            return a->limb[i - 1] > b->limb[i - 1];
        }
    }
    return true;
}

static struct wide wide_of(uint128 value)
{
    return (struct wide){{(uint64_t)value, (uint64_t)(value >> 64)}};
}

uint32_t score_of(const struct score_input *input)
{
    // sum of weight * part / 10 = sum / base
    struct fraction part[SCORE_PARTS];
    struct wide base = wide_of(10);
    struct wide sum = wide_of(0);
    for (size_t i = 0; i < SCORE_PARTS; i++) {
        part[i] = part_of(input, (enum score_part)i);
        times(&base, part[i].denominator);
    }
    for (size_t i = 0; i < SCORE_PARTS; i++) {
        struct wide summand = wide_of(part[i].numerator);
        times(&summand, PARTS[i].weight);
        for (size_t k = 0; k < SCORE_PARTS; k++) {
            times(&summand, k != i ? part[k].denominator : 1);
        }
        plus(&sum, &summand);
    }

    // Half away from zero: the largest score with score - 1/2 <= sum / base.
    uint32_t score = 0;
    times(&sum, 2);
    for (uint32_t step = 512; step > 0; step /= 2) {
        struct wide bound = base;
        times(&bound, 2 * (score + step) - 1);
        score += at_least(&sum, &bound) ? step : 0;
    }
    assert(score <= 1000);
    return score;
}

CreditGrade score_grade(const struct score_input *input, uint32_t score)
{
    static const struct {
        uint32_t from;
        CreditGrade grade;
    } GRADES[] = {
        {850, CREDIT_GRADE__CREDIT_GRADE_A},
        {700, CREDIT_GRADE__CREDIT_GRADE_B},
        {550, CREDIT_GRADE__CREDIT_GRADE_C},
        {400, CREDIT_GRADE__CREDIT_GRADE_D},
    };

    if (input->settled < SCORE_SETTLED_MIN) {
        return CREDIT_GRADE__CREDIT_GRADE_N;
    }
    for (size_t i = 0; i < COUNT_OF(GRADES); i++) {
        if (score >= GRADES[i].from) {
            return GRADES[i].grade;
        }
    }
    return CREDIT_GRADE__CREDIT_GRADE_E;
}
