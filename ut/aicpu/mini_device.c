/* SPDX-License-Identifier: Apache-2.0 */
#define PTO_ORCHESTRATION_UNIT
#include "mini_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "abi/kernel_args.h"
#include "abi/shared_memory.h"
#include "aicpu/state.h"
#include "base/os.h"
#include "npu/arch.h"
#include "npu/registers.h"

#define MINI_CALLABLE 3

int simpler_aicpu_init(void *kernel_args);
int simpler_aicpu_exec(void *kernel_args);
int simpler_aicpu_exit(void *kernel_args);
int aicore_execute(void *kernel_args, const struct pto_aicore_identity *identity);

struct mini_processor {
    struct mini_device *device;
    pto_aicpu_entry *entry;
    struct pto_aicore_identity identity;
    int result;
};

struct mini_device {
    struct exec_engine *engine;
    struct exec_group *group;
    struct pto_device_block block;
    struct NPU_KERNEL_ARGS args;
    struct trb_runtime *image;
    struct npu_register_block *registers;
    uint64_t table[NPU_MAX_PHYSICAL_CORES];
    struct mini_processor processors[NPU_LAUNCHED_AICPU_THREADS + NPU_MAX_WORKERS];
    struct pto_core_callable callables[MINI_KERNELS];
    void *shared;
    size_t shared_bytes;
    void *heap;
    size_t heap_bytes;
    uint64_t wall_ns;
};

static void *checked(void *memory)
{
    assert_non_null(memory);
    return memory;
}

struct mini_device *mini_device_create(const struct exec_options *options)
{
    struct mini_device *device = checked(aligned_alloc(64, (sizeof(*device) + 63) & ~(size_t)63));
    memset(device, 0, sizeof(*device));
    assert_int_equal(exec_engine_create(options, &device->engine), 0);
    assert_int_equal(exec_group_create(device->engine, "mini", &device->group), 0);
    device->image = checked(aligned_alloc(64, sizeof(*device->image)));
    memset(device->image, 0, sizeof(*device->image));
    size_t bytes = NPU_MAX_WORKERS * sizeof(struct npu_register_block);
    device->registers = checked(aligned_alloc(64, bytes));
    memset(device->registers, 0, bytes);
    for (uint32_t i = 0; i < NPU_MAX_WORKERS; i++) {
        device->table[i] = (uintptr_t)&device->registers[i];
    }
    device->block.device_id = 0;
    device->block.context_serial = 1;
    device->args.device_args = (uintptr_t)&device->block;
    device->args.runtime_args = (uintptr_t)device->image;
    device->args.regs = (uintptr_t)device->table;
    device->args.device_wall_data_base = (uintptr_t)&device->wall_ns;
    assert_int_equal(mini_device_call(device, simpler_aicpu_init), 0);
    return device;
}

static void forget_orchestration(struct mini_device *device)
{
    struct aicpu_state *state = aicpu_state_of(&device->block);
    if (state != NULL) {
        /* It was never opened, so it must not be closed. */
        state->orchestrations.entries[MINI_CALLABLE] = (struct orchestration){0};
    }
}

void mini_device_destroy(struct mini_device *device)
{
    forget_orchestration(device);
    assert_int_equal(mini_device_call(device, simpler_aicpu_exit), 0);
    assert_int_equal(device->block.state, 0);
    exec_group_destroy(device->group);
    exec_engine_destroy(device->engine);
    os_unmap(device->shared, device->shared_bytes);
    os_unmap(device->heap, device->heap_bytes);
    free(device->registers);
    free(device->image);
    free(device);
}

void mini_device_configure(struct mini_device *device, const struct exec_options *options)
{
    assert_int_equal(exec_engine_configure(device->engine, options), 0);
}

struct aicpu_runtime *mini_device_runtime(struct mini_device *device)
{
    return aicpu_state_of(&device->block)->runtime;
}

struct pto_device_block *mini_device_block(struct mini_device *device)
{
    return &device->block;
}

struct pto_task_outputs mini_submit_output(int32_t kernel, uint64_t bytes)
{
    const uint32_t shape[1] = {(uint32_t)bytes};
    struct pto_tensor_create_info info;
    struct pto_arg arg;
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    pto_arg_init(&arg);
    pto_add_output(&arg, &info);
    return pto_submit_aiv(kernel, &arg);
}

int mini_device_watch_user_code(void **state)
{
    (void)state;
    return exec_user_image_add((const void *)(uintptr_t)mini_device_create);
}

int mini_device_forget_user_code(void **state)
{
    (void)state;
    exec_user_image_remove((const void *)(uintptr_t)mini_device_create);
    return 0;
}

static void aicpu_main(void *argument)
{
    struct mini_processor *processor = argument;
    processor->result = processor->entry(&processor->device->args);
}

static void core_main(void *argument)
{
    struct mini_processor *processor = argument;
    processor->result = aicore_execute(&processor->device->args, &processor->identity);
}

static void spawn_aicpu(struct mini_device *device, uint32_t i, pto_aicpu_entry *entry)
{
    char name[32];
    struct mini_processor *processor = &device->processors[i];
    *processor = (struct mini_processor){.device = device, .entry = entry, .result = 0};
    (void)snprintf(name, sizeof(name), "aicpu %u", i);
    assert_int_equal(exec_spawn(device->group, name, EXEC_ORCHESTRATION_STACK_BYTES, aicpu_main, processor), 0);
}

