// SPDX-License-Identifier: Apache-2.0
#include "shared/status.h"

struct row {
    uint32_t number;
    int exit_code;
    const char *code;
    const char *sentence;
};

static const struct row ROWS[] = {
#define STATUS(name, number, exit_code, code, sentence) {number, exit_code, code, sentence},
#include "proto/status.def"
#undef STATUS
};

static const struct row *row_of(uint32_t number)
{
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        if (ROWS[i].number == number) {
            return &ROWS[i];
        }
    }
    return NULL;
}

bool status_is_known(uint32_t number)
{
    return row_of(number) != NULL;
}

const char *status_code(enum status status)
{
    const struct row *row = row_of((uint32_t)status);
    return row != NULL ? row->code : "E-UNKNOWN";
}

int status_exit(enum status status)
{
    const struct row *row = row_of((uint32_t)status);
    return row != NULL ? row->exit_code : 70;
}

const char *status_sentence(enum status status)
{
    const struct row *row = row_of((uint32_t)status);
    return row != NULL ? row->sentence : "unknown outcome";
}
