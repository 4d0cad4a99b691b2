// SPDX-License-Identifier: Apache-2.0

// The library's headers say names that base.h forbids, so they come first.
// clang-format off
#include <xlsxwriter.h>
#include "client/sheet/xlsx.h"
// clang-format on

#include "client/sheet/whole.h"
#include "shared/text.h"

#include <dlfcn.h>

// Numbers of this format are doubles, and the library takes no others: here, in the child, and
// nowhere else, text becomes one, and is read back to see that nothing was lost.

#define LIBRARY         "libxlsxwriter.so.4"
#define DAY_ZERO        25569 // 1970-01-01, counted as the format counts days
#define DAY_SECONDS     86400
#define TEXT_FORMAT     49 // "@"
#define DIGITS_MAX      15
#define NUMBER_SIZE_MAX 40
#define WIDTH_MIN       6
#define WIDTH_MAX       60
#define DAY_WIDTH       10
#define MOMENT_WIDTH    19

// clang-format off
#define LIBRARY_FUNCTIONS(each) \
    each(workbook_new_opt) \
    each(workbook_add_worksheet) \
    each(workbook_add_format) \
    each(workbook_close) \
    each(lxw_workbook_free) \
    each(format_set_bold) \
    each(format_set_align) \
    each(format_set_num_format) \
    each(format_set_num_format_index) \
    each(worksheet_write_string) \
    each(worksheet_write_number) \
    each(worksheet_set_column) \
    each(worksheet_freeze_panes)

// clang-format on

struct library {
    void *handle;
#define MEMBER(name) __typeof__(&name) name;
    LIBRARY_FUNCTIONS(MEMBER)
#undef MEMBER
};

struct xlsx {
    struct library call;
    lxw_workbook *book;
    lxw_format *head;
    lxw_format *text;
    lxw_format *number_text; // of numbers that stand as text
    lxw_format *amount;
    lxw_format *percent;
    lxw_format *day;
    lxw_format *moment;

    const char *path;
    lxw_worksheet *sheet;
    size_t sheet_count;
    uint32_t written[WHOLE_SHEETS_MAX]; // rows of each sheet that have something in them
    uint32_t row;
    size_t width[WORKBOOK_COLUMNS_MAX];
    size_t column_count;
    uint32_t number_texts;
    char cell[WORKBOOK_CELL_BYTES_MAX + 1];
};

