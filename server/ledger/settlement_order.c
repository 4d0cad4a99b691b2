// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/settlement_order.h"

#define GROUP_KEYS 3 // of the statutory order: claims that agree in them share in proportion

static SettlementProfile chart_profile(const struct books *books)
{
    return chart_is_chinese(books->chart) ? SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_STATUTORY
                                          : SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_OLDEST_DUE;
}

SettlementProfile settlement_book_profile(const struct books *books)
{
    const SettlementProfile own = books->record->profile;
    return own != SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_UNSET ? own : chart_profile(books);
}

static const char *word_of(SettlementProfile profile)
{
    switch ((int)profile) {
    case SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_STATUTORY:
        return "statutory";
    case SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_FIFO:
        return "fifo";
    case SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_NEWEST:
        return "newest";
    default:
        return "oldest-due";
    }
}

// ---- claims ----

static uint64_t claim_of(const ItemRecord *record)
{
    return record->claim_id != 0 ? record->claim_id : record->id;
}

// Costs, interest, principal: the greater number is settled first.
static int compare_in_claim(const void *a, const void *b)
{
    const ItemRecord *left = (*(struct item *const *)a)->record;
    const ItemRecord *right = (*(struct item *const *)b)->record;
    const uint64_t left_claim = claim_of(left);
    const uint64_t right_claim = claim_of(right);
    if (left_claim != right_claim) {
        return left_claim < right_claim ? -1 : 1;
    }
    if (left->nature != right->nature) {
        return left->nature > right->nature ? -1 : 1;
    }
    if (left->due_day != right->due_day) {
        return left->due_day < right->due_day ? -1 : 1;
    }
    return (left->id > right->id) - (left->id < right->id);
}

static enum status make_claims(struct books *books, const struct item_list *items, bool by_claim,
                               struct claim **out, size_t *count)
{
    struct item **own = arena_alloc(books->arena, (items->count + 1) * sizeof(struct item *));
    struct claim *claim = arena_alloc(books->arena, (items->count + 1) * sizeof *claim);
    if (own == NULL || claim == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < items->count; i++) {
        own[i] = items->item[i];
    }
    if (by_claim && items->count > 1) {
        qsort(own, items->count, sizeof(struct item *), compare_in_claim);
    }
    size_t made = 0;
    for (size_t i = 0; i < items->count; i++) {
        const bool goes_on = by_claim && made > 0 &&
                             claim_of(own[i]->record) == claim_of(claim[made - 1].item[0]->record);
        if (!goes_on) {
            claim[made] = (struct claim){.item = &own[i]};
            made++;
        }
        claim[made - 1].count++;
    }
    *out = claim;
    *count = made;
    return STATUS_OK;
}

// ---- keys ----

static void statutory_key(struct claim *claim, int32_t day)
{
    int32_t due_day = claim->item[0]->record->due_day;
    bool is_heavy = false;
    for (size_t i = 0; i < claim->count; i++) {
        const ItemRecord *record = claim->item[i]->record;
        due_day = record->due_day < due_day ? record->due_day : due_day;
        is_heavy |= record->nature != ITEM_NATURE__ITEM_NATURE_UNSET;
    }
    const ItemRecord *last = claim->item[claim->count - 1]->record; // the principal, when open
    const bool is_due = due_day <= day;
    const int64_t key[] = {!is_due,    is_due && !is_heavy, due_day,       last->date_day,
                           last->year, last->series,        last->sequence};
    memcpy(claim->key, key, sizeof key);
}

static void document_key(struct claim *claim, SettlementProfile profile)
{
    const ItemRecord *record = claim->item[0]->record;
    const bool by_due = profile == SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_OLDEST_DUE;
    const int64_t sign = profile == SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_NEWEST ? -1 : 1;
    const int64_t key[] = {by_due ? record->due_day : 0,
                           sign * record->date_day,
                           sign * record->year,
                           sign * record->series,
                           sign * record->sequence,
                           record->due_day,
                           0};
    memcpy(claim->key, key, sizeof key);
}

static int compare_keys(const struct claim *left, const struct claim *right, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (left->key[i] != right->key[i]) {
            return left->key[i] < right->key[i] ? -1 : 1;
        }
    }
    return 0;
}

static int compare_claims(const void *a, const void *b)
{
    const struct claim *left = a;
    const struct claim *right = b;
    const int order = compare_keys(left, right, COUNT_OF(left->key));
    const uint64_t left_id = left->item[0]->record->id;
    const uint64_t right_id = right->item[0]->record->id;
    return order != 0 ? order : (left_id > right_id) - (left_id < right_id);
}

enum status settlement_order(struct books *books, int32_t day, SettlementProfile profile,
                             const struct item_list *items, struct settlement_order *out)
{
    if (profile == SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_MANUAL) {
        profile = settlement_book_profile(books);
    }
    if (profile == SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_MANUAL) {
        profile = chart_profile(books);
    }
    const bool is_statutory = profile == SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_STATUTORY;
    struct claim *claim = NULL;
    size_t count = 0;
    enum status status = make_claims(books, items, is_statutory, &claim, &count);
    struct claim_group *group = arena_alloc(books->arena, (count + 1) * sizeof *group);
    if (status != STATUS_OK || group == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_statutory) {
            statutory_key(&claim[i], day);
        } else {
            document_key(&claim[i], profile);
        }
    }
    if (count > 1) {
        qsort(claim, count, sizeof *claim, compare_claims);
    }

    *out = (struct settlement_order){.group = group, .rule = word_of(profile)};
    for (size_t i = 0; i < count; i++) {
        const bool shares =
            is_statutory && i > 0 && compare_keys(&claim[i - 1], &claim[i], GROUP_KEYS) == 0;
        if (!shares) {
            group[out->count] = (struct claim_group){.claim = &claim[i]};
            out->count++;
        }
        group[out->count - 1].count++;
    }
    return STATUS_OK;
}
