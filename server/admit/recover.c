// SPDX-License-Identifier: Apache-2.0
// The way of a lost owner: asked for on the server itself, run as the server's own command, so that
// nobody can keep it out of the journal.
#include "server/admit/inside.h"
#include "shared/text.h"

struct recovering {
    admit_recovered *done;
    void *context;
};

static void recover_answered(struct job *job)
{
    struct admit *admit = job->admission;
    const struct recovering *recovering = job->owner;
    const enum status status =
        job->failure != STATUS_OK ? job->failure : (enum status)job->reply->status;
    logger_say(admit->options.logger, LOG_LEVEL_WARN, "an owner was recovered on this machine",
               "user=%llu code=%s", (unsigned long long)job->call.object_id, status_code(status));
    if (status == STATUS_OK) {
        peer_forget_ended(admit);
    }
    recovering->done(recovering->context, status,
                     status == STATUS_OK ? extra_of(job)->invitation : NULL);
    job_free(admit, job);
}

static enum status fill(struct admit *admit, struct job *job, const char *login)
{
    UserRecover *recover = arena_alloc(job->arena, sizeof *recover);
    Request *request = arena_alloc(job->arena, sizeof *request);
    char *copy = arena_copy(job->arena, login, strlen(login));
    uint8_t *hash = arena_alloc(job->arena, 16);
    const char *folded = text_fold(job->arena, login);
    if (recover == NULL || request == NULL || copy == NULL || hash == NULL || folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    request__init(request);
    user_recover__init(recover);
    store_hash(admit->options.store, "login", bytes_of(folded, strlen(folded)), hash);
    recover->login = copy;
    recover->login_hash = (ProtobufCBinaryData){.len = 16, .data = hash};
    request->command_case = REQUEST__COMMAND_USER_RECOVER;
    request->user_recover = recover;
    job->request = request;
    key_hash(NULL, bytes_of(login, strlen(login)), job->request_hash, sizeof job->request_hash);
    return invitation_draw(admit, job);
}

enum status admit_recover(struct admit *admit, const char *login, admit_recovered *done,
                          void *context)
{
    struct job *job = job_make(admit);
    struct recovering *recovering =
        job != NULL ? arena_alloc(job->arena, sizeof *recovering) : NULL;
    if (recovering == NULL) {
        return STATUS_BUSY;
    }
    *recovering = (struct recovering){.done = done, .context = context};
    job->command = command_by_name("user_recover");
    job->peer = (struct peer){.system = true};
    job->admission = admit;
    job->owner = recovering;
    job->answered = recover_answered;
    enum status status = fill(admit, job, login);
    if (status == STATUS_OK) {
        status = queue_submit(admit->options.queue, job);
    }
    if (status != STATUS_OK) {
        job_free(admit, job);
    }
    return status;
}
