// SPDX-License-Identifier: Apache-2.0
#include "server/ops/audit.h"

#include <inttypes.h>

#define KEPT_BYTES    ((size_t)8 * 1024 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)64 * 1024 * 1024)

void trail_check_init(struct trail_check *check, struct verify_report *report, struct arena *kept,
                      struct bytes outside)
{
    *check = (struct trail_check){.outside = outside};
    chain_init(&check->chain, report, kept);
    anchors_init(&check->anchors, report, kept);
    if (outside.size > 0 && !note_commit(outside, &check->outside_commit)) {
        check->outside_commit = 0;
    }
}

static const struct chain_commit *commit_of(const struct trail_check *check, struct bytes note)
{
    uint64_t number = 0;
    const struct chain_commit *commit = &check->chain.commit;
    return note_commit(note, &number) && commit->number == number ? commit : NULL;
}

static void take_epoch(struct trail_check *check, struct bytes content)
{
    static const uint8_t NOBODY[KEY_BYTES] = {0};
    if (content.size <= KEY_BYTES) {
        anchors_epoch(&check->anchors, bytes_of(NULL, 0), bytes_of(NULL, 0), NULL);
        return;
    }
    const bool by_house = memcmp(content.data, NOBODY, KEY_BYTES) != 0;
    const struct bytes note = bytes_of(content.data + KEY_BYTES, content.size - KEY_BYTES);
    anchors_epoch(&check->anchors, bytes_of(content.data, by_house ? KEY_BYTES : 0), note,
                  commit_of(check, note));
    check->counts.epochs++;
}

static void take_end(struct trail_check *check, struct bytes content)
{
    struct trail_counts counts;
    check->counts.records = check->chain.records;
    check->counts.commits = check->chain.commit.number;
    if (!trail_parse_end(content, &counts) || memcmp(&counts, &check->counts, sizeof counts) != 0 ||
        check->chain.tree.size != check->chain.records) {
        verify_find(check->chain.report, STATUS_INCOMPLETE,
                    "the export holds another number of records than it says at its end");
    }
    check->ended = true;
}

// A commit closes all records before it; a note stands behind a whole commit.
static bool nothing_waits(struct trail_check *check)
{
    struct chain *chain = &check->chain;
    if (chain->waiting_first != chain->waiting_count) {
        verify_find(chain->report, STATUS_TAMPERED,
                    "behind record %" PRIu64 " something else stands than its commit",
                    chain->records);
        chain->is_broken = true;
    }
    return !chain->is_broken;
}

void trail_check_frame(struct trail_check *check, struct arena *scratch, enum trail_frame type,
                       struct bytes content)
{
    struct chain *chain = &check->chain;
    if (check->ended) {
        verify_find(chain->report, STATUS_TAMPERED, "the export goes on behind its end");
        chain->is_broken = true;
        return;
    }
    switch (type) {
    case TRAIL_RECORD:
        chain_record(chain, scratch, content, NULL);
        break;
    case TRAIL_COMMIT:
        chain_commit(chain, scratch, content);
        if (nothing_waits(check) && chain->commit.number == check->outside_commit) {
            check->outside_at = chain->commit;
            check->outside_seen = true;
        }
        break;
    case TRAIL_EPOCH:
        if (nothing_waits(check)) {
            take_epoch(check, content);
        }
        break;
    case TRAIL_CHECKPOINT:
        if (nothing_waits(check)) {
            anchors_checkpoint(&check->anchors, content, commit_of(check, content));
            check->counts.checkpoints++;
        }
        break;
    case TRAIL_END:
        take_end(check, content);
        break;
    }
}

