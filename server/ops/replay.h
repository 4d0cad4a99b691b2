// SPDX-License-Identifier: Apache-2.0
#pragma once

// The journal run again: every record goes through the machine into an empty store with the same
// keyring, and record, digest and root are compared. Keys of customers are not needed: nothing that
// the machine decides depends on opened personal text.

#include "server/ops/verify.h"

// Notes the first record that comes out otherwise, and differences of digest and root. The scratch
// store is removed again.
MUST_CHECK enum status replay_compare(struct store *store, const struct verify_options *options,
                                      struct verify_report *report);
