// SPDX-License-Identifier: Apache-2.0

// `reconcile start BANK`: the lines that wait, one after the other, with what each could be, and a
// key for what is to become of it. Nothing is the default: Enter alone does nothing. All of it is
// done by the commands that can be typed as well; what they refuse is told, and the line stays.

#include "client/complaint.h"
#include "client/letters.h"
#include "client/output.h"
#include "client/run.h"
#include "client/tools.h"
#include "shared/rules.h"
#include "shared/wire.h"
#include "shared/words.h"

#define UNDO_MAX  100
#define TYPED_MAX 40

struct dialogue {
    struct client *client;
    uint64_t bank_id;
    const char *cursor;      // of the lines that are still to come
    uint64_t only_id;        // shown next, before them: a line that was taken back
    bool is_back;            // the line at hand is that one
    const ReconcileRow *row; // at hand
    const char *next;        // cursor behind it; "": none
    uint64_t waiting;
    const char *done[UNDO_MAX]; // numbers of what was decided, the last one at the end
    size_t done_count;
    size_t decided;
    bool moves_on; // to the next line
    bool stops;
};

// ---- asking ----

// A line of input, without its end and the blanks around it; NULL at the end of input.
static char *ask(const struct dialogue *dialogue, const char *prompt)
{
    char line[1024];
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s ", prompt);
    (void)fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        (void)fputc('\n', stderr);
        return NULL;
    }
    size_t size = strcspn(line, "\r\n");
    while (size > 0 && line[size - 1] == ' ') {
        size--;
    }
    const size_t begin = strspn(line, " ");
    return arena_copy(dialogue->client->arena, line + begin, size > begin ? size - begin : 0);
}

