// SPDX-License-Identifier: Apache-2.0
#include "client/import/fence.h"
#include "client/sheet/whole.h"
#include "client/sheet/workbook.h"
#include "client/sheet/writer.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// This program is its own writer, as kontor is. A workbook of one of these names has a writer that
// does not do its work.
#define KILLED  "killed.xlsx"
#define LIAR    "liar.xlsx"
#define PROGRAM "/proc/self/exe"
#define MARKS   10000

struct shelf {
    struct temporary place;
    char path[PATH_MAX];
    char *part; // of a file, once part_read was called
};

static int shelf_up(void **state)
{
    struct shelf *shelf = calloc(1, sizeof(*shelf));
    assert_non_null(shelf);
    temporary_make(&shelf->place);
    temporary_path(&shelf->place, "book.xlsx", shelf->path, sizeof(shelf->path));
    *state = shelf;
    return 0;
}

static int shelf_down(void **state)
{
    struct shelf *shelf = *state;
    temporary_remove(&shelf->place);
    free(shelf->part);
    free(shelf);
    return 0;
}

// What lies in the directory.
static size_t files_count(const struct shelf *shelf)
{
    DIR *directory = opendir(shelf->place.dir);
    assert_non_null(directory);
    size_t count = 0;
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        count += entry->d_name[0] == '.' ? 0 : 1;
    }
    (void)closedir(directory);
    return count;
}

static const char *part_read(struct shelf *shelf, const char *part)
{
    char line[PATH_MAX + 128];
    (void)snprintf(line, sizeof(line), "unzip -p '%s' '%s'", shelf->path, part);
    FILE *unzip = popen(line, "r"); // NOLINT(cert-env33-c): a test of ours, names of ours
    assert_non_null(unzip);
    free(shelf->part);
    shelf->part = NULL;
    size_t size = 0;
    assert_true(getdelim(&shelf->part, &size, 0, unzip) > 0);
    assert_int_equal(pclose(unzip), 0);
    return shelf->part;
}

static void part_says(struct shelf *shelf, const char *part, const char *text)
{
    const char *content = part_read(shelf, part);
    if (strstr(content, text) == NULL) {
        print_error("%s does not say %s:\n%.2000s\n", part, text, content);
        fail();
    }
}

static void row_put(struct workbook *workbook, enum cell_kind kind, const char *text)
{
    const struct sheet_cell cell = {kind, text};
    assert_int_equal(workbook_row(workbook, false, &cell, 1), STATUS_OK);
}

static struct workbook *book_open(const struct shelf *shelf)
{
    struct workbook *workbook = NULL;
    assert_int_equal(workbook_open(PROGRAM, shelf->path, 2, &workbook), STATUS_OK);
    return workbook;
}

static uint32_t book_end(struct workbook *workbook)
{
    uint32_t number_texts = 0;
    assert_int_equal(workbook_end(workbook, false, &number_texts), STATUS_OK);
    workbook_close_at(&workbook);
    return number_texts;
}

static void text_is_a_string_whatever_it_begins_with(void **state)
{
    static const char *const TEXTS[][2] = {
        {"=1+1", "<t>=1+1</t>"},
        {"+86 138", "<t>+86 138</t>"},
        {"-2+3", "<t>-2+3</t>"},
        {"@SUM(A1)", "<t>@SUM(A1)</t>"},
        {"\t=1+1", "<t xml:space=\"preserve\">\t=1+1</t>"},
        {"a\nb", "<t>a\nb</t>"},
        {"<a href=\"x\">&amp;</a>", "<t>&lt;a href=\"x\"&gt;&amp;amp;&lt;/a&gt;</t>"},
        {"http://example.org/", "<t>http://example.org/</t>"},
        {"0012", "<t>0012</t>"},
        {"_x001B_ _x003d_1 __x0041_ _x12_",
         "<t>_x005F_x001B_ _x005F_x003d_1 __x005F_x0041_ _x12_</t>"},
        {"𠮷田商店 深圳市恒通贸易有限公司", "<t>𠮷田商店 深圳市恒通贸易有限公司</t>"},
    };
    struct shelf *shelf = *state;
    struct workbook *workbook = book_open(shelf);
    assert_int_equal(workbook_sheet(workbook, "customer list"), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        row_put(workbook, CELL_TEXT, TEXTS[i][0]);
    }
    assert_int_equal(book_end(workbook), 0);
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        part_says(shelf, "xl/worksheets/sheet1.xml", TEXTS[i][1]);
    }
    assert_null(strstr(shelf->part, "<f>"));
    assert_null(strstr(shelf->part, "<hyperlink"));
}