enum status xlsx_load(struct xlsx **out)
{
    assert(out != NULL);
    struct xlsx *xlsx = calloc(1, sizeof(*xlsx));
    if (xlsx == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct library *call = &xlsx->call;
    call->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    bool is_whole = call->handle != NULL;

    const struct {
        const char *name;
        void *to;
    } functions[] = {

#define FUNCTION(name) {#name, (void *)&call->name},
        LIBRARY_FUNCTIONS(FUNCTION)
#undef FUNCTION
    };
    for (size_t i = 0; i < COUNT_OF(functions) && is_whole; i++) {
        void *symbol = dlsym(call->handle, functions[i].name);
        is_whole = symbol != NULL;
        memcpy(functions[i].to, (void *)&symbol, sizeof(symbol));
    }
    if (!is_whole) {
        xlsx_free_at(&xlsx);
        return STATUS_NOT_FOUND;
    }
    *out = xlsx;
    return STATUS_OK;
}

void xlsx_free_at(struct xlsx **xlsx)
{
    if (*xlsx == NULL) {
        return;
    }
    if ((*xlsx)->book != NULL) {
        (*xlsx)->call.lxw_workbook_free((*xlsx)->book);
    }
    if ((*xlsx)->call.handle != NULL) {
        (void)dlclose((*xlsx)->call.handle);
    }
    free(*xlsx);
    *xlsx = NULL;
}

// NULL: text, also for who edits the cell.
static lxw_format *format_make(struct xlsx *xlsx, const char *number_format)
{
    lxw_format *format = xlsx->call.workbook_add_format(xlsx->book);
    if (format != NULL && number_format != NULL) {
        xlsx->call.format_set_num_format(format, number_format);
    } else if (format != NULL) {
        xlsx->call.format_set_num_format_index(format, TEXT_FORMAT);
    }
    return format;
}

enum status xlsx_begin(struct xlsx *xlsx, const char *path, uint32_t decimals)
{
    static const char *const AMOUNTS[] = {"#,##0", "#,##0.0", "#,##0.00", "#,##0.000",
                                          "#,##0.0000"};
    static_assert(COUNT_OF(AMOUNTS) == DECIMALS_MAX + 1, "a format for every currency");
    assert(xlsx->book == NULL && decimals <= DECIMALS_MAX);
    char here[] = ".";
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = here};
    xlsx->book = xlsx->call.workbook_new_opt(path, &options);
    if (xlsx->book == NULL) {
        return STATUS_ENVIRONMENT;
    }
    xlsx->path = path;
    xlsx->head = format_make(xlsx, NULL);
    xlsx->text = format_make(xlsx, NULL);
    xlsx->number_text = format_make(xlsx, NULL);
    xlsx->amount = format_make(xlsx, AMOUNTS[decimals]);
    xlsx->percent = format_make(xlsx, "0.00%");
    xlsx->day = format_make(xlsx, "yyyy-mm-dd");
    xlsx->moment = format_make(xlsx, "yyyy-mm-dd hh:mm:ss");
    if (xlsx->head == NULL || xlsx->text == NULL || xlsx->number_text == NULL ||
        xlsx->amount == NULL || xlsx->percent == NULL || xlsx->day == NULL ||
        xlsx->moment == NULL) {
        return STATUS_ENVIRONMENT;
    }
    xlsx->call.format_set_bold(xlsx->head);
    xlsx->call.format_set_align(xlsx->number_text, LXW_ALIGN_RIGHT);
    return STATUS_OK;
}

// The library does not look at what writing its scratch files came to.
static enum status sheet_close(struct xlsx *xlsx)
{
    if (xlsx->sheet == NULL) {
        return STATUS_OK;
    }
    for (size_t c = 0; c < xlsx->column_count; c++) {
        const size_t width = xlsx->width[c] < WIDTH_MIN   ? WIDTH_MIN
                             : xlsx->width[c] > WIDTH_MAX ? WIDTH_MAX
                                                          : xlsx->width[c];
        if (xlsx->call.worksheet_set_column(xlsx->sheet, (lxw_col_t)c, (lxw_col_t)c,
                                            (double)width + 1.5, NULL) != LXW_NO_ERROR) {
            return STATUS_ENVIRONMENT;
        }
    }
    FILE *scratch = xlsx->sheet->optimize_tmpfile;
    const bool is_written = scratch != NULL && fflush(scratch) == 0 && ferror(scratch) == 0;
    xlsx->sheet = NULL;
    return is_written ? STATUS_OK : STATUS_FILE_ERROR;
}

enum status xlsx_sheet(struct xlsx *xlsx, const char *name)
{
    assert(xlsx->book != NULL && name != NULL);
    enum status status = sheet_close(xlsx);
    if (status != STATUS_OK) {
        return status;
    }
    if (xlsx->sheet_count == WHOLE_SHEETS_MAX) {
        return STATUS_TOO_LARGE;
    }
    char clean[WORKBOOK_NAME_CHARS_MAX * 4 + 1];
    size_t size = 0;
    size_t count = 0;
    for (const char *c = name; *c != '\0'; c++) {
        const bool begins = ((unsigned char)*c & 0xc0) != 0x80;
        if (begins && ++count > WORKBOOK_NAME_CHARS_MAX) {
            break;
        }
        clean[size++] = strchr("[]:*?/\\'", *c) != NULL ? ' ' : *c;
        assert(size < sizeof(clean));
    }
    clean[size] = '\0';
    xlsx->sheet = xlsx->call.workbook_add_worksheet(xlsx->book, clean);
    xlsx->sheet_count++;
    xlsx->row = 0;
    xlsx->column_count = 0;
    memset(xlsx->width, 0, sizeof(xlsx->width));
    return xlsx->sheet != NULL ? STATUS_OK : STATUS_MALFORMED;
}

