// SPDX-License-Identifier: Apache-2.0
#include "server/ops/facts.h"

#include "server/ledger/account.h"
#include "server/ledger/books.h"
#include "server/ledger/method.h"
#include "shared/money.h"
#include "shared/text.h"
#include "shared/wire.h"

#include <inttypes.h>

#define ROOM_FIRST 64

// ---- columns ----

void facts_keep(struct facts *facts, struct fact_column *column, const void *item)
{
    if (column->count == column->room) {
        const size_t room = column->room == 0 ? ROOM_FIRST : column->room * 2;
        void *data = arena_alloc(facts->arena, room * column->item_size);
        if (data == NULL) {
            facts->exhausted = true;
            return;
        }
        if (column->count > 0) {
            memcpy(data, column->data, column->count * column->item_size);
        }
        column->data = data;
        column->room = room;
    }
    memcpy((uint8_t *)column->data + column->count * column->item_size, item, column->item_size);
    column->count++;
}

void facts_sort(struct fact_column *column, int (*compare)(const void *a, const void *b))
{
    if (column->count > 1) {
        qsort(column->data, column->count, column->item_size, compare);
    }
}

static uint64_t id_at(const struct fact_column *column, size_t index)
{
    uint64_t id;
    memcpy(&id, (const uint8_t *)column->data + index * column->item_size, sizeof id);
    return id;
}

