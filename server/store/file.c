// SPDX-License-Identifier: Apache-2.0
#include "server/store/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

void file_close_at(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

static void dir_close_at(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir);
    }
}

static enum status status_from_errno(int error)
{
    switch (error) {
    case ENOENT:
        return STATUS_NOT_FOUND;
    case EEXIST:
        return STATUS_STORE_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return STATUS_STORE_FULL;
    default:
        return STATUS_FILE_ERROR;
    }
}

static enum status write_all(int fd, struct bytes content)
{
    size_t done = 0;
    while (done < content.size) {
        const ssize_t count = write(fd, content.data + done, content.size - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count < 0 ? status_from_errno(errno) : STATUS_FILE_ERROR;
        }
        done += (size_t)count;
    }
    return fsync(fd) == 0 ? STATUS_OK : STATUS_FILE_ERROR;
}

bool file_path(const char *dir, const char *name, char out[static PATH_BYTES_MAX])
{
    const int length = snprintf(out, PATH_BYTES_MAX, "%s/%s", dir, name);
    return length > 0 && length < PATH_BYTES_MAX;
}

bool file_path_with(const char *path, const char *suffix, char out[static PATH_BYTES_MAX])
{
    const int length = snprintf(out, PATH_BYTES_MAX, "%s%s", path, suffix);
    return length > 0 && length < PATH_BYTES_MAX;
}

enum status file_sync_parent(const char *path)
{
    char copy[PATH_BYTES_MAX];
    if (!file_path_with(path, "", copy)) {
        return STATUS_FILE_ERROR;
    }
    CLEANUP(file_close_at) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    return fsync(fd) == 0 ? STATUS_OK : STATUS_FILE_ERROR;
}

static enum status write_file(const char *path, unsigned mode, struct bytes content)
{
    assert((mode & 077) == 0);
    CLEANUP(file_close_at)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    enum status status = write_all(fd, content);
    if (status == STATUS_OK && fchmod(fd, (mode_t)mode) != 0) {
        status = STATUS_FILE_ERROR;
    }
    if (status != STATUS_OK) {
        (void)unlink(path);
    }
    return status;
}

enum status file_write_new(const char *path, unsigned mode, struct bytes content)
{
    const enum status status = write_file(path, mode, content);
    return status == STATUS_OK ? file_sync_parent(path) : status;
}

enum status file_replace(const char *path, unsigned mode, struct bytes content)
{
    char beside[PATH_BYTES_MAX];
    if (!file_path_with(path, ".new", beside)) {
        return STATUS_FILE_ERROR;
    }
    if (unlink(beside) != 0 && errno != ENOENT) {
        return status_from_errno(errno);
    }
    const enum status status = write_file(beside, mode, content);
    if (status != STATUS_OK) {
        return status;
    }
    if (rename(beside, path) != 0) {
        return status_from_errno(errno);
    }
    return file_sync_parent(path);
}

enum status file_read(const char *path, uint8_t *out, size_t size, size_t *read_size)
{
    CLEANUP(file_close_at) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    size_t done = 0;
    while (true) {
        uint8_t beyond;
        const bool full = done == size;
        const ssize_t count = read(fd, full ? &beyond : out + done, full ? 1 : size - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 || (full && count > 0)) {
            return STATUS_FILE_ERROR;
        }
        if (count == 0) {
            *read_size = done;
            return STATUS_OK;
        }
        done += (size_t)count;
    }
}

bool file_is_private(const char *path)
{
    struct stat state;
    return lstat(path, &state) == 0 && S_ISREG(state.st_mode) && (state.st_mode & 077) == 0;
}

bool file_exists(const char *path)
{
    struct stat state;
    return lstat(path, &state) == 0;
}

enum status file_remove_dir(const char *path)
{
    CLEANUP(dir_close_at) DIR *dir = opendir(path);
    if (dir == NULL) {
        return errno == ENOENT ? STATUS_OK : STATUS_FILE_ERROR;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (unlinkat(dirfd(dir), entry->d_name, 0) != 0) {
            return STATUS_FILE_ERROR;
        }
    }
    if (rmdir(path) != 0) {
        return STATUS_FILE_ERROR;
    }
    return file_sync_parent(path);
}
