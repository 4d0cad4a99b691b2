// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/export_text.h"

#include "server/ledger/cursor.h"
#include "server/ledger/entry_words.h"
#include "shared/day.h"
#include "shared/ident.h"
#include "shared/money.h"

// An entry with what its head says, ready to be written.
struct entry_head {
    const char *number;
    const char *day;
    const char *document; // "" when it stands alone
    const char *text;
};

// How a program wants to read books. Each function appends whole lines.
struct dialect {
    enum status (*commodity)(struct export_text *text, const char *fraction);
    enum status (*account)(struct export_text *text, const AccountRecord *account);
    enum status (*head)(struct export_text *text, const struct entry_head *head);
    // `customer` is "C-0001", or "" for a line without one.
    enum status (*line)(struct export_text *text, const AccountRecord *account, const char *amount,
                        const char *customer);
};

static enum status append(struct export_text *text, const char *more)
{
    if (more == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t size = strlen(more);
    if (text->size + size + 1 > text->room) {
        size_t room = (text->room + size + 1) * 2;
        char *grown = arena_alloc(text->arena, room);
        if (grown == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (text->size > 0) {
            memcpy(grown, text->text, text->size);
        }
        text->text = grown;
        text->room = room;
    }
    memcpy(text->text + text->size, more, size + 1);
    text->size += size;
    return STATUS_OK;
}

// A copy in which each character of `bad` is `instead`.
static char *without(struct arena *arena, const char *text, const char *bad, char instead)
{
    char *copy = arena_copy(arena, text, strlen(text));
    for (char *at = copy; at != NULL && *at != '\0'; at++) {
        if (strchr(bad, *at) != NULL) {
            *at = instead;
        }
    }
    return copy;
}

// ---- hledger ----

static char account_type(AccountKind kind)
{
    static const char TYPES[] = {'X', 'A', 'L', 'E', 'R', 'X'};
    return (unsigned)kind < sizeof TYPES ? TYPES[kind] : 'X';
}

static enum status hledger_commodity(struct export_text *text, const char *fraction)
{
    return append(text, arena_print(text->arena, "; %s\ncommodity 1000.%s %s\n\n",
                                    text->book->company, fraction, text->book->currency));
}

// With its type, so that hledger can make its reports and finds a misspelt account.
static enum status hledger_account(struct export_text *text, const AccountRecord *account)
{
    return append(text, arena_print(text->arena, "account %u %s  ; type: %c\n", account->code,
                                    account->name, account_type(account->kind)));
}

// Both programs end a description at ';'; hledger splits it at '|'.
static enum status ledger_head(struct export_text *text, const struct entry_head *head)
{
    char *plain = without(text->arena, head->text, ";|\n\t", ' ');
    if (plain == NULL) {
        return STATUS_TOO_LARGE;
    }
    const char *gap = head->document[0] != '\0' && plain[0] != '\0' ? " " : "";
    return append(text, arena_print(text->arena, "%s * (%s) %s%s%s\n", head->day, head->number,
                                    head->document, gap, plain));
}

static enum status ledger_line(struct export_text *text, const AccountRecord *account,
                               const char *amount, const char *customer)
{
    const char *mark = customer[0] != '\0' ? "  ; customer: " : "";
    return append(text, arena_print(text->arena, "    %u %s  %s %s%s%s\n", account->code,
                                    account->name, amount, text->book->currency, mark, customer));
}

// ---- ledger: as hledger, but for what it declares ----

static enum status ledger_commodity(struct export_text *text, const char *fraction)
{
    return append(text, arena_print(text->arena,
                                    "; %s\ncommodity %s\n    format 1000.%s %s\ntag customer\n\n",
                                    text->book->company, text->book->currency, fraction,
                                    text->book->currency));
}

static enum status ledger_account(struct export_text *text, const AccountRecord *account)
{
    return append(text, arena_print(text->arena, "account %u %s\n", account->code, account->name));
}

// ---- beancount ----

static const char *beancount_root(AccountKind kind)
{
    static const char *const ROOTS[] = {"Expenses", "Assets", "Liabilities",
                                        "Equity",   "Income", "Expenses"};
    return ROOTS[(unsigned)kind < sizeof ROOTS / sizeof ROOTS[0] ? kind : 0];
}

// "Assets:1122-应收账款". Of ASCII a name there holds letters, digits and '-'.
static const char *beancount_name(struct export_text *text, const AccountRecord *account)
{
    char *name = arena_copy(text->arena, account->name, strlen(account->name));
    for (char *at = name; at != NULL && *at != '\0'; at++) {
        bool is_ascii = (unsigned char)*at < 0x80;
        bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        bool is_digit = *at >= '0' && *at <= '9';
        *at = !is_ascii || is_letter || is_digit ? *at : '-';
    }
    return name == NULL ? NULL
                        : arena_print(text->arena, "%s:%u-%s", beancount_root(account->kind),
                                      account->code, name);
}

static enum status beancount_commodity(struct export_text *text, const char *fraction)
{
    (void)fraction; // it takes the precision from the amounts
    char *company = without(text->arena, text->book->company, "\"\\\n", '\'');
    if (company == NULL) {
        return STATUS_TOO_LARGE;
    }
    return append(text, arena_print(text->arena,
                                    "option \"title\" \"%s\"\n"
                                    "option \"operating_currency\" \"%s\"\n\n",
                                    company, text->book->currency));
}

static enum status beancount_account(struct export_text *text, const AccountRecord *account)
{
    const char *first = day_print(text->arena, DAY_MIN);
    const char *name = beancount_name(text, account);
    if (first == NULL || name == NULL) {
        return STATUS_TOO_LARGE;
    }
    return append(text,
                  arena_print(text->arena, "%s open %s %s\n", first, name, text->book->currency));
}

static enum status beancount_head(struct export_text *text, const struct entry_head *head)
{
    char *plain = without(text->arena, head->text, "\"\\\n\t", ' ');
    if (plain == NULL) {
        return STATUS_TOO_LARGE;
    }
    const char *mark = head->document[0] != '\0' ? " ^" : "";
    return append(text, arena_print(text->arena, "%s * \"%s\"%s%s\n  number: \"%s\"\n", head->day,
                                    plain, mark, head->document, head->number));
}

static enum status beancount_line(struct export_text *text, const AccountRecord *account,
                                  const char *amount, const char *customer)
{
    const char *name = beancount_name(text, account);
    if (name == NULL) {
        return STATUS_TOO_LARGE;
    }
    const char *note =
        customer[0] != '\0' ? arena_print(text->arena, "    customer: \"%s\"\n", customer) : "";
    if (note == NULL) {
        return STATUS_TOO_LARGE;
    }
    return append(text, arena_print(text->arena, "  %s  %s %s\n%s", name, amount,
                                    text->book->currency, note));
}

const struct dialect *export_dialect(ExportFormat format)
{
    static const struct dialect HLEDGER = {hledger_commodity, hledger_account, ledger_head,
                                           ledger_line};
    static const struct dialect LEDGER = {ledger_commodity, ledger_account, ledger_head,
                                          ledger_line};
    static const struct dialect BEANCOUNT = {beancount_commodity, beancount_account, beancount_head,
                                             beancount_line};
    switch (format) {
    case EXPORT_FORMAT__EXPORT_FORMAT_HLEDGER:
        return &HLEDGER;
    case EXPORT_FORMAT__EXPORT_FORMAT_BEANCOUNT:
        return &BEANCOUNT;
    case EXPORT_FORMAT__EXPORT_FORMAT_LEDGER:
        return &LEDGER;
    case EXPORT_FORMAT__EXPORT_FORMAT_UNSET:
    case _EXPORT_FORMAT_IS_INT_SIZE:
    default:
        return NULL;
    }
}

// ---- what is written ----

static enum status load_accounts(struct export_text *text)
{
    text->account = arena_alloc(text->arena, LIST_ROWS_MAX * sizeof *text->account);
    if (text->account == NULL) {
        return STATUS_TOO_LARGE;
    }
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(text->txn, TABLE_account, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK && text->account_count < LIST_ROWS_MAX) {
        struct row_key key;
        ProtobufCMessage *account;
        status = rows_next(rows, &key, &account);
        if (status == STATUS_OK) {
            text->account[text->account_count] = (AccountRecord *)(void *)account;
            text->account_count++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status export_text_begin(struct txn *txn, struct arena *arena, const BookRecord *book,
                              const struct dialect *dialect, struct export_text *out)
{
    assert(book != NULL);
    assert(dialect != NULL);

    *out = (struct export_text){.txn = txn, .arena = arena, .dialect = dialect, .book = book};
    return load_accounts(out);
}

enum status export_text_header(struct export_text *text)
{
    const char *fraction = &"000000"[text->book->decimals < 6 ? 6 - text->book->decimals : 0];
    enum status status = text->dialect->commodity(text, fraction);
    for (size_t i = 0; status == STATUS_OK && i < text->account_count; i++) {
        status = text->dialect->account(text, text->account[i]);
    }
    return status == STATUS_OK ? append(text, "\n") : status;
}

static const AccountRecord *account_of(const struct export_text *text, uint32_t code)
{
    for (size_t i = 0; i < text->account_count; i++) {
        if (text->account[i]->code == code) {
            return text->account[i];
        }
    }
    return NULL;
}

// The human number of what the entry was posted for; "" when it stands alone.
static enum status document_name(struct export_text *text, uint64_t id, const char **out)
{
    *out = "";
    if (id == 0) {
        return STATUS_OK;
    }
    InvoiceRecord *invoice;
    enum status status = invoice_get(text->txn, key_u64(id), &invoice);
    if (status == STATUS_OK) {
        *out = ident_print(text->arena, ident_of_document(invoice->kind), invoice->year,
                           invoice->sequence);
    }
    if (status != STATUS_NOT_FOUND) {
        return status == STATUS_OK && *out == NULL ? STATUS_TOO_LARGE : status;
    }
    PaymentRecord *payment;
    status = payment_get(text->txn, key_u64(id), &payment);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    *out = ident_print(text->arena, SERIES_PAYMENT, payment->year, payment->sequence);
    return *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// Its number; "" for 0 and for who may not be seen.
static enum status customer_number(struct export_text *text, uint64_t id, const char **out)
{
    *out = "";
    if (id == 0) {
        return STATUS_OK;
    }
    CustomerRecord *customer = NULL;
    enum status status = customer_get(text->txn, key_u64(id), &customer);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    *out = ident_print(text->arena, SERIES_CUSTOMER, 0, customer->sequence);
    return *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status append_line(struct export_text *text, const PostingLine *line,
                               const char *customer)
{
    const AccountRecord *account = account_of(text, line->account);
    int64_t minor = line->debit_minor - line->credit_minor;
    const char *amount = money_print(text->arena, minor, text->book->decimals);
    if (account == NULL) {
        return STATUS_INCOMPLETE;
    }
    return amount != NULL ? text->dialect->line(text, account, amount, customer) : STATUS_TOO_LARGE;
}

enum status export_text_entry(struct export_text *text, const EntryRecord *entry)
{
    struct entry_head head = {
        .number = ident_print(text->arena, SERIES_ENTRY, entry->year, entry->sequence),
        .day = day_print(text->arena, entry->date_day),
        .text = entry_words_kept(chart_by_word(text->book->chart), entry)};
    enum status status = document_name(text, entry->document_id, &head.document);
    if (status == STATUS_OK && (head.number == NULL || head.day == NULL)) {
        status = STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        status = text->dialect->head(text, &head);
    }

    uint64_t last = 0;
    const char *customer = "";
    for (size_t i = 0; status == STATUS_OK && i < entry->n_line; i++) {
        if (entry->line[i]->customer_id != last) {
            last = entry->line[i]->customer_id;
            status = customer_number(text, last, &customer);
        }
        if (status == STATUS_OK) {
            status = append_line(text, entry->line[i], customer);
        }
    }
    return status == STATUS_OK ? append(text, "\n") : status;
}
