// SPDX-License-Identifier: Apache-2.0
#pragma once

// Campaigns: names that costs are entered for, with what they have cost so far.

#include "server/ledger/books.h"

// Missing: refused NOT_FOUND.
MUST_CHECK enum status campaign_load(struct books *books, uint64_t id, CampaignRecord **out);
// A cost that is entered adds to it, one that is reversed (below zero) takes away. NULL: none.
MUST_CHECK enum status campaign_count(struct books *books, CampaignRecord *campaign,
                                      int64_t net_minor);
