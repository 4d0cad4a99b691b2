// SPDX-License-Identifier: Apache-2.0

// What a book of many entries costs: the server's processor time of an invoice and of a payment
// beside ten thousand entries and beside a million, and a check of all its invariants, alone and
// beside people who go on writing.
//   bench-postings BUILD-DIRECTORY PLACE JSON-FILE [ENTRIES]
#include "shared/wire.h"
#include "tests/bench/ground.h"
#include "tests/bench/measure.h"

#include <pthread.h>

#define LINKS         8
#define CUSTOMERS     10000
#define KNOWN         512 // more customers, who are billed by hand
#define FEW           4000
#define SLICES        5
#define SLICE_SECONDS 0.5
#define CHECK_SECONDS 4.0

struct bench {
    struct load *load;
    struct link *link[LINKS + 1]; // the last one looks at checks
    struct arena *arena[LINKS + 1];
    struct arena *inbox;
    uint64_t customer[KNOWN];
    uint32_t turn[LINKS];
    uint64_t entries;
};

// Link i goes round its own share of the customers, so that they meet on no row of a customer.
static uint64_t next_customer(struct bench *bench, size_t i)
{
    return bench->customer[i + bench->turn[i]++ % (KNOWN / LINKS) * LINKS];
}

static void post(struct bench *bench, size_t i, const char *name, ProtobufCMessage *inner)
{
    (void)load_call(bench->link[i], bench->arena[i], load_request(bench->arena[i], name, inner),
                    STATUS_OK);
    arena_reset(bench->arena[i]);
    (void)__atomic_add_fetch(&bench->entries, 1, __ATOMIC_RELAXED);
}

static void issue_to(struct bench *bench, size_t i, uint64_t customer_id)
{
    InvoiceIssue request;
    invoice_issue__init(&request);
    InvoiceLine line;
    invoice_line__init(&line);
    InvoiceLine *lines[] = {&line};
    line.description = arena_print(bench->arena[i], "技术服务");
    line.quantity_micro = 1000000;
    line.price_micro = 100000000;
    line.tax_bp = 1300;
    request.customer_id = customer_id;
    request.line = lines;
    request.n_line = 1;
    post(bench, i, "invoice_issue", &request.base);
}

static size_t issue(void *context, size_t i)
{
    struct bench *bench = context;
    issue_to(bench, i, next_customer(bench, i));
    return 1;
}

// So that a payment finds the same to settle however many there are.
static size_t issue_and_pay(void *context, size_t i)
{
    struct bench *bench = context;
    PaymentAdd request;
    payment_add__init(&request);
    request.customer_id = next_customer(bench, i);
    request.amount_minor = 11300;
    issue_to(bench, i, request.customer_id);
    post(bench, i, "payment_add", &request.base);
    return 2;
}

static size_t enter(void *context, size_t i)
{
    struct bench *bench = context;
    EntryAdd request;
    entry_add__init(&request);
    EntryLine debit, credit;
    entry_line__init(&debit);
    entry_line__init(&credit);
    EntryLine *lines[] = {&debit, &credit};
    debit.account = 5602;
    credit.account = 1002;
    debit.debit_minor = credit.credit_minor = 100;
    request.text = arena_print(bench->arena[i], "费用");
    request.line = lines;
    request.n_line = COUNT_OF(lines);
    post(bench, i, "entry_add", &request.base);
    return 1;
}

static void open_links(struct bench *bench)
{
    for (size_t i = 1; i < COUNT_OF(bench->link); i++) {
        bench->link[i] = load_link(bench->load);
    }
}

static void close_links(struct bench *bench)
{
    for (size_t i = 1; i < COUNT_OF(bench->link); i++) {
        link_close(bench->link[i]);
    }
}

// Imported documents, every second one settled: three entries of two. The other links are closed
// meanwhile: who is silent for so long is cut off.
static void grow(struct bench *bench, uint64_t entries)
{
    struct ground_import what = {.link = bench->link[0],
                                 .arena = bench->arena[0],
                                 .inbox = bench->inbox,
                                 .kind = IMPORT_KIND__IMPORT_KIND_INVOICES,
                                 .rows = (size_t)(entries * 2 / 3),
                                 .customers = CUSTOMERS};
    close_links(bench);
    (void)ground_import(&what);
    open_links(bench);
    bench->entries += what.rows + what.rows / 2;
}

static const struct {
    const char *name;
    operation *run;
    const char *few;
    const char *many;
} POSTS[] = {
    {"an invoice or its payment", issue_and_pay, "CPU of an invoice or its payment, few entries",
     "CPU of an invoice or its payment, all entries"},
    {"an entry by hand", enter, "CPU of an entry by hand, few entries",
     "CPU of an entry by hand, all entries"},
};

