// SPDX-License-Identifier: Apache-2.0
#include "shared/args.h"
#include "shared/args_values.h"

#define POSITIONALS_MAX 4

struct positional_row {
    const char *command;
    const char *field[POSITIONALS_MAX];
};

struct word_row {
    const char *word;
    const char *field;
};

struct letter_row {
    char letter;
    const char *field;
};

static const struct positional_row POSITIONALS[] = {
#define POSITIONAL(command, ...) {#command, {__VA_ARGS__}},
#include "shared/args.def"
};

static const struct word_row ALIASES[] = {
#define ALIAS(word, field) {word, #field},
#include "shared/args.def"
};

static const struct letter_row SHORTS[] = {
#define SHORT(field, letter) {letter, #field},
#include "shared/args.def"
};

const char *args_alias(const char *word)
{
    assert(word != NULL);
    for (size_t i = 0; i < COUNT_OF(ALIASES); i++) {
        if (strcmp(ALIASES[i].word, word) == 0) {
            return ALIASES[i].field;
        }
    }
    return NULL;
}

const char *args_letter(char letter)
{
    for (size_t i = 0; i < COUNT_OF(SHORTS); i++) {
        if (SHORTS[i].letter == letter) {
            return SHORTS[i].field;
        }
    }
    return NULL;
}

const char *args_positional_at(const struct command *command, size_t index)
{
    assert(command != NULL);
    for (size_t i = 0; i < COUNT_OF(POSITIONALS); i++) {
        if (strcmp(POSITIONALS[i].command, command->name) == 0) {
            return index < POSITIONALS_MAX ? POSITIONALS[i].field[index] : NULL;
        }
    }
    return NULL;
}

static const char *const NOUNS[] = {
    [FIND_NOUN__FIND_NOUN_UNSET] = "ID",
    [FIND_NOUN__FIND_NOUN_CUSTOMER] = "CUSTOMER",
    [FIND_NOUN__FIND_NOUN_INVOICE] = "INVOICE",
    [FIND_NOUN__FIND_NOUN_PAYMENT] = "PAYMENT",
    [FIND_NOUN__FIND_NOUN_ENTRY] = "ENTRY",
    [FIND_NOUN__FIND_NOUN_USER] = "USER",
    [FIND_NOUN__FIND_NOUN_DEVICE] = "DEVICE",
    [FIND_NOUN__FIND_NOUN_ROLE] = "ROLE",
    [FIND_NOUN__FIND_NOUN_APPROVAL] = "APPROVAL",
    [FIND_NOUN__FIND_NOUN_FINDING] = "FINDING",
    [FIND_NOUN__FIND_NOUN_STATEMENT] = "STATEMENT",
    [FIND_NOUN__FIND_NOUN_REFUND] = "REFUND",
    [FIND_NOUN__FIND_NOUN_WRITEOFF] = "WRITEOFF",
    [FIND_NOUN__FIND_NOUN_BANK] = "BANK",
    [FIND_NOUN__FIND_NOUN_BANK_STATEMENT] = "STATEMENT",
    [FIND_NOUN__FIND_NOUN_BANK_LINE] = "LINE",
    [FIND_NOUN__FIND_NOUN_METHOD] = "METHOD",
    [FIND_NOUN__FIND_NOUN_ITEM] = "ITEM",
    [FIND_NOUN__FIND_NOUN_COST] = "COST",
    [FIND_NOUN__FIND_NOUN_CAMPAIGN] = "CAMPAIGN",
    [FIND_NOUN__FIND_NOUN_DUNNING] = "REMINDER",
    [FIND_NOUN__FIND_NOUN_PROMISE] = "PROMISE",
    [FIND_NOUN__FIND_NOUN_SCHEDULE] = "SCHEDULE",
    [FIND_NOUN__FIND_NOUN_CHECKLIST] = "CHECKLIST",
    [FIND_NOUN__FIND_NOUN_ORDER] = "ORDER",
    [FIND_NOUN__FIND_NOUN_RECURRING] = "RECURRING",
    [FIND_NOUN__FIND_NOUN_TEMPLATE] = "TEMPLATE",
};

// A message in one word.
static const char *message_word(const ProtobufCMessageDescriptor *message)
{
    static const struct {
        const ProtobufCMessageDescriptor *message;
        const char *word;
    } WORDS[] = {
        {&invoice_line__descriptor, "TEXT|=ITEM; QUANTITY; PRICE[; TAX%[; DISCOUNT%]]"},
        {&entry_line__descriptor, "ACCOUNT debit|credit AMOUNT [CUSTOMER]"},
        {&credit_line__descriptor, "LINE[=QUANTITY|:AMOUNT]"},
        {&reschedule_part__descriptor, "DATE=AMOUNT"},
        {&dunning_level__descriptor, "DAYS[; WORD VALUE...][; text: TEXT]"},
    };

    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        if (WORDS[i].message == message) {
            return WORDS[i].word;
        }
    }
    return "INVOICE[=AMOUNT]";
}

