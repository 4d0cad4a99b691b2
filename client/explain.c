// SPDX-License-Identifier: Apache-2.0
#include "client/help.h"
#include "client/output.h"
#include "client/tools.h"
#include "shared/fields.h"
#include "shared/words.h"

static const enum status ALL[] = {

#define STATUS(name, number, exit_code, code, sentence) STATUS_##name,
#include "proto/status.def"
#undef STATUS
};

static const char *exit_meaning(int exit_code)
{
    static const struct {
        int exit_code;
        const char *meaning;
    } MEANINGS[] = {
        {0, N_("done")},
        {1, N_("the answer is no, or differences were found")},
        {2, N_("what was typed, or a file, is not understood")},
        {3, N_("done in part")},
        {4, N_("log in first")},
        {5, N_("not permitted")},
        {6, N_("not found")},
        {7, N_("it is not certain which object is meant")},
        {8, N_("changed by somebody else in the meantime: look again")},
        {9, N_("cancelled by the person")},
        {10, N_("refused by a rule of the business")},
        {11, N_("the period is closed, or the document is locked")},
        {12, N_("the server was not reached, or not in time: it is safe to try again")},
        {13, N_("the versions do not fit: upgrade one side")},
        {14, N_("a request id was used for something else")},
        {15, N_("a confirmation is needed and nobody can be asked: add --yes")},
        {16, N_("this is not the server that was pinned: stop, and ask who runs it")},
        {17, N_("this device was revoked, or is not enrolled")},
        {18, N_("the invitation was used: ask for a new one")},
        {19, N_("the invitation has expired: ask for a new one")},
        {20, N_("stored bytes were changed by somebody else than the server")},
        {21, N_("something that must be there is missing")},
        {22, N_("a file cannot be read")},
    };

    for (size_t i = 0; i < COUNT_OF(MEANINGS); i++) {
        if (MEANINGS[i].exit_code == exit_code) {
            return language_word(MEANINGS[i].meaning);
        }
    }
    return _("the machine, a file or the configuration");
}

static enum status explain_code(struct client *client, const char *code)
{
    for (size_t i = 0; i < COUNT_OF(ALL); i++) {
        if (strcmp(status_code(ALL[i]), code) == 0) {
            int exit_code = status_exit(ALL[i]);
            (void)printf("%s\n  %s\n  %s %d: %s\n", code, language_word(status_sentence(ALL[i])),
                         _("exit"), exit_code, exit_meaning(exit_code));
            return STATUS_OK;
        }
    }
    return client_fail(client, STATUS_NOT_FOUND, NULL, code, NULL);
}

const char *explain_kind(enum kind kind)
{
    switch (kind) {
    case KIND_MONEY:
        return _("an amount: 1234.50, 1,234.50, 12w; never rounded silently");
    case KIND_DAY:
        return _("a date: 2026-11-21, today, -3d, fri, eom");
    case KIND_INSTANT:
        return _("a moment");
    case KIND_REFERENCE:
        return _("an object: its number, its name, or #ID");
    case KIND_RATE:
        return _("a rate: 13%");
    case KIND_QUANTITY:
        return _("a number with at most six decimals");
    case KIND_CHOICE:
        return _("one of a few words");
    case KIND_FLAG:
        return _("yes when it is given");
    case KIND_NUMBER:
        return _("a whole number");
    case KIND_TEXT:
    case KIND_BYTES:
    case KIND_MESSAGE:
        break;
    }
    return _("text");
}

// "invoice.due": every command of the noun that takes such a field.
static enum status explain_field(struct client *client, const char *noun, const char *field)
{
    size_t noun_size = strlen(noun);
    bool found = false;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        if (!command->typed || strncmp(command->name, noun, noun_size) != 0 ||
            command->name[noun_size] != '_') {
            continue;
        }
        for (unsigned f = 0; f < command->request->n_fields; f++) {
            struct field facts = field_of(command->request, f);
            char key[64];
            field_key(facts.descriptor, key);
            if (facts.admission || strcmp(key, field) != 0) {
                continue;
            }
            if (!found) {
                (void)printf("%s.%s · %s\n  %s\n", noun, field, output_word(client, key),
                             explain_kind(facts.kind));
            }
            if (!found && facts.kind == KIND_TEXT && facts.length_max > 0) {
                (void)printf(_("  at most %u bytes"), facts.length_max);
                (void)putchar('\n');
            }
            found = true;
            (void)printf("  kontor %s %s --%s%s\n", noun, command->name + noun_size + 1, field,
                         facts.needed ? _("  (needed)") : "");
        }
    }
    return found ? STATUS_OK : client_fail(client, STATUS_NOT_FOUND, NULL, field, NULL);
}

enum status tool_explain(struct client *client, size_t count, const char *const *words)
{
    if (count != 1) {
        return tool_usage(client, "explain", count == 0 ? "" : words[1]);
    }
    const char *dot = strchr(words[0], '.');
    if (dot == NULL) {
        return explain_code(client, words[0]);
    }
    const char *word = arena_copy(client->arena, words[0], (size_t)(dot - words[0]));
    const char *noun = word == NULL ? NULL : help_noun(word);
    return noun == NULL ? client_fail(client, STATUS_NOT_FOUND, NULL, words[0], NULL)
                        : explain_field(client, noun, dot + 1);
}
