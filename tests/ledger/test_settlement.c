// SPDX-License-Identifier: Apache-2.0
// What scenarios cannot say yet, or only at length: claims with costs and interest, promised
// payments, and payments of more items than one call can settle.
#include "server/ledger/settlement.h"
#include "tests/ledger/house.h"
#include "tests/unit/unit.h"

#define TODAY 20500
#define MANY  300

struct office {
    struct house house;
    uint64_t customer_id;
};

static int set_up(void **state)
{
    struct office *office = calloc(1, sizeof *office);
    assert_non_null(office);
    house_make(&office->house, "cn-small", TODAY);
    office->customer_id = house_customer(&office->house);
    *state = office;
    return 0;
}

static int tear_down(void **state)
{
    struct office *office = *state;
    house_free(&office->house);
    free(office);
    return 0;
}

static uint64_t issue(struct office *office, int64_t amount_minor, int32_t due_day)
{
    InvoiceIssue request;
    invoice_issue__init(&request);
    InvoiceIssueReply reply;
    invoice_issue_reply__init(&reply);
    request.customer_id = office->customer_id;
    request.amount_minor = amount_minor;
    request.date_day = TODAY - 60;
    request.due_day = due_day;
    house_begin(&office->house);
    house_command(&office->house, "invoice_issue");
    const enum status status =
        invoice_issue(office->house.txn, &office->house.call, &request, &reply);
    assert_int_equal(status, STATUS_OK);
    const uint64_t item_id = reply.part[0]->item_id;
    house_end(&office->house, status);
    return item_id;
}

// An item that stands beside the ledger: enough for what is decided about it.
static uint64_t add_item(struct office *office, uint64_t claim_id, ItemNature nature,
                         int64_t amount_minor)
{
    struct house *house = &office->house;
    house_begin(house);
    ItemRecord *claim = NULL;
    assert_int_equal(item_get(house->txn, key_u64(claim_id), &claim), STATUS_OK);
    ItemRecord item = *claim;
    item.id = call_new_id(&house->call);
    item.claim_id = claim_id;
    item.nature = nature;
    item.amount_minor = amount_minor;
    item.open_minor = amount_minor;
    IdRecord index;
    id_record__init(&index);
    index.id = item.id;
    assert_int_equal(item_put(house->txn, key_u64(item.id), &item), STATUS_OK);
    assert_int_equal(open_item_put(house->txn, key_u64_u64(office->customer_id, item.id), &index),
                     STATUS_OK);
    house_end(house, STATUS_OK);
    return item.id;
}

static void promise(struct office *office, uint64_t item_id, int32_t day)
{
    struct house *house = &office->house;
    house_begin(house);
    ItemRecord *item = NULL;
    assert_int_equal(item_get(house->txn, key_u64(item_id), &item), STATUS_OK);
    item->promised_day = day;
    assert_int_equal(item_put(house->txn, key_u64(item_id), item), STATUS_OK);
    house_end(house, STATUS_OK);
}

struct expected {
    uint64_t item_id;
    int64_t amount_minor;
};

// What the machine would settle with so much money of that day.
static void expect(struct office *office, int64_t money_minor, int32_t day,
                   const struct expected *expected, size_t count)
{
    struct house *house = &office->house;
    struct books books;
    struct settlement settlement;
    house_begin(house);
    assert_int_equal(books_open(house->txn, &house->call, &books), STATUS_OK);
    assert_int_equal(
        settlement_begin(&books, office->customer_id, money_minor, day, false, &settlement),
        STATUS_OK);
    assert_int_equal(settlement_automatic(&books, &settlement), STATUS_OK);
    assert_int_equal(settlement.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(settlement.line[i].debit->record->id, expected[i].item_id);
        assert_int_equal(settlement.line[i].amount_minor, expected[i].amount_minor);
    }
    house_end(house, STATUS_NOTHING_TO_DO); // it was planned only
}

// Civil Code art. 561, and the heavier burden of art. 560: the claim that bears costs goes first,
// although its number is the later one.
static void costs_go_before_interest_and_interest_before_the_principal(void **state)
{
    struct office *office = *state;
    const uint64_t plain = issue(office, 10000, TODAY - 30);
    const uint64_t heavy = issue(office, 10000, TODAY - 30);
    const uint64_t interest = add_item(office, heavy, ITEM_NATURE__ITEM_NATURE_INTEREST, 500);
    const uint64_t cost = add_item(office, heavy, ITEM_NATURE__ITEM_NATURE_COST, 1000);

    const struct expected costs[] = {{cost, 700}};
    const struct expected both[] = {{cost, 1000}, {interest, 200}};
    const struct expected all[] = {{cost, 1000}, {interest, 500}, {heavy, 10000}, {plain, 3500}};

    expect(office, 700, TODAY, costs, COUNT_OF(costs));
    expect(office, 1200, TODAY, both, COUNT_OF(both));
    expect(office, 15000, TODAY, all, COUNT_OF(all));
}

