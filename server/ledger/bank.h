// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bank accounts, their statements and lines as rows (domain.md d.13). A bank account is what stands
// behind a ledger account that holds money, and has its key. Texts of lines are personal: nothing
// here opens one; what decides are days, amounts, numbers of documents and keyed hashes.

#include "server/ledger/books.h"

// Fields of BankLine whose hashes a line carries in `unique`: of the whole line, of the other side,
// and of the words of its text that may be references of documents.
enum bank_hash {
    BANK_HASH_TYPE = 4,
    BANK_HASH_NAME = 6,
    BANK_HASH_ACCOUNT = 7,
    BANK_HASH_WORD = 8,
    BANK_HASH_LINE = 9,
};

// Missing: refused NOT_FOUND.
MUST_CHECK enum status bank_load(struct books *books, uint64_t id, BankRecord **out);
MUST_CHECK enum status bank_load_statement(struct books *books, uint64_t id,
                                           BankStatementRecord **out);
MUST_CHECK enum status bank_load_line(struct books *books, uint64_t id, BankLineRecord **out);

// "BS-2026-0001", "BL-0001", "1002". NULL when the arena is exhausted.
char *bank_statement_number(struct arena *arena, const BankStatementRecord *statement);
char *bank_line_number(struct arena *arena, const BankLineRecord *line);
char *bank_account(struct arena *arena, uint32_t code);

// What is wrong with a statement, as far as it is loaded: closing less opening and movements, and
// what lies between it and the one before (`earlier` may be NULL).
struct bank_doubt {
    int64_t difference_minor;
    int64_t gap_minor;
    bool overlap;
};

struct bank_doubt bank_doubt(const BankStatementRecord *statement,
                             const BankStatementRecord *earlier);
// The statement before, by days; NULL when there is none.
MUST_CHECK enum status bank_earlier(struct txn *txn, const BankStatementRecord *statement,
                                    BankStatementRecord **out);

// The line waits or waits no more: its row in the index and the count of the account. `bank` is put
// by the caller.
MUST_CHECK enum status bank_wait(struct books *books, BankRecord *bank, const BankLineRecord *line,
                                 bool waits);
