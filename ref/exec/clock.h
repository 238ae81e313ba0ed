/* SPDX-License-Identifier: Apache-2.0 */
/* clock: the machine's clocks, for the threads engine and the watchdog. Device code uses exec_now. */
#ifndef EXEC_CLOCK_H
#define EXEC_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "exec/sanitizer.h"

#define EXEC_NS_PER_S 1000000000ull

/* Monotonic, through the vDSO. */
static inline uint64_t exec_clock_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * EXEC_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* CPU time of the calling OS thread. A bare system call: signal handlers may interrupt a sanitizer's interceptor. */
EXEC_NO_INSTRUMENT static inline uint64_t exec_clock_cpu_ns(void)
{
    struct timespec now = {0};
    (void)syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * EXEC_NS_PER_S + (uint64_t)now.tv_nsec;
}

#endif
