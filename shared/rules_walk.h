// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside of rules.h: the way down into a request, and the rules about several fields of one
// message.

#include "shared/rules.h"

#define PATH_BYTES 160

// One message of the request on the way down to the field that is looked at.
struct frame {
    const ProtobufCMessage *message;
    unsigned field; // that is looked at
    size_t element; // of a repeated message field
};

struct walk {
    struct problems *problems;
    struct frame frame[SCAN_DEPTH_MAX];
    size_t depth;
};

// A problem of the field that is looked at. What is missing is not said of a field that has a
// problem already.
void rules_fault(struct walk *walk, enum status code, const char *asked, const char *allowed);

// Was something said about the field that is looked at already? Then it was given, if badly.
bool rules_is_reported(const struct walk *walk);

// The rules about several fields of the message that was entered last.
void rules_cross_check(struct walk *walk);