static void ten_thousand_marks_are_whole_and_too_much_text_is_cut(void **state)
{
    struct shelf *shelf = *state;
    struct workbook *workbook = book_open(shelf);
    assert_int_equal(workbook_sheet(workbook, "marks"), STATUS_OK);
    static char marks[5 + 2 * MARKS + 5];
    size_t size = (size_t)snprintf(marks, sizeof(marks), "<t>e");
    for (size_t i = 0; i < MARKS; i++) {
        memcpy(marks + size, "\xcc\x81", 2);
        size += 2;
    }
    marks[size] = '\0';
    row_put(workbook, CELL_TEXT, marks + 3);
    memcpy(marks + size, "</t>", 5);
    static char much[4 * WORKBOOK_CELL_UNITS_MAX + 1];
    for (size_t i = 0; i < WORKBOOK_CELL_UNITS_MAX; i++) {
        memcpy(much + 4 * i, "𠮷", 4); // two units each
    }
    much[4 * WORKBOOK_CELL_UNITS_MAX] = '\0';
    row_put(workbook, CELL_TEXT, much);
    assert_int_equal(book_end(workbook), 0);
    part_says(shelf, "xl/worksheets/sheet1.xml", marks);
    memcpy(much + 4 * (WORKBOOK_CELL_UNITS_MAX / 2), "…</t>", sizeof("…</t>"));
    part_says(shelf, "xl/worksheets/sheet1.xml", much);
}

static void numbers_are_exact_or_text(void **state)
{
    static const struct {
        enum cell_kind kind;
        const char *text;
        const char *cell;
    } CELLS[] = {
        {CELL_AMOUNT, "0.00", "<v>0</v>"},
        {CELL_AMOUNT, "1234.50", "<v>1234.5</v>"},
        {CELL_AMOUNT, "-0.01", "<v>-0.01</v>"},
        {CELL_AMOUNT, "9999999999999.00", "<v>9999999999999</v>"},
        {CELL_AMOUNT, "9999999999999.25", "<v>9999999999999.25</v>"},
        {CELL_AMOUNT, "-12345678901234.56", "<t>-12345678901234.56</t>"},
        {CELL_AMOUNT, "12345678901234567.00", "<t>12345678901234567.00</t>"},
        {CELL_NUMBER, "0.000001", "<v>1E-06</v>"},
        {CELL_NUMBER, "18446744073709551615", "<t>18446744073709551615</t>"},
        {CELL_PERCENT, "0.13", "<v>0.13</v>"},
        {CELL_DAY, "20778", "<v>46347</v>"},      // 2026-11-21
        {CELL_DAY, "-25567", "<t>-25567</t>"},    // 1900-01-01: the format is a day off
        {CELL_MOMENT, "86400", "<v>25570</v>"},   // 1970-01-02
        {CELL_MOMENT, "43200", "<v>25569.5</v>"}, // noon
        {CELL_AMOUNT, "nonsense", "<t>nonsense</t>"},
    };
    struct shelf *shelf = *state;
    struct workbook *workbook = book_open(shelf);
    assert_int_equal(workbook_sheet(workbook, "amounts"), STATUS_OK);
    uint32_t texts = 0;
    for (size_t i = 0; i < COUNT_OF(CELLS); i++) {
        row_put(workbook, CELLS[i].kind, CELLS[i].text);
        texts += CELLS[i].cell[1] == 't' ? 1 : 0;
    }
    assert_int_equal(book_end(workbook), texts);
    for (size_t i = 0; i < COUNT_OF(CELLS); i++) {
        part_says(shelf, "xl/worksheets/sheet1.xml", CELLS[i].cell);
    }
    part_says(shelf, "xl/styles.xml", "formatCode=\"#,##0.00\"");
    part_says(shelf, "xl/styles.xml", "formatCode=\"yyyy-mm-dd\"");
}

