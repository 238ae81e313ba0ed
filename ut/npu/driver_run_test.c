/* SPDX-License-Identifier: Apache-2.0 */
/* Streams and runs: what runs when, at once or in order, on which cores; and binaries by name (host.md 4.3, 4.5; R15).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/kernel_args.h"
#include "base/fault.h"
#include "exec/exec.h"
#include "ut/npu/driver_rig.h"

static void use_threads_engine(struct driver_rig *rig, enum exec_kind kind)
{
    const struct exec_options options = {.kind = kind};
    assert_int_equal(npu_driver_session_set_engine(rig->session, &options), 0);
}

/* The AICPU waits for the cores and the cores for the AICPU: both launches must be on the device at once. */
static void meet_on(enum exec_kind kind)
{
    struct driver_rig rig;
    rtFuncHandle note;
    rtFuncHandle meet;
    rig_open(&rig, 0, &npu_arch_a2a3);
    use_threads_engine(&rig, kind);
    rig_install("meet.so", "program");
    (void)rig_program("meet.so", &note, &meet);
    void *image = rig_image("cores");
    const struct driver_order order = {.board = rig.board};
    assert_int_equal(rig_launch(note, 1, rig.aicpu, &order), 0);
    assert_int_equal(rig_launch(meet, 6, rig.aicpu, &order), 0);
    assert_int_equal(rig_launch_cores(image, 2, rig.cores, rig.board), 0);
    assert_int_equal(rig.board->calls, 0); /* nothing runs before somebody waits for it */
    assert_int_equal(rig_statistics(&rig).pending, 3);
    assert_int_equal(rtStreamSynchronizeWithTimeout(rig.aicpu, 2000), 0);
    assert_int_equal(rtStreamSynchronizeWithTimeout(rig.cores, 2000), 0);
    assert_int_equal(rig.board->calls, 7);
    assert_int_equal(rig.board->answers, 6);
    assert_int_equal(rig_statistics(&rig).pending, 0);
    assert_int_equal(rig_statistics(&rig).runs, 1);
    assert_int_equal(npu_driver_session_last_run(rig.session)->outcome.end, EXEC_END_OK);
    rig_close(&rig);
}

static void test_streams_run_at_once_on_fibers(void **state)
{
    (void)state;
    meet_on(EXEC_FIBERS);
}

static void test_streams_run_at_once_on_threads(void **state)
{
    (void)state;
    meet_on(EXEC_THREADS);
}

static void test_a_stream_keeps_its_order(void **state)
{
    (void)state;
    struct driver_rig rig;
    rtFuncHandle note;
    rtFuncHandle meet;
    rig_open(&rig, 0, &npu_arch_a2a3);
    rig_install("order.so", "program");
    (void)rig_program("order.so", &note, &meet);
    static const uint32_t widths[4] = {3, 1, 6, 2};
    for (int i = 0; i < 4; i++) {
        const struct driver_order order = {.board = rig.board, .step = i, .result = i == 2 ? -5 : i == 3 ? -6 : 0};
        assert_int_equal(rig_launch(note, widths[i], rig.aicpu, &order), 0);
    }
    assert_int_equal(rtStreamSynchronize(rig.aicpu), 0);
    assert_int_equal(rig.board->steps[0], 3); /* the last of three */
    assert_int_equal(rig.board->steps[1], 4);
    assert_int_equal(rig.board->steps[2], 10);
    assert_int_equal(rig.board->steps[3], 12);
    /* A function that returns non-zero is no fault; the first one is told. */
    assert_int_equal(npu_driver_session_last_run(rig.session)->first_result, -5);
    assert_int_equal(rig_statistics(&rig).first_fault, 0);
    assert_int_equal(rtStreamSynchronize(rig.aicpu), 0); /* nothing to do */
    assert_int_equal(rig_statistics(&rig).runs, 1);
    rig_close(&rig);
}

