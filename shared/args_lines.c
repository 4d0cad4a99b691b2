// SPDX-License-Identifier: Apache-2.0
#include "shared/args_values.h"
#include "shared/wire.h"

#include "proto/bank.pb-c.h"

// Messages in one word: lines of invoices, entries and returns, what a payment settles, and parts.

#define PATH_BYTES 96
#define PARTS_MAX  5
#define STEPS_MAX  12

// Cuts `text` at semicolons, half or full width, and trims the parts. More parts than `most` are
// left in the last one.
static size_t cut(struct arena *arena, const char *text, const char **part, size_t most)
{
    size_t count = 0;
    while (count < most) {
        text += strspn(text, " ");
        const char *full = strstr(text, "；");
        const char *half = strchr(text, ';');
        const char *end = full != NULL && (half == NULL || full < half) ? full : half;
        const bool is_last = end == NULL || count + 1 == most;
        size_t size = is_last ? strlen(text) : (size_t)(end - text);
        const char *behind = is_last ? NULL : end + (end == full ? strlen("；") : 1);
        while (size > 0 && text[size - 1] == ' ') {
            size--;
        }
        part[count] = arena_copy(arena, text, size);
        if (part[count] == NULL) {
            return 0;
        }
        count++;
        if (behind == NULL) {
            break;
        }
        text = behind;
    }
    return count;
}

static void path_join(char out[static PATH_BYTES], const char *path, const char *name)
{
    (void)snprintf(out, PATH_BYTES, "%s.%s", path, name);
}

// "text; qty; price[; tax%[; discount%]]", or "=ITEM[; qty[; price[; …]]]": what is left out or
// empty is the item's. A text that begins with "=" is written with two of them.
static void read_invoice_line(const struct args_target *target, InvoiceLine *line, const char *text,
                              const char *path)
{
    struct arena *arena = target->problems->arena;
    const char *part[PARTS_MAX + 1];
    const size_t count = cut(arena, text, part, PARTS_MAX + 1);
    const bool has_mark = count > 0 && part[0][0] == '=';
    const bool is_item = has_mark && part[0][1] != '=';
    if (count < (is_item ? 1u : 3u) || count > PARTS_MAX) {
        args_report(target, STATUS_USAGE, path, text,
                    "text; qty; price[; tax%[; discount%]] | =ITEM[; qty[; price[; …]]]", NULL);
        return;
    }
    char name[PATH_BYTES];
    path_join(name, path, "catalogue");
    if (is_item) {
        (void)args_read_reference(target, FIND_NOUN__FIND_NOUN_ITEM, part[0] + 1, name,
                                  &line->catalogue_id);
    } else {
        const char *description = part[0] + (has_mark ? 1 : 0);
        line->description = arena_copy(arena, description, strlen(description));
    }
    path_join(name, path, "quantity");
    if (count > 1 && (!is_item || part[1][0] != '\0')) {
        (void)args_read_micro(target, part[1], name, &line->quantity_micro);
    }
    path_join(name, path, "price");
    if (count > 2 && (!is_item || part[2][0] != '\0')) {
        (void)args_read_micro(target, part[2], name, &line->price_micro);
    }
    path_join(name, path, "tax");
    if (count > 3 && part[3][0] != '\0') {
        line->exempt = args_read_rate(target, part[3], name, &line->tax_bp) && line->tax_bp == 0;
    }
    path_join(name, path, "discount");
    if (count > 4 && part[4][0] != '\0') {
        (void)args_read_rate(target, part[4], name, &line->discount_bp);
    }
}

