// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/measure.h"

#include "tests/load/load.h"

#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

#define ROWS_MAX    128
#define SAMPLES_MAX 200000
#define SLICES      8

struct thread {
    pthread_t id;
    const struct load_shape *shape;
    pthread_barrier_t *start;
    size_t index;
    double seconds;
    size_t operations;
    size_t sample_count;
    uint32_t *samples;
};

static struct row all[ROWS_MAX];
static size_t all_count;

// Of all its threads, finer than the ticks of /proc: a round may be short.
double process_cpu_us(int pid)
{
    clockid_t clock = 0;
    struct timespec spent = {0};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) != 0) {
        return 0;
    }
    return (double)spent.tv_sec * 1e6 + (double)spent.tv_nsec / 1e3;
}

double process_private_mb(int pid)
{
    char path[64], line[256];
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    double kib = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        unsigned long value = 0;
        if (sscanf(line, "Private_Dirty: %lu kB", &value) == 1 ||
            sscanf(line, "Anonymous: %lu kB", &value) == 1) { // NOLINT
            kib = (double)value > kib ? (double)value : kib;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib / 1024;
}

static void *repeat(void *context)
{
    struct thread *thread = context;
    (void)pthread_barrier_wait(thread->start);
    const int64_t ends_us = clock_us() + (int64_t)(thread->seconds * 1e6);
    for (int64_t now = clock_us(); now < ends_us;) {
        const size_t count = thread->shape->run(thread->shape->context, thread->index);
        const int64_t after = clock_us();
        thread->operations += count;
        if (thread->sample_count < SAMPLES_MAX) {
            thread->samples[thread->sample_count++] = (uint32_t)(after - now);
        }
        now = after;
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

// What the slices of a shape came to.
struct tally {
    double seconds;
    double cpu_us;
    size_t operations;
    size_t sample_count;
    uint32_t *samples;
};

static void tally_add(struct tally *tally, struct thread *thread)
{
    tally->operations += thread->operations;
    tally->samples = realloc(tally->samples, (tally->sample_count + thread->sample_count + 1) *
                                                 sizeof *tally->samples);
    assert(tally->samples != NULL);
    memcpy(tally->samples + tally->sample_count, thread->samples,
           thread->sample_count * sizeof *tally->samples);
    tally->sample_count += thread->sample_count;
    free(thread->samples);
}

static void run_slice(const struct load_shape *shape, double seconds, struct tally *tally)
{
    struct thread *threads = calloc(shape->threads, sizeof *threads);
    pthread_barrier_t start;
    (void)pthread_barrier_init(&start, NULL, (unsigned)shape->threads);
    assert(threads != NULL);
    const double cpu = shape->server_pid != 0 ? process_cpu_us(shape->server_pid) : 0;
    const int64_t begun = clock_us();
    for (size_t i = 0; i < shape->threads; i++) {
        threads[i] = (struct thread){.shape = shape,
                                     .start = &start,
                                     .index = i,
                                     .seconds = seconds,
                                     .samples = malloc(SAMPLES_MAX * sizeof(uint32_t))};
        if (threads[i].samples == NULL ||
            pthread_create(&threads[i].id, NULL, repeat, &threads[i]) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < shape->threads; i++) {
        (void)pthread_join(threads[i].id, NULL);
        tally_add(tally, &threads[i]);
    }
    tally->seconds += (double)(clock_us() - begun) / 1e6;
    tally->cpu_us += shape->server_pid != 0 ? process_cpu_us(shape->server_pid) - cpu : 0;
    free(threads);
    (void)pthread_barrier_destroy(&start);
}

static struct row row_of(const struct load_shape *shape, struct tally *tally)
{
    const size_t samples = tally->sample_count;
    qsort(tally->samples, samples, sizeof *tally->samples, by_size);
    struct row row = {.name = shape->name,
                      .note = shape->note,
                      .per_second = (double)tally->operations / tally->seconds};
    if (samples > 0) {
        row.p50_us = tally->samples[samples / 2];
        row.p99_us = tally->samples[samples * 99 / 100];
    }
    if (shape->server_pid != 0 && tally->operations > 0) {
        row.cpu_us = tally->cpu_us / (double)tally->operations;
    }
    free(tally->samples);
    rows_add(row);
    return row;
}

struct row measure(const struct load_shape *shape)
{
    struct tally tally = {.seconds = 0};
    run_slice(shape, shape->seconds, &tally);
    return row_of(shape, &tally);
}

void measure_beside(const struct load_shape *shape, const struct load_shape *limit)
{
    struct tally ours = {.seconds = 0}, theirs = {.seconds = 0};
    for (size_t i = 0; i < SLICES; i++) {
        run_slice(limit, limit->seconds / SLICES, &theirs);
        run_slice(shape, shape->seconds / SLICES, &ours);
    }
    (void)row_of(limit, &theirs);
    (void)row_of(shape, &ours);
}

void rows_add(struct row row)
{
    assert(all_count < ROWS_MAX);
    all[all_count++] = row;
    (void)fprintf(stderr, "  %s\n", row.name);
}

void rows_figure(const char *name, double value, const char *unit, const char *note)
{
    rows_add((struct row){.name = name, .note = note, .value = value, .unit = unit});
}

const struct row *rows_find(const char *name)
{
    for (size_t i = all_count; i > 0; i--) {
        if (strcmp(all[i - 1].name, name) == 0) {
            return &all[i - 1];
        }
    }
    return NULL;
}

void rows_print(const char *json_path)
{
    (void)printf("%-52s %12s %10s %10s %10s  %s\n", "what", "per second", "p50 us", "p99 us",
                 "cpu us", "note");
    json_t *list = json_array();
    for (size_t i = 0; i < all_count; i++) {
        const struct row *row = &all[i];
        const char *note = row->note != NULL ? row->note : "";
        if (row->unit != NULL) {
            (void)printf("%-52s %12.3f %-10s %10s %10s  %s\n", row->name, row->value, row->unit, "",
                         "", note);
        } else {
            (void)printf("%-52s %12.0f %10.0f %10.0f %10.1f  %s\n", row->name, row->per_second,
                         row->p50_us, row->p99_us, row->cpu_us, note);
        }
        (void)json_array_append_new(
            list, json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:s, s:s}", "name", row->name,
                            "per_second", row->per_second, "p50_us", row->p50_us, "p99_us",
                            row->p99_us, "cpu_us", row->cpu_us, "value", row->value, "unit",
                            row->unit != NULL ? row->unit : "", "note", note));
    }
    if (json_dump_file(list, json_path, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) != 0) {
        (void)fprintf(stderr, "cannot write %s\n", json_path);
    }
    json_decref(list);
}