static const char *placeholder_of(struct arena *arena, const struct field *field)
{
    const char *words = NULL;
    switch (field->kind) {
    case KIND_MONEY:
        return "AMOUNT";
    case KIND_DAY:
        return "DATE";
    case KIND_RATE:
        return "PERCENT";
    case KIND_QUANTITY:
    case KIND_NUMBER:
        return "NUMBER";
    case KIND_CHOICE:
        words = args_choices(arena, field->descriptor->descriptor, "|");
        return words != NULL ? words : "";
    case KIND_REFERENCE:
        return NOUNS[args_noun(field->descriptor)];
    case KIND_MESSAGE:
        return message_word(field->descriptor->descriptor);
    case KIND_TEXT:
        return field->format == FORMAT_TERMS    ? "TERMS"
               : field->format == FORMAT_ROLE   ? "ROLE"
               : field->format == FORMAT_PERIOD ? "MONTH"
                                                : "TEXT";
    case KIND_FLAG:
    case KIND_BYTES:
    case KIND_INSTANT:
        break;
    }
    return "";
}

const struct field *args_beside(const struct command *command, const struct field *field)
{
    char name[64];
    const int size = snprintf(name, sizeof name, "%s_id", field->descriptor->name);
    if (field->kind != KIND_CHOICE || size < 0 || (size_t)size >= sizeof name) {
        return NULL;
    }
    const ProtobufCFieldDescriptor *found =
        protobuf_c_message_descriptor_get_field_by_name(command->request, name);
    return found != NULL ? &fields_of(command->request)[found - command->request->fields] : NULL;
}

// Does a choice of the same name stand for it?
static bool is_beside(const struct command *command, const struct field *field)
{
    const struct field *fields = fields_of(command->request);
    for (unsigned i = 0; i < command->request->n_fields; i++) {
        if (args_beside(command, &fields[i]) == field) {
            return true;
        }
    }
    return false;
}

// Is the field one of those that may be typed without a name?
static bool is_positional(const struct command *command, const char *name)
{
    const size_t size = strlen(name);
    for (size_t i = 0; args_positional_at(command, i) != NULL; i++) {
        const char *names = args_positional_at(command, i);
        const char *found = strstr(names, name);
        if (found != NULL && (found == names || found[-1] == '|') &&
            (found[size] == '\0' || found[size] == '|')) {
            return true;
        }
    }
    return false;
}

// A choice, or the name of an object beside it.
static const char *placeholder_beside(struct arena *arena, const struct command *command,
                                      const struct field *field)
{
    const char *own = placeholder_of(arena, field);
    const struct field *beside = args_beside(command, field);
    const char *both =
        beside != NULL ? arena_print(arena, "%s|%s", own, placeholder_of(arena, beside)) : own;
    return both != NULL ? both : own;
}

bool args_has_period(const struct command *command)
{
    assert(command != NULL);
    const ProtobufCMessageDescriptor *request = command->request;
    return protobuf_c_message_descriptor_get_field_by_name(request, "from_day") != NULL &&
           protobuf_c_message_descriptor_get_field_by_name(request, "to_day") != NULL;
}

bool args_option_at(const struct command *command, size_t index, struct arena *arena,
                    struct args_option *out)
{
    assert(command != NULL && arena != NULL && out != NULL);
    const struct field *fields = fields_of(command->request);
    size_t seen = 0;
    for (unsigned i = 0; i < command->request->n_fields; i++) {
        const struct field *field = &fields[i];
        if (!args_is_option(field) || is_beside(command, field) || seen++ != index) {
            continue;
        }
        char name[64];
        field_option(field->descriptor, name);
        const char *copy = arena_copy(arena, name, strlen(name));
        *out = (struct args_option){
            .name = copy != NULL ? copy : "",
            .placeholder = placeholder_beside(arena, command, field),
            .positional = is_positional(command, field->descriptor->name),
            .repeated = field->descriptor->label == PROTOBUF_C_LABEL_REPEATED,
            .needed = field->needed,
            .field = field->descriptor,
        };
        for (size_t j = 0; j < COUNT_OF(SHORTS); j++) {
            if (strcmp(SHORTS[j].field, field->descriptor->name) == 0) {
                out->short_name = SHORTS[j].letter;
            }
        }
        return true;
    }
    if (seen != index || !args_has_period(command)) {
        return false;
    }
    *out = (struct args_option){
        .name = ARGS_PERIOD,
        .placeholder = "PERIOD",
        .field = protobuf_c_message_descriptor_get_field_by_name(command->request, "from_day"),
    };
    return true;
}
