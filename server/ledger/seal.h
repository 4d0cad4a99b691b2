// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a sealed period commits to (domain.md d.12): hashes of the trial balance and of all that
// happened to open items up to its end, the journal's root, and the seal before. Pure; what is
// hashed stands here alone, so that whoever verifies computes the same.

#include "server/ledger/books.h"

#define SEAL_BYTES 32

// The trial balance: a line for each account that ever moved, in order of codes.
void seal_account(uint8_t hash[static SEAL_BYTES], uint32_t account, int64_t opening_minor,
                  int64_t debit_minor, int64_t credit_minor);

// What happened to open items, in any order: a sum modulo 2^256.
void seal_item(uint8_t sum[static SEAL_BYTES], const ItemRecord *item);
void seal_allocation(uint8_t sum[static SEAL_BYTES], const AllocationRecord *allocation);
// Adds the sum of a month; one without any is empty.
void seal_sum(uint8_t sum[static SEAL_BYTES], ProtobufCBinaryData other);

// The seal of a record whose other fields stand; `previous` is the seal before, NULL for the first.
void seal_hash(const SealRecord *record, const SealRecord *previous,
               uint8_t out[static SEAL_BYTES]);
