// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/pricing.h"

#include "server/ledger/catalogue.h"
#include "server/ledger/rate.h"
#include "shared/fields.h"
#include "shared/money.h"

#define RATE_BP_MAX 10000
#define MICRO_ONE   1000000

static char ROUNDING_TEXT[] = "rounding";

static bool is_amount(int64_t minor)
{
    return minor <= AMOUNT_MAX && minor >= -AMOUNT_MAX;
}

static enum status refuse_line(struct books *books, size_t index, enum status code,
                               const char *field)
{
    const char *path = arena_print(books->arena, "line[%zu].%s", index + 1, field);
    return books_refuse(books, code, path, NULL, NULL);
}

// ---- one line ----

// From a price that holds the tax: the gross stands, and the tax is what the net leaves of it.
static bool split_gross(InvoiceLine *line, int64_t gross_minor)
{
    line->gross_minor = gross_minor;
    return money_net_of_gross(gross_minor, line->tax_bp, &line->net_minor) &&
           money_sub(gross_minor, line->net_minor, &line->tax_minor) && is_amount(gross_minor);
}

static bool add_tax(InvoiceLine *line, int64_t net_minor)
{
    line->net_minor = net_minor;
    return is_amount(net_minor) && money_tax(net_minor, line->tax_bp, &line->tax_minor) &&
           money_add(net_minor, line->tax_minor, &line->gross_minor) &&
           is_amount(line->gross_minor);
}

static bool price_line(InvoiceLine *line, int64_t price_minor)
{
    return line->inclusive ? split_gross(line, price_minor) : add_tax(line, price_minor);
}

static enum status compute_line(struct books *books, const struct pricing *pricing,
                                uint32_t decimals, size_t index, InvoiceLine *line)
{
    bool inclusive = line->inclusive || pricing->inclusive;
    if (line->catalogue_id != 0) {
        const char *at = arena_print(books->arena, "line[%zu]", index + 1);
        if (pricing->is_foreign && line->price_micro == 0) {
            return refuse_line(books, index, STATUS_FIELD_MISSING, "price");
        }
        const enum status status = catalogue_fill(books, at, line, &inclusive);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (line->discount_bp > RATE_BP_MAX) {
        return refuse_line(books, index, STATUS_FIELD_OUT_OF_RANGE, "discount");
    }
    if (line->tax_bp > RATE_BP_MAX) {
        return refuse_line(books, index, STATUS_FIELD_OUT_OF_RANGE, "tax");
    }
    if (line->tax_bp != 0 && line->exempt) {
        return refuse_line(books, index, STATUS_FIELD_CONFLICT, "exempt");
    }
    if (line->quantity_micro == 0) {
        line->quantity_micro = MICRO_ONE;
    }
    line->tax_bp = line->tax_bp == 0 && !line->exempt ? pricing->tax_bp : line->tax_bp;
    line->inclusive = inclusive;
    int64_t price_minor = 0;
    bool fits = money_line_net(line->quantity_micro, line->price_micro, line->discount_bp, decimals,
                               &price_minor) &&
                price_line(line, price_minor);
    return fits ? STATUS_OK : refuse_line(books, index, STATUS_AMOUNT_OVERFLOW, "price");
}

// The one line of a document that was given an amount only.
static enum status amount_line(struct books *books, const struct pricing *pricing,
                               uint32_t decimals, InvoiceLine *line)
{
    int64_t unit = 1;
    for (uint32_t i = 0; i < decimals; i++) {
        unit *= 10;
    }
    invoice_line__init(line);
    line->quantity_micro = MICRO_ONE;
    line->tax_bp = pricing->tax_bp;
    line->inclusive = pricing->inclusive;
    if (!money_scale(pricing->amount_minor, MICRO_ONE, unit, &line->price_micro)) {
        line->price_micro = 0; // too large for a unit price; the amounts say it
    }
    return price_line(line, pricing->amount_minor)
               ? STATUS_OK
               : books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
}

// ---- the whole ----

static enum status add_up(struct books *books, InvoiceRecord *document)
{
    document->net_minor = 0;
    document->tax_minor = 0;
    bool fits = true;
    for (size_t i = 0; fits && i < document->n_line; i++) {
        const InvoiceLine *line = document->line[i];
        fits = money_add(document->net_minor, line->net_minor, &document->net_minor) &&
               money_add(document->tax_minor, line->tax_minor, &document->tax_minor);
    }
    fits = fits && is_amount(document->net_minor) && is_amount(document->tax_minor) &&
           money_add(document->net_minor, document->tax_minor, &document->gross_minor) &&
           is_amount(document->gross_minor);
    return fits ? STATUS_OK : books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
}

// What goes off the whole is an amount that the customer does not pay: each line bears its share of
// the gross, and its net and tax follow from what is left.
static enum status take_off(struct books *books, const struct pricing *pricing,
                            InvoiceRecord *document)
{
    if (pricing->discount_minor == 0) {
        return STATUS_OK;
    }
    if (pricing->discount_minor < 0 || pricing->discount_minor > document->gross_minor) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "discount",
                            rate_print(books, document->currency, pricing->discount_minor),
                            rate_print(books, document->currency, document->gross_minor));
    }
    size_t count = document->n_line;
    int64_t *gross = arena_alloc(books->arena, count * sizeof *gross);
    int64_t *share = arena_alloc(books->arena, count * sizeof *share);
    if (gross == NULL || share == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        gross[i] = document->line[i]->gross_minor;
    }
    bool fits = money_split_signed(pricing->discount_minor, gross, count, share);
    for (size_t i = 0; fits && i < count; i++) {
        document->line[i]->share_minor = share[i];
        fits = split_gross(document->line[i], gross[i] - share[i]);
    }
    return fits ? add_up(books, document)
                : books_refuse(books, STATUS_AMOUNT_OVERFLOW, "discount", NULL, NULL);
}

