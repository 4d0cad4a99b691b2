// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/disparity.h"

#include "server/ledger/clearing.h"
#include "server/ledger/posting.h"
#include "shared/money.h"

int64_t disparity_share(const ItemRecord *item, int64_t own_minor)
{
    assert(own_minor > 0 && own_minor <= item->foreign_open_minor);

    int64_t share_minor = item->open_minor;
    if (own_minor == item->foreign_open_minor) {
        return share_minor;
    }
    const bool fits =
        money_scale(item->open_minor, own_minor, item->foreign_open_minor, &share_minor);
    assert(fits);
    return share_minor < item->open_minor ? share_minor : item->open_minor - 1;
}

bool disparity_is_own(const AllocationRecord *allocation)
{
    return strcmp(allocation->rule, DISPARITY_RULE) == 0;
}

enum status disparity_load(struct books *books)
{
    return posting_load(books, ACCOUNT_EXCHANGE);
}

static enum status post(struct books *books, ClearingRecord *clearing, const struct item *item)
{
    const bool loses = item->record->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
    EntryRecord *entry = clearing_entry(books, clearing, ENTRY_KIND__ENTRY_KIND_EXCHANGE, 2);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status =
        posting_role(books, entry, ACCOUNT_EXCHANGE, loses ? SIDE_DEBIT : SIDE_CREDIT,
                     clearing->amount_minor, clearing->customer_id);
    if (status == STATUS_OK) {
        // A gain corrects what the receipt has credited too much, in the chart's style: so the
        // turnover of the account is what was owed.
        status = posting_line(books, entry, item->record->account, SIDE_CREDIT,
                              loses ? clearing->amount_minor : -clearing->amount_minor,
                              clearing->customer_id);
    }
    return status == STATUS_OK ? clearing_keep(books, clearing, entry) : status;
}

enum status disparity_open(struct books *books, const struct item *item, int64_t amount_minor,
                           int32_t day, ClearingRecord **out, struct item **counter)
{
    assert(item->record->currency[0] != '\0');

    const bool loses = item->record->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
    ClearingRecord *clearing = clearing_make(books, CLEARING_KIND__CLEARING_KIND_EXCHANGE,
                                             item->record->customer_id, amount_minor, day);
    enum status status = clearing != NULL ? clearing_enter(books, clearing) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = clearing_item(
            books, clearing, loses ? ITEM_SIDE__ITEM_SIDE_CREDIT : ITEM_SIDE__ITEM_SIDE_DEBIT,
            item->record->account, (struct item_rest){.book_minor = amount_minor}, counter);
    }
    if (status != STATUS_OK) {
        return status;
    }
    (*counter)->record->currency = item->record->currency;
    books->exchanged_minor += loses ? -amount_minor : amount_minor;
    *out = clearing;
    return post(books, clearing, item);
}

enum status disparity_reverse(struct books *books, ClearingRecord *clearing, int32_t day)
{
    EntryRecord *entry = NULL;
    EntryRecord *reversal = NULL;
    struct item *item = NULL;
    enum status status = entry_get(books->txn, key_u64(clearing->entry_id), &entry);
    if (status == STATUS_OK) {
        status = posting_reverse(books, entry, day, "", &reversal);
    }
    if (status == STATUS_OK) {
        status = item_load(books, clearing->item_id[0], &item);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const bool lost = item->record->side == ITEM_SIDE__ITEM_SIDE_CREDIT;
    books->exchanged_minor += lost ? clearing->amount_minor : -clearing->amount_minor;
    clearing->state = CLEARING_STATE__CLEARING_STATE_REVERSED;
    clearing->reversed_day = day;
    clearing->reversed_entry_id = reversal->id;
    return clearing_put(books->txn, key_u64(clearing->id), clearing);
}
