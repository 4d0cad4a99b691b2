// SPDX-License-Identifier: Apache-2.0
// Lines of a bank statement. Who paid and what he wrote are personal: they go into boxes under a
// key of the line's own. What the ledger needs of them to decide leaves as keyed hashes and as
// numbers of documents.
#include "server/admit/boxes.h"
#include "server/ledger/bank.h"
#include "shared/payer.h"
#include "shared/text.h"

// The boxes carry the numbers of the customer's fields that mean the same, so that they are masked
// alike.
static const struct {
    const char *field; // of a customer
    size_t offset;     // of the text in BankLine
} TEXTS[] = {
    {"name", offsetof(BankLine, payer_name)},
    {"bank_account", offsetof(BankLine, payer_account)},
    {"notes", offsetof(BankLine, text)},
};

#define LINE_HASHES_MAX (4 + 2 * BANK_WORDS_MAX)

struct sealing {
    struct txn *txn;
    struct arena *arena;
    uint32_t account;
};

static char **text_at(BankLine *line, size_t index)
{
    return (char **)(void *)((uint8_t *)line + TEXTS[index].offset);
}

// Everything that makes a line the one it is (domain.md d.13); equal ones of a day are counted.
static const char *line_print(const struct sealing *sealing, const BankLine *line)
{
    const char *folded = text_fold(sealing->arena, line->text);
    const char *payer = payer_fold_account(sealing->arena, line->payer_account);
    return folded == NULL || payer == NULL
               ? NULL
               : arena_print(sealing->arena, "%u|%d|%lld|%s|%s|%s|%u", sealing->account,
                             line->value_day, (long long)line->amount_minor, line->reference, payer,
                             folded, line->occurrence);
}

// Words that may be references of invoices, of this book or of an import.
static enum status hash_words(const struct sealing *sealing, const char *text,
                              struct hashes *hashes)
{
    const char *word;
    size_t size;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < BANK_WORDS_MAX && status == STATUS_OK; i++) {
        if (!payer_next_word(&text, &word, &size)) {
            break;
        }
        const char *copy = arena_copy(sealing->arena, word, size);
        if (copy == NULL) {
            return STATUS_TOO_LARGE;
        }
        status = hashes_add(hashes, BANK_HASH_WORD, "invoice:", copy);
        if (status == STATUS_OK) {
            status = hashes_add(hashes, BANK_HASH_WORD, "invoice:import", copy);
        }
    }
    return status;
}

static enum status hash_line(const struct sealing *sealing, BankLine *line)
{
    struct hashes hashes;
    const char *print = line_print(sealing, line);
    const char *name = payer_fold_name(sealing->arena, line->payer_name);
    const char *account = payer_fold_account(sealing->arena, line->payer_account);
    const char *type = text_fold(sealing->arena, line->type);
    if (print == NULL || name == NULL || account == NULL || type == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = hashes_make(sealing->txn, sealing->arena, LINE_HASHES_MAX, &hashes);
    if (status == STATUS_OK) {
        status = hashes_add(&hashes, BANK_HASH_LINE, "bank-line", print);
    }
    if (status == STATUS_OK) {
        status = hashes_add(&hashes, BANK_HASH_NAME, "payer-name", name);
    }
    if (status == STATUS_OK) {
        status = hashes_add(&hashes, BANK_HASH_ACCOUNT, "payer-account", account);
    }
    if (status == STATUS_OK) {
        status = hashes_add(&hashes, BANK_HASH_TYPE, "bank-type", type);
    }
    if (status == STATUS_OK) {
        status = hash_words(sealing, line->text, &hashes);
    }
    line->unique = hashes.list;
    line->n_unique = hashes.count;
    return status;
}

// The numbers of documents in the text, each once.
static enum status find_mentions(const struct sealing *sealing, BankLine *line)
{
    BankMention found;
    enum series series;
    const char *text = line->text;
    bank_mention__init(&found);
    line->mention = arena_alloc(sealing->arena, BANK_MENTIONS_MAX * sizeof *line->mention);
    line->n_mention = 0;
    if (line->mention == NULL) {
        return STATUS_TOO_LARGE;
    }
    while (line->n_mention < BANK_MENTIONS_MAX &&
           payer_next_number(&text, &series, &found.year, &found.sequence)) {
        bool is_known = false;
        for (size_t i = 0; i < line->n_mention; i++) {
            const BankMention *at = line->mention[i];
            is_known = is_known || (at->series == (uint32_t)series && at->year == found.year &&
                                    at->sequence == found.sequence);
        }
        BankMention *mention = is_known ? NULL : arena_alloc(sealing->arena, sizeof *mention);
        if (!is_known && mention == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (!is_known) {
            *mention = found;
            mention->series = (uint32_t)series;
            line->mention[line->n_mention++] = mention;
        }
    }
    return STATUS_OK;
}

static enum status box_line(const struct sealing *sealing, BankLine *line,
                            const struct admitted_key *key)
{
    struct boxes boxes;
    enum status status =
        boxes_make(sealing->arena, &key->key, key->vault_id, COUNT_OF(TEXTS), &boxes);
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(TEXTS); i++) {
        char **text = text_at(line, i);
        if ((*text)[0] != '\0') {
            const uint32_t number = rows_sealed_field(TEXTS[i].field);
            assert(number != 0);
            status = boxes_add(&boxes, number, 0, *text);
        }
        *text = (char *)(uintptr_t)protobuf_c_empty_string;
    }
    line->sealed = boxes.list;
    line->n_sealed = boxes.count;
    line->vault_id = key->vault_id;
    return status;
}

enum status seal_bank_lines(struct txn *txn, BankLines *lines, struct arena *arena,
                            struct admitted *admitted)
{
    ProtobufCMessage *row = NULL;
    struct sealing sealing = {.txn = txn, .arena = arena};
    enum status status =
        table_get(txn, TABLE_bank_statement, key_u64(lines->bank_statement_id), &row, NULL);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    sealing.account = row != NULL ? ((const BankStatementRecord *)row)->account : 0;
    status = admitted_make_room(arena, admitted, lines->n_line);
    for (size_t i = 0; status == STATUS_OK && i < lines->n_line; i++) {
        BankLine *line = lines->line[i];
        status = hash_line(&sealing, line);
        if (status == STATUS_OK) {
            status = find_mentions(&sealing, line);
        }
        if (status == STATUS_OK) {
            status = box_line(&sealing, line, admitted_draw(admitted, lines->n_line));
        }
    }
    return status;
}
