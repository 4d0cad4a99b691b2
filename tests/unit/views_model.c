// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/views_model.h"

WRAPS uint64_t model_draw(struct model *model, uint64_t below)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return model->random % below;
}

uint64_t model_new_id(struct model *model)
{
    return model->number << 8 | ++model->ordinal;
}

int model_set_up(void **state)
{
    struct model *model = calloc(1, sizeof *model);
    assert_non_null(model);
    model->random = 88172645463325252u;
    shelf_make(&model->shelf);
    assert_int_equal(views_make(model->shelf.store, &model->views), STATUS_OK);
    *state = model;
    return 0;
}

int model_tear_down(void **state)
{
    struct model *model = *state;
    views_free(model->views);
    shelf_free(&model->shelf);
    free(model);
    return 0;
}

struct txn *model_begin(struct model *model)
{
    struct txn *txn = shelf_begin(&model->shelf, TXN_WRITE);
    model->number++;
    model->ordinal = 0;
    txn_head(txn)->number = model->number;
    txn_head(txn)->book_day = FIRST_DAY + (int32_t)model->number;
    return txn;
}

void model_end(struct model *model, struct txn *txn)
{
    size_t count = 0;
    const struct change *change = txn_changes(txn, &count);
    assert_non_null(change);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    struct txn *after = NULL;
    assert_int_equal(txn_begin(model->shelf.store, TXN_READ, model->shelf.arena, &after),
                     STATUS_OK);
    assert_int_equal(views_apply(model->views, after, change, count), STATUS_OK);
    txn_abort(after);
}

void model_put_customer(struct model *model, struct txn *txn, size_t at)
{
    shelf_customer(txn, &model->customer[at]);
}

static void name_customer(struct model *model, size_t at)
{
    static const char *const FAMILY[] = {"深圳恒通", "Acme",     "广州老王",
                                         "zeta",     "北京远山", "ÄRGER"};
    (void)snprintf(model->text[at][0], 64, "%s %u", FAMILY[model_draw(model, COUNT_OF(FAMILY))],
                   (unsigned)model_draw(model, 30));
    (void)snprintf(model->text[at][1], 64, "138-%04u-%04u", (unsigned)model_draw(model, 10000),
                   (unsigned)model_draw(model, 10000));
    (void)snprintf(model->text[at][2], 64, "REF-%u", (unsigned)at);
    model->customer[at].name = model->text[at][0];
    model->customer[at].phone = model->text[at][1];
    model->customer[at].reference = model->text[at][2];
}

static void add_customer(struct model *model, struct txn *txn)
{
    if (model->customers == CUSTOMERS_MAX) {
        return;
    }
    size_t at = model->customers++;
    model->customer[at] = (struct shelf_customer){
        .id = model_new_id(model),
        .sequence = (uint32_t)model->customers,
        .owner_id = model_draw(model, USERS),
        .kind = model_draw(model, 3) == 0 ? CUSTOMER_KIND__CUSTOMER_KIND_PERSON
                                          : CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION,
        .tag = model_draw(model, 2) == 0 ? "vip" : "viper",
    };
    name_customer(model, at);
    model_put_customer(model, txn, at);
}

void model_put_item(struct txn *txn, const struct model_item *item)
{
    ItemRecord record;
    DisputeRecord only;
    DisputeRecord *dispute = &only;
    item_record__init(&record);
    dispute_record__init(&only);
    only.from_day = item->dispute_day;
    only.until_day = item->settled_day;
    record.id = item->id;
    record.side = item->debit ? ITEM_SIDE__ITEM_SIDE_DEBIT : ITEM_SIDE__ITEM_SIDE_CREDIT;
    record.customer_id = item->customer_id;
    record.document_id = item->document_id;
    record.date_day = item->date_day;
    record.due_day = item->due_day;
    record.amount_minor = item->amount;
    record.open_minor = item->open;
    record.disputed = item->dispute_day != 0 && item->settled_day == 0;
    record.n_dispute = item->dispute_day != 0;
    record.dispute = &dispute;
    record.year = 2026;
    record.sequence = item->sequence;
    record.series = item->debit ? SERIES_INVOICE : SERIES_PAYMENT;
    shelf_put(txn, TABLE_item, item->id, &record.base);
}

