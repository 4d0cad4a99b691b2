// SPDX-License-Identifier: Apache-2.0
#include "server/admit/policy.h"

#include "shared/command.h"

#define FOR "required-for:"

// The next word of a list with commas and blanks; "" behind the last one.
static const char *next_word(const char *at, size_t *size)
{
    at += strspn(at, ", ");
    *size = strcspn(at, ", ");
    return at;
}

static bool names_role(const char *roles, const char *word)
{
    size_t size = 0;
    for (const char *at = next_word(roles, &size); size > 0; at = next_word(at + size, &size)) {
        if (strlen(word) == size && strncmp(at, word, size) == 0) {
            return true;
        }
    }
    return false;
}

bool totp_policy_parse(const char *text, struct totp_policy *out)
{
    static const struct {
        const char *word;
        enum totp_mode mode;
    } MODES[] = {{"off", TOTP_OFF}, {"optional", TOTP_OPTIONAL}, {"required", TOTP_REQUIRED}};

    for (size_t i = 0; i < COUNT_OF(MODES); i++) {
        if (strcmp(text, MODES[i].word) == 0) {
            *out = (struct totp_policy){.mode = MODES[i].mode, .roles = ""};
            return true;
        }
    }
    size_t size = 0;
    if (strncmp(text, FOR, strlen(FOR)) != 0) {
        return false;
    }
    const char *roles = next_word(text + strlen(FOR), &size);
    *out = (struct totp_policy){.mode = TOTP_REQUIRED_FOR, .roles = roles};
    return size > 0;
}

bool totp_policy_demands(const struct totp_policy *policy, const UserRecord *user)
{
    if (policy->mode != TOTP_REQUIRED_FOR) {
        return policy->mode == TOTP_REQUIRED;
    }
    for (size_t i = 0; i < user->n_role; i++) {
        if (names_role(policy->roles, role_word((enum role)user->role[i]))) {
            return true;
        }
    }
    return false;
}

bool device_policy_parse(const char *text, bool *needs_approval)
{
    *needs_approval = strcmp(text, "approve") == 0;
    return *needs_approval || strcmp(text, "allow") == 0;
}
