/* SPDX-License-Identifier: Apache-2.0 */
/* What an orchestration can ask for, beyond plain tasks, on every number of threads and several of blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/kernel.h"
#include "mini_device.h"

#define LANES_BLOCKS 64

static _Alignas(64) uint64_t cells[256];
static _Atomic uint32_t lane_runs[3][LANES_BLOCKS];
static _Atomic uint32_t wrong_places;
static uint64_t seen_scalar;
static uint64_t next_ticket;

static void add_kernel(int64_t *args)
{
    uint64_t *data = pto_kernel_data(pto_kernel_tensor(args, 0));
    data[0] += pto_kernel_word(args, 1);
}

/* Copies tensor 0 to tensor 1. */
static void copy_kernel(int64_t *args)
{
    const struct pto_tensor *from = pto_kernel_tensor(args, 0);
    memcpy(pto_kernel_data(pto_kernel_tensor(args, 1)), pto_kernel_data(from),
           from->extent_elements * pto_data_type_bytes(from->dtype));
}

static void count_lane(int64_t *args, uint32_t lane)
{
    int32_t block = pto_kernel_block_idx(args);
    int32_t expected_sub_block = lane == 2 ? 1 : 0;
    if (block < 0 || block >= pto_kernel_block_num(args) || pto_kernel_sub_block_id(args) != expected_sub_block) {
        atomic_fetch_add(&wrong_places, 1);
        return;
    }
    atomic_fetch_add(&lane_runs[lane][block], 1);
}

static void aic_kernel(int64_t *args)
{
    count_lane(args, 0);
}

static void aiv0_kernel(int64_t *args)
{
    count_lane(args, 1);
}

static void aiv1_kernel(int64_t *args)
{
    count_lane(args, 2);
}

/* On any vector core. */
static void vector_kernel(int64_t *args)
{
    atomic_fetch_add(&lane_runs[1][pto_kernel_block_idx(args)], 1);
}

static void ticket_kernel(int64_t *args)
{
    cells[pto_kernel_word(args, 0)] = ++next_ticket;
}

static void nothing_kernel(int64_t *args)
{
    (void)args;
}

enum { ADD, COPY, AIC, AIV0, AIV1, VECTOR, TICKET, NOTHING };

static void cell(struct pto_tensor *tensor, uint32_t index, bool manual_dep)
{
    const uint32_t shape[1] = {1};
    assert_int_equal(pto_tensor_external(tensor, (uintptr_t)&cells[index], shape, 1, PTO_UINT64, manual_dep, 0), 0);
}

static uint64_t submit_add(const struct pto_tensor *tensor, uint64_t value)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    pto_add_inout(&arg, tensor);
    pto_add_scalar(&arg, value);
    return pto_submit_aiv(ADD, &arg).task_id;
}

static void scalars(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    const uint32_t zero = 0;
    (void)args;
    cell(&tensor, 0, false);
    for (uint32_t i = 0; i < 5; i++) {
        submit_add(&tensor, 2);
    }
    seen_scalar = pto_get_scalar(&tensor, 1, &zero);
    pto_set_scalar(&tensor, 1, &zero, 100);
    submit_add(&tensor, 1);
}

/* A set waits for readers too: the copy must see the old value. */
static void set_after_reader(const struct pto_chip_args *args)
{
    struct pto_tensor from;
    struct pto_tensor to;
    struct pto_arg arg;
    const uint32_t zero = 0;
    (void)args;
    cell(&from, 0, false);
    cell(&to, 1, false);
    pto_arg_init(&arg);
    pto_add_input(&arg, &from);
    pto_add_output_existing(&arg, &to);
    pto_submit_aiv(COPY, &arg);
    pto_set_scalar(&from, 1, &zero, 55);
}

static void created(const struct pto_chip_args *args)
{
    struct pto_tensor_create_info info;
    struct pto_tensor to;
    struct pto_arg arg;
    const uint32_t shape[2] = {3, 5};
    const uint32_t row[2] = {1, 1};
    const uint32_t at[2] = {2, 4};
    (void)args;
    (void)pto_create_info(&info, shape, 2, PTO_UINT64, false);
    pto_create_info_set_initial(&info, 0x1122334455667788ull);
    pto_arg_init(&arg);
    pto_add_output(&arg, &info);
    pto_add_output(&arg, &info);
    struct pto_task_outputs made = pto_alloc_tensors(&arg);
    assert_int_equal(made.output_count, 2);
    assert_int_equal((made.tensors[1]->buffer_addr - made.tensors[0]->buffer_addr) % 1024, 0);
    struct pto_tensor element;
    assert_int_equal(pto_tensor_view(&element, made.tensors[1], row, at, false), 0);
    submit_add(&element, 1);
    cell(&to, 0, false);
    pto_arg_init(&arg);
    pto_add_input(&arg, &element);
    pto_add_output_existing(&arg, &to);
    pto_submit_aic(COPY, &arg);
    cell(&to, 1, false);
    struct pto_tensor first;
    const uint32_t origin[2] = {0, 0};
    (void)pto_tensor_view(&first, made.tensors[0], row, origin, false);
    pto_arg_init(&arg);
    pto_add_input(&arg, &first);
    pto_add_output_existing(&arg, &to);
    pto_submit_aiv(COPY, &arg);
}

