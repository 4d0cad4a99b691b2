// SPDX-License-Identifier: Apache-2.0
#include "client/import/preview.h"

#include "shared/day.h"
#include "shared/money.h"
#include "shared/text.h"
#include "shared/words.h"

#define PROBLEMS_SHOWN 20
#define LABEL_CELLS    10

static void label_print(const char *label)
{
    size_t cells = text_cells(label);
    (void)printf("%s%*s", label, cells < LABEL_CELLS ? (int)(LABEL_CELLS - cells) : 1, "");
}

static const char *text_or(const char *text)
{
    return text == NULL ? "" : text;
}

static const char *money(const struct client *client, int64_t minor)
{
    return text_or(money_print_grouped(client->arena, minor, client->context.decimals));
}

static const char *kind_word(ImportKind kind)
{
    switch (kind) {
    case IMPORT_KIND__IMPORT_KIND_CUSTOMERS:
        return _("customers");
    case IMPORT_KIND__IMPORT_KIND_INVOICES:
        return _("invoices");
    case IMPORT_KIND__IMPORT_KIND_INVOICE_LINES:
        return _("documents");
    case IMPORT_KIND__IMPORT_KIND_PAYMENTS:
        return _("payments");
    case IMPORT_KIND__IMPORT_KIND_UNSET:
    case _IMPORT_KIND_IS_INT_SIZE:
        break;
    }
    return "";
}

static const char *encoding_word(enum reader_encoding encoding)
{
    return encoding == READER_GB18030    ? "GB18030"
           : encoding == READER_UTF8_BOM ? "UTF-8 (BOM)"
                                         : "UTF-8";
}

static void columns_print(struct client *client, const struct import_file *file)
{
    const struct columns *columns = &file->columns;
    bool guessed = false;
    bool first = true;
    label_print(_("Columns"));
    for (size_t i = 0; i < column_row_count(); i++) {
        const struct column_row *row = column_row_at(i);
        int at = columns->at[row->column];
        if (row->kind != columns->kind || at < 0) {
            continue;
        }
        const char *header =
            text_or(text_safe(client->arena, sheet_cell(file->sheet, columns->header, (size_t)at)));
        (void)printf("%s%s=%s", first ? "" : ",", row->field, header);
        guessed = guessed || columns->guessed[row->column];
        first = false;
    }
    (void)printf("%s%s\n", guessed ? "   " : "",
                 guessed ? _("(guessed from the header; change with --map)") : "");
    if (columns->date_format != NULL) {
        label_print(_("Dates"));
        (void)printf("%s", columns->date_format);
        if (columns->date_guessed) {
            (void)printf("   ");
            (void)printf(_("(guessed from the data: %zu values allow no other reading)"),
                         columns->date_proofs);
        }
        (void)putchar('\n');
    }
}

static void problem_print(struct client *client, uint32_t row, const char *field, const char *value,
                          uint32_t code)
{
    const char *what =
        status_is_known(code) ? language_word(status_sentence((enum status)code)) : "";
    (void)printf("  %6u  %s%s%s  %s\n", row, field, value[0] == '\0' ? "" : "  ",
                 text_or(text_safe(client->arena, value)), what);
}

static void problems_print(struct client *client, const struct rows *rows)
{
    if (rows->problem_count == 0) {
        return;
    }
    label_print(_("Problems"));
    (void)printf(_("%zu rows are left out:"), rows->bad_rows);
    (void)putchar('\n');
    size_t kept =
        rows->problem_count < IMPORT_PROBLEMS_MAX ? rows->problem_count : IMPORT_PROBLEMS_MAX;
    size_t shown = client->options.verbose || kept < PROBLEMS_SHOWN ? kept : PROBLEMS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const struct row_problem *problem = &rows->problem[i];
        problem_print(client, problem->row, problem->field, problem->value, problem->code);
    }
    if (shown < rows->problem_count) {
        (void)printf("  ");
        (void)printf(_("and %zu more"), rows->problem_count - shown);
        (void)putchar('\n');
    }
}

void preview_print(struct client *client, const struct import_order *order,
                   const struct import_file *file)
{
    const struct rows *rows = &file->rows;
    const char *name = strrchr(order->path, '/');
    label_print(_("File"));
    (void)printf("%s · CSV%s · %s · ", client_safe(client, name == NULL ? order->path : name + 1),
                 sheet_was_zipped(file->sheet) ? " (gzip)" : "",
                 encoding_word(sheet_encoding(file->sheet)));
    (void)printf(_("header in row %u"), sheet_row(file->sheet, file->columns.header)->number);
    (void)putchar('\n');
    columns_print(client, file);
    label_print(_("Rows"));
    (void)printf("%zu %s", rows->count, kind_word(order->kind));
    if (rows->line_count > 0) {
        (void)printf(_(", %zu lines"), rows->line_count);
    }
    if (rows->customer_count > 0) {
        (void)printf(_(", %zu customers"), rows->customer_count);
    }
    if (rows->first_day != 0) {
        (void)printf(" · %s %s · %s … %s", money(client, rows->total_minor),
                     client->context.currency, text_or(day_print(client->arena, rows->first_day)),
                     text_or(day_print(client->arena, rows->last_day)));
    }
    (void)putchar('\n');
    if (rows->credit_note_count + rows->zero_count + rows->walk_in_count > 0) {
        label_print(_("Of these"));
        (void)printf(_("%zu credit notes, %zu of zero, %zu without a customer"),
                     rows->credit_note_count, rows->zero_count, rows->walk_in_count);
        (void)putchar('\n');
    }
    problems_print(client, rows);
    (void)fflush(stdout);
}

