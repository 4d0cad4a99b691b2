// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/double.h"

#include "shared/wire.h"

#define JOB_BYTES_MAX  ((size_t)16 * 1024 * 1024)
#define POSITION_BYTES 8

static char *text_of(struct arena *arena, size_t size)
{
    char *text = arena_alloc(arena, size + 1);
    assert(text != NULL);
    memset(text, 'x', size);
    return text;
}

static ProtobufCBinaryData bytes_copy(struct arena *arena, const void *data, size_t size)
{
    uint8_t *copy = arena_copy(arena, data, size);
    assert(copy != NULL);
    return (ProtobufCBinaryData){.data = copy, .len = size};
}

static ProtobufCBinaryData position_of(struct arena *arena, uint64_t number)
{
    uint8_t position[POSITION_BYTES];
    put_u64(position, number);
    return bytes_copy(arena, position, sizeof position);
}

static ProtobufCMessage *result_of(struct job *job)
{
    ProtobufCMessage *result = wire_make(job->arena, job->command->reply);
    assert(result != NULL);
    wire_set_inner(&job->reply->base, job->command->number, result);
    return result;
}

static struct double_device *device_of(struct admit *admit, const uint8_t *key)
{
    for (size_t i = 0; i < admit->device_count; i++) {
        if (memcmp(admit->device[i].key, key, KEY_BYTES) == 0) {
            return &admit->device[i];
        }
    }
    return NULL;
}

static void log_in(struct job *job, struct double_device *device, SessionReply *reply)
{
    device->session_live = true;
    random_fill(device->token, sizeof device->token);
    reply->token = bytes_copy(job->arena, device->token, sizeof device->token);
}

static enum status answer_login(struct admit *admit, struct job *job)
{
    struct double_device *device = device_of(admit, job->peer.device_key);
    if (strcmp(job->request->session_login->password, DOUBLE_PASSWORD) != 0) {
        return STATUS_LOGIN_WRONG;
    }
    log_in(job, device, (SessionReply *)result_of(job));
    return STATUS_OK;
}

static enum status answer_join(struct admit *admit, struct job *job)
{
    struct double_device *device = device_of(admit, job->peer.device_key);
    if (!job->peer.invited) {
        return STATUS_PERMISSION_DENIED;
    }
    if (admit->invitation == DOUBLE_EXPIRED) {
        return STATUS_INVITATION_EXPIRED;
    }
    if (admit->invitation == DOUBLE_USED && device == NULL) {
        return STATUS_INVITATION_USED;
    }
    if (device == NULL) {
        assert(admit->device_count < DOUBLE_DEVICES_MAX);
        device = &admit->device[admit->device_count++];
        memcpy(device->key, job->peer.device_key, KEY_BYTES);
    }
    admit->invitation = DOUBLE_USED;
    log_in(job, device, (SessionReply *)result_of(job));
    return STATUS_OK;
}

static void answer_list(const struct admit *admit, struct job *job)
{
    const char *cursor = job->request->customer_list->cursor;
    const unsigned page = cursor[0] != '\0' ? (unsigned)strtoul(cursor, NULL, 10) : 0;
    CustomerListReply *reply = (CustomerListReply *)result_of(job);
    CustomerRow *row = (CustomerRow *)wire_make(job->arena, &customer_row__descriptor);
    row->number = arena_print(job->arena, "C-%u", page);
    row->name = text_of(job->arena, admit->page_bytes);
    reply->row = arena_alloc(job->arena, sizeof *reply->row);
    reply->row[0] = row;
    reply->n_row = 1;
    reply->page = (Page *)wire_make(job->arena, &page__descriptor);
    if (page + 1 < admit->page_count) {
        reply->page->next = arena_print(job->arena, "%u", page + 1);
    }
}

// Every second record is one that this reader may see.
static enum status answer_watch(const struct admit *admit, struct job *job)
{
    const ProtobufCBinaryData from = job->request->event_watch->from;
    uint64_t number = from.len == POSITION_BYTES ? get_u64(from.data) : admit->number;
    while (number < admit->number) {
        number++;
        if (number % 2 == 0) {
            Event *event = (Event *)result_of(job);
            event->action = arena_print(job->arena, "customer add");
            event->id = number;
            job->reply->position = position_of(job->arena, number);
            return STATUS_OK;
        }
    }
    job->reply->position = position_of(job->arena, number);
    return STATUS_END;
}

