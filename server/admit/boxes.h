// SPDX-License-Identifier: Apache-2.0
#pragma once

// What sealing is made of: boxes under one key, keyed hashes, and fresh keys, each as a list that
// grows in the arena of the request. Only the files of sealing include this.

#include "server/machine/machine.h"

// Texts sealed under one key; `room` of them.
struct boxes {
    struct arena *arena;
    const struct key *key;
    uint64_t vault_id;
    Sealed **list;
    size_t count;
    size_t room;
};

MUST_CHECK enum status boxes_make(struct arena *arena, const struct key *key, uint64_t vault_id,
                                  size_t room, struct boxes *out);
MUST_CHECK enum status boxes_add(struct boxes *boxes, uint32_t field, uint32_t ordinal,
                                 const char *text);
// A random name of a key, which says nothing; never 0.
uint64_t boxes_draw_vault(void);

// Hashes under the store's key that say nothing but "equal"; `room` of them.
struct hashes {
    const struct store *store;
    struct arena *arena;
    UniqueHash **list;
    size_t count;
    size_t room;
};

MUST_CHECK enum status hashes_make(struct txn *txn, struct arena *arena, size_t room,
                                   struct hashes *out);
// An empty text has none.
MUST_CHECK enum status hashes_add(struct hashes *hashes, uint32_t field, const char *domain,
                                  const char *text);

// Keys for what the request makes: room for them once, then one after the other.
MUST_CHECK enum status admitted_make_room(struct arena *arena, struct admitted *admitted,
                                          size_t room);
const struct admitted_key *admitted_draw(struct admitted *admitted, size_t room);

// Lines of a bank statement (seal_bank.c).
MUST_CHECK enum status seal_bank_lines(struct txn *txn, BankLines *lines, struct arena *arena,
                                       struct admitted *admitted);
