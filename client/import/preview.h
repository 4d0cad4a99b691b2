// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a person sees of an import: before, what the file is, how its columns are read and which
// rows are left out; after, what came of it.

#include "client/import/feed.h"

void preview_print(struct client *client, const struct import_order *order,
                   const struct import_file *file);
// To people or as JSON.
void preview_result(const struct feed *feed);
