// SPDX-License-Identifier: Apache-2.0
#include "client/import/bank_text.h"

#include <expat.h>
#include <limits.h>

// ISO 20022 camt.053, all versions: what is needed of it stands at the same places since version 2,
// but that a party got a level of its own. Names are compared without their name space.

#define DEPTH_MAX  24
#define PATH_BYTES 512
#define ENTRY_MAX  40 // of a name

struct balance {
    struct bank_cell code, side, day, amount, currency;
};

struct camt {
    struct bank_out *out;
    XML_Parser parser;
    char path[PATH_BYTES]; // "/Document/BkToCstmrStmt/Stmt/Ntry/Amt"
    size_t depth;
    struct bank_cell *into; // where the text of this element goes
    struct bank_cell skipped;
    bool failed;
    size_t statements;

    bool is_put; // the row of the statement
    struct bank_cell account, currency, number;
    struct balance balance, opening, closing;

    uint32_t line_number;
    struct bank_cell side, status, amount, value_day, booked_day, type, ref, bank_ref;
    struct bank_cell debtor, debtor_account, creditor, creditor_account, text, extra;
};

static bool ends(const struct camt *at, const char *end)
{
    const size_t size = strlen(at->path);
    const size_t wanted = strlen(end);
    return size >= wanted && strcmp(at->path + size - wanted, end) == 0;
}

static bool holds(const struct camt *at, const char *part)
{
    return strstr(at->path, part) != NULL;
}

// ---- where a text goes ----

static const struct {
    const char *within;
    const char *end;
    size_t offset;
} PLACES[] = {

#define PLACE(within, end, cell) {within, end, offsetof(struct camt, cell)},
    PLACE("/Stmt/Acct/", "/Id/IBAN", account) PLACE("/Stmt/Acct/", "/Id/Othr/Id", account)
        PLACE("/Stmt/Acct/", "/Acct/Ccy", currency) PLACE("/Stmt/", "/Stmt/Id", number) PLACE(
            "/Stmt/Bal/", "/CdOrPrtry/Cd",
            balance.code) PLACE("/Stmt/Bal/", "/Bal/Amt",
                                balance.amount) PLACE("/Stmt/Bal/", "/Bal/CdtDbtInd", balance.side)
            PLACE("/Stmt/Bal/", "/Bal/Dt/Dt", balance.day) PLACE(
                "/Stmt/Bal/", "/Bal/Dt/DtTm", balance.day) PLACE("/Stmt/Ntry/", "/Ntry/Amt", amount)
                PLACE("/Stmt/Ntry/", "/Ntry/CdtDbtInd", side) PLACE(
                    "/Stmt/Ntry/", "/Ntry/Sts", status) PLACE("/Stmt/Ntry/", "/Ntry/Sts/Cd", status)
                    PLACE("/Stmt/Ntry/", "/Ntry/BookgDt/Dt",
                          booked_day) PLACE("/Stmt/Ntry/", "/Ntry/BookgDt/DtTm", booked_day)
                        PLACE("/Stmt/Ntry/", "/Ntry/ValDt/Dt",
                              value_day) PLACE("/Stmt/Ntry/", "/Ntry/ValDt/DtTm", value_day)
                            PLACE("/Stmt/Ntry/", "/Ntry/AcctSvcrRef",
                                  bank_ref) PLACE("/Stmt/Ntry/", "/Ntry/BkTxCd/Prtry/Cd", type)
                                PLACE("/Stmt/Ntry/", "/Ntry/BkTxCd/Domn/Cd", type) PLACE(
                                    "/Stmt/Ntry/", "/Ntry/AddtlNtryInf",
                                    extra) PLACE("/Stmt/Ntry/", "/Refs/EndToEndId",
                                                 ref) PLACE("/Stmt/Ntry/", "/RmtInf/Ustrd", text)
                                    PLACE("/Stmt/Ntry/", "/CdtrRefInf/Ref",
                                          text) PLACE("/Stmt/Ntry/", "/Dbtr/Nm", debtor)
                                        PLACE("/Stmt/Ntry/", "/Dbtr/Pty/Nm",
                                              debtor) PLACE("/Stmt/Ntry/", "/Cdtr/Nm", creditor)
                                            PLACE("/Stmt/Ntry/", "/Cdtr/Pty/Nm", creditor) PLACE(
                                                "/Stmt/Ntry/", "/DbtrAcct/Id/IBAN", debtor_account)
                                                PLACE("/Stmt/Ntry/", "/DbtrAcct/Id/Othr/Id",
                                                      debtor_account)
                                                    PLACE("/Stmt/Ntry/", "/CdtrAcct/Id/IBAN",
                                                          creditor_account)
                                                        PLACE("/Stmt/Ntry/", "/CdtrAcct/Id/Othr/Id",
                                                              creditor_account)
#undef PLACE
};

