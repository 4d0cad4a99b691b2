// SPDX-License-Identifier: Apache-2.0
#include "server/ops/sink_line.h"

#include "shared/text.h"

#include <inttypes.h>

// A text may take so much of the line; the rest is for numbers, keys and the hash.
#define TEXT_ROOM ((size_t)320)

struct line {
    char *at;
    size_t size;
};

static void put(struct line *line, const char *text, size_t size)
{
    assert(line->size + size < SINK_LINE_MAX);
    memcpy(line->at + line->size, text, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_escape(struct line *line, int32_t point)
{
    char escape[8];
    (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)point & 0xffff);
    put_text(line, escape);
}

// Between quotes, as both forms write it.
static void put_quoted(struct line *line, const char *text)
{
    const size_t limit = line->size + TEXT_ROOM;
    int32_t point = 0;
    size_t hostile_size = 0;
    const char *hostile = text_next_hostile(text, &point, &hostile_size);
    put_text(line, "\"");
    while (*text != '\0' && line->size + 8 < limit) {
        if (text == hostile) {
            put_escape(line, point);
            text += hostile_size;
            hostile = text_next_hostile(text, &point, &hostile_size);
        } else if (*text == '\n' || *text == '\t') {
            put_escape(line, *text++);
        } else {
            if (*text == '"' || *text == '\\') {
                put_text(line, "\\");
            }
            put(line, text++, 1);
            // The bytes of one character stay together.
            while (((uint8_t)*text & 0xc0) == 0x80) {
                put(line, text++, 1);
            }
        }
    }
    put_text(line, "\"");
}

static bool is_plain(const char *text)
{
    static const char PLAIN[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./@+:";
    return text[0] != '\0' && text[strspn(text, PLAIN)] == '\0' && strlen(text) < TEXT_ROOM;
}

static void put_pair(struct line *line, enum sink_form form, const char *key, const char *text)
{
    if (form == SINK_JSON) {
        put_text(line, line->size > 0 ? ",\"" : "{\"");
        put_text(line, key);
        put_text(line, "\":");
        put_quoted(line, text);
        return;
    }
    put_text(line, line->size > 0 ? " " : "");
    put_text(line, key);
    put_text(line, "=");
    if (is_plain(text)) {
        put_text(line, text);
    } else {
        put_quoted(line, text);
    }
}

// "2026-11-21T16:22:31.000001Z"
static void moment_print(int64_t instant_us, char out[static 40])
{
    const time_t seconds = (time_t)(instant_us / 1000000);
    char moment[24] = "";
    struct tm utc;
    if (gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%S", &utc);
    }
    (void)snprintf(out, 40, "%s.%06dZ", moment, (int)(instant_us % 1000000));
}

size_t sink_line(enum sink_form form, const struct sink_record *record,
                 char out[static SINK_LINE_MAX])
{
    struct line line = {.at = out};
    char number[24];
    char device[24];
    char moment[40];
    char leaf[2 * LEAF_BYTES + 1];
    for (size_t i = 0; i < LEAF_BYTES; i++) {
        (void)snprintf(leaf + 2 * i, 3, "%02x", record->leaf[i]);
    }
    moment_print(record->instant_us, moment);
    (void)snprintf(number, sizeof number, "%" PRIu64, record->number);
    (void)snprintf(device, sizeof device, "%" PRIu64, record->device_id);
    put_pair(&line, form, "number", number);
    put_pair(&line, form, "time", moment);
    put_pair(&line, form, "actor", record->actor);
    put_pair(&line, form, "approved_by", record->approved_by);
    put_pair(&line, form, "device", device);
    put_pair(&line, form, "action", record->action);
    put_pair(&line, form, "object", record->object);
    put_pair(&line, form, "status", record->status);
    put_pair(&line, form, "leaf", leaf);
    put_text(&line, form == SINK_JSON ? "}\n" : "\n");
    return line.size;
}

bool sink_form_parse(const char *word, enum sink_form *out)
{
    const bool is_json = strcmp(word, "json") == 0;
    *out = is_json ? SINK_JSON : SINK_LOGFMT;
    return is_json || strcmp(word, "logfmt") == 0;
}
