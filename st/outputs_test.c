/* SPDX-License-Identifier: Apache-2.0 */
/* What travels to the device and back: directions, child memory, empty tensors, the packed output (R4, R11, R12; D11,
 * D29). */
#include <string.h>

#include "st/runtime_fixture.h"

#define BYTES (FIXTURE_ELEMENTS * sizeof(int32_t))
#define PUBLISH "aicpu.publish_packed_output"

#define SIGNED(label, first, second)                                                                                   \
    {                                                                                                                  \
        .name = (label), .orchestration = "orchestration_one_task", .children = {{"kernel_add", 0}}, .child_count = 1, \
        .signature = {(first), (second)}, .signature_count = 2                                                         \
    }
static const struct callable_spec spec_in_inout = SIGNED("in, inout", PTO_IN, PTO_INOUT);
static const struct callable_spec spec_out_out = SIGNED("out, out", PTO_OUT, PTO_OUT);
static const struct callable_spec spec_in_in = SIGNED("in, in", PTO_IN, PTO_IN);
static const struct callable_spec spec_unsigned = {.name = "no signature",
                                                   .orchestration = "orchestration_one_task",
                                                   .children = {{"kernel_add", 0}},
                                                   .child_count = 1};
static const struct callable_spec spec_nothing = {.name = "in, out, no tasks",
                                                  .orchestration = "orchestration_no_tasks",
                                                  .signature = {PTO_IN, PTO_OUT, PTO_INOUT},
                                                  .signature_count = 3};

static void play(const struct runtime_fixture *fixture, struct fixture_run *run)
{
    int result = fixture_play(fixture, fixture->context, 0, run);
    if (result != 0) {
        fail_msg("run_prepared returned %d: %s", result, fixture->client.debug->last_error(fixture->context));
    }
}

/* R11: OUT is zeroed on the way in and comes out; IN does not come back; INOUT goes both ways. */
static void test_directions(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct fixture_run run;
    int32_t third[FIXTURE_ELEMENTS];
    const uint32_t count = FIXTURE_ELEMENTS;
    struct pto_continuous_tensor tensor;
    fixture_prepare_spec(fixture, 0, &spec_nothing);
    fixture_run_make(&run, 1);
    for (uint32_t i = 0; i < count; i++) {
        third[i] = (int32_t)(100 + i);
    }
    run.args.scalar_count = 0;
    pto_continuous_tensor_make(&tensor, (uintptr_t)third, &count, 1, PTO_INT32, 0);
    assert_int_equal(pto_chip_args_add_tensor(&run.args, &tensor), 0);
    play(fixture, &run);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(run.in[i], 7 * i);
        assert_int_equal(run.out[i], 0);
        assert_int_equal(third[i], 100 + i);
    }
}

/* R11: without a signature every tensor goes in and comes out. */
static void test_no_signature_means_both_ways(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct fixture_run run;
    fixture_prepare_spec(fixture, 0, &spec_unsigned);
    fixture_run_make(&run, 3);
    play(fixture, &run);
    assert_int_equal(run.out[5], run.in[5] + 3);
    assert_int_equal(run.in[5], 35);
}

/* R11: what the signature calls IN is not copied back, whatever the kernel did to it on the device. */
static void test_in_never_comes_back(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct fixture_run run;
    fixture_prepare_spec(fixture, 0, &spec_in_in);
    fixture_run_make(&run, 3);
    play(fixture, &run);
    assert_true(fixture_run_untouched(&run));
}

/* R11: a pure output reads as zero on the device, not as what the host or an earlier run had there. */
static void test_out_is_zeroed_on_the_device(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 0, &spec_out_out);
    for (int i = 0; i < 2; i++) {
        struct fixture_run run;
        fixture_run_make(&run, 3);
        play(fixture, &run);
        assert_int_equal(run.in[5], 0);
        assert_int_equal(run.out[5], 3);
    }
}

