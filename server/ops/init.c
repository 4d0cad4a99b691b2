// SPDX-License-Identifier: Apache-2.0
#include "server/ops/init.h"

#include "server/ledger/account.h"
#include "server/ledger/books.h"
#include "server/machine/machine.h"
#include "server/ops/signer.h"
#include "server/store/file.h"
#include "server/store/keyring.h"
#include "shared/day.h"
#include "shared/invite.h"
#include "shared/money.h"
#include "shared/text.h"
#include "shared/wire.h"

#include <limits.h>
#include <unistd.h>

#define MAKING_SUFFIX     ".init"
#define NOTE_NAME         "invitation.path"
#define ZONES_DIR         "/usr/share/zoneinfo"
#define COMPANY_BYTES_MAX 200
#define INVITATION_BYTES  1024
#define INIT_ARENA_BYTES  ((size_t)8 * 1024 * 1024)
#define HOUR_US           ((int64_t)3600 * 1000 * 1000)
#define KEPT_AFTER_US     (7 * 24 * HOUR_US) // a used invitation answers its own device for so long

static_assert(sizeof(((struct init_report *)NULL)->key_file) == PATH_BYTES_MAX, "paths fit");

struct making {
    const struct init_options *options;
    struct init_report *report;
    char dir[PATH_BYTES_MAX];    // without slashes at its end
    char making[PATH_BYTES_MAX]; // what will take that name
    uint32_t decimals;
    bool again; // an unfinished attempt was found
    struct store *store;
    struct arena *arena;
    struct server_keys keys;
    struct invitation invitation;
};

static void making_close(struct making *making)
{
    store_close(making->store);
    arena_free(making->arena);
    server_keys_wipe(&making->keys);
    invitation_wipe(&making->invitation);
}

// ---- refusals ----

static char *unwritten(const char *text)
{
    // Generated messages are not const-correct; what is packed is not written to.
    return (char *)(uintptr_t)text;
}

static bool zone_is_known(const char *zone)
{
    char path[PATH_BYTES_MAX];
    return zone[0] != '\0' && zone[0] != '/' && zone[0] != '.' && strstr(zone, "..") == NULL &&
           file_path(ZONES_DIR, zone, path) && access(path, R_OK) == 0;
}

static enum status refuse_field(struct making *making, const char *field, enum status status)
{
    making->report->field = field;
    return status;
}

static enum status check_texts(struct making *making)
{
    const struct init_options *options = making->options;
    const size_t company_size = strlen(options->company);
    if (company_size == 0) {
        return refuse_field(making, "company", STATUS_FIELD_MISSING);
    }
    if (company_size > COMPANY_BYTES_MAX) {
        return refuse_field(making, "company", STATUS_FIELD_TOO_LONG);
    }
    if (!text_is_clean(options->company, company_size, false)) {
        return refuse_field(making, "company", STATUS_FIELD_NOT_TEXT);
    }
    return STATUS_OK;
}

// A login is what user_invite takes for one.
static enum status check_owner(struct making *making)
{
    char *roles[] = {unwritten("owner")};
    UserInvite invite;
    user_invite__init(&invite);
    invite.login = unwritten(making->options->owner);
    invite.role = roles;
    invite.n_role = COUNT_OF(roles);
    struct problems problems;
    problems_init(&problems, making->arena);
    const enum status status =
        rules_check(command_by_name("user_invite"), (const ProtobufCMessage *)&invite, &problems);
    return status == STATUS_OK ? STATUS_OK : refuse_field(making, "owner", status);
}

static enum status check_choices(struct making *making)
{
    const struct init_options *options = making->options;
    if (!money_currency(options->currency, &making->decimals)) {
        return refuse_field(making, "currency", STATUS_FIELD_NOT_CHOICE);
    }
    if (chart_by_word(options->chart) == NULL) {
        return refuse_field(making, "chart", STATUS_FIELD_NOT_CHOICE);
    }
    if (!zone_is_known(options->time_zone)) {
        return refuse_field(making, "time_zone", STATUS_FIELD_NOT_CHOICE);
    }
    if (options->address != NULL && strlen(options->address) > INVITATION_ADDRESS_MAX) {
        return refuse_field(making, "address", STATUS_FIELD_TOO_LONG);
    }
    return STATUS_OK;
}

