// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside of the page of roles: its state, what stands in a cell, and what is told of it. For
// admin_roles*.c only.

#include "client/tui/admin.h"
#include "client/tui/admin_draft.h"
#include "client/tui/matrix.h"

#define PERMISSIONS_SHOWN_MAX 256

struct roles {
    struct arena *arena; // of the roles
    const RoleListReply *reply;
    struct arena *people_arena;
    const UserListReply *people;
    struct arena *effect_arena; // of what the draft would do
    const RoleReply *effect;
    const char *plan;
    enum status effect_status; // why there is none
    unsigned effect_version;   // of the draft that it is about
    unsigned asked_version;
    bool is_effect_old; // asked before something happened
    bool is_trying;
    struct draft draft;
    struct matrix matrix;
    char filter[FIELD_INPUT_BYTES_MAX + 1];
    uint32_t shown[PERMISSIONS_SHOWN_MAX]; // permissions that the filter leaves
    size_t shown_count;
};

// What the matrix shows: permissions that the filter leaves, and all roles.
bool roles_have_choice(const struct roles *roles);
const char *roles_permission(const struct roles *roles, size_t row);
const RoleCard *roles_role(const struct roles *roles, size_t column);
// What a cell is, or would become.
struct right roles_right(const struct roles *roles, size_t row, size_t column, bool *is_draft);
const char *role_name(const RoleCard *role); // as people call it

// What the draft does to people, or what there is to say of the chosen cell; in the frame.
const char *roles_detail(struct page *page);
// The whole draft with its consequences.
const char *roles_draft_text(struct page *page);
// The roles that the draft changes, each once: as words, or as they are called.
const char *roles_changed(struct page *page, bool names);
void roles_draw(struct page *page, struct canvas *canvas, struct area area);

// Asks why a person may do what the chosen row says; and what changed within a week. Both answer
// with a text to read.
void roles_why(struct page *page);
void roles_diff(struct page *page);
