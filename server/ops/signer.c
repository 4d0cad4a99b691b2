// SPDX-License-Identifier: Apache-2.0
#include "server/ops/signer.h"

#include "server/machine/machine.h"
#include "server/store/file.h"
#include "shared/checkpoint.h"
#include "shared/wire.h"

#include "proto/envelope.pb-c.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME    "audit.key"
#define BOUND        "kontor audit.key 1"
#define SLOT_BYTES   (8 + 8 + KEY_BYTES)
#define PLAIN_BYTES  (1 + 2 * SLOT_BYTES)
#define SEALED_BYTES (PLAIN_BYTES + BOX_BYTES)
#define ARENA_BYTES  CALL_ARENA_MAX

// A signing key with its epoch.
struct epoch_key {
    uint64_t number;
    int64_t begun_us;
    struct key seed;
};

struct signer {
    char path[PATH_BYTES_MAX];
    struct key seal; // of audit.key
    struct epoch_key current;
    struct epoch_key next; // signed by the current one in a transaction that may not be committed
    bool has_next;
    bool is_behind;       // the file: it could not be written when an epoch had ended
    uint64_t begun_size;  // records before the current epoch
    pthread_mutex_t lock; // of the keys, while the server runs
};

static void signer_wipe(struct signer *signer)
{
    explicit_bzero(signer, sizeof *signer);
}

static void signer_free_at(struct signer **signer)
{
    signer_free(*signer);
    *signer = NULL;
}

// ---- audit.key ----

static void slot_pack(const struct epoch_key *key, uint8_t out[static SLOT_BYTES])
{
    put_u64(out, key->number);
    put_u64(out + 8, (uint64_t)key->begun_us);
    memcpy(out + 16, key->seed.bytes, KEY_BYTES);
}

static void slot_unpack(const uint8_t in[static SLOT_BYTES], struct epoch_key *out)
{
    out->number = get_u64(in);
    out->begun_us = (int64_t)get_u64(in + 8);
    memcpy(out->seed.bytes, in + 16, KEY_BYTES);
}

// The content that the name had before, overwritten on the disk once the name has a new one. What a
// flash disk keeps of it besides is out of our hands.
static enum status old_wipe(int fd)
{
    uint8_t noise[SEALED_BYTES];
    random_fill(noise, sizeof noise);
    const bool is_wiped =
        pwrite(fd, noise, sizeof noise, 0) == (ssize_t)sizeof noise && fsync(fd) == 0;
    return is_wiped ? STATUS_OK : STATUS_FILE_ERROR;
}

static enum status keys_write(const struct signer *signer)
{
    uint8_t plain[PLAIN_BYTES] = {0};
    uint8_t sealed[SEALED_BYTES];
    plain[0] = signer->has_next ? 2 : 1;
    slot_pack(&signer->current, plain + 1);
    if (signer->has_next) {
        slot_pack(&signer->next, plain + 1 + SLOT_BYTES);
    }
    key_seal(&signer->seal, bytes_of(BOUND, strlen(BOUND)), bytes_of(plain, sizeof plain), sealed);
    explicit_bzero(plain, sizeof plain);
    CLEANUP(file_close_at) int old = open(signer->path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    const enum status status = file_replace(signer->path, 0600, bytes_of(sealed, sizeof sealed));
    return status == STATUS_OK && old >= 0 ? old_wipe(old) : status;
}

static enum status keys_read(struct signer *signer)
{
    uint8_t plain[PLAIN_BYTES];
    uint8_t sealed[SEALED_BYTES];
    size_t size = 0;
    enum status status = file_read(signer->path, sealed, sizeof sealed, &size);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : STATUS_UNREADABLE;
    }
    status = size == sizeof sealed ? key_open(&signer->seal, bytes_of(BOUND, strlen(BOUND)),
                                              bytes_of(sealed, sizeof sealed), plain)
                                   : STATUS_TAMPERED;
    if (status == STATUS_OK) {
        slot_unpack(plain + 1, &signer->current);
        signer->has_next = plain[0] == 2;
        slot_unpack(plain + 1 + SLOT_BYTES, &signer->next);
    }
    explicit_bzero(plain, sizeof plain);
    return status;
}

