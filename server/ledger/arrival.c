// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/arrival.h"

#include "shared/day.h"

#define ARRIVAL_DAYS    3    // that money is late or early
#define WAYS_OF_DAY_MAX 1000 // receipts of a day that are looked at

struct way {
    uint64_t payment_id;
    uint64_t customer_id;
    int64_t net_minor;
    size_t method; // index
};

struct way_day {
    int32_t day;
    struct way *way;
    size_t count;
    bool more;
    struct way_day *next;
};

// ---- what is on its way ----

enum status arrival_begin(struct books *books, uint32_t account, struct ways *out)
{
    *out = (struct ways){.books = books, .account = account};
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(books->txn, TABLE_method, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK && out->method_count < METHODS_MAX) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status == STATUS_OK) {
            out->method[out->method_count++] = (MethodRecord *)row;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// The place of the payment's method when it settles to the account; else the count.
static size_t method_of(const struct ways *ways, const PaymentRecord *payment)
{
    const uint64_t key = payment->method_id != 0 ? payment->method_id : (uint64_t)payment->method;
    for (size_t i = 0; i < ways->method_count; i++) {
        if (method_key(ways->method[i]) == key) {
            const struct method_terms terms = method_terms_on(ways->method[i], payment->date_day);
            return terms.bank == ways->account ? i : ways->method_count;
        }
    }
    return ways->method_count;
}

static enum status take_way(struct ways *ways, uint64_t payment_id, struct way_day *of)
{
    PaymentRecord *payment = NULL;
    const enum status status = payment_get(ways->books->txn, key_u64(payment_id), &payment);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const size_t method = method_of(ways, payment);
    if (method == ways->method_count || payment->account == ways->account) {
        return STATUS_OK;
    }
    if (of->count == WAYS_OF_DAY_MAX) {
        of->more = true;
        return STATUS_END;
    }
    of->way[of->count++] = (struct way){.payment_id = payment_id,
                                        .customer_id = payment->customer_id,
                                        .net_minor = payment->amount_minor - payment->fee_minor,
                                        .method = method};
    return STATUS_OK;
}

// Is anything expected on that day at all? Room is only taken where there is.
static enum status load_day(struct ways *ways, struct way_day *of)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status =
        rows_open(ways->books->txn, TABLE_on_way, method_way_key(of->day, 0), 8, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status == STATUS_OK && of->way == NULL) {
            of->way = arena_alloc(ways->books->arena, WAYS_OF_DAY_MAX * sizeof *of->way);
            status = of->way != NULL ? STATUS_OK : STATUS_TOO_LARGE;
        }
        if (status == STATUS_OK) {
            status = take_way(ways, row_key_second(&key), of);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status look_up(struct ways *ways, int32_t day, const struct way_day **out)
{
    for (const struct way_day *each = ways->days; each != NULL; each = each->next) {
        if (each->day == day) {
            *out = each;
            return STATUS_OK;
        }
    }
    struct way_day *made = arena_alloc(ways->books->arena, sizeof *made);
    if (made == NULL) {
        return STATUS_TOO_LARGE;
    }
    *made = (struct way_day){.day = day, .next = ways->days};
    const enum status status = load_day(ways, made);
    if (status == STATUS_OK) {
        ways->days = made;
        *out = made;
    }
    return status;
}

// ---- what makes the line ----

static struct arrival *add(struct ways *ways, size_t method, struct arrivals *out)
{
    if (out->count == ARRIVALS_MAX) {
        out->more = true;
        return NULL;
    }
    struct arrival *made = &out->row[out->count++];
    *made = (struct arrival){.method = ways->method[method]};
    return made;
}

static void add_single(struct ways *ways, const struct way *way, bool early, struct arrivals *out)
{
    for (size_t i = 0; i < out->count; i++) {
        if (arrival_is(&out->row[i], &way->payment_id, 1)) {
            return;
        }
    }
    struct arrival *made = add(ways, way->method, out);
    if (made != NULL) {
        made->receipt_id[0] = way->payment_id;
        made->count = 1;
        made->customer_id = way->customer_id;
        made->early = early;
    }
}

// All of one method that are expected on that day.
static void add_batch(struct ways *ways, const struct way_day *of, size_t method,
                      int64_t amount_minor, struct arrivals *out)
{
    int64_t sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < of->count; i++) {
        // Amounts are bounded (AMOUNT_MAX), and so is their number.
        sum += of->way[i].method == method ? of->way[i].net_minor : 0;
        count += of->way[i].method == method ? 1 : 0;
    }
    if (count < 2 || sum != amount_minor) {
        return;
    }
    if (count > BANK_RECEIPTS_MAX) {
        out->more = true;
        return;
    }
    struct arrival *made = add(ways, method, out);
    for (size_t i = 0; made != NULL && i < of->count; i++) {
        if (of->way[i].method == method) {
            made->receipt_id[made->count++] = of->way[i].payment_id;
        }
    }
}

enum status arrival_find(struct ways *ways, const BankLineRecord *line, struct arrivals *out)
{
    *out = (struct arrivals){0};
    if (line->amount_minor <= 0 || ways->method_count == 0) {
        return STATUS_OK;
    }
    out->row = arena_alloc(ways->books->arena, ARRIVALS_MAX * sizeof *out->row);
    if (out->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    // Who is late is looked at before who is early, the nearest first.
    for (int32_t late = 0; late <= 2 * ARRIVAL_DAYS; late++) {
        const bool early = late > ARRIVAL_DAYS;
        const int32_t day = line->value_day - (early ? ARRIVAL_DAYS - late : late);
        const struct way_day *of = NULL;
        const enum status status = day >= DAY_MIN ? look_up(ways, day, &of) : STATUS_OK;
        if (status != STATUS_OK || of == NULL) {
            return status;
        }
        out->more = out->more || of->more;
        for (size_t i = 0; i < ways->method_count && !early && of->count > 0; i++) {
            add_batch(ways, of, i, line->amount_minor, out);
        }
        for (size_t i = 0; i < of->count; i++) {
            if (of->way[i].net_minor == line->amount_minor) {
                add_single(ways, &of->way[i], early, out);
            }
        }
    }
    return STATUS_OK;
}

bool arrival_is(const struct arrival *arrival, const uint64_t *receipt_id, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < arrival->count; k++) {
            found += arrival->receipt_id[k] == receipt_id[i] ? 1 : 0;
        }
    }
    return found == count && count == arrival->count;
}

enum status arrival_certain(struct ways *ways, const BankLineRecord *line,
                            const struct arrivals *arrivals, bool *out)
{
    *out = false;
    if (arrivals->count != 1 || arrivals->more || arrivals->row[0].early) {
        return STATUS_OK;
    }
    const MethodRecord *method = arrivals->row[0].method;
    const struct method_terms terms = method_terms_on(method, line->value_day);
    if (terms.auto_after == 0 || method->confirmations < terms.auto_after ||
        method->retired_us != 0) {
        return STATUS_OK;
    }
    // A line that names a document or a payer is something else, or nobody knows.
    struct match_named named = {0};
    struct match_payer payer = {0};
    enum status status = match_named(ways->books->txn, line, &named);
    if (status == STATUS_OK) {
        status = match_payer(ways->books->txn, line, &payer);
    }
    *out = status == STATUS_OK && named.numbers == 0 && named.references == 0 &&
           payer.customer_id == 0 && payer.rule == NULL;
    return status;
}
