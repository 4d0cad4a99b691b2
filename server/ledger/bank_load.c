// SPDX-License-Identifier: Apache-2.0
// A statement of a bank account comes in: opened, its lines in groups, and what is new of them
// kept. A line is known by its fingerprint, in which equal lines of a day are counted: so a file
// that is loaded twice changes nothing, and two equal lines stay two (domain.md d.13).
#include "server/ledger/bank.h"
#include "server/ledger/numbering.h"
#include "shared/payer.h"

#define FINGERPRINT_BYTES 32

// Where the statement of a file is remembered: by the file and the account.
static void place(const BankBegin *request, uint8_t out[static 16])
{
    memcpy(out, request->fingerprint.data, 16);
    for (size_t i = 0; i < 8; i++) {
        out[i] ^= (uint8_t)(request->bank_id >> (8 * i));
    }
}

static enum status check_begin(struct books *books, const BankBegin *request,
                               const BankRecord *bank)
{
    const int32_t today = books->call->book_day;
    enum status status = books_currency(books, request->currency);
    if (request->fingerprint.len != FINGERPRINT_BYTES) {
        status = books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "fingerprint", NULL, NULL);
    }
    if (request->to_day > today) {
        status = books_refuse(books, STATUS_DAY_IN_FUTURE, "to", books_day(books, request->to_day),
                              books_day(books, today));
    }
    if (request->number[0] != '\0' && bank->number[0] != '\0' &&
        !payer_is_same_account(request->number, bank->number)) {
        status = books_refuse(books, STATUS_BANK_OTHER, "number", request->number, bank->number);
    }
    const int64_t balances[] = {request->opening_minor, request->closing_minor};
    for (size_t i = 0; i < COUNT_OF(balances); i++) {
        if (balances[i] > AMOUNT_MAX || balances[i] < -AMOUNT_MAX) {
            status = books_refuse(books, STATUS_AMOUNT_OVERFLOW, i == 0 ? "opening" : "closing",
                                  NULL, NULL);
        }
    }
    return status;
}

// ---- what was there before ----

// The balance that the first statement begins with is a line of its own, which somebody matches
// with what the books opened with: so all that the bank ever showed adds up to what it shows now.
static enum status keep_opening(struct books *books, BankRecord *bank,
                                const BankStatementRecord *statement)
{
    BankLineRecord line;
    bank_line_record__init(&line);
    line.id = call_new_id(books->call);
    line.statement_id = statement->id;
    line.account = bank->account;
    line.value_day = statement->from_day;
    line.booked_day = statement->from_day;
    line.amount_minor = statement->opening_minor;
    line.state = BANK_LINE_STATE__BANK_LINE_STATE_WAITING;
    line.is_opening = true;
    bank->opening_line_id = line.id;
    enum status status = numbering_next(books, SERIES_BANK_LINE, 0, &line.sequence);
    if (status == STATUS_OK) {
        status = bank_line_put(books->txn, key_u64(line.id), &line);
    }
    return status == STATUS_OK ? bank_wait(books, bank, &line, true) : status;
}

// The statement may be the first one, and then says what was there; the opening of a later one that
// was thought the first moves with it.
static enum status take_opening(struct books *books, BankRecord *bank,
                                const BankStatementRecord *statement)
{
    BankLineRecord *line = NULL;
    if (statement->earlier_id != 0 || !statement->has_opening) {
        return STATUS_OK;
    }
    if (bank->opening_line_id == 0) {
        return statement->opening_minor != 0 ? keep_opening(books, bank, statement) : STATUS_OK;
    }
    enum status status = bank_line_get(books->txn, key_u64(bank->opening_line_id), &line);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    assert(line->state == BANK_LINE_STATE__BANK_LINE_STATE_WAITING);
    line->amount_minor = statement->opening_minor;
    line->value_day = statement->from_day;
    line->booked_day = statement->from_day;
    line->statement_id = statement->id;
    if (line->amount_minor == 0) {
        line->state = BANK_LINE_STATE__BANK_LINE_STATE_MATCHED;
        bank->opening_line_id = 0;
        status = bank_wait(books, bank, line, false);
    }
    return status == STATUS_OK ? bank_line_put(books->txn, key_u64(line->id), line) : status;
}

