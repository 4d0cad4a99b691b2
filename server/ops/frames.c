// SPDX-License-Identifier: Apache-2.0
#include "server/ops/frames.h"

#define BEGIN_BYTES (4 + BACKUP_ID_BYTES + 4 + 8)
#define SCHEMA      1

bool table_is_of_keys(enum table table)
{
    return table == TABLE_vault || table == TABLE_psk;
}

// ---- write ----

static enum status frame_open(struct stream_writer *writer, enum frame_type type, size_t size)
{
    assert(size <= FRAME_BYTES_MAX);
    uint8_t front[5];
    front[0] = (uint8_t)type;
    put_u32(front + 1, (uint32_t)size);
    return stream_write(writer, bytes_of(front, sizeof front));
}

static enum status frame_write(struct stream_writer *writer, enum frame_type type,
                               struct bytes front, struct bytes rest)
{
    enum status status = frame_open(writer, type, front.size + rest.size);
    if (status == STATUS_OK) {
        status = stream_write(writer, front);
    }
    return status == STATUS_OK ? stream_write(writer, rest) : status;
}

enum status frame_write_begin(struct stream_writer *writer,
                              const uint8_t backup_id[static BACKUP_ID_BYTES], int64_t instant_us)
{
    uint8_t front[BEGIN_BYTES];
    put_u32(front, BACKUP_FORMAT);
    memcpy(front + 4, backup_id, BACKUP_ID_BYTES);
    put_u32(front + 4 + BACKUP_ID_BYTES, SCHEMA);
    put_u64(front + 8 + BACKUP_ID_BYTES, (uint64_t)instant_us);
    return frame_write(writer, FRAME_BEGIN, bytes_of(front, sizeof front),
                       bytes_of(KONTOR_VERSION, strlen(KONTOR_VERSION)));
}

enum status frame_write_file(struct stream_writer *writer, const char *name, struct bytes content)
{
    const size_t name_size = strlen(name);
    assert(name_size > 0 && name_size < 64 && content.size <= FRAME_FILE_MAX);
    uint8_t front[64];
    front[0] = (uint8_t)name_size;
    memcpy(front + 1, name, name_size);
    return frame_write(writer, FRAME_FILE, bytes_of(front, 1 + name_size), content);
}

enum status frame_write_row(struct stream_writer *writer, const struct frame_row *row)
{
    uint8_t front[2 + STORE_KEY_BYTES_MAX + 4];
    front[0] = (uint8_t)row->table;
    front[1] = row->key.size;
    memcpy(front + 2, row->key.bytes, row->key.size);
    put_u32(front + 2 + row->key.size, row->version);
    return frame_write(writer, FRAME_ROW, bytes_of(front, 2 + (size_t)row->key.size + 4),
                       row->packed);
}

enum status frame_write_head(struct stream_writer *writer, struct bytes packed)
{
    return frame_write(writer, FRAME_HEAD, packed, bytes_of(NULL, 0));
}

enum status frame_write_end(struct stream_writer *writer, const struct frame_counts *counts)
{
    uint8_t text[8 + TABLE_LIMIT * 9];
    size_t size = 8;
    put_u64(text, counts->total);
    for (size_t table = 0; table < TABLE_LIMIT; table++) {
        if (counts->table[table] > 0) {
            text[size] = (uint8_t)table;
            put_u64(text + size + 1, counts->table[table]);
            size += 9;
        }
    }
    return frame_write(writer, FRAME_END, bytes_of(text, size), bytes_of(NULL, 0));
}

// ---- read ----

enum status frame_read(struct stream_reader *reader, struct arena *arena, enum frame_type *type,
                       struct bytes *payload)
{
    uint8_t front[5];
    enum status status = stream_read(reader, front, sizeof front);
    if (status != STATUS_OK) {
        return status == STATUS_END ? STATUS_INCOMPLETE : status;
    }
    const size_t size = get_u32(front + 1);
    if (size > FRAME_BYTES_MAX || strchr("BFRHE", front[0]) == NULL || front[0] == 0) {
        return STATUS_TAMPERED;
    }
    uint8_t *bytes = arena_alloc(arena, size + 1);
    if (bytes == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = stream_read(reader, bytes, size);
    if (status != STATUS_OK) {
        return status == STATUS_END ? STATUS_INCOMPLETE : status;
    }
    *type = (enum frame_type)front[0];
    *payload = bytes_of(bytes, size);
    return STATUS_OK;
}

enum status frame_parse_begin(struct bytes payload, uint8_t backup_id[static BACKUP_ID_BYTES],
                              int64_t *instant_us)
{
    if (payload.size < BEGIN_BYTES) {
        return STATUS_TAMPERED;
    }
    if (get_u32(payload.data) != BACKUP_FORMAT) {
        return STATUS_VERSION;
    }
    if (get_u32(payload.data + 4 + BACKUP_ID_BYTES) > SCHEMA) {
        return STATUS_STORE_NEWER;
    }
    memcpy(backup_id, payload.data + 4, BACKUP_ID_BYTES);
    *instant_us = (int64_t)get_u64(payload.data + 8 + BACKUP_ID_BYTES);
    return STATUS_OK;
}

enum status frame_parse_file(struct arena *arena, struct bytes payload, const char **name,
                             struct bytes *content)
{
    const size_t name_size = payload.size > 0 ? payload.data[0] : 0;
    if (name_size == 0 || payload.size < 1 + name_size ||
        memchr(payload.data + 1, '/', name_size) != NULL) {
        return STATUS_TAMPERED;
    }
    *name = arena_copy(arena, payload.data + 1, name_size);
    *content = bytes_of(payload.data + 1 + name_size, payload.size - 1 - name_size);
    return *name != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status frame_parse_row(struct bytes payload, struct frame_row *row)
{
    if (payload.size < 2) {
        return STATUS_TAMPERED;
    }
    const uint8_t table = payload.data[0];
    const size_t key_size = payload.data[1];
    if (table == TABLE_NONE || table >= TABLE_LIMIT || table_name((enum table)table) == NULL ||
        table == TABLE_head || key_size == 0 || key_size > STORE_KEY_BYTES_MAX ||
        payload.size < 2 + key_size + 4) {
        return STATUS_TAMPERED;
    }
    *row = (struct frame_row){
        .table = (enum table)table,
        .key.size = (uint8_t)key_size,
        .version = get_u32(payload.data + 2 + key_size),
        .packed = bytes_of(payload.data + 2 + key_size + 4, payload.size - 2 - key_size - 4),
    };
    memcpy(row->key.bytes, payload.data + 2, key_size);
    return STATUS_OK;
}

enum status frame_parse_end(struct bytes payload, struct frame_counts *counts)
{
    *counts = (struct frame_counts){.total = 0};
    if (payload.size < 8 || (payload.size - 8) % 9 != 0) {
        return STATUS_TAMPERED;
    }
    counts->total = get_u64(payload.data);
    for (size_t at = 8; at < payload.size; at += 9) {
        if (payload.data[at] >= TABLE_LIMIT) {
            return STATUS_TAMPERED;
        }
        counts->table[payload.data[at]] = get_u64(payload.data + at + 1);
    }
    return STATUS_OK;
}
