// SPDX-License-Identifier: Apache-2.0
#pragma once

// What lists, searches and reports read: state in memory that is a pure function of the rows. Built
// at start, kept current by each committed batch, never read by a decision of the ledger. A test
// drops and rebuilds them and compares.
//
// One reader-writer lock: a reader holds it while it begins its LMDB transaction, so that rows and
// views show the same journal number, and as long as it walks the columns. Every function that
// yields rows takes the filter of the call and passes over what is out of scope: lists, counts,
// sums, orderings and searches alike.

#include "server/store/store.h"
#include "shared/arena.h"
#include "shared/ident.h"

struct views;

MUST_CHECK enum status views_make(struct store *store, struct views **out); // empty
void views_free(struct views *views);
MUST_CHECK enum status views_build(struct views *views,
                                   struct txn *txn); // from all rows, from nothing
// The batch's changes; called by the queue on the writer thread after the durable commit. `txn`
// sees the committed rows (the vaults are read from it). Both take the lock for writing themselves;
// a failure leaves them unusable: the process ends.
MUST_CHECK enum status views_apply(struct views *views, struct txn *txn,
                                   const struct change *change, size_t count);
// A digest over everything they hold, for the rebuild-and-compare test.
void views_digest(const struct views *views, uint8_t out[static 32]);

void views_lock_read(struct views *views);
void views_unlock_read(struct views *views);
uint64_t views_number(const struct views *views); // journal number they show

// ---- customers ----

// Where a customer stands: a list shows one shelf.
enum customer_shelf { SHELF_ACTIVE, SHELF_ARCHIVED, SHELF_RESTRICTED, SHELF_ERASED };

struct view_customer {
    uint64_t id;
    uint32_t sequence;
    uint64_t owner_id;
    enum customer_shelf shelf;
    int64_t open_minor;        // debit items
    int64_t on_account_minor;  // credit items
    uint32_t open_count;       // debit items
    int32_t oldest_due_day;    // of the open debit items; 0: none is open
    int32_t last_activity_day; // of its latest document; 0: none
    int32_t last_payment_day;  // 0: none
};

enum customer_order {
    CUSTOMER_BY_NUMBER,
    CUSTOMER_BY_NAME,
    CUSTOMER_BY_OPEN,
    CUSTOMER_BY_OVERDUE,
    CUSTOMER_BY_ACTIVITY
};

// Searched are number, name, company, reference, region, class, industry, tags, phones, e-mail,
// contact and tax id, each only by a viewer who sees its class in full; phones and e-mail, which
// are veiled, as a whole or by what their masks show. Orders by name follow the folded text;
// persons' names that the viewer sees masked stand last.
struct customer_query {
    const char *words[QUERY_TERMS_MAX]; // folded; all must occur in the search text
    size_t word_count;
    uint64_t owner_id; // 0: any
    enum customer_shelf shelf;
    bool any_state; // all shelves
    bool open_only;
    bool overdue_only;
    const char *tag, *class, *region; // folded, whole; NULL: any
    uint64_t customer_id;             // 0: any
    enum customer_order order;
    bool descending;
    int32_t today;
};

struct customer_match {
    uint64_t id;
    int64_t open_minor;
    int64_t overdue_minor;
    int32_t oldest_due_day;
    int32_t last_activity_day;
};

struct customer_matches {
    struct customer_match *row; // of the page
    size_t count;
    uint64_t total_count; // of all matches
    int64_t open_minor, overdue_minor;
    bool more;
};

// `skip` rows in, at most `limit`. In the arena.
MUST_CHECK enum status views_customers(const struct views *views, const struct filter *filter,
                                       const struct customer_query *query, uint64_t skip,
                                       size_t limit, struct arena *arena,
                                       struct customer_matches *out);
bool views_customer(const struct views *views, const struct filter *filter, uint64_t id,
                    struct view_customer *out);

// ---- documents by human number; 0 when there is none that may be seen ----

uint64_t views_by_number(const struct views *views, const struct filter *filter, enum series series,
                         uint32_t year, uint32_t sequence);
// By exact folded reference (customer, invoice, payment, entry), whole name (customer), login
// (user) or device name; up to `max` ids.
size_t views_by_text(const struct views *views, const struct filter *filter, enum table table,
                     const char *folded, struct arena *arena, uint64_t *ids, size_t max);

// ---- who somebody may be already ----

enum likely_by { LIKELY_REFERENCE = 1, LIKELY_NAME, LIKELY_TAX_ID, LIKELY_PHONE };

struct view_likeness {
    size_t who; // the caller's number of somebody
    enum likely_by by;
    const char *folded;
};

