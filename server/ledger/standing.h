// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a score is made of, kept by month in the balance row that a posting writes anyway: billed,
// settled, how late, how often a promise broke. Undoing takes back what doing added, to the minor
// unit; what lies more than a year back is dropped on both ways. The balance must be loaded.

#include "server/ledger/posting.h"
#include "server/ledger/score.h"

// A document was numbered: a sale, its credit note or its reversal. `gross_minor` is signed.
MUST_CHECK enum status standing_billed(struct books *books, const InvoiceRecord *document);
// Money has settled a part of a receivable, all of it when nothing is open any more.
MUST_CHECK enum status standing_settled(struct books *books, const ItemRecord *debit,
                                        const AllocationRecord *allocation);
// The same is about to be taken back.
MUST_CHECK enum status standing_reopened(struct books *books, const ItemRecord *debit,
                                         const AllocationRecord *allocation);
// A payment bounced or a promise was not kept.
MUST_CHECK enum status standing_broken(struct books *books, uint64_t customer_id, int32_t day);

struct standing {
    uint128 late; // amount times days, of the last twelve months
    int64_t settled_minor;
    uint32_t settled;
    uint32_t broken;
    int64_t billed_minor; // of the six months before this one
    uint32_t months;      // since the first sale
};

struct standing standing_read(const BalanceRecord *balance, int32_t today);
