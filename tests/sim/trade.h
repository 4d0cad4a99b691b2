// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random business of a firm through the real commands of a real server: each act is one thing that
// somebody at a desk asks for, and may be refused. Traders share what they have made (a trade), so
// that several of them meet at the same documents. The same seed draws the same business.

#include "tests/load/load.h"

#include <pthread.h>

#define TRADE_KEPT_MAX 512
#define TRADE_ACTS_MAX 80

enum kept {
    KEPT_CUSTOMER,
    KEPT_ITEM, // of the catalogue
    KEPT_DRAFT,
    KEPT_INVOICE,
    KEPT_DISPUTED, // invoices, too
    KEPT_NOTE,     // credit notes
    KEPT_PAYMENT,
    KEPT_WRITEOFF,
    KEPT_REFUND,
    KEPT_ENTRY,
    KEPT_DUNNING,
    KEPT_CAMPAIGN,
    KEPT_COST,
    KEPT_COMMON_COST, // of no customer
    KEPT_SHARED_COST,
    KEPT_CHARGE, // debit notes of reminders
    KEPT_PROMISE,
    KEPT_ORDER,
    KEPT_RECURRING,
    KEPT_LINE,    // of the bank, that may wait
    KEPT_MATCHED, // those, too
    KEPT_COUNT,
};

struct thing {
    uint64_t id;
    uint64_t customer_id;
    int64_t amount_minor;
    uint32_t version;
    uint32_t lines;
    const char *currency; // NULL: the book's
};

struct trade {
    pthread_mutex_t lock;

    struct trade_kept {
        struct thing thing[TRADE_KEPT_MAX];
        size_t count; // that were ever made; the last of them are kept
    } kept[KEPT_COUNT];

    size_t span;               // how many of the last ones are drawn from
    int32_t first_day;         // nothing is dated before it
    uint32_t customers, items; // that were ever asked for
    // Accounts of the book's chart.
    uint32_t bank, capital, goods, payables, wages, rent, advertising;
    bool has_allowance;
    // The bank: what it says is said in order.
    pthread_mutex_t bank_lock;
    uint64_t bank_id;
    uint32_t statements;
    int64_t bank_minor;
    int32_t settled_day;
};

struct trader {
    struct load *load;
    struct seat *seat;
    struct trade *trade;
    struct arena *arena;
    uint64_t random;
    int32_t today_day;
    enum status status; // of the last request
    size_t done[TRADE_ACTS_MAX];
    size_t refused[TRADE_ACTS_MAX];
    size_t documents;
};

// One kind of act. `desk` and `race` say how often it is drawn among others: of an ordinary year,
// and of people who get in each other's way.
struct trade_act {
    const char *name;
    void (*run)(struct trader *trader);
    uint32_t desk;
    uint32_t race;
    bool is_document; // what it makes has a number of its own
};

enum trade_mix { TRADE_DESK, TRADE_RACE };

void trade_open(struct trade *trade, const char *chart, int32_t first_day, size_t span);
// Customers, each with terms of his own and what he owed before, a catalogue, a bank account, rates
// of three other currencies, reminders, and tolerance for small differences.
void trade_begin(struct trader *trader, size_t customers);
// Draws an act, asks for it and counts what came of it.
void trade_step(struct trader *trader, enum trade_mix mix);
size_t trade_act_count(void);
const struct trade_act *trade_act_at(size_t index);

// ---- for acts ----

uint32_t trade_draw(struct trader *trader, uint32_t below);
// True once in `times`.
bool trade_once(struct trader *trader, uint32_t times);
// Today, or shortly before; sometimes weeks.
int32_t trade_day(struct trader *trader);
char *trade_reason(struct trader *trader);
void trade_keep(struct trader *trader, enum kept kind, struct thing thing);
// One of the last; all zero when there is none.
struct thing trade_any(struct trader *trader, enum kept kind);
// One of the last `span`, and it is drawn no more.
struct thing trade_take(struct trader *trader, enum kept kind, size_t span);
// The inner reply, or NULL when it was refused; trader->status says why.
ProtobufCMessage *trade_ask(struct trader *trader, const char *name, ProtobufCMessage *inner);

// ---- the acts, by room ----

