/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/host/host_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chip_image.h"
#include "base/fault.h"
#include "base/os.h"

struct fixture_image fixture_file(const char *name)
{
    struct fixture_image file = {0};
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/fixtures/%s.so", BUILD_DIR, name);
    if (os_read_file("test.fixture", path, &file.bytes, &file.size) != 0) {
        (void)fprintf(stderr, "no fixture %s\n", path);
        abort();
    }
    return file;
}

static struct fixture_image fixture_user(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s%s", strchr(name, '/') == NULL ? "stub_user/" : "", name);
    return fixture_file(path);
}

int fixture_init(void *ctx, int device_id)
{
    struct fixture_image aicpu = fixture_file(fixture_programs.aicpu);
    struct fixture_image aicore = fixture_file(fixture_programs.aicore);
    struct fixture_image dispatcher = {0};
    if (fixture_programs.dispatcher != NULL) {
        dispatcher = fixture_file(fixture_programs.dispatcher);
    }
    int result = simpler_init(ctx, device_id, aicpu.bytes, aicpu.size, aicore.bytes, aicore.size, dispatcher.bytes,
                              dispatcher.size);
    fixture_free(&aicpu);
    fixture_free(&aicore);
    fixture_free(&dispatcher);
    return result;
}

int fixture_setup(void **state)
{
    void *ctx = create_device_context();
    /* Small rings: these tests are not about their default sizes. */
    (void)setenv("PTO2_RING_TASK_WINDOW", "4", 1);
    (void)setenv("PTO2_RING_HEAP", "1024", 1);
    *state = ctx;
    return ctx != NULL ? fixture_init(ctx, 0) : -1;
}

int fixture_teardown(void **state)
{
    fault_plan_clear();
    destroy_device_context(*state);
    return os_open_images() == 0 && os_staged_files() == 0 ? 0 : -1;
}

struct fixture_image fixture_pack(const struct fixture_spec *spec)
{
    static const int32_t usual[] = {PTO_IN, PTO_OUT};
    struct fixture_image kernels[4] = {0};
    struct chip_image_child_spec children[4] = {0};
    const char *name = spec->orchestration != NULL ? spec->orchestration : "orchestration";
    struct fixture_image orchestration = name[0] != '\0' ? fixture_user(name) : (struct fixture_image){0};
    for (int32_t i = 0; i < spec->kernel_count; i++) {
        kernels[i] = fixture_user(spec->kernels[i].name);
        children[i] = (struct chip_image_child_spec){
            .func_id = spec->kernels[i].func_id, .binary = kernels[i].bytes, .binary_size = kernels[i].size};
    }
    const struct chip_image_spec image_spec = {
        .signature = spec->sig_count == 0 ? usual : spec->signature,
        .sig_count = spec->sig_count == 0  ? 2
                     : spec->sig_count < 0 ? 0
                                           : spec->sig_count,
        .child_count = spec->kernel_count,
        .orchestration = orchestration.bytes,
        .orchestration_size = orchestration.size,
        .func_name = spec->entry_name,
        .children = children,
    };
    struct fixture_image image = {0};
    struct error_text error = {0};
    if (chip_image_build(&image_spec, &image.bytes, &image.size, &error) != 0) {
        (void)fprintf(stderr, "fixture not packed: %s\n", error.text);
        abort();
    }
    for (int32_t i = 0; i < spec->kernel_count; i++) {
        fixture_free(&kernels[i]);
    }
    fixture_free(&orchestration);
    return image;
}

struct fixture_image fixture_pack_kernel(const char *kernel)
{
    const struct fixture_spec spec = {.kernels = {{kernel, 0}}, .kernel_count = 1};
    return fixture_pack(&spec);
}

void fixture_free(struct fixture_image *image)
{
    free(image->bytes);
    *image = (struct fixture_image){0};
}

void fixture_add_u32(struct pto_chip_args *args, const void *data, uint32_t count, uint8_t child_memory)
{
    struct pto_continuous_tensor tensor;
    pto_continuous_tensor_make(&tensor, (uintptr_t)data, &count, 1, PTO_UINT32, child_memory);
    if (pto_chip_args_add_tensor(args, &tensor) != 0) {
        abort();
    }
}

void fixture_args_init(struct fixture_args *args, uint64_t command, int64_t value)
{
    memset(args, 0, sizeof(*args));
    for (uint32_t i = 0; i < FIXTURE_COUNT; i++) {
        args->input[i] = 1000 + i;
        args->output[i] = 5;
    }
    fixture_add_u32(&args->args, args->input, FIXTURE_COUNT, 0);
    fixture_add_u32(&args->args, args->output, FIXTURE_COUNT, 0);
    (void)pto_chip_args_add_scalar(&args->args, FIXTURE_COUNT);
    (void)pto_chip_args_add_scalar(&args->args, command);
    (void)pto_chip_args_add_scalar(&args->args, (uint64_t)value);
}

int fixture_run(void *ctx, int32_t callable_id, const struct pto_chip_args *args)
{
    void *buffer = malloc(get_runtime_size());
    int result = run_prepared(ctx, buffer, callable_id, args, 1, 1, 0, 0, 0, 0, NULL, NULL);
    free(buffer);
    return result;
}

struct pto_statistics fixture_statistics(void *ctx)
{
    struct pto_statistics statistics = {.size = sizeof(statistics)};
    if (pto_debug_api()->get_statistics(ctx, &statistics) != 0) {
        abort();
    }
    return statistics;
}

const char *fixture_error(void *ctx)
{
    return pto_debug_api()->last_error(ctx);
}

void fixture_fail(const char *site, uint64_t nth)
{
    struct fault_rule rule = {.nth = nth, .error = ENOMEM};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", site);
    if (fault_plan_install(&rule, 1) != 0) {
        abort();
    }
}