/* Rows 24, 25 of host.md 7; D03, R4, R11: child memory is not copied, not freed, and any non-zero flag means it. */
static void test_child_memory_is_untouched(void **state)
{
    static const uint8_t flags[] = {1, 2, 255};
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    uint8_t *device = api->device_malloc_ctx(fixture->context, 2 * BYTES);
    assert_non_null(device);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    for (size_t i = 0; i < sizeof(flags); i++) {
        struct fixture_run run;
        fixture_run_make(&run, 3);
        assert_int_equal(api->copy_to_device_ctx(fixture->context, device, run.in, BYTES), 0);
        assert_int_equal(api->copy_to_device_ctx(fixture->context, device + BYTES, run.out, BYTES), 0);
        run.args.tensors[0].data = (uintptr_t)device;
        run.args.tensors[0].child_memory = flags[i];
        run.args.tensors[1].data = (uintptr_t)device + BYTES;
        run.args.tensors[1].child_memory = flags[i];
        play(fixture, &run);
        assert_true(fixture_run_untouched(&run)); /* the host arrays took no part */
        assert_int_equal(api->copy_from_device_ctx(fixture->context, run.out, device + BYTES, BYTES), 0);
        assert_int_equal(run.out[5], run.in[5] + 3);
    }
    assert_int_equal(fixture_statistics(fixture, fixture->context).device_bytes_by_kind[PTO_MEMORY_CLIENT], 2 * BYTES);
    api->device_free_ctx(fixture->context, device);
}

/* R4: a tensor with a zero dimension is empty for the host; who makes a device tensor of it gets code 5. */
static void test_empty_tensors(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct fixture_run run;
    fixture_prepare_spec(fixture, 0, &spec_nothing);
    expect_prepare(fixture, 1, CALLABLE_ADD);
    fixture_run_make(&run, 3);
    run.args.tensors[0].shapes[0] = 0;
    run.args.tensors[1].shapes[0] = 0;
    play(fixture, &run);
    assert_int_equal(fixture_play(fixture, fixture->context, 1, &run), -5);
    assert_true(fixture_run_untouched(&run));
    expect_golden(fixture, 1, CALLABLE_ADD);
}

/* The next run publishes `bytes` bytes at `address` as its packed graph output. */
static void publish(const struct runtime_fixture *fixture, const void *address, uint64_t bytes)
{
    struct pto_fault_rule rule = {.site = PUBLISH, .nth = 1, .sticky = 1, .values = {(uintptr_t)address, bytes}};
    assert_int_equal(fixture->client.debug->install_faults(&rule, 1), 0);
}

/* 2 * BYTES of device memory filled with 0x11111111, 0x11111112, ... */
static uint8_t *make_packed(const struct runtime_fixture *fixture)
{
    int32_t content[2 * FIXTURE_ELEMENTS];
    uint8_t *device = fixture->client.api.device_malloc_ctx(fixture->context, sizeof(content));
    assert_non_null(device);
    for (uint32_t i = 0; i < 2 * FIXTURE_ELEMENTS; i++) {
        content[i] = (int32_t)(0x11111111 + i);
    }
    assert_int_equal(fixture->client.api.copy_to_device_ctx(fixture->context, device, content, sizeof(content)), 0);
    return device;
}

/* R12, D11: it belongs to the first OUT or INOUT tensor, here the second one, and never to an input. */
static void test_packed_output_skips_inputs(void **state)
{
    static const struct callable_spec *const specs[] = {&spec_in_inout, NULL};
    const struct runtime_fixture *fixture = *state;
    uint8_t *packed = make_packed(fixture);
    struct fixture_run run;
    for (size_t i = 0; specs[i] != NULL; i++) {
        fixture_prepare_spec(fixture, 0, specs[i]);
        publish(fixture, packed, BYTES);
        fixture_run_make(&run, 3);
        play(fixture, &run);
        assert_int_equal(run.in[5], 35);
        for (uint32_t element = 0; element < FIXTURE_ELEMENTS; element++) {
            assert_int_equal(run.out[element], 0x11111111 + element);
        }
        expect_unregister(fixture, 0);
    }
    fixture->client.api.device_free_ctx(fixture->context, packed);
}