// "1002 debit 500.00 [customer]"
static void read_entry_line(const struct args_target *target, EntryLine *line, const char *text,
                            const char *path)
{
    static const char *const DEBITS[] = {"debit", "dr", "借"};
    static const char *const CREDITS[] = {"credit", "cr", "贷"};
    const char *word[4] = {"", "", "", ""};
    for (size_t i = 0; i < COUNT_OF(word); i++) {
        text += strspn(text, " ");
        const size_t size = i + 1 < COUNT_OF(word) ? strcspn(text, " ") : strlen(text);
        word[i] = arena_copy(target->problems->arena, text, size);
        if (word[i] == NULL) {
            args_report(target, STATUS_TOO_LARGE, path, NULL, NULL, NULL);
            return;
        }
        text += size;
    }
    bool is_debit = false;
    bool is_credit = false;
    for (size_t i = 0; i < COUNT_OF(DEBITS); i++) {
        is_debit = is_debit || strcasecmp(DEBITS[i], word[1]) == 0;
        is_credit = is_credit || strcasecmp(CREDITS[i], word[1]) == 0;
    }
    uint64_t account = 0;
    if (!args_read_number(word[0], UINT32_MAX, &account) || (!is_debit && !is_credit)) {
        args_report(target, STATUS_USAGE, path, word[0], "ACCOUNT debit|credit AMOUNT [CUSTOMER]",
                    NULL);
        return;
    }
    char name[PATH_BYTES];
    line->account = (uint32_t)account;
    path_join(name, path, is_debit ? "debit" : "credit");
    (void)args_read_money(target, word[2], name,
                          is_debit ? &line->debit_minor : &line->credit_minor);
    path_join(name, path, "customer");
    if (word[3][0] != '\0') {
        (void)args_read_reference(target, FIND_NOUN__FIND_NOUN_CUSTOMER, word[3], name,
                                  &line->customer_id);
    }
}

// "INV-2026-0455", "INV-2026-0455=5000"; "all" takes as much as is open.
static void read_allocate(const struct args_target *target, Allocate *allocate, const char *text,
                          const char *path)
{
    const char *equals = strrchr(text, '=');
    const size_t size = equals != NULL ? (size_t)(equals - text) : strlen(text);
    const char *invoice = arena_copy(target->problems->arena, text, size);
    if (invoice == NULL) {
        args_report(target, STATUS_TOO_LARGE, path, NULL, NULL, NULL);
        return;
    }
    char name[PATH_BYTES];
    path_join(name, path, "invoice");
    (void)args_read_reference(target, FIND_NOUN__FIND_NOUN_INVOICE, invoice, name,
                              &allocate->invoice_id);
    path_join(name, path, "amount");
    if (equals != NULL && strcmp(equals + 1, "all") != 0 && strcmp(equals + 1, "全部") != 0) {
        if (args_read_money(target, equals + 1, name, &allocate->amount_minor) &&
            allocate->amount_minor == 0) {
            args_report(target, STATUS_FIELD_OUT_OF_RANGE, name, equals + 1, "> 0", NULL);
        }
    }
}

// "2" (all that is left of line 2), "2=1.5" (so many), "2:50.00" (an amount with its tax)
static void read_credit_line(const struct args_target *target, CreditLine *line, const char *text,
                             const char *path)
{
    const size_t size = strcspn(text, "=:");
    const char *ordinal = arena_copy(target->problems->arena, text, size);
    uint64_t number = 0;
    if (ordinal == NULL || !args_read_number(ordinal, INVOICE_LINES_MAX, &number) || number == 0) {
        args_report(target, STATUS_USAGE, path, text, "LINE, LINE=QUANTITY, LINE:AMOUNT", NULL);
        return;
    }
    line->line = (uint32_t)number;
    char name[PATH_BYTES];
    path_join(name, path, text[size] == ':' ? "amount" : "quantity");
    if (text[size] == ':') {
        (void)args_read_money(target, text + size + 1, name, &line->amount_minor);
    } else if (text[size] == '=') {
        (void)args_read_micro(target, text + size + 1, name, &line->quantity_micro);
    }
}

// "2026-12-01=300.00"
static void read_part(const struct args_target *target, ReschedulePart *part, const char *text,
                      const char *path)
{
    const char *equals = strrchr(text, '=');
    const char *day =
        equals != NULL ? arena_copy(target->problems->arena, text, (size_t)(equals - text)) : NULL;
    if (day == NULL) {
        args_report(target, STATUS_USAGE, path, text, "DATE=AMOUNT", NULL);
        return;
    }
    char name[PATH_BYTES];
    path_join(name, path, "due");
    (void)args_read_day(target, "due_day", day, name, &part->due_day);
    path_join(name, path, "amount");
    (void)args_read_money(target, equals + 1, name, &part->amount_minor);
}

