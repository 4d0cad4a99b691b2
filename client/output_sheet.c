// SPDX-License-Identifier: Apache-2.0
#include "client/output_sheet.h"

#include "client/gather.h"
#include "client/letters.h"
#include "client/output_machine.h"
#include "client/sheet/workbook.h"
#include "shared/day.h"
#include "shared/fields.h"
#include "shared/money.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "shared/words.h"

#include <sys/stat.h>

#define PROGRAM        "/proc/self/exe"
#define SECOND_US      1000000
#define MINUTE_SECONDS 60

struct book {
    struct client *client;
    struct workbook *workbook;
    const char *name; // of the command, in words
    struct selection columns;
    bool has_columns;
    size_t row_count;
};

// ---- cells ----

// A text as it is stored; several of them with commas between.
static const char *text_of(const struct render_context *render, const ProtobufCMessage *row,
                           const ProtobufCFieldDescriptor *field)
{
    const char *all = "";
    for (size_t i = 0; all != NULL && i < field_count(row, field); i++) {
        const char *text = *(const char *const *)field_element(row, field, i);
        all = i == 0 ? text : arena_print(render->arena, "%s, %s", all, text);
    }
    return all == NULL ? NULL : text_plain(render->arena, all);
}

static int64_t wide_of(const ProtobufCMessage *row, const ProtobufCFieldDescriptor *field)
{
    int64_t value = 0;
    memcpy(&value, field_at(row, field), sizeof(value));
    return value;
}

static int32_t narrow_of(const ProtobufCMessage *row, const ProtobufCFieldDescriptor *field)
{
    int32_t value = 0;
    memcpy(&value, field_at(row, field), sizeof(value));
    return value;
}

// The value of a field that is no list, as the format knows it; text is said as people see it.
static void value_take(const struct render_context *render, const ProtobufCMessage *row,
                       const ProtobufCFieldDescriptor *field, struct sheet_cell *out)
{
    struct arena *arena = render->arena;
    int32_t day = 0;
    int64_t second = 0;
    uint32_t decimals = 0;
    switch (field_kind(field)) {
    case KIND_MONEY:
        // The workbook shows amounts with the decimals of the book's currency.
        decimals = render_decimals(render, row, field);
        *out = (struct sheet_cell){decimals == render->decimals ? CELL_AMOUNT : CELL_NUMBER,
                                   money_print(arena, wide_of(row, field), decimals)};
        return;
    case KIND_NUMBER:
        *out = (struct sheet_cell){CELL_NUMBER, render_cell(render, row, field)};
        return;
    case KIND_QUANTITY:
        *out = (struct sheet_cell){CELL_NUMBER, money_print_micro(arena, wide_of(row, field))};
        return;
    case KIND_RATE: // basis points: a hundredth of a percent
        *out = (struct sheet_cell){CELL_PERCENT,
                                   money_print_micro(arena, narrow_of(row, field) * 100LL)};
        return;
    case KIND_DAY:
        day = narrow_of(row, field);
        if (day >= DAY_MIN && day <= DAY_MAX) {
            *out = (struct sheet_cell){CELL_DAY, arena_print(arena, "%d", day)};
        }
        return;
    case KIND_INSTANT:
        second = wide_of(row, field) / SECOND_US + render->offset_minutes * MINUTE_SECONDS;
        if (second / 86400 >= DAY_MIN && second / 86400 <= DAY_MAX) {
            *out = (struct sheet_cell){CELL_MOMENT, arena_print(arena, "%lld", (long long)second)};
        }
        return;
    case KIND_TEXT:
    case KIND_FLAG:
    case KIND_CHOICE:
    case KIND_BYTES:
    case KIND_MESSAGE:
    case KIND_REFERENCE:
        return;
    }
}

static bool is_day_before_books(const ProtobufCMessage *row, const ProtobufCFieldDescriptor *field)
{
    return field_kind(field) == KIND_DAY && narrow_of(row, field) < 0;
}

// NULL text when the arena is exhausted.
static struct sheet_cell cell_of(const struct render_context *render, const ProtobufCMessage *row,
                                 const ProtobufCFieldDescriptor *field)
{
    const enum kind kind = field_kind(field);
    struct sheet_cell cell = {CELL_TEXT, output_cell(render, row, field)};
    if (cell.text == NULL || cell.text[0] == '\0') {
        return cell;
    }
    if (kind == KIND_TEXT) {
        // A word of ours in the person's language stays; what somebody wrote is given whole.
        const char *shown = render_cell(render, row, field);
        const char *stored = text_of(render, row, field);
        const bool is_stored = shown != NULL && strcmp(shown, cell.text) == 0;
        cell.text = is_stored ? stored : cell.text;
    } else if (field->label != PROTOBUF_C_LABEL_REPEATED && !is_day_before_books(row, field)) {
        value_take(render, row, field, &cell);
    }
    return cell;
}

// ---- sheets ----

static enum status sheet_begin(struct book *book, const char *name)
{
    return workbook_sheet(book->workbook, name);
}

