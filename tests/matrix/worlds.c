// SPDX-License-Identifier: Apache-2.0
// Two worlds (tests/README.md): two books that differ only in rows outside the scope of one person,
// who runs the same random programs in both. All replies must be equal byte for byte and in length;
// positions, which are sealed anew each time, are opened and compared.
//
// What the two have in common beside the person's own rows is what everybody may learn: how many
// records the journal has, the next number of each series, the users. Values that a book demands to
// be unique are the one thing that tells of others, by intent: a taken one is answered "needs
// review" without saying whose it is; programs use values of their own.
//
//   worlds [PROGRAMS [SEED]]
#include "server/ledger/books.h"
#include "shared/wire.h"
#include "tests/matrix/desk.h"
#include "tests/matrix/random.h"
#include "tests/matrix/undo.h"

#include <time.h>

#define WORLDS         2
#define REQUESTS_MAX   16
#define OWNERS         4
#define EACH           4                                   // customers of an owner
#define NOON_US        ((int64_t)1795233600 * 1000 * 1000) // 2026-11-21 12:00 in the book's zone
#define TODAY          20778
#define POSITION_BYTES 48
#define POSITIONS_MAX  8
#define TOLD_MAX       20

enum owner { OWNER_U, OWNER_MATE, OWNER_NEIGHBOUR, OWNER_STRANGER };

struct world {
    struct desk desk;
    struct member principal;
    struct member person[OWNERS];
    struct key position_key;
    struct random random;                            // of the program: the same in both
    uint8_t position[POSITIONS_MAX][POSITION_BYTES]; // of earlier replies
    size_t position_count;
};

struct pair {
    struct world world[WORLDS];
    const char *scope;
    bool sees[OWNERS];
    uint64_t state; // of the building
    size_t requests, done, differences;
    // By number of the command: requests, and those that were done.
    size_t asked[COMMAND_NUMBERS_MAX], answered[COMMAND_NUMBERS_MAX];
};

static void demand(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "worlds: %s\n", what);
        abort();
    }
}

static const char *const NAMES[] = {"恒通贸易", "Acme Tools", "张伟",    "Blue Sky", "Ost West",
                                    "Alpha",    "Beta",       "Gamma",   "Delta",    "海天",
                                    "Quality",  "Steel Ltd",  "Harbour", "Kaufhaus", "Mill"};
static const char *const WORDS[] = {"urgent", "tea", "steel", "late payer", "friend",
                                    "A",      "B",   "gold",  "new",        "north gate"};

// ---- building two books in step ----

// One draw of what the two worlds share, and for what the person does not see one that differs.
struct drawn {
    uint32_t value[WORLDS];
};

WRAPS static uint64_t mix(uint64_t value)
{
    value ^= value >> 31;
    value *= 0x9e3779b97f4a7c15u;
    value ^= value >> 29;
    value *= 0xbf58476d1ce4e5b9u;
    return value ^ value >> 32;
}

WRAPS static struct drawn draw(struct pair *pair, bool is_seen, uint32_t below)
{
    struct drawn drawn = {0};
    pair->state++;
    for (size_t w = 0; w < WORLDS; w++) {
        drawn.value[w] = (uint32_t)(mix(pair->state * 7 + (is_seen ? 0 : w + 1)) % below);
    }
    return drawn;
}

#define MAKE(world, Type, name) ((Type *)(void *)desk_make(&(world)->desk, &name##__descriptor))
#define DO(world, Type, name, inner) \
    ((Type *)(void *)desk_do(&(world)->desk, &(world)->principal.peer, name, &(inner)->base))

struct holder {
    enum owner owner;
    bool is_seen;
    uint64_t customer_id;
};

// The same thing was made in both worlds, under the same id.
static uint64_t same(const uint64_t id[WORLDS])
{
    demand(id[0] == id[1], "the books are out of step");
    return id[0];
}

