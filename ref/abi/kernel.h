/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel: what a kernel's source includes (device.md 4.3, 4.4, 9.5; R33).
 *
 * A kernel SO exports `kernel_entry`, which a core calls once per block with an array of 64-bit words. Under trb the
 * words are first the addresses of the task's tensors, right behind them its scalars, and at fixed places the contexts;
 * tensors, block numbers and deferred completion (kernel_async.h) are for trb. Under host_build_graph the words are
 * those that the graph builder gave (16 at most), and only pto_kernel_word applies. Counts are not passed: kernel and
 * orchestration agree on them.
 *
 * A kernel may use the memory of its tensors and its own stack (256 KiB at least). It needs no other library; one that
 * calls pto_kernel_wait links libnpu.so.
 */
#ifndef ABI_KERNEL_H
#define ABI_KERNEL_H

#include "abi/dispatch.h"
#include "abi/kernel_async.h"
#include "abi/tensor.h"

PTO_BEGIN_DECLS

#define PTO_KERNEL_SYMBOL "kernel_entry"
#define PTO_KERNEL_HOOKS_SYMBOL "pto_sim_register_hooks"

/* Defined by the kernel: PTO_KERNEL_ENTRY(args) { ... }. `args` lives until the kernel returns. */
PTO_EXPORT void kernel_entry(int64_t *args);
#define PTO_KERNEL_ENTRY(args) void kernel_entry(int64_t *args)

/* Word i as it was given: scalar j of a task with n tensors is word n + j. */
static inline uint64_t pto_kernel_word(const int64_t *args, uint32_t i)
{
    return (uint64_t)args[i];
}

/* Tensor argument i, in device memory, shared by all lanes and blocks of the task. */
static inline const struct pto_tensor *pto_kernel_tensor(const int64_t *args, uint32_t i)
{
    return (const struct pto_tensor *)(uintptr_t)args[i];
}

/* Address of element 0 of a tensor. */
static inline void *pto_kernel_data(const struct pto_tensor *tensor)
{
    return (void *)(uintptr_t)(tensor->buffer_addr + tensor->start_offset * pto_data_type_bytes(tensor->dtype));
}

static inline const struct pto_local_context *pto_kernel_local_context(const int64_t *args)
{
    return (const struct pto_local_context *)(uintptr_t)args[PTO_DISPATCH_LOCAL_CONTEXT_INDEX];
}

/* Which block of how many this call is: 0 .. block_num - 1. */
static inline int32_t pto_kernel_block_idx(const int64_t *args)
{
    return pto_kernel_local_context(args)->block_idx;
}

static inline int32_t pto_kernel_block_num(const int64_t *args)
{
    return pto_kernel_local_context(args)->block_num;
}

/* The lane within the cluster: 0 on AIC and AIV0, 1 on AIV1. */
static inline int32_t pto_kernel_sub_block_id(const int64_t *args)
{
    const struct pto_global_context *global =
        (const struct pto_global_context *)(uintptr_t)args[PTO_DISPATCH_GLOBAL_CONTEXT_INDEX];
    return global->sub_block_id;
}

/*
 * Waits until *word != seen; the store that changes it and everything before it is then visible. Returns 0. The wait is
 * bounded by the op limit (1 s without progress): past it the kernel is abandoned and the call does not return. Weak:
 * NULL in a kernel SO that does not link libnpu.so. Kernels that spin instead are interrupted by a watchdog, at the
 * price of a reproducible run.
 */
int pto_kernel_wait(const volatile uint32_t *word, uint32_t seen) __attribute__((weak));

/*
 * The hooks that a kernel SO which exports pto_sim_register_hooks is handed once, after it was loaded on the simulator.
 */
typedef uint32_t pto_sim_sub_block_id_fn(void); /* lane of the calling core; 0 for AIC */
/*
 * Zeroed storage that the cores of one cluster share during a run, by key. The first call's size wins; NULL for size 0.
 * Freed by the runtime.
 */
typedef void *pto_sim_shared_state_fn(uint64_t key, size_t bytes);
/* Optional export: receives a pto_sim_sub_block_id_fn * and a pto_sim_shared_state_fn *. */
typedef void pto_sim_register_hooks_fn(void *sub_block_id, void *shared_state);
PTO_EXPORT void pto_sim_register_hooks(void *sub_block_id, void *shared_state);

PTO_END_DECLS

#endif
