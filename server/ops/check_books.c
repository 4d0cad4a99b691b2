// SPDX-License-Identifier: Apache-2.0
#include "server/ops/facts.h"

#include <inttypes.h>

// The invariants of domain.md d.15 over whole columns: 2, 3, 4, 5, 7, 8, 10 and 16. Those of a
// single row are checked when the row is read (facts.c: 1 and 6).

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_i32(int32_t a, int32_t b)
{
    return (a > b) - (a < b);
}

// ---- allocations and residuals ----

static void check_pair(struct facts *facts, const struct fact_allocation *allocation,
                       const struct fact_item *debit, const struct fact_item *credit)
{
    const bool fits = debit->is_debit && !credit->is_debit &&
                      debit->customer_id == credit->customer_id &&
                      allocation->customer_id == debit->customer_id &&
                      debit->currency == credit->currency && allocation->amount_minor >= 0 &&
                      (allocation->amount_minor > 0 || allocation->foreign_minor > 0) &&
                      (debit->currency != 0 || allocation->foreign_minor == 0);
    if (!fits) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "allocation %" PRIu64 " joins what does not belong together", allocation->id);
    }
    if (allocation->effective_day < debit->date_day ||
        allocation->effective_day < credit->date_day) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "allocation %" PRIu64 " is before its documents", allocation->id);
    }
}

static void check_reversal(struct facts *facts, const struct fact_allocation *reversal)
{
    const struct fact_allocation *first = facts_find(&facts->allocation, reversal->reverses_id);
    const bool fits = first != NULL && first->reversed_by_id == reversal->id &&
                      first->reverses_id == 0 && first->debit_id == reversal->debit_id &&
                      first->credit_id == reversal->credit_id &&
                      first->amount_minor == reversal->amount_minor &&
                      first->foreign_minor == reversal->foreign_minor &&
                      first->effective_day <= reversal->effective_day;
    if (!fits) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "allocation %" PRIu64 " reverses what it does not fit", reversal->id);
    }
}

static void keep_settling(struct facts *facts, const struct fact_allocation *allocation,
                          const struct fact_item *item)
{
    const bool is_back = allocation->reverses_id != 0;
    const int64_t amount = allocation->amount_minor;
    const int64_t foreign = allocation->foreign_minor;
    facts_keep(facts, &facts->settling,
               &(struct fact_settling){.item_id = item->id,
                                       .day = allocation->effective_day,
                                       .change_minor = is_back ? amount : -amount,
                                       .foreign_change_minor = is_back ? foreign : -foreign});
    facts_keep(facts, &facts->move,
               &(struct fact_move){.customer_id = item->customer_id,
                                   .account = item->account,
                                   .day = allocation->effective_day,
                                   .item_minor = is_back == item->is_debit ? amount : -amount});
}

static void check_allocations(struct facts *facts)
{
    const struct fact_allocation *allocation = facts->allocation.data;
    for (size_t i = 0; i < facts->allocation.count; i++) {
        verify_at(facts->report, INVARIANT_PAIR);
        const struct fact_item *debit = facts_find(&facts->item, allocation[i].debit_id);
        const struct fact_item *credit = facts_find(&facts->item, allocation[i].credit_id);
        if (debit == NULL || credit == NULL) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "allocation %" PRIu64 ": an item of it is missing", allocation[i].id);
            continue;
        }
        check_pair(facts, &allocation[i], debit, credit);
        if (allocation[i].reverses_id != 0) {
            check_reversal(facts, &allocation[i]);
        }
        keep_settling(facts, &allocation[i], debit);
        keep_settling(facts, &allocation[i], credit);
    }
}

static int by_item_and_day(const void *a, const void *b)
{
    const struct fact_settling *left = a;
    const struct fact_settling *right = b;
    const int order = compare_u64(left->item_id, right->item_id);
    return order != 0 ? order : compare_i32(left->day, right->day);
}

