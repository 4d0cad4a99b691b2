// SPDX-License-Identifier: Apache-2.0
#include "client/import/fence.h"
#include "client/import/rows.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARENA_BYTES (64u * 1024 * 1024)

// What a reader would have written for this text.
struct output {
    uint8_t data[8192];
    size_t size;
};

static void output_u32(struct output *output, uint32_t value)
{
    put_u32(output->data + output->size, value);
    output->size += 4;
}

static bool output_row(void *context, uint32_t number, const struct reader_cells *cells)
{
    struct output *output = context;
    output->data[output->size++] = READER_ROW;
    output_u32(output, number);
    output_u32(output, (uint32_t)cells->count);
    for (size_t i = 0; i < cells->count; i++) {
        output_u32(output, (uint32_t)cells->cell[i].size);
        memcpy(output->data + output->size, cells->cell[i].data, cells->cell[i].size);
        output->size += cells->cell[i].size;
        output->data[output->size++] = 0;
    }
    return true;
}

static enum status text_parse(const char *text, struct output *output, uint32_t *bad_row)
{
    const char head[] = READER_MAGIC "\x01,";
    memcpy(output->data, head, sizeof(head));
    output->size = READER_HEAD_BYTES;
    struct bytes bytes = bytes_of(text, strlen(text));
    enum status status =
        reader_parse(bytes, reader_delimiter(bytes), READER_STRICT, output_row, output, bad_row);
    output->data[output->size++] = READER_END;
    output_u32(output, (uint32_t)status);
    output_u32(output, *bad_row);
    return status;
}

static struct sheet *sheet_make(const char *text)
{
    struct output output = {0};
    uint32_t bad_row = 0;
    assert_int_equal(text_parse(text, &output, &bad_row), STATUS_OK);
    uint8_t *copy = malloc(output.size);
    assert_non_null(copy);
    memcpy(copy, output.data, output.size);
    struct sheet *sheet = NULL;
    assert_int_equal(sheet_of_output(copy, output.size, &sheet, &bad_row), STATUS_OK);
    return sheet;
}

static void cells_come_trimmed_and_in_one_line(void **state)
{
    (void)state;
    CLEANUP(sheet_free_at)
    struct sheet *sheet =
        sheet_make("a, b ,\"c\nd\"\r\n\"x \"\"y\"\"\",\xe3\x80\x80z\xe3\x80\x80,\r\n");
    assert_int_equal(sheet_row_count(sheet), 2);
    assert_string_equal(sheet_cell(sheet, 0, 1), "b");
    assert_string_equal(sheet_cell(sheet, 0, 2), "c d");
    assert_string_equal(sheet_cell(sheet, 1, 0), "x \"y\"");
    assert_string_equal(sheet_cell(sheet, 1, 1), "z");
    assert_string_equal(sheet_cell(sheet, 1, 2), "");
    assert_string_equal(sheet_cell(sheet, 1, 9), "");
    assert_int_equal(sheet_row(sheet, 1)->number, 2);
}

static void a_quoted_field_that_does_not_end_is_refused_with_its_row(void **state)
{
    (void)state;
    struct output output = {0};
    uint32_t bad_row = 0;
    assert_int_equal(text_parse("a,b\n1,2\n3,\"4\n5,6\n", &output, &bad_row), STATUS_READER_FAILED);
    assert_int_equal(bad_row, 3);
    uint8_t *copy = malloc(output.size);
    memcpy(copy, output.data, output.size);
    struct sheet *sheet = NULL;
    uint32_t row = 0;
    assert_int_equal(sheet_of_output(copy, output.size, &sheet, &row), STATUS_READER_FAILED);
    assert_int_equal(row, 3);
    assert_null(sheet);
}

static void the_delimiter_is_the_one_of_most_lines(void **state)
{
    (void)state;
    assert_int_equal(reader_delimiter(bytes_of("a;b;c\n1,2;3\n", 12)), ';');
    assert_int_equal(reader_delimiter(bytes_of("a\tb\n", 4)), '\t');
    assert_int_equal(reader_delimiter(bytes_of("\"a;b;c\",d\n", 10)), ',');
    assert_int_equal(reader_delimiter(bytes_of("bank, export\na;b;c\n1;2;3\n", 25)), ';');
    assert_int_equal(reader_delimiter(bytes_of("", 0)), ',');
}

