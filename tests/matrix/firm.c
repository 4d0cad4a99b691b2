// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/firm.h"

#include "shared/wire.h"

#define HOUR_US   ((int64_t)3600 * 1000 * 1000)
#define MINUTE_US ((int64_t)60 * 1000 * 1000)
#define NOON_US   ((int64_t)1795233600 * 1000 * 1000) // 2026-11-21 12:00 in the book's zone
#define DAY_US    (24 * HOUR_US)
#define LATELY    20740     // 2026-10-14, a day of documents
#define MUCH      100000000 // minor units: payments above need a second person

const char *const RELATION_NAMES[RELATIONS] = {"own", "team", "region", "foreign", "missing"};
const char *const LOGIN_NAMES[LOGINS] = {"fresh",   "stale",    "none",
                                         "expired", "disabled", "revoked"};

static void demand(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "firm: %s\n", what);
        abort();
    }
}

#define MAKE(firm, Type, name) ((Type *)(void *)desk_make(&(firm)->desk, &name##__descriptor))
#define DO(firm, Type, name, inner) \
    ((Type *)(void *)desk_do(&(firm)->desk, &(firm)->principal.peer, name, &(inner)->base))

// ---- people ----

static UserInvite *invitation(struct firm *firm, const char *role, const char *team,
                              const char *region)
{
    UserInvite *invite = MAKE(firm, UserInvite, user_invite);
    invite->role = arena_alloc(firm->desk.arena, sizeof *invite->role);
    demand(invite->role != NULL, "arena");
    invite->role[0] = desk_text(&firm->desk, role);
    invite->n_role = 1;
    invite->team = desk_text(&firm->desk, team);
    invite->region = desk_text(&firm->desk, region);
    return invite;
}

static void engage(struct firm *firm, struct member *member, const char *login, const char *role,
                   const char *team, const char *region)
{
    *member = (struct member){0};
    (void)snprintf(member->login, sizeof member->login, "%s", login);
    desk_join(&firm->desk, &firm->principal.peer, invitation(firm, role, team, region), member);
    desk_reset(&firm->desk);
}

// For each role one person who comes and goes, one whose session of the morning is forgotten, one
// who will be disabled, one whose device is lost.
static void engage_subject(struct firm *firm, enum role role)
{
    struct subject *subject = &firm->subject[firm->subject_count];
    const char *word = role_word(role);
    struct member early;
    char login[32];
    demand(firm->subject_count < FIRM_ROLES_MAX, "too many roles");
    *subject = (struct subject){.role = role};
    firm->subject_count++;
    engage(firm, &subject->member, word, word, FIRM_TEAM, FIRM_REGION);
    (void)snprintf(login, sizeof login, "%s.early", word);
    engage(firm, &early, login, word, FIRM_TEAM, FIRM_REGION);
    subject->peer[LOGIN_EXPIRED] = early.peer;
}

// ---- objects ----

static struct object *keep(struct firm *firm, size_t owner, const char *noun, const char *state,
                           uint64_t id, const char *number)
{
    demand(firm->object_count < FIRM_OBJECTS_MAX, "too many objects");
    struct object *object = &firm->object[firm->object_count];
    *object = (struct object){.noun = noun, .state = state, .owner = owner, .id = id};
    (void)snprintf(object->number, sizeof object->number, "%s", number);
    firm->object_count++;
    return object;
}

static ProtobufCMessage *row_of(struct firm *firm, enum table table, uint64_t id)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *row = NULL;
    demand(txn_begin(firm->desk.store, TXN_READ, firm->desk.arena, &txn) == STATUS_OK, "begin");
    demand(table_get(txn, table, key_u64(id), &row, NULL) == STATUS_OK, "a row");
    return row;
}

struct holder {
    size_t owner;
    uint64_t user_id;
    const char *region;
    char number[16]; // of the customer who has the documents
    uint64_t customer_id;
};

static CustomerAddReply *add_customer(struct firm *firm, const struct holder *holder,
                                      const char *what)
{
    char text[64];
    CustomerAdd *add = MAKE(firm, CustomerAdd, customer_add);
    add->kind = CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    (void)snprintf(text, sizeof text, "Firm %zu %s", holder->owner, what);
    add->name = desk_text(&firm->desk, text);
    add->region = desk_text(&firm->desk, holder->region);
    add->owner_id = holder->user_id;
    return DO(firm, CustomerAddReply, "customer_add", add);
}

