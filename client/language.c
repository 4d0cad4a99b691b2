// SPDX-License-Identifier: Apache-2.0
#include "client/language.h"

#include "shared/words.h"

#include <limits.h>
#include <locale.h>
#include <strings.h>
#include <unistd.h>

bool language_parse(const char *text, enum language *out)
{
    assert(text != NULL && out != NULL);
    if (strncasecmp(text, "zh", 2) == 0 && strchr("-_.@", text[2]) != NULL) {
        *out = LANGUAGE_CHINESE;
        return true;
    }
    if ((strncasecmp(text, "en", 2) == 0 && strchr("-_.@", text[2]) != NULL) ||
        strcmp(text, "C") == 0 || strncmp(text, "C.", 2) == 0 || strcmp(text, "POSIX") == 0) {
        *out = LANGUAGE_ENGLISH;
        return true;
    }
    return false;
}

// Is there a catalogue under this directory?
static bool catalogue_is_in(const char *dir)
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof(path), "%s/zh_CN/LC_MESSAGES/%s.mo", dir, WORDS_DOMAIN);
    return size > 0 && (size_t)size < sizeof(path) && access(path, R_OK) == 0;
}

// Beside the executable first, so that a build tree never reads the catalogue of an installed
// version.
static void catalogue_bind(void)
{
    static const char *const NEAR[] = {"locale", "../share/locale", "../client/locale"};
    char exe[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (size > 0) {
        exe[size] = '\0';
        char *slash = strrchr(exe, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        for (size_t i = 0; i < COUNT_OF(NEAR); i++) {
            char dir[PATH_MAX + 32];
            (void)snprintf(dir, sizeof(dir), "%s/%s", exe, NEAR[i]);
            if (catalogue_is_in(dir)) {
                (void)bindtextdomain(WORDS_DOMAIN, dir);
                return;
            }
        }
    }
    (void)bindtextdomain(WORDS_DOMAIN, KONTOR_LOCALE_DIR);
}

// The first variable that says something decides, as POSIX has it.
static enum language language_of_environment(void)
{
    static const char *const VARIABLES[] = {"KONTOR_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < COUNT_OF(VARIABLES); i++) {
        const char *value = getenv(VARIABLES[i]);
        if (value != NULL && value[0] != '\0') {
            enum language language = LANGUAGE_ENGLISH;
            return language_parse(value, &language) ? language : LANGUAGE_ENGLISH;
        }
    }
    return LANGUAGE_ENGLISH;
}

enum status language_start(const char *wanted, enum language *out)
{
    assert(out != NULL);
    enum status status = STATUS_OK;
    enum language language = LANGUAGE_ENGLISH;
    if (wanted == NULL) {
        language = language_of_environment();
    } else if (!language_parse(wanted, &language)) {
        status = STATUS_FIELD_NOT_CHOICE;
    }
    // C.UTF-8 is the one UTF-8 locale that every Debian has; gettext honours LANGUAGE in it, in
    // plain "C" it does not.
    if (setlocale(LC_ALL, "C.UTF-8") == NULL) {
        (void)setlocale(LC_ALL, "");
    }
    (void)setenv("LANGUAGE", language == LANGUAGE_CHINESE ? "zh_CN" : "en", 1);
    catalogue_bind();
    (void)bind_textdomain_codeset(WORDS_DOMAIN, "UTF-8");
    (void)textdomain(WORDS_DOMAIN);
    *out = language;
    return status;
}

const char *language_word(const char *msgid)
{
    assert(msgid != NULL);
    return msgid[0] == '\0' ? msgid : dgettext(WORDS_DOMAIN, msgid);
}

const char *language_role(const char *role)
{
    char msgid[64];
    int size = snprintf(msgid, sizeof(msgid), "role %s", role);
    if (size < 0 || (size_t)size >= sizeof(msgid)) {
        return role;
    }
    const char *word = dgettext(WORDS_DOMAIN, msgid);
    return word == msgid ? role : word;
}
