// SPDX-License-Identifier: Apache-2.0
#pragma once

// The last look at a reply (security.md e, step 17): figures and days of a field class that the
// caller does not see in full are taken out, whatever the command filled in. Personal texts were
// masked where they were opened (rows.h) and are only taken out where they are hidden.

#include "server/machine/machine.h"

// Empties what `filter` does not show; NULL shows everything.
void mask_reply(ProtobufCMessage *result, const struct filter *filter);
