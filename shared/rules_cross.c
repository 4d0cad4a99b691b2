// SPDX-License-Identifier: Apache-2.0
#include "shared/day.h"
#include "shared/rules_walk.h"

// A day beyond the calendar is reported as such.
static const char *day_text(const struct walk *walk, int32_t day)
{
    return day >= DAY_MIN && day <= DAY_MAX ? day_print(walk->problems->arena, day) : NULL;
}

static void order_check(struct walk *walk, const struct cross *cross)
{
    const ProtobufCMessage *message = walk->frame[walk->depth - 1].message;
    const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
    int32_t day[2] = {0};
    for (size_t i = 0; i < 2; i++) {
        memcpy(&day[i], field_at(message, &fields[cross->field[i]]), sizeof day[i]);
    }
    if (day[0] != 0 && day[1] != 0 && day[0] > day[1]) {
        walk->frame[walk->depth - 1].field = cross->field[0];
        rules_fault(walk, STATUS_FIELD_OUT_OF_RANGE, day_text(walk, day[0]),
                    day_text(walk, day[1]));
    }
}

// At least one of them; one that was typed badly counts.
static void one_of_check(struct walk *walk, const struct cross *cross)
{
    struct frame *frame = &walk->frame[walk->depth - 1];
    const ProtobufCFieldDescriptor *fields = frame->message->descriptor->fields;
    for (size_t i = 0; i < cross->count; i++) {
        frame->field = cross->field[i];
        if (field_is_set(frame->message, &fields[frame->field]) || rules_is_reported(walk)) {
            return;
        }
    }
    char allowed[PATH_BYTES];
    size_t size = 0;
    for (size_t i = 0; i < cross->count && size < sizeof allowed; i++) {
        char option[64];
        field_option(&fields[cross->field[i]], option);
        size += (size_t)snprintf(allowed + size, sizeof allowed - size, "%s%s", i > 0 ? " | " : "",
                                 option);
    }
    frame->field = cross->field[0];
    rules_fault(walk, STATUS_FIELD_MISSING, NULL, allowed);
}

static void excludes_check(struct walk *walk, const struct cross *cross)
{
    struct frame *frame = &walk->frame[walk->depth - 1];
    const ProtobufCFieldDescriptor *fields = frame->message->descriptor->fields;
    if (!field_is_set(frame->message, &fields[cross->field[0]])) {
        return;
    }
    for (size_t i = 1; i < cross->count; i++) {
        frame->field = cross->field[i];
        if (field_is_set(frame->message, &fields[frame->field])) {
            char first[64];
            field_option(&fields[cross->field[0]], first);
            rules_fault(walk, STATUS_FIELD_CONFLICT, first, NULL);
        }
    }
}

static void password_check(struct walk *walk, const ProtobufCMessage *message)
{
    const SessionJoin *join = (const SessionJoin *)message;
    if (join->password[0] != '\0' && strlen(join->password) < PASSWORD_BYTES_MIN) {
        walk->frame[walk->depth - 1].field = 0;
        char allowed[32];
        (void)snprintf(allowed, sizeof allowed, "%d - %d", PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX);
        rules_fault(walk, STATUS_PASSWORD_TOO_WEAK, NULL, allowed);
    }
}

// A limit stands with the mode that has one; a new customer's mode with its limit.
static void credit_check(struct walk *walk, const ProtobufCFieldDescriptor *limit, CreditMode mode,
                         int64_t limit_minor, bool is_new)
{
    struct frame *frame = &walk->frame[walk->depth - 1];
    frame->field = (unsigned)(limit - frame->message->descriptor->fields);
    const bool has_mode = mode != CREDIT_MODE__CREDIT_MODE_UNSET;
    const bool is_limit = mode == CREDIT_MODE__CREDIT_MODE_LIMIT;
    if (is_new && is_limit && limit_minor == 0) {
        rules_fault(walk, STATUS_FIELD_MISSING, NULL, NULL);
    } else if (has_mode && !is_limit && limit_minor != 0) {
        rules_fault(walk, STATUS_FIELD_CONFLICT, "credit", NULL);
    }
}

// People know a field by its option: "tax-id" names tax_id.
static bool is_name_of(const char *typed, const char *field)
{
    while (*typed != '\0' && (*typed == *field || (*typed == '-' && *field == '_'))) {
        typed++;
        field++;
    }
    return *typed == '\0' && *field == '\0';
}

// Only fields that can be empty are emptied.
static void clear_check(struct walk *walk, const ProtobufCFieldDescriptor *clear,
                        const CustomerEdit *edit)
{
    static const char *const FIELDS[] = {
        "company",       "phone",     "email",   "address",      "tax_id",
        "industry",      "region",    "class",   "tag",          "owner",
        "terms",         "credit",    "notes",   "contact_name", "contact_position",
        "contact_phone", "reference", "currency"};
    struct frame *frame = &walk->frame[walk->depth - 1];
    frame->field = (unsigned)(clear - frame->message->descriptor->fields);
    for (size_t i = 0; i < edit->n_clear; i++) {
        bool is_known = false;
        for (size_t j = 0; j < COUNT_OF(FIELDS); j++) {
            is_known = is_known || is_name_of(edit->clear[i], FIELDS[j]);
        }
        if (!is_known) {
            rules_fault(walk, STATUS_FIELD_NOT_CHOICE, edit->clear[i], NULL);
        }
    }
}

// What a table cannot say about one message.
static void special_check(struct walk *walk)
{
    const ProtobufCMessage *message = walk->frame[walk->depth - 1].message;
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (descriptor == &session_join__descriptor) {
        password_check(walk, message);
    } else if (descriptor == &customer_add__descriptor) {
        const CustomerAdd *add = (const CustomerAdd *)message;
        credit_check(
            walk, protobuf_c_message_descriptor_get_field_by_name(descriptor, "credit_limit_minor"),
            add->credit, add->credit_limit_minor, true);
    } else if (descriptor == &customer_edit__descriptor) {
        const CustomerEdit *edit = (const CustomerEdit *)message;
        credit_check(
            walk, protobuf_c_message_descriptor_get_field_by_name(descriptor, "credit_limit_minor"),
            edit->credit, edit->credit_limit_minor, false);
        clear_check(walk, protobuf_c_message_descriptor_get_field_by_name(descriptor, "clear"),
                    edit);
    }
}

void rules_cross_check(struct walk *walk)
{
    assert(walk->depth > 0);
    const struct cross *cross = NULL;
    const size_t count = crosses_of(walk->frame[walk->depth - 1].message->descriptor, &cross);
    for (size_t i = 0; i < count; i++) {
        switch (cross[i].kind) {
        case CROSS_ONE_OF:
            one_of_check(walk, &cross[i]);
            break;
        case CROSS_EXCLUDES:
            excludes_check(walk, &cross[i]);
            break;
        case CROSS_IN_ORDER:
            order_check(walk, &cross[i]);
            break;
        }
    }
    special_check(walk);
}
