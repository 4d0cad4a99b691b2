// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes a server prove its journal before its word is taken (anchor.h), and keeps what was proven.
// A server that cannot is refused with a report: on the screen and in a file, and nothing else is
// asked of it.

#include "client/client.h"

// All of it, on a link of this context that has nothing in flight.
MUST_CHECK enum status trust_prove(struct client *client, struct link *link);

// The same in parts, so that the proof can be on its way while something else is. `due`: it must be
// asked for and heard before any other answer of this link is believed.
MUST_CHECK enum status trust_greet(struct client *client, struct link *link, bool *due);
MUST_CHECK enum status trust_ask(struct client *client, struct link *link, uint64_t *id);
// `due` again: there is more to be asked.
MUST_CHECK enum status trust_hear(struct client *client, struct link *link, const Reply *reply,
                                  bool *due);

// The server's answer to a question of one's own; *out is NULL when it has none. Nothing of it is
// checked yet.
MUST_CHECK enum status trust_question(struct client *client, struct link *link,
                                      const AuditProof *question, const AuditProofReply **out);

// Keeps client->seen. Other processes of this user may have kept something meanwhile: then the
// server must prove that both are of one journal. `link` NULL: nobody is there to be asked.
MUST_CHECK enum status trust_keep(struct client *client, struct link *link);

// Reports a finding: the facts that the caller has added, what was expected, what was shown, what
// to do. Gives its status. `shown` and `reply` may be NULL.
enum status trust_report(struct client *client, enum finding finding, const struct greeting *shown,
                         const AuditProofReply *reply);
