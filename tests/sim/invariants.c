// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/invariants.h"

#include "server/ledger/books.h"

#define ROWS_MAX 20000

struct rows_of {
    ProtobufCMessage **row;
    struct row_key *key;
    size_t count;
};

struct all {
    struct arena *arena;
    struct txn *txn;
    struct rows_of item, open_item, allocation, settled_by, entry, account, balance, invoice;
    int32_t first_day, last_day;
};

static const char *load(struct all *all, enum table table, struct rows_of *out)
{
    out->row = arena_alloc(all->arena, ROWS_MAX * sizeof *out->row);
    out->key = arena_alloc(all->arena, ROWS_MAX * sizeof *out->key);
    struct scan *scan = NULL;
    if (out->row == NULL || out->key == NULL ||
        scan_open(all->txn, table, (struct row_key){0}, 0, false, &scan) != STATUS_OK) {
        return "no scan";
    }
    enum status status = STATUS_OK;
    while (status == STATUS_OK && out->count < ROWS_MAX) {
        status = scan_next(scan, &out->key[out->count], &out->row[out->count]);
        out->count += status == STATUS_OK ? 1 : 0;
    }
    scan_close(scan);
    return status == STATUS_END ? NULL : "a scan did not end";
}

static const ItemRecord *item_at(const struct all *all, size_t i)
{
    return (const ItemRecord *)(void *)all->item.row[i];
}

static const AllocationRecord *allocation_at(const struct all *all, size_t i)
{
    return (const AllocationRecord *)(void *)all->allocation.row[i];
}

static const EntryRecord *entry_at(const struct all *all, size_t i)
{
    return (const EntryRecord *)(void *)all->entry.row[i];
}

static const ItemRecord *item_of(const struct all *all, uint64_t id)
{
    for (size_t i = 0; i < all->item.count; i++) {
        if (item_at(all, i)->id == id) {
            return item_at(all, i);
        }
    }
    return NULL;
}

// In the book's currency, or in the item's own where that is another.
static int64_t residual(const struct all *all, const ItemRecord *item, bool own, int32_t day)
{
    int64_t left = own ? item->foreign_minor : item->amount_minor;
    for (size_t i = 0; i < all->allocation.count; i++) {
        const AllocationRecord *allocation = allocation_at(all, i);
        bool mine = allocation->debit_id == item->id || allocation->credit_id == item->id;
        if (mine && allocation->effective_day <= day) {
            const int64_t taken = own ? allocation->foreign_minor : allocation->amount_minor;
            left += allocation->reverses_id != 0 ? taken : -taken;
        }
    }
    return left;
}

static const char *tell(const struct all *all, const char *what, uint64_t id, int64_t left,
                        int64_t right)
{
    return arena_print(all->arena, "%s (id %llx: %lld, %lld)", what, (unsigned long long)id,
                       (long long)left, (long long)right);
}

static const char *check_items(const struct all *all)
{
    for (size_t i = 0; i < all->item.count; i++) {
        const ItemRecord *item = item_at(all, i);
        for (int32_t day = item->date_day; day <= all->last_day; day++) {
            int64_t left = residual(all, item, false, day);
            int64_t foreign = residual(all, item, true, day);
            if (left < 0 || left > item->amount_minor || foreign < 0 ||
                foreign > item->foreign_minor) {
                return tell(all, "a residual leaves its item", item->id, left, day);
            }
        }
        if (residual(all, item, false, INT32_MAX) != item->open_minor) {
            return tell(all, "what is open is not the residual", item->id, item->open_minor,
                        residual(all, item, false, INT32_MAX));
        }
        const bool ends_together =
            item->foreign_minor == 0 || (item->open_minor == 0) == (item->foreign_open_minor == 0);
        if (residual(all, item, true, INT32_MAX) != item->foreign_open_minor || !ends_together) {
            return tell(all, "what is open in its currency is not the residual", item->id,
                        item->open_minor, item->foreign_open_minor);
        }
        bool indexed = false;
        for (size_t k = 0; k < all->open_item.count; k++) {
            indexed = indexed || (row_key_second(&all->open_item.key[k]) == item->id &&
                                  row_key_first(&all->open_item.key[k]) == item->customer_id);
        }
        if (indexed != (item->open_minor > 0)) {
            return tell(all, "the index of open items differs", item->id, indexed,
                        item->open_minor);
        }
    }
    return NULL;
}