/* Two streams want more cores than the chip has: one after the other. */
static void test_cores_are_not_shared(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *image = rig_image("cores");
    rig.board->signal = 1;
    assert_int_equal(rig_launch_cores(image, 20, rig.aicpu, rig.board), 0);
    assert_int_equal(rig_launch_cores(image, 24, rig.cores, rig.board), 0);
    assert_int_equal(rtStreamSynchronize(rig.aicpu), 0);
    assert_int_equal(rig_statistics(&rig).runs, 2);
    assert_int_equal(rig.board->answers, 60 + 72);
    /* Together they fit. */
    assert_int_equal(rig_launch_cores(image, 1, rig.aicpu, rig.board), 0);
    assert_int_equal(rig_launch_cores(image, 24, rig.cores, rig.board), 0);
    assert_int_equal(rtStreamSynchronize(rig.cores), 0);
    assert_int_equal(rig_statistics(&rig).runs, 3);
    rig_close(&rig);
}

static void test_streams_live_and_die(void **state)
{
    (void)state;
    struct driver_rig rig;
    rtStream_t stream = NULL;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *image = rig_image("cores");
    assert_int_equal(rtStreamCreate(NULL, 0), DRIVER_INVALID_PARAMETER);
    assert_int_equal(aclrtCreateStream(&stream), 0);
    rig.board->signal = 1;
    assert_int_equal(rig_launch_cores(image, 1, stream, rig.board), 0);
    assert_int_equal(aclrtDestroyStream(stream), DRIVER_STREAM_BUSY);
    assert_int_equal(aclrtSynchronizeStreamWithTimeout(stream, 1000), 0);
    assert_int_equal(aclrtDestroyStream(stream), 0);
    assert_int_equal(aclrtDestroyStream(stream), DRIVER_INVALID_PARAMETER);
    assert_int_equal(aclrtSynchronizeStream(stream), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtStreamSynchronizeWithTimeout(rig.aicpu, -2), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rig_launch_cores(image, 1, stream, rig.board), DRIVER_INVALID_PARAMETER);
    rig_close(&rig);
}

static void test_launch_arguments(void **state)
{
    (void)state;
    struct driver_rig rig;
    rtFuncHandle note;
    rtFuncHandle meet;
    uint64_t args = 0;
    rig_open(&rig, 0, &npu_arch_a2a3);
    rig_install("arguments.so", "program");
    rtBinHandle binary = rig_program("arguments.so", &note, &meet);
    void *image = rig_image("cores");
    const struct driver_order order = {.board = rig.board};
    assert_int_equal(rig_launch(note, 0, rig.aicpu, &order), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rig_launch(note, 7, rig.aicpu, &order), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rig_launch(&args, 1, rig.aicpu, &order), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rig_launch_cores(image, 0, rig.cores, rig.board), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rig_launch_cores(image, 25, rig.cores, rig.board), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rig_launch_cores(note, 1, rig.cores, rig.board), DRIVER_INVALID_PARAMETER);
    const rtCpuKernelArgs_t large = {.baseArgs = {.args = &args, .argsSize = DRIVER_KERNEL_ARGS_BYTES_MAX + 1}};
    assert_int_equal(rtsLaunchCpuKernel(note, 1, rig.aicpu, NULL, &large), DRIVER_INVALID_PARAMETER);
    const rtArgsEx_t wide = {.args = &args, .argsSize = 16};
    assert_int_equal(rtKernelLaunchWithHandleV2(image, 0, 1, &wide, NULL, rig.cores, NULL), DRIVER_INVALID_PARAMETER);
    rtFuncHandle none = &args;
    assert_int_equal(rtsFuncGetByName(binary, "other_op", &none), DRIVER_INVALID_PARAMETER);
    assert_null(none);
    assert_int_equal(rtsBinaryUnload(binary), 0);
    assert_int_equal(rtsBinaryUnload(binary), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtsFuncGetByName(binary, "note_op", &none), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rig_launch(note, 1, rig.aicpu, &order), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rig_statistics(&rig).pending, 0);
    rig_close(&rig);
}

#define CLIENT_RUNS 20

/* One of two clients of a device, on a thread of its own. */
struct client {
    pthread_t thread;
    int code; /* sum of all codes */
    uint32_t answers;
};

