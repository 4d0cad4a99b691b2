// SPDX-License-Identifier: Apache-2.0

// `kontord audit verify` of a long journal, and the proof of a login from it. The records are put
// directly, as invoices by hand leave them, each commit with its header, signed as a server signs.
//   bench-audit PLACE [RECORDS [RECORDS-A-COMMIT]]

#include "server/ops/audit.h"

#include "server/ops/init.h"
#include "server/ops/signer.h"
#include "server/store/file.h"
#include "server/store/tiles.h"
#include "shared/wire.h"

#include "proto/envelope.pb-c.h"

#include <sys/resource.h>
#include <time.h>

#define MOMENT      ((int64_t)1795000000 * 1000000)
#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define PUT_AT_ONCE 4 // records a commit, when nothing else is said
#define PROOFS      1000

static void must(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "bench-audit: %s: %s\n", what, status_code(status));
        abort();
    }
}

struct bench {
    char dir[PATH_BYTES_MAX];
    char key_file[PATH_BYTES_MAX];
    struct store_options options;
    struct store *store;
    struct signer *signer;
    struct arena *arena;
    int64_t now_us;
};

static void make_book(struct bench *bench, const char *place)
{
    char invitation[PATH_BYTES_MAX];
    const bool fits = file_path(place, "audit", bench->dir) &&
                      file_path(place, "audit.key", bench->key_file) &&
                      file_path(place, "audit.owner", invitation);
    assert(fits);
    bench->now_us = MOMENT;
    bench->options = (struct store_options){.dir = bench->dir, .key_file = bench->key_file};
    const struct init_options options = {.dir = bench->dir,
                                         .company = "Bench",
                                         .currency = "CNY",
                                         .chart = "cn-small",
                                         .time_zone = "Asia/Shanghai",
                                         .owner = "zhang",
                                         .invitation = invitation,
                                         .instant_us = MOMENT - 1000};
    struct init_report report;
    must(init_run(&options, &report), "init");
    must(store_open(&bench->options, &bench->store), "open");
    must(signer_open(bench->store, bench->dir, &bench->signer), "signer");
}

static struct bytes request_of(struct arena *arena)
{
    InvoiceLine line;
    invoice_line__init(&line);
    line.description = (char *)(uintptr_t) "Widget, blue, by the dozen";
    line.quantity_micro = 12000000;
    line.price_micro = 99900000;
    line.tax_bp = 1300;
    InvoiceLine *lines[] = {&line};
    InvoiceIssue issue;
    invoice_issue__init(&issue);
    issue.customer_id = 123456 << 8 | 1;
    issue.date_day = 20775;
    issue.line = lines;
    issue.n_line = 1;
    issue.reference = (char *)(uintptr_t) "PO-2026-004711";
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_INVOICE_ISSUE;
    request.invoice_issue = &issue;
    struct bytes packed = bytes_of(NULL, 0);
    must(wire_pack(arena, &request.base, &packed), "request");
    return packed;
}

static void append(struct bench *bench, struct txn *txn)
{
    struct head *head = txn_head(txn);
    const struct bytes request = request_of(txn_arena(txn));
    char object[32];
    uint8_t key[16];
    uint8_t hash[32] = {1};
    random_fill(key, sizeof key);
    bench->now_us += 100;
    (void)snprintf(object, sizeof object, "INV-2026-%04llu", (unsigned long long)head->number);
    JournalRecord record;
    journal_record__init(&record);
    record.number = head->number + 1;
    record.instant_us = bench->now_us;
    record.book_day = 20775;
    record.user_id = 257;
    record.device_id = 258;
    record.session_id = 513;
    record.key = (ProtobufCBinaryData){.len = sizeof key, .data = key};
    record.command = REQUEST__COMMAND_INVOICE_ISSUE;
    record.request =
        (ProtobufCBinaryData){.len = request.size, .data = (uint8_t *)(uintptr_t)request.data};
    record.object = object;
    record.object_id = record.number << 8 | 1;
    record.feature_level = 1;
    record.request_hash = (ProtobufCBinaryData){.len = sizeof hash, .data = hash};
    struct bytes packed = bytes_of(NULL, 0);
    uint8_t leaf[LEAF_BYTES];
    must(wire_pack(txn_arena(txn), &record.base, &packed), "record");
    must(table_put_bytes(txn, TABLE_journal, key_u64(record.number), packed, 1), "put");
    tree_leaf(packed, leaf);
    must(tiles_append(txn, leaf), "tiles");
    head->number = record.number;
    head->instant_us = record.instant_us;
}

