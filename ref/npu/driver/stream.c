/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: their life, and their synchronisation, which is what makes work run. */
#include <stdlib.h>

#include "base/os.h"
#include "npu/driver/state.h"

struct driver_stream *driver_stream_find(struct driver_device *device, const void *handle)
{
    for (struct npu_driver_session *session = device->sessions; session != NULL; session = session->next) {
        for (struct driver_stream *stream = session->streams; stream != NULL; stream = stream->next) {
            if (stream == handle) {
                return stream;
            }
        }
    }
    return NULL;
}

void driver_stream_drop_first(struct driver_stream *stream)
{
    struct driver_task *task = stream->head;
    stream->head = task->next;
    if (stream->head == NULL) {
        stream->tail = &stream->head;
    }
    stream->queued--;
    if (task->program != NULL) {
        driver_program_put(task->program);
    }
    free(task);
}

void driver_stream_drop_work(struct driver_stream *stream)
{
    while (stream->head != NULL) {
        driver_stream_drop_first(stream);
    }
}

void driver_stream_free(struct driver_stream *stream)
{
    struct driver_stream **link = &stream->session->streams;
    while (*link != stream) {
        link = &(*link)->next;
    }
    *link = stream->next;
    driver_stream_drop_work(stream);
    free(stream);
}

static int stream_create(const char *site, void **handle)
{
    struct driver_call call;
    if (handle != NULL) {
        *handle = NULL;
    }
    if (!driver_begin(&call, site, DRIVER_NEEDS_SOUND)) {
        return call.code;
    }
    if (handle == NULL) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    struct driver_stream *stream = os_zalloc("driver.stream", sizeof(*stream));
    if (stream == NULL) {
        return driver_end(&call, DRIVER_OUT_OF_MEMORY);
    }
    stream->session = call.session;
    stream->tail = &stream->head;
    struct driver_stream **link = &call.session->streams;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = stream;
    call.device->counters.streams_created++;
    *handle = stream;
    return driver_end(&call, DRIVER_OK);
}

static int stream_destroy(const char *site, void *handle)
{
    struct driver_call call;
    if (!driver_begin(&call, site, DRIVER_NEEDS_CONTEXT)) {
        return call.code;
    }
    struct driver_stream *stream = driver_stream_find(call.device, handle);
    if (stream == NULL) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    if (stream->queued != 0 || stream->runs) {
        return driver_end(&call, DRIVER_STREAM_BUSY);
    }
    driver_stream_free(stream);
    return driver_end(&call, DRIVER_OK);
}

static int stream_synchronize(const char *site, void *handle, int32_t milliseconds)
{
    struct driver_call call;
    if (!driver_begin(&call, site, DRIVER_NEEDS_SOUND)) {
        return call.code;
    }
    const struct driver_stream *stream = driver_stream_find(call.device, handle);
    if (stream == NULL || milliseconds < -1) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    struct npu_driver_session *session = stream->session;
    int waited = driver_session_quiet(session);
    if (!driver_call_stands(&call)) {
        return driver_end(&call, DRIVER_NO_CONTEXT);
    }
    if (waited != 0) {
        return driver_end(&call, DRIVER_INTERNAL);
    }
    /* Another caller may have destroyed the stream, and its run may have faulted. */
    if (driver_stream_find(call.device, handle) == NULL) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    if (call.device->fault != 0) {
        return driver_end(&call, DRIVER_POISONED);
    }
    return driver_end(&call, driver_session_run(session, milliseconds));
}

rtError_t rtStreamCreate(rtStream_t *stream, int32_t priority)
{
    (void)priority;
    return stream_create("driver.rtStreamCreate", stream);
}

rtError_t rtStreamDestroy(rtStream_t stream)
{
    return stream_destroy("driver.rtStreamDestroy", stream);
}

rtError_t rtStreamSynchronize(rtStream_t stream)
{
    return stream_synchronize("driver.rtStreamSynchronize", stream, -1);
}

rtError_t rtStreamSynchronizeWithTimeout(rtStream_t stream, int32_t milliseconds)
{
    return stream_synchronize("driver.rtStreamSynchronizeWithTimeout", stream, milliseconds);
}

aclError aclrtCreateStream(aclrtStream *stream)
{
    return stream_create("driver.aclrtCreateStream", stream);
}

aclError aclrtDestroyStream(aclrtStream stream)
{
    return stream_destroy("driver.aclrtDestroyStream", stream);
}

aclError aclrtSynchronizeStream(aclrtStream stream)
{
    return stream_synchronize("driver.aclrtSynchronizeStream", stream, -1);
}

aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t milliseconds)
{
    return stream_synchronize("driver.aclrtSynchronizeStreamWithTimeout", stream, milliseconds);
}
