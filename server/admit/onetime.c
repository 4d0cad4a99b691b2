// SPDX-License-Identifier: Apache-2.0
#include "server/admit/onetime.h"

#include "server/admit/seal.h"
#include "shared/wire.h"

#include <ctype.h>
#include <liboath/oath.h>

#define SEED_KEY_ID     1
#define SEED_KEY_NAME   "kntrtotp"
#define BASE32_SIZE     (RECOVERY_SECRET_BYTES * 8 / 5)
#define ISSUER_FALLBACK "kontor"

static_assert(BASE32_SIZE + BASE32_SIZE / 4 == RECOVERY_TEXT_BYTES,
              "four groups of four, three dashes, the end");

// ---- codes ----

enum status onetime_code(enum onetime_hash hash, struct bytes seed, int64_t now_s, unsigned digits,
                         char out[static 9])
{
    static const int FLAGS[] = {[ONETIME_SHA1] = 0,
                                [ONETIME_SHA256] = OATH_TOTP_HMAC_SHA256,
                                [ONETIME_SHA512] = OATH_TOTP_HMAC_SHA512};
    assert((size_t)hash < COUNT_OF(FLAGS) && digits >= 6 && digits <= 8);
    const int result = oath_totp_generate2((const char *)seed.data, seed.size, (time_t)now_s,
                                           ONETIME_STEP_SECONDS, 0, digits, FLAGS[hash], out);
    return result == OATH_OK ? STATUS_OK : STATUS_ENVIRONMENT;
}

uint64_t onetime_match(const uint8_t seed[static ONETIME_SEED_BYTES], const char *code,
                       int64_t now_s)
{
    uint64_t matched = 0;
    if (strlen(code) != ONETIME_DIGITS || now_s < ONETIME_STEP_SECONDS) {
        return 0;
    }
    for (int64_t around = -1; around <= 1; around++) {
        char right[9];
        const int64_t then_s = now_s + around * ONETIME_STEP_SECONDS;
        const bool is_code =
            onetime_code(ONETIME_SHA1, bytes_of(seed, ONETIME_SEED_BYTES), then_s, ONETIME_DIGITS,
                         right) == STATUS_OK &&
            keys_equal((const uint8_t *)right, (const uint8_t *)code, ONETIME_DIGITS);
        matched = is_code ? (uint64_t)(then_s / ONETIME_STEP_SECONDS) : matched;
        explicit_bzero(right, sizeof right);
    }
    return matched;
}

// ---- seeds ----

static void user_bytes(uint64_t user_id, uint8_t out[static 8])
{
    put_u64(out, user_id);
}

static enum status seed_seal(const struct admit *admit, struct arena *arena, uint64_t user_id,
                             const uint8_t seed[static ONETIME_SEED_BYTES],
                             ProtobufCBinaryData *out)
{
    CLEANUP(key_wipe) struct key key = key_derive(&admit->pepper, SEED_KEY_ID, SEED_KEY_NAME);
    uint8_t user[8];
    uint8_t *box = arena_alloc(arena, ONETIME_BOX_BYTES);
    if (box == NULL) {
        return STATUS_TOO_LARGE;
    }
    user_bytes(user_id, user);
    key_seal(&key, bytes_of(user, sizeof user), bytes_of(seed, ONETIME_SEED_BYTES), box);
    *out = (ProtobufCBinaryData){.len = ONETIME_BOX_BYTES, .data = box};
    return STATUS_OK;
}

// The step of the code under a sealed seed; 0 also when there is no seed.
static enum status box_match(const struct admit *admit, uint64_t user_id, ProtobufCBinaryData box,
                             const char *code, uint64_t *step)
{
    *step = 0;
    if (box.len != ONETIME_BOX_BYTES) {
        return STATUS_OK;
    }
    CLEANUP(key_wipe) struct key key = key_derive(&admit->pepper, SEED_KEY_ID, SEED_KEY_NAME);
    uint8_t user[8];
    uint8_t seed[ONETIME_SEED_BYTES];
    user_bytes(user_id, user);
    const enum status status =
        key_open(&key, bytes_of(user, sizeof user), bytes_of(box.data, box.len), seed);
    if (status == STATUS_OK) {
        *step = onetime_match(seed, code, queue_now(admit->options.queue) / 1000000);
        explicit_bzero(seed, sizeof seed);
    }
    return status;
}

// ---- recovery codes ----

