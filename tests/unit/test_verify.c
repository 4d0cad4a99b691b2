// SPDX-License-Identifier: Apache-2.0
#include "server/machine/machine.h"
#include "server/ops/checker.h"
#include "server/ops/init.h"
#include "server/ops/verify.h"
#include "shared/wire.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <unistd.h>

#define MOMENT ((int64_t)1795000000 * 1000000)
#define DAY    20775

struct house {
    struct temporary temporary;
    char dir[160];
    char invitation[160];
    char key_file[160];
    struct verify_options options;
    struct store *store;
    struct arena *arena;
    uint64_t customer_id, invoice_id, second_id, payment_id;
};

static void open_store(struct house *house)
{
    assert_int_equal(store_open(&house->options.store, &house->store), STATUS_OK);
}

static void close_store(struct house *house)
{
    store_close(house->store);
    house->store = NULL;
    arena_reset(house->arena);
}

// Runs a command as the system itself, in a batch of its own. The reply stays until the next call.
static const Reply *run(struct house *house, const char *name, ProtobufCMessage *inner,
                        const struct admitted *admitted)
{
    arena_reset(house->arena);
    const struct command *command = command_by_name(name);
    assert_non_null(command);
    uint8_t key[REQUEST_KEY_BYTES];
    random_fill(key, sizeof key);
    Request request;
    request__init(&request);
    request.key = (ProtobufCBinaryData){.len = sizeof key, .data = key};
    wire_set_inner((ProtobufCMessage *)&request, command->number, inner);
    const uint8_t hash[32] = {9};
    const struct peer peer = {.system = true};
    Reply *reply = arena_alloc(house->arena, sizeof *reply);
    assert_non_null(reply);
    reply__init(reply);
    struct call call = {.arena = house->arena};
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    assert_int_equal(txn_begin(house->store, TXN_WRITE, house->arena, &txn), STATUS_OK);
    const struct stamp stamp = {
        .number = txn_head(txn)->number + 1, .instant_us = MOMENT, .book_day = DAY};
    assert_int_equal(machine_write(txn, &peer, &stamp, &request, hash, admitted, &call, reply),
                     STATUS_OK);
    assert_int_equal(reply->status, STATUS_OK);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    return reply;
}

static void add_customer(struct house *house)
{
    struct admitted_key key = {.vault_id = 4711, .key = key_random()};
    const struct admitted admitted = {.key = &key, .key_count = 1};
    ProtobufCBinaryData box;
    assert_int_equal(vault_seal(&key.key, 4711, 2, 0, "恒通", house->arena, &box), STATUS_OK);
    uint8_t copy[128];
    memcpy(copy, box.data, box.len);
    Sealed sealed;
    sealed__init(&sealed);
    sealed.field = 2;
    sealed.box = (ProtobufCBinaryData){.len = box.len, .data = copy};
    Sealed *list[] = {&sealed};
    UniqueHash unique;
    unique_hash__init(&unique);
    uint8_t hash[16] = {5};
    unique.field = 7;
    unique.hash = (ProtobufCBinaryData){.len = sizeof hash, .data = hash};
    UniqueHash *hashes[] = {&unique};
    CustomerAdd add;
    customer_add__init(&add);
    add.kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add.vault_id = 4711;
    add.sealed = list;
    add.n_sealed = 1;
    add.unique = hashes;
    add.n_unique = 1;
    house->customer_id = run(house, "customer_add", &add.base, &admitted)->customer_add->id;
}

static uint64_t issue(struct house *house, int64_t amount_minor)
{
    InvoiceIssue invoice;
    invoice_issue__init(&invoice);
    invoice.customer_id = house->customer_id;
    invoice.date_day = DAY - 10;
    invoice.amount_minor = amount_minor;
    return run(house, "invoice_issue", &invoice.base, NULL)->invoice_issue->id;
}

static uint64_t issue_taxed(struct house *house, int64_t price_micro, uint32_t tax_bp)
{
    InvoiceLine line;
    invoice_line__init(&line);
    line.price_micro = price_micro;
    line.tax_bp = tax_bp;
    InvoiceLine *lines[] = {&line};
    InvoiceIssue invoice;
    invoice_issue__init(&invoice);
    invoice.customer_id = house->customer_id;
    invoice.date_day = DAY - 10;
    invoice.line = lines;
    invoice.n_line = COUNT_OF(lines);
    return run(house, "invoice_issue", &invoice.base, NULL)->invoice_issue->id;
}