void model_put_invoice(struct txn *txn, const struct model_item *item)
{
    InvoiceRecord record;
    invoice_record__init(&record);
    char reference[32];
    (void)snprintf(reference, sizeof reference, "Bill %u", item->sequence);
    record.id = item->document_id;
    record.kind = INVOICE_KIND__INVOICE_KIND_INVOICE;
    record.state = INVOICE_STATE__INVOICE_STATE_ISSUED;
    record.customer_id = item->customer_id;
    record.year = 2026;
    record.sequence = item->sequence;
    record.date_day = item->date_day;
    record.gross_minor = item->amount;
    record.net_minor = item->amount;
    record.reference = reference;
    shelf_put(txn, TABLE_invoice, record.id, &record.base);
}

static void put_payment(struct txn *txn, const struct model_item *item)
{
    PaymentRecord record;
    payment_record__init(&record);
    record.id = item->document_id;
    record.state = PAYMENT_STATE__PAYMENT_STATE_POSTED;
    record.customer_id = item->customer_id;
    record.year = 2026;
    record.sequence = item->sequence;
    record.date_day = item->date_day;
    record.amount_minor = item->amount;
    shelf_put(txn, TABLE_payment, record.id, &record.base);
}

// Receivables 1122 against money or sales, so that day sums exist.
static void put_entry(struct model *model, struct txn *txn, const struct model_item *item)
{
    EntryRecord record;
    PostingLine lines[2];
    PostingLine *line[2] = {&lines[0], &lines[1]};
    entry_record__init(&record);
    posting_line__init(&lines[0]);
    posting_line__init(&lines[1]);
    record.id = model_new_id(model);
    record.year = 2026;
    record.sequence = (uint32_t)(model->next_invoice + model->next_payment);
    record.date_day = item->date_day;
    record.line = line;
    record.n_line = 2;
    lines[item->debit ? 0 : 1].account = 1122;
    lines[item->debit ? 0 : 1].customer_id = item->customer_id;
    lines[item->debit ? 1 : 0].account = item->debit ? 6001 : 1002;
    lines[0].debit_minor = item->amount;
    lines[1].credit_minor = item->amount;
    shelf_put(txn, TABLE_entry, record.id, &record.base);
}

static void add_item(struct model *model, struct txn *txn)
{
    if (model->items == ITEMS_MAX || model->customers == 0) {
        return;
    }
    struct model_item *item = &model->item[model->items++];
    *item = (struct model_item){
        .document_id = model_new_id(model),
        .customer_id = model->customer[model_draw(model, model->customers)].id,
        .debit = model_draw(model, 3) != 0,
        .date_day = FIRST_DAY + (int32_t)model_draw(model, LAST_DAY - FIRST_DAY),
        .amount = 1 + (int64_t)model_draw(model, 100000),
    };
    item->id = model_new_id(model);
    item->due_day = item->date_day + (int32_t)model_draw(model, 90);
    item->dispute_day =
        model_draw(model, 4) == 0 ? item->date_day + (int32_t)model_draw(model, 60) : 0;
    item->open = item->amount;
    item->sequence = item->debit ? ++model->next_invoice : ++model->next_payment;
    if (item->debit) {
        model_put_invoice(txn, item);
    } else {
        put_payment(txn, item);
    }
    model_put_item(txn, item);
    put_entry(model, txn, item);
}

static void put_allocation(struct model *model, struct txn *txn, struct model_allocation allocation,
                           uint64_t reverses)
{
    AllocationRecord record;
    allocation_record__init(&record);
    struct model_item *debit = &model->item[allocation.debit];
    struct model_item *credit = &model->item[allocation.credit];
    record.id = model_new_id(model);
    record.customer_id = debit->customer_id;
    record.debit_id = debit->id;
    record.credit_id = credit->id;
    record.amount_minor = allocation.amount < 0 ? -allocation.amount : allocation.amount;
    record.effective_day = allocation.day;
    record.reverses_id = reverses;
    shelf_put(txn, TABLE_allocation, record.id, &record.base);
    debit->open -= allocation.amount;
    credit->open -= allocation.amount;
    if (debit->dispute_day != 0 && debit->settled_day == 0 && model_draw(model, 2) == 0) {
        debit->settled_day = debit->dispute_day + (int32_t)model_draw(model, 60);
    }
    model_put_item(txn, debit);
    model_put_item(txn, credit);
    model->allocation[model->allocations++] = allocation;
}

