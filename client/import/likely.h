// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whom a file means. Customers who are here already, under another reference or none, are found
// before anything is written: no file makes a second one of them unless somebody says so.

#include "client/import/feed.h"

struct likely {
    uint32_t row; // of the file
    const char *reference;
    const char *name;
    const ImportLikelyRow *found;
};

struct likely_list {
    struct likely *row;
    size_t count;
    size_t people; // of the file
};

// What --same says: documents and payments get the customer, rows of customers are left out.
MUST_CHECK enum status likely_same(struct client *client, const struct import_order *order,
                                   struct import_file *file);
// Asks the server about everybody whom the file would make a customer; nobody for a file that was
// begun before.
MUST_CHECK enum status likely_find(struct client *client, const struct import_order *order,
                                   const struct import_file *file, struct likely_list *out);
void likely_print(struct client *client, const struct likely_list *list);
// NEEDS_REVIEW with what to do.
MUST_CHECK enum status likely_refuse(struct client *client, const struct likely_list *list);
