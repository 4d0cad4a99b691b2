// SPDX-License-Identifier: Apache-2.0
#include "shared/rules.h"
#include "shared/wire.h"
#include "tests/unit/unit.h"

#define ARENA_BYTES ((size_t)1024 * 1024)
#define RULES_NS_MAX \
    200000 // of processor time for one invoice; 1,300 in a release build, sanitizers take tens of
           // times that

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

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

static struct problems problems;

static enum status check(void **state, const char *command, const ProtobufCMessage *request)
{
    problems_init(&problems, *state);
    return rules_check(command_by_name(command), request, &problems);
}

static bool has_problem(enum status code, const char *field)
{
    for (size_t i = 0; i < problems.count; i++) {
        if (problems.list[i]->code == (uint32_t)code &&
            strcmp(problems.list[i]->field, field) == 0) {
            return true;
        }
    }
    return false;
}

static CustomerAdd good_customer(void)
{
    CustomerAdd add;
    customer_add__init(&add);
    add.kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add.name = text("深圳市恒通贸易有限公司");
    return add;
}

static void a_whole_request_has_no_problems(void **state)
{
    CustomerAdd add = good_customer();
    char *phones[] = {text("+86 138 0013 8000"), text("0755-83245678")};
    add.phone = phones;
    add.n_phone = 2;
    add.email = text("info@example.com");
    add.tax_id = text("91440300708461136T");
    add.terms = text("30%@15,70%@45");
    add.credit = CREDIT_MODE__CREDIT_MODE_LIMIT;
    add.credit_limit_minor = 100;
    add.notes = text("first line\nsecond line");
    assert_int_equal(check(state, "customer_add", &add.base), STATUS_OK);
    assert_int_equal(problems.count, 0);
}

static void all_problems_come_at_once(void **state)
{
    CustomerAdd add;
    customer_add__init(&add);
    char name[300];
    memset(name, 'x', sizeof name);
    name[299] = '\0';
    char *phones[] = {text("13800138000"), text("no phone")};
    add.name = name;
    add.phone = phones;
    add.n_phone = 2;
    add.email = text("nobody");
    add.tax_id = text("914403007084611361");
    add.terms = text("30%@15");
    add.region = text("a\x1b[31m");
    add.credit = CREDIT_MODE__CREDIT_MODE_CASH;
    add.credit_limit_minor = -5;
    add.vault_id = 7;
    assert_int_equal(check(state, "customer_add", &add.base), STATUS_FIELD_MISSING);
    assert_true(has_problem(STATUS_FIELD_MISSING, "kind"));
    assert_true(has_problem(STATUS_FIELD_TOO_LONG, "name"));
    assert_true(has_problem(STATUS_FIELD_NOT_PHONE, "phone"));
    assert_true(has_problem(STATUS_FIELD_NOT_EMAIL, "email"));
    assert_true(has_problem(STATUS_FIELD_NOT_TAX_ID, "tax-id"));
    assert_true(has_problem(STATUS_FIELD_NOT_TERMS, "terms"));
    assert_true(has_problem(STATUS_FIELD_NOT_TEXT, "region"));
    assert_true(has_problem(STATUS_FIELD_OUT_OF_RANGE, "credit-limit"));
    assert_true(has_problem(STATUS_FIELD_CONFLICT, "credit-limit"));
    assert_true(has_problem(STATUS_FIELD_NOT_FOR_CLIENT, "vault"));
    assert_int_equal(problems.count, 10);
}

static void personal_values_are_not_repeated(void **state)
{
    CustomerAdd add = good_customer();
    add.email = text("secret-person");
    add.terms = text("whenever");
    assert_int_equal(check(state, "customer_add", &add.base), STATUS_FIELD_NOT_EMAIL);
    assert_string_equal(problems.list[0]->asked, "");
    assert_string_equal(problems.list[1]->asked, "whenever");
}

