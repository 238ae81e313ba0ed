/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/explorer/schedule.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/debug_api.h"

#define SCHEDULE_BYTES (SCHEDULE_MOST_POINTS * sizeof(struct schedule_point))

int schedule_create(struct schedule *schedule)
{
    void *memory =
        mmap(NULL, SCHEDULE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    *schedule = (struct schedule){.points = memory == MAP_FAILED ? NULL : memory};
    return schedule->points == NULL ? -ENOMEM : 0;
}

void schedule_destroy(struct schedule *schedule)
{
    if (schedule->points != NULL) {
        (void)munmap(schedule->points, SCHEDULE_BYTES);
    }
    *schedule = (struct schedule){0};
}

void schedule_copy(struct schedule *to, const struct schedule *from, size_t count)
{
    memcpy(to->points, from->points, count * sizeof(to->points[0]));
    to->count = count;
}

bool schedule_preempts(const struct schedule_point *point)
{
    return point->pick != 0 && point->point != PTO_POINT_BLOCKED;
}

bool schedule_add(struct schedule *schedule, uint32_t count, uint32_t pick, uint32_t point)
{
    if (schedule->count == SCHEDULE_MOST_POINTS) {
        return false;
    }
    struct schedule_point *added = &schedule->points[schedule->count];
    static const struct schedule_point root = {0};
    const struct schedule_point *before = schedule->count == 0 ? &root : added - 1;
    *added = (struct schedule_point){.count = count, .pick = pick, .point = point};
    added->preemptions = before->preemptions + (schedule_preempts(added) ? 1u : 0u);
    added->departures = before->departures + (pick != 0 ? 1u : 0u);
    schedule->count++;
    return true;
}

struct schedule_size schedule_size(const struct schedule *schedule)
{
    struct schedule_size size = {0};
    for (size_t i = 0; i < schedule->count; i++) {
        const struct schedule_point *point = &schedule->points[i];
        size.preemptions += schedule_preempts(point) ? 1u : 0u;
        size.departures += point->pick != 0 ? 1u : 0u;
        size.length = point->pick != 0 ? i + 1 : size.length;
        size.sum += point->pick;
    }
    return size;
}

bool schedule_is_simpler(const struct schedule_size *left, const struct schedule_size *right)
{
    if (left->preemptions != right->preemptions) {
        return left->preemptions < right->preemptions;
    }
    if (left->departures != right->departures) {
        return left->departures < right->departures;
    }
    return left->length != right->length ? left->length < right->length : left->sum < right->sum;
}

int schedule_text(const struct schedule *schedule, char *text, size_t capacity)
{
    size_t used = 0;
    for (size_t i = 0; i < schedule->count; i++) {
        if (schedule->points[i].pick == 0) {
            continue;
        }
        int length =
            snprintf(text + used, capacity - used, "%s%zu:%u", used == 0 ? "" : ",", i, schedule->points[i].pick);
        if (length < 0 || (size_t)length >= capacity - used) {
            text[0] = 0;
            return -ENAMETOOLONG;
        }
        used += (size_t)length;
    }
    if (used == 0) {
        (void)snprintf(text, capacity, "%s", SCHEDULE_DEFAULT_TEXT);
    }
    return 0;
}

/* Reads a plain number and the character behind it, which must be in `ends`. */
static bool schedule_number(const char **text, const char *ends, uint64_t limit, uint64_t *number)
{
    char *end = NULL;
    if (!isdigit((unsigned char)**text)) {
        return false;
    }
    errno = 0;
    *number = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0 && *number < limit && strchr(ends, *end) != NULL;
}

int schedule_parse(struct schedule *schedule, const char *text)
{
    uint64_t position = 0;
    uint64_t pick = 0;
    schedule->count = 0;
    if (strcmp(text, SCHEDULE_DEFAULT_TEXT) == 0) {
        return 0;
    }
    do {
        if (!schedule_number(&text, ":", SCHEDULE_MOST_POINTS, &position) || *text++ != ':' ||
            !schedule_number(&text, ",", UINT32_MAX, &pick) || position < schedule->count || pick == 0) {
            schedule->count = 0;
            return -EINVAL;
        }
        while (schedule->count < position) {
            (void)schedule_add(schedule, 0, 0, PTO_POINT_KEEP);
        }
        (void)schedule_add(schedule, 0, (uint32_t)pick, PTO_POINT_KEEP);
    } while (*text++ == ',');
    return 0;
}
