/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver: any sequence of calls gets the codes that a small model expects, device memory holds what was copied into it,
 * and the driver's numbers are the model's (R15, R17). Errors are planned on the way.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/os.h"
#include "harness/choice/unwatched.h"
#include "harness/property/driver_model.h"
#include "harness/property/property.h"
#include "st/fixtures/driver/driver_fixture.h"

UNWATCHED_BEGIN

#define DRIVER_STEPS_MAX 60u
#define DRIVER_CORES_IMAGE BUILD_DIR "/fixtures/driver/cores.so"

struct driver_state {
    void *cores; /* an AICore image */
    size_t cores_bytes;
    Elf64_Ehdr hollow; /* an ELF file that nobody can load */
};

struct driver_case {
    struct choice *choice;
    struct property_context *context;
    const struct driver_state *state;
    struct driver_model model;
};

/* Sometimes the call is to fail: returns what the model has to expect. */
static void plan(struct driver_case *it, const char *site)
{
    static const int errors[] = {ENOMEM, EIO, DRIVER_EXCEPTION, DRIVER_INTERNAL, DRIVER_OUT_OF_MEMORY};
    it->model.planned = 0;
    if (choice_below(it->choice, 16) != 15) {
        return;
    }
    struct fault_rule rule = {.nth = 1, .error = errors[choice_below(it->choice, 5)]};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", site);
    if (fault_plan_install(&rule, 1) == 0) {
        it->model.planned = rule.error == ENOMEM ? (int)DRIVER_OUT_OF_MEMORY : rule.error;
    }
}

/* Compares, and lifts the plan. */
static int judge(struct driver_case *it, const char *call, int code, int expected)
{
    fault_plan_clear();
    property_trace(it->context, "%s: %d", call, code);
    PROPERTY_REQUIRE(it->context, code == expected, "%s returned %d, expected %d (device %d, plan %d)", call, code,
                     expected, it->model.current, it->model.planned);
    return 0;
}

static int step_set_device(struct driver_case *it)
{
    int device = (int)choice_below(it->choice, DRIVER_MODEL_DEVICES);
    it->model.planned = 0;
    int code = rtSetDevice(device);
    it->model.current = device;
    return judge(it, "rtSetDevice", code, DRIVER_OK);
}

static int step_reset(struct driver_case *it)
{
    int device = (int)choice_below(it->choice, DRIVER_MODEL_DEVICES);
    it->model.planned = 0;
    int code = rtDeviceReset(device);
    driver_model_reset(&it->model, device);
    return judge(it, "rtDeviceReset", code, DRIVER_OK);
}

static int step_capacity(struct driver_case *it)
{
    int id = (int)choice_below(it->choice, DRIVER_MODEL_DEVICES);
    struct driver_model_device *device = &it->model.devices[id];
    uint64_t bytes = 1 + choice_below(it->choice, 40000);
    int expected = bytes >= device->in_use ? 0 : -EBUSY;
    int code = npu_driver_set_capacity(id, bytes);
    it->model.planned = 0;
    device->capacity = expected == 0 ? bytes : device->capacity;
    return judge(it, "npu_driver_set_capacity", code, expected);
}

static int step_malloc(struct driver_case *it)
{
    struct driver_model_device *device = driver_model_current(&it->model);
    size_t place = choice_below(it->choice, DRIVER_MODEL_BUFFERS);
    uint64_t size = choice_below(it->choice, DRIVER_MODEL_BYTES_MAX + 1);
    if (device != NULL && device->buffers[place].address != NULL) {
        return 0;
    }
    plan(it, "driver.rtMalloc");
    void *address = NULL;
    int code = rtMalloc(&address, size, RT_MEMORY_HBM, PTO_MEMORY_RUNTIME);
    int expected = driver_model_gate(&it->model, true, false);
    if (device != NULL && expected == 0) {
        expected = driver_model_take(device, size);
    }
    if (device != NULL && expected == 0 && code == 0) {
        device->buffers[place] = (struct driver_model_buffer){.address = address, .size = size};
    }
    PROPERTY_REQUIRE(it->context, (address != NULL) == (code == 0), "rtMalloc returned %d and %p", code, address);
    return judge(it, "rtMalloc", code, expected);
}