// Before it is due a claim is no heavier than another (art. 560 speaks of due ones).
static void what_is_due_goes_first_whatever_it_bears(void **state)
{
    struct office *office = *state;
    const uint64_t later = issue(office, 10000, TODAY + 5);
    const uint64_t cost = add_item(office, later, ITEM_NATURE__ITEM_NATURE_COST, 100);
    const uint64_t due = issue(office, 5000, TODAY - 1);

    const struct expected order[] = {{due, 5000}, {cost, 100}, {later, 900}};

    expect(office, 6000, TODAY, order, COUNT_OF(order));
}

static void a_promised_item_waits_for_its_day(void **state)
{
    struct office *office = *state;
    const uint64_t promised = issue(office, 5000, TODAY - 30);
    const uint64_t other = issue(office, 8000, TODAY - 10);
    promise(office, promised, TODAY + 3);

    const struct expected before[] = {{other, 5000}};
    const struct expected after[] = {{promised, 5000}};

    expect(office, 5000, TODAY, before, COUNT_OF(before));
    expect(office, 5000, TODAY + 3, after, COUNT_OF(after));
}

// ---- more than one call can do ----

static uint64_t pay(struct office *office, int64_t amount_minor, bool *more)
{
    PaymentAdd request;
    payment_add__init(&request);
    PaymentAddReply reply;
    payment_add_reply__init(&reply);
    request.customer_id = office->customer_id;
    request.amount_minor = amount_minor;
    house_begin(&office->house);
    house_command(&office->house, "payment_add");
    const enum status status =
        payment_add(office->house.txn, &office->house.call, &request, &reply);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(reply.on_account_minor, amount_minor - 100 * (int64_t)reply.n_line);
    *more = reply.more;
    house_end(&office->house, status);
    return reply.id;
}

static enum status allocate(struct office *office, uint64_t payment_id, PaymentAllocateReply *reply)
{
    PaymentAllocate request;
    payment_allocate__init(&request);
    request.payment_id = payment_id;
    house_begin(&office->house);
    house_command(&office->house, "payment_allocate");
    const enum status status =
        payment_allocate(office->house.txn, &office->house.call, &request, reply);
    house_end(&office->house, status);
    return status;
}

static enum status unallocate(struct office *office, uint64_t payment_id,
                              PaymentAllocateReply *reply)
{
    char reason[] = "again";
    PaymentUnallocate request;
    payment_unallocate__init(&request);
    request.payment_id = payment_id;
    request.reason = reason;
    house_begin(&office->house);
    const enum status status =
        payment_unallocate(office->house.txn, &office->house.call, &request, reply);
    house_end(&office->house, status);
    return status;
}

static enum status reverse(struct office *office, uint64_t payment_id)
{
    char reason[] = "bounced";
    PaymentReverse request;
    payment_reverse__init(&request);
    PaymentReverseReply reply;
    payment_reverse_reply__init(&reply);
    request.payment_id = payment_id;
    request.reason = reason;
    house_begin(&office->house);
    house_command(&office->house, "payment_reverse");
    const enum status status =
        payment_reverse(office->house.txn, &office->house.call, &request, &reply);
    house_end(&office->house, status);
    return status;
}

static void a_payment_of_many_invoices_goes_on_in_further_calls(void **state)
{
    struct office *office = *state;
    for (int i = 0; i < MANY; i++) {
        (void)issue(office, 100, TODAY - 30);
    }
    bool more = false;
    const uint64_t payment_id = pay(office, 100 * MANY, &more);
    assert_true(more);
    PaymentAllocateReply reply;
    size_t settled = ALLOCATIONS_MAX;
    for (bool goes_on = true; goes_on; goes_on = reply.more) {
        payment_allocate_reply__init(&reply);
        assert_int_equal(allocate(office, payment_id, &reply), STATUS_OK);
        settled += reply.n_line;
    }
    assert_int_equal(settled, MANY);
    assert_int_equal(reply.on_account_minor, 0);

    assert_int_equal(reverse(office, payment_id), STATUS_TOO_LARGE);
    for (bool goes_on = true; goes_on; goes_on = reply.more) {
        payment_allocate_reply__init(&reply);
        assert_int_equal(unallocate(office, payment_id, &reply), STATUS_OK);
        settled -= reply.n_line;
    }
    assert_int_equal(settled, 0);
    assert_int_equal(reverse(office, payment_id), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(costs_go_before_interest_and_interest_before_the_principal,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_due_goes_first_whatever_it_bears, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_promised_item_waits_for_its_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_payment_of_many_invoices_goes_on_in_further_calls, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
