// SPDX-License-Identifier: Apache-2.0

// Plays a person at a terminal: starts a full-screen program on a pseudo-terminal and does what the
// lines of the script (stdin) say. Ends with 1 at the first line that does not hold, and shows the
// screen as it is then; with 77 where there are no pseudo-terminals.
//
//   size 80x24            of the terminal; before start, or to resize it
//   start COMMAND         by the shell
//   wait TEXT             until the screen shows the text
//   within MS TEXT        the same, not later than so long after the start
//   repaint MS KEY        the screen answers the key within so long, the better half of 20 times
//   gone TEXT             until the screen does not show the text
//   type TEXT             as fast as people do
//   burst TEXT            all at once
//   paste TEXT            as a terminal pastes, between its brackets
//   key NAME…             Enter Esc Tab Up Down Left Right PgUp PgDn Backspace Ctrl-X …
//   caret TEXT            the cursor stands behind this text (and blanks), and not in the last row
//   copied BASE64         what was put into the clipboard
//   shot FILE             the screen as text into the file, when it has been still for a moment
//   do COMMAND            runs something else meanwhile
//   ends CODE             the program has ended with this code

#include "tests/terminal/vt.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS_MAX      15000
#define STILL_MS         150
#define TYPE_MS          12
#define LINE_BYTES_MAX   4096
#define REPAINTS         20
#define REPAINT_PAUSE_MS 20
#define SKIPPED          77
#define ARENA_BYTES      ((size_t)8 * 1024 * 1024)

struct play {
    struct vt *vt;
    struct arena *arena;
    size_t rows;
    size_t columns;
    int terminal;
    pid_t child;
    bool has_ended;
    int code;
    int64_t started_ms;
};

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Takes what the program writes for so long at most; false when nothing came.
static bool hear(struct play *play, int wait_ms)
{
    char bytes[8192];
    struct pollfd on = {.fd = play->terminal, .events = POLLIN};
    if (play->terminal < 0 || poll(&on, 1, wait_ms) <= 0) {
        return false;
    }
    const ssize_t count = read(play->terminal, bytes, sizeof bytes);
    if (count <= 0) {
        play->has_ended = true;
        return false;
    }
    vt_write(play->vt, bytes, (size_t)count);
    return true;
}

static char *screen(struct play *play)
{
    arena_reset(play->arena);
    char *text = vt_text(play->vt, play->arena);
    assert(text != NULL);
    return text;
}

static bool await_text(struct play *play, const char *text, bool wanted, int64_t end_ms)
{
    for (;;) {
        if ((strstr(screen(play), text) != NULL) == wanted) {
            return true;
        }
        const int64_t left_ms = end_ms - now_ms();
        if (left_ms <= 0) {
            return false;
        }
        if (!hear(play, (int)left_ms) && play->has_ended) {
            return (strstr(screen(play), text) != NULL) == wanted;
        }
    }
}

static void be_still(struct play *play)
{
    while (hear(play, STILL_MS)) {
    }
}

static bool say(struct play *play, const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t count = write(play->terminal, bytes, size);
        if (count <= 0) {
            return false;
        }
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

static bool type(struct play *play, const char *text)
{
    while (text[0] != '\0') {
        size_t size = 1;
        while (((uint8_t)text[size] & 0xc0) == 0x80) {
            size++;
        }
        if (!say(play, text, size)) {
            return false;
        }
        text += size;
        const int64_t next_ms = now_ms() + TYPE_MS;
        while (now_ms() < next_ms) {
            (void)hear(play, (int)(next_ms - now_ms()));
        }
    }
    return true;
}

static const char *key_bytes(const char *name)
{
    static const struct {
        const char *name;
        const char *bytes;
    } KEYS[] = {
        {"Enter", "\r"},     {"Esc", "\033"},       {"Tab", "\t"},      {"Up", "\033OA"},
        {"Down", "\033OB"},  {"Right", "\033OC"},   {"Left", "\033OD"}, {"PgUp", "\033[5~"},
        {"PgDn", "\033[6~"}, {"Backspace", "\177"}, {"Space", " "},     {"Del", "\033[3~"},
        {"Ctrl-C", "\003"},  {"Ctrl-S", "\023"},    {"Home", "\033OH"}, {"End", "\033OF"},
    };

    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        if (strcmp(KEYS[i].name, name) == 0) {
            return KEYS[i].bytes;
        }
    }
    return NULL;
}

