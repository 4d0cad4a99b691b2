// SPDX-License-Identifier: Apache-2.0
#include "tests/ledger/path.h"

#include "shared/day.h"
#include "shared/denomination.h"
#include "shared/money.h"
#include "shared/wire.h"

#define NAME_MAX_BYTES 64
#define LIST_ROOM      256

// One step of a path: "line[0]" and what follows the dot.
struct path_step {
    char name[NAME_MAX_BYTES];
    size_t index;
    bool has_index;
    const char *rest; // "" at the end
};

static bool next_step(const char *path, struct path_step *out)
{
    size_t size = strcspn(path, ".[");
    if (size == 0 || size >= NAME_MAX_BYTES) {
        return false;
    }
    *out = (struct path_step){.rest = path + size};
    memcpy(out->name, path, size);
    if (*out->rest == '[') {
        out->has_index = true;
        for (out->rest++; *out->rest >= '0' && *out->rest <= '9'; out->rest++) {
            out->index = out->index * 10 + (size_t)(*out->rest - '0');
        }
        if (*out->rest != ']' || out->index >= LIST_ROOM) {
            return false;
        }
        out->rest++;
    }
    if (*out->rest == '.') {
        out->rest++;
        return *out->rest != '\0';
    }
    return *out->rest == '\0';
}

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessage *message,
                                                   const char *name)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char key[64];
        field_key(field, key);
        if (strcmp(key, name) == 0 || strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

static bool is_list(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_FLOAT:
        break;
    }
    return sizeof(uint32_t);
}

static int64_t integer_at(const ProtobufCFieldDescriptor *field, const void *at)
{
    int64_t wide = 0;
    int32_t narrow = 0;
    if (size_of(field) == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    memcpy(&narrow, at, sizeof narrow);
    return field->type == PROTOBUF_C_TYPE_UINT32 ? (int64_t)(uint32_t)narrow : narrow;
}

static const char *hex(struct arena *arena, const ProtobufCBinaryData *bytes)
{
    static const char DIGITS[] = "0123456789abcdef";
    char *text = arena_alloc(arena, 2 * bytes->len + 1);
    for (size_t i = 0; text != NULL && i < bytes->len; i++) {
        text[2 * i] = DIGITS[bytes->data[i] >> 4];
        text[2 * i + 1] = DIGITS[bytes->data[i] & 15];
    }
    return text;
}

static const char *print_value(const struct path_context *context, uint32_t decimals,
                               const ProtobufCFieldDescriptor *field, const void *at)
{
    struct arena *arena = context->arena;
    char word[64];
    const char *choice;
    switch (field_kind(field)) {
    case KIND_TEXT:
        return *(char *const *)at;
    case KIND_BYTES:
        return hex(arena, at);
    case KIND_FLAG:
        return *(const protobuf_c_boolean *)at != 0 ? "true" : "false";
    case KIND_CHOICE:
        choice = field_choice_word(field->descriptor, (int)integer_at(field, at), word);
        return choice != NULL ? arena_copy(arena, choice, strlen(choice)) : "";
    case KIND_MONEY:
        return money_print(arena, integer_at(field, at), decimals);
    case KIND_DAY:
        return integer_at(field, at) == 0 ? "" : day_print(arena, (int32_t)integer_at(field, at));
    case KIND_QUANTITY:
        return money_print_micro(arena, integer_at(field, at));
    case KIND_MESSAGE:
        return "message";
    case KIND_NUMBER:
    case KIND_INSTANT:
    case KIND_REFERENCE:
    case KIND_RATE:
        break;
    }
    return arena_print(arena, "%lld", (long long)integer_at(field, at));
}

// The address of the element or value that a step names; NULL when the list is shorter.
static const void *value_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                            const struct path_step *step)
{
    if (!is_list(field)) {
        return field_at(message, field);
    }
    if (step->index >= field_count(message, field)) {
        return NULL;
    }
    const uint8_t *list = *(uint8_t *const *)field_at(message, field);
    return list + step->index * size_of(field);
}