// ---- text ----

// "_x001b_" in a text would be read as the character that it names.
static bool is_escape(const char *text)
{
    if (text[0] != '_' || text[1] != 'x') {
        return false;
    }
    for (size_t i = 2; i < 6; i++) {
        const char c = ascii_lower(text[i]);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return text[6] == '_';
}

static size_t units_of(unsigned char first)
{
    return (first & 0xc0) == 0x80 ? 0 : first >= 0xf0 ? 2 : 1;
}

// What the cell holds: escapes escaped, and cut with an ellipsis at the longest that the format
// knows.
static const char *text_fit_in(struct xlsx *xlsx, const char *text)
{
    static const char ESCAPE[] = "_x005F_";
    static const char MORE[] = "…";
    size_t size = 0;
    size_t units = 0;
    size_t cut = 0; // where the text ends if it must be cut
    for (const char *c = text; *c != '\0'; c++) {
        const bool escape = is_escape(c);
        const size_t more = escape ? sizeof(ESCAPE) - 1 : units_of((unsigned char)*c);
        cut = more > 0 && units < WORKBOOK_CELL_UNITS_MAX ? size : cut;
        units += more;
        if (units > WORKBOOK_CELL_UNITS_MAX) {
            memcpy(xlsx->cell + cut, MORE, sizeof(MORE));
            return xlsx->cell;
        }
        if (escape) {
            memcpy(xlsx->cell + size, ESCAPE, sizeof(ESCAPE) - 1);
            size += sizeof(ESCAPE) - 1;
        } else {
            xlsx->cell[size++] = *c;
        }
    }
    assert(size < sizeof(xlsx->cell));
    xlsx->cell[size] = '\0';
    return xlsx->cell;
}

// ---- numbers ----

// The digits of "-1234.50" that count: without zeros at the ends. 0 of zero; more than any number
// has of what is no number.
static size_t digits_of(const char *text)
{
    size_t digits = 0;
    size_t zeros = 0; // behind the last other digit
    bool has_point = false;
    for (const char *c = text + (text[0] == '-' ? 1 : 0); *c != '\0'; c++) {
        const bool is_point = *c == '.' && !has_point;
        if (!is_point && (*c < '0' || *c > '9')) {
            return SIZE_MAX;
        }
        has_point = has_point || is_point;
        if (*c == '0') {
            zeros += digits > 0 ? 1u : 0u;
        } else if (!is_point) {
            digits += zeros + 1;
            zeros = 0;
        }
    }
    return digits;
}

// The double of the text, if whoever reads the file gets the very same one: a program that knows 15
// digits then shows the digits of the text.
static bool number_of(const char *text, double *out)
{
    if (digits_of(text) > DIGITS_MAX) {
        return false;
    }
    const double value = strtod(text, NULL);
    char printed[NUMBER_SIZE_MAX];
    (void)snprintf(printed, sizeof(printed), "%.16G", value); // as the library prints it
    const double again = strtod(printed, NULL);
    *out = value;
    return !(again < value) && !(again > value);
}

// A whole number that came as text, for days and seconds.
static bool whole_of(const char *text, long long *out)
{
    char *end = NULL;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0';
}

struct value {
    lxw_format *format;
    double number;
    size_t width;
};

// The number that the cell holds and how it is shown; false when it is to stand as text.
static bool value_of(struct xlsx *xlsx, const struct sheet_cell *cell, struct value *out)
{
    const size_t size = strlen(cell->text);
    long long whole = 0;
    switch (cell->kind) {
    case CELL_AMOUNT:
        *out = (struct value){.format = xlsx->amount, .width = size + size / 3};
        return number_of(cell->text, &out->number);
    case CELL_NUMBER:
        *out = (struct value){.width = size};
        return number_of(cell->text, &out->number);
    case CELL_PERCENT:
        *out = (struct value){.format = xlsx->percent, .width = size + 3};
        return number_of(cell->text, &out->number);
    case CELL_DAY:
        *out = (struct value){.format = xlsx->day, .width = DAY_WIDTH};
        out->number = whole_of(cell->text, &whole) ? (double)(whole + DAY_ZERO) : 0.0;
        return out->number > 60.0; // before March 1900 the format counts a day that never was
    case CELL_MOMENT:
        *out = (struct value){.format = xlsx->moment, .width = MOMENT_WIDTH};
        out->number = whole_of(cell->text, &whole) ? DAY_ZERO + (double)whole / DAY_SECONDS : 0.0;
        return out->number > 60.0;
    case CELL_TEXT:
        break;
    }
    return false;
}

static bool cell_write(struct xlsx *xlsx, size_t column, bool is_head,
                       const struct sheet_cell *cell)
{
    lxw_worksheet *sheet = xlsx->sheet;
    struct value value = {0};
    if (cell->text == NULL || cell->text[0] == '\0') {
        return true;
    }
    size_t width = 0;
    lxw_error error = LXW_NO_ERROR;
    if (cell->kind != CELL_TEXT && value_of(xlsx, cell, &value)) {
        width = value.width;
        error = xlsx->call.worksheet_write_number(sheet, xlsx->row, (lxw_col_t)column, value.number,
                                                  value.format);
    } else {
        lxw_format *format = is_head                   ? xlsx->head
                             : cell->kind == CELL_TEXT ? xlsx->text
                                                       : xlsx->number_text;
        xlsx->number_texts += cell->kind == CELL_TEXT ? 0u : 1u;
        width = text_cells(cell->text);
        error = xlsx->call.worksheet_write_string(sheet, xlsx->row, (lxw_col_t)column,
                                                  text_fit_in(xlsx, cell->text), format);
    }
    xlsx->width[column] = width > xlsx->width[column] ? width : xlsx->width[column];
    return error == LXW_NO_ERROR;
}

enum status xlsx_row(struct xlsx *xlsx, bool is_head, const struct sheet_cell *cells, size_t count)
{
    assert(xlsx->sheet != NULL && (cells != NULL || count == 0));
    if (count > WORKBOOK_COLUMNS_MAX || xlsx->row > WORKBOOK_ROWS_MAX) {
        return STATUS_TOO_LARGE;
    }
    bool is_empty = true;
    for (size_t c = 0; c < count; c++) {
        if (!cell_write(xlsx, c, is_head, &cells[c])) {
            return STATUS_FILE_ERROR;
        }
        is_empty = is_empty && (cells[c].text == NULL || cells[c].text[0] == '\0');
    }
    xlsx->row++;
    xlsx->written[xlsx->sheet_count - 1] += is_empty ? 0 : 1;
    if (is_head) {
        xlsx->call.worksheet_freeze_panes(xlsx->sheet, xlsx->row, 0);
    }
    xlsx->column_count = count > xlsx->column_count ? count : xlsx->column_count;
    return STATUS_OK;
}

enum status xlsx_end(struct xlsx *xlsx)
{
    assert(xlsx->book != NULL);
    enum status status = sheet_close(xlsx);
    if (status != STATUS_OK) {
        return status;
    }
    const lxw_error error = xlsx->call.workbook_close(xlsx->book);
    xlsx->book = NULL;
    return error == LXW_NO_ERROR && whole_is(xlsx->path, xlsx->written, xlsx->sheet_count)
               ? STATUS_OK
               : STATUS_FILE_ERROR;
}

uint32_t xlsx_number_texts(const struct xlsx *xlsx)
{
    return xlsx->number_texts;
}
