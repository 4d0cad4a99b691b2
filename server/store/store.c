// SPDX-License-Identifier: Apache-2.0
#include "server/store/env.h"
#include "server/store/file.h"
#include "server/store/inside.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#define CREATING_SUFFIX  ".creating"
#define DISK_SOFT_BYTES  (64ull * 1024 * 1024)
#define MAP_SOFT_PERCENT 95
#define OPEN_ARENA_BYTES ((size_t)256 * 1024)

// ---- make ----

enum status store_discard(const char *dir)
{
    if (!file_exists(dir)) {
        return STATUS_OK;
    }
    CLEANUP(file_close_at) int lock = -1;
    const enum status status = lock_take(dir, &lock);
    return status == STATUS_OK ? file_remove_dir(dir) : status;
}

static enum status discard_creation(const char *dir)
{
    char creating[PATH_BYTES_MAX];
    return file_path_with(dir, CREATING_SUFFIX, creating) ? store_discard(creating)
                                                          : STATUS_FILE_ERROR;
}

static enum status tables_open(struct store *store, MDB_txn *lmdb, unsigned flags)
{
    for (enum table table = TABLE_NONE + 1; table < TABLE_LIMIT; table++) {
        if (table_facts(table)->name == NULL) {
            continue;
        }
        const int code = mdb_dbi_open(lmdb, table_name(table), flags, &store->dbi[table]);
        if (code != MDB_SUCCESS) {
            return code == MDB_NOTFOUND ? STATUS_INCOMPLETE : status_from_lmdb(code);
        }
    }
    return STATUS_OK;
}

static void store_init(struct store *store, const struct store_options *options)
{
    *store = (struct store){
        .lock_fd = -1,
        .map_bytes = options->map_bytes != 0 ? options->map_bytes : STORE_MAP_BYTES,
        .disk_soft_bytes =
            options->disk_soft_bytes != 0 ? options->disk_soft_bytes : DISK_SOFT_BYTES,
        .read_only = options->read_only,
    };
}

static enum status make_empty_tables(struct store *store, struct arena *arena)
{
    MDB_txn *lmdb = NULL;
    const int code = mdb_txn_begin(store->env, NULL, 0, &lmdb);
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    enum status status = tables_open(store, lmdb, MDB_CREATE);
    if (status == STATUS_OK) {
        status = head_save(store, lmdb, arena, &store->head);
    }
    if (status != STATUS_OK) {
        mdb_txn_abort(lmdb);
        return status;
    }
    return status_from_lmdb(mdb_txn_commit(lmdb));
}

static enum status keyring_make(const char *dir, const struct store_options *options,
                                struct secrets *secrets)
{
    const struct unlock unlock = {.key_file = options->key_file, .passphrase = options->passphrase};
    if (options->keyring.size == 0) {
        return keyring_create(dir, &unlock, secrets);
    }
    const enum status status = keyring_adopt(dir, options->keyring);
    return status == STATUS_OK ? keyring_open(dir, &unlock, secrets) : status;
}

