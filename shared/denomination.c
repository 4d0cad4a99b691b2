// SPDX-License-Identifier: Apache-2.0
#include "shared/denomination.h"

#include "shared/base.h"
#include "shared/fields.h"
#include "shared/money.h"

static const char *const ASIDE_NAMES[] = {
#define ASIDE(message) #message,
#include "proto/fields.def"
};

static bool is_aside(const ProtobufCMessageDescriptor *message)
{
    for (size_t i = 0; i < COUNT_OF(ASIDE_NAMES); i++) {
        if (strcmp(ASIDE_NAMES[i], message->name) == 0) {
            return true;
        }
    }
    return false;
}

static const ProtobufCFieldDescriptor *currency_of(const ProtobufCMessageDescriptor *message)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message, "currency");
    return field != NULL && field->type == PROTOBUF_C_TYPE_STRING ? field : NULL;
}

bool denomination_is_named(const ProtobufCMessageDescriptor *message)
{
    return currency_of(message) != NULL && !is_aside(message);
}

bool denomination_is_book(const ProtobufCMessageDescriptor *message,
                          const ProtobufCFieldDescriptor *amount)
{
    static const char *const BEGINNINGS[] = {"book_", "balance_", "exchange_"};
    const bool is_named = currency_of(message) != NULL;
    for (size_t i = 0; is_named && i < COUNT_OF(BEGINNINGS); i++) {
        if (strncmp(amount->name, BEGINNINGS[i], strlen(BEGINNINGS[i])) == 0) {
            return true;
        }
    }
    return false;
}

uint32_t denomination_of(const ProtobufCMessage *message, uint32_t above, uint32_t book)
{
    if (is_aside(message->descriptor)) {
        return book;
    }
    const ProtobufCFieldDescriptor *field = currency_of(message->descriptor);
    if (field == NULL) {
        return above;
    }
    const char *code = NULL;
    uint32_t decimals = book;
    memcpy(&code, field_at(message, field), sizeof code);
    return code != NULL && money_currency(code, &decimals) ? decimals : book;
}
