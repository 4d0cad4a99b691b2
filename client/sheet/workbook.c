// SPDX-License-Identifier: Apache-2.0
#include "client/sheet/workbook.h"

#include "shared/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES_BUFFER_BYTES ((size_t)64 * 1024)

struct workbook {
    char path[PATH_MAX];
    char place[PATH_MAX]; // the private directory; "" once it is gone
    pid_t child;          // 0 once it has ended
    FILE *frames;
    int report;
    uint32_t frame_count;
    enum writer_end end; // what the child said; 0 when nothing
    uint32_t number_texts;
};

static void descriptor_close(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
        *descriptor = -1;
    }
}

// The child has the directory as its own, two pipes, nothing else of ours and no environment.
static bool child_start(struct workbook *workbook, const char *program, int frames, int report)
{
    char name[] = "kontor";
    char tool[] = "__write";
    char format[] = "xlsx";
    char *words[] = {name, tool, format, workbook->place, NULL};
    char *nothing[] = {NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return false;
    }
    int failed = posix_spawn_file_actions_adddup2(&actions, frames, STDIN_FILENO);
    failed |= posix_spawn_file_actions_adddup2(&actions, report, STDOUT_FILENO);
    failed |= posix_spawn_file_actions_addchdir_np(&actions, workbook->place);
    failed |= posix_spawn(&workbook->child, program, &actions, NULL, words, nothing);
    (void)posix_spawn_file_actions_destroy(&actions);
    workbook->child = failed == 0 ? workbook->child : 0;
    return failed == 0;
}

