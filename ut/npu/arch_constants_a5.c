/* SPDX-License-Identifier: Apache-2.0 */
/* The view of a program compiled for a5. */
#undef NPU_ARCH_A2A3
#undef NPU_ARCH_A5
#define NPU_ARCH_A5
#include "ut/npu/arch_constants.h"

ARCH_CONSTANTS(a5);
