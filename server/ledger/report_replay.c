// SPDX-License-Identifier: Apache-2.0
// What one limit for everybody would have stopped in the past: the documents of the book go through
// the same sum that postings go through (exposure.h), and are counted where it passes the limit.
// They were posted all the same, so that a breach raises what the next document finds.
#include "server/ledger/exposure.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

struct found {
    uint64_t customer_id;
    uint32_t breaches;
    int64_t highest_minor;
    int32_t highest_day;
};

// The customers with most breaches, the worst first.
struct worst {
    struct found *found;
    size_t count;
    size_t room;
};

struct replay {
    int64_t limit_minor;
    uint32_t documents;
    uint32_t breaches;
    uint32_t customers;
    bool overflows;
    int64_t owed_minor;   // of the customer at hand
    struct found at;      // the customer at hand
    struct found highest; // of all
    struct worst *worst;  // NULL: nobody asked
};

static bool is_worse(const struct found *a, const struct found *b)
{
    return a->breaches != b->breaches ? a->breaches > b->breaches
                                      : a->highest_minor > b->highest_minor;
}

static void offer(struct worst *worst, const struct found *found)
{
    if (worst->count == worst->room &&
        (worst->room == 0 || !is_worse(found, &worst->found[worst->count - 1]))) {
        return;
    }
    size_t place = worst->count < worst->room ? worst->count++ : worst->count - 1;
    for (; place > 0 && is_worse(found, &worst->found[place - 1]); place--) {
        worst->found[place] = worst->found[place - 1];
    }
    worst->found[place] = *found;
}

// The customer at hand is done with.
static void end_customer(struct replay *replay)
{
    const struct found *at = &replay->at;
    if (at->customer_id != 0 &&
        (replay->highest.customer_id == 0 || at->highest_minor > replay->highest.highest_minor)) {
        replay->highest = *at;
    }
    if (at->breaches > 0) {
        replay->customers++;
        if (replay->worst != NULL) {
            offer(replay->worst, at);
        }
    }
}

static void take(void *context, const struct replay_step *step)
{
    struct replay *replay = context;
    if (step->customer_id != replay->at.customer_id) {
        end_customer(replay);
        replay->owed_minor = 0;
        replay->at = (struct found){.customer_id = step->customer_id};
    }
    const struct exposure_parts parts = {
        .owed_minor = replay->owed_minor,
        .document_minor = step->amount_minor,
    };
    int64_t total_minor = 0;
    replay->overflows |= !exposure_sum(&parts, &total_minor);
    if (step->is_sale) {
        const bool breaks = total_minor > replay->limit_minor;
        replay->documents++;
        replay->breaches += breaks;
        replay->at.breaches += breaks;
    }
    if (total_minor > replay->at.highest_minor) {
        replay->at.highest_minor = total_minor;
        replay->at.highest_day = step->day;
    }
    replay->owed_minor = total_minor;
}

static enum status fill_rows(struct txn *txn, struct call *call, const struct worst *worst,
                             ReportCreditReplayReply *reply)
{
    struct reply_room room = reading_room(call, 0);
    reply->worst = arena_alloc(call->arena, (worst->count + 1) * sizeof *reply->worst);
    enum status status = reply->worst != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < worst->count; i++) {
        const struct found *found = &worst->found[i];
        struct customer_label label;
        CreditReplayRow *row =
            (CreditReplayRow *)wire_make(call->arena, &credit_replay_row__descriptor);
        status = row != NULL ? reading_customer(txn, call, found->customer_id, &label)
                             : STATUS_TOO_LARGE;
        if (status != STATUS_OK) {
            return status;
        }
        row->customer = label.number;
        row->name = label.name;
        row->breaches = found->breaches;
        row->highest_minor = found->highest_minor;
        row->reached_day = found->highest_day;
        if (!reading_fits(&room, &row->base)) {
            return STATUS_OK;
        }
        reply->worst[reply->n_worst++] = row;
    }
    return status;
}

enum status report_credit_replay(struct txn *txn, struct call *call,
                                 const ReportCreditReplay *request, ReportCreditReplayReply *reply)
{
    BookRecord *book = NULL;
    struct customer_label label;
    struct worst worst = {.room = LIST_ROWS_MAX};
    struct replay replay = {.limit_minor = request->limit_minor};
    if (request->rows) {
        worst.found = arena_alloc(call->arena, worst.room * sizeof *worst.found);
        replay.worst = &worst;
    }
    enum status status =
        request->rows && worst.found == NULL ? STATUS_TOO_LARGE : reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = views_replay(call->views, call->filter, request->to_day, take, &replay);
    }
    if (status != STATUS_OK) {
        return status;
    }
    end_customer(&replay);
    if (replay.overflows) {
        return refuse(txn, call, STATUS_AMOUNT_OVERFLOW, NULL, NULL);
    }
    status = reading_customer(txn, call, replay.highest.customer_id, &label);
    if (status != STATUS_OK) {
        return status;
    }

    reply->limit_minor = request->limit_minor;
    reply->documents = replay.documents;
    reply->breaches = replay.breaches;
    reply->customers = replay.customers;
    reply->highest_minor = replay.highest.highest_minor;
    reply->reached_day = replay.highest.highest_day;
    reply->highest_customer = label.number;
    reply->highest_name = label.name;
    reply->currency = book->currency;
    return fill_rows(txn, call, &worst, reply);
}
