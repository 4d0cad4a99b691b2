// SPDX-License-Identifier: Apache-2.0
// Hostile text (tests/README.md): sequences for terminals, controls of the writing direction,
// formulas of spreadsheets and thousands of combining marks, put into every text field of every
// command that writes, as far as the server takes them. Then everything is read and shown in every
// form that the client has: nothing of it may reach a screen, a spreadsheet or another program as
// more than letters. The journal is among what is read.
//
//   hostile [SEED]
#include "client/output.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "tests/matrix/firm.h"
#include "tests/matrix/random.h"

#include <sys/mman.h>
#include <unistd.h>

#define TODAY    20778
#define ATTEMPTS 40 // until a command takes the text or refuses it
#define READS    60 // of each command that reads
#define MARKS    10000
#define TOLD_MAX 20

struct sample {
    const char *name;
    const char *text;
    bool is_refused; // by every field: it never gets in
};

static char marks[1 + 2 * MARKS + 1]; // an e with all of them

static const struct sample SAMPLES[] = {
    {"escape sequence", "red\x1b[31m\x1b]0;owned\x07", true},
    {"one-byte sequence",
     "red\xc2\x9b"
     "31m",
     true},
    {"writing direction", "pay\u202e\u2066gnp.exe\u200f", false},
    {"formula", "=HYPERLINK(\"http://x/\"&A1)", false},
    {"plus", "+1+cmd|' /C calc'!A0", false},
    {"minus", "-2+3", false},
    {"at", "@SUM(A1)", false},
    {"wide formula", "＝1+1", false},
    {"marks", marks, false},
};

struct hostile {
    struct firm firm;
    struct random random;
    struct peer *peer; // the owner's
    struct client client;
    size_t fields, stored, refused, untaken, shown, failures;
};

static void demand(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "hostile: %s\n", what);
        abort();
    }
}

static void fail(struct hostile *hostile, const char *what, const char *detail)
{
    hostile->failures++;
    if (hostile->failures <= TOLD_MAX) {
        (void)fprintf(stderr, "hostile: %s: %s\n", what, detail);
    }
}

// ---- putting it in ----

// As many marks as the field may have, beginning with a letter.
static const char *text_for(struct hostile *hostile, const struct sample *sample,
                            const struct field *field)
{
    const size_t most = field->length_max != 0 ? field->length_max : TEXT_BYTES_MAX;
    const size_t size = strlen(sample->text);
    if (size <= most) {
        return sample->text;
    }
    return arena_copy(hostile->firm.desk.arena, sample->text, most - (most + 1) % 2);
}

// The texts of a message and of the messages in it get the sample where they are `field`.
static bool put(struct hostile *hostile, ProtobufCMessage *message, const struct field *wanted,
                const struct sample *sample)
{
    const ProtobufCFieldDescriptor *descriptor = wanted->descriptor;
    char *copy = desk_text(&hostile->firm.desk, text_for(hostile, sample, wanted));
    if (descriptor->label != PROTOBUF_C_LABEL_REPEATED) {
        *(char **)field_at(message, descriptor) = copy;
        return true;
    }
    char **list = arena_alloc(hostile->firm.desk.arena, sizeof *list);
    demand(list != NULL, "arena");
    list[0] = copy;
    *(void **)field_at(message, descriptor) = list;
    *(size_t *)(void *)((uint8_t *)message + descriptor->quantifier_offset) = 1;
    return true;
}

static bool is_refusal_of_text(const Reply *reply)
{
    return (reply->status >= STATUS_FIELD_MISSING && reply->status <= STATUS_FIELD_NOT_UNIQUE) ||
           reply->status == STATUS_TOO_LARGE || reply->status == STATUS_MALFORMED;
}

static void try_field(struct hostile *hostile, const struct command *command, unsigned inner,
                      const struct field *field, const struct sample *sample)
{
    bool was_stored = false;
    bool was_refused = false;
    for (size_t i = 0; i < ATTEMPTS && !was_stored; i++) {
        ProtobufCMessage *message = random_message(&hostile->random, command->request);
        ProtobufCMessage *at = message;
        if (inner != UINT32_MAX) {
            const ProtobufCFieldDescriptor *list = &message->descriptor->fields[inner];
            if (field_count(message, list) == 0) {
                continue;
            }
            memcpy(&at, field_element(message, list, 0), sizeof at);
        }
        (void)put(hostile, at, field, sample);
        const Reply *reply = desk_call(&hostile->firm.desk, hostile->peer, command->name, message);
        was_stored = reply->status == STATUS_OK || reply->status == STATUS_APPROVAL_PENDING;
        was_refused |= is_refusal_of_text(reply);
        hostile->firm.desk.now_us += 1000;
        desk_reset(&hostile->firm.desk);
        if (sample->is_refused && was_refused) {
            break;
        }
    }
    hostile->stored += was_stored;
    hostile->refused += !was_stored && was_refused;
    hostile->untaken += !was_stored && !was_refused;
    if (was_stored && sample->is_refused) {
        char what[160];
        (void)snprintf(what, sizeof what, "%s %s takes", command->name, field->descriptor->name);
        fail(hostile, what, sample->name);
    }
}

