// SPDX-License-Identifier: Apache-2.0
#include "client/output.h"

#include "client/cli.h"
#include "client/grid.h"
#include "client/letters.h"
#include "client/output_machine.h"
#include "client/pages.h"
#include "shared/day.h"
#include "shared/fields.h"
#include "shared/money.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "shared/words.h"

#define LABEL_CELLS 18

static void stream_close_at(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

const char *output_word(struct client *client, const char *key)
{
    const char *word = language_word(key);
    if (strcmp(word, key) != 0) {
        return word;
    }
    char *spaced = arena_copy(client->arena, key, strlen(key));
    letters_replace(spaced, '_', ' ');
    return spaced == NULL ? "" : spaced; // not the key: it may be the caller's own
}

const char *output_word_in(struct client *client, const ProtobufCMessageDescriptor *message,
                           const char *key)
{
    const char *msgid = arena_print(client->arena, "%s %s", message->short_name, key);
    const char *word = msgid == NULL ? NULL : language_word(msgid);
    return word == NULL || strcmp(word, msgid) == 0 ? output_word(client, key) : word;
}

static const char *in_capitals(struct client *client, const char *word)
{
    char *upper = arena_copy(client->arena, word, strlen(word));
    letters_upper(upper);
    return upper == NULL ? word : upper;
}

const char *output_header(struct client *client, const char *key)
{
    return in_capitals(client, output_word(client, key));
}

const char *output_header_in(struct client *client, const ProtobufCMessageDescriptor *message,
                             const char *key)
{
    return in_capitals(client, output_word_in(client, message, key));
}

const char *output_money(struct client *client, int64_t minor)
{
    const char *text = money_print_grouped(client->arena, minor, client->context.decimals);
    return text == NULL ? "" : text;
}

const char *output_money_in(struct client *client, const char *currency, int64_t minor)
{
    uint32_t decimals = client->context.decimals;
    if (!money_currency(currency, &decimals)) {
        decimals = client->context.decimals;
    }
    const char *text = money_print_grouped(client->arena, minor, decimals);
    return text == NULL ? "" : text;
}

const char *output_day(struct client *client, int32_t day)
{
    static const char *const NAMES[] = {N_("Monday"),   N_("Tuesday"), N_("Wednesday"),
                                        N_("Thursday"), N_("Friday"),  N_("Saturday"),
                                        N_("Sunday")};
    const char *text = day_print(client->arena, day);
    const char *name = language_word(NAMES[day_weekday(day) - 1]);
    const char *both =
        arena_print(client->arena, client->language == LANGUAGE_CHINESE ? "%s（%s）" : "%s %s",
                    text == NULL ? "" : text, name);
    return both == NULL ? "" : both;
}

// Texts that are words of ours: rules of allocation, outcomes, names of fields, and what the audit,
// the rules and entries that nobody wrote a text for say in sentences of the tables.
static bool is_word(const ProtobufCMessage *row, const ProtobufCFieldDescriptor *field)
{
    static const char *const NAMES[] = {"rule", "status", "field"};
    const bool is_entry =
        row->descriptor == &entry_row__descriptor || row->descriptor == &entry_card__descriptor;
    bool found = (strncmp(row->descriptor->name, "Audit", 5) == 0 ||
                  row->descriptor == &rule_row__descriptor || is_entry) &&
                 strcmp(field->name, "text") == 0;
    for (size_t i = 0; i < COUNT_OF(NAMES) && field->type == PROTOBUF_C_TYPE_STRING; i++) {
        found = found || strcmp(field->name, NAMES[i]) == 0;
    }
    return found;
}

// What has no number yet, as a draft, is called by its id.
static const char *unnumbered_text(const struct render_context *render, const ProtobufCMessage *row)
{
    const ProtobufCFieldDescriptor *id =
        protobuf_c_message_descriptor_get_field_by_name(row->descriptor, "id");
    const bool has_id = id != NULL && id->type == PROTOBUF_C_TYPE_FIXED64 && field_is_set(row, id);
    const char *text = has_id ? render_cell(render, row, id) : NULL;
    return text == NULL ? "" : text;
}

const char *output_moment(struct client *client, int64_t instant_us)
{
    const struct render_context render = client_render(client);
    char *text = instant_print(client->arena, instant_us, render.offset_minutes);
    if (text == NULL || strlen(text) < 16) {
        return "";
    }
    text[10] = ' ';
    text[16] = '\0';
    return text;
}

const char *output_cell(const struct render_context *render, const ProtobufCMessage *row,
                        const ProtobufCFieldDescriptor *field)
{
    if (row->descriptor == &problem__descriptor && strcmp(field->name, "code") == 0) {
        const uint32_t code = ((const Problem *)(const void *)row)->code;
        return status_is_known(code) ? status_code((enum status)code) : "";
    }
    const char *text = render_cell(render, row, field);
    if (text == NULL) {
        return "";
    }
    if (text[0] == '\0' && strcmp(field->name, "number") == 0) {
        return unnumbered_text(render, row);
    }
    if (row->descriptor == &period_check__descriptor && strcmp(field->name, "check") == 0) {
        const char *msgid = arena_print(render->arena, "PeriodCheck %s", text);
        const char *said = msgid == NULL ? text : language_word(msgid);
        return said == msgid ? text : said;
    }
    return is_word(row, field) ? language_word(text) : text;
}

// ---- lists ----

// Every field that at least one row sets; the internal id stays behind the number.
static void columns_all(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *rows,
                        struct selection *out)
{
    const ProtobufCMessageDescriptor *row = rows->descriptor;
    size_t count = field_count(message, rows);
    for (unsigned f = 0; f < row->n_fields && out->count < GRID_COLUMNS_MAX; f++) {
        bool is_set = false;
        for (size_t i = 0; i < count && !is_set; i++) {
            is_set = field_is_set(output_row_at(message, rows, i), &row->fields[f]);
        }
        bool is_id =
            strcmp(row->fields[f].name, "id") == 0 || field_of(row, f).kind == KIND_REFERENCE;
        if (is_set && !is_id && row->fields[f].type != PROTOBUF_C_TYPE_MESSAGE &&
            row->fields[f].type != PROTOBUF_C_TYPE_BYTES) {
            out->field[out->count++] = &row->fields[f];
        }
    }
}

// The sum of a column: the field of that name beside the rows. A number that is not set there, as
// the code of an account in the total, is no sum; an amount of nothing is.
static const char *sum_of(const struct render_context *render, const ProtobufCMessage *sums,
                          const ProtobufCFieldDescriptor *column)
{
    for (unsigned i = 0; i < sums->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &sums->descriptor->fields[i];
        enum kind kind = field_of(sums->descriptor, i).kind;
        bool is_sum = kind == KIND_MONEY || (output_field_is_number(sums->descriptor, field) &&
                                             field_is_set(sums, field));
        if (strcmp(field->name, column->name) == 0 && field->label != PROTOBUF_C_LABEL_REPEATED &&
            is_sum) {
            return render_cell(render, sums, field);
        }
    }
    return NULL;
}

enum status output_table(struct client *client, const ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *rows, const char *columns,
                         const ProtobufCMessage *sums, FILE *out)
{
    struct selection selection = {0};
    if (columns != NULL) {
        enum status status = output_columns_named(client, rows->descriptor, columns, &selection);
        if (status != STATUS_OK) {
            return status;
        }
    } else {
        columns_all(message, rows, &selection);
    }
    if (selection.count == 0) {
        return STATUS_OK;
    }
    struct render_context render = client_render(client);
    render.around = message;
    struct grid grid;
    grid_init(&grid, client->arena);
    for (size_t c = 0; c < selection.count; c++) {
        char key[64];
        field_key(selection.field[c], key);
        grid_column(&grid, output_header_in(client, rows->descriptor, key),
                    output_field_is_number(rows->descriptor, selection.field[c]));
        grid.footer[c] = sums == NULL ? NULL : sum_of(&render, sums, selection.field[c]);
        grid.has_footer = grid.has_footer || grid.footer[c] != NULL;
    }
    size_t count = field_count(message, rows);
    for (size_t i = 0; i < count; i++) {
        const char **cells = grid_row(&grid);
        if (cells == NULL) {
            return STATUS_TOO_LARGE;
        }
        for (size_t c = 0; c < selection.count; c++) {
            cells[c] = output_cell(&render, output_row_at(message, rows, i), selection.field[c]);
        }
    }
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    return STATUS_OK;
}

static const Page *page_of(const ProtobufCMessage *reply)
{
    const ProtobufCFieldDescriptor *page =
        protobuf_c_message_descriptor_get_field_by_name(reply->descriptor, "page");
    if (page == NULL || page->type != PROTOBUF_C_TYPE_MESSAGE) {
        return NULL;
    }
    return *(const Page *const *)field_at(reply, page);
}

// Where the sums of the columns stand: in a row of its own ("total"), or beside the rows.
static const ProtobufCMessage *sums_of(const ProtobufCMessage *inner,
                                       const ProtobufCFieldDescriptor *rows)
{
    const ProtobufCFieldDescriptor *total =
        protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "total");
    if (total == NULL || total->type != PROTOBUF_C_TYPE_MESSAGE ||
        total->descriptor != rows->descriptor || !field_is_set(inner, total)) {
        return inner;
    }
    return *(const ProtobufCMessage *const *)field_at(inner, total);
}

