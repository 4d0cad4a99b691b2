// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"
#include "server/views/pick.h"

// What is asked of the customers: one pass over the columns chooses and sums, a second one orders
// the page.

static uint64_t *bits_make(struct arena *arena, size_t count)
{
    return arena_alloc(arena, (count / 64 + 1) * sizeof(uint64_t));
}

// Bits of those that hold `needle` in a part that the filter shows.
static uint64_t *match_one(const struct views *views, const struct filter *filter,
                           const char *needle, bool whole, struct arena *arena)
{
    uint64_t *bits = bits_make(arena, views->customers.count);
    for (enum field_class part = 0; part < CLASS_PARTS && bits != NULL; part++) {
        if (filter_shows(filter, part)) {
            corpus_match(&views->customers.part[part], needle, whole, bits);
        }
    }
    return bits;
}

// And of those of whom the word is a veiled value, or what the mask shows of one.
static bool match_veiled(const struct views *views, const struct filter *filter, const char *word,
                         struct arena *arena, uint64_t *bits)
{
    static const enum mark MARKS[] = {MARK_PHONE, MARK_EMAIL};

    for (size_t i = 0; filter_shows(filter, CLASS_CONTACT) && i < COUNT_OF(MARKS); i++) {
        char *needle = arena_print(arena, "%c%s", MARKS[i], word);
        if (needle == NULL) {
            return false;
        }
        corpus_match(&views->customers.part[PART_VEILED], needle, true, bits);
    }
    return true;
}

static void keep_common(uint64_t *bits, const uint64_t *others, size_t count)
{
    for (size_t i = 0; i < count / 64 + 1; i++) {
        bits[i] &= others[i];
    }
}

// By what rests nobody is found, but by those who guard it.
static void drop_resting(const struct views *views, const struct filter *filter, uint64_t *bits)
{
    const struct customers *customers = &views->customers;
    for (uint32_t i = 0; i < customers->count; i++) {
        if (customer_rests(customers, filter, i)) {
            bits[i / 64] &= ~((uint64_t)1 << (i % 64));
        }
    }
}

uint64_t *customers_match(const struct views *views, const struct filter *filter,
                          const char *const *words, size_t count, struct arena *arena)
{
    uint64_t *all = bits_make(arena, views->customers.count);
    if (all == NULL) {
        return NULL;
    }
    memset(all, 0xff, (views->customers.count / 64 + 1) * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        uint64_t *bits = match_one(views, filter, words[i], false, arena);
        if (bits == NULL || !match_veiled(views, filter, words[i], arena, bits)) {
            return NULL;
        }
        keep_common(all, bits, views->customers.count);
    }
    if (count > 0) {
        drop_resting(views, filter, all);
    }
    return all;
}

// tag:, class:, region: are whole fields.
static enum status match_field(const struct views *views, const struct filter *filter,
                               enum mark mark, const char *text, struct arena *arena,
                               uint64_t *bits)
{
    if (text == NULL) {
        return STATUS_OK;
    }
    char *needle = arena_print(arena, "%c%s", mark, text);
    uint64_t *found = needle == NULL ? NULL : match_one(views, filter, needle, true, arena);
    if (found == NULL) {
        return STATUS_TOO_LARGE;
    }
    keep_common(bits, found, views->customers.count);
    return STATUS_OK;
}

static enum status match_text(const struct views *views, const struct filter *filter,
                              const struct customer_query *query, struct arena *arena,
                              uint64_t **out)
{
    uint64_t *bits = customers_match(views, filter, query->words, query->word_count, arena);
    if (bits == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = match_field(views, filter, MARK_TAG, query->tag, arena, bits);
    if (status == STATUS_OK) {
        status = match_field(views, filter, MARK_CLASS, query->class, arena, bits);
    }
    if (status == STATUS_OK) {
        status = match_field(views, filter, MARK_REGION, query->region, arena, bits);
    }
    *out = bits;
    return status;
}

// The overdue column belongs to one day; for another one it is summed anew.
static enum status overdue_of(const struct views *views, int32_t today, struct arena *arena,
                              const int64_t **out)
{
    const struct items *items = &views->items;
    if (today == views->overdue_day) {
        *out = views->customers.overdue;
        return STATUS_OK;
    }
    int64_t *overdue = arena_alloc(arena, (views->customers.count + 1) * sizeof *overdue);
    if (overdue == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i] > 0 && (items->flags[i] & ITEM_DEBIT) != 0 &&
            items->grace_day[i] < today) {
            overdue[items->customer[i]] += items->open[i];
        }
    }
    *out = overdue;
    return STATUS_OK;
}

struct choice {
    const struct views *views;
    struct sight sight;
    const struct customer_query *query;
    const int64_t *overdue;
    uint64_t *bits; // in: text matches; out: all matches
    uint32_t owner; // NONE: any
    uint32_t only;  // NONE: any
};