static void pay(struct house *house, int64_t amount_minor)
{
    PaymentAdd payment;
    payment_add__init(&payment);
    payment.customer_id = house->customer_id;
    payment.amount_minor = amount_minor;
    payment.date_day = DAY - 5;
    house->payment_id = run(house, "payment_add", &payment.base, NULL)->payment_add->id;
}

static void reverse_payment(struct house *house)
{
    PaymentReverse reverse;
    payment_reverse__init(&reverse);
    reverse.payment_id = house->payment_id;
    reverse.reason = (char *)(uintptr_t) "bounced";
    reverse.date_day = DAY - 2;
    (void)run(house, "payment_reverse", &reverse.base, NULL);
}

static int set_up(void **state)
{
    struct house *house = malloc(sizeof *house);
    assert_non_null(house);
    memset(house, 0, sizeof *house);
    temporary_make(&house->temporary);
    temporary_path(&house->temporary, "book", house->dir, sizeof house->dir);
    temporary_path(&house->temporary, "book.key", house->key_file, sizeof house->key_file);
    temporary_path(&house->temporary, "owner", house->invitation, sizeof house->invitation);
    house->options.store = (struct store_options){.dir = house->dir, .key_file = house->key_file};
    house->options.replay = true;
    house->arena = arena_make(CALL_ARENA_MAX);
    assert_non_null(house->arena);
    const struct init_options options = {.dir = house->dir,
                                         .company = "示例商贸",
                                         .currency = "CNY",
                                         .chart = "cn-small",
                                         .time_zone = "Asia/Shanghai",
                                         .owner = "zhang",
                                         .invitation = house->invitation,
                                         .instant_us = MOMENT - 1000};
    struct init_report report;
    assert_int_equal(init_run(&options, &report), STATUS_OK);
    open_store(house);
    add_customer(house);
    house->invoice_id = issue(house, 10000);
    pay(house, 4000);
    reverse_payment(house);
    pay(house, 13000);
    house->second_id = issue_taxed(house, 200000000, 1300);
    close_store(house);
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    store_close(house->store);
    arena_free(house->arena);
    temporary_remove(&house->temporary);
    free(house);
    return 0;
}

static void a_sound_book_has_no_finding(void **state)
{
    const struct house *house = *state;
    struct verify_report report;
    const enum status status = verify_run(&house->options, &report);
    assert_string_equal(report.finding[0].text, "");
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(report.number, 7);
    assert_int_equal(report.replayed_count, 7);
    assert_true(report.allocation_count >= 3);
    assert_int_equal(report.finding_count, 0);
    char scratch[200];
    (void)snprintf(scratch, sizeof scratch, "%s.replay", house->dir);
    assert_int_equal(access(scratch, F_OK), -1);
}

// Changes rows behind the machine's back, with good seals and a good digest: only the checks can
// see it.
typedef void tamper(struct txn *txn, const struct house *house);

// The last commit's header says what the head says: who can seal can do that behind the last
// checkpoint.
static void header_follows(struct txn *txn)
{
    struct head *head = txn_head(txn);
    ProtobufCMessage *message = NULL;
    struct bytes packed;
    assert_int_equal(table_get(txn, TABLE_header, key_u64(head->commit), &message, NULL),
                     STATUS_OK);
    HeaderRecord *header = (HeaderRecord *)message;
    memcpy(header->digest.data, head->digest.sum, DIGEST_BYTES);
    memcpy(header->root.data, head->tree_root, LEAF_BYTES);
    assert_int_equal(wire_pack(txn_arena(txn), message, &packed), STATUS_OK);
    assert_int_equal(table_put(txn, TABLE_header, key_u64(head->commit), message), STATUS_OK);
    header_hash(packed, head->header);
}

// Which invariants some tampering has broken: in the end all of them.
static bool seen_broken[INVARIANT_LIMIT];

// The check that runs while the server serves, over the open store.
static enum checker_state check_books_now(struct house *house, struct checker_result *result)
{
    struct checker *checker = NULL;
    const struct logger logger = {.level = LOG_LEVEL_ERROR};
    assert_int_equal(checker_make(house->store, &logger, &checker), STATUS_OK);
    assert_int_equal(checker_begin(checker), STATUS_OK);
    while (!checker_take(checker, result)) {
        (void)usleep(1000);
    }
    checker_free(checker);
    return result->state;
}

