// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/audit.h"

#include "server/ledger/approval.h"
#include "server/ledger/cursor.h"
#include "server/ledger/reading.h"
#include "server/store/rows.h"
#include "shared/fields.h"
#include "shared/text.h"
#include "shared/wire.h"

// ---- who may see what a record is about ----

static const char *behind(const char *term, const char *prefix)
{
    const size_t length = strlen(prefix);
    return strncmp(term, prefix, length) == 0 ? term + length : NULL;
}

// What a record is about, and who may see that: rows by their scope, the rest by permission.
struct subject {
    enum table table; // whose rows have a scope
    enum permission permission;
};

static struct subject subject_of(const char *name, enum permission permission)
{
    static const struct {
        const char *noun;
        enum table table;
    } TABLES[] = {
        {"customer_", TABLE_customer}, {"invoice_", TABLE_invoice},   {"payment_", TABLE_payment},
        {"entry_", TABLE_entry},       {"approval_", TABLE_approval}, {"refund_", TABLE_clearing},
        {"writeoff_", TABLE_clearing},
    };

    struct subject subject = {.permission = permission};
    for (size_t i = 0; i < COUNT_OF(TABLES); i++) {
        subject.table = behind(name, TABLES[i].noun) != NULL ? TABLES[i].table : subject.table;
    }
    return subject;
}