// Every amount of a day's work comes back as the digits that went in, rounded as spreadsheets do.
static void a_thousand_amounts_come_back(void **state)
{
    struct shelf *shelf = *state;
    struct workbook *workbook = book_open(shelf);
    assert_int_equal(workbook_sheet(workbook, "amounts"), STATUS_OK);
    static char wanted[1000][32];
    uint64_t seed = 2026;
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        seed = seed * 48271 % 2147483647;
        (void)snprintf(wanted[i], sizeof(wanted[i]), "%llu.%02llu",
                       (unsigned long long)(seed * seed % 10000000000000ull),
                       (unsigned long long)(seed % 100));
        row_put(workbook, CELL_AMOUNT, wanted[i]);
    }
    const uint32_t texts = book_end(workbook);
    size_t found = 0;
    const char *at = part_read(shelf, "xl/worksheets/sheet1.xml");
    for (at = strstr(at, "<v>"); at != NULL; at = strstr(at + 1, "<v>")) {
        char shown[64];
        (void)snprintf(shown, sizeof(shown), "%.2f", strtod(at + 3, NULL));
        while (found < COUNT_OF(wanted) && strcmp(wanted[found], shown) != 0) {
            found++;
        }
        assert_true(found < COUNT_OF(wanted));
    }
    assert_true(texts < COUNT_OF(wanted) / 2);
}