static uint64_t draft(struct firm *firm, uint64_t customer_id)
{
    InvoiceDraft *request = MAKE(firm, InvoiceDraft, invoice_draft);
    request->customer_id = customer_id;
    request->amount_minor = 10000;
    request->date_day = LATELY;
    return DO(firm, InvoiceDraftReply, "invoice_draft", request)->id;
}

static InvoiceIssueReply *issue(struct firm *firm, uint64_t customer_id)
{
    InvoiceIssue *request = MAKE(firm, InvoiceIssue, invoice_issue);
    request->customer_id = customer_id;
    request->amount_minor = 10000;
    request->date_day = LATELY;
    request->due_day = LATELY + 10;
    return DO(firm, InvoiceIssueReply, "invoice_issue", request);
}

// Pays `amount_minor`, for the invoice or, with 0, on account.
static PaymentAddReply *pay(struct firm *firm, uint64_t customer_id, int64_t amount_minor,
                            uint64_t invoice_id)
{
    PaymentAdd *request = MAKE(firm, PaymentAdd, payment_add);
    request->customer_id = customer_id;
    request->amount_minor = amount_minor;
    request->date_day = LATELY + 5;
    request->method = PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
    request->no_allocate = invoice_id == 0;
    if (invoice_id != 0) {
        Allocate *allocate = MAKE(firm, Allocate, allocate);
        allocate->invoice_id = invoice_id;
        request->allocate = arena_alloc(firm->desk.arena, sizeof(Allocate *));
        demand(request->allocate != NULL, "arena");
        request->allocate[0] = allocate;
        request->n_allocate = 1;
    }
    return DO(firm, PaymentAddReply, "payment_add", request);
}

static void unpay(struct firm *firm, uint64_t payment_id)
{
    PaymentReverse *reverse = MAKE(firm, PaymentReverse, payment_reverse);
    reverse->payment_id = payment_id;
    reverse->date_day = LATELY + 6;
    reverse->reason = desk_text(&firm->desk, "returned by the bank");
    (void)DO(firm, PaymentReverseReply, "payment_reverse", reverse);
}

static struct object *keep_paper(struct firm *firm, const struct holder *holder, const char *noun,
                                 const char *state, uint64_t id, const char *number)
{
    struct object *object = keep(firm, holder->owner, noun, state, id, number);
    object->customer_id = holder->customer_id;
    (void)snprintf(object->customer, sizeof object->customer, "%s", holder->number);
    return object;
}

static void make_customers(struct firm *firm, const struct holder *holder)
{
    static const char *const STATES[] = {"plain", "owing", "prepaid", "settled", "archived"};
    for (size_t i = 0; i < COUNT_OF(STATES); i++) {
        const CustomerAddReply *made = add_customer(firm, holder, STATES[i]);
        struct object *object =
            keep(firm, holder->owner, "customer", STATES[i], made->id, made->number);
        object->customer_id = made->id;
        (void)snprintf(object->customer, sizeof object->customer, "%s", made->number);
        if (strcmp(STATES[i], "owing") == 0) {
            (void)issue(firm, made->id);
        } else if (strcmp(STATES[i], "prepaid") == 0) {
            (void)pay(firm, made->id, 3000, 0);
        } else if (strcmp(STATES[i], "settled") == 0) {
            (void)pay(firm, made->id, 10000, issue(firm, made->id)->id);
        } else if (strcmp(STATES[i], "archived") == 0) {
            CustomerArchive *archive = MAKE(firm, CustomerArchive, customer_archive);
            archive->customer_id = made->id;
            archive->reason = desk_text(&firm->desk, "moved away");
            (void)DO(firm, CustomerStateReply, "customer_archive", archive);
        }
        object->version =
            ((const CustomerRecord *)(void *)row_of(firm, TABLE_customer, made->id))->version;
        desk_reset(&firm->desk);
    }
}

