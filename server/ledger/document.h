// SPDX-License-Identifier: Apache-2.0
#pragma once

// Invoices and credit notes as they become part of the books, whoever enters them: by hand, by
// import, or as the mirror of an earlier one. The InvoiceRecord is built in memory (lines, then
// parts), checked, and issued in one go.

#include "server/ledger/item.h"
#include "server/ledger/posting.h"

// Missing or out of scope: refused NOT_FOUND.
MUST_CHECK enum status document_load(struct books *books, uint64_t id, InvoiceRecord **out);

// A fresh record of that customer, undated. NULL when the arena is exhausted.
InvoiceRecord *document_make(struct books *books, InvoiceKind kind, uint64_t customer_id);

// When it falls due: on `due_day`, else by `terms`, else by the customer's, else net 30 (domain.md
// d.4).
MUST_CHECK enum status document_parts(struct books *books, InvoiceRecord *document,
                                      const CustomerRecord *customer, const char *terms,
                                      int32_t due_day);

// What it posts to, as posting_guard wants to know it.
uint32_t document_scopes(const InvoiceRecord *document);
// Everything that can speak against issuing it: period, reference, accounts. `unique` may be NULL.
// Finds what the goods cost.
MUST_CHECK enum status document_check(struct books *books, InvoiceRecord *document,
                                      const UniqueHash *unique);

// Numbers it, posts its entry, opens its items, keeps it. The items are in the working set.
MUST_CHECK enum status document_issue(struct books *books, InvoiceRecord *document,
                                      const UniqueHash *unique);

// Issues `note`, the mirror of the whole `invoice`, as its reversal: the entry reverses the
// invoice's own, both are linked.
MUST_CHECK enum status document_issue_reversal(struct books *books, InvoiceRecord *invoice,
                                               InvoiceRecord *note);

// The items of its parts, in their order: debits of an invoice, the one credit of a credit note.
// Parts of nothing are left out.
MUST_CHECK enum status document_items(struct books *books, const InvoiceRecord *document,
                                      struct item_list *out);
// The items on the other side: of parts whose terms left less than nothing to the last one.
MUST_CHECK enum status document_counter_items(struct books *books, const InvoiceRecord *document,
                                              struct item_list *out);

// "INV-2026-0412". NULL when the arena is exhausted.
char *document_number(struct books *books, const InvoiceRecord *document);

// `owed_before_minor` is the customer's balance before the call.
MUST_CHECK enum status document_reply(struct books *books, const InvoiceRecord *document,
                                      int64_t owed_before_minor, InvoiceIssueReply *reply);
