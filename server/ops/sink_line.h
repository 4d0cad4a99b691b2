// SPDX-License-Identifier: Apache-2.0
#pragma once

// The open part of a journal record as one line for another program: number, time, who, from which
// device, what, about what, how it ended, and the leaf hash that ties the line to the signed tree.
// No personal field, no amount, no text of a request. Control characters and controls of the
// writing direction stand as \uXXXX in both forms, so that a line stays a line on every terminal.

#include "shared/arena.h"
#include "shared/digest.h"

#define SINK_LINE_MAX 2048

enum sink_form { SINK_LOGFMT, SINK_JSON };

struct sink_record {
    uint64_t number;
    int64_t instant_us;
    const char *actor;       // login, or "kontord"
    const char *approved_by; // the second person's login; "" when there is none
    uint64_t device_id;
    const char *action; // "invoice issue"
    const char *object; // human number; "" when there is none
    const char *status; // "done" or the text code of the refusal
    uint8_t leaf[LEAF_BYTES];
};

// Prints the line with its line feed; gives its size, at most SINK_LINE_MAX: a text that is too
// long is cut.
size_t sink_line(enum sink_form form, const struct sink_record *record,
                 char out[static SINK_LINE_MAX]);
// False when the word is neither "logfmt" nor "json".
bool sink_form_parse(const char *word, enum sink_form *out);
