/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule: which of the runnable processors went on at every point of a run where there were two or more.
 *
 * A schedule is what the engine told of a run (pto_engine_options.picked), or a prefix of that. Past the end of a
 * prefix every pick is 0, so a schedule is given by its picks that are not 0. As text it is these, "17:1,42:3" (point
 * 17 took index 1), or "default" when there are none; the text is what `touchstone explore --schedule` takes.
 *
 * The points lie in memory that forked children share with their parent: a schedule survives the process that made it.
 */
#ifndef HARNESS_EXPLORER_SCHEDULE_H
#define HARNESS_EXPLORER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_MOST_POINTS (1u << 20) /* of a longer run the rest is not recorded */
#define SCHEDULE_DEFAULT_TEXT "default"

struct schedule_point {
    uint32_t count; /* how many could go on; 0: not known, read from a text */
    uint32_t pick;  /* 0 .. count - 1 */
    uint32_t point; /* enum pto_engine_point */
    /* Up to here, this one included: */
    uint32_t preemptions;
    uint32_t departures; /* picks that are not 0 */
};

struct schedule {
    struct schedule_point *points; /* SCHEDULE_MOST_POINTS of them */
    size_t count;
};

/* What two failing schedules are compared by; the simpler one has the smaller first figure that differs. */
struct schedule_size {
    uint64_t preemptions;
    uint64_t departures; /* picks that are not 0 */
    uint64_t length;     /* points up to the last of them */
    uint64_t sum;        /* of the picks */
};

/* Returns 0, or -ENOMEM and a schedule that may be destroyed. */
int schedule_create(struct schedule *schedule);
void schedule_destroy(struct schedule *schedule);

/* Copies the first `count` points. */
void schedule_copy(struct schedule *to, const struct schedule *from, size_t count);
/* Adds a point and what it costs; false when there is no room. */
bool schedule_add(struct schedule *schedule, uint32_t count, uint32_t pick, uint32_t point);

/*
 * A preemption is to choose another processor than the calling one where that one could go on; after a pause it is any
 * other choice than the next in turn. Where the caller waits or is over, every choice is free.
 */
bool schedule_preempts(const struct schedule_point *point);

struct schedule_size schedule_size(const struct schedule *schedule);
bool schedule_is_simpler(const struct schedule_size *left, const struct schedule_size *right);

/* Writes the text. Returns 0, or -ENAMETOOLONG with an empty text. */
int schedule_text(const struct schedule *schedule, char *text, size_t capacity);
/* Reads one; points between its picks have count and pick 0. Returns 0, or -EINVAL with an empty schedule. */
int schedule_parse(struct schedule *schedule, const char *text);

#endif
