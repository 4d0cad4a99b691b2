// SPDX-License-Identifier: Apache-2.0
// What a reminder costs: a debit note with an item for the fee and one for the interest of each
// instalment, each in the claim of its principal, so that money is applied to them in the order of
// Civil Code art. 561. They stay open when the principal is paid.
#include "server/ledger/document.h"
#include "server/ledger/dunning.h"
#include "server/ledger/pricing.h"
#include "shared/wire.h"

#define MICRO       1000000
#define CHARGE_MOST (DUNNING_LINES_MAX + 1) // items

// An item of the note: what it is, and of which claim.
struct charge {
    int64_t minor;
    ItemNature nature;
    uint64_t claim_id;
};

struct charges {
    struct charge charge[CHARGE_MOST];
    size_t count;
    int64_t fee_minor;
    int64_t interest_minor;
};

// The fee belongs to the oldest instalment of the letter's level.
static uint64_t fee_claim(const DunningRecord *dunning)
{
    for (size_t i = 0; i < dunning->n_line; i++) {
        if (dunning->line[i]->level == dunning->level) {
            return dunning->line[i]->item_id;
        }
    }
    return 0;
}

static void add(struct charges *charges, int64_t minor, ItemNature nature, uint64_t claim_id)
{
    if (minor > 0) {
        assert(charges->count < CHARGE_MOST && claim_id != 0);
        charges->charge[charges->count++] =
            (struct charge){.minor = minor, .nature = nature, .claim_id = claim_id};
    }
}

static struct charges *charges_of(struct arena *arena, const DunningRecord *dunning)
{
    struct charges *charges = arena_alloc(arena, sizeof *charges);
    if (charges == NULL) {
        return NULL;
    }
    *charges = (struct charges){0};
    if (dunning->step != NULL && dunning->step->charge) {
        charges->fee_minor = dunning->fee_minor;
        add(charges, dunning->fee_minor, ITEM_NATURE__ITEM_NATURE_COST, fee_claim(dunning));
    }
    for (size_t i = 0; i < dunning->n_line; i++) {
        const DunningLineRecord *line = dunning->line[i];
        if (line->charge) {
            charges->interest_minor += line->interest_minor;
            add(charges, line->interest_minor, ITEM_NATURE__ITEM_NATURE_INTEREST, line->item_id);
        }
    }
    return charges;
}

static enum status add_line(struct books *books, const char *text, int64_t minor,
                            InvoiceLine **line, size_t *count)
{
    int64_t scale = MICRO;
    for (uint32_t i = 0; i < books->record->decimals; i++) {
        scale /= 10;
    }
    if (minor == 0) {
        return STATUS_OK;
    }
    InvoiceLine *made = (InvoiceLine *)wire_make(books->arena, &invoice_line__descriptor);
    if (made == NULL) {
        return STATUS_TOO_LARGE;
    }
    made->description = arena_copy(books->arena, text, strlen(text));
    made->quantity_micro = MICRO;
    made->price_micro = minor * scale;
    made->exempt = true;
    line[(*count)++] = made;
    return made->description != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status add_lines(struct books *books, const struct charges *charges,
                             InvoiceRecord *note)
{
    const bool chinese = chart_is_chinese(books->chart);
    InvoiceLine *line[2];
    struct pricing pricing = {.line = line};
    enum status status = add_line(books, chinese ? "催收费" : "Dunning fee", charges->fee_minor,
                                  line, &pricing.count);
    if (status == STATUS_OK) {
        status = add_line(books, chinese ? "逾期利息" : "Interest on overdue amounts",
                          charges->interest_minor, line, &pricing.count);
    }
    return status == STATUS_OK ? pricing_apply(books, &pricing, note) : status;
}

static enum status add_parts(struct books *books, const struct charges *charges,
                             InvoiceRecord *note)
{
    note->part = arena_alloc(books->arena, charges->count * sizeof *note->part);
    for (size_t i = 0; note->part != NULL && i < charges->count; i++) {
        InvoicePart *part = (InvoicePart *)wire_make(books->arena, &invoice_part__descriptor);
        if (part == NULL) {
            return STATUS_TOO_LARGE;
        }
        part->ordinal = (uint32_t)i + 1;
        part->due_day = note->date_day;
        part->amount_minor = charges->charge[i].minor;
        note->part[note->n_part++] = part;
    }
    return note->part != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status charge_plan(struct books *books, const struct reminder *reminder, InvoiceRecord **out)
{
    const DunningRecord *dunning = reminder->dunning;
    const struct charges *charges = charges_of(books->arena, dunning);
    *out = NULL;
    if (charges == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (charges->count == 0) {
        return STATUS_OK;
    }
    InvoiceRecord *note =
        document_make(books, INVOICE_KIND__INVOICE_KIND_DEBIT_NOTE, dunning->customer_id);
    if (note == NULL) {
        return STATUS_TOO_LARGE;
    }
    note->date_day = dunning->date_day;
    note->due_day = dunning->date_day;
    note->notes = dunning_number(books->arena, dunning);
    enum status status = note->notes != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = add_lines(books, charges, note);
    }
    if (status == STATUS_OK) {
        status = add_parts(books, charges, note);
    }
    if (status == STATUS_OK) {
        status = document_check(books, note, NULL);
    }
    *out = note;
    return status;
}

size_t charge_ids(const InvoiceRecord *note)
{
    return note != NULL ? note->n_part + 2 : 0; // the note, its entry, its items
}

enum status charge_issue(struct books *books, const struct reminder *reminder, InvoiceRecord *note)
{
    const struct charges *charges = charges_of(books->arena, reminder->dunning);
    if (charges == NULL) {
        return STATUS_TOO_LARGE;
    }
    assert(note->n_part == charges->count);
    enum status status = document_issue(books, note, NULL);
    for (size_t i = 0; status == STATUS_OK && i < charges->count; i++) {
        struct item *item = NULL;
        status = item_load(books, note->part[i]->item_id, &item);
        if (status == STATUS_OK) {
            item->record->nature = charges->charge[i].nature;
            item->record->claim_id = charges->charge[i].claim_id;
            item_touch(books, item);
        }
    }
    return status;
}
