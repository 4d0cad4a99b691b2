// SPDX-License-Identifier: Apache-2.0
#include "shared/args.h"

#include "shared/scan.h"
#include "shared/wire.h"
#include "tests/fuzz/fuzz.h"

// Words as people type them, for every command. A request that words and rules find good is one
// that the server's scanner lets pass, unless it is too large.

#define TODAY     20778 // 2026-11-21
#define WORDS_MAX 40

// Finds by length, so that each outcome comes about.
static enum status find(void *context, FindNoun noun, const char *text, uint64_t *id)
{
    (void)context;
    (void)noun;
    const size_t length = strlen(text);
    if (length % 4 == 3) {
        return length % 8 == 3 ? STATUS_NOT_FOUND : STATUS_AMBIGUOUS;
    }
    *id = 256 + length;
    return STATUS_OK;
}

static enum status load(void *context, struct arena *arena, const char *path, size_t size_max,
                        struct bytes *out)
{
    (void)context;
    const size_t length = strlen(path);
    if (length > size_max) {
        return STATUS_TOO_LARGE;
    }
    uint8_t *copy = arena_copy(arena, path, length);
    if (copy == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = bytes_of(copy, length);
    return STATUS_OK;
}

// Lines of the input are words.
static int words_of(char *text, const char *words[static WORDS_MAX])
{
    int count = 0;
    char *at = text;
    while (at != NULL && count < WORDS_MAX) {
        words[count] = at;
        count++;
        at = strchr(at, '\n');
        if (at != NULL) {
            *at = '\0';
            at++;
        }
    }
    return count;
}

static void check_scan(struct arena *arena, const struct command *command, ProtobufCMessage *inner)
{
    ProtobufCMessage *request = wire_make(arena, &request__descriptor);
    struct bytes packed;
    if (request == NULL) {
        return;
    }
    wire_set_inner(request, command->number, inner);
    if (wire_pack(arena, request, &packed) != STATUS_OK) {
        return;
    }
    const bool is_import = command->request == &import_rows__descriptor;
    const enum status status =
        scan_message(&request__descriptor, packed, is_import ? &SCAN_IMPORT : &SCAN_REQUEST, NULL);
    assert(status == STATUS_OK || status == STATUS_TOO_LARGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    const struct command *command = command_at(input_byte(&input) % command_count());
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)4 * 1024 * 1024);
    assert(arena != NULL);
    char *text = arena_copy(arena, input.data, input.size);
    ProtobufCMessage *request = wire_make(arena, command->request);
    assert(text != NULL && request != NULL);
    const char *words[WORDS_MAX];
    const int count = words_of(text, words);
    struct problems problems;
    problems_init(&problems, arena);
    const struct args_context context = {
        .today = TODAY, .decimals = 2, .currency = "CNY", .find = find, .load = load};
    const enum status status = args_parse(command, &context, count, words, request, &problems);
    assert(status == STATUS_OK || problems.count > 0);
    const enum status rules = rules_check(command, request, &problems);
    if (status == STATUS_OK && rules == STATUS_OK) {
        check_scan(arena, command, request);
    }
    return 0;
}