static void expect_broken(struct house *house, enum invariant invariant)
{
    struct checker_result result;
    const enum checker_state state = check_books_now(house, &result);
    assert_int_equal(state, invariant == INVARIANT_NONE ? CHECKER_HOLDS : CHECKER_BROKEN);
    assert_true(invariant == INVARIANT_NONE || result.report.broken[invariant] > 0);
    for (size_t i = 0; i < INVARIANT_LIMIT; i++) {
        seen_broken[i] = seen_broken[i] || result.report.broken[i] > 0;
    }
}

static void expect(struct house *house, tamper *change, enum status wanted,
                   enum invariant invariant, const char *text)
{
    open_store(house);
    struct txn *txn = NULL;
    assert_int_equal(txn_begin(house->store, TXN_WRITE, house->arena, &txn), STATUS_OK);
    change(txn, house);
    header_follows(txn);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    expect_broken(house, invariant);
    close_store(house);
    struct verify_report report;
    house->options.replay = false;
    assert_int_equal(verify_run(&house->options, &report), wanted);
    bool found = false;
    for (size_t i = 0; i < report.finding_count && i < FINDINGS_MAX; i++) {
        found = found || strstr(report.finding[i].text, text) != NULL;
    }
    if (!found) {
        print_message("wanted \"%s\", first finding \"%s\"\n", text, report.finding[0].text);
    }
    assert_true(found);
}

static ProtobufCMessage *first(struct txn *txn, enum table table, struct row_key *key)
{
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    ProtobufCMessage *message = NULL;
    assert_int_equal(scan_open(txn, table, (struct row_key){.size = 0}, 0, false, &scan),
                     STATUS_OK);
    assert_int_equal(scan_next(scan, key, &message), STATUS_OK);
    return message;
}

static void put(struct txn *txn, enum table table, struct row_key key,
                const ProtobufCMessage *record)
{
    assert_int_equal(table_put(txn, table, key, record), STATUS_OK);
}

static void account_grows(struct txn *txn, const struct house *house)
{
    (void)house;
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_account, key_u64(1002), &message, NULL), STATUS_OK);
    AccountRecord *account = (AccountRecord *)message;
    account->debit_minor += 1;
    put(txn, TABLE_account, key_u64(1002), message);
}

static void entry_loses_its_balance(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    EntryRecord *entry = (EntryRecord *)first(txn, TABLE_entry, &key);
    entry->line[0]->debit_minor += 1;
    put(txn, TABLE_entry, key, &entry->base);
}

static void entry_changes_its_day(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    EntryRecord *entry = (EntryRecord *)first(txn, TABLE_entry, &key);
    entry->date_day += 1;
    put(txn, TABLE_entry, key, &entry->base);
}

static void entry_is_missing(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    (void)first(txn, TABLE_entry, &key);
    assert_int_equal(table_del(txn, TABLE_entry, key), STATUS_OK);
}

static void item_opens_more(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    ItemRecord *item = (ItemRecord *)first(txn, TABLE_item, &key);
    item->open_minor += 1;
    put(txn, TABLE_item, key, &item->base);
}

static void allocation_moves_before_its_documents(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    AllocationRecord *allocation = (AllocationRecord *)first(txn, TABLE_allocation, &key);
    allocation->effective_day = DAY - 100;
    put(txn, TABLE_allocation, key, &allocation->base);
}

static void allocation_grows(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    AllocationRecord *allocation = (AllocationRecord *)first(txn, TABLE_allocation, &key);
    allocation->amount_minor = 999999;
    put(txn, TABLE_allocation, key, &allocation->base);
}

static void open_item_is_missing(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    (void)first(txn, TABLE_open_item, &key);
    assert_int_equal(table_del(txn, TABLE_open_item, key), STATUS_OK);
}

static void open_item_is_too_many(struct txn *txn, const struct house *house)
{
    IdRecord id;
    id_record__init(&id);
    id.id = 77;
    put(txn, TABLE_open_item, key_u64_u64(house->customer_id, 77), &id.base);
}

static void settled_by_is_missing(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    (void)first(txn, TABLE_settled_by, &key);
    assert_int_equal(table_del(txn, TABLE_settled_by, key), STATUS_OK);
}

static void login_is_missing(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    (void)first(txn, TABLE_login, &key);
    assert_int_equal(table_del(txn, TABLE_login, key), STATUS_OK);
}

static void unique_is_missing(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    (void)first(txn, TABLE_unique, &key);
    assert_int_equal(table_del(txn, TABLE_unique, key), STATUS_OK);
}

