/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/kernel.h"
#include "aicpu/trb/context.h"
#include "npu/arch.h"

enum { LANE_AIC, LANE_AIV0, LANE_AIV1, LANE_ANY_AIV };

/* The program that runs, and what its kernels did. */
static const struct program *current;
static struct mini_device *current_device;
static uint64_t ids[PROGRAM_MAX_TASKS];
static _Atomic uint32_t starts[PROGRAM_MAX_TASKS][3][PROGRAM_MAX_BLOCKS];
static _Atomic uint32_t arrived[PROGRAM_MAX_TASKS];
static _Atomic uint32_t finished[PROGRAM_MAX_TASKS];
static _Atomic uint32_t too_early; /* kernels before their task's producer */
static _Atomic uint32_t misplaced; /* kernels with a wrong block, lane or number of blocks */

static uint32_t parts_of(const struct program_task *task)
{
    return (uint32_t)task->blocks * (uint32_t)__builtin_popcount(task->lanes);
}

static void pause_for(uint32_t points)
{
    for (uint32_t i = 0; i < points; i++) {
        exec_user_leave();
        exec_pause();
        exec_user_enter();
    }
}

static void meet(uint32_t number, uint32_t parts)
{
    uint32_t there = atomic_fetch_add(&arrived[number], 1) + 1;
    exec_wake(&arrived[number]);
    while (there != parts) {
        (void)exec_user_wait(&arrived[number], there);
        there = atomic_load(&arrived[number]);
    }
}

static void run_part(int64_t *args, uint32_t lane)
{
    uint32_t number = (uint32_t)pto_kernel_word(args, 0);
    const struct program_task *task = &current->tasks[number];
    int32_t block = pto_kernel_block_idx(args);
    bool placed = block >= 0 && block < task->blocks && pto_kernel_block_num(args) == task->blocks;
    if (!placed || (lane != LANE_ANY_AIV && pto_kernel_sub_block_id(args) != (lane == LANE_AIV1 ? 1 : 0))) {
        atomic_fetch_add(&misplaced, 1);
        return;
    }
    if (task->after != 0 && atomic_load(&finished[task->after - 1]) != parts_of(&current->tasks[task->after - 1])) {
        atomic_fetch_add(&too_early, 1);
    }
    atomic_fetch_add(&starts[number][lane == LANE_ANY_AIV ? LANE_AIV0 : lane][block], 1);
    if (task->meets) {
        meet(number, parts_of(task));
    }
    pause_for(task->pauses);
    atomic_fetch_add(&finished[number], 1);
}

static void aic_kernel(int64_t *args)
{
    run_part(args, LANE_AIC);
}

static void aiv0_kernel(int64_t *args)
{
    run_part(args, LANE_AIV0);
}

static void aiv1_kernel(int64_t *args)
{
    run_part(args, LANE_AIV1);
}

static void any_aiv_kernel(int64_t *args)
{
    run_part(args, LANE_ANY_AIV);
}

static void submit(uint32_t number)
{
    const struct program_task *task = &current->tasks[number];
    struct pto_mixed_kernels kernels = {.aic = (task->lanes & PTO_ACTIVE_AIC) != 0 ? LANE_AIC : PTO_KERNEL_NONE,
                                        .aiv0 = (task->lanes & PTO_ACTIVE_AIV0) != 0 ? LANE_AIV0 : PTO_KERNEL_NONE,
                                        .aiv1 = (task->lanes & PTO_ACTIVE_AIV1) != 0 ? LANE_AIV1 : PTO_KERNEL_NONE};
    if (task->lanes == PTO_ACTIVE_AIV0) {
        kernels.aiv0 = LANE_ANY_AIV;
    } else if (task->lanes == PTO_ACTIVE_AIV1) {
        kernels.aiv1 = LANE_ANY_AIV;
    }
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_scalar(&arg, number);
    pto_set_block_num(&arg, (int16_t)task->blocks);
    pto_set_require_sync_start(&arg, task->together);
    if (task->after != 0) {
        (void)pto_set_dependencies(&arg, &ids[task->after - 1], 1);
    }
    ids[number] = pto_submit(&kernels, &arg).task_id;
}

/* No core has been given anything yet. */
static void age_cores(struct aicpu_runtime *runtime)
{
    for (uint32_t i = 0; i < runtime->run.schedulers; i++) {
        struct trb_cores *cores = &runtime->schedulers[i].cores;
        for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
            for (uint32_t cluster = 0; cluster < cores->clusters; cluster++) {
                cores->core[lane][cluster].last_id = PTO_REG_ID_MAX - (cluster + lane) % 5;
            }
        }
    }
}

