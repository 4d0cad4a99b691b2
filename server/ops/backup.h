// SPDX-License-Identifier: Apache-2.0
#pragma once

// The backup of a whole book while no server runs: a logical stream, rows in key order, opened from
// storage (personal fields stay in their boxes under the customers' keys), compressed, sealed under
// the key file. It is read back after it was written and compared. Restoring goes into a new
// directory only.

#include "server/ops/frames.h"

struct backup_report {
    uint64_t number;    // of the last journal record
    int64_t instant_us; // of that record
    uint64_t row_count;
    uint64_t key_count; // rows of the keys stream
    uint64_t file_bytes;
    uint8_t tree_root[LEAF_BYTES];
    struct digest digest;
};

// Writes `to`, which must not exist, and reads it back. STATUS_TAMPERED or _INCOMPLETE when the
// store itself is damaged: then no file is left. `instant_us` is when it was made. The store must
// have a key file.
MUST_CHECK enum status backup_write(const struct store_options *options, const char *to,
                                    int64_t instant_us, struct backup_report *report);

// What a reader of a backup is told, in the order of the streams. Any may be NULL.
struct backup_sink {
    void *context;
    enum status (*file)(void *context, const char *name, struct bytes content);
    enum status (*row)(void *context, const struct frame_row *row);
    enum status (*head)(void *context, const HeadRecord *head);
};

// Reads a whole backup: both streams whole and of one backup, counts as said, journal without gaps
// and its tree with the root of the head. The digest is compared by who has the store's keys.
MUST_CHECK enum status backup_read(const char *path, const struct key *key_file,
                                   const struct backup_sink *sink, struct backup_report *report);

// Restores into `options->dir`, which must not exist: rows, head and files as they were, then
// compares digest and root.
MUST_CHECK enum status backup_restore(const char *path, const struct store_options *options,
                                      struct backup_report *report);
