// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"
#include "shared/text.h"

// What was sold, line by line. An item is known by its number, or where a line has none by its text
// as it is searched for.

static uint64_t key_of(const char *text)
{
    uint8_t hash[16];
    key_hash(NULL, bytes_of(text, strlen(text)), hash, sizeof hash);
    return get_u64(hash);
}

// Place of `key` in by_key, or where it would stand.
static size_t place_of(const struct sales *sales, uint64_t key)
{
    size_t at = 0;
    for (size_t end = sales->item_count; at < end;) {
        size_t middle = at + (end - at) / 2;
        bool before = sales->item[sales->by_key[middle]].key < key;
        at = before ? middle + 1 : at;
        end = before ? end : middle;
    }
    return at;
}

static enum status item_of(struct sales *sales, uint64_t key, uint32_t invoice, uint32_t ordinal,
                           uint32_t *out)
{
    size_t at = place_of(sales, key);
    if (at < sales->item_count && sales->item[sales->by_key[at]].key == key) {
        struct sold_item *item = &sales->item[sales->by_key[at]];
        *out = sales->by_key[at];
        if (invoice < item->invoice) {
            item->invoice = invoice;
            item->ordinal = ordinal;
        }
        return STATUS_OK;
    }
    bool whole = true;
    size_t capacity = column_capacity(sales->item_capacity, sales->item_count + 1);
    if (capacity != sales->item_capacity) {
        sales->item =
            column_grow(sales->item, sales->item_count, capacity, sizeof *sales->item, &whole);
        sales->by_key =
            column_grow(sales->by_key, sales->item_count, capacity, sizeof *sales->by_key, &whole);
        if (!whole) {
            return STATUS_ENVIRONMENT;
        }
        sales->item_capacity = capacity;
    }
    memmove(sales->by_key + at + 1, sales->by_key + at,
            (sales->item_count - at) * sizeof *sales->by_key);
    *out = (uint32_t)sales->item_count++;
    sales->by_key[at] = *out;
    sales->item[*out] = (struct sold_item){.key = key, .invoice = invoice, .ordinal = ordinal};
    return STATUS_OK;
}

int64_t sold_line_net(const InvoiceRecord *record, size_t line)
{
    return line < record->n_book_line_net_minor ? record->book_line_net_minor[line]
                                                : record->line[line]->net_minor;
}

static int64_t line_tax(const InvoiceRecord *record, size_t line)
{
    return line < record->n_book_line_tax_minor ? record->book_line_tax_minor[line]
                                                : record->line[line]->tax_minor;
}

enum status sales_add(struct views *views, const InvoiceRecord *record, uint32_t invoice,
                      struct arena *arena)
{
    struct sales *sales = &views->sales;
    if (record->n_line == 0 || record->brought_in) {
        return STATUS_OK;
    }
    size_t capacity = column_capacity(sales->capacity, sales->count + record->n_line);
    if (capacity != sales->capacity) {
        bool whole = true;
        sales->line = column_grow(sales->line, sales->count, capacity, sizeof *sales->line, &whole);
        if (!whole) {
            return STATUS_ENVIRONMENT;
        }
        sales->capacity = capacity;
    }
    for (size_t i = 0; i < record->n_line; i++) {
        const InvoiceLine *line = record->line[i];
        if (line->rounding) {
            continue;
        }
        const char *name = text_fold(arena, line->item[0] != '\0' ? line->item : line->description);
        uint32_t item = NONE;
        enum status status = name == NULL
                                 ? STATUS_TOO_LARGE
                                 : item_of(sales, key_of(name), invoice, (uint32_t)i, &item);
        if (status != STATUS_OK) {
            return status;
        }
        sales->line[sales->count++] = (struct sold_line){
            .invoice = invoice,
            .item = item,
            .net_minor = sold_line_net(record, i),
            .gross_minor = sold_line_net(record, i) + line_tax(record, i),
            .quantity_micro = line->quantity_micro,
        };
    }
    return STATUS_OK;
}

void sales_free(struct views *views)
{
    free(views->sales.line);
    free(views->sales.item);
    free(views->sales.by_key);
    views->sales = (struct sales){0};
}

// Items and lines are numbered in the order of their coming, which is history.
void digest_sales(const struct views *views, struct view_digest *digest)
{
    const struct sales *sales = &views->sales;
    for (size_t i = 0; i < sales->count; i++) {
        const struct sold_line *line = &sales->line[i];
        const struct sold_item *item = &sales->item[line->item];
        uint64_t row[] = {line->invoice,
                          item->key,
                          item->invoice,
                          (uint64_t)line->net_minor,
                          (uint64_t)line->gross_minor,
                          (uint64_t)line->quantity_micro};
        digest_row(digest, "sold", row, sizeof row);
    }
}
