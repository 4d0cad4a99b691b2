// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <confuse.h>
#include <unistd.h>

#define USUAL_PATH "/etc/kontord/kontord.conf"

struct row {
    const char *key;
    const char *value;
    size_t offset;
};

static const struct row ROWS[] = {
#define CONFIG(key, value, sentence) {#key, value, offsetof(struct config, key)},
#include "server/config.def"
#undef CONFIG
};

static char **value_at(struct config *config, const struct row *row)
{
    return (char **)(void *)((char *)config + row->offset);
}

enum status config_init(struct config *config)
{
    *config = (struct config){0};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        char *value = strdup(ROWS[i].value);
        if (value == NULL) {
            config_wipe(config);
            return STATUS_ENVIRONMENT;
        }
        *value_at(config, &ROWS[i]) = value;
    }
    return STATUS_OK;
}

void config_wipe(struct config *config)
{
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        char **value = value_at(config, &ROWS[i]);
        free(*value);
        *value = NULL;
    }
}

bool config_set(struct config *config, const char *key, const char *value)
{
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        char *copy = strcmp(ROWS[i].key, key) == 0 ? strdup(value) : NULL;
        if (copy != NULL) {
            char **at = value_at(config, &ROWS[i]);
            free(*at);
            *at = copy;
            return true;
        }
    }
    return false;
}

static enum status parse(struct config *config, const char *path)
{
    cfg_opt_t options[COUNT_OF(ROWS) + 1];
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        options[i] = (cfg_opt_t)CFG_STR(ROWS[i].key, ROWS[i].value, CFGF_NONE);
    }
    options[COUNT_OF(ROWS)] = (cfg_opt_t)CFG_END();
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    if (cfg == NULL) {
        return STATUS_ENVIRONMENT;
    }
    const int result = cfg_parse(cfg, path);
    bool is_set = result == CFG_SUCCESS;
    for (size_t i = 0; is_set && i < COUNT_OF(ROWS); i++) {
        is_set = config_set(config, ROWS[i].key, cfg_getstr(cfg, ROWS[i].key));
    }
    cfg_free(cfg);
    if (result == CFG_FILE_ERROR) {
        return STATUS_FILE_ERROR;
    }
    return is_set ? STATUS_OK : STATUS_CONFIGURATION;
}

enum status config_read(struct config *config, const char *path)
{
    if (path != NULL) {
        return parse(config, path);
    }
    return access(USUAL_PATH, R_OK) == 0 ? parse(config, USUAL_PATH) : STATUS_OK;
}
