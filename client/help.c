// SPDX-License-Identifier: Apache-2.0
#include "client/help.h"

#include "client/cli.h"
#include "client/letters.h"
#include "client/output.h"
#include "client/tools.h"
#include "shared/args.h"
#include "shared/day.h"
#include "shared/fields.h"
#include "shared/text.h"
#include "shared/words.h"

#define LABEL_CELLS    30
#define SUGGESTION_MAX 3

// Pieces of work of the client under a noun, which are not rows of the command table.
static const struct {
    const char *words;
    const char *usage;
    const char *sentence;
} PIECES[] = {
    {"import run",
     "import run FILE --as customers|invoices|invoice-lines|payments [--map FIELD=COLUMN,…] "
     "[--date-format F] [--currency C] [--source NAME] [--inclusive] [--tax-on-total] "
     "[--same REFERENCE=CUSTOMER]… [--as-new] [--yes]",
     N_("Import a file: look first, then commit")},
    {"bank import",
     "bank import FILE [--bank BANK] [--map FIELD=COLUMN,…] [--opening AMOUNT] [--closing AMOUNT] "
     "[--no-match] [--yes]",
     N_("Load a bank's statements and book what is certain of them")},
    {"reconcile start", "reconcile start BANK",
     N_("Go through the bank lines that wait, one after the other")},
    {"bank read", "bank read FILE [--map FIELD=COLUMN,…]",
     N_("Show what a bank's file holds, and whether it adds up")},
    {"export journal", "export journal --format hledger|beancount|ledger [--from DATE] [--to DATE]",
     N_("Export the journal for another program")},
    {"customer subject", "customer subject CUSTOMER --reason TEXT [--output FILE]",
     N_("Write everything held about a person into a file")},
    {"audit tail", "audit tail [-n ROWS] [-q QUERY] [--count RECORDS] [--json]",
     N_("Follow what happens, record by record")},
    {"audit export", "audit export FILE", N_("Export the journal for an auditor")},
    {"audit verify", "audit verify [--witness FILE]",
     N_("Compute the journal's tree here and compare it with what was signed and seen")},
    {"audit witness", "audit witness [--output FILE]",
     N_("Print the last signed checkpoint, to be kept on paper")},
    {"user totp", "user totp", N_("Set up one-time codes")},
    {"user totp-confirm", "user totp-confirm [--code CODE]",
     N_("Confirm one-time codes with the first code")},
    {"user password", "user password [--password-stdin]", N_("Change your password")},
};

const char *help_noun(const char *word)
{
    for (size_t i = 0; i < cli_noun_count(); i++) {
        const struct cli_noun *noun = cli_noun_at(i);
        if (strcmp(noun->word, word) == 0 || strcmp(noun->short_word, word) == 0) {
            return noun->word;
        }
    }
    return NULL;
}

static void row_print(const char *label, const char *text)
{
    size_t cells = text_cells(label);
    if (cells + 2 > LABEL_CELLS && text[0] != '\0') {
        (void)printf("  %s\n  %*s%s\n", label, LABEL_CELLS, "", text);
        return;
    }
    (void)printf("  %s%*s%s\n", label, text[0] == '\0' ? 0 : (int)(LABEL_CELLS - cells), "", text);
}

// "customer_add" belongs to "customer"; its verb as it is typed ("trial-balance").
static bool command_is_of(const struct command *command, const char *noun, char verb[static 64])
{
    size_t size = strlen(noun);
    if (!command->typed || strncmp(command->name, noun, size) != 0 || command->name[size] != '_') {
        return false;
    }
    (void)snprintf(verb, 64, "%s", command->name + size + 1);
    letters_replace(verb, '_', '-');
    return true;
}

static void globals_print(void)
{
    (void)printf("\n%s\n", _("Options of every command"));
    for (size_t i = 0; i < options_count(); i++) {
        const struct option_row *row = options_at(i);
        char label[64];
        char letter[8] = "";
        if (row->short_name != 0) {
            (void)snprintf(letter, sizeof(letter), "-%c, ", row->short_name);
        }
        bool maybe = strcmp(row->name, "json") == 0;
        char value[32];
        (void)snprintf(value, sizeof(value), "%s", row->placeholder);
        letters_upper(value);
        (void)snprintf(label, sizeof(label), "%s--%s%s%s%s", letter, row->name,
                       value[0] == '\0' ? "" : (maybe ? "[=" : " "), value, maybe ? "]" : "");
        row_print(label, language_word(row->sentence));
    }
}

static enum status program_print(void)
{
    (void)printf("kontor NOUN VERB [OBJECT…] [--OPTION VALUE…]\n\n%s\n", _("Nouns"));
    for (size_t i = 0; i < cli_noun_count(); i++) {
        const struct cli_noun *noun = cli_noun_at(i);
        char label[64];
        (void)snprintf(label, sizeof(label), "%s (%s)", noun->word, noun->short_word);
        row_print(label, language_word(noun->sentence));
    }
    (void)printf("\n%s\n", _("Tools"));
    for (size_t i = 0; i < tool_count(); i++) {
        row_print(tool_at(i)->name, language_word(tool_at(i)->sentence));
    }
    globals_print();
    (void)printf("\n%s\n", _("More: kontor help start, kontor help NOUN, kontor NOUN VERB --help"));
    return STATUS_OK;
}

