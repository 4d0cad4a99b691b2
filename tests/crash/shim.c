// SPDX-License-Identifier: Apache-2.0

// A preload library that cuts the power of kontord at a named point. It remembers what each write
// to data.mdb replaced until the data are synced; at the crash it puts the old bytes back, so that
// what was never synced is lost, as a power cut may lose it, and then kills the process. Writes
// through a descriptor opened with O_DSYNC (LMDB's meta page) are durable at once.
//
//   KONTOR_CRASH_POINT  queued | before-commit | inside-commit | after-commit | before-reply
//   KONTOR_CRASH_AFTER  the how-manieth time the point is reached
//   KONTOR_CRASH_MARK   file that is made just before the crash, so that the suite knows that the
//   point was hit

#include <assert.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// What a write replaced: `old_size` bytes at `offset` of the data file as it was, the file being
// `file_size` long.
struct undo {
    struct undo *next;
    int fd;
    off_t offset;
    off_t file_size;
    size_t old_size;
    uint8_t old[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct undo *pending;
static bool committed_since_reply;
static long hits;

static void *real(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    assert(function != NULL);
    return function;
}

static ssize_t real_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    static ssize_t (*function)(int, const void *, size_t, off_t);
    if (function == NULL) {
        function = real("pwrite");
    }
    return function(fd, data, size, offset);
}

static bool is_data_file(int fd)
{
    char link[64], path[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 9) {
        return false;
    }
    path[size] = '\0';
    return strcmp(path + size - 9, "/data.mdb") == 0;
}

static bool is_durable(int fd)
{
    return (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
}

static bool is_socket(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static void crash(void)
{
    for (struct undo *undo = pending; undo != NULL; undo = undo->next) {
        if (real_pwrite(undo->fd, undo->old, undo->old_size, undo->offset) < 0 ||
            ftruncate(undo->fd, undo->file_size) != 0) {
            abort();
        }
    }
    const char *mark = getenv("KONTOR_CRASH_MARK");
    if (mark != NULL) {
        const int fd = open(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (fd >= 0) {
            close(fd);
        }
    }
    kill(getpid(), SIGKILL);
    for (;;) {
        pause();
    }
}

// Called with the lock held.
static void reached(const char *point)
{
    const char *wanted = getenv("KONTOR_CRASH_POINT");
    const char *after = getenv("KONTOR_CRASH_AFTER");
    if (wanted == NULL || strcmp(wanted, point) != 0) {
        return;
    }
    hits++;
    if (hits >= strtol(after != NULL ? after : "1", NULL, 10)) {
        crash();
    }
}

static void remember(int fd, off_t offset, size_t size)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        abort();
    }
    size_t old_size = 0;
    if (offset < status.st_size) {
        const size_t there = (size_t)(status.st_size - offset);
        old_size = there < size ? there : size;
    }
    struct undo *undo = malloc(sizeof *undo + old_size);
    if (undo == NULL ||
        (old_size > 0 && pread(fd, undo->old, old_size, offset) != (ssize_t)old_size)) {
        abort();
    }
    *undo = (struct undo){.next = pending,
                          .fd = fd,
                          .offset = offset,
                          .file_size = status.st_size,
                          .old_size = old_size};
    pending = undo;
}

// Before a write to the data file: a crash point and the memory of what it replaces.
static void before_write(int fd, off_t offset, size_t size)
{
    if (pending == NULL) {
        reached("before-commit");
    }
    remember(fd, offset, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    if (!is_data_file(fd)) {
        return real_pwrite(fd, data, size, offset);
    }
    pthread_mutex_lock(&lock);
    const bool durable = is_durable(fd);
    if (!durable) {
        before_write(fd, offset, size);
    }
    const ssize_t written = real_pwrite(fd, data, size, offset);
    if (durable) {
        committed_since_reply = true;
        reached("after-commit");
    }
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite(fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    static ssize_t (*function)(int, const struct iovec *, int);
    if (function == NULL) {
        function = real("writev");
    }
    pthread_mutex_lock(&lock);
    if (is_data_file(fd)) {
        size_t size = 0;
        for (int i = 0; i < count; i++) {
            size += parts[i].iov_len;
        }
        before_write(fd, lseek(fd, 0, SEEK_CUR), size);
    } else if (committed_since_reply && is_socket(fd)) {
        committed_since_reply = false;
        reached("before-reply");
    }
    const ssize_t written = function(fd, parts, count);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t write(int fd, const void *data, size_t size)
{
    static ssize_t (*function)(int, const void *, size_t);
    if (function == NULL) {
        function = real("write");
    }
    if (is_socket(fd)) {
        pthread_mutex_lock(&lock);
        if (committed_since_reply) {
            committed_since_reply = false;
            reached("before-reply");
        }
        pthread_mutex_unlock(&lock);
    }
    return function(fd, data, size);
}

int fdatasync(int fd)
{
    static int (*function)(int);
    if (function == NULL) {
        function = real("fdatasync");
    }
    if (!is_data_file(fd)) {
        return function(fd);
    }
    pthread_mutex_lock(&lock);
    reached("inside-commit"); // the pages are written, not synced
    const int result = function(fd);
    while (result == 0 && pending != NULL) {
        struct undo *next = pending->next;
        free(pending);
        pending = next;
    }
    reached("inside-commit"); // the pages are synced, the meta page still names the old tree
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t read(int fd, void *data, size_t size)
{
    static ssize_t (*function)(int, void *, size_t);
    if (function == NULL) {
        function = real("read");
    }
    const ssize_t got = function(fd, data, size);
    if (got > 0 && is_socket(fd)) {
        pthread_mutex_lock(&lock);
        reached("queued");
        pthread_mutex_unlock(&lock);
    }
    return got;
}
