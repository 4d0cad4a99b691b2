// SPDX-License-Identifier: Apache-2.0
#include "client/import/bank_file.h"
#include "client/import/bank_text.h"
#include "shared/day.h"
#include "shared/money.h"
#include "shared/words.h"

// Tables of banks and wallets: the header is found by its words, and by them the profile. What no
// profile knows is said by hand (--map).

#define HEADER_ROWS_MAX 60
#define SCRATCH_BYTES   ((size_t)64 * 1024)

enum field_of_table {
    FIELD_DAY,
    FIELD_AMOUNT,
    FIELD_IN,
    FIELD_OUT,
    FIELD_DIRECTION,
    FIELD_BALANCE,
    FIELD_CURRENCY,
    FIELD_ACCOUNT,
    FIELD_TYPE,
    FIELD_REFERENCE,
    FIELD_PAYER,
    FIELD_PAYER_ACCOUNT,
    FIELD_TEXT,
    FIELD_TEXT_TOO,
    FIELD_COUNT
};

// Words of --map, in the order of the fields.
static const char *const WORDS[FIELD_COUNT] = {
    "date",    "amount", "in",        "out",   "direction",     "balance", "currency",
    "account", "type",   "reference", "payer", "payer-account", "text",    "text-2",
};

static const struct profile {
    const char *word, *currency, *in, *out;
} PROFILES[] = {

#define PROFILE(word, currency, in, out) {word, currency, in, out},
#include "client/import/bank_profiles.def"
};

static const struct place {
    const char *profile;
    enum field_of_table field;
    const char *header;
} PLACES[] = {

#define AT(word, field, header) {word, FIELD_##field, header},
#include "client/import/bank_profiles.def"
};

struct table {
    struct bank_maker *maker;
    const char *in, *out, *currency;
    size_t header;
    int at[FIELD_COUNT]; // -1: no such column
    struct arena *scratch;
};

// ---- columns ----

static int column_of(const struct sheet *sheet, size_t row, const char *header)
{
    for (size_t c = 0; c < sheet_row(sheet, row)->cell_count; c++) {
        if (strcmp(sheet_cell(sheet, row, c), header) == 0) {
            return (int)c;
        }
    }
    return -1;
}

static bool is_complete(const int at[static FIELD_COUNT])
{
    const bool sides = at[FIELD_IN] >= 0 && at[FIELD_OUT] >= 0;
    return at[FIELD_DAY] >= 0 && (at[FIELD_AMOUNT] >= 0 || sides);
}

// The columns of a profile in this row; how many there are.
static size_t columns_of(const struct sheet *sheet, size_t row, const struct profile *profile,
                         int at[static FIELD_COUNT])
{
    size_t count = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        at[i] = -1;
    }
    for (size_t i = 0; i < COUNT_OF(PLACES); i++) {
        if (strcmp(PLACES[i].profile, profile->word) != 0) {
            continue;
        }
        const int column = column_of(sheet, row, PLACES[i].header);
        enum field_of_table field = PLACES[i].field;
        field = field == FIELD_TEXT && at[FIELD_TEXT] >= 0 ? FIELD_TEXT_TOO : field;
        if (column >= 0) {
            at[field] = column;
            count++;
        }
    }
    return is_complete(at) ? count : 0;
}

static const struct profile *find_profile(struct table *table, size_t first)
{
    const struct sheet *sheet = table->maker->sheet;
    const struct profile *best = NULL;
    size_t best_count = 0;
    for (size_t r = first; r < sheet_row_count(sheet) && r < first + HEADER_ROWS_MAX; r++) {
        for (size_t p = 0; p < COUNT_OF(PROFILES); p++) {
            int at[FIELD_COUNT];
            const size_t count = columns_of(sheet, r, &PROFILES[p], at);
            if (count > best_count) {
                best = &PROFILES[p];
                best_count = count;
                table->header = r;
                memcpy(table->at, at, sizeof at);
            }
        }
    }
    return best;
}