// From `settling` on, all that are of this item: the residual stays within it at the end of every
// day. Returns how many.
static size_t check_residual(struct facts *facts, const struct fact_item *item,
                             const struct fact_settling *settling, size_t left)
{
    verify_at(facts->report, INVARIANT_RESIDUAL);
    int64_t residual = item->amount_minor;
    int64_t foreign = item->foreign_minor;
    bool within = true;
    size_t count = 0;
    while (count < left && settling[count].item_id == item->id) {
        residual = facts_sum(facts, residual, settling[count].change_minor);
        foreign = facts_sum(facts, foreign, settling[count].foreign_change_minor);
        count++;
        const bool day_ends = count == left || settling[count].item_id != item->id ||
                              settling[count].day != settling[count - 1].day;
        within = within && (!day_ends || (residual >= 0 && residual <= item->amount_minor &&
                                          foreign >= 0 && foreign <= item->foreign_minor));
    }
    if (!within) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "item %" PRIu64 ": more than all of it is settled on some day", item->id);
    }
    // What is settled in its own currency has nothing left in the book's, and the other way round.
    const bool ends_together =
        item->currency == 0 || item->foreign_minor == 0 || (residual == 0) == (foreign == 0);
    if (residual != item->open_minor || foreign != item->foreign_open_minor || !ends_together) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "item %" PRIu64 ": what is open is not what allocations leave", item->id);
    }
    return count;
}

static void check_residuals(struct facts *facts)
{
    facts_sort(&facts->settling, by_item_and_day);
    const struct fact_settling *settling = facts->settling.data;
    const struct fact_item *item = facts->item.data;
    size_t left = facts->settling.count;
    for (size_t i = 0; i < facts->item.count; i++) {
        // Nothing was ever settled: there is no list to step along.
        const size_t own = check_residual(facts, &item[i], settling, left);
        settling = own > 0 ? settling + own : settling;
        left -= own;
    }
}

static void check_parts(struct facts *facts)
{
    const struct fact_part *part = facts->part.data;
    for (size_t i = 0; i < facts->part.count; i++) {
        verify_at(facts->report, INVARIANT_DOCUMENT);
        const struct fact_item *item = facts_find(&facts->item, part[i].item_id);
        const int64_t amount = part[i].amount_minor;
        if (item == NULL) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "invoice %" PRIu64 ": the item of a part is missing", part[i].document_id);
        } else if (item->document_id != part[i].document_id || item->is_debit != (amount > 0) ||
                   (item->currency != 0 ? item->foreign_minor : item->amount_minor) !=
                       (amount > 0 ? amount : -amount)) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "invoice %" PRIu64 ": a part and its item differ", part[i].document_id);
        }
    }
}

// ---- control accounts ----

static int by_customer_account_day(const void *a, const void *b)
{
    const struct fact_move *left = a;
    const struct fact_move *right = b;
    int order = compare_u64(left->customer_id, right->customer_id);
    if (order == 0) {
        order = compare_u64(left->account, right->account);
    }
    return order != 0 ? order : compare_i32(left->day, right->day);
}

static bool same_account(const struct fact_move *a, const struct fact_move *b)
{
    return a->customer_id == b->customer_id && a->account == b->account;
}

// The kept balance less what the entries say must be nothing at the end.
static void take_from_balance(struct facts *facts, const struct fact_move *move, int64_t ledger)
{
    const struct fact_account *account = facts_find(&facts->account, move->account);
    struct fact_balance *balance = facts_find(&facts->balance, move->customer_id);
    if (account == NULL || (balance == NULL && ledger != 0)) {
        verify_find(facts->report, STATUS_INCOMPLETE,
                    "customer %" PRIu64 ": the kept balance is missing", move->customer_id);
    } else if (balance != NULL && account->is_advances) {
        balance->advance_minor = facts_sum(facts, balance->advance_minor, -ledger);
    } else if (balance != NULL) {
        balance->receivable_minor = facts_sum(facts, balance->receivable_minor, -ledger);
    }
}

// One customer on one control account: on every day the open items are what the entries say.
static size_t check_tie(struct facts *facts, const struct fact_move *move, size_t left)
{
    verify_at(facts->report, INVARIANT_TIE);
    int64_t ledger = 0;
    int64_t items = 0;
    bool ties = true;
    size_t count = 0;
    while (count < left && same_account(&move[count], move)) {
        ledger = facts_sum(facts, ledger, move[count].ledger_minor);
        items = facts_sum(facts, items, move[count].item_minor);
        count++;
        const bool day_ends = count == left || !same_account(&move[count], move) ||
                              move[count].day != move[count - 1].day;
        ties = ties && (!day_ends || ledger == items);
    }
    if (!ties) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "customer %" PRIu64 ": open items do not tie to account %" PRIu32,
                    move->customer_id, move->account);
    }
    verify_at(facts->report, INVARIANT_KEPT);
    take_from_balance(facts, move, ledger);
    return count;
}

