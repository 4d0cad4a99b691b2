// SPDX-License-Identifier: Apache-2.0
#include "server/admit/onetime.h"
#include "tests/unit/vectors.h"

#include <jansson.h>

#define FILE_NAME   VECTORS "totp/rfc6238.json"
#define ARENA_BYTES ((size_t)4 * 1024 * 1024)

static const char *const SEEDS[] = {
    [ONETIME_SHA1] = "12345678901234567890",
    [ONETIME_SHA256] = "12345678901234567890123456789012",
    [ONETIME_SHA512] = "1234567890123456789012345678901234567890123456789012345678901234"};

static struct bytes seed_of(enum onetime_hash hash)
{
    return bytes_of(SEEDS[hash], strlen(SEEDS[hash]));
}

// RFC 6238, appendix B.
static void the_codes_are_those_of_the_rfc(void **state)
{
    (void)state;

    static const struct {
        int64_t time;
        const char *code[3];
    } ROWS[] = {
        {59, {"94287082", "46119246", "90693936"}},
        {1111111109, {"07081804", "68084774", "25091201"}},
        {1111111111, {"14050471", "67062674", "99943326"}},
        {1234567890, {"89005924", "91819424", "93441116"}},
        {2000000000, {"69279037", "90698825", "38618901"}},
        {20000000000, {"65353130", "77737706", "47863826"}},
    };

    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        for (int hash = ONETIME_SHA1; hash <= ONETIME_SHA512; hash++) {
            char code[9];
            const enum onetime_hash which = (enum onetime_hash)hash;
            assert_int_equal(onetime_code(which, seed_of(which), ROWS[i].time, 8, code), STATUS_OK);
            assert_string_equal(code, ROWS[i].code[hash]);
        }
    }
}

static enum onetime_hash hash_named(const char *name)
{
    return strcmp(name, "SHA1") == 0     ? ONETIME_SHA1
           : strcmp(name, "SHA256") == 0 ? ONETIME_SHA256
                                         : ONETIME_SHA512;
}

static void every_published_vector_holds(void **state)
{
    (void)state;
    json_t *file = json_load_file(FILE_NAME, 0, NULL);
    if (file == NULL) {
        skip();
    }
    struct arena *arena = arena_make(ARENA_BYTES);
    assert_non_null(arena);
    size_t count = 0;
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(file, "vectors"), index, row)
    {
        char code[9];
        const struct bytes seed =
            hex_text(arena, json_string_value(json_object_get(row, "seed_hex")));
        const int64_t time = json_integer_value(json_object_get(row, "time"));
        const unsigned digits = (unsigned)json_integer_value(json_object_get(row, "digits"));
        const enum onetime_hash hash = hash_named(json_string_value(json_object_get(row, "alg")));
        assert_int_equal(onetime_code(hash, seed, time, digits, code), STATUS_OK);
        assert_string_equal(code, json_string_value(json_object_get(row, "code")));
        count++;
    }
    assert_int_equal(count, 36);
    arena_free(arena);
    json_decref(file);
}

static void a_code_is_good_one_step_each_way(void **state)
{
    (void)state;
    const uint8_t *seed = seed_of(ONETIME_SHA1).data;
    const int64_t now_s = 1111111111;
    const uint64_t step = (uint64_t)(now_s / ONETIME_STEP_SECONDS);
    for (int64_t around = -3; around <= 3; around++) {
        char code[9];
        assert_int_equal(onetime_code(ONETIME_SHA1, seed_of(ONETIME_SHA1),
                                      now_s + around * ONETIME_STEP_SECONDS, ONETIME_DIGITS, code),
                         STATUS_OK);
        const bool is_near = around >= -1 && around <= 1;
        assert_int_equal(onetime_match(seed, code, now_s),
                         is_near ? (uint64_t)((int64_t)step + around) : 0);
    }
}

static void what_is_no_code_matches_nothing(void **state)
{
    (void)state;
    static const char *const NEVER[] = {"",       "14050471", "05047",  "0504711",
                                        "O50471", "000000",   "050471 "};
    const uint8_t *seed = seed_of(ONETIME_SHA1).data;
    for (size_t i = 0; i < COUNT_OF(NEVER); i++) {
        assert_int_equal(onetime_match(seed, NEVER[i], 1111111111), 0);
    }
    assert_int_equal(onetime_match(seed, "050471", 1111111111), 1111111111 / 30);
    assert_int_equal(onetime_match(seed, "050471", 0), 0);
}

static void the_configuration_says_of_whom_codes_are_demanded(void **state)
{
    (void)state;
    struct totp_policy policy;
    bool needs_approval = false;
    assert_true(totp_policy_parse("required-for: owner, finance", &policy));
    assert_int_equal(policy.mode, TOTP_REQUIRED_FOR);
    assert_true(totp_policy_names(&policy, "finance"));
    assert_true(totp_policy_names(&policy, "owner"));
    assert_false(totp_policy_names(&policy, "sales"));
    assert_false(totp_policy_names(&policy, "own"));
    assert_true(totp_policy_parse("required", &policy));
    assert_int_equal(policy.mode, TOTP_REQUIRED);
    assert_true(totp_policy_parse("optional", &policy));
    assert_int_equal(policy.mode, TOTP_OPTIONAL);
    assert_true(totp_policy_parse("off", &policy));
    assert_int_equal(policy.mode, TOTP_OFF);
    assert_false(totp_policy_parse("required-for:", &policy));
    assert_false(totp_policy_parse("always", &policy));
    assert_false(totp_policy_parse("", &policy));
    assert_true(device_policy_parse("approve", &needs_approval) && needs_approval);
    assert_true(device_policy_parse("allow", &needs_approval) && !needs_approval);
    assert_false(device_policy_parse("maybe", &needs_approval));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_codes_are_those_of_the_rfc),
        cmocka_unit_test(every_published_vector_holds),
        cmocka_unit_test(a_code_is_good_one_step_each_way),
        cmocka_unit_test(what_is_no_code_matches_nothing),
        cmocka_unit_test(the_configuration_says_of_whom_codes_are_demanded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