// "#4" is the fourth column; -1 when it is none.
static int column_at(const char *text)
{
    int value = 0;
    const char *at = text + 1;
    for (; *at >= '0' && *at <= '9' && value < READER_COLUMNS_MAX; at++) {
        value = value * 10 + (*at - '0');
    }
    return *at == '\0' && value > 0 ? value - 1 : -1;
}

// What stands behind the "=" of each part of a map; NULL: the map does not name it.
static enum status split_map(char *rest, char *names[static FIELD_COUNT], const char **bad)
{
    for (char *part = strsep(&rest, ","); part != NULL; part = strsep(&rest, ",")) {
        char *name = strchr(part, '=');
        size_t field = 0;
        *bad = part;
        if (name == NULL) {
            return STATUS_USAGE;
        }
        *name++ = '\0';
        while (field < FIELD_COUNT && strcmp(WORDS[field], part) != 0) {
            field++;
        }
        if (field == FIELD_COUNT) {
            return STATUS_FIELD_NOT_CHOICE;
        }
        names[field] = name;
    }
    return STATUS_OK;
}

// Is row `r` the header that has all the names? *bad is the last one that it has not.
static bool find_columns(struct table *table, size_t r, char *const names[static FIELD_COUNT],
                         const char **bad)
{
    bool has_all = true;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        table->at[i] = -1;
        if (names[i] == NULL) {
            continue;
        }
        table->at[i] =
            names[i][0] == '#' ? column_at(names[i]) : column_of(table->maker->sheet, r, names[i]);
        if (table->at[i] < 0) {
            *bad = names[i];
            has_all = false;
        }
    }
    return has_all;
}

// "date=Buchung,amount=#4,in=收入": columns by header word or place; `direction` takes its words
// behind a colon ("direction=收/支:收入/支出").
static enum status take_map(struct table *table, size_t first, const char *map, const char **bad)
{
    struct bank_maker *maker = table->maker;
    char *rest = arena_copy(maker->arena, map, strlen(map));
    char *names[FIELD_COUNT] = {NULL};
    const enum status status = rest != NULL ? split_map(rest, names, bad) : STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        return status;
    }
    char *words = names[FIELD_DIRECTION] != NULL ? strchr(names[FIELD_DIRECTION], ':') : NULL;
    if (words != NULL) {
        *words++ = '\0';
        table->in = strsep(&words, "/");
        table->out = words != NULL ? words : "";
    }
    for (size_t r = first; r < sheet_row_count(maker->sheet) && r < first + HEADER_ROWS_MAX; r++) {
        if (find_columns(table, r, names, bad)) {
            table->header = r;
            *bad = "date";
            return is_complete(table->at) ? STATUS_OK : STATUS_FIELD_MISSING;
        }
    }
    return STATUS_NOT_FOUND;
}

// ---- values ----

static const char *cell(const struct table *table, size_t row, enum field_of_table field)
{
    return table->at[field] < 0 ? ""
                                : sheet_cell(table->maker->sheet, row, (size_t)table->at[field]);
}

// Empty, or a dash for it.
static bool is_nothing(const char *text)
{
    return text[0] == '\0' || strcmp(text, "-") == 0 || strcmp(text, "/") == 0 ||
           strcmp(text, "--") == 0;
}

static bool read_day(const char *text, int32_t *out)
{
    static const char *const FORMATS[] = {"YYYY-MM-DD", "YYYY/MM/DD", "YYYYMMDD", "YYYY.MM.DD"};
    char day[16] = "";
    const size_t size = strcspn(text, " T");
    if (size >= sizeof day) {
        return false;
    }
    memcpy(day, text, size);
    for (size_t i = 0; i < COUNT_OF(FORMATS); i++) {
        if (day_parse_format(day, FORMATS[i], out) == STATUS_OK) {
            return true;
        }
    }
    return false;
}

static bool parse_money(struct table *table, const char *text, int64_t *out)
{
    const struct bank_file *file = table->maker->file;
    const struct bank_file_statement *statement = &file->statement[file->count - 1];
    const char *currency = "";
    const char *hint = NULL;
    arena_reset(table->scratch);
    return money_parse(table->scratch, text, statement->decimals, out, &currency, &hint) ==
               STATUS_OK &&
           *out <= AMOUNT_MAX && *out >= -AMOUNT_MAX;
}

