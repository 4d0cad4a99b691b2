// SPDX-License-Identifier: Apache-2.0
#pragma once

// What verify keeps of the rows while it reads them: narrow columns of numbers, sorted by what the
// checks ask for. The checks themselves are in check_books.c and check_indexes.c.

#include "server/ops/verify.h"
#include "server/ops/walk.h"
#include "shared/ident.h"

// An array that grows in an arena.
struct fact_column {
    size_t item_size;
    void *data;
    size_t count;
    size_t room;
};

struct fact_id {
    uint64_t id;
};

struct fact_item {
    uint64_t id;
    uint64_t customer_id;
    uint64_t document_id;
    int64_t amount_minor;
    int64_t open_minor;
    int64_t foreign_minor; // in the item's own currency, when that is not the book's
    int64_t foreign_open_minor;
    uint32_t currency; // its letters; 0: the book's
    int32_t date_day;
    uint32_t account;
    bool is_debit;
    bool indexed;
};

struct fact_allocation {
    uint64_t id;
    uint64_t debit_id;
    uint64_t credit_id;
    uint64_t customer_id;
    uint64_t reverses_id;
    uint64_t reversed_by_id;
    int64_t amount_minor;
    int64_t foreign_minor;
    int32_t effective_day;
    uint32_t indexed_count;
};

// A movement of what a customer owes on a control account: as the entries say, and as the items
// say.
struct fact_move {
    uint64_t customer_id;
    uint32_t account;
    int32_t day;
    int64_t ledger_minor;
    int64_t item_minor;
};

// What an allocation takes from an item (or gives back) on a day.
struct fact_settling {
    uint64_t item_id;
    int32_t day;
    int64_t change_minor;
    int64_t foreign_change_minor;
};

// The tax of a document: as the document says, and as its entry moved the tax account.
struct fact_tax {
    uint64_t entry_id;
    int32_t day;
    int64_t document_minor;
    int64_t ledger_minor;
};

struct fact_account {
    uint64_t code;
    bool is_control;
    bool is_advances;
    bool is_tax;
    int64_t debit_minor, credit_minor;   // as kept
    int64_t debits_minor, credits_minor; // as the entries say
};

struct fact_balance {
    uint64_t customer_id;
    int64_t receivable_minor, advance_minor;
    int64_t ordered_minor, uncleared_minor;
};

// What counts in a kept sum of a customer: an order, a receipt that has not cleared.
struct fact_part_of {
    uint64_t customer_id;
    int64_t amount_minor;
};

struct fact_number {
    uint32_t series, year, sequence;
};

struct fact_counter {
    uint64_t key; // series << 32 | year
    uint64_t next;
};

struct fact_part {
    uint64_t item_id;
    uint64_t document_id;
    int64_t amount_minor;
};

// A keyed hash and what it stands for.
struct fact_hash {
    uint8_t hash[16];
    uint64_t id;
};

struct fact_pair {
    uint64_t first, second;
};

// A line of a bank statement: what its row says, and what the indexes do.
struct fact_bank_line {
    uint64_t id;
    uint64_t account;
    bool waits;
    size_t entries; // that it clears
    bool is_indexed;
    size_t cleared;
};

struct fact_clearing {
    uint64_t account, entry_id, line_id;
};

struct fact_request {
    uint64_t number;
    uint32_t status;
    uint8_t key[16];
};

struct fact_outcome {
    uint64_t number;
    uint32_t status;
    uint8_t key[16];
};

struct facts {
    struct store *store;
    struct arena *arena;
    struct verify_report *report;
    bool exhausted; // memory
    struct fact_column account, item, allocation, move, settling, balance, number, counter, part;
    struct fact_column tax;
    struct fact_column order, uncleared;                                        // fact_part_of
    struct fact_column customer, invoice, payment, entry, user, device, import; // fact_id
    struct fact_column foreign_item;                   // fact_pair: letters of the currency, item
    struct fact_column open_item, settled_by;          // fact_pair
    struct fact_column on_way, on_way_of;              // fact_pair: the index, and what rows say
    struct fact_column unique, login, device_key;      // fact_hash: the index
    struct fact_column unique_of, login_of, device_of; // fact_hash: what the rows say
    struct fact_column request, outcome;
    struct fact_column bank_statement;     // fact_id
    struct fact_column bank_line;          // fact_bank_line
    struct fact_column bank_wait, cleared; // fact_pair, fact_clearing
};

void facts_init(struct facts *facts, struct store *store, struct arena *arena,
                struct verify_report *report);

// Takes one opened row; notes what is wrong with the row itself.
void facts_take(struct facts *facts, enum table table, const struct row_key *key,
                const ProtobufCMessage *record);

// The same with the packed bytes of a row: what is not of its kind is noted. STATUS_ENVIRONMENT
// when memory is exhausted.
MUST_CHECK enum status facts_take_row(struct facts *facts, const struct walk_row *row);

// Adds a copy of the item to the column.
void facts_keep(struct facts *facts, struct fact_column *column, const void *item);
void facts_sort(struct fact_column *column, int (*compare)(const void *a, const void *b));
// In a column whose items begin with a 64-bit id and are sorted by it; NULL when there is none.
void *facts_find(const struct fact_column *column, uint64_t id);

// Sum that notes an overflow instead of having one.
int64_t facts_sum(struct facts *facts, int64_t a, int64_t b);

// The checks; what they find stands in the report.
void facts_check_books(struct facts *facts);
// Part of it: every series 1, 2, 3 … up to its counter.
void facts_check_numbers(struct facts *facts);
void facts_check_indexes(struct facts *facts);

// Bank accounts (check_bank.c): takes a row of theirs, false when it is another one; and the check
// of their indexes against their lines.
bool facts_take_bank(struct facts *facts, enum table table, const struct row_key *key,
                     const ProtobufCMessage *record);
void facts_check_bank(struct facts *facts);
// A number of a series that must have no gaps.
void facts_keep_number(struct facts *facts, enum series series, uint32_t year, uint32_t sequence);
