// SPDX-License-Identifier: Apache-2.0
#include "client/home.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void home_close_at(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

enum status home_make_dir(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return STATUS_OK;
    }
    return STATUS_FILE_ERROR;
}

// Like mkdir -p.
static enum status dir_make_all(struct arena *arena, const char *path)
{
    char *copy = arena_copy(arena, path, strlen(path));
    if (copy == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (char *c = copy + 1; *c != '\0'; c++) {
        if (*c != '/') {
            continue;
        }
        *c = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
            return STATUS_FILE_ERROR;
        }
        *c = '/';
    }
    return home_make_dir(copy);
}

// $NAME/kontor, or ~/FALLBACK/kontor.
static const char *xdg_dir(struct arena *arena, const char *name, const char *fallback)
{
    const char *base = getenv(name);
    if (base != NULL && base[0] == '/') {
        return arena_print(arena, "%s/kontor", base);
    }
    const char *user = getenv("HOME");
    if (user == NULL || user[0] != '/') {
        return NULL;
    }
    return arena_print(arena, "%s/%s/kontor", user, fallback);
}

// Keys, tokens and unsent writes lie there: a directory of somebody else, or one that others may
// write to, is none of ours.
static bool dir_is_ours(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == geteuid() &&
           (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

enum status home_open(struct arena *arena, struct home *out)
{
    assert(arena != NULL && out != NULL);
    struct home home = {0};
    const char *all = getenv("KONTOR_HOME");
    if (all != NULL && all[0] != '\0') {
        home = (struct home){.config = all, .data = all, .state = all};
    } else {
        home.config = xdg_dir(arena, "XDG_CONFIG_HOME", ".config");
        home.data = xdg_dir(arena, "XDG_DATA_HOME", ".local/share");
        home.state = xdg_dir(arena, "XDG_STATE_HOME", ".local/state");
    }
    if (home.config == NULL || home.data == NULL || home.state == NULL) {
        return STATUS_CONFIGURATION;
    }
    const char *const dirs[] = {home.config, home.data, home.state};
    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        enum status status = dir_make_all(arena, dirs[i]);
        if (status != STATUS_OK) {
            return status;
        }
        if (!dir_is_ours(dirs[i])) {
            return STATUS_CONFIGURATION;
        }
    }
    *out = home;
    return STATUS_OK;
}

enum status home_read(struct arena *arena, const char *path, struct bytes *out)
{
    CLEANUP(home_close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_FILE_ERROR;
    }
    struct stat facts;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return STATUS_FILE_ERROR;
    }
    if ((size_t)facts.st_size > HOME_FILE_MAX) {
        return STATUS_TOO_LARGE;
    }
    size_t size = (size_t)facts.st_size;
    uint8_t *data = arena_alloc(arena, size + 1);
    if (data == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, data + done, size - done);
        if (got <= 0) {
            return STATUS_FILE_ERROR;
        }
        done += (size_t)got;
    }
    *out = bytes_of(data, size);
    return STATUS_OK;
}

static bool write_all(int fd, struct bytes content)
{
    for (size_t done = 0; done < content.size;) {
        ssize_t wrote = write(fd, content.data + done, content.size - done);
        if (wrote <= 0) {
            return false;
        }
        done += (size_t)wrote;
    }
    return true;
}

// The name of a new file is durable once its directory is.
static bool dir_flush(const char *path)
{
    char dir[PATH_MAX];
    (void)snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == NULL) {
        (void)snprintf(dir, sizeof(dir), ".");
    } else {
        slash[slash == dir ? 1 : 0] = '\0';
    }
    CLEANUP(home_close_at) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

static enum status file_put(const char *path, struct bytes content, bool durable)
{
    char beside[PATH_MAX];
    int size = snprintf(beside, sizeof(beside), "%s.%ld.new", path, (long)getpid());
    if (size < 0 || (size_t)size >= sizeof(beside)) {
        return STATUS_TOO_LARGE;
    }
    (void)unlink(beside); // of a process of this number that was killed
    CLEANUP(home_close_at)
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return STATUS_FILE_ERROR;
    }
    if (!write_all(fd, content) || (durable && fsync(fd) != 0) || rename(beside, path) != 0 ||
        (durable && !dir_flush(path))) {
        (void)unlink(beside);
        return STATUS_FILE_ERROR;
    }
    return STATUS_OK;
}

enum status home_write(const char *path, struct bytes content)
{
    return file_put(path, content, true);
}

enum status home_replace(const char *path, struct bytes content)
{
    return file_put(path, content, false);
}

enum status home_remove(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT) {
        return STATUS_OK;
    }
    return STATUS_FILE_ERROR;
}

enum status home_lock(const struct home *home, int *fd)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/lock", home->data);
    int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock < 0) {
        return STATUS_FILE_ERROR;
    }
    while (flock(lock, LOCK_EX) != 0) {
        if (errno != EINTR) {
            (void)close(lock);
            return STATUS_FILE_ERROR;
        }
    }
    *fd = lock;
    return STATUS_OK;
}
