// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/approval.h"
#include "server/ledger/audit.h"
#include "server/ledger/reading.h"
#include "shared/args_values.h"
#include "shared/fields.h"
#include "shared/render.h"
#include "shared/wire.h"

#define SCANNED_MAX 20000                // records that one page looks at
#define ARENA_SHARE (CALL_ARENA_MAX / 2) // of the call, for the records of a page

// ---- what a request says ----

struct saying {
    struct txn *txn;
    struct call *call;
    struct render_context render;
    ApprovalCard *card;
    size_t room;
    uint64_t customer_id; // of whom it tells; 0: of nobody yet
};

static enum status say(struct saying *saying, const char *field, const char *value)
{
    if (value == NULL || field == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (value[0] == '\0' || saying->card->n_line == saying->room) {
        return STATUS_OK;
    }
    ApprovalField *line =
        (ApprovalField *)wire_make(saying->call->arena, &approval_field__descriptor);
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    line->field = reading_constant(field);
    line->value = reading_constant(value);
    saying->card->line[saying->card->n_line++] = line;
    return STATUS_OK;
}

static enum status role_text(struct txn *txn, uint64_t role_id, char **out)
{
    RoleRecord *role = NULL;
    const enum status status = role_get(txn, key_u64(role_id), &role);
    *out = reading_constant(status == STATUS_OK ? role->word : "");
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// Number, login or word of what a reference names, "" when it has none that the reader may see.
static enum status reference_text(struct txn *txn, struct call *call,
                                  const ProtobufCMessage *message,
                                  const ProtobufCFieldDescriptor *field, char **out)
{
    uint64_t id = 0;
    memcpy(&id, field_element(message, field, 0), sizeof id);
    const FindNoun noun = args_noun(field);
    switch ((int)noun) {
    case FIND_NOUN__FIND_NOUN_USER:
        return reading_login(txn, id, out);
    case FIND_NOUN__FIND_NOUN_ROLE:
        return role_text(txn, id, out);
    default:
        return reading_object(txn, call, id, out);
    }
}

// What admission filled in is left out, and a field of a class that the reader's roles do not show
// in full says nothing.
static bool is_told(const struct call *call, const ProtobufCMessage *message,
                    const struct field *field)
{
    const bool is_open = field->field_class == CLASS_PUBLIC || call->filter == NULL ||
                         call->filter->views[field->field_class] == VIEW_FULL;
    return is_open && !field->admission && field->kind != KIND_MESSAGE &&
           field->kind != KIND_BYTES && field_is_set(message, field->descriptor);
}

// The fields of one message that are no messages themselves; `prefix` "" or "allocate[0].".
static enum status say_fields(struct saying *saying, const ProtobufCMessage *message,
                              const char *prefix)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; status == STATUS_OK && i < message->descriptor->n_fields; i++) {
        const struct field field = field_of(message->descriptor, i);
        if (!is_told(saying->call, message, &field)) {
            continue;
        }
        char option[64];
        char *value = NULL;
        field_option(field.descriptor, option);
        if (field.kind == KIND_REFERENCE) {
            status = reference_text(saying->txn, saying->call, message, field.descriptor, &value);
        } else {
            value = render_cell(&saying->render, message, field.descriptor);
        }
        if (status == STATUS_OK) {
            status = say(saying, arena_print(saying->call->arena, "%s%s", prefix, option), value);
        }
    }
    return status;
}

static enum status say_lists(struct saying *saying, const ProtobufCMessage *message)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; status == STATUS_OK && i < message->descriptor->n_fields; i++) {
        const struct field field = field_of(message->descriptor, i);
        const size_t count = field.kind == KIND_MESSAGE && !field.admission
                                 ? field_count(message, field.descriptor)
                                 : 0;
        for (size_t k = 0; status == STATUS_OK && k < count; k++) {
            const char *prefix =
                arena_print(saying->call->arena, "%s[%zu].", field.descriptor->name, k);
            const ProtobufCMessage *element =
                *(const ProtobufCMessage *const *)field_element(message, field.descriptor, k);
            status = prefix != NULL ? say_fields(saying, element, prefix) : STATUS_TOO_LARGE;
        }
    }
    return status;
}

