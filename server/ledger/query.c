// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/query.h"

#include "server/ledger/cursor.h"
#include "shared/text.h"

#define SKIP_MAX 100000000u

bool term_is(const struct query_term *term, const char *field)
{
    return strcmp(term->field, field) == 0;
}

bool term_is_positive(const struct query_term *term)
{
    return strcmp(term->value, ">0") == 0;
}

static enum status refuse_text(struct txn *txn, struct call *call, const char *asked,
                               const char *allowed)
{
    problems_add(&call->problems, STATUS_QUERY_NOT_UNDERSTOOD, "query", asked, allowed, NULL);
    return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, NULL, "query");
}

enum status query_refuse(struct txn *txn, struct call *call, const struct query_term *term)
{
    return refuse_text(txn, call, arena_print(call->arena, "%s:%s", term->field, term->value),
                       NULL);
}

static bool is_among(const char *names, const char *name, size_t size)
{
    for (const char *at = names; *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length == size && memcmp(at, name, size) == 0) {
            return true;
        }
        at += length;
    }
    return false;
}

// Cuts the next word out of *rest: up to a blank, or to the closing quote. NULL at the end.
static char *next_word(char **rest)
{
    char *at = *rest + strspn(*rest, " \t");
    if (*at == '\0') {
        return NULL;
    }
    bool quoted = *at == '"';
    at += quoted;
    char *end = at + strcspn(at, quoted ? "\"" : " \t");
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return at;
}

static enum status add(struct txn *txn, struct call *call, char *word, const char *fields,
                       struct query *out)
{
    char *colon = strchr(word, ':');
    if (out->word_count + out->term_count == QUERY_TERMS_MAX) {
        return refuse_text(txn, call, NULL, "16");
    }
    if (colon == NULL) {
        out->word[out->word_count++] = word;
        return STATUS_OK;
    }
    if (!is_among(fields, word, (size_t)(colon - word)) || colon[1] == '\0') {
        return refuse_text(txn, call, word, fields);
    }
    *colon = '\0';
    out->term[out->term_count++] = (struct query_term){.field = word, .value = colon + 1};
    return STATUS_OK;
}

enum status query_parse(struct txn *txn, struct call *call, const char *text, const char *fields,
                        struct query *out)
{
    *out = (struct query){0};
    char *rest = text_fold(call->arena, text);
    if (rest == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = STATUS_OK;
    for (char *word = next_word(&rest); word != NULL && status == STATUS_OK;
         word = next_word(&rest)) {
        if (word[0] != '\0') {
            status = add(txn, call, word, fields, out);
        }
    }
    return status;
}

enum status sort_parse(struct txn *txn, struct call *call, const char *text,
                       const char *const *names, size_t count, size_t *index, bool *descending)
{
    *descending = text[0] == '-';
    const char *name = text + *descending;
    *index = 0;
    for (size_t i = 0; i < count && text[0] != '\0'; i++) {
        if (strcmp(names[i], name) == 0) {
            *index = i;
            return STATUS_OK;
        }
    }
    if (text[0] == '\0') {
        return STATUS_OK;
    }
    problems_add(&call->problems, STATUS_FIELD_NOT_CHOICE, "sort", text, NULL, NULL);
    return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, NULL, "sort");
}

enum status skip_parse(struct txn *txn, struct call *call, const char *cursor, uint64_t *skip)
{
    if (!cursor_parse(cursor, skip) || *skip > SKIP_MAX) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    return STATUS_OK;
}
