// SPDX-License-Identifier: Apache-2.0
#include "shared/noise_state.h"
#include "tests/unit/vectors.h"

#include <jansson.h>

// The published handshakes of cacophony, snow and noise-c, and cross-checked primitives; see the
// README beside them.
#define HANDSHAKES   VECTORS "noise/noise-flat.txt"
#define PRIMITIVES   VECTORS "noise/primitives.json"
#define VECTOR_COUNT 44
#define MESSAGES_MAX 12

struct side {
    struct bytes prologue;
    bool has_static;
    struct key_pair static_pair;
    struct key_pair ephemeral;
    struct key psks[NOISE_PSKS_MAX];
    size_t psk_count;
    struct noise *noise;
    struct noise_cipher send;
    struct noise_cipher receive;
};

struct vector {
    char *protocol;
    struct side sides[2]; // initiator, responder
    bool has_remote_static;
    uint8_t remote_static[KEY_BYTES];
    struct bytes hash;
    struct bytes payloads[MESSAGES_MAX];
    struct bytes sealed[MESSAGES_MAX];
    size_t message_count;
};

static struct key key_parse(struct arena *arena, const char *hex)
{
    const struct bytes bytes = hex_text(arena, hex);
    assert_int_equal(bytes.size, KEY_BYTES);
    struct key key;
    memcpy(key.bytes, bytes.data, KEY_BYTES);
    return key;
}

static void side_take(struct arena *arena, struct side *side, const char *name, const char *value)
{
    if (strcmp(name, "prologue") == 0) {
        side->prologue = hex_text(arena, value);
    } else if (strcmp(name, "static") == 0) {
        const struct key secret = key_parse(arena, value);
        side->static_pair = key_pair_of_secret(&secret);
        side->has_static = true;
    } else if (strcmp(name, "ephemeral") == 0) {
        const struct key secret = key_parse(arena, value);
        side->ephemeral = key_pair_of_secret(&secret);
    } else if (strcmp(name, "psk") == 0) {
        assert_true(side->psk_count < NOISE_PSKS_MAX);
        side->psks[side->psk_count] = key_parse(arena, value);
        side->psk_count++;
    } else {
        fail_msg("unknown key %s", name);
    }
}

static void vector_take(struct arena *arena, struct vector *vector, const char *name,
                        const char *value)
{
    if (strcmp(name, "protocol_name") == 0) {
        vector->protocol = arena_copy(arena, value, strlen(value));
    } else if (strcmp(name, "handshake_hash") == 0) {
        vector->hash = hex_text(arena, value);
    } else if (strcmp(name, "init_remote_static") == 0) {
        const struct key key = key_parse(arena, value);
        memcpy(vector->remote_static, key.bytes, KEY_BYTES);
        vector->has_remote_static = true;
    } else if (strcmp(name, "msg") == 0) {
        const char *comma = strchr(value, ',');
        assert_non_null(comma);
        assert_true(vector->message_count < MESSAGES_MAX);
        const size_t i = vector->message_count;
        vector->payloads[i] = hex_parse(arena, value, (size_t)(comma - value));
        vector->sealed[i] = hex_text(arena, comma + 1);
        vector->message_count++;
    } else if (strncmp(name, "init_", 5) == 0) {
        side_take(arena, &vector->sides[0], name + 5, value);
    } else if (strncmp(name, "resp_", 5) == 0) {
        side_take(arena, &vector->sides[1], name + 5, value);
    } else {
        assert_string_equal(name, "source");
    }
}

static void sides_make(struct vector *vector)
{
    for (size_t i = 0; i < 2; i++) {
        struct side *side = &vector->sides[i];
        const struct noise_config config = {
            .protocol_name = vector->protocol,
            .role = i == 0 ? NOISE_INITIATOR : NOISE_RESPONDER,
            .prologue = side->prologue,
            .static_pair = side->has_static ? &side->static_pair : NULL,
            .remote_static = i == 0 && vector->has_remote_static ? vector->remote_static : NULL,
            .psk = side->psks,
            .psk_count = side->psk_count,
            .ephemeral = &side->ephemeral,
        };
        assert_int_equal(noise_make(&config, &side->noise), STATUS_OK);
    }
}

static void message_check(struct arena *arena, const struct vector *vector, size_t i,
                          struct side *from, struct side *to)
{
    const struct bytes payload = vector->payloads[i];
    const struct bytes expected = vector->sealed[i];
    uint8_t *sealed = arena_alloc(arena, expected.size + 1);
    uint8_t *opened = arena_alloc(arena, payload.size + 1);
    size_t size = 0;
    assert_int_equal(noise_write(from->noise, payload, sealed, expected.size, &size), STATUS_OK);
    assert_bytes_equal(bytes_of(sealed, size), expected);
    assert_int_equal(noise_read(to->noise, expected, opened, payload.size, &size), STATUS_OK);
    assert_bytes_equal(bytes_of(opened, size), payload);
}

