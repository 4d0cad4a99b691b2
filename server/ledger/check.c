// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/finding.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

// Checks of the books (domain.md d.15; requirements R58). The server computes them beside the
// machine (server/ops/checker.h), in a snapshot; here is what of it is kept: a row for each, and
// one finding while something is broken.

// What it found stands in the server's memory: admission puts it into the reply.
enum status check_books(struct txn *txn, struct call *call, const CheckBooks *request,
                        CheckBooksReply *reply)
{
    (void)txn;
    (void)call;
    (void)request;
    (void)reply;
    return STATUS_OK;
}

enum status check_status(struct txn *txn, struct call *call, const CheckStatus *request,
                         CheckBooksReply *reply)
{
    (void)txn;
    (void)call;
    (void)request;
    (void)reply;
    return STATUS_OK;
}

// What does not hold, a line each.
static char *faults_print(struct call *call, const CheckNote *request)
{
    char *text = arena_copy(call->arena, "", 0);
    for (size_t i = 0; text != NULL && i < request->n_fault; i++) {
        const CheckFault *fault = request->fault[i];
        text = arena_print(call->arena, "%s%s%u: %s", text, i > 0 ? "; " : "", fault->invariant,
                           fault->text);
    }
    return text;
}

static enum status note_finding(struct txn *txn, struct call *call, const CheckNote *request,
                                uint64_t check_id, uint64_t *finding_id)
{
    char *notes = faults_print(call, request);
    const char *title = arena_print(call->arena, "the books do not tie: %llu faults",
                                    (unsigned long long)request->broken);
    return notes != NULL && title != NULL
               ? finding_of_check(txn, call, check_id, title, notes, finding_id)
               : STATUS_TOO_LARGE;
}

enum status check_note(struct txn *txn, struct call *call, const CheckNote *request, Empty *reply)
{
    (void)reply;
    CheckRecord record;
    check_record__init(&record);
    record.id = call_new_id(call);
    record.began_us = request->began_us;
    record.ended_us = call->instant_us;
    record.day = call->book_day;
    record.number = request->number;
    record.rows = request->rows;
    record.broken = request->broken;
    enum status status = STATUS_OK;
    if (request->broken > 0) {
        status = note_finding(txn, call, request, record.id, &record.finding_id);
    }
    if (status == STATUS_OK) {
        status = check_put(txn, key_u64(record.id), &record);
    }

    call_about(call, record.id, request->broken > 0 ? "broken" : "holds");
    return status;
}

static enum status fill_run(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *row)
{
    const CheckRecord *from = (const CheckRecord *)record;
    CheckRun *to = (CheckRun *)row;
    to->id = from->id;
    to->began_us = from->began_us;
    to->ended_us = from->ended_us;
    to->state = from->broken > 0 ? CHECK_STATE__CHECK_STATE_BROKEN : CHECK_STATE__CHECK_STATE_HOLDS;
    to->number = from->number;
    to->rows = from->rows;
    to->broken = from->broken;
    if (from->finding_id == 0) {
        return STATUS_OK;
    }
    FindingRecord *finding = NULL;
    const enum status status = finding_get(txn, key_u64(from->finding_id), &finding);
    if (status != STATUS_OK) {
        return status;
    }
    to->finding = finding_number(call->arena, finding);
    return to->finding != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status check_list(struct txn *txn, struct call *call, const CheckList *request,
                       CheckListReply *reply)
{
    struct row_page page = {.table = TABLE_check,
                            .backwards = true,
                            .descriptor = &check_run__descriptor,
                            .fill = fill_run};
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (CheckRun **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
