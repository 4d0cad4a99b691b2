// SPDX-License-Identifier: Apache-2.0
#include "server/store/tables.h"

enum { KEY_U64 = 8, KEY_U64_U64 = 16, KEY_HASH = 16 };

enum { KEPT_STATE = true, KEPT_ASIDE = false };

enum { SEEN_VIEW = true, SEEN_PLAIN = false };

// protobuf-c spells a message's name in two ways; this is the list of both, a line each.
// clang-format off
#define DESCRIPTOR(Record) \
    _Generic((Record *)NULL, \
             HeadRecord *: &head_record__descriptor, \
             JournalRecord *: &journal_record__descriptor, \
             OutcomeRecord *: &outcome_record__descriptor, \
             VaultRecord *: &vault_record__descriptor, \
             PskRecord *: &psk_record__descriptor, \
             BookRecord *: &book_record__descriptor, \
             CounterRecord *: &counter_record__descriptor, \
             CustomerRecord *: &customer_record__descriptor, \
             InvoiceRecord *: &invoice_record__descriptor, \
             PaymentRecord *: &payment_record__descriptor, \
             ItemRecord *: &item_record__descriptor, \
             AllocationRecord *: &allocation_record__descriptor, \
             EntryRecord *: &entry_record__descriptor, \
             AccountRecord *: &account_record__descriptor, \
             PeriodRecord *: &period_record__descriptor, \
             TurnoverRecord *: &turnover_record__descriptor, \
             SealRecord *: &seal_record__descriptor, \
             ExceptionRecord *: &exception_record__descriptor, \
             UserRecord *: &user_record__descriptor, \
             DeviceRecord *: &device_record__descriptor, \
             SessionRecord *: &session_record__descriptor, \
             InvitationRecord *: &invitation_record__descriptor, \
             ThrottleRecord *: &throttle_record__descriptor, \
             ImportRecord *: &import_record__descriptor, \
             ExportRecord *: &export_record__descriptor, \
             BalanceRecord *: &balance_record__descriptor, \
             RoleRecord *: &role_record__descriptor, \
             ApprovalRecord *: &approval_record__descriptor, \
             RuleRecord *: &rule_record__descriptor, \
             HoldRecord *: &hold_record__descriptor, \
             FactorRecord *: &factor_record__descriptor, \
             NoticeRecord *: &notice_record__descriptor, \
             StatementRecord *: &statement_record__descriptor, \
             HeaderRecord *: &header_record__descriptor, \
             TileRecord *: &tile_record__descriptor, \
             CheckpointRecord *: &checkpoint_record__descriptor, \
             EpochRecord *: &epoch_record__descriptor, \
             FindingRecord *: &finding_record__descriptor, \
             ReviewRecord *: &review_record__descriptor, \
             CheckRecord *: &check_record__descriptor, \
             ChecklistRecord *: &checklist_record__descriptor, \
             QuotaUseRecord *: &quota_use_record__descriptor, \
             QuotaRuleRecord *: &quota_rule_record__descriptor, \
             ConsentRecord *: &consent_record__descriptor, \
             CalendarRecord *: &calendar_record__descriptor, \
             ClearingRecord *: &clearing_record__descriptor, \
             CostRecord *: &cost_record__descriptor, \
             CampaignRecord *: &campaign_record__descriptor, \
             ShareRecord *: &share_record__descriptor, \
             ScheduleRecord *: &schedule_record__descriptor, \
             TaxRecord *: &tax_record__descriptor, \
             RegisteredRecord *: &registered_record__descriptor, \
             LateRecord *: &late_record__descriptor, \
             MethodRecord *: &method_record__descriptor, \
             RightUseRecord *: &right_use_record__descriptor, \
             DoneRecord *: &done_record__descriptor, \
             PolicyRecord *: &policy_record__descriptor, \
             CreditRecord *: &credit_record__descriptor, \
             AlertRecord *: &alert_record__descriptor, \
             IssuedRecord *: &issued_record__descriptor, \
             BankRecord *: &bank_record__descriptor, \
             BankStatementRecord *: &bank_statement_record__descriptor, \
             BankLineRecord *: &bank_line_record__descriptor, \
             PayerRecord *: &payer_record__descriptor, \
             CatalogueRecord *: &catalogue_record__descriptor, \
             RateRecord *: &rate_record__descriptor, \
             ProcedureRecord *: &procedure_record__descriptor, \
             DunningRecord *: &dunning_record__descriptor, \
             PromiseRecord *: &promise_record__descriptor, \
             CollectionRecord *: &collection_record__descriptor, \
             RevaluationRecord *: &revaluation_record__descriptor, \
             ForeignItemRecord *: &foreign_item_record__descriptor, \
             OrderRecord *: &order_record__descriptor, \
             RecurringRecord *: &recurring_record__descriptor, \
             RecurringRunRecord *: &recurring_run_record__descriptor, \
             TemplateRecord *: &template_record__descriptor, \
             IdRecord *: &id_record__descriptor)
// clang-format on

static const struct table_facts FACTS[TABLE_LIMIT] = {
#define TABLE(name, number, Record, key, state, view) \
    [number] = {#name, DESCRIPTOR(Record), KEY_##key, KEPT_##state, SEEN_##view},
#include "server/store/tables.def"
#undef TABLE
};

const struct table_facts *table_facts(enum table table)
{
    assert(table > TABLE_NONE && table < TABLE_LIMIT);
    return &FACTS[table];
}

const ProtobufCMessageDescriptor *table_record(enum table table)
{
    return table_facts(table)->record;
}

const char *table_name(enum table table)
{
    return table_facts(table)->name;
}

bool table_is_state(enum table table)
{
    return table_facts(table)->state;
}

struct row_key key_u64(uint64_t a)
{
    struct row_key key = {.size = KEY_U64};
    put_u64(key.bytes, a);
    return key;
}

struct row_key key_u64_u64(uint64_t a, uint64_t b)
{
    struct row_key key = {.size = KEY_U64_U64};
    put_u64(key.bytes, a);
    put_u64(key.bytes + 8, b);
    return key;
}

struct row_key key_hash16(const uint8_t hash[static 16])
{
    struct row_key key = {.size = KEY_HASH};
    memcpy(key.bytes, hash, KEY_HASH);
    return key;
}

uint64_t row_key_first(const struct row_key *key)
{
    assert(key->size >= KEY_U64);
    return get_u64(key->bytes);
}

uint64_t row_key_second(const struct row_key *key)
{
    assert(key->size == KEY_U64_U64);
    return get_u64(key->bytes + 8);
}

int row_key_compare(const struct row_key *a, const struct row_key *b)
{
    const int order = memcmp(a->bytes, b->bytes, a->size < b->size ? a->size : b->size);
    return order != 0 ? order : (int)a->size - (int)b->size;
}