static enum status head_put(struct book *book, const ProtobufCMessageDescriptor *message,
                            const struct selection *columns)
{
    struct sheet_cell cells[GRID_COLUMNS_MAX];
    for (size_t c = 0; c < columns->count; c++) {
        const char *label = output_label(book->client, message, columns->field[c]);
        cells[c] = (struct sheet_cell){CELL_TEXT, label};
    }
    return workbook_row(book->workbook, true, cells, columns->count);
}

static enum status rows_put(struct book *book, const ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *rows, const struct selection *columns)
{
    struct render_context render = client_render(book->client);
    render.around = message;
    const size_t count = field_count(message, rows);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const ProtobufCMessage *row = output_row_at(message, rows, i);
        struct sheet_cell cells[GRID_COLUMNS_MAX];
        for (size_t c = 0; c < columns->count; c++) {
            cells[c] = cell_of(&render, row, columns->field[c]);
            if (cells[c].text == NULL) {
                return STATUS_TOO_LARGE;
            }
        }
        status = workbook_row(book->workbook, false, cells, columns->count);
        book->row_count++;
    }
    return status;
}

// All columns that a row may fill; the internal ids stay behind the numbers.
static void columns_of(const ProtobufCMessageDescriptor *row, struct selection *out)
{
    *out = (struct selection){0};
    for (unsigned i = 0; i < row->n_fields && out->count < GRID_COLUMNS_MAX; i++) {
        const enum kind kind = field_kind(&row->fields[i]);
        if (kind != KIND_MESSAGE && kind != KIND_BYTES && kind != KIND_REFERENCE &&
            strcmp(row->fields[i].name, "id") != 0) {
            out->field[out->count++] = &row->fields[i];
        }
    }
}

// One page of a list, below the pages before it.
static enum status page_put(void *context, const ProtobufCMessage *answer)
{
    struct book *book = context;
    const ProtobufCFieldDescriptor *rows = output_rows_of(answer->descriptor);
    if (rows == NULL) {
        return STATUS_OK;
    }
    if (book->row_count + field_count(answer, rows) > WORKBOOK_ROWS_MAX) {
        return STATUS_TOO_LARGE;
    }
    if (!book->has_columns) {
        enum status status = STATUS_OK;
        if (book->client->options.columns != NULL) {
            status = output_columns_named(book->client, rows->descriptor,
                                          book->client->options.columns, &book->columns);
        } else {
            columns_of(rows->descriptor, &book->columns);
        }
        status = status == STATUS_OK ? sheet_begin(book, book->name) : status;
        status = status == STATUS_OK ? head_put(book, rows->descriptor, &book->columns) : status;
        if (status != STATUS_OK) {
            return status;
        }
        book->has_columns = true;
    }
    return rows_put(book, answer, rows, &book->columns);
}

static enum status fact_put(struct book *book, const char *group, const ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *field)
{
    const struct render_context render = client_render(book->client);
    const char *label = output_label(book->client, message->descriptor, field);
    if (group != NULL) {
        label = arena_print(book->client->arena, "%s · %s", group, label);
    }
    const struct sheet_cell cells[] = {{CELL_TEXT, label}, cell_of(&render, message, field)};
    if (label == NULL || cells[1].text == NULL) {
        return STATUS_TOO_LARGE;
    }
    book->row_count += book->has_columns ? 0 : 1;
    return workbook_row(book->workbook, false, cells, COUNT_OF(cells));
}

// The fields of a message, below one another; those of a message in it with its word before them.
static enum status facts_put(struct book *book, const ProtobufCMessage *message, const char *group)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < message->descriptor->n_fields && status == STATUS_OK; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (output_is_said(message, field)) {
            status = fact_put(book, group, message, field);
        }
    }
    return status;
}

static bool is_page(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE && field->descriptor == &page__descriptor;
}

static bool is_inner(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE && !is_page(field) &&
           field->label != PROTOBUF_C_LABEL_REPEATED && field_is_set(message, field);
}

static bool has_facts(const ProtobufCMessage *message)
{
    bool has = false;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        has = has || output_is_said(message, field) || is_inner(message, field);
    }
    return has;
}

// A sheet of all that is no row: of an object the fields, of a report its days and sums.
static enum status facts_sheet(struct book *book, const ProtobufCMessage *answer, const char *name)
{
    struct client *client = book->client;
    const struct sheet_cell head[] = {{CELL_TEXT, output_word(client, "field")},
                                      {CELL_TEXT, _("value")}};
    enum status status = sheet_begin(book, name);
    status = status == STATUS_OK ? workbook_row(book->workbook, true, head, 2) : status;
    status = status == STATUS_OK ? facts_put(book, answer, NULL) : status;
    for (unsigned i = 0; i < answer->descriptor->n_fields && status == STATUS_OK; i++) {
        const ProtobufCFieldDescriptor *field = &answer->descriptor->fields[i];
        if (is_inner(answer, field)) {
            status = facts_put(book, *(const ProtobufCMessage *const *)field_at(answer, field),
                               output_label(client, answer->descriptor, field));
        }
    }
    return status;
}

