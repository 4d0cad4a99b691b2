// SPDX-License-Identifier: Apache-2.0
#include "tests/ledger/house.h"

#include "server/ledger/account.h"
#include "shared/keys.h"

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define MAP_BYTES   ((uint64_t)256 * 1024 * 1024)
#define DAY_US      (86400ll * 1000 * 1000)

static void demand(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "house: %s\n", what);
        abort();
    }
}

void house_begin(struct house *house)
{
    assert(house->txn == NULL);

    arena_reset(house->arena);
    demand(txn_begin(house->store, TXN_WRITE, house->arena, &house->txn) == STATUS_OK, "begin");
    txn_call_begin(house->txn, house->arena, NULL);
    house->number++;
    house->call = (struct call){
        .arena = house->arena,
        .number = house->number,
        .instant_us = house->book_day * DAY_US + (int64_t)house->number,
        .book_day = house->book_day,
    };
    problems_init(&house->call.problems, house->arena);
}

void house_end(struct house *house, enum status status)
{
    if (status == STATUS_OK) {
        txn_head(house->txn)->number = house->number;
        demand(txn_commit(house->txn) == STATUS_OK, "commit");
    } else {
        demand(!txn_call_has_written(house->txn), "a refusal wrote something");
        txn_abort(house->txn);
    }
    house->txn = NULL;
}

void house_command(struct house *house, const char *name)
{
    house->call.command = command_by_name(name);
    demand(house->call.command != NULL, name);
}

static void open_book(struct house *house, const char *chart)
{
    uint8_t id[16] = {1};
    uint8_t invitation[16] = {2};
    uint8_t login[16] = {3};
    char word[32];
    (void)snprintf(word, sizeof word, "%s", chart);
    char company[] = "House";
    char currency[] = "CNY";
    char zone[] = "Asia/Shanghai";
    char owner[] = "owner";
    BookOpen open;
    book_open__init(&open);
    Empty reply;
    empty__init(&reply);
    open.company = company;
    open.currency = currency;
    open.decimals = 2;
    open.chart = word;
    open.chart_edition = CHART_EDITION;
    open.time_zone = zone;
    open.owner_login = owner;
    open.book_id = (ProtobufCBinaryData){.len = sizeof id, .data = id};
    open.invitation_id = (ProtobufCBinaryData){.len = sizeof invitation, .data = invitation};
    open.login_hash = (ProtobufCBinaryData){.len = sizeof login, .data = login};
    house_begin(house);
    memcpy(txn_head(house->txn)->book_id, id, sizeof id);
    enum status status = book_open(house->txn, &house->call, &open, &reply);
    demand(status == STATUS_OK, "book_open");
    house_end(house, status);
}

void house_make(struct house *house, const char *chart, int32_t book_day)
{
    *house = (struct house){.book_day = book_day};
    demand(keys_start() == STATUS_OK, "keys");
    temporary_make(&house->temporary);
    char dir[160];
    char key_file[160];
    temporary_path(&house->temporary, "book", dir, sizeof dir);
    temporary_path(&house->temporary, "book.key", key_file, sizeof key_file);
    const struct store_options options = {.dir = dir, .key_file = key_file, .map_bytes = MAP_BYTES};
    demand(store_create(&options) == STATUS_OK, "store_create");
    demand(store_open(&options, &house->store) == STATUS_OK, "store_open");
    house->arena = arena_make(ARENA_BYTES);
    demand(house->arena != NULL, "arena");
    open_book(house, chart);
}

void house_free(struct house *house)
{
    store_close(house->store);
    arena_free(house->arena);
    temporary_remove(&house->temporary);
}

uint64_t house_customer(struct house *house)
{
    CustomerAdd add;
    customer_add__init(&add);
    CustomerAddReply reply;
    customer_add_reply__init(&reply);
    add.kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    house_begin(house);
    house_command(house, "customer_add");
    enum status status = customer_add(house->txn, &house->call, &add, &reply);
    uint64_t id = reply.id;
    demand(status == STATUS_OK, "customer_add");
    house_end(house, status);
    return id;
}
