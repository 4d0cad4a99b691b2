// SPDX-License-Identifier: Apache-2.0
#include "client/tui/screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define ESCAPE_WAIT_MS 25 // a lone Esc is one after so long
#define CODE_PASTE_ON  (KEY_MAX + 1)
#define CODE_PASTE_OFF (KEY_MAX + 2)
#define COPY_BYTES_MAX 4096

struct screen {
    SCREEN *curses;
    bool colour;
    bool paste; // the terminal may know bracketed paste
    bool ascii; // no lines and blocks
};

// Attributes without colours and the pair with them: style by style.
static const struct {
    attr_t plain;
    attr_t coloured;
    short front;
    short back;
} LOOKS[STYLE_COUNT] = {
    [STYLE_PLAIN] = {A_NORMAL, A_NORMAL, -1, -1},
    [STYLE_DIM] = {A_DIM, A_DIM, -1, -1},
    [STYLE_STRONG] = {A_BOLD, A_BOLD, -1, -1},
    [STYLE_BAR] = {A_REVERSE, A_BOLD, COLOR_WHITE, COLOR_BLUE},
    [STYLE_CHOSEN] = {A_REVERSE, A_REVERSE, -1, -1},
    [STYLE_KEY] = {A_BOLD, A_BOLD, COLOR_CYAN, -1},
    [STYLE_GOOD] = {A_NORMAL, A_NORMAL, COLOR_GREEN, -1},
    [STYLE_WARN] = {A_BOLD, A_BOLD, COLOR_YELLOW, -1},
    [STYLE_BAD] = {A_BOLD, A_BOLD, COLOR_RED, -1},
    [STYLE_DRAFT] = {A_UNDERLINE, A_UNDERLINE, COLOR_MAGENTA, -1},
};

static void bytes_out(const char *text)
{
    (void)fputs(text, stdout);
    (void)fflush(stdout);
}

static void colours_start(struct screen *screen)
{
    if (!screen->colour || has_colors() == FALSE || start_color() != OK) {
        screen->colour = false;
        return;
    }
    (void)use_default_colors();
    for (int i = 0; i < STYLE_COUNT; i++) {
        (void)init_pair((short)(i + 1), LOOKS[i].front, LOOKS[i].back);
    }
}

static void modes_start(struct screen *screen)
{
    // Raw, so that Ctrl-S is a key and not the terminal's brake.
    (void)raw();
    (void)noecho();
    (void)nonl();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)set_escdelay(ESCAPE_WAIT_MS);
    (void)curs_set(1);
    // A terminal that has a second screen is a window of today, and may know bracketed paste.
    const char *second_screen = tigetstr("smcup");
    screen->paste = second_screen != NULL && second_screen != (const char *)-1;
    if (screen->paste) {
        (void)define_key("\033[200~", CODE_PASTE_ON);
        (void)define_key("\033[201~", CODE_PASTE_OFF);
        bytes_out("\033[?2004h");
    }
}

enum status screen_open(bool colour, struct screen **out)
{
    const char *term = getenv("TERM");
    if (term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0) {
        return STATUS_CONFIGURATION;
    }
    struct screen *screen = calloc(1, sizeof *screen);
    if (screen == NULL) {
        return STATUS_ENVIRONMENT;
    }
    *screen = (struct screen){.colour = colour, .ascii = strncmp(term, "vt", 2) == 0};
    screen->curses = newterm(term, stdout, stdin);
    if (screen->curses == NULL) {
        free(screen);
        return STATUS_CONFIGURATION;
    }
    colours_start(screen);
    modes_start(screen);
    *out = screen;
    return STATUS_OK;
}

void screen_close(struct screen *screen)
{
    if (screen == NULL) {
        return;
    }
    if (screen->paste) {
        bytes_out("\033[?2004l");
    }
    (void)endwin();
    delscreen(screen->curses);
    free(screen);
}

void screen_size(const struct screen *screen, size_t *rows, size_t *columns)
{
    assert(screen != NULL);
    *rows = LINES > 0 ? (size_t)LINES : 1;
    *columns = COLS > 0 ? (size_t)COLS : 1;
}

void screen_pause(struct screen *screen)
{
    assert(screen != NULL);
    if (screen->paste) {
        bytes_out("\033[?2004l");
    }
    (void)endwin();
}

void screen_resume(struct screen *screen)
{
    assert(screen != NULL);
    if (screen->paste) {
        bytes_out("\033[?2004h");
    }
    (void)clearok(curscr, TRUE);
    (void)refresh();
}

int screen_descriptor(const struct screen *screen)
{
    assert(screen != NULL);
    return STDIN_FILENO;
}

// ---- showing ----

// Lines and marks for a terminal that has ASCII only.
static const char *ascii_of(const char *text)
{
    static const struct {
        const char *from;
        const char *to;
    } LETTERS[] = {
        {"─", "-"}, {"│", "|"}, {"┌", "+"}, {"┐", "+"}, {"└", "+"}, {"┘", "+"}, {"├", "+"},
        {"┤", "+"}, {"┬", "+"}, {"┴", "+"}, {"┼", "+"}, {"▸", ">"}, {"›", ">"}, {"‹", "<"},
        {"●", "*"}, {"○", "o"}, {"·", "."}, {"…", "~"}, {"✓", "+"}, {"✗", "x"}, {"→", ">"},
        {"←", "<"}, {"↑", "^"}, {"↓", "v"}, {"▾", "v"}, {"—", "-"},
    };

    for (size_t i = 0; (uint8_t)text[0] >= 0x80 && i < COUNT_OF(LETTERS); i++) {
        if (strcmp(LETTERS[i].from, text) == 0) {
            return LETTERS[i].to;
        }
    }
    return text;
}

