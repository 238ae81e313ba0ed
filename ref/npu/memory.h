/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: where simulated device memory comes from. No accounting here; hbm keeps the ledger.
 *
 * Small blocks come from the allocator, so that its tools see overflows and stale use; from NPU_HBM_MAPPED_BYTES on a
 * block is a mapping between two guard pages, reserved and not committed, and zero.
 */
#ifndef NPU_MEMORY_H
#define NPU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * `alignment` is a power of two from 64 to 4096; zero when `zeroed`. Asks the fault site `site` once. Returns 0 or a
 * negative errno.
 */
int npu_memory_get(const char *site, uint64_t bytes, size_t alignment, bool zeroed, void **address);
/* `bytes` as asked. */
void npu_memory_put(void *address, uint64_t bytes);

#endif
