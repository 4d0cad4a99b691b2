// SPDX-License-Identifier: Apache-2.0
#pragma once

// Money that came in, whoever enters it: its entry, its credit items (what it settles on its own
// day on receivables, the rest on customer advances) and the allocations of its settlement
// (domain.md d.17).

#include "server/ledger/posting.h"
#include "server/ledger/settlement.h"

// An account code of digits; 0 when it is none.
uint32_t receipt_code(const char *text);
// Where money of that method goes or comes from: the account of that code, else the method's own.
// Without a method it is a transfer.
MUST_CHECK enum status receipt_account(struct books *books, PaymentMethod asked, const char *text,
                                       PaymentMethod *method, uint32_t *account);

// What money in another currency comes to in the book's: as the bank said (`book_minor`), else by
// the rate of its day. Its amounts are positive.
MUST_CHECK enum status receipt_convert(struct books *books, PaymentRecord *payment);
// The amount of a payment in the book's currency.
int64_t receipt_book(const PaymentRecord *payment);
int64_t receipt_book_fee(const PaymentRecord *payment);

// Fills the account of `payment` by its code or its method (what was brought in came with no money:
// retained earnings), and checks all that can speak against it but the settlement.
MUST_CHECK enum status receipt_check(struct books *books, PaymentRecord *payment,
                                     const char *account, const UniqueHash *unique);

// Numbers, posts, settles and keeps it. The allocations' ids stand in the settlement afterwards.
MUST_CHECK enum status receipt_post(struct books *books, PaymentRecord *payment,
                                    struct settlement *settlement, const UniqueHash *unique);

// "PAY-2026-0319". NULL when the arena is exhausted.
char *receipt_number(struct books *books, const PaymentRecord *payment);
