// SPDX-License-Identifier: Apache-2.0
#include "server/store/rows.h"

#include "server/store/tiles.h"
#include "shared/fields.h"
#include "shared/text.h"

#include "proto/customer.pb-c.h"
#include "proto/privacy.pb-c.h"

static bool sees_all(const struct filter *filter)
{
    return filter == NULL || filter->scope == SCOPE_ALL;
}

// Does `owner_id` belong to the team of the filter? An owner whose row is gone belongs to none.
static enum status is_of_team(struct txn *txn, const char *team, uint64_t owner_id, bool *out)
{
    *out = false;
    if (team == NULL || team[0] == '\0' || owner_id == 0) {
        return STATUS_OK;
    }
    ProtobufCMessage *owner = NULL;
    enum status status = table_get(txn, TABLE_user, key_u64(owner_id), &owner, NULL);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out = strcmp(((const UserRecord *)owner)->team, team) == 0;
    return STATUS_OK;
}

static bool is_of_region(const struct filter *filter, const CustomerRecord *customer)
{
    return filter->region != NULL && filter->region[0] != '\0' &&
           strcmp(customer->region, filter->region) == 0;
}

enum status rows_reaches(struct txn *txn, const struct filter *filter,
                         const CustomerRecord *customer, bool *out)
{
    assert(customer != NULL);
    *out = sees_all(filter);
    if (*out || filter->scope == SCOPE_NONE) {
        return STATUS_OK;
    }
    assert(filter->user_id != 0);
    *out = customer->owner_id == filter->user_id ||
           (filter->scope == SCOPE_REGION && is_of_region(filter, customer));
    if (!*out && (filter->scope == SCOPE_TEAM || filter->also_team)) {
        return is_of_team(txn, filter->team, customer->owner_id, out);
    }
    return STATUS_OK;
}

static enum status may_see_customer(struct txn *txn, const struct filter *filter,
                                    const CustomerRecord *customer)
{
    bool does = false;
    const enum status status = rows_reaches(txn, filter, customer, &does);
    return status != STATUS_OK || does ? status : STATUS_NOT_FOUND;
}

enum status rows_cover_of(struct txn *txn, const struct filter *filter,
                          const CustomerRecord *customer, uint32_t *scopes)
{
    uint32_t cover = 1u << SCOPE_ALL;
    bool ours = false;
    if (filter == NULL) {
        *scopes = cover;
        return STATUS_OK;
    }
    const enum status status = is_of_team(txn, filter->team, customer->owner_id, &ours);
    if (customer->owner_id == filter->user_id) {
        cover |= 1u << SCOPE_OWN | 1u << SCOPE_TEAM | 1u << SCOPE_REGION;
    }
    cover |= ours ? 1u << SCOPE_TEAM : 0;
    cover |= is_of_region(filter, customer) ? 1u << SCOPE_REGION : 0;
    *scopes = cover;
    return status;
}

enum status rows_cover(struct txn *txn, const CustomerRecord *customer, uint32_t *scopes)
{
    return rows_cover_of(txn, txn_filter(txn), customer, scopes);
}

static enum status may_see(struct txn *txn, const struct filter *filter, uint64_t customer_id)
{
    if (sees_all(filter)) {
        return STATUS_OK;
    }
    if (customer_id == 0) {
        return STATUS_NOT_FOUND;
    }
    ProtobufCMessage *customer = NULL;
    enum status status = table_get(txn, TABLE_customer, key_u64(customer_id), &customer, NULL);
    if (status != STATUS_OK) {
        return status;
    }
    return may_see_customer(txn, filter, (const CustomerRecord *)customer);
}

enum status rows_may_see(struct txn *txn, uint64_t customer_id)
{
    assert(txn != NULL);
    return may_see(txn, txn_filter(txn), customer_id);
}

