// SPDX-License-Identifier: Apache-2.0
#include "client/outbox.h"
#include "client/trust.h"
#include "shared/proof.h"
#include "shared/wire.h"
#include "tests/unit/temporary.h"
#include "tests/wire/bed.h"

#include <dirent.h>

// The whole client against a server that bends its journal: over a real channel, with files of its
// own. The server keeps two journals that part after record 40, and shows what a test tells it to.

#define LEAVES_MAX 128
#define FORK_AT    40

struct journal {
    uint8_t leaf[LEAVES_MAX][LEAF_BYTES];
    uint8_t root[LEAVES_MAX + 1][LEAF_BYTES];
};

struct scene {
    struct bed *bed;
    struct temporary temporary;
    struct home home;
    struct journal journal[2];
    struct key_pair house;
    struct key_pair epoch;
    // What the server does; changed on the loop only.
    size_t shown;  // which journal the greeting is of
    size_t proven; // which the proof is of
    size_t size;
    size_t refuses; // the proof
    size_t behind;  // answers that it has not the last change
    size_t proofs;  // asked
    size_t others;
};

static uint8_t book[BOOK_ID_BYTES];

static void grow(struct journal *journal, bool is_fork)
{
    struct tree tree = {0};
    tree_root(&tree, journal->root[0]);
    for (size_t i = 0; i < LEAVES_MAX; i++) {
        char entry[32];
        const bool is_other = is_fork && i >= FORK_AT;
        const int length = snprintf(entry, sizeof entry, "%s%zu", is_other ? "other " : "", i);
        tree_leaf(bytes_of(entry, (size_t)length), journal->leaf[i]);
        tree_append(&tree, journal->leaf[i]);
        tree_root(&tree, journal->root[i + 1]);
    }
}

// ---- the server ----

static enum status node_of(void *context, unsigned height, uint64_t index,
                           uint8_t out[static LEAF_BYTES])
{
    const struct journal *journal = context;
    uint8_t hash[LEAVES_MAX][LEAF_BYTES];
    memcpy(hash, journal->leaf[(size_t)index << height], ((size_t)1 << height) * LEAF_BYTES);
    tree_fold(hash, height, out);
    return STATUS_OK;
}

static void path_make(struct arena *arena, struct journal *journal, uint64_t from, uint64_t to,
                      ProtobufCBinaryData **path, size_t *count)
{
    const struct tree_source source = {journal, node_of};
    struct proof *proof = arena_alloc(arena, sizeof *proof);
    *path = arena_alloc(arena, PROOF_HASHES_MAX * sizeof **path);
    if (from > 0 && tree_prove_consistency(&source, from, to, proof) == STATUS_OK) {
        for (*count = 0; *count < proof->count; (*count)++) {
            (*path)[*count] = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = proof->hash[*count]};
        }
    }
}

static ProtobufCBinaryData sign(struct arena *arena, const char *text, const char *name,
                                const struct key_pair *pair)
{
    struct bytes note = {0};
    assert_int_equal(note_sign(arena, text, name, pair, &note), STATUS_OK);
    return (ProtobufCBinaryData){.len = note.size, .data = (uint8_t *)(uintptr_t)note.data};
}

static void prove(struct scene *scene, struct job *job, const AuditProof *request)
{
    struct arena *arena = job->arena;
    struct journal *journal = &scene->journal[scene->proven];
    AuditProofReply *reply = arena_alloc(arena, sizeof *reply);
    audit_proof_reply__init(reply);
    path_make(arena, journal, request->size, request->to_size, &reply->path, &reply->n_path);
    struct checkpoint checkpoint = {.size = request->to_size, .number = request->to_size};
    struct epoch epoch = {.size = 1};
    char origin[NOTE_NAME_MAX];
    char house[NOTE_NAME_MAX];
    memcpy(checkpoint.book_id, book, sizeof book);
    memcpy(epoch.book_id, book, sizeof book);
    memcpy(checkpoint.root, scene->journal[scene->shown].root[request->to_size], LEAF_BYTES);
    memcpy(epoch.key, scene->epoch.public_bytes, KEY_BYTES);
    audit_origin(book, origin);
    audit_house_name(book, house);
    reply->checkpoint = sign(arena, checkpoint_print(arena, &checkpoint), origin, &scene->epoch);
    if (request->epochs == 0) {
        reply->epoch = arena_alloc(arena, sizeof *reply->epoch);
        reply->epoch[0] = sign(arena, epoch_print(arena, &epoch), house, &scene->house);
        reply->n_epoch = 1;
    }
    job->reply->result_case = REPLY__RESULT_AUDIT_PROOF;
    job->reply->audit_proof = reply;
}

static bool answer(void *context, struct job *job, enum status *status)
{
    struct scene *scene = context;
    if (job->request->command_case != REQUEST__COMMAND_AUDIT_PROOF) {
        scene->others++;
        *status = STATUS_BEHIND;
        return scene->behind != 0;
    }
    scene->proofs++;
    *status = scene->refuses != 0 ? STATUS_FIELD_OUT_OF_RANGE : STATUS_OK;
    if (scene->refuses == 0) {
        prove(scene, job, job->request->audit_proof);
    }
    return true;
}