static void only_allocations(const struct pto_chip_args *args)
{
    struct pto_tensor_create_info info;
    struct pto_arg arg;
    const uint32_t shape[1] = {10};
    (void)args;
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    pto_arg_init(&arg);
    pto_add_output(&arg, &info);
    for (uint32_t i = 0; i < 20; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            (void)pto_alloc_tensors(&arg);
        }
    }
}

static void only_dummies(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    (void)args;
    cell(&tensor, 0, false);
    pto_arg_init(&arg);
    pto_add_inout(&arg, &tensor);
    for (uint32_t i = 0; i < 40; i++) {
        pto_submit_dummy(&arg);
    }
}

/* Tasks 0 .. 9 in a MANUAL scope, each after the next one except the last: they run backwards. */
static void backwards(const struct pto_chip_args *args)
{
    uint64_t barrier = PTO_TASK_ID_INVALID;
    (void)args;
    PTO_SCOPE(PTO_SCOPE_MANUAL)
    {
        for (uint32_t i = 10; i-- > 0;) {
            struct pto_tensor tensor;
            struct pto_arg arg;
            cell(&tensor, 100, false);
            pto_arg_init(&arg);
            pto_add_scalar(&arg, i);
            if (i < 9) {
                pto_set_dependencies(&arg, &barrier, 1);
            }
            barrier = pto_submit_aiv(TICKET, &arg).task_id;
            if (i % 3 == 0) {
                pto_arg_init(&arg);
                pto_add_inout(&arg, &tensor); /* ignored here */
                pto_set_dependencies(&arg, &barrier, 1);
                barrier = pto_submit_dummy(&arg).task_id;
            }
        }
    }
}

/* NO_DEP and manual_dep accesses neither wait nor are waited for: the order comes from explicit dependencies alone. */
static void unordered_accesses(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    uint64_t last = PTO_TASK_ID_INVALID;
    (void)args;
    for (uint32_t i = 0; i < 10; i++) {
        struct pto_arg arg;
        cell(&tensor, 0, i % 2 == 0);
        pto_arg_init(&arg);
        if (i % 2 == 0) {
            pto_add_inout(&arg, &tensor);
        } else {
            pto_add_no_dep(&arg, &tensor);
        }
        pto_add_scalar(&arg, 1);
        if (i > 0) {
            pto_set_dependencies(&arg, &last, 1);
        }
        last = pto_submit_aiv(ADD, &arg).task_id;
    }
}

static void blocks_and_lanes(const struct pto_chip_args *args)
{
    static const struct pto_mixed_kernels kernels[] = {
        {AIC, AIV0, AIV1},
        {AIC, PTO_KERNEL_NONE, AIV1},
        {PTO_KERNEL_NONE, AIV0, AIV1},
        {AIC, PTO_KERNEL_NONE, PTO_KERNEL_NONE},
        {PTO_KERNEL_NONE, VECTOR, PTO_KERNEL_NONE},
        {PTO_KERNEL_NONE, PTO_KERNEL_NONE, VECTOR},
    };
    for (uint64_t round = 0; round < 3; round++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            for (uint32_t i = 0; i < 6; i++) {
                struct pto_arg arg;
                pto_arg_init(&arg);
                pto_set_block_num(&arg, (int16_t)args->scalars[0]);
                pto_submit(&kernels[i], &arg);
            }
        }
    }
}

/* More live accesses than the tensor map has entries: those of completed tasks give way. */
static void many_accesses(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    cell(&tensor, 0, false);
    pto_arg_init(&arg);
    for (uint32_t i = 0; i < PTO_CORE_MAX_TENSOR_ARGS; i++) {
        pto_add_input(&arg, &tensor);
    }
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        pto_submit_aiv(NOTHING, &arg);
    }
}

static void messages(const struct pto_chip_args *args)
{
    struct pto_tensor nowhere;
    const uint32_t shape[1] = {1};
    const uint32_t zero = 0;
    (void)args;
    PTO_LOG_ERROR("error %d", 1);
    PTO_LOG_WARN("warning %d", 2);
    PTO_LOG_DEBUG("debug %d", 3);
    PTO_LOG_INFO(0, "tier %d", 0);
    PTO_LOG_INFO(9, "tier %d", 9);
    /* A tensor without an address is only complained about. */
    (void)pto_tensor_external(&nowhere, 0, shape, 1, PTO_UINT8, false, 0);
    assert_int_equal(pto_get_scalar(&nowhere, 1, &zero), 0);
    pto_set_scalar(&nowhere, 1, &zero, 1);
}

static void newer_version(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    const uint32_t shape[1] = {1};
    (void)args;
    for (int32_t version = 0; version < 8; version++) {
        (void)pto_tensor_external(&tensor, (uintptr_t)&cells[0], shape, 1, PTO_UINT64, false, version);
        submit_add(&tensor, 1);
        submit_add(&tensor, 1);
    }
}