// An entry without a customer concerns the whole book.
static enum status may_see_entry(struct txn *txn, const struct filter *filter,
                                 const EntryRecord *entry)
{
    bool belongs = false;
    uint64_t last = 0;
    for (size_t i = 0; i < entry->n_line; i++) {
        uint64_t customer_id = entry->line[i]->customer_id;
        if (customer_id == 0 || customer_id == last) {
            continue;
        }
        enum status status = may_see(txn, filter, customer_id);
        if (status != STATUS_OK) {
            return status;
        }
        last = customer_id;
        belongs = true;
    }
    return belongs ? STATUS_OK : STATUS_NOT_FOUND;
}

// By its allocation, which is put before: its item may be new and is put behind it.
static enum status may_see_settlement(struct txn *txn, const struct filter *filter,
                                      uint64_t allocation_id)
{
    ProtobufCMessage *allocation = NULL;
    enum status status =
        table_get(txn, TABLE_allocation, key_u64(allocation_id), &allocation, NULL);
    if (status != STATUS_OK) {
        return status;
    }
    return may_see(txn, filter, ((const AllocationRecord *)allocation)->customer_id);
}

// What waits is seen with the customer that it is about; what concerns the whole book by its
// creator too.
static enum status may_see_approval(struct txn *txn, const struct filter *filter,
                                    const ApprovalRecord *approval)
{
    if (approval->customer_id != 0) {
        return may_see(txn, filter, approval->customer_id);
    }
    return approval->created_by == filter->user_id ? STATUS_OK : STATUS_NOT_FOUND;
}

// An entry by hand concerns the whole book.
static enum status may_see_late(struct txn *txn, const struct filter *filter,
                                const LateRecord *late)
{
    return late->customer_id != 0 ? may_see(txn, filter, late->customer_id) : STATUS_NOT_FOUND;
}

// A cost of nobody is for who sees everybody.
static enum status may_see_cost(struct txn *txn, const struct filter *filter,
                                const CostRecord *cost)
{
    return cost->customer_id != 0 ? may_see(txn, filter, cost->customer_id) : STATUS_NOT_FOUND;
}

// The one place that says to whom a row belongs: a line for each table, so that none is forgotten.
// NOLINTNEXTLINE(readability-function-size)
static enum status may_see_row(struct txn *txn, const struct filter *filter, enum table table,
                               struct row_key key, const ProtobufCMessage *record)
{
    if (sees_all(filter)) {
        return STATUS_OK;
    }
    switch (table) {
    case TABLE_customer:
        return may_see_customer(txn, filter, (const CustomerRecord *)record);
    case TABLE_invoice:
        return may_see(txn, filter, ((const InvoiceRecord *)record)->customer_id);
    case TABLE_payment:
        return may_see(txn, filter, ((const PaymentRecord *)record)->customer_id);
    case TABLE_clearing:
        return may_see(txn, filter, ((const ClearingRecord *)record)->customer_id);
    case TABLE_item:
        return may_see(txn, filter, ((const ItemRecord *)record)->customer_id);
    case TABLE_allocation:
        return may_see(txn, filter, ((const AllocationRecord *)record)->customer_id);
    case TABLE_issued:
        return may_see(txn, filter, ((const IssuedRecord *)record)->customer_id);
    case TABLE_open_item:
    case TABLE_balance:
    case TABLE_hold:
    case TABLE_done:
    case TABLE_consent:
    case TABLE_credit:
    case TABLE_collection:
        return may_see(txn, filter, row_key_first(&key));
    case TABLE_dunning:
        return may_see(txn, filter, ((const DunningRecord *)record)->customer_id);
    case TABLE_promise:
        return may_see(txn, filter, ((const PromiseRecord *)record)->customer_id);
    case TABLE_order:
        return may_see(txn, filter, ((const OrderRecord *)record)->customer_id);
    case TABLE_recurring:
        return may_see(txn, filter, ((const RecurringRecord *)record)->customer_id);
    case TABLE_recurring_run:
        return may_see(txn, filter, ((const RecurringRunRecord *)record)->customer_id);
    case TABLE_alert:
        return may_see(txn, filter, ((const AlertRecord *)record)->customer_id);
    case TABLE_registered:
        return may_see(txn, filter, ((const RegisteredRecord *)record)->customer_id);
    case TABLE_late:
        return may_see_late(txn, filter, (const LateRecord *)record);
    case TABLE_cost:
        return may_see_cost(txn, filter, (const CostRecord *)record);
    case TABLE_approval:
        return may_see_approval(txn, filter, (const ApprovalRecord *)record);
    case TABLE_settled_by:
        return may_see_settlement(txn, filter, row_key_second(&key));
    case TABLE_entry:
        return may_see_entry(txn, filter, (const EntryRecord *)record);
    case TABLE_NONE:
    case TABLE_LIMIT:
        assert(false);
        return STATUS_NOT_FOUND;
    case TABLE_head:
    case TABLE_journal:
    case TABLE_outcome:
    case TABLE_vault:
    case TABLE_psk:
    case TABLE_book:
    case TABLE_counter:
    case TABLE_calendar:
    case TABLE_catalogue:
    case TABLE_template:
    case TABLE_account:
    case TABLE_period:
    case TABLE_turnover:
    case TABLE_seal:
    case TABLE_exception:
    case TABLE_user:
    case TABLE_login:
    case TABLE_device:
    case TABLE_device_key:
    case TABLE_session:
    case TABLE_invitation:
    case TABLE_throttle:
    case TABLE_factor:
    case TABLE_notice:
    case TABLE_statement:
    case TABLE_unique:
    case TABLE_import:
    case TABLE_export:
    case TABLE_finding:
    case TABLE_bank:
    case TABLE_bank_statement:
    case TABLE_bank_line:
    case TABLE_bank_wait:
    case TABLE_cleared:
    case TABLE_payer:
    case TABLE_method:
    case TABLE_on_way:
    case TABLE_review:
    case TABLE_right_use:
    case TABLE_quota_use:
    case TABLE_quota_rule:
    case TABLE_check:
    case TABLE_checklist:
    case TABLE_tax:
    case TABLE_campaign:
    case TABLE_schedule:
    case TABLE_share:
    case TABLE_rate:
    case TABLE_revaluation:
    case TABLE_foreign_item:
    case TABLE_header:
    case TABLE_tile:
    case TABLE_checkpoint:
    case TABLE_epoch:
    case TABLE_role:
    case TABLE_rule:
    case TABLE_procedure:
    case TABLE_credit_policy:
        break;
    }
    return STATUS_OK;
}

