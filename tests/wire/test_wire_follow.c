// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/bed.h"

// Answers that go on by themselves: lists page after page and events, under credit.

static void set_pages(struct server *server, void *context)
{
    server->admit.page_count = *(const unsigned *)context;
}

static void pages(struct bed *bed, unsigned count)
{
    server_do(&bed->server, set_pages, &count);
}

// The number of the page that the answer is.
static unsigned page_of(const struct link_answer *answer)
{
    assert_non_null(answer->reply);
    assert_int_equal(answer->reply->status, STATUS_OK);
    return (unsigned)strtoul(answer->reply->customer_list->row[0]->number + 2, NULL, 10);
}

static void expect_page(struct bed *bed, uint64_t id, unsigned number, bool more)
{
    struct link_answer answer;
    arena_reset(bed->arena);
    assert_int_equal(link_receive(bed->link, bed->arena, &answer), STATUS_OK);
    assert_true(answer.id == id);
    assert_int_equal(page_of(&answer), number);
    assert_int_equal(answer.more, more);
}

static void a_list_goes_on_while_there_is_credit(void **state)
{
    struct bed *bed = *state;
    pages(bed, 100);
    uint64_t id = 0;
    assert_int_equal(link_follow(bed->link, ask_list(bed->arena), &id), STATUS_OK);
    for (unsigned i = 0; i < CREDIT_START; i++) {
        expect_page(bed, id, i, true);
    }
    // The credit is used up: another call is answered, and no page was made meanwhile.
    struct link_answer answer;
    uint64_t other = 0;
    assert_int_equal(link_send(bed->link, ask_whoami(bed->arena), &other), STATUS_OK);
    assert_int_equal(link_receive(bed->link, bed->arena, &answer), STATUS_OK);
    assert_true(answer.id == other);
    assert_int_equal(bed_handled(bed), CREDIT_START + 1);

    assert_int_equal(link_credit(bed->link, id, 3), STATUS_OK);
    for (unsigned i = 0; i < 3; i++) {
        expect_page(bed, id, CREDIT_START + i, true);
    }
    assert_int_equal(link_in_flight(bed->link), 1);
}

static void the_last_page_ends_it(void **state)
{
    struct bed *bed = *state;
    pages(bed, 3);
    uint64_t id = 0;
    assert_int_equal(link_follow(bed->link, ask_list(bed->arena), &id), STATUS_OK);
    expect_page(bed, id, 0, true);
    expect_page(bed, id, 1, true);
    expect_page(bed, id, 2, false);
    assert_int_equal(link_in_flight(bed->link), 0);
    assert_int_equal(ask(bed->link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
}

static void a_list_that_is_not_followed_gives_one_page(void **state)
{
    struct bed *bed = *state;
    pages(bed, 3);
    Reply *reply = NULL;
    assert_int_equal(link_call(bed->link, ask_list(bed->arena), bed->arena, &reply), STATUS_OK);
    assert_string_equal(reply->customer_list->page->next, "1");
    assert_int_equal(bed_handled(bed), 1);
}

static void what_cannot_be_continued_is_answered_once(void **state)
{
    struct bed *bed = *state;
    uint64_t id = 0;
    struct link_answer answer;
    assert_int_equal(link_follow(bed->link, ask_whoami(bed->arena), &id), STATUS_OK);
    assert_int_equal(link_receive(bed->link, bed->arena, &answer), STATUS_OK);
    assert_false(answer.more);
    assert_int_equal(link_in_flight(bed->link), 0);
}

static void a_list_is_cancelled_on_request(void **state)
{
    struct bed *bed = *state;
    pages(bed, 100);
    uint64_t id = 0;
    assert_int_equal(link_follow(bed->link, ask_list(bed->arena), &id), STATUS_OK);
    for (unsigned i = 0; i < CREDIT_START; i++) {
        expect_page(bed, id, i, true);
    }
    assert_int_equal(link_cancel(bed->link, id), STATUS_OK);
    struct link_answer answer;
    assert_int_equal(link_receive(bed->link, bed->arena, &answer), STATUS_OK);
    assert_int_equal(answer.reply->status, STATUS_CANCELLED);
    assert_false(answer.more);
    assert_int_equal(link_in_flight(bed->link), 0);
}

struct sum {
    unsigned count;
    unsigned stop_at;
};

static bool count_page(void *context, const Reply *reply)
{
    struct sum *sum = context;
    assert_int_equal(reply->status, STATUS_OK);
    sum->count++;
    return sum->count != sum->stop_at;
}

static void a_stream_gives_every_page(void **state)
{
    struct bed *bed = *state;
    pages(bed, 50);
    bed_set(bed, &bed->server.admit.page_bytes, 100000);
    struct sum sum = {0};
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)4 * 1024 * 1024);
    const Request *list = ask_list(bed->arena);
    assert_int_equal(link_stream(bed->link, list, arena, count_page, &sum), STATUS_OK);
    assert_int_equal(sum.count, 50);

    sum = (struct sum){.stop_at = 7};
    assert_int_equal(link_stream(bed->link, list, arena, count_page, &sum), STATUS_CANCELLED);
    assert_int_equal(sum.count, 7);
    assert_int_equal(ask(bed->link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
}

static void no_more_than_four_lists_go_on_at_once(void **state)
{
    struct bed *bed = *state;
    pages(bed, 100);
    struct peer_link peer;
    bed_peer(bed, &peer);
    server_hold(&bed->server);
    for (uint64_t id = 1; id <= FOLLOWS_MAX + 1; id++) {
        bed_send(bed, &peer, id, RECORD_MORE, ask_list(bed->arena));
    }
    struct record record;
    assert_true(peer_receive(&peer, &record));
    assert_int_equal(record.type, RECORD_ERR);
    assert_true(record.request == FOLLOWS_MAX + 1);
    peer_close(&peer);
    server_release(&bed->server);
}

static void more_credit_than_there_may_be_ends_the_connection(void **state)
{
    struct bed *bed = *state;
    pages(bed, 100);
    struct peer_link peer;
    bed_peer(bed, &peer);
    server_hold(&bed->server);
    bed_send(bed, &peer, 1, RECORD_MORE, ask_list(bed->arena));
    uint8_t credit[CREDIT_BYTES];
    put_u32(credit, CREDIT_MAX);
    peer_send(&peer, RECORD_CREDIT, RECORD_FIN, 9,
              bytes_of(credit, sizeof credit)); // too late: ignored
    peer_send(&peer, RECORD_CREDIT, RECORD_FIN, 1, bytes_of(credit, sizeof credit));
    assert_int_equal(peer_read_to_end(&peer), 0);
    assert_int_equal(server_counts(&bed->server).malformed, 1);
    peer_close(&peer);
    server_release(&bed->server);
}

// ---- events ----

static void write_some(struct bed *bed, struct link *link, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ask(link, ask_add(bed->arena, 4), bed->arena), STATUS_OK);
    }
}

