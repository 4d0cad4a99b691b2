// SPDX-License-Identifier: Apache-2.0
#include "server/ops/facts.h"

#include <inttypes.h>

// Indexes against rows, both ways (domain.md d.15, 11 and 13). Index rows are in order of their
// keys, rows in order of ids.

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct fact_hash *)a)->hash, ((const struct fact_hash *)b)->hash, 16);
}

static const struct fact_hash *hash_find(const struct fact_column *column,
                                         const struct fact_hash *wanted)
{
    return column->count == 0
               ? NULL
               : bsearch(wanted, column->data, column->count, sizeof *wanted, by_hash);
}

// `index` holds exactly the hashes that the rows say.
static void check_hashes(struct facts *facts, const char *name, struct fact_column *index,
                         struct fact_column *rows)
{
    facts_sort(rows, by_hash);
    const struct fact_hash *in_index = index->data;
    const struct fact_hash *in_rows = rows->data;
    for (size_t i = 0; i < index->count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        const struct fact_hash *row = hash_find(rows, &in_index[i]);
        if (row == NULL || row->id != in_index[i].id) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "%s leads to %" PRIu64 ", which says otherwise", name, in_index[i].id);
        }
    }
    for (size_t i = 0; i < rows->count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        const struct fact_hash *found = hash_find(index, &in_rows[i]);
        if (found == NULL || found->id != in_rows[i].id) {
            verify_find(facts->report, STATUS_INCOMPLETE, "%s does not lead to %" PRIu64, name,
                        in_rows[i].id);
        }
    }
}

// A unique value belongs to a customer, which says so itself, or to a document or import, which
// keeps only the value.
static void check_unique(struct facts *facts)
{
    facts_sort(&facts->unique_of, by_hash);
    const struct fact_hash *unique = facts->unique.data;
    for (size_t i = 0; i < facts->unique.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        const uint64_t id = unique[i].id;
        if (facts_find(&facts->customer, id) != NULL) {
            const struct fact_hash *row = hash_find(&facts->unique_of, &unique[i]);
            if (row == NULL || row->id != id) {
                verify_find(facts->report, STATUS_TAMPERED,
                            "a unique value leads to customer %" PRIu64 ", which says otherwise",
                            id);
            }
        } else if (facts_find(&facts->invoice, id) == NULL &&
                   facts_find(&facts->payment, id) == NULL &&
                   facts_find(&facts->import, id) == NULL &&
                   facts_find(&facts->bank_statement, id) == NULL &&
                   facts_find(&facts->bank_line, id) == NULL) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "a unique value leads to %" PRIu64 ", which is missing", id);
        }
    }
    const struct fact_hash *said = facts->unique_of.data;
    for (size_t i = 0; i < facts->unique_of.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        const struct fact_hash *found = hash_find(&facts->unique, &said[i]);
        if (found == NULL || found->id != said[i].id) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "a unique value of customer %" PRIu64 " is not in the index", said[i].id);
        }
    }
}

static void check_open_items(struct facts *facts)
{
    const struct fact_pair *pair = facts->open_item.data;
    for (size_t i = 0; i < facts->open_item.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        struct fact_item *item = facts_find(&facts->item, pair[i].second);
        if (item == NULL || item->customer_id != pair[i].first || item->open_minor <= 0) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "the index of open items has %" PRIu64 ", of which nothing is open",
                        pair[i].second);
        } else {
            item->indexed = true;
        }
    }
    const struct fact_item *item = facts->item.data;
    for (size_t i = 0; i < facts->item.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        if (item[i].open_minor > 0 && !item[i].indexed) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "item %" PRIu64 " is open and not in the index", item[i].id);
        }
    }
}

// Every item in another currency is listed once, under it.
static void check_foreign_items(struct facts *facts)
{
    const struct fact_pair *pair = facts->foreign_item.data;
    for (size_t i = 0; i < facts->foreign_item.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        const struct fact_item *item = facts_find(&facts->item, pair[i].second);
        if (item == NULL || item->currency != pair[i].first || item->foreign_minor == 0) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "the index of items in other currencies has %" PRIu64 ", which is none",
                        pair[i].second);
        }
    }
    size_t count = 0;
    const struct fact_item *item = facts->item.data;
    for (size_t i = 0; i < facts->item.count; i++) {
        count += item[i].foreign_minor > 0 ? 1 : 0;
    }
    if (count > facts->foreign_item.count) {
        verify_find(facts->report, STATUS_INCOMPLETE,
                    "the index of items in other currencies lacks some of them");
    }
}

static void check_settled_by(struct facts *facts)
{
    const struct fact_pair *pair = facts->settled_by.data;
    for (size_t i = 0; i < facts->settled_by.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        struct fact_allocation *allocation = facts_find(&facts->allocation, pair[i].second);
        if (allocation == NULL ||
            (allocation->debit_id != pair[i].first && allocation->credit_id != pair[i].first)) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "the index of allocations has %" PRIu64 " at another item", pair[i].second);
        } else {
            allocation->indexed_count++;
        }
    }
    const struct fact_allocation *allocation = facts->allocation.data;
    for (size_t i = 0; i < facts->allocation.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        if (allocation[i].indexed_count != 2) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "allocation %" PRIu64 " is not in the index of both items",
                        allocation[i].id);
        }
    }
}

// An outcome belongs to the journal record of its number, with the same request id and status.
static void check_outcomes(struct facts *facts)
{
    const struct fact_outcome *outcome = facts->outcome.data;
    for (size_t i = 0; i < facts->outcome.count; i++) {
        verify_at(facts->report, INVARIANT_NONE);
        const struct fact_request *request = facts_find(&facts->request, outcome[i].number);
        if (request == NULL) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "an outcome belongs to record %" PRIu64 ", which is missing",
                        outcome[i].number);
        } else if (memcmp(request->key, outcome[i].key, sizeof request->key) != 0 ||
                   request->status != outcome[i].status) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "the outcome of record %" PRIu64 " is another's", outcome[i].number);
        }
    }
}

void facts_check_indexes(struct facts *facts)
{
    check_hashes(facts, "a login", &facts->login, &facts->login_of);
    check_hashes(facts, "a device key", &facts->device_key, &facts->device_of);
    check_unique(facts);
    check_open_items(facts);
    check_foreign_items(facts);
    check_settled_by(facts);
    check_outcomes(facts);
    facts_check_bank(facts);
}