// Personal fields stand in boxes; they are opened as the reader's roles allow.
static enum status say_boxes(struct saying *saying, Sealed *const *sealed, size_t count,
                             uint64_t vault_id, const ProtobufCMessageDescriptor *message)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(message, sealed[i]->field);
        if (field == NULL) {
            continue;
        }
        char *value = NULL;
        const char *name =
            arena_print(saying->call->arena, sealed[i]->ordinal > 0 ? "%s[%u]" : "%s", field->name,
                        sealed[i]->ordinal);
        status = name != NULL ? rows_box_text(saying->txn, saying->customer_id, vault_id, name,
                                              sealed[i]->box, &value)
                              : STATUS_TOO_LARGE;
        if (status == STATUS_OK) {
            status = say(saying, name, value);
        }
    }
    return status;
}

static enum status say_personal(struct saying *saying, const ProtobufCMessage *request)
{
    if (request->descriptor == &customer_add__descriptor) {
        const CustomerAdd *add = (const CustomerAdd *)request;
        return say_boxes(saying, add->sealed, add->n_sealed, add->vault_id, request->descriptor);
    }
    if (request->descriptor == &customer_edit__descriptor) {
        const CustomerEdit *edit = (const CustomerEdit *)request;
        return say_boxes(saying, edit->sealed, edit->n_sealed, edit->vault_id, request->descriptor);
    }
    if (request->descriptor == &customer_bank__descriptor) {
        const CustomerBank *bank = (const CustomerBank *)request;
        return say_boxes(saying, bank->sealed, bank->n_sealed, bank->vault_id, request->descriptor);
    }
    return STATUS_OK;
}

static enum status unpack(struct call *call, const ApprovalRecord *approval, ProtobufCMessage **out)
{
    const struct command *command = command_by_number(approval->command);
    assert(command != NULL);
    const enum status status =
        wire_unpack(call->arena, command->request,
                    bytes_of(approval->request.data, approval->request.len), out);
    return status == STATUS_OK || status == STATUS_TOO_LARGE ? status : STATUS_TAMPERED;
}

static enum status say_request(struct txn *txn, struct call *call, const ApprovalRecord *approval,
                               ApprovalCard *card)
{
    BookRecord *book = NULL;
    ProtobufCMessage *request = NULL;
    struct saying saying = {.txn = txn,
                            .call = call,
                            .card = card,
                            .room = SCAN_FIELDS_MAX,
                            .customer_id = approval->customer_id};
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = unpack(call, approval, &request);
    }
    card->line = arena_alloc(call->arena, saying.room * sizeof *card->line);
    if (status == STATUS_OK && card->line == NULL) {
        status = STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        saying.render = (struct render_context){.arena = call->arena,
                                                .decimals = book->decimals,
                                                .currency = book->currency,
                                                .offset_minutes = 0};
        status = say_fields(&saying, request, "");
    }
    if (status == STATUS_OK) {
        status = say_lists(&saying, request);
    }
    return status == STATUS_OK ? say_personal(&saying, request) : status;
}

// ---- rows ----

