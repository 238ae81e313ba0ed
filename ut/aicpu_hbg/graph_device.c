/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/aicpu_hbg/graph_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npu/arch.h"
#include "npu/registers.h"

int simpler_aicpu_init(void *kernel_args);
int simpler_aicpu_exec(void *kernel_args);
int simpler_aicpu_exit(void *kernel_args);
int aicore_execute(void *kernel_args, const struct pto_aicore_identity *identity);

struct graph_processor {
    struct graph_device *device;
    pto_aicpu_entry *entry;
    struct pto_aicore_identity identity;
    int result;
};

struct graph_device {
    struct exec_engine *engine;
    struct exec_group *group;
    struct pto_device_block block;
    struct NPU_KERNEL_ARGS args;
    struct hbg_runtime *image;
    struct npu_register_block *registers;
    uint64_t table[NPU_MAX_PHYSICAL_CORES];
    struct graph_processor processors[NPU_LAUNCHED_AICPU_THREADS + NPU_MAX_WORKERS];
};

static void *aligned_zeroed(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    return memory;
}

static void aicpu_main(void *argument)
{
    struct graph_processor *processor = argument;
    processor->result = processor->entry(&processor->device->args);
}

static void core_main(void *argument)
{
    struct graph_processor *processor = argument;
    processor->result = aicore_execute(&processor->device->args, &processor->identity);
}

/* A core that dies in the middle of the handshake. */
static void half_core_main(void *argument)
{
    struct graph_processor *processor = argument;
    struct pto_handshake *handshake = &processor->device->image->workers[processor->identity.worker];
    assert_int_equal(exec_wait(&handshake->aicpu_ready, 0, EXEC_NEVER), 0);
    handshake->physical_core_id = processor->identity.physical_core_id;
    /* Release: pairs with the AICPU's acquire in exec_wait. */
    atomic_store_explicit(&handshake->aicore_regs_ready, 1, memory_order_release);
    exec_wake(&handshake->aicore_regs_ready);
}

static void spawn_aicpu(struct graph_device *device, uint32_t i, pto_aicpu_entry *entry)
{
    char name[32];
    struct graph_processor *processor = &device->processors[i];
    *processor = (struct graph_processor){.device = device, .entry = entry};
    (void)snprintf(name, sizeof(name), "aicpu %u", i);
    assert_int_equal(exec_spawn(device->group, name, EXEC_ORCHESTRATION_STACK_BYTES, aicpu_main, processor), 0);
}

static int call_alone(struct graph_device *device, pto_aicpu_entry *entry)
{
    struct exec_outcome outcome;
    spawn_aicpu(device, 0, entry);
    assert_int_equal(exec_group_run(device->group, &outcome), 0);
    return device->processors[0].result;
}

struct graph_device *graph_device_create(const struct exec_options *options)
{
    struct graph_device *device = aligned_zeroed(sizeof(*device));
    assert_int_equal(exec_engine_create(options, &device->engine), 0);
    assert_int_equal(exec_group_create(device->engine, "graph", &device->group), 0);
    device->image = aligned_zeroed(sizeof(*device->image));
    device->registers = aligned_zeroed(NPU_MAX_WORKERS * sizeof(struct npu_register_block));
    for (uint32_t i = 0; i < NPU_MAX_WORKERS; i++) {
        device->table[i] = (uintptr_t)&device->registers[i];
    }
    device->args.device_args = (uintptr_t)&device->block;
    device->args.runtime_args = (uintptr_t)device->image;
    device->args.regs = (uintptr_t)device->table;
    assert_int_equal(call_alone(device, simpler_aicpu_init), 0);
    return device;
}

void graph_device_destroy(struct graph_device *device)
{
    assert_int_equal(call_alone(device, simpler_aicpu_exit), 0);
    assert_int_equal(device->block.state, 0);
    exec_group_destroy(device->group);
    exec_engine_destroy(device->engine);
    free(device->registers);
    free(device->image);
    free(device);
}

void graph_device_configure(struct graph_device *device, const struct exec_options *options)
{
    assert_int_equal(exec_engine_configure(device->engine, options), 0);
}

void graph_device_time(struct graph_device *device, uint64_t *wall_ns)
{
    device->args.device_wall_data_base = (uintptr_t)wall_ns;
}

static void spawn_core(struct graph_device *device, uint32_t worker, const struct graph_run *run)
{
    char name[32];
    struct graph_processor *processor = &device->processors[NPU_LAUNCHED_AICPU_THREADS + worker];
    *processor = (struct graph_processor){.device = device};
    processor->identity.worker = worker;
    processor->identity.core_type = worker < run->blocks ? PTO_CORE_AIC : PTO_CORE_AIV;
    processor->identity.physical_core_id = worker + 1 == run->absent_core ? NPU_MAX_PHYSICAL_CORES
                                           : worker + 1 == run->twin_core ? worker - 1
                                                                          : worker;
    processor->identity.registers = device->table[worker];
    (void)snprintf(name, sizeof(name), "core %u", worker);
    assert_int_equal(exec_spawn(device->group, name, EXEC_CORE_STACK_BYTES,
                                worker + 1 == run->half_core ? half_core_main : core_main, processor),
                     0);
}

static void fill_image(struct graph_device *device, const struct graph_run *run)
{
    struct hbg_runtime *image = device->image;
    image->block_dim = run->blocks;
    image->worker_count = run->blocks * NPU_CORES_PER_BLOCK;
    memset(image->workers, 0, sizeof(image->workers));
    image->aicpu_thread_num = run->threads;
    image->task_count = run->count;
    image->tasks = (uintptr_t)run->tasks;
    memset(&image->report, 0, sizeof(image->report));
    if (run->edit != NULL) {
        run->edit(image);
    }
}

void graph_device_run(struct graph_device *device, const struct graph_run *run, struct graph_result *result)
{
    uint32_t cores = run->blocks * NPU_CORES_PER_BLOCK;
    fill_image(device, run);
    for (uint32_t i = 0; i < NPU_MAX_WORKERS; i++) {
        memset(device->registers[i].words, 0, NPU_REGISTER_BYTES);
    }
    for (uint32_t i = 0; i < NPU_LAUNCHED_AICPU_THREADS; i++) {
        spawn_aicpu(device, i, simpler_aicpu_exec);
    }
    for (uint32_t i = 0; i < cores; i++) {
        if (i + 1 != run->silent_core) {
            spawn_core(device, i, run);
        }
    }
    memset(result, 0, sizeof(*result));
    (void)exec_group_run(device->group, &result->outcome);
    for (uint32_t i = 0; i < NPU_LAUNCHED_AICPU_THREADS + cores && result->status == 0; i++) {
        result->status = device->processors[i].result;
    }
    result->tasks = device->block.tasks;
    result->dispatches = device->block.dispatches;
    result->report_status = device->image->report.status;
    memcpy(result->message, device->block.message, sizeof(result->message));
}

void graph_task_make(struct pto_graph_task *tasks, uint32_t id, graph_kernel *kernel, enum pto_core_type type,
                     uint64_t word)
{
    tasks[id] = (struct pto_graph_task){.task_id = (int32_t)id,
                                        .args = {word},
                                        .num_args = 1,
                                        .function_bin_addr = (uintptr_t)kernel,
                                        .core_type = (int32_t)type};
}

void graph_edge_make(struct pto_graph_task *tasks, uint32_t from, uint32_t to)
{
    struct pto_graph_task *source = &tasks[from];
    assert_true(source->fanout_count < PTO_GRAPH_MAX_FANOUT);
    source->fanout[source->fanout_count++] = (int32_t)to;
    tasks[to].fanin++;
}
