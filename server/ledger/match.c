// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/match.h"

#define DAYS_BEFORE 3 // a line this many days before the due day is still near it
#define DAYS_BEHIND 10

void match_say(struct match *match, MatchEvidence evidence)
{
    if (!match_says(match, evidence) && match->evidence_count < EVIDENCE_MAX) {
        match->evidence[match->evidence_count++] = evidence;
    }
}

bool match_says(const struct match *match, MatchEvidence evidence)
{
    for (size_t i = 0; i < match->evidence_count; i++) {
        if (match->evidence[i] == evidence) {
            return true;
        }
    }
    return false;
}

// ---- who ----

static const struct {
    uint32_t field;
    MatchEvidence evidence;
} PAYERS[] = {
    // The account says more than the name, and both more than what kind of line it is.
    {BANK_HASH_ACCOUNT, MATCH_EVIDENCE__MATCH_EVIDENCE_PAYER_ACCOUNT},
    {BANK_HASH_NAME, MATCH_EVIDENCE__MATCH_EVIDENCE_PAYER_NAME},
    {BANK_HASH_TYPE, MATCH_EVIDENCE__MATCH_EVIDENCE_RULE},
};

static enum status payer_by(struct txn *txn, const BankLineRecord *line, uint32_t field,
                            PayerRecord **out)
{
    const UniqueHash *hash = books_hash_of(line->unique, line->n_unique, field);
    *out = NULL;
    if (hash == NULL) {
        return STATUS_OK;
    }
    const enum status status = payer_get(txn, key_hash16(hash->hash.data), out);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status match_payer(struct txn *txn, const BankLineRecord *line, struct match_payer *out)
{
    *out = (struct match_payer){0};
    for (size_t i = 0; i < COUNT_OF(PAYERS); i++) {
        PayerRecord *payer = NULL;
        const enum status status = payer_by(txn, line, PAYERS[i].field, &payer);
        if (status != STATUS_OK) {
            return status;
        }
        if (payer == NULL) {
            continue;
        }
        if (out->customer_id == 0 && payer->n_customer_id == 1) {
            out->customer_id = payer->customer_id[0];
            out->evidence = PAYERS[i].evidence;
        }
        out->rule = payer->account != 0 && out->rule == NULL ? payer : out->rule;
    }
    return STATUS_OK;
}

static enum status learn(struct books *books, const BankLineRecord *line, uint32_t field,
                         uint64_t customer_id)
{
    const UniqueHash *hash = books_hash_of(line->unique, line->n_unique, field);
    PayerRecord *payer = NULL;
    enum status status = payer_by(books->txn, line, field, &payer);
    if (status != STATUS_OK || hash == NULL) {
        return status;
    }
    if (payer == NULL) {
        payer = arena_alloc(books->arena, sizeof *payer);
        if (payer == NULL) {
            return STATUS_TOO_LARGE;
        }
        payer_record__init(payer);
        payer->field = field;
        payer->line_id = line->id;
        payer->made_by = books->call->user_id;
        payer->made_us = books->call->instant_us;
    }
    bool is_known = false;
    for (size_t i = 0; i < payer->n_customer_id; i++) {
        is_known = is_known || payer->customer_id[i] == customer_id;
    }
    // Two are enough to know that it is certain for nobody. What somebody said stands.
    if (!is_known && !payer->is_rule && payer->n_customer_id < 2) {
        uint64_t *both = arena_alloc(books->arena, 2 * sizeof *both);
        if (both == NULL) {
            return STATUS_TOO_LARGE;
        }
        both[0] = payer->n_customer_id > 0 ? payer->customer_id[0] : 0;
        both[payer->n_customer_id] = customer_id;
        payer->customer_id = both;
        payer->n_customer_id++;
    }
    payer->confirmations++;
    return payer_put(books->txn, key_hash16(hash->hash.data), payer);
}

enum status match_learn(struct books *books, const BankLineRecord *line, uint64_t customer_id)
{
    const enum status status = learn(books, line, BANK_HASH_ACCOUNT, customer_id);
    return status == STATUS_OK ? learn(books, line, BANK_HASH_NAME, customer_id) : status;
}

// ---- what the text names ----

enum status match_named(struct txn *txn, const BankLineRecord *line, struct match_named *out)
{
    *out = (struct match_named){.numbers = line->n_mention};
    for (size_t i = 0; i < line->n_unique; i++) {
        IdRecord *object = NULL;
        InvoiceRecord *invoice = NULL;
        if (line->unique[i]->field != BANK_HASH_WORD) {
            continue;
        }
        enum status status = unique_get(txn, key_hash16(line->unique[i]->hash.data), &object);
        if (status == STATUS_OK) {
            status = invoice_get(txn, key_u64(object->id), &invoice);
        }
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
        if (status == STATUS_OK && invoice->id != out->id) {
            out->references++;
            out->id = invoice->id;
        }
    }
    out->id = out->references == 1 ? out->id : 0;
    return STATUS_OK;
}

static bool is_mentioned(const BankLineRecord *line, const ItemRecord *item)
{
    for (size_t i = 0; i < line->n_mention; i++) {
        const BankMention *mention = line->mention[i];
        if (mention->series == item->series && mention->year == item->year &&
            mention->sequence == item->sequence) {
            return true;
        }
    }
    return false;
}

// ---- how much ----

// What stands open of the customer on that day and is not disputed moves to the front, in its
// order. What came later is not what the money was sent for, nor is what is in another currency.
static size_t payable_first(const struct item_list *open, int32_t day)
{
    size_t count = 0;
    for (size_t i = 0; i < open->count; i++) {
        const ItemRecord *item = open->item[i]->record;
        if (!item->disputed && item->date_day <= day && item->currency[0] == '\0') {
            open->item[count++] = open->item[i];
        }
    }
    return count;
}

// A disputed item of just that amount makes every other way doubtful.
static bool is_disputed(const struct item_list *open, int64_t amount_minor)
{
    for (size_t i = 0; i < open->count; i++) {
        const ItemRecord *item = open->item[i]->record;
        if (item->disputed && item->open_minor == amount_minor) {
            return true;
        }
    }
    return false;
}

enum status match_items(struct books *books, uint64_t customer_id, int64_t amount_minor,
                        int32_t day, struct item_list *out)
{
    struct item_list open;
    *out = (struct item_list){0};
    const enum status status = item_open(books, customer_id, ITEM_SIDE__ITEM_SIDE_DEBIT, &open);
    if (status != STATUS_OK || is_disputed(&open, amount_minor)) {
        return status;
    }
    const size_t payable = payable_first(&open, day);
    size_t alone = 0;
    size_t first_of = 0;
    for (size_t i = 0; i < payable; i++) {
        const bool is_equal = open.item[i]->record->open_minor == amount_minor;
        first_of = is_equal ? i : first_of;
        alone += is_equal ? 1 : 0;
    }
    size_t oldest = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < payable && i < BANK_OLDEST_MAX && sum < amount_minor; i++) {
        sum += open.item[i]->record->open_minor;
        oldest = sum == amount_minor ? i + 1 : 0;
    }
    if (alone == 1 && oldest <= 1) {
        *out = (struct item_list){.item = &open.item[first_of], .count = 1};
    } else if (alone == 0 && oldest > 1) {
        *out = (struct item_list){.item = open.item, .count = oldest};
    }
    return STATUS_OK;
}

