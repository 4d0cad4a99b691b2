// SPDX-License-Identifier: Apache-2.0
#pragma once

// What has to be done for every month (requirements R56). The tasks stand in one row; for each
// month that has ended the server makes an item of each, once. Whatever is required and open keeps
// the month from being sealed (closing.h).

#include "server/ledger/books.h"

#define CHECKLIST_TASKS_KEY 0 // of the row that holds the tasks

// "CL-0001", in `arena`; NULL when it is exhausted.
char *checklist_number(struct arena *arena, const ChecklistRecord *item);

// The tasks; an empty record when there are none yet.
MUST_CHECK enum status checklist_tasks_load(struct txn *txn, struct arena *arena,
                                            ChecklistRecord **out);
// Missing: refused NOT_FOUND.
MUST_CHECK enum status checklist_load(struct txn *txn, struct call *call, uint64_t id,
                                      ChecklistRecord **out);

// How many required items of a month are open.
MUST_CHECK enum status checklist_open(struct txn *txn, uint32_t period, uint32_t *count);