// Nothing that a broken reader writes is believed.
static void output_of_a_lying_reader_is_refused(void **state)
{
    (void)state;
    struct output output = {0};
    uint32_t bad_row = 0;
    assert_int_equal(text_parse("a,b\n1,2\n", &output, &bad_row), STATUS_OK);
    for (size_t size = 0; size < output.size; size++) {
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, output.data, size);
        struct sheet *sheet = NULL;
        assert_int_equal(sheet_of_output(copy, size, &sheet, &bad_row), STATUS_READER_FAILED);
    }
    // A size that reaches beyond the end, and a zero inside a cell.
    static const size_t PLACES[] = {READER_HEAD_BYTES + 5, READER_HEAD_BYTES + 9,
                                    READER_HEAD_BYTES + 12};
    for (size_t i = 0; i < COUNT_OF(PLACES); i++) {
        uint8_t *copy = malloc(output.size);
        memcpy(copy, output.data, output.size);
        copy[PLACES[i]] = 0x7f;
        struct sheet *sheet = NULL;
        assert_int_equal(sheet_of_output(copy, output.size, &sheet, &bad_row),
                         STATUS_READER_FAILED);
    }
}

static struct columns columns_of(struct arena *arena, const struct sheet *sheet, ImportKind kind,
                                 const char *map)
{
    struct columns columns = {0};
    const char *bad = "";
    assert_int_equal(columns_find(arena, sheet, kind, map, &columns, &bad), STATUS_OK);
    return columns;
}

static void columns_are_guessed_from_english_and_chinese_headers(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    CLEANUP(sheet_free_at)
    struct sheet *english = sheet_make(
        "countrycode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,"
        "SettledDate,PaperlessBill,DaysToSettle,DaysLate\n");
    struct columns columns = columns_of(arena, english, IMPORT_KIND__IMPORT_KIND_INVOICES, NULL);
    assert_int_equal(columns.at[COLUMN_CUSTOMER], 1);
    assert_int_equal(columns.at[COLUMN_REFERENCE], 3);
    assert_int_equal(columns.at[COLUMN_DATE], 4);
    assert_int_equal(columns.at[COLUMN_DUE], 5);
    assert_int_equal(columns.at[COLUMN_AMOUNT], 6);
    assert_int_equal(columns.at[COLUMN_DISPUTED], 7);
    assert_int_equal(columns.at[COLUMN_SETTLED], 8);
    assert_int_equal(columns.at[COLUMN_CUSTOMER_NAME], -1);
    CLEANUP(sheet_free_at)
    struct sheet *chinese = sheet_make(
        "某某银行导出\n导出时间,2026-01-01\n\n发票号码,开票日期,客户编号,客户名称,价税合计\n");
    columns = columns_of(arena, chinese, IMPORT_KIND__IMPORT_KIND_INVOICES, NULL);
    assert_int_equal(columns.header, 2);
    assert_int_equal(columns.at[COLUMN_REFERENCE], 0);
    assert_int_equal(columns.at[COLUMN_DATE], 1);
    assert_int_equal(columns.at[COLUMN_CUSTOMER], 2);
    assert_int_equal(columns.at[COLUMN_CUSTOMER_NAME], 3);
    assert_int_equal(columns.at[COLUMN_AMOUNT], 4);
}