static enum status may_see_waiting(struct txn *txn, struct call *call, uint64_t approval_id,
                                   bool *may)
{
    const struct filter *own = txn_filter(txn);
    ApprovalRecord *approval = NULL;
    enum status status = approval_look(txn, call);
    if (status == STATUS_OK) {
        status = approval_get(txn, key_u64(approval_id), &approval);
    }
    if (own != NULL) {
        txn_look_as(txn, own);
    }
    *may = status == STATUS_OK && approval_may_see(call, approval);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status may_see_subject(struct txn *txn, struct call *call,
                                   const struct subject *subject, uint64_t object_id, bool *may)
{
    const struct filter *filter = NULL;
    ProtobufCMessage *row = NULL;
    *may = reading_may(call, subject->permission);
    if (!*may || subject->table == TABLE_NONE) {
        return STATUS_OK;
    }
    if (subject->table == TABLE_approval) {
        return may_see_waiting(txn, call, object_id, may);
    }
    enum status status = call_filter(call, subject->permission, &filter);
    const bool sees_all = filter == NULL || filter->scope == SCOPE_ALL;
    if (status != STATUS_OK || sees_all) {
        return status;
    }
    status = rows_get_within(txn, filter, subject->table, key_u64(object_id), &row);
    *may = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// An event: what it is called and what it is about. What began to wait is one of the approvals.
struct happening {
    const char *name;
    struct subject subject;
};

// What was done: what was approved counts as itself.
static const struct command *done_by(const JournalRecord *record)
{
    return command_by_number(record->ran != 0 ? record->ran : record->command);
}

static bool happening_of(const JournalRecord *record, struct happening *out)
{
    const struct command *command = done_by(record);
    const bool waits = record->status == STATUS_APPROVAL_PENDING;
    if (command == NULL || (record->status != STATUS_OK && !waits)) {
        return false;
    }
    // Where money is sent to is told to those who watch it.
    const bool is_bank = command->request == &customer_bank__descriptor;
    const enum permission permission = waits     ? PERMISSION_APPROVAL_LIST
                                       : is_bank ? PERMISSION_BANK_WATCH
                                                 : reading_list_permission(command);
    out->name = waits ? "approval_pending" : command->name;
    out->subject = subject_of(out->name, permission);
    return true;
}

// The log shows that something was done by whom; what it was done to stays hidden from who may not
// see that. Logins and the like are about nobody's rows.
static enum status shows_object(struct txn *txn, struct call *call, const JournalRecord *record,
                                bool *shows)
{
    const struct command *command = done_by(record);
    const bool waits = record->status == STATUS_APPROVAL_PENDING;
    const enum permission permission = waits             ? PERMISSION_APPROVAL_LIST
                                       : command != NULL ? reading_list_permission(command)
                                                         : PERMISSION_SYSTEM;
    *shows = true;
    if (permission == PERMISSION_SYSTEM) {
        return STATUS_OK;
    }
    const struct subject subject = subject_of(waits ? "approval_" : command->name, permission);
    return may_see_subject(txn, call, &subject, record->object_id, shows);
}

// ---- one record as a row ----

// "invoice_issue" -> "invoice issue"; "report_trial_balance" -> "report trial-balance".
char *audit_action(struct arena *arena, const char *name)
{
    char *action = arena_copy(arena, name, strlen(name));
    char *first = action != NULL ? strchr(action, '_') : NULL;
    for (char *at = first; at != NULL; at = strchr(at, '_')) {
        *at = at == first ? ' ' : '-';
    }
    return action;
}

static enum status actor_of(struct txn *txn, struct arena *arena, uint64_t user_id, char **actor)
{
    *actor = arena_copy(arena, "kontord", 7);
    UserRecord *user = NULL;
    const enum status status =
        user_id != 0 ? user_get(txn, key_u64(user_id), &user) : STATUS_NOT_FOUND;
    if (status == STATUS_OK) {
        *actor = user->login;
    }
    if (*actor == NULL) {
        return STATUS_TOO_LARGE;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status device_of(struct txn *txn, uint64_t device_id, char **name)
{
    DeviceRecord *device = NULL;
    const enum status status =
        device_id != 0 ? device_get(txn, key_u64(device_id), &device) : STATUS_NOT_FOUND;
    if (status == STATUS_OK) {
        *name = device->name;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static const char *status_word(const JournalRecord *record)
{
    return record->status == STATUS_OK ? "done" : status_code((enum status)record->status);
}

enum status audit_row_fill(struct txn *txn, struct call *call, const JournalRecord *record,
                           AuditRow *row)
{
    struct arena *arena = call->arena;
    const struct command *command = command_by_number(record->command);
    row->number = record->number;
    row->at_us = record->instant_us;
    row->object = record->object;
    const char *outcome = status_word(record);
    row->status = (char *)(uintptr_t)outcome;
    // The sentence tells what came about, which a refusal did not.
    const bool tells = command != NULL && record->status == STATUS_OK;
    row->text = (char *)(uintptr_t)(tells ? command->audit : "");
    char *action = audit_action(arena, command != NULL ? command->name : "");
    if (action == NULL) {
        return STATUS_TOO_LARGE;
    }
    row->action = action;
    bool shows = false;
    enum status status = actor_of(txn, arena, record->user_id, &row->actor);
    if (status == STATUS_OK && record->approved_by != 0) {
        status = actor_of(txn, arena, record->approved_by, &row->approved_by);
    }
    if (status == STATUS_OK) {
        status = shows_object(txn, call, record, &shows);
    }
    if (status == STATUS_OK && !shows) {
        row->object = (char *)(uintptr_t) "";
    }
    if (status == STATUS_OK && shows && row->object[0] == '\0') {
        status = reading_meant(txn, call, record, &row->object);
    }
    return status != STATUS_OK ? status : device_of(txn, record->device_id, &row->device);
}

// ---- audit list ----

bool audit_query_parse(struct arena *arena, const char *text, struct audit_query *out)
{
    *out = (struct audit_query){0};
    char *rest = text_fold(arena, text);
    char *state = NULL;
    for (char *term = rest != NULL ? strtok_r(rest, " ", &state) : NULL; term != NULL;
         term = strtok_r(NULL, " ", &state)) {
        const struct {
            const char *prefix;
            const char **value;
        } TERMS[] = {
            {"actor:", &out->actor},   {"action:", &out->action}, {"noun:", &out->noun},
            {"object:", &out->object}, {"device:", &out->device}, {"status:", &out->status},
        };

        bool is_term = false;
        for (size_t i = 0; i < COUNT_OF(TERMS) && !is_term; i++) {
            const char *value = behind(term, TERMS[i].prefix);
            is_term = value != NULL;
            *TERMS[i].value = is_term ? value : *TERMS[i].value;
        }
        if (!is_term && out->word_count == QUERY_TERMS_MAX) {
            return false;
        }
        if (!is_term) {
            out->word[out->word_count++] = term;
        }
    }
    return true;
}

static bool has_part(struct arena *arena, const char *text, const char *folded)
{
    const char *own = text_fold(arena, text);
    return own != NULL && strstr(own, folded) != NULL;
}

static bool is_word(struct arena *arena, const char *text, const char *folded)
{
    const char *own = text_fold(arena, text);
    return own != NULL && strcmp(own, folded) == 0;
}

// "role grant" is of the noun "role".
static bool is_of_noun(const char *action, const char *noun)
{
    const size_t size = strlen(noun);
    return strncmp(action, noun, size) == 0 && (action[size] == ' ' || action[size] == '\0');
}

bool audit_query_takes(struct arena *arena, const AuditRow *row, const struct audit_query *query)
{
    if ((query->actor != NULL && strcmp(row->actor, query->actor) != 0 &&
         strcmp(row->approved_by, query->actor) != 0) ||
        (query->action != NULL && !has_part(arena, row->action, query->action)) ||
        (query->noun != NULL && !is_of_noun(row->action, query->noun)) ||
        (query->object != NULL && !is_word(arena, row->object, query->object)) ||
        (query->device != NULL && !is_word(arena, row->device, query->device)) ||
        (query->status != NULL && !has_part(arena, row->status, query->status))) {
        return false;
    }
    for (size_t i = 0; i < query->word_count; i++) {
        const char *word = query->word[i];
        if (!has_part(arena, row->actor, word) && !has_part(arena, row->action, word) &&
            !has_part(arena, row->object, word) && !has_part(arena, row->device, word)) {
            return false;
        }
    }
    return true;
}

bool audit_query_takes_all(const struct audit_query *query)
{
    return query->actor == NULL && query->action == NULL && query->noun == NULL &&
           query->object == NULL && query->device == NULL && query->status == NULL &&
           query->word_count == 0;
}

struct listing {
    const AuditList *request;
    struct audit_query query;
    uint32_t limit;
    uint64_t next; // number to go on with; 0: nothing is left
};

// Walks back from `from`; a page that looked at enough ends, even if it found little.
static enum status list_back(struct txn *txn, struct call *call, uint64_t from,
                             struct listing *listing, AuditListReply *reply)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_journal, key_u64(from), 0, true, &rows);
    const AuditList *request = listing->request;
    for (size_t scanned = 0; status == STATUS_OK; scanned++) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK) {
            break;
        }
        const JournalRecord *record = (const JournalRecord *)message;
        if (reply->n_row == listing->limit || scanned == AUDIT_SCANNED_MAX ||
            arena_used(call->arena) > AUDIT_ARENA_SHARE) {
            listing->next = record->number;
            return STATUS_OK;
        }
        if (request->from_day != 0 && record->book_day < request->from_day) {
            return STATUS_OK;
        }
        if (request->to_day != 0 && record->book_day > request->to_day) {
            continue;
        }
        AuditRow *row = (AuditRow *)wire_make(call->arena, &audit_row__descriptor);
        status = row != NULL ? audit_row_fill(txn, call, record, row) : STATUS_TOO_LARGE;
        if (status == STATUS_OK && audit_query_takes(call->arena, row, &listing->query)) {
            reply->row[reply->n_row++] = row;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status audit_list(struct txn *txn, struct call *call, const AuditList *request,
                       AuditListReply *reply)
{
    struct listing listing = {.request = request, .limit = cursor_limit(request->limit)};
    const uint64_t newest = txn_head(txn)->number;
    uint64_t from = 0;
    if (!cursor_parse(request->cursor, &from)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    if (!audit_query_parse(call->arena, request->query, &listing.query)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "query", NULL);
    }
    reply->row = arena_alloc(call->arena, listing.limit * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }

    const enum status status = list_back(txn, call, from != 0 ? from : newest, &listing, reply);
    if (status != STATUS_OK) {
        return status;
    }

    const bool is_all =
        audit_query_takes_all(&listing.query) && request->from_day == 0 && request->to_day == 0;
    reply->page = cursor_page(call->arena, is_all ? newest : reply->n_row, listing.next);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- audit show ----

// Is the clear text of this change of a class that the caller does not see in full?
static bool hides_text(const struct txn *txn, const JournalRecord *record, const Change *change)
{
    const struct filter *filter = txn_filter(txn);
    const struct command *command = done_by(record);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(&customer_add__descriptor, change->field);
    if (filter == NULL || field == NULL || command == NULL ||
        behind(command->name, "customer_") == NULL) {
        return false;
    }
    const struct field facts =
        field_of(&customer_add__descriptor, (unsigned)(field - customer_add__descriptor.fields));
    return filter->views[facts.field_class] != VIEW_FULL;
}

static enum status fill_change(struct txn *txn, const JournalRecord *record, const Change *change,
                               AuditChange *out)
{
    static const char HIDDEN[] = "***";
    out->object = change->object_id == record->object_id ? record->object : out->object;
    out->field = change->field;
    const bool hides = hides_text(txn, record, change);
    out->before = hides && change->before[0] != '\0' ? (char *)(uintptr_t)HIDDEN : change->before;
    out->after = hides && change->after[0] != '\0' ? (char *)(uintptr_t)HIDDEN : change->after;
    enum status status = STATUS_OK;
    if (change->before_box.len > 0) {
        status = rows_box_text(txn, change->object_id, change->vault_id, change->field,
                               change->before_box, &out->before);
    }
    if (status == STATUS_OK && change->after_box.len > 0) {
        status = rows_box_text(txn, change->object_id, change->vault_id, change->field,
                               change->after_box, &out->after);
    }
    return status;
}

static enum status fill_changes(struct txn *txn, struct arena *arena, const JournalRecord *record,
                                AuditCard *card)
{
    card->change = arena_alloc(arena, (record->n_change + 1) * sizeof *card->change);
    if (card->change == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < record->n_change; i++) {
        AuditChange *change = (AuditChange *)wire_make(arena, &audit_change__descriptor);
        const enum status status =
            change != NULL ? fill_change(txn, record, record->change[i], change) : STATUS_TOO_LARGE;
        if (status != STATUS_OK) {
            return status;
        }
        card->change[card->n_change++] = change;
    }
    return STATUS_OK;
}

enum status audit_leaf(struct arena *arena, const JournalRecord *record,
                       uint8_t out[static LEAF_BYTES])
{
    struct bytes packed;
    const enum status status = wire_pack(arena, (const ProtobufCMessage *)record, &packed);
    if (status == STATUS_OK) {
        tree_leaf(packed, out);
    }
    return status;
}

enum status audit_show(struct txn *txn, struct call *call, const AuditShow *request,
                       AuditCard *reply)
{
    JournalRecord *record = NULL;
    AuditRow row;
    audit_row__init(&row);
    enum status status = journal_get(txn, key_u64(request->number), &record);
    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, status, "number", NULL);
    }
    if (status == STATUS_OK) {
        status = audit_row_fill(txn, call, record, &row);
    }
    bool shows = false;
    if (status == STATUS_OK) {
        status = shows_object(txn, call, record, &shows);
    }
    if (status == STATUS_OK && shows) {
        status = fill_changes(txn, call->arena, record, reply);
    }
    char *ran = reply->ran;
    if (status == STATUS_OK && record->ran != 0) {
        ran = audit_action(call->arena, command_by_number(record->ran)->name);
        status = ran != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    uint8_t *leaf = arena_alloc(call->arena, LEAF_BYTES);
    if (status == STATUS_OK) {
        status = leaf != NULL ? audit_leaf(call->arena, record, leaf) : STATUS_TOO_LARGE;
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->number = row.number;
    reply->at_us = row.at_us;
    reply->actor = row.actor;
    reply->device = row.device;
    reply->session_id = record->session_id;
    reply->action = row.action;
    reply->object = row.object;
    reply->status = row.status;
    reply->text = row.text;
    reply->approved_by = row.approved_by;
    reply->ran = ran;
    reply->problem = record->problem;
    reply->n_problem = shows ? record->n_problem : 0;
    reply->leaf = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = leaf};
    return STATUS_OK;
}

// ---- audit verify ----

// What one page leaves for the next: the tree so far. A client that changes it deceives itself
// only.
struct progress {
    struct tree tree;
};

static size_t edge_count(uint64_t size)
{
    size_t count = 0;
    for (uint64_t rest = size; rest != 0; rest &= rest - 1) {
        count++;
    }
    return count;
}

static char *progress_print(struct arena *arena, const struct progress *progress)
{
    static const char DIGITS[] = "0123456789abcdef";
    const size_t edges = edge_count(progress->tree.size) * LEAF_BYTES;
    uint8_t bytes[8 + TREE_LEVELS * LEAF_BYTES];
    put_u64(bytes, progress->tree.size);
    memcpy(bytes + 8, progress->tree.edge, edges);
    char *text = arena_alloc(arena, 2 * (8 + edges) + 1);
    for (size_t i = 0; text != NULL && i < 8 + edges; i++) {
        text[2 * i] = DIGITS[bytes[i] >> 4];
        text[2 * i + 1] = DIGITS[bytes[i] & 15];
    }
    return text;
}

static bool progress_parse(const char *text, struct progress *out)
{
    static const char DIGITS[] = "0123456789abcdef";
    *out = (struct progress){0};
    uint8_t bytes[8 + TREE_LEVELS * LEAF_BYTES] = {0};
    const size_t length = strlen(text);
    if (length == 0) {
        return true;
    }
    if (length % 2 != 0 || length / 2 < 8 || length / 2 > sizeof bytes) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        const char *at = strchr(DIGITS, text[i]);
        if (at == NULL) {
            return false;
        }
        bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (uint8_t)(at - DIGITS));
    }
    out->tree.size = get_u64(bytes);
    if (length / 2 != 8 + edge_count(out->tree.size) * LEAF_BYTES) {
        return false;
    }
    memcpy(out->tree.edge, bytes + 8, length / 2 - 8);
    return true;
}

static enum status hash_page(struct txn *txn, struct call *call, struct progress *progress,
                             AuditVerifyReply *reply)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status =
        rows_open(txn, TABLE_journal, key_u64(progress->tree.size + 1), 0, false, &rows);
    for (size_t scanned = 0; status == STATUS_OK && scanned < AUDIT_SCANNED_MAX &&
                             arena_used(call->arena) < AUDIT_ARENA_SHARE;
         scanned++) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK) {
            break;
        }
        const JournalRecord *record = (const JournalRecord *)message;
        if (row_key_first(&key) != progress->tree.size + 1 ||
            record->number != progress->tree.size + 1) {
            reply->finding = arena_print(call->arena, "record %llu is missing",
                                         (unsigned long long)progress->tree.size + 1);
            return reply->finding != NULL ? STATUS_END : STATUS_TOO_LARGE;
        }
        uint8_t leaf[LEAF_BYTES];
        status = audit_leaf(call->arena, record, leaf);
        tree_append(&progress->tree, leaf);
    }
    return status;
}

