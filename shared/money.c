// SPDX-License-Identifier: Apache-2.0
#include "shared/money.h"

#include "shared/limits.h"

// Products of two 64-bit numbers need 128 bits; both compilers have them as an extension.
__extension__ typedef __int128 wide;

#define MICRO    1000000
#define WHOLE_BP 10000

static const int64_t TENS[] = {1, 10, 100, 1000, 10000, 100000, 1000000};

bool money_add(int64_t a, int64_t b, int64_t *out)
{
    assert(out != NULL);
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

bool money_sub(int64_t a, int64_t b, int64_t *out)
{
    assert(out != NULL);
    int64_t rest = 0;
    if (__builtin_sub_overflow(a, b, &rest)) {
        return false;
    }
    *out = rest;
    return true;
}

// Half away from zero.
static wide round_divide(wide dividend, wide divisor)
{
    assert(divisor > 0);
    const wide quotient = dividend / divisor;
    wide rest = dividend % divisor;
    rest = rest < 0 ? -rest : rest;
    if (rest < divisor - rest) {
        return quotient;
    }
    return dividend < 0 ? quotient - 1 : quotient + 1;
}

static bool narrow(wide value, int64_t *out)
{
    if (value > INT64_MAX || value < INT64_MIN) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

bool money_scale(int64_t a, int64_t b, int64_t divisor, int64_t *out)
{
    assert(divisor > 0 && out != NULL);
    return narrow(round_divide((wide)a * b, divisor), out);
}

bool money_is_near(int64_t a, int64_t a_per, int64_t b, int64_t b_per, uint32_t bp)
{
    assert(a_per > 0 && a_per <= UINT32_MAX && b_per > 0 && b_per <= UINT32_MAX);
    const wide left = (wide)a * b_per;
    const wide right = (wide)b * a_per;
    const wide off = left < right ? right - left : left - right;
    const wide size = right < 0 ? -right : right;
    const wide unit = (wide)a_per * b_per;
    return off <= size / WHOLE_BP * bp + size % WHOLE_BP * bp / WHOLE_BP + unit;
}

bool money_line_net(int64_t quantity_micro, int64_t price_micro, uint32_t discount_bp,
                    uint32_t decimals, int64_t *net_minor)
{
    assert(discount_bp <= WHOLE_BP && decimals <= DECIMALS_MAX);
    const wide whole = (wide)quantity_micro * price_micro;
    wide discounted = 0;
    if (__builtin_mul_overflow(whole, (wide)(WHOLE_BP - discount_bp), &discounted)) {
        return false;
    }
    const wide divisor = (wide)MICRO * MICRO * WHOLE_BP / TENS[decimals];
    return narrow(round_divide(discounted, divisor), net_minor);
}

bool money_tax(int64_t net_minor, uint32_t tax_bp, int64_t *tax_minor)
{
    return money_scale(net_minor, tax_bp, WHOLE_BP, tax_minor);
}

bool money_net_of_gross(int64_t gross_minor, uint32_t tax_bp, int64_t *net_minor)
{
    return money_scale(gross_minor, WHOLE_BP, WHOLE_BP + (int64_t)tax_bp, net_minor);
}

// Largest remainder: `parts` holds the remainders while the least one is sought that still gets a
// unit.
static int64_t threshold_of(const int64_t *remainders, size_t count, int64_t sum, size_t units)
{
    int64_t low = 0;    // more than `units` remainders may reach it
    int64_t high = sum; // at most `units` remainders exceed it
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        size_t above = 0;
        for (size_t i = 0; i < count; i++) {
            above += remainders[i] > middle ? 1 : 0;
        }
        if (above > units) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool money_split(int64_t total, const int64_t *weights, size_t count, int64_t *parts)
{
    assert(count > 0 && weights != NULL && parts != NULL);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (weights[i] < 0 || !money_add(sum, weights[i], &sum)) {
            return false;
        }
    }
    if (sum == 0) {
        return false;
    }
    const wide magnitude = total < 0 ? -(wide)total : (wide)total;
    wide given = 0;
    for (size_t i = 0; i < count; i++) {
        const wide share = magnitude * weights[i];
        given += share / sum;
        parts[i] = (int64_t)(share % sum);
    }
    size_t units = (size_t)(magnitude - given);
    assert(units < count);
    const int64_t threshold = threshold_of(parts, count, sum, units);
    for (size_t i = 0; i < count; i++) {
        units -= parts[i] > threshold ? 1 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        const bool is_tie = parts[i] == threshold && units > 0;
        units -= is_tie ? 1 : 0;
        const wide part = magnitude * weights[i] / sum + (parts[i] > threshold || is_tie ? 1 : 0);
        parts[i] = (int64_t)(total < 0 ? -part : part);
    }
    assert(units == 0);
    return true;
}

bool money_split_signed(int64_t total, const int64_t *weights, size_t count, int64_t *parts)
{
    if (money_split(total, weights, count, parts)) {
        return true;
    }
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!money_add(sum, weights[i], &sum)) {
            return false;
        }
    }
    if (sum == 0) {
        return false;
    }
    const int64_t sign = sum < 0 ? -1 : 1;
    int64_t running = 0;
    int64_t given = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t upto = 0;
        const bool fits = sign > 0 ? money_add(running, weights[i], &running)
                                   : money_sub(running, weights[i], &running);
        if (!fits || !money_scale(total, running, sign * sum, &upto)) {
            return false;
        }
        parts[i] = upto - given;
        given = upto;
    }
    return given == total;
}

