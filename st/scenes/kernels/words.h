/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words: the arguments of the kernels of this folder, one source for both runtimes: first the data of contiguous
 * tensors, behind them scalars. trb hands over tensors, host_build_graph addresses; the words have the same numbers.
 */
#ifndef SCENES_KERNELS_WORDS_H
#define SCENES_KERNELS_WORDS_H

#include "abi/kernel.h"

static inline void *kernel_data(const int64_t *args, uint32_t i)
{
#ifdef RUNTIME_HBG
    return (void *)(uintptr_t)pto_kernel_word(args, i);
#else
    return pto_kernel_data(pto_kernel_tensor(args, i));
#endif
}

static inline float kernel_float(const int64_t *args, uint32_t i)
{
    return pto_scalar_to_f32(pto_kernel_word(args, i));
}

#endif
