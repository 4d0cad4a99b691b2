// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/credit.h"

#include "server/ledger/goods.h"
#include "shared/money.h"

int64_t credit_left(const InvoiceRecord *invoice)
{
    assert(invoice->credited_minor >= 0 && invoice->credited_minor <= invoice->gross_minor);

    return invoice->gross_minor - invoice->credited_minor;
}

// Counters beside the lines begin with the first credit.
static int64_t taken(const int64_t *counter, size_t count, size_t i)
{
    return count > 0 ? counter[i] : 0;
}

static int64_t net_left(const InvoiceRecord *invoice, size_t i)
{
    return invoice->line[i]->net_minor -
           taken(invoice->credited_net_minor, invoice->n_credited_net_minor, i);
}

static int64_t tax_left(const InvoiceRecord *invoice, size_t i)
{
    return invoice->line[i]->tax_minor -
           taken(invoice->credited_tax_minor, invoice->n_credited_tax_minor, i);
}

static int64_t gross_left(const InvoiceRecord *invoice, size_t i)
{
    return net_left(invoice, i) + tax_left(invoice, i);
}

static int64_t quantity_left(const InvoiceRecord *invoice, size_t i)
{
    return invoice->line[i]->quantity_micro -
           taken(invoice->credited_quantity_micro, invoice->n_credited_quantity_micro, i);
}

static enum status make_plan(struct books *books, const InvoiceRecord *invoice,
                             struct credit_plan *out)
{
    *out = (struct credit_plan){
        .net_minor = arena_alloc(books->arena, invoice->n_line * sizeof(int64_t)),
        .tax_minor = arena_alloc(books->arena, invoice->n_line * sizeof(int64_t)),
        .quantity_micro = arena_alloc(books->arena, invoice->n_line * sizeof(int64_t)),
    };
    bool made = out->net_minor != NULL && out->tax_minor != NULL && out->quantity_micro != NULL;
    return made ? STATUS_OK : STATUS_TOO_LARGE;
}

static void take_rest(const InvoiceRecord *invoice, size_t i, struct credit_plan *plan)
{
    plan->net_minor[i] = net_left(invoice, i);
    plan->tax_minor[i] = tax_left(invoice, i);
    plan->quantity_micro[i] = quantity_left(invoice, i);
}

// A part of what is left of a line, its tax in proportion.
static bool take_gross(const InvoiceRecord *invoice, size_t i, int64_t part_minor,
                       struct credit_plan *plan)
{
    const int64_t left = gross_left(invoice, i);
    const int64_t sign = left < 0 ? -1 : 1;
    int64_t tax = 0;
    if (left != 0 && !money_scale(part_minor, sign * tax_left(invoice, i), sign * left, &tax)) {
        return false;
    }
    plan->tax_minor[i] = tax;
    plan->net_minor[i] = part_minor - tax;
    return true;
}

