// SPDX-License-Identifier: Apache-2.0
#include "server/store/env.h"

#include "server/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

// Numbers of statfs(2), for what <linux/magic.h> does not name in every version.
#define FS_NFS     0x6969
#define FS_SMB     0x517b
#define FS_SMB2    0xfe534d42
#define FS_CIFS    0xff534d42
#define FS_9P      0x01021997
#define FS_CEPH    0x00c36400
#define FS_AFS     0x5346414f
#define FS_TMPFS   0x01021994
#define FS_RAMFS   0x858458f6
#define FS_OVERLAY 0x794c7630

enum status status_from_lmdb(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return STATUS_OK;
    case MDB_NOTFOUND:
        return STATUS_NOT_FOUND;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
        return STATUS_STORE_FULL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
    case MDB_INCOMPATIBLE:
        return STATUS_TAMPERED;
    case ENOENT:
        return STATUS_INCOMPLETE;
    case EACCES:
    case EPERM:
    case EROFS:
        return STATUS_FILE_ERROR;
    default:
        return STATUS_ENVIRONMENT;
    }
}

enum status medium_check(const char *dir, enum store_medium *out)
{
    struct statfs state;
    if (statfs(dir, &state) != 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_FILE_ERROR;
    }
    switch ((uint32_t)state.f_type) {
    case FS_NFS:
    case FS_SMB:
    case FS_SMB2:
    case FS_CIFS:
    case FS_9P:
    case FS_CEPH:
    case FS_AFS:
        return STATUS_CONFIGURATION;
    case FS_TMPFS:
    case FS_RAMFS:
        *out = STORE_MEDIUM_MEMORY;
        return STATUS_OK;
    case FS_OVERLAY:
        *out = STORE_MEDIUM_OVERLAY;
        return STATUS_OK;
    default:
        *out = STORE_MEDIUM_DISK;
        return STATUS_OK;
    }
}

// The lock is held as long as the descriptor is open; a killed process gives it back.
enum status lock_take(const char *dir, int *fd)
{
    char path[PATH_BYTES_MAX];
    if (!file_path(dir, LOCK_NAME, path)) {
        return STATUS_FILE_ERROR;
    }
    CLEANUP(file_close_at) int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock < 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_FILE_ERROR;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? STATUS_STORE_LOCKED : STATUS_FILE_ERROR;
    }
    *fd = lock;
    lock = -1;
    return STATUS_OK;
}

void env_close_at(MDB_env **env)
{
    if (*env != NULL) {
        mdb_env_close(*env);
        *env = NULL;
    }
}

// LMDB 0.9.24 opens its data descriptor without O_CLOEXEC.
static enum status env_close_on_exec(MDB_env *env)
{
    mdb_filehandle_t fd;
    const int code = mdb_env_get_fd(env, &fd);
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? STATUS_OK : STATUS_ENVIRONMENT;
}

// Reading the map behind the end of a cut file would be SIGBUS; a page of zeros is refused by LMDB
// with a code. Pages that were freed before they were ever written may lie behind the end of a
// sound file, so this is no sign of damage.
enum status env_cover_file(MDB_env *env, const char *dir)
{
    mdb_filehandle_t fd;
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    if (mdb_env_get_fd(env, &fd) != MDB_SUCCESS || mdb_env_info(env, &info) != MDB_SUCCESS ||
        mdb_env_stat(env, &stat) != MDB_SUCCESS || fstat(fd, &file) != 0) {
        return STATUS_ENVIRONMENT;
    }
    // Neither number has a seal.
    if (stat.ms_psize == 0 || info.me_last_pgno >= info.me_mapsize / stat.ms_psize) {
        return STATUS_TAMPERED;
    }
    const uint64_t needed = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    if ((uint64_t)file.st_size >= needed) {
        return STATUS_OK;
    }
    char path[PATH_BYTES_MAX];
    if (!file_path(dir, "data.mdb", path)) {
        return STATUS_FILE_ERROR;
    }
    return truncate(path, (off_t)needed) == 0 ? STATUS_OK : STATUS_UNREADABLE;
}

enum status env_open(const char *dir, uint64_t map_bytes, bool read_only, MDB_env **out)
{
    // Default durability: a commit is synced when it returns.
    const unsigned flags = MDB_NOTLS | (read_only ? MDB_RDONLY : 0);
    CLEANUP(env_close_at) MDB_env *env = NULL;
    int code = mdb_env_create(&env);
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_mapsize(env, map_bytes);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_maxdbs(env, TABLE_LIMIT);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_open(env, dir, flags, 0600);
    }
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    const enum status status = env_close_on_exec(env);
    if (status != STATUS_OK) {
        return status;
    }
    *out = env;
    env = NULL;
    return STATUS_OK;
}
