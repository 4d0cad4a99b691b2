// SPDX-License-Identifier: Apache-2.0
#include "shared/invite.h"

#include "tests/fuzz/fuzz.h"

// Pasted text as an invitation: what parses prints to a text that
// parses to the same.

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(size * 2 + 4096);
    assert(arena != NULL);
    const char *text = arena_copy(arena, data, size);
    struct invitation invitation;
    if (invitation_parse(text, &invitation) == STATUS_OK) {
        struct invitation again;
        const char *printed = invitation_print(arena, &invitation);
        const enum status status = invitation_parse(printed, &again);
        assert(status == STATUS_OK);
        assert(memcmp(&invitation, &again, sizeof again) == 0);
    }
    return 0;
}
