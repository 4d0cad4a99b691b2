// SPDX-License-Identifier: Apache-2.0
#pragma once

// `kontord key`: the rotation of the server's static key (security.md b). The book is not being
// served meanwhile. A plan draws the next key and writes what the house key is to sign; signing
// happens where the house key is, without the book; applying publishes the statement and changes
// the key when the old one is no longer in it.

#include "server/store/store.h"

struct key_options {
    struct store_options store;
    const char *statement; // file that is read, of sign and apply
    const char *output;    // file that is written, of plan, finish, revoke and sign
    const char *house_key; // file, of sign
    int64_t instant_us;
};

// The next key beside the current one: statement with both.
MUST_CHECK enum status key_plan(const struct key_options *options);
// The end of the overlap: only the next key, the current one revoked. STATUS_KEY_NOT_PLANNED unless
// clients could learn the next one from a statement that was applied.
MUST_CHECK enum status key_finish(const struct key_options *options);
// After a theft: a planned key lay beside the stolen one and is as good as stolen, so everything
// that was ever valid is revoked, and only a key drawn now is valid.
MUST_CHECK enum status key_revoke(const struct key_options *options);
MUST_CHECK enum status key_sign_statement(const struct key_options *options);
// STATUS_STATEMENT_WRONG, _OLD; repeating what was applied is fine.
MUST_CHECK enum status key_apply(const struct key_options *options);
// What there is, in words, on `out`.
MUST_CHECK enum status key_list(const struct key_options *options, FILE *out);