static bool is_hostile_ground(const struct field *field)
{
    return field->kind == KIND_TEXT && !field->admission && field->field_class != CLASS_SECRET;
}

static void try_message(struct hostile *hostile, const struct command *command, unsigned inner,
                        const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const struct field field = field_of(descriptor, i);
        if (field.kind == KIND_MESSAGE && inner == UINT32_MAX && !field.admission) {
            try_message(hostile, command, i, field.descriptor->descriptor);
        }
        if (!is_hostile_ground(&field)) {
            continue;
        }
        hostile->fields++;
        for (size_t s = 0; s < COUNT_OF(SAMPLES); s++) {
            try_field(hostile, command, inner, &field, &SAMPLES[s]);
        }
    }
}

static bool is_taken_part_in(const struct command *command)
{
    static const char *const OTHERS[] = {"session_", "user_password", "user_totp", "user_codes"};
    bool is_other = command->permission == PERMISSION_SYSTEM ||
                    command->permission == PERMISSION_INVITED ||
                    command->permission == PERMISSION_DEVICE;
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++) {
        is_other |= strncmp(command->name, OTHERS[i], strlen(OTHERS[i])) == 0;
    }
    return !is_other;
}

// ---- taking it out ----

static bool is_dangerous(int32_t point)
{
    return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7f && point <= 0x9f) ||
           point == 0x061c || point == 0x200e || point == 0x200f ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

// What stands in the output must be letters: in the forms for people no more marks than a screen
// bears.
static void check_output(struct hostile *hostile, const char *form, const char *text, size_t size,
                         bool for_people)
{
    size_t in_a_row = 0;
    for (size_t at = 0; at < size;) {
        int32_t point = 0;
        enum text_sort sort = TEXT_SPACING;
        const size_t step = text_point(text + at, size - at, &point, &sort);
        in_a_row = sort == TEXT_MARK ? in_a_row + 1 : 0;
        const bool ends_line =
            point == '\r' && !for_people && at + 1 < size && text[at + 1] == '\n';
        if (sort == TEXT_BROKEN || (is_dangerous(point) && !ends_line) ||
            (for_people && in_a_row > TEXT_MARKS_MAX)) {
            char detail[160];
            (void)snprintf(detail, sizeof detail, "U+%04X behind \"%.*s\"", (unsigned)point,
                           (int)(at < 60 ? at : 60), text + (at < 60 ? 0 : at - 60));
            fail(hostile, form, detail);
            return;
        }
        at += step;
    }
}

// Every cell of CSV that is no number begins harmlessly.
static void check_cells(struct hostile *hostile, const char *text)
{
    bool quoted = false;
    bool begins = true;
    for (const char *at = text; *at != '\0'; at++) {
        const bool is_opening = begins && *at == '"';
        if (begins && !is_opening) {
            const size_t size = strspn(at, "+-0123456789.%");
            const bool is_number = size > 0 && strchr(",\"\r\n", at[size]) != NULL;
            const bool is_end = at[0] == '\r' && at[1] == '\n';
            if (strchr("=+-@\r", *at) != NULL && !is_number && !is_end) {
                char detail[64];
                (void)snprintf(detail, sizeof detail, "%.40s", at);
                fail(hostile, "csv cell", detail);
            }
        }
        quoted = *at == '"' ? !quoted : quoted;
        begins = is_opening || (!quoted && strchr(",\n", *at) != NULL);
    }
}

struct form {
    const char *name;
    const char *json;
    bool csv, tsv, for_people;
    size_t width;
};

static const struct form FORMS[] = {
    {"table", NULL, false, false, true, 0}, {"narrow table", NULL, false, false, true, 40},
    {"csv", NULL, true, false, false, 0},   {"tsv", NULL, false, true, false, 0},
    {"json", "", false, false, false, 0},
};

