// SPDX-License-Identifier: Apache-2.0
#include "shared/args_values.h"

#include "shared/day.h"
#include "shared/denomination.h"
#include "shared/money.h"
#include "shared/text.h"

#define PATH_BYTES 96
#define ID_FIRST   256 // ids are journal number << 8 | ordinal
#define PARTS_MAX  5
#define MICRO_DECIMALS \
    4 // of amounts with words, where a quantity or price may have six as a plain number

// Names of reference fields and the objects behind them.
struct noun_row {
    const char *field;
    FindNoun noun;
};

static const struct noun_row NOUNS[] = {
    {"customer_id", FIND_NOUN__FIND_NOUN_CUSTOMER},
    {"invoice_id", FIND_NOUN__FIND_NOUN_INVOICE},
    {"against_id", FIND_NOUN__FIND_NOUN_INVOICE},
    {"payment_id", FIND_NOUN__FIND_NOUN_PAYMENT},
    {"entry_id", FIND_NOUN__FIND_NOUN_ENTRY},
    {"user_id", FIND_NOUN__FIND_NOUN_USER},
    {"owner_id", FIND_NOUN__FIND_NOUN_USER},
    {"device_id", FIND_NOUN__FIND_NOUN_DEVICE},
    {"role_id", FIND_NOUN__FIND_NOUN_ROLE},
    {"like_id", FIND_NOUN__FIND_NOUN_ROLE},
    {"approval_id", FIND_NOUN__FIND_NOUN_APPROVAL},
    {"finding_id", FIND_NOUN__FIND_NOUN_FINDING},
    {"statement_id", FIND_NOUN__FIND_NOUN_STATEMENT},
    {"refund_id", FIND_NOUN__FIND_NOUN_REFUND},
    {"writeoff_id", FIND_NOUN__FIND_NOUN_WRITEOFF},
    {"bank_id", FIND_NOUN__FIND_NOUN_BANK},
    {"bank_statement_id", FIND_NOUN__FIND_NOUN_BANK_STATEMENT},
    {"bank_line_id", FIND_NOUN__FIND_NOUN_BANK_LINE},
    {"method_id", FIND_NOUN__FIND_NOUN_METHOD},
    {"item_id", FIND_NOUN__FIND_NOUN_ITEM},
    {"checklist_id", FIND_NOUN__FIND_NOUN_CHECKLIST},
    {"catalogue_id", FIND_NOUN__FIND_NOUN_ITEM},
    {"cost_id", FIND_NOUN__FIND_NOUN_COST},
    {"campaign_id", FIND_NOUN__FIND_NOUN_CAMPAIGN},
    {"dunning_id", FIND_NOUN__FIND_NOUN_DUNNING},
    {"promise_id", FIND_NOUN__FIND_NOUN_PROMISE},
    {"schedule_id", FIND_NOUN__FIND_NOUN_SCHEDULE},
    {"order_id", FIND_NOUN__FIND_NOUN_ORDER},
    {"recurring_id", FIND_NOUN__FIND_NOUN_RECURRING},
    {"template_id", FIND_NOUN__FIND_NOUN_TEMPLATE},
};

FindNoun args_noun(const ProtobufCFieldDescriptor *descriptor)
{
    for (size_t i = 0; i < COUNT_OF(NOUNS); i++) {
        if (strcmp(NOUNS[i].field, descriptor->name) == 0) {
            return NOUNS[i].noun;
        }
    }
    return FIND_NOUN__FIND_NOUN_UNSET;
}

static bool is_compact(const ProtobufCFieldDescriptor *descriptor)
{
    return descriptor->descriptor == &invoice_line__descriptor ||
           descriptor->descriptor == &entry_line__descriptor ||
           descriptor->descriptor == &credit_line__descriptor ||
           descriptor->descriptor == &reschedule_part__descriptor ||
           descriptor->descriptor == &reconcile_part__descriptor ||
           descriptor->descriptor == &reconcile_receipt__descriptor ||
           descriptor->descriptor == &dunning_level__descriptor ||
           descriptor->descriptor == &allocate__descriptor;
}

bool args_is_option(const struct field *field)
{
    if (field->admission || field->reply_only || field->field_class == CLASS_SECRET) {
        return false;
    }
    if (field->kind == KIND_MESSAGE) {
        return is_compact(field->descriptor);
    }
    return field->kind != KIND_BYTES && field->kind != KIND_INSTANT;
}

void args_report(const struct args_target *target, enum status code, const char *path,
                 const char *asked, const char *allowed, const char *hint)
{
    problems_add(target->problems, code, path, asked, allowed, hint);
}

