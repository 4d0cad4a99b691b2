// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reminders of what is overdue (domain.md d.5). A run drafts one for each customer who has
// something to be reminded of; issuing it raises its instalments, and charges fee and interest when
// the procedure says so. An instalment reaches each level once: its own row says which it has.
//
// Nothing else in the ledger asks these rows: what is paid is paid, whatever they say.

#include "server/ledger/item.h"

char *dunning_number(struct arena *arena, const DunningRecord *dunning);
// Missing or out of scope: refused NOT_FOUND.
MUST_CHECK enum status dunning_load(struct books *books, uint64_t id, DunningRecord **out);

// ---- what is known of a customer ----

// A fresh row when he has none.
MUST_CHECK enum status collection_of(struct txn *txn, struct arena *arena, uint64_t customer_id,
                                     CollectionRecord **out);
// Does nobody remind of that invoice on that day? 0: of anything of the customer.
bool collection_blocks(const CollectionRecord *collection, uint64_t invoice_id, int32_t day);

// ---- the procedure ----

struct procedures {
    ProcedureRecord **version; // ascending
    size_t count;
};

MUST_CHECK enum status procedures_read(struct txn *txn, struct arena *arena,
                                       struct procedures *out);
// The version that holds for a class on a day: its own, else the book's. NULL when there is none.
ProcedureRecord *procedures_at(const struct procedures *procedures, const char *class, int32_t day);
ProcedureRecord *procedures_version(const struct procedures *procedures, uint32_t version);

// ---- reminders ----

// What a reminder of one customer is made of.
struct reminder {
    CustomerRecord *customer;
    CollectionRecord *collection;
    const ProcedureRecord *procedure;
    DunningRecord *dunning; // its id and number are 0 while there is none yet
    struct item **item;     // of each line
    uint32_t foreign;       // overdue instalments in other currencies, which are left out
};

// Fills the lines and sums of `reminder->dunning` as of its day. Of `only` (may be NULL) nothing is
// taken that is not in it. No lines: there is nothing to remind of.
MUST_CHECK enum status reminder_fill(struct books *books, struct reminder *reminder,
                                     const DunningRecord *only);
// May the customer be written to at all?
bool reminder_may(const struct books *books, const CustomerRecord *customer);
MUST_CHECK enum status reminder_made(struct books *books, const DunningRecord *dunning,
                                     const CustomerRecord *customer, DunningMade **out);

// What an item bears from the day behind `from` to `to` at a yearly rate: on each day what was open
// the day before, rounded once.
MUST_CHECK enum status interest_of(struct books *books, const ItemRecord *item, int32_t from,
                                   int32_t to, uint32_t rate_bp, int64_t *out);

// ---- charges ----

// The debit note of a reminder, with everything that can speak against it; NULL when it charges
// nothing.
MUST_CHECK enum status charge_plan(struct books *books, const struct reminder *reminder,
                                   InvoiceRecord **out);
// Issues it: an item for the fee and one for the interest of each instalment, in their claims.
MUST_CHECK enum status charge_issue(struct books *books, const struct reminder *reminder,
                                    InvoiceRecord *note);
// The ids that it will need.
size_t charge_ids(const InvoiceRecord *note);
