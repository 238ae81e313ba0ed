/* SPDX-License-Identifier: Apache-2.0 */
/* The core program against a hand-driven AICPU (device.md 4.1, 4.2; 7.1: 25, 26, 40). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/device_program.h"
#include "abi/dispatch.h"
#include "abi/kernel_args.h"
#include "abi/trb_runtime.h"
#include "exec/exec.h"
#include "npu/arch.h"
#include "npu/registers.h"

#define WORKER 2u

int aicore_execute(void *kernel_args, const struct pto_aicore_identity *identity);

static struct trb_runtime image;
static struct npu_register_block registers;
static struct pto_dispatch_payload payloads[2];
static _Atomic uint32_t bell;
static uint64_t calls[8];
static uint32_t call_count;
static bool give_up;
static int core_result;

static void kernel(int64_t *args)
{
    calls[call_count++] = (uint64_t)args[0];
}

static void core_main(void *argument)
{
    struct NPU_KERNEL_ARGS args;
    struct pto_aicore_identity identity = {
        .worker = WORKER, .core_type = PTO_CORE_AIV, .physical_core_id = 41, .registers = (uintptr_t)&registers};
    (void)argument;
    memset(&args, 0, sizeof(args));
    args.runtime_args = (uintptr_t)&image;
    core_result = aicore_execute(&args, &identity);
}

static void tell(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store(word, value);
    exec_wake(word);
}

static uint32_t cond(void)
{
    return npu_register_read(&registers, NPU_COND_OFFSET);
}

/* Writes an id and waits for the bell of its FIN. */
static void dispatch(uint32_t id, uint64_t function, int64_t arg)
{
    uint32_t seen = atomic_load(&bell);
    payloads[id & 1u].function_addr = function;
    payloads[id & 1u].args[0] = (uint64_t)arg;
    npu_register_write(&registers, NPU_DATA_MAIN_BASE_OFFSET, id);
    assert_int_equal(exec_wait(&bell, seen, EXEC_NEVER), 0);
    assert_int_equal(cond(), pto_cond_encode(id, PTO_COND_FIN));
}

static void aicpu_main(void *argument)
{
    struct pto_handshake *handshake = &image.workers[WORKER];
    (void)argument;
    handshake->task = (uintptr_t)payloads;
    tell(&handshake->aicpu_ready, 1);
    assert_int_equal(exec_wait(&handshake->aicore_regs_ready, 0, EXEC_NEVER), 0);
    assert_int_equal(handshake->physical_core_id, 41);
    if (give_up) {
        tell(&handshake->aicpu_regs_ready, PTO_HANDSHAKE_GIVEN_UP);
        return;
    }
    npu_register_write(&registers, NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_AICPU_IDLE);
    npu_bell_set(&registers, &bell);
    tell(&handshake->aicpu_regs_ready, 1);
    assert_int_equal(exec_wait(&handshake->aicore_done, 0, EXEC_NEVER), 0);
    assert_int_equal(handshake->aicore_done, WORKER + 1);
    assert_int_equal(handshake->core_type, PTO_CORE_AIV);
    assert_int_equal(cond(), PTO_COND_IDLE);
    dispatch(1, (uintptr_t)kernel, 11);
    dispatch(2, (uintptr_t)kernel, 22);
    dispatch(3, 0, 33); /* no function: answered all the same */
    dispatch(PTO_REG_ID_MAX, (uintptr_t)kernel, 44);
    dispatch(pto_reg_id_next(PTO_REG_ID_MAX), (uintptr_t)kernel, 55);
    npu_register_write(&registers, NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_AICPU_IDLE);
    exec_pause();
    dispatch(1, (uintptr_t)kernel, 66);
    uint32_t seen = atomic_load(&bell);
    npu_register_write(&registers, NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_EXIT_SIGNAL);
    assert_int_equal(exec_wait(&bell, seen, EXEC_NEVER), 0);
    assert_int_equal(cond(), PTO_COND_EXITED);
}

static void run_on(enum exec_kind kind)
{
    struct exec_options options = {.kind = kind};
    struct exec_engine *engine;
    struct exec_group *group;
    struct exec_outcome outcome;
    memset(&image, 0, sizeof(image));
    memset(&registers, 0, sizeof(registers));
    atomic_store(&bell, 0);
    call_count = 0;
    core_result = -1;
    assert_int_equal(exec_engine_create(&options, &engine), 0);
    assert_int_equal(exec_group_create(engine, "core", &group), 0);
    assert_int_equal(exec_spawn(group, "aicpu", EXEC_CORE_STACK_BYTES, aicpu_main, NULL), 0);
    assert_int_equal(exec_spawn(group, "core", EXEC_CORE_STACK_BYTES, core_main, NULL), 0);
    assert_int_equal(exec_group_run(group, &outcome), 0);
    assert_int_equal(core_result, 0);
    exec_group_destroy(group);
    exec_engine_destroy(engine);
}

static void serves_until_the_exit_signal(void **state)
{
    static const uint64_t expected[] = {11, 22, 44, 55, 66};
    (void)state;
    for (int kind = EXEC_FIBERS; kind <= EXEC_THREADS; kind++) {
        give_up = false;
        run_on((enum exec_kind)kind);
        assert_int_equal(call_count, 5);
        assert_memory_equal(calls, expected, sizeof(expected));
    }
}

static void leaves_when_the_run_is_given_up(void **state)
{
    (void)state;
    give_up = true;
    run_on(EXEC_FIBERS);
    assert_int_equal(call_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_until_the_exit_signal),
        cmocka_unit_test(leaves_when_the_run_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
