// SPDX-License-Identifier: Apache-2.0
// The matrix of permissions (tests/README.md): every command by every role, about every relation
// and state of what it is about, in every state of login, against tables kept by hand:
//
//   commands.tsv    per command the scope of each role, and what comes of each state
//   nouns.tsv       the states of each noun, and who sees it
//   logins.tsv      what a channel is told before anybody asks for roles
//   exceptions.tsv  cells that differ from what the three say, for who may ask at all
//
// Each cell is a packed request through gate, admission, queue and machine; what a write did is
// given up, so that all cells find the same firm. Writes are asked twice: to be done, and as a
// preview. The owner's requests are sent again by everybody else. What is out of scope must answer
// byte for byte as what does not exist.
#include "shared/wire.h"
#include "tests/ledger/path.h"
#include "tests/matrix/firm.h"
#include "tests/matrix/sheet.h"
#include "tests/matrix/undo.h"

#include <time.h>

#define STATES       5
#define LUMPS_MAX    200
#define COMMANDS_MAX 1024
#define REPLAYED     0x40000000 // request ids from here on

static const char *const STATE_COLUMNS[STATES] = {"1", "2", "3", "4", "5"};

// Differences that only differ in relation, state and login are told once.
struct lump {
    size_t row, subject, count;
    const char *wanted, *answered; // of a table or of status.def
    char example[400];
};

struct matrix {
    struct firm firm;
    struct sheet commands, nouns, logins, exceptions;
    struct bytes missing; // the reply about what does not exist, of the row, role and login at hand
    size_t cells;
    size_t differences;
    struct lump lump[LUMPS_MAX];
    size_t lump_count;
    bool covered[COMMANDS_MAX];
};

// One cell: who asks how for what.
struct cell {
    size_t row; // of commands.tsv
    const struct command *command;
    size_t subject;
    size_t
        author; // who wrote the request: the subject, or whose it is that the subject sends again
    enum login login;
    enum relation relation;
    size_t state; // column
    const struct object *object;
    bool is_preview;
};

static void fatal(const struct sheet *sheet, size_t row, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s\n", sheet->file, sheet->row[row].line, what);
    exit(EXIT_FAILURE);
}

// ---- what is expected ----

static bool is(const char *cell, const char *word)
{
    return strcmp(cell, word) == 0;
}

