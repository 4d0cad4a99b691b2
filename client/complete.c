// SPDX-License-Identifier: Apache-2.0

// Completion for the shell: a small script calls `kontor __complete WORD…` with the words so far,
// the last one unfinished. The answers come from the tables alone, so they need no server and are
// there at once.

#include "client/cli.h"
#include "client/help.h"
#include "client/letters.h"
#include "client/tools.h"
#include "shared/args.h"
#include "shared/fields.h"

static void candidate(const char *word, const char *begin)
{
    if (strncmp(word, begin, strlen(begin)) == 0) {
        (void)puts(word);
    }
}

static void verbs(const char *noun, const char *begin)
{
    size_t size = strlen(noun);
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        if (!command->typed || strncmp(command->name, noun, size) != 0 ||
            command->name[size] != '_') {
            continue;
        }
        char verb[64];
        (void)snprintf(verb, sizeof(verb), "%s", command->name + size + 1);
        letters_replace(verb, '_', '-');
        candidate(verb, begin);
    }
    if (strcmp(noun, "import") == 0) {
        candidate("run", begin);
    }
    if (strcmp(noun, "export") == 0) {
        candidate("journal", begin);
    }
}

static void choices(const struct args_option *option, const char *begin)
{
    if (option->field == NULL || option->field->type != PROTOBUF_C_TYPE_ENUM) {
        return;
    }
    const ProtobufCEnumDescriptor *choice = option->field->descriptor;
    for (unsigned i = 0; i < choice->n_values; i++) {
        char word[64];
        if (choice->values[i].value != 0) {
            candidate(field_choice_word(choice, choice->values[i].value, word), begin);
        }
    }
}

// Options of the command, or the choices of the option before the unfinished word.
static void command_words(struct client *client, const struct command *command, const char *before,
                          const char *begin)
{
    struct args_option option;
    for (size_t i = 0; args_option_at(command, i, client->arena, &option); i++) {
        char word[80];
        (void)snprintf(word, sizeof(word), "--%s", option.name);
        if (strcmp(word, before) == 0) {
            choices(&option, begin);
            return;
        }
    }
    for (size_t i = 0; begin[0] == '-' && args_option_at(command, i, client->arena, &option); i++) {
        char word[80];
        (void)snprintf(word, sizeof(word), "--%s", option.name);
        candidate(word, begin);
    }
    for (size_t i = 0; begin[0] == '-' && i < options_count(); i++) {
        char word[80];
        (void)snprintf(word, sizeof(word), "--%s", options_at(i)->name);
        candidate(word, begin);
    }
}

enum status tool_complete(struct client *client, size_t count, const char *const *words)
{
    // The script puts "--" before the words, so that options among them are not taken as ours.
    if (count > 0 && strcmp(words[0], "--") == 0) {
        words++;
        count--;
    }
    const char *begin = count == 0 ? "" : words[count - 1];
    if (count <= 1) {
        for (size_t i = 0; i < cli_noun_count(); i++) {
            candidate(cli_noun_at(i)->word, begin);
        }
        for (size_t i = 0; i < tool_count(); i++) {
            candidate(tool_at(i)->name, begin);
        }
        return STATUS_OK;
    }
    const char *noun = help_noun(words[0]);
    if (noun == NULL) {
        return STATUS_OK;
    }
    if (count == 2) {
        verbs(noun, begin);
        return STATUS_OK;
    }
    const struct command *command = command_by_words(noun, words[1]);
    if (command != NULL) {
        command_words(client, command, words[count - 2], begin);
    }
    return STATUS_OK;
}

enum status tool_completion(struct client *client, size_t count, const char *const *words)
{
    if (count != 1 || strcmp(words[0], "bash") != 0) {
        return tool_usage(client, "completion", count == 0 ? "" : words[0]);
    }
    (void)fputs(
        "# bash completion for kontor: eval \"$(kontor completion bash)\"\n"
        "_kontor() {\n"
        "    local IFS=$'\\n'\n"
        "    COMPREPLY=($(kontor __complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
        "}\n"
        "complete -o default -F _kontor kontor\n",
        stdout);
    return STATUS_OK;
}
