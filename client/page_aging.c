// SPDX-License-Identifier: Apache-2.0
#include "client/grid.h"
#include "client/output.h"
#include "client/pages.h"
#include "shared/day.h"
#include "shared/words.h"

#define DAYS    7
#define YEARS   6
#define BUCKETS (DAYS + YEARS)

struct bucket {
    const char *title; // msgid
    const char *heat;  // shade and letter: never colour alone
    size_t offset;     // of the amount in AgingRow
};

// By due day in days, by document day in years: a report has one of them.
static const struct bucket BUCKET[BUCKETS] = {
    {N_("not due"), "", offsetof(AgingRow, not_due_minor)},
    {"1-30", " ░a", offsetof(AgingRow, d1_30_minor)},
    {"31-60", " ▒b", offsetof(AgingRow, d31_60_minor)},
    {"61-90", " ▓c", offsetof(AgingRow, d61_90_minor)},
    {"91-180", " █D", offsetof(AgingRow, d91_180_minor)},
    {"181-365", " █E", offsetof(AgingRow, d181_365_minor)},
    {"366+", " █F", offsetof(AgingRow, d366_up_minor)},
    {N_("to 1 year"), "", offsetof(AgingRow, y1_minor)},
    {N_("1-2 years"), " ▒b", offsetof(AgingRow, y2_minor)},
    {N_("2-3 years"), " ▓c", offsetof(AgingRow, y3_minor)},
    {N_("3-4 years"), " █D", offsetof(AgingRow, y4_minor)},
    {N_("4-5 years"), " █E", offsetof(AgingRow, y5_minor)},
    {N_("over 5 years"), " █F", offsetof(AgingRow, y6_up_minor)},
};

static int64_t bucket_of(const AgingRow *row, size_t bucket)
{
    int64_t minor = 0;
    memcpy(&minor, (const char *)row + BUCKET[bucket].offset, sizeof(minor));
    return minor;
}

static const char *amount(struct client *client, int64_t minor, const char *heat)
{
    if (minor == 0) {
        return heat[0] == '\0' ? "·" : "·  ";
    }
    const char *text = arena_print(client->arena, "%s%s", output_money(client, minor), heat);
    return text == NULL ? "" : text;
}

// Cells of one customer or of the total, for the buckets that are shown.
static void row_fill(struct client *client, const AgingRow *row, const char *name,
                     const bool *shown, const char **cells)
{
    size_t at = 0;
    cells[at++] = name;
    for (size_t b = 0; b < BUCKETS; b++) {
        if (shown[b]) {
            cells[at++] = amount(client, bucket_of(row, b), BUCKET[b].heat);
        }
    }
    cells[at++] = amount(client, -row->on_account_minor, "");
    cells[at] = output_money(client, row->balance_minor);
}

// Percentages by the largest remainder: they always add up to 100.
static void shares_print(const AgingRow *total, FILE *out)
{
    int64_t share[BUCKETS] = {0};
    int64_t rest[BUCKETS] = {0};
    int64_t left = 100;
    if (total->open_minor <= 0) {
        return;
    }
    for (size_t b = 0; b < BUCKETS; b++) {
        // Hundredths of a currency unit times 100 fit as long as the book does.
        int64_t part = bucket_of(total, b);
        share[b] = part / (total->open_minor / 100 + 1);
        share[b] = part > INT64_MAX / 100 ? share[b] : part * 100 / total->open_minor;
        rest[b] = part > INT64_MAX / 100 ? 0 : part * 100 % total->open_minor;
        left -= share[b];
    }
    while (left > 0) {
        size_t best = 0;
        for (size_t b = 1; b < BUCKETS; b++) {
            best = rest[b] > rest[best] ? b : best;
        }
        share[best]++;
        rest[best] = -1;
        left--;
    }
    (void)fprintf(out, "\n");
    page_label(_("Shares"), out);
    for (size_t b = 0; b < BUCKETS; b++) {
        if (share[b] > 0) {
            (void)fprintf(out, "%s %lld%%  ", language_word(BUCKET[b].title), (long long)share[b]);
        }
    }
    (void)fputc('\n', out);
}

static void tie_print(struct client *client, const ReportAgingReply *aging, FILE *out)
{
    if (aging->control == NULL) {
        return;
    }
    page_label(_("Ledger"), out);
    if (aging->control->difference_minor == 0) {
        (void)fprintf(out, _("control accounts %s, difference 0: the report ties"),
                      output_money(client, aging->control->ledger_minor));
    } else {
        (void)fprintf(out, _("control accounts %s, DIFFERENCE %s: run kontord verify"),
                      output_money(client, aging->control->ledger_minor),
                      output_money(client, aging->control->difference_minor));
    }
    (void)fputc('\n', out);
}

static void heading_print(struct client *client, const ReportAgingReply *aging, FILE *out)
{
    bool by_document = aging->basis == AGING_BASIS__AGING_BASIS_DOCUMENT;
    (void)fprintf(out, "%s · ", _("Aging"));
    (void)fprintf(out, _("as of %s"), output_day(client, aging->as_of_day));
    (void)fprintf(out, " · %s · %s\n\n", by_document ? _("by document date") : _("by due date"),
                  aging->currency);
}

enum status page_aging(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                       FILE *out)
{
    (void)reply;
    const ReportAgingReply *aging = (const ReportAgingReply *)(const void *)inner;
    if (aging->total == NULL) {
        return STATUS_MALFORMED;
    }
    heading_print(client, aging, out);
    const bool by_document = aging->basis == AGING_BASIS__AGING_BASIS_DOCUMENT;
    bool shown[BUCKETS] = {!by_document, !by_document, [DAYS] = by_document};
    struct grid grid;
    grid_init(&grid, client->arena);
    grid_column(&grid, output_header(client, "customer"), false);
    for (size_t b = 0; b < BUCKETS; b++) {
        shown[b] = shown[b] || bucket_of(aging->total, b) != 0;
        if (shown[b]) {
            grid_column(&grid, output_header(client, BUCKET[b].title), true);
        }
    }
    grid_column(&grid, output_header(client, "on_account"), true);
    grid_column(&grid, output_header(client, "balance"), true);
    for (size_t i = 0; i < aging->n_row; i++) {
        const AgingRow *row = aging->row[i];
        const char **cells = grid_row(&grid);
        const char *name = arena_print(client->arena, "%s %s", row->customer, row->name);
        if (cells == NULL || name == NULL) {
            return STATUS_TOO_LARGE;
        }
        row_fill(client, row, name, shown, cells);
    }
    row_fill(client, aging->total, _("total"), shown, grid.footer);
    grid.has_footer = true;
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    shares_print(aging->total, out);
    tie_print(client, aging, out);
    page_more(aging->n_row, aging->page, out);
    return STATUS_OK;
}
