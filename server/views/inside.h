// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the files of views share: the columns and who fills them. Nobody outside of server/views
// includes this.
//
// Indexes are positions in id order. Ids ascend with the journal and rows of these tables are never
// deleted (sessions apart), so a new row goes behind the last one and an index is a name for ever.

#include "server/views/corpus.h"
#include "server/views/order.h"
#include "server/views/views.h"
#include "shared/day.h"

#include <pthread.h>

// Searchable texts of a customer: one per class, and one of what is veiled (fields.def), which is
// compared as a whole or by what its mask shows. Who could look for parts of it would find it out
// digit by digit, and leave no trace.
#define CLASS_PARTS 3
#define PART_VEILED CLASS_PARTS
#define PARTS       (CLASS_PARTS + 1)
static_assert(CLASS_FINANCE == CLASS_PARTS - 1, "a part per class that can be searched");

// Lists of columns: COLUMN(type, name).
#define CUSTOMER_COLUMNS(COLUMN)                                                       \
    COLUMN(uint64_t, id)                                                               \
    COLUMN(uint32_t, sequence)                                                         \
    COLUMN(uint32_t, owner)  /* index of the user, NONE */                             \
    COLUMN(uint64_t, region) /* region_key() */                                        \
    COLUMN(uint8_t, flags)                                                             \
    COLUMN(int64_t, open)        /* debit items */                                     \
    COLUMN(int64_t, on_account)  /* credit items */                                    \
    COLUMN(int64_t, overdue)     /* debit items, as of views.overdue_day */            \
    COLUMN(uint32_t, open_count) /* debit items */                                     \
    COLUMN(int32_t, activity_day)                                                      \
    COLUMN(uint32_t, first_open) /* head of the chain of open items, NONE */           \
    COLUMN(uint32_t, last_item)  /* heads of the chains of everything, newest first */ \
    COLUMN(uint32_t, last_allocation)                                                  \
    COLUMN(uint32_t, last_payment)

enum customer_flag {
    CUSTOMER_ARCHIVED = 1,
    CUSTOMER_PERSON = 2,
    CUSTOMER_RESTRICTED = 4,
    CUSTOMER_ERASED = 8
};

#define ITEM_COLUMNS(COLUMN)                                                \
    COLUMN(uint64_t, id)                                                    \
    COLUMN(int64_t, amount)                                                 \
    COLUMN(int64_t, open)                                                   \
    COLUMN(int32_t, date_day)                                               \
    COLUMN(int32_t, due_day)                                                \
    COLUMN(int32_t, grace_day)  /* overdue behind it */                     \
    COLUMN(int32_t, origin_day) /* dated so before rescheduling */          \
    COLUMN(uint32_t, customer)                                              \
    COLUMN(uint32_t, document) /* index in the table of its series, NONE */ \
    COLUMN(uint8_t, flags)                                                  \
    COLUMN(uint8_t, series)                                                 \
    COLUMN(uint32_t, older)     /* item of the same customer */             \
    COLUMN(uint32_t, sibling)   /* older item of the same document */       \
    COLUMN(uint32_t, next_open) /* open items of the customer */            \
    COLUMN(uint32_t, last_open)                                             \
    COLUMN(uint32_t, dispute) /* its last one, NONE */                      \
    COLUMN(uint32_t, foreign) /* NONE: it is in the book's currency */

// ITEM_RESCHEDULED: other due days for what was owed already; on the account nothing moved.
enum item_flag { ITEM_DEBIT = 1, ITEM_DISPUTED = 2, ITEM_RESCHEDULED = 4 };

#define ALLOCATION_COLUMNS(COLUMN)                               \
    COLUMN(uint64_t, id)                                         \
    COLUMN(int64_t, amount) /* signed: a reversal is negative */ \
    COLUMN(int32_t, effective_day)                               \
    COLUMN(uint32_t, debit)                                      \
    COLUMN(uint32_t, credit)                                     \
    COLUMN(uint32_t, older)   /* of the same customer */         \
    COLUMN(uint32_t, foreign) /* NONE: of items in the book's currency */

