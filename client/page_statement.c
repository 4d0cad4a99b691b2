// SPDX-License-Identifier: Apache-2.0
#include "client/grid.h"
#include "client/output.h"
#include "client/pages.h"
#include "shared/day.h"
#include "shared/words.h"

static void head_print(struct client *client, const StatementShowReply *statement, FILE *out)
{
    (void)fprintf(out, "%s  %s\n", _("Statement of account"), statement->number);
    page_label(_("From"), out);
    (void)fprintf(out, "%s\n", statement->issuer);
    page_label(_("To"), out);
    (void)fprintf(out, "%s %s\n", statement->customer, statement->name);
    // Without a first day it begins with the books, and open items are of a day.
    const bool is_open = statement->form == STATEMENT_FORM__STATEMENT_FORM_OPEN;
    const char *to = output_day(client, statement->to_day);
    if (is_open || statement->from_day == 0) {
        page_label(is_open ? _("As of") : _("Up to"), out);
        (void)fprintf(out, "%s   %s\n\n", to, statement->currency);
        return;
    }
    page_label(_("Period"), out);
    (void)fprintf(out, "%s … %s   %s\n\n", output_day(client, statement->from_day), to,
                  statement->currency);
}

// Opening balance, movements, closing balance: each row with the balance after it.
static enum status movements_print(struct client *client, const StatementShowReply *statement,
                                   FILE *out)
{
    static const char *const KEYS[] = {"date",  "document", "reference",
                                       "debit", "credit",   "balance"};
    struct grid grid;
    grid_init(&grid, client->arena);
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        grid_column(&grid, output_header(client, KEYS[i]), i >= 3);
    }
    const char **cells = grid_row(&grid);
    if (cells == NULL) {
        return STATUS_TOO_LARGE;
    }
    cells[1] = _("opening balance");
    cells[5] = output_money_in(client, statement->currency, statement->opening_minor);
    for (size_t i = 0; i < statement->n_row; i++) {
        const StatementRow *row = statement->row[i];
        cells = grid_row(&grid);
        const char *date = day_print(client->arena, row->date_day);
        if (cells == NULL || date == NULL) {
            return STATUS_TOO_LARGE;
        }
        cells[0] = date;
        cells[1] = row->reversal
                       ? arena_print(client->arena, "%s %s", row->document, _("(taken back)"))
                       : row->document;
        cells[2] = row->reference;
        cells[3] = row->debit_minor == 0
                       ? ""
                       : output_money_in(client, statement->currency, row->debit_minor);
        cells[4] = row->credit_minor == 0
                       ? ""
                       : output_money_in(client, statement->currency, row->credit_minor);
        cells[5] = output_money_in(client, statement->currency, row->balance_minor);
    }
    grid.has_footer = true;
    grid.footer[1] = _("closing balance");
    grid.footer[3] = output_money_in(client, statement->currency, statement->debit_minor);
    grid.footer[4] = output_money_in(client, statement->currency, statement->credit_minor);
    grid.footer[5] = output_money_in(client, statement->currency, statement->closing_minor);
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    return STATUS_OK;
}

static void aging_print(struct client *client, const char *currency, const AgingRow *aging,
                        FILE *out)
{
    const struct {
        const char *title;
        int64_t minor;
    } buckets[] = {
        {_("not due"), aging->not_due_minor}, {"1-30", aging->d1_30_minor},
        {"31-60", aging->d31_60_minor},       {"61-90", aging->d61_90_minor},
        {"91-180", aging->d91_180_minor},     {"181-365", aging->d181_365_minor},
        {"366+", aging->d366_up_minor},       {_("on account"), aging->on_account_minor},
    };

    page_label(_("By age"), out);
    bool is_any = false;
    for (size_t i = 0; i < COUNT_OF(buckets); i++) {
        if (buckets[i].minor != 0) {
            is_any = true;
            (void)fprintf(out, "%s %s   ", buckets[i].title,
                          output_money_in(client, currency, buckets[i].minor));
        }
    }
    (void)fprintf(out, "%s\n", is_any ? "" : _("nothing is open"));
}

// What is open in other currencies; money on account takes it down.
static void other_print(struct client *client, const StatementShowReply *statement, FILE *out)
{
    for (size_t i = 0; i < statement->n_other; i++) {
        const CurrencyOpen *other = statement->other[i];
        if (i == 0) {
            page_label(_("Besides"), out);
        }
        (void)fprintf(
            out, "%s %s   ", other->currency,
            output_money_in(client, other->currency, other->open_minor - other->on_account_minor));
    }
    (void)fputs(statement->n_other > 0 ? "\n" : "", out);
}

// ---- open items ----

