// SPDX-License-Identifier: Apache-2.0
#include "shared/limits.h"
#include "shared/noise.h"
#include "tests/unit/unit.h"

#define MESSAGES 3

static const size_t MESSAGE_BYTES[MESSAGES] = {HANDSHAKE_1_BYTES, HANDSHAKE_2_BYTES,
                                               HANDSHAKE_3_BYTES};
static const size_t PAYLOAD_BYTES[MESSAGES] = {64, 96, 192};
static const uint8_t PAYLOAD[192] = {1, 2, 3};

// A client and its server; the ephemeral keys are fixed so that a handshake can be run again to any
// point.
struct table {
    const char *protocol;
    struct key_pair client_static, client_ephemeral, server_static, server_ephemeral;
    struct key psk;
    uint8_t prologue[16];
    struct noise *client;
    struct noise *server;
};

static struct key_pair pair_of(uint8_t number)
{
    const struct key secret = {.bytes = {number, 77}};
    return key_pair_of_secret(&secret);
}

static struct table table_of(const char *protocol)
{
    return (struct table){.protocol = protocol,
                          .client_static = pair_of(1),
                          .client_ephemeral = pair_of(2),
                          .server_static = pair_of(3),
                          .server_ephemeral = pair_of(4),
                          .psk = {.bytes = {5}},
                          .prologue = {6}};
}

static void lay(struct table *table)
{
    const bool with_psk = strcmp(table->protocol, NOISE_XKPSK3) == 0;
    struct noise_config config = {
        .protocol_name = table->protocol,
        .role = NOISE_INITIATOR,
        .prologue = bytes_of(table->prologue, sizeof table->prologue),
        .static_pair = &table->client_static,
        .remote_static = table->server_static.public_bytes,
        .psk = &table->psk,
        .psk_count = with_psk ? 1 : 0,
        .ephemeral = &table->client_ephemeral,
    };
    assert_int_equal(noise_make(&config, &table->client), STATUS_OK);
    config.role = NOISE_RESPONDER;
    config.static_pair = &table->server_static;
    config.remote_static = NULL;
    config.psk_count = 0;
    config.ephemeral = &table->server_ephemeral;
    assert_int_equal(noise_make(&config, &table->server), STATUS_OK);
    if (with_psk) {
        noise_set_psk(table->server, &table->psk);
    }
}

static void clear(struct table *table)
{
    noise_free_at(&table->client);
    noise_free_at(&table->server);
}

static struct noise *writer_of(const struct table *table, size_t message)
{
    return message % 2 == 0 ? table->client : table->server;
}

static struct noise *reader_of(const struct table *table, size_t message)
{
    return message % 2 == 0 ? table->server : table->client;
}

static void write_message(struct table *table, size_t message, uint8_t *out)
{
    size_t size = 0;
    const enum status status =
        noise_write(writer_of(table, message), bytes_of(PAYLOAD, PAYLOAD_BYTES[message]), out,
                    MESSAGE_BYTES[message], &size);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(size, MESSAGE_BYTES[message]);
}

static enum status read_message(struct table *table, size_t message, const uint8_t *in)
{
    uint8_t payload[192];
    size_t size = 0;
    const enum status status =
        noise_read(reader_of(table, message), bytes_of(in, MESSAGE_BYTES[message]), payload,
                   sizeof payload, &size);
    if (status == STATUS_OK) {
        assert_int_equal(size, PAYLOAD_BYTES[message]);
        assert_memory_equal(payload, PAYLOAD, size);
    }
    return status;
}

// Both sides up to the point before `message`.
static void play_until(struct table *table, size_t message)
{
    lay(table);
    for (size_t i = 0; i < message; i++) {
        uint8_t bytes[HANDSHAKE_3_BYTES];
        write_message(table, i, bytes);
        assert_int_equal(read_message(table, i, bytes), STATUS_OK);
    }
}

static void both_protocols_have_the_lengths_of_the_table(void **state)
{
    (void)state;
    static const char *const PROTOCOLS[] = {NOISE_XK, NOISE_XKPSK3};
    for (size_t i = 0; i < COUNT_OF(PROTOCOLS); i++) {
        struct table table = table_of(PROTOCOLS[i]);
        play_until(&table, MESSAGES);
        assert_true(noise_is_done(table.client) && noise_is_done(table.server));
        assert_memory_equal(noise_hash(table.client), noise_hash(table.server), NOISE_HASH_BYTES);
        assert_memory_equal(noise_remote_static(table.server), table.client_static.public_bytes,
                            KEY_BYTES);
        struct noise_cipher a, b, c, d;
        noise_split(table.client, &a, &b);
        noise_split(table.server, &c, &d);
        assert_memory_equal(&a, &d, sizeof a);
        assert_memory_equal(&b, &c, sizeof b);
        assert_memory_not_equal(&a, &b, sizeof a);
        clear(&table);
    }
}

static void every_flipped_bit_is_refused(const char *protocol)
{
    struct table table = table_of(protocol);
    for (size_t message = 0; message < MESSAGES; message++) {
        for (size_t bit = 0; bit < MESSAGE_BYTES[message] * 8; bit++) {
            uint8_t bytes[HANDSHAKE_3_BYTES];
            play_until(&table, message);
            write_message(&table, message, bytes);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(read_message(&table, message, bytes), STATUS_TAMPERED);
            // What failed once stays refused, whatever comes.
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(read_message(&table, message, bytes), STATUS_TAMPERED);
            assert_false(noise_is_done(reader_of(&table, message)));
            clear(&table);
        }
    }
}

static void every_flipped_bit_of_xk_is_refused(void **state)
{
    (void)state;
    every_flipped_bit_is_refused(NOISE_XK);
}

