// SPDX-License-Identifier: Apache-2.0

// The whole journal as a file that an auditor takes away and checks without the server
// (shared/trail.h, `kontord audit verify`). The export is a record of the journal itself.

#include "client/hex.h"
#include "client/pages.h"
#include "client/tools.h"
#include "shared/digest.h"
#include "shared/words.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PAGE_BYTES ((size_t)8 * 1024 * 1024)

struct trail {
    struct client *client;
    const char *path;   // of the file that was asked for
    const char *beside; // what is written until it is whole
    int fd;
    uint64_t size;
    enum status status; // of what kept it from being whole
    bool is_whole;
};

static void trail_wipe(struct trail *trail)
{
    if (trail->fd >= 0) {
        (void)close(trail->fd);
        (void)unlink(trail->beside);
    }
}

static enum status file_fail(const struct trail *trail)
{
    return client_fail(trail->client, STATUS_FILE_ERROR, "file", trail->path, strerror(errno));
}

// An existing file is never replaced: it may be an earlier export.
static enum status trail_open(struct trail *trail)
{
    trail->beside = arena_print(trail->client->arena, "%s.part", trail->path);
    if (trail->beside == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (access(trail->path, F_OK) == 0) {
        trail->client->fault = _("a file of this name exists, and none is replaced");
        return client_fail(trail->client, STATUS_FILE_ERROR, "file", trail->path, NULL);
    }
    trail->fd = open(trail->beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return trail->fd >= 0 ? STATUS_OK : file_fail(trail);
}

static enum status trail_write(struct trail *trail, ProtobufCBinaryData frames)
{
    for (size_t done = 0; done < frames.len;) {
        const ssize_t wrote = write(trail->fd, frames.data + done, frames.len - done);
        if (wrote <= 0) {
            return file_fail(trail);
        }
        done += (size_t)wrote;
    }
    trail->size += frames.len;
    return STATUS_OK;
}

static bool page_take(void *context, const Reply *reply)
{
    struct trail *trail = context;
    if (reply->status != STATUS_OK || reply->result_case != REPLY__RESULT_AUDIT_PAGE) {
        const bool is_known = status_is_known(reply->status) && reply->status != STATUS_OK;
        trail->status = is_known ? (enum status)reply->status : STATUS_UNREADABLE;
        return false;
    }
    const Page *page = reply->audit_page->page;
    trail->status = trail_write(trail, reply->audit_page->frames);
    trail->is_whole = page == NULL || page->next[0] == '\0';
    return trail->status == STATUS_OK;
}

static enum status pages_write(struct trail *trail, uint64_t export_id)
{
    struct client *client = trail->client;
    CLEANUP(arena_free_at) struct arena *arena = arena_make(PAGE_BYTES);
    if (arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    AuditPage page;
    audit_page__init(&page);
    page.export_id = export_id;
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_AUDIT_PAGE;
    request.audit_page = &page;
    enum status status = client_connect(client);
    if (status == STATUS_OK) {
        status = link_stream(client->link, &request, arena, page_take, trail);
    }
    if (trail->status != STATUS_OK) {
        return trail->status;
    }
    return status == STATUS_OK && !trail->is_whole ? STATUS_CUT_OFF : status;
}

static enum status trail_finish(struct trail *trail)
{
    return fsync(trail->fd) == 0 && link(trail->beside, trail->path) == 0 ? STATUS_OK
                                                                          : file_fail(trail);
}

static void export_say(struct client *client, const struct trail *trail,
                       const AuditExportReply *reply)
{
    uint8_t root[LEAF_BYTES] = {0};
    char hex[2 * LEAF_BYTES + 1];
    if (reply->root.len == LEAF_BYTES) {
        memcpy(root, reply->root.data, LEAF_BYTES);
    }
    hex_print(root, LEAF_BYTES, hex);
    const char *words = key_words(client->arena, root);
    (void)printf(_("%llu records in %s, %llu bytes"), (unsigned long long)reply->records,
                 trail->path, (unsigned long long)trail->size);
    (void)fputc('\n', stdout);
    page_label(_("Root"), stdout);
    (void)printf("%s\n", words == NULL ? "" : words);
    page_label("", stdout);
    (void)printf("%s\n", hex);
    page_label(_("Check"), stdout);
    (void)printf("kontord audit verify --export %s\n", trail->path);
}

enum status tool_trail(struct client *client, size_t count, const char *const *words)
{
    if (count != 1 || words[0][0] == '-') {
        client_hint(client, "kontor audit export FILE");
        return client_fail(client, STATUS_USAGE, NULL, count == 0 ? "" : words[count - 1], NULL);
    }
    const struct command *command = command_by_name("audit_export");
    struct trail trail CLEANUP(trail_wipe) = {.client = client, .path = words[0], .fd = -1};
    AuditExport request;
    audit_export__init(&request);
    Reply *reply = NULL;
    enum status status = client->options.dry_run ? STATUS_OK : trail_open(&trail);
    if (status == STATUS_OK) {
        status = client_call(client, command, &request.base, &reply);
    }
    if (status != STATUS_OK || client->options.dry_run) {
        return status;
    }
    status = pages_write(&trail, reply->audit_export->export_id);
    if (status == STATUS_OK) {
        status = trail_finish(&trail);
    }
    if (status == STATUS_OK && client->options.json != NULL) {
        const struct render_context render = client_render(client);
        json_t *json = render_json(&render, command, &reply->audit_export->base);
        (void)render_json_write(json, JSON_INDENT(1), stdout);
        json_decref(json);
    } else if (status == STATUS_OK && !client->options.quiet) {
        export_say(client, &trail, reply->audit_export);
    }
    return status;
}
