// SPDX-License-Identifier: Apache-2.0
#include "client/anchor.h"
#include "shared/proof.h"
#include "tests/unit/unit.h"

// A server in memory that keeps one journal, or bends it in every way that a client must notice.

#define LEAVES_MAX 300
#define EPOCHS     4
#define NOW_MS     1770000000000

static const uint8_t BOOK[BOOK_ID_BYTES] = {0xb0, 1, 2,  3,  4,  5,  6,  7,
                                            8,    9, 10, 11, 12, 13, 14, 15};
// Records before each epoch.
static const uint64_t BEGUN[EPOCHS] = {1, 60, 120, 180};

struct journal {
    uint8_t leaf[LEAVES_MAX][LEAF_BYTES];
    uint8_t root[LEAVES_MAX + 1][LEAF_BYTES];
};

struct world {
    struct arena *arena;
    struct journal journal;
    struct journal fork; // parts after record 100
    struct key_pair house;
    struct key_pair epoch[EPOCHS];
    struct key_pair stranger;
};

static struct key_pair sign_pair(uint8_t seed)
{
    uint8_t bytes[KEY_BYTES];
    struct key_pair pair;
    memset(bytes, seed, sizeof bytes);
    key_sign_pair(&pair, bytes);
    return pair;
}

static void grow(struct journal *journal, size_t fork_at)
{
    struct tree tree = {0};
    tree_root(&tree, journal->root[0]);
    for (size_t i = 0; i < LEAVES_MAX; i++) {
        char entry[32];
        const int length = snprintf(entry, sizeof entry, "%s%zu", i < fork_at ? "" : "other ", i);
        tree_leaf(bytes_of(entry, (size_t)length), journal->leaf[i]);
        tree_append(&tree, journal->leaf[i]);
        tree_root(&tree, journal->root[i + 1]);
    }
}

static int set_up(void **state)
{
    static struct world world;
    assert_int_equal(keys_start(), STATUS_OK);
    world.arena = arena_make((size_t)16 * 1024 * 1024);
    grow(&world.journal, LEAVES_MAX);
    grow(&world.fork, 100);
    world.house = sign_pair(1);
    world.stranger = sign_pair(2);
    for (uint8_t i = 0; i < EPOCHS; i++) {
        world.epoch[i] = sign_pair((uint8_t)(10 + i));
    }
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    arena_free(world->arena);
    return 0;
}

// ---- what a server says ----

static enum status node_of(void *context, unsigned height, uint64_t index,
                           uint8_t out[static LEAF_BYTES])
{
    const struct journal *journal = context;
    const size_t count = (size_t)1 << height;
    uint8_t hash[256][LEAF_BYTES];
    assert_true(((size_t)index + 1) << height <= LEAVES_MAX);
    memcpy(hash, journal->leaf[(size_t)index << height], count * LEAF_BYTES);
    tree_fold(hash, height, out);
    return STATUS_OK;
}

static void path_make(struct world *world, struct journal *journal, uint64_t one, uint64_t other,
                      ProtobufCBinaryData **path, size_t *count)
{
    const struct tree_source source = {journal, node_of};
    struct proof *proof = arena_alloc(world->arena, sizeof *proof);
    const uint64_t from = one < other ? one : other;
    *path = arena_alloc(world->arena, PROOF_HASHES_MAX * sizeof **path);
    *count = 0;
    if (from > 0) {
        assert_int_equal(tree_prove_consistency(&source, from, one < other ? other : one, proof),
                         STATUS_OK);
        *count = proof->count;
    }
    for (size_t i = 0; i < *count; i++) {
        (*path)[i] = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = proof->hash[i]};
    }
}

static ProtobufCBinaryData note_of(struct world *world, const char *text, const char *name,
                                   const struct key_pair *pair)
{
    struct bytes note = {0};
    assert_non_null(text);
    assert_int_equal(note_sign(world->arena, text, name, pair, &note), STATUS_OK);
    return (ProtobufCBinaryData){.len = note.size, .data = (uint8_t *)(uintptr_t)note.data};
}

