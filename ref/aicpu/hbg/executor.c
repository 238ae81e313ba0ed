/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executor: the life of one run (device.md 6). The first thread meets the cores, deals them out and finds the tasks
 * that wait for nobody; then every thread schedules; the last one to leave checks and reports.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aicpu/core_link.h"
#include "aicpu/hbg/scheduler.h"
#include "aicpu/image.h"
#include "aicpu/runtime.h"
#include "base/os.h"

struct aicpu_runtime {
    struct hbg_run run;
    struct hbg_scheduler schedulers[HBG_MAX_THREADS];
    struct npu_register_block *registers[PTO_MAX_WORKERS];
    void *slots; /* of both ready queues; touched as far as runs used them */
};

#define QUEUE_BYTES (HBG_READY_SLOTS * sizeof(_Atomic uint32_t))

int aicpu_runtime_create(struct aicpu_runtime **runtime)
{
    struct aicpu_runtime *made = os_aligned_alloc("aicpu.runtime", _Alignof(struct aicpu_runtime), sizeof(*made));
    if (made == NULL) {
        return -ENOMEM;
    }
    memset(made, 0, sizeof(*made));
    if (os_map("aicpu.hbg_queues", HBG_CORE_TYPES * QUEUE_BYTES, &made->slots) != 0) {
        free(made);
        return -ENOMEM;
    }
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        made->run.ready[type].slots = (_Atomic uint32_t *)made->slots + type * HBG_READY_SLOTS;
    }
    *runtime = made;
    return 0;
}

void aicpu_runtime_destroy(struct aicpu_runtime *runtime)
{
    os_unmap(runtime->slots, HBG_CORE_TYPES * QUEUE_BYTES);
    free(runtime);
}

static struct hbg_runtime *image_of(const struct aicpu_launch *launch)
{
    return (struct hbg_runtime *)(uintptr_t)launch->kernel_args->runtime_args;
}

uint32_t aicpu_runtime_threads(const struct aicpu_launch *launch)
{
    return image_threads(image_of(launch)->aicpu_thread_num);
}

_Atomic uint32_t *aicpu_runtime_gate(const struct aicpu_launch *launch)
{
    return &image_of(launch)->report.gate;
}

/* The host copies the graph and the image apart. A graph of another run would use memory that is not its own any more.
 */
static bool has_its_graph(const struct hbg_runtime *image)
{
    const struct pto_graph_task *tasks = (const struct pto_graph_task *)(uintptr_t)image->tasks;
    return image->task_count == 0 || tasks[image->task_count - 1].end_time == image->run;
}

static int check_image(const struct hbg_runtime *image, struct pto_device_block *block)
{
    struct image_doubt doubt = image_check(image->aicpu_thread_num, image->block_dim, image->worker_count);
    if (doubt.what != NULL) {
        return image_refuse(&doubt, block);
    }
    if (image->task_count > PTO_GRAPH_MAX_TASKS) {
        doubt = (struct image_doubt){"number of tasks", image->task_count, PTO_GRAPH_MAX_TASKS};
    } else if (image->task_count != 0 && (image->tasks == 0 || image->tasks % _Alignof(struct pto_graph_task) != 0)) {
        doubt = (struct image_doubt){.what = "task table at address", .value = image->tasks};
    } else if (!has_its_graph(image)) {
        doubt = (struct image_doubt){.what = "graph of another run than", .value = image->run};
    }
    return image_refuse(&doubt, block);
}

/* Both types are dealt out one by one, independently: any number of threads may have any number of cores, none
 * included. */
static uint32_t owner_of(const struct hbg_run *run, uint32_t worker)
{
    uint32_t blocks = run->image->block_dim;
    return (worker < blocks ? worker : worker - blocks) % run->threads;
}

static _Atomic uint32_t *bell_of(void *owners, uint32_t worker)
{
    struct hbg_run *run = owners;
    return &run->bells[owner_of(run, worker)].word;
}

