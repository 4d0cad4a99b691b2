// SPDX-License-Identifier: Apache-2.0
#include "shared/note.h"

#define DASH         "\xe2\x80\x94 " // em dash and space
#define KEY_ID_BYTES 4
#define SIGNED_BYTES (KEY_ID_BYTES + SIGNATURE_BYTES)
#define ALGORITHM    1 // Ed25519
#define LINE_FEED    10

static_assert(SIGNED_BYTES == 68, "C2SP signed-note: 4 bytes of the key, 64 of the signature");

// SHA-256(name, newline, algorithm, public key), its first 4 bytes.
static void key_id(const char *name, const uint8_t public_bytes[static KEY_BYTES],
                   uint8_t out[static KEY_ID_BYTES])
{
    uint8_t data[NOTE_NAME_MAX + 2 + KEY_BYTES];
    const size_t size = strlen(name);
    assert(size > 0 && size <= NOTE_NAME_MAX);
    memcpy(data, name, size);
    data[size] = LINE_FEED;
    data[size + 1] = ALGORITHM;
    memcpy(data + size + 2, public_bytes, KEY_BYTES);
    uint8_t hash[KEY_BYTES];
    key_sha256(bytes_of(data, size + 2 + KEY_BYTES), hash);
    memcpy(out, hash, KEY_ID_BYTES);
}

enum status note_sign(struct arena *arena, const char *text, const char *name,
                      const struct key_pair *pair, struct bytes *out)
{
    const size_t size = strlen(text);
    assert(size > 0 && text[size - 1] == '\n' && strstr(text, "\n\n") == NULL);
    uint8_t signature[SIGNED_BYTES];
    char line[BASE64_BYTES(SIGNED_BYTES)];
    key_id(name, pair->public_bytes, signature);
    key_sign(pair, bytes_of(text, size), signature + KEY_ID_BYTES);
    base64_print(bytes_of(signature, sizeof signature), line);
    const char *note = arena_print(arena, "%s\n" DASH "%s %s\n", text, name, line);
    if (note == NULL || strlen(note) > NOTE_BYTES_MAX) {
        return STATUS_TOO_LARGE;
    }
    *out = bytes_of(note, strlen(note));
    return STATUS_OK;
}

// The text ends where the last empty line begins.
bool note_text(struct bytes note, struct bytes *text)
{
    if (note.size < 3 || note.size > NOTE_BYTES_MAX || note.data[note.size - 1] != '\n') {
        return false;
    }
    for (size_t at = note.size - 1; at > 1; at--) {
        if (note.data[at - 1] == '\n' && note.data[at] == '\n') {
            *text = bytes_of(note.data, at);
            return at + 1 < note.size;
        }
    }
    return false;
}

// Is the line (without its end) the signature of the text by this key?
static bool line_signs(struct bytes line, const char *name,
                       const uint8_t public_bytes[static KEY_BYTES], struct bytes text)
{
    const size_t dash = sizeof DASH - 1;
    const size_t name_size = strlen(name);
    uint8_t signature[SIGNED_BYTES];
    uint8_t id[KEY_ID_BYTES];
    if (line.size != dash + name_size + 1 + BASE64_BYTES(SIGNED_BYTES) - 1 ||
        memcmp(line.data, DASH, dash) != 0 || memcmp(line.data + dash, name, name_size) != 0 ||
        line.data[dash + name_size] != ' ' ||
        !base64_parse(bytes_of(line.data + dash + name_size + 1, BASE64_BYTES(SIGNED_BYTES) - 1),
                      signature, sizeof signature)) {
        return false;
    }
    key_id(name, public_bytes, id);
    return memcmp(signature, id, sizeof id) == 0 &&
           key_verify(public_bytes, text, signature + KEY_ID_BYTES) == STATUS_OK;
}

enum status note_check(struct bytes note, const char *name,
                       const uint8_t public_bytes[static KEY_BYTES], struct bytes *text)
{
    struct bytes signed_text;
    if (!note_text(note, &signed_text)) {
        return STATUS_TAMPERED;
    }
    size_t at = signed_text.size + 1;
    while (at < note.size) {
        const uint8_t *end = memchr(note.data + at, '\n', note.size - at);
        assert(end != NULL); // note_text saw it at the end
        const struct bytes line = bytes_of(note.data + at, (size_t)(end - note.data) - at);
        if (line_signs(line, name, public_bytes, signed_text)) {
            *text = signed_text;
            return STATUS_OK;
        }
        at += line.size + 1;
    }
    return STATUS_TAMPERED;
}
