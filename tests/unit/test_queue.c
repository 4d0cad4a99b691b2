// SPDX-License-Identifier: Apache-2.0
// The queue over a real store and real views, with commands of our own in place of the ledger's.
#include "server/machine/clock.h"
#include "server/machine/queue.h"
#include "shared/wire.h"
#include "tests/unit/people.h"

#include <stdatomic.h>

#define COUNTER_KEY 7

struct house {
    struct temporary temporary;
    struct store *store;
    struct views *views;
    uv_loop_t loop;
    struct queue *queue;
    size_t answered;
    size_t commits;
    uint64_t last_number;
    enum status failure;
};

// ---- the commands of this test ----

static enum status count_up(struct txn *txn, struct call *call, const CustomerAdd *request,
                            CustomerAddReply *reply)
{
    ProtobufCMessage *row = NULL;
    const enum status known = table_get(txn, TABLE_counter, key_u64(COUNTER_KEY), &row, NULL);
    if (known != STATUS_OK && known != STATUS_NOT_FOUND) {
        return known;
    }
    if (strcmp(request->industry, "damaged") == 0) {
        return STATUS_TAMPERED;
    }
    CounterRecord counter;
    counter_record__init(&counter);
    counter.next = row != NULL ? ((const CounterRecord *)row)->next + 1 : 1;
    reply->id = counter.next;
    (void)call;
    const enum status status =
        table_put(txn, TABLE_counter, key_u64(COUNTER_KEY), (ProtobufCMessage *)&counter);
    return strcmp(request->industry, "breaks") == 0 ? STATUS_SCOPE_DENIED : status;
}

enum status ledger_run(struct txn *txn, struct call *call, const ProtobufCMessage *request,
                       ProtobufCMessage *reply)
{
    if (request->descriptor == &customer_add__descriptor) {
        return count_up(txn, call, (const CustomerAdd *)request, (CustomerAddReply *)reply);
    }
    if (request->descriptor == &customer_list__descriptor) {
        ProtobufCMessage *row = NULL;
        const enum status known = table_get(txn, TABLE_counter, key_u64(COUNTER_KEY), &row, NULL);
        ((CustomerListReply *)reply)->open_minor =
            known == STATUS_OK ? (int64_t)((const CounterRecord *)row)->next : 0;
        return STATUS_OK;
    }
    return STATUS_OK;
}

// ---- setting up ----

static int64_t noon(void *context)
{
    (void)context;
    return NOON_US;
}

static void on_commit(void *context, uint64_t number)
{
    struct house *house = context;
    house->commits++;
    assert_true(number > house->last_number);
    house->last_number = number;
}

static void on_failure(void *context, enum status status)
{
    struct house *house = context;
    house->failure = status;
    uv_stop(&house->loop);
}

static void open_queue(struct house *house)
{
    const struct queue_options options = {.loop = &house->loop,
                                          .store = house->store,
                                          .views = house->views,
                                          .clock = noon,
                                          .time_zone = "Asia/Shanghai"};
    assert_int_equal(queue_make(&options, &house->queue), STATUS_OK);
    queue_on_commit(house->queue, on_commit, house);
    queue_on_failure(house->queue, on_failure, house);
}

static int set_up_with(void **state, struct store_options *special)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    assert_int_equal(keys_start(), STATUS_OK);
    temporary_make(&house->temporary);
    house->store = people_store(&house->temporary, "book");
    people_put(house->store);
    if (special != NULL) {
        char dir[160];
        char key_file[160];
        temporary_path(&house->temporary, "book", dir, sizeof dir);
        temporary_path(&house->temporary, "book.key", key_file, sizeof key_file);
        store_close(house->store);
        special->dir = dir;
        special->key_file = key_file;
        assert_int_equal(store_open(special, &house->store), STATUS_OK);
    }
    assert_int_equal(views_make(house->store, &house->views), STATUS_OK);
    assert_int_equal(uv_loop_init(&house->loop), 0);
    open_queue(house);
    *state = house;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, NULL);
}

// A store that always believes its disk to be full.
static int set_up_full(void **state)
{
    struct store_options full = {.map_bytes = (uint64_t)64 * 1024 * 1024,
                                 .disk_soft_bytes = UINT64_MAX / 2};
    return set_up_with(state, &full);
}