static enum status create_in(const char *dir, const struct store_options *options)
{
    struct store store;
    store_init(&store, options);
    CLEANUP(file_close_at) int lock = -1;
    CLEANUP(secrets_free_at) struct secrets *secrets = secrets_make();
    CLEANUP(arena_free_at) struct arena *arena = arena_make(OPEN_ARENA_BYTES);
    if (secrets == NULL || arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = lock_take(dir, &lock);
    if (status == STATUS_OK) {
        status = keyring_make(dir, options, secrets);
    }
    if (status == STATUS_OK) {
        status = env_open(dir, store.map_bytes, false, &store.env);
    }
    if (status != STATUS_OK) {
        return status;
    }
    store.secrets = secrets;
    status = make_empty_tables(&store, arena);
    mdb_env_close(store.env);
    return status;
}

static enum status sync_dir(const char *dir)
{
    char inside[PATH_BYTES_MAX];
    return file_path(dir, LOCK_NAME, inside) ? file_sync_parent(inside) : STATUS_FILE_ERROR;
}

enum status store_create(const struct store_options *options)
{
    assert(options->dir != NULL);
    assert(options->key_file != NULL || options->passphrase != NULL);
    char creating[PATH_BYTES_MAX];
    if (!file_path_with(options->dir, CREATING_SUFFIX, creating)) {
        return STATUS_FILE_ERROR;
    }
    if (file_exists(options->dir)) {
        return STATUS_STORE_EXISTS;
    }
    enum status status = store_discard(creating);
    // The keyring of a backup has its key file already; a new one would not fit.
    if (status == STATUS_OK && options->key_file != NULL && options->keyring.size == 0) {
        status = key_file_ensure(options->key_file);
    }
    if (status == STATUS_OK && mkdir(creating, 0700) != 0) {
        status = STATUS_FILE_ERROR;
    }
    enum store_medium medium;
    if (status == STATUS_OK) {
        status = medium_check(creating, &medium);
    }
    if (status == STATUS_OK) {
        status = create_in(creating, options);
    }
    if (status == STATUS_OK) {
        status = sync_dir(creating);
    }
    if (status == STATUS_OK && rename(creating, options->dir) != 0) {
        status = STATUS_FILE_ERROR;
    }
    return status == STATUS_OK ? file_sync_parent(options->dir) : status;
}

// ---- open and close ----

static enum status head_check(struct store *store, MDB_txn *lmdb)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(OPEN_ARENA_BYTES);
    MDB_envinfo info;
    if (arena == NULL || mdb_env_info(store->env, &info) != MDB_SUCCESS) {
        return STATUS_ENVIRONMENT;
    }
    uint32_t schema = 0;
    const enum status status =
        head_load(store, lmdb, arena, &store->head, &store->head_lmdb_txn, &schema);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_TAMPERED : status;
    }
    if (schema > STORE_SCHEMA) {
        return STATUS_STORE_NEWER;
    }
    // The meta page has no seal: an older one put back, or the other one chosen, shows here.
    return schema == 0 || store->head_lmdb_txn != info.me_last_txnid ? STATUS_TAMPERED : STATUS_OK;
}

static enum status open_tables_and_head(struct store *store)
{
    MDB_txn *lmdb = NULL;
    int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &lmdb);
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    enum status status = tables_open(store, lmdb, 0);
    if (status == STATUS_OK) {
        status = head_check(store, lmdb);
    }
    if (status != STATUS_OK) {
        mdb_txn_abort(lmdb);
        return status;
    }
    // Committed, because table handles that a transaction opened and aborted are closed again.
    code = mdb_txn_commit(lmdb);
    return status_from_lmdb(code);
}

static enum status open_members(struct store *store, const struct store_options *options)
{
    store->dir = strdup(options->dir);
    store->secrets = secrets_make();
    if (store->dir == NULL || store->secrets == NULL ||
        pthread_mutex_init(&store->mutex, NULL) != 0) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = medium_check(options->dir, &store->medium);
    if (status == STATUS_OK) {
        status = lock_take(options->dir, &store->lock_fd);
    }
    if (status == STATUS_OK) {
        const struct unlock unlock = {.key_file = options->key_file,
                                      .passphrase = options->passphrase};
        status = keyring_open(options->dir, &unlock, store->secrets);
    }
    if (status == STATUS_OK) {
        char data[PATH_BYTES_MAX];
        status = file_path(options->dir, "data.mdb", data) && file_exists(data) ? STATUS_OK
                                                                                : STATUS_INCOMPLETE;
    }
    if (status == STATUS_OK) {
        status = env_open(options->dir, store->map_bytes, store->read_only, &store->env);
    }
    if (status == STATUS_OK) {
        status = env_cover_file(store->env, options->dir);
    }
    if (status == STATUS_OK) {
        int dead = 0;
        status = status_from_lmdb(mdb_reader_check(store->env, &dead));
    }
    return status == STATUS_OK ? open_tables_and_head(store) : status;
}

