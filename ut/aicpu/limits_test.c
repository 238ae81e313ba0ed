/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits at their edge: what fits runs, what does not fails with its code and its numbers, nothing hangs and the next
 * run works (device.md 2.4, 3.9, 3.10, 7.1: 22, 23, 24, 33, 38, 39, 41; D40, D42, D48; R21, R22).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/kernel.h"
#include "exec/sanitizer.h"
#include "mini_device.h"
#include "ut/aicpu/draw.h"
#include "ut/aicpu/submit_rig.h"

#define MOST_BLOCKS 32767u

static _Alignas(64) uint64_t cells[64];
static _Atomic uint8_t block_runs[MOST_BLOCKS + 1];

#define LONG_KERNEL_NS 400000000u /* exec time; on threads it is real time, or a part of it */

enum { ADD, NOTHING, COUNT, VANISH, LONG };

static void add_kernel(int64_t *args)
{
    uint64_t *data = pto_kernel_data(pto_kernel_tensor(args, 0));
    data[0]++;
}

static void nothing_kernel(int64_t *args)
{
    (void)args;
}

static void count_kernel(int64_t *args)
{
    atomic_fetch_add_explicit(&block_runs[pto_kernel_block_idx(args)], 1, memory_order_relaxed);
}

/* The core is gone: its dispatch is never answered. */
static void vanish_kernel(int64_t *args)
{
    (void)args;
    exec_exit();
}

/* Fifteen times as long as the others are told to wait for progress. */
static void long_kernel(int64_t *args)
{
    uint64_t end = exec_now() + LONG_KERNEL_NS;
    (void)args;
    while (exec_now() < end) {
    }
}

static void submit_cell(int32_t kernel, uint32_t index)
{
    const uint32_t shape[1] = {1};
    struct pto_tensor tensor;
    struct pto_arg arg;
    (void)pto_tensor_external(&tensor, (uintptr_t)&cells[index], shape, 1, PTO_UINT64, false, 0);
    pto_arg_init(&arg);
    pto_add_inout(&arg, &tensor);
    (void)pto_submit_aiv(kernel, &arg);
}

static void good(const struct pto_chip_args *args)
{
    (void)args;
    for (uint32_t i = 0; i < 10; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            submit_cell(ADD, 0);
            (void)mini_submit_output(NOTHING, 100);
        }
    }
}

static void none(const struct pto_chip_args *args)
{
    (void)args;
}

static struct mini_run run_of(mini_orchestration *orchestration)
{
    return (struct mini_run){.orchestration = orchestration,
                             .kernels = {add_kernel, nothing_kernel, count_kernel, vanish_kernel, long_kernel}};
}

static void run_good(struct mini_device *device)
{
    struct mini_run run = run_of(good);
    struct mini_result result;
    memset(cells, 0, sizeof(cells));
    mini_device_run(device, &run, &result);
    assert_int_equal(result.status, 0);
    assert_int_equal(cells[0], 10);
}

static void expect(struct mini_device *device, const struct mini_run *run, int status, const char *text,
                   struct mini_result *result)
{
    mini_device_run(device, run, result);
    if (result->outcome.end != EXEC_END_OK || result->status != status || strstr(result->message, text) == NULL) {
        fail_msg("%u threads: status %d '%s', expected %d '%s'\n%s", run->threads, result->status, result->message,
                 status, text, result->outcome.report);
    }
}

/* ---- codes 3 and 10 */

static void chain_behind_a_lost_task(const struct pto_chip_args *args)
{
    submit_cell(VANISH, 0);
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        submit_cell(NOTHING, 0);
    }
}

static void many_accesses_behind_a_lost_task(const struct pto_chip_args *args)
{
    const uint32_t shape[1] = {1};
    struct pto_tensor tensor;
    struct pto_arg arg;
    submit_cell(VANISH, 0);
    (void)pto_tensor_external(&tensor, (uintptr_t)&cells[0], shape, 1, PTO_UINT64, false, 0);
    pto_arg_init(&arg);
    for (uint32_t i = 0; i < PTO_CORE_MAX_TENSOR_ARGS; i++) {
        pto_add_input(&arg, &tensor);
    }
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        (void)pto_submit_aiv(NOTHING, &arg);
    }
}

/* 65536 tasks fit in the open scopes, of which there may be any number. */
static void wide_scopes(const struct pto_chip_args *args)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        if (i % 30000 == 29999) {
            pto_scope_begin(PTO_SCOPE_AUTO);
        }
        (void)pto_submit_dummy(&arg);
    }
}

