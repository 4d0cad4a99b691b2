// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/seal.h"

#include "shared/keys.h"

#define PARTS_MAX 8 // numbers of one line or event

static_assert(SEAL_BYTES == KEY_BYTES, "a seal is a BLAKE2b-256");

// Numbers as 8 bytes each, big-endian, behind `front`.
static void hash_numbers(const char *personal, const uint8_t *front, size_t front_size,
                         const uint64_t *number, size_t count, uint8_t out[static SEAL_BYTES])
{
    uint8_t bytes[SEAL_BYTES + PARTS_MAX * 8];
    size_t size = front_size;
    assert(front_size <= SEAL_BYTES && count <= PARTS_MAX);

    if (front_size > 0) {
        memcpy(bytes, front, front_size);
    }
    for (size_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < 8; k++) {
            bytes[size++] = (uint8_t)(number[i] >> (56 - 8 * k) & 0xFF);
        }
    }
    key_hash_personal(personal, bytes_of(bytes, size), out);
}

void seal_account(uint8_t hash[static SEAL_BYTES], uint32_t account, int64_t opening_minor,
                  int64_t debit_minor, int64_t credit_minor)
{
    const uint64_t number[] = {account, (uint64_t)opening_minor, (uint64_t)debit_minor,
                               (uint64_t)credit_minor};
    hash_numbers("kontor trial", hash, SEAL_BYTES, number, COUNT_OF(number), hash);
}

// Little-endian numbers of 32 bytes.
static void add(uint8_t sum[static SEAL_BYTES], const uint8_t other[static SEAL_BYTES])
{
    unsigned carry = 0;
    for (size_t i = 0; i < SEAL_BYTES; i++) {
        carry += (unsigned)sum[i] + other[i];
        sum[i] = (uint8_t)(carry & 0xFF);
        carry >>= 8;
    }
}

void seal_item(uint8_t sum[static SEAL_BYTES], const ItemRecord *item)
{
    const uint64_t number[] = {
        item->id,          (uint64_t)item->side,     item->customer_id,           item->account,
        item->document_id, (uint64_t)item->date_day, (uint64_t)item->amount_minor};
    uint8_t hash[SEAL_BYTES];
    hash_numbers("kontor item", NULL, 0, number, COUNT_OF(number), hash);
    add(sum, hash);
}

void seal_allocation(uint8_t sum[static SEAL_BYTES], const AllocationRecord *allocation)
{
    const uint64_t number[] = {allocation->id,
                               allocation->debit_id,
                               allocation->credit_id,
                               (uint64_t)allocation->amount_minor,
                               (uint64_t)allocation->effective_day,
                               allocation->reverses_id};
    uint8_t hash[SEAL_BYTES];
    hash_numbers("kontor settling", NULL, 0, number, COUNT_OF(number), hash);
    add(sum, hash);
}

void seal_sum(uint8_t sum[static SEAL_BYTES], ProtobufCBinaryData other)
{
    if (other.len == SEAL_BYTES) {
        add(sum, other.data);
    }
}

void seal_hash(const SealRecord *record, const SealRecord *previous, uint8_t out[static SEAL_BYTES])
{
    const uint64_t number[] = {record->period, record->records, record->previous,
                               (uint64_t)record->sealed_us, record->sealed_by};
    const ProtobufCBinaryData parts[] = {record->trial_balance, record->open_items, record->root};
    uint8_t hash[SEAL_BYTES] = {0};
    if (previous != NULL) {
        assert(previous->seal.len == SEAL_BYTES);
        memcpy(hash, previous->seal.data, SEAL_BYTES);
    }
    hash_numbers("kontor seal", hash, SEAL_BYTES, number, COUNT_OF(number), hash);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        uint8_t both[2 * SEAL_BYTES];
        assert(parts[i].len == SEAL_BYTES);
        memcpy(both, hash, SEAL_BYTES);
        memcpy(both + SEAL_BYTES, parts[i].data, SEAL_BYTES);
        key_hash_personal("kontor seal", bytes_of(both, sizeof both), hash);
    }
    memcpy(out, hash, SEAL_BYTES);
}
