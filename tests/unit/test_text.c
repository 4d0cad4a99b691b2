// SPDX-License-Identifier: Apache-2.0
#include "shared/text.h"
#include "tests/unit/unit.h"

#define ARENA_BYTES ((size_t)1024 * 1024)

static int arena_up(void **state)
{
    *state = arena_make(ARENA_BYTES);
    return *state == NULL ? -1 : 0;
}

static int arena_down(void **state)
{
    arena_free(*state);
    return 0;
}

static bool is_clean(const char *text)
{
    return text_is_clean(text, strlen(text), false);
}

static void clean_text_is_utf8_without_controls(void **state)
{
    (void)state;
    assert_true(is_clean(""));
    assert_true(is_clean("Acme Robotics GmbH"));
    assert_true(is_clean("深圳市恒通贸易有限公司 𠮷田商店 é"));
    assert_false(is_clean("a\nb"));
    assert_false(is_clean("a\tb"));
    assert_true(text_is_clean("a\n\tb", 4, true));
    assert_false(text_is_clean("a\rb", 3, true));
    assert_false(text_is_clean("a\0b", 3, true));
    assert_false(is_clean("\x1b[31m"));
    assert_false(is_clean("\x7f"));
    assert_false(is_clean("\xc2\x9b"));         // C1
    assert_false(is_clean("\xc0\xaf"));         // over-long
    assert_false(is_clean("\xed\xa0\x80"));     // surrogate
    assert_false(is_clean("\xf4\x90\x80\x80")); // beyond U+10FFFF
    assert_false(is_clean("\xe6\xb7"));         // cut off
    assert_false(is_clean("\xff"));
    assert_false(is_clean("\xe4\xb8"));
    assert_false(is_clean("\xe4\xb8x"));
    assert_false(is_clean("\xe9\x41\x80"));
}

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(text_cells(""), 0);
    assert_int_equal(text_cells("abc"), 3);
    assert_int_equal(text_cells("恒通"), 4);
    assert_int_equal(text_cells("𠮷田"), 4);
    assert_int_equal(text_cells("ｆ"), 2);
    assert_int_equal(text_cells("e\xcc\x81"), 1);
    assert_int_equal(text_cells("─"), 1);
    assert_int_equal(text_cells("\xff"), 1);
    assert_int_equal(text_fit("恒通贸易", 5), 6);
    assert_int_equal(text_fit("恒通贸易", 8), 12);
    assert_int_equal(text_fit("恒通贸易", 1), 0);
    assert_int_equal(text_fit("e\xcc\x81x", 1), 3);
    assert_int_equal(text_fit("", 4), 0);
}

static void folding_levels_what_search_does_not_tell_apart(void **state)
{
    assert_string_equal(text_fold(*state, "ACME Robotics"), "acme robotics");
    assert_string_equal(text_fold(*state, "ＡＣＭＥ　１２"), "acme 12");
    assert_string_equal(text_fold(*state, "Müller & Söhne"), "muller & sohne");
    assert_string_equal(text_fold(*state, "Straße"), "strasse");
    assert_string_equal(text_fold(*state, "ﬁnance ㈱"), "finance (株)");
    assert_string_equal(text_fold(*state, "恒通贸易"), "恒通贸易");
    assert_string_equal(text_fold(*state, "ガ"), text_fold(*state, "ガ"));
    assert_string_not_equal(text_fold(*state, "が"), text_fold(*state, "か"));
    assert_string_equal(text_fold(*state, "a\xff"), "a\xff");
    assert_string_equal(text_fold(*state, ""), "");
    // The short way for plain text gives what the long one gives: a wide space sends the same text
    // that way.
    assert_string_equal(text_fold(*state, "ACME 恒通龟鿿一"), "acme 恒通龟鿿一");
    assert_string_equal(text_fold(*state, "ACME　恒通龟鿿一"), "acme 恒通龟鿿一");
    struct arena *small = arena_make(16);
    assert_null(text_fold(small, "恒通贸易恒通贸易"));
    arena_free(small);
}

