// SPDX-License-Identifier: Apache-2.0
#include "shared/keys.h"
#include "tests/unit/vectors.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define DRAWS 20000

static const uint8_t SEED[KEY_BYTES] = {1, 2, 3};

static struct bytes text(const char *words)
{
    return bytes_of(words, strlen(words));
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void *draw(void *context)
{
    uint8_t(*values)[16] = context;
    for (size_t i = 0; i < DRAWS; i++) {
        random_fill(values[i], sizeof values[i]);
    }
    return NULL;
}

static void two_threads_never_draw_the_same(void **state)
{
    (void)state;
    uint8_t(*values)[16] = calloc((size_t)2 * DRAWS, sizeof *values);
    assert_non_null(values);
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, draw, values + DRAWS), 0);
    (void)draw(values);
    assert_int_equal(pthread_join(other, NULL), 0);
    qsort(values, (size_t)2 * DRAWS, sizeof *values, compare);
    for (size_t i = 1; i < (size_t)2 * DRAWS; i++) {
        assert_memory_not_equal(values[i - 1], values[i], sizeof *values);
    }
    free(values);
}

static void draws_of_every_size_fill_all_and_no_more(void **state)
{
    (void)state;
    static const size_t SIZES[] = {0, 1, 24, 4000, 4095, 4096, 4097, 9000};
    for (size_t i = 0; i < COUNT_OF(SIZES); i++) {
        const size_t size = SIZES[i];
        uint8_t buffer[9001] = {0};
        random_fill(buffer, size);
        assert_int_equal(buffer[size], 0);
        // A run of 16 zeros would be chance once in 2^115.
        size_t zeros = 0;
        for (size_t at = 0; at < size; at++) {
            zeros = buffer[at] == 0 ? zeros + 1 : 0;
            assert_true(zeros < 16);
        }
    }
}

