// SPDX-License-Identifier: Apache-2.0
#include "shared/wire.h"
#include "tests/load/load.h"
#include "tests/unit/unit.h"

#include <unistd.h>

// What goes on by itself, with a real server and a real book behind it: pages of a list, events
// that resume from a position although the server was restarted meanwhile, and links that end
// because somebody may not be there any more.

#define ARENA_BYTES ((size_t)8 * 1024 * 1024)
#define CUSTOMERS   23
#define PASSWORD    "correct horse battery li"
#define CUT_US_MAX  ((int64_t)1000 * 1000)

struct house {
    char place[64];
    struct load *load;
    struct arena *arena;
    struct link *watcher;
    struct link *writer;
};

static int set_up(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    (void)snprintf(house->place, sizeof house->place, "/tmp/kontor-wire-XXXXXX");
    assert_non_null(mkdtemp(house->place));
    const struct load_options options = {.programs = KONTOR_BUILD_DIR,
                                         .place = house->place,
                                         .currency = "CNY",
                                         .chart = "cn-small"};
    house->load = load_start(&options);
    house->arena = arena_make(ARENA_BYTES);
    house->watcher = load_link(house->load);
    house->writer = load_link(house->load);
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    link_close(house->watcher);
    link_close(house->writer);
    assert_true(load_stop(house->load));
    char *command = NULL;
    assert_true(asprintf(&command, "rm -rf '%s'", house->place) > 0);
    assert_int_equal(system(command), 0);
    free(command);
    arena_free(house->arena);
    free(house);
    return 0;
}

static uint64_t add_customer(struct house *house, unsigned number)
{
    CustomerAdd inner;
    customer_add__init(&inner);
    char *name = arena_print(house->arena, "Customer %u", number);
    inner.kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    inner.name = name;
    const CustomerAddReply *reply = (const CustomerAddReply *)load_call(
        house->writer, house->arena, load_request(house->arena, "customer_add", &inner.base),
        STATUS_OK);
    return reply->id;
}

struct pages {
    unsigned pages;
    unsigned rows;
};

static bool count_rows(void *context, const Reply *reply)
{
    struct pages *pages = context;
    assert_int_equal(reply->status, STATUS_OK);
    pages->pages++;
    pages->rows += (unsigned)reply->customer_list->n_row;
    return true;
}

static void a_list_of_many_pages_streams(void **state)
{
    struct house *house = *state;
    for (unsigned i = 0; i < CUSTOMERS; i++) {
        (void)add_customer(house, i);
    }
    CustomerList list;
    customer_list__init(&list);
    list.limit = 2;
    const Request *request = load_request(house->arena, "customer_list", &list.base);
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    struct pages pages = {0};
    assert_int_equal(link_stream(house->watcher, request, arena, count_rows, &pages), STATUS_OK);
    assert_int_equal(pages.rows, CUSTOMERS);
    assert_int_equal(pages.pages, (CUSTOMERS + 1) / 2);
}

static uint64_t watch(struct house *house, ProtobufCBinaryData from)
{
    EventWatch inner;
    event_watch__init(&inner);
    inner.from = from;
    uint64_t id = 0;
    const Request *request = load_request(house->arena, "event_watch", &inner.base);
    assert_int_equal(link_follow(house->watcher, request, &id), STATUS_OK);
    return id;
}

static const Event *next_event(struct house *house, uint64_t id)
{
    struct link_answer answer;
    assert_int_equal(link_receive(house->watcher, house->arena, &answer), STATUS_OK);
    assert_true(answer.id == id);
    assert_non_null(answer.event);
    assert_int_equal(link_credit(house->watcher, id, 1), STATUS_OK);
    return answer.event;
}

static void events_come_in_order_and_resume_after_a_restart(void **state)
{
    struct house *house = *state;
    (void)add_customer(house, 0); // before the watch: not told
    uint64_t id = watch(house, (ProtobufCBinaryData){0});
    assert_string_equal(next_event(house, id)->action, "");
    const Event *last = NULL;
    for (unsigned i = 1; i <= CUSTOMERS; i++) {
        const uint64_t customer = add_customer(house, i);
        last = next_event(house, id);
        assert_string_equal(last->action, "customer add");
        assert_true(last->id == customer);
    }
    link_close(house->watcher);
    uint64_t missed[3];
    for (unsigned i = 0; i < COUNT_OF(missed); i++) {
        missed[i] = add_customer(house, 100 + i);
    }
    link_close(house->writer);
    load_restart(house->load);
    house->watcher = load_link(house->load);
    house->writer = load_link(house->load);

    id = watch(house, last->position);
    for (unsigned i = 0; i < COUNT_OF(missed); i++) {
        assert_true(next_event(house, id)->id == missed[i]);
    }
    const uint64_t fresh = add_customer(house, 200);
    assert_true(next_event(house, id)->id == fresh);
}

