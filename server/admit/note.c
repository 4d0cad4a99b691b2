// SPDX-License-Identifier: Apache-2.0
// What the server notes of itself in the journal.
#include "server/admit/inside.h"

static void note_answered(struct job *job)
{
    struct admit *admit = job->admission;
    if (job->failure != STATUS_OK) {
        logger_say(admit->options.logger, LOG_LEVEL_WARN, "a note of the server was not written",
                   "kind=%d code=%s", (int)job->request->server_note->kind,
                   status_code(job->failure));
    }
    job_free(admit, job);
}

void admit_note(struct admit *admit, NoteKind kind, int64_t step_us)
{
    struct job *job = job_make(admit);
    Request *request = job != NULL ? arena_alloc(job->arena, sizeof *request) : NULL;
    ServerNote *note = request != NULL ? arena_alloc(job->arena, sizeof *note) : NULL;
    if (note == NULL) {
        return;
    }
    request__init(request);
    server_note__init(note);
    note->kind = kind;
    note->step_us = step_us;
    request->command_case = REQUEST__COMMAND_SERVER_NOTE;
    request->server_note = note;
    job->request = request;
    job->command = command_by_name("server_note");
    job->peer = (struct peer){.system = true};
    job->admission = admit;
    job->answered = note_answered;
    key_hash(NULL, bytes_of(&note->kind, sizeof note->kind), job->request_hash,
             sizeof job->request_hash);
    if (queue_submit(admit->options.queue, job) != STATUS_OK) {
        job_free(admit, job);
    }
}
