// SPDX-License-Identifier: Apache-2.0

// Two commands that ask a person to look first: the words of a device before it is approved, the
// confidentiality notice before it is accepted.

#include "client/output.h"
#include "client/pages.h"
#include "client/run.h"
#include "client/tools.h"
#include "shared/text.h"
#include "shared/words.h"

#define PAGE_ROWS 1000

// ---- devices ----

static enum status device_find(struct client *client, uint64_t id, const DeviceRow **out)
{
    DeviceList request;
    device_list__init(&request);
    request.limit = PAGE_ROWS;
    *out = NULL;
    for (bool more = true; more && *out == NULL;) {
        Reply *reply = NULL;
        enum status status =
            client_call(client, command_by_name("device_list"), &request.base, &reply);
        if (status != STATUS_OK) {
            return status;
        }
        const DeviceListReply *list = reply->device_list;
        for (size_t i = 0; i < list->n_row; i++) {
            *out = list->row[i]->id == id ? list->row[i] : *out;
        }
        more = list->page != NULL && list->page->next[0] != '\0';
        request.cursor = more ? list->page->next : request.cursor;
    }
    return *out != NULL ? STATUS_OK : client_fail(client, STATUS_NOT_FOUND, "device", NULL, NULL);
}

// Shown and confirmed, unless the words were given or --yes says that they were compared.
static enum status words_compare(struct client *client, const DeviceApprove *request)
{
    const DeviceRow *device = NULL;
    if (request->words[0] != '\0' || client->options.yes || client->options.dry_run) {
        return STATUS_OK;
    }
    enum status status = device_find(client, request->device_id, &device);
    if (status != STATUS_OK) {
        return status;
    }
    assert(device != NULL);
    if (!client->terminal.may_ask) {
        client_hint(client, "--words WORDS");
        return STATUS_NEEDS_CONFIRMATION;
    }
    const char *name = text_safe(client->arena, device->name);
    (void)fprintf(stderr, "  %s\n", device->words);
    const char *question =
        arena_print(client->arena, _("Does %s, the device of %s, show these words?"),
                    name == NULL ? "" : name, device->login);
    return terminal_confirm(&client->terminal, question == NULL ? "?" : question);
}

enum status tool_approve(struct client *client, size_t count, const char *const *words)
{
    const struct command *command = command_by_name("device_approve");
    ProtobufCMessage *inner = NULL;
    enum status status = command_parse(client, command, count, words, &inner);
    if (status == STATUS_OK) {
        status = rules_check(command, inner, &client->problems);
    }
    if (status == STATUS_OK) {
        status = words_compare(client, (const DeviceApprove *)(const void *)inner);
    }
    Reply *reply = NULL;
    if (status == STATUS_OK) {
        status = client_call(client, command, inner, &reply);
    }
    return status == STATUS_OK ? output_reply(client, command, reply) : status;
}

// ---- the notice ----

enum status page_notice(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                        FILE *out)
{
    (void)reply;
    const NoticeCard *notice = (const NoticeCard *)(const void *)inner;
    const char *text = text_plain(client->arena, notice->text);
    (void)fprintf(out, "%s\n\n", text == NULL ? "" : text);
    (void)fprintf(out, _("Version %u, set %s."), notice->version,
                  output_moment(client, notice->set_us));
    (void)fputc('\n', out);
    if (notice->accepted_version == notice->version) {
        (void)fprintf(out, _("You accepted it %s."), output_moment(client, notice->accepted_us));
        (void)fputc('\n', out);
    }
    return STATUS_OK;
}

static enum status notice_read(struct client *client, uint32_t *version)
{
    NoticeShow request;
    notice_show__init(&request);
    Reply *reply = NULL;
    enum status status = client_call(client, command_by_name("notice_show"), &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    *version = reply->notice_show->version;
    if (client->options.yes || reply->notice_show->accepted_version == *version) {
        return STATUS_OK;
    }
    if (!client->terminal.may_ask) {
        client_hint(client, "--version NUMBER");
        return STATUS_NEEDS_CONFIRMATION;
    }
    status = page_notice(client, reply, &reply->notice_show->base, stderr);
    return status == STATUS_OK
               ? terminal_confirm(&client->terminal, _("Do you accept this notice?"))
               : status;
}

enum status tool_accept(struct client *client, size_t count, const char *const *words)
{
    const struct command *command = command_by_name("notice_accept");
    ProtobufCMessage *inner = NULL;
    enum status status = command_parse(client, command, count, words, &inner);
    if (status != STATUS_OK) {
        return status;
    }
    NoticeAccept *accept = (NoticeAccept *)(void *)inner;
    if (accept->version == 0) {
        status = notice_read(client, &accept->version);
    }
    Reply *reply = NULL;
    if (status == STATUS_OK) {
        status = client_call(client, command, inner, &reply);
    }
    return status == STATUS_OK ? output_reply(client, command, reply) : status;
}
