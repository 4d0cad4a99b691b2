// SPDX-License-Identifier: Apache-2.0
#include "client/grid.h"
#include "client/letters.h"
#include "client/output.h"
#include "client/pages.h"
#include "shared/day.h"
#include "shared/fields.h"
#include "shared/words.h"

// Profit and loss, balance sheet, cash flow: lines with their accounts below them, and the line
// that says whether the statement ties.

// "cost-of-sales" as people say it.
static const char *line_word(struct client *client, FinancialLine line)
{
    char word[64];
    if (field_choice_word(&financial_line__descriptor, (int)line, word) == NULL) {
        return "?";
    }
    const char *named = arena_print(client->arena, "FinancialLine %s", word);
    const char *said = named == NULL ? word : language_word(named);
    said = said == named ? language_word(word) : said;
    if (said != word) {
        return said;
    }
    char *spaced = arena_copy(client->arena, word, strlen(word));
    letters_replace(spaced, '-', ' ');
    return spaced == NULL ? "" : spaced;
}

static const char *period(struct client *client, int32_t from_day, int32_t to_day)
{
    const char *from = from_day == 0 ? "" : day_print(client->arena, from_day);
    const char *to = day_print(client->arena, to_day);
    const char *both = from == NULL || to == NULL ? NULL
                       : from_day == 0            ? to
                                       : arena_print(client->arena, "%s … %s", from, to);
    return both == NULL ? "" : both;
}

static enum status rows_print(struct client *client, const FinancialReply *statement, FILE *out)
{
    bool compares = statement->before_to_day != 0;
    struct grid grid;
    grid_init(&grid, client->arena);
    grid_column(&grid, output_header(client, "line"), false);
    grid_column(&grid, period(client, statement->from_day, statement->to_day), true);
    if (compares) {
        grid_column(&grid, period(client, statement->before_from_day, statement->before_to_day),
                    true);
    }
    for (size_t i = 0; i < statement->n_row; i++) {
        const FinancialRow *row = statement->row[i];
        const char **cells = grid_row(&grid);
        const char *name = row->account == 0
                               ? line_word(client, row->line)
                               : arena_print(client->arena, "  %u %s", row->account, row->name);
        if (cells == NULL || name == NULL) {
            return STATUS_TOO_LARGE;
        }
        cells[0] = name;
        cells[1] = output_money(client, row->amount_minor);
        if (compares) {
            cells[2] = output_money(client, row->before_minor);
        }
    }
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    return STATUS_OK;
}

void page_tie(struct client *client, const FinancialTie *tie, FILE *out)
{
    if (tie == NULL) {
        return;
    }
    page_label(_("Ledger"), out);
    if (tie->difference_minor == 0) {
        (void)fprintf(out, _("accounts %s, difference 0: the report ties"),
                      output_money(client, tie->ledger_minor));
    } else {
        (void)fprintf(out, _("accounts %s, DIFFERENCE %s: run kontord verify"),
                      output_money(client, tie->ledger_minor),
                      output_money(client, tie->difference_minor));
    }
    (void)fputc('\n', out);
}

static enum status financial_print(struct client *client, const char *title,
                                   const ProtobufCMessage *inner, FILE *out)
{
    const FinancialReply *statement = (const FinancialReply *)(const void *)inner;
    (void)fprintf(out, "%s · %s · %s · %s\n\n", title, client_safe(client, statement->company),
                  period(client, statement->from_day, statement->to_day), statement->currency);
    enum status status = rows_print(client, statement, out);
    (void)fputc('\n', out);
    page_tie(client, statement->tie, out);
    return status;
}

enum status page_profit_loss(struct client *client, const Reply *reply,
                             const ProtobufCMessage *inner, FILE *out)
{
    (void)reply;
    return financial_print(client, _("Profit and loss"), inner, out);
}

enum status page_balance_sheet(struct client *client, const Reply *reply,
                               const ProtobufCMessage *inner, FILE *out)
{
    (void)reply;
    return financial_print(client, _("Balance sheet"), inner, out);
}

enum status page_cash_flow(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                           FILE *out)
{
    (void)reply;
    return financial_print(client, _("Cash flow"), inner, out);
}

// ---- general ledger ----