enum status rows_get(struct txn *txn, enum table table, struct row_key key, ProtobufCMessage **out)
{
    assert(txn != NULL);
    assert(out != NULL);
    ProtobufCMessage *record = NULL;
    enum status status = table_get(txn, table, key, &record, NULL);
    if (status != STATUS_OK) {
        return status;
    }
    status = may_see_row(txn, txn_filter(txn), table, key, record);
    if (status != STATUS_OK) {
        return status;
    }
    *out = record;
    return STATUS_OK;
}

enum status rows_get_within(struct txn *txn, const struct filter *within, enum table table,
                            struct row_key key, ProtobufCMessage **out)
{
    ProtobufCMessage *record = NULL;
    enum status status = rows_get(txn, table, key, &record);
    if (status == STATUS_OK) {
        status = may_see_row(txn, within, table, key, record);
    }
    if (status == STATUS_OK) {
        *out = record;
    }
    return status;
}

enum status rows_may_put(struct txn *txn, enum table table, struct row_key key,
                         const ProtobufCMessage *record)
{
    assert(txn != NULL);
    assert(record != NULL);
    if (sees_all(txn_filter(txn))) {
        return STATUS_OK;
    }
    ProtobufCMessage *before = NULL;
    enum status status = table_get(txn, table, key, &before, NULL);
    if (status == STATUS_OK) {
        status = may_see_row(txn, txn_filter(txn), table, key, before);
    } else if (status == STATUS_NOT_FOUND) {
        status = STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = may_see_row(txn, txn_filter(txn), table, key, record);
    return status == STATUS_NOT_FOUND ? STATUS_SCOPE_DENIED : status;
}

enum status rows_put(struct txn *txn, enum table table, struct row_key key,
                     const ProtobufCMessage *record)
{
    enum status status = rows_may_put(txn, table, key, record);
    if (status != STATUS_OK) {
        return status;
    }
    return table_put(txn, table, key, record);
}

enum status rows_del(struct txn *txn, enum table table, struct row_key key)
{
    ProtobufCMessage *record = NULL;
    enum status status = rows_get(txn, table, key, &record);
    if (status != STATUS_OK) {
        return status;
    }
    return table_del(txn, table, key);
}

enum status rows_packed(struct txn *txn, enum table table, struct row_key key, struct bytes *out)
{
    assert(table == TABLE_journal || table == TABLE_header);
    return table_get_bytes(txn, table, key, out, NULL);
}

struct rows {
    struct txn *txn;
    enum table table;
    struct scan *scan;
};

enum status rows_consistency(struct txn *txn, uint64_t from, uint64_t to, struct arena *arena,
                             struct proof **out)
{
    return tree_consistency(txn, from, to, arena, out);
}

enum status rows_open(struct txn *txn, enum table table, struct row_key from, size_t prefix_size,
                      bool backwards, struct rows **out)
{
    assert(txn != NULL);
    assert(out != NULL);
    struct rows *rows = arena_alloc(txn_arena(txn), sizeof *rows);
    if (rows == NULL) {
        return STATUS_TOO_LARGE;
    }
    rows->txn = txn;
    rows->table = table;
    enum status status = scan_open(txn, table, from, prefix_size, backwards, &rows->scan);
    if (status != STATUS_OK) {
        return status;
    }
    *out = rows;
    return STATUS_OK;
}

enum status rows_next(struct rows *rows, struct row_key *key, ProtobufCMessage **out)
{
    assert(rows != NULL);
    for (;;) {
        struct row_key found = {0};
        ProtobufCMessage *record = NULL;
        enum status status = scan_next(rows->scan, &found, &record);
        if (status != STATUS_OK) {
            return status;
        }
        status = may_see_row(rows->txn, txn_filter(rows->txn), rows->table, found, record);
        if (status == STATUS_NOT_FOUND) {
            continue;
        }
        if (status == STATUS_OK) {
            *key = found;
            *out = record;
        }
        return status;
    }
}

void rows_close(struct rows *rows)
{
    if (rows != NULL) {
        scan_close(rows->scan);
        rows->scan = NULL;
    }
}

void rows_close_at(struct rows **rows)
{
    rows_close(*rows);
    *rows = NULL;
}

// ---- personal texts ----

// CustomerAdd has them all but bank details and sources of consent, which have other numbers.
static bool find_field(const char *name, struct field *out)
{
    const ProtobufCMessageDescriptor *const messages[] = {
        &customer_add__descriptor, &customer_bank__descriptor, &customer_consent__descriptor};
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(messages[i], name);
        if (field != NULL) {
            *out = field_of(messages[i], (unsigned)(field - messages[i]->fields));
            return out->sealed;
        }
    }
    return false;
}