static ProtobufCBinaryData checkpoint_of(struct world *world, const struct journal *journal,
                                         uint64_t size, uint64_t number, uint64_t epoch,
                                         const struct key_pair *pair)
{
    struct checkpoint checkpoint = {.size = size, .number = number, .epoch = epoch};
    char origin[NOTE_NAME_MAX];
    memcpy(checkpoint.book_id, BOOK, sizeof BOOK);
    memcpy(checkpoint.root, journal->root[size], LEAF_BYTES);
    audit_origin(BOOK, origin);
    return note_of(world, checkpoint_print(world->arena, &checkpoint), origin, pair);
}

static ProtobufCBinaryData epoch_of(struct world *world, uint64_t number,
                                    const struct key_pair *named, const struct key_pair *by,
                                    bool by_house)
{
    struct epoch epoch = {.number = number, .size = BEGUN[number]};
    char name[NOTE_NAME_MAX];
    memcpy(epoch.book_id, BOOK, sizeof BOOK);
    memcpy(epoch.key, named->public_bytes, KEY_BYTES);
    memcpy(epoch.root, world->journal.root[epoch.size], LEAF_BYTES);
    if (by_house) {
        audit_house_name(BOOK, name);
    } else {
        audit_origin(BOOK, name);
    }
    return note_of(world, epoch_print(world->arena, &epoch), name, by);
}

static uint64_t epoch_at(uint64_t size)
{
    uint64_t epoch = 0;
    while (epoch + 1 < EPOCHS && BEGUN[epoch + 1] < size) {
        epoch++;
    }
    return epoch;
}

// An honest server whose journal has `size` records, of which all but `behind` are signed: one
// checkpoint for every 10.
static void answer(struct world *world, struct journal *journal, const struct anchor *held,
                   uint64_t size, uint64_t behind, struct greeting *greeting,
                   AuditProofReply *reply)
{
    *greeting = (struct greeting){.timeline = 1, .tree_size = size};
    memcpy(greeting->book_id, BOOK, sizeof BOOK);
    memcpy(greeting->tree_root, journal->root[size], LEAF_BYTES);
    audit_proof_reply__init(reply);
    if (held->size <= size) {
        path_make(world, journal, held->size, size, &reply->path, &reply->n_path);
    }
    const uint64_t covered = size - behind;
    const uint64_t epoch = epoch_at(covered);
    reply->checkpoint =
        checkpoint_of(world, journal, covered, 1 + covered / 10, epoch, &world->epoch[epoch]);
    path_make(world, journal, covered, size, &reply->checkpoint_path, &reply->n_checkpoint_path);
    reply->epoch = arena_alloc(world->arena, EPOCHS * sizeof *reply->epoch);
    for (uint64_t i = held->epochs; i <= epoch_at(size); i++) {
        reply->epoch[reply->n_epoch++] = epoch_of(
            world, i, &world->epoch[i], i == 0 ? &world->house : &world->epoch[i - 1], i == 0);
    }
}

static enum finding check(struct world *world, const struct anchor *held,
                          const struct greeting *greeting, const AuditProofReply *reply,
                          struct anchor *next)
{
    struct anchor unused;
    return anchor_check(held, greeting, world->house.public_bytes, reply, NOW_MS,
                        next != NULL ? next : &unused);
}

static struct anchor anchor_at(struct world *world, uint64_t size)
{
    const struct anchor nothing = {0};
    struct greeting greeting;
    AuditProofReply reply;
    struct anchor held = {0};
    answer(world, &world->journal, &nothing, size, 0, &greeting, &reply);
    assert_int_equal(check(world, &nothing, &greeting, &reply, &held), ANCHOR_GOOD);
    return held;
}

// ---- claims ----