static uint64_t add_customer(struct pair *pair, const struct holder *holder)
{
    static const char *const REGIONS[OWNERS] = {"Home", "West", "East", "West"};
    const struct drawn name = draw(pair, holder->is_seen, COUNT_OF(NAMES));
    const struct drawn word = draw(pair, holder->is_seen, COUNT_OF(WORDS));
    const struct drawn phone = draw(pair, holder->is_seen, 90000000);
    const struct drawn rest = draw(pair, holder->is_seen, 1000);
    uint64_t id[WORLDS];
    for (size_t w = 0; w < WORLDS; w++) {
        struct world *world = &pair->world[w];
        struct desk *desk = &world->desk;
        CustomerAdd *add = MAKE(world, CustomerAdd, customer_add);
        char **phones = arena_alloc(desk->arena, sizeof *phones);
        char **tags = arena_alloc(desk->arena, sizeof *tags);
        demand(phones != NULL && tags != NULL, "arena");
        phones[0] = arena_print(desk->arena, "138%08u", phone.value[w]);
        tags[0] = desk_text(desk, WORDS[(word.value[w] + 3) % COUNT_OF(WORDS)]);
        add->kind = rest.value[w] % 2 == 0 ? CUSTOMER_KIND__CUSTOMER_KIND_PERSON
                                           : CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
        add->name = desk_text(desk, NAMES[name.value[w]]);
        add->phone = phones;
        add->n_phone = 1;
        add->tag = tags;
        add->n_tag = 1;
        add->notes = desk_text(desk, WORDS[word.value[w]]);
        add->industry = desk_text(desk, WORDS[(word.value[w] + 1) % COUNT_OF(WORDS)]);
        add->reference = arena_print(desk->arena, "ref-%u", phone.value[w]);
        add->credit_limit_minor = 1000 + rest.value[w];
        add->region = desk_text(desk, REGIONS[holder->owner]);
        // Which of the two who are out of sight it is may differ too.
        const bool swap = !holder->is_seen && holder->owner == OWNER_STRANGER && w == 1 &&
                          !pair->sees[OWNER_NEIGHBOUR];
        add->owner_id = world->person[swap ? OWNER_NEIGHBOUR : holder->owner].user_id;
        id[w] = DO(world, CustomerAddReply, "customer_add", add)->id;
        desk_reset(desk);
    }
    return same(id);
}

static uint64_t issue(struct pair *pair, const struct holder *holder, bool is_draft)
{
    const struct drawn amount = draw(pair, holder->is_seen, 50000);
    const struct drawn day = draw(pair, holder->is_seen, 150);
    const struct drawn due = draw(pair, holder->is_seen, 90);
    const struct drawn word = draw(pair, holder->is_seen, COUNT_OF(WORDS));
    uint64_t id[WORLDS];
    for (size_t w = 0; w < WORLDS; w++) {
        struct world *world = &pair->world[w];
        const int32_t date_day = TODAY - 200 + (int32_t)day.value[w];
        if (is_draft) {
            InvoiceDraft *draft = MAKE(world, InvoiceDraft, invoice_draft);
            draft->customer_id = holder->customer_id;
            draft->amount_minor = 100 + amount.value[w];
            draft->date_day = date_day;
            draft->notes = desk_text(&world->desk, WORDS[word.value[w]]);
            id[w] = DO(world, InvoiceDraftReply, "invoice_draft", draft)->id;
        } else {
            InvoiceIssue *issue = MAKE(world, InvoiceIssue, invoice_issue);
            issue->customer_id = holder->customer_id;
            issue->amount_minor = 100 + amount.value[w];
            issue->date_day = date_day;
            issue->due_day = date_day + (int32_t)due.value[w];
            issue->notes = desk_text(&world->desk, WORDS[word.value[w]]);
            issue->disputed = word.value[w] % 3 == 0;
            id[w] = DO(world, InvoiceIssueReply, "invoice_issue", issue)->id;
        }
        desk_reset(&world->desk);
    }
    return same(id);
}

