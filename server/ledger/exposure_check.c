// SPDX-License-Identifier: Apache-2.0
// What a document, an order or longer terms do with a customer's credit: stopped, let through by an
// override, held for a second person.
#include "server/ledger/exposure.h"
#include "shared/wire.h"

// The smallest override that covers the document; of equal ones the oldest.
static OverrideRecord *find_override(const struct call *call, const CreditRecord *credit,
                                     int64_t document_minor)
{
    OverrideRecord *best = NULL;
    for (size_t i = 0; i < credit->n_override; i++) {
        OverrideRecord *each = credit->override[i];
        const bool covers =
            override_is_open(each, call->book_day) && each->amount_minor >= document_minor;
        if (covers && (best == NULL || each->amount_minor < best->amount_minor)) {
            best = each;
        }
    }
    return best;
}

static bool is_check(const struct exposure *exposure, CreditCheck check)
{
    return exposure->policy->check == check;
}

bool exposure_is_looked_at(const struct exposure *exposure)
{
    return is_check(exposure, CREDIT_CHECK__CREDIT_CHECK_WARN) ||
           is_check(exposure, CREDIT_CHECK__CREDIT_CHECK_BLOCK);
}

// Credit is asked for `covered_minor`, which raises what is owed by `document_minor`.
static enum status check(struct books *books, const CustomerRecord *customer,
                         int64_t document_minor, int64_t covered_minor, struct exposure *out)
{
    assert(document_minor >= 0 && covered_minor >= document_minor);
    const char *from = "";
    *out = (struct exposure){.customer = customer};
    enum status status =
        exposure_policy(books->txn, books->arena, customer->class_, &out->policy, &from);
    const bool waived =
        status == STATUS_OK && !customer->credit_held && !exposure_is_looked_at(out);
    // Sales without a name are paid at once, and nobody grants credit to nobody.
    if (status != STATUS_OK || waived || customer->id == books->record->walk_in_id) {
        return status;
    }

    status = exposure_of(books, customer, document_minor, out);
    out->counts = status == STATUS_OK;
    if (status == STATUS_OK && out->parts.reserved_minor > 0 &&
        out->credit->n_reservation >= CREDIT_RESERVATIONS_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "customer", NULL, NULL);
    }
    const bool stops = status == STATUS_OK && out->stop_count > 0 &&
                       (customer->credit_held || is_check(out, CREDIT_CHECK__CREDIT_CHECK_BLOCK));
    if (!stops) {
        return status;
    }
    out->override = find_override(books->call, out->credit, covered_minor);
    if (out->override != NULL) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < out->stop_count; i++) {
        const struct exposure_stop *each = &out->stop[i];
        status = books_refuse(books, each->status, "customer", each->asked, each->allowed);
    }
    return status;
}

enum status exposure_check(struct books *books, const CustomerRecord *customer,
                           int64_t document_minor, struct exposure *out)
{
    return check(books, customer, document_minor, document_minor, out);
}

enum status exposure_check_longer(struct books *books, const CustomerRecord *customer,
                                  int64_t lengthened_minor, struct exposure *out)
{
    return check(books, customer, 0, lengthened_minor, out);
}

enum status exposure_check_order(struct books *books, const CustomerRecord *customer,
                                 int64_t raised_minor, struct exposure *out)
{
    PolicyRecord *policy = NULL;
    const enum status status =
        exposure_policy(books->txn, books->arena, customer->class_, &policy, NULL);
    return status == STATUS_OK
               ? exposure_check(books, customer, policy->orders ? raised_minor : 0, out)
               : status;
}

// Takes out what does not hold anything any more, and `approval_id`. True when something went.
static bool sweep(const struct call *call, CreditRecord *credit, uint64_t approval_id)
{
    size_t count = 0;
    for (size_t i = 0; i < credit->n_reservation; i++) {
        ReservationRecord *each = credit->reservation[i];
        if (each->approval_id != approval_id && reservation_is_held(call, each)) {
            credit->reservation[count++] = each;
        }
    }
    const bool went = count < credit->n_reservation;
    credit->n_reservation = count;
    return went;
}

enum status exposure_reserve(struct books *books, struct exposure *exposure, uint64_t approval_id)
{
    if (!exposure->counts) {
        return STATUS_OK;
    }
    CreditRecord *credit = exposure->credit;
    ReservationRecord **list =
        arena_alloc(books->arena, (credit->n_reservation + 1) * sizeof *list);
    ReservationRecord *made =
        (ReservationRecord *)wire_make(books->arena, &reservation_record__descriptor);
    if (list == NULL || made == NULL) {
        return STATUS_TOO_LARGE;
    }
    (void)sweep(books->call, credit, approval_id);
    if (credit->n_reservation > 0) {
        memcpy(list, credit->reservation, credit->n_reservation * sizeof *list);
    }
    made->approval_id = approval_id;
    made->amount_minor = exposure->parts.document_minor;
    made->until_us = books->call->instant_us + APPROVAL_US;
    list[credit->n_reservation] = made;
    credit->reservation = list;
    credit->n_reservation++;
    return credit_put(books->txn, key_u64(exposure->customer->id), credit);
}

enum status exposure_release(struct txn *txn, struct call *call, uint64_t customer_id,
                             uint64_t approval_id)
{
    CreditRecord *credit = NULL;
    const enum status status = credit_get(txn, key_u64(customer_id), &credit);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return sweep(call, credit, approval_id) ? credit_put(txn, key_u64(customer_id), credit)
                                            : STATUS_OK;
}

enum status exposure_keep(struct books *books, struct exposure *exposure, uint64_t document_id)
{
    const struct call *call = books->call;
    if (!exposure->counts) {
        return STATUS_OK;
    }
    const uint64_t approval_id = call->approved != NULL ? call->approved->id : 0;
    bool changes = sweep(call, exposure->credit, approval_id);
    if (exposure->override != NULL) {
        assert(exposure->override->used_id == 0);
        exposure->override->used_id = document_id;
        call_note_change(books->call, exposure->customer->id, "override", "open",
                         arena_print(books->arena, "used: %u", exposure->override->number));
        changes = true;
    }
    return changes ? credit_put(books->txn, key_u64(exposure->customer->id), exposure->credit)
                   : STATUS_OK;
}

enum status exposure_stops(struct books *books, const struct exposure *exposure, CreditStop ***list,
                           size_t *count)
{
    CreditStop **stops = arena_alloc(books->arena, (exposure->stop_count + 1) * sizeof *stops);
    if (stops == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < exposure->stop_count; i++) {
        stops[i] = (CreditStop *)wire_make(books->arena, &credit_stop__descriptor);
        if (stops[i] == NULL) {
            return STATUS_TOO_LARGE;
        }
        stops[i]->reason = exposure->stop[i].reason;
        stops[i]->asked =
            arena_copy(books->arena, exposure->stop[i].asked, strlen(exposure->stop[i].asked));
        stops[i]->allowed =
            arena_copy(books->arena, exposure->stop[i].allowed, strlen(exposure->stop[i].allowed));
        if (stops[i]->asked == NULL || stops[i]->allowed == NULL) {
            return STATUS_TOO_LARGE;
        }
    }
    *list = stops;
    *count = exposure->stop_count;
    return STATUS_OK;
}
