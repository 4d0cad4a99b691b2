// SPDX-License-Identifier: Apache-2.0
#pragma once

// A list of the server on a page: asks a list command with the page's filter, keeps the answer, and
// shows the columns that cli.def or the page names, by descriptors. The chosen row stays chosen
// when the list is asked anew, by its id.

#include "client/tui/console.h"
#include "client/tui/table.h"

struct list {
    const struct command *command;
    const ProtobufCFieldDescriptor *rows;
    const ProtobufCFieldDescriptor *column[TABLE_COLUMNS_MAX];
    size_t column_count;
    struct arena *arena; // of the answer
    const ProtobufCMessage *reply;
    struct table table;
    char filter[FIELD_INPUT_BYTES_MAX + 1];
    uint32_t limit;
    // How a row looks; NULL: plain. And a cell that needs words of its own; NULL, or a text in the
    // frame, or NULL for what is shown like everything else.
    enum style (*style)(const ProtobufCMessage *row);
    const char *(*cell)(struct console *console, const ProtobufCMessage *row, const char *field);
};

// `columns` are names of fields, by commas; asserted to be there.
MUST_CHECK enum status list_open(struct list *list, const char *command, const char *columns);
void list_close(struct list *list);
// Asks the page's console; the answer goes to `answer`, which hands it to list_take.
void list_ask(struct list *list, struct page *page, answer_function *answer);
// Keeps the answer's memory. False for a refusal, which is said.
bool list_take(struct list *list, struct page *page, const struct answer *answer);
void list_filter(struct list *list, const char *filter);

size_t list_count(const struct list *list);
const ProtobufCMessage *list_row(const struct list *list, size_t index);
const ProtobufCMessage *list_chosen(const struct list *list); // NULL when there is none
// One row as a sentence, for lines; in the frame.
const char *list_sentence(struct list *list, struct page *page, size_t index);
void list_draw(struct list *list, struct page *page, struct canvas *canvas, struct area area);