// One part of a level behind its days: "fee 10", "charge". False when it is none of these.
static bool read_step(const struct args_target *target, DunningLevel *level, const char *part,
                      const char *path)
{
    const size_t size = strcspn(part, " ");
    const char *value = part + size + strspn(part + size, " ");
    const char *word = arena_copy(target->problems->arena, part, size);
    char name[PATH_BYTES];
    uint64_t days = 0;
    if (word == NULL) {
        return false;
    }
    path_join(name, path, word);
    if (strcmp(word, "fee") == 0) {
        return args_read_money(target, value, name, &level->fee_minor);
    }
    if (strcmp(word, "minimum") == 0) {
        return args_read_money(target, value, name, &level->minimum_minor);
    }
    if (strcmp(word, "rate") == 0) {
        return args_read_rate(target, value, name, &level->interest_bp);
    }
    if (strcmp(word, "wait") == 0 && args_read_number(value, UINT32_MAX, &days)) {
        level->wait_days = (uint32_t)days;
        return true;
    }
    if (strcmp(word, "by") == 0) {
        int channel = 0;
        const bool known = field_choice_value(&dunning_channel__descriptor, value, &channel);
        level->channel = (DunningChannel)channel;
        return known;
    }
    level->charge = level->charge || strcmp(part, "charge") == 0;
    level->block = level->block || strcmp(part, "block") == 0;
    level->final = level->final || strcmp(part, "final") == 0;
    return strcmp(part, "charge") == 0 || strcmp(part, "block") == 0 || strcmp(part, "final") == 0;
}

// "20; wait 14; fee 10; rate 6%; by letter; charge; text: …"
static void read_level(const struct args_target *target, DunningLevel *level, const char *text,
                       const char *path)
{
    static const char WANTED[] = "DAYS; minimum AMOUNT; wait DAYS; fee AMOUNT; rate PERCENT; by "
                                 "CHANNEL; charge; block; final; text: TEXT";
    const char *part[STEPS_MAX];
    const size_t count = cut(target->problems->arena, text, part, STEPS_MAX);
    const size_t problems = target->problems->count;
    uint64_t days = 0;
    if (count == 0 || !args_read_number(part[0], UINT32_MAX, &days)) {
        args_report(target, STATUS_USAGE, path, text, WANTED, NULL);
        return;
    }
    level->overdue_days = (uint32_t)days;
    for (size_t i = 1; i < count; i++) {
        if (strncmp(part[i], "text:", 5) == 0) {
            const char *from = strstr(text, "text:") + 5;
            from += strspn(from, " ");
            level->text = arena_copy(target->problems->arena, from, strlen(from));
            return;
        }
        if (!read_step(target, level, part[i], path) && target->problems->count == problems) {
            args_report(target, STATUS_USAGE, path, part[i], WANTED, NULL);
        }
    }
}

bool args_read_message(const struct args_target *target, const ProtobufCFieldDescriptor *descriptor,
                       const char *text, const char *path, void *at)
{
    ProtobufCMessage *message = wire_make(target->problems->arena, descriptor->descriptor);
    if (message == NULL) {
        args_report(target, STATUS_TOO_LARGE, path, NULL, NULL, NULL);
        return false;
    }
    if (descriptor->descriptor == &invoice_line__descriptor) {
        read_invoice_line(target, (InvoiceLine *)message, text, path);
    } else if (descriptor->descriptor == &entry_line__descriptor) {
        read_entry_line(target, (EntryLine *)message, text, path);
    } else if (descriptor->descriptor == &credit_line__descriptor) {
        read_credit_line(target, (CreditLine *)message, text, path);
    } else if (descriptor->descriptor == &reschedule_part__descriptor) {
        read_part(target, (ReschedulePart *)message, text, path);
    } else if (descriptor->descriptor == &reconcile_part__descriptor) {
        (void)args_read_money(target, text, path, &((ReconcilePart *)message)->amount_minor);
    } else if (descriptor->descriptor == &reconcile_receipt__descriptor) {
        (void)args_read_reference(target, FIND_NOUN__FIND_NOUN_PAYMENT, text, path,
                                  &((ReconcileReceipt *)message)->payment_id);
    } else if (descriptor->descriptor == &dunning_level__descriptor) {
        read_level(target, (DunningLevel *)message, text, path);
    } else {
        read_allocate(target, (Allocate *)message, text, path);
    }
    memcpy(at, &message, sizeof(void *));
    return true;
}
