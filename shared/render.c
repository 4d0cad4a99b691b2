// SPDX-License-Identifier: Apache-2.0
#include "shared/render.h"

#include "shared/day.h"
#include "shared/denomination.h"
#include "shared/limits.h"
#include "shared/money.h"
#include "shared/text.h"

#define SCHEMA_BYTES 96
#define BEYOND       "?" // a day beyond the calendar, a choice that a newer server knows

static const char *word_of(const struct render_context *context, const char *msgid)
{
    return context->word != NULL ? context->word(msgid) : msgid;
}

// A word of a choice: where one word of English is two of another language, the catalogue has the
// choice before it ("EntryKind closing").
static const char *choice_word(const struct render_context *context,
                               const ProtobufCEnumDescriptor *choice, const char *word)
{
    const char *msgid = context->word == NULL
                            ? NULL
                            : arena_print(context->arena, "%s %s", choice->short_name, word);
    const char *said = msgid == NULL ? NULL : context->word(msgid);
    return said == NULL || strcmp(said, msgid) == 0 ? word_of(context, word) : said;
}

static char *print_hex(struct arena *arena, const ProtobufCBinaryData *bytes)
{
    static const char DIGITS[] = "0123456789abcdef";
    char *text = arena_alloc(arena, bytes->len * 2 + 1);
    for (size_t i = 0; text != NULL && i < bytes->len; i++) {
        text[i * 2] = DIGITS[bytes->data[i] >> 4];
        text[i * 2 + 1] = DIGITS[bytes->data[i] & 15];
    }
    return text;
}

static char *print_rate(struct arena *arena, uint32_t bp)
{
    char *percent = money_print_micro(arena, (int64_t)bp * 10000);
    return percent != NULL ? arena_print(arena, "%s%%", percent) : NULL;
}

static int64_t integer_of(const ProtobufCFieldDescriptor *field, const void *value)
{
    int32_t signed_number = 0;
    uint32_t number = 0;
    int64_t wide = 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        memcpy(&number, value, sizeof number);
        return number;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_ENUM:
        memcpy(&signed_number, value, sizeof signed_number);
        return signed_number;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        memcpy(&wide, value, sizeof wide);
        return wide;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return 0;
}

static const char *text_at(const void *value)
{
    const char *text = NULL;
    memcpy(&text, value, sizeof text);
    return text != NULL ? text : "";
}

// What both readers see alike: a choice, a day, a rate, a quantity, bytes.
static const char *print_common(struct arena *arena, enum kind kind,
                                const ProtobufCFieldDescriptor *field, const void *value)
{
    char word[64];
    const char *found = NULL;
    switch (kind) {
    case KIND_CHOICE:
        found = field_choice_word(field->descriptor, (int)integer_of(field, value), word);
        return found != NULL ? arena_copy(arena, word, strlen(word)) : BEYOND;
    case KIND_DAY:
        return integer_of(field, value) < DAY_MIN || integer_of(field, value) > DAY_MAX
                   ? BEYOND
                   : day_print(arena, (int32_t)integer_of(field, value));
    case KIND_RATE:
        return print_rate(arena, (uint32_t)integer_of(field, value));
    case KIND_QUANTITY:
        return money_print_micro(arena, integer_of(field, value));
    case KIND_BYTES:
        return print_hex(arena, value);
    case KIND_TEXT:
    case KIND_NUMBER:
    case KIND_FLAG:
    case KIND_MESSAGE:
    case KIND_MONEY:
    case KIND_INSTANT:
    case KIND_REFERENCE:
        break;
    }
    return "";
}

// Text that is not UTF-8 is made so; NULL becomes null, which is what memory has come to then.
static json_t *json_text(struct arena *arena, const char *text)
{
    json_t *json = text != NULL ? json_string(text) : NULL;
    if (json == NULL && text != NULL) {
        const char *safe = text_safe(arena, text);
        json = safe != NULL ? json_string(safe) : NULL;
    }
    return json != NULL ? json : json_null();
}

