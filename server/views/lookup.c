// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// What is found by its number, by its id, or by an exact text.

uint64_t views_by_number(const struct views *views, const struct filter *filter, enum series series,
                         uint32_t year, uint32_t sequence)
{
    struct sight sight = sight_of(views, filter);
    if (series == SERIES_CUSTOMER) {
        const struct customers *customers = &views->customers;
        size_t low = 0;
        size_t high = customers->count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            low = customers->sequence[middle] < sequence ? middle + 1 : low;
            high = customers->sequence[middle] < sequence ? high : middle;
        }
        bool found = low < customers->count && customers->sequence[low] == sequence;
        return found && sight_sees(&sight, (uint32_t)low) ? customers->id[low] : 0;
    }
    enum table table = TABLE_NONE;
    const struct documents *documents = documents_of_series(views, series, &table);
    uint32_t index =
        documents == NULL ? NONE : documents_numbered(documents, series, year, sequence);
    bool found = index != NONE && sight_sees_document(&sight, views, documents, index);
    return found ? documents->id[index] : 0;
}

bool views_document(const struct views *views, const struct filter *filter, enum table table,
                    uint64_t id, struct view_document *out)
{
    const struct documents *documents = documents_of(views, table);
    struct sight sight = sight_of(views, filter);
    uint32_t index = column_find(documents->id, documents->count, id);
    if (index == NONE || !sight_sees_document(&sight, views, documents, index)) {
        return false;
    }
    uint32_t customer = documents->customer[index];
    int64_t open = documents->open[index];
    int32_t due_day = 0;
    int32_t grace_day = 0;
    for (uint32_t i = documents->last_item[index]; i != NONE; i = views->items.sibling[i]) {
        int32_t due = views->items.due_day[i];
        if (views->items.open[i] > 0 && (due_day == 0 || due < due_day)) {
            due_day = due;
            grace_day = views->items.grace_day[i];
        }
    }
    *out = (struct view_document){
        .customer_id = customer < views->customers.count ? views->customers.id[customer] : 0,
        .series = documents->series[index],
        .year = documents->year[index],
        .sequence = documents->sequence[index],
        .date_day = documents->date_day[index],
        .amount_minor = documents->amount[index],
        .open_minor = table == TABLE_payment ? -open : open,
        .due_day = due_day,
        .grace_day = grace_day,
    };
    return true;
}

// ---- exact texts ----

struct found {
    uint64_t *ids;
    size_t count, max;
};

static void found_add(struct found *found, uint64_t id)
{
    if (found->count < found->max) {
        found->ids[found->count++] = id;
    }
}

// `bits` has room for every document; exact references only.
static void find_documents(const struct views *views, const struct sight *sight, enum table table,
                           const char *folded, struct arena *arena, struct found *found)
{
    const struct documents *documents = documents_of(views, table);
    uint64_t *bits = arena_alloc(arena, (documents->count / 64 + 1) * sizeof *bits);
    char *needle = arena_print(arena, "%c%s", MARK_REFERENCE, folded);
    if (bits == NULL || needle == NULL) {
        return;
    }
    corpus_match(&documents->text, needle, true, bits);
    for (uint32_t i = 0; i < documents->count; i++) {
        if (bit_is_set(bits, i) && sight_sees_document(sight, views, documents, i)) {
            found_add(found, documents->id[i]);
        }
    }
}

// By reference or by whole name, in the parts that the viewer sees.
static void find_customers(const struct views *views, const struct filter *filter,
                           const struct sight *sight, const char *folded, struct arena *arena,
                           struct found *found)
{
    const struct customers *customers = &views->customers;

    const enum mark marks[] = {MARK_REFERENCE, MARK_NAME};

    uint64_t *bits = arena_alloc(arena, (customers->count / 64 + 1) * sizeof *bits);
    for (size_t k = 0; k < COUNT_OF(marks) && bits != NULL; k++) {
        char *needle = arena_print(arena, "%c%s", marks[k], folded);
        for (enum field_class part = 0; part < CLASS_PARTS && needle != NULL; part++) {
            if (filter_shows(filter, part)) {
                corpus_match(&customers->part[part], needle, true, bits);
            }
        }
    }
    for (uint32_t i = 0; bits != NULL && i < customers->count; i++) {
        if (bit_is_set(bits, i) && sight_sees(sight, i) && !customer_rests(customers, filter, i)) {
            found_add(found, customers->id[i]);
        }
    }
}

size_t views_by_text(const struct views *views, const struct filter *filter, enum table table,
                     const char *folded, struct arena *arena, uint64_t *ids, size_t max)
{
    struct sight sight = sight_of(views, filter);
    struct found found = {.ids = ids, .max = max};
    const struct people *people = &views->people;
    if (folded[0] == '\0') {
        return 0;
    }
    switch ((uint32_t)table) {
    case TABLE_customer:
        find_customers(views, filter, &sight, folded, arena, &found);
        break;
    case TABLE_user:
        for (size_t i = 0; i < people->user_count; i++) {
            if (strcmp(people->user[i].login, folded) == 0) {
                found_add(&found, people->user[i].id);
            }
        }
        break;
    case TABLE_device:
        for (size_t i = 0; i < people->device_count; i++) {
            if (strcmp(people->device[i].name, folded) == 0) {
                found_add(&found, people->device[i].id);
            }
        }
        break;
    default:
        find_documents(views, &sight, table, folded, arena, &found);
        break;
    }
    return found.count;
}