struct view_likely {
    size_t who;
    enum likely_by by;
    uint64_t id; // the customer
};

// Customers that have one of these whole texts, at most `limit`, in order of the customers. Orders
// `asked`. In the arena.
MUST_CHECK enum status views_likely(const struct views *views, const struct filter *filter,
                                    struct view_likeness *asked, size_t count, size_t limit,
                                    struct arena *arena, struct view_likely **out, size_t *found);

// A document of invoice, payment or entry by its id.
struct view_document {
    uint64_t customer_id; // 0: none, or several (entries)
    enum series series;
    uint32_t year, sequence;
    int32_t date_day;
    int64_t amount_minor; // gross, amount, total of the debits
    int64_t open_minor;   // invoices: what is open; payments: what is on account
    int32_t due_day;      // earliest of what is open; 0: nothing is
    int32_t grace_day;    // of the same item: overdue behind it
};

bool views_document(const struct views *views, const struct filter *filter, enum table table,
                    uint64_t id, struct view_document *out);

// ---- documents in order of day and entry: invoices, payments, entries ----

struct document_query {
    enum table table; // TABLE_invoice, TABLE_payment, TABLE_entry or TABLE_clearing
    enum series from_series, to_series; // 0: any
    uint64_t customer_id;               // 0: any
    int32_t from_day, to_day;           // 0: open
    uint32_t state;                     // 0: any
    bool open_only;
    int32_t overdue_day;                // invoices with something open that was due before; 0: any
    uint32_t account;                   // entries: 0: any
    const char *words[QUERY_TERMS_MAX]; // folded; in the document's reference or text, or in the
                                        // customer's search text
    size_t word_count;
    bool ascending; // default newest first
};

struct document_matches {
    uint64_t *id;
    size_t count;
    uint64_t total_count;
    int64_t amount_minor, open_minor;
    int64_t reversed_minor; // of payments and the like that were taken back: not in amount_minor,
                            // unless they were asked for
    bool more;
};

MUST_CHECK enum status views_documents(const struct views *views, const struct filter *filter,
                                       const struct document_query *query, uint64_t skip,
                                       size_t limit, struct arena *arena,
                                       struct document_matches *out);

// ---- money as of a day ----

#define AGING_BUCKETS 7 // not due, 1-30, 31-60, 61-90, 91-180, 181-365, 366 and more
size_t aging_bucket(int32_t age_days);
#define AGING_YEARS 6 // by anniversaries: up to one, two, three, four, five years, and more
size_t aging_year(int32_t document_day, int32_t day);

struct aging_row {
    uint64_t customer_id;                // 0: a total
    uint32_t sequence;                   // of the customer
    int64_t bucket_minor[AGING_BUCKETS]; // open debit items
    uint32_t bucket_count[AGING_BUCKETS];
    int64_t year_minor[AGING_YEARS]; // instead of them by the document's day
    uint32_t year_count[AGING_YEARS];
    int64_t on_account_minor; // open credit items
    uint32_t on_account_count;
    int64_t overdue_minor; // of the debit items, behind their days of grace
    int64_t disputed_minor;
    uint32_t disputed_count;
};

enum aging_order { AGING_BY_NUMBER, AGING_BY_NAME, AGING_BY_OPEN, AGING_BY_BALANCE };

// Which items are asked for: all, at their worth in the book's currency; or those in one currency
// alone, in that: the book's, or another by its letters (money_letters).
enum view_currency { VIEW_EVERYTHING = 0, VIEW_BOOK = 1 };

struct aging_query {
    int32_t day;
    uint32_t currency;    // of one customer: enum view_currency, or letters
    bool by_document_day; // years from the document day instead of days from the due day
    uint64_t customer_id; // 0: all that may be seen
    uint64_t before_id;   // of one customer: only rows below this id count; 0: all
    enum aging_order order;
    bool descending;
};

struct aging_matches {
    struct aging_row *row; // of the page: customers with something open as of the day
    size_t count;
    uint64_t total_count; // of all such customers
    bool more;
    struct aging_row total;
    uint32_t customers; // with an open debit item
};

// `skip` rows in, at most `limit` (0: totals only). An empty answer for a customer that may not be
// seen.
MUST_CHECK enum status views_aging(const struct views *views, const struct filter *filter,
                                   const struct aging_query *query, uint64_t skip, size_t limit,
                                   struct arena *arena, struct aging_matches *out);

int64_t aging_open(const struct aging_row *row); // sum of the buckets
uint32_t aging_count(const struct aging_row *row);

