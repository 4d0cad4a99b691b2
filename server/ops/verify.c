// SPDX-License-Identifier: Apache-2.0
#include "server/ops/verify.h"

#include "server/ops/facts.h"
#include "server/ops/replay.h"
#include "server/ops/walk.h"
#include "server/store/pages.h"
#include "shared/wire.h"

#include <inttypes.h>
#include <stdarg.h>

#define FACTS_ARENA_BYTES ((size_t)16 * 1024 * 1024 * 1024)
#define ROWS_ARENA_BYTES  ((size_t)256 * 1024 * 1024)

void verify_find(struct verify_report *report, enum status status, const char *format, ...)
{
    assert(status == STATUS_TAMPERED || status == STATUS_INCOMPLETE || status == STATUS_UNREADABLE);
    if (report->finding_count < FINDINGS_MAX) {
        struct finding *finding = &report->finding[report->finding_count];
        finding->status = status;
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(finding->text, sizeof finding->text, format, arguments);
        va_end(arguments);
    }
    report->finding_count++;
}

// Tampered outweighs incomplete, whatever was found first.
static enum status outcome(const struct verify_report *report)
{
    enum status worst = STATUS_OK;
    for (size_t i = 0; i < report->finding_count && i < FINDINGS_MAX; i++) {
        const enum status status = report->finding[i].status;
        worst = worst == STATUS_OK || status == STATUS_TAMPERED ? status : worst;
    }
    return worst;
}

struct reading {
    struct facts facts;
    struct verify_report *report;
    struct key digest_key;
    struct digest digest;
    struct tree tree;
    int64_t last_us;
};

static void reading_wipe(struct reading *reading)
{
    key_wipe(&reading->digest_key);
}

static void take_journal(struct reading *reading, const struct walk_row *row,
                         const JournalRecord *record)
{
    if (record->number != reading->tree.size + 1) {
        verify_find(reading->report, STATUS_INCOMPLETE,
                    "record %" PRIu64 " follows on record %" PRIu64, record->number,
                    reading->tree.size);
    }
    if (record->instant_us <= reading->last_us) {
        verify_find(reading->report, STATUS_TAMPERED,
                    "record %" PRIu64 " is not later than the one before", record->number);
    }
    reading->last_us = record->instant_us;
    uint8_t leaf[LEAF_BYTES];
    tree_leaf(row->packed, leaf);
    tree_append(&reading->tree, leaf);
}

static enum status take_row(void *context, const struct walk_row *row)
{
    struct reading *reading = context;
    reading->report->row_count++;
    if (table_is_state(row->table)) {
        digest_add(&reading->digest, &reading->digest_key, row->table,
                   bytes_of(row->key.bytes, row->key.size), row->version, row->packed);
    }
    ProtobufCMessage *record = NULL;
    const enum status status =
        wire_unpack(row->arena, table_record(row->table), row->packed, &record);
    if (status == STATUS_MALFORMED) {
        verify_find(reading->report, STATUS_TAMPERED, "table %s: a row is not of its kind",
                    table_name(row->table));
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return STATUS_ENVIRONMENT;
    }
    if (row->table == TABLE_journal) {
        take_journal(reading, row, (const JournalRecord *)record);
    }
    facts_take(&reading->facts, row->table, &row->key, record);
    return reading->facts.exhausted ? STATUS_ENVIRONMENT : STATUS_OK;
}

// Stops a table at the first row that does not open: what follows may be as bad, and one is enough.
static enum status read_table(struct reading *reading, struct txn *txn, enum table table,
                              struct arena *row_arena)
{
    struct walk_row row;
    const enum status status = walk_table(txn, table, row_arena, take_row, reading, &row);
    if (status != STATUS_TAMPERED) {
        return status;
    }
    verify_find(reading->report, STATUS_TAMPERED,
                "table %s, key %" PRIx64 ": the seal does not fit", table_name(table),
                row.key.size >= 8 ? row_key_first(&row.key) : 0);
    return STATUS_OK;
}