static size_t noun_row(const struct matrix *matrix, const char *noun)
{
    for (size_t i = 0; i < matrix->nouns.count; i++) {
        if (is(sheet_cell(&matrix->nouns, i, "noun"), noun)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static const char *role_name(const struct matrix *matrix, const struct cell *cell)
{
    return role_word(matrix->firm.subject[cell->subject].role);
}

// The noun's state; "-" for a command that is about none.
static const char *state_name(const struct matrix *matrix, const struct cell *cell)
{
    const size_t row = noun_row(matrix, sheet_cell(&matrix->commands, cell->row, "noun"));
    return row == SIZE_MAX ? "-" : sheet_cell(&matrix->nouns, row, STATE_COLUMNS[cell->state]);
}

static const char *relation_name(const struct cell *cell)
{
    return cell->object == NULL ? "-" : RELATION_NAMES[cell->relation];
}

static bool is_covered(const char *seen_by, const char *scope, enum relation relation)
{
    if (relation == RELATION_MISSING || is(scope, "none")) {
        return false;
    }
    if (is(seen_by, "any") || is(scope, "all")) {
        return true;
    }
    if (is(seen_by, "all")) {
        return false;
    }
    return relation == RELATION_OWN || (relation == RELATION_TEAM && is(scope, "team")) ||
           (relation == RELATION_REGION && is(scope, "region"));
}

static bool matches(const char *pattern, const char *value)
{
    return is(pattern, "*") || is(pattern, value);
}

static bool matches_login(const char *pattern, enum login login)
{
    const bool is_live = login == LOGIN_FRESH || login == LOGIN_STALE;
    return matches(pattern, LOGIN_NAMES[login]) || (is(pattern, "live") && is_live);
}

static const char *exception_of(const struct matrix *matrix, const struct cell *cell)
{
    const struct sheet *sheet = &matrix->exceptions;
    for (size_t i = 0; i < sheet->count; i++) {
        if (matches(sheet_cell(sheet, i, "command"),
                    sheet_cell(&matrix->commands, cell->row, "command")) &&
            matches(sheet_cell(sheet, i, "role"), role_name(matrix, cell)) &&
            matches(sheet_cell(sheet, i, "relation"), relation_name(cell)) &&
            matches(sheet_cell(sheet, i, "state"), state_name(matrix, cell)) &&
            matches_login(sheet_cell(sheet, i, "login"), cell->login)) {
            return sheet_cell(sheet, i, "code");
        }
    }
    return NULL;
}

// "device", "invited" and "system" commands are not asked by people with a session; about one-time
// codes admission looks first.
static const char *channel_of(const struct matrix *matrix, const struct cell *cell)
{
    const char *kind = sheet_cell(&matrix->commands, cell->row, "kind");
    return is(kind, "device") || is(kind, "invited") || is(kind, "system") || is(kind, "code")
               ? kind
               : "session";
}

static const char *expected(const struct matrix *matrix, const struct cell *cell, bool *is_unseen)
{
    const struct sheet *commands = &matrix->commands;
    const char *login = sheet_cell(&matrix->logins, cell->login, channel_of(matrix, cell));
    const char *scope = sheet_cell(commands, cell->row, role_name(matrix, cell));
    const char *other = exception_of(matrix, cell);
    const size_t noun = noun_row(matrix, sheet_cell(commands, cell->row, "noun"));
    const bool is_list = is(sheet_cell(commands, cell->row, "kind"), "list");
    *is_unseen = false;
    if (!is(login, "go")) {
        return login;
    }
    if (is(scope, "-") && is(channel_of(matrix, cell), "session")) {
        return "E-PERM-DENIED";
    }
    if (is(sheet_cell(commands, cell->row, "step"), "fresh") && cell->login == LOGIN_STALE &&
        !cell->is_preview) {
        return "E-STEP-UP";
    }
    // A preview goes on, and says what it will need.
    if (other != NULL) {
        return cell->is_preview && is(other, "E-APPROVAL-PENDING") ? "OK" : other;
    }
    if (noun != SIZE_MAX &&
        !is_covered(sheet_cell(&matrix->nouns, noun, "seen"), scope, cell->relation)) {
        const char *unseen = sheet_cell(commands, cell->row, "unseen");
        *is_unseen = is(unseen, "-");
        return !is(unseen, "-") && cell->relation != RELATION_MISSING ? unseen
               : is_list                                              ? "unseen"
                                                                      : "E-NOT-FOUND";
    }
    const char *outcome = sheet_cell(commands, cell->row, STATE_COLUMNS[cell->state]);
    if (cell->is_preview && is(outcome, "E-APPROVAL-PENDING")) {
        return "OK";
    }
    return !is(outcome, "-") ? outcome : is_list ? "seen" : "OK";
}

// ---- asking ----

static const char *value_of(struct matrix *matrix, const struct cell *cell, const char *word)
{
    struct firm *firm = &matrix->firm;
    struct arena *arena = firm->desk.arena;
    const struct object *object = cell->object;
    const bool is_own = object == NULL || object->owner == cell->author;
    const enum relation relation = is_own ? RELATION_OWN : cell->relation;
    unsigned long long number = 0;
    if (is(word, "@me")) {
        number = firm->subject[cell->author].member.user_id;
    } else if (is(word, "@owner")) {
        number = firm_owner(firm, cell->author, relation);
    } else if (is(word, "@stranger")) {
        number = firm->stranger.user_id;
    } else if (object == NULL) {
        fatal(&matrix->commands, cell->row, word);
    } else if (is(word, "@number")) {
        return object->number;
    } else if (is(word, "@customer")) {
        return object->customer;
    } else if (is(word, "@id")) {
        number = object->id;
    } else if (is(word, "@customer_id")) {
        number = object->customer_id;
    } else if (is(word, "@version")) {
        number = object->version;
    } else {
        fatal(&matrix->commands, cell->row, word);
    }
    return arena_print(arena, "%llu", number);
}

// '_' stands for a blank, "__" for itself; what begins with '@' is left alone.
static void unblank(char *value)
{
    char *to = value;
    if (*value == '@') {
        return;
    }
    for (const char *at = value; *at != '\0'; at++) {
        const bool is_double = at[0] == '_' && at[1] == '_';
        *to = (char)(*at == '_' && !is_double ? ' ' : *at);
        at += is_double;
        to++;
    }
    *to = '\0';
}

// "path=value path=value": '_' in a value stands for a blank, '@' begins one that depends on the
// cell.
static ProtobufCMessage *message_of(struct matrix *matrix, const struct cell *cell)
{
    struct arena *arena = matrix->firm.desk.arena;
    ProtobufCMessage *message = desk_make(&matrix->firm.desk, cell->command->request);
    const struct path_context context = {.arena = arena, .decimals = 2, .today = 20778};
    const char *with = sheet_cell(&matrix->commands, cell->row, "with");
    char *rest = arena_copy(arena, with, strlen(with));
    for (char *pair = strsep(&rest, " "); pair != NULL && !is(with, "-");
         pair = strsep(&rest, " ")) {
        char *value = strchr(pair, '=');
        if (value == NULL) {
            fatal(&matrix->commands, cell->row, pair);
        }
        *value = '\0';
        value++;
        unblank(value);
        const char *text = *value == '@' ? value_of(matrix, cell, value) : value;
        if (!path_write(&context, message, pair, text)) {
            fatal(&matrix->commands, cell->row, pair);
        }
    }
    return message;
}

// Does a row of the reply's list name the object?
static bool names_object(const ProtobufCMessage *row, const struct object *object)
{
    for (unsigned i = 0; i < row->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &row->descriptor->fields[i];
        const void *at = field_at(row, field);
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            continue;
        }
        if (is(field->name, "id") && field->type == PROTOBUF_C_TYPE_FIXED64) {
            uint64_t id = 0;
            memcpy(&id, at, sizeof id);
            return id == object->id;
        }
    }
    for (unsigned i = 0; i < row->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &row->descriptor->fields[i];
        if (field->label != PROTOBUF_C_LABEL_REPEATED && field->type == PROTOBUF_C_TYPE_STRING &&
            strcmp(*(char *const *)field_at(row, field), object->number) == 0) {
            return true;
        }
    }
    return false;
}

static bool lists_object(const ProtobufCMessage *reply, const struct object *object)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(reply->descriptor, "row");
    assert(field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE);
    for (size_t i = 0; i < field_count(reply, field); i++) {
        if (names_object(*(ProtobufCMessage *const *)field_element(reply, field, i), object)) {
            return true;
        }
    }
    return false;
}

static const char *answer_of(const struct matrix *matrix, const struct cell *cell,
                             const Reply *reply)
{
    if (reply->status != STATUS_OK ||
        !is(sheet_cell(&matrix->commands, cell->row, "kind"), "list")) {
        return status_code((enum status)reply->status);
    }
    const ProtobufCMessage *result = wire_inner(&reply->base, cell->command->number);
    return lists_object(result, cell->object) ? "seen" : "unseen";
}

static struct lump *lump_of(struct matrix *matrix, const struct cell *cell, const char *wanted,
                            const char *answered)
{
    for (size_t i = 0; i < matrix->lump_count; i++) {
        struct lump *lump = &matrix->lump[i];
        if (lump->row == cell->row && lump->subject == cell->subject &&
            strcmp(lump->wanted, wanted) == 0 && strcmp(lump->answered, answered) == 0) {
            return lump;
        }
    }
    if (matrix->lump_count == LUMPS_MAX) {
        return NULL;
    }
    struct lump *lump = &matrix->lump[matrix->lump_count];
    matrix->lump_count++;
    *lump = (struct lump){
        .row = cell->row, .subject = cell->subject, .wanted = wanted, .answered = answered};
    return lump;
}

static void difference(struct matrix *matrix, const struct cell *cell, const char *wanted,
                       const char *answered, const Reply *reply)
{
    struct lump *lump = lump_of(matrix, cell, wanted, answered);
    matrix->differences++;
    if (lump != NULL && lump->count == 0) {
        const Problem *problem = reply->n_problem > 0 ? reply->problem[0] : NULL;
        (void)snprintf(lump->example, sizeof lump->example, "login %s, %s %s%s: %s %s",
                       LOGIN_NAMES[cell->login], relation_name(cell), state_name(matrix, cell),
                       cell->is_preview ? ", preview" : "", problem != NULL ? problem->field : "",
                       reply->detail);
    }
    if (lump != NULL) {
        lump->count++;
    }
}

static void tell_differences(const struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->lump_count; i++) {
        const struct lump *lump = &matrix->lump[i];
        (void)fprintf(stderr, "%s by %s: %s expected, answered %s, %zu times, as with %s\n",
                      sheet_cell(&matrix->commands, lump->row, "command"),
                      role_word(matrix->firm.subject[lump->subject].role), lump->wanted,
                      lump->answered, lump->count, lump->example);
    }
}

