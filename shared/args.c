// SPDX-License-Identifier: Apache-2.0
#include "shared/args.h"

#include "shared/args_values.h"
#include "shared/day.h"
#include "shared/denomination.h"
#include "shared/ident.h"
#include "shared/money.h"
#include "shared/text.h"

struct parser {
    struct args_target target;
    struct args_context own; // with the currency that --currency names
    const struct command *command;
    const struct field *fields;
    ProtobufCMessage *request;
    const char *const *words;
    int count;
    int at;
    size_t positional; // that comes next
};

static const struct field *field_named(const struct parser *parser, const char *name, size_t size)
{
    for (unsigned i = 0; i < parser->command->request->n_fields; i++) {
        const struct field *field = &parser->fields[i];
        if (strlen(field->descriptor->name) == size &&
            strncmp(field->descriptor->name, name, size) == 0) {
            return args_is_option(field) ? field : NULL;
        }
    }
    return NULL;
}

static const struct field *field_of_option(const struct parser *parser, const char *option)
{
    for (unsigned i = 0; i < parser->command->request->n_fields; i++) {
        char name[64];
        field_option(parser->fields[i].descriptor, name);
        if (strcmp(name, option) == 0 && args_is_option(&parser->fields[i])) {
            return &parser->fields[i];
        }
    }
    const char *alias = args_alias(option);
    return alias != NULL ? field_named(parser, alias, strlen(alias)) : NULL;
}

static void usage(struct parser *parser, const char *field, const char *asked, const char *allowed,
                  const char *hint)
{
    problems_add(parser->target.problems, STATUS_USAGE, field, asked, allowed, hint);
}

// Names the option that was probably meant, at most a third of its letters away, and skips the
// value that was meant for it.
static void report_unknown(struct parser *parser, const char *word, const char *option)
{
    const struct field *meant = NULL;
    size_t nearest = strlen(option) / 3 + 2;
    char name[64];
    for (unsigned i = 0; i < parser->command->request->n_fields; i++) {
        field_option(parser->fields[i].descriptor, name);
        const size_t distance = text_distance(option, name);
        if (args_is_option(&parser->fields[i]) && distance < nearest) {
            nearest = distance;
            meant = &parser->fields[i];
        }
    }
    if (meant == NULL) {
        usage(parser, NULL, word, NULL, NULL);
        return;
    }
    field_option(meant->descriptor, name);
    usage(parser, NULL, word, NULL, arena_print(parser->target.problems->arena, "--%s", name));
    if (meant->kind != KIND_FLAG && strchr(word, '=') == NULL && parser->at < parser->count &&
        strncmp(parser->words[parser->at], "--", 2) != 0) {
        parser->at++;
    }
}

// The bytes of "@FILE" as text, without the line feed at its end; NULL when that was reported as a
// problem.
static const char *load(struct parser *parser, const char *option, const char *path)
{
    const struct args_context *context = parser->target.context;
    struct problems *problems = parser->target.problems;
    struct bytes bytes = {0};
    const enum status status =
        context->load(context->load_context, problems->arena, path, ARGS_VALUE_BYTES_MAX, &bytes);
    if (status != STATUS_OK) {
        const bool is_long = status == STATUS_TOO_LARGE;
        problems_add(problems, is_long ? STATUS_FIELD_TOO_LONG : status, option, path, NULL, NULL);
        return NULL;
    }
    if (bytes.size > 0 && memchr(bytes.data, 0, bytes.size) != NULL) {
        problems_add(problems, STATUS_FIELD_NOT_TEXT, option, path, NULL, NULL);
        return NULL;
    }
    while (bytes.size > 0 &&
           (bytes.data[bytes.size - 1] == '\n' || bytes.data[bytes.size - 1] == '\r')) {
        bytes.size--;
    }
    const char *text = arena_copy(problems->arena, bytes.data, bytes.size);
    if (text == NULL) {
        problems_add(problems, STATUS_TOO_LARGE, option, path, NULL, NULL);
    }
    return text;
}

