/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each argument of the driver's calls, wrong one at a time: the call answers with its code, writes no result, queues
 * nothing, and the device stays sound (R4; host.md 4.6). Then each record that it makes, without memory for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/os.h"
#include "npu/memory.h"
#include "ut/npu/driver_rig.h"

#define INVALID DRIVER_INVALID_PARAMETER

/* What every test here works on. */
struct bench {
    struct driver_rig rig;
    rtBinHandle binary;
    rtFuncHandle note;
    rtFuncHandle meet;
    void *image;
};

static int setup(void **state)
{
    static struct bench bench;
    rig_open(&bench.rig, 0, &npu_arch_a2a3);
    rig_install("arguments.so", "program");
    bench.binary = rig_program("arguments.so", &bench.note, &bench.meet);
    bench.image = rig_image("cores");
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    fault_plan_clear();
    assert_int_equal(rig_statistics(&bench->rig).pending, 0);
    assert_int_equal(rig_statistics(&bench->rig).first_fault, 0);
    rig_close(&bench->rig);
    return 0;
}

static void test_image(void **state)
{
    uint8_t bytes[sizeof(Elf64_Ehdr)] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB};
    static const struct {
        size_t at; /* byte that is wrong */
        uint8_t value;
    } cases[] = {{0, 0}, {3, 'f'}, {EI_CLASS, ELFCLASS32}, {EI_DATA, ELFDATA2MSB}};
    struct bench *bench = *state;
    void *handle = bytes;
    rtDevBinary_t binary = {.magic = RT_DEV_BINARY_MAGIC_ELF, .data = bytes, .length = sizeof(bytes)};
    assert_int_equal(rtRegisterAllKernel(&binary, NULL), INVALID);
    assert_int_equal(rtRegisterAllKernel(NULL, &handle), INVALID);
    assert_null(handle);
    binary.magic++;
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), INVALID);
    binary.magic--;
    binary.data = NULL;
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), INVALID);
    binary.data = bytes;
    binary.length--;
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), INVALID);
    binary.length++;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t right = bytes[cases[i].at];
        bytes[cases[i].at] = cases[i].value;
        assert_int_equal(rtRegisterAllKernel(&binary, &handle), INVALID);
        bytes[cases[i].at] = right;
    }
    assert_int_equal(rig_statistics(&bench->rig).images, 1);
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), 0); /* what it is good for is found out when it runs */
}

static void test_binary(void **state)
{
    struct bench *bench = *state;
    rtLoadBinaryOption_t option = {.optionId = RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE, .value = 0};
    rtLoadBinaryConfig_t config = {.options = &option, .numOpt = 1};
    rtBinHandle binary = &option;
    rtFuncHandle function = &option;
    assert_int_equal(rtsBinaryLoadFromFile(NULL, &config, &binary), INVALID);
    assert_null(binary);
    assert_int_equal(rtsBinaryLoadFromFile("/", NULL, &binary), INVALID);
    assert_int_equal(rtsBinaryLoadFromFile("/", &config, NULL), INVALID);
    assert_int_equal(rtsBinaryLoadFromFile("/nowhere", &config, &binary), INVALID);
    config.options = NULL;
    assert_int_equal(rtsBinaryLoadFromFile("/", &config, &binary), INVALID);
    config.numOpt = 0;
    assert_int_equal(rtsBinaryLoadFromFile("/", &config, &binary), DRIVER_NOT_SUPPORTED);
    config = (rtLoadBinaryConfig_t){.options = &option, .numOpt = 1};
    option.value = 1;
    assert_int_equal(rtsBinaryLoadFromFile("/", &config, &binary), DRIVER_NOT_SUPPORTED);
    option = (rtLoadBinaryOption_t){.optionId = RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE + 1};
    assert_int_equal(rtsBinaryLoadFromFile("/", &config, &binary), DRIVER_NOT_SUPPORTED);
    assert_int_equal(rtsFuncGetByName(NULL, "note_op", &function), INVALID);
    assert_null(function);
    assert_int_equal(rtsFuncGetByName(bench->binary, NULL, &function), INVALID);
    assert_int_equal(rtsFuncGetByName(bench->binary, "note_op", NULL), INVALID);
    assert_int_equal(rtsFuncGetByName(bench->binary, "", &function), INVALID);
    assert_int_equal(rtsBinaryUnload(NULL), INVALID);
    assert_int_equal(rig_statistics(&bench->rig).binaries, 1);
}

