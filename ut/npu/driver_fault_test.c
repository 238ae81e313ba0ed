/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong on the device: its codes, the poison and its end (R17, R33, R35), and what fault plans can do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "base/fault.h"
#include "exec/exec.h"
#include "ut/npu/driver_rig.h"

/* Runs the kernel at the address on core 0. */
static int run_kernel(struct driver_rig *rig, void *image, const uint8_t *callable)
{
    rig->board->signal = 1;
    rig->board->kernel = (uintptr_t)callable + PTO_CORE_CALLABLE_BINARY_OFFSET;
    assert_int_equal(rig_launch_cores(image, 1, rig->cores, rig->board), 0);
    return rtStreamSynchronizeWithTimeout(rig->cores, 2000);
}

/* Everything that needs the device says that it is poisoned; giving back works; the reset heals, and
 * closes the kernels that were loaded (D12). */
static void check_poison_and_heal(struct driver_rig *rig, int fault)
{
    void *handle = NULL;
    uint64_t address = 0;
    uint32_t bytes = 0;
    char byte = 0;
    struct AddrMapInPara in = {.addr_type = ADDR_MAP_TYPE_REG_AIC_CTRL, .devid = (uint32_t)rig->device};
    struct AddrMapOutPara out;
    const struct res_map_info resource = {.res_type = RES_AICORE};
    unsigned long base = 0;
    unsigned int length = 0;
    void *freed = rig->board;
    assert_int_equal(rig_statistics(rig).first_fault, fault);
    assert_int_equal(rtMalloc(&handle, 64, RT_MEMORY_HBM, 0), DRIVER_POISONED);
    assert_int_equal(rtMemcpy(&byte, 1, rig->board, 1, RT_MEMCPY_DEVICE_TO_HOST), DRIVER_POISONED);
    assert_int_equal(rtMemset(rig->board, 1, 0, 1), DRIVER_POISONED);
    assert_int_equal(rtStreamCreate(&handle, 0), DRIVER_POISONED);
    assert_int_equal(rtStreamSynchronize(rig->cores), DRIVER_POISONED);
    assert_int_equal(rig_launch_cores(NULL, 1, rig->cores, rig->board), DRIVER_POISONED);
    assert_int_equal(rtGetC2cCtrlAddr(&address, &bytes), DRIVER_POISONED);
    assert_int_equal(halMemCtl(0, &in, sizeof(in), &out, NULL), DRIVER_REGISTER_POISONED);
    assert_int_equal(halResMap((unsigned int)rig->device, &resource, &base, &length), DRIVER_REGISTER_POISONED);
    assert_int_equal(rtStreamDestroy(rig->aicpu), 0);
    assert_int_equal(rtFree(freed), 0);
    assert_int_equal(rtSetDevice(rig->device), 0);
    assert_int_equal(rtMalloc(&handle, 64, RT_MEMORY_HBM, 0), DRIVER_POISONED);
    assert_int_equal(rtDeviceReset(rig->device), 0);
    rig_again(rig);
    void *image = rig_image("cores");
    uint8_t *callable = rig_callable("kernel_add");
    assert_int_equal(run_kernel(rig, image, callable), 0);
    assert_int_equal(rig->board->sum, 7);
}

/* R35: the image is loaded from device memory when it is first executed, and again when that memory has changed. */
static void test_kernels_execute_from_device_memory(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *image = rig_image("cores");
    uint8_t *callable = rig_callable("kernel_add");
    assert_int_equal(rig_statistics(&rig).loaded_kernels, 0);
    assert_int_equal(run_kernel(&rig, image, callable), 0);
    assert_int_equal(run_kernel(&rig, image, callable), 0);
    assert_int_equal(rig.board->sum, 14);
    assert_int_equal(rig_statistics(&rig).kernel_loads, 1);
    assert_int_equal(rig_put_callable(callable, "kernel_more"), 0);
    assert_int_equal(rig_statistics(&rig).loaded_kernels, 0);
    assert_int_equal(run_kernel(&rig, image, callable), 0);
    assert_int_equal(rig.board->sum, 84);
    assert_int_equal(rig_statistics(&rig).kernel_loads, 2);
    /* Other memory may change. */
    assert_int_equal(rtMemset(rig.board->visits, 8, 0, 8), 0);
    assert_int_equal(rig_statistics(&rig).loaded_kernels, 1);
    assert_int_equal(rtFree(callable), 0);
    assert_int_equal(rig_statistics(&rig).loaded_kernels, 0);
    assert_int_equal(run_kernel(&rig, image, callable), DRIVER_EXCEPTION);
    rig_close(&rig);
}

