/* SPDX-License-Identifier: Apache-2.0 */
/* Runs that fail, each with its code, and the run after them on the same device (R4, R13, R21, R23, R33; D40). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/kernel.h"
#include "base/fault.h"
#include "mini_device.h"

static _Alignas(64) uint64_t cells[1024];
static bool returned; /* the failing operation came back to the orchestration */

static void add_one(int64_t *args)
{
    uint64_t *data = pto_kernel_data(pto_kernel_tensor(args, 0));
    data[0]++;
}

static void do_nothing(int64_t *args)
{
    (void)args;
}

static void cell(struct pto_tensor *tensor, uint32_t index, int32_t version)
{
    const uint32_t shape[1] = {1};
    assert_int_equal(pto_tensor_external(tensor, (uintptr_t)&cells[index], shape, 1, PTO_UINT64, false, version), 0);
}

static struct pto_task_outputs submit(uint32_t index, enum pto_tensor_arg_type tag, int32_t version)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    cell(&tensor, index, version);
    pto_arg_init(&arg);
    pto_arg_add_tensor(&arg, tag, &tensor);
    return pto_submit_aiv(0, &arg);
}

static struct pto_task_outputs submit_output(uint64_t bytes)
{
    const uint32_t shape[1] = {(uint32_t)bytes};
    struct pto_tensor_create_info info;
    struct pto_arg arg;
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    pto_arg_init(&arg);
    pto_add_output(&arg, &info);
    return pto_submit_aiv(1, &arg);
}

static void good(const struct pto_chip_args *args)
{
    (void)args;
    for (uint32_t i = 0; i < 10; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            (void)submit(0, PTO_ARG_INOUT, 0);
            (void)submit_output(100);
        }
    }
}

static void bad_arg(const struct pto_chip_args *args)
{
    struct pto_arg arg;
    (void)args;
    pto_arg_init(&arg);
    pto_add_scalar(&arg, 1);
    pto_add_input(&arg, NULL);
    (void)pto_submit_aiv(0, &arg);
    returned = true;
}

static void bad_tensor(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    (void)args;
    cell(&tensor, 0, 0);
    tensor.buffer_bytes = 4; /* the element ends behind it */
    pto_arg_init(&arg);
    pto_add_input(&arg, &tensor);
    (void)pto_submit_aiv(0, &arg);
    returned = true;
}

static void bad_kernel(const struct pto_chip_args *args)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_submit_aiv((int32_t)args->scalars[0], &arg);
    returned = true;
}

static void bad_blocks(const struct pto_chip_args *args)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    pto_set_block_num(&arg, (int16_t)args->scalars[0]);
    pto_set_require_sync_start(&arg, args->scalars[1] != 0);
    (void)pto_submit_aiv(1, &arg);
    returned = true;
}

static void bad_dependency(const struct pto_chip_args *args)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_submit_aiv(1, &arg);
    pto_set_dependencies(&arg, &args->scalars[0], 1);
    (void)pto_submit_aiv(1, &arg);
    returned = true;
}

static void old_version(const struct pto_chip_args *args)
{
    (void)args;
    (void)submit(0, PTO_ARG_INOUT, 1);
    (void)submit(0, PTO_ARG_INPUT, 0);
    returned = true;
}

static void auto_in_manual(const struct pto_chip_args *args)
{
    (void)args;
    pto_scope_begin(PTO_SCOPE_MANUAL);
    pto_scope_begin(PTO_SCOPE_MANUAL);
    pto_scope_end();
    pto_scope_begin(PTO_SCOPE_AUTO);
    returned = true;
}

static void too_deep(const struct pto_chip_args *args)
{
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        pto_scope_begin(PTO_SCOPE_AUTO);
    }
    returned = true;
}

static void unopened(const struct pto_chip_args *args)
{
    (void)args;
    pto_scope_begin(PTO_SCOPE_AUTO);
    pto_scope_end();
    pto_scope_end();
    returned = true;
}

static void wide_scope(const struct pto_chip_args *args)
{
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        (void)submit(0, PTO_ARG_INOUT, 0);
    }
    returned = true;
}

/* Deeper scopes share the last ring. */
static void deep_scopes(const struct pto_chip_args *args)
{
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        pto_scope_begin(PTO_SCOPE_AUTO);
        (void)submit(0, PTO_ARG_INOUT, 0);
    }
    returned = true;
}

