// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// Who somebody may be already: one pass over the customers, each whole text of theirs looked up
// among those that are asked about.

static enum mark mark_of(enum likely_by by)
{
    static const enum mark MARKS[] = {
        [LIKELY_REFERENCE] = MARK_REFERENCE,
        [LIKELY_NAME] = MARK_NAME,
        [LIKELY_TAX_ID] = MARK_TAX_ID,
        [LIKELY_PHONE] = MARK_PHONE,
    };

    assert((size_t)by < COUNT_OF(MARKS));
    return MARKS[by];
}

static int by_text(const void *a, const void *b)
{
    const struct view_likeness *left = a;
    const struct view_likeness *right = b;

    const enum mark marks[] = {mark_of(left->by), mark_of(right->by)};

    return marks[0] != marks[1] ? (marks[0] < marks[1] ? -1 : 1)
                                : strcmp(left->folded, right->folded);
}

// How a text stands to a field of a customer, which does not end with a zero.
static int compare(const struct view_likeness *asked, enum mark mark, const char *field,
                   size_t size)
{
    const enum mark own = mark_of(asked->by);
    if (own != mark) {
        return own < mark ? -1 : 1;
    }
    const int order = strncmp(asked->folded, field, size);
    return order != 0 ? order : asked->folded[size] != '\0' ? 1 : 0;
}

struct looking {
    const struct view_likeness *asked;
    size_t count;
    struct view_likely *likely;
    size_t limit, found;
};

static void look_up(struct looking *looking, uint64_t customer_id, enum mark mark,
                    const char *field, size_t size)
{
    size_t low = 0;
    size_t high = looking->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const bool before = compare(&looking->asked[middle], mark, field, size) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    for (; low < looking->count && compare(&looking->asked[low], mark, field, size) == 0; low++) {
        if (looking->found == looking->limit) {
            return;
        }
        looking->likely[looking->found++] = (struct view_likely){
            .who = looking->asked[low].who, .by = looking->asked[low].by, .id = customer_id};
    }
}

static void look_through(struct looking *looking, const struct customers *customers, uint32_t index,
                         size_t part)
{
    size_t size = 0;
    const char *text = corpus_text(&customers->part[part], index, &size);
    for (size_t at = 0; at < size;) {
        const enum mark mark = (enum mark)text[at];
        size_t end = at + 1;
        while (end < size && (unsigned char)text[end] >= MARK_LIMIT) {
            end++;
        }
        look_up(looking, customers->id[index], mark, text + at + 1, end - at - 1);
        at = end;
    }
}

enum status views_likely(const struct views *views, const struct filter *filter,
                         struct view_likeness *asked, size_t count, size_t limit,
                         struct arena *arena, struct view_likely **out, size_t *found)
{
    const struct customers *customers = &views->customers;
    const struct sight sight = sight_of(views, filter);
    struct looking looking = {.asked = asked, .count = count, .limit = limit};
    looking.likely = arena_alloc(arena, (limit + 1) * sizeof *looking.likely);
    if (looking.likely == NULL) {
        return STATUS_TOO_LARGE;
    }
    qsort(asked, count, sizeof *asked, by_text);
    for (uint32_t i = 0; i < customers->count; i++) {
        if (!sight_sees(&sight, i) || customer_rests(customers, filter, i)) {
            continue;
        }
        for (enum field_class part = 0; part < CLASS_PARTS; part++) {
            if (filter_shows(filter, part)) {
                look_through(&looking, customers, i, part);
            }
        }
        // A phone is asked for as a whole, so that who knows it learns no more than whose it is.
        if (filter_shows(filter, CLASS_CONTACT)) {
            look_through(&looking, customers, i, PART_VEILED);
        }
    }
    *out = looking.likely;
    *found = looking.found;
    return STATUS_OK;
}
