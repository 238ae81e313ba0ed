/* SPDX-License-Identifier: Apache-2.0 */
/* Registration: the table of 64, leases of chip buffers, all or nothing (R5-R9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/os.h"
#include "harness/choice/choice.h"
#include "host/context.h"
#include "ut/host/host_fixture.h"

static void assert_error(void *ctx, const char *part)
{
    if (strstr(fixture_error(ctx), part) == NULL) {
        fail_msg("\"%s\" is not in the error \"%s\"", part, fixture_error(ctx));
    }
}

/* Everything that a failed call must not change. */
struct footprint {
    uint64_t bytes;
    uint64_t allocations_live;
    uint64_t registered;
    uint64_t buffers;
    uint64_t leases;
    uint64_t kernels;
    uint64_t handles;
    uint64_t images;
    uint64_t files;
    uint64_t dlopens;
};

static struct footprint footprint_of(void *ctx)
{
    struct pto_statistics statistics = fixture_statistics(ctx);
    return (struct footprint){
        .bytes = statistics.device_bytes,
        .allocations_live = (uint64_t)pto_debug_api()->get_ledger(ctx, NULL, 0),
        .registered = statistics.registered_callables,
        .buffers = statistics.chip_buffers,
        .leases = statistics.chip_leases,
        .kernels = statistics.kernel_handles,
        .handles = statistics.orchestration_handles,
        .images = statistics.open_images,
        .files = statistics.staged_files,
        .dlopens = statistics.aicpu_dlopens + statistics.host_dlopens,
    };
}

static void assert_same_footprint(const struct footprint *before, const struct footprint *after)
{
    assert_memory_equal(before, after, sizeof(*before));
}

/* D01, R5. */
static void test_id_range(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    fixture_args_init(&args, 0, 0);
    const int32_t bad[] = {-1, 64, 65, 1000, INT32_MIN, INT32_MAX, -64};
    struct footprint before = footprint_of(ctx);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(prepare_callable(ctx, bad[i], image.bytes), -1);
        assert_error(ctx, "is not in 0..63");
        assert_int_equal(prepare_callable(ctx, bad[i], NULL), -1);
        assert_error(ctx, "is not in 0..63");
        assert_int_equal(fixture_run(ctx, bad[i], &args.args), -1);
        assert_error(ctx, "is not in 0..63");
        assert_int_equal(unregister_callable(ctx, bad[i]), -1);
        assert_error(ctx, "is not in 0..63");
    }
    struct footprint after = footprint_of(ctx);
    assert_same_footprint(&before, &after);
    for (int32_t id = 0; id < 64; id += 63) {
        assert_int_equal(prepare_callable(ctx, id, image.bytes), 0);
        assert_int_equal(fixture_run(ctx, id, &args.args), 0);
        assert_int_equal(unregister_callable(ctx, id), 0);
        assert_int_equal(unregister_callable(ctx, id), 0);
    }
    fixture_free(&image);
}

static void test_second_prepare_fails_early(void **state)
{
    void *ctx = *state;
    struct fixture_image one = fixture_pack_kernel("add_one");
    struct fixture_image ten = fixture_pack_kernel("add_ten");
    struct fixture_args args;
    assert_int_equal(prepare_callable(ctx, 5, one.bytes), 0);
    struct footprint before = footprint_of(ctx);
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    assert_int_equal(prepare_callable(ctx, 5, ten.bytes), -1);
    assert_error(ctx, "registered already");
    assert_int_equal(fault_sites(NULL, 0), 0); /* no upload, no dlopen: not one fallible call was made */
    fault_plan_clear();
    struct footprint after = footprint_of(ctx);
    assert_same_footprint(&before, &after);
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(ctx, 5, &args.args), 0);
    assert_int_equal(args.output[0], 1001);
    assert_int_equal(unregister_callable(ctx, 5), 0);
    fixture_free(&one);
    fixture_free(&ten);
}

/* R4, R8, D13: each is refused, and nothing of it stays. */
static void test_rejected_images(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct pto_chip_callable *header = image.bytes;
    struct footprint before = footprint_of(ctx);
    assert_int_equal(prepare_callable(ctx, 0, NULL), -1);
    assert_error(ctx, "must not be null");
    header->child_func_ids[0] = 1024;
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), -1);
    assert_error(ctx, "1024");
    header->child_func_ids[0] = 0;
    header->sig_count = -1;
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), -1);
    header->sig_count = 2;
    header->child_offsets[0] += 4;
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), -1);
    header->child_offsets[0] -= 4;
    header->child_count = 1025;
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), -1);
    header->child_count = 1;
    static const struct fixture_spec empty = {.orchestration = "", .kernels = {{"add_one", 0}}, .kernel_count = 1};
    struct fixture_image no_orchestration = fixture_pack(&empty);
    assert_int_equal(prepare_callable(ctx, 0, no_orchestration.bytes), -1);
    assert_error(ctx, "0 bytes");
    struct fixture_image no_entry = fixture_pack_kernel("no_entry");
    assert_int_equal(prepare_callable(ctx, 0, no_entry.bytes), -1);
    assert_error(ctx, "kernel_entry");
    uint8_t *kernel = (uint8_t *)image.bytes + 8852 + header->child_offsets[0] + 128;
    uint8_t magic = kernel[0];
    kernel[0] = 0;
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), -1);
    assert_error(ctx, "func_id 0");
    kernel[0] = magic;
    struct footprint after = footprint_of(ctx);
    assert_same_footprint(&before, &after);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    fixture_free(&no_orchestration);
    fixture_free(&no_entry);
    fixture_free(&image);
}

