// SPDX-License-Identifier: Apache-2.0
#include "client/import/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_CHUNK ((size_t)1024 * 1024)

struct sheet {
    uint8_t *output; // what the reader wrote; the cells point into it
    enum reader_encoding encoding;
    bool zipped;
    struct sheet_row *rows;
    size_t row_count;
    size_t row_room;
    const char **cells;
    size_t cell_count;
    size_t cell_room;
};

void sheet_free_at(struct sheet **sheet)
{
    if (*sheet != NULL) {
        free((*sheet)->output);
        free((*sheet)->rows);
        free((*sheet)->cells);
        free(*sheet);
    }
    *sheet = NULL;
}

// Room for one more element of an array that doubles.
static bool array_grow(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return true;
    }
    size_t more = *room == 0 ? 1024 : *room * 2;
    void *grown = realloc(*array, more * size);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    *room = more;
    return true;
}

// Text of the cell without white space around it, and in one line: cut in place.
static const char *cell_trim(uint8_t *text, size_t size)
{
    static const char WIDE_SPACE[] = "\xe3\x80\x80";
    char *from = (char *)text;
    char *to = from + size;
    for (;;) {
        if (from < to && (*from == ' ' || *from == '\t' || *from == '\r' || *from == '\n')) {
            from++;
        } else if (to - from >= 3 && memcmp(from, WIDE_SPACE, 3) == 0) {
            from += 3;
        } else {
            break;
        }
    }
    for (;;) {
        if (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r' || to[-1] == '\n')) {
            to--;
        } else if (to - from >= 3 && memcmp(to - 3, WIDE_SPACE, 3) == 0) {
            to -= 3;
        } else {
            break;
        }
    }
    *to = '\0';
    for (char *c = from; c < to; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\t') {
            *c = ' ';
        }
    }
    return from;
}

// One row's frame at `at`; the position behind it, or 0 when it is malformed.
static size_t row_take(struct sheet *sheet, size_t at, size_t size)
{
    if (size - at < 8) {
        return 0;
    }
    uint32_t number = get_u32(sheet->output + at);
    uint32_t count = get_u32(sheet->output + at + 4);
    at += 8;
    if (count > READER_COLUMNS_MAX || sheet->row_count > READER_ROWS_MAX ||
        !array_grow((void **)&sheet->rows, sheet->row_count, &sheet->row_room,
                    sizeof(*sheet->rows))) {
        return 0;
    }
    sheet->rows[sheet->row_count++] =
        (struct sheet_row){.number = number, .cell_count = count, .first = sheet->cell_count};
    for (uint32_t i = 0; i < count; i++) {
        if (size - at < 4) {
            return 0;
        }
        size_t bytes = get_u32(sheet->output + at);
        at += 4;
        if (bytes > READER_CELL_BYTES_MAX || size - at < bytes + 1 ||
            sheet->output[at + bytes] != 0 ||
            memchr(sheet->output + at, 0, bytes + 1) != sheet->output + at + bytes ||
            !array_grow((void **)&sheet->cells, sheet->cell_count, &sheet->cell_room,
                        sizeof(*sheet->cells))) {
            return 0;
        }
        sheet->cells[sheet->cell_count++] = cell_trim(sheet->output + at, bytes);
        at += bytes + 1;
    }
    return at;
}

// Takes `output` over, also when there is no memory for the sheet.
static struct sheet *sheet_make(uint8_t *output)
{
    struct sheet *sheet = calloc(1, sizeof(*sheet));
    if (sheet == NULL) {
        free(output);
        return NULL;
    }
    sheet->output = output;
    return sheet;
}

enum status sheet_of_output(uint8_t *output, size_t size, struct sheet **out, uint32_t *bad_row)
{
    assert(output != NULL && bad_row != NULL);
    *bad_row = 0;
    CLEANUP(sheet_free_at) struct sheet *sheet = sheet_make(output);
    if (sheet == NULL) {
        return STATUS_ENVIRONMENT;
    }
    if (size < READER_HEAD_BYTES || memcmp(output, READER_MAGIC, sizeof(READER_MAGIC) - 1) != 0 ||
        output[6] < READER_UTF8 || output[6] > READER_GB18030) {
        return STATUS_READER_FAILED;
    }
    sheet->encoding = (enum reader_encoding)output[6];
    sheet->zipped = output[8] == 1;
    size_t at = READER_HEAD_BYTES;
    while (at < size && output[at] == READER_ROW) {
        at = row_take(sheet, at + 1, size);
        if (at == 0) {
            return STATUS_READER_FAILED;
        }
    }
    if (size - at != 9 || output[at] != READER_END) {
        return STATUS_READER_FAILED;
    }
    uint32_t status = get_u32(output + at + 1);
    if (status != STATUS_OK) {
        *bad_row = get_u32(output + at + 5);
        return status == STATUS_TOO_LARGE || status == STATUS_FILE_ERROR ? (enum status)status
                                                                         : STATUS_READER_FAILED;
    }
    *out = sheet;
    sheet = NULL;
    return STATUS_OK;
}

