// SPDX-License-Identifier: Apache-2.0
#pragma once

// The words that are not commands of the server: tools.def, and three nouns whose verb is a piece
// of work of its own. Each gets the words behind its name.

#include "client/client.h"

typedef enum status tool_function(struct client *client, size_t count, const char *const *words);

struct tool {
    const char *name;
    tool_function *run;
    const char *usage;    // without the program's name
    const char *sentence; // msgid
};

size_t tool_count(void);
const struct tool *tool_at(size_t index);
const struct tool *tool_by_name(const char *name); // NULL when it is none

#define TOOL(name, function, usage, sentence) tool_function function;
#include "client/tools.def"
#undef TOOL

tool_function tool_import;      // import run FILE …
tool_function tool_bank_read;   // bank read FILE
tool_function tool_bank_import; // bank import FILE …
tool_function tool_reconcile;   // reconcile start BANK
tool_function tool_export;      // export journal --format F
tool_function tool_check;       // check books
tool_function tool_subject;     // customer subject CUSTOMER
tool_function tool_tail;        // audit tail
tool_function tool_verify;      // audit verify
tool_function tool_trail;       // audit export FILE
tool_function tool_witness;     // audit witness
tool_function tool_totp;        // user totp
tool_function tool_totp_confirm;
tool_function tool_password; // user password
tool_function tool_check_documents;
tool_function tool_issue;      // statement issue
tool_function tool_statements; // statement run
tool_function tool_approve;    // device approve
tool_function tool_accept;     // notice accept
tool_function tool_complete;   // __complete WORD… (from the completion script)

// Takes "--NAME=VALUE" or "--NAME VALUE" out of the words from `*at`; false when the word there is
// another one.
bool tool_value(size_t count, const char *const *words, size_t *at, const char *name,
                const char **value);
bool tool_flag(const char *word, const char *name);
// USAGE with the tool's usage line as a hint.
enum status tool_usage(struct client *client, const char *name, const char *bad);