static void unique_leads_elsewhere(struct txn *txn, const struct house *house)
{
    (void)house;
    const uint8_t hash[16] = {6};
    IdRecord id;
    id_record__init(&id);
    id.id = 12345;
    put(txn, TABLE_unique, key_hash16(hash), &id.base);
}

static void counter_jumps(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    CounterRecord *counter = (CounterRecord *)first(txn, TABLE_counter, &key);
    counter->next += 1;
    put(txn, TABLE_counter, key, &counter->base);
}

static void balance_grows(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    BalanceRecord *balance = (BalanceRecord *)first(txn, TABLE_balance, &key);
    balance->receivable_minor += 1;
    put(txn, TABLE_balance, key, &balance->base);
}

static void uncleared_grows(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    BalanceRecord *balance = (BalanceRecord *)first(txn, TABLE_balance, &key);
    balance->uncleared_minor += 1;
    put(txn, TABLE_balance, key, &balance->base);
}

static void receipt_is_on_its_way_by_itself(struct txn *txn, const struct house *house)
{
    IdRecord index;
    id_record__init(&index);
    index.id = house->second_id;
    put(txn, TABLE_on_way, key_u64_u64(40000, house->second_id), &index.base);
}

static void invoice_tax_grows(struct txn *txn, const struct house *house)
{
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_invoice, key_u64(house->second_id), &message, NULL),
                     STATUS_OK);
    InvoiceRecord *invoice = (InvoiceRecord *)message;
    invoice->line[0]->tax_minor += 1;
    put(txn, TABLE_invoice, key_u64(house->second_id), message);
}

static void invoice_calls_its_price_tax(struct txn *txn, const struct house *house)
{
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_invoice, key_u64(house->second_id), &message, NULL),
                     STATUS_OK);
    InvoiceRecord *invoice = (InvoiceRecord *)message;
    invoice->line[0]->tax_minor += 1;
    invoice->line[0]->net_minor -= 1;
    invoice->tax_minor += 1;
    invoice->net_minor -= 1;
    put(txn, TABLE_invoice, key_u64(house->second_id), message);
}

static void tax_is_booked_as_sales(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    ProtobufCMessage *message = NULL;
    assert_int_equal(scan_open(txn, TABLE_entry, (struct row_key){.size = 0}, 0, true, &scan),
                     STATUS_OK);
    assert_int_equal(scan_next(scan, &key, &message), STATUS_OK);
    EntryRecord *entry = (EntryRecord *)message; // of the taxed invoice: 1122, 5001, 2221
    assert_int_equal(entry->n_line, 3);
    entry->line[1]->credit_minor += entry->line[2]->credit_minor;
    entry->n_line = 2;
    put(txn, TABLE_entry, key, &entry->base);
}

static void invoice_is_missing(struct txn *txn, const struct house *house)
{
    assert_int_equal(table_del(txn, TABLE_invoice, key_u64(house->second_id)), STATUS_OK);
}

static void row_lies_under_another_key(struct txn *txn, const struct house *house)
{
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_invoice, key_u64(house->second_id), &message, NULL),
                     STATUS_OK);
    assert_int_equal(table_del(txn, TABLE_invoice, key_u64(house->second_id)), STATUS_OK);
    put(txn, TABLE_invoice, key_u64(house->second_id + 1), message);
}

static void outcome_is_anothers(struct txn *txn, const struct house *house)
{
    (void)house;
    struct row_key key;
    OutcomeRecord *outcome = (OutcomeRecord *)first(txn, TABLE_outcome, &key);
    outcome->number = 1;
    put(txn, TABLE_outcome, key, &outcome->base);
}

static void journal_loses_a_record(struct txn *txn, const struct house *house)
{
    (void)house;
    assert_int_equal(table_del(txn, TABLE_journal, key_u64(4)), STATUS_OK);
}

static void journal_changes_a_record(struct txn *txn, const struct house *house)
{
    (void)house;
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_journal, key_u64(4), &message, NULL), STATUS_OK);
    ((JournalRecord *)message)->user_id = 5;
    put(txn, TABLE_journal, key_u64(4), message);
}

static void head_has_another_digest(struct txn *txn, const struct house *house)
{
    (void)house;
    txn_head(txn)->digest.sum[0] ^= 1;
    txn_head_changed(txn);
}

static void head_is_ahead(struct txn *txn, const struct house *house)
{
    (void)house;
    txn_head(txn)->number += 1;
    txn_head_changed(txn);
}

