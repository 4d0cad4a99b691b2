// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/random.h"

#include "shared/fields.h"
#include "shared/wire.h"

#define DEPTH_MAX 3

// xorshift64*
WRAPS uint32_t random_below(struct random *random, uint32_t below)
{
    assert(below > 0);
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (uint32_t)((random->state * 2685821657736338717ull) >> 33) % below;
}

void random_keep(struct random_pool *pool, uint64_t id)
{
    if (pool->count < RANDOM_POOL_MAX) {
        pool->id[pool->count++] = id;
    }
}

static uint64_t any(struct random *random, const struct random_pool *pool)
{
    return pool->count == 0 || random_below(random, 20) == 0
               ? 4711
               : pool->id[random_below(random, (uint32_t)pool->count)];
}

const char *random_text(struct random *random)
{
    assert(random->text_count > 0);
    return random->text[random_below(random, (uint32_t)random->text_count)];
}

static const char *text_of(struct random *random, const struct field *field)
{
    static const char *const SORTS[] = {"number", "-number",  "name",          "-open",
                                        "open",   "-balance", "balance",       "date",
                                        "-date",  "overdue",  "last_activity", "customer"};
    static const char *const ROLES[] = {"owner", "admin", "sales", "chief", "deputy", "clerk"};
    const char *name = field->descriptor->name;
    if (strcmp(name, "sort") == 0) {
        return SORTS[random_below(random, COUNT_OF(SORTS))];
    }
    if (strcmp(name, "query") == 0 && random_below(random, 3) == 0) {
        return "";
    }
    switch (field->format) {
    case FORMAT_PHONE:
        return arena_print(random->arena, "138%08u", random_below(random, 100000000));
    case FORMAT_EMAIL:
        return arena_print(random->arena, "m%u@example.com", random_below(random, 1000));
    case FORMAT_TAX_ID:
        return "91110000802100433B";
    case FORMAT_TERMS:
        return "net 30";
    case FORMAT_CURRENCY:
        return "CNY";
    case FORMAT_LOGIN:
        return arena_print(random->arena, "user%u", random_below(random, 1000));
    case FORMAT_ROLE:
        return ROLES[random_below(random, COUNT_OF(ROLES))];
    case FORMAT_ACCOUNT:
        return random_below(random, 2) == 0 ? "1001" : "1002";
    case FORMAT_PERIOD:
        return arena_print(random->arena, "2026-%02u", random_below(random, 12) + 1);
    case FORMAT_LINE:
    case FORMAT_LINES:
        break;
    }
    if (strcmp(name, "reference") == 0) {
        return arena_print(random->arena, "mine-%u",
                           random_below(random, 2000)); // nobody else's begin so
    }
    return random_text(random);
}

static const struct random_pool *pool_of(const struct random *random, const char *name)
{
    static const struct {
        const char *word;
        size_t at;
    } POOLS[] = {
        {"customer", offsetof(struct random, customers)},
        {"invoice", offsetof(struct random, invoices)},
        {"payment", offsetof(struct random, payments)},
        {"entry", offsetof(struct random, entries)},
        {"user", offsetof(struct random, users)},
        {"owner", offsetof(struct random, users)},
        {"device", offsetof(struct random, devices)},
        {"role", offsetof(struct random, roles)},
    };

    for (size_t i = 0; i < COUNT_OF(POOLS); i++) {
        if (strncmp(name, POOLS[i].word, strlen(POOLS[i].word)) == 0) {
            return (const struct random_pool *)(const void *)((const uint8_t *)random +
                                                              POOLS[i].at);
        }
    }
    return &random->others;
}