static uint64_t pay(struct pair *pair, const struct holder *holder)
{
    const struct drawn amount = draw(pair, holder->is_seen, 60000);
    const struct drawn day = draw(pair, holder->is_seen, 40);
    const struct drawn rest = draw(pair, holder->is_seen, 3);
    uint64_t id[WORLDS];
    for (size_t w = 0; w < WORLDS; w++) {
        struct world *world = &pair->world[w];
        PaymentAdd *add = MAKE(world, PaymentAdd, payment_add);
        add->customer_id = holder->customer_id;
        add->amount_minor = 50 + amount.value[w];
        add->date_day = TODAY - 45 + (int32_t)day.value[w]; // behind every invoice
        add->method = PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
        add->no_allocate = rest.value[w] == 0;
        id[w] = DO(world, PaymentAddReply, "payment_add", add)->id;
        desk_reset(&world->desk);
    }
    return same(id);
}

// One of two documents or customers: which, differs between the worlds where it is not seen.
static void reverse_one(struct pair *pair, const struct holder *holder, const uint64_t invoice[2])
{
    const struct drawn which = draw(pair, holder->is_seen, 2);
    for (size_t w = 0; w < WORLDS; w++) {
        struct world *world = &pair->world[w];
        InvoiceReverse *reverse = MAKE(world, InvoiceReverse, invoice_reverse);
        reverse->invoice_id = invoice[which.value[w]];
        reverse->reason = desk_text(&world->desk, "wrong");
        (void)DO(world, InvoiceIssueReply, "invoice_reverse", reverse);
        desk_reset(&world->desk);
    }
}

static void archive_one(struct pair *pair, const struct holder *holder, const uint64_t customer[2])
{
    const struct drawn which = draw(pair, holder->is_seen, 2);
    for (size_t w = 0; w < WORLDS; w++) {
        struct world *world = &pair->world[w];
        CustomerArchive *archive = MAKE(world, CustomerArchive, customer_archive);
        archive->customer_id = customer[which.value[w]];
        archive->reason = desk_text(&world->desk, WORDS[which.value[w]]);
        (void)DO(world, CustomerStateReply, "customer_archive", archive);
        desk_reset(&world->desk);
    }
}

static void keep(struct pair *pair, size_t pool, uint64_t id)
{
    for (size_t w = 0; w < WORLDS; w++) {
        struct random_pool *to =
            (struct random_pool *)(void *)((uint8_t *)&pair->world[w].random + pool);
        random_keep(to, id);
    }
}

