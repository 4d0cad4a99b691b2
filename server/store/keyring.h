// SPDX-License-Identifier: Apache-2.0
#pragma once

// The keyring: the file that turns an unlock source (key file or passphrase) into the keys of a
// store (security.md c).
//
//   unlock source -> root -> commitment, KEK -> slot -> master key -> crypto_kdf -> subkeys
//   subkey "wrap" -> data keys DEK[epoch], one of which seals each row
//
// The file is never part of the database. A changed keyring is written beside the old one, synced
// and renamed; two older generations stay. The trap: a store without its keyring, or a keyring
// without an unlock source, is lost for ever.

#include "shared/keys.h"

#define EPOCHS_MAX 64

enum subkey {
    SUBKEY_PEPPER = 1,
    SUBKEY_TOKEN,
    SUBKEY_INDEX,
    SUBKEY_POSITION,
    SUBKEY_DIGEST,
    SUBKEY_WRAP,
    SUBKEY_SERVER,
    SUBKEY_REQUEST,
    SUBKEY_AUDIT,
    SUBKEY_LIMIT
};

// Lives in guarded, locked memory; made by secrets_make.
struct secrets {
    struct key master;
    struct key subkey[SUBKEY_LIMIT];
    struct key dek[EPOCHS_MAX]; // epoch e at index e - 1
    uint32_t epoch;             // of new writes: the last one
};

// What opens a keyring: at least one is set. The key file goes first.
struct unlock {
    const char *key_file;
    const char *passphrase;
};

struct secrets *secrets_make(void);         // NULL when the machine has no memory
void secrets_free(struct secrets *secrets); // NULL accepted
void secrets_free_at(struct secrets **secrets);

// A file of 32 random bytes, 0600, when there is none.
MUST_CHECK enum status key_file_ensure(const char *path);
// STATUS_KEY_MISSING when it is not there, not 32 bytes, or open to others.
MUST_CHECK enum status key_file_read(const char *path, struct key *out);

// Draws a master key and the first epoch, and writes `dir`/keyring with a slot for each source that
// `unlock` names.
MUST_CHECK enum status keyring_create(const char *dir, const struct unlock *unlock,
                                      struct secrets *out);
// Writes the bytes of a keyring file, of a backup, as the keyring of `dir`.
MUST_CHECK enum status keyring_adopt(const char *dir, struct bytes file);
// STATUS_KEY_MISSING when no slot opens, STATUS_TAMPERED when the file is damaged,
// STATUS_INCOMPLETE when it is missing.
MUST_CHECK enum status keyring_open(const char *dir, const struct unlock *unlock,
                                    struct secrets *out);
// Writes a new generation whose passphrase slot fits `passphrase`; the key-file slot stays as it
// is.
MUST_CHECK enum status keyring_set_passphrase(const char *dir, const struct unlock *unlock,
                                              const char *passphrase);
