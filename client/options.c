// SPDX-License-Identifier: Apache-2.0
#include "client/options.h"

#include "shared/text.h"
#include "shared/words.h"

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_MAYBE, OPTION_FIELD };

struct global {
    struct option_row row;
    enum option_kind kind;
    size_t offset; // of the member in struct options
};

static const struct global GLOBALS[] = {
#define GLOBAL(name, short_name, member, kind, placeholder, sentence)          \
    {{name, short_name, placeholder, OPTION_##kind == OPTION_FIELD, sentence}, \
     OPTION_##kind,                                                            \
     offsetof(struct options, member)},
#include "client/options.def"
#undef GLOBAL
};

size_t options_count(void)
{
    return COUNT_OF(GLOBALS);
}

const struct option_row *options_at(size_t index)
{
    assert(index < COUNT_OF(GLOBALS));
    return &GLOBALS[index].row;
}

const char *options_nearest(const char *word)
{
    assert(word != NULL);
    const char *name = word + strspn(word, "-");
    const char *nearest = NULL;
    size_t best = strlen(name) / 3 + 2;
    for (size_t i = 0; i < COUNT_OF(GLOBALS); i++) {
        size_t distance = text_distance(name, GLOBALS[i].row.name);
        if (distance < best) {
            best = distance;
            nearest = GLOBALS[i].row.name;
        }
    }
    return nearest;
}

// The global that a word names, and the value behind its "=" when there is one.
static const struct global *global_of(const char *word, const char **value)
{
    *value = NULL;
    if (word[0] != '-' || word[1] == '\0') {
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(GLOBALS); i++) {
        const struct global *global = &GLOBALS[i];
        if (word[1] != '-') {
            if (word[1] == global->row.short_name && word[2] == '\0') {
                return global;
            }
            continue;
        }
        size_t size = strlen(global->row.name);
        if (strncmp(word + 2, global->row.name, size) != 0) {
            continue;
        }
        if (word[2 + size] == '=') {
            *value = word + 2 + size + 1;
            return global;
        }
        if (word[2 + size] == '\0') {
            return global;
        }
    }
    return NULL;
}

// "30", "30s", "2m", "500ms" -> milliseconds.
static bool timeout_parse(const char *text, uint32_t *out)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || value > TIMEOUT_MS_MAX) {
        return false;
    }
    unsigned long unit = 0;
    if (strcmp(end, "") == 0 || strcmp(end, "s") == 0) {
        unit = 1000;
    } else if (strcmp(end, "ms") == 0) {
        unit = 1;
    } else if (strcmp(end, "m") == 0) {
        unit = 60000;
    }
    if (unit == 0 || value > TIMEOUT_MS_MAX / unit) {
        return false;
    }
    *out = (uint32_t)(value * unit);
    return true;
}

static bool width_parse(const char *text, size_t *out)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < 20 || value > 1000) {
        return false;
    }
    *out = value;
    return true;
}

static enum status values_check(struct options *options, const char **bad)
{
    options->timeout_ms = TIMEOUT_MS_DEFAULT;
    if (options->jsonl && options->json == NULL) {
        options->json = "";
    }
    if (options->timeout != NULL && !timeout_parse(options->timeout, &options->timeout_ms)) {
        *bad = options->timeout;
        return STATUS_FIELD_OUT_OF_RANGE;
    }
    if (options->width != NULL && !width_parse(options->width, &options->width_cells)) {
        *bad = options->width;
        return STATUS_FIELD_OUT_OF_RANGE;
    }
    const char *color = options->color;
    if (color != NULL && strcmp(color, "auto") != 0 && strcmp(color, "always") != 0 &&
        strcmp(color, "never") != 0) {
        *bad = color;
        return STATUS_FIELD_NOT_CHOICE;
    }
    return STATUS_OK;
}

// Sets the member; a FIELD becomes a word of the command again.
static enum status global_take(struct arena *arena, const struct global *global, const char *value,
                               struct options *out)
{
    char *member = (char *)out + global->offset;
    switch (global->kind) {
    case OPTION_FLAG:
        memcpy(member, &(bool){true}, sizeof(bool));
        break;
    case OPTION_TEXT:
    case OPTION_MAYBE:
        memcpy(member, &value, sizeof(value));
        break;
    case OPTION_FIELD: {
        memcpy(member, &(bool){true}, sizeof(bool));
        const char *word = arena_print(arena, "--%s=%s", global->row.placeholder, value);
        if (word == NULL) {
            return STATUS_TOO_LARGE;
        }
        out->words[out->word_count++] = word;
        break;
    }
    }
    return STATUS_OK;
}

enum status options_parse(struct arena *arena, int count, char *const *arguments,
                          struct options *out, const char **bad)
{
    assert(count >= 0 && out != NULL && bad != NULL);
    *out = (struct options){.timeout_ms = TIMEOUT_MS_DEFAULT};
    *bad = "";
    out->words = arena_alloc(arena, ((size_t)count + 1) * sizeof(*out->words));
    if (count > WORDS_MAX || out->words == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status first = STATUS_OK;
    bool ended = false;
    for (int i = 0; i < count; i++) {
        const char *word = arguments[i];
        const char *value = NULL;
        const struct global *global = ended ? NULL : global_of(word, &value);
        ended = ended || strcmp(word, "--") == 0;
        if (global == NULL) {
            out->words[out->word_count++] = word;
            continue;
        }
        bool takes = global->kind == OPTION_TEXT || global->kind == OPTION_FIELD;
        if (takes && value == NULL && i + 1 < count) {
            value = arguments[++i];
        }
        bool wrong = (takes && value == NULL) || (global->kind == OPTION_FLAG && value != NULL);
        if (wrong && first == STATUS_OK) {
            first = STATUS_USAGE;
            *bad = word;
        }
        if (wrong) {
            continue;
        }
        enum status status = global_take(arena, global, value == NULL ? "" : value, out);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return first != STATUS_OK ? first : values_check(out, bad);
}
