// SPDX-License-Identifier: Apache-2.0
#include "client/import/bank_text.h"

#include <strings.h>

// OFX 1.x is SGML in which leaves are not closed; 2.x is XML with the same names. One reader takes
// both: a tag and the text behind it up to the next tag. Closing tags count for aggregates only.

#define TAG_MAX 40

struct ofx {
    struct bank_out *out;
    const char *at, *end;
    bool in_statement, in_line, is_put;
    bool in_balance; // of the ledger
    bool in_other;   // the account on the other side
    size_t statements;
    uint32_t line_number;
    struct bank_cell account, currency, closing, closing_day;
    struct bank_cell day, amount, type, ref, check, name, memo, payer_account;
};

static bool is_tag(const char *tag, const char *wanted)
{
    return strcasecmp(tag, wanted) == 0;
}

static void put_statement(struct ofx *at)
{
    const char *const cells[] = {"statement", at->account.text, at->currency.text, "", "", "", ""};
    if (!at->is_put) {
        bank_put(at->out, cells, COUNT_OF(cells));
        at->is_put = true;
        at->statements++;
    }
}

// "20090401122017.000[-5:EST]" is of the day that is written.
static const char *day_of(const struct bank_cell *cell, char out[static 16])
{
    out[0] = '\0';
    if (strspn(cell->text, "0123456789") >= 8) {
        (void)snprintf(out, 16, "%.4s-%.2s-%.2s", cell->text, cell->text + 4, cell->text + 6);
    }
    return out[0] != '\0' ? out : cell->text;
}

// "-6.60" or "-6,60": side and size. What is no number stays as it is, for the parent to refuse.
static const char *size_of(struct bank_cell *cell, const char **side)
{
    char *text = cell->text;
    *side = *text == '-' ? "D" : "C";
    text += *text == '-' || *text == '+' ? 1 : 0;
    char *comma = strchr(text, ',');
    if (comma != NULL && strchr(text, '.') == NULL && strchr(comma + 1, ',') == NULL) {
        *comma = '.';
    }
    return text;
}

static void put_line(struct ofx *at)
{
    char day[16];
    const char *side = "";
    const char *amount = size_of(&at->amount, &side);
    const char *written = day_of(&at->day, day);
    struct bank_cell text = {.size = 0};
    bank_cell_add(&text, at->memo.text, at->memo.size);
    if (at->check.size > 0 && strcmp(at->check.text, "0") != 0) {
        bank_cell_add(&text, " #", 2);
        bank_cell_add(&text, at->check.text, at->check.size);
    }
    const char *const cells[] = {"line",       written,       written,
                                 side,         amount,        at->type.text,
                                 at->ref.text, at->name.text, at->payer_account.text,
                                 text.text};
    const uint32_t number = at->out->number;
    put_statement(at);
    at->out->number = at->line_number;
    bank_put(at->out, cells, COUNT_OF(cells));
    at->out->number = number;
}

static void put_closing(struct ofx *at)
{
    char day[16];
    const char *side = "";
    put_statement(at);
    if (at->closing.size > 0) {
        const char *amount = size_of(&at->closing, &side);
        const char *const cells[] = {"closing", side, day_of(&at->closing_day, day), amount,
                                     at->currency.text};
        bank_put(at->out, cells, COUNT_OF(cells));
    }
}

// ---- tags ----

static void aggregate_begin(struct ofx *at, const char *tag)
{
    if (is_tag(tag, "STMTRS") || is_tag(tag, "CCSTMTRS")) {
        at->in_statement = true;
        at->is_put = false;
        memset(&at->account, 0, offsetof(struct ofx, day) - offsetof(struct ofx, account));
    } else if (is_tag(tag, "STMTTRN")) {
        at->in_line = true;
        at->line_number = at->out->number;
        memset(&at->day, 0, sizeof *at - offsetof(struct ofx, day));
    } else if (is_tag(tag, "LEDGERBAL")) {
        at->in_balance = true;
    } else if (is_tag(tag, "BANKACCTTO") || is_tag(tag, "CCACCTTO")) {
        at->in_other = true;
    }
}

static void aggregate_end(struct ofx *at, const char *tag)
{
    if (is_tag(tag, "STMTTRN") && at->in_line) {
        put_line(at);
        at->in_line = false;
    } else if (is_tag(tag, "LEDGERBAL")) {
        at->in_balance = false;
    } else if (is_tag(tag, "BANKACCTTO") || is_tag(tag, "CCACCTTO")) {
        at->in_other = false;
    } else if ((is_tag(tag, "STMTRS") || is_tag(tag, "CCSTMTRS")) && at->in_statement) {
        put_closing(at);
        at->in_statement = false;
    }
}

