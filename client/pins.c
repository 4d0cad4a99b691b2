// SPDX-License-Identifier: Apache-2.0
#include "client/pins.h"

#include "client/hex.h"
#include "client/pages.h"
#include "client/tools.h"
#include "shared/statement.h"
#include "shared/wire.h"
#include "shared/words.h"

// What the context knows; false when it never saw a statement, or its file was changed.
static bool known_statement(const struct client *client, struct statement *out)
{
    const struct context *context = &client->context;
    return context->statement[0] != '\0' &&
           statement_check(context->statement, context->house_key, out) == STATUS_OK;
}

static enum status context_save(struct client *client)
{
    CLEANUP(home_close_at) int lock = -1;
    const enum status status = home_lock(&client->home, &lock);
    return status == STATUS_OK ? profile_save(&client->home, client->arena, &client->context)
                               : status;
}

enum status pins_open(struct client *client, struct link_options *options, struct link **out)
{
    struct statement statement;
    const bool is_known = options->invitation == NULL && known_statement(client, &statement);
    if (is_known && statement_revokes(&statement, options->server_key)) {
        memcpy(options->server_key, statement.valid[0], KEY_BYTES); // never the revoked one
    }
    enum status status = link_open(options, out);
    if (status != STATUS_WRONG_SERVER || options->invitation != NULL) {
        return status;
    }
    // The pinned key is not served any more: another one of the statement may be.
    for (size_t i = 0; is_known && i < statement.valid_count; i++) {
        if (memcmp(statement.valid[i], options->server_key, KEY_BYTES) == 0) {
            continue;
        }
        memcpy(options->server_key, statement.valid[i], KEY_BYTES);
        status = link_open(options, out);
        if (status == STATUS_OK) {
            memcpy(client->context.server_key, statement.valid[i], KEY_BYTES);
            return context_save(client);
        }
    }
    if (status == STATUS_WRONG_SERVER) {
        client_hint(client, "kontor server accept FILE");
    }
    return status;
}

// Newer than what is known, signed by the house key, for this book: pinned.
static enum status take(struct client *client, const char *text)
{
    struct context *context = &client->context;
    struct statement statement;
    struct statement known;
    enum status status = statement_check(text, context->house_key, &statement);
    if (status != STATUS_OK || strlen(text) >= sizeof(context->statement)) {
        return STATUS_STATEMENT_WRONG;
    }
    if (known_statement(client, &known)) {
        if (strcmp(context->statement, text) == 0) {
            return STATUS_OK;
        }
        if (memcmp(known.book_id, statement.book_id, sizeof(known.book_id)) != 0) {
            return STATUS_STATEMENT_WRONG;
        }
        if (statement.serial <= known.serial) {
            return STATUS_STATEMENT_OLD;
        }
    }
    (void)snprintf(context->statement, sizeof(context->statement), "%s", text);
    if (!statement_has(&statement, context->server_key)) {
        memcpy(context->server_key, statement.valid[0], KEY_BYTES);
    }
    return context_save(client);
}

static bool knows_id(const struct client *client, const uint8_t id[static KEY_ID_BYTES])
{
    struct statement statement;
    uint8_t other[KEY_ID_BYTES];
    server_key_id(client->context.server_key, other);
    bool found = memcmp(other, id, KEY_ID_BYTES) == 0;
    const bool is_known = known_statement(client, &statement);
    for (size_t i = 0; is_known && i < statement.valid_count; i++) {
        server_key_id(statement.valid[i], other);
        found = found || memcmp(other, id, KEY_ID_BYTES) == 0;
    }
    return found;
}

enum status pins_learn(struct client *client)
{
    const struct greeting *greeting = link_greeting(client->link);
    if (bytes_are_zero(greeting->next_key_id, KEY_ID_BYTES) ||
        knows_id(client, greeting->next_key_id)) {
        return STATUS_OK;
    }
    Request *request = (Request *)(void *)wire_make(client->arena, &request__descriptor);
    ProtobufCMessage *inner = wire_make(client->arena, &key_show__descriptor);
    if (request == NULL || inner == NULL) {
        return STATUS_TOO_LARGE;
    }
    wire_set_inner(&request->base, command_by_name("key_show")->number, inner);
    Reply *reply = NULL;
    const enum status status = link_call(client->link, request, client->arena, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    return reply->status == STATUS_OK ? take(client, reply->key_show->statement)
                                      : (enum status)reply->status;
}

// ---- kontor server ----

static void words_print(struct client *client, const char *label, const uint8_t *key)
{
    const char *words = key_words(client->arena, key);
    page_label(label, stdout);
    (void)puts(words == NULL ? "" : words);
}

static void facts_print(struct client *client)
{
    const struct context *context = &client->context;
    struct statement statement = {.serial = 0};
    const bool is_known = known_statement(client, &statement);
    page_label(_("Address"), stdout);
    (void)puts(context->server[0]);
    words_print(client, _("Server key"), context->server_key);
    for (size_t i = 0; is_known && i < statement.valid_count; i++) {
        if (memcmp(statement.valid[i], context->server_key, KEY_BYTES) != 0) {
            words_print(client, _("Other key"), statement.valid[i]);
        }
    }
    words_print(client, _("House key"), context->house_key);
    page_label(_("Serial"), stdout);
    (void)printf("%u\n", is_known ? statement.serial : 0);
    char root[2 * 32 + 1] = "";
    hex_print(client->seen.anchor.root, sizeof(client->seen.anchor.root), root);
    page_label(_("Checkpoint"), stdout);
    (void)printf("%llu  %s\n", (unsigned long long)client->seen.anchor.size, root);
}

static enum status accept_file(struct client *client, const char *path)
{
    struct bytes content = {0};
    const enum status read = home_read(client->arena, path, &content);
    if (read != STATUS_OK) {
        return client_fail(client, STATUS_FILE_ERROR, "file", path, NULL);
    }
    const enum status status = take(client, (const char *)content.data);
    if (status == STATUS_OK && !client->options.quiet) {
        facts_print(client);
    }
    return status;
}

enum status tool_server(struct client *client, size_t count, const char *const *words)
{
    const bool accepts = count == 2 && strcmp(words[0], "accept") == 0;
    if (count > 0 && !accepts) {
        return tool_usage(client, "server", words[0]);
    }
    const enum status status = client_begin(client);
    if (status != STATUS_OK) {
        return status;
    }
    if (accepts) {
        return accept_file(client, words[1]);
    }
    facts_print(client);
    return STATUS_OK;
}
