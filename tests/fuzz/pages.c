// SPDX-License-Identifier: Apache-2.0
#include "server/store/pages.h"

#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

// A damaged database file: bytes are changed in a sound one. The check of the pages must survive
// whatever it finds, and what it lets pass LMDB must be able to walk to the end.

#define ROWS      400
#define PATCH     5 // bytes of the input for one change: place (4), value (1)
#define PATCH_MAX 64
#define MAP_BYTES ((size_t)16 * 1024 * 1024)

struct base {
    char dir[64];
    char path[80];
    uint8_t *bytes;
    size_t size;
};

static void must(int code)
{
    assert(code == MDB_SUCCESS);
}

static MDB_env *env_open(const char *dir, unsigned flags)
{
    MDB_env *env = NULL;
    must(mdb_env_create(&env));
    must(mdb_env_set_mapsize(env, MAP_BYTES));
    must(mdb_env_set_maxdbs(env, 8));
    if (mdb_env_open(env, dir, flags | MDB_NOLOCK | MDB_NOTLS, 0600) != MDB_SUCCESS) {
        mdb_env_close(env);
        return NULL;
    }
    return env;
}

// Two tables of two levels, long values beside short ones, and pages given back.
static void tables_fill(MDB_env *env)
{
    static const char *const NAMES[] = {"customer", "invoice"};
    static uint8_t value[9000];
    for (unsigned round = 0; round < 3; round++) {
        MDB_txn *txn = NULL;
        must(mdb_txn_begin(env, NULL, 0, &txn));
        for (size_t t = 0; t < COUNT_OF(NAMES); t++) {
            MDB_dbi dbi = 0;
            must(mdb_dbi_open(txn, NAMES[t], MDB_CREATE, &dbi));
            for (uint64_t i = 0; i < ROWS; i++) {
                uint8_t key[8];
                put_u64(key, i);
                MDB_val name = {.mv_size = sizeof key, .mv_data = key};
                MDB_val data = {.mv_size = i % 50 == 0 ? sizeof value : 40 + i % 90,
                                .mv_data = value};
                if (round == 1 && i % 3 == 0) {
                    must(mdb_del(txn, dbi, &name, NULL));
                } else {
                    must(mdb_put(txn, dbi, &name, &data, 0));
                }
            }
        }
        must(mdb_txn_commit(txn));
    }
}

static struct base *the_base(void)
{
    static struct base base;
    return &base;
}

static void base_remove(void)
{
    (void)unlink(the_base()->path);
    (void)rmdir(the_base()->dir);
}

static const struct base *base_make(void)
{
    struct base base = {.size = 0};
    (void)snprintf(base.dir, sizeof base.dir, "/dev/shm/kontor-fuzz-XXXXXX");
    const char *dir = mkdtemp(base.dir);
    assert(dir != NULL);
    (void)snprintf(base.path, sizeof base.path, "%s/data.mdb", dir);
    MDB_env *env = env_open(dir, MDB_NOSYNC);
    assert(env != NULL);
    tables_fill(env);
    mdb_env_close(env);

    const int fd = open(base.path, O_RDONLY | O_CLOEXEC);
    const off_t size = lseek(fd, 0, SEEK_END);
    assert(fd >= 0 && size > 0);
    base.size = (size_t)size;
    base.bytes = malloc(base.size);
    assert(base.bytes != NULL);
    const ssize_t got = pread(fd, base.bytes, base.size, 0);
    assert(got == size);
    (void)close(fd);
    *the_base() = base;
    (void)atexit(base_remove);
    return the_base();
}

static void walk_table(MDB_txn *txn, const char *name)
{
    MDB_dbi dbi = 0;
    if (mdb_dbi_open(txn, name, 0, &dbi) != MDB_SUCCESS) {
        return;
    }
    MDB_cursor *cursor = NULL;
    must(mdb_cursor_open(txn, dbi, &cursor));
    MDB_val key;
    MDB_val data;
    uint8_t sum = 0;
    while (mdb_cursor_get(cursor, &key, &data, MDB_NEXT) == MDB_SUCCESS) {
        for (size_t i = 0; i < data.mv_size; i++) {
            sum ^= ((const uint8_t *)data.mv_data)[i];
        }
    }
    // Looked at, so that the reads stay.
    *(volatile uint8_t *)&sum = sum;
    mdb_cursor_close(cursor);
}

static void walk(const char *dir)
{
    MDB_env *env = env_open(dir, MDB_RDONLY);
    if (env == NULL) {
        return;
    }
    MDB_txn *txn = NULL;
    if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == MDB_SUCCESS) {
        walk_table(txn, "customer");
        walk_table(txn, "invoice");
        mdb_txn_abort(txn);
    }
    mdb_env_close(env);
}

static size_t place_of(const struct base *sound, const uint8_t *patch)
{
    // Half of the places are in the first bytes of a page, where the structure is.
    const uint32_t place = get_u32(patch);
    const size_t page = place % (sound->size / 4096);
    return page * 4096 + (place >> 16) % ((place & 0x8000) != 0 ? 64 : 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct base *sound = the_base()->bytes != NULL ? the_base() : base_make();
    const int fd = open(sound->path, O_RDWR | O_CLOEXEC);
    assert(fd >= 0);
    const size_t patches = size / PATCH < PATCH_MAX ? size / PATCH : PATCH_MAX;
    for (size_t i = 0; i < patches; i++) {
        const uint8_t *patch = data + i * PATCH;
        const ssize_t put = pwrite(fd, patch + 4, 1, (off_t)place_of(sound, patch));
        assert(put == 1);
    }
    struct page_report report;
    if (pages_check(sound->dir, &report) == STATUS_OK) {
        walk(sound->dir);
    } else {
        assert(patches > 0);
    }
    for (size_t i = 0; i < patches; i++) {
        const size_t place = place_of(sound, data + i * PATCH);
        const ssize_t put = pwrite(fd, sound->bytes + place, 1, (off_t)place);
        assert(put == 1);
    }
    (void)close(fd);
    return 0;
}