static void what_a_terminal_could_obey_is_taken_out(void **state)
{
    assert_string_equal(text_safe(*state, "a\x1b[31mb"), "a[31mb");
    assert_string_equal(text_safe(*state, "a\nb\tc"), "a b c");
    assert_string_equal(text_safe(*state, "x\xe2\x80\xaey"), "xy");
    assert_string_equal(text_safe(*state, "x\xc2\x9by"), "xy");
    assert_string_equal(text_safe(*state, "恒\xff通"), "恒\xef\xbf\xbd通");
}

static void masks_leave_enough_to_recognise(void **state)
{
    assert_string_equal(text_mask_phone(*state, "13800132046"), "138****2046");
    assert_string_equal(text_mask_phone(*state, "138 0013-2046"), "138****2046");
    assert_string_equal(text_mask_phone(*state, "+86 138 0013 2046"), "138****2046");
    assert_string_equal(text_mask_phone(*state, "0755-8324567"), "075****4567");
    assert_string_equal(text_mask_phone(*state, "8324567"), "****67");
    assert_string_equal(text_mask_account(*state, "6225880212345678"), "****5678");
    assert_string_equal(text_mask_account(*state, "622588"), "***");
    assert_string_equal(text_mask_account(*state, "DE-irgendwas"), "***");
    assert_string_equal(text_mask_account(*state, ""), "");
    assert_string_equal(text_mask_phone(*state, "12345"), "***");
    assert_string_equal(text_mask_phone(*state, ""), "");
    assert_string_equal(text_mask_email(*state, "anna@example.com"), "a***@example.com");
    assert_string_equal(text_mask_email(*state, "张伟@example.com"), "张***@example.com");
    assert_string_equal(text_mask_email(*state, "@x"), "***");
    assert_string_equal(text_mask_name(*state, "张伟"), "张**");
    assert_string_equal(text_mask_name(*state, ""), "");
    assert_string_equal(text_mask(*state, "anything"), "***");
    assert_string_equal(text_mask(*state, ""), "");
}

