// SPDX-License-Identifier: Apache-2.0
#include "server/views/views.h"

#include "server/views/inside.h"

#define BUILD_BYTES ((size_t)512 * 1024 * 1024)

enum status views_make(struct store *store, struct views **out)
{
    struct views *views = calloc(1, sizeof *views);
    if (views == NULL) {
        return STATUS_ENVIRONMENT;
    }
    pthread_rwlockattr_t attributes;
    bool made = pthread_rwlockattr_init(&attributes) == 0;
    // A batch that is committed must not wait behind an endless row of readers.
    made = made && pthread_rwlockattr_setkind_np(&attributes,
                                                 PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0;
    made = made && pthread_rwlock_init(&views->lock, &attributes) == 0;
    if (!made) {
        free(views);
        return STATUS_ENVIRONMENT;
    }
    (void)pthread_rwlockattr_destroy(&attributes);
    views->store = store;
    views->latest_day = DAY_MIN;
    *out = views;
    return STATUS_OK;
}

static void clear(struct views *views)
{
    people_free(&views->people);
    customers_free(&views->customers);
    money_free(views);
    documents_free(&views->invoices);
    documents_free(&views->payments);
    documents_free(&views->clearings);
    documents_free(&views->entries);
    free(views->lines.line);
    views->lines = (struct entry_lines){0};
    accounts_free(views);
    sales_free(views);
    views->number = 0;
    views->overdue_day = 0;
    views->latest_day = DAY_MIN;
}

void views_free(struct views *views)
{
    if (views == NULL) {
        return;
    }
    clear(views);
    int failed = pthread_rwlock_destroy(&views->lock);
    assert(failed == 0);
    free(views);
}

void views_lock_read(struct views *views)
{
    int failed = pthread_rwlock_rdlock(&views->lock);
    assert(failed == 0);
}

static void lock_write(struct views *views)
{
    int failed = pthread_rwlock_wrlock(&views->lock);
    assert(failed == 0);
}

void views_unlock_read(struct views *views)
{
    int failed = pthread_rwlock_unlock(&views->lock);
    assert(failed == 0);
}

uint64_t views_number(const struct views *views)
{
    return views->number;
}

// ---- filling ----

// Rows that others point to come first.
static const enum table FILL_ORDER[] = {
    TABLE_user,     TABLE_device, TABLE_session,    TABLE_customer, TABLE_invoice, TABLE_payment,
    TABLE_clearing, TABLE_item,   TABLE_allocation, TABLE_account,  TABLE_entry,
};

enum table fill_table(size_t index)
{
    return index < COUNT_OF(FILL_ORDER) ? FILL_ORDER[index] : TABLE_NONE;
}

enum status views_fill(struct views *views, const struct change *change,
                       const struct customer_texts *texts, struct arena *arena)
{
    const void *record = change->record;
    assert(record != NULL || change->table == TABLE_session);
    switch ((uint32_t)change->table) {
    case TABLE_customer:
        return customers_apply(views, texts);
    case TABLE_invoice:
        return invoices_apply(views, record, arena);
    case TABLE_payment:
        return payments_apply(views, record, arena);
    case TABLE_clearing:
        return clearings_apply(views, record, arena);
    case TABLE_item:
        return items_apply(views, record);
    case TABLE_allocation:
        return allocations_apply(views, record);
    case TABLE_account:
        return accounts_chart(views, record);
    case TABLE_entry:
        return entries_apply(views, record, arena);
    default:
        return people_apply(views, change);
    }
}

static enum status settle(struct views *views)
{
    enum status status = customers_settle(views);
    struct documents *const documents[] = {&views->invoices, &views->payments, &views->entries,
                                           &views->clearings};
    for (size_t i = 0; i < COUNT_OF(documents) && status == STATUS_OK; i++) {
        status = documents_settle(documents[i]);
    }
    return status;
}

static int compare_changes(const void *a, const void *b)
{
    const struct change *const *left = a;
    const struct change *const *right = b;
    if ((*left)->table != (*right)->table) {
        return (*left)->table < (*right)->table ? -1 : 1;
    }
    uint64_t left_id = row_key_first(&(*left)->key);
    uint64_t right_id = row_key_first(&(*right)->key);
    return left_id < right_id ? -1 : left_id > right_id;
}

// Changes of one table in order of id, with the customers' texts beside them.
static enum status apply_table(struct views *views, enum table table,
                               const struct change *const *sorted, size_t count,
                               const struct customer_texts *texts, struct arena *arena)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (sorted[i]->table == table) {
            status = views_fill(views, sorted[i], texts == NULL ? NULL : &texts[i], arena);
        }
    }
    return status;
}

