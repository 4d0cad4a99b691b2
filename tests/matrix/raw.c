// SPDX-License-Identifier: Apache-2.0
// What one person's replies hold and another may have seen (tests/README.md): ids of exports,
// request ids, positions and cursors are worth nothing in another's hands. The requests themselves,
// with recorded ids of objects, are sent again by everybody in matrix.c.
#include "shared/wire.h"
#include "tests/matrix/firm.h"

struct raw {
    struct firm firm;
    size_t tried, failures;
};

#define MAKE(raw, Type, name) ((Type *)(void *)desk_make(&(raw)->firm.desk, &name##__descriptor))

static const struct peer *peer_of(const struct raw *raw, enum role role)
{
    for (size_t i = 0; i < raw->firm.subject_count; i++) {
        if (raw->firm.subject[i].role == role) {
            return &raw->firm.subject[i].peer[LOGIN_FRESH];
        }
    }
    assert(false);
    return NULL;
}

static void expect(struct raw *raw, const char *what, const Reply *reply, enum status wanted)
{
    raw->tried++;
    if (reply->status != wanted) {
        raw->failures++;
        (void)fprintf(stderr, "raw: %s: %s expected, answered %s\n", what, status_code(wanted),
                      status_code((enum status)reply->status));
    }
}

static void a_journal_that_another_exported(struct raw *raw)
{
    struct desk *desk = &raw->firm.desk;
    ExportJournal *begin = MAKE(raw, ExportJournal, export_journal);
    begin->format = EXPORT_FORMAT__EXPORT_FORMAT_HLEDGER;
    ExportPage *page = MAKE(raw, ExportPage, export_page);
    page->export_id = ((const ExportJournalReply *)(void *)desk_do(desk, peer_of(raw, ROLE_OWNER),
                                                                   "export_journal", &begin->base))
                          ->export_id;
    expect(raw, "own export", desk_call(desk, peer_of(raw, ROLE_OWNER), "export_page", &page->base),
           STATUS_OK);
    expect(raw, "another's export, by finance",
           desk_call(desk, peer_of(raw, ROLE_FINANCE), "export_page", &page->base),
           STATUS_NOT_FOUND);
    expect(raw, "another's export, by sales",
           desk_call(desk, peer_of(raw, ROLE_SALES), "export_page", &page->base),
           STATUS_PERMISSION_DENIED);
    AuditExport *audit = MAKE(raw, AuditExport, audit_export);
    AuditPage *leaf = MAKE(raw, AuditPage, audit_page);
    leaf->export_id = ((const AuditExportReply *)(void *)desk_do(desk, peer_of(raw, ROLE_OWNER),
                                                                 "audit_export", &audit->base))
                          ->export_id;
    expect(raw, "own export of the journal",
           desk_call(desk, peer_of(raw, ROLE_OWNER), "audit_page", &leaf->base), STATUS_OK);
    expect(raw, "another's export of the journal, by the auditor",
           desk_call(desk, peer_of(raw, ROLE_AUDITOR), "audit_page", &leaf->base),
           STATUS_NOT_FOUND);
    expect(raw, "another's export of the journal, by finance",
           desk_call(desk, peer_of(raw, ROLE_FINANCE), "audit_page", &leaf->base),
           STATUS_PERMISSION_DENIED);
}

// A stored outcome belongs to the device that asked for it.
static void an_outcome_that_another_has(struct raw *raw)
{
    struct desk *desk = &raw->firm.desk;
    CustomerAdd *add = MAKE(raw, CustomerAdd, customer_add);
    add->kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    add->name = desk_text(desk, "Outcome");
    const struct bytes packed = desk_pack(desk, command_by_name("customer_add"), &add->base, false);
    const struct peer *owner = peer_of(raw, ROLE_OWNER);
    expect(raw, "a new customer", desk_reply(desk, desk_ask(desk, owner, packed)), STATUS_OK);
    const Reply *again = desk_reply(desk, desk_ask(desk, owner, packed));
    expect(raw, "the same again", again, STATUS_OK);
    expect(raw, "the same again was done before",
           &(const Reply){.status = again->replayed ? STATUS_OK : STATUS_STALE}, STATUS_OK);
    expect(raw, "another's request id, by finance",
           desk_reply(desk, desk_ask(desk, peer_of(raw, ROLE_FINANCE), packed)), STATUS_KEY_REUSED);
    expect(raw, "another's request id, by sales",
           desk_reply(desk, desk_ask(desk, peer_of(raw, ROLE_SALES), packed)), STATUS_KEY_REUSED);
    expect(raw, "another's request id, by the auditor",
           desk_reply(desk, desk_ask(desk, peer_of(raw, ROLE_AUDITOR), packed)),
           STATUS_PERMISSION_DENIED);
}

static void a_position_that_another_was_told(struct raw *raw)
{
    struct desk *desk = &raw->firm.desk;
    const Reply *reply = desk_call(desk, peer_of(raw, ROLE_OWNER), "session_whoami",
                                   desk_make(desk, &session_whoami__descriptor));
    EventWatch *watch = MAKE(raw, EventWatch, event_watch);
    watch->from = reply->position;

    const enum role others[] = {ROLE_FINANCE, ROLE_SALES, ROLE_AUDITOR, ROLE_ADMIN};

    for (size_t i = 0; i < COUNT_OF(others); i++) {
        expect(raw, "another's position",
               desk_call(desk, peer_of(raw, others[i]), "event_watch", &watch->base),
               STATUS_QUERY_NOT_UNDERSTOOD);
    }
}

// A cursor says where a page begins, not what may stand on it.
static void a_cursor_that_another_has(struct raw *raw)
{
    struct desk *desk = &raw->firm.desk;
    const Reply *page = NULL;
    CustomerList *list = MAKE(raw, CustomerList, customer_list);
    list->limit = 3;
    for (size_t i = 0; i < 20; i++) {
        page = desk_call(desk, peer_of(raw, ROLE_OWNER), "customer_list", &list->base);
        list->cursor = page->customer_list->page->next;
        const Reply *reply =
            desk_call(desk, peer_of(raw, ROLE_SALES), "customer_list", &list->base);
        expect(raw, "another's cursor", reply, STATUS_OK);
        for (size_t k = 0; k < reply->customer_list->n_row; k++) {
            const bool is_own = strcmp(reply->customer_list->row[k]->owner, "sales") == 0;
            expect(raw, "a customer of the own on it",
                   &(const Reply){.status = is_own ? STATUS_OK : STATUS_SCOPE_DENIED}, STATUS_OK);
        }
    }
}

int main(void)
{
    static struct raw raw;
    firm_open(&raw.firm);
    a_journal_that_another_exported(&raw);
    an_outcome_that_another_has(&raw);
    a_position_that_another_was_told(&raw);
    a_cursor_that_another_has(&raw);
    firm_close(&raw.firm);
    (void)printf("%zu attempts, %zu failures\n", raw.tried, raw.failures);
    return raw.failures == 0 && raw.tried > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
