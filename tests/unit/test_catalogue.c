// SPDX-License-Identifier: Apache-2.0
#include "client/cli.h"
#include "client/language.h"
#include "client/options.h"
#include "shared/args.h"
#include "shared/fields.h"
#include "shared/words.h"
#include "tests/unit/unit.h"

#include <locale.h>

// The build collects sentences from the sources. The words of fields, choices and roles stand in no
// source: this suite takes them from the descriptors and asks the catalogue that the build made.

static int chinese_up(void **state)
{
    (void)state;
    enum language language = LANGUAGE_ENGLISH;
    if (language_start("zh-CN", &language) != STATUS_OK || language != LANGUAGE_CHINESE) {
        return -1;
    }
    (void)bindtextdomain(WORDS_DOMAIN, KONTOR_BUILD_DIR "/client/locale");
    return 0;
}

static size_t missing(const char *word)
{
    // A word that is the same in both languages is in the catalogue all the same; gettext then
    // gives another pointer.
    if (dgettext(WORDS_DOMAIN, word) != word) {
        return 0;
    }
    print_error("no Chinese for \"%s\"\n", word);
    return 1;
}

// A command may be born in English and without an example; once its summary is in the catalogue it
// owes all the rest. `test_catalogue complete` allows no such command.
static bool is_english_only(const struct command *command)
{
    return dgettext(WORDS_DOMAIN, command->summary) == command->summary;
}

static size_t message_missing(const ProtobufCMessageDescriptor *message, unsigned depth)
{
    size_t count = 0;
    for (unsigned i = 0; i < message->n_fields; i++) {
        struct field field = field_of(message, i);
        char key[64];
        if (field.admission) {
            continue;
        }
        field_key(field.descriptor, key);
        count += missing(key);
        if (field.descriptor->type == PROTOBUF_C_TYPE_MESSAGE && depth > 0) {
            count += message_missing(field.descriptor->descriptor, depth - 1);
        }
        if (field.descriptor->type == PROTOBUF_C_TYPE_ENUM) {
            const ProtobufCEnumDescriptor *choice = field.descriptor->descriptor;
            for (unsigned v = 0; v < choice->n_values; v++) {
                char word[64];
                if (choice->values[v].value != 0) {
                    count += missing(field_choice_word(choice, choice->values[v].value, word));
                }
            }
        }
    }
    return count;
}

static void every_field_and_choice_has_a_chinese_word(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        if (command->permission == PERMISSION_SYSTEM || is_english_only(command)) {
            continue;
        }
        count += message_missing(command->request, 3);
        count += message_missing(command->reply, 3);
    }
    assert_int_equal(count, 0);
}

static void every_table_sentence_has_a_chinese_one(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        bool owes = command->audit[0] != '\0' && !is_english_only(command);
        count += owes ? missing(command->audit) : 0;
    }
    for (size_t i = 0; i < cli_example_count(); i++) {
        count += missing(cli_example_at(i)->why);
    }
    for (uint32_t number = 0; number < 256; number++) {
        count += status_is_known(number) ? missing(status_sentence((enum status)number)) : 0;
    }
    assert_int_equal(count, 0);
}

static void every_role_has_a_chinese_word(void **state)
{
    (void)state;
    for (int role = ROLE_NONE + 1; role < ROLE_LIMIT; role++) {
        const char *word = role_word((enum role)role);
        assert_string_not_equal(language_role(word), word);
    }
}

static void every_typed_command_has_an_example(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        bool found = !command->typed || is_english_only(command);
        for (size_t e = 0; e < cli_example_count() && !found; e++) {
            found = strcmp(cli_example_at(e)->command, command->name) == 0;
        }
        if (!found) {
            print_error("no example for %s in client/cli.def\n", command->name);
            count++;
        }
    }
    for (size_t e = 0; e < cli_example_count(); e++) {
        assert_non_null(command_by_name(cli_example_at(e)->command));
    }
    assert_int_equal(count, 0);
}

static void no_command_speaks_english_only(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < command_count(); i++) {
        count += missing(command_at(i)->summary);
    }
    assert_int_equal(count, 0);
}

// A global option is taken out before a command sees its words. The tools of sessions read their
// own words, and `logout --all` asks for the global.
static void no_option_of_a_command_is_hidden_by_a_global(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)1024 * 1024);
    size_t hidden = 0;
    for (size_t i = 0; i < command_count(); i++) {
        struct args_option option;
        if (strncmp(command_at(i)->name, "session_", strlen("session_")) == 0) {
            continue;
        }
        for (size_t o = 0; args_option_at(command_at(i), o, arena, &option); o++) {
            for (size_t g = 0; g < options_count(); g++) {
                const struct option_row *global = options_at(g);
                if (!global->field && strcmp(global->name, option.name) == 0) {
                    print_error("--%s of %s\n", option.name, command_at(i)->name);
                    hidden++;
                }
            }
        }
        arena_reset(arena);
    }
    assert_int_equal(hidden, 0);
}

static void the_language_is_chosen_without_generated_locales(void **state)
{
    (void)state;
    enum language language = LANGUAGE_CHINESE;
    assert_int_equal(language_start("en", &language), STATUS_OK);
    assert_int_equal(language, LANGUAGE_ENGLISH);
    assert_string_equal(_("cancelled"), "cancelled");
    assert_int_equal(language_start("zh_CN.UTF-8", &language), STATUS_OK);
    (void)bindtextdomain(WORDS_DOMAIN, KONTOR_BUILD_DIR "/client/locale");
    assert_string_equal(_("cancelled"), "已取消");
    assert_int_equal(language_start("klingon", &language), STATUS_FIELD_NOT_CHOICE);
    assert_string_equal(_("cancelled"), "cancelled");
}

int main(int count, char *words[])
{
    const struct CMUnitTest complete[] = {
        cmocka_unit_test_setup(no_command_speaks_english_only, chinese_up),
    };
    if (count > 1 && strcmp(words[1], "complete") == 0) {
        return cmocka_run_group_tests(complete, NULL, NULL);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_field_and_choice_has_a_chinese_word, chinese_up),
        cmocka_unit_test_setup(every_table_sentence_has_a_chinese_one, chinese_up),
        cmocka_unit_test_setup(every_role_has_a_chinese_word, chinese_up),
        cmocka_unit_test(no_option_of_a_command_is_hidden_by_a_global),
        cmocka_unit_test_setup(every_typed_command_has_an_example, chinese_up),
        cmocka_unit_test(the_language_is_chosen_without_generated_locales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
