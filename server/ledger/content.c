// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/content.h"

#include "server/ledger/reading.h"

// Characters that say something: blanks do not.
static uint32_t letters(const char *text)
{
    uint32_t count = 0;
    for (const char *at = text; *at != '\0'; at++) {
        const bool continues = ((unsigned char)*at & 0xC0u) == 0x80u;
        count += continues || *at == ' ' || *at == '\n' ? 0 : 1;
    }
    return count;
}

// The newest rule that holds on the day; NULL: nothing is demanded.
static const ContentRule *rule_for(const BookRecord *book, ContentKind kind, int32_t day)
{
    const ContentRule *found = NULL;
    for (size_t i = 0; i < book->n_content; i++) {
        const ContentRule *each = book->content[i];
        const bool is_later = found == NULL || each->from_day > found->from_day;
        if (each->kind == kind && each->from_day <= day && is_later) {
            found = each;
        }
    }
    return found;
}

static enum status refuse_short(struct books *books, const char *field, uint32_t said,
                                uint32_t demanded)
{
    return books_refuse(books, STATUS_CONTENT_MISSING, field, arena_print(books->arena, "%u", said),
                        arena_print(books->arena, "%u", demanded));
}

enum status content_check(struct books *books, const struct content *content)
{
    const ContentRule *rule = rule_for(books->record, content->kind, content->date_day);
    enum status status = STATUS_OK;
    if (rule == NULL) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < content->line_count; i++) {
        const InvoiceLine *line = content->line[i];
        const uint32_t said = letters(line->description);
        if (!line->rounding && said < rule->text) {
            status = refuse_short(books, arena_print(books->arena, "line[%zu].description", i + 1),
                                  said, rule->text);
        }
    }
    if (content->line == NULL && letters(content->text) < rule->text) {
        status = refuse_short(books, content->field, letters(content->text), rule->text);
    }
    if (rule->reference && content->reference[0] == '\0') {
        status = books_refuse(books, STATUS_CONTENT_MISSING, "reference", NULL, NULL);
    }
    return status;
}

// ---- commands ----

static char *rule_text(struct call *call, const ContentRule *rule)
{
    return rule == NULL
               ? reading_constant("")
               : arena_print(call->arena, "%u%s", rule->text, rule->reference ? ", reference" : "");
}

enum status content_set(struct txn *txn, struct call *call, const ContentSet *request,
                        ContentRule *reply)
{
    BookRecord *book = NULL;
    const int32_t from_day = request->from_day != 0 ? request->from_day : call->book_day;
    enum status status = reading_book(txn, &book);
    if (status != STATUS_OK) {
        return status;
    }
    const ContentRule *holds = rule_for(book, request->kind, from_day);
    ContentRule *rule = arena_alloc(call->arena, sizeof *rule);
    ContentRule **list = arena_alloc(call->arena, (book->n_content + 1) * sizeof *list);
    if (rule == NULL || list == NULL) {
        return STATUS_TOO_LARGE;
    }

    const bool is_credit = request->kind == CONTENT_KIND__CONTENT_KIND_CREDIT_NOTE;
    if (is_credit && request->reference) {
        return refuse(txn, call, STATUS_FIELD_CONFLICT, "reference", NULL);
    }
    const bool is_same =
        holds != NULL ? holds->text == request->text && holds->reference == request->reference
                      : request->text == 0 && !request->reference;
    if (is_same) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }
    if (book->n_content >= CONTENT_RULES_MAX) {
        return refuse(txn, call, STATUS_TOO_LARGE, NULL, NULL);
    }

    content_rule__init(rule);
    rule->kind = request->kind;
    rule->from_day = from_day;
    rule->text = request->text;
    rule->reference = request->reference;
    size_t count = 0;
    for (size_t i = 0; i < book->n_content; i++) {
        ContentRule *each = book->content[i];
        if (each->kind != rule->kind || each->from_day != rule->from_day) {
            list[count++] = each;
        }
    }
    list[count++] = rule;
    call_note_change(call, 0, "content", rule_text(call, holds), rule_text(call, rule));
    book->content = list;
    book->n_content = count;
    *reply = *rule;
    return book_put(txn, key_u64(BOOK_KEY), book);
}

enum status content_list(struct txn *txn, struct call *call, const ContentList *request,
                         ContentListReply *reply)
{
    (void)call;
    (void)request;
    BookRecord *book = NULL;
    const enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        reply->row = book->content;
        reply->n_row = book->n_content;
    }
    return status;
}
