// SPDX-License-Identifier: Apache-2.0

// Work that takes more than one call: the journal's export and its verification, page after page.

#include "client/hex.h"
#include "client/run.h"
#include "client/tools.h"
#include "shared/text.h"
#include "shared/words.h"

enum status tool_export(struct client *client, size_t count, const char *const *words)
{
    const struct command *begin = command_by_name("export_journal");
    ProtobufCMessage *inner = NULL;
    enum status status = command_parse(client, begin, count, words, &inner);
    if (status == STATUS_OK) {
        status = rules_check(begin, inner, &client->problems);
    }
    Reply *reply = NULL;
    if (status == STATUS_OK) {
        status = client_call(client, begin, inner, &reply);
    }
    if (status != STATUS_OK || client->options.dry_run) {
        return status;
    }
    ExportPage request;
    export_page__init(&request);
    request.export_id = reply->export_journal->export_id;
    for (bool more = true; more && status == STATUS_OK;) {
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        status = client_call(client, command_by_name("export_page"), &request.base, &reply);
        if (status != STATUS_OK) {
            break;
        }
        const ExportPageReply *page = reply->export_page;
        (void)fwrite(page->text, 1, text_calm(page->text, strlen(page->text)), stdout);
        more = page->page != NULL && page->page->next[0] != '\0';
        request.cursor = more ? page->page->next : request.cursor;
    }
    return status;
}

enum status tool_verify(struct client *client, size_t count, const char *const *words)
{
    AuditVerify request;
    audit_verify__init(&request);
    if (count > 0) {
        return client_fail(client, STATUS_USAGE, NULL, words[0], NULL);
    }
    const struct command *command = command_by_name("audit_verify");
    const AuditVerifyReply *verified = NULL;
    for (bool more = true; more;) {
        Reply *reply = NULL;
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        enum status status = client_call(client, command, &request.base, &reply);
        if (status != STATUS_OK) {
            return status;
        }
        verified = reply->audit_verify;
        more = verified->page != NULL && verified->page->next[0] != '\0';
        request.cursor = more ? verified->page->next : request.cursor;
    }
    assert(verified != NULL);
    if (client->options.json != NULL) {
        const struct render_context render = client_render(client);
        json_t *json = render_json(&render, command, &verified->base);
        (void)render_json_write(json, JSON_INDENT(1), stdout);
        json_decref(json);
    } else if (verified->whole) {
        char root[2 * 64 + 1] = "";
        if (verified->root.len <= 64) {
            hex_print(verified->root.data, verified->root.len, root);
        }
        (void)printf(_("The journal is whole: %llu records, root %s"),
                     (unsigned long long)verified->records, root);
        (void)fputc('\n', stdout);
    }
    if (!verified->whole) {
        return client_fail(client, STATUS_TAMPERED, NULL, verified->finding, NULL);
    }
    return STATUS_OK;
}
