// SPDX-License-Identifier: Apache-2.0
// Looks that were refused. The machine writes no record of a read; what is denied is noted by a
// command of the server, a few a minute one by one and the rest by their count.
#include "server/admit/inside.h"
#include "server/machine/clock.h"

#define MINUTE_US ((int64_t)60 * 1000000)

static bool is_denial(uint32_t status)
{
    return status == STATUS_PERMISSION_DENIED || status == STATUS_FIELD_DENIED ||
           status == STATUS_SCOPE_DENIED;
}

static void note(struct admit *admit, const struct presence *presence, const DenialNote *denial)
{
    DenialNote note = *denial;
    note.user_id = presence->user_id;
    admit_order(admit, "denial_note", &note.base);
}

// The rest of a minute that is over.
static void note_rest(struct admit *admit, struct presence *presence)
{
    if (presence->denied_more == 0) {
        return;
    }
    DenialNote rest;
    denial_note__init(&rest);
    rest.command = presence->denied_number;
    rest.code = presence->denied_code;
    rest.count = presence->denied_more;
    presence->denied_more = 0;
    note(admit, presence, &rest);
}

void denial_hear(struct admit *admit, const struct job *job)
{
    struct presence *presence = presences_find(admit->presences, job->peer.session_id);
    if (presence == NULL || !is_denial(job->reply->status)) {
        return;
    }
    const int64_t now_us = clock_forward_us();
    if (now_us - presence->denied_us >= MINUTE_US) {
        note_rest(admit, presence);
        presence->denied_us = now_us;
        presence->denied_noted = 0;
    }
    if (presence->denied_noted == DENIALS_PER_MINUTE) {
        presence->denied_more++;
        presence->denied_number = job->command->number;
        presence->denied_code = job->reply->status;
        return;
    }
    DenialNote one;
    denial_note__init(&one);
    one.command = job->command->number;
    one.code = job->reply->status;
    one.count = 1;
    presence->denied_noted++;
    note(admit, presence, &one);
}

void denial_tick(struct admit *admit)
{
    const int64_t now_us = clock_forward_us();
    for (size_t i = 0; i < presences_count(admit->presences); i++) {
        struct presence *presence = presences_at(admit->presences, i);
        if (now_us - presence->denied_us >= MINUTE_US) {
            note_rest(admit, presence);
        }
    }
}
