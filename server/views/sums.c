// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// Sums by key and day. Keys are few (accounts), days at most some thousands: both are searched, and
// a new one moves what lies behind it.

static size_t position(const struct day_sums *sums, uint64_t key)
{
    size_t at = 0;
    for (size_t end = sums->count; at < end;) {
        size_t middle = at + (end - at) / 2;
        bool before = sums->series[middle].key < key;
        at = before ? middle + 1 : at;
        end = before ? end : middle;
    }
    return at;
}

static enum status series_of(struct day_sums *sums, uint64_t key, struct day_series **out)
{
    size_t at = position(sums, key);
    if (at == sums->count || sums->series[at].key != key) {
        if (sums->count == sums->capacity) {
            bool whole = true;
            size_t capacity = column_capacity(sums->capacity, sums->count + 1);
            sums->series =
                column_grow(sums->series, sums->count, capacity, sizeof *sums->series, &whole);
            if (!whole) {
                return STATUS_ENVIRONMENT;
            }
            sums->capacity = capacity;
        }
        memmove(sums->series + at + 1, sums->series + at,
                (sums->count - at) * sizeof *sums->series);
        sums->series[at] = (struct day_series){.key = key};
        sums->count++;
    }
    *out = &sums->series[at];
    return STATUS_OK;
}

// The first place whose day is later than `day`.
static size_t behind(const struct day_series *series, int32_t day)
{
    size_t at = 0;
    for (size_t end = series->count; at < end;) {
        size_t middle = at + (end - at) / 2;
        bool later = series->days[middle].day > day;
        end = later ? middle : end;
        at = later ? at : middle + 1;
    }
    return at;
}

static enum status day_of(struct day_series *series, int32_t day, struct day_sum **out)
{
    size_t at = behind(series, day);
    assert(at == 0 || series->days != NULL);
    if (at == 0 || series->days[at - 1].day != day) {
        if (series->count == series->capacity) {
            bool whole = true;
            size_t capacity = column_capacity(series->capacity, series->count + 1);
            series->days =
                column_grow(series->days, series->count, capacity, sizeof *series->days, &whole);
            if (!whole) {
                return STATUS_ENVIRONMENT;
            }
            series->capacity = capacity;
        }
        memmove(series->days + at + 1, series->days + at,
                (series->count - at) * sizeof *series->days);
        series->days[at] = (struct day_sum){.day = day};
        series->count++;
        at++;
    }
    *out = &series->days[at - 1];
    return STATUS_OK;
}

enum status sums_add(struct day_sums *sums, uint64_t key, int32_t day, int64_t debit_minor,
                     int64_t credit_minor)
{
    struct day_series *series = NULL;
    struct day_sum *sum = NULL;
    enum status status = series_of(sums, key, &series);
    if (status == STATUS_OK) {
        status = day_of(series, day, &sum);
    }
    if (status == STATUS_OK) {
        sum->debit_minor += debit_minor;
        sum->credit_minor += credit_minor;
    }
    return status;
}

struct account_sum series_between(const struct day_series *series, int32_t from_day, int32_t to_day)
{
    struct account_sum sum = {0};
    for (size_t i = from_day == DAY_MIN ? 0 : behind(series, from_day - 1);
         i < series->count && series->days[i].day <= to_day; i++) {
        sum.debit_minor += series->days[i].debit_minor;
        sum.credit_minor += series->days[i].credit_minor;
    }
    return sum;
}

struct account_sum sums_between(const struct day_sums *sums, uint64_t key, int32_t from_day,
                                int32_t to_day)
{
    size_t at = position(sums, key);
    if (at == sums->count || sums->series[at].key != key) {
        return (struct account_sum){0};
    }
    return series_between(&sums->series[at], from_day, to_day);
}

void sums_free(struct day_sums *sums)
{
    for (size_t i = 0; i < sums->count; i++) {
        free(sums->series[i].days);
    }
    free(sums->series);
    *sums = (struct day_sums){0};
}

void digest_sums(const struct day_sums *sums, const char *kind, struct view_digest *digest)
{
    for (size_t i = 0; i < sums->count; i++) {
        const struct day_series *series = &sums->series[i];
        for (size_t k = 0; k < series->count; k++) {
            int64_t row[] = {
                (int64_t)series->key,
                series->days[k].day,
                series->days[k].debit_minor,
                series->days[k].credit_minor,
            };
            digest_row(digest, kind, row, sizeof row);
        }
    }
}
