// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sentences for people, in their language: English is the msgid, the catalogue is client/zh_CN.po.
// Both programs include this header and nothing else of gettext; the language is chosen once, in
// client/language.c, and stays English without it. Sentences in tables (.def) are msgids too: the
// build collects them and fails when one has no translation.

#include <libintl.h>

#define WORDS_DOMAIN "kontor"

// The sentence in the language of the person.
#define _(msgid) dgettext(WORDS_DOMAIN, msgid)
// Marks a msgid that is looked up later.
#define N_(msgid) msgid