// What is out of scope answers as what does not exist. Positions are sealed anew each time.
static void check_unseen(struct matrix *matrix, const struct cell *cell, Reply *reply)
{
    struct bytes packed;
    reply->position = (ProtobufCBinaryData){0};
    const enum status status = wire_pack(matrix->firm.desk.arena, &reply->base, &packed);
    assert(status == STATUS_OK);
    if (cell->relation == RELATION_MISSING) {
        matrix->missing = packed;
    } else if (matrix->missing.data == NULL || packed.size != matrix->missing.size ||
               memcmp(packed.data, matrix->missing.data, packed.size) != 0) {
        difference(matrix, cell, "the reply about what does not exist", "another", reply);
    }
}

static void ask(struct matrix *matrix, const struct cell *cell)
{
    struct desk *desk = &matrix->firm.desk;
    const struct peer *peer = &matrix->firm.subject[cell->subject].peer[cell->login];
    const struct bytes packed =
        desk_pack(desk, cell->command, message_of(matrix, cell), cell->is_preview);
    Reply *reply = desk_reply(desk, desk_ask(desk, peer, packed));
    bool is_unseen = false;
    const char *wanted = expected(matrix, cell, &is_unseen);
    const char *answered = answer_of(matrix, cell, reply);
    matrix->cells++;
    if (strcmp(wanted, answered) != 0) {
        difference(matrix, cell, wanted, answered, reply);
    } else if (is_unseen) {
        check_unseen(matrix, cell, reply);
    }
}