static enum status start_print(void)
{
    static const char *const LINES[][2] = {
        {"kontor join @FILE", N_("use the invitation that you were given")},
        {"kontor customer add --kind organisation --name NAME", N_("your first customer, or:")},
        {"kontor import run FILE --as customers", N_("bring them from a file")},
        {"kontor invoice issue NAME --amount 1000 --due +30d", N_("they owe you")},
        {"kontor payment add NAME 1000 --dry-run", N_("they pay; look before you commit")},
        {"kontor report aging", N_("who owes what, since when")},
    };
    for (size_t i = 0; i < COUNT_OF(LINES); i++) {
        (void)printf("  %s\n      %s\n", LINES[i][0], language_word(LINES[i][1]));
    }
    return STATUS_OK;
}

// A piece of the client goes before a command of the same words.
static bool is_piece(const char *words)
{
    for (size_t i = 0; i < COUNT_OF(PIECES); i++) {
        if (strcmp(PIECES[i].words, words) == 0) {
            return true;
        }
    }
    return false;
}

static enum status noun_print(const char *noun)
{
    for (size_t i = 0; i < cli_noun_count(); i++) {
        const struct cli_noun *row = cli_noun_at(i);
        if (strcmp(row->word, noun) == 0) {
            (void)printf("kontor %s (%s): %s\n\n", row->word, row->short_word,
                         language_word(row->sentence));
        }
    }
    for (size_t i = 0; i < command_count(); i++) {
        char verb[64];
        if (command_is_of(command_at(i), noun, verb)) {
            char label[96];
            (void)snprintf(label, sizeof(label), "%s %s", noun, verb);
            if (!is_piece(label)) {
                row_print(label, language_word(command_at(i)->summary));
            }
        }
    }
    for (size_t i = 0; i < COUNT_OF(PIECES); i++) {
        size_t size = strlen(noun);
        if (strncmp(PIECES[i].words, noun, size) == 0 && PIECES[i].words[size] == ' ') {
            row_print(PIECES[i].words, language_word(PIECES[i].sentence));
        }
    }
    return STATUS_OK;
}

static void option_print(struct client *client, const struct args_option *option)
{
    char label[128];
    char letter[8] = "";
    char key[64];
    if (option->short_name != 0) {
        (void)snprintf(letter, sizeof(letter), "-%c, ", option->short_name);
    }
    const char *value = option->placeholder == NULL ? "" : option->placeholder;
    (void)snprintf(label, sizeof(label), "%s--%s%s%s%s", letter, option->name,
                   value[0] == '\0' ? "" : " ", value, option->repeated ? " …" : "");
    (void)snprintf(key, sizeof(key), "%s", option->name);
    letters_replace(key, '-', '_');
    char text[192];
    const char *word = output_word(client, key);
    (void)snprintf(text, sizeof(text), "%s%s%s%s%s", word, option->needed ? " · " : "",
                   option->needed ? _("needed") : "", option->repeated ? " · " : "",
                   option->repeated ? _("may be repeated") : "");
    row_print(label, text);
}

// "CUSTOMER", "AMOUNT"; of plain text the option's own name says more.
static void positional_label(const struct args_option *option, char out[static 64])
{
    const char *text =
        strcmp(option->placeholder, "TEXT") == 0 ? option->name : option->placeholder;
    (void)snprintf(out, 64, "%s", text);
    letters_upper(out);
}

static void usage_print(struct client *client, const struct command *command, const char *noun,
                        const char *verb)
{
    (void)printf("kontor %s %s", noun, verb);
    struct args_option option;
    for (size_t i = 0; args_option_at(command, i, client->arena, &option); i++) {
        if (option.positional) {
            char label[64];
            positional_label(&option, label);
            (void)printf(option.needed ? " %s%s" : " [%s%s]", label, option.repeated ? "…" : "");
        }
    }
    (void)printf(" [--%s]\n", _("option"));
}

// How the values of these options are typed, once for each kind.
static void values_print(struct client *client, const struct command *command)
{
    static const enum kind KINDS[] = {KIND_REFERENCE, KIND_DAY, KIND_MONEY};

    bool first = true;
    for (size_t k = 0; k < COUNT_OF(KINDS); k++) {
        struct args_option option;
        for (size_t i = 0; args_option_at(command, i, client->arena, &option); i++) {
            if (field_kind(option.field) == KINDS[k]) {
                (void)fputs(first ? "\n" : "", stdout);
                first = false;
                row_print(option.placeholder, explain_kind(KINDS[k]));
                break;
            }
        }
    }
}

// Numbers of documents have the year in them: "@Y" of an example is this one.
static const char *line_of_year(struct client *client, const char *line)
{
    int32_t offset = 0;
    const char *day = day_print(client->arena, client_today(client, &offset));
    const char *text = line;
    for (const char *at = strstr(text, "@Y"); at != NULL && day != NULL;) {
        text = arena_print(client->arena, "%.*s%.4s%s", (int)(at - text), text, day, at + 2);
        if (text == NULL) {
            return line;
        }
        at = strstr(text, "@Y");
    }
    return text;
}