bool args_read_number(const char *text, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;
    for (const char *c = text; *c != '\0'; c++) {
        const uint64_t digit = (uint64_t)(*c - '0');
        if (*c < '0' || *c > '9' || value > (most - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return text[0] != '\0';
}

bool args_read_reference(const struct args_target *target, FindNoun noun, const char *text,
                         const char *path, uint64_t *id)
{
    const struct args_context *context = target->context;
    uint64_t found = 0;
    if (text[0] == '#' && args_read_number(text + 1, UINT64_MAX, &found) && found >= ID_FIRST) {
        *id = found;
        return true;
    }
    enum status status = STATUS_NOT_FOUND;
    if (context->find != NULL && noun != FIND_NOUN__FIND_NOUN_UNSET && text[0] != '\0') {
        status = context->find(context->find_context, noun, text, &found);
    }
    if (status != STATUS_OK) {
        args_report(target, status, path, text, NULL, NULL);
        return false;
    }
    *id = found;
    return true;
}

bool args_read_money(const struct args_target *target, const char *text, const char *path,
                     int64_t *minor)
{
    const char *currency = "";
    const char *hint = NULL;
    const struct args_context *context = target->context;
    if (money_parse(target->problems->arena, text, context->decimals, minor, &currency, &hint) !=
        STATUS_OK) {
        char allowed[32];
        (void)snprintf(allowed, sizeof allowed, "%u", context->decimals);
        args_report(target, STATUS_FIELD_NOT_AMOUNT, path, text, allowed, hint);
        return false;
    }
    if (!money_currency_is(currency, context->currency)) {
        args_report(target, STATUS_CURRENCY_OTHER, path, text, context->currency, NULL);
        return false;
    }
    return true;
}

bool args_read_day(const struct args_target *target, const char *name, const char *text,
                   const char *path, int32_t *day)
{
    const char *hint = NULL;
    const enum day_sense sense = strcmp(name, "due_day") == 0 ? DAY_DUE : DAY_PAST;
    if (day_parse(target->problems->arena, text, target->context->today, sense, day, &hint) ==
        STATUS_OK) {
        return true;
    }
    args_report(target, STATUS_FIELD_NOT_DAY, path, text, "YYYY-MM-DD", hint);
    return false;
}

// A plain number of up to six decimals, or an amount in words.
bool args_read_micro(const struct args_target *target, const char *text, const char *path,
                     int64_t *micro)
{
    int64_t scaled = 0;
    const char *hint = NULL;
    if (money_parse_micro(text, micro) == STATUS_OK) {
        return true;
    }
    if (money_parse(target->problems->arena, text, MICRO_DECIMALS, &scaled, NULL, &hint) ==
            STATUS_OK &&
        money_scale(scaled, 100, 1, micro)) {
        return true;
    }
    args_report(target, STATUS_FIELD_NOT_AMOUNT, path, text, "6", hint);
    return false;
}

bool args_read_rate(const struct args_target *target, const char *text, const char *path,
                    uint32_t *bp)
{
    const enum status status = money_parse_bp(text, bp);
    if (status != STATUS_OK) {
        args_report(target, status, path, text, "0% - 100%", NULL);
    }
    return status == STATUS_OK;
}

// "person | organisation"
const char *args_choices(struct arena *arena, const ProtobufCEnumDescriptor *choice,
                         const char *between)
{
    const char *words = "";
    for (unsigned i = 0; i < choice->n_values && words != NULL; i++) {
        char word[64];
        if (field_choice_word(choice, choice->values[i].value, word) != NULL) {
            words = arena_print(arena, "%s%s%s", words, words[0] != '\0' ? between : "", word);
        }
    }
    return words;
}

static bool read_choice(const struct args_target *target, const ProtobufCEnumDescriptor *choice,
                        const char *text, const char *path, int *value)
{
    if (field_choice_value(choice, text, value)) {
        return true;
    }
    const char *hint = NULL;
    size_t nearest = 3;
    for (unsigned i = 0; i < choice->n_values; i++) {
        char word[64];
        if (field_choice_word(choice, choice->values[i].value, word) == NULL) {
            continue;
        }
        const size_t distance = text_distance(text, word);
        if (distance < nearest) {
            nearest = distance;
            hint = arena_copy(target->problems->arena, word, strlen(word));
        }
    }
    args_report(target, STATUS_FIELD_NOT_CHOICE, path, text,
                args_choices(target->problems->arena, choice, " | "), hint);
    return false;
}

// "true", "yes", "是" and their opposites.
static bool read_flag(const struct args_target *target, const char *text, const char *path,
                      protobuf_c_boolean *flag)
{
    static const char *const YES[] = {"", "true", "yes", "y", "1", "是"};
    static const char *const NO[] = {"false", "no", "n", "0", "否"};
    for (size_t i = 0; i < COUNT_OF(YES); i++) {
        if (strcmp(YES[i], text) == 0) {
            *flag = 1;
            return true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(NO); i++) {
        if (strcmp(NO[i], text) == 0) {
            *flag = 0;
            return true;
        }
    }
    args_report(target, STATUS_FIELD_NOT_CHOICE, path, text, "yes | no", NULL);
    return false;
}

static bool read_integer(const struct args_target *target, ProtobufCType type, const char *text,
                         const char *path, void *at)
{
    const bool is_wide = type == PROTOBUF_C_TYPE_FIXED64 || type == PROTOBUF_C_TYPE_UINT64;
    uint64_t value = 0;
    if (!args_read_number(text, is_wide ? UINT64_MAX : UINT32_MAX, &value)) {
        args_report(target, STATUS_FIELD_OUT_OF_RANGE, path, text, NULL, NULL);
        return false;
    }
    const uint32_t narrow = (uint32_t)(value & UINT32_MAX);
    memcpy(at, is_wide ? (const void *)&value : (const void *)&narrow,
           is_wide ? sizeof value : sizeof narrow);
    return true;
}

// An amount that is needed is more than nothing: 0 would read as if it were not given.
static bool is_amount(const struct args_target *target, const struct field *field, const char *text,
                      const char *path, const void *at)
{
    int64_t minor = 0;
    memcpy(&minor, at, sizeof minor);
    if (minor != 0 || !field->needed) {
        return true;
    }
    args_report(target, STATUS_FIELD_OUT_OF_RANGE, path, text, "> 0", NULL);
    return false;
}

// Reads one value to `at`, which is left alone when it gives false: then it said why.
static bool read_value(const struct args_target *target, const struct field *field,
                       const char *text, const char *path, void *at)
{
    assert(field->kind != KIND_BYTES && field->kind != KIND_INSTANT);
    const ProtobufCFieldDescriptor *descriptor = field->descriptor;
    switch (field->kind) {
    case KIND_TEXT: {
        const char *copy = arena_copy(target->problems->arena, text, strlen(text));
        if (copy == NULL) {
            args_report(target, STATUS_TOO_LARGE, path, NULL, NULL, NULL);
            return false;
        }
        memcpy(at, &copy, sizeof copy);
        return true;
    }
    case KIND_MONEY:
        return args_read_money(target, text, path, at) && is_amount(target, field, text, path, at);
    case KIND_DAY:
        return args_read_day(target, descriptor->name, text, path, at);
    case KIND_REFERENCE:
        return args_read_reference(target, args_noun(descriptor), text, path, at);
    case KIND_RATE:
        return args_read_rate(target, text, path, at);
    case KIND_QUANTITY:
        return args_read_micro(target, text, path, at);
    case KIND_CHOICE:
        return read_choice(target, descriptor->descriptor, text, path, at);
    case KIND_FLAG:
        return read_flag(target, text, path, at);
    case KIND_NUMBER:
        return read_integer(target, descriptor->type, text, path, at);
    case KIND_MESSAGE:
        return args_read_message(target, descriptor, text, path, at);
    case KIND_BYTES:
    case KIND_INSTANT:
        break;
    }
    return false;
}

// One more place in a repeated field of pointers; it grows by doubling. NULL when there are too
// many.
static void *append(struct arena *arena, ProtobufCMessage *message, const struct field *field)
{
    const size_t count = field_count(message, field->descriptor);
    void **list = NULL;
    memcpy(&list, field_at(message, field->descriptor), sizeof list);
    if (count > (field->most > 0 ? field->most : SCAN_REPEATED_MAX)) {
        return NULL;
    }
    if ((count & (count - (count > 0 ? 1 : 0))) == 0) {
        void **grown = arena_alloc(arena, (count == 0 ? 1 : count * 2) * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        if (count > 0) {
            memcpy(grown, list, count * sizeof *grown);
        }
        list = grown;
        memcpy(field_at(message, field->descriptor), &list, sizeof list);
    }
    return &list[count];
}

void args_store(const struct args_target *target, ProtobufCMessage *message,
                const struct field *field, const char *text)
{
    const ProtobufCFieldDescriptor *descriptor = field->descriptor;
    char path[PATH_BYTES];
    char option[64];
    field_option(descriptor, option);
    if (descriptor->label != PROTOBUF_C_LABEL_REPEATED) {
        if (field_is_set(message, descriptor)) {
            args_report(target, STATUS_FIELD_CONFLICT, option, text, NULL, NULL);
            return;
        }
        struct args_target own = *target;
        own.context =
            denomination_is_book(message->descriptor, descriptor) ? target->book : target->context;
        (void)read_value(&own, field, text, option, field_at(message, descriptor));
        return;
    }
    assert(descriptor->type == PROTOBUF_C_TYPE_STRING ||
           descriptor->type == PROTOBUF_C_TYPE_MESSAGE);
    const size_t count = field_count(message, descriptor) + 1;
    void *place = append(target->problems->arena, message, field);
    if (place == NULL) {
        args_report(target, STATUS_TOO_LARGE, option, NULL, NULL, NULL);
        return;
    }
    (void)snprintf(path, sizeof path, "%s[%zu]", option, count);
    if (read_value(target, field, text, descriptor->type == PROTOBUF_C_TYPE_STRING ? option : path,
                   place)) {
        memcpy((uint8_t *)message + descriptor->quantifier_offset, &count, sizeof count);
    }
}