uint32_t rows_sealed_field(const char *field)
{
    assert(field != NULL);
    struct field found;
    return find_field(field, &found) ? found.descriptor->id : 0;
}

// How the class is shown in this row: as well as the roles allow that reach it. `customer` may be
// NULL when it is not known; then as the roles of the widest scope do.
static enum status class_view(struct txn *txn, const CustomerRecord *customer,
                              enum field_class field_class, enum view *out)
{
    const struct filter *filter = txn_filter(txn);
    uint8_t best = (uint8_t)filter->views[field_class];
    uint32_t cover = 0;
    if (filter->is_mixed && customer != NULL) {
        const enum status status = rows_cover(txn, customer, &cover);
        if (status != STATUS_OK) {
            return status;
        }
    }
    for (int s = SCOPE_OWN; s < SCOPE_COUNT; s++) {
        const uint8_t near = (cover & 1u << s) != 0 ? filter->near[s][field_class] : 0;
        best = near > best ? near : best;
    }
    *out = (enum view)best;
    return STATUS_OK;
}

// What is known of whose text it is, and what for it is opened.
struct naming {
    bool of_person;
    bool reveals;
    bool rests;
};

// A person's name is personal data itself: who sees contacts masked sees it masked too (decision of
// the roles). A veiled field is masked for everybody until it is revealed. Data that rest are shown
// in full to nobody but those who guard them.
static enum status view_of(struct txn *txn, const CustomerRecord *customer,
                           const struct field *field, const struct naming *naming, enum view *out)
{
    enum view view = VIEW_FULL;
    enum view contact = VIEW_FULL;
    if (txn_filter(txn) == NULL) {
        *out = VIEW_FULL;
        return STATUS_OK;
    }
    enum status status = class_view(txn, customer, field->field_class, &view);
    if (status == STATUS_OK && naming->of_person && strcmp(field->descriptor->name, "name") == 0) {
        status = class_view(txn, customer, CLASS_CONTACT, &contact);
        view = contact < view ? contact : view;
    }
    const bool rests = naming->rests && !txn_filter(txn)->guards;
    const bool is_veiled = rests || (field->veiled && !naming->reveals);
    *out = is_veiled && view == VIEW_FULL ? VIEW_MASKED : view;
    return status;
}

