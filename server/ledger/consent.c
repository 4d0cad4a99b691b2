// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/consent.h"

#include "server/ledger/customer.h"
#include "server/ledger/customer_card.h"
#include "server/ledger/permit.h"
#include "shared/wire.h"

// ---- reading ----

static ProtobufCBinaryData source_of(const ConsentRecord *consent)
{
    return consent->n_sealed > 0 ? consent->sealed[0]->box : (ProtobufCBinaryData){0};
}

static enum status fill_row(struct txn *txn, const CustomerRecord *customer,
                            const ConsentRecord *consent, ConsentRow *row)
{
    row->id = consent->id;
    row->purpose = consent->purpose;
    row->state = consent->state;
    row->basis = consent->basis;
    row->date_day = consent->date_day;
    row->at_us = consent->at_us;
    const enum status status = customer_card_box(txn, customer, "consent_source",
                                                 source_of(consent), &row->consent_source);
    return status == STATUS_OK ? reading_login(txn, consent->at_by, &row->actor) : status;
}

static bool is_later(const ConsentRow *a, const ConsentRow *b)
{
    return a->date_day > b->date_day || (a->date_day == b->date_day && a->id > b->id);
}

static void insert(struct consents *consents, ConsentRow *row)
{
    size_t at = consents->count;
    while (at > 0 && is_later(row, consents->row[at - 1])) {
        consents->row[at] = consents->row[at - 1];
        at--;
    }
    consents->row[at] = row;
    consents->count++;
}

enum status consents_read(struct txn *txn, struct call *call, const CustomerRecord *customer,
                          struct consents *out)
{
    *out = (struct consents){.row = arena_alloc(call->arena, CONSENTS_MAX * sizeof *out->row)};
    if (out->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status =
        rows_open(txn, TABLE_consent, key_u64_u64(customer->id, 0), 8, false, &rows);
    while (status == STATUS_OK && out->count < CONSENTS_MAX) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status != STATUS_OK) {
            break;
        }
        ConsentRow *row = (ConsentRow *)wire_make(call->arena, &consent_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        status = fill_row(txn, customer, (const ConsentRecord *)record, row);
        if (status == STATUS_OK) {
            insert(out, row);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

void consents_keep_latest(struct consents *consents)
{
    size_t kept = 0;
    for (size_t i = 0; i < consents->count; i++) {
        bool known = false;
        for (size_t k = 0; k < kept; k++) {
            known |= consents->row[k]->purpose == consents->row[i]->purpose;
        }
        if (!known) {
            consents->row[kept] = consents->row[i];
            kept++;
        }
    }
    consents->count = kept;
}

enum status customer_consents(struct txn *txn, struct call *call, const CustomerConsents *request,
                              CustomerConsentsReply *reply)
{
    ProtobufCMessage *row = NULL;
    struct consents consents;
    enum status status =
        reading_load(txn, call, TABLE_customer, request->customer_id, "customer", &row);
    if (status == STATUS_OK) {
        status = consents_read(txn, call, (const CustomerRecord *)row, &consents);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->row = consents.row;
    reply->n_row = consents.count;
    reply->page = cursor_page(call->arena, consents.count, 0);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- writing ----

// The word that counts for the purpose today; NULL when there is none.
static enum status find_latest(struct books *books, uint64_t customer_id, ConsentPurpose purpose,
                               const ConsentRecord **latest, size_t *count)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status =
        rows_open(books->txn, TABLE_consent, key_u64_u64(customer_id, 0), 8, false, &rows);
    *latest = NULL;
    *count = 0;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const ConsentRecord *consent = (const ConsentRecord *)row;
        if (status != STATUS_OK) {
            break;
        }
        *count += 1;
        if (consent->purpose == purpose &&
            (*latest == NULL || consent->date_day >= (*latest)->date_day)) {
            *latest = consent;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static const char *consent_text(struct books *books, const ConsentRecord *consent)
{
    if (consent == NULL) {
        return "";
    }
    const ProtobufCEnumValue *purpose =
        protobuf_c_enum_descriptor_get_value(&consent_purpose__descriptor, (int)consent->purpose);
    const bool is_given = consent->state == CONSENT_STATE__CONSENT_STATE_GIVEN;
    assert(purpose != NULL);
    return arena_print(books->arena, "%s %s %s", purpose->name + strlen("CONSENT_PURPOSE_"),
                       is_given ? "given" : "withdrawn", books_day(books, consent->date_day));
}

static ConsentRecord *consent_make(struct books *books, const CustomerConsent *request)
{
    ConsentRecord *consent = (ConsentRecord *)wire_make(books->arena, &consent_record__descriptor);
    if (consent == NULL) {
        return NULL;
    }
    const bool names_basis = request->basis != CONSENT_BASIS__CONSENT_BASIS_UNSET;
    consent->purpose = request->purpose;
    consent->state = request->withdraw ? CONSENT_STATE__CONSENT_STATE_WITHDRAWN
                                       : CONSENT_STATE__CONSENT_STATE_GIVEN;
    consent->basis = names_basis ? request->basis : CONSENT_BASIS__CONSENT_BASIS_CONSENT;
    consent->date_day = request->date_day != 0 ? request->date_day : books->call->book_day;
    consent->n_sealed = request->n_sealed;
    consent->sealed = request->sealed;
    consent->at_by = books->call->user_id;
    consent->at_us = books->call->instant_us;
    return consent;
}

static enum status consent_check(struct books *books, const CustomerRecord *customer,
                                 const ConsentRecord *consent, const ConsentRecord *latest,
                                 size_t count)
{
    if (consent->date_day > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", NULL, NULL);
    }
    const bool needs_source = consent->purpose == CONSENT_PURPOSE__CONSENT_PURPOSE_OTHER;
    if (needs_source && consent->n_sealed == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "consent_source", NULL, NULL);
    }
    if (latest != NULL && latest->state == consent->state && latest->basis == consent->basis &&
        latest->date_day == consent->date_day && consent->n_sealed == 0) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, "purpose", NULL, NULL);
    }
    if (count >= CONSENTS_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "purpose", NULL, NULL);
    }
    return permit_class(books, customer, CLASS_CONTACT, "purpose");
}

enum status customer_consent(struct txn *txn, struct call *call, const CustomerConsent *request,
                             CustomerConsentReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    const ConsentRecord *latest = NULL;
    size_t count = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_active_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = find_latest(&books, customer->id, request->purpose, &latest, &count);
    }
    if (status != STATUS_OK) {
        return status;
    }

    ConsentRecord *consent = consent_make(&books, request);
    if (consent == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = consent_check(&books, customer, consent, latest, count);
    if (status != STATUS_OK) {
        return status;
    }

    consent->id = call_new_id(call);
    call_note_change(call, customer->id, "consent", consent_text(&books, latest),
                     consent_text(&books, consent));
    customer->version++;
    status = consent_put(txn, key_u64_u64(customer->id, consent->id), consent);
    if (status == STATUS_OK) {
        status = customer_keep(&books, customer);
    }

    reply->id = consent->id;
    reply->number = customer_number(&books, customer);
    reply->version = customer->version;
    reply->purpose = consent->purpose;
    reply->state = consent->state;
    call_about(call, customer->id, reply->number);
    return reply->number != NULL ? status : STATUS_TOO_LARGE;
}