static void make_invoices(struct firm *firm, const struct holder *holder)
{
    const uint64_t draft_id = draft(firm, holder->customer_id);
    struct object *object = keep_paper(firm, holder, "invoice", "draft", draft_id, "draft");
    object->version =
        ((const InvoiceRecord *)(void *)row_of(firm, TABLE_invoice, draft_id))->version;
    const InvoiceIssueReply *made = issue(firm, holder->customer_id);
    (void)keep_paper(firm, holder, "invoice", "open", made->id, made->number);
    made = issue(firm, holder->customer_id);
    (void)keep_paper(firm, holder, "invoice", "part", made->id, made->number);
    (void)pay(firm, holder->customer_id, 4000, made->id);
    made = issue(firm, holder->customer_id);
    (void)keep_paper(firm, holder, "invoice", "paid", made->id, made->number);
    (void)pay(firm, holder->customer_id, 10000, made->id);
    made = issue(firm, holder->customer_id);
    (void)keep_paper(firm, holder, "invoice", "reversed", made->id, made->number);
    InvoiceReverse *reverse = MAKE(firm, InvoiceReverse, invoice_reverse);
    reverse->invoice_id = made->id;
    reverse->date_day = LATELY + 1;
    reverse->reason = desk_text(&firm->desk, "wrong firm");
    (void)DO(firm, InvoiceIssueReply, "invoice_reverse", reverse);
    desk_reset(&firm->desk);
}

static void make_orders(struct firm *firm, const struct holder *holder)
{
    static const char *const STATES[] = {"draft", "confirmed", "cancelled"};
    for (size_t i = 0; i < COUNT_OF(STATES); i++) {
        OrderAdd *add = MAKE(firm, OrderAdd, order_add);
        add->customer_id = holder->customer_id;
        add->amount_minor = 10000;
        add->date_day = LATELY;
        const OrderReply *made = DO(firm, OrderReply, "order_add", add);
        (void)keep_paper(firm, holder, "order", STATES[i], made->id, made->number);
        if (strcmp(STATES[i], "confirmed") == 0) {
            OrderConfirm *confirm = MAKE(firm, OrderConfirm, order_confirm);
            confirm->order_id = made->id;
            (void)DO(firm, OrderReply, "order_confirm", confirm);
        }
        if (strcmp(STATES[i], "cancelled") == 0) {
            OrderCancel *cancel = MAKE(firm, OrderCancel, order_cancel);
            cancel->order_id = made->id;
            cancel->reason = desk_text(&firm->desk, "wrong firm");
            (void)DO(firm, OrderReply, "order_cancel", cancel);
        }
    }
    desk_reset(&firm->desk);
}

static void make_recurring(struct firm *firm, const struct holder *holder)
{
    static const char *const STATES[] = {"active", "paused", "ended"};
    for (size_t i = 0; i < COUNT_OF(STATES); i++) {
        RecurringAdd *add = MAKE(firm, RecurringAdd, recurring_add);
        add->customer_id = holder->customer_id;
        add->amount_minor = 10000;
        add->every = RECURRING_EVERY__RECURRING_EVERY_MONTH;
        const RecurringReply *made = DO(firm, RecurringReply, "recurring_add", add);
        (void)keep_paper(firm, holder, "recurring", STATES[i], made->id, made->number);
        if (strcmp(STATES[i], "paused") == 0) {
            RecurringPause *pause = MAKE(firm, RecurringPause, recurring_pause);
            pause->recurring_id = made->id;
            pause->reason = desk_text(&firm->desk, "no need");
            (void)DO(firm, RecurringReply, "recurring_pause", pause);
        }
        if (strcmp(STATES[i], "ended") == 0) {
            RecurringEnd *end = MAKE(firm, RecurringEnd, recurring_end);
            end->recurring_id = made->id;
            end->reason = desk_text(&firm->desk, "over");
            (void)DO(firm, RecurringReply, "recurring_end", end);
        }
    }
    desk_reset(&firm->desk);
}

static void make_payments(struct firm *firm, const struct holder *holder)
{
    const uint64_t customer_id = holder->customer_id;
    const PaymentAddReply *made = pay(firm, customer_id, 2000, 0);
    (void)keep_paper(firm, holder, "payment", "unapplied", made->id, made->number);
    made = pay(firm, customer_id, 12000, issue(firm, customer_id)->id);
    (void)keep_paper(firm, holder, "payment", "part", made->id, made->number);
    made = pay(firm, customer_id, 10000, issue(firm, customer_id)->id);
    (void)keep_paper(firm, holder, "payment", "applied", made->id, made->number);
    made = pay(firm, customer_id, 10000, issue(firm, customer_id)->id);
    (void)keep_paper(firm, holder, "payment", "taken-back", made->id, made->number);
    PaymentUnallocate *back = MAKE(firm, PaymentUnallocate, payment_unallocate);
    back->payment_id = made->id;
    back->reason = desk_text(&firm->desk, "for another bill");
    (void)DO(firm, PaymentAllocateReply, "payment_unallocate", back);
    made = pay(firm, customer_id, 2000, 0);
    (void)keep_paper(firm, holder, "payment", "reversed", made->id, made->number);
    unpay(firm, made->id);
    desk_reset(&firm->desk);
}

