// SPDX-License-Identifier: Apache-2.0
#include "client/witness.h"

#include "client/hex.h"
#include "client/output.h"
#include "client/pages.h"
#include "client/tools.h"
#include "client/trust.h"
#include "shared/words.h"

// ---- taking ----

enum status witness_take(struct client *client, struct bytes *note, struct checkpoint *out)
{
    const struct anchor *held = &client->seen.anchor;
    AuditProof question;
    const AuditProofReply *proof = NULL;
    anchor_ask(held, link_greeting(client->link), &question);
    const enum status status = trust_question(client, client->link, &question, &proof);
    if (status != STATUS_OK) {
        return status;
    }
    struct anchor next = {0};
    const struct greeting *greeting = link_greeting(client->link);
    const enum finding finding = proof == NULL
                                     ? ANCHOR_NOT_PROVEN
                                     : anchor_check(held, greeting, client->context.house_key,
                                                    proof, client_now_ms(), &next);
    if (finding != ANCHOR_GOOD) {
        return trust_report(client, finding, greeting, proof);
    }
    struct bytes text = {0};
    *note = bytes_of(proof->checkpoint.data, proof->checkpoint.len);
    const bool is_read = note_text(*note, &text) && checkpoint_parse(text, out);
    assert(is_read); // anchor_check did
    client->seen.anchor = next;
    return STATUS_OK;
}

static void line_print(const char *label, const char *text, FILE *out)
{
    page_label(label, out);
    (void)fprintf(out, "%s\n", text == NULL ? "" : text);
}

enum status witness_print(struct client *client, struct bytes note,
                          const struct checkpoint *checkpoint, FILE *out)
{
    struct arena *arena = client->arena;
    char root[2 * LEAF_BYTES + 1] = "";
    char book[2 * BOOK_ID_BYTES + 1] = "";
    hex_print(checkpoint->root, LEAF_BYTES, root);
    hex_print(checkpoint->book_id, BOOK_ID_BYTES, book);
    (void)fprintf(out, "%s\n", _("Witness of a journal"));
    line_print(_("Date"), output_moment(client, checkpoint->time_us), out);
    line_print(_("Book"), book, out);
    line_print(_("Records"), arena_print(arena, "%llu", (unsigned long long)checkpoint->size), out);
    line_print(_("Root"), key_words(arena, checkpoint->root), out);
    line_print("", root, out);
    line_print(_("Signed"),
               arena_print(arena, _("checkpoint %llu, epoch %llu"),
                           (unsigned long long)checkpoint->number,
                           (unsigned long long)checkpoint->epoch),
               out);
    (void)fputc('\n', out);
    const bool is_written = fwrite(note.data, 1, note.size, out) == note.size;
    return is_written ? STATUS_OK : STATUS_FILE_ERROR;
}

static void stream_close_at(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

static enum status file_print(struct client *client, struct bytes note,
                              const struct checkpoint *checkpoint, const char *path)
{
    char *text = NULL;
    size_t size = 0;

    enum status status = STATUS_OK;
    {
        CLEANUP(stream_close_at) FILE *out = open_memstream(&text, &size);
        status = out == NULL ? STATUS_ENVIRONMENT : witness_print(client, note, checkpoint, out);
    }

    if (status == STATUS_OK) {
        status = home_write(path, bytes_of(text, size));
        if (status != STATUS_OK) {
            status = client_fail(client, status, "output", path, NULL);
        }
    }
    free(text);
    return status;
}

enum status tool_witness(struct client *client, size_t count, const char *const *words)
{
    const char *path = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!tool_value(count, words, &i, "output", &path)) {
            client_hint(client, "kontor audit witness [--output FILE]");
            return client_fail(client, STATUS_USAGE, NULL, words[i], NULL);
        }
    }
    struct bytes note = {0};
    struct checkpoint checkpoint = {0};
    enum status status = client_connect(client);
    if (status == STATUS_OK) {
        status = witness_take(client, &note, &checkpoint);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = path == NULL ? witness_print(client, note, &checkpoint, stdout)
                          : file_print(client, note, &checkpoint, path);
    return status == STATUS_OK ? trust_keep(client, client->link) : status;
}

// ---- reading ----

// The key of its epoch, by the chain from the house key.
static enum status key_fetch(struct client *client, const struct checkpoint *checkpoint,
                             struct anchor *chain)
{
    enum finding finding = ANCHOR_MORE;
    *chain = (struct anchor){0};
    memcpy(chain->book_id, checkpoint->book_id, BOOK_ID_BYTES);
    while (finding == ANCHOR_MORE) {
        AuditProof question;
        const AuditProofReply *proof = NULL;
        audit_proof__init(&question);
        question.to_size = client->seen.anchor.size;
        question.epochs = chain->epochs;
        const enum status status = trust_question(client, client->link, &question, &proof);
        if (status != STATUS_OK) {
            return status;
        }
        finding = proof == NULL
                      ? ANCHOR_BAD_EPOCH
                      : anchor_walk(chain, client->context.house_key, proof, checkpoint->epoch);
    }
    return finding == ANCHOR_GOOD
               ? STATUS_OK
               : trust_report(client, finding, link_greeting(client->link), NULL);
}

enum status witness_read(struct client *client, const char *path, struct checkpoint *out)
{
    struct bytes file = {0};
    struct bytes note = {0};
    struct bytes text = {0};
    char origin[NOTE_NAME_MAX];
    enum status status = home_read(client->arena, path, &file);
    if (status != STATUS_OK) {
        return client_fail(client, status == STATUS_NOT_FOUND ? STATUS_FILE_ERROR : status,
                           "witness", path, NULL);
    }
    if (!checkpoint_find(file, &note, out)) {
        client->fault = _("there is no signed checkpoint in this file");
        return client_fail(client, STATUS_UNREADABLE, "witness", path, NULL);
    }
    if (memcmp(out->book_id, client->seen.anchor.book_id, BOOK_ID_BYTES) != 0) {
        client->fault = _("this is the witness of another book");
        return client_fail(client, STATUS_UNREADABLE, "witness", path, NULL);
    }
    struct anchor chain;
    status = key_fetch(client, out, &chain);
    if (status != STATUS_OK) {
        return status;
    }
    audit_origin(out->book_id, origin);
    return note_check(note, origin, chain.epoch_key, &text) == STATUS_OK
               ? STATUS_OK
               : trust_report(client, ANCHOR_WITNESS, link_greeting(client->link), NULL);
}