static void test_core_launch(void **state)
{
    const struct bench *bench = *state;
    uint64_t word = (uintptr_t)bench->rig.board;
    const rtArgsEx_t good = {.args = &word, .argsSize = sizeof(word)};
    const rtArgsEx_t empty = {.args = NULL, .argsSize = sizeof(word)};
    const rtArgsEx_t narrow = {.args = &word, .argsSize = 4};
    void *image = bench->image;
    rtStream_t stream = bench->rig.cores;
    assert_int_equal(rtKernelLaunchWithHandleV2(NULL, 0, 1, &good, NULL, stream, NULL), INVALID);
    assert_int_equal(rtKernelLaunchWithHandleV2(image, 1, 1, &good, NULL, stream, NULL), INVALID);
    assert_int_equal(rtKernelLaunchWithHandleV2(image, 0, 0, &good, NULL, stream, NULL), INVALID);
    assert_int_equal(rtKernelLaunchWithHandleV2(image, 0, 25, &good, NULL, stream, NULL), INVALID);
    assert_int_equal(rtKernelLaunchWithHandleV2(image, 0, 1, NULL, NULL, stream, NULL), INVALID);
    assert_int_equal(rtKernelLaunchWithHandleV2(image, 0, 1, &empty, NULL, stream, NULL), INVALID);
    assert_int_equal(rtKernelLaunchWithHandleV2(image, 0, 1, &narrow, NULL, stream, NULL), INVALID);
    assert_int_equal(rtKernelLaunchWithHandleV2(image, 0, 1, &good, &word, stream, NULL), INVALID);
    assert_int_equal(rtKernelLaunchWithHandleV2(image, 0, 1, &good, NULL, NULL, NULL), INVALID);
}

static void test_function_launch(void **state)
{
    const struct bench *bench = *state;
    struct driver_order order = {.board = bench->rig.board};
    const rtKernelLaunchCfg_t attributes = {.numAttrs = 1};
    const rtCpuKernelArgs_t good = {.baseArgs = {.args = &order, .argsSize = sizeof(order)}};
    const rtCpuKernelArgs_t absent = {.baseArgs = {.args = NULL, .argsSize = sizeof(order)}};
    const rtCpuKernelArgs_t empty = {.baseArgs = {.args = &order, .argsSize = 0}};
    rtStream_t stream = bench->rig.aicpu;
    assert_int_equal(rtsLaunchCpuKernel(NULL, 1, stream, NULL, &good), INVALID);
    assert_int_equal(rtsLaunchCpuKernel(bench->note, 1, stream, &attributes, &good), INVALID);
    assert_int_equal(rtsLaunchCpuKernel(bench->note, 1, stream, NULL, NULL), INVALID);
    assert_int_equal(rtsLaunchCpuKernel(bench->note, 1, stream, NULL, &absent), INVALID);
    assert_int_equal(rtsLaunchCpuKernel(bench->note, 1, stream, NULL, &empty), INVALID);
    assert_int_equal(rtsLaunchCpuKernel(bench->note, 1, NULL, NULL, &good), INVALID);
}

/* Arguments of the built-in kernels: the two names are texts inside of them. */
struct server_args {
    uint8_t kernel_args[64];
    char library[32];
    char kernel[32];
};

static int launch_server(const struct bench *bench, const rtAicpuArgsEx_t *args, uint32_t type, uint32_t blocks)
{
    return rtAicpuKernelLaunchExWithArgs(type, "op", blocks, args, NULL, bench->rig.aicpu, 0);
}