// A value as it was typed, or what its file holds. References keep their '@': "@me" is an object.
static const char *value_of(struct parser *parser, const struct field *field, const char *option,
                            const char *typed)
{
    const char *text = typed;
    if (text[0] == '@' && text[1] == '@') {
        text++;
    } else if (text[0] == '@' && text[1] != '\0' && field->kind != KIND_REFERENCE &&
               parser->target.context->load != NULL) {
        text = load(parser, option, typed + 1);
    }
    if (text == NULL) {
        return NULL;
    }
    const size_t size = strlen(text);
    if (size > ARGS_VALUE_BYTES_MAX || (field->kind != KIND_MESSAGE && size > TEXT_BYTES_MAX)) {
        char allowed[32];
        (void)snprintf(allowed, sizeof allowed, "%u", field->length_max);
        problems_add(parser->target.problems, STATUS_FIELD_TOO_LONG, option, NULL, allowed, NULL);
        return NULL;
    }
    if (!text_is_clean(text, size, field->format == FORMAT_LINES)) {
        problems_add(parser->target.problems, STATUS_FIELD_NOT_TEXT, option, NULL, NULL, NULL);
        return NULL;
    }
    return text;
}

static void store(struct parser *parser, const struct field *field, const char *typed)
{
    char option[64];
    int value = 0;
    const struct field *beside = args_beside(parser->command, field);
    if (beside != NULL && !field_choice_value(field->descriptor->descriptor, typed, &value)) {
        field = beside;
    }
    field_option(field->descriptor, option);
    const char *text = value_of(parser, field, option, typed);
    if (text != NULL) {
        args_store(&parser->target, parser->request, field, text);
    }
}

// The word behind an option; an option is none. NULL at the end, reported.
static const char *next_word(struct parser *parser, const char *option)
{
    if (parser->at < parser->count && strncmp(parser->words[parser->at], "--", 2) != 0) {
        return parser->words[parser->at++];
    }
    usage(parser, option, NULL, NULL, NULL);
    return NULL;
}

static void store_period(struct parser *parser, const char *text)
{
    int32_t day[2] = {0};
    const char *hint = NULL;
    const struct args_context *context = parser->target.context;
    if (day_parse_range(parser->target.problems->arena, text, context->today, &day[0], &day[1],
                        &hint) != STATUS_OK) {
        problems_add(parser->target.problems, STATUS_FIELD_NOT_DAY, ARGS_PERIOD, text,
                     "2026-10 | 2026q3 | DATE..DATE", hint);
        return;
    }
    static const char *const ENDS[] = {"from_day", "to_day"};
    for (size_t i = 0; i < COUNT_OF(ENDS); i++) {
        const struct field *field = field_named(parser, ENDS[i], strlen(ENDS[i]));
        assert(field != NULL);
        if (field_is_set(parser->request, field->descriptor)) {
            problems_add(parser->target.problems, STATUS_FIELD_CONFLICT, ARGS_PERIOD, text, NULL,
                         NULL);
            return;
        }
        memcpy(field_at(parser->request, field->descriptor), &day[i], sizeof day[i]);
    }
}

// "--option value", "--option=value"; a flag has no value of its own.
static void read_long(struct parser *parser, const char *word)
{
    const char *equals = strchr(word, '=');
    const size_t size = equals != NULL ? (size_t)(equals - word) - 2 : strlen(word) - 2;
    char option[64];
    if (size == 0 || size >= sizeof option) {
        usage(parser, NULL, word, NULL, NULL);
        return;
    }
    memcpy(option, word + 2, size);
    option[size] = '\0';
    const bool is_period = strcmp(option, ARGS_PERIOD) == 0 && args_has_period(parser->command);
    const struct field *field = is_period ? NULL : field_of_option(parser, option);
    if (field == NULL && !is_period) {
        report_unknown(parser, word, option);
        return;
    }
    const char *value = equals != NULL ? equals + 1 : "";
    if (equals == NULL && (is_period || field->kind != KIND_FLAG)) {
        value = next_word(parser, option);
    }
    if (value != NULL && is_period) {
        store_period(parser, value);
    } else if (value != NULL) {
        store(parser, field, value);
    }
}

