// SPDX-License-Identifier: Apache-2.0
#pragma once

// A sealed, compressed stream of bytes that describes itself: what a backup is made of. The form,
// all integers big-endian:
//
//   header  magic "KTRSTRM1" (8), kind (1), seal (1), compression (1), zero (1), key id (16),
//   seal's header (24) chunk   size (4), then that many bytes: at most STREAM_CHUNK_MAX of the
//   compressed stream, and 17 of the seal
//
// Seal 1 is libsodium's secretstream (XChaCha20-Poly1305) under a key made of the store's key file;
// the first chunk binds the header, the last one bears the tag FINAL, so that a cut, swapped or
// appended chunk is found. Compression 1 is zstd. Other seals and compressions have other numbers;
// a reader refuses what it does not know. Several streams may follow each other in one file.

#include "shared/keys.h"

#define STREAM_CHUNK_MAX ((size_t)64 * 1024)

enum stream_kind { STREAM_KEYS = 1, STREAM_ROWS = 2 };

struct stream_writer;
struct stream_reader;

// The key of streams that is made of a key file's bytes.
struct key stream_key(const struct key *key_file);

MUST_CHECK enum status stream_writer_open(int fd, const struct key *key, enum stream_kind kind,
                                          struct stream_writer **out);
MUST_CHECK enum status stream_write(struct stream_writer *writer, struct bytes bytes);
// Writes what is left and the last chunk. Without it the stream is refused by every reader.
MUST_CHECK enum status stream_finish(struct stream_writer *writer);
void stream_writer_free_at(struct stream_writer **writer);

// STATUS_END when nothing more is in the file, STATUS_UNREADABLE when it is no stream,
// STATUS_VERSION for a form that this program does not know, STATUS_KEY_MISSING when it was sealed
// under another key.
MUST_CHECK enum status stream_reader_open(int fd, const struct key *key,
                                          struct stream_reader **out);
enum stream_kind stream_reader_kind(const struct stream_reader *reader);
// Exactly `size` bytes. STATUS_END at the end of the stream, STATUS_INCOMPLETE when it is cut,
// STATUS_TAMPERED.
MUST_CHECK enum status stream_read(struct stream_reader *reader, uint8_t *out, size_t size);
void stream_reader_free_at(struct stream_reader **reader);
