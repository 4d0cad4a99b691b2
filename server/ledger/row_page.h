// SPDX-License-Identifier: Apache-2.0
#pragma once

// A page of a list in the order of its table's ids. Tables that are small enough (people, devices,
// findings, ...) are walked whole, so that the count is of all; a long one is not. Lists of
// customers and documents go through the views.

#include "server/ledger/cursor.h"
#include "server/store/rows.h"

struct row_page {
    enum table table;
    bool backwards; // the newest first
    bool is_long;   // begins at the cursor, ends with the page and counts what it went through;
                    // a page that looked at many rows and took few ends early
    const ProtobufCMessageDescriptor *descriptor; // of a row of the reply
    const void *asked;                            // handed to is_asked
    // Does the list take this record? NULL: every one that may be seen.
    bool (*is_asked)(const void *asked, const ProtobufCMessage *record);
    enum status (*fill)(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                        ProtobufCMessage *row);

    // What was read, in the call's arena.
    ProtobufCMessage **row;
    size_t count;
    Page *page;
};

// Refuses a cursor that is none.
MUST_CHECK enum status row_page_read(struct txn *txn, struct call *call, const char *cursor,
                                     uint32_t limit, struct row_page *page);