static json_t *json_value(const struct render_context *context, uint32_t decimals, enum kind kind,
                          const ProtobufCFieldDescriptor *field, const void *value)
{
    struct arena *arena = context->arena;
    const int64_t number = integer_of(field, value);
    const char *text = NULL;
    switch (kind) {
    case KIND_TEXT:
        return json_text(arena, text_at(value));
    case KIND_NUMBER:
        return json_integer(number);
    case KIND_FLAG:
        return json_true();
    case KIND_MONEY:
        return json_text(arena, money_print(arena, number, decimals));
    case KIND_INSTANT:
        text = instant_print(arena, number, context->offset_minutes);
        return json_text(arena, text != NULL ? text : BEYOND);
    case KIND_REFERENCE:
        return json_text(arena, arena_print(arena, "%llu", (unsigned long long)number));
    case KIND_CHOICE:
    case KIND_DAY:
    case KIND_RATE:
    case KIND_QUANTITY:
    case KIND_BYTES:
        return json_text(arena, print_common(arena, kind, field, value));
    case KIND_MESSAGE:
        break;
    }
    return json_null();
}

// One message on the way down, and the object that it becomes.
struct frame {
    const ProtobufCMessage *message;
    json_t *object; // borrowed from the one above
    json_t *array;  // of the repeated field that is walked, borrowed
    unsigned field;
    size_t element;
    uint32_t decimals; // of its amounts
};

struct walk {
    const struct render_context *context;
    struct frame frame[SCAN_DEPTH_MAX];
    size_t depth;
};

static void enter(struct walk *walk, const ProtobufCMessage *message, json_t *object)
{
    assert(walk->depth < SCAN_DEPTH_MAX && object != NULL);
    const uint32_t book = walk->context->decimals;
    const uint32_t above = walk->depth > 0 ? walk->frame[walk->depth - 1].decimals : book;
    walk->frame[walk->depth++] = (struct frame){
        .message = message, .object = object, .decimals = denomination_of(message, above, book)};
}

// The number of a status is said as its code, as errors say it. NULL for every other field.
static const char *status_said(const struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    if (frame->message->descriptor != &problem__descriptor || strcmp(field->name, "code") != 0) {
        return NULL;
    }
    const uint32_t code = ((const Problem *)(const void *)frame->message)->code;
    return status_is_known(code) ? status_code((enum status)code) : NULL;
}

static bool is_always_shown(enum kind kind)
{
    return kind == KIND_MONEY || kind == KIND_NUMBER;
}

static void add_values(struct walk *walk, struct frame *frame, enum kind kind,
                       const ProtobufCFieldDescriptor *field, const char *key)
{
    const size_t count = field_count(frame->message, field);
    const uint32_t decimals = denomination_is_book(frame->message->descriptor, field)
                                  ? walk->context->decimals
                                  : frame->decimals;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        const void *value = field_at(frame->message, field);
        const char *said = status_said(frame, field);
        if (said != NULL) {
            (void)json_object_set_new(frame->object, key, json_string(said));
        } else if (count > 0 || is_always_shown(kind)) {
            (void)json_object_set_new(frame->object, key,
                                      json_value(walk->context, decimals, kind, field, value));
        }
        return;
    }
    json_t *array = count > 0 ? json_array() : NULL;
    for (size_t i = 0; array != NULL && i < count; i++) {
        const void *value = field_element(frame->message, field, i);
        (void)json_array_append_new(array, json_value(walk->context, decimals, kind, field, value));
    }
    if (array != NULL) {
        (void)json_object_set_new(frame->object, key, array);
    }
}

// The next message of the field that is walked becomes an object of its own. false when there is
// none left.
static bool enter_next(struct walk *walk, struct frame *frame,
                       const ProtobufCFieldDescriptor *field, const char *key)
{
    const bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (is_list && frame->element == 0) {
        frame->array = json_array();
        (void)json_object_set_new(frame->object, key, frame->array);
    }
    if (frame->element >= field_count(frame->message, field)) {
        return false;
    }
    const ProtobufCMessage *const *inner = field_element(frame->message, field, frame->element++);
    json_t *object = json_object();
    const int failed = is_list ? json_array_append_new(frame->array, object)
                               : json_object_set_new(frame->object, key, object);
    if (failed == 0) {
        enter(walk, *inner, object);
    }
    return failed == 0;
}

// Field by field in the order of their numbers; a message inside is walked to its end first.
static void fill(struct walk *walk)
{
    while (walk->depth > 0) {
        struct frame *frame = &walk->frame[walk->depth - 1];
        if (frame->field == frame->message->descriptor->n_fields) {
            walk->depth--;
            continue;
        }
        const ProtobufCFieldDescriptor *field = &frame->message->descriptor->fields[frame->field];
        const enum kind kind = field_kind(field);
        char key[64];
        field_key(field, key);
        if (kind == KIND_MESSAGE && enter_next(walk, frame, field, key)) {
            continue;
        }
        if (kind != KIND_MESSAGE) {
            add_values(walk, frame, kind, field, key);
        }
        frame->field++;
        frame->element = 0;
    }
}

