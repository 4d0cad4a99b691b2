// SPDX-License-Identifier: Apache-2.0
#include "client/gather.h"

#include "client/letters.h"
#include "client/output_machine.h"
#include "shared/fields.h"
#include "shared/limits.h"
#include "shared/page.h"
#include "shared/wire.h"

#define PAGE_ARENA_MAX ((size_t)64 * 1024 * 1024)

struct gathered {
    ProtobufCMessage **row;
    size_t count;
    size_t room;
};

static const ProtobufCFieldDescriptor *named(const ProtobufCMessageDescriptor *message,
                                             const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(message, name);
}

static bool rows_take(struct arena *arena, const ProtobufCMessage *reply,
                      const ProtobufCFieldDescriptor *rows, struct gathered *all)
{
    size_t count = field_count(reply, rows);
    if (all->count + count > all->room) {
        size_t room = 2 * (all->count + count);
        ProtobufCMessage **list = arena_alloc(arena, room * sizeof(*list));
        if (list == NULL) {
            return false;
        }
        for (size_t i = 0; i < all->count; i++) {
            list[i] = all->row[i];
        }
        *all = (struct gathered){.row = list, .count = all->count, .room = room};
    }
    ProtobufCMessage *const *page = *(ProtobufCMessage *const *const *)field_at(reply, rows);
    for (size_t i = 0; i < count; i++) {
        all->row[all->count++] = page[i];
    }
    return true;
}

// What a page counts of itself alone.
static void counts_add(ProtobufCMessage *first, const ProtobufCMessage *page)
{
    if (first->descriptor == &check_documents_reply__descriptor) {
        ((CheckDocumentsReply *)(void *)first)->documents +=
            ((const CheckDocumentsReply *)(const void *)page)->documents;
    }
}

// A page that says that something does not tie is one all the same.
static bool is_answer(enum status status)
{
    return status == STATUS_OK || status == STATUS_DIFFERENCE;
}

// Walks on from the page that `first` is; its rows become all rows.
static enum status pages_walk(struct client *client, const struct command *command,
                              ProtobufCMessage *inner, ProtobufCMessage *first)
{
    const ProtobufCFieldDescriptor *rows = output_rows_of(command->reply);
    const char *next = page_next(command, first);
    struct gathered all = {0};
    enum status outcome = STATUS_OK;
    if (next == NULL) {
        return STATUS_OK;
    }
    if (!rows_take(client->arena, first, rows, &all)) {
        return STATUS_TOO_LARGE;
    }
    while (next != NULL) {
        page_set_cursor(command, inner, letters_lend(next));
        Reply *reply = NULL;
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        enum status status = client_call(client, command, inner, &reply);
        if (!is_answer(status)) {
            return status;
        }
        outcome = status != STATUS_OK ? status : outcome;
        const ProtobufCMessage *page = wire_inner(&reply->base, command->number);
        const char *after = page == NULL ? next : page_next(command, page);
        if (after != NULL && strcmp(after, next) == 0) {
            return STATUS_MALFORMED;
        }
        if (!rows_take(client->arena, page, rows, &all)) {
            return STATUS_TOO_LARGE;
        }
        counts_add(first, page);
        next = after;
    }
    Page *page = *(Page **)field_at(first, named(command->reply, "page"));
    page->next += strlen(page->next);
    *(ProtobufCMessage ***)field_at(first, rows) = all.row;
    memcpy((char *)first + rows->quantifier_offset, &all.count, sizeof(all.count));
    return outcome;
}

// Can this command's list be walked? Then as many rows a page as there may be, unless it was said.
static enum status pages_begin(struct client *client, const struct command *command,
                               ProtobufCMessage *inner)
{
    const ProtobufCFieldDescriptor *limit = named(command->request, "limit");
    if (!page_is_paged(command) || limit == NULL || output_rows_of(command->reply) == NULL) {
        return client_fail(client, STATUS_USAGE, NULL, "--all", NULL);
    }
    if (!field_is_set(inner, limit)) {
        *(uint32_t *)field_at(inner, limit) = LIST_ROWS_MAX;
    }
    return STATUS_OK;
}

enum status gather_call(struct client *client, const struct command *command,
                        ProtobufCMessage *inner, Reply **out)
{
    assert(command != NULL && inner != NULL && out != NULL);
    enum status status = pages_begin(client, command, inner);
    if (status == STATUS_OK) {
        status = client_call(client, command, inner, out);
    }
    ProtobufCMessage *first =
        is_answer(status) && *out != NULL ? wire_inner(&(*out)->base, command->number) : NULL;
    const enum status rest = first == NULL ? STATUS_OK : pages_walk(client, command, inner, first);
    return rest != STATUS_OK ? rest : status;
}

// Asks for the page at `cursor` in an arena of its own and hands it on; `cursor` becomes the next
// one's. What went wrong is kept in the page's arena, which then stays until the client ends.
static enum status page_call(struct client *client, const struct command *command,
                             ProtobufCMessage *inner, gather_page *page, void *context,
                             char cursor[static CURSOR_BYTES_MAX + 1])
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(PAGE_ARENA_MAX);
    if (arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct arena *kept = client->arena;
    page_set_cursor(command, inner, cursor);
    client->arena = arena;
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    Reply *reply = NULL;
    enum status status = client_call(client, command, inner, &reply);
    const ProtobufCMessage *answer =
        status == STATUS_OK ? wire_inner(&reply->base, command->number) : NULL;
    if (answer != NULL) {
        status = page(context, answer);
    }
    client->arena = kept;
    if (answer == NULL || status != STATUS_OK) {
        client->page_arena = arena;
        arena = NULL;
        return status == STATUS_OK ? STATUS_MALFORMED : status;
    }
    const char *next = page_next(command, answer);
    if (next != NULL && (strlen(next) > CURSOR_BYTES_MAX || strcmp(next, cursor) == 0)) {
        return STATUS_MALFORMED;
    }
    (void)snprintf(cursor, CURSOR_BYTES_MAX + 1, "%s", next == NULL ? "" : next);
    return STATUS_OK;
}

enum status gather_each(struct client *client, const struct command *command,
                        ProtobufCMessage *inner, gather_page *page, void *context, Reply **first)
{
    assert(command != NULL && inner != NULL && page != NULL && first != NULL);
    enum status status = client->options.all ? pages_begin(client, command, inner) : STATUS_OK;
    if (status == STATUS_OK) {
        status = client_call(client, command, inner, first);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const ProtobufCMessage *answer = wire_inner(&(*first)->base, command->number);
    status = answer == NULL ? STATUS_MALFORMED : page(context, answer);
    const char *next =
        status == STATUS_OK && client->options.all ? page_next(command, answer) : NULL;
    char cursor[CURSOR_BYTES_MAX + 1] = "";
    if (next != NULL && strlen(next) > CURSOR_BYTES_MAX) {
        return STATUS_MALFORMED;
    }
    (void)snprintf(cursor, sizeof(cursor), "%s", next == NULL ? "" : next);
    while (status == STATUS_OK && cursor[0] != '\0') {
        status = page_call(client, command, inner, page, context, cursor);
    }
    return status;
}
