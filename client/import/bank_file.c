// SPDX-License-Identifier: Apache-2.0
#include "client/import/bank_file.h"

#include "client/import/bank_text.h"
#include "shared/day.h"
#include "shared/fields.h"
#include "shared/money.h"
#include "shared/payer.h"
#include "shared/text.h"
#include "shared/words.h"

// ---- pieces ----

void bank_problem(struct bank_maker *maker, size_t row, enum status code, const char *field,
                  const char *value)
{
    struct bank_file *file = maker->file;
    if (file->problem_count < IMPORT_PROBLEMS_MAX) {
        file->problem[file->problem_count] = (struct row_problem){
            .row = sheet_row(maker->sheet, row)->number,
            .code = code,
            .field = field,
            .value = value,
        };
    }
    file->problem_count++;
}

static void *grown(struct bank_maker *maker, void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return list;
    }
    const size_t more = *room == 0 ? 64 : *room * 2;
    void *larger = arena_alloc(maker->arena, more * size);
    if (larger != NULL && count > 0) {
        memcpy(larger, list, count * size);
    }
    maker->failed = maker->failed || larger == NULL;
    *room = larger != NULL ? more : *room;
    return larger;
}

struct bank_file_statement *bank_make_statement(struct bank_maker *maker, const char *account,
                                                const char *currency, const char *number)
{
    struct bank_file *file = maker->file;
    // One more each time: a file has few of them.
    struct bank_file_statement *list = arena_alloc(maker->arena, (file->count + 1) * sizeof *list);
    if (list == NULL) {
        maker->failed = true;
        return NULL;
    }
    if (file->count > 0) {
        memcpy(list, file->statement, file->count * sizeof *list);
    }
    struct bank_file_statement *made = &list[file->count++];
    *made = (struct bank_file_statement){
        .account = account, .currency = currency, .number = number, .decimals = 2};
    if (!money_currency(currency, &made->decimals)) {
        made->decimals = 2; // none is named, or nobody knows it
    }
    file->statement = list;
    maker->line_room = 0;
    return made;
}

// At most `most` bytes, and no half of a character.
static char *cut(struct bank_maker *maker, const char *text, size_t most)
{
    size_t size = strlen(text);
    size = size < most ? size : most;
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
        size--;
    }
    char *copy = arena_copy(maker->arena, text, size);
    maker->failed = maker->failed || copy == NULL;
    return copy;
}

struct bank_file_line *bank_make_line(struct bank_maker *maker, size_t row, const char *const *text)
{
    static const size_t MOST[] = {100, 100, 200, 60, 500};

    struct bank_file_statement *statement = &maker->file->statement[maker->file->count - 1];
    statement->line =
        grown(maker, statement->line, statement->count, &maker->line_room, sizeof *statement->line);
    if (maker->failed) {
        return NULL;
    }
    struct bank_file_line *line = &statement->line[statement->count];
    *line = (struct bank_file_line){.row = sheet_row(maker->sheet, row)->number};
    char **const cells[] = {&line->type, &line->reference, &line->payer_name, &line->payer_account,
                            &line->text};
    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        *cells[i] = cut(maker, text[i], MOST[i]);
    }
    statement->count += maker->failed ? 0 : 1;
    return maker->failed ? NULL : line;
}

// ---- what the child made of MT940, camt.053 and OFX ----

// Digits with a point, and no more decimals than the currency has.
static bool read_amount(const char *text, uint32_t decimals, int64_t *out)
{
    int64_t value = 0;
    uint32_t behind = 0;
    bool point = false;
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || value > AMOUNT_MAX) {
            return false;
        }
        count++;
        if (point && behind == decimals) {
            if (*text != '0') {
                return false;
            }
            continue;
        }
        behind += point ? 1 : 0;
        value = value * 10 + (*text - '0');
    }
    for (; behind < decimals; behind++) {
        value *= 10;
    }
    *out = value;
    return count > 0 && value <= AMOUNT_MAX;
}

