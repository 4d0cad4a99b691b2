// SPDX-License-Identifier: Apache-2.0

// What the bank says, and what people make of it: statements that follow each other, lines that are
// booked because they are certain, or because somebody says what they are.
#include "shared/bytes.h"
#include "tests/sim/trade.h"

#include <inttypes.h>

#define LINES_MAX  8
#define PAYERS     30
#define PAGES_MAX  64
#define ROWS_MAX   100
#define PRINT_SIZE 32
#define RECENT     24 // lines do not wait long

void trade_bank_add(struct trader *trader)
{
    BankAdd request;
    bank_add__init(&request);
    request.account = arena_print(trader->arena, "%u", trader->trade->bank);
    request.name = arena_print(trader->arena, "招商银行");
    const BankReply *reply = (const BankReply *)trade_ask(trader, "bank_add", &request.base);
    trader->trade->bank_id = reply != NULL ? reply->id : 0;
}

// ---- statements ----

// Receipts of invoices and of nobody in particular, and what was spent. A payer's account is always
// the same customer's, so that the books can learn it.
static BankLine *draw_line(struct trader *trader)
{
    BankLine *line = arena_alloc(trader->arena, sizeof *line);
    bank_line__init(line);
    line->value_day = trader->today_day;
    line->occurrence = 1;
    line->type = arena_print(trader->arena, "NTRF");
    if (trade_once(trader, 3)) {
        line->amount_minor = -1 - (int64_t)trade_draw(trader, 50000);
        line->text = arena_print(trader->arena, "费 %u", trade_draw(trader, 1000000));
        return line;
    }
    const struct thing invoice = trade_any(trader, KEPT_INVOICE);
    const bool pays = invoice.amount_minor > 0 && invoice.currency == NULL;
    line->amount_minor = pays ? invoice.amount_minor : 1 + (int64_t)trade_draw(trader, 90000);
    const uint64_t payer = pays ? invoice.customer_id : trade_draw(trader, PAYERS);
    line->payer_account = arena_print(trader->arena, "6222%012" PRIu64, payer);
    line->reference =
        arena_print(trader->arena, "%" PRIu64 "-%u", payer, trade_draw(trader, 1000000));
    line->text = arena_print(trader->arena, "货款");
    return line;
}

static const BankLoadReply *begin(struct trader *trader, uint32_t number, size_t lines,
                                  int64_t moved_minor)
{
    struct trade *trade = trader->trade;
    uint8_t print[PRINT_SIZE] = {0};
    put_u32(print, number);
    BankBegin request;
    bank_begin__init(&request);
    request.bank_id = trade->bank_id;
    request.fingerprint = (ProtobufCBinaryData){.len = sizeof print, .data = print};
    request.file_name = arena_print(trader->arena, "%u.sta", number);
    request.format = BANK_FORMAT__BANK_FORMAT_MT940;
    request.from_day = trader->today_day;
    request.to_day = trader->today_day;
    request.line_count = (uint32_t)lines;
    request.has_opening = true;
    request.opening_minor = trade->bank_minor;
    request.has_closing = true;
    request.closing_minor = trade->bank_minor + moved_minor;
    return (const BankLoadReply *)trade_ask(trader, "bank_begin", &request.base);
}

// What waits of that statement; what waited before is known.
static void keep_lines(struct trader *trader, const char *statement)
{
    ReconcileNext request;
    reconcile_next__init(&request);
    request.bank_id = trader->trade->bank_id;
    request.limit = ROWS_MAX;
    const ReconcileNextReply *reply =
        (const ReconcileNextReply *)trade_ask(trader, "reconcile_next", &request.base);
    for (size_t i = 0; reply != NULL && i < reply->n_row; i++) {
        const ReconcileRow *row = reply->row[i];
        if (strcmp(row->statement, statement) == 0) {
            trade_keep(trader, KEPT_LINE,
                       (struct thing){.id = row->id,
                                      .customer_id = strtoull(row->reference, NULL, 10),
                                      .amount_minor = row->amount_minor});
        }
    }
}

