// SPDX-License-Identifier: Apache-2.0
#include "server/ops/chain.h"

#include "shared/command.h"
#include "shared/wire.h"

#include "proto/envelope.pb-c.h"

#include <inttypes.h>

#define ROOM_FIRST 64u

static void broken(struct chain *chain)
{
    chain->is_broken = true;
}

void chain_init(struct chain *chain, struct verify_report *report, struct arena *kept)
{
    *chain = (struct chain){
        .report = report, .kept = kept, .last_us = INT64_MIN, .commit_us = INT64_MIN};
}

void chain_resume(struct chain *chain, const HeaderRecord *header, struct bytes packed,
                  const struct tree *tree)
{
    chain->tree = *tree;
    chain->records = header->size;
    chain->last_us = header->instant_us;
    chain->commit_us = header->instant_us;
    chain->forward_us = header->forward_us;
    if (header->boot.len == sizeof chain->boot) {
        memcpy(chain->boot, header->boot.data, sizeof chain->boot);
    }
    chain->commit = (struct chain_commit){.number = header->commit, .size = header->size};
    header_hash(packed, chain->commit.hash);
}

// ---- records ----

// A place in the column; what was used up at its front goes first.
static struct chain_leaf *next_place(struct chain *chain)
{
    if (chain->waiting_first == chain->waiting_count) {
        chain->waiting_first = 0;
        chain->waiting_count = 0;
    }
    if (chain->waiting_count == chain->waiting_room) {
        const size_t room = chain->waiting_room == 0 ? ROOM_FIRST : 2 * chain->waiting_room;
        struct chain_leaf *grown = arena_alloc(chain->kept, room * sizeof *grown);
        if (grown == NULL) {
            chain->is_exhausted = true;
            return NULL;
        }
        const size_t left = chain->waiting_count - chain->waiting_first;
        if (left > 0) {
            memcpy(grown, chain->waiting + chain->waiting_first, left * sizeof *grown);
        }
        chain->waiting = grown;
        chain->waiting_first = 0;
        chain->waiting_count = left;
        chain->waiting_room = room;
    }
    return &chain->waiting[chain->waiting_count++];
}

static bool request_decodes(struct arena *scratch, const JournalRecord *record)
{
    ProtobufCMessage *request = NULL;
    const struct command *command = command_by_number(record->command);
    return command != NULL && status_is_known(record->status) &&
           wire_unpack(scratch, &request__descriptor,
                       bytes_of(record->request.data, record->request.len),
                       &request) == STATUS_OK &&
           wire_inner_number(request) == record->command;
}

void chain_record(struct chain *chain, struct arena *scratch, struct bytes packed, uint8_t *leaf)
{
    if (chain->is_broken) {
        return;
    }
    const uint64_t expected = chain->records + 1;
    ProtobufCMessage *message = NULL;
    if (wire_unpack(scratch, &journal_record__descriptor, packed, &message) != STATUS_OK) {
        verify_find(chain->report, STATUS_TAMPERED, "record %" PRIu64 " does not decode", expected);
        broken(chain);
        return;
    }
    const JournalRecord *record = (const JournalRecord *)message;
    if (record->number != expected) {
        verify_find(chain->report, STATUS_INCOMPLETE,
                    "record %" PRIu64 " follows on record %" PRIu64, record->number,
                    chain->records);
        broken(chain);
        return;
    }
    if (!request_decodes(scratch, record)) {
        verify_find(chain->report, STATUS_TAMPERED,
                    "record %" PRIu64 " holds no request of this program", expected);
    }
    if (record->instant_us <= chain->last_us) {
        verify_find(chain->report, STATUS_TAMPERED,
                    "record %" PRIu64 " is not later than the one before", expected);
    }
    struct chain_leaf *place = next_place(chain);
    if (place == NULL) {
        broken(chain);
        return;
    }
    place->instant_us = record->instant_us;
    tree_leaf(packed, place->hash);
    if (leaf != NULL) {
        memcpy(leaf, place->hash, LEAF_BYTES);
    }
    chain->records = expected;
    chain->last_us = record->instant_us;
    if (chain->visit != NULL) {
        chain->visit(chain->visit_context, record);
    }
}

// ---- commits ----

static bool is_header(const HeaderRecord *header)
{
    return header->previous.len == LEAF_BYTES && header->root.len == LEAF_BYTES &&
           header->digest.len == DIGEST_BYTES && header->boot.len == 16 && header->commit > 0 &&
           header->commands > 0;
}

