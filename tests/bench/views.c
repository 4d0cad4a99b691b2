// SPDX-License-Identifier: Apache-2.0

// Aging and the financial statements over a book that takes too long to build through the server:
// 1,000,000 open and 1,000,000 settled invoices with 1,500,000 allocations, and entries of ten
// years on 32 accounts, told to the views as commits would tell them.
//   bench-views PLACE [INVOICES [ENTRIES]]

#include "server/views/views.h"

#include "server/store/store.h"
#include "shared/day.h"
#include "tests/bench/measure.h"
#include "tests/load/load.h"

#define CUSTOMERS    100000
#define FIRST_DAY    20000
#define DAYS         400
#define BATCH        10000
#define BATCH_BYTES  ((size_t)256 * 1024 * 1024)
#define ROUNDS       15
#define CHANGES_EACH 4 // of an invoice: its item, a payment's, two allocations
#define ACCOUNTS     32
#define ENTRY_DAYS   3650
#define FIRST_CODE   1000

struct book {
    struct store *store;
    struct views *views;
    struct arena *own; // of the transaction
    struct arena *batch;
    struct txn *txn;
    struct change *change;
    size_t count;
    uint64_t invoices;
    uint64_t allocations;
    uint64_t entries;
};

static void must(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "bench-views: %s: %s\n", what, status_code(status));
        abort();
    }
}

static void *record_make(struct book *book, size_t size)
{
    void *record = arena_alloc(book->batch, size);
    assert(record != NULL);
    return record;
}

static void tell(struct book *book, enum table table, uint64_t id, const ProtobufCMessage *record)
{
    book->change[book->count++] =
        (struct change){.table = table, .key = key_u64(id), .record = record};
}

static void flush(struct book *book)
{
    must(views_apply(book->views, book->txn, book->change, book->count), "apply");
    book->count = 0;
    arena_reset(book->batch);
    book->change = arena_alloc(book->batch, (size_t)BATCH * CHANGES_EACH * sizeof *book->change);
    assert(book->change != NULL);
}

static void add_customer(struct book *book, uint64_t id)
{
    CustomerRecord *record = record_make(book, sizeof *record);
    customer_record__init(record);
    record->id = id;
    record->sequence = (uint32_t)id;
    record->kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    record->state = CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE;
    tell(book, TABLE_customer, id, &record->base);
}

static ItemRecord *add_item(struct book *book, uint64_t id, uint64_t customer, int32_t day,
                            bool debit)
{
    ItemRecord *record = record_make(book, sizeof *record);
    item_record__init(record);
    record->id = id;
    record->side = debit ? ITEM_SIDE__ITEM_SIDE_DEBIT : ITEM_SIDE__ITEM_SIDE_CREDIT;
    record->customer_id = customer;
    record->date_day = day;
    record->due_day = debit ? day + 30 : day;
    record->amount_minor = 1000 + (int64_t)(id % 9973) * 2;
    tell(book, TABLE_item, id, &record->base);
    return record;
}

static void add_allocation(struct book *book, uint64_t id, const ItemRecord *debit,
                           const ItemRecord *credit, int64_t amount_minor)
{
    AllocationRecord *record = record_make(book, sizeof *record);
    allocation_record__init(record);
    record->id = id;
    record->customer_id = debit->customer_id;
    record->debit_id = debit->id;
    record->credit_id = credit->id;
    record->amount_minor = amount_minor;
    record->effective_day = credit->date_day;
    tell(book, TABLE_allocation, id, &record->base);
    book->allocations++;
}

// Every second one is settled after twenty days, half of these in two parts.
static void add_invoice(struct book *book, uint64_t n)
{
    const int32_t day = FIRST_DAY + (int32_t)(n * DAYS / book->invoices);
    const uint64_t id = n * 8 + 1, customer = n * 7919 % CUSTOMERS + 1;
    ItemRecord *debit = add_item(book, id, customer, day, true);
    if (n % 2 == 0) {
        debit->open_minor = debit->amount_minor;
        return;
    }
    ItemRecord *credit = add_item(book, id + 1, customer, day + 20, false);
    credit->amount_minor = debit->amount_minor;
    const int64_t part = n % 4 == 1 ? debit->amount_minor / 2 : debit->amount_minor;
    add_allocation(book, id + 2, debit, credit, part);
    if (part < debit->amount_minor) {
        add_allocation(book, id + 3, debit, credit, debit->amount_minor - part);
    }
}