static enum status child_open(struct workbook *workbook, const char *program)
{
    int frames[2] = {-1, -1};
    int report[2] = {-1, -1};
    const bool started = pipe2(frames, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0 &&
                         child_start(workbook, program, frames[0], report[1]);
    descriptor_close(&frames[0]);
    descriptor_close(&report[1]);
    workbook->report = report[0];
    workbook->frames = started ? fdopen(frames[1], "w") : NULL;
    if (workbook->frames == NULL) {
        descriptor_close(&frames[1]);
        return STATUS_ENVIRONMENT;
    }
    return setvbuf(workbook->frames, NULL, _IOFBF, FRAMES_BUFFER_BYTES) == 0 ? STATUS_OK
                                                                             : STATUS_ENVIRONMENT;
}

static bool put(struct workbook *workbook, const void *data, size_t size)
{
    return fwrite(data, 1, size, workbook->frames) == size;
}

static bool put_number(struct workbook *workbook, size_t number)
{
    assert(number <= UINT32_MAX);
    uint8_t bytes[4];
    put_u32(bytes, (uint32_t)number);
    return put(workbook, bytes, sizeof(bytes));
}

enum status workbook_open(const char *program, const char *path, uint32_t decimals,
                          struct workbook **out)
{
    assert(program != NULL && path != NULL && decimals <= DECIMALS_MAX && out != NULL);
    CLEANUP(workbook_close_at) struct workbook *workbook = calloc(1, sizeof(*workbook));
    if (workbook == NULL) {
        return STATUS_ENVIRONMENT;
    }
    workbook->report = -1;
    const int size = snprintf(workbook->path, sizeof(workbook->path), "%s", path);
    const int place = snprintf(workbook->place, sizeof(workbook->place), "%s.XXXXXX", path);
    if (size < 0 || place < 0 || (size_t)place >= sizeof(workbook->place) ||
        mkdtemp(workbook->place) == NULL) {
        workbook->place[0] = '\0';
        return STATUS_FILE_ERROR;
    }
    enum status status = child_open(workbook, program);
    if (status != STATUS_OK) {
        return status;
    }
    const uint8_t shown = (uint8_t)decimals;
    if (!put(workbook, FRAMES_MAGIC, sizeof(FRAMES_MAGIC) - 1) || !put(workbook, &shown, 1)) {
        return STATUS_FILE_ERROR;
    }
    *out = workbook;
    workbook = NULL;
    return STATUS_OK;
}

enum status workbook_sheet(struct workbook *workbook, const char *name)
{
    const uint8_t frame = FRAME_SHEET;
    const bool is_put = put(workbook, &frame, 1) && put_number(workbook, strlen(name)) &&
                        put(workbook, name, strlen(name));
    workbook->frame_count++;
    return is_put ? STATUS_OK : STATUS_FILE_ERROR;
}

enum status workbook_row(struct workbook *workbook, bool is_head, const struct sheet_cell *cells,
                         size_t count)
{
    const uint8_t frame = is_head ? FRAME_HEAD : FRAME_ROW;
    bool is_put = put(workbook, &frame, 1) && put_number(workbook, count);
    for (size_t i = 0; i < count && is_put; i++) {
        const char *text = cells[i].text == NULL ? "" : cells[i].text;
        const size_t size = strnlen(text, WORKBOOK_CELL_BYTES_MAX);
        const uint8_t kind = (uint8_t)cells[i].kind;
        is_put = put(workbook, &kind, 1) && put_number(workbook, size) && put(workbook, text, size);
    }
    workbook->frame_count++;
    return is_put ? STATUS_OK : STATUS_FILE_ERROR;
}

// Hears the child's report and its end. No more frames come: it sees their end.
static void child_hear(struct workbook *workbook)
{
    if (workbook->frames != NULL) {
        (void)fclose(workbook->frames);
        workbook->frames = NULL;
    }
    uint8_t report[WRITER_REPORT_SIZE];
    size_t got = 0;
    while (workbook->report >= 0 && got < sizeof(report)) {
        const ssize_t more = read(workbook->report, report + got, sizeof(report) - got);
        if (more == 0 || (more < 0 && errno != EINTR)) {
            break;
        }
        got += more > 0 ? (size_t)more : 0;
    }
    descriptor_close(&workbook->report);
    int ended = -1;
    while (workbook->child > 0 && waitpid(workbook->child, &ended, 0) < 0 && errno == EINTR) {
    }
    workbook->child = 0;
    if (got == sizeof(report)) {
        workbook->end = (enum writer_end)report[0];
        workbook->number_texts = get_u32(report + 1);
    }
    if (workbook->end == WRITER_DONE && ended != 0) {
        workbook->end = WRITER_FILE_ERROR;
    }
}

static const char *part(const struct workbook *workbook, const char *name,
                        char out[static PATH_MAX])
{
    const int size = snprintf(out, PATH_MAX, "%s/%s", workbook->place, name);
    return size > 0 && size < PATH_MAX ? out : NULL;
}

static bool file_flush(const char *path)
{
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    const bool flushed = file >= 0 && fsync(file) == 0;
    descriptor_close(&file);
    return flushed;
}

static enum status file_name(struct workbook *workbook, bool replace)
{
    char from[PATH_MAX];
    if (part(workbook, WORKBOOK_NAME, from) == NULL || !file_flush(from)) {
        return STATUS_FILE_ERROR;
    }
    if (replace) {
        return rename(from, workbook->path) == 0 ? STATUS_OK : STATUS_FILE_ERROR;
    }
    if (renameat2(AT_FDCWD, from, AT_FDCWD, workbook->path, RENAME_NOREPLACE) == 0) {
        return STATUS_OK;
    }
    if (errno == EEXIST) {
        return STATUS_NEEDS_CONFIRMATION;
    }
    // A file system that does not know how.
    return errno == EINVAL && access(workbook->path, F_OK) != 0 && rename(from, workbook->path) == 0
               ? STATUS_OK
               : STATUS_FILE_ERROR;
}

enum status workbook_end(struct workbook *workbook, bool replace, uint32_t *number_texts)
{
    assert(workbook->frames != NULL && number_texts != NULL);
    const uint8_t frame = FRAME_END;
    const bool is_put = put(workbook, &frame, 1) && put_number(workbook, workbook->frame_count) &&
                        fflush(workbook->frames) == 0;
    child_hear(workbook);
    if (!is_put || workbook->end != WRITER_DONE) {
        return STATUS_FILE_ERROR;
    }
    *number_texts = workbook->number_texts;
    return file_name(workbook, replace);
}

bool workbook_lacks_library(struct workbook *workbook)
{
    child_hear(workbook);
    return workbook->end == WRITER_NO_LIBRARY;
}

void workbook_close_at(struct workbook **workbook)
{
    struct workbook *closed = *workbook;
    if (closed == NULL) {
        return;
    }
    child_hear(closed);
    char file[PATH_MAX];
    if (closed->place[0] != '\0') {
        if (part(closed, WORKBOOK_NAME, file) != NULL) {
            (void)unlink(file);
        }
        (void)rmdir(closed->place);
    }
    free(closed);
    *workbook = NULL;
}
