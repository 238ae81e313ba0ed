/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/driver/state.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t state_ended = PTHREAD_COND_INITIALIZER;
static struct driver_device *state_devices;
static uint64_t state_number;
static _Thread_local struct driver_thread state_thread;

void driver_lock(void)
{
    (void)pthread_mutex_lock(&state_lock);
}

void driver_unlock(void)
{
    (void)pthread_mutex_unlock(&state_lock);
}

/* A child inherits the state, and must not inherit the lock in another thread's hands. */
__attribute__((constructor)) static void state_start(void)
{
    (void)pthread_atfork(driver_lock, driver_unlock, driver_unlock);
}

void driver_wait_for_end(void)
{
    (void)pthread_cond_wait(&state_ended, &state_lock);
}

void driver_tell_end(void)
{
    (void)pthread_cond_broadcast(&state_ended);
}

struct driver_thread *driver_thread(void)
{
    return &state_thread;
}

uint64_t driver_next_number(void)
{
    return ++state_number;
}

struct driver_device *driver_device_find(int id)
{
    struct driver_device *device = state_devices;
    while (device != NULL && device->id != id) {
        device = device->next;
    }
    return device;
}

static void device_free(struct driver_device *device)
{
    if (device->own != NULL) {
        driver_session_free(device->own);
    }
    if (device->code != NULL) {
        driver_code_free(device->code);
    }
    if (device->owner != NULL) {
        npu_owner_detach(device->owner, NULL, NULL);
    }
    free(device->c2c);
    free(device);
}

struct driver_device *driver_device_get(int id)
{
    struct driver_device *device = driver_device_find(id);
    if (device != NULL) {
        return device;
    }
    device = os_zalloc("driver.device", sizeof(*device));
    if (device == NULL) {
        return NULL;
    }
    device->id = id;
    device->generation = driver_next_number();
    if (npu_owner_attach(id, &device->owner) != 0) {
        device->owner = NULL;
    }
    device->code = device->owner != NULL ? driver_code_make(device) : NULL;
    device->own = device->code != NULL ? driver_session_make(device, &npu_arch_a2a3) : NULL;
    if (device->own == NULL) {
        device_free(device);
        return NULL;
    }
    device->next = state_devices;
    state_devices = device;
    return device;
}

void driver_device_put(struct driver_device *device)
{
    if (device->has_context || device->busy != 0 || device->waiting != 0 || device->sessions != device->own ||
        device->own->running) {
        return;
    }
    struct driver_device **link = &state_devices;
    while (*link != device) {
        link = &(*link)->next;
    }
    *link = device->next;
    device_free(device);
}

/*
 * One round of waiting for the session's run, after which the session may be gone. A processor of the engine that
 * drives the run must let its engine go on; everybody else may block its thread.
 */
static int state_wait_for_run(struct npu_driver_session *session)
{
    struct exec_engine *engine = exec_current_engine();
    if (engine == NULL || engine != session->runner) {
        driver_wait_for_end();
        return 0;
    }
    /* Relaxed: read under the lock, under which it is changed. */
    _Atomic uint32_t *ended = &session->device->runs_ended; /* the device stays while `waiting` says so */
    uint32_t seen = atomic_load_explicit(ended, memory_order_relaxed);
    struct driver_thread saved = state_thread;
    driver_unlock();
    int result = exec_wait(ended, seen, EXEC_NEVER);
    driver_lock();
    state_thread = saved;
    return result != 0 ? -ECANCELED : 0;
}

/* For a session that the caller keeps open. */
static int state_await_session(struct npu_driver_session *session)
{
    int result = 0;
    while (session->running && result == 0) {
        result = state_wait_for_run(session);
    }
    return result;
}

int driver_session_quiet(struct npu_driver_session *session)
{
    struct driver_device *device = session->device;
    device->waiting++;
    int result = state_await_session(session);
    device->waiting--;
    return result;
}

static int state_await_device(struct driver_device *device)
{
    struct npu_driver_session *session = device->sessions;
    while (session != NULL || device->busy != 0) {
        if (session == NULL) {
            driver_wait_for_end();
            session = device->sessions;
        } else if (session->running) {
            if (state_wait_for_run(session) != 0) {
                return -ECANCELED;
            }
            session = device->sessions; /* the list may have changed */
        } else {
            session = session->next;
        }
    }
    return 0;
}

int driver_device_quiet(struct driver_device *device)
{
    device->waiting++;
    int result = state_await_device(device);
    device->waiting--;
    return result;
}
