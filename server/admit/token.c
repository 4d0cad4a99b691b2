// SPDX-License-Identifier: Apache-2.0
#include "server/admit/inside.h"
#include "shared/invite.h"
#include "shared/wire.h"

#define POSITION_BYTES  (8 + BOX_BYTES)
#define PLAN_TEXT_BYTES 32 // of the machine's part
#define HOUR_US         ((int64_t)3600 * 1000000)
#define PSK_KEPT_US \
    (7 * 24 * HOUR_US) // so that "used" and "expired" can be said inside the channel

static_assert(POSITION_BYTES == 48, "a position is 48 bytes on the wire");

static const char DIGITS[] = "0123456789abcdef";

// ---- tokens ----

void token_hash_of(const struct admit *admit, const uint8_t token[static TOKEN_SECRET_BYTES],
                   uint8_t out[static 32])
{
    key_hash(&admit->token_key, bytes_of(token, TOKEN_SECRET_BYTES), out, 32);
}

void token_draw(const struct admit *admit, struct extra *extra)
{
    random_fill(extra->token, sizeof extra->token);
    token_hash_of(admit, extra->token, extra->token_hash);
    extra->has_token = true;
}

// ---- positions ----

enum status position_seal(const struct admit *admit, struct arena *arena, uint64_t user_id,
                          uint64_t number, ProtobufCBinaryData *out)
{
    uint8_t user[8];
    uint8_t plain[8];
    put_u64(user, user_id);
    put_u64(plain, number);
    uint8_t *sealed = arena_alloc(arena, POSITION_BYTES);
    if (sealed == NULL) {
        return STATUS_TOO_LARGE;
    }
    key_seal(&admit->position_key, bytes_of(user, sizeof user), bytes_of(plain, sizeof plain),
             sealed);
    *out = (ProtobufCBinaryData){.len = POSITION_BYTES, .data = sealed};
    return STATUS_OK;
}

bool position_open(const struct admit *admit, uint64_t user_id, ProtobufCBinaryData position,
                   uint64_t *number)
{
    uint8_t user[8];
    uint8_t plain[8];
    put_u64(user, user_id);
    if (position.len != POSITION_BYTES ||
        key_open(&admit->position_key, bytes_of(user, sizeof user),
                 bytes_of(position.data, position.len), plain) != STATUS_OK) {
        return false;
    }
    *number = get_u64(plain);
    return true;
}

// ---- plans ----

enum status plan_mark(const struct admit *admit, struct job *job)
{
    const ProtobufCMessage *inner =
        wire_inner((const ProtobufCMessage *)job->request, job->command->number);
    struct bytes packed;
    const enum status status = wire_pack(job->arena, inner, &packed);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t hash[32];
    key_hash(&admit->token_key, packed, hash, sizeof hash);
    struct extra *extra = extra_of(job);
    memcpy(extra->mark, hash, sizeof extra->mark);
    extra->has_mark = true;
    return STATUS_OK;
}

static void mark_print(const struct extra *extra, char out[static 2 * PLAN_MARK_BYTES + 1])
{
    for (size_t i = 0; i < PLAN_MARK_BYTES; i++) {
        out[2 * i] = DIGITS[extra->mark[i] >> 4];
        out[2 * i + 1] = DIGITS[extra->mark[i] & 15];
    }
    out[2 * PLAN_MARK_BYTES] = '\0';
}

bool plan_take(struct job *job)
{
    char mark[2 * PLAN_MARK_BYTES + 1];
    char *plan = job->request->plan;
    mark_print(extra_of(job), mark);
    if (strlen(plan) != PLAN_TEXT_BYTES + 2 * PLAN_MARK_BYTES ||
        strcmp(plan + PLAN_TEXT_BYTES, mark) != 0) {
        return false;
    }
    plan[PLAN_TEXT_BYTES] = '\0';
    return true;
}

enum status plan_give(struct job *job)
{
    char mark[2 * PLAN_MARK_BYTES + 1];
    mark_print(extra_of(job), mark);
    char *plan = arena_print(job->arena, "%s%s", job->reply->plan, mark);
    if (plan == NULL) {
        return STATUS_TOO_LARGE;
    }
    job->reply->plan = plan;
    return STATUS_OK;
}

// ---- invitations ----

void secret_of(const struct admit *admit, const struct job *job, const char *use,
               uint8_t out[static KEY_BYTES])
{
    if (job->request->key.len != REQUEST_KEY_BYTES) {
        random_fill(out, KEY_BYTES);
        return;
    }
    uint8_t text[8 + 8 + REQUEST_KEY_BYTES] = {0};
    const size_t use_size = strlen(use);
    assert(use_size <= 8);
    memcpy(text, use, use_size);
    put_u64(text + 8, job->peer.device_id);
    memcpy(text + 16, job->request->key.data, REQUEST_KEY_BYTES);
    key_hash(&admit->token_key, bytes_of(text, sizeof text), out, KEY_BYTES);
}

// The fields of a request that draws an invitation.
struct invited {
    uint32_t valid_hours;
    ProtobufCBinaryData *id;
    int64_t *expires_us;
};

static struct invited invited_of(Request *request)
{
    if (request->command_case == REQUEST__COMMAND_USER_RESET) {
        UserReset *reset = request->user_reset;
        return (struct invited){reset->valid_hours, &reset->invitation_id, &reset->expires_us};
    }
    if (request->command_case == REQUEST__COMMAND_USER_RECOVER) {
        UserRecover *recover = request->user_recover;
        return (struct invited){0, &recover->invitation_id, &recover->expires_us};
    }
    assert(request->command_case == REQUEST__COMMAND_USER_INVITE);
    UserInvite *invite = request->user_invite;
    return (struct invited){invite->valid_hours, &invite->invitation_id, &invite->expires_us};
}

enum status invitation_draw(const struct admit *admit, struct job *job)
{
    struct invited invited = invited_of(job->request);
    struct invitation invitation = {0};
    uint8_t id[KEY_BYTES];
    secret_of(admit, job, "invite", id);
    secret_of(admit, job, "psk", invitation.secret);
    memcpy(invitation.id, id, sizeof invitation.id);
    memcpy(invitation.server_key, admit->options.server_key, KEY_BYTES);
    memcpy(invitation.house_key, admit->options.house_key, KEY_BYTES);
    const int length =
        snprintf(invitation.address, sizeof invitation.address, "%s", admit->options.address);
    assert(length > 0 && (size_t)length < sizeof invitation.address);
    const uint32_t hours = invited.valid_hours != 0 ? invited.valid_hours : INVITATION_HOURS;
    const int64_t expires_us = queue_now(admit->options.queue) + (int64_t)hours * HOUR_US;
    *invited.expires_us = expires_us;
    invited.id->data = arena_copy(job->arena, invitation.id, sizeof invitation.id);
    invited.id->len = sizeof invitation.id;
    job->admitted.has_psk = true;
    job->admitted.psk = invitation_psk(invitation.secret);
    job->admitted.psk_expires_us = expires_us + PSK_KEPT_US;
    memcpy(job->admitted.invitation_id, invitation.id, sizeof invitation.id);
    extra_of(job)->invitation = invitation_print(job->arena, &invitation);
    explicit_bzero(&invitation, sizeof invitation);
    return invited.id->data != NULL && extra_of(job)->invitation != NULL ? STATUS_OK
                                                                         : STATUS_TOO_LARGE;
}
