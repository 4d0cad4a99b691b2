// SPDX-License-Identifier: Apache-2.0
#pragma once

// Measuring: many threads repeat one operation for a time; what comes out is throughput, median,
// 99th percentile and the server's processor time an operation. Rows are collected and printed as a
// table and as JSON.

#include "shared/base.h"

struct row {
    const char *name;
    const char *note;
    double per_second;
    double p50_us;
    double p99_us;
    double cpu_us; // of the server, each operation; 0: not measured
    double value;  // for rows that are one figure
    const char *unit;
};

// One operation of thread `index`; it owns what `context` holds for that thread. Returns how many
// operations it was.
typedef size_t operation(void *context, size_t index);

struct load_shape {
    const char *name;
    const char *note;
    size_t threads;
    double seconds;
    int server_pid; // 0: do not ask for processor time
    operation *run;
    void *context;
};

struct row measure(const struct load_shape *shape);
// Both in turns, slice by slice, so that a disk or a neighbour who changes his mind changes both.
void measure_beside(const struct load_shape *shape, const struct load_shape *limit);

void rows_add(struct row row);
// Adds a row that is one figure: "start until the first answer", 0.31, "s".
void rows_figure(const char *name, double value, const char *unit, const char *note);
const struct row *rows_find(const char *name); // the last of that name
void rows_print(const char *json_path);

double process_cpu_us(int pid);
double process_private_mb(int pid);