// A statement from before what is settled already would change it.
static enum status check_order(struct books *books, const BankBegin *request,
                               const BankRecord *bank)
{
    BankStatementRecord *first = NULL;
    BankLineRecord *opening = NULL;
    if (bank->signed_day != 0 && request->to_day <= bank->signed_day) {
        return books_refuse(books, STATUS_BANK_SIGNED, "to", books_day(books, request->to_day),
                            books_day(books, bank->signed_day));
    }
    if (bank->first_id == 0 || bank->opening_line_id == 0) {
        return STATUS_OK;
    }
    enum status status = bank_statement_get(books->txn, key_u64(bank->first_id), &first);
    if (status == STATUS_OK) {
        status = bank_line_get(books->txn, key_u64(bank->opening_line_id), &opening);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const bool waits = opening->state == BANK_LINE_STATE__BANK_LINE_STATE_WAITING;
    return request->to_day >= first->to_day || waits
               ? STATUS_OK
               : books_refuse(books, STATUS_BANK_LINE_DONE, "to",
                              bank_line_number(books->arena, opening), NULL);
}

// ---- its place ----

// Puts the statement into the chain of its account, by its last day; equal ones in the order in
// which they came.
static enum status link_statement(struct books *books, BankRecord *bank,
                                  BankStatementRecord *statement)
{
    uint64_t earlier_id = bank->statement_id;
    uint64_t later_id = 0;
    BankStatementRecord *earlier = NULL;
    BankStatementRecord *later = NULL;
    while (earlier_id != 0) {
        BankStatementRecord *at = NULL;
        const enum status status = bank_statement_get(books->txn, key_u64(earlier_id), &at);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        if (at->to_day <= statement->to_day) {
            earlier = at;
            break;
        }
        later = at;
        later_id = at->id;
        earlier_id = at->earlier_id;
    }
    statement->earlier_id = earlier_id;
    statement->later_id = later_id;
    enum status status = STATUS_OK;
    if (earlier != NULL) {
        earlier->later_id = statement->id;
        status = bank_statement_put(books->txn, key_u64(earlier->id), earlier);
    } else {
        bank->first_id = statement->id;
    }
    if (status == STATUS_OK && later != NULL) {
        later->earlier_id = statement->id;
        status = bank_statement_put(books->txn, key_u64(later->id), later);
    } else if (later == NULL) {
        bank->statement_id = statement->id;
    }
    return status;
}

static enum status make_statement(struct books *books, const BankBegin *request, BankRecord *bank,
                                  ProtobufCBinaryData hash, BankStatementRecord **out)
{
    BankStatementRecord *statement = arena_alloc(books->arena, sizeof *statement);
    if (statement == NULL) {
        return STATUS_TOO_LARGE;
    }
    bank_statement_record__init(statement);
    statement->id = call_new_id(books->call);
    statement->year = books_year(request->to_day);
    statement->account = bank->account;
    statement->state = request->line_count > 0 ? BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_LOADING
                                               : BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_OPEN;
    statement->format = request->format;
    statement->file_name = request->file_name;
    statement->reference = request->reference;
    statement->from_day = request->from_day;
    statement->to_day = request->to_day;
    statement->has_opening = request->has_opening;
    statement->opening_minor = request->opening_minor;
    statement->has_closing = request->has_closing;
    statement->closing_minor = request->closing_minor;
    statement->line_count = request->line_count;
    enum status status =
        numbering_next(books, SERIES_BANK_STATEMENT, statement->year, &statement->sequence);
    if (status == STATUS_OK) {
        status = link_statement(books, bank, statement);
    }
    if (status == STATUS_OK) {
        status = take_opening(books, bank, statement);
    }
    if (status == STATUS_OK) {
        status = bank_statement_put(books->txn, key_u64(statement->id), statement);
    }
    if (status == STATUS_OK) {
        status = bank_put(books->txn, key_u64(bank->account), bank);
    }
    if (status == STATUS_OK) {
        status = books_keep_unique(books, hash, statement->id);
    }
    *out = statement;
    return status == STATUS_OK ? books_close(books) : status;
}

static enum status load_reply(struct books *books, const BankStatementRecord *statement,
                              BankLoadReply *reply)
{
    BankStatementRecord *earlier = NULL;
    const enum status status = bank_earlier(books->txn, statement, &earlier);
    if (status != STATUS_OK) {
        return status;
    }
    const bool is_loaded = statement->lines_done == statement->line_count;
    const struct bank_doubt doubt =
        is_loaded ? bank_doubt(statement, earlier) : (struct bank_doubt){0};
    reply->id = statement->id;
    reply->number = bank_statement_number(books->arena, statement);
    reply->lines_done = statement->lines_done;
    reply->known = statement->known;
    reply->added = statement->lines_done - statement->known;
    reply->state = statement->state;
    reply->difference_minor = doubt.difference_minor;
    reply->gap_minor = doubt.gap_minor;
    reply->overlap = doubt.overlap;
    reply->credit_minor = statement->credit_minor;
    reply->debit_minor = statement->debit_minor;
    call_about(books->call, statement->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status bank_begin(struct txn *txn, struct call *call, const BankBegin *request,
                       BankLoadReply *reply)
{
    struct books books;
    BankRecord *bank = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = bank_load(&books, request->bank_id, &bank);
    }

    if (status == STATUS_OK) {
        status = check_begin(&books, request, bank);
    }
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t bytes[16];
    place(request, bytes);
    const ProtobufCBinaryData hash = {.len = sizeof bytes, .data = bytes};
    uint64_t known = 0;
    BankStatementRecord *statement = NULL;
    status = books_unique(&books, hash, &known);
    if (status == STATUS_OK) {
        status = known != 0 ? bank_load_statement(&books, known, &statement)
                            : check_order(&books, request, bank);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (statement == NULL) {
        status = make_statement(&books, request, bank, hash, &statement);
    }

    return status == STATUS_OK ? load_reply(&books, statement, reply) : status;
}

// ---- lines ----

static enum status check_place(struct books *books, const BankLines *request,
                               const BankStatementRecord *statement)
{
    if (statement->state != BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_LOADING) {
        return books_refuse(books, STATUS_IMPORT_FINISHED, "bank-statement", NULL, NULL);
    }
    if (request->first != statement->lines_done) {
        return books_refuse(books, STATUS_IMPORT_OUT_OF_STEP, "first",
                            arena_print(books->arena, "%u", request->first),
                            arena_print(books->arena, "%u", statement->lines_done));
    }
    if (statement->lines_done + request->n_line > statement->line_count) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "line", NULL, NULL);
    }
    return STATUS_OK;
}

// Sums stay below TURNOVER_MAX, so that what is computed of them never overflows.
static enum status check_sums(struct books *books, const BankLines *request,
                              const BankStatementRecord *statement)
{
    int64_t credit = statement->credit_minor;
    int64_t debit = statement->debit_minor;
    for (size_t i = 0; i < request->n_line; i++) {
        const int64_t amount = request->line[i]->amount_minor;
        if (amount > AMOUNT_MAX || amount < -AMOUNT_MAX) {
            return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "line", NULL, NULL);
        }
        credit += amount > 0 ? amount : 0;
        debit += amount < 0 ? -amount : 0;
        if (credit >= TURNOVER_MAX || debit >= TURNOVER_MAX) {
            return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "line", NULL, NULL);
        }
    }
    return STATUS_OK;
}