#define DOCUMENT_COLUMNS(COLUMN)                                                      \
    COLUMN(uint64_t, id)                                                              \
    COLUMN(int64_t, amount) /* gross, amount, total of the debits */                  \
    COLUMN(int64_t, net)    /* invoices: without what cash rounds */                  \
    COLUMN(int64_t, open)   /* debit items positive, credit items negative */         \
    COLUMN(int32_t, date_day)                                                         \
    COLUMN(uint32_t, customer) /* NONE; SEVERAL */                                    \
    COLUMN(uint32_t, year)                                                            \
    COLUMN(uint32_t, sequence)                                                        \
    COLUMN(uint8_t, series)                                                           \
    COLUMN(uint8_t, state)                                                            \
    COLUMN(uint8_t, kind)         /* entries: of a reversal that of what it undoes */ \
                                  /* invoices: OPENING also of its reversal */        \
                                  /* payments: the method; 0: it was brought in */    \
    COLUMN(uint32_t, last_item)   /* chain of its items */                            \
    COLUMN(uint32_t, older)       /* payments: of the same customer */                \
    COLUMN(int32_t, reversed_day) /* payments: 0 while it stands */                   \
    COLUMN(uint32_t, first_line)  /* entries: into entry_lines */

#define SEVERAL (NONE - 1) // an entry with lines of more than one customer

#define COLUMN_MEMBER(type, name) type *name;

struct customers {
    size_t count, capacity;
    CUSTOMER_COLUMNS(COLUMN_MEMBER)
    int64_t active, active_open, active_overdue; // how many are on the shelf ACTIVE, and their sums
    struct corpus part[PARTS];
    struct order by_name;
};

// Few items are ever in dispute: days and numbers in the journal lie aside.
struct dispute {
    int32_t from_day, until_day; // until_day 0: it lasts
    uint64_t from_number, until_number;
    uint32_t older; // of the same item
};

struct disputes {
    struct dispute *dispute;
    size_t count, capacity;
};

// Items and allocations in other currencies are few: what they are in those lies aside.
struct foreign {
    uint32_t currency; // money_letters()
    int64_t amount_minor;
};

struct foreigns {
    struct foreign *foreign;
    size_t count, capacity;
};

struct items {
    size_t count, capacity;
    ITEM_COLUMNS(COLUMN_MEMBER)
    struct disputes disputes;
    struct foreigns foreigns;
};

struct allocations {
    size_t count, capacity;
    ALLOCATION_COLUMNS(COLUMN_MEMBER)
    struct foreigns foreigns;
};

// The documents of one series and year by their gapless number: at[sequence - 1], NONE.
struct numbers {
    enum series series;
    uint32_t year;
    uint32_t *at;
    size_t count, capacity;
};

struct documents {
    size_t count, capacity;
    DOCUMENT_COLUMNS(COLUMN_MEMBER)
    struct order by_day;
    struct corpus text;
    struct numbers *numbers;
    size_t numbers_count;
    // Count and sums of all but discarded drafts; what was taken back has a sum of its own.
    int64_t live, live_amount, live_reversed, live_open;
};

// The lines of all entries, in order.
#define ACCOUNT_MASK 0xfffffffu
#define COST_MASK    7u

struct entry_line {
    uint32_t account : 28; // code
    uint32_t cost : 3;     // CostKind of a line of a cost, 0
    uint32_t is_credit : 1;
    uint32_t customer; // index, NONE
    int64_t minor;     // debit minus credit
};

struct entry_lines {
    struct entry_line *line;
    size_t count, capacity;
};

struct day_sum {
    int32_t day;
    int64_t debit_minor, credit_minor;
};

struct day_series {
    uint64_t key;
    struct day_sum *days; // ascending
    size_t count, capacity;
};

struct day_sums {
    struct day_series *series; // by key
    size_t count, capacity;
};

struct charted {
    uint32_t code;
    bool cash;
    bool owed; // a liability: tax may stand on it
};

struct accounts {
    struct day_sums all;     // by code
    struct day_sums closing; // by code: what year ends moved
    struct day_sums cash;    // by (code of the other side, line named there): money in, money out
    struct day_sums tax;     // by key of taxes.c: what was taxed, and the tax
    struct charted *chart;   // by code
    size_t chart_count, chart_capacity;
};

// What documents say of tax, and what other entries moved on accounts that it may stand on.
MUST_CHECK enum status taxes_document(struct views *views, const InvoiceRecord *record);
MUST_CHECK enum status taxes_entry(struct views *views, const EntryRecord *record);
bool accounts_owed(const struct accounts *accounts, uint32_t code);

#define CASH_LINE_BITS  8
#define CASH_BROUGHT_IN CASH_LINE_OPENING // the key of opening balances: of no account

// The lines of issued documents, by what was sold. What is called the same is one item; it is named
// by the line of the lowest document.
struct sold_line {
    uint32_t invoice; // index
    uint32_t item;
    int64_t net_minor;
    int64_t gross_minor;
    int64_t quantity_micro;
};

struct sold_item {
    uint64_t key; // of the item's number, or of the folded text
    uint32_t invoice;
    uint32_t ordinal;
};