static void furnish(struct pair *pair, enum owner owner)
{
    struct holder holder = {.owner = owner, .is_seen = pair->sees[owner]};
    uint64_t customer[EACH];
    for (size_t i = 0; i < EACH; i++) {
        customer[i] = add_customer(pair, &holder);
        keep(pair, offsetof(struct random, customers), customer[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        uint64_t invoice[2];
        holder.customer_id = customer[i];
        invoice[0] = issue(pair, &holder, false);
        invoice[1] = issue(pair, &holder, false);
        keep(pair, offsetof(struct random, invoices), invoice[0]);
        keep(pair, offsetof(struct random, invoices), invoice[1]);
        keep(pair, offsetof(struct random, invoices), issue(pair, &holder, true));
        reverse_one(pair, &holder, invoice);
        keep(pair, offsetof(struct random, invoices), issue(pair, &holder, false));
        keep(pair, offsetof(struct random, payments), pay(pair, &holder));
        keep(pair, offsetof(struct random, payments), pay(pair, &holder));
    }
    archive_one(pair, &holder, customer + 2);
}

// An entry that concerns the whole book, which who sees a part of it does not see.
static void add_voucher(struct pair *pair)
{
    const struct drawn amount = draw(pair, false, 5000);
    uint64_t id[WORLDS];
    for (size_t w = 0; w < WORLDS; w++) {
        struct world *world = &pair->world[w];
        EntryAdd *add = MAKE(world, EntryAdd, entry_add);
        EntryLine *line[2] = {MAKE(world, EntryLine, entry_line),
                              MAKE(world, EntryLine, entry_line)};
        line[0]->account = 5602;
        line[0]->debit_minor = 1 + amount.value[w];
        line[1]->account = 1001;
        line[1]->credit_minor = 1 + amount.value[w];
        add->text = desk_text(&world->desk, WORDS[amount.value[w] % COUNT_OF(WORDS)]);
        add->line = line;
        add->n_line = 2;
        id[w] = DO(world, EntryAddReply, "entry_add", add)->id;
        desk_reset(&world->desk);
    }
    keep(pair, offsetof(struct random, entries), same(id));
}

// Mostly what the person may ask about: names of commands and of permissions.
static bool is_of_customers(const char *name)
{
    static const char *const NOUNS[] = {"customer", "invoice",   "payment", "find",
                                        "report",   "statement", "event",   "session_whoami"};
    for (size_t i = 0; i < COUNT_OF(NOUNS); i++) {
        if (strncmp(name, NOUNS[i], strlen(NOUNS[i])) == 0) {
            return true;
        }
    }
    return false;
}

// A role of the book's own: everything about customers and their documents, in one scope.
static void add_role(struct world *world, Scope scope)
{
    RoleAdd *add = MAKE(world, RoleAdd, role_add);
    add->word = desk_text(&world->desk, "scoped");
    const uint32_t role_id = DO(world, RoleReply, "role_add", add)->id;
    RoleApply *apply = MAKE(world, RoleApply, role_apply);
    apply->change = arena_alloc(world->desk.arena, (PERMISSION_COUNT + 3) * sizeof(RoleChange *));
    demand(apply->change != NULL, "arena");
    for (enum permission each = PERMISSION_FIRST; each < PERMISSION_COUNT; each++) {
        if (is_of_customers(permission_text(each)) && !permission_is_whole(each)) {
            RoleChange *change = MAKE(world, RoleChange, role_change);
            change->role_id = role_id;
            change->permission = desk_text(&world->desk, permission_text(each));
            change->scope = scope;
            apply->change[apply->n_change++] = change;
        }
    }
    for (enum field_class each = CLASS_PUBLIC; each <= CLASS_FINANCE; each++) {
        RoleChange *change = MAKE(world, RoleChange, role_change);
        change->role_id = role_id;
        change->class_ = desk_text(&world->desk, class_word(each));
        change->view = MASK_VIEW__MASK_VIEW_FULL;
        change->writable = true;
        apply->change[apply->n_change++] = change;
    }
    (void)DO(world, RoleReply, "role_apply", apply);
    desk_reset(&world->desk);
}

static void engage(struct world *world, enum owner owner, const char *role, const char *team,
                   const char *region)
{
    static const char *const LOGINS[OWNERS] = {"umber", "mate", "neighbour", "stranger"};
    struct member *member = &world->person[owner];
    UserInvite *invite = MAKE(world, UserInvite, user_invite);
    char *roles[1] = {desk_text(&world->desk, role)};
    (void)snprintf(member->login, sizeof member->login, "%s", LOGINS[owner]);
    invite->role = roles;
    invite->n_role = 1;
    invite->team = desk_text(&world->desk, team);
    invite->region = desk_text(&world->desk, region);
    desk_join(&world->desk, &world->principal.peer, invite, member);
    random_keep(&world->random.users, member->user_id);
    random_keep(&world->random.devices, member->peer.device_id);
    desk_reset(&world->desk);
}

static void fill_texts(struct random *random)
{
    static const char *const QUERIES[] = {"open:>0",
                                          "state:archived",
                                          "state:active",
                                          "owner:mate",
                                          "owner:stranger",
                                          "owner:umber",
                                          "region:East",
                                          "region:West",
                                          "tag:gold",
                                          "tag:tea",
                                          "customer:C-0003",
                                          "customer:C-0009",
                                          "customer:C-0014",
                                          "overdue:>0",
                                          "balance:>0",
                                          "C-0001",
                                          "C-0007",
                                          "C-0012",
                                          "138",
                                          "INV-2026-0001",
                                          "INV-2026-0009",
                                          "INV-2026-0020",
                                          "PAY-2026-0002",
                                          "PAY-2026-0007",
                                          "JE-2026-0004",
                                          "JE-2026-0021",
                                          "draft",
                                          "ref-0",
                                          "mate",
                                          "stranger",
                                          "a",
                                          "e",
                                          "l"};
    for (size_t i = 0; i < COUNT_OF(QUERIES); i++) {
        random->text[random->text_count++] = QUERIES[i];
    }
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        random->text[random->text_count++] = NAMES[i];
    }
    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        random->text[random->text_count++] = WORDS[i];
    }
}