static void test_no_loadable_kernel_is_an_exception(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *image = rig_image("cores");
    uint8_t *callable = rig_callable("kernel_add");
    uint8_t junk[16] = {0};
    assert_int_equal(
        rtMemcpy(callable + PTO_CORE_CALLABLE_BINARY_OFFSET, 16, junk, sizeof(junk), RT_MEMCPY_HOST_TO_DEVICE), 0);
    assert_int_equal(run_kernel(&rig, image, callable), DRIVER_EXCEPTION);
    assert_true(strlen(npu_driver_session_last_run(rig.session)->text) > 20);
    check_poison_and_heal(&rig, DRIVER_EXCEPTION);
    image = rig_image("cores");
    callable = rig_callable("kernel_add");
    const struct pto_core_callable beyond = {.binary_size = 1u << 30};
    assert_int_equal(rtMemcpy(callable, sizeof(beyond), &beyond, sizeof(beyond), RT_MEMCPY_HOST_TO_DEVICE), 0);
    assert_int_equal(run_kernel(&rig, image, callable), DRIVER_EXCEPTION);
    rig_close(&rig);
}

/* D13, R35: an image without the kernel's entry is loaded, found out, and closed again. */
static void test_a_kernel_without_an_entry_stays_nowhere(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *image = rig_image("cores");
    assert_int_equal(run_kernel(&rig, image, rig_callable("server")), DRIVER_EXCEPTION);
    assert_non_null(strstr(npu_driver_session_last_run(rig.session)->text, "kernel_entry"));
    assert_int_equal(rig_statistics(&rig).loaded_kernels, 0);
    check_poison_and_heal(&rig, DRIVER_EXCEPTION);
    rig_close(&rig); /* which counts the open images */
}

static void test_a_crash_is_an_exception(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *image = rig_image("cores");
    assert_int_equal(run_kernel(&rig, image, rig_callable("kernel_crash")), DRIVER_EXCEPTION);
    assert_int_equal(npu_driver_session_last_run(rig.session)->outcome.end, EXEC_END_USER_FAULT);
    check_poison_and_heal(&rig, DRIVER_EXCEPTION);
    rig_close(&rig);
}

static void test_an_endless_kernel_times_out(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *image = rig_image("cores");
    assert_int_equal(aclrtSetOpExecuteTimeOutV2(1000, NULL), 0);
    assert_int_equal(run_kernel(&rig, image, rig_callable("kernel_spin")), DRIVER_TIMEOUT);
    assert_int_equal(npu_driver_session_last_run(rig.session)->outcome.end, EXEC_END_OP_TIMEOUT);
    check_poison_and_heal(&rig, DRIVER_TIMEOUT);
    rig_close(&rig);
}

static void test_waiting_for_nothing_times_out(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *image = rig_image("cores");
    /* The cores wait for a signal of the AICPU, which was not launched. */
    assert_int_equal(rig_launch_cores(image, 1, rig.cores, rig.board), 0);
    assert_int_equal(rtStreamSynchronize(rig.cores), DRIVER_TIMEOUT);
    assert_int_equal(npu_driver_session_last_run(rig.session)->outcome.end, EXEC_END_DEADLOCK);
    check_poison_and_heal(&rig, DRIVER_TIMEOUT);
    rig_close(&rig);
}

static int run_note(struct driver_rig *rig, const char *file)
{
    rtFuncHandle note;
    rtFuncHandle meet;
    const struct driver_order order = {.board = rig->board};
    (void)rig_program(file, &note, &meet);
    assert_int_equal(rig_launch(note, 1, rig->aicpu, &order), 0);
    return rtStreamSynchronize(rig->aicpu);
}

static void test_unusable_programs_are_exceptions(void **state)
{
    (void)state;
    struct driver_rig rig;
    size_t size;
    void *bytes = rig_fixture("program", &size);
    assert_true(size > 4096);
    rig_install_bytes("truncated.so", bytes, 1024); /* the headers, and nothing of what they name */
    free(bytes);
    rig_install("nameless.so", "kernel_add"); /* lacks the function */
    static const char *const files[] = {"absent.so", "truncated.so", "nameless.so"};
    rig_open(&rig, 0, &npu_arch_a2a3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(run_note(&rig, files[i]), DRIVER_EXCEPTION);
        assert_true(strlen(npu_driver_session_last_run(rig.session)->text) > 20);

        check_poison_and_heal(&rig, DRIVER_EXCEPTION);
        assert_int_equal(rtDeviceReset(0), 0);
        rig_again(&rig);
    }
    /* An AICore image without its entry. */
    assert_int_equal(rig_launch_cores(rig_image("kernel_add"), 1, rig.cores, rig.board), 0);
    assert_int_equal(rtStreamSynchronize(rig.cores), DRIVER_EXCEPTION);
    rig_close(&rig);
}

