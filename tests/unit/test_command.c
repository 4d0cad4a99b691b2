// SPDX-License-Identifier: Apache-2.0
#include "shared/command.h"
#include "shared/fields.h"
#include "shared/status.h"
#include "tests/unit/unit.h"

#include "proto/envelope.pb-c.h"

struct name_row {
    const char *scope;
    const char *field;
};

static const struct name_row NOUN_ROWS[] = {
#define FIELD(noun, field, field_class, seal, length_max) {#noun, #field},
#define FORMAT(noun, field, format)                       {#noun, #field},
#include "proto/fields.def"
};

static const struct name_row MESSAGE_ROWS[] = {
#define NEED(message, field)       {#message, #field},
#define POSITIVE(message, field)   {#message, #field},
#define MOST(message, field, most) {#message, #field},
#define COMPUTED(message, field)   {#message, #field},
#include "proto/fields.def"
};

static const char *const CROSS_MESSAGES[] = {
#define CROSS(message, kind, ...) #message,
#include "proto/fields.def"
};

#define MESSAGES_MAX 1500

// Every message that Request and Reply can hold.
static size_t messages(const ProtobufCMessageDescriptor **list)
{
    size_t count = 2;
    list[0] = &request__descriptor;
    list[1] = &reply__descriptor;
    for (size_t next = 0; next < count; next++) {
        for (unsigned i = 0; i < list[next]->n_fields; i++) {
            if (list[next]->fields[i].type != PROTOBUF_C_TYPE_MESSAGE) {
                continue;
            }
            const ProtobufCMessageDescriptor *inner = list[next]->fields[i].descriptor;
            size_t at = 0;
            while (at < count && list[at] != inner) {
                at++;
            }
            assert_true(count < MESSAGES_MAX);
            list[count] = inner;
            count += at == count ? 1 : 0;
        }
    }
    return count;
}

static bool is_of_noun(const char *message, const char *noun)
{
    const size_t size = strlen(noun);
    return strncasecmp(message, noun, size) == 0 &&
           (message[size] == '\0' || (message[size] >= 'A' && message[size] <= 'Z'));
}

static void every_command_of_the_table_has_its_two_messages_and_its_number(void **state)
{
    (void)state;
    size_t in_request = 0;
    for (unsigned i = 0; i < request__descriptor.n_fields; i++) {
        in_request += request__descriptor.fields[i].type == PROTOBUF_C_TYPE_MESSAGE ? 1 : 0;
    }
    assert_int_equal(command_count(), in_request);
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        const ProtobufCFieldDescriptor *request =
            protobuf_c_message_descriptor_get_field(&request__descriptor, command->number);
        const ProtobufCFieldDescriptor *reply =
            protobuf_c_message_descriptor_get_field(&reply__descriptor, command->number);
        assert_non_null(request);
        assert_non_null(reply);
        assert_string_equal(request->name, command->name);
        assert_string_equal(reply->name, command->name);
        assert_ptr_equal(request->descriptor, command->request);
        assert_ptr_equal(reply->descriptor, command->reply);
        assert_ptr_equal(command_by_number(command->number), command);
        assert_ptr_equal(command_by_name(command->name), command);
    }
}

static void the_messages_of_a_row_are_those_of_the_envelope(void **state)
{
    (void)state;
    size_t i = 0;
#define COMMAND(name_, request_type, reply_type, mode, permission, step, control, words, summary, \
                audit)                                                                            \
    assert_string_equal(command_at(i)->request->name, #request_type);                             \
    assert_string_equal(command_at(i++)->reply->name, #reply_type);
#include "proto/commands.def"
#undef COMMAND
    assert_int_equal(i, command_count());
}

static void a_write_has_an_audit_sentence_and_a_read_has_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *command = command_at(i);
        assert_int_equal(command->mode == COMMAND_WRITE, command->audit[0] != '\0');
        assert_true(command->summary[0] != '\0');
    }
}

