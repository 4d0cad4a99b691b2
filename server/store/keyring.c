// SPDX-License-Identifier: Apache-2.0
#include "server/store/keyring.h"

#include "server/store/file.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

// Layout: magic (8), slot count (1), slots, then the body sealed under the master key with
// everything before it as associated data. A slot: kind (1), salt (16), commitment (32), the master
// key sealed under the slot's KEK (72). Body: epoch count (4), data keys, each 32 bytes.
#define MAGIC_BYTES       8
#define SALT_BYTES        16
#define SEALED_KEY_BYTES  (KEY_BYTES + BOX_BYTES)
#define SLOT_BYTES        (1 + SALT_BYTES + KEY_BYTES + SEALED_KEY_BYTES)
#define SLOTS_MAX         2
#define BODY_BYTES_MAX    (4 + EPOCHS_MAX * KEY_BYTES)
#define FILE_BYTES_MAX    (MAGIC_BYTES + 1 + SLOTS_MAX * SLOT_BYTES + BODY_BYTES_MAX + BOX_BYTES)
#define PASSPHRASE_PASSES 3
#define PASSPHRASE_MEMORY ((size_t)256 * 1024 * 1024)
#define KDF_CONTEXT       "ktrstore"
#define WRAP_CONTEXT      "ktrwraps"

static const uint8_t MAGIC[MAGIC_BYTES] = {'K', 'T', 'R', 'K', 'E', 'Y', '1', '\n'};

enum slot_kind { SLOT_KEY_FILE = 1, SLOT_PASSPHRASE = 2 };

struct slot {
    uint8_t kind;
    uint8_t salt[SALT_BYTES];
    uint8_t commitment[KEY_BYTES];
    uint8_t sealed[SEALED_KEY_BYTES];
};

struct keyring {
    struct slot slot[SLOTS_MAX];
    size_t slot_count;
    uint8_t body[BODY_BYTES_MAX + BOX_BYTES]; // sealed
    size_t body_size;
};

struct secrets *secrets_make(void)
{
    struct secrets *secrets = sodium_malloc(sizeof *secrets);
    if (secrets != NULL) {
        memset(secrets, 0, sizeof *secrets);
    }
    return secrets;
}

void secrets_free(struct secrets *secrets)
{
    sodium_free(secrets);
}

void secrets_free_at(struct secrets **secrets)
{
    secrets_free(*secrets);
    *secrets = NULL;
}

enum status key_file_ensure(const char *path)
{
    if (file_exists(path)) {
        return STATUS_OK;
    }
    CLEANUP(key_wipe) struct key key = key_random();
    const enum status status = file_write_new(path, 0600, bytes_of(key.bytes, sizeof key.bytes));
    return status == STATUS_STORE_EXISTS ? STATUS_OK : status;
}

enum status key_file_read(const char *path, struct key *out)
{
    CLEANUP(key_wipe) struct key key = {{0}};
    size_t size = 0;
    if (!file_is_private(path) ||
        file_read(path, key.bytes, sizeof key.bytes, &size) != STATUS_OK ||
        size != sizeof key.bytes) {
        return STATUS_KEY_MISSING;
    }
    *out = key;
    return STATUS_OK;
}

// The root of a slot: the key file's bytes, or Argon2id of the passphrase.
static enum status slot_root(const struct slot *slot, const struct unlock *unlock, struct key *root)
{
    if (slot->kind == SLOT_KEY_FILE) {
        return unlock->key_file == NULL ? STATUS_KEY_MISSING
                                        : key_file_read(unlock->key_file, root);
    }
    if (unlock->passphrase == NULL) {
        return STATUS_KEY_MISSING;
    }
    return key_of_passphrase(unlock->passphrase, slot->salt, PASSPHRASE_PASSES, PASSPHRASE_MEMORY,
                             root);
}

// Commitment and KEK of a root. The commitment is there because the seal alone does not commit to
// its key: one blob could be made to open under two passphrases.
static void slot_keys(const struct slot *slot, const struct key *root,
                      uint8_t commitment[static KEY_BYTES], struct key *kek)
{
    uint8_t text[1 + SALT_BYTES + 1];
    text[0] = slot->kind;
    memcpy(text + 1, slot->salt, SALT_BYTES);
    text[1 + SALT_BYTES] = 'C';
    key_hash(root, bytes_of(text, sizeof text), commitment, KEY_BYTES);
    text[1 + SALT_BYTES] = 'K';
    key_hash(root, bytes_of(text, sizeof text), kek->bytes, KEY_BYTES);
}

static struct bytes slot_associated(const struct slot *slot)
{
    static_assert(offsetof(struct slot, salt) == 1 &&
                      offsetof(struct slot, commitment) == 1 + SALT_BYTES,
                  "a slot has no padding");
    return bytes_of(slot, 1 + SALT_BYTES + KEY_BYTES);
}