enum status audit_verify(struct txn *txn, struct call *call, const AuditVerify *request,
                         AuditVerifyReply *reply)
{
    struct progress progress;
    if (!progress_parse(request->cursor, &progress)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    uint8_t *root = arena_alloc(call->arena, LEAF_BYTES);
    if (root == NULL) {
        return STATUS_TOO_LARGE;
    }

    const enum status status = hash_page(txn, call, &progress, reply);
    if (status != STATUS_OK && status != STATUS_END) {
        return status;
    }

    const struct head *head = txn_head(txn);
    const bool is_done = status == STATUS_END;
    tree_root(&progress.tree, root);
    reply->records = progress.tree.size;
    reply->root = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = root};
    reply->whole = is_done && progress.tree.size == head->number &&
                   memcmp(root, head->tree_root, LEAF_BYTES) == 0;
    if (is_done && !reply->whole && reply->finding[0] == '\0') {
        reply->finding = arena_print(call->arena, "the tree's root differs from the head row");
    }
    reply->page = cursor_page(call->arena, head->number, 0);
    if (reply->page == NULL || reply->finding == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (!is_done) {
        reply->page->next = progress_print(call->arena, &progress);
    }
    return reply->page->next != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- events ----

static enum status event_fill(struct call *call, const JournalRecord *record,
                              const struct happening *happening, Event *reply)
{
    char *action = audit_action(call->arena, happening->name);
    if (action == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->action = action;
    reply->object = record->object;
    reply->id = record->object_id;
    reply->at_us = record->instant_us;
    // The position is sealed by admission, which takes it from here.
    call_about(call, record->number, NULL);
    return STATUS_OK;
}

// The next event behind the position; END when there is none yet. An event without an action says
// how far was looked before the call's memory was used up.
enum status event_watch(struct txn *txn, struct call *call, const EventWatch *request, Event *reply)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = STATUS_END;
    if (request->from_number != 0) {
        status = rows_open(txn, TABLE_journal, key_u64(request->from_number + 1), 0, false, &rows);
    }
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK) {
            break;
        }
        const JournalRecord *record = (const JournalRecord *)message;
        struct happening happening;
        bool is_visible = false;
        if (happening_of(record, &happening) && behind(happening.name, request->noun) != NULL) {
            status = may_see_subject(txn, call, &happening.subject, record->object_id, &is_visible);
            // Who comes in by the back door is told to everybody.
            is_visible = is_visible || strcmp(happening.name, "user_recover") == 0;
        }
        if (status == STATUS_OK && is_visible) {
            return event_fill(call, record, &happening, reply);
        }
        if (arena_used(call->arena) > AUDIT_ARENA_SHARE) {
            call_about(call, record->number, NULL);
            return STATUS_OK;
        }
    }
    if (status != STATUS_OK && status != STATUS_END) {
        return status;
    }
    return refuse(txn, call, STATUS_END, NULL, NULL);
}
