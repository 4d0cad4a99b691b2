// SPDX-License-Identifier: Apache-2.0

// The journal checked from outside: this program reads the leaf hash of every record, computes the
// tree itself, and compares the roots that it passes with those that were signed or held.

#include "client/hex.h"
#include "client/pages.h"
#include "client/tools.h"
#include "client/trust.h"
#include "client/witness.h"
#include "shared/words.h"

#include <jansson.h>

#define PAGE_BYTES ((size_t)8 * 1024 * 1024)
#define MARKS_MAX  4

// A root that the tree must have when it is so long.
struct mark {
    const char *what; // msgid
    uint64_t size;
    uint8_t root[LEAF_BYTES];
};

struct check {
    struct client *client;
    struct tree tree;
    uint64_t target; // records
    struct mark mark[MARKS_MAX];
    size_t mark_count;
    const struct mark *broken; // the first that does not hold
    uint64_t good;             // records up to the last mark that holds
    enum status status;        // of an answer that is no page
};

static void mark_add(struct check *check, const char *what, uint64_t size,
                     const uint8_t root[static LEAF_BYTES])
{
    if (size > 0) {
        assert(check->mark_count < MARKS_MAX);
        struct mark *mark = &check->mark[check->mark_count++];
        *mark = (struct mark){.what = what, .size = size};
        memcpy(mark->root, root, LEAF_BYTES);
    }
}

// True when what was read so far is still what it must be.
static bool marks_hold(struct check *check)
{
    uint8_t root[LEAF_BYTES];
    bool is_rooted = false;
    for (size_t i = 0; i < check->mark_count; i++) {
        const struct mark *mark = &check->mark[i];
        if (mark->size != check->tree.size) {
            continue;
        }
        if (!is_rooted) {
            tree_root(&check->tree, root);
            is_rooted = true;
        }
        if (memcmp(root, mark->root, LEAF_BYTES) != 0) {
            check->broken = mark;
            return false;
        }
        check->good = mark->size;
    }
    return true;
}

static bool page_take(void *context, const Reply *reply)
{
    struct check *check = context;
    const AuditLeavesReply *page =
        reply->result_case == REPLY__RESULT_AUDIT_LEAVES ? reply->audit_leaves : NULL;
    if (reply->status != STATUS_OK || page == NULL || page->leaf.len % LEAF_BYTES != 0) {
        const bool is_known = status_is_known(reply->status) && reply->status != STATUS_OK;
        check->status = is_known ? (enum status)reply->status : STATUS_UNREADABLE;
        return false;
    }
    if (page->leaf.len == 0 || page->first != check->tree.size + 1) {
        return false;
    }
    for (size_t at = 0; at < page->leaf.len && check->tree.size < check->target; at += LEAF_BYTES) {
        tree_append(&check->tree, page->leaf.data + at);
        if (!marks_hold(check)) {
            return false;
        }
    }
    return check->tree.size < check->target;
}

