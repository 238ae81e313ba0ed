/* SPDX-License-Identifier: Apache-2.0 */
/* One run: the order of its checks, staging by direction, packed output, results and failures (R5, R11-R13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "abi/error_codes.h"
#include "base/fault.h"
#include "st/fixtures/stub_device/stub_device.h"
#include "ut/host/host_fixture.h"

static void assert_error(void *ctx, const char *part)
{
    if (strstr(fixture_error(ctx), part) == NULL) {
        fail_msg("\"%s\" is not in the error \"%s\"", part, fixture_error(ctx));
    }
}

/* run_prepared with everything settable. */
struct call {
    int32_t id;
    int blocks;
    int threads;
    int diagnostics[4];
    const struct pto_chip_args *args;
    bool no_buffer;
};

static int run_call(void *ctx, const struct call *call)
{
    void *buffer = call->no_buffer ? NULL : malloc(get_runtime_size());
    struct pto_run_timing timing = {9, 9};
    int result = run_prepared(ctx, buffer, call->id, call->args, call->blocks, call->threads, call->diagnostics[0],
                              call->diagnostics[1], call->diagnostics[2], call->diagnostics[3], "somewhere", &timing);
    free(buffer);
    if (result == 0) {
        assert_true(timing.host_wall_ns > 0);
        assert_int_equal(timing.device_wall_ns, STUB_WALL_NS);
    } else {
        assert_int_equal(timing.host_wall_ns + timing.device_wall_ns, 0);
    }
    return result;
}

/* R5. */
static void test_order_of_checks(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args bad;
    fixture_args_init(&bad, 0, 0);
    bad.args.tensor_count = 129;
    assert_int_equal(prepare_callable(ctx, 1, image.bytes), 0);
    /* Everything wrong at first, then repaired from the front: each check speaks before the ones behind it. */
    struct call call = {.id = 64, .blocks = 25, .threads = 5, .diagnostics = {1}, .args = NULL, .no_buffer = true};
    assert_int_equal(run_call(ctx, &call), -1);
    assert_error(ctx, "callable_id 64");
    call.id = 2;
    assert_int_equal(run_call(ctx, &call), -1);
    assert_error(ctx, "callable_id 2 is not registered");
    call.id = 1;
    assert_int_equal(run_call(ctx, &call), -1);
    assert_error(ctx, "block_dim 25 is not in 0..24");
    call.blocks = -1;
    assert_int_equal(run_call(ctx, &call), -1);
    assert_error(ctx, "block_dim -1");
    call.blocks = 24;
    assert_int_equal(run_call(ctx, &call), -1);
    assert_error(ctx, "aicpu_thread_num 5 is not in 1..4");
    call.threads = 0;
    assert_int_equal(run_call(ctx, &call), -1);
    assert_error(ctx, "aicpu_thread_num 0");
    call.threads = 4;
    for (int i = 0; i < 4; i++) {
        memset(call.diagnostics, 0, sizeof(call.diagnostics));
        call.diagnostics[i] = i % 2 == 0 ? 1 : -1;
        assert_int_equal(run_call(ctx, &call), -1);
        assert_error(ctx, "not supported by a2a3 tensormap_and_ringbuffer sim");
    }
    memset(call.diagnostics, 0, sizeof(call.diagnostics));
    assert_int_equal(run_call(ctx, &call), -1);
    assert_error(ctx, "runtime buffer");
    call.no_buffer = false;
    assert_int_equal(run_call(ctx, &call), -1);
    assert_error(ctx, "arguments must not be null");
    call.args = &bad.args;
    assert_int_equal(run_call(ctx, &call), -1);
    assert_error(ctx, "129");
    assert_int_equal(fixture_statistics(ctx).runs, 0); /* nothing of this reached the device */
    bad.args.tensor_count = 2;
    assert_int_equal(run_call(ctx, &call), 0);
    assert_int_equal(fixture_statistics(ctx).runs, 1);
    assert_int_equal(fixture_statistics(ctx).last_tasks, STUB_TASKS);
    fixture_free(&image);
}

