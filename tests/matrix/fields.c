// SPDX-License-Identifier: Apache-2.0
// The matrix of fields (tests/README.md): what each role may see, change, ask by, sort by, search
// and take out of each field, against fields.tsv, which is kept by hand. One customer has something
// in every field; it belongs in turn to the person of each role. No reply may hold a text in full,
// wherever it stands in it, that the table does not show in full to who asks.
//
//   fields DIRECTORY
#include "server/ledger/books.h"
#include "shared/wire.h"
#include "tests/ledger/path.h"
#include "tests/matrix/firm.h"
#include "tests/matrix/sheet.h"
#include "tests/matrix/undo.h"

#define TODAY 20778

struct fields {
    struct firm firm;
    struct sheet sheet;
    uint64_t customer_id, person_id, invoice_id, payment_id;
    char number[32], person[32];
    uint64_t record; // of the journal: the customer's last edit
    uint64_t export_id;
    size_t cells, differences;
};

static void demand(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "fields: %s\n", what);
        abort();
    }
}

#define MAKE(fields, Type, name) \
    ((Type *)(void *)desk_make(&(fields)->firm.desk, &name##__descriptor))
#define DO(fields, Type, name, inner)                                                    \
    ((Type *)(void *)desk_do(&(fields)->firm.desk, &(fields)->firm.principal.peer, name, \
                             &(inner)->base))

static bool is(const char *cell, const char *word)
{
    return strcmp(cell, word) == 0;
}

// ---- the planted customer ----

static char *text(struct fields *fields, const char *value)
{
    return desk_text(&fields->firm.desk, value);
}

// Every text is one that stands nowhere else.
static void plant_customer(struct fields *fields)
{
    CustomerAdd *add = MAKE(fields, CustomerAdd, customer_add);
    char **phones = arena_alloc(fields->firm.desk.arena, sizeof *phones);
    char **tags = arena_alloc(fields->firm.desk.arena, sizeof *tags);
    demand(phones != NULL && tags != NULL, "arena");
    phones[0] = text(fields, "13812342046");
    tags[0] = text(fields, "tagvalue");
    add->kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add->name = text(fields, "Namevalue Trading");
    add->company = text(fields, "Companyvalue Holding");
    add->phone = phones;
    add->n_phone = 1;
    add->email = text(fields, "emailvalue@example.com");
    add->address = text(fields, "Addressvalue Road 1");
    add->tax_id = text(fields, "91110000802100433B");
    add->industry = text(fields, "industryvalue");
    add->region = text(fields, "regionvalue");
    add->class_ = text(fields, "classvalue");
    add->tag = tags;
    add->n_tag = 1;
    add->owner_id = fields->firm.principal.user_id;
    add->credit_limit_minor = 777700;
    add->notes = text(fields, "notesvalue of the customer");
    add->contact_name = text(fields, "Contactvalue");
    add->contact_position = text(fields, "Positionvalue");
    add->contact_phone = text(fields, "13912349999");
    add->reference = text(fields, "referencevalue");
    const CustomerAddReply *made = DO(fields, CustomerAddReply, "customer_add", add);
    fields->customer_id = made->id;
    (void)snprintf(fields->number, sizeof fields->number, "%s", made->number);

    CustomerAdd *person = MAKE(fields, CustomerAdd, customer_add);
    person->kind = CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
    person->name = text(fields, "欧阳修文");
    person->owner_id = fields->firm.principal.user_id;
    made = DO(fields, CustomerAddReply, "customer_add", person);
    fields->person_id = made->id;
    (void)snprintf(fields->person, sizeof fields->person, "%s", made->number);
    desk_reset(&fields->firm.desk);
}

static void plant_papers(struct fields *fields)
{
    const uint64_t customers[] = {fields->customer_id, fields->person_id};
    for (size_t i = 0; i < COUNT_OF(customers); i++) {
        InvoiceIssue *issue = MAKE(fields, InvoiceIssue, invoice_issue);
        issue->customer_id = customers[i];
        issue->amount_minor = 432100;
        issue->date_day = 20740;
        issue->due_day = 20750;
        issue->notes = text(fields, "invoicenotes");
        const uint64_t id = DO(fields, InvoiceIssueReply, "invoice_issue", issue)->id;
        fields->invoice_id = i == 0 ? id : fields->invoice_id;
        PaymentAdd *add = MAKE(fields, PaymentAdd, payment_add);
        add->customer_id = customers[i];
        add->amount_minor = 12300;
        add->method = PAYMENT_METHOD__PAYMENT_METHOD_CASH;
        add->date_day = 20760;
        add->notes = text(fields, "paymentnotes");
        const uint64_t payment_id = DO(fields, PaymentAddReply, "payment_add", add)->id;
        fields->payment_id = i == 0 ? payment_id : fields->payment_id;
    }
    desk_reset(&fields->firm.desk);
}

static uint64_t last_record(struct fields *fields)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    demand(txn_begin(fields->firm.desk.store, TXN_READ, fields->firm.desk.arena, &txn) == STATUS_OK,
           "begin");
    return txn_head(txn)->number;
}

static uint32_t version_of(struct fields *fields, uint64_t id)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *row = NULL;
    demand(txn_begin(fields->firm.desk.store, TXN_READ, fields->firm.desk.arena, &txn) == STATUS_OK,
           "begin");
    demand(table_get(txn, TABLE_customer, key_u64(id), &row, NULL) == STATUS_OK, "customer");
    return ((const CustomerRecord *)(void *)row)->version;
}

