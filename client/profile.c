// SPDX-License-Identifier: Apache-2.0
#include "client/profile.h"

#include "client/hex.h"
#include "client/kept.h"
#include "shared/limits.h"

#include <dirent.h>

#define KEY_SALT_BYTES 16

static void dir_close_at(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir);
    }
}

void context_wipe(struct context *context)
{
    explicit_bzero(context, sizeof(*context));
}

bool profile_name_is_valid(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > CONTEXT_NAME_MAX || name[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!letter && !other) {
            return false;
        }
    }
    return true;
}

static const char *config_path(const struct home *home, struct arena *arena)
{
    return arena_print(arena, "%s/config.json", home->config);
}

enum status profile_current(const struct home *home, struct arena *arena,
                            char out[static CONTEXT_NAME_MAX + 1])
{
    out[0] = '\0';
    const char *path = config_path(home, arena);
    if (path == NULL) {
        return STATUS_TOO_LARGE;
    }
    CLEANUP(json_free_at) json_t *json = NULL;
    enum status status = json_read(arena, path, &json);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    const char *name = json_string_value(json_object_get(json, "context"));
    if (status == STATUS_OK && name != NULL && profile_name_is_valid(name)) {
        (void)snprintf(out, CONTEXT_NAME_MAX + 1, "%s", name);
    }
    return status;
}

