// SPDX-License-Identifier: Apache-2.0
#include "server/net/gate.h"

#include "server/net/outline.h"
#include "shared/scan.h"
#include "shared/wire.h"

bool gate_is_import(const struct command *command)
{
    return command != NULL && command->request == &import_rows__descriptor;
}

bool gate_is_for_logged_out(const struct command *command)
{
    return command->permission == PERMISSION_DEVICE || command->permission == PERMISSION_INVITED;
}

enum status gate_check(const struct command *command, bool is_logged_in, struct bytes packed)
{
    if (command == NULL || command->permission == PERMISSION_SYSTEM) {
        return STATUS_UNKNOWN_COMMAND;
    }
    if (!is_logged_in && !gate_is_for_logged_out(command)) {
        return STATUS_LOGIN_NEEDED;
    }
    return scan_message(&request__descriptor, packed,
                        gate_is_import(command) ? &SCAN_IMPORT : &SCAN_REQUEST, NULL);
}

enum status gate_job(struct admit *admit, struct bytes packed, struct job **out)
{
    struct outline outline;
    enum status status = outline_of(packed, false, &outline);
    if (status != STATUS_OK) {
        return status;
    }
    struct job *job = job_make(admit);
    if (job == NULL) {
        return STATUS_BUSY;
    }
    ProtobufCMessage *request = NULL;
    status = wire_unpack(job->arena, &request__descriptor, packed, &request);
    if (status != STATUS_OK) {
        job_free(admit, job);
        return status;
    }
    job->request = (Request *)request;
    // The request id's hash: the command's number and bytes. What only concerns this transmission
    // stays outside.
    uint8_t *hashed = arena_alloc(job->arena, 4 + outline.command.size);
    if (hashed == NULL) {
        job_free(admit, job);
        return STATUS_TOO_LARGE;
    }
    put_u32(hashed, outline.number);
    memcpy(hashed + 4, outline.command.data, outline.command.size);
    key_hash(NULL, bytes_of(hashed, 4 + outline.command.size), job->request_hash,
             sizeof job->request_hash);
    explicit_bzero(hashed, 4 + outline.command.size); // a password may be among it
    *out = job;
    return STATUS_OK;
}
