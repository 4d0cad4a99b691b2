// SPDX-License-Identifier: Apache-2.0
#include "server/ops/offline.h"

#include "server/ledger/books.h"
#include "server/ops/init.h"
#include "shared/wire.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

void offline_close(struct offline *offline)
{
    signer_free(offline->signer);
    store_close(offline->store);
    server_keys_wipe(&offline->keys);
    arena_free(offline->arena);
}

enum status offline_open(const struct store_options *options, int64_t instant_us,
                         struct offline *out)
{
    *out = (struct offline){.instant_us = instant_us, .arena = arena_make(ARENA_BYTES)};
    enum status status = out->arena != NULL ? STATUS_OK : STATUS_ENVIRONMENT;
    if (status == STATUS_OK) {
        status = store_open(options, &out->store);
    }
    if (status == STATUS_OK) {
        status = server_keys_load(out->store, options->dir, &out->keys);
    }
    return status == STATUS_OK ? signer_open(out->store, options->dir, &out->signer) : status;
}

static enum status run(struct offline *offline, struct txn *txn, const Request *request,
                       const struct admitted *admitted)
{
    ProtobufCMessage *book = NULL;
    struct bytes packed = {0};
    enum status status = table_get(txn, TABLE_book, key_u64(BOOK_KEY), &book, NULL);
    if (status == STATUS_OK) {
        status = wire_pack(offline->arena, (const ProtobufCMessage *)request, &packed);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    uint8_t hash[32];
    key_hash(NULL, packed, hash, sizeof hash);
    const char *zone = ((const BookRecord *)book)->time_zone;
    const struct stamp stamp = {.number = txn_head(txn)->number + 1,
                                .instant_us = offline->instant_us,
                                .book_day = init_book_day(zone, offline->instant_us)};
    const struct peer peer = {.system = true};
    struct call call = {.arena = offline->arena};
    Reply reply;
    reply__init(&reply);
    status = machine_write(txn, &peer, &stamp, request, hash, admitted, &call, &reply);
    if (status == STATUS_OK) {
        status = signer_seal(offline->signer, txn, offline->instant_us, true);
    }
    return status == STATUS_OK ? (enum status)reply.status : status;
}

enum status offline_run(struct offline *offline, Request *request, const struct admitted *admitted)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(offline->store, TXN_WRITE, offline->arena, &txn);
    if (status == STATUS_OK) {
        status = run(offline, txn, request, admitted);
    }
    return status == STATUS_OK ? txn_commit(txn) : status;
}
