// SPDX-License-Identifier: Apache-2.0
#include "client/import/fence.h"

#include "shared/limits.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// The sanitizers' own runtime needs terabytes of addresses and system calls of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FENCE_IS_FULL false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer)
#define FENCE_IS_FULL false
#else
#define FENCE_IS_FULL true
#endif
#else
#define FENCE_IS_FULL true
#endif

#define READER_MEMORY_BYTES_MAX (4ull * 1024 * 1024 * 1024)
#define READER_DESCRIPTORS_MAX  3
#define WRITER_MEMORY_BYTES_MAX (512ull * 1024 * 1024)
#define WRITER_DESCRIPTORS_MAX  32

static bool limit_set(unsigned what, rlim_t value)
{
    const struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(what, &limit) == 0;
}

// What a process may use up.
struct limits {
    rlim_t cpu_seconds;
    rlim_t file_bytes;
    rlim_t descriptors;
    rlim_t memory_bytes;
};

static bool limits_set(const struct limits *limits)
{
    bool set = limit_set(RLIMIT_CPU, limits->cpu_seconds) &&
               limit_set(RLIMIT_FSIZE, limits->file_bytes) && limit_set(RLIMIT_CORE, 0);
    return set && (!FENCE_IS_FULL || (limit_set(RLIMIT_NOFILE, limits->descriptors) &&
                                      limit_set(RLIMIT_AS, limits->memory_bytes)));
}

static void path_allow(int ruleset, const char *path, uint64_t what)
{
    const int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        const struct landlock_path_beneath_attr rule = {.allowed_access = what,
                                                        .parent_fd = directory};
        (void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
        (void)close(directory);
    }
}

// No file of the machine can be opened any more, but those of this directory when it is a
// writer's; and the directory itself may be removed. A kernel without Landlock leaves that to the
// filter.
static void files_forbid(bool is_writer)
{
    const struct landlock_ruleset_attr all = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
    };
    long ruleset = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    if (ruleset < 0) {
        return;
    }
    if (is_writer) {
        path_allow((int)ruleset, ".",
                   LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                       LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE);
        path_allow((int)ruleset, "..", LANDLOCK_ACCESS_FS_REMOVE_DIR);
    }
    (void)syscall(SYS_landlock_restrict_self, ruleset, 0);
    (void)close((int)ruleset);
}

static int calls_allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    }
    return failed;
}

static void calls_forbid(bool is_writer)
{
    static const int ALLOWED[] = {
        SCMP_SYS(read),   SCMP_SYS(write),      SCMP_SYS(brk),          SCMP_SYS(munmap),
        SCMP_SYS(mremap), SCMP_SYS(madvise),    SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),
        SCMP_SYS(futex),  SCMP_SYS(exit_group), SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
        SCMP_SYS(fstat),  SCMP_SYS(newfstatat), SCMP_SYS(lseek),
    };
    static const int OF_WRITER[] = {
        SCMP_SYS(openat), SCMP_SYS(close), SCMP_SYS(fcntl), SCMP_SYS(unlink), SCMP_SYS(rmdir),
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return;
    }
    int failed = calls_allow(filter, ALLOWED, COUNT_OF(ALLOWED));
    if (is_writer) {
        failed |= calls_allow(filter, OF_WRITER, COUNT_OF(OF_WRITER));
    }
    const struct scmp_arg_cmp plain = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &plain);
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &plain);
    if (failed == 0) {
        (void)seccomp_load(filter);
    }
    seccomp_release(filter);
}

bool fence_is_full(void)
{
    return FENCE_IS_FULL;
}

bool fence_has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static enum status close_around(const struct limits *limits, bool is_writer)
{
    (void)close_range(3, ~0u, 0);
    if (!limits_set(limits)) {
        return STATUS_ENVIRONMENT;
    }
    if (FENCE_IS_FULL && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        files_forbid(is_writer);
        calls_forbid(is_writer);
    }
    return STATUS_OK;
}

enum status fence_close(void)
{
    const struct limits limits = {
        .cpu_seconds = READER_CPU_SECONDS_MAX,
        .file_bytes = 0,
        .descriptors = READER_DESCRIPTORS_MAX,
        .memory_bytes = READER_MEMORY_BYTES_MAX,
    };
    return close_around(&limits, false);
}

enum status fence_close_here(void)
{
    const struct limits limits = {
        .cpu_seconds = WORKBOOK_CPU_SECONDS_MAX,
        .file_bytes = WORKBOOK_FILE_BYTES_MAX,
        .descriptors = WRITER_DESCRIPTORS_MAX,
        .memory_bytes = WRITER_MEMORY_BYTES_MAX,
    };
    return close_around(&limits, true);
}
