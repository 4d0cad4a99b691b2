// SPDX-License-Identifier: Apache-2.0
#include "client/pages.h"

#include "client/cli.h"
#include "client/grid.h"
#include "client/output.h"
#include "shared/day.h"
#include "shared/fields.h"
#include "shared/money.h"
#include "shared/text.h"
#include "shared/words.h"

#define LABEL_CELLS 12

page_function *page_of_command(const struct command *command)
{
    static const struct {
        const char *command;
        page_function *page;
    } PAGES[] = {
        {"report_aging", page_aging},
        {"statement_show", page_statement},
        {"dunning_show", page_dunning},
        {"payment_add", page_payment},
        {"rate_set", page_rate},
        {"user_invite", page_invitation},
        {"user_reset", page_invitation},
        {"user_codes", page_codes},
        {"notice_show", page_notice},
        {"report_profit_loss", page_profit_loss},
        {"report_balance_sheet", page_balance_sheet},
        {"report_cash_flow", page_cash_flow},
        {"report_ledger", page_ledger},
        {"report_contribution", page_contribution},
        {"report_dashboard", page_dashboard},
        {"reconcile_status", page_reconcile},
        {"check_books", page_check},
        {"check_status", page_check},
    };

    for (size_t i = 0; i < COUNT_OF(PAGES); i++) {
        if (strcmp(PAGES[i].command, command->name) == 0) {
            return PAGES[i].page;
        }
    }
    return NULL;
}

void page_label(const char *label, FILE *out)
{
    size_t cells = text_cells(label);
    (void)fprintf(out, "%s%*s", label, cells < LABEL_CELLS ? (int)(LABEL_CELLS - cells) : 1, "");
}

void page_more(size_t rows, const Page *page, FILE *out)
{
    if (page != NULL && page->next[0] != '\0') {
        (void)fprintf(out, _("%zu of %u; the next ones: --cursor %s"), rows, page->count,
                      page->next);
        (void)fputc('\n', out);
    }
}

// A word as the shell needs it.
static const char *shell_word(struct arena *arena, const char *word)
{
    if (word[0] != '\0' && strpbrk(word, " \t\"'\\$`&|;<>()*?[]#~!{}") == NULL) {
        return word;
    }
    const char *text = "'";
    for (const char *at = word; text != NULL;) {
        size_t size = strcspn(at, "'");
        text =
            arena_print(arena, "%s%.*s%s", text, (int)size, at, at[size] == '\0' ? "'" : "'\\''");
        if (at[size] == '\0') {
            break;
        }
        at += size + 1;
    }
    return text;
}

// The day that "--date" or "--date=-1d" was understood as, in the words of the option; NULL when
// the word names no day of the request.
static const char *day_word(const struct client *client, const char *word, bool *takes_next)
{
    const ProtobufCMessage *request = client->request;
    size_t size = strcspn(word, "=");
    *takes_next = word[size] == '\0';
    if (request == NULL || strncmp(word, "--", 2) != 0) {
        return NULL;
    }
    for (unsigned i = 0; i < request->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &request->descriptor->fields[i];
        char name[64];
        field_option(field, name);
        bool is_meant = strlen(name) == size - 2 && memcmp(name, word + 2, size - 2) == 0;
        if (is_meant && field_kind(field) == KIND_DAY && field_is_set(request, field)) {
            const char *day = day_print(client->arena, *(const int32_t *)field_at(request, field));
            return day == NULL ? NULL : arena_print(client->arena, "--%s %s", name, day);
        }
    }
    return NULL;
}

const char *page_commit_line(struct client *client, const char *plan)
{
    const char *line = "kontor";
    for (size_t i = 0; i < client->argument_count && line != NULL; i++) {
        if (strcmp(client->arguments[i], "--dry-run") == 0) {
            continue;
        }
        bool takes_next = false;
        const char *word = day_word(client, client->arguments[i], &takes_next);
        if (word == NULL) {
            word = shell_word(client->arena, client->arguments[i]);
        } else if (takes_next) {
            i++;
        }
        line = word == NULL ? NULL : arena_print(client->arena, "%s %s", line, word);
    }
    return line == NULL ? NULL : arena_print(client->arena, "%s --plan %s", line, plan);
}

// ---- rate ----

enum status page_rate(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                      FILE *out)
{
    const RateSetReply *rate = (const RateSetReply *)(const void *)inner;
    (void)reply;
    output_done(client,
                rate->removed ? _("{currency} has no rate of its own for {date} any more; the one "
                                  "before holds.")
                              : language_word(cli_done(command_by_name("rate_set"))),
                inner, out);
    return STATUS_OK;
}

// ---- payment ----

