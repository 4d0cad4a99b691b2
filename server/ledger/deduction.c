// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/deduction.h"

#include "server/ledger/disparity.h"
#include "server/ledger/permit.h"
#include "server/ledger/receipt.h"
#include "shared/money.h"

// A sum that cannot be kept is above every rule.
static void add(int64_t *sum_minor, int64_t amount_minor)
{
    assert(amount_minor >= 0);
    if (!money_add(*sum_minor, amount_minor, sum_minor)) {
        *sum_minor = INT64_MAX;
    }
}

void deduction_agree(struct deduction *deduction, int64_t amount_minor)
{
    add(&deduction->agreed_minor, amount_minor);
    add(&deduction->beyond_minor, amount_minor);
}

enum status deduction_give(struct books *books, uint64_t customer_id, int64_t amount_minor,
                           const char *field, bool is_beyond, struct deduction *deduction)
{
    add(&deduction->chosen_minor, amount_minor);
    add(&deduction->beyond_minor, is_beyond ? amount_minor : 0);
    return permit_also(books, PERMISSION_WRITEOFF_ADD, customer_id, amount_minor, field);
}

enum status deduction_fee(struct books *books, int64_t fee_minor, int64_t amount_minor,
                          struct deduction *deduction)
{
    int64_t usual_minor = 0;
    if (!money_tax(amount_minor, FEE_USUAL_BP, &usual_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    // It is a part of the amount: nothing is settled beside that.
    add(fee_minor > usual_minor ? &deduction->chosen_minor : &deduction->agreed_minor, fee_minor);
    return STATUS_OK;
}

// `debt_minor` in the books is settled by money that is worth less there.
static void lose(struct deduction *deduction, int64_t debt_minor, int64_t worth_minor)
{
    const int64_t loss_minor = debt_minor - worth_minor;
    if (loss_minor <= 0) {
        return;
    }
    if (money_is_near(worth_minor, 1, debt_minor, 1, RATE_DEVIATION_BP)) {
        deduction_agree(deduction, loss_minor);
    } else {
        add(&deduction->chosen_minor, loss_minor);
        add(&deduction->beyond_minor, loss_minor);
    }
}

static int64_t book_of(const ItemRecord *item, int64_t own_minor)
{
    return item->currency[0] != '\0' ? disparity_share(item, own_minor) : own_minor;
}

void deduction_settle(const PaymentRecord *payment, const struct settlement *settlement,
                      struct deduction *deduction)
{
    for (size_t i = 0; i < settlement->count; i++) {
        const struct settlement_line *line = &settlement->line[i];
        const ItemRecord *debt = line->debit->record;
        const int64_t debt_minor = book_of(debt, line->amount_minor);
        int64_t worth_minor = debt_minor;
        const bool fits = money_scale(receipt_book(payment), line->amount_minor,
                                      payment->amount_minor, &worth_minor);
        assert(fits);
        lose(deduction, debt_minor, worth_minor);
        deduction_agree(deduction,
                        book_of(debt, line->amount_minor + line->discount_minor) - debt_minor);
    }
}

// What the running command does by itself, when writing off is another act than its own.
static enum status check_beside(struct books *books, uint64_t customer_id, int64_t amount_minor,
                                const struct act *written_off, int64_t beyond_minor)
{
    int64_t settled_minor = amount_minor;
    add(&settled_minor, beyond_minor);
    if (beyond_minor > 0) {
        const enum status status = permit_amount(books, customer_id, settled_minor, "amount");
        if (status != STATUS_OK) {
            return status;
        }
    }
    const struct act acts[] = {{books->call->command->control, settled_minor, true}, *written_off};
    return control_check_acts(books->txn, books->call, acts, COUNT_OF(acts));
}

enum status deduction_check(struct books *books, uint64_t customer_id, int64_t amount_minor,
                            const struct deduction *deduction)
{
    struct act written_off = {CONTROL_WRITE_OFF, deduction->agreed_minor,
                              deduction->chosen_minor > 0};
    add(&written_off.amount_minor, deduction->chosen_minor);
    return books->call->command->control != CONTROL_WRITE_OFF
               ? check_beside(books, customer_id, amount_minor, &written_off,
                              deduction->beyond_minor)
               : control_check_acts(books->txn, books->call, &written_off, 1);
}

enum status deduction_check_shares(struct books *books, const struct shares *shares)
{
    assert(books->call->command->control == CONTROL_WRITE_OFF);
    struct deduction deduction = {0};
    for (size_t i = 0; i < shares->count; i++) {
        const struct share *share = &shares->share[i];
        if (share->credit->record->currency[0] != '\0') {
            const int64_t own_minor = share->line.amount_minor;
            lose(&deduction, disparity_share(share->line.debit->record, own_minor),
                 disparity_share(share->credit->record, own_minor));
        }
    }
    return deduction_check(books, 0, 0, &deduction);
}
