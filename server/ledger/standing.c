// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/standing.h"

#include "server/ledger/rate.h"
#include "shared/day.h"
#include "shared/money.h"
#include "shared/wire.h"

static uint32_t month_of(int32_t day)
{
    const struct date date = day_date(day);
    return (uint32_t)date.year * 12 + date.month - 1;
}

// Those that lie too far back are left out, and there is room for one more.
static enum status make_room(struct books *books, BalanceRecord *balance, uint32_t first)
{
    CreditMonthRecord **kept = arena_alloc(books->arena, (balance->n_month + 1) * sizeof *kept);
    if (kept == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t count = 0;
    for (size_t i = 0; i < balance->n_month; i++) {
        if (balance->month[i]->month >= first) {
            kept[count++] = balance->month[i];
        }
    }
    balance->month = kept;
    balance->n_month = count;
    return STATUS_OK;
}

// The month of that day in the customer's balance, made when it is not there; NULL when it lies too
// far back to count.
static enum status month_at(struct books *books, uint64_t customer_id, int32_t day,
                            CreditMonthRecord **out)
{
    const uint32_t month = month_of(day);
    const uint32_t first = month_of(books->call->book_day) - (CREDIT_MONTHS - 1);
    struct balance *balance = NULL;
    *out = NULL;
    enum status status = posting_balance(books, customer_id, &balance);
    if (status != STATUS_OK || month < first) {
        return status;
    }
    balance->changed = true;
    BalanceRecord *record = balance->record;
    for (size_t i = 0; i < record->n_month; i++) {
        if (record->month[i]->month == month) {
            *out = record->month[i];
            return STATUS_OK;
        }
    }
    CreditMonthRecord *made =
        (CreditMonthRecord *)wire_make(books->arena, &credit_month_record__descriptor);
    status = made != NULL ? make_room(books, record, first) : STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        return status;
    }
    made->month = month;
    size_t place = record->n_month++;
    for (; place > 0 && record->month[place - 1]->month > month; place--) {
        record->month[place] = record->month[place - 1];
    }
    record->month[place] = made;
    *out = made;
    return STATUS_OK;
}

// Sums of many documents may pass 64 bits where one of them cannot: they stop there.
static int64_t sum(int64_t a, int64_t b)
{
    int64_t total = 0;
    return money_add(a, b, &total) ? total : b > 0 ? INT64_MAX : -INT64_MAX;
}

enum status standing_billed(struct books *books, const InvoiceRecord *document)
{
    struct balance *balance = NULL;
    CreditMonthRecord *month = NULL;
    if (document->kind == INVOICE_KIND__INVOICE_KIND_OPENING ||
        document->kind == INVOICE_KIND__INVOICE_KIND_DEBIT_NOTE) {
        return STATUS_OK;
    }
    enum status status = posting_balance(books, document->customer_id, &balance);
    if (status == STATUS_OK) {
        status = month_at(books, document->customer_id, document->date_day, &month);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (month != NULL) {
        month->billed_minor = sum(month->billed_minor, rate_gross(document));
    }
    const int32_t first = balance->record->first_sale_day;
    if (document->gross_minor > 0 && (first == 0 || document->date_day < first)) {
        balance->record->first_sale_day = document->date_day;
        balance->changed = true;
    }
    return STATUS_OK;
}

static uint128 late_of(const CreditMonthRecord *month)
{
    return (uint128)(uint64_t)month->late_high << 64 | month->late_low;
}

WRAPS static void add_late(CreditMonthRecord *month, uint128 late)
{
    const uint128 total = late_of(month) + late;
    month->late_low = (uint64_t)total;
    month->late_high = (int64_t)(uint64_t)(total >> 64);
}

// `sign` is 1 or -1: what is taken back is what was added, since it is computed from the same.
WRAPS static enum status count(struct books *books, const ItemRecord *debit,
                               const AllocationRecord *allocation, int sign)
{
    CreditMonthRecord *month = NULL;
    const enum status status =
        month_at(books, debit->customer_id, allocation->effective_day, &month);
    if (status != STATUS_OK || month == NULL) {
        return status;
    }
    const int32_t late_days = allocation->effective_day - debit->due_day;
    uint128 late =
        late_days > 0 ? (uint128)(uint64_t)allocation->amount_minor * (uint32_t)late_days : 0;
    add_late(month, sign > 0 ? late : -late);
    month->settled_minor = sum(month->settled_minor, sign * allocation->amount_minor);
    month->settled += debit->open_minor == 0 ? sign : 0;
    return STATUS_OK;
}

enum status standing_settled(struct books *books, const ItemRecord *debit,
                             const AllocationRecord *allocation)
{
    return count(books, debit, allocation, 1);
}

enum status standing_reopened(struct books *books, const ItemRecord *debit,
                              const AllocationRecord *allocation)
{
    return count(books, debit, allocation, -1);
}

enum status standing_broken(struct books *books, uint64_t customer_id, int32_t day)
{
    CreditMonthRecord *month = NULL;
    const enum status status = month_at(books, customer_id, day, &month);
    if (status == STATUS_OK && month != NULL) {
        month->broken++;
    }
    return status;
}

// Whole months; the day of the month decides about the last one.
static uint32_t months_since(int32_t day, int32_t today)
{
    if (day == 0 || day > today) {
        return 0;
    }
    const uint32_t months = month_of(today) - month_of(day);
    return months > 0 && day_date(today).day < day_date(day).day ? months - 1 : months;
}

struct standing standing_read(const BalanceRecord *balance, int32_t today)
{
    struct standing standing = {.months = months_since(balance->first_sale_day, today)};
    const uint32_t now = month_of(today);
    int32_t settled = 0;
    for (size_t i = 0; i < balance->n_month; i++) {
        const CreditMonthRecord *month = balance->month[i];
        if (month->month + 12 > now) {
            standing.late += late_of(month);
            standing.settled_minor = sum(standing.settled_minor, month->settled_minor);
            standing.broken += (uint32_t)month->broken;
            settled += month->settled;
        }
        if (month->month < now && month->month + 6 >= now) {
            standing.billed_minor = sum(standing.billed_minor, month->billed_minor);
        }
    }
    standing.settled = settled > 0 ? (uint32_t)settled : 0;
    return standing;
}
