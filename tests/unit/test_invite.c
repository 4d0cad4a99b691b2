// SPDX-License-Identifier: Apache-2.0
#include "shared/invite.h"
#include "tests/unit/unit.h"

static struct invitation sample(const char *address)
{
    struct invitation invitation = {0};
    for (size_t i = 0; i < KEY_BYTES; i++) {
        invitation.server_key[i] = (uint8_t)(i * 7);
        invitation.house_key[i] = (uint8_t)(i * 11 + 1);
        invitation.secret[i] = (uint8_t)(255 - i);
    }
    memset(invitation.id, 0xa5, sizeof invitation.id);
    memcpy(invitation.address, address, strlen(address));
    return invitation;
}

static void what_is_printed_parses_to_the_same(void **state)
{
    struct arena *arena = *state;
    // Addresses of five sizes in a row: every number of spare bits.
    static const char *const ADDRESSES[] = {"a:1", "ab:1", "abc:1", "abcd:1", "[2001:db8::1]:7411"};
    for (size_t i = 0; i < COUNT_OF(ADDRESSES); i++) {
        const struct invitation invitation = sample(ADDRESSES[i]);
        const char *text = invitation_print(arena, &invitation);
        struct invitation again;
        assert_int_equal(invitation_parse(text, &again), STATUS_OK);
        assert_memory_equal(&invitation, &again, sizeof again);
    }
}

static void it_is_a_short_line_of_letters_and_digits(void **state)
{
    struct arena *arena = *state;
    const struct invitation invitation = sample("ledger.example:7411");
    const char *text = invitation_print(arena, &invitation);
    assert_memory_equal(text, "KTI1-", 5);
    assert_true(strlen(text) <= 230);
    assert_int_equal(strspn(text + 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), strlen(text) - 5);
}

static void blanks_and_case_do_not_matter(void **state)
{
    struct arena *arena = *state;
    const struct invitation invitation = sample("localhost:7411");
    const char *text = invitation_print(arena, &invitation);
    char pasted[1024];
    size_t size = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (i % 40 == 0) {
            pasted[size++] = '\r';
            pasted[size++] = '\n';
            pasted[size++] = ' ';
        }
        pasted[size++] =
            (char)(i % 2 == 0 && text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    }
    pasted[size++] = '\n';
    pasted[size] = '\0';
    struct invitation again;
    assert_int_equal(invitation_parse(pasted, &again), STATUS_OK);
    assert_memory_equal(&invitation, &again, sizeof again);
}

static void every_changed_letter_is_noticed(void **state)
{
    struct arena *arena = *state;
    const struct invitation invitation = sample("localhost:7411");
    char *text = invitation_print(arena, &invitation);
    struct invitation again;
    for (size_t i = 0; text[i] != '\0'; i++) {
        const char letter = text[i];
        text[i] = letter == 'Q' ? 'R' : 'Q';
        const enum status status = invitation_parse(text, &again);
        assert_true(status == STATUS_MALFORMED || status == STATUS_USAGE);
        text[i] = letter;
    }
    assert_int_equal(invitation_parse(text, &again), STATUS_OK);
}

static void other_texts_are_none(void **state)
{
    struct arena *arena = *state;
    struct invitation out;
    assert_int_equal(invitation_parse("", &out), STATUS_USAGE);
    assert_int_equal(invitation_parse("KTI1-", &out), STATUS_USAGE);
    assert_int_equal(invitation_parse("KTI2-AAAA", &out), STATUS_USAGE);
    assert_int_equal(invitation_parse("hello", &out), STATUS_USAGE);
    assert_int_equal(invitation_parse("KTI1-0189", &out), STATUS_USAGE);
    const struct invitation invitation = sample("localhost:7411");
    char *text = invitation_print(arena, &invitation);
    for (size_t size = strlen(text) - 1; size > 0; size--) {
        text[size] = '\0';
        assert_int_not_equal(invitation_parse(text, &out), STATUS_OK);
    }
    char *huge = arena_alloc(arena, 100000);
    memset(huge, 'A', 99999);
    memcpy(huge, "KTI1-", 5);
    assert_int_equal(invitation_parse(huge, &out), STATUS_USAGE);
}

static void the_psk_is_not_the_secret(void **state)
{
    (void)state;
    static const uint8_t SECRET[KEY_BYTES] = {1};
    const struct key psk = invitation_psk(SECRET);
    const struct key again = invitation_psk(SECRET);
    assert_memory_equal(psk.bytes, again.bytes, KEY_BYTES);
    assert_memory_not_equal(psk.bytes, SECRET, KEY_BYTES);
}

static int begin(void **state)
{
    *state = arena_make((size_t)1024 * 1024);
    return *state != NULL ? 0 : -1;
}

static int end(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_parses_to_the_same),
        cmocka_unit_test(it_is_a_short_line_of_letters_and_digits),
        cmocka_unit_test(blanks_and_case_do_not_matter),
        cmocka_unit_test(every_changed_letter_is_noticed),
        cmocka_unit_test(other_texts_are_none),
        cmocka_unit_test(the_psk_is_not_the_secret),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
