/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: leveled messages to stderr. Level from TOUCHSTONE_LOG (error, warn, info, debug; default warn), read once.
 * Thread safe; a message is written in one piece. Messages below the level cost one relaxed load.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

enum log_level {
    LOG_LEVEL_ERROR = 0,
    LOG_LEVEL_WARN = 1,
    LOG_LEVEL_INFO = 2,
    LOG_LEVEL_DEBUG = 3,
    LOG_LEVEL_NONE = -1
};

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* `source` names the program or function that speaks, for instance "host" or the orchestration's function. */
void log_message(enum log_level level, const char *source, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_message_v(enum log_level level, const char *source, const char *format, va_list arguments);

#endif
