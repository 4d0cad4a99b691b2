// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who may: is the device, the session, the user of this channel active at the call's moment, and do
// the user's roles grant the command's permission (security.md e, steps 2 to 8). Row scope and
// masks are handed to the store as the call's filter; they act in its accessor, not here.

#include "server/machine/machine.h"

// Fills user, device, session and roles of the call; a denial stands in call->status and
// call->detail. *out is the filter of the call (in its arena; NULL for the system) when there was
// none. Returns failures of the environment only.
MUST_CHECK enum status access_check(struct txn *txn, const struct peer *peer,
                                    const Request *request, struct call *call,
                                    const struct filter **out);

// What a user may do with the commands of this permission at this moment, whoever asks: for
// requests that somebody else runs. A user who is not active may nothing.
MUST_CHECK enum status access_stand_in(struct txn *txn, struct arena *arena, uint64_t user_id,
                                       enum permission permission, struct stand_in *out);

// Remembers that the caller used his right today, for the review of rights. Only what is granted by
// roles, and only once a day: it costs a look-up, rarely a put.
MUST_CHECK enum status access_note_use(struct txn *txn, const struct call *call);

// Is a channel of this peer still worth keeping: device active, and, with a session, session and
// user too?
MUST_CHECK enum status access_is_live(struct txn *txn, const struct peer *peer, int64_t instant_us,
                                      struct arena *arena, bool *is_live);