void trade_customer_add(struct trader *trader);
void trade_customer_edit(struct trader *trader);
void trade_rate_set(struct trader *trader);
// NULL is the book's own, which it mostly is; else the customer's own, or once in `times` another.
const char *trade_currency(struct trader *trader, struct thing customer, uint32_t times);
// The code, for a request: what is in the customer's own and counts like the book's needs no name.
char *trade_code(struct trader *trader, struct thing customer, const char *currency);
// What a bank may make of it.
int64_t trade_worth(struct trader *trader, const char *currency, int64_t minor);
// A few lines of all rates, of the catalogue or not; how many goes to *count.
InvoiceLine **trade_lines(struct trader *trader, size_t *count);
void trade_item_add(struct trader *trader);
void trade_item_edit(struct trader *trader);
void trade_invoice_draft(struct trader *trader);
void trade_draft_issue(struct trader *trader);
void trade_invoice_issue(struct trader *trader);
void trade_invoice_return(struct trader *trader);
void trade_invoice_credit(struct trader *trader);
void trade_invoice_reverse(struct trader *trader);
void trade_invoice_dispute(struct trader *trader);
void trade_invoice_undispute(struct trader *trader);
void trade_invoice_reschedule(struct trader *trader);
void trade_invoice_apply(struct trader *trader);
void trade_invoice_unapply(struct trader *trader);

void trade_payment_exact(struct trader *trader);
void trade_payment_any(struct trader *trader);
void trade_payment_over(struct trader *trader);
void trade_payment_short(struct trader *trader);
void trade_payment_allocate(struct trader *trader);
void trade_payment_unallocate(struct trader *trader);
void trade_payment_reverse(struct trader *trader);
void trade_customer_net(struct trader *trader);

void trade_refund_add(struct trader *trader);
void trade_refund_reverse(struct trader *trader);
void trade_writeoff_add(struct trader *trader);
void trade_writeoff_recover(struct trader *trader);
void trade_writeoff_reverse(struct trader *trader);
void trade_provision_set(struct trader *trader);
void trade_entry_add(struct trader *trader);
void trade_entry_reverse(struct trader *trader);

void trade_dunning_procedure(struct trader *trader);
void trade_dunning_run(struct trader *trader);
void trade_dunning_issue(struct trader *trader);
void trade_dunning_discard(struct trader *trader);
void trade_dunning_waive(struct trader *trader);
void trade_promise_add(struct trader *trader);
void trade_promise_cancel(struct trader *trader);
void trade_campaign_add(struct trader *trader);
void trade_cost_add(struct trader *trader);
void trade_cost_reverse(struct trader *trader);
void trade_cost_share(struct trader *trader);
void trade_cost_unshare(struct trader *trader);

void trade_order_add(struct trader *trader);
void trade_order_edit(struct trader *trader);
void trade_order_confirm(struct trader *trader);
void trade_order_deliver(struct trader *trader);
void trade_order_invoice(struct trader *trader);
void trade_order_cancel(struct trader *trader);
void trade_recurring_add(struct trader *trader);
void trade_recurring_run(struct trader *trader);
void trade_recurring_pause(struct trader *trader);
void trade_recurring_resume(struct trader *trader);
void trade_recurring_end(struct trader *trader);

void trade_bank_add(struct trader *trader);
void trade_bank_statement(struct trader *trader);
void trade_reconcile_take(struct trader *trader);
void trade_reconcile_match(struct trader *trader);
void trade_reconcile_unmatch(struct trader *trader);
void trade_reconcile_ignore(struct trader *trader);
void trade_reconcile_split(struct trader *trader);
void trade_reconcile_finish(struct trader *trader);
// Everything that the bank said up to today is decided and signed off; false when it was refused.
bool trade_bank_settle(struct trader *trader);

void trade_opening_add(struct trader *trader);
void trade_opening_account(struct trader *trader);
void trade_revaluation_run(struct trader *trader);

void trade_period_close(struct trader *trader);
void trade_period_reopen(struct trader *trader);
// The month of a day: "2025-03".
const char *trade_period(struct trader *trader, int32_t day);
// One month; false when it was refused.
bool trade_close(struct trader *trader, const char *period);
bool trade_reopen(struct trader *trader, const char *period);
bool trade_seal(struct trader *trader, const char *period);
// Closes revenue and expense of the year; false when nothing had to be moved.
bool trade_year_end(struct trader *trader, uint32_t year);
void trade_discard(struct trader *trader, struct thing draft);
void trade_discard_drafts(struct trader *trader);
