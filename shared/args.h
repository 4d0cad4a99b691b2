// SPDX-License-Identifier: Apache-2.0
#pragma once

// Words to a request: the same parser serves the command line, scenarios, shell and simulator.
// Options are the fields of the request's descriptor; positional objects, short names and compact
// forms ("INV=500.00", "text; qty; price") come from args.def. References are resolved by a
// callback, since only the server knows objects; so are files, since this room knows none. Secrets
// are never options.

#include "shared/bytes.h"
#include "shared/command.h"
#include "shared/rules.h"

#include "proto/envelope.pb-c.h"

#define ARGS_VALUE_BYTES_MAX ((size_t)64 * 1024)

struct args_context {
    int32_t today;     // book day
    uint32_t decimals; // of the book's currency
    const char *currency;
    // Turns what was typed into an id: STATUS_NOT_FOUND, STATUS_AMBIGUOUS. NULL: only "#ID" forms
    // are read. "#" and a number from 256 on is an id and never asked for; "#last", "#3" and "@me"
    // are asked for like names.
    enum status (*find)(void *context, FindNoun noun, const char *text, uint64_t *id);
    void *find_context;
    // The bytes of a file, for values written "@FILE": STATUS_TOO_LARGE beyond `size_max`. NULL:
    // '@' is a character like others. "@@" always stands for one '@'.
    enum status (*load)(void *context, struct arena *arena, const char *path, size_t size_max,
                        struct bytes *out);
    void *load_context;
};

// Fills `request` (the inner message of `command`) from the words behind noun and verb. All
// problems at once; returns the first one's code. Global options were taken out before. Whatever is
// missing is said by rules_check, which should be asked also when this refuses: it does not call a
// field missing that has a problem already.
MUST_CHECK enum status args_parse(const struct command *command, const struct args_context *context,
                                  int count, const char *const *words, ProtobufCMessage *request,
                                  struct problems *problems);

// One option of a command, for help and completion. Where there is "from" and "to" there is also
// "period", which sets both
// ("2026-10", "q3", "..-30d"). `index` counts fields that people can give;
// false behind the last.
struct args_option {
    const char *name;        // "due"; without dashes
    char short_name;         // 'q', or 0
    const char *placeholder; // "DATE", "AMOUNT", "CUSTOMER", "person|organisation"; "" of a flag
    bool positional;
    bool repeated;
    bool needed;
    const ProtobufCFieldDescriptor *field; // of "period" the first of its two
};

bool args_option_at(const struct command *command, size_t index, struct arena *arena,
                    struct args_option *out);

// What may be typed without a name, in order: NULL behind the last. "invoice_id|customer_id" is one
// of two.
const char *args_positional_at(const struct command *command, size_t index);
