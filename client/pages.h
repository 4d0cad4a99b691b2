// SPDX-License-Identifier: Apache-2.0
#pragma once

// Commands whose answer is a page of its own for people: aging, statement, a payment with what it
// settles, an invitation. A page gets the reply's inner message and writes to `out`.

#include "client/client.h"

typedef enum status page_function(struct client *client, const Reply *reply,
                                  const ProtobufCMessage *inner, FILE *out);

// NULL: the command is shown like all others.
page_function *page_of_command(const struct command *command);

page_function page_aging;
page_function page_statement;
page_function page_profit_loss;
page_function page_balance_sheet;
page_function page_cash_flow;
page_function page_ledger;
page_function page_contribution;
page_function page_dashboard;
page_function page_dunning;
page_function page_payment;
page_function page_rate;
page_function page_invitation;
page_function page_codes;
page_function page_notice;
page_function page_check;
page_function page_reconcile;

// A label padded to the pages' common width, for "label  value" lines.
void page_label(const char *label, FILE *out);
// Where to pay, and a note below; what is empty is left out.
void page_bank(const char *holder, const char *name, const char *account, const char *footer,
               FILE *out);
// Whether a statement ties with the accounts; NULL: nothing.
void page_tie(struct client *client, const FinancialTie *tie, FILE *out);
// How to go on behind the rows of a page; NULL, or the last one: nothing.
void page_more(size_t rows, const Page *page, FILE *out);
// The command line of this run without --dry-run, with the plan and with days as they were
// understood ("-1d" means another day tomorrow): for the commit line of a preview.
// NULL when too long.
const char *page_commit_line(struct client *client, const char *plan);