static enum status child_start(const char *program, const char *read, int file, int output,
                               pid_t *pid)
{
    char name[] = "kontor";
    char tool[] = "__read";
    char format[8] = "";
    assert(strlen(read) < sizeof format);
    memcpy(format, read, strlen(read));
    char *words[] = {name, tool, format, NULL};
    char *nothing[] = {NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return STATUS_ENVIRONMENT;
    }
    int failed = posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO);
    failed |= posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    failed |= posix_spawn(pid, program, &actions, NULL, words, nothing);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed == 0 ? STATUS_OK : STATUS_ENVIRONMENT;
}

// All that the child writes, up to the maximum.
static enum status output_read(int fd, uint8_t **out, size_t *size)
{
    uint8_t *data = NULL;
    size_t used = 0;
    size_t room = 0;
    enum status status = STATUS_OK;
    for (;;) {
        if (used == room) {
            size_t more = room == 0 ? 1 << 20 : room * 2;
            uint8_t *grown = more > READER_OUTPUT_BYTES_MAX ? NULL : realloc(data, more);
            if (grown == NULL) {
                status = STATUS_TOO_LARGE;
                break;
            }
            data = grown;
            room = more;
        }
        ssize_t got = read(fd, data + used, room - used);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            status = STATUS_FILE_ERROR;
            break;
        }
        used += got > 0 ? (size_t)got : 0;
    }
    if (status != STATUS_OK) {
        free(data);
        return status;
    }
    *out = data;
    *size = used;
    return STATUS_OK;
}

enum status sheet_read(const char *program, const char *format, int file, struct sheet **out,
                       uint32_t *bad_row)
{
    assert(program != NULL && file >= 0 && out != NULL);
    *bad_row = 0;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return STATUS_ENVIRONMENT;
    }
    pid_t pid = 0;
    enum status status = child_start(program, format, file, ends[1], &pid);
    (void)close(ends[1]);
    uint8_t *output = NULL;
    size_t size = 0;
    if (status == STATUS_OK) {
        status = output_read(ends[0], &output, &size);
        (void)close(ends[0]);
        int ended = 0;
        (void)waitpid(pid, &ended, 0);
    } else {
        (void)close(ends[0]);
    }
    return status != STATUS_OK ? status : sheet_of_output(output, size, out, bad_row);
}

size_t sheet_row_count(const struct sheet *sheet)
{
    return sheet->row_count;
}

const struct sheet_row *sheet_row(const struct sheet *sheet, size_t index)
{
    assert(index < sheet->row_count);
    return &sheet->rows[index];
}

const char *sheet_cell(const struct sheet *sheet, size_t row, size_t column)
{
    assert(row < sheet->row_count);
    const struct sheet_row *facts = &sheet->rows[row];
    return column < facts->cell_count ? sheet->cells[facts->first + column] : "";
}

enum reader_encoding sheet_encoding(const struct sheet *sheet)
{
    return sheet->encoding;
}

bool sheet_was_zipped(const struct sheet *sheet)
{
    return sheet->zipped;
}

enum status sheet_hash(int file, uint8_t hash[static KEY_BYTES])
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(2 * FILE_CHUNK);
    uint8_t *chunk = arena == NULL ? NULL : arena_alloc(arena, KEY_BYTES + FILE_CHUNK);
    if (chunk == NULL) {
        return STATUS_ENVIRONMENT;
    }
    memset(hash, 0, KEY_BYTES);
    for (off_t at = 0;;) {
        ssize_t got = pread(file, chunk + KEY_BYTES, FILE_CHUNK, at);
        if (got < 0) {
            return STATUS_FILE_ERROR;
        }
        if (got == 0) {
            return STATUS_OK;
        }
        memcpy(chunk, hash, KEY_BYTES);
        key_hash(NULL, bytes_of(chunk, KEY_BYTES + (size_t)got), hash, KEY_BYTES);
        at += got;
    }
}