// ---- statements ----

static struct key_pair pair_of(const struct epoch_key *key)
{
    struct key_pair pair;
    key_sign_pair(&pair, key->seed.bytes);
    return pair;
}

static enum status checkpoint_put(struct txn *txn, const struct epoch_key *key)
{
    struct head *head = txn_head(txn);
    struct checkpoint checkpoint = {
        .size = head->tree.size,
        .epoch = key->number,
        .number = head->checkpoint + 1,
        .commit = head->commit,
        .time_us = head->instant_us,
    };
    memcpy(checkpoint.book_id, head->book_id, sizeof checkpoint.book_id);
    memcpy(checkpoint.root, head->tree_root, sizeof checkpoint.root);
    memcpy(checkpoint.header, head->header, sizeof checkpoint.header);
    char origin[NOTE_NAME_MAX];
    audit_origin(head->book_id, origin);
    CLEANUP(key_pair_wipe) struct key_pair pair = pair_of(key);
    const char *text = checkpoint_print(txn_arena(txn), &checkpoint);
    struct bytes note = bytes_of(NULL, 0);
    enum status status =
        text != NULL ? note_sign(txn_arena(txn), text, origin, &pair, &note) : STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        return status;
    }
    CheckpointRecord record;
    checkpoint_record__init(&record);
    record.note = (ProtobufCBinaryData){.len = note.size, .data = (uint8_t *)(uintptr_t)note.data};
    status = table_put(txn, TABLE_checkpoint, key_u64(checkpoint.number),
                       (const ProtobufCMessage *)&record);
    if (status == STATUS_OK) {
        head->checkpoint = checkpoint.number;
        head->checkpoint_size = checkpoint.size;
    }
    return status;
}

// `by_house`: `pair` is the house key, not the epoch before.
static enum status epoch_put(struct txn *txn, const struct epoch_key *key,
                             const struct key_pair *pair, bool by_house)
{
    struct head *head = txn_head(txn);
    assert(key->number == head->epochs);
    struct epoch epoch = {.number = key->number, .size = head->tree.size, .commit = head->commit};
    CLEANUP(key_pair_wipe) struct key_pair named = pair_of(key);
    memcpy(epoch.book_id, head->book_id, sizeof epoch.book_id);
    memcpy(epoch.key, named.public_bytes, sizeof epoch.key);
    memcpy(epoch.root, head->tree_root, sizeof epoch.root);
    memcpy(epoch.header, head->header, sizeof epoch.header);
    char name[NOTE_NAME_MAX];
    if (by_house) {
        audit_house_name(head->book_id, name);
    } else {
        audit_origin(head->book_id, name);
    }
    const char *text = epoch_print(txn_arena(txn), &epoch);
    struct bytes note = bytes_of(NULL, 0);
    enum status status =
        text != NULL ? note_sign(txn_arena(txn), text, name, pair, &note) : STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t house[KEY_BYTES];
    memcpy(house, pair->public_bytes, sizeof house);
    EpochRecord record;
    epoch_record__init(&record);
    record.note = (ProtobufCBinaryData){.len = note.size, .data = (uint8_t *)(uintptr_t)note.data};
    record.house = (ProtobufCBinaryData){.len = by_house ? sizeof house : 0, .data = house};
    status = table_put(txn, TABLE_epoch, key_u64(epoch.number), (const ProtobufCMessage *)&record);
    if (status == STATUS_OK) {
        head->epochs++;
    }
    return status;
}

// ---- making and opening ----

static bool signer_init(struct signer *signer, const struct store *store, const char *dir)
{
    *signer = (struct signer){.seal = store_key(store, STORE_KEY_AUDIT),
                              .lock = PTHREAD_MUTEX_INITIALIZER};
    return file_path(dir, FILE_NAME, signer->path);
}