// The customers become those of `owner_id`, and every field of the first one is written anew: that
// is what history and journal tell.
static void hand_over(struct fields *fields, uint64_t owner_id)
{
    CustomerEdit *person = MAKE(fields, CustomerEdit, customer_edit);
    person->customer_id = fields->person_id;
    person->version = version_of(fields, fields->person_id);
    person->owner_id = owner_id;
    if (fields->firm.principal.user_id != owner_id) {
        (void)DO(fields, CustomerEditReply, "customer_edit", person);
    }
    for (int i = 0; i < 2; i++) {
        CustomerEdit *edit = MAKE(fields, CustomerEdit, customer_edit);
        char *phones[1] = {text(fields, i == 0 ? "13700000000" : "13812342046")};
        edit->customer_id = fields->customer_id;
        edit->version = version_of(fields, fields->customer_id);
        edit->owner_id = owner_id;
        edit->phone = phones;
        edit->n_phone = 1;
        edit->email = text(fields, i == 0 ? "other@example.com" : "emailvalue@example.com");
        edit->address = text(fields, i == 0 ? "Elsewhere 2" : "Addressvalue Road 1");
        edit->notes = text(fields, i == 0 ? "nothing" : "notesvalue of the customer");
        edit->contact_name = text(fields, i == 0 ? "Nobody" : "Contactvalue");
        edit->region = text(fields, i == 0 ? "nowhere" : "regionvalue");
        edit->credit_limit_minor = i == 0 ? 100 : 777700;
        (void)DO(fields, CustomerEditReply, "customer_edit", edit);
    }
    fields->record = last_record(fields);
    desk_reset(&fields->firm.desk);
}

// Each who may exports for herself; 0: not this one.
static uint64_t export_as(struct fields *fields, const struct peer *peer)
{
    ExportJournal *journal = MAKE(fields, ExportJournal, export_journal);
    journal->format = EXPORT_FORMAT__EXPORT_FORMAT_HLEDGER;
    const Reply *reply =
        desk_call(&fields->firm.desk, peer, "export_journal", (ProtobufCMessage *)journal);
    return reply->status == STATUS_OK ? reply->export_journal->export_id : 1;
}

// ---- asking ----

