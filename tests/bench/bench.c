// SPDX-License-Identifier: Apache-2.0

// The figures of kontor, through the real client library over the encrypted channel, with the
// limits of the machine beside them in the same run: only ratios within one run mean something on a
// noisy machine.
//   bench BUILD-DIRECTORY PLACE JSON-FILE [CUSTOMERS [PART-OF-A-NAME]]

#include "shared/wire.h"
#include "tests/bench/echo.h"
#include "tests/bench/ground.h"
#include "tests/bench/limits.h"
#include "tests/bench/measure.h"
#include "tests/load/load.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS         64
#define SECONDS       4.0
#define STATEMENT     10000
#define IMPORT_BESIDE 40000 // rows: longer than a round at the rate that is wanted

struct bench {
    struct load *load;
    const char *place;
    size_t customers;
    struct link *link[LINKS];
    struct arena *arena[LINKS];
    struct arena *inbox; // what an import receives
    uint64_t *customer;  // all; link i bills and pays number i, i + LINKS, ...
    size_t customer_count;
    Request *kept[LINKS]; // for repeated ids
    uint64_t last_customer;
    uint32_t turn[LINKS];
    uint64_t invoices; // issued
    uint64_t imported;
    struct row raw[2]; // commits of plain LMDB beside 1 connection and beside many
    const char *only;  // rounds to run: a part of their names; NULL: all
    struct echo *echo;
    struct link *echo_link[LINKS];
};

static double start_seconds(const struct load *load)
{
    const int64_t took_us = load_start_us(load);
    return (double)took_us / 1e6;
}

// Link i goes round its own share of the customers, so that they meet on no row of a customer.
static uint64_t next_customer(struct bench *bench, size_t i)
{
    const size_t share = bench->customer_count / LINKS;
    return bench->customer[i + bench->turn[i]++ % share * LINKS];
}

// One line with tax: three lines of the entry.
static Request *issue_request(struct bench *bench, size_t i, int64_t price_minor)
{
    struct arena *arena = bench->arena[i];
    InvoiceIssue *issue = (InvoiceIssue *)wire_make(arena, &invoice_issue__descriptor);
    InvoiceLine *line = (InvoiceLine *)wire_make(arena, &invoice_line__descriptor);
    line->description = arena_print(arena, "技术服务");
    line->quantity_micro = 1000000;
    line->price_micro = price_minor * 10000;
    line->tax_bp = 1300;
    issue->customer_id = next_customer(bench, i);
    issue->n_line = 1;
    issue->line = arena_alloc(arena, sizeof(void *));
    issue->line[0] = line;
    return load_request(arena, "invoice_issue", &issue->base);
}

static size_t issue(void *context, size_t i)
{
    struct bench *bench = context;
    (void)load_call(bench->link[i], bench->arena[i], issue_request(bench, i, 10000), STATUS_OK);
    arena_reset(bench->arena[i]);
    (void)__atomic_add_fetch(&bench->invoices, 1, __ATOMIC_RELAXED);
    return 1;
}

static size_t pay(void *context, size_t i)
{
    struct bench *bench = context;
    PaymentAdd *add = (PaymentAdd *)wire_make(bench->arena[i], &payment_add__descriptor);
    add->customer_id = next_customer(bench, i);
    add->amount_minor = 11300;
    (void)load_call(bench->link[i], bench->arena[i],
                    load_request(bench->arena[i], "payment_add", &add->base), STATUS_OK);
    arena_reset(bench->arena[i]);
    return 1;
}

static size_t repeat_id(void *context, size_t i)
{
    struct bench *bench = context;
    struct arena *arena = arena_make(CALL_ARENA_MAX);
    (void)load_call(bench->link[i], arena, bench->kept[i], STATUS_OK);
    arena_free(arena);
    return 1;
}

static size_t refuse_stateless(void *context, size_t i)
{
    struct bench *bench = context;
    PaymentAdd *add = (PaymentAdd *)wire_make(bench->arena[i], &payment_add__descriptor);
    add->customer_id = bench->customer[i];
    (void)load_call(bench->link[i], bench->arena[i],
                    load_request(bench->arena[i], "payment_add", &add->base), STATUS_FIELD_MISSING);
    arena_reset(bench->arena[i]);
    return 1;
}