// "abcd-efgh ijkl-mnop" -> "ABCDEFGHIJKLMNOP"; false when it has not the form of one.
static bool recovery_plain(const char *text, char out[static BASE32_SIZE + 1])
{
    size_t size = 0;
    for (const char *at = text; *at != '\0'; at++) {
        const char c = (char)toupper((unsigned char)*at);
        if (c == '-' || c == ' ') {
            continue;
        }
        if (size == BASE32_SIZE || strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", c) == NULL) {
            return false;
        }
        out[size++] = c;
    }
    out[size] = '\0';
    return size == BASE32_SIZE;
}

static void recovery_hash(const struct admit *admit, uint64_t user_id,
                          const char plain[static BASE32_SIZE + 1],
                          uint8_t out[static RECOVERY_HASH_BYTES])
{
    uint8_t text[8 + BASE32_SIZE];
    user_bytes(user_id, text);
    memcpy(text + 8, plain, BASE32_SIZE);
    key_hash(&admit->pepper, bytes_of(text, sizeof text), out, RECOVERY_HASH_BYTES);
    explicit_bzero(text, sizeof text);
}

static bool base32_print(struct arena *arena, struct bytes bytes, char **out)
{
    char *made = NULL;
    size_t size = 0;
    if (oath_base32_encode((const char *)bytes.data, bytes.size, &made, &size) != OATH_OK) {
        return false;
    }
    *out = arena_copy(arena, made, size);
    explicit_bzero(made, size);
    free(made);
    return *out != NULL;
}

static char *grouped(struct arena *arena, const char plain[static BASE32_SIZE])
{
    return arena_print(arena, "%.4s-%.4s-%.4s-%.4s", plain, plain + 4, plain + 8, plain + 12);
}

// Ten codes that follow from device and request id, so that a repeat gives the same; their hashes
// for the row, their texts for the reply.
static enum status recovery_draw(const struct admit *admit, struct job *job, uint64_t user_id,
                                 ProtobufCBinaryData **hashes, size_t *count)
{
    struct extra *extra = extra_of(job);
    ProtobufCBinaryData *list = arena_alloc(job->arena, RECOVERY_CODES * sizeof *list);
    extra->recovery = arena_alloc(job->arena, RECOVERY_CODES * sizeof *extra->recovery);
    if (list == NULL || extra->recovery == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        char use[8];
        char *plain = NULL;
        uint8_t secret[KEY_BYTES];
        uint8_t *hash = arena_alloc(job->arena, RECOVERY_HASH_BYTES);
        (void)snprintf(use, sizeof use, "code%zu", i);
        secret_of(admit, job, use, secret);
        const bool is_printed =
            base32_print(job->arena, bytes_of(secret, RECOVERY_SECRET_BYTES), &plain);
        explicit_bzero(secret, sizeof secret);
        extra->recovery[i] = is_printed ? grouped(job->arena, plain) : NULL;
        if (hash == NULL || extra->recovery[i] == NULL) {
            return STATUS_TOO_LARGE;
        }
        recovery_hash(admit, user_id, plain, hash);
        explicit_bzero(plain, BASE32_SIZE);
        list[i] = (ProtobufCBinaryData){.len = RECOVERY_HASH_BYTES, .data = hash};
    }
    *hashes = list;
    *count = RECOVERY_CODES;
    return STATUS_OK;
}

enum status onetime_prove(const struct admit *admit, struct arena *arena,
                          const FactorRecord *factor, uint64_t user_id, const char *code,
                          CodeProof **out)
{
    char plain[BASE32_SIZE + 1];
    CodeProof *proof = (CodeProof *)wire_make(arena, &code_proof__descriptor);
    if (proof == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = proof;
    proof->given = code[0] != '\0';
    proof->version = factor != NULL ? factor->version : 0;
    if (!proof->given || factor == NULL) {
        return STATUS_OK;
    }
    if (recovery_plain(code, plain)) {
        proof->recovery.data = arena_alloc(arena, RECOVERY_HASH_BYTES);
        if (proof->recovery.data == NULL) {
            return STATUS_TOO_LARGE;
        }
        proof->recovery.len = RECOVERY_HASH_BYTES;
        recovery_hash(admit, user_id, plain, proof->recovery.data);
        explicit_bzero(plain, sizeof plain);
        return STATUS_OK;
    }
    return box_match(admit, user_id, factor->seed, code, &proof->step);
}

// ---- setting up ----

bool onetime_is_asked(const struct command *command)
{
    return command->request == &user_totp__descriptor ||
           command->request == &user_totp_confirm__descriptor ||
           command->request == &user_totp_remove__descriptor ||
           command->request == &user_codes__descriptor;
}

// Bytes that are not letters, digits, '-', '.', '_' stand as %XX.
static char *percent(struct arena *arena, const char *text)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    char *out = arena_alloc(arena, 3 * strlen(text) + 1);
    size_t size = 0;
    for (const char *at = text; out != NULL && *at != '\0'; at++) {
        const unsigned char c = (unsigned char)*at;
        if (c < 0x80 && (isalnum(c) || strchr("-._", c) != NULL)) {
            out[size++] = (char)c;
            continue;
        }
        out[size++] = '%';
        out[size++] = DIGITS[c >> 4];
        out[size++] = DIGITS[c & 15];
    }
    if (out != NULL) {
        out[size] = '\0';
    }
    return out;
}

