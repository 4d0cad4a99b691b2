// SPDX-License-Identifier: Apache-2.0
#pragma once

// A field of a message by its JSON path ("line[0].apply", "part.due"), read as text and written
// from text. Scenarios say with it what a reply must hold, and what a person cannot type: what
// admission adds, and rows of an import.

#include "shared/arena.h"
#include "shared/fields.h"

struct path_context {
    struct arena *arena;
    uint32_t decimals;
    int32_t today;
};

// The value as text: amounts "5000.00", days ISO, words of choices, "true" or "false". The name of
// a list alone is its length. NULL when there is no such field; `*text` "" when it is absent.
bool path_read(const struct path_context *context, const ProtobufCMessage *message,
               const char *path, const char **text);

// Sets one field; `path` "row" of a repeated message appends an element and takes `text` as pairs
// "path=value path=value". Bytes are hexadecimal, or "01*32" for one byte many times. false when
// path or text do not fit.
bool path_write(const struct path_context *context, ProtobufCMessage *message, const char *path,
                const char *text);
