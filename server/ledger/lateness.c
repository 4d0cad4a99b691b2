// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/lateness.h"

#include "server/ledger/reading.h"
#include "shared/money.h"

#define MICRO 1000000

uint32_t lateness_days(const struct books *books, LateKind kind, int32_t date_day)
{
    if (books->rows != NULL || date_day >= books->call->book_day) {
        return 0;
    }
    const uint32_t days = (uint32_t)(books->call->book_day - date_day);
    for (size_t i = 0; i < books->record->n_lateness; i++) {
        const LatenessRule *rule = books->record->lateness[i];
        if (rule->kind == kind) {
            return days > rule->days ? days : 0;
        }
    }
    return 0;
}

enum status lateness_keep(struct books *books, LateKind kind, uint64_t document_id,
                          uint64_t customer_id, uint32_t days)
{
    if (days == 0) {
        return STATUS_OK;
    }
    LateRecord record;
    late_record__init(&record);
    record.kind = kind;
    record.document_id = document_id;
    record.customer_id = customer_id;
    record.entered_day = books->call->book_day;
    record.days = days;
    return late_put(books->txn, key_u64_u64(books->call->user_id, document_id), &record);
}

static char *rule_text(struct call *call, const LatenessRule *rule)
{
    return rule != NULL ? arena_print(call->arena, "%u", rule->days) : reading_constant("");
}

enum status lateness_set(struct txn *txn, struct call *call, const LatenessSet *request,
                         LatenessSetReply *reply)
{
    BookRecord *book = NULL;
    enum status status = reading_book(txn, &book);
    if (status != STATUS_OK) {
        return status;
    }
    LatenessRule *rule = arena_alloc(call->arena, sizeof *rule);
    LatenessRule **list = arena_alloc(call->arena, (book->n_lateness + 1) * sizeof *list);
    if (rule == NULL || list == NULL) {
        return STATUS_TOO_LARGE;
    }
    const LatenessRule *known = NULL;
    size_t count = 0;
    for (size_t i = 0; i < book->n_lateness; i++) {
        if (book->lateness[i]->kind == request->kind) {
            known = book->lateness[i];
        } else {
            list[count++] = book->lateness[i];
        }
    }

    const bool is_same =
        request->off ? known == NULL : known != NULL && known->days == request->days;
    if (is_same) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }

    lateness_rule__init(rule);
    rule->kind = request->kind;
    rule->days = request->days;
    if (!request->off) {
        list[count++] = rule;
    }
    call_note_change(call, 0, "days", rule_text(call, known),
                     rule_text(call, request->off ? NULL : rule));
    book->lateness = list;
    book->n_lateness = count;
    status = book_put(txn, key_u64(BOOK_KEY), book);

    reply->kind = request->kind;
    reply->days = request->days;
    reply->off = request->off;
    return status;
}

// ---- report ----

#define KINDS (LATE_KIND__LATE_KIND_ENTRY + 1)

struct sums {
    uint32_t count;
    uint32_t days;
    uint32_t worst_days;
    uint64_t worst_id;
};

// A row for each kind of one user.
static enum status flush_user(struct txn *txn, struct call *call, uint64_t user_id,
                              struct sums *sums, ReportLatenessReply *reply)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        const struct sums *of = &sums[kind];
        LatenessRow *row = arena_alloc(call->arena, sizeof *row);
        if (of->count == 0) {
            continue;
        }
        if (row == NULL || reply->n_row == LIST_ROWS_MAX) {
            return STATUS_TOO_LARGE;
        }
        lateness_row__init(row);
        row->kind = (LateKind)kind;
        row->count = of->count;
        row->days = of->days;
        row->worst_days = of->worst_days;
        const bool fits = money_scale(of->days, MICRO, of->count, &row->mean_micro);
        assert(fits);
        enum status status = reading_login(txn, user_id, &row->user);
        if (status == STATUS_OK) {
            status = reading_document(call, of->worst_id, &row->worst);
        }
        if (status != STATUS_OK) {
            return status;
        }
        reply->row[reply->n_row++] = row;
    }
    memset(sums, 0, KINDS * sizeof *sums);
    return STATUS_OK;
}

static void add(struct sums *sums, const LateRecord *record)
{
    struct sums *to = &sums[record->kind < KINDS ? record->kind : 0];
    to->count++;
    to->days += record->days;
    if (record->days > to->worst_days) {
        to->worst_days = record->days;
        to->worst_id = record->document_id;
    }
}

enum status report_lateness(struct txn *txn, struct call *call, const ReportLateness *request,
                            ReportLatenessReply *reply)
{
    BookRecord *book = NULL;
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    struct sums sums[KINDS] = {{0}};
    uint64_t user_id = 0;
    reply->row = arena_alloc(call->arena, LIST_ROWS_MAX * sizeof *reply->row);
    enum status status = reply->row != NULL ? reading_book(txn, &book) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = rows_open(txn, TABLE_late, (struct row_key){0}, 0, false, &rows);
    }
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const LateRecord *record = (const LateRecord *)message;
        if (status != STATUS_OK) {
            break;
        }
        if (row_key_first(&key) != user_id) {
            status = flush_user(txn, call, user_id, sums, reply);
            user_id = row_key_first(&key);
        }
        if ((request->from_day == 0 || record->entered_day >= request->from_day) &&
            (request->to_day == 0 || record->entered_day <= request->to_day)) {
            add(sums, record);
        }
    }
    if (status == STATUS_END) {
        status = flush_user(txn, call, user_id, sums, reply);
    }
    reply->rule = book != NULL ? book->lateness : NULL;
    reply->n_rule = book != NULL ? book->n_lateness : 0;
    return status;
}
