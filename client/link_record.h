// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside the link: its state, its bytes and its records. For client/link*.c only.

#include "client/link.h"
#include "shared/record.h"

#define RECORD_BYTES_MAX (RECORD_LENGTH_BYTES + RECORD_CIPHER_MAX)

struct buffer {
    uint8_t *data;
    size_t start; // consumed up to here
    size_t size;
    size_t room;
};

struct link {
    int descriptor;
    enum status status;
    uint32_t answer_ms;
    uint32_t dead_ms;
    int64_t heard_ms; // when bytes came last
    struct greeting greeting;
    uint8_t channel_id[NOISE_HASH_BYTES];
    struct channel send;
    struct channel receive;

    uint64_t last_id;
    uint64_t flight[IN_FLIGHT_MAX]; // unanswered requests; 0: free
    size_t flight_count;
    size_t flight_max;

    struct buffer input; // ciphertext as it came
    struct assembly assembly;
    struct arena *assembly_arena;
    struct record message; // complete, waits to be taken
    bool complete;
    struct arena *scratch; // of the request that is being packed
    uint8_t output[RECORD_BYTES_MAX];
};

void link_free(struct link *link);

// Marks the link as failed; gives the status that it failed with first.
enum status link_fail(struct link *link, enum status status);

// Takes what is there without waiting.
MUST_CHECK enum status take_input(struct link *link);
// Until `size` bytes are there.
MUST_CHECK enum status await_input(struct link *link, size_t size, int64_t deadline_ms);
// Writes all; what the server says meanwhile is kept, so that two full pipes cannot block each
// other.
MUST_CHECK enum status write_all(struct link *link, struct bytes bytes, int64_t deadline_ms);

MUST_CHECK enum status send_record(struct link *link, const struct record *record);
// The next record, whatever it is. Its data lie in the input until the next call.
MUST_CHECK enum status next_record(struct link *link, int64_t deadline_ms, struct record *out);
// Is a whole record there, so that next_record will not wait?
bool has_record(const struct link *link);
// Answers what belongs to the channel itself and assembles the rest; link->complete tells that a
// message is whole.
MUST_CHECK enum status take_record(struct link *link, const struct record *record);
// Reads on to the server's CLOSE, which says more than a failed write.
MUST_CHECK enum status hear_close(struct link *link);
