// SPDX-License-Identifier: Apache-2.0
#include "client/import/likely.h"

#include "client/letters.h"
#include "client/reference.h"
#include "shared/text.h"
#include "shared/words.h"

#define LIKELY_SHOWN 20

// ---- --same REFERENCE=CUSTOMER ----

struct same {
    const char *reference;
    uint64_t customer_id;
    bool used;
};

static enum status same_read(struct client *client, const char *text, struct same *out)
{
    struct reference reference = {.client = client, .for_write = true};
    const char *equals = strrchr(text, '=');
    if (equals == NULL || equals == text || equals[1] == '\0') {
        return client_fail(client, STATUS_USAGE, "same", text, "REFERENCE=CUSTOMER");
    }
    out->reference = arena_copy(client->arena, text, (size_t)(equals - text));
    out->used = false;
    if (out->reference == NULL) {
        return STATUS_TOO_LARGE;
    }
    const enum status status =
        reference_find(&reference, FIND_NOUN__FIND_NOUN_CUSTOMER, equals + 1, &out->customer_id);
    return status == STATUS_OK ? status : client_fail(client, status, "same", equals + 1, NULL);
}

static struct same *same_of(struct same *same, size_t count, const char *reference)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(same[i].reference, reference) == 0) {
            same[i].used = true;
            return &same[i];
        }
    }
    return NULL;
}

// By the reference; a customer without one is meant by the name.
static const char *customer_word(const CustomerAdd *customer)
{
    return customer->reference[0] != '\0' ? customer->reference : customer->name;
}

// False when the row is left out: its customer is here already.
static bool same_take(ImportRow *row, struct same *same, size_t count)
{
    if (row->customer != NULL) {
        return same_of(same, count, customer_word(row->customer)) == NULL;
    }
    const char *reference = row->document != NULL ? row->document->customer_reference
                                                  : row->payment->customer_reference;
    const struct same *found = same_of(same, count, reference);
    if (found != NULL && row->document != NULL) {
        row->document->customer_id = found->customer_id;
    } else if (found != NULL) {
        row->payment->customer_id = found->customer_id;
    }
    return true;
}

enum status likely_same(struct client *client, const struct import_order *order,
                        struct import_file *file)
{
    struct same *same = arena_alloc(client->arena, (order->same_count + 1) * sizeof *same);
    struct rows *rows = &file->rows;
    size_t kept = 0;
    enum status status = same != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < order->same_count; i++) {
        status = same_read(client, order->same[i], &same[i]);
    }
    if (status != STATUS_OK || order->same_count == 0) {
        return status;
    }
    for (size_t i = 0; i < rows->count; i++) {
        if (same_take(rows->row[i], same, order->same_count)) {
            rows->row[kept++] = rows->row[i];
        }
    }
    rows->count = kept;
    for (size_t i = 0; i < order->same_count; i++) {
        if (!same[i].used) {
            client->fault = _("the file names nobody so");
            return client_fail(client, STATUS_NOT_FOUND, "same", same[i].reference, NULL);
        }
    }
    return STATUS_OK;
}

// ---- asking ----

static int by_reference(const void *a, const void *b)
{
    const struct likely *left = a;
    const struct likely *right = b;
    const int order = strcmp(left->reference, right->reference);
    return order != 0 ? order : left->row < right->row ? -1 : 1;
}

// Whom this row would make a customer; false: nobody.
static bool somebody_of(const ImportRow *row, struct likely *out)
{
    out->row = row->row;
    if (row->customer != NULL) {
        out->reference = customer_word(row->customer);
        out->name = row->customer->name;
        return true;
    }
    const ImportDocument *document = row->document;
    if (document == NULL || document->walk_in || document->customer_id != 0) {
        return false;
    }
    out->reference = document->customer_reference;
    out->name =
        document->customer_name[0] != '\0' ? document->customer_name : document->customer_reference;
    return true;
}

// Of the rows of documents each customer once; the rows of customers stay in order beside them.
static size_t gather_people(const struct import_order *order, const struct rows *rows,
                            struct likely *people)
{
    size_t count = 0;
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        count += somebody_of(rows->row[i], &people[count]) ? 1 : 0;
    }
    if (order->kind == IMPORT_KIND__IMPORT_KIND_CUSTOMERS || count == 0) {
        return count;
    }
    qsort(people, count, sizeof *people, by_reference);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(people[i].reference, people[kept - 1].reference) != 0) {
            people[kept++] = people[i];
        }
    }
    return kept;
}

static void fill_somebody(const struct likely *who, const ImportRow *row, ImportSomebody *out)
{
    import_somebody__init(out);
    out->reference = letters_lend(who->reference);
    out->name = letters_lend(who->name);
    if (row != NULL && row->customer != NULL) {
        out->reference = row->customer->reference;
        out->tax_id = row->customer->tax_id;
        out->phone = row->customer->phone;
        out->n_phone = row->customer->n_phone;
    }
}

