// SPDX-License-Identifier: Apache-2.0
#include "shared/command.h"

#include "proto/envelope.pb-c.h"

// A command's number and messages are read from the descriptors of Request and Reply by its name,
// so that they stand nowhere twice. It is done before main, once; from then on the table is read
// only.

#define COMMANDS_MAX           512
#define PERMISSION_NUMBERS_MAX 256

struct row {
    const char *name;
    enum command_mode mode;
    enum permission permission;
    enum step step;
    enum control control;
    bool typed;
    const char *summary;
    const char *audit;
};

enum { WORDS_TOOL, WORDS_USER };

static const struct row ROWS[] = {
#define COMMAND(name, Request_, Reply_, mode, permission, step, control, words, summary, audit) \
    {#name,                                                                                     \
     COMMAND_##mode,                                                                            \
     PERMISSION_##permission,                                                                   \
     STEP_##step,                                                                               \
     CONTROL_##control,                                                                         \
     WORDS_##words == WORDS_USER,                                                               \
     summary,                                                                                   \
     audit},
#include "proto/commands.def"
#undef COMMAND
};

static const char *const PERMISSION_TEXTS[PERMISSION_COUNT] = {
    [PERMISSION_SELF] = "session",
    [PERMISSION_DEVICE] = "device",
    [PERMISSION_INVITED] = "invitation",
    [PERMISSION_SYSTEM] = "system",
#define PERMISSION(name, number, text) [PERMISSION_##name] = text,
#include "proto/permissions.def"
};

static const uint32_t PERMISSION_NUMBERS[PERMISSION_COUNT] = {
#define PERMISSION(name, number, text) [PERMISSION_##name] = (number),
#include "proto/permissions.def"
};

static const enum permission PERMISSIONS_BY_NUMBER[PERMISSION_NUMBERS_MAX] = {

#define PERMISSION(name, number, text) [number] = PERMISSION_##name,
#include "proto/permissions.def"
};

static const bool PERMISSION_IS_SCOPED[PERMISSION_COUNT] = {

#define SCOPED(permission) [PERMISSION_##permission] = true,
#include "proto/permissions.def"
};

static const char *const ROLE_WORDS[ROLE_LIMIT] = {
    [ROLE_NONE] = "",
#define ROLE(name, number, word, sentence) [number] = word,
#include "proto/permissions.def"
};

static const char *const CLASS_WORDS[CLASS_COUNT] = {
    [CLASS_PUBLIC] = "public",
    [CLASS_CONTACT] = "contact",
    [CLASS_FINANCE] = "finance",
    [CLASS_SECRET] = "secret",
};

static const char *const CONTROL_WORDS[CONTROL_COUNT] = {
    [CONTROL_NONE] = "",
#define CONTROL(name, number, word, measure, sentence) [CONTROL_##name] = word,
#include "proto/permissions.def"
};

static const char *const CONTROL_SENTENCES[CONTROL_COUNT] = {
    [CONTROL_NONE] = "",
#define CONTROL(name, number, word, measure, sentence) [CONTROL_##name] = sentence,
#include "proto/permissions.def"
};

static const uint32_t CONTROL_NUMBERS[CONTROL_COUNT] = {

#define CONTROL(name, number, word, measure, sentence) [CONTROL_##name] = (number),
#include "proto/permissions.def"
};

enum measure { MEASURE_ACT, MEASURE_AMOUNT, MEASURE_SUM, MEASURE_FIXED, MEASURE_HELD };

static const enum measure CONTROL_MEASURES[CONTROL_COUNT] = {

#define CONTROL(name, number, word, measure, sentence) [CONTROL_##name] = MEASURE_##measure,
#include "proto/permissions.def"
};

// PERMISSION_SELF: that of the command itself.
static const enum permission JUDGES[CONTROL_COUNT] = {

#define JUDGED(control, permission) [CONTROL_##control] = PERMISSION_##permission,
#include "proto/permissions.def"
};

static_assert(COUNT_OF(ROWS) <= COMMANDS_MAX, "every command has a place in the table");

static struct command commands[COUNT_OF(ROWS)];
static const struct command *by_number[COMMAND_NUMBERS_MAX];

static const ProtobufCMessageDescriptor *message_of(const ProtobufCFieldDescriptor *field)
{
    assert(field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE);
    return field->descriptor;
}

__attribute__((constructor)) static void command_table_fill(void)
{
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        const struct row *row = &ROWS[i];
        const ProtobufCFieldDescriptor *request =
            protobuf_c_message_descriptor_get_field_by_name(&request__descriptor, row->name);
        const ProtobufCFieldDescriptor *reply =
            protobuf_c_message_descriptor_get_field_by_name(&reply__descriptor, row->name);
        assert(request != NULL && reply != NULL);
        assert(request->id == reply->id && request->id < COMMAND_NUMBERS_MAX);
        assert(by_number[request->id] == NULL);
        commands[i] = (struct command){
            .number = request->id,
            .name = row->name,
            .mode = row->mode,
            .permission = row->permission,
            .step = row->step,
            .control = row->control,
            .typed = row->typed,
            .summary = row->summary,
            .audit = row->audit,
            .request = message_of(request),
            .reply = message_of(reply),
        };
        by_number[request->id] = &commands[i];
    }
}

size_t command_count(void)
{
    return COUNT_OF(ROWS);
}