static void elements_are_counted_from_one(void **state)
{
    InvoiceLine lines[2];
    InvoiceLine *list[] = {&lines[0], &lines[1]};
    invoice_line__init(&lines[0]);
    invoice_line__init(&lines[1]);
    lines[1].tax_bp = 20000;
    lines[1].net_minor = 5;
    lines[1].description = text("a\x01");
    InvoiceIssue issue;
    invoice_issue__init(&issue);
    issue.customer_id = 256;
    issue.line = list;
    issue.n_line = 2;
    assert_int_not_equal(check(state, "invoice_issue", &issue.base), STATUS_OK);
    assert_true(has_problem(STATUS_FIELD_OUT_OF_RANGE, "line[2].tax"));
    assert_true(has_problem(STATUS_FIELD_NOT_FOR_CLIENT, "line[2].net"));
    assert_true(has_problem(STATUS_FIELD_NOT_TEXT, "line[2].description"));
    assert_int_equal(problems.count, 3);
}

static void fields_that_exclude_each_other_are_named(void **state)
{
    InvoiceIssue issue;
    invoice_issue__init(&issue);
    assert_int_equal(check(state, "invoice_issue", &issue.base), STATUS_FIELD_MISSING);
    assert_true(has_problem(STATUS_FIELD_MISSING, "customer"));
    assert_true(has_problem(STATUS_FIELD_MISSING, "line"));
    assert_string_equal(problems.list[0]->allowed, "customer | invoice");
    issue.invoice_id = 5;
    issue.customer_id = 6;
    issue.amount_minor = 1;
    issue.due_day = 20000;
    issue.terms = text("30");
    assert_int_equal(check(state, "invoice_issue", &issue.base), STATUS_FIELD_CONFLICT);
    assert_true(has_problem(STATUS_FIELD_CONFLICT, "customer"));
    assert_true(has_problem(STATUS_FIELD_CONFLICT, "amount"));
    assert_true(has_problem(STATUS_FIELD_CONFLICT, "terms"));
    assert_int_equal(problems.count, 3);
}

static void days_and_numbers_have_ranges(void **state)
{
    InvoiceList list;
    invoice_list__init(&list);
    list.limit = LIST_ROWS_MAX + 1;
    list.from_day = 20001;
    list.to_day = 20000;
    list.state = (InvoiceState)9;
    assert_int_not_equal(check(state, "invoice_list", &list.base), STATUS_OK);
    assert_true(has_problem(STATUS_FIELD_OUT_OF_RANGE, "limit"));
    assert_true(has_problem(STATUS_FIELD_OUT_OF_RANGE, "from"));
    assert_true(has_problem(STATUS_FIELD_NOT_CHOICE, "state"));
    PaymentAdd add;
    payment_add__init(&add);
    add.customer_id = 5;
    add.amount_minor = -1;
    add.date_day = 1000000;
    assert_int_not_equal(check(state, "payment_add", &add.base), STATUS_OK);
    assert_true(has_problem(STATUS_FIELD_OUT_OF_RANGE, "amount"));
    assert_true(has_problem(STATUS_FIELD_NOT_DAY, "date"));
}

static void rows_of_an_import_hold_one_thing_each(void **state)
{
    ImportRow rows[2];
    ImportRow *list[] = {&rows[0], &rows[1]};
    ImportDocument document;
    import_document__init(&document);
    CustomerAdd customer = good_customer();
    customer.vault_id = 3;
    import_row__init(&rows[0]);
    import_row__init(&rows[1]);
    rows[1].document = &document;
    rows[1].customer = &customer;
    ImportRows request;
    import_rows__init(&request);
    request.import_id = 1;
    request.row = list;
    request.n_row = 2;
    assert_int_not_equal(check(state, "import_rows", &request.base), STATUS_OK);
    assert_true(has_problem(STATUS_FIELD_MISSING, "row[1].customer"));
    assert_true(has_problem(STATUS_FIELD_CONFLICT, "row[2].document"));
    assert_true(has_problem(STATUS_FIELD_NOT_FOR_CLIENT, "row[2].customer.vault"));
    assert_int_equal(problems.count, 3);
}

