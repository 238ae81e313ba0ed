/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code: how a core gets from an address to what it executes (R35).
 *
 * On a device that is driven by the driver, kernels are images in device memory, and an address to be executed is that
 * of an image; the core loads it when it first meets it. Elsewhere (npu_core_local.code is NULL) code is where the
 * address says.
 */
#ifndef NPU_CODE_H
#define NPU_CODE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "npu/pipes.h"

/* Of one device. */
struct npu_code {
    _Atomic uint32_t epoch; /* starts at 1; another number after memory that held an image was freed or overwritten */
};

/*
 * Slow path: loads the image of the CoreCallable that begins 128 bytes before `address`. 0 when there is none that can
 * be loaded: then the calling processor's group has been ended as by a fault of user code.
 */
uint64_t npu_code_load(struct npu_core_local *local, uint64_t address);

/* Where the calling core jumps for `address`; 0: nowhere, its launch is ending. `local`: exec_local() of the core. */
static inline uint64_t npu_code_entry(struct npu_core_local *local, uint64_t address)
{
    if (local == NULL || local->code == NULL) {
        return address;
    }
    const struct npu_code_slot *slot = &local->slots[address / 64 % NPU_CODE_SLOTS];
    /* Acquire: pairs with the release of who freed or overwrote the memory; what it did is seen before a reload. */
    uint32_t epoch = atomic_load_explicit(&local->code->epoch, memory_order_acquire);
    return slot->address == address && slot->epoch == epoch ? slot->entry : npu_code_load(local, address);
}

#endif