static ClearingReply *pay_back(struct firm *firm, uint64_t customer_id)
{
    RefundAdd *request = MAKE(firm, RefundAdd, refund_add);
    request->customer_id = customer_id;
    request->amount_minor = 500;
    request->payment_id = pay(firm, customer_id, 500, 0)->id;
    request->date_day = LATELY + 6;
    request->reason = desk_text(&firm->desk, "paid twice");
    return DO(firm, ClearingReply, "refund_add", request);
}

static void make_refunds(struct firm *firm, const struct holder *holder)
{
    const ClearingReply *made = pay_back(firm, holder->customer_id);
    (void)keep_paper(firm, holder, "refund", "paid", made->id, made->number);
    made = pay_back(firm, holder->customer_id);
    (void)keep_paper(firm, holder, "refund", "undone", made->id, made->number);
    RefundReverse *back = MAKE(firm, RefundReverse, refund_reverse);
    back->refund_id = made->id;
    back->reason = desk_text(&firm->desk, "came back");
    (void)DO(firm, ClearingReply, "refund_reverse", back);
    desk_reset(&firm->desk);
}

static ClearingReply *give_up(struct firm *firm, uint64_t customer_id)
{
    WriteoffAdd *request = MAKE(firm, WriteoffAdd, writeoff_add);
    request->invoice_id = issue(firm, customer_id)->id;
    request->date_day = LATELY + 6;
    request->reason = desk_text(&firm->desk, "bankrupt");
    return DO(firm, ClearingReply, "writeoff_add", request);
}

static void make_writeoffs(struct firm *firm, const struct holder *holder)
{
    const ClearingReply *made = give_up(firm, holder->customer_id);
    (void)keep_paper(firm, holder, "writeoff", "given-up", made->id, made->number);
    made = give_up(firm, holder->customer_id);
    (void)keep_paper(firm, holder, "writeoff", "undone", made->id, made->number);
    WriteoffReverse *back = MAKE(firm, WriteoffReverse, writeoff_reverse);
    back->writeoff_id = made->id;
    back->reason = desk_text(&firm->desk, "wrong firm");
    (void)DO(firm, ClearingReply, "writeoff_reverse", back);
    made = give_up(firm, holder->customer_id);
    (void)keep_paper(firm, holder, "writeoff", "recovered", made->id, made->number);
    WriteoffRecover *come = MAKE(firm, WriteoffRecover, writeoff_recover);
    come->writeoff_id = made->id;
    (void)DO(firm, ClearingReply, "writeoff_recover", come);
    desk_reset(&firm->desk);
}

static void keep_entry(struct firm *firm, const struct holder *holder, const char *state,
                       uint64_t id)
{
    const EntryRecord *entry = (const EntryRecord *)(void *)row_of(firm, TABLE_entry, id);
    char number[32];
    (void)snprintf(number, sizeof number, "JE-%u-%04u", entry->year, entry->sequence);
    (void)keep_paper(firm, holder, "entry", state, id, number);
}

static const struct object *object_of(const struct firm *firm, size_t owner, const char *noun,
                                      const char *state)
{
    for (size_t i = 0; i < firm->object_count; i++) {
        const struct object *object = &firm->object[i];
        if (object->owner == owner && strcmp(object->noun, noun) == 0 &&
            strcmp(object->state, state) == 0) {
            return object;
        }
    }
    return NULL;
}

