/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/timers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "exec/sanitizer.h"

EXEC_NO_TSAN int exec_timers_reserve(struct exec_timers *timers, size_t capacity)
{
    if (capacity <= timers->capacity) {
        return 0;
    }
    size_t room = timers->capacity * 2u > capacity ? timers->capacity * 2u : capacity;
    struct exec_timer **heap = os_zalloc("exec.timers_alloc", (room + 1u) * sizeof(struct exec_timer *));
    if (heap == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 1; i <= timers->count; i++) {
        heap[i] = timers->heap[i];
    }
    free(timers->heap);
    timers->heap = heap;
    timers->capacity = room;
    return 0;
}

void exec_timers_free(struct exec_timers *timers)
{
    free(timers->heap);
    *timers = (struct exec_timers){0};
}

EXEC_NO_TSAN static bool exec_timer_before(const struct exec_timer *a, const struct exec_timer *b)
{
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns;
    }
    return a->kind != b->kind ? a->kind < b->kind : a->order < b->order;
}

EXEC_NO_TSAN static void exec_timers_put(struct exec_timers *timers, size_t position, struct exec_timer *timer)
{
    timers->heap[position] = timer;
    timer->position = position;
}

EXEC_NO_TSAN static void exec_timers_rise(struct exec_timers *timers, size_t position, struct exec_timer *timer)
{
    while (position > 1u && exec_timer_before(timer, timers->heap[position / 2u])) {
        exec_timers_put(timers, position, timers->heap[position / 2u]);
        position /= 2u;
    }
    exec_timers_put(timers, position, timer);
}

EXEC_NO_TSAN static void exec_timers_sink(struct exec_timers *timers, size_t position, struct exec_timer *timer)
{
    for (;;) {
        size_t child = position * 2u;
        if (child > timers->count) {
            break;
        }
        if (child < timers->count && exec_timer_before(timers->heap[child + 1u], timers->heap[child])) {
            child++;
        }
        if (!exec_timer_before(timers->heap[child], timer)) {
            break;
        }
        exec_timers_put(timers, position, timers->heap[child]);
        position = child;
    }
    exec_timers_put(timers, position, timer);
}

EXEC_NO_TSAN void exec_timers_add(struct exec_timers *timers, struct exec_timer *timer)
{
    timers->count++;
    exec_timers_rise(timers, timers->count, timer);
}

EXEC_NO_TSAN void exec_timers_remove(struct exec_timers *timers, struct exec_timer *timer)
{
    size_t position = timer->position;
    if (position == 0) {
        return;
    }
    struct exec_timer *last = timers->heap[timers->count];
    timers->count--;
    timer->position = 0;
    if (last == timer) {
        return;
    }
    exec_timers_rise(timers, position, last);
    exec_timers_sink(timers, last->position, last);
}

EXEC_NO_TSAN struct exec_timer *exec_timers_first(const struct exec_timers *timers)
{
    return timers->count > 0 ? timers->heap[1] : NULL;
}