// What the accounts say beside the rows.
static const FinancialTie *tie_of(const ProtobufCMessage *inner)
{
    const ProtobufCFieldDescriptor *tie =
        protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "tie");
    const bool is_tie = tie != NULL && tie->type == PROTOBUF_C_TYPE_MESSAGE &&
                        tie->descriptor == &financial_tie__descriptor;
    return is_tie ? *(const FinancialTie *const *)field_at(inner, tie) : NULL;
}

// Revenue that no document of the rows explains: with it they tie.
static void entered_print(struct client *client, const ProtobufCMessage *inner, FILE *out)
{
    const ProtobufCFieldDescriptor *entered =
        protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "entered_minor");
    const bool is_sum = entered != NULL && entered->type == PROTOBUF_C_TYPE_SINT64 &&
                        entered->label != PROTOBUF_C_LABEL_REPEATED;
    const int64_t entered_minor = is_sum ? *(const int64_t *)field_at(inner, entered) : 0;
    if (entered_minor != 0) {
        page_label(_("Entries"), out);
        (void)fprintf(out, _("%s posted beside the documents"),
                      output_money(client, entered_minor));
        (void)fputc('\n', out);
    }
}

// As asked, else as the command shows itself; what stands beside for comparison is shown when it
// was asked for.
static const char *columns_of(struct client *client, const struct command *command,
                              const ProtobufCMessage *inner)
{
    if (client->options.columns != NULL) {
        return client->options.columns;
    }
    const char *columns = cli_columns(command);
    const ProtobufCFieldDescriptor *beside =
        protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "before_to_day");
    return columns != NULL && beside != NULL && field_is_set(inner, beside)
               ? arena_print(client->arena, "%s,before", columns)
               : columns;
}