static enum status answer(struct admit *admit, struct job *job)
{
    struct double_device *device = device_of(admit, job->peer.device_key);
    switch ((int)job->request->command_case) {
    case REQUEST__COMMAND_SESSION_LOGIN:
        return answer_login(admit, job);
    case REQUEST__COMMAND_SESSION_JOIN:
        return answer_join(admit, job);
    case REQUEST__COMMAND_SESSION_LOGOUT:
        assert(device != NULL);
        device->session_live = false;
        (void)result_of(job);
        return STATUS_OK;
    case REQUEST__COMMAND_DEVICE_REVOKE:
        admit->device[job->request->device_revoke->device_id - 1].revoked = true;
        (void)result_of(job);
        return STATUS_OK;
    case REQUEST__COMMAND_SESSION_WHOAMI: {
        SessionWhoamiReply *reply = (SessionWhoamiReply *)result_of(job);
        reply->login = text_of(job->arena, admit->reply_bytes);
        return STATUS_OK;
    }
    case REQUEST__COMMAND_CUSTOMER_LIST:
        answer_list(admit, job);
        return STATUS_OK;
    case REQUEST__COMMAND_EVENT_WATCH:
        return answer_watch(admit, job);
    case REQUEST__COMMAND_IMPORT_ROWS:
        admit->rows_seen += job->request->import_rows->n_row;
        (void)result_of(job);
        return STATUS_OK;
    default:
        (void)result_of(job);
        return STATUS_OK;
    }
}

static void handle(struct admit *admit, struct job *job)
{
    job->reply = (Reply *)wire_make(job->arena, &reply__descriptor);
    assert(job->reply != NULL);
    const bool may = job->peer.session_id != 0 || job->command->permission == PERMISSION_DEVICE ||
                     job->command->permission == PERMISSION_INVITED;
    enum status status = STATUS_LOGIN_NEEDED;
    if (admit->answer == NULL || !admit->answer(admit->answer_context, job, &status)) {
        status = may ? answer(admit, job) : STATUS_LOGIN_NEEDED;
    }
    job->reply->status = (uint32_t)status;
    admit->handled++;
    memcpy(admit->last_hash, job->request_hash, sizeof admit->last_hash);
    const enum status packing = wire_pack(job->arena, &job->reply->base, &job->packed);
    assert(packing == STATUS_OK);
    if (job->command->mode == COMMAND_WRITE && status == STATUS_OK) {
        admit->number++;
        listener_committed(admit->listener, admit->number);
    }
    job->done(job);
}

static void on_wake(uv_async_t *wake)
{
    struct admit *admit = wake->data;
    while (admit->first != NULL && !admit->hold) {
        struct job *job = admit->first;
        admit->first = job->next;
        admit->last = admit->first == NULL ? NULL : admit->last;
        handle(admit, job);
    }
}

void double_start(struct admit *admit, uv_loop_t *loop)
{
    admit->loop = loop;
    admit->page_count = 1;
    const int failure = uv_async_init(loop, &admit->wake, on_wake);
    assert(failure == 0);
    admit->wake.data = admit;
}

void double_stop(struct admit *admit)
{
    assert(admit->first == NULL);
    uv_close((uv_handle_t *)&admit->wake, NULL);
}

void double_release(struct admit *admit)
{
    admit->hold = false;
    const int failure = uv_async_send(&admit->wake);
    assert(failure == 0);
}

// ---- what server/net calls ----

struct job *job_make(struct admit *admit)
{
    (void)admit;
    struct job *job = calloc(1, sizeof *job);
    struct arena *arena = arena_make(JOB_BYTES_MAX);
    assert(job != NULL && arena != NULL);
    job->arena = arena;
    return job;
}

void job_free(struct admit *admit, struct job *job)
{
    (void)admit;
    arena_free(job->arena);
    free(job);
}

void admit_submit(struct admit *admit, struct job *job)
{
    job->next = NULL;
    if (admit->last != NULL) {
        admit->last->next = job;
    } else {
        admit->first = job;
    }
    admit->last = job;
    const int failure = uv_async_send(&admit->wake);
    assert(failure == 0);
}

bool admit_psk(struct admit *admit, const uint8_t invitation_id[static 16], struct key *psk)
{
    if (memcmp(admit->invitation_id, invitation_id, INVITATION_ID_BYTES) != 0) {
        return false;
    }
    *psk = admit->invitation_psk;
    return true;
}

void admit_peer(struct admit *admit, const uint8_t device_key[static KEY_BYTES],
                const uint8_t *token, struct peer *peer)
{
    const struct double_device *device = device_of(admit, device_key);
    if (device == NULL || device->revoked) {
        return;
    }
    peer->device_id = (uint64_t)(device - admit->device) + 1;
    if (token != NULL && device->session_live &&
        keys_equal(device->token, token, sizeof device->token)) {
        peer->session_id = peer->device_id;
    }
}

bool admit_peer_is_live(struct admit *admit, const struct peer *peer)
{
    assert(peer->device_id > 0 && peer->device_id <= admit->device_count);
    const struct double_device *device = &admit->device[peer->device_id - 1];
    return !device->revoked && (peer->session_id == 0 || device->session_live);
}

void queue_on_commit(struct queue *queue, void (*callback)(void *context, uint64_t number),
                     void *context)
{
    (void)queue;
    (void)callback;
    (void)context;
}
