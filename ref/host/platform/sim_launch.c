/* SPDX-License-Identifier: Apache-2.0 */
/* A launch on sim: the AICPU's threads and the cores are processors of one exec group. */
#include <string.h>

#include "base/fault.h"
#include "host/context.h"
#include "host/platform/sim.h"

static void sim_run_aicpu(void *argument)
{
    struct sim_processor *processor = argument;
    processor->result = processor->entry(processor->platform->kernel_args);
}

static void sim_run_core(void *argument)
{
    struct sim_processor *processor = argument;
    exec_set_local(&processor->local);
    processor->result = processor->platform->aicore_execute(processor->platform->kernel_args, &processor->identity);
}

static int sim_spawn_aicpu(struct platform *platform, struct exec_group *group, uint32_t index, pto_aicpu_entry *entry)
{
    struct sim_processor *processor = &platform->processors[index];
    processor->entry = entry;
    processor->result = 0;
    return exec_spawn(group, platform->aicpu_names[index], EXEC_ORCHESTRATION_STACK_BYTES, sim_run_aicpu, processor);
}

static int sim_spawn_core(struct platform *platform, struct exec_group *group, uint32_t block_dim, uint32_t worker)
{
    struct sim_processor *processor = &platform->processors[NPU_LAUNCHED_AICPU_THREADS + worker];
    processor->result = 0;
    npu_cores_identity(&platform->cores, block_dim, worker, &processor->identity);
    processor->local = (struct npu_core_local){
        .pipes = platform->pipes, .cluster = processor->identity.cluster, .sub_block = processor->identity.sub_block};
    const char *name = worker < block_dim ? platform->aic_names[worker] : platform->aiv_names[worker - block_dim];
    return exec_spawn(group, name, EXEC_CORE_STACK_BYTES, sim_run_core, processor);
}

static int sim_spawn_failed(struct host_context *context, struct exec_group *group, int result)
{
    sim_group_end(context, group, true);
    return host_error(context, -1, "the launch has no processors: %s", strerror(-result));
}

int sim_launch_single(struct host_context *context, pto_aicpu_entry *entry, bool *started)
{
    struct platform *platform = context->platform;
    struct exec_group *group = NULL;
    *started = false;
    platform->block->message[0] = '\0';
    int fault = fault_hit("sim.launch_init");
    if (fault != 0) {
        return host_error(context, -1, "the AICPU was not launched: %s", strerror(fault));
    }
    if (sim_group_begin(context, &group) != 0) {
        return -1;
    }
    int result = sim_spawn_aicpu(platform, group, 0, entry);
    if (result != 0) {
        return sim_spawn_failed(context, group, result);
    }
    *started = true;
    result = sim_group_run(context, group);
    sim_group_end(context, group, false);
    if (result == 0 && platform->processors[0].result != 0) {
        result = host_error(context, platform->processors[0].result, "the AICPU's init or exit returned %d: %s",
                            platform->processors[0].result, platform->block->message);
    }
    return result;
}

int platform_distrust(struct host_context *context, const char *what, uint64_t found, uint64_t expected)
{
    return host_error(context, -1, "the launch ended, but of %s the device shows %llu instead of %llu", what,
                      (unsigned long long)found, (unsigned long long)expected);
}

int platform_resolve_blocks(struct host_context *context, int requested, uint32_t *block_dim)
{
    if (requested < 0 || requested > (int)NPU_MAX_BLOCKS) {
        return host_error(context, -1, "block_dim %d is not in 0..%u", requested, NPU_MAX_BLOCKS);
    }
    *block_dim = requested != 0 ? (uint32_t)requested : NPU_MAX_BLOCKS;
    return 0;
}

int platform_prepare_launch(struct host_context *context, uint32_t block_dim)
{
    struct platform *platform = context->platform;
    uint32_t cores = block_dim * NPU_CORES_PER_BLOCK;
    if (sim_programs_load(context) != 0) {
        return -1;
    }
    int result = npu_cores_ensure(&platform->cores, context->owner, cores);
    if (result != 0) {
        return host_error(context, -1, "no device memory for the registers of %u cores: %s", cores, strerror(-result));
    }
    return 0;
}

static int sim_spawn_all(struct platform *platform, struct exec_group *group, uint32_t block_dim)
{
    int result = 0;
    for (uint32_t i = 0; i < NPU_LAUNCHED_AICPU_THREADS && result == 0; i++) {
        result = sim_spawn_aicpu(platform, group, i, platform->aicpu_exec);
    }
    for (uint32_t i = 0; i < block_dim * NPU_CORES_PER_BLOCK && result == 0; i++) {
        result = sim_spawn_core(platform, group, block_dim, i);
    }
    return result;
}

/* The first AICPU thread that failed speaks for the launch, then the first core. */
static int sim_first_result(struct host_context *context, uint32_t block_dim)
{
    const struct platform *platform = context->platform;
    uint32_t count = NPU_LAUNCHED_AICPU_THREADS + block_dim * NPU_CORES_PER_BLOCK;
    for (uint32_t i = 0; i < count; i++) {
        int result = platform->processors[i].result;
        if (result != 0) {
            bool aicpu = i < NPU_LAUNCHED_AICPU_THREADS;
            return host_error(context, result, "%s %u returned %d", aicpu ? "AICPU thread" : "core",
                              aicpu ? i : i - NPU_LAUNCHED_AICPU_THREADS, result);
        }
    }
    return 0;
}

int platform_launch(struct host_context *context, const struct platform_launch *launch,
                    struct platform_outcome *outcome)
{
    struct platform *platform = context->platform;
    struct exec_group *group = NULL;
    bool init_started = false;
    npu_cores_reset(&platform->cores, &NPU_ARCH_TABLE, launch->block_dim * NPU_CORES_PER_BLOCK);
    npu_pipes_clear(platform->pipes);
    platform->kernel_args->runtime_args = launch->runtime_args;
    platform->kernel_args->regs = (uintptr_t)platform->cores.table;
    *platform->device_wall = 0;
    int result = sim_launch_single(context, platform->aicpu_init, &init_started);
    if (result != 0) {
        return result;
    }
    int fault = fault_hit("sim.launch_exec");
    if (fault != 0) {
        return host_error(context, -1, "the device was not launched: %s", strerror(fault));
    }
    if (sim_group_begin(context, &group) != 0) {
        return -1;
    }
    result = sim_spawn_all(platform, group, launch->block_dim);
    if (result != 0) {
        return sim_spawn_failed(context, group, result);
    }
    outcome->started = true;
    result = sim_group_run(context, group);
    sim_group_end(context, group, false);
    outcome->ended = result == 0;
    outcome->switches = platform->outcome.switches;
    outcome->reproducible = platform->outcome.reproducible;
    outcome->device_wall_ns = outcome->ended ? *platform->device_wall : 0;
    return result != 0 ? result : sim_first_result(context, launch->block_dim);
}

int platform_unload_callable(struct host_context *context, int32_t callable_id)
{
    struct platform *platform = context->platform;
    bool started = false;
    if (platform->block->state == 0) {
        return 0;
    }
    platform->block->unload_callables |= 1ull << callable_id;
    return sim_launch_single(context, platform->aicpu_init, &started);
}
