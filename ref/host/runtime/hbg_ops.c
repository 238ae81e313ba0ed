/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nine calls of a graph builder (device.md 6, host.md 5.3; R4, R24).
 *
 * Each one leaves user code on the way in and enters it again on the way out. Memory of the user's is touched before it
 * leaves: a bad address is the user's fault then, and stays inside (R33). Once an error is latched the calls fail and
 * change nothing.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/data_type.h"
#include "abi/error_codes.h"
#include "base/log.h"
#include "exec/exec.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"
#include "host/runtime/hbg.h"

#define HBG_PAGE_BYTES 4096u

static struct runtime *hbg_runtime_of(struct pto_graph_handle *rt)
{
    return (struct runtime *)(void *)rt; /* its first member */
}

/* True for a call by the running orchestration. Calls from its other threads are counted; those after it, ignored. */
static bool hbg_is_builder(struct runtime *runtime)
{
    /* Relaxed: only the thread that stored itself finds itself. */
    uintptr_t builder = atomic_load_explicit(&runtime->builder, memory_order_relaxed);
    if (builder == (uintptr_t)pthread_self()) {
        return true;
    }
    if (builder != 0) {
        atomic_fetch_add_explicit(&runtime->foreign, 1, memory_order_relaxed); /* relaxed: a number */
    }
    return false;
}

static bool hbg_is_open(struct runtime *runtime)
{
    return hbg_is_builder(runtime) && runtime->latched == 0;
}

