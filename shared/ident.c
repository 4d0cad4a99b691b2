// SPDX-License-Identifier: Apache-2.0
#include "shared/ident.h"

#include "proto/invoice.pb-c.h"

struct series_row {
    const char *prefix;
    enum series series;
    bool by_year;
};

static const struct series_row SERIES[] = {
    {"C", SERIES_CUSTOMER, false},    {"INV", SERIES_INVOICE, true},
    {"CN", SERIES_CREDIT_NOTE, true}, {"PAY", SERIES_PAYMENT, true},
    {"JE", SERIES_ENTRY, true},       {"IMP", SERIES_IMPORT, false},
    {"AP", SERIES_APPROVAL, false},   {"F", SERIES_FINDING, false},
    {"ST", SERIES_STATEMENT, true},   {"WO", SERIES_WRITE_OFF, true},
    {"RF", SERIES_REFUND, true},      {"SD", SERIES_DIFFERENCE, true},
    {"RC", SERIES_RECOVERY, true},    {"BS", SERIES_BANK_STATEMENT, true},
    {"BL", SERIES_BANK_LINE, false},  {"CO", SERIES_COST, true},
    {"DN", SERIES_DUNNING, true},     {"DB", SERIES_DEBIT_NOTE, true},
    {"PR", SERIES_PROMISE, false},    {"CL", SERIES_CHECKLIST, false},
    {"SO", SERIES_ORDER, false},      {"RE", SERIES_RECURRING, false},
};

static const struct series_row *row_of(enum series series)
{
    for (size_t i = 0; i < COUNT_OF(SERIES); i++) {
        if (SERIES[i].series == series) {
            return &SERIES[i];
        }
    }
    return NULL;
}

enum series ident_of_document(uint32_t kind)
{
    switch (kind) {
    case INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE:
        return SERIES_CREDIT_NOTE;
    case INVOICE_KIND__INVOICE_KIND_DEBIT_NOTE:
        return SERIES_DEBIT_NOTE;
    default:
        return SERIES_INVOICE;
    }
}

char *ident_print(struct arena *arena, enum series series, uint32_t year, uint32_t sequence)
{
    const struct series_row *row = row_of(series);
    assert(row != NULL && row->by_year == (year != 0));
    if (row->by_year) {
        return arena_print(arena, "%s-%04u-%04u", row->prefix, year, sequence);
    }
    return arena_print(arena, "%s-%04u", row->prefix, sequence);
}

// The letters before the first hyphen, whatever their case.
static const struct series_row *row_of_prefix(const char *text, size_t size)
{
    for (size_t i = 0; i < COUNT_OF(SERIES); i++) {
        if (strlen(SERIES[i].prefix) == size && strncasecmp(SERIES[i].prefix, text, size) == 0) {
            return &SERIES[i];
        }
    }
    return NULL;
}

// 1 to 9 digits, greater than zero.
static bool parse_number(const char **text, uint32_t *out)
{
    uint32_t number = 0;
    size_t size = 0;
    while ((*text)[size] >= '0' && (*text)[size] <= '9' && size < 10) {
        number = size < 9 ? number * 10 + (uint32_t)((*text)[size] - '0') : 0;
        size++;
    }
    if (number == 0) {
        return false;
    }
    *text += size;
    *out = number;
    return true;
}

bool ident_parse(const char *text, enum series *series, uint32_t *year, uint32_t *sequence)
{
    assert(text != NULL && series != NULL && year != NULL && sequence != NULL);
    const size_t prefix_size = strcspn(text, "-");
    const struct series_row *row = row_of_prefix(text, prefix_size);
    if (row == NULL || text[prefix_size] != '-') {
        return false;
    }
    const char *rest = text + prefix_size + 1;
    uint32_t found_year = 0;
    uint32_t found_sequence = 0;
    if (row->by_year &&
        (!parse_number(&rest, &found_year) || found_year > 9999 || *rest++ != '-')) {
        return false;
    }
    if (!parse_number(&rest, &found_sequence) || *rest != '\0') {
        return false;
    }
    *series = row->series;
    *year = found_year;
    *sequence = found_sequence;
    return true;
}
