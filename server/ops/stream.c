// SPDX-License-Identifier: Apache-2.0
#include "server/ops/stream.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>
#include <zstd.h>

#define MAGIC_BYTES      8
#define KEY_ID_BYTES     16
#define KEY_ID_AT        12
#define SEAL_AT          28
#define SEAL_HEADER      crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define SEAL_EXTRA       crypto_secretstream_xchacha20poly1305_ABYTES
#define TAG_MORE         crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
#define TAG_FINAL        crypto_secretstream_xchacha20poly1305_TAG_FINAL
#define HEADER_BYTES     (SEAL_AT + SEAL_HEADER)
#define SEAL_KEY_FILE    1
#define COMPRESSION_ZSTD 1
#define ZSTD_LEVEL       3

static_assert(SEAL_HEADER == 24 && SEAL_EXTRA == 17,
              "the numbers that the header's paragraph says");
static_assert(KEY_BYTES == crypto_secretstream_xchacha20poly1305_KEYBYTES, "a key is a key");

static const uint8_t MAGIC[MAGIC_BYTES] = {'K', 'T', 'R', 'S', 'T', 'R', 'M', '1'};

struct stream_writer {
    int fd;
    crypto_secretstream_xchacha20poly1305_state seal;
    ZSTD_CCtx *zstd;
    uint8_t header[HEADER_BYTES];
    bool header_bound;
    size_t plain_size;
    uint8_t plain[STREAM_CHUNK_MAX];
    uint8_t sealed[4 + STREAM_CHUNK_MAX + SEAL_EXTRA];
};

struct stream_reader {
    int fd;
    enum stream_kind kind;
    crypto_secretstream_xchacha20poly1305_state seal;
    ZSTD_DCtx *zstd;
    uint8_t header[HEADER_BYTES];
    bool header_bound;
    bool last_seen;
    bool frame_open; // zstd waits for more
    size_t plain_size;
    size_t plain_used;
    uint8_t plain[STREAM_CHUNK_MAX];
    uint8_t sealed[STREAM_CHUNK_MAX + SEAL_EXTRA];
};

struct key stream_key(const struct key *key_file)
{
    struct key key = {{0}};
    key_hash(key_file, bytes_of("kontor backup stream", 20), key.bytes, KEY_BYTES);
    return key;
}

static void key_id(const struct key *key, uint8_t out[static KEY_ID_BYTES])
{
    key_hash(key, bytes_of("id", 2), out, KEY_ID_BYTES);
}

// ---- write ----

static enum status write_all(int fd, const uint8_t *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t count = write(fd, bytes + done, size - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count < 0 && errno == ENOSPC ? STATUS_STORE_FULL : STATUS_FILE_ERROR;
        }
        done += (size_t)count;
    }
    return STATUS_OK;
}

void stream_writer_free_at(struct stream_writer **writer)
{
    if (*writer != NULL) {
        (void)ZSTD_freeCCtx((*writer)->zstd);
        sodium_memzero(*writer, sizeof **writer);
        free(*writer);
        *writer = NULL;
    }
}

enum status stream_writer_open(int fd, const struct key *key, enum stream_kind kind,
                               struct stream_writer **out)
{
    struct stream_writer *writer CLEANUP(stream_writer_free_at) = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return STATUS_ENVIRONMENT;
    }
    writer->fd = fd;
    writer->zstd = ZSTD_createCCtx();
    if (writer->zstd == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL))) {
        return STATUS_ENVIRONMENT;
    }
    memcpy(writer->header, MAGIC, MAGIC_BYTES);
    writer->header[MAGIC_BYTES] = (uint8_t)kind;
    writer->header[MAGIC_BYTES + 1] = SEAL_KEY_FILE;
    writer->header[MAGIC_BYTES + 2] = COMPRESSION_ZSTD;
    key_id(key, writer->header + KEY_ID_AT);
    (void)crypto_secretstream_xchacha20poly1305_init_push(&writer->seal, writer->header + SEAL_AT,
                                                          key->bytes);
    const enum status status = write_all(fd, writer->header, HEADER_BYTES);
    if (status != STATUS_OK) {
        return status;
    }
    *out = writer;
    writer = NULL;
    return STATUS_OK;
}

static enum status chunk_write(struct stream_writer *writer, uint8_t tag)
{
    const bool first = !writer->header_bound;
    writer->header_bound = true;
    unsigned long long sealed_size = 0;
    (void)crypto_secretstream_xchacha20poly1305_push(
        &writer->seal, writer->sealed + 4, &sealed_size, writer->plain, writer->plain_size,
        first ? writer->header : NULL, first ? HEADER_BYTES : 0, tag);
    put_u32(writer->sealed, (uint32_t)sealed_size);
    writer->plain_size = 0;
    return write_all(writer->fd, writer->sealed, 4 + (size_t)sealed_size);
}

// Feeds zstd and writes each chunk that fills up.
static enum status compress(struct stream_writer *writer, struct bytes bytes, ZSTD_EndDirective end)
{
    ZSTD_inBuffer in = {.src = bytes.data, .size = bytes.size};
    while (true) {
        ZSTD_outBuffer room = {
            .dst = writer->plain, .size = STREAM_CHUNK_MAX, .pos = writer->plain_size};
        const size_t left = ZSTD_compressStream2(writer->zstd, &room, &in, end);
        if (ZSTD_isError(left)) {
            return STATUS_ENVIRONMENT;
        }
        writer->plain_size = room.pos;
        if (room.pos == room.size) {
            const enum status status = chunk_write(writer, TAG_MORE);
            if (status != STATUS_OK) {
                return status;
            }
        } else if (in.pos == in.size && (end != ZSTD_e_end || left == 0)) {
            return STATUS_OK;
        }
    }
}