void *facts_find(const struct fact_column *column, uint64_t id)
{
    size_t low = 0;
    size_t high = column->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (id_at(column, middle) < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const bool found = low < column->count && id_at(column, low) == id;
    return found ? (uint8_t *)column->data + low * column->item_size : NULL;
}

int64_t facts_sum(struct facts *facts, int64_t a, int64_t b)
{
    int64_t total = 0;
    if (!money_add(a, b, &total)) {
        verify_find(facts->report, STATUS_TAMPERED, "a sum of amounts does not fit");
    }
    return total;
}

#define COLUMN(facts, name, type) (facts)->name.item_size = sizeof(struct type)

void facts_init(struct facts *facts, struct store *store, struct arena *arena,
                struct verify_report *report)
{
    *facts = (struct facts){.store = store, .arena = arena, .report = report};
    COLUMN(facts, account, fact_account);
    COLUMN(facts, item, fact_item);
    COLUMN(facts, allocation, fact_allocation);
    COLUMN(facts, move, fact_move);
    COLUMN(facts, settling, fact_settling);
    COLUMN(facts, balance, fact_balance);
    COLUMN(facts, number, fact_number);
    COLUMN(facts, counter, fact_counter);
    COLUMN(facts, part, fact_part);
    COLUMN(facts, tax, fact_tax);
    COLUMN(facts, customer, fact_id);
    COLUMN(facts, invoice, fact_id);
    COLUMN(facts, payment, fact_id);
    COLUMN(facts, entry, fact_id);
    COLUMN(facts, user, fact_id);
    COLUMN(facts, device, fact_id);
    COLUMN(facts, import, fact_id);
    COLUMN(facts, open_item, fact_pair);
    COLUMN(facts, foreign_item, fact_pair);
    COLUMN(facts, settled_by, fact_pair);
    COLUMN(facts, on_way, fact_pair);
    COLUMN(facts, on_way_of, fact_pair);
    COLUMN(facts, unique, fact_hash);
    COLUMN(facts, login, fact_hash);
    COLUMN(facts, device_key, fact_hash);
    COLUMN(facts, unique_of, fact_hash);
    COLUMN(facts, login_of, fact_hash);
    COLUMN(facts, device_of, fact_hash);
    COLUMN(facts, request, fact_request);
    COLUMN(facts, outcome, fact_outcome);
    COLUMN(facts, order, fact_part_of);
    COLUMN(facts, uncleared, fact_part_of);
    COLUMN(facts, bank_statement, fact_id);
    COLUMN(facts, bank_line, fact_bank_line);
    COLUMN(facts, bank_wait, fact_pair);
    COLUMN(facts, cleared, fact_clearing);
}

// ---- one row of each table ----

static void keep_hash(struct facts *facts, struct fact_column *column, const uint8_t *hash,
                      uint64_t id)
{
    struct fact_hash fact = {.id = id};
    memcpy(fact.hash, hash, sizeof fact.hash);
    facts_keep(facts, column, &fact);
}

static void keep_id(struct facts *facts, struct fact_column *column, uint64_t id)
{
    facts_keep(facts, column, &(struct fact_id){.id = id});
}

static void keep_number(struct facts *facts, enum series series, uint32_t year, uint32_t sequence)
{
    facts_keep(facts, &facts->number,
               &(struct fact_number){.series = series, .year = year, .sequence = sequence});
}

void facts_keep_number(struct facts *facts, enum series series, uint32_t year, uint32_t sequence)
{
    keep_number(facts, series, year, sequence);
}

static void take_account(struct facts *facts, const AccountRecord *record)
{
    facts_keep(facts, &facts->account,
               &(struct fact_account){.code = record->code,
                                      .is_control = record->control,
                                      .is_advances = record->role == ACCOUNT_ADVANCES,
                                      .is_tax = account_is_tax(record),
                                      .debit_minor = record->debit_minor,
                                      .credit_minor = record->credit_minor});
}

static void take_customer(struct facts *facts, const CustomerRecord *record)
{
    keep_id(facts, &facts->customer, record->id);
    keep_number(facts, SERIES_CUSTOMER, 0, record->sequence);
    for (size_t i = 0; i < record->n_unique; i++) {
        if (record->unique[i]->hash.len == 16) {
            keep_hash(facts, &facts->unique_of, record->unique[i]->hash.data, record->id);
        }
    }
}

// A document in another currency: net and tax in the book's are the sums of its lines.
static bool is_converted(struct facts *facts, const InvoiceRecord *record)
{
    int64_t net = 0;
    int64_t tax = 0;
    for (size_t i = 0; i < record->n_book_line_net_minor; i++) {
        net = facts_sum(facts, net, record->book_line_net_minor[i]);
    }
    for (size_t i = 0; i < record->n_book_line_tax_minor; i++) {
        tax = facts_sum(facts, tax, record->book_line_tax_minor[i]);
    }
    return record->n_book_line_net_minor == record->n_line &&
           record->n_book_line_tax_minor == record->n_line && net == record->book_net_minor &&
           tax == record->book_tax_minor && record->rate_micro > 0;
}

// Net and tax are gross, line by line and together; the parts are the gross (domain.md d.15, 6).
static void check_amounts(struct facts *facts, const InvoiceRecord *record)
{
    verify_at(facts->report, INVARIANT_DOCUMENT);
    int64_t net = 0;
    int64_t tax = 0;
    int64_t parts = 0;
    bool sound = true;
    for (size_t i = 0; i < record->n_line; i++) {
        const InvoiceLine *line = record->line[i];
        net = facts_sum(facts, net, line->net_minor);
        tax = facts_sum(facts, tax, line->tax_minor);
        sound = sound && facts_sum(facts, line->net_minor, line->tax_minor) == line->gross_minor;
    }
    for (size_t i = 0; i < record->n_part; i++) {
        parts = facts_sum(facts, parts, record->part[i]->amount_minor);
    }
    if (!sound || net != record->net_minor || tax != record->tax_minor ||
        facts_sum(facts, net, tax) != record->gross_minor) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "invoice %" PRIu64 ": net and tax are not gross", record->id);
    }
    if (record->currency[0] != '\0' && !is_converted(facts, record)) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "invoice %" PRIu64 ": its lines in the book's currency are not their sums",
                    record->id);
    }
    if (record->sequence != 0 && parts != record->gross_minor) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "invoice %" PRIu64 ": its parts are not its gross", record->id);
    }
}

// The amount of an item is what is a part of the document still, and what was rescheduled of it,
// perhaps more than once (InvoiceRecord.earlier).
static void take_parts(struct facts *facts, const InvoiceRecord *record)
{
    for (size_t i = 0; i < record->n_part; i++) {
        const InvoicePart *part = record->part[i];
        int64_t amount = part->amount_minor;
        for (size_t k = 0; k < record->n_earlier; k++) {
            const InvoiceEarlierPart *earlier = record->earlier[k];
            const bool is_of_it = earlier->item_id == part->item_id;
            amount = is_of_it ? facts_sum(facts, amount, earlier->amount_minor) : amount;
        }
        if (part->amount_minor != 0) {
            facts_keep(facts, &facts->part,
                       &(struct fact_part){.item_id = part->item_id,
                                           .document_id = record->id,
                                           .amount_minor = amount});
        }
    }
}

