// SPDX-License-Identifier: Apache-2.0
#pragma once

// What joining and logging in share: a link without a session, the session that comes back, and
// what people are told of it.

#include "client/client.h"

void enrol_link_facts(struct client *client, struct link_options *options);
MUST_CHECK enum status enrol_link_try(struct client *client, struct link_options *options,
                                      struct link **out);
// From standard input with --password-stdin, else asked, twice if it is a new one.
MUST_CHECK enum status enrol_password_take(struct client *client, bool twice, const char *prompt,
                                           char *out, size_t size);
// Keeps the session in the context, and the context on disk.
MUST_CHECK enum status enrol_session_take(struct client *client, const SessionReply *reply);
MUST_CHECK enum status enrol_session_save(struct client *client);
MUST_CHECK enum status enrol_session_say(struct client *client, const struct command *command,
                                         const Reply *reply, const SessionReply *session);