static void large_output(const struct pto_chip_args *args)
{
    (void)submit_output(args->scalars[0]);
    (void)submit_output(args->scalars[1]);
    returned = true;
}

static void fatal(const struct pto_chip_args *args)
{
    (void)submit(0, PTO_ARG_INOUT, 0);
    pto_report_fatal((int32_t)(int64_t)args->scalars[0], "asked for %d", 3);
    returned = true;
    /* From here on nothing has an effect. */
    assert_true(pto_is_fatal());
    assert_int_equal(submit(1, PTO_ARG_INOUT, 0).task_id, PTO_TASK_ID_INVALID);
    pto_scope_begin(PTO_SCOPE_MANUAL);
    pto_scope_begin(PTO_SCOPE_AUTO);
    pto_scope_end();
    struct pto_tensor tensor;
    cell(&tensor, 2, 0);
    const uint32_t zero = 0;
    pto_set_scalar(&tensor, 1, &zero, 99);
    assert_int_equal(pto_get_scalar(&tensor, 1, &zero), 0);
    assert_int_equal(pto_alloc_tensors(NULL).task_id, PTO_TASK_ID_INVALID);
}

/* scalars: producers, held by their tensors or only ordered before the consumer */
static void many_producers(const struct pto_chip_args *args)
{
    uint64_t ids[200];
    struct pto_arg arg;
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        ids[i] = submit((uint32_t)i + 1, PTO_ARG_INOUT, 0).task_id;
    }
    pto_arg_init(&arg);
    if (args->scalars[1] != 0) {
        pto_set_dependencies(&arg, ids, (uint32_t)args->scalars[0]);
    } else {
        static struct pto_tensor all;
        const uint32_t shape[1] = {256};
        (void)pto_tensor_external(&all, (uintptr_t)cells, shape, 1, PTO_UINT64, false, 0);
        pto_add_inout(&arg, &all);
    }
    (void)pto_submit_aiv(0 + (args->scalars[1] != 0), &arg);
    returned = true;
}

static void register_completion(int64_t *args)
{
    static uint32_t counter;
    const struct pto_async_context *context = pto_kernel_async_context(args);
    assert_true(pto_async_is_available(context));
    assert_int_equal(pto_async_register(context, PTO_COMPLETION_COUNTER, PTO_ASYNC_SDMA, (uintptr_t)&counter, 1), 0);
}

static void wait_for_ever(int64_t *args)
{
    static _Atomic uint32_t never;
    (void)args;
    (void)exec_user_wait(&never, 0);
}

static void crash(int64_t *args)
{
    (void)args;
    __builtin_trap();
}

/* The core is gone: its dispatch is never answered. */
static void vanish(int64_t *args)
{
    (void)args;
    exec_exit();
}

static void wait_for_vanished(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    const uint32_t zero = 0;
    (void)args;
    cell(&tensor, 0, 0);
    (void)submit(0, PTO_ARG_INOUT, 0);
    (void)pto_get_scalar(&tensor, 1, &zero);
    returned = true;
}

static void null_pointers(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    cell(&tensor, 0, 0);
    pto_arg_init(&arg);
    switch (args->scalars[0]) {
    case 0:
        (void)pto_submit_aiv(0, NULL);
        break;
    case 1:
        (void)pto_submit(NULL, &arg);
        break;
    case 2:
        (void)pto_get_scalar(NULL, 1, &arg.explicit_dep_count);
        break;
    case 3:
        pto_set_scalar(&tensor, 1, NULL, 1);
        break;
    case 4:
        arg.explicit_dep_count = 1;
        (void)pto_submit_aiv(1, &arg);
        break;
    case 5:
        arg.tensor_count = 17;
        (void)pto_submit_aiv(1, &arg);
        break;
    case 6:
        arg.scalar_count = -1;
        (void)pto_submit_aiv(1, &arg);
        break;
    case 7:
        arg.tensor_count = 1;
        arg.tags[0] = PTO_ARG_INPUT;
        arg.refs[0].tensor = NULL;
        (void)pto_submit_aiv(1, &arg);
        break;
    case 8: {
        struct pto_mixed_kernels none = {PTO_KERNEL_NONE, PTO_KERNEL_NONE, PTO_KERNEL_NONE};
        (void)pto_submit(&none, &arg);
        break;
    }
    case 9:
        tensor.owner_task_id = 0x700000000ull;
        (void)pto_add_input(&arg, &tensor);
        (void)pto_submit_aiv(1, &arg);
        break;
    case 10:
        tensor.ndims = 2;
        tensor.strides[1] = 0;
        (void)pto_get_scalar(&tensor, 1, &arg.explicit_dep_count);
        break;
    default:
        pto_scope_begin((enum pto_scope_mode)7);
        break;
    }
    returned = true;
}