// A key for the next epoch of this head, signed by the house.
static enum status begin_by_house(struct signer *signer, struct txn *txn,
                                  const struct key_pair *house, int64_t now_us)
{
    signer->current = (struct epoch_key){
        .number = txn_head(txn)->epochs, .begun_us = now_us, .seed = key_random()};
    signer->has_next = false;
    enum status status = keys_write(signer);
    if (status == STATUS_OK) {
        status = txn_end_journal(txn);
    }
    if (status == STATUS_OK) {
        status = epoch_put(txn, &signer->current, house, true);
    }
    return status == STATUS_OK ? checkpoint_put(txn, &signer->current) : status;
}

enum status signer_found(struct txn *txn, const char *dir, const struct key_pair *house,
                         int64_t now_us)
{
    assert(txn_head(txn)->epochs == 0 && txn_head(txn)->number > 0);
    struct signer signer CLEANUP(signer_wipe);
    return signer_init(&signer, txn_store(txn), dir) ? begin_by_house(&signer, txn, house, now_us)
                                                     : STATUS_FILE_ERROR;
}

// That the house key was needed once more stands in the journal.
static enum status note_renewal(struct txn *txn, int64_t now_us)
{
    ServerNote note;
    server_note__init(&note);
    note.kind = NOTE_KIND__NOTE_KIND_RENEWED;
    Request request;
    request__init(&request);
    wire_set_inner(&request.base, command_by_name("server_note")->number, &note.base);
    uint8_t hash[32];
    key_hash(NULL, bytes_of(&note.kind, sizeof note.kind), hash, sizeof hash);
    const struct peer peer = {.system = true};
    const struct stamp stamp = {.number = txn_head(txn)->number + 1,
                                .instant_us = now_us,
                                .book_day = txn_head(txn)->book_day};
    struct call call = {.arena = txn_arena(txn)};
    Reply reply;
    reply__init(&reply);
    const enum status status =
        machine_write(txn, &peer, &stamp, &request, hash, NULL, &call, &reply);
    return status == STATUS_OK ? (enum status)reply.status : status;
}

enum status signer_renew(struct store *store, const char *dir, const struct key_pair *house,
                         int64_t now_us)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    struct signer signer CLEANUP(signer_wipe);
    if (!signer_init(&signer, store, dir) || arena == NULL) {
        return arena == NULL ? STATUS_ENVIRONMENT : STATUS_FILE_ERROR;
    }
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(store, TXN_WRITE, arena, &txn);
    if (status == STATUS_OK) {
        status = note_renewal(txn, now_us);
    }
    if (status == STATUS_OK) {
        status = begin_by_house(&signer, txn, house, now_us);
    }
    return status == STATUS_OK ? txn_commit(txn) : status;
}

