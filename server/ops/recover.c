// SPDX-License-Identifier: Apache-2.0
#include "server/ops/recover.h"

#include "server/net/local.h"
#include "server/ops/init.h"
#include "server/ops/offline.h"
#include "server/store/file.h"
#include "shared/invite.h"
#include "shared/text.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HOUR_US      ((int64_t)3600 * 1000 * 1000)
#define KEPT_US      (7 * 24 * HOUR_US) // a used invitation answers its own device for so long
#define ANSWER_BYTES 1024

// ---- asking the server at work ----

static enum status connect_to(const char *dir, int *out)
{
    char path[PATH_BYTES_MAX];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!file_path(dir, LOCAL_NAME, path) || strlen(path) >= sizeof address.sun_path) {
        return STATUS_NOT_FOUND;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    *out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*out < 0) {
        return STATUS_ENVIRONMENT;
    }
    const bool is_there = connect(*out, (const struct sockaddr *)&address, sizeof address) == 0;
    return is_there ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status status_of_code(const char *code)
{
    for (uint32_t number = 1; number < UINT8_MAX; number++) {
        if (status_is_known(number) && strcmp(status_code((enum status)number), code) == 0) {
            return (enum status)number;
        }
    }
    return STATUS_MALFORMED;
}

// "ok TEXT" or "no E-CODE"; `answer` then begins with the text.
static enum status read_answer(int descriptor, char answer[static ANSWER_BYTES])
{
    size_t size = 0;
    while (size + 1 < ANSWER_BYTES) {
        const ssize_t got = read(descriptor, answer + size, ANSWER_BYTES - 1 - size);
        if (got <= 0) {
            break;
        }
        size += (size_t)got;
    }
    answer[size] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    if (strncmp(answer, "no ", 3) == 0) {
        return status_of_code(answer + 3);
    }
    if (strncmp(answer, "ok ", 3) != 0) {
        return STATUS_PERMISSION_DENIED; // hung up on
    }
    memmove(answer, answer + 3, size - 2);
    return STATUS_OK;
}

static enum status ask_server(const struct recover_options *options,
                              char answer[static ANSWER_BYTES])
{
    CLEANUP(file_close_at) int descriptor = -1;
    char line[LOCAL_LINE_MAX];
    const int size = snprintf(line, sizeof line, LOCAL_ASK "%s\n", options->login);
    if (size < 0 || (size_t)size >= sizeof line) {
        return STATUS_FIELD_TOO_LONG;
    }
    const enum status status = connect_to(options->store.dir, &descriptor);
    if (status != STATUS_OK) {
        return status;
    }
    // Who is not trusted is hung up on, maybe before the line is out: the answer tells.
    const ssize_t sent = write(descriptor, line, (size_t)size);
    return sent == size || sent < 0 ? read_answer(descriptor, answer) : STATUS_CUT_OFF;
}

// ---- or doing it ----

static enum status draw(const struct offline *offline, const struct recover_options *options,
                        struct invitation *out)
{
    const char *address = options->address != NULL ? options->address : INIT_ADDRESS;
    if (strlen(address) > INVITATION_ADDRESS_MAX) {
        return STATUS_FIELD_TOO_LONG;
    }
    memcpy(out->server_key, offline->keys.server.public_bytes, KEY_BYTES);
    memcpy(out->house_key, offline->keys.house_key, KEY_BYTES);
    random_fill(out->id, sizeof out->id);
    random_fill(out->secret, sizeof out->secret);
    (void)snprintf(out->address, sizeof out->address, "%s", address);
    return STATUS_OK;
}

static enum status run(struct offline *offline, const struct recover_options *options,
                       struct invitation *invitation)
{
    uint8_t hash[16];
    const char *folded = text_fold(offline->arena, options->login);
    if (folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    store_hash(offline->store, "login", bytes_of(folded, strlen(folded)), hash);
    const int64_t expires_us = options->instant_us + (int64_t)INVITATION_HOURS * HOUR_US;
    UserRecover recover;
    user_recover__init(&recover);
    recover.login = (char *)(uintptr_t)options->login;
    recover.login_hash = (ProtobufCBinaryData){.len = sizeof hash, .data = hash};
    recover.invitation_id =
        (ProtobufCBinaryData){.len = sizeof invitation->id, .data = invitation->id};
    recover.expires_us = expires_us;
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_USER_RECOVER;
    request.user_recover = &recover;
    struct admitted admitted = {.has_psk = true,
                                .psk = invitation_psk(invitation->secret),
                                .psk_expires_us = expires_us + KEPT_US};
    memcpy(admitted.invitation_id, invitation->id, sizeof admitted.invitation_id);
    const enum status status = offline_run(offline, &request, &admitted);
    key_wipe(&admitted.psk);
    return status;
}

static enum status do_it(const struct recover_options *options, char answer[static ANSWER_BYTES])
{
    CLEANUP(offline_close) struct offline offline = {.store = NULL};
    CLEANUP(invitation_wipe) struct invitation invitation = {.address = ""};
    enum status status = offline_open(&options->store, options->instant_us, &offline);
    if (status == STATUS_OK) {
        status = draw(&offline, options, &invitation);
    }
    if (status == STATUS_OK) {
        status = run(&offline, options, &invitation);
    }
    const char *text = status == STATUS_OK ? invitation_print(offline.arena, &invitation) : "";
    if (text == NULL) {
        return STATUS_TOO_LARGE;
    }
    (void)snprintf(answer, ANSWER_BYTES, "%s", text);
    return status;
}

enum status recover_run(const struct recover_options *options)
{
    char answer[ANSWER_BYTES] = "";
    if (file_exists(options->output)) {
        return STATUS_STORE_EXISTS;
    }
    enum status status = ask_server(options, answer);
    if (status == STATUS_NOT_FOUND && answer[0] == '\0') {
        status = do_it(options, answer);
    }
    if (status == STATUS_OK) {
        const size_t size = strlen(answer);
        answer[size] = '\n';
        status = file_write_new(options->output, 0600, bytes_of(answer, size + 1));
    }
    explicit_bzero(answer, sizeof answer);
    return status;
}
