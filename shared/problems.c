// SPDX-License-Identifier: Apache-2.0
#include "shared/rules.h"
#include "shared/text.h"

void problems_init(struct problems *problems, struct arena *arena)
{
    assert(problems != NULL && arena != NULL);
    *problems = (struct problems){.arena = arena};
}

// At most PROBLEM_TEXT_MAX bytes and no half character; left as it is when there is nothing or no
// memory.
static void set_text(struct arena *arena, const char *text, char **out)
{
    char *safe = text != NULL && text[0] != '\0' ? text_safe(arena, text) : NULL;
    if (safe == NULL) {
        return;
    }
    size_t size = strlen(safe);
    if (size > PROBLEM_TEXT_MAX) {
        size = PROBLEM_TEXT_MAX;
        while (size > 0 && ((uint8_t)safe[size] & 0xc0) == 0x80) {
            size--;
        }
        safe[size] = '\0';
    }
    *out = safe;
}

void problems_add(struct problems *problems, enum status code, const char *field, const char *asked,
                  const char *allowed, const char *hint)
{
    assert(problems != NULL && code != STATUS_OK);
    struct arena *arena = problems->arena;
    Problem *problem = problems->count < PROBLEMS_MAX ? arena_alloc(arena, sizeof *problem) : NULL;
    if (problem == NULL) {
        problems->left_out++;
        return;
    }
    problem__init(problem);
    problem->code = (uint32_t)code;
    set_text(arena, field, &problem->field);
    set_text(arena, asked, &problem->asked);
    set_text(arena, allowed, &problem->allowed);
    set_text(arena, hint, &problem->hint);
    problems->list[problems->count++] = problem;
}

enum status problems_first(const struct problems *problems)
{
    assert(problems != NULL);
    if (problems->count > 0) {
        return (enum status)problems->list[0]->code;
    }
    return problems->left_out > 0 ? STATUS_TOO_LARGE : STATUS_OK;
}