static size_t show_customer(void *context, size_t i)
{
    struct bench *bench = context;
    CustomerShow *show = (CustomerShow *)wire_make(bench->arena[i], &customer_show__descriptor);
    show->customer_id = next_customer(bench, i);
    (void)load_call(bench->link[i], bench->arena[i],
                    load_request(bench->arena[i], "customer_show", &show->base), STATUS_OK);
    arena_reset(bench->arena[i]);
    return 1;
}

static size_t list(struct bench *bench, size_t i, const char *query, const char *sort)
{
    CustomerList *ask = (CustomerList *)wire_make(bench->arena[i], &customer_list__descriptor);
    ask->query = arena_print(bench->arena[i], "%s", query);
    ask->sort = arena_print(bench->arena[i], "%s", sort);
    ask->limit = 20;
    (void)load_call(bench->link[i], bench->arena[i],
                    load_request(bench->arena[i], "customer_list", &ask->base), STATUS_OK);
    arena_reset(bench->arena[i]);
    return 1;
}

static size_t list_by_number(void *context, size_t i)
{
    return list(context, i, "", "number");
}

static size_t list_by_name(void *context, size_t i)
{
    return list(context, i, "", "name");
}

static size_t list_by_open(void *context, size_t i)
{
    return list(context, i, "", "-open");
}

static size_t search(void *context, size_t i)
{
    static const char *const words[] = {"恒通", "科技", "robotics", "山海", "trading 7"};
    struct bench *bench = context;
    return list(bench, i, words[bench->turn[i]++ % COUNT_OF(words)], "number");
}

static size_t aging(struct bench *bench, size_t i, int32_t day)
{
    ReportAging *ask = (ReportAging *)wire_make(bench->arena[i], &report_aging__descriptor);
    ask->as_of_day = day;
    ask->summary = true;
    const ReportAgingReply *reply = (const ReportAgingReply *)load_call(
        bench->link[i], bench->arena[i], load_request(bench->arena[i], "report_aging", &ask->base),
        STATUS_OK);
    assert(reply->control->difference_minor == 0);
    arena_reset(bench->arena[i]);
    return 1;
}

static size_t aging_today(void *context, size_t i)
{
    return aging(context, i, 0);
}

static size_t aging_past(void *context, size_t i)
{
    return aging(context, i, 20000 + (int32_t)(((struct bench *)context)->turn[i]++ % 300));
}

static size_t trial_balance(void *context, size_t i)
{
    struct bench *bench = context;
    ReportTrialBalance *ask =
        (ReportTrialBalance *)wire_make(bench->arena[i], &report_trial_balance__descriptor);
    (void)load_call(bench->link[i], bench->arena[i],
                    load_request(bench->arena[i], "report_trial_balance", &ask->base), STATUS_OK);
    arena_reset(bench->arena[i]);
    return 1;
}

// The whole of it, in as many pages as the server allows.
static size_t statement(void *context, size_t i)
{
    struct bench *bench = context;
    struct arena *arena = bench->arena[i];
    size_t rows = 0;
    const char *cursor = "";
    do {
        StatementShow *ask = (StatementShow *)wire_make(arena, &statement_show__descriptor);
        ask->customer_id = bench->last_customer;
        ask->from_day = 19000;
        ask->to_day = 22000;
        ask->limit = LIST_ROWS_MAX;
        ask->cursor = (char *)(uintptr_t)cursor;
        const StatementShowReply *reply = (const StatementShowReply *)load_call(
            bench->link[i], arena, load_request(arena, "statement_show", &ask->base), STATUS_OK);
        rows += reply->n_row;
        cursor = reply->page->next;
    } while (cursor[0] != '\0');
    assert(rows >= STATEMENT);
    arena_reset(arena);
    return 1;
}

static size_t whoami_resumed(void *context, size_t i)
{
    struct bench *bench = context;
    struct link *link = load_link(bench->load);
    SessionWhoami *ask = (SessionWhoami *)wire_make(bench->arena[i], &session_whoami__descriptor);
    (void)load_call(link, bench->arena[i],
                    load_request(bench->arena[i], "session_whoami", &ask->base), STATUS_OK);
    link_close(link);
    arena_reset(bench->arena[i]);
    return 1;
}