static void test_caller_bytes_are_only_read(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    uint8_t *copy = malloc(image.size);
    memcpy(copy, image.bytes, image.size);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_memory_equal(copy, image.bytes, image.size);
    memset(image.bytes, 0xee, image.size); /* and not kept */
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(args.output[3], 1004);
    /* Equal content is recognised although the caller's first copy is gone, at any alignment. */
    uint8_t *unaligned = malloc(image.size + 1);
    memcpy(unaligned + 1, copy, image.size);
    assert_int_equal(prepare_callable(ctx, 1, unaligned + 1), 0);
    assert_int_equal(fixture_statistics(ctx).chip_buffers, 1);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_int_equal(unregister_callable(ctx, 1), 0);
    free(unaligned);
    free(copy);
    fixture_free(&image);
}

static void test_leases(void **state)
{
    void *ctx = *state;
    struct fixture_image one = fixture_pack_kernel("add_one");
    struct fixture_image ten = fixture_pack_kernel("add_ten");
    struct fixture_args args;
    struct pto_statistics before = fixture_statistics(ctx);
    assert_int_equal(prepare_callable(ctx, 0, one.bytes), 0);
    struct pto_statistics first = fixture_statistics(ctx);
    assert_int_equal(first.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER],
                     one.size); /* one upload, no second copy (D07) */
    assert_int_equal(first.device_bytes, before.device_bytes + one.size);
    assert_int_equal(first.kernel_handles, 1);
    assert_int_equal(prepare_callable(ctx, 1, one.bytes), 0);
    assert_int_equal(prepare_callable(ctx, 2, ten.bytes), 0);
    struct pto_statistics three = fixture_statistics(ctx);
    assert_int_equal(three.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], one.size + ten.size);
    assert_int_equal(three.chip_buffers, 2);
    assert_int_equal(three.chip_leases, 3);
    assert_int_equal(three.registered_callables, 3);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_int_equal(fixture_statistics(ctx).chip_leases, 2);
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(ctx, 1, &args.args), 0); /* D09: the shared buffer is still there */
    assert_int_equal(args.output[0], 1001);
    assert_int_equal(unregister_callable(ctx, 1), 0);
    assert_int_equal(fixture_statistics(ctx).chip_buffers, 1);
    assert_int_equal(unregister_callable(ctx, 2), 0);
    struct pto_statistics after = fixture_statistics(ctx);
    assert_int_equal(after.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], 0);
    assert_int_equal(after.device_bytes_by_kind[PTO_MEMORY_STAGING], 0);
    assert_int_equal(after.kernel_handles, 0);
    assert_int_equal(after.orchestration_handles, 0);
    fixture_free(&one);
    fixture_free(&ten);
}

/* The ledger names a callable only while it is the buffer's only one. */
static void test_ledger_names_the_callable(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct pto_ledger_entry entries[32];
    static const struct {
        int32_t id;
        bool add;
        int32_t named;
    } steps[] = {{9, true, 9}, {4, true, -1}, {9, false, 4}};
    for (size_t i = 0; i < 3; i++) {
        int result =
            steps[i].add ? prepare_callable(ctx, steps[i].id, image.bytes) : unregister_callable(ctx, steps[i].id);
        assert_int_equal(result, 0);
        int64_t count = pto_debug_api()->get_ledger(ctx, entries, 32);
        for (int64_t j = 0; j < count; j++) {
            if (entries[j].kind == PTO_MEMORY_CHIP_BUFFER) {
                assert_int_equal(entries[j].callable_id, steps[i].named);
            }
        }
    }
    assert_int_equal(unregister_callable(ctx, 4), 0);
    fixture_free(&image);
}

