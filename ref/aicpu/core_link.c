/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/core_link.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "npu/arch.h"

/* Stores a word of the handshake and wakes the core that waits for it. */
static void tell(_Atomic uint32_t *word, uint32_t value)
{
    /* Release: pairs with the core's acquire in exec_wait. */
    atomic_store_explicit(word, value, memory_order_release);
    exec_wake(word);
}

void core_link_dismiss(struct pto_handshake *workers, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < PTO_MAX_WORKERS; i++) {
        tell(&workers[i].aicpu_regs_ready, PTO_HANDSHAKE_GIVEN_UP);
        tell(&workers[i].aicpu_ready, 1);
    }
}

/* Waits for a core's word of the handshake. Whoever is alive answers at once; whoever is not must not hang the run. */
static int await(_Atomic uint32_t *word, uint32_t worker, char *text, size_t capacity)
{
    int rc = exec_wait(word, 0, exec_now() + EXEC_SYNC_LIMIT_NS);
    if (rc == -ETIMEDOUT) {
        (void)snprintf(text, capacity, "core %u did not answer within %llu ns", worker,
                       (unsigned long long)EXEC_SYNC_LIMIT_NS);
    } else if (rc != 0) {
        (void)snprintf(text, capacity, "the launch was cancelled while the AICPU met core %u", worker);
    }
    return rc;
}

static void open_registers(struct npu_register_block *registers, _Atomic uint32_t *bell)
{
    if (NPU_FAST_PATH_OFFSET != 0) {
        npu_register_write(registers, NPU_FAST_PATH_OFFSET, NPU_FAST_PATH_OPEN);
    }
    npu_register_write(registers, NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_AICPU_IDLE);
    npu_bell_set(registers, bell);
}

/* The core behind them reads them no more. */
static void close_registers(struct npu_register_block *const *registers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        npu_bell_set(registers[i], NULL);
        npu_register_write(registers[i], NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_AICPU_IDLE);
        if (NPU_FAST_PATH_OFFSET != 0) {
            npu_register_write(registers[i], NPU_FAST_PATH_OFFSET, NPU_FAST_PATH_CLOSE);
        }
    }
}

static void order_exit(struct npu_register_block *const *registers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        npu_register_write(registers[i], NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_EXIT_SIGNAL);
    }
}

/* Takes the registers of a core that has told its physical id, unless another one has them (`taken`). */
static int map_registers(const struct core_meeting *meeting, uint32_t worker, bool taken[NPU_MAX_PHYSICAL_CORES],
                         char *text, size_t capacity)
{
    struct pto_handshake *handshake = &meeting->workers[worker];
    int rc = await(&handshake->aicore_regs_ready, worker, text, capacity);
    if (rc != 0) {
        return rc;
    }
    uint32_t physical = handshake->physical_core_id;
    if (physical >= NPU_MAX_PHYSICAL_CORES || meeting->table[physical] == 0) {
        (void)snprintf(text, capacity, "core %u reports physical id %u, there are %u", worker, physical,
                       NPU_MAX_PHYSICAL_CORES);
        return -1;
    }
    if (taken[physical]) {
        (void)snprintf(text, capacity, "core %u reports physical id %u, which another core of the run has", worker,
                       physical);
        return -1;
    }
    taken[physical] = true;
    meeting->registers[worker] = (struct npu_register_block *)(uintptr_t)meeting->table[physical];
    open_registers(meeting->registers[worker], meeting->bell_of(meeting->owners, worker));
    return 0;
}

/* Until every core's registers are taken. No core reads them before it is told that they are. */
static int map_all(const struct core_meeting *meeting, char *text, size_t capacity)
{
    struct pto_handshake *workers = meeting->workers;
    bool taken[NPU_MAX_PHYSICAL_CORES] = {false};
    for (uint32_t i = 0; i < meeting->count; i++) {
        tell(&workers[i].aicpu_ready, 1);
    }
    for (uint32_t i = 0; i < meeting->count; i++) {
        int rc = map_registers(meeting, i, taken, text, capacity);
        if (rc != 0) {
            close_registers(meeting->registers, i);
            core_link_dismiss(workers, meeting->count);
            return rc;
        }
    }
    return 0;
}

int core_link_meet(const struct core_meeting *meeting, char *text, size_t capacity)
{
    struct pto_handshake *workers = meeting->workers;
    int rc = map_all(meeting, text, capacity);
    if (rc != 0) {
        return rc;
    }
    for (uint32_t i = 0; i < meeting->count; i++) {
        tell(&workers[i].aicpu_regs_ready, 1);
    }
    for (uint32_t i = 0; i < meeting->count && rc == 0; i++) {
        rc = await(&workers[i].aicore_done, i, text, capacity);
    }
    if (rc != 0) {
        /* The cores that did answer wait at their registers by now. */
        order_exit(meeting->registers, meeting->count);
        for (uint32_t i = 0; i < meeting->count; i++) {
            npu_bell_set(meeting->registers[i], NULL);
        }
    }
    return rc;
}

static uint32_t cores_left(struct npu_register_block *const *registers, uint32_t count)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        left += npu_register_read(registers[i], NPU_COND_OFFSET) != PTO_COND_EXITED;
    }
    return left;
}

int core_link_release(struct npu_register_block *const *registers, uint32_t count, _Atomic uint32_t *bell, char *text,
                      size_t capacity)
{
    uint64_t deadline = exec_now() + EXEC_SYNC_LIMIT_NS;
    uint32_t left;
    order_exit(registers, count);
    do {
        /* Acquire: pairs with npu_bell_ring. Read before the cores are looked at. */
        uint32_t seen = atomic_load_explicit(bell, memory_order_acquire);
        left = cores_left(registers, count);
        int rc = left != 0 ? exec_wait(bell, seen, deadline) : 0;
        if (rc == -ETIMEDOUT) {
            (void)snprintf(text, capacity, "%u cores did not leave within %llu ns", left,
                           (unsigned long long)EXEC_SYNC_LIMIT_NS);
        } else if (rc != 0) {
            (void)snprintf(text, capacity, "the launch was cancelled while %u cores had not left", left);
        }
        if (rc != 0) {
            return rc;
        }
    } while (left != 0);
    close_registers(registers, count);
    return 0;
}