static void allocation_with_input(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    (void)args;
    cell(&tensor, 0, 0);
    pto_arg_init(&arg);
    pto_add_input(&arg, &tensor);
    (void)pto_alloc_tensors(&arg);
    returned = true;
}

static void submit_after_done(const struct pto_chip_args *args)
{
    (void)args;
    (void)submit(0, PTO_ARG_INOUT, 0);
    pto_orchestration_done();
    (void)submit(0, PTO_ARG_INOUT, 0);
    returned = true;
}

static void large_index(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    const uint32_t one = 1;
    (void)args;
    cell(&tensor, 0, 0);
    (void)pto_get_scalar(&tensor, 1, &one);
    returned = true;
}

struct failure {
    const char *name;
    mini_orchestration *orchestration;
    uint64_t scalars[2];
    int status;
    const char *message; /* a part of it */
    bool returns;
    uint64_t window, heap, pool;
};

static const struct failure failures[] = {
    {"bad Arg", bad_arg, {0}, -5, "cannot add tensor after scalar", false, 0, 0, 0},
    {"bad tensor", bad_tensor, {0}, -5, "tensor 0", false, 0, 0, 0},
    {"unregistered kernel", bad_kernel, {7}, -5, "kernel id 7 is not registered", false, 0, 0, 0},
    {"kernel id beyond the table", bad_kernel, {1024}, -5, "1024 is not in 0..1023", false, 0, 0, 0},
    {"negative kernel id", bad_kernel, {(uint64_t)-2}, -5, "-2 is not in 0..1023", false, 0, 0, 0},
    {"no block", bad_blocks, {0, 0}, -5, "0 blocks", false, 0, 0, 0},
    {"negative blocks", bad_blocks, {0x8000, 0}, -5, "-32768 blocks", false, 0, 0, 0},
    {"too many to start together",
     bad_blocks,
     {3, 1},
     -7,
     "3 blocks are to start together, there are cores for 2",
     false,
     0,
     0,
     0},
    {"dependency on nothing", bad_dependency, {PTO_TASK_ID_INVALID}, -5, "names no task", false, 0, 0, 0},
    {"dependency on the future", bad_dependency, {5}, -5, "0x5, names no task", false, 0, 0, 0},
    {"old version", old_version, {0}, -5, "version 0, older than version 1", false, 0, 0, 0},
    {"AUTO in MANUAL", auto_in_manual, {0}, -5, "AUTO scope inside a MANUAL", false, 0, 0, 0},
    {"65 scopes", too_deep, {64}, -5, "64 scopes are open", false, 0, 0, 0},
    {"scope end without begin", unopened, {0}, -5, "no scope", false, 0, 0, 0},
    {"scope over window", wide_scope, {4}, -1, "holds 3 tasks, a window of 4 slots allows 3", false, 4, 0, 0},
    {"deep scopes over window", deep_scopes, {6}, -3, "the oldest, task 0x300000000, is complete", false, 4, 0, 0},
    {"output over heap", large_output, {1025, 1}, -2, "heap of ring 0 has 1024 bytes", false, 0, 1024, 0},
    {"outputs over heap", large_output, {1000, 1}, -2, "1 blocks alive", false, 0, 1024, 0},
    {"held producers over pool", many_producers, {69, 1}, -4, "more than 68 producers", false, 128, 0, 4},
    {"fatal", fatal, {0}, -9, "asked for 3", true, 0, 0, 0},
    {"fatal with a code", fatal, {77}, -77, "asked for 3", true, 0, 0, 0},
    {"fatal with a negative code", fatal, {(uint64_t)-42}, -42, "asked for 3", true, 0, 0, 0},
    {"allocation with input", allocation_with_input, {0}, -5, "alloc_tensors: 1 tensors", false, 0, 0, 0},
    {"submit after done", submit_after_done, {0}, -5, "said that it is done", false, 0, 0, 0},
    {"no Arg", null_pointers, {0}, -5, "the Arg is NULL", false, 0, 0, 0},
    {"no kernels", null_pointers, {1}, -5, "the kernels is NULL", false, 0, 0, 0},
    {"no tensor to read", null_pointers, {2}, -5, "the tensor is NULL", false, 0, 0, 0},
    {"no indices", null_pointers, {3}, -5, "the index list is NULL", false, 0, 0, 0},
    {"no dependency list", null_pointers, {4}, -5, "1 dependencies without a list", false, 0, 0, 0},
    {"17 tensors", null_pointers, {5}, -5, "17 tensors, allowed are 0..16", false, 0, 0, 0},
    {"negative scalars", null_pointers, {6}, -5, "-1 scalars, allowed are 0..32", false, 0, 0, 0},
    {"NULL among the tensors", null_pointers, {7}, -5, "tensor 0 of 1 is NULL", false, 0, 0, 0},
    {"no kernel at all", null_pointers, {8}, -5, "no kernel is named", false, 0, 0, 0},
    {"owned by nobody", null_pointers, {9}, -5, "owned by 0x700000000", false, 0, 0, 0},
    {"broken tensor to read", null_pointers, {10}, -5, "is no good for 1 indices", false, 0, 0, 0},
    {"unknown scope mode", null_pointers, {11}, -5, "mode 7 is not AUTO", false, 0, 0, 0},
    {"large index", large_index, {0}, -5, "index 1 of dimension 0 is not below 1", false, 0, 0, 0},
};

