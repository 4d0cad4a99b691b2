// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/exposure.h"

#include "server/ledger/item.h"
#include "server/ledger/rate.h"
#include "shared/money.h"
#include "shared/wire.h"

bool exposure_sum(const struct exposure_parts *parts, int64_t *out)
{
    const int64_t summands[] = {parts->withheld_minor, parts->uncleared_minor,
                                parts->ordered_minor,  parts->reserved_minor,
                                parts->document_minor, -parts->guaranteed_minor};

    int64_t total = parts->owed_minor;
    bool fits = parts->guaranteed_minor > -INT64_MAX;
    for (size_t i = 0; fits && i < COUNT_OF(summands); i++) {
        fits = money_add(total, summands[i], &total);
    }
    *out = fits ? total : 0;
    return fits;
}

// ---- rows ----

enum status exposure_policy(struct txn *txn, struct arena *arena, const char *class,
                            PolicyRecord **out, const char **from)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    PolicyRecord *found = NULL;
    enum status status = STATUS_END;
    if (class[0] != '\0') {
        status = rows_open(txn, TABLE_credit_policy, key_u64(POLICY_BOOK_KEY + 1), 0, false, &rows);
    }
    while (status == STATUS_OK && found == NULL) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status == STATUS_OK && strcmp(((PolicyRecord *)row)->class_, class) == 0) {
            found = (PolicyRecord *)row;
        }
    }
    if (status != STATUS_OK && status != STATUS_END) {
        return status;
    }
    const char *source = "class";
    if (found == NULL) {
        source = "book";
        status = credit_policy_get(txn, key_u64(POLICY_BOOK_KEY), &found);
    }
    if (status == STATUS_NOT_FOUND) {
        source = "";
        found = (PolicyRecord *)wire_make(arena, &policy_record__descriptor);
        status = found != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    if (from != NULL) {
        *from = source;
    }
    *out = found;
    return status;
}

enum status exposure_credit(struct txn *txn, struct arena *arena, uint64_t customer_id,
                            CreditRecord **out)
{
    const enum status status = credit_get(txn, key_u64(customer_id), out);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    *out = (CreditRecord *)wire_make(arena, &credit_record__descriptor);
    if (*out == NULL) {
        return STATUS_TOO_LARGE;
    }
    (*out)->customer_id = customer_id;
    return STATUS_OK;
}

bool guarantee_is_valid(const GuaranteeRecord *guarantee, int32_t day)
{
    return !guarantee->discharged && guarantee->from_day <= day &&
           (guarantee->expires_day == 0 || guarantee->expires_day >= day);
}

bool guarantee_has_lapsed(const GuaranteeRecord *guarantee, int32_t day)
{
    return !guarantee->discharged && guarantee->expires_day != 0 && guarantee->expires_day < day;
}

bool override_is_open(const OverrideRecord *override, int32_t day)
{
    return !override->revoked && override->used_id == 0 && override->expires_day >= day;
}

// ---- what counts ----

// Credit items that are not applied count as money, unless the policy looks at the debits alone.
static enum status withheld(struct books *books, struct exposure *exposure)
{
    struct item_list credits = {0};
    enum status status =
        item_open(books, exposure->customer->id, ITEM_SIDE__ITEM_SIDE_CREDIT, &credits);
    for (size_t i = 0; status == STATUS_OK && i < credits.count; i++) {
        int64_t open_minor = 0;
        status = rate_today(books, credits.item[i]->record, &open_minor);
        exposure->parts.withheld_minor += open_minor;
    }
    return status;
}

// What another document holds: not what runs now, and not what waited too long.
bool reservation_is_held(const struct call *call, const ReservationRecord *reservation)
{
    const bool own = call->approved != NULL && call->approved->id == reservation->approval_id;
    return !own && call->instant_us < reservation->until_us;
}

static int64_t reserved(const struct call *call, const CreditRecord *credit)
{
    int64_t sum_minor = 0;
    for (size_t i = 0; i < credit->n_reservation; i++) {
        const ReservationRecord *each = credit->reservation[i];
        const bool fits = !reservation_is_held(call, each) ||
                          money_add(sum_minor, each->amount_minor, &sum_minor);
        assert(fits); // CREDIT_RESERVATIONS_MAX times AMOUNT_MAX
    }
    return sum_minor;
}