// A sum that is kept with a customer's balance, less what makes it: nothing must be left.
static void check_kept(struct facts *facts, const struct fact_column *parts, size_t sum_at,
                       const char *what)
{
    const struct fact_part_of *part = parts->data;
    for (size_t i = 0; i < parts->count; i++) {
        uint8_t *balance = facts_find(&facts->balance, part[i].customer_id);
        verify_at(facts->report, INVARIANT_KEPT);
        if (balance != NULL) {
            int64_t *sum = (int64_t *)(void *)(balance + sum_at);
            *sum = facts_sum(facts, *sum, -part[i].amount_minor);
        } else if (part[i].amount_minor != 0) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "customer %" PRIu64 ": the kept balance is missing", part[i].customer_id);
        }
    }
    const uint8_t *balance = facts->balance.data;
    for (size_t i = 0; i < facts->balance.count; i++) {
        const uint8_t *at = balance + i * facts->balance.item_size;
        const struct fact_balance *kept = (const struct fact_balance *)(const void *)at;
        if (*(const int64_t *)(const void *)(at + sum_at) != 0) {
            verify_find(facts->report, STATUS_TAMPERED, "customer %" PRIu64 ": %s",
                        kept->customer_id, what);
        }
    }
}

static void check_ties(struct facts *facts)
{
    facts_sort(&facts->move, by_customer_account_day);
    const struct fact_move *move = facts->move.data;
    size_t at = 0;
    while (at < facts->move.count) {
        if (facts_find(&facts->customer, move[at].customer_id) == NULL) {
            verify_find(facts->report, STATUS_INCOMPLETE, "customer %" PRIu64 " is missing",
                        move[at].customer_id);
        }
        at += check_tie(facts, move + at, facts->move.count - at);
    }
    const struct fact_balance *balance = facts->balance.data;
    for (size_t i = 0; i < facts->balance.count; i++) {
        verify_at(facts->report, INVARIANT_KEPT);
        if (balance[i].receivable_minor != 0 || balance[i].advance_minor != 0) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "customer %" PRIu64 ": the kept balance is not what the entries say",
                        balance[i].customer_id);
        }
    }
}

static void check_accounts(struct facts *facts)
{
    const struct fact_account *account = facts->account.data;
    int64_t total = 0;
    for (size_t i = 0; i < facts->account.count; i++) {
        verify_at(facts->report, INVARIANT_KEPT);
        if (account[i].debit_minor != account[i].debits_minor ||
            account[i].credit_minor != account[i].credits_minor) {
            verify_find(facts->report, STATUS_TAMPERED,
                        "account %" PRIu64 ": its turnovers are not the sums of its entries",
                        account[i].code);
        }
        total = facts_sum(facts, total, account[i].debits_minor);
        total = facts_sum(facts, total, -account[i].credits_minor);
    }
    verify_at(facts->report, INVARIANT_ACCOUNTS);
    if (total != 0) {
        verify_find(facts->report, STATUS_TAMPERED, "the accounts do not sum to zero");
    }
}

// What is open on a control account in all is what the account says: the total of the aging.
static void check_total(struct facts *facts, const struct fact_account *account)
{
    verify_at(facts->report, INVARIANT_AGING);
    const struct fact_item *item = facts->item.data;
    int64_t open = 0;
    for (size_t i = 0; i < facts->item.count; i++) {
        if (item[i].account == account->code) {
            open =
                facts_sum(facts, open, item[i].is_debit ? item[i].open_minor : -item[i].open_minor);
        }
    }
    const int64_t kept = facts_sum(facts, account->debit_minor, -account->credit_minor);
    if (open != kept) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "account %" PRIu64 ": what is open in all is not its balance", account->code);
    }
}