const struct command *command_at(size_t index)
{
    assert(index < COUNT_OF(ROWS));
    return &commands[index];
}

const struct command *command_by_number(uint32_t number)
{
    return number < COMMAND_NUMBERS_MAX ? by_number[number] : NULL;
}

const struct command *command_by_name(const char *name)
{
    assert(name != NULL);
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        if (strcmp(ROWS[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

// Does `name` ("report_trial_balance") read as noun ("report") and verb ("trial-balance")?
static bool is_named(const char *name, const char *noun, const char *verb)
{
    const size_t noun_size = strlen(noun);
    if (strncmp(name, noun, noun_size) != 0 || name[noun_size] != '_') {
        return false;
    }
    const char *rest = name + noun_size + 1;
    size_t i = 0;
    while (rest[i] != '\0' && (rest[i] == verb[i] || (rest[i] == '_' && verb[i] == '-'))) {
        i++;
    }
    return rest[i] == '\0' && verb[i] == '\0';
}

const struct command *command_by_words(const char *noun, const char *verb)
{
    assert(noun != NULL && verb != NULL);
    if (strchr(verb, '_') != NULL) {
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        if (ROWS[i].typed && is_named(ROWS[i].name, noun, verb)) {
            return &commands[i];
        }
    }
    return NULL;
}

const char *permission_text(enum permission permission)
{
    assert((size_t)permission < COUNT_OF(PERMISSION_TEXTS));
    return PERMISSION_TEXTS[permission];
}

uint32_t permission_number(enum permission permission)
{
    assert((size_t)permission < COUNT_OF(PERMISSION_NUMBERS));
    return PERMISSION_NUMBERS[permission];
}

enum permission permission_by_number(uint32_t number)
{
    return number < COUNT_OF(PERMISSIONS_BY_NUMBER) ? PERMISSIONS_BY_NUMBER[number]
                                                    : PERMISSION_SELF;
}

enum permission permission_by_text(const char *text)
{
    assert(text != NULL);
    for (size_t i = PERMISSION_FIRST; i < COUNT_OF(PERMISSION_TEXTS); i++) {
        if (strcmp(PERMISSION_TEXTS[i], text) == 0) {
            return (enum permission)i;
        }
    }
    return PERMISSION_SELF;
}

bool permission_is_whole(enum permission permission)
{
    assert((size_t)permission < COUNT_OF(PERMISSION_IS_SCOPED));
    return !PERMISSION_IS_SCOPED[permission];
}

const char *role_word(enum role role)
{
    assert((size_t)role < COUNT_OF(ROLE_WORDS));
    return ROLE_WORDS[role];
}

const char *class_word(enum field_class field_class)
{
    assert((size_t)field_class < COUNT_OF(CLASS_WORDS));
    return CLASS_WORDS[field_class];
}

enum field_class class_by_word(const char *word)
{
    assert(word != NULL);
    for (size_t i = 0; i < COUNT_OF(CLASS_WORDS); i++) {
        if (strcmp(CLASS_WORDS[i], word) == 0) {
            return (enum field_class)i;
        }
    }
    return CLASS_COUNT;
}

const char *control_word(enum control control)
{
    assert((size_t)control < COUNT_OF(CONTROL_WORDS));
    return CONTROL_WORDS[control];
}

const char *control_sentence(enum control control)
{
    assert((size_t)control < COUNT_OF(CONTROL_SENTENCES));
    return CONTROL_SENTENCES[control];
}

uint32_t control_number(enum control control)
{
    assert(control != CONTROL_NONE && (size_t)control < COUNT_OF(CONTROL_NUMBERS));
    return CONTROL_NUMBERS[control];
}

enum permission control_judge(const struct command *command)
{
    assert((size_t)command->control < CONTROL_COUNT);
    const enum permission judge = JUDGES[command->control];
    return judge != PERMISSION_SELF ? judge : command->permission;
}

bool control_has_amount(enum control control)
{
    assert((size_t)control < COUNT_OF(CONTROL_MEASURES));
    const enum measure measure = CONTROL_MEASURES[control];
    return measure == MEASURE_AMOUNT || measure == MEASURE_SUM;
}

bool control_sums(enum control control)
{
    assert((size_t)control < COUNT_OF(CONTROL_MEASURES));
    return CONTROL_MEASURES[control] == MEASURE_SUM;
}

bool control_is_fixed(enum control control)
{
    assert((size_t)control < COUNT_OF(CONTROL_MEASURES));
    return CONTROL_MEASURES[control] == MEASURE_FIXED;
}

bool control_is_held(enum control control)
{
    assert((size_t)control < COUNT_OF(CONTROL_MEASURES));
    return CONTROL_MEASURES[control] == MEASURE_HELD;
}

enum control control_by_word(const char *word)
{
    assert(word != NULL);
    for (size_t i = CONTROL_NONE + 1; i < COUNT_OF(CONTROL_WORDS); i++) {
        if (strcmp(CONTROL_WORDS[i], word) == 0) {
            return (enum control)i;
        }
    }
    return CONTROL_NONE;
}

enum control control_by_number(uint32_t number)
{
    for (size_t i = CONTROL_NONE + 1; i < COUNT_OF(CONTROL_NUMBERS); i++) {
        if (CONTROL_NUMBERS[i] == number) {
            return (enum control)i;
        }
    }
    return CONTROL_NONE;
}
