// SPDX-License-Identifier: Apache-2.0
#pragma once

// One-time codes as the machine knows them: a sealed seed that it never opens, the last step that
// was taken, hashes of the recovery codes that are left. Admission says to which step a code
// belongs; here the step may only rise, so that no code is good twice, whatever clocks do.

#include "server/ledger/call.h"

// NULL when the user never began to set them up.
MUST_CHECK enum status factor_load(struct txn *txn, uint64_t user_id, FactorRecord **out);
bool factor_is_active(const FactorRecord *factor); // NULL accepted

// STATUS_OK: the proof holds. CODE_NEEDED: none was given. CODE_WRONG, also for what was used
// before. BUSY: admission looked at another seed. Only for an active factor.
enum status factor_judge(const FactorRecord *factor, const CodeProof *proof);
// Uses up what the proof was; only after factor_judge said OK.
MUST_CHECK enum status factor_take(struct txn *txn, FactorRecord *factor, const CodeProof *proof);
