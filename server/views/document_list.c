// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// Lists of invoices, payments and entries.

struct choice {
    const struct views *views;
    const struct documents *documents;
    const struct document_query *query;
    struct sight sight;
    uint32_t customer;                        // NONE: any
    uint64_t *text_bits[QUERY_TERMS_MAX];     // documents that hold the word
    uint64_t *customer_bits[QUERY_TERMS_MAX]; // customers that hold it
};

// First place in the order whose day is not before `day`.
static size_t place_of_day(const struct documents *documents, int32_t day)
{
    size_t low = 0;
    size_t high = documents->by_day.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool before = documents->date_day[documents->by_day.index[middle]] < day;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low;
}

void documents_between(const struct documents *documents, int32_t from_day, int32_t to_day,
                       size_t *begin, size_t *end)
{
    *begin = from_day == 0 ? 0 : place_of_day(documents, from_day);
    *end = to_day == 0 ? documents->by_day.count : place_of_day(documents, to_day + 1);
    *end = *end < *begin ? *begin : *end;
}

static enum status match_words(struct choice *choice, const struct filter *filter,
                               struct arena *arena)
{
    const struct document_query *query = choice->query;
    for (size_t i = 0; i < query->word_count; i++) {
        choice->text_bits[i] =
            arena_alloc(arena, (choice->documents->count / 64 + 1) * sizeof(uint64_t));
        choice->customer_bits[i] =
            customers_match(choice->views, filter, &query->words[i], 1, arena);
        if (choice->text_bits[i] == NULL || choice->customer_bits[i] == NULL) {
            return STATUS_TOO_LARGE;
        }
        corpus_match(&choice->documents->text, query->words[i], false, choice->text_bits[i]);
    }
    return STATUS_OK;
}

static bool has_words(const struct choice *choice, uint32_t i)
{
    uint32_t customer = choice->documents->customer[i];
    bool known = customer < choice->views->customers.count;
    for (size_t word = 0; word < choice->query->word_count; word++) {
        bool of_customer = known && bit_is_set(choice->customer_bits[word], customer);
        if (!of_customer && !bit_is_set(choice->text_bits[word], i)) {
            return false;
        }
    }
    return true;
}

static bool has_account(const struct choice *choice, uint32_t entry)
{
    const struct entry_lines *lines = &choice->views->lines;
    uint32_t end = entry_lines_end(choice->views, entry);
    for (uint32_t i = choice->documents->first_line[entry]; i < end; i++) {
        if (lines->line[i].account == choice->query->account) {
            return true;
        }
    }
    return false;
}

static bool is_overdue(const struct choice *choice, uint32_t document)
{
    const struct items *items = &choice->views->items;
    for (uint32_t i = choice->documents->last_item[document]; i != NONE; i = items->sibling[i]) {
        bool debit = (items->flags[i] & ITEM_DEBIT) != 0;
        if (debit && items->open[i] > 0 && items->grace_day[i] < choice->query->overdue_day) {
            return true;
        }
    }
    return false;
}

static bool is_chosen(const struct choice *choice, uint32_t i)
{
    const struct documents *documents = choice->documents;
    const struct document_query *query = choice->query;
    uint32_t state = documents->state[i];
    bool in_state =
        query->state == 0 ? state != INVOICE_STATE__INVOICE_STATE_DISCARDED : state == query->state;
    bool in_series = query->to_series == 0 || (documents->series[i] >= query->from_series &&
                                               documents->series[i] <= query->to_series);
    return in_state && in_series &&
           sight_sees_document(&choice->sight, choice->views, documents, i) &&
           (choice->customer == NONE || documents->customer[i] == choice->customer) &&
           (!query->open_only || documents->open[i] != 0) &&
           (query->overdue_day == 0 || is_overdue(choice, i)) &&
           (query->account == 0 || has_account(choice, i)) && has_words(choice, i);
}

// Nothing asked and nothing hidden: the running totals are the answer.
static bool is_everything(const struct choice *choice)
{
    const struct document_query *query = choice->query;
    return choice->sight.all && query->customer_id == 0 && query->from_day == 0 &&
           query->to_day == 0 && query->state == 0 && query->to_series == 0 && !query->open_only &&
           query->overdue_day == 0 && query->account == 0 && query->word_count == 0;
}

static void walk(const struct choice *choice, uint64_t skip, size_t limit,
                 struct document_matches *out)
{
    const struct documents *documents = choice->documents;
    bool everything = is_everything(choice);
    size_t begin = 0;
    size_t end = 0;
    documents_between(documents, choice->query->from_day, choice->query->to_day, &begin, &end);
    for (size_t k = begin; k < end && !(everything && out->count == limit); k++) {
        uint32_t i = documents->by_day.index[choice->query->ascending ? k : end - 1 - (k - begin)];
        if (!is_chosen(choice, i)) {
            continue;
        }
        if (out->total_count >= skip && out->count < limit) {
            out->id[out->count++] = documents->id[i];
        }
        out->total_count++;
        if (choice->query->state == 0 && documents_is_taken_back(documents, i)) {
            out->reversed_minor += documents->amount[i];
        } else {
            out->amount_minor += documents->amount[i];
        }
        out->open_minor += documents->open[i];
    }
    if (everything) {
        out->total_count = (uint64_t)documents->live;
        out->amount_minor = documents->live_amount;
        out->reversed_minor = documents->live_reversed;
        out->open_minor = documents->live_open;
    }
}

enum status views_documents(const struct views *views, const struct filter *filter,
                            const struct document_query *query, uint64_t skip, size_t limit,
                            struct arena *arena, struct document_matches *out)
{
    assert(query->word_count <= QUERY_TERMS_MAX);
    assert(query->account == 0 || query->table == TABLE_entry);
    struct choice choice = {
        .views = views,
        .documents = documents_of(views, query->table),
        .query = query,
        .sight = sight_of(views, filter),
        .customer = NONE,
    };
    *out = (struct document_matches){.id = arena_alloc(arena, (limit + 1) * sizeof *out->id)};
    if (out->id == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (query->customer_id != 0) {
        choice.customer =
            column_find(views->customers.id, views->customers.count, query->customer_id);
        if (choice.customer == NONE) {
            return STATUS_OK;
        }
    }
    enum status status = match_words(&choice, filter, arena);
    if (status != STATUS_OK) {
        return status;
    }
    walk(&choice, skip, limit, out);
    out->open_minor = query->table == TABLE_payment ? -out->open_minor : out->open_minor;
    out->more = skip + out->count < out->total_count;
    return STATUS_OK;
}
