// SPDX-License-Identifier: Apache-2.0
// What stands to a customer's credit settles what the same customer owes (预收冲应收, domain.md
// d.1): the oldest credit first, the debits in the order of the customer's profile.
#include "server/ledger/customer.h"
#include "server/ledger/deduction.h"
#include "server/ledger/rate.h"
#include "server/ledger/shares.h"

static int64_t settled_by(const struct shares *shares)
{
    int64_t total = 0;
    for (size_t i = 0; i < shares->count; i++) {
        total += shares->share[i].line.amount_minor;
    }
    return total;
}

static enum status fill_reply(struct books *books, const CustomerRecord *customer, char *currency,
                              const struct shares *shares, CustomerNetReply *reply)
{
    struct item_list debits = {0};
    struct item_list credits = {0};
    enum status status = item_open(books, customer->id, ITEM_SIDE__ITEM_SIDE_DEBIT, &debits);
    if (status == STATUS_OK) {
        status = item_open(books, customer->id, ITEM_SIDE__ITEM_SIDE_CREDIT, &credits);
    }
    item_keep_currency(&debits, currency);
    item_keep_currency(&credits, currency);
    if (status == STATUS_OK) {
        status = shares_reply(books, shares, false, &reply->line, &reply->n_line);
    }
    reply->id = customer->id;
    reply->number = customer_number(books, customer);
    reply->settled_minor = settled_by(shares);
    reply->on_account_minor = shares_open(&credits);
    reply->open_minor = shares_open(&debits);
    reply->more = shares->more;
    reply->currency = currency;
    reply->exchange_minor = books->exchanged_minor;
    call_about(books->call, reply->id, reply->number);
    return reply->number != NULL ? status : STATUS_TOO_LARGE;
}

enum status customer_net(struct txn *txn, struct call *call, const CustomerNet *request,
                         CustomerNetReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    struct item_list credits = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = item_open(&books, customer->id, ITEM_SIDE__ITEM_SIDE_CREDIT, &credits);
    }
    char *currency = request->currency;
    if (status == STATUS_OK) {
        currency = rate_currency(&books, currency[0] != '\0' ? currency : customer->currency);
    }
    item_keep_currency(&credits, currency);

    struct shares shares = {0};
    if (status == STATUS_OK && credits.count == 0) {
        status = books_refuse(&books, STATUS_CREDIT_SPENT, "customer", NULL, NULL);
    }
    if (status == STATUS_OK) {
        const struct shares_wish wish = {.customer_id = customer->id,
                                         .day = credits.item[0]->record->date_day,
                                         .asked = request->date_day};
        status = shares_plan(&books, &credits, &wish, &shares);
    }
    if (status == STATUS_OK) {
        status = deduction_check_shares(&books, &shares);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = shares_allocate(&books, &shares);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? fill_reply(&books, customer, currency, &shares, reply) : status;
}
