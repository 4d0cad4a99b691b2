// SPDX-License-Identifier: Apache-2.0

// What the points of server/store/hooks.h do in a test build of a program. Two variables steer it:
//   KONTOR_HOOK=POINT:COUNT  the power goes at the COUNT-th passing of POINT
//   KONTOR_MUTANT=NAME       the program is wrong in this way; "no-sync" is answered here, the
//   others where they stand
//
// When the power goes, writes to data.mdb that were not synced are taken back, newest first, and
// the process is killed: the kernel's cache would otherwise keep what a real disk would lose. LMDB
// writes its meta page on a descriptor with O_DSYNC. Trap: this file defines pwrite, writev and
// fdatasync for the whole program, LMDB included.

#include "server/store/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct undone {
    struct undone *older;
    int fd;
    off_t at;
    off_t file_size; // before the write
    size_t size;     // of what stood there
    uint8_t bytes[];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct undone *newest;
static unsigned long passed;

bool hook_mutates(const char *mutant)
{
    const char *wanted = getenv("KONTOR_MUTANT");
    return wanted != NULL && strcmp(wanted, mutant) == 0;
}

static bool is_data_file(int fd)
{
    char link[32];
    char path[4096];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(link, path, sizeof path);
    return size >= 9 && memcmp(path + size - 9, "/data.mdb", 9) == 0;
}

static bool is_synced(int fd)
{
    return !hook_mutates("no-sync") && (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
}

// Called under the mutex.
static void forget_all(void)
{
    while (newest != NULL) {
        struct undone *undone = newest;
        newest = undone->older;
        free(undone);
    }
}

static void remember(int fd, off_t at, size_t size)
{
    if (!is_data_file(fd) || is_synced(fd)) {
        return;
    }
    struct undone *undone = malloc(sizeof *undone + size);
    struct stat file;
    if (undone == NULL || fstat(fd, &file) != 0) {
        abort();
    }
    // A descriptor of its own: LMDB's meta descriptor cannot be read, and any of them may be closed
    // by then.
    char link[32];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    undone->fd = open(link, O_RDWR | O_CLOEXEC);
    const ssize_t had = undone->fd < 0 ? -1 : pread(undone->fd, undone->bytes, size, at);
    if (had < 0) {
        abort();
    }
    undone->at = at;
    undone->size = (size_t)had;
    undone->file_size = file.st_size;
    (void)pthread_mutex_lock(&mutex);
    undone->older = newest;
    newest = undone;
    (void)pthread_mutex_unlock(&mutex);
}

static void power_goes(void)
{
    (void)pthread_mutex_lock(&mutex);
    for (const struct undone *undone = newest; undone != NULL; undone = undone->older) {
        const long done =
            syscall(SYS_pwrite64, undone->fd, undone->bytes, undone->size, undone->at);
        if (done != (long)undone->size || ftruncate(undone->fd, undone->file_size) != 0) {
            abort();
        }
    }
    (void)kill(getpid(), SIGKILL);
    (void)pause();
}

void hook_reached(const char *point)
{
    const char *wanted = getenv("KONTOR_HOOK");
    const size_t length = strlen(point);
    if (wanted == NULL || strncmp(wanted, point, length) != 0 || wanted[length] != ':') {
        return;
    }
    const unsigned long count = strtoul(wanted + length + 1, NULL, 10);
    (void)pthread_mutex_lock(&mutex);
    const bool now = ++passed == count;
    (void)pthread_mutex_unlock(&mutex);
    if (now) {
        power_goes();
    }
}

static bool is_full(int fd)
{
    if (!hook_mutates("no-space") || !is_data_file(fd)) {
        return false;
    }
    errno = ENOSPC;
    return true;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    if (is_full(fd)) {
        return -1;
    }
    remember(fd, at, size);
    if (is_data_file(fd)) {
        hook_reached("inside-commit");
    }
    return syscall(SYS_pwrite64, fd, bytes, size, at);
}

ssize_t writev(int fd, const struct iovec *part, int count)
{
    if (is_full(fd)) {
        return -1;
    }
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        size += part[i].iov_len;
    }
    const off_t at = lseek(fd, 0, SEEK_CUR);
    if (at >= 0) {
        remember(fd, at, size);
    }
    return syscall(SYS_writev, fd, part, count);
}

int fdatasync(int fd)
{
    if (!is_data_file(fd)) {
        return (int)syscall(SYS_fdatasync, fd);
    }
    hook_reached("inside-commit");
    if (hook_mutates("bad-sync")) {
        errno = EIO;
        return -1;
    }
    if (hook_mutates("no-sync")) {
        return 0;
    }
    const int result = (int)syscall(SYS_fdatasync, fd);
    if (result == 0) {
        (void)pthread_mutex_lock(&mutex);
        forget_all();
        (void)pthread_mutex_unlock(&mutex);
    }
    return result;
}
