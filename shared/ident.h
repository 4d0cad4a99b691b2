// SPDX-License-Identifier: Apache-2.0
#pragma once

// Human numbers: C-0001, INV-2026-0412, CN-2026-0007, PAY-2026-0319, JE-2026-0001, IMP-0042,
// AP-0001, F-0003, ST-2026-0001. At least four digits; series without a year have year 0.
// AP-0001, F-0003,
// WO-2026-0001, RF-2026-0001, SD-2026-0001, RC-2026-0001. At least four digits; series without a
// year have year 0.
// AP-0001, F-0003, BS-2026-0001, BL-0001, CO-2026-0001. At least four digits; series without a year
// have year 0.
// AP-0001, F-0003, BS-2026-0001, BL-0001, DN-2026-0001, DB-2026-0001, PR-0001. At least four
// digits; series without a year have year 0.
// AP-0001, F-0003, BS-2026-0001, BL-0001, CL-0001. At least four digits; series without a year have
// year 0.

#include "shared/arena.h"

enum series {
    SERIES_CUSTOMER = 1,
    SERIES_INVOICE,
    SERIES_CREDIT_NOTE,
    SERIES_PAYMENT,
    SERIES_ENTRY,
    SERIES_IMPORT,
    SERIES_APPROVAL,
    SERIES_FINDING = 9,
    SERIES_STATEMENT = 24,
    SERIES_WRITE_OFF = 14,
    SERIES_DIFFERENCE = 15,
    SERIES_RECOVERY = 16,
    SERIES_REFUND = 17,
    SERIES_BANK_STATEMENT = 22,
    SERIES_BANK_LINE = 23,
    SERIES_COST = 31,
    SERIES_DUNNING = 25,
    SERIES_DEBIT_NOTE = 26,
    SERIES_PROMISE = 27,
    SERIES_CHECKLIST = 32,
    SERIES_ORDER = 28,
    SERIES_RECURRING = 29,
};

// The series of a document of that kind (InvoiceKind).
enum series ident_of_document(uint32_t kind);

char *ident_print(struct arena *arena, enum series series, uint32_t year, uint32_t sequence);
// Case and leading zeros do not matter ("inv-2026-412").
bool ident_parse(const char *text, enum series *series, uint32_t *year, uint32_t *sequence);
