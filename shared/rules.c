// SPDX-License-Identifier: Apache-2.0
#include "shared/rules.h"

#include "shared/day.h"
#include "shared/money.h"
#include "shared/period.h"
#include "shared/rules_walk.h"
#include "shared/terms.h"
#include "shared/text.h"

#define RATE_MAX 10000 // basis points

// "line[2].price": the options on the way down.
static void path_print(const struct walk *walk, char out[static PATH_BYTES])
{
    size_t size = 0;
    for (size_t i = 0; i < walk->depth && size < PATH_BYTES; i++) {
        const struct frame *frame = &walk->frame[i];
        const ProtobufCFieldDescriptor *field = &frame->message->descriptor->fields[frame->field];
        char option[64];
        field_option(field, option);
        const bool is_last = i + 1 == walk->depth;
        const bool is_element = !is_last && field->label == PROTOBUF_C_LABEL_REPEATED;
        char element[24] = "";
        if (is_element) {
            (void)snprintf(element, sizeof element, "[%zu]", frame->element);
        }
        size += (size_t)snprintf(out + size, PATH_BYTES - size, "%s%s%s", option, element,
                                 is_last ? "" : ".");
    }
}

// Was something said about this field already? Then it was given, if badly.
static bool is_reported(const struct problems *problems, const char *path)
{
    const size_t size = strlen(path);
    for (size_t i = 0; i < problems->count; i++) {
        const char *field = problems->list[i]->field;
        if (strncmp(field, path, size) == 0 &&
            (field[size] == '\0' || field[size] == '[' || field[size] == '.')) {
            return true;
        }
    }
    return false;
}

bool rules_is_reported(const struct walk *walk)
{
    char path[PATH_BYTES];
    path_print(walk, path);
    return is_reported(walk->problems, path);
}

void rules_fault(struct walk *walk, enum status code, const char *asked, const char *allowed)
{
    char path[PATH_BYTES];
    path_print(walk, path);
    if (code == STATUS_FIELD_MISSING && is_reported(walk->problems, path)) {
        return;
    }
    problems_add(walk->problems, code, path, asked, allowed, NULL);
}

static bool is_login(const char *text)
{
    const size_t size = strlen(text);
    return size >= 2 && size <= 64 && text[0] >= 'a' && text[0] <= 'z' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == size;
}

// Which roles there are, the book knows; here only that it is a word, of whatever language.
static bool is_role(const char *text)
{
    const size_t size = strlen(text);
    return size >= 2 && size <= 40 && strcspn(text, " ,;|=#@") == size && text[0] != '-';
}

// What a text of this format must be, as the code of its refusal.
static enum status format_check(enum field_format format, const char *text)
{
    uint32_t decimals = 0;
    uint32_t first = 0;
    uint32_t last = 0;
    struct terms terms;
    switch (format) {
    case FORMAT_PHONE:
        return text_is_phone(text) ? STATUS_OK : STATUS_FIELD_NOT_PHONE;
    case FORMAT_EMAIL:
        return text_is_email(text) ? STATUS_OK : STATUS_FIELD_NOT_EMAIL;
    case FORMAT_TAX_ID:
        return text_is_tax_id(text) ? STATUS_OK : STATUS_FIELD_NOT_TAX_ID;
    case FORMAT_TERMS:
        return terms_parse(text, &terms);
    case FORMAT_CURRENCY:
        return money_currency(text, &decimals) ? STATUS_OK : STATUS_FIELD_NOT_CHOICE;
    case FORMAT_LOGIN:
        return is_login(text) ? STATUS_OK : STATUS_FIELD_NOT_CHOICE;
    case FORMAT_ROLE:
        return is_role(text) ? STATUS_OK : STATUS_FIELD_NOT_CHOICE;
    case FORMAT_ACCOUNT:
        return strlen(text) <= 9 && strspn(text, "0123456789") == strlen(text)
                   ? STATUS_OK
                   : STATUS_FIELD_NOT_CHOICE;
    case FORMAT_PERIOD:
        return period_parse(text, &first, &last) ? STATUS_OK : STATUS_FIELD_NOT_CHOICE;
    case FORMAT_LINE:
    case FORMAT_LINES:
        break;
    }
    return STATUS_OK;
}

// The shape that a refused format should have had.
static const char *format_allowed(enum field_format format)
{
    static const char *const ALLOWED[] = {
        [FORMAT_PHONE] = "138 0013 8000, +49 30 123456-7",
        [FORMAT_EMAIL] = "name@example.com",
        [FORMAT_TAX_ID] = "18 characters with their check character, or 5 to 20 letters and digits",
        [FORMAT_TERMS] = "30, eom+15, 31 day 15, receipt, 30%@15,70%@45, 30; discount 2%@10",
        [FORMAT_CURRENCY] = "CNY, USD, EUR ...",
        [FORMAT_LOGIN] = "2 to 64 of a-z 0-9 . _ -, a letter first",
        [FORMAT_ROLE] = "a word without blanks: owner, finance, sales ...",
        [FORMAT_ACCOUNT] = "digits of an account code",
        [FORMAT_PERIOD] = "2026-10, or 2026 for the whole year",
    };
    return (size_t)format < COUNT_OF(ALLOWED) ? ALLOWED[format] : NULL;
}

