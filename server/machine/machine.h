// SPDX-License-Identifier: Apache-2.0
#pragma once

// The machine: one call in one transaction. Who is it, may they, was this request id seen, then the stored outcome or the
// command's function, then the journal record; all in the transaction of the batch. Pure: stamps are handed in.

#include "server/ledger/call.h"
#include "server/views/views.h"


// Who is at the other end of a channel, as the handshake proved it.
struct peer {
    uint64_t device_id;           // 0: none (mode 2 before joining)
    uint64_t session_id;          // 0: not logged in
    bool invited;                 // mode-2 channel
    bool system;                  // the server itself
    uint8_t device_key[KEY_BYTES];
    uint8_t invitation_id[16];
};

struct stamp {
    uint64_t number;
    int64_t instant_us;
    int32_t book_day;
};

// Runs one write inside `txn`: access, outcome look-up, command, journal record, outcome record. Business refusals are a
// result (STATUS_OK of this function, reply->status says it); what it returns is the environment's failure only.
MUST_CHECK enum status machine_write(struct txn *txn, const struct peer *peer, const struct stamp *stamp,
                                     const Request *request, const uint8_t request_hash[static 32], struct call *call,
                                     Reply *reply);

// Runs one read or one preview (TXN_READ, TXN_PREVIEW).
MUST_CHECK enum status machine_read(struct txn *txn, const struct views *views, const struct peer *peer,
                                    const struct stamp *stamp, const Request *request, struct call *call, Reply *reply);
