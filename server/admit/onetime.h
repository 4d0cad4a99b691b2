// SPDX-License-Identifier: Apache-2.0
#pragma once

// One-time codes (RFC 6238: SHA-1, six digits, 30 s) and the recovery codes beside them. The
// landlord of liboath. Seeds come and go sealed: rows, journal and replay hold the boxes, only
// admission opens them; what leaves is the step that a code belongs to, which the machine lets only
// rise.

#include "server/admit/inside.h"

#define ONETIME_SEED_BYTES    20
#define ONETIME_BOX_BYTES     (ONETIME_SEED_BYTES + BOX_BYTES)
#define ONETIME_STEP_SECONDS  30
#define ONETIME_DIGITS        6
#define RECOVERY_SECRET_BYTES 10 // 80 bits
#define RECOVERY_TEXT_BYTES   20 // "XXXX-XXXX-XXXX-XXXX" and its end
#define RECOVERY_HASH_BYTES   16

enum onetime_hash { ONETIME_SHA1, ONETIME_SHA256, ONETIME_SHA512 };

// The code of that many digits (6 to 8) at a moment, for any algorithm of the RFC; `out` has 9
// bytes.
MUST_CHECK enum status onetime_code(enum onetime_hash hash, struct bytes seed, int64_t now_s,
                                    unsigned digits, char out[static 9]);
// The newest step of the one before, now and the one after whose code this is; 0: none.
uint64_t onetime_match(const uint8_t seed[static ONETIME_SEED_BYTES], const char *code,
                       int64_t now_s);

// What admission finds of `code` for this user; `code` may be empty. The factor may be NULL: then
// nothing matches.
MUST_CHECK enum status onetime_prove(const struct admit *admit, struct arena *arena,
                                     const FactorRecord *factor, uint64_t user_id, const char *code,
                                     CodeProof **out);

// ---- the ways in of user_totp, user_totp_confirm and user_codes, on the loop ----

bool onetime_is_asked(const struct command *command);
// Draws or checks, and fills what the machine needs; the secrets for the reply stay in the job's
// extra.
MUST_CHECK enum status onetime_admit(struct admit *admit, struct job *job);