/* words: 1 for age_cores */
static void orchestrate(const struct pto_chip_args *args)
{
    if (args->scalars[0] != 0) {
        age_cores(mini_device_runtime(current_device));
    }
    for (uint32_t first = 0; first < current->count; first += current->scope) {
        PTO_SCOPE(PTO_SCOPE_MANUAL)
        {
            for (uint32_t i = first; i < first + current->scope && i < current->count; i++) {
                submit(i);
            }
        }
    }
}

static void ask_transition(struct trb_runtime *image)
{
    image->orch_to_sched = 1;
}

static void ask_no_transition(struct trb_runtime *image)
{
    image->orch_to_sched = 0;
}

void program_fill(const struct program *program, const struct program_run *run, struct mini_run *mini)
{
    current = program;
    memset(ids, 0, sizeof(ids));
    memset(starts, 0, sizeof(starts));
    memset(arrived, 0, sizeof(arrived));
    memset(finished, 0, sizeof(finished));
    too_early = 0;
    misplaced = 0;
    *mini = (struct mini_run){.orchestration = orchestrate,
                              .kernels = {aic_kernel, aiv0_kernel, aiv1_kernel, any_aiv_kernel},
                              .threads = run->threads,
                              .blocks = run->blocks,
                              .window = run->window,
                              .edit = run->transition ? ask_transition : ask_no_transition};
}

static bool ran_once(const struct program_task *task, uint32_t number)
{
    bool is_vector = pto_task_shape_of(task->lanes) == PTO_SHAPE_AIV;
    for (uint32_t lane = 0; lane < 3; lane++) {
        bool used = is_vector ? lane == LANE_AIV0 : (task->lanes & (1u << lane)) != 0;
        for (int32_t block = 0; block < PROGRAM_MAX_BLOCKS; block++) {
            if (atomic_load(&starts[number][lane][block]) != (used && block < task->blocks ? 1u : 0u)) {
                return false;
            }
        }
    }
    return atomic_load(&finished[number]) == parts_of(task);
}

static void print_run(const struct program *program, const struct program_run *run, const struct mini_result *result,
                      const struct dispatch_trace *trace)
{
    print_error("%s policy %d seed %llu, %u threads, %u blocks, window %llu, transition %d: status %d '%s', %s\n%s\n",
                run->kind == EXEC_THREADS ? "threads" : "fibers", (int)run->policy, (unsigned long long)run->seed,
                run->threads, run->blocks, (unsigned long long)run->window, run->transition, result->status,
                result->message, trace->broken, result->outcome.report);
    for (uint32_t i = 0; i < program->count; i++) {
        const struct program_task *task = &program->tasks[i];
        print_error("  task %u (0x%llx): lanes %u, %d blocks%s%s, after %d, %u pauses; %u of %u finished\n", i,
                    (unsigned long long)ids[i], task->lanes, task->blocks, task->together ? ", together" : "",
                    task->meets ? ", meets" : "", (int)task->after - 1, task->pauses, finished[i], parts_of(task));
    }
}

static bool trace_is_good(struct dispatch_trace *trace, const struct program *program)
{
    struct dispatch_expected expected[PROGRAM_MAX_TASKS];
    for (uint32_t i = 0; i < program->count; i++) {
        const struct program_task *task = &program->tasks[i];
        expected[i] = (struct dispatch_expected){.task = ids[i],
                                                 .lanes = task->lanes == PTO_ACTIVE_AIV1 ? (uint32_t)PTO_ACTIVE_AIV0
                                                                                         : task->lanes,
                                                 .blocks = task->blocks,
                                                 .together = task->together && task->blocks > 1};
    }
    return dispatch_trace_check(trace, expected, program->count);
}

void program_check(struct mini_device *device, const struct program *program, const struct program_run *run)
{
    struct mini_run mini;
    struct mini_result result;
    struct dispatch_trace trace = {0};
    bool traced = run->kind == EXEC_FIBERS && run->policy == EXEC_CHOICE;
    struct exec_options options = {
        .kind = run->kind, .policy = run->policy, .seed = run->seed, .deadline_scale = PROGRAM_DEADLINE_SCALE};
    if (traced) {
        options = dispatch_trace_options(&trace, device, run->seed);
    }
    mini_device_configure(device, &options);
    program_fill(program, run, &mini);
    mini.scalars[0] = run->wrap ? 1 : 0;
    current_device = device;
    dispatch_trace_begin(&trace, run->blocks);
    mini_device_run(device, &mini, &result);
    dispatch_trace_end(&trace);
    bool good = result.status == 0 && result.outcome.end == EXEC_END_OK && too_early == 0 && misplaced == 0;
    for (uint32_t i = 0; i < program->count && good; i++) {
        good = ran_once(&program->tasks[i], i);
    }
    good = good && (!traced || trace_is_good(&trace, program));
    if (!good) {
        print_run(program, run, &result, &trace);
    }
    dispatch_trace_free(&trace);
    assert_true(good);
}

