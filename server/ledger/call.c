// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/call.h"

#include <stdarg.h>

#define ORDINAL_BITS  8
#define CHANGES_FIRST 8u

uint64_t call_new_id(struct call *call)
{
    call->next_ordinal++;
    assert(call->next_ordinal < 1u << ORDINAL_BITS);
    return call->number << ORDINAL_BITS | call->next_ordinal;
}

enum status refuse(struct txn *txn, struct call *call, enum status status, const char *field,
                   const char *detail, ...)
{
    assert(status != STATUS_OK);
    assert(txn_mode(txn) == TXN_READ || !txn_call_has_written(txn));
    call->status = status;
    call->change_count = 0; // what was noted for a change that does not come
    if (detail != NULL) {
        char line[DETAIL_BYTES_MAX + 1];
        va_list arguments;
        va_start(arguments, detail);
        const int length = vsnprintf(line, sizeof line, detail, arguments);
        va_end(arguments);
        call->detail = length > 0 ? arena_copy(call->arena, line, strlen(line)) : NULL;
    }
    if (field != NULL) {
        problems_add(&call->problems, status, field, NULL, NULL, NULL);
    }
    return status;
}

void call_about(struct call *call, uint64_t id, const char *number)
{
    call->object_id = id;
    call->object = number != NULL ? arena_copy(call->arena, number, strlen(number)) : NULL;
}

// A place for one more change; the array doubles in the arena. NULL when the arena is exhausted.
static Change *next_change(struct call *call)
{
    const size_t count = call->change_count;
    if (count == 0 || (count >= CHANGES_FIRST && (count & (count - 1)) == 0)) {
        const size_t room = count == 0 ? CHANGES_FIRST : 2 * count;
        Change **grown = arena_alloc(call->arena, room * sizeof(Change *));
        if (grown == NULL) {
            return NULL;
        }
        if (count > 0) {
            memcpy(grown, call->change, count * sizeof(Change *));
        }
        call->change = grown;
    }
    Change *change = arena_alloc(call->arena, sizeof *change);
    if (change != NULL) {
        change__init(change);
        call->change[call->change_count++] = change;
    }
    return change;
}

static void set_text(struct arena *arena, char **at, const char *text)
{
    char *copy = text != NULL ? arena_copy(arena, text, strlen(text)) : NULL;
    if (copy != NULL) {
        *at = copy;
    }
}

void call_note_change(struct call *call, uint64_t object_id, const char *field, const char *before,
                      const char *after)
{
    assert(field != NULL);
    if (strcmp(before != NULL ? before : "", after != NULL ? after : "") == 0) {
        return;
    }
    Change *change = next_change(call);
    if (change != NULL) {
        change->object_id = object_id;
        set_text(call->arena, &change->field, field);
        set_text(call->arena, &change->before, before);
        set_text(call->arena, &change->after, after);
    }
}

void call_note_sealed(struct call *call, uint64_t object_id, uint64_t vault_id, const char *field,
                      ProtobufCBinaryData before, ProtobufCBinaryData after)
{
    assert(field != NULL);
    Change *change = next_change(call);
    if (change != NULL) {
        change->object_id = object_id;
        change->vault_id = vault_id;
        set_text(call->arena, &change->field, field);
        change->before_box = before;
        change->after_box = after;
    }
}

enum status call_filter(struct call *call, enum permission permission, const struct filter **out)
{
    *out = call->filter;
    if (call->rights == NULL) {
        return STATUS_OK;
    }
    *out = rights_narrow(call->rights, call->filter, permission, call->arena);
    return *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

uint64_t call_chain(struct call *call, uint64_t object_id, uint64_t changed_in)
{
    uint64_t newest = changed_in;
    for (size_t i = 0; i < call->change_count; i++) {
        if (call->change[i]->object_id == object_id) {
            call->change[i]->earlier = changed_in;
            newest = call->number;
        }
    }
    return newest;
}