static void a_command_is_found_by_noun_and_verb(void **state)
{
    (void)state;
    assert_string_equal(command_by_words("invoice", "issue")->name, "invoice_issue");
    assert_string_equal(command_by_words("report", "trial-balance")->name, "report_trial_balance");
    assert_null(command_by_words("report", "trial_balance"));
    assert_null(command_by_words("report", "trial"));
    assert_null(command_by_words("invoice", "issue2"));
    assert_null(command_by_words("import", "rows"));
    assert_null(command_by_words("book", "open"));
    assert_null(command_by_number(0));
    assert_null(command_by_number(4000000000u));
    assert_null(command_by_name("invoice"));
}

static void every_row_of_a_noun_names_a_field_that_exists(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *list[MESSAGES_MAX];
    const size_t count = messages(list);
    for (size_t row = 0; row < COUNT_OF(NOUN_ROWS); row++) {
        bool found = false;
        for (size_t i = 0; i < count; i++) {
            found = found || (is_of_noun(list[i]->name, NOUN_ROWS[row].scope) &&
                              protobuf_c_message_descriptor_get_field_by_name(
                                  list[i], NOUN_ROWS[row].field) != NULL);
        }
        if (!found) {
            fail_msg("fields.def: no message of %s has %s", NOUN_ROWS[row].scope,
                     NOUN_ROWS[row].field);
        }
    }
}

static const ProtobufCMessageDescriptor *message_named(const char *name)
{
    const ProtobufCMessageDescriptor *list[MESSAGES_MAX];
    const size_t count = messages(list);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i]->name, name) == 0) {
            return list[i];
        }
    }
    return NULL;
}

static void every_row_of_a_message_names_a_field_that_exists(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(MESSAGE_ROWS); row++) {
        const ProtobufCMessageDescriptor *message = message_named(MESSAGE_ROWS[row].scope);
        if (message == NULL || protobuf_c_message_descriptor_get_field_by_name(
                                   message, MESSAGE_ROWS[row].field) == NULL) {
            fail_msg("fields.def: %s.%s does not exist", MESSAGE_ROWS[row].scope,
                     MESSAGE_ROWS[row].field);
        }
    }
    for (size_t row = 0; row < COUNT_OF(CROSS_MESSAGES); row++) {
        const struct cross *cross = NULL;
        const ProtobufCMessageDescriptor *message = message_named(CROSS_MESSAGES[row]);
        assert_non_null(message);
        assert_true(crosses_of(message, &cross) > 0);
    }
}

static void facts_of_fields_are_known(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *message = &customer_add__descriptor;
    const struct field *fields = fields_of(message);
    assert_non_null(fields);
    for (unsigned i = 0; i < message->n_fields; i++) {
        const struct field *field = &fields[i];
        assert_ptr_equal(field->descriptor, &message->fields[i]);
        assert_int_equal(field->admission, field->descriptor->id >= 90);
        if (strcmp(field->descriptor->name, "name") == 0) {
            assert_true(field->needed && field->sealed && field->kind == KIND_TEXT);
            assert_int_equal(field->length_max, 200);
        } else if (strcmp(field->descriptor->name, "tax_id") == 0) {
            assert_true(field->kind == KIND_TEXT && field->format == FORMAT_TAX_ID);
            assert_int_equal(field->field_class, CLASS_FINANCE);
        } else if (strcmp(field->descriptor->name, "credit_limit_minor") == 0) {
            assert_true(field->kind == KIND_MONEY && field->positive);
        } else if (strcmp(field->descriptor->name, "owner_id") == 0) {
            assert_int_equal(field->kind, KIND_REFERENCE);
        }
    }
}

static void only_requests_of_commands_have_admission_fields(void **state)
{
    (void)state;
    const struct field *envelope = fields_of(&request__descriptor);
    for (unsigned i = 0; i < request__descriptor.n_fields; i++) {
        assert_false(envelope[i].admission);
    }
}

static bool is_known_for_secrets(const char *message)
{
    static const char *const NAMES[] = {"SessionJoin",     "SessionLogin",   "SessionReply",
                                        "UserInviteReply", "SessionConfirm", "UserTotpReply",
                                        "UserTotpConfirm", "UserPassword",   "UserCodesReply"};

    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        if (strcmp(message, NAMES[i]) == 0) {
            return true;
        }
    }
    return false;
}

