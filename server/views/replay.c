// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// The items of all customers once more, customer by customer, each in the order of days; of a day
// what lowers the debt first, then the smaller invoices first, so that the answer depends on no
// order of entry: what a limit would have seen.

struct turn {
    uint32_t item;
    int32_t day;
    bool is_sale;
    int64_t document_minor; // of an invoice as a whole; 0: something else
    uint32_t document;      // index
};

static void free_steps(struct turn **steps)
{
    free(*steps);
}

static bool is_sale(const struct items *items, uint32_t item)
{
    return (items->flags[item] & ITEM_DEBIT) != 0 && items->series[item] == SERIES_INVOICE;
}

static struct turn turn_of(const struct views *views, uint32_t item)
{
    const struct items *items = &views->items;
    const uint32_t document = items->document[item];
    const bool sale = is_sale(items, item) && document != NONE;
    return (struct turn){
        .item = item,
        .day = items->date_day[item],
        .is_sale = sale,
        .document_minor = sale ? views->invoices.amount[document] : 0,
        .document = sale ? document : 0,
    };
}

static int compare(const void *a, const void *b)
{
    const struct turn *left = a;
    const struct turn *right = b;
    const int64_t keys[][2] = {
        {left->day, right->day},
        {left->is_sale, right->is_sale},
        {left->document_minor, right->document_minor},
        {left->document, right->document},
        {left->item, right->item},
    };
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

// The steps of one customer, in order. NULL when there is no memory.
static struct turn *steps_of(const struct views *views, uint32_t customer, int32_t to_day,
                             size_t *count)
{
    const struct items *items = &views->items;
    size_t room = 0;
    for (uint32_t i = views->customers.last_item[customer]; i != NONE; i = items->older[i]) {
        room++;
    }
    struct turn *steps = calloc(room + 1, sizeof *steps);
    *count = 0;
    for (uint32_t i = views->customers.last_item[customer]; steps != NULL && i != NONE;
         i = items->older[i]) {
        if ((to_day == 0 || items->date_day[i] <= to_day) &&
            (items->flags[i] & ITEM_RESCHEDULED) == 0) {
            steps[*count] = turn_of(views, i);
            (*count)++;
        }
    }
    if (steps != NULL) {
        qsort(steps, *count, sizeof *steps, compare);
    }
    return steps;
}

static int64_t signed_amount(const struct items *items, uint32_t item)
{
    return (items->flags[item] & ITEM_DEBIT) != 0 ? items->amount[item] : -items->amount[item];
}

// The parts of one invoice are one document.
static bool continues(const struct turn *last, const struct turn *next)
{
    return last->is_sale && next->is_sale && last->day == next->day &&
           last->document == next->document;
}

static enum status replay_customer(const struct views *views, uint32_t customer, int32_t to_day,
                                   replay_visit *visit, void *context)
{
    const struct items *items = &views->items;
    size_t count = 0;
    CLEANUP(free_steps) struct turn *steps = steps_of(views, customer, to_day, &count);
    if (steps == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count;) {
        struct replay_step step = {
            .customer_id = views->customers.id[customer],
            .day = steps[i].day,
            .amount_minor = signed_amount(items, steps[i].item),
            .is_sale = steps[i].is_sale,
        };
        for (i++; i < count && continues(&steps[i - 1], &steps[i]); i++) {
            step.amount_minor += signed_amount(items, steps[i].item);
        }
        visit(context, &step);
    }
    return STATUS_OK;
}

enum status views_replay(const struct views *views, const struct filter *filter, int32_t to_day,
                         replay_visit *visit, void *context)
{
    const struct sight sight = sight_of(views, filter);
    enum status status = STATUS_OK;
    for (uint32_t c = 0; status == STATUS_OK && c < views->customers.count; c++) {
        if (sight_sees(&sight, c)) {
            status = replay_customer(views, c, to_day, visit, context);
        }
    }
    return status;
}