static int step_free(struct driver_case *it)
{
    struct driver_model_device *device = driver_model_current(&it->model);
    size_t place = choice_below(it->choice, DRIVER_MODEL_BUFFERS);
    struct driver_model_buffer *buffer = device != NULL ? &device->buffers[place] : NULL;
    uint64_t beside = choice_below(it->choice, 4) == 3 ? 64 : 0;
    void *address = it;
    if (buffer != NULL && buffer->address != NULL) {
        address = (uint8_t *)buffer->address + beside;
    }
    plan(it, "driver.rtFree");
    int code = rtFree(address);
    int expected = driver_model_gate(&it->model, false, false);
    if (device != NULL && expected == 0 && (buffer->address == NULL || beside != 0)) {
        expected = DRIVER_INVALID_PARAMETER;
    }
    if (device != NULL && expected == 0) {
        device->in_use -= buffer->size;
        *buffer = (struct driver_model_buffer){0};
    }
    return judge(it, "rtFree", code, expected);
}

/* Ranges that fit, just fit, or are one byte too long. */
static int step_copy(struct driver_case *it)
{
    struct driver_model_device *device = driver_model_current(&it->model);
    size_t place = choice_below(it->choice, DRIVER_MODEL_BUFFERS);
    enum rtMemcpyKind kind = choice_bool(it->choice) ? RT_MEMCPY_HOST_TO_DEVICE : RT_MEMCPY_DEVICE_TO_HOST;
    struct driver_model_buffer *buffer = device != NULL ? &device->buffers[place] : NULL;
    uint8_t host[DRIVER_MODEL_BYTES_MAX + 2] = {0};
    if (buffer == NULL || buffer->address == NULL) {
        return 0;
    }
    uint64_t offset = choice_below(it->choice, buffer->size + 1);
    uint64_t bytes = choice_below(it->choice, buffer->size - offset + 2);
    uint8_t *at = (uint8_t *)buffer->address + offset;
    bool in = kind == RT_MEMCPY_HOST_TO_DEVICE;
    memset(host, (int)choice_below(it->choice, 256), sizeof(host));
    plan(it, "driver.rtMemcpy");
    int code = in ? rtMemcpy(at, bytes, host, bytes, kind) : rtMemcpy(host, sizeof(host), at, bytes, kind);
    int expected = driver_model_gate(&it->model, true, false);
    if (expected == 0 && bytes > buffer->size - offset) {
        expected = DRIVER_INVALID_PARAMETER;
    }
    if (expected == 0 && in) {
        memcpy(buffer->bytes + offset, host, bytes);
    }
    PROPERTY_REQUIRE(it->context, expected != 0 || in || memcmp(host, buffer->bytes + offset, bytes) == 0,
                     "%llu bytes at %llu are not what was copied in", (unsigned long long)bytes,
                     (unsigned long long)offset);
    return judge(it, "rtMemcpy", code, expected);
}

static int step_stream_create(struct driver_case *it)
{
    struct driver_model_device *device = driver_model_current(&it->model);
    size_t place = choice_below(it->choice, DRIVER_MODEL_STREAMS);
    if (device != NULL && device->streams[place].handle != NULL) {
        return 0;
    }
    plan(it, "driver.rtStreamCreate");
    rtStream_t stream = NULL;
    npu_driver_session_enter(device != NULL ? device->session : NULL);
    int code = rtStreamCreate(&stream, 0);
    int expected = driver_model_gate(&it->model, true, false);
    if (device != NULL && expected == 0 && code == 0) {
        device->streams[place].handle = stream;
    }
    PROPERTY_REQUIRE(it->context, (stream != NULL) == (code == 0), "rtStreamCreate returned %d and %p", code, stream);
    return judge(it, "rtStreamCreate", code, expected);
}

/* One of the device's streams, or something that is none. */
static struct driver_model_stream *draw_stream(struct driver_case *it, void **handle)
{
    struct driver_model_device *device = driver_model_current(&it->model);
    size_t place = choice_below(it->choice, DRIVER_MODEL_STREAMS);
    bool there = device != NULL && device->streams[place].handle != NULL;
    *handle = there ? device->streams[place].handle : (void *)it;
    return there ? &device->streams[place] : NULL;
}