static enum status slot_fill(struct slot *slot, uint8_t kind, const struct unlock *unlock,
                             const struct key *master)
{
    *slot = (struct slot){.kind = kind};
    random_fill(slot->salt, sizeof slot->salt);
    CLEANUP(key_wipe) struct key root;
    CLEANUP(key_wipe) struct key kek;
    const enum status status = slot_root(slot, unlock, &root);
    if (status != STATUS_OK) {
        return status;
    }
    slot_keys(slot, &root, slot->commitment, &kek);
    key_seal(&kek, slot_associated(slot), bytes_of(master->bytes, KEY_BYTES), slot->sealed);
    return STATUS_OK;
}

static enum status slot_open(const struct slot *slot, const struct unlock *unlock,
                             struct key *master)
{
    CLEANUP(key_wipe) struct key root;
    CLEANUP(key_wipe) struct key kek;
    const enum status status = slot_root(slot, unlock, &root);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t commitment[KEY_BYTES];
    slot_keys(slot, &root, commitment, &kek);
    if (!keys_equal(commitment, slot->commitment, KEY_BYTES)) {
        return STATUS_KEY_MISSING;
    }
    return key_open(&kek, slot_associated(slot), bytes_of(slot->sealed, SEALED_KEY_BYTES),
                    master->bytes);
}

static void derive_subkeys(struct secrets *secrets)
{
    for (uint64_t id = SUBKEY_PEPPER; id < SUBKEY_LIMIT; id++) {
        secrets->subkey[id] = key_derive(&secrets->master, id, KDF_CONTEXT);
    }
}

static struct key body_key(const struct secrets *secrets)
{
    return key_derive(&secrets->subkey[SUBKEY_WRAP], 1, WRAP_CONTEXT);
}

// What the body's seal binds: everything that stands before it.
static size_t print_front(const struct keyring *keyring, uint8_t *out)
{
    assert(keyring->slot_count <= SLOTS_MAX);
    memcpy(out, MAGIC, MAGIC_BYTES);
    out[MAGIC_BYTES] = (uint8_t)keyring->slot_count;
    memcpy(out + MAGIC_BYTES + 1, keyring->slot, keyring->slot_count * SLOT_BYTES);
    return MAGIC_BYTES + 1 + keyring->slot_count * SLOT_BYTES;
}

static void body_seal(struct keyring *keyring, const struct secrets *secrets)
{
    static_assert(sizeof(struct slot) == SLOT_BYTES, "a slot has no padding");
    assert(secrets->epoch >= 1 && secrets->epoch <= EPOCHS_MAX);
    uint8_t front[MAGIC_BYTES + 1 + SLOTS_MAX * SLOT_BYTES];
    const size_t front_size = print_front(keyring, front);
    uint8_t body[BODY_BYTES_MAX];
    put_u32(body, secrets->epoch);
    memcpy(body + 4, secrets->dek, (size_t)secrets->epoch * KEY_BYTES);
    const size_t body_size = 4 + (size_t)secrets->epoch * KEY_BYTES;
    CLEANUP(key_wipe) struct key key = body_key(secrets);
    key_seal(&key, bytes_of(front, front_size), bytes_of(body, body_size), keyring->body);
    keyring->body_size = body_size + BOX_BYTES;
    explicit_bzero(body, sizeof body);
}

static enum status body_open(const struct keyring *keyring, struct secrets *secrets)
{
    uint8_t front[MAGIC_BYTES + 1 + SLOTS_MAX * SLOT_BYTES];
    const size_t front_size = print_front(keyring, front);
    uint8_t body[BODY_BYTES_MAX];
    CLEANUP(key_wipe) struct key key = body_key(secrets);
    enum status status = key_open(&key, bytes_of(front, front_size),
                                  bytes_of(keyring->body, keyring->body_size), body);
    if (status == STATUS_OK) {
        const size_t body_size = keyring->body_size - BOX_BYTES;
        const uint32_t epoch = body_size >= 4 ? get_u32(body) : 0;
        if (epoch < 1 || epoch > EPOCHS_MAX || body_size != 4 + (size_t)epoch * KEY_BYTES) {
            status = STATUS_TAMPERED;
        } else {
            secrets->epoch = epoch;
            memcpy(secrets->dek, body + 4, (size_t)epoch * KEY_BYTES);
        }
    }
    explicit_bzero(body, sizeof body);
    return status;
}

