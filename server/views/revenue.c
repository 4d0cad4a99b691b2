// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// Revenue from issued documents by period, customer, what customers have in common, and item; and
// what customers have paid.

static void rows_free(struct revenue_row **rows)
{
    free(*rows);
}

// ---- by period ----

static uint64_t period_key(enum revenue_by by, int32_t day)
{
    struct date date = day_date(day);
    uint64_t year = (uint64_t)date.year;
    if (by == REVENUE_YEARS) {
        return year;
    }
    return by == REVENUE_QUARTERS ? year * 4 + (date.month - 1) / 3 : year * 12 + date.month - 1;
}

static void add_document(const struct documents *invoices, uint32_t i, struct revenue_row *row)
{
    row->net_minor += invoices->net[i];
    row->gross_minor += invoices->amount[i];
    row->documents++;
}

bool documents_is_sale(const struct documents *invoices, uint32_t i)
{
    return invoices->sequence[i] != 0 && invoices->series[i] != SERIES_DEBIT_NOTE &&
           invoices->kind[i] != INVOICE_KIND__INVOICE_KIND_OPENING;
}

// The places of by_day that are asked for, and who may see what.
struct span {
    struct sight sight;
    size_t begin, end;
};

// Documents come by day, so a period is a run.
static enum status by_period(const struct views *views, const struct span *span, enum revenue_by by,
                             size_t limit, struct arena *arena, struct revenue_matches *out)
{
    const struct documents *invoices = &views->invoices;
    size_t periods = 0;
    if (span->begin < span->end) {
        uint64_t first = period_key(by, invoices->date_day[invoices->by_day.index[span->begin]]);
        uint64_t last = period_key(by, invoices->date_day[invoices->by_day.index[span->end - 1]]);
        periods = (size_t)(last - first + 1);
    }
    out->row = arena_alloc(arena, (periods + 1) * sizeof *out->row);
    if (out->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    int32_t month_end = DAY_MIN - 1;
    for (size_t k = span->begin; k < span->end; k++) {
        uint32_t i = invoices->by_day.index[k];
        if (!documents_is_sale(invoices, i) ||
            !sight_sees_document(&span->sight, views, invoices, i)) {
            continue;
        }
        if (invoices->date_day[i] > month_end) {
            month_end = day_month_end(invoices->date_day[i]);
            uint64_t key = period_key(by, invoices->date_day[i]);
            bool continues = out->count > 0 && out->row[out->count - 1].key == key;
            out->count += continues ? 0 : 1;
            out->row[out->count - 1].key = key;
        }
        add_document(invoices, i, &out->row[out->count - 1]);
        add_document(invoices, i, &out->total);
    }
    size_t over = out->count > limit ? out->count - limit : 0;
    out->row += over;
    out->count -= over;
    return STATUS_OK;
}

// ---- by something that has a net: the largest first ----

static int compare_rows(const void *a, const void *b)
{
    const struct revenue_row *left = a;
    const struct revenue_row *right = b;
    if (left->net_minor != right->net_minor) {
        return left->net_minor > right->net_minor ? -1 : 1;
    }
    if (left->key != right->key) {
        return left->key < right->key ? -1 : 1;
    }
    return left->ordinal < right->ordinal ? -1 : left->ordinal > right->ordinal;
}

// Takes the rows that have anything, sorts them and keeps `limit` of them.
static enum status keep_largest(struct revenue_row *rows, size_t count, size_t limit,
                                struct arena *arena, struct revenue_matches *out)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].documents > 0) {
            rows[used++] = rows[i];
        }
    }
    qsort(rows, used, sizeof *rows, compare_rows);
    out->count = used < limit ? used : limit;
    out->row = arena_copy(arena, rows, out->count * sizeof *rows);
    return out->row == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

// ---- by customer, and by what customers have in common ----

