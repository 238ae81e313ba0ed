/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_loop: the AICore program of every runtime that dispatches through registers (device.md 4.1, 4.2, 4.5).
 *
 * The core meets the AICPU, then runs what DATA_MAIN_BASE names until it names the exit signal. Each id is answered
 * twice in COND: ACK when it was taken, FIN when the kernel has returned. What an id stands for is the runtime's
 * business (call.h).
 */
#include "abi/device_program.h"
#include "abi/handshake.h"
#include "abi/kernel_args.h"
#include "abi/layout.h"
#include "aicore/call.h"
#include "base/fault.h"
#include "exec/exec.h"
#include "npu/arch.h"
#include "npu/code.h"
#include "npu/registers.h"

PTO_EXPORT pto_aicore_entry aicore_execute;

static void tell(_Atomic uint32_t *word, uint32_t value)
{
    /* Release: pairs with the AICPU's acquire in exec_wait. */
    atomic_store_explicit(word, value, memory_order_release);
    exec_wake(word);
}

/* Meets the AICPU. False when the run does not take place or is cancelled. */
static bool meet_aicpu(struct pto_handshake *handshake, const struct pto_aicore_identity *identity,
                       struct npu_register_block *registers)
{
    if (exec_wait(&handshake->aicpu_ready, 0, EXEC_NEVER) != 0) {
        return false;
    }
    handshake->physical_core_id = identity->physical_core_id;
    tell(&handshake->aicore_regs_ready, 1);
    if (exec_wait(&handshake->aicpu_regs_ready, 0, EXEC_NEVER) != 0) {
        return false;
    }
    /* Acquire: pairs with the AICPU's store. */
    if (atomic_load_explicit(&handshake->aicpu_regs_ready, memory_order_acquire) == PTO_HANDSHAKE_GIVEN_UP) {
        return false;
    }
    /* The AICPU wrote this before it said so; anything else, and the handshake is one of an earlier run. */
    if (npu_register_read(registers, NPU_DATA_MAIN_BASE_OFFSET) != PTO_REG_AICPU_IDLE) {
        return false;
    }
    npu_cond_write(registers, NPU_COND_OFFSET, PTO_COND_IDLE);
    handshake->core_type = identity->core_type;
    tell(&handshake->aicore_done, identity->worker + 1);
    return true;
}

static void run_kernel(struct npu_core_local *local, const struct aicore_call *call)
{
    typedef void kernel_function(int64_t * args);
    uint64_t entry = call->function != 0 ? npu_code_entry(local, call->function) : 0;
    if (entry == 0) {
        return;
    }
    kernel_function *kernel = (kernel_function *)(uintptr_t)entry;
    exec_user_enter();
    kernel(call->args);
    exec_user_leave();
}

/* Only under a fault plan: what a completion that goes wrong looks like to the AICPU (npu/registers.h). */
__attribute__((noinline)) static void tell_finished_badly(struct npu_register_block *registers, uint32_t value)
{
    struct fault_rule rule;
    bool faulty = fault_value("npu.completion", &rule);
    if (faulty && rule.values[0] == NPU_COMPLETION_LOST) {
        return;
    }
    if (faulty && rule.values[0] == NPU_COMPLETION_LATE) {
        exec_charge(NPU_COMPLETION_LATE_NS);
        exec_settle();
    }
    npu_cond_write(registers, NPU_COND_OFFSET, value);
    if (faulty && rule.values[0] == NPU_COMPLETION_DOUBLED) {
        exec_yield_low(); /* whoever waits for it has seen it, and may have sent more */
        npu_cond_write(registers, NPU_COND_OFFSET, value);
    }
}

static void tell_finished(struct npu_register_block *registers, uint32_t value)
{
    /* Relaxed: see fault_hit. */
    if (atomic_load_explicit(&fault_plan_active, memory_order_relaxed)) {
        tell_finished_badly(registers, value);
    } else {
        npu_cond_write(registers, NPU_COND_OFFSET, value);
    }
}

static void serve(struct npu_register_block *registers, const void *image, const struct pto_handshake *handshake)
{
    _Atomic uint32_t *order = npu_register_word(registers, NPU_DATA_MAIN_BASE_OFFSET);
    struct npu_core_local *local = exec_local();
    uint32_t last = PTO_REG_AICPU_IDLE;
    while (exec_wait(order, last, EXEC_NEVER) == 0) {
        last = npu_register_read(registers, NPU_DATA_MAIN_BASE_OFFSET);
        if (last == PTO_REG_EXIT_SIGNAL) {
            npu_cond_write(registers, NPU_COND_OFFSET, PTO_COND_EXITED);
            return;
        }
        if (!pto_reg_id_is_dispatch(last)) {
            continue;
        }
        /* Nobody waits for an ACK: the scheduler looks for it when it has more to dispatch. */
        npu_register_write(registers, NPU_COND_OFFSET, pto_cond_encode(last, PTO_COND_ACK));
        const struct aicore_call call = aicore_find_call(image, handshake, last);
        run_kernel(local, &call);
        exec_charge(NPU_ARCH_TABLE.kernel_ns);
        exec_settle();
        tell_finished(registers, pto_cond_encode(last, PTO_COND_FIN));
    }
}

int aicore_execute(void *kernel_args, const struct pto_aicore_identity *identity)
{
    const struct NPU_KERNEL_ARGS *args = kernel_args;
    /* The image of every runtime begins with its handshakes. */
    struct pto_handshake *workers = (struct pto_handshake *)(uintptr_t)args->runtime_args;
    struct npu_register_block *registers = (struct npu_register_block *)(uintptr_t)identity->registers;
    struct pto_handshake *handshake = &workers[identity->worker];
    if (meet_aicpu(handshake, identity, registers)) {
        serve(registers, workers, handshake);
    }
    return 0;
}