static int take_cores(struct aicpu_runtime *runtime, const uint64_t *table)
{
    struct hbg_run *run = &runtime->run;
    char text[CORE_LINK_TEXT_BYTES] = "";
    const struct core_meeting meeting = {.workers = run->image->workers,
                                         .count = run->image->worker_count,
                                         .table = table,
                                         .registers = runtime->registers,
                                         .bell_of = bell_of,
                                         .owners = run};
    if (core_link_meet(&meeting, text, sizeof(text)) != 0) {
        hbg_latch(run, -1, "%s", text);
        return -1;
    }
    for (uint32_t worker = 0; worker < meeting.count; worker++) {
        hbg_scheduler_own(&runtime->schedulers[owner_of(run, worker)],
                          worker < run->image->block_dim ? PTO_CORE_AIC : PTO_CORE_AIV, runtime->registers[worker]);
    }
    return 0;
}

/* The tasks that wait for nobody, in their order. */
static void find_first(struct hbg_run *run)
{
    uint32_t found[HBG_CORE_TYPES][HBG_TAKE];
    uint32_t counts[HBG_CORE_TYPES] = {0};
    for (uint32_t i = 0; i < run->total; i++) {
        const struct pto_graph_task *task = &run->tasks[i];
        /* Relaxed: nothing runs yet. */
        if (atomic_load_explicit(&task->fanin, memory_order_relaxed) == 0) {
            uint32_t type = (uint32_t)task->core_type;
            found[type][counts[type]++] = i;
            if (counts[type] == HBG_TAKE) {
                hbg_ready_push(&run->ready[type], found[type], HBG_TAKE);
                counts[type] = 0;
            }
        }
    }
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        hbg_ready_push(&run->ready[type], found[type], counts[type]);
    }
}

int aicpu_runtime_begin(const struct aicpu_launch *launch)
{
    struct aicpu_runtime *runtime = launch->runtime;
    struct hbg_runtime *image = image_of(launch);
    struct hbg_run *run = &runtime->run;
    image->report.status = -1;
    if (check_image(image, launch->block) != 0) {
        core_link_dismiss(image->workers, image->worker_count);
        return -1;
    }
    run->image = image;
    run->block = launch->block;
    run->tasks = (struct pto_graph_task *)(uintptr_t)image->tasks;
    run->total = image->task_count;
    run->threads = aicpu_runtime_threads(launch);
    run->registers = runtime->registers;
    hbg_run_reset(run);
    for (uint32_t i = 0; i < run->threads; i++) {
        hbg_scheduler_reset(&runtime->schedulers[i], run, i);
    }
    if (take_cores(runtime, (const uint64_t *)(uintptr_t)launch->kernel_args->regs) != 0) {
        return -1;
    }
    find_first(run);
    return 0;
}

int aicpu_runtime_thread(const struct aicpu_launch *launch, uint32_t index)
{
    struct aicpu_runtime *runtime = launch->runtime;
    struct hbg_run *run = &runtime->run;
    struct hbg_scheduler *scheduler = &runtime->schedulers[index];
    if (hbg_scheduler_loop(scheduler) == 0) {
        (void)hbg_scheduler_release(scheduler);
    } else {
        hbg_latch(run, -1, "the launch was cancelled while AICPU thread %u waited", index);
    }
    /* Acquire: pairs with the latch. */
    return atomic_load_explicit(&run->status, memory_order_acquire);
}

int aicpu_runtime_end(const struct aicpu_launch *launch)
{
    struct aicpu_runtime *runtime = launch->runtime;
    struct hbg_run *run = &runtime->run;
    struct pto_device_block *block = launch->block;
    run->image->report.run = run->image->run;
    block->tasks = run->total;
    block->dispatches = 0;
    for (uint32_t i = 0; i < run->threads; i++) {
        block->dispatches += runtime->schedulers[i].dispatches;
    }
    if (!hbg_run_failed(run) && block->dispatches != run->total) {
        hbg_latch(run, -1, "%llu dispatches for %u tasks", (unsigned long long)block->dispatches, run->total);
    }
    if (!hbg_run_failed(run)) {
        run->image->report.status = 0;
    }
    /* Relaxed: this thread is the last. */
    return atomic_load_explicit(&run->status, memory_order_relaxed);
}