// Does the settlement close exactly these items, and with all of the money?
static bool is_exactly(const struct settlement *settlement, const struct item_list *items)
{
    if (items->count == 0 || settlement->count != items->count || settlement->left_minor != 0) {
        return false;
    }
    for (size_t i = 0; i < items->count; i++) {
        bool is_there = false;
        for (size_t k = 0; k < settlement->count; k++) {
            const struct settlement_line *line = &settlement->line[k];
            is_there = is_there || (line->debit->record->id == items->item[i]->record->id &&
                                    line->amount_minor == line->open_minor);
        }
        if (!is_there) {
            return false;
        }
    }
    return true;
}

static bool is_near(const BankLineRecord *line, const ItemRecord *item)
{
    const int32_t days = line->value_day - item->due_day;
    return days >= -DAYS_BEFORE && days <= DAYS_BEHIND;
}

static uint32_t tier_of(const struct match *match, const struct match_named *named,
                        bool is_only_way)
{
    const bool equal = match_says(match, MATCH_EVIDENCE__MATCH_EVIDENCE_AMOUNT);
    const bool by_number = match_says(match, MATCH_EVIDENCE__MATCH_EVIDENCE_NUMBER);
    const bool by_reference = match_says(match, MATCH_EVIDENCE__MATCH_EVIDENCE_REFERENCE);
    // All that the text names must be this one document.
    const bool names_others =
        named->numbers > (by_number ? 1 : 0) || named->references > (by_reference ? 1 : 0);
    if (equal && (by_number || by_reference) && !names_others) {
        return 1;
    }
    if (is_only_way && match_says(match, MATCH_EVIDENCE__MATCH_EVIDENCE_PAYER_ACCOUNT)) {
        return 2;
    }
    const bool is_known = match_says(match, MATCH_EVIDENCE__MATCH_EVIDENCE_PAYER_NAME) ||
                          match_says(match, MATCH_EVIDENCE__MATCH_EVIDENCE_PAYER_ACCOUNT) ||
                          match_says(match, MATCH_EVIDENCE__MATCH_EVIDENCE_RULE);
    if (is_known && equal && match_says(match, MATCH_EVIDENCE__MATCH_EVIDENCE_DAY)) {
        return 3;
    }
    return 5;
}