static void test_rejected_tensors(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    fixture_args_init(&args, 0, 0);
    struct pto_continuous_tensor good = args.args.tensors[0];
    static const struct {
        uint32_t ndims;
        uint8_t dtype;
        uint32_t shape;
    } cases[] = {{0, PTO_UINT32, 1}, {6, PTO_UINT32, 1}, {1, 11, 1}, {1, 255, 1}, {5, PTO_INT64, UINT32_MAX}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pto_continuous_tensor *tensor = &args.args.tensors[0];
        *tensor = good;
        tensor->ndims = cases[i].ndims;
        tensor->dtype = cases[i].dtype;
        for (int j = 0; j < 5; j++) {
            tensor->shapes[j] = cases[i].shape;
        }
        assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
        assert_error(ctx, "arguments:");
    }
    args.args.tensors[0] = good;
    args.args.tensors[0].data = 0;
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    assert_error(ctx, "tensor 0: its host address is NULL");
    args.args.tensors[0] = good;
    args.args.tensors[0].data = UINT64_MAX - 3;
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    assert_error(ctx, "wrap");
    args.args.tensors[0] = good;
    args.args.tensors[0].data = (uintptr_t)args.output; /* the other tensor lies below: no overlap */
    args.args.tensors[1].data = (uintptr_t)args.input;
    args.args.tensors[0].ndims = 2;
    args.args.tensors[0].shapes[0] = 1u << 31;
    args.args.tensors[0].shapes[1] = 1u << 20;
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    assert_error(ctx, "no device memory to stage");
    fixture_args_init(&args, 0, 0);
    args.args.scalar_count = -1;
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    assert_int_equal(args.output[0], 5); /* nothing was ever copied back */
    args.args.scalar_count = 3;
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(args.output[0], 1001);
    fixture_free(&image);
}

/* add_ten adds to the output: what it finds there tells whether the tensor was copied in or zeroed. */
static void test_directions(void **state)
{
    void *ctx = *state;
    static const struct {
        int32_t direction;
        int32_t sig_count;
        uint32_t expected;
    } cases[] = {
        {PTO_OUT, 2, 1010},    {PTO_INOUT, 2, 1015},
        {PTO_SCALAR, 2, 1015}, {PTO_OUT, 1, 1015}, /* beyond the signature: both ways */
        {PTO_IN, 2, 5},        {PTO_IN, -1, 1015},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct fixture_spec spec = {.kernels = {{"add_ten", 0}},
                                          .kernel_count = 1,
                                          .signature = {PTO_IN, cases[i].direction},
                                          .sig_count = cases[i].sig_count};
        struct fixture_image image = fixture_pack(&spec);
        struct fixture_args args;
        assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
        for (int run = 0; run < 2; run++) {
            fixture_args_init(&args, 0, 0);
            assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
            assert_int_equal(args.output[0], cases[i].expected);
            assert_int_equal(args.input[0], 1000);
        }
        assert_int_equal(unregister_callable(ctx, 0), 0);
        fixture_free(&image);
    }
}

static void test_child_memory_passes_through(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    const uint8_t flags[] = {1, 2, 255};
    uint32_t back[FIXTURE_COUNT];
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    uint32_t *device = device_malloc_ctx(ctx, sizeof(back));
    for (size_t i = 0; i < 3; i++) {
        struct fixture_args args;
        fixture_args_init(&args, 0, 0);
        memset(back, 0x77, sizeof(back));
        assert_int_equal(copy_to_device_ctx(ctx, device, back, sizeof(back)), 0);
        args.args.tensors[1].data = (uintptr_t)device;
        args.args.tensors[1].child_memory = flags[i];
        assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
        assert_int_equal(args.output[0], 5);
        assert_int_equal(copy_from_device_ctx(ctx, back, device, sizeof(back)), 0);
        assert_int_equal(back[2], 1003);
        assert_int_equal(args.args.tensors[1].child_memory, flags[i]); /* the caller's block is only read */
        assert_int_equal(args.args.tensors[1].data, (uintptr_t)device);
    }
    device_free_ctx(ctx, device);
    fixture_free(&image);
}

