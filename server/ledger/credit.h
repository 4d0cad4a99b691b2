// SPDX-License-Identifier: Apache-2.0
#pragma once

// The mirror of an invoice: the lines of its credit note (domain.md d.11). All of them exactly
// while nothing was credited; otherwise a part in proportion to what is left of each line, largest
// remainder, never more than a line has left.

#include "server/ledger/document.h"

// What of the invoice was not credited yet.
int64_t credit_left(const InvoiceRecord *invoice);

// Fills lines and totals of `note` for `amount_minor` (at most credit_left) and counts them on the
// invoice's lines.
MUST_CHECK enum status credit_mirror(struct books *books, InvoiceRecord *invoice,
                                     int64_t amount_minor, InvoiceRecord *note);
