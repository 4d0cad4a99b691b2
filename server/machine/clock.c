// SPDX-License-Identifier: Apache-2.0
#include "server/machine/clock.h"

#include "server/store/file.h"
#include "shared/day.h"

#include <fcntl.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define ZONES   "/usr/share/zoneinfo/"

static int64_t read_clock(clockid_t which)
{
    struct timespec now;
    const int failed = clock_gettime(which, &now);
    assert(failed == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool clock_set_zone(const char *time_zone)
{
    char path[256];
    const int length = snprintf(path, sizeof path, "%s%s", ZONES, time_zone);
    if (length < 0 || (size_t)length >= sizeof path || time_zone[0] == '\0' ||
        strstr(time_zone, "..") != NULL || access(path, R_OK) != 0) {
        return false;
    }
    setenv("TZ", time_zone, 1);
    tzset();
    return true;
}

int64_t clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_forward_us(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

// The kernel's boot id, "xxxxxxxx-xxxx-…" in hexadecimal.
void clock_boot(uint8_t out[static 16])
{
    char text[64] = {0};
    memset(out, 0, 16);
    CLEANUP(file_close_at) int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) < 0) {
        return;
    }
    size_t digits = 0;
    for (const char *at = text; *at != '\0' && digits < 32; at++) {
        static const char DIGITS[] = "0123456789abcdef";
        const char *digit = strchr(DIGITS, *at);
        if (digit != NULL) {
            out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | (uint8_t)(digit - DIGITS));
            digits++;
        }
    }
}

static struct tm local_time(int64_t instant_us)
{
    const time_t seconds = (time_t)(instant_us / 1000000);
    struct tm local;
    const bool is_known = localtime_r(&seconds, &local) != NULL;
    assert(is_known);
    return local;
}

int32_t clock_day(int64_t instant_us)
{
    const struct tm local = local_time(instant_us);
    const struct date date = {local.tm_year + 1900, (uint32_t)local.tm_mon + 1,
                              (uint32_t)local.tm_mday};
    int32_t day = 0;
    const bool is_day = day_of_date(date, &day);
    assert(is_day);
    return day;
}

int32_t clock_minute(int64_t instant_us)
{
    const struct tm local = local_time(instant_us);
    return local.tm_hour * 60 + local.tm_min;
}