/* The second of two queued functions cannot be loaded: the first one has run by then. */
static void test_a_later_program_fails_in_its_turn(void **state)
{
    (void)state;
    struct driver_rig rig;
    rtFuncHandle note;
    rtFuncHandle absent;
    rtFuncHandle meet;
    rig_open(&rig, 0, &npu_arch_a2a3);
    rig_install("present.so", "program");
    (void)rig_program("present.so", &note, &meet);
    (void)rig_program("absent.so", &absent, &meet);
    const struct driver_order order = {.board = rig.board};
    assert_int_equal(rig_launch(note, 2, rig.aicpu, &order), 0);
    assert_int_equal(rig_launch(absent, 1, rig.aicpu, &order), 0);
    assert_int_equal(rtStreamSynchronize(rig.aicpu), DRIVER_EXCEPTION);
    assert_int_equal(rig.board->calls, 2);
    assert_int_equal(rig_statistics(&rig).pending, 0);
    rig_close(&rig);
}

static void test_two_sessions_share_the_poison_and_nothing_else(void **state)
{
    (void)state;
    struct driver_rig rig;
    struct driver_rig other;
    void *address = NULL;
    rig_open(&rig, 0, &npu_arch_a2a3);
    rig_open(&other, 0, &npu_arch_a2a3);
    npu_driver_session_enter(rig.session);
    void *image = rig_image("cores");
    rig.board->signal = 1;
    assert_int_equal(rig_launch_cores(image, 1, rig.cores, rig.board), 0);
    /* The other session has nothing to run. */
    assert_int_equal(rtStreamSynchronize(other.cores), 0);
    assert_int_equal(rig_statistics(&rig).pending, 1);
    assert_int_equal(rtStreamSynchronize(rig.cores), 0);
    assert_int_equal(run_kernel(&rig, image, rig_callable("kernel_crash")), DRIVER_EXCEPTION);
    npu_driver_session_enter(other.session);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM, 0), DRIVER_POISONED);
    /* Another device is sound. */
    assert_int_equal(rtSetDevice(1), 0);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM, 0), 0);
    assert_int_equal(rtDeviceReset(1), 0);
    rig_close(&rig);
    rig_close(&other);
}

static void test_planned_errors(void **state)
{
    (void)state;
    struct driver_rig rig;
    void *address = &rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    rig_fault("driver.rtMalloc", 2, ENOMEM, 0);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM, 0), 0);
    assert_int_equal(rtFree(address), 0);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM, 0), DRIVER_OUT_OF_MEMORY);
    assert_null(address);
    assert_int_equal(rig_statistics(&rig).first_fault, 0);
    rig_fault("driver.rtMemcpy", 1, EIO, 0);
    assert_int_equal(rtMemcpy(rig.board, 1, "x", 1, RT_MEMCPY_HOST_TO_DEVICE), EIO);
    struct AddrMapInPara in = {.addr_type = ADDR_MAP_TYPE_REG_AIC_CTRL, .devid = 0};
    struct AddrMapOutPara out;
    rig_fault("driver.halMemCtl", 1, DRIVER_REGISTER_BUSY, 0);
    assert_int_equal(halMemCtl(0, &in, sizeof(in), &out, NULL), DRIVER_REGISTER_BUSY);
    assert_int_equal(out.ptr, 0);
    assert_int_equal(halMemCtl(0, &in, sizeof(in), &out, NULL), 0);
    assert_int_equal(rig_statistics(&rig).first_fault, 0);
    rig_fault("driver.rtStreamSynchronize", 1, DRIVER_INTERNAL, 0);
    assert_int_equal(rtStreamSynchronize(rig.aicpu), DRIVER_INTERNAL);
    fault_plan_clear();
    check_poison_and_heal(&rig, DRIVER_INTERNAL);
    rig_close(&rig);
}

