// SPDX-License-Identifier: Apache-2.0
#include "server/store/rights_cache.h"

#include "server/store/inside.h"

struct kept {
    struct rights_key key;
    struct rights rights;
    bool is_used; // since the hand passed
};

struct rights_cache {
    pthread_mutex_t mutex;
    size_t count;
    size_t hand; // goes round to find one that was not used
    struct kept kept[RIGHTS_CACHED_USERS];
};

struct rights_cache *rights_cache_make(void)
{
    struct rights_cache *cache = malloc(sizeof *cache);
    if (cache == NULL) {
        return NULL;
    }
    cache->count = 0;
    cache->hand = 0;
    if (pthread_mutex_init(&cache->mutex, NULL) != 0) {
        free(cache);
        return NULL;
    }
    return cache;
}

void rights_cache_free(struct rights_cache *cache)
{
    if (cache != NULL) {
        (void)pthread_mutex_destroy(&cache->mutex);
        free(cache);
    }
}

enum status rights_key_of(struct txn *txn, const UserRecord *user, struct rights_key *out,
                          bool *is_whole)
{
    *out = (struct rights_key){.count = 0};
    *is_whole = user->n_role <= RIGHTS_KEY_ROLES;
    for (size_t i = 0; *is_whole && i < user->n_role; i++) {
        const enum status status =
            row_stamp(txn, TABLE_role, key_u64(user->role[i]), out->stamp[i], is_whole);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
        out->role_id[i] = user->role[i];
        out->count++;
    }
    return STATUS_OK;
}

static bool is_same(const struct rights_key *a, const struct rights_key *b)
{
    return a->count == b->count && memcmp(a->stamp, b->stamp, sizeof a->stamp) == 0 &&
           memcmp(a->role_id, b->role_id, sizeof a->role_id) == 0;
}

static void note_reads(struct txn *txn, const struct rights_key *key)
{
    for (size_t i = 0; i < key->count; i++) {
        const struct row_key row = key_u64(key->role_id[i]);
        plan_note(txn, TABLE_role, &row, get_u32(key->stamp[i] + STAMP_VERSION));
    }
}

bool rights_cache_find(struct txn *txn, const struct rights_key *key, struct rights *out)
{
    struct rights_cache *cache = txn->store->rights;
    bool found = false;
    (void)pthread_mutex_lock(&cache->mutex);
    for (size_t i = 0; !found && i < cache->count; i++) {
        if (is_same(&cache->kept[i].key, key)) {
            *out = cache->kept[i].rights;
            cache->kept[i].is_used = true;
            found = true;
        }
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    if (found) {
        note_reads(txn, key);
    }
    return found;
}

// The next one that nobody asked for since the hand passed it.
static struct kept *place(struct rights_cache *cache)
{
    if (cache->count < RIGHTS_CACHED_USERS) {
        return &cache->kept[cache->count++];
    }
    while (cache->kept[cache->hand].is_used) {
        cache->kept[cache->hand].is_used = false;
        cache->hand = (cache->hand + 1) % RIGHTS_CACHED_USERS;
    }
    struct kept *kept = &cache->kept[cache->hand];
    cache->hand = (cache->hand + 1) % RIGHTS_CACHED_USERS;
    return kept;
}

void rights_cache_keep(struct txn *txn, const struct rights_key *key, const struct rights *rights)
{
    struct rights_cache *cache = txn->store->rights;
    (void)pthread_mutex_lock(&cache->mutex);
    struct kept *kept = place(cache);
    kept->key = *key;
    kept->rights = *rights;
    kept->is_used = true;
    (void)pthread_mutex_unlock(&cache->mutex);
}
