// SPDX-License-Identifier: Apache-2.0

// `kontor import run`: read in the child, guess, show, ask, then commit in groups. The same file
// with the same columns is the same import to the server, which says how far it got: so a second
// run resumes or changes nothing.

#include "client/import/feed.h"
#include "client/import/likely.h"
#include "client/import/preview.h"
#include "client/tools.h"
#include "shared/words.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS_ARENA_MAX (2048ull * 1024 * 1024)

static enum status words_take(struct client *client, size_t count, const char *const *words,
                              struct import_order *out)
{
    const char *kind = NULL;
    for (size_t i = 0; i < count; i++) {
        if (out->same_count < IMPORT_SAME_MAX &&
            tool_value(count, words, &i, "same", &out->same[out->same_count])) {
            out->same_count++;
            continue;
        }
        if (tool_value(count, words, &i, "as", &kind) ||
            tool_value(count, words, &i, "map", &out->map) ||
            tool_value(count, words, &i, "date-format", &out->date_format) ||
            tool_value(count, words, &i, "currency", &out->currency) ||
            tool_value(count, words, &i, "source", &out->source)) {
            continue;
        }
        if (tool_flag(words[i], "as-new")) {
            out->as_new = true;
            continue;
        }
        if (tool_flag(words[i], "inclusive") || tool_flag(words[i], "tax-on-total")) {
            bool *flag = words[i][2] == 'i' ? &out->inclusive : &out->tax_on_total;
            *flag = true;
            continue;
        }
        if (words[i][0] == '-' || out->path != NULL) {
            client_hint(client, "kontor import run --help");
            return client_fail(client, STATUS_USAGE, NULL, words[i], NULL);
        }
        out->path = words[i];
    }
    const char *choices = "customers, invoices, invoice-lines, payments";
    if (out->path == NULL) {
        client_hint(client, "kontor import run FILE --as invoices");
        return client_fail(client, STATUS_FIELD_MISSING, "file", NULL, NULL);
    }
    if (kind == NULL) {
        return client_fail(client, STATUS_FIELD_MISSING, "as", NULL, choices);
    }
    return columns_kind(kind, &out->kind)
               ? STATUS_OK
               : client_fail(client, STATUS_FIELD_NOT_CHOICE, "as", kind, choices);
}

// What makes two runs the same import: the file, and how its columns are read, guessed or said.
static enum status fingerprint(struct client *client, const struct import_order *order,
                               const struct columns *columns, int file,
                               uint8_t out[static KEY_BYTES])
{
    uint8_t hashes[2 * KEY_BYTES];
    enum status status = sheet_hash(file, hashes);
    if (status != STATUS_OK) {
        return status;
    }
    const char *text = arena_print(client->arena, "%d|%s|%s|%zu%s%s", (int)order->kind,
                                   columns->date_format == NULL ? "" : columns->date_format,
                                   order->source == NULL ? "" : order->source, columns->header,
                                   order->inclusive ? "|inclusive" : "",
                                   order->tax_on_total ? "|tax-on-total" : "");
    for (size_t i = 0; i < COLUMN_COUNT && text != NULL; i++) {
        text = arena_print(client->arena, "%s|%d", text, columns->at[i]);
    }
    for (size_t i = 0; i < order->same_count && text != NULL; i++) {
        text = arena_print(client->arena, "%s|%s", text, order->same[i]);
    }
    if (text == NULL) {
        return STATUS_TOO_LARGE;
    }
    key_hash(NULL, bytes_of(text, strlen(text)), hashes + KEY_BYTES, KEY_BYTES);
    key_hash(NULL, bytes_of(hashes, sizeof(hashes)), out, KEY_BYTES);
    return STATUS_OK;
}

static enum status file_open(struct client *client, const char *path, int *out)
{
    assert(path != NULL);
    CLEANUP(home_close_at) int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    if (file < 0 || fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return client_fail(client, STATUS_FILE_ERROR, "file", path, NULL);
    }
    *out = file;
    file = -1;
    return STATUS_OK;
}

static enum status reader_complain(struct client *client, enum status status, uint32_t bad_row)
{
    if (status == STATUS_READER_FAILED && bad_row > 0) {
        client->fault = arena_print(
            client->arena,
            _("row %u of the file cannot be read: a quoted field does not end, or a quote "
              "stands where none may"),
            bad_row);
    } else if (status == STATUS_READER_FAILED) {
        client->fault = _("the file is neither CSV in UTF-8 nor in GB18030");
    }
    if (status == STATUS_READER_FAILED) {
        client_hint(client, _("nothing was imported"));
    }
    return status;
}

