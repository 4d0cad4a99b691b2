// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/account.h"
#include "server/ledger/role.h"
#include "server/ledger/tax.h"
#include "server/ledger/user.h"

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
    status = request->chart_edition >= CHART_EDITION ? tax_limit_seed(call->arena, chart, &book)
                                                     : STATUS_OK;
    if (status == STATUS_OK) {
        status = book_put(txn, key_u64(BOOK_KEY), &book);
    }
    if (status == STATUS_OK) {
        status = account_seed(txn, call->arena, chart, request->chart_edition);
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
