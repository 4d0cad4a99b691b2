// SPDX-License-Identifier: Apache-2.0
#include "shared/statement.h"

#include "shared/note.h"

#define TITLE     "kontor.statement/v1\n"
#define NOTE_NAME "kontor.house"

// ---- print ----

static char *hex(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char DIGITS[] = "0123456789abcdef";
    char *text = arena_alloc(arena, 2 * size + 1);
    for (size_t i = 0; text != NULL && i < size; i++) {
        text[2 * i] = DIGITS[data[i] >> 4];
        text[2 * i + 1] = DIGITS[data[i] & 15];
    }
    return text;
}

static char *add_line(struct arena *arena, const char *text, const char *word, const uint8_t *data,
                      size_t size)
{
    const char *value = hex(arena, data, size);
    return text != NULL && value != NULL ? arena_print(arena, "%s%s %s\n", text, word, value)
                                         : NULL;
}

char *statement_print(struct arena *arena, const struct statement *statement)
{
    assert(statement->valid_count > 0 && statement->valid_count <= STATEMENT_KEYS_MAX);
    assert(statement->revoked_count <= STATEMENT_REVOKED_MAX);
    char *text = add_line(arena, TITLE, "book", statement->book_id, BOOK_ID_BYTES);
    text = text != NULL ? arena_print(arena, "%sserial %u\ntimeline %u\n", text, statement->serial,
                                      statement->timeline)
                        : NULL;
    for (size_t i = 0; i < statement->valid_count; i++) {
        text = add_line(arena, text, "valid", statement->valid[i], KEY_BYTES);
    }
    for (size_t i = 0; i < statement->revoked_count; i++) {
        text = add_line(arena, text, "revoked", statement->revoked[i], KEY_ID_BYTES);
    }
    return add_line(arena, text, "audit", statement->audit_key, KEY_BYTES);
}

// ---- parse ----

struct reading {
    const char *at;
    bool is_bad;
};

// Takes "WORD " off the beginning of the line at hand; false when another line stands there.
static bool take_word(struct reading *reading, const char *word)
{
    const size_t size = strlen(word);
    if (reading->is_bad || strncmp(reading->at, word, size) != 0 || reading->at[size] != ' ') {
        return false;
    }
    reading->at += size + 1;
    return true;
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_end(struct reading *reading)
{
    reading->is_bad = reading->is_bad || *reading->at != '\n';
    reading->at += reading->is_bad ? 0 : 1;
}

static void take_hex(struct reading *reading, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size && !reading->is_bad; i++) {
        const int high = nibble(reading->at[0]);
        const int low = high >= 0 ? nibble(reading->at[1]) : -1;
        reading->is_bad = low < 0;
        out[i] = reading->is_bad ? 0 : (uint8_t)(high << 4 | low);
        reading->at += reading->is_bad ? 0 : 2;
    }
    take_end(reading);
}

static uint32_t take_number(struct reading *reading)
{
    uint64_t value = 0;
    const char *begin = reading->at;
    while (*reading->at >= '0' && *reading->at <= '9' && value <= UINT32_MAX) {
        value = value * 10 + (uint64_t)(*reading->at - '0');
        reading->at++;
    }
    reading->is_bad = reading->is_bad || reading->at == begin || value > UINT32_MAX ||
                      (*begin == '0' && reading->at != begin + 1);
    take_end(reading);
    return (uint32_t)value;
}

enum status statement_parse(const char *text, struct statement *out)
{
    *out = (struct statement){.serial = 0};
    if (strncmp(text, TITLE, strlen(TITLE)) != 0) {
        return STATUS_MALFORMED;
    }
    struct reading reading = {.at = text + strlen(TITLE)};
    bool is_whole = take_word(&reading, "book");
    take_hex(&reading, out->book_id, BOOK_ID_BYTES);
    is_whole = is_whole && take_word(&reading, "serial");
    out->serial = take_number(&reading);
    is_whole = is_whole && take_word(&reading, "timeline");
    out->timeline = take_number(&reading);
    while (out->valid_count < STATEMENT_KEYS_MAX && take_word(&reading, "valid")) {
        take_hex(&reading, out->valid[out->valid_count++], KEY_BYTES);
    }
    while (out->revoked_count < STATEMENT_REVOKED_MAX && take_word(&reading, "revoked")) {
        take_hex(&reading, out->revoked[out->revoked_count++], KEY_ID_BYTES);
    }
    is_whole = is_whole && take_word(&reading, "audit");
    take_hex(&reading, out->audit_key, KEY_BYTES);
    const bool ends = *reading.at == '\0' || *reading.at == '\n';
    return is_whole && ends && !reading.is_bad && out->valid_count > 0 && out->serial > 0
               ? STATUS_OK
               : STATUS_MALFORMED;
}

// ---- signatures ----

enum status statement_sign(struct arena *arena, const char *text, const struct key_pair *house,
                           char **out)
{
    struct bytes note;
    const enum status status = note_sign(arena, text, NOTE_NAME, house, &note);
    if (status != STATUS_OK) {
        return status;
    }
    *out = arena_copy(arena, note.data, note.size);
    return *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status statement_check(const char *text, const uint8_t house_key[static KEY_BYTES],
                            struct statement *out)
{
    struct bytes signed_text;
    const bool is_sound =
        statement_parse(text, out) == STATUS_OK &&
        note_check(bytes_of(text, strlen(text)), NOTE_NAME, house_key, &signed_text) == STATUS_OK;
    return is_sound ? STATUS_OK : STATUS_STATEMENT_WRONG;
}

bool statement_revokes(const struct statement *statement,
                       const uint8_t server_key[static KEY_BYTES])
{
    uint8_t id[KEY_ID_BYTES];
    server_key_id(server_key, id);
    for (size_t i = 0; i < statement->revoked_count; i++) {
        if (memcmp(statement->revoked[i], id, sizeof id) == 0) {
            return true;
        }
    }
    return false;
}

bool statement_has(const struct statement *statement, const uint8_t server_key[static KEY_BYTES])
{
    for (size_t i = 0; i < statement->valid_count; i++) {
        if (memcmp(statement->valid[i], server_key, KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}