// One at a time brings one: what it closes with is what the next one opens with.
static const BankLoadReply *load(struct trader *trader, size_t count)
{
    struct trade *trade = trader->trade;
    BankLine *lines[LINES_MAX];
    int64_t moved_minor = 0;
    for (size_t i = 0; i < count; i++) {
        lines[i] = draw_line(trader);
        moved_minor += lines[i]->amount_minor;
    }
    const BankLoadReply *begun = begin(trader, ++trade->statements, count, moved_minor);
    if (begun == NULL) {
        return NULL;
    }
    trade->bank_minor += moved_minor;
    if (count > 0) {
        BankLines request;
        bank_lines__init(&request);
        request.bank_statement_id = begun->id;
        request.line = lines;
        request.n_line = count;
        (void)trade_ask(trader, "bank_lines", &request.base);
    }
    return begun;
}

void trade_bank_statement(struct trader *trader)
{
    pthread_mutex_lock(&trader->trade->bank_lock);
    const BankLoadReply *statement = load(trader, 1 + trade_draw(trader, LINES_MAX));
    pthread_mutex_unlock(&trader->trade->bank_lock);
    if (statement != NULL && trader->status == STATUS_OK) {
        keep_lines(trader, statement->number);
    }
}

// ---- what is certain ----

void trade_reconcile_take(struct trader *trader)
{
    ReconcilePlan plan;
    reconcile_plan__init(&plan);
    plan.bank_id = trader->trade->bank_id;
    const ReconcilePlanReply *certain =
        (const ReconcilePlanReply *)trade_ask(trader, "reconcile_plan", &plan.base);
    if (certain == NULL || certain->n_row == 0) {
        trader->status = STATUS_NOTHING_TO_DO;
        return;
    }
    ReconcileTake take;
    reconcile_take__init(&take);
    take.pair = certain->row;
    take.n_pair = certain->n_row < BANK_PAIRS_MAX ? certain->n_row : BANK_PAIRS_MAX;
    const ReconcileTakeReply *taken =
        (const ReconcileTakeReply *)trade_ask(trader, "reconcile_take", &take.base);
    if (taken != NULL && taken->matched == 0) {
        trader->status = STATUS_NOTHING_TO_DO;
    }
}

// ---- what somebody says ----

static void say(struct trader *trader, ReconcileMatch *request, struct thing line)
{
    const struct trade *trade = trader->trade;
    const bool is_known = line.customer_id > PAYERS && !trade_once(trader, 8);
    if (trade_once(trader, 8)) {
        request->suspense = true;
    } else if (line.amount_minor < 0) {
        request->account = arena_print(trader->arena, "%u", trade->rent);
        request->text = arena_print(trader->arena, "房租");
    } else if (trade_once(trader, 8)) {
        request->account = arena_print(trader->arena, "%u", trade->capital);
    } else if (trade_once(trader, 4)) {
        request->payment_id = trade_any(trader, KEPT_PAYMENT).id;
    } else {
        request->customer_id = is_known ? line.customer_id : trade_any(trader, KEPT_CUSTOMER).id;
        request->fee_minor = trade_once(trader, 6) ? line.amount_minor / 100 : 0;
    }
}

void trade_reconcile_match(struct trader *trader)
{
    const struct thing line = trade_take(trader, KEPT_LINE, RECENT);
    ReconcileMatch request;
    reconcile_match__init(&request);
    request.bank_line_id = line.id;
    say(trader, &request, line);
    // Who pays for somebody else is nobody for certain from then on.
    request.no_learn = request.customer_id != line.customer_id || trade_once(trader, 4);
    if (trade_ask(trader, "reconcile_match", &request.base) != NULL) {
        trade_keep(trader, KEPT_MATCHED, line);
    }
}

void trade_reconcile_unmatch(struct trader *trader)
{
    const struct thing line = trade_take(trader, KEPT_MATCHED, RECENT);
    ReconcileUnmatch request;
    reconcile_unmatch__init(&request);
    request.bank_line_id = line.id;
    request.reason = trade_reason(trader);
    if (trade_ask(trader, "reconcile_unmatch", &request.base) != NULL) {
        trade_keep(trader, KEPT_LINE, line);
    }
}

static bool ignore(struct trader *trader, uint64_t line_id)
{
    ReconcileIgnore request;
    reconcile_ignore__init(&request);
    request.bank_line_id = line_id;
    request.reason = trade_reason(trader);
    return trade_ask(trader, "reconcile_ignore", &request.base) != NULL;
}

