// SPDX-License-Identifier: Apache-2.0
// Sealing a month: what the books say up to its end is kept, and nothing is posted to it any more.
#include "server/ledger/closing.h"
#include "shared/digest.h"
#include "shared/wire.h"

#define MONTHS_MAX 12 // of one request

struct sealing {
    struct month *month;
    struct closing closing;
};

// Every failing point is told, by its name.
static enum status refuse_points(struct books *books, const struct closing *closing)
{
    if (closing->earlier != 0) {
        return books_refuse(books, STATUS_PERIOD_OUT_OF_ORDER, "period", NULL,
                            period_print(books->arena, closing->earlier));
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < closing->count; i++) {
        const PeriodCheck *check = closing->check[i];
        if (!check->passed) {
            const char *found = check->difference_minor != 0
                                    ? books_money(books, check->difference_minor)
                                    : arena_print(books->arena, "%u", check->count);
            status = books_refuse_hint(books, STATUS_PERIOD_NOT_READY, check->check, found, "0",
                                       check->detail);
        }
    }
    return status;
}

static enum status load(struct books *books, const char *text, struct sealing *sealing,
                        size_t *count, uint32_t *through)
{
    uint32_t first = 0;
    uint32_t last = 0;
    *count = 0;
    enum status status = period_read(books, text, &first, &last);
    if (status == STATUS_OK) {
        status = period_sealed_through(books, through);
    }
    if (status == STATUS_OK && last <= *through) {
        status = books_refuse(books, STATUS_NOTHING_TO_DO, "period", text, NULL);
    }
    for (uint32_t at = first; status == STATUS_OK && at <= last; at = period_after(at)) {
        if (at <= *through) {
            continue;
        }
        assert(*count < MONTHS_MAX);
        struct sealing *each = &sealing[*count];
        status = period_month(books, at, &each->month);
        if (status == STATUS_OK) {
            status = closing_check(books, at, *count > 0 ? period_before(at) : 0, &each->closing);
        }
        (*count)++;
    }
    return status;
}

static ProtobufCBinaryData copy_bytes(struct books *books, const uint8_t bytes[static SEAL_BYTES])
{
    uint8_t *copy = arena_copy(books->arena, bytes, SEAL_BYTES);
    return (ProtobufCBinaryData){.len = copy != NULL ? SEAL_BYTES : 0, .data = copy};
}

static enum status seal_one(struct books *books, const struct sealing *sealing,
                            const SealRecord *previous, SealRecord **out)
{
    SealRecord *seal = (SealRecord *)wire_make(books->arena, &seal_record__descriptor);
    if (seal == NULL) {
        return STATUS_TOO_LARGE;
    }
    const struct tree *tree = &txn_head(books->txn)->tree;
    uint8_t root[LEAF_BYTES];
    uint8_t hash[SEAL_BYTES];
    tree_root(tree, root);
    seal->period = sealing->month->period;
    seal->trial_balance = copy_bytes(books, sealing->closing.trial_balance);
    seal->open_items = copy_bytes(books, sealing->closing.open_items);
    seal->root = copy_bytes(books, root);
    seal->records = tree->size;
    seal->previous = previous != NULL ? previous->period : 0;
    seal->sealed_us = books->call->instant_us;
    seal->sealed_by = books->call->user_id;
    if (seal->trial_balance.len == 0 || seal->open_items.len == 0 || seal->root.len == 0) {
        return STATUS_TOO_LARGE;
    }
    seal_hash(seal, previous, hash);
    seal->seal = copy_bytes(books, hash);
    if (seal->seal.len == 0) {
        return STATUS_TOO_LARGE;
    }
    *out = seal;
    return seal_put(books->txn, key_u64(seal->period), seal);
}

enum status period_seal(struct txn *txn, struct call *call, const PeriodSeal *request,
                        PeriodSealReply *reply)
{
    struct books books;
    struct sealing sealing[MONTHS_MAX];
    SealRecord *seal = NULL;
    size_t count = 0;
    uint32_t through = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load(&books, request->period, sealing, &count, &through);
    }
    if (status == STATUS_OK && through != 0) {
        status = seal_get(txn, key_u64(through), &seal);
        status = status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    if (status == STATUS_OK) {
        reply->changed = arena_alloc(call->arena, count * sizeof *reply->changed);
        status = reply->changed != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }

    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = refuse_points(&books, &sealing[i].closing);
    }
    if (status != STATUS_OK) {
        return status;
    }

    assert(count > 0 && count <= MONTHS_MAX);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        char *name = period_print(call->arena, sealing[i].month->period);
        status = name != NULL ? seal_one(&books, &sealing[i], seal, &seal) : STATUS_TOO_LARGE;
        if (status == STATUS_OK) {
            assert(seal != NULL);
            call_note_change(call, seal->period, name, NULL, "sealed");
            sealing[i].month->changed = true; // also one in which nothing happened has a row
            reply->changed[reply->n_changed++] = name;
        }
    }
    if (status == STATUS_OK) {
        status = period_seal_through(&books, sealing[count - 1].month->period);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    call->anchors = true; // the journal is signed up to the seal

    reply->period = request->period;
    reply->state = PERIOD_STATE__PERIOD_STATE_SEALED;
    reply->seal = status == STATUS_OK ? seal->seal : (ProtobufCBinaryData){0};
    call_about(call, status == STATUS_OK ? seal->period : 0, request->period);
    return status;
}
