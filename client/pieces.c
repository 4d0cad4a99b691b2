// SPDX-License-Identifier: Apache-2.0

// Work that takes more than one call: the export of the journal for another program, page after
// page.

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
