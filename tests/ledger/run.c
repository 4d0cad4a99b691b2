// SPDX-License-Identifier: Apache-2.0
// The scenario runner (tests/README.md). A line is the words of the command line, then what must
// come of them:
//
//   at 2026-11-21                                   the book's day
//   after 6m                                        time goes on, nobody logs in again
//   as clerk | as device clerk | as invited | …     who acts
//   book CNY cn-small                               a new book, with its people
//   payment add C-0001 500.00 => OK number=PAY-2026-0001 on_account=0.00
//   payment add C-0001 500.00 => E-ARCHIVED problem[0].field=customer
//   import begin @kind=invoices => OK $imp=id       what people cannot type is set by path, and
//                                                   what a reply says is kept
//   dry payment add …                               the preview of a write
//   twice payment add …                             the same request id again: the same answer
//   whole                                           every table of the state has a row by now
//   restore                                         the book goes on from a backup of itself
//
// Behind OK stand paths into the reply, behind a refusal paths into the envelope. Every command
// that writes must be accepted by one line and refused by another, or the runner fails and names
// it.
#include "shared/args.h"
#include "shared/day.h"
#include "shared/wire.h"
#include "tests/ledger/path.h"
#include "tests/ledger/restored.h"
#include "tests/ledger/scene.h"
#include "tests/sim/invariants.h"

#define WORDS_MAX     64
#define VARIABLES_MAX 32
#define LINE_BYTES    4096
#define COMMANDS_MAX  1024
#define FIRST_DAY     20454 // 2026-01-01

struct variable {
    char name[32];
    char value[80];
};

struct runner {
    struct scene scene;
    bool is_open;
    struct variable variable[VARIABLES_MAX];
    size_t variable_count;
    bool accepted[COMMANDS_MAX];
    bool refused[COMMANDS_MAX];
    const char *file;
    size_t line;
    size_t checks;
    size_t failures;
    uint8_t key; // of the last request that was sent twice
};

struct words {
    const char *word[WORDS_MAX];
    size_t count;
};

static void fail(struct runner *runner, const char *what, const char *detail)
{
    (void)fprintf(stderr, "%s:%zu: %s %s\n", runner->file, runner->line, what, detail);
    runner->failures++;
}

// Splits at blanks; double quotes hold blanks together and go away. A '#' that begins a word ends
// the line.
static bool split(char *line, struct words *out)
{
    *out = (struct words){0};
    char *at = line;
    for (;;) {
        at += strspn(at, " \t\n");
        if (*at == '\0' || (*at == '#' && strchr(" \n", at[1]) != NULL)) {
            return true;
        }
        if (out->count == WORDS_MAX) {
            return false;
        }
        out->word[out->count] = at;
        out->count++;
        char *to = at;
        bool quoted = false;
        while (*at != '\0' && (quoted || strchr(" \t\n", *at) == NULL)) {
            if (*at == '"') {
                quoted = !quoted;
            } else {
                *to = *at;
                to++;
            }
            at++;
        }
        const bool last = *at == '\0';
        *to = '\0';
        at += last ? 0 : 1;
        if (quoted) {
            return false;
        }
    }
}

static const char *variable_value(const struct runner *runner, const char *name)
{
    for (size_t i = runner->variable_count; i > 0; i--) {
        if (strcmp(runner->variable[i - 1].name, name) == 0) {
            return runner->variable[i - 1].value;
        }
    }
    return NULL;
}

static void keep_variable(struct runner *runner, const char *name, const char *value)
{
    if (runner->variable_count == VARIABLES_MAX) {
        fail(runner, "too many variables:", name);
        return;
    }
    struct variable *variable = &runner->variable[runner->variable_count];
    (void)snprintf(variable->name, sizeof variable->name, "%s", name);
    (void)snprintf(variable->value, sizeof variable->value, "%s", value);
    runner->variable_count++;
}

// "$imp", "@import_id=$imp" or "@pair=\"line_id=$line customer_id=$who\"" with the values in their
// places.
static const char *expand(struct runner *runner, const char *word)
{
    const char *from = word;
    for (const char *dollar = strchr(from, '$'); dollar != NULL; dollar = strchr(from, '$')) {
        if (dollar != word && dollar[-1] != '=' && dollar[-1] != '#') {
            return word;
        }
        const size_t size = strcspn(dollar + 1, " ");
        const char *name = arena_copy(runner->scene.arena, dollar + 1, size);
        const char *value = variable_value(runner, name);
        if (value == NULL) {
            fail(runner, "no variable", word);
            return word;
        }
        const size_t done = (size_t)(dollar - word) + strlen(value);
        word = arena_print(runner->scene.arena, "%.*s%s%s", (int)(dollar - word), word, value,
                           dollar + 1 + size);
        from = word + done;
    }
    return word;
}

