// SPDX-License-Identifier: Apache-2.0
#pragma once

// The global options (options.def): they stand anywhere on the command line and are taken out of it
// before the words reach a command or a tool. `--` ends them. A value that looks like a global
// option is written --option=value.

#include "shared/arena.h"
#include "shared/status.h"

#define TIMEOUT_MS_DEFAULT 30000
#define TIMEOUT_MS_MAX     3600000
#define WORDS_MAX          4096

struct options {
#define MEMBER_FLAG(member)                                           bool member;
#define MEMBER_TEXT(member)                                           const char *member;
#define MEMBER_MAYBE(member)                                          const char *member;
#define MEMBER_FIELD(member)                                          bool member;
#define GLOBAL(name, short_name, member, kind, placeholder, sentence) MEMBER_##kind(member)
#include "client/options.def"
#undef GLOBAL
#undef MEMBER_FLAG
#undef MEMBER_TEXT
#undef MEMBER_MAYBE
#undef MEMBER_FIELD
    size_t width_cells;  // of --width; 0 when absent
    uint32_t timeout_ms; // of --timeout
    size_t word_count;   // what is left: noun, verb or tool, and its words
    const char **words;
};

// Takes the globals out of `arguments` (without the program's name). On USAGE or a field error
// `bad` is the word that was not understood and nothing but `lang`, `json` and `quiet` is to be
// relied on.
MUST_CHECK enum status options_parse(struct arena *arena, int count, char *const *arguments,
                                     struct options *out, const char **bad);

struct option_row {
    const char *name;
    char short_name;
    const char *placeholder; // "" for flags
    bool field;              // belongs to commands that have such a field
    const char *sentence;    // msgid
};

size_t options_count(void);
const struct option_row *options_at(size_t index);
// The name that was probably meant by "--jsn"; NULL when none is near.
const char *options_nearest(const char *word);