static void *run_as_client(void *argument)
{
    struct client *client = argument;
    struct npu_driver_session *session = NULL;
    rtStream_t stream = NULL;
    void *board = NULL;
    const struct driver_board start = {.signal = 1};
    client->code = npu_driver_session_open(0, &npu_arch_a2a3, &session);
    client->code += rtSetDevice(0);
    npu_driver_session_enter(session);
    client->code += rtStreamCreate(&stream, 0);
    client->code += rtMalloc(&board, sizeof(start), RT_MEMORY_HBM, PTO_MEMORY_RUNTIME);
    client->code += rtMemcpy(board, sizeof(start), &start, sizeof(start), RT_MEMCPY_HOST_TO_DEVICE);
    void *image = rig_image("cores");
    for (int i = 0; i < CLIENT_RUNS; i++) {
        client->code += rig_launch_cores(image, 24, stream, board);
        client->code += rtStreamSynchronize(stream);
    }
    client->answers = ((const struct driver_board *)board)->answers;
    client->code += rtFree(board);
    client->code += rtStreamDestroy(stream);
    npu_driver_session_close(session);
    return NULL;
}

/* R14: each wants all blocks, and neither notices the other. */
static void test_two_clients_of_a_device_run_at_once(void **state)
{
    (void)state;
    struct driver_rig rig;
    struct client clients[2];
    rig_open(&rig, 0, &npu_arch_a2a3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_as_client, &clients[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
        assert_int_equal(clients[i].code, 0);
        assert_int_equal(clients[i].answers, CLIENT_RUNS * 72);
    }
    assert_int_equal(rig_statistics(&rig).runs, 2 * CLIENT_RUNS);
    assert_int_equal(rig_statistics(&rig).images, 2); /* nobody can give them back (R15) */
    rig_close(&rig);
}

#define OP(name, body) "\"" name "\": {\"opInfo\": {" body "}}"
#define INFO(so, function, lib) \
    "\"kernelSo\": \"" so "\", \"functionName\": \"" function "\", \"opKernelLib\": \"" lib "\""

static void test_malformed_descriptions(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"op\": 1}",
        "{\"op\": {}}",
        "{" OP("op", "\"kernelSo\": \"a.so\"") "}",
        "{" OP("op", INFO("a.so", "", "AICPUKernel")) "}",
        "{" OP("op", INFO("", "f", "AICPUKernel")) "}",
        "{" OP("op", INFO("a.so", "f", "Other")) "}",
        "{" OP("op", INFO("../a.so", "f", "AICPUKernel")) "}",
        "{" OP("op", INFO("..", "f", "AICPUKernel")) "}",
        "{" OP("", INFO("a.so", "f", "AICPUKernel")) "}",
        "{" OP("good", INFO("a.so", "f", "AICPUKernel")) ", \"op\": {\"opInfo\": []}}",
        "{" OP("op", INFO("a.so", "f", "AICPUKernel")) "," OP("op", INFO("b.so", "f", "AICPUKernel")) "}",
    };
    struct driver_rig rig;
    rtBinHandle binary;
    rig_open(&rig, 0, &npu_arch_a2a3);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        binary = &rig;
        assert_int_equal(rig_load(bad[i], &binary), DRIVER_INVALID_PARAMETER);
        assert_null(binary);
    }
    assert_int_equal(rig_statistics(&rig).binaries, 0);
    rtLoadBinaryOption_t mode = {.optionId = RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE, .value = 1};
    const rtLoadBinaryConfig_t config = {.options = &mode, .numOpt = 1};
    assert_int_equal(rtsBinaryLoadFromFile("/nonexistent", &config, &binary), DRIVER_NOT_SUPPORTED);
    mode.value = 0;
    assert_int_equal(rtsBinaryLoadFromFile("/nonexistent", &config, &binary), DRIVER_INVALID_PARAMETER);
    assert_int_equal(rtsBinaryLoadFromFile(NULL, &config, &binary), DRIVER_INVALID_PARAMETER);
    /* The SO need not be there yet: it is looked for when an op runs. */
    assert_int_equal(rig_load("{" OP("op", INFO("not_there.so", "f", "AICPUKernel")) "}", &binary), 0);
    rig_close(&rig);
}