static void check_counters(struct pair *pair)
{
    struct bytes seen[WORLDS][64];
    size_t count[WORLDS] = {0};
    struct txn *txn[WORLDS];
    for (size_t w = 0; w < WORLDS; w++) {
        struct desk *desk = &pair->world[w].desk;
        struct scan *scan CLEANUP(scan_close_at) = NULL;
        struct row_key key;
        uint32_t version = 0;
        demand(txn_begin(desk->store, TXN_READ, desk->arena, &txn[w]) == STATUS_OK, "begin");
        demand(scan_open(txn[w], TABLE_counter, (struct row_key){0}, 0, false, &scan) == STATUS_OK,
               "scan");
        while (count[w] < 64 &&
               scan_next_bytes(scan, &key, &seen[w][count[w]], &version) == STATUS_OK) {
            count[w]++;
        }
    }
    demand(count[0] == count[1] && txn_head(txn[0])->number == txn_head(txn[1])->number,
           "the journals differ in length");
    for (size_t i = 0; i < count[0]; i++) {
        demand(bytes_equal(seen[0][i], seen[1][i]), "the counters differ");
    }
    txn_abort(txn[0]);
    txn_abort(txn[1]);
}

static void open_pair(struct pair *pair, Scope scope, const char *name,
                      const bool sees[static OWNERS], uint64_t seed)
{
    *pair = (struct pair){.scope = name, .state = seed};
    memcpy(pair->sees, sees, sizeof pair->sees);
    for (size_t w = 0; w < WORLDS; w++) {
        struct world *world = &pair->world[w];
        desk_open(&world->desk, NOON_US, w == 0 ? NULL : &pair->world[0].desk, &world->principal);
        desk_reset(&world->desk);
        world->position_key = store_key(world->desk.store, STORE_KEY_POSITION);
        world->random = (struct random){.arena = world->desk.arena, .today = TODAY};
        fill_texts(&world->random);
        add_role(world, scope);
        engage(world, OWNER_U, "scoped", "north", "East");
        engage(world, OWNER_MATE, "sales", "north", "West");
        engage(world, OWNER_NEIGHBOUR, "sales", "south", "East");
        engage(world, OWNER_STRANGER, "sales", "south", "West");
    }
    for (size_t i = 0; i < OWNERS; i++) {
        furnish(pair, (enum owner)i);
        add_voucher(pair);
    }
    check_counters(pair);
}

static void close_pair(struct pair *pair)
{
    for (size_t w = 0; w < WORLDS; w++) {
        desk_close(&pair->world[w].desk);
    }
}

// ---- programs ----

// Opens a position of the person; 0: not one.
static uint64_t open_position(const struct world *world, ProtobufCBinaryData position)
{
    uint8_t user[8];
    uint8_t plain[8];
    put_u64(user, world->person[OWNER_U].user_id);
    if (position.len != POSITION_BYTES ||
        key_open(&world->position_key, bytes_of(user, sizeof user),
                 bytes_of(position.data, position.len), plain) != STATUS_OK) {
        return 0;
    }
    return get_u64(plain);
}

// Puts the opened number in place of the sealed one.
static void show_position(const struct world *world, ProtobufCBinaryData *position)
{
    if (position->len == POSITION_BYTES) {
        uint8_t number[8];
        put_u64(number, open_position(world, *position));
        memset(position->data, 0, position->len);
        memcpy(position->data, number, sizeof number);
    }
}

// A watch goes on from a position that an earlier reply told.
static void keep_position(struct world *world, const Reply *reply)
{
    const size_t slot = world->position_count % (4 * POSITIONS_MAX);
    if (reply->position.len == POSITION_BYTES && slot < POSITIONS_MAX) {
        memcpy(world->position[slot], reply->position.data, POSITION_BYTES);
    }
    world->position_count++;
}

static void set_position(struct world *world, const struct command *command,
                         ProtobufCMessage *inner)
{
    const size_t slot = random_below(&world->random, POSITIONS_MAX);
    if (command->request == &event_watch__descriptor && world->position_count > slot) {
        EventWatch *watch = (EventWatch *)(void *)inner;
        watch->noun = watch->noun[0] != '\0' ? desk_text(&world->desk, "customer") : watch->noun;
        watch->from = (ProtobufCBinaryData){.len = POSITION_BYTES, .data = world->position[slot]};
    }
}

