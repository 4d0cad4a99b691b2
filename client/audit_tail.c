// SPDX-License-Identifier: Apache-2.0

// The journal as it grows: the newest records first, then each one as the server commits it. A
// connection that was cut is opened anew and goes on behind the last record that was shown.

#include "client/run.h"
#include "client/tools.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "shared/words.h"

#define LAST_DEFAULT   10
#define WAIT_MS        1000
#define PAUSE_MS       500
#define EVENT_BYTES    ((size_t)4 * 1024 * 1024)
#define GAP            "  "
#define COUNT_MAX      1000000000
#define OBJECT_MINIMUM 14

// Fields of AuditRow in the order of the line, and how many cells they take at least.
static const struct {
    const char *field;
    int cells;
} COLUMNS[] = {
    {"number", 7},  {"at_us", 19},  {"actor", 10},
    {"device", 14}, {"action", 20}, {"object", OBJECT_MINIMUM},
    {"status", 0},
};

struct tail {
    struct client *client;
    struct arena *arena; // of one answer
    AuditTail request;
    uint8_t position[POSITION_BYTES_MAX];
    uint64_t left; // records still to be shown; 0: without end
    bool is_over;
};

// ---- one record ----

static void line_print(struct tail *tail, const AuditRow *row)
{
    struct render_context render = client_render(tail->client);
    render.arena = tail->arena;
    for (size_t i = 0; i < COUNT_OF(COLUMNS); i++) {
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
            &audit_row__descriptor, COLUMNS[i].field);
        assert(field != NULL);
        const char *cell = render_cell(&render, &row->base, field);
        const char *text = cell == NULL ? "" : cell;
        if (strcmp(COLUMNS[i].field, "actor") == 0 && row->approved_by[0] != '\0') {
            const char *second = text_safe(tail->arena, row->approved_by);
            const char *both = arena_print(tail->arena, "%s+%s", text, second);
            text = both == NULL ? text : both;
        }
        text = strcmp(COLUMNS[i].field, "status") == 0 ? language_word(text) : text;
        const int cells = (int)text_cells(text);
        const int pad = cells < COLUMNS[i].cells ? COLUMNS[i].cells - cells : 0;
        const bool is_first = i == 0;
        (void)printf("%s%*s%s%*s", is_first ? "" : GAP, is_first ? pad : 0, "", text,
                     is_first ? 0 : pad, "");
    }
    (void)fputc('\n', stdout);
}

// {"schema":"kontor.audit.tail/1","data":{…}}, a line each.
static enum status json_print(struct tail *tail, AuditRow *row)
{
    struct render_context render = client_render(tail->client);
    render.arena = tail->arena;
    Event event;
    event__init(&event);
    event.row = row;
    json_t *json = render_json(&render, command_by_name("audit_tail"), &event.base);
    json_t *data = json_object_get(json, "data");
    const bool is_written = json_object_set(json, "data", json_object_get(data, "row")) == 0 &&
                            render_json_write(json, JSON_COMPACT, stdout);
    json_decref(json);
    return is_written ? STATUS_OK : STATUS_FILE_ERROR;
}

static enum status row_show(struct tail *tail, AuditRow *row)
{
    enum status status = STATUS_OK;
    if (tail->client->options.json != NULL || tail->client->options.jsonl) {
        status = json_print(tail, row);
    } else {
        line_print(tail, row);
    }
    if (status == STATUS_OK && fflush(stdout) != 0) {
        status = STATUS_FILE_ERROR;
    }
    if (tail->left > 0) {
        tail->left--;
        tail->is_over = tail->left == 0;
    }
    return status;
}

// ---- the stream ----

static enum status event_take(struct tail *tail, const Event *event)
{
    if (event->position.len == 0 || event->position.len > sizeof(tail->position)) {
        return STATUS_MALFORMED;
    }
    memcpy(tail->position, event->position.data, event->position.len);
    tail->request.from = (ProtobufCBinaryData){.len = event->position.len, .data = tail->position};
    return event->row != NULL ? row_show(tail, event->row) : STATUS_OK;
}

