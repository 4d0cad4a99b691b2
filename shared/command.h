// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command table: proto/commands.def joined with the descriptors of requests and replies.
// Everything that differs between commands is asked here; nobody else lists commands.

#include "shared/base.h"

#include <protobuf-c/protobuf-c.h>

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

enum role {
    ROLE_NONE,

#define ROLE(name, word, sentence) ROLE_##name,
#include "proto/permissions.def"
    ROLE_COUNT
};

enum step { STEP_ANY, STEP_FRESH };

// What kind of second person a command may need.
enum control {
    CONTROL_NONE,

#define CONTROL(name, word, sentence) CONTROL_##name,
#include "proto/permissions.def"
    CONTROL_COUNT
};

enum scope { SCOPE_NONE, SCOPE_OWN, SCOPE_TEAM, SCOPE_ALL };

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
const char *role_word(enum role role);                   // "finance"
enum role role_by_word(const char *word);                // ROLE_NONE when unknown
enum scope role_scope(enum role role, enum permission permission);
const char *control_word(enum control control); // "credit-note"; "" for CONTROL_NONE
enum view role_view(enum role role, enum field_class field_class);