static void test_planned_lies(void **state)
{
    (void)state;
    struct driver_rig rig;
    void *address = &rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    void *image = rig_image("cores");
    rig_fault("driver.rtMalloc", 1, 0, DRIVER_FAULT_LIE);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM, 0), 0);
    assert_null(address);
    rig_fault("driver.rtMemset", 1, 0, DRIVER_FAULT_LIE);
    assert_int_equal(rtMemset(&rig.board->sum, 1, 5, 1), 0);
    assert_int_equal(rig.board->sum, 0);
    rig_fault("driver.rtKernelLaunchWithHandleV2", 1, 0, DRIVER_FAULT_LIE);
    assert_int_equal(rig_launch_cores(image, 1, rig.cores, rig.board), 0);
    assert_int_equal(rig_statistics(&rig).pending, 0);
    rig.board->signal = 1;
    assert_int_equal(rig_launch_cores(image, 1, rig.cores, rig.board), 0);
    rig_fault("driver.rtStreamSynchronize", 1, 0, DRIVER_FAULT_LIE);
    assert_int_equal(rtStreamSynchronize(rig.cores), 0);
    assert_int_equal(rig_statistics(&rig).pending, 1);
    assert_int_equal(rtStreamSynchronize(rig.cores), 0);
    assert_int_equal(rig.board->answers, 3);
    rig_close(&rig);
}

static void hang_a_launch(enum exec_kind kind)
{
    struct driver_rig rig;
    rig_open(&rig, 0, &npu_arch_a2a3);
    const struct exec_options options = {.kind = kind, .op_limit_ns = 2000000, .deadline_scale = 1};
    assert_int_equal(npu_driver_session_set_engine(rig.session, &options), 0);
    void *image = rig_image("cores");
    rig_fault("driver.rtKernelLaunchWithHandleV2", 1, 0, DRIVER_FAULT_HANG);
    rig.board->signal = 1;
    assert_int_equal(rig_launch_cores(image, 1, rig.cores, rig.board), 0);
    assert_int_equal(rtStreamSynchronize(rig.cores), DRIVER_TIMEOUT);
    assert_int_equal(rig.board->answers, 0);
    fault_plan_clear();
    assert_int_equal(rtDeviceReset(0), 0);
    rig_again(&rig);
    rig_close(&rig);
}

static void test_planned_hangs(void **state)
{
    (void)state;
    struct driver_rig rig;
    void *address = NULL;
    hang_a_launch(EXEC_FIBERS);
    hang_a_launch(EXEC_THREADS);
    rig_open(&rig, 0, &npu_arch_a2a3);
    rig_fault("driver.rtMalloc", 1, 0, DRIVER_FAULT_HANG);
    assert_int_equal(rtMalloc(&address, 64, RT_MEMORY_HBM, 0), DRIVER_TIMEOUT);
    fault_plan_clear();
    check_poison_and_heal(&rig, DRIVER_TIMEOUT);
    rig_close(&rig);
}

struct joined {
    struct driver_rig *rig;
    void *image;
    int code;
    int32_t device; /* that the processor named */
};

/* R14: a synchronisation inside a processor joins its engine, and leaves the thread's device as it was. */
static void synchronise_inside(void *argument)
{
    struct joined *joined = argument;
    void *address = NULL;
    joined->code = rtSetDevice(joined->device);
    npu_driver_session_enter(joined->rig->session);
    joined->code += rig_launch_cores(joined->image, 1, joined->rig->cores, joined->rig->board);
    joined->code += rtStreamSynchronize(joined->rig->cores);
    /* The other processor has named another device meanwhile. */
    joined->code += rtMalloc(&address, 64, RT_MEMORY_HBM, 0);
    joined->code += rtMemset(joined->rig->board->visits, 4, 0, 4);
    joined->code += rtFree(address);
}

static void test_processors_join_their_engine(void **state)
{
    (void)state;
    struct driver_rig rigs[2];
    struct joined joined[2];
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    assert_int_equal(exec_engine_create(NULL, &engine), 0);
    assert_int_equal(exec_group_create(engine, "hosts", &group), 0);
    for (int i = 0; i < 2; i++) {
        rig_open(&rigs[i], i, &npu_arch_a2a3);
        joined[i] = (struct joined){.rig = &rigs[i], .image = rig_image("cores"), .device = i};
        rigs[i].board->signal = 1;
        assert_int_equal(exec_spawn(group, "host", EXEC_ORCHESTRATION_STACK_BYTES, synchronise_inside, &joined[i]), 0);
    }
    assert_int_equal(exec_group_run(group, &outcome), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(joined[i].code, 0);
        assert_int_equal(rigs[i].board->answers, 3);
    }
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    assert_int_equal(rtDeviceReset(1), 0);
    rig_close(&rigs[0]);
    rig_close(&rigs[1]);
}

