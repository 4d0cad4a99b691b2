// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/control.h"
#include "server/ledger/customer.h"
#include "server/ledger/posting.h"
#include "server/ledger/reading.h"
#include "server/ledger/retention.h"

// Data that rest, data that must be kept, and data that are erased (domain.md d.14, security.md d
// "Privacy law against append-only"). Rest comes first: as long as a law or a court wants the data
// kept, they are kept and used for nothing else. Erasure destroys the customer's key, which neither
// journal nor rows hold; number, amounts and dates stay.

static enum status begin(struct txn *txn, struct call *call, uint64_t customer_id,
                         struct books *books, CustomerRecord **customer)
{
    const enum status status = books_open(txn, call, books);
    return status == STATUS_OK ? books_known_customer(books, customer_id, "customer", customer)
                               : status;
}

// ---- rest ----

static enum status set_rest(struct txn *txn, struct call *call, uint64_t customer_id, bool rests,
                            char *reason, CustomerStateReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = begin(txn, call, customer_id, &books, &customer);
    if (status == STATUS_OK && (customer->restricted_us != 0) == rests) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "customer", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const struct customer_mark mark = {"restricted", rests ? "no" : "yes", rests ? "yes" : "no",
                                       reason};
    customer->restricted_us = rests ? call->instant_us : 0;
    customer->restricted_reason = rests ? reason : reading_constant("");
    return customer_mark(&books, customer, &mark, reply);
}

enum status customer_restrict(struct txn *txn, struct call *call, const CustomerRestrict *request,
                              CustomerStateReply *reply)
{
    return set_rest(txn, call, request->customer_id, true, request->reason, reply);
}

enum status customer_unrestrict(struct txn *txn, struct call *call,
                                const CustomerUnrestrict *request, CustomerStateReply *reply)
{
    return set_rest(txn, call, request->customer_id, false, request->reason, reply);
}

// ---- legal holds ----

static const char *hold_text(struct books *books, int32_t day)
{
    return day != 0 ? books_day(books, day) : "";
}

// Until a day; 0: no more.
static enum status set_hold(struct txn *txn, struct call *call, uint64_t customer_id,
                            int32_t until_day, char *reason, CustomerStateReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = begin(txn, call, customer_id, &books, &customer);
    if (status == STATUS_OK && until_day != 0 && until_day <= call->book_day) {
        status = books_refuse(&books, STATUS_FIELD_OUT_OF_RANGE, "until", NULL, NULL);
    }
    if (status == STATUS_OK && until_day == customer->hold_until_day) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "customer", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const struct customer_mark mark = {"hold", hold_text(&books, customer->hold_until_day),
                                       hold_text(&books, until_day), reason};
    customer->hold_until_day = until_day;
    customer->hold_reason = until_day != 0 ? reason : reading_constant("");
    return customer_mark(&books, customer, &mark, reply);
}

enum status customer_hold(struct txn *txn, struct call *call, const CustomerHold *request,
                          CustomerStateReply *reply)
{
    return set_hold(txn, call, request->customer_id, request->until_day, request->reason, reply);
}

enum status customer_unhold(struct txn *txn, struct call *call, const CustomerUnhold *request,
                            CustomerStateReply *reply)
{
    return set_hold(txn, call, request->customer_id, 0, request->reason, reply);
}

// ---- erasure ----

// Everything that stands against it, at once.
static enum status check_erasure(struct books *books, const CustomerRecord *customer)
{
    struct balance *balance = NULL;
    int32_t kept_until_day = 0;
    const int32_t today = books->call->book_day;
    enum status status = retention_until(books->txn, books->record, customer->id, &kept_until_day);
    if (status == STATUS_OK) {
        status = posting_balance(books, customer->id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }
    enum status refused = customer_check_settled(books, customer->id);
    if (refused != STATUS_OK && books->refused == STATUS_OK) {
        return refused;
    }
    if (refused == STATUS_OK && posting_owed(balance) != 0) {
        refused = books_refuse(books, STATUS_CUSTOMER_HAS_OPEN, "customer", NULL, NULL);
    }
    if (customer->hold_until_day >= today) {
        refused = books_refuse(books, STATUS_ON_HOLD, "customer", NULL,
                               books_day(books, customer->hold_until_day));
    }
    if (kept_until_day >= today) {
        refused = books_refuse(books, STATUS_RETENTION, "customer", NULL,
                               books_day(books, kept_until_day));
    }
    return refused;
}

// What could still be recognised without the key: words that people wrote as tags, and hashes of
// the values that are unique.
static enum status forget(struct books *books, CustomerRecord *customer)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < customer->n_unique; i++) {
        status = rows_del(books->txn, TABLE_unique, key_hash16(customer->unique[i]->hash.data));
    }
    customer->n_unique = 0;
    customer->n_tag = 0;
    return status;
}

enum status customer_erase(struct txn *txn, struct call *call, const CustomerErase *request,
                           CustomerStateReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = begin(txn, call, request->customer_id, &books, &customer);
    if (status == STATUS_OK && customer->id == books.record->walk_in_id) {
        status = books_refuse(&books, STATUS_NOT_FOUND, "customer", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = check_erasure(&books, customer);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ERASURE, 0);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const struct customer_mark mark = {"state", customer_state_word(customer->state), "erased",
                                       request->reason};
    status = forget(&books, customer);
    customer->state = CUSTOMER_STATE__CUSTOMER_STATE_ERASED;
    customer->erased_us = call->instant_us;
    call->shred_vault_id = customer->vault_id;
    return status == STATUS_OK ? customer_mark(&books, customer, &mark, reply) : status;
}