// The names of everything, and that nothing stands where something will be put. An invitation may
// stand there only if it is from an attempt that did not come to its end.
static enum status check_places(struct making *making)
{
    const struct init_options *options = making->options;
    struct init_report *report = making->report;
    if (!file_path_with(options->dir, "", making->dir)) {
        return refuse_field(making, "dir", STATUS_FIELD_TOO_LONG);
    }
    for (size_t end = strlen(making->dir); end > 1 && making->dir[end - 1] == '/'; end--) {
        making->dir[end - 1] = '\0';
    }
    const bool named =
        file_path_with(making->dir, MAKING_SUFFIX, making->making) &&
        (options->key_file != NULL ? file_path_with(options->key_file, "", report->key_file)
                                   : file_path_with(making->dir, ".key", report->key_file)) &&
        (options->house_file != NULL ? file_path_with(options->house_file, "", report->house_file)
                                     : file_path_with(making->dir, ".house", report->house_file));
    if (!named) {
        return refuse_field(making, "dir", STATUS_FIELD_TOO_LONG);
    }
    if (file_exists(making->dir)) {
        return refuse_field(making, "dir", STATUS_STORE_EXISTS);
    }
    making->again = file_exists(making->making);
    if (file_exists(options->invitation) && !making->again) {
        return refuse_field(making, "invitation", STATUS_STORE_EXISTS);
    }
    return STATUS_OK;
}

// ---- the first record ----

int32_t init_book_day(const char *time_zone, int64_t instant_us)
{
    (void)setenv("TZ", time_zone, 1);
    tzset();
    const time_t seconds = (time_t)(instant_us / 1000000);
    struct tm local;
    const bool is_known = localtime_r(&seconds, &local) != NULL;
    assert(is_known);
    const struct date date = {local.tm_year + 1900, (uint32_t)local.tm_mon + 1,
                              (uint32_t)local.tm_mday};
    int32_t day = 0;
    const bool is_day = day_of_date(date, &day);
    assert(is_day);
    return day;
}

