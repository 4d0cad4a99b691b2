// SPDX-License-Identifier: Apache-2.0
// The way back: what admission adds to a reply, and the packing.
#include "server/admit/inside.h"
#include "shared/wire.h"

static enum status event_position(struct admit *admit, struct job *job)
{
    Event *event = (Event *)wire_inner(&job->reply->base, job->command->number);
    return position_seal(admit, job->arena, peer_user(admit, job), job->call.object_id,
                         &event->position);
}

static void add_secrets(struct job *job)
{
    const struct extra *extra = extra_of(job);
    Reply *reply = job->reply;
    const ProtobufCBinaryData token = {.len = sizeof extra->token,
                                       .data = (uint8_t *)(uintptr_t)extra->token};
    if (reply->result_case == REPLY__RESULT_SESSION_JOIN && extra->has_token) {
        reply->session_join->token = token;
    } else if (reply->result_case == REPLY__RESULT_SESSION_LOGIN && extra->has_token) {
        reply->session_login->token = token;
    } else if (reply->result_case == REPLY__RESULT_USER_INVITE && reply->committed) {
        reply->user_invite->invitation = extra->invitation;
    } else if (reply->result_case == REPLY__RESULT_USER_RESET && reply->committed) {
        reply->user_reset->invitation = extra->invitation;
    } else if (reply->result_case == REPLY__RESULT_USER_TOTP && reply->committed) {
        reply->user_totp->uri = extra->totp_uri;
        reply->user_totp->secret = extra->totp_secret;
    } else if (reply->result_case == REPLY__RESULT_USER_TOTP_CONFIRM && reply->committed) {
        reply->user_totp_confirm->recovery_code = extra->recovery;
        reply->user_totp_confirm->n_recovery_code = RECOVERY_CODES;
    } else if (reply->result_case == REPLY__RESULT_USER_CODES && reply->committed) {
        reply->user_codes->recovery_code = extra->recovery;
        reply->user_codes->n_recovery_code = RECOVERY_CODES;
    }
}

// An invitation that waits for a second person goes out with the number under which it waits; it
// opens nothing before it is approved.
static enum status add_waiting(struct job *job)
{
    Reply *reply = job->reply;
    if (reply->status != STATUS_APPROVAL_PENDING ||
        job->command->reply != &user_invite_reply__descriptor) {
        return STATUS_OK;
    }
    UserInviteReply *invite =
        (UserInviteReply *)wire_make(job->arena, &user_invite_reply__descriptor);
    if (invite == NULL) {
        return STATUS_TOO_LARGE;
    }
    invite->invitation = extra_of(job)->invitation;
    wire_set_inner(&reply->base, job->command->number, &invite->base);
    return STATUS_OK;
}

// Adds to the reply what only admission has.
static enum status complete(struct admit *admit, struct job *job)
{
    Reply *reply = job->reply;
    add_secrets(job);
    enum status status = add_waiting(job);
    const uint64_t user_id = peer_user(admit, job);
    if (status == STATUS_OK && user_id != 0) {
        status = position_seal(admit, job->arena, user_id, job->position, &reply->position);
    }
    if (status == STATUS_OK && job->command->reply == &event__descriptor &&
        reply->result_case != REPLY__RESULT__NOT_SET) {
        status = event_position(admit, job);
    }
    if (status == STATUS_OK && reply->plan[0] != '\0') {
        status = plan_give(job);
    }
    reply->degraded = queue_is_degraded(admit->options.queue);
    if (reply->result_case == REPLY__RESULT_SESSION_WHOAMI && reply->degraded) {
        reply->session_whoami->state = (char *)(uintptr_t) "degraded";
    }
    if (reply->result_case == REPLY__RESULT_SESSION_WHOAMI && admit->options.tell_sinks != NULL) {
        admit->options.tell_sinks(admit->options.sinks_context, job->arena, reply->session_whoami);
    }
    const bool begins = reply->result_case == REPLY__RESULT_CHECK_BOOKS;
    if ((begins || reply->result_case == REPLY__RESULT_CHECK_STATUS) &&
        admit->options.tell_check != NULL) {
        CheckBooksReply *check = begins ? reply->check_books : reply->check_status;
        admit->options.tell_check(admit->options.check_context, job->arena, begins, check);
        const bool is_broken = check->state == CHECK_STATE__CHECK_STATE_BROKEN;
        reply->status = is_broken ? STATUS_DIFFERENCE : reply->status;
    }
    return status;
}

// A reply that says no more than why.
static void reply_bare(struct job *job, enum status status)
{
    Reply *reply = job->reply;
    reply__init(reply);
    reply->status = (uint32_t)status;
    reply->problem = job->call.problems.list;
    reply->n_problem = job->call.problems.count;
}

static void finish(struct admit *admit, struct job *job)
{
    enum status status = complete(admit, job);
    if (status == STATUS_OK) {
        status = wire_pack(job->arena, (const ProtobufCMessage *)job->reply, &job->packed);
    }
    if (status != STATUS_OK) {
        // What was done stays done; the answer did not fit.
        static const uint8_t TOO_LARGE[] = {1 << 3, STATUS_TOO_LARGE};
        reply_bare(job, STATUS_TOO_LARGE);
        job->packed = bytes_of(TOO_LARGE, sizeof TOO_LARGE);
    }
    job->done(job);
}

void reply_waiting(struct admit *admit)
{
    struct job *job = admit->ready_first;
    admit->ready_first = NULL;
    admit->ready_last = NULL;
    while (job != NULL) {
        struct job *next = job->next;
        job->next = NULL;
        job->position = queue_number(admit->options.queue);
        finish(admit, job);
        job = next;
    }
}

void admit_answer(struct admit *admit, struct job *job, enum status status)
{
    assert(status != STATUS_OK);
    reply_bare(job, status);
    job->next = NULL;
    if (admit->ready_last != NULL) {
        admit->ready_last->next = job;
    } else {
        admit->ready_first = job;
    }
    admit->ready_last = job;
    uv_async_send(&admit->ready);
}

void reply_answered(struct job *job)
{
    struct admit *admit = job->admission;
    if (job->failure != STATUS_OK) {
        problems_init(&job->call.problems, job->arena);
        reply_bare(job, job->failure);
    } else {
        peer_keep(admit, job);
    }
    finish(admit, job);
}
