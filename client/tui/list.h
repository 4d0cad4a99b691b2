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
    bool everybody; // sets the request's field of that name
    // Rows of a lower rank come first, in the server's order among themselves; NULL: all in its
    // order.
    int (*rank)(const ProtobufCMessage *row);
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

// Operations of a page whose state begins with a struct list.
void list_page_close(struct page *page);
void list_page_refresh(struct page *page);
bool list_page_press(struct page *page, const struct press *press);
const char *list_page_line(struct page *page); // the command, with the filter
const char *list_page_filter(struct page *page);
void list_page_filter_set(struct page *page, const char *filter);
size_t list_page_items(struct page *page, int axis);
const char *list_page_item(struct page *page, int axis, size_t index);
void list_page_choose(struct page *page, int axis, size_t index);
// The list above, what `detail` says of the chosen row below.
void list_page_draw(struct page *page, struct canvas *canvas, struct area area, const char *heading,
                    const char *row_heading, size_t detail_rows);