static void stopped(void *context)
{
    (void)context;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    queue_stop(house->queue, stopped, house);
    assert_int_equal(uv_run(&house->loop, UV_RUN_DEFAULT), 0);
    queue_free(house->queue);
    assert_int_equal(uv_loop_close(&house->loop), 0);
    views_free(house->views);
    store_close(house->store);
    temporary_remove(&house->temporary);
    free(house);
    return 0;
}

// ---- jobs ----

static void on_answered(struct job *job)
{
    struct house *house = job->owner;
    house->answered++;
}

static struct job *make(struct house *house, const char *name, const char *industry, uint32_t key)
{
    struct arena *arena = arena_make(CALL_ARENA_MAX);
    struct job *job = arena_alloc(arena, sizeof *job);
    Request *request = arena_alloc(arena, sizeof *request);
    request__init(request);
    job->arena = arena;
    job->command = command_by_name(name);
    ProtobufCMessage *inner = wire_make(arena, job->command->request);
    wire_set_inner(&request->base, job->command->number, inner);
    if (industry != NULL) {
        ((CustomerAdd *)inner)->industry = arena_copy(arena, industry, strlen(industry));
        request->key.data = arena_alloc(arena, REQUEST_KEY_BYTES);
        request->key.len = REQUEST_KEY_BYTES;
        put_u32(request->key.data, key);
    }
    job->request = request;
    job->reply = (Reply *)wire_make(arena, &reply__descriptor);
    job->peer = OWNER;
    job->owner = house;
    job->answered = on_answered;
    return job;
}

static void run_until(struct house *house, size_t answered)
{
    while (house->answered < answered && house->failure == STATUS_OK) {
        uv_run(&house->loop, UV_RUN_ONCE);
    }
}

static void drop(struct job **jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        arena_free(jobs[i]->arena);
    }
}

// ---- claims ----

static void writes_that_wait_share_a_commit(void **state)
{
    struct house *house = *state;

    enum { COUNT = 600 };
    struct job *jobs[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        jobs[i] = make(house, "customer_add", "", i + 1);
        assert_int_equal(queue_submit(house->queue, jobs[i]), STATUS_OK);
    }
    run_until(house, COUNT);
    for (uint64_t i = 0; i < COUNT; i++) {
        assert_int_equal(jobs[i]->failure, STATUS_OK);
        assert_int_equal(jobs[i]->reply->status, STATUS_OK);
        assert_int_equal(jobs[i]->stamp.number, i + 1); // in the order of arrival
        assert_int_equal(jobs[i]->reply->customer_add->id, i + 1);
    }
    // The first flies alone, the rest in groups of at most BATCH_CALLS_MAX.
    assert_int_equal(house->commits, 1 + (COUNT - 1 + BATCH_CALLS_MAX - 1) / BATCH_CALLS_MAX);
    assert_int_equal(queue_number(house->queue), COUNT);
    drop(jobs, COUNT);
}

static void an_import_lets_others_pass(void **state)
{
    struct house *house = *state;

    enum { IMPORTS = 3 * BATCH_IMPORTS_BESIDE, COUNT = IMPORTS + 2 };
    struct job *jobs[COUNT];
    for (uint32_t i = 0; i < IMPORTS; i++) {
        jobs[i] = make(house, "import_rows", NULL, 0);
    }
    jobs[IMPORTS] = make(house, "customer_add", "", 1);
    jobs[IMPORTS + 1] = make(house, "customer_add", "", 2);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(queue_submit(house->queue, jobs[i]), STATUS_OK);
    }
    run_until(house, COUNT);
    // The first flies alone and a batch takes a few; the other calls pass what waits then.
    assert_int_equal(jobs[IMPORTS]->stamp.number, 1 + BATCH_IMPORTS_BESIDE + 1);
    assert_int_equal(jobs[IMPORTS + 1]->stamp.number, 1 + BATCH_IMPORTS_BESIDE + 2);
    for (uint32_t i = 1; i < IMPORTS; i++) {
        assert_true(jobs[i]->stamp.number > jobs[i - 1]->stamp.number);
    }
    assert_int_equal(house->commits,
                     1 + (IMPORTS - 1 + BATCH_IMPORTS_BESIDE - 1) / BATCH_IMPORTS_BESIDE);
    drop(jobs, COUNT);
}

