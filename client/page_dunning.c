// SPDX-License-Identifier: Apache-2.0
#include "client/grid.h"
#include "client/output.h"
#include "client/pages.h"
#include "shared/day.h"
#include "shared/words.h"

// A reminder as the letter that goes to the customer, in the language of the session.

static void head_print(struct client *client, const DunningCard *letter, FILE *out)
{
    (void)fprintf(out, "%s  %s", letter->final ? _("Last reminder") : _("Payment reminder"),
                  letter->number);
    if (letter->state != DUNNING_STATE__DUNNING_STATE_ISSUED) {
        (void)fprintf(out, "  (%s)",
                      letter->state == DUNNING_STATE__DUNNING_STATE_DRAFT ? _("draft")
                                                                          : _("discarded"));
    }
    (void)fputc('\n', out);
    page_label(_("From"), out);
    (void)fprintf(out, "%s\n", letter->issuer);
    page_label(_("To"), out);
    (void)fprintf(out, "%s %s\n", letter->customer, letter->name);
    page_label(_("Date"), out);
    (void)fprintf(out, "%s\n", output_day(client, letter->date_day));
    page_label(_("Level"), out);
    (void)fprintf(out, "%u\n\n", letter->level);
    if (letter->text[0] != '\0') {
        (void)fprintf(out, "%s\n\n", letter->text);
    }
}

static enum status lines_print(struct client *client, const DunningCard *letter, FILE *out)
{
    static const char *const KEYS[] = {"invoice", "reference", "date",          "due",
                                       "level",   "residual",  "late_interest", "overdue_days"};
    struct grid grid;
    grid_init(&grid, client->arena);
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        grid_column(&grid, output_header(client, KEYS[i]), i >= 4);
    }
    for (size_t i = 0; i < letter->n_line; i++) {
        const DunningLine *line = letter->line[i];
        const char **cells = grid_row(&grid);
        const char *date = day_print(client->arena, line->date_day);
        const char *due = day_print(client->arena, line->due_day);
        const char *level = arena_print(client->arena, "%u", line->level);
        const char *late = arena_print(client->arena, "%u", line->overdue_days);
        if (cells == NULL || date == NULL || due == NULL || level == NULL || late == NULL) {
            return STATUS_TOO_LARGE;
        }
        cells[0] = line->invoice;
        cells[1] = line->reference;
        cells[2] = date;
        cells[3] = due;
        cells[4] = level;
        cells[5] = output_money(client, line->residual_minor);
        cells[6] =
            line->late_interest_minor == 0 ? "" : output_money(client, line->late_interest_minor);
        cells[7] = late;
    }
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    (void)fputc('\n', out);
    return STATUS_OK;
}

static void sum_print(struct client *client, const char *label, int64_t minor, FILE *out)
{
    if (minor != 0) {
        page_label(label, out);
        (void)fprintf(out, "%s\n", output_money(client, minor));
    }
}

enum status page_dunning(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                         FILE *out)
{
    const DunningCard *letter = (const DunningCard *)(const void *)inner;
    (void)reply;
    head_print(client, letter, out);
    const enum status status = lines_print(client, letter, out);
    if (status != STATUS_OK) {
        return status;
    }
    sum_print(client, _("Overdue"), letter->principal_minor, out);
    sum_print(client, _("Fee"), letter->fee_minor, out);
    sum_print(client, _("Interest"), letter->late_interest_minor, out);
    sum_print(client, _("Earlier fees"), letter->earlier_minor, out);
    page_label(_("To pay"), out);
    (void)fprintf(out, "%s %s\n", output_money(client, letter->total_minor), letter->currency);
    if (letter->invoice[0] != '\0') {
        page_label(_("Charged"), out);
        (void)fprintf(out, "%s\n", letter->invoice);
    }
    page_bank(letter->bank_holder, letter->bank_name, letter->bank_account, letter->footer, out);
    return STATUS_OK;
}