static void check_totals(struct facts *facts)
{
    const struct fact_account *account = facts->account.data;
    for (size_t i = 0; i < facts->account.count; i++) {
        if (account[i].is_control) {
            check_total(facts, &account[i]);
        }
    }
}

// ---- tax ----

static int by_entry_and_day(const void *a, const void *b)
{
    const struct fact_tax *left = a;
    const struct fact_tax *right = b;
    const int order = compare_u64(left->entry_id, right->entry_id);
    return order != 0 ? order : compare_i32(left->day, right->day);
}

// One entry on one day: what its document says is what the tax account moved by. Tax that is paid
// or corrected by an entry of the finance staff is no document's and stands outside.
static size_t check_tax(struct facts *facts, const struct fact_tax *tax, size_t left)
{
    verify_at(facts->report, INVARIANT_TAX);
    int64_t document = 0;
    int64_t ledger = 0;
    size_t count = 0;
    while (count < left && by_entry_and_day(&tax[count], tax) == 0) {
        document = facts_sum(facts, document, tax[count].document_minor);
        ledger = facts_sum(facts, ledger, tax[count].ledger_minor);
        count++;
    }
    if (document != ledger) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "entry %" PRIu64 ": the tax account did not move by the tax of the document",
                    tax->entry_id);
    }
    return count;
}

static void check_taxes(struct facts *facts)
{
    facts_sort(&facts->tax, by_entry_and_day);
    const struct fact_tax *tax = facts->tax.data;
    size_t at = 0;
    while (at < facts->tax.count) {
        at += check_tax(facts, tax + at, facts->tax.count - at);
    }
}

// ---- numbers ----

static int by_number(const void *a, const void *b)
{
    const struct fact_number *left = a;
    const struct fact_number *right = b;
    int order = compare_u64(left->series, right->series);
    if (order == 0) {
        order = compare_u64(left->year, right->year);
    }
    return order != 0 ? order : compare_u64(left->sequence, right->sequence);
}

// One series of one year: 1, 2, 3 … up to what the counter gives next.
static size_t check_series(struct facts *facts, const struct fact_number *number, size_t left)
{
    verify_at(facts->report, INVARIANT_NUMBERS);
    size_t count = 0;
    bool whole = true;
    while (count < left && number[count].series == number->series &&
           number[count].year == number->year) {
        whole = whole && number[count].sequence == count + 1;
        count++;
    }
    if (!whole) {
        verify_find(facts->report, STATUS_INCOMPLETE,
                    "series %" PRIu32 " of %" PRIu32 ": a number is missing or stands twice",
                    number->series, number->year);
    }
    struct fact_counter *counter =
        facts_find(&facts->counter, (uint64_t)number->series << 32 | number->year);
    if (counter == NULL || counter->next != count + 1) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "series %" PRIu32 " of %" PRIu32 ": the counter is not at its end",
                    number->series, number->year);
    }
    if (counter != NULL) {
        counter->next = 0;
    }
    return count;
}

void facts_check_numbers(struct facts *facts)
{
    facts_sort(&facts->number, by_number);
    const struct fact_number *number = facts->number.data;
    size_t at = 0;
    while (at < facts->number.count) {
        at += check_series(facts, number + at, facts->number.count - at);
    }
    const struct fact_counter *counter = facts->counter.data;
    for (size_t i = 0; i < facts->counter.count; i++) {
        verify_at(facts->report, INVARIANT_NUMBERS);
        if (counter[i].next > 1) {
            verify_find(facts->report, STATUS_INCOMPLETE,
                        "series %" PRIu64 " of %" PRIu64 ": its documents are missing",
                        counter[i].key >> 32, counter[i].key & UINT32_MAX);
        }
    }
}

void facts_check_books(struct facts *facts)
{
    check_allocations(facts);
    check_residuals(facts);
    check_parts(facts);
    check_ties(facts);
    check_kept(facts, &facts->order, offsetof(struct fact_balance, ordered_minor),
               "what is ordered is not what the orders say");
    check_kept(facts, &facts->uncleared, offsetof(struct fact_balance, uncleared_minor),
               "what has not cleared is not what the receipts say");
    check_accounts(facts);
    check_totals(facts);
    check_taxes(facts);
    facts_check_numbers(facts);
}
