// SPDX-License-Identifier: Apache-2.0
#include "server/admit/presence.h"

#define FIRST_ROOM 64u

struct presences {
    struct presence *list; // by session id
    size_t count;
    size_t room;
};

enum status presences_make(struct presences **out)
{
    struct presences *presences = calloc(1, sizeof *presences);
    if (presences == NULL) {
        return STATUS_ENVIRONMENT;
    }
    *out = presences;
    return STATUS_OK;
}

void presences_free(struct presences *presences)
{
    if (presences != NULL) {
        free(presences->list);
        free(presences);
    }
}

// Index of the first session whose id is not below.
static size_t place_of(const struct presences *presences, uint64_t session_id)
{
    size_t low = 0;
    size_t high = presences->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (presences->list[middle].session_id < session_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum status grow(struct presences *presences)
{
    const size_t room = presences->room == 0 ? FIRST_ROOM : 2 * presences->room;
    struct presence *list = realloc(presences->list, room * sizeof *list);
    if (list == NULL) {
        return STATUS_ENVIRONMENT;
    }
    presences->list = list;
    presences->room = room;
    return STATUS_OK;
}

enum status presences_add(struct presences *presences, const struct presence *presence)
{
    assert(presence->session_id != 0);
    const size_t place = place_of(presences, presence->session_id);
    if (place < presences->count && presences->list[place].session_id == presence->session_id) {
        presences->list[place] = *presence;
        return STATUS_OK;
    }
    if (presences->count == presences->room) {
        const enum status status = grow(presences);
        if (status != STATUS_OK) {
            return status;
        }
    }
    struct presence *at = presences->list + place;
    memmove(at + 1, at, (presences->count - place) * sizeof *at);
    *at = *presence;
    presences->count++;
    return STATUS_OK;
}

struct presence *presences_find(struct presences *presences, uint64_t session_id)
{
    const size_t place = place_of(presences, session_id);
    const bool is_there =
        place < presences->count && presences->list[place].session_id == session_id;
    return is_there ? &presences->list[place] : NULL;
}

struct presence *presences_of_token(struct presences *presences,
                                    const uint8_t token_hash[static 32])
{
    for (size_t i = 0; i < presences->count; i++) {
        if (keys_equal(presences->list[i].token_hash, token_hash, 32)) {
            return &presences->list[i];
        }
    }
    return NULL;
}

void presences_remove(struct presences *presences, uint64_t session_id)
{
    struct presence *at = presences_find(presences, session_id);
    if (at != NULL) {
        presences->count--;
        const size_t behind = presences->count - (size_t)(at - presences->list);
        memmove(at, at + 1, behind * sizeof *at);
    }
}

size_t presences_count(const struct presences *presences)
{
    return presences->count;
}

struct presence *presences_at(struct presences *presences, size_t index)
{
    assert(index < presences->count);
    return &presences->list[index];
}