// What a customer is grouped by; equal keys are one group.
static uint64_t group_of(const struct views *views, enum revenue_by by, uint32_t customer)
{
    const struct customers *customers = &views->customers;
    size_t size = 0;
    const char *text = NULL;
    uint8_t hash[16];
    switch (by) {
    case REVENUE_OWNERS:
        return customers->owner[customer];
    case REVENUE_REGIONS:
        return customers->region[customer];
    case REVENUE_CLASSES:
        text = corpus_field(&customers->part[CLASS_PUBLIC], customer, MARK_CLASS, &size);
        key_hash(NULL, bytes_of(text, size), hash, sizeof hash);
        return size == 0 ? 0 : get_u64(hash);
    case REVENUE_CUSTOMERS:
    case REVENUE_MONTHS:
    case REVENUE_QUARTERS:
    case REVENUE_YEARS:
    case REVENUE_ITEMS:
        break;
    }
    return customer;
}

struct grouped {
    uint64_t group;
    uint32_t customer;
};

static int compare_grouped(const void *a, const void *b)
{
    const struct grouped *left = a;
    const struct grouped *right = b;
    if (left->group != right->group) {
        return left->group < right->group ? -1 : 1;
    }
    return left->customer < right->customer ? -1 : left->customer > right->customer;
}

static void grouped_free(struct grouped **grouped)
{
    free(*grouped);
}