static size_t echo(void *context, size_t i)
{
    struct bench *bench = context;
    Reply *reply = NULL;
    if (link_call(bench->echo_link[i], issue_request(bench, i, 1), bench->arena[i], &reply) !=
        STATUS_OK) {
        abort();
    }
    arena_reset(bench->arena[i]);
    return 1;
}

static struct load_shape shape_of(struct bench *bench, const char *name, size_t threads,
                                  operation *run)
{
    return (struct load_shape){.name = name,
                               .threads = threads,
                               .seconds = SECONDS,
                               .server_pid = load_server_pid(bench->load),
                               .run = run,
                               .context = bench};
}

// Is the round wanted? Without a choice all are.
static bool is_chosen(const struct bench *bench, const char *name)
{
    return bench->only == NULL || strstr(name, bench->only) != NULL;
}

static void round_of(struct bench *bench, const char *name, size_t threads, operation *run)
{
    const struct load_shape shape = shape_of(bench, name, threads, run);
    if (is_chosen(bench, name)) {
        (void)measure(&shape);
    }
}

// In turns with raw commits of as many invoices as our own commits have on the mean; how many that
// is shows in a short run before.
static void issue_beside_raw(struct bench *bench, const char *name, size_t threads)
{
    struct load_shape shape = shape_of(bench, name, threads, issue);
    struct load_shape trial = shape;
    if (!is_chosen(bench, name)) {
        return;
    }
    char *trial_name = NULL;
    if (asprintf(&trial_name, "%s, to warm up", name) < 0) {
        abort();
    }
    trial.name = trial_name; // lives as long as the table
    trial.seconds = 1;
    const uint64_t invoices = bench->invoices, commits = limit_commits(bench->place);
    (void)measure(&trial);
    const double mean =
        (double)(bench->invoices - invoices) / (double)(limit_commits(bench->place) - commits);
    const struct load_shape raw = limit_lmdb(bench->place, (size_t)(mean + 0.5));
    measure_beside(&shape, &raw);
    limit_lmdb_close(&raw);
    const struct row *ours = rows_find(name), *theirs = rows_find(raw.name);
    bench->raw[threads == 1 ? 0 : 1] = *theirs;
    rows_figure("mean batch", mean, "invoices", name);
    rows_figure("ratio: rate / raw LMDB rate", ours->per_second / theirs->per_second, "x", name);
}

// ---- the ground ----

static double import(struct bench *bench, size_t link, struct ground_import what)
{
    what.link = bench->link[link];
    what.arena = bench->arena[link];
    what.inbox = bench->inbox;
    bench->imported += what.kind == IMPORT_KIND__IMPORT_KIND_CUSTOMERS ? 0 : what.rows;
    return ground_import(&what);
}

static void read_customers(struct bench *bench)
{
    struct arena *arena = bench->arena[0];
    bench->customer = calloc(bench->customers, sizeof *bench->customer);
    char cursor[CURSOR_BYTES_MAX + 1] = "";
    assert(bench->customer != NULL);
    do {
        CustomerList *ask = (CustomerList *)wire_make(arena, &customer_list__descriptor);
        ask->sort = arena_print(arena, "number");
        ask->limit = LIST_ROWS_MAX;
        ask->cursor = cursor;
        const CustomerListReply *reply = (const CustomerListReply *)load_call(
            bench->link[0], arena, load_request(arena, "customer_list", &ask->base), STATUS_OK);
        for (size_t i = 0; i < reply->n_row && bench->customer_count < bench->customers; i++) {
            bench->customer[bench->customer_count++] = reply->row[i]->id;
        }
        (void)snprintf(cursor, sizeof cursor, "%s", reply->page->next);
        arena_reset(arena);
    } while (cursor[0] != '\0');
    assert(bench->customer_count >= LINKS);
}

static double disk_bytes(const char *place)
{
    char path[600];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s/book/data.mdb", place);
    return stat(path, &status) == 0 ? (double)status.st_blocks * 512 : 0;
}

// ---- rounds ----

