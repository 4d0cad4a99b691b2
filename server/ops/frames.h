// SPDX-License-Identifier: Apache-2.0
#pragma once

// What stands in the streams of a backup: frames of type (1), size (4) and payload, integers
// big-endian.
//
//   begin  format (4), backup id (16), schema (4), instant in us (8), program version (text)
//   file   size of the name (1), name, content: keyring and server.key of the store's directory
//   row    table (1), size of the key (1), key, row version (4), packed record
//   head   packed HeadRecord
//   end    number of rows (8), then for each table with rows its number (1) and count (8)
//
// The keys stream comes first: begin, files, rows of the tables of keys, end. Then the rows stream
// with the same backup id: begin, all other rows in order of table and key, head, end. Keys are
// apart so that they can be kept for a shorter time.

#include "server/ops/stream.h"
#include "server/store/store.h"

#define BACKUP_FORMAT   1
#define BACKUP_ID_BYTES 16
#define FRAME_BYTES_MAX (STORE_VALUE_BYTES_MAX + 64)
#define FRAME_FILE_MAX  ((size_t)64 * 1024)

enum frame_type {
    FRAME_BEGIN = 'B',
    FRAME_FILE = 'F',
    FRAME_ROW = 'R',
    FRAME_HEAD = 'H',
    FRAME_END = 'E',
};

struct frame_row {
    enum table table;
    struct row_key key;
    uint32_t version;
    struct bytes packed;
};

struct frame_counts {
    uint64_t total;
    uint64_t table[TABLE_LIMIT];
};

// Does the table belong to the keys stream?
bool table_is_of_keys(enum table table);

MUST_CHECK enum status frame_write_begin(struct stream_writer *writer,
                                         const uint8_t backup_id[static BACKUP_ID_BYTES],
                                         int64_t instant_us);
MUST_CHECK enum status frame_write_file(struct stream_writer *writer, const char *name,
                                        struct bytes content);
MUST_CHECK enum status frame_write_row(struct stream_writer *writer, const struct frame_row *row);
MUST_CHECK enum status frame_write_head(struct stream_writer *writer, struct bytes packed);
MUST_CHECK enum status frame_write_end(struct stream_writer *writer,
                                       const struct frame_counts *counts);

// The next frame; its payload lies in the arena. STATUS_INCOMPLETE when the stream ends without an
// end frame's being asked.
MUST_CHECK enum status frame_read(struct stream_reader *reader, struct arena *arena,
                                  enum frame_type *type, struct bytes *payload);
MUST_CHECK enum status frame_parse_begin(struct bytes payload,
                                         uint8_t backup_id[static BACKUP_ID_BYTES],
                                         int64_t *instant_us);
// The name is a copy in the arena and holds no slash.
MUST_CHECK enum status frame_parse_file(struct arena *arena, struct bytes payload,
                                        const char **name, struct bytes *content);
MUST_CHECK enum status frame_parse_row(struct bytes payload, struct frame_row *row);
MUST_CHECK enum status frame_parse_end(struct bytes payload, struct frame_counts *counts);
