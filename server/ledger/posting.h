// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entries and balances: the only code that changes an account (domain.md d.12, d.17). An entry is
// begun, gets its lines and is posted; what it needs was loaded before, while the call could still
// be refused: the period guard and the accounts.

#include "server/ledger/books.h"

struct account {
    AccountRecord *record;
    bool changed;
    struct account *next;
};

// What a customer owes by the control accounts.
struct balance {
    uint64_t customer_id;
    BalanceRecord *record;
    bool changed;
    struct balance *next;
};

// What is posted, for periods that are closed for a part of the books only (domain.md d.12).
// Several are joined by |. What belongs to none of them is stopped only where everything is.
enum posting_scope {
    POSTING_GENERAL = 0, // journal entries, and what settles items
    POSTING_SALES = 1,   // documents: invoices, credit notes, orders, charges
    POSTING_CASH = 2,    // money in hand or bank
    POSTING_TAX = 4,     // the tax account
    POSTING_ANY = 7,
};

// The one guard of every writing command: may this day be posted to? Not when it lies ahead, and
// not in a month that is closed. Asked for each day that a call dates anything on, among its
// refusals; `scopes` are of enum posting_scope. With the day, every account that the call loads is
// asked whether it takes postings on it.
MUST_CHECK enum status posting_guard(struct books *books, int32_t day, uint32_t scopes,
                                     const char *field);
// The same of what is not posted yet and may lie ahead: drafts, orders, rates from a day on.
MUST_CHECK enum status posting_plan_guard(struct books *books, int32_t day, uint32_t scopes,
                                          const char *field);

// Loads an account: STATUS_NOT_FOUND when the chart has none of that code (not refused);
// AMOUNT_OVERFLOW is refused.
MUST_CHECK enum status posting_account(struct books *books, uint32_t code, struct account **out);
MUST_CHECK enum status posting_load(struct books *books, enum account_role role);
MUST_CHECK enum status posting_balance(struct books *books, uint64_t customer_id,
                                       struct balance **out);
// A document of this customer and day: how long it is kept counts from the days of all of them.
MUST_CHECK enum status posting_span(struct books *books, uint64_t customer_id, int32_t day);
// Receivables less money on account.
int64_t posting_owed(const struct balance *balance);

// A new entry with room for `line_max` lines. NULL when the arena is exhausted.
EntryRecord *posting_begin(struct books *books, EntryKind kind, int32_t day, size_t line_max);
// What an entry posts to, by its accounts, which are loaded.
uint32_t posting_scopes(const struct books *books, const EntryRecord *entry);
// Adds a line; 0 adds none. A negative amount is a correction and takes the chart's style (red, or
// the other side).
MUST_CHECK enum status posting_line(struct books *books, EntryRecord *entry, uint32_t code,
                                    enum side side, int64_t minor, uint64_t customer_id);
MUST_CHECK enum status posting_role(struct books *books, EntryRecord *entry, enum account_role role,
                                    enum side side, int64_t minor, uint64_t customer_id);
// Numbers and writes the entry and moves the accounts. It balances, or this is a bug.
MUST_CHECK enum status posting_post(struct books *books, EntryRecord *entry);
// Loads what the reversal of `entry` touches, while the call can still be refused.
MUST_CHECK enum status posting_load_entry(struct books *books, const EntryRecord *entry);
// Posts the reversal of `entry` and links both.
MUST_CHECK enum status posting_reverse(struct books *books, EntryRecord *entry, int32_t day,
                                       const char *text, EntryRecord **out);

MUST_CHECK enum status posting_write(struct books *books);