// "-q 恒通", "-n50"
static void read_short(struct parser *parser, const char *word)
{
    const char *name = args_letter(word[1]);
    const struct field *field = name != NULL ? field_named(parser, name, strlen(name)) : NULL;
    if (field == NULL) {
        usage(parser, NULL, word, NULL, NULL);
        return;
    }
    char option[64];
    field_option(field->descriptor, option);
    const char *value =
        word[2] != '\0' ? word + 2 + (word[2] == '=' ? 1 : 0) : next_word(parser, option);
    if (value != NULL) {
        store(parser, field, value);
    }
}

// Of "invoice_id|customer_id": the first one for "#..." and for numbers of another series than
// customers.
static const struct field *choose(const struct parser *parser, const char *names, const char *word)
{
    const size_t first = strcspn(names, "|");
    if (names[first] == '\0') {
        return field_named(parser, names, first);
    }
    enum series series = SERIES_CUSTOMER;
    uint32_t year = 0;
    uint32_t sequence = 0;
    const bool is_number = ident_parse(word, &series, &year, &sequence);
    if (word[0] == '#' || (is_number && series != SERIES_CUSTOMER)) {
        return field_named(parser, names, first);
    }
    return field_named(parser, names + first + 1, strlen(names + first + 1));
}

static void read_positional(struct parser *parser, const char *word)
{
    const char *names = args_positional_at(parser->command, parser->positional);
    if (names == NULL) {
        usage(parser, NULL, word, NULL, NULL);
        return;
    }
    const struct field *field = choose(parser, names, word);
    assert(field != NULL);
    if (field->descriptor->label != PROTOBUF_C_LABEL_REPEATED) {
        parser->positional++;
    }
    store(parser, field, word);
}

// "-3d" and "-200" are values, "-q" is an option.
static bool is_short(const char *word)
{
    const bool is_letter = (word[1] >= 'a' && word[1] <= 'z') || (word[1] >= 'A' && word[1] <= 'Z');
    return word[0] == '-' && is_letter;
}

// An amount may stand before the currency that it is in.
static void adopt_currency(struct parser *parser)
{
    static const char OPTION[] = "--currency";
    const size_t size = sizeof OPTION - 1;
    if (!denomination_is_named(parser->command->request)) {
        return;
    }
    for (int i = 0; i < parser->count; i++) {
        const char *word = parser->words[i];
        assert(word != NULL);
        if (strcmp(word, "--") == 0) {
            return;
        }
        const bool is_it = strncmp(word, OPTION, size) == 0;
        const char *code = is_it && word[size] == '=' ? word + size + 1
                           : is_it && word[size] == '\0' && i + 1 < parser->count
                               ? parser->words[i + 1]
                               : NULL;
        if (code != NULL && money_currency(code, &parser->own.decimals)) {
            parser->own.currency = code;
            return;
        }
    }
}

enum status args_parse(const struct command *command, const struct args_context *context, int count,
                       const char *const *words, ProtobufCMessage *request,
                       struct problems *problems)
{
    assert(command != NULL && context != NULL && context->currency != NULL);
    assert(request->descriptor == command->request && (count == 0 || words != NULL));
    struct parser parser = {.target = {.problems = problems, .book = context},
                            .own = *context,
                            .command = command,
                            .fields = fields_of(command->request),
                            .request = request,
                            .words = words,
                            .count = count};
    parser.target.context = &parser.own;
    adopt_currency(&parser);
    bool has_ended = false;
    while (parser.at < count) {
        const char *word = words[parser.at++];
        if (!has_ended && strcmp(word, "--") == 0) {
            has_ended = true;
        } else if (!has_ended && strncmp(word, "--", 2) == 0) {
            read_long(&parser, word);
        } else if (!has_ended && is_short(word)) {
            read_short(&parser, word);
        } else {
            read_positional(&parser, word);
        }
    }
    return problems_first(problems);
}
