// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/limits.h"

#include "shared/keys.h"
#include "shared/limits.h"
#include "tests/bench/measure.h"
#include "tests/load/load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <lmdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// What issuing an invoice writes, in its order: the sizes of the sealed values as they were counted
// in a running server (server/store/README.md says how a value gets its size), and the kinds of
// keys.
enum put_key {
    KEY_ASCENDING, // ids and journal numbers
    KEY_REQUEST,   // 16 bytes: the millisecond, then random
    KEY_CUSTOMER,  // one of 100,000
    KEY_PAIR,      // 16 bytes: one of 100,000, then an id
    KEY_FIXED,     // a row that every invoice writes again: `row` says which
};

struct put {
    unsigned table;
    enum put_key key;
    unsigned row;
    size_t value_size;
};

static const struct put PUTS[] = {
    {0, KEY_ASCENDING, 0, 160}, // entry
    {1, KEY_ASCENDING, 0, 224}, // invoice
    {2, KEY_ASCENDING, 0, 128}, // item
    {3, KEY_PAIR, 0, 64},       // open_item
    {4, KEY_FIXED, 1, 96},      // account: tax
    {4, KEY_FIXED, 2, 96},      // account: sales
    {4, KEY_FIXED, 3, 96},      // account: receivables
    {5, KEY_CUSTOMER, 0, 64},   // balance
    {6, KEY_FIXED, 1, 64},      // counter: entries
    {6, KEY_FIXED, 2, 64},      // counter: invoices
    {7, KEY_ASCENDING, 0, 256}, // journal
    {8, KEY_REQUEST, 0, 160},   // outcome
};

static const struct put HEAD = {9, KEY_FIXED, 1, 384}; // once a commit
#define CUSTOMERS 100000

struct lmdb {
    MDB_env *env;
    MDB_dbi dbi[10];
    size_t batch;
    uint64_t next;
    char name[64];
};

static void check(int code)
{
    if (code != 0) {
        (void)fprintf(stderr, "bench: lmdb: %s\n", mdb_strerror(code));
        abort();
    }
}

static void put_row(struct lmdb *lmdb, MDB_txn *txn, const struct put *put)
{
    uint8_t name[16] = {0}, bytes[512] = {0};
    uint64_t random = 0;
    random_fill(&random, sizeof random);
    const bool is_long = put->key == KEY_PAIR || put->key == KEY_REQUEST;
    uint64_t first = lmdb->next, second = lmdb->next;
    if (put->key == KEY_CUSTOMER || put->key == KEY_PAIR) {
        first = random % CUSTOMERS;
    } else if (put->key == KEY_FIXED) {
        first = put->row;
    } else if (put->key == KEY_REQUEST) {
        first = (uint64_t)(clock_us() / 1000);
        second = random;
    }
    put_u64(name, first);
    put_u64(name + 8, second);
    MDB_val key = {.mv_size = is_long ? 16 : 8, .mv_data = name};
    MDB_val value = {.mv_size = put->value_size, .mv_data = bytes};
    int code = MDB_KEYEXIST; // appended where keys ascend, as the store does
    if (put->key != KEY_FIXED) {
        code = mdb_put(txn, lmdb->dbi[put->table], &key, &value, MDB_APPEND);
    }
    if (code == MDB_KEYEXIST) {
        code = mdb_put(txn, lmdb->dbi[put->table], &key, &value, 0);
    }
    check(code);
}

