// SPDX-License-Identifier: Apache-2.0

// The report about a server that was found out. It tells a person what was expected, what was shown
// and what to do, and keeps in a file what an expert needs, so that the device itself is evidence.

#include "client/hex.h"
#include "client/output.h"
#include "client/trust.h"
#include "shared/text.h"
#include "shared/words.h"

#define MOMENT_BYTES 32

static void stream_close_at(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

static const char *hex_of(struct arena *arena, const uint8_t *bytes, size_t size)
{
    char *text = arena_alloc(arena, 2 * size + 1);
    if (text == NULL) {
        return "";
    }
    hex_print(bytes, size, text);
    return text;
}

static const char *words_of(struct arena *arena, const uint8_t root[static LEAF_BYTES])
{
    const char *words = key_words(arena, root);
    return words == NULL ? "" : words;
}

static const char *tree_text(struct client *client, uint64_t size)
{
    return arena_print(client->arena, _("%llu records"), (unsigned long long)size);
}

// ---- on the screen, and at the head of the file ----

static void expected_say(struct client *client)
{
    const struct anchor *held = &client->seen.anchor;
    struct arena *arena = client->arena;
    if (held->size == 0) {
        return;
    }
    client_fact(client, _("expected"), tree_text(client, held->size));
    client_fact(client, _("their root"), words_of(arena, held->root));
    client_fact(client, "", hex_of(arena, held->root, LEAF_BYTES));
    client_fact(client, _("seen on"), output_moment(client, held->seen_ms * 1000));
    if (held->signed_number > 0) {
        client_fact(client, _("signed"),
                    arena_print(arena, _("up to record %llu, checkpoint %llu, epoch %llu"),
                                (unsigned long long)held->signed_size,
                                (unsigned long long)held->signed_number,
                                (unsigned long long)held->epochs - 1));
    }
}

static void shown_say(struct client *client, const struct greeting *shown)
{
    if (shown == NULL) {
        return;
    }
    client_fact(client, _("shown"), tree_text(client, shown->tree_size));
    client_fact(client, _("their root"), words_of(client->arena, shown->tree_root));
    client_fact(client, "", hex_of(client->arena, shown->tree_root, LEAF_BYTES));
}

static void advice_say(struct client *client)
{
    client_hint(client, _("do not go on working with this server, and do not join it anew"));
    client_hint(client, _("leave this device and the server as they are; they are evidence"));
    client_hint(client, _("tell the owner of the firm, by telephone or in person, and read both "
                          "rows of words out"));
}

// ---- in the file ----

static void notes_write(FILE *out, const AuditProofReply *reply)
{
    (void)fprintf(out, "\nthe signed checkpoint that was shown\n");
    (void)fwrite(reply->checkpoint.data, 1, reply->checkpoint.len, out);
    for (size_t i = 0; i < reply->n_epoch; i++) {
        (void)fprintf(out, "\nthe statement of an epoch that was shown\n");
        (void)fwrite(reply->epoch[i].data, 1, reply->epoch[i].len, out);
    }
}

static void path_write(struct client *client, FILE *out, const char *what,
                       const ProtobufCBinaryData *path, size_t count)
{
    (void)fprintf(out, "\n%s\n", what);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "%s\n", hex_of(client->arena, path[i].data, path[i].len));
    }
}

// In English, one fact a line: read by whoever looks into it.
static void evidence_write(struct client *client, FILE *out, const struct greeting *shown,
                           const AuditProofReply *reply)
{
    const struct anchor *held = &client->seen.anchor;
    struct arena *arena = client->arena;
    (void)fprintf(out, "\nheld.book %s\nheld.timeline %u\nheld.size %llu\nheld.root %s\n",
                  hex_of(arena, held->book_id, BOOK_ID_BYTES), held->timeline,
                  (unsigned long long)held->size, hex_of(arena, held->root, LEAF_BYTES));
    (void)fprintf(out, "held.seen_ms %lld\nheld.checkpoint %llu\nheld.checkpoint_size %llu\n",
                  (long long)held->seen_ms, (unsigned long long)held->signed_number,
                  (unsigned long long)held->signed_size);
    (void)fprintf(out, "held.epochs %llu\nheld.epoch_key %s\npinned.house_key %s\n",
                  (unsigned long long)held->epochs, hex_of(arena, held->epoch_key, KEY_BYTES),
                  hex_of(arena, client->context.house_key, KEY_BYTES));
    if (shown != NULL) {
        (void)fprintf(out, "shown.book %s\nshown.timeline %u\nshown.size %llu\nshown.root %s\n",
                      hex_of(arena, shown->book_id, BOOK_ID_BYTES), shown->timeline,
                      (unsigned long long)shown->tree_size,
                      hex_of(arena, shown->tree_root, LEAF_BYTES));
        (void)fprintf(out, "shown.clock_us %lld\n", (long long)shown->server_us);
    }
    if (reply != NULL) {
        path_write(client, out, "proof from held to shown", reply->path, reply->n_path);
        path_write(client, out, "proof between the checkpoint and shown", reply->checkpoint_path,
                   reply->n_checkpoint_path);
        notes_write(out, reply);
    }
}

static const char *file_path_of(struct client *client)
{
    const char *dir = arena_print(client->arena, "%s/reports", client->home.state);
    if (dir == NULL || home_make_dir(dir) != STATUS_OK) {
        return NULL;
    }
    char moment[MOMENT_BYTES] = "";
    struct tm utc = {0};
    const time_t now = (time_t)(client_now_ms() / 1000);
    uint32_t draw = 0; // no report replaces another
    random_fill(&draw, sizeof(draw));
    if (gmtime_r(&now, &utc) != NULL) {
        (void)strftime(moment, sizeof(moment), "%Y%m%dT%H%M%SZ", &utc);
    }
    return arena_print(client->arena, "%s/%s-%s-%08x.txt", dir, client->context.name, moment, draw);
}

static enum status file_save(struct client *client, enum finding finding,
                             const struct greeting *shown, const AuditProofReply *reply,
                             const char *path)
{
    char *text = NULL;
    size_t size = 0;
    {
        CLEANUP(stream_close_at) FILE *out = open_memstream(&text, &size);
        if (out == NULL) {
            return STATUS_ENVIRONMENT;
        }
        (void)fprintf(out, "%s\n", client->fault);
        for (size_t i = 0; i < client->fact_count; i++) {
            (void)fprintf(out, "  %s  %s\n", client->facts[i].label, client->facts[i].text);
        }
        for (size_t i = 0; i < client->hint_count; i++) {
            (void)fprintf(out, "  * %s\n", client->hints[i]);
        }
        (void)fprintf(out, "\nfinding %s\nmade_ms %lld\n", finding_sentence(finding),
                      (long long)client_now_ms());
        evidence_write(client, out, shown, reply);
    }
    const enum status status = home_write(path, bytes_of(text, size));
    free(text);
    return status;
}

enum status trust_report(struct client *client, enum finding finding, const struct greeting *shown,
                         const AuditProofReply *reply)
{
    assert(finding_status(finding) != STATUS_OK);
    client->fault = language_word(finding_sentence(finding));
    client->hint_count = 0;
    client_fact(client, _("server"), client->context.server[0]);
    client_fact(client, _("context"), client->context.name);
    expected_say(client);
    shown_say(client, shown);
    advice_say(client);
    const char *path = file_path_of(client);
    const bool is_kept =
        path != NULL && file_save(client, finding, shown, reply, path) == STATUS_OK;
    client_fact(client, _("report"),
                is_kept ? path : _("could not be written: keep what is on the screen"));
    return finding_status(finding);
}
