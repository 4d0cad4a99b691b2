// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every target needs: the entry that libFuzzer calls, and bytes taken from the front of its
// input. A target reports a fault by an assertion, which is a crash with a trace.

#include "shared/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The next `size` bytes of the input into `out`; zeros where it has ended.
static inline void input_take(struct bytes *input, uint8_t *out, size_t size)
{
    const size_t taken = size < input->size ? size : input->size;
    memset(out, 0, size);
    if (taken > 0) {
        memcpy(out, input->data, taken);
        *input = bytes_of(input->data + taken, input->size - taken);
    }
}

static inline uint8_t input_byte(struct bytes *input)
{
    uint8_t byte;
    input_take(input, &byte, 1);
    return byte;
}