struct answer {
    struct bytes raw;
    struct bytes shown;
    Reply *reply;
};

static struct answer ask(struct world *world, const struct command *command,
                         ProtobufCMessage *inner, bool dry_run)
{
    struct desk *desk = &world->desk;
    struct answer answer = {0};
    answer.raw =
        desk_ask(desk, &world->person[OWNER_U].peer, desk_pack(desk, command, inner, dry_run));
    answer.reply = desk_reply(desk, answer.raw);
    keep_position(world, answer.reply);
    show_position(world, &answer.reply->position);
    if (answer.reply->result_case == REPLY__RESULT_EVENT_WATCH) {
        show_position(world, &answer.reply->event_watch->position);
    }
    if (answer.reply->result_case == REPLY__RESULT_USER_INVITE) {
        memset(answer.reply->user_invite->invitation, 'x',
               strlen(answer.reply->user_invite->invitation));
    }
    // A plan to reveal binds the name of the customer's key, which is drawn at random.
    if (command->request == &customer_reveal__descriptor) {
        memset(answer.reply->plan, 'x', strlen(answer.reply->plan));
    }
    demand(wire_pack(desk->arena, &answer.reply->base, &answer.shown) == STATUS_OK, "arena");
    return answer;
}

static void tell(struct pair *pair, const struct command *command, const struct answer answer[2])
{
    pair->differences++;
    if (pair->differences > TOLD_MAX) {
        return;
    }
    (void)fprintf(stderr, "scope %s: %s answers %s (%zu bytes) and %s (%zu bytes)\n", pair->scope,
                  command->name, status_code((enum status)answer[0].reply->status),
                  answer[0].raw.size, status_code((enum status)answer[1].reply->status),
                  answer[1].raw.size);
    for (size_t w = 0; w < WORLDS; w++) {
        (void)fprintf(stderr, "    ");
        for (size_t i = 0; i < answer[w].shown.size && i < 400; i++) {
            const uint8_t byte = answer[w].shown.data[i];
            (void)fprintf(stderr, byte >= 32 && byte < 127 ? "%c" : "\\%02x", byte);
        }
        (void)fprintf(stderr, "\n");
    }
}

static bool is_asked(const struct command *command)
{
    return command->permission != PERMISSION_DEVICE && command->permission != PERMISSION_INVITED &&
           command->permission != PERMISSION_SYSTEM && strcmp(command->name, "session_logout") != 0;
}

static const struct command *pick(struct random *random, bool reads)
{
    const bool any = random_below(random, 5) == 0;
    for (;;) {
        const struct command *command = command_at(random_below(random, (uint32_t)command_count()));
        if (is_asked(command) && (any || is_of_customers(command->name)) &&
            (!reads || command->mode == COMMAND_READ)) {
            return command;
        }
    }
}

static const ProtobufCFieldDescriptor *field_of_name(const ProtobufCMessage *message,
                                                     const char *name)
{
    return message == NULL
               ? NULL
               : protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
}

// A list goes on where its page ended.
static bool follow_page(ProtobufCMessage *inner, const struct answer *answer,
                        const struct command *command)
{
    const ProtobufCMessage *result = wire_inner(&answer->reply->base, command->number);
    const ProtobufCFieldDescriptor *page = field_of_name(result, "page");
    const ProtobufCFieldDescriptor *cursor = field_of_name(inner, "cursor");
    if (answer->reply->status != STATUS_OK || page == NULL || cursor == NULL) {
        return false;
    }
    const Page *next = *(Page *const *)field_at(result, page);
    if (next == NULL || next->next[0] == '\0') {
        return false;
    }
    *(char **)field_at(inner, cursor) = next->next;
    return true;
}