static void make_entries(struct firm *firm, const struct holder *holder)
{
    const uint64_t open_id = object_of(firm, holder->owner, "invoice", "open")->id;
    const uint64_t reversed_id = object_of(firm, holder->owner, "invoice", "reversed")->id;
    const uint64_t applied_id = object_of(firm, holder->owner, "payment", "applied")->id;
    const uint64_t undone_id = object_of(firm, holder->owner, "payment", "reversed")->id;
    keep_entry(firm, holder, "of-invoice",
               ((const InvoiceRecord *)(void *)row_of(firm, TABLE_invoice, open_id))->entry_id);
    keep_entry(firm, holder, "of-payment",
               ((const PaymentRecord *)(void *)row_of(firm, TABLE_payment, applied_id))->entry_id);
    const InvoiceRecord *reversed =
        (const InvoiceRecord *)(void *)row_of(firm, TABLE_invoice, reversed_id);
    keep_entry(firm, holder, "reversed", reversed->entry_id);
    const PaymentRecord *undone =
        (const PaymentRecord *)(void *)row_of(firm, TABLE_payment, undone_id);
    keep_entry(firm, holder, "undone", undone->entry_id);
    keep_entry(firm, holder, "reversal", undone->reversed_entry_id);
    desk_reset(&firm->desk);
}

static void furnish(struct firm *firm, size_t owner, uint64_t user_id, const char *region)
{
    struct holder holder = {.owner = owner, .user_id = user_id, .region = region};
    make_customers(firm, &holder);
    const uint64_t guarded_id = add_customer(firm, &holder, "guarded")->id;
    keep(firm, owner, "guarded", "", guarded_id, "")->customer_id = guarded_id;
    const CustomerAddReply *papers = add_customer(firm, &holder, "papers");
    holder.customer_id = papers->id;
    (void)snprintf(holder.number, sizeof holder.number, "%s", papers->number);
    make_invoices(firm, &holder);
    make_payments(firm, &holder);
    make_orders(firm, &holder);
    make_recurring(firm, &holder);
    make_refunds(firm, &holder);
    make_writeoffs(firm, &holder);
    make_entries(firm, &holder);
}

// Entries by hand, which concern the book and no customer.
static void make_vouchers(struct firm *firm)
{
    static const char *const STATES[] = {"hand", "undone"};
    for (size_t i = 0; i < COUNT_OF(STATES); i++) {
        EntryAdd *add = MAKE(firm, EntryAdd, entry_add);
        EntryLine **line = arena_alloc(firm->desk.arena, 2 * sizeof *line);
        demand(line != NULL, "arena");
        line[0] = MAKE(firm, EntryLine, entry_line);
        line[1] = MAKE(firm, EntryLine, entry_line);
        line[0]->account = 5602;
        line[0]->debit_minor = 700;
        line[1]->account = 1001;
        line[1]->credit_minor = 700;
        add->text = desk_text(&firm->desk, "Stamps");
        add->date_day = LATELY;
        add->line = line;
        add->n_line = 2;
        const EntryAddReply *made = DO(firm, EntryAddReply, "entry_add", add);
        (void)keep(firm, FIRM_ROLES_MAX + RELATION_FOREIGN, "voucher", STATES[i], made->id,
                   made->number);
        if (i == 1) {
            EntryReverse *reverse = MAKE(firm, EntryReverse, entry_reverse);
            reverse->entry_id = made->id;
            reverse->reason = desk_text(&firm->desk, "twice");
            made = DO(firm, EntryAddReply, "entry_reverse", reverse);
            (void)keep(firm, FIRM_ROLES_MAX + RELATION_FOREIGN, "voucher", "reversal", made->id,
                       made->number);
        }
        desk_reset(&firm->desk);
    }
}

// ---- people and roles as what others ask about ----

static void disable(struct firm *firm, uint64_t user_id)
{
    UserDisable *request = MAKE(firm, UserDisable, user_disable);
    request->user_id = user_id;
    request->reason = desk_text(&firm->desk, "left");
    (void)DO(firm, UserReply, "user_disable", request);
}

static void end_device(struct firm *firm, uint64_t device_id)
{
    DeviceRevoke *request = MAKE(firm, DeviceRevoke, device_revoke);
    request->device_id = device_id;
    request->reason = desk_text(&firm->desk, "lost");
    (void)DO(firm, DeviceReply, "device_revoke", request);
}

