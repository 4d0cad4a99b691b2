// SPDX-License-Identifier: Apache-2.0
#include "client/import/progress.h"

#include "shared/words.h"

#define BAR_CELLS 28
#define BAR_MS    100
#define LINE_MS   10000

void progress_begin(struct progress *progress, const struct client *client, size_t total)
{
    int64_t now = client_clock_ms();
    *progress = (struct progress){
        .is_bar = client->terminal.err_is_tty,
        .is_quiet = client->options.quiet || client->options.json != NULL,
        .total = total,
        .began_ms = now,
        .shown_ms = now,
    };
}

static void bar_print(size_t done, size_t total)
{
    size_t full = total == 0 ? BAR_CELLS : done * BAR_CELLS / total;
    (void)fprintf(stderr, "\r  ");
    for (size_t i = 0; i < BAR_CELLS; i++) {
        (void)fputs(i < full ? "█" : "░", stderr);
    }
    (void)fprintf(stderr, "  %zu/%zu", done, total);
    (void)fflush(stderr);
}

void progress_show(struct progress *progress, size_t done)
{
    int64_t now = client_clock_ms();
    if (progress->is_quiet || now - progress->shown_ms < (progress->is_bar ? BAR_MS : LINE_MS)) {
        return;
    }
    progress->shown_ms = now;
    if (progress->is_bar) {
        bar_print(done, progress->total);
    } else {
        (void)fprintf(stderr, _("%zu of %zu rows, %lld s"), done, progress->total,
                      (long long)((now - progress->began_ms) / 1000));
        (void)fputc('\n', stderr);
    }
}

void progress_end(struct progress *progress)
{
    if (progress->is_bar && !progress->is_quiet) {
        // The bar goes away; the summary follows.
        (void)fprintf(stderr, "\r\033[K");
        (void)fflush(stderr);
    }
}
