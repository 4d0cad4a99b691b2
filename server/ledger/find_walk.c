// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/find_walk.h"

#include "server/ledger/approval.h"
#include "server/ledger/audit.h"
#include "server/ledger/bank.h"
#include "server/ledger/checklist.h"
#include "server/ledger/cost.h"
#include "server/ledger/dunning.h"
#include "server/ledger/finding.h"
#include "server/ledger/issued.h"
#include "server/ledger/order.h"
#include "server/ledger/promise.h"
#include "server/ledger/reading.h"
#include "server/ledger/recurring.h"
#include "shared/text.h"
#include "shared/wire.h"

// Number and name of a record as people say them; false when the caller may not know of it.
typedef bool label_function(struct call *call, const ProtobufCMessage *record, FindRow *row);

static bool may(const struct call *call, enum permission permission)
{
    return call->rights == NULL || rights_scope(call->rights, permission) != SCOPE_NONE;
}

static bool label_role(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    const RoleRecord *role = (const RoleRecord *)record;
    row->number = role->word;
    row->name = role->name;
    return may(call, PERMISSION_ROLE_LIST);
}

static bool label_approval(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    const ApprovalRecord *approval = (const ApprovalRecord *)record;
    row->number = approval_number(call, approval);
    row->name = audit_action(call->arena, command_by_number(approval->command)->name);
    return approval_may_see(call, approval);
}

static bool label_checklist(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    const ChecklistRecord *item = (const ChecklistRecord *)record;
    row->number = checklist_number(call->arena, item);
    return item->id != CHECKLIST_TASKS_KEY && may(call, PERMISSION_CHECKLIST_LIST);
}

static bool label_finding(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    const FindingRecord *finding = (const FindingRecord *)record;
    row->number = finding_number(call->arena, finding);
    row->name = finding->title;
    return may(call, PERMISSION_FINDING_LIST);
}

static bool label_statement(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = issued_number(call->arena, (const IssuedRecord *)record);
    row->name = reading_constant("");
    return may(call, PERMISSION_STATEMENT_SHOW);
}

static bool label_bank(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    const BankRecord *bank = (const BankRecord *)record;
    row->number = bank_account(call->arena, bank->account);
    row->name = bank->name;
    return may(call, PERMISSION_BANK_LIST);
}

static bool label_bank_statement(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = bank_statement_number(call->arena, (const BankStatementRecord *)record);
    return may(call, PERMISSION_BANK_LIST);
}

static bool label_bank_line(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = bank_line_number(call->arena, (const BankLineRecord *)record);
    return may(call, PERMISSION_RECONCILE_LIST);
}

// The kinds have no name: they are words of the language.
static bool label_method(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    const MethodRecord *method = (const MethodRecord *)record;
    row->number = method->name;
    return method->id != 0 &&
           (may(call, PERMISSION_METHOD_LIST) || may(call, PERMISSION_PAYMENT_ADD));
}

static bool label_item(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    const CatalogueRecord *item = (const CatalogueRecord *)record;
    row->number = item->code;
    row->name = item->name;
    return may(call, PERMISSION_ITEM_LIST);
}

static bool label_cost(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = cost_number(call->arena, (const CostRecord *)record);
    row->name = ((const CostRecord *)record)->text;
    return may(call, PERMISSION_COST_LIST);
}

static bool label_schedule(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = ((const ScheduleRecord *)record)->word;
    return may(call, PERMISSION_REPORT_FINANCIAL);
}

static bool label_campaign(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = ((const CampaignRecord *)record)->name;
    return may(call, PERMISSION_COST_LIST);
}

static bool label_dunning(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = dunning_number(call->arena, (const DunningRecord *)record);
    return may(call, PERMISSION_DUNNING_LIST);
}

static bool label_promise(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = promise_number(call->arena, (const PromiseRecord *)record);
    return may(call, PERMISSION_PROMISE_LIST);
}