static struct bank_cell *leaf_of(struct ofx *at, const char *tag)
{
    static const struct {
        const char *tag;
        size_t offset;
        bool of_line;
    } LEAVES[] = {
        {"DTPOSTED", offsetof(struct ofx, day), true},
        {"TRNAMT", offsetof(struct ofx, amount), true},
        {"TRNTYPE", offsetof(struct ofx, type), true},
        {"FITID", offsetof(struct ofx, ref), true},
        {"CHECKNUM", offsetof(struct ofx, check), true},
        {"NAME", offsetof(struct ofx, name), true},
        {"MEMO", offsetof(struct ofx, memo), true},
        {"CURDEF", offsetof(struct ofx, currency), false},
    };

    if (is_tag(tag, "ACCTID")) {
        return at->in_other ? &at->payer_account : at->in_statement ? &at->account : NULL;
    }
    if (at->in_balance && is_tag(tag, "BALAMT")) {
        return &at->closing;
    }
    if (at->in_balance && is_tag(tag, "DTASOF")) {
        return &at->closing_day;
    }
    for (size_t i = 0; i < COUNT_OF(LEAVES); i++) {
        if (is_tag(tag, LEAVES[i].tag) && (LEAVES[i].of_line ? at->in_line : at->in_statement)) {
            return (struct bank_cell *)(void *)((char *)at + LEAVES[i].offset);
        }
    }
    return NULL;
}

// ---- text ----

// "&amp;" and its like; what is no entity stays.
static size_t take_entity(const char *at, size_t size, char *out)
{
    static const struct {
        const char *name;
        char letter;
    } ENTITIES[] = {{"&amp;", '&'},  {"&lt;", '<'},    {"&gt;", '>'},
                    {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", ' '}};

    for (size_t i = 0; i < COUNT_OF(ENTITIES); i++) {
        const size_t length = strlen(ENTITIES[i].name);
        if (size >= length && strncmp(at, ENTITIES[i].name, length) == 0) {
            *out = ENTITIES[i].letter;
            return length;
        }
    }
    *out = *at;
    return 1;
}

static void count_lines(struct ofx *at, const char *from, const char *to)
{
    for (; from < to; from++) {
        at->out->number += *from == '\n' ? 1 : 0;
    }
}

// The text up to the next tag; a marked section is text as it is.
static void take_text(struct ofx *at, struct bank_cell *cell)
{
    static const char BEGIN[] = "<![CDATA[";
    static const char END[] = "]]>";
    while (at->at < at->end) {
        const size_t left = (size_t)(at->end - at->at);
        if (left >= sizeof BEGIN - 1 && memcmp(at->at, BEGIN, sizeof BEGIN - 1) == 0) {
            const char *from = at->at + sizeof BEGIN - 1;
            const char *to = memmem(from, (size_t)(at->end - from), END, sizeof END - 1);
            to = to != NULL ? to : at->end;
            if (cell != NULL) {
                bank_cell_add(cell, from, (size_t)(to - from));
            }
            const char *next = to < at->end ? to + sizeof END - 1 : at->end;
            count_lines(at, at->at, next);
            at->at = next;
            continue;
        }
        if (*at->at == '<') {
            break;
        }
        char letter = 0;
        const size_t size = take_entity(at->at, left, &letter);
        if (cell != NULL) {
            bank_cell_add(cell, &letter, 1);
        }
        at->out->number += letter == '\n' ? 1 : 0;
        at->at += size;
    }
    // A text may end in blanks before the next tag.
    if (cell != NULL && cell->size > 0 && cell->text[cell->size - 1] == ' ') {
        cell->text[--cell->size] = '\0';
    }
}

static enum status take_tag(struct ofx *at)
{
    const char *close = memchr(at->at, '>', (size_t)(at->end - at->at));
    if (close == NULL) {
        return STATUS_READER_FAILED;
    }
    const char *name = at->at + 1;
    const bool ends = *name == '/';
    name += ends ? 1 : 0;
    size_t size = (size_t)(close - name);
    char tag[TAG_MAX] = "";
    if (size < sizeof tag) {
        memcpy(tag, name, size);
        tag[size] = '\0';
        tag[strcspn(tag, " \t\r\n")] = '\0';
    }
    count_lines(at, at->at, close);
    at->at = close + 1;
    if (ends) {
        aggregate_end(at, tag);
        take_text(at, NULL);
    } else {
        aggregate_begin(at, tag);
        struct bank_cell *cell = leaf_of(at, tag);
        if (cell != NULL) {
            bank_cell_set(cell, "");
        }
        take_text(at, cell);
    }
    return STATUS_OK;
}

enum status ofx_parse(struct bytes text, struct bank_out *out)
{
    struct ofx *at = calloc(1, sizeof *at);
    if (at == NULL) {
        return STATUS_ENVIRONMENT;
    }
    at->out = out;
    at->at = (const char *)text.data;
    at->end = at->at + text.size;
    out->number = 1;
    take_text(at, NULL);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && at->at < at->end && !out->stopped) {
        status = take_tag(at);
    }
    if (status == STATUS_OK && at->in_statement) {
        put_closing(at); // a file that ends early says what it has
    }
    status = status == STATUS_OK && at->statements == 0 ? STATUS_READER_FAILED : status;
    free(at);
    return status;
}