static void run_good(struct mini_device *device, uint32_t threads)
{
    struct mini_result result;
    struct mini_run run = {.orchestration = good, .kernels = {add_one, do_nothing}, .threads = threads};
    memset(cells, 0, sizeof(cells));
    mini_device_run(device, &run, &result);
    if (result.status != 0) {
        print_error("%s\n%s\n", result.message, result.outcome.report);
    }
    assert_int_equal(result.outcome.end, EXEC_END_OK);
    assert_int_equal(result.status, 0);
    assert_int_equal(result.report.status, 0);
    assert_int_equal(result.orch_code, 0);
    assert_int_equal(result.sched_code, 0);
    assert_string_equal(result.message, "");
    assert_int_equal(cells[0], 10);
}

static void run_failure(struct mini_device *device, const struct failure *failure, uint32_t threads)
{
    struct mini_result result;
    struct mini_run run = {.orchestration = failure->orchestration,
                           .kernels = {add_one, do_nothing},
                           .threads = threads,
                           .window = failure->window,
                           .heap = failure->heap,
                           .pool = failure->pool};
    run.scalars[0] = failure->scalars[0];
    run.scalars[1] = failure->scalars[1];
    returned = false;
    mini_device_run(device, &run, &result);
    bool as_expected = result.status == failure->status && strstr(result.message, failure->message) != NULL;
    if (!as_expected) {
        print_error("%s, %u threads: status %d '%s', expected %d '%s'\n%s\n", failure->name, threads, result.status,
                    result.message, failure->status, failure->message, result.outcome.report);
    }
    assert_true(as_expected);
    assert_int_equal(result.outcome.end, EXEC_END_OK);
    assert_int_equal(result.report.status, failure->status);
    assert_int_equal(result.orch_code, -failure->status);
    assert_int_equal(result.sched_code, 0);
    assert_int_equal(returned, failure->returns);
}

static void failures_on(enum exec_kind kind, enum exec_policy policy)
{
    /* A stall is exact on fibers; on threads it takes its time, and other work of the machine must not look like one.
     */
    const struct exec_options patient = {.kind = kind, .policy = policy, .seed = 5};
    struct exec_options options = patient;
    options.stall_limit_ns = kind == EXEC_FIBERS ? 20000000 : 250000000;
    struct mini_device *device = mini_device_create(&options);
    for (uint32_t threads = 1; threads <= 3; threads++) {
        for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
            mini_device_configure(device, &options);
            run_failure(device, &failures[i], threads);
            /* A busy machine is slow, and no reason for a stall. */
            mini_device_configure(device, &patient);
            run_good(device, 1 + (uint32_t)i % 4);
        }
    }
    mini_device_destroy(device);
}

