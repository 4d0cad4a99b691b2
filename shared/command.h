// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command table: proto/commands.def joined with the descriptors of requests and replies.
// Everything that differs between commands is asked here; nobody else lists commands.

#include "shared/base.h"

#include <protobuf-c/protobuf-c.h>

#define COMMAND_NUMBERS_MAX 1024 // the numbers of commands are below

enum command_mode { COMMAND_READ, COMMAND_WRITE };

enum permission {
    PERMISSION_SELF,    // any session
    PERMISSION_DEVICE,  // an enrolled device without a session
    PERMISSION_INVITED, // a mode-2 channel
    PERMISSION_SYSTEM,  // the server itself

#define PERMISSION(name, number, text) PERMISSION_##name,
#include "proto/permissions.def"
    PERMISSION_COUNT
};

#define PERMISSION_FIRST (PERMISSION_SYSTEM + 1) // that a role can grant

// The built-in roles; those that a book makes itself have ids from ROLE_CUSTOM_FIRST on.
enum role {
    ROLE_NONE,

#define ROLE(name, number, word, sentence) ROLE_##name = (number),
#include "proto/permissions.def"
    ROLE_LIMIT
};

enum step { STEP_ANY, STEP_FRESH };

// What kind of second person a command may need.
enum control {
    CONTROL_NONE,

#define CONTROL(name, number, word, measure, sentence) CONTROL_##name,
#include "proto/permissions.def"
    CONTROL_COUNT
};

enum scope { SCOPE_NONE, SCOPE_OWN, SCOPE_TEAM, SCOPE_REGION, SCOPE_ALL, SCOPE_COUNT };

enum field_class { CLASS_PUBLIC, CLASS_CONTACT, CLASS_FINANCE, CLASS_SECRET, CLASS_COUNT };

enum view { VIEW_HIDDEN, VIEW_MASKED, VIEW_FULL };

struct command {
    uint32_t number; // field number in Request and Reply
    enum command_mode mode;
    enum permission permission;
    enum step step;
    enum control control;
    bool typed;          // by people, as "noun verb"
    const char *name;    // "invoice_issue"
    const char *summary; // msgid
    const char *audit;   // msgid; "" for reads
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *reply;
};

size_t command_count(void);
const struct command *command_at(size_t index);
const struct command *command_by_number(uint32_t number); // NULL when unknown
const struct command *command_by_name(const char *name);  // "invoice_issue"; NULL when unknown
// "report", "trial-balance" -> report_trial_balance; NULL when unknown.
const struct command *command_by_words(const char *noun, const char *verb);

const char *permission_text(enum permission permission); // "invoice.issue"
// The number under which a permission is stored; 0 for what no role grants (SELF to SYSTEM).
uint32_t permission_number(enum permission permission);
enum permission permission_by_number(uint32_t number); // PERMISSION_SELF when there is none
enum permission permission_by_text(const char *text);  // "invoice.issue"; the same
bool permission_is_whole(enum permission permission);  // granted for all or not at all
const char *role_word(enum role role);                 // of a built-in one: "finance"
const char *class_word(enum field_class field_class);  // "contact"
enum field_class class_by_word(const char *word);      // CLASS_COUNT when unknown
const char *control_word(enum control control);        // "credit-note"; "" for CONTROL_NONE
const char *control_sentence(enum control control);    // msgid
uint32_t control_number(enum control control);         // by which rules are stored
bool control_has_amount(enum control control);         // may its rule speak of an amount?
bool control_sums(enum control control);               // … for all of a day together?
bool control_is_fixed(enum control control);           // always demanded, whatever the rules say
bool control_is_held(enum control control);            // … until a rule says off
// By what somebody sees, who approves a command that names this control; the command's own
// permission unless JUDGED names another one.
enum permission control_judge(const struct command *command);
enum control control_by_word(const char *word); // CONTROL_NONE when unknown
enum control control_by_number(uint32_t number);
