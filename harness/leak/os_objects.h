/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_objects: how many operating-system objects this process holds right now.
 *
 * Counts come from /proc/self, the simulated root (R10) and /dev/shm; counting leaves no object behind. Each function
 * returns a count >= 0, or -1 when it cannot be known on this system. Counting while other threads open or close
 * objects gives some number between before and after.
 */
#ifndef HARNESS_LEAK_OS_OBJECTS_H
#define HARNESS_LEAK_OS_OBJECTS_H

#include <stdint.h>

int64_t os_objects_fds(void);
/* Regular files below the simulated root of this process tree. */
int64_t os_objects_temp_files(void);
/* Threads, those that were joined and are only just leaving excepted. */
int64_t os_objects_threads(void);
/* pthread keys in use, found by taking all free ones for a moment. */
int64_t os_objects_thread_keys(void);
/* Child processes, ended but unreaped ones included. */
int64_t os_objects_children(void);
/* POSIX shared memory segments that carry the id of this process or of its parent in their name, in hex or decimal. */
int64_t os_objects_shm_segments(void);

/* One look at the address space. */
struct os_mappings {
    int64_t files; /* mappings that have a file behind them: a loaded image has about five */
    /* Accessible address space without a file: stacks, device memory, heaps of threads. Not what is only reserved, nor
     * the main heap: one small block high up holds its end, and the allocator counts what is in use there. */
    int64_t anonymous_bytes;
    int64_t resident_bytes;
};
/* Returns 0, or -1 with every field -1. */
int os_objects_mappings(struct os_mappings *mappings);

#endif