static void an_import_alone_takes_long_batches(void **state)
{
    struct house *house = *state;

    enum { COUNT = 1 + 2 * BATCH_IMPORTS_ALONE };
    struct job *jobs[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        jobs[i] = make(house, "import_rows", NULL, 0);
        assert_int_equal(queue_submit(house->queue, jobs[i]), STATUS_OK);
    }
    run_until(house, COUNT);
    assert_int_equal(house->commits, 3);
    drop(jobs, COUNT);
}

static void a_read_sees_what_was_answered(void **state)
{
    struct house *house = *state;
    for (uint32_t i = 1; i <= 50; i++) {
        struct job *write = make(house, "customer_add", "", i);
        assert_int_equal(queue_submit(house->queue, write), STATUS_OK);
        run_until(house, 2 * (size_t)i - 1);
        struct job *read = make(house, "customer_list", NULL, 0);
        assert_int_equal(queue_submit(house->queue, read), STATUS_OK);
        run_until(house, 2 * (size_t)i);
        assert_int_equal(read->failure, STATUS_OK);
        assert_int_equal(read->reply->customer_list->open_minor, i);
        assert_int_equal(read->position, i);
        arena_free(write->arena);
        arena_free(read->arena);
    }
}

static void a_preview_moves_nothing(void **state)
{
    struct house *house = *state;
    struct job *job = make(house, "customer_add", "", 1);
    job->request->dry_run = true;
    assert_int_equal(queue_submit(house->queue, job), STATUS_OK);
    run_until(house, 1);
    assert_int_equal(job->reply->status, STATUS_OK);
    assert_int_equal(job->reply->customer_add->id, 1);
    assert_false(job->reply->committed);
    assert_int_equal(queue_number(house->queue), 0);
    assert_int_equal(house->commits, 0);
    arena_free(job->arena);
}

static void reads_and_writes_at_once_all_end(void **state)
{
    struct house *house = *state;

    enum { COUNT = 400 };
    struct job *jobs[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        jobs[i] = i % 2 == 0 ? make(house, "customer_add", "", i + 1)
                             : make(house, "customer_list", NULL, 0);
        assert_int_equal(queue_submit(house->queue, jobs[i]), STATUS_OK);
    }
    run_until(house, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(jobs[i]->failure, STATUS_OK);
        if (i % 2 == 1) {
            // Rows and position are of one moment.
            assert_int_equal((uint64_t)jobs[i]->reply->customer_list->open_minor,
                             jobs[i]->position);
        }
    }
    drop(jobs, COUNT);
}

static void a_call_that_breaks_takes_nobody_with_it(void **state)
{
    struct house *house = *state;
    struct job *jobs[3];
    static const char *const INDUSTRY[3] = {"", "breaks", ""};
    for (uint32_t i = 0; i < 3; i++) {
        jobs[i] = make(house, "customer_add", INDUSTRY[i], i + 1);
        assert_int_equal(queue_submit(house->queue, jobs[i]), STATUS_OK);
    }
    run_until(house, 3);
    assert_int_equal(jobs[0]->failure, STATUS_OK);           // flew alone
    assert_int_equal(jobs[1]->failure, STATUS_SCOPE_DENIED); // it was this one
    assert_int_equal(jobs[2]->failure, STATUS_BUSY);         // surely not done: try again
    assert_int_equal(queue_number(house->queue), 1);
    assert_false(queue_is_degraded(house->queue));
    drop(jobs, 3);
}

static void a_full_queue_says_busy(void **state)
{
    struct house *house = *state;

    enum { COUNT = QUEUE_CALLS_MAX + 1 };
    struct job **jobs = calloc(COUNT + 1, sizeof(struct job *));
    assert_non_null(jobs);
    for (uint32_t i = 0; i < COUNT; i++) {
        jobs[i] = make(house, "customer_add", "", i + 1);
        assert_int_equal(queue_submit(house->queue, jobs[i]), STATUS_OK);
    }
    jobs[COUNT] = make(house, "customer_add", "", COUNT + 1);
    assert_int_equal(queue_submit(house->queue, jobs[COUNT]), STATUS_BUSY);
    run_until(house, COUNT);
    assert_int_equal(queue_number(house->queue), COUNT);
    drop(jobs, COUNT + 1);
    free(jobs);
}