static bool read_signed(struct bank_maker *maker, size_t row, const char *side, const char *text,
                        const char *field, int64_t *out)
{
    const uint32_t decimals = maker->file->statement[maker->file->count - 1].decimals;
    if ((side[0] != 'C' && side[0] != 'D') || side[1] != '\0' ||
        !read_amount(text, decimals, out)) {
        bank_problem(maker, row, STATUS_FIELD_NOT_AMOUNT, field, text);
        return false;
    }
    *out = side[0] == 'D' ? -*out : *out;
    return true;
}

static bool read_day(struct bank_maker *maker, size_t row, const char *text, int32_t *out)
{
    if (day_parse_format(text, "YYYY-MM-DD", out) != STATUS_OK) {
        bank_problem(maker, row, STATUS_FIELD_NOT_DAY, "date", text);
        return false;
    }
    return true;
}

static void note_day(struct bank_file_statement *statement, int32_t day)
{
    statement->from_day =
        statement->from_day == 0 || day < statement->from_day ? day : statement->from_day;
    statement->to_day = day > statement->to_day ? day : statement->to_day;
}

static void take_statement(struct bank_maker *maker, size_t row)
{
    const struct sheet *sheet = maker->sheet;
    struct bank_file_statement *statement = bank_make_statement(
        maker, sheet_cell(sheet, row, 1), sheet_cell(sheet, row, 2), sheet_cell(sheet, row, 3));
    int32_t day = 0;
    if (statement == NULL || sheet_cell(sheet, row, 6)[0] == '\0') {
        return;
    }
    statement->has_opening =
        read_signed(maker, row, sheet_cell(sheet, row, 4), sheet_cell(sheet, row, 6), "opening",
                    &statement->opening_minor);
    if (read_day(maker, row, sheet_cell(sheet, row, 5), &day)) {
        note_day(statement, day);
    }
}

static void take_line(struct bank_maker *maker, size_t row)
{
    const struct sheet *sheet = maker->sheet;
    const char *const text[] = {sheet_cell(sheet, row, 5), sheet_cell(sheet, row, 6),
                                sheet_cell(sheet, row, 7), sheet_cell(sheet, row, 8),
                                sheet_cell(sheet, row, 9)};
    struct bank_file_line *line = bank_make_line(maker, row, text);
    if (line == NULL) {
        return;
    }
    // Each is read, so that all that is wrong with the row is told at once.
    bool reads = read_day(maker, row, sheet_cell(sheet, row, 1), &line->value_day);
    reads = read_day(maker, row, sheet_cell(sheet, row, 2), &line->booked_day) && reads;
    reads = read_signed(maker, row, sheet_cell(sheet, row, 3), sheet_cell(sheet, row, 4), "amount",
                        &line->amount_minor) &&
            reads;
    struct bank_file_statement *statement = &maker->file->statement[maker->file->count - 1];
    if (!reads) {
        statement->count--;
        return;
    }
    note_day(statement, line->value_day);
}

static void take_closing(struct bank_maker *maker, size_t row)
{
    const struct sheet *sheet = maker->sheet;
    struct bank_file_statement *statement = &maker->file->statement[maker->file->count - 1];
    const char *currency = sheet_cell(sheet, row, 4);
    int32_t day = 0;
    if (currency[0] != '\0' && strcmp(currency, statement->currency) != 0) {
        statement->doubt = N_("the closing balance is in another currency and was not taken");
        return;
    }
    statement->has_closing =
        read_signed(maker, row, sheet_cell(sheet, row, 1), sheet_cell(sheet, row, 3), "closing",
                    &statement->closing_minor);
    if (read_day(maker, row, sheet_cell(sheet, row, 2), &day)) {
        note_day(statement, day);
    }
}

static enum status rows_take(struct bank_maker *maker)
{
    for (size_t row = 1; row < sheet_row_count(maker->sheet) && !maker->failed; row++) {
        const char *word = sheet_cell(maker->sheet, row, 0);
        if (strcmp(word, "statement") == 0) {
            take_statement(maker, row);
        } else if (maker->file->count > 0 && strcmp(word, "line") == 0) {
            take_line(maker, row);
        } else if (maker->file->count > 0 && strcmp(word, "closing") == 0) {
            take_closing(maker, row);
        } else {
            return STATUS_READER_FAILED;
        }
    }
    return maker->file->count > 0 ? STATUS_OK : STATUS_READER_FAILED;
}

