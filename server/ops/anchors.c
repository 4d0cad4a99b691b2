// SPDX-License-Identifier: Apache-2.0
#include "server/ops/chain.h"

#include <inttypes.h>

#define EPOCHS_FIRST 16u
// A server signs behind so many records at the latest; a batch may be on top.
#define UNSIGNED_MAX ((uint64_t)CHECKPOINT_RECORDS + BATCH_CALLS_MAX)

void anchors_init(struct anchors *anchors, struct verify_report *report, struct arena *kept)
{
    *anchors = (struct anchors){.report = report, .kept = kept};
}

static bool book_fits(struct anchors *anchors, const uint8_t book_id[static BOOK_ID_BYTES])
{
    if (!anchors->has_book) {
        memcpy(anchors->book_id, book_id, BOOK_ID_BYTES);
        anchors->has_book = true;
    }
    return memcmp(anchors->book_id, book_id, BOOK_ID_BYTES) == 0;
}

static bool commit_fits(const struct chain_commit *at, uint64_t number, uint64_t size,
                        const uint8_t root[static LEAF_BYTES],
                        const uint8_t hash[static LEAF_BYTES])
{
    return at != NULL && at->number == number && at->size == size &&
           memcmp(at->root, root, LEAF_BYTES) == 0 && memcmp(at->hash, hash, LEAF_BYTES) == 0;
}

// ---- epochs ----

static bool keep_epoch(struct anchors *anchors, const struct epoch *epoch, bool by_house)
{
    if (anchors->epoch_count == anchors->epoch_room) {
        const size_t room = anchors->epoch_room == 0 ? EPOCHS_FIRST : 2 * anchors->epoch_room;
        struct anchor_epoch *grown = arena_alloc(anchors->kept, room * sizeof *grown);
        if (grown == NULL) {
            anchors->is_exhausted = true;
            return false;
        }
        if (anchors->epoch_count > 0) {
            memcpy(grown, anchors->epoch, anchors->epoch_count * sizeof *grown);
        }
        anchors->epoch = grown;
        anchors->epoch_room = room;
    }
    struct anchor_epoch *place = &anchors->epoch[anchors->epoch_count++];
    memcpy(place->key, epoch->key, sizeof place->key);
    place->by_house = by_house;
    return true;
}

// The first epoch is the house key's; a later one is signed by the one before, or by the house key
// when that was lost.
static bool epoch_is_signed(struct anchors *anchors, struct bytes house, struct bytes note,
                            const struct epoch *epoch)
{
    char name[NOTE_NAME_MAX];
    struct bytes text;
    if (house.size == 0) {
        audit_origin(epoch->book_id, name);
        return anchors->epoch_count > 0 &&
               note_check(note, name, anchors->epoch[anchors->epoch_count - 1].key, &text) ==
                   STATUS_OK;
    }
    if (house.size != KEY_BYTES) {
        return false;
    }
    if (!anchors->has_house) {
        memcpy(anchors->house, house.data, KEY_BYTES);
        anchors->has_house = true;
    }
    audit_house_name(epoch->book_id, name);
    return memcmp(anchors->house, house.data, KEY_BYTES) == 0 &&
           note_check(note, name, anchors->house, &text) == STATUS_OK;
}

void anchors_epoch(struct anchors *anchors, struct bytes house, struct bytes note,
                   const struct chain_commit *at)
{
    if (anchors->is_broken) {
        return;
    }
    struct verify_report *report = anchors->report;
    const uint64_t expected = anchors->epoch_count;
    struct epoch epoch;
    struct bytes text;
    anchors->is_broken = true; // nothing behind a bad epoch can be checked
    if (!note_text(note, &text) || !epoch_parse(text, &epoch)) {
        verify_find(report, STATUS_TAMPERED, "epoch %" PRIu64 ": its statement does not decode",
                    expected);
    } else if (epoch.number != expected) {
        verify_find(report, STATUS_INCOMPLETE, "epoch %" PRIu64 " is missing", expected);
    } else if (!book_fits(anchors, epoch.book_id)) {
        verify_find(report, STATUS_TAMPERED, "epoch %" PRIu64 " is of another book", expected);
    } else if (!epoch_is_signed(anchors, house, note, &epoch)) {
        verify_find(report, STATUS_TAMPERED,
                    "epoch %" PRIu64 " is not signed by the key of the one before%s", expected,
                    expected == 0 || house.size > 0 ? ", which is the house key" : "");
    } else if (!commit_fits(at, epoch.commit, epoch.size, epoch.root, epoch.header)) {
        verify_find(report, STATUS_TAMPERED,
                    "epoch %" PRIu64 ": the journal up to record %" PRIu64
                    " is another than the key before signed",
                    expected, epoch.size);
    } else {
        anchors->is_broken = !keep_epoch(anchors, &epoch, house.size > 0);
    }
}

// ---- checkpoints ----

