// SPDX-License-Identifier: Apache-2.0
#include "client/outbox.h"

#include "client/hex.h"

#include <dirent.h>

#define OUTBOX_KEY_ID 1
static const char OUTBOX_CONTEXT[8] = {'k', 'o', 'u', 't', 'b', 'o', 'x', '1'};

static void dir_close_at(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir);
    }
}

void outbox_draw(int64_t now_ms, uint8_t key[static REQUEST_KEY_BYTES])
{
    uint64_t ms = (uint64_t)now_ms;
    for (unsigned i = 0; i < 6; i++) {
        key[i] = (uint8_t)(ms >> (40 - 8 * i) & 0xff);
    }
    random_fill(key + 6, REQUEST_KEY_BYTES - 6);
}

enum status outbox_open(struct arena *arena, const struct home *home, const char *context,
                        const struct key *secret, struct outbox *out)
{
    assert(context[0] != '\0' && strchr(context, '/') == NULL);
    const char *parent = arena_print(arena, "%s/outbox", home->state);
    const char *dir = arena_print(arena, "%s/outbox/%s", home->state, context);
    if (parent == NULL || dir == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = home_make_dir(parent);
    if (status == STATUS_OK) {
        status = home_make_dir(dir);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct outbox){.dir = dir, .key = key_derive(secret, OUTBOX_KEY_ID, OUTBOX_CONTEXT)};
    return STATUS_OK;
}

void outbox_wipe(struct outbox *outbox)
{
    key_wipe(&outbox->key);
}

static const char *pending_path(struct arena *arena, const struct outbox *outbox,
                                const uint8_t key[static REQUEST_KEY_BYTES])
{
    char name[2 * REQUEST_KEY_BYTES + 1];
    hex_print(key, REQUEST_KEY_BYTES, name);
    return arena_print(arena, "%s/%s", outbox->dir, name);
}

enum status outbox_add(struct arena *arena, const struct outbox *outbox,
                       const uint8_t key[static REQUEST_KEY_BYTES], struct bytes request)
{
    const char *path = pending_path(arena, outbox, key);
    uint8_t *box = arena_alloc(arena, request.size + BOX_BYTES);
    if (path == NULL || box == NULL || request.size + BOX_BYTES > HOME_FILE_MAX) {
        return STATUS_TOO_LARGE;
    }
    key_seal(&outbox->key, bytes_of(key, REQUEST_KEY_BYTES), request, box);
    return home_write(path, bytes_of(box, request.size + BOX_BYTES));
}

enum status outbox_remove(struct arena *arena, const struct outbox *outbox,
                          const uint8_t key[static REQUEST_KEY_BYTES])
{
    const char *path = pending_path(arena, outbox, key);
    return path == NULL ? STATUS_TOO_LARGE : home_remove(path);
}

static int pending_compare(const void *a, const void *b)
{
    const struct pending *left = a;
    const struct pending *right = b;
    return memcmp(left->key, right->key, REQUEST_KEY_BYTES);
}

enum status outbox_list(struct arena *arena, const struct outbox *outbox, struct pending **list,
                        size_t *count)
{
    CLEANUP(dir_close_at) DIR *dir = opendir(outbox->dir);
    struct pending *found = arena_alloc(arena, OUTBOX_WRITES_MAX * sizeof(*found));
    if (dir == NULL || found == NULL) {
        return dir == NULL ? STATUS_FILE_ERROR : STATUS_TOO_LARGE;
    }
    size_t used = 0;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        struct pending pending = {0};
        if (used == OUTBOX_WRITES_MAX ||
            !hex_parse(entry->d_name, pending.key, REQUEST_KEY_BYTES)) {
            continue;
        }
        for (unsigned i = 0; i < 6; i++) {
            pending.made_ms = pending.made_ms * 256 + pending.key[i];
        }
        found[used++] = pending;
    }
    qsort(found, used, sizeof(*found), pending_compare);
    *list = found;
    *count = used;
    return STATUS_OK;
}

enum status outbox_read(struct arena *arena, const struct outbox *outbox,
                        const uint8_t key[static REQUEST_KEY_BYTES], struct bytes *request)
{
    const char *path = pending_path(arena, outbox, key);
    struct bytes box = {0};
    enum status status = path == NULL ? STATUS_TOO_LARGE : home_read(arena, path, &box);
    if (status != STATUS_OK) {
        return status;
    }
    if (box.size < BOX_BYTES) {
        return STATUS_TAMPERED;
    }
    uint8_t *plain = arena_alloc(arena, box.size - BOX_BYTES + 1);
    if (plain == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = key_open(&outbox->key, bytes_of(key, REQUEST_KEY_BYTES), box, plain);
    if (status == STATUS_OK) {
        *request = bytes_of(plain, box.size - BOX_BYTES);
    }
    return status;
}
