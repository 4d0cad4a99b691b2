// SPDX-License-Identifier: Apache-2.0
#pragma once

// The gate of the requests: the bytes of one whole message become a job for admission. Nothing is
// unpacked before its bytes were walked: first by outline, to know which command it is and which
// bounds it has, then all of it by shared/scan. Knows no connection; request.c has one.

#include "server/admit/admit.h"

// What may be asked without a session: to join and to log in.
bool gate_is_for_logged_out(const struct command *command);
// Has it the larger bounds of imported rows? NULL accepted.
bool gate_is_import(const struct command *command);

// The stateless bounds of one command; NULL: a number that no row has. STATUS_UNKNOWN_COMMAND,
// _LOGIN_NEEDED, _TOO_LARGE, _FIELD_NOT_TEXT are answered, _MALFORMED ends the connection.
MUST_CHECK enum status gate_check(const struct command *command, bool is_logged_in,
                                  struct bytes packed);

// A job of the packed request, with its hash; command, peer, done and owner are the caller's.
// STATUS_BUSY, _TOO_LARGE, _MALFORMED.
MUST_CHECK enum status gate_job(struct admit *admit, struct bytes packed, struct job **out);
