// SPDX-License-Identifier: Apache-2.0
#include "server/admit/password.h"
#include "tests/unit/unit.h"

#include <time.h>

static const struct password_owner ZHANG = {"zhang.wei", "张伟", "示例商贸 Lanting Trading"};

static void assert_judged(const char *password, enum status wanted)
{
    const enum status got = password_judge(password, &ZHANG);
    if (got != wanted) {
        fail_msg("\"%s\" is %s, not %s", password, status_code(got), status_code(wanted));
    }
}

static void long_and_unexpected_ones_are_taken_whatever_they_are_made_of(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "correct horse battery staple", "tortoise crossing 88", "xkcd-9f2k-qwle",
        "今天的雨下得真大啊",           "river stones 4711",    "iiiiiiiVVVVbbbb.,.,ttttqq91"};
    for (size_t i = 0; i < COUNT_OF(GOOD); i++) {
        assert_judged(GOOD[i], STATUS_OK);
    }
}

static void length_is_counted_in_bytes(void **state)
{
    (void)state;
    char text[160];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)('a' + i * i % 23);
    }
    text[11] = '\0';
    assert_judged(text, STATUS_PASSWORD_LENGTH);
    text[11] = 'q';
    text[128] = '\0';
    assert_judged(text, STATUS_OK);
    text[128] = 'q';
    text[129] = '\0';
    assert_judged(text, STATUS_PASSWORD_LENGTH);
    assert_judged("", STATUS_PASSWORD_LENGTH);
    assert_judged("今天好", STATUS_PASSWORD_LENGTH);
}

static void what_is_tried_first_is_not_taken(void **state)
{
    (void)state;
    static const char *const COMMON[] = {
        "password12345",   "Passw0rd1234",     "woaini1314520",  "Woaini1314!!", "123456789012",
        "1234567890qwer",  "qwertyuiop123456", "aaaaaaaaaaaaaa", "abababababab", "1qaz2wsx3edc",
        "wodemima123456",  "5201314woaini",    "zhongguo2026",   "admin1234567", "20260101202601",
        "nihaonihaonihao", "gongxifacai888",   "iloveyou1314520"};
    for (size_t i = 0; i < COUNT_OF(COMMON); i++) {
        assert_judged(COMMON[i], STATUS_PASSWORD_COMMON);
    }
}

static void what_is_known_of_the_owner_makes_no_password(void **state)
{
    (void)state;
    static const char *const PERSONAL[] = {"zhang.wei2026",    "ZHANG.WEI 0123456789",
                                           "Lanting 20262026", "lantingtrading1",
                                           "张伟张伟123456",   "示例商贸2026"};
    for (size_t i = 0; i < COUNT_OF(PERSONAL); i++) {
        assert_judged(PERSONAL[i], STATUS_PASSWORD_PERSONAL);
    }
    const struct password_owner nobody = {NULL, NULL, NULL};
    assert_int_equal(password_judge("zhang.wei.trades well", &nobody), STATUS_OK);
}

static void no_password_takes_long_to_judge(void **state)
{
    (void)state;
    char text[129];
    for (size_t pattern = 1; pattern <= 13; pattern += 3) {
        for (size_t i = 0; i < 128; i++) {
            text[i] = (char)('1' + i % pattern);
        }
        text[128] = '\0';
        const clock_t begun = clock();
        (void)password_judge(text, &ZHANG);
        assert_true((clock() - begun) * 1000 / CLOCKS_PER_SEC < 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_and_unexpected_ones_are_taken_whatever_they_are_made_of),
        cmocka_unit_test(length_is_counted_in_bytes),
        cmocka_unit_test(what_is_tried_first_is_not_taken),
        cmocka_unit_test(what_is_known_of_the_owner_makes_no_password),
        cmocka_unit_test(no_password_takes_long_to_judge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
