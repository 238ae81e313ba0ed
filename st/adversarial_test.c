/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a client can get wrong at the C ABI, by the rows of host.md 7 that apply to trb on sim, judged by the
 * rulings (R1, R4, R5, R8; D01, D02, D16, D29).
 */
#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "st/runtime_fixture.h"

/* An image with some bytes of its header or storage replaced must be refused, and nothing may change. */
static void expect_image_refused(const struct runtime_fixture *fixture, size_t offset, const void *bytes, size_t size)
{
    const struct callable_image *image = &fixture->images[CALLABLE_TWO_STEPS];
    struct pto_statistics before = fixture_statistics(fixture, fixture->context);
    uint8_t *copy = malloc(image->size);
    assert_non_null(copy);
    memcpy(copy, image->bytes, image->size);
    memcpy(copy + offset, bytes, size);
    int result = fixture->client.api.prepare_callable(fixture->context, 0, copy);
    const char *text = fixture->client.debug->last_error(fixture->context);
    free(copy);
    if (result != -1 || strpbrk(text, "0123456789") == NULL) {
        fail_msg("image with %zu bytes replaced at %zu: result %d, text '%s'", size, offset, result, text);
    }
    struct pto_statistics after = fixture_statistics(fixture, fixture->context);
    expect_same_state(&after, &before);
    assert_int_equal(after.device_allocations, before.device_allocations); /* R4: judged before anything is allocated */
}

static void expect_field_refused(const struct runtime_fixture *fixture, size_t offset, int32_t value)
{
    expect_image_refused(fixture, offset, &value, sizeof(value));
}

#define CHIP_FIELD(name) offsetof(struct pto_chip_callable, name)

/* Rows 4, 11, 47, 48, 49. */
static void test_hostile_images(void **state)
{
    const struct runtime_fixture *fixture = *state;
    char name[PTO_CALLABLE_NAME_MAX];
    memset(name, 'x', sizeof(name));
    expect_field_refused(fixture, CHIP_FIELD(child_func_ids), -1);
    expect_field_refused(fixture, CHIP_FIELD(child_func_ids), 1024);
    expect_field_refused(fixture, CHIP_FIELD(child_func_ids), 1023); /* the second child has it */
    expect_field_refused(fixture, CHIP_FIELD(child_count), -1);
    expect_field_refused(fixture, CHIP_FIELD(child_count), 1025);
    expect_field_refused(fixture, CHIP_FIELD(child_offsets), 1);
    expect_field_refused(fixture, CHIP_FIELD(child_offsets), 0);          /* inside the orchestration */
    expect_field_refused(fixture, CHIP_FIELD(child_offsets), -64);        /* near 4 GiB */
    expect_field_refused(fixture, CHIP_FIELD(child_offsets), 0x10000000); /* past the cap of 256 MiB */
    expect_field_refused(fixture, CHIP_FIELD(sig_count), -1);
    expect_field_refused(fixture, CHIP_FIELD(sig_count), 129);
    expect_field_refused(fixture, CHIP_FIELD(signature), 4);
    expect_field_refused(fixture, CHIP_FIELD(binary_size), -1);
    expect_field_refused(fixture, CHIP_FIELD(func_name_len), 64);
    expect_image_refused(fixture, CHIP_FIELD(func_name), name, sizeof(name));
    expect_image_refused(fixture, CHIP_FIELD(config_name), name, sizeof(name));
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS); /* the id is still free */
}

/* Row 5: kernel bytes that are no shared object. Row 6: an orchestration without bytes. R8: nothing stays of either. */
static void test_images_that_cannot_be_loaded(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_only(fixture, "*/*/sim", "the chip loads kernels when it first runs them (R35)");
    const struct callable_image *image = &fixture->images[CALLABLE_TWO_STEPS];
    struct pto_statistics before = fixture_statistics(fixture, fixture->context);
    uint8_t *copy = malloc(image->size);
    uint32_t offset = 0;
    assert_non_null(copy);
    memcpy(copy, image->bytes, image->size);
    memcpy(&offset, copy + CHIP_FIELD(child_offsets) + sizeof(offset), sizeof(offset)); /* of the second child */
    memset(copy + PTO_CHIP_CALLABLE_STORAGE_OFFSET + offset + PTO_CORE_CALLABLE_BINARY_OFFSET, 'z', 64);
    assert_int_equal(fixture->client.api.prepare_callable(fixture->context, 0, copy), -1);
    expect_error_text(fixture, "func_id 1023");
    free(copy);
    static struct pto_chip_callable empty;
    assert_int_equal(fixture->client.api.prepare_callable(fixture->context, 0, &empty), -1);
    expect_error_text(fixture, "0 bytes");
    struct pto_statistics after = fixture_statistics(fixture, fixture->context);
    expect_same_state(&after, &before);
}

