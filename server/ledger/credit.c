// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/credit.h"

#include "shared/money.h"

int64_t credit_left(const InvoiceRecord *invoice)
{
    assert(invoice->credited_minor >= 0 && invoice->credited_minor <= invoice->gross_minor);

    return invoice->gross_minor - invoice->credited_minor;
}

// Counters beside the lines, from the first credit on.
static bool make_counters(struct books *books, InvoiceRecord *invoice)
{
    if (invoice->n_credited_net_minor == invoice->n_line) {
        return true;
    }
    invoice->credited_net_minor = arena_alloc(books->arena, invoice->n_line * sizeof(int64_t));
    invoice->credited_tax_minor = arena_alloc(books->arena, invoice->n_line * sizeof(int64_t));
    if (invoice->credited_net_minor == NULL || invoice->credited_tax_minor == NULL) {
        return false;
    }
    invoice->n_credited_net_minor = invoice->n_line;
    invoice->n_credited_tax_minor = invoice->n_line;
    return true;
}

static int64_t net_left(const InvoiceRecord *invoice, size_t i)
{
    return invoice->line[i]->net_minor - invoice->credited_net_minor[i];
}

static int64_t tax_left(const InvoiceRecord *invoice, size_t i)
{
    return invoice->line[i]->tax_minor - invoice->credited_tax_minor[i];
}

// The gross of each line in the note. Discount lines are negative and have no largest remainder:
// with them the running sum is rounded instead, which keeps within each line too.
static bool split(int64_t amount_minor, const int64_t *left, size_t count, int64_t *parts)
{
    if (money_split(amount_minor, left, count, parts)) {
        return true;
    }
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += left[i];
    }
    int64_t running = 0;
    int64_t given = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t upto = 0;
        running += left[i];
        if (!money_scale(amount_minor, running, total, &upto)) {
            return false;
        }
        parts[i] = upto - given;
        given = upto;
    }
    return given == amount_minor;
}

// A line of the note: the mirror of what it takes.
static void mirror_line(const InvoiceLine *blue, int64_t net_minor, int64_t tax_minor,
                        InvoiceLine *red)
{
    *red = *blue;
    bool whole = net_minor == blue->net_minor && tax_minor == blue->tax_minor;
    red->quantity_micro = whole ? -blue->quantity_micro : 0;
    red->price_micro = whole ? blue->price_micro : 0;
    red->net_minor = -net_minor;
    red->tax_minor = -tax_minor;
    red->gross_minor = -(net_minor + tax_minor);
}

enum status credit_mirror(struct books *books, InvoiceRecord *invoice, int64_t amount_minor,
                          InvoiceRecord *note)
{
    assert(amount_minor > 0 && amount_minor <= credit_left(invoice));

    size_t count = invoice->n_line;
    int64_t *left = arena_alloc(books->arena, count * sizeof *left);
    int64_t *part = arena_alloc(books->arena, count * sizeof *part);
    InvoiceLine *red = arena_alloc(books->arena, count * sizeof *red);
    note->line = arena_alloc(books->arena, count * sizeof *note->line);
    bool made = make_counters(books, invoice);
    if (!made || left == NULL || part == NULL || red == NULL || note->line == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        left[i] = net_left(invoice, i) + tax_left(invoice, i);
    }
    if (!split(amount_minor, left, count, part)) {
        return STATUS_AMOUNT_OVERFLOW;
    }

    bool whole = amount_minor == credit_left(invoice);
    for (size_t i = 0; i < count; i++) {
        int64_t tax = tax_left(invoice, i);
        if (!whole &&
            (left[i] == 0 || !money_scale(part[i], tax, left[i] < 0 ? -left[i] : left[i], &tax))) {
            tax = 0;
        }
        tax = !whole && left[i] < 0 ? -tax : tax;
        int64_t net = whole ? net_left(invoice, i) : part[i] - tax;
        if (net == 0 && tax == 0 && !whole) {
            continue;
        }
        mirror_line(invoice->line[i], net, tax, &red[i]);
        note->line[note->n_line] = &red[i];
        note->n_line++;
        note->net_minor -= net;
        note->tax_minor -= tax;
        invoice->credited_net_minor[i] += net;
        invoice->credited_tax_minor[i] += tax;
    }
    note->gross_minor = note->net_minor + note->tax_minor;
    assert(note->gross_minor == -amount_minor);
    invoice->credited_minor += amount_minor;
    return STATUS_OK;
}
