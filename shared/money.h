// SPDX-License-Identifier: Apache-2.0
#pragma once

// Amounts: signed 64-bit counts of the currency's minor unit, checked. Rates are basis points,
// quantities and unit prices are scaled by 10^6. Rounding is half away from zero, once, where
// stated (domain.md, head and d.11).

#include "shared/arena.h"
#include "shared/status.h"

// false when the sum does not fit; *out is written only on success.
MUST_CHECK bool money_add(int64_t a, int64_t b, int64_t *out);
MUST_CHECK bool money_sub(int64_t a, int64_t b, int64_t *out);

// round(a * b / divisor), half away from zero, with a 128-bit product. divisor > 0.
MUST_CHECK bool money_scale(int64_t a, int64_t b, int64_t divisor, int64_t *out);

// Does the fraction a / a_per differ from b / b_per by at most that part of it, or by a unit?
bool money_is_near(int64_t a, int64_t a_per, int64_t b, int64_t b_per, uint32_t bp);
// Line amount in minor units: round(quantity * price * (1 - discount)), one rounding (d.11).
MUST_CHECK bool money_line_net(int64_t quantity_micro, int64_t price_micro, uint32_t discount_bp,
                               uint32_t decimals, int64_t *net_minor);
// round(net * rate).
MUST_CHECK bool money_tax(int64_t net_minor, uint32_t tax_bp, int64_t *tax_minor);
// Price-inclusive: net = round(gross * 10000 / (10000 + rate)).
MUST_CHECK bool money_net_of_gross(int64_t gross_minor, uint32_t tax_bp, int64_t *net_minor);

// Splits `total` in proportion to `weights` so that the parts sum exactly: largest remainder, ties
// by position.
MUST_CHECK bool money_split(int64_t total, const int64_t *weights, size_t count, int64_t *parts);

// The same where weights may be negative (lines that take something off): then the running sum is
// rounded, which keeps each part within its weight. false when the weights make nothing.
MUST_CHECK bool money_split_signed(int64_t total, const int64_t *weights, size_t count,
                                   int64_t *parts);

// `minor` to the nearest multiple of `unit`, half away from zero. unit > 0.
MUST_CHECK bool money_round_to(int64_t minor, int64_t unit, int64_t *out);

// Decimals of a currency: CNY 2, JPY 0, KWD 3; false for a code that is not known.
MUST_CHECK bool money_currency(const char *code, uint32_t *decimals);

// The letters of a code as a number, 0 for ""; and back.
uint32_t money_letters(const char *code);
void money_code(uint32_t letters, char out[static 4]);

// "1234.50" for machines; "1,234.50" for people. Both exact. NULL when the arena is exhausted.
char *money_print(struct arena *arena, int64_t minor, uint32_t decimals);
char *money_print_grouped(struct arena *arena, int64_t minor, uint32_t decimals);

// What a person types (experience.md c.6): grouping, full-width digits, 万 亿 千 w k, formal and
// plain Chinese numerals, sums, a currency before or behind. Refuses more decimals than the
// currency has, European and irregular grouping: STATUS_FIELD_NOT_AMOUNT; `hint` (may be NULL) then
// gets what was probably meant ("1,234.50"), or NULL. `currency` (may be NULL) gets the code that
// was typed, "¥" or "$" for a sign that several currencies share, "" for none.
MUST_CHECK enum status money_parse(struct arena *arena, const char *text, uint32_t decimals,
                                   int64_t *minor, const char **currency, const char **hint);

// Is what was typed (as money_parse gives it) the currency `code`? "" is every currency.
bool money_currency_is(const char *typed, const char *code);

// Scaled by 10^6, for quantities and unit prices: "3", "2.55", "-1"; at most six decimals.
MUST_CHECK enum status money_parse_micro(const char *text, int64_t *micro);
char *money_print_micro(struct arena *arena, int64_t micro);

// "13%", "13", "0.5%" -> basis points.
MUST_CHECK enum status money_parse_bp(const char *text, uint32_t *bp);

// 大写 by the bank-bill rules (experience.md c.6): 140950 -> 壹仟肆佰零玖元伍角. For currencies
// with two decimals.
char *money_formal(struct arena *arena, int64_t minor);
