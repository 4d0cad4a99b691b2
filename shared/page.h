// SPDX-License-Identifier: Apache-2.0
#pragma once

// Lists come in pages: a request that can be continued has a text field `cursor`, its reply a field
// `page` of type Page. One place that knows these two names, for whoever walks a list without
// knowing what it lists.

#include "shared/command.h"

#include <protobuf-c/protobuf-c.h>

// Can the command's list be continued by its cursor?
bool page_is_paged(const struct command *command);
// Sets the cursor of a request (the inner message). The text must live as long as the message.
void page_set_cursor(const struct command *command, ProtobufCMessage *request, char *cursor);
// The cursor of the page after `reply` (the inner message); NULL on the last page.
const char *page_next(const struct command *command, const ProtobufCMessage *reply);