static void a_map_says_all_and_its_mistakes_are_named(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    CLEANUP(sheet_free_at) struct sheet *sheet = sheet_make("A,B,C,D\n1,2,3,4\n");
    const char *map = "reference=A,customer=b,date=#3,amount=D";
    struct columns columns = columns_of(arena, sheet, IMPORT_KIND__IMPORT_KIND_INVOICES, map);
    assert_int_equal(columns.at[COLUMN_CUSTOMER], 1);
    assert_int_equal(columns.at[COLUMN_DATE], 2);

    static const struct {
        const char *map;
        enum status status;
        const char *bad;
    } WRONG[] = {
        {"reference=A,colour=B", STATUS_FIELD_NOT_CHOICE, "colour"},
        {"reference=A,customer=X,date=C,amount=D", STATUS_NOT_FOUND, "X"},
        {"reference=A,customer=#9,date=C,amount=D", STATUS_NOT_FOUND, "#9"},
        {"reference=A,date=C,amount=D", STATUS_FIELD_MISSING, "customer"},
        {"reference", STATUS_USAGE, "reference"},
    };

    for (size_t i = 0; i < COUNT_OF(WRONG); i++) {
        const char *bad = "";
        enum status status = columns_find(arena, sheet, IMPORT_KIND__IMPORT_KIND_INVOICES,
                                          WRONG[i].map, &columns, &bad);
        assert_int_equal(status, WRONG[i].status);
        assert_string_equal(bad, WRONG[i].bad);
    }
}

static enum status dates_of(struct arena *arena, const char *text, struct columns *columns)
{
    CLEANUP(sheet_free_at) struct sheet *sheet = sheet_make(text);
    *columns = columns_of(arena, sheet, IMPORT_KIND__IMPORT_KIND_INVOICES, NULL);
    const char *bad = "";
    return columns_dates(arena, sheet, NULL, columns, &bad);
}

static void dates_are_settled_by_the_data_or_refused(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);

    static const struct {
        const char *rows;
        enum status status;
        const char *format;
    } CASES[] = {
        {"1,K,2026-01-02,5\n", STATUS_OK, "YYYY-MM-DD"},
        {"1,K,2026-01-02 08:26:00,5\n", STATUS_OK, "YYYY-MM-DD"},
        {"1,K,20260102,5\n", STATUS_OK, "YYYYMMDD"},
        {"1,K,03/01/2012,5\n2,K,23/01/2012,5\n", STATUS_OK, "DD/MM/YYYY"},
        {"1,K,03/01/2012,5\n2,K,01/23/2012,5\n", STATUS_OK, "MM/DD/YYYY"},
        {"1,K,03/01/2012,5\n2,K,04/05/2012,5\n", STATUS_AMBIGUOUS, NULL},
        {"1,K,23/01/2012,5\n2,K,01/23/2012,5\n3,K,23/02/2012,5\n", STATUS_AMBIGUOUS, NULL},
        {"1,K,soon,5\n", STATUS_FIELD_NOT_DAY, NULL},
        {"1,K,,5\n", STATUS_OK, NULL},
    };

    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        char text[512];
        (void)snprintf(text, sizeof(text), "invoiceno,customer,date,amount\n%s", CASES[i].rows);
        struct columns columns = {0};
        assert_int_equal(dates_of(arena, text, &columns), CASES[i].status);
        if (CASES[i].status == STATUS_OK && CASES[i].format == NULL) {
            assert_null(columns.date_format);
        } else if (CASES[i].status == STATUS_OK) {
            assert_string_equal(columns.date_format, CASES[i].format);
        }
    }
}

static void rows_of(struct arena *arena, const struct sheet *sheet, ImportKind kind,
                    struct rows *rows)
{
    struct columns columns = columns_of(arena, sheet, kind, NULL);
    const char *bad = "";
    assert_int_equal(columns_dates(arena, sheet, NULL, &columns, &bad), STATUS_OK);
    const struct rows_context context = {.arena = arena, .currency = "GBP", .decimals = 2};
    assert_int_equal(rows_make(&context, sheet, &columns, rows), STATUS_OK);
}