void trail_check_end(struct trail_check *check)
{
    struct verify_report *report = check->chain.report;
    const bool is_sound = !check->chain.is_broken && !check->anchors.is_broken;
    if (!check->ended && is_sound) {
        verify_find(report, STATUS_INCOMPLETE, "the export ends behind record %" PRIu64,
                    check->chain.records);
    }
    if (check->outside.size > 0 && is_sound) {
        anchors_outside(&check->anchors, check->outside,
                        check->outside_seen ? &check->outside_at : NULL);
    }
    anchors_end(&check->anchors, check->chain.tree.size);
    report->number = check->chain.tree.size;
    report->commit_count = check->chain.commit.number;
    memcpy(report->tree_root, check->chain.commit.root, LEAF_BYTES);
}

// ---- the file ----

static void file_end(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

static bool is_over(const struct trail_check *check)
{
    return check->chain.is_broken || check->anchors.is_broken ||
           (check->stops_at_first && check->chain.report->finding_count > 0);
}

// One frame; END at the end of the file, also in the middle of a frame.
static enum status read_frame(struct trail_check *check, FILE *file, struct arena *scratch)
{
    uint8_t front[TRAIL_FRONT_BYTES];
    enum trail_frame type;
    size_t size = 0;
    const size_t found = fread(front, 1, sizeof front, file);
    if (found != sizeof front) {
        if (found > 0 && check->ended) {
            verify_find(check->chain.report, STATUS_TAMPERED, "the export goes on behind its end");
        }
        return ferror(file) ? STATUS_UNREADABLE : STATUS_END;
    }
    if (!trail_parse_front(front, &type, &size)) {
        verify_find(check->chain.report, STATUS_TAMPERED,
                    "behind record %" PRIu64 ": no frame of an export", check->chain.records);
        check->chain.is_broken = true;
        return STATUS_END;
    }
    arena_reset(scratch);
    uint8_t *content = arena_alloc(scratch, size + 1);
    if (content == NULL) {
        return STATUS_ENVIRONMENT;
    }
    if (fread(content, 1, size, file) != size) {
        check->ended = false; // something was to come
        return ferror(file) ? STATUS_UNREADABLE : STATUS_END;
    }
    trail_check_frame(check, scratch, type, bytes_of(content, size));
    return STATUS_OK;
}

enum status trail_check_read(struct trail_check *check, FILE *file, struct arena *scratch)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !is_over(check)) {
        status = read_frame(check, file, scratch);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status read_all(struct trail_check *check, FILE *file, struct arena *scratch)
{
    uint8_t magic[TRAIL_MAGIC_BYTES];
    if (fread(magic, 1, sizeof magic, file) != sizeof magic ||
        memcmp(magic, TRAIL_MAGIC, sizeof magic) != 0) {
        verify_find(check->chain.report, STATUS_UNREADABLE, "the file is no export");
        return STATUS_OK;
    }
    const enum status status = trail_check_read(check, file, scratch);
    trail_check_end(check);
    return status;
}

enum status audit_trail(const char *path, const struct audit_outside *outside,
                        struct verify_report *report)
{
    CLEANUP(arena_free_at) struct arena *kept = arena_make(KEPT_BYTES);
    CLEANUP(arena_free_at) struct arena *scratch = arena_make(SCRATCH_BYTES);
    CLEANUP(file_end) FILE *file = fopen(path, "rbe");
    if (kept == NULL || scratch == NULL) {
        return STATUS_ENVIRONMENT;
    }
    if (file == NULL) {
        verify_find(report, STATUS_UNREADABLE, "the export cannot be opened");
        return STATUS_OK;
    }
    struct bytes note = bytes_of(NULL, 0);
    enum status status = outside_read(outside, kept, &note);
    if (status != STATUS_OK) {
        return status;
    }
    struct trail_check check;
    trail_check_init(&check, report, kept, note);
    if (outside->house != NULL) {
        memcpy(check.anchors.house, outside->house, KEY_BYTES);
        check.anchors.has_house = true;
    }
    status = read_all(&check, file, scratch);
    return status == STATUS_OK && (check.chain.is_exhausted || check.anchors.is_exhausted)
               ? STATUS_ENVIRONMENT
               : status;
}