static void limits(struct bench *bench)
{
    limit_fdatasync(bench->place);
    limit_plain_echo("limit: plain echo, 1 connection", 1);
    limit_plain_echo("limit: plain echo, 64 connections", LINKS);
    bench->echo = echo_start();
    for (size_t i = 0; i < LINKS; i++) {
        bench->echo_link[i] = echo_link(bench->echo);
    }
    const struct load_shape one = {.name = "limit: encrypted echo, 1 connection",
                                   .threads = 1,
                                   .seconds = 2,
                                   .run = echo,
                                   .context = bench};
    const struct load_shape many = {.name = "limit: encrypted echo, 64 connections",
                                    .threads = LINKS,
                                    .seconds = 2,
                                    .run = echo,
                                    .context = bench};
    (void)measure(&one);
    (void)measure(&many);
    for (size_t i = 0; i < LINKS; i++) {
        link_drop(bench->echo_link[i]);
    }
    echo_stop(bench->echo);
}

static void writes(struct bench *bench)
{
    const double before = disk_bytes(bench->place);
    const uint64_t invoices = bench->invoices;
    issue_beside_raw(bench, "issue an invoice, 1 connection", 1);
    issue_beside_raw(bench, "issue an invoice, 8 connections", 8);
    issue_beside_raw(bench, "issue an invoice, 64 connections", LINKS);
    if (bench->invoices > invoices) {
        rows_figure("disk an invoice",
                    (disk_bytes(bench->place) - before) / (double)(bench->invoices - invoices) /
                        1000,
                    "KB", "goal <= 1.2");
    }
    round_of(bench, "payment with allocation, 64 connections", LINKS, pay);
    for (size_t i = 0; i < LINKS; i++) {
        bench->kept[i] = issue_request(bench, i, 5000);
        struct arena *arena = arena_make(CALL_ARENA_MAX);
        (void)load_call(bench->link[i], arena, bench->kept[i], STATUS_OK);
        arena_free(arena);
    }
    round_of(bench, "repeated request id, 64 connections", LINKS, repeat_id);
    for (size_t i = 0; i < LINKS; i++) {
        arena_reset(bench->arena[i]);
    }
    round_of(bench, "stateless refusal, 64 connections", LINKS, refuse_stateless);
}

static void reads(struct bench *bench)
{
    round_of(bench, "customer by id, 64 connections", LINKS, show_customer);
    round_of(bench, "first page by number, 1 connection", 1, list_by_number);
    round_of(bench, "first page by name, 1 connection", 1, list_by_name);
    round_of(bench, "first page by open amount, 1 connection", 1, list_by_open);
    round_of(bench, "substring search, 1 connection", 1, search);
    round_of(bench, "aging as of today, 1 connection", 1, aging_today);
    round_of(bench, "aging as of a past date, 1 connection", 1, aging_past);
    round_of(bench, "trial balance, 1 connection", 1, trial_balance);
    round_of(bench, "statement of 10,000 entries, 1 connection", 1, statement);
    round_of(bench, "resumed session (connect, whoami, close)", 1, whoami_resumed);
}

struct posting {
    struct bench *bench;
    pthread_t thread;
    size_t index;
    volatile bool *stop;
};

static void *post_until_stopped(void *context)
{
    struct posting *posting = context;
    while (!*posting->stop) {
        (void)issue(posting->bench, posting->index);
    }
    return NULL;
}

// All but the first eight links post in the background; the first eight read, and their latency is
// what counts.
static void read_while_posting(struct bench *bench)
{
    static struct posting postings[LINKS];
    volatile bool stop = false;
    if (!is_chosen(bench, "customer by id, 8 read while 56 post")) {
        return;
    }
    for (size_t i = 8; i < LINKS; i++) {
        postings[i] = (struct posting){.bench = bench, .index = i, .stop = &stop};
        if (pthread_create(&postings[i].thread, NULL, post_until_stopped, &postings[i]) != 0) {
            abort();
        }
    }
    round_of(bench, "customer by id, 8 read while 56 post", 8, show_customer);
    stop = true;
    for (size_t i = 8; i < LINKS; i++) {
        (void)pthread_join(postings[i].thread, NULL);
    }
}

struct importing {
    struct bench *bench;
    pthread_t thread;
    double rows_per_second;
};

static void *import_beside(void *context)
{
    struct importing *importing = context;
    struct bench *bench = importing->bench;
    importing->rows_per_second =
        import(bench, LINKS - 1,
               (struct ground_import){.kind = IMPORT_KIND__IMPORT_KIND_INVOICES,
                                      .rows = IMPORT_BESIDE,
                                      .customers = bench->customers});
    return NULL;
}

