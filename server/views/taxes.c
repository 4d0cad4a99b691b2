// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// What was taxed, by rate and day, as the documents say it; and what costs and other entries moved
// on accounts that tax may stand on. Which of them are tax is the ledger's to say.

#define OF_SHIFT    40
#define EXEMPT_BIT  (1ull << 32)
#define COUNTED_BIT (1ull << 39) // beside each series: what was counted, and of costs the net
#define KEY_MASK    0xffffffffull

static uint64_t key_of(enum tax_of of, uint32_t what)
{
    return (uint64_t)of << OF_SHIFT | what;
}

static uint64_t key_of_line(const InvoiceRecord *record, const InvoiceLine *line)
{
    const uint64_t key = key_of(record->gross_minor < 0 ? TAX_OF_RED : TAX_OF_SALES, line->tax_bp);
    return line->exempt ? key | EXEMPT_BIT : key;
}

// A document counts once for each of its rates.
static bool is_first(const InvoiceRecord *record, size_t line)
{
    for (size_t i = 0; i < line; i++) {
        if (!record->line[i]->rounding &&
            key_of_line(record, record->line[i]) == key_of_line(record, record->line[line])) {
            return false;
        }
    }
    return true;
}

enum status taxes_document(struct views *views, const InvoiceRecord *record)
{
    const bool is_foreign = record->currency[0] != '\0';
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < record->n_line; i++) {
        const InvoiceLine *line = record->line[i];
        if (line->rounding) {
            continue;
        }
        const uint64_t key = key_of_line(record, line);
        status = sums_add(&views->accounts.tax, key, record->date_day,
                          is_foreign ? record->book_line_net_minor[i] : line->net_minor,
                          is_foreign ? record->book_line_tax_minor[i] : line->tax_minor);
        if (status == STATUS_OK && is_first(record, i)) {
            status = sums_add(&views->accounts.tax, key | COUNTED_BIT, record->date_day, 1, 0);
        }
    }
    return status;
}

// Of a cost, what it is without tax; false: the entry is of no cost.
static bool net_of(const EntryRecord *record, int64_t *net_minor)
{
    bool is_cost = false;
    *net_minor = 0;
    for (size_t i = 0; i < record->n_line; i++) {
        const PostingLine *line = record->line[i];
        if (line->cost != COST_KIND__COST_KIND_UNSET) {
            is_cost = true;
            *net_minor += line->debit_minor - line->credit_minor;
        }
    }
    return is_cost;
}

enum status taxes_entry(struct views *views, const EntryRecord *record)
{
    struct day_sums *sums = &views->accounts.tax;
    int64_t net_minor = 0;
    if (record->document_id != 0) {
        return STATUS_OK;
    }
    const bool is_cost = net_of(record, &net_minor);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < record->n_line; i++) {
        const PostingLine *line = record->line[i];
        if (!accounts_owed(&views->accounts, line->account)) {
            continue;
        }
        const uint64_t key = key_of(is_cost ? TAX_OF_COSTS : TAX_OF_ENTRIES, line->account);
        status = sums_add(sums, key, record->date_day, 0, line->credit_minor - line->debit_minor);
        if (status == STATUS_OK) {
            status = sums_add(sums, key | COUNTED_BIT, record->date_day, 1, net_minor);
        }
    }
    return status;
}

enum status views_taxes(const struct views *views, int32_t from_day, int32_t to_day,
                        struct arena *arena, struct tax_row **row, size_t *count)
{
    const struct day_sums *sums = &views->accounts.tax;
    *count = 0;
    *row = arena_alloc(arena, (sums->count + 1) * sizeof **row);
    if (*row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < sums->count; i++) {
        const uint64_t key = sums->series[i].key;
        if ((key & COUNTED_BIT) != 0) {
            continue;
        }
        const struct account_sum sum = series_between(&sums->series[i], from_day, to_day);
        const struct account_sum counted = sums_between(sums, key | COUNTED_BIT, from_day, to_day);
        const enum tax_of of = (enum tax_of)(key >> OF_SHIFT);
        const bool is_rate = of == TAX_OF_SALES || of == TAX_OF_RED;
        if (counted.debit_minor == 0) {
            continue;
        }
        (*row)[(*count)++] = (struct tax_row){
            .of = of,
            .tax_bp = is_rate ? (uint32_t)(key & KEY_MASK) : 0,
            .exempt = (key & EXEMPT_BIT) != 0,
            .account = is_rate ? 0 : (uint32_t)(key & KEY_MASK),
            .net_minor = is_rate ? sum.debit_minor : counted.credit_minor,
            .tax_minor = sum.credit_minor,
            .count = counted.debit_minor,
        };
    }
    return STATUS_OK;
}
