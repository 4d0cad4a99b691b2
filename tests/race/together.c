// SPDX-License-Identifier: Apache-2.0
#include "tests/race/together.h"

#include <unistd.h>

void must(bool holds, const char *claim)
{
    (void)printf("%s  %s\n", holds ? "holds " : "NOT SO", claim);
    if (!holds) {
        abort();
    }
}

static void *run(void *context)
{
    struct client *client = context;
    (void)pthread_barrier_wait(client->start);
    Reply *reply = NULL;
    const enum status status = link_call(client->link, client->request, client->arena, &reply);
    assert(status == STATUS_OK);
    client->status = reply->status;
    client->replayed = reply->replayed;
    const PaymentAddReply *paid = reply->payment_add;
    if (reply->result_case == REPLY__RESULT_PAYMENT_ADD && reply->status == STATUS_OK) {
        client->id = paid->id;
        (void)snprintf(client->number, sizeof client->number, "%s", paid->number);
    }
    return NULL;
}

void together(struct client clients[static CLIENTS])
{
    pthread_barrier_t start;
    (void)pthread_barrier_init(&start, NULL, CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].start = &start;
        if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        (void)pthread_join(clients[i].thread, NULL);
    }
    (void)pthread_barrier_destroy(&start);
}

size_t count_status(const struct client *clients, enum status status)
{
    size_t count = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        count += clients[i].status == (uint32_t)status;
    }
    return count;
}

int together_run(int count, char **words, void (*claims)(struct load *load, struct client *clients))
{
    if (count != 2) {
        (void)fprintf(stderr, "usage: %s BUILD-DIRECTORY\n", words[0]);
        return 2;
    }
    char place[] = "/tmp/kontor-race.XXXXXX";
    if (mkdtemp(place) == NULL) {
        return 1;
    }
    const struct load_options options = {
        .programs = words[1], .place = place, .currency = "CNY", .chart = "cn-small"};
    struct load *load = load_start(&options);
    static struct client clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].link = load_link(load);
        clients[i].arena = arena_make(CALL_ARENA_MAX);
    }
    claims(load, clients);
    for (size_t i = 0; i < CLIENTS; i++) {
        link_close(clients[i].link);
        arena_free(clients[i].arena);
    }
    must(load_stop(load), "the server ends with 0");
    (void)printf("%s\n", place);
    return 0;
}
