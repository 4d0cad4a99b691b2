// SPDX-License-Identifier: Apache-2.0
#pragma once

// The store: LMDB under sealed values. This is the raw accessor: machine, views and ops use it; the
// ledger does not link it and goes through rows.h, where row scope and field masks act. No pointer
// into the map leaves the store; opened records live in the arena of the transaction. Never logs,
// never asks a clock.
//
// Rules of LMDB 0.9.24 that bind here: integer keys, no DUPSORT, no nested transactions, NOTLS
// readers, default durability, one process, one writer thread, read transactions shorter than
// READ_TXN_MS_MAX (security.md c).

#include "shared/command.h"
#include "shared/digest.h"
#include "shared/limits.h"

#include "server/store/records.pb-c.h"

#include <protobuf-c/protobuf-c.h>

struct store;
struct txn;

enum table {
    TABLE_NONE,

#define TABLE(name, number, record, key, state, view) TABLE_##name = (number),
#include "server/store/tables.def"
#undef TABLE
    // Greater than every number, in whatever order the rows stand.
    TABLE_LIMIT = sizeof(union {
#define TABLE(name, number, record, key, state, view) char name[(number) + 1];
#include "server/store/tables.def"
#undef TABLE
    })
};

struct row_key {
    uint8_t size;
    uint8_t bytes[STORE_KEY_BYTES_MAX];
};

struct row_key key_u64(uint64_t a);
struct row_key key_u64_u64(uint64_t a, uint64_t b);
struct row_key key_hash16(const uint8_t hash[static 16]);
uint64_t row_key_first(const struct row_key *key);  // of U64 and U64_U64 keys
uint64_t row_key_second(const struct row_key *key); // of U64_U64 keys

// ---- life of a store ----

struct store_options {
    const char *dir;
    const char *key_file;     // 32 bytes, 0600; NULL when `passphrase` opens the keyring
    const char *passphrase;   // NULL when the key file does
    uint64_t map_bytes;       // 0: STORE_MAP_BYTES; tests use small ones
    uint64_t disk_soft_bytes; // free bytes below which writes are refused; 0: 64 MiB
    bool read_only;
    struct bytes keyring; // store_create only: of a backup; empty: a new one is drawn
};

// Makes directory, keyring and empty tables in a temporary directory beside `dir`, then renames:
// repeatable after a crash. STATUS_STORE_EXISTS when dir is there. The key file is made when it is
// missing.
MUST_CHECK enum status store_create(const struct store_options *options);

// Checks lock, keyring, schema, head row against LMDB's transaction number, and discards an
// unfinished creation beside `dir`. STATUS_STORE_LOCKED, _KEY_MISSING, _STORE_NEWER, _TAMPERED,
// _INCOMPLETE, _NOT_FOUND; _CONFIGURATION on a network file system, where LMDB's locks and maps do
// not hold.
MUST_CHECK enum status store_open(const struct store_options *options, struct store **out);
void store_close(struct store *store); // NULL accepted
void store_close_at(struct store **store);
// Removes a store that was never finished: the directory of an `init` that was killed.
// STATUS_STORE_LOCKED when somebody is at work in it.
MUST_CHECK enum status store_discard(const char *dir);
// Gives the keyring a passphrase beside its key file, or another one. The store must not be open.
MUST_CHECK enum status store_set_passphrase(const struct store_options *options,
                                            const char *passphrase);

// ---- keys that others need, derived from the master key (security.md c) ----

enum store_key {
    STORE_KEY_PEPPER,
    STORE_KEY_TOKEN,
    STORE_KEY_POSITION,
    STORE_KEY_DIGEST,
    STORE_KEY_SERVER,
    STORE_KEY_REQUEST,
    STORE_KEY_AUDIT
};
struct key store_key(const struct store *store, enum store_key which);

// Keyed 128-bit hash of a unique value in its domain ("tax_id", "login", "import").
void store_hash(const struct store *store, const char *domain, struct bytes value,
                uint8_t out[static 16]);

const char *store_dir(const struct store *store);

// What the directory lies on: main warns of what is not a disk.
enum store_medium { STORE_MEDIUM_DISK, STORE_MEDIUM_MEMORY, STORE_MEDIUM_OVERLAY };
enum store_medium store_medium(const struct store *store);

