// SPDX-License-Identifier: Apache-2.0
#include "server/machine/mask.h"

#include "shared/fields.h"

#define DEPTH_MAX 8 // messages of the wire are not deeper (scan.h)

static bool shows_all(const struct filter *filter)
{
    bool all = true;
    for (int c = 0; filter != NULL && c < CLASS_SECRET; c++) {
        all = all && filter->views[c] == VIEW_FULL;
    }
    return all;
}

static bool is_hidden(const struct field *field, const struct filter *filter)
{
    const enum view view = filter->views[field->field_class];
    return field->sealed ? view == VIEW_HIDDEN && !filter->is_mixed : view != VIEW_FULL;
}

// A message half walked through: the next field, and the next element of it.
struct place {
    ProtobufCMessage *message;
    unsigned field;
    size_t element;
};

// The next message inside this one, or NULL when all its fields are done; figures on the way are
// taken out.
static ProtobufCMessage *walk_on(struct place *place, const struct filter *filter)
{
    const struct field *fields = fields_of(place->message->descriptor);
    assert(fields != NULL);
    for (; place->field < place->message->descriptor->n_fields; place->field++) {
        const struct field *field = &fields[place->field];
        if (field->kind != KIND_MESSAGE) {
            if (field->field_class != CLASS_PUBLIC && is_hidden(field, filter)) {
                field_clear(place->message, field->descriptor);
            }
            continue;
        }
        if (place->element < field_count(place->message, field->descriptor)) {
            ProtobufCMessage *inner = NULL;
            memcpy(&inner, field_element(place->message, field->descriptor, place->element),
                   sizeof inner);
            place->element++;
            return inner;
        }
        place->element = 0;
    }
    return NULL;
}

void mask_reply(ProtobufCMessage *result, const struct filter *filter)
{
    assert(result != NULL);
    if (shows_all(filter)) {
        return;
    }
    struct place stack[DEPTH_MAX] = {{.message = result}};
    size_t depth = 1;
    while (depth > 0) {
        ProtobufCMessage *inner = walk_on(&stack[depth - 1], filter);
        if (inner == NULL) {
            depth--;
        } else {
            assert(depth < DEPTH_MAX);
            stack[depth++] = (struct place){.message = inner};
        }
    }
}
