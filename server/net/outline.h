// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which command a packed Request is, before anything of it is believed: walks the fields on top
// without allocating. The session needs it to know the bounds, and to tell a command that nobody
// knows from bytes that nobody understands.

#include "shared/bytes.h"
#include "shared/status.h"

// What stands on top of a packed Request.
struct outline {
    uint32_t number;      // of the command; 0: none
    struct bytes command; // its message, as far as it has come
};

// `partial`: more bytes follow in another record, so the last value may be cut. STATUS_MALFORMED:
// not a Request, or more than one command.
MUST_CHECK enum status outline_of(struct bytes packed, bool partial, struct outline *out);
