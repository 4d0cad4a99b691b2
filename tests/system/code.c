// SPDX-License-Identifier: Apache-2.0
// code SECRET [SECONDS]: the one-time code of a base32 secret so many seconds from now, for tests
// that have no telephone.
#include "shared/base.h"

#include <liboath/oath.h>
#include <time.h>

int main(int count, char *words[])
{
    char code[8];
    char *seed = NULL;
    size_t size = 0;
    if (count < 2 || oath_base32_decode(words[1], strlen(words[1]), &seed, &size) != OATH_OK) {
        return EXIT_FAILURE;
    }
    const time_t then = time(NULL) + (count > 2 ? (time_t)strtoull(words[2], NULL, 10) : 0);
    const int result = oath_totp_generate(seed, size, then, 30, 0, 6, code);
    free(seed);
    return result == OATH_OK && puts(code) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