static void greet(void *context, struct greeting *greeting)
{
    struct scene *scene = context;
    greeting->tree_size = scene->size;
    memcpy(greeting->book_id, book, sizeof book);
    memcpy(greeting->tree_root, scene->journal[scene->shown].root[scene->size], LEAF_BYTES);
}

static void set(struct scene *scene, size_t *value, size_t to)
{
    bed_set(scene->bed, value, to);
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    memset(book, 0xb1, sizeof book);
    uint8_t seed[KEY_BYTES] = {1};
    grow(&scene->journal[0], false);
    grow(&scene->journal[1], true);
    scene->size = 50;
    scene->bed = bed_make();
    key_sign_pair(&scene->house, seed);
    seed[0] = 2;
    key_sign_pair(&scene->epoch, seed);
    scene->bed->server.admit.answer = answer;
    scene->bed->server.admit.answer_context = scene;
    scene->bed->server.greet = greet;
    scene->bed->server.greet_context = scene;
    bed_start(scene->bed);
    scene->bed->link = server_login(&scene->bed->server);
    temporary_make(&scene->temporary);
    scene->home = (struct home){.config = scene->temporary.dir,
                                .data = scene->temporary.dir,
                                .state = scene->temporary.dir};
    set(scene, &scene->proofs, 0);
    set(scene, &scene->others, 0);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    void *bed = scene->bed;
    temporary_remove(&scene->temporary);
    const int result = bed_tear_down(&bed);
    free(scene);
    return result;
}

// ---- the client: one run of the program ----

static void client_of(struct scene *scene, struct client *client)
{
    assert_int_equal(client_make(client), STATUS_OK);
    client->home = scene->home;
    client->options.timeout_ms = PATIENCE_MS;
    client->deadline_ms = client_clock_ms() + PATIENCE_MS;
    client->device = scene->bed->server.device;
    struct context *context = &client->context;
    (void)snprintf(context->name, sizeof context->name, "ledger");
    (void)snprintf(context->server[0], sizeof context->server[0], "%s", scene->bed->server.address);
    context->server_count = 1;
    memcpy(context->server_key, scene->bed->server.key.public_bytes, KEY_BYTES);
    memcpy(context->house_key, scene->house.public_bytes, KEY_BYTES);
    memcpy(context->token, scene->bed->server.admit.device[0].token, TOKEN_BYTES);
    context->has_token = true;
    assert_int_equal(client_seen_load(client), STATUS_OK);
    client->has_context = true;
    assert_int_equal(outbox_open(client->arena, &client->home, context->name,
                                 &client->device.secret, &client->outbox),
                     STATUS_OK);
}

static enum status call(struct client *client, const char *name)
{
    const struct command *command = command_by_name(name);
    Reply *reply = NULL;
    const Request *request = ask_request(client->arena, name);
    return client_call(client, command, wire_inner(&request->base, command->number), &reply);
}

static enum status run(struct scene *scene, const char *name)
{
    CLEANUP(client_end) struct client client;
    client_of(scene, &client);
    const enum status status = call(&client, name);
    struct pending *list = NULL;
    size_t count = 0;
    assert_int_equal(outbox_list(client.arena, &client.outbox, &list, &count), STATUS_OK);
    assert_int_equal(count, 0); // nothing is kept for a server that was found out
    return status;
}

static uint64_t held(const struct scene *scene)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)1024 * 1024);
    struct seen seen;
    (void)seen_load(&scene->home, arena, "ledger", &scene->bed->server.device.secret, &seen);
    return seen.anchor.size;
}

