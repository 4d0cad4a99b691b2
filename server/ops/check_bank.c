// SPDX-License-Identifier: Apache-2.0
#include "server/ops/facts.h"

#include <inttypes.h>

// Lines of bank statements against the indexes of what waits and of what is cleared, both ways; and
// receipts that have not arrived against the index of what is on its way.

static void take_line(struct facts *facts, const BankLineRecord *record)
{
    facts_keep(facts, &facts->bank_line,
               &(struct fact_bank_line){
                   .id = record->id,
                   .account = record->account,
                   .waits = record->state == BANK_LINE_STATE__BANK_LINE_STATE_WAITING,
                   .entries = record->n_entry_id,
               });
    facts_keep_number(facts, SERIES_BANK_LINE, 0, record->sequence);
}

static void take_statement(struct facts *facts, const BankStatementRecord *record)
{
    facts_keep(facts, &facts->bank_statement, &record->id);
    facts_keep_number(facts, SERIES_BANK_STATEMENT, record->year, record->sequence);
}

bool facts_take_bank(struct facts *facts, enum table table, const struct row_key *key,
                     const ProtobufCMessage *record)
{
    switch ((int)table) {
    case TABLE_bank_statement:
        take_statement(facts, (const BankStatementRecord *)record);
        return true;
    case TABLE_bank_line:
        take_line(facts, (const BankLineRecord *)record);
        return true;
    case TABLE_bank_wait:
        facts_keep(facts, &facts->bank_wait,
                   &(struct fact_pair){.first = row_key_first(key), .second = row_key_second(key)});
        return true;
    case TABLE_cleared:
        facts_keep(facts, &facts->cleared,
                   &(struct fact_clearing){.account = row_key_first(key),
                                           .entry_id = row_key_second(key),
                                           .line_id = ((const IdRecord *)record)->id});
        return true;
    default:
        return false;
    }
}

static void check_waiting(struct facts *facts)
{
    const struct fact_pair *pair = facts->bank_wait.data;
    for (size_t i = 0; i < facts->bank_wait.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        struct fact_bank_line *line = facts_find(&facts->bank_line, pair[i].second);
        if (line == NULL || line->account != pair[i].first || !line->waits) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "the index of waiting bank lines has %" PRIu64 ", which does not wait",
                        pair[i].second);
        } else {
            line->is_indexed = true;
        }
    }
}

static void check_cleared(struct facts *facts)
{
    const struct fact_clearing *clearing = facts->cleared.data;
    for (size_t i = 0; i < facts->cleared.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        struct fact_bank_line *line = facts_find(&facts->bank_line, clearing[i].line_id);
        if (line == NULL || line->account != clearing[i].account ||
            facts_find(&facts->entry, clearing[i].entry_id) == NULL) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "entry %" PRIu64 " is cleared by a bank line that is none of its account",
                        clearing[i].entry_id);
        } else {
            line->cleared++;
        }
    }
}

static int by_pair(const void *a, const void *b)
{
    const struct fact_pair *left = a;
    const struct fact_pair *right = b;
    const int order = (left->first > right->first) - (left->first < right->first);
    return order != 0 ? order : (left->second > right->second) - (left->second < right->second);
}

// Both are in the order of the keys; the first that differs is told.
static void check_on_way(struct facts *facts)
{
    facts_sort(&facts->on_way_of, by_pair);
    const struct fact_pair *in_index = facts->on_way.data;
    const struct fact_pair *in_rows = facts->on_way_of.data;
    const size_t count =
        facts->on_way.count > facts->on_way_of.count ? facts->on_way.count : facts->on_way_of.count;
    for (size_t i = 0; i < count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        int order = i < facts->on_way.count ? -1 : 1;
        if (i < facts->on_way.count && i < facts->on_way_of.count) {
            order = by_pair(&in_index[i], &in_rows[i]);
        }
        if (order < 0) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "the index of receipts on their way has %" PRIu64 ", which is not",
                        in_index[i].second);
            return;
        }
        if (order > 0) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "payment %" PRIu64 " is on its way and not in the index",
                        in_rows[i].second);
            return;
        }
    }
}

void facts_check_bank(struct facts *facts)
{
    check_waiting(facts);
    check_cleared(facts);
    check_on_way(facts);
    const struct fact_bank_line *line = facts->bank_line.data;
    for (size_t i = 0; i < facts->bank_line.count; i++) {
        verify_at(facts->report, INVARIANT_INDEX);
        if (line[i].waits && !line[i].is_indexed) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "bank line %" PRIu64 " waits and is not in the index", line[i].id);
        }
        if (line[i].entries != line[i].cleared) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "bank line %" PRIu64 " clears other entries than the index says",
                        line[i].id);
        }
    }
}