// ---- walking ----

static void ask_states(struct matrix *matrix, struct cell cell, const char *noun, size_t noun_at)
{
    // What does not exist comes first: the others are compared with it.
    static const enum relation ORDER[RELATIONS] = {RELATION_MISSING, RELATION_FOREIGN,
                                                   RELATION_REGION, RELATION_TEAM, RELATION_OWN};

    for (size_t i = 0; i < RELATIONS; i++) {
        for (cell.state = 0; cell.state < STATES; cell.state++) {
            const char *state = sheet_cell(&matrix->nouns, noun_at, STATE_COLUMNS[cell.state]);
            cell.relation = ORDER[i];
            cell.object = is(state, "-") ? NULL
                                         : firm_object(&matrix->firm, cell.subject, noun,
                                                       cell.relation, state);
            if (cell.object != NULL) {
                ask(matrix, &cell);
            }
        }
    }
}

static void ask_logins(struct matrix *matrix, struct cell cell)
{
    const char *noun = sheet_cell(&matrix->commands, cell.row, "noun");
    const size_t noun_at = noun_row(matrix, noun);
    if (noun_at == SIZE_MAX && !is(noun, "-")) {
        fatal(&matrix->commands, cell.row, noun);
    }
    for (size_t login = 0; login < LOGINS; login++) {
        cell.login = (enum login)login;
        matrix->missing = (struct bytes){0};
        if (noun_at == SIZE_MAX) {
            ask(matrix, &cell);
        } else {
            ask_states(matrix, cell, noun, noun_at);
        }
        desk_reset(&matrix->firm.desk);
    }
}

static void ask_row(struct matrix *matrix, size_t row)
{
    const char *name = sheet_cell(&matrix->commands, row, "command");
    char base[64];
    (void)snprintf(base, sizeof base, "%.*s", (int)strcspn(name, "/"), name);
    struct cell cell = {.row = row, .command = command_by_name(base)};
    if (cell.command == NULL) {
        fatal(&matrix->commands, row, "there is no such command");
    }
    assert(cell.command->number < COMMANDS_MAX);
    matrix->covered[cell.command->number] = true;
    const bool has_preview = cell.command->mode == COMMAND_WRITE &&
                             is(channel_of(matrix, &cell), "session") &&
                             !is(sheet_cell(&matrix->commands, row, "kind"), "secret");
    for (cell.subject = 0; cell.subject < matrix->firm.subject_count; cell.subject++) {
        cell.author = cell.subject;
        if (sheet_column(&matrix->commands, role_name(matrix, &cell)) == SIZE_MAX) {
            fatal(&matrix->commands, row, role_name(matrix, &cell));
        }
        cell.is_preview = false;
        ask_logins(matrix, cell);
        if (has_preview) {
            cell.is_preview = true;
            ask_logins(matrix, cell);
        }
    }
}