static void text_check(struct walk *walk, const struct field *field, const char *text)
{
    const size_t size = strlen(text);
    const bool is_private = field->sealed || field->field_class == CLASS_SECRET;
    if (size > field->length_max) {
        char allowed[32];
        (void)snprintf(allowed, sizeof allowed, "%u", field->length_max);
        rules_fault(walk, STATUS_FIELD_TOO_LONG, NULL, allowed);
        return;
    }
    if (!text_is_clean(text, size, field->format == FORMAT_LINES)) {
        rules_fault(walk, STATUS_FIELD_NOT_TEXT, NULL, NULL);
        return;
    }
    const enum status status = format_check(field->format, text);
    if (status != STATUS_OK) {
        rules_fault(walk, status, is_private ? NULL : text, format_allowed(field->format));
    }
}

static void range_fault(struct walk *walk, int64_t asked, int64_t most)
{
    char asked_text[32];
    char allowed[32];
    (void)snprintf(asked_text, sizeof asked_text, "%lld", (long long)asked);
    (void)snprintf(allowed, sizeof allowed, "%lld", (long long)most);
    rules_fault(walk, STATUS_FIELD_OUT_OF_RANGE, asked_text, allowed);
}

static void number_check(struct walk *walk, const struct field *field, const void *value)
{
    uint32_t number = 0;
    if (field->descriptor->type == PROTOBUF_C_TYPE_UINT32) {
        memcpy(&number, value, sizeof number);
    }
    const uint32_t most = field->kind == KIND_RATE ? RATE_MAX : field->most;
    if (most > 0 && number > most) {
        range_fault(walk, number, most);
    }
}

static void value_check(struct walk *walk, const struct field *field, const void *value)
{
    const char *text = NULL;
    int64_t amount = 0;
    int32_t day = 0;
    int choice = 0;
    char word[64];
    switch (field->kind) {
    case KIND_TEXT:
        memcpy(&text, value, sizeof text);
        text_check(walk, field, text != NULL ? text : "");
        break;
    case KIND_MONEY:
        memcpy(&amount, value, sizeof amount);
        if (field->positive && amount <= 0) {
            rules_fault(walk, STATUS_FIELD_OUT_OF_RANGE, NULL, "> 0");
        }
        break;
    case KIND_DAY:
        memcpy(&day, value, sizeof day);
        if (day < DAY_MIN || day > DAY_MAX) {
            rules_fault(walk, STATUS_FIELD_NOT_DAY, NULL, NULL);
        }
        break;
    case KIND_CHOICE:
        memcpy(&choice, value, sizeof choice);
        if (field_choice_word(field->descriptor->descriptor, choice, word) == NULL) {
            rules_fault(walk, STATUS_FIELD_NOT_CHOICE, NULL, NULL);
        }
        break;
    case KIND_NUMBER:
    case KIND_RATE:
        number_check(walk, field, value);
        break;
    case KIND_FLAG:
    case KIND_BYTES:
    case KIND_MESSAGE:
    case KIND_INSTANT:
    case KIND_REFERENCE:
    case KIND_QUANTITY:
        break;
    }
}

static void field_check(struct walk *walk, const struct field *field)
{
    const ProtobufCMessage *message = walk->frame[walk->depth - 1].message;
    const size_t count = field_count(message, field->descriptor);
    if (count == 0) {
        if (field->needed) {
            rules_fault(walk, STATUS_FIELD_MISSING, NULL, NULL);
        }
        return;
    }
    if (field->admission || field->reply_only) {
        rules_fault(walk, STATUS_FIELD_NOT_FOR_CLIENT, NULL, NULL);
        return;
    }
    if (field->descriptor->label == PROTOBUF_C_LABEL_REPEATED && field->most > 0 &&
        count > field->most) {
        range_fault(walk, (int64_t)count, field->most);
        return;
    }
    for (size_t i = 0; field->kind != KIND_MESSAGE && i < count; i++) {
        value_check(walk, field, field_element(message, field->descriptor, i));
    }
}

// Goes into a message: its own fields first, then the rules about several of them.
static void enter(struct walk *walk, const ProtobufCMessage *message)
{
    assert(walk->depth < SCAN_DEPTH_MAX);
    struct frame *frame = &walk->frame[walk->depth++];
    *frame = (struct frame){.message = message};
    const struct field *fields = fields_of(message->descriptor);
    assert(fields != NULL);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        frame->field = i;
        field_check(walk, &fields[i]);
    }
    rules_cross_check(walk);
    frame->field = 0;
}

// Goes on to the next message inside the topmost one, or leaves it.
static void step(struct walk *walk)
{
    struct frame *frame = &walk->frame[walk->depth - 1];
    const ProtobufCMessage *message = frame->message;
    const struct field *fields = fields_of(message->descriptor);
    while (frame->field < message->descriptor->n_fields) {
        const struct field *field = &fields[frame->field];
        const bool is_inside = field->kind == KIND_MESSAGE && !field->admission;
        if (is_inside && frame->element < field_count(message, field->descriptor)) {
            const ProtobufCMessage *const *inner =
                field_element(message, field->descriptor, frame->element);
            frame->element++; // counted from 1 in paths
            enter(walk, *inner);
            return;
        }
        frame->field++;
        frame->element = 0;
    }
    walk->depth--;
}

enum status rules_check_message(const ProtobufCMessage *message, struct problems *problems)
{
    assert(message != NULL && problems != NULL);
    struct walk walk = {.problems = problems};
    enter(&walk, message);
    while (walk.depth > 0) {
        step(&walk);
    }
    return problems_first(problems);
}

enum status rules_check(const struct command *command, const ProtobufCMessage *request,
                        struct problems *problems)
{
    assert(command != NULL && request->descriptor == command->request);
    return rules_check_message(request, problems);
}
