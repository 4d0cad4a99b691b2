// SPDX-License-Identifier: Apache-2.0
#include "client/import/bank_text.h"

// SWIFT MT940, as banks really write it: tags at the beginning of lines, what follows belongs to
// them; text before the first tag and behind the end of a statement is an envelope of the bank.

#define FIELD_MAX 4096

struct mt940 {
    struct bank_out *out;
    char tag[4];
    char field[FIELD_MAX]; // of the tag, with line feeds
    size_t size;
    uint32_t field_line;

    struct bank_cell account, reference;
    bool in_statement; // its row was put
    size_t statements;
    bool has_line; // one waits for its details
    uint32_t line_number;
    char value_day[16], booked_day[16];
    const char *side;
    struct bank_cell amount, type, ref, payer, payer_account, text, extra;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool digits(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(text[i])) {
            return false;
        }
    }
    return true;
}

// YYMMDD; years from 80 on are of the century before.
static void day_of(const char *text, char out[static 16])
{
    const bool old = text[0] >= '8';
    (void)snprintf(out, 16, "%s%.2s-%.2s-%.2s", old ? "19" : "20", text, text + 2, text + 4);
}

// MMDD in the year of the value day, or in the one beside it at the turn of a year.
static void entry_day_of(const char *value_day, const char *text, char out[static 16])
{
    int year = (value_day[0] - '0') * 1000 + (value_day[1] - '0') * 100 +
               (value_day[2] - '0') * 10 + (value_day[3] - '0');
    const int value_month = (value_day[5] - '0') * 10 + (value_day[6] - '0');
    const int month = (text[0] - '0') * 10 + (text[1] - '0');
    year += value_month == 12 && month == 1 ? 1 : value_month == 1 && month == 12 ? -1 : 0;
    (void)snprintf(out, 16, "%04d-%.2s-%.2s", year, text, text + 2);
}

// "1234,5" and "300,": the comma is the sign of decimals. Takes as much as there is.
static const char *take_amount(const char *text, struct bank_cell *out)
{
    out->size = 0;
    while (is_digit(*text) || *text == ',' || *text == '.') {
        const char c = *text == ',' ? '.' : *text;
        bank_cell_add(out, &c, 1);
        text++;
    }
    return text;
}

// ---- a line ----

static void put_line(struct mt940 *at)
{
    if (!at->has_line) {
        return;
    }
    const char *text = at->text.size > 0 ? at->text.text : at->extra.text;
    const char *const cells[] = {"line",       at->value_day,   at->booked_day,
                                 at->side,     at->amount.text, at->type.text,
                                 at->ref.text, at->payer.text,  at->payer_account.text,
                                 text};
    const uint32_t number = at->out->number;
    at->out->number = at->line_number;
    bank_put(at->out, cells, COUNT_OF(cells));
    at->out->number = number;
    at->has_line = false;
}

// Mark: C, D, and RC, RD, which take one back; a letter of the currency may follow.
static const char *take_mark(const char *text, const char **side)
{
    const bool reversal = *text == 'R' || *text == 'E';
    text += reversal ? 1 : 0;
    if (*text != 'C' && *text != 'D') {
        return NULL;
    }
    const bool credit = (*text == 'C') != (reversal && text[-1] == 'R');
    *side = credit ? "C" : "D";
    text++;
    return is_upper(*text) ? text + 1 : text;
}

static void clear_line(struct mt940 *at)
{
    struct bank_cell *const cells[] = {&at->amount,        &at->type, &at->ref,  &at->payer,
                                       &at->payer_account, &at->text, &at->extra};
    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        bank_cell_set(cells[i], "");
    }
}

// Reference of the customer, behind "//" that of the bank; then a line of its own words.
static void take_references(struct mt940 *at, const char *text)
{
    const size_t first = strcspn(text, "\n");
    const char *bank = memmem(text, first, "//", 2);
    const size_t own = bank != NULL ? (size_t)(bank - text) : first;
    if (bank != NULL) {
        bank_cell_add(&at->ref, bank + 2, first - own - 2);
    } else if (own > 0 && strncmp(text, "NONREF", 6) != 0) {
        bank_cell_add(&at->ref, text, own);
    }
    if (bank != NULL && own > 0 && strncmp(text, "NONREF", 6) != 0) {
        bank_cell_add(&at->extra, text, own);
    }
    if (text[first] == '\n') {
        bank_cell_add(&at->extra, " ", 1);
        bank_cell_add(&at->extra, text + first, strlen(text + first));
    }
}

