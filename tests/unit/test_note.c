// SPDX-License-Identifier: Apache-2.0
#include "shared/checkpoint.h"
#include "shared/trail.h"
#include "tests/unit/unit.h"

static const uint8_t BOOK[BOOK_ID_BYTES] = {0x0f, 0x4a, 1, 2,  3,  4,  5,  6,
                                            7,    8,    9, 10, 11, 12, 13, 0x91};

static struct key_pair pair_of(uint8_t byte)
{
    uint8_t seed[KEY_BYTES];
    memset(seed, byte, sizeof seed);
    struct key_pair pair;
    key_sign_pair(&pair, seed);
    return pair;
}

static struct checkpoint checkpoint_of(void)
{
    struct checkpoint checkpoint = {
        .size = 1043, .epoch = 3, .number = 412, .commit = 977, .time_us = 1795262400123456};
    memcpy(checkpoint.book_id, BOOK, sizeof BOOK);
    memset(checkpoint.root, 0xab, sizeof checkpoint.root);
    memset(checkpoint.header, 0xcd, sizeof checkpoint.header);
    return checkpoint;
}

static void a_checkpoint_reads_as_c2sp_wants_it(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024);
    const struct checkpoint checkpoint = checkpoint_of();
    assert_string_equal(checkpoint_print(arena, &checkpoint),
                        "kontor/0f4a0102030405060708090a0b0c0d91\n"
                        "1043\n"
                        "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n"
                        "epoch 3\n"
                        "checkpoint 412\n"
                        "commit 977 zc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc0=\n"
                        "time 1795262400123456\n");
}

// The key id and the form of the line are those of the specification; the signature is Ed25519 of
// the text alone.
static void a_signed_note_is_text_empty_line_and_signature(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024);
    const struct key_pair pair = pair_of(7);
    struct bytes note;
    struct bytes text;
    assert_int_equal(note_sign(arena, "one\ntwo\n", "kontor/x", &pair, &note), STATUS_OK);
    assert_memory_equal(note.data, "one\ntwo\n\n\xe2\x80\x94 kontor/x ", 22);
    assert_int_equal(note.data[note.size - 1], '\n');
    assert_int_equal(note_check(note, "kontor/x", pair.public_bytes, &text), STATUS_OK);
    assert_true(bytes_equal(text, bytes_of("one\ntwo\n", 8)));

    uint8_t signature[68];
    assert_true(base64_parse(bytes_of(note.data + 22, 92), signature, sizeof signature));
    uint8_t named[10 + KEY_BYTES] = "kontor/x\n\x01";
    uint8_t hash[KEY_BYTES];
    memcpy(named + 10, pair.public_bytes, KEY_BYTES);
    key_sha256(bytes_of(named, sizeof named), hash);
    assert_memory_equal(signature, hash, 4);
    assert_int_equal(key_verify(pair.public_bytes, bytes_of("one\ntwo\n", 8), signature + 4),
                     STATUS_OK);
}

static void another_key_name_or_text_is_refused(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024);
    const struct key_pair pair = pair_of(7);
    const struct key_pair other = pair_of(8);
    struct bytes note;
    struct bytes text;
    assert_int_equal(note_sign(arena, "one\n", "kontor/x", &pair, &note), STATUS_OK);
    assert_int_equal(note_check(note, "kontor/x", other.public_bytes, &text), STATUS_TAMPERED);
    assert_int_equal(note_check(note, "kontor/y", pair.public_bytes, &text), STATUS_TAMPERED);
    uint8_t copy[256];
    memcpy(copy, note.data, note.size);
    for (size_t bit = 0; bit < 8 * note.size; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(
            note_check(bytes_of(copy, note.size), "kontor/x", pair.public_bytes, &text),
            STATUS_TAMPERED);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < note.size; size++) {
        assert_int_equal(note_check(bytes_of(copy, size), "kontor/x", pair.public_bytes, &text),
                         STATUS_TAMPERED);
    }
}

// A witness adds lines of its own; ours is found among them.
static void signatures_of_others_are_passed_over(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024);
    const struct key_pair pair = pair_of(7);
    const struct key_pair witness = pair_of(9);
    struct bytes note;
    struct bytes theirs;
    struct bytes text;
    assert_int_equal(note_sign(arena, "one\n", "kontor/x", &pair, &note), STATUS_OK);
    assert_int_equal(note_sign(arena, "one\n", "witness.example", &witness, &theirs), STATUS_OK);
    const char *both = arena_print(arena, "%.*s%.*s", (int)theirs.size, (const char *)theirs.data,
                                   (int)note.size - 5, (const char *)note.data + 5);
    const struct bytes all = bytes_of(both, strlen(both));
    assert_int_equal(note_check(all, "kontor/x", pair.public_bytes, &text), STATUS_OK);
    assert_int_equal(note_check(all, "witness.example", witness.public_bytes, &text), STATUS_OK);
    assert_int_equal(note_check(all, "kontor/x", witness.public_bytes, &text), STATUS_TAMPERED);
}

