// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"

#include <stdarg.h>
#include <unistd.h>

#define LINE_BYTES_MAX 1024

static const char *const WORDS[] = {"error", "warn", "info", "debug"};

bool logger_level(const char *word, enum log_level *level)
{
    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        if (strcmp(word, WORDS[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static size_t begin_line(char *line, size_t size, enum log_level level, const char *event)
{
    struct timespec now;
    struct tm utc;
    char moment[32] = "";
    if (clock_gettime(CLOCK_REALTIME, &now) == 0 && gmtime_r(&now.tv_sec, &utc) != NULL) {
        (void)strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%S", &utc);
    }
    const int length = snprintf(line, size, "time=%s.%03ldZ level=%s event=\"%s\"", moment,
                                now.tv_nsec / 1000000, WORDS[level], event);
    return length > 0 && (size_t)length < size ? (size_t)length : size - 1;
}

void logger_say(const struct logger *logger, enum log_level level, const char *event,
                const char *pairs, ...)
{
    if (logger == NULL || level > logger->level) {
        return;
    }
    char line[LINE_BYTES_MAX];
    const size_t room = sizeof line - 1; // for the line feed
    size_t length = begin_line(line, room, level, event);
    if (pairs[0] != '\0' && length + 1 < room) {
        line[length++] = ' ';
        va_list arguments;
        va_start(arguments, pairs);
        const int more = vsnprintf(line + length, room - length, pairs, arguments);
        va_end(arguments);
        length += more < 0 ? 0 : (size_t)more;
        length = length < room ? length : room - 1;
    }
    // One call a line, so that lines of several threads do not mix; a line feed inside stays out of
    // the way.
    for (size_t i = 0; i < length; i++) {
        line[i] = (unsigned char)line[i] < ' ' ? ' ' : line[i];
    }
    line[length++] = '\n';
    const ssize_t written = write(STDERR_FILENO, line, length);
    (void)written; // there is nobody left to tell
}