static size_t reports(const struct scene *scene)
{
    char path[100];
    (void)snprintf(path, sizeof path, "%s/reports", scene->temporary.dir);
    DIR *dir = opendir(path);
    size_t count = 0;
    for (const struct dirent *entry = dir != NULL ? readdir(dir) : NULL; entry != NULL;
         entry = readdir(dir)) {
        count += entry->d_name[0] != '.';
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

// ---- claims ----

static void a_server_that_goes_on_is_believed_and_asked_once(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(run(scene, "session_whoami"), STATUS_OK);
    assert_true(held(scene) == 50);
    assert_int_equal(run(scene, "session_whoami"), STATUS_OK); // the same tree
    assert_int_equal(bed_get(scene->bed, &scene->proofs), 1);
    set(scene, &scene->size, 70);
    assert_int_equal(run(scene, "customer_add"), STATUS_OK);
    assert_true(held(scene) == 70);
    assert_int_equal(bed_get(scene->bed, &scene->proofs), 2);
    assert_int_equal(bed_get(scene->bed, &scene->others), 3);
    assert_int_equal(reports(scene), 0);
}

static void a_shorter_or_other_journal_is_not_even_asked(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(run(scene, "session_whoami"), STATUS_OK);
    set(scene, &scene->others, 0);
    set(scene, &scene->shown, 1);
    assert_int_equal(run(scene, "session_whoami"), STATUS_TAMPERED);
    assert_int_equal(run(scene, "customer_add"), STATUS_TAMPERED);
    set(scene, &scene->shown, 0);
    set(scene, &scene->size, 49);
    assert_int_equal(run(scene, "session_whoami"), STATUS_INCOMPLETE);
    assert_int_equal(run(scene, "customer_add"), STATUS_INCOMPLETE);
    assert_int_equal(bed_get(scene->bed, &scene->others), 0);
    assert_int_equal(bed_get(scene->bed, &scene->proofs), 1);
    assert_int_equal(reports(scene), 4);
    assert_true(held(scene) == 50);
}

static void a_longer_fork_gets_no_change_and_its_answers_are_not_believed(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(run(scene, "session_whoami"), STATUS_OK);
    set(scene, &scene->others, 0);
    set(scene, &scene->size, 60);
    set(scene, &scene->shown, 1);
    for (size_t proven = 0; proven < 2; proven++) {
        set(scene, &scene->proven, proven); // of the true journal, and of the fork
        assert_int_equal(run(scene, "customer_add"), STATUS_TAMPERED);
        assert_int_equal(bed_get(scene->bed, &scene->others), 0);
    }
    assert_int_equal(run(scene, "session_whoami"), STATUS_TAMPERED); // a question may be on its way
    assert_true(held(scene) == 50);
    assert_int_equal(reports(scene), 3);
}

static void a_proof_for_another_tree_or_none_is_no_proof(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(run(scene, "session_whoami"), STATUS_OK);
    set(scene, &scene->size, 60);
    set(scene, &scene->proven, 1);
    assert_int_equal(run(scene, "session_whoami"), STATUS_TAMPERED);
    set(scene, &scene->proven, 0);
    set(scene, &scene->refuses, 1);
    assert_int_equal(run(scene, "session_whoami"), STATUS_TAMPERED);
    set(scene, &scene->refuses, 0);
    assert_int_equal(run(scene, "session_whoami"), STATUS_OK);
    assert_true(held(scene) == 60);
}

static void a_key_that_the_house_did_not_sign_is_refused_at_the_first_meeting(void **state)
{
    struct scene *scene = *state;
    uint8_t seed[KEY_BYTES] = {9};
    key_sign_pair(&scene->house, seed); // the client pins this one, too: so turn it back there
    CLEANUP(client_end) struct client client;
    client_of(scene, &client);
    client.context.house_key[0] ^= 1;
    assert_int_equal(call(&client, "session_whoami"), STATUS_TAMPERED);
    assert_true(held(scene) == 0);
}

static void a_server_without_the_change_that_it_confirmed_is_reported(void **state)
{
    struct scene *scene = *state;
    CLEANUP(client_end) struct client client;
    client_of(scene, &client);
    set(scene, &scene->behind, 1);
    client.deadline_ms = client_clock_ms() + 300;
    assert_int_equal(call(&client, "session_whoami"), STATUS_INCOMPLETE);
    assert_string_equal(client.fault, finding_sentence(ANCHOR_OWN_CHANGE));
    assert_int_equal(reports(scene), 1);
}

static void two_runs_that_saw_two_journals_are_told(void **state)
{
    struct scene *scene = *state;
    CLEANUP(client_end) struct client client;
    client_of(scene, &client);
    assert_int_equal(call(&client, "session_whoami"), STATUS_OK);
    // Meanwhile another run was shown the fork.
    struct seen other = client.seen;
    struct anchor kept;
    other.anchor.size = 60;
    memcpy(other.anchor.root, scene->journal[1].root[60], LEAF_BYTES);
    const struct seen_keeping keeping = {.home = &scene->home,
                                         .arena = client.arena,
                                         .name = "ledger",
                                         .secret = &client.device.secret};
    assert_int_equal(seen_save(&keeping, &other, &client.known, &kept), SEEN_SAVED);
    assert_int_equal(call(&client, "session_whoami"), STATUS_TAMPERED);
    assert_int_equal(reports(scene), 1);
    assert_true(held(scene) == 60);
}

static void two_runs_that_saw_one_journal_keep_the_larger_tree(void **state)
{
    struct scene *scene = *state;
    CLEANUP(client_end) struct client client;
    client_of(scene, &client);
    assert_int_equal(call(&client, "session_whoami"), STATUS_OK);
    set(scene, &scene->size, 60);
    assert_int_equal(run(scene, "session_whoami"), STATUS_OK);
    assert_int_equal(call(&client, "session_whoami"), STATUS_OK); // it began with 50
    assert_true(held(scene) == 60);
    assert_int_equal(reports(scene), 0);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_server_that_goes_on_is_believed_and_asked_once),
        CLAIM(a_shorter_or_other_journal_is_not_even_asked),
        CLAIM(a_longer_fork_gets_no_change_and_its_answers_are_not_believed),
        CLAIM(a_proof_for_another_tree_or_none_is_no_proof),
        CLAIM(a_key_that_the_house_did_not_sign_is_refused_at_the_first_meeting),
        CLAIM(a_server_without_the_change_that_it_confirmed_is_reported),
        CLAIM(two_runs_that_saw_two_journals_are_told),
        CLAIM(two_runs_that_saw_one_journal_keep_the_larger_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