void anchors_checkpoint(struct anchors *anchors, struct bytes note, const struct chain_commit *at)
{
    if (anchors->is_broken) {
        return;
    }
    struct verify_report *report = anchors->report;
    const uint64_t expected = anchors->checkpoint + 1;
    struct checkpoint checkpoint;
    struct bytes text;
    char name[NOTE_NAME_MAX];
    if (!note_text(note, &text) || !checkpoint_parse(text, &checkpoint)) {
        verify_find(report, STATUS_TAMPERED, "checkpoint %" PRIu64 " does not decode", expected);
        anchors->is_broken = true;
        return;
    }
    if (checkpoint.number != expected) {
        verify_find(report, STATUS_INCOMPLETE, "checkpoint %" PRIu64 " is missing", expected);
        anchors->is_broken = true;
        return;
    }
    audit_origin(checkpoint.book_id, name);
    // Only the epoch that was on could sign: a later key says nothing about what was before it.
    if (anchors->epoch_count == 0 || checkpoint.epoch != anchors->epoch_count - 1) {
        verify_find(report, STATUS_TAMPERED,
                    "checkpoint %" PRIu64 " is of epoch %" PRIu64 ", which was not on", expected,
                    checkpoint.epoch);
    } else if (!book_fits(anchors, checkpoint.book_id) ||
               note_check(note, name, anchors->epoch[checkpoint.epoch].key, &text) != STATUS_OK) {
        verify_find(report, STATUS_TAMPERED,
                    "checkpoint %" PRIu64 " is not signed by the key of epoch %" PRIu64, expected,
                    checkpoint.epoch);
    } else if (!commit_fits(at, checkpoint.commit, checkpoint.size, checkpoint.root,
                            checkpoint.header)) {
        verify_find(report, STATUS_TAMPERED,
                    "checkpoint %" PRIu64 ": the journal up to record %" PRIu64
                    " is another than was signed",
                    expected, checkpoint.size);
    } else if (checkpoint.size <= anchors->size) {
        verify_find(report, STATUS_TAMPERED, "checkpoint %" PRIu64 " is not beyond the one before",
                    expected);
    }
    anchors->checkpoint = expected;
    anchors->size = checkpoint.size;
}

void anchors_outside(struct anchors *anchors, struct bytes note, const struct chain_commit *at)
{
    struct verify_report *report = anchors->report;
    struct checkpoint checkpoint;
    struct bytes text;
    char name[NOTE_NAME_MAX];
    if (!note_text(note, &text) || !checkpoint_parse(text, &checkpoint)) {
        verify_find(report, STATUS_UNREADABLE, "the checkpoint kept outside does not decode");
        return;
    }
    audit_origin(checkpoint.book_id, name);
    if (anchors->has_book &&
        memcmp(anchors->book_id, checkpoint.book_id, sizeof checkpoint.book_id) != 0) {
        verify_find(report, STATUS_TAMPERED, "the checkpoint kept outside is of another book");
    } else if (at == NULL) {
        verify_find(report, STATUS_INCOMPLETE,
                    "the journal is shorter than the checkpoint kept outside: record %" PRIu64
                    " is missing",
                    checkpoint.size);
    } else if (!commit_fits(at, checkpoint.commit, checkpoint.size, checkpoint.root,
                            checkpoint.header)) {
        verify_find(report, STATUS_TAMPERED,
                    "the journal up to record %" PRIu64 " is another than the checkpoint kept "
                    "outside says",
                    checkpoint.size);
    } else if (checkpoint.epoch >= anchors->epoch_count ||
               note_check(note, name, anchors->epoch[checkpoint.epoch].key, &text) != STATUS_OK) {
        verify_find(report, STATUS_TAMPERED,
                    "the checkpoint kept outside is not signed by the key of epoch %" PRIu64,
                    checkpoint.epoch);
    }
}

void anchors_end(struct anchors *anchors, uint64_t size)
{
    struct verify_report *report = anchors->report;
    report->epoch_count = anchors->epoch_count;
    report->checkpoint_count = anchors->checkpoint;
    report->unsigned_count = size > anchors->size ? size - anchors->size : 0;
    report->has_house = anchors->has_house;
    memcpy(report->house, anchors->house, sizeof report->house);
    if (anchors->is_broken) {
        return;
    }
    if (anchors->epoch_count == 0 || anchors->checkpoint == 0) {
        verify_find(report, STATUS_INCOMPLETE, "the journal is not signed");
    } else if (report->unsigned_count > UNSIGNED_MAX) {
        verify_find(report, STATUS_INCOMPLETE,
                    "%" PRIu64 " records lie behind the last checkpoint: later ones are missing",
                    report->unsigned_count);
    }
}

// ---- order ----

bool note_commit(struct bytes note, uint64_t *out)
{
    struct bytes text;
    struct checkpoint checkpoint;
    struct epoch epoch;
    if (!note_text(note, &text)) {
        return false;
    }
    if (checkpoint_parse(text, &checkpoint)) {
        *out = checkpoint.commit;
        return true;
    }
    *out = epoch_parse(text, &epoch) ? epoch.commit : 0;
    return *out != 0;
}

bool anchors_checkpoint_is_next(const struct anchors *anchors, struct bytes checkpoint,
                                struct bytes epoch)
{
    struct bytes text;
    struct checkpoint signed_one;
    uint64_t commit = 0;
    if (checkpoint.size == 0 || epoch.size == 0) {
        return epoch.size == 0;
    }
    if (!note_text(checkpoint, &text) || !checkpoint_parse(text, &signed_one) ||
        !note_commit(epoch, &commit)) {
        return true; // either is found to be bad
    }
    return signed_one.commit < commit ||
           (signed_one.commit == commit && signed_one.epoch < anchors->epoch_count);
}