/* R12: never more than the tensor's bytes, and no more than was published. */
static void test_packed_output_is_bounded(void **state)
{
    const struct runtime_fixture *fixture = *state;
    uint8_t *packed = make_packed(fixture);
    struct {
        struct fixture_run run;
        int32_t behind[FIXTURE_ELEMENTS];
    } guarded;
    memset(&guarded, 0x77, sizeof(guarded));
    fixture_prepare_spec(fixture, 0, &spec_in_inout);
    publish(fixture, packed, 2 * BYTES);
    fixture_run_make(&guarded.run, 3);
    guarded.run.args.tensors[1].shapes[0] = 4;
    guarded.run.args.tensors[0].shapes[0] = 4;
    play(fixture, &guarded.run);
    assert_int_equal(guarded.run.out[3], 0x11111111 + 3);
    assert_int_equal(guarded.run.out[4], FIXTURE_UNTOUCHED);
    assert_int_equal(guarded.behind[0], 0x77777777);
    publish(fixture, packed, 8);
    fixture_run_make(&guarded.run, 3);
    play(fixture, &guarded.run);
    assert_int_equal(guarded.run.out[1], 0x11111111 + 1);
    assert_int_equal(guarded.run.out[2], FIXTURE_UNTOUCHED); /* two elements were published, two are copied */
    fixture->client.api.device_free_ctx(fixture->context, packed);
}

/* R12, D11, row 29 of host.md 7: when its owner is child memory, nothing is redirected to anybody. */
static void test_packed_output_of_child_memory(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    uint8_t *packed = make_packed(fixture);
    uint8_t *device = api->device_malloc_ctx(fixture->context, BYTES);
    struct fixture_run run;
    int32_t content[FIXTURE_ELEMENTS];
    assert_non_null(device);
    fixture_run_make(&run, 3);
    assert_int_equal(api->copy_to_device_ctx(fixture->context, device, run.in, BYTES), 0);
    fixture_prepare_spec(fixture, 0, &(struct callable_spec)SIGNED("inout, out", PTO_INOUT, PTO_OUT));
    run.args.tensors[0].data = (uintptr_t)device;
    run.args.tensors[0].child_memory = 1;
    publish(fixture, packed, BYTES);
    play(fixture, &run);
    assert_int_equal(api->copy_from_device_ctx(fixture->context, content, device, BYTES), 0);
    assert_int_equal(content[5], 35);
    assert_int_equal(run.out[5], 35 + 3); /* the second output has its own bytes */
    api->device_free_ctx(fixture->context, device);
    api->device_free_ctx(fixture->context, packed);
}

/* R12, D30: what one run published, the next does not see. */
static void test_packed_output_is_forgotten(void **state)
{
    const struct runtime_fixture *fixture = *state;
    uint8_t *packed = make_packed(fixture);
    struct fixture_run run;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    publish(fixture, packed, BYTES);
    fixture_run_make(&run, 3);
    play(fixture, &run);
    assert_int_equal(run.out[0], 0x11111111);
    fixture->client.debug->clear_faults();
    fixture_run_make(&run, 3);
    run.args.tensors[0].ndims = 0;
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
    assert_int_equal(run.out[0], FIXTURE_UNTOUCHED);
    expect_golden(fixture, 0, CALLABLE_ADD);
    fixture->client.api.device_free_ctx(fixture->context, packed);
}

/* R12: an address that is not memory of this context is an error, and nothing is copied. */
static void test_packed_output_elsewhere(void **state)
{
    const struct runtime_fixture *fixture = *state;
    static int32_t elsewhere[FIXTURE_ELEMENTS];
    struct fixture_run run;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    publish(fixture, elsewhere, BYTES);
    fixture_run_make(&run, 3);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
    expect_error_text(fixture, "packed output");
    assert_true(fixture_run_untouched(&run));
    fixture->client.debug->clear_faults();
    expect_golden(fixture, 0, CALLABLE_ADD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_directions),
        FIXTURE_TEST(test_no_signature_means_both_ways),
        FIXTURE_TEST(test_in_never_comes_back),
        FIXTURE_TEST(test_out_is_zeroed_on_the_device),
        FIXTURE_TEST(test_child_memory_is_untouched),
        FIXTURE_TEST(test_empty_tensors),
        FIXTURE_TEST(test_packed_output_skips_inputs),
        FIXTURE_TEST(test_packed_output_is_bounded),
        FIXTURE_TEST(test_packed_output_of_child_memory),
        FIXTURE_TEST(test_packed_output_is_forgotten),
        FIXTURE_TEST(test_packed_output_elsewhere),
    };
    return FIXTURE_RUN("outputs", "*/trb/*", FIXTURE_EVERY, tests);
}