static void test_one_range_twice(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    static const struct fixture_spec spec = {.signature = {PTO_IN, PTO_OUT, PTO_IN}, .sig_count = 3};
    struct fixture_image three = fixture_pack(&spec);
    struct fixture_args args;
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    fixture_args_init(&args, 0, 0);
    args.args.tensors[1].data = args.args.tensors[0].data;
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    assert_error(ctx, "overlap");
    args.args.tensors[1].data = args.args.tensors[0].data + FIXTURE_COUNT * 4 - 1; /* one byte */
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    assert_error(ctx, "tensor 1 (output, 64 bytes");
    /* Neighbours, and the same range for two inputs, are fine. */
    fixture_args_init(&args, 0, 0);
    args.args.tensors[1].data = args.args.tensors[0].data + FIXTURE_COUNT * 4;
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(prepare_callable(ctx, 1, three.bytes), 0);
    pto_chip_args_clear(&args.args);
    fixture_add_u32(&args.args, args.input, FIXTURE_COUNT, 0);
    fixture_add_u32(&args.args, args.output, 0, 0);
    fixture_add_u32(&args.args, args.input, FIXTURE_COUNT, 0);
    assert_int_equal(fixture_run(ctx, 1, &args.args), 0);
    /* No bytes, no overlap. */
    args.args.tensors[1].data = args.args.tensors[0].data;
    assert_int_equal(fixture_run(ctx, 1, &args.args), 0);
    fixture_free(&image);
    fixture_free(&three);
}

static void test_staging_is_retained_and_released(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(prepare_callable(ctx, 1, image.bytes), 0);
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    struct pto_statistics first = fixture_statistics(ctx);
    assert_true(first.device_bytes_by_kind[PTO_MEMORY_STAGING] >= 2 * sizeof(args.input));
    for (int i = 0; i < 50; i++) {
        assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    }
    struct pto_statistics later = fixture_statistics(ctx);
    assert_int_equal(later.device_allocations, first.device_allocations); /* R34 */
    assert_int_equal(later.device_bytes, first.device_bytes);
    uint32_t *large = calloc(100000, sizeof(uint32_t));
    pto_chip_args_clear(&args.args);
    fixture_add_u32(&args.args, args.input, FIXTURE_COUNT, 0);
    fixture_add_u32(&args.args, large, 100000, 0);
    (void)pto_chip_args_add_scalar(&args.args, FIXTURE_COUNT);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(large[5], 1006);
    assert_true(fixture_statistics(ctx).device_bytes_by_kind[PTO_MEMORY_STAGING] >= 400000);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_true(fixture_statistics(ctx).device_bytes_by_kind[PTO_MEMORY_STAGING] >= 400000);
    assert_int_equal(unregister_callable(ctx, 1), 0);
    assert_int_equal(fixture_statistics(ctx).device_bytes_by_kind[PTO_MEMORY_STAGING], 0);
    free(large);
    fixture_free(&image);
}

/* The packed output of a run of add_one over three tensors with the given directions; `child` is the index in child
 * memory or -1. */
struct packed_case {
    int32_t directions[3];
    int child;
    int redirected; /* the tensor that must get it, -1: none */
};

static void check_packed(void *ctx, const struct packed_case *packed, uint64_t packed_bytes)
{
    struct fixture_spec spec = {.sig_count = 3};
    memcpy(spec.signature, packed->directions, sizeof(packed->directions));
    struct fixture_image image = fixture_pack(&spec);
    uint32_t host[3][4];
    uint32_t source[8];
    struct pto_chip_args args = {0};
    memset(host, 0x11, sizeof(host));
    memset(source, 0x99, sizeof(source));
    uint32_t *device = device_malloc_ctx(ctx, sizeof(source));
    uint32_t *child = device_malloc_ctx(ctx, sizeof(host[0]));
    assert_int_equal(copy_to_device_ctx(ctx, device, source, sizeof(source)), 0);
    assert_int_equal(copy_to_device_ctx(ctx, child, host[0], sizeof(host[0])), 0);
    for (int i = 0; i < 3; i++) {
        fixture_add_u32(&args, i == packed->child ? child : host[i], 4, i == packed->child);
    }
    struct fault_rule rule = {
        .site = "aicpu.publish_packed_output", .nth = 1, .values = {(uintptr_t)device, packed_bytes}};
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    rule.error = 1;
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(fixture_run(ctx, 0, &args), 0);
    fault_plan_clear();
    for (int i = 0; i < 3; i++) {
        bool zeroed = packed->directions[i] == PTO_OUT && i != packed->child;
        for (uint64_t j = 0; j < 4; j++) {
            uint32_t own = zeroed && i != packed->redirected ? 0 : 0x11111111;
            bool covered = i == packed->redirected && j * 4 < packed_bytes;
            assert_int_equal(host[i][j], covered ? 0x99999999 : own);
        }
    }
    device_free_ctx(ctx, device);
    device_free_ctx(ctx, child);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    fixture_free(&image);
}