static void on_round_robin(void **state)
{
    (void)state;
    failures_on(EXEC_FIBERS, EXEC_ROUND_ROBIN);
}

static void on_random(void **state)
{
    (void)state;
    failures_on(EXEC_FIBERS, EXEC_RANDOM);
}

static void on_threads(void **state)
{
    (void)state;
    failures_on(EXEC_THREADS, EXEC_ROUND_ROBIN);
}

/* Ordered producers are dropped when they complete: a small pool only makes the orchestrator wait. */
static void more_producers_than_pools_hold(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct mini_result result;
    struct mini_run run = {.orchestration = many_producers, .kernels = {add_one, do_nothing}, .window = 256, .pool = 4};
    for (run.threads = 1; run.threads <= 4; run.threads++) {
        memset(cells, 0, sizeof(cells));
        run.scalars[0] = 190;
        mini_device_run(device, &run, &result);
        assert_int_equal(result.status, 0);
        assert_int_equal(cells[0], 1);
        for (uint32_t i = 1; i <= 190; i++) {
            assert_int_equal(cells[i], 1);
        }
    }
    mini_device_destroy(device);
}

static void too_many_threads(struct trb_runtime *image)
{
    image->aicpu_thread_num = 5;
}

static void bad_callable_low(struct trb_runtime *image)
{
    image->callable_id = -1;
}

static void bad_callable_high(struct trb_runtime *image)
{
    image->callable_id = 64;
}

static void bad_window(struct trb_runtime *image)
{
    image->task_window_size = 6;
}

static void bad_pool(struct trb_runtime *image)
{
    image->dep_pool_size = 3;
}

static void bad_cores(struct trb_runtime *image)
{
    image->worker_count = 2;
}

static void cached_but_not_loaded(struct trb_runtime *image)
{
    image->callable_id = 9;
}

static void images_that_make_no_sense(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    const struct {
        void (*edit)(struct trb_runtime *image);
        const char *message;
    } cases[] = {
        {too_many_threads, "5 AICPU threads asked, there are 4"},
        /* D02: what a host may send that checks nothing. */
        {bad_callable_low, "callable id -1 is not in 0..63"},
        {bad_callable_high, "callable id 64 is not in 0..63"},
        {bad_window, "task window of 6"},
        {bad_pool, "dependency pool of 3"},
        {bad_cores, "blocks (or of cores) of 1"},
        {cached_but_not_loaded, "callable 9 is said to be loaded"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mini_result result;
        struct mini_run run = {.orchestration = good, .kernels = {add_one, do_nothing}, .edit = cases[i].edit};
        mini_device_run(device, &run, &result);
        if (result.outcome.end != EXEC_END_OK || strstr(result.message, cases[i].message) == NULL) {
            print_error("'%s' instead of '%s'\n%s\n", result.message, cases[i].message, result.outcome.report);
        }
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -1);
        assert_int_equal(result.report.status, -1);
        assert_int_equal(result.report.orchestration_loaded, 0);
        assert_non_null(strstr(result.message, cases[i].message));
        run_good(device, 2);
    }
    mini_device_destroy(device);
}

static void core_with_an_impossible_id(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t core = 1; core <= 6; core++) {
        struct mini_result result;
        struct mini_run run = {
            .orchestration = good, .kernels = {add_one, do_nothing}, .blocks = 2, .absent_core = core};
        mini_device_run(device, &run, &result);
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -1);
        assert_non_null(strstr(result.message, "physical id 75"));
        run_good(device, 2);
    }
    mini_device_destroy(device);
}

/* Two cores behind the same registers would take each other's commands. */
static void two_cores_with_one_id(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t core = 2; core <= 6; core++) {
        struct mini_result result;
        struct mini_run run = {.orchestration = good, .kernels = {add_one, do_nothing}, .blocks = 2, .twin_core = core};
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "core %u reports physical id %u, which", core - 1, core - 2);
        mini_device_run(device, &run, &result);
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -1);
        assert_non_null(strstr(result.message, expected));
        assert_int_equal(result.tasks + result.dispatches, 0); /* and none of an earlier run */
        run_good(device, 2);
    }
    mini_device_destroy(device);
}