enum status store_open(const struct store_options *options, struct store **out)
{
    assert(options->dir != NULL);
    CLEANUP(store_close_at) struct store *store = malloc(sizeof *store);
    if (store == NULL) {
        return STATUS_ENVIRONMENT;
    }
    store_init(store, options);
    store->rights = rights_cache_make();
    if (store->rights == NULL) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = options->read_only ? STATUS_OK : discard_creation(options->dir);
    if (status == STATUS_OK) {
        status = open_members(store, options);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out = store;
    store = NULL;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < store->pool_count; i++) {
        mdb_txn_abort(store->pool[i]);
    }
    env_close_at(&store->env);
    file_close_at(&store->lock_fd);
    secrets_free(store->secrets);
    rights_cache_free(store->rights);
    (void)pthread_mutex_destroy(&store->mutex);
    free(store->dir);
    free(store);
}

void store_close_at(struct store **store)
{
    store_close(*store);
    *store = NULL;
}

enum status store_set_passphrase(const struct store_options *options, const char *passphrase)
{
    assert(passphrase != NULL);
    CLEANUP(file_close_at) int lock = -1;
    const enum status status = lock_take(options->dir, &lock);
    const struct unlock unlock = {.key_file = options->key_file, .passphrase = options->passphrase};
    return status == STATUS_OK ? keyring_set_passphrase(options->dir, &unlock, passphrase) : status;
}

// ---- what others ask ----

enum store_medium store_medium(const struct store *store)
{
    return store->medium;
}

const char *store_dir(const struct store *store)
{
    return store->dir;
}

struct key store_key(const struct store *store, enum store_key which)
{
    static const enum subkey SUBKEYS[] = {
        [STORE_KEY_PEPPER] = SUBKEY_PEPPER,     [STORE_KEY_TOKEN] = SUBKEY_TOKEN,
        [STORE_KEY_POSITION] = SUBKEY_POSITION, [STORE_KEY_DIGEST] = SUBKEY_DIGEST,
        [STORE_KEY_SERVER] = SUBKEY_SERVER,     [STORE_KEY_REQUEST] = SUBKEY_REQUEST,
        [STORE_KEY_AUDIT] = SUBKEY_AUDIT,
    };

    assert(which < COUNT_OF(SUBKEYS));
    return store->secrets->subkey[SUBKEYS[which]];
}

// The domain's length goes first, so that no domain and value run into another pair.
void store_hash(const struct store *store, const char *domain, struct bytes value,
                uint8_t out[static 16])
{
    const size_t domain_size = strlen(domain);
    assert(domain_size > 0 && domain_size < 256);
    const uint8_t length = (uint8_t)domain_size;
    const struct key *key = &store->secrets->subkey[SUBKEY_INDEX];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key->bytes, KEY_BYTES, 16);
    (void)crypto_generichash_update(&state, &length, 1);
    (void)crypto_generichash_update(&state, (const uint8_t *)domain, domain_size);
    (void)crypto_generichash_update(&state, value.data, value.size);
    (void)crypto_generichash_final(&state, out, 16);
}

enum status store_room(struct store *store)
{
    MDB_envinfo info;
    MDB_stat stat;
    mdb_filehandle_t fd;
    struct statvfs disk;
    if (mdb_env_info(store->env, &info) != MDB_SUCCESS ||
        mdb_env_stat(store->env, &stat) != MDB_SUCCESS ||
        mdb_env_get_fd(store->env, &fd) != MDB_SUCCESS || fstatvfs(fd, &disk) != 0) {
        return STATUS_ENVIRONMENT;
    }
    const uint64_t used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    if (used > info.me_mapsize / 100 * MAP_SOFT_PERCENT) {
        return STATUS_STORE_FULL;
    }
    return (uint64_t)disk.f_bavail * disk.f_frsize < store->disk_soft_bytes ? STATUS_STORE_FULL
                                                                            : STATUS_OK;
}