static void the_head_is_bold_and_stays_and_columns_are_wide_enough(void **state)
{
    struct shelf *shelf = *state;
    struct workbook *workbook = book_open(shelf);
    const struct sheet_cell head[] = {{CELL_TEXT, "编号"}, {CELL_TEXT, "名称"}};
    const struct sheet_cell row[] = {{CELL_TEXT, "C-0001"}, {CELL_TEXT, "深圳市恒通贸易有限公司"}};
    assert_int_equal(workbook_sheet(workbook, "customer list"), STATUS_OK);
    assert_int_equal(workbook_row(workbook, true, head, 2), STATUS_OK);
    assert_int_equal(workbook_row(workbook, false, row, 2), STATUS_OK);
    assert_int_equal(workbook_sheet(workbook, "a[b]:c*d?e/f\\g' and much more than fits"),
                     STATUS_OK);
    assert_int_equal(book_end(workbook), 0);
    part_says(shelf, "xl/worksheets/sheet1.xml", "ySplit=\"1\" topLeftCell=\"A2\"");
    part_says(shelf, "xl/worksheets/sheet1.xml", "state=\"frozen\"");
    part_says(shelf, "xl/worksheets/sheet1.xml", "<col min=\"2\" max=\"2\" width=\"24.28515625\"");
    part_says(shelf, "xl/styles.xml", "<b/>");
    part_says(shelf, "xl/workbook.xml", "<sheet name=\"customer list\"");
    part_says(shelf, "xl/workbook.xml", "<sheet name=\"a b  c d e f g  and much more t\"");
    struct stat facts;
    assert_int_equal(stat(shelf->path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(files_count(shelf), 1);
}

// ---- no half file ----

static void a_file_that_is_there_is_replaced_only_when_wanted(void **state)
{
    struct shelf *shelf = *state;
    FILE *old = fopen(shelf->path, "w");
    assert_non_null(old);
    assert_int_equal(fputs("old", old) == EOF, 0);
    (void)fclose(old);
    for (int replace = 0; replace < 2; replace++) {
        struct workbook *workbook = book_open(shelf);
        uint32_t texts = 0;
        assert_int_equal(workbook_sheet(workbook, "new"), STATUS_OK);
        assert_int_equal(workbook_end(workbook, replace == 1, &texts),
                         replace == 1 ? STATUS_OK : STATUS_NEEDS_CONFIRMATION);
        workbook_close_at(&workbook);
        char begin[2] = "";
        FILE *now = fopen(shelf->path, "r");
        assert_non_null(now);
        assert_int_equal(fread(begin, 1, sizeof(begin), now), sizeof(begin));
        (void)fclose(now);
        assert_memory_equal(begin, replace == 1 ? "PK" : "ol", 2);
        assert_int_equal(files_count(shelf), 1);
    }
}

static enum status rows_until_refused(struct workbook *workbook)
{
    enum status status = workbook_sheet(workbook, "rows");
    const struct sheet_cell cell = {CELL_TEXT, "some text that fills the pipe"};
    for (size_t i = 0; i < 20000 && status == STATUS_OK; i++) {
        status = workbook_row(workbook, false, &cell, 1);
    }
    uint32_t texts = 0;
    return status == STATUS_OK ? workbook_end(workbook, false, &texts) : status;
}

static void a_writer_that_is_killed_or_lies_leaves_nothing(void **state)
{
    static const char *const NAMES[] = {KILLED, LIAR};
    struct shelf *shelf = *state;
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        temporary_path(&shelf->place, NAMES[i], shelf->path, sizeof(shelf->path));
        struct workbook *workbook = book_open(shelf);
        assert_int_equal(rows_until_refused(workbook), STATUS_FILE_ERROR);
        assert_false(workbook_lacks_library(workbook));
        workbook_close_at(&workbook);
        assert_int_equal(files_count(shelf), 0);
    }
    struct workbook *workbook = NULL;
    assert_int_equal(workbook_open("/nowhere", shelf->path, 2, &workbook), STATUS_ENVIRONMENT);
    assert_int_equal(files_count(shelf), 0);
}

// As when the disk was full for a moment: the library packs what came through.
static void a_workbook_that_lost_something_is_not_whole(void **state)
{
    struct shelf *shelf = *state;
    struct workbook *workbook = book_open(shelf);
    assert_int_equal(workbook_sheet(workbook, "rows"), STATUS_OK);
    for (int i = 0; i < 100; i++) {
        row_put(workbook, CELL_TEXT, "some text");
    }
    assert_int_equal(workbook_sheet(workbook, "empty"), STATUS_OK);
    assert_int_equal(book_end(workbook), 0);
    const uint32_t rows[] = {100, 0};
    const uint32_t more[] = {101, 0};
    assert_true(whole_is(shelf->path, rows, 2));
    assert_false(whole_is(shelf->path, more, 2));
    assert_false(whole_is(shelf->path, rows, 1));
    const uint8_t local[] = "xl/worksheets/sheet1.xml";
    const off_t at = temporary_find(shelf->path, local, sizeof(local) - 1);
    assert_true(at > 0);
    for (off_t byte = 0; byte < 20; byte++) {
        const off_t packed = at + (off_t)sizeof(local) - 1 + byte;
        temporary_flip(shelf->path, packed, 3);
        assert_false(whole_is(shelf->path, rows, 2));
        temporary_flip(shelf->path, packed, 3);
    }
    assert_true(whole_is(shelf->path, rows, 2));
    struct stat facts;
    assert_int_equal(stat(shelf->path, &facts), 0);
    for (off_t size = facts.st_size - 1; size >= 0; size -= 97) {
        assert_int_equal(truncate(shelf->path, size), 0);
        assert_false(whole_is(shelf->path, rows, 2));
    }
    assert_false(whole_is("/nowhere", rows, 2));
}

static void a_client_that_gives_up_leaves_nothing(void **state)
{
    struct shelf *shelf = *state;
    struct workbook *workbook = book_open(shelf);
    assert_int_equal(workbook_sheet(workbook, "rows"), STATUS_OK);
    row_put(workbook, CELL_TEXT, "never seen");
    workbook_close_at(&workbook);
    assert_int_equal(files_count(shelf), 0);
}

static void a_client_that_is_killed_leaves_nothing(void **state)
{
    struct shelf *shelf = *state;
    const pid_t client = fork();
    assert_true(client >= 0);
    if (client == 0) {
        struct workbook *workbook = NULL;
        if (workbook_open(PROGRAM, shelf->path, 2, &workbook) == STATUS_OK &&
            workbook_sheet(workbook, "rows") == STATUS_OK) {
            (void)raise(SIGKILL);
        }
        _exit(1);
    }
    int ended = 0;
    assert_int_equal(waitpid(client, &ended, 0), client);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL);
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 1000 && files_count(shelf) > 0; i++) {
        (void)nanosleep(&pause, NULL); // the writer sees the end of its input by itself
    }
    assert_int_equal(files_count(shelf), 0);
}