// Turnovers of an account from day to day, both included (DAY_MIN: from the beginning); from day
// totals.
struct account_sum {
    int64_t debit_minor, credit_minor;
};

struct account_sum views_account(const struct views *views, uint32_t account, int32_t from_day,
                                 int32_t to_day);

// What year ends moved of it: a profit and loss leaves that out.
struct account_sum views_account_closing(const struct views *views, uint32_t account,
                                         int32_t from_day, int32_t to_day);

// Money that came and went, by the account on the other side and the line that was named there
// (CashLine, 0: none); of no account: opening balances.
#define CASH_LINE_OPENING 255

struct cash_row {
    uint32_t account;
    uint32_t line;
    int64_t in_minor, out_minor;
};

MUST_CHECK enum status views_cash(const struct views *views, int32_t from_day, int32_t to_day,
                                  struct arena *arena, struct cash_row **row, size_t *count);

// Tax over some days. Of documents by rate: what was taxed, the tax, and how many they are; of
// costs and of entries that no document made, by the account of a liability: what the account moved
// (credit minus debit), and of costs what they were without it.
enum tax_of { TAX_OF_SALES = 1, TAX_OF_RED, TAX_OF_COSTS, TAX_OF_ENTRIES };

struct tax_row {
    enum tax_of of;
    uint32_t tax_bp; // of documents
    bool exempt;
    uint32_t account; // of costs and entries
    int64_t net_minor, tax_minor;
    int64_t count;
};

MUST_CHECK enum status views_taxes(const struct views *views, int32_t from_day, int32_t to_day,
                                   struct arena *arena, struct tax_row **row, size_t *count);

// The lines of an account in order of day and entry. Who does not see every customer sees the
// lines of those that may be seen, and no others.
struct ledger_line {
    uint64_t entry_id;
    uint32_t ordinal;      // of the line in its entry
    int64_t balance_minor; // debit minus credit, behind it
};

struct ledger_page {
    struct ledger_line *row;
    size_t count;
    uint64_t total_count;
    int64_t opening_minor;             // before the first day
    int64_t debit_minor, credit_minor; // of all lines, not of the page
};

struct ledger_query {
    uint32_t account;
    uint64_t customer_id;     // 0: all
    int32_t from_day, to_day; // both included
};

MUST_CHECK enum status views_ledger(const struct views *views, const struct filter *filter,
                                    const struct ledger_query *query, uint64_t skip, size_t limit,
                                    struct arena *arena, struct ledger_page *out);

// What customers owe and are owed on each of some accounts as of a day: the sums of the debit
// balances and of the credit balances of its customers, each by itself.
struct reclassified {
    int64_t debit_minor, credit_minor;
};

MUST_CHECK enum status views_reclassified(const struct views *views, const uint32_t *account,
                                          size_t count, int32_t day, struct reclassified out[]);

// What each customer contributed (domain.md d.9): sums by customer of accounts that are sorted into
// columns, over the days asked; year ends left out. Lines without a customer are summed by
// themselves, and give what is shared among the customers and get back what the money that they owe
// has cost, so that the whole is the profit and loss.
enum contribution_column {
    CONTRIBUTION_REVENUE,
    CONTRIBUTION_COST, // of sales
    CONTRIBUTION_SELLING,
    CONTRIBUTION_MARKETING,
    CONTRIBUTION_SERVICE,
    CONTRIBUTION_FINANCE,
    CONTRIBUTION_BAD_DEBT,
    CONTRIBUTION_SHARED,
    CONTRIBUTION_CARRYING,
    CONTRIBUTION_OTHER,
    CONTRIBUTION_COLUMNS
};

// What the parts of a shared cost are in proportion to: net revenue, issued documents, one for
// everybody who has a document, or weights that are handed in.
enum share_driver { SHARE_REVENUE, SHARE_DOCUMENTS, SHARE_EQUAL, SHARE_WEIGHTS };

struct share_weight {
    uint64_t customer_id;
    int64_t weight;
};

struct cost_share {
    enum share_driver driver;
    int32_t from_day, to_day; // of the driver
    uint64_t before_id;       // the driver counts rows below it; 0: all
    int64_t minor;            // what is shared; below zero: given back
    const struct share_weight *weight;
    size_t weight_count;
};

// A rate of interest and the days on which it holds.
struct carrying_span {
    int32_t from_day, to_day;
    uint32_t rate_bp;
};

struct contribution_days {
    int32_t from_day, to_day;
    const struct cost_share *share;
    size_t share_count;
    const struct carrying_span *carrying;
    size_t carrying_count;
};