// A person of each state, of that team and region, with a device where there is one.
static void make_people(struct firm *firm, enum relation relation, const char *team,
                        const char *region)
{
    static const char *const STATES[] = {"active", "disabled", "lost", "owner"};
    const size_t owner = FIRM_ROLES_MAX + (size_t)relation;
    char login[32];
    for (size_t i = 0; i < COUNT_OF(STATES); i++) {
        struct member member;
        const bool is_owner = strcmp(STATES[i], "owner") == 0;
        (void)snprintf(login, sizeof login, "%s.%s", RELATION_NAMES[relation], STATES[i]);
        engage(firm, &member, login, is_owner ? "owner" : "sales", team, region);
        (void)keep(firm, owner, "user", STATES[i], member.user_id, login);
        if (strcmp(STATES[i], "disabled") == 0) {
            disable(firm, member.user_id);
        } else if (strcmp(STATES[i], "lost") == 0) {
            end_device(firm, member.peer.device_id);
            (void)keep(firm, owner, "device", "revoked", member.peer.device_id, login);
        } else if (!is_owner) {
            (void)keep(firm, owner, "device", "active", member.peer.device_id, login);
        }
        desk_reset(&firm->desk);
    }
    (void)snprintf(login, sizeof login, "%s.invited", RELATION_NAMES[relation]);
    const uint64_t user_id = desk_invite(&firm->desk, &firm->principal.peer, login,
                                         invitation(firm, "sales", team, region));
    (void)keep(firm, owner, "user", "invited", user_id, login);
    desk_reset(&firm->desk);
}

static uint64_t add_role(struct firm *firm, const char *word)
{
    RoleAdd *add = MAKE(firm, RoleAdd, role_add);
    add->word = desk_text(&firm->desk, word);
    add->like_id = ROLE_AUDITOR;
    return DO(firm, RoleReply, "role_add", add)->id;
}

static void make_roles(struct firm *firm)
{
    const size_t owner = FIRM_ROLES_MAX + RELATION_FOREIGN;
    struct member member;
    (void)keep(firm, owner, "role", "fixed", ROLE_OWNER, role_word(ROLE_OWNER));
    (void)keep(firm, owner, "role", "built-in", ROLE_SERVICE, role_word(ROLE_SERVICE));
    (void)keep(firm, owner, "role", "unused", add_role(firm, "reserve"), "reserve");
    (void)keep(firm, owner, "role", "used", add_role(firm, "branch"), "branch");
    engage(firm, &member, "branch.clerk", "branch", "south", "West");
    for (size_t i = 0; i < firm->subject_count; i++) {
        const enum role role = firm->subject[i].role;
        if (role != ROLE_OWNER && role != ROLE_SERVICE) {
            (void)keep(firm, i, "role", "held", role, role_word(role));
        }
    }
    desk_reset(&firm->desk);
}

// Everybody who asks is one who can be asked about.
static void keep_subjects(struct firm *firm)
{
    for (size_t i = 0; i < firm->subject_count; i++) {
        const struct member *member = &firm->subject[i].member;
        (void)keep(firm, i, "user", "active", member->user_id, member->login);
        (void)keep(firm, i, "device", "active", member->peer.device_id, member->login);
        const uint64_t session_id = firm->subject[i].peer[LOGIN_STALE].session_id;
        (void)keep(firm, i, "session", "live", session_id, "");
    }
    (void)keep(firm, FIRM_ROLES_MAX + RELATION_TEAM, "session", "live",
               desk_login(&firm->desk, &firm->mate), "");
    (void)keep(firm, FIRM_ROLES_MAX + RELATION_FOREIGN, "session", "live",
               desk_login(&firm->desk, &firm->stranger), "");
}

// ---- what waits for a second person ----

static void watch_payments(struct firm *firm)
{
    RuleSet *set = MAKE(firm, RuleSet, rule_set);
    set->kind = desk_text(&firm->desk, "payment");
    set->over_minor = MUCH;
    (void)DO(firm, RuleReply, "rule_set", set);
}

// A payment that somebody enters and that waits; the newest approval is its.
static uint64_t ask_for_payment(struct firm *firm, const struct peer *peer, uint64_t customer_id,
                                char number[static 32])
{
    PaymentAdd *add = MAKE(firm, PaymentAdd, payment_add);
    add->customer_id = customer_id;
    add->amount_minor = MUCH + 1;
    add->method = PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
    const Reply *reply = desk_call(&firm->desk, peer, "payment_add", (ProtobufCMessage *)add);
    demand(reply->status == STATUS_APPROVAL_PENDING, "a payment that waits");
    const ApprovalListReply *list =
        DO(firm, ApprovalListReply, "approval_list", MAKE(firm, ApprovalList, approval_list));
    const ApprovalRow *newest = list->row[0];
    for (size_t i = 1; i < list->n_row; i++) {
        newest = list->row[i]->id > newest->id ? list->row[i] : newest;
    }
    (void)snprintf(number, 32, "%s", newest->number);
    return newest->id;
}