static int step_stream_destroy(struct driver_case *it)
{
    void *handle;
    struct driver_model_stream *stream = draw_stream(it, &handle);
    plan(it, "driver.rtStreamDestroy");
    int code = rtStreamDestroy(handle);
    int expected = driver_model_gate(&it->model, false, false);
    if (expected == 0) {
        expected = stream == NULL ? DRIVER_INVALID_PARAMETER : stream->launches != 0 ? DRIVER_STREAM_BUSY : DRIVER_OK;
    }
    if (stream != NULL && expected == 0) {
        *stream = (struct driver_model_stream){0};
    }
    return judge(it, "rtStreamDestroy", code, expected);
}

static int step_register(struct driver_case *it)
{
    enum { CORES, HOLLOW, CUT, KINDS };
    struct driver_model_device *device = driver_model_current(&it->model);
    size_t place = choice_below(it->choice, DRIVER_MODEL_IMAGES);
    uint64_t kind = choice_below(it->choice, KINDS);
    if (device != NULL && device->images[place].handle != NULL) {
        return 0;
    }
    rtDevBinary_t binary = {.magic = RT_DEV_BINARY_MAGIC_ELF,
                            .data = kind == CORES ? it->state->cores : (const void *)&it->state->hollow,
                            .length = kind == CORES ? it->state->cores_bytes : sizeof(it->state->hollow)};
    binary.length -= kind == CUT;
    plan(it, "driver.rtRegisterAllKernel");
    void *handle = NULL;
    int code = rtRegisterAllKernel(&binary, &handle);
    int expected = driver_model_gate(&it->model, true, true);
    if (device != NULL && expected == 0) {
        expected = kind == CUT ? (int)DRIVER_INVALID_PARAMETER : driver_model_take(device, binary.length);
        driver_model_poison(device, expected, true);
    }
    if (device != NULL && expected == 0) {
        device->images[place] = (struct driver_model_image){.handle = handle, .faulty = kind == HOLLOW};
        device->image_bytes += binary.length;
        device->image_count++;
    }
    return judge(it, "rtRegisterAllKernel", code, expected);
}

/* What the cores look at; made once per device, outside the plan. */
static bool have_board(struct driver_model_device *device)
{
    struct driver_board board = {.signal = 1};
    if (device->board == NULL && device->fault == 0 &&
        rtMalloc(&device->board, sizeof(board), RT_MEMORY_HBM, PTO_MEMORY_RUNTIME) == 0) {
        device->in_use += sizeof(board);
        (void)rtMemcpy(device->board, sizeof(board), &board, sizeof(board), RT_MEMCPY_HOST_TO_DEVICE);
    }
    return device->board != NULL;
}

static int step_launch(struct driver_case *it)
{
    static const uint32_t widths[] = {1, 13, 0, 25}; /* two of 13 do not fit on the chip at once */
    struct driver_model_device *device = driver_model_current(&it->model);
    size_t place = choice_below(it->choice, DRIVER_MODEL_IMAGES);
    uint32_t blocks = widths[choice_below(it->choice, 4)];
    void *handle;
    struct driver_model_stream *stream = draw_stream(it, &handle);
    const struct driver_model_image *image = device != NULL ? &device->images[place] : NULL;
    if (device == NULL || !have_board(device)) {
        return 0;
    }
    uint64_t board = (uintptr_t)device->board;
    const rtArgsEx_t args = {.args = &board, .argsSize = sizeof(board)};
    plan(it, "driver.rtKernelLaunchWithHandleV2");
    int code = rtKernelLaunchWithHandleV2(image->handle, 0, blocks, &args, NULL, handle, NULL);
    int expected = driver_model_gate(&it->model, true, true);
    if (device != NULL && expected == 0 && (stream == NULL || image->handle == NULL || blocks == 0 || blocks > 24)) {
        expected = DRIVER_INVALID_PARAMETER;
    }
    if (stream != NULL && expected == 0) {
        stream->launches++;
        stream->faulty = stream->faulty || image->faulty;
    }
    return judge(it, "rtKernelLaunchWithHandleV2", code, expected);
}

static int step_synchronize(struct driver_case *it)
{
    void *handle;
    struct driver_model_stream *stream = draw_stream(it, &handle);
    plan(it, "driver.rtStreamSynchronizeWithTimeout");
    int code = rtStreamSynchronizeWithTimeout(handle, 2000);
    int expected = driver_model_gate(&it->model, true, false);
    if (expected == 0) {
        expected = stream == NULL ? (int)DRIVER_INVALID_PARAMETER : driver_model_run(driver_model_current(&it->model));
    }
    return judge(it, "rtStreamSynchronizeWithTimeout", code, expected);
}

