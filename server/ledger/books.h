// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a writing call of the ledger holds open: the book, its chart, and the rows that several
// steps of the call change (counters, accounts, balances, items). They are read once, changed in
// memory and put once by books_close, so that a call touches each of them one time. Trap: a command
// that returns without books_close has changed nothing of these.

#include "server/ledger/call.h"
#include "server/store/rows.h"
#include "shared/ident.h"

#define BOOK_KEY 1 // of the only row of table book

enum account_role {
    ACCOUNT_NONE,

#define ACCOUNT(role, number, kind, flag, small, small_name, enterprise, enterprise_name, \
                international, name)                                                      \
    ACCOUNT_##role = (number),
#include "server/ledger/charts.def"
#undef ACCOUNT
    ACCOUNT_ROLE_LIMIT
};

enum side { SIDE_DEBIT, SIDE_CREDIT };

#define CHART_COUNT 3

struct chart;
struct counted;
struct account;
struct balance;
struct item;
struct month;
struct posting_day;
struct turnover;

// The rows of an import that did not go in, collected instead of refusing the call.
struct row_problems {
    uint32_t row; // the row at hand
    Problem **list;
    size_t count;
    size_t limit;
};

struct books {
    struct txn *txn;
    struct call *call;
    struct arena *arena;
    BookRecord *record;
    const struct chart *chart;
    struct row_problems *rows; // NULL outside of an import
    enum status
        refused; // the first refusal of books_refuse, as against a failure of the environment
    struct counted *counted; // the working set; see numbering.c, posting.c, item.c, period.c
    struct account *accounts;
    struct balance *balances;
    struct item *items;
    struct month *months;
    struct turnover *turnovers;
    struct posting_day *days; // that the guard was asked for
    int64_t exchanged_minor;  // that the call realised by other rates: gain positive (disparity.h)
};

// "cn-small", "cn-enterprise", "international"; NULL when unknown.
const struct chart *chart_by_word(const char *word);
size_t chart_number(const struct chart *chart); // below CHART_COUNT
uint32_t chart_code(const struct chart *chart, enum account_role role);
// Corrections are red entries: same side, negative amount (domain.md d.12). Otherwise the sides are
// swapped.
bool chart_is_red(const struct chart *chart);
// One of the charts of Chinese law, whose rules then hold by default.
bool chart_is_chinese(const struct chart *chart);

MUST_CHECK enum status books_open(struct txn *txn, struct call *call, struct books *out);
// Puts what the call changed. Nothing of it can be refused.
MUST_CHECK enum status books_close(struct books *books);

// Refuses the call, or inside an import the row at hand. `field` may be NULL; `asked` and `allowed`
// are plain values or NULL, never personal text. Refusals that belong together are collected by
// calling it again; returns the first one's status.
MUST_CHECK enum status books_refuse(struct books *books, enum status status, const char *field,
                                    const char *asked, const char *allowed);

// The same with a command that goes on from there, as it is typed.
MUST_CHECK enum status books_refuse_hint(struct books *books, enum status status, const char *field,
                                         const char *asked, const char *allowed, const char *hint);

// The code of a currency as records keep it: "" is the book's.
const char *books_code(const struct books *books, const char *currency);
// An amount as a plain value for a problem.
const char *books_money(struct books *books, int64_t minor);
const char *books_day(struct books *books, int32_t day);
uint32_t books_year(int32_t day);

// Loads for a command: what is missing or out of scope is refused NOT_FOUND with `field`.
MUST_CHECK enum status books_customer(struct books *books, uint64_t id, const char *field,
                                      CustomerRecord **out);
// Whose personal data were not erased.
MUST_CHECK enum status books_known_customer(struct books *books, uint64_t id, const char *field,
                                            CustomerRecord **out);
// Nor archived: may be changed, and may pay.
MUST_CHECK enum status books_active_customer(struct books *books, uint64_t id, const char *field,
                                             CustomerRecord **out);
// And whose data do not rest: may get new documents.
MUST_CHECK enum status books_served_customer(struct books *books, uint64_t id, const char *field,
                                             CustomerRecord **out);

// The book keeps one currency: absent or its own, else CURRENCY_OTHER.
MUST_CHECK enum status books_currency(struct books *books, const char *currency);

// The row of the table whose text at `name_at` is that name: two that differ in case or width only
// are one to the eye. NULL: none.
MUST_CHECK enum status books_same_name(struct books *books, enum table table, size_t name_at,
                                       const char *name, ProtobufCMessage **out);

// Is the hash taken? `id` gets its object, 0 when it is free.
MUST_CHECK enum status books_unique(struct books *books, ProtobufCBinaryData hash, uint64_t *id);
// Refuses with `status` because object `taken` has the value; when the caller may not see that
// object, with NEEDS_REVIEW, which says neither what it is nor that it is the same.
MUST_CHECK enum status books_refuse_taken(struct books *books, uint64_t taken, enum status status,
                                          const char *field, const char *asked);
MUST_CHECK enum status books_keep_unique(struct books *books, ProtobufCBinaryData hash,
                                         uint64_t id);
// The hash of field `number`; NULL when the request carries none.
const UniqueHash *books_hash_of(UniqueHash *const *list, size_t count, uint32_t number);
