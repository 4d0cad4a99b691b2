// SPDX-License-Identifier: Apache-2.0
// What the server does and notes by itself: commands without a person.
#include "server/admit/inside.h"
#include "shared/wire.h"

static enum status status_of(const struct job *job)
{
    return job->failure != STATUS_OK ? job->failure : (enum status)job->reply->status;
}

static void order_answered(struct job *job)
{
    struct admit *admit = job->admission;
    const enum status status = status_of(job);
    if (status != STATUS_OK) {
        logger_say(admit->options.logger, LOG_LEVEL_WARN, "a command of the server was not done",
                   "command=%s code=%s", job->command->name, status_code(status));
    }
    job_free(admit, job);
}

// Copies the command into the job and hands it to the queue, as the server's own.
static enum status submit(struct admit *admit, struct job *job, const char *command,
                          const ProtobufCMessage *inner, job_done *answered)
{
    Request *request = arena_alloc(job->arena, sizeof *request);
    struct bytes packed = {0};
    ProtobufCMessage *copy = NULL;
    enum status status = request != NULL ? wire_pack(job->arena, inner, &packed) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = wire_unpack(job->arena, inner->descriptor, packed, &copy);
    }
    if (status != STATUS_OK) {
        return status;
    }
    job->command = command_by_name(command);
    assert(job->command != NULL && job->command->request == inner->descriptor);
    request__init(request);
    wire_set_inner(&request->base, job->command->number, copy);
    job->request = request;
    job->peer = (struct peer){.system = true};
    job->admission = admit;
    job->answered = answered;
    key_hash(NULL, packed, job->request_hash, sizeof job->request_hash);
    return queue_submit(admit->options.queue, job);
}

void admit_order(struct admit *admit, const char *command, const ProtobufCMessage *inner)
{
    struct job *job = job_make(admit);
    if (job != NULL && submit(admit, job, command, inner, order_answered) != STATUS_OK) {
        job_free(admit, job);
    }
}

// Who hears of a read; in the job's arena.
struct listener {
    admit_heard *heard;
    void *context;
};

static void ask_answered(struct job *job)
{
    const struct listener *listener = job->owner;
    listener->heard(listener->context, job, status_of(job));
    job_free(job->admission, job);
}

enum status admit_ask(struct admit *admit, const char *command, const ProtobufCMessage *inner,
                      admit_heard *heard, void *context)
{
    struct job *job = job_make(admit);
    if (job == NULL) {
        return STATUS_BUSY;
    }
    struct listener *listener = arena_alloc(job->arena, sizeof *listener);
    enum status status = STATUS_TOO_LARGE;
    if (listener != NULL) {
        *listener = (struct listener){.heard = heard, .context = context};
        job->owner = listener;
        status = submit(admit, job, command, inner, ask_answered);
    }
    if (status != STATUS_OK) {
        job_free(admit, job);
    }
    return status;
}

void admit_note(struct admit *admit, NoteKind kind, int64_t step_us)
{
    ServerNote note;
    server_note__init(&note);
    note.kind = kind;
    note.step_us = step_us;
    admit_order(admit, "server_note", &note.base);
}
