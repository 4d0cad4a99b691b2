// SPDX-License-Identifier: Apache-2.0
// Every command that writes, against a month that is open, closed, closed with an exception for who
// asks, and sealed (domain.md d.12). What must be answered stands in periods.tsv; a command that
// dates nothing in the books has a reason there instead. A command without a row fails.
#include "shared/wire.h"
#include "tests/ledger/path.h"
#include "tests/ledger/scene.h"
#include "tests/matrix/sheet.h"

#include <stdio.h>

#define TODAY 20778 // 2026-11-21

static const char *const STATES[] = {"open", "closed", "excepted", "sealed"};

// What the requests are about, all of it dated in October 2026.
struct ground {
    uint64_t customer, invoice, plain, paid, payment, spent, entry, draft, note, applied, cost,
        shared;
    uint64_t order, recurring, template;
};

static _Noreturn void fatal(const char *what, const char *detail)
{
    (void)fprintf(stderr, "periods: %s %s\n", what, detail);
    abort();
}

// "path=value path=value"; '_' is a blank.
static ProtobufCMessage *message_of(struct scene *scene, const struct command *command,
                                    const char *fields)
{
    const struct path_context context = {
        .arena = scene->arena, .decimals = scene->decimals, .today = scene->today};
    ProtobufCMessage *message = wire_make(scene->arena, command->request);
    char *rest = arena_copy(scene->arena, fields, strlen(fields));
    for (char *pair = strsep(&rest, " "); pair != NULL; pair = strsep(&rest, " ")) {
        char *value = strchr(pair, '=');
        if (value == NULL) {
            fatal(command->name, pair);
        }
        *value = '\0';
        if (!path_write(&context, message, pair, value + 1)) {
            fatal(command->name, pair);
        }
    }
    return message;
}

static const Reply *ask(struct scene *scene, const char *name, const char *fields, bool dry_run)
{
    const struct command *command = command_by_name(name);
    Reply *reply = NULL;
    if (command == NULL) {
        fatal("no such command:", name);
    }
    scene_run(scene, command, message_of(scene, command, fields), dry_run, &reply);
    return reply;
}

// "@customer" and the other things of the ground as their ids.
static const char *filled(struct scene *scene, const struct ground *ground, const char *fields)
{
    const struct {
        const char *mark;
        uint64_t id;
    } marks[] = {
        {"@customer", ground->customer}, {"@invoice", ground->invoice},
        {"@plain", ground->plain},       {"@paid", ground->paid},
        {"@payment", ground->payment},   {"@spent", ground->spent},
        {"@entry", ground->entry},       {"@draft", ground->draft},
        {"@note", ground->note},         {"@applied", ground->applied},
        {"@cost", ground->cost},         {"@shared", ground->shared},
        {"@order", ground->order},       {"@recurring", ground->recurring},
        {"@template", ground->template},
    };

    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        const char *at = strstr(fields, marks[i].mark);
        if (at != NULL) {
            fields = arena_print(scene->arena, "%.*s%llu%s", (int)(at - fields), fields,
                                 (unsigned long long)marks[i].id, at + strlen(marks[i].mark));
        }
    }
    return fields;
}

static const Reply *must(struct scene *scene, const struct ground *ground, const char *name,
                         const char *fields)
{
    const Reply *reply = ask(scene, name, filled(scene, ground, fields), false);
    if (reply->status != STATUS_OK) {
        fatal(name, status_code((enum status)reply->status));
    }
    return reply;
}

static struct ground prepare(struct scene *scene)
{
    struct ground ground = {0};
    (void)scene_act_as(scene, "clerk", false);
    ground.customer = must(scene, &ground, "customer_add", "kind=organisation name=Far_Mountain")
                          ->customer_add->id;
    ground.invoice = must(scene, &ground, "invoice_issue",
                          "customer_id=@customer amount=500 date_day=2026-10-05")
                         ->invoice_issue->id;
    ground.plain =
        must(scene, &ground, "invoice_issue", "customer_id=@customer amount=40 date_day=2026-10-05")
            ->invoice_issue->id;
    ground.paid =
        must(scene, &ground, "invoice_issue", "customer_id=@customer amount=70 date_day=2026-10-05")
            ->invoice_issue->id;
    ground.payment = must(scene, &ground, "payment_add",
                          "customer_id=@customer amount=50 date_day=2026-10-06 no_allocate=true")
                         ->payment_add->id;
    ground.spent = must(scene, &ground, "payment_add",
                        "customer_id=@customer amount=70 date_day=2026-10-06 "
                        "allocate[0].invoice_id=@paid")
                       ->payment_add->id;
    ground.entry = must(scene, &ground, "entry_add",
                        "text=Tea date_day=2026-10-08 line[0].account=5602 line[0].debit=5 "
                        "line[1].account=1001 line[1].credit=5")
                       ->entry_add->id;
    ground.cost =
        must(scene, &ground, "cost_add", "kind=other amount=6 date_day=2026-10-08")->cost_add->id;
    ground.shared =
        must(scene, &ground, "cost_add", "kind=other amount=7 date_day=2026-10-08")->cost_add->id;
    (void)must(scene, &ground, "cost_share", "cost_id=@shared driver=equal");
    ground.draft =
        must(scene, &ground, "invoice_draft", "customer_id=@customer amount=9")->invoice_draft->id;
    ground.note = must(scene, &ground, "invoice_credit",
                       "invoice_id=@invoice amount=30 date_day=2026-10-09 reason=less "
                       "keep_open=true")
                      ->invoice_credit->id;
    ground.applied = must(scene, &ground, "invoice_credit",
                          "invoice_id=@invoice amount=20 date_day=2026-10-09 reason=less")
                         ->invoice_credit->id;
    ground.order =
        must(scene, &ground, "order_add", "customer_id=@customer amount=8")->order_add->id;
    (void)must(scene, &ground, "order_confirm", "order_id=@order");
    ground.recurring = must(scene, &ground, "recurring_add",
                            "customer_id=@customer amount=6 every=month start_day=2026-10-20")
                           ->recurring_add->id;
    ground.template =
        must(scene, &ground, "template_add", "kind=invoice name=Rent amount=5")->template_add->id;
    return ground;
}

