// SPDX-License-Identifier: Apache-2.0
#include "client/client.h"

#include "shared/text.h"
#include "shared/words.h"

enum status client_make(struct client *client)
{
    *client = (struct client){.arena = arena_make(CLIENT_ARENA_MAX)};
    if (client->arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    problems_init(&client->problems, client->arena);
    return keys_start();
}

void client_end(struct client *client)
{
    link_close(client->link);
    context_wipe(&client->context);
    key_pair_wipe(&client->device);
    outbox_wipe(&client->outbox);
    arena_free(client->page_arena);
    arena_free(client->arena);
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t client_clock_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t client_now_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int32_t client_today(const struct client *client, int32_t *offset_minutes)
{
    const char *zone = client->context.time_zone;
    (void)setenv("TZ", zone[0] == '\0' ? "UTC" : zone, 1);
    tzset();
    time_t now = (time_t)(client_now_ms() / 1000);
    struct tm local = {0};
    (void)localtime_r(&now, &local);
    *offset_minutes = (int32_t)(local.tm_gmtoff / 60);
    return (int32_t)((now + local.tm_gmtoff) / 86400);
}

struct render_context client_render(const struct client *client)
{
    struct render_context render = {
        .arena = client->arena,
        .decimals = client->context.decimals,
        .currency = client->context.currency,
        .word = language_word,
    };
    (void)client_today(client, &render.offset_minutes);
    return render;
}

const char *client_safe(const struct client *client, const char *text)
{
    const char *safe = text_safe(client->arena, text);
    return safe == NULL ? "" : safe;
}

enum status client_fail(struct client *client, enum status status, const char *field,
                        const char *asked, const char *allowed)
{
    problems_add(&client->problems, status, field == NULL ? "" : field, asked, allowed, NULL);
    return status;
}

void client_hint(struct client *client, const char *hint)
{
    if (hint != NULL && client->hint_count < COUNT_OF(client->hints)) {
        client->hints[client->hint_count++] = hint;
    }
}

void client_fact(struct client *client, const char *label, const char *text)
{
    if (text != NULL && client->fact_count < COUNT_OF(client->facts)) {
        client->facts[client->fact_count].label = label;
        client->facts[client->fact_count++].text = text;
    }
}

static enum status device_load(struct client *client)
{
    char passphrase[PASSWORD_BYTES_MAX + 1] = "";
    struct context *context = &client->context;
    if (context->protect) {
        enum status status =
            terminal_secret(&client->terminal, false, _("Passphrase of this device:"), passphrase,
                            sizeof(passphrase));
        if (status != STATUS_OK) {
            return status;
        }
    }
    CLEANUP(key_wipe) struct key secret = {0};
    enum status status = profile_key_load(&client->home, client->arena, context->name,
                                          context->protect ? passphrase : NULL, &secret);
    explicit_bzero(passphrase, sizeof(passphrase));
    if (status == STATUS_OK) {
        client->device = key_pair_of_secret(&secret);
    }
    return status;
}

enum status client_seen_load(struct client *client)
{
    const char *name = client->context.name;
    const enum seen_loaded loaded =
        seen_load(&client->home, client->arena, name, &client->device.secret, &client->seen);
    client->known = client->seen.anchor;
    if (loaded == SEEN_FORGED) {
        client->fault = _("what this device holds of the journal was not written by this device");
        client_hint(client,
                    arena_print(client->arena, "%s/contexts/%s.seen", client->home.data, name));
        client_hint(client,
                    _("tell the owner of the firm, by telephone or in person; without that file "
                      "the device begins anew and cannot tell what was rewritten before"));
        return STATUS_TAMPERED;
    }
    if (loaded == SEEN_NEW && client->context.has_seen) {
        (void)fprintf(
            stderr, "%s\n",
            _("WARNING: what this device held of the journal is gone. It begins anew: a server "
              "that rewrote what lies before is not found out by this device."));
        (void)fprintf(stderr, "%s\n",
                      _("If you did not remove it yourself, tell the owner of the firm."));
    }
    return STATUS_OK;
}

enum seen_saved client_seen_save(struct client *client, struct arena *arena, struct anchor *kept)
{
    const struct seen_keeping keeping = {.home = &client->home,
                                         .arena = arena,
                                         .name = client->context.name,
                                         .secret = &client->device.secret};
    const enum seen_saved saved = seen_save(&keeping, &client->seen, &client->known, kept);
    if (saved == SEEN_SAVED && !client->context.has_seen) {
        client->context.has_seen = true;
        if (profile_save(&client->home, arena, &client->context) != STATUS_OK) {
            client->context.has_seen = false; // tried again with the next command
        }
    }
    return saved;
}

enum status client_begin(struct client *client)
{
    if (client->has_context) {
        return STATUS_OK;
    }
    char name[CONTEXT_NAME_MAX + 1] = "";
    const char *wanted = client->options.context;
    if (wanted == NULL || wanted[0] == '\0') {
        wanted = getenv("KONTOR_CONTEXT");
    }
    enum status status = STATUS_OK;
    if (wanted != NULL && wanted[0] != '\0') {
        (void)snprintf(name, sizeof(name), "%s", wanted);
    } else {
        status = profile_current(&client->home, client->arena, name);
    }
    if (status == STATUS_OK && name[0] == '\0') {
        client->fault = _("this user has not joined a server yet");
        client_hint(client, "kontor join @FILE");
        return STATUS_LOGIN_NEEDED;
    }
    if (status == STATUS_OK) {
        status = profile_load(&client->home, client->arena, name, &client->context);
    }
    if (status == STATUS_NOT_FOUND) {
        client_hint(client, "kontor context list");
        return client_fail(client, STATUS_NOT_FOUND, "context", name, NULL);
    }
    if (status == STATUS_OK) {
        status = device_load(client);
    }
    if (status == STATUS_OK) {
        status = outbox_open(client->arena, &client->home, name, &client->device.secret,
                             &client->outbox);
    }
    if (status == STATUS_OK) {
        status = client_seen_load(client);
    }
    client->has_context = status == STATUS_OK;
    return status;
}