static void an_honest_server_is_believed_however_far_it_has_come(void **state)
{
    struct world *world = *state;
    for (uint64_t first = 1; first < LEAVES_MAX; first += 13) {
        struct anchor held = anchor_at(world, first);
        assert_true(held.size == first && held.epochs == epoch_at(first) + 1);
        for (uint64_t size = first; size < LEAVES_MAX; size += 29) {
            struct greeting greeting;
            AuditProofReply reply;
            const uint64_t behind = size - first > 5 ? 5 : 0;
            answer(world, &world->journal, &held, size, behind, &greeting, &reply);
            assert_int_equal(check(world, &held, &greeting, &reply, &held), ANCHOR_GOOD);
            assert_true(held.size == size && held.signed_size == size - behind);
            assert_memory_equal(held.root, world->journal.root[size], LEAF_BYTES);
            arena_reset(world->arena);
        }
    }
}

static void a_server_that_forgot_or_is_of_another_book_is_told_by_its_greeting(void **state)
{
    struct world *world = *state;
    const struct anchor held = anchor_at(world, 150);
    struct greeting greeting;
    AuditProofReply reply;
    for (uint64_t size = 1; size < 150; size++) {
        answer(world, &world->journal, &held, size, 0, &greeting, &reply);
        assert_int_equal(anchor_greeted(&held, &greeting), ANCHOR_SHORTER);
        assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_SHORTER);
        arena_reset(world->arena);
    }
    answer(world, &world->fork, &held, 150, 0, &greeting, &reply);
    assert_int_equal(anchor_greeted(&held, &greeting), ANCHOR_OTHER_ROOT);
    answer(world, &world->journal, &held, 200, 0, &greeting, &reply);
    assert_int_equal(anchor_greeted(&held, &greeting), ANCHOR_GOOD);
    greeting.timeline = 2;
    assert_int_equal(anchor_greeted(&held, &greeting), ANCHOR_TIMELINE);
    greeting.book_id[0] ^= 1;
    assert_int_equal(anchor_greeted(&held, &greeting), ANCHOR_OTHER_BOOK);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_OTHER_BOOK);
}

static void a_longer_fork_cannot_be_proven(void **state)
{
    struct world *world = *state;
    for (uint64_t had = 101; had < 200; had += 7) {
        const struct anchor held = anchor_at(world, had);
        for (uint64_t size = had + 1; size <= LEAVES_MAX; size += 17) {
            struct greeting greeting;
            AuditProofReply reply;
            answer(world, &world->fork, &held, size, 0, &greeting, &reply);
            assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_NOT_PROVEN);
            // Nor with the proof of the true journal.
            path_make(world, &world->journal, had, size, &reply.path, &reply.n_path);
            assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_NOT_PROVEN);
            arena_reset(world->arena);
        }
    }
}

static void every_bit_of_a_proof_counts(void **state)
{
    struct world *world = *state;
    const struct anchor held = anchor_at(world, 77);
    struct greeting greeting;
    AuditProofReply reply;
    answer(world, &world->journal, &held, 299, 4, &greeting, &reply);
    for (size_t i = 0; i < reply.n_path; i++) {
        for (size_t bit = 0; bit < 8 * (size_t)LEAF_BYTES; bit++) {
            reply.path[i].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_NOT_PROVEN);
            reply.path[i].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    for (size_t i = 0; i < reply.n_checkpoint_path; i++) {
        reply.checkpoint_path[i].data[0] ^= 1;
        assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_SIGNED_OTHER);
        reply.checkpoint_path[i].data[0] ^= 1;
    }
    const size_t count = reply.n_path;
    for (reply.n_path = 0; reply.n_path < count; reply.n_path++) {
        assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_NOT_PROVEN);
    }
    reply.path[count] = reply.path[0];
    reply.n_path = count + 1;
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_NOT_PROVEN);
    reply.n_path = 1000;
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_NOT_PROVEN);
    reply.n_path = count;
    reply.path[0].len = LEAF_BYTES - 1;
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_NOT_PROVEN);
    reply.path[0].len = LEAF_BYTES;
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_GOOD);
}