static struct bank_cell *place_of(struct camt *at)
{
    for (size_t i = 0; i < COUNT_OF(PLACES); i++) {
        if (holds(at, PLACES[i].within) && ends(at, PLACES[i].end)) {
            return (struct bank_cell *)(void *)((char *)at + PLACES[i].offset);
        }
    }
    return &at->skipped;
}

// ---- rows ----

static const char *side_of(const struct bank_cell *cell)
{
    return strcmp(cell->text, "CRDT") == 0 ? "C" : strcmp(cell->text, "DBIT") == 0 ? "D" : "";
}

// "2026-11-21T08:00:00+01:00" is of the day that is written.
static const char *day_of(struct bank_cell *cell)
{
    cell->size = cell->size < 10 ? cell->size : 10;
    cell->text[cell->size] = '\0';
    return cell->text;
}

static void put_statement(struct camt *at)
{
    const char *const cells[] = {"statement",
                                 at->account.text,
                                 at->currency.size > 0 ? at->currency.text
                                                       : at->opening.currency.text,
                                 at->number.text,
                                 side_of(&at->opening.side),
                                 day_of(&at->opening.day),
                                 at->opening.amount.text};
    if (!at->is_put) {
        bank_put(at->out, cells, COUNT_OF(cells));
        at->is_put = true;
        at->statements++;
    }
}

static void put_closing(struct camt *at)
{
    put_statement(at);
    const char *const cells[] = {"closing", side_of(&at->closing.side), day_of(&at->closing.day),
                                 at->closing.amount.text, at->closing.currency.text};
    if (at->closing.amount.size > 0) {
        bank_put(at->out, cells, COUNT_OF(cells));
    }
}

static void put_entry(struct camt *at)
{
    put_statement(at);
    // What is not booked yet comes again when it is.
    if (strcmp(at->status.text, "PDNG") == 0 || strcmp(at->status.text, "INFO") == 0) {
        return;
    }
    const bool credit = strcmp(at->side.text, "CRDT") == 0;
    const char *booked = day_of(&at->booked_day);
    const char *value = at->value_day.size > 0 ? day_of(&at->value_day) : booked;
    const bool has_own = at->bank_ref.size == 0 && strcmp(at->ref.text, "NOTPROVIDED") != 0;
    const char *const cells[] = {"line",
                                 value,
                                 booked,
                                 side_of(&at->side),
                                 at->amount.text,
                                 at->type.text,
                                 has_own ? at->ref.text : at->bank_ref.text,
                                 credit ? at->debtor.text : at->creditor.text,
                                 credit ? at->debtor_account.text : at->creditor_account.text,
                                 at->text.size > 0 ? at->text.text : at->extra.text};
    const uint32_t number = at->out->number;
    at->out->number = at->line_number;
    bank_put(at->out, cells, COUNT_OF(cells));
    at->out->number = number;
}

static void clear_from(struct camt *at, size_t from, size_t to)
{
    memset((char *)at + from, 0, to - from);
}

// ---- elements ----

static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL ? colon + 1 : name;
}