static size_t commit(void *context, size_t index)
{
    (void)index;
    struct lmdb *lmdb = context;
    MDB_txn *txn = NULL;
    check(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
    for (size_t i = 0; i < lmdb->batch; i++) {
        lmdb->next++;
        for (size_t k = 0; k < COUNT_OF(PUTS); k++) {
            put_row(lmdb, txn, &PUTS[k]);
        }
    }
    put_row(lmdb, txn, &HEAD);
    check(mdb_txn_commit(txn));
    return lmdb->batch;
}

static MDB_env *env_open(const char *path, unsigned flags)
{
    MDB_env *env = NULL;
    check(mdb_env_create(&env));
    check(mdb_env_set_maxdbs(env, 16));
    check(mdb_env_set_mapsize(env, (size_t)16 << 30));
    check(mdb_env_open(env, path, flags, 0600));
    return env;
}

struct load_shape limit_lmdb(const char *place, size_t batch)
{
    char path[512];
    struct lmdb *lmdb = calloc(1, sizeof *lmdb);
    assert(lmdb != NULL);
    (void)snprintf(lmdb->name, sizeof lmdb->name, "limit: raw LMDB, %zu invoices a commit", batch);
    (void)snprintf(path, sizeof path, "%s/lmdb-%zu", place, batch);
    (void)mkdir(path, 0700);
    lmdb->batch = batch;
    lmdb->env = env_open(path, 0);
    MDB_txn *txn = NULL;
    check(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
    for (unsigned i = 0; i < COUNT_OF(lmdb->dbi); i++) {
        char table[8];
        (void)snprintf(table, sizeof table, "t%u", i);
        check(mdb_dbi_open(txn, table, MDB_CREATE, &lmdb->dbi[i]));
    }
    check(mdb_txn_commit(txn));
    return (struct load_shape){.name = lmdb->name,
                               .note = "one thread, 12 puts an invoice and a head, no seals",
                               .threads = 1,
                               .seconds = 4,
                               .run = commit,
                               .context = lmdb};
}

void limit_lmdb_close(const struct load_shape *shape)
{
    struct lmdb *lmdb = shape->context;
    mdb_env_close(lmdb->env);
    lmdb->env = NULL; // the name lives on in the table
}

uint64_t limit_commits(const char *place)
{
    char path[512];
    MDB_envinfo info;
    (void)snprintf(path, sizeof path, "%s/book", place);
    MDB_env *env = env_open(path, MDB_RDONLY | MDB_NOLOCK);
    check(mdb_env_info(env, &info));
    mdb_env_close(env);
    return info.me_last_txnid;
}

static size_t append_and_sync(void *context, size_t index)
{
    (void)index;
    const int fd = *(const int *)context;
    uint8_t page[4096] = {1};
    if (write(fd, page, sizeof page) != (ssize_t)sizeof page || fdatasync(fd) != 0) {
        abort();
    }
    return 1;
}

void limit_fdatasync(const char *place)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/fdatasync", place);
    int fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    assert(fd >= 0);
    (void)measure(&(struct load_shape){.name = "limit: fdatasync of 4 KiB",
                                       .threads = 1,
                                       .seconds = 2,
                                       .run = append_and_sync,
                                       .context = &fd});
    (void)close(fd);
}

double limit_argon_us(void)
{
    const uint8_t salt[16] = {7};
    struct key key;
    const int64_t begun = clock_us();
    if (key_of_passphrase("correct horse battery staple", salt, ARGON_PASSES, ARGON_BYTES, &key) !=
        STATUS_OK) {
        abort();
    }
    key_wipe(&key);
    return (double)(clock_us() - begun);
}

static void *echo_server(void *context)
{
    const int fd = *(const int *)context;
    uint8_t buffer[4096];
    for (;;) {
        const ssize_t got = read(fd, buffer, sizeof buffer);
        if (got <= 0 || write(fd, buffer, (size_t)got) != got) {
            (void)close(fd);
            return NULL;
        }
    }
}

static size_t echo(void *context, size_t index)
{
    const int fd = ((const int *)context)[index];
    uint8_t buffer[146] = {0};
    size_t got = 0;
    if (write(fd, buffer, sizeof buffer) != (ssize_t)sizeof buffer) {
        abort();
    }
    while (got < sizeof buffer) {
        const ssize_t more = read(fd, buffer + got, sizeof buffer - got);
        assert(more > 0);
        got += (size_t)more;
    }
    return 1;
}

void limit_plain_echo(const char *name, size_t threads)
{
    int client[64], server[64];
    pthread_t id;
    assert(threads <= COUNT_OF(client));
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        abort();
    }
    const int one = 1;
    for (size_t i = 0; i < threads; i++) {
        client[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(client[i], (struct sockaddr *)&address, size) != 0) {
            abort();
        }
        server[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        (void)setsockopt(client[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        (void)setsockopt(server[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (pthread_create(&id, NULL, echo_server, &server[i]) != 0 || pthread_detach(id) != 0) {
            abort();
        }
    }
    (void)measure(&(struct load_shape){.name = name,
                                       .note = "a thread a connection on both sides",
                                       .threads = threads,
                                       .seconds = 2,
                                       .run = echo,
                                       .context = client});
    for (size_t i = 0; i < threads; i++) {
        (void)close(client[i]);
    }
    (void)close(listener);
}