static void full_structures(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct mini_result result;
    for (uint32_t threads = 1; threads <= 4; threads++) {
        struct mini_run run = run_of(chain_behind_a_lost_task);
        run.threads = threads;
        run.window = 2048;
        run.pool = 4;
        run.scalars[0] = 2000;
        expect(device, &run, -3, "the wiring queue holds 1023 tasks", &result);
        assert_int_equal(result.orch_code, 3);
        run_good(device);
        run = run_of(many_accesses_behind_a_lost_task);
        run.threads = threads;
        run.window = 8192;
        run.pool = 8192;
        run.scalars[0] = 5000;
        expect(device, &run, -3, "the tensor map holds 65536 accesses", &result);
        run_good(device);
    }
    struct mini_run run = run_of(wide_scopes);
    run.window = 32768;
    run.scalars[0] = 65536;
    expect(device, &run, 0, "", &result);
    run.scalars[0] = 65537;
    expect(device, &run, -10, "the open scopes hold 65536 tasks", &result);
    assert_int_equal(result.tasks, 65536);
    run_good(device);
    mini_device_destroy(device);
}

/* ---- what a stall says, and when */

static void two_behind_a_lost_task(const struct pto_chip_args *args)
{
    (void)args;
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        submit_cell(ADD, 1);
        submit_cell(VANISH, 0);
        submit_cell(ADD, 0);
        submit_cell(ADD, 0);
    }
}

/* D42: a core that works on a kernel excuses a stall, until it has outlived what R33 grants it. */
static void a_stall_says_what_is_awaited(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t threads = 1; threads <= 2; threads++) {
        struct mini_run run = run_of(two_behind_a_lost_task);
        struct mini_result result;
        run.threads = threads;
        expect(device, &run, -100, "1 of 4 tasks completed, and nothing can get on", &result);
        assert_int_equal(result.sched_code, 100);
        assert_non_null(strstr(result.message, "was given task 0x100000001 (kernel 3, block 0 of 1) as dispatch"));
        assert_non_null(
            strstr(result.message, "0x100000002 waits for 1 of its 1 producers (heard from 0 of 1): 0x100000001"));
        assert_non_null(strstr(result.message, "0x100000003 waits for 1 of its 1 producers"));
        /* The lost core is waited for once more at the end, for as long as R33 gives a run to end. */
        assert_true(result.wall_ns > EXEC_SYNC_LIMIT_NS + EXEC_OP_LIMIT_NS);
        run_good(device);
    }
    /* With several schedulers the one that tells need not be the one whose core is lost. */
    uint32_t others = 0;
    for (uint32_t seed = 1; seed <= 40; seed++) {
        struct exec_options options = {.kind = EXEC_FIBERS, .policy = EXEC_RANDOM, .seed = seed};
        struct mini_run run = run_of(two_behind_a_lost_task);
        struct mini_result result;
        mini_device_configure(device, &options);
        run.threads = 4;
        run.blocks = 3;
        expect(device, &run, -100, "1 of 4 tasks completed, and nothing can get on: core ", &result);
        assert_non_null(strstr(result.message, "0x100000002 waits for 1 of its 1 producers"));
        bool own = strstr(result.message, "was given task 0x100000001 (kernel 3") != NULL;
        bool other = strstr(result.message, "of another scheduler, is at its dispatch") != NULL;
        assert_true(own != other);
        others += other;
    }
    assert_true(others > 0 && others < 40);
    run_good(device);
    mini_device_destroy(device);
}

static void one_long_task(const struct pto_chip_args *args)
{
    const uint32_t zero = 0;
    const uint32_t shape[1] = {1};
    struct pto_tensor tensor;
    (void)args;
    submit_cell(LONG, 0);
    (void)pto_tensor_external(&tensor, (uintptr_t)&cells[0], shape, 1, PTO_UINT64, false, 0);
    (void)pto_get_scalar(&tensor, 1, &zero);
    submit_cell(ADD, 0);
}

/* Invariant 41: neither the waiting orchestrator nor idle schedulers give up while a core works. */
static void long_kernels_are_waited_for(void **state)
{
    (void)state;
    const struct exec_options options = {.kind = EXEC_THREADS,
                                         .stall_limit_ns = LONG_KERNEL_NS / 4,
                                         .deadline_scale = exec_tool_deadline_scale() > 1 ? 10 : 1};
    struct mini_device *device = mini_device_create(&options);
    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        struct mini_run run = run_of(one_long_task);
        struct mini_result result;
        run.threads = threads;
        run.blocks = 2;
        memset(cells, 0, sizeof(cells));
        expect(device, &run, 0, "", &result);
        assert_int_equal(cells[0], 1);
    }
    mini_device_destroy(device);
}

/* ---- sizes */

static void drained_heap(const struct pto_chip_args *args)
{
    for (uint64_t offset = 0; offset <= args->scalars[0]; offset += 512) {
        for (uint64_t bytes = 1; bytes <= args->scalars[0]; bytes += 511) {
            PTO_SCOPE(PTO_SCOPE_AUTO)
            {
                if (offset > 0) {
                    (void)mini_submit_output(NOTHING, offset);
                }
            }
            PTO_SCOPE(PTO_SCOPE_AUTO)
            {
                (void)mini_submit_output(NOTHING, bytes);
            }
        }
    }
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        (void)mini_submit_output(NOTHING, args->scalars[1]);
    }
}

