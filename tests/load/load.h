// SPDX-License-Identifier: Apache-2.0
#pragma once

// A real server for tests that need many clients: starts kontord on a new book in a private
// directory, joins as its owner through the client library, and opens as many links as asked. Used
// by tests/race and tests/bench. A failure here ends the program: it is the ground that the test
// stands on.

#include "client/link.h"
#include "shared/arena.h"

struct load;

struct load_options {
    const char *programs; // directory of the build, with server/kontord in it
    const char *place;    // private directory; the book and everything else goes below it
    const char *currency;
    const char *chart;
};

struct load *load_start(const struct load_options *options);
// Stops the server and waits for it; true when it ended with 0.
bool load_stop(struct load *load);
void load_restart(
    struct load *load); // stop, start, and the time until the first answer in load_start_us
int64_t load_start_us(const struct load *load);
int load_server_pid(const struct load *load);
// Joins again as a second device; true when Argon2id was done by the server. For the cost of a
// login.
int64_t load_login_us(struct load *load);

struct link *load_link(struct load *load); // logged in as the owner
// Somebody else, invited with this role and joined with a device of one's own.
struct link *load_person(struct load *load, char *login, char *role);
// Invites somebody and leaves the invitation in the file `name` of the private directory.
void load_invite(struct load *load, struct link *owner, char *login, char *role, const char *name);

// Where somebody works: a device, and a session that can be begun anew, with a fresh proof of who
// it is. For whoever is refused so often that a session is told to wait.
struct seat {
    struct key_pair device;
    char login[32];
    struct link *link;
};

void load_sit(struct load *load, struct seat *seat); // the owner
void load_sit_person(struct load *load, char *login, char *role, struct seat *seat);
void load_sit_again(struct load *load, struct seat *seat);
void load_rise(struct seat *seat);

// A Request around `inner`, the message of command `name`; writes get a new request key.
Request *load_request(struct arena *arena, const char *name, ProtobufCMessage *inner);
// Calls and returns the inner reply; ends the program when the link fails or the status is not
// `wanted`.
ProtobufCMessage *load_call(struct link *link, struct arena *arena, const Request *request,
                            enum status wanted);

int64_t clock_us(void);