static void keep_made(struct world *world, const struct command *command, const Reply *reply)
{
    const ProtobufCMessage *result = wire_inner(&reply->base, command->number);
    const ProtobufCFieldDescriptor *id = field_of_name(result, "id");
    if (reply->status != STATUS_OK || command->mode != COMMAND_WRITE || id == NULL) {
        return;
    }
    uint64_t value = 0;
    memcpy(&value, field_at(result, id), sizeof value);
    struct random *random = &world->random;
    struct random_pool *pool = strncmp(command->name, "customer", 8) == 0  ? &random->customers
                               : strncmp(command->name, "invoice", 7) == 0 ? &random->invoices
                               : strncmp(command->name, "payment", 7) == 0 ? &random->payments
                                                                           : &random->others;
    random_keep(pool, value);
}

// One request in both worlds; false when they differ.
static bool request_both(struct pair *pair)
{
    ProtobufCMessage *inner[WORLDS];
    struct answer answer[WORLDS];
    const struct command *command = NULL;
    bool dry_run = false;
    for (size_t w = 0; w < WORLDS; w++) {
        struct random *random = &pair->world[w].random;
        command = pick(random, random_below(random, 3) != 0);
        dry_run = command->mode == COMMAND_WRITE && random_below(random, 4) == 0;
        inner[w] = random_message(random, command->request);
        set_position(&pair->world[w], command, inner[w]);
    }
    for (size_t page = 0; page < 4; page++) {
        bool goes_on = true;
        for (size_t w = 0; w < WORLDS; w++) {
            answer[w] = ask(&pair->world[w], command, inner[w], dry_run);
        }
        pair->requests++;
        pair->asked[command->number]++;
        pair->answered[command->number] += answer[0].reply->status == STATUS_OK;
        pair->done += answer[0].reply->status == STATUS_OK;
        if (answer[0].raw.size != answer[1].raw.size ||
            !bytes_equal(answer[0].shown, answer[1].shown)) {
            tell(pair, command, answer);
            return false;
        }
        for (size_t w = 0; w < WORLDS; w++) {
            keep_made(&pair->world[w], command, answer[w].reply);
            goes_on = follow_page(inner[w], &answer[w], command) && goes_on;
        }
        if (!goes_on) {
            break;
        }
    }
    return true;
}

static void run_programs(struct pair *pair, size_t programs, uint64_t seed)
{
    for (size_t i = 0; i < programs; i++) {
        const uint64_t state = mix(seed * 1000003 + i) | 1;
        pair->world[0].random.state = state;
        pair->world[1].random.state = state;
        const size_t requests = 1 + random_below(&pair->world[0].random, REQUESTS_MAX);
        (void)random_below(&pair->world[1].random, REQUESTS_MAX);
        for (size_t k = 0; k < requests && request_both(pair); k++) {
        }
        for (size_t w = 0; w < WORLDS; w++) {
            pair->world[w].desk.now_us += (int64_t)1000 * 1000;
            desk_reset(&pair->world[w].desk);
        }
    }
}

int main(int count, char **words)
{
    static struct pair pair;

    static const struct {
        Scope scope;
        const char *name;
        bool sees[OWNERS];
    } PEOPLE[] = {
        {SCOPE__SCOPE_OWN, "own", {true, false, false, false}},
        {SCOPE__SCOPE_TEAM, "team", {true, true, false, false}},
        {SCOPE__SCOPE_REGION, "region", {true, false, true, false}},
    };

    const size_t programs = count > 1 ? strtoul(words[1], NULL, 10) : 2000;
    const uint64_t seed = count > 2 ? strtoul(words[2], NULL, 10) : 20261121;
    size_t differences = 0;
    (void)printf("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < COUNT_OF(PEOPLE); i++) {
        open_pair(&pair, PEOPLE[i].scope, PEOPLE[i].name, PEOPLE[i].sees, seed);
        run_programs(&pair, programs, seed);
        if (getenv("WORLDS_TALLY") != NULL) {
            for (size_t k = 0; k < command_count(); k++) {
                const struct command *command = command_at(k);
                (void)printf("    %-24s %6zu asked %6zu done\n", command->name,
                             pair.asked[command->number], pair.answered[command->number]);
            }
        }
        close_pair(&pair);
        differences += pair.differences;
        (void)printf("scope %s: %zu programs, %zu requests, %zu done, %zu differences\n",
                     pair.scope, programs, pair.requests, pair.done, pair.differences);
    }
    return differences == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