static void what_is_printed_is_read_back_and_nothing_else(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)1024 * 1024);
    const struct checkpoint checkpoint = checkpoint_of();
    const char *text = checkpoint_print(arena, &checkpoint);
    struct checkpoint found;
    assert_true(checkpoint_parse(bytes_of(text, strlen(text)), &found));
    assert_memory_equal(&found, &checkpoint, sizeof found);
    struct epoch epoch = {.number = 4, .size = 100000, .commit = 977};
    memcpy(epoch.book_id, BOOK, sizeof BOOK);
    memset(epoch.key, 1, sizeof epoch.key);
    memset(epoch.root, 2, sizeof epoch.root);
    memset(epoch.header, 3, sizeof epoch.header);
    const char *statement = epoch_print(arena, &epoch);
    struct epoch read;
    assert_true(epoch_parse(bytes_of(statement, strlen(statement)), &read));
    assert_memory_equal(&read, &epoch, sizeof read);
    assert_false(checkpoint_parse(bytes_of(statement, strlen(statement)), &found));
    assert_false(epoch_parse(bytes_of(text, strlen(text)), &read));

    static const struct {
        const char *from, *to;
    } BENT[] = {{"1043", "01043"},
                {"1043", "+1043"},
                {"1043", "-1"},
                {"1043", ""},
                {"1043\n", "1043 \n"},
                {"epoch 3", "epoch 03"},
                {"epoch 3", "Epoch 3"},
                {"0f4a", "0F4A"},
                {"q6u", "q6v="},
                {"0=\n", "1=\n"},
                {"1043", "18446744073709551616"},
                {"time 1", "time -1"},
                {"kontor/", "kantor/"},
                {"123456\n", "123456\nmore\n"}};

    for (size_t i = 0; i < COUNT_OF(BENT); i++) {
        const char *at = strstr(text, BENT[i].from);
        assert_non_null(at);
        const char *bent = arena_print(arena, "%.*s%s%s", (int)(at - text), text, BENT[i].to,
                                       at + strlen(BENT[i].from));
        if (checkpoint_parse(bytes_of(bent, strlen(bent)), &found)) {
            fail_msg("%s", bent);
        }
    }
}

static void frames_of_an_export_are_read_as_written(void **state)
{
    (void)state;
    uint8_t front[TRAIL_FRONT_BYTES];
    uint8_t end[TRAIL_END_BYTES];
    enum trail_frame type;
    size_t size = 0;
    trail_put_front(front, TRAIL_COMMIT, 4711);
    assert_true(trail_parse_front(front, &type, &size));
    assert_int_equal(type, TRAIL_COMMIT);
    assert_int_equal(size, 4711);
    front[0] = 'Q';
    assert_false(trail_parse_front(front, &type, &size));
    front[0] = 'R';
    front[1] = 0xff;
    assert_false(trail_parse_front(front, &type, &size));
    const struct trail_counts counts = {1, 2, 3, UINT64_MAX};
    struct trail_counts found;
    trail_put_end(end, &counts);
    assert_true(trail_parse_end(bytes_of(end, sizeof end), &found));
    assert_memory_equal(&found, &counts, sizeof found);
    assert_false(trail_parse_end(bytes_of(end, sizeof end - 1), &found));
}

// What libsodium reads as base64 goes beyond the standard: bytes above 127, which it takes for
// letters.
static void base64_has_one_form_only(void **state)
{
    (void)state;
    uint8_t out[3];
    char text[BASE64_BYTES(3)];
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t form[4] = {'A', 'A', 'A', (uint8_t)byte};
        const bool is_letter = byte != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                                                   "uvwxyz0123456789+/",
                                                   (int)byte) != NULL;
        assert_int_equal(base64_parse(bytes_of(form, sizeof form), out, 3), is_letter);
        if (is_letter) {
            base64_print(bytes_of(out, 3), text);
            assert_memory_equal(text, form, 4);
        }
    }
    assert_true(base64_parse(bytes_of("AA==", 4), out, 1));
    assert_false(base64_parse(bytes_of("AB==", 4), out, 1));
    assert_false(base64_parse(bytes_of("AA=", 3), out, 1));
    assert_false(base64_parse(bytes_of("AA", 2), out, 1));
    assert_false(base64_parse(bytes_of("AA==", 4), out, 2));
}

int main(void)
{
    if (keys_start() != STATUS_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_reads_as_c2sp_wants_it),
        cmocka_unit_test(a_signed_note_is_text_empty_line_and_signature),
        cmocka_unit_test(another_key_name_or_text_is_refused),
        cmocka_unit_test(signatures_of_others_are_passed_over),
        cmocka_unit_test(what_is_printed_is_read_back_and_nothing_else),
        cmocka_unit_test(frames_of_an_export_are_read_as_written),
        cmocka_unit_test(base64_has_one_form_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
