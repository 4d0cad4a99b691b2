// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which column of a foreign file is which field, and how its dates are written. What is not said
// (--map, --date-format) is guessed from the header's words and from the data, and the guess is
// shown before anything happens. A guess that the data does not settle is refused with both
// readings.

#include "client/import/sheet.h"
#include "shared/arena.h"

#include "proto/envelope.pb-c.h"

enum column_value {
    COLUMN_TEXT,
    COLUMN_DAY,
    COLUMN_AMOUNT,
    COLUMN_NUMBER,
    COLUMN_RATE,
    COLUMN_FLAG
};

// The fields of all kinds; a kind uses some of them.
enum import_column {
    COLUMN_reference,
    COLUMN_name,
    COLUMN_kind,
    COLUMN_company,
    COLUMN_phone,
    COLUMN_email,
    COLUMN_address,
    COLUMN_tax_id,
    COLUMN_industry,
    COLUMN_region,
    COLUMN_class,
    COLUMN_tag,
    COLUMN_terms,
    COLUMN_credit_limit,
    COLUMN_notes,
    COLUMN_contact_name,
    COLUMN_contact_position,
    COLUMN_contact_phone,
    COLUMN_customer,
    COLUMN_customer_name,
    COLUMN_date,
    COLUMN_due,
    COLUMN_amount,
    COLUMN_settled,
    COLUMN_disputed,
    COLUMN_description,
    COLUMN_item,
    COLUMN_quantity,
    COLUMN_price,
    COLUMN_tax,
    COLUMN_discount,
    COLUMN_invoice,
    COLUMN_method,
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

// Decides how dates are written. `format` NULL: from the data, AMBIGUOUS with both readings in
// `bad`, FIELD_NOT_DAY when no format reads most of the values (`bad`: one of them).
MUST_CHECK enum status columns_dates(struct arena *arena, const struct sheet *sheet,
                                     const char *format, struct columns *columns, const char **bad);