// Runs `show` with standard output going into memory.
static char *output_of(struct hostile *hostile, const struct command *command, const Reply *reply,
                       const struct form *form, size_t *size)
{
    struct client *client = &hostile->client;
    client->options = (struct options){.json = form->json, .csv = form->csv, .tsv = form->tsv};
    client->terminal = (struct terminal){.width = form->width};
    (void)fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    const int memory = memfd_create("output", MFD_CLOEXEC);
    demand(kept >= 0 && memory >= 0 && dup2(memory, STDOUT_FILENO) >= 0, "memfd");
    const enum status status = output_reply(client, command, reply);
    (void)fflush(stdout);
    demand(dup2(kept, STDOUT_FILENO) >= 0 && status == STATUS_OK, command->name);
    const off_t end = lseek(memory, 0, SEEK_END);
    char *text = calloc(1, (size_t)end + 1);
    demand(text != NULL && pread(memory, text, (size_t)end, 0) == (ssize_t)end, "memfd");
    (void)close(kept);
    (void)close(memory);
    *size = (size_t)end;
    return text;
}

static void show(struct hostile *hostile, const struct command *command, const Reply *reply)
{
    for (size_t i = 0; i < COUNT_OF(FORMS); i++) {
        char name[96];
        size_t size = 0;
        char *text = output_of(hostile, command, reply, &FORMS[i], &size);
        (void)snprintf(name, sizeof name, "%s as %s", command->name, FORMS[i].name);
        check_output(hostile, name, text, size, FORMS[i].for_people);
        if (FORMS[i].csv) {
            check_cells(hostile, text);
        }
        free(text);
        hostile->shown++;
    }
}

static void read_all(struct hostile *hostile, const struct command *command)
{
    for (size_t i = 0; i < READS; i++) {
        ProtobufCMessage *message = i == 0 ? desk_make(&hostile->firm.desk, command->request)
                                           : random_message(&hostile->random, command->request);
        const Reply *reply = desk_call(&hostile->firm.desk, hostile->peer, command->name, message);
        if (reply->status == STATUS_OK) {
            show(hostile, command, reply);
        }
        desk_reset(&hostile->firm.desk);
        arena_reset(hostile->client.arena);
    }
}

// ---- a firm to write into ----

static void fill_pools(struct hostile *hostile)
{
    struct firm *firm = &hostile->firm;
    struct random *random = &hostile->random;
    for (size_t i = 0; i < firm->object_count; i++) {
        const struct object *object = &firm->object[i];
        const bool is_strange = object->owner == FIRM_ROLES_MAX + RELATION_FOREIGN;
        struct random_pool *pool = strcmp(object->noun, "customer") == 0  ? &random->customers
                                   : strcmp(object->noun, "invoice") == 0 ? &random->invoices
                                   : strcmp(object->noun, "payment") == 0 ? &random->payments
                                   : strcmp(object->noun, "voucher") == 0 ? &random->entries
                                   : strcmp(object->noun, "user") == 0    ? &random->users
                                   : strcmp(object->noun, "device") == 0  ? &random->devices
                                   : strcmp(object->noun, "role") == 0    ? &random->roles
                                                                          : &random->others;
        if (is_strange && strcmp(object->state, "owner") != 0 &&
            strcmp(object->state, "fixed") != 0) {
            random_keep(pool, object->id);
        }
    }
    static const char *const TEXTS[] = {"x", "customer.show", "contact", "payment", "role.list"};
    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        random->text[random->text_count++] = TEXTS[i];
    }
}

int main(int count, char **words)
{
    static struct hostile hostile;
    marks[0] = 'e';
    for (size_t i = 0; i < MARKS; i++) {
        memcpy(marks + 1 + 2 * i, "\xcc\x81", 2);
    }
    const uint64_t seed = count > 1 ? strtoul(words[1], NULL, 10) : 20261121;
    firm_open(&hostile.firm);
    demand(client_make(&hostile.client) == STATUS_OK, "client");
    hostile.random =
        (struct random){.state = seed * 2 + 1, .arena = hostile.firm.desk.arena, .today = TODAY};
    hostile.peer = &hostile.firm.principal.peer;
    (void)desk_login(&hostile.firm.desk, &hostile.firm.principal);
    fill_pools(&hostile);
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        if (command->mode == COMMAND_WRITE && is_taken_part_in(command)) {
            (void)desk_login(&hostile.firm.desk, &hostile.firm.principal);
            try_message(&hostile, command, UINT32_MAX, command->request);
        }
    }
    (void)desk_login(&hostile.firm.desk, &hostile.firm.principal);
    for (size_t i = 0; i < command_count(); i++) {
        if (command_at(i)->mode == COMMAND_READ) {
            read_all(&hostile, command_at(i));
        }
    }
    client_end(&hostile.client);
    firm_close(&hostile.firm);
    (void)printf(
        "seed %llu: %zu text fields, %zu texts stored, %zu refused, %zu not taken for other "
        "reasons, %zu outputs, %zu failures\n",
        (unsigned long long)seed, hostile.fields, hostile.stored, hostile.refused, hostile.untaken,
        hostile.shown, hostile.failures);
    return hostile.failures == 0 && hostile.stored > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