static void decide(struct firm *firm, const char *state, uint64_t id)
{
    if (strcmp(state, "approved") == 0) {
        ApprovalApprove *approve = MAKE(firm, ApprovalApprove, approval_approve);
        approve->approval_id = id;
        (void)DO(firm, ApprovalReply, "approval_approve", approve);
    } else if (strcmp(state, "declined") == 0) {
        ApprovalDecline *decline = MAKE(firm, ApprovalDecline, approval_decline);
        decline->approval_id = id;
        decline->reason = desk_text(&firm->desk, "too much");
        (void)DO(firm, ApprovalReply, "approval_decline", decline);
    } else if (strcmp(state, "withdrawn") == 0) {
        ApprovalWithdraw *withdraw = MAKE(firm, ApprovalWithdraw, approval_withdraw);
        withdraw->approval_id = id;
        (void)desk_do(&firm->desk, &firm->clerk.peer, "approval_withdraw",
                      (ProtobufCMessage *)withdraw);
    }
}

static void make_approvals(struct firm *firm, bool early)
{
    static const char *const STATES[] = {"expired", "approved", "declined", "withdrawn", "pending"};
    const size_t made = firm->object_count;
    for (size_t i = 0; i < made; i++) {
        const struct object *guarded = &firm->object[i];
        if (strcmp(guarded->noun, "guarded") != 0) {
            continue;
        }
        for (size_t k = early ? 0 : 1; k < (early ? 1 : COUNT_OF(STATES)); k++) {
            char number[32];
            const uint64_t id =
                ask_for_payment(firm, &firm->clerk.peer, guarded->customer_id, number);
            decide(firm, STATES[k], id);
            (void)keep(firm, guarded->owner, "approval", STATES[k], id, number);
            desk_reset(&firm->desk);
        }
    }
}

// What the person asked for who asks now.
static void make_requests(struct firm *firm)
{
    for (size_t i = 0; i < firm->subject_count; i++) {
        const enum role role = firm->subject[i].role;
        if (role == ROLE_OWNER || role == ROLE_FINANCE) {
            char number[32];
            const struct object *guarded = object_of(firm, i, "guarded", "");
            const uint64_t id = ask_for_payment(firm, &firm->subject[i].peer[LOGIN_FRESH],
                                                guarded->customer_id, number);
            (void)keep(firm, i, "request", "pending", id, number);
            desk_reset(&firm->desk);
        }
    }
}

// The cashier enters no payment above this.
static void cap_payments(struct firm *firm)
{
    RoleGrant *grant = MAKE(firm, RoleGrant, role_grant);
    grant->role_id = ROLE_CASHIER;
    grant->permission = desk_text(&firm->desk, "payment.add");
    grant->scope = SCOPE__SCOPE_ALL;
    grant->limit_minor = 500000;
    (void)DO(firm, RoleReply, "role_grant", grant);
    desk_reset(&firm->desk);
}

// ---- logins ----

static void dismiss_one(struct firm *firm, struct subject *subject, enum login how)
{
    struct member member;
    char login[32];
    (void)snprintf(login, sizeof login, "%s.%s", role_word(subject->role), LOGIN_NAMES[how]);
    engage(firm, &member, login, role_word(subject->role), FIRM_TEAM, FIRM_REGION);
    if (how == LOGIN_DISABLED) {
        disable(firm, member.user_id);
    } else {
        end_device(firm, member.peer.device_id);
    }
    subject->peer[how] = member.peer;
    desk_reset(&firm->desk);
}

