// SPDX-License-Identifier: Apache-2.0
#include "client/run.h"

#include "client/gather.h"
#include "client/groups.h"
#include "client/letters.h"
#include "client/output.h"
#include "client/output_sheet.h"
#include "client/pages.h"
#include "client/reference.h"
#include "client/tools.h"
#include "shared/args.h"
#include "shared/fields.h"
#include "shared/wire.h"
#include "shared/words.h"

// The value of an option that was written "@FILE".
static enum status file_load(void *context, struct arena *arena, const char *path, size_t size_max,
                             struct bytes *out)
{
    (void)context;
    struct bytes content = {0};
    enum status status = home_read(arena, path, &content);
    if (status == STATUS_OK && content.size > size_max) {
        return STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        *out = content;
    }
    return status == STATUS_NOT_FOUND ? STATUS_FILE_ERROR : status;
}

// Options that the command does not have may be meant for one of all commands; where nothing is
// near, the help says what there is.
static void options_suggest(struct client *client, const struct command *command)
{
    for (size_t i = 0; i < client->problems.count; i++) {
        Problem *problem = client->problems.list[i];
        if (problem->code != STATUS_USAGE || problem->asked[0] != '-' || problem->hint[0] != '\0') {
            continue;
        }
        const char *nearest = options_nearest(problem->asked);
        char *hint = nearest == NULL ? NULL : arena_print(client->arena, "--%s", nearest);
        if (hint != NULL) {
            problem->hint = hint;
            continue;
        }
        char verb[64];
        size_t noun = strcspn(command->name, "_");
        (void)snprintf(verb, sizeof(verb), "%s", command->name + noun + 1);
        letters_replace(verb, '_', '-');
        client_hint(client, arena_print(client->arena, "kontor %.*s %s --help", (int)noun,
                                        command->name, verb));
        return;
    }
}

enum status command_parse(struct client *client, const struct command *command, size_t count,
                          const char *const *words, ProtobufCMessage **out)
{
    enum status status = client_begin(client);
    if (status != STATUS_OK) {
        return status;
    }
    struct reference reference = {.client = client, .for_write = command->mode == COMMAND_WRITE};
    int32_t offset = 0;
    const struct args_context context = {
        .today = client_today(client, &offset),
        .decimals = client->context.decimals,
        .currency = client->context.currency,
        .find = reference_find,
        .find_context = &reference,
        .load = file_load,
    };
    ProtobufCMessage *inner = wire_make(client->arena, command->request);
    if (inner == NULL || count > INT32_MAX) {
        return STATUS_TOO_LARGE;
    }
    *out = inner;
    enum status status_parsed =
        args_parse(command, &context, (int)count, words, inner, &client->problems);
    options_suggest(client, command);
    return status_parsed;
}

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessageDescriptor *message,
                                                   const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(message, name);
}

// An edit says which version it edits. Whoever types no --version edits what the server has now;
// between two people who read before, the option says what was read.
static enum status version_fill(struct client *client, const struct command *command,
                                ProtobufCMessage *inner)
{
    const ProtobufCFieldDescriptor *version = field_named(command->request, "version");
    if (version == NULL || field_is_set(inner, version) || strstr(command->name, "_edit") == NULL) {
        return STATUS_OK;
    }
    size_t noun = (size_t)(strstr(command->name, "_edit") - command->name);
    const char *show_name = arena_print(client->arena, "%.*s_show", (int)noun, command->name);
    const struct command *show = show_name == NULL ? NULL : command_by_name(show_name);
    if (show == NULL || show->request->n_fields == 0) {
        return STATUS_OK;
    }
    const ProtobufCFieldDescriptor *to = &show->request->fields[0];
    const ProtobufCFieldDescriptor *from = field_named(command->request, to->name);
    const ProtobufCFieldDescriptor *seen = field_named(show->reply, "version");
    ProtobufCMessage *request = wire_make(client->arena, show->request);
    if (from == NULL || seen == NULL || request == NULL || !field_is_set(inner, from)) {
        return STATUS_OK;
    }
    memcpy(field_at(request, to), field_at(inner, from), sizeof(uint64_t));
    Reply *reply = NULL;
    enum status status = client_call(client, show, request, &reply);
    const ProtobufCMessage *card =
        status == STATUS_OK ? wire_inner(&reply->base, show->number) : NULL;
    if (card != NULL) {
        memcpy(field_at(inner, version), field_at(card, seen), sizeof(uint32_t));
    }
    return status;
}

