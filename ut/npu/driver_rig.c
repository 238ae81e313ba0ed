/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/npu/driver_rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "base/fault.h"
#include "base/os.h"

static void rig_make(struct driver_rig *rig)
{
    void *board = NULL;
    assert_int_equal(rtSetDevice(rig->device), 0);
    npu_driver_session_enter(rig->session);
    assert_int_equal(rtStreamCreate(&rig->aicpu, 0), 0);
    assert_int_equal(rtStreamCreate(&rig->cores, 0), 0);
    assert_int_equal(rtMalloc(&board, sizeof(*rig->board), RT_MEMORY_HBM, PTO_MEMORY_RUNTIME), 0);
    rig->board = board;
}

void rig_open(struct driver_rig *rig, int device, const struct npu_arch *arch)
{
    *rig = (struct driver_rig){.device = device};
    assert_int_equal(npu_driver_session_open(device, arch, &rig->session), 0);
    rig_make(rig);
}

void rig_close(struct driver_rig *rig)
{
    struct npu_driver_statistics statistics;
    fault_plan_clear();
    assert_int_equal(rtDeviceReset(rig->device), 0);
    npu_driver_statistics(rig->device, &statistics);
    assert_int_equal(statistics.streams + statistics.images + statistics.binaries + statistics.contexts, 0);
    assert_int_equal(statistics.buffers + statistics.in_use + statistics.loaded_kernels, 0);
    assert_int_equal(statistics.first_fault, 0);
    npu_driver_session_close(rig->session);
    npu_driver_session_enter(NULL);
    assert_int_equal(os_staged_files(), 0);
    assert_int_equal(os_open_images(), 0);
}

void rig_again(struct driver_rig *rig)
{
    rig_make(rig);
}

struct npu_driver_statistics rig_statistics(const struct driver_rig *rig)
{
    struct npu_driver_statistics statistics;
    npu_driver_statistics(rig->device, &statistics);
    return statistics;
}

void *rig_fixture(const char *name, size_t *size)
{
    char path[PATH_MAX];
    void *bytes = NULL;
    (void)snprintf(path, sizeof(path), "%s/fixtures/driver/%s.so", BUILD_DIR, name);
    assert_int_equal(os_read_file("rig.fixture", path, &bytes, size), 0);
    return bytes;
}

void rig_install_bytes(const char *file, const void *bytes, size_t size)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", DRIVER_KERNEL_DIRECTORY, file);
    assert_int_equal(os_replace_file("rig.install", path, bytes, size), 0);
}

void rig_install(const char *file, const char *fixture)
{
    size_t size;
    void *bytes = rig_fixture(fixture, &size);
    rig_install_bytes(file, bytes, size);
    free(bytes);
}

int rig_load(const char *json, rtBinHandle *binary)
{
    static const rtLoadBinaryOption_t mode = {.optionId = RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE, .value = 0};
    const rtLoadBinaryConfig_t config = {.options = &mode, .numOpt = 1};
    char path[PATH_MAX];
    assert_int_equal(os_replace_file("rig.json", "/tmp/rig.json", json, strlen(json)), 0);
    assert_int_equal(os_root_path("/tmp/rig.json", path, sizeof(path)), 0);
    int code = rtsBinaryLoadFromFile(path, &config, binary);
    os_remove_file("/tmp/rig.json");
    return code;
}

rtBinHandle rig_program(const char *file, rtFuncHandle *note, rtFuncHandle *meet)
{
    char json[1024];
    rtBinHandle binary = NULL;
    (void)snprintf(
        json, sizeof(json),
        "{\"note_op\": {\"opInfo\": {\"functionName\": \"note\", \"kernelSo\": \"%s\", \"opKernelLib\": "
        "\"AICPUKernel\", \"computeCost\": \"100\"}}, \"meet_op\": {\"opInfo\": {\"functionName\": \"meet\", "
        "\"kernelSo\": \"%s\", \"opKernelLib\": \"AICPUKernel\"}}}",
        file, file);
    assert_int_equal(rig_load(json, &binary), 0);
    assert_int_equal(rtsFuncGetByName(binary, "note_op", note), 0);
    assert_int_equal(rtsFuncGetByName(binary, "meet_op", meet), 0);
    return binary;
}

int rig_launch(rtFuncHandle function, uint32_t threads, rtStream_t stream, const struct driver_order *order)
{
    struct driver_order copy = *order; /* what is launched must not depend on it afterwards */
    const rtCpuKernelArgs_t args = {.baseArgs = {.args = &copy, .argsSize = sizeof(copy)}};
    int code = rtsLaunchCpuKernel(function, threads, stream, NULL, &args);
    memset(&copy, 0xEE, sizeof(copy));
    return code;
}

void *rig_image(const char *fixture)
{
    size_t size;
    void *handle = NULL;
    void *bytes = rig_fixture(fixture, &size);
    const rtDevBinary_t binary = {.magic = RT_DEV_BINARY_MAGIC_ELF, .data = bytes, .length = size};
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), 0);
    free(bytes);
    return handle;
}

int rig_launch_cores(void *image, uint32_t blocks, rtStream_t stream, const struct driver_board *board)
{
    uint64_t address = (uintptr_t)board;
    const rtArgsEx_t args = {.args = &address, .argsSize = sizeof(address)};
    return rtKernelLaunchWithHandleV2(image, 0, blocks, &args, NULL, stream, NULL);
}

int rig_put_callable(uint8_t *address, const char *fixture)
{
    size_t size;
    void *bytes = rig_fixture(fixture, &size);
    uint8_t *image = calloc(1, PTO_CORE_CALLABLE_BINARY_OFFSET + size);
    assert_non_null(image);
    const struct pto_core_callable callable = {.binary_size = (uint32_t)size};
    memcpy(image, &callable, sizeof(callable));
    memcpy(image + PTO_CORE_CALLABLE_BINARY_OFFSET, bytes, size);
    size_t total = PTO_CORE_CALLABLE_BINARY_OFFSET + size;
    int code = rtMemcpy(address, total, image, total, RT_MEMCPY_HOST_TO_DEVICE);
    free(image);
    free(bytes);
    return code;
}

uint8_t *rig_callable(const char *fixture)
{
    size_t size;
    void *address = NULL;
    free(rig_fixture(fixture, &size));
    /* Room for any of the kernels: their sizes differ little. */
    assert_int_equal(
        rtMalloc(&address, 2 * (PTO_CORE_CALLABLE_BINARY_OFFSET + size), RT_MEMORY_HBM, PTO_MEMORY_CHIP_BUFFER), 0);
    assert_int_equal(rig_put_callable(address, fixture), 0);
    return address;
}

void rig_fault(const char *site, uint64_t nth, int error, uint64_t value)
{
    struct fault_rule rule = {.nth = nth, .error = error, .values = {value, 0}};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", site);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
}
