/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock: serialises the calls on one context (R14), whoever makes them.
 *
 * A caller may be a plain OS thread or a simulated processor. A processor of the fibers engine must never block its OS
 * thread for something that another fiber of the same thread holds, so it waits through exec; everybody else sleeps on
 * a condition.
 */
#ifndef HOST_LOCK_H
#define HOST_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct exec_engine;

struct host_lock {
    pthread_mutex_t guard; /* of what follows; never held across a wait of exec */
    pthread_cond_t freed;
    bool held;
    struct exec_engine *holder; /* engine of the holding processor, NULL for a plain thread */
    pthread_t thread;           /* of the holder */
    _Atomic uint32_t releases;  /* what processors of the holder's own engine wait on */
};

int host_lock_init(struct host_lock *lock);
void host_lock_destroy(struct host_lock *lock);

/*
 * Returns 0; -ECANCELED when the calling processor's launch is ending; -EDEADLK when the caller runs inside the
 * holder's own call (a policy's choose function, a processor of the run that the holder drives).
 */
int host_lock_take(struct host_lock *lock);
void host_lock_give(struct host_lock *lock);

#endif
