// SPDX-License-Identifier: Apache-2.0
// Which order holds for whom, and which rest of an item is small enough to be closed (domain.md
// d.1).
#include "server/ledger/customer.h"
#include "server/ledger/settlement.h"
#include "server/ledger/settlement_order.h"

#include "proto/settlement.pb-c.h"

static const char *profile_word(SettlementProfile profile)
{
    static const char *const WORDS[] = {
        [SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_UNSET] = "",
        [SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_STATUTORY] = "statutory",
        [SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_OLDEST_DUE] = "oldest-due",
        [SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_FIFO] = "fifo",
        [SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_NEWEST] = "newest",
        [SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_MANUAL] = "manual",
    };
    assert((size_t)profile < COUNT_OF(WORDS));
    return WORDS[profile];
}

// What holds for the customer, or for the book when it is NULL.
static enum status fill_card(struct books *books, const CustomerRecord *customer,
                             SettlementCard *card)
{
    card->profile = settlement_book_profile(books);
    card->tolerance_minor = books->record->tolerance_minor;
    if (customer == NULL) {
        return STATUS_OK;
    }
    card->inherited = customer->profile == SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_UNSET;
    card->profile = card->inherited ? card->profile : customer->profile;
    card->customer = customer_number(books, customer);
    return card->customer != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status settlement_show(struct txn *txn, struct call *call, const SettlementShow *request,
                            SettlementCard *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK && request->customer_id != 0) {
        status = books_customer(&books, request->customer_id, "customer", &customer);
    }
    return status == STATUS_OK ? fill_card(&books, customer, reply) : status;
}

static enum status set_customer(struct books *books, CustomerRecord *customer,
                                const SettlementSet *request)
{
    const SettlementProfile profile =
        request->inherit ? SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_UNSET : request->profile;
    call_note_change(books->call, customer->id, "profile", profile_word(customer->profile),
                     profile_word(profile));
    customer->profile = profile;
    customer->version++;
    return customer_keep(books, customer);
}

static enum status set_book(struct books *books, const SettlementSet *request)
{
    BookRecord *book = books->record;
    const int64_t before_minor = book->tolerance_minor;
    if (request->profile != SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_UNSET) {
        call_note_change(books->call, BOOK_KEY, "profile", profile_word(book->profile),
                         profile_word(request->profile));
        book->profile = request->profile;
    }
    if (request->tolerance_minor != 0 || request->no_tolerance) {
        book->tolerance_minor = request->tolerance_minor;
    }
    call_note_change(books->call, BOOK_KEY, "tolerance", books_money(books, before_minor),
                     books_money(books, book->tolerance_minor));
    return book_put(books->txn, key_u64(BOOK_KEY), book);
}

// Would the request leave everything as it is?
static bool is_idle(const struct books *books, const CustomerRecord *customer,
                    const SettlementSet *request)
{
    const bool names = request->profile != SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_UNSET;
    if (customer != NULL) {
        return customer->profile == request->profile; // absent where it inherits
    }
    const bool sums = request->tolerance_minor != 0 || request->no_tolerance;
    return (!names || books->record->profile == request->profile) &&
           (!sums || books->record->tolerance_minor == request->tolerance_minor);
}

enum status settlement_set(struct txn *txn, struct call *call, const SettlementSet *request,
                           SettlementCard *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK && request->customer_id != 0) {
        status = books_customer(&books, request->customer_id, "customer", &customer);
    }

    if (status == STATUS_OK && customer == NULL && request->inherit) {
        status = books_refuse(&books, STATUS_FIELD_MISSING, "customer", NULL, NULL);
    }
    if (status == STATUS_OK && request->tolerance_minor > TOLERANCE_MAX) {
        status = books_refuse(&books, STATUS_FIELD_OUT_OF_RANGE, "tolerance",
                              books_money(&books, request->tolerance_minor),
                              books_money(&books, TOLERANCE_MAX));
    }
    if (status == STATUS_OK && is_idle(&books, customer, request)) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = customer != NULL ? set_customer(&books, customer, request) : set_book(&books, request);

    if (status == STATUS_OK) {
        status = fill_card(&books, customer, reply);
    }
    call_about(call, customer != NULL ? customer->id : BOOK_KEY,
               customer != NULL ? reply->customer : NULL);
    return status;
}