static enum status read_rows(struct reading *reading, struct txn *txn, struct arena *row_arena)
{
    // Accounts first: the lines of entries are sorted by what their accounts are.
    enum status status = read_table(reading, txn, TABLE_account, row_arena);
    for (enum table table = TABLE_NONE + 1; table < TABLE_LIMIT && status == STATUS_OK; table++) {
        if (table_name(table) != NULL && table != TABLE_account && table != TABLE_head) {
            status = read_table(reading, txn, table, row_arena);
        }
    }
    return status;
}

static void check_head(struct reading *reading, const struct head *head)
{
    struct verify_report *report = reading->report;
    uint8_t root[LEAF_BYTES];
    tree_root(&reading->tree, root);
    if (head->number != reading->tree.size || head->tree.size != head->number) {
        verify_find(report, STATUS_INCOMPLETE,
                    "the head is at record %" PRIu64 ", the journal at %" PRIu64, head->number,
                    reading->tree.size);
    } else if (head->number > 0 && memcmp(root, head->tree_root, LEAF_BYTES) != 0) {
        verify_find(report, STATUS_TAMPERED,
                    "the tree of the journal has another root than the head says");
    }
    if (memcmp(&reading->digest, &head->digest, sizeof reading->digest) != 0) {
        verify_find(report, STATUS_TAMPERED, "the rows have another digest than the head says");
    }
    if (reading->last_us != head->instant_us && head->number > 0) {
        verify_find(report, STATUS_TAMPERED, "the head is of another moment than the last record");
    }
    report->number = head->number;
    report->digest = reading->digest;
    memcpy(report->tree_root, root, LEAF_BYTES);
}

static enum status verify_store(struct store *store, struct verify_report *report)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(FACTS_ARENA_BYTES);
    CLEANUP(arena_free_at) struct arena *row_arena = arena_make(ROWS_ARENA_BYTES);
    if (arena == NULL || row_arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(store, TXN_READ, arena, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    struct reading reading CLEANUP(reading_wipe) = {
        .report = report, .digest_key = store_key(store, STORE_KEY_DIGEST)};
    reading.last_us = INT64_MIN;
    facts_init(&reading.facts, store, arena, report);
    status = read_rows(&reading, txn, row_arena);
    if (status != STATUS_OK) {
        return status;
    }
    check_head(&reading, txn_head(txn));
    check_indexes(&reading.facts);
    check_books(&reading.facts);
    report->entry_count = reading.facts.entry.count;
    report->item_count = reading.facts.item.count;
    report->allocation_count = reading.facts.allocation.count;
    return reading.facts.exhausted ? STATUS_ENVIRONMENT : STATUS_OK;
}

// Opening a damaged store is a finding too; a wrong key or a lock is not.
static enum status open_or_find(const struct verify_options *options, struct verify_report *report,
                                struct store **store)
{
    const enum status status = store_open(&options->store, store);
    if (status == STATUS_TAMPERED || status == STATUS_INCOMPLETE || status == STATUS_UNREADABLE) {
        verify_find(report, status, "the store does not open: keyring, tables or head row");
    }
    return status;
}

enum status verify_run(const struct verify_options *options, struct verify_report *report)
{
    *report = (struct verify_report){.row_count = 0};
    struct page_report pages;
    enum status status = pages_check(options->store.dir, &pages);
    if (status != STATUS_OK) {
        if (status != STATUS_ENVIRONMENT) {
            verify_find(report, status, "page %" PRIu64 ": %s", pages.bad_page,
                        pages.fault != NULL ? pages.fault : "the file cannot be read");
        }
        return status;
    }
    CLEANUP(store_close_at) struct store *store = NULL;
    status = open_or_find(options, report, &store);
    if (status == STATUS_OK) {
        status = verify_store(store, report);
    }
    if (status == STATUS_OK && options->replay) {
        status = replay_compare(store, options, report);
    }
    return status == STATUS_OK ? outcome(report) : status;
}
