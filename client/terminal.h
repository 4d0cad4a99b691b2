// SPDX-License-Identifier: Apache-2.0
#pragma once

// The person's side: how wide the screen is, whether colour and pager are wanted, questions and
// passwords. Data goes to stdout, everything else to stderr; nothing is asked when a stream is not
// a terminal or --no-input was given.

#include "client/options.h"
#include "shared/status.h"

struct terminal {
    bool out_is_tty;
    bool err_is_tty;
    bool may_ask;  // a person sits there and may be asked
    bool colour;   // of stdout
    size_t width;  // cells; 0: as wide as it gets
    size_t height; // lines; 0: unknown
    bool pager;    // stdout may go through a pager
};

struct terminal terminal_of(const struct options *options);

// Yes or no, "no" when only Enter is pressed. CANCELLED on "no" and at the end of input.
MUST_CHECK enum status terminal_confirm(const struct terminal *terminal, const char *question);

// Reads one line from stdin when `from_stdin`, else asks on the terminal without echo. `out` holds
// `size` bytes with the zero; the caller wipes it. NEEDS_CONFIRMATION when nobody can be asked,
// FIELD_TOO_LONG, FIELD_MISSING when it is empty.
MUST_CHECK enum status terminal_secret(const struct terminal *terminal, bool from_stdin,
                                       const char *prompt, char *out, size_t size);

// Writes text to stdout, through the pager when it is taller than the screen. FILE_ERROR when it
// cannot be written.
MUST_CHECK enum status terminal_page(const struct terminal *terminal, const char *text);
