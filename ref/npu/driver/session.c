/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/driver/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "npu/driver/state.h"

struct npu_driver_session *driver_session_make(struct driver_device *device, const struct npu_arch *arch)
{
    struct npu_driver_session *session = os_zalloc("driver.session", sizeof(*session));
    if (session == NULL) {
        return NULL;
    }
    session->device = device;
    session->arch = arch;
    session->serial = driver_next_number();
    session->next = device->sessions;
    device->sessions = session;
    return session;
}

void driver_session_free(struct npu_driver_session *session)
{
    while (session->streams != NULL) {
        driver_stream_free(session->streams);
    }
    struct npu_driver_session **link = &session->device->sessions;
    while (*link != session) {
        link = &(*link)->next;
    }
    *link = session->next;
    driver_engine_free(session);
    if (session->window != NULL) {
        os_unmap(session->window, session->window_bytes);
    }
    if (session->pipes != NULL) {
        npu_pipes_destroy(session->pipes);
    }
    free(session->processors);
    free(session);
}

int npu_driver_session_open(int device_id, const struct npu_arch *arch, struct npu_driver_session **session)
{
    if (device_id < 0 || arch == NULL) {
        return -EINVAL;
    }
    driver_lock();
    struct driver_device *device = driver_device_get(device_id);
    struct npu_driver_session *made = device != NULL ? driver_session_make(device, arch) : NULL;
    if (device != NULL && made == NULL) {
        driver_device_put(device);
    }
    driver_unlock();
    *session = made;
    return made != NULL ? 0 : -ENOMEM;
}

void npu_driver_session_close(struct npu_driver_session *session)
{
    if (session == NULL) {
        return;
    }
    driver_lock();
    struct driver_device *device = session->device;
    /* A processor whose launch is ending is told so until the run of the session is over; nothing is freed under it. */
    while (driver_session_quiet(session) != 0) {
        driver_unlock();
        exec_pause();
        driver_lock();
    }
    driver_session_free(session);
    driver_device_put(device);
    driver_unlock();
}

void npu_driver_session_enter(struct npu_driver_session *session)
{
    struct driver_thread *thread = driver_thread();
    thread->session = session;
    thread->serial = session != NULL ? session->serial : 0;
}

int npu_driver_session_set_engine(struct npu_driver_session *session, const struct exec_options *options)
{
    struct exec_engine *trial = NULL;
    driver_lock();
    int result = session->running ? -EBUSY : exec_engine_create(options, &trial);
    exec_engine_destroy(trial);
    if (result == 0) {
        session->options = *options;
    }
    driver_unlock();
    return result;
}

bool npu_driver_session_is_inside(const struct npu_driver_session *session)
{
    /* Relaxed: only equality with the caller's own engine matters, and that one cannot change under the caller. */
    struct exec_engine *own = atomic_load_explicit(&session->engine, memory_order_relaxed);
    return own != NULL && exec_current_engine() == own;
}

const struct npu_driver_run *npu_driver_session_last_run(const struct npu_driver_session *session)
{
    return &session->last;
}

static void count_session(const struct npu_driver_session *session, struct npu_driver_statistics *statistics)
{
    for (const struct driver_stream *stream = session->streams; stream != NULL; stream = stream->next) {
        statistics->streams++;
        statistics->pending += stream->queued;
    }
    statistics->sessions += session != session->device->own;
}

void npu_driver_statistics(int device_id, struct npu_driver_statistics *statistics)
{
    memset(statistics, 0, sizeof(*statistics));
    driver_lock();
    const struct driver_device *device = driver_device_find(device_id);
    if (device != NULL) {
        struct npu_usage usage;
        npu_hbm_usage(device->owner, &usage);
        *statistics = device->counters;
        statistics->contexts = device->has_context;
        statistics->capacity = usage.capacity;
        statistics->in_use = usage.in_use;
        statistics->buffers = usage.buffers;
        statistics->first_fault = device->fault;
        statistics->loaded_programs = driver_programs_loaded() + (device->server != NULL);
        statistics->loaded_kernels = driver_code_count(device->code);
        for (const struct npu_driver_session *session = device->sessions; session != NULL; session = session->next) {
            count_session(session, statistics);
        }
        for (const struct driver_image *image = device->images; image != NULL; image = image->next) {
            statistics->images++;
            statistics->image_bytes += image->size;
            statistics->loaded_programs += image->handle != NULL;
        }
        for (const struct driver_binary *binary = device->binaries; binary != NULL; binary = binary->next) {
            statistics->binaries++;
        }
    }
    driver_unlock();
}

int npu_driver_set_capacity(int device_id, uint64_t bytes)
{
    driver_lock();
    struct driver_device *device = driver_device_find(device_id);
    int result =
        device == NULL ? -ENOENT : npu_hbm_set_capacity(device->owner, bytes != 0 ? bytes : NPU_HBM_DEFAULT_BYTES);
    driver_unlock();
    return result;
}
