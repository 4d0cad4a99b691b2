// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small firm for the matrix: for every role a person who asks, and for everybody who may own a
// customer (each of those persons, a mate of their team, one of another team with a customer of
// their region, a stranger) the same customers and documents in each of their states.

#include "tests/matrix/desk.h"

#define FIRM_ROLES_MAX   16
#define FIRM_OBJECTS_MAX 4096
#define FIRM_TEAM        "north"
#define FIRM_REGION      "East"
#define FIRM_MISSING     0x7777777777777777u

// Who is asked about: rows of nouns.tsv.
enum relation { RELATION_OWN, RELATION_TEAM, RELATION_REGION, RELATION_FOREIGN, RELATION_MISSING };

#define RELATIONS 5
extern const char *const RELATION_NAMES[RELATIONS];

// How a channel stands: rows of logins.tsv.
enum login { LOGIN_FRESH, LOGIN_STALE, LOGIN_NONE, LOGIN_EXPIRED, LOGIN_DISABLED, LOGIN_REVOKED };

#define LOGINS 6
extern const char *const LOGIN_NAMES[LOGINS];

struct object {
    const char *noun;
    const char *state;
    size_t owner; // index of a role; FIRM_ROLES_MAX + relation for those of everybody
    uint64_t id;
    uint64_t customer_id;
    uint32_t version;
    char number[32]; // as lists show it
    char customer[16];
};

struct subject {
    enum role role;
    struct member member;
    struct peer peer[LOGINS];
};

struct firm {
    struct desk desk;
    struct member principal; // owner of the book, who set all of it up
    struct subject subject[FIRM_ROLES_MAX];
    size_t subject_count;
    struct member mate, neighbour, stranger;
    struct member clerk; // asks for what needs a second person
    struct object object[FIRM_OBJECTS_MAX];
    size_t object_count;
};

void firm_open(struct firm *firm);
void firm_close(struct firm *firm);

// What `subject` asks about; NULL when the firm has no such object. A missing one has an id that
// nothing has.
const struct object *firm_object(const struct firm *firm, size_t subject, const char *noun,
                                 enum relation relation, const char *state);
// Who owns the objects of that relation; 0 for a missing one.
uint64_t firm_owner(const struct firm *firm, size_t subject, enum relation relation);
