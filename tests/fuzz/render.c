// SPDX-License-Identifier: Apache-2.0
#include "shared/render.h"

#include "shared/rules.h"
#include "shared/scan.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "tests/fuzz/fuzz.h"

// Bytes that the scanner lets pass, as a reply and as a request of the command that the first byte
// chooses. A reply becomes JSON and cells that a terminal can show; a request is judged by the
// rules.

static void check_reply(struct arena *arena, const struct command *command, struct bytes packed)
{
    ProtobufCMessage *reply = NULL;
    if (scan_message(command->reply, packed, &SCAN_REPLY, NULL) != STATUS_OK ||
        wire_unpack(arena, command->reply, packed, &reply) != STATUS_OK) {
        return;
    }
    const struct render_context context = {
        .arena = arena, .decimals = 2, .currency = "CNY", .offset_minutes = 480};
    json_t *json = render_json(&context, command, reply);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    assert(text != NULL);
    free(text);
    json_decref(json);
    for (unsigned i = 0; i < command->reply->n_fields; i++) {
        const char *cell = render_cell(&context, reply, &command->reply->fields[i]);
        assert(cell == NULL || text_is_clean(cell, strlen(cell), false));
    }
}

static void check_request(struct arena *arena, const struct command *command, struct bytes packed)
{
    ProtobufCMessage *request = NULL;
    if (scan_message(command->request, packed, &SCAN_REQUEST, NULL) != STATUS_OK ||
        wire_unpack(arena, command->request, packed, &request) != STATUS_OK) {
        return;
    }
    struct problems problems;
    problems_init(&problems, arena);
    const enum status status = rules_check(command, request, &problems);
    assert((status == STATUS_OK) == (problems.count == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    const struct command *command = command_at(input_byte(&input) % command_count());
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024 * 1024);
    assert(arena != NULL);
    check_reply(arena, command, input);
    check_request(arena, command, input);
    return 0;
}