static uint32_t calls_of_one_note(struct driver_rig *rig, rtFuncHandle note)
{
    const struct driver_order order = {.board = rig->board};
    rig->board->calls = 0;
    assert_int_equal(rig_launch(note, 1, rig->aicpu, &order), 0);
    assert_int_equal(rtStreamSynchronize(rig->aicpu), 0);
    return rig->board->calls;
}

/* A path keeps its first image until every binary that names it is unloaded (host.md 4.3). */
static void test_the_first_image_of_a_path_stays(void **state)
{
    (void)state;
    struct driver_rig rig;
    rtFuncHandle note;
    rtFuncHandle other;
    rtFuncHandle meet;
    rig_open(&rig, 0, &npu_arch_a2a3);
    rig_install("latch.so", "program");
    rtBinHandle first = rig_program("latch.so", &note, &meet);
    assert_int_equal(calls_of_one_note(&rig, note), 1);
    rig_install("latch.so", "program_newer");
    rtBinHandle second = rig_program("latch.so", &other, &meet);
    assert_int_equal(calls_of_one_note(&rig, other), 1);
    assert_int_equal(rtsBinaryUnload(first), 0);
    assert_int_equal(calls_of_one_note(&rig, other), 1);
    assert_int_equal(rtsBinaryUnload(second), 0);
    (void)rig_program("latch.so", &note, &meet);
    assert_int_equal(calls_of_one_note(&rig, note), 10);
    rig_close(&rig);
}

/* Argument block of the built-in kernels. */
struct server_args {
    uint64_t unused[5];
    uint64_t device_args;
    struct driver_board *board;
    char kernel[32];
    char library[32];
};

static int launch_server(const struct driver_rig *rig, const char *kernel, const char *library, void *device_args)
{
    struct server_args block = {.device_args = (uintptr_t)device_args, .board = rig->board};
    (void)snprintf(block.kernel, sizeof(block.kernel), "%s", kernel);
    (void)snprintf(block.library, sizeof(block.library), "%s", library);
    const rtAicpuArgsEx_t args = {.args = &block,
                                  .argsSize = sizeof(block),
                                  .soNameAddrOffset = offsetof(struct server_args, library),
                                  .kernelNameAddrOffset = offsetof(struct server_args, kernel)};
    return rtAicpuKernelLaunchExWithArgs(KERNEL_TYPE_AICPU_KFC, "AST_DYN_AICPU", 1, &args, NULL, rig->aicpu, 0);
}

static void test_the_kernel_server(void **state)
{
    (void)state;
    static const char library[] = "libaicpu_extend_kernels.so";
    struct driver_rig rig;
    size_t size;
    void *so = NULL;
    void *device_args = NULL;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *bytes = rig_fixture("server", &size);
    assert_int_equal(rtMalloc(&so, size, RT_MEMORY_HBM, PTO_MEMORY_PROGRAM), 0);
    assert_int_equal(rtMemcpy(so, size, bytes, size, RT_MEMCPY_HOST_TO_DEVICE), 0);
    free(bytes);
    const struct pto_device_args named = {.aicpu_so_bin = (uintptr_t)so, .aicpu_so_len = size};
    assert_int_equal(aclrtMalloc(&device_args, sizeof(named), 0), 0);
    assert_int_equal(aclrtMemcpy(device_args, sizeof(named), &named, sizeof(named), RT_MEMCPY_HOST_TO_DEVICE), 0);
    assert_int_equal(launch_server(&rig, "Other", library, device_args), DRIVER_INVALID_PARAMETER);
    assert_int_equal(launch_server(&rig, "DynTileFwkKernelServerInit", "other.so", device_args),
                     DRIVER_INVALID_PARAMETER);
    assert_int_equal(launch_server(&rig, "DynTileFwkKernelServerInit", library, device_args), 0);
    assert_int_equal(launch_server(&rig, "DynTileFwkKernelServer", library, device_args), 0);
    assert_int_equal(rtStreamSynchronize(rig.aicpu), 0);
    assert_int_equal(rig.board->calls, 101);
    assert_int_equal(npu_driver_session_last_run(rig.session)->first_result, 7);
    assert_int_equal(rig_statistics(&rig).loaded_programs, 1);
    /* It stays, whatever becomes of the memory it came from. */
    assert_int_equal(rtMemset(so, size, 0, size), 0);
    assert_int_equal(launch_server(&rig, "DynTileFwkKernelServerInit", library, device_args), 0);
    assert_int_equal(rtStreamSynchronize(rig.aicpu), 0);
    assert_int_equal(rig.board->calls, 102);
    rig_close(&rig);
}

