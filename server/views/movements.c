// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// A customer's movements, for the statement.

static int64_t signed_amount(const struct items *items, uint32_t item, uint32_t currency)
{
    const int64_t amount_minor = item_amount(items, item, currency);
    return (items->flags[item] & ITEM_DEBIT) != 0 ? amount_minor : -amount_minor;
}

static struct movement movement_of(const struct views *views, uint32_t item, uint32_t currency)
{
    const struct items *items = &views->items;
    struct movement movement = {
        .day = items->date_day[item],
        .series = items->series[item],
        .amount_minor = signed_amount(items, item, currency),
        .reference = "",
    };
    const struct documents *documents =
        documents_of_series(views, movement.series, &movement.table);
    uint32_t document = items->document[item];
    if (documents == NULL || document == NONE) {
        return movement;
    }
    movement.document_id = documents->id[document];
    movement.year = documents->year[document];
    movement.sequence = documents->sequence[document];
    return movement;
}

// The item of the document that was entered first.
static uint32_t first_item(const struct views *views, const struct documents *documents,
                           uint32_t document)
{
    uint32_t item = documents->last_item[document];
    while (views->items.sibling[item] != NONE) {
        item = views->items.sibling[item];
    }
    return item;
}

// Entered by a later call than the document, on the other side.
static bool takes_back(const struct views *views, uint32_t item, uint32_t first)
{
    const struct items *items = &views->items;
    const bool other_side = ((items->flags[item] ^ items->flags[first]) & ITEM_DEBIT) != 0;
    return other_side && items->id[item] >> 8 != items->id[first] >> 8;
}

// Texts lie apart from the columns: only the rows of the page look them up.
static void add_words(const struct views *views, uint32_t item, struct movement *movement)
{
    const struct documents *documents =
        documents_of_series(views, movement->series, &movement->table);
    uint32_t document = views->items.document[item];
    if (documents == NULL || document == NONE) {
        return;
    }
    movement->takes_back = takes_back(views, item, first_item(views, documents, document));
    movement->reference = document_reference(documents, document, &movement->reference_size);
}

// The parts of one document on one day and side are one movement: instalments, a payment and its
// rest.
static bool continues(const struct movement *last, const struct movement *next)
{
    return last->document_id != 0 && last->document_id == next->document_id &&
           last->day == next->day && (last->amount_minor < 0) == (next->amount_minor < 0);
}

// The items of the days asked: how many, and from which day to which they really are.
struct span {
    size_t count;
    int32_t first_day, last_day;
};

static bool counts(const struct items *items, uint32_t item, const struct movement_query *query)
{
    return (query->before_id == 0 || items->id[item] < query->before_id) &&
           (items->flags[item] & ITEM_RESCHEDULED) == 0 && item_in(items, item, query->currency) &&
           item_amount(items, item, query->currency) != 0;
}

static bool is_asked(const struct items *items, uint32_t item, const struct movement_query *query)
{
    return items->date_day[item] >= query->from_day && items->date_day[item] <= query->to_day &&
           counts(items, item, query);
}

// What lies before the days asked is summed.
static struct span measure_items(const struct views *views, uint32_t customer,
                                 const struct movement_query *query, int64_t *opening_minor)
{
    const struct items *items = &views->items;
    struct span span = {.first_day = DAY_MAX, .last_day = DAY_MIN};
    for (uint32_t i = views->customers.last_item[customer]; i != NONE; i = items->older[i]) {
        int32_t day = items->date_day[i];
        bool opens = day < query->from_day && counts(items, i, query);
        *opening_minor += opens ? signed_amount(items, i, query->currency) : 0;
        if (is_asked(items, i, query)) {
            span.count++;
            span.first_day = day < span.first_day ? day : span.first_day;
            span.last_day = day > span.last_day ? day : span.last_day;
        }
    }
    return span;
}

// The items by day and, within a day, by entry. A customer's days lie close together, so they are
// counted out: the chain, which is newest first, fills each day from its end.
static enum status items_between(const struct views *views, uint32_t customer,
                                 const struct movement_query *query, const struct span *span,
                                 struct arena *arena, uint32_t **out)
{
    const struct items *items = &views->items;
    size_t days = span->count > 0 ? (size_t)(span->last_day - span->first_day) + 1 : 0;
    uint32_t *moved = arena_alloc(arena, (span->count + 1) * sizeof *moved);
    uint32_t *end = arena_alloc(arena, (days + 1) * sizeof *end);
    if (moved == NULL || end == NULL) {
        return STATUS_TOO_LARGE;
    }
    memset(end, 0, (days + 1) * sizeof *end);
    for (uint32_t i = views->customers.last_item[customer]; i != NONE; i = items->older[i]) {
        if (is_asked(items, i, query)) {
            end[items->date_day[i] - span->first_day]++;
        }
    }
    for (size_t day = 1; day < days; day++) {
        end[day] += end[day - 1];
    }
    for (uint32_t i = views->customers.last_item[customer]; i != NONE; i = items->older[i]) {
        if (is_asked(items, i, query)) {
            moved[--end[items->date_day[i] - span->first_day]] = i;
        }
    }
    *out = moved;
    return STATUS_OK;
}

// Takes a movement, whose first item is `item`, into the sums, and onto the page if it is its turn.
static void put_movement(const struct views *views, struct movement_page *page, uint64_t skip,
                         size_t limit, uint32_t item, struct movement *movement)
{
    int64_t amount = movement->amount_minor;
    page->debit_minor += amount > 0 ? amount : 0;
    page->credit_minor -= amount < 0 ? amount : 0;
    if (page->total_count < skip) {
        page->before_minor += amount;
    } else if (page->count < limit) {
        add_words(views, item, movement);
        page->row[page->count++] = *movement;
    }
    page->total_count++;
}

enum status views_movements(const struct views *views, const struct filter *filter,
                            const struct movement_query *query, uint64_t skip, size_t limit,
                            struct arena *arena, struct movement_page *out)
{
    struct sight sight = sight_of(views, filter);
    uint32_t customer =
        column_find(views->customers.id, views->customers.count, query->customer_id);
    *out = (struct movement_page){0};
    if (customer == NONE || !sight_sees(&sight, customer)) {
        return STATUS_OK;
    }
    struct span span = measure_items(views, customer, query, &out->opening_minor);
    uint32_t *moved = NULL;
    enum status status = items_between(views, customer, query, &span, arena, &moved);
    if (status != STATUS_OK) {
        return status;
    }
    size_t count = span.count;
    limit = limit < count ? limit : count;
    out->row = arena_alloc(arena, (limit + 1) * sizeof *out->row);
    if (out->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    out->before_minor = out->opening_minor;
    for (size_t i = 0; i < count;) {
        uint32_t item = moved[i];
        struct movement movement = movement_of(views, item, query->currency);
        for (i++; i < count; i++) {
            struct movement next = movement_of(views, moved[i], query->currency);
            if (!continues(&movement, &next)) {
                break;
            }
            movement.amount_minor += next.amount_minor;
        }
        put_movement(views, out, skip, limit, item, &movement);
    }
    return STATUS_OK;
}