static json_t *json_message(const struct render_context *context, const ProtobufCMessage *message)
{
    json_t *object = json_object();
    if (object != NULL) {
        struct walk walk = {.context = context};
        enter(&walk, message, object);
        fill(&walk);
    }
    return object;
}

// Rows, a page and sums, and nothing else.
static bool is_list(const ProtobufCMessageDescriptor *reply)
{
    bool has_rows = false;
    bool has_page = false;
    for (unsigned i = 0; i < reply->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &reply->fields[i];
        const bool is_rows =
            field->type == PROTOBUF_C_TYPE_MESSAGE && strcmp(field->name, "row") == 0;
        const bool is_page = field->descriptor == &page__descriptor;
        if (!is_rows && !is_page && field_kind(field) != KIND_MONEY) {
            return false;
        }
        has_rows = has_rows || is_rows;
        has_page = has_page || is_page;
    }
    return has_rows && has_page;
}

// "kontor.report.trial-balance/1"
static void print_schema(const struct command *command, char out[static SCHEMA_BYTES])
{
    (void)snprintf(out, SCHEMA_BYTES, "kontor.%s/1", command->name);
    char *underscore = strchr(out, '_');
    if (underscore != NULL) {
        *underscore = '.';
    }
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '_') {
            *c = '-';
        }
    }
}

// Moves "page" out of `data` to stand beside it.
static void lift_page(json_t *root, json_t *data)
{
    json_t *page = json_object_get(data, "page");
    if (!json_is_object(page)) {
        return;
    }
    if (json_object_get(page, "next") == NULL) {
        (void)json_object_set_new(page, "next", json_null());
    }
    (void)json_object_set(root, "page", page);
    (void)json_object_del(data, "page");
}

json_t *render_json(const struct render_context *context, const struct command *command,
                    const ProtobufCMessage *reply)
{
    assert(context != NULL && reply != NULL && reply->descriptor == command->reply);
    char schema[SCHEMA_BYTES];
    print_schema(command, schema);
    json_t *root = json_object();
    json_t *data = json_message(context, reply);
    if (root == NULL || data == NULL) {
        json_decref(root);
        json_decref(data);
        return NULL;
    }
    (void)json_object_set_new(root, "schema", json_string(schema));
    if (context->currency != NULL && context->currency[0] != '\0') {
        (void)json_object_set_new(root, "currency", json_string(context->currency));
    }
    if (!is_list(command->reply)) {
        (void)json_object_set_new(root, "data", data);
        lift_page(root, data);
        return root;
    }
    (void)json_object_set(root, "data", json_object_get(data, "row"));
    (void)json_object_del(data, "row");
    lift_page(root, data);
    if (json_object_size(data) > 0) {
        (void)json_object_set(root, "sums", data);
    }
    json_decref(data);
    return root;
}

bool render_json_write(const json_t *json, size_t flags, FILE *out)
{
    char *text = json_dumps(json, flags);
    if (text == NULL) {
        return false;
    }
    int32_t point = 0;
    size_t size = 0;
    char escape[8];
    const char *at = text;
    bool is_written = true;
    for (const char *next = text_next_hostile(at, &point, &size); next != NULL;
         next = text_next_hostile(at, &point, &size)) {
        const size_t plain = (size_t)(next - at);
        (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)point);
        is_written = is_written && fwrite(at, 1, plain, out) == plain && fputs(escape, out) != EOF;
        at = next + size;
    }
    is_written = is_written && fputs(at, out) != EOF && fputc('\n', out) != EOF;
    free(text);
    return is_written;
}

static json_t *json_problem(const struct render_context *context, const Problem *problem)
{
    const enum status code = (enum status)problem->code;
    json_t *json = json_pack("{s:s, s:o}", "code", status_code(code), "message",
                             json_text(context->arena, word_of(context, status_sentence(code))));

    const struct {
        const char *key;
        const char *text;
    } TEXTS[] = {{"field", problem->field},
                 {"asked", problem->asked},
                 {"allowed", problem->allowed},
                 {"hint", problem->hint}};

    for (size_t i = 0; json != NULL && i < COUNT_OF(TEXTS); i++) {
        if (TEXTS[i].text != NULL && TEXTS[i].text[0] != '\0') {
            (void)json_object_set_new(json, TEXTS[i].key, json_text(context->arena, TEXTS[i].text));
        }
    }
    if (json != NULL && problem->row > 0) {
        (void)json_object_set_new(json, "row", json_integer(problem->row));
    }
    return json;
}

