// SPDX-License-Identifier: Apache-2.0
#include "shared/checkpoint.h"

#include <inttypes.h>

#define HASH_TEXT BASE64_BYTES(LEAF_BYTES)

static_assert(KEY_BYTES == LEAF_BYTES, "keys and hashes are read alike");

void audit_origin(const uint8_t book_id[static BOOK_ID_BYTES], char out[static NOTE_NAME_MAX])
{
    static const char DIGITS[] = "0123456789abcdef";
    static const char FRONT[] = "kontor/";
    static_assert(sizeof FRONT + 2 * (size_t)BOOK_ID_BYTES <= NOTE_NAME_MAX, "an origin is a name");
    memcpy(out, FRONT, sizeof FRONT - 1);
    char *at = out + sizeof FRONT - 1;
    for (size_t i = 0; i < BOOK_ID_BYTES; i++) {
        *at++ = DIGITS[book_id[i] >> 4];
        *at++ = DIGITS[book_id[i] & 15];
    }
    *at = '\0';
}

void audit_house_name(const uint8_t book_id[static BOOK_ID_BYTES], char out[static NOTE_NAME_MAX])
{
    static const char BEHIND[] = "/house";
    audit_origin(book_id, out);
    const size_t size = strlen(out);
    assert(size + sizeof BEHIND <= NOTE_NAME_MAX);
    memcpy(out + size, BEHIND, sizeof BEHIND);
}

// ---- print ----

struct hash_text {
    char text[HASH_TEXT];
};

static struct hash_text hash_print(const uint8_t hash[static LEAF_BYTES])
{
    struct hash_text out = {0};
    base64_print(bytes_of(hash, LEAF_BYTES), out.text);
    return out;
}

const char *checkpoint_print(struct arena *arena, const struct checkpoint *checkpoint)
{
    char origin[NOTE_NAME_MAX];
    audit_origin(checkpoint->book_id, origin);
    return arena_print(arena,
                       "%s\n%" PRIu64 "\n%s\nepoch %" PRIu64 "\ncheckpoint %" PRIu64
                       "\ncommit %" PRIu64 " %s\ntime %" PRId64 "\n",
                       origin, checkpoint->size, hash_print(checkpoint->root).text,
                       checkpoint->epoch, checkpoint->number, checkpoint->commit,
                       hash_print(checkpoint->header).text, checkpoint->time_us);
}

const char *epoch_print(struct arena *arena, const struct epoch *epoch)
{
    char origin[NOTE_NAME_MAX];
    audit_origin(epoch->book_id, origin);
    return arena_print(arena,
                       "%s epoch\nepoch %" PRIu64 "\nkey %s\nsize %" PRIu64
                       "\nroot %s\ncommit %" PRIu64 " %s\n",
                       origin, epoch->number, hash_print(epoch->key).text, epoch->size,
                       hash_print(epoch->root).text, epoch->commit, hash_print(epoch->header).text);
}

// ---- parse ----

// Takes exactly these bytes off the front.
static bool take(struct bytes *rest, const char *word)
{
    const size_t size = strlen(word);
    if (rest->size < size || memcmp(rest->data, word, size) != 0) {
        return false;
    }
    *rest = bytes_of(rest->data + size, rest->size - size);
    return true;
}

// Decimal digits without zeros in front.
static bool take_number(struct bytes *rest, uint64_t *out)
{
    uint64_t number = 0;
    size_t count = 0;
    while (count < rest->size && rest->data[count] >= '0' && rest->data[count] <= '9') {
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(rest->data[count] - '0'), &number)) {
            return false;
        }
        count++;
    }
    if (count == 0 || (count > 1 && rest->data[0] == '0')) {
        return false;
    }
    *rest = bytes_of(rest->data + count, rest->size - count);
    *out = number;
    return true;
}

static bool take_time(struct bytes *rest, int64_t *out)
{
    uint64_t number = 0;
    if (!take_number(rest, &number) || number > INT64_MAX) {
        return false;
    }
    *out = (int64_t)number;
    return true;
}

static bool take_hash(struct bytes *rest, uint8_t out[static LEAF_BYTES])
{
    if (rest->size < HASH_TEXT - 1 ||
        !base64_parse(bytes_of(rest->data, HASH_TEXT - 1), out, LEAF_BYTES)) {
        return false;
    }
    *rest = bytes_of(rest->data + HASH_TEXT - 1, rest->size - (HASH_TEXT - 1));
    return true;
}

static bool take_origin(struct bytes *rest, uint8_t book_id[static BOOK_ID_BYTES])
{
    static const char DIGITS[] = "0123456789abcdef";
    if (!take(rest, "kontor/") || rest->size < 2 * (size_t)BOOK_ID_BYTES) {
        return false;
    }
    for (size_t i = 0; i < 2 * (size_t)BOOK_ID_BYTES; i++) {
        const char *digit = rest->data[i] != 0 ? strchr(DIGITS, rest->data[i]) : NULL;
        if (digit == NULL) {
            return false;
        }
        book_id[i / 2] = (uint8_t)((i % 2 == 0 ? 0 : book_id[i / 2] << 4) | (digit - DIGITS));
    }
    *rest =
        bytes_of(rest->data + 2 * (size_t)BOOK_ID_BYTES, rest->size - 2 * (size_t)BOOK_ID_BYTES);
    return true;
}

bool checkpoint_parse(struct bytes text, struct checkpoint *out)
{
    *out = (struct checkpoint){.size = 0};
    struct bytes rest = text;
    return take_origin(&rest, out->book_id) && take(&rest, "\n") &&
           take_number(&rest, &out->size) && take(&rest, "\n") && take_hash(&rest, out->root) &&
           take(&rest, "\nepoch ") && take_number(&rest, &out->epoch) &&
           take(&rest, "\ncheckpoint ") && take_number(&rest, &out->number) &&
           take(&rest, "\ncommit ") && take_number(&rest, &out->commit) && take(&rest, " ") &&
           take_hash(&rest, out->header) && take(&rest, "\ntime ") &&
           take_time(&rest, &out->time_us) && take(&rest, "\n") && rest.size == 0;
}

bool epoch_parse(struct bytes text, struct epoch *out)
{
    *out = (struct epoch){.size = 0};
    struct bytes rest = text;
    return take_origin(&rest, out->book_id) && take(&rest, " epoch\nepoch ") &&
           take_number(&rest, &out->number) && take(&rest, "\nkey ") &&
           take_hash(&rest, out->key) && take(&rest, "\nsize ") && take_number(&rest, &out->size) &&
           take(&rest, "\nroot ") && take_hash(&rest, out->root) && take(&rest, "\ncommit ") &&
           take_number(&rest, &out->commit) && take(&rest, " ") && take_hash(&rest, out->header) &&
           take(&rest, "\n") && rest.size == 0;
}

bool checkpoint_find(struct bytes text, struct bytes *note, struct checkpoint *out)
{
    static const char ORIGIN[] = "kontor/";
    const size_t size = sizeof ORIGIN - 1;
    for (size_t at = 0; at + size < text.size; at++) {
        const bool begins = at == 0 || text.data[at - 1] == '\n';
        const struct bytes rest = bytes_of(text.data + at, text.size - at);
        struct bytes signed_text;
        if (begins && memcmp(rest.data, ORIGIN, size) == 0 && note_text(rest, &signed_text) &&
            checkpoint_parse(signed_text, out)) {
            *note = rest;
            return true;
        }
    }
    return false;
}