static char *masked(struct arena *arena, const char *field, const char *text)
{
    if (text[0] == '\0') {
        return arena_copy(arena, "", 0);
    }
    if (strcmp(field, "phone") == 0 || strcmp(field, "contact_phone") == 0) {
        return text_mask_phone(arena, text);
    }
    if (strcmp(field, "email") == 0) {
        return text_mask_email(arena, text);
    }
    if (strcmp(field, "name") == 0 || strcmp(field, "contact_name") == 0) {
        return text_mask_name(arena, text);
    }
    if (strcmp(field, "bank_account") == 0) {
        return text_mask_account(arena, text);
    }
    return text_mask(arena, text);
}

// A customer's key, fetched for the first box that is opened.
struct vault {
    struct txn *txn;
    uint64_t id;
    bool fetched;
    enum status status;
    struct key key;
};

static void vault_wipe(struct vault *vault)
{
    key_wipe(&vault->key);
}

static enum status open_box(struct vault *vault, const struct field *field, uint32_t ordinal,
                            ProtobufCBinaryData box, char **clear)
{
    if (!vault->fetched) {
        vault->status = vault_key(vault->txn, vault->id, &vault->key);
        vault->fetched = true;
    }
    return vault->status != STATUS_OK
               ? vault->status
               : vault_open_with(&vault->key, vault->id, field->descriptor->id, ordinal, box,
                                 txn_arena(vault->txn), clear);
}

static enum status open_as(struct vault *vault, const struct field *field, uint32_t ordinal,
                           ProtobufCBinaryData box, enum view view, char **text)
{
    struct arena *arena = txn_arena(vault->txn);
    char *clear = NULL;
    if (view != VIEW_HIDDEN && box.len != 0) {
        enum status status = open_box(vault, field, ordinal, box, &clear);
        if (status != STATUS_OK && status != STATUS_KEY_DESTROYED) {
            return status;
        }
    }
    if (clear == NULL) {
        clear = arena_copy(arena, "", 0);
    } else if (view == VIEW_MASKED) {
        clear = masked(arena, field->descriptor->name, clear);
    }
    if (clear == NULL) {
        return STATUS_TOO_LARGE;
    }
    *text = clear;
    return STATUS_OK;
}

static ProtobufCBinaryData box_of(const CustomerRecord *customer, uint32_t number, uint32_t ordinal)
{
    for (size_t i = 0; i < customer->n_sealed; i++) {
        const Sealed *sealed = customer->sealed[i];
        if (sealed->field == number && sealed->ordinal == ordinal) {
            return sealed->box;
        }
    }
    return (ProtobufCBinaryData){0};
}

static enum status open_asked(struct txn *txn, const CustomerRecord *customer,
                              const struct rows_asked *asked, size_t count, bool reveals)
{
    assert(customer != NULL);
    CLEANUP(vault_wipe) struct vault vault = {.txn = txn, .id = customer->vault_id};
    const struct naming naming = {
        .of_person = customer->kind == CUSTOMER_KIND__CUSTOMER_KIND_PERSON,
        .reveals = reveals,
        .rests = customer->restricted_us != 0,
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct field field;
        bool known = find_field(asked[i].field, &field);
        assert(known);
        ProtobufCBinaryData box = box_of(customer, field.descriptor->id, asked[i].ordinal);
        enum view view = VIEW_HIDDEN;
        status = view_of(txn, customer, &field, &naming, &view);
        if (status == STATUS_OK) {
            status = open_as(&vault, &field, asked[i].ordinal, box, view, asked[i].text);
        }
    }
    return status;
}

