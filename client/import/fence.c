// SPDX-License-Identifier: Apache-2.0
#include "client/import/fence.h"

#include "shared/limits.h"

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

#define FENCE_MEMORY_BYTES_MAX (4ull * 1024 * 1024 * 1024)

static bool limit_set(unsigned what, rlim_t value)
{
    const struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(what, &limit) == 0;
}

static bool limits_set(void)
{
    bool set = limit_set(RLIMIT_CPU, READER_CPU_SECONDS_MAX) && limit_set(RLIMIT_FSIZE, 0) &&
               limit_set(RLIMIT_CORE, 0);
    return set && (!FENCE_IS_FULL ||
                   (limit_set(RLIMIT_NOFILE, 3) && limit_set(RLIMIT_AS, FENCE_MEMORY_BYTES_MAX)));
}

// No file of the machine can be opened any more. A kernel without Landlock leaves that to the
// filter.
static void files_forbid(void)
{
    const struct landlock_ruleset_attr all = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
    };
    long ruleset = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    if (ruleset >= 0) {
        (void)syscall(SYS_landlock_restrict_self, ruleset, 0);
        (void)close((int)ruleset);
    }
}

static void calls_forbid(void)
{
    static const int ALLOWED[] = {
        SCMP_SYS(read),   SCMP_SYS(write),      SCMP_SYS(brk),          SCMP_SYS(munmap),
        SCMP_SYS(mremap), SCMP_SYS(madvise),    SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),
        SCMP_SYS(futex),  SCMP_SYS(exit_group), SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
        SCMP_SYS(fstat),  SCMP_SYS(newfstatat), SCMP_SYS(lseek),
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return;
    }
    int failed = 0;
    for (size_t i = 0; i < COUNT_OF(ALLOWED); i++) {
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, ALLOWED[i], 0);
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

enum status fence_close(void)
{
    (void)close_range(3, ~0u, 0);
    if (!limits_set()) {
        return STATUS_ENVIRONMENT;
    }
    if (FENCE_IS_FULL && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        files_forbid();
        calls_forbid();
    }
    return STATUS_OK;
}