#define TAMPERS                                                                           \
    TAMPER(account_grows, TAMPERED, KEPT, "turnovers")                                    \
    TAMPER(entry_loses_its_balance, TAMPERED, ENTRY, "does not balance")                  \
    TAMPER(entry_changes_its_day, TAMPERED, TIE, "do not tie to account")                 \
    TAMPER(entry_is_missing, TAMPERED, NUMBERS, "a number is missing")                    \
    TAMPER(item_opens_more, TAMPERED, RESIDUAL, "not what allocations leave")             \
    TAMPER(allocation_moves_before_its_documents, TAMPERED, PAIR, "before its documents") \
    TAMPER(allocation_grows, TAMPERED, RESIDUAL, "more than all of it")                   \
    TAMPER(open_item_is_missing, INCOMPLETE, INDEX, "open and not in the index")          \
    TAMPER(open_item_is_too_many, TAMPERED, INDEX, "nothing is open")                     \
    TAMPER(settled_by_is_missing, INCOMPLETE, INDEX, "index of both items")               \
    TAMPER(login_is_missing, INCOMPLETE, INDEX, "a login does not lead")                  \
    TAMPER(unique_is_missing, INCOMPLETE, INDEX, "not in the index")                      \
    TAMPER(unique_leads_elsewhere, INCOMPLETE, INDEX, "which is missing")                 \
    TAMPER(counter_jumps, TAMPERED, NUMBERS, "counter is not at its end")                 \
    TAMPER(balance_grows, TAMPERED, KEPT, "the kept balance is not")                      \
    TAMPER(uncleared_grows, TAMPERED, KEPT, "what has not cleared is not")                \
    TAMPER(receipt_is_on_its_way_by_itself, TAMPERED, INDEX, "on their way has")          \
    TAMPER(invoice_tax_grows, TAMPERED, DOCUMENT, "net and tax are not gross")            \
    TAMPER(invoice_calls_its_price_tax, TAMPERED, TAX, "did not move by the tax")         \
    TAMPER(tax_is_booked_as_sales, TAMPERED, TAX, "did not move by the tax")              \
    TAMPER(invoice_is_missing, TAMPERED, NUMBERS, "counter is not at its end")            \
    TAMPER(row_lies_under_another_key, TAMPERED, INDEX, "the row is another's")           \
    TAMPER(outcome_is_anothers, TAMPERED, NONE, "the outcome of record")                  \
    TAMPER(journal_loses_a_record, INCOMPLETE, NONE, "follows on record")                 \
    TAMPER(journal_changes_a_record, TAMPERED, NONE, "another root")                      \
    TAMPER(head_has_another_digest, TAMPERED, NONE, "another digest")                     \
    TAMPER(head_is_ahead, INCOMPLETE, NONE, "the head is at record")

