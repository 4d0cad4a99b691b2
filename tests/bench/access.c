// SPDX-License-Identifier: Apache-2.0

// What permissions cost: a decision, and a list of who sees a part beside the same list of who sees
// all. In one process, so that nothing but the ledger and the rows is measured.
//   bench-access PLACE [CUSTOMERS]

#include "server/machine/access.h"

#include "server/store/rows.h"
#include "server/views/views.h"
#include "tests/bench/measure.h"
#include "tests/load/load.h"

#include <time.h>

#define PEOPLE      20 // in four teams, who own the customers in turn
#define TEAMS       4
#define REGIONS     5
#define BATCH       5000
#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define DECISIONS   20000
#define ROUNDS      401
#define PAGE        100
#define FIRST_USER  1000
#define DEVICE      11
#define SESSION     12
#define FAR_US      INT64_MAX

struct book {
    struct store *store;
    struct views *views;
    struct arena *arena;
    uint64_t customers;
    uint64_t own_count; // sums the counts of lists, so that no list is left out
};

static void must(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "bench-access: %s: %s\n", what, status_code(status));
        abort();
    }
}

// Of this thread alone: what a neighbour takes does not count.
static double cpu_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct txn *begin(struct book *book, enum txn_mode mode)
{
    struct txn *txn = NULL;
    arena_reset(book->arena);
    must(txn_begin(book->store, mode, book->arena, &txn), "begin");
    return txn;
}

static void put(struct txn *txn, enum table table, uint64_t id, const ProtobufCMessage *record)
{
    must(table_put(txn, table, key_u64(id), record), table_name(table));
}

static char *text_of(struct txn *txn, const char *kind, uint64_t n)
{
    char *text = arena_print(txn_arena(txn), "%s%llu", kind, (unsigned long long)n);
    assert(text != NULL);
    return text;
}

// ---- the book ----

static void put_people(struct book *book)
{
    struct txn *txn = begin(book, TXN_WRITE);
    for (int role = ROLE_NONE + 1; role < ROLE_LIMIT; role++) {
        RoleRecord *record = NULL;
        must(rights_seed((enum role)role, book->arena, &record), "role");
        put(txn, TABLE_role, record->id, &record->base);
    }
    for (uint64_t i = 0; i < PEOPLE; i++) {
        uint32_t roles[] = {ROLE_SALES, ROLE_CASHIER, ROLE_SERVICE};
        UserRecord user;
        user_record__init(&user);
        user.id = FIRST_USER + i;
        user.login = text_of(txn, "user", i);
        user.team = text_of(txn, "team", i % TEAMS);
        user.region = text_of(txn, "region", i % REGIONS);
        user.state = USER_STATE__USER_STATE_ACTIVE;
        user.role = roles;
        user.n_role = i == 0 ? 1 : 3;
        put(txn, TABLE_user, user.id, &user.base);
        DeviceRecord device;
        device_record__init(&device);
        uint8_t key[KEY_BYTES] = {(uint8_t)i};
        device.id = DEVICE + 100 * i;
        device.user_id = user.id;
        device.state = DEVICE_STATE__DEVICE_STATE_ACTIVE;
        device.key = (ProtobufCBinaryData){.len = sizeof key, .data = key};
        put(txn, TABLE_device, device.id, &device.base);
        SessionRecord session;
        session_record__init(&session);
        session.id = SESSION + 100 * i;
        session.user_id = user.id;
        session.device_id = device.id;
        session.expires_us = FAR_US;
        put(txn, TABLE_session, session.id, &session.base);
    }
    must(txn_commit(txn), "commit");
}