static void element_begin(void *context, const char *name, const char **attributes)
{
    struct camt *at = context;
    const size_t used = strlen(at->path);
    const char *own = local(name);
    at->out->number = (uint32_t)XML_GetCurrentLineNumber(at->parser);
    if (at->depth == DEPTH_MAX || strlen(own) > ENTRY_MAX ||
        used + strlen(own) + 2 > sizeof at->path) {
        at->failed = true;
        (void)XML_StopParser(at->parser, XML_FALSE);
        return;
    }
    at->depth++;
    at->path[used] = '/';
    memcpy(at->path + used + 1, own, strlen(own) + 1);
    if (ends(at, "/Stmt")) {
        at->is_put = false;
        clear_from(at, offsetof(struct camt, account), offsetof(struct camt, line_number));
    } else if (ends(at, "/Stmt/Bal")) {
        memset(&at->balance, 0, sizeof at->balance);
    } else if (ends(at, "/Stmt/Ntry")) {
        clear_from(at, offsetof(struct camt, side), sizeof *at);
        at->line_number = at->out->number;
    }
    at->into = place_of(at);
    if (at->into->size > 0) {
        bank_cell_add(at->into, " ", 1);
    }
    for (size_t i = 0; attributes[i] != NULL && ends(at, "/Stmt/Bal/Amt"); i += 2) {
        if (strcmp(attributes[i], "Ccy") == 0) {
            bank_cell_set(&at->balance.currency, attributes[i + 1]);
        }
    }
    if (at->into == &at->skipped) {
        bank_cell_set(&at->skipped, "");
    }
}

static void element_end(void *context, const char *name)
{
    struct camt *at = context;
    (void)name;
    if (ends(at, "/Stmt/Bal")) {
        const char *code = at->balance.code.text;
        at->opening =
            strcmp(code, "OPBD") == 0 || strcmp(code, "PRCD") == 0 ? at->balance : at->opening;
        at->closing = strcmp(code, "CLBD") == 0 ? at->balance : at->closing;
    } else if (ends(at, "/Stmt/Ntry")) {
        put_entry(at);
    } else if (ends(at, "/Stmt")) {
        put_closing(at);
    }
    char *slash = strrchr(at->path, '/');
    assert(slash != NULL && at->depth > 0);
    *slash = '\0';
    at->depth--;
    at->into = &at->skipped;
    if (at->out->stopped) {
        (void)XML_StopParser(at->parser, XML_FALSE);
    }
}

static void element_text(void *context, const char *text, int size)
{
    struct camt *at = context;
    if (at->into != NULL && size > 0) {
        bank_cell_add(at->into, text, (size_t)size);
    }
}

// A statement needs no document type, and entities of one could be a bomb.
static void no_doctype(void *context, const char *name, const char *system, const char *public,
                       int internal)
{
    struct camt *at = context;
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    at->failed = true;
    (void)XML_StopParser(at->parser, XML_FALSE);
}

enum status camt_parse(struct bytes text, struct bank_out *out)
{
    struct camt *at = calloc(1, sizeof *at);
    XML_Parser parser = XML_ParserCreate("UTF-8");
    if (at == NULL || parser == NULL || text.size > INT_MAX) {
        free(at);
        if (parser != NULL) {
            XML_ParserFree(parser);
        }
        return STATUS_ENVIRONMENT;
    }
    at->out = out;
    at->parser = parser;
    XML_SetUserData(parser, at);
    XML_SetElementHandler(parser, element_begin, element_end);
    XML_SetCharacterDataHandler(parser, element_text);
    XML_SetStartDoctypeDeclHandler(parser, no_doctype);
    const enum XML_Status parsed =
        XML_Parse(parser, (const char *)text.data, (int)text.size, XML_TRUE);
    const bool whole = parsed == XML_STATUS_OK && !at->failed && at->statements > 0;
    out->number = (uint32_t)XML_GetCurrentLineNumber(parser);
    XML_ParserFree(parser);
    free(at);
    return whole || out->stopped ? STATUS_OK : STATUS_READER_FAILED;
}
