// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is written down of a call, in its own transaction: the journal record with its leaf of the
// Merkle tree, and the outcome that answers a repeated request id. The journal is the audit log,
// the replay test and the point-in-time restore at once.

#include "server/machine/machine.h"

// Appends the record of the call and moves the head: number, instant, day, tree and root. Asserts
// that no secret is in it.
MUST_CHECK enum status journal_append(struct txn *txn, const struct peer *peer,
                                      const struct call *call, const Request *request,
                                      const uint8_t request_hash[static 32]);

// STATUS_NOT_FOUND when the request id is new; STATUS_KEY_REUSED when it was used by another device
// or for another request; else fills `reply` with the stored one.
MUST_CHECK enum status outcome_find(struct txn *txn, const struct peer *peer, struct arena *arena,
                                    ProtobufCBinaryData key, const uint8_t request_hash[static 32],
                                    Reply *reply);
MUST_CHECK enum status outcome_put(struct txn *txn, const struct call *call,
                                   ProtobufCBinaryData key, const Reply *reply);

// Are all fields of class SECRET of this command's message empty?
bool journal_is_clean(const struct command *command, const Request *request);