// The same; an empty one is no answer: NULL.
static char *ask_text(const struct dialogue *dialogue, const char *prompt)
{
    char *text = ask(dialogue, prompt);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

// ---- doing ----

static void forget_trouble(struct client *client)
{
    problems_init(&client->problems, client->arena);
    client->refusal = NULL;
    client->fault = NULL;
    client->hint_count = 0;
    client->fact_count = 0;
    client->has_key = false;
}

// What was refused is told, and the dialogue goes on; what failed otherwise ends it.
static enum status tell(struct client *client, enum status status, bool *done)
{
    *done = status == STATUS_OK;
    if (status == STATUS_OK || (client->refusal == NULL && client->problems.count == 0)) {
        return status;
    }
    complaint_print(client, status);
    forget_trouble(client);
    return STATUS_OK;
}

static enum status send(struct dialogue *dialogue, const char *name, ProtobufCMessage *inner,
                        Reply **reply)
{
    struct client *client = dialogue->client;
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    return client_call(client, command_by_name(name), inner, reply);
}

// A command as it would be typed.
static enum status type(struct dialogue *dialogue, const char *name, size_t count,
                        const char *const *words, Reply **reply)
{
    struct client *client = dialogue->client;
    const struct command *command = command_by_name(name);
    ProtobufCMessage *inner = NULL;
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    enum status status = command_parse(client, command, count, words, &inner);
    if (status == STATUS_OK) {
        status = rules_check(command, inner, &client->problems);
    }
    return status == STATUS_OK ? send(dialogue, name, inner, reply) : status;
}

static void note_done(struct dialogue *dialogue, const char *number)
{
    if (dialogue->done_count == UNDO_MAX) {
        dialogue->done_count--;
        memmove((void *)dialogue->done, (const void *)(dialogue->done + 1),
                dialogue->done_count * sizeof *dialogue->done);
    }
    dialogue->done[dialogue->done_count++] = number;
    dialogue->decided++;
    dialogue->moves_on = true;
}

// A command about the line at hand that decides it; its answer in one sentence.
static enum status decide(struct dialogue *dialogue, const char *name, size_t count,
                          const char *const *words)
{
    Reply *reply = NULL;
    bool done = false;
    enum status status = tell(dialogue->client, type(dialogue, name, count, words, &reply), &done);
    if (status == STATUS_OK && done) {
        note_done(dialogue, dialogue->row->number);
        status = output_reply(dialogue->client, command_by_name(name), reply);
    }
    return status;
}

// ---- the keys ----

static enum status key_proposal(struct dialogue *dialogue, size_t index)
{
    const ReconcileProposal *proposal = dialogue->row->proposal[index];
    ReconcileMatch match;
    Reply *reply = NULL;
    bool done = false;
    reconcile_match__init(&match);
    match.bank_line_id = dialogue->row->id;
    if (proposal->n_receipt > 0) {
        match.receipt = proposal->receipt;
        match.n_receipt = proposal->n_receipt;
    } else if (proposal->payment_id != 0) {
        match.payment_id = proposal->payment_id;
    } else if (proposal->account[0] != '\0') {
        match.account = proposal->account;
    } else {
        match.customer_id = proposal->customer_id;
        match.allocate = proposal->allocate;
        match.n_allocate = proposal->n_allocate;
        match.fee_minor = proposal->fee_minor;
        match.method_id = proposal->method_id;
        match.method = proposal->method_id == 0 ? proposal->method : match.method;
    }
    enum status status =
        tell(dialogue->client, send(dialogue, "reconcile_match", &match.base, &reply), &done);
    if (status == STATUS_OK && done) {
        note_done(dialogue, dialogue->row->number);
        status = output_reply(dialogue->client, command_by_name("reconcile_match"), reply);
    }
    return status;
}

static enum status key_split(struct dialogue *dialogue)
{
    const char *words[TYPED_MAX] = {dialogue->row->number};
    size_t count = 1;
    char *text = ask_text(dialogue, _("Amounts of the parts, with blanks between them:"));
    for (char *word = text != NULL ? strsep(&text, " ") : NULL; word != NULL && count < TYPED_MAX;
         word = strsep(&text, " ")) {
        if (word[0] != '\0') {
            words[count++] = word;
        }
    }
    return count > 1 ? decide(dialogue, "reconcile_split", count, words) : STATUS_OK;
}

static enum status match_customer(struct dialogue *dialogue, const char *customer)
{
    const char *const words[] = {dialogue->row->number, customer};
    return decide(dialogue, "reconcile_match", COUNT_OF(words), words);
}

static enum status key_customer(struct dialogue *dialogue)
{
    const char *customer = ask_text(dialogue, _("Customer (number or name):"));
    return customer != NULL ? match_customer(dialogue, customer) : STATUS_OK;
}

static enum status key_new(struct dialogue *dialogue)
{
    const char *name = ask_text(dialogue, _("Name of the new customer:"));
    const char *const words[] = {"--kind", "organisation", "--name", name};
    Reply *reply = NULL;
    bool done = false;
    if (name == NULL) {
        return STATUS_OK;
    }
    const enum status status = tell(
        dialogue->client, type(dialogue, "customer_add", COUNT_OF(words), words, &reply), &done);
    return status == STATUS_OK && done ? match_customer(dialogue, reply->customer_add->number)
                                       : status;
}

static enum status key_account(struct dialogue *dialogue)
{
    const char *account = ask_text(dialogue, _("Account that it is booked against:"));
    const char *text = account != NULL ? ask(dialogue, _("Text of the entry:")) : NULL;
    const char *const words[] = {dialogue->row->number, "--account", account, "--text", text};
    return text != NULL ? decide(dialogue, "reconcile_match", text[0] != '\0' ? 5 : 3, words)
                        : STATUS_OK;
}

static enum status key_ignore(struct dialogue *dialogue)
{
    const char *reason = ask_text(dialogue, _("Why is it left out:"));
    const char *const words[] = {dialogue->row->number, "--reason", reason};
    return reason != NULL ? decide(dialogue, "reconcile_ignore", COUNT_OF(words), words)
                          : STATUS_OK;
}

// A rule decides nothing by itself: the line is shown again, with what the rule proposes.
static enum status key_rule(struct dialogue *dialogue)
{
    const char *by = ask_text(dialogue, _("Lines are alike by account, name or type:"));
    const char *whose =
        by != NULL ? ask_text(dialogue, _("Customer, or account in digits:")) : NULL;
    if (whose == NULL) {
        return STATUS_OK;
    }
    const bool is_account = strspn(whose, "0123456789") == strlen(whose);
    const char *const words[] = {dialogue->row->number, by, is_account ? "--account" : "--customer",
                                 whose};
    Reply *reply = NULL;
    bool done = false;
    const enum status status = tell(
        dialogue->client, type(dialogue, "reconcile_rule", COUNT_OF(words), words, &reply), &done);
    return status == STATUS_OK && done
               ? output_reply(dialogue->client, command_by_name("reconcile_rule"), reply)
               : status;
}

static enum status key_undo(struct dialogue *dialogue)
{
    if (dialogue->done_count == 0) {
        (void)puts(_("Nothing was decided here yet."));
        return STATUS_OK;
    }
    const char *number = dialogue->done[dialogue->done_count - 1];
    const char *reason = ask_text(dialogue, _("Why is it taken back:"));
    const char *const words[] = {number, "--reason", reason};
    Reply *reply = NULL;
    bool done = false;
    if (reason == NULL) {
        return STATUS_OK;
    }
    const enum status status =
        tell(dialogue->client, type(dialogue, "reconcile_unmatch", COUNT_OF(words), words, &reply),
             &done);
    if (status == STATUS_OK && done) {
        dialogue->done_count--;
        dialogue->decided--;
        dialogue->only_id = reply->reconcile_unmatch->id;
        dialogue->moves_on = true;
        return output_reply(dialogue->client, command_by_name("reconcile_unmatch"), reply);
    }
    return status;
}

static const char *evidence_words(struct client *client, const ReconcileProposal *proposal)
{
    const char *all = "";
    for (size_t i = 0; i < proposal->n_evidence; i++) {
        char word[64];
        const char *each =
            field_choice_word(&match_evidence__descriptor, (int)proposal->evidence[i], word);
        char *longer = each == NULL
                           ? NULL
                           : arena_print(client->arena, "%s%s%s", all, all[0] != '\0' ? " · " : "",
                                         output_word(client, each));
        all = longer != NULL ? longer : all;
    }
    return all;
}

// By which tier, and by what.
static enum status key_why(struct dialogue *dialogue)
{
    struct client *client = dialogue->client;
    for (size_t i = 0; i < dialogue->row->n_proposal; i++) {
        const ReconcileProposal *proposal = dialogue->row->proposal[i];
        (void)printf("  %zu  ", i + 1);
        (void)printf(_("tier %u of 5"), proposal->tier);
        (void)printf(": %s\n", evidence_words(client, proposal));
    }
    (void)puts(_("  1 number or reference and amount; 2 known payer, one way only; 3 rule or known "
                 "name; 4 fee or batch of a way of paying; 5 likeness only"));
    return STATUS_OK;
}

static enum status key_wait(struct dialogue *dialogue)
{
    // One that was taken back stands beside the walk.
    if (!dialogue->is_back) {
        dialogue->stops = dialogue->next[0] == '\0';
        dialogue->cursor = dialogue->next;
    }
    dialogue->moves_on = true;
    return STATUS_OK;
}

static enum status key_stop(struct dialogue *dialogue)
{
    dialogue->stops = true;
    return STATUS_OK;
}

static const struct {
    const char *key;
    enum status (*press)(struct dialogue *dialogue);
    const char *label;
} KEYS[] = {
    {"c", key_customer, N_("c customer")},
    {"a", key_account, N_("a account")},
    {"s", key_split, N_("s split")},
    {"n", key_new, N_("n new customer")},
    {"i", key_ignore, N_("i ignore with reason")},
    {"r", key_rule, N_("r make a rule")},
    {"w", key_wait, N_("w let it wait")},
    {"u", key_undo, N_("u undo")},
    {"?", key_why, N_("? why these")},
    {"q", key_stop, N_("q stop")},
};

// ---- a line ----

static enum status load(struct dialogue *dialogue)
{
    ReconcileNext request;
    Reply *reply = NULL;
    reconcile_next__init(&request);
    request.bank_id = dialogue->bank_id;
    request.bank_line_id = dialogue->only_id;
    request.limit = 1;
    request.cursor = letters_lend(dialogue->only_id == 0 ? dialogue->cursor : "");
    const enum status status = send(dialogue, "reconcile_next", &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    const ReconcileNextReply *list = reply->reconcile_next;
    dialogue->row = list->n_row > 0 ? list->row[0] : NULL;
    dialogue->is_back = dialogue->only_id != 0;
    if (!dialogue->is_back) {
        dialogue->next = list->page->next;
    }
    dialogue->waiting = list->page->count;
    return STATUS_OK;
}

static void show_proposal(struct client *client, size_t index, const ReconcileProposal *proposal)
{
    const char *what = proposal->account[0] != '\0' ? proposal->account : proposal->documents;
    (void)printf("   %zu  %s  %s %s  %s", index + 1, client_safe(client, what),
                 client_safe(client, proposal->customer),
                 client_safe(client, proposal->customer_name),
                 output_money(client, proposal->amount_minor));
    if (proposal->fee_minor != 0) {
        (void)printf("  %s %s", output_word(client, "fee"),
                     output_money(client, proposal->fee_minor));
    }
    (void)printf("   %s\n", evidence_words(client, proposal));
}

static void show(struct dialogue *dialogue)
{
    struct client *client = dialogue->client;
    const ReconcileRow *row = dialogue->row;
    (void)printf("\n%s  %s  %s%s  %s  %s  %s   ", row->number, output_day(client, row->date_day),
                 row->amount_minor > 0 ? "+" : "", output_money(client, row->amount_minor),
                 client_safe(client, row->payer_name), client_safe(client, row->text),
                 client_safe(client, row->type));
    (void)printf(_("%llu wait"), (unsigned long long)dialogue->waiting);
    (void)putchar('\n');
    for (size_t i = 0; i < row->n_proposal; i++) {
        show_proposal(client, i, row->proposal[i]);
    }
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        (void)printf("   %s", _(KEYS[i].label));
    }
    (void)putchar('\n');
}

static enum status press(struct dialogue *dialogue, const char *key)
{
    const size_t most = dialogue->row->n_proposal < 9 ? dialogue->row->n_proposal : 9;
    if (key[0] >= '1' && key[0] <= '9' && key[1] == '\0') {
        const size_t index = (size_t)(key[0] - '1');
        return index < most ? key_proposal(dialogue, index) : STATUS_OK;
    }
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        if (strcmp(KEYS[i].key, key) == 0) {
            return KEYS[i].press(dialogue);
        }
    }
    return STATUS_OK;
}

