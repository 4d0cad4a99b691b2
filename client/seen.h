// SPDX-License-Identifier: Apache-2.0
#pragma once

// What this client has seen of the server's journal: its own changes, and the last checkpoint. It
// is the evidence by which a server that rewrote its past is found out, so it carries a code under
// a key of the device, and the context remembers that there was one: a file that somebody else
// wrote is not believed, and one that is gone is told.

#include "client/anchor.h"
#include "client/profile.h"

struct seen {
    uint8_t position[POSITION_BYTES_MAX];
    size_t position_size;
    struct anchor anchor;
};

enum seen_loaded {
    SEEN_NEW,   // nothing was kept yet
    SEEN_HELD,  // as this device wrote it
    SEEN_FORGED // somebody else wrote it, or it is damaged
};

// All zeros unless it is held. Changes with every command, so it is not flushed to the disk.
enum seen_loaded seen_load(const struct home *home, struct arena *arena, const char *name,
                           const struct key *secret, struct seen *out);

// Replaces what was kept, if that is still `known`; otherwise another process of this user has kept
// something else meanwhile: CHANGED, with that in *kept, and nothing is written. Who finds out that
// both are of one journal calls again with it; the larger tree stays then.
enum seen_saved { SEEN_SAVED, SEEN_CHANGED, SEEN_FAILED };

struct seen_keeping {
    const struct home *home;
    struct arena *arena;
    const char *name;         // of the context
    const struct key *secret; // of the device
};
MUST_CHECK enum seen_saved seen_save(const struct seen_keeping *keeping, const struct seen *seen,
                                     const struct anchor *known, struct anchor *kept);