static void handshake_end(struct vector *vector)
{
    struct side *sides = vector->sides;
    for (size_t i = 0; i < 2; i++) {
        assert_true(noise_is_done(sides[i].noise));
        if (vector->hash.size > 0) {
            assert_bytes_equal(bytes_of(noise_hash(sides[i].noise), NOISE_HASH_BYTES),
                               vector->hash);
        }
        noise_split(sides[i].noise, &sides[i].send, &sides[i].receive);
    }
}

static void transport_check(struct arena *arena, const struct vector *vector, size_t i,
                            struct side *from, struct side *to)
{
    const struct bytes payload = vector->payloads[i];
    uint8_t *sealed = arena_alloc(arena, payload.size + NOISE_TAG_BYTES);
    uint8_t *opened = arena_alloc(arena, payload.size + 1);
    assert_int_equal(noise_encrypt(&from->send, payload, sealed), STATUS_OK);
    assert_bytes_equal(bytes_of(sealed, payload.size + NOISE_TAG_BYTES), vector->sealed[i]);
    assert_int_equal(noise_decrypt(&to->receive, vector->sealed[i], opened), STATUS_OK);
    assert_bytes_equal(bytes_of(opened, payload.size), payload);
}

static void vector_check(struct arena *arena, struct vector *vector)
{
    print_message("%s\n", vector->protocol);
    sides_make(vector);
    bool is_transport = false;
    for (size_t i = 0; i < vector->message_count; i++) {
        struct side *from = &vector->sides[i % 2];
        struct side *to = &vector->sides[1 - i % 2];
        if (!is_transport && noise_is_done(from->noise)) {
            handshake_end(vector);
            is_transport = true;
        }
        if (is_transport) {
            transport_check(arena, vector, i, from, to);
        } else {
            message_check(arena, vector, i, from, to);
        }
    }
    assert_true(is_transport);
    noise_free(vector->sides[0].noise);
    noise_free(vector->sides[1].noise);
}

static void every_published_handshake_comes_out_the_same(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)1024 * 1024);
    FILE *file = fopen(HANDSHAKES, "re");
    assert_non_null(file);
    struct vector vector = {0};
    size_t count = 0;
    char *line = NULL;
    size_t room = 0;
    ssize_t length = 0;
    while (length >= 0) {
        length = getline(&line, &room, file);
        if (length > 1 && line[0] != '#') {
            line[length - 1] = '\0';
            char *value = strchr(line, '=');
            assert_non_null(value);
            *value = '\0';
            vector_take(arena, &vector, line, value + 1);
        } else if (vector.protocol != NULL) {
            vector_check(arena, &vector);
            vector = (struct vector){0};
            arena_reset(arena);
            count++;
        }
    }
    free(line);
    (void)fclose(file);
    assert_int_equal(count, VECTOR_COUNT);
}

static struct bytes hex_of(struct arena *arena, const json_t *object, const char *name)
{
    return hex_text(arena, json_string_value(json_object_get(object, name)));
}

static void the_primitives_agree_with_another_implementation(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)1024 * 1024);
    json_t *root = json_load_file(PRIMITIVES, 0, NULL);
    assert_non_null(root);

    const json_t *list = json_object_get(root, "hmac_blake2b");
    assert_int_equal(json_array_size(list), 6);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        uint8_t out[HKDF_BYTES];
        hmac_blake2b(hex_of(arena, row, "key"), hex_of(arena, row, "data"), out);
        assert_bytes_equal(bytes_of(out, sizeof out), hex_of(arena, row, "hmac_blake2b"));
    }

    list = json_object_get(root, "hkdf3");
    assert_int_equal(json_array_size(list), 4);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        uint8_t out[HKDF_OUTPUTS_MAX][HKDF_BYTES];
        hkdf_blake2b(hex_of(arena, row, "chaining_key").data, hex_of(arena, row, "ikm"), 3, out);
        for (size_t j = 0; j < 3; j++) {
            const json_t *expected = json_array_get(json_object_get(row, "out"), j);
            assert_bytes_equal(bytes_of(out[j], HKDF_BYTES),
                               hex_text(arena, json_string_value(expected)));
        }
    }

    list = json_object_get(root, "rekey_chachapoly");
    assert_int_equal(json_array_size(list), 4);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        struct noise_cipher cipher = {.nonce = 5};
        memcpy(cipher.key.bytes, hex_of(arena, row, "k").data, KEY_BYTES);
        noise_rekey(&cipher);
        assert_bytes_equal(bytes_of(cipher.key.bytes, KEY_BYTES), hex_of(arena, row, "rekeyed"));
        assert_int_equal(cipher.nonce, 5);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_published_handshake_comes_out_the_same),
        cmocka_unit_test(the_primitives_agree_with_another_implementation),
    };
    FILE *file = fopen(HANDSHAKES, "re");
    if (file == NULL) {
        (void)printf("skipped: %s is absent\n", HANDSHAKES);
        return VECTORS_ABSENT;
    }
    (void)fclose(file);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