static enum status resolve(void *context, FindNoun noun, const char *text, uint64_t *id)
{
    struct runner *runner = context;
    Find *find = (Find *)(void *)wire_make(runner->scene.arena, &find__descriptor);
    if (find == NULL) {
        return STATUS_TOO_LARGE;
    }
    find->noun = noun;
    find->text = arena_copy(runner->scene.arena, text, strlen(text));
    Reply *reply;
    scene_run(&runner->scene, command_by_name("find"), &find->base, false, &reply);
    if (reply->status != STATUS_OK) {
        return (enum status)reply->status;
    }
    if (reply->find->n_row == 0) {
        return STATUS_NOT_FOUND;
    }
    if (reply->find->n_row > 1) {
        return STATUS_AMBIGUOUS;
    }
    *id = reply->find->row[0]->id;
    return STATUS_OK;
}

static struct path_context paths(const struct runner *runner)
{
    return (struct path_context){.arena = runner->scene.arena,
                                 .decimals = runner->scene.decimals,
                                 .today = runner->scene.today};
}

// Words that begin with '@' are set by path, all others are read like the command line. With one by
// path the stateless checks are left out: it speaks for admission.
static enum status make_request(struct runner *runner, const struct command *command,
                                const struct words *words, ProtobufCMessage *request,
                                struct problems *problems)
{
    const char *typed[WORDS_MAX];
    size_t typed_count = 0;
    bool by_path = false;
    struct path_context context = paths(runner);
    for (size_t i = 0; i < words->count; i++) {
        const char *word = expand(runner, words->word[i]);
        if (word[0] != '@') {
            typed[typed_count] = word;
            typed_count++;
            continue;
        }
        by_path = true;
        char *path = arena_copy(runner->scene.arena, word + 1, strlen(word + 1));
        char *value = path != NULL ? strchr(path, '=') : NULL;
        if (value == NULL) {
            fail(runner, "not a field:", word);
            return STATUS_USAGE;
        }
        *value = '\0';
        if (!path_write(&context, request, path, value + 1)) {
            fail(runner, "cannot set", word);
            return STATUS_USAGE;
        }
    }
    const struct args_context args = {.today = runner->scene.today,
                                      .decimals = runner->scene.decimals,
                                      .currency = runner->scene.currency,
                                      .find = resolve,
                                      .find_context = runner};
    if (by_path && typed_count == 0) {
        return STATUS_OK;
    }
    enum status status = args_parse(command, &args, (int)typed_count, typed, request, problems);
    return status == STATUS_OK && !by_path ? rules_check(command, request, problems) : status;
}

static Reply *reply_of(struct runner *runner, enum status status, const struct problems *problems)
{
    Reply *reply = (Reply *)(void *)wire_make(runner->scene.arena, &reply__descriptor);
    assert(reply != NULL);
    reply->status = status;
    reply->n_problem = problems->count;
    reply->problem =
        arena_copy(runner->scene.arena, problems->list, problems->count * sizeof(Problem *));
    return reply;
}

static Reply *run_command(struct runner *runner, const struct command *command,
                          const struct words *words, const struct scene_envelope *around)
{
    struct problems problems;
    problems_init(&problems, runner->scene.arena);
    ProtobufCMessage *request = wire_make(runner->scene.arena, command->request);
    assert(request != NULL);
    const enum status status = make_request(runner, command, words, request, &problems);
    if (status != STATUS_OK) {
        return reply_of(runner, status, &problems);
    }
    Reply *reply;
    scene_send(&runner->scene, command, request, around, &reply);
    return reply;
}

static void print_problems(const Reply *reply)
{
    if (reply->detail[0] != '\0') {
        (void)fprintf(stderr, "    %s\n", reply->detail);
    }
    for (size_t i = 0; i < reply->n_problem; i++) {
        const Problem *problem = reply->problem[i];
        (void)fprintf(stderr, "    %s %s asked=%s allowed=%s\n",
                      status_code((enum status)problem->code), problem->field, problem->asked,
                      problem->allowed);
    }
}