static void a_full_disk_answers_all_and_takes_no_more(void **state)
{
    struct house *house = *state;
    struct job *first = make(house, "customer_add", "", 1);
    struct job *later = make(house, "customer_add", "", 2);
    struct job *read = make(house, "customer_list", NULL, 0);
    assert_int_equal(queue_submit(house->queue, first), STATUS_OK);
    run_until(house, 1);
    assert_int_equal(first->failure, STATUS_STORE_FULL);
    assert_true(queue_is_degraded(house->queue));
    assert_int_equal(queue_submit(house->queue, later), STATUS_DEGRADED);
    assert_int_equal(queue_submit(house->queue, read), STATUS_OK);
    run_until(house, 2);
    assert_int_equal(read->reply->status, STATUS_OK);
    assert_int_equal(house->failure, STATUS_OK);
    struct job *jobs[3] = {first, later, read};
    drop(jobs, 3);
}

static void without_room_only_a_local_login_is_taken(void **state)
{
    struct house *house = *state;
    struct job *first = make(house, "customer_add", "", 1);
    struct job *far = make(house, "session_login", NULL, 0);
    struct job *near = make(house, "session_login", NULL, 0);
    struct job *beside = make(house, "customer_add", "", 2);
    near->peer.local = true;
    beside->peer.local = true;
    assert_int_equal(queue_submit(house->queue, first), STATUS_OK);
    run_until(house, 1);
    assert_true(queue_is_degraded(house->queue));
    assert_int_equal(queue_submit(house->queue, far), STATUS_DEGRADED);
    assert_int_equal(queue_submit(house->queue, beside), STATUS_DEGRADED);
    assert_int_equal(queue_submit(house->queue, near), STATUS_OK);
    run_until(house, 2);
    assert_int_equal(near->failure, STATUS_OK);
    assert_int_equal(queue_number(house->queue), 1); // it stands in the journal
    assert_true(queue_is_degraded(house->queue));
    struct job *jobs[4] = {first, far, near, beside};
    drop(jobs, 4);
}

// ---- signing, clocks ----

struct watch {
    _Atomic int64_t now_us;
    _Atomic int seals; // by the writer thread
    _Atomic int demanded;
    int befell;
    NoteKind kind;
    int64_t step_us;
};

static int64_t watch_clock(void *context)
{
    struct watch *watch = context;
    return watch->now_us + clock_forward_us();
}

static enum status watch_seal(void *context, struct txn *txn, int64_t instant_us, bool demanded)
{
    struct watch *watch = context;
    assert_true(txn_mode(txn) == TXN_WRITE && instant_us > 0);
    watch->seals++;
    watch->demanded += demanded;
    return STATUS_OK;
}

static void watch_befell(void *context, NoteKind kind, int64_t step_us)
{
    struct watch *watch = context;
    watch->befell++;
    watch->kind = kind;
    watch->step_us = step_us;
}

static void open_watched(struct house *house, struct watch *watch)
{
    queue_stop(house->queue, stopped, house);
    assert_int_equal(uv_run(&house->loop, UV_RUN_DEFAULT), 0);
    queue_free(house->queue);
    const struct queue_options options = {.loop = &house->loop,
                                          .store = house->store,
                                          .views = house->views,
                                          .clock = watch_clock,
                                          .clock_context = watch,
                                          .time_zone = "Asia/Shanghai",
                                          .seal = watch_seal,
                                          .seal_context = watch,
                                          .seal_ms = 10,
                                          .befell = watch_befell,
                                          .befell_context = watch};
    assert_int_equal(queue_make(&options, &house->queue), STATUS_OK);
    queue_on_failure(house->queue, on_failure, house);
}