// ---- the owner's requests, sent again by everybody else ----

static size_t subject_of(const struct matrix *matrix, enum role role)
{
    size_t subject = 0;
    while (matrix->firm.subject[subject].role != role) {
        subject++;
        assert(subject < matrix->firm.subject_count);
    }
    return subject;
}

// All are of the owner's team: what is the owner's own is a mate's for them.
static void replay_states(struct matrix *matrix, struct cell cell, const char *noun, size_t noun_at)
{
    // What the owner is or asked for in person is another matter in a mate's hands.
    const bool is_personal = is(noun, "user") || is(noun, "request");
    const int last = is_personal ? RELATION_TEAM : RELATION_OWN;
    for (int each = RELATION_MISSING; each >= last; each--) {
        const enum relation relation = (enum relation)each;
        for (cell.state = 0; cell.state < STATES; cell.state++) {
            const char *state = sheet_cell(&matrix->nouns, noun_at, STATE_COLUMNS[cell.state]);
            cell.relation = relation == RELATION_OWN ? RELATION_TEAM : relation;
            cell.object = is(state, "-")
                              ? NULL
                              : firm_object(&matrix->firm, cell.author, noun, relation, state);
            if (cell.object != NULL) {
                matrix->firm.desk.keys = REPLAYED; // the very bytes, with their request id
                ask(matrix, &cell);
            }
        }
    }
}

static void replay_row(struct matrix *matrix, size_t row)
{
    const char *name = sheet_cell(&matrix->commands, row, "command");
    const char *noun = sheet_cell(&matrix->commands, row, "noun");
    char base[64];
    (void)snprintf(base, sizeof base, "%.*s", (int)strcspn(name, "/"), name);
    struct cell cell = {.row = row,
                        .command = command_by_name(base),
                        .author = subject_of(matrix, ROLE_OWNER),
                        .login = LOGIN_FRESH};
    if (is(noun, "-")) {
        return;
    }
    for (cell.subject = 0; cell.subject < matrix->firm.subject_count; cell.subject++) {
        matrix->missing = (struct bytes){0};
        if (cell.subject != cell.author) {
            replay_states(matrix, cell, noun, noun_row(matrix, noun));
        }
        desk_reset(&matrix->firm.desk);
    }
}

static void check_coverage(struct matrix *matrix)
{
    for (size_t i = 0; i < command_count(); i++) {
        if (!matrix->covered[command_at(i)->number]) {
            (void)fprintf(stderr, "commands.tsv: no row for %s\n", command_at(i)->name);
            matrix->differences++;
        }
    }
}

static void read_sheet(struct sheet *sheet, const char *directory, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    sheet_read(sheet, path);
}

// matrix DIRECTORY [COMMAND]: all rows, or those of one command.
int main(int count, char **words)
{
    static struct matrix matrix;
    struct timespec begun;
    struct timespec ended;
    if (count < 2) {
        return EXIT_FAILURE;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    read_sheet(&matrix.commands, words[1], "commands.tsv");
    read_sheet(&matrix.nouns, words[1], "nouns.tsv");
    read_sheet(&matrix.logins, words[1], "logins.tsv");
    read_sheet(&matrix.exceptions, words[1], "exceptions.tsv");
    firm_open(&matrix.firm);
    undo_keep(false);
    for (size_t row = 0; row < matrix.commands.count; row++) {
        const char *name = sheet_cell(&matrix.commands, row, "command");
        if (count < 3 || strncmp(name, words[2], strlen(words[2])) == 0) {
            ask_row(&matrix, row);
            replay_row(&matrix, row);
        }
    }
    tell_differences(&matrix);
    if (count < 3) {
        check_coverage(&matrix);
    }
    firm_close(&matrix.firm);
    (void)clock_gettime(CLOCK_MONOTONIC, &ended);
    (void)printf("%zu cells, %zu differences, %.1f s\n", matrix.cells, matrix.differences,
                 (double)(ended.tv_sec - begun.tv_sec) +
                     (double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
    return matrix.differences == 0 && matrix.cells > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
