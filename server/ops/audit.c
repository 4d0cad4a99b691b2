// SPDX-License-Identifier: Apache-2.0
#include "server/ops/audit.h"

#include "server/ops/replay.h"
#include "server/store/file.h"
#include "server/store/pages.h"
#include "shared/checkpoint.h"

#define OUTSIDE_BYTES_MAX ((size_t)2 * NOTE_BYTES_MAX) // a note, and what a witness says before it

enum status outside_read(const struct audit_outside *outside, struct arena *arena,
                         struct bytes *note)
{
    if (outside->checkpoint == NULL) {
        return STATUS_OK;
    }
    uint8_t *bytes = arena_alloc(arena, OUTSIDE_BYTES_MAX);
    size_t size = 0;
    if (bytes == NULL) {
        return STATUS_ENVIRONMENT;
    }
    const enum status status = file_read(outside->checkpoint, bytes, OUTSIDE_BYTES_MAX, &size);
    struct checkpoint checkpoint;
    // What is no note at all is handed on, and refused as one.
    if (status == STATUS_OK && !checkpoint_find(bytes_of(bytes, size), note, &checkpoint)) {
        *note = bytes_of(bytes, size);
    }
    return status;
}

static enum status run_store(const struct audit_options *options, struct verify_report *report)
{
    const struct verify_options verify = {.store = options->store,
                                          .replay = options->replay,
                                          .journal_only = true,
                                          .outside = &options->outside};
    return verify_run(&verify, report);
}

enum status audit_run(const struct audit_options *options, struct verify_report *report)
{
    *report = (struct verify_report){.row_count = 0};
    if (options->backup == NULL && options->trail == NULL) {
        return run_store(options, report);
    }
    const enum status status =
        options->trail != NULL
            ? audit_trail(options->trail, &options->outside, report)
            : audit_backup(options->backup, options->store.key_file, &options->outside, report);
    return status == STATUS_OK ? verify_outcome(report) : status;
}
