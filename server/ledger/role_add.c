// SPDX-License-Identifier: Apache-2.0
// Roles that come and go, and what they are called.
#include "server/ledger/control.h"
#include "server/ledger/role_editing.h"
#include "server/store/rows.h"

static enum status refuse_word(struct editing *editing, const char *word, const RoleRecord *self)
{
    const RoleRecord *taken = role_set_by_word(&editing->after, word);
    return taken != NULL && taken != self
               ? editing_refuse(editing, STATUS_FIELD_NOT_UNIQUE, "word", word, NULL)
               : STATUS_OK;
}

// The new role with the grants of another one, or with none.
static enum status make_role(struct editing *editing, const RoleAdd *request, uint32_t id)
{
    RoleRecord empty;
    role_record__init(&empty);
    const RoleRecord *like = &empty;
    if (request->like_id != 0) {
        like = role_set_by_id(&editing->before, request->like_id);
    }
    if (like == NULL) {
        return refuse(editing->txn, editing->call, STATUS_NOT_FOUND, "like_id", NULL);
    }
    RoleRecord *role = editing_copy(editing->call->arena, like);
    if (role == NULL) {
        return STATUS_TOO_LARGE;
    }
    role->id = id;
    role->word = request->word;
    role->name = request->name;
    role->built_in = false;
    role->version = 0;
    editing_widen(role);
    editing->role = role;
    editing->after.is_changed[editing->after.count] = true;
    editing->after.role[editing->after.count++] = role;
    return STATUS_OK;
}

enum status role_add(struct txn *txn, struct call *call, const RoleAdd *request, RoleReply *reply)
{
    BookRecord *book = NULL;
    struct editing *editing = arena_alloc(call->arena, sizeof *editing);
    if (editing == NULL) {
        return STATUS_TOO_LARGE;
    }
    *editing = (struct editing){.txn = txn, .call = call};
    enum status status = book_get(txn, key_u64(BOOK_KEY), &book);
    if (status == STATUS_OK) {
        status = editing_load(editing);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (editing->after.count == ROLES_MAX) {
        return editing_refuse(editing, STATUS_TOO_LARGE, "word", request->word, "64");
    }
    const uint32_t id = book->next_role != 0 ? book->next_role : ROLE_CUSTOM_FIRST;
    status = refuse_word(editing, request->word, NULL);
    if (status == STATUS_OK) {
        status = make_role(editing, request, id);
    }
    if (status == STATUS_OK) {
        status = editing_judge(editing);
    }
    if (status != STATUS_OK) {
        return status;
    }

    book->next_role = id + 1;
    call_note_change(call, id, "word", "", request->word);
    status = book_put(txn, key_u64(BOOK_KEY), book);
    if (status == STATUS_OK) {
        status = editing_put(editing);
    }

    if (status == STATUS_OK) {
        editing_answer(editing, reply);
    }
    return status;
}

enum status role_rename(struct txn *txn, struct call *call, const RoleRename *request,
                        RoleReply *reply)
{
    RoleRecord *role = NULL;
    struct editing *editing = arena_alloc(call->arena, sizeof *editing);
    if (editing == NULL) {
        return STATUS_TOO_LARGE;
    }
    *editing = (struct editing){.txn = txn, .call = call};
    enum status status = editing_load(editing);
    if (status == STATUS_OK) {
        status = editing_role(editing, request->role_id, &role);
    }
    if (status == STATUS_OK && request->word[0] != '\0') {
        status = refuse_word(editing, request->word, role);
    }
    if (status != STATUS_OK) {
        return status;
    }
    assert(role != NULL);
    const char *word = request->word[0] != '\0' ? request->word : role->word;
    const char *name = request->name[0] != '\0' ? request->name : role->name;
    if (strcmp(word, role->word) == 0 && strcmp(name, role->name) == 0) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }
    status = control_check(txn, call, CONTROL_ROLES, 0);
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, role->id, "word", role->word, word);
    call_note_change(call, role->id, "name", role->name, name);
    role->word = (char *)(uintptr_t)word;
    role->name = (char *)(uintptr_t)name;
    editing_mark(editing, role);
    status = editing_put(editing);

    if (status == STATUS_OK) {
        editing_answer(editing, reply);
    }
    return status;
}

// Who holds the role, whatever his state: a role that is gone must be nobody's.
static enum status refuse_held(struct editing *editing, uint64_t role_id)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(editing->txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const UserRecord *user = (const UserRecord *)message;
        for (size_t i = 0; status == STATUS_OK && i < user->n_role; i++) {
            if (user->role[i] == role_id) {
                return editing_refuse(editing, STATUS_ROLE_IN_USE, "role_id", user->login, NULL);
            }
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status role_remove(struct txn *txn, struct call *call, const RoleRemove *request,
                        RoleReply *reply)
{
    RoleRecord *role = NULL;
    struct editing *editing = arena_alloc(call->arena, sizeof *editing);
    if (editing == NULL) {
        return STATUS_TOO_LARGE;
    }
    *editing = (struct editing){.txn = txn, .call = call};
    enum status status = editing_load(editing);
    if (status == STATUS_OK) {
        status = editing_role(editing, request->role_id, &role);
    }
    if (status == STATUS_OK) {
        assert(role != NULL);
        status = refuse_held(editing, role->id);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ROLES, 0);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, role->id, "word", role->word, "");
    status = rows_del(txn, TABLE_role, key_u64(role->id));

    if (status == STATUS_OK) {
        editing_answer(editing, reply);
    }
    return status;
}
