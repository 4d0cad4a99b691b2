// SPDX-License-Identifier: Apache-2.0
#include "shared/page.h"

#include "proto/common.pb-c.h"

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessageDescriptor *message,
                                                   const char *name, ProtobufCType type)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message, name);
    const bool fits =
        field != NULL && field->type == type && field->label != PROTOBUF_C_LABEL_REPEATED;
    return fits ? field : NULL;
}

static const ProtobufCFieldDescriptor *cursor_field(const struct command *command)
{
    return field_named(command->request, "cursor", PROTOBUF_C_TYPE_STRING);
}

static const ProtobufCFieldDescriptor *page_field(const struct command *command)
{
    const ProtobufCFieldDescriptor *field =
        field_named(command->reply, "page", PROTOBUF_C_TYPE_MESSAGE);
    return field != NULL && field->descriptor == &page__descriptor ? field : NULL;
}

bool page_is_paged(const struct command *command)
{
    return command->mode == COMMAND_READ && cursor_field(command) != NULL &&
           page_field(command) != NULL;
}

void page_set_cursor(const struct command *command, ProtobufCMessage *request, char *cursor)
{
    const ProtobufCFieldDescriptor *field = cursor_field(command);
    assert(page_is_paged(command) && field != NULL);
    assert(request->descriptor == command->request);
    memcpy((uint8_t *)request + field->offset, &cursor, sizeof cursor);
}

const char *page_next(const struct command *command, const ProtobufCMessage *reply)
{
    const ProtobufCFieldDescriptor *field = page_field(command);
    assert(page_is_paged(command) && field != NULL);
    if (reply == NULL) {
        return NULL;
    }
    assert(reply->descriptor == command->reply);
    const Page *page = NULL;
    memcpy(&page, (const uint8_t *)reply + field->offset, sizeof page);
    return page != NULL && page->next != NULL && page->next[0] != '\0' ? page->next : NULL;
}
