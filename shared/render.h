// SPDX-License-Identifier: Apache-2.0
#pragma once

// Replies as text: JSON for machines, cells for people. Driven by descriptors and kinds; what looks
// nicer for people is said in client/cli.def, not here. Text from the server is made safe for
// terminals here and nowhere else.

#include "shared/command.h"
#include "shared/fields.h"

#include "proto/envelope.pb-c.h"

#include <jansson.h>

struct render_context {
    struct arena *arena;
    uint32_t decimals; // of the book's currency
    const char *currency;
    int32_t offset_minutes;                 // of instants, from UTC
    const char *(*word)(const char *msgid); // gettext or identity
    const ProtobufCMessage *around;         // the message that a row stands in; NULL: none
};

// {"schema":"kontor.invoice.list/1","currency":"CNY","data":...}. A reply of `row`, `page` and sums
// gives data = the rows, beside "page" and "sums"; any other reply is data itself, with "page"
// beside it when it has one. Amounts, rates ("13%"), quantities and ids are strings, days ISO 8601,
// instants RFC 3339, choices words, bytes hex. Absent fields are left out, except amounts, numbers
// and lists of messages; "next" of the last page is null. Fields stand in the order of their
// numbers. NULL when there is no memory.
json_t *render_json(const struct render_context *context, const struct command *command,
                    const ProtobufCMessage *reply);

// {"schema":"kontor.error/1","error":{"code","exit","retry","request_id","message","problems":[...]}};
// `retry` says that the same request may be sent again as it is. `request_id` may be "". NULL when
// there is no memory.
json_t *render_error_json(const struct render_context *context, const Reply *reply,
                          const char *request_id);

// Writes JSON with jansson's `flags`, and a line feed. What could deceive a terminal stands in it
// as \uXXXX: the same text for a program, harmless for who looks at it. False when it could not be
// written.
bool render_json_write(const json_t *json, size_t flags, FILE *out);

// Decimals of an amount of the row: of its currency, of that of the message around it, or of the
// book's (denomination.h).
uint32_t render_decimals(const struct render_context *context, const ProtobufCMessage *row,
                         const ProtobufCFieldDescriptor *field);

// One cell as text for people: grouped amounts, dates, local times, choice words, lists joined by
// commas. "" when absent; an amount and a number are never absent. NULL when the arena is
// exhausted.
char *render_cell(const struct render_context *context, const ProtobufCMessage *row,
                  const ProtobufCFieldDescriptor *field);