static bool keys(struct play *play, char *names)
{
    char *rest = NULL;
    for (char *name = strtok_r(names, " ", &rest); name != NULL;
         name = strtok_r(NULL, " ", &rest)) {
        const char *bytes = key_bytes(name);
        if (bytes == NULL || !say(play, bytes, strlen(bytes))) {
            return false;
        }
        // A lone Esc is one only after a moment; other keys wait as a person would.
        const int64_t next_ms = now_ms() + (strcmp(name, "Esc") == 0 ? 60 : TYPE_MS);
        while (now_ms() < next_ms) {
            (void)hear(play, (int)(next_ms - now_ms()));
        }
    }
    return true;
}

static bool resize(struct play *play, const char *size)
{
    unsigned columns = 0;
    unsigned rows = 0;
    if (sscanf(size, "%ux%u", &columns, &rows) != 2) {
        return false;
    }
    play->rows = rows;
    play->columns = columns;
    vt_resize(play->vt, rows, columns);
    if (play->terminal < 0) {
        return true;
    }
    const struct winsize window = {.ws_row = (unsigned short)rows,
                                   .ws_col = (unsigned short)columns};
    return ioctl(play->terminal, TIOCSWINSZ, &window) == 0;
}

static bool start(struct play *play, const char *command)
{
    const struct winsize window = {.ws_row = (unsigned short)play->rows,
                                   .ws_col = (unsigned short)play->columns};
    play->started_ms = now_ms();
    play->child = forkpty(&play->terminal, NULL, NULL, &window);
    if (play->child == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return play->child > 0;
}

static bool ends(struct play *play, const char *code)
{
    const int64_t end_ms = now_ms() + WAIT_MS_MAX;
    while (!play->has_ended && now_ms() < end_ms) {
        (void)hear(play, (int)(end_ms - now_ms()));
    }
    int status = 0;
    if (!play->has_ended || waitpid(play->child, &status, 0) != play->child) {
        return false;
    }
    play->child = 0;
    play->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    char text[16];
    (void)snprintf(text, sizeof text, "%d", play->code);
    return strcmp(text, code) == 0;
}

static bool shot(struct play *play, const char *path)
{
    be_still(play);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    (void)fputs(screen(play), file);
    return fclose(file) == 0;
}

// Without the blanks at its end.
static size_t trimmed(const char *text)
{
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == ' ') {
        size--;
    }
    return size;
}

static bool caret(struct play *play, const char *text)
{
    const int64_t end_ms = now_ms() + WAIT_MS_MAX;
    for (;;) {
        arena_reset(play->arena);
        const char *before = vt_before_cursor(play->vt, play->arena);
        const size_t size = before == NULL ? 0 : trimmed(before);
        const size_t wanted = trimmed(text);
        if (size >= wanted && strncmp(before + size - wanted, text, wanted) == 0 &&
            vt_cursor_row(play->vt) + 1 < vt_rows(play->vt)) {
            return true;
        }
        if (now_ms() >= end_ms || (!hear(play, (int)(end_ms - now_ms())) && play->has_ended)) {
            return false;
        }
    }
}