bool money_round_to(int64_t minor, int64_t unit, int64_t *out)
{
    assert(unit > 0 && out != NULL);
    return narrow(round_divide(minor, unit) * unit, out);
}

// ISO 4217, minor units: those that do not have two.
struct currency_row {
    char code[4];
    uint32_t decimals;
};

static const struct currency_row CURRENCIES[] = {
    {"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"ISK", 0}, {"JPY", 0}, {"KMF", 0},
    {"KRW", 0}, {"PYG", 0}, {"RWF", 0}, {"UGX", 0}, {"UYI", 0}, {"VND", 0}, {"VUV", 0},
    {"XAF", 0}, {"XOF", 0}, {"XPF", 0}, {"BHD", 3}, {"IQD", 3}, {"JOD", 3}, {"KWD", 3},
    {"LYD", 3}, {"OMR", 3}, {"TND", 3}, {"CLF", 4}, {"UYW", 4},
};

static const char TWO_DECIMALS[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON "
    "RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD "
    "TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ";

uint32_t money_letters(const char *code)
{
    uint32_t letters = 0;
    for (size_t i = 0; i < 3 && code[i] != '\0'; i++) {
        letters = letters << 8 | (unsigned char)code[i];
    }
    return letters;
}

void money_code(uint32_t letters, char out[static 4])
{
    assert(letters >> 24 == 0);

    out[0] = (char)(letters >> 16 & 0xff);
    out[1] = (char)(letters >> 8 & 0xff);
    out[2] = (char)(letters & 0xff);
    out[3] = '\0';
}

bool money_currency(const char *code, uint32_t *decimals)
{
    assert(code != NULL && decimals != NULL);
    if (strlen(code) != 3) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(CURRENCIES); i++) {
        if (strcmp(CURRENCIES[i].code, code) == 0) {
            *decimals = CURRENCIES[i].decimals;
            return true;
        }
    }
    for (const char *known = TWO_DECIMALS; *known != '\0'; known += 4) {
        if (strncmp(known, code, 3) == 0) {
            *decimals = 2;
            return true;
        }
    }
    return false;
}

// Digits, point and grouping of a scaled number.
static char *print_scaled(struct arena *arena, int64_t value, uint32_t decimals, bool grouped)
{
    assert(decimals <= 6);
    char text[48];
    size_t at = sizeof text;
    text[--at] = '\0';
    uint64_t left = value < 0 ? (uint64_t) - (value + 1) + 1 : (uint64_t)value;
    for (uint32_t i = 0; i < decimals; i++) {
        text[--at] = (char)('0' + left % 10);
        left /= 10;
    }
    if (decimals > 0) {
        text[--at] = '.';
    }
    for (uint32_t digit = 0; digit == 0 || left > 0; digit++) {
        if (grouped && digit > 0 && digit % 3 == 0) {
            text[--at] = ',';
        }
        text[--at] = (char)('0' + left % 10);
        left /= 10;
    }
    if (value < 0) {
        text[--at] = '-';
    }
    return arena_copy(arena, text + at, sizeof text - at - 1);
}

char *money_print(struct arena *arena, int64_t minor, uint32_t decimals)
{
    return print_scaled(arena, minor, decimals, false);
}

char *money_print_grouped(struct arena *arena, int64_t minor, uint32_t decimals)
{
    return print_scaled(arena, minor, decimals, true);
}

char *money_print_micro(struct arena *arena, int64_t micro)
{
    char *text = print_scaled(arena, micro, 6, false);
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text);
    while (text[size - 1] == '0') {
        size--;
    }
    size -= text[size - 1] == '.' ? 1 : 0;
    text[size] = '\0';
    return text;
}

// Plain digits with a point: "-2.55". At most `decimals` of them behind the point; the value is
// scaled by as many.
static bool parse_plain(const char *text, size_t size, uint32_t decimals, int64_t *out)
{
    const bool is_negative = size > 0 && text[0] == '-';
    int64_t value = 0;
    size_t digits = 0;
    uint32_t behind = 0;
    bool is_behind = false;
    for (size_t i = is_negative ? 1 : 0; i < size; i++) {
        if (text[i] == '.' && !is_behind && digits > 0) {
            is_behind = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || (is_behind && behind == decimals)) {
            return false;
        }
        if (__builtin_mul_overflow(value, 10, &value) || !money_add(value, text[i] - '0', &value)) {
            return false;
        }
        digits++;
        behind += is_behind ? 1 : 0;
    }
    if (digits == 0 || (is_behind && behind == 0) ||
        __builtin_mul_overflow(value, TENS[decimals - behind], &value)) {
        return false;
    }
    *out = is_negative ? -value : value;
    return true;
}

enum status money_parse_micro(const char *text, int64_t *micro)
{
    assert(text != NULL && micro != NULL);
    return parse_plain(text, strlen(text), 6, micro) ? STATUS_OK : STATUS_FIELD_NOT_AMOUNT;
}

enum status money_parse_bp(const char *text, uint32_t *bp)
{
    assert(text != NULL && bp != NULL);
    size_t size = strlen(text);
    for (bool has_sign = false; size > 0; size--) {
        const bool is_sign = text[size - 1] == '%' && !has_sign;
        if (text[size - 1] != ' ' && !is_sign) {
            break;
        }
        has_sign = has_sign || is_sign;
    }
    int64_t value = 0;
    if (!parse_plain(text, size, 2, &value)) {
        return STATUS_FIELD_NOT_AMOUNT;
    }
    if (value < 0 || value > (int64_t)100 * WHOLE_BP) {
        return STATUS_FIELD_OUT_OF_RANGE;
    }
    *bp = (uint32_t)value;
    return STATUS_OK;
}
