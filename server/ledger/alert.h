// SPDX-License-Identifier: Apache-2.0
#pragma once

// What raises a customer's exposure and is never refused (domain.md d.3): a payment that is taken
// back, a guarantee that is given back or lapses. Somebody has to look at it.

#include "server/ledger/exposure.h"

// Behind the writes of the call: raises an alert when the policy looks at this customer and the
// limit is passed now. `cause` is the number of what did it. Takes at most one id.
MUST_CHECK enum status alert_if_over(struct books *books, uint64_t customer_id, const char *cause);
// Raises one for `reason`; `credit` is changed and has to be put by the caller. Nothing happens
// while CREDIT_ALERTS_MAX wait: the customer is conspicuous enough.
MUST_CHECK enum status alert_raise(struct books *books, CreditRecord *credit, CreditReason reason,
                                   const char *cause, const struct exposure *exposure);
