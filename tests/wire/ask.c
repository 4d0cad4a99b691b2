// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/ask.h"

#include "shared/command.h"
#include "shared/wire.h"
#include "tests/unit/unit.h"

static char *text_of(struct arena *arena, size_t size)
{
    char *text = arena_alloc(arena, size + 1);
    assert_non_null(text);
    memset(text, 'a', size);
    return text;
}

Request *ask_request(struct arena *arena, const char *name)
{
    const struct command *command = command_by_name(name);
    assert_non_null(command);
    Request *request = (Request *)wire_make(arena, &request__descriptor);
    ProtobufCMessage *inner = wire_make(arena, command->request);
    assert_non_null(request);
    assert_non_null(inner);
    wire_set_inner(&request->base, command->number, inner);
    return request;
}

Request *ask_whoami(struct arena *arena)
{
    return ask_request(arena, "session_whoami");
}

Request *ask_list(struct arena *arena)
{
    return ask_request(arena, "customer_list");
}

Request *ask_login(struct arena *arena, char *password)
{
    Request *request = ask_request(arena, "session_login");
    request->session_login->password = password;
    return request;
}

Request *ask_add(struct arena *arena, size_t size)
{
    Request *request = ask_request(arena, "customer_add");
    request->customer_add->name = text_of(arena, size);
    return request;
}

Request *ask_import(struct arena *arena, size_t rows, size_t size)
{
    Request *request = ask_request(arena, "import_rows");
    ImportRows *import = request->import_rows;
    import->row = arena_alloc(arena, rows * sizeof *import->row);
    assert_non_null(import->row);
    for (size_t i = 0; i < rows; i++) {
        import->row[i] = (ImportRow *)wire_make(arena, &import_row__descriptor);
        ImportDocument *document = (ImportDocument *)wire_make(arena, &import_document__descriptor);
        document->reference = text_of(arena, size);
        import->row[i]->document = document;
    }
    import->n_row = rows;
    return request;
}

Request *ask_watch(struct arena *arena, const uint8_t *from, size_t from_size)
{
    Request *request = ask_request(arena, "event_watch");
    if (from != NULL) {
        request->event_watch->from.data = arena_copy(arena, from, from_size);
        request->event_watch->from.len = from_size;
    }
    return request;
}

enum status ask(struct link *link, const Request *request, struct arena *arena)
{
    Reply *reply = NULL;
    assert_int_equal(link_call(link, request, arena, &reply), STATUS_OK);
    return (enum status)reply->status;
}

struct bytes ask_packed(struct arena *arena, const Request *request)
{
    struct bytes packed;
    assert_int_equal(wire_pack(arena, &request->base, &packed), STATUS_OK);
    return packed;
}
