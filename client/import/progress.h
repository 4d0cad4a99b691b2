// SPDX-License-Identifier: Apache-2.0
#pragma once

// How far a long piece of work is: a bar on a terminal, a line every ten seconds elsewhere, nothing
// with --quiet. On stderr.

#include "client/client.h"

struct progress {
    bool is_bar;
    bool is_quiet;
    size_t total;
    int64_t began_ms;
    int64_t shown_ms;
};

void progress_begin(struct progress *progress, const struct client *client, size_t total);
void progress_show(struct progress *progress, size_t done);
void progress_end(struct progress *progress);