json_t *render_error_json(const struct render_context *context, const Reply *reply,
                          const char *request_id)
{
    assert(context != NULL && reply != NULL && request_id != NULL);
    const enum status status = (enum status)reply->status;
    const int exit_code = status_exit(status);
    json_t *error = json_pack("{s:s, s:i, s:b}", "code", status_code(status), "exit", exit_code,
                              "retry", exit_code == 12);
    json_t *problems = json_array();
    if (error == NULL || problems == NULL) {
        json_decref(error);
        json_decref(problems);
        return NULL;
    }
    if (request_id[0] != '\0') {
        (void)json_object_set_new(error, "request_id", json_text(context->arena, request_id));
    }
    (void)json_object_set_new(error, "message",
                              json_text(context->arena, word_of(context, status_sentence(status))));
    for (size_t i = 0; i < reply->n_problem; i++) {
        (void)json_array_append_new(problems, json_problem(context, reply->problem[i]));
    }
    (void)json_object_set_new(error, "problems", problems);
    if (reply->approval[0] != '\0') {
        (void)json_object_set_new(error, "control", json_text(context->arena, reply->control));
        (void)json_object_set_new(error, "approval", json_text(context->arena, reply->approval));
    }
    return json_pack("{s:s, s:o}", "schema", "kontor.error/1", "error", error);
}

// "2026-11-21 19:03:05": what a clock on the wall said.
static const char *print_local(const struct render_context *context, int64_t instant_us)
{
    const int64_t second_us = instant_us - instant_us % 1000000;
    char *text = instant_print(context->arena, second_us, context->offset_minutes);
    if (text == NULL || strlen(text) < 19) {
        return BEYOND;
    }
    text[10] = ' ';
    text[19] = '\0';
    return text;
}

uint32_t render_decimals(const struct render_context *context, const ProtobufCMessage *row,
                         const ProtobufCFieldDescriptor *field)
{
    const uint32_t book = context->decimals;
    const uint32_t above =
        context->around != NULL ? denomination_of(context->around, book, book) : book;
    return denomination_is_book(row->descriptor, field) ? book : denomination_of(row, above, book);
}

static const char *cell_value(const struct render_context *context, uint32_t decimals,
                              enum kind kind, const ProtobufCFieldDescriptor *field,
                              const void *value)
{
    struct arena *arena = context->arena;
    const int64_t number = integer_of(field, value);
    const char *text = NULL;
    switch (kind) {
    case KIND_TEXT:
        return text_safe(arena, text_at(value));
    case KIND_NUMBER:
        return arena_print(arena, "%lld", (long long)number);
    case KIND_FLAG:
        return word_of(context, "yes");
    case KIND_MONEY:
        return money_print_grouped(arena, number, decimals);
    case KIND_INSTANT:
        return print_local(context, number);
    case KIND_REFERENCE:
        return arena_print(arena, "#%llu", (unsigned long long)number);
    case KIND_CHOICE:
        text = print_common(arena, kind, field, value);
        return text != NULL ? choice_word(context, field->descriptor, text) : NULL;
    case KIND_DAY:
    case KIND_RATE:
    case KIND_QUANTITY:
    case KIND_BYTES:
        return print_common(arena, kind, field, value);
    case KIND_MESSAGE:
        break;
    }
    return "";
}

char *render_cell(const struct render_context *context, const ProtobufCMessage *row,
                  const ProtobufCFieldDescriptor *field)
{
    assert(context != NULL && row != NULL && field != NULL);
    const enum kind kind = field_kind(field);
    const bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
    const size_t count = !is_list && is_always_shown(kind) ? 1 : field_count(row, field);
    const uint32_t decimals = render_decimals(context, row, field);
    char *cell = arena_copy(context->arena, "", 0);
    for (size_t i = 0; cell != NULL && kind != KIND_MESSAGE && i < count; i++) {
        const char *text = cell_value(context, decimals, kind, field, field_element(row, field, i));
        cell = text != NULL ? arena_print(context->arena, "%s%s%s", cell, i > 0 ? ", " : "", text)
                            : NULL;
    }
    return cell;
}