static void test_server_launch(void **state)
{
    const struct bench *bench = *state;
    struct server_args block = {.library = "libaicpu_extend_kernels.so", .kernel = "DynTileFwkKernelServer"};
    const rtAicpuArgsEx_t good = {.args = &block,
                                  .argsSize = sizeof(block),
                                  .soNameAddrOffset = offsetof(struct server_args, library),
                                  .kernelNameAddrOffset = offsetof(struct server_args, kernel)};
    rtAicpuArgsEx_t args = good;
    const uint32_t kfc = KERNEL_TYPE_AICPU_KFC;
    rtStream_t stream = bench->rig.aicpu;
    assert_int_equal(rtAicpuKernelLaunchExWithArgs(kfc, NULL, 1, &args, NULL, stream, 0), INVALID);
    assert_int_equal(rtAicpuKernelLaunchExWithArgs(kfc, "op", 1, &args, &args, stream, 0), INVALID);
    assert_int_equal(rtAicpuKernelLaunchExWithArgs(kfc, "op", 1, NULL, NULL, stream, 0), INVALID);
    assert_int_equal(rtAicpuKernelLaunchExWithArgs(kfc, "op", 1, &args, NULL, NULL, 0), INVALID);
    assert_int_equal(launch_server(bench, &args, kfc, 0), INVALID);
    assert_int_equal(launch_server(bench, &args, kfc, 7), INVALID);
    assert_int_equal(launch_server(bench, &args, kfc + 1, 1), DRIVER_NOT_SUPPORTED);
    args.argsSize = 40;
    assert_int_equal(launch_server(bench, &args, kfc, 1), INVALID);
    args = good;
    args.soNameAddrOffset = sizeof(block);
    assert_int_equal(launch_server(bench, &args, kfc, 1), INVALID);
    args.soNameAddrOffset = offsetof(struct server_args, kernel); /* another library */
    assert_int_equal(launch_server(bench, &args, kfc, 1), INVALID);
    args = good;
    args.kernelNameAddrOffset = UINT32_MAX;
    assert_int_equal(launch_server(bench, &args, kfc, 1), INVALID);
    args.kernelNameAddrOffset = offsetof(struct server_args, library); /* another kernel */
    assert_int_equal(launch_server(bench, &args, kfc, 1), INVALID);
    args = good;
    memset(block.kernel, 'x', sizeof(block.kernel)); /* does not end */
    assert_int_equal(launch_server(bench, &args, kfc, 1), INVALID);
}

static void test_registers(void **state)
{
    (void)state;
    struct AddrMapInPara in = {.addr_type = ADDR_MAP_TYPE_REG_AIC_PMU_CTRL};
    struct AddrMapOutPara out;
    struct res_map_info resource = {.res_type = RES_AICORE};
    unsigned long address = 1;
    unsigned int length = 1;
    uint64_t base = 1;
    uint32_t bytes = 1;
    size_t out_bytes = 0;
    assert_int_equal(halMemCtl(1, &in, sizeof(in), &out, NULL), INVALID);
    assert_int_equal(halMemCtl(0, NULL, sizeof(in), &out, NULL), INVALID);
    assert_int_equal(halMemCtl(0, &in, sizeof(in) - 1, &out, NULL), INVALID);
    assert_int_equal(halMemCtl(0, &in, sizeof(in), NULL, NULL), INVALID);
    assert_int_equal(halMemCtl(0, &in, sizeof(in), &out, &out_bytes), 0);
    assert_int_equal(out_bytes, sizeof(out));
    assert_int_equal(halResMap(0, NULL, &address, &length), INVALID);
    assert_int_equal(halResMap(0, &resource, NULL, &length), INVALID);
    assert_int_equal(halResMap(0, &resource, &address, NULL), INVALID);
    assert_int_equal(halResMap(77, &resource, &address, &length), INVALID);
    assert_int_equal(address + length, 0);
    resource.res_type++;
    assert_int_equal(halResMap(0, &resource, &address, &length), INVALID);
    assert_int_equal(rtGetC2cCtrlAddr(NULL, &bytes), INVALID);
    assert_int_equal(rtGetC2cCtrlAddr(&base, NULL), INVALID);
    rig_fault("driver.c2c", 1, ENOMEM, 0);
    assert_int_equal(rtGetC2cCtrlAddr(&base, &bytes), DRIVER_OUT_OF_MEMORY);
    assert_int_equal(base + bytes, 0);
    fault_plan_clear();
    assert_int_equal(rtGetC2cCtrlAddr(&base, &bytes), 0);
    uint64_t first = base;
    assert_int_equal(rtGetC2cCtrlAddr(&base, &bytes), 0);
    assert_int_equal(base, first);
}

static void test_stream_limits(void **state)
{
    const struct bench *bench = *state;
    uint32_t value = 1;
    assert_int_equal(aclrtGetStreamResLimit(NULL, ACL_RT_DEV_RES_CUBE_CORE, &value), INVALID);
    assert_int_equal(value, 0);
    assert_int_equal(aclrtGetStreamResLimit(bench->rig.cores, ACL_RT_DEV_RES_CUBE_CORE, NULL), INVALID);
    rig_fault("driver.aclrtGetStreamResLimit", 1, DRIVER_NOT_SUPPORTED, 0);
    assert_int_equal(aclrtGetStreamResLimit(bench->rig.cores, ACL_RT_DEV_RES_CUBE_CORE, &value), DRIVER_NOT_SUPPORTED);
}