static int compare_numbers(struct driver_case *it, int id)
{
    const struct driver_model_device *device = &it->model.devices[id];
    struct npu_driver_statistics found;
    uint64_t streams = 0;
    uint64_t pending = 0;
    for (size_t i = 0; i < DRIVER_MODEL_STREAMS; i++) {
        streams += device->streams[i].handle != NULL;
        pending += device->streams[i].launches;
    }
    npu_driver_statistics(id, &found);
    PROPERTY_REQUIRE(it->context, found.in_use == device->in_use && found.capacity == device->capacity,
                     "device %d: %llu of %llu bytes in use, expected %llu of %llu", id,
                     (unsigned long long)found.in_use, (unsigned long long)found.capacity,
                     (unsigned long long)device->in_use, (unsigned long long)device->capacity);
    PROPERTY_REQUIRE(it->context, found.streams == streams && found.pending == pending,
                     "device %d: %llu streams with %llu launches, expected %llu with %llu", id,
                     (unsigned long long)found.streams, (unsigned long long)found.pending, (unsigned long long)streams,
                     (unsigned long long)pending);
    PROPERTY_REQUIRE(it->context,
                     found.images == device->image_count && found.image_bytes == device->image_bytes &&
                         found.first_fault == device->fault,
                     "device %d: %llu images of %llu bytes, fault %d, expected %llu of %llu, fault %d", id,
                     (unsigned long long)found.images, (unsigned long long)found.image_bytes, found.first_fault,
                     (unsigned long long)device->image_count, (unsigned long long)device->image_bytes, device->fault);
    return 0;
}

static int play(struct driver_case *it)
{
    static int (*const steps[])(struct driver_case *) = {
        step_set_device, step_malloc, step_copy,        step_free,  step_stream_create, step_stream_destroy,
        step_register,   step_launch, step_synchronize, step_reset, step_capacity};
    static const uint32_t weights[] = {3, 8, 10, 5, 8, 2, 8, 16, 8, 1, 1};
    int result = choice_below(it->choice, 8) != 7 ? step_set_device(it) : 0;
    for (uint64_t left = choice_below(it->choice, DRIVER_STEPS_MAX + 1); left != 0 && result == 0; left--) {
        result = steps[choice_pick_weighted(it->choice, weights, sizeof(weights) / sizeof(weights[0]))](it);
        for (int id = 0; id < (int)DRIVER_MODEL_DEVICES && result == 0; id++) {
            result = compare_numbers(it, id);
        }
    }
    return result;
}

static int driver_run(struct choice *choice, struct property_context *context)
{
    struct driver_case it = {.choice = choice, .context = context, .state = context->state, .model.current = -1};
    int result = 0;
    for (int id = 0; id < (int)DRIVER_MODEL_DEVICES && result == 0; id++) {
        struct driver_model_device *device = &it.model.devices[id];
        device->capacity = NPU_HBM_DEFAULT_BYTES;
        if (npu_driver_session_open(id, &npu_arch_a2a3, &device->session) != 0) {
            result = property_fail(context, "no session of device %d", id);
        }
    }
    if (result == 0) {
        result = play(&it);
    }
    fault_plan_clear();
    npu_driver_session_enter(NULL);
    for (int id = 0; id < (int)DRIVER_MODEL_DEVICES; id++) {
        (void)rtDeviceReset(id);
        npu_driver_session_close(it.model.devices[id].session);
    }
    return result;
}

static int driver_setup(struct property_context *context)
{
    struct driver_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return -property_fail(context, "no memory");
    }
    context->state = state;
    state->hollow = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}};
    int result = os_read_file("property.image", DRIVER_CORES_IMAGE, &state->cores, &state->cores_bytes);
    return result == 0 ? 0 : -property_fail(context, "%s: %s", DRIVER_CORES_IMAGE, strerror(-result));
}

static void driver_teardown(struct property_context *context)
{
    struct driver_state *state = context->state;
    if (state != NULL) {
        free(state->cores);
    }
    free(state);
}

const struct property property_driver = {
    .name = "driver",
    .summary = "any sequence of driver calls gets the codes, bytes and numbers of a small model",
    .run = driver_run,
    .default_runs = 2000,
    .max_bytes = 400,
    .setup = driver_setup,
    .teardown = driver_teardown,
};

UNWATCHED_END
