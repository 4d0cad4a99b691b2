// SPDX-License-Identifier: Apache-2.0
// Before a file becomes customers: who of them is here already, under another reference or none.
#include "server/ledger/import_row.h"
#include "server/ledger/reading.h"
#include "shared/text.h"
#include "shared/wire.h"

#define LIKELY_ROWS_MAX  1000
#define TEXTS_OF_ONE     (3 + PHONES_MAX)
#define PHONE_DIGITS_MIN 7 // fewer are the end of many numbers

struct asking {
    struct arena *arena;
    struct view_likeness *text;
    size_t count;
};

static enum status ask(struct asking *asking, size_t who, enum likely_by by, const char *text)
{
    if (text[0] == '\0') {
        return STATUS_OK;
    }
    const char *folded = text_fold(asking->arena, text);
    if (folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    asking->text[asking->count++] = (struct view_likeness){.who = who, .by = by, .folded = folded};
    return STATUS_OK;
}

// By its digits, as the views know it too.
static enum status ask_phone(struct asking *asking, size_t who, const char *text)
{
    char *digits = arena_alloc(asking->arena, strlen(text) + 1);
    size_t count = 0;
    if (digits == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (*at >= '0' && *at <= '9') {
            digits[count++] = *at;
        }
    }
    return count >= PHONE_DIGITS_MIN ? ask(asking, who, LIKELY_PHONE, digits) : STATUS_OK;
}

static enum status ask_all(struct asking *asking, const ImportLikely *request)
{
    enum status status = STATUS_OK;
    asking->text =
        arena_alloc(asking->arena, (request->n_row * TEXTS_OF_ONE + 1) * sizeof *asking->text);
    if (asking->text == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < request->n_row; i++) {
        const ImportSomebody *row = request->row[i];
        status = ask(asking, i, LIKELY_REFERENCE, row->reference);
        if (status == STATUS_OK) {
            status = ask(asking, i, LIKELY_NAME, row->name);
        }
        if (status == STATUS_OK) {
            status = ask(asking, i, LIKELY_TAX_ID, row->tax_id);
        }
        for (size_t k = 0; status == STATUS_OK && k < row->n_phone; k++) {
            status = ask_phone(asking, i, row->phone[k]);
        }
    }
    return status;
}

// The same reference is the same customer: it is written alike, not only read alike.
static enum status is_same(struct txn *txn, const char *reference, uint64_t customer_id, bool *same)
{
    CustomerRecord *customer = NULL;
    char *text = NULL;
    enum status status = customer_get(txn, key_u64(customer_id), &customer);
    if (status == STATUS_OK) {
        status = rows_text(txn, customer, "reference", 0, &text);
    }
    *same = status == STATUS_OK && strcmp(text, reference) == 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status find_known(struct txn *txn, const ImportLikely *request,
                              const struct view_likely *likely, size_t count, bool *is_known)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const size_t who = likely[i].who;
        if (likely[i].by == LIKELY_REFERENCE && !is_known[who]) {
            status = is_same(txn, request->row[who]->reference, likely[i].id, &is_known[who]);
        }
    }
    return status;
}

static enum status add_row(struct txn *txn, struct call *call, const struct view_likely *likely,
                           ImportLikelyReply *reply)
{
    struct customer_label label;
    ImportLikelyRow *row =
        (ImportLikelyRow *)wire_make(call->arena, &import_likely_row__descriptor);
    const enum status status = reading_customer(txn, call, likely->id, &label);
    if (status != STATUS_OK || row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    row->ordinal = (uint32_t)likely->who + 1;
    row->by = (ImportLikelyBy)likely->by;
    row->customer = label.number;
    row->name = label.name;
    reply->row[reply->n_row++] = row;
    return STATUS_OK;
}

// Each pair of somebody and a customer once, by what was found first.
static bool is_told(const struct view_likely *likely, size_t at)
{
    for (size_t i = at; i > 0 && likely[i - 1].id == likely[at].id; i--) {
        if (likely[i - 1].who == likely[at].who) {
            return true;
        }
    }
    return false;
}

static int by_ordinal(const void *a, const void *b)
{
    const ImportLikelyRow *left = *(ImportLikelyRow *const *)a;
    const ImportLikelyRow *right = *(ImportLikelyRow *const *)b;
    return left->ordinal != right->ordinal ? (left->ordinal < right->ordinal ? -1 : 1)
           : left->by < right->by          ? -1
                                           : left->by > right->by;
}

enum status import_likely(struct txn *txn, struct call *call, const ImportLikely *request,
                          ImportLikelyReply *reply)
{
    struct books books;
    struct asking asking = {.arena = call->arena};
    struct view_likely *likely = NULL;
    size_t count = 0;
    uint64_t begun = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = import_find(&books, request->kind, request->fingerprint, request->source, &begun);
    }
    if (status == STATUS_OK) {
        status = ask_all(&asking, request);
    }
    if (status == STATUS_OK) {
        status = views_likely(call->views, call->filter, asking.text, asking.count, LIKELY_ROWS_MAX,
                              call->arena, &likely, &count);
    }
    bool *is_known = arena_alloc(call->arena, (request->n_row + 1) * sizeof *is_known);
    reply->row = arena_alloc(call->arena, (count + 1) * sizeof(ImportLikelyRow *));
    if (status == STATUS_OK && (is_known == NULL || reply->row == NULL)) {
        return STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        status = find_known(txn, request, likely, count, is_known);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (!is_known[likely[i].who] && !is_told(likely, i)) {
            status = add_row(txn, call, &likely[i], reply);
        }
    }
    if (status == STATUS_OK) {
        qsort(reply->row, reply->n_row, sizeof(ImportLikelyRow *), by_ordinal);
    }
    reply->begun = begun != 0;
    return status;
}
