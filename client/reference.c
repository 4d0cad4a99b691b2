// SPDX-License-Identifier: Apache-2.0
#include "client/reference.h"

#include "client/letters.h"
#include "shared/text.h"
#include "shared/words.h"

#define CANDIDATES_SHOWN 8

static const char *row_text(struct client *client, const FindRow *row)
{
    const char *text = arena_print(client->arena, "%s  %s", row->number, row->name);
    const char *clean = text == NULL ? NULL : text_safe(client->arena, text);
    return clean == NULL ? row->number : clean;
}

static enum status candidates_show(struct client *client, const FindReply *found)
{
    for (size_t i = 0; i < found->n_row && i < CANDIDATES_SHOWN; i++) {
        client_hint(client, row_text(client, found->row[i]));
    }
    if (found->n_row > CANDIDATES_SHOWN) {
        client_hint(client, "…");
    }
    return STATUS_AMBIGUOUS;
}

// One loose match before a write: shown, and taken only when somebody says so.
static enum status loose_confirm(struct client *client, const FindReply *found, const char *text)
{
    const char *who = row_text(client, found->row[0]);
    if (client->options.yes || client->options.dry_run) {
        if (!client->options.quiet) {
            (void)fprintf(stderr, _("\"%s\" is %s"), text, who);
            (void)fputc('\n', stderr);
        }
        return STATUS_OK;
    }
    if (!client->terminal.may_ask) {
        client->fault = _("a part of a name is not enough to write: name it in full, or add --yes");
        return candidates_show(client, found);
    }
    const char *question = arena_print(client->arena, _("\"%s\" is %s. Go on?"), text, who);
    return terminal_confirm(&client->terminal, question == NULL ? who : question);
}

enum status reference_find(void *context, FindNoun noun, const char *text, uint64_t *id)
{
    const struct reference *reference = context;
    struct client *client = reference->client;
    Find request;
    find__init(&request);
    request.noun = noun;
    request.text = letters_lend(text);
    Reply *reply = NULL;
    enum status status = client_call(client, command_by_name("find"), &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    const FindReply *found = reply->find;
    if (found == NULL || found->n_row == 0) {
        return STATUS_NOT_FOUND;
    }
    if (found->n_row > 1) {
        return candidates_show(client, found);
    }
    if (!found->exact && reference->for_write) {
        status = loose_confirm(client, found, text);
    }
    if (status == STATUS_OK) {
        *id = found->row[0]->id;
    }
    return status;
}
