// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the configuration demands of people who come in: whether one-time codes are offered or
// demanded, and whether a new device waits for its approval. Not part of the state: admission
// writes what it found into the request, so that a replay needs no configuration.

#include "server/store/store.h"

enum totp_mode {
    TOTP_OPTIONAL,
    TOTP_OFF, // nobody may set them up; who has them is still asked
    TOTP_REQUIRED,
    TOTP_REQUIRED_FOR, // the roles named
};

struct totp_policy {
    enum totp_mode mode;
    const char *roles; // "owner, finance"; of TOTP_REQUIRED_FOR
};

// "off", "optional", "required", "required-for: ROLE, ROLE"; `out` points into the text.
MUST_CHECK bool totp_policy_parse(const char *text, struct totp_policy *out);
bool totp_policy_names(const struct totp_policy *policy, const char *role);
// By the words that the user's roles have now.
MUST_CHECK enum status totp_policy_demands(const struct totp_policy *policy, struct txn *txn,
                                           const UserRecord *user, bool *demands);

// "approve" or "allow".
MUST_CHECK bool device_policy_parse(const char *text, bool *needs_approval);
