// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/account.h"
#include "server/ledger/role.h"
#include "server/ledger/tax.h"
#include "server/ledger/user.h"

// One row of charts.def in the chart that the book is opened with.
struct chart_row {
    uint32_t role;
    AccountKind kind;
    bool control;
    bool cash;
    const char *name[CHART_COUNT]; // cn-small, cn-enterprise, international
};

enum flag { PLAIN, CONTROL, CASH };

static const struct chart_row ROWS[] = {
#define ACCOUNT(role_, number, kind_, flag, small, small_name, enterprise, enterprise_name, \
                international, international_name)                                          \
    {                                                                                       \
        .role = (number),                                                                   \
        .kind = ACCOUNT_KIND__ACCOUNT_KIND_##kind_,                                         \
        .control = (flag) == CONTROL,                                                       \
        .cash = (flag) == CASH,                                                             \
        .name = {small_name, enterprise_name, international_name},                          \
    },
#include "server/ledger/charts.def"
#undef ACCOUNT
};

// Roles that share an account of the chart make one row; the first role names it.
static bool is_first(const struct chart *chart, size_t index)
{
    uint32_t code = chart_code(chart, (enum account_role)ROWS[index].role);
    for (size_t i = 0; i < index; i++) {
        if (chart_code(chart, (enum account_role)ROWS[i].role) == code) {
            return false;
        }
    }
    return code != 0;
}

static enum status put_accounts(struct txn *txn, struct call *call, const struct chart *chart)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(ROWS); i++) {
        if (!is_first(chart, i)) {
            continue;
        }
        const char *name = ROWS[i].name[chart_number(chart)];
        AccountRecord account;
        account_record__init(&account);
        account.code = chart_code(chart, (enum account_role)ROWS[i].role);
        account.name = arena_copy(call->arena, name, strlen(name));
        account.kind = ROWS[i].kind;
        account.control = ROWS[i].control;
        account.cash = ROWS[i].cash;
        account.role = ROWS[i].role;
        status = account.name != NULL ? account_put(txn, key_u64(account.code), &account)
                                      : STATUS_TOO_LARGE;
    }
    return status;
}

static enum status put_owner(struct txn *txn, struct call *call, const BookOpen *request)
{
    const uint32_t roles[] = {ROLE_OWNER};
    const struct user_invited owner = {
        .login = request->owner_login,
        .login_hash = request->login_hash,
        .name = "",
        .role = roles,
        .role_count = COUNT_OF(roles),
        .role_text = role_word(ROLE_OWNER),
        .team = "",
        .region = "",
        .invitation_id = request->invitation_id,
        .expires_us = request->expires_us,
    };
    UserRecord *user;
    return user_create_invited(txn, call, &owner, &user);
}

enum status book_open(struct txn *txn, struct call *call, const BookOpen *request, Empty *reply)
{
    BookRecord *known;
    enum status status = book_get(txn, key_u64(BOOK_KEY), &known);
    const struct chart *chart = chart_by_word(request->chart);

    if (status == STATUS_OK) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, "the book is open already");
    }
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    if (chart == NULL) {
        return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, "chart", "%s", request->chart);
    }
    if (request->owner_login[0] == '\0') {
        return refuse(txn, call, STATUS_FIELD_MISSING, "owner_login", "a book needs an owner");
    }

    BookRecord book;
    book_record__init(&book);
    book.company = request->company;
    book.currency = request->currency;
    book.decimals = request->decimals;
    book.chart = request->chart;
    book.time_zone = request->time_zone;
    book.opened_us = call->instant_us;
    status = book_put(txn, key_u64(BOOK_KEY), &book);
    if (status == STATUS_OK) {
        status = put_accounts(txn, call, chart);
    }
    if (status == STATUS_OK && request->chart_edition >= CHART_EDITION) {
        status = account_seed(txn, call->arena, chart);
    }
    if (status == STATUS_OK) {
        status = tax_seed(txn, request->chart);
    }
    if (status == STATUS_OK) {
        status = role_seed_all(txn, call);
    }
    if (status == STATUS_OK) {
        status = put_owner(txn, call, request);
    }

    (void)reply;
    call_about(call, BOOK_KEY, NULL);
    return status;
}