static bool label_order(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = order_number(call->arena, (const OrderRecord *)record);
    row->name = ((const OrderRecord *)record)->reference;
    return may(call, PERMISSION_ORDER_LIST);
}

static bool label_recurring(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = recurring_number(call->arena, (const RecurringRecord *)record);
    row->name = reading_constant("");
    return may(call, PERMISSION_RECURRING_LIST);
}

static bool label_template(struct call *call, const ProtobufCMessage *record, FindRow *row)
{
    row->number = ((const TemplateRecord *)record)->name;
    return may(call, PERMISSION_TEMPLATE_LIST);
}

static const struct {
    enum table table;
    label_function *label;
} WALKED[] = {
    {TABLE_role, label_role},           {TABLE_approval, label_approval},
    {TABLE_finding, label_finding},     {TABLE_issued, label_statement},
    {TABLE_bank, label_bank},           {TABLE_bank_statement, label_bank_statement},
    {TABLE_bank_line, label_bank_line}, {TABLE_catalogue, label_item},
    {TABLE_cost, label_cost},           {TABLE_campaign, label_campaign},
    {TABLE_dunning, label_dunning},     {TABLE_promise, label_promise},
    {TABLE_schedule, label_schedule},   {TABLE_checklist, label_checklist},
    {TABLE_order, label_order},         {TABLE_recurring, label_recurring},
    {TABLE_order, label_order},         {TABLE_recurring, label_recurring},
    {TABLE_template, label_template},   {TABLE_method, label_method},
};

static label_function *label_of(enum table table)
{
    for (size_t i = 0; i < COUNT_OF(WALKED); i++) {
        if (WALKED[i].table == table) {
            return WALKED[i].label;
        }
    }
    return NULL;
}

bool find_walks(enum table table)
{
    return label_of(table) != NULL;
}

// "ap-7" is AP-0007; a name must be whole.
static enum status is_meant(struct arena *arena, const FindRow *row, const char *folded, bool *out)
{
    enum series asked = SERIES_CUSTOMER, series = SERIES_CUSTOMER;
    uint32_t asked_year = 0, year = 0;
    uint32_t asked_sequence = 0, sequence = 0;
    if (ident_parse(folded, &asked, &asked_year, &asked_sequence) &&
        ident_parse(row->number, &series, &year, &sequence)) {
        *out = asked == series && asked_year == year && asked_sequence == sequence;
        return STATUS_OK;
    }
    const char *number = text_fold(arena, row->number);
    const char *name = text_fold(arena, row->name);
    if (number == NULL || name == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = strcmp(number, folded) == 0 || strcmp(name, folded) == 0;
    return STATUS_OK;
}

enum status find_walk(struct txn *txn, struct call *call, enum table table, const char *folded,
                      FindReply *reply)
{
    label_function *label = label_of(table);
    assert(label != NULL);
    reply->row = arena_alloc(call->arena, LIST_ROWS_DEFAULT * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = table == TABLE_approval ? approval_look(txn, call) : STATUS_OK;
    if (status == STATUS_OK) {
        status = rows_open(txn, table, (struct row_key){0}, 0, true, &rows);
    }
    while (status == STATUS_OK && reply->n_row < LIST_ROWS_DEFAULT) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        bool is_it = false;
        FindRow *row = (FindRow *)wire_make(call->arena, &find_row__descriptor);
        status = row != NULL ? rows_next(rows, &key, &record) : STATUS_TOO_LARGE;
        if (status != STATUS_OK || !label(call, record, row)) {
            continue;
        }
        if (row->number == NULL || row->name == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->id = row_key_first(&key);
        status = is_meant(call->arena, row, folded, &is_it);
        if (status == STATUS_OK && is_it) {
            reply->row[reply->n_row++] = row;
        }
    }
    reply->exact = reply->n_row == 1;
    return status == STATUS_END ? STATUS_OK : status;
}
