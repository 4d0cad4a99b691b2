// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/customer_card.h"

#include "server/ledger/reading.h"
#include "server/ledger/retention.h"

// Personal texts are opened as the reader's roles say; where the card goes out with its trace in
// the journal, the veils are lifted.

static enum status open_all(struct txn *txn, const CustomerRecord *customer,
                            const struct rows_asked *asked, size_t count)
{
    return txn_mode(txn) == TXN_READ ? rows_texts(txn, customer, asked, count)
                                     : rows_reveal(txn, customer, asked, count);
}

enum status customer_card_box(struct txn *txn, const CustomerRecord *customer, const char *field,
                              ProtobufCBinaryData box, char **text)
{
    return txn_mode(txn) == TXN_READ
               ? rows_box_text(txn, customer->id, customer->vault_id, field, box, text)
               : rows_reveal_box(txn, customer->id, customer->vault_id, field, box, text);
}

static enum status open_phones(struct txn *txn, struct call *call, const CustomerRecord *customer,
                               CustomerCard *card)
{
    const uint32_t number = rows_sealed_field("phone");
    card->phone = arena_alloc(call->arena, PHONES_MAX * sizeof *card->phone);
    if (card->phone == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < customer->n_sealed && card->n_phone < PHONES_MAX; i++) {
        if (customer->sealed[i]->field != number) {
            continue;
        }
        char *text = NULL;
        const struct rows_asked asked = {"phone", customer->sealed[i]->ordinal, &text};
        const enum status status = open_all(txn, customer, &asked, 1);
        if (status != STATUS_OK) {
            return status;
        }
        if (text[0] != '\0') {
            card->phone[card->n_phone++] = text;
        }
    }
    return STATUS_OK;
}

static enum status open_texts(struct txn *txn, struct call *call, const CustomerRecord *customer,
                              CustomerCard *card)
{
    const struct rows_asked asked[] = {
        {"name", 0, &card->name},
        {"company", 0, &card->company},
        {"email", 0, &card->email},
        {"address", 0, &card->address},
        {"tax_id", 0, &card->tax_id},
        {"notes", 0, &card->notes},
        {"contact_name", 0, &card->contact_name},
        {"contact_position", 0, &card->contact_position},
        {"contact_phone", 0, &card->contact_phone},
        {"reference", 0, &card->reference},
    };
    enum status status = open_phones(txn, call, customer, card);
    return status == STATUS_OK ? open_all(txn, customer, asked, COUNT_OF(asked)) : status;
}

static ProtobufCBinaryData box_of(Sealed *const *list, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i]->field == number) {
            return list[i]->box;
        }
    }
    return (ProtobufCBinaryData){0};
}

// What counts now, and what will once it has waited long enough.
static enum status open_bank(struct txn *txn, struct call *call, const CustomerRecord *customer,
                             CustomerCard *card)
{
    HoldRecord *hold = NULL;
    enum status status = hold_get(txn, key_u64(customer->id), &hold);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    const bool waits = hold->n_next > 0 && call->instant_us < hold->counts_us;
    Sealed **now = hold->n_next > 0 && !waits ? hold->next : hold->sealed;
    const size_t now_count = hold->n_next > 0 && !waits ? hold->n_next : hold->n_sealed;
    const size_t next_count = waits ? hold->n_next : 0;

    const struct {
        const char *field;
        char **now;
        char **next;
    } TEXTS[] = {
        {"bank_name", &card->bank_name, &card->new_bank_name},
        {"bank_holder", &card->bank_holder, &card->new_bank_holder},
        {"bank_account", &card->bank_account, &card->new_bank_account},
    };

    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(TEXTS); i++) {
        const uint32_t number = rows_sealed_field(TEXTS[i].field);
        status = customer_card_box(txn, customer, TEXTS[i].field, box_of(now, now_count, number),
                                   TEXTS[i].now);
        if (status == STATUS_OK) {
            status = customer_card_box(txn, customer, TEXTS[i].field,
                                       box_of(hold->next, next_count, number), TEXTS[i].next);
        }
    }
    card->new_bank_us = waits ? hold->counts_us : 0;
    return status;
}

// What stands in the way of using or erasing the data.
static enum status add_privacy(struct txn *txn, const CustomerRecord *customer, CustomerCard *card)
{
    BookRecord *book = NULL;
    card->restricted_us = customer->restricted_us;
    card->restricted_reason = customer->restricted_reason;
    card->hold_until_day = customer->hold_until_day;
    card->hold_reason = customer->hold_reason;
    card->erased_us = customer->erased_us;
    const enum status status = reading_book(txn, &book);
    return status == STATUS_OK ? retention_until(txn, book, customer->id, &card->keep_until_day)
                               : status;
}

enum status customer_card_fill(struct txn *txn, struct call *call, const CustomerRecord *customer,
                               CustomerCard *card)
{
    card->id = customer->id;
    card->number = ident_print(call->arena, SERIES_CUSTOMER, 0, customer->sequence);
    card->kind = customer->kind;
    card->industry = customer->industry;
    card->region = customer->region;
    card->class_ = customer->class_;
    card->n_tag = customer->n_tag;
    card->tag = customer->tag;
    card->terms = customer->terms;
    card->currency = customer->currency;
    card->credit = customer->credit;
    card->credit_limit_minor = customer->credit_limit_minor;
    card->version = customer->version;
    card->state = customer->state;
    card->added_us = customer->added_us;
    if (card->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = open_texts(txn, call, customer, card);
    if (status == STATUS_OK) {
        status = open_bank(txn, call, customer, card);
    }
    if (status == STATUS_OK) {
        status = add_privacy(txn, customer, card);
    }
    return status == STATUS_OK ? reading_login(txn, customer->owner_id, &card->owner) : status;
}
