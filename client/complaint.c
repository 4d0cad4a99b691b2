// SPDX-License-Identifier: Apache-2.0
#include "client/complaint.h"

#include "client/hex.h"
#include "client/letters.h"
#include "shared/text.h"
#include "shared/words.h"

#define LABEL_CELLS 14

static const char *const SUFFIXES[] = {
#define KIND(suffix, name) suffix,
#include "shared/kinds.def"
#undef KIND
};

// "line[1].price_micro" -> "line[1].price", as it is typed and as it stands in JSON.
static const char *field_name(struct arena *arena, const char *field)
{
    size_t size = strlen(field);
    for (size_t i = 0; i < COUNT_OF(SUFFIXES); i++) {
        size_t suffix = strlen(SUFFIXES[i]);
        bool is_kind = strcmp(field, "tax_id") != 0;
        if (is_kind && size > suffix && strcmp(field + size - suffix, SUFFIXES[i]) == 0) {
            size -= suffix;
            break;
        }
    }
    char *name = arena_copy(arena, field, size);
    return name == NULL ? field : name;
}

static const char *key_text(const struct client *client)
{
    char text[2 * REQUEST_KEY_BYTES + 1];
    hex_print(client->key, sizeof(client->key), text);
    const char *kept = client->has_key ? arena_copy(client->arena, text, sizeof(text) - 1) : NULL;
    return kept == NULL ? "" : kept;
}

static const char *sentence(enum status status)
{
    return language_word(status_sentence(status));
}

// A label and what belongs to it, aligned by cells.
static void line_print(const char *label, const char *text)
{
    size_t cells = text_cells(label);
    int pad = cells < LABEL_CELLS ? (int)(LABEL_CELLS - cells) : 1;
    (void)fprintf(stderr, "  %s%*s%s\n", label, pad, "", text);
}

// Of an amount it is the number of decimals.
static const char *allowed_text(const struct client *client, const Problem *problem)
{
    bool chinese = client->language == LANGUAGE_CHINESE;
    const char *allowed = client_safe(client, problem->allowed);
    if (allowed[0] == '\0') {
        return "";
    }
    if (problem->code == STATUS_FIELD_NOT_AMOUNT) {
        const char *decimals = arena_print(client->arena, _("at most %s decimals"), allowed);
        return arena_print(client->arena, chinese ? "；%s" : "; %s", decimals);
    }
    return arena_print(client->arena, chinese ? "；%s：%s" : "; %s: %s", _("allowed"), allowed);
}

static void problem_print(const struct client *client, const Problem *problem)
{
    struct arena *arena = client->arena;
    bool chinese = client->language == LANGUAGE_CHINESE;
    const char *name = client_safe(client, field_name(arena, problem->field));
    const char *what = status_is_known(problem->code) ? sentence((enum status)problem->code) : "";
    const char *asked =
        problem->asked[0] == '\0'
            ? ""
            : arena_print(arena,
                          chinese ? "“%s”：" : "\"%s\": ", client_safe(client, problem->asked));
    if (problem->code == STATUS_USAGE && problem->asked[0] == '-') {
        what = _("there is no such option");
    }
    const char *allowed = allowed_text(client, problem);
    if (problem->code == STATUS_FIELD_MISSING && problem->row == 0 && name[0] != '\0' &&
        strpbrk(name, "[.") == NULL) {
        char *option = arena_print(arena, "--%s", name);
        letters_replace(option, '_', '-');
        allowed = option == NULL ? "" : arena_print(arena, chinese ? "：%s" : ": %s", option);
    }
    const char *row = problem->row == 0 ? "" : arena_print(arena, _("row %u "), problem->row);
    const char *line =
        arena_print(arena, "%s%s%s%s", row == NULL ? "" : row, asked == NULL ? "" : asked, what,
                    allowed == NULL ? "" : allowed);
    line_print(name[0] == '\0' ? _("reason") : name, line == NULL ? what : line);
    if (problem->hint[0] != '\0') {
        line_print(_("hint"), client_safe(client, problem->hint));
    }
}