static void take_invoice(struct facts *facts, const InvoiceRecord *record)
{
    keep_id(facts, &facts->invoice, record->id);
    check_amounts(facts, record);
    const bool is_numbered = record->state == INVOICE_STATE__INVOICE_STATE_ISSUED ||
                             record->state == INVOICE_STATE__INVOICE_STATE_REVERSED;
    if (!is_numbered) {
        return;
    }
    keep_number(facts, ident_of_document(record->kind), record->year, record->sequence);
    const int64_t tax_minor =
        record->currency[0] != '\0' ? record->book_tax_minor : record->tax_minor;
    if (tax_minor != 0) {
        facts_keep(facts, &facts->tax,
                   &(struct fact_tax){.entry_id = record->entry_id,
                                      .day = record->date_day,
                                      .document_minor = tax_minor});
    }
    take_parts(facts, record);
}

static void take_payment(struct facts *facts, const PaymentRecord *record)
{
    keep_id(facts, &facts->payment, record->id);
    keep_number(facts, SERIES_PAYMENT, record->year, record->sequence);
    if (record->settles_day != 0 && record->settled_line_id == 0 &&
        record->state == PAYMENT_STATE__PAYMENT_STATE_POSTED) {
        facts_keep(facts, &facts->uncleared,
                   &(struct fact_part_of){.customer_id = record->customer_id,
                                          .amount_minor = record->amount_minor});
        const struct row_key key = method_way_key(record->settles_day, record->id);
        facts_keep(facts, &facts->on_way_of,
                   &(struct fact_pair){.first = row_key_first(&key), .second = record->id});
    }
}

static void take_item(struct facts *facts, const ItemRecord *record)
{
    const bool is_debit = record->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
    if (record->amount_minor <= 0 || (!is_debit && record->side != ITEM_SIDE__ITEM_SIDE_CREDIT)) {
        verify_find(facts->report, STATUS_TAMPERED, "item %" PRIu64 ": no side or no amount",
                    record->id);
    }
    facts_keep(facts, &facts->item,
               &(struct fact_item){.id = record->id,
                                   .customer_id = record->customer_id,
                                   .document_id = record->document_id,
                                   .amount_minor = record->amount_minor,
                                   .open_minor = record->open_minor,
                                   .foreign_minor = record->foreign_minor,
                                   .foreign_open_minor = record->foreign_open_minor,
                                   .currency = money_letters(record->currency),
                                   .date_day = record->date_day,
                                   .account = record->account,
                                   .is_debit = is_debit});
    facts_keep(
        facts, &facts->move,
        &(struct fact_move){.customer_id = record->customer_id,
                            .account = record->account,
                            .day = record->date_day,
                            .item_minor = is_debit ? record->amount_minor : -record->amount_minor});
}

static void take_allocation(struct facts *facts, const AllocationRecord *record)
{
    facts_keep(facts, &facts->allocation,
               &(struct fact_allocation){.id = record->id,
                                         .debit_id = record->debit_id,
                                         .credit_id = record->credit_id,
                                         .customer_id = record->customer_id,
                                         .reverses_id = record->reverses_id,
                                         .reversed_by_id = record->reversed_by_id,
                                         .amount_minor = record->amount_minor,
                                         .foreign_minor = record->foreign_minor,
                                         .effective_day = record->effective_day});
}

