// SPDX-License-Identifier: Apache-2.0
#include "shared/limits.h"
#include "shared/render.h"
#include "shared/wire.h"
#include "tests/unit/unit.h"

#define ARENA_BYTES ((size_t)4 * 1024 * 1024)

static struct render_context context;

static const char *shout(const char *msgid)
{
    return strcmp(msgid, "yes") == 0 ? "是" : strcmp(msgid, "person") == 0 ? "个人" : msgid;
}

static int arena_up(void **state)
{
    struct arena *arena = arena_make(ARENA_BYTES);
    *state = arena;
    context = (struct render_context){
        .arena = arena, .decimals = 2, .currency = "CNY", .offset_minutes = 480, .word = shout};
    return arena == NULL ? -1 : 0;
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

static void assert_json(json_t *json, const char *expected)
{
    assert_non_null(json);
    char *found = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    const bool is_same = strcmp(found, expected) == 0;
    if (!is_same) {
        print_error("%s\n", found);
    }
    free(found);
    assert_true(is_same);
}

static void a_list_has_rows_page_and_sums(void **state)
{
    (void)state;
    InvoiceRow row;
    invoice_row__init(&row);
    row.id = 269568;
    row.number = text("INV-2026-0412");
    row.kind = INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE;
    row.state = INVOICE_STATE__INVOICE_STATE_ISSUED;
    row.customer_name = text("恒通");
    row.date_day = 20778;
    row.gross_minor = 1600000;
    InvoiceRow *rows[] = {&row};
    Page page;
    page__init(&page);
    page.count = 7;
    page.next = text("c-9f2e");
    InvoiceListReply reply;
    invoice_list_reply__init(&reply);
    reply.row = rows;
    reply.n_row = 1;
    reply.page = &page;
    reply.gross_minor = 1600000;
    reply.open_minor = -5;
    assert_json(
        render_json(&context, command_by_name("invoice_list"), &reply.base),
        "{\"schema\":\"kontor.invoice.list/1\",\"currency\":\"CNY\",\"data\":[{\"id\":\"269568\",\"number\":\"INV-2026-0412\","
        "\"kind\":\"credit-note\",\"state\":\"issued\",\"customer_name\":\"恒通\",\"date\":\"2026-11-21\","
        "\"gross\":\"16000.00\",\"open\":\"0.00\",\"late_days\":0,\"entered_late_days\":0}],\"page\":{\"count\":7,\"next\":\"c-9f2e\"},"
        "\"sums\":{\"gross\":\"16000.00\",\"open\":\"-0.05\"}}");
    reply.n_row = 0;
    page.next = text("");
    page.count = 0;
    assert_json(
        render_json(&context, command_by_name("invoice_list"), &reply.base),
        "{\"schema\":\"kontor.invoice.list/1\",\"currency\":\"CNY\",\"data\":[],\"page\":{\"count\":0,\"next\":null},"
        "\"sums\":{\"gross\":\"16000.00\",\"open\":\"-0.05\"}}");
}

// The names that the aging report promises.
static void a_report_is_an_object_with_its_total_and_control(void **state)
{
    (void)state;
    AgingRow total;
    aging_row__init(&total);
    total.open_minor = 572506;
    total.count = 99;
    total.d1_30_minor = 78874;
    total.d1_30_count = 13;
    ControlTie control;
    control_tie__init(&control);
    ReportAgingReply reply;
    report_aging_reply__init(&reply);
    reply.total = &total;
    reply.control = &control;
    reply.as_of_day = 15705;
    json_t *json = render_json(&context, command_by_name("report_aging"), &reply.base);
    assert_non_null(json);
    const char *open = NULL;
    const char *late = NULL;
    const char *difference = NULL;
    const char *as_of = NULL;
    int count = 0;
    int late_count = 0;
    assert_int_equal(json_unpack(json, "{s:{s:{s:s, s:i, s:s, s:i}, s:{s:s}, s:s}}", "data",
                                 "total", "open", &open, "count", &count, "d1_30", &late,
                                 "d1_30_count", &late_count, "control", "difference", &difference,
                                 "as_of", &as_of),
                     0);
    assert_string_equal(open, "5725.06");
    assert_string_equal(late, "788.74");
    assert_string_equal(difference, "0.00");
    assert_string_equal(as_of, "2012-12-31");
    assert_true(count == 99 && late_count == 13);
    assert_true(json_is_array(json_object_get(json_object_get(json, "data"), "row")));
    json_decref(json);
}

static void one_object_leaves_out_what_is_absent(void **state)
{
    (void)state;
    char *phones[] = {text("138"), text("139")};
    CustomerCard card;
    customer_card__init(&card);
    card.id = 512;
    card.number = text("C-0001");
    card.kind = CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
    card.phone = phones;
    card.n_phone = 2;
    card.added_us = 1795258985000000;
    assert_json(
        render_json(&context, command_by_name("customer_show"), &card.base),
        "{\"schema\":\"kontor.customer.show/1\",\"currency\":\"CNY\",\"data\":{\"id\":\"512\",\"number\":\"C-0001\",\"kind\":\"person\","
        "\"phone\":[\"138\",\"139\"],\"credit_limit\":\"0.00\",\"version\":0,\"open\":\"0.00\",\"overdue\":\"0.00\","
        "\"on_account\":\"0.00\",\"added\":\"2026-11-21T19:03:05+08:00\",\"consent\":[],\"other\":[]}}");
}

static void lines_keep_rate_and_amount_of_one_name_apart(void **state)
{
    (void)state;
    InvoiceLine line;
    invoice_line__init(&line);
    line.description = text("a\"b");
    line.quantity_micro = 2500000;
    line.price_micro = 1;
    line.tax_bp = 1300;
    line.tax_minor = 13;
    InvoiceLine *lines[] = {&line};
    InvoiceCard card;
    invoice_card__init(&card);
    card.line = lines;
    card.n_line = 1;
    json_t *json = render_json(&context, command_by_name("invoice_show"), &card.base);
    json_t *data = json_object_get(json, "data");
    json_t *first = json_array_get(json_object_get(data, "line"), 0);
    json_incref(first);
    assert_int_equal(json_array_size(json_object_get(data, "part")), 0);
    json_decref(json);
    assert_json(
        first,
        "{\"description\":\"a\\\"b\",\"quantity\":\"2.5\",\"price\":\"0.000001\",\"tax_rate\":\"13%\","
        "\"net\":\"0.00\",\"tax\":\"0.13\",\"gross\":\"0.00\",\"share\":\"0.00\"}");
}

static void decimals_follow_the_currency(void **state)
{
    (void)state;
    PaymentReverseReply reply;
    payment_reverse_reply__init(&reply);
    reply.balance_minor = 1234;
    struct render_context yen = context;
    yen.decimals = 0;
    yen.currency = "JPY";
    assert_json(
        render_json(&yen, command_by_name("payment_reverse"), &reply.base),
        "{\"schema\":\"kontor.payment.reverse/1\",\"currency\":\"JPY\",\"data\":{\"line\":[],\"balance\":\"1234\"}}");
}

static const char *cell_of(const struct render_context *told, const ProtobufCMessage *row,
                           const char *name)
{
    return render_cell(told, row,
                       protobuf_c_message_descriptor_get_field_by_name(row->descriptor, name));
}

static void amounts_have_the_decimals_of_the_currency_that_is_named(void **state)
{
    (void)state;
    AllocationLine line;
    allocation_line__init(&line);
    line.apply_minor = 1000;
    PaymentAddReply reply;
    payment_add_reply__init(&reply);
    reply.currency = text("JPY");
    reply.amount_minor = 1000;
    reply.book_minor = 4700;
    reply.balance_minor = 61;
    struct render_context told = context;
    assert_string_equal(cell_of(&told, &reply.base, "amount_minor"), "1,000");
    assert_string_equal(cell_of(&told, &reply.base, "book_minor"), "47.00");
    assert_string_equal(cell_of(&told, &reply.base, "balance_minor"), "0.61");
    assert_string_equal(cell_of(&told, &line.base, "apply_minor"), "10.00");
    told.around = &reply.base;
    assert_string_equal(cell_of(&told, &line.base, "apply_minor"), "1,000");
    reply.currency = text("KWD");
    assert_string_equal(cell_of(&told, &line.base, "apply_minor"), "1.000");

    // What a customer's card says of a currency is no word about its balances.
    CustomerCard card;
    customer_card__init(&card);
    card.currency = text("JPY");
    card.open_minor = 1000;
    assert_string_equal(cell_of(&told, &card.base, "open_minor"), "10.00");
}

static void an_error_names_every_problem(void **state)
{
    (void)state;
    Problem problem;
    problem__init(&problem);
    problem.field = text("date");
    problem.code = STATUS_FIELD_NOT_DAY;
    problem.asked = text("03/04");
    problem.hint = text("2026-03-04 | 2026-04-03");
    problem.row = 3;
    Problem *problems[] = {&problem};
    Reply reply;
    reply__init(&reply);
    reply.status = STATUS_FIELD_NOT_DAY;
    reply.problem = problems;
    reply.n_problem = 1;
    assert_json(
        render_error_json(&context, &reply, "r-5M3X"),
        "{\"schema\":\"kontor.error/1\",\"error\":{\"code\":\"E-FIELD-DATE\",\"exit\":2,\"retry\":false,\"request_id\":\"r-5M3X\","
        "\"message\":\"this is not a date\",\"problems\":[{\"code\":\"E-FIELD-DATE\",\"message\":\"this is not a date\","
        "\"field\":\"date\",\"asked\":\"03/04\",\"hint\":\"2026-03-04 | 2026-04-03\",\"row\":3}]}}");
    reply.status = STATUS_BUSY;
    reply.n_problem = 0;
    assert_json(
        render_error_json(&context, &reply, ""),
        "{\"schema\":\"kontor.error/1\",\"error\":{\"code\":\"E-BUSY\",\"exit\":12,\"retry\":true,"
        "\"message\":\"the server is busy, try again\",\"problems\":[]}}");
}

static const char *cell(const ProtobufCMessage *row, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(row->descriptor, name);
    assert_non_null(field);
    return render_cell(&context, row, field);
}

static void cells_are_for_people(void **state)
{
    (void)state;
    char *phones[] = {text("138"), text("13\x1b[1m9")};
    CustomerCard card;
    customer_card__init(&card);
    card.kind = CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
    card.phone = phones;
    card.n_phone = 2;
    card.open_minor = 123456789;
    card.oldest_due_day = 20778;
    card.added_us = 1795258985123456;
    card.version = 3;
    card.name = text("a\nb\xe2\x80\xae");
    assert_string_equal(cell(&card.base, "kind"), "个人");
    assert_string_equal(cell(&card.base, "phone"), "138, 13[1m9");
    assert_string_equal(cell(&card.base, "open_minor"), "1,234,567.89");
    assert_string_equal(cell(&card.base, "overdue_minor"), "0.00");
    assert_string_equal(cell(&card.base, "oldest_due_day"), "2026-11-21");
    assert_string_equal(cell(&card.base, "last_payment_day"), "");
    assert_string_equal(cell(&card.base, "added_us"), "2026-11-21 19:03:05");
    assert_string_equal(cell(&card.base, "version"), "3");
    assert_string_equal(cell(&card.base, "name"), "a b");
    assert_string_equal(cell(&card.base, "tag"), "");
    InvoiceCard invoice;
    invoice_card__init(&invoice);
    invoice.disputed = 1;
    invoice.id = 999;
    assert_string_equal(cell(&invoice.base, "disputed"), "是");
    assert_string_equal(cell(&invoice.base, "id"), "#999");
    assert_string_equal(cell(&invoice.base, "line"), "");
    InvoiceLine line;
    invoice_line__init(&line);
    line.tax_bp = 50;
    line.quantity_micro = -2500000;
    assert_string_equal(cell(&line.base, "tax_bp"), "0.5%");
    assert_string_equal(cell(&line.base, "quantity_micro"), "-2.5");
}

static void what_is_beyond_the_calendar_is_a_question_mark(void **state)
{
    (void)state;
    CustomerCard card;
    customer_card__init(&card);
    card.oldest_due_day = INT32_MAX;
    card.last_payment_day = INT32_MIN;
    card.added_us = INT64_MIN;
    card.kind = (CustomerKind)99;
    assert_string_equal(cell(&card.base, "oldest_due_day"), "?");
    assert_string_equal(cell(&card.base, "last_payment_day"), "?");
    assert_string_equal(cell(&card.base, "added_us"), "?");
    assert_string_equal(cell(&card.base, "kind"), "?");
    json_t *json = render_json(&context, command_by_name("customer_show"), &card.base);
    json_t *data = json_object_get(json, "data");
    assert_string_equal(json_string_value(json_object_get(data, "oldest_due")), "?");
    assert_string_equal(json_string_value(json_object_get(data, "added")), "?");
    json_decref(json);
}

// Two fields of one message under one key would lose one of them.
static void keys_of_a_message_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count(); i++) {
        const ProtobufCMessageDescriptor *reply = command_at(i)->reply;
        const ProtobufCMessageDescriptor *messages[16] = {reply};
        size_t count = 1;
        for (unsigned f = 0; f < reply->n_fields; f++) {
            if (reply->fields[f].type == PROTOBUF_C_TYPE_MESSAGE) {
                messages[count++] = reply->fields[f].descriptor;
            }
        }
        for (size_t m = 0; m < count; m++) {
            for (unsigned a = 0; a < messages[m]->n_fields; a++) {
                for (unsigned b = a + 1; b < messages[m]->n_fields; b++) {
                    char one[64];
                    char other[64];
                    field_key(&messages[m]->fields[a], one);
                    field_key(&messages[m]->fields[b], other);
                    if (strcmp(one, other) == 0) {
                        fail_msg("%s has two fields under the key %s", messages[m]->name, one);
                    }
                }
            }
        }
    }
}