enum status stream_write(struct stream_writer *writer, struct bytes bytes)
{
    return compress(writer, bytes, ZSTD_e_continue);
}

enum status stream_finish(struct stream_writer *writer)
{
    const enum status status = compress(writer, bytes_of(NULL, 0), ZSTD_e_end);
    return status == STATUS_OK ? chunk_write(writer, TAG_FINAL) : status;
}

// ---- read ----

// STATUS_END when the file ends before the first byte, STATUS_INCOMPLETE when it ends later.
static enum status read_all(int fd, uint8_t *out, size_t size)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t count = read(fd, out + done, size - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return STATUS_UNREADABLE;
        }
        if (count == 0) {
            return done == 0 ? STATUS_END : STATUS_INCOMPLETE;
        }
        done += (size_t)count;
    }
    return STATUS_OK;
}

void stream_reader_free_at(struct stream_reader **reader)
{
    if (*reader != NULL) {
        (void)ZSTD_freeDCtx((*reader)->zstd);
        sodium_memzero(*reader, sizeof **reader);
        free(*reader);
        *reader = NULL;
    }
}

static enum status header_check(const uint8_t header[static HEADER_BYTES], const struct key *key)
{
    if (memcmp(header, MAGIC, MAGIC_BYTES) != 0) {
        return STATUS_UNREADABLE;
    }
    const uint8_t kind = header[MAGIC_BYTES];
    if ((kind != STREAM_KEYS && kind != STREAM_ROWS) || header[MAGIC_BYTES + 1] != SEAL_KEY_FILE ||
        header[MAGIC_BYTES + 2] != COMPRESSION_ZSTD || header[MAGIC_BYTES + 3] != 0) {
        return STATUS_VERSION;
    }
    uint8_t id[KEY_ID_BYTES];
    key_id(key, id);
    return keys_equal(id, header + KEY_ID_AT, KEY_ID_BYTES) ? STATUS_OK : STATUS_KEY_MISSING;
}

enum status stream_reader_open(int fd, const struct key *key, struct stream_reader **out)
{
    struct stream_reader *reader CLEANUP(stream_reader_free_at) = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return STATUS_ENVIRONMENT;
    }
    reader->fd = fd;
    reader->zstd = ZSTD_createDCtx();
    if (reader->zstd == NULL) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = read_all(fd, reader->header, HEADER_BYTES);
    if (status == STATUS_OK) {
        status = header_check(reader->header, key);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reader->kind = (enum stream_kind)reader->header[MAGIC_BYTES];
    if (crypto_secretstream_xchacha20poly1305_init_pull(&reader->seal, reader->header + SEAL_AT,
                                                        key->bytes) != 0) {
        return STATUS_TAMPERED;
    }
    *out = reader;
    reader = NULL;
    return STATUS_OK;
}

enum stream_kind stream_reader_kind(const struct stream_reader *reader)
{
    return reader->kind;
}

static enum status chunk_read(struct stream_reader *reader)
{
    uint8_t size_bytes[4];
    enum status status = read_all(reader->fd, size_bytes, sizeof size_bytes);
    if (status != STATUS_OK) {
        return status == STATUS_END ? STATUS_INCOMPLETE : status;
    }
    const size_t size = get_u32(size_bytes);
    if (size < SEAL_EXTRA || size > sizeof reader->sealed) {
        return STATUS_TAMPERED;
    }
    status = read_all(reader->fd, reader->sealed, size);
    if (status != STATUS_OK) {
        return status == STATUS_END ? STATUS_INCOMPLETE : status;
    }
    const bool first = !reader->header_bound;
    reader->header_bound = true;
    unsigned long long plain_size = 0;
    unsigned char tag = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(
            &reader->seal, reader->plain, &plain_size, &tag, reader->sealed, size,
            first ? reader->header : NULL, first ? HEADER_BYTES : 0) != 0) {
        return STATUS_TAMPERED;
    }
    reader->plain_size = (size_t)plain_size;
    reader->plain_used = 0;
    reader->last_seen = tag == TAG_FINAL;
    return STATUS_OK;
}

enum status stream_read(struct stream_reader *reader, uint8_t *out, size_t size)
{
    ZSTD_outBuffer room = {.dst = out, .size = size};
    while (room.pos < room.size) {
        // zstd keeps opened bytes of its own: it is asked even when the chunk is used up.
        ZSTD_inBuffer in = {
            .src = reader->plain, .size = reader->plain_size, .pos = reader->plain_used};
        const size_t before = room.pos;
        const size_t hint = ZSTD_decompressStream(reader->zstd, &room, &in);
        if (ZSTD_isError(hint)) {
            return STATUS_TAMPERED;
        }
        const bool moved = room.pos > before || in.pos > reader->plain_used;
        reader->plain_used = in.pos;
        if (moved) {
            reader->frame_open = hint != 0;
            continue;
        }
        if (reader->last_seen) {
            return reader->frame_open || room.pos > 0 ? STATUS_INCOMPLETE : STATUS_END;
        }
        const enum status status = chunk_read(reader);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}
