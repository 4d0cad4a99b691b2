// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"
#include "shared/text.h"

#include "proto/customer.pb-c.h"

#include <inttypes.h>

#define TEXT_MAX     3072
#define SHOWN_DIGITS 4  // of a phone, by text_mask_phone
#define CHINA_DIGITS 13 // 86 and a mobile number

// ---- texts ----

// Which sealed fields are searched, under which mark and as part of which class (fields.def; a
// person's name is CONTACT).
struct searched {
    uint32_t field; // number in CustomerAdd
    enum mark mark;
    size_t part;
};

static const struct searched SEARCHED[] = {
    {2, MARK_NAME, CLASS_PUBLIC},       {3, MARK_COMPANY, CLASS_PUBLIC},
    {20, MARK_REFERENCE, CLASS_PUBLIC}, {4, MARK_PHONE, PART_VEILED},
    {5, MARK_EMAIL, PART_VEILED},       {17, MARK_CONTACT, CLASS_CONTACT},
    {19, MARK_PHONE, PART_VEILED},      {7, MARK_TAX_ID, CLASS_FINANCE},
};

struct writer {
    char *text;
    size_t size;
    struct arena *arena;
};

// A text that would not fit is searched without its end.
static enum status write_field(struct writer *writer, enum mark mark, const char *text)
{
    if (text[0] == '\0') {
        return STATUS_OK;
    }
    const char *folded = text_fold(writer->arena, text);
    if (folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t size = strlen(folded);
    if (writer->size + size + 1 > TEXT_MAX) {
        return STATUS_OK;
    }
    writer->text[writer->size++] = (char)mark;
    for (size_t i = 0; i < size; i++) {
        bool is_mark = (unsigned char)folded[i] < ' ';
        writer->text[writer->size++] = is_mark ? ' ' : folded[i];
    }
    return STATUS_OK;
}

// A phone is found as it was written, by its digits, with or without the country's, and by the last
// four, which its mask shows.
static enum status write_phone(struct writer *writer, const char *text)
{
    char digits[64];
    size_t count = 0;
    for (const char *c = text; *c != '\0' && count + 1 < sizeof digits; c++) {
        if (*c >= '0' && *c <= '9') {
            digits[count++] = *c;
        }
    }
    digits[count] = '\0';
    const bool has_country = count == CHINA_DIGITS && strncmp(digits, "86", 2) == 0;
    enum status status = write_field(writer, MARK_PHONE, text);
    if (status == STATUS_OK && strcmp(digits, text) != 0) {
        status = write_field(writer, MARK_PHONE, digits);
    }
    if (status == STATUS_OK && has_country) {
        status = write_field(writer, MARK_PHONE, digits + 2);
    }
    if (status == STATUS_OK && count > SHOWN_DIGITS) {
        status = write_field(writer, MARK_PHONE, digits + count - SHOWN_DIGITS);
    }
    return status;
}

// An address is found whole, and by its domain, which its mask shows.
static enum status write_email(struct writer *writer, const char *text)
{
    const char *domain = strchr(text, '@');
    enum status status = write_field(writer, MARK_EMAIL, text);
    if (status == STATUS_OK && domain != NULL) {
        status = write_field(writer, MARK_EMAIL, domain);
    }
    if (status == STATUS_OK && domain != NULL) {
        status = write_field(writer, MARK_EMAIL, domain + 1);
    }
    return status;
}

static enum status write_sealed(const struct key *key, const CustomerRecord *record,
                                const struct searched *searched, struct writer *writers)
{
    bool personal =
        searched->mark == MARK_NAME && record->kind == CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
    struct writer *writer = &writers[personal ? CLASS_CONTACT : searched->part];
    for (size_t i = 0; i < record->n_sealed; i++) {
        const Sealed *sealed = record->sealed[i];
        if (sealed->field != searched->field || sealed->box.len == 0) {
            continue;
        }
        char *text = NULL;
        enum status status = vault_open_with(key, record->vault_id, sealed->field, sealed->ordinal,
                                             sealed->box, writer->arena, &text);
        if (status != STATUS_OK) {
            return status;
        }
        status = searched->mark == MARK_PHONE   ? write_phone(writer, text)
                 : searched->mark == MARK_EMAIL ? write_email(writer, text)
                                                : write_field(writer, searched->mark, text);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status write_clear(const CustomerRecord *record, struct writer *writer)
{
    char *number = ident_print(writer->arena, SERIES_CUSTOMER, 0, record->sequence);
    if (number == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = write_field(writer, MARK_NUMBER, number);
    if (status == STATUS_OK) {
        status = write_field(writer, MARK_REGION, record->region);
    }
    if (status == STATUS_OK) {
        status = write_field(writer, MARK_CLASS, record->class_);
    }
    if (status == STATUS_OK) {
        status = write_field(writer, MARK_INDUSTRY, record->industry);
    }
    for (size_t i = 0; i < record->n_tag && status == STATUS_OK; i++) {
        status = write_field(writer, MARK_TAG, record->tag[i]);
    }
    return status;
}

enum status customer_texts(struct txn *txn, const CustomerRecord *record, struct arena *arena,
                           struct customer_texts *out)
{
    assert(record != NULL);
    struct writer writers[PARTS];
    char buffers[PARTS][TEXT_MAX];
    static_assert(MARK_LIMIT <= ' ', "a mark is a control character");
    for (size_t i = 0; i < PARTS; i++) {
        writers[i] = (struct writer){.text = buffers[i], .arena = arena};
    }
    CLEANUP(key_wipe) struct key key = {0};
    enum status status = vault_key(txn, record->vault_id, &key);
    // Without its key a customer is found by what was never sealed.
    bool erased = status == STATUS_KEY_DESTROYED;
    status = erased ? STATUS_OK : status;
    for (size_t i = 0; i < COUNT_OF(SEARCHED) && status == STATUS_OK && !erased; i++) {
        status = write_sealed(&key, record, &SEARCHED[i], writers);
    }
    if (status == STATUS_OK) {
        status = write_clear(record, &writers[CLASS_PUBLIC]);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct customer_texts texts = {.record = record};
    for (size_t i = 0; i < PARTS; i++) {
        texts.text[i] = arena_copy(arena, writers[i].text, writers[i].size);
        texts.size[i] = writers[i].size;
        if (texts.text[i] == NULL) {
            return STATUS_TOO_LARGE;
        }
    }
    *out = texts;
    return STATUS_OK;
}

// ---- columns ----

#define COLUMN_GROW(type, name) \
    customers->name =           \
        column_grow(customers->name, customers->count, capacity, sizeof(type), &whole);
#define COLUMN_FREE(type, name) free(customers->name);

static enum status reserve(struct customers *customers)
{
    size_t capacity = column_capacity(customers->capacity, customers->count + 1);
    if (capacity == customers->capacity) {
        return STATUS_OK;
    }
    bool whole = true;
    CUSTOMER_COLUMNS(COLUMN_GROW)
    if (!whole) {
        return STATUS_ENVIRONMENT;
    }
    customers->capacity = capacity;
    return STATUS_OK;
}

static const char *name_of(const struct customers *customers, uint32_t index, size_t *size)
{
    bool person = (customers->flags[index] & CUSTOMER_PERSON) != 0;
    return corpus_field(&customers->part[person ? CLASS_CONTACT : CLASS_PUBLIC], index, MARK_NAME,
                        size);
}

// Where the name begins, which is first in its text. It ends at the next mark: one always follows,
// be it the zero behind all.
static const unsigned char *name_start(const struct customers *customers, uint32_t index)
{
    bool person = (customers->flags[index] & CUSTOMER_PERSON) != 0;
    size_t size = 0;
    const char *text =
        corpus_text(&customers->part[person ? CLASS_CONTACT : CLASS_PUBLIC], index, &size);
    bool named = size > 0 && text[0] == MARK_NAME;
    return (const unsigned char *)(named ? text + 1 : "");
}

static uint64_t name_bytes(const unsigned char *name, size_t from)
{
    uint64_t key = 0;
    bool ended = false;
    for (size_t i = 0; i < from + 8; i++) {
        ended = ended || name[i] < MARK_LIMIT;
        if (i >= from) {
            key = key << 8 | (ended ? 0u : name[i]);
        }
        if (ended && i < from) {
            return 0;
        }
    }
    return key;
}

// The first sixteen bytes, so that most comparisons need no text: names of firms share how they
// begin.
static uint64_t name_key(const void *context, uint32_t index)
{
    return name_bytes(name_start(context, index), 0);
}

static uint64_t name_second_key(const void *context, uint32_t index)
{
    return name_bytes(name_start(context, index), 8);
}

static int name_compare(const void *context, uint32_t a, uint32_t b)
{
    const unsigned char *left = name_start(context, a);
    const unsigned char *right = name_start(context, b);
    size_t i = 0;
    while (left[i] == right[i] && left[i] >= MARK_LIMIT) {
        i++;
    }
    bool left_ends = left[i] < MARK_LIMIT;
    bool right_ends = right[i] < MARK_LIMIT;
    if (left_ends || right_ends) {
        return (int)right_ends - (int)left_ends;
    }
    return left[i] < right[i] ? -1 : 1;
}

static struct order_rule by_name(const struct customers *customers)
{
    return (struct order_rule){.key = name_key,
                               .second_key = name_second_key,
                               .compare = name_compare,
                               .context = customers};
}

static bool name_differs(const struct customers *customers, uint32_t index,
                         const struct customer_texts *texts)
{
    bool person = texts->record->kind == CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
    bool was_person = (customers->flags[index] & CUSTOMER_PERSON) != 0;
    size_t size = 0;
    const char *name = name_of(customers, index, &size);
    size_t part = person ? CLASS_CONTACT : CLASS_PUBLIC;
    const char *text = texts->text[part];
    if (person != was_person) {
        return true;
    }
    if (texts->size[part] == 0 || text[0] != MARK_NAME) {
        return size != 0;
    }
    bool longer = texts->size[part] > size + 1 && (unsigned char)text[size + 1] >= ' ';
    return texts->size[part] < size + 1 || longer || memcmp(text + 1, name, size) != 0;
}

enum customer_shelf customer_shelf_of(uint8_t flags)
{
    return (flags & CUSTOMER_ERASED) != 0       ? SHELF_ERASED
           : (flags & CUSTOMER_RESTRICTED) != 0 ? SHELF_RESTRICTED
           : (flags & CUSTOMER_ARCHIVED) != 0   ? SHELF_ARCHIVED
                                                : SHELF_ACTIVE;
}

bool customer_rests(const struct customers *customers, const struct filter *filter, uint32_t index)
{
    return filter != NULL && !filter->guards &&
           (customers->flags[index] & CUSTOMER_RESTRICTED) != 0;
}

static uint8_t flags_of(const CustomerRecord *record)
{
    const bool archived = record->state == CUSTOMER_STATE__CUSTOMER_STATE_ARCHIVED;
    const bool erased = record->state == CUSTOMER_STATE__CUSTOMER_STATE_ERASED;
    const bool person = record->kind == CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
    const bool restricted = record->restricted_us != 0;
    return (uint8_t)((archived ? CUSTOMER_ARCHIVED : 0) | (person ? CUSTOMER_PERSON : 0) |
                     (restricted ? CUSTOMER_RESTRICTED : 0) | (erased ? CUSTOMER_ERASED : 0));
}

static uint32_t add(struct customers *customers, const CustomerRecord *record)
{
    uint32_t index = (uint32_t)customers->count++;
    assert(index == 0 || customers->id[index - 1] < record->id);
    customers->id[index] = record->id;
    customers->sequence[index] = record->sequence;
    customers->first_open[index] = NONE;
    customers->last_item[index] = NONE;
    customers->last_allocation[index] = NONE;
    customers->last_payment[index] = NONE;
    return index;
}

// Adds (1) or takes (-1) an active customer to the sums of all.
static void count_active(struct customers *customers, uint32_t index, int64_t sign)
{
    if (customer_shelf_of(customers->flags[index]) == SHELF_ACTIVE) {
        customers->active += sign;
        customers->active_open += sign * customers->open[index];
        customers->active_overdue += sign * customers->overdue[index];
    }
}

enum status customers_apply(struct views *views, const struct customer_texts *texts)
{
    struct customers *customers = &views->customers;
    const CustomerRecord *record = texts->record;
    enum status status = reserve(customers);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t index = column_find(customers->id, customers->count, record->id);
    bool known = index != NONE;
    bool moves = !known || name_differs(customers, index, texts);
    if (known && moves) {
        status = customers_settle(views);
        if (status != STATUS_OK) {
            return status;
        }
        struct order_rule rule = by_name(customers);
        order_take(&customers->by_name, &rule, index);
    }
    if (known) {
        count_active(customers, index, -1);
    } else {
        index = add(customers, record);
    }
    customers->flags[index] = flags_of(record);
    count_active(customers, index, 1);
    customers->owner[index] = people_user(&views->people, record->owner_id);
    customers->region[index] = region_key(record->region);
    for (size_t i = 0; i < PARTS && status == STATUS_OK; i++) {
        status = corpus_set(&customers->part[i], index, texts->text[i], texts->size[i]);
    }
    if (status == STATUS_OK && moves) {
        status = order_insert(&customers->by_name, index);
    }
    return status;
}

enum status customers_settle(struct views *views)
{
    struct order_rule rule = by_name(&views->customers);
    return order_settle(&views->customers.by_name, &rule);
}

void customers_free(struct customers *customers)
{
    CUSTOMER_COLUMNS(COLUMN_FREE)
    for (size_t i = 0; i < PARTS; i++) {
        corpus_free(&customers->part[i]);
    }
    order_free(&customers->by_name);
    *customers = (struct customers){0};
}

void digest_customers(const struct customers *customers, struct view_digest *digest)
{
    int64_t active[] = {customers->active, customers->active_open, customers->active_overdue};
    digest_row(digest, "active", active, sizeof active);
    for (uint32_t i = 0; i < customers->count; i++) {
        uint64_t row[] = {
            customers->id[i],
            customers->sequence[i],
            customers->owner[i],
            customers->region[i],
            customers->flags[i],
            (uint64_t)customers->open[i],
            (uint64_t)customers->on_account[i],
            (uint64_t)customers->overdue[i],
            customers->open_count[i],
            (uint64_t)customers->activity_day[i],
            customers->by_name.index[i],
            i,
        };
        digest_row(digest, "customer", row, sizeof row);
        for (size_t part = 0; part < PARTS; part++) {
            size_t size = 0;
            const char *text = corpus_text(&customers->part[part], i, &size);
            char kind[KEY_BYTES];
            (void)snprintf(kind, sizeof kind, "text %zu %" PRIu64, part, customers->id[i]);
            digest_row(digest, kind, text, size);
        }
    }
}