static enum status keyring_read(const char *dir, struct keyring *keyring)
{
    char path[PATH_BYTES_MAX];
    if (!file_path(dir, "keyring", path)) {
        return STATUS_FILE_ERROR;
    }
    uint8_t file[FILE_BYTES_MAX];
    size_t size = 0;
    const enum status status = file_read(path, file, sizeof file, &size);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : STATUS_UNREADABLE;
    }
    if (size < MAGIC_BYTES + 1 || memcmp(file, MAGIC, MAGIC_BYTES) != 0) {
        return STATUS_TAMPERED;
    }
    keyring->slot_count = file[MAGIC_BYTES];
    const size_t front_size = MAGIC_BYTES + 1 + keyring->slot_count * SLOT_BYTES;
    if (keyring->slot_count < 1 || keyring->slot_count > SLOTS_MAX ||
        size < front_size + BOX_BYTES + 4 || size - front_size > sizeof keyring->body) {
        return STATUS_TAMPERED;
    }
    memcpy(keyring->slot, file + MAGIC_BYTES + 1, keyring->slot_count * SLOT_BYTES);
    keyring->body_size = size - front_size;
    memcpy(keyring->body, file + front_size, keyring->body_size);
    return STATUS_OK;
}

// keyring.1 becomes keyring.2 and keyring becomes keyring.1 (a second name) before the new one
// takes the name: at every moment "keyring" is a whole file.
static enum status keyring_write(const char *dir, const struct keyring *keyring)
{
    char path[PATH_BYTES_MAX];
    char older[PATH_BYTES_MAX];
    char oldest[PATH_BYTES_MAX];
    if (!file_path(dir, "keyring", path) || !file_path(dir, "keyring.1", older) ||
        !file_path(dir, "keyring.2", oldest)) {
        return STATUS_FILE_ERROR;
    }
    if (file_exists(path)) {
        if (rename(older, oldest) != 0 && errno != ENOENT) {
            return STATUS_FILE_ERROR;
        }
        if (link(path, older) != 0) {
            return STATUS_FILE_ERROR;
        }
    }
    uint8_t file[FILE_BYTES_MAX];
    size_t size = print_front(keyring, file);
    memcpy(file + size, keyring->body, keyring->body_size);
    size += keyring->body_size;
    return file_replace(path, 0600, bytes_of(file, size));
}

enum status keyring_create(const char *dir, const struct unlock *unlock, struct secrets *out)
{
    assert(unlock->key_file != NULL || unlock->passphrase != NULL);
    struct keyring keyring = {.slot_count = 0};
    out->master = key_random();
    derive_subkeys(out);
    out->dek[0] = key_random();
    out->epoch = 1;
    enum status status = STATUS_OK;
    if (unlock->key_file != NULL) {
        status =
            slot_fill(&keyring.slot[keyring.slot_count++], SLOT_KEY_FILE, unlock, &out->master);
    }
    if (status == STATUS_OK && unlock->passphrase != NULL) {
        status =
            slot_fill(&keyring.slot[keyring.slot_count++], SLOT_PASSPHRASE, unlock, &out->master);
    }
    if (status != STATUS_OK) {
        return status;
    }
    body_seal(&keyring, out);
    return keyring_write(dir, &keyring);
}

static enum status keyring_unlock(const struct keyring *keyring, const struct unlock *unlock,
                                  struct secrets *out)
{
    enum status status = STATUS_KEY_MISSING;
    for (size_t i = 0; i < keyring->slot_count && status != STATUS_OK; i++) {
        status = slot_open(&keyring->slot[i], unlock, &out->master);
    }
    if (status != STATUS_OK) {
        return status;
    }
    derive_subkeys(out);
    return body_open(keyring, out);
}

enum status keyring_open(const char *dir, const struct unlock *unlock, struct secrets *out)
{
    struct keyring keyring = {.slot_count = 0};
    const enum status status = keyring_read(dir, &keyring);
    return status == STATUS_OK ? keyring_unlock(&keyring, unlock, out) : status;
}

enum status keyring_set_passphrase(const char *dir, const struct unlock *unlock,
                                   const char *passphrase)
{
    CLEANUP(secrets_free_at) struct secrets *secrets = secrets_make();
    struct keyring keyring = {.slot_count = 0};
    if (secrets == NULL) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = keyring_read(dir, &keyring);
    if (status == STATUS_OK) {
        status = keyring_unlock(&keyring, unlock, secrets);
    }
    if (status != STATUS_OK) {
        return status;
    }
    size_t index = 0;
    while (index < keyring.slot_count && keyring.slot[index].kind != SLOT_PASSPHRASE) {
        index++;
    }
    if (index == SLOTS_MAX) {
        return STATUS_TAMPERED;
    }
    const struct unlock next = {.passphrase = passphrase};
    status = slot_fill(&keyring.slot[index], SLOT_PASSPHRASE, &next, &secrets->master);
    if (status != STATUS_OK) {
        return status;
    }
    keyring.slot_count = index == keyring.slot_count ? index + 1 : keyring.slot_count;
    body_seal(&keyring, secrets);
    return keyring_write(dir, &keyring);
}

enum status keyring_adopt(const char *dir, struct bytes file)
{
    char path[PATH_BYTES_MAX];
    return file_path(dir, "keyring", path) ? file_write_new(path, 0600, file) : STATUS_FILE_ERROR;
}
