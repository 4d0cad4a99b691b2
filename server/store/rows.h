// SPDX-License-Identifier: Apache-2.0
#pragma once

// The filtered accessor: the only way of the ledger to the rows. The row scope and the field masks
// of the running call act here, for every get, scan and put, so that no command can forget them. A
// row out of scope answers STATUS_NOT_FOUND, like one that does not exist. Rows that belong to a
// customer are seen by who may see the customer; other rows have no scope.
//
// For each table of tables.def there are, by name: NAME_get, NAME_put, NAME_del and NAME_scan
// (below).

#include "server/store/store.h"
#include "shared/proof.h"

// The check of scope for rows that belong to a customer; STATUS_NOT_FOUND outside of it.
MUST_CHECK enum status rows_may_see(struct txn *txn, uint64_t customer_id);

// Which scopes reach this customer for the caller: bits (1 << enum scope).
MUST_CHECK enum status rows_cover(struct txn *txn, const CustomerRecord *customer,
                                  uint32_t *scopes);
// The same for another filter, and: does it reach this customer at all? For questions about others;
// NULL reaches everything.
MUST_CHECK enum status rows_cover_of(struct txn *txn, const struct filter *filter,
                                     const CustomerRecord *customer, uint32_t *scopes);
MUST_CHECK enum status rows_reaches(struct txn *txn, const struct filter *filter,
                                    const CustomerRecord *customer, bool *out);

MUST_CHECK enum status rows_get(struct txn *txn, enum table table, struct row_key key,
                                ProtobufCMessage **out);
// The same for who must see it by another permission too: both filters have to let it through.
MUST_CHECK enum status rows_get_within(struct txn *txn, const struct filter *within,
                                       enum table table, struct row_key key,
                                       ProtobufCMessage **out);
// Checks the row as it is and as it would be: STATUS_NOT_FOUND, STATUS_SCOPE_DENIED.
MUST_CHECK enum status rows_put(struct txn *txn, enum table table, struct row_key key,
                                const ProtobufCMessage *record);
// The checks of rows_put alone, for the refusals of a command.
MUST_CHECK enum status rows_may_put(struct txn *txn, enum table table, struct row_key key,
                                    const ProtobufCMessage *record);
MUST_CHECK enum status rows_del(struct txn *txn, enum table table, struct row_key key);

// The packed bytes of a row that nobody owns (journal, header), as they are hashed.
MUST_CHECK enum status rows_packed(struct txn *txn, enum table table, struct row_key key,
                                   struct bytes *out);
// Proof that the first `from` records of the journal are the beginning of its first `to`, as
// tree_consistency of tiles.h gives it. Hashes have no scope.
MUST_CHECK enum status rows_consistency(struct txn *txn, uint64_t from, uint64_t to,
                                        struct arena *arena, struct proof **out);

// Scan that passes over rows out of scope.
struct rows;
MUST_CHECK enum status rows_open(struct txn *txn, enum table table, struct row_key from,
                                 size_t prefix_size, bool backwards, struct rows **out);
MUST_CHECK enum status rows_next(struct rows *rows, struct row_key *key, ProtobufCMessage **out);
void rows_close(struct rows *rows);
void rows_close_at(struct rows **rows);

#define TABLE(name, number, Record, key_kind, state, view)                               \
    MUST_CHECK static inline enum status name##_get(struct txn *txn, struct row_key key, \
                                                    Record **out)                        \
    {                                                                                    \
        return rows_get(txn, TABLE_##name, key, (ProtobufCMessage **)out);               \
    }                                                                                    \
    MUST_CHECK static inline enum status name##_put(struct txn *txn, struct row_key key, \
                                                    const Record *record)                \
    {                                                                                    \
        return rows_put(txn, TABLE_##name, key, (const ProtobufCMessage *)record);       \
    }
#include "server/store/tables.def"
#undef TABLE

// The only way to a personal text: opened and masked as the call's roles allow (fields.def class of
// `field`, a name of CustomerAdd). "" when the field is empty, hidden, or its key was destroyed.
// Reads only: a write never opens one.
MUST_CHECK enum status rows_text(struct txn *txn, const CustomerRecord *customer, const char *field,
                                 uint32_t ordinal, char **text);

// Several of them with one look at the customer's key.
struct rows_asked {
    const char *field;
    uint32_t ordinal;
    char **text;
};

MUST_CHECK enum status rows_texts(struct txn *txn, const CustomerRecord *customer,
                                  const struct rows_asked *asked, size_t count);
// The same with the veil lifted (VEIL of fields.def), for a command that leaves its trace: only in
// the transaction that writes its journal record. A preview leaves none and sees them veiled.
MUST_CHECK enum status rows_reveal(struct txn *txn, const CustomerRecord *customer,
                                   const struct rows_asked *asked, size_t count);
MUST_CHECK enum status rows_reveal_box(struct txn *txn, uint64_t customer_id, uint64_t vault_id,
                                       const char *field, ProtobufCBinaryData box, char **text);
// One sealed box of a journal change, under the same rules. `field` may name an element
// ("phone[1]"). A journal does not say of what kind its customer is: who sees contacts masked sees
// every name masked here. `customer_id` is whose it is; 0: nobody's yet.
MUST_CHECK enum status rows_box_text(struct txn *txn, uint64_t customer_id, uint64_t vault_id,
                                     const char *field, ProtobufCBinaryData box, char **text);
// Which personal field numbers a field name of "customer" has in CustomerAdd; 0 when it is not a
// sealed field.
uint32_t rows_sealed_field(const char *field);