static void build(struct book *book)
{
    for (uint64_t i = 1; i <= CUSTOMERS; i++) {
        add_customer(book, i);
        if (i % BATCH == 0) {
            flush(book);
        }
    }
    for (uint64_t n = 0; n < book->invoices; n++) {
        add_invoice(book, n);
        if ((n + 1) % BATCH == 0 || n + 1 == book->invoices) {
            flush(book);
        }
    }
}

// ---- entries ----

static void add_account(struct book *book, uint32_t code)
{
    AccountRecord *record = record_make(book, sizeof *record);
    account_record__init(record);
    record->code = code;
    record->cash = code < FIRST_CODE + 2;
    tell(book, TABLE_account, code, &record->base);
}

// Two lines on two accounts, of a customer; every account has every day before long, so that the
// day totals are as large as they get.
static void add_entry(struct book *book, uint64_t n)
{
    EntryRecord *record = record_make(book, sizeof *record);
    PostingLine *line = record_make(book, 2 * sizeof *line);
    PostingLine **list = record_make(book, 2 * sizeof *list);
    entry_record__init(record);
    record->id = (book->invoices + n) * 8 + 1;
    record->year = 2026;
    record->sequence = (uint32_t)n + 1;
    record->date_day = FIRST_DAY + (int32_t)(n * ENTRY_DAYS / book->entries);
    record->line = list;
    record->n_line = 2;
    for (uint32_t i = 0; i < 2; i++) {
        posting_line__init(&line[i]);
        line[i].account = FIRST_CODE + (uint32_t)(n * 7 + i * (n % (ACCOUNTS - 1) + 1)) % ACCOUNTS;
        line[i].customer_id = n * 7919 % CUSTOMERS + 1;
        list[i] = &line[i];
    }
    line[0].debit_minor = 100 + (int64_t)(n % 9973);
    line[1].credit_minor = line[0].debit_minor;
    tell(book, TABLE_entry, record->id, &record->base);
}

static void build_entries(struct book *book)
{
    flush(book); // the rounds before have emptied the arena
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        add_account(book, FIRST_CODE + i);
    }
    for (uint64_t n = 0; n < book->entries; n++) {
        add_entry(book, n);
        if ((n + 1) % BATCH == 0 || n + 1 == book->entries) {
            flush(book);
        }
    }
}

// What a statement asks of the views, for one period.
typedef void statement_function(struct book *book, int32_t from_day, int32_t to_day);

static void ask_accounts(struct book *book, int32_t from_day, int32_t to_day)
{
    int64_t sum = 0;
    for (uint32_t code = FIRST_CODE; code < FIRST_CODE + ACCOUNTS; code++) {
        struct account_sum all = views_account(book->views, code, from_day, to_day);
        struct account_sum closing = views_account_closing(book->views, code, from_day, to_day);
        sum += all.debit_minor - all.credit_minor - closing.debit_minor + closing.credit_minor;
    }
    assert(sum == 0);
}

static void ask_cash(struct book *book, int32_t from_day, int32_t to_day)
{
    struct cash_row *row = NULL;
    size_t count = 0;
    must(views_cash(book->views, from_day, to_day, book->batch, &row, &count), "cash");
    assert(count > 0);
}

static void ask_customers(struct book *book, int32_t from_day, int32_t to_day)
{
    const uint32_t control[] = {FIRST_CODE + 4, FIRST_CODE + 10};
    struct reclassified out[2];
    (void)from_day;
    must(views_reclassified(book->views, control, 2, to_day, out), "customers");
    assert(out[0].debit_minor > 0);
}

