/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/cores.h"

#include <errno.h>

#include "abi/handshake.h"

int npu_cores_ensure(struct npu_cores *cores, struct npu_owner *owner, uint32_t count)
{
    if (count <= cores->count) {
        return 0;
    }
    struct npu_cores made = {.count = count};
    void *blocks = NULL;
    void *table = NULL;
    int result = npu_hbm_alloc(owner, PTO_MEMORY_REGISTERS, -1, count * sizeof(made.blocks[0]), &blocks);
    if (result != 0) {
        return result;
    }
    result = npu_hbm_alloc(owner, PTO_MEMORY_REGISTERS, -1, count * sizeof(made.table[0]), &table);
    if (result != 0) {
        (void)npu_hbm_free(owner, blocks);
        return result;
    }
    made.blocks = blocks;
    made.table = table;
    for (uint32_t i = 0; i < count; i++) {
        made.table[i] = (uintptr_t)&made.blocks[i];
    }
    npu_cores_release(cores, owner);
    *cores = made;
    return 0;
}

/* Relaxed: no processor runs between launches, and starting one orders everything before it. */
static void cores_clear(struct npu_register_block *block, const struct npu_arch *arch, uint32_t offset)
{
    atomic_store_explicit(&block->words[npu_arch_register_slot(arch, offset) / 4], 0, memory_order_relaxed);
}

void npu_cores_reset(struct npu_cores *cores, const struct npu_arch *arch, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct npu_register_block *block = &cores->blocks[i];
        cores_clear(block, arch, arch->data_main_base_offset);
        cores_clear(block, arch, arch->cond_offset);
        if (arch->fast_path_offset != 0) {
            cores_clear(block, arch, arch->fast_path_offset);
        }
        atomic_store_explicit(&block->bell, NULL, memory_order_relaxed); /* relaxed: see cores_clear */
    }
}

void npu_cores_release(struct npu_cores *cores, struct npu_owner *owner)
{
    if (cores->count != 0) {
        (void)npu_hbm_free(owner, cores->table);
        (void)npu_hbm_free(owner, cores->blocks);
    }
    *cores = (struct npu_cores){0};
}

void npu_cores_identity(const struct npu_cores *cores, uint32_t block_dim, uint32_t worker,
                        struct pto_aicore_identity *identity)
{
    bool aic = worker < block_dim;
    uint32_t lane = aic ? 0 : worker - block_dim;
    *identity = (struct pto_aicore_identity){
        .worker = worker,
        .core_type = aic ? PTO_CORE_AIC : PTO_CORE_AIV,
        .physical_core_id = worker,
        .cluster = aic ? worker : lane / NPU_AIV_PER_BLOCK,
        .sub_block = aic ? 0 : lane % NPU_AIV_PER_BLOCK,
        .registers = (uintptr_t)&cores->blocks[worker],
    };
}
