// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/money.h"

enum status money_load(struct books *books, uint64_t id, struct money *out)
{
    *out = (struct money){0};
    enum status status = payment_get(books->txn, key_u64(id), &out->payment);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, "payment", NULL, NULL);
    }
    if (status == STATUS_OK && out->payment->state == PAYMENT_STATE__PAYMENT_STATE_REVERSED) {
        return books_refuse(books, STATUS_ALREADY_REVERSED, "payment", NULL, NULL);
    }
    const uint64_t ids[] = {status == STATUS_OK ? out->payment->item_id : 0,
                            status == STATUS_OK ? out->payment->advance_item_id : 0};
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(ids); i++) {
        if (ids[i] != 0) {
            status = item_load(books, ids[i], &out->credit[out->count]);
            out->count++;
        }
    }
    return status;
}

int64_t money_unspent(const struct money *money)
{
    int64_t total = 0;
    for (size_t i = 0; i < money->count; i++) {
        total += money->credit[i]->record->open_minor;
    }
    return total;
}

enum status money_controls(struct books *books, uint64_t customer_id, struct balance **balance)
{
    enum status status = posting_load(books, ACCOUNT_RECEIVABLES);
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_ADVANCES);
    }
    return status == STATUS_OK ? posting_balance(books, customer_id, balance) : status;
}

enum status money_reply(struct books *books, const struct shares *shares, bool taken_back,
                        AllocationLine ***line, size_t *count)
{
    struct settlement all = {.count = shares->count};
    all.line = arena_alloc(books->arena, (shares->count + 1) * sizeof *all.line);
    if (all.line == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < shares->count; i++) {
        all.line[i] = shares->share[i].line;
    }
    return settlement_reply(books, &all, taken_back, line, count);
}
