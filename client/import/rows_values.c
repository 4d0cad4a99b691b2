// SPDX-License-Identifier: Apache-2.0
#include "client/import/maker.h"
#include "shared/command.h"
#include "shared/day.h"
#include "shared/money.h"
#include "shared/rules.h"

#include <strings.h>

// ---- index ----

static WRAPS uint64_t text_hash(const char *text)
{
    uint64_t hash = 1469598103934665603u;
    for (const char *c = text; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    }
    return hash ^ hash >> 29;
}

bool rows_index_make(struct arena *arena, size_t keys, struct rows_index *out)
{
    size_t size = 64;
    while (size < keys * 2) {
        size *= 2;
    }
    *out = (struct rows_index){.size = size};
    out->slot = arena_alloc(arena, size * sizeof(*out->slot));
    out->key = arena_alloc(arena, size * sizeof(*out->key));
    return out->slot != NULL && out->key != NULL;
}

// The value of the key; a new key gets `value`. `fresh` says which.
uint32_t rows_index_take(struct rows_index *index, const char *key, uint32_t value, bool *fresh)
{
    size_t at = (size_t)text_hash(key) & (index->size - 1);
    while (index->slot[at] != 0 && strcmp(index->key[at], key) != 0) {
        at = (at + 1) & (index->size - 1);
    }
    *fresh = index->slot[at] == 0;
    if (*fresh) {
        assert(index->count + 1 < index->size);
        index->slot[at] = value + 1;
        index->key[at] = key;
        index->count++;
    }
    return index->slot[at] - 1;
}

// ---- values ----

void maker_problem(struct maker *maker, enum status code, const char *field, const char *value)
{
    struct rows *rows = maker->rows;
    maker->row_is_bad = true;
    if (rows->problem_count < IMPORT_PROBLEMS_MAX) {
        rows->problem[rows->problem_count] = (struct row_problem){
            .row = maker->number, .code = code, .field = field, .value = value};
    }
    rows->problem_count++;
}

const char *maker_cell(const struct maker *maker, enum import_column column)
{
    int at = maker->columns->at[column];
    return at < 0 ? "" : sheet_cell(maker->sheet, maker->row, (size_t)at);
}

// A number that a spreadsheet wrote: "17850.0" is 17850.
char *maker_reference(struct maker *maker, enum import_column column)
{
    const char *text = maker_cell(maker, column);
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && text[digits] == '.' && text[digits + 1] == '0' &&
        strspn(text + digits + 1, "0") == strlen(text + digits + 1)) {
        char *cut = arena_copy(maker->context->arena, text, digits);
        return cut == NULL ? letters_lend(text) : cut;
    }
    return letters_lend(text);
}

char *maker_reference_needed(struct maker *maker, enum import_column column, const char *field)
{
    char *text = maker_reference(maker, column);
    if (text[0] == '\0') {
        maker_problem(maker, STATUS_FIELD_MISSING, field, "");
    }
    return text;
}

int32_t maker_day(struct maker *maker, enum import_column column, const char *field, bool needed)
{
    const char *text = maker_cell(maker, column);
    if (text[0] == '\0') {
        if (needed) {
            maker_problem(maker, STATUS_FIELD_MISSING, field, "");
        }
        return 0;
    }
    int32_t value = 0;
    if (!columns_day(maker->columns, text, &value)) {
        maker_problem(maker, STATUS_FIELD_NOT_DAY, field, text);
        return 0;
    }
    return value;
}

int64_t maker_amount(struct maker *maker, enum import_column column, const char *field, bool needed)
{
    const char *text = maker_cell(maker, column);
    if (text[0] == '\0') {
        if (needed) {
            maker_problem(maker, STATUS_FIELD_MISSING, field, "");
        }
        return 0;
    }
    int64_t minor = 0;
    const char *currency = "";
    const char *hint = NULL;
    enum status status =
        money_parse(maker->scratch, text, maker->context->decimals, &minor, &currency, &hint);
    if (status != STATUS_OK) {
        maker_problem(maker, status, field, text);
        return 0;
    }
    if (!money_currency_is(currency, maker->context->currency)) {
        maker_problem(maker, STATUS_CURRENCY_OTHER, field, text);
    }
    return minor;
}

int64_t maker_micro(struct maker *maker, enum import_column column, const char *field,
                    int64_t absent)
{
    const char *text = maker_cell(maker, column);
    int64_t value = absent;
    if (text[0] != '\0' && money_parse_micro(text, &value) != STATUS_OK) {
        maker_problem(maker, STATUS_FIELD_NOT_AMOUNT, field, text);
    }
    return value;
}

uint32_t maker_rate(struct maker *maker, enum import_column column, const char *field)
{
    const char *text = maker_cell(maker, column);
    uint32_t value = 0;
    if (text[0] != '\0' && money_parse_bp(text, &value) != STATUS_OK) {
        maker_problem(maker, STATUS_FIELD_OUT_OF_RANGE, field, text);
    }
    return value;
}

bool maker_word_is(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool maker_flag(struct maker *maker, enum import_column column, const char *field)
{
    static const char *const YES[] = {"yes", "y", "true", "1", "x", "是", "有"};
    static const char *const NO[] = {"", "no", "n", "false", "0", "否", "无"};
    const char *text = maker_cell(maker, column);
    bool yes = maker_word_is(text, YES, COUNT_OF(YES));
    if (!yes && !maker_word_is(text, NO, COUNT_OF(NO))) {
        maker_problem(maker, STATUS_FIELD_NOT_CHOICE, field, text);
    }
    return yes;
}

// ---- rows ----

void *maker_alloc(struct maker *maker, size_t size)
{
    return arena_alloc(maker->context->arena, size);
}

void maker_customer(struct maker *maker, const char *text)
{
    bool fresh = false;
    if (text[0] != '\0') {
        (void)rows_index_take(&maker->customers, text, 0, &fresh);
    }
}

// The stateless checks of the server, on this row alone.
void maker_check(struct maker *maker, ImportRow *row)
{
    const struct command *command = command_by_name("import_rows");
    ImportRows group;
    import_rows__init(&group);
    group.import_id = 1;
    group.n_row = 1;
    group.row = &row;
    struct problems problems;
    problems_init(&problems, maker->scratch);
    if (rules_check(command, &group.base, &problems) == STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < problems.count; i++) {
        const Problem *problem = problems.list[i];
        const char *field = strrchr(problem->field, '.');
        field = field == NULL ? problem->field : field + 1;
        const char *kept = arena_copy(maker->context->arena, field, strlen(field));
        const char *asked =
            arena_copy(maker->context->arena, problem->asked, strlen(problem->asked));
        maker_problem(maker, (enum status)problem->code, kept == NULL ? "" : kept,
                      asked == NULL ? "" : asked);
    }
}

enum status maker_keep(struct maker *maker, ImportRow *row)
{
    maker_check(maker, row);
    if (!maker->row_is_bad) {
        maker->rows->row[maker->rows->count++] = row;
    }
    return STATUS_OK;
}
