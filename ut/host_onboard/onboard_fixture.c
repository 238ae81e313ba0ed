/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/host_onboard/onboard_fixture.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "exec/exec.h"

struct driver_spy driver_spy;

/* ---- the spy: an executable's symbols come before those of its libraries ------------------------------------------
 */

static void spy_find(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    assert_non_null(symbol);
    memcpy(function, &symbol, sizeof(symbol));
}

static bool spy_is(const void *bytes, const struct fixture_image *image)
{
    return image->size == 0 || memcmp(bytes, image->bytes, image->size) == 0; /* 0: of no interest to the test */
}

rtError_t rtAicpuKernelLaunchExWithArgs(uint32_t kernelType, const char *opName, uint32_t blockDim,
                                        const rtAicpuArgsEx_t *args, void *smDesc, rtStream_t stream, uint32_t flags)
{
    rtError_t (*real)(uint32_t, const char *, uint32_t, const rtAicpuArgsEx_t *, void *, rtStream_t, uint32_t);
    struct driver_spy *spy = &driver_spy;
    spy_find("rtAicpuKernelLaunchExWithArgs", &real);
    spy->bootstraps++;
    memcpy(&spy->launch, args->args, sizeof(spy->launch));
    memcpy(&spy->arguments, (const void *)(uintptr_t)spy->launch.args.device_args, sizeof(spy->arguments));
    spy->launch_bytes = args->argsSize;
    spy->name_offsets[0] = args->soNameAddrOffset;
    spy->name_offsets[1] = args->kernelNameAddrOffset;
    const void *dispatcher = (const void *)(uintptr_t)spy->arguments.base.aicpu_so_bin;
    const void *program = (const void *)(uintptr_t)spy->arguments.inner_so_bin;
    spy->images_there = spy_is(dispatcher, &spy->dispatcher) && spy_is(program, &spy->program);
    return real(kernelType, opName, blockDim, args, smDesc, stream, flags);
}

rtError_t rtsBinaryLoadFromFile(const char *path, const rtLoadBinaryConfig_t *config, rtBinHandle *binary)
{
    rtError_t (*real)(const char *, const rtLoadBinaryConfig_t *, rtBinHandle *);
    spy_find("rtsBinaryLoadFromFile", &real);
    FILE *file = fopen(path, "r");
    (void)snprintf(driver_spy.path, sizeof(driver_spy.path), "%s", path);
    memset(driver_spy.text, 0, sizeof(driver_spy.text));
    if (file != NULL) {
        (void)fread(driver_spy.text, 1, sizeof(driver_spy.text) - 1, file);
        (void)fclose(file);
    }
    return real(path, config, binary);
}

int halMemCtl(int type, void *in, size_t in_bytes, void *out, size_t *out_bytes)
{
    int (*real)(int, void *, size_t, void *, size_t *);
    spy_find("halMemCtl", &real);
    if (driver_spy.mappings < SPY_MAPPINGS && exec_current_engine() != NULL) {
        driver_spy.mapping_times_ns[driver_spy.mappings] = exec_now();
    }
    driver_spy.mappings++;
    return real(type, in, in_bytes, out, out_bytes);
}

/* ---- contexts ----------------------------------------------------------------------------------------------------
 */

void onboard_plan(const char *site, uint64_t nth, int32_t code)
{
    struct fault_rule rule = {.nth = nth, .error = code};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", site);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
}

int onboard_play(void *ctx, struct fixture_args *args)
{
    return graph_play(ctx, graph_golden, NULL, args);
}

void onboard_expect_text(void *ctx, const char *text)
{
    if (strstr(fixture_error(ctx), text) == NULL) {
        fail_msg("\"%s\" is not in the error \"%s\"", text, fixture_error(ctx));
    }
}

void onboard_expect_poisoned(void *ctx, const char *text)
{
    assert_int_equal(unregister_callable(ctx, 63), DRIVER_POISONED);
    onboard_expect_text(ctx, text);
}

void onboard_expect_sound(void *ctx)
{
    assert_int_equal(unregister_callable(ctx, 63), 0);
    graph_expect_golden(ctx);
}

static void bind_to(void *ctx, int device_id)
{
    static const struct fixture_kernel kernel = {"add_one", 0};
    assert_int_equal(fixture_init(ctx, device_id), 0);
    graph_prepare(ctx, 0, &kernel, 1);
}

void *onboard_context(int device_id)
{
    void *ctx = create_device_context();
    bind_to(ctx, device_id);
    return ctx;
}

void onboard_again(void *ctx)
{
    assert_int_equal(finalize_device(ctx), 0);
    bind_to(ctx, 0);
}

struct platform *onboard_platform(void *ctx)
{
    return ((struct host_context *)ctx)->platform;
}
