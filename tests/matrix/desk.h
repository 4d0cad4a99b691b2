// SPDX-License-Identifier: Apache-2.0
#pragma once

// A server without sockets, in one process: the bytes of a request go through the real gate, the
// real admission, queue, access and ledger, and come back as the bytes of a reply. Only the channel
// is left out (tests/wire has it), and the log can forget what it did (undo.h).

#include "server/admit/admit.h"
#include "tests/unit/temporary.h"

struct desk {
    struct temporary temporary;
    struct store *store;
    struct views *views;
    struct queue *queue;
    struct admit *admit;
    struct arena *arena; // of the caller's requests and replies, until desk_reset
    uv_loop_t loop;
    int64_t now_us; // the wall clock
    uint32_t drawn; // counts what admission would draw
    uint32_t keys;  // counts request ids
    size_t asked;
};

struct member;

// A new book, which its owner has joined; ends the program when that fails. With the keys of
// another desk's book when there is one (`like` may be NULL): then what is hashed with them is the
// same in both.
void desk_open(struct desk *desk, int64_t now_us, const struct desk *like, struct member *owner);
void desk_close(struct desk *desk);
void desk_reset(struct desk *desk); // the arena

// Puts `inner` into a Request, with a new request id when it is a write, and packs it.
struct bytes desk_pack(struct desk *desk, const struct command *command, ProtobufCMessage *inner,
                       bool dry_run);
// Packed bytes in, packed bytes out; both in the desk's arena.
struct bytes desk_ask(struct desk *desk, const struct peer *peer, struct bytes packed);
Reply *desk_reply(struct desk *desk, struct bytes packed);

// The same for several that go into one batch, behind a first one that is under way meanwhile.
struct asking {
    struct desk *desk;
    struct bytes reply;
    bool is_done;
};

void desk_send(struct desk *desk, const struct peer *peer, struct bytes packed,
               struct asking *asking);
void desk_wait(struct desk *desk, const struct asking *asking);
// All three in one.
Reply *desk_call(struct desk *desk, const struct peer *peer, const char *command,
                 ProtobufCMessage *inner);
// The same, ends the program when it is not done; the result.
ProtobufCMessage *desk_do(struct desk *desk, const struct peer *peer, const char *command,
                          ProtobufCMessage *inner);

ProtobufCMessage *desk_make(struct desk *desk, const ProtobufCMessageDescriptor *descriptor);
char *desk_text(struct desk *desk, const char *text);

// ---- people; beside admission, so that nobody waits for a password's hash and no count of
// refusals is kept ----

struct member {
    char login[32];
    uint64_t user_id;
    struct peer peer; // device, and the session begun last
};

// Invites and no more; the user's id.
uint64_t desk_invite(struct desk *desk, const struct peer *owner, const char *login,
                     UserInvite *invite);
// Invites and lets join. `member->login` is set; the other fields of the invitation are given.
void desk_join(struct desk *desk, const struct peer *owner, UserInvite *invite,
               struct member *member);
// A new session of a member, by password; it is the freshest. Returns its id.
uint64_t desk_login(struct desk *desk, struct member *member);