static int64_t guaranteed(const CreditRecord *credit, int32_t day)
{
    int64_t sum_minor = 0;
    for (size_t i = 0; i < credit->n_guarantee; i++) {
        const GuaranteeRecord *each = credit->guarantee[i];
        const bool capped = each->cap_minor != 0 && each->cap_minor < each->amount_minor;
        if (guarantee_is_valid(each, day)) {
            sum_minor += capped ? each->cap_minor : each->amount_minor;
        }
    }
    return sum_minor;
}

static enum status count(struct books *books, int64_t document_minor, struct exposure *exposure)
{
    const PolicyRecord *policy = exposure->policy;
    struct balance *balance = NULL;
    enum status status = posting_balance(books, exposure->customer->id, &balance);
    if (status == STATUS_OK && policy->gross) {
        status = withheld(books, exposure);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct exposure_parts *parts = &exposure->parts;
    parts->owed_minor += posting_owed(balance);
    parts->uncleared_minor = policy->uncleared ? balance->record->uncleared_minor : 0;
    parts->ordered_minor = policy->orders ? balance->record->ordered_minor : 0;
    parts->reserved_minor = reserved(books->call, exposure->credit);
    parts->document_minor = document_minor;
    parts->guaranteed_minor =
        policy->guarantees ? guaranteed(exposure->credit, books->call->book_day) : 0;
    if (!exposure_sum(parts, &exposure->total_minor)) {
        exposure->total_minor = INT64_MAX; // more than any limit
    }
    return STATUS_OK;
}

// What is overdue for longer than the policy bears. A disputed item waits for a decision about it.
// Items in other currencies count at the rate of the day, which is nowhere kept.
static enum status look_at_items(struct books *books, struct exposure *exposure)
{
    struct item_list items = {0};
    const int32_t today = books->call->book_day;
    enum status status =
        item_open(books, exposure->customer->id, ITEM_SIDE__ITEM_SIDE_UNSET, &items);
    for (size_t i = 0; status == STATUS_OK && i < items.count; i++) {
        const ItemRecord *item = items.item[i]->record;
        const bool is_debit = item->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
        int64_t today_minor = 0;
        status = rate_today(books, item, &today_minor);
        const int64_t more_minor = today_minor - item->open_minor;
        exposure->parts.owed_minor += is_debit ? more_minor : -more_minor;
        if (status != STATUS_OK || !is_debit) {
            continue;
        }
        const int32_t late_days = today - item->due_day;
        if (item->credit_level > exposure->dunning_level) {
            exposure->dunning_level = item->credit_level;
        }
        if (item->disputed || late_days <= (int32_t)exposure->policy->overdue_days) {
            continue;
        }
        exposure->overdue_minor += today_minor;
        if ((uint32_t)late_days > exposure->worst_days) {
            exposure->worst_days = (uint32_t)late_days;
        }
    }
    return status;
}

// Absent credit on the card means what the policy grants.
static void find_limit(const char *policy_from, struct exposure *exposure)
{
    const bool own = exposure->customer->credit != CREDIT_MODE__CREDIT_MODE_UNSET;
    exposure->mode = own ? exposure->customer->credit : exposure->policy->credit;
    exposure->limit_from = own                                                ? "customer"
                           : exposure->mode != CREDIT_MODE__CREDIT_MODE_UNSET ? policy_from
                                                                              : "";
    const int64_t said_minor =
        own ? exposure->customer->credit_limit_minor : exposure->policy->credit_limit_minor;
    exposure->is_limited = exposure->mode == CREDIT_MODE__CREDIT_MODE_CASH ||
                           exposure->mode == CREDIT_MODE__CREDIT_MODE_LIMIT;
    exposure->limit_minor = exposure->mode == CREDIT_MODE__CREDIT_MODE_LIMIT ? said_minor : 0;
}

// ---- what speaks against it ----

static void stop(struct exposure *exposure, CreditReason reason, enum status status,
                 const char *asked, const char *allowed)
{
    assert(exposure->stop_count < EXPOSURE_STOPS_MAX);
    exposure->stop[exposure->stop_count++] = (struct exposure_stop){
        .reason = reason,
        .status = status,
        .asked = asked != NULL ? asked : "",
        .allowed = allowed != NULL ? allowed : "",
    };
}

static int32_t lapsed_day(const CreditRecord *credit, int32_t today)
{
    for (size_t i = 0; i < credit->n_guarantee; i++) {
        if (guarantee_has_lapsed(credit->guarantee[i], today)) {
            return credit->guarantee[i]->expires_day;
        }
    }
    return 0;
}

static CreditGrade grade_of(const CreditRecord *credit)
{
    return credit->n_score > 0 ? credit->score[credit->n_score - 1]->grade
                               : CREDIT_GRADE__CREDIT_GRADE_UNSET;
}

static const char *grade_word(CreditGrade grade)
{
    static const char *const WORDS[] = {"", "N", "A", "B", "C", "D", "E"};

    return (size_t)grade < COUNT_OF(WORDS) ? WORDS[grade] : "";
}

static void stop_by_grade(struct exposure *exposure)
{
    const CreditGrade grade = grade_of(exposure->credit);
    const CreditGrade floor = exposure->policy->floor;
    if (floor != CREDIT_GRADE__CREDIT_GRADE_UNSET && grade > floor) {
        stop(exposure, CREDIT_REASON__CREDIT_REASON_GRADE, STATUS_CREDIT_GRADE_LOW,
             grade_word(grade), grade_word(floor));
    }
}

// All reasons are looked for, and all are told.
static void find_stops(struct books *books, struct exposure *exposure)
{
    const int32_t today = books->call->book_day;
    const PolicyRecord *policy = exposure->policy;
    const CreditRecord *credit = exposure->credit;
    if (exposure->customer->credit_held) {
        stop(exposure, CREDIT_REASON__CREDIT_REASON_HOLD, STATUS_CREDIT_HELD, credit->held_reason,
             NULL);
    }
    if (exposure->is_limited && exposure->total_minor > exposure->limit_minor) {
        stop(exposure, CREDIT_REASON__CREDIT_REASON_LIMIT, STATUS_CREDIT_OVER_LIMIT,
             books_money(books, exposure->total_minor), books_money(books, exposure->limit_minor));
    }
    if (policy->overdue && exposure->overdue_minor > policy->overdue_over_minor) {
        stop(exposure, CREDIT_REASON__CREDIT_REASON_OVERDUE, STATUS_CREDIT_OVERDUE,
             books_money(books, exposure->overdue_minor),
             books_money(books, policy->overdue_over_minor));
    }
    if (policy->dunning_level != 0 && exposure->dunning_level >= policy->dunning_level) {
        stop(exposure, CREDIT_REASON__CREDIT_REASON_DUNNING, STATUS_CREDIT_DUNNED,
             arena_print(books->arena, "%u", exposure->dunning_level),
             arena_print(books->arena, "%u", policy->dunning_level - 1));
    }
    if (credit->review_day != 0 && credit->review_day < today) {
        stop(exposure, CREDIT_REASON__CREDIT_REASON_REVIEW, STATUS_CREDIT_REVIEW_DUE,
             books_day(books, credit->review_day), NULL);
    }
    const int32_t lapsed = lapsed_day(credit, today);
    if (lapsed != 0) {
        stop(exposure, CREDIT_REASON__CREDIT_REASON_GUARANTEE, STATUS_CREDIT_UNGUARANTEED,
             books_day(books, lapsed), NULL);
    }
    stop_by_grade(exposure);
}

enum status exposure_of(struct books *books, const CustomerRecord *customer, int64_t document_minor,
                        struct exposure *out)
{
    const char *from = "";
    *out = (struct exposure){.customer = customer};
    enum status status =
        exposure_policy(books->txn, books->arena, customer->class_, &out->policy, &from);
    if (status == STATUS_OK) {
        status = exposure_credit(books->txn, books->arena, customer->id, &out->credit);
    }
    if (status == STATUS_OK) {
        status = look_at_items(books, out);
    }
    if (status == STATUS_OK) {
        status = count(books, document_minor, out);
    }
    if (status != STATUS_OK) {
        return status;
    }
    find_limit(from, out);
    find_stops(books, out);
    return STATUS_OK;
}
