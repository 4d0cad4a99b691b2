// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rights that were worked out before, by the very rows that they came from. A row is known by its
// stamp, the head of its seal, which holds a nonce that is drawn for every write: so a changed role
// has another stamp, in its own transaction and after one that was not committed. Nothing has to be
// thrown away in time, and a decision is still made from the rows as they stand in its transaction;
// only opening and joining them is saved. rights_load asks here; nobody else does.

#include "server/store/rights.h"

#define STAMP_BYTES         32 // format, key epoch, row version, nonce
#define STAMP_VERSION       4  // where the version stands in it
#define RIGHTS_KEY_ROLES    4  // a user of more roles is worked out each time
#define RIGHTS_CACHED_USERS 16 // sets of roles, the last that were used

// Which rows somebody's rights come from.
struct rights_key {
    size_t count;
    uint64_t role_id[RIGHTS_KEY_ROLES];
    uint8_t stamp[RIGHTS_KEY_ROLES][STAMP_BYTES]; // zeros: there is no such row
};

// *is_whole is false when some of the rows cannot be known by a stamp: there are too many, or a
// preview has changed one.
MUST_CHECK enum status rights_key_of(struct txn *txn, const UserRecord *user,
                                     struct rights_key *out, bool *is_whole);
// What is found was read all the same: it belongs to the plan of the call like the rows themselves.
bool rights_cache_find(struct txn *txn, const struct rights_key *key, struct rights *out);
void rights_cache_keep(struct txn *txn, const struct rights_key *key, const struct rights *rights);

struct rights_cache;
struct rights_cache *rights_cache_make(void); // NULL when there is no memory
void rights_cache_free(struct rights_cache *cache);
