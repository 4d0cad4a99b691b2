// SPDX-License-Identifier: Apache-2.0
#include "client/sheet/writer.h"

#include "client/import/fence.h"
#include "client/sheet/xlsx.h"
#include "shared/bytes.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_BYTES ((size_t)64 * 1024)

struct writer {
    struct xlsx *xlsx;
    bool has_sheet;
    uint32_t frames;
    struct sheet_cell cell[WORKBOOK_COLUMNS_MAX];
    char *text; // of the row that is read, one cell behind the other
    size_t text_room;
};

static bool input_take(void *out, size_t size)
{
    return fread(out, 1, size, stdin) == size;
}

static bool input_u32(uint32_t *out)
{
    uint8_t bytes[4];
    if (!input_take(bytes, sizeof(bytes))) {
        return false;
    }
    *out = get_u32(bytes);
    return true;
}

// Reads `size` bytes and a zero behind what the row has already.
static enum writer_end text_take(struct writer *writer, size_t at, uint32_t size)
{
    if (size > WORKBOOK_CELL_BYTES_MAX) {
        return WRITER_BAD_FRAME;
    }
    if (writer->text_room - at < (size_t)size + 1) {
        const size_t room = 2 * (at + size + 1);
        char *more = realloc(writer->text, room);
        if (more == NULL) {
            return WRITER_FILE_ERROR;
        }
        writer->text = more;
        writer->text_room = room;
    }
    if (!input_take(writer->text + at, size)) {
        return WRITER_CUT_OFF;
    }
    writer->text[at + size] = '\0';
    return memchr(writer->text + at, 0, size) == NULL ? WRITER_DONE : WRITER_BAD_FRAME;
}

static enum writer_end end_of(enum status status)
{
    return status == STATUS_OK          ? WRITER_DONE
           : status == STATUS_MALFORMED ? WRITER_BAD_FRAME
                                        : WRITER_FILE_ERROR;
}

static enum writer_end sheet_take(struct writer *writer)
{
    uint32_t size = 0;
    if (!input_u32(&size)) {
        return WRITER_CUT_OFF;
    }
    const enum writer_end end = text_take(writer, 0, size);
    if (end != WRITER_DONE) {
        return end;
    }
    writer->has_sheet = true;
    return end_of(xlsx_sheet(writer->xlsx, writer->text));
}

static bool kind_is_known(uint8_t kind)
{
    return kind == CELL_TEXT || kind == CELL_AMOUNT || kind == CELL_NUMBER ||
           kind == CELL_PERCENT || kind == CELL_DAY || kind == CELL_MOMENT;
}

static enum writer_end row_take(struct writer *writer, bool is_head)
{
    uint32_t count = 0;
    if (!input_u32(&count)) {
        return WRITER_CUT_OFF;
    }
    if (!writer->has_sheet || count > WORKBOOK_COLUMNS_MAX) {
        return WRITER_BAD_FRAME;
    }
    size_t begin[WORKBOOK_COLUMNS_MAX];
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t kind = 0;
        uint32_t size = 0;
        if (!input_take(&kind, 1) || !input_u32(&size)) {
            return WRITER_CUT_OFF;
        }
        const enum writer_end end =
            kind_is_known(kind) ? text_take(writer, at, size) : WRITER_BAD_FRAME;
        if (end != WRITER_DONE) {
            return end;
        }
        writer->cell[i].kind = (enum cell_kind)kind;
        begin[i] = at;
        at += (size_t)size + 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        writer->cell[i].text = writer->text + begin[i]; // now that the text moves no more
    }
    return end_of(xlsx_row(writer->xlsx, is_head, writer->cell, count));
}

static enum writer_end book_end(struct writer *writer)
{
    uint32_t frames = 0;
    uint8_t behind = 0;
    if (!input_u32(&frames)) {
        return WRITER_CUT_OFF;
    }
    if (frames != writer->frames || !writer->has_sheet || input_take(&behind, 1)) {
        return WRITER_BAD_FRAME;
    }
    return end_of(xlsx_end(writer->xlsx));
}

static enum writer_end frames_take(struct writer *writer)
{
    uint8_t head[sizeof(FRAMES_MAGIC)]; // the magic without its zero, then the decimals
    if (!input_take(head, sizeof(head))) {
        return WRITER_CUT_OFF;
    }
    const uint8_t decimals = head[sizeof(head) - 1];
    if (memcmp(head, FRAMES_MAGIC, sizeof(head) - 1) != 0 || decimals > DECIMALS_MAX) {
        return WRITER_BAD_FRAME;
    }
    enum writer_end end = end_of(xlsx_begin(writer->xlsx, WORKBOOK_NAME, decimals));
    while (end == WRITER_DONE) {
        uint8_t frame = 0;
        if (!input_take(&frame, 1)) {
            return WRITER_CUT_OFF;
        }
        if (frame == FRAME_END) {
            return book_end(writer);
        }
        end = frame == FRAME_SHEET                        ? sheet_take(writer)
              : frame == FRAME_HEAD || frame == FRAME_ROW ? row_take(writer, frame == FRAME_HEAD)
                                                          : WRITER_BAD_FRAME;
        writer->frames++;
    }
    return end;
}

// What remains of a book that was not finished: nothing.
static void place_remove(const char *directory)
{
    const char *slash = strrchr(directory, '/');
    char path[4096];
    const int size = snprintf(path, sizeof(path), "../%s", slash == NULL ? directory : slash + 1);
    (void)unlink(WORKBOOK_NAME);
    if (size > 0 && (size_t)size < sizeof(path)) {
        (void)rmdir(path);
    }
}

static bool report(enum writer_end end, uint32_t number_texts)
{
    uint8_t bytes[WRITER_REPORT_SIZE] = {(uint8_t)end};
    put_u32(bytes + 1, number_texts);
    return write(STDOUT_FILENO, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes);
}

int writer_main(int count, char *const *words)
{
    if (count != 2 || strcmp(words[0], "xlsx") != 0) {
        return status_exit(STATUS_USAGE);
    }
    // The client decides when to stop; the file is its user's and nobody else's.
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGQUIT, SIG_IGN);
    (void)umask(077);
    struct writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL) {
        return status_exit(STATUS_ENVIRONMENT);
    }
    enum status status = xlsx_load(&writer->xlsx);
    enum writer_end end = status == STATUS_OK ? WRITER_DONE : WRITER_NO_LIBRARY;
    if (status == STATUS_OK) {
        status = fence_close_here();
        end = status != STATUS_OK || setvbuf(stdin, NULL, _IOFBF, INPUT_BYTES) != 0
                  ? WRITER_FILE_ERROR
                  : frames_take(writer);
    }
    if (end != WRITER_DONE) {
        place_remove(words[1]);
    }
    const bool is_said = report(end, end == WRITER_DONE ? xlsx_number_texts(writer->xlsx) : 0);
    xlsx_free_at(&writer->xlsx);
    free(writer->text);
    free(writer);
    return is_said && end == WRITER_DONE ? status_exit(STATUS_OK) : status_exit(STATUS_FILE_ERROR);
}
