// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside of args.h: one typed value to one field of a request. Problems are reported under a path
// ("line[2]").

#include "shared/args.h"
#include "shared/fields.h"

struct args_target {
    const struct args_context *context;
    struct problems *problems;
    const struct args_context *book; // what amounts are in that no --currency moves
};

// Can people give this field?
bool args_is_option(const struct field *field);

// The reference whose option a choice shares ("method" and "method_id"): a value that is none of
// the choices names an object. NULL: none.
const struct field *args_beside(const struct command *command, const struct field *field);

// The objects that a reference field names; FIND_NOUN_UNSET when people have no word for them.
FindNoun args_noun(const ProtobufCFieldDescriptor *descriptor);

// Sets both ends of a list that has "from" and "to".
#define ARGS_PERIOD "period"
bool args_has_period(const struct command *command);

// The name of the field that another word or a short name stands for; NULL when there is none.
const char *args_alias(const char *word);
const char *args_letter(char letter);

// Stores `text`; of a repeated field it is one more element.
void args_store(const struct args_target *target, ProtobufCMessage *message,
                const struct field *field, const char *text);

// The readers of single values write their last argument on success; otherwise they report under
// `path` and give false.
void args_report(const struct args_target *target, enum status code, const char *path,
                 const char *asked, const char *allowed, const char *hint);
bool args_read_reference(const struct args_target *target, FindNoun noun, const char *text,
                         const char *path, uint64_t *id);
bool args_read_money(const struct args_target *target, const char *text, const char *path,
                     int64_t *minor);
bool args_read_micro(const struct args_target *target, const char *text, const char *path,
                     int64_t *micro);
bool args_read_rate(const struct args_target *target, const char *text, const char *path,
                    uint32_t *bp);
// What `name` calls is due in the future or dated in the past: short dates are read so.
bool args_read_day(const struct args_target *target, const char *name, const char *text,
                   const char *path, int32_t *day);
// A compact form ("text; qty; price") to a message, whose address goes to `at`.
bool args_read_message(const struct args_target *target, const ProtobufCFieldDescriptor *descriptor,
                       const char *text, const char *path, void *at);

// Digits only. Reports nothing.
bool args_read_number(const char *text, uint64_t most, uint64_t *out);

// "person|organisation" with `between` in place of the bar; NULL when the arena is exhausted.
const char *args_choices(struct arena *arena, const ProtobufCEnumDescriptor *choice,
                         const char *between);