enum status profile_use(const struct home *home, struct arena *arena, const char *name)
{
    CLEANUP(home_close_at) int lock = -1;
    enum status status = home_lock(home, &lock);
    const char *path = config_path(home, arena);
    if (status != STATUS_OK || path == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    CLEANUP(json_free_at) json_t *json = NULL;
    status = json_read(arena, path, &json);
    if (status == STATUS_NOT_FOUND) {
        json = json_object();
        status = json == NULL ? STATUS_ENVIRONMENT : STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (json_object_set_new(json, "context", json_string(name)) != 0) {
        return STATUS_ENVIRONMENT;
    }
    return json_write(path, json);
}

static void text_get(const json_t *json, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(json, key));
    (void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

static bool servers_get(const json_t *json, struct context *out)
{
    const json_t *list = json_object_get(json, "servers");
    size_t count = json_array_size(list);
    if (count == 0 || count > CONTEXT_SERVERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *address = json_string_value(json_array_get(list, i));
        if (address == NULL || strlen(address) >= sizeof(out->server[0])) {
            return false;
        }
        (void)snprintf(out->server[i], sizeof(out->server[i]), "%s", address);
    }
    out->server_count = count;
    return true;
}

enum status profile_load(const struct home *home, struct arena *arena, const char *name,
                         struct context *out)
{
    const char *path = NULL;
    enum status status = context_path(arena, home, name, "json", &path);
    if (status != STATUS_OK) {
        return status;
    }
    CLEANUP(json_free_at) json_t *json = NULL;
    status = json_read(arena, path, &json);
    if (status != STATUS_OK) {
        return status;
    }
    CLEANUP(context_wipe) struct context context = {0};
    (void)snprintf(context.name, sizeof(context.name), "%s", name);
    if (!servers_get(json, &context) ||
        !hex_get(json, "server_key", context.server_key, KEY_BYTES) ||
        !hex_get(json, "house_key", context.house_key, KEY_BYTES)) {
        return STATUS_CONFIGURATION;
    }
    (void)hex_get(json, "invitation", context.invitation_id, sizeof(context.invitation_id));
    text_get(json, "login", context.login, sizeof(context.login));
    text_get(json, "currency", context.currency, sizeof(context.currency));
    text_get(json, "time_zone", context.time_zone, sizeof(context.time_zone));
    text_get(json, "statement", context.statement, sizeof(context.statement));
    const json_int_t decimals = json_integer_value(json_object_get(json, "decimals"));
    if (decimals < 0 || decimals > DECIMALS_MAX) {
        return STATUS_CONFIGURATION;
    }
    context.decimals = (uint32_t)decimals;
    context.joined = json_is_true(json_object_get(json, "joined"));
    context.protect = json_is_true(json_object_get(json, "protect"));
    context.has_seen = json_is_true(json_object_get(json, "seen"));
    context.has_token = hex_get(json, "token", context.token, TOKEN_BYTES);
    *out = context;
    return STATUS_OK;
}

enum status profile_save(const struct home *home, struct arena *arena,
                         const struct context *context)
{
    assert(context->server_count > 0 && context->server_count <= CONTEXT_SERVERS_MAX);
    const char *path = NULL;
    enum status status = context_path(arena, home, context->name, "json", &path);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_CONFIGURATION : status;
    }
    CLEANUP(json_free_at) json_t *json = json_object();
    json_t *servers = json_array();
    int failed = json_object_set_new(json, "servers", servers);
    for (size_t i = 0; i < context->server_count; i++) {
        failed |= json_array_append_new(servers, json_string(context->server[i]));
    }
    failed |= hex_set(json, "server_key", context->server_key, KEY_BYTES);
    failed |= hex_set(json, "house_key", context->house_key, KEY_BYTES);
    failed |= hex_set(json, "invitation", context->invitation_id, sizeof(context->invitation_id));
    failed |= json_object_set_new(json, "login", json_string(context->login));
    failed |= json_object_set_new(json, "currency", json_string(context->currency));
    failed |= json_object_set_new(json, "time_zone", json_string(context->time_zone));
    if (context->statement[0] != '\0') {
        failed |= json_object_set_new(json, "statement", json_string(context->statement));
    }
    failed |= json_object_set_new(json, "decimals", json_integer(context->decimals));
    failed |= json_object_set_new(json, "joined", json_boolean(context->joined));
    failed |= json_object_set_new(json, "protect", json_boolean(context->protect));
    failed |= json_object_set_new(json, "seen", json_boolean(context->has_seen));
    if (context->has_token) {
        failed |= hex_set(json, "token", context->token, TOKEN_BYTES);
    }
    return failed != 0 ? STATUS_ENVIRONMENT : json_write(path, json);
}

enum status profile_remove(const struct home *home, struct arena *arena, const char *name)
{
    static const char *const ENDINGS[] = {"json", "key", "seen"};
    for (size_t i = 0; i < COUNT_OF(ENDINGS); i++) {
        const char *path = NULL;
        enum status status = context_path(arena, home, name, ENDINGS[i], &path);
        if (status == STATUS_OK) {
            status = home_remove(path);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum status profile_names(const struct home *home, struct arena *arena,
                          const char *names[static CONTEXT_NAMES_MAX], size_t *count)
{
    const char *path = arena_print(arena, "%s/contexts", home->data);
    if (path == NULL) {
        return STATUS_TOO_LARGE;
    }
    *count = 0;
    CLEANUP(dir_close_at) DIR *dir = opendir(path);
    if (dir == NULL) {
        return STATUS_OK;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t size = strlen(entry->d_name);
        if (size <= 5 || strcmp(entry->d_name + size - 5, ".json") != 0 ||
            *count == CONTEXT_NAMES_MAX) {
            continue;
        }
        const char *name = arena_print(arena, "%.*s", (int)(size - 5), entry->d_name);
        if (name == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (profile_name_is_valid(name)) {
            names[(*count)++] = name;
        }
    }
    qsort(names, *count, sizeof(names[0]), name_compare);
    return STATUS_OK;
}

enum status profile_key_save(const struct home *home, struct arena *arena, const char *name,
                             const struct key *secret, const char *passphrase)
{
    const char *path = NULL;
    enum status status = context_path(arena, home, name, "key", &path);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_CONFIGURATION : status;
    }
    CLEANUP(json_free_at) json_t *json = json_object();
    int failed = 0;
    if (passphrase == NULL) {
        failed = hex_set(json, "secret", secret->bytes, KEY_BYTES);
    } else {
        uint8_t salt[KEY_SALT_BYTES];
        uint8_t box[KEY_BYTES + BOX_BYTES];
        char text[2 * sizeof(box) + 1];
        CLEANUP(key_wipe) struct key lock = {0};
        random_fill(salt, sizeof(salt));
        status = key_of_passphrase(passphrase, salt, ARGON_PASSES, ARGON_BYTES, &lock);
        if (status != STATUS_OK) {
            return status;
        }
        key_seal(&lock, bytes_of(salt, sizeof(salt)), bytes_of(secret->bytes, KEY_BYTES), box);
        hex_print(box, sizeof(box), text);
        failed = hex_set(json, "salt", salt, sizeof(salt));
        failed |= json_object_set_new(json, "box", json_string(text));
    }
    return failed != 0 ? STATUS_ENVIRONMENT : json_write(path, json);
}

enum status profile_key_load(const struct home *home, struct arena *arena, const char *name,
                             const char *passphrase, struct key *secret)
{
    const char *path = NULL;
    enum status status = context_path(arena, home, name, "key", &path);
    if (status != STATUS_OK) {
        return status;
    }
    CLEANUP(json_free_at) json_t *json = NULL;
    status = json_read(arena, path, &json);
    if (status != STATUS_OK) {
        return status == STATUS_CONFIGURATION ? STATUS_KEY_MISSING : status;
    }
    if (hex_get(json, "secret", secret->bytes, KEY_BYTES)) {
        return STATUS_OK;
    }
    uint8_t salt[KEY_SALT_BYTES];
    uint8_t box[KEY_BYTES + BOX_BYTES];
    if (passphrase == NULL || !hex_get(json, "salt", salt, sizeof(salt)) ||
        !hex_get(json, "box", box, sizeof(box))) {
        return STATUS_KEY_MISSING;
    }
    CLEANUP(key_wipe) struct key lock = {0};
    status = key_of_passphrase(passphrase, salt, ARGON_PASSES, ARGON_BYTES, &lock);
    if (status != STATUS_OK) {
        return status;
    }
    status =
        key_open(&lock, bytes_of(salt, sizeof(salt)), bytes_of(box, sizeof(box)), secret->bytes);
    return status == STATUS_TAMPERED ? STATUS_KEY_MISSING : status;
}