static bool within(struct play *play, char *words)
{
    char *text = NULL;
    const unsigned long long most_ms = strtoull(words, &text, 10);
    if (*text == ' ') {
        text++;
    }
    const bool shown = await_text(play, text, true, now_ms() + WAIT_MS_MAX);
    const int64_t took_ms = now_ms() - play->started_ms;
    (void)fprintf(stderr, "first screen: %lld ms\n", (long long)took_ms);
    return shown && took_ms <= (int64_t)most_ms;
}

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int order(const void *a, const void *b)
{
    const int64_t first = *(const int64_t *)a;
    const int64_t second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

// From the key to the last byte of the picture: what comes after a pause is another picture.
static bool repaint(struct play *play, char *words)
{
    char *key = NULL;
    int64_t took_us[REPAINTS];
    const unsigned long long most_ms = strtoull(words, &key, 10);
    for (size_t i = 0; i < REPAINTS; i++) {
        be_still(play);
        const int64_t began_us = now_us();
        if (*key != ' ' || !say(play, key + 1, 1) || !hear(play, WAIT_MS_MAX)) {
            return false;
        }
        int64_t last_us = now_us();
        while (hear(play, REPAINT_PAUSE_MS)) {
            last_us = now_us();
        }
        took_us[i] = last_us - began_us;
    }
    qsort(took_us, REPAINTS, sizeof took_us[0], order);
    (void)fprintf(stderr, "repaint: median %lld us\n", (long long)took_us[REPAINTS / 2]);
    return took_us[REPAINTS / 2] <= (int64_t)most_ms * 1000;
}

static bool paste(struct play *play, const char *text)
{
    return say(play, "\033[200~", 6) && say(play, text, strlen(text)) && say(play, "\033[201~", 6);
}

static bool do_line(struct play *play, const char *verb, char *rest)
{
    const int64_t end_ms = now_ms() + WAIT_MS_MAX;
    if (strcmp(verb, "size") == 0) {
        return resize(play, rest);
    }
    if (strcmp(verb, "start") == 0) {
        return start(play, rest);
    }
    if (strcmp(verb, "wait") == 0 || strcmp(verb, "gone") == 0) {
        return await_text(play, rest, verb[0] == 'w', end_ms);
    }
    if (strcmp(verb, "within") == 0) {
        return within(play, rest);
    }
    if (strcmp(verb, "repaint") == 0) {
        return repaint(play, rest);
    }
    if (strcmp(verb, "type") == 0) {
        return type(play, rest);
    }
    if (strcmp(verb, "burst") == 0) {
        return say(play, rest, strlen(rest));
    }
    if (strcmp(verb, "paste") == 0) {
        return paste(play, rest);
    }
    if (strcmp(verb, "key") == 0) {
        return keys(play, rest);
    }
    if (strcmp(verb, "caret") == 0) {
        return caret(play, rest);
    }
    if (strcmp(verb, "copied") == 0) {
        be_still(play);
        return strcmp(vt_copied(play->vt), rest) == 0;
    }
    if (strcmp(verb, "shot") == 0) {
        return shot(play, rest);
    }
    if (strcmp(verb, "do") == 0) {
        return system(rest) == 0;
    }
    return strcmp(verb, "ends") == 0 && ends(play, rest);
}

static int run(struct play *play)
{
    char line[LINE_BYTES_MAX];
    for (unsigned number = 1; fgets(line, sizeof line, stdin) != NULL; number++) {
        line[strcspn(line, "\n")] = '\0';
        const size_t verb_size = strcspn(line, " ");
        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        char verb[16] = "";
        (void)snprintf(verb, sizeof verb, "%.*s", (int)(verb_size < 15 ? verb_size : 15), line);
        char *rest = line + verb_size + (line[verb_size] == ' ' ? 1 : 0);
        const char *shown = arena_copy(play->arena, rest, strlen(rest));
        if (!do_line(play, verb, rest)) {
            (void)fprintf(stderr, "NOT SO, line %u: %s %s\n%s", number, verb, shown, screen(play));
            return 1;
        }
    }
    if (vt_unknown(play->vt) > 0) {
        (void)fprintf(stderr, "%zu sequences that this terminal does not know\n",
                      vt_unknown(play->vt));
        return 1;
    }
    return 0;
}

int main(void)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) {
        (void)fputs("skipped: no pseudo-terminals here\n", stderr);
        return SKIPPED;
    }
    (void)close(terminal);
    (void)setlocale(LC_ALL, "C.UTF-8");
    struct play play = {.rows = 24, .columns = 80, .terminal = -1};
    play.arena = arena_make(ARENA_BYTES);
    play.vt = vt_make(play.rows, play.columns);
    assert(play.arena != NULL && play.vt != NULL);
    const int code = run(&play);
    if (play.child > 0) {
        (void)kill(play.child, SIGKILL);
        (void)waitpid(play.child, NULL, 0);
    }
    if (play.terminal >= 0) {
        (void)close(play.terminal);
    }
    vt_free(play.vt);
    arena_free(play.arena);
    return code;
}
