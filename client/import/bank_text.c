// SPDX-License-Identifier: Apache-2.0
#include "client/import/bank_text.h"

#define SNIFF_BYTES 4096

void bank_put(struct bank_out *out, const char *const *cells, size_t count)
{
    struct bytes cell[BANK_LINE_CELLS];
    assert(count <= COUNT_OF(cell));
    for (size_t i = 0; i < count; i++) {
        cell[i] = bytes_of(cells[i], strlen(cells[i]));
    }
    const struct reader_cells row = {.cell = cell, .count = count};
    out->stopped = out->stopped || !out->row(out->context, out->number, &row);
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

void bank_cell_add(struct bank_cell *cell, const char *text, size_t size)
{
    for (size_t i = 0; i < size && cell->size + 4 < BANK_CELL_MAX; i++) {
        const bool blank = is_blank(text[i]);
        const bool follows = cell->size == 0 || cell->text[cell->size - 1] == ' ';
        if (!blank) {
            cell->text[cell->size++] = text[i];
        } else if (!follows) {
            cell->text[cell->size++] = ' ';
        }
    }
    // The maximum may have cut a character: its beginning goes too.
    if (cell->size + 4 >= BANK_CELL_MAX) {
        while (cell->size > 0 && ((unsigned char)cell->text[cell->size - 1] & 0xc0) == 0x80) {
            cell->size--;
        }
        cell->size -= cell->size > 0 && (unsigned char)cell->text[cell->size - 1] >= 0xc0 ? 1 : 0;
    }
    cell->text[cell->size] = '\0';
}

void bank_cell_set(struct bank_cell *cell, const char *text)
{
    cell->size = 0;
    bank_cell_add(cell, text, strlen(text));
}

static bool holds(struct bytes text, const char *wanted)
{
    return memmem(text.data, text.size, wanted, strlen(wanted)) != NULL;
}

const char *bank_sniff(struct bytes text)
{
    const struct bytes head =
        bytes_of(text.data, text.size < SNIFF_BYTES ? text.size : SNIFF_BYTES);
    if (holds(head, "camt.053")) {
        return "camt053";
    }
    if (holds(head, "<OFX>") || holds(head, "OFXHEADER")) {
        return "ofx";
    }
    const bool tagged = holds(head, ":20:") && (holds(head, ":25:") || holds(head, ":60F:"));
    return tagged ? "mt940" : NULL;
}
