/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/report/console.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_QUIET_NS 2000000000ull
#define PROGRESS_EVERY_NS 100000000ull
#define NS_PER_S 1000000000ull

bool console_has_colour(FILE *stream)
{
    const char *refused = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return (refused == NULL || refused[0] == 0) && (terminal == NULL || strcmp(terminal, "dumb") != 0) &&
           isatty(fileno(stream)) == 1;
}

const char *console_colour(FILE *stream, enum console_colour colour)
{
    static const char *const sequences[] = {"\033[0m", "\033[32m", "\033[31m", "\033[33m", "\033[1m"};
    return console_has_colour(stream) ? sequences[colour] : "";
}

uint64_t console_clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void console_progress_begin(struct console_progress *progress, const char *what, uint64_t total)
{
    progress->what = what;
    progress->total = total;
    progress->start_ns = console_clock_ns();
    progress->shown_ns = 0;
    progress->terminal = isatty(STDERR_FILENO) == 1;
}

void console_progress_step(struct console_progress *progress, uint64_t done)
{
    if (!progress->terminal) {
        return;
    }
    uint64_t now = console_clock_ns();
    uint64_t last =
        progress->shown_ns == 0 ? progress->start_ns + PROGRESS_QUIET_NS - PROGRESS_EVERY_NS : progress->shown_ns;
    if (now < last + PROGRESS_EVERY_NS) {
        return;
    }
    progress->shown_ns = now;
    char of[CONSOLE_FIGURE_BYTES];
    char at[CONSOLE_FIGURE_BYTES];
    (void)fprintf(stderr, "\r\033[K%s: %s of %s, %llu s", progress->what, console_count(at, done),
                  console_count(of, progress->total), (unsigned long long)((now - progress->start_ns) / NS_PER_S));
    (void)fflush(stderr);
}

void console_progress_end(struct console_progress *progress)
{
    if (progress->shown_ns != 0) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        progress->shown_ns = 0;
    }
}

void console_busy(const char *what)
{
    if (isatty(STDERR_FILENO) == 1) {
        (void)fprintf(stderr, "\r\033[K%s%s", what == NULL ? "" : what, what == NULL ? "" : " ...");
        (void)fflush(stderr);
    }
}

char *console_time(char *text, double ns)
{
    static const struct {
        double below;
        double unit;
        const char *name;
    } scales[] = {{1e3, 1.0, "ns"}, {1e6, 1e3, "us"}, {1e9, 1e6, "ms"}, {1e30, 1e9, "s"}};
    size_t i = 0;
    while (i < 3 && ns >= scales[i].below) {
        i++;
    }
    double value = ns / scales[i].unit;
    int digits = i == 0 || value >= 100.0 ? 0 : value >= 10.0 ? 1 : 2;
    (void)snprintf(text, CONSOLE_FIGURE_BYTES, "%.*f %s", digits, value, scales[i].name);
    return text;
}

char *console_count(char *text, uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
    char *out = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *out++ = ',';
        }
        *out++ = digits[i];
    }
    *out = 0;
    return text;
}

char *console_bytes(char *text, uint64_t bytes)
{
    (void)console_count(text, bytes);
    (void)strcat(text, " B");
    return text;
}

char *console_rate(char *text, double per_second)
{
    (void)console_count(text, per_second > 0 ? (uint64_t)per_second : 0);
    (void)strcat(text, " /s");
    return text;
}

size_t console_width(const char *text)
{
    size_t width = 0;
    for (; *text != 0; text++) {
        width += ((unsigned char)*text & 0xC0u) != 0x80u;
    }
    return width;
}