static const char *value_of(struct fields *fields, const char *word)
{
    unsigned long long number = 0;
    if (is(word, "@number")) {
        return fields->number;
    }
    if (is(word, "@person_number")) {
        return fields->person;
    }
    if (is(word, "@id")) {
        number = fields->customer_id;
    } else if (is(word, "@person")) {
        number = fields->person_id;
    } else if (is(word, "@invoice")) {
        number = fields->invoice_id;
    } else if (is(word, "@payment")) {
        number = fields->payment_id;
    } else if (is(word, "@version")) {
        number = version_of(fields, fields->customer_id);
    } else if (is(word, "@record")) {
        number = fields->record;
    } else if (is(word, "@export")) {
        number = fields->export_id;
    } else {
        demand(false, word);
    }
    return arena_print(fields->firm.desk.arena, "%llu", number);
}

// '_' stands for a blank, "__" for itself; what begins with '@' is left alone.
static void unblank(char *value)
{
    char *to = value;
    if (*value == '@') {
        return;
    }
    for (const char *at = value; *at != '\0'; at++) {
        const bool is_double = at[0] == '_' && at[1] == '_';
        *to = (char)(*at == '_' && !is_double ? ' ' : *at);
        at += is_double;
        to++;
    }
    *to = '\0';
}

static ProtobufCMessage *message_of(struct fields *fields, const struct command *command,
                                    const char *with)
{
    struct arena *arena = fields->firm.desk.arena;
    ProtobufCMessage *message = desk_make(&fields->firm.desk, command->request);
    const struct path_context context = {.arena = arena, .decimals = 2, .today = TODAY};
    char *rest = desk_text(&fields->firm.desk, with);
    for (char *pair = strsep(&rest, " "); pair != NULL && !is(with, "-");
         pair = strsep(&rest, " ")) {
        char *value = strchr(pair, '=');
        demand(value != NULL, pair);
        *value = '\0';
        value++;
        unblank(value);
        demand(path_write(&context, message, pair, *value == '@' ? value_of(fields, value) : value),
               pair);
    }
    return message;
}

// "credit-limit" is the field "credit_limit", "phone[0]" is "phone".
static bool names_field(const char *name, const char *field)
{
    for (; *field != '\0'; name++, field++) {
        if (*name != *field && (*name != '-' || *field != '_')) {
            return false;
        }
    }
    return true;
}

// What stands in the element of a list whose `field` is the one named.
static const char *change_of(struct fields *fields, const ProtobufCMessage *reply, const char *list,
                             const char *field)
{
    const struct path_context context = {
        .arena = fields->firm.desk.arena, .decimals = 2, .today = TODAY};
    for (size_t i = 0; i < 64; i++) {
        const char *name = NULL;
        const char *after = NULL;
        const char *path = arena_print(fields->firm.desk.arena, "%s[%zu].field", list, i);
        if (!path_read(&context, reply, path, &name) || name[0] == '\0') {
            break;
        }
        path = arena_print(fields->firm.desk.arena, "%s[%zu].after", list, i);
        if (names_field(name, field) && path_read(&context, reply, path, &after)) {
            return after;
        }
    }
    return "";
}

static bool says_nothing(const char *value)
{
    return value[0] == '\0' || is(value, "0") || is(value, "0.00") || is(value, "false");
}

static bool holds(struct bytes packed, const char *value)
{
    return strlen(value) > 4 && memmem(packed.data, packed.size, value, strlen(value)) != NULL;
}

// One word for what came: a status, or what was seen of the field.
static const char *answer_of(struct fields *fields, size_t row, const struct command *command,
                             const Reply *reply, struct bytes packed)
{
    const char *way = sheet_cell(&fields->sheet, row, "way");
    const char *path = sheet_cell(&fields->sheet, row, "path");
    const char *full = sheet_cell(&fields->sheet, row, "full");
    const char *masked = sheet_cell(&fields->sheet, row, "masked");
    const struct path_context context = {
        .arena = fields->firm.desk.arena, .decimals = 2, .today = TODAY};
    const ProtobufCMessage *result = wire_inner(&reply->base, command->number);
    const char *value = NULL;
    if (reply->status != STATUS_OK) {
        return reply->status == STATUS_PERMISSION_DENIED ? "denied"
               : reply->status == STATUS_FIELD_DENIED    ? "refused"
                                                         : status_code((enum status)reply->status);
    }
    if (is(way, "do")) {
        return "done";
    }
    if (is(way, "count")) {
        demand(path_read(&context, result, "row", &value), "row");
        return is(value, "0") ? "none" : "found";
    }
    if (is(way, "text")) {
        return holds(packed, full) ? "full" : holds(packed, masked) ? "masked" : "hidden";
    }
    if (is(way, "change")) {
        value = change_of(fields, result, path, sheet_cell(&fields->sheet, row, "field"));
    } else {
        demand(path_read(&context, result, path, &value), path);
    }
    return is(value, full)       ? "full"
           : is(value, masked)   ? "masked"
           : says_nothing(value) ? "hidden"
                                 : value;
}

