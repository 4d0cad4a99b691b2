// SPDX-License-Identifier: Apache-2.0
#include "server/ops/audit.h"
#include "tests/fuzz/fuzz.h"

// An export of the journal as somebody hands it over: whatever it holds, it is read to its end or
// refused, and nothing that was not signed by a key that nobody here has is whole.

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free_at) struct arena *kept = arena_make((size_t)64 * 1024 * 1024);
    CLEANUP(arena_free_at) struct arena *scratch = arena_make((size_t)16 * 1024 * 1024);
    static uint8_t copy[1024 * 1024];
    static struct trail_check check;
    assert(kept != NULL && scratch != NULL);
    if (size < 1 || size > sizeof copy) {
        return 0;
    }
    memcpy(copy, data, size);
    struct verify_report report = {.row_count = 0};
    trail_check_init(&check, &report, kept, bytes_of(NULL, 0));
    check.anchors.has_house = true; // all zeros: no key signs for it
    FILE *file = fmemopen(copy, size, "rb");
    assert(file != NULL);
    const enum status status = trail_check_read(&check, file, scratch);
    assert(status == STATUS_OK || status == STATUS_ENVIRONMENT);
    trail_check_end(&check);
    assert(report.finding_count > 0);
    const int failed = fclose(file);
    assert(failed == 0);
    return 0;
}
