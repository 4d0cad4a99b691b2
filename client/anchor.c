// SPDX-License-Identifier: Apache-2.0
#include "client/anchor.h"

#include "shared/proof.h"

#define FINDING(name, status, sentence) {STATUS_##status, sentence},

static const struct {
    enum status status;
    const char *sentence;
} FINDINGS[] = {

#include "client/findings.def"
};
#undef FINDING

enum status finding_status(enum finding finding)
{
    assert((size_t)finding < COUNT_OF(FINDINGS));
    return FINDINGS[finding].status;
}

const char *finding_sentence(enum finding finding)
{
    assert((size_t)finding < COUNT_OF(FINDINGS));
    return FINDINGS[finding].sentence;
}

// ---- what the handshake tells ----

enum finding anchor_greeted(const struct anchor *held, const struct greeting *greeting)
{
    if (held->size == 0) {
        return ANCHOR_GOOD;
    }
    if (memcmp(held->book_id, greeting->book_id, BOOK_ID_BYTES) != 0) {
        return ANCHOR_OTHER_BOOK;
    }
    if (greeting->tree_size < held->size) {
        return ANCHOR_SHORTER;
    }
    if (greeting->timeline != held->timeline) {
        return ANCHOR_TIMELINE;
    }
    const bool same = memcmp(held->root, greeting->tree_root, LEAF_BYTES) == 0;
    return greeting->tree_size == held->size && !same ? ANCHOR_OTHER_ROOT : ANCHOR_GOOD;
}

bool anchor_needs_proof(const struct anchor *held, const struct greeting *greeting)
{
    return held->size != greeting->tree_size || held->signed_number == 0;
}

void anchor_ask(const struct anchor *held, const struct greeting *greeting, AuditProof *out)
{
    audit_proof__init(out);
    out->size = held->size;
    out->to_size = greeting->tree_size;
    out->epochs = held->epochs;
}

// ---- the proof ----

struct view {
    uint64_t size;
    const uint8_t *root;
};

static bool path_holds(struct view one, struct view other, const ProtobufCBinaryData *path,
                       size_t count)
{
    const bool in_order = one.size <= other.size;
    const struct view *from = in_order ? &one : &other;
    const struct view *to = in_order ? &other : &one;
    uint8_t hash[PROOF_HASHES_MAX][LEAF_BYTES];
    if (count > PROOF_HASHES_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (path[i].len != LEAF_BYTES) {
            return false;
        }
        memcpy(hash[i], path[i].data, LEAF_BYTES);
    }
    return tree_check_consistency(from->size, to->size, (const uint8_t(*)[LEAF_BYTES])hash, count,
                                  from->root, to->root) == STATUS_OK;
}

// The chain of epochs from what is held up to the one that is wanted: each statement is signed by
// the key that the one before it names; the first, and one that follows a lost key, by the house
// key.
static enum finding epochs_check(const uint8_t house_key[static KEY_BYTES],
                                 const AuditProofReply *reply, uint64_t wanted, struct anchor *next)
{
    char house[NOTE_NAME_MAX];
    char origin[NOTE_NAME_MAX];
    audit_house_name(next->book_id, house);
    audit_origin(next->book_id, origin);
    for (size_t i = 0; i < reply->n_epoch && next->epochs <= wanted; i++) {
        const struct bytes note = bytes_of(reply->epoch[i].data, reply->epoch[i].len);
        struct bytes text = {0};
        struct epoch epoch;
        const bool is_signed =
            (next->epochs > 0 && note_check(note, origin, next->epoch_key, &text) == STATUS_OK) ||
            note_check(note, house, house_key, &text) == STATUS_OK;
        if (!is_signed || !epoch_parse(text, &epoch) || epoch.number != next->epochs ||
            memcmp(epoch.book_id, next->book_id, BOOK_ID_BYTES) != 0) {
            return ANCHOR_BAD_EPOCH;
        }
        memcpy(next->epoch_key, epoch.key, KEY_BYTES);
        next->epochs++;
    }
    if (next->epochs > wanted) {
        return ANCHOR_GOOD;
    }
    return reply->n_epoch > 0 ? ANCHOR_MORE : ANCHOR_BAD_EPOCH;
}

// Neither older than the one held, nor another of the same number.
static bool is_later(const struct anchor *held, const struct checkpoint *checkpoint)
{
    return checkpoint->number >= held->signed_number && checkpoint->size >= held->signed_size &&
           checkpoint->epoch + 1 >= held->epochs &&
           (checkpoint->number != held->signed_number || checkpoint->size == held->signed_size);
}

