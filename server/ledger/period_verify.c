// SPDX-License-Identifier: Apache-2.0
// Seals computed anew: the trial balance from the entries' day totals, the open items from what the
// months say, the seal from the one before, and the journal's root from its tree. What the months
// say of items is kept by the postings and is not computed from the items again.
#include "server/ledger/closing.h"
#include "server/ledger/reading.h"
#include "shared/digest.h"
#include "shared/proof.h"
#include "shared/wire.h"

#define SEALS_MAX 1200 // a hundred years

static bool equals(ProtobufCBinaryData stored, const uint8_t computed[static SEAL_BYTES])
{
    return stored.len == SEAL_BYTES && memcmp(stored.data, computed, SEAL_BYTES) == 0;
}

static enum status check_trial(struct txn *txn, struct call *call, const SealRecord *seal,
                               bool *holds)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    uint8_t hash[SEAL_BYTES] = {0};
    const int32_t first = period_first_day(seal->period);
    const int32_t last = period_last_day(seal->period);
    enum status status = rows_open(txn, TABLE_account, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK) {
            break;
        }
        const uint32_t code = ((const AccountRecord *)message)->code;
        const struct account_sum before = views_account(call->views, code, DAY_MIN, first - 1);
        const struct account_sum moved = views_account(call->views, code, first, last);
        const int64_t opening = before.debit_minor - before.credit_minor;
        if (opening != 0 || moved.debit_minor != 0 || moved.credit_minor != 0) {
            seal_account(hash, code, opening, moved.debit_minor, moved.credit_minor);
        }
    }
    *holds = equals(seal->trial_balance, hash);
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status check_items(struct txn *txn, const SealRecord *seal, bool *holds)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    uint8_t sum[SEAL_BYTES] = {0};
    enum status status = rows_open(txn, TABLE_period, key_u64(1), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK || row_key_first(&key) > seal->period) {
            break;
        }
        seal_sum(sum, ((const PeriodRecord *)message)->items_sum);
    }
    *holds = equals(seal->open_items, sum);
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status check_chain(struct txn *txn, const SealRecord *seal, bool *holds)
{
    SealRecord *previous = NULL;
    uint8_t hash[SEAL_BYTES];
    *holds = false;
    if (seal->previous != 0) {
        const enum status status = seal_get(txn, key_u64(seal->previous), &previous);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_OK : status;
        }
    }
    seal_hash(seal, previous, hash);
    *holds = equals(seal->seal, hash);
    return STATUS_OK;
}

// Does the journal of now go on from the one that the seal names?
static enum status check_journal(struct txn *txn, struct call *call, const SealRecord *seal,
                                 bool *holds)
{
    const struct head *head = txn_head(txn);
    struct proof *proof = NULL;
    *holds = false;
    if (seal->root.len != LEAF_BYTES || seal->records == 0 || seal->records > head->tree.size) {
        return STATUS_OK;
    }
    const enum status status =
        rows_consistency(txn, seal->records, head->tree.size, call->arena, &proof);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t root[LEAF_BYTES];
    tree_root(&head->tree, root);
    *holds = tree_check_consistency(seal->records, head->tree.size,
                                    (const uint8_t(*)[LEAF_BYTES])proof->hash, proof->count,
                                    seal->root.data, root) == STATUS_OK;
    return STATUS_OK;
}

static enum status verify_one(struct txn *txn, struct call *call, const SealRecord *seal,
                              PeriodVerifyReply *reply)
{
    PeriodVerifyRow *row =
        (PeriodVerifyRow *)wire_make(call->arena, &period_verify_row__descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    bool trial = false;
    bool items = false;
    bool chain = false;
    bool journal = false;
    enum status status = check_trial(txn, call, seal, &trial);
    if (status == STATUS_OK) {
        status = check_items(txn, seal, &items);
    }
    if (status == STATUS_OK) {
        status = check_chain(txn, seal, &chain);
    }
    if (status == STATUS_OK) {
        status = check_journal(txn, call, seal, &journal);
    }
    row->period = period_print(call->arena, seal->period);
    row->trial_balance = trial;
    row->open_items = items;
    row->chain = chain;
    row->journal = journal;
    row->holds = trial && items && chain && journal;
    row->seal = seal->seal;
    reply->broken += row->holds ? 0 : 1;
    reply->row[reply->n_row++] = row;
    return status == STATUS_OK && row->period == NULL ? STATUS_TOO_LARGE : status;
}

enum status period_verify(struct txn *txn, struct call *call, const PeriodVerify *request,
                          PeriodVerifyReply *reply)
{
    struct books books;
    uint32_t first = 0;
    uint32_t last = UINT32_MAX;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK && request->period[0] != '\0') {
        status = period_read(&books, request->period, &first, &last);
    }
    reply->row = arena_alloc(call->arena, SEALS_MAX * sizeof *reply->row);
    if (status != STATUS_OK || reply->row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }

    CLEANUP(rows_close_at) struct rows *rows = NULL;
    status = rows_open(txn, TABLE_seal, key_u64(first), 0, false, &rows);
    while (status == STATUS_OK && reply->n_row < SEALS_MAX) {
        struct row_key key;
        ProtobufCMessage *seal = NULL;
        status = rows_next(rows, &key, &seal);
        if (status != STATUS_OK || row_key_first(&key) > last) {
            break;
        }
        status = verify_one(txn, call, (const SealRecord *)seal, reply);
    }
    if (reply->broken > 0) {
        call->status = STATUS_DIFFERENCE;
    }
    return status == STATUS_END ? STATUS_OK : status;
}