static const HeaderRecord *header_unpack(struct arena *scratch, struct bytes packed)
{
    ProtobufCMessage *message = NULL;
    if (wire_unpack(scratch, &header_record__descriptor, packed, &message) != STATUS_OK) {
        return NULL;
    }
    return is_header((const HeaderRecord *)message) ? (const HeaderRecord *)message : NULL;
}

bool chain_parse_commit(struct arena *scratch, struct bytes packed, struct chain_commit *out)
{
    const HeaderRecord *header = header_unpack(scratch, packed);
    if (header == NULL) {
        return false;
    }
    *out = (struct chain_commit){.number = header->commit, .size = header->size};
    memcpy(out->root, header->root.data, LEAF_BYTES);
    header_hash(packed, out->hash);
    return true;
}

// Moves the records of the commit into the tree; gives the moment of the last one.
static bool take_leaves(struct chain *chain, uint64_t commands, int64_t *last_us)
{
    if (chain->waiting_count - chain->waiting_first < commands) {
        return false;
    }
    for (uint64_t i = 0; i < commands; i++) {
        const struct chain_leaf *leaf = &chain->waiting[chain->waiting_first++];
        tree_append(&chain->tree, leaf->hash);
        *last_us = leaf->instant_us;
    }
    return true;
}

static void check_clocks(struct chain *chain, const HeaderRecord *header, int64_t last_us)
{
    if (header->instant_us != last_us || header->instant_us <= chain->commit_us) {
        verify_find(chain->report, STATUS_TAMPERED,
                    "commit %" PRIu64 " is of another moment than its last record", header->commit);
    }
    if (memcmp(header->boot.data, chain->boot, sizeof chain->boot) == 0 &&
        header->forward_us < chain->forward_us) {
        verify_find(chain->report, STATUS_TAMPERED,
                    "commit %" PRIu64 ": the clock that only runs forward ran back",
                    header->commit);
    }
}

static void keep_commit(struct chain *chain, const HeaderRecord *header, struct bytes packed)
{
    chain->commit = (struct chain_commit){.number = header->commit, .size = header->size};
    memcpy(chain->commit.root, header->root.data, LEAF_BYTES);
    header_hash(packed, chain->commit.hash);
    chain->commit_us = header->instant_us;
    chain->forward_us = header->forward_us;
    memcpy(chain->boot, header->boot.data, sizeof chain->boot);
    memcpy(chain->digest, header->digest.data, sizeof chain->digest);
}

void chain_commit(struct chain *chain, struct arena *scratch, struct bytes packed)
{
    if (chain->is_broken) {
        return;
    }
    struct verify_report *report = chain->report;
    const uint64_t expected = chain->commit.number + 1;
    const uint64_t first = chain->tree.size + 1;
    const HeaderRecord *header = header_unpack(scratch, packed);
    if (header == NULL) {
        verify_find(report, STATUS_TAMPERED, "commit %" PRIu64 ": its header does not decode",
                    expected);
        broken(chain);
        return;
    }
    if (header->commit != expected) {
        verify_find(report, STATUS_INCOMPLETE, "commit %" PRIu64 " follows on commit %" PRIu64,
                    header->commit, chain->commit.number);
        broken(chain);
        return;
    }
    int64_t last_us = 0;
    if (header->size != chain->tree.size + header->commands ||
        !take_leaves(chain, header->commands, &last_us)) {
        verify_find(report, STATUS_INCOMPLETE,
                    "commit %" PRIu64 ": records from %" PRIu64 " on are missing", expected, first);
        broken(chain);
        return;
    }
    uint8_t root[LEAF_BYTES];
    tree_root(&chain->tree, root);
    if (memcmp(root, header->root.data, LEAF_BYTES) != 0) {
        verify_find(report, STATUS_TAMPERED,
                    "records %" PRIu64 " to %" PRIu64 ": commit %" PRIu64
                    " has another root of the tree",
                    first, header->size, expected);
        broken(chain);
        return;
    }
    if (memcmp(header->previous.data, chain->commit.hash, LEAF_BYTES) != 0) {
        verify_find(report, STATUS_TAMPERED,
                    "commit %" PRIu64 " does not follow on the header before", expected);
    }
    check_clocks(chain, header, last_us);
    keep_commit(chain, header, packed);
}