enum status match_judge(struct books *books, const BankLineRecord *line, int64_t fee_minor,
                        const struct settlement *settlement, struct match *out)
{
    const int64_t amount = line->amount_minor + fee_minor;
    struct match_payer payer = {0};
    struct match_named named = {0};
    struct item_list items = {0};
    *out = (struct match){0};
    enum status status = match_payer(books->txn, line, &payer);
    if (status == STATUS_OK) {
        status = match_named(books->txn, line, &named);
    }
    if (status == STATUS_OK) {
        status = match_items(books, settlement->customer_id, amount, line->value_day, &items);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct settlement_line *only = settlement->count == 1 ? &settlement->line[0] : NULL;
    if (only != NULL && only->open_minor == amount && settlement->left_minor == 0) {
        match_say(out, fee_minor == 0 ? MATCH_EVIDENCE__MATCH_EVIDENCE_AMOUNT
                                      : MATCH_EVIDENCE__MATCH_EVIDENCE_FEE);
    }
    if (only != NULL && is_mentioned(line, only->debit->record)) {
        match_say(out, MATCH_EVIDENCE__MATCH_EVIDENCE_NUMBER);
    }
    if (only != NULL && named.id != 0 && only->debit->record->document_id == named.id) {
        match_say(out, MATCH_EVIDENCE__MATCH_EVIDENCE_REFERENCE);
    }
    if (payer.customer_id == settlement->customer_id) {
        match_say(out, payer.evidence);
    }
    const bool is_only_way = is_exactly(settlement, &items);
    if (is_only_way && items.count > 1) {
        match_say(out, MATCH_EVIDENCE__MATCH_EVIDENCE_OLDEST);
    }
    if (only != NULL && is_near(line, only->debit->record)) {
        match_say(out, MATCH_EVIDENCE__MATCH_EVIDENCE_DAY);
    }
    if (fee_minor == 0) {
        out->tier = tier_of(out, &named, is_only_way);
    } else {
        // What was kept is known by the way of paying, not by this line: a person looks.
        out->tier = is_only_way || match_says(out, MATCH_EVIDENCE__MATCH_EVIDENCE_FEE) ? 4 : 5;
    }
    return STATUS_OK;
}
