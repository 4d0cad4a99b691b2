// SPDX-License-Identifier: Apache-2.0
#include "client/import/columns.h"

#include "client/letters.h"
#include "shared/day.h"

#include <strings.h>

#define HEADER_ROWS_MAX 60
#define HEADER_WORD_MAX 120

static const struct column_row ROWS[] = {
#define NEED true
#define MAY  false
#define COLUMN(import_kind, name, word, need, value_kind, header_words) \
    {.kind = IMPORT_KIND__IMPORT_KIND_##import_kind,                    \
     .column = COLUMN_##name,                                           \
     .needed = need,                                                    \
     .value = VALUE_##value_kind,                                       \
     .field = word,                                                     \
     .words = header_words},
#include "client/import/columns.def"
#undef COLUMN
#undef NEED
#undef MAY
};

size_t column_row_count(void)
{
    return COUNT_OF(ROWS);
}

const struct column_row *column_row_at(size_t index)
{
    assert(index < COUNT_OF(ROWS));
    return &ROWS[index];
}

bool columns_kind(const char *word, ImportKind *out)
{
    static const struct {
        const char *word;
        ImportKind kind;
    } KINDS[] = {
        {"customers", IMPORT_KIND__IMPORT_KIND_CUSTOMERS},
        {"invoices", IMPORT_KIND__IMPORT_KIND_INVOICES},
        {"invoice-lines", IMPORT_KIND__IMPORT_KIND_INVOICE_LINES},
        {"payments", IMPORT_KIND__IMPORT_KIND_PAYMENTS},
    };

    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        if (strcmp(KINDS[i].word, word) == 0) {
            *out = KINDS[i].kind;
            return true;
        }
    }
    return false;
}

// Lower case, without blanks and signs: "Invoice No." -> "invoiceno".
static void word_fold(const char *text, char out[static HEADER_WORD_MAX])
{
    size_t used = 0;
    for (const char *c = text; *c != '\0' && used + 1 < HEADER_WORD_MAX; c++) {
        bool upper = *c >= 'A' && *c <= 'Z';
        bool lower = *c >= 'a' && *c <= 'z';
        bool digit = *c >= '0' && *c <= '9';
        if (upper) {
            out[used++] = (char)(*c - 'A' + 'a');
        } else if (lower || digit || (unsigned char)*c >= 0x80) {
            out[used++] = *c;
        }
    }
    out[used] = '\0';
}

// Place of the folded word among the words of a row, from 1; 0 when it is not there.
static size_t word_rank(const char *words, const char *folded)
{
    size_t size = strlen(folded);
    size_t rank = 1;
    for (const char *word = words; size > 0; rank++) {
        const char *end = strchrnul(word, '|');
        if ((size_t)(end - word) == size && memcmp(word, folded, size) == 0) {
            return rank;
        }
        if (*end == '\0') {
            break;
        }
        word = end + 1;
    }
    return 0;
}

// How many cells of the row are words that this kind knows?
static size_t header_score(const struct sheet *sheet, size_t row, ImportKind kind)
{
    size_t score = 0;
    for (size_t c = 0; c < sheet_row(sheet, row)->cell_count; c++) {
        char folded[HEADER_WORD_MAX];
        word_fold(sheet_cell(sheet, row, c), folded);
        for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
            if (ROWS[i].kind == kind && word_rank(ROWS[i].words, folded) > 0) {
                score++;
                break;
            }
        }
    }
    return score;
}

// The header is found by its words, not by its line: exports of banks have a preamble.
static size_t header_find(const struct sheet *sheet, ImportKind kind)
{
    size_t rows = sheet_row_count(sheet);
    size_t best = 0;
    size_t best_score = 1;
    for (size_t r = 0; r < rows && r < HEADER_ROWS_MAX; r++) {
        size_t score = header_score(sheet, r, kind);
        if (score > best_score) {
            best = r;
            best_score = score;
        }
    }
    return best;
}

static bool column_is_taken(const struct columns *columns, size_t column)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (columns->at[i] == (int)column) {
            return true;
        }
    }
    return false;
}