/* Row 9: an orchestration that is no shared object is found out at the run, every time, and harms nobody (R9). */
static void test_orchestration_that_is_no_elf(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_only(fixture, "*/trb/*", "the host opens it, and refuses it at prepare");
    const struct callable_image *image = &fixture->images[CALLABLE_NO_TASKS];
    uint8_t *copy = malloc(image->size);
    assert_non_null(copy);
    memcpy(copy, image->bytes, image->size);
    memset(copy + PTO_CHIP_CALLABLE_STORAGE_OFFSET, 'z', 64);
    assert_int_equal(fixture->client.api.prepare_callable(fixture->context, 0, copy), 0);
    free(copy);
    expect_prepare(fixture, 1, CALLABLE_ADD);
    for (int i = 0; i < 2; i++) {
        expect_failure(fixture, 0, 1, -1);
        expect_golden(fixture, 1, CALLABLE_ADD);
    }
    assert_int_equal(fixture_statistics(fixture, fixture->context).aicpu_dlopens,
                     1); /* R9: only what was loaded counts */
}

/* Row 46, R6: other bytes under the same build id are another content. */
static void test_equal_build_id_other_bytes(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct callable_image *image = &fixture->images[CALLABLE_ADD];
    uint8_t *copy = malloc(image->size);
    assert_non_null(copy);
    memcpy(copy, image->bytes, image->size);
    copy[PTO_CHIP_CALLABLE_STORAGE_OFFSET + 48]++; /* e_flags, which nobody looks at on x86-64 */
    expect_prepare(fixture, 0, CALLABLE_ADD);
    assert_int_equal(fixture->client.api.prepare_callable(fixture->context, 1, copy), 0);
    free(copy);
    assert_int_equal(fixture_statistics(fixture, fixture->context).chip_buffers, 2);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 1, CALLABLE_ADD);
}

/* Rows 1, 12, 17; R5, D01, D02: every id outside 0..63 is refused by every call, whatever is registered. */
static void test_ids_out_of_range(void **state)
{
    static const int32_t ids[] = {-1, 64, 65, 1000, 1024, INT32_MIN, INT32_MAX, INT32_MIN + 1, 0x40000000};
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    for (int32_t id = 0; id < 64; id++) {
        expect_prepare(fixture, id, CALLABLE_ADD);
    }
    struct pto_statistics before = fixture_statistics(fixture, fixture->context);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct fixture_run run;
        fixture_run_make(&run, 1);
        assert_int_equal(api->prepare_callable(fixture->context, ids[i], fixture->images[CALLABLE_ADD].bytes), -1);
        expect_error_text(fixture, "callable_id");
        assert_int_equal(fixture_play(fixture, fixture->context, ids[i], &run), -1);
        assert_true(fixture_run_untouched(&run));
        assert_int_equal(api->unregister_callable(fixture->context, ids[i]), -1);
    }
    struct pto_statistics after = fixture_statistics(fixture, fixture->context);
    expect_same_state(&after, &before);
    assert_int_equal(after.runs, 0);
}