static void every_bit_of_what_is_signed_counts(void **state)
{
    struct world *world = *state;
    const struct anchor held = anchor_at(world, 77);
    struct greeting greeting;
    AuditProofReply reply;
    answer(world, &world->journal, &held, 200, 0, &greeting, &reply);
    ProtobufCBinaryData *notes[] = {&reply.checkpoint, &reply.epoch[0], &reply.epoch[1]};
    for (size_t n = 0; n < COUNT_OF(notes); n++) {
        for (size_t bit = 0; bit < 8 * notes[n]->len; bit++) {
            notes[n]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_not_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_GOOD);
            notes[n]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_GOOD);
}

static void what_is_not_signed_is_refused(void **state)
{
    struct world *world = *state;
    const struct anchor nothing = {0};
    const struct anchor held = anchor_at(world, 50);
    struct greeting greeting;
    AuditProofReply reply;
    answer(world, &world->journal, &nothing, 60, 0, &greeting, &reply);
    reply.checkpoint.len = 0;
    assert_int_equal(check(world, &nothing, &greeting, &reply, NULL), ANCHOR_UNSIGNED);
    answer(world, &world->journal, &held, 60, 0, &greeting, &reply);
    reply.checkpoint.len = 0;
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_SIGNED_BACK);
    // By a key that nobody vouches for.
    reply.checkpoint = checkpoint_of(world, &world->journal, 60, 7, 0, &world->stranger);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_BAD_SIGNATURE);
    // An older one than was seen before.
    reply.checkpoint = checkpoint_of(world, &world->journal, 40, 5, 0, &world->epoch[0]);
    path_make(world, &world->journal, 40, 60, &reply.checkpoint_path, &reply.n_checkpoint_path);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_SIGNED_BACK);
    // The same number for another tree.
    reply.checkpoint = checkpoint_of(world, &world->journal, 55, 6, 0, &world->epoch[0]);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_SIGNED_BACK);
    // A tree that is not the one shown.
    answer(world, &world->journal, &held, 150, 0, &greeting, &reply);
    reply.checkpoint = checkpoint_of(world, &world->fork, 150, 16, 2, &world->epoch[2]);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_SIGNED_OTHER);
}

static void an_epoch_that_is_missing_or_not_vouched_for_breaks_the_chain(void **state)
{
    struct world *world = *state;
    const struct anchor held = anchor_at(world, 50);
    struct greeting greeting;
    AuditProofReply reply;
    answer(world, &world->journal, &held, 200, 0, &greeting, &reply);
    assert_int_equal(reply.n_epoch, 3);
    ProtobufCBinaryData *all = reply.epoch;
    reply.epoch = all + 1; // epoch 1 is left out
    reply.n_epoch = 2;
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_BAD_EPOCH);
    reply.epoch = all;
    reply.n_epoch = 0;
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_BAD_EPOCH);
    reply.n_epoch = 3;
    const ProtobufCBinaryData honest = all[1];
    all[1] = epoch_of(world, 2, &world->stranger, &world->stranger, false);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_BAD_EPOCH);
    all[1] = epoch_of(world, 2, &world->epoch[2], &world->epoch[0], false); // two before
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_BAD_EPOCH);
    all[1] = epoch_of(world, 2, &world->epoch[2], &world->stranger, true);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_BAD_EPOCH);
    // The house key may vouch for a new key when one was lost.
    all[1] = epoch_of(world, 2, &world->epoch[2], &world->house, true);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_GOOD);
    all[1] = honest;
    // What an epoch signed is not signed anew by a later key.
    reply.checkpoint = checkpoint_of(world, &world->journal, 200, 21, 1, &world->epoch[3]);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_BAD_SIGNATURE);
    reply.checkpoint = checkpoint_of(world, &world->journal, 200, 21, 3, &world->epoch[1]);
    assert_int_equal(check(world, &held, &greeting, &reply, NULL), ANCHOR_BAD_SIGNATURE);
    // Nor may the signature go back to an epoch before the one that was seen.
    const struct anchor later = anchor_at(world, 200);
    answer(world, &world->journal, &later, 220, 0, &greeting, &reply);
    reply.checkpoint = checkpoint_of(world, &world->journal, 220, 23, 2, &world->epoch[2]);
    assert_int_equal(check(world, &later, &greeting, &reply, NULL), ANCHOR_SIGNED_BACK);
}

