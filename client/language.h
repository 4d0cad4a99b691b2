// SPDX-License-Identifier: Apache-2.0
#pragma once

// The language that the client speaks. Works on a machine without generated locales: the process
// runs in C.UTF-8 and gettext is told the language by LANGUAGE. The catalogue lies beside the
// executable (build tree) or under the installation's share/locale.

#include "shared/status.h"

enum language { LANGUAGE_ENGLISH, LANGUAGE_CHINESE };

// "en", "zh-CN", "zh_CN.UTF-8", "zh"; false when it is neither.
bool language_parse(const char *text, enum language *out);

// `wanted` is what was asked for by option or profile; NULL: KONTOR_LANG, then the locale variables
// decide. FIELD_NOT_CHOICE when `wanted` is not a language of ours; English is set then.
MUST_CHECK enum status language_start(const char *wanted, enum language *out);

// A looked-up msgid; "" stays "". For tables whose sentences are not literals.
const char *language_word(const char *msgid);

// The word for a role, which in the catalogue is apart from the field that may have the same name.
const char *language_role(const char *role);
