// SPDX-License-Identifier: Apache-2.0
#pragma once

// What several reading commands say of an object: names and numbers as the reader may see them.
// Everything lies in the call's arena, or is a constant.

#include "server/ledger/cursor.h"
#include "server/ledger/query.h"
#include "server/store/rows.h"
#include "server/views/views.h"
#include "shared/day.h"
#include "shared/ident.h"

#define REPLY_ROWS_BYTES \
    (MESSAGE_REPLY_MAX - 64 * 1024) // of rows in one reply; the rest is for what stands around them
#define REPLY_ROWS_MAX 20000

// Loads a row for a command; one that is missing or out of scope is refused NOT_FOUND with `field`.
MUST_CHECK enum status reading_load(struct txn *txn, struct call *call, enum table table,
                                    uint64_t id, const char *field, ProtobufCMessage **out);

MUST_CHECK enum status reading_book(struct txn *txn, BookRecord **out);

struct customer_label {
    char *number;
    char *name;
};

// "" both for an id of 0 or one that the reader may not see.
MUST_CHECK enum status reading_customer(struct txn *txn, struct call *call, uint64_t id,
                                        struct customer_label *out);
// "" for an id of 0.
MUST_CHECK enum status reading_login(struct txn *txn, uint64_t user_id, char **out);
// Number of an invoice, payment or entry, whichever has the id; "" when there is none.
MUST_CHECK enum status reading_document(struct call *call, uint64_t id, char **out);

// The items that a currency asks for (views.h): "" is everything, in the book's.
uint32_t reading_view_currency(const BookRecord *book, const char *currency);
// What a customer has open in other currencies than the one that is asked for, each in its own.
MUST_CHECK enum status reading_currencies(struct call *call, const BookRecord *book,
                                          const struct open_query *query, CurrencyOpen ***out,
                                          size_t *count);

// Number of a finding; "" for an id of 0.
MUST_CHECK enum status reading_finding(struct txn *txn, struct call *call, uint64_t id, char **out);

// Number of what a journalled request named, whatever came of it; "" when that has no number or may
// not be seen.
MUST_CHECK enum status reading_meant(struct txn *txn, struct call *call,
                                     const JournalRecord *record, char **out);

// Number of a document or a customer, whichever has the id; "" when there is none that may be seen.
MUST_CHECK enum status reading_object(struct txn *txn, struct call *call, uint64_t id, char **out);
// Do the roles of the caller permit this at all, for whichever rows?
bool reading_may(const struct call *call, enum permission permission);
// Who may list what a command changes may hear of the change: the permission of its noun's list.
// PERMISSION_SYSTEM for what nobody hears of.
enum permission reading_list_permission(const struct command *command);

// A constant for a text field of a reply, which generated code does not call const.
char *reading_constant(const char *text);

// Bytes in hexadecimal; NULL when the arena is exhausted.
char *reading_hex(struct arena *arena, const uint8_t *bytes, size_t size);

// Rows that fit into one reply: `limit` as asked, 0 for all that fit.
struct reply_room {
    size_t limit;
    size_t bytes;
    const struct arena *arena;
};

struct reply_room reading_room(const struct call *call, uint32_t limit);
// Takes the packed size of `row`; false when it does not fit any more, or when what was read for it
// has filled most of the call's arena.
bool reading_fits(struct reply_room *room, const ProtobufCMessage *row);

MUST_CHECK enum status reading_page(struct call *call, uint64_t count, uint64_t skip, size_t rows,
                                    Page **out);

// A page of documents: asks the views, fills a row for each match with `fill`, stops when the reply
// is full. `row` gets the rows, of the type of `descriptor`; `matches` keeps count and sums.
struct document_page {
    const ProtobufCMessageDescriptor *descriptor;
    enum status (*fill)(struct txn *txn, struct call *call, uint64_t id, ProtobufCMessage *row);
    struct document_matches matches;
    ProtobufCMessage **row;
    size_t count;
    Page *page;
};

MUST_CHECK enum status reading_documents(struct txn *txn, struct call *call,
                                         const struct document_query *query, const char *cursor,
                                         uint32_t limit, struct document_page *page);

bool reading_sees_all(const struct call *call);

// customer:C-0001, by number, reference or whole name. 0 when there is none that may be seen.
uint64_t reading_find_customer(struct call *call, const char *folded);
uint64_t reading_find_user(struct call *call, const char *folded);