static void a_checkpoint_of_the_epoch_before_is_good_until_the_new_one_signs(void **state)
{
    struct world *world = *state;
    struct anchor held = anchor_at(world, 50);
    struct greeting greeting;
    AuditProofReply reply;
    for (unsigned i = 0; i < 2; i++) { // epoch 1 has begun, the last checkpoint is of epoch 0
        answer(world, &world->journal, &held, 70, 10, &greeting, &reply);
        assert_int_equal(check(world, &held, &greeting, &reply, &held), ANCHOR_GOOD);
        assert_true(held.epochs == 1 && held.signed_size == 60);
    }
    answer(world, &world->journal, &held, 80, 0, &greeting, &reply);
    assert_int_equal(check(world, &held, &greeting, &reply, &held), ANCHOR_GOOD);
    assert_true(held.epochs == 2);
}

static void epochs_may_come_in_several_answers(void **state)
{
    struct world *world = *state;
    struct anchor held = anchor_at(world, 50);
    struct greeting greeting;
    AuditProofReply reply;
    for (unsigned i = 0; i < 3; i++) {
        answer(world, &world->journal, &held, 200, 0, &greeting, &reply);
        reply.n_epoch = 1;
        const enum finding finding = check(world, &held, &greeting, &reply, &held);
        assert_int_equal(finding, i < 2 ? ANCHOR_MORE : ANCHOR_GOOD);
        assert_true(held.size == (i < 2 ? 50 : 200));
    }
}

static void what_two_processes_saw_must_be_of_one_journal(void **state)
{
    struct world *world = *state;
    const struct anchor one = anchor_at(world, 120);
    const struct anchor other = anchor_at(world, 180);
    struct anchor forked = other;
    AuditProofReply reply;
    audit_proof_reply__init(&reply);
    path_make(world, &world->journal, 120, 180, &reply.path, &reply.n_path);
    assert_int_equal(anchor_agree(&one, &other, &reply), ANCHOR_GOOD);
    assert_int_equal(anchor_agree(&other, &one, &reply), ANCHOR_GOOD);
    memcpy(forked.root, world->fork.root[180], LEAF_BYTES);
    assert_int_equal(anchor_agree(&one, &forked, &reply), ANCHOR_NOT_PROVEN);
    path_make(world, &world->fork, 120, 180, &reply.path, &reply.n_path);
    assert_int_equal(anchor_agree(&one, &forked, &reply), ANCHOR_NOT_PROVEN);
    struct anchor joined = anchor_join(&one, &other);
    assert_true(joined.size == 180 && joined.signed_size == 180);
    joined = anchor_join(&other, &one);
    assert_true(joined.size == 180 && joined.epochs == other.epochs);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(an_honest_server_is_believed_however_far_it_has_come),
        CLAIM(a_server_that_forgot_or_is_of_another_book_is_told_by_its_greeting),
        CLAIM(a_longer_fork_cannot_be_proven),
        CLAIM(every_bit_of_a_proof_counts),
        CLAIM(every_bit_of_what_is_signed_counts),
        CLAIM(what_is_not_signed_is_refused),
        CLAIM(an_epoch_that_is_missing_or_not_vouched_for_breaks_the_chain),
        CLAIM(a_checkpoint_of_the_epoch_before_is_good_until_the_new_one_signs),
        CLAIM(epochs_may_come_in_several_answers),
        CLAIM(what_two_processes_saw_must_be_of_one_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