// What waits for a second person is nothing that went wrong.
static void approval_print(const struct client *client, const Reply *reply)
{
    struct arena *arena = client->arena;
    const char *number = client_safe(client, reply->approval);
    const char *show = arena_print(arena, "kontor approval show %s", number);
    const char *withdraw = arena_print(arena, "kontor approval withdraw %s", number);
    line_print(_("number"), number);
    line_print(_("second person"), client_safe(client, reply->control));
    line_print(_("look"), show == NULL ? "" : show);
    line_print(_("withdraw"), withdraw == NULL ? "" : withdraw);
}

static void people_print(const struct client *client, enum status status)
{
    bool chinese = client->language == LANGUAGE_CHINESE;
    const char *what = client->fault != NULL ? client->fault : sentence(status);
    const bool waits = status == STATUS_APPROVAL_PENDING;
    (void)fprintf(stderr, chinese ? "%s：%s\n" : "%s: %s\n", waits ? _("waiting") : _("error"),
                  what);
    const Reply *reply = client->refusal;
    if (waits && reply != NULL) {
        approval_print(client, reply);
    }
    for (size_t i = 0; reply != NULL && i < reply->n_problem; i++) {
        problem_print(client, reply->problem[i]);
    }
    for (size_t i = 0; i < client->problems.count; i++) {
        problem_print(client, client->problems.list[i]);
    }
    if (client->problems.left_out > 0) {
        const char *more = arena_print(client->arena, _("and %zu more"), client->problems.left_out);
        line_print("", more == NULL ? "" : more);
    }
    if (client->options.verbose && reply != NULL && reply->detail[0] != '\0') {
        line_print(_("detail"), client_safe(client, reply->detail));
    }
    for (size_t i = 0; i < client->fact_count; i++) {
        line_print(client->facts[i].label, client->facts[i].text);
    }
    if (client->is_pending) {
        line_print(_("kept"),
                   _("1 write is waiting for its answer; the same request id will be used again"));
    }
    for (size_t i = 0; i < client->hint_count; i++) {
        line_print(_("hint"), client->hints[i]);
    }
    const char *key = key_text(client);
    if (key[0] == '\0') {
        (void)fprintf(stderr, chinese ? "%s（%s %d）\n" : "%s  (%s %d)\n", status_code(status),
                      _("exit"), status_exit(status));
    } else {
        (void)fprintf(stderr, chinese ? "%s（%s %d，%s %s）\n" : "%s  (%s %d, %s %s)\n",
                      status_code(status), _("exit"), status_exit(status), _("request"), key);
    }
}

static void json_print(const struct client *client, enum status status)
{
    Reply made;
    reply__init(&made);
    made.status = (uint32_t)status;
    made.n_problem = client->problems.count;
    Problem *list[PROBLEMS_MAX];
    memcpy((void *)list, (const void *)client->problems.list, sizeof(list));
    made.problem = list;
    const Reply *reply = client->refusal != NULL ? client->refusal : &made;
    const struct render_context render = client_render(client);
    json_t *json = render_error_json(&render, reply, key_text(client));
    json_t *error = json_object_get(json, "error");
    if (error != NULL && client->fault != NULL) {
        (void)json_object_set_new(error, "message", json_string(client->fault));
    }
    if (error != NULL && client->hint_count > 0) {
        json_t *hints = json_array();
        for (size_t i = 0; i < client->hint_count; i++) {
            (void)json_array_append_new(hints, json_string(client->hints[i]));
        }
        (void)json_object_set_new(error, "hints", hints);
    }
    if (error != NULL && client->fact_count > 0) {
        json_t *facts = json_object();
        for (size_t i = 0; i < client->fact_count; i++) {
            (void)json_object_set_new(facts, client->facts[i].label,
                                      json_string(client->facts[i].text));
        }
        (void)json_object_set_new(error, "details", facts);
    }
    (void)render_json_write(json, JSON_INDENT(1), stderr);
    json_decref(json);
}

void complaint_print(const struct client *client, enum status status)
{
    assert(status != STATUS_OK);
    (void)fflush(stdout);
    if (client->options.json != NULL) {
        json_print(client, status);
    } else {
        people_print(client, status);
    }
}