// A hundred commits to the disk at once: their headers are what matters here.
static void grow(struct bench *bench, uint64_t records, uint64_t each)
{
    uint64_t number = 1;
    while (number < records) {
        struct txn *txn = NULL;
        arena_reset(bench->arena);
        must(txn_begin(bench->store, TXN_WRITE, bench->arena, &txn), "begin");
        for (int commits = 0; commits < 500 && number < records; commits++) {
            for (uint64_t i = 0; i < each && number < records; i++) {
                append(bench, txn);
                number++;
            }
            must(txn_end_journal(txn), "header");
            must(signer_seal(bench->signer, txn, bench->now_us, false), "seal");
        }
        must(txn_commit(txn), "commit");
    }
    struct txn *txn = NULL;
    arena_reset(bench->arena);
    must(txn_begin(bench->store, TXN_WRITE, bench->arena, &txn), "begin");
    must(signer_seal(bench->signer, txn, bench->now_us, true), "seal");
    must(txn_commit(txn), "commit");
}

static double now_seconds(clockid_t which)
{
    struct timespec now;
    const int failed = clock_gettime(which, &now);
    assert(failed == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure_proofs(struct bench *bench, uint64_t records)
{
    double worst = 0;
    double sum = 0;
    uint64_t seed = 1;
    for (int i = 0; i < PROOFS; i++) {
        struct txn *txn = NULL;
        struct proof *proof = NULL;
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const uint64_t from = 1 + (seed >> 20) % records;
        arena_reset(bench->arena);
        const double begun = now_seconds(CLOCK_THREAD_CPUTIME_ID);
        must(txn_begin(bench->store, TXN_READ, bench->arena, &txn), "begin");
        must(tree_consistency(txn, from, records, bench->arena, &proof), "proof");
        txn_abort(txn);
        const double took = now_seconds(CLOCK_THREAD_CPUTIME_ID) - begun;
        worst = took > worst ? took : worst;
        sum += took;
    }
    (void)printf(
        "consistency proof in %llu records: mean %.2f ms, worst of %d %.2f ms of a processor\n",
        (unsigned long long)records, sum / PROOFS * 1000, PROOFS, worst * 1000);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    const int failed = getrusage(RUSAGE_SELF, &usage);
    assert(failed == 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **words)
{
    if (count < 2 || keys_start() != STATUS_OK) {
        return EXIT_FAILURE;
    }
    const uint64_t records = count > 2 ? strtoull(words[2], NULL, 10) : 1000000;
    const uint64_t each = count > 3 ? strtoull(words[3], NULL, 10) : PUT_AT_ONCE;
    struct bench bench = {.arena = arena_make(ARENA_BYTES)};
    assert(bench.arena != NULL && records > 0 && each > 0);
    make_book(&bench, words[1]);
    grow(&bench, records, each);
    measure_proofs(&bench, records);
    signer_free(bench.signer);
    store_close(bench.store);

    const struct audit_options options = {.store = bench.options};
    struct verify_report report;
    const double cpu = cpu_seconds();
    const double begun = now_seconds(CLOCK_MONOTONIC);
    const enum status status = audit_run(&options, &report);
    (void)printf("audit verify: %llu records, %llu commits, %llu checkpoints: %.1f s, %.1f s of "
                 "processors: %s %s\n",
                 (unsigned long long)report.number, (unsigned long long)report.commit_count,
                 (unsigned long long)report.checkpoint_count, now_seconds(CLOCK_MONOTONIC) - begun,
                 cpu_seconds() - cpu, status_code(status), report.finding[0].text);
    arena_free(bench.arena);
    return status == STATUS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