// What the server ends a follow with is its reply.
static enum status refusal_take(struct client *client, Reply *reply)
{
    Reply *taken = NULL;
    struct bytes packed = {0};
    ProtobufCMessage *kept = NULL;
    enum status status = wire_pack(client->arena, &reply->base, &packed);
    if (status == STATUS_OK) {
        status = wire_unpack(client->arena, &reply__descriptor, packed, &kept);
    }
    if (status == STATUS_OK) {
        status = client_take(client, (Reply *)(void *)kept, &taken);
    }
    return status == STATUS_OK ? STATUS_MALFORMED : status;
}

// One connection, until it ends or enough was shown.
static enum status stream_run(struct tail *tail)
{
    struct client *client = tail->client;
    enum status status = client_connect(client);
    if (status != STATUS_OK) {
        return status;
    }
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_AUDIT_TAIL;
    request.audit_tail = &tail->request;
    uint64_t id = 0;
    status = link_follow(client->link, &request, &id);
    while (status == STATUS_OK && !tail->is_over) {
        bool is_ready = false;
        status = link_wait(client->link, WAIT_MS, &is_ready);
        if (status != STATUS_OK || !is_ready) {
            continue;
        }
        struct link_answer answer = {0};
        arena_reset(tail->arena);
        status = link_receive(client->link, tail->arena, &answer);
        if (status == STATUS_OK && answer.reply != NULL) {
            return refusal_take(client, answer.reply);
        }
        if (status == STATUS_OK) {
            client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
            status = event_take(tail, answer.event);
        }
        if (status == STATUS_OK && !tail->is_over) {
            status = link_credit(client->link, id, 1);
        }
    }
    return status;
}

static bool is_worth_a_retry(enum status status)
{
    return status == STATUS_CUT_OFF || status == STATUS_BUSY || status == STATUS_UNREACHABLE ||
           status == STATUS_SLOW_READER;
}

static enum status tail_run(struct tail *tail)
{
    struct client *client = tail->client;
    bool has_said = false;
    for (;;) {
        client->hint_count = 0;
        enum status status = stream_run(tail);
        const bool is_begun = tail->request.from.len > 0;
        if (!is_begun || !is_worth_a_retry(status) || client_clock_ms() >= client->deadline_ms) {
            return status;
        }
        if (!has_said && !client->options.quiet) {
            (void)fprintf(stderr, "%s\n", _("The connection was lost; trying again."));
        }
        has_said = true;
        client->fault = NULL;
        const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
}

// ---- the words ----

static enum status count_parse(struct client *client, const char *text, uint64_t *out)
{
    uint64_t value = 0;
    const char *at = text;
    while (*at >= '0' && *at <= '9' && value <= COUNT_MAX) {
        value = value * 10 + (uint64_t)(*at++ - '0');
    }
    if (*at != '\0' || value == 0 || value > COUNT_MAX) {
        return client_fail(client, STATUS_FIELD_OUT_OF_RANGE, "count", text, "1 … 1000000000");
    }
    *out = value;
    return STATUS_OK;
}

enum status tool_tail(struct client *client, size_t count, const char *const *words)
{
    const struct command *command = command_by_name("audit_tail");
    CLEANUP(arena_free_at) struct arena *arena = arena_make(EVENT_BYTES);
    const char **kept = arena_alloc(client->arena, (count + 1) * sizeof(*kept));
    struct tail tail = {.client = client, .arena = arena};
    size_t kept_count = 0;
    enum status status = arena == NULL || kept == NULL ? STATUS_ENVIRONMENT : STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const char *value = NULL;
        if (tool_value(count, words, &i, "count", &value)) {
            status = count_parse(client, value, &tail.left);
        } else {
            kept[kept_count++] = words[i];
        }
    }
    ProtobufCMessage *inner = NULL;
    if (status == STATUS_OK) {
        status = command_parse(client, command, kept_count, kept, &inner);
    }
    if (status == STATUS_OK) {
        status = rules_check(command, inner, &client->problems);
    }
    if (status != STATUS_OK) {
        return status;
    }
    tail.request = *(const AuditTail *)(const void *)inner;
    if (tail.request.limit == 0) {
        tail.request.limit = LAST_DEFAULT;
    }
    return tail_run(&tail);
}