// Somebody imports; eight others go on with their work, once writing and once reading.
static void work_while_importing(struct bench *bench, const char *name, operation *run,
                                 const char *import_name)
{
    struct importing importing = {.bench = bench};
    if (!is_chosen(bench, name)) {
        return;
    }
    if (pthread_create(&importing.thread, NULL, import_beside, &importing) != 0) {
        abort();
    }
    round_of(bench, name, 8, run);
    (void)pthread_join(importing.thread, NULL);
    rows_figure(import_name, importing.rows_per_second, "rows/s", "goal >= 5000");
}

static void import_alone(struct bench *bench, const char *name, const char *note,
                         struct ground_import what)
{
    const int pid = load_server_pid(bench->load);
    const double cpu_us = process_cpu_us(pid);
    const double per_second = import(bench, 0, what);
    rows_add((struct row){.name = name,
                          .note = note,
                          .per_second = per_second,
                          .cpu_us = (process_cpu_us(pid) - cpu_us) / (double)what.rows});
}

// Stops the server and starts it: how long until the first answer, and what it holds then. Link 0
// is opened again.
static void start_again(struct bench *bench, const char *start_name, const char *memory_name)
{
    link_close(bench->link[0]);
    load_restart(bench->load);
    rows_figure(start_name, start_seconds(bench->load), "s", "goal <= 0.5");
    rows_figure(memory_name, process_private_mb(load_server_pid(bench->load)), "MB", "goal <= 60");
    bench->link[0] = load_link(bench->load);
}

// The rounds read more rows than one person may be shown in a day.
static void widen_quota(struct bench *bench)
{
    QuotaSet *set = (QuotaSet *)wire_make(bench->arena[0], &quota_set__descriptor);
    set->rows = 1000000000;
    set->exports = QUOTA_EXPORTS;
    set->reveals = QUOTA_REVEALS;
    (void)load_call(bench->link[0], bench->arena[0],
                    load_request(bench->arena[0], "quota_set", &set->base), STATUS_OK);
    arena_reset(bench->arena[0]);
}

static void ground(struct bench *bench)
{
    import_alone(bench, "import of customers", "alone",
                 (struct ground_import){.kind = IMPORT_KIND__IMPORT_KIND_CUSTOMERS,
                                        .rows = bench->customers});
    start_again(bench, "start until the first answer, customers alone",
                "private memory of the server, customers alone");
    import_alone(bench, "import of invoices, every second one settled",
                 "alone; two documents and an allocation for it",
                 (struct ground_import){.kind = IMPORT_KIND__IMPORT_KIND_INVOICES,
                                        .rows = bench->customers,
                                        .customers = bench->customers});
    import_alone(bench, "import of invoices, all of one customer", "alone; goal >= 10000",
                 (struct ground_import){
                     .kind = IMPORT_KIND__IMPORT_KIND_INVOICES, .rows = STATEMENT, .customers = 1});
    start_again(bench, "start until the first answer, customers and imported invoices",
                "private memory of the server, customers and imported invoices");
    bench->last_customer = ground_customer(bench->link[0], bench->arena[0], "C-0001");
    read_customers(bench);
}

static void sessions(struct bench *bench)
{
    double argon = 0, login = 0;
    for (int i = 0; i < 8; i++) { // in turns: what the machine does besides changes both
        const int64_t took_us = load_login_us(bench->load);
        const double argon_us = limit_argon_us(), login_us = (double)took_us;
        argon = argon == 0 || argon_us < argon ? argon_us : argon;
        login = login == 0 || login_us < login ? login_us : login;
    }
    rows_figure("limit: one Argon2id", argon / 1000, "ms", "best of 8, as is the login");
    rows_figure("password login", login / 1000, "ms", NULL);
    rows_figure("private memory of the server, after all rounds",
                process_private_mb(load_server_pid(bench->load)), "MB", NULL);
    const double before = process_private_mb(load_server_pid(bench->load));
    struct link *idle[500];
    for (size_t i = 0; i < COUNT_OF(idle); i++) {
        idle[i] = load_link(bench->load);
    }
    rows_figure("memory of an idle connection",
                (process_private_mb(load_server_pid(bench->load)) - before) * 1024 / COUNT_OF(idle),
                "KiB", "of 500");
    for (size_t i = 0; i < COUNT_OF(idle); i++) {
        link_close(idle[i]);
    }
}

