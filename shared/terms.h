// SPDX-License-Identifier: Apache-2.0
#pragma once

// Payment terms: when a document falls due, in one part or several (domain.md d.4). Written as "30"
// or "net 30", "receipt", or parts "30%@15,70%@45" whose percentages make 100; the last part takes
// the remainder.

#include "shared/limits.h"
#include "shared/status.h"

struct terms_part {
    uint32_t share_bp;
    int32_t days;
};

struct terms {
    uint32_t part_count;
    struct terms_part part[INVOICE_PARTS_MAX];
};

struct terms_due {
    int32_t due_day;
    int64_t amount_minor;
};

MUST_CHECK enum status terms_parse(const char *text, struct terms *out);

// Splits `total_minor`, dated `date_day`; `due` has room for part_count. Parts sum exactly.
MUST_CHECK enum status terms_apply(const struct terms *terms, int64_t total_minor, int32_t date_day,
                                   struct terms_due *due);