static enum status take_line(struct mt940 *at)
{
    const char *text = at->field;
    if (!at->in_statement || !digits(text, 6)) {
        return STATUS_READER_FAILED;
    }
    put_line(at);
    clear_line(at);
    at->line_number = at->field_line;
    day_of(text, at->value_day);
    memcpy(at->booked_day, at->value_day, sizeof at->booked_day);
    text += 6;
    if (digits(text, 4)) {
        entry_day_of(at->value_day, text, at->booked_day);
        text += 4;
    }
    text = take_mark(text, &at->side);
    if (text == NULL || !is_digit(*text)) {
        return STATUS_READER_FAILED;
    }
    text = take_amount(text, &at->amount);
    if (is_upper(*text) && strnlen(text, 4) == 4) {
        bank_cell_add(&at->type, text, 4);
        text += 4;
    }
    take_references(at, text);
    at->has_line = true;
    return STATUS_OK;
}

// ---- what it is about ----

// Where a numbered part goes; NULL: nowhere.
static struct bank_cell *part_cell(struct mt940 *at, int number)
{
    if (number == 0) {
        return &at->type;
    }
    if (number == 31) {
        return &at->payer_account;
    }
    if (number == 32 || number == 33) {
        return &at->payer;
    }
    const bool is_text = (number >= 20 && number <= 29) || (number >= 60 && number <= 63);
    return is_text ? &at->text : NULL;
}

// The next "?" with two digits behind it; NULL: there is none.
static char *next_part(char *text)
{
    char *next = strchr(text, '?');
    while (next != NULL && !digits(next + 1, 2)) {
        next = strchr(next + 1, '?');
    }
    return next;
}

// "166?00GUTSCHRIFT?20text?32name": numbered parts; line ends are only wraps.
static void take_parts(struct mt940 *at, char *field)
{
    char *to = field;
    for (const char *from = field; *from != '\0'; from++) {
        if (*from != '\n') {
            *to++ = *from;
        }
    }
    *to = '\0';
    for (char *part = strchr(field, '?'); part != NULL && digits(part + 1, 2);) {
        const int number = (part[1] - '0') * 10 + (part[2] - '0');
        char *next = next_part(part + 3);
        const size_t size = next != NULL ? (size_t)(next - part - 3) : strlen(part + 3);
        struct bank_cell *cell = part_cell(at, number);
        if (number == 0) {
            cell->size = 0;
        }
        if (cell != NULL) {
            bank_cell_add(cell, part + 3, size);
        }
        part = next;
    }
}

// "/BENM//NAME/JOHN DOE/REMI/…/": what stands between two words that are known.
static void take_word(const char *field, const char *word, struct bank_cell *out)
{
    const char *from = strstr(field, word);
    if (from == NULL) {
        return;
    }
    from += strlen(word);
    const char *end = strchrnul(from, '/');
    for (const char *at = from; at < end; at++) {
        if (*at != '\n') {
            bank_cell_add(out, at, 1);
        }
    }
}

static void take_details(struct mt940 *at)
{
    char *text = at->field + strspn(at->field, " \n");
    if (!at->has_line) {
        return; // of the statement, not of a line
    }
    if (digits(text, 3) && text[3] == '?') {
        take_parts(at, text + 3);
    } else if (strstr(text, "/NAME/") != NULL) {
        take_word(text, "/NAME/", &at->payer);
        take_word(text, "/REMI/", &at->text);
        if (at->text.size == 0) {
            bank_cell_add(&at->text, text, strlen(text));
        }
    } else {
        bank_cell_add(&at->text, text, strlen(text));
    }
}

// ---- balances ----

