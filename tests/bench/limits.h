// SPDX-License-Identifier: Apache-2.0
#pragma once

// The limits of the machine, measured in the same run: what nothing of ours can pass.

#include "tests/bench/measure.h"

// fdatasync of a small append to a file in `place`: p50 in microseconds.
void limit_fdatasync(const char *place);
// Durable commits of plain LMDB with the puts of an invoice (count and sizes as the store makes
// them), `batch` invoices each: what to measure beside our own, then to close.
struct load_shape limit_lmdb(const char *place, size_t batch);
void limit_lmdb_close(const struct load_shape *shape);
// Commits that the book in `place` has seen.
uint64_t limit_commits(const char *place);
// One Argon2id with the parameters of a login.
double limit_argon_us(void);
// A round trip over a plain TCP socket on loopback with `threads` connections.
void limit_plain_echo(const char *name, size_t threads);
