// SPDX-License-Identifier: Apache-2.0
// Scores: shown with what they are made of, kept when somebody asks for it, one by one or for all
// customers in groups; and what somebody knows from outside.
#include "server/ledger/alert.h"
#include "server/ledger/assessment.h"
#include "server/ledger/credit_card.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

#define GROUP_CUSTOMERS 64 // of one call: each takes an id at most

static const char *input_text(struct books *books, const struct assessment *assessment,
                              enum score_part part)
{
    const struct score_input *input = &assessment->input;
    struct arena *arena = books->arena;
    switch (part) {
    case SCORE_PUNCTUALITY: {
        const uint64_t settled = input->settled_minor;
        const uint128 tenths = settled > 0 ? input->late * 10 / settled : 0;
        return arena_print(arena, "%u.%u d", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
    }
    case SCORE_OVERDUE:
        return arena_print(arena, "%s / %s", books_money(books, assessment->overdue_minor),
                           books_money(books, assessment->open_minor));
    case SCORE_UTILISATION:
        return input->is_limited
                   ? arena_print(arena, "%s / %s", books_money(books, input->exposure_minor),
                                 books_money(books, (int64_t)input->limit_minor))
                   : arena_print(arena, "-");
    case SCORE_TENURE:
        return arena_print(arena, "%u", input->months);
    case SCORE_BROKEN:
        return arena_print(arena, "%u", input->broken);
    case SCORE_OUTSIDE:
        return arena_print(arena, "%u %s", input->outside, assessment->exposure.credit->source);
    case SCORE_PARTS:
        break;
    }
    assert(false);
    return NULL;
}

static enum status fill_parts(struct books *books, const struct assessment *assessment,
                              CreditExplainReply *reply)
{
    reply->part = arena_alloc(books->arena, SCORE_PARTS * sizeof *reply->part);
    if (reply->part == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < SCORE_PARTS; i++) {
        CreditPart *part = (CreditPart *)wire_make(books->arena, &credit_part__descriptor);
        const char *text = input_text(books, assessment, (enum score_part)i);
        if (part == NULL || text == NULL) {
            return STATUS_TOO_LARGE;
        }
        part->part = reading_constant(score_part_word((enum score_part)i));
        part->weight = score_weight((enum score_part)i);
        part->points_bp = score_points_bp(&assessment->input, (enum score_part)i);
        part->input = reading_constant(text);
        reply->part[reply->n_part++] = part;
    }
    return STATUS_OK;
}

static const ScoreRecord *newest(const CreditRecord *credit)
{
    return credit->n_score > 0 ? credit->score[credit->n_score - 1] : NULL;
}

enum status credit_explain(struct txn *txn, struct call *call, const CreditExplain *request,
                           CreditExplainReply *reply)
{
    struct books books;
    struct assessment assessment;
    struct customer_label label;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = assessment_of(&books, customer, &assessment);
    }
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, customer->id, &label);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const ScoreRecord *kept = newest(assessment.exposure.credit);
    reply->customer = label.number;
    reply->name = label.name;
    reply->score = assessment.score;
    reply->grade = assessment.grade;
    reply->settled = assessment.input.settled;
    reply->kept_score = kept != NULL ? kept->score : 0;
    reply->kept_grade = kept != NULL ? kept->grade : CREDIT_GRADE__CREDIT_GRADE_UNSET;
    reply->kept_day = kept != NULL ? kept->day : 0;
    reply->version = SCORE_VERSION;
    return fill_parts(&books, &assessment, reply);
}

// ---- keeping ----

// Behind the others, or in the place of today's.
static enum status keep_score(struct books *books, CreditRecord *credit,
                              const struct assessment *assessment)
{
    const int32_t today = books->call->book_day;
    size_t count = credit->n_score;
    ScoreRecord **list = arena_alloc(books->arena, (count + 1) * sizeof *list);
    ScoreRecord *made = (ScoreRecord *)wire_make(books->arena, &score_record__descriptor);
    if (list == NULL || made == NULL) {
        return STATUS_TOO_LARGE;
    }
    count -= count > 0 && credit->score[count - 1]->day == today;
    const size_t over = count >= CREDIT_SCORES_MAX ? count - CREDIT_SCORES_MAX + 1 : 0;
    for (size_t i = over; i < count; i++) {
        list[i - over] = credit->score[i];
    }
    made->day = today;
    made->score = assessment->score;
    made->grade = assessment->grade;
    list[count - over] = made;
    credit->score = list;
    credit->n_score = count - over + 1;
    return STATUS_OK;
}

// A guarantee that has lapsed since somebody looked; each is told once.
static bool tell_lapsed(CreditRecord *credit, int32_t today)
{
    bool found = false;
    for (size_t i = 0; i < credit->n_guarantee; i++) {
        GuaranteeRecord *each = credit->guarantee[i];
        if (!each->told && guarantee_has_lapsed(each, today)) {
            each->told = true;
            found = true;
        }
    }
    return found;
}

// `nightly`: what is as it was is kept no second time.
static enum status score_customer(struct books *books, const CustomerRecord *customer, bool nightly,
                                  CreditScoreReply *reply)
{
    struct assessment assessment;
    enum status status = assessment_of(books, customer, &assessment);
    if (status != STATUS_OK) {
        return status;
    }
    CreditRecord *credit = assessment.exposure.credit;
    const ScoreRecord *before = newest(credit);
    const bool is_same =
        before != NULL && before->score == assessment.score && before->grade == assessment.grade;
    reply->scored++;
    reply->changed += before == NULL || before->grade != assessment.grade;
    reply->score = assessment.score;
    reply->grade = assessment.grade;
    const bool has_lapsed = tell_lapsed(credit, books->call->book_day);
    if (nightly && is_same && !has_lapsed) {
        return STATUS_OK;
    }
    if (has_lapsed) {
        reply->alerts++;
        status = alert_raise(books, credit, CREDIT_REASON__CREDIT_REASON_GUARANTEE, "",
                             &assessment.exposure);
    }
    if (status == STATUS_OK) {
        status = keep_score(books, credit, &assessment);
    }
    return status == STATUS_OK ? credit_put(books->txn, key_u64(customer->id), credit) : status;
}