// One question about at most IMPORT_LIKELY_MAX of them. *begun: the import was begun before.
static enum status ask(struct client *client, const struct import_order *order,
                       const struct import_file *file, size_t first, struct likely_list *people,
                       struct likely_list *out, bool *begun)
{
    ImportSomebody somebody[IMPORT_LIKELY_MAX];
    ImportSomebody *list[IMPORT_LIKELY_MAX];
    ImportLikely request;
    import_likely__init(&request);
    request.kind = order->kind;
    request.fingerprint =
        (ProtobufCBinaryData){.len = KEY_BYTES, .data = bytes_lend(file->fingerprint)};
    request.source = order->source != NULL ? letters_lend(order->source) : request.source;
    request.row = list;
    const bool are_customers = order->kind == IMPORT_KIND__IMPORT_KIND_CUSTOMERS;
    while (request.n_row < IMPORT_LIKELY_MAX && first + request.n_row < people->count) {
        const size_t at = first + request.n_row;
        list[request.n_row] = &somebody[request.n_row];
        fill_somebody(&people->row[at], are_customers ? file->rows.row[at] : NULL,
                      &somebody[request.n_row]);
        request.n_row++;
    }
    Reply *reply = NULL;
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    const enum status status =
        client_call(client, command_by_name("import_likely"), &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    const ImportLikelyReply *answer = reply->import_likely;
    *begun = answer->begun;
    for (size_t i = 0; i < answer->n_row; i++) {
        const uint32_t ordinal = answer->row[i]->ordinal;
        if (ordinal == 0 || ordinal > request.n_row) {
            return STATUS_MALFORMED;
        }
        // Room is for one of each: the first likeness says enough.
        struct likely *who = &people->row[first + ordinal - 1];
        if (who->found == NULL) {
            who->found = answer->row[i];
            out->row[out->count++] = *who;
        }
    }
    return STATUS_OK;
}

enum status likely_find(struct client *client, const struct import_order *order,
                        const struct import_file *file, struct likely_list *out)
{
    struct likely_list people = {0};
    const size_t room = file->rows.count + 1;
    bool begun = false;
    enum status status = STATUS_OK;
    *out = (struct likely_list){.row = arena_alloc(client->arena, room * sizeof *out->row)};
    people.row = arena_alloc(client->arena, room * sizeof *people.row);
    if (out->row == NULL || people.row == NULL) {
        return STATUS_TOO_LARGE;
    }
    people.count = gather_people(order, &file->rows, people.row);
    out->people = people.count;
    for (size_t i = 0; status == STATUS_OK && !begun && i < people.count; i += IMPORT_LIKELY_MAX) {
        status = ask(client, order, file, i, &people, out, &begun);
    }
    out->count = begun ? 0 : out->count;
    return status;
}

// ---- telling ----

static const char *by_word(ImportLikelyBy by)
{
    switch (by) {
    case IMPORT_LIKELY_BY__IMPORT_LIKELY_BY_REFERENCE:
        return _("reference");
    case IMPORT_LIKELY_BY__IMPORT_LIKELY_BY_NAME:
        return _("name");
    case IMPORT_LIKELY_BY__IMPORT_LIKELY_BY_TAX_ID:
        return _("tax id");
    case IMPORT_LIKELY_BY__IMPORT_LIKELY_BY_PHONE:
        return _("phone");
    case IMPORT_LIKELY_BY__IMPORT_LIKELY_BY_UNSET:
    case _IMPORT_LIKELY_BY_IS_INT_SIZE:
    default:
        return "";
    }
}

static const char *line_of(struct client *client, const struct likely *likely)
{
    const char *line = arena_print(client->arena, "%u  %s  %s  =  %s  %s  (%s)", likely->row,
                                   likely->reference, likely->name, likely->found->customer,
                                   likely->found->name, by_word(likely->found->by));
    return line != NULL ? client_safe(client, line) : "";
}

void likely_print(struct client *client, const struct likely_list *list)
{
    if (list->count == 0) {
        return;
    }
    (void)printf(_("%zu of %zu customers of the file may be here already:"), list->count,
                 list->people);
    (void)putchar('\n');
    const size_t shown =
        client->options.verbose || list->count < LIKELY_SHOWN ? list->count : LIKELY_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        (void)printf("  %s\n", line_of(client, &list->row[i]));
    }
    if (shown < list->count) {
        (void)printf("  ");
        (void)printf(_("and %zu more"), list->count - shown);
        (void)putchar('\n');
    }
    (void)fflush(stdout);
}

enum status likely_refuse(struct client *client, const struct likely_list *list)
{
    const struct likely *first = &list->row[0];
    client->fault = arena_print(client->arena,
                                _("%zu customers of the file may be here already: nothing was "
                                  "imported"),
                                list->count);
    client_hint(client, arena_print(client->arena, "--same '%s=%s'   %s",
                                    client_safe(client, first->reference), first->found->customer,
                                    _("it is that customer")));
    client_hint(client, arena_print(client->arena, "--as-new   %s",
                                    _("they are others: make customers of them")));
    return STATUS_NEEDS_REVIEW;
}
