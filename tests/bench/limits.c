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

// What issuing an invoice writes, by table: key and value sizes (server/store/README.md, "What a
// posting costs").
struct put {
    unsigned table;
    size_t value_size;
    bool random_key;
};

static const struct put PUTS[] = {
    {0, 432, false}, {1, 304, true},  {2, 304, false}, {3, 240, false}, {4, 112, true},
    {5, 240, false}, {6, 112, false}, {7, 112, true},  {7, 112, true},  {8, 112, true},
};

struct lmdb {
    MDB_env *env;
    MDB_dbi dbi[9];
    size_t batch;
    uint64_t next;
};

static void check(int code)
{
    if (code != 0) {
        (void)fprintf(stderr, "bench: lmdb: %s\n", mdb_strerror(code));
        abort();
    }
}

static void put_invoice(struct lmdb *lmdb, MDB_txn *txn)
{
    uint8_t key_bytes[16] = {0}, value_bytes[512] = {0};
    const uint64_t number = ++lmdb->next;
    for (size_t i = 0; i < COUNT_OF(PUTS); i++) {
        uint64_t first = number;
        if (PUTS[i].random_key) {
            random_fill(&first, sizeof first);
            first %= PUTS[i].table == 7 ? 20 : 100000;
        }
        for (size_t byte = 0; byte < 8; byte++) {
            key_bytes[byte] = (uint8_t)(first >> (56 - 8 * byte));
            key_bytes[8 + byte] = (uint8_t)(number >> (56 - 8 * byte));
        }
        MDB_val key = {.mv_size = PUTS[i].table == 7 ? 8 : 16, .mv_data = key_bytes};
        MDB_val value = {.mv_size = PUTS[i].value_size, .mv_data = value_bytes};
        check(mdb_put(txn, lmdb->dbi[PUTS[i].table], &key, &value, 0));
    }
}

static size_t commit(void *context, size_t index)
{
    (void)index;
    struct lmdb *lmdb = context;
    MDB_txn *txn = NULL;
    check(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
    for (size_t i = 0; i < lmdb->batch; i++) {
        put_invoice(lmdb, txn);
    }
    check(mdb_txn_commit(txn));
    return lmdb->batch;
}

void limit_lmdb(const char *place, size_t batch)
{
    char path[512];
    static char names[4][64];
    static size_t used;
    char *name = names[used++ % COUNT_OF(names)];
    (void)snprintf(name, sizeof names[0], "limit: raw LMDB, %zu invoices a commit", batch);
    (void)snprintf(path, sizeof path, "%s/lmdb-%zu", place, batch);
    (void)mkdir(path, 0700);
    struct lmdb lmdb = {.batch = batch};
    check(mdb_env_create(&lmdb.env));
    check(mdb_env_set_maxdbs(lmdb.env, 16));
    check(mdb_env_set_mapsize(lmdb.env, (size_t)16 << 30));
    check(mdb_env_open(lmdb.env, path, 0, 0600));
    MDB_txn *txn = NULL;
    check(mdb_txn_begin(lmdb.env, NULL, 0, &txn));
    for (unsigned i = 0; i < COUNT_OF(lmdb.dbi); i++) {
        char table[8];
        (void)snprintf(table, sizeof table, "t%u", i);
        check(mdb_dbi_open(txn, table, MDB_CREATE, &lmdb.dbi[i]));
    }
    check(mdb_txn_commit(txn));
    (void)measure(&(struct load_shape){.name = name,
                                       .note = "one thread, 10 puts an invoice, no seals",
                                       .threads = 1,
                                       .seconds = 3,
                                       .run = commit,
                                       .context = &lmdb});
    mdb_env_close(lmdb.env);
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
    double best = 0;
    for (int i = 0; i < 5; i++) {
        const int64_t begun = clock_us();
        if (key_of_passphrase("correct horse battery staple", salt, ARGON_PASSES, ARGON_BYTES,
                              &key) != STATUS_OK) {
            abort();
        }
        const double took = (double)(clock_us() - begun);
        best = best == 0 || took < best ? took : best;
    }
    key_wipe(&key);
    return best;
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

void limit_plain_echo(size_t threads)
{
    static char name[64];
    (void)snprintf(name, sizeof name, "limit: plain echo, %zu connections", threads);
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