static void special_rules_act(void **state)
{
    SessionJoin join;
    session_join__init(&join);
    join.password = text("short");
    assert_int_equal(check(state, "session_join", &join.base), STATUS_PASSWORD_TOO_WEAK);
    assert_string_equal(problems.list[0]->asked, "");
    char *clear[] = {text("email"), text("name")};
    CustomerEdit edit;
    customer_edit__init(&edit);
    edit.customer_id = 1;
    edit.version = 1;
    edit.clear = clear;
    edit.n_clear = 2;
    assert_int_equal(check(state, "customer_edit", &edit.base), STATUS_FIELD_NOT_CHOICE);
    assert_string_equal(problems.list[0]->asked, "name");
    assert_int_equal(problems.count, 1);
}

static void too_many_problems_are_counted(void **state)
{
    problems_init(&problems, *state);
    for (size_t i = 0; i < PROBLEMS_MAX + 5; i++) {
        problems_add(&problems, STATUS_USAGE, "x", "", NULL, NULL);
    }
    assert_int_equal(problems.count, PROBLEMS_MAX);
    assert_int_equal(problems.left_out, 5);
    char long_text[1000];
    memset(long_text, 'x', sizeof long_text);
    memcpy(long_text + PROBLEM_TEXT_MAX - 1, "恒", 3);
    long_text[999] = '\0';
    problems_init(&problems, *state);
    problems_add(&problems, STATUS_USAGE, "x", long_text, NULL, NULL);
    assert_int_equal(strlen(problems.list[0]->asked), PROBLEM_TEXT_MAX - 1);
}

// Every command's empty request is checked without touching anything that is not there.
static void every_request_can_be_checked_empty(void **state)
{
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        ProtobufCMessage *request = wire_make(*state, command->request);
        assert_non_null(request);
        problems_init(&problems, *state);
        const enum status status = rules_check(command, request, &problems);
        assert_int_equal(status == STATUS_OK, problems.count == 0);
    }
}

static void an_invoice_is_checked_in_microseconds(void **state)
{
    InvoiceLine lines[3];
    InvoiceLine *list[] = {&lines[0], &lines[1], &lines[2]};
    for (size_t i = 0; i < 3; i++) {
        invoice_line__init(&lines[i]);
        lines[i].description = text("运维服务 2026-11");
        lines[i].quantity_micro = 1000000;
        lines[i].price_micro = 30250000000;
        lines[i].tax_bp = 1300;
    }
    InvoiceIssue issue;
    invoice_issue__init(&issue);
    issue.customer_id = 256;
    issue.date_day = 20778;
    issue.terms = text("30");
    issue.reference = text("PO-4711");
    issue.line = list;
    issue.n_line = 3;
    const struct command *command = command_by_name("invoice_issue");
    problems_init(&problems, *state);
    struct timespec before;
    struct timespec after;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    for (size_t i = 0; i < 10000; i++) {
        assert(rules_check(command, &issue.base, &problems) == STATUS_OK);
    }
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    const int64_t ns =
        ((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec) / 10000;
    print_message("           rules_check of an invoice with three lines: %lld ns\n",
                  (long long)ns);
    assert_true(ns < RULES_NS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_request_has_no_problems),
        cmocka_unit_test(all_problems_come_at_once),
        cmocka_unit_test(personal_values_are_not_repeated),
        cmocka_unit_test(elements_are_counted_from_one),
        cmocka_unit_test(fields_that_exclude_each_other_are_named),
        cmocka_unit_test(days_and_numbers_have_ranges),
        cmocka_unit_test(rows_of_an_import_hold_one_thing_each),
        cmocka_unit_test(special_rules_act),
        cmocka_unit_test(too_many_problems_are_counted),
        cmocka_unit_test(every_request_can_be_checked_empty),
        cmocka_unit_test(an_invoice_is_checked_in_microseconds),
    };
    return cmocka_run_group_tests(tests, arena_up, arena_down);
}
