// SPDX-License-Identifier: Apache-2.0
#include "client/cli.h"

struct fact {
    const char *command;
    const char *text;
    const char *more;
};

static const struct cli_noun NOUNS[] = {
#define NOUN(word, short_word, sentence) {word, short_word, sentence},
#include "client/cli.def"
};

static const struct cli_example EXAMPLES[] = {
#define EXAMPLE(command, line, why) {#command, line, why},
#include "client/cli.def"
};

static const struct fact COLUMN_LISTS[] = {
#define SHOWN(command, columns) {#command, columns, NULL},
#include "client/cli.def"
};

static const struct fact DONES[] = {
#define DONE(command, sentence) {#command, sentence, NULL},
#include "client/cli.def"
};

static const struct fact EMPTIES[] = {
#define EMPTY(command, sentence, line) {#command, sentence, line},
#include "client/cli.def"
};

size_t cli_noun_count(void)
{
    return COUNT_OF(NOUNS);
}

const struct cli_noun *cli_noun_at(size_t index)
{
    assert(index < COUNT_OF(NOUNS));
    return &NOUNS[index];
}

size_t cli_example_count(void)
{
    return COUNT_OF(EXAMPLES);
}

const struct cli_example *cli_example_at(size_t index)
{
    assert(index < COUNT_OF(EXAMPLES));
    return &EXAMPLES[index];
}

static const struct fact *fact_find(const struct fact *facts, size_t count, const char *command)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(facts[i].command, command) == 0) {
            return &facts[i];
        }
    }
    return NULL;
}

const char *cli_columns(const struct command *command)
{
    const struct fact *fact = fact_find(COLUMN_LISTS, COUNT_OF(COLUMN_LISTS), command->name);
    return fact == NULL ? NULL : fact->text;
}

const char *cli_done(const struct command *command)
{
    const struct fact *fact = fact_find(DONES, COUNT_OF(DONES), command->name);
    return fact == NULL ? NULL : fact->text;
}

bool cli_empty(const struct command *command, struct cli_empty *out)
{
    const struct fact *fact = fact_find(EMPTIES, COUNT_OF(EMPTIES), command->name);
    if (fact == NULL) {
        return false;
    }
    *out = (struct cli_empty){.sentence = fact->text, .line = fact->more};
    return true;
}