static void every_reply_can_be_rendered_empty(void **state)
{
    for (size_t i = 0; i < command_count(); i++) {
        ProtobufCMessage *reply = wire_make(*state, command_at(i)->reply);
        assert_non_null(reply);
        json_t *json = render_json(&context, command_at(i), reply);
        assert_non_null(json_object_get(json, "schema"));
        assert_non_null(json_object_get(json, "data"));
        json_decref(json);
    }
}

static void json_is_harmless_on_a_terminal_and_the_same_for_a_program(void **state)
{
    (void)state;
    const char *hostile = "lap\u202etop\u2066 \xc2\x9b 恒通";
    json_t *json = json_pack("{s:s}", "name", hostile);
    char *written = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&written, &size);
    assert_true(render_json_write(json, JSON_COMPACT, out));
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written, "{\"name\":\"lap\\u202etop\\u2066 \\u009b 恒通\"}\n");
    json_t *read = json_loads(written, 0, NULL);
    assert_true(json_equal(json, read));
    json_decref(json);
    json_decref(read);
    free(written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_has_rows_page_and_sums),
        cmocka_unit_test(a_report_is_an_object_with_its_total_and_control),
        cmocka_unit_test(one_object_leaves_out_what_is_absent),
        cmocka_unit_test(lines_keep_rate_and_amount_of_one_name_apart),
        cmocka_unit_test(decimals_follow_the_currency),
        cmocka_unit_test(amounts_have_the_decimals_of_the_currency_that_is_named),
        cmocka_unit_test(an_error_names_every_problem),
        cmocka_unit_test(cells_are_for_people),
        cmocka_unit_test(what_is_beyond_the_calendar_is_a_question_mark),
        cmocka_unit_test(keys_of_a_message_differ),
        cmocka_unit_test(json_is_harmless_on_a_terminal_and_the_same_for_a_program),
        cmocka_unit_test(every_reply_can_be_rendered_empty),
    };
    return cmocka_run_group_tests(tests, arena_up, arena_down);
}
