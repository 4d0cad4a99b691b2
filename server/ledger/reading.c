// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/reading.h"

#include "server/ledger/books.h"
#include "server/ledger/finding.h"
#include "shared/money.h"
#include "shared/wire.h"

enum status reading_load(struct txn *txn, struct call *call, enum table table, uint64_t id,
                         const char *field, ProtobufCMessage **out)
{
    assert(field != NULL);
    enum status status = rows_get(txn, table, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? refuse(txn, call, status, field, NULL) : status;
}

enum status reading_book(struct txn *txn, BookRecord **out)
{
    enum status status = book_get(txn, key_u64(BOOK_KEY), out);
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

char *reading_constant(const char *text)
{
    return (char *)(uintptr_t)text;
}

enum status reading_customer(struct txn *txn, struct call *call, uint64_t id,
                             struct customer_label *out)
{
    *out = (struct customer_label){.number = reading_constant(""), .name = reading_constant("")};
    if (id == 0) {
        return STATUS_OK;
    }
    CustomerRecord *customer = NULL;
    enum status status = customer_get(txn, key_u64(id), &customer);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    out->number = ident_print(call->arena, SERIES_CUSTOMER, 0, customer->sequence);
    if (out->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    return rows_text(txn, customer, "name", 0, &out->name);
}

enum status reading_login(struct txn *txn, uint64_t user_id, char **out)
{
    *out = reading_constant("");
    UserRecord *user = NULL;
    if (user_id == 0) {
        return STATUS_OK;
    }
    enum status status = user_get(txn, key_u64(user_id), &user);
    if (status == STATUS_OK) {
        *out = user->login;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

uint32_t reading_view_currency(const BookRecord *book, const char *currency)
{
    if (currency[0] == '\0') {
        return VIEW_EVERYTHING;
    }
    return strcmp(currency, book->currency) == 0 ? (uint32_t)VIEW_BOOK : money_letters(currency);
}

enum status reading_currencies(struct call *call, const BookRecord *book,
                               const struct open_query *query, CurrencyOpen ***out, size_t *count)
{
    struct currency_sum *sum = NULL;
    size_t sums = 0;
    const enum status status =
        views_currencies(call->views, call->filter, query, call->arena, &sum, &sums);
    CurrencyOpen *row = arena_alloc(call->arena, (sums + 1) * sizeof *row);
    *out = arena_alloc(call->arena, (sums + 1) * sizeof **out);
    if (status != STATUS_OK || row == NULL || *out == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < sums; i++) {
        const bool is_told = sum[i].open_minor != 0 || sum[i].on_account_minor != 0;
        const bool is_asked = sum[i].currency == query->currency ||
                              (query->currency == VIEW_EVERYTHING && sum[i].currency == VIEW_BOOK);
        char *code = arena_copy(call->arena, book->currency, strlen(book->currency));
        if (code == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (sum[i].currency != VIEW_BOOK) {
            money_code(sum[i].currency, code);
        }
        if (!is_told || is_asked) {
            continue;
        }
        currency_open__init(&row[*count]);
        row[*count].currency = code;
        row[*count].open_minor = sum[i].open_minor;
        row[*count].on_account_minor = sum[i].on_account_minor;
        (*out)[*count] = &row[*count];
        (*count)++;
    }
    return STATUS_OK;
}

enum status reading_finding(struct txn *txn, struct call *call, uint64_t id, char **out)
{
    *out = reading_constant("");
    FindingRecord *finding = NULL;
    enum status status = id == 0 ? STATUS_NOT_FOUND : finding_get(txn, key_u64(id), &finding);
    if (status == STATUS_OK) {
        *out = finding_number(call->arena, finding);
        status = *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status reading_document(struct call *call, uint64_t id, char **out)
{
    const enum table tables[] = {TABLE_invoice, TABLE_payment, TABLE_entry, TABLE_clearing};

    *out = reading_constant("");
    for (size_t i = 0; i < COUNT_OF(tables) && id != 0; i++) {
        struct view_document document;
        if (!views_document(call->views, call->filter, tables[i], id, &document)) {
            continue;
        }
        if (document.sequence != 0) {
            *out = ident_print(call->arena, document.series, document.year, document.sequence);
        }
        return *out == NULL ? STATUS_TOO_LARGE : STATUS_OK;
    }
    return STATUS_OK;
}

enum status reading_object(struct txn *txn, struct call *call, uint64_t id, char **out)
{
    enum status status = reading_document(call, id, out);
    if (status != STATUS_OK || (*out)[0] != '\0') {
        return status;
    }
    struct customer_label customer;
    status = reading_customer(txn, call, id, &customer);
    if (status == STATUS_OK) {
        *out = customer.number;
    }
    return status;
}

bool reading_may(const struct call *call, enum permission permission)
{
    return call->rights == NULL || rights_scope(call->rights, permission) != SCOPE_NONE;
}

enum permission reading_list_permission(const struct command *command)
{
    static const struct {
        const char *noun;
        enum permission permission;
    } NOUNS[] = {
        {"approval_", PERMISSION_APPROVAL_LIST}, {"customer_", PERMISSION_CUSTOMER_LIST},
        {"invoice_", PERMISSION_INVOICE_LIST},   {"payment_", PERMISSION_PAYMENT_LIST},
        {"entry_", PERMISSION_ENTRY_LIST},       {"import_", PERMISSION_IMPORT_RUN},
        {"user_", PERMISSION_USER_LIST},         {"device_", PERMISSION_DEVICE_LIST},
        {"rule_", PERMISSION_RULE_LIST},         {"role_", PERMISSION_ROLE_LIST},
        {"refund_", PERMISSION_REFUND_LIST},     {"writeoff_", PERMISSION_WRITEOFF_LIST},
        {"provision_", PERMISSION_REPORT_TRIAL}, {"settlement_", PERMISSION_PAYMENT_LIST},
        {"cost_", PERMISSION_COST_LIST},         {"campaign_", PERMISSION_COST_LIST},
    };

    for (size_t i = 0; i < COUNT_OF(NOUNS); i++) {
        if (strncmp(command->name, NOUNS[i].noun, strlen(NOUNS[i].noun)) == 0) {
            return NOUNS[i].permission;
        }
    }
    return PERMISSION_SYSTEM;
}

enum status reading_meant(struct txn *txn, struct call *call, const JournalRecord *record,
                          char **out)
{
    ProtobufCMessage *request = NULL;
    *out = reading_constant("");
    enum status status = wire_unpack(call->arena, &request__descriptor,
                                     bytes_of(record->request.data, record->request.len), &request);
    const ProtobufCMessage *inner =
        status == STATUS_OK ? wire_inner(request, record->command) : NULL;
    if (inner == NULL) {
        return status == STATUS_MALFORMED ? STATUS_OK : status;
    }
    // The first reference says it: what stands behind it belongs to that.
    for (unsigned i = 0; i < inner->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &inner->descriptor->fields[i];
        uint64_t id = 0;
        if (field->type == PROTOBUF_C_TYPE_FIXED64 && field->label == PROTOBUF_C_LABEL_NONE) {
            memcpy(&id, (const uint8_t *)inner + field->offset, sizeof id);
        }
        if (id != 0) {
            return reading_object(txn, call, id, out);
        }
    }
    return STATUS_OK;
}

char *reading_hex(struct arena *arena, const uint8_t *bytes, size_t size)
{
    static const char DIGITS[] = "0123456789abcdef";
    char *text = arena_alloc(arena, 2 * size + 1);
    for (size_t i = 0; text != NULL && i < size; i++) {
        text[2 * i] = DIGITS[bytes[i] >> 4];
        text[2 * i + 1] = DIGITS[bytes[i] & 15];
    }
    return text;
}

struct reply_room reading_room(const struct call *call, uint32_t limit)
{
    size_t rows = limit == 0 || limit > REPLY_ROWS_MAX ? REPLY_ROWS_MAX : limit;
    return (struct reply_room){.limit = rows, .bytes = REPLY_ROWS_BYTES, .arena = call->arena};
}

bool reading_fits(struct reply_room *room, const ProtobufCMessage *row)
{
    const size_t head = 6; // tag and length of the row
    size_t size = protobuf_c_message_get_packed_size(row) + head;
    if (size > room->bytes || arena_used(room->arena) > CALL_ARENA_MAX / 4 * 3) {
        return false;
    }
    room->bytes -= size;
    return true;
}

enum status reading_page(struct call *call, uint64_t count, uint64_t skip, size_t rows, Page **out)
{
    bool more = rows > 0 && skip + rows < count;
    Page *page = cursor_page(call->arena, count, more ? skip + rows : 0);
    if (page == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = page;
    return STATUS_OK;
}

enum status reading_documents(struct txn *txn, struct call *call,
                              const struct document_query *query, const char *cursor,
                              uint32_t limit, struct document_page *page)
{
    assert(page->descriptor != NULL && page->fill != NULL);
    uint64_t skip = 0;
    enum status status = skip_parse(txn, call, cursor, &skip);
    if (status == STATUS_OK) {
        status = views_documents(call->views, call->filter, query, skip, cursor_limit(limit),
                                 call->arena, &page->matches);
    }
    if (status != STATUS_OK) {
        return status;
    }
    page->row = arena_alloc(call->arena, (page->matches.count + 1) * sizeof *page->row);
    if (page->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct reply_room room = reading_room(call, 0);
    for (size_t i = 0; i < page->matches.count && status == STATUS_OK; i++) {
        ProtobufCMessage *row = wire_make(call->arena, page->descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        status = page->fill(txn, call, page->matches.id[i], row);
        if (status == STATUS_OK && !reading_fits(&room, row)) {
            break;
        }
        page->row[page->count++] = row;
    }
    return status == STATUS_OK
               ? reading_page(call, page->matches.total_count, skip, page->count, &page->page)
               : status;
}

bool reading_sees_all(const struct call *call)
{
    return call->filter == NULL || call->filter->scope == SCOPE_ALL;
}

uint64_t reading_find_customer(struct call *call, const char *folded)
{
    enum series series = SERIES_CUSTOMER;
    uint32_t year = 0;
    uint32_t sequence = 0;
    if (ident_parse(folded, &series, &year, &sequence) && series == SERIES_CUSTOMER) {
        return views_by_number(call->views, call->filter, series, year, sequence);
    }
    uint64_t ids[2];
    size_t count = views_by_text(call->views, call->filter, TABLE_customer, folded, call->arena,
                                 ids, COUNT_OF(ids));
    return count == 1 ? ids[0] : 0;
}

uint64_t reading_find_user(struct call *call, const char *folded)
{
    uint64_t id = 0;
    if (strcmp(folded, "me") == 0) {
        return call->user_id;
    }
    size_t count =
        views_by_text(call->views, call->filter, TABLE_user, folded, call->arena, &id, 1);
    return count == 1 ? id : 0;
}