// The lines of one rate and manner, from `first` on: the cent between the tax of their sum and the
// sum of their taxes goes to the largest of them.
static bool round_group(InvoiceRecord *document, size_t first, bool *is_done)
{
    InvoiceLine *head = document->line[first];
    InvoiceLine *largest = head;
    InvoiceLine sum = *head;
    sum.net_minor = 0;
    sum.tax_minor = 0;
    sum.gross_minor = 0;
    bool fits = true;
    for (size_t i = first; fits && i < document->n_line; i++) {
        InvoiceLine *line = document->line[i];
        if (line->tax_bp != head->tax_bp || line->inclusive != head->inclusive) {
            continue;
        }
        is_done[i] = true;
        largest = line->net_minor > largest->net_minor ? line : largest;
        fits = money_add(sum.net_minor, line->net_minor, &sum.net_minor) &&
               money_add(sum.tax_minor, line->tax_minor, &sum.tax_minor) &&
               money_add(sum.gross_minor, line->gross_minor, &sum.gross_minor);
    }
    InvoiceLine whole = sum;
    fits = fits && price_line(&whole, head->inclusive ? sum.gross_minor : sum.net_minor);
    if (fits) {
        largest->net_minor += whole.net_minor - sum.net_minor;
        largest->tax_minor += whole.tax_minor - sum.tax_minor;
        largest->gross_minor += whole.gross_minor - sum.gross_minor;
    }
    return fits;
}

static enum status round_on_total(struct books *books, InvoiceRecord *document)
{
    bool *is_done = arena_alloc(books->arena, document->n_line * sizeof *is_done);
    if (is_done == NULL) {
        return STATUS_TOO_LARGE;
    }
    bool fits = true;
    for (size_t i = 0; fits && i < document->n_line; i++) {
        fits = is_done[i] || round_group(document, i, is_done);
    }
    return fits ? add_up(books, document)
                : books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
}

// The list has room for one line more.
static enum status round_cash(struct books *books, int64_t round_minor, InvoiceRecord *document)
{
    int64_t total_minor = 0;
    int64_t difference_minor = 0;
    if (round_minor < 0 || !money_round_to(document->gross_minor, round_minor, &total_minor) ||
        !money_sub(total_minor, document->gross_minor, &difference_minor)) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "round",
                            rate_print(books, document->currency, round_minor), NULL);
    }
    if (difference_minor == 0) {
        return STATUS_OK;
    }
    InvoiceLine *line = arena_alloc(books->arena, sizeof *line);
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    invoice_line__init(line);
    line->description = ROUNDING_TEXT;
    line->rounding = true;
    line->exempt = true;
    line->quantity_micro = MICRO_ONE;
    line->net_minor = difference_minor;
    line->gross_minor = difference_minor;
    document->line[document->n_line] = line;
    document->n_line++;
    return add_up(books, document);
}

static enum status check_request(struct books *books, const struct pricing *pricing)
{
    if (pricing->count > 0 && pricing->amount_minor != 0) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "amount", NULL, NULL);
    }
    if (pricing->count == 0 && pricing->amount_minor == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "line", NULL, NULL);
    }
    if (pricing->count > INVOICE_LINES_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "line", NULL, NULL);
    }
    if (!is_amount(pricing->amount_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    if (pricing->tax_bp > RATE_BP_MAX) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "tax", NULL, NULL);
    }
    return STATUS_OK;
}

