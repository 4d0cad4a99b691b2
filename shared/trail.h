// SPDX-License-Identifier: Apache-2.0
#pragma once

// The form of an exported journal ("trail"): what an auditor takes away, and checks without the
// server. A file of frames, all integers big-endian:
//
//   magic "KTRAUD1\n" (8), then frames: type (1), size of the content (4), content
//
//   'S' signing epoch   the house key (32) where it signed, else 32 zeros; the statement, a signed
//                       note
//   'R' record          the journal record as stored: its bytes are the leaf of the tree
//   'C' commit          the packed commit header, behind the records that it added
//   'P' checkpoint      a signed note, behind the commit up to which it reaches
//   'Z' end             numbers (8 each) of records, commits, checkpoints and epochs; nothing
//   follows
//
// An epoch stands behind the commit that its statement names, and before its first checkpoint.
// Personal parts of the records are sealed under keys that are not in the file.

#include "shared/arena.h"
#include "shared/bytes.h"
#include "shared/status.h"

#define TRAIL_MAGIC       "KTRAUD1\n"
#define TRAIL_MAGIC_BYTES 8
#define TRAIL_FRONT_BYTES 5
#define TRAIL_END_BYTES   32
#define TRAIL_FRAME_MAX   ((size_t)2 * 1024 * 1024)

enum trail_frame {
    TRAIL_EPOCH = 'S',
    TRAIL_RECORD = 'R',
    TRAIL_COMMIT = 'C',
    TRAIL_CHECKPOINT = 'P',
    TRAIL_END = 'Z',
};

struct trail_counts {
    uint64_t records;
    uint64_t commits;
    uint64_t checkpoints;
    uint64_t epochs;
};

void trail_put_front(uint8_t out[static TRAIL_FRONT_BYTES], enum trail_frame type, size_t size);
// False when there is no such frame, or it is larger than any.
bool trail_parse_front(const uint8_t front[static TRAIL_FRONT_BYTES], enum trail_frame *type,
                       size_t *size);
void trail_put_end(uint8_t out[static TRAIL_END_BYTES], const struct trail_counts *counts);
bool trail_parse_end(struct bytes content, struct trail_counts *out);