/* Rows 12, 17: what is not registered cannot run, and unregistering it is no error. */
static void test_unregistered_ids(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct fixture_run run;
    struct pto_run_timing timing = {1, 1};
    fixture_run_make(&run, 1);
    int result = fixture->client.api.run_prepared(fixture->context, fixture->client.runtime_buffer, 5, &run.args, 1, 3,
                                                  0, 0, 0, 0, "", &timing);
    assert_int_equal(result, -1);
    assert_true(timing.host_wall_ns == 0 && timing.device_wall_ns == 0);
    assert_true(fixture_run_untouched(&run));
    expect_unregister(fixture, 5);
    expect_prepare(fixture, 5, CALLABLE_ADD);
    expect_unregister(fixture, 5);
    expect_unregister(fixture, 5);
    expect_failure(fixture, 5, 1, -1);
}

/* Rows 3, 13, 34, 53 and R5's first check: no call trips over a NULL. */
static void test_null_arguments(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    uint8_t bytes[8] = {0};
    struct fixture_run run;
    fixture_run_make(&run, 1);
    assert_int_equal(api->prepare_callable(NULL, 0, fixture->images[CALLABLE_ADD].bytes), -1);
    assert_int_equal(api->prepare_callable(fixture->context, 0, NULL), -1);
    assert_int_equal(fixture_play(fixture, NULL, 0, &run), -1);
    assert_int_equal(api->unregister_callable(NULL, 0), -1);
    assert_int_equal(api->finalize_device(NULL), -1);
    assert_int_equal(api->simpler_init(NULL, 0, NULL, 0, NULL, 0, NULL, 0), -1);
    assert_int_equal(api->get_aicpu_dlopen_count(NULL), 0);
    assert_int_equal(api->get_host_dlopen_count(NULL), 0);
    assert_null(api->device_malloc_ctx(NULL, 8));
    api->device_free_ctx(NULL, bytes);
    api->device_free_ctx(fixture->context, NULL);
    api->destroy_device_context(NULL);
    void *device = api->device_malloc_ctx(fixture->context, sizeof(bytes));
    assert_non_null(device);
    assert_int_equal(api->copy_to_device_ctx(fixture->context, NULL, bytes, 0), -1);
    assert_int_equal(api->copy_to_device_ctx(fixture->context, device, NULL, 8), -1);
    assert_int_equal(api->copy_from_device_ctx(fixture->context, NULL, device, 8), -1);
    assert_int_equal(api->copy_from_device_ctx(NULL, bytes, device, 8), -1);
    api->device_free_ctx(fixture->context, device);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    assert_int_equal(api->run_prepared(fixture->context, NULL, 0, &run.args, 1, 3, 0, 0, 0, 0, "", NULL), -1);
    assert_int_equal(
        api->run_prepared(fixture->context, fixture->client.runtime_buffer, 0, NULL, 1, 3, 0, 0, 0, 0, "", NULL), -1);
    assert_true(fixture_run_untouched(&run));
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* Row 14, D29: a rejected configuration copies nothing back, not even what the good run before it left on the device.
 */
static void test_bad_configuration(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const int blocks = (int)fixture->arch->max_blocks;
    const int threads = (int)fixture->arch->max_aicpu_threads;
    const int bad[][2] = {{-1, 3}, {blocks + 1, 3},  {INT32_MAX, 3}, {INT32_MIN, 3},
                          {1, 0},  {1, threads + 1}, {1, -1},        {1, INT32_MAX}};
    expect_prepare(fixture, 0, CALLABLE_ADD);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fixture_run run;
        expect_golden(fixture, 0, CALLABLE_ADD);
        fixture_run_make(&run, 1);
        assert_int_equal(runtime_client_run(&fixture->client, fixture->context, 0, &run.args, bad[i][0], bad[i][1]),
                         -1);
        assert_true(fixture_run_untouched(&run));
    }
}

/* Row 15, R22: block_dim 0 means all; every number of blocks and threads works. */
static void test_every_good_configuration(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const int most = (int)fixture->arch->max_blocks; /* 3 and a multiple of 7, or of 11 */
    const int step = most == 24 ? 7 : 11;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    assert_int_equal((most - 3) % step, 0);
    for (int blocks = 0; blocks <= most; blocks += blocks < 3 ? 1 : step) {
        for (int threads = 1; threads <= (int)fixture->arch->max_aicpu_threads; threads++) {
            struct fixture_run run;
            struct pto_run_timing timing = {0, 0};
            fixture_run_make(&run, 9);
            int result = fixture->client.api.run_prepared(fixture->context, fixture->client.runtime_buffer, 0,
                                                          &run.args, blocks, threads, 0, 0, 0, 0, NULL, &timing);
            assert_int_equal(result, 0);
            assert_int_equal(run.out[2], callable_golden(CALLABLE_TWO_STEPS, run.in[2], 9));
            assert_true(timing.host_wall_ns != 0 && timing.device_wall_ns != 0);
        }
    }
}