static void test_packed_output(void **state)
{
    static const struct packed_case cases[] = {
        {{PTO_IN, PTO_OUT, PTO_OUT}, -1, 1},   {{PTO_OUT, PTO_INOUT, PTO_IN}, -1, 0},
        {{PTO_IN, PTO_INOUT, PTO_OUT}, -1, 1}, {{PTO_IN, PTO_OUT, PTO_OUT}, 0, 1},
        {{PTO_IN, PTO_OUT, PTO_OUT}, 1, -1},   {{PTO_IN, PTO_IN, PTO_IN}, -1, -1},
        {{PTO_OUT, PTO_OUT, PTO_OUT}, 0, -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_packed(*state, &cases[i], 16); /* exactly the tensor */
        check_packed(*state, &cases[i], 8);  /* less: the rest of the tensor is left alone */
        check_packed(*state, &cases[i], 32); /* more: never beyond the tensor */
    }
}

static void test_packed_output_outside_the_device(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    uint32_t stranger[FIXTURE_COUNT];
    fixture_args_init(&args, 0, 0);
    struct fault_rule rule = {
        .site = "aicpu.publish_packed_output", .nth = 1, .error = 1, .values = {(uintptr_t)stranger, sizeof(stranger)}};
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    fault_plan_clear();
    assert_error(ctx, "is not device memory of this context");
    assert_int_equal(args.output[0], 5);
    /* And the fields are gone in the next run. */
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(args.output[0], 1001);
    fixture_free(&image);
}

static void test_results_of_the_device(void **state)
{
    void *ctx = *state;
    static const struct {
        enum stub_command command;
        int32_t value;
        int expected;
        const char *text;
    } cases[] = {
        {STUB_LATCH_ORCHESTRATOR, PTO_ERR_INVALID_ARGS, -5, "INVALID_ARGS"},
        {STUB_LATCH_ORCHESTRATOR, -9, -9, "EXPLICIT_ORCH_FATAL"},
        {STUB_LATCH_SCHEDULER, PTO_ERR_SCHEDULER_TIMEOUT, -100, "SCHEDULER_TIMEOUT"},
        {STUB_REPORT_STATUS, -3, -3, "FLOW_CONTROL_DEADLOCK"},
        {STUB_RETURN, -7, -7, "AICPU thread 0 returned -7"},
        {STUB_WAIT_FOR_EVER, 0, -100, "deadlock"},
    };
    struct fixture_image image = fixture_pack_kernel("add_one");
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture_args args;
        fixture_args_init(&args, (uint64_t)cases[i].command, cases[i].value);
        assert_int_equal(fixture_run(ctx, 0, &args.args), cases[i].expected);
        assert_error(ctx, cases[i].text);
        assert_int_equal(args.output[0], 5); /* D29 */
        assert_int_equal(fixture_statistics(ctx).failed_runs, i + 1);
        /* D30, R13: the next run starts clean, also one that is rejected before it reaches the device. */
        const struct call rejected = {.id = 0, .blocks = 25, .threads = 1, .args = &args.args};
        assert_int_equal(run_call(ctx, &rejected), -1);
        assert_int_equal(args.output[0], 5);
        fixture_args_init(&args, STUB_CHECK_REPORT, 0);
        assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
        assert_int_equal(args.output[0], 1001);
        assert_string_equal(fixture_error(ctx), "");
    }
    fixture_free(&image);
}

static void test_faulting_kernel(void **state)
{
    void *ctx = *state;
    struct fixture_image fault = fixture_pack_kernel("fault");
    struct fixture_image one = fixture_pack_kernel("add_one");
    struct fixture_args args;
    assert_int_equal(prepare_callable(ctx, 0, fault.bytes), 0);
    assert_int_equal(prepare_callable(ctx, 1, one.bytes), 0);
    for (int i = 0; i < 3; i++) {
        fixture_args_init(&args, 0, 0);
        assert_int_equal(fixture_run(ctx, 0, &args.args), -100);
        assert_error(ctx, "user code faulted");
        assert_error(ctx, "aicpu 0");
        assert_int_equal(args.output[0], 5);
        assert_int_equal(fixture_run(ctx, 1, &args.args), 0);
        assert_int_equal(args.output[0], 1001);
    }
    fixture_free(&fault);
    fixture_free(&one);
}

