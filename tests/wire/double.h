// SPDX-License-Identifier: Apache-2.0
#pragma once

// In place of admission and everything behind it: answers the commands that the wire tests ask,
// from memory. What a test sets or reads here it sets or reads on the loop (server_do).

#include "server/net/listener.h"

#define DOUBLE_DEVICES_MAX 4
#define DOUBLE_PASSWORD    "the right password"

struct double_device {
    uint8_t key[KEY_BYTES];
    bool revoked;
    bool session_live;
    uint8_t token[TOKEN_BYTES];
};

enum double_invitation { DOUBLE_OPEN, DOUBLE_USED, DOUBLE_EXPIRED };

struct admit {
    uv_loop_t *loop;
    uv_async_t wake;
    struct listener *listener; // told of commits
    struct job *first;
    struct job *last;
    bool hold; // jobs wait until it is false again

    struct double_device device[DOUBLE_DEVICES_MAX];
    size_t device_count;
    uint8_t invitation_id[INVITATION_ID_BYTES];
    struct key invitation_psk;
    enum double_invitation invitation;

    uint64_t number; // journal number: counts the writes
    size_t handled;
    size_t rows_seen; // of import_rows
    uint8_t last_hash[32];
    size_t reply_bytes;  // size of a whoami reply's text
    unsigned page_count; // of a list
    size_t page_bytes;

    // Of a test that answers some commands itself; false: not this one.
    bool (*answer)(void *context, struct job *job, enum status *status);
    void *answer_context;
};

void double_start(struct admit *admit, uv_loop_t *loop);
void double_stop(struct admit *admit);
// Lets the held jobs go.
void double_release(struct admit *admit);