static enum status allocation_table(struct client *client, const PaymentAddReply *payment,
                                    FILE *out)
{
    static const char *const KEYS[] = {"invoice", "due",  "late_days", "open",
                                       "apply",   "left", "rule"};
    struct grid grid;
    grid_init(&grid, client->arena);
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        grid_column(&grid, output_header(client, KEYS[i]), i >= 2 && i <= 5);
    }
    for (size_t i = 0; i < payment->n_line; i++) {
        const AllocationLine *line = payment->line[i];
        const char **cells = grid_row(&grid);
        const char *due = line->due_day == 0 ? "" : day_print(client->arena, line->due_day);
        const char *late =
            line->late_days > 0 ? arena_print(client->arena, _("%d d"), line->late_days) : "";
        if (cells == NULL || due == NULL || late == NULL) {
            return STATUS_TOO_LARGE;
        }
        cells[0] = line->invoice;
        cells[1] = due;
        cells[2] = late;
        cells[3] = output_money_in(client, payment->currency, line->open_minor);
        cells[4] = line->apply_minor == 0
                       ? "·"
                       : output_money_in(client, payment->currency, line->apply_minor);
        cells[5] = output_money_in(client, payment->currency, line->left_minor);
        cells[6] = language_word(line->rule);
    }
    if (payment->n_line > 0) {
        grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    }
    return STATUS_OK;
}

// What the money is in: its own currency, else the book's.
static const char *currency_of(struct client *client, const PaymentAddReply *payment)
{
    return payment->currency[0] != '\0' ? payment->currency : client->context.currency;
}

// Of money in another currency: what it came to, and what that differs by.
static void payment_exchange(struct client *client, const PaymentAddReply *payment, FILE *out)
{
    if (payment->currency[0] == '\0') {
        return;
    }
    (void)fprintf(out, _("Booked as %s %s, exchange %s"), output_money(client, payment->book_minor),
                  client->context.currency, output_money(client, payment->exchange_minor));
    (void)fputc('\n', out);
}

static void payment_preview(struct client *client, const PaymentAddReply *payment, FILE *out)
{
    const char *currency = currency_of(client, payment);
    page_label(_("Amount"), out);
    (void)fprintf(out, "%s %s", output_money_in(client, payment->currency, payment->amount_minor),
                  currency);
    const char *formal =
        strcmp(currency, "CNY") == 0 ? money_formal(client->arena, payment->amount_minor) : NULL;
    (void)fprintf(out, "%s%s\n", formal == NULL ? "" : "  人民币", formal == NULL ? "" : formal);
    if (payment->date_day != 0) {
        page_label(_("Date"), out);
        (void)fprintf(out, "%s\n", output_day(client, payment->date_day));
    }
    payment_exchange(client, payment, out);
    (void)fputc('\n', out);
}

static void payment_done(struct client *client, const PaymentAddReply *payment, FILE *out)
{
    (void)fprintf(out, "%s  %s %s", payment->number,
                  output_money_in(client, payment->currency, payment->amount_minor),
                  currency_of(client, payment));
    const char *colon = client->language == LANGUAGE_CHINESE ? "：" : ": ";
    const char *comma = client->language == LANGUAGE_CHINESE ? "，" : ", ";
    for (size_t i = 0; i < payment->n_line; i++) {
        const AllocationLine *line = payment->line[i];
        (void)fputs(i == 0 ? colon : comma, out);
        // Of an invoice in parts it is one part: the due day tells which.
        const char *due = day_print(client->arena, line->due_day);
        if (line->left_minor == 0) {
            (void)fprintf(out, _("%s due %s closed"), line->invoice, due == NULL ? "" : due);
        } else {
            (void)fprintf(out, _("%s due %s %s left"), line->invoice, due == NULL ? "" : due,
                          output_money_in(client, payment->currency, line->left_minor));
        }
    }
    if (payment->on_account_minor != 0) {
        (void)fputs(payment->n_line == 0 ? colon : comma, out);
        (void)fprintf(out, _("%s on account"),
                      output_money_in(client, payment->currency, payment->on_account_minor));
    }
    (void)fputc('\n', out);
    payment_exchange(client, payment, out);
    (void)fprintf(out, _("Balance %s -> %s.   Undo: kontor payment reverse %s --reason TEXT"),
                  output_money(client, payment->balance_before_minor),
                  output_money(client, payment->balance_minor), payment->number);
    (void)fputc('\n', out);
}

enum status page_payment(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                         FILE *out)
{
    const PaymentAddReply *payment = (const PaymentAddReply *)(const void *)inner;
    if (!client->options.dry_run) {
        payment_done(client, payment, out);
        return STATUS_OK;
    }
    payment_preview(client, payment, out);
    enum status status = allocation_table(client, payment, out);
    (void)fputc('\n', out);
    page_label(_("On account"), out);
    (void)fprintf(out, "%s\n",
                  output_money_in(client, payment->currency, payment->on_account_minor));
    page_label(_("Balance"), out);
    (void)fprintf(out, "%s → %s\n", output_money(client, payment->balance_before_minor),
                  output_money(client, payment->balance_minor));
    (void)reply;
    return status;
}

// ---- invitation ----

enum status page_invitation(struct client *client, const Reply *reply,
                            const ProtobufCMessage *inner, FILE *out)
{
    const UserInviteReply *invite = (const UserInviteReply *)(const void *)inner;
    (void)reply;
    const char *until = output_moment(client, invite->expires_us);
    if (client->output_path != NULL) {
        (void)fprintf(out, _("Invitation for %s in %s, one use, valid until %s."), invite->login,
                      client->output_path, until);
        (void)fputc('\n', out);
        return STATUS_OK;
    }
    (void)fprintf(out, "%s\n", invite->invitation);
    (void)fprintf(
        out,
        _("For %s, one use, valid until %s. Whoever has this text can join: hand it over in person."),
        invite->login, until);
    (void)fputc('\n', out);
    return STATUS_OK;
}