static bool read_money(struct table *table, size_t row, const char *text, const char *field,
                       int64_t *out)
{
    if (!parse_money(table, text, out)) {
        bank_problem(table->maker, row, STATUS_FIELD_NOT_AMOUNT, field, text);
        return false;
    }
    return true;
}

// What came in less what went out. `neither` when the file says that it is neither.
static bool read_movement(struct table *table, size_t row, int64_t *out, bool *neither)
{
    const char *in = cell(table, row, FIELD_IN);
    const char *out_text = cell(table, row, FIELD_OUT);
    const char *direction = cell(table, row, FIELD_DIRECTION);
    int64_t came = 0;
    int64_t went = 0;
    *neither = false;
    if (table->at[FIELD_AMOUNT] < 0) {
        const bool reads = (is_nothing(in) || read_money(table, row, in, "in", &came)) &&
                           (is_nothing(out_text) || read_money(table, row, out_text, "out", &went));
        *out = came - went;
        return reads;
    }
    if (!read_money(table, row, cell(table, row, FIELD_AMOUNT), "amount", out)) {
        return false;
    }
    if (table->at[FIELD_DIRECTION] >= 0) {
        const bool goes = strcmp(direction, table->out) == 0;
        *neither = !goes && strcmp(direction, table->in) != 0;
        *out = goes ? -*out : *out;
    }
    return true;
}

// ---- rows ----

static bool has_only_blanks(const struct table *table, size_t row)
{
    const struct sheet *sheet = table->maker->sheet;
    for (size_t c = 0; c < sheet_row(sheet, row)->cell_count; c++) {
        if (sheet_cell(sheet, row, c)[0] != '\0') {
            return false;
        }
    }
    return true;
}

static size_t last_row(const struct table *table)
{
    size_t last = sheet_row_count(table->maker->sheet);
    while (last > table->header && has_only_blanks(table, last - 1)) {
        last--;
    }
    return last;
}

static const char *joined(struct table *table, size_t row)
{
    const char *first = cell(table, row, FIELD_TEXT);
    const char *second = cell(table, row, FIELD_TEXT_TOO);
    if (is_nothing(second)) {
        return is_nothing(first) ? "" : first;
    }
    const char *both =
        is_nothing(first) ? second : arena_print(table->maker->arena, "%s %s", first, second);
    return both != NULL ? both : "";
}

static void take_row(struct table *table, size_t row, int64_t *balance, bool *has_balance)
{
    struct bank_maker *maker = table->maker;
    const char *const text[] = {cell(table, row, FIELD_TYPE), cell(table, row, FIELD_REFERENCE),
                                cell(table, row, FIELD_PAYER),
                                is_nothing(cell(table, row, FIELD_PAYER_ACCOUNT))
                                    ? ""
                                    : cell(table, row, FIELD_PAYER_ACCOUNT),
                                joined(table, row)};
    int32_t day = 0;
    int64_t moved = 0;
    bool neither = false;
    *has_balance = false;
    if (!read_day(cell(table, row, FIELD_DAY), &day)) {
        bank_problem(maker, row, STATUS_FIELD_NOT_DAY, "date", cell(table, row, FIELD_DAY));
        return;
    }
    if (!read_movement(table, row, &moved, &neither)) {
        return;
    }
    struct bank_file_statement *statement = &maker->file->statement[maker->file->count - 1];
    if (neither) {
        statement->neither_count++;
        if (!money_add(statement->neither_minor, moved, &statement->neither_minor)) {
            bank_problem(maker, row, STATUS_AMOUNT_OVERFLOW, "amount",
                         cell(table, row, FIELD_AMOUNT));
        }
        return;
    }
    struct bank_file_line *line = bank_make_line(maker, row, text);
    if (line == NULL) {
        return;
    }
    line->value_day = day;
    line->booked_day = day;
    line->amount_minor = moved;
    statement->from_day =
        statement->from_day == 0 || day < statement->from_day ? day : statement->from_day;
    statement->to_day = day > statement->to_day ? day : statement->to_day;
    const char *printed = cell(table, row, FIELD_BALANCE);
    *has_balance = !is_nothing(printed) && parse_money(table, printed, balance);
}