static int by_value(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

// The median of several slices of each, in turns: a neighbour who comes and goes spoils few.
static void measure_posts(struct bench *bench, double out[static COUNT_OF(POSTS)])
{
    double cpu_us[COUNT_OF(POSTS)][SLICES];
    for (size_t slice = 0; slice < SLICES; slice++) {
        for (size_t i = 0; i < COUNT_OF(POSTS); i++) {
            const struct load_shape shape = {.name = POSTS[i].name,
                                             .threads = LINKS,
                                             .seconds = SLICE_SECONDS,
                                             .server_pid = load_server_pid(bench->load),
                                             .run = POSTS[i].run,
                                             .context = bench};
            cpu_us[i][slice] = measure(&shape).cpu_us;
        }
    }
    for (size_t i = 0; i < COUNT_OF(POSTS); i++) {
        qsort(cpu_us[i], SLICES, sizeof cpu_us[i][0], by_value);
        out[i] = cpu_us[i][SLICES / 2];
    }
}

struct checking {
    struct bench *bench;
    pthread_t thread;
    double seconds;
    volatile bool is_over;
};

// From the beginning of a check of the books until its end; nothing may be broken.
static void *check(void *context)
{
    struct checking *checking = context;
    struct link *link = checking->bench->link[LINKS];
    struct arena *arena = checking->bench->arena[LINKS];
    const struct timespec pause = {.tv_nsec = 10 * 1000000L};
    CheckBooks begin;
    check_books__init(&begin);
    const CheckBooksReply *reply = (const CheckBooksReply *)load_call(
        link, arena, load_request(arena, "check_books", &begin.base), STATUS_OK);
    while (reply->state == CHECK_STATE__CHECK_STATE_RUNNING) {
        (void)nanosleep(&pause, NULL);
        arena_reset(arena);
        CheckStatus ask;
        check_status__init(&ask);
        reply = (const CheckBooksReply *)load_call(
            link, arena, load_request(arena, "check_status", &ask.base), STATUS_OK);
    }
    assert(reply->state == CHECK_STATE__CHECK_STATE_HOLDS);
    checking->seconds = (double)(reply->ended_us - reply->began_us) / 1e6;
    checking->is_over = true;
    arena_reset(arena);
    return NULL;
}

static void check_the_books(struct bench *bench)
{
    struct checking checking = {.bench = bench};
    const int pid = load_server_pid(bench->load);
    const double cpu_us = process_cpu_us(pid);
    (void)check(&checking);
    rows_figure("CPU of a check of the books", (process_cpu_us(pid) - cpu_us) / 1e6, "s", NULL);
    rows_figure("check of the books, alone", checking.seconds, "s", "goal <= 20 at 1,000,000");
    struct load_shape shape = {.name = "issue an invoice, 8 connections, before a check",
                               .threads = LINKS,
                               .seconds = CHECK_SECONDS,
                               .server_pid = load_server_pid(bench->load),
                               .run = issue,
                               .context = bench};
    const double before = measure(&shape).per_second;
    checking.is_over = false;
    if (pthread_create(&checking.thread, NULL, check, &checking) != 0) {
        abort();
    }
    shape.name = "issue an invoice, 8 connections, beside a check";
    const double beside = measure(&shape).per_second;
    const bool is_over = checking.is_over;
    (void)pthread_join(checking.thread, NULL);
    rows_figure("check of the books, beside 8 who issue", checking.seconds, "s", NULL);
    rows_figure("ratio: invoice rate beside a check / before", beside / before, "x",
                is_over ? "the check ended before the round" : NULL);
}

static void open_book(struct bench *bench, const char *programs, const char *place)
{
    const struct load_options options = {
        .programs = programs, .place = place, .currency = "CNY", .chart = "cn-small"};
    bench->load = load_start(&options);
    for (size_t i = 0; i < COUNT_OF(bench->link); i++) {
        bench->arena[i] = arena_make(CALL_ARENA_MAX);
    }
    bench->link[0] = load_link(bench->load);
    open_links(bench);
    bench->inbox = arena_make(CALL_ARENA_MAX);
    (void)ground_import(&(struct ground_import){.link = bench->link[0],
                                                .arena = bench->arena[0],
                                                .inbox = bench->inbox,
                                                .kind = IMPORT_KIND__IMPORT_KIND_CUSTOMERS,
                                                .rows = CUSTOMERS + KNOWN});
    for (size_t i = 0; i < KNOWN; i++) {
        char number[16];
        (void)snprintf(number, sizeof number, "C-%04zu", CUSTOMERS + i + 1);
        bench->customer[i] = ground_customer(bench->link[0], bench->arena[0], number);
    }
}

static bool close_book(struct bench *bench)
{
    close_links(bench);
    link_close(bench->link[0]);
    for (size_t i = 0; i < COUNT_OF(bench->link); i++) {
        arena_free(bench->arena[i]);
    }
    arena_free(bench->inbox);
    return load_stop(bench->load);
}

int main(int count, char **words)
{
    if (count < 4) {
        (void)fprintf(stderr, "usage: bench-postings BUILD-DIRECTORY PLACE JSON-FILE [ENTRIES]\n");
        return 2;
    }
    static struct bench bench;
    const uint64_t entries = count > 4 ? strtoull(words[4], NULL, 10) : 1000000;
    double few[COUNT_OF(POSTS)], many[COUNT_OF(POSTS)];
    open_book(&bench, words[1], words[2]);
    grow(&bench, FEW);
    const uint64_t first = bench.entries;
    measure_posts(&bench, few);
    rows_figure("few entries, on the mean", (double)(first + bench.entries) / 2, "", NULL);
    if (bench.entries < entries) {
        grow(&bench, entries - bench.entries);
    }
    rows_figure("entries in the book", (double)bench.entries, "", NULL);
    measure_posts(&bench, many);
    for (size_t i = 0; i < COUNT_OF(POSTS); i++) {
        rows_figure(POSTS[i].few, few[i], "us", "median of 5 slices");
        rows_figure(POSTS[i].many, many[i], "us", NULL);
        rows_figure("ratio: all / few", many[i] / few[i], "x", "goal <= 1.3");
    }
    check_the_books(&bench);
    rows_print(words[3]);
    return close_book(&bench) ? 0 : 1;
}