// Lines of a document, parts, allocations: each kind on a sheet of its own.
static enum status lists_put(struct book *book, const ProtobufCMessage *answer,
                             const ProtobufCFieldDescriptor *rows)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < answer->descriptor->n_fields && status == STATUS_OK; i++) {
        const ProtobufCFieldDescriptor *field = &answer->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field == rows ||
            field->label != PROTOBUF_C_LABEL_REPEATED || field_count(answer, field) == 0) {
            continue;
        }
        struct selection columns;
        columns_of(field->descriptor, &columns);
        status = sheet_begin(book, output_label(book->client, answer->descriptor, field));
        status = status == STATUS_OK ? head_put(book, field->descriptor, &columns) : status;
        status = status == STATUS_OK ? rows_put(book, answer, field, &columns) : status;
    }
    return status;
}

static enum status answer_put(struct book *book, const ProtobufCMessage *answer)
{
    const ProtobufCFieldDescriptor *rows = output_rows_of(answer->descriptor);
    enum status status = STATUS_OK;
    if (rows == NULL) {
        status = facts_sheet(book, answer, book->name);
    } else if (has_facts(answer)) {
        status = facts_sheet(book, answer, _("sums and days"));
    }
    return status == STATUS_OK ? lists_put(book, answer, rows) : status;
}

// ---- the file ----

static enum status target_check(struct client *client)
{
    const struct options *options = &client->options;
    const char *path = options->xlsx;
    struct stat facts;
    if (options->json != NULL || options->csv || options->tsv || options->markdown) {
        return client_fail(client, STATUS_FIELD_CONFLICT, "xlsx", path, NULL);
    }
    if (path[0] == '\0' || path[0] == '-' || path[strlen(path) - 1] == '/') {
        return client_fail(client, STATUS_FILE_ERROR, "xlsx", path, NULL);
    }
    if (lstat(path, &facts) != 0) {
        return STATUS_OK;
    }
    if (!S_ISREG(facts.st_mode)) {
        return client_fail(client, STATUS_FILE_ERROR, "xlsx", path, NULL);
    }
    if (options->yes) {
        return STATUS_OK;
    }
    const char *question = arena_print(client->arena, _("Replace %s?"), client_safe(client, path));
    enum status status = terminal_confirm(&client->terminal, question == NULL ? "" : question);
    if (status == STATUS_NEEDS_CONFIRMATION) {
        client->fault = _("a file of that name exists");
        client_hint(client, "--yes");
    }
    return status;
}

// What went wrong with the file, in words; what the server refused has its own.
static enum status book_fail(struct book *book, enum status status)
{
    struct client *client = book->client;
    if (status == STATUS_NEEDS_CONFIRMATION) {
        client->fault = _("a file of that name exists");
        client_hint(client, "--yes");
    } else if (status == STATUS_FILE_ERROR && workbook_lacks_library(book->workbook)) {
        client->fault = _("workbooks need the library libxlsxwriter");
        client_hint(client, "apt install libxlsxwriter4");
    } else if (status == STATUS_FILE_ERROR) {
        client->fault = _("the workbook could not be written");
    }
    return status;
}

static void done_say(const struct book *book, uint32_t number_texts)
{
    const struct client *client = book->client;
    if (client->options.quiet) {
        return;
    }
    (void)printf(_("%s is written, rows: %zu"), client_safe(client, client->options.xlsx),
                 book->row_count);
    (void)fputc('\n', stdout);
    if (number_texts > 0) {
        (void)printf(_("%u numbers of more digits than a spreadsheet keeps stand as text"),
                     number_texts);
        (void)fputc('\n', stdout);
    }
}

enum status output_sheet(struct client *client, const struct command *command,
                         ProtobufCMessage *inner)
{
    assert(client->options.xlsx != NULL && inner != NULL);
    enum status status = target_check(client);
    if (status != STATUS_OK) {
        return status;
    }
    const size_t noun = strcspn(command->name, "_");
    char *name = arena_copy(client->arena, command->name, strlen(command->name));
    letters_replace(name, '_', '-');
    if (name != NULL && name[noun] != '\0') {
        name[noun] = ' ';
    }
    CLEANUP(workbook_close_at) struct workbook *workbook = NULL;
    status = name == NULL ? STATUS_TOO_LARGE
                          : workbook_open(PROGRAM, client->options.xlsx, client->context.decimals,
                                          &workbook);
    if (status != STATUS_OK) {
        return client_fail(client, status, "xlsx", client->options.xlsx, NULL);
    }
    struct book book = {.client = client, .workbook = workbook, .name = name};
    Reply *reply = NULL;
    status = gather_each(client, command, inner, page_put, &book, &reply);
    if (status == STATUS_OK) {
        status = answer_put(&book, wire_inner(&reply->base, command->number));
    }
    uint32_t number_texts = 0;
    if (status == STATUS_OK) {
        status = workbook_end(workbook, client->options.yes, &number_texts);
    }
    if (status != STATUS_OK) {
        return book_fail(&book, status);
    }
    done_say(&book, number_texts);
    return STATUS_OK;
}
