/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_BYTES 2048u
#define LOG_LEVEL_UNREAD (-2)

static _Atomic int log_level_now = LOG_LEVEL_UNREAD;

static const char *const log_names[] = {"error", "warn", "info", "debug"};

static int log_level_from_environment(void)
{
    const char *text = getenv("TOUCHSTONE_LOG");
    if (text != NULL && strcmp(text, "none") == 0) {
        return LOG_LEVEL_NONE;
    }
    for (int level = LOG_LEVEL_ERROR; text != NULL && level <= LOG_LEVEL_DEBUG; level++) {
        if (strcmp(text, log_names[level]) == 0) {
            return level;
        }
    }
    return LOG_LEVEL_WARN;
}

void log_set_level(enum log_level level)
{
    /* Relaxed: the level orders nothing; a message under way may use the old one. */
    atomic_store_explicit(&log_level_now, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    int level = atomic_load_explicit(&log_level_now, memory_order_relaxed); /* relaxed: see log_set_level */
    if (level == LOG_LEVEL_UNREAD) {
        int wanted = log_level_from_environment();
        /* Relaxed: whoever comes first decides, and every reader of the environment would decide the same. */
        if (atomic_compare_exchange_strong_explicit(&log_level_now, &level, wanted, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            level = wanted;
        }
    }
    return (enum log_level)level;
}

void log_message_v(enum log_level level, const char *source, const char *format, va_list arguments)
{
    if (level < LOG_LEVEL_ERROR || level > LOG_LEVEL_DEBUG || level > log_get_level()) {
        return;
    }
    char line[LOG_LINE_BYTES];
    int head = snprintf(line, sizeof(line), "[%s] %s: ", log_names[level], source);
    size_t used = head < 0 ? 0 : (size_t)head;
    if (used < sizeof(line)) {
        int body = vsnprintf(line + used, sizeof(line) - used, format, arguments);
        used += body < 0 ? 0 : (size_t)body;
    }
    if (used >= sizeof(line)) {
        used = sizeof(line) - 1;
        memcpy(line + used - 3, "...", 3);
    }
    line[used++] = '\n';
    /* One write, so that lines of several threads and processes do not mix; a log that cannot be written is nobody's
     * error. */
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written;
}

void log_message(enum log_level level, const char *source, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_message_v(level, source, format, arguments);
    va_end(arguments);
}