bool path_read(const struct path_context *context, const ProtobufCMessage *message,
               const char *path, const char **text)
{
    struct path_step step = {.rest = path};
    const ProtobufCFieldDescriptor *field = NULL;
    uint32_t decimals = denomination_of(message, context->decimals, context->decimals);
    while (*step.rest != '\0') {
        if (!next_step(step.rest, &step)) {
            return false;
        }
        field = field_named(message, step.name);
        if (field == NULL) {
            return false;
        }
        if (*step.rest != '\0') {
            const void *at = value_at(message, field, &step);
            const ProtobufCMessage *inner = at != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE
                                                ? *(const ProtobufCMessage *const *)at
                                                : NULL;
            if (inner == NULL) {
                *text = "";
                return field->type == PROTOBUF_C_TYPE_MESSAGE;
            }
            message = inner;
            decimals = denomination_of(message, decimals, context->decimals);
        }
    }
    if (field == NULL) {
        return false;
    }
    if (denomination_is_book(message->descriptor, field)) {
        decimals = context->decimals;
    }
    if (is_list(field) && !step.has_index) {
        *text = arena_print(context->arena, "%zu", field_count(message, field));
        return true;
    }
    const void *at = value_at(message, field, &step);
    *text = at != NULL ? print_value(context, decimals, field, at) : "";
    return *text != NULL;
}

// ---- writing ----

static bool parse_number(const char *text, int64_t *out)
{
    uint64_t value = 0;
    bool negative = *text == '-';
    const char *at = negative ? text + 1 : text;
    if (*at == '\0') {
        return false;
    }
    for (; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || value > (UINT64_MAX - 9) / 10) {
            return false;
        }
        value = value * 10 + (uint64_t)(*at - '0');
    }
    memcpy(out, &value, sizeof *out);
    *out = negative ? -*out : *out;
    return true;
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_bytes(struct arena *arena, const char *text, ProtobufCBinaryData *out)
{
    size_t size = strcspn(text, "*");
    int64_t times = 1;
    if (size % 2 != 0 || (text[size] == '*' && !parse_number(text + size + 1, &times))) {
        return false;
    }
    out->len = size / 2 * (size_t)times;
    out->data = arena_alloc(arena, out->len + 1);
    for (size_t i = 0; out->data != NULL && i < out->len; i++) {
        const char *at = text + 2 * i % size;
        if (nibble(at[0]) < 0 || nibble(at[1]) < 0) {
            return false;
        }
        out->data[i] = (uint8_t)(nibble(at[0]) << 4 | nibble(at[1]));
    }
    return out->data != NULL;
}

// A number of the field's kind.
static bool parse_integer(const struct path_context *context, const ProtobufCFieldDescriptor *field,
                          const char *text, int64_t *out)
{
    const char *ignored;
    int choice = 0;
    int32_t day = 0;
    uint32_t rate = 0;
    bool fits;
    switch (field_kind(field)) {
    case KIND_MONEY:
        return money_parse(context->arena, text, context->decimals, out, &ignored, &ignored) ==
               STATUS_OK;
    case KIND_DAY:
        fits =
            day_parse(context->arena, text, context->today, DAY_PAST, &day, &ignored) == STATUS_OK;
        *out = day;
        return fits;
    case KIND_QUANTITY:
        return money_parse_micro(text, out) == STATUS_OK;
    case KIND_RATE:
        fits = money_parse_bp(text, &rate) == STATUS_OK;
        *out = rate;
        return fits;
    case KIND_CHOICE:
        fits = field_choice_value(field->descriptor, text, &choice);
        *out = choice;
        return fits;
    case KIND_NUMBER:
    case KIND_INSTANT:
    case KIND_REFERENCE:
        return parse_number(text, out);
    case KIND_TEXT:
    case KIND_FLAG:
    case KIND_BYTES:
    case KIND_MESSAGE:
        break;
    }
    return false;
}

