// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which column of a foreign file is which field, and how its dates are written. What is not said
// (--map, --date-format) is guessed from the header's words and from the data, and the guess is
// shown before anything happens. A guess that the data does not settle is refused with both
// readings.

#include "client/import/sheet.h"
#include "shared/arena.h"

#include "proto/envelope.pb-c.h"

enum column_value { VALUE_TEXT, VALUE_DAY, VALUE_AMOUNT, VALUE_NUMBER, VALUE_RATE, VALUE_FLAG };

// The fields of all kinds; a kind uses some of them.
enum import_column {
    COLUMN_REFERENCE,
    COLUMN_NAME,
    COLUMN_KIND,
    COLUMN_COMPANY,
    COLUMN_PHONE,
    COLUMN_EMAIL,
    COLUMN_ADDRESS,
    COLUMN_TAX_ID,
    COLUMN_INDUSTRY,
    COLUMN_REGION,
    COLUMN_CLASS,
    COLUMN_TAG,
    COLUMN_TERMS,
    COLUMN_CREDIT_LIMIT,
    COLUMN_NOTES,
    COLUMN_CONTACT_NAME,
    COLUMN_CONTACT_POSITION,
    COLUMN_CONTACT_PHONE,
    COLUMN_CUSTOMER,
    COLUMN_CUSTOMER_NAME,
    COLUMN_DATE,
    COLUMN_DUE,
    COLUMN_AMOUNT,
    COLUMN_SETTLED,
    COLUMN_DISPUTED,
    COLUMN_DESCRIPTION,
    COLUMN_ITEM,
    COLUMN_QUANTITY,
    COLUMN_PRICE,
    COLUMN_TAX,
    COLUMN_DISCOUNT,
    COLUMN_INVOICE,
    COLUMN_METHOD,
    COLUMN_COUNT
};

struct column_row {
    ImportKind kind;
    enum import_column column;
    bool needed;
    enum column_value value;
    const char *field; // the word of --map
    const char *words;
};

size_t column_row_count(void);
const struct column_row *column_row_at(size_t index);

struct columns {
    ImportKind kind;
    size_t header;        // index of the header's row in the sheet
    int at[COLUMN_COUNT]; // column of the sheet, -1: absent
    bool guessed[COLUMN_COUNT];
    const char *date_format; // NULL: the kind has no dates in this file
    bool date_guessed;
    size_t date_proofs; // values that only this reading allows
};

// "customers", "invoices", "invoice-lines", "payments".
bool columns_kind(const char *word, ImportKind *out);

// `map` is "FIELD=COLUMN,…" where COLUMN is a header word or #3; NULL: guess all. Says on failure
// what is wrong in `bad` (a field, a header word): FIELD_NOT_CHOICE an unknown field, NOT_FOUND a
// column that is not there, FIELD_MISSING a needed field without a column, READER_FAILED a file
// without rows.
MUST_CHECK enum status columns_find(struct arena *arena, const struct sheet *sheet, ImportKind kind,
                                    const char *map, struct columns *out, const char **bad);

// A date as the columns have it. In a guessed format dates that begin with their year may be parted
// otherwise than most. False when it is none.
bool columns_day(const struct columns *columns, const char *text, int32_t *out);

// Decides how dates are written. `format` NULL: from the data, AMBIGUOUS with both readings in
// `bad`, FIELD_NOT_DAY when no format reads most of the values (`bad`: one of them).
MUST_CHECK enum status columns_dates(struct arena *arena, const struct sheet *sheet,
                                     const char *format, struct columns *columns, const char **bad);