struct sales {
    struct sold_line *line;
    size_t count, capacity;
    struct sold_item *item;
    size_t item_count, item_capacity;
    uint32_t *by_key; // indexes of items
    size_t key_capacity;
};

struct person {
    uint64_t id;
    uint32_t team;   // index of the first user of the same team; NONE: no team
    char *login;     // folded
    char *team_name; // as written
};

struct device {
    uint64_t id;
    bool active;
    uint8_t key[KEY_BYTES];
    char *name; // folded
};

struct session {
    uint64_t id;
    uint8_t token_hash[32];
};

struct people {
    struct person *user;
    size_t user_count, user_capacity;
    struct device *device;
    size_t device_count, device_capacity;
    struct session *session; // that have not ended
    size_t session_count, session_capacity;
};

struct views {
    struct store *store;
    pthread_rwlock_t lock;
    uint64_t number;
    int32_t overdue_day; // what the customers' overdue column means
    int32_t
        latest_day; // of all items and allocations: from it on, what is open now is what is open
    struct people people;
    struct customers customers;
    struct items items;
    struct allocations allocations;
    struct documents invoices, payments, entries, clearings;
    struct entry_lines lines;
    struct accounts accounts;
    struct sales sales;
};

// ---- who may see what ----

// A filter resolved against the users.
struct sight {
    bool all;
    uint32_t me;     // index, NONE
    uint32_t team;   // NONE
    uint64_t region; // region_key(); 0: none
    const struct people *people;
    const struct customers *customers;
};

// Regions are compared by a hash of their names; 0 is the empty one.
uint64_t region_key(const char *region);
struct sight sight_of(const struct views *views, const struct filter *filter);
bool sight_sees(const struct sight *sight, uint32_t customer);
bool sight_sees_document(const struct sight *sight, const struct views *views,
                         const struct documents *documents, uint32_t index);
bool filter_shows(const struct filter *filter, enum field_class field_class); // in full
enum customer_shelf customer_shelf_of(uint8_t flags);
// Data that rest are found and ordered by nobody but those who guard them.
bool customer_rests(const struct customers *customers, const struct filter *filter, uint32_t index);

// ---- what fills the columns; all under the lock for writing ----

MUST_CHECK enum status people_apply(struct views *views, const struct change *change);
void people_free(struct people *people);
uint32_t people_user(const struct people *people, uint64_t user_id);

// The texts of a customer, opened and folded before the lock is taken.
struct customer_texts {
    const CustomerRecord *record;
    const char *text[PARTS];
    size_t size[PARTS];
};

MUST_CHECK enum status customer_texts(struct txn *txn, const CustomerRecord *record,
                                      struct arena *arena, struct customer_texts *out);
MUST_CHECK enum status customers_apply(struct views *views, const struct customer_texts *texts);
MUST_CHECK enum status customers_settle(struct views *views);
void customers_free(struct customers *customers);
// Owners' bits of those whose texts, as far as the filter shows them, hold all words; NULL when the
// arena is exhausted.
uint64_t *customers_match(const struct views *views, const struct filter *filter,
                          const char *const *words, size_t count, struct arena *arena);

// A page being filled with indexes; in an arena.
struct page_of {
    uint32_t *index;
    size_t count;
    uint64_t skip;
    size_t limit;
};

MUST_CHECK enum status page_make(struct arena *arena, uint64_t skip, size_t limit,
                                 struct page_of *out);
MUST_CHECK enum status customers_page_by_name(const struct views *views,
                                              const struct filter *filter, const uint64_t *bits,
                                              bool descending, struct page_of *page);

MUST_CHECK enum status items_apply(struct views *views, const ItemRecord *record);
MUST_CHECK enum status disputes_apply(struct items *items, uint32_t item, const ItemRecord *record);
// On that day, as the rows below `before_id` say; 0: all rows.
bool item_is_disputed(const struct items *items, uint32_t item, int32_t day, uint64_t before_id);
MUST_CHECK enum status allocations_apply(struct views *views, const AllocationRecord *record);

// Is the item one of those that are asked for (enum view_currency, or letters)? And its amount in
// that.
bool item_in(const struct items *items, uint32_t item, uint32_t currency);
int64_t item_amount(const struct items *items, uint32_t item, uint32_t currency);

// Which items are looked at: on a day, as rows below an id say (0: all rows), in a currency.
struct view_basis {
    int32_t day;
    uint64_t before_id;
    uint32_t currency;
};

// What each of those items of a customer had left, in that currency, by ascending index.
struct residuals {
    uint32_t *item;
    int64_t *minor;
    size_t count;
};