static bool parse_value(const struct path_context *context, const ProtobufCFieldDescriptor *field,
                        const char *text, void *at)
{
    int64_t wide = 0;
    int32_t narrow = 0;
    switch (field_kind(field)) {
    case KIND_TEXT:
        *(char **)at = arena_copy(context->arena, text, strlen(text));
        return *(char **)at != NULL;
    case KIND_FLAG:
        *(protobuf_c_boolean *)at = strcmp(text, "true") == 0;
        return true;
    case KIND_BYTES:
        return parse_bytes(context->arena, text, at);
    case KIND_MESSAGE:
        return false;
    case KIND_MONEY:
    case KIND_DAY:
    case KIND_INSTANT:
    case KIND_REFERENCE:
    case KIND_RATE:
    case KIND_QUANTITY:
    case KIND_CHOICE:
    case KIND_NUMBER:
        break;
    }
    if (!parse_integer(context, field, text, &wide)) {
        return false;
    }
    if (size_of(field) == sizeof wide) {
        memcpy(at, &wide, sizeof wide);
    } else {
        narrow = (int32_t)wide;
        memcpy(at, &narrow, sizeof narrow);
    }
    return true;
}

// The place of an element, making the list as long as that. Without an index: one more element.
static void *grow(const struct path_context *context, ProtobufCMessage *message,
                  const ProtobufCFieldDescriptor *field, const struct path_step *step)
{
    void **list = field_at(message, field);
    size_t *count = (size_t *)(void *)((uint8_t *)message + field->quantifier_offset);
    size_t index = step->has_index ? step->index : *count;
    if (*count == 0) {
        *list = arena_alloc(context->arena, LIST_ROOM * size_of(field));
    }
    if (*list == NULL || index >= LIST_ROOM) {
        return NULL;
    }
    *count = index >= *count ? index + 1 : *count;
    return (uint8_t *)*list + index * size_of(field);
}

static bool step_into(const struct path_context *context, const ProtobufCFieldDescriptor *field,
                      void *at, ProtobufCMessage **out)
{
    ProtobufCMessage **inner = at;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || at == NULL) {
        return false;
    }
    if (*inner == NULL) {
        *inner = wire_make(context->arena, field->descriptor);
    }
    *out = *inner;
    return *out != NULL;
}

// "path=value path=value"; '_' in a value stands for a blank.
static bool write_pairs(const struct path_context *context, ProtobufCMessage *message,
                        const char *text,
                        bool (*write)(const struct path_context *context, ProtobufCMessage *message,
                                      const char *path, const char *value))
{
    char *pairs = arena_copy(context->arena, text, strlen(text));
    char *rest = pairs;
    for (char *pair = strsep(&rest, " "); pair != NULL; pair = strsep(&rest, " ")) {
        char *value = strchr(pair, '=');
        if (*pair == '\0') {
            continue;
        }
        if (value == NULL) {
            return false;
        }
        *value = '\0';
        if (!write(context, message, pair, value + 1)) {
            return false;
        }
    }
    return true;
}

// One field that is no message.
static bool write_plain(const struct path_context *context, ProtobufCMessage *message,
                        const char *path, const char *text)
{
    struct path_step step = {.rest = path};
    for (;;) {
        if (!next_step(step.rest, &step)) {
            return false;
        }
        const ProtobufCFieldDescriptor *field = field_named(message, step.name);
        if (field == NULL) {
            return false;
        }
        void *at = is_list(field) ? grow(context, message, field, &step) : field_at(message, field);
        if (*step.rest == '\0') {
            return at != NULL && parse_value(context, field, text, at);
        }
        if (!step_into(context, field, at, &message)) {
            return false;
        }
    }
}

bool path_write(const struct path_context *context, ProtobufCMessage *message, const char *path,
                const char *text)
{
    const ProtobufCFieldDescriptor *field = field_named(message, path);
    if (field == NULL || field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return write_plain(context, message, path, text);
    }
    struct path_step step = {.rest = ""};
    void *at = is_list(field) ? grow(context, message, field, &step) : field_at(message, field);
    ProtobufCMessage *inner = NULL;
    return step_into(context, field, at, &inner) && write_pairs(context, inner, text, write_plain);
}
