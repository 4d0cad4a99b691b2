// SPDX-License-Identifier: Apache-2.0
#include "client/tui/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_WORDS_MAX 128
#define LINE_BYTES_MAX  2048
#define LEAST_COLUMNS   40

struct child {
    pid_t pid;
    int out;
    size_t size;
    char text[CHILD_BYTES_MAX + 1];
};

struct words {
    char bytes[LINE_BYTES_MAX];
    size_t size;
    char *word[CHILD_WORDS_MAX + 1];
    size_t count;
};

static bool word_add(struct words *words, const char *text, size_t size)
{
    if (words->count == CHILD_WORDS_MAX || words->size + size + 1 > sizeof words->bytes) {
        return false;
    }
    char *at = words->bytes + words->size;
    memcpy(at, text, size);
    at[size] = '\0';
    words->size += size + 1;
    words->word[words->count++] = at;
    words->word[words->count] = NULL;
    return true;
}

// Takes one word from the line; quotes hold it together.
static enum status word_take(struct words *words, const char **line)
{
    char word[LINE_BYTES_MAX];
    size_t size = 0;
    char quote = '\0';
    for (; **line != '\0' && (quote != '\0' || **line != ' '); (*line)++) {
        const char c = **line;
        if (quote == c) {
            quote = '\0';
        } else if (quote == '\0' && (c == '\'' || c == '"')) {
            quote = c;
        } else if (size < sizeof word) {
            word[size++] = c;
        }
    }
    return quote == '\0' && word_add(words, word, size) ? STATUS_OK : STATUS_USAGE;
}

static enum status words_of(const char *line, struct words *words)
{
    const size_t before = words->count;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        line += strspn(line, " ");
        if (*line == '\0') {
            break;
        }
        status = word_take(words, &line);
        // The line of a screen may be typed as it stands there.
        if (status == STATUS_OK && words->count == before + 1 &&
            strcmp(words->word[before], "kontor") == 0) {
            words->count--;
        }
    }
    return status == STATUS_OK && words->count == before ? STATUS_USAGE : status;
}

static bool options_add(struct words *words, const char *context, enum language language,
                        size_t columns)
{
    char width[32];
    (void)snprintf(width, sizeof width, "%zu", columns < LEAST_COLUMNS ? LEAST_COLUMNS : columns);
    const char *const list[] = {"kontor",
                                "--no-input",
                                "--no-pager",
                                "--color",
                                "never",
                                "--width",
                                width,
                                "--context",
                                context,
                                "--lang",
                                language == LANGUAGE_CHINESE ? "zh-CN" : "en"};
    bool fits = true;
    for (size_t i = 0; i < COUNT_OF(list); i++) {
        fits = fits && word_add(words, list[i], strlen(list[i]));
    }
    return fits;
}

static enum status spawn(struct child *child, struct words *words)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return STATUS_ENVIRONMENT;
    }
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    const int failure =
        posix_spawn(&child->pid, "/proc/self/exe", &actions, NULL, words->word, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    if (failure != 0) {
        (void)close(ends[0]);
        return STATUS_ENVIRONMENT;
    }
    child->out = ends[0];
    return STATUS_OK;
}

enum status child_start(const char *context, enum language language, size_t columns,
                        const char *line, struct child **out)
{
    struct words words = {.size = 0};
    if (!options_add(&words, context, language, columns)) {
        return STATUS_USAGE;
    }
    enum status status = words_of(line, &words);
    if (status != STATUS_OK) {
        return status;
    }
    struct child *child = calloc(1, sizeof *child);
    if (child == NULL) {
        return STATUS_ENVIRONMENT;
    }
    status = spawn(child, &words);
    if (status != STATUS_OK) {
        free(child);
        return status;
    }
    *out = child;
    return STATUS_OK;
}

void child_end(struct child *child)
{
    if (child == NULL) {
        return;
    }
    if (child->pid > 0) {
        int ended = 0;
        (void)kill(child->pid, SIGTERM);
        (void)waitpid(child->pid, &ended, 0);
    }
    (void)close(child->out);
    explicit_bzero(child, sizeof *child);
    free(child);
}

int child_descriptor(const struct child *child)
{
    return child->out;
}

bool child_turn(struct child *child, int *exit_code)
{
    for (;;) {
        char bytes[4096];
        const ssize_t count = read(child->out, bytes, sizeof bytes);
        if (count < 0) {
            return false; // nothing more now
        }
        if (count == 0) {
            break;
        }
        const size_t room = CHILD_BYTES_MAX - child->size;
        const size_t kept = (size_t)count < room ? (size_t)count : room;
        memcpy(child->text + child->size, bytes, kept);
        child->size += kept;
    }
    int ended = 0;
    if (waitpid(child->pid, &ended, 0) == child->pid) {
        *exit_code = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128;
    }
    child->pid = 0;
    return true;
}

const char *child_text(const struct child *child)
{
    return child->text;
}