static const char *check_allocations(const struct all *all)
{
    for (size_t i = 0; i < all->allocation.count; i++) {
        const AllocationRecord *allocation = allocation_at(all, i);
        const ItemRecord *debit = item_of(all, allocation->debit_id);
        const ItemRecord *credit = item_of(all, allocation->credit_id);
        if (debit == NULL || credit == NULL || debit->customer_id != credit->customer_id ||
            strcmp(debit->currency, credit->currency) != 0 ||
            debit->side != ITEM_SIDE__ITEM_SIDE_DEBIT ||
            credit->side != ITEM_SIDE__ITEM_SIDE_CREDIT) {
            return tell(all, "an allocation without its two sides", allocation->id, 0, 0);
        }
        if (allocation->effective_day < debit->date_day ||
            allocation->effective_day < credit->date_day) {
            return tell(all, "an allocation before its documents", allocation->id,
                        allocation->effective_day, debit->date_day);
        }
        size_t indexed = 0;
        for (size_t k = 0; k < all->settled_by.count; k++) {
            indexed += row_key_second(&all->settled_by.key[k]) == allocation->id ? 1 : 0;
        }
        if (indexed != 2) {
            return tell(all, "an allocation is not indexed twice", allocation->id, (int64_t)indexed,
                        2);
        }
    }
    return all->settled_by.count == 2 * all->allocation.count ? NULL : "settled_by has more rows";
}

// Ledger movement of a customer (0: of all) on an account up to a day.
static int64_t ledger(const struct all *all, uint32_t account, uint64_t customer_id, int32_t day)
{
    int64_t total = 0;
    for (size_t i = 0; i < all->entry.count; i++) {
        const EntryRecord *entry = entry_at(all, i);
        for (size_t k = 0; entry->date_day <= day && k < entry->n_line; k++) {
            const PostingLine *line = entry->line[k];
            bool mine = customer_id == 0 || line->customer_id == customer_id;
            if (mine && line->account == account) {
                total += line->debit_minor - line->credit_minor;
            }
        }
    }
    return total;
}

static int64_t items_of(const struct all *all, uint32_t account, uint64_t customer_id, int32_t day)
{
    int64_t total = 0;
    for (size_t i = 0; i < all->item.count; i++) {
        const ItemRecord *item = item_at(all, i);
        bool counts =
            item->account == account && item->customer_id == customer_id && item->date_day <= day;
        if (counts) {
            int64_t left = residual(all, item, false, day);
            total += item->side == ITEM_SIDE__ITEM_SIDE_DEBIT ? left : -left;
        }
    }
    return total;
}

// Open items tie to the control accounts, per customer and day; cached balances are what the
// entries say.
static const char *check_ties(const struct all *all, uint32_t receivables, uint32_t advances)
{
    for (size_t i = 0; i < all->balance.count; i++) {
        const BalanceRecord *balance = (const BalanceRecord *)(void *)all->balance.row[i];
        uint64_t customer_id = row_key_first(&all->balance.key[i]);
        for (int32_t day = all->first_day; day <= all->last_day; day++) {
            int64_t owed = ledger(all, receivables, customer_id, day);
            int64_t open = items_of(all, receivables, customer_id, day);
            if (owed != open) {
                return tell(all, "receivables do not tie", (uint64_t)day, owed, open);
            }
            owed = ledger(all, advances, customer_id, day);
            open = items_of(all, advances, customer_id, day);
            if (owed != open) {
                return tell(all, "advances do not tie", (uint64_t)day, owed, open);
            }
        }
        if (balance->receivable_minor != ledger(all, receivables, customer_id, INT32_MAX) ||
            balance->advance_minor != ledger(all, advances, customer_id, INT32_MAX)) {
            return tell(all, "a kept balance is not the recomputed one", customer_id,
                        balance->receivable_minor, balance->advance_minor);
        }
    }
    return NULL;
}

static const char *check_accounts(const struct all *all)
{
    int64_t difference = 0;
    for (size_t i = 0; i < all->account.count; i++) {
        const AccountRecord *account = (const AccountRecord *)(void *)all->account.row[i];
        int64_t balance = account->debit_minor - account->credit_minor;
        if (balance != ledger(all, account->code, 0, INT32_MAX)) {
            return tell(all, "an account is not the sum of its entries", account->code, balance,
                        ledger(all, account->code, 0, INT32_MAX));
        }
        difference += balance;
    }
    return difference == 0 ? NULL : "the accounts do not sum to zero";
}

