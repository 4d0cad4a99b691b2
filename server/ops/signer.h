// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signs the journal: checkpoints at the end of a batch's transaction, and the successor of a
// signing epoch. The current epoch's secret key lies in audit.key (sealed) inside the store's
// directory and nowhere else; when the epoch ends it signs the next one's public key and is wiped,
// so that who takes the machine over cannot sign what was before. Works on the writer thread; the
// clock is handed in. Only signer_note is for other threads too.

#include "server/store/store.h"

struct signer;

// Of a new book, in its first transaction, behind its first record: draws the key of epoch 0, which
// the house key signs, writes audit.key into `dir` and signs the first checkpoint.
MUST_CHECK enum status signer_found(struct txn *txn, const char *dir, const struct key_pair *house,
                                    int64_t now_us);

// STATUS_INCOMPLETE when audit.key or the epoch is missing, STATUS_TAMPERED when the key is not the
// epoch's.
MUST_CHECK enum status signer_open(struct store *store, const char *dir, struct signer **out);
void signer_free(struct signer *signer); // NULL accepted

// At the end of a write transaction. Signs a checkpoint when the journal has grown since the last
// one and `demanded` or by CHECKPOINT_RECORDS; then ends an epoch that is EPOCH_US old or has
// EPOCH_RECORDS. Nothing may be appended to the journal behind it.
MUST_CHECK enum status signer_seal(struct signer *signer, struct txn *txn, int64_t now_us,
                                   bool demanded);

// Signs a statement of the server (lines) with the key of the epoch that is on; the line "epoch
// NUMBER" is added to it. From any thread.
MUST_CHECK enum status signer_note(struct signer *signer, struct arena *arena, const char *text,
                                   const char *name, struct bytes *out);

// A new epoch signed by the house key, when audit.key was lost; the store is not served meanwhile.
MUST_CHECK enum status signer_renew(struct store *store, const char *dir,
                                    const struct key_pair *house, int64_t now_us);