// Room left: STATUS_OK, or STATUS_STORE_FULL when a soft limit of map or disk is passed.
MUST_CHECK enum status store_room(struct store *store);

// ---- transactions ----

enum txn_mode {
    TXN_READ,    // a snapshot
    TXN_WRITE,   // the batch; one at a time, on the writer thread
    TXN_PREVIEW, // a snapshot with an overlay of puts in the arena; never committed
};

// What the head row says of a commit; the machine fills number, instant and day, the signer
// checkpoint and epochs, the store the rest.
struct head {
    uint64_t number;
    int64_t instant_us;
    int32_t book_day;
    struct tree tree;
    uint8_t tree_root[LEAF_BYTES];
    struct digest digest;
    uint8_t book_id[16];
    uint32_t feature_level;
    uint64_t commit;            // number of the last commit header
    uint8_t header[LEAF_BYTES]; // its hash; zeros before the first
    uint64_t checkpoint;        // number of the last checkpoint; 0: none
    uint64_t checkpoint_size;   // records that it covers
    uint64_t epochs;            // signing epochs begun
};

// When a batch was taken up, as the machine's other clock says it: for its commit header.
struct moment {
    uint8_t boot[16]; // which start of the machine
    int64_t forward_us;
};

MUST_CHECK enum status txn_begin(struct store *store, enum txn_mode mode, struct arena *arena,
                                 struct txn **out);
// Of a write transaction; zeros if nobody says it.
void txn_set_moment(struct txn *txn, const struct moment *moment);
// Seals and puts what the transaction has held back: rows that nearly every call writes stay open
// until its end. From here on the digest of txn_head counts them as they are. The two below do it
// first.
MUST_CHECK enum status txn_settle(struct txn *txn);
// Puts the commit header now: nothing is appended to the journal behind it. For who signs it in the
// same transaction.
MUST_CHECK enum status txn_end_journal(struct txn *txn);
// Writes the head row, before it the commit header if the journal has grown, and commits durably.
// An error inside the commit is STATUS_ENVIRONMENT: the process must end; STATUS_STORE_FULL is
// surely not done. A transaction that wrote nothing commits nothing. The transaction has ended
// whatever the status; txn_changes, txn_head and txn_abort still accept it until its arena ends.
MUST_CHECK enum status txn_commit(struct txn *txn);
void txn_abort(struct txn *txn); // NULL accepted; also ends reads and previews
void txn_abort_at(struct txn **txn);

enum txn_mode txn_mode(const struct txn *txn);
struct store *txn_store(const struct txn *txn);
struct head *txn_head(struct txn *txn);
// Has txn_commit write the head even when no row was put.
void txn_head_changed(struct txn *txn);
struct arena *txn_arena(const struct txn *txn);

// Who is looking (design 5): row scope and masks for the accessor of rows.h. NULL: the system
// itself.
struct filter {
    uint64_t user_id;
    enum scope scope;             // of the running command's permission: the widest one
    bool also_team;               // the scope is REGION, and another role reaches the team
    const char *team;             // of the user
    const char *region;           // of the user
    enum view views[CLASS_COUNT]; // for every row in scope
    // Where several roles grant different scopes, a row is shown as well as the roles allow that
    // reach it; `views` is then what those of the widest scope show, and with `also_team` what
    // region and team both show. Searches go by `views`.
    bool is_mixed;
    bool guards; // sees customers whose data rest as others (permission customer.restrict)
    uint8_t near[SCOPE_COUNT][CLASS_COUNT];
};

// Begins a call inside a batch (or the only call of a read): its arena, its filter; forgets the
// last call's first write.
void txn_call_begin(struct txn *txn, struct arena *arena, const struct filter *filter);
const struct filter *txn_filter(const struct txn *txn);
// Goes on in the same call with somebody else's eyes: an approved request runs as its creator.
// Never the system's.
void txn_look_as(struct txn *txn, const struct filter *filter);
// Has this call written yet? refuse() asserts that it has not.
bool txn_call_has_written(const struct txn *txn);
// Plan token of the call so far: digest of `request` and the ordered (table, key, row version) read
// before the first write, accounts excepted: everybody posts to those.
void txn_plan(struct txn *txn, struct bytes request, uint8_t out[static 16]);
// What the call decides by and what no row's version says, as whether a month takes postings: a
// part of the plan like a row that was read.
void txn_plan_fact(struct txn *txn, uint64_t fact);
// The plan that this call must be equal to: its first put or del answers STATUS_PLAN_CHANGED, and
// writes nothing, when it is not. `request` must live until then.
void txn_plan_expect(struct txn *txn, struct bytes request, const uint8_t token[static 16]);