static enum status keep_line(struct books *books, BankRecord *bank, BankStatementRecord *statement,
                             const BankLine *from, ProtobufCBinaryData hash)
{
    BankLineRecord line;
    bank_line_record__init(&line);
    line.id = call_new_id(books->call);
    line.statement_id = statement->id;
    line.account = bank->account;
    line.value_day = from->value_day;
    line.booked_day = from->booked_day != 0 ? from->booked_day : from->value_day;
    line.amount_minor = from->amount_minor;
    line.type = from->type;
    line.reference = from->reference;
    line.vault_id = from->vault_id;
    line.sealed = from->sealed;
    line.n_sealed = from->n_sealed;
    line.unique = from->unique;
    line.n_unique = from->n_unique;
    line.mention = from->mention;
    line.n_mention = from->n_mention;
    // A line of nothing is complete as it is.
    const bool waits = from->amount_minor != 0;
    line.state =
        waits ? BANK_LINE_STATE__BANK_LINE_STATE_WAITING : BANK_LINE_STATE__BANK_LINE_STATE_MATCHED;
    enum status status = numbering_next(books, SERIES_BANK_LINE, 0, &line.sequence);
    if (status == STATUS_OK) {
        status = bank_line_put(books->txn, key_u64(line.id), &line);
    }
    if (status == STATUS_OK) {
        status = books_keep_unique(books, hash, line.id);
    }
    if (status == STATUS_OK && waits) {
        status = bank_wait(books, bank, &line, true);
    }
    statement->added_minor += line.amount_minor;
    statement->first_line_id = statement->first_line_id != 0 ? statement->first_line_id : line.id;
    statement->last_line_id = line.id;
    return status;
}

static enum status take_line(struct books *books, BankRecord *bank, BankStatementRecord *statement,
                             const BankLine *line)
{
    const UniqueHash *hash = books_hash_of(line->unique, line->n_unique, BANK_HASH_LINE);
    assert(hash != NULL);
    uint64_t known = 0;
    enum status status = books_unique(books, hash->hash, &known);
    if (status == STATUS_OK && known == 0) {
        status = keep_line(books, bank, statement, line, hash->hash);
    }
    statement->lines_done++;
    statement->known += known != 0 ? 1 : 0;
    statement->credit_minor += line->amount_minor > 0 ? line->amount_minor : 0;
    statement->debit_minor += line->amount_minor < 0 ? -line->amount_minor : 0;
    return status;
}

enum status bank_lines(struct txn *txn, struct call *call, const BankLines *request,
                       BankLoadReply *reply)
{
    struct books books;
    BankStatementRecord *statement = NULL;
    BankRecord *bank = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = bank_load_statement(&books, request->bank_statement_id, &statement);
    }
    if (status == STATUS_OK) {
        status = bank_load(&books, statement->account, &bank);
    }

    if (status == STATUS_OK) {
        status = check_place(&books, request, statement);
    }
    if (status == STATUS_OK) {
        status = check_sums(&books, request, statement);
    }
    if (status != STATUS_OK) {
        return status;
    }

    for (size_t i = 0; status == STATUS_OK && i < request->n_line; i++) {
        status = take_line(&books, bank, statement, request->line[i]);
    }
    if (status == STATUS_OK && statement->lines_done == statement->line_count) {
        statement->state = BANK_STATEMENT_STATE__BANK_STATEMENT_STATE_OPEN;
    }
    if (status == STATUS_OK) {
        status = bank_statement_put(txn, key_u64(statement->id), statement);
    }
    if (status == STATUS_OK) {
        status = bank_put(txn, key_u64(bank->account), bank);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? load_reply(&books, statement, reply) : status;
}
