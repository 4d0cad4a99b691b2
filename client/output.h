// SPDX-License-Identifier: Apache-2.0
#pragma once

// The answer of a command, for people or for programs: lists as tables, objects as records, writes
// as one sentence; JSON and CSV when asked. A few commands have a page of their own (pages.h).

#include "client/client.h"

// FIELD_NOT_CHOICE when -c or --json names a field that the answer does not have.
MUST_CHECK enum status output_reply(struct client *client, const struct command *command,
                                    const Reply *reply);

// Building blocks of the pages.

// "late_days" -> "late days", or the word of the catalogue; in capitals for the head of a table.
const char *output_word(struct client *client, const char *key);
const char *output_header(struct client *client, const char *key);
// The same of a field of a message: where one word of English is two of another language, the
// catalogue has the message before it ("EntryRow text").
const char *output_word_in(struct client *client, const ProtobufCMessageDescriptor *message,
                           const char *key);
const char *output_header_in(struct client *client, const ProtobufCMessageDescriptor *message,
                             const char *key);
// One cell of a table or record. What the server says in sentences of the tables (audit) is said in
// the person's language.
const char *output_cell(const struct render_context *render, const ProtobufCMessage *row,
                        const ProtobufCFieldDescriptor *field);
// All rows of a repeated message field as a table into `out`; `columns` NULL: every field that says
// something.
MUST_CHECK enum status output_table(struct client *client, const ProtobufCMessage *message,
                                    const ProtobufCFieldDescriptor *rows, const char *columns,
                                    const ProtobufCMessage *sums, FILE *out);
// A line as "{number} added." with the reply's fields.
void output_done(struct client *client, const char *sentence, const ProtobufCMessage *inner,
                 FILE *out);
// A money value or count as people read it; in the book's currency, or in another ("" is the
// book's).
const char *output_money(struct client *client, int64_t minor);
const char *output_money_in(struct client *client, const char *currency, int64_t minor);
const char *output_day(struct client *client, int32_t day); // with its weekday
// "2026-11-21 19:03" on the book's clock.
const char *output_moment(struct client *client, int64_t instant_us);