/* Two hosts of one engine: one has the device reset while the other one's run is under way. */
struct reset_hosts {
    struct driver_rig *rig;
    void *image;
    int synchronised;
    int reset;
};

static void run_and_close(void *argument)
{
    struct reset_hosts *hosts = argument;
    hosts->synchronised = rtSetDevice(hosts->rig->device);
    npu_driver_session_enter(hosts->rig->session);
    hosts->synchronised += rig_launch_cores(hosts->image, 1, hosts->rig->cores, hosts->rig->board);
    hosts->synchronised += rtStreamSynchronize(hosts->rig->cores);
    npu_driver_session_close(hosts->rig->session);
}

static void reset_meanwhile(void *argument)
{
    struct reset_hosts *hosts = argument;
    hosts->reset = rtDeviceReset(hosts->rig->device);
}

/* Who waited for a run looks again when the run's session is closed already. */
static void test_a_reset_waits_for_a_run_whose_session_ends(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 32; seed++) {
        struct driver_rig rig;
        struct exec_options options = {.policy = EXEC_RANDOM, .seed = seed};
        struct exec_engine *engine = NULL;
        struct exec_group *group = NULL;
        struct exec_outcome outcome;
        rig_open(&rig, 0, &npu_arch_a2a3);
        struct reset_hosts hosts = {.rig = &rig, .image = rig_image("cores")};
        rig.board->signal = 1;
        assert_int_equal(exec_engine_create(&options, &engine), 0);
        assert_int_equal(exec_group_create(engine, "hosts", &group), 0);
        assert_int_equal(exec_spawn(group, "runs", EXEC_ORCHESTRATION_STACK_BYTES, run_and_close, &hosts), 0);
        assert_int_equal(exec_spawn(group, "resets", EXEC_ORCHESTRATION_STACK_BYTES, reset_meanwhile, &hosts), 0);
        if (exec_group_run(group, &outcome) != 0 || hosts.reset != 0) {
            fail_msg("seed %lu: end %d, reset %d", seed, (int)outcome.end, hosts.reset);
        }
        exec_group_destroy(group);
        exec_engine_destroy(engine);
        assert_int_equal(rtDeviceReset(0), 0); /* the other one may have come first */
        struct npu_driver_statistics left;
        npu_driver_statistics(0, &left);
        assert_int_equal(left.sessions + left.contexts + left.in_use, 0);
    }
}

/* Two hosts that wait for the run of a third, who resets the device when it is over and starts anew. */
struct stale_hosts {
    struct driver_rig *rig;
    void *image;
    rtBinHandle binary;
    int renewed;
    int unloaded;
    int synchronised;
};

static void run_and_renew(void *argument)
{
    struct stale_hosts *hosts = argument;
    rtFuncHandle note;
    rtFuncHandle meet;
    hosts->renewed = rtSetDevice(hosts->rig->device);
    npu_driver_session_enter(hosts->rig->session);
    hosts->renewed += rig_launch_cores(hosts->image, 1, hosts->rig->cores, hosts->rig->board);
    hosts->renewed += rtStreamSynchronize(hosts->rig->cores);
    hosts->renewed += rtDeviceReset(hosts->rig->device);
    rig_again(hosts->rig);
    hosts->binary = rig_program("stale.so", &note, &meet); /* often where the old one was */
}

static void unload_meanwhile(void *argument)
{
    struct stale_hosts *hosts = argument;
    hosts->unloaded = rtsBinaryUnload(hosts->binary);
}

static void synchronise_meanwhile(void *argument)
{
    struct stale_hosts *hosts = argument;
    hosts->synchronised = rtStreamSynchronize(hosts->rig->aicpu);
}

