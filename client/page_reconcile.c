// SPDX-License-Identifier: Apache-2.0
#include "client/cli.h"
#include "client/grid.h"
#include "client/output.h"
#include "client/output_machine.h"
#include "client/pages.h"
#include "shared/words.h"

// The outcome statement of a reconciliation (domain.md d.13): from the balance of the books, by
// what is on one side only, to the balance of the bank.

static enum status sums_print(struct client *client, const ReconcileStatusReply *status, FILE *out)
{
    const struct {
        const char *label;
        int64_t minor;
        bool shown;
    } rows[] = {
        {_("balance of the books"), status->book_minor, true},
        {_("came in, the bank does not show it yet"), -status->outstanding_in_minor,
         status->outstanding_in_minor != 0},
        {_("went out, the bank does not show it yet"), status->outstanding_out_minor,
         status->outstanding_out_minor != 0},
        {_("came in at the bank, not in the books"), status->unbooked_in_minor,
         status->unbooked_in_minor != 0},
        {_("went out at the bank, not in the books"), -status->unbooked_out_minor,
         status->unbooked_out_minor != 0},
        {_("the bank must show"), status->expected_minor, true},
        {_("the bank shows"), status->closing_minor, status->has_closing},
        {_("difference"), status->difference_minor, status->has_closing},
    };

    struct grid grid;
    grid_init(&grid, client->arena);
    grid_column(&grid, output_header(client, "line"), false);
    grid_column(&grid, output_header(client, "amount"), true);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char **cells = rows[i].shown ? grid_row(&grid) : NULL;
        if (rows[i].shown && cells == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (cells != NULL) {
            cells[0] = rows[i].label;
            cells[1] = output_money(client, rows[i].minor);
        }
    }
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    return STATUS_OK;
}

enum status page_reconcile(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                           FILE *out)
{
    (void)reply;
    const ReconcileStatusReply *status = (const ReconcileStatusReply *)(const void *)inner;
    (void)fprintf(out, "%s · %s · %s\n", status->account,
                  status->statement[0] == '\0' ? "-" : status->statement,
                  output_day(client, status->as_of_day));
    (void)fprintf(out, _("%u lines matched, %u left out, %u wait"), status->matched,
                  status->ignored, status->waiting);
    (void)fputs("\n\n", out);
    enum status result = sums_print(client, status, out);
    if (result == STATUS_OK && status->n_row > 0) {
        (void)fputc('\n', out);
        const char *columns = client->options.columns != NULL
                                  ? client->options.columns
                                  : cli_columns(command_by_name("reconcile_status"));
        result = output_table(client, inner, output_rows_of(inner->descriptor), columns, NULL, out);
    }
    page_more(status->n_row, status->page, out);
    return result;
}