static enum status take_balance(struct mt940 *at, bool opens)
{
    const char *text = at->field;
    const char *side = "";
    char day[16];
    struct bank_cell amount = {.size = 0};
    if ((*text != 'C' && *text != 'D') || !digits(text + 1, 6) || strnlen(text, 10) < 10) {
        return STATUS_READER_FAILED;
    }
    side = *text == 'C' ? "C" : "D";
    day_of(text + 1, day);
    char currency[4] = {text[7], text[8], text[9], '\0'};
    (void)take_amount(text + 10, &amount);
    put_line(at);
    if (opens) {
        const char *const cells[] = {
            "statement", at->account.text, currency, at->reference.text, side, day, amount.text};
        bank_put(at->out, cells, COUNT_OF(cells));
        at->in_statement = true;
        at->statements++;
        return STATUS_OK;
    }
    if (!at->in_statement) {
        return STATUS_READER_FAILED;
    }
    const char *const cells[] = {"closing", side, day, amount.text, currency};
    bank_put(at->out, cells, COUNT_OF(cells));
    at->in_statement = false;
    return STATUS_OK;
}

// The field that has ended.
static enum status take_field(struct mt940 *at)
{
    const uint32_t number = at->out->number;
    enum status status = STATUS_OK;
    at->field[at->size] = '\0';
    at->out->number = at->field_line;
    if (strcmp(at->tag, "25") == 0) {
        bank_cell_set(&at->account, at->field);
    } else if (strcmp(at->tag, "28") == 0 || strcmp(at->tag, "28C") == 0) {
        bank_cell_set(&at->reference, at->field);
    } else if (strcmp(at->tag, "60F") == 0 || strcmp(at->tag, "60M") == 0) {
        status = take_balance(at, true);
    } else if (strcmp(at->tag, "62F") == 0 || strcmp(at->tag, "62M") == 0) {
        status = take_balance(at, false);
    } else if (strcmp(at->tag, "61") == 0) {
        status = take_line(at);
    } else if (strcmp(at->tag, "86") == 0) {
        take_details(at);
    }
    at->tag[0] = '\0';
    at->size = 0;
    if (status == STATUS_OK) {
        at->out->number = number;
    }
    return status;
}

// ":61:" or ":28C:" at the beginning of a line; 0: no tag.
static size_t tag_size(const char *line, size_t size)
{
    for (size_t i = 1; i < size && i <= 4; i++) {
        if (line[i] == ':' && line[0] == ':' && i >= 3) {
            return is_digit(line[1]) && is_digit(line[2]) ? i + 1 : 0;
        }
    }
    return 0;
}

static enum status take_text_line(struct mt940 *at, const char *line, size_t size)
{
    const size_t tag = tag_size(line, size);
    if (tag > 0) {
        const enum status status = at->tag[0] != '\0' ? take_field(at) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
        memcpy(at->tag, line + 1, tag - 2);
        at->tag[tag - 2] = '\0';
        at->field_line = at->out->number;
        line += tag;
        size -= tag;
    } else if (at->tag[0] == '\0' || size == 0) {
        return STATUS_OK;
    } else if (at->size < FIELD_MAX - 1) {
        at->field[at->size++] = '\n';
    }
    const size_t room = FIELD_MAX - 1 - at->size;
    const size_t more = size < room ? size : room;
    memcpy(at->field + at->size, line, more);
    at->size += more;
    return STATUS_OK;
}

enum status mt940_parse(struct bytes text, struct bank_out *out)
{
    struct mt940 *at = calloc(1, sizeof *at);
    if (at == NULL) {
        return STATUS_ENVIRONMENT;
    }
    at->out = out;
    enum status status = STATUS_OK;
    for (size_t from = 0; status == STATUS_OK && from < text.size && !out->stopped;) {
        const uint8_t *end = memchr(text.data + from, '\n', text.size - from);
        size_t size = end != NULL ? (size_t)(end - text.data) - from : text.size - from;
        const size_t next = from + size + 1;
        const char *line = (const char *)text.data + from;
        size -= size > 0 && line[size - 1] == '\r' ? 1 : 0;
        // Control characters stand around messages of some banks.
        while (size > 0 && (unsigned char)*line < ' ') {
            line++;
            size--;
        }
        out->number++;
        status = take_text_line(at, line, size);
        from = next;
    }
    if (status == STATUS_OK && at->tag[0] != '\0') {
        status = take_field(at);
    }
    put_line(at);
    status = status == STATUS_OK && at->statements == 0 ? STATUS_READER_FAILED : status;
    free(at);
    return status;
}