static bool may_settle(const struct model_item *debit, const struct model_item *credit)
{
    return debit->debit && !credit->debit && debit->customer_id == credit->customer_id &&
           debit->open > 0 && credit->open > 0;
}

static void settle(struct model *model, struct txn *txn, size_t a, size_t b)
{
    const struct model_item *debit = &model->item[a];
    const struct model_item *credit = &model->item[b];
    int64_t most = debit->open < credit->open ? debit->open : credit->open;
    int32_t day = debit->date_day > credit->date_day ? debit->date_day : credit->date_day;
    struct model_allocation made = {
        .debit = a,
        .credit = b,
        .amount = model_draw(model, 2) == 0 ? most : 1 + (int64_t)model_draw(model, (uint64_t)most),
        .day = day + (int32_t)model_draw(model, 20),
    };
    put_allocation(model, txn, made, 0);
    if (model_draw(model, 4) == 0) {
        made.amount = -made.amount;
        made.day += (int32_t)model_draw(model, 40);
        put_allocation(model, txn, made, 1);
    }
}

static void allocate(struct model *model, struct txn *txn)
{
    for (size_t b = model_draw(model, model->items + 1);
         b < model->items && model->allocations + 2 < ITEMS_MAX; b++) {
        for (size_t a = 0; a < model->items; a++) {
            if (may_settle(&model->item[a], &model->item[b])) {
                settle(model, txn, a, b);
                return;
            }
        }
    }
}

static void change_customer(struct model *model, struct txn *txn)
{
    if (model->customers == 0) {
        return;
    }
    size_t at = model_draw(model, model->customers);
    model->customer[at].owner_id = model_draw(model, USERS);
    model->customer[at].archived = model_draw(model, 6) == 0;
    if (model_draw(model, 2) == 0) {
        name_customer(model, at);
    }
    model_put_customer(model, txn, at);
}

void model_run(struct model *model, size_t steps)
{
    struct txn *txn = model_begin(model);
    if (model->number == 1) {
        shelf_user(txn, 1, "Ann", "north");
        shelf_user(txn, 2, "Bob", "north");
        shelf_user(txn, 3, "Cem", "");
        add_customer(model, txn);
    }
    // A batch that writes nothing commits nothing, not even its number.
    change_customer(model, txn);
    for (size_t i = 0; i < steps; i++) {
        switch (model_draw(model, 5)) {
        case 0:
            add_customer(model, txn);
            break;
        case 1:
            change_customer(model, txn);
            break;
        case 2:
            allocate(model, txn);
            break;
        default:
            add_item(model, txn);
            break;
        }
    }
    model_end(model, txn);
}

void model_fill(struct model *model)
{
    for (size_t i = 0; i < 50; i++) {
        model_run(model, 1 + model_draw(model, 30));
    }
    assert_true(model->items > 200 && model->allocations > 40 && model->customers > 40);
}

struct filter model_filter(uint64_t user_id, enum scope scope, const char *team, enum view contact)
{
    return (struct filter){
        .user_id = user_id,
        .scope = scope,
        .team = team,
        .views =
            {[CLASS_PUBLIC] = VIEW_FULL, [CLASS_CONTACT] = contact, [CLASS_FINANCE] = VIEW_FULL},
    };
}

bool model_sees(const struct filter *filter, uint64_t owner_id)
{
    if (filter->scope == SCOPE_ALL) {
        return true;
    }
    bool team =
        filter->scope == SCOPE_TEAM && filter->user_id <= 2 && (owner_id == 1 || owner_id == 2);
    return filter->scope != SCOPE_NONE && (owner_id == filter->user_id || team);
}

const struct shelf_customer *model_customer(const struct model *model, uint64_t id)
{
    for (size_t i = 0; i < model->customers; i++) {
        if (model->customer[i].id == id) {
            return &model->customer[i];
        }
    }
    assert(false && "no such customer");
    return &model->customer[0];
}