enum status views_apply(struct views *views, struct txn *txn, const struct change *change,
                        size_t count)
{
    assert(count == 0 || change != NULL);
    struct arena *arena = txn_arena(txn);
    const struct change **sorted = arena_alloc(arena, (count + 1) * sizeof *sorted);
    struct customer_texts *texts = arena_alloc(arena, (count + 1) * sizeof *texts);
    if (sorted == NULL || texts == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &change[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_changes);
    for (size_t i = 0; i < count; i++) {
        if (sorted[i]->table == TABLE_customer) {
            const void *record = sorted[i]->record;
            enum status status = customer_texts(txn, record, arena, &texts[i]);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }

    lock_write(views);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(FILL_ORDER) && status == STATUS_OK; i++) {
        status = apply_table(views, FILL_ORDER[i], sorted, count, texts, arena);
    }
    if (status == STATUS_OK) {
        status = settle(views);
    }
    if (status == STATUS_OK) {
        views->number = txn_head(txn)->number;
        money_roll(views, txn_head(txn)->book_day);
    }
    views_unlock_read(views);
    return status;
}

enum status views_build(struct views *views, struct txn *txn)
{
    CLEANUP(arena_free_at) struct arena *slice = arena_make(BUILD_BYTES);
    if (slice == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct arena *whole = txn_arena(txn);
    const struct filter *filter = txn_filter(txn);
    lock_write(views);
    clear(views);
    txn_call_begin(txn, slice, NULL);
    enum status status = build_rows(views, txn, slice);
    if (status == STATUS_OK) {
        status = settle(views);
    }
    if (status == STATUS_OK) {
        views->number = txn_head(txn)->number;
        money_roll(views, txn_head(txn)->book_day);
    }
    txn_call_begin(txn, whole, filter);
    views_unlock_read(views);
    return status;
}

// ---- digest ----

struct view_digest {
    uint64_t sum[4];
};

WRAPS static void add_words(struct view_digest *digest, const uint8_t hash[static 32])
{
    for (size_t i = 0; i < 4; i++) {
        digest->sum[i] += get_u64(hash + i * 8);
    }
}

void digest_row(struct view_digest *digest, const char *kind, const void *row, size_t size)
{
    uint8_t hash[32];
    struct key key = {0};
    memcpy(key.bytes, kind, strlen(kind) < KEY_BYTES ? strlen(kind) : KEY_BYTES);
    key_hash(&key, bytes_of(row, size), hash, sizeof hash);
    add_words(digest, hash);
}

void views_digest(const struct views *views, uint8_t out[static 32])
{
    struct view_digest digest = {0};
    uint64_t head[] = {views->number, (uint64_t)views->overdue_day, (uint64_t)views->latest_day};
    digest_row(&digest, "head", head, sizeof head);
    digest_people(&views->people, &digest);
    digest_customers(&views->customers, &digest);
    digest_money(views, &digest);
    digest_documents(&views->invoices, "invoice", &digest);
    digest_documents(&views->payments, "payment", &digest);
    digest_documents(&views->clearings, "clearing", &digest);
    digest_documents(&views->entries, "entry", &digest);
    digest_accounts(views, &digest);
    digest_sales(views, &digest);
    for (size_t i = 0; i < 4; i++) {
        put_u64(out + i * 8, digest.sum[i]);
    }
}
