// SPDX-License-Identifier: Apache-2.0
#include "client/seen.h"

#include "client/kept.h"
#include "shared/limits.h"

#define SEEN_KEY_ID  2
#define SEEN_CONTEXT "kntrseen"
#define CODE_BYTES   32

// Over the name of the context and the object without its code, in the one form that it has.
static bool code_of(json_t *json, const char *name, const struct key *secret,
                    uint8_t out[static CODE_BYTES])
{
    CLEANUP(text_free_at) char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL) {
        return false;
    }
    CLEANUP(key_wipe) struct key key = key_derive(secret, SEEN_KEY_ID, SEEN_CONTEXT);
    uint8_t part[CODE_BYTES];
    key_hash(&key, bytes_of(name, strlen(name)), part, sizeof part);
    CLEANUP(key_wipe) struct key bound;
    memcpy(bound.bytes, part, sizeof bound.bytes);
    key_hash(&bound, bytes_of(text, strlen(text)), out, CODE_BYTES);
    return true;
}

static bool is_own(json_t *json, const char *name, const struct key *secret)
{
    uint8_t shown[CODE_BYTES];
    uint8_t right[CODE_BYTES];
    return hex_get(json, "code", shown, sizeof shown) && json_object_del(json, "code") == 0 &&
           code_of(json, name, secret, right) && keys_equal(shown, right, CODE_BYTES);
}

enum seen_loaded seen_load(const struct home *home, struct arena *arena, const char *name,
                           const struct key *secret, struct seen *out)
{
    const char *path = NULL;
    CLEANUP(json_free_at) json_t *json = NULL;
    *out = (struct seen){.position_size = 0};
    enum status status = context_path(arena, home, name, "seen", &path);
    if (status == STATUS_OK) {
        status = json_read(arena, path, &json);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? SEEN_NEW : SEEN_FORGED;
    }
    struct anchor anchor = {0};
    if (!is_own(json, name, secret) || !hex_get(json, "book", anchor.book_id, BOOK_ID_BYTES) ||
        !hex_get(json, "tree_root", anchor.root, LEAF_BYTES) ||
        !hex_get(json, "epoch_key", anchor.epoch_key, KEY_BYTES)) {
        return SEEN_FORGED;
    }
    const char *position = json_string_value(json_object_get(json, "position"));
    const size_t size = position == NULL ? 0 : strlen(position) / 2;
    if (size > 0 && size <= POSITION_BYTES_MAX && hex_get(json, "position", out->position, size)) {
        out->position_size = size;
    }
    anchor.timeline = (uint32_t)number_get(json, "timeline");
    anchor.size = number_get(json, "tree_size");
    anchor.seen_ms = (int64_t)number_get(json, "seen_ms");
    anchor.epochs = number_get(json, "epochs");
    anchor.signed_number = number_get(json, "signed_number");
    anchor.signed_size = number_get(json, "signed_size");
    out->anchor = anchor;
    return SEEN_HELD;
}

static bool write_as(const struct seen_keeping *keeping, const char *path, const struct seen *seen)
{
    const struct anchor *anchor = &seen->anchor;
    CLEANUP(json_free_at) json_t *json = json_object();
    uint8_t code[CODE_BYTES];
    int failed = hex_set(json, "position", seen->position, seen->position_size);
    failed |= hex_set(json, "book", anchor->book_id, BOOK_ID_BYTES);
    failed |= hex_set(json, "tree_root", anchor->root, LEAF_BYTES);
    failed |= hex_set(json, "epoch_key", anchor->epoch_key, KEY_BYTES);
    failed |= number_set(json, "timeline", anchor->timeline);
    failed |= number_set(json, "tree_size", anchor->size);
    failed |= number_set(json, "seen_ms", (uint64_t)anchor->seen_ms);
    failed |= number_set(json, "epochs", anchor->epochs);
    failed |= number_set(json, "signed_number", anchor->signed_number);
    failed |= number_set(json, "signed_size", anchor->signed_size);
    if (failed != 0 || !code_of(json, keeping->name, keeping->secret, code) ||
        hex_set(json, "code", code, sizeof code) != 0) {
        return false;
    }
    CLEANUP(text_free_at) char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    return text != NULL && home_replace(path, bytes_of(text, strlen(text))) == STATUS_OK;
}

static bool same_tree(const struct anchor *one, const struct anchor *other)
{
    return one->size == other->size && memcmp(one->root, other->root, LEAF_BYTES) == 0 &&
           memcmp(one->book_id, other->book_id, BOOK_ID_BYTES) == 0;
}

enum seen_saved seen_save(const struct seen_keeping *keeping, const struct seen *seen,
                          const struct anchor *known, struct anchor *kept)
{
    CLEANUP(home_close_at) int lock = -1;
    const char *path = NULL;
    struct seen current;
    if (home_lock(keeping->home, &lock) != STATUS_OK ||
        context_path(keeping->arena, keeping->home, keeping->name, "seen", &path) != STATUS_OK ||
        seen_load(keeping->home, keeping->arena, keeping->name, keeping->secret, &current) ==
            SEEN_FORGED) {
        return SEEN_FAILED;
    }
    struct seen next = *seen;
    if (!same_tree(&current.anchor, known) && !same_tree(&current.anchor, &seen->anchor)) {
        *kept = current.anchor;
        return SEEN_CHANGED;
    }
    next.anchor = anchor_join(&current.anchor, &seen->anchor);
    return write_as(keeping, path, &next) ? SEEN_SAVED : SEEN_FAILED;
}