static enum finding checkpoint_check(const struct anchor *held, const struct greeting *greeting,
                                     const uint8_t house_key[static KEY_BYTES],
                                     const AuditProofReply *reply, struct anchor *next)
{
    const struct bytes note = bytes_of(reply->checkpoint.data, reply->checkpoint.len);
    struct bytes text = {0};
    struct checkpoint checkpoint;
    if (note.size == 0) {
        return held->signed_number > 0 ? ANCHOR_SIGNED_BACK : ANCHOR_UNSIGNED;
    }
    if (!note_text(note, &text) || !checkpoint_parse(text, &checkpoint) ||
        memcmp(checkpoint.book_id, greeting->book_id, BOOK_ID_BYTES) != 0) {
        return ANCHOR_BAD_SIGNATURE;
    }
    if (!is_later(held, &checkpoint)) {
        return ANCHOR_SIGNED_BACK;
    }
    const enum finding chain = epochs_check(house_key, reply, checkpoint.epoch, next);
    if (chain != ANCHOR_GOOD) {
        return chain;
    }
    char origin[NOTE_NAME_MAX];
    audit_origin(next->book_id, origin);
    if (note_check(note, origin, next->epoch_key, &text) != STATUS_OK) {
        return ANCHOR_BAD_SIGNATURE;
    }
    const struct view shown = {greeting->tree_size, greeting->tree_root};
    const struct view covered = {checkpoint.size, checkpoint.root};
    if (!path_holds(covered, shown, reply->checkpoint_path, reply->n_checkpoint_path)) {
        return ANCHOR_SIGNED_OTHER;
    }
    if (shown.size > covered.size && shown.size - covered.size > ANCHOR_UNSIGNED_MAX) {
        return ANCHOR_UNSIGNED;
    }
    next->signed_number = checkpoint.number;
    next->signed_size = checkpoint.size;
    return ANCHOR_GOOD;
}

enum finding anchor_check(const struct anchor *held, const struct greeting *greeting,
                          const uint8_t house_key[static KEY_BYTES], const AuditProofReply *reply,
                          int64_t now_ms, struct anchor *next)
{
    const enum finding greeted = anchor_greeted(held, greeting);
    if (greeted != ANCHOR_GOOD) {
        return greeted;
    }
    const struct view shown = {greeting->tree_size, greeting->tree_root};
    const struct view own = {held->size, held->root};
    if (held->size > 0 && !path_holds(own, shown, reply->path, reply->n_path)) {
        return ANCHOR_NOT_PROVEN;
    }
    struct anchor found = *held;
    memcpy(found.book_id, greeting->book_id, BOOK_ID_BYTES);
    const enum finding finding = checkpoint_check(held, greeting, house_key, reply, &found);
    if (finding == ANCHOR_GOOD) {
        found.timeline = greeting->timeline;
        found.size = greeting->tree_size;
        memcpy(found.root, greeting->tree_root, LEAF_BYTES);
        found.seen_ms = now_ms;
    }
    if (finding == ANCHOR_GOOD || finding == ANCHOR_MORE) {
        *next = found;
    }
    return finding;
}

enum finding anchor_walk(struct anchor *chain, const uint8_t house_key[static KEY_BYTES],
                         const AuditProofReply *reply, uint64_t epoch)
{
    return epochs_check(house_key, reply, epoch, chain);
}

struct anchor anchor_join(const struct anchor *one, const struct anchor *other)
{
    struct anchor joined = one->size > other->size ? *one : *other;
    const struct anchor *later = one->signed_number > other->signed_number ? one : other;
    joined.epochs = later->epochs;
    memcpy(joined.epoch_key, later->epoch_key, KEY_BYTES);
    joined.signed_number = later->signed_number;
    joined.signed_size = later->signed_size;
    return joined;
}

enum finding anchor_agree(const struct anchor *one, const struct anchor *other,
                          const AuditProofReply *reply)
{
    if (memcmp(one->book_id, other->book_id, BOOK_ID_BYTES) != 0) {
        return ANCHOR_OTHER_BOOK;
    }
    const struct view left = {one->size, one->root};
    const struct view right = {other->size, other->root};
    return path_holds(left, right, reply->path, reply->n_path) ? ANCHOR_GOOD : ANCHOR_NOT_PROVEN;
}