static void lines_are_gathered_into_documents_over_the_whole_file(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    CLEANUP(sheet_free_at)
    struct sheet *sheet = sheet_make(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,UK\n"
        "536366,22633,,3,2010-12-01 08:28:00,1.333,,UK\n"
        "536365,71053,\"LANTERN, WHITE\",6,2010-12-01 08:27:00,3.39,17850.0,UK\n"
        "C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527.0,UK\n"
        "536414,22139,,56,2010-12-01 11:52:00,0.0,,UK\n");
    struct rows rows;
    rows_of(arena, sheet, IMPORT_KIND__IMPORT_KIND_INVOICE_LINES, &rows);
    assert_int_equal(rows.problem_count, 0);
    assert_int_equal(rows.count, 4);
    assert_int_equal(rows.line_count, 5);
    const ImportDocument *first = rows.row[0]->document;
    assert_int_equal(rows.row[0]->row, 2);
    assert_string_equal(first->reference, "536365");
    assert_string_equal(first->customer_reference, "17850");
    assert_int_equal(first->n_line, 2);
    assert_int_equal(first->line[1]->price_micro, 3390000);
    const ImportDocument *nobody = rows.row[1]->document;
    assert_true(nobody->walk_in);
    assert_string_equal(nobody->line[0]->description, "22633");
    assert_int_equal(rows.row[2]->document->kind, INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE);
    assert_int_equal(rows.row[3]->document->kind, INVOICE_KIND__INVOICE_KIND_INVOICE);
    // 15.30 + 20.34, 3.999 rounded to 4.00, -27.50, 0.00
    assert_int_equal(rows.total_minor, 3564 + 400 - 2750);
    assert_int_equal(rows.credit_note_count, 1);
    assert_int_equal(rows.zero_count, 1);
    assert_int_equal(rows.walk_in_count, 2);
    assert_int_equal(rows.customer_count, 2);
}

// domain.md d.11: 299.33, 179.33 and 99.34 at 20 % are 693.61 by line and 693.60 on total.
static void totals_are_rounded_as_the_source_does(void **state)
{
    (void)state;

    static const struct {
        bool inclusive;
        bool tax_on_total;
        int64_t total_minor;
    } CASES[] = {
        {false, false, 69361 + 113}, {false, true, 69360 + 113}, {true, true, 57800 + 100}};
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    CLEANUP(sheet_free_at)
    struct sheet *sheet = sheet_make("InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,TaxRate\n"
                                     "A,x,1,2010-12-01,299.33,20%\nA,y,1,2010-12-01,179.33,20%\n"
                                     "A,z,1,2010-12-01,99.34,20%\nB,x,1,2010-12-01,1.00,13%\n");
    const char *bad = "";
    struct columns columns = columns_of(arena, sheet, IMPORT_KIND__IMPORT_KIND_INVOICE_LINES, NULL);
    assert_int_equal(columns_dates(arena, sheet, NULL, &columns, &bad), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct rows rows;
        const struct rows_context context = {.arena = arena,
                                             .currency = "GBP",
                                             .decimals = 2,
                                             .inclusive = CASES[i].inclusive,
                                             .tax_on_total = CASES[i].tax_on_total};
        assert_int_equal(rows_make(&context, sheet, &columns, &rows), STATUS_OK);
        assert_int_equal(rows.total_minor, CASES[i].total_minor);
        assert_int_equal(rows.row[0]->document->inclusive, CASES[i].inclusive);
        assert_int_equal(rows.row[0]->document->tax_on_total, CASES[i].tax_on_total);
    }
}

static void a_document_with_a_bad_line_is_left_out_as_a_whole(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    CLEANUP(sheet_free_at)
    struct sheet *sheet = sheet_make("InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice\n"
                                     "A,x,1,2010-12-01,1\nB,x,1,2010-12-01,1\n"
                                     "A,y,two,2010-12-01,1\nB,y,1,2010-12-01,1\n");
    struct rows rows;
    rows_of(arena, sheet, IMPORT_KIND__IMPORT_KIND_INVOICE_LINES, &rows);
    assert_int_equal(rows.count, 1);
    assert_string_equal(rows.row[0]->document->reference, "B");
    assert_int_equal(rows.line_count, 2);
    assert_int_equal(rows.problem_count, 1);
    assert_int_equal(rows.problem[0].row, 4);
    assert_string_equal(rows.problem[0].value, "two");
    assert_int_equal(rows.total_minor, 200);
}