// ---- balances ----

// Balances behind each line: when they follow from each other, first and last are the statement's.
static void chain(struct bank_file_statement *statement, const int64_t *balance, bool all)
{
    const size_t count = statement->count;
    if (!all || count == 0) {
        return; // balances are a help: a file may hide or lack them
    }
    for (size_t i = 1; i < count; i++) {
        int64_t next = 0;
        if (!money_add(balance[i - 1], statement->line[i].amount_minor, &next) ||
            next != balance[i]) {
            statement->doubt = N_("the balances of the file do not follow from its lines");
            return;
        }
    }
    statement->has_opening = statement->has_closing = true;
    statement->opening_minor = balance[0] - statement->line[0].amount_minor;
    statement->closing_minor = balance[count - 1];
}

// A file with the newest line first is turned round, so that lines are numbered as they came.
static void turn_round(struct bank_file_statement *statement, int64_t *balance)
{
    const size_t count = statement->count;
    if (count < 2 || statement->line[0].value_day <= statement->line[count - 1].value_day) {
        return;
    }
    for (size_t i = 0; i < count / 2; i++) {
        const struct bank_file_line line = statement->line[i];
        const int64_t kept = balance[i];
        statement->line[i] = statement->line[count - 1 - i];
        statement->line[count - 1 - i] = line;
        balance[i] = balance[count - 1 - i];
        balance[count - 1 - i] = kept;
    }
}

static const char *clean_account(struct bank_maker *maker, const char *text)
{
    const size_t size = strlen(text);
    const bool quoted = size > 2 && text[0] == '\'' && text[size - 1] == '\'';
    const char *copy = quoted ? arena_copy(maker->arena, text + 1, size - 2) : text;
    return copy != NULL ? copy : "";
}

static enum status rows_take(struct table *table)
{
    struct bank_maker *maker = table->maker;
    const size_t end = last_row(table);
    const size_t first = table->header + 1;
    const char *currency = first < end ? cell(table, first, FIELD_CURRENCY) : "";
    const char *account =
        first < end ? clean_account(maker, cell(table, first, FIELD_ACCOUNT)) : "";
    struct bank_file_statement *statement =
        bank_make_statement(maker, account, currency[0] != '\0' ? currency : table->currency, "");
    int64_t *balance = arena_alloc(maker->arena, (end - first + 1) * sizeof *balance);
    bool all = table->at[FIELD_BALANCE] >= 0;
    if (statement == NULL || balance == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t row = first; row < end && !maker->failed; row++) {
        int32_t day = 0;
        int64_t printed = 0;
        bool has_balance = false;
        const bool is_last = row + 1 == end && !read_day(cell(table, row, FIELD_DAY), &day);
        if (has_only_blanks(table, row)) {
            continue;
        }
        if (is_last && row > first) {
            maker->file->skipped = sheet_cell(maker->sheet, row, 0);
            continue;
        }
        const size_t before = statement->count;
        take_row(table, row, &printed, &has_balance);
        if (statement->count > before) {
            balance[before] = printed;
            all = all && has_balance;
        }
    }
    turn_round(statement, balance);
    chain(statement, balance, all);
    return STATUS_OK;
}

enum status bank_table_make(struct bank_maker *maker, size_t first, const char *map,
                            const char **bad)
{
    CLEANUP(arena_free_at) struct arena *scratch = arena_make(SCRATCH_BYTES);
    struct table table = {
        .maker = maker, .in = "", .out = "", .currency = maker->currency, .scratch = scratch};
    if (scratch == NULL) {
        return STATUS_ENVIRONMENT;
    }
    if (map != NULL) {
        const enum status status = take_map(&table, first, map, bad);
        if (status != STATUS_OK) {
            return status;
        }
        maker->file->profile = "--map";
        return rows_take(&table);
    }
    const struct profile *profile = find_profile(&table, first);
    if (profile == NULL) {
        return STATUS_READER_FAILED;
    }
    table.in = profile->in;
    table.out = profile->out;
    table.currency = profile->currency;
    maker->file->profile = profile->word;
    return rows_take(&table);
}