// The free column whose header stands first among the words of the field.
static void column_guess(const struct sheet *sheet, const struct column_row *row,
                         struct columns *columns)
{
    size_t best_rank = SIZE_MAX;
    for (size_t c = 0; c < sheet_row(sheet, columns->header)->cell_count; c++) {
        char folded[HEADER_WORD_MAX];
        word_fold(sheet_cell(sheet, columns->header, c), folded);
        size_t rank = word_rank(row->words, folded);
        if (rank > 0 && rank < best_rank && !column_is_taken(columns, c)) {
            best_rank = rank;
            columns->at[row->column] = (int)c;
            columns->guessed[row->column] = true;
        }
    }
}

static const struct column_row *row_of_field(ImportKind kind, const char *field)
{
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        if (ROWS[i].kind == kind && strcmp(ROWS[i].field, field) == 0) {
            return &ROWS[i];
        }
    }
    return NULL;
}

// "#3" or a header word; -1 when there is no such column.
static int column_named(const struct sheet *sheet, size_t header, const char *name)
{
    size_t count = sheet_row(sheet, header)->cell_count;
    if (name[0] == '#') {
        char *end = NULL;
        unsigned long number = strtoul(name + 1, &end, 10);
        return *end == '\0' && number >= 1 && number <= count ? (int)number - 1 : -1;
    }
    for (size_t c = 0; c < count; c++) {
        if (strcasecmp(sheet_cell(sheet, header, c), name) == 0) {
            return (int)c;
        }
    }
    return -1;
}

// The first row that has all the header words of the map; the guessed header when none has.
static size_t header_of_map(const struct sheet *sheet, size_t guess, char *const *names,
                            size_t count)
{
    for (size_t r = 0; r < sheet_row_count(sheet) && r < HEADER_ROWS_MAX; r++) {
        size_t found = 0;
        for (size_t i = 0; i < count; i++) {
            found += column_named(sheet, r, names[i]) >= 0 ? 1u : 0u;
        }
        if (found == count) {
            return r;
        }
    }
    return guess;
}

static enum status map_take(struct arena *arena, const struct sheet *sheet, const char *map,
                            struct columns *columns, const char **bad)
{
    char *fields[COLUMN_COUNT];
    char *names[COLUMN_COUNT];
    size_t count = 0;
    char *rest = arena_copy(arena, map, strlen(map));
    if (rest == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (char *part = strsep(&rest, ","); part != NULL; part = strsep(&rest, ",")) {
        char *name = strchr(part, '=');
        *bad = part;
        if (name == NULL || count == COLUMN_COUNT) {
            return STATUS_USAGE;
        }
        *name = '\0';
        fields[count] = part;
        names[count++] = name + 1;
        letters_replace(part, '-', '_');
        if (row_of_field(columns->kind, part) == NULL) {
            return STATUS_FIELD_NOT_CHOICE;
        }
    }
    columns->header = header_of_map(sheet, columns->header, names, count);
    for (size_t i = 0; i < count; i++) {
        const struct column_row *row = row_of_field(columns->kind, fields[i]);
        int column = column_named(sheet, columns->header, names[i]);
        *bad = names[i];
        if (row == NULL || column < 0) {
            return STATUS_NOT_FOUND;
        }
        columns->at[row->column] = column;
    }
    return STATUS_OK;
}

enum status columns_find(struct arena *arena, const struct sheet *sheet, ImportKind kind,
                         const char *map, struct columns *out, const char **bad)
{
    assert(out != NULL && bad != NULL);
    *bad = "";
    if (sheet_row_count(sheet) == 0) {
        return STATUS_READER_FAILED;
    }
    struct columns columns = {.kind = kind, .header = header_find(sheet, kind)};
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        columns.at[i] = -1;
    }
    if (map != NULL) {
        enum status status = map_take(arena, sheet, map, &columns, bad);
        if (status != STATUS_OK) {
            return status;
        }
    } else {
        // Needed fields choose first, so that an optional one never takes their column.
        for (int needed = 1; needed >= 0; needed--) {
            for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
                if (ROWS[i].kind == kind && ROWS[i].needed == (needed == 1)) {
                    column_guess(sheet, &ROWS[i], &columns);
                }
            }
        }
    }
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        if (ROWS[i].kind == kind && ROWS[i].needed && columns.at[ROWS[i].column] < 0) {
            *bad = ROWS[i].field;
            return STATUS_FIELD_MISSING;
        }
    }
    *out = columns;
    return STATUS_OK;
}

// ---- dates ----

