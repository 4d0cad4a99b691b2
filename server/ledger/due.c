// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/due.h"

#include "server/ledger/calendar.h"
#include "shared/day.h"
#include "shared/money.h"

// What early payment earns, and how late is late.
static enum status fill_part(struct books *books, const struct terms *terms, int32_t date_day,
                             const struct terms_due *due, InvoicePart *part)
{
    part->due_day = due->due_day;
    part->amount_minor = due->amount_minor;
    part->grace_days = (uint32_t)terms->grace_days;
    enum status status = calendar_shift(books->txn, terms->shift, &part->due_day);
    // A document is not due before it is there.
    part->due_day = part->due_day < date_day ? date_day : part->due_day;
    if (status != STATUS_OK || terms->discount_bp == 0 || due->amount_minor <= 0) {
        return status;
    }
    part->discount_until_day = date_day + terms->discount_days;
    bool fits = part->discount_until_day <= DAY_MAX &&
                money_tax(due->amount_minor, terms->discount_bp, &part->discount_minor);
    return fits ? STATUS_OK : STATUS_FIELD_OUT_OF_RANGE;
}

static enum status make_parts(struct books *books, size_t count, InvoicePart ***out)
{
    InvoicePart *parts = arena_alloc(books->arena, count * sizeof *parts);
    InvoicePart **list = arena_alloc(books->arena, count * sizeof *list);
    if (parts == NULL || list == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        invoice_part__init(&parts[i]);
        parts[i].ordinal = (uint32_t)i + 1;
        list[i] = &parts[i];
    }
    *out = list;
    return STATUS_OK;
}

enum status due_parts(struct books *books, const char *terms, struct due_sum total,
                      int32_t date_day, InvoicePart ***out, size_t *count)
{
    struct terms parsed;
    struct terms_due due[INVOICE_PARTS_MAX];
    enum status status = terms_parse(terms, &parsed);
    if (status == STATUS_OK) {
        status = terms_apply(&parsed, total.minor, total.decimals, date_day, due);
    }
    if (status != STATUS_OK) {
        return books_refuse(books, status, "terms", NULL, NULL);
    }
    InvoicePart **list = NULL;
    status = make_parts(books, parsed.part_count, &list);
    for (size_t i = 0; status == STATUS_OK && i < parsed.part_count; i++) {
        status = fill_part(books, &parsed, date_day, &due[i], list[i]);
        if (status == STATUS_FIELD_OUT_OF_RANGE) {
            return books_refuse(books, status, "terms", NULL, NULL);
        }
    }
    *out = list;
    *count = parsed.part_count;
    return status;
}

enum status due_once(struct books *books, int64_t total_minor, int32_t due_day, InvoicePart ***out,
                     size_t *count)
{
    const enum status status = make_parts(books, 1, out);
    if (status == STATUS_OK) {
        (*out)[0]->due_day = due_day;
        (*out)[0]->amount_minor = total_minor;
        *count = 1;
    }
    return status;
}

uint32_t due_days(struct books *books, const char *terms)
{
    struct terms parsed;
    struct terms_due due[INVOICE_PARTS_MAX];
    const int32_t today = books->call->book_day;
    int32_t last = today;
    enum status status = terms_parse(terms, &parsed);
    if (status == STATUS_OK) {
        status = terms_apply(&parsed, AMOUNT_MAX, books->record->decimals, today, due);
    }
    for (size_t i = 0; status == STATUS_OK && i < parsed.part_count; i++) {
        last = due[i].due_day > last ? due[i].due_day : last;
    }
    return (uint32_t)(last - today);
}