static void reset(void)
{
    memset(cells, 0, sizeof(cells));
    memset(lane_runs, 0, sizeof(lane_runs));
    wrong_places = 0;
    next_ticket = 0;
    seen_scalar = 0;
}

static void run_one(struct mini_device *device, mini_orchestration *orchestration, uint32_t threads, uint32_t blocks,
                    uint64_t scalar, uint64_t tasks)
{
    struct mini_result result;
    struct mini_run run = {.orchestration = orchestration,
                           .kernels = {add_kernel, copy_kernel, aic_kernel, aiv0_kernel, aiv1_kernel, vector_kernel,
                                       ticket_kernel, nothing_kernel},
                           .threads = threads,
                           .blocks = blocks};
    run.scalars[0] = scalar;
    run.window = orchestration == many_accesses ? 8192 : 0;
    reset();
    mini_device_run(device, &run, &result);
    if (result.status != 0) {
        print_error("%u threads, %u blocks: %d %s\n%s\n", threads, blocks, result.status, result.message,
                    result.outcome.report);
    }
    assert_int_equal(result.status, 0);
    assert_int_equal(result.tasks, tasks);
}

static void check_lanes(uint32_t blocks)
{
    assert_int_equal(wrong_places, 0);
    for (uint32_t block = 0; block < LANES_BLOCKS; block++) {
        uint32_t once = block < blocks ? 3 : 0; /* rounds */
        assert_int_equal(lane_runs[0][block], 3 * once);
        assert_int_equal(lane_runs[1][block], 4 * once);
        assert_int_equal(lane_runs[2][block], 3 * once);
    }
}

static void run_all(struct mini_device *device, uint32_t threads, uint32_t blocks)
{
    run_one(device, scalars, threads, blocks, 0, 6);
    assert_int_equal(seen_scalar, 10);
    assert_int_equal(cells[0], 101);
    run_one(device, set_after_reader, threads, blocks, 0, 1);
    assert_int_equal(cells[0], 55);
    assert_int_equal(cells[1], 0);
    run_one(device, created, threads, blocks, 0, 4);
    assert_int_equal(cells[0], 0x1122334455667789ull);
    assert_int_equal(cells[1], 0x1122334455667788ull);
    run_one(device, only_allocations, threads, blocks, 0, 20);
    run_one(device, only_dummies, threads, blocks, 0, 40);
    run_one(device, backwards, threads, blocks, 0, 14);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(cells[i], 10 - i);
    }
    run_one(device, unordered_accesses, threads, blocks, 0, 10);
    assert_int_equal(cells[0], 10);
    for (uint32_t block_num = 1; block_num <= 50; block_num += 16) {
        run_one(device, blocks_and_lanes, threads, blocks, block_num, 18);
        check_lanes(block_num);
    }
    run_one(device, messages, threads, blocks, 0, 0);
    run_one(device, newer_version, threads, blocks, 0, 16);
    assert_int_equal(cells[0], 16);
}

static void features_on(enum exec_kind kind, enum exec_policy policy, uint32_t seeds)
{
    static const uint32_t blocks[] = {1, 2, 5};
    struct exec_options options = {.kind = kind, .policy = policy, .deadline_scale = 50};
    struct mini_device *device = mini_device_create(&options);
    for (uint32_t seed = 1; seed <= seeds; seed++) {
        options.seed = seed;
        mini_device_configure(device, &options);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            for (uint32_t b = 0; b < 3; b++) {
                run_all(device, threads, blocks[b]);
            }
        }
    }
    mini_device_destroy(device);
}

static void on_round_robin(void **state)
{
    (void)state;
    features_on(EXEC_FIBERS, EXEC_ROUND_ROBIN, 1);
}

static void on_random(void **state)
{
    (void)state;
    features_on(EXEC_FIBERS, EXEC_RANDOM, 1);
}

static void on_pct(void **state)
{
    (void)state;
    features_on(EXEC_FIBERS, EXEC_PCT, 1);
}

/* Wide and long: limits that only large runs reach, with the orchestrator far ahead of everybody else under some seeds.
 */
static void large_runs(void **state)
{
    (void)state;
    struct exec_options options = {.kind = EXEC_FIBERS, .policy = EXEC_PCT, .pct_depth = 1};
    struct mini_device *device = mini_device_create(&options);
    for (uint32_t seed = 1; seed <= 6; seed++) {
        options.seed = seed;
        mini_device_configure(device, &options);
        run_one(device, many_accesses, 1 + seed % 4, 2, 5000, 5000);
    }
    mini_device_destroy(device);
}

static void on_threads(void **state)
{
    (void)state;
    features_on(EXEC_THREADS, EXEC_ROUND_ROBIN, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_round_robin), cmocka_unit_test(on_random),  cmocka_unit_test(on_pct),
        cmocka_unit_test(large_runs),     cmocka_unit_test(on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
