/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R22: every number of AICPU threads with every number of blocks, one scheduler with all clusters among them (D47),
 * tasks that fill all cores at once: one at a time (nothing ready waits while its core is idle, invariant 30), and all
 * at the same time, started together. No block gets lost for which there is no core yet (D38), a MIX task needs only
 * the lanes that it uses (D44), and dispatch ids start again without a reserved one (D33, invariant 26).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/kernel.h"
#include "aicpu/trb/context.h"
#include "dispatch_program.h"
#include "npu/arch.h"

static void round_robin(void **state)
{
    (void)state;
    program_check_sizes(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_ROUND_ROBIN}, 1);
}

static void pct(void **state)
{
    (void)state;
    program_check_sizes(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_PCT, .seed = 11}, 3);
}

static void traced(void **state)
{
    (void)state;
    program_check_sizes(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_CHOICE, .seed = 12}, 5);
}

static void threads(void **state)
{
    (void)state;
    program_check_sizes(&(struct program_run){.kind = EXEC_THREADS}, 11);
}

/* Twice as many dispatches per core as there are ids left. */
static void ids_start_again(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct program program = {.count = 6, .scope = 6};
    for (uint32_t i = 0; i < 6; i++) {
        program.tasks[i] = (struct program_task){.lanes = i % 2 == 0 ? PTO_ACTIVE_LANES : PTO_ACTIVE_AIC, .blocks = 20};
    }
    for (uint64_t seed = 0; seed < 20; seed++) {
        const struct program_run run = {.policy = EXEC_CHOICE, .seed = seed, .threads = 3, .blocks = 5, .wrap = true};
        program_check(device, &program, &run);
    }
    mini_device_destroy(device);
}

static struct mini_device *mix_device;
static _Atomic uint32_t kept;
static _Atomic uint32_t mixed;

/* Keeps one vector core until the MIX task has run beside it. */
static void keeping_kernel(int64_t *args)
{
    (void)args;
    kept = 1;
    while (mixed != 2) {
        (void)exec_user_wait(&mixed, mixed);
    }
}

static void mixed_kernel(int64_t *args)
{
    (void)args;
    atomic_fetch_add(&mixed, 1);
    exec_wake(&mixed);
}

static void wait_until_kept(void)
{
    struct trb_orchestrator *orchestrator = &mini_device_runtime(mix_device)->orchestrator;
    exec_user_leave();
    trb_orchestrator_announce(orchestrator);
    while (kept == 0) {
        if (orchestrator->scheduler != NULL) {
            (void)trb_scheduler_pass(orchestrator->scheduler);
        }
        exec_pause();
    }
    exec_user_enter();
}

/* words: 1 to start together; the kept core is the first vector core. */
static void beside_a_kept_core(const struct pto_chip_args *args)
{
    const struct pto_mixed_kernels beside = {.aic = 1, .aiv0 = PTO_KERNEL_NONE, .aiv1 = 1};
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_submit_aiv(0, &arg);
    wait_until_kept();
    pto_set_require_sync_start(&arg, args->scalars[0] != 0);
    (void)pto_submit(&beside, &arg);
}

static void mix_needs_only_its_lanes(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t threads = 1; threads <= NPU_MAX_AICPU_THREADS; threads++) {
        struct mini_run run = {.orchestration = beside_a_kept_core,
                               .kernels = {keeping_kernel, mixed_kernel},
                               .threads = threads,
                               .scalars = {threads % 2}};
        struct mini_result result;
        kept = 0;
        mixed = 0;
        mix_device = device;
        mini_device_run(device, &run, &result);
        if (result.status != 0) {
            print_error("%u threads: %s\n%s\n", threads, result.message, result.outcome.report);
        }
        assert_int_equal(result.status, 0);
        assert_int_equal(mixed, 2);
    }
    mini_device_destroy(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin),     cmocka_unit_test(pct),
        cmocka_unit_test(traced),          cmocka_unit_test(threads),
        cmocka_unit_test(ids_start_again), cmocka_unit_test(mix_needs_only_its_lanes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