static enum status list_print(struct client *client, const struct command *command,
                              const ProtobufCMessage *inner, const ProtobufCFieldDescriptor *rows,
                              FILE *out)
{
    size_t count = field_count(inner, rows);
    struct cli_empty empty;
    if (count == 0) {
        bool teaches = cli_empty(command, &empty);
        (void)fprintf(out, "%s\n", teaches ? language_word(empty.sentence) : _("Nothing."));
        if (teaches) {
            (void)fprintf(out, "  %s\n", empty.line);
        }
        return STATUS_OK;
    }
    enum status status = output_table(client, inner, rows, columns_of(client, command, inner),
                                      sums_of(inner, rows), out);
    const Page *page = page_of(inner);
    if (status == STATUS_OK) {
        entered_print(client, inner, out);
        page_tie(client, tie_of(inner), out);
    }
    if (status == STATUS_OK && page != NULL && page->next[0] != '\0' && !client->options.quiet) {
        (void)fprintf(out, _("%zu of %u; the next ones: --cursor %s"), count, page->count,
                      page->next);
        (void)fputc('\n', out);
    }
    return status;
}

// ---- one object ----

static void label_print(const char *label, const char *text, FILE *out)
{
    size_t cells = text_cells(label);
    (void)fprintf(out, "%s%*s%s\n", label, cells < LABEL_CELLS ? (int)(LABEL_CELLS - cells) : 1, "",
                  text);
}

const char *output_label(struct client *client, const ProtobufCMessageDescriptor *message,
                         const ProtobufCFieldDescriptor *field)
{
    char key[64];
    field_key(field, key);
    bool is_mode = field_kind(field) == KIND_CHOICE && strcmp(key, "credit") == 0;
    return output_word_in(client, message, is_mode ? "credit_mode" : key);
}

bool output_is_said(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const enum kind kind = field_kind(field);
    // An amount of nothing is said, but a limit of nothing was never given.
    const bool is_set = field_is_set(message, field) ||
                        (kind == KIND_MONEY && strcmp(field->name, "credit_limit_minor") != 0);
    return is_set && kind != KIND_MESSAGE && kind != KIND_BYTES && kind != KIND_REFERENCE &&
           strcmp(field->name, "id") != 0;
}

