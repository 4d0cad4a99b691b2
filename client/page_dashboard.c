// SPDX-License-Identifier: Apache-2.0
#include "client/output.h"
#include "client/pages.h"
#include "shared/words.h"

// The key figures on one screen: at most 24 lines of 80 cells.

// "label  amount  (before amount)"
static void pair_print(struct client *client, const char *label, int64_t minor,
                       const char *other_label, int64_t other_minor, FILE *out)
{
    page_label(label, out);
    (void)fprintf(out, "%16s   %s %s\n", output_money(client, minor), other_label,
                  output_money(client, other_minor));
}

static void rows_print(struct client *client, const char *label, DashboardRow *const *row,
                       size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        page_label(i == 0 ? label : "", out);
        (void)fprintf(out, "%16s   %s\n", output_money(client, row[i]->amount_minor),
                      client_safe(client, row[i]->name));
    }
}

static void methods_print(struct client *client, const ReportDashboardReply *board, FILE *out)
{
    if (board->n_method == 0) {
        return;
    }
    page_label(_("Paid by"), out);
    for (size_t i = 0; i < board->n_method; i++) {
        const char *name = board->method[i]->name;
        (void)fprintf(out, "%s%s %s", i == 0 ? "" : "   ",
                      name[0] == '\0' ? _("other") : language_word(name),
                      output_money(client, board->method[i]->amount_minor));
    }
    (void)fputc('\n', out);
}

enum status page_dashboard(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                           FILE *out)
{
    (void)reply;
    const ReportDashboardReply *board = (const ReportDashboardReply *)(const void *)inner;
    const AgingRow *aging = board->aging;
    if (aging == NULL) {
        return STATUS_MALFORMED;
    }
    (void)fprintf(out, "%s · %s · %s\n\n", client_safe(client, board->company),
                  output_day(client, board->as_of_day), board->currency);
    page_label(_("Money"), out);
    (void)fprintf(out, "%16s\n", output_money(client, board->cash_minor));
    pair_print(client, _("Owed to us"), aging->open_minor, _("overdue"),
               aging->open_minor - aging->not_due_minor, out);
    pair_print(client, _("On account"), aging->on_account_minor, _("disputed"),
               aging->disputed_minor, out);
    pair_print(client, _("Revenue"), board->revenue_month_minor, _("the month before"),
               board->revenue_month_before_minor, out);
    pair_print(client, _("this year"), board->revenue_year_minor, _("the year before"),
               board->revenue_year_before_minor, out);
    pair_print(client, _("Profit"), board->profit_month_minor, _("this year"),
               board->profit_year_minor, out);
    pair_print(client, _("Received"), board->received_month_minor, _("the month before"),
               board->received_month_before_minor, out);
    (void)fputc('\n', out);
    rows_print(client, _("Owe most"), board->debtor, board->n_debtor, out);
    rows_print(client, _("Buy most"), board->customer, board->n_customer, out);
    rows_print(client, _("Sold most"), board->item, board->n_item, out);
    methods_print(client, board, out);
    page_label(_("Ledger"), out);
    (void)fprintf(out,
                  board->difference_minor == 0 ? _("difference 0: the report ties")
                                               : _("DIFFERENCE %s: run kontord verify"),
                  output_money(client, board->difference_minor));
    (void)fputc('\n', out);
    return STATUS_OK;
}
