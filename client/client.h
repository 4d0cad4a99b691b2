// SPDX-License-Identifier: Apache-2.0
#pragma once

// One run of the client: what was asked, who asks, the server it goes to, and what went wrong.
// Every command and tool gets this and returns a status; main turns it into words and an exit code.
// Sending a write keeps it in the outbox until it is answered; a lost connection is tried again
// with the same request id, for no longer than --timeout.

#include "client/language.h"
#include "client/link.h"
#include "client/options.h"
#include "client/outbox.h"
#include "client/seen.h"
#include "client/terminal.h"
#include "shared/render.h"
#include "shared/rules.h"

#define CLIENT_ARENA_MAX (256ull * 1024 * 1024)

struct client {
    struct arena *arena;      // of this run
    struct arena *page_arena; // of a page that went wrong: what is said of it lies there
    struct options options;
    enum language language;
    struct terminal terminal;
    struct home home;

    struct context context; // once client_begin was called
    struct key_pair device;
    struct outbox outbox;
    struct seen seen;
    struct anchor known; // as it was read or kept last
    bool has_context;
    struct link *link;   // once something was sent
    bool proof_is_due;   // by the server at its end
    int64_t deadline_ms; // of --timeout, CLOCK_MONOTONIC

    // What went wrong: problems found here, or the reply that refused.
    struct problems problems;
    const Reply *refusal;
    const char *fault;     // a sentence of its own instead of the status's; translated
    const char *hints[12]; // commands to paste, or advice; translated
    size_t hint_count;

    struct {
        const char *label;
        const char *text;
    } facts[16]; // what was found, in order; translated

    size_t fact_count;
    uint8_t key[REQUEST_KEY_BYTES]; // of the last write
    bool has_key;
    bool is_pending; // that write was kept and has no answer

    size_t argument_count; // as they were typed, for the commit line of a preview
    const char *const *arguments;
    const ProtobufCMessage *request; // what they were understood as, once they were
    const char *output_path;         // of --output, for an invitation
};

MUST_CHECK enum status client_make(struct client *client);
void client_end(struct client *client); // for CLEANUP

int64_t client_clock_ms(void); // CLOCK_MONOTONIC
int64_t client_now_ms(void);   // since 1970
// The book's day of today and its offset from UTC.
int32_t client_today(const struct client *client, int32_t *offset_minutes);
struct render_context client_render(const struct client *client);

// The text as a terminal may see it, for what is printed by hand.
const char *client_safe(const struct client *client, const char *text);

// Adds one problem and returns its status. NULL for what is not known.
enum status client_fail(struct client *client, enum status status, const char *field,
                        const char *asked, const char *allowed);
void client_hint(struct client *client, const char *hint);
void client_fact(struct client *client, const char *label, const char *text);

// Loads the context (--context, else the chosen one), its device key and its outbox. LOGIN_NEEDED
// with a hint when this user never joined.
MUST_CHECK enum status client_begin(struct client *client);

// Sends and waits for the answer. STATUS_OK: the reply is a success. A refusal is kept in
// `refusal`. Where the server wants a fresh proof of who it is, it is given and the command
// repeated.
MUST_CHECK enum status client_call(struct client *client, const struct command *command,
                                   ProtobufCMessage *inner, Reply **out);
// Proves again who it is, with a password or code that is asked for (step-up). STEP_UP when nobody
// can be asked.
// What this device holds of the server's journal, into client->seen. Tells loudly when it is gone;
// TAMPERED when somebody else wrote it.
MUST_CHECK enum status client_seen_load(struct client *client);
// Keeps it; the first time the context is told that there is something.
enum seen_saved client_seen_save(struct client *client, struct arena *arena, struct anchor *kept);

MUST_CHECK enum status client_prove(struct client *client, enum status wanted);
// The same on a link without a session or by invitation, where nothing is kept: join and login.
MUST_CHECK enum status client_call_once(struct client *client, struct link *link,
                                        const struct command *command, ProtobufCMessage *inner,
                                        Reply **out);
// Bytes of the outbox again. The reply may be a refusal; STATUS_OK when there is an answer at all.
MUST_CHECK enum status client_resend(struct client *client, const struct pending *pending,
                                     const Request **request, Reply **out);
// Opens the link with this context's session, if it is not open yet, and has the server prove its
// journal (trust.h).
MUST_CHECK enum status client_connect(struct client *client);
// A reply that came another way: STATUS_OK is noted, a refusal is kept; as after client_call.
MUST_CHECK enum status client_take(struct client *client, Reply *reply, Reply **out);
// Takes note of what the server has shown: position, checkpoint. TAMPERED or INCOMPLETE when it
// showed another journal to another process of this user.
MUST_CHECK enum status client_note(struct client *client, const Reply *reply);