static void take_line(struct facts *facts, const EntryRecord *record, const PostingLine *line)
{
    struct fact_account *account = facts_find(&facts->account, line->account);
    if (account == NULL) {
        verify_find(facts->report, STATUS_INCOMPLETE,
                    "entry %" PRIu64 ": account %" PRIu32 " is missing", record->id, line->account);
        return;
    }
    account->debits_minor = facts_sum(facts, account->debits_minor, line->debit_minor);
    account->credits_minor = facts_sum(facts, account->credits_minor, line->credit_minor);
    const int64_t moved_minor =
        facts_sum(facts, line->debit_minor, facts_sum(facts, 0, -line->credit_minor));
    if (account->is_tax && record->document_id != 0) {
        facts_keep(facts, &facts->tax,
                   &(struct fact_tax){.entry_id = record->id,
                                      .day = record->date_day,
                                      .ledger_minor = facts_sum(facts, 0, -moved_minor)});
    }
    if (!account->is_control) {
        return;
    }
    if (line->customer_id == 0) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "entry %" PRIu64 ": a control account without a customer", record->id);
    }
    facts_keep(facts, &facts->move,
               &(struct fact_move){.customer_id = line->customer_id,
                                   .account = line->account,
                                   .day = record->date_day,
                                   .ledger_minor = moved_minor});
}

static void take_entry(struct facts *facts, const EntryRecord *record)
{
    keep_id(facts, &facts->entry, record->id);
    keep_number(facts, SERIES_ENTRY, record->year, record->sequence);
    verify_at(facts->report, INVARIANT_ENTRY);
    int64_t difference = 0;
    for (size_t i = 0; i < record->n_line; i++) {
        const PostingLine *line = record->line[i];
        difference = facts_sum(facts, difference, line->debit_minor);
        difference = facts_sum(facts, difference, -line->credit_minor);
        take_line(facts, record, line);
    }
    if (difference != 0) {
        verify_find(facts->report, STATUS_TAMPERED, "entry %" PRIu64 " does not balance",
                    record->id);
    }
}

static void take_user(struct facts *facts, const UserRecord *record)
{
    keep_id(facts, &facts->user, record->id);
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024);
    const char *folded = arena != NULL ? text_fold(arena, record->login) : NULL;
    if (folded == NULL) {
        facts->exhausted = true;
        return;
    }
    uint8_t hash[16];
    store_hash(facts->store, "login", bytes_of(folded, strlen(folded)), hash);
    keep_hash(facts, &facts->login_of, hash, record->id);
}

static void take_device(struct facts *facts, const DeviceRecord *record)
{
    keep_id(facts, &facts->device, record->id);
    uint8_t hash[16];
    store_hash(facts->store, "device", bytes_of(record->key.data, record->key.len), hash);
    keep_hash(facts, &facts->device_of, hash, record->id);
}

static void take_journal(struct facts *facts, const JournalRecord *record)
{
    struct fact_request fact = {.number = record->number, .status = record->status};
    if (record->key.len == sizeof fact.key) {
        memcpy(fact.key, record->key.data, sizeof fact.key);
    }
    facts_keep(facts, &facts->request, &fact);
}

static void take_outcome(struct facts *facts, const struct row_key *key,
                         const OutcomeRecord *record)
{
    struct fact_outcome fact = {.number = record->number, .status = record->status};
    memcpy(fact.key, key->bytes, sizeof fact.key);
    facts_keep(facts, &facts->outcome, &fact);
}

static void take_balance(struct facts *facts, const struct row_key *key,
                         const BalanceRecord *record)
{
    facts_keep(facts, &facts->balance,
               &(struct fact_balance){.customer_id = row_key_first(key),
                                      .receivable_minor = record->receivable_minor,
                                      .advance_minor = record->advance_minor,
                                      .ordered_minor = record->ordered_minor,
                                      .uncleared_minor = record->uncleared_minor});
}

static void take_order(struct facts *facts, const OrderRecord *record)
{
    keep_number(facts, SERIES_ORDER, 0, record->sequence);
    if (record->state == ORDER_STATE__ORDER_STATE_CONFIRMED ||
        record->state == ORDER_STATE__ORDER_STATE_DELIVERED) {
        const bool is_foreign = record->currency[0] != '\0';
        int64_t left_minor = is_foreign ? record->book_gross_minor : record->gross_minor;
        for (size_t i = 0; i < record->n_part; i++) {
            left_minor -= record->part[i]->book_minor;
        }
        facts_keep(
            facts, &facts->order,
            &(struct fact_part_of){.customer_id = record->customer_id, .amount_minor = left_minor});
    }
}

// ---- every row ----

