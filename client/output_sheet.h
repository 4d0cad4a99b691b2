// SPDX-License-Identifier: Apache-2.0
#pragma once

// --xlsx: runs a command and writes its answer as a workbook. A list becomes a sheet of its rows,
// with --all page by page; an object a sheet of its fields. What stands beside them (sums, days,
// lines of a document) follows on further sheets. Amounts are numbers, days dates, text is text.

#include "client/client.h"

// Asks before a file is replaced: NEEDS_CONFIRMATION when nobody can be asked. Nothing is sent when
// the file cannot be made.
MUST_CHECK enum status output_sheet(struct client *client, const struct command *command,
                                    ProtobufCMessage *inner);