static void test_entry_names(void **state)
{
    void *ctx = *state;
    static const struct fixture_spec named = {
        .entry_name = "another_entry", .kernels = {{"add_one", 0}}, .kernel_count = 1};
    static const struct fixture_spec missing = {.entry_name = "nobody", .kernels = {{"add_one", 0}}, .kernel_count = 1};
    struct fixture_image good = fixture_pack(&named);
    struct fixture_image bad = fixture_pack(&missing);
    struct fixture_args args;
    fixture_args_init(&args, 0, 0);
    assert_int_equal(prepare_callable(ctx, 0, good.bytes), 0);
    assert_int_equal(prepare_callable(ctx, 1, bad.bytes), 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(fixture_run(ctx, 1, &args.args), -1);
    assert_error(ctx, "no entry symbol nobody"); /* the AICPU's own text */
    fixture_free(&good);
    fixture_free(&bad);
}

/* The caller's buffer is 16-aligned at most, may be another one each time, and nothing behind it is touched. */
static void test_runtime_buffer(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    size_t size = get_runtime_size();
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    for (size_t shift = 0; shift < 64; shift += 16) {
        uint8_t *raw = aligned_alloc(64, (size + 2 * 64 + 63) / 64 * 64);
        memset(raw, 0xc3, size + 2 * 64);
        fixture_args_init(&args, 0, 0);
        assert_int_equal(run_prepared(ctx, raw + shift, 0, &args.args, 1, 1, 0, 0, 0, 0, NULL, NULL), 0);
        assert_int_equal(args.output[0], 1001);
        for (size_t i = 0; i < shift; i++) {
            assert_int_equal(raw[i], 0xc3);
        }
        assert_int_equal(raw[shift + size], 0xc3);
        free(raw);
    }
    fixture_free(&image);
}

/* Every fallible call of a first run: a clear error, nothing copied back, and the next run works (R13, R8). */
static void test_run_faults(void **state)
{
    (void)state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fault_site_count sites[64];
    struct fixture_args args;
    size_t count = 0;
    for (size_t i = 0; i <= count; i++) {
        uint64_t calls = i == 0 ? 1 : sites[i - 1].calls;
        for (uint64_t nth = 1; nth <= calls; nth++) {
            void *ctx = create_device_context();
            assert_int_equal(fixture_init(ctx, 0), 0);
            assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
            fixture_args_init(&args, 0, 0);
            if (i == 0) { /* learn which sites a run has */
                assert_int_equal(fault_plan_install(NULL, 0), 0);
                assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
                count = fault_sites(sites, 64);
                assert_in_range(count, 8, 64);
            } else if (strcmp(sites[i - 1].site, "aicpu.publish_packed_output") != 0) {
                fixture_fail(sites[i - 1].site, nth);
                int result = fixture_run(ctx, 0, &args.args);
                fault_plan_clear();
                assert_int_not_equal(result, 0);
                assert_true(fixture_error(ctx)[0] != '\0');
                assert_int_equal(args.output[0], 5);
                assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
                assert_int_equal(args.output[0], 1001);
            }
            fault_plan_clear();
            destroy_device_context(ctx);
        }
    }
    fixture_free(&image);
}

/* Two tensors that fit into the address space one by one, and not into 64 bits together (R4). */
static void test_tensors_beyond_64_bits(void **state)
{
    static const uint32_t shape[] = {1u << 31, 1u << 31, 3};
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct pto_chip_args args;
    struct pto_continuous_tensor tensor;
    assert_int_equal(prepare_callable(*state, 0, image.bytes), 0);
    memset(&args, 0, sizeof(args));
    pto_continuous_tensor_make(&tensor, 64, shape, 3, PTO_INT8, 0);
    assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), 0);
    assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), 0);
    assert_int_equal(fixture_run(*state, 0, &args), -1);
    assert_non_null(strstr(fixture_error(*state), "tensor 1: 13835058055282163712 bytes more than 64 bits can count"));
    assert_int_equal(unregister_callable(*state, 0), 0);
    fixture_free(&image);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_order_of_checks),
        CASE(test_rejected_tensors),
        CASE(test_tensors_beyond_64_bits),
        CASE(test_directions),
        CASE(test_child_memory_passes_through),
        CASE(test_one_range_twice),
        CASE(test_staging_is_retained_and_released),
        CASE(test_packed_output),
        CASE(test_packed_output_outside_the_device),
        CASE(test_results_of_the_device),
        CASE(test_faulting_kernel),
        CASE(test_entry_names),
        CASE(test_runtime_buffer),
        CASE(test_run_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