static void expect_event(struct link *link, struct arena *arena, uint64_t id, uint64_t number)
{
    struct link_answer answer;
    assert_int_equal(link_receive(link, arena, &answer), STATUS_OK);
    assert_non_null(answer.event);
    assert_true(answer.more);
    assert_true(answer.id == id);
    assert_true(answer.event->id == number);
    assert_int_equal(answer.event->action[0] != '\0', number != 0);
    assert_int_equal(answer.event->position.len, 8);
}

// The double shows every second journal record.
static void events_come_as_they_are_committed(void **state)
{
    struct bed *bed = *state;
    struct link *writer = server_login(&bed->server);
    write_some(bed, writer, 5);
    uint64_t id = 0;
    const Request *watch = ask_watch(bed->arena, NULL, 0);
    assert_int_equal(link_follow(bed->link, watch, &id), STATUS_OK);
    expect_event(bed->link, bed->arena, id, 0); // where the watch stands
    write_some(bed, writer, 1);
    expect_event(bed->link, bed->arena, id, 6);
    write_some(bed, writer, 4);
    expect_event(bed->link, bed->arena, id, 8);
    expect_event(bed->link, bed->arena, id, 10);
    link_close(writer);
}

static void events_wait_for_credit_and_none_is_lost(void **state)
{
    struct bed *bed = *state;
    struct link *writer = server_login(&bed->server);
    uint64_t id = 0;
    const Request *watch = ask_watch(bed->arena, NULL, 0);
    assert_int_equal(link_follow(bed->link, watch, &id), STATUS_OK);
    expect_event(bed->link, bed->arena, id, 0);
    write_some(bed, writer, 40);
    uint64_t number = 2;
    for (size_t i = 1; i < CREDIT_START; i++) {
        expect_event(bed->link, bed->arena, id, number);
        number += 2;
    }
    bool ready = true;
    assert_int_equal(link_wait(bed->link, 0, &ready), STATUS_OK);
    assert_false(ready);
    while (number <= 40) {
        assert_int_equal(link_credit(bed->link, id, 1), STATUS_OK);
        expect_event(bed->link, bed->arena, id, number);
        number += 2;
    }
    assert_int_equal(link_cancel(bed->link, id), STATUS_OK);
    struct link_answer answer;
    assert_int_equal(link_receive(bed->link, bed->arena, &answer), STATUS_OK);
    assert_int_equal(answer.reply->status, STATUS_CANCELLED);
    link_close(writer);
}

static void events_resume_from_a_position_after_a_new_connection(void **state)
{
    struct bed *bed = *state;
    struct link *writer = server_login(&bed->server);
    uint64_t id = 0;
    struct link_answer answer;
    assert_int_equal(link_follow(bed->link, ask_watch(bed->arena, NULL, 0), &id), STATUS_OK);
    expect_event(bed->link, bed->arena, id, 0);
    write_some(bed, writer, 2);
    assert_int_equal(link_receive(bed->link, bed->arena, &answer), STATUS_OK);
    assert_true(answer.event->id == 2);
    uint8_t position[8];
    memcpy(position, answer.event->position.data, sizeof position);
    link_drop(bed->link);

    write_some(bed, writer, 5);
    bed->link = server_login(&bed->server);
    const Request *watch = ask_watch(bed->arena, position, sizeof position);
    assert_int_equal(link_follow(bed->link, watch, &id), STATUS_OK);
    expect_event(bed->link, bed->arena, id, 4);
    expect_event(bed->link, bed->arena, id, 6);
    write_some(bed, writer, 1);
    expect_event(bed->link, bed->arena, id, 8);
    link_close(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(a_list_goes_on_while_there_is_credit),
        BED_TEST(the_last_page_ends_it),
        BED_TEST(a_list_that_is_not_followed_gives_one_page),
        BED_TEST(what_cannot_be_continued_is_answered_once),
        BED_TEST(a_list_is_cancelled_on_request),
        BED_TEST(a_stream_gives_every_page),
        BED_TEST(no_more_than_four_lists_go_on_at_once),
        BED_TEST(more_credit_than_there_may_be_ends_the_connection),
        BED_TEST(events_come_as_they_are_committed),
        BED_TEST(events_wait_for_credit_and_none_is_lost),
        BED_TEST(events_resume_from_a_position_after_a_new_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
