// SPDX-License-Identifier: Apache-2.0
#pragma once

// `kontord init`: a book with its keys, its server's identity, its first journal record and the
// owner's invitation. Everything is made in a directory beside, which takes its name last: after a
// crash the command is simply repeated. Existing files are used (key file, house key) or refused
// (directory, invitation), never replaced.

#include "server/ops/server_keys.h"

#define INIT_ADDRESS "127.0.0.1:7443" // in invitations until a server says where it listens

struct init_options {
    const char *dir;
    const char *company;
    const char *currency;
    const char *chart;
    const char *time_zone;
    const char *owner;      // login
    const char *invitation; // file to write
    const char *key_file;   // NULL: "DIR.key"
    const char *house_file; // NULL: "DIR.house"
    const char *address;    // NULL: INIT_ADDRESS
    const char *passphrase; // of a second slot of the keyring; NULL: none
    int64_t instant_us;
};

struct init_report {
    const char *field; // which option was refused; NULL: none
    char key_file[1024];
    char house_file[1024];
    uint8_t server_key[KEY_BYTES]; // to be shown as words
    int64_t invitation_expires_us;
};

// STATUS_STORE_EXISTS, or a status about a field, or of the store and its files.
MUST_CHECK enum status init_run(const struct init_options *options, struct init_report *report);

// The book's day at an instant, in its time zone. Sets the time zone of this process.
int32_t init_book_day(const char *time_zone, int64_t instant_us);

// The owner's invitation names an address, which nobody knew when the book was made. A server that
// listens says it here: as long as the file is there and is the one that init wrote, it is written
// anew with this address.
MUST_CHECK enum status init_tell_address(const char *dir, const struct server_keys *keys,
                                         const char *address);