// "path=value" is demanded, "$name=path" is kept.
static void check_field(struct runner *runner, const ProtobufCMessage *message, const char *word)
{
    char copy[LINE_BYTES];
    (void)snprintf(copy, sizeof copy, "%s", word);
    char *value = strchr(copy, '=');
    if (value == NULL || message == NULL) {
        fail(runner, "not a check:", word);
        return;
    }
    *value = '\0';
    value++;
    struct path_context context = paths(runner);
    const char *found = NULL;
    const bool keeps = copy[0] == '$';
    if (!path_read(&context, message, keeps ? value : copy, &found)) {
        fail(runner, "no such field:", word);
        return;
    }
    if (keeps) {
        keep_variable(runner, copy + 1, found);
        return;
    }
    runner->checks++;
    const char *wanted = expand(runner, value);
    if (strcmp(found, wanted) != 0) {
        const char *detail =
            arena_print(runner->scene.arena, "%s is \"%s\", not \"%s\"", copy, found, wanted);
        fail(runner, "reply:", detail != NULL ? detail : word);
    }
}

static void check(struct runner *runner, const struct command *command, const Reply *reply,
                  const struct words *expected)
{
    const enum status status = (enum status)reply->status;
    const char *wanted = expected->count > 0 ? expected->word[0] : "OK";
    runner->checks++;
    if (strcmp(wanted, status_code(status)) != 0) {
        char detail[LINE_BYTES];
        (void)snprintf(detail, sizeof detail, "%s, not %s", status_code(status), wanted);
        fail(runner, "answered", detail);
        print_problems(reply);
        return;
    }
    const ProtobufCMessage *message =
        status == STATUS_OK ? wire_inner(&reply->base, command->number) : &reply->base;
    for (size_t i = 1; i < expected->count; i++) {
        check_field(runner, message, expected->word[i]);
    }
}

static void count_command(struct runner *runner, const struct command *command, const Reply *reply)
{
    assert(command->number < COMMANDS_MAX);
    // What always needs a second person is accepted when it waits for one.
    const bool waits =
        reply->status == STATUS_APPROVAL_PENDING && control_is_fixed(command->control);
    bool *list = reply->status == STATUS_OK || waits ? runner->accepted : runner->refused;
    list[command->number] = true;
}

// ---- lines that set the scene ----

static void close_scene(struct runner *runner)
{
    if (!runner->is_open) {
        return;
    }
    const char *broken = invariants_check(runner->scene.store, runner->scene.arena);
    if (broken != NULL) {
        fail(runner, "invariant:", broken);
    }
    const char *finding = scene_replay(&runner->scene);
    if (finding != NULL) {
        fail(runner, "replay:", finding);
    }
    scene_close(&runner->scene);
    runner->is_open = false;
}

static void set_book(struct runner *runner, const struct words *words, const struct words *expected)
{
    if (words->count != 3) {
        fail(runner, "book CURRENCY CHART", "");
        return;
    }
    const struct command *command = command_by_name("book_open");
    if (runner->is_open && expected->count > 0) {
        Reply *reply;
        scene_open_again(&runner->scene, words->word[2], &reply);
        check(runner, command, reply, expected);
        count_command(runner, command, reply);
        return;
    }
    close_scene(runner);
    scene_open(&runner->scene, words->word[1], words->word[2], FIRST_DAY);
    runner->is_open = true;
    runner->accepted[command->number] = true;
    runner->accepted[command_by_name("session_join")->number] = true;
    runner->variable_count = 0;
    for (size_t i = 0; i < SCENE_PEOPLE; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)runner->scene.user_id[i]);
        keep_variable(runner, scene_person(i), id);
    }
}

static void set_day(struct runner *runner, const struct words *words)
{
    const char *hint;
    int32_t day = 0;
    if (words->count != 2 || day_parse(runner->scene.arena, words->word[1], runner->scene.today,
                                       DAY_PAST, &day, &hint) != STATUS_OK) {
        fail(runner, "at DAY", "");
        return;
    }
    scene_set_day(&runner->scene, day);
}

static void wait_minutes(struct runner *runner, const struct words *words)
{
    char *end = NULL;
    const unsigned long minutes = words->count == 2 ? strtoul(words->word[1], &end, 10) : 0;
    if (minutes == 0 || minutes > 1000 || strcmp(end, "m") != 0) {
        fail(runner, "after MINUTESm", "");
        return;
    }
    scene_wait(&runner->scene, (int64_t)minutes);
}

static void set_actor(struct runner *runner, const struct words *words)
{
    const bool device = words->count == 3 && strcmp(words->word[1], "device") == 0;
    if (words->count < 2 || !scene_act_as(&runner->scene, words->word[words->count - 1], device)) {
        fail(runner, "as SOMEBODY", "");
    }
}

static const struct command *command_of(struct runner *runner, const struct words *words)
{
    if (words->count < 2) {
        return NULL;
    }
    const struct command *command = command_by_words(words->word[0], words->word[1]);
    if (command == NULL) {
        const char *name =
            arena_print(runner->scene.arena, "%s_%s", words->word[0], words->word[1]);
        command = name != NULL ? command_by_name(name) : NULL;
    }
    return command;
}