static const char *const FORMATS[] = {
    "YYYY-MM-DD", "YYYY/MM/DD", "YYYYMMDD",   "YYYY.MM.DD", "YYYY年MM月DD日",
    "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "MM-DD-YYYY",
};

// Year, month, day: however they are parted, a date that begins with its year has one reading.
static bool is_year_first(const char *format)
{
    return strncmp(format, "YYYY", 4) == 0;
}

bool columns_day(const struct columns *columns, const char *text, int32_t *out)
{
    const char *format = columns->date_format;
    if (format == NULL) {
        return false;
    }
    bool reads = day_parse_format(text, format, out) == STATUS_OK;
    bool may_vary = columns->date_guessed && is_year_first(format);
    for (size_t f = 0; !reads && may_vary && f < COUNT_OF(FORMATS); f++) {
        reads = is_year_first(FORMATS[f]) && day_parse_format(text, FORMATS[f], out) == STATUS_OK;
    }
    return reads;
}

struct readings {
    size_t values;
    size_t year_first;               // values that begin with their year
    size_t read[COUNT_OF(FORMATS)];  // values that the format reads
    size_t alone[COUNT_OF(FORMATS)]; // of them: read by no other format
    const char *sample;              // a value, and the format that loses it
};

static void value_read(const char *text, struct readings *readings)
{
    bool reads[COUNT_OF(FORMATS)];
    bool year_first = false;
    size_t count = 0;
    size_t last = 0;
    for (size_t f = 0; f < COUNT_OF(FORMATS); f++) {
        int32_t day = 0;
        reads[f] = day_parse_format(text, FORMATS[f], &day) == STATUS_OK;
        readings->read[f] += reads[f] ? 1u : 0u;
        count += reads[f] ? 1u : 0u;
        last = reads[f] ? f : last;
        year_first = year_first || (reads[f] && is_year_first(FORMATS[f]));
    }
    readings->values++;
    readings->year_first += year_first ? 1u : 0u;
    readings->alone[last] += count == 1 ? 1u : 0u;
    readings->sample = readings->sample == NULL ? text : readings->sample;
}

static void readings_take(const struct sheet *sheet, const struct columns *columns,
                          struct readings *readings)
{
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        int column = columns->at[ROWS[i].column];
        if (ROWS[i].kind != columns->kind || ROWS[i].value != VALUE_DAY || column < 0) {
            continue;
        }
        for (size_t r = columns->header + 1; r < sheet_row_count(sheet); r++) {
            const char *text = sheet_cell(sheet, r, (size_t)column);
            if (text[0] != '\0') {
                value_read(text, readings);
            }
        }
    }
}

enum status columns_dates(struct arena *arena, const struct sheet *sheet, const char *format,
                          struct columns *columns, const char **bad)
{
    assert(columns != NULL && bad != NULL);
    *bad = "";
    columns->date_format = format;
    columns->date_guessed = format == NULL;
    if (format != NULL) {
        return STATUS_OK;
    }
    struct readings readings = {0};
    readings_take(sheet, columns, &readings);
    if (readings.values == 0) {
        return STATUS_OK;
    }
    size_t best = 0;
    for (size_t f = 1; f < COUNT_OF(FORMATS); f++) {
        best = readings.read[f] > readings.read[best] ? f : best;
    }
    const bool year_first = is_year_first(FORMATS[best]);
    const size_t read = year_first ? readings.year_first : readings.read[best];
    if (read * 2 < readings.values) {
        *bad = readings.sample;
        return STATUS_FIELD_NOT_DAY;
    }
    // Another format that reads as much leaves it open; one that alone reads some values says that
    // the file is mixed.
    for (size_t f = 0; f < COUNT_OF(FORMATS); f++) {
        const bool is_same = f == best || (year_first && is_year_first(FORMATS[f]));
        if (!is_same && (readings.read[f] == readings.read[best] || readings.alone[f] > 0)) {
            *bad = arena_print(arena, "%s: %s / %s", readings.sample, FORMATS[best], FORMATS[f]);
            return *bad == NULL ? STATUS_TOO_LARGE : STATUS_AMBIGUOUS;
        }
    }
    columns->date_format = FORMATS[best];
    columns->date_proofs = year_first ? readings.year_first : readings.alone[best];
    return STATUS_OK;
}
