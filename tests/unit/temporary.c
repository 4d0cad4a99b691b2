// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/temporary.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void demand(bool done, const char *what)
{
    if (!done) {
        perror(what);
        abort();
    }
}

void temporary_make(struct temporary *temporary)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(temporary->dir, sizeof temporary->dir, "%s/kontor-test-XXXXXX", base);
    demand(mkdtemp(temporary->dir) != NULL, "mkdtemp");
}

static int remove_one(const char *path, const struct stat *state, int kind, struct FTW *walk)
{
    (void)state;
    (void)kind;
    (void)walk;
    return remove(path);
}

void temporary_remove(const struct temporary *temporary)
{
    demand(nftw(temporary->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, temporary->dir);
}

void temporary_path(const struct temporary *temporary, const char *name, char *out, size_t size)
{
    const int length = snprintf(out, size, "%s/%s", temporary->dir, name);
    demand(length > 0 && (size_t)length < size, name);
}

void temporary_flip(const char *path, off_t at, int bit)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;
    demand(fd >= 0 && pread(fd, &byte, 1, at) == 1, path);
    byte = (uint8_t)(byte ^ (1u << bit));
    demand(pwrite(fd, &byte, 1, at) == 1, path);
    (void)close(fd);
}

void temporary_zero(const char *path, off_t at, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const uint8_t zeros[4096] = {0};
    demand(fd >= 0, path);
    for (size_t done = 0; done < size; done += sizeof zeros) {
        const size_t part = size - done < sizeof zeros ? size - done : sizeof zeros;
        demand(pwrite(fd, zeros, part, at + (off_t)done) == (ssize_t)part, path);
    }
    (void)close(fd);
}

off_t temporary_find(const char *path, const uint8_t *bytes, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat state;
    demand(fd >= 0 && fstat(fd, &state) == 0, path);
    void *map = mmap(NULL, (size_t)state.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    demand(map != MAP_FAILED, path);
    const uint8_t *found = memmem(map, (size_t)state.st_size, bytes, size);
    const off_t at = found == NULL ? -1 : (off_t)(found - (const uint8_t *)map);
    (void)munmap(map, (size_t)state.st_size);
    (void)close(fd);
    return at;
}
