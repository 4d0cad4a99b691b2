// SPDX-License-Identifier: Apache-2.0
#include "client/kept.h"

#include "client/hex.h"
#include "client/profile.h"

void json_free_at(json_t **json)
{
    json_decref(*json);
}

void text_free_at(char **text)
{
    if (*text != NULL) {
        explicit_bzero(*text, strlen(*text));
    }
    free(*text);
}

enum status context_path(struct arena *arena, const struct home *home, const char *name,
                         const char *ending, const char **out)
{
    if (!profile_name_is_valid(name)) {
        return STATUS_NOT_FOUND;
    }
    const char *dir = arena_print(arena, "%s/contexts", home->data);
    const char *path = arena_print(arena, "%s/contexts/%s.%s", home->data, name, ending);
    if (dir == NULL || path == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = path;
    return home_make_dir(dir);
}

enum status json_read(struct arena *arena, const char *path, json_t **out)
{
    struct bytes content = {0};
    enum status status = home_read(arena, path, &content);
    if (status != STATUS_OK) {
        return status;
    }
    json_error_t error;
    json_t *json =
        json_loadb((const char *)content.data, content.size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json)) {
        json_decref(json);
        return STATUS_CONFIGURATION;
    }
    *out = json;
    return STATUS_OK;
}

enum status json_write(const char *path, const json_t *json)
{
    CLEANUP(text_free_at) char *text = json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS);
    if (text == NULL) {
        return STATUS_ENVIRONMENT;
    }
    return home_write(path, bytes_of(text, strlen(text)));
}

bool hex_get(const json_t *json, const char *key, uint8_t *out, size_t size)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL && hex_parse(text, out, size);
}

int hex_set(json_t *json, const char *key, const uint8_t *bytes, size_t size)
{
    char text[2 * POSITION_BYTES_MAX + 1];
    assert(size <= POSITION_BYTES_MAX);
    hex_print(bytes, size, text);
    int failed = json_object_set_new(json, key, json_string(text));
    explicit_bzero(text, sizeof(text));
    return failed;
}

uint64_t number_get(const json_t *json, const char *key)
{
    const json_int_t number = json_integer_value(json_object_get(json, key));
    return number > 0 ? (uint64_t)number : 0;
}

int number_set(json_t *json, const char *key, uint64_t number)
{
    return json_object_set_new(json, key, json_integer((json_int_t)number));
}