void hbg_latch(struct runtime *runtime, int32_t result, const char *format, ...)
{
    char text[HBG_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (runtime->latched != 0) {
        log_message(LOG_LEVEL_WARN, "host", "code %d comes after latched code %d: %s", result, runtime->latched, text);
        return;
    }
    runtime->latched = result;
    memcpy(runtime->text, text, sizeof(text));
}

#define HBG_INVALID(...) hbg_latch(runtime, -PTO_ERR_INVALID_ARGS, __VA_ARGS__)

/* ---- tasks and edges ---- */

static int hbg_check_task(struct runtime *runtime, const uint64_t *args, int num_args, int func_id, int core_type)
{
    if (runtime->task_count == PTO_GRAPH_MAX_TASKS) {
        HBG_INVALID("add_task: the table of %d tasks is full", PTO_GRAPH_MAX_TASKS);
    } else if (num_args < 0 || num_args > PTO_GRAPH_MAX_ARGS) {
        HBG_INVALID("add_task: %d arguments are not in 0..%d", num_args, PTO_GRAPH_MAX_ARGS);
    } else if (num_args > 0 && args == NULL) {
        HBG_INVALID("add_task: %d arguments at NULL", num_args);
    } else if (func_id < 0 || func_id >= PTO_MAX_FUNC_IDS) {
        HBG_INVALID("add_task: func_id %d is not in 0..%d", func_id, PTO_MAX_FUNC_IDS - 1);
    } else if (runtime->functions[func_id] == 0) {
        HBG_INVALID("add_task: the callable has no kernel with func_id %d", func_id);
    } else if (core_type != PTO_CORE_AIC && core_type != PTO_CORE_AIV) {
        HBG_INVALID("add_task: core type %d is neither %d nor %d", core_type, PTO_CORE_AIC, PTO_CORE_AIV);
    } else {
        return 0;
    }
    return -1;
}

static int hbg_add_task(struct runtime *runtime, const uint64_t *args, int num_args, int func_id, int core_type)
{
    if (hbg_check_task(runtime, args, num_args, func_id, core_type) != 0) {
        return -1;
    }
    struct pto_graph_task *task = &runtime->tasks[runtime->task_count];
    task->task_id = (int32_t)runtime->task_count;
    task->func_id = func_id;
    memset(task->args, 0, sizeof(task->args)); /* R13: nothing of an earlier run is seen */
    if (num_args > 0) {
        memcpy(task->args, args, (size_t)num_args * sizeof(args[0]));
    }
    task->num_args = num_args;
    task->reserved0 = 0;
    task->function_bin_addr = runtime->functions[func_id];
    task->core_type = core_type;
    atomic_store_explicit(&task->fanin, 0, memory_order_relaxed); /* relaxed: the launch publishes it */
    task->fanout_count = 0;
    task->reserved1 = 0;
    task->start_time = 0;
    task->end_time = 0;
    runtime->task_count++;
    exec_progress();
    return task->task_id;
}

static int hbg_op_add_task(struct pto_graph_handle *rt, uint64_t *args, int num_args, int func_id, int core_type)
{
    struct runtime *runtime = hbg_runtime_of(rt);
    uint64_t words[PTO_GRAPH_MAX_ARGS];
    int id = -1;
    if (args != NULL && num_args > 0 && num_args <= PTO_GRAPH_MAX_ARGS) {
        memcpy(words, args, (size_t)num_args * sizeof(words[0]));
    }
    exec_user_leave();
    if (hbg_is_open(runtime)) {
        id = hbg_add_task(runtime, args != NULL ? words : NULL, num_args, func_id, core_type);
    }
    exec_user_enter();
    return id;
}

static void hbg_add_successor(struct runtime *runtime, int from_task, int to_task)
{
    uint32_t count = runtime->task_count;
    if (from_task < 0 || (uint32_t)from_task >= count || to_task < 0 || (uint32_t)to_task >= count) {
        HBG_INVALID("add_successor: from %d to %d, there are %u tasks", from_task, to_task, count);
        return;
    }
    struct pto_graph_task *from = &runtime->tasks[from_task];
    struct pto_graph_task *to = &runtime->tasks[to_task];
    if (from->fanout_count == PTO_GRAPH_MAX_FANOUT) {
        HBG_INVALID("add_successor: task %d has %d successors already, task %d would be one more", from_task,
                    PTO_GRAPH_MAX_FANOUT, to_task);
        return;
    }
    from->fanout[from->fanout_count++] = to_task;
    /* Relaxed: one thread builds, and the launch publishes it. A plain sum spares a locked instruction. */
    int32_t fanin = atomic_load_explicit(&to->fanin, memory_order_relaxed);
    atomic_store_explicit(&to->fanin, fanin + 1, memory_order_relaxed);
    exec_progress();
}

static void hbg_op_add_successor(struct pto_graph_handle *rt, int from_task, int to_task)
{
    struct runtime *runtime = hbg_runtime_of(rt);
    exec_user_leave();
    if (hbg_is_open(runtime)) {
        hbg_add_successor(runtime, from_task, to_task);
    }
    exec_user_enter();
}

static int hbg_op_get_task_count(struct pto_graph_handle *rt)
{
    struct runtime *runtime = hbg_runtime_of(rt);
    return hbg_is_builder(runtime) ? (int)runtime->task_count : 0;
}

/* ---- what the tensor dump wants to know ---- */

static int hbg_check_infos(struct runtime *runtime, int task_id, const struct pto_graph_tensor_info *infos, int count)
{
    if (task_id < 0 || (uint32_t)task_id >= runtime->task_count) {
        HBG_INVALID("set_tensor_info_to_task: task %d, there are %u", task_id, runtime->task_count);
        return -1;
    }
    if (count < 0 || count > PTO_GRAPH_MAX_TENSOR_INFOS || (count > 0 && infos == NULL)) {
        HBG_INVALID("set_tensor_info_to_task: task %d, %d descriptions at %p, at most %d", task_id, count,
                    (const void *)infos, PTO_GRAPH_MAX_TENSOR_INFOS);
        return -1;
    }
    for (int i = 0; i < count; i++) {
        if (infos[i].ndims > PTO_MAX_DIMS || infos[i].dtype >= PTO_DATA_TYPE_COUNT) {
            HBG_INVALID("set_tensor_info_to_task: task %d, description %d has rank %u and type %u", task_id, i,
                        infos[i].ndims, infos[i].dtype);
            return -1;
        }
    }
    return 0;
}

/* Descriptions serve the tensor dump, and a run with diagnostics is refused: they are judged and not kept. */
static int hbg_op_set_tensor_info(struct pto_graph_handle *rt, int task_id, const struct pto_graph_tensor_info *infos,
                                  int count)
{
    struct runtime *runtime = hbg_runtime_of(rt);
    struct pto_graph_tensor_info copies[PTO_GRAPH_MAX_TENSOR_INFOS];
    int result = -1;
    if (infos != NULL && count > 0 && count <= PTO_GRAPH_MAX_TENSOR_INFOS) {
        memcpy(copies, infos, (size_t)count * sizeof(copies[0]));
    }
    exec_user_leave();
    if (hbg_is_open(runtime)) {
        result = hbg_check_infos(runtime, task_id, infos != NULL ? copies : NULL, count);
    }
    exec_user_enter();
    return result;
}

static void hbg_print(const struct runtime *runtime)
{
    log_message(LOG_LEVEL_INFO, "graph", "callable_id %d: %u tasks", runtime->callable_id, runtime->task_count);
    for (uint32_t i = 0; i < runtime->task_count && log_get_level() >= LOG_LEVEL_INFO; i++) {
        const struct pto_graph_task *task = &runtime->tasks[i];
        log_message(LOG_LEVEL_INFO, "graph", "task %u: func_id %d on %s, %d arguments, %d predecessors, %d successors",
                    i, task->func_id, task->core_type == PTO_CORE_AIC ? "AIC" : "AIV", task->num_args,
                    atomic_load_explicit(&task->fanin, memory_order_relaxed), /* relaxed: see hbg_add_successor */
                    task->fanout_count);
    }
}

static void hbg_op_print_runtime(struct pto_graph_handle *rt)
{
    struct runtime *runtime = hbg_runtime_of(rt);
    exec_user_leave();
    if (hbg_is_builder(runtime)) {
        hbg_print(runtime);
    }
    exec_user_enter();
}

/* ---- memory ---- */

/* Reads one byte of each page, as the user. */
static void hbg_touch(const void *memory, size_t bytes)
{
    const volatile uint8_t *at = memory;
    for (size_t i = 0; memory != NULL && i < bytes; i += HBG_PAGE_BYTES) {
        (void)at[i];
    }
    if (memory != NULL && bytes != 0) {
        (void)at[bytes - 1];
    }
}

/* The same for memory that the run will write, and that is nobody else's until then: writes what is there. */
static void hbg_touch_for_writing(void *memory, size_t bytes)
{
    volatile uint8_t *at = memory;
    for (size_t i = 0; memory != NULL && i < bytes; i += HBG_PAGE_BYTES) {
        at[i] = at[i];
    }
    if (memory != NULL && bytes != 0) {
        at[bytes - 1] = at[bytes - 1];
    }
}

static void *hbg_op_device_malloc(struct pto_graph_handle *rt, size_t bytes)
{
    struct runtime *runtime = hbg_runtime_of(rt);
    exec_user_leave();
    void *device = hbg_is_open(runtime) ? hbg_memory_alloc(runtime, bytes) : NULL;
    exec_user_enter();
    return device;
}

/* A recorded pair is copied after the run, when another buffer may have the address: its buffer stays. */
static void hbg_device_free(struct runtime *runtime, void *device)
{
    size_t pair = hbg_memory_pair_in(runtime, device);
    if (pair < runtime->pair_count) {
        HBG_INVALID("device_free: pair %zu is copied back from the buffer at %p", pair, device);
    } else if (!hbg_memory_free(runtime, device)) {
        log_message(LOG_LEVEL_WARN, "host", "device_free: %p is no buffer of this run; ignored", device);
    }
}

static void hbg_op_device_free(struct pto_graph_handle *rt, void *device)
{
    struct runtime *runtime = hbg_runtime_of(rt);
    exec_user_leave();
    if (device != NULL && hbg_is_open(runtime)) {
        hbg_device_free(runtime, device);
    }
    exec_user_enter();
}

/* 0 when both ends of a copy are there. */
static int hbg_check_copy(struct runtime *runtime, const char *what, const void *device, const void *host, size_t bytes)
{
    if (host == NULL || device == NULL) {
        HBG_INVALID("%s: %zu bytes between host %p and device %p", what, bytes, host, device);
        return -EINVAL;
    }
    if (platform_memory_check(runtime->context, device, bytes) != 0) {
        HBG_INVALID("%s: %zu bytes at %p are not inside one buffer of this device memory", what, bytes, device);
        return -EINVAL;
    }
    return 0;
}

static int hbg_op_copy_to_device(struct pto_graph_handle *rt, void *device, const void *host, size_t bytes)
{
    struct runtime *runtime = hbg_runtime_of(rt);
    int result = -EINVAL;
    hbg_touch(host, bytes);
    exec_user_leave();
    if (hbg_is_open(runtime)) {
        result = bytes != 0 ? hbg_check_copy(runtime, "copy_to_device", device, host, bytes) : 0;
        if (result == 0) {
            result = platform_copy_in(runtime->context, device, host, bytes);
        }
    }
    exec_user_enter();
    return result;
}

static void hbg_op_record_tensor_pair(struct pto_graph_handle *rt, void *host, void *device, size_t bytes)
{
    struct runtime *runtime = hbg_runtime_of(rt);
    hbg_touch_for_writing(host, bytes);
    exec_user_leave();
    if (hbg_is_open(runtime) && hbg_check_copy(runtime, "record_tensor_pair", device, host, bytes) == 0) {
        const struct hbg_pair pair = {.host = host, .device = device, .bytes = bytes};
        if (hbg_memory_record(runtime, &pair) != 0) {
            hbg_latch(runtime, -1, "record_tensor_pair: no host memory for pair %zu", runtime->pair_count);
        }
    }
    exec_user_enter();
}

const struct pto_graph_ops hbg_ops = {
    .add_task = hbg_op_add_task,
    .set_tensor_info_to_task = hbg_op_set_tensor_info,
    .add_successor = hbg_op_add_successor,
    .record_tensor_pair = hbg_op_record_tensor_pair,
    .get_task_count = hbg_op_get_task_count,
    .print_runtime = hbg_op_print_runtime,
    .device_malloc = hbg_op_device_malloc,
    .device_free = hbg_op_device_free,
    .copy_to_device = hbg_op_copy_to_device,
};