#define TAMPER(name, status, invariant, text)                               \
    static void finds_##name(void **state)                                  \
    {                                                                       \
        expect(*state, name, STATUS_##status, INVARIANT_##invariant, text); \
    }
TAMPERS
#undef TAMPER

static void each_invariant_was_broken_and_found(void **state)
{
    (void)state;
#define INVARIANT(name, number, sentence) assert_true(seen_broken[INVARIANT_##name]);
#include "proto/invariants.def"
#undef INVARIANT
}

static void a_sound_book_is_checked_while_it_is_open(void **state)
{
    struct house *house = *state;
    struct checker_result result;
    open_store(house);
    assert_int_equal(check_books_now(house, &result), CHECKER_HOLDS);
    assert_int_equal(result.report.number, 7);
    assert_true(result.rows_done > 0);
    assert_int_equal(result.rows_done, result.rows_total);
#define INVARIANT(name, number, sentence) assert_true(result.report.checked[INVARIANT_##name] > 0);
#include "proto/invariants.def"
#undef INVARIANT
}

// What is settled of a part stays a part of the invoice, the rest is due otherwise: again and
// again.
static void a_part_that_is_settled_a_little_and_rescheduled_is_sound(void **state)
{
    struct house *house = *state;
    open_store(house);
    for (size_t times = 0; times < 2; times++) {
        pay(house, 5000);
        InvoiceReschedule reschedule;
        invoice_reschedule__init(&reschedule);
        reschedule.invoice_id = house->second_id;
        reschedule.terms = (char *)(uintptr_t) "30%@10,70%@40";
        reschedule.reason = (char *)(uintptr_t) "agreed";
        reschedule.date_day = DAY;
        (void)run(house, "invoice_reschedule", &reschedule.base, NULL);
    }
    struct checker_result result;
    assert_int_equal(check_books_now(house, &result), CHECKER_HOLDS);
}

static void replay_works_after_a_customers_key_was_destroyed(void **state)
{
    struct house *house = *state;
    open_store(house);
    struct txn *txn = NULL;
    assert_int_equal(txn_begin(house->store, TXN_WRITE, house->arena, &txn), STATUS_OK);
    assert_int_equal(table_del(txn, TABLE_vault, key_u64(4711)), STATUS_OK);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    close_store(house);
    struct verify_report report;
    assert_int_equal(verify_run(&house->options, &report), STATUS_OK);
    assert_int_equal(report.replayed_count, 7);
}

// Opened by its passphrase, a store needs no key file, and gets none.
static void replay_makes_no_key_file(void **state)
{
    struct house *house = *state;
    assert_int_equal(store_set_passphrase(&house->options.store, "one two three four"), STATUS_OK);
    assert_int_equal(unlink(house->key_file), 0);
    house->options.store.passphrase = "one two three four";
    struct verify_report report;
    assert_int_equal(verify_run(&house->options, &report), STATUS_OK);
    assert_int_equal(access(house->key_file, F_OK), -1);
}

// A changed record whose head was changed with it agrees with itself: only the replay sees it.
static void replay_finds_what_the_tree_does_not(void **state)
{
    struct house *house = *state;
    open_store(house);
    struct txn *txn = NULL;
    ProtobufCMessage *message = NULL;
    assert_int_equal(txn_begin(house->store, TXN_WRITE, house->arena, &txn), STATUS_OK);
    assert_int_equal(table_get(txn, TABLE_journal, key_u64(7), &message, NULL), STATUS_OK);
    JournalRecord *record = (JournalRecord *)message;
    record->object = (char *)(uintptr_t) "INV-2026-9999";
    put(txn, TABLE_journal, key_u64(7), message);
    struct head *head = txn_head(txn);
    head->tree = (struct tree){.size = 0};
    for (uint64_t number = 1; number <= 7; number++) {
        struct bytes packed;
        uint8_t leaf[LEAF_BYTES];
        assert_int_equal(table_get_bytes(txn, TABLE_journal, key_u64(number), &packed, NULL),
                         STATUS_OK);
        tree_leaf(packed, leaf);
        tree_append(&head->tree, leaf);
    }
    tree_root(&head->tree, head->tree_root);
    header_follows(txn);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    close_store(house);
    struct verify_report report;
    house->options.replay = false;
    assert_int_equal(verify_run(&house->options, &report), STATUS_OK);
    house->options.replay = true;
    assert_int_equal(verify_run(&house->options, &report), STATUS_TAMPERED);
    assert_string_equal(report.finding[0].text, "record 7 comes out otherwise");
}

static void verify_finds_a_broken_seal_and_a_broken_page(void **state)
{
    struct house *house = *state;
    char path[200];
    (void)snprintf(path, sizeof path, "%s/data.mdb", house->dir);
    const uint8_t mark[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1};
    const off_t at = temporary_find(path, mark, sizeof mark);
    assert_true(at > 0);
    struct verify_report report;
    temporary_flip(path, at + 20, 1);
    assert_int_equal(verify_run(&house->options, &report), STATUS_TAMPERED);
    assert_non_null(strstr(report.finding[0].text, "the seal does not fit"));
    temporary_flip(path, at + 20, 1);
    assert_int_equal(verify_run(&house->options, &report), STATUS_OK);
    temporary_zero(path, at / 4096 * 4096, 4096);
    assert_int_equal(verify_run(&house->options, &report), STATUS_TAMPERED);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(verify_run(&house->options, &report), STATUS_INCOMPLETE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(verify_run(&house->options, &report), STATUS_INCOMPLETE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down),

int main(void)
{
    if (keys_start() != STATUS_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        CASE(a_sound_book_has_no_finding)
#define TAMPER(name, status, invariant, text) CASE(finds_##name)
            TAMPERS
#undef TAMPER
                CASE(each_invariant_was_broken_and_found)
                    CASE(a_sound_book_is_checked_while_it_is_open)
                        CASE(a_part_that_is_settled_a_little_and_rescheduled_is_sound)
                            CASE(replay_works_after_a_customers_key_was_destroyed)
                                CASE(replay_makes_no_key_file)
                                    CASE(replay_finds_what_the_tree_does_not)
                                        CASE(verify_finds_a_broken_seal_and_a_broken_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