static void bring_about(struct scene *scene, const struct ground *ground, size_t state)
{
    if (state == 0) {
        return;
    }
    (void)must(scene, ground, state == 3 ? "period_seal" : "period_close", "period=2026-10");
    if (state != 2) {
        return;
    }
    const char *clerk =
        arena_print(scene->arena, "period=2026-10 until_day=2026-11-30 reason=late user_id=%llu",
                    (unsigned long long)scene->user_id[scene->actor]);
    (void)scene_act_as(scene, "owner", false);
    (void)must(scene, ground, "period_except", clerk);
    (void)scene_act_as(scene, "clerk", false);
}

// ---- the table ----

static const struct command *command_of(struct scene *scene, const char *cell)
{
    const char *slash = strchr(cell, '/');
    const char *name =
        arena_copy(scene->arena, cell, slash != NULL ? (size_t)(slash - cell) : strlen(cell));
    const struct command *command = command_by_name(name);
    if (command == NULL || command->mode != COMMAND_WRITE) {
        fatal("no command that writes:", cell);
    }
    return command;
}

static size_t ask_row(struct scene *scene, const struct ground *ground, const struct sheet *sheet,
                      size_t row, size_t state)
{
    const char *cell = sheet_cell(sheet, row, "command");
    const char *wanted = sheet_cell(sheet, row, STATES[state]);
    const char *fields = sheet_cell(sheet, row, "with");
    const struct command *command = command_of(scene, cell);
    if (strcmp(wanted, "-") == 0) {
        return 0;
    }
    const Reply *reply = ask(scene, command->name, filled(scene, ground, fields), true);
    const char *answered = status_code((enum status)reply->status);
    if (strcmp(wanted, answered) == 0) {
        return 0;
    }
    (void)fprintf(stderr, "periods.tsv:%d: %s, %s: answered %s, not %s %s\n", sheet->row[row].line,
                  cell, STATES[state], answered, wanted,
                  reply->n_problem > 0 ? reply->problem[0]->field : "");
    return 1;
}

// Each command has a row, and a row without answers says why.
static size_t check_rows(struct scene *scene, const struct sheet *sheet)
{
    size_t failures = 0;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        bool found = command->mode != COMMAND_WRITE;
        for (size_t row = 0; row < sheet->count && !found; row++) {
            found = command_of(scene, sheet_cell(sheet, row, "command")) == command;
        }
        if (!found) {
            (void)fprintf(stderr, "periods.tsv: no row of %s\n", command->name);
            failures++;
        }
    }
    for (size_t row = 0; row < sheet->count; row++) {
        const bool asked = strcmp(sheet_cell(sheet, row, "open"), "-") != 0;
        if (asked == (strcmp(sheet_cell(sheet, row, "why"), "-") != 0)) {
            (void)fprintf(stderr, "periods.tsv:%d: answers or a reason\n", sheet->row[row].line);
            failures++;
        }
    }
    return failures;
}

static void print_table(const struct sheet *sheet)
{
    (void)printf("%-28s", "");
    for (size_t state = 0; state < COUNT_OF(STATES); state++) {
        (void)printf("%-18s", STATES[state]);
    }
    (void)printf("\n");
    for (size_t row = 0; row < sheet->count; row++) {
        (void)printf("%-28s", sheet_cell(sheet, row, "command"));
        const bool asked = strcmp(sheet_cell(sheet, row, "open"), "-") != 0;
        for (size_t state = 0; asked && state < COUNT_OF(STATES); state++) {
            (void)printf("%-18s", sheet_cell(sheet, row, STATES[state]));
        }
        (void)printf("%s\n", asked ? "" : sheet_cell(sheet, row, "why"));
    }
}

int main(int count, char **words)
{
    static struct sheet sheet;
    static struct scene scene;
    size_t failures = 0;
    assert(count == 2);
    sheet_read(&sheet, words[1]);
    for (size_t state = 0; state < COUNT_OF(STATES); state++) {
        scene = (struct scene){0};
        scene_open(&scene, "CNY", "cn-small", TODAY);
        failures += state == 0 ? check_rows(&scene, &sheet) : 0;
        const struct ground ground = prepare(&scene);
        bring_about(&scene, &ground, state);
        for (size_t row = 0; row < sheet.count; row++) {
            failures += ask_row(&scene, &ground, &sheet, row, state);
        }
        scene_close(&scene);
    }
    print_table(&sheet);
    sheet_free(&sheet);
    (void)printf("%zu differences\n", failures);
    return failures == 0 ? 0 : 1;
}
