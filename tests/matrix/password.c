// SPDX-License-Identifier: Apache-2.0
// In place of server/admit/password.c: Argon2id is made to be slow, and what it costs and says is
// the business of unit/test_admit. Here every password is taken and none is right.
#include "server/admit/password.h"

enum status password_judge(const char *password, const struct password_owner *owner)
{
    assert(password != NULL && owner != NULL);
    return STATUS_OK;
}

enum status password_hash(const struct key *pepper, const char *password,
                          uint8_t out[static PASSWORD_HASH_BYTES])
{
    assert(pepper != NULL && password != NULL);
    memset(out, 1, PASSWORD_HASH_BYTES);
    return STATUS_OK;
}

enum status password_check(const struct key *pepper, const char *password, const uint8_t *stored,
                           bool *is_right)
{
    assert(pepper != NULL && password != NULL);
    (void)stored;
    *is_right = false;
    return STATUS_OK;
}