/* Invariant 23, D48: wherever it was drained, a heap serves any request up to its size. */
static void a_drained_heap_serves_its_size(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct mini_result result;
    for (uint32_t threads = 1; threads <= 4; threads++) {
        for (uint64_t heap = 1024; heap <= 4096; heap *= 2) {
            struct mini_run run = run_of(drained_heap);
            run.threads = threads;
            run.heap = heap;
            run.scalars[0] = heap;
            run.scalars[1] = heap;
            expect(device, &run, 0, "", &result);
            run.scalars[1] = heap + 1;
            expect(device, &run, -2, "nothing frees them", &result);
        }
    }
    mini_device_destroy(device);
}

static int submit_large(struct rig *rig, uint32_t rows, uint32_t columns, struct pto_tensor *made)
{
    const uint32_t shape[2] = {rows, columns};
    struct pto_tensor_create_info info;
    struct trb_submitted submitted;
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_create_info(&info, shape, 2, PTO_UINT64, false);
    (void)pto_add_output(&arg, &info);
    int rc = rig_submit(rig, TRB_DUMMY, NULL, &arg, &submitted);
    if (rc == 0) {
        *made = *submitted.outputs[0];
    }
    return rc;
}

/* Invariant 24: sizes are never cut to 32 bits, where they fit and where they do not. */
static void sizes_beyond_32_bits(void **state)
{
    (void)state;
    const uint64_t bytes = 8ull * 0x4B00 * 0x4000; /* 2.3 GiB */
    struct pto_tensor made[3];
    struct rig *rig = rig_create(16, 8ull << 30, 8);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(submit_large(rig, 0x4B00, 0x4000, &made[i]), 0);
        assert_int_equal(made[i].buffer_bytes, bytes);
        assert_int_equal(made[i].buffer_addr, RIG_HEAP + i * bytes);
    }
    assert_int_equal(submit_large(rig, 0x4B00, 0x4000, &made[0]), -2);
    assert_non_null(strstr(rig->block.message, "2516582400 bytes of outputs asked"));
    rig_destroy(rig);
    rig = rig_create(16, 1u << 20, 8);
    assert_int_equal(submit_large(rig, 0x4B00, 0x4000, &made[0]), -2);
    rig_destroy(rig);
    rig = rig_create(16, 1u << 20, 8);
    assert_int_equal(submit_large(rig, 0x80000000u, 0x80000000u, &made[0]), -5); /* 2^65 bytes */
    rig_destroy(rig);
}

static void submit_blocks(const struct pto_chip_args *args)
{
    const struct pto_mixed_kernels kernels = {args->scalars[1] & 1 ? COUNT : PTO_KERNEL_NONE,
                                              args->scalars[1] & 2 ? COUNT : PTO_KERNEL_NONE,
                                              args->scalars[1] & 4 ? COUNT : PTO_KERNEL_NONE};
    struct pto_arg arg;
    pto_arg_init(&arg);
    pto_set_block_num(&arg, (int16_t)args->scalars[0]);
    (void)pto_submit(&kernels, &arg);
}

/* Invariant 24: as many blocks as 16 bits count, on one lane and on three. */
static void most_blocks(void **state)
{
    (void)state;
    static const struct {
        uint32_t blocks, lanes, mask;
        int status;
        const char *text;
    } cases[] = {
        {32767, 1, 2, 0, ""},
        {10922, 3, 7, 0, ""},
        {10923, 3, 7, -5, "10923 blocks on 3 lanes, allowed are 1..10922"},
        {16384, 2, 6, -5, "16384 blocks on 2 lanes, allowed are 1..16383"},
        {32767, 3, 7, -5, "32767 blocks on 3 lanes"},
    };
    struct mini_device *device = mini_device_create(NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mini_run run = run_of(submit_blocks);
        struct mini_result result;
        run.blocks = 4;
        run.threads = 3;
        run.scalars[0] = cases[i].blocks;
        run.scalars[1] = cases[i].mask;
        memset((void *)block_runs, 0, sizeof(block_runs));
        expect(device, &run, cases[i].status, cases[i].text, &result);
        for (uint32_t block = 0; block <= MOST_BLOCKS; block++) {
            bool runs = cases[i].status == 0 && block < cases[i].blocks;
            assert_int_equal(block_runs[block], runs ? cases[i].lanes : 0);
        }
    }
    mini_device_destroy(device);
}

/* ---- small everything */