// ---- what came of it ----

static size_t rows_per_second(const struct feed *feed)
{
    size_t rows =
        feed->file->rows.line_count > 0 ? feed->file->rows.line_count : feed->file->rows.count;
    int64_t ms = feed->elapsed_ms < 1 ? 1 : feed->elapsed_ms;
    return rows * 1000 / (size_t)ms;
}

static void result_people(const struct feed *feed)
{
    struct client *client = feed->client;
    if (feed->was_finished) {
        (void)printf(_("nothing changed: this file was imported before as %s"), feed->number);
        (void)putchar('\n');
        return;
    }
    const ImportCard *card = feed->card;
    if (feed->resumed_at > 0) {
        (void)printf(_("Resumed behind row %zu."), feed->resumed_at);
        (void)putchar('\n');
    }
    for (size_t i = 0; i < feed->problem_count && i < PROBLEMS_SHOWN; i++) {
        const Problem *problem = feed->problem[i];
        problem_print(client, problem->row, problem->field, problem->asked, problem->code);
    }
    (void)printf(_("%s: %u %s added, %u known, %u refused; %u new customers; %s %s."), card->number,
                 card->added, kind_word(feed->order->kind), card->known, card->refused,
                 card->customers_added, money(client, card->total_minor), client->context.currency);
    (void)putchar('\n');
    (void)printf(_("%lld.%03lld s, %zu rows per second."), (long long)(feed->elapsed_ms / 1000),
                 (long long)(feed->elapsed_ms % 1000), rows_per_second(feed));
    (void)putchar('\n');
}

static json_t *problems_json(const struct feed *feed)
{
    json_t *list = json_array();
    const struct rows *rows = &feed->file->rows;
    for (size_t i = 0; i < rows->problem_count && i < IMPORT_PROBLEMS_MAX; i++) {
        const struct row_problem *problem = &rows->problem[i];
        json_t *row =
            json_pack("{s:i, s:s, s:s, s:s}", "row", (int)problem->row, "field", problem->field,
                      "code", status_code(problem->code), "value", problem->value);
        (void)json_array_append_new(list, row);
    }
    for (size_t i = 0; i < feed->problem_count && i < FEED_PROBLEMS_SHOWN; i++) {
        const Problem *problem = feed->problem[i];
        const char *code =
            status_is_known(problem->code) ? status_code((enum status)problem->code) : "";
        json_t *row = json_pack("{s:i, s:s, s:s, s:s}", "row", (int)problem->row, "field",
                                problem->field, "code", code, "value", problem->asked);
        (void)json_array_append_new(list, row);
    }
    return list;
}

static void result_json(const struct feed *feed)
{
    struct client *client = feed->client;
    json_t *data = json_object();
    (void)json_object_set_new(data, "number", json_string(feed->number));
    (void)json_object_set_new(data, "changed", json_boolean(!feed->was_finished));
    (void)json_object_set_new(data, "documents", json_integer((json_int_t)feed->file->rows.count));
    (void)json_object_set_new(data, "lines", json_integer((json_int_t)feed->file->rows.line_count));
    (void)json_object_set_new(data, "left_out",
                              json_integer((json_int_t)feed->file->rows.bad_rows));
    (void)json_object_set_new(data, "resumed_at", json_integer((json_int_t)feed->resumed_at));
    if (feed->card != NULL) {
        const char *total =
            text_or(money_print(client->arena, feed->card->total_minor, client->context.decimals));
        (void)json_object_set_new(data, "added", json_integer(feed->card->added));
        (void)json_object_set_new(data, "known", json_integer(feed->card->known));
        (void)json_object_set_new(data, "refused", json_integer(feed->card->refused));
        (void)json_object_set_new(data, "customers_added",
                                  json_integer(feed->card->customers_added));
        (void)json_object_set_new(data, "total", json_string(total));
    }
    (void)json_object_set_new(data, "ms", json_integer(feed->elapsed_ms));
    (void)json_object_set_new(data, "rows_per_second",
                              json_integer((json_int_t)rows_per_second(feed)));
    (void)json_object_set_new(data, "problems", problems_json(feed));
    json_t *all = json_pack("{s:s, s:o}", "schema", "kontor.import.run/1", "data", data);
    (void)render_json_write(all, JSON_INDENT(1), stdout);
    json_decref(all);
}

void preview_result(const struct feed *feed)
{
    if (feed->client->options.json != NULL) {
        result_json(feed);
    } else if (!feed->client->options.quiet) {
        result_people(feed);
    }
}