// Runs the command and demands that it was done.
static enum status run_genesis(struct making *making, struct txn *txn, Request *request,
                               struct admitted *admitted)
{
    struct bytes packed;
    enum status status = wire_pack(making->arena, (const ProtobufCMessage *)request, &packed);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t hash[32];
    key_hash(NULL, packed, hash, sizeof hash);
    const int64_t instant_us = making->options->instant_us;
    const struct stamp stamp = {.number = 1,
                                .instant_us = instant_us,
                                .book_day = init_book_day(making->options->time_zone, instant_us)};
    const struct peer peer = {.system = true};
    struct call call = {.arena = making->arena};
    Reply reply;
    reply__init(&reply);
    status = machine_write(txn, &peer, &stamp, request, hash, admitted, &call, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    return reply.status == STATUS_OK ? STATUS_OK : (enum status)reply.status;
}

// The house key certifies the key that signs the journal from now on; then it leaves the machine.
static enum status sign_first(const struct making *making, struct txn *txn)
{
    CLEANUP(key_pair_wipe) struct key_pair house;
    const enum status status = house_key_load(making->report->house_file, &house);
    return status != STATUS_OK
               ? status
               : signer_found(txn, making->making, &house, making->options->instant_us);
}

static enum status open_book(struct making *making)
{
    const struct init_options *options = making->options;
    const char *folded = text_fold(making->arena, options->owner);
    if (folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    uint8_t login_hash[16];
    uint8_t book_id[16];
    store_hash(making->store, "login", bytes_of(folded, strlen(folded)), login_hash);
    random_fill(book_id, sizeof book_id);
    const int64_t expires_us = options->instant_us + (int64_t)INVITATION_HOURS * HOUR_US;
    making->report->invitation_expires_us = expires_us;

    BookOpen open;
    book_open__init(&open);
    open.company = unwritten(options->company);
    open.currency = unwritten(options->currency);
    open.decimals = making->decimals;
    open.chart = unwritten(options->chart);
    open.chart_edition = CHART_EDITION;
    open.time_zone = unwritten(options->time_zone);
    open.book_id = (ProtobufCBinaryData){.len = sizeof book_id, .data = book_id};
    open.owner_login = unwritten(options->owner);
    open.login_hash = (ProtobufCBinaryData){.len = sizeof login_hash, .data = login_hash};
    open.invitation_id =
        (ProtobufCBinaryData){.len = sizeof making->invitation.id, .data = making->invitation.id};
    open.expires_us = expires_us;
    open.feature_level = MACHINE_FEATURE_LEVEL;
    Request request;
    request__init(&request);
    wire_set_inner((ProtobufCMessage *)&request, command_by_name("book_open")->number,
                   (ProtobufCMessage *)&open);
    struct admitted admitted = {.has_psk = true,
                                .psk = invitation_psk(making->invitation.secret),
                                .psk_expires_us = expires_us + KEPT_AFTER_US};
    memcpy(admitted.invitation_id, making->invitation.id, sizeof admitted.invitation_id);

    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(making->store, TXN_WRITE, making->arena, &txn);
    if (status == STATUS_OK) {
        status = run_genesis(making, txn, &request, &admitted);
    }
    key_wipe(&admitted.psk);
    if (status == STATUS_OK) {
        status = sign_first(making, txn);
    }
    return status == STATUS_OK ? txn_commit(txn) : status;
}

// ---- the invitation ----

static enum status invitation_write(struct arena *arena, const struct invitation *invitation,
                                    const char *path, bool replace)
{
    const char *text = invitation_print(arena, invitation);
    const char *line = text != NULL ? arena_print(arena, "%s\n", text) : NULL;
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    const struct bytes content = bytes_of(line, strlen(line));
    return replace ? file_replace(path, 0600, content) : file_write_new(path, 0600, content);
}

static enum status invitation_read(const char *path, struct invitation *out)
{
    char text[INVITATION_BYTES + 1] = {0};
    size_t size = 0;
    enum status status = file_read(path, (uint8_t *)text, INVITATION_BYTES, &size);
    if (status == STATUS_OK) {
        status = invitation_parse(text, out);
    }
    explicit_bzero(text, sizeof text);
    return status;
}

// Where the invitation lies, for the server's first start.
static enum status note_write(const struct making *making)
{
    char whole[PATH_MAX];
    char path[PATH_BYTES_MAX];
    if (realpath(making->options->invitation, whole) == NULL ||
        !file_path(making->making, NOTE_NAME, path)) {
        return STATUS_FILE_ERROR;
    }
    return file_write_new(path, 0600, bytes_of(whole, strlen(whole)));
}

static void invitation_draw(struct making *making)
{
    struct invitation *invitation = &making->invitation;
    const char *address =
        making->options->address != NULL ? making->options->address : INIT_ADDRESS;
    memcpy(invitation->server_key, making->keys.server.public_bytes, KEY_BYTES);
    memcpy(invitation->house_key, making->keys.house_key, KEY_BYTES);
    random_fill(invitation->id, sizeof invitation->id);
    random_fill(invitation->secret, sizeof invitation->secret);
    (void)snprintf(invitation->address, sizeof invitation->address, "%s", address);
}

// ---- in order ----

static enum status make_store(struct making *making)
{
    uint8_t house_key[KEY_BYTES];
    const struct store_options options = {.dir = making->making,
                                          .key_file = making->report->key_file,
                                          .passphrase = making->options->passphrase};
    enum status status = store_discard(making->making);
    if (status == STATUS_OK) {
        status = house_key_ensure(making->report->house_file, house_key);
    }
    if (status == STATUS_OK) {
        status = store_create(&options);
    }
    if (status == STATUS_OK) {
        status = store_open(&options, &making->store);
    }
    if (status == STATUS_OK) {
        status = server_keys_make(making->store, making->making, house_key, &making->keys);
    }
    return status;
}

static enum status make_all(struct making *making)
{
    enum status status = make_store(making);
    if (status == STATUS_OK) {
        invitation_draw(making);
        memcpy(making->report->server_key, making->keys.server.public_bytes, KEY_BYTES);
        status = open_book(making);
    }
    store_close(making->store);
    making->store = NULL;
    if (status == STATUS_OK) {
        status = invitation_write(making->arena, &making->invitation, making->options->invitation,
                                  making->again);
    }
    if (status == STATUS_OK) {
        status = note_write(making);
    }
    if (status == STATUS_OK && rename(making->making, making->dir) != 0) {
        status = STATUS_FILE_ERROR;
    }
    return status == STATUS_OK ? file_sync_parent(making->dir) : status;
}

enum status init_run(const struct init_options *options, struct init_report *report)
{
    *report = (struct init_report){.field = NULL};
    struct making making CLEANUP(making_close) = {
        .options = options, .report = report, .arena = arena_make(INIT_ARENA_BYTES)};
    if (making.arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = check_texts(&making);
    if (status == STATUS_OK) {
        status = check_owner(&making);
    }
    if (status == STATUS_OK) {
        status = check_choices(&making);
    }
    if (status == STATUS_OK) {
        status = check_places(&making);
    }
    return status == STATUS_OK ? make_all(&making) : status;
}

enum status init_tell_address(const char *dir, const struct server_keys *keys, const char *address)
{
    char note[PATH_BYTES_MAX];
    char path[PATH_MAX] = {0};
    size_t size = 0;
    if (!file_path(dir, NOTE_NAME, note) || strlen(address) > INVITATION_ADDRESS_MAX) {
        return STATUS_FILE_ERROR;
    }
    enum status status = file_read(note, (uint8_t *)path, sizeof path - 1, &size);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    struct invitation invitation CLEANUP(invitation_wipe) = {.address = ""};
    if (invitation_read(path, &invitation) != STATUS_OK ||
        memcmp(invitation.server_key, keys->server.public_bytes, KEY_BYTES) != 0 ||
        strcmp(invitation.address, address) == 0) {
        return STATUS_OK;
    }
    CLEANUP(arena_free_at) struct arena *arena = arena_make(INIT_ARENA_BYTES);
    if (arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    (void)snprintf(invitation.address, sizeof invitation.address, "%s", address);
    status = invitation_write(arena, &invitation, path, true);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
