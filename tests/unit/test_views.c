// SPDX-License-Identifier: Apache-2.0
#include "server/views/views.h"
#include "shared/day.h"
#include "shared/text.h"
#include "tests/unit/shelf.h"
#include "tests/unit/unit.h"

#include <pthread.h>

// A small book that changes at random, kept beside the store as plain arrays: the views must say
// what the arrays say.

#define USERS         4
#define CUSTOMERS_MAX 60
#define ITEMS_MAX     400
#define FIRST_DAY     20000
#define LAST_DAY      20400

struct model_item {
    uint64_t id, customer_id, document_id;
    bool debit;
    int32_t date_day, due_day;
    int32_t dispute_day, settled_day; // in dispute from, until; 0: never, not ended
    int64_t amount, open;
    uint32_t sequence;
};

struct model_allocation {
    size_t debit, credit;
    int64_t amount; // signed
    int32_t day;
};

struct model {
    struct shelf shelf;
    struct views *views;
    uint64_t random;
    uint64_t number;
    uint32_t ordinal;
    struct shelf_customer customer[CUSTOMERS_MAX];
    char text[CUSTOMERS_MAX][3][64];
    size_t customers;
    struct model_item item[ITEMS_MAX];
    size_t items;
    struct model_allocation allocation[ITEMS_MAX];
    size_t allocations;
    uint32_t next_invoice, next_payment;
};

WRAPS static uint64_t draw(struct model *model, uint64_t below)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return model->random % below;
}

static uint64_t new_id(struct model *model)
{
    return model->number << 8 | ++model->ordinal;
}

static int set_up(void **state)
{
    struct model *model = calloc(1, sizeof *model);
    assert_non_null(model);
    model->random = 88172645463325252u;
    shelf_make(&model->shelf);
    assert_int_equal(views_make(model->shelf.store, &model->views), STATUS_OK);
    *state = model;
    return 0;
}

static int tear_down(void **state)
{
    struct model *model = *state;
    views_free(model->views);
    shelf_free(&model->shelf);
    free(model);
    return 0;
}

static struct txn *batch_begin(struct model *model)
{
    struct txn *txn = shelf_begin(&model->shelf, TXN_WRITE);
    model->number++;
    model->ordinal = 0;
    txn_head(txn)->number = model->number;
    txn_head(txn)->book_day = FIRST_DAY + (int32_t)model->number;
    return txn;
}

static void batch_end(struct model *model, struct txn *txn)
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

static void put_customer(struct model *model, struct txn *txn, size_t at)
{
    shelf_customer(txn, &model->customer[at]);
}

static void name_customer(struct model *model, size_t at)
{
    static const char *const FAMILY[] = {"深圳恒通", "Acme",     "广州老王",
                                         "zeta",     "北京远山", "ÄRGER"};
    (void)snprintf(model->text[at][0], 64, "%s %u", FAMILY[draw(model, COUNT_OF(FAMILY))],
                   (unsigned)draw(model, 30));
    (void)snprintf(model->text[at][1], 64, "138-%04u-%04u", (unsigned)draw(model, 10000),
                   (unsigned)draw(model, 10000));
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
        .id = new_id(model),
        .sequence = (uint32_t)model->customers,
        .owner_id = draw(model, USERS),
        .kind = draw(model, 3) == 0 ? CUSTOMER_KIND__CUSTOMER_KIND_PERSON
                                    : CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION,
        .tag = draw(model, 2) == 0 ? "vip" : "viper",
    };
    name_customer(model, at);
    put_customer(model, txn, at);
}

static void put_item(struct txn *txn, const struct model_item *item)
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

static void put_invoice(struct txn *txn, const struct model_item *item)
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
    record.id = new_id(model);
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
        .document_id = new_id(model),
        .customer_id = model->customer[draw(model, model->customers)].id,
        .debit = draw(model, 3) != 0,
        .date_day = FIRST_DAY + (int32_t)draw(model, LAST_DAY - FIRST_DAY),
        .amount = 1 + (int64_t)draw(model, 100000),
    };
    item->id = new_id(model);
    item->due_day = item->date_day + (int32_t)draw(model, 90);
    item->dispute_day = draw(model, 4) == 0 ? item->date_day + (int32_t)draw(model, 60) : 0;
    item->open = item->amount;
    item->sequence = item->debit ? ++model->next_invoice : ++model->next_payment;
    if (item->debit) {
        put_invoice(txn, item);
    } else {
        put_payment(txn, item);
    }
    put_item(txn, item);
    put_entry(model, txn, item);
}