/* A server that nobody loaded, or that is said to lie where no device memory is: found out when it is to run. */
static void test_no_kernel_server(void **state)
{
    (void)state;
    static const char library[] = "libaicpu_extend_kernels.so";
    struct pto_device_args bad = {.aicpu_so_bin = 4096, .aicpu_so_len = 64};
    for (int i = 0; i < 3; i++) {
        struct driver_rig rig;
        void *device_args = NULL;
        static const char *const texts[] = {"no kernel server was loaded", "device_args 0x10 is no device memory",
                                            "the SO at 0x1000 of 64 bytes is no device memory"};
        rig_open(&rig, 0, &npu_arch_a2a3);
        assert_int_equal(aclrtMalloc(&device_args, sizeof(bad), 0), 0);
        assert_int_equal(aclrtMemcpy(device_args, sizeof(bad), &bad, sizeof(bad), RT_MEMCPY_HOST_TO_DEVICE), 0);
        const char *kernel = i == 0 ? "DynTileFwkKernelServer" : "DynTileFwkKernelServerInit";
        assert_int_equal(launch_server(&rig, kernel, library, i == 1 ? (void *)16 : device_args), 0);
        assert_int_equal(rtStreamSynchronize(rig.aicpu), DRIVER_EXCEPTION);
        assert_non_null(strstr(npu_driver_session_last_run(rig.session)->text, texts[i]));
        rig_close(&rig);
    }
}

static void test_registering_fills_the_memory(void **state)
{
    (void)state;
    struct driver_rig rig;
    size_t size;
    void *handle = NULL;
    rtStream_t stream = NULL;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *bytes = rig_fixture("cores", &size);
    rtDevBinary_t binary = {.magic = RT_DEV_BINARY_MAGIC_ELF, .data = bytes, .length = size};
    uint64_t used = rig_statistics(&rig).in_use;
    assert_int_equal(npu_driver_set_capacity(0, used + 2 * size), 0);
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), 0);
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), 0);
    assert_int_equal(rig_statistics(&rig).image_bytes, 2 * size);
    assert_int_equal(rig_statistics(&rig).in_use, used + 2 * size);
    binary.length = 63;
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), DRIVER_INVALID_PARAMETER);
    binary.length = size;
    binary.magic++;
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), DRIVER_INVALID_PARAMETER);
    binary.magic--;
    ((uint8_t *)bytes)[4] = 1; /* 32 bits */
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), DRIVER_INVALID_PARAMETER);
    ((uint8_t *)bytes)[4] = 2;
    /* R15: no memory for an image, and then nothing works any more. */
    assert_int_equal(rtRegisterAllKernel(&binary, &handle), DRIVER_OUT_OF_MEMORY);
    assert_null(handle);
    assert_int_equal(rtStreamCreate(&stream, 0), DRIVER_POISONED);
    assert_int_equal(rig_statistics(&rig).first_fault, DRIVER_OUT_OF_MEMORY);
    free(bytes);
    rig_close(&rig);
}

