// SPDX-License-Identifier: Apache-2.0

// Looks for words in the raw bytes of files, in the forms in which a leak would show: UTF-8, UTF-16
// of both byte orders, hex of both cases, and base64 at each of its three alignments. Prints what
// it found and where; ends with 1 when it found something.
//   canary WORDS-FILE FILE...      one word a line

#include "shared/bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 64
#define FORM_MAX  1024

struct form {
    const char *word;
    const char *name;
    uint8_t bytes[FORM_MAX];
    size_t size;
};

static struct form forms[WORDS_MAX * 8];
static size_t form_count;

static void add(const char *word, const char *name, const uint8_t *bytes, size_t size)
{
    assert(form_count < COUNT_OF(forms) && size <= FORM_MAX);
    if (size < 4) {
        return;
    }
    struct form *form = &forms[form_count++];
    form->word = word;
    form->name = name;
    form->size = size;
    memcpy(form->bytes, bytes, size);
}

// Decodes one code point; the words are our own and valid.
static uint32_t code_point(const uint8_t **at)
{
    const uint8_t first = *(*at)++;
    if (first < 0x80) {
        return first;
    }
    const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    uint32_t value = first & (0x3fu >> more);
    for (int i = 0; i < more; i++) {
        value = value << 6 | (*(*at)++ & 0x3fu);
    }
    return value;
}

static void add_utf16(const char *word)
{
    uint8_t big[FORM_MAX], little[FORM_MAX];
    size_t size = 0;
    const uint8_t *at = (const uint8_t *)word;
    while (*at != '\0') {
        const uint32_t code = code_point(&at);
        uint16_t units[2] = {(uint16_t)code, 0};
        size_t count = 1;
        if (code > 0xffff) {
            units[0] = (uint16_t)(0xd800 + ((code - 0x10000) >> 10));
            units[1] = (uint16_t)(0xdc00 + ((code - 0x10000) & 0x3ff));
            count = 2;
        }
        for (size_t i = 0; i < count; i++) {
            put_u16(big + size, units[i]);
            little[size] = big[size + 1];
            little[size + 1] = big[size];
            size += 2;
        }
    }
    add(word, "UTF-16BE", big, size);
    add(word, "UTF-16LE", little, size);
}

static void add_hex(const char *word)
{
    char lower[FORM_MAX], upper[FORM_MAX];
    size_t size = 0;
    for (const uint8_t *at = (const uint8_t *)word; *at != '\0'; at++) {
        (void)snprintf(lower + size, sizeof lower - size, "%02x", *at);
        (void)snprintf(upper + size, sizeof upper - size, "%02X", *at);
        size += 2;
    }
    add(word, "hex", (const uint8_t *)lower, size);
    add(word, "HEX", (const uint8_t *)upper, size);
}

// The characters of a base64 text that depend on the word alone when `skip` foreign bytes stand
// before it.
static void add_base64(const char *word, size_t skip)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char *const names[] = {"base64", "base64 shifted by 1", "base64 shifted by 2"};
    const size_t size = strlen(word) + skip;
    uint8_t out[FORM_MAX];
    size_t count = 0;
    for (size_t bit = skip == 0 ? 0 : skip == 1 ? 12 : 18; bit + 6 <= size * 8; bit += 6) {
        uint32_t value = 0;
        for (size_t i = 0; i < 6; i++) {
            const size_t at = bit + i;
            const uint8_t byte = (uint8_t)word[at / 8 - skip];
            value = value << 1 | ((uint32_t)byte >> (7 - at % 8) & 1u);
        }
        out[count++] = (uint8_t)alphabet[value];
    }
    add(word, names[skip], out, count);
}

static void add_word(const char *word)
{
    add(word, "UTF-8", (const uint8_t *)word, strlen(word));
    add_utf16(word);
    add_hex(word);
    for (size_t skip = 0; skip < 3; skip++) {
        add_base64(word, skip);
    }
}

static bool search(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        (void)fprintf(stderr, "canary: cannot read %s\n", path);
        exit(2);
    }
    bool found = false;
    if (status.st_size > 0) {
        const size_t size = (size_t)status.st_size;
        const void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        assert(data != MAP_FAILED);
        for (size_t i = 0; i < form_count; i++) {
            const uint8_t *hit = memmem(data, size, forms[i].bytes, forms[i].size);
            if (hit != NULL) {
                (void)printf("%s: \"%s\" as %s at byte %zu\n", path, forms[i].word, forms[i].name,
                             (size_t)(hit - (const uint8_t *)data));
                found = true;
            }
        }
        (void)munmap((void *)(uintptr_t)data, size);
    }
    (void)close(fd);
    return found;
}

int main(int count, char **words)
{
    static char text[16384];
    if (count < 3) {
        (void)fprintf(stderr, "usage: canary WORDS-FILE FILE...\n");
        return 2;
    }
    FILE *file = fopen(words[1], "re");
    if (file == NULL) {
        return 2;
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    size_t word_count = 0;
    for (char *line = text; *line != '\0'; word_count++) {
        char *end = line + strcspn(line, "\n");
        const bool last = *end == '\0';
        *end = '\0';
        assert(word_count < WORDS_MAX);
        add_word(line);
        line = last ? end : end + 1;
    }
    bool found = false;
    for (int i = 2; i < count; i++) {
        found = search(words[i]) || found;
    }
    (void)printf("%zu words in %zu forms, %d files\n", word_count, form_count, count - 2);
    return found ? 1 : 0;
}