/* Sessions, and a device that nobody uses: nothing to find, nothing to change. */
static void test_sessions(void **state)
{
    (void)state;
    struct npu_driver_session *session = NULL;
    struct npu_driver_statistics statistics = {.streams = 1};
    assert_int_equal(npu_driver_session_open(-1, &npu_arch_a2a3, &session), -EINVAL);
    assert_int_equal(npu_driver_session_open(1, NULL, &session), -EINVAL);
    assert_int_equal(npu_driver_set_capacity(55, 1 << 20), -ENOENT);
    npu_driver_statistics(55, &statistics);
    assert_int_equal(statistics.streams, 0);
    npu_driver_session_close(NULL);
    static const char *const sites[] = {"driver.device", "driver.session", "driver.code"};
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        rig_fault(sites[i], 1, ENOMEM, 0);
        assert_int_equal(npu_driver_session_open(55, &npu_arch_a2a3, &session), -ENOMEM);
        rig_fault(sites[i], 1, ENOMEM, 0);
        assert_int_equal(rtSetDevice(55), DRIVER_OUT_OF_MEMORY);
    }
    fault_plan_clear();
    rig_fault("driver.aclFinalize", 1, DRIVER_NOT_SUPPORTED, 0);
    assert_int_equal(aclFinalize(), DRIVER_NOT_SUPPORTED);
}

/* Records of a launch: not in the queue without them, and a fault of the launch (R17). */
static void test_launches_without_memory(void **state)
{
    (void)state;
    struct driver_rig rig;
    for (int which = 0; which < 2; which++) {
        rtFuncHandle note;
        rtFuncHandle meet;
        rig_open(&rig, 1, &npu_arch_a2a3);
        rig_install("memory.so", "program");
        (void)rig_program("memory.so", &note, &meet);
        void *image = rig_image("cores");
        const struct driver_order order = {.board = rig.board};
        rig_fault("driver.task", 1, ENOMEM, 0);
        assert_int_equal(which == 0 ? rig_launch(note, 1, rig.aicpu, &order)
                                    : rig_launch_cores(image, 1, rig.cores, rig.board),
                         DRIVER_OUT_OF_MEMORY);
        assert_int_equal(rig_statistics(&rig).pending, 0);
        assert_int_equal(rig_statistics(&rig).first_fault, DRIVER_OUT_OF_MEMORY);
        rig_close(&rig);
    }
}

/* A chip without memory for its registers: of a mapping an error, of a run one that says so. */
static void test_registers_without_memory(void **state)
{
    (void)state;
    struct driver_rig rig;
    struct AddrMapInPara in = {.addr_type = ADDR_MAP_TYPE_REG_AIC_CTRL, .devid = 1};
    const struct res_map_info resource = {.res_type = RES_AICORE};
    struct AddrMapOutPara out;
    unsigned long address = 1;
    unsigned int length = 1;
    rig_open(&rig, 1, &npu_arch_a2a3);
    void *image = rig_image("cores");
    rig_fault("driver.registers", 1, ENOMEM, 0);
    assert_int_equal(halMemCtl(0, &in, sizeof(in), &out, NULL), DRIVER_OUT_OF_MEMORY);
    rig_fault("driver.registers", 1, ENOMEM, 0);
    assert_int_equal(halResMap(1, &resource, &address, &length), DRIVER_OUT_OF_MEMORY);
    assert_int_equal(address, 0);
    rig.board->signal = 1;
    assert_int_equal(rig_launch_cores(image, 1, rig.cores, rig.board), 0);
    rig_fault("driver.registers", 1, ENOMEM, 0);
    assert_int_equal(rtStreamSynchronize(rig.cores), DRIVER_OUT_OF_MEMORY);
    assert_non_null(strstr(npu_driver_session_last_run(rig.session)->text, "no memory for the registers"));
    rig_close(&rig);
}

/* Sizes that wrap around never reach the machine. */
static void test_memory_that_wraps(void **state)
{
    (void)state;
    void *address = NULL;
    assert_int_equal(npu_memory_get("test.memory", UINT64_MAX, 64, false, &address), -ENOMEM);
    assert_int_equal(npu_memory_get("test.memory", UINT64_MAX - 4096, 64, false, &address), -ENOMEM);
    assert_null(address);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_image),
        CASE(test_binary),
        CASE(test_core_launch),
        CASE(test_function_launch),
        CASE(test_server_launch),
        CASE(test_registers),
        CASE(test_stream_limits),
        CASE(test_sessions),
        cmocka_unit_test(test_launches_without_memory),
        cmocka_unit_test(test_registers_without_memory),
        cmocka_unit_test(test_memory_that_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