static void cell_show(const struct screen *screen, size_t row, size_t column,
                      const struct cell *cell)
{
    const char *text = screen->ascii ? ascii_of(cell->text) : cell->text;
    wchar_t wide[CELL_POINTS_MAX + 1] = {0};
    if (mbstowcs(wide, text, CELL_POINTS_MAX) == (size_t)-1) {
        wide[0] = L'?';
        wide[1] = L'\0';
    }
    const attr_t look = screen->colour ? LOOKS[cell->style].coloured : LOOKS[cell->style].plain;
    const short pair = (short)(screen->colour ? cell->style + 1 : 0);
    cchar_t out;
    if (setcchar(&out, wide, look, pair, NULL) == OK) {
        // The last cell of the screen cannot move the cursor on: that error is none.
        (void)mvadd_wch((int)row, (int)column, &out);
    }
}

void screen_show(struct screen *screen, const struct canvas *canvas)
{
    assert(screen != NULL && canvas != NULL);
    for (size_t r = 0; r < canvas->rows; r++) {
        for (size_t c = 0; c < canvas->columns; c++) {
            const struct cell *cell = canvas_cell(canvas, r, c);
            if (cell->width > 0) {
                cell_show(screen, r, c, cell);
            }
        }
    }
    (void)move((int)canvas->cursor_row, (int)canvas->cursor_column);
    (void)refresh();
}

// ---- keys ----

static const struct {
    int code;
    enum press_kind kind;
} CODES[] = {
    {KEY_ENTER, PRESS_ENTER},
    {KEY_BTAB, PRESS_BACK_TAB},
    {KEY_BACKSPACE, PRESS_BACKSPACE},
    {KEY_DC, PRESS_DELETE},
    {KEY_UP, PRESS_UP},
    {KEY_DOWN, PRESS_DOWN},
    {KEY_LEFT, PRESS_LEFT},
    {KEY_RIGHT, PRESS_RIGHT},
    {KEY_PPAGE, PRESS_PAGE_UP},
    {KEY_NPAGE, PRESS_PAGE_DOWN},
    {KEY_HOME, PRESS_HOME},
    {KEY_END, PRESS_END},
    {KEY_F(1), PRESS_F1},
    {KEY_RESIZE, PRESS_RESIZE},
    {CODE_PASTE_ON, PRESS_PASTE_BEGIN},
    {CODE_PASTE_OFF, PRESS_PASTE_END},
};

static struct press press_of_code(int code)
{
    for (size_t i = 0; i < COUNT_OF(CODES); i++) {
        if (CODES[i].code == code) {
            return (struct press){.kind = CODES[i].kind};
        }
    }
    return (struct press){.kind = PRESS_OTHER};
}

static struct press press_of_letter(wint_t letter)
{
    switch (letter) {
    case L'\r':
    case L'\n':
        return (struct press){.kind = PRESS_ENTER};
    case L'\t':
        return (struct press){.kind = PRESS_TAB};
    case 0x1b:
        return (struct press){.kind = PRESS_ESCAPE};
    case 0x08:
    case 0x7f:
        return (struct press){.kind = PRESS_BACKSPACE};
    default:
        break;
    }
    if (letter >= 1 && letter <= 26) {
        return (struct press){.kind = PRESS_CTRL, .point = (int32_t)('a' + letter - 1)};
    }
    return (struct press){.kind = PRESS_TEXT, .point = (int32_t)letter};
}

// Whether nobody can press a key any more: the terminal hung up.
static bool is_gone(void)
{
    struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&terminal, 1, 0) != 1) {
        return false;
    }
    int waiting = 0;
    return (terminal.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 ||
           ((terminal.revents & POLLIN) != 0 && ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 &&
            waiting == 0);
}

struct press screen_read(struct screen *screen)
{
    assert(screen != NULL);
    wint_t letter = 0;
    const int result = get_wch(&letter);
    if (result == KEY_CODE_YES) {
        return press_of_code((int)letter);
    }
    if (result == OK) {
        return press_of_letter(letter);
    }
    return (struct press){.kind = is_gone() ? PRESS_GONE : PRESS_NONE};
}

void screen_copy(const struct screen *screen, const char *text)
{
    static const char LETTERS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t size = strlen(text);
    if (!screen->paste || size > COPY_BYTES_MAX) {
        return;
    }
    char out[COPY_BYTES_MAX * 4 / 3 + 32];
    size_t at = (size_t)snprintf(out, sizeof out, "\033]52;c;");
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)(uint8_t)text[i] << 16;
        group |= i + 1 < size ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
        group |= i + 2 < size ? (uint8_t)text[i + 2] : 0u;
        out[at++] = LETTERS[group >> 18];
        out[at++] = LETTERS[group >> 12 & 63];
        out[at++] = i + 1 < size ? LETTERS[group >> 6 & 63] : '=';
        out[at++] = i + 2 < size ? LETTERS[group & 63] : '=';
    }
    out[at++] = '\a';
    out[at] = '\0';
    bytes_out(out);
}