static bool is_chosen(const struct choice *choice, uint32_t i)
{
    const struct customers *customers = &choice->views->customers;
    const struct customer_query *query = choice->query;
    const enum customer_shelf shelf = customer_shelf_of(customers->flags[i]);
    return (query->any_state || shelf == query->shelf) && sight_sees(&choice->sight, i) &&
           (choice->owner == NONE || customers->owner[i] == choice->owner) &&
           (choice->only == NONE || choice->only == i) &&
           (!query->open_only || customers->open[i] > 0) &&
           (!query->overdue_only || choice->overdue[i] > 0);
}

static void choose(struct choice *choice, struct customer_matches *out)
{
    const struct customers *customers = &choice->views->customers;
    for (size_t word = 0; word < customers->count / 64 + 1; word++) {
        uint64_t left = choice->bits[word];
        uint64_t chosen = 0;
        while (left != 0) {
            uint32_t i = (uint32_t)(word * 64 + (size_t)__builtin_ctzll(left));
            if (i < customers->count && is_chosen(choice, i)) {
                chosen |= left & (~left + 1);
                out->total_count++;
                out->open_minor += customers->open[i];
                out->overdue_minor += choice->overdue[i];
            }
            left &= left - 1;
        }
        choice->bits[word] = chosen;
    }
}

// Nothing asked and nothing hidden: the running sums are the answer, and no bits are needed.
static bool is_everything(const struct choice *choice)
{
    const struct customer_query *query = choice->query;
    bool texts = query->word_count > 0 || query->tag != NULL || query->class != NULL ||
                 query->region != NULL;
    return choice->sight.all && !texts && choice->owner == NONE && choice->only == NONE &&
           query->shelf == SHELF_ACTIVE && !query->any_state && !query->open_only &&
           !query->overdue_only && choice->overdue == choice->views->customers.overdue;
}

static bool is_listed(const struct customers *customers, const uint64_t *bits, uint32_t i)
{
    return bits != NULL ? bit_is_set(bits, i)
                        : customer_shelf_of(customers->flags[i]) == SHELF_ACTIVE;
}

static bool name_is_hidden(const struct customers *customers, const struct filter *filter,
                           bool persons_are, uint32_t i)
{
    return (persons_are && (customers->flags[i] & CUSTOMER_PERSON) != 0) ||
           customer_rests(customers, filter, i);
}

enum status customers_page_by_name(const struct views *views, const struct filter *filter,
                                   const uint64_t *bits, bool descending, struct page_of *page)
{
    const struct customers *customers = &views->customers;
    bool persons_last = !filter_shows(filter, CLASS_CONTACT);
    bool some_rest = filter != NULL && !filter->guards;
    uint64_t at = 0;
    // Behind those with a name to sort by stand, by number, those whose name this viewer does not
    // see.
    for (size_t k = 0; k < customers->count && page->count < page->limit; k++) {
        uint32_t i = customers->by_name.index[descending ? customers->count - 1 - k : k];
        bool hidden = name_is_hidden(customers, filter, persons_last, i);
        if (is_listed(customers, bits, i) && !hidden && at++ >= page->skip) {
            page->index[page->count++] = i;
        }
    }
    for (uint32_t i = 0;
         (persons_last || some_rest) && i < customers->count && page->count < page->limit; i++) {
        bool hidden = name_is_hidden(customers, filter, persons_last, i);
        if (is_listed(customers, bits, i) && hidden && at++ >= page->skip) {
            page->index[page->count++] = i;
        }
    }
    return STATUS_OK;
}

static void page_by_number(const struct choice *choice, struct page_of *page)
{
    const struct customers *customers = &choice->views->customers;
    uint64_t at = 0;
    for (size_t k = 0; k < customers->count && page->count < page->limit; k++) {
        uint32_t i = (uint32_t)(choice->query->descending ? customers->count - 1 - k : k);
        if (is_listed(customers, choice->bits, i) && at++ >= page->skip) {
            page->index[page->count++] = i;
        }
    }
}

// Offers everybody listed by an amount column, or by the day of the last activity.
static void offer_all(const struct choice *choice, struct picks *picks)
{
    const struct customers *customers = &choice->views->customers;
    enum customer_order order = choice->query->order;
    const int64_t *amount = order == CUSTOMER_BY_OPEN ? customers->open : choice->overdue;
    for (uint32_t i = 0; i < customers->count; i++) {
        int64_t key = order == CUSTOMER_BY_ACTIVITY ? customers->activity_day[i] : amount[i];
        if (!picks_reject(picks, key) && is_listed(customers, choice->bits, i)) {
            picks_offer(picks, key, i);
        }
    }
}

static enum status page_by_key(const struct choice *choice, struct arena *arena,
                               struct page_of *page)
{
    size_t customers = choice->views->customers.count;
    uint64_t room = page->skip + page->limit;
    struct picks picks;
    enum status status = picks_make(arena, room < customers ? (size_t)room : customers,
                                    choice->query->descending, &picks);
    if (status != STATUS_OK) {
        return status;
    }
    offer_all(choice, &picks);
    picks_sort(&picks);
    for (size_t k = (size_t)page->skip; k < picks.count; k++) {
        page->index[page->count++] = picks.heap[k].index;
    }
    return STATUS_OK;
}

