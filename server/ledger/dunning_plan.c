// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/posting.h"
#include "server/ledger/promise.h"
#include "shared/wire.h"

// What a customer is to be reminded of on a day, by the tests of d.5: pure but for the rows that it
// reads.

char *dunning_number(struct arena *arena, const DunningRecord *dunning)
{
    return ident_print(arena, SERIES_DUNNING, dunning->year, dunning->sequence);
}

enum status dunning_load(struct books *books, uint64_t id, DunningRecord **out)
{
    const enum status status = dunning_get(books->txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? books_refuse(books, status, "dunning", NULL, NULL) : status;
}

enum status collection_of(struct txn *txn, struct arena *arena, uint64_t customer_id,
                          CollectionRecord **out)
{
    const enum status status = collection_get(txn, key_u64(customer_id), out);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    *out = (CollectionRecord *)wire_make(arena, &collection_record__descriptor);
    return *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

bool collection_blocks(const CollectionRecord *collection, uint64_t invoice_id, int32_t day)
{
    for (size_t i = 0; i < collection->n_block; i++) {
        const BlockRecord *each = collection->block[i];
        if (each->invoice_id == invoice_id && (each->until_day == 0 || day <= each->until_day)) {
            return true;
        }
    }
    return false;
}

bool reminder_may(const struct books *books, const CustomerRecord *customer)
{
    return customer->state == CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE &&
           customer->restricted_us == 0 && customer->erased_us == 0 &&
           customer->id != books->record->walk_in_id;
}

// ---- one instalment ----

static bool is_promised(const struct promise_list *promises, uint64_t item_id, int32_t day)
{
    for (size_t i = 0; i < promises->count; i++) {
        const PromiseRecord *each = promises->promise[i];
        if (day <= promise_last_day(each) && promise_is_about(each, item_id)) {
            return true;
        }
    }
    return false;
}

static bool passes(const ItemRecord *item, const DunningLevel *level, int64_t open_minor,
                   int32_t day)
{
    const int64_t overdue_days = (int64_t)day - item->due_day;
    const bool waited = item->level == 0 || day - item->level_day >= (int32_t)level->wait_days;
    return overdue_days > item->grace_days && overdue_days >= level->overdue_days &&
           open_minor >= level->minimum_minor && waited;
}

// The next level, or where a run may jump the highest one whose tests pass; 0: none.
static uint32_t level_of(const ItemRecord *item, const ProcedureRecord *procedure,
                         int64_t open_minor, int32_t day)
{
    uint32_t found = 0;
    for (size_t i = item->level; i < procedure->n_level; i++) {
        if (passes(item, procedure->level[i], open_minor, day)) {
            found = (uint32_t)i + 1;
        }
        if (!procedure->jump) {
            break;
        }
    }
    return found;
}

static bool is_in(const DunningRecord *only, uint64_t item_id, uint32_t level)
{
    for (size_t i = 0; i < only->n_line; i++) {
        if (only->line[i]->item_id == item_id) {
            return only->line[i]->level == level;
        }
    }
    return false;
}

// What was open at the end of the day, as far as it still is.
static enum status open_on(struct books *books, const ItemRecord *item, int32_t day, int64_t *out)
{
    struct allocation_list events = {0};
    *out = 0;
    if (item->date_day > day) {
        return STATUS_OK;
    }
    const enum status status = item_events(books, item->id, &events);
    if (status == STATUS_OK) {
        const int64_t then_minor = item_residual(item, &events, day);
        *out = then_minor < item->open_minor ? then_minor : item->open_minor;
    }
    return status;
}

static enum status add_line(struct books *books, struct reminder *reminder, struct item *item,
                            uint32_t level, int64_t open_minor)
{
    DunningRecord *dunning = reminder->dunning;
    const DunningLevel *step = reminder->procedure->level[level - 1];
    const ItemRecord *record = item->record;
    DunningLineRecord *line =
        (DunningLineRecord *)wire_make(books->arena, &dunning_line_record__descriptor);
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    line->item_id = record->id;
    line->level = level;
    line->residual_minor = open_minor;
    line->charge = step->charge;
    line->block = step->block;
    // What is charged already is not charged once more.
    const int32_t from =
        record->charged_day > record->due_day ? record->charged_day : record->due_day;
    const enum status status = interest_of(books, record, from, dunning->date_day,
                                           step->interest_bp, &line->interest_minor);
    reminder->item[dunning->n_line] = item;
    dunning->line[dunning->n_line++] = line;
    return status;
}

// ---- the customer ----

static enum status take_item(struct books *books, struct reminder *reminder, struct item *item,
                             const struct promise_list *promises, const DunningRecord *only)
{
    DunningRecord *dunning = reminder->dunning;
    const ItemRecord *record = item->record;
    const int32_t day = dunning->date_day;
    int64_t open_minor = 0;
    if (record->nature != ITEM_NATURE__ITEM_NATURE_UNSET) {
        dunning->earlier_minor += record->open_minor; // it bears nothing and has no level
        return STATUS_OK;
    }
    if (record->disputed || dunning->n_line == DUNNING_LINES_MAX ||
        collection_blocks(reminder->collection, record->document_id, day) ||
        is_promised(promises, record->id, day)) {
        return STATUS_OK;
    }
    const enum status status = open_on(books, record, day, &open_minor);
    if (status != STATUS_OK || open_minor <= 0) {
        return status;
    }
    const uint32_t level = level_of(record, reminder->procedure, open_minor, day);
    if (level != 0 && record->currency[0] != '\0') {
        reminder->foreign++;
        return STATUS_OK;
    }
    const bool is_asked = only == NULL || is_in(only, record->id, level);
    return level != 0 && is_asked ? add_line(books, reminder, item, level, open_minor) : STATUS_OK;
}

static void add_up(struct reminder *reminder)
{
    DunningRecord *dunning = reminder->dunning;
    for (size_t i = 0; i < dunning->n_line; i++) {
        const DunningLineRecord *line = dunning->line[i];
        dunning->principal_minor += line->residual_minor;
        dunning->interest_minor += line->interest_minor;
        dunning->level = line->level > dunning->level ? line->level : dunning->level;
    }
    if (dunning->level > 0) {
        dunning->step = reminder->procedure->level[dunning->level - 1];
        dunning->fee_minor = dunning->step->fee_minor;
    }
}

// Who owes nothing on the whole, or little, is not reminded.
static enum status owes_enough(struct books *books, const struct reminder *reminder, bool *out)
{
    struct balance *balance = NULL;
    const enum status status = posting_balance(books, reminder->customer->id, &balance);
    if (status == STATUS_OK) {
        const int64_t owed_minor = posting_owed(balance);
        *out = owed_minor > 0 && owed_minor >= reminder->procedure->minimum_minor;
    }
    return status;
}

static enum status clear(struct books *books, struct reminder *reminder)
{
    DunningRecord *dunning = reminder->dunning;
    reminder->foreign = 0;
    dunning->procedure = reminder->procedure != NULL ? reminder->procedure->version : 0;
    dunning->level = 0;
    dunning->n_line = 0;
    dunning->principal_minor = 0;
    dunning->fee_minor = 0;
    dunning->interest_minor = 0;
    dunning->earlier_minor = 0;
    dunning->step = NULL;
    dunning->line = arena_alloc(books->arena, DUNNING_LINES_MAX * sizeof *dunning->line);
    reminder->item = arena_alloc(books->arena, DUNNING_LINES_MAX * sizeof(struct item *));
    return dunning->line != NULL && reminder->item != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status reminder_fill(struct books *books, struct reminder *reminder, const DunningRecord *only)
{
    struct item_list debits = {0};
    struct promise_list promises = {0};
    bool enough = false;
    const CustomerRecord *customer = reminder->customer;
    enum status status = clear(books, reminder);
    const bool may = status == STATUS_OK && reminder->procedure != NULL &&
                     reminder_may(books, customer) &&
                     !collection_blocks(reminder->collection, 0, reminder->dunning->date_day);
    if (may) {
        status = owes_enough(books, reminder, &enough);
    }
    if (status != STATUS_OK || !enough) {
        return status;
    }
    status = promises_of(books->txn, books->arena, reminder->collection, &promises);
    if (status == STATUS_OK) {
        status = item_open(books, customer->id, ITEM_SIDE__ITEM_SIDE_DEBIT, &debits);
    }
    for (size_t i = 0; status == STATUS_OK && i < debits.count; i++) {
        status = take_item(books, reminder, debits.item[i], &promises, only);
    }
    if (status == STATUS_OK) {
        add_up(reminder);
    }
    return status;
}

enum status reminder_made(struct books *books, const DunningRecord *dunning,
                          const CustomerRecord *customer, DunningMade **out)
{
    DunningMade *made = (DunningMade *)wire_make(books->arena, &dunning_made__descriptor);
    if (made == NULL) {
        return STATUS_TOO_LARGE;
    }
    made->id = dunning->id;
    made->number = dunning_number(books->arena, dunning);
    made->customer = ident_print(books->arena, SERIES_CUSTOMER, 0, customer->sequence);
    made->state = dunning->state;
    made->level = dunning->level;
    made->items = (uint32_t)dunning->n_line;
    made->principal_minor = dunning->principal_minor;
    made->fee_minor = dunning->fee_minor;
    made->late_interest_minor = dunning->interest_minor;
    *out = made;
    return made->number != NULL && made->customer != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