/* D05, D06: the same func_id means another kernel in each callable, whatever was registered before or after. */
static void test_same_func_id_different_kernels(void **state)
{
    void *ctx = *state;
    struct fixture_image one = fixture_pack_kernel("add_one");
    struct fixture_image ten = fixture_pack_kernel("add_ten");
    struct fixture_args args;
    assert_int_equal(prepare_callable(ctx, 0, one.bytes), 0);
    assert_int_equal(prepare_callable(ctx, 1, ten.bytes), 0);
    for (int i = 0; i < 4; i++) {
        fixture_args_init(&args, 0, 0);
        assert_int_equal(fixture_run(ctx, i % 2, &args.args), 0);
        assert_int_equal(args.output[7], i % 2 == 0 ? 1008 : 1017);
    }
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_int_equal(unregister_callable(ctx, 1), 0);
    fixture_free(&one);
    fixture_free(&ten);
}

/* A run sees exactly its own callable's functions: nothing of the callable before it is left in the table. */
static void test_function_table_is_reset(void **state)
{
    void *ctx = *state;
    static const struct fixture_spec two = {.kernels = {{"add_one", 3}, {"add_ten", 900}}, .kernel_count = 2};
    static const struct fixture_spec none = {.kernel_count = 0};
    struct fixture_image both = fixture_pack(&two);
    struct fixture_image empty = fixture_pack(&none);
    struct fixture_args args;
    assert_int_equal(prepare_callable(ctx, 0, both.bytes), 0);
    assert_int_equal(prepare_callable(ctx, 1, empty.bytes), 0);
    assert_int_equal(fixture_statistics(ctx).device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], both.size + empty.size);
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(args.output[0], 1001 + 1010);
    assert_int_equal(fixture_statistics(ctx).last_dispatches, 2);
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(ctx, 1, &args.args), 0);
    assert_int_equal(args.output[0], 0); /* an OUT tensor that no kernel wrote: zeroed (R11) */
    assert_int_equal(fixture_statistics(ctx).last_dispatches, 0);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_int_equal(unregister_callable(ctx, 1), 0);
    fixture_free(&both);
    fixture_free(&empty);
}

/* The four scenarios of host.md 3.11. */
static void test_dlopen_counters(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    fixture_args_init(&args, 0, 0);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(get_aicpu_dlopen_count(ctx), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    }
    assert_int_equal(get_aicpu_dlopen_count(ctx), 1);
    assert_int_equal(prepare_callable(ctx, 1, image.bytes), 0);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(fixture_run(ctx, i % 2, &args.args), 0);
    }
    assert_int_equal(get_aicpu_dlopen_count(ctx), 2);
    assert_int_equal(fixture_statistics(ctx).orchestration_handles, 2);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_int_equal(get_aicpu_dlopen_count(ctx), 2);
    assert_int_equal(fixture_statistics(ctx).orchestration_handles, 1); /* closed at once (R9) */
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(get_aicpu_dlopen_count(ctx), 3);
    assert_int_equal(get_host_dlopen_count(ctx), 0);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_int_equal(unregister_callable(ctx, 1), 0);
    fixture_free(&image);
}

/* D15: a first load that failed is not remembered as one that worked. */
static void test_failed_load_can_be_retried(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    fixture_args_init(&args, 0, 0);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    const char *const sites[] = {"stub.orchestration.create", "stub.orchestration.write", "stub.orchestration.dlopen"};
    for (size_t i = 0; i < 3; i++) {
        fixture_fail(sites[i], 1);
        assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
        fault_plan_clear();
        assert_int_equal(get_aicpu_dlopen_count(ctx), 0);
        assert_int_equal(fixture_statistics(ctx).orchestration_handles, 0);
        assert_int_equal(os_staged_files(), 0);
    }
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(get_aicpu_dlopen_count(ctx), 1);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    fixture_free(&image);
}

/* Every fallible call of prepare, one after another (R8). */
static void test_prepare_is_all_or_nothing(void **state)
{
    void *ctx = *state;
    static const struct fixture_spec spec = {.kernels = {{"add_one", 1}, {"add_ten", 0}}, .kernel_count = 2};
    struct fixture_image image = fixture_pack(&spec);
    struct fault_site_count sites[32];
    struct footprint before = footprint_of(ctx);
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    size_t count = fault_sites(sites, 32);
    fault_plan_clear();
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_in_range(count, 8, 32);
    for (size_t i = 0; i < count; i++) {
        for (uint64_t nth = 1; nth <= sites[i].calls; nth++) {
            struct fault_site_count fired[32];
            fixture_fail(sites[i].site, nth);
            assert_int_equal(prepare_callable(ctx, 0, image.bytes), -1);
            size_t seen = fault_sites(fired, 32);
            fault_plan_clear();
            assert_true(seen > 0);
            assert_true(fixture_error(ctx)[0] != '\0');
            struct footprint after = footprint_of(ctx);
            assert_same_footprint(&before, &after);
        }
    }
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    fixture_free(&image);
}