// ---- somebody else, who is thrown out ----

struct guest {
    struct key_pair device;
    uint64_t user_id;
    uint8_t token[TOKEN_BYTES];
    struct link *idle; // logged in, and silent
};

static struct link *guest_link(const struct guest *guest, const struct invitation *invitation,
                               const uint8_t *token)
{
    struct link_options options = {.address = {invitation->address},
                                   .address_count = 1,
                                   .device = &guest->device,
                                   .token = token,
                                   .invitation = token == NULL ? invitation : NULL};
    memcpy(options.server_key, invitation->server_key, KEY_BYTES);
    struct link *link = NULL;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    return link;
}

static void guest_comes(struct house *house, struct guest *guest)
{
    char login[] = "li", role[] = "sales", password[] = PASSWORD, name[] = "laptop";
    char *roles[] = {role};
    UserInvite invite;
    user_invite__init(&invite);
    invite.login = login;
    invite.role = roles;
    invite.n_role = 1;
    const UserInviteReply *invited = (const UserInviteReply *)load_call(
        house->writer, house->arena, load_request(house->arena, "user_invite", &invite.base),
        STATUS_OK);
    struct invitation invitation;
    assert_int_equal(invitation_parse(invited->invitation, &invitation), STATUS_OK);
    *guest = (struct guest){.device = key_pair_random(), .user_id = invited->id};
    SessionJoin join;
    session_join__init(&join);
    join.password = password;
    join.device_name = name;
    struct link *link = guest_link(guest, &invitation, NULL);
    const SessionReply *joined = (const SessionReply *)load_call(
        link, house->arena, load_request(house->arena, "session_join", &join.base), STATUS_OK);
    assert_int_equal(joined->token.len, TOKEN_BYTES);
    memcpy(guest->token, joined->token.data, TOKEN_BYTES);
    link_close(link);
    guest->idle = guest_link(guest, &invitation, guest->token);
    SessionWhoami whoami;
    session_whoami__init(&whoami);
    (void)load_call(guest->idle, house->arena,
                    load_request(house->arena, "session_whoami", &whoami.base), STATUS_OK);
}

// The guest sent nothing since: the server ends the link by itself, and says why.
static void guest_is_cut(struct guest *guest, int64_t since_us, enum status why)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && clock_us() - since_us < CUT_US_MAX) {
        bool is_ready = false;
        status = link_wait(guest->idle, 20, &is_ready);
    }
    assert_int_equal(status, why);
    assert_true(clock_us() - since_us < CUT_US_MAX);
    link_close(guest->idle);
    key_pair_wipe(&guest->device);
}

static void disabling_a_user_cuts_an_idle_link_at_once(void **state)
{
    struct house *house = *state;
    struct guest guest;
    char reason[] = "left";
    guest_comes(house, &guest);
    UserDisable disable;
    user_disable__init(&disable);
    disable.user_id = guest.user_id;
    disable.reason = reason;
    const int64_t since_us = clock_us();
    (void)load_call(house->writer, house->arena,
                    load_request(house->arena, "user_disable", &disable.base), STATUS_OK);
    guest_is_cut(&guest, since_us, STATUS_SESSION_EXPIRED);
}

static uint64_t device_of(struct house *house, const char *login)
{
    DeviceList list;
    device_list__init(&list);
    const DeviceListReply *devices = (const DeviceListReply *)load_call(
        house->writer, house->arena, load_request(house->arena, "device_list", &list.base),
        STATUS_OK);
    uint64_t found = 0;
    for (size_t i = 0; i < devices->n_row; i++) {
        found = strcmp(devices->row[i]->login, login) == 0 ? devices->row[i]->id : found;
    }
    assert_true(found != 0);
    return found;
}

static void revoking_a_device_cuts_an_idle_link_at_once(void **state)
{
    struct house *house = *state;
    struct guest guest;
    char reason[] = "stolen";
    guest_comes(house, &guest);
    DeviceRevoke revoke;
    device_revoke__init(&revoke);
    revoke.device_id = device_of(house, "li");
    revoke.reason = reason;
    const int64_t since_us = clock_us();
    (void)load_call(house->writer, house->arena,
                    load_request(house->arena, "device_revoke", &revoke.base), STATUS_OK);
    guest_is_cut(&guest, since_us, STATUS_DEVICE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_of_many_pages_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(disabling_a_user_cuts_an_idle_link_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(revoking_a_device_cuts_an_idle_link_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(events_come_in_order_and_resume_after_a_restart, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