int32_t program_limit(uint32_t lanes, uint32_t blocks)
{
    return (int32_t)(pto_task_shape_of(lanes) == PTO_SHAPE_AIV ? NPU_AIV_PER_BLOCK * blocks : blocks);
}

static struct program_task draw_task(struct exec_random *random, uint32_t number, uint32_t blocks)
{
    struct program_task task = {.lanes = 1 + (uint32_t)exec_random_below(random, 7)};
    uint64_t limit = (uint64_t)program_limit(task.lanes, blocks);
    task.together = exec_random_below(random, 3) == 0;
    uint64_t most = task.together ? limit : exec_random_below(random, 3) == 0 ? 3 * limit : 2;
    most = most > 100 ? 100 : most;
    task.blocks = 1 + (int32_t)exec_random_below(random, most);
    task.meets = task.together && exec_random_below(random, 2) == 0;
    task.after = exec_random_below(random, 4) == 0 ? (uint32_t)exec_random_below(random, number + 1) : 0;
    task.pauses = (uint32_t)exec_random_below(random, 4);
    return task;
}

void program_draw(struct program *program, struct exec_random *random, uint32_t count, uint32_t blocks)
{
    program->count = 1 + (uint32_t)exec_random_below(random, count);
    program->scope = 2 + (uint32_t)exec_random_below(random, 30);
    for (uint32_t i = 0; i < program->count; i++) {
        program->tasks[i] = draw_task(random, i, blocks);
    }
}

static struct mini_device *create_device(const struct program_run *run)
{
    const struct exec_options options = {.kind = run->kind, .deadline_scale = PROGRAM_DEADLINE_SCALE};
    return mini_device_create(&options);
}

void program_check_random(const struct program_run *run, uint32_t rounds)
{
    struct mini_device *device = create_device(run);
    for (uint64_t seed = run->seed; seed < run->seed + rounds; seed++) {
        struct program program;
        struct exec_random random;
        struct program_run one = *run;
        exec_random_seed(&random, seed);
        one.seed = seed;
        one.threads =
            run->threads != 0 ? run->threads : 1 + (uint32_t)exec_random_below(&random, NPU_MAX_AICPU_THREADS);
        one.blocks = run->blocks != 0 ? run->blocks : 1 + (uint32_t)exec_random_below(&random, 6);
        one.window = exec_random_below(&random, 2) == 0 ? 64 : 1024;
        one.transition = exec_random_below(&random, 2) == 0;
        program_draw(&program, &random, PROGRAM_MAX_TASKS, one.blocks);
        program_check(device, &program, &one);
    }
    mini_device_destroy(device);
}

/*
 * Tasks that need every core of their shape at once, each in the other's way. Blocks that need not start together may
 * wait behind each other; where nobody is late, none does.
 */
static void make_full(struct program *program, uint32_t blocks, bool together, bool nobody_is_late)
{
    static const uint32_t lanes[] = {PTO_ACTIVE_AIC, PTO_ACTIVE_AIV0, PTO_ACTIVE_LANES, PTO_ACTIVE_AIV1,
                                     PTO_ACTIVE_AIV0 | PTO_ACTIVE_AIV1};
    program->scope = 30;
    program->count = 0;
    for (uint32_t i = 0; i < 5; i++) {
        program->tasks[program->count++] = (struct program_task){.lanes = lanes[i],
                                                                 .blocks = program_limit(lanes[i], blocks),
                                                                 .together = together,
                                                                 .meets = together || nobody_is_late,
                                                                 .after = together ? 0 : i};
    }
}

void program_check_sizes(const struct program_run *run, uint32_t step)
{
    struct mini_device *device = create_device(run);
    bool nobody_is_late = run->kind == EXEC_FIBERS && run->policy == EXEC_ROUND_ROBIN;
    for (uint32_t blocks = 1; blocks <= NPU_MAX_BLOCKS; blocks += step) {
        for (uint32_t threads = 1; threads <= NPU_MAX_AICPU_THREADS; threads++) {
            for (uint32_t i = 0; i < 4; i++) {
                struct program program;
                struct program_run one = *run;
                one.threads = threads;
                one.blocks = blocks;
                one.transition = (i & 1u) != 0;
                make_full(&program, blocks, (i & 2u) != 0, nobody_is_late);
                program_check(device, &program, &one);
            }
        }
    }
    mini_device_destroy(device);
}
