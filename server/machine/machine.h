// SPDX-License-Identifier: Apache-2.0
#pragma once

// The machine: one call in one transaction. Who is it, may they, was this request id seen, then the
// stored outcome or the command's function, then the journal record; all in the transaction of the
// batch. Pure: stamps are handed in.

#include "server/ledger/call.h"
#include "server/views/views.h"

#define MACHINE_FEATURE_LEVEL 1 // rises when the same journal would give another state

// Who is at the other end of a channel, as the handshake proved it.
struct peer {
    uint64_t device_id;  // 0: none (mode 2 before joining)
    uint64_t session_id; // 0: not logged in
    bool invited;        // mode-2 channel
    bool system;         // the server itself
    bool local;          // on the socket of this machine
    uint8_t device_key[KEY_BYTES];
    uint8_t invitation_id[16];
};

struct stamp {
    uint64_t number;
    int64_t instant_us;
    int32_t book_day;
};

// What a call brings along beside its request: rows outside of journal and digest, which a replay
// does not have. A customer's key is kept only when the call made a customer of that vault.
struct admitted_key {
    uint64_t vault_id;
    struct key key;
};

struct admitted {
    struct admitted_key *key;
    size_t key_count;
    bool has_psk; // of a new invitation
    uint8_t invitation_id[16];
    struct key psk;
    int64_t psk_expires_us;
};

// Runs one write inside `txn`: access, outcome look-up, command, journal record, outcome record.
// `call` needs its arena only; `stamp->number` is the next journal number; `admitted` may be NULL.
// Business refusals are a result (STATUS_OK of this function, reply->status says it). What it
// returns is STATUS_TOO_LARGE when the call ran out of memory after its first write, or the
// environment's failure: in both cases the transaction must be given up.
MUST_CHECK enum status machine_write(struct txn *txn, const struct peer *peer,
                                     const struct stamp *stamp, const Request *request,
                                     const uint8_t request_hash[static 32],
                                     const struct admitted *admitted, struct call *call,
                                     Reply *reply);

// Runs one read or one preview (TXN_READ, TXN_PREVIEW); stamp->number is 0. A preview leaves its
// plan token in reply->plan.
MUST_CHECK enum status machine_read(struct txn *txn, const struct views *views,
                                    const struct peer *peer, const struct stamp *stamp,
                                    const Request *request, struct call *call, Reply *reply);

// The stored journal record run again, as it was: same stamp, same request, same hash.
// *reply_status is what it answers now.
MUST_CHECK enum status machine_replay(struct txn *txn, const JournalRecord *record,
                                      struct arena *arena, enum status *reply_status);