// Until something becomes of the line, or nobody answers.
static enum status decide_line(struct dialogue *dialogue)
{
    enum status status = STATUS_OK;
    show(dialogue);
    dialogue->only_id = 0;
    dialogue->moves_on = false;
    while (status == STATUS_OK && !dialogue->moves_on && !dialogue->stops) {
        const char *key = ask(dialogue, _("Choose:"));
        status = key != NULL ? press(dialogue, key) : key_stop(dialogue);
    }
    return status;
}

enum status tool_reconcile(struct client *client, size_t count, const char *const *words)
{
    struct dialogue dialogue = {.client = client, .cursor = "", .next = ""};
    ProtobufCMessage *inner = NULL;
    if (client->options.no_input) {
        return STATUS_NEEDS_CONFIRMATION;
    }
    const struct command *command = command_by_name("reconcile_next");
    enum status status = command_parse(client, command, count, words, &inner);
    if (status == STATUS_OK) {
        status = rules_check(command, inner, &client->problems);
    }
    if (status != STATUS_OK) {
        return status;
    }
    dialogue.bank_id = ((const ReconcileNext *)(const void *)inner)->bank_id;
    if (dialogue.bank_id == 0) {
        return client_fail(client, STATUS_FIELD_MISSING, "bank", NULL, NULL);
    }
    while (status == STATUS_OK && !dialogue.stops) {
        status = load(&dialogue);
        dialogue.stops = status != STATUS_OK || dialogue.row == NULL;
        if (!dialogue.stops) {
            status = decide_line(&dialogue);
        }
    }
    if (status == STATUS_OK) {
        (void)printf(_("%zu lines decided, %llu wait"), dialogue.decided,
                     (unsigned long long)dialogue.waiting);
        (void)putchar('\n');
    }
    return status;
}