enum status rows_texts(struct txn *txn, const CustomerRecord *customer,
                       const struct rows_asked *asked, size_t count)
{
    assert(txn_mode(txn) == TXN_READ);
    return open_asked(txn, customer, asked, count, false);
}

enum status rows_reveal(struct txn *txn, const CustomerRecord *customer,
                        const struct rows_asked *asked, size_t count)
{
    assert(txn_mode(txn) != TXN_READ);
    return open_asked(txn, customer, asked, count, txn_mode(txn) == TXN_WRITE);
}

enum status rows_text(struct txn *txn, const CustomerRecord *customer, const char *field,
                      uint32_t ordinal, char **text)
{
    const struct rows_asked asked = {.field = field, .ordinal = ordinal, .text = text};
    return rows_texts(txn, customer, &asked, 1);
}

// "phone[1]" -> "phone" and 1; a name without brackets is element 0.
static bool split_element(const char *field, char name[static 64], uint32_t *ordinal)
{
    size_t size = strcspn(field, "[");
    if (size >= 64) {
        return false;
    }
    memcpy(name, field, size);
    name[size] = '\0';
    *ordinal = 0;
    for (const char *digit = field + size + (field[size] == '[' ? 1 : 0);
         *digit >= '0' && *digit <= '9'; digit++) {
        *ordinal = (*ordinal * 10 + (uint32_t)(*digit - '0')) % 1000;
    }
    return true;
}

static enum status find_rest(struct txn *txn, uint64_t customer_id, bool *rests)
{
    ProtobufCMessage *row = NULL;
    const bool guards = txn_filter(txn) == NULL || txn_filter(txn)->guards;
    const enum status status =
        customer_id == 0 || guards
            ? STATUS_NOT_FOUND
            : table_get(txn, TABLE_customer, key_u64(customer_id), &row, NULL);
    *rests = status == STATUS_OK && ((const CustomerRecord *)row)->restricted_us != 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status open_named(struct txn *txn, uint64_t vault_id, const char *field,
                              ProtobufCBinaryData box, const struct naming *known, char **text)
{
    assert(text != NULL);
    char name[64];
    uint32_t ordinal = 0;
    struct field found;
    if (!split_element(field, name, &ordinal) || !find_field(name, &found)) {
        return STATUS_NOT_FOUND;
    }
    CLEANUP(vault_wipe) struct vault vault = {.txn = txn, .id = vault_id};
    enum view view = VIEW_HIDDEN;
    struct naming naming = *known;
    naming.of_person = true; // a journal does not say
    enum status status = view_of(txn, NULL, &found, &naming, &view);
    return status == STATUS_OK ? open_as(&vault, &found, ordinal, box, view, text) : status;
}

enum status rows_box_text(struct txn *txn, uint64_t customer_id, uint64_t vault_id,
                          const char *field, ProtobufCBinaryData box, char **text)
{
    assert(txn_mode(txn) == TXN_READ);
    bool rests = false;
    const enum status status = find_rest(txn, customer_id, &rests);
    const struct naming naming = {.rests = rests};
    return status == STATUS_OK ? open_named(txn, vault_id, field, box, &naming, text) : status;
}

enum status rows_reveal_box(struct txn *txn, uint64_t customer_id, uint64_t vault_id,
                            const char *field, ProtobufCBinaryData box, char **text)
{
    assert(txn_mode(txn) != TXN_READ);
    bool rests = false;
    const enum status status = find_rest(txn, customer_id, &rests);
    const struct naming naming = {.reveals = txn_mode(txn) == TXN_WRITE, .rests = rests};
    return status == STATUS_OK ? open_named(txn, vault_id, field, box, &naming, text) : status;
}
