// SPDX-License-Identifier: Apache-2.0
#pragma once

// Replies as text: JSON for machines, tables and records for people, CSV. Driven by descriptors and kinds; what looks nicer for
// people is said in client/cli.def, not here. Text from the server is made safe for terminals here and nowhere else.

#include <jansson.h>

#include "proto/envelope.pb-c.h"
#include "shared/command.h"
#include "shared/fields.h"

struct render_context {
    struct arena *arena;
    uint32_t decimals;
    const char *currency;
    int32_t offset_minutes;                    // of instants, from UTC
    const char *(*word)(const char *msgid);    // gettext or identity
};

// {"schema":"kontor.invoice.list/1","data":...}: a reply with `row` and `page` gives data = the rows beside page and sums; any
// other reply is data itself. Amounts and ids are strings, days ISO 8601, absent fields are left out except amounts and counts.
json_t *render_json(const struct render_context *context, const struct command *command, const ProtobufCMessage *reply);

// {"schema":"kontor.error/1","error":{code, exit, message, problems…}}
json_t *render_error_json(const struct render_context *context, const Reply *reply, const char *request_id);

struct column {
    const char *key;          // JSON key of the field: header is word(key) in capitals
    const ProtobufCFieldDescriptor *field;
    bool right;               // numbers
};

// One cell as text for people: grouped amounts, dates, choice words, joined lists. "" when absent.
char *render_cell(const struct render_context *context, const ProtobufCMessage *row, const ProtobufCFieldDescriptor *field);
