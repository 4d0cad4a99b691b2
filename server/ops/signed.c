// SPDX-License-Identifier: Apache-2.0
#include "server/ops/signed.h"

#include "server/store/file.h"
#include "shared/args_values.h"
#include "shared/checkpoint.h"

#include <stdio.h>
#include <sys/stat.h>

#define REPORT_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define ARENA_BYTES      ((size_t)320 * 1024 * 1024)

// What the note says of itself, unproven.
struct claim {
    uint64_t epoch;
    char sha256[2 * KEY_BYTES + 1];
};

// What stands behind `word` in the line; NULL: it is another line.
static const char *behind(const char *line, const char *word)
{
    const size_t size = strlen(word);
    return strncmp(line, word, size) == 0 ? line + size : NULL;
}

static bool is_hash(const char *text)
{
    return strlen(text) == 2 * KEY_BYTES && strspn(text, "0123456789abcdef") == 2 * KEY_BYTES;
}

static bool claim_parse(struct arena *arena, struct bytes note, struct claim *out)
{
    struct bytes text;
    if (!note_text(note, &text)) {
        return false;
    }
    char *rest = arena_copy(arena, (const char *)text.data, text.size);
    bool has_epoch = false;
    bool has_hash = false;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        const char *epoch = behind(line, "epoch ");
        const char *hash = behind(line, "sha256 ");
        has_epoch =
            has_epoch || (epoch != NULL && args_read_number(epoch, UINT64_MAX, &out->epoch));
        if (hash != NULL && !has_hash && is_hash(hash)) {
            memcpy(out->sha256, hash, sizeof out->sha256);
            has_hash = true;
        }
    }
    return has_epoch && has_hash;
}

// The note is signed by the epoch that it names.
static enum status check_note(struct txn *txn, struct bytes note, uint64_t number)
{
    ProtobufCMessage *row = NULL;
    struct epoch epoch;
    struct bytes text;
    char name[NOTE_NAME_MAX];
    const enum status status = table_get(txn, TABLE_epoch, key_u64(number), &row, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_TAMPERED : status;
    }
    const EpochRecord *record = (const EpochRecord *)row;
    if (!note_text(bytes_of(record->note.data, record->note.len), &text) ||
        !epoch_parse(text, &epoch)) {
        return STATUS_TAMPERED;
    }
    audit_origin(txn_head(txn)->book_id, name);
    return note_check(note, name, epoch.key, &text);
}

static bool has_hash(struct bytes content, const char *sha256)
{
    uint8_t digest[KEY_BYTES];
    char hex[2 * KEY_BYTES + 1];
    key_sha256(content, digest);
    for (size_t i = 0; i < KEY_BYTES; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    return strcmp(hex, sha256) == 0;
}

static enum status read_whole(struct arena *arena, const char *path, size_t most, struct bytes *out)
{
    struct stat file;
    if (stat(path, &file) != 0 || file.st_size < 0 || (size_t)file.st_size >= most) {
        return STATUS_FILE_ERROR;
    }
    const size_t room = (size_t)file.st_size + 1;
    uint8_t *bytes = arena_alloc(arena, room);
    size_t size = 0;
    if (bytes == NULL) {
        return STATUS_ENVIRONMENT;
    }
    const enum status status = file_read(path, bytes, room, &size);
    *out = bytes_of(bytes, size);
    return status == STATUS_NOT_FOUND ? STATUS_FILE_ERROR : status;
}

enum status signed_check(const struct store_options *options, const char *path)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    CLEANUP(store_close_at) struct store *store = NULL;
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct bytes report = {0};
    struct bytes note = {0};
    struct claim claim = {0};
    char note_path[PATH_BYTES_MAX];
    if (arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = file_path_with(path, ".note", note_path)
                             ? read_whole(arena, note_path, NOTE_BYTES_MAX, &note)
                             : STATUS_FILE_ERROR;
    if (status == STATUS_OK) {
        status = read_whole(arena, path, REPORT_BYTES_MAX, &report);
    }
    if (status == STATUS_OK && !claim_parse(arena, note, &claim)) {
        status = STATUS_TAMPERED;
    }
    if (status == STATUS_OK) {
        status = store_open(options, &store);
    }
    if (status == STATUS_OK) {
        status = txn_begin(store, TXN_READ, arena, &txn);
    }
    if (status == STATUS_OK) {
        status = check_note(txn, note, claim.epoch);
    }
    return status == STATUS_OK && !has_hash(report, claim.sha256) ? STATUS_TAMPERED : status;
}