static void spawn_core(struct mini_device *device, uint32_t worker, uint32_t blocks, const struct mini_run *run)
{
    char name[32];
    struct mini_processor *processor = &device->processors[NPU_LAUNCHED_AICPU_THREADS + worker];
    bool is_aic = worker < blocks;
    *processor = (struct mini_processor){.device = device};
    processor->identity.worker = worker;
    processor->identity.core_type = is_aic ? PTO_CORE_AIC : PTO_CORE_AIV;
    processor->identity.physical_core_id = worker + 1 == run->absent_core ? NPU_MAX_PHYSICAL_CORES
                                           : worker + 1 == run->twin_core ? worker - 1
                                                                          : worker;
    processor->identity.cluster = is_aic ? worker : (worker - blocks) / 2;
    processor->identity.sub_block = is_aic ? 0 : (worker - blocks) % 2;
    processor->identity.registers = device->table[worker];
    (void)snprintf(name, sizeof(name), "core %u", worker);
    assert_int_equal(exec_spawn(device->group, name, EXEC_CORE_STACK_BYTES, core_main, processor), 0);
}

int mini_device_call(struct mini_device *device, pto_aicpu_entry *entry)
{
    struct exec_outcome outcome;
    spawn_aicpu(device, 0, entry);
    assert_int_equal(exec_group_run(device->group, &outcome), 0);
    return device->processors[0].result;
}

/* Memory whose content does not matter is filled with garbage when it is new. */
static void ensure(void **memory, size_t *held, size_t bytes)
{
    if (*held >= bytes) {
        return;
    }
    if (*memory != NULL) {
        os_unmap(*memory, *held);
    }
    assert_int_equal(os_map("mini", bytes, memory), 0);
    memset(*memory, 0xA5, bytes < (1u << 22) ? bytes : (1u << 22));
    *held = bytes;
}

static void fill_image(struct mini_device *device, const struct mini_run *run)
{
    struct trb_runtime *image = device->image;
    image->block_dim = run->blocks != 0 ? run->blocks : 1;
    image->worker_count = image->block_dim * NPU_CORES_PER_BLOCK;
    memset(image->workers, 0, image->worker_count * sizeof(image->workers[0]));
    image->aicpu_thread_num = run->threads != 0 ? run->threads : 2;
    image->task_window_size = run->window != 0 ? run->window : 64;
    image->heap_size = run->heap != 0 ? run->heap : 65536;
    image->dep_pool_size = run->pool != 0 ? run->pool : 64;
    ensure(&device->shared, &device->shared_bytes, pto_sm_bytes(image->task_window_size));
    ensure(&device->heap, &device->heap_bytes, PTO_RING_COUNT * image->heap_size);
    image->shared_memory = (uintptr_t)device->shared;
    image->heap = (uintptr_t)device->heap;
    for (uint32_t i = 0; i < MINI_KERNELS; i++) {
        device->callables[i].resolved_addr = (uintptr_t)run->kernels[i];
        image->function_addresses[i] = run->kernels[i] != NULL ? (uintptr_t)&device->callables[i] : 0;
    }
    image->callable_id = MINI_CALLABLE;
    image->callable_is_new = 0;
    image->args.tensor_count = 0;
    image->args.scalar_count = 4;
    memcpy(image->args.scalars, run->scalars, sizeof(run->scalars));
    memset(&image->report, 0, sizeof(image->report));
    if (run->orchestration != NULL) {
        aicpu_state_of(&device->block)->orchestrations.entries[MINI_CALLABLE] =
            (struct orchestration){.handle = device,
                                   .entry = (void *)(uintptr_t)run->orchestration,
                                   .bind = (void *)(uintptr_t)framework_bind_runtime};
    }
    if (run->edit != NULL) {
        run->edit(image);
    }
}

void mini_device_run(struct mini_device *device, const struct mini_run *run, struct mini_result *result)
{
    fill_image(device, run);
    uint32_t blocks = device->image->block_dim;
    for (uint32_t i = 0; i < NPU_MAX_WORKERS; i++) {
        memset(device->registers[i].words, 0, NPU_REGISTER_BYTES);
    }
    device->wall_ns = 0;
    for (uint32_t i = 0; i < NPU_LAUNCHED_AICPU_THREADS; i++) {
        spawn_aicpu(device, i, simpler_aicpu_exec);
    }
    uint32_t cores = device->image->worker_count < NPU_MAX_WORKERS ? device->image->worker_count : NPU_MAX_WORKERS;
    for (uint32_t i = 0; i < cores; i++) {
        spawn_core(device, i, blocks, run);
    }
    if (run->peer != NULL) {
        assert_int_equal(exec_spawn(device->group, "peer", EXEC_CORE_STACK_BYTES, run->peer, device), 0);
    }
    memset(result, 0, sizeof(*result));
    (void)exec_group_run(device->group, &result->outcome);
    for (uint32_t i = 0; i < NPU_LAUNCHED_AICPU_THREADS + cores && result->status == 0; i++) {
        result->status = device->processors[i].result;
    }
    const struct pto_sm_header *header = device->shared;
    result->orch_code = header->orch_error_code;
    result->sched_code = header->sched_error_code;
    result->graph_output[0] = header->graph_output_ptr;
    result->graph_output[1] = header->graph_output_size;
    result->tasks = device->block.tasks;
    result->dispatches = device->block.dispatches;
    result->wall_ns = device->wall_ns;
    result->report = device->image->report;
    memcpy(result->message, device->block.message, sizeof(result->message));
}