static enum status draw_seed(struct admit *admit, struct job *job, uint64_t user_id,
                             const char *login)
{
    struct extra *extra = extra_of(job);
    uint8_t secret[KEY_BYTES];
    secret_of(admit, job, "totp", secret);
    const enum status status =
        seed_seal(admit, job->arena, user_id, secret, &job->request->user_totp->seed);
    const bool is_printed =
        base32_print(job->arena, bytes_of(secret, ONETIME_SEED_BYTES), &extra->totp_secret);
    explicit_bzero(secret, sizeof secret);
    if (status != STATUS_OK || !is_printed) {
        return STATUS_TOO_LARGE;
    }
    const char *issuer =
        percent(job->arena, admit->company[0] != '\0' ? admit->company : ISSUER_FALLBACK);
    const char *label = percent(job->arena, login);
    if (issuer == NULL || label == NULL) {
        return STATUS_TOO_LARGE;
    }
    extra->totp_uri = arena_print(job->arena,
                                  "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1"
                                  "&digits=%d&period=%d",
                                  issuer, label, extra->totp_secret, issuer, ONETIME_DIGITS,
                                  ONETIME_STEP_SECONDS);
    return extra->totp_uri != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status confirm(struct admit *admit, struct job *job, const FactorRecord *factor,
                           uint64_t user_id)
{
    UserTotpConfirm *request = job->request->user_totp_confirm;
    enum status status = STATUS_OK;
    if (factor != NULL) {
        request->version = factor->version;
        status = box_match(admit, user_id, factor->waiting, request->code, &request->step);
    }
    return status != STATUS_OK
               ? status
               : recovery_draw(admit, job, user_id, &request->recovery, &request->n_recovery);
}

// The rows of who asks; *user is NULL when the session is nobody's any more, which the machine will
// say.
static enum status load(struct txn *txn, const struct peer *peer, const UserRecord **user,
                        const FactorRecord **factor)
{
    ProtobufCMessage *row = NULL;
    *user = NULL;
    *factor = NULL;
    enum status status = table_get(txn, TABLE_session, key_u64(peer->session_id), &row, NULL);
    const uint64_t user_id = status == STATUS_OK ? ((const SessionRecord *)row)->user_id : 0;
    if (status == STATUS_OK) {
        status = table_get(txn, TABLE_user, key_u64(user_id), &row, NULL);
    }
    if (status == STATUS_OK) {
        *user = (const UserRecord *)row;
        status = table_get(txn, TABLE_factor, key_u64(user_id), &row, NULL);
    }
    if (status == STATUS_OK) {
        *factor = (const FactorRecord *)row;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status onetime_admit(struct admit *admit, struct job *job)
{
    const UserRecord *user = NULL;
    const FactorRecord *factor = NULL;
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(admit->options.store, TXN_READ, job->arena, &txn);
    if (status == STATUS_OK) {
        status = load(txn, &job->peer, &user, &factor);
    }
    if (status != STATUS_OK || user == NULL) {
        return status != STATUS_OK ? status : STATUS_SESSION_EXPIRED;
    }
    const ProtobufCMessageDescriptor *asked = job->command->request;
    bool is_demanded = false;
    status = totp_policy_demands(&admit->options.totp, txn, user, &is_demanded);
    if (status != STATUS_OK) {
        return status;
    }
    if (asked == &user_totp__descriptor) {
        return admit->options.totp.mode == TOTP_OFF ? STATUS_TOTP_OFF
                                                    : draw_seed(admit, job, user->id, user->login);
    }
    if (asked == &user_totp_remove__descriptor) {
        return is_demanded ? STATUS_TOTP_NEEDED : STATUS_OK;
    }
    if (asked == &user_totp_confirm__descriptor) {
        status = confirm(admit, job, factor, user->id);
        seal_forget_secrets(job->command, job->request);
        return status;
    }
    UserCodes *codes = job->request->user_codes;
    return recovery_draw(admit, job, user->id, &codes->recovery, &codes->n_recovery);
}