// ---- the fence ----

enum escape { ESCAPE_NONE, ESCAPE_READ, ESCAPE_MAKE, ESCAPE_SOCKET, ESCAPE_FORK };

static int escape_try(const struct shelf *shelf, enum escape escape)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool escaped = false;
        if (chdir(shelf->place.dir) != 0 || fence_close_here() != STATUS_OK) {
            _exit(2);
        }
        switch (escape) {
        case ESCAPE_NONE:
            escaped = open("inside", O_RDWR | O_CREAT | O_EXCL, 0600) < 0;
            break;
        case ESCAPE_READ:
            escaped = open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES;
            break;
        case ESCAPE_MAKE:
            escaped = open("../outside", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES;
            break;
        case ESCAPE_SOCKET:
            escaped = socket(AF_INET, SOCK_STREAM, 0) >= 0;
            break;
        case ESCAPE_FORK:
            escaped = fork() >= 0;
            break;
        }
        _exit(escaped ? 1 : 0);
    }
    int ended = 0;
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    return WIFSIGNALED(ended) ? -WTERMSIG(ended) : WEXITSTATUS(ended);
}

static void the_fence_of_a_writer_is_its_directory(void **state)
{
    const struct shelf *shelf = *state;
    if (!fence_is_full()) {
        skip();
    }
    assert_int_equal(escape_try(shelf, ESCAPE_NONE), 0);
    assert_int_equal(escape_try(shelf, ESCAPE_SOCKET), -SIGSYS);
    assert_int_equal(escape_try(shelf, ESCAPE_FORK), -SIGSYS);
    if (!fence_has_landlock()) {
        print_message("not checked: files outside, since this kernel has no Landlock\n");
        return;
    }
    assert_int_equal(escape_try(shelf, ESCAPE_READ), 0);
    assert_int_equal(escape_try(shelf, ESCAPE_MAKE), 0);
}

static int write_badly(const char *directory)
{
    uint8_t bytes[4096];
    const ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (got <= 0 || strstr(directory, KILLED) != NULL) {
        (void)raise(SIGKILL);
    }
    const uint8_t report[WRITER_REPORT_SIZE] = {WRITER_DONE};
    return write(STDOUT_FILENO, report, sizeof(report)) == (ssize_t)sizeof(report) ? 0 : 1;
}

int main(int count, char *arguments[])
{
    if (count == 4 && strcmp(arguments[1], "__write") == 0) {
        const bool is_bad =
            strstr(arguments[3], KILLED) != NULL || strstr(arguments[3], LIAR) != NULL;
        return is_bad ? write_badly(arguments[3]) : writer_main(count - 2, arguments + 2);
    }
    (void)signal(SIGPIPE, SIG_IGN); // as kontor does
#define SHELF_TEST(name) cmocka_unit_test_setup_teardown(name, shelf_up, shelf_down)
    const struct CMUnitTest tests[] = {
        SHELF_TEST(text_is_a_string_whatever_it_begins_with),
        SHELF_TEST(ten_thousand_marks_are_whole_and_too_much_text_is_cut),
        SHELF_TEST(numbers_are_exact_or_text),
        SHELF_TEST(a_thousand_amounts_come_back),
        SHELF_TEST(the_head_is_bold_and_stays_and_columns_are_wide_enough),
        SHELF_TEST(a_file_that_is_there_is_replaced_only_when_wanted),
        SHELF_TEST(a_writer_that_is_killed_or_lies_leaves_nothing),
        SHELF_TEST(a_workbook_that_lost_something_is_not_whole),
        SHELF_TEST(a_client_that_gives_up_leaves_nothing),
        SHELF_TEST(a_client_that_is_killed_leaves_nothing),
        SHELF_TEST(the_fence_of_a_writer_is_its_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