static enum status command_print(struct client *client, const struct command *command,
                                 const char *noun, const char *verb)
{
    usage_print(client, command, noun, verb);
    (void)printf("\n%s%s\n", language_word(command->summary),
                 client->language == LANGUAGE_CHINESE ? "。" : ".");
    struct args_option option;
    for (size_t i = 0; args_option_at(command, i, client->arena, &option); i++) {
        if (i == 0) {
            (void)printf("\n%s\n", _("Options"));
        }
        option_print(client, &option);
    }
    values_print(client, command);
    bool first = true;
    for (size_t i = 0; i < cli_example_count(); i++) {
        const struct cli_example *example = cli_example_at(i);
        if (strcmp(example->command, command->name) != 0) {
            continue;
        }
        if (first) {
            (void)printf("\n%s\n", _("Examples"));
        }
        first = false;
        (void)printf("  %s\n      %s\n", line_of_year(client, example->line),
                     language_word(example->why));
    }
    if (command->permission >= PERMISSION_SYSTEM + 1) {
        (void)printf("\n%s  %s\n", _("Permission"), permission_text(command->permission));
    }
    if (command->mode == COMMAND_WRITE) {
        (void)printf("%s\n",
                     _("With --dry-run the server shows what it would do and writes nothing."));
    }
    return STATUS_OK;
}

enum status help_print(struct client *client, size_t count, const char *const *words)
{
    if (count == 0) {
        return program_print();
    }
    const struct tool *tool = tool_by_name(words[0]);
    if (tool != NULL) {
        (void)printf("kontor %s\n\n%s\n", tool->usage, language_word(tool->sentence));
        return STATUS_OK;
    }
    if (count == 1 && strcmp(words[0], "start") == 0) {
        return start_print();
    }
    const char *noun = help_noun(words[0]);
    if (noun == NULL) {
        return help_suggest(client, count, words);
    }
    if (count == 1) {
        return noun_print(noun);
    }
    for (size_t i = 0; i < COUNT_OF(PIECES); i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%s %s", noun, words[1]);
        if (strcmp(PIECES[i].words, name) == 0) {
            (void)printf("kontor %s\n\n%s\n", PIECES[i].usage, language_word(PIECES[i].sentence));
            return STATUS_OK;
        }
    }
    const struct command *command = command_by_words(noun, words[1]);
    return command == NULL ? help_suggest(client, count, words)
                           : command_print(client, command, noun, words[1]);
}

enum status tool_help(struct client *client, size_t count, const char *const *words)
{
    return help_print(client, count, words);
}

// Keeps the nearest word so far.
static void nearest_take(const char *typed, const char *word, size_t *best, const char **nearest)
{
    size_t distance = text_distance(typed, word);
    if (distance < *best) {
        *best = distance;
        *nearest = word;
    }
}

enum status help_suggest(struct client *client, size_t count, const char *const *words)
{
    assert(count > 0);
    const char *noun = help_noun(words[0]);
    const char *nearest = NULL;
    size_t best = SUGGESTION_MAX + 1;
    if (noun == NULL) {
        for (size_t i = 0; i < cli_noun_count(); i++) {
            // Typed in Chinese: nouns are English so that scripts travel, and here is which.
            if (strcmp(words[0], language_word(cli_noun_at(i)->word)) == 0) {
                nearest = cli_noun_at(i)->word;
                best = 0;
            }
            nearest_take(words[0], cli_noun_at(i)->word, &best, &nearest);
        }
        for (size_t i = 0; i < tool_count(); i++) {
            nearest_take(words[0], tool_at(i)->name, &best, &nearest);
        }
        client->fault = arena_print(client->arena, _("there is no command named \"%s\""), words[0]);
        if (best == 0) {
            client_hint(client, _("nouns are English; names, dates and amounts may be Chinese"));
        }
        client_hint(client, nearest == NULL
                                ? "kontor help"
                                : arena_print(client->arena, "kontor %s%s%s", nearest,
                                              count > 1 ? " " : "", count > 1 ? words[1] : ""));
        return STATUS_USAGE;
    }
    if (count == 1) {
        client->fault = arena_print(client->arena, _("what about %s? A verb is missing"), noun);
        client_hint(client, arena_print(client->arena, "kontor help %s", noun));
        return STATUS_USAGE;
    }
    for (size_t i = 0; i < command_count(); i++) {
        char verb[64];
        if (command_is_of(command_at(i), noun, verb)) {
            nearest_take(words[1], arena_copy(client->arena, verb, strlen(verb)), &best, &nearest);
        }
    }
    client->fault = arena_print(client->arena, _("%s has no verb \"%s\""), noun, words[1]);
    client_hint(client, nearest == NULL
                            ? arena_print(client->arena, "kontor help %s", noun)
                            : arena_print(client->arena, "kontor %s %s", noun, nearest));
    return STATUS_USAGE;
}
