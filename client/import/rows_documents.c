// SPDX-License-Identifier: Apache-2.0
#include "client/import/maker.h"

#define MICRO 1000000

// The name stands for the number when a file has names only.
static void document_customer(struct maker *maker, ImportDocument *document)
{
    document->customer_reference = maker_reference(maker, COLUMN_CUSTOMER);
    document->customer_name = letters_lend(maker_cell(maker, COLUMN_CUSTOMER_NAME));
    if (document->customer_reference[0] == '\0') {
        document->customer_reference = document->customer_name;
    }
    document->walk_in = document->customer_reference[0] == '\0';
    maker_customer(maker, document->customer_reference);
}

enum status maker_document(struct maker *maker, ImportRow *row)
{
    ImportDocument *document = maker_alloc(maker, sizeof(*document));
    if (document == NULL) {
        return STATUS_TOO_LARGE;
    }
    import_document__init(document);
    document->reference = maker_reference_needed(maker, COLUMN_REFERENCE, "reference");
    document_customer(maker, document);
    document->date_day = maker_day(maker, COLUMN_DATE, "date", true);
    document->due_day = maker_day(maker, COLUMN_DUE, "due", false);
    document->amount_minor = maker_amount(maker, COLUMN_AMOUNT, "amount", true);
    document->settled_day = maker_day(maker, COLUMN_SETTLED, "settled", false);
    document->disputed = maker_flag(maker, COLUMN_DISPUTED, "disputed");
    row->document = document;
    bool fresh = true;
    if (!maker->row_is_bad) {
        (void)rows_index_take(&maker->documents, document->reference, (uint32_t)maker->rows->count,
                              &fresh);
    }
    if (!fresh) {
        maker_problem(maker, STATUS_FIELD_NOT_UNIQUE, "reference", document->reference);
    }
    return maker_keep(maker, row);
}

static enum status line_make(struct maker *maker, InvoiceLine **out)
{
    InvoiceLine *line = maker_alloc(maker, sizeof(*line));
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    invoice_line__init(line);
    line->item = maker_reference(maker, COLUMN_ITEM);
    line->description = letters_lend(maker_cell(maker, COLUMN_DESCRIPTION));
    if (line->description[0] == '\0') {
        line->description = line->item;
    }
    line->quantity_micro = maker_micro(maker, COLUMN_QUANTITY, "quantity", MICRO);
    line->price_micro = maker_micro(maker, COLUMN_PRICE, "price", 0);
    line->tax_bp = maker_rate(maker, COLUMN_TAX, "tax");
    line->discount_bp = maker_rate(maker, COLUMN_DISCOUNT, "discount");
    *out = line;
    return STATUS_OK;
}

static enum status line_append(struct maker *maker, size_t at, ImportDocument *document,
                               InvoiceLine *line)
{
    if (document->n_line == INVOICE_LINES_MAX) {
        maker_problem(maker, STATUS_TOO_LARGE, "reference", document->reference);
        maker->is_spoiled[at] = true;
        return STATUS_OK;
    }
    if (document->n_line == maker->line_room[at]) {
        size_t room = maker->line_room[at] == 0 ? 4 : maker->line_room[at] * 2;
        InvoiceLine **list = arena_alloc(maker->context->arena, room * sizeof(InvoiceLine *));
        if (list == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (document->n_line > 0) {
            memcpy(list, document->line, document->n_line * sizeof(InvoiceLine *));
        }
        document->line = list;
        maker->line_room[at] = room;
    }
    document->line[document->n_line++] = line;
    maker->rows->line_count++;
    return STATUS_OK;
}

// A line of a document; the first one of a document brings its date and customer.
enum status maker_line(struct maker *maker, ImportRow *row)
{
    ImportDocument *document = maker_alloc(maker, sizeof(*document));
    InvoiceLine *line = NULL;
    enum status status = line_make(maker, &line);
    if (document == NULL || status != STATUS_OK) {
        return STATUS_TOO_LARGE;
    }
    import_document__init(document);
    document->reference = maker_reference_needed(maker, COLUMN_REFERENCE, "reference");
    document->date_day = maker_day(maker, COLUMN_DATE, "date", true);
    document->due_day = maker_day(maker, COLUMN_DUE, "due", false);
    document->inclusive = maker->context->inclusive;
    document->tax_on_total = maker->context->tax_on_total;
    if (document->reference[0] == '\0') {
        return STATUS_OK;
    }
    row->document = document;
    bool fresh = false;
    size_t at = rows_index_take(&maker->documents, document->reference,
                                (uint32_t)maker->rows->count, &fresh);
    if (fresh) {
        document_customer(maker, document);
        maker->rows->row[maker->rows->count++] = row;
    }
    maker->is_spoiled[at] = maker->is_spoiled[at] || maker->row_is_bad;
    return line_append(maker, at, maker->rows->row[at]->document, line);
}

// Documents whose lines were all read, checked as a whole.
void maker_documents_finish(struct maker *maker)
{
    struct rows *rows = maker->rows;
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        ImportRow *row = rows->row[i];
        maker->row_is_bad = maker->is_spoiled[i];
        maker->number = row->row;
        if (!maker->row_is_bad) {
            maker_check(maker, row);
            rows->bad_rows += maker->row_is_bad ? 1u : 0u;
            arena_reset(maker->scratch);
        }
        if (maker->row_is_bad) {
            rows->line_count -= row->document->n_line;
        } else {
            rows->row[kept++] = row;
        }
    }
    rows->count = kept;
}
