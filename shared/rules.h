// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stateless checks of a request: the same code runs in the client before sending and in the server before admission.
// All problems at once (design 3, "Errors are lists").

#include "proto/envelope.pb-c.h"
#include "shared/arena.h"
#include "shared/fields.h"
#include "shared/limits.h"

// A bounded list of problems; what does not fit is counted.
struct problems {
    struct arena *arena;
    Problem *list[PROBLEMS_MAX];
    size_t count;
    size_t left_out;
};

void problems_init(struct problems *problems, struct arena *arena);

// `asked`, `allowed` and `hint` may be NULL; they are copied and cut at PROBLEM_TEXT_MAX.
void problems_add(struct problems *problems, enum status code, const char *field, const char *asked,
                  const char *allowed, const char *hint);

// Needed fields, lengths, clean text, ranges, formats (phone, e-mail, tax id, terms), mutually exclusive fields, and that
// no field of admission is set. Adds to `problems`; returns the first one's code, or STATUS_OK.
MUST_CHECK enum status rules_check(const struct command *command, const ProtobufCMessage *request,
                                   struct problems *problems);