// Which of the keys in the file is the one whose epoch is on: a power cut may have left two.
static enum status choose(struct signer *signer, struct txn *txn)
{
    const uint64_t epochs = txn_head(txn)->epochs;
    if (epochs == 0) {
        return STATUS_INCOMPLETE;
    }
    if (signer->has_next && signer->next.number + 1 == epochs) {
        signer->current = signer->next;
    }
    if (signer->current.number + 1 != epochs) {
        return STATUS_INCOMPLETE;
    }
    ProtobufCMessage *message = NULL;
    enum status status =
        table_get(txn, TABLE_epoch, key_u64(signer->current.number), &message, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const EpochRecord *record = (const EpochRecord *)message;
    struct bytes text;
    struct epoch epoch;
    CLEANUP(key_pair_wipe) struct key_pair pair = pair_of(&signer->current);
    if (!note_text(bytes_of(record->note.data, record->note.len), &text) ||
        !epoch_parse(text, &epoch) || memcmp(epoch.key, pair.public_bytes, sizeof epoch.key) != 0) {
        return STATUS_TAMPERED;
    }
    signer->begun_size = epoch.size;
    const bool had_next = signer->has_next;
    signer->has_next = false;
    return had_next ? keys_write(signer) : STATUS_OK;
}

enum status signer_open(struct store *store, const char *dir, struct signer **out)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    CLEANUP(signer_free_at) struct signer *signer = calloc(1, sizeof *signer);
    if (arena == NULL || signer == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = signer_init(signer, store, dir) ? keys_read(signer) : STATUS_FILE_ERROR;
    if (status == STATUS_OK) {
        status = txn_begin(store, TXN_READ, arena, &txn);
    }
    if (status == STATUS_OK) {
        status = choose(signer, txn);
    }
    if (status == STATUS_OK) {
        *out = signer;
        signer = NULL;
    }
    return status;
}

void signer_free(struct signer *signer)
{
    if (signer != NULL) {
        signer_wipe(signer);
        free(signer);
    }
}

// ---- signing ----

// The transaction that began the next epoch is known by now: the old key goes, or the new one. A
// file that cannot be written now holds both until it can.
static void settle(struct signer *signer, const struct head *head)
{
    if (signer->has_next) {
        if (head->epochs == signer->next.number + 1) {
            signer->current = signer->next;
            signer->begun_size = head->checkpoint_size;
        }
        signer->has_next = false;
        key_wipe(&signer->next.seed);
        signer->is_behind = true;
    }
    if (signer->is_behind) {
        signer->is_behind = keys_write(signer) != STATUS_OK;
    }
}

static bool epoch_is_over(const struct signer *signer, const struct head *head, int64_t now_us)
{
    return now_us - signer->current.begun_us >= EPOCH_US ||
           head->tree.size - signer->begun_size >= EPOCH_RECORDS;
}

// Both keys are on the disk before the statement is. When they cannot be written, the epoch goes on
// until the next checkpoint: a disk without room must not end the process.
static enum status succeed(struct signer *signer, struct txn *txn, int64_t now_us)
{
    signer->next = (struct epoch_key){
        .number = signer->current.number + 1, .begun_us = now_us, .seed = key_random()};
    signer->has_next = true;
    if (keys_write(signer) != STATUS_OK) {
        signer->has_next = false;
        key_wipe(&signer->next.seed);
        return STATUS_OK;
    }
    CLEANUP(key_pair_wipe) struct key_pair pair = pair_of(&signer->current);
    return epoch_put(txn, &signer->next, &pair, false);
}

static enum status seal(struct signer *signer, struct txn *txn, int64_t now_us, bool demanded)
{
    const struct head *head = txn_head(txn);
    settle(signer, head);
    const uint64_t grown = head->tree.size - head->checkpoint_size;
    if (grown == 0 || (!demanded && grown < CHECKPOINT_RECORDS)) {
        return STATUS_OK;
    }
    enum status status = txn_end_journal(txn);
    if (status == STATUS_OK) {
        status = checkpoint_put(txn, &signer->current);
    }
    return status == STATUS_OK && epoch_is_over(signer, head, now_us) ? succeed(signer, txn, now_us)
                                                                      : status;
}

enum status signer_seal(struct signer *signer, struct txn *txn, int64_t now_us, bool demanded)
{
    pthread_mutex_lock(&signer->lock);
    const enum status status = seal(signer, txn, now_us, demanded);
    pthread_mutex_unlock(&signer->lock);
    return status;
}

enum status signer_note(struct signer *signer, struct arena *arena, const char *text,
                        const char *name, struct bytes *out)
{
    pthread_mutex_lock(&signer->lock);
    CLEANUP(key_pair_wipe) struct key_pair pair = pair_of(&signer->current);
    const uint64_t number = signer->current.number;
    pthread_mutex_unlock(&signer->lock);
    const char *whole = arena_print(arena, "%sepoch %" PRIu64 "\n", text, number);
    return whole != NULL ? note_sign(arena, whole, name, &pair, out) : STATUS_TOO_LARGE;
}
