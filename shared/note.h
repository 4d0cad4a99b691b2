// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signed notes (C2SP signed-note): a text of lines, an empty line, and lines that sign it,
// "— NAME BASE64", where the base64 holds 4 bytes that name the key and an Ed25519 signature of the
// text. What the audit log is anchored by; people can read it, and existing tools can check it.

#include "shared/keys.h"

#define NOTE_NAME_MAX  64
#define NOTE_BYTES_MAX 2048

// `text` ends with a newline and has no empty line; `name` has no space and no plus sign.
MUST_CHECK enum status note_sign(struct arena *arena, const char *text, const char *name,
                                 const struct key_pair *pair, struct bytes *out);
// STATUS_TAMPERED unless one of the lines below the text is this key's signature of it; lines of
// others are passed over. *text lies inside of `note`.
MUST_CHECK enum status note_check(struct bytes note, const char *name,
                                  const uint8_t public_bytes[static KEY_BYTES], struct bytes *text);
// The text of a note whose signatures were not looked at; false when there is none.
bool note_text(struct bytes note, struct bytes *text);