/* Whatever comes: scopes that are too wide, outputs that are too large, more producers than there are entries. */
static void anything(const struct pto_chip_args *args)
{
    uint64_t ids[80] = {0};
    uint32_t known = 0;
    uint32_t depth = 0;
    random_state = args->scalars[0];
    for (uint32_t i = 0; i < 60; i++) {
        struct pto_arg arg;
        switch (draw(6)) {
        case 0:
            pto_scope_begin(PTO_SCOPE_AUTO);
            depth++;
            break;
        case 1:
        case 2:
            if (depth > 0) {
                pto_scope_end();
                depth--;
            }
            break;
        case 3:
            (void)mini_submit_output(NOTHING, 1 + draw(1200));
            break;
        case 4:
            submit_cell(ADD, draw(4));
            break;
        default:
            pto_arg_init(&arg);
            (void)pto_set_dependencies(&arg, ids, known);
            ids[known++] = pto_submit_dummy(&arg).task_id;
            break;
        }
    }
}

/* Invariant 22: a run with little room completes, or says which room it lacks. */
static void small_runs_end(void **state)
{
    (void)state;
    static const enum exec_policy policies[] = {EXEC_ROUND_ROBIN, EXEC_RANDOM, EXEC_PCT};
    uint32_t counts[11] = {0};
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t i = 0; i < 600; i++) {
        struct exec_options options = {.kind = EXEC_FIBERS, .policy = policies[i % 3], .seed = i + 1};
        struct mini_run run = run_of(anything);
        struct mini_result result;
        run.window = 4u << (i / 3) % 3;
        run.heap = 1024u << (i / 9) % 3;
        run.pool = 4 + (i / 27) % 5;
        run.threads = 1 + i % 4;
        run.scalars[0] = 88172645463325252ull + i * 0x9E3779B97F4A7C15ull;
        mini_device_configure(device, &options);
        mini_device_run(device, &run, &result);
        bool is_known = result.status <= 0 && result.status >= -4;
        if (result.outcome.end != EXEC_END_OK || !is_known) {
            fail_msg("run %u: %d '%s'\n%s", i, result.status, result.message, result.outcome.report);
        }
        counts[-result.status]++;
    }
    assert_true(counts[0] > 0 && counts[1] > 0 && counts[2] > 0 && counts[3] > 0);
    run_good(device);
    mini_device_destroy(device);
}

/* Invariant 38: no task at all, everywhere. */
static void nothing_to_do(void **state)
{
    (void)state;
    static const enum exec_kind kinds[] = {EXEC_FIBERS, EXEC_THREADS};
    for (uint32_t k = 0; k < 2; k++) {
        struct exec_options options = {.kind = kinds[k]};
        struct mini_device *device = mini_device_create(&options);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            struct mini_run run = run_of(none);
            struct mini_result result;
            run.threads = threads;
            run.blocks = threads * threads;
            expect(device, &run, 0, "", &result);
            assert_int_equal(result.tasks + result.dispatches, 0);
        }
        mini_device_destroy(device);
    }
}

/* Invariant 39: bad physical ids end the run under any schedule, on any number of threads. */
static void bad_cores_under_any_schedule(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t i = 0; i < 200; i++) {
        struct exec_options options = {
            .kind = EXEC_FIBERS, .policy = i % 2 == 0 ? EXEC_RANDOM : EXEC_PCT, .seed = i + 1};
        struct mini_run run = run_of(good);
        struct mini_result result;
        mini_device_configure(device, &options);
        run.blocks = 3;
        run.threads = 1 + i % 4;
        run.absent_core = i % 5 < 3 ? 1 + i % 9 : 0;
        run.twin_core = run.absent_core == 0 ? 2 + i % 8 : 0;
        expect(device, &run, -1, "physical id", &result);
        if (i % 20 == 0) {
            run_good(device);
        }
    }
    mini_device_destroy(device);
}

/* D51: the ready queues hold every task that can be alive, for windows beyond their usual size too. */
static void ready_queues_hold_all_tasks(void **state)
{
    (void)state;
    for (uint64_t window = 4; window <= 1u << 17; window *= 8) {
        struct rig *rig = rig_create(window, 1024, 8);
        for (uint32_t shape = 0; shape <= PTO_SHAPE_DUMMY; shape++) {
            assert_true(rig->context->ready[shape].capacity >= PTO_RING_COUNT * (window - 1));
        }
        rig_destroy(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_structures),
        cmocka_unit_test(a_stall_says_what_is_awaited),
        cmocka_unit_test(long_kernels_are_waited_for),
        cmocka_unit_test(a_drained_heap_serves_its_size),
        cmocka_unit_test(sizes_beyond_32_bits),
        cmocka_unit_test(most_blocks),
        cmocka_unit_test(small_runs_end),
        cmocka_unit_test(nothing_to_do),
        cmocka_unit_test(bad_cores_under_any_schedule),
        cmocka_unit_test(ready_queues_hold_all_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
