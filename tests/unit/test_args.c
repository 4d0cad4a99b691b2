// SPDX-License-Identifier: Apache-2.0
#include "shared/args.h"
#include "shared/day.h"
#include "shared/wire.h"
#include "tests/unit/unit.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define TODAY       20778 // Saturday 2026-11-21
#define WORDS_MAX   24

static int arena_up(void **state)
{
    *state = arena_make(ARENA_BYTES);
    return *state == NULL ? -1 : 0;
}

static int arena_down(void **state)
{
    arena_free(*state);
    return 0;
}

// Knows 恒通 as customer 512, 张伟 and "@me" as user 768, every INV- as invoice 1024; two customers
// are called Wang.
static enum status find(void *context, FindNoun noun, const char *text, uint64_t *id)
{
    (void)context;
    if (noun == FIND_NOUN__FIND_NOUN_CUSTOMER && strcmp(text, "王") == 0) {
        return STATUS_AMBIGUOUS;
    }
    if (noun == FIND_NOUN__FIND_NOUN_CUSTOMER &&
        (strcmp(text, "恒通") == 0 || strcmp(text, "#last") == 0)) {
        *id = 512;
        return STATUS_OK;
    }
    if (noun == FIND_NOUN__FIND_NOUN_USER &&
        (strcmp(text, "张伟") == 0 || strcmp(text, "@me") == 0)) {
        *id = 768;
        return STATUS_OK;
    }
    if (noun == FIND_NOUN__FIND_NOUN_INVOICE && strncmp(text, "INV-", 4) == 0) {
        *id = 1024;
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static enum status load(void *context, struct arena *arena, const char *path, size_t size_max,
                        struct bytes *out)
{
    (void)context;
    if (strcmp(path, "big") == 0) {
        return STATUS_TOO_LARGE;
    }
    if (strcmp(path, "missing") == 0) {
        return STATUS_FILE_ERROR;
    }
    const size_t size = strcmp(path, "long") == 0 ? size_max : 6;
    uint8_t *data = arena_alloc(arena, size);
    assert_non_null(data);
    memset(data, 'x', size);
    data[0] = strcmp(path, "nul") == 0 ? 0 : 'x';
    data[size - 1] = '\n';
    *out = bytes_of(data, size);
    return STATUS_OK;
}

static struct problems problems;

static const struct args_context CONTEXT = {
    .today = TODAY, .decimals = 2, .currency = "CNY", .find = find, .load = load};

static enum status parse_with(void **state, const struct args_context *context, const char *name,
                              const char *const *words, ProtobufCMessage **request)
{
    const struct command *command = command_by_name(name);
    int count = 0;
    while (words[count] != NULL) {
        count++;
    }
    problems_init(&problems, *state);
    *request = wire_make(*state, command->request);
    assert_non_null(*request);
    return args_parse(command, context, count, words, *request, &problems);
}

#define PARSE(name, request, ...)                                               \
    parse_with(state, &CONTEXT, name, (const char *const[]){__VA_ARGS__, NULL}, \
               (ProtobufCMessage **)(request))

static void assert_problem(enum status code, const char *field, const char *hint)
{
    for (size_t i = 0; i < problems.count; i++) {
        if (problems.list[i]->code == (uint32_t)code &&
            strcmp(problems.list[i]->field, field) == 0) {
            if (hint != NULL) {
                assert_string_equal(problems.list[i]->hint, hint);
            }
            return;
        }
    }
    fail_msg("%s has no problem %s", field, status_code(code));
}

static void options_and_positional_words_fill_a_request(void **state)
{
    PaymentAdd *add = NULL;
    assert_int_equal(PARSE("payment_add", &add, "恒通", "6万", "--date", "-1d", "--method=transfer",
                           "--ref", "招行8841", "--allocate", "INV-2026-0412=1.6万",
                           "--allocate=INV-2026-0455", "--rest", "on-account", "--fee", "5"),
                     STATUS_OK);
    assert_int_equal(add->customer_id, 512);
    assert_int_equal(add->amount_minor, 6000000);
    assert_int_equal(add->date_day, TODAY - 1);
    assert_int_equal(add->method, PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER);
    assert_string_equal(add->reference, "招行8841");
    assert_int_equal(add->n_allocate, 2);
    assert_int_equal(add->allocate[0]->invoice_id, 1024);
    assert_int_equal(add->allocate[0]->amount_minor, 1600000);
    assert_int_equal(add->allocate[1]->amount_minor, 0);
    assert_int_equal(add->rest, REST_MODE__REST_MODE_ON_ACCOUNT);
    assert_int_equal(add->fee_minor, 500);
    assert_int_equal(rules_check(command_by_name("payment_add"), &add->base, &problems), STATUS_OK);
}

static void lines_are_written_compactly(void **state)
{
    InvoiceIssue *issue = NULL;
    assert_int_equal(PARSE("invoice_issue", &issue, "恒通", "--line", "运维服务 2026-11; 1; 30250",
                           "--line", "a；2.5；1,234.5678；13%; 10", "--due", "+30d"),
                     STATUS_OK);
    assert_int_equal(issue->customer_id, 512);
    assert_int_equal(issue->n_line, 2);
    assert_string_equal(issue->line[0]->description, "运维服务 2026-11");
    assert_int_equal(issue->line[0]->quantity_micro, 1000000);
    assert_int_equal(issue->line[0]->price_micro, 30250000000);
    assert_int_equal(issue->line[1]->quantity_micro, 2500000);
    assert_int_equal(issue->line[1]->price_micro, 1234567800);
    assert_int_equal(issue->line[1]->tax_bp, 1300);
    assert_int_equal(issue->line[1]->discount_bp, 1000);
    assert_int_equal(issue->due_day, TODAY + 30);
    EntryAdd *entry = NULL;
    assert_int_equal(PARSE("entry_add", &entry, "Depreciation", "--line", "1002 debit 500.00 恒通",
                           "--line", "6602 贷 5百"),
                     STATUS_OK);
    assert_string_equal(entry->text, "Depreciation");
    assert_int_equal(entry->line[0]->account, 1002);
    assert_int_equal(entry->line[0]->debit_minor, 50000);
    assert_int_equal(entry->line[0]->customer_id, 512);
    assert_int_equal(entry->line[1]->credit_minor, 50000);
}

static void one_positional_word_can_be_one_of_two_things(void **state)
{
    InvoiceIssue *issue = NULL;
    assert_int_equal(PARSE("invoice_issue", &issue, "#4711"), STATUS_OK);
    assert_int_equal(issue->invoice_id, 4711);
    assert_int_equal(issue->customer_id, 0);
    assert_int_equal(PARSE("invoice_issue", &issue, "INV-2026-0001"), STATUS_OK);
    assert_int_equal(issue->invoice_id, 1024);
}

static void the_last_positional_takes_the_rest(void **state)
{
    PaymentAllocate *allocate = NULL;
    assert_int_equal(PARSE("payment_allocate", &allocate, "#999", "INV-1=5", "INV-2=all", "INV-3"),
                     STATUS_OK);
    assert_int_equal(allocate->payment_id, 999);
    assert_int_equal(allocate->n_allocate, 3);
    assert_int_equal(allocate->allocate[1]->amount_minor, 0);
}

static void lists_have_short_names_and_periods(void **state)
{
    InvoiceList *list = NULL;
    assert_int_equal(PARSE("invoice_list", &list, "-q", "open:>0", "-n50", "--open", "--period",
                           "2026-10", "--customer", "恒通"),
                     STATUS_OK);
    assert_string_equal(list->query, "open:>0");
    assert_int_equal(list->limit, 50);
    assert_true(list->open);
    assert_string_equal(day_print(*state, list->from_day), "2026-10-01");
    assert_string_equal(day_print(*state, list->to_day), "2026-10-31");
    assert_int_equal(list->customer_id, 512);
    assert_int_equal(PARSE("invoice_list", &list, "--period", "q3", "--from", "t"),
                     STATUS_FIELD_CONFLICT);
}

static void repeated_options_and_users_are_read(void **state)
{
    CustomerAdd *add = NULL;
    assert_int_equal(PARSE("customer_add", &add, "--kind", "person", "--phone", "13800138000",
                           "--phone=13900139000", "--tag", "a", "--tag", "b", "--tag", "c",
                           "--owner", "@me", "--tax-id", "x", "--credit-limit", "¥1,000", "--",
                           "--name"),
                     STATUS_OK);
    assert_int_equal(add->n_phone, 2);
    assert_string_equal(add->phone[1], "13900139000");
    assert_int_equal(add->n_tag, 3);
    assert_string_equal(add->tag[2], "c");
    assert_int_equal(add->owner_id, 768);
    assert_string_equal(add->name, "--name");
    assert_int_equal(add->credit_limit_minor, 100000);
}

static void several_bad_values_are_reported_together(void **state)
{
    InvoiceIssue *issue = NULL;
    assert_int_equal(PARSE("invoice_issue", &issue, "王", "--date", "03/04", "--amount", "1,5",
                           "--custmer", "x", "--line", "a; b; c; d", "--line", "only text",
                           "--disputed=maybe"),
                     STATUS_AMBIGUOUS);
    assert_problem(STATUS_AMBIGUOUS, "customer", NULL);
    assert_problem(STATUS_FIELD_NOT_DAY, "date", "2026-03-04 | 2026-04-03");
    assert_problem(STATUS_FIELD_NOT_AMOUNT, "amount", "1.50");
    assert_problem(STATUS_USAGE, "", "--customer");
    assert_problem(STATUS_FIELD_NOT_AMOUNT, "line[1].quantity", NULL);
    assert_problem(STATUS_FIELD_NOT_AMOUNT, "line[1].price", NULL);
    assert_problem(STATUS_FIELD_NOT_AMOUNT, "line[1].tax", NULL);
    assert_problem(STATUS_USAGE, "line[2]", NULL);
    assert_problem(STATUS_FIELD_NOT_CHOICE, "disputed", NULL);
    assert_int_equal(problems.count, 9);
    // What has a problem already is not called missing.
    assert_int_equal(rules_check(command_by_name("invoice_issue"), &issue->base, &problems),
                     STATUS_AMBIGUOUS);
    assert_int_equal(problems.count, 9);
}

static void usage_is_explained(void **state)
{
    CustomerShow *show = NULL;
    assert_int_equal(PARSE("customer_show", &show, "恒通", "two"), STATUS_USAGE);
    assert_string_equal(problems.list[0]->asked, "two");
    assert_int_equal(PARSE("customer_show", &show, "--customer"), STATUS_USAGE);
    assert_problem(STATUS_USAGE, "customer", NULL);
    assert_int_equal(PARSE("customer_show", &show, "--customer", "--customer"), STATUS_USAGE);
    assert_int_equal(PARSE("customer_show", &show, "-z", "5"), STATUS_USAGE);
    assert_int_equal(PARSE("customer_show", &show, "--=5"), STATUS_USAGE);
    assert_int_equal(PARSE("customer_show", &show, "恒通", "--customer", "恒通"),
                     STATUS_FIELD_CONFLICT);
    assert_int_equal(PARSE("customer_show", &show, "#3"), STATUS_NOT_FOUND);
    assert_int_equal(show->customer_id, 0);
    assert_int_equal(PARSE("customer_show", &show, "#last"), STATUS_OK);
    assert_int_equal(show->customer_id, 512);
    CustomerAdd *add = NULL;
    assert_int_equal(PARSE("customer_add", &add, "--kind", "persn"), STATUS_FIELD_NOT_CHOICE);
    assert_problem(STATUS_FIELD_NOT_CHOICE, "kind", "person");
    assert_string_equal(problems.list[0]->allowed, "person | organisation");
    PaymentAdd *payment = NULL;
    assert_int_equal(PARSE("payment_add", &payment, "恒通", "USD 5"), STATUS_CURRENCY_OTHER);
}

static void fields_of_admission_and_secrets_are_no_options(void **state)
{
    ProtobufCMessage *request = NULL;
    assert_int_equal(PARSE("customer_add", &request, "--vault", "5"), STATUS_USAGE);
    assert_int_equal(PARSE("customer_add", &request, "--sealed", "5"), STATUS_USAGE);
    assert_int_equal(PARSE("session_login", &request, "--password", "5"), STATUS_USAGE);
    assert_int_equal(PARSE("session_login", &request, "--user", "5"), STATUS_USAGE);
    for (size_t i = 0; i < command_count(); i++) {
        struct args_option option;
        for (size_t at = 0; args_option_at(command_at(i), at, *state, &option); at++) {
            assert_true(option.field->id < 90);
            assert_true(option.field->type != PROTOBUF_C_TYPE_BYTES);
            assert_string_not_equal(option.name, "password");
            assert_true(option.name[0] != '\0' && option.placeholder != NULL);
        }
    }
}

static void every_positional_names_an_option(void **state)
{
    for (size_t i = 0; i < command_count(); i++) {
        size_t marked = 0;
        size_t named = 0;
        struct args_option option;
        for (size_t at = 0; args_option_at(command_at(i), at, *state, &option); at++) {
            marked += option.positional ? 1 : 0;
        }
        for (size_t at = 0; args_positional_at(command_at(i), at) != NULL; at++) {
            named += strchr(args_positional_at(command_at(i), at), '|') != NULL ? 2 : 1;
        }
        if (marked != named) {
            fail_msg("args.def: %s names a field that is no option", command_at(i)->name);
        }
    }
    static const char *const COMMANDS[] = {
#define POSITIONAL(command, ...) #command,
#include "shared/args.def"
    };
    for (size_t i = 0; i < COUNT_OF(COMMANDS); i++) {
        assert_non_null(command_by_name(COMMANDS[i]));
    }
}

static void values_come_from_files_within_limits(void **state)
{
    CustomerAdd *add = NULL;
    assert_int_equal(PARSE("customer_add", &add, "--notes", "@file", "--name", "@@home"),
                     STATUS_OK);
    assert_string_equal(add->notes, "xxxxx");
    assert_string_equal(add->name, "@home");
    assert_int_equal(PARSE("customer_add", &add, "--notes", "@big"), STATUS_FIELD_TOO_LONG);
    assert_int_equal(PARSE("customer_add", &add, "--notes", "@long"), STATUS_FIELD_TOO_LONG);
    assert_int_equal(PARSE("customer_add", &add, "--notes", "@nul"), STATUS_FIELD_NOT_TEXT);
    assert_int_equal(PARSE("customer_add", &add, "--notes", "@missing"), STATUS_FILE_ERROR);
    assert_int_equal(PARSE("customer_add", &add, "--name", "a\x1b[1m"), STATUS_FIELD_NOT_TEXT);
    assert_int_equal(PARSE("customer_add", &add, "--name", "a\nb"), STATUS_FIELD_NOT_TEXT);
    assert_int_equal(PARSE("customer_add", &add, "--notes", "a\nb"), STATUS_OK);
    assert_int_equal(PARSE("customer_add", &add, "--name", "\xff\xfe"), STATUS_FIELD_NOT_TEXT);
}

// A megabyte in one word and ten thousand words are refused, not obeyed.
static void huge_arguments_are_refused(void **state)
{
    const size_t size = (size_t)1024 * 1024;
    char *word = arena_alloc(*state, size + 1);
    assert_non_null(word);
    memset(word, 'x', size);
    CustomerAdd *add = NULL;
    assert_int_equal(PARSE("customer_add", &add, "--name", word), STATUS_FIELD_TOO_LONG);
    assert_int_equal(PARSE("customer_add", &add, word), STATUS_FIELD_TOO_LONG);
    word[0] = '-';
    word[1] = '-';
    assert_int_equal(PARSE("customer_add", &add, word), STATUS_USAGE);
    const size_t count = 10000;
    const char **words = arena_alloc(*state, (count + 1) * sizeof *words);
    assert_non_null(words);
    for (size_t i = 0; i < count; i++) {
        words[i] = "--tag=x";
    }
    assert_int_equal(parse_with(state, &CONTEXT, "customer_add", words, (ProtobufCMessage **)&add),
                     STATUS_TOO_LARGE);
    assert_true(problems.left_out > 0);
}

static void without_a_server_only_ids_are_read(void **state)
{
    const struct args_context alone = {.today = TODAY, .decimals = 2, .currency = "CNY"};
    CustomerShow *show = NULL;
    assert_int_equal(parse_with(state, &alone, "customer_show", (const char *const[]){"#256", NULL},
                                (ProtobufCMessage **)&show),
                     STATUS_OK);
    assert_int_equal(show->customer_id, 256);
    assert_int_equal(parse_with(state, &alone, "customer_show", (const char *const[]){"恒通", NULL},
                                (ProtobufCMessage **)&show),
                     STATUS_NOT_FOUND);
    CustomerAdd *add = NULL;
    assert_int_equal(parse_with(state, &alone, "customer_add", (const char *const[]){"@home", NULL},
                                (ProtobufCMessage **)&add),
                     STATUS_OK);
    assert_string_equal(add->name, "@home");
}

static void options_tell_what_they_want(void **state)
{
    struct args_option option;
    const struct command *command = command_by_name("payment_add");
    assert_true(args_option_at(command, 0, *state, &option));
    assert_string_equal(option.name, "customer");
    assert_string_equal(option.placeholder, "CUSTOMER");
    assert_true(option.positional && option.needed && !option.repeated);
    assert_true(args_option_at(command, 3, *state, &option));
    assert_string_equal(option.placeholder, "cash|transfer|card|wallet|bill|METHOD");
    assert_false(args_option_at(command, 100, *state, &option));
    size_t periods = 0;
    for (size_t at = 0; args_option_at(command_by_name("invoice_list"), at, *state, &option);
         at++) {
        periods += strcmp(option.name, "period") == 0 ? 1 : 0;
    }
    assert_int_equal(periods, 1);
    assert_true(args_option_at(command_by_name("invoice_list"), 0, *state, &option));
    assert_int_equal(option.short_name, 'q');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_positional_words_fill_a_request),
        cmocka_unit_test(lines_are_written_compactly),
        cmocka_unit_test(one_positional_word_can_be_one_of_two_things),
        cmocka_unit_test(the_last_positional_takes_the_rest),
        cmocka_unit_test(lists_have_short_names_and_periods),
        cmocka_unit_test(repeated_options_and_users_are_read),
        cmocka_unit_test(several_bad_values_are_reported_together),
        cmocka_unit_test(usage_is_explained),
        cmocka_unit_test(fields_of_admission_and_secrets_are_no_options),
        cmocka_unit_test(every_positional_names_an_option),
        cmocka_unit_test(values_come_from_files_within_limits),
        cmocka_unit_test(huge_arguments_are_refused),
        cmocka_unit_test(without_a_server_only_ids_are_read),
        cmocka_unit_test(options_tell_what_they_want),
    };
    return cmocka_run_group_tests(tests, arena_up, arena_down);
}