enum status credit_plan_amount(struct books *books, const InvoiceRecord *invoice,
                               int64_t amount_minor, struct credit_plan *out)
{
    assert(amount_minor > 0 && amount_minor <= credit_left(invoice));

    const size_t count = invoice->n_line;
    int64_t *left = arena_alloc(books->arena, count * sizeof *left);
    int64_t *part = arena_alloc(books->arena, count * sizeof *part);
    enum status status = make_plan(books, invoice, out);
    if (status != STATUS_OK || left == NULL || part == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    out->gross_minor = amount_minor;
    out->is_whole = amount_minor == credit_left(invoice);
    for (size_t i = 0; i < count; i++) {
        left[i] = gross_left(invoice, i);
    }
    bool fits = out->is_whole || money_split_signed(amount_minor, left, count, part);
    for (size_t i = 0; fits && i < count; i++) {
        if (out->is_whole) {
            take_rest(invoice, i, out);
        } else {
            fits = take_gross(invoice, i, part[i], out);
        }
    }
    return fits ? STATUS_OK : STATUS_AMOUNT_OVERFLOW;
}

// ---- lines that come back ----

// Is `asked` more of a line than is left, in the line's own sign?
static bool is_over(int64_t asked, int64_t left)
{
    return asked <= 0 || asked > (left < 0 ? -left : left);
}

static enum status refuse_over(struct books *books, enum status over, size_t index,
                               const char *field, const char *asked, const char *left)
{
    const char *path = arena_print(books->arena, "line[%zu].%s", index + 1, field);
    return books_refuse(books, over, path, asked, left);
}

// Net and tax of so many of the line; rounding never takes more than is left of either.
static bool take_quantity(const InvoiceRecord *invoice, size_t i, int64_t quantity_micro,
                          struct credit_plan *plan)
{
    const InvoiceLine *line = invoice->line[i];
    const int64_t sign = line->quantity_micro < 0 ? -1 : 1;
    const int64_t left[] = {net_left(invoice, i), tax_left(invoice, i)};
    int64_t *const part[] = {&plan->net_minor[i], &plan->tax_minor[i]};
    const int64_t whole[] = {line->net_minor, line->tax_minor};
    for (size_t k = 0; k < COUNT_OF(part); k++) {
        if (!money_scale(whole[k], quantity_micro, sign * line->quantity_micro, part[k])) {
            return false;
        }
        const bool is_more = whole[k] < 0 ? *part[k] < left[k] : *part[k] > left[k];
        *part[k] = is_more ? left[k] : *part[k];
    }
    plan->quantity_micro[i] = sign * quantity_micro;
    return true;
}

static enum status plan_line(struct books *books, const InvoiceRecord *invoice,
                             const CreditLine *asked, size_t index, enum status over,
                             struct credit_plan *plan)
{
    const size_t i = asked->line - 1;
    const int64_t quantity = quantity_left(invoice, i);
    const int64_t gross = gross_left(invoice, i);
    if (gross == 0 && net_left(invoice, i) == 0) {
        return refuse_over(books, over, index, "line", NULL, NULL);
    }
    if (asked->quantity_micro != 0 && is_over(asked->quantity_micro, quantity)) {
        return refuse_over(books, over, index, "quantity",
                           money_print_micro(books->arena, asked->quantity_micro),
                           money_print_micro(books->arena, quantity < 0 ? -quantity : quantity));
    }
    if (asked->amount_minor != 0 && is_over(asked->amount_minor, gross)) {
        return refuse_over(books, over, index, "amount", books_money(books, asked->amount_minor),
                           books_money(books, gross < 0 ? -gross : gross));
    }
    const bool is_last = asked->quantity_micro == (quantity < 0 ? -quantity : quantity) ||
                         asked->amount_minor == (gross < 0 ? -gross : gross);
    const bool is_all = asked->quantity_micro == 0 && asked->amount_minor == 0;
    bool fits = true;
    if (is_last || is_all) {
        take_rest(invoice, i, plan);
    } else if (asked->quantity_micro != 0) {
        fits = take_quantity(invoice, i, asked->quantity_micro, plan);
    } else {
        fits = take_gross(invoice, i, gross < 0 ? -asked->amount_minor : asked->amount_minor, plan);
    }
    return fits ? STATUS_OK : STATUS_AMOUNT_OVERFLOW;
}

static enum status refuse_line(struct books *books, size_t index, enum status code)
{
    const char *path = arena_print(books->arena, "line[%zu].line", index + 1);
    return books_refuse(books, code, path, NULL, NULL);
}

enum status credit_plan_lines(struct books *books, const InvoiceRecord *invoice,
                              CreditLine *const *line, size_t count, enum status over,
                              struct credit_plan *out)
{
    bool *is_named = arena_alloc(books->arena, (invoice->n_line + 1) * sizeof *is_named);
    enum status status = make_plan(books, invoice, out);
    if (status != STATUS_OK || is_named == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (line[i]->line == 0 || line[i]->line > invoice->n_line) {
            return refuse_line(books, i, STATUS_FIELD_OUT_OF_RANGE);
        }
        if (is_named[line[i]->line]) {
            return refuse_line(books, i, STATUS_FIELD_CONFLICT);
        }
        is_named[line[i]->line] = true;
        status = plan_line(books, invoice, line[i], i, over, out);
    }
    for (size_t i = 0; status == STATUS_OK && i < invoice->n_line; i++) {
        out->gross_minor += out->net_minor[i] + out->tax_minor[i];
    }
    if (status == STATUS_OK && (out->gross_minor <= 0 || out->gross_minor > credit_left(invoice))) {
        return books_refuse(books, over, "line", books_money(books, out->gross_minor),
                            books_money(books, credit_left(invoice)));
    }
    return status;
}

// ---- the note ----

static int64_t *make_counter(struct books *books, int64_t *known, size_t *count, size_t lines)
{
    if (*count == lines) {
        return known;
    }
    *count = lines;
    return arena_alloc(books->arena, lines * sizeof(int64_t));
}

static bool make_counters(struct books *books, InvoiceRecord *invoice)
{
    invoice->credited_net_minor = make_counter(books, invoice->credited_net_minor,
                                               &invoice->n_credited_net_minor, invoice->n_line);
    invoice->credited_tax_minor = make_counter(books, invoice->credited_tax_minor,
                                               &invoice->n_credited_tax_minor, invoice->n_line);
    invoice->credited_quantity_micro =
        make_counter(books, invoice->credited_quantity_micro, &invoice->n_credited_quantity_micro,
                     invoice->n_line);
    invoice->credited_cost_minor =
        make_counter(books, invoice->credited_cost_minor, &invoice->n_credited_cost_minor,
                     invoice->n_cost_minor);
    return invoice->credited_net_minor != NULL && invoice->credited_tax_minor != NULL &&
           invoice->credited_quantity_micro != NULL &&
           (invoice->n_cost_minor == 0 || invoice->credited_cost_minor != NULL);
}

// A line of the note: the mirror of what it takes. Where no quantity came back there is no price.
static void mirror_line(const InvoiceLine *blue, const struct credit_plan *plan, size_t i,
                        InvoiceLine *red)
{
    *red = *blue;
    // What remains after a credit of an amount has no quantity that its price would explain.
    bool is_rest = plan->quantity_micro[i] == blue->quantity_micro &&
                   (plan->net_minor[i] != blue->net_minor || plan->tax_minor[i] != blue->tax_minor);
    red->quantity_micro = is_rest ? 0 : -plan->quantity_micro[i];
    red->price_micro = red->quantity_micro != 0 ? blue->price_micro : 0;
    red->net_minor = -plan->net_minor[i];
    red->tax_minor = -plan->tax_minor[i];
    red->gross_minor = red->net_minor + red->tax_minor;
    red->share_minor = 0;
}

enum status credit_mirror(struct books *books, InvoiceRecord *invoice,
                          const struct credit_plan *plan, InvoiceRecord *note)
{
    assert(plan->gross_minor > 0 && plan->gross_minor <= credit_left(invoice));

    const size_t count = invoice->n_line;
    InvoiceLine *red = arena_alloc(books->arena, count * sizeof *red);
    note->line = arena_alloc(books->arena, count * sizeof *note->line);
    int64_t *cost = arena_alloc(books->arena, count * sizeof *cost);
    if (!make_counters(books, invoice) || red == NULL || note->line == NULL || cost == NULL) {
        return STATUS_TOO_LARGE;
    }
    note->cost_minor = cost;
    for (size_t i = 0; i < count; i++) {
        const bool is_untouched = plan->net_minor[i] == 0 && plan->tax_minor[i] == 0;
        if (is_untouched && !plan->is_whole) {
            continue;
        }
        mirror_line(invoice->line[i], plan, i, &red[i]);
        const bool is_last = plan->quantity_micro[i] == quantity_left(invoice, i);
        cost[note->n_line] = -goods_return(invoice, i, plan->quantity_micro[i], is_last);
        note->n_cost_minor += invoice->n_cost_minor > 0 ? 1 : 0;
        note->line[note->n_line] = &red[i];
        note->n_line++;
        note->net_minor -= plan->net_minor[i];
        note->tax_minor -= plan->tax_minor[i];
        invoice->credited_net_minor[i] += plan->net_minor[i];
        invoice->credited_tax_minor[i] += plan->tax_minor[i];
        invoice->credited_quantity_micro[i] += plan->quantity_micro[i];
    }
    note->gross_minor = note->net_minor + note->tax_minor;
    assert(note->gross_minor == -plan->gross_minor);
    invoice->credited_minor += plan->gross_minor;
    return STATUS_OK;
}
