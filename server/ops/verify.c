// SPDX-License-Identifier: Apache-2.0
#include "server/ops/verify.h"

#include "server/ops/audit.h"
#include "server/ops/facts.h"
#include "server/ops/replay.h"
#include "server/ops/walk.h"
#include "server/store/pages.h"

#include <inttypes.h>
#include <stdarg.h>

#define FACTS_ARENA_BYTES ((size_t)16 * 1024 * 1024 * 1024)
#define ROWS_ARENA_BYTES  ((size_t)256 * 1024 * 1024)

void verify_at(struct verify_report *report, enum invariant invariant)
{
    report->at = invariant;
    report->checked[invariant]++;
}

void verify_find(struct verify_report *report, enum status status, const char *format, ...)
{
    assert(status == STATUS_TAMPERED || status == STATUS_INCOMPLETE || status == STATUS_UNREADABLE);
    if (report->finding_count < FINDINGS_MAX) {
        struct finding *finding = &report->finding[report->finding_count];
        finding->status = status;
        finding->invariant = report->at;
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(finding->text, sizeof finding->text, format, arguments);
        va_end(arguments);
    }
    report->finding_count++;
    report->broken[report->at]++;
}

// Tampered outweighs incomplete, whatever was found first.
enum status verify_outcome(const struct verify_report *report)
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
};

static void reading_wipe(struct reading *reading)
{
    key_wipe(&reading->digest_key);
}

static enum status take_row(void *context, const struct walk_row *row)
{
    struct reading *reading = context;
    reading->report->row_count++;
    if (table_is_state(row->table)) {
        digest_add(&reading->digest, &reading->digest_key, row->table,
                   bytes_of(row->key.bytes, row->key.size), row->version, row->packed);
    }
    return facts_take_row(&reading->facts, row);
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

// Rows that bear no number of a document, in tables that grow with the book; the journal and what
// belongs to it were read before.
static bool is_beside(enum table table)
{
    static const enum table BESIDE[] = {
        TABLE_journal, TABLE_outcome,    TABLE_item,   TABLE_open_item, TABLE_allocation,
        TABLE_unique,  TABLE_settled_by, TABLE_header, TABLE_tile,      TABLE_checkpoint,
        TABLE_epoch,   TABLE_balance,    TABLE_vault};

    for (size_t i = 0; i < COUNT_OF(BESIDE); i++) {
        if (BESIDE[i] == table) {
            return true;
        }
    }
    return false;
}

static enum status read_rows(struct reading *reading, struct txn *txn, bool numbers_only,
                             struct arena *row_arena)
{
    // Accounts first: the lines of entries are sorted by what their accounts are.
    enum status status = read_table(reading, txn, TABLE_account, row_arena);
    for (enum table table = TABLE_NONE + 1; table < TABLE_LIMIT && status == STATUS_OK; table++) {
        if (table_name(table) != NULL && table != TABLE_account && table != TABLE_head &&
            !(numbers_only && is_beside(table))) {
            status = read_table(reading, txn, table, row_arena);
        }
    }
    return status;
}

static void check_digest(struct reading *reading, const struct head *head)
{
    if (memcmp(&reading->digest, &head->digest, sizeof reading->digest) != 0) {
        verify_find(reading->report, STATUS_TAMPERED,
                    "the rows have another digest than the head says");
    }
    reading->report->digest = reading->digest;
}

static enum status verify_store(struct store *store, bool journal_only,
                                struct verify_report *report)
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
    facts_init(&reading.facts, store, arena, report);
    status = read_rows(&reading, txn, journal_only, row_arena);
    if (status != STATUS_OK) {
        return status;
    }
    if (journal_only) {
        facts_check_numbers(&reading.facts);
    } else {
        check_digest(&reading, txn_head(txn));
        facts_check_indexes(&reading.facts);
        facts_check_books(&reading.facts);
    }
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
    static const struct audit_outside NOTHING = {.house = NULL};
    if (status == STATUS_OK) {
        status = audit_store(store, options->outside != NULL ? options->outside : &NOTHING, report);
    }
    if (status == STATUS_OK) {
        status = verify_store(store, options->journal_only, report);
    }
    if (status == STATUS_OK && options->replay) {
        status = replay_compare(store, options, report);
    }
    return status == STATUS_OK ? verify_outcome(report) : status;
}
