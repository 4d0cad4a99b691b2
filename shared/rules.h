// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stateless checks of a request: the same code runs in the client before sending and in the
// server before admission. All problems at once (design 3, "Errors are lists"). A field is named as
// people type it, elements counted from 1: "tax-id", "line[2].price".

#include "shared/arena.h"
#include "shared/fields.h"
#include "shared/limits.h"

#include "proto/envelope.pb-c.h"

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

// The first problem's code, or STATUS_OK.
enum status problems_first(const struct problems *problems);

// Needed fields, lengths, clean text, ranges, formats (phone, e-mail, tax id, terms), mutually
// exclusive fields, and that no field of admission is set. Adds to `problems`; returns the first
// one's code, or STATUS_OK. What personal fields hold is not repeated in a problem.
MUST_CHECK enum status rules_check(const struct command *command, const ProtobufCMessage *request,
                                   struct problems *problems);

// The same for a message that is part of a request, such as one row of an import.
MUST_CHECK enum status rules_check_message(const ProtobufCMessage *message,
                                           struct problems *problems);
