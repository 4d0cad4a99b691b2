// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the two sides tell each other while a connection opens and when it ends: preamble, version
// hint, the payloads of the three handshake messages, CLOSE and CREDIT. Fixed layouts of fixed size
// (proto/README.md); both programs use this code. Pure bytes: who may connect is decided in
// server/net and server/admit, what to trust in client/link.

#include "shared/keys.h"
#include "shared/limits.h"

#define WIRE_VERSION        1
#define WIRE_VERSION_MIN    1
#define API_VERSION         1
#define API_VERSION_MIN     1
#define HELLO_BYTES         64
#define GREETING_BYTES      96
#define IDENTITY_BYTES      192
#define INVITATION_ID_BYTES 16
#define TOKEN_BYTES         32
#define BOOK_ID_BYTES       16
#define KEY_ID_BYTES        8
#define CLIENT_TEXT_BYTES   32
#define PROLOGUE_BYTES      (24 + PREAMBLE_BYTES)
#define CLOSE_BYTES         12
#define CREDIT_BYTES        4

enum wire_mode {
    WIRE_ENROLLED = 1, // Noise_XK_25519_ChaChaPoly_BLAKE2b
    WIRE_INVITED = 2,  // Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b
};

const char *wire_protocol(enum wire_mode mode);

// ---- before the handshake, in clear ----

struct preamble {
    uint8_t version;
    enum wire_mode mode;
    uint8_t key_id[KEY_ID_BYTES]; // of the server key that is wanted
};

// The first 8 bytes of BLAKE2b-256 of a server key.
void server_key_id(const uint8_t server_key[static KEY_BYTES], uint8_t out[static KEY_ID_BYTES]);
void preamble_print(const struct preamble *preamble, uint8_t out[static PREAMBLE_BYTES]);
// STATUS_MALFORMED: not kontor's. STATUS_VERSION: another wire version, or a mode that this one
// does not have.
MUST_CHECK enum status preamble_parse(const uint8_t in[static PREAMBLE_BYTES],
                                      struct preamble *out);
// What both sides mix into the handshake first.
void preamble_prologue(const uint8_t preamble[static PREAMBLE_BYTES],
                       uint8_t out[static PROLOGUE_BYTES]);

struct version_hint {
    uint8_t lowest;
    uint8_t highest;
};

void version_hint_print(uint8_t out[static VERSION_HINT_BYTES]);
MUST_CHECK enum status version_hint_parse(const uint8_t in[static VERSION_HINT_BYTES],
                                          struct version_hint *out);

// ---- inside the handshake ----

// Message 1, client. Can be replayed and is not forward secret: used for look-ups only.
struct hello {
    uint8_t invitation_id[INVITATION_ID_BYTES]; // zeros in mode 1
    uint64_t features;
    uint16_t api_min;
    uint16_t api_max;
};

// Message 2, server.
struct greeting {
    uint8_t book_id[BOOK_ID_BYTES];
    uint32_t timeline;
    uint64_t tree_size;
    uint8_t tree_root[32];
    int64_t server_us;                 // wall clock, UTC
    uint8_t next_key_id[KEY_ID_BYTES]; // of the server key that follows; zeros: none is planned
    uint64_t features;
    uint16_t api_min;
    uint16_t api_max;
    bool degraded; // the server takes no changes at present
};

// Message 3, client.
struct identity {
    uint8_t token[TOKEN_BYTES]; // of a live session; zeros: none
    uint64_t checkpoint_size;   // the last checkpoint the client holds; 0: none
    uint8_t checkpoint_root[32];
    uint32_t timeline;
    uint16_t api;                       // the version the client will speak; 0: none in common
    char client[CLIENT_TEXT_BYTES + 1]; // program and version, ASCII
};

void hello_print(const struct hello *hello, uint8_t out[static HELLO_BYTES]);
// STATUS_MALFORMED when a reserved byte is not zero.
MUST_CHECK enum status hello_parse(const uint8_t in[static HELLO_BYTES], struct hello *out);
void greeting_print(const struct greeting *greeting, uint8_t out[static GREETING_BYTES]);
void greeting_parse(const uint8_t in[static GREETING_BYTES], struct greeting *out);
void identity_print(const struct identity *identity, uint8_t out[static IDENTITY_BYTES]);
MUST_CHECK enum status identity_parse(const uint8_t in[static IDENTITY_BYTES],
                                      struct identity *out);
void identity_wipe(struct identity *identity);

bool bytes_are_zero(const uint8_t *data, size_t size);

// ---- inside the channel ----

// The last record of a direction: how many records went before it, and why the connection ends.
struct close_notice {
    uint64_t records;
    enum status status;
};

void close_print(const struct close_notice *notice, uint8_t out[static CLOSE_BYTES]);
// A status that this build does not know becomes STATUS_CUT_OFF.
MUST_CHECK enum status close_parse(struct bytes data, struct close_notice *out);