static void ratios(const struct bench *bench)
{
    const struct row *one = rows_find("issue an invoice, 1 connection"),
                     *many = rows_find("issue an invoice, 64 connections");
    const struct row *raw = &bench->raw[0], *batch = &bench->raw[1];
    const struct row *echo1 = rows_find("limit: encrypted echo, 1 connection"),
                     *echo64 = rows_find("limit: encrypted echo, 64 connections");
    rows_figure("ratio: p50 of 1 / (raw commit + echo)",
                one->p50_us / (raw->p50_us + echo1->p50_us), "x", "goal <= 1.5");
    rows_figure("ratio: rate of 64 / raw LMDB rate", many->per_second / batch->per_second, "x",
                "goal >= 0.6");
    rows_figure("ratio: rate of 64 / rate of 1", many->per_second / one->per_second, "x",
                "goal >= 3");
    rows_figure("ratio: p99 / p50 of 64", many->p99_us / many->p50_us, "x", "goal <= 6");
    rows_figure("ratio: payment / invoice rate",
                rows_find("payment with allocation, 64 connections")->per_second / many->per_second,
                "x", "goal >= 0.7");
    rows_figure("ratio: invoice p50 / repeated id p50",
                many->p50_us / rows_find("repeated request id, 64 connections")->p50_us, "x",
                "goal >= 3");
    rows_figure("ratio: invoice p50 / stateless refusal p50",
                many->p50_us / rows_find("stateless refusal, 64 connections")->p50_us, "x",
                "goal >= 3");
    rows_figure("ratio: customer by id / encrypted echo",
                rows_find("customer by id, 64 connections")->per_second / echo64->per_second, "x",
                "goal >= 0.3");
    rows_figure("ratio: login / Argon2id",
                rows_find("password login")->value / rows_find("limit: one Argon2id")->value, "x",
                "goal <= 1.3");
}

int main(int count, char **words)
{
    if (count < 4) {
        (void)fprintf(stderr, "usage: bench BUILD-DIRECTORY PLACE JSON-FILE [CUSTOMERS [ONLY]]\n");
        return 2;
    }
    static struct bench bench;
    bench.place = words[2];
    bench.customers = count > 4 ? strtoul(words[4], NULL, 10) : 100000;
    bench.only = count > 5 ? words[5] : NULL;
    const struct load_options options = {
        .programs = words[1], .place = bench.place, .currency = "CNY", .chart = "cn-small"};
    bench.load = load_start(&options);
    rows_figure("start of an empty book until it listens", start_seconds(bench.load), "s", NULL);
    for (size_t i = 0; i < LINKS; i++) {
        bench.arena[i] = arena_make(CALL_ARENA_MAX);
    }
    bench.inbox = arena_make(CALL_ARENA_MAX);
    bench.link[0] = load_link(bench.load);
    widen_quota(&bench);
    ground(&bench);
    for (size_t i = 1; i < LINKS; i++) {
        bench.link[i] = load_link(bench.load);
    }
    if (bench.only == NULL) {
        limits(&bench);
    }
    writes(&bench);
    reads(&bench);
    read_while_posting(&bench);
    work_while_importing(&bench, "issue an invoice, 8 connections, beside an import", issue,
                         "import beside 8 who issue invoices");
    work_while_importing(&bench, "customer by id, 8 connections, beside an import", show_customer,
                         "import beside 8 who read");
    if (bench.only == NULL) {
        sessions(&bench);
    }
    for (size_t i = 1; i < LINKS; i++) {
        link_close(bench.link[i]);
    }
    start_again(&bench, "start until the first answer, after all rounds",
                "private memory of the server, started after all rounds");
    rows_figure("invoices in the book", (double)(bench.invoices + bench.imported), "", NULL);
    link_close(bench.link[0]);
    for (size_t i = 0; i < LINKS; i++) {
        arena_free(bench.arena[i]);
    }
    arena_free(bench.inbox);
    free(bench.customer);
    if (bench.only == NULL) {
        ratios(&bench);
    }
    rows_print(words[3]);
    return load_stop(bench.load) ? 0 : 1;
}
