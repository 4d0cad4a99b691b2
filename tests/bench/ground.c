// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/ground.h"

#include "shared/wire.h"

static char *name_of(struct arena *arena, size_t i)
{
    static const char *const places[] = {"深圳", "上海", "北京", "广州",
                                         "杭州", "成都", "武汉", "西安"};
    static const char *const words[] = {"恒通", "云帆", "远山", "山海", "华兴",
                                        "明德", "天成", "瑞丰", "新宇", "长青"};
    static const char *const kinds[] = {"贸易", "科技", "五金", "文化", "物流"};
    static const char *const latin[] = {"Acme", "Northwind", "Contoso", "Globex", "Initech"};
    if (i % 4 == 3) {
        return arena_print(arena, "%s %s %zu Ltd", latin[i % COUNT_OF(latin)],
                           i % 8 == 3 ? "Robotics" : "Trading", i);
    }
    return arena_print(arena, "%s%s%s%zu有限公司", places[i % COUNT_OF(places)],
                       words[i / 8 % COUNT_OF(words)], kinds[i / 80 % COUNT_OF(kinds)], i);
}

static uint64_t begin_import(const struct ground_import *what)
{
    struct arena *arena = what->arena;
    ImportBegin *begin = (ImportBegin *)wire_make(arena, &import_begin__descriptor);
    begin->kind = what->kind;
    begin->row_count = (uint32_t)what->rows;
    begin->fingerprint.data = arena_alloc(arena, 32);
    begin->fingerprint.len = 32;
    random_fill(begin->fingerprint.data, 32);
    begin->file_name = arena_print(arena, "bench");
    begin->source = arena_print(arena, "bench%u", (unsigned)clock_us());
    const uint64_t id =
        ((const ImportBeginReply *)load_call(
             what->link, arena, load_request(arena, "import_begin", &begin->base), STATUS_OK))
            ->id;
    arena_reset(arena);
    return id;
}

static ImportRow *customer_row(struct arena *arena, size_t i)
{
    ImportRow *row = (ImportRow *)wire_make(arena, &import_row__descriptor);
    CustomerAdd *add = (CustomerAdd *)wire_make(arena, &customer_add__descriptor);
    char **phone = arena_alloc(arena, sizeof *phone);
    phone[0] = arena_print(arena, "139%08zu", i);
    add->kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add->name = name_of(arena, i);
    add->n_phone = 1;
    add->phone = phone;
    add->reference = arena_print(arena, "B-%zu", i);
    row->row = (uint32_t)i + 1;
    row->customer = add;
    return row;
}

// Documents of 400 days from 2024-10-04 on; every second one is settled 20 days later.
static ImportRow *document_row(struct arena *arena, size_t i, size_t customers, bool unpaid)
{
    ImportRow *row = (ImportRow *)wire_make(arena, &import_row__descriptor);
    ImportDocument *document = (ImportDocument *)wire_make(arena, &import_document__descriptor);
    document->reference = arena_print(arena, "D-%zu", i);
    document->customer_reference =
        arena_print(arena, "B-%zu", customers == 1 ? 0 : i * 7919 % customers);
    document->date_day = 20000 + (int32_t)(i % 400);
    document->due_day = document->date_day + 30;
    document->settled_day = i % 2 == 0 && customers != 1 && !unpaid ? document->date_day + 20 : 0;
    document->amount_minor = 1000 + (int64_t)(i % 9973);
    document->kind = INVOICE_KIND__INVOICE_KIND_INVOICE;
    row->row = (uint32_t)i + 1;
    row->document = document;
    return row;
}

static void receive_group(const struct ground_import *what)
{
    struct link_answer answer;
    if (link_receive(what->link, what->inbox, &answer) != STATUS_OK ||
        answer.reply->status != STATUS_OK) {
        (void)fprintf(stderr, "bench: an import group failed: %s\n",
                      answer.reply != NULL ? status_code((enum status)answer.reply->status)
                                           : "link");
        abort();
    }
    const ImportRowsReply *rows = (const ImportRowsReply *)wire_inner(
        &answer.reply->base, wire_inner_number(&answer.reply->base));
    if (rows->refused != 0) {
        (void)fprintf(stderr, "bench: %u rows refused\n", rows->refused);
        abort();
    }
    arena_reset(what->inbox);
}

static void send_group(const struct ground_import *what, uint64_t import_id, size_t first)
{
    struct arena *arena = what->arena;
    const bool is_customers = what->kind == IMPORT_KIND__IMPORT_KIND_CUSTOMERS;
    ImportRows *group = (ImportRows *)wire_make(arena, &import_rows__descriptor);
    const size_t left = what->rows - first;
    const size_t count = left < IMPORT_ROWS_MAX ? left : IMPORT_ROWS_MAX;
    group->import_id = import_id;
    group->first = (uint32_t)first;
    group->n_row = count;
    group->row = arena_alloc(arena, count * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        group->row[i] = is_customers
                            ? customer_row(arena, first + i)
                            : document_row(arena, first + i, what->customers, what->unpaid);
    }
    uint64_t sent = 0;
    if (link_send(what->link, load_request(arena, "import_rows", &group->base), &sent) !=
        STATUS_OK) {
        abort();
    }
    arena_reset(arena);
}

double ground_import(const struct ground_import *what)
{
    const uint64_t id = begin_import(what);
    const int64_t begun = clock_us();
    for (size_t first = 0; first < what->rows; first += IMPORT_ROWS_MAX) {
        if (link_in_flight(what->link) == IN_FLIGHT_MAX) {
            receive_group(what);
        }
        send_group(what, id, first);
    }
    while (link_in_flight(what->link) > 0) {
        receive_group(what);
    }
    return (double)what->rows / ((double)(clock_us() - begun) / 1e6);
}

uint64_t ground_customer(struct link *link, struct arena *arena, const char *number)
{
    Find *find = (Find *)wire_make(arena, &find__descriptor);
    find->noun = FIND_NOUN__FIND_NOUN_CUSTOMER;
    find->text = arena_print(arena, "%s", number);
    const FindReply *reply = (const FindReply *)load_call(
        link, arena, load_request(arena, "find", &find->base), STATUS_OK);
    assert(reply->n_row == 1);
    const uint64_t id = reply->row[0]->id;
    arena_reset(arena);
    return id;
}
