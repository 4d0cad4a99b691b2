// SPDX-License-Identifier: Apache-2.0
#include "shared/trail.h"

static const char TYPES[] = {TRAIL_EPOCH, TRAIL_RECORD, TRAIL_COMMIT, TRAIL_CHECKPOINT, TRAIL_END};

void trail_put_front(uint8_t out[static TRAIL_FRONT_BYTES], enum trail_frame type, size_t size)
{
    assert(size <= TRAIL_FRAME_MAX);
    out[0] = (uint8_t)type;
    put_u32(out + 1, (uint32_t)size);
}

bool trail_parse_front(const uint8_t front[static TRAIL_FRONT_BYTES], enum trail_frame *type,
                       size_t *size)
{
    *size = get_u32(front + 1);
    *type = (enum trail_frame)front[0];
    return memchr(TYPES, front[0], sizeof TYPES) != NULL && *size <= TRAIL_FRAME_MAX;
}

void trail_put_end(uint8_t out[static TRAIL_END_BYTES], const struct trail_counts *counts)
{
    put_u64(out, counts->records);
    put_u64(out + 8, counts->commits);
    put_u64(out + 16, counts->checkpoints);
    put_u64(out + 24, counts->epochs);
}

bool trail_parse_end(struct bytes content, struct trail_counts *out)
{
    if (content.size != TRAIL_END_BYTES) {
        return false;
    }
    out->records = get_u64(content.data);
    out->commits = get_u64(content.data + 8);
    out->checkpoints = get_u64(content.data + 16);
    out->epochs = get_u64(content.data + 24);
    return true;
}