/* After a reset a handle means nothing, whatever has its address by then (R17). */
static void test_a_reset_ends_the_calls_that_waited(void **state)
{
    (void)state;
    struct driver_rig rig;
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    rtFuncHandle note;
    rtFuncHandle meet;
    rig_open(&rig, 0, &npu_arch_a2a3);
    rig_install("stale.so", "program");
    struct stale_hosts hosts = {
        .rig = &rig, .image = rig_image("cores"), .binary = rig_program("stale.so", &note, &meet)};
    rig.board->signal = 1;
    assert_int_equal(exec_engine_create(NULL, &engine), 0);
    assert_int_equal(exec_group_create(engine, "hosts", &group), 0);
    assert_int_equal(exec_spawn(group, "runs", EXEC_ORCHESTRATION_STACK_BYTES, run_and_renew, &hosts), 0);
    assert_int_equal(exec_spawn(group, "unloads", EXEC_ORCHESTRATION_STACK_BYTES, unload_meanwhile, &hosts), 0);
    assert_int_equal(exec_spawn(group, "waits", EXEC_ORCHESTRATION_STACK_BYTES, synchronise_meanwhile, &hosts), 0);
    assert_int_equal(exec_group_run(group, &outcome), 0);
    assert_int_equal(hosts.renewed, 0);
    assert_int_equal(hosts.unloaded, DRIVER_NO_CONTEXT);
    assert_int_equal(hosts.synchronised, DRIVER_NO_CONTEXT);
    assert_int_equal(rig_statistics(&rig).binaries, 1);
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    rig_close(&rig);
}

/* A kernel that goes while another client runs: it is closed when nobody can be executing it, not when all are idle. */
struct dropping_hosts {
    struct driver_rig *rigs[2];
    void *image;
    uint64_t most;
    int code;
};

static void run_long(void *argument)
{
    struct dropping_hosts *hosts = argument;
    hosts->code += rtSetDevice(0);
    npu_driver_session_enter(hosts->rigs[1]->session);
    hosts->code += rig_launch_cores(hosts->image, 1, hosts->rigs[1]->cores, hosts->rigs[1]->board);
    hosts->code += rtStreamSynchronize(hosts->rigs[1]->cores);
}

static void churn_kernels(void *argument)
{
    struct dropping_hosts *hosts = argument;
    struct driver_rig *rig = hosts->rigs[0];
    for (int i = 0; i < 8; i++) {
        hosts->code += rtSetDevice(0);
        npu_driver_session_enter(rig->session);
        uint8_t *callable = rig_callable("kernel_add");
        hosts->code += run_kernel(rig, hosts->image, callable);
        hosts->code += rtSetDevice(0);
        hosts->code += rtFree(callable);
        uint64_t now = rig_statistics(rig).loaded_kernels;
        hosts->most = now > hosts->most ? now : hosts->most;
    }
    hosts->rigs[1]->board->signal = 1;
    exec_wake(&hosts->rigs[1]->board->signal);
}

static void test_kernels_go_while_others_run(void **state)
{
    (void)state;
    struct driver_rig rigs[2];
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    rig_open(&rigs[0], 0, &npu_arch_a2a3);
    rig_open(&rigs[1], 0, &npu_arch_a2a3);
    struct dropping_hosts hosts = {.rigs = {&rigs[0], &rigs[1]}, .image = rig_image("cores")};
    assert_int_equal(exec_engine_create(NULL, &engine), 0);
    assert_int_equal(exec_group_create(engine, "hosts", &group), 0);
    assert_int_equal(exec_spawn(group, "long", EXEC_ORCHESTRATION_STACK_BYTES, run_long, &hosts), 0);
    assert_int_equal(exec_spawn(group, "churns", EXEC_ORCHESTRATION_STACK_BYTES, churn_kernels, &hosts), 0);
    assert_int_equal(exec_group_run(group, &outcome), 0);
    assert_int_equal(hosts.code, 0);
    assert_int_equal(hosts.most, 0); /* the run under way has met none of them */
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    npu_driver_session_close(rigs[1].session);
    rig_close(&rigs[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernels_execute_from_device_memory),
        cmocka_unit_test(test_no_loadable_kernel_is_an_exception),
        cmocka_unit_test(test_a_kernel_without_an_entry_stays_nowhere),
        cmocka_unit_test(test_a_crash_is_an_exception),
        cmocka_unit_test(test_an_endless_kernel_times_out),
        cmocka_unit_test(test_waiting_for_nothing_times_out),
        cmocka_unit_test(test_unusable_programs_are_exceptions),
        cmocka_unit_test(test_a_later_program_fails_in_its_turn),
        cmocka_unit_test(test_two_sessions_share_the_poison_and_nothing_else),
        cmocka_unit_test(test_planned_errors),
        cmocka_unit_test(test_planned_lies),
        cmocka_unit_test(test_planned_hangs),
        cmocka_unit_test(test_processors_join_their_engine),
        cmocka_unit_test(test_a_reset_waits_for_a_run_whose_session_ends),
        cmocka_unit_test(test_a_reset_ends_the_calls_that_waited),
        cmocka_unit_test(test_kernels_go_while_others_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
