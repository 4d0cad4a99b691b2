// SPDX-License-Identifier: Apache-2.0
#pragma once

// The terminal of a full screen, and the only file that knows curses. Shows pictures, reads keys.
// Never waits: the loop polls the terminal's descriptor and asks until there is nothing more. The
// terminal is given back in order whatever way the screen is closed.

#include "client/tui/canvas.h"
#include "client/tui/press.h"

struct screen;

// CONFIGURATION when the terminal is none that can be drawn on.
MUST_CHECK enum status screen_open(bool colour, struct screen **out);
void screen_close(struct screen *screen); // NULL accepted

// Of the terminal now, in cells.
void screen_size(const struct screen *screen, size_t *rows, size_t *columns);
// What differs from what is shown goes out. The real cursor is at the canvas's.
void screen_show(struct screen *screen, const struct canvas *canvas);
// The next key, PRESS_NONE when there is none.
struct press screen_read(struct screen *screen);
// Where keys come from, to be polled.
int screen_descriptor(const struct screen *screen);
// Asks the terminal to take the text as its clipboard (OSC 52); terminals that cannot ignore it.
void screen_copy(const struct screen *screen, const char *text);
// Gives the terminal back for a while: lines are printed and read as without a full screen.
void screen_pause(struct screen *screen);
void screen_resume(struct screen *screen);