struct contribution_row {
    uint64_t customer_id;                // 0: a total
    int64_t minor[CONTRIBUTION_COLUMNS]; // what it adds to the result
    int64_t before_minor;                // the sum of the days beside
};

struct contribution_query {
    const uint32_t *account; // ascending
    const uint8_t *column;   // of each
    size_t account_count;
    uint32_t receivables;     // account
    uint64_t customer_id;     // 0: all
    const uint64_t *customer; // ascending: only these, and nobody else; NULL: all
    size_t customer_count;
    struct contribution_days days;
    const struct contribution_days *before; // NULL: nothing beside
};

struct contribution_matches {
    struct contribution_row *row; // of the page, the largest sum first
    size_t count;
    uint64_t total_count;
    struct contribution_row unallocated, total; // total: of all customers and what is unallocated
};

MUST_CHECK enum status views_contribution(const struct views *views, const struct filter *filter,
                                          const struct contribution_query *query, uint64_t skip,
                                          size_t limit, struct arena *arena,
                                          struct contribution_matches *out);

// Revenue: net and gross of issued documents by period, in order; or by customer, by what customers
// have in common, or by item, the largest net first. Credit notes count negative.
enum revenue_by {
    REVENUE_MONTHS,   // key: year * 12 + month - 1
    REVENUE_QUARTERS, // year * 4 + quarter - 1
    REVENUE_YEARS,
    REVENUE_CUSTOMERS,
    REVENUE_OWNERS,  // key: the user; 0: none
    REVENUE_REGIONS, // key: a customer of the region
    REVENUE_CLASSES, // key: a customer of the class
    REVENUE_ITEMS,   // key: a document with the item, on line `ordinal`
};

struct revenue_row {
    uint64_t key;
    int64_t net_minor, gross_minor; // net: without what cash rounds
    uint32_t documents;
    uint32_t ordinal;
    int64_t quantity_micro; // of items
};

struct revenue_matches {
    struct revenue_row *row;
    size_t count;
    struct revenue_row total;
};

struct revenue_query {
    enum revenue_by by;
    int32_t from_day, to_day; // 0: open
};

MUST_CHECK enum status views_revenue(const struct views *views, const struct filter *filter,
                                     const struct revenue_query *query, size_t limit,
                                     struct arena *arena, struct revenue_matches *out);

// Credit less debit of some accounts in entries that no document of sale made, nor a year end. 0
// for who does not see every customer.
int64_t views_entered(const struct views *views, const struct filter *filter,
                      const uint32_t *account, size_t count, int32_t from_day, int32_t to_day);

// Payments by method (PaymentMethod) or by month ("year * 12 + month - 1"), less what was taken
// back: on the day of the reversal.
struct payments_row {
    uint64_t key;
    int64_t amount_minor;
    uint32_t payments;
};

struct payments_matches {
    struct payments_row *row; // by key
    size_t count;
    struct payments_row total;
};

MUST_CHECK enum status views_payments(const struct views *views, const struct filter *filter,
                                      bool by_month, int32_t from_day, int32_t to_day,
                                      struct arena *arena, struct payments_matches *out);

// A customer's movements on the control accounts in order of day and entry, for the statement: one
// per document, side and day.
struct movement {
    int32_t day;
    enum table table;
    uint64_t document_id;
    enum series series;
    uint32_t year, sequence;
    int64_t amount_minor; // debit positive
    bool takes_back;      // an item of the same document that came before it
    const char
        *reference; // of the document, "" when it has none; lives as long as the lock is held
    size_t reference_size;
};

struct movement_page {
    struct movement *row;
    size_t count;
    uint64_t total_count;
    int64_t opening_minor;             // what was owed before the first day
    int64_t before_minor;              // what was owed before the first row of the page
    int64_t debit_minor, credit_minor; // sums of all rows, not of the page
};

struct movement_query {
    uint64_t customer_id;
    int32_t from_day, to_day;
    uint64_t before_id; // only rows below this id count; 0: all
    uint32_t currency;  // enum view_currency, or letters
};

// Empty for a customer that may not be seen.
MUST_CHECK enum status views_movements(const struct views *views, const struct filter *filter,
                                       const struct movement_query *query, uint64_t skip,
                                       size_t limit, struct arena *arena,
                                       struct movement_page *out);

// What a customer had open on a day, by due day.
struct open_row {
    bool debit;
    int32_t date_day, due_day;
    int64_t amount_minor, residual_minor;
    enum series series;
    uint32_t year, sequence; // of the document; 0: none
    const char *reference;   // lives as long as the lock is held
    size_t reference_size;
};