static enum status leaves_read(struct check *check)
{
    struct client *client = check->client;
    CLEANUP(arena_free_at) struct arena *arena = arena_make(PAGE_BYTES);
    if (arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    AuditLeaves leaves;
    audit_leaves__init(&leaves);
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_AUDIT_LEAVES;
    request.audit_leaves = &leaves;
    const enum status status = link_stream(client->link, &request, arena, page_take, check);
    if (status != STATUS_OK && status != STATUS_CANCELLED) {
        return status;
    }
    if (check->status != STATUS_OK) {
        return check->status;
    }
    const struct greeting *greeting = link_greeting(client->link);
    if (check->broken != NULL) {
        client_fact(client, _("does not hold"), language_word(check->broken->what));
        client_fact(client, _("between"),
                    arena_print(client->arena, _("records %llu and %llu"),
                                (unsigned long long)check->good + 1,
                                (unsigned long long)check->broken->size));
        return trust_report(client, ANCHOR_RECORD_OTHER, greeting, NULL);
    }
    if (check->tree.size < check->target) {
        client_fact(
            client, _("missing"),
            arena_print(client->arena, _("record %llu"), (unsigned long long)check->tree.size + 1));
        return trust_report(client, ANCHOR_RECORD_MISSING, greeting, NULL);
    }
    return STATUS_OK;
}

// ---- what comes out ----

static void people_print(struct client *client, const struct check *check,
                         const struct checkpoint *covered)
{
    char hex[2 * LEAF_BYTES + 1];
    uint8_t root[LEAF_BYTES];
    tree_root(&check->tree, root);
    hex_print(root, LEAF_BYTES, hex);
    (void)printf(_("The journal is whole: %llu records, root %s"),
                 (unsigned long long)check->tree.size, hex);
    (void)fputc('\n', stdout);
    const char *words = key_words(client->arena, root);
    page_label(_("Root"), stdout);
    (void)printf("%s\n", words == NULL ? "" : words);
    page_label(_("Signed"), stdout);
    (void)printf(_("up to record %llu, checkpoint %llu, epoch %llu"),
                 (unsigned long long)covered->size, (unsigned long long)covered->number,
                 (unsigned long long)covered->epoch);
    (void)fputc('\n', stdout);
    for (size_t i = 0; i < check->mark_count; i++) {
        page_label(_("Holds"), stdout);
        (void)printf("%s (%llu)\n", language_word(check->mark[i].what),
                     (unsigned long long)check->mark[i].size);
    }
}

static void json_print(const struct check *check, const struct checkpoint *covered)
{
    char hex[2 * LEAF_BYTES + 1];
    uint8_t root[LEAF_BYTES];
    tree_root(&check->tree, root);
    hex_print(root, LEAF_BYTES, hex);
    json_t *marks = json_array();
    for (size_t i = 0; i < check->mark_count; i++) {
        (void)json_array_append_new(marks, json_pack("{s:s, s:I}", "what", check->mark[i].what,
                                                     "records", (json_int_t)check->mark[i].size));
    }
    json_t *json =
        json_pack("{s:s, s:{s:I, s:s, s:b, s:I, s:I, s:I, s:o}}", "schema", "kontor.audit.verify/1",
                  "data", "records", (json_int_t)check->tree.size, "root", hex, "whole", 1,
                  "signed", (json_int_t)covered->size, "checkpoint", (json_int_t)covered->number,
                  "epoch", (json_int_t)covered->epoch, "holds", marks);
    (void)render_json_write(json, JSON_INDENT(1), stdout);
    json_decref(json);
}

// ---- the words ----

static enum status witness_mark(struct check *check, const char *path)
{
    struct client *client = check->client;
    struct checkpoint witness;
    const enum status status = witness_read(client, path, &witness);
    if (status != STATUS_OK) {
        return status;
    }
    mark_add(check, N_("the witness"), witness.size, witness.root);
    if (witness.size <= check->target) {
        return STATUS_OK;
    }
    struct anchor *held = &client->seen.anchor; // what the report says was expected
    held->size = witness.size;
    held->seen_ms = witness.time_us / 1000;
    memcpy(held->root, witness.root, LEAF_BYTES);
    return trust_report(client, ANCHOR_SHORTER, link_greeting(client->link), NULL);
}

static enum status verify_run(struct client *client, const struct anchor *before,
                              const char *witness)
{
    const struct greeting *greeting = link_greeting(client->link);
    struct check check = {.client = client, .target = greeting->tree_size};
    struct checkpoint covered = {0};
    struct bytes note = {0};
    enum status status = witness_take(client, &note, &covered);
    if (status == STATUS_OK && witness != NULL) {
        status = witness_mark(&check, witness);
    }
    if (status != STATUS_OK) {
        return status;
    }
    mark_add(&check, N_("what this device saw before"), before->size, before->root);
    mark_add(&check, N_("the signed checkpoint"), covered.size, covered.root);
    mark_add(&check, N_("what the server shows now"), greeting->tree_size, greeting->tree_root);
    if (check.target < covered.size) {
        check.target = covered.size;
    }
    status = leaves_read(&check);
    if (status != STATUS_OK) {
        return status;
    }
    if (client->options.json != NULL) {
        json_print(&check, &covered);
    } else {
        people_print(client, &check, &covered);
    }
    return trust_keep(client, client->link);
}

enum status tool_verify(struct client *client, size_t count, const char *const *words)
{
    const char *witness = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!tool_value(count, words, &i, "witness", &witness)) {
            client_hint(client, "kontor audit verify [--witness FILE]");
            return client_fail(client, STATUS_USAGE, NULL, words[i], NULL);
        }
    }
    enum status status = client_begin(client);
    const struct anchor before = client->known;
    if (status == STATUS_OK) {
        status = client_connect(client);
    }
    return status == STATUS_OK ? verify_run(client, &before, witness) : status;
}
