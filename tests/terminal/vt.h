// SPDX-License-Identifier: Apache-2.0
#pragma once

// A terminal without a window: takes the bytes that a full-screen program writes and keeps the
// screen as text. Knows what ncurses writes for xterm, linux and vt100; looks of characters are not
// kept. Of an escape sequence that it does not know it counts one in `unknown`, so that a test can
// demand that there was none.

#include "shared/arena.h"

struct vt;

struct vt *vt_make(size_t rows, size_t columns); // NULL when there is no memory
void vt_free(struct vt *vt);
void vt_resize(struct vt *vt, size_t rows, size_t columns); // what was there is gone
void vt_write(struct vt *vt, const char *bytes, size_t size);

size_t vt_unknown(const struct vt *vt);
size_t vt_cursor_row(const struct vt *vt);
size_t vt_rows(const struct vt *vt);
// The screen, a line a row without blanks at its end. NULL when the arena is exhausted.
char *vt_text(const struct vt *vt, struct arena *arena);
// The cursor's row up to the cursor.
char *vt_before_cursor(const struct vt *vt, struct arena *arena);
// What the program last asked to be put into the clipboard, in base64; "" for nothing.
const char *vt_copied(const struct vt *vt);
