// SPDX-License-Identifier: Apache-2.0
#include "shared/handshake.h"
#include "shared/record.h"
#include "tests/unit/unit.h"

// The worked example of proto/README.md is what this code says: whoever writes another client
// compares with it.

#define README_BYTES_MAX ((size_t)256 * 1024)
#define VALUE_BYTES_MAX  600

struct example {
    char *readme;
    struct key_pair server, device, client_ephemeral, server_ephemeral;
    uint8_t preamble[PREAMBLE_BYTES];
    struct noise *client;
    struct noise *host;
};

static int set_up(void **state)
{
    struct example *example = calloc(1, sizeof *example);
    assert_non_null(example);
    assert_int_equal(keys_start(), STATUS_OK);
    FILE *file = fopen(KONTOR_SOURCE_DIR "/proto/README.md", "r");
    assert_non_null(file);
    example->readme = calloc(1, README_BYTES_MAX);
    assert_non_null(example->readme);
    assert_true(fread(example->readme, 1, README_BYTES_MAX - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    *state = example;
    return 0;
}

static int tear_down(void **state)
{
    struct example *example = *state;
    noise_free(example->client);
    noise_free(example->host);
    free(example->readme);
    free(example);
    return 0;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The bytes behind "\nNAME " in the example: hexadecimal, going on in lines that begin with a
// space.
static size_t value_of(const struct example *example, const char *name,
                       uint8_t out[static VALUE_BYTES_MAX])
{
    char *label = NULL;
    assert_true(asprintf(&label, "\n%s ", name) > 0);
    const char *at = strstr(example->readme, label);
    assert_non_null(at);
    at += strlen(label);
    free(label);
    size_t size = 0;
    while (*at != '\0' && !(at[0] == '\n' && at[1] != ' ')) {
        const int high = digit_of(at[0]);
        if (high < 0) {
            at++;
            continue;
        }
        const int low = digit_of(at[1]);
        assert_true(low >= 0 && size < VALUE_BYTES_MAX);
        out[size++] = (uint8_t)(high * 16 + low);
        at += 2;
    }
    return size;
}

static void expect(const struct example *example, const char *name, const uint8_t *data,
                   size_t size)
{
    uint8_t value[VALUE_BYTES_MAX];
    const size_t value_size = value_of(example, name, value);
    if (value_size != size || memcmp(value, data, size) != 0) {
        (void)fprintf(stderr, "%s is", name);
        for (size_t i = 0; i < size; i++) {
            (void)fprintf(stderr, "%s%02x", i % 32 == 0 ? "\n  " : "", data[i]);
        }
        (void)fprintf(stderr, "\n");
        fail_msg("proto/README.md says something else of %s", name);
    }
}

static struct key_pair pair_of(const struct example *example, const char *name)
{
    uint8_t value[VALUE_BYTES_MAX];
    struct key secret;
    assert_int_equal(value_of(example, name, value), KEY_BYTES);
    memcpy(secret.bytes, value, KEY_BYTES);
    return key_pair_of_secret(&secret);
}

static struct noise *noise_of(const struct example *example, enum noise_role role)
{
    uint8_t prologue[PROLOGUE_BYTES];
    preamble_prologue(example->preamble, prologue);
    const bool is_client = role == NOISE_INITIATOR;
    const struct noise_config config = {
        .protocol_name = wire_protocol(WIRE_ENROLLED),
        .role = role,
        .prologue = bytes_of(prologue, sizeof prologue),
        .static_pair = is_client ? &example->device : &example->server,
        .remote_static = is_client ? example->server.public_bytes : NULL,
        .ephemeral = is_client ? &example->client_ephemeral : &example->server_ephemeral,
    };
    struct noise *noise = NULL;
    assert_int_equal(noise_make(&config, &noise), STATUS_OK);
    return noise;
}

// Writes on one side, compares, reads on the other.
static void pass(const struct example *example, const char *name, struct noise *from,
                 struct noise *to, struct bytes payload)
{
    uint8_t message[HANDSHAKE_3_BYTES];
    uint8_t read[IDENTITY_BYTES];
    size_t size = 0;
    size_t read_size = 0;
    assert_int_equal(noise_write(from, payload, message, sizeof message, &size), STATUS_OK);
    expect(example, name, message, size);
    assert_int_equal(noise_read(to, bytes_of(message, size), read, sizeof read, &read_size),
                     STATUS_OK);
    assert_int_equal(read_size, payload.size);
    assert_memory_equal(read, payload.data, payload.size);
}

static void open_up(struct example *example)
{
    example->server = pair_of(example, "server_secret");
    example->device = pair_of(example, "device_secret");
    example->client_ephemeral = pair_of(example, "client_ephemeral");
    example->server_ephemeral = pair_of(example, "server_ephemeral");
    struct preamble preamble = {.version = WIRE_VERSION, .mode = WIRE_ENROLLED};
    server_key_id(example->server.public_bytes, preamble.key_id);
    preamble_print(&preamble, example->preamble);
    example->client = noise_of(example, NOISE_INITIATOR);
    example->host = noise_of(example, NOISE_RESPONDER);
}

static void say_all(struct example *example)
{
    const struct hello hello = {.api_min = 1, .api_max = 1};
    uint8_t hello_bytes[HELLO_BYTES];
    hello_print(&hello, hello_bytes);
    expect(example, "payload_1", hello_bytes, sizeof hello_bytes);
    pass(example, "message_1", example->client, example->host,
         bytes_of(hello_bytes, sizeof hello_bytes));

    struct greeting greeting = {.timeline = 1,
                                .tree_size = 1234,
                                .server_us = 1770000000000000,
                                .api_min = 1,
                                .api_max = 1};
    memset(greeting.book_id, 0xb0, sizeof greeting.book_id);
    memset(greeting.tree_root, 0xc0, sizeof greeting.tree_root);
    uint8_t greeting_bytes[GREETING_BYTES];
    greeting_print(&greeting, greeting_bytes);
    expect(example, "payload_2", greeting_bytes, sizeof greeting_bytes);
    pass(example, "message_2", example->host, example->client,
         bytes_of(greeting_bytes, sizeof greeting_bytes));

    struct identity identity = {
        .checkpoint_size = 1200, .timeline = 1, .api = 1, .client = "example 1"};
    memset(identity.token, 0xd0, sizeof identity.token);
    memset(identity.checkpoint_root, 0xe0, sizeof identity.checkpoint_root);
    uint8_t identity_bytes[IDENTITY_BYTES];
    identity_print(&identity, identity_bytes);
    expect(example, "payload_3", identity_bytes, sizeof identity_bytes);
    pass(example, "message_3", example->client, example->host,
         bytes_of(identity_bytes, sizeof identity_bytes));
}

static void the_handshake_is_the_one_of_the_specification(void **state)
{
    struct example *example = *state;
    open_up(example);
    expect(example, "server_public", example->server.public_bytes, KEY_BYTES);
    expect(example, "device_public", example->device.public_bytes, KEY_BYTES);
    expect(example, "preamble", example->preamble, sizeof example->preamble);
    uint8_t hint[VERSION_HINT_BYTES];
    version_hint_print(hint);
    expect(example, "hint", hint, sizeof hint);
    say_all(example);
    expect(example, "channel_id", noise_hash(example->client), NOISE_HASH_BYTES);
    assert_memory_equal(noise_hash(example->client), noise_hash(example->host), NOISE_HASH_BYTES);
}

static void expect_record(struct example *example, const char *name, struct channel *from,
                          struct channel *to, const struct record *record)
{
    uint8_t out[VALUE_BYTES_MAX];
    size_t size = 0;
    assert_true(record_plain_size(record->data.size) <= 128);
    assert_int_equal(record_seal(from, record, out, &size), STATUS_OK);
    expect(example, name, out, size);
    struct record opened;
    assert_int_equal(
        record_open(to, out + RECORD_LENGTH_BYTES, size - RECORD_LENGTH_BYTES, &opened), STATUS_OK);
    assert_int_equal(opened.type, record->type);
    assert_true(bytes_equal(opened.data, record->data));
}

static void the_records_are_those_of_the_specification(void **state)
{
    struct example *example = *state;
    open_up(example);
    say_all(example);
    struct channel client_send = {0}, client_receive = {0}, host_send = {0}, host_receive = {0};
    noise_split(example->client, &client_send.cipher, &client_receive.cipher);
    noise_split(example->host, &host_send.cipher, &host_receive.cipher);

    static const uint8_t WHOAMI[] = {0xaa, 0x01, 0x00};
    const struct record request = {.type = RECORD_REQ,
                                   .flags = RECORD_FIN,
                                   .request = 1,
                                   .data = bytes_of(WHOAMI, sizeof WHOAMI)};
    expect_record(example, "record_request", &client_send, &host_receive, &request);
    static const uint8_t EXPIRED[] = {0x08, 0x21};
    const struct record refusal = {.type = RECORD_ERR,
                                   .flags = RECORD_FIN,
                                   .request = 1,
                                   .data = bytes_of(EXPIRED, sizeof EXPIRED)};
    expect_record(example, "record_refusal", &host_send, &client_receive, &refusal);
    uint8_t data[CLOSE_BYTES];
    const struct close_notice notice = {.records = 1, .status = STATUS_OK};
    close_print(&notice, data);
    const struct record close = {
        .type = RECORD_CLOSE, .flags = RECORD_FIN, .data = bytes_of(data, sizeof data)};
    expect_record(example, "record_close", &client_send, &host_receive, &close);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_handshake_is_the_one_of_the_specification, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_records_are_those_of_the_specification, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
