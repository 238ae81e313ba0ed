/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console: what a terminal is told: colour, progress of long work, and figures in a form that people read.
 *
 * Colour and progress appear on a terminal only; NO_COLOR (set and not empty) and TERM=dumb switch colour off. Progress
 * goes to stderr, starts after two seconds, and leaves no trace when it ends. One thread at a time.
 */
#ifndef HARNESS_REPORT_CONSOLE_H
#define HARNESS_REPORT_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONSOLE_FIGURE_BYTES 48u

enum console_colour { CONSOLE_PLAIN = 0, CONSOLE_GREEN, CONSOLE_RED, CONSOLE_YELLOW, CONSOLE_BOLD };

bool console_has_colour(FILE *stream);
/* The escape sequence for `colour` (CONSOLE_PLAIN ends one), "" where colour is not wanted. Static storage. */
const char *console_colour(FILE *stream, enum console_colour colour);

struct console_progress {
    const char *what; /* borrowed */
    uint64_t total;
    uint64_t start_ns;
    uint64_t shown_ns; /* 0: nothing is on the screen */
    bool terminal;
};

void console_progress_begin(struct console_progress *progress, const char *what, uint64_t total);
/* Cheap: may be called for every step. */
void console_progress_step(struct console_progress *progress, uint64_t done);
void console_progress_end(struct console_progress *progress);

/* Says on the terminal what is going on, for work that cannot tell how far it is; NULL takes the line away again. */
void console_busy(const char *what);

/* Monotonic time of the machine, ns. */
uint64_t console_clock_ns(void);

/* Each writes into `text` (CONSOLE_FIGURE_BYTES) and returns it. */
char *console_time(char *text, double ns);         /* "850 ns", "12.3 us", "4.56 ms", "1.20 s" */
char *console_count(char *text, uint64_t count);   /* "1,234,567" */
char *console_bytes(char *text, uint64_t bytes);   /* "195,560,256 B" */
char *console_rate(char *text, double per_second); /* "1,234,567 /s" */
/* Columns that UTF-8 text takes on a terminal (one per code point). */
size_t console_width(const char *text);

#endif