static enum status compute_lines(struct books *books, const struct pricing *pricing,
                                 InvoiceRecord *document)
{
    size_t made = pricing->count > 0 ? pricing->count : 1;
    InvoiceLine *lines = arena_alloc(books->arena, made * sizeof *lines);
    document->line = arena_alloc(books->arena, (made + 1) * sizeof *document->line);
    if (lines == NULL || document->line == NULL) {
        return STATUS_TOO_LARGE;
    }
    const uint32_t decimals = rate_decimals(books, document->currency);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < made; i++) {
        document->line[i] = &lines[i];
        enum status computed;
        if (pricing->count == 0) {
            computed = amount_line(books, pricing, decimals, &lines[i]);
        } else {
            lines[i] = *pricing->line[i];
            computed = compute_line(books, pricing, decimals, i, &lines[i]);
        }
        status = status == STATUS_OK ? computed : status;
    }
    document->n_line = made;
    return status == STATUS_OK ? add_up(books, document) : status;
}

static void take(const ProtobufCMessage *message, const char *name, void *at, size_t size)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    assert(field != NULL);
    memcpy(at, field_at(message, field), size);
}

struct pricing pricing_of(const ProtobufCMessage *message, const char *currency)
{
    struct pricing pricing = {.is_foreign = currency[0] != '\0'};
    const ProtobufCFieldDescriptor *line =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "line");
    protobuf_c_boolean inclusive = 0;
    assert(line != NULL && line->descriptor == &invoice_line__descriptor);
    take(message, "line", &pricing.line, sizeof pricing.line);
    pricing.count = field_count(message, line);
    take(message, "amount_minor", &pricing.amount_minor, sizeof pricing.amount_minor);
    take(message, "tax_bp", &pricing.tax_bp, sizeof pricing.tax_bp);
    take(message, "inclusive", &inclusive, sizeof inclusive);
    take(message, "discount_minor", &pricing.discount_minor, sizeof pricing.discount_minor);
    take(message, "round_minor", &pricing.round_minor, sizeof pricing.round_minor);
    pricing.inclusive = inclusive != 0;
    return pricing;
}

enum status pricing_apply(struct books *books, const struct pricing *pricing,
                          InvoiceRecord *document)
{
    enum status status = check_request(books, pricing);
    if (status == STATUS_OK) {
        status = compute_lines(books, pricing, document);
    }
    if (status == STATUS_OK) {
        status = take_off(books, pricing, document);
    }
    if (status == STATUS_OK && pricing->on_total) {
        status = round_on_total(books, document);
    }
    if (status == STATUS_OK && pricing->round_minor != 0) {
        status = round_cash(books, pricing->round_minor, document);
    }
    return status;
}

int64_t pricing_book_net(const InvoiceRecord *document, size_t i)
{
    assert(i < document->n_line);

    const bool is_foreign = document->currency[0] != '\0';
    return is_foreign ? document->book_line_net_minor[i] : document->line[i]->net_minor;
}

int64_t pricing_rounding(const InvoiceRecord *document)
{
    int64_t total = 0;
    for (size_t i = 0; i < document->n_line; i++) {
        total += document->line[i]->rounding ? pricing_book_net(document, i) : 0;
    }
    return total;
}

enum status pricing_by_rate(struct arena *arena, const InvoiceRecord *document, InvoiceTax ***out,
                            size_t *count)
{
    InvoiceTax *row = arena_alloc(arena, (document->n_line + 1) * sizeof *row);
    InvoiceTax **list = arena_alloc(arena, (document->n_line + 1) * sizeof *list);
    if (row == NULL || list == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t made = 0;
    for (size_t i = 0; i < document->n_line; i++) {
        const InvoiceLine *line = document->line[i];
        size_t at = 0;
        while (at < made && row[at].tax_bp > line->tax_bp) {
            at++;
        }
        if (line->rounding) {
            continue;
        }
        if (at == made || row[at].tax_bp != line->tax_bp) {
            memmove(&row[at + 1], &row[at], (made - at) * sizeof *row);
            invoice_tax__init(&row[at]);
            row[at].tax_bp = line->tax_bp;
            made++;
        }
        row[at].net_minor += line->net_minor;
        row[at].tax_minor += line->tax_minor;
        row[at].gross_minor += line->gross_minor;
    }
    for (size_t i = 0; i < made; i++) {
        list[i] = &row[i];
    }
    *out = list;
    *count = made;
    return STATUS_OK;
}