/* An unregister whose launch fails leaves the closing to the next launch, and nothing else. */
static void test_unregister_survives_a_failing_launch(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    fixture_args_init(&args, 0, 0);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(prepare_callable(ctx, 1, image.bytes), 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    fixture_fail("sim.launch_init", 1);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    fault_plan_clear();
    assert_string_equal(fixture_error(ctx), "");
    assert_int_equal(fixture_statistics(ctx).registered_callables, 1);
    assert_int_equal(fixture_statistics(ctx).orchestration_handles, 1);
    assert_int_equal(fixture_run(ctx, 1, &args.args), 0);
    assert_int_equal(fixture_statistics(ctx).orchestration_handles, 1); /* 0's closed, 1's opened */
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_int_equal(unregister_callable(ctx, 1), 0);
    fixture_free(&image);
}

static void test_hooks_are_registered(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("hooked");
    struct fixture_args args;
    fixture_args_init(&args, 0, 0);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(args.output[0], 100);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    fixture_free(&image);
}

/* Other images for the same device: what was loaded counts no more, what was registered stays. */
static void test_replaced_programs(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_image aicpu = fixture_file("stub_device/aicpu");
    struct fixture_args args;
    fixture_args_init(&args, 0, 0);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(fixture_init(ctx, 0), 0); /* equal bytes: nothing happens */
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(get_aicpu_dlopen_count(ctx), 1);
    assert_int_equal(simpler_init(ctx, 0, aicpu.bytes, aicpu.size, NULL, 0, NULL, 0), 0);
    assert_int_equal(fixture_statistics(ctx).orchestration_handles, 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    assert_error(ctx, "aicore program is not loaded");
    assert_int_equal(fixture_init(ctx, 0), 0);
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), 0);
    assert_int_equal(args.output[0], 1001);
    assert_int_equal(get_aicpu_dlopen_count(ctx), 2);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    fixture_free(&aicpu);
    fixture_free(&image);
}

#define MODEL_IMAGES 3

/* Random prepare, run and unregister over all ids against an array of 64 (the small sibling of property
 * "callable_table"). */
static void test_against_a_model(void **state)
{
    void *ctx = *state;
    static const struct fixture_spec second = {
        .orchestration = "orchestration_b", .kernels = {{"add_one", 0}}, .kernel_count = 1};
    struct fixture_image images[MODEL_IMAGES] = {fixture_pack_kernel("add_one"), fixture_pack_kernel("add_ten"),
                                                 fixture_pack(&second)};
    const uint32_t results[MODEL_IMAGES] = {1001, 1010, 1001};
    int model[64];
    static uint8_t bytes[8192];
    struct choice choice;
    choice_from_seed(&choice, 11, bytes, sizeof(bytes));
    memset(model, -1, sizeof(model));
    for (int step = 0; step < 300; step++) {
        int32_t id = (int32_t)choice_below(&choice, 66) - 1;
        bool valid = id >= 0 && id < 64;
        int registered = valid ? model[id] : -1;
        struct fixture_args args;
        int image = (int)choice_below(&choice, MODEL_IMAGES);
        fixture_args_init(&args, 0, 0);
        switch (choice_below(&choice, 3)) {
        case 0:
            assert_int_equal(prepare_callable(ctx, id, images[image].bytes), valid && registered < 0 ? 0 : -1);
            if (valid && registered < 0) {
                model[id] = image;
            }
            break;
        case 1:
            assert_int_equal(fixture_run(ctx, id, &args.args), registered >= 0 ? 0 : -1);
            assert_int_equal(args.output[0], registered >= 0 ? results[registered] : 5);
            break;
        default:
            assert_int_equal(unregister_callable(ctx, id), valid ? 0 : -1);
            if (valid) {
                model[id] = -1;
            }
            break;
        }
        uint64_t live_bytes = 0;
        uint64_t used = 0;
        for (int i = 0; i < 64; i++) {
            if (model[i] >= 0 && (used & 1ull << model[i]) == 0) {
                used |= 1ull << model[i];
                live_bytes += images[model[i]].size;
            }
        }
        assert_int_equal(fixture_statistics(ctx).device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], live_bytes);
    }
    for (int32_t id = 0; id < 64; id++) {
        assert_int_equal(unregister_callable(ctx, id), 0);
    }
    for (int i = 0; i < MODEL_IMAGES; i++) {
        fixture_free(&images[i]);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_id_range),
        CASE(test_second_prepare_fails_early),
        CASE(test_rejected_images),
        CASE(test_caller_bytes_are_only_read),
        CASE(test_leases),
        CASE(test_ledger_names_the_callable),
        CASE(test_same_func_id_different_kernels),
        CASE(test_function_table_is_reset),
        CASE(test_dlopen_counters),
        CASE(test_failed_load_can_be_retried),
        CASE(test_prepare_is_all_or_nothing),
        CASE(test_unregister_survives_a_failing_launch),
        CASE(test_hooks_are_registered),
        CASE(test_replaced_programs),
        CASE(test_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