// The same request id once more: nothing is done, and the answer says that it is an old one.
static void run_again(struct runner *runner, const struct command *command,
                      const struct words *words, const struct scene_envelope *around)
{
    const Reply *reply = run_command(runner, command, words, around);
    runner->checks++;
    if (!reply->replayed || reply->status != STATUS_OK) {
        fail(runner, "not the answer of before:", status_code((enum status)reply->status));
    }
}

static void act(struct runner *runner, struct words words, const struct words *expected)
{
    const bool dry_run = strcmp(words.word[0], "dry") == 0;
    const bool twice = strcmp(words.word[0], "twice") == 0;
    const size_t skipped = dry_run || twice ? 1 : 0;
    struct words named = {.count = words.count - skipped};
    memcpy(named.word, words.word + skipped, named.count * sizeof(char *));
    const struct command *command = command_of(runner, &named);
    if (command == NULL) {
        fail(runner, "no such command:", words.word[0]);
        return;
    }
    runner->key = (uint8_t)(runner->key + twice);
    const struct scene_envelope around = {.dry_run = dry_run, .key = twice ? runner->key : 0};
    struct words rest = {.count = named.count - 2};
    memcpy(rest.word, named.word + 2, rest.count * sizeof(char *));
    const Reply *reply = run_command(runner, command, &rest, &around);
    check(runner, command, reply, expected);
    if (!dry_run) {
        count_command(runner, command, reply);
    }
    if (twice) {
        run_again(runner, command, &rest, &around);
    }
}

static void demand_whole(struct runner *runner)
{
    const char *table = restored_empty_table(&runner->scene);
    runner->checks++;
    if (table != NULL) {
        fail(runner, "nothing is in table", table);
    }
}

static void restore(struct runner *runner)
{
    const char *difference = restored_book(&runner->scene);
    runner->checks++;
    if (difference != NULL) {
        fail(runner, "restored:", difference);
    }
}

static void take_line(struct runner *runner, char *line)
{
    struct words all;
    if (!split(line, &all)) {
        fail(runner, "too many words or an open quote", "");
        return;
    }
    struct words words = {0};
    struct words expected = {0};
    struct words *into = &words;
    for (size_t i = 0; i < all.count; i++) {
        if (strcmp(all.word[i], "=>") == 0) {
            into = &expected;
            continue;
        }
        into->word[into->count] = all.word[i];
        into->count++;
    }
    if (words.count == 0) {
        return;
    }
    if (strcmp(words.word[0], "book") == 0) {
        set_book(runner, &words, &expected);
    } else if (!runner->is_open) {
        fail(runner, "a scenario begins with its book", "");
    } else if (strcmp(words.word[0], "at") == 0) {
        set_day(runner, &words);
    } else if (strcmp(words.word[0], "after") == 0) {
        wait_minutes(runner, &words);
    } else if (strcmp(words.word[0], "as") == 0) {
        set_actor(runner, &words);
    } else if (strcmp(words.word[0], "whole") == 0) {
        demand_whole(runner);
    } else if (strcmp(words.word[0], "restore") == 0) {
        restore(runner);
    } else {
        act(runner, words, &expected);
    }
    if (runner->is_open) {
        arena_reset(runner->scene.arena);
    }
}

static void take_file(struct runner *runner, const char *path)
{
    FILE *file = fopen(path, "r");
    const char *slash = strrchr(path, '/');
    runner->file = slash != NULL ? slash + 1 : path;
    runner->line = 0;
    if (file == NULL) {
        fail(runner, "cannot be read", "");
        return;
    }
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, file) != NULL) {
        runner->line++;
        take_line(runner, line);
    }
    (void)fclose(file);
    close_scene(runner);
}

// Every command that writes has been accepted and has been refused.
static void check_coverage(struct runner *runner)
{
    runner->file = "commands.def";
    runner->line = 0;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        if (command->mode != COMMAND_WRITE) {
            continue;
        }
        if (!runner->accepted[command->number]) {
            fail(runner, "no scenario accepts", command->name);
        }
        if (!runner->refused[command->number]) {
            fail(runner, "no scenario refuses", command->name);
        }
    }
}

// run [--part] FILE…: with --part the tables need not be covered.
int main(int count, char **words)
{
    static struct runner runner;
    const bool part = count > 1 && strcmp(words[1], "--part") == 0;
    for (int i = part ? 2 : 1; i < count; i++) {
        take_file(&runner, words[i]);
    }
    if (!part) {
        check_coverage(&runner);
    }
    (void)printf("%zu checks, %zu failures\n", runner.checks, runner.failures);
    return runner.failures == 0 && runner.checks > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