// The customers of a group, read before the first of them is written.
struct group {
    const CustomerRecord *customer[GROUP_CUSTOMERS];
    size_t count;
    uint64_t next; // 0: none is left
};

static enum status read_group(struct txn *txn, uint64_t from, struct group *out)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_customer, key_u64(from), 0, false, &rows);
    *out = (struct group){0};
    while (status == STATUS_OK && out->next == 0) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const CustomerRecord *customer = (const CustomerRecord *)row;
        const bool counts =
            status == STATUS_OK && customer->state == CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE;
        if (counts && out->count == GROUP_CUSTOMERS) {
            out->next = customer->id;
        } else if (counts) {
            out->customer[out->count++] = customer;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status credit_score(struct txn *txn, struct call *call, const CreditScore *request,
                         CreditScoreReply *reply)
{
    struct books books;
    struct group group = {.count = 1};
    CustomerRecord *customer = NULL;
    uint64_t from = 0;
    const bool is_one = request->customer_id != 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK && is_one) {
        status = books_active_customer(&books, request->customer_id, "customer", &customer);
        group.customer[0] = customer;
    } else if (status == STATUS_OK) {
        status = cursor_parse(request->cursor, &from)
                     ? STATUS_OK
                     : books_refuse(&books, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL, NULL);
    }
    if (status == STATUS_OK && !is_one) {
        status = read_group(txn, from, &group);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (group.count == 0) {
        return books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }

    for (size_t i = 0; status == STATUS_OK && i < group.count; i++) {
        status = score_customer(&books, group.customer[i], false, reply);
    }

    if (status != STATUS_OK) {
        return status;
    }
    if (is_one) {
        char *number = customer_number(&books, customer);
        call_about(call, customer->id, number);
        return number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    reply->score = 0;
    reply->grade = CREDIT_GRADE__CREDIT_GRADE_UNSET;
    if (group.next != 0) {
        reply->next = cursor_print(call->arena, group.next);
    }
    return reply->next != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// The groups of a night follow one another: each names where the one before it ended.
static enum status refuse_unless_next(struct books *books, const CreditRescore *request)
{
    const BookRecord *book = books->record;
    const bool begins = request->customer_id == 0 && book->scored_day < request->date_day;
    const bool goes_on = request->customer_id != 0 && book->scored_day == request->date_day &&
                         book->score_next_id == request->customer_id;
    return request->date_day == books->call->book_day && (begins || goes_on)
               ? STATUS_OK
               : books_refuse(books, STATUS_NOTHING_TO_DO, "date", NULL, NULL);
}

enum status credit_rescore(struct txn *txn, struct call *call, const CreditRescore *request,
                           CreditScoreReply *reply)
{
    struct books books;
    struct group group = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = read_group(txn, request->customer_id, &group);
    }

    if (status == STATUS_OK) {
        status = refuse_unless_next(&books, request);
    }
    if (status != STATUS_OK) {
        return status;
    }

    for (size_t i = 0; status == STATUS_OK && i < group.count; i++) {
        status = score_customer(&books, group.customer[i], true, reply);
    }
    books.record->scored_day = request->date_day;
    books.record->score_next_id = group.next;
    if (status == STATUS_OK) {
        status = book_put(txn, key_u64(BOOK_KEY), books.record);
    }

    reply->score = 0;
    reply->grade = CREDIT_GRADE__CREDIT_GRADE_UNSET;
    if (group.next != 0) {
        reply->next = cursor_print(call->arena, group.next);
    }
    return status == STATUS_OK && reply->next == NULL ? STATUS_TOO_LARGE : status;
}

// ---- looking again ----

static enum status check_review(struct books *books, const CreditReview *request)
{
    const int32_t today = books->call->book_day;
    const int32_t days[] = {request->next_day, request->expires_day};
    const char *const names[] = {"next", "expires"};
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        if (days[i] != 0 && days[i] < today) {
            return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, names[i],
                                books_day(books, days[i]), books_day(books, today));
        }
    }
    // A judgement of 0 looks like none; its source says that it is one.
    const bool half =
        request->source[0] == '\0' && (request->judgement != 0 || request->expires_day != 0);
    return half ? books_refuse(books, STATUS_FIELD_MISSING, "source", NULL, NULL) : STATUS_OK;
}

enum status credit_review(struct txn *txn, struct call *call, const CreditReview *request,
                          CreditReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    CreditRecord *credit = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = credit_begin(&books, request->customer_id, &customer, &credit);
    }

    if (status == STATUS_OK) {
        status = check_review(&books, request);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (request->next_day != 0) {
        call_note_change(call, customer->id, "review",
                         credit->review_day != 0 ? books_day(&books, credit->review_day) : "",
                         books_day(&books, request->next_day));
        credit->review_day = request->next_day;
    }
    if (request->source[0] != '\0') {
        call_note_change(call, customer->id, "judgement",
                         credit->judged ? arena_print(call->arena, "%u", credit->judgement) : "",
                         arena_print(call->arena, "%u", request->judgement));
        credit->judged = true;
        credit->judgement = request->judgement;
        credit->source = request->source;
        credit->judged_until_day = request->expires_day;
    }
    status = credit_put(txn, key_u64(customer->id), credit);

    return status == STATUS_OK ? credit_reply(&books, customer, 0, reply) : status;
}