static void put_customer(struct txn *txn, uint64_t n)
{
    const uint64_t id = 100000 + n;
    struct key key = {.bytes = {1}};
    put_u64(key.bytes + 8, id);
    VaultRecord vault;
    vault_record__init(&vault);
    vault.key = (ProtobufCBinaryData){.data = key.bytes, .len = KEY_BYTES};
    put(txn, TABLE_vault, id, &vault.base);
    CustomerRecord record;
    customer_record__init(&record);
    Sealed sealed[2];
    Sealed *list[] = {&sealed[0], &sealed[1]};

    const struct {
        const char *field;
        const char *text;
    } TEXTS[] = {{"name", text_of(txn, "恒通贸易", n * 7919 % 1000003)},
                 {"phone", text_of(txn, "138", 10000000 + n)}};

    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        sealed__init(&sealed[i]);
        sealed[i].field = rows_sealed_field(TEXTS[i].field);
        must(
            vault_seal(&key, id, sealed[i].field, 0, TEXTS[i].text, txn_arena(txn), &sealed[i].box),
            "seal");
    }
    record.id = id;
    record.sequence = (uint32_t)n + 1;
    record.kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    record.state = CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE;
    record.vault_id = id;
    record.sealed = list;
    record.n_sealed = COUNT_OF(list);
    record.owner_id = FIRST_USER + n % PEOPLE;
    record.region = text_of(txn, "region", n / PEOPLE % REGIONS);
    put(txn, TABLE_customer, id, &record.base);
}

static void open_book(struct book *book, const char *place)
{
    char dir[512], key_file[512];
    (void)snprintf(dir, sizeof dir, "%s/access", place);
    (void)snprintf(key_file, sizeof key_file, "%s/access.key", place);
    const struct store_options options = {.dir = dir, .key_file = key_file};
    must(keys_start(), "start");
    must(store_create(&options), "create");
    must(store_open(&options, &book->store), "open");
    must(views_make(book->store, &book->views), "views");
    book->arena = arena_make(ARENA_BYTES);
    assert(book->arena != NULL);
    put_people(book);
    for (uint64_t n = 0; n < book->customers;) {
        struct txn *txn = begin(book, TXN_WRITE);
        for (size_t i = 0; i < BATCH && n < book->customers; i++) {
            put_customer(txn, n++);
        }
        must(txn_commit(txn), "commit");
    }
    struct txn *txn CLEANUP(txn_abort_at) = begin(book, TXN_READ);
    must(views_build(book->views, txn), "build");
}

// ---- decisions ----

static double decide(struct book *book, uint64_t person, const char *name)
{
    struct txn *txn CLEANUP(txn_abort_at) = begin(book, TXN_READ);
    UserRecord *user = NULL;
    must(user_get(txn, key_u64(FIRST_USER + person), &user), "user");
    const enum permission permission = command_by_name(name)->permission;
    struct arena *arena = arena_make((size_t)1024 * 1024);
    assert(arena != NULL);
    txn_call_begin(txn, arena, NULL);
    uint64_t granted = 0;
    const double begun = cpu_us();
    for (size_t i = 0; i < DECISIONS; i++) {
        struct rights rights;
        arena_reset(arena);
        must(rights_load(txn, user, &rights), "rights");
        const struct filter *filter = rights_filter(&rights, user, permission, arena);
        granted += filter != NULL && filter->scope != SCOPE_NONE;
    }
    const double took = (cpu_us() - begun) / DECISIONS;
    assert(granted == DECISIONS);
    txn_call_begin(txn, book->arena, NULL);
    arena_free(arena);
    return took;
}

// With device, session and user: everything that stands before a command.
static double admit(struct book *book, uint64_t person, const char *name)
{
    struct txn *txn CLEANUP(txn_abort_at) = begin(book, TXN_READ);
    Request request;
    request__init(&request);
    const struct peer peer = {.device_id = DEVICE + 100 * person,
                              .session_id = SESSION + 100 * person};
    struct arena *arena = arena_make((size_t)1024 * 1024);
    assert(arena != NULL);
    txn_call_begin(txn, arena, NULL);
    const double begun = cpu_us();
    for (size_t i = 0; i < DECISIONS; i++) {
        struct call call = {.arena = arena, .command = command_by_name(name), .instant_us = 1};
        const struct filter *filter = NULL;
        arena_reset(arena);
        must(access_check(txn, &peer, &request, &call, &filter), "access");
        must(call.status, "denied");
    }
    const double took = (cpu_us() - begun) / DECISIONS;
    txn_call_begin(txn, book->arena, NULL);
    arena_free(arena);
    return took;
}