static void bad_rows_are_named_with_row_field_and_value(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    CLEANUP(sheet_free_at)
    struct sheet *sheet = sheet_make(
        "reference,customer,date,amount,disputed\nA1,K1,2026-01-02,10.00,no\nA2,K2,2026-02-30,10.00,\n"
        "A3,K3,2026-01-02,ten,\n,K4,2026-01-02,1,\nA5,,2026-01-02,1,maybe\nA1,K1,2026-01-02,10.00,\n,,,,\n");
    struct rows rows;
    rows_of(arena, sheet, IMPORT_KIND__IMPORT_KIND_INVOICES, &rows);
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.total_minor, 1000);
    assert_int_equal(rows.bad_rows, 5);
    static const struct row_problem WANTED[] = {
        {3, STATUS_FIELD_NOT_DAY, "date", "2026-02-30"},
        {4, STATUS_FIELD_NOT_AMOUNT, "amount", "ten"},
        {5, STATUS_FIELD_MISSING, "reference", ""},
        {6, STATUS_FIELD_NOT_CHOICE, "disputed", "maybe"},
        {7, STATUS_FIELD_NOT_UNIQUE, "reference", "A1"},
    };
    assert_int_equal(rows.problem_count, COUNT_OF(WANTED));
    for (size_t i = 0; i < COUNT_OF(WANTED); i++) {
        assert_int_equal(rows.problem[i].row, WANTED[i].row);
        assert_int_equal(rows.problem[i].code, WANTED[i].code);
        assert_string_equal(rows.problem[i].field, WANTED[i].field);
        assert_string_equal(rows.problem[i].value, WANTED[i].value);
    }
}

enum escape { ESCAPE_NONE, ESCAPE_OPEN, ESCAPE_SOCKET, ESCAPE_FORK, ESCAPE_WRITE_FILE };

// What becomes of a process that closes the fence and then tries this: its exit code, or minus its
// signal.
static int escape_try(enum escape escape, int file)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool escaped = false;
        if (dup2(file, STDOUT_FILENO) < 0 || fence_close() != STATUS_OK) {
            _exit(2);
        }
        switch (escape) {
        case ESCAPE_NONE:
            break;
        case ESCAPE_OPEN:
            escaped = open("/etc/passwd", O_RDONLY) >= 0;
            break;
        case ESCAPE_SOCKET:
            escaped = socket(AF_INET, SOCK_STREAM, 0) >= 0;
            break;
        case ESCAPE_FORK:
            escaped = fork() >= 0;
            break;
        case ESCAPE_WRITE_FILE:
            escaped = write(STDOUT_FILENO, "x", 1) == 1;
            break;
        }
        _exit(escaped ? 1 : 0);
    }
    int ended = 0;
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    return WIFSIGNALED(ended) ? -WTERMSIG(ended) : WEXITSTATUS(ended);
}

static void the_fence_lets_nothing_out(void **state)
{
    (void)state;
    if (!fence_is_full()) {
        skip();
    }
    FILE *file = tmpfile();
    assert_non_null(file);
    int descriptor = fileno(file);
    assert_int_equal(escape_try(ESCAPE_NONE, descriptor), 0);
    assert_int_equal(escape_try(ESCAPE_OPEN, descriptor), -SIGSYS);
    assert_int_equal(escape_try(ESCAPE_SOCKET, descriptor), -SIGSYS);
    assert_int_equal(escape_try(ESCAPE_FORK, descriptor), -SIGSYS);
    assert_int_equal(escape_try(ESCAPE_WRITE_FILE, descriptor), -SIGXFSZ);
    (void)fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_come_trimmed_and_in_one_line),
        cmocka_unit_test(a_quoted_field_that_does_not_end_is_refused_with_its_row),
        cmocka_unit_test(the_delimiter_is_the_one_of_most_lines),
        cmocka_unit_test(output_of_a_lying_reader_is_refused),
        cmocka_unit_test(columns_are_guessed_from_english_and_chinese_headers),
        cmocka_unit_test(a_map_says_all_and_its_mistakes_are_named),
        cmocka_unit_test(dates_are_settled_by_the_data_or_refused),
        cmocka_unit_test(lines_are_gathered_into_documents_over_the_whole_file),
        cmocka_unit_test(totals_are_rounded_as_the_source_does),
        cmocka_unit_test(a_document_with_a_bad_line_is_left_out_as_a_whole),
        cmocka_unit_test(the_fence_lets_nothing_out),
        cmocka_unit_test(bad_rows_are_named_with_row_field_and_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
