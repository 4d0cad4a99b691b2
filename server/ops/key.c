// SPDX-License-Identifier: Apache-2.0
#include "server/ops/key.h"

#include "server/ops/offline.h"
#include "server/store/file.h"
#include "shared/checkpoint.h"
#include "shared/statement.h"

#define TIMELINE    1
#define ARENA_BYTES ((size_t)1024 * 1024)

// ---- what is known ----

struct known {
    bool has;
    StatementRecord *record;
    struct statement statement;
};

static enum status known_load(struct offline *offline, struct known *out)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    struct row_key key;
    ProtobufCMessage *row = NULL;
    *out = (struct known){.has = false};
    enum status status = txn_begin(offline->store, TXN_READ, offline->arena, &txn);
    if (status == STATUS_OK) {
        status = scan_open(txn, TABLE_statement, (struct row_key){.size = 0}, 0, true, &scan);
    }
    if (status == STATUS_OK) {
        status = scan_next(scan, &key, &row);
    }
    if (status != STATUS_OK) {
        return status == STATUS_END ? STATUS_OK : status;
    }
    out->has = true;
    out->record = (StatementRecord *)row;
    return statement_check(out->record->statement, offline->keys.house_key, &out->statement);
}

// The key that signs the journal from its first record on.
static enum status audit_key_load(struct offline *offline, struct txn *txn,
                                  uint8_t out[static KEY_BYTES])
{
    (void)offline;
    ProtobufCMessage *row = NULL;
    struct bytes text;
    struct epoch epoch;
    const enum status status = table_get(txn, TABLE_epoch, key_u64(0), &row, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const EpochRecord *record = (const EpochRecord *)row;
    if (!note_text(bytes_of(record->note.data, record->note.len), &text) ||
        !epoch_parse(text, &epoch)) {
        return STATUS_TAMPERED;
    }
    memcpy(out, epoch.key, KEY_BYTES);
    return STATUS_OK;
}

static enum status facts_load(struct offline *offline, struct statement *out)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    const enum status status = txn_begin(offline->store, TXN_READ, offline->arena, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(out->book_id, txn_head(txn)->book_id, BOOK_ID_BYTES);
    return audit_key_load(offline, txn, out->audit_key);
}

// ---- plans ----

static enum status write_text(const char *path, const char *text)
{
    return text != NULL ? file_write_new(path, 0600, bytes_of(text, strlen(text)))
                        : STATUS_TOO_LARGE;
}

static void add_valid(struct statement *statement, const struct key_pair *pair)
{
    assert(statement->valid_count < STATEMENT_KEYS_MAX);
    memcpy(statement->valid[statement->valid_count++], pair->public_bytes, KEY_BYTES);
}

// The oldest gives way: its key was left long ago.
static void add_revoked(struct statement *statement, const uint8_t key[static KEY_BYTES])
{
    if (statement_revokes(statement, key)) {
        return;
    }
    if (statement->revoked_count == STATEMENT_REVOKED_MAX) {
        statement->revoked_count--;
        memmove(statement->revoked[0], statement->revoked[1],
                statement->revoked_count * sizeof statement->revoked[0]);
    }
    server_key_id(key, statement->revoked[statement->revoked_count++]);
}

enum plan { PLAN_NEXT, PLAN_FINISH, PLAN_THEFT };

static bool is_next_known(const struct offline *offline, const struct known *known)
{
    return known->has && offline->keys.has_next &&
           statement_has(&known->statement, offline->keys.next.public_bytes);
}

// What the statement calls valid and revoked; draws the next key where one is wanted.
static enum status fill(struct offline *offline, const char *dir, const struct known *known,
                        enum plan plan, struct statement *out)
{
    const struct key_pair *next = &offline->keys.next;
    enum status status = STATUS_OK;
    if (known->has) {
        out->revoked_count = known->statement.revoked_count;
        memcpy(out->revoked, known->statement.revoked, sizeof out->revoked);
    }
    if (plan == PLAN_NEXT) {
        add_valid(out, &offline->keys.server);
    } else {
        add_revoked(out, offline->keys.server.public_bytes);
    }
    if (plan == PLAN_THEFT) {
        for (size_t i = 0; known->has && i < known->statement.valid_count; i++) {
            add_revoked(out, known->statement.valid[i]);
        }
        if (offline->keys.has_next) {
            add_revoked(out, next->public_bytes);
        }
        status = server_keys_redraw_next(offline->store, dir, &offline->keys);
    } else if (!offline->keys.has_next) {
        status = server_keys_draw_next(offline->store, dir, &offline->keys);
    }
    if (status == STATUS_OK) {
        add_valid(out, next);
    }
    return status;
}

static enum status plan_write(const struct key_options *options, enum plan plan)
{
    CLEANUP(offline_close) struct offline offline = {.store = NULL};
    struct known known;
    struct statement statement = {.timeline = TIMELINE};
    if (file_exists(options->output)) {
        return STATUS_STORE_EXISTS;
    }
    enum status status = offline_open(&options->store, options->instant_us, &offline);
    if (status == STATUS_OK) {
        status = known_load(&offline, &known);
    }
    if (status == STATUS_OK && plan == PLAN_FINISH && !is_next_known(&offline, &known)) {
        status = STATUS_KEY_NOT_PLANNED;
    }
    if (status == STATUS_OK) {
        status = facts_load(&offline, &statement);
    }
    if (status == STATUS_OK) {
        status = fill(&offline, options->store.dir, &known, plan, &statement);
    }
    if (status != STATUS_OK) {
        return status;
    }
    statement.serial = known.has ? known.statement.serial + 1 : 1;
    return write_text(options->output, statement_print(offline.arena, &statement));
}

enum status key_plan(const struct key_options *options)
{
    return plan_write(options, PLAN_NEXT);
}

enum status key_finish(const struct key_options *options)
{
    return plan_write(options, PLAN_FINISH);
}

enum status key_revoke(const struct key_options *options)
{
    return plan_write(options, PLAN_THEFT);
}

// ---- signing ----

static enum status read_text(struct arena *arena, const char *path, char **out)
{
    uint8_t *text = arena_alloc(arena, STATEMENT_TEXT_MAX + 1);
    size_t size = 0;
    if (text == NULL) {
        return STATUS_TOO_LARGE;
    }
    const enum status status = file_read(path, text, STATEMENT_TEXT_MAX, &size);
    text[status == STATUS_OK ? size : 0] = '\0';
    *out = (char *)text;
    return status == STATUS_NOT_FOUND ? STATUS_FILE_ERROR : status;
}

enum status key_sign_statement(const struct key_options *options)
{
    struct arena *arena CLEANUP(arena_free_at) = arena_make(ARENA_BYTES);
    CLEANUP(key_pair_wipe) struct key_pair house = {0};
    struct statement statement;
    char *text = NULL;
    char *signed_text = NULL;
    enum status status =
        arena != NULL ? read_text(arena, options->statement, &text) : STATUS_ENVIRONMENT;
    if (status == STATUS_OK) {
        status = statement_parse(text, &statement);
    }
    if (status == STATUS_OK) {
        status = house_key_load(options->house_key, &house);
    }
    if (status == STATUS_OK) {
        status = statement_sign(arena, statement_print(arena, &statement), &house, &signed_text);
    }
    return status == STATUS_OK ? write_text(options->output, signed_text) : status;
}

// ---- applying ----

static enum status publish(struct offline *offline, char *text, uint32_t serial)
{
    KeyPublish publish;
    key_publish__init(&publish);
    publish.statement = text;
    publish.serial = serial;
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_KEY_PUBLISH;
    request.key_publish = &publish;
    return offline_run(offline, &request, NULL);
}

// Every key that the statement calls valid must be here, or clients would be sent to nobody.
static bool has_keys(const struct offline *offline, const struct statement *statement)
{
    for (size_t i = 0; i < statement->valid_count; i++) {
        const uint8_t *key = statement->valid[i];
        const bool is_current = memcmp(key, offline->keys.server.public_bytes, KEY_BYTES) == 0;
        const bool is_next =
            offline->keys.has_next && memcmp(key, offline->keys.next.public_bytes, KEY_BYTES) == 0;
        if (!is_current && !is_next) {
            return false;
        }
    }
    return true;
}

static enum status apply(struct offline *offline, const struct key_options *options, char *text)
{
    struct known known;
    struct statement statement;
    struct statement facts = {.serial = 0};
    enum status status = statement_check(text, offline->keys.house_key, &statement);
    if (status == STATUS_OK) {
        status = facts_load(offline, &facts);
    }
    if (status == STATUS_OK && (memcmp(facts.book_id, statement.book_id, BOOK_ID_BYTES) != 0 ||
                                !has_keys(offline, &statement))) {
        status = STATUS_STATEMENT_WRONG;
    }
    if (status == STATUS_OK) {
        status = known_load(offline, &known);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const bool is_repeat = known.has && strcmp(known.record->statement, text) == 0;
    status = is_repeat ? STATUS_OK : publish(offline, text, statement.serial);
    if (status == STATUS_OK && !statement_has(&statement, offline->keys.server.public_bytes)) {
        status = server_keys_promote(options->store.dir);
    }
    return status;
}

enum status key_apply(const struct key_options *options)
{
    CLEANUP(offline_close) struct offline offline = {.store = NULL};
    char *text = NULL;
    enum status status = offline_open(&options->store, options->instant_us, &offline);
    if (status == STATUS_OK) {
        status = read_text(offline.arena, options->statement, &text);
    }
    return status == STATUS_OK ? apply(&offline, options, text) : status;
}

// ---- looking ----

static void print_key(struct offline *offline, const char *name, const uint8_t *key, FILE *out)
{
    const char *words = key_words(offline->arena, key);
    (void)fprintf(out, "%-10s %s\n", name, words != NULL ? words : "");
}

enum status key_list(const struct key_options *options, FILE *out)
{
    CLEANUP(offline_close) struct offline offline = {.store = NULL};
    struct known known;
    enum status status = offline_open(&options->store, options->instant_us, &offline);
    if (status == STATUS_OK) {
        status = known_load(&offline, &known);
    }
    if (status != STATUS_OK) {
        return status;
    }
    print_key(&offline, "current", offline.keys.server.public_bytes, out);
    if (offline.keys.has_next) {
        print_key(&offline, "next", offline.keys.next.public_bytes, out);
    }
    print_key(&offline, "house", offline.keys.house_key, out);
    (void)fprintf(out, "%-10s %u\n", "serial", known.has ? known.statement.serial : 0);
    (void)fprintf(out, "%-10s %zu\n", "revoked", known.has ? known.statement.revoked_count : 0);
    return STATUS_OK;
}