static void phones_are_digits_and_their_separators(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "13800138000",     "+86 138 0013 8000",  "0755-83245678",    "(020) 8324 5678",
        "+49 30 123456-7", "400-820-8820转8001", "555-1234 ext. 12", "12345"};
    static const char *const BAD[] = {"",
                                      "12",
                                      "abc",
                                      "1380013800a",
                                      "123456789012345678901",
                                      "+",
                                      "555-1234 ext.",
                                      "++8613800138000",
                                      "138，0013"};
    for (size_t i = 0; i < COUNT_OF(GOOD); i++) {
        if (!text_is_phone(GOOD[i])) {
            fail_msg("%s", GOOD[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        if (text_is_phone(BAD[i])) {
            fail_msg("%s", BAD[i]);
        }
    }
}

static void mail_addresses_have_a_name_and_a_domain(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"a@b.co", "anna.maria+x@example.com", "张伟@例子.公司",
                                       "o'neil@sub.example.org"};
    static const char *const BAD[] = {"",         "a",       "a@b",       "@b.co",    "a@",
                                      "a b@c.de", "a@b..co", "a..b@c.de", ".a@b.co",  "a.@b.co",
                                      "a@-b.co",  "a@b-.co", "a@@b.co",   "a@b.co\n", "a@b_c.de"};
    for (size_t i = 0; i < COUNT_OF(GOOD); i++) {
        if (!text_is_email(GOOD[i])) {
            fail_msg("%s", GOOD[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        if (text_is_email(BAD[i])) {
            fail_msg("%s", BAD[i]);
        }
    }
}

// Codes in public use; each change of one character must be noticed.
// noticed.
static void a_credit_code_has_the_right_check_character(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"91440300708461136T", "91110000802100433B",
                                       "914403001922038216"};
    for (size_t i = 0; i < COUNT_OF(GOOD); i++) {
        if (!text_is_tax_id(GOOD[i])) {
            fail_msg("%s", GOOD[i]);
        }
        for (size_t at = 0; at < 18; at++) {
            char code[19] = {0};
            memcpy(code, GOOD[i], 18);
            code[at] = code[at] == '7' ? '8' : '7';
            if (text_is_tax_id(code)) {
                fail_msg("%s passes for %s", code, GOOD[i]);
            }
        }
    }
    assert_true(text_is_tax_id("91440300708461136t"));
    assert_true(text_is_tax_id("11010519491231002X")); // the example of GB 11643
    assert_false(text_is_tax_id("110105194912310021"));
    assert_true(text_is_tax_id("DE123456789"));
    assert_true(text_is_tax_id("123456789012345"));
    assert_false(text_is_tax_id("1234"));
    assert_false(text_is_tax_id("DE 123456789"));
    assert_false(text_is_tax_id("123456789012345678901"));
    assert_false(text_is_tax_id(""));
}

static void distance_counts_typing_slips(void **state)
{
    (void)state;
    assert_int_equal(text_distance("", ""), 0);
    assert_int_equal(text_distance("customer", "customer"), 0);
    assert_int_equal(text_distance("custmer", "customer"), 1);
    assert_int_equal(text_distance("cusotmer", "customer"), 1);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("abc", ""), 3);
    char long_word[80];
    memset(long_word, 'a', sizeof long_word);
    long_word[79] = '\0';
    assert_true(text_distance(long_word, "a") > 63);
}

#define HOSTILE "a\u202eb\x1b[2J\xc2\x9b\t\xef\xbf\xbf\xff\nc"

static void marks_beyond_what_scripts_stack_do_not_reach_a_screen(void **state)
{
    struct arena *arena = *state;
    static char flood[2 * 10000 + 3] = "e";
    char left[2 * TEXT_MARKS_MAX + 3] = "e";
    for (size_t i = 0; i < 10000; i++) {
        memcpy(flood + 1 + 2 * i, "\u0301", 2);
        memcpy(left + 1 + 2 * (i % TEXT_MARKS_MAX), "\u0301", 2);
    }
    flood[20001] = 'f';
    left[1 + 2 * TEXT_MARKS_MAX] = 'f';
    assert_string_equal(text_safe(arena, flood), left);
    assert_string_equal(text_plain(arena, flood), flood);
    const size_t size = text_calm(flood, strlen(flood));
    assert_int_equal(size, strlen(left));
    assert_memory_equal(flood, left, size);
}

static void hostile_text_has_a_form_for_each_reader(void **state)
{
    struct arena *arena = *state;
    assert_string_equal(text_safe(arena, HOSTILE), "ab[2J \ufffd\ufffd c");
    assert_string_equal(text_plain(arena, HOSTILE), "ab[2J\t\ufffd\ufffd\nc");
    char page[] = "\033[1mNAME\033[0m\n" HOSTILE "\033[31m\r";
    const size_t size = text_calm(page, sizeof(page) - 1);
    const char calm[] = "\033[1mNAME\033[0m\nab[2J\t\ufffd?\nc[31m";
    assert_int_equal(size, sizeof(calm) - 1);
    assert_memory_equal(page, calm, size);
    assert_int_equal(text_calm(page, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_text_is_utf8_without_controls),
        cmocka_unit_test(widths_are_those_of_a_terminal),
        cmocka_unit_test(folding_levels_what_search_does_not_tell_apart),
        cmocka_unit_test(what_a_terminal_could_obey_is_taken_out),
        cmocka_unit_test(masks_leave_enough_to_recognise),
        cmocka_unit_test(phones_are_digits_and_their_separators),
        cmocka_unit_test(mail_addresses_have_a_name_and_a_domain),
        cmocka_unit_test(a_credit_code_has_the_right_check_character),
        cmocka_unit_test(distance_counts_typing_slips),
        cmocka_unit_test(marks_beyond_what_scripts_stack_do_not_reach_a_screen),
        cmocka_unit_test(hostile_text_has_a_form_for_each_reader),
    };
    return cmocka_run_group_tests(tests, arena_up, arena_down);
}