// What the request names first: a document, a customer, a user, a role; without a reference its
// first word, as the login of an invitation.
static enum status about_text(struct txn *txn, struct call *call, const ApprovalRecord *approval,
                              ApprovalRow *row)
{
    struct customer_label customer;
    ProtobufCMessage *request = NULL;
    enum status status = reading_customer(txn, call, approval->customer_id, &customer);
    if (status == STATUS_OK) {
        status = unpack(call, approval, &request);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->about_name = customer.name;
    for (unsigned i = 0; i < request->descriptor->n_fields; i++) {
        const struct field field = field_of(request->descriptor, i);
        if (field.kind == KIND_REFERENCE && field_is_set(request, field.descriptor)) {
            return reference_text(txn, call, request, field.descriptor, &row->about);
        }
    }
    const struct field first = field_of(request->descriptor, 0);
    if (first.kind == KIND_TEXT && !first.sealed && field_count(request, first.descriptor) == 1) {
        row->about = *(char *const *)field_element(request, first.descriptor, 0);
    }
    return STATUS_OK;
}

static enum status fill_row(struct txn *txn, struct call *call, const ApprovalRecord *approval,
                            ApprovalRow *row)
{
    const struct command *command = command_by_number(approval->command);
    const enum control control = control_by_number(approval->control);
    const bool is_limit = control == CONTROL_CREDIT_LIMIT;
    const bool tells =
        !is_limit || call->filter == NULL || call->filter->views[CLASS_FINANCE] == VIEW_FULL;
    row->id = approval->id;
    row->number = approval_number(call, approval);
    row->state = approval_state(call, approval);
    row->control = reading_constant(control_word(control));
    row->action = audit_action(call->arena, command->name);
    row->amount_minor = tells && approval->amount_minor <= AMOUNT_MAX ? approval->amount_minor : 0;
    row->created_us = approval->created_us;
    row->expires_us = approval->created_us + APPROVAL_US;
    row->decided_us = approval->decided_us;
    if (row->number == NULL || row->action == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = about_text(txn, call, approval, row);
    if (status == STATUS_OK) {
        status = reading_login(txn, approval->created_by, &row->created_by);
    }
    return status == STATUS_OK ? reading_login(txn, approval->decided_by, &row->decided_by)
                               : status;
}

// ---- approval list ----

struct listing {
    const ApprovalList *request;
    uint32_t limit;
    uint64_t count;
    uint64_t next; // id to go on with; 0: nothing is left
};

static bool is_asked_for(const struct call *call, const ApprovalList *request,
                         const ApprovalRecord *approval)
{
    const ApprovalState wanted = request->state != APPROVAL_STATE__APPROVAL_STATE_UNSET
                                     ? request->state
                                     : APPROVAL_STATE__APPROVAL_STATE_PENDING;
    return approval_may_see(call, approval) &&
           (request->decided || approval_state(call, approval) == wanted);
}

// The newest first; a page that looked at enough ends, even if it found little.
static enum status list_back(struct txn *txn, struct call *call, uint64_t from,
                             struct listing *listing, ApprovalListReply *reply)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_approval, key_u64(from), 0, true, &rows);
    for (size_t scanned = 0; status == STATUS_OK; scanned++) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const ApprovalRecord *approval = (const ApprovalRecord *)message;
        if (status != STATUS_OK) {
            break;
        }
        if (reply->n_row == listing->limit || scanned == SCANNED_MAX ||
            arena_used(call->arena) > ARENA_SHARE) {
            listing->next = approval->id;
            return STATUS_OK;
        }
        if (!is_asked_for(call, listing->request, approval)) {
            continue;
        }
        ApprovalRow *row = (ApprovalRow *)wire_make(call->arena, &approval_row__descriptor);
        status = row != NULL ? fill_row(txn, call, approval, row) : STATUS_TOO_LARGE;
        reply->row[reply->n_row++] = row;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status approval_list(struct txn *txn, struct call *call, const ApprovalList *request,
                          ApprovalListReply *reply)
{
    struct listing listing = {.request = request, .limit = cursor_limit(request->limit)};
    uint64_t from = 0;
    if (!cursor_parse(request->cursor, &from)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    reply->row = arena_alloc(call->arena, listing.limit * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }

    const enum status status = list_back(txn, call, from != 0 ? from : UINT64_MAX, &listing, reply);
    if (status != STATUS_OK) {
        return status;
    }

    reply->page = cursor_page(call->arena, reply->n_row, listing.next);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- approval show ----

static enum status fill_authors(struct txn *txn, struct call *call, const ApprovalRecord *approval,
                                ApprovalCard *card)
{
    card->author = arena_alloc(call->arena, (approval->n_author + 1) * sizeof *card->author);
    if (card->author == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < approval->n_author; i++) {
        status = reading_login(txn, approval->author[i], &card->author[i]);
        card->n_author++;
    }
    return status;
}

enum status approval_show(struct txn *txn, struct call *call, const ApprovalShow *request,
                          ApprovalCard *reply)
{
    ApprovalRecord *approval = NULL;
    ApprovalRow row;
    approval_row__init(&row);
    enum status status = approval_load(txn, call, request->approval_id, &approval);
    if (status == STATUS_OK) {
        status = fill_row(txn, call, approval, &row);
    }
    if (status == STATUS_OK) {
        status = say_request(txn, call, approval, reply);
    }
    if (status == STATUS_OK) {
        status = fill_authors(txn, call, approval, reply);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = row.id;
    reply->number = row.number;
    reply->state = row.state;
    reply->control = row.control;
    reply->action = row.action;
    reply->amount_minor = row.amount_minor;
    reply->about = row.about;
    reply->about_name = row.about_name;
    reply->created_by = row.created_by;
    reply->created_us = row.created_us;
    reply->expires_us = row.expires_us;
    reply->decided_by = row.decided_by;
    reply->decided_us = row.decided_us;
    reply->reason = approval->reason;
    reply->object = approval->object;
    return STATUS_OK;
}