/* Row 40 and the variant's limits: diagnostics are refused in words, not ignored. */
static void test_diagnostics_are_refused(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    for (int flag = 0; flag < 4; flag++) {
        struct fixture_run run;
        fixture_run_make(&run, 1);
        int result = fixture->client.api.run_prepared(fixture->context, fixture->client.runtime_buffer, 0, &run.args, 1,
                                                      3, flag == 0, flag == 1, flag == 2, flag == 3, "", NULL);
        assert_int_equal(result, -1);
        expect_error_text(fixture, "diagnostics");
        assert_true(fixture_run_untouched(&run));
    }
}

static void expect_tensor_refused(const struct runtime_fixture *fixture, const struct pto_continuous_tensor *tensor,
                                  const char *text)
{
    struct fixture_run run;
    fixture_run_make(&run, 1);
    run.args.tensors[0] = *tensor;
    run.args.tensors[0].data = tensor->data == 1 ? (uintptr_t)run.in : tensor->data;
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
    expect_error_text(fixture, text);
    assert_true(fixture_run_untouched(&run));
}

/* Rows 26, 27: tensors that are none. `data` 1 stands for a good address. */
static void test_bad_tensors(void **state)
{
    static const struct pto_continuous_tensor bad[] = {
        {.data = 0, .shapes = {16}, .ndims = 1, .dtype = PTO_INT32},
        {.data = 1, .shapes = {16}, .ndims = 0, .dtype = PTO_INT32},
        {.data = 1, .shapes = {1, 1, 1, 1, 1}, .ndims = 6, .dtype = PTO_INT32},
        {.data = 1, .shapes = {16}, .ndims = UINT32_MAX, .dtype = PTO_INT32},
        {.data = 1, .shapes = {16}, .ndims = 1, .dtype = PTO_DATA_TYPE_COUNT},
        {.data = 1, .shapes = {16}, .ndims = 1, .dtype = 255},
        {.data = 1, .shapes = {UINT32_MAX, UINT32_MAX, 2}, .ndims = 3, .dtype = PTO_INT8},
        {.data = 1, .shapes = {UINT32_MAX, UINT32_MAX}, .ndims = 2, .dtype = PTO_INT64},
        {.data = 1, .shapes = {1u << 31, 1u << 31, 4}, .ndims = 3, .dtype = PTO_INT8},     /* 2^64 bytes */
        {.data = 1, .shapes = {16, 536838145, 536903681}, .ndims = 3, .dtype = PTO_INT32}, /* 2^64 + 64 */
        {.data = 1,
         .shapes = {1u << 31, 1u << 31},
         .ndims = 2,
         .dtype = PTO_INT8}, /* fits in 64 bits, not in the device */
    };
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD); /* what is kept from run to run is there */
    struct pto_statistics before = fixture_statistics(fixture, fixture->context);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        /* A graph builder copies for itself: whether there is an address, and memory, is found by it. */
        bool by_builder = fixture_is(fixture, "*/hbg/*") && (i == 0 || i + 1 == sizeof(bad) / sizeof(bad[0]));
        expect_tensor_refused(fixture, &bad[i], by_builder ? "returned -1" : "tensor");
        struct pto_statistics after = fixture_statistics(fixture, fixture->context);
        assert_int_equal(after.runs, before.runs);
        if (i + 1 <
            sizeof(bad) / sizeof(bad[0])) { /* R4: all but the last are known to be bad before anything is allocated */
            expect_same_state(&after, &before);
        }
    }
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* Row 28: counts that are none. */
static void test_bad_counts(void **state)
{
    static const int32_t bad[][2] = {{-1, 1}, {129, 1}, {INT32_MIN, 1}, {INT32_MAX, 1},
                                     {2, -1}, {2, 129}, {2, INT32_MAX}};
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fixture_run run;
        fixture_run_make(&run, 1);
        run.args.tensor_count = bad[i][0];
        run.args.scalar_count = bad[i][1];
        assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
        assert_true(fixture_run_untouched(&run));
    }
    assert_int_equal(fixture_statistics(fixture, fixture->context).runs, 0);
}