static enum status columns_complain(struct client *client, enum status status, const char *bad)
{
    if (status == STATUS_AMBIGUOUS) {
        client->fault = _("the dates of the file can be read in two ways");
        client_hint(client, "--date-format DD/MM/YYYY");
        return client_fail(client, status, "date-format", bad, NULL);
    }
    if (status == STATUS_FIELD_MISSING) {
        client->fault = arena_print(client->arena, _("no column was found for %s"), bad);
        client_hint(client, arena_print(client->arena, "--map %s=%s,…", bad, _("COLUMN")));
        return status;
    }
    if (status == STATUS_NOT_FOUND) {
        client->fault = arena_print(client->arena, _("the file has no column named \"%s\""), bad);
        return client_fail(client, STATUS_FIELD_NOT_CHOICE, "map", bad, NULL);
    }
    return client_fail(client, status, status == STATUS_FIELD_NOT_DAY ? "date-format" : "map", bad,
                       NULL);
}

// File to rows, with what was said or guessed about its columns.
static enum status file_take(struct client *client, const struct import_order *order,
                             struct arena *arena, int file, struct sheet **sheet,
                             struct import_file *out)
{
    uint32_t bad_row = 0;
    enum status status = sheet_read("/proc/self/exe", "csv", file, sheet, &bad_row);
    if (status != STATUS_OK) {
        return reader_complain(client, status, bad_row);
    }
    const char *bad = "";
    status = columns_find(arena, *sheet, order->kind, order->map, &out->columns, &bad);
    if (status == STATUS_OK) {
        status = columns_dates(arena, *sheet, order->date_format, &out->columns, &bad);
    }
    if (status != STATUS_OK) {
        return status == STATUS_READER_FAILED ? reader_complain(client, status, 0)
                                              : columns_complain(client, status, bad);
    }
    const struct rows_context context = {
        .arena = arena,
        .currency = client->context.currency,
        .decimals = client->context.decimals,
        .inclusive = order->inclusive,
        .tax_on_total = order->tax_on_total,
    };
    out->sheet = *sheet;
    status = rows_make(&context, *sheet, &out->columns, &out->rows);
    return status == STATUS_OK ? fingerprint(client, order, &out->columns, file, out->fingerprint)
                               : status;
}

static enum status import_commit(struct client *client, const struct import_order *order,
                                 const struct import_file *file)
{
    struct feed feed = {.client = client, .order = order, .file = file};
    int64_t began = client_clock_ms();
    enum status status = feed_run(&feed);
    feed.elapsed_ms = client_clock_ms() - began;
    if (status != STATUS_OK) {
        client_hint(client, _("run the same command again: it goes on where it stopped"));
        return status;
    }
    preview_result(&feed);
    bool partly = feed.problem_count > 0 || file->rows.problem_count > 0;
    return partly && !feed.was_finished ? STATUS_PARTLY_DONE : STATUS_OK;
}

enum status tool_import(struct client *client, size_t count, const char *const *words)
{
    struct import_order order = {0};
    enum status status = words_take(client, count, words, &order);
    if (status == STATUS_OK) {
        status = client_begin(client);
    }
    CLEANUP(home_close_at) int descriptor = -1;
    if (status == STATUS_OK) {
        status = file_open(client, order.path, &descriptor);
    }
    if (status != STATUS_OK) {
        return status;
    }
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ROWS_ARENA_MAX);
    CLEANUP(sheet_free_at) struct sheet *sheet = NULL;
    struct import_file file = {0};
    status = arena == NULL ? STATUS_ENVIRONMENT
                           : file_take(client, &order, arena, descriptor, &sheet, &file);
    if (status != STATUS_OK) {
        return status;
    }
    struct likely_list likely = {0};
    status = likely_same(client, &order, &file);
    if (status == STATUS_OK) {
        status = likely_find(client, &order, &file, &likely);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (client->options.json == NULL && !client->options.quiet) {
        preview_print(client, &order, &file);
        likely_print(client, &likely);
    }
    if (file.rows.count == 0) {
        client->fault = _("no row of the file can be imported");
        return STATUS_READER_FAILED;
    }
    if (client->options.dry_run) {
        return STATUS_OK;
    }
    if (likely.count > 0 && !order.as_new) {
        return likely_refuse(client, &likely);
    }
    if (!client->options.yes) {
        status = terminal_confirm(&client->terminal, _("Import these rows?"));
    }
    if (status == STATUS_NEEDS_CONFIRMATION) {
        client_hint(client, "--yes");
    }
    return status == STATUS_OK ? import_commit(client, &order, &file) : status;
}
