/* SPDX-License-Identifier: Apache-2.0 */
#include "host/lock.h"

#include <errno.h>

#include "base/fault.h"
#include "exec/exec.h"

int host_lock_init(struct host_lock *lock)
{
    int result = -fault_hit("host.lock");
    if (result == 0) {
        result = -pthread_mutex_init(&lock->guard, NULL);
    }
    if (result != 0) {
        return result;
    }
    result = -pthread_cond_init(&lock->freed, NULL);
    if (result != 0) {
        (void)pthread_mutex_destroy(&lock->guard);
        return result;
    }
    lock->held = false;
    lock->holder = NULL;
    atomic_init(&lock->releases, 0);
    return 0;
}

void host_lock_destroy(struct host_lock *lock)
{
    (void)pthread_cond_destroy(&lock->freed);
    (void)pthread_mutex_destroy(&lock->guard);
}

int host_lock_take(struct host_lock *lock)
{
    struct exec_engine *engine = exec_current_engine();
    (void)pthread_mutex_lock(&lock->guard);
    while (lock->held) {
        if (lock->holder == NULL && pthread_equal(lock->thread, pthread_self())) {
            (void)pthread_mutex_unlock(&lock->guard);
            return -EDEADLK;
        }
        if (engine == NULL || engine != lock->holder) {
            (void)pthread_cond_wait(&lock->freed, &lock->guard);
            continue;
        }
        /* Relaxed: read under the guard, under which it is changed. */
        uint32_t seen = atomic_load_explicit(&lock->releases, memory_order_relaxed);
        (void)pthread_mutex_unlock(&lock->guard);
        int result = exec_wait(&lock->releases, seen, EXEC_NEVER);
        if (result != 0) {
            return result;
        }
        (void)pthread_mutex_lock(&lock->guard);
    }
    lock->held = true;
    lock->holder = engine;
    lock->thread = pthread_self();
    (void)pthread_mutex_unlock(&lock->guard);
    return 0;
}

void host_lock_give(struct host_lock *lock)
{
    (void)pthread_mutex_lock(&lock->guard);
    bool from_processor = lock->holder != NULL;
    lock->held = false;
    lock->holder = NULL;
    /* Release: pairs with the acquire in exec_wait. */
    (void)atomic_fetch_add_explicit(&lock->releases, 1, memory_order_release);
    (void)pthread_cond_signal(&lock->freed);
    (void)pthread_mutex_unlock(&lock->guard);
    if (from_processor) {
        exec_wake(&lock->releases);
    }
}