// ---- lists ----

struct asked {
    const char *name;
    const char *sort;
    const char *query;
};

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int64_t list_once(struct book *book, const struct filter *filter, const struct asked *asked)
{
    char sort[16], query[32], cursor[] = "";
    (void)snprintf(sort, sizeof sort, "%s", asked->sort);
    (void)snprintf(query, sizeof query, "%s", asked->query);
    CustomerList request;
    customer_list__init(&request);
    request.sort = sort;
    request.query = query;
    request.limit = PAGE;
    request.cursor = cursor;
    CustomerListReply reply;
    customer_list_reply__init(&reply);
    const double begun = cpu_us();
    views_lock_read(book->views);
    struct txn *txn CLEANUP(txn_abort_at) = begin(book, TXN_READ);
    struct call call = {.arena = book->arena,
                        .command = command_by_name("customer_list"),
                        .filter = filter,
                        .views = book->views,
                        .user_id = filter != NULL ? filter->user_id : 0,
                        .book_day = 20000};
    problems_init(&call.problems, book->arena);
    txn_call_begin(txn, book->arena, filter);
    must(customer_list(txn, &call, &request, &reply), asked->name);
    views_unlock_read(book->views);
    book->own_count += reply.page->count;
    assert(reply.n_row == PAGE);
    return (int64_t)(cpu_us() - begun);
}

static double list(struct book *book, const struct filter *filter, const struct asked *asked)
{
    int64_t took[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        took[i] = list_once(book, filter, asked);
    }
    qsort(took, ROUNDS, sizeof *took, by_size);
    return (double)took[ROUNDS / 2];
}

static void compare(struct book *book, const struct asked *asked)
{
    static const struct {
        const char *name;
        enum scope scope;
    } SCOPES[] = {{"own", SCOPE_OWN}, {"team", SCOPE_TEAM}, {"region", SCOPE_REGION}};

    char team[] = "team1";
    char region[] = "region1";
    struct filter filter = {.user_id = FIRST_USER + 1, .team = team, .region = region};
    for (int c = 0; c < CLASS_COUNT; c++) {
        filter.views[c] = VIEW_FULL;
    }
    filter.scope = SCOPE_ALL;
    const double whole = list(book, &filter, asked);
    (void)printf("%-34s all %7.0f us", asked->name, whole);
    for (size_t i = 0; i < COUNT_OF(SCOPES); i++) {
        filter.scope = SCOPES[i].scope;
        const double part = list(book, &filter, asked);
        (void)printf("   %s %7.0f us %5.2f x", SCOPES[i].name, part, part / whole);
    }
    (void)printf("\n");
}

int main(int count, char **words)
{
    static const struct asked LISTS[] = {
        {"first page by number", "number", ""},
        {"first page by name", "name", ""},
        {"first page by open amount", "-open", ""},
        {"part of a name", "number", "贸易1"},
    };
    if (count < 2) {
        (void)fprintf(stderr, "usage: bench-access PLACE [CUSTOMERS]\n");
        return 2;
    }
    struct book book = {.customers = count > 2 ? strtoul(words[2], NULL, 10) : 100000};
    open_book(&book, words[1]);
    (void)printf("%llu customers of %d people, lists of %d\n", (unsigned long long)book.customers,
                 PEOPLE, PAGE);
    (void)printf("permission decision, one role        %5.2f us   goal <= 2\n",
                 decide(&book, 0, "customer_list"));
    (void)printf("permission decision, three roles     %5.2f us\n",
                 decide(&book, 1, "customer_list"));
    (void)printf("device, session, user and decision   %5.2f us\n",
                 admit(&book, 0, "customer_list"));
    for (size_t i = 0; i < COUNT_OF(LISTS); i++) {
        compare(&book, &LISTS[i]);
    }
    (void)printf("goal of each part: <= 1.3 x\n");
    views_free(book.views);
    store_close(book.store);
    arena_free(book.arena);
    return book.own_count > 0 ? 0 : 1;
}