enum status page_ledger(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                        FILE *out)
{
    static const char *const KEYS[] = {"date",     "entry", "document", "text",
                                       "customer", "debit", "credit",   "balance"};
    const ReportLedgerReply *ledger = (const ReportLedgerReply *)(const void *)inner;
    (void)reply;
    struct grid grid;
    grid_init(&grid, client->arena);
    (void)fprintf(out, "%s · %u %s%s%s · %s · %s\n\n", _("General ledger"), ledger->account,
                  ledger->name, ledger->customer[0] != '\0' ? " · " : "", ledger->customer,
                  period(client, ledger->from_day, ledger->to_day), ledger->currency);
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        grid_column(&grid, output_header_in(client, &ledger_row__descriptor, KEYS[i]), i >= 5);
    }
    const char **cells = grid_row(&grid);
    if (cells == NULL) {
        return STATUS_TOO_LARGE;
    }
    cells[3] = _("opening balance");
    cells[7] = output_money(client, ledger->opening_minor);
    for (size_t i = 0; i < ledger->n_row; i++) {
        const LedgerRow *row = ledger->row[i];
        const char *date = day_print(client->arena, row->date_day);
        cells = grid_row(&grid);
        if (cells == NULL || date == NULL) {
            return STATUS_TOO_LARGE;
        }
        cells[0] = date;
        cells[1] = row->entry;
        cells[2] = row->document;
        cells[3] = language_word(row->text);
        cells[4] = row->customer;
        cells[5] = row->debit_minor == 0 ? "" : output_money(client, row->debit_minor);
        cells[6] = row->credit_minor == 0 ? "" : output_money(client, row->credit_minor);
        cells[7] = output_money(client, row->balance_minor);
    }
    grid.has_footer = true;
    grid.footer[3] = _("closing balance");
    grid.footer[5] = output_money(client, ledger->debit_minor);
    grid.footer[6] = output_money(client, ledger->credit_minor);
    grid.footer[7] = output_money(client, ledger->closing_minor);
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    (void)fputc('\n', out);
    page_tie(client, ledger->tie, out);
    page_more(ledger->n_row, ledger->page, out);
    return STATUS_OK;
}

// ---- contribution ----

// A column stands where one of its figures could; what a book does not use is left out.
struct contribution_column {
    const char *key;
    size_t offset; // of its amount in a row
    bool always;
};

static const struct contribution_column CONTRIBUTION[] = {
    {"revenue", offsetof(ContributionRow, revenue_minor), true},
    {"cost", offsetof(ContributionRow, cost_minor), true},
    {"selling", offsetof(ContributionRow, selling_minor), true},
    {"finance", offsetof(ContributionRow, finance_minor), true},
    {"bad_debt", offsetof(ContributionRow, bad_debt_minor), false},
    {"shared", offsetof(ContributionRow, shared_minor), false},
    {"carrying", offsetof(ContributionRow, carrying_minor), false},
    {"other", offsetof(ContributionRow, other_minor), true},
    {"contribution", offsetof(ContributionRow, contribution_minor), true},
};

static int64_t contribution_amount(const ContributionRow *row,
                                   const struct contribution_column *column)
{
    int64_t minor;
    memcpy(&minor, (const uint8_t *)row + column->offset, sizeof minor);
    return minor;
}

static bool is_used(const ReportContributionReply *report, const struct contribution_column *column)
{
    bool used = column->always || contribution_amount(report->total, column) != 0 ||
                contribution_amount(report->unallocated, column) != 0;
    for (size_t i = 0; i < report->n_row; i++) {
        used = used || contribution_amount(report->row[i], column) != 0;
    }
    return used;
}

static void contribution_fill(struct client *client, const char *name,
                              const ReportContributionReply *report, const ContributionRow *row,
                              const char **cells)
{
    size_t at = 0;
    cells[at++] = name;
    for (size_t i = 0; i < COUNT_OF(CONTRIBUTION); i++) {
        if (is_used(report, &CONTRIBUTION[i])) {
            cells[at++] = output_money(client, contribution_amount(row, &CONTRIBUTION[i]));
        }
    }
    if (report->before_to_day != 0) {
        cells[at] = output_money(client, row->before_minor);
    }
}

static void contribution_head(struct client *client, const ReportContributionReply *report,
                              struct grid *grid)
{
    grid_init(grid, client->arena);
    grid_column(grid, output_header(client, "customer"), false);
    for (size_t i = 0; i < COUNT_OF(CONTRIBUTION); i++) {
        if (is_used(report, &CONTRIBUTION[i])) {
            grid_column(
                grid, output_header_in(client, &contribution_row__descriptor, CONTRIBUTION[i].key),
                true);
        }
    }
    if (report->before_to_day != 0) {
        grid_column(grid, period(client, report->before_from_day, report->before_to_day), true);
    }
}

enum status page_contribution(struct client *client, const Reply *reply,
                              const ProtobufCMessage *inner, FILE *out)
{
    const ReportContributionReply *report = (const ReportContributionReply *)(const void *)inner;
    (void)reply;
    if (report->unallocated == NULL || report->total == NULL) {
        return STATUS_MALFORMED;
    }
    struct grid grid;
    contribution_head(client, report, &grid);
    (void)fprintf(out, "%s · %s · %s\n\n", _("Contribution of customers"),
                  period(client, report->from_day, report->to_day), report->currency);
    for (size_t i = 0; i < report->n_row; i++) {
        const ContributionRow *row = report->row[i];
        const char **cells = grid_row(&grid);
        const char *name = arena_print(client->arena, "%s %s", row->customer, row->name);
        if (cells == NULL || name == NULL) {
            return STATUS_TOO_LARGE;
        }
        contribution_fill(client, name, report, row, cells);
    }
    const char **cells = grid_row(&grid);
    if (cells == NULL) {
        return STATUS_TOO_LARGE;
    }
    contribution_fill(client, _("unallocated"), report, report->unallocated, cells);
    grid.has_footer = true;
    contribution_fill(client, _("total"), report, report->total, grid.footer);
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    (void)fputc('\n', out);
    page_tie(client, report->tie, out);
    page_more(report->n_row, report->page, out);
    return STATUS_OK;
}
