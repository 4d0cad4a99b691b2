// SPDX-License-Identifier: Apache-2.0
#pragma once

// A write over many objects does a group of them in one call and says where the next one begins:
// it is called until all are done, and its rows and sums are added up in the first answer. Each
// group is a write of its own: what was done stays done, and a second run goes on behind it.

#include "client/client.h"

// `first` is the answer to `inner`. Nothing is done for a preview, nor where one request id was
// given for all.
MUST_CHECK enum status groups_call(struct client *client, const struct command *command,
                                   ProtobufCMessage *inner, Reply *first);