static void the_signer_is_asked_in_each_batch_from_time_to_time_and_at_the_end(void **state)
{
    struct house *house = *state;
    static struct watch watch;
    watch = (struct watch){.now_us = NOON_US};
    open_watched(house, &watch);
    struct job *job = make(house, "customer_add", "", 1);
    assert_int_equal(queue_submit(house->queue, job), STATUS_OK);
    run_until(house, 1);
    assert_int_equal(watch.seals, 1);
    assert_int_equal(watch.demanded, 0);
    while (watch.demanded < 3) {
        uv_run(&house->loop, UV_RUN_ONCE);
    }
    const int before = watch.demanded;
    queue_stop(house->queue, stopped, house);
    assert_int_equal(uv_run(&house->loop, UV_RUN_DEFAULT), 0);
    assert_true(watch.demanded > before);
    queue_free(house->queue);
    open_queue(house);
    drop(&job, 1);
}

static void a_step_of_the_clock_is_told_once(void **state)
{
    struct house *house = *state;
    static struct watch watch;
    watch = (struct watch){.now_us = NOON_US};
    open_watched(house, &watch);
    watch.now_us += CLOCK_STEP_US / 2;
    while (watch.seals < 3) {
        uv_run(&house->loop, UV_RUN_ONCE);
    }
    assert_int_equal(watch.befell, 0);
    watch.now_us -= (int64_t)3600 * 1000 * 1000;
    while (watch.befell == 0) {
        uv_run(&house->loop, UV_RUN_ONCE);
    }
    const int seals = watch.seals;
    while (watch.seals < seals + 3) {
        uv_run(&house->loop, UV_RUN_ONCE);
    }
    assert_int_equal(watch.befell, 1);
    assert_int_equal(watch.kind, NOTE_KIND__NOTE_KIND_CLOCK);
    assert_true(watch.step_us < -(int64_t)3599 * 1000 * 1000);
}

static void damage_ends_the_process(void **state)
{
    struct house *house = *state;
    struct job *job = make(house, "customer_add", "damaged", 1);
    assert_int_equal(queue_submit(house->queue, job), STATUS_OK);
    run_until(house, 1);
    assert_int_equal(house->failure, STATUS_TAMPERED);
    assert_int_equal(house->answered, 0);
    struct job *later = make(house, "customer_add", "", 2);
    assert_int_equal(queue_submit(house->queue, later), STATUS_BUSY);
    struct job *jobs[2] = {job, later};
    drop(jobs, 2);
}

// ---- workers ----

struct sum {
    struct work work;
    _Atomic int *ran;
    int *done;
};

static void sum_run(struct work *work)
{
    struct sum *sum = work->subject;
    atomic_fetch_add(sum->ran, 1);
}

static void sum_done(struct work *work)
{
    struct sum *sum = work->subject;
    (*sum->done)++;
}

static void all_work_is_done_before_workers_stop(void **state)
{
    (void)state;

    enum { COUNT = 200 };

    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct workers *workers = NULL;
    assert_int_equal(workers_make(&loop, 3, COUNT, &workers), STATUS_OK);
    _Atomic int ran = 0;
    int done = 0;
    struct sum sums[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        sums[i] = (struct sum){.work = {.run = sum_run, .done = sum_done, .subject = &sums[i]},
                               .ran = &ran,
                               .done = &done};
        assert_int_equal(workers_submit(workers, &sums[i].work), STATUS_OK);
    }
    workers_stop(workers, stopped, NULL);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(ran, COUNT);
    assert_int_equal(done, COUNT);
    workers_free(workers);
    assert_int_equal(uv_loop_close(&loop), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(writes_that_wait_share_a_commit),
        CASE(an_import_lets_others_pass),
        CASE(an_import_alone_takes_long_batches),
        CASE(a_read_sees_what_was_answered),
        CASE(a_preview_moves_nothing),
        CASE(reads_and_writes_at_once_all_end),
        CASE(a_call_that_breaks_takes_nobody_with_it),
        CASE(a_full_queue_says_busy),
        cmocka_unit_test_setup_teardown(a_full_disk_answers_all_and_takes_no_more, set_up_full,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_room_only_a_local_login_is_taken, set_up_full,
                                        tear_down),
        CASE(the_signer_is_asked_in_each_batch_from_time_to_time_and_at_the_end),
        CASE(a_step_of_the_clock_is_told_once),
        CASE(damage_ends_the_process),
        cmocka_unit_test(all_work_is_done_before_workers_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
