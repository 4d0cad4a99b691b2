// SPDX-License-Identifier: Apache-2.0
#include "server/ops/server_keys.h"

#include "server/store/file.h"
#include "server/store/keyring.h"

#define FILE_NAME "server.key"
#define NEXT_NAME "server.next.key"
#define PLAIN_BYTES \
    (2 * KEY_BYTES) // secret half of the server's pair, public half of the house key
#define BOUND "kontor server.key 1"

void server_keys_wipe(struct server_keys *keys)
{
    key_pair_wipe(&keys->server);
    key_pair_wipe(&keys->next);
}

typedef enum status write_file(const char *path, unsigned mode, struct bytes content);

static enum status pair_write(const struct store *store, const char *dir, const char *name,
                              const struct key_pair *pair,
                              const uint8_t house_key[static KEY_BYTES], write_file *write)
{
    char path[PATH_BYTES_MAX];
    if (!file_path(dir, name, path)) {
        return STATUS_FILE_ERROR;
    }
    uint8_t plain[PLAIN_BYTES];
    uint8_t sealed[PLAIN_BYTES + BOX_BYTES];
    memcpy(plain, pair->secret.bytes, KEY_BYTES);
    memcpy(plain + KEY_BYTES, house_key, KEY_BYTES);
    CLEANUP(key_wipe) struct key key = store_key(store, STORE_KEY_SERVER);
    key_seal(&key, bytes_of(BOUND, strlen(BOUND)), bytes_of(plain, sizeof plain), sealed);
    explicit_bzero(plain, sizeof plain);
    return write(path, 0400, bytes_of(sealed, sizeof sealed));
}

enum status server_keys_make(const struct store *store, const char *dir,
                             const uint8_t house_key[static KEY_BYTES], struct server_keys *out)
{
    struct server_keys keys CLEANUP(server_keys_wipe) = {.server = key_pair_random()};
    memcpy(keys.house_key, house_key, KEY_BYTES);
    const enum status status =
        pair_write(store, dir, FILE_NAME, &keys.server, house_key, file_write_new);
    if (status == STATUS_OK) {
        *out = keys;
    }
    return status;
}

static enum status draw_next(const struct store *store, const char *dir, write_file *write,
                             struct server_keys *keys)
{
    struct key_pair next CLEANUP(key_pair_wipe) = key_pair_random();
    const enum status status = pair_write(store, dir, NEXT_NAME, &next, keys->house_key, write);
    if (status == STATUS_OK) {
        keys->next = next;
        keys->has_next = true;
    }
    return status;
}

enum status server_keys_draw_next(const struct store *store, const char *dir,
                                  struct server_keys *keys)
{
    return draw_next(store, dir, file_write_new, keys);
}

enum status server_keys_redraw_next(const struct store *store, const char *dir,
                                    struct server_keys *keys)
{
    return draw_next(store, dir, file_replace, keys);
}

enum status server_keys_promote(const char *dir)
{
    char from[PATH_BYTES_MAX];
    char to[PATH_BYTES_MAX];
    if (!file_path(dir, NEXT_NAME, from) || !file_path(dir, FILE_NAME, to)) {
        return STATUS_FILE_ERROR;
    }
    return rename(from, to) == 0 ? file_sync_parent(to) : STATUS_FILE_ERROR;
}

// STATUS_NOT_FOUND when the file is missing.
static enum status pair_read(const struct store *store, const char *dir, const char *name,
                             struct key_pair *pair, uint8_t house_key[static KEY_BYTES])
{
    char path[PATH_BYTES_MAX];
    uint8_t sealed[PLAIN_BYTES + BOX_BYTES];
    size_t size = 0;
    if (!file_path(dir, name, path)) {
        return STATUS_FILE_ERROR;
    }
    enum status status = file_read(path, sealed, sizeof sealed, &size);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? status : STATUS_UNREADABLE;
    }
    uint8_t plain[PLAIN_BYTES];
    CLEANUP(key_wipe) struct key key = store_key(store, STORE_KEY_SERVER);
    status = size == sizeof sealed ? key_open(&key, bytes_of(BOUND, strlen(BOUND)),
                                              bytes_of(sealed, sizeof sealed), plain)
                                   : STATUS_TAMPERED;
    if (status != STATUS_OK) {
        return STATUS_TAMPERED;
    }
    CLEANUP(key_wipe) struct key secret;
    memcpy(secret.bytes, plain, KEY_BYTES);
    *pair = key_pair_of_secret(&secret);
    memcpy(house_key, plain + KEY_BYTES, KEY_BYTES);
    explicit_bzero(plain, sizeof plain);
    return STATUS_OK;
}

enum status server_keys_load(const struct store *store, const char *dir, struct server_keys *out)
{
    uint8_t same_house_key[KEY_BYTES];
    enum status status = pair_read(store, dir, FILE_NAME, &out->server, out->house_key);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    status = pair_read(store, dir, NEXT_NAME, &out->next, same_house_key);
    out->has_next = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status house_key_ensure(const char *path, uint8_t public_bytes[static KEY_BYTES])
{
    CLEANUP(key_pair_wipe) struct key_pair house = {0};
    enum status status = key_file_ensure(path);
    if (status == STATUS_OK) {
        status = house_key_load(path, &house);
    }
    if (status == STATUS_OK) {
        memcpy(public_bytes, house.public_bytes, KEY_BYTES);
    }
    return status;
}

enum status house_key_load(const char *path, struct key_pair *out)
{
    CLEANUP(key_wipe) struct key seed = {{0}};
    const enum status status = key_file_read(path, &seed);
    if (status == STATUS_OK) {
        key_sign_pair(out, seed.bytes);
    }
    return status;
}
