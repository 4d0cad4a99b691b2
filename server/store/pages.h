// SPDX-License-Identifier: Apache-2.0
#pragma once

// A check of the page structure of LMDB's file, before LMDB walks it. LMDB 0.9.24 has no checksums
// and trusts what it reads: a damaged pointer ends the process. So verify, backup and restore look
// at every page first, with code that trusts nothing. Knows the format of LMDB 0.9 on little-endian
// machines with 64 bits; the seals of the values are not its business.

#include "server/store/store.h"

struct page_report {
    uint64_t page_count; // of the file
    uint64_t tree_pages; // in the trees of the tables
    uint64_t free_pages; // free for the next writer
    uint64_t row_count;
    uint64_t bad_page; // where the first fault lies
    const char *fault; // what it is; NULL when there is none
};

// STATUS_TAMPERED when the structure is damaged (the report says where), STATUS_INCOMPLETE when the
// file is missing or cut, STATUS_UNREADABLE when it cannot be read. The store must not be open.
MUST_CHECK enum status pages_check(const char *dir, struct page_report *out);
