// SPDX-License-Identifier: Apache-2.0
#include "client/terminal.h"

#include "client/grid.h"
#include "shared/words.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define NO_COMMAND 127 // what the shell says of a pager that is not there

// Order of experience.md a.1: flag, NO_COLOR, CLICOLOR_FORCE, terminal. An empty variable counts as
// unset.
static bool colour_is_wanted(const struct options *options, bool out_is_tty)
{
    if (options->color != NULL && strcmp(options->color, "always") == 0) {
        return true;
    }
    if (options->color != NULL && strcmp(options->color, "never") == 0) {
        return false;
    }
    const char *none = getenv("NO_COLOR");
    if (none != NULL && none[0] != '\0') {
        return false;
    }
    const char *force = getenv("CLICOLOR_FORCE");
    if (force != NULL && force[0] != '\0' && strcmp(force, "0") != 0) {
        return true;
    }
    const char *term = getenv("TERM");
    return out_is_tty && term != NULL && strcmp(term, "dumb") != 0;
}

struct terminal terminal_of(const struct options *options)
{
    struct terminal terminal = {0};
    terminal.out_is_tty = isatty(STDOUT_FILENO) == 1;
    terminal.err_is_tty = isatty(STDERR_FILENO) == 1;
    const char *no_input = getenv("KONTOR_NO_INPUT");
    bool forbidden = options->no_input || (no_input != NULL && no_input[0] != '\0');
    terminal.may_ask = !forbidden && isatty(STDIN_FILENO) == 1 && terminal.err_is_tty;
    terminal.colour = colour_is_wanted(options, terminal.out_is_tty);
    struct winsize size = {0};
    if (terminal.out_is_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        terminal.width = size.ws_col;
        terminal.height = size.ws_row;
    }
    if (options->width_cells != 0) {
        terminal.width = options->width_cells;
    }
    terminal.pager = terminal.out_is_tty && !options->no_pager;
    if (options->markdown) {
        terminal.width = GRID_MARKDOWN;
        terminal.colour = false;
    }
    return terminal;
}

enum status terminal_confirm(const struct terminal *terminal, const char *question)
{
    assert(terminal != NULL && question != NULL);
    if (!terminal->may_ask) {
        return STATUS_NEEDS_CONFIRMATION;
    }
    (void)fprintf(stderr, "%s [y/N] ", question);
    (void)fflush(stderr);
    char line[64];
    if (fgets(line, sizeof(line), stdin) == NULL) {
        (void)fputc('\n', stderr);
        return STATUS_CANCELLED;
    }
    line[strcspn(line, "\r\n")] = '\0';
    bool yes =
        strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0 || strcmp(line, "是") == 0;
    return yes ? STATUS_OK : STATUS_CANCELLED;
}

// One line from a descriptor, byte by byte: what follows it in the stream belongs to somebody else.
static enum status line_read(int fd, char *out, size_t size)
{
    size_t used = 0;
    for (;;) {
        char c = 0;
        ssize_t got = read(fd, &c, 1);
        if (got <= 0 || c == '\n') {
            break;
        }
        if (used + 1 >= size) {
            explicit_bzero(out, size);
            return STATUS_FIELD_TOO_LONG;
        }
        out[used++] = c;
    }
    if (used > 0 && out[used - 1] == '\r') {
        used--;
    }
    out[used] = '\0';
    return used == 0 ? STATUS_FIELD_MISSING : STATUS_OK;
}

enum status terminal_secret(const struct terminal *terminal, bool from_stdin, const char *prompt,
                            char *out, size_t size)
{
    assert(terminal != NULL && size > 1);
    if (from_stdin) {
        return line_read(STDIN_FILENO, out, size);
    }
    if (!terminal->may_ask) {
        return STATUS_NEEDS_CONFIRMATION;
    }
    struct termios shown;
    if (tcgetattr(STDIN_FILENO, &shown) != 0) {
        return STATUS_FILE_ERROR;
    }
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)fprintf(stderr, "%s ", prompt);
    (void)fflush(stderr);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    enum status status = line_read(STDIN_FILENO, out, size);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    (void)fputc('\n', stderr);
    return status;
}

static bool is_taller(const char *text, size_t height)
{
    size_t lines = 0;
    for (const char *c = text; *c != '\0'; c++) {
        lines += *c == '\n' ? 1u : 0u;
    }
    return height > 0 && lines + 1 > height;
}

// Starts the pager with our pipe as its input. The descriptor to write to, or -1.
static int pager_start(pid_t *pid)
{
    const char *pager = getenv("KONTOR_PAGER");
    if (pager == NULL || pager[0] == '\0') {
        pager = getenv("PAGER");
    }
    if (pager == NULL || pager[0] == '\0') {
        pager = "less -FRX";
    }
    (void)setenv("LESS", "FRX", 0); // colours, and no pager for what fits
    int ends[2];
    if (strcmp(pager, "cat") == 0 || pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    char shell[] = "/bin/sh";
    char flag[] = "-c";
    char *command = strdup(pager);
    char *words[] = {shell, flag, command, NULL};
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    int failed = command == NULL ? -1 : posix_spawn(pid, shell, &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    free(command);
    (void)close(ends[0]);
    if (failed != 0) {
        (void)close(ends[1]);
        return -1;
    }
    return ends[1];
}

enum status terminal_page(const struct terminal *terminal, const char *text)
{
    assert(terminal != NULL && text != NULL);
    pid_t pid = 0;
    int fd = -1;
    if (terminal->pager && is_taller(text, terminal->height)) {
        fd = pager_start(&pid);
    }
    if (fd < 0) {
        (void)fputs(text, stdout);
        return fflush(stdout) == 0 ? STATUS_OK : STATUS_FILE_ERROR;
    }
    // A pager that is left early closes the pipe; that is no error.
    (void)signal(SIGPIPE, SIG_IGN);
    size_t size = strlen(text);
    for (size_t done = 0; done < size;) {
        ssize_t wrote = write(fd, text + done, size - done);
        if (wrote <= 0) {
            break;
        }
        done += (size_t)wrote;
    }
    (void)close(fd);
    int ended = 0;
    if (waitpid(pid, &ended, 0) == pid && WIFEXITED(ended) && WEXITSTATUS(ended) == NO_COMMAND) {
        (void)fputs(text, stdout);
        return fflush(stdout) == 0 ? STATUS_OK : STATUS_FILE_ERROR;
    }
    return STATUS_OK;
}