static void every_flipped_bit_of_xkpsk3_is_refused(void **state)
{
    (void)state;
    every_flipped_bit_is_refused(NOISE_XKPSK3);
}

static void another_prologue_server_key_or_psk_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[HANDSHAKE_3_BYTES];
    struct table client = table_of(NOISE_XKPSK3);
    struct table server = table_of(NOISE_XKPSK3);
    server.prologue[15] ^= 1;
    play_until(&client, 0);
    play_until(&server, 0);
    write_message(&client, 0, bytes);
    assert_int_equal(read_message(&server, 0, bytes), STATUS_TAMPERED);
    clear(&server);

    server = table_of(NOISE_XKPSK3);
    server.server_static = pair_of(9);
    play_until(&server, 0);
    assert_int_equal(read_message(&server, 0, bytes), STATUS_TAMPERED);
    clear(&server);
    clear(&client);

    server = table_of(NOISE_XKPSK3);
    server.psk.bytes[0] ^= 1;
    play_until(&client, 2);
    play_until(&server, 2);
    write_message(&client, 2, bytes);
    assert_int_equal(read_message(&server, 2, bytes), STATUS_TAMPERED);
    clear(&server);
    clear(&client);
}

static void a_message_cut_short_is_refused(void **state)
{
    (void)state;
    struct table table = table_of(NOISE_XK);
    for (size_t message = 0; message < MESSAGES; message++) {
        for (size_t size = 0; size < MESSAGE_BYTES[message]; size++) {
            uint8_t bytes[HANDSHAKE_3_BYTES];
            uint8_t payload[192];
            size_t got = 0;
            play_until(&table, message);
            write_message(&table, message, bytes);
            assert_int_not_equal(noise_read(reader_of(&table, message), bytes_of(bytes, size),
                                            payload, sizeof payload, &got),
                                 STATUS_OK);
            clear(&table);
        }
    }
}

static void a_point_of_small_order_is_refused(void **state)
{
    (void)state;
    struct table table = table_of(NOISE_XK);
    static const uint8_t ZEROS[HANDSHAKE_1_BYTES];
    play_until(&table, 0);
    assert_int_equal(read_message(&table, 0, ZEROS), STATUS_TAMPERED);
    clear(&table);
}

static void room_that_is_too_small_is_told(void **state)
{
    (void)state;
    struct table table = table_of(NOISE_XK);
    play_until(&table, 0);
    uint8_t bytes[HANDSHAKE_1_BYTES];
    size_t size = 0;
    assert_int_equal(noise_write(table.client, bytes_of(PAYLOAD, 64), bytes, 111, &size),
                     STATUS_TOO_LARGE);
    clear(&table);
}

static void the_product_speaks_two_protocols_only(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {
        "Noise_XX_25519_ChaChaPoly_BLAKE2b",     "Noise_IK_25519_ChaChaPoly_BLAKE2b",
        "Noise_NK_25519_ChaChaPoly_BLAKE2b",     "Noise_XK_25519_AESGCM_BLAKE2b",
        "Noise_XK_25519_ChaChaPoly_BLAKE2bX",    "Noise_X_25519_ChaChaPoly_BLAKE2b",
        "Noise_XKpsk4_25519_ChaChaPoly_BLAKE2b", "",
    };
    const struct key_pair pair = pair_of(1);
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++) {
        const struct noise_config config = {
            .protocol_name = OTHERS[i], .role = NOISE_RESPONDER, .static_pair = &pair};
        struct noise *noise = NULL;
        assert_int_equal(noise_make(&config, &noise), STATUS_VERSION);
        assert_null(noise);
    }
}

static void nonces_rise_and_end(void **state)
{
    (void)state;
    struct noise_cipher send = {.key = {.bytes = {1}}};
    struct noise_cipher receive = send;
    uint8_t first[3 + NOISE_TAG_BYTES];
    uint8_t second[3 + NOISE_TAG_BYTES];
    uint8_t plain[3];
    assert_int_equal(noise_encrypt(&send, bytes_of("abc", 3), first), STATUS_OK);
    assert_int_equal(noise_encrypt(&send, bytes_of("abc", 3), second), STATUS_OK);
    assert_memory_not_equal(first, second, sizeof first);
    // Reordered, then repeated.
    assert_int_equal(noise_decrypt(&receive, bytes_of(second, sizeof second), plain),
                     STATUS_TAMPERED);
    assert_int_equal(noise_decrypt(&receive, bytes_of(first, sizeof first), plain), STATUS_OK);
    assert_int_equal(noise_decrypt(&receive, bytes_of(first, sizeof first), plain),
                     STATUS_TAMPERED);
    assert_int_equal(noise_decrypt(&receive, bytes_of(second, 15), plain), STATUS_TAMPERED);
    assert_int_equal(noise_decrypt(&receive, bytes_of(second, sizeof second), plain), STATUS_OK);
    // The last nonce is for rekeying only (specification 5.1).
    send.nonce = UINT64_MAX;
    assert_int_equal(noise_encrypt(&send, bytes_of("abc", 3), first), STATUS_TOO_LARGE);
}

static int begin(void **state)
{
    (void)state;
    return keys_start() == STATUS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_protocols_have_the_lengths_of_the_table),
        cmocka_unit_test(every_flipped_bit_of_xk_is_refused),
        cmocka_unit_test(every_flipped_bit_of_xkpsk3_is_refused),
        cmocka_unit_test(another_prologue_server_key_or_psk_is_refused),
        cmocka_unit_test(a_message_cut_short_is_refused),
        cmocka_unit_test(a_point_of_small_order_is_refused),
        cmocka_unit_test(room_that_is_too_small_is_told),
        cmocka_unit_test(the_product_speaks_two_protocols_only),
        cmocka_unit_test(nonces_rise_and_end),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
