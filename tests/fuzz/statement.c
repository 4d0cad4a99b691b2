// SPDX-License-Identifier: Apache-2.0
#include "shared/statement.h"

#include "tests/fuzz/fuzz.h"

// A file that somebody handed out as a statement about the server's keys: what parses prints to the
// same lines, and nothing is taken for signed.

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t HOUSE[KEY_BYTES] = {1};
    CLEANUP(arena_free_at) struct arena *arena = arena_make(size * 4 + 65536);
    assert(arena != NULL);
    const char *text = arena_copy(arena, data, size);
    struct statement statement;
    if (statement_parse(text, &statement) == STATUS_OK) {
        const char *printed = statement_print(arena, &statement);
        assert(printed != NULL && strncmp(text, printed, strlen(printed)) == 0);
    }
    assert(statement_check(text, HOUSE, &statement) == STATUS_STATEMENT_WRONG);
    return 0;
}
