// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"
#include "shared/text.h"

uint32_t people_user(const struct people *people, uint64_t user_id)
{
    size_t low = 0;
    size_t high = people->user_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (people->user[middle].id < user_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < people->user_count && people->user[low].id == user_id ? (uint32_t)low : NONE;
}

// Folded, on the heap; the arena of a batch is gone tomorrow.
static char *folded_copy(const char *text)
{
    struct arena *arena = arena_make(16384);
    char *folded = arena == NULL ? NULL : text_fold(arena, text);
    char *copy = folded == NULL ? NULL : strdup(folded);
    arena_free(arena);
    return copy;
}

static enum status replace(char **text, char *with)
{
    if (with == NULL) {
        return STATUS_ENVIRONMENT;
    }
    free(*text);
    *text = with;
    return STATUS_OK;
}

// A team is named by the index of its first user, so that comparing teams is comparing numbers.
static void number_teams(struct people *people)
{
    for (uint32_t i = 0; i < people->user_count; i++) {
        struct person *user = &people->user[i];
        user->team = NONE;
        for (uint32_t k = 0; k <= i && user->team_name[0] != '\0' && user->team == NONE; k++) {
            user->team = strcmp(people->user[k].team_name, user->team_name) == 0 ? k : NONE;
        }
    }
}

static enum status user_apply(struct people *people, const UserRecord *record)
{
    uint32_t index = people_user(people, record->id);
    if (index == NONE) {
        assert(people->user_count == 0 || people->user[people->user_count - 1].id < record->id);
        if (people->user_count == people->user_capacity) {
            bool whole = true;
            size_t capacity = column_capacity(people->user_capacity, people->user_count + 1);
            people->user = column_grow(people->user, people->user_count, capacity,
                                       sizeof *people->user, &whole);
            if (!whole) {
                return STATUS_ENVIRONMENT;
            }
            people->user_capacity = capacity;
        }
        index = (uint32_t)people->user_count++;
        people->user[index] = (struct person){.id = record->id, .team = NONE};
    }
    struct person *user = &people->user[index];
    bool moves = user->team_name == NULL || strcmp(user->team_name, record->team) != 0;
    enum status status = replace(&user->login, folded_copy(record->login));
    if (status == STATUS_OK && moves) {
        status = replace(&user->team_name, strdup(record->team));
        if (status == STATUS_OK) {
            number_teams(people);
        }
    }
    return status;
}

static enum status device_apply(struct people *people, const DeviceRecord *record)
{
    assert(record->key.len == KEY_BYTES);
    size_t index = 0;
    while (index < people->device_count && people->device[index].id != record->id) {
        index++;
    }
    if (index == people->device_count) {
        if (people->device_count == people->device_capacity) {
            bool whole = true;
            size_t capacity = column_capacity(people->device_capacity, people->device_count + 1);
            people->device = column_grow(people->device, people->device_count, capacity,
                                         sizeof *people->device, &whole);
            if (!whole) {
                return STATUS_ENVIRONMENT;
            }
            people->device_capacity = capacity;
        }
        people->device_count++;
        people->device[index] = (struct device){.id = record->id};
    }
    struct device *device = &people->device[index];
    device->active = record->state == DEVICE_STATE__DEVICE_STATE_ACTIVE;
    memcpy(device->key, record->key.data, KEY_BYTES);
    return replace(&device->name, folded_copy(record->name));
}

// `record` is NULL for a session whose row is gone.
static enum status session_apply(struct people *people, uint64_t id, const SessionRecord *record)
{
    size_t index = 0;
    while (index < people->session_count && people->session[index].id != id) {
        index++;
    }
    bool lives = record != NULL && !record->ended && record->token_hash.len == 32;
    if (!lives) {
        if (index < people->session_count) {
            people->session[index] = people->session[--people->session_count];
        }
        return STATUS_OK;
    }
    if (index == people->session_count) {
        if (people->session_count == people->session_capacity) {
            bool whole = true;
            size_t capacity = column_capacity(people->session_capacity, people->session_count + 1);
            people->session = column_grow(people->session, people->session_count, capacity,
                                          sizeof *people->session, &whole);
            if (!whole) {
                return STATUS_ENVIRONMENT;
            }
            people->session_capacity = capacity;
        }
        people->session_count++;
    }
    people->session[index].id = id;
    memcpy(people->session[index].token_hash, record->token_hash.data, 32);
    return STATUS_OK;
}

enum status people_apply(struct views *views, const struct change *change)
{
    const void *record = change->record;
    if (change->table == TABLE_session) {
        return session_apply(&views->people, row_key_first(&change->key), record);
    }
    assert(record != NULL);
    if (change->table == TABLE_user) {
        return user_apply(&views->people, record);
    }
    assert(change->table == TABLE_device);
    return device_apply(&views->people, record);
}

void people_free(struct people *people)
{
    for (size_t i = 0; i < people->user_count; i++) {
        free(people->user[i].login);
        free(people->user[i].team_name);
    }
    for (size_t i = 0; i < people->device_count; i++) {
        free(people->device[i].name);
    }
    free(people->user);
    free(people->device);
    free(people->session);
    *people = (struct people){0};
}

// ---- sight ----

// FNV-1a, its bits mixed once more. Which regions there are is no secret of those who may list
// customers, and every row is looked at again when it is read (rows.h).
WRAPS uint64_t region_key(const char *region)
{
    uint64_t key = 0xcbf29ce484222325u;
    for (const char *c = region; *c != '\0'; c++) {
        key = (key ^ (uint8_t)*c) * 0x100000001b3u;
    }
    key ^= key >> 32;
    return region[0] == '\0' ? 0 : key | 1;
}

struct sight sight_of(const struct views *views, const struct filter *filter)
{
    struct sight sight = {
        .me = NONE, .team = NONE, .people = &views->people, .customers = &views->customers};
    sight.all = filter == NULL || filter->scope == SCOPE_ALL;
    if (!sight.all && filter->scope != SCOPE_NONE) {
        sight.me = people_user(&views->people, filter->user_id);
        if (sight.me != NONE && (filter->scope == SCOPE_TEAM || filter->also_team)) {
            sight.team = views->people.user[sight.me].team;
        }
        if (filter->scope == SCOPE_REGION && filter->region != NULL) {
            sight.region = region_key(filter->region);
        }
    }
    return sight;
}

bool sight_sees(const struct sight *sight, uint32_t customer)
{
    if (sight->all) {
        return true;
    }
    if (customer >= sight->customers->count) {
        return false;
    }
    if (sight->region != 0 && sight->customers->region[customer] == sight->region) {
        return true;
    }
    uint32_t owner = sight->customers->owner[customer];
    if (owner == NONE) {
        return false;
    }
    return owner == sight->me ||
           (sight->team != NONE && sight->people->user[owner].team == sight->team);
}

bool sight_sees_document(const struct sight *sight, const struct views *views,
                         const struct documents *documents, uint32_t index)
{
    uint32_t customer = documents->customer[index];
    if (sight->all || customer != SEVERAL) {
        return sight_sees(sight, customer);
    }
    assert(documents == &views->entries);
    uint32_t end = index + 1 < documents->count ? documents->first_line[index + 1]
                                                : (uint32_t)views->lines.count;
    for (uint32_t i = documents->first_line[index]; i < end; i++) {
        if (views->lines.line[i].customer != NONE &&
            !sight_sees(sight, views->lines.line[i].customer)) {
            return false;
        }
    }
    return true;
}

bool filter_shows(const struct filter *filter, enum field_class field_class)
{
    return filter == NULL || filter->views[field_class] == VIEW_FULL;
}

// ---- for those who knock ----

bool views_session_of_token(const struct views *views, const uint8_t token_hash[static 32],
                            uint64_t *session_id)
{
    const struct people *people = &views->people;
    for (size_t i = 0; i < people->session_count; i++) {
        if (memcmp(people->session[i].token_hash, token_hash, 32) == 0) {
            *session_id = people->session[i].id;
            return true;
        }
    }
    return false;
}

bool views_device_of_key(const struct views *views, const uint8_t key[static KEY_BYTES],
                         uint64_t *device_id)
{
    const struct people *people = &views->people;
    for (size_t i = 0; i < people->device_count; i++) {
        if (people->device[i].active && memcmp(people->device[i].key, key, KEY_BYTES) == 0) {
            *device_id = people->device[i].id;
            return true;
        }
    }
    return false;
}

void digest_people(const struct people *people, struct view_digest *digest)
{
    for (size_t i = 0; i < people->user_count; i++) {
        const struct person *user = &people->user[i];
        uint64_t row[] = {user->id, user->team};
        digest_row(digest, "user", row, sizeof row);
        digest_row(digest, user->login, &user->id, sizeof user->id);
    }
    for (size_t i = 0; i < people->device_count; i++) {
        const struct device *device = &people->device[i];
        uint64_t row[2] = {device->id, device->active};
        digest_row(digest, device->name, row, sizeof row);
        digest_row(digest, "device key", device->key, KEY_BYTES);
    }
    for (size_t i = 0; i < people->session_count; i++) {
        digest_row(digest, "session", people->session[i].token_hash, 32);
    }
}
