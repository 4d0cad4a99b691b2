// SPDX-License-Identifier: Apache-2.0
#pragma once

// The live sessions as memory knows them: when each was last heard, whose token it has, and how
// often it was refused of late. Last activity is not state; the end of a session is a command,
// which admission sends when a limit has passed.

#include "shared/keys.h"

struct presence {
    uint64_t session_id;
    uint64_t user_id;
    uint64_t device_id;
    uint8_t token_hash[32];
    int64_t expires_us; // by the book's clock
    int64_t heard_us;   // by a clock that only runs forward
    int64_t minute_us;  // begin of the minute in which refusals are counted, same clock
    uint32_t refusals;
    uint32_t rows;          // that it was shown and that are not counted yet (quota.h)
    int64_t denied_us;      // begin of the minute in which refused looks are counted, same clock
    uint32_t denied_noted;  // of it, that have a record each
    uint32_t denied_more;   // and the rest, which are noted together
    uint32_t denied_number; // the command of the last of the rest
    uint32_t denied_code;
    bool is_ending; // its end is on the way
};

struct presences;

MUST_CHECK enum status presences_make(struct presences **out);
void presences_free(struct presences *presences); // NULL accepted

// Session ids ascend, so a new one stands at the end. A known one is taken over.
MUST_CHECK enum status presences_add(struct presences *presences, const struct presence *presence);
struct presence *presences_find(struct presences *presences,
                                uint64_t session_id); // NULL when unknown
struct presence *presences_of_token(struct presences *presences,
                                    const uint8_t token_hash[static 32]);
void presences_remove(struct presences *presences, uint64_t session_id);

size_t presences_count(const struct presences *presences);
struct presence *presences_at(struct presences *presences, size_t index);