// The sessions of everybody, from the oldest to the freshest; the clock goes on meanwhile.
static void stage_logins(struct firm *firm)
{
    for (size_t i = 0; i < firm->subject_count; i++) {
        struct subject *subject = &firm->subject[i];
        subject->peer[LOGIN_NONE] = subject->member.peer;
        subject->peer[LOGIN_NONE].session_id = 0;
    }
    firm->desk.now_us += 13 * HOUR_US;
    (void)desk_login(&firm->desk, &firm->principal);
    for (size_t i = 0; i < firm->subject_count; i++) {
        struct subject *subject = &firm->subject[i];
        (void)desk_login(&firm->desk, &subject->member);
        subject->peer[LOGIN_STALE] = subject->member.peer;
    }
    desk_reset(&firm->desk);
    for (size_t i = 0; i < firm->subject_count; i++) {
        dismiss_one(firm, &firm->subject[i], LOGIN_DISABLED);
        dismiss_one(firm, &firm->subject[i], LOGIN_REVOKED);
    }
    firm->desk.now_us += 20 * MINUTE_US;
    (void)desk_login(&firm->desk, &firm->principal);
    for (size_t i = 0; i < firm->subject_count; i++) {
        struct subject *subject = &firm->subject[i];
        (void)desk_login(&firm->desk, &subject->member);
        subject->peer[LOGIN_FRESH] = subject->member.peer;
    }
    desk_reset(&firm->desk);
}

void firm_open(struct firm *firm)
{
    *firm = (struct firm){0};
    desk_open(&firm->desk, NOON_US - 8 * DAY_US - 14 * HOUR_US, NULL, &firm->principal);
    desk_reset(&firm->desk);
    for (enum role role = ROLE_NONE + 1; role < ROLE_LIMIT; role++) {
        engage_subject(firm, role);
    }
    engage(firm, &firm->mate, "mate", "sales", FIRM_TEAM, "West");
    engage(firm, &firm->neighbour, "neighbour", "sales", "south", FIRM_REGION);
    engage(firm, &firm->stranger, "stranger", "sales", "south", "West");
    engage(firm, &firm->clerk, "clerk", "finance", "south", "West");
    for (size_t i = 0; i < firm->subject_count; i++) {
        furnish(firm, i, firm->subject[i].member.user_id, "Own");
    }
    furnish(firm, FIRM_ROLES_MAX + RELATION_TEAM, firm->mate.user_id, "West");
    furnish(firm, FIRM_ROLES_MAX + RELATION_REGION, firm->neighbour.user_id, FIRM_REGION);
    furnish(firm, FIRM_ROLES_MAX + RELATION_FOREIGN, firm->stranger.user_id, "West");
    make_vouchers(firm);
    watch_payments(firm);
    make_approvals(firm, true);
    firm->desk.now_us += 8 * DAY_US;
    (void)desk_login(&firm->desk, &firm->principal);
    (void)desk_login(&firm->desk, &firm->clerk);
    make_approvals(firm, false);
    make_people(firm, RELATION_TEAM, FIRM_TEAM, "West");
    make_people(firm, RELATION_REGION, "south", FIRM_REGION);
    make_people(firm, RELATION_FOREIGN, "south", "West");
    make_roles(firm);
    cap_payments(firm);
    stage_logins(firm);
    make_requests(firm);
    keep_subjects(firm);
}

void firm_close(struct firm *firm)
{
    desk_close(&firm->desk);
}

// ---- asking ----

uint64_t firm_owner(const struct firm *firm, size_t subject, enum relation relation)
{
    switch (relation) {
    case RELATION_OWN:
        return firm->subject[subject].member.user_id;
    case RELATION_TEAM:
        return firm->mate.user_id;
    case RELATION_REGION:
        return firm->neighbour.user_id;
    case RELATION_FOREIGN:
        return firm->stranger.user_id;
    case RELATION_MISSING:
        break;
    }
    return FIRM_MISSING;
}

const struct object *firm_object(const struct firm *firm, size_t subject, const char *noun,
                                 enum relation relation, const char *state)
{
    static const struct object MISSING = {.noun = "",
                                          .state = "",
                                          .owner = SIZE_MAX,
                                          .id = FIRM_MISSING,
                                          .customer_id = FIRM_MISSING,
                                          .version = 1,
                                          .number = "C-99999",
                                          .customer = "C-99999"};
    if (relation == RELATION_MISSING) {
        return &MISSING;
    }
    const size_t owner = relation == RELATION_OWN ? subject : FIRM_ROLES_MAX + (size_t)relation;
    return object_of(firm, owner, noun, state);
}