// A secret that reached the queue would stand in the journal: what holds one must be an option of a
// command that admission empties, never of a reply except where the reply is the only way to hand
// it over.
static void secrets_stand_only_where_admission_takes_them(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *list[MESSAGES_MAX];
    const size_t count = messages(list);
    size_t secrets = 0;
    for (size_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < list[i]->n_fields; j++) {
            if (fields_of(list[i])[j].field_class != CLASS_SECRET) {
                continue;
            }
            assert_true(is_known_for_secrets(list[i]->name));
            secrets++;
        }
    }
    assert_int_equal(secrets, 13);
}

static void choices_have_words(void **state)
{
    (void)state;
    char word[64];
    int value = 0;
    assert_string_equal(field_choice_word(&customer_kind__descriptor, 1, word), "person");
    assert_string_equal(field_choice_word(&invoice_kind__descriptor, 2, word), "credit-note");
    assert_string_equal(field_choice_word(&rest_mode__descriptor, 1, word), "on-account");
    assert_null(field_choice_word(&customer_kind__descriptor, 0, word));
    assert_null(field_choice_word(&customer_kind__descriptor, 9, word));
    assert_true(field_choice_value(&import_kind__descriptor, "invoice-lines", &value));
    assert_int_equal(value, IMPORT_KIND__IMPORT_KIND_INVOICE_LINES);
    assert_false(field_choice_value(&customer_kind__descriptor, "unset", &value));
    assert_false(field_choice_value(&customer_kind__descriptor, "", &value));
}

static void options_lose_the_suffix_of_their_kind(void **state)
{
    (void)state;
    char name[64];
    field_option(
        protobuf_c_message_descriptor_get_field_by_name(&payment_add__descriptor, "amount_minor"),
        name);
    assert_string_equal(name, "amount");
    field_option(
        protobuf_c_message_descriptor_get_field_by_name(&payment_add__descriptor, "no_allocate"),
        name);
    assert_string_equal(name, "no-allocate");
    field_option(
        protobuf_c_message_descriptor_get_field_by_name(&customer_add__descriptor, "tax_id"), name);
    assert_string_equal(name, "tax-id");
    field_key(
        protobuf_c_message_descriptor_get_field_by_name(&aging_row__descriptor, "d1_30_minor"),
        name);
    assert_string_equal(name, "d1_30");
}

static void permissions_are_known_by_text_and_by_number(void **state)
{
    (void)state;
    assert_string_equal(permission_text(PERMISSION_REPORT_TRIAL), "report.trial-balance");
    assert_int_equal(permission_by_text("report.trial-balance"), PERMISSION_REPORT_TRIAL);
    assert_int_equal(permission_by_text("session"), PERMISSION_SELF);
    assert_int_equal(permission_by_text(""), PERMISSION_SELF);
    assert_int_equal(permission_by_number(0), PERMISSION_SELF);
    assert_int_equal(permission_by_number(9999), PERMISSION_SELF);
    for (int p = PERMISSION_FIRST; p < PERMISSION_COUNT; p++) {
        assert_int_equal(permission_by_number(permission_number((enum permission)p)), p);
        assert_int_equal(permission_by_text(permission_text((enum permission)p)), p);
    }
    assert_int_equal(class_by_word("contact"), CLASS_CONTACT);
    assert_int_equal(class_by_word("boss"), CLASS_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_of_the_table_has_its_two_messages_and_its_number),
        cmocka_unit_test(the_messages_of_a_row_are_those_of_the_envelope),
        cmocka_unit_test(a_write_has_an_audit_sentence_and_a_read_has_none),
        cmocka_unit_test(a_command_is_found_by_noun_and_verb),
        cmocka_unit_test(every_row_of_a_noun_names_a_field_that_exists),
        cmocka_unit_test(every_row_of_a_message_names_a_field_that_exists),
        cmocka_unit_test(facts_of_fields_are_known),
        cmocka_unit_test(only_requests_of_commands_have_admission_fields),
        cmocka_unit_test(secrets_stand_only_where_admission_takes_them),
        cmocka_unit_test(choices_have_words),
        cmocka_unit_test(options_lose_the_suffix_of_their_kind),
        cmocka_unit_test(permissions_are_known_by_text_and_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
