// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/assessment.h"

#include "server/ledger/due.h"
#include "server/ledger/promise.h"
#include "shared/money.h"

#define TERMS_STEP_DAYS 15
#define BILLING_MONTHS  6
#define TENTHS          10
#define MONTH_DAYS      30

static enum status sum_items(struct books *books, uint64_t customer_id, struct assessment *out)
{
    struct item_list debits = {0};
    const enum status status = item_open(books, customer_id, ITEM_SIDE__ITEM_SIDE_DEBIT, &debits);
    for (size_t i = 0; status == STATUS_OK && i < debits.count; i++) {
        const ItemRecord *item = debits.item[i]->record;
        const bool is_late = item->due_day < books->call->book_day && !item->disputed;
        out->open_minor += item->open_minor;
        out->overdue_minor += is_late ? item->open_minor : 0;
    }
    return status;
}

static uint32_t outside_of(const CreditRecord *credit, int32_t today)
{
    const bool counts =
        credit->judged && (credit->judged_until_day == 0 || credit->judged_until_day >= today);
    return counts ? credit->judgement : SCORE_OUTSIDE_HALF;
}

enum status assessment_of(struct books *books, const CustomerRecord *customer,
                          struct assessment *out)
{
    *out = (struct assessment){0};
    struct balance *balance = NULL;
    enum status status = exposure_of(books, customer, 0, &out->exposure);
    if (status == STATUS_OK) {
        status = posting_balance(books, customer->id, &balance);
    }
    if (status == STATUS_OK) {
        status = sum_items(books, customer->id, out);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const int32_t today = books->call->book_day;
    const struct exposure *exposure = &out->exposure;
    uint32_t promises = 0;
    out->standing = standing_read(balance->record, today);
    status = promises_broken(books->txn, books->arena, customer->id, today, &promises);
    if (status != STATUS_OK) {
        return status;
    }
    out->standing.broken += promises;
    out->input = (struct score_input){
        .late = out->standing.late,
        .settled_minor =
            out->standing.settled_minor > 0 ? (uint64_t)out->standing.settled_minor : 0,
        .overdue_minor = (uint64_t)out->overdue_minor,
        .open_minor = (uint64_t)out->open_minor,
        .is_limited = exposure->is_limited,
        .exposure_minor = exposure->total_minor,
        .limit_minor = (uint64_t)exposure->limit_minor,
        .months = out->standing.months,
        .broken = out->standing.broken,
        .outside = outside_of(exposure->credit, today),
        .settled = out->standing.settled,
    };
    out->score = score_of(&out->input);
    out->grade = score_grade(&out->input, out->score);
    return STATUS_OK;
}

// ---- suggestions ----

// Terms of so many days and nothing else can be lengthened and shortened; others stay.
static bool is_plain(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static enum status suggest_terms(struct books *books, const struct assessment *assessment,
                                 struct suggestion *out)
{
    const char *text = assessment->exposure.customer->terms;
    const char *held = text[0] != '\0' ? text : DUE_TERMS;
    const bool longer = assessment->grade == CREDIT_GRADE__CREDIT_GRADE_A;
    const bool shorter = assessment->grade == CREDIT_GRADE__CREDIT_GRADE_D;
    out->terms = text;
    out->terms_days = due_days(books, held);
    if (is_plain(held) && (longer || shorter)) {
        const uint32_t days = out->terms_days;
        const uint32_t less = days > TERMS_STEP_DAYS ? days - TERMS_STEP_DAYS : 0;
        out->terms = arena_print(books->arena, "%u", longer ? days + TERMS_STEP_DAYS : less);
    }
    return out->terms != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// Monthly billing * (days / 30 + 1) * factor, rounded once.
static bool suggest_limit(const struct assessment *assessment, struct suggestion *out)
{
    static const int64_t FACTORS[] = {
        [CREDIT_GRADE__CREDIT_GRADE_A] = 15, [CREDIT_GRADE__CREDIT_GRADE_B] = 12,
        [CREDIT_GRADE__CREDIT_GRADE_C] = 10, [CREDIT_GRADE__CREDIT_GRADE_D] = 5,
        [CREDIT_GRADE__CREDIT_GRADE_E] = 0,
    };

    const int64_t cap_minor = assessment->exposure.policy->suggest_max_minor;
    const int64_t weight = ((int64_t)out->terms_days + MONTH_DAYS) * FACTORS[assessment->grade];
    int64_t limit_minor = 0;
    if (!money_scale(assessment->standing.billed_minor, weight,
                     BILLING_MONTHS * MONTH_DAYS * TENTHS, &limit_minor) ||
        limit_minor > AMOUNT_MAX) {
        return false;
    }
    out->credit = CREDIT_MODE__CREDIT_MODE_LIMIT;
    out->limit_minor = cap_minor != 0 && limit_minor > cap_minor ? cap_minor : limit_minor;
    return true;
}

enum status suggestion_of(struct books *books, const struct assessment *assessment,
                          struct suggestion *out)
{
    const CustomerRecord *customer = assessment->exposure.customer;
    *out = (struct suggestion){
        .credit = customer->credit,
        .limit_minor = customer->credit_limit_minor,
    };
    if (!money_scale(assessment->standing.billed_minor, 1, BILLING_MONTHS, &out->billing_minor)) {
        return STATUS_AMOUNT_OVERFLOW;
    }
    const enum status status = suggest_terms(books, assessment, out);
    if (status != STATUS_OK || assessment->grade == CREDIT_GRADE__CREDIT_GRADE_N) {
        return status;
    }
    if (assessment->grade == CREDIT_GRADE__CREDIT_GRADE_E) {
        out->credit = CREDIT_MODE__CREDIT_MODE_CASH;
        out->limit_minor = 0;
        out->guarantee = true;
        return STATUS_OK;
    }
    // Without a sale in half a year there is nothing to go by.
    return assessment->standing.billed_minor <= 0 || suggest_limit(assessment, out)
               ? STATUS_OK
               : STATUS_AMOUNT_OVERFLOW;
}