static void kernel_failures_on(enum exec_kind kind)
{
    const struct {
        mini_kernel *kernel;
        enum exec_end end;
        int status;
    } cases[] = {
        {register_completion, EXEC_END_OK, -100},
        {wait_for_ever, EXEC_END_OP_TIMEOUT, 0},
        {crash, EXEC_END_USER_FAULT, 0},
    };
    struct exec_options options = {.kind = kind, .op_limit_ns = 20000000};
    struct mini_device *device = mini_device_create(&options);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (uint32_t threads = 1; threads <= 4; threads++) {
            struct mini_result result;
            struct mini_run run = {.orchestration = good, .kernels = {cases[i].kernel, do_nothing}, .threads = threads};
            mini_device_run(device, &run, &result);
            assert_int_equal(result.outcome.end, cases[i].end);
            if (cases[i].status != 0) {
                assert_int_equal(result.status, cases[i].status);
                assert_int_equal(result.sched_code, -cases[i].status);
            }
            run_good(device, threads);
        }
    }
    mini_device_destroy(device);
}

/* A dispatch that is never answered: the schedulers give up with 100, a waiting orchestrator with 8. */
static void lost_completions(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t threads = 1; threads <= 4; threads++) {
        struct mini_result result;
        struct mini_run run = {.orchestration = good, .kernels = {vanish, do_nothing}, .threads = threads, .blocks = 2};
        mini_device_run(device, &run, &result);
        if (result.outcome.end != EXEC_END_OK) {
            print_error("%u threads: %s\n%s\n", threads, result.message, result.outcome.report);
        }
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -100);
        assert_int_equal(result.sched_code, 100);
        assert_non_null(strstr(result.message, "nothing can get on"));
        run_good(device, threads);
        run.orchestration = wait_for_vanished;
        returned = false;
        mini_device_run(device, &run, &result);
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -8);
        assert_int_equal(result.orch_code, 8);
        assert_false(returned);
        run_good(device, threads);
    }
    mini_device_destroy(device);
}

static void kernel_failures(void **state)
{
    (void)state;
    kernel_failures_on(EXEC_FIBERS);
    kernel_failures_on(EXEC_THREADS);
}

static void no_memory(void **state)
{
    (void)state;
    const char *sites[] = {"aicpu.trb_memory", "aicpu.ready_queue", "aicpu.tensor_map"};
    struct mini_device *device = mini_device_create(NULL);
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        struct fault_rule rule = {.nth = 1, .error = 12};
        struct mini_result result;
        struct mini_run run = {.orchestration = good, .kernels = {add_one, do_nothing}, .window = 128};
        strcpy(rule.site, sites[i]);
        assert_int_equal(fault_plan_install(&rule, 1), 0);
        mini_device_run(device, &run, &result);
        fault_plan_clear();
        assert_int_equal(result.status, -1);
        assert_non_null(strstr(result.message, "no memory for windows of 128 tasks"));
        run_good(device, 2);
    }
    mini_device_destroy(device);
}

static void packed_output_is_published(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct fault_rule rule = {.site = "aicpu.publish_packed_output", .nth = 1, .values = {0x1000, 24}};
    struct mini_result result;
    struct mini_run run = {.orchestration = good, .kernels = {add_one, do_nothing}};
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    mini_device_run(device, &run, &result);
    fault_plan_clear();
    assert_int_equal(result.graph_output[0], 0x1000);
    assert_int_equal(result.graph_output[1], 24);
    mini_device_run(device, &run, &result);
    assert_int_equal(result.graph_output[0], 0);
    assert_int_equal(result.graph_output[1], 0);
    mini_device_destroy(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_round_robin),
        cmocka_unit_test(on_random),
        cmocka_unit_test(on_threads),
        cmocka_unit_test(more_producers_than_pools_hold),
        cmocka_unit_test(images_that_make_no_sense),
        cmocka_unit_test(core_with_an_impossible_id),
        cmocka_unit_test(two_cores_with_one_id),
        cmocka_unit_test(kernel_failures),
        cmocka_unit_test(lost_completions),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(packed_output_is_published),
    };
    return cmocka_run_group_tests(tests, mini_device_watch_user_code, mini_device_forget_user_code) != 0;
}
