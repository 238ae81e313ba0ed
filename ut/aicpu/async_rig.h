/* SPDX-License-Identifier: Apache-2.0 */
/*
 * async_rig: programs with deferred tasks, the kernels that register their conditions, and the engines to run them on
 * (device.md 5.1). What a kernel finds behind its tensor are its words 1 and 2.
 */
#ifndef UT_AICPU_ASYNC_RIG_H
#define UT_AICPU_ASYNC_RIG_H

#include "mini_device.h"

#define ASYNC_COUNTERS 64u
#define ASYNC_PEER_STEP_NS 30000u

/* Cleared by each run: */
extern uint32_t async_counters[ASYNC_COUNTERS];
extern _Atomic uint32_t async_submitted; /* the orchestration has submitted everything */
extern _Atomic uint32_t async_consumers; /* kernels that ran as consumers */

/* ---- for orchestrations */

void async_cell(struct pto_tensor *tensor, uint32_t index);
/* A task on cell `index`; its kernels' words behind the tensor are `a` and `b`. */
struct pto_task_outputs async_submit(const struct pto_mixed_kernels *kernels, uint32_t index, int16_t blocks,
                                     uint64_t a, uint64_t b);
struct pto_task_outputs async_submit_one(int32_t kernel, uint32_t index, uint64_t a, uint64_t b);
void async_tell(_Atomic uint32_t *word);

/* A producer (kernel 1), the deferred task (0) on the counters 0 .. scalars[0] - 1, its consumer (2). */
void async_chain(const struct pto_chip_args *args);
/* scalars[0] deferred tasks at once (0), each notified by a task (1) that was submitted after all of them, and their
 * consumers (2). */
void async_many(const struct pto_chip_args *args);

/* ---- kernels */

/* Consumer: counters word 1 .. word 2 - 1 have all reached 1. */
void async_consume(int64_t *args);
void async_do_nothing(int64_t *args);
/* A producer that is at work while its consumers are submitted. */
void async_await_submission(int64_t *args);
/* Expects counters word 1 .. word 2 - 1, block by block and lane by lane, in the slab. */
void async_expect(int64_t *args);
/* The same through the mailbox. */
void async_post(int64_t *args);
/* The counters have been reached before anybody looks. */
void async_reach_and_expect(int64_t *args);
void async_notify(int64_t *args);
/* `count` messages for the task `token`: it waits for the counter as well. */
void async_post_for(int64_t *args, uint64_t token, uint64_t count, uint32_t *counter);

/* A peer of another rank stores, and says nothing to anybody. */
void async_peer_notifies(void *device);

/* ---- running */

void async_play(struct mini_device *device, const struct mini_run *run, struct mini_result *result);
/* The same, must work, with so many consumers, none of them too early. */
void async_play_ok(struct mini_device *device, const struct mini_run *run, uint64_t expected, const char *what);
/* Whatever became of the runs before: this one is as the first. */
void async_run_good(struct mini_device *device, uint32_t threads);

#define ASYNC_ENGINES 8u
#define ASYNC_FIBERS (ASYNC_ENGINES - 1) /* the last one has threads */

struct mini_device *async_device(size_t engine);
/* Runs `check` on every engine, with 1 to 4 threads and 1 to 3 blocks. */
void async_on_every_engine(void (*check)(struct mini_device *device, uint32_t threads, uint32_t blocks));

#endif