// Tables whose key is the record's own id. True when both agree.
static bool key_is_id(enum table table, const struct row_key *key, const ProtobufCMessage *record)
{
    switch ((int)table) {
    case TABLE_journal:
    case TABLE_customer:
    case TABLE_invoice:
    case TABLE_payment:
    case TABLE_clearing:
    case TABLE_cost:
    case TABLE_campaign:
    case TABLE_order:
    case TABLE_catalogue:
    case TABLE_template:
    case TABLE_recurring:
    case TABLE_item:
    case TABLE_allocation:
    case TABLE_entry:
    case TABLE_user:
    case TABLE_device:
    case TABLE_session:
    case TABLE_factor:
    case TABLE_import:
    case TABLE_role:
    case TABLE_export:
    case TABLE_approval:
    case TABLE_hold: {
        // The id is the first field of each of these messages.
        uint64_t id;
        memcpy(&id, (const uint8_t *)record + record->descriptor->fields[0].offset, sizeof id);
        return record->descriptor->fields[0].type == PROTOBUF_C_TYPE_FIXED64 &&
               row_key_first(key) == id;
    }
    case TABLE_rule:
        return row_key_first(key) == ((const RuleRecord *)record)->control;
    case TABLE_account:
        return row_key_first(key) == ((const AccountRecord *)record)->code;
    case TABLE_open_item:
    case TABLE_settled_by:
    case TABLE_on_way:
        return row_key_second(key) == ((const IdRecord *)record)->id;
    default:
        return true;
    }
}

static void take_index(struct facts *facts, enum table table, const struct row_key *key,
                       const IdRecord *record)
{
    switch ((int)table) {
    case TABLE_open_item:
        facts_keep(facts, &facts->open_item,
                   &(struct fact_pair){.first = row_key_first(key), .second = row_key_second(key)});
        break;
    case TABLE_settled_by:
        facts_keep(facts, &facts->settled_by,
                   &(struct fact_pair){.first = row_key_first(key), .second = row_key_second(key)});
        break;
    case TABLE_on_way:
        facts_keep(facts, &facts->on_way,
                   &(struct fact_pair){.first = row_key_first(key), .second = row_key_second(key)});
        break;
    case TABLE_unique:
        keep_hash(facts, &facts->unique, key->bytes, record->id);
        break;
    case TABLE_login:
        keep_hash(facts, &facts->login, key->bytes, record->id);
        break;
    case TABLE_device_key:
        keep_hash(facts, &facts->device_key, key->bytes, record->id);
        break;
    default:
        break;
    }
}

static void take_foreign_item(struct facts *facts, const struct row_key *key)
{
    facts_keep(facts, &facts->foreign_item,
               &(struct fact_pair){.first = row_key_first(key), .second = row_key_second(key)});
}

static void take_counter(struct facts *facts, const struct row_key *key,
                         const CounterRecord *record)
{
    facts_keep(facts, &facts->counter,
               &(struct fact_counter){.key = row_key_first(key), .next = record->next});
}

// Rows of which nothing is kept but their number. `year`: where it stands in the record; 0: numbers
// of this series do not begin anew with a year.
static const struct {
    enum table table;
    enum series series;
    size_t sequence, year;
} NUMBERED[] = {
    {TABLE_approval, SERIES_APPROVAL, offsetof(ApprovalRecord, sequence), 0},
    {TABLE_finding, SERIES_FINDING, offsetof(FindingRecord, sequence), 0},
    {TABLE_promise, SERIES_PROMISE, offsetof(PromiseRecord, sequence), 0},
    {TABLE_recurring, SERIES_RECURRING, offsetof(RecurringRecord, sequence), 0},
    {TABLE_cost, SERIES_COST, offsetof(CostRecord, sequence), offsetof(CostRecord, year)},
    {TABLE_issued, SERIES_STATEMENT, offsetof(IssuedRecord, sequence),
     offsetof(IssuedRecord, year)},
    {TABLE_dunning, SERIES_DUNNING, offsetof(DunningRecord, sequence),
     offsetof(DunningRecord, year)},
};

static uint32_t number_at(const ProtobufCMessage *record, size_t offset)
{
    uint32_t number = 0;
    memcpy(&number, (const uint8_t *)record + offset, sizeof number);
    return number;
}