/* device.md 2.1: fewer arguments than the orchestration's config asks for; the id works with enough of them (R9). */
static void test_too_few_arguments(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_only(fixture, "*/trb/*", "a graph builder declares no arguments");
    struct fixture_run run;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    for (int i = 0; i < 2; i++) {
        fixture_run_make(&run, 1);
        run.args.scalar_count = 0;
        assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
        expect_error_text(fixture, "3");
        assert_true(fixture_run_untouched(&run));
        expect_golden(fixture, 0, CALLABLE_ADD);
    }
}

/* R11: one host range twice with an output among them has no right answer. */
static void test_overlapping_host_ranges(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_only(fixture, "*/trb/*", "a graph builder copies for itself");
    struct fixture_run run;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    fixture_run_make(&run, 1);
    run.args.tensors[0].data = run.args.tensors[1].data;
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
    expect_error_text(fixture, "overlap");
    assert_true(fixture_run_untouched(&run));
    run.args.tensors[0].data = run.args.tensors[1].data + sizeof(int32_t);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
    assert_true(fixture_run_untouched(&run));
}

/* Rows 33, 34: memory that is not the client's. */
static void test_memory_misuse(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    uint8_t host[64] = {1, 2, 3};
    uint8_t *device = api->device_malloc_ctx(fixture->context, sizeof(host));
    assert_non_null(device);
    assert_int_equal((uintptr_t)device % 64, 0);
    assert_int_equal(api->copy_to_device_ctx(fixture->context, device, host, sizeof(host)), 0);
    assert_int_not_equal(api->copy_to_device_ctx(fixture->context, device, host, sizeof(host) + 1), 0);
    assert_int_not_equal(api->copy_to_device_ctx(fixture->context, device + 32, host, 33), 0);
    assert_int_not_equal(api->copy_from_device_ctx(fixture->context, host, host, sizeof(host)), 0);
    api->device_free_ctx(fixture->context, device + 1);
    api->device_free_ctx(fixture->context, host);
    assert_int_equal(fixture_statistics(fixture, fixture->context).device_bytes_by_kind[PTO_MEMORY_CLIENT], 64);
    api->device_free_ctx(fixture->context, device);
    api->device_free_ctx(fixture->context, device);
    assert_int_equal(fixture_statistics(fixture, fixture->context).device_bytes_by_kind[PTO_MEMORY_CLIENT], 0);
    assert_int_not_equal(api->copy_from_device_ctx(fixture->context, host, device, sizeof(host)), 0);
    assert_null(api->device_malloc_ctx(fixture->context, 1ull << 60));
    void *empty = api->device_malloc_ctx(fixture->context, 0);
    assert_non_null(empty);
    api->device_free_ctx(fixture->context, empty);
}

/* Rows 35, 36, 37: init and finalize in every order. */
static void test_init_and_finalize(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    assert_int_equal(runtime_client_init(&fixture->client, fixture->context, 1), -1);
    assert_int_equal(runtime_client_init(&fixture->client, fixture->context, -1), -1);
    assert_int_equal(runtime_client_init(&fixture->client, fixture->context, 0), 0);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(runtime_client_init(&fixture->client, fixture->context, 0), 0);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(api->finalize_device(fixture->context), 0);
    assert_int_equal(api->finalize_device(fixture->context), 0);
    assert_int_equal(api->prepare_callable(fixture->context, 0, fixture->images[CALLABLE_ADD].bytes), -1);
    expect_failure(fixture, 0, 1, -1);
    assert_null(api->device_malloc_ctx(fixture->context, 64));
    assert_int_equal(runtime_client_init(&fixture->client, fixture->context, 3), 0);
    expect_failure(fixture, 0, 1, -1); /* finalize forgot the registration */
    expect_prepare(fixture, 0, CALLABLE_MULTIPLY);
    expect_golden(fixture, 0, CALLABLE_MULTIPLY);
}

