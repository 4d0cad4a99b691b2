// SPDX-License-Identifier: Apache-2.0

// What the lines of a bank cost: 10,000 of them against 100,000 open invoices, matched page by page
// through a real server, booked where they are certain, and the statement of what is left.
//   bench-matching BUILD-DIRECTORY PLACE JSON-FILE [DOCUMENTS [LINES]]
#include "shared/wire.h"
#include "tests/bench/ground.h"
#include "tests/bench/measure.h"

#define CUSTOMERS 10000
#define DOCUMENTS 100000
#define LINES     10000
#define VALUE_DAY 20430
#define YEAR_DAYS 89 // of the 400 days of the documents lie in 2024
#define BANK      1010

struct bench {
    struct load *load;
    struct link *link;
    struct arena *arena;
    struct arena *inbox;
    size_t documents;
    size_t lines;
    uint64_t statement_id;
    uint64_t pairs;
    uint64_t proposed;
    uint64_t matched;
    double plan_ms;
    double take_ms;
};

static const ProtobufCMessage *call(struct bench *bench, const char *name, ProtobufCMessage *inner)
{
    return load_call(bench->link, bench->arena, load_request(bench->arena, name, inner), STATUS_OK);
}

static void add_bank(struct bench *bench)
{
    char account[] = "1010";
    char name[] = "House";
    BankAdd add;
    bank_add__init(&add);
    add.account = account;
    add.name = name;
    (void)call(bench, "bank_add", &add.base);
    uint8_t fingerprint[32] = {7};
    BankBegin begin;
    bank_begin__init(&begin);
    begin.bank_id = BANK;
    begin.fingerprint = (ProtobufCBinaryData){.len = sizeof fingerprint, .data = fingerprint};
    begin.format = BANK_FORMAT__BANK_FORMAT_CSV;
    begin.from_day = VALUE_DAY;
    begin.to_day = VALUE_DAY;
    begin.line_count = (uint32_t)bench->lines;
    bench->statement_id = ((const BankLoadReply *)call(bench, "bank_begin", &begin.base))->id;
    arena_reset(bench->arena);
}

// The number of document i, as its import gave it (ground.h: one a day, 400 days, again).
static char *number_of(struct arena *arena, size_t i)
{
    const size_t round = i / 400;
    const size_t day = i % 400;
    return day < YEAR_DAYS ? arena_print(arena, "INV-2024-%04zu", round * YEAR_DAYS + day + 1)
                           : arena_print(arena, "INV-2025-%04zu",
                                         round * (400 - YEAR_DAYS) + day - YEAR_DAYS + 1);
}

// One of three names its document, one comes from an account that nobody knows under a name that
// somebody has, one says nothing but its amount.
static void fill_line(struct bench *bench, size_t n, BankLine *line)
{
    const size_t i = n * (bench->documents / bench->lines);
    bank_line__init(line);
    line->value_day = VALUE_DAY;
    line->amount_minor = 1000 + (int64_t)(i % 9973);
    line->occurrence = 1;
    line->reference = arena_print(bench->arena, "R%zu", n);
    if (n % 3 == 0) {
        line->text =
            arena_print(bench->arena, "payment of %s thank you", number_of(bench->arena, i));
    } else if (n % 3 == 1) {
        line->payer_account = arena_print(bench->arena, "ACC%zu", i * 7919 % CUSTOMERS);
        line->payer_name = arena_print(bench->arena, "Payer %zu", i * 7919 % CUSTOMERS);
    }
}

static void load_lines(struct bench *bench)
{
    BankLine line[BANK_LINES_MAX];
    BankLine *list[BANK_LINES_MAX];
    for (size_t first = 0; first < bench->lines; first += BANK_LINES_MAX) {
        BankLines message;
        bank_lines__init(&message);
        message.bank_statement_id = bench->statement_id;
        message.first = (uint32_t)first;
        message.line = list;
        while (message.n_line < BANK_LINES_MAX && first + message.n_line < bench->lines) {
            list[message.n_line] = &line[message.n_line];
            fill_line(bench, first + message.n_line, &line[message.n_line]);
            message.n_line++;
        }
        (void)call(bench, "bank_lines", &message.base);
        arena_reset(bench->arena);
    }
}

