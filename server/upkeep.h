// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the server does by the clock: it checks the books once a day and writes down what was
// found, has credit scores computed anew, and recurring invoices issued when they are due. Time is
// handed in; the rows say what was done last, so that a restart neither repeats nor forgets.

#include "server/admit/admit.h"
#include "server/log.h"
#include "server/store/store.h"

#define UPKEEP_NEVER (-1)

struct upkeep_options {
    struct store *store;
    const struct logger *logger;
    int32_t check_minute; // of the day, from which on the night's work is done; UPKEEP_NEVER
};

struct upkeep;

// "02:30", or "" for UPKEEP_NEVER.
bool upkeep_minute_parse(const char *text, int32_t *minute);

MUST_CHECK enum status upkeep_make(const struct upkeep_options *options, struct upkeep **out);
void upkeep_free(struct upkeep *upkeep); // NULL accepted

// Every second or so, on the loop: begins what is due, has written down what has ended.
void upkeep_tick(struct upkeep *upkeep, struct admit *admit, int64_t now_us);

// For admission: the answer to check_books and check_status.
void upkeep_tell_check(void *context, struct arena *arena, bool begins, CheckBooksReply *reply);