static void a_fork_draws_other_bytes_than_its_parent(void **state)
{
    (void)state;
    uint8_t before[16];
    random_fill(before, sizeof before);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    uint8_t own[16];
    random_fill(own, sizeof own);
    if (child == 0) {
        _exit(write(ends[1], own, sizeof own) == (ssize_t)sizeof own ? 0 : 1);
    }
    uint8_t theirs[16];
    int result = -1;
    assert_int_equal(read(ends[0], theirs, sizeof theirs), sizeof theirs);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_memory_not_equal(own, theirs, sizeof own);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_seal_opens_only_whole_and_in_its_place(void **state)
{
    (void)state;
    const struct key key = key_random();
    const struct bytes plain = text("张伟 138-0013-8000");
    uint8_t box[64 + BOX_BYTES];
    uint8_t opened[64];
    const struct bytes sealed = bytes_of(box, plain.size + BOX_BYTES);
    key_seal(&key, text("row 7"), plain, box);
    assert_int_equal(key_open(&key, text("row 7"), sealed, opened), STATUS_OK);
    assert_memory_equal(opened, plain.data, plain.size);
    assert_int_equal(key_open(&key, text("row 8"), sealed, opened), STATUS_TAMPERED);
    for (size_t bit = 0; bit < sealed.size * 8; bit++) {
        box[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(key_open(&key, text("row 7"), sealed, opened), STATUS_TAMPERED);
        box[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < sealed.size; size++) {
        assert_int_equal(key_open(&key, text("row 7"), bytes_of(box, size), opened),
                         STATUS_TAMPERED);
    }
    const struct key other = key_random();
    assert_int_equal(key_open(&other, text("row 7"), sealed, opened), STATUS_TAMPERED);
}

static void two_seals_of_the_same_differ(void **state)
{
    (void)state;
    const struct key key = key_random();
    uint8_t a[BOX_BYTES + 3];
    uint8_t b[BOX_BYTES + 3];
    key_seal(&key, text(""), text("abc"), a);
    key_seal(&key, text(""), text("abc"), b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void a_signature_holds_for_its_bytes_and_key_only(void **state)
{
    (void)state;
    struct key_pair pair;
    key_sign_pair(&pair, SEED);
    uint8_t signature[SIGNATURE_BYTES];
    key_sign(&pair, text("checkpoint 12"), signature);
    assert_int_equal(key_verify(pair.public_bytes, text("checkpoint 12"), signature), STATUS_OK);
    assert_int_equal(key_verify(pair.public_bytes, text("checkpoint 13"), signature),
                     STATUS_TAMPERED);
    signature[5] ^= 1;
    assert_int_equal(key_verify(pair.public_bytes, text("checkpoint 12"), signature),
                     STATUS_TAMPERED);
    key_pair_wipe(&pair);
    static const struct key_pair ZEROS;
    assert_memory_equal(&pair, &ZEROS, sizeof pair);
}

static void derived_keys_differ_by_number_and_context(void **state)
{
    (void)state;
    const struct key master = key_random();
    const struct key a = key_derive(&master, 1, "storekey");
    const struct key again = key_derive(&master, 1, "storekey");
    const struct key b = key_derive(&master, 2, "storekey");
    const struct key c = key_derive(&master, 1, "tokenkey");
    assert_true(keys_equal(a.bytes, again.bytes, KEY_BYTES));
    assert_false(keys_equal(a.bytes, b.bytes, KEY_BYTES));
    assert_false(keys_equal(a.bytes, c.bytes, KEY_BYTES));
}

static void hashes_are_blake2b(void **state)
{
    struct arena *arena = *state;
    // RFC 7693 appendix A.
    const struct bytes expected =
        hex_text(arena, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    uint8_t hash[64];
    key_hash(NULL, text("abc"), hash, sizeof hash);
    assert_bytes_equal(bytes_of(hash, sizeof hash), expected);
    const struct key key = key_random();
    uint8_t keyed[64];
    key_hash(&key, text("abc"), keyed, sizeof keyed);
    assert_memory_not_equal(hash, keyed, sizeof hash);
    uint8_t one[KEY_BYTES];
    uint8_t two[KEY_BYTES];
    key_hash_personal("one", text("abc"), one);
    key_hash_personal("two", text("abc"), two);
    assert_memory_not_equal(one, two, sizeof one);
}

static void a_passphrase_gives_one_key_per_salt(void **state)
{
    (void)state;
    static const uint8_t SALT[16] = {1};
    static const uint8_t OTHER[16] = {2};
    struct key a;
    struct key b;
    struct key c;
    const size_t memory = (size_t)64 * 1024;
    assert_int_equal(key_of_passphrase("correct horse", SALT, 1, memory, &a), STATUS_OK);
    assert_int_equal(key_of_passphrase("correct horse", SALT, 1, memory, &b), STATUS_OK);
    assert_int_equal(key_of_passphrase("correct horse", OTHER, 1, memory, &c), STATUS_OK);
    assert_true(keys_equal(a.bytes, b.bytes, KEY_BYTES));
    assert_false(keys_equal(a.bytes, c.bytes, KEY_BYTES));
}

static void a_fingerprint_is_eight_words(void **state)
{
    struct arena *arena = *state;
    const char *words = key_words(arena, SEED);
    size_t spaces = 0;
    for (const char *at = words; *at != '\0'; at++) {
        spaces += *at == ' ' ? 1 : 0;
    }
    assert_int_equal(spaces, 7);
    assert_int_equal(strlen(words), 8 * 5 + 7);
    uint8_t other[KEY_BYTES];
    memcpy(other, SEED, sizeof other);
    other[31] ^= 0x80;
    assert_string_not_equal(words, key_words(arena, other));
}

static void a_pair_is_made_of_its_secret(void **state)
{
    struct arena *arena = *state;
    // RFC 7748, 5.2: the first of the repeated multiplications, whose scalar is 9.
    const struct key secret = {.bytes = {9}};
    const struct key_pair pair = key_pair_of_secret(&secret);
    assert_bytes_equal(
        bytes_of(pair.public_bytes, KEY_BYTES),
        hex_text(arena, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
}

static int begin(void **state)
{
    *state = arena_make((size_t)64 * 1024);
    return keys_start() == STATUS_OK && *state != NULL ? 0 : -1;
}

static int end(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_never_draw_the_same),
        cmocka_unit_test(draws_of_every_size_fill_all_and_no_more),
        cmocka_unit_test(a_fork_draws_other_bytes_than_its_parent),
        cmocka_unit_test(a_seal_opens_only_whole_and_in_its_place),
        cmocka_unit_test(two_seals_of_the_same_differ),
        cmocka_unit_test(a_signature_holds_for_its_bytes_and_key_only),
        cmocka_unit_test(derived_keys_differ_by_number_and_context),
        cmocka_unit_test(hashes_are_blake2b),
        cmocka_unit_test(a_passphrase_gives_one_key_per_salt),
        cmocka_unit_test(a_fingerprint_is_eight_words),
        cmocka_unit_test(a_pair_is_made_of_its_secret),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