void trade_reconcile_ignore(struct trader *trader)
{
    const struct thing line = trade_take(trader, KEPT_LINE, RECENT);
    if (ignore(trader, line.id)) {
        trade_keep(trader, KEPT_MATCHED, line);
    }
}

void trade_reconcile_split(struct trader *trader)
{
    const struct thing line = trade_take(trader, KEPT_LINE, RECENT);
    ReconcileSplit request;
    reconcile_split__init(&request);
    ReconcilePart part[2];
    ReconcilePart *parts[] = {&part[0], &part[1]};
    for (size_t i = 0; i < COUNT_OF(part); i++) {
        reconcile_part__init(&part[i]);
    }
    part[0].amount_minor = line.amount_minor / 3;
    part[1].amount_minor = line.amount_minor - part[0].amount_minor;
    request.bank_line_id = line.id;
    request.part = parts;
    request.n_part = COUNT_OF(parts);
    const ReconcileSplitReply *reply =
        (const ReconcileSplitReply *)trade_ask(trader, "reconcile_split", &request.base);
    for (size_t i = 0; reply != NULL && i < reply->n_part; i++) {
        trade_keep(
            trader, KEPT_LINE,
            (struct thing){.id = reply->part[i]->id, .amount_minor = reply->part[i]->amount_minor});
    }
}

// ---- signing off ----

static bool finish(struct trader *trader, uint64_t statement_id)
{
    ReconcileFinish request;
    reconcile_finish__init(&request);
    request.bank_statement_id = statement_id;
    return trade_ask(trader, "reconcile_finish", &request.base) != NULL;
}

// What still waits of a statement, or of all, is left out of the books.
static bool ignore_all(struct trader *trader, const char *statement)
{
    size_t ignored = 1;
    for (size_t page = 0; page < PAGES_MAX && ignored > 0; page++) {
        ReconcileNext request;
        reconcile_next__init(&request);
        request.bank_id = trader->trade->bank_id;
        request.limit = ROWS_MAX;
        const ReconcileNextReply *reply =
            (const ReconcileNextReply *)trade_ask(trader, "reconcile_next", &request.base);
        ignored = 0;
        for (size_t i = 0; reply != NULL && i < reply->n_row; i++) {
            const ReconcileRow *row = reply->row[i];
            const bool is_its = statement == NULL || strcmp(row->statement, statement) == 0;
            ignored += is_its && ignore(trader, row->id);
        }
    }
    return ignored == 0;
}

static const BankCard *show(struct trader *trader)
{
    BankShow request;
    bank_show__init(&request);
    request.bank_id = trader->trade->bank_id;
    request.limit = LIST_ROWS_MAX;
    return (const BankCard *)trade_ask(trader, "bank_show", &request.base);
}

static bool is_open(const BankStatementRow *row)
{
    return row->state == BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_OPEN;
}

// The oldest that is open, once nothing of it waits.
void trade_reconcile_finish(struct trader *trader)
{
    const BankCard *card = show(trader);
    size_t at = card != NULL ? card->n_row : 0;
    while (at > 0 && !is_open(card->row[at - 1])) {
        at--;
    }
    trader->status = STATUS_NOTHING_TO_DO;
    if (at > 0) {
        (void)ignore_all(trader, card->row[at - 1]->number);
        (void)finish(trader, card->row[at - 1]->id);
    }
}

static bool finish_all(struct trader *trader)
{
    const BankCard *card = show(trader);
    bool holds = card != NULL;
    for (size_t i = card != NULL ? card->n_row : 0; holds && i > 0; i--) {
        holds = !is_open(card->row[i - 1]) || finish(trader, card->row[i - 1]->id);
    }
    return holds;
}

bool trade_bank_settle(struct trader *trader)
{
    struct trade *trade = trader->trade;
    if (trade->settled_day == trader->today_day) {
        return true;
    }
    pthread_mutex_lock(&trade->bank_lock);
    const bool is_loaded = load(trader, 0) != NULL; // nothing came since: up to today
    pthread_mutex_unlock(&trade->bank_lock);
    trade->settled_day = trader->today_day;
    return is_loaded && ignore_all(trader, NULL) && finish_all(trader);
}