/* Place of a core in the list that has, die by die, the AICs and then the AIVs (host.md section 6). */
static void check_cores(const struct npu_arch *arch, uint32_t cores_of_die)
{
    struct driver_rig rig;
    rig_open(&rig, 0, arch);
    void *image = rig_image("cores");
    rig.board->signal = 1;
    uint32_t blocks = arch->max_blocks;
    uint32_t cube = 0;
    uint32_t vector = 0;
    assert_int_equal(aclrtGetStreamResLimit(rig.cores, ACL_RT_DEV_RES_CUBE_CORE, &cube), 0);
    assert_int_equal(aclrtGetStreamResLimit(rig.cores, ACL_RT_DEV_RES_VECTOR_CORE, &vector), 0);
    assert_int_equal(aclrtGetStreamResLimit(rig.cores, 2, &vector), DRIVER_INVALID_PARAMETER);
    assert_int_equal(cube, blocks);
    assert_int_equal(rig_launch_cores(image, blocks, rig.cores, rig.board), 0);
    assert_int_equal(rtStreamSynchronize(rig.cores), 0);
    for (uint32_t worker = 0; worker < blocks * 3; worker++) {
        uint32_t core = worker < blocks ? worker : (worker - blocks) / 2;
        uint32_t sub = worker < blocks ? 0 : 1 + (worker - blocks) % 2;
        uint32_t die = core / cores_of_die;
        uint32_t i = core % cores_of_die;
        uint32_t expected = die * cores_of_die * 3 + (sub == 0 ? i : cores_of_die + 2 * i + sub - 1);
        const struct res_map_info resource = {.res_type = RES_AICORE, .res_id = core};
        unsigned long base = 0;
        unsigned int length = 1;
        assert_int_equal(rig.board->physical[worker], expected);
        assert_int_equal(halResMap(0, &resource, &base, &length), 0);
        assert_int_equal(length, arch->mapping.core_bytes);
        assert_int_equal(rig.board->registers[worker], base + sub * arch->mapping.sub_stride);
    }
    struct AddrMapInPara in = {.addr_type = ADDR_MAP_TYPE_REG_AIC_CTRL, .devid = 0};
    struct AddrMapOutPara out;
    assert_int_equal(halMemCtl(0, &in, sizeof(in), &out, NULL), 0);
    assert_int_equal(rig.board->registers[2], out.ptr + 2ull * arch->mapping.core_stride);
    in.devid = 4;
    assert_int_equal(halMemCtl(0, &in, sizeof(in), &out, NULL), DRIVER_INVALID_PARAMETER);
    assert_int_equal(out.ptr, 0);
    in = (struct AddrMapInPara){.addr_type = 99};
    assert_int_equal(halMemCtl(0, &in, sizeof(in), &out, NULL), DRIVER_INVALID_PARAMETER);
    const struct res_map_info beyond = {.res_type = RES_AICORE, .res_id = arch->max_physical_cores / 3};
    unsigned long base = 1;
    unsigned int length = 1;
    assert_int_equal(halResMap(0, &beyond, &base, &length), DRIVER_INVALID_PARAMETER);
    assert_int_equal(base, 0);
    uint64_t address = 0;
    uint32_t bytes = 0;
    assert_int_equal(rtGetC2cCtrlAddr(&address, &bytes), 0);
    assert_true(address != 0 && bytes != 0);
    assert_int_equal(rtFree((void *)(uintptr_t)address), DRIVER_INVALID_PARAMETER);
    rig_close(&rig);
}

static void test_cores_and_registers_a2a3(void **state)
{
    (void)state;
    check_cores(&npu_arch_a2a3, 25);
}

static void test_cores_and_registers_a5(void **state)
{
    (void)state;
    check_cores(&npu_arch_a5, 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_run_at_once_on_fibers),
        cmocka_unit_test(test_streams_run_at_once_on_threads),
        cmocka_unit_test(test_a_stream_keeps_its_order),
        cmocka_unit_test(test_cores_are_not_shared),
        cmocka_unit_test(test_streams_live_and_die),
        cmocka_unit_test(test_two_clients_of_a_device_run_at_once),
        cmocka_unit_test(test_launch_arguments),
        cmocka_unit_test(test_malformed_descriptions),
        cmocka_unit_test(test_the_first_image_of_a_path_stays),
        cmocka_unit_test(test_the_kernel_server),
        cmocka_unit_test(test_no_kernel_server),
        cmocka_unit_test(test_registering_fills_the_memory),
        cmocka_unit_test(test_cores_and_registers_a2a3),
        cmocka_unit_test(test_cores_and_registers_a5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
