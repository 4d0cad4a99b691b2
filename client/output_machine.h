// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside of output.h: which fields of a message are meant, and the forms for programs. Included by
// output*.c only.

#include "client/grid.h"
#include "client/output.h"

struct selection {
    const ProtobufCFieldDescriptor *field[GRID_COLUMNS_MAX];
    size_t count;
};

const ProtobufCFieldDescriptor *output_field_by_key(const ProtobufCMessageDescriptor *message,
                                                    const char *key, size_t size);
bool output_field_is_number(const ProtobufCMessageDescriptor *message,
                            const ProtobufCFieldDescriptor *field);
// "name,open" -> fields; FIELD_NOT_CHOICE with the ones there are.
enum status output_columns_named(struct client *client, const ProtobufCMessageDescriptor *message,
                                 const char *list, struct selection *out);
// The repeated message field "row" of a list; NULL when the reply is none.
const ProtobufCFieldDescriptor *output_rows_of(const ProtobufCMessageDescriptor *reply);
const ProtobufCMessage *output_row_at(const ProtobufCMessage *message,
                                      const ProtobufCFieldDescriptor *rows, size_t i);

// The word of a field. Of a choice it may be another than of an amount by the same key: the credit
// of a customer is no side of an account.
const char *output_label(struct client *client, const ProtobufCMessageDescriptor *message,
                         const ProtobufCFieldDescriptor *field);
// Does the field stand on the card of its message?
bool output_is_said(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

MUST_CHECK enum status output_json(struct client *client, const struct command *command,
                                   const Reply *reply, const ProtobufCMessage *inner);
// As CSV, or with tabs.
MUST_CHECK enum status output_cells(struct client *client, const ProtobufCMessage *inner,
                                    FILE *out);