// ---- sums ----

static enum status sum_up(struct bank_file_statement *statement)
{
    int64_t total = statement->has_opening ? statement->opening_minor : 0;
    for (size_t i = 0; i < statement->count; i++) {
        const int64_t amount = statement->line[i].amount_minor;
        int64_t *side = amount < 0 ? &statement->debit_minor : &statement->credit_minor;
        statement->credit_count += amount > 0 ? 1 : 0;
        statement->debit_count += amount < 0 ? 1 : 0;
        if (!money_add(*side, amount < 0 ? -amount : amount, side) ||
            !money_add(total, amount, &total)) {
            return STATUS_AMOUNT_OVERFLOW;
        }
    }
    if (statement->has_opening && statement->has_closing) {
        statement->difference_minor = statement->closing_minor - total;
        statement->sum = statement->difference_minor == 0 ? BANK_SUM_HOLDS : BANK_SUM_DIFFERS;
    }
    return STATUS_OK;
}

struct print {
    const char *text;
    struct bank_file_line *line;
    size_t order;
};

static int by_print(const void *a, const void *b)
{
    const struct print *left = a;
    const struct print *right = b;
    const int order = strcmp(left->text, right->text);
    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

// Counts equal lines of a day, as the server compares them (server/admit/seal_bank.c): without the
// width and case of letters.
static enum status count_equal(struct arena *arena, struct bank_file_statement *statement)
{
    struct print *print = arena_alloc(arena, (statement->count + 1) * sizeof *print);
    if (print == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < statement->count; i++) {
        struct bank_file_line *line = &statement->line[i];
        const char *text = text_fold(arena, line->text);
        const char *payer = payer_fold_account(arena, line->payer_account);
        const char *all =
            text == NULL || payer == NULL
                ? NULL
                : arena_print(arena, "%d|%lld|%s|%s|%s", line->value_day,
                              (long long)line->amount_minor, line->reference, payer, text);
        if (all == NULL) {
            return STATUS_TOO_LARGE;
        }
        print[i] = (struct print){.text = all, .line = line, .order = i};
    }
    if (statement->count > 1) {
        qsort(print, statement->count, sizeof *print, by_print);
    }
    for (size_t i = 0; i < statement->count; i++) {
        const bool same = i > 0 && strcmp(print[i].text, print[i - 1].text) == 0;
        print[i].line->occurrence = same ? print[i - 1].line->occurrence + 1 : 1;
    }
    return STATUS_OK;
}

static BankFormat format_of(const char *word)
{
    int value = 0;
    return field_choice_value(&bank_format__descriptor, word, &value)
               ? (BankFormat)value
               : BANK_FORMAT__BANK_FORMAT_UNSET;
}

enum status bank_file_make(struct arena *arena, const struct sheet *sheet, const char *map,
                           const char *currency, struct bank_file *out, const char **bad)
{
    assert(out != NULL && bad != NULL);
    struct bank_maker maker = {.arena = arena, .sheet = sheet, .currency = currency, .file = out};
    *out = (struct bank_file){0};
    *bad = "";
    out->problem = arena_alloc(arena, IMPORT_PROBLEMS_MAX * sizeof *out->problem);
    if (out->problem == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (sheet_row_count(sheet) == 0 || strcmp(sheet_cell(sheet, 0, 0), "format") != 0) {
        return STATUS_READER_FAILED;
    }
    out->format = format_of(sheet_cell(sheet, 0, 1));
    enum status status = out->format == BANK_FORMAT__BANK_FORMAT_CSV
                             ? bank_table_make(&maker, 1, map, bad)
                             : rows_take(&maker);
    for (size_t i = 0; status == STATUS_OK && i < out->count; i++) {
        status = sum_up(&out->statement[i]);
        if (status == STATUS_OK) {
            status = count_equal(arena, &out->statement[i]);
        }
    }
    return status == STATUS_OK && maker.failed ? STATUS_TOO_LARGE : status;
}