/* R7, D12: finalize frees and closes what the client forgot, and says how much that was. */
static void test_leftovers(void **state)
{
    const struct runtime_fixture *fixture = *state;
    assert_non_null(fixture->client.api.device_malloc_ctx(fixture->context, 4096));
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(fixture->client.api.finalize_device(fixture->context), 0);
    struct pto_statistics statistics = fixture_statistics(fixture, fixture->context);
    assert_int_equal(statistics.leftover_bytes, 4096 + fixture->images[CALLABLE_ADD].size);
    assert_int_equal(statistics.leftover_buffers, 2);
    assert_int_equal(statistics.device_bytes, 0);
    assert_int_equal(statistics.kernel_handles, 0);
    assert_int_equal(statistics.orchestration_handles, 0);
}

/* Row 53: without device programs init works and runs do not. */
static void test_empty_programs(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    assert_int_equal(api->finalize_device(fixture->context), 0);
    assert_int_equal(api->simpler_init(fixture->context, 0, NULL, 0, NULL, 0, NULL, 0), 0);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_failure(fixture, 0, 1, -1);
    assert_int_equal(api->get_aicpu_dlopen_count(fixture->context), 0);
    assert_int_equal(runtime_client_init(&fixture->client, fixture->context, 0), 0);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* Row 39: the rest of the 26 names answer, each in its way, that this variant has no communication. */
static void test_unsupported_names(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_only(fixture, "*/*/sim", "it has streams, and ACL to be made ready");
    const struct runtime_api *api = &fixture->client.api;
    uint64_t word = 0;
    size_t size = 0;
    uint32_t rank = 0;
    int handle = 0;
    assert_int_equal(api->ensure_acl_ready_ctx(NULL, 0), 0);
    assert_null(api->create_comm_stream_ctx(fixture->context));
    assert_int_equal(api->destroy_comm_stream_ctx(fixture->context, NULL), 0);
    assert_null(api->comm_init(0, 1, NULL, "rootinfo"));
    assert_int_equal(api->comm_alloc_windows(&handle, 64, &word), -1);
    assert_int_equal(api->comm_get_local_window_base(&handle, &word), -1);
    assert_int_equal(api->comm_get_window_size(&handle, &size), -1);
    assert_int_equal(api->comm_derive_context(&handle, &rank, 1, 0, 0, 64, &word), -1);
    assert_int_equal(api->comm_alloc_domain_windows(&handle, 1, &rank, 1, 0, 64, &word, &word), -1);
    assert_int_equal(api->comm_release_domain_windows(&handle, 1, 1, 0), -1);
    assert_int_equal(api->comm_barrier(&handle), -1);
    assert_int_equal(api->comm_destroy(&handle), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_hostile_images),
        FIXTURE_TEST(test_images_that_cannot_be_loaded),
        FIXTURE_TEST(test_orchestration_that_is_no_elf),
        FIXTURE_TEST(test_equal_build_id_other_bytes),
        FIXTURE_TEST(test_ids_out_of_range),
        FIXTURE_TEST(test_unregistered_ids),
        FIXTURE_TEST(test_null_arguments),
        FIXTURE_TEST(test_bad_configuration),
        FIXTURE_TEST(test_every_good_configuration),
        FIXTURE_TEST(test_diagnostics_are_refused),
        FIXTURE_TEST(test_bad_tensors),
        FIXTURE_TEST(test_bad_counts),
        FIXTURE_TEST(test_too_few_arguments),
        FIXTURE_TEST(test_overlapping_host_ranges),
        FIXTURE_TEST(test_memory_misuse),
        FIXTURE_TEST(test_init_and_finalize),
        FIXTURE_TEST(test_leftovers),
        FIXTURE_TEST(test_empty_programs),
        FIXTURE_TEST(test_unsupported_names),
    };
    return FIXTURE_RUN("adversarial", "*/*/*", FIXTURE_EVERY, tests);
}