static void take(struct bench *bench, const ReconcilePlanReply *plan)
{
    const int64_t begun = clock_us();
    for (size_t done = 0; done < plan->n_row;) {
        ReconcileTake message;
        reconcile_take__init(&message);
        message.pair = plan->row + done;
        message.n_pair = plan->n_row - done < BANK_PAIRS_MAX ? plan->n_row - done : BANK_PAIRS_MAX;
        const ReconcileTakeReply *reply =
            (const ReconcileTakeReply *)call(bench, "reconcile_take", &message.base);
        bench->matched += reply->matched;
        done += reply->done;
        assert(reply->done > 0);
    }
    bench->take_ms += (double)(clock_us() - begun) / 1000;
}

static void match(struct bench *bench, bool books)
{
    char cursor[64] = "";
    bench->plan_ms = 0;
    bench->pairs = bench->proposed = 0;
    do {
        const int64_t begun = clock_us();
        ReconcilePlan message;
        reconcile_plan__init(&message);
        message.bank_id = BANK;
        message.cursor = cursor;
        const ReconcilePlanReply *plan =
            (const ReconcilePlanReply *)call(bench, "reconcile_plan", &message.base);
        bench->plan_ms += (double)(clock_us() - begun) / 1000;
        bench->pairs += plan->n_row;
        bench->proposed += plan->proposed;
        (void)snprintf(cursor, sizeof cursor, "%s", plan->page->next);
        if (books) {
            take(bench, plan);
        }
        arena_reset(bench->arena);
    } while (cursor[0] != '\0');
}

static double status_ms(struct bench *bench)
{
    ReconcileStatus message;
    reconcile_status__init(&message);
    message.bank_id = BANK;
    const int64_t begun = clock_us();
    (void)call(bench, "reconcile_status", &message.base);
    const double took = (double)(clock_us() - begun) / 1000;
    arena_reset(bench->arena);
    return took;
}

static void build(struct bench *bench)
{
    struct ground_import what = {.link = bench->link,
                                 .arena = bench->arena,
                                 .inbox = bench->inbox,
                                 .kind = IMPORT_KIND__IMPORT_KIND_CUSTOMERS,
                                 .rows = CUSTOMERS,
                                 .customers = CUSTOMERS,
                                 .unpaid = true};
    (void)ground_import(&what);
    what.kind = IMPORT_KIND__IMPORT_KIND_INVOICES;
    what.rows = bench->documents;
    (void)ground_import(&what);
    add_bank(bench);
    load_lines(bench);
}

int main(int count, char **words)
{
    if (count < 4) {
        (void)fprintf(stderr,
                      "bench-matching BUILD-DIRECTORY PLACE JSON-FILE [DOCUMENTS [LINES]]\n");
        return 2;
    }
    const struct load_options options = {
        .programs = words[1], .place = words[2], .currency = "USD", .chart = "international"};
    struct bench bench = {
        .load = load_start(&options),
        .arena = arena_make(CALL_ARENA_MAX),
        .inbox = arena_make(CALL_ARENA_MAX),
        .documents = count > 4 ? strtoul(words[4], NULL, 10) : DOCUMENTS,
        .lines = count > 5 ? strtoul(words[5], NULL, 10) : LINES,
    };
    bench.link = load_link(bench.load);
    assert(bench.lines > 0 && bench.documents >= bench.lines);
    build(&bench);
    rows_figure("open invoices", (double)bench.documents, "", "");
    rows_figure("bank lines", (double)bench.lines, "", "");
    match(&bench, false);
    rows_figure("matching all lines", bench.plan_ms, "ms", "<= 5000");
    rows_figure("of them certain", (double)bench.pairs, "", "");
    rows_figure("of them proposed", (double)bench.proposed, "", "");
    rows_figure("reconcile status, nothing matched", status_ms(&bench), "ms", "");
    match(&bench, true);
    rows_figure("booking what is certain", bench.take_ms, "ms", "");
    rows_figure("booked", (double)bench.matched, "", "");
    rows_figure("reconcile status, the rest", status_ms(&bench), "ms", "");
    rows_print(words[3]);
    link_close(bench.link);
    return load_stop(bench.load) ? 0 : 1;
}