static enum status items_print(struct client *client, const StatementShowReply *statement,
                               FILE *out)
{
    static const char *const KEYS[] = {"document", "reference", "date",     "due",
                                       "amount",   "settled",   "residual", "overdue_days"};
    struct grid grid;
    grid_init(&grid, client->arena);
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        grid_column(&grid, output_header(client, KEYS[i]), i >= 4);
    }
    for (size_t i = 0; i < statement->n_item; i++) {
        const StatementItem *item = statement->item[i];
        const char **cells = grid_row(&grid);
        const char *date = day_print(client->arena, item->date_day);
        const char *due = day_print(client->arena, item->due_day);
        const char *late =
            item->overdue_days == 0 ? "" : arena_print(client->arena, "%u", item->overdue_days);
        if (cells == NULL || date == NULL || due == NULL || late == NULL) {
            return STATUS_TOO_LARGE;
        }
        cells[0] = item->document;
        cells[1] = item->reference;
        cells[2] = date;
        cells[3] = due;
        cells[4] = output_money_in(client, statement->currency, item->amount_minor);
        cells[5] = output_money_in(client, statement->currency, item->settled_minor);
        cells[6] = output_money_in(client, statement->currency, item->residual_minor);
        cells[7] = late;
    }
    grid.has_footer = true;
    grid.footer[0] = _("closing balance");
    grid.footer[6] = output_money_in(client, statement->currency, statement->closing_minor);
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    return STATUS_OK;
}

// ---- where to pay, and what comes back signed ----

void page_bank(const char *holder, const char *name, const char *account, const char *footer,
               FILE *out)
{
    if (account[0] != '\0') {
        page_label(_("Pay to"), out);
        (void)fprintf(out, "%s  %s  %s\n", holder, name, account);
    }
    if (footer[0] != '\0') {
        page_label(_("Note"), out);
        (void)fprintf(out, "%s\n", footer);
    }
}

static void slip_print(struct client *client, const StatementShowReply *statement, FILE *out)
{
    (void)fprintf(out, "\n- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -\n");
    (void)fprintf(out, _("Confirmation of %s to %s"), statement->number, statement->issuer);
    (void)fprintf(out, "\n%s %s  %s %s\n\n", statement->customer, statement->name,
                  statement->currency,
                  output_money_in(client, statement->currency, statement->closing_minor));
    (void)fprintf(out, "[ ] %s\n", _("the balance is right"));
    (void)fprintf(out, "[ ] %s\n\n", _("the balance is wrong; ours is: ____________ because:"));
    (void)fprintf(out, "%s\n", _("Seal: ____________  Date: ____________"));
}

static void proof_print(const StatementShowReply *statement, FILE *out)
{
    if (statement->hash[0] == '\0') {
        return;
    }
    page_label(_("Content"), out);
    (void)fprintf(out, "%s\n", statement->hash);
    if (statement->root[0] == '\0') {
        return;
    }
    page_label(_("Journal"), out);
    (void)fprintf(out, _("rests on record %llu; tree of %llu: %s"),
                  (unsigned long long)statement->sequence, (unsigned long long)statement->records,
                  statement->root);
    (void)fputc('\n', out);
}

static void state_print(struct client *client, const StatementShowReply *statement, FILE *out)
{
    if (statement->state == STATEMENT_STATE__STATEMENT_STATE_AGREED) {
        page_label(_("Answer"), out);
        (void)fprintf(out, _("agreed on %s"), output_day(client, statement->replied_day));
        (void)fputc('\n', out);
    } else if (statement->state == STATEMENT_STATE__STATEMENT_STATE_DISPUTED) {
        page_label(_("Answer"), out);
        (void)fprintf(out, _("disputed on %s, says %s: %s (%s)"),
                      output_day(client, statement->replied_day),
                      output_money_in(client, statement->currency, statement->theirs_minor),
                      statement->reason, statement->finding);
        (void)fputc('\n', out);
    }
}

enum status page_statement(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                           FILE *out)
{
    (void)reply;
    const StatementShowReply *statement = (const StatementShowReply *)(const void *)inner;
    const bool is_open = statement->form == STATEMENT_FORM__STATEMENT_FORM_OPEN;
    head_print(client, statement, out);
    enum status status =
        is_open ? items_print(client, statement, out) : movements_print(client, statement, out);
    if (status != STATUS_OK) {
        return status;
    }
    (void)fputc('\n', out);
    if (statement->closing_words[0] != '\0') {
        page_label(_("In words"), out);
        (void)fprintf(out, "%s\n", statement->closing_words);
    }
    if (statement->aging != NULL) {
        aging_print(client, statement->currency, statement->aging, out);
    }
    other_print(client, statement, out);
    page_bank(statement->bank_holder, statement->bank_name, statement->bank_account,
              statement->footer, out);
    state_print(client, statement, out);
    proof_print(statement, out);
    page_more(statement->n_row, statement->page, out);
    if (statement->number[0] != '\0') {
        slip_print(client, statement, out);
    }
    return STATUS_OK;
}