// Takes --output FILE out of the words of an invitation.
static enum status output_take(struct client *client, const struct command *command, size_t count,
                               const char *const *words, const char ***kept, size_t *kept_count)
{
    const char **list = arena_alloc(client->arena, (count + 1) * sizeof(*list));
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    bool has_output = command->reply == &user_invite_reply__descriptor;
    *kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!has_output || !tool_value(count, words, &i, "output", &client->output_path)) {
            list[(*kept_count)++] = words[i];
        }
    }
    *kept = list;
    return STATUS_OK;
}

static enum status invitation_write(struct client *client, const struct command *command,
                                    const Reply *reply)
{
    const UserInviteReply *invite =
        command->reply == &user_invite_reply__descriptor
            ? (const UserInviteReply *)(const void *)wire_inner(&reply->base, command->number)
            : NULL;
    if (invite == NULL || client->output_path == NULL || client->options.dry_run) {
        return STATUS_OK;
    }
    const char *text = arena_print(client->arena, "%s\n", invite->invitation);
    if (text == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = home_write(client->output_path, bytes_of(text, strlen(text)));
    return status == STATUS_OK ? status
                               : client_fail(client, status, "output", client->output_path, NULL);
}

// An invitation that waits for a second person is handed out at once: it opens nothing before.
static enum status invitation_keep(struct client *client, const struct command *command,
                                   const Reply *reply)
{
    const ProtobufCMessage *inner = wire_inner(&reply->base, command->number);
    const UserInviteReply *invite =
        inner != NULL && inner->descriptor == &user_invite_reply__descriptor
            ? (const UserInviteReply *)(const void *)inner
            : NULL;
    enum status status = invitation_write(client, command, reply);
    if (status == STATUS_OK && invite != NULL && client->output_path == NULL) {
        (void)printf("%s\n", invite->invitation);
    }
    return status == STATUS_OK ? STATUS_APPROVAL_PENDING : status;
}

// A check that looked at a page alone would say too much; who asks for a page gets it.
static bool walks_pages(const struct client *client, const struct command *command,
                        const ProtobufCMessage *inner)
{
    const bool is_check = command->request == &check_documents__descriptor;
    const CheckDocuments *check = (const CheckDocuments *)(const void *)inner;
    return client->options.all || (is_check && check->limit == 0 && check->cursor[0] == '\0');
}

enum status command_run(struct client *client, const struct command *command, size_t count,
                        const char *const *words)
{
    const char **kept = NULL;
    size_t kept_count = 0;
    ProtobufCMessage *inner = NULL;
    enum status status = output_take(client, command, count, words, &kept, &kept_count);
    if (status == STATUS_OK) {
        status = command_parse(client, command, kept_count, kept, &inner);
    }
    if (status == STATUS_OK) {
        status = version_fill(client, command, inner);
    }
    // Also after a refusal of the words: all problems are said at once.
    if (inner != NULL) {
        enum status checked = rules_check(command, inner, &client->problems);
        status = status == STATUS_OK ? checked : status;
    }
    Reply *reply = NULL;
    client->request = inner;
    if (status == STATUS_OK && client->options.xlsx != NULL) {
        return output_sheet(client, command, inner);
    }
    if (status == STATUS_OK) {
        status = walks_pages(client, command, inner) ? gather_call(client, command, inner, &reply)
                                                     : client_call(client, command, inner, &reply);
    }
    if (status == STATUS_OK) {
        status = groups_call(client, command, inner, reply);
    }
    if (status == STATUS_OK) {
        status = invitation_write(client, command, reply);
    }
    if (status == STATUS_APPROVAL_PENDING && client->refusal != NULL) {
        return invitation_keep(client, command, client->refusal);
    }
    return status == STATUS_OK ? output_reply(client, command, reply) : status;
}
