// SPDX-License-Identifier: Apache-2.0
#pragma once

// `kontord recover-admin`: a new invitation for an owner who lost everything. Asks the server at
// work through its local socket, or does it itself when none is.

#include "server/store/store.h"

struct recover_options {
    struct store_options store;
    const char *login;
    const char *output;  // file that gets the invitation
    const char *address; // that it names when no server is at work; NULL: INIT_ADDRESS
    int64_t instant_us;
};

// STATUS_NOT_FOUND: nobody with the role of an owner has this login. STATUS_STORE_EXISTS: the
// output is there already.
MUST_CHECK enum status recover_run(const struct recover_options *options);
