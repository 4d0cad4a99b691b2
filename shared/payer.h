// SPDX-License-Identifier: Apache-2.0
#pragma once

// The other side of a bank line as it is compared: names without width, brackets, blanks and the
// words that say of what legal kind a firm is; texts as the words that may be references and the
// numbers of documents that stand in them (domain.md d.13, experience.md c.9).

#include "shared/arena.h"
#include "shared/ident.h"

// "云帆科技（上海）有限公司" and "云帆科技(上海)" are the same; "" when nothing is left. NULL when
// the arena is exhausted.
char *payer_fold_name(struct arena *arena, const char *name);
// Letters and digits in upper case: "6225 8802-1234" is "622588021234".
char *payer_fold_account(struct arena *arena, const char *account);
// Two numbers of bank accounts without blanks, signs and case.
bool payer_is_same_account(const char *a, const char *b);

// The next word from *text on that has a digit and 3 to 40 characters: letters, digits and signs
// within. False when there is none.
bool payer_next_word(const char **text, const char **word, size_t *size);

// The next number of an invoice, credit note or payment, also without its hyphens ("INV20260012").
bool payer_next_number(const char **text, enum series *series, uint32_t *year, uint32_t *sequence);