static void tell(struct fields *fields, size_t row, const char *role, const char *wanted,
                 const char *answered)
{
    fields->differences++;
    (void)fprintf(stderr, "fields.tsv:%d: %s %s by %s: %s expected, %s\n",
                  fields->sheet.row[row].line, sheet_cell(&fields->sheet, row, "field"),
                  sheet_cell(&fields->sheet, row, "use"), role, wanted, answered);
}

// No reply holds what another line does not show to this role in full; an act of revealing is one
// that does.
static void check_leaks(struct fields *fields, size_t row, const char *role, struct bytes packed)
{
    if (is(sheet_cell(&fields->sheet, row, "use"), "reveal")) {
        return;
    }
    for (size_t i = 0; i < fields->sheet.count; i++) {
        const char *full = sheet_cell(&fields->sheet, i, "full");
        if (is(sheet_cell(&fields->sheet, i, "use"), "read") &&
            is(sheet_cell(&fields->sheet, i, "command"), "customer_show") &&
            !is(sheet_cell(&fields->sheet, i, role), "full") && holds(packed, full)) {
            tell(fields, row, role, "no text that is not shown", full);
        }
    }
}

static void ask(struct fields *fields, size_t row, size_t subject)
{
    struct desk *desk = &fields->firm.desk;
    const struct subject *asker = &fields->firm.subject[subject];
    const char *role = role_word(asker->role);
    const struct command *command = command_by_name(sheet_cell(&fields->sheet, row, "command"));
    demand(command != NULL, sheet_cell(&fields->sheet, row, "command"));
    ProtobufCMessage *message =
        message_of(fields, command, sheet_cell(&fields->sheet, row, "with"));
    const struct bytes packed =
        desk_ask(desk, &asker->peer[LOGIN_FRESH], desk_pack(desk, command, message, false));
    const Reply *reply = desk_reply(desk, packed);
    const char *wanted = sheet_cell(&fields->sheet, row, role);
    const char *answered = answer_of(fields, row, command, reply, packed);
    fields->cells++;
    if (!is(wanted, answered)) {
        tell(fields, row, role, wanted, answered);
    }
    check_leaks(fields, row, role, packed);
    desk_reset(desk);
}

int main(int count, char **words)
{
    static struct fields fields;
    char path[512];
    if (count < 2) {
        return EXIT_FAILURE;
    }
    (void)snprintf(path, sizeof path, "%s/fields.tsv", words[1]);
    sheet_read(&fields.sheet, path);
    firm_open(&fields.firm);
    plant_customer(&fields);
    plant_papers(&fields);
    for (size_t subject = 0; subject < fields.firm.subject_count; subject++) {
        const struct subject *asker = &fields.firm.subject[subject];
        undo_keep(true);
        hand_over(&fields, asker->member.user_id);
        fields.export_id = export_as(&fields, &asker->peer[LOGIN_FRESH]);
        undo_keep(false);
        for (size_t row = 0; row < fields.sheet.count; row++) {
            ask(&fields, row, subject);
        }
    }
    firm_close(&fields.firm);
    sheet_free(&fields.sheet);
    (void)printf("%zu cells, %zu differences\n", fields.cells, fields.differences);
    return fields.differences == 0 && fields.cells > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