// Adds the sums of all customers of a group to those of its first one.
static enum status join_groups(const struct views *views, enum revenue_by by,
                               struct revenue_row *sums)
{
    size_t customers = views->customers.count;
    CLEANUP(grouped_free) struct grouped *grouped = calloc(customers + 1, sizeof *grouped);
    size_t count = 0;
    if (grouped == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (uint32_t i = 0; i < customers; i++) {
        if (sums[i].documents > 0) {
            grouped[count++] = (struct grouped){.group = group_of(views, by, i), .customer = i};
        }
    }
    qsort(grouped, count, sizeof *grouped, compare_grouped);
    for (size_t i = 1, first = 0; i < count; i++) {
        first = grouped[i].group == grouped[first].group ? first : i;
        if (first != i) {
            struct revenue_row *from = &sums[grouped[i].customer];
            struct revenue_row *to = &sums[grouped[first].customer];
            to->net_minor += from->net_minor;
            to->gross_minor += from->gross_minor;
            to->documents += from->documents;
            from->documents = 0;
        }
    }
    return STATUS_OK;
}

static uint64_t key_of_customer(const struct views *views, enum revenue_by by, uint32_t customer)
{
    if (by != REVENUE_OWNERS) {
        return views->customers.id[customer];
    }
    uint32_t owner = views->customers.owner[customer];
    return owner == NONE ? 0 : views->people.user[owner].id;
}

static enum status by_customer(const struct views *views, const struct span *span,
                               enum revenue_by by, size_t limit, struct arena *arena,
                               struct revenue_matches *out)
{
    const struct documents *invoices = &views->invoices;
    size_t customers = views->customers.count;
    CLEANUP(rows_free) struct revenue_row *sums = calloc(customers + 1, sizeof *sums);
    if (sums == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t k = span->begin; k < span->end; k++) {
        uint32_t i = invoices->by_day.index[k];
        uint32_t customer = invoices->customer[i];
        if (documents_is_sale(invoices, i) && customer < customers &&
            sight_sees(&span->sight, customer)) {
            add_document(invoices, i, &sums[customer]);
            add_document(invoices, i, &out->total);
        }
    }
    enum status status = by == REVENUE_CUSTOMERS ? STATUS_OK : join_groups(views, by, sums);
    for (uint32_t i = 0; i < customers; i++) {
        sums[i].key = key_of_customer(views, by, i);
    }
    return status == STATUS_OK ? keep_largest(sums, customers, limit, arena, out) : status;
}

// ---- by item ----

// The lines of a document stand together, so that each document counts once for an item.
struct item_sum {
    struct revenue_row row;
    uint32_t last; // document
};

static void item_sums_free(struct item_sum **sums)
{
    free(*sums);
}

static void add_sold(const struct sold_line *line, struct item_sum *sum)
{
    sum->row.net_minor += line->net_minor;
    sum->row.gross_minor += line->gross_minor;
    sum->row.quantity_micro += line->quantity_micro;
    sum->row.documents += sum->last != line->invoice ? 1 : 0;
    sum->last = line->invoice;
}

static enum status by_item(const struct views *views, const struct span *span,
                           const struct revenue_query *query, size_t limit, struct arena *arena,
                           struct revenue_matches *out)
{
    const struct documents *invoices = &views->invoices;
    const struct sales *sales = &views->sales;
    CLEANUP(item_sums_free) struct item_sum *sums = calloc(sales->item_count + 1, sizeof *sums);
    CLEANUP(rows_free) struct revenue_row *rows = calloc(sales->item_count + 1, sizeof *rows);
    struct item_sum all = {.last = NONE};
    if (sums == NULL || rows == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < sales->item_count; i++) {
        sums[i].last = NONE;
    }
    for (size_t i = 0; i < sales->count; i++) {
        const struct sold_line *line = &sales->line[i];
        int32_t day = invoices->date_day[line->invoice];
        if ((query->from_day != 0 && day < query->from_day) ||
            (query->to_day != 0 && day > query->to_day) ||
            !documents_is_sale(invoices, line->invoice) ||
            !sight_sees_document(&span->sight, views, invoices, line->invoice)) {
            continue;
        }
        add_sold(line, &sums[line->item]);
        add_sold(line, &all);
    }
    for (size_t i = 0; i < sales->item_count; i++) {
        rows[i] = sums[i].row;
        rows[i].key = invoices->id[sales->item[i].invoice];
        rows[i].ordinal = sales->item[i].ordinal;
    }
    out->total = all.row;
    out->total.quantity_micro = 0; // of different things
    return keep_largest(rows, sales->item_count, limit, arena, out);
}

// ---- what the accounts say beside the documents ----

int64_t views_entered(const struct views *views, const struct filter *filter,
                      const uint32_t *account, size_t count, int32_t from_day, int32_t to_day)
{
    const struct documents *entries = &views->entries;
    size_t begin = 0;
    size_t end = 0;
    int64_t minor = 0;
    if (!sight_of(views, filter).all) {
        return 0;
    }
    documents_between(entries, from_day, to_day, &begin, &end);
    for (size_t k = begin; k < end; k++) {
        const uint32_t entry = entries->by_day.index[k];
        const uint8_t kind = entries->kind[entry];
        const bool counts =
            kind != ENTRY_KIND__ENTRY_KIND_INVOICE && kind != ENTRY_KIND__ENTRY_KIND_CLOSING;
        const uint32_t behind = counts ? entry_lines_end(views, entry) : 0;
        for (uint32_t i = entries->first_line[entry]; i < behind; i++) {
            const struct entry_line *line = &views->lines.line[i];
            for (size_t a = 0; a < count; a++) {
                minor -= line->account == account[a] ? line->minor : 0;
            }
        }
    }
    return minor;
}

enum status views_revenue(const struct views *views, const struct filter *filter,
                          const struct revenue_query *query, size_t limit, struct arena *arena,
                          struct revenue_matches *out)
{
    struct span span = {.sight = sight_of(views, filter)};
    *out = (struct revenue_matches){0};
    documents_between(&views->invoices, query->from_day, query->to_day, &span.begin, &span.end);
    if (query->by == REVENUE_ITEMS) {
        return by_item(views, &span, query, limit, arena, out);
    }
    return query->by <= REVENUE_YEARS ? by_period(views, &span, query->by, limit, arena, out)
                                      : by_customer(views, &span, query->by, limit, arena, out);
}

// ---- payments ----

// Months and methods are few, and come nearly in order.
static struct payments_row *payments_of(struct payments_matches *out, uint64_t key)
{
    size_t at = out->count;
    while (at > 0 && out->row[at - 1].key > key) {
        at--;
    }
    if (at == 0 || out->row[at - 1].key != key) {
        memmove(out->row + at + 1, out->row + at, (out->count - at) * sizeof *out->row);
        out->row[at] = (struct payments_row){.key = key};
        out->count++;
        at++;
    }
    return &out->row[at - 1];
}

struct payments_span {
    bool by_month;
    int32_t from_day, to_day;
};

static bool span_holds(const struct payments_span *span, int32_t day)
{
    return day >= span->from_day && day <= span->to_day;
}

static uint64_t payments_key(const struct payments_span *span, const struct documents *payments,
                             uint32_t i, int32_t day)
{
    return span->by_month ? period_key(REVENUE_MONTHS, day) : payments->kind[i];
}

// A reversal takes a payment off on its own day, so that what was told of an earlier month stays
// true. Within one row, and within the total, a payment that was taken back was never there.
static void add_payment(const struct payments_span *span, const struct documents *payments,
                        uint32_t i, struct payments_matches *out)
{
    const int32_t reversed_day = payments->reversed_day[i];
    const int64_t amount_minor = payments->amount[i];
    const bool came = span_holds(span, payments->date_day[i]);
    const bool went = reversed_day != 0 && span_holds(span, reversed_day);
    const uint64_t key = payments_key(span, payments, i, payments->date_day[i]);
    const uint64_t taken_key = went ? payments_key(span, payments, i, reversed_day) : 0;
    if (came && !(went && taken_key == key)) {
        struct payments_row *row = payments_of(out, key);
        row->amount_minor += amount_minor;
        row->payments++;
    }
    if (went && !(came && taken_key == key)) {
        payments_of(out, taken_key)->amount_minor -= amount_minor;
    }
    out->total.amount_minor += (came ? amount_minor : 0) - (went ? amount_minor : 0);
    out->total.payments += came && !went;
}

// How many rows there can be.
static size_t payments_rooms(const struct documents *payments, bool by_month)
{
    if (!by_month || payments->count == 0) {
        return UINT8_MAX + 1; // methods
    }
    int32_t first = DAY_MAX;
    int32_t last = DAY_MIN;
    for (size_t i = 0; i < payments->count; i++) {
        const int32_t day = payments->date_day[i];
        const int32_t until_day = payments->reversed_day[i] > day ? payments->reversed_day[i] : day;
        first = day < first ? day : first;
        last = until_day > last ? until_day : last;
    }
    return (size_t)(period_key(REVENUE_MONTHS, last) - period_key(REVENUE_MONTHS, first) + 1);
}

enum status views_payments(const struct views *views, const struct filter *filter, bool by_month,
                           int32_t from_day, int32_t to_day, struct arena *arena,
                           struct payments_matches *out)
{
    struct sight sight = sight_of(views, filter);
    const struct documents *payments = &views->payments;
    const struct payments_span span = {
        .by_month = by_month,
        .from_day = from_day == 0 ? DAY_MIN : from_day,
        .to_day = to_day == 0 ? DAY_MAX : to_day,
    };
    size_t begin = 0;
    size_t end = 0;
    documents_between(payments, 0, to_day, &begin, &end);
    *out = (struct payments_matches){
        .row = arena_alloc(arena, (payments_rooms(payments, by_month) + 1) * sizeof *out->row)};
    if (out->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t k = begin; k < end; k++) {
        uint32_t i = payments->by_day.index[k];
        const bool is_money = payments->kind[i] != PAYMENT_METHOD__PAYMENT_METHOD_UNSET;
        if (is_money && sight_sees_document(&sight, views, payments, i)) {
            add_payment(&span, payments, i, out);
        }
    }
    return STATUS_OK;
}
