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
    out->credits.item = arena_alloc(books->arena, COUNT_OF(ids) * sizeof *out->credits.item);
    if (out->credits.item == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(ids); i++) {
        if (ids[i] != 0) {
            status = item_load(books, ids[i], &out->credits.item[out->credits.count]);
            out->credits.count++;
        }
    }
    return status;
}
