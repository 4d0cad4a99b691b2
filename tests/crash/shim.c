// SPDX-License-Identifier: Apache-2.0

// A power cut at a named point: a preload library for kontord, and an object that unit tests link.
// It remembers what each write to data.mdb replaced until the data are synced; at the crash it puts
// the old bytes back, so that what was never synced is lost, as a power cut may lose it, and then
// kills the process. Writes through a descriptor opened with O_DSYNC (LMDB's meta page) are durable
// at once. The product knows nothing of it: the points are system calls.
//
//   KONTOR_CRASH_POINT  queued | before-commit | inside-commit | after-commit | before-reply |
//                       step (a file or directory is about to be made, synced or renamed)
//   KONTOR_CRASH_AFTER  the how-manieth time the point is reached
//   KONTOR_CRASH_ARM    file without which nothing counts, so that a suite can aim at one act
//   KONTOR_CRASH_MARK   file that is made just before the crash, so that the suite knows that the
//                       point was hit
//   KONTOR_CRASH_FAULT  the disk is bad: no-sync (says that it synced and did not), bad-sync,
//   no-space

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
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

#define META_PAGE_BYTES 4096

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
static bool in_commit; // pages were written, the meta page was not
static bool committed_since_reply;
static long hits;

// The function behind ours. ISO C has no cast between the two kinds of pointers.
static void find_real(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    assert(found != NULL);
    memcpy(function, &found, sizeof found);
}

static ssize_t real_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    static ssize_t (*function)(int, const void *, size_t, off_t);
    if (function == NULL) {
        find_real("pwrite", &function);
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

static bool is_fault(const char *fault)
{
    const char *wanted = getenv("KONTOR_CRASH_FAULT");
    return wanted != NULL && strcmp(wanted, fault) == 0;
}

static bool is_durable(int fd)
{
    return !is_fault("no-sync") && (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
}

// One of the two meta pages, whichever descriptor it goes through.
static bool is_meta(off_t offset, size_t size)
{
    return offset < 2 * META_PAGE_BYTES && size < META_PAGE_BYTES;
}

static bool is_full(int fd)
{
    if (!is_fault("no-space") || !is_data_file(fd)) {
        return false;
    }
    errno = ENOSPC;
    return true;
}

// A descriptor of our own: LMDB's meta descriptor cannot be read, and its others may be closed by
// the time of the crash. Called with the lock held.
static int own_of(int fd, const struct stat *file)
{
    static int own = -1;
    static ino_t own_inode;
    if (own < 0 || own_inode != file->st_ino) {
        char link[64];
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        own = open(link, O_RDWR | O_CLOEXEC);
        own_inode = file->st_ino;
    }
    if (own < 0) {
        abort();
    }
    return own;
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
    const char *arm = getenv("KONTOR_CRASH_ARM");
    if (wanted == NULL || strcmp(wanted, point) != 0 || (arm != NULL && access(arm, F_OK) != 0)) {
        return;
    }
    hits++;
    if (hits >= strtol(after != NULL ? after : "1", NULL, 10)) {
        crash();
    }
}

static void step(void)
{
    pthread_mutex_lock(&lock);
    reached("step");
    pthread_mutex_unlock(&lock);
}

static void remember(int fd, off_t offset, size_t size)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        abort();
    }
    const int own = own_of(fd, &status);
    size_t old_size = 0;
    if (offset < status.st_size) {
        const size_t there = (size_t)(status.st_size - offset);
        old_size = there < size ? there : size;
    }
    struct undo *undo = malloc(sizeof *undo + old_size);
    if (undo == NULL ||
        (old_size > 0 && pread(own, undo->old, old_size, offset) != (ssize_t)old_size)) {
        abort();
    }
    *undo = (struct undo){.next = pending,
                          .fd = own,
                          .offset = offset,
                          .file_size = status.st_size,
                          .old_size = old_size};
    pending = undo;
}

// Before a write to the data file: the crash points and the memory of what it replaces.
static void before_write(int fd, off_t offset, size_t size)
{
    if (is_meta(offset, size)) {
        reached("inside-commit"); // the pages are there, the meta page still names the old tree
    } else if (!in_commit) {
        in_commit = true;
        reached("before-commit");
    }
    if (!is_durable(fd)) {
        remember(fd, offset, size);
    }
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    if (!is_data_file(fd)) {
        return real_pwrite(fd, data, size, offset);
    }
    if (is_full(fd)) {
        return -1;
    }
    pthread_mutex_lock(&lock);
    before_write(fd, offset, size);
    const ssize_t written = real_pwrite(fd, data, size, offset);
    if (is_meta(offset, size)) {
        in_commit = false;
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
        find_real("writev", &function);
    }
    if (is_full(fd)) {
        return -1;
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
        find_real("write", &function);
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
        find_real("fdatasync", &function);
    }
    step();
    if (!is_data_file(fd)) {
        return function(fd);
    }
    pthread_mutex_lock(&lock);
    reached("inside-commit"); // the pages are written, not synced
    pthread_mutex_unlock(&lock);
    if (is_fault("bad-sync")) {
        errno = EIO;
        return -1;
    }
    if (is_fault("no-sync")) {
        return 0;
    }
    // Outside the lock: others go on while the disk works, and only the writer adds to the list.
    const int result = function(fd);
    pthread_mutex_lock(&lock);
    while (result == 0 && pending != NULL) {
        struct undo *next = pending->next;
        free(pending);
        pending = next;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd)
{
    static int (*function)(int);
    if (function == NULL) {
        find_real("fsync", &function);
    }
    step();
    return function(fd);
}

int mkdir(const char *path, mode_t mode)
{
    static int (*function)(const char *, mode_t);
    if (function == NULL) {
        find_real("mkdir", &function);
    }
    step();
    return function(path, mode);
}

int rename(const char *from, const char *to)
{
    static int (*function)(const char *, const char *);
    if (function == NULL) {
        find_real("rename", &function);
    }
    step();
    return function(from, to);
}

ssize_t read(int fd, void *data, size_t size)
{
    static ssize_t (*function)(int, void *, size_t);
    if (function == NULL) {
        find_real("read", &function);
    }
    const ssize_t got = function(fd, data, size);
    if (got > 0 && is_socket(fd)) {
        pthread_mutex_lock(&lock);
        reached("queued");
        pthread_mutex_unlock(&lock);
    }
    return got;
}