static int64_t number_of(struct random *random, const struct field *field)
{
    const ProtobufCEnumDescriptor *choice;
    switch (field->kind) {
    case KIND_MONEY:
        return 1 + random_below(random, 30000);
    case KIND_DAY:
        return random->today - (int32_t)random_below(random, 200);
    case KIND_INSTANT:
        return 1;
    case KIND_RATE:
        return 100 * random_below(random, 20);
    case KIND_QUANTITY:
        return 1000000ll * (1 + random_below(random, 5));
    case KIND_CHOICE:
        choice = field->descriptor->descriptor;
        return choice->values[random_below(random, choice->n_values)].value;
    case KIND_FLAG:
        return random_below(random, 2);
    case KIND_NUMBER:
        if (strcmp(field->descriptor->name, "version") == 0) {
            return 1 + (random_below(random, 4) == 0);
        }
        return strcmp(field->descriptor->name, "account") == 0 ? 1001 + random_below(random, 2)
                                                               : 1 + random_below(random, 6);
    case KIND_TEXT:
    case KIND_BYTES:
    case KIND_MESSAGE:
    case KIND_REFERENCE:
        break;
    }
    return 0;
}

static size_t width_of(const ProtobufCFieldDescriptor *field)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}

static void fill(struct random *random, ProtobufCMessage *message, int depth);

static void put(struct random *random, const struct field *field, void *at, int depth)
{
    const size_t width = width_of(field->descriptor);
    if (field->kind == KIND_TEXT) {
        const char *text = text_of(random, field);
        *(char **)at = arena_copy(random->arena, text, strlen(text));
        return;
    }
    if (field->kind == KIND_MESSAGE) {
        ProtobufCMessage *inner = wire_make(random->arena, field->descriptor->descriptor);
        assert(inner != NULL);
        fill(random, inner, depth + 1);
        *(ProtobufCMessage **)at = inner;
        return;
    }
    if (field->kind == KIND_REFERENCE) {
        const uint64_t id = any(random, pool_of(random, field->descriptor->name));
        memcpy(at, &id, sizeof id);
        return;
    }
    const int64_t value = number_of(random, field);
    if (width == sizeof value) {
        memcpy(at, &value, sizeof value);
    } else if (width == sizeof(protobuf_c_boolean)) {
        *(protobuf_c_boolean *)at = (protobuf_c_boolean)value;
    } else {
        const int32_t narrow = (int32_t)value;
        memcpy(at, &narrow, sizeof narrow);
    }
}

static void put_list(struct random *random, ProtobufCMessage *message, const struct field *field,
                     int depth)
{
    const size_t count = 1 + random_below(random, 2);
    uint8_t *list = arena_alloc(random->arena, count * sizeof(uint64_t));
    assert(list != NULL);
    for (size_t i = 0; i < count; i++) {
        put(random, field, list + i * width_of(field->descriptor), depth);
    }
    *(void **)field_at(message, field->descriptor) = list;
    *(size_t *)(void *)((uint8_t *)message + field->descriptor->quantifier_offset) = count;
}

static bool is_filled(const struct field *field)
{
    const bool is_bytes = field->kind == KIND_BYTES;
    return !field->admission && !field->reply_only && !is_bytes &&
           strcmp(field->descriptor->name, "cursor") != 0 &&
           strcmp(field->descriptor->name, "dry_run") != 0;
}

static void fill(struct random *random, ProtobufCMessage *message, int depth)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const struct field field = field_of(message->descriptor, i);
        const uint32_t rare = message->descriptor->n_fields / 2;
        const bool is_version = strcmp(field.descriptor->name, "version") == 0;
        const uint32_t odds = is_version ? 2 : rare > 4 ? rare : 4;
        const bool is_message = field.kind == KIND_MESSAGE;
        if (!is_filled(&field) || (is_message && depth == DEPTH_MAX) ||
            (!field.needed && random_below(random, odds) != 0)) {
            continue;
        }
        if (field.descriptor->label == PROTOBUF_C_LABEL_REPEATED) {
            put_list(random, message, &field, depth);
        } else {
            put(random, &field, field_at(message, field.descriptor), depth);
        }
    }
}

ProtobufCMessage *random_message(struct random *random,
                                 const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = wire_make(random->arena, descriptor);
    assert(message != NULL);
    fill(random, message, 0);
    return message;
}