static void put_allocation(struct model *model, struct txn *txn, struct model_allocation allocation,
                           uint64_t reverses)
{
    AllocationRecord record;
    allocation_record__init(&record);
    struct model_item *debit = &model->item[allocation.debit];
    struct model_item *credit = &model->item[allocation.credit];
    record.id = new_id(model);
    record.customer_id = debit->customer_id;
    record.debit_id = debit->id;
    record.credit_id = credit->id;
    record.amount_minor = allocation.amount < 0 ? -allocation.amount : allocation.amount;
    record.effective_day = allocation.day;
    record.reverses_id = reverses;
    shelf_put(txn, TABLE_allocation, record.id, &record.base);
    debit->open -= allocation.amount;
    credit->open -= allocation.amount;
    if (debit->dispute_day != 0 && debit->settled_day == 0 && draw(model, 2) == 0) {
        debit->settled_day = debit->dispute_day + (int32_t)draw(model, 60);
    }
    put_item(txn, debit);
    put_item(txn, credit);
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
        .amount = draw(model, 2) == 0 ? most : 1 + (int64_t)draw(model, (uint64_t)most),
        .day = day + (int32_t)draw(model, 20),
    };
    put_allocation(model, txn, made, 0);
    if (draw(model, 4) == 0) {
        made.amount = -made.amount;
        made.day += (int32_t)draw(model, 40);
        put_allocation(model, txn, made, 1);
    }
}