static enum status record_print(struct client *client, const ProtobufCMessage *inner, FILE *out)
{
    const struct render_context render = client_render(client);
    for (unsigned i = 0; i < inner->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &inner->descriptor->fields[i];
        if (!output_is_said(inner, field)) {
            continue;
        }
        label_print(output_label(client, inner->descriptor, field),
                    output_cell(&render, inner, field), out);
    }
    for (unsigned i = 0; i < inner->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &inner->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label != PROTOBUF_C_LABEL_REPEATED ||
            field_count(inner, field) == 0) {
            continue;
        }
        (void)fputc('\n', out);
        enum status status = output_table(client, inner, field, NULL, NULL, out);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

void output_done(struct client *client, const char *sentence, const ProtobufCMessage *inner,
                 FILE *out)
{
    const struct render_context render = client_render(client);
    for (const char *at = sentence; *at != '\0';) {
        size_t plain = strcspn(at, "{");
        (void)fwrite(at, 1, plain, out);
        at += plain;
        const char *end = strchr(at, '}');
        if (*at == '\0' || end == NULL) {
            break;
        }
        size_t size = (size_t)(end - at) - 1;
        const ProtobufCFieldDescriptor *field =
            output_field_by_key(inner->descriptor, at + 1, size);
        const char *text = field == NULL ? NULL : render_cell(&render, inner, field);
        // What is in another currency says so; all else is in the book's.
        const bool is_currency = size == 8 && memcmp(at + 1, "currency", 8) == 0;
        if (is_currency && (text == NULL || text[0] == '\0')) {
            text = client->context.currency;
        }
        (void)fputs(text == NULL ? "" : text, out);
        at = end + 1;
    }
    (void)fputc('\n', out);
}

// Rows that a write has beside its own, under a heading.
static enum status beside_print(struct client *client, const ProtobufCMessage *inner,
                                const char *name, const char *heading, FILE *out)
{
    const ProtobufCFieldDescriptor *rows =
        protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, name);
    if (rows == NULL || field_count(inner, rows) == 0) {
        return STATUS_OK;
    }
    (void)fprintf(out, "%s\n", heading);
    return output_table(client, inner, rows, NULL, NULL, out);
}

// A write that went through may have something to say against itself, or have left something over.
static enum status warnings_print(struct client *client, const ProtobufCMessage *inner, FILE *out)
{
    const enum status status = beside_print(client, inner, "warning", _("Warning:"), out);
    return status == STATUS_OK
               ? beside_print(client, inner, "stayed", _("Not done, and left as it was:"), out)
               : status;
}

// ---- people ----

static enum status people_print(struct client *client, const struct command *command,
                                const Reply *reply, const ProtobufCMessage *inner, FILE *out)
{
    page_function *page = page_of_command(command);
    const ProtobufCFieldDescriptor *rows = output_rows_of(inner->descriptor);
    const char *done = cli_done(command);
    if (command->mode == COMMAND_WRITE && client->options.dry_run) {
        (void)fprintf(out, "%s\n", _("Nothing is written by --dry-run. It would be:"));
    }
    enum status status = STATUS_OK;
    if (page != NULL) {
        status = page(client, reply, inner, out);
    } else if (rows != NULL) {
        status = list_print(client, command, inner, rows, out);
        if (status == STATUS_OK && done != NULL && !client->options.dry_run) {
            output_done(client, language_word(done), inner, out);
        }
        status = status == STATUS_OK ? warnings_print(client, inner, out) : status;
    } else if (done != NULL && !client->options.dry_run) {
        output_done(client, language_word(done), inner, out);
        status = warnings_print(client, inner, out);
    } else {
        status = record_print(client, inner, out);
    }
    if (status == STATUS_OK && client->options.dry_run && reply->control[0] != '\0') {
        page_label(_("Second person"), out);
        (void)fprintf(out, _("needed (%s): it would wait until somebody else approves it"),
                      reply->control);
        (void)fputc('\n', out);
    }
    if (status == STATUS_OK && client->options.dry_run && reply->plan[0] != '\0') {
        const char *line = page_commit_line(client, reply->plan);
        page_label(_("Plan"), out);
        (void)fprintf(out, "%s   %s\n", reply->plan, _("valid until what it read changes"));
        page_label(_("Commit"), out);
        (void)fprintf(out, "%s\n", line == NULL ? "" : line);
    }
    if (reply->replayed && !client->options.quiet) {
        (void)fprintf(out, "%s\n", _("(the stored outcome of an earlier request with this id)"));
    }
    return status;
}

enum status output_reply(struct client *client, const struct command *command, const Reply *reply)
{
    const ProtobufCMessage *inner = wire_inner(&reply->base, command->number);
    if (inner == NULL) {
        return STATUS_MALFORMED;
    }
    if (client->options.json != NULL) {
        return output_json(client, command, reply, inner);
    }
    if (client->options.quiet && command->mode == COMMAND_WRITE && cli_done(command) != NULL) {
        return STATUS_OK;
    }
    const bool cells = client->options.csv || client->options.tsv;
    char *text = NULL;
    size_t size = 0;

    enum status status = STATUS_OK;
    {
        CLEANUP(stream_close_at) FILE *out = open_memstream(&text, &size);
        if (out == NULL) {
            return STATUS_ENVIRONMENT;
        }

        status = cells ? output_cells(client, inner, out)
                       : people_print(client, command, reply, inner, out);
    }

    if (status == STATUS_OK && !cells) {
        text[text_calm(text, size)] = '\0';
    }

    if (status == STATUS_OK) {
        status = terminal_page(&client->terminal, text);
    }
    free(text);
    return status;
}