// One row whose table has a VIEW flag, as the batch left it, by table and key. `record` is NULL for
// a deleted row. Lives until the arenas of the batch and of its calls end. May be asked for after
// the commit; NULL when the arena is exhausted.
struct change {
    enum table table;
    struct row_key key;
    const ProtobufCMessage *record;
};

const struct change *txn_changes(struct txn *txn, size_t *count);

// ---- rows, raw ----

// STATUS_NOT_FOUND; STATUS_TAMPERED when the seal does not fit. `version` may be NULL.
MUST_CHECK enum status table_get(struct txn *txn, enum table table, struct row_key key,
                                 ProtobufCMessage **out, uint32_t *version);
// Inserts or replaces; the row version counts up by itself.
MUST_CHECK enum status table_put(struct txn *txn, enum table table, struct row_key key,
                                 const ProtobufCMessage *record);
MUST_CHECK enum status table_del(struct txn *txn, enum table table, struct row_key key);
MUST_CHECK enum status table_count(struct txn *txn, enum table table, uint64_t *count);

// Rows in key order from `from` on (inclusive; size 0: from the start) as long as `prefix_size`
// bytes of the key agree with `from`. Ends with STATUS_END. The scan must be closed before its
// transaction ends.
struct scan;
MUST_CHECK enum status scan_open(struct txn *txn, enum table table, struct row_key from,
                                 size_t prefix_size, bool backwards, struct scan **out);
MUST_CHECK enum status scan_next(struct scan *scan, struct row_key *key, ProtobufCMessage **out);
// The same with the opened bytes instead of the record, as table_get_bytes.
MUST_CHECK enum status scan_next_bytes(struct scan *scan, struct row_key *key, struct bytes *out,
                                       uint32_t *version);
// Passes over up to `count` rows of a snapshot without opening them; `last` is the key of the last
// one passed. STATUS_END when there was none. For who shares out a table among threads.
MUST_CHECK enum status scan_skip(struct scan *scan, size_t count, struct row_key *last);
void scan_close(struct scan *scan);
void scan_close_at(struct scan **scan);

// The opened bytes of a row as they are hashed and backed up: the packed record without its seal.
MUST_CHECK enum status table_get_bytes(struct txn *txn, enum table table, struct row_key key,
                                       struct bytes *out, uint32_t *version);

// A row as table_get_bytes gave it, for restoring: with its version, into a place where there is
// none (else STATUS_TAMPERED).
MUST_CHECK enum status table_put_bytes(struct txn *txn, enum table table, struct row_key key,
                                       struct bytes packed, uint32_t version);

const ProtobufCMessageDescriptor *table_record(enum table table);
const char *table_name(enum table table);
bool table_is_state(enum table table);

// ---- customers' own keys (personal fields) ----

// Seals under the vault's key; AD binds vault, field and ordinal. STATUS_KEY_DESTROYED when the key
// is gone.
MUST_CHECK enum status vault_seal(const struct key *vault_key, uint64_t vault_id, uint32_t field,
                                  uint32_t ordinal, const char *text, struct arena *arena,
                                  ProtobufCBinaryData *box);
MUST_CHECK enum status vault_key(struct txn *txn, uint64_t vault_id, struct key *out);
// With the key at hand, for who opens several boxes of one customer.
MUST_CHECK enum status vault_open_with(const struct key *vault_key, uint64_t vault_id,
                                       uint32_t field, uint32_t ordinal, ProtobufCBinaryData box,
                                       struct arena *arena, char **text);
MUST_CHECK enum status vault_open(struct txn *txn, uint64_t vault_id, uint32_t field,
                                  uint32_t ordinal, ProtobufCBinaryData box, char **text);