MUST_CHECK enum status residuals_of(const struct views *views, uint32_t customer,
                                    const struct view_basis *basis, struct arena *arena,
                                    struct residuals *out);
// What each item had left at the end of a day: the open column, or an array of its own that the
// caller frees.
MUST_CHECK enum status items_residuals(const struct views *views, int32_t day, const int64_t **out,
                                       int64_t **own);
void money_roll(struct views *views, int32_t day); // makes `day` the overdue_day
void money_free(struct views *views);

MUST_CHECK enum status invoices_apply(struct views *views, const InvoiceRecord *record,
                                      struct arena *arena);
MUST_CHECK enum status payments_apply(struct views *views, const PaymentRecord *record,
                                      struct arena *arena);
MUST_CHECK enum status clearings_apply(struct views *views, const ClearingRecord *record,
                                       struct arena *arena);
MUST_CHECK enum status entries_apply(struct views *views, const EntryRecord *record,
                                     struct arena *arena);
// A payment, write-off or refund that was reversed. An invoice is taken back by a note of its own.
bool documents_is_taken_back(const struct documents *documents, uint32_t index);
// Issued, and no debit note: that charges fees and interest.
bool documents_is_sale(const struct documents *invoices, uint32_t i);
MUST_CHECK enum status documents_settle(struct documents *documents);
void documents_add_open(struct documents *documents, uint32_t index, int64_t delta_minor);
// The document of a number; NONE.
uint32_t documents_numbered(const struct documents *documents, enum series series, uint32_t year,
                            uint32_t sequence);
// As it was written; "" when the document has none.
const char *document_reference(const struct documents *documents, uint32_t document, size_t *size);
void documents_free(struct documents *documents);
struct documents *documents_of_table(struct views *views, enum table table);
const struct documents *documents_of(const struct views *views, enum table table);
// The lines [first_line, end) of an entry.
uint32_t entry_lines_end(const struct views *views, uint32_t entry);
// Places [begin, end) in by_day; a day of 0 is open.
void documents_between(const struct documents *documents, int32_t from_day, int32_t to_day,
                       size_t *begin, size_t *end);
const struct documents *documents_of_series(const struct views *views, enum series series,
                                            enum table *table);

// Sums by key and day.
MUST_CHECK enum status sums_add(struct day_sums *sums, uint64_t key, int32_t day,
                                int64_t debit_minor, int64_t credit_minor);
struct account_sum series_between(const struct day_series *series, int32_t from_day,
                                  int32_t to_day);
struct account_sum sums_between(const struct day_sums *sums, uint64_t key, int32_t from_day,
                                int32_t to_day);
void sums_free(struct day_sums *sums);

MUST_CHECK enum status accounts_chart(struct views *views, const AccountRecord *record);
// The kind of an entry; of a reversal that of what it reverses.
uint32_t entry_kind(const struct views *views, const EntryRecord *record);
MUST_CHECK enum status accounts_post(struct views *views, const EntryRecord *record,
                                     struct arena *arena);
void accounts_free(struct views *views);

// Takes one row into the columns; `texts` only of a customer.
MUST_CHECK enum status views_fill(struct views *views, const struct change *change,
                                  const struct customer_texts *texts, struct arena *arena);
enum table fill_table(
    size_t index); // the tables in the order of filling; TABLE_NONE behind the last
// All rows of all tables, without the final settling. `slice` is the arena of `txn` and is emptied
// as it goes.
MUST_CHECK enum status build_rows(struct views *views, struct txn *txn, struct arena *slice);

// ---- the digest: a sum over logical rows, so that it does not depend on the order of filling ----

struct view_digest;
void digest_row(struct view_digest *digest, const char *kind, const void *row, size_t size);
void digest_people(const struct people *people, struct view_digest *digest);
void digest_customers(const struct customers *customers, struct view_digest *digest);
void digest_money(const struct views *views, struct view_digest *digest);
void digest_disputes(const struct items *items, uint32_t item, struct view_digest *digest);
void digest_documents(const struct documents *documents, const char *kind,
                      struct view_digest *digest);
// Net of a line in the book's currency; of a foreign document only once it has its rate.
int64_t sold_line_net(const InvoiceRecord *record, size_t line);
// The lines of a document that has just been issued.
MUST_CHECK enum status sales_add(struct views *views, const InvoiceRecord *record, uint32_t invoice,
                                 struct arena *arena);
void sales_free(struct views *views);
void digest_sales(const struct views *views, struct view_digest *digest);
void digest_sums(const struct day_sums *sums, const char *kind, struct view_digest *digest);
void digest_accounts(const struct views *views, struct view_digest *digest);