struct open_query {
    uint64_t customer_id;
    int32_t day;
    uint64_t before_id; // as above, like the currency
    uint32_t currency;
};

// Empty for a customer that may not be seen.
MUST_CHECK enum status views_open_items(const struct views *views, const struct filter *filter,
                                        const struct open_query *query, struct arena *arena,
                                        struct open_row **row, size_t *count);

// What of it is in which currency, the book's first, the others by their letters: of a customer who
// ever had an item in another one, else nothing.
struct currency_sum {
    uint32_t currency; // VIEW_BOOK or letters
    int64_t open_minor, on_account_minor;
};

MUST_CHECK enum status views_currencies(const struct views *views, const struct filter *filter,
                                        const struct open_query *query, struct arena *arena,
                                        struct currency_sum **row, size_t *count);

// ---- collecting ----

// Debit items that were overdue on a day, the longest first.
struct overdue_query {
    int32_t day;
    uint64_t customer_id; // 0: all
    uint32_t days;        // behind the due day, at least
};

struct overdue_row {
    uint64_t item_id;
    uint64_t customer_id;
    int64_t open_minor; // at the end of the day
};

struct overdue_matches {
    struct overdue_row *row; // of the page
    size_t count;
    uint64_t total_count;
    int64_t open_minor;
    uint32_t customers;
};

MUST_CHECK enum status views_overdue(const struct views *views, const struct filter *filter,
                                     const struct overdue_query *query, uint64_t skip, size_t limit,
                                     struct arena *arena, struct overdue_matches *out);

__extension__ typedef __int128 minor_days; // amounts times days, summed

// What the figures of domain.md d.6 are made of. Receivables are debit residuals less credit notes
// that are not applied; sales are issued documents but debit notes.
struct collection_query {
    int32_t from_day, to_day;
    uint64_t customer_id; // 0: all
};

struct collection_month {
    int32_t from_day, to_day; // not behind the last day asked
    int64_t sales_minor;
};

struct collection_sums {
    int64_t sales_minor;
    int64_t opening_minor, closing_minor;
    int64_t open_minor; // closing debit residuals alone
    int64_t not_due_minor, overdue_minor;
    int64_t top_minor;              // of open_minor, what the ten largest debtors owe
    int64_t settled_minor;          // by money, effective in the days asked
    minor_days to_pay;              // of that, from the document to the receipt
    minor_days late;                // and from the due day
    minor_days late_only;           // that came late
    struct collection_month *month; // the newest first, down to the first document
    size_t months;
};

MUST_CHECK enum status views_collection(const struct views *views, const struct filter *filter,
                                        const struct collection_query *query, struct arena *arena,
                                        struct collection_sums *out);

// What is open on a day by when it is expected: `end` are the last days of periods, ascending; row
// 0 is what was due before the day, the one behind the last period all that comes later.
struct expected_sum {
    int64_t due_minor;
    int64_t likely_minor; // by the days that the customer was late on average in the year before
    uint32_t count;
};

MUST_CHECK enum status views_expected(const struct views *views, const struct filter *filter,
                                      int32_t day, uint64_t customer_id, const int32_t *end,
                                      size_t periods, struct expected_sum out[]);

// ---- what a sum of money could be: open undisputed debit items, and payments that stand ----

struct amounts;

struct view_amount {
    enum table table; // TABLE_invoice or TABLE_payment
    uint64_t document_id;
    uint64_t customer_id;
    int32_t day; // when it was due, or was paid
};

// All of them in order of their amounts, in `arena`: for a reader who asks for many.
MUST_CHECK enum status views_amounts(const struct views *views, const struct filter *filter,
                                     struct arena *arena, struct amounts **out);
// Those of exactly this amount, at most `max`.
size_t views_of_amount(const struct amounts *amounts, int64_t minor, struct view_amount *out,
                       size_t max);

// ---- everything once more, for what a rule would have said ----

struct replay_step {
    uint64_t customer_id;
    int32_t day;
    int64_t amount_minor; // debit positive
    bool is_sale;         // an invoice as a whole
};

typedef void replay_visit(void *context, const struct replay_step *step);

// Customer by customer in the order of ids, each by day; of a day what lowers the debt first,
// then the smaller invoices. Days behind `to_day` are left out (0: none).
MUST_CHECK enum status views_replay(const struct views *views, const struct filter *filter,
                                    int32_t to_day, replay_visit *visit, void *context);

// ---- people ----

bool views_session_of_token(const struct views *views, const uint8_t token_hash[static 32],
                            uint64_t *session_id);
bool views_device_of_key(const struct views *views, const uint8_t key[static KEY_BYTES],
                         uint64_t *device_id);
