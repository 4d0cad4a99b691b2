// SPDX-License-Identifier: Apache-2.0
#include "server/admit/policy.h"

#define FOR "required-for:"

// The next word of a list with commas and blanks; "" behind the last one.
static const char *next_word(const char *at, size_t *size)
{
    at += strspn(at, ", ");
    *size = strcspn(at, ", ");
    return at;
}

bool totp_policy_names(const struct totp_policy *policy, const char *role)
{
    size_t size = 0;
    for (const char *at = next_word(policy->roles, &size); size > 0;
         at = next_word(at + size, &size)) {
        if (strlen(role) == size && strncmp(at, role, size) == 0) {
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

enum status totp_policy_demands(const struct totp_policy *policy, struct txn *txn,
                                const UserRecord *user, bool *demands)
{
    *demands = policy->mode == TOTP_REQUIRED;
    for (size_t i = 0; policy->mode == TOTP_REQUIRED_FOR && i < user->n_role && !*demands; i++) {
        ProtobufCMessage *role = NULL;
        const enum status status = table_get(txn, TABLE_role, key_u64(user->role[i]), &role, NULL);
        if (status == STATUS_OK) {
            *demands = totp_policy_names(policy, ((const RoleRecord *)role)->word);
        } else if (status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    return STATUS_OK;
}

bool device_policy_parse(const char *text, bool *needs_approval)
{
    *needs_approval = strcmp(text, "approve") == 0;
    return *needs_approval || strcmp(text, "allow") == 0;
}