static void allocate(struct model *model, struct txn *txn)
{
    for (size_t b = draw(model, model->items + 1);
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
    size_t at = draw(model, model->customers);
    model->customer[at].owner_id = draw(model, USERS);
    model->customer[at].archived = draw(model, 6) == 0;
    if (draw(model, 2) == 0) {
        name_customer(model, at);
    }
    put_customer(model, txn, at);
}

static void run_batch(struct model *model, size_t steps)
{
    struct txn *txn = batch_begin(model);
    if (model->number == 1) {
        shelf_user(txn, 1, "Ann", "north");
        shelf_user(txn, 2, "Bob", "north");
        shelf_user(txn, 3, "Cem", "");
        add_customer(model, txn);
    }
    // A batch that writes nothing commits nothing, not even its number.
    change_customer(model, txn);
    for (size_t i = 0; i < steps; i++) {
        switch (draw(model, 5)) {
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
    batch_end(model, txn);
}

static void fill(struct model *model)
{
    for (size_t i = 0; i < 50; i++) {
        run_batch(model, 1 + draw(model, 30));
    }
    assert_true(model->items > 200 && model->allocations > 40 && model->customers > 40);
}

static struct filter filter_of(uint64_t user_id, enum scope scope, const char *team,
                               enum view contact)
{
    return (struct filter){
        .user_id = user_id,
        .scope = scope,
        .team = team,
        .views =
            {[CLASS_PUBLIC] = VIEW_FULL, [CLASS_CONTACT] = contact, [CLASS_FINANCE] = VIEW_FULL},
    };
}

static bool model_sees(const struct filter *filter, uint64_t owner_id)
{
    if (filter->scope == SCOPE_ALL) {
        return true;
    }
    bool team =
        filter->scope == SCOPE_TEAM && filter->user_id <= 2 && (owner_id == 1 || owner_id == 2);
    return filter->scope != SCOPE_NONE && (owner_id == filter->user_id || team);
}

static const struct shelf_customer *customer_of(const struct model *model, uint64_t id)
{
    for (size_t i = 0; i < model->customers; i++) {
        if (model->customer[i].id == id) {
            return &model->customer[i];
        }
    }
    assert(false && "no such customer");
    return &model->customer[0];
}

// ---- rebuild and compare ----

static void a_rebuilt_view_equals_the_one_kept_current(void **state)
{
    struct model *model = *state;
    for (size_t round = 0; round < 40; round++) {
        run_batch(model, 1 + draw(model, 25));
        struct views *rebuilt = NULL;
        assert_int_equal(views_make(model->shelf.store, &rebuilt), STATUS_OK);
        struct txn *txn = shelf_begin(&model->shelf, TXN_READ);
        assert_int_equal(views_build(rebuilt, txn), STATUS_OK);
        uint8_t kept[32];
        uint8_t built[32];
        views_digest(model->views, kept);
        views_digest(rebuilt, built);
        assert_memory_equal(kept, built, sizeof kept);
        assert_int_equal(views_number(rebuilt), model->number);
        txn_abort(txn);
        views_free(rebuilt);
    }
}

// Enough customers, invoices and items for the build to share them out among threads.
static void a_build_by_several_threads_equals_the_one_kept_current(void **state)
{
    struct model *model = *state;
    for (size_t batch = 0; batch < 6; batch++) {
        struct txn *txn = batch_begin(model);
        for (size_t i = 0; i < 900; i++) {
            char name[32];
            uint32_t sequence = (uint32_t)(batch * 900 + i + 1);
            (void)snprintf(name, sizeof name, "Firm %u", (unsigned)draw(model, 5000));
            const struct shelf_customer customer = {
                .id = (uint64_t)sequence << 8 | 1,
                .sequence = sequence,
                .kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION,
                .name = name,
            };
            shelf_customer(txn, &customer);
            const struct model_item item = {
                .id = customer.id + 1,
                .customer_id = (uint64_t)(draw(model, sequence) + 1) << 8 | 1,
                .document_id = customer.id + 2,
                .debit = true,
                .date_day = FIRST_DAY + (int32_t)draw(model, 400),
                .due_day = LAST_DAY,
                .amount = 1 + (int64_t)draw(model, 100000),
                .open = (int64_t)draw(model, 2),
                .sequence = sequence,
            };
            put_invoice(txn, &item);
            put_item(txn, &item);
        }
        batch_end(model, txn);
    }
    struct views *rebuilt = NULL;
    assert_int_equal(views_make(model->shelf.store, &rebuilt), STATUS_OK);
    struct txn *txn = shelf_begin(&model->shelf, TXN_READ);
    assert_int_equal(views_build(rebuilt, txn), STATUS_OK);
    uint8_t kept[32];
    uint8_t built[32];
    views_digest(model->views, kept);
    views_digest(rebuilt, built);
    assert_memory_equal(kept, built, sizeof kept);
    txn_abort(txn);
    views_free(rebuilt);
}

static void the_digest_sees_a_change(void **state)
{
    struct model *model = *state;
    fill(model);
    uint8_t before[32];
    uint8_t after[32];
    views_digest(model->views, before);
    struct txn *txn = batch_begin(model);
    model->customer[3].archived = !model->customer[3].archived;
    put_customer(model, txn, 3);
    batch_end(model, txn);
    views_digest(model->views, after);
    assert_memory_not_equal(before, after, sizeof before);
}

// ---- aging ----

static int64_t model_residual(const struct model *model, size_t item, int32_t day)
{
    int64_t residual = model->item[item].date_day <= day ? model->item[item].amount : 0;
    for (size_t i = 0; i < model->allocations; i++) {
        const struct model_allocation *allocation = &model->allocation[i];
        if (allocation->day <= day && (allocation->debit == item || allocation->credit == item)) {
            residual -= allocation->amount;
        }
    }
    return residual;
}

static size_t model_bucket(int32_t age)
{
    if (age <= 0) {
        return 0;
    }
    if (age <= 90) {
        return (size_t)(1 + (age - 1) / 30);
    }
    return age <= 180 ? 4 : age <= 365 ? 5 : 6;
}

static struct aging_row model_aging(const struct model *model, const struct filter *filter,
                                    int32_t day, uint64_t customer_id)
{
    struct aging_row row = {0};
    for (size_t i = 0; i < model->items; i++) {
        const struct model_item *item = &model->item[i];
        int64_t residual = model_residual(model, i, day);
        bool seen = model_sees(filter, customer_of(model, item->customer_id)->owner_id);
        if (residual == 0 || !seen || (customer_id != 0 && item->customer_id != customer_id)) {
            continue;
        }
        if (!item->debit) {
            row.on_account_minor += residual;
            row.on_account_count++;
            continue;
        }
        size_t bucket = model_bucket(day - item->due_day);
        row.bucket_minor[bucket] += residual;
        row.bucket_count[bucket]++;
        const bool disputed = item->dispute_day != 0 && item->dispute_day <= day &&
                              (item->settled_day == 0 || item->settled_day > day);
        row.disputed_minor += disputed ? residual : 0;
        row.disputed_count += disputed;
    }
    return row;
}

static void same_aging(const struct aging_row *a, const struct aging_row *b)
{
    for (size_t i = 0; i < AGING_BUCKETS; i++) {
        assert_int_equal(a->bucket_minor[i], b->bucket_minor[i]);
        assert_int_equal(a->bucket_count[i], b->bucket_count[i]);
    }
    assert_int_equal(a->on_account_minor, b->on_account_minor);
    assert_int_equal(a->on_account_count, b->on_account_count);
    assert_int_equal(a->disputed_minor, b->disputed_minor);
    assert_int_equal(a->disputed_count, b->disputed_count);
}

static void aging_of_any_day_is_what_the_plain_rule_says(void **state)
{
    struct model *model = *state;
    fill(model);
    const struct filter filters[] = {
        filter_of(1, SCOPE_ALL, "", VIEW_FULL),
        filter_of(1, SCOPE_TEAM, "north", VIEW_FULL),
        filter_of(2, SCOPE_OWN, "north", VIEW_FULL),
        filter_of(3, SCOPE_NONE, "", VIEW_FULL),
    };
    for (int32_t day = FIRST_DAY - 10; day <= LAST_DAY + 110; day += 13) {
        const struct filter *filter = &filters[draw(model, COUNT_OF(filters))];
        struct aging_query query = {.day = day};
        struct aging_matches all;
        arena_reset(model->shelf.arena);
        assert_int_equal(
            views_aging(model->views, filter, &query, 0, 1000, model->shelf.arena, &all),
            STATUS_OK);
        struct aging_row expected = model_aging(model, filter, day, 0);
        same_aging(&all.total, &expected);
        assert_int_equal(all.total_count, all.count);
        for (size_t i = 0; i < all.count; i++) {
            expected = model_aging(model, filter, day, all.row[i].customer_id);
            same_aging(&all.row[i], &expected);
            assert_true(i == 0 || all.row[i - 1].sequence < all.row[i].sequence);
            struct aging_matches one;
            query.customer_id = all.row[i].customer_id;
            assert_int_equal(
                views_aging(model->views, filter, &query, 0, 1, model->shelf.arena, &one),
                STATUS_OK);
            same_aging(&one.total, &expected);
        }
    }
}

static void a_bucket_ends_on_its_upper_day(void **state)
{
    (void)state;

    static const struct {
        int32_t age;
        size_t bucket;
    } CASES[] = {{-5, 0}, {0, 0},  {1, 1},   {30, 1},  {31, 2},  {60, 2}, {61, 3},
                 {90, 3}, {91, 4}, {180, 4}, {181, 5}, {365, 5}, {366, 6}};

    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        assert_int_equal(aging_bucket(CASES[i].age), CASES[i].bucket);
    }
}

static void pages_of_the_aging_make_the_whole(void **state)
{
    struct model *model = *state;
    fill(model);
    const struct filter filter = filter_of(1, SCOPE_ALL, "", VIEW_FULL);
    for (enum aging_order order = AGING_BY_NUMBER; order <= AGING_BY_BALANCE; order++) {
        struct aging_query query = {.day = LAST_DAY, .order = order, .descending = order % 2 == 1};
        struct aging_matches whole;
        struct aging_matches page;
        arena_reset(model->shelf.arena);
        assert_int_equal(
            views_aging(model->views, &filter, &query, 0, 1000, model->shelf.arena, &whole),
            STATUS_OK);
        for (size_t skip = 0; skip < whole.count; skip += 7) {
            assert_int_equal(
                views_aging(model->views, &filter, &query, skip, 7, model->shelf.arena, &page),
                STATUS_OK);
            assert_int_equal(page.more, skip + page.count < whole.count);
            for (size_t i = 0; i < page.count; i++) {
                assert_int_equal(page.row[i].customer_id, whole.row[skip + i].customer_id);
            }
        }
    }
}

// The control account of the model is 1122: what items say is what the day sums say.
static void items_tie_to_the_day_sums_on_every_day(void **state)
{
    struct model *model = *state;
    fill(model);
    for (int32_t day = FIRST_DAY; day <= LAST_DAY + 110; day += 17) {
        struct aging_query query = {.day = day};
        struct aging_matches all;
        arena_reset(model->shelf.arena);
        assert_int_equal(views_aging(model->views, NULL, &query, 0, 0, model->shelf.arena, &all),
                         STATUS_OK);
        struct account_sum sum = views_account(model->views, 1122, DAY_MIN, day);
        assert_int_equal(aging_open(&all.total) - all.total.on_account_minor,
                         sum.debit_minor - sum.credit_minor);
    }
}

// ---- lists of customers ----

static bool holds(const struct customer_matches *matches, uint64_t id)
{
    for (size_t i = 0; i < matches->count; i++) {
        if (matches->row[i].id == id) {
            return true;
        }
    }
    return false;
}

static void list(struct model *model, const struct filter *filter,
                 const struct customer_query *query, struct customer_matches *out)
{
    assert_int_equal(views_customers(model->views, filter, query, 0, 1000, model->shelf.arena, out),
                     STATUS_OK);
}

static void a_list_holds_what_the_scope_shows_and_no_more(void **state)
{
    struct model *model = *state;
    fill(model);
    for (uint64_t user = 1; user < USERS; user++) {
        for (enum scope scope = SCOPE_NONE; scope <= SCOPE_ALL; scope++) {
            const struct filter filter =
                filter_of(user, scope, user <= 2 ? "north" : "", VIEW_FULL);
            struct customer_query query = {.today = LAST_DAY};
            struct customer_matches matches;
            arena_reset(model->shelf.arena);
            list(model, &filter, &query, &matches);
            size_t expected = 0;
            int64_t open = 0;
            for (size_t i = 0; i < model->customers; i++) {
                bool seen = model_sees(&filter, model->customer[i].owner_id);
                bool listed = seen && !model->customer[i].archived;
                expected += listed;
                assert_int_equal(holds(&matches, model->customer[i].id), listed);
                struct view_customer one;
                assert_int_equal(views_customer(model->views, &filter, model->customer[i].id, &one),
                                 seen);
                for (size_t k = 0; k < model->items && listed; k++) {
                    bool owed =
                        model->item[k].debit && model->item[k].customer_id == model->customer[i].id;
                    open += owed ? model->item[k].open : 0;
                }
            }
            assert_int_equal(matches.total_count, expected);
            assert_int_equal(matches.open_minor, open);
        }
    }
}

static void overdue_follows_the_day_that_is_asked(void **state)
{
    struct model *model = *state;
    fill(model);
    for (int32_t today = FIRST_DAY; today < LAST_DAY + 100; today += 30) {
        struct customer_query query = {.today = today};
        struct customer_matches matches;
        arena_reset(model->shelf.arena);
        list(model, NULL, &query, &matches);
        for (size_t i = 0; i < matches.count; i++) {
            int64_t overdue = 0;
            for (size_t k = 0; k < model->items; k++) {
                const struct model_item *item = &model->item[k];
                bool late =
                    item->debit && item->customer_id == matches.row[i].id && item->due_day < today;
                overdue += late ? item->open : 0;
            }
            assert_int_equal(matches.row[i].overdue_minor, overdue);
        }
    }
}

static int64_t order_key(enum customer_order order, const struct customer_match *match)
{
    switch (order) {
    case CUSTOMER_BY_OPEN:
        return match->open_minor;
    case CUSTOMER_BY_OVERDUE:
        return match->overdue_minor;
    case CUSTOMER_BY_ACTIVITY:
        return match->last_activity_day;
    case CUSTOMER_BY_NUMBER:
    case CUSTOMER_BY_NAME:
        break;
    }
    return (int64_t)match->id;
}

static void every_order_is_sorted_and_its_pages_make_the_whole(void **state)
{
    struct model *model = *state;
    fill(model);
    for (enum customer_order order = CUSTOMER_BY_NUMBER; order <= CUSTOMER_BY_ACTIVITY; order++) {
        for (int descending = 0; descending < 2; descending++) {
            struct customer_query query = {
                .today = LAST_DAY, .order = order, .descending = descending == 1};
            struct customer_matches whole;
            struct customer_matches page;
            arena_reset(model->shelf.arena);
            list(model, NULL, &query, &whole);
            for (size_t i = 1; i < whole.count && order != CUSTOMER_BY_NAME; i++) {
                int64_t a = order_key(order, &whole.row[i - 1]);
                int64_t b = order_key(order, &whole.row[i]);
                assert_true(descending == 1 ? a >= b : a <= b);
            }
            for (size_t skip = 0; skip < whole.count; skip += 9) {
                assert_int_equal(
                    views_customers(model->views, NULL, &query, skip, 9, model->shelf.arena, &page),
                    STATUS_OK);
                for (size_t i = 0; i < page.count; i++) {
                    assert_int_equal(page.row[i].id, whole.row[skip + i].id);
                }
            }
        }
    }
}

static void names_are_ordered_by_their_folded_text(void **state)
{
    struct model *model = *state;
    fill(model);
    struct customer_query query = {.today = LAST_DAY, .order = CUSTOMER_BY_NAME};
    struct customer_matches matches;
    list(model, NULL, &query, &matches);
    assert_true(matches.count > 30);
    for (size_t i = 1; i < matches.count; i++) {
        uint64_t before_id = matches.row[i - 1].id;
        uint64_t id = matches.row[i].id;
        const char *before = text_fold(model->shelf.arena, customer_of(model, before_id)->name);
        const char *name = text_fold(model->shelf.arena, customer_of(model, id)->name);
        int order = strcmp(before, name);
        assert_true(order < 0 || (order == 0 && before_id < id));
    }
}

// ---- search ----

static void put_pair(struct model *model)
{
    struct txn *txn = batch_begin(model);
    shelf_user(txn, 1, "Ann", "north");
    model->customers = 2;
    model->customer[0] = (struct shelf_customer){
        .id = new_id(model),
        .sequence = 1,
        .kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION,
        .owner_id = 1,
        .name = "深圳市恒通贸易有限公司",
        .phone = "138-1234-2046",
        .email = "Buy@Example.com",
        .tag = "VIP",
        .region = "South",
    };
    model->customer[1] = (struct shelf_customer){
        .id = new_id(model),
        .sequence = 2,
        .kind = CUSTOMER_KIND__CUSTOMER_KIND_PERSON,
        .name = "恒大明",
        .company = "Workshop",
        .reference = "K-77",
        .tag = "viper",
    };
    put_customer(model, txn, 0);
    put_customer(model, txn, 1);
    batch_end(model, txn);
}

static uint64_t found(struct model *model, const struct filter *filter, const char *a,
                      const char *b)
{
    struct customer_query query = {
        .words = {a, b}, .word_count = b == NULL ? 1 : 2, .today = LAST_DAY};
    struct customer_matches matches;
    arena_reset(model->shelf.arena);
    list(model, filter, &query, &matches);
    uint64_t mask = 0;
    for (size_t i = 0; i < matches.count; i++) {
        mask |= matches.row[i].id == model->customer[0].id ? 1u : 2u;
    }
    return mask;
}

static void words_find_parts_of_names_and_what_masks_show(void **state)
{
    struct model *model = *state;
    put_pair(model);
    assert_int_equal(found(model, NULL, "恒", NULL), 3);
    assert_int_equal(found(model, NULL, "恒通", NULL), 1);
    assert_int_equal(found(model, NULL, "恒", "work"), 2);
    assert_int_equal(found(model, NULL, "2046", NULL), 1);
    assert_int_equal(found(model, NULL, "13812342046", NULL), 1);
    assert_int_equal(found(model, NULL, "example.com", NULL), 1);
    assert_int_equal(found(model, NULL, "c-0002", NULL), 2);
    assert_int_equal(found(model, NULL, "k-77", NULL), 2);
    assert_int_equal(found(model, NULL, "nothing", NULL), 0);
}

// Or a number could be found out digit by digit.
static void a_veiled_value_is_not_found_by_its_parts(void **state)
{
    struct model *model = *state;
    put_pair(model);
    assert_int_equal(found(model, NULL, "046", NULL), 0);
    assert_int_equal(found(model, NULL, "42046", NULL), 0);
    assert_int_equal(found(model, NULL, "138", NULL), 0);
    assert_int_equal(found(model, NULL, "1381234204", NULL), 0);
    assert_int_equal(found(model, NULL, "example", NULL), 0);
}

static void a_masked_viewer_finds_nothing_by_what_is_masked(void **state)
{
    struct model *model = *state;
    put_pair(model);
    const struct filter masked = filter_of(9, SCOPE_ALL, "", VIEW_MASKED);
    assert_int_equal(found(model, &masked, "2046", NULL), 0);
    assert_int_equal(found(model, &masked, "example", NULL), 0);
    assert_int_equal(found(model, &masked, "恒", NULL), 1);
    assert_int_equal(found(model, &masked, "大明", NULL), 0);
    assert_int_equal(found(model, &masked, "work", NULL), 2);
}

static void another_owners_customer_is_not_found(void **state)
{
    struct model *model = *state;
    put_pair(model);
    const struct filter own = filter_of(1, SCOPE_OWN, "", VIEW_FULL);
    assert_int_equal(found(model, &own, "恒", NULL), 1);
    assert_int_equal(found(model, &own, "k-77", NULL), 0);
    uint64_t ids[4];
    assert_int_equal(
        views_by_text(model->views, &own, TABLE_customer, "k-77", model->shelf.arena, ids, 4), 0);
    assert_int_equal(
        views_by_text(model->views, NULL, TABLE_customer, "k-77", model->shelf.arena, ids, 4), 1);
    assert_int_equal(ids[0], model->customer[1].id);
    assert_int_equal(views_by_number(model->views, &own, SERIES_CUSTOMER, 0, 2), 0);
    assert_int_equal(views_by_number(model->views, NULL, SERIES_CUSTOMER, 0, 2),
                     model->customer[1].id);
}

static void a_tag_is_whole_and_a_changed_text_is_forgotten(void **state)
{
    struct model *model = *state;
    put_pair(model);
    struct customer_query query = {.tag = "vip", .today = LAST_DAY};
    struct customer_matches matches;
    list(model, NULL, &query, &matches);
    assert_int_equal(matches.total_count, 1);
    assert_int_equal(matches.row[0].id, model->customer[0].id);

    struct txn *txn = batch_begin(model);
    model->customer[0].name = "Neue Firma";
    model->customer[0].phone = NULL;
    put_customer(model, txn, 0);
    batch_end(model, txn);
    assert_int_equal(found(model, NULL, "恒通", NULL), 0);
    assert_int_equal(found(model, NULL, "2046", NULL), 0);
    assert_int_equal(found(model, NULL, "neue", NULL), 1);
}

static void names_that_a_viewer_does_not_see_do_not_order(void **state)
{
    struct model *model = *state;
    fill(model);
    const struct filter masked = filter_of(9, SCOPE_ALL, "", VIEW_MASKED);
    struct customer_query query = {.today = LAST_DAY, .order = CUSTOMER_BY_NAME};
    struct customer_matches matches;
    list(model, &masked, &query, &matches);
    uint64_t last_person = 0;
    for (size_t i = 0; i < matches.count; i++) {
        bool person =
            customer_of(model, matches.row[i].id)->kind == CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
        assert_true(person || last_person == 0);
        assert_true(!person || matches.row[i].id > last_person);
        last_person = person ? matches.row[i].id : last_person;
    }
    assert_true(last_person != 0);
}

// ---- documents ----

static void documents_come_by_day_and_number_and_their_sums_tie(void **state)
{
    struct model *model = *state;
    fill(model);
    for (uint64_t user = 0; user < USERS; user++) {
        const struct filter filter =
            filter_of(user, user == 0 ? SCOPE_ALL : SCOPE_OWN, "", VIEW_FULL);
        const struct document_query query = {.table = TABLE_invoice,
                                             .from_day = user == 0 ? 0 : FIRST_DAY + 50,
                                             .to_day = user == 0 ? 0 : LAST_DAY - 50};
        struct document_matches matches;
        arena_reset(model->shelf.arena);
        assert_int_equal(
            views_documents(model->views, &filter, &query, 0, 1000, model->shelf.arena, &matches),
            STATUS_OK);
        uint64_t count = 0;
        int64_t amount = 0;
        int64_t open = 0;
        for (size_t i = 0; i < model->items; i++) {
            const struct model_item *item = &model->item[i];
            bool seen =
                item->debit && model_sees(&filter, customer_of(model, item->customer_id)->owner_id);
            bool inside =
                user == 0 || (item->date_day >= FIRST_DAY + 50 && item->date_day <= LAST_DAY - 50);
            if (seen && inside) {
                count++;
                amount += item->amount;
                open += item->open;
            }
            uint64_t id = item->debit ? views_by_number(model->views, &filter, SERIES_INVOICE, 2026,
                                                        item->sequence)
                                      : item->document_id;
            assert_int_equal(id, item->debit && !seen ? 0 : item->document_id);
        }
        assert_int_equal(matches.total_count, count);
        assert_int_equal(matches.count, count);
        assert_int_equal(matches.amount_minor, amount);
        assert_int_equal(matches.open_minor, open);
        int32_t day = LAST_DAY + 1;
        for (size_t i = 0; i < matches.count; i++) {
            struct view_document document;
            assert_true(
                views_document(model->views, &filter, TABLE_invoice, matches.id[i], &document));
            assert_true(document.date_day <= day);
            day = document.date_day;
        }
    }
}

static void a_statement_opens_where_the_day_before_closed(void **state)
{
    struct model *model = *state;
    struct arena *arena = model->shelf.arena;
    fill(model);
    for (size_t i = 0; i < model->customers; i++) {
        uint64_t id = model->customer[i].id;
        struct movement_page first;
        struct movement_page second;
        const struct movement_query before = {
            .customer_id = id, .from_day = DAY_MIN, .to_day = FIRST_DAY + 199};
        const struct movement_query behind = {
            .customer_id = id, .from_day = FIRST_DAY + 200, .to_day = LAST_DAY};
        arena_reset(arena);
        assert_int_equal(views_movements(model->views, NULL, &before, 0, 1000, arena, &first),
                         STATUS_OK);
        assert_int_equal(first.opening_minor, 0);
        assert_int_equal(views_movements(model->views, NULL, &behind, 0, 1000, arena, &second),
                         STATUS_OK);
        assert_int_equal(second.opening_minor, first.debit_minor - first.credit_minor);
        int64_t balance = second.opening_minor;
        for (size_t k = 0; k < second.count; k++) {
            const struct movement *row = &second.row[k];
            assert_true(row->day >= FIRST_DAY + 200 &&
                        (k == 0 || row->day >= second.row[k - 1].day));
            assert_true(row->table != TABLE_invoice || memcmp(row->reference, "Bill ", 5) == 0);
            struct movement_page page;
            assert_int_equal(views_movements(model->views, NULL, &behind, k, 1, arena, &page),
                             STATUS_OK);
            assert_int_equal(page.before_minor, balance);
            assert_int_equal(page.row[0].document_id, row->document_id);
            assert_int_equal(page.total_count, second.count);
            balance += row->amount_minor;
        }
        assert_int_equal(balance, second.opening_minor + second.debit_minor - second.credit_minor);
    }
}

static void revenue_by_month_and_by_customer_make_the_same_total(void **state)
{
    struct model *model = *state;
    const struct revenue_query by_month = {.by = REVENUE_MONTHS};
    const struct revenue_query by_customer = {.by = REVENUE_CUSTOMERS};
    fill(model);
    struct revenue_matches months;
    struct revenue_matches customers;
    assert_int_equal(
        views_revenue(model->views, NULL, &by_month, 1000, model->shelf.arena, &months), STATUS_OK);
    assert_int_equal(
        views_revenue(model->views, NULL, &by_customer, 1000, model->shelf.arena, &customers),
        STATUS_OK);
    int64_t expected = 0;
    int64_t month_sum = 0;
    int64_t customer_sum = 0;
    for (size_t i = 0; i < model->items; i++) {
        expected += model->item[i].debit ? model->item[i].amount : 0;
    }
    for (size_t i = 0; i < months.count; i++) {
        month_sum += months.row[i].net_minor;
    }
    for (size_t i = 0; i < customers.count; i++) {
        customer_sum += customers.row[i].net_minor;
        assert_true(i == 0 || customers.row[i - 1].net_minor >= customers.row[i].net_minor);
    }
    assert_int_equal(months.total.net_minor, expected);
    assert_int_equal(month_sum, expected);
    assert_int_equal(customer_sum, expected);
    assert_int_equal(months.row[0].key, 2024 * 12 + 9);
}

// ---- people ----

static void an_ended_session_is_known_no_more(void **state)
{
    struct model *model = *state;
    uint8_t hash[32] = {7};
    SessionRecord record;
    session_record__init(&record);
    record.id = 77;
    record.token_hash = (ProtobufCBinaryData){.data = hash, .len = sizeof hash};
    struct txn *txn = batch_begin(model);
    shelf_put(txn, TABLE_session, 77, &record.base);
    batch_end(model, txn);
    uint64_t id = 0;
    assert_true(views_session_of_token(model->views, hash, &id));
    assert_int_equal(id, 77);
    txn = batch_begin(model);
    record.ended = true;
    shelf_put(txn, TABLE_session, 77, &record.base);
    batch_end(model, txn);
    assert_false(views_session_of_token(model->views, hash, &id));
}

// ---- many readers beside one writer ----

struct reader {
    struct model *model;
    pthread_t thread;
    size_t rounds;
};

static void *read_on(void *context)
{
    struct reader *reader = context;
    struct arena *arena = arena_make((size_t)16 * 1024 * 1024);
    for (size_t i = 0; i < reader->rounds && arena != NULL; i++) {
        struct aging_query query = {.day = FIRST_DAY + (int32_t)i};
        struct aging_matches aging;
        struct customer_query customers = {.words = {"恒通"}, .word_count = 1, .today = FIRST_DAY};
        struct customer_matches matches;
        views_lock_read(reader->model->views);
        enum status aged = views_aging(reader->model->views, NULL, &query, 0, 10, arena, &aging);
        enum status listed =
            views_customers(reader->model->views, NULL, &customers, 0, 10, arena, &matches);
        struct account_sum sum =
            views_account(reader->model->views, 1122, DAY_MIN, FIRST_DAY + (int32_t)i);
        int64_t owed = aging_open(&aging.total) - aging.total.on_account_minor;
        assert(aged == STATUS_OK && listed == STATUS_OK);
        assert(owed == sum.debit_minor - sum.credit_minor);
        views_unlock_read(reader->model->views);
        arena_reset(arena);
    }
    arena_free(arena);
    return NULL;
}

static void readers_see_whole_batches_while_one_writes(void **state)
{
    struct model *model = *state;
    run_batch(model, 20);
    struct reader readers[3];
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        readers[i] = (struct reader){.model = model, .rounds = 300};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (size_t i = 0; i < 40; i++) {
        run_batch(model, 10);
    }
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rebuilt_view_equals_the_one_kept_current),
        CASE(a_build_by_several_threads_equals_the_one_kept_current),
        CASE(the_digest_sees_a_change),
        CASE(aging_of_any_day_is_what_the_plain_rule_says),
        CASE(a_bucket_ends_on_its_upper_day),
        CASE(pages_of_the_aging_make_the_whole),
        CASE(items_tie_to_the_day_sums_on_every_day),
        CASE(a_list_holds_what_the_scope_shows_and_no_more),
        CASE(overdue_follows_the_day_that_is_asked),
        CASE(every_order_is_sorted_and_its_pages_make_the_whole),
        CASE(names_are_ordered_by_their_folded_text),
        CASE(words_find_parts_of_names_and_what_masks_show),
        CASE(a_veiled_value_is_not_found_by_its_parts),
        CASE(a_masked_viewer_finds_nothing_by_what_is_masked),
        CASE(another_owners_customer_is_not_found),
        CASE(a_tag_is_whole_and_a_changed_text_is_forgotten),
        CASE(names_that_a_viewer_does_not_see_do_not_order),
        CASE(documents_come_by_day_and_number_and_their_sums_tie),
        CASE(a_statement_opens_where_the_day_before_closed),
        CASE(revenue_by_month_and_by_customer_make_the_same_total),
        CASE(an_ended_session_is_known_no_more),
        CASE(readers_see_whole_batches_while_one_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