static enum status choose_page(const struct choice *choice, const struct filter *filter,
                               struct arena *arena, struct page_of *page)
{
    switch (choice->query->order) {
    case CUSTOMER_BY_NAME:
        return customers_page_by_name(choice->views, filter, choice->bits,
                                      choice->query->descending, page);
    case CUSTOMER_BY_NUMBER:
        page_by_number(choice, page);
        return STATUS_OK;
    case CUSTOMER_BY_OPEN:
    case CUSTOMER_BY_OVERDUE:
    case CUSTOMER_BY_ACTIVITY:
        break;
    }
    return page_by_key(choice, arena, page);
}

static int32_t oldest_due(const struct views *views, uint32_t customer)
{
    int32_t oldest = 0;
    for (uint32_t i = views->customers.first_open[customer]; i != NONE;
         i = views->items.next_open[i]) {
        int32_t due = views->items.due_day[i];
        if ((views->items.flags[i] & ITEM_DEBIT) != 0 && (oldest == 0 || due < oldest)) {
            oldest = due;
        }
    }
    return oldest;
}

static enum status fill(const struct choice *choice, const struct page_of *page,
                        struct arena *arena, struct customer_matches *out)
{
    const struct customers *customers = &choice->views->customers;
    out->row = arena_alloc(arena, (page->count + 1) * sizeof *out->row);
    if (out->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t k = 0; k < page->count; k++) {
        uint32_t i = page->index[k];
        out->row[out->count++] = (struct customer_match){
            .id = customers->id[i],
            .open_minor = customers->open[i],
            .overdue_minor = choice->overdue[i],
            .oldest_due_day = oldest_due(choice->views, i),
            .last_activity_day = customers->activity_day[i],
        };
    }
    out->more = page->skip + page->count < out->total_count;
    return STATUS_OK;
}

enum status page_make(struct arena *arena, uint64_t skip, size_t limit, struct page_of *out)
{
    uint32_t *index = arena_alloc(arena, (limit + 1) * sizeof *index);
    if (index == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = (struct page_of){.index = index, .skip = skip, .limit = limit};
    return STATUS_OK;
}

enum status views_customers(const struct views *views, const struct filter *filter,
                            const struct customer_query *query, uint64_t skip, size_t limit,
                            struct arena *arena, struct customer_matches *out)
{
    assert(query->word_count <= QUERY_TERMS_MAX);
    const struct customers *customers = &views->customers;
    struct choice choice = {.views = views,
                            .sight = sight_of(views, filter),
                            .query = query,
                            .owner = NONE,
                            .only = NONE};
    *out = (struct customer_matches){0};
    if (query->owner_id != 0) {
        choice.owner = people_user(&views->people, query->owner_id);
    }
    if (query->customer_id != 0) {
        choice.only = column_find(customers->id, customers->count, query->customer_id);
    }
    bool nobody = (query->owner_id != 0 && choice.owner == NONE) ||
                  (query->customer_id != 0 && choice.only == NONE);
    struct page_of page;
    enum status status = page_make(arena, skip, limit, &page);
    if (status != STATUS_OK || nobody) {
        return status;
    }
    status = overdue_of(views, query->today, arena, &choice.overdue);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_everything(&choice)) {
        out->total_count = (uint64_t)customers->active;
        out->open_minor = customers->active_open;
        out->overdue_minor = customers->active_overdue;
    } else {
        status = match_text(views, filter, query, arena, &choice.bits);
        if (status != STATUS_OK) {
            return status;
        }
        choose(&choice, out);
    }
    status = choose_page(&choice, filter, arena, &page);
    return status == STATUS_OK ? fill(&choice, &page, arena, out) : status;
}

static int32_t last_payment(const struct views *views, uint32_t customer)
{
    const struct documents *payments = &views->payments;
    int32_t last = 0;
    for (uint32_t i = views->customers.last_payment[customer]; i != NONE; i = payments->older[i]) {
        bool posted = payments->state[i] == PAYMENT_STATE__PAYMENT_STATE_POSTED;
        if (posted && (last == 0 || payments->date_day[i] > last)) {
            last = payments->date_day[i];
        }
    }
    return last;
}

bool views_customer(const struct views *views, const struct filter *filter, uint64_t id,
                    struct view_customer *out)
{
    const struct customers *customers = &views->customers;
    struct sight sight = sight_of(views, filter);
    uint32_t i = column_find(customers->id, customers->count, id);
    if (i == NONE || !sight_sees(&sight, i)) {
        return false;
    }
    uint32_t owner = customers->owner[i];
    *out = (struct view_customer){
        .id = id,
        .sequence = customers->sequence[i],
        .owner_id = owner == NONE ? 0 : views->people.user[owner].id,
        .shelf = customer_shelf_of(customers->flags[i]),
        .open_minor = customers->open[i],
        .on_account_minor = customers->on_account[i],
        .open_count = customers->open_count[i],
        .oldest_due_day = oldest_due(views, i),
        .last_activity_day = customers->activity_day[i],
        .last_payment_day = last_payment(views, i),
    };
    return true;
}