// How many entries the year has, and its highest number.
static const char *check_numbers(const struct all *all, uint32_t year)
{
    uint32_t highest = 0;
    uint32_t count = 0;
    for (size_t i = 0; i < all->entry.count; i++) {
        const EntryRecord *entry = entry_at(all, i);
        count += entry->year == year ? 1 : 0;
        highest = entry->year == year && entry->sequence > highest ? entry->sequence : highest;
    }
    return highest == count ? NULL
                            : tell(all, "a number of an entry is missing", year, count, highest);
}

static const char *check_entries(const struct all *all)
{
    const char *found = NULL;
    for (size_t i = 0; found == NULL && i < all->entry.count; i++) {
        const EntryRecord *entry = entry_at(all, i);
        int64_t difference = 0;
        for (size_t k = 0; k < entry->n_line; k++) {
            difference += entry->line[k]->debit_minor - entry->line[k]->credit_minor;
        }
        if (difference != 0) {
            return tell(all, "an entry does not balance", entry->id, difference, 0);
        }
        found = check_numbers(all, entry->year);
    }
    return found;
}

static const char *check_invoices(const struct all *all)
{
    for (size_t i = 0; i < all->invoice.count; i++) {
        const InvoiceRecord *invoice = (const InvoiceRecord *)(void *)all->invoice.row[i];
        int64_t parts = 0;
        int64_t gross = 0;
        if (invoice->sequence == 0) {
            continue; // a draft falls due when it is issued
        }
        for (size_t k = 0; k < invoice->n_part; k++) {
            parts += invoice->part[k]->amount_minor;
        }
        for (size_t k = 0; k < invoice->n_line; k++) {
            const InvoiceLine *line = invoice->line[k];
            gross += line->gross_minor;
            if (line->net_minor + line->tax_minor != line->gross_minor) {
                return tell(all, "net and tax are not gross", invoice->id, line->net_minor,
                            line->tax_minor);
            }
        }
        if (parts != invoice->gross_minor || gross != invoice->gross_minor ||
            invoice->credited_minor > (parts > 0 ? parts : 0)) {
            return tell(all, "a document does not add up", invoice->id, parts, gross);
        }
    }
    return NULL;
}

static void span(struct all *all)
{
    all->first_day = INT32_MAX;
    all->last_day = INT32_MIN;
    for (size_t i = 0; i < all->entry.count; i++) {
        int32_t day = entry_at(all, i)->date_day;
        all->first_day = day < all->first_day ? day : all->first_day;
        all->last_day = day > all->last_day ? day : all->last_day;
    }
    for (size_t i = 0; i < all->allocation.count; i++) {
        int32_t day = allocation_at(all, i)->effective_day;
        all->last_day = day > all->last_day ? day : all->last_day;
    }
}

const char *invariants_check(struct store *store, struct arena *arena)
{
    struct all all = {.arena = arena};
    CLEANUP(txn_abort_at) struct txn *txn = NULL;
    if (txn_begin(store, TXN_READ, arena, &txn) != STATUS_OK) {
        return "no snapshot";
    }
    all.txn = txn;

    const struct {
        enum table table;
        struct rows_of *rows;
    } loads[] = {
        {TABLE_item, &all.item},
        {TABLE_open_item, &all.open_item},
        {TABLE_allocation, &all.allocation},
        {TABLE_settled_by, &all.settled_by},
        {TABLE_entry, &all.entry},
        {TABLE_account, &all.account},
        {TABLE_balance, &all.balance},
        {TABLE_invoice, &all.invoice},
    };

    const char *found = NULL;
    for (size_t i = 0; found == NULL && i < COUNT_OF(loads); i++) {
        found = load(&all, loads[i].table, loads[i].rows);
    }
    if (found != NULL) {
        return found;
    }
    span(&all);
    uint32_t receivables = 0;
    uint32_t advances = 0;
    for (size_t i = 0; i < all.account.count; i++) {
        const AccountRecord *account = (const AccountRecord *)(void *)all.account.row[i];
        receivables = account->role == ACCOUNT_RECEIVABLES ? account->code : receivables;
        advances = account->role == ACCOUNT_ADVANCES ? account->code : advances;
    }
    found = check_items(&all);
    found = found != NULL ? found : check_allocations(&all);
    found = found != NULL ? found : check_ties(&all, receivables, advances);
    found = found != NULL ? found : check_accounts(&all);
    found = found != NULL ? found : check_entries(&all);
    return found != NULL ? found : check_invoices(&all);
}