// false: the table is none of them.
static bool take_numbered(struct facts *facts, enum table table, const ProtobufCMessage *record)
{
    for (size_t i = 0; i < COUNT_OF(NUMBERED); i++) {
        if (NUMBERED[i].table == table) {
            const size_t year = NUMBERED[i].year;
            keep_number(facts, NUMBERED[i].series, year != 0 ? number_at(record, year) : 0,
                        number_at(record, NUMBERED[i].sequence));
            return true;
        }
    }
    return false;
}

// Of several series: its record says of which.
static void take_clearing(struct facts *facts, const ClearingRecord *record)
{
    keep_number(facts, record->series, record->year, record->sequence);
}

static void take_import(struct facts *facts, const ImportRecord *record)
{
    keep_id(facts, &facts->import, record->id);
    keep_number(facts, SERIES_IMPORT, 0, record->sequence);
}

// The row of the tasks has no number.
static void take_checklist(struct facts *facts, const ChecklistRecord *record)
{
    if (record->id != 0) {
        keep_number(facts, SERIES_CHECKLIST, 0, record->sequence);
    }
}

static void check_key(struct facts *facts, enum table table, const struct row_key *key,
                      const ProtobufCMessage *record)
{
    facts->report->at = INVARIANT_INDEX;
    if (!key_is_id(table, key, record)) {
        verify_find(facts->report, STATUS_TAMPERED,
                    "table %s, key %" PRIu64 ": the row is another's", table_name(table),
                    row_key_first(key));
    }
}

void facts_take(struct facts *facts, enum table table, const struct row_key *key,
                const ProtobufCMessage *record)
{
    check_key(facts, table, key, record);
    if (facts_take_bank(facts, table, key, record) || take_numbered(facts, table, record)) {
        return;
    }
    switch ((int)table) {
    case TABLE_journal:
        take_journal(facts, (const JournalRecord *)record);
        break;
    case TABLE_outcome:
        take_outcome(facts, key, (const OutcomeRecord *)record);
        break;
    case TABLE_counter:
        take_counter(facts, key, (const CounterRecord *)record);
        break;
    case TABLE_customer:
        take_customer(facts, (const CustomerRecord *)record);
        break;
    case TABLE_invoice:
        take_invoice(facts, (const InvoiceRecord *)record);
        break;
    case TABLE_payment:
        take_payment(facts, (const PaymentRecord *)record);
        break;
    case TABLE_clearing:
        take_clearing(facts, (const ClearingRecord *)record);
        break;
    case TABLE_item:
        take_item(facts, (const ItemRecord *)record);
        break;
    case TABLE_allocation:
        take_allocation(facts, (const AllocationRecord *)record);
        break;
    case TABLE_entry:
        take_entry(facts, (const EntryRecord *)record);
        break;
    case TABLE_account:
        take_account(facts, (const AccountRecord *)record);
        break;
    case TABLE_user:
        take_user(facts, (const UserRecord *)record);
        break;
    case TABLE_device:
        take_device(facts, (const DeviceRecord *)record);
        break;
    case TABLE_import:
        take_import(facts, (const ImportRecord *)record);
        break;
    case TABLE_checklist:
        take_checklist(facts, (const ChecklistRecord *)record);
        break;
    case TABLE_order:
        take_order(facts, (const OrderRecord *)record);
        break;
    case TABLE_balance:
        take_balance(facts, key, (const BalanceRecord *)record);
        break;
    case TABLE_foreign_item:
        take_foreign_item(facts, key);
        break;
    default:
        if (record->descriptor == &id_record__descriptor) {
            take_index(facts, table, key, (const IdRecord *)record);
        }
        break;
    }
}

enum status facts_take_row(struct facts *facts, const struct walk_row *row)
{
    ProtobufCMessage *record = NULL;
    const enum status status =
        wire_unpack(row->arena, table_record(row->table), row->packed, &record);
    if (status == STATUS_MALFORMED) {
        verify_find(facts->report, STATUS_TAMPERED, "table %s: a row is not of its kind",
                    table_name(row->table));
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return STATUS_ENVIRONMENT;
    }
    facts_take(facts, row->table, &row->key, record);
    return facts->exhausted ? STATUS_ENVIRONMENT : STATUS_OK;
}
