// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `bank read` and `bank import` share: the words of the line, and the file as the fenced child
// took it apart.

#include "client/import/bank_file.h"
#include "client/tools.h"
#include "shared/keys.h"

struct bank_order {
    const char *path;
    const char *bank;
    const char *map;
    const char *currency;
    const char *opening, *closing; // of a table without balances
    bool no_match;
};

struct bank_run {
    struct client *client;
    struct bank_order order;
    struct arena *arena;
    struct sheet *sheet;
    struct bank_file file;
    uint8_t hash[KEY_BYTES];
};

MUST_CHECK enum status bank_run_words(struct bank_run *run, const char *tool, size_t count,
                                      const char *const *words);
// Reads the file; what is wrong with it is told.
MUST_CHECK enum status bank_run_begin(struct bank_run *run);
void bank_run_end(struct bank_run *run);

// Prints what the statements of the file come to.
void bank_run_look(struct bank_run *run);
bool bank_run_adds_up(const struct bank_run *run);
const char *bank_run_amount(const struct bank_run *run, const struct bank_file_statement *statement,
                            int64_t minor);
