/* SPDX-License-Identifier: Apache-2.0 */
/* The one service that a kernel calls by name (abi/kernel.h, R33): it links libnpu.so and finds it there. */
#include "abi/kernel.h"
#include "exec/exec.h"

int pto_kernel_wait(const volatile uint32_t *word, uint32_t seen)
{
    /* Kernels declare their words as they like; a 32-bit word has one representation, atomic or not. */
    return exec_user_wait((_Atomic uint32_t *)(uintptr_t)word, seen);
}