static void ask_ledger(struct book *book, int32_t from_day, int32_t to_day)
{
    const struct ledger_query query = {
        .account = FIRST_CODE, .from_day = from_day, .to_day = to_day};
    struct ledger_page page;
    must(views_ledger(book->views, NULL, &query, 0, 100, book->batch, &page), "ledger");
    assert(page.count > 0);
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void age(struct book *book, const char *name, int32_t day, int32_t step, const char *goal)
{
    int64_t took[ROUNDS];
    for (int32_t i = 0; i < ROUNDS; i++) {
        const struct aging_query query = {.day = day + i * step, .order = AGING_BY_NUMBER};
        struct aging_matches matches;
        const int64_t begun = clock_us();
        views_lock_read(book->views);
        must(views_aging(book->views, NULL, &query, 0, 100, book->batch, &matches), "aging");
        views_unlock_read(book->views);
        took[i] = clock_us() - begun;
        assert(matches.total_count > 0);
        arena_reset(book->batch);
    }
    qsort(took, ROUNDS, sizeof *took, by_size);
    rows_figure(name, (double)took[ROUNDS / 2] / 1000, "ms", goal);
}

// Of the last year of ten, and of all of them.
static void state(struct book *book, const char *name, statement_function *ask, const char *goal)
{
    int64_t took[ROUNDS];
    for (int32_t i = 0; i < ROUNDS; i++) {
        const int32_t to_day = FIRST_DAY + ENTRY_DAYS - 1 - i;
        const int64_t begun = clock_us();
        views_lock_read(book->views);
        ask(book, i % 2 == 0 ? to_day - 364 : DAY_MIN, to_day);
        views_unlock_read(book->views);
        took[i] = clock_us() - begun;
        arena_reset(book->batch);
    }
    qsort(took, ROUNDS, sizeof *took, by_size);
    rows_figure(name, (double)took[ROUNDS / 2] / 1000, "ms", goal);
}

static void open_book(struct book *book, const char *place)
{
    char dir[512], key_file[512];
    (void)snprintf(dir, sizeof dir, "%s/views", place);
    (void)snprintf(key_file, sizeof key_file, "%s/views.key", place);
    const struct store_options options = {.dir = dir, .key_file = key_file};
    must(keys_start(), "start");
    must(store_create(&options), "create");
    must(store_open(&options, &book->store), "open");
    must(views_make(book->store, &book->views), "views");
    book->own = arena_make(BATCH_BYTES);
    book->batch = arena_make(BATCH_BYTES);
    must(txn_begin(book->store, TXN_READ, book->own, &book->txn), "begin");
    txn_call_begin(book->txn, book->batch, NULL);
    flush(book);
}

int main(int count, char **words)
{
    if (count < 2) {
        (void)fprintf(stderr, "usage: bench-views PLACE [INVOICES [ENTRIES]]\n");
        return 2;
    }
    struct book book = {
        .invoices = count > 2 ? strtoul(words[2], NULL, 10) : 2000000,
        .entries = count > 3 ? strtoul(words[3], NULL, 10) : 10000000,
    };
    open_book(&book, words[1]);
    build(&book);
    rows_figure("invoices, every second one open", (double)book.invoices, "", NULL);
    rows_figure("allocations", (double)book.allocations, "", NULL);
    age(&book, "aging as of today, first page", FIRST_DAY + 2 * DAYS, 0, "goal <= 30");
    age(&book, "aging as of a past date, first page", FIRST_DAY + 50, 20, "goal <= 300");
    build_entries(&book);
    rows_figure("entries", (double)book.entries, "", NULL);
    state(&book, "profit and loss of a period", ask_accounts, "goal <= 100");
    state(&book, "cash flow of a period", ask_cash, NULL);
    state(&book, "customers' balances for a balance sheet", ask_customers, NULL);
    state(&book, "general ledger of an account, first page", ask_ledger, NULL);
    rows_print("/dev/null");
    txn_abort(book.txn);
    views_free(book.views);
    store_close(book.store);
    arena_free(book.batch);
    arena_free(book.own);
    return 0;
}
