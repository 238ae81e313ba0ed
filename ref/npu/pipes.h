/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipes: the two services that a simulator gives to kernels through `pto_sim_register_hooks` (device.md 4.5, 9.5): the
 * sub-block id of the core, and zeroed storage that the cores of a cluster share per key.
 *
 * Storage belongs to one context and lives from one run's start to the next one's: two contexts share nothing, also on
 * the same device (R14). Identity follows the simulated processor (exec_local), not the OS thread.
 */
#ifndef NPU_PIPES_H
#define NPU_PIPES_H

#include <stddef.h>
#include <stdint.h>

struct npu_pipes;

/* Returns 0 or -ENOMEM. */
int npu_pipes_create(struct npu_pipes **pipes);
/* Forgets every storage; what kernels got so far is invalid. Free of cost when nothing was asked for. */
void npu_pipes_clear(struct npu_pipes *pipes);
void npu_pipes_destroy(struct npu_pipes *pipes);

#define NPU_CODE_SLOTS 8u

struct npu_code;

/* An image that the core has met (npu/code.h). */
struct npu_code_slot {
    uint64_t address; /* 0: unused */
    uint64_t entry;
    uint32_t epoch;
};

/* What a core's processor hands to exec_set_local, and keeps alive while it runs. */
struct npu_core_local {
    struct npu_pipes *pipes;
    uint32_t cluster;
    uint32_t sub_block;
    struct npu_code *code; /* NULL: addresses are those of code (npu/code.h) */
    struct npu_code_slot slots[NPU_CODE_SLOTS];
};

/* The first hook: 0 for AIC, 0 or 1 for AIV, 0 outside a core. */
uint32_t npu_sub_block_id(void);

/*
 * The second hook: storage of (context, cluster of the calling core, key), zeroed on its first use, 64-aligned. The
 * first call's size wins. NULL for size 0, outside a core, and when there is no memory.
 */
void *npu_pipe_shared_state(uint64_t key, size_t size);

#endif
